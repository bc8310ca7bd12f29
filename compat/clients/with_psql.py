"""psql against the demo schema: its own commands (each sends catalog queries), COPY, cursors, scripts."""

import os
import re
import subprocess
import tempfile

from checks import case, run

FOLDER = tempfile.mkdtemp()


def psql(*commands, options=(), script=None):
    """What psql prints; an error is printed too."""
    arguments = ["psql", "-X", "-v", "ON_ERROR_STOP=1", *options]
    for command in commands:
        arguments += ["-c", command]
    if script is not None:
        path = os.path.join(FOLDER, "script.sql")
        with open(path, "w") as file:
            file.write(script)
        arguments += ["-f", path]
    environment = dict(os.environ, PAGER="cat", PGOPTIONS="", LC_ALL="C.UTF-8")
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
    text = done.stdout.decode().replace(FOLDER, "FOLDER").replace(os.environ["PGPORT"], "PORT")
    if done.returncode != 0:
        raise RuntimeError("exit " + str(done.returncode) + " " + text.strip().replace("\n", " / "))
    return text.splitlines()


def shows(name, *commands, **more):
    """A check that prints the same on both sides."""
    check = lambda: psql(*commands, **more)
    check.__name__ = name
    case(check)


def answers(name, *commands, **more):
    """A check whose rows differ between servers by nature (sizes, what is installed): titles and headings are compared."""

    def check():
        lines = psql(*commands, **more)
        heads = [before for before, line in zip(lines, lines[1:]) if re.fullmatch(r"[-+]+", line)]
        return [re.sub(r" +", " ", head).strip() for head in heads]

    check.__name__ = name
    case(check)


shows("a_row", "select 1 as one, null as nothing")
shows("where_am_i", r"\conninfo")
answers("all_relations", r"\d")
shows("relations_of_a_schema", r"\dt demo.*", r"\dv demo.*", r"\dm demo.*")
answers("relations_with_sizes", r"\dt+ demo.*", r"\d")
shows("a_table", r"\d demo.cities")
shows("a_table_with_references", r"\d demo.parcels")
shows("a_table_with_details", r"\d+ demo.parcels")
shows("a_table_of_two_keys", r"\d demo.twokey")
shows("a_view", r"\d demo.v_cities")
answers("a_view_with_its_text", r"\d+ demo.v_cities", r"\sv demo.v_cities")
shows("a_materialized_view", r"\d demo.mv_cities")
shows("a_geography_table", r"\d demo.places_geog")
answers("several_relations_in_detail", r"\d+ demo.(roads|mixed|pts3d|v_cities|mv_cities|nopk)")
answers("the_geometry_columns_view", r"\d geometry_columns")
answers("indexes", r"\di demo.*")
answers("functions_by_pattern", r"\df st_dw*")
answers("all_spatial_functions", r"\df st_*")
answers("functions_with_details", r"\df+ st_area")
answers("databases", r"\l", r"\l+")
answers("schemas", r"\dn", r"\dn+")
answers("roles", r"\du", r"\dg")
answers("types", r"\dT", r"\dT geom*")
answers("extensions", r"\dx")
answers("parts_of_an_extension", r"\dx+ postgis")
answers("privileges", r"\dp demo.*", r"\ddp")
answers("operators_casts_aggregates", r"\do &&", r"\dC geometry", r"\da st_*")
shows("empty_lists", r"\dc utf8_to_latin1", r"\dD demo.*", r"\dy", r"\drds", r"\dO nothing*")
answers("tablespaces_and_languages", r"\db", r"\dL")
answers("descriptions", r"\dd")
answers("foreign_servers_and_tables", r"\des", r"\det")
shows("a_setting", r"\dconfig work_mem", "show work_mem", "show search_path")
answers("all_settings", "show all")
shows("a_search_path", "set search_path = demo, public", "select current_schema(), current_schemas(false)")
answers("text_of_a_function", r"\sf st_area(text)")
shows("columns_before_running", script="select id, name, geom, area, score, label, tags, seen from demo.cities \\gdesc\n")
shows("results_in_variables", script="select count(*) as n, max(gid) as top from demo.roads \\gset\nselect :n + :top as both;\n")
shows("a_crosstab", script="select lanes, gid % 4 as rest, count(*) from demo.roads group by 1, 2 order by 1, 2 \\crosstabview\n")
shows("rows_as_commands", script="select 'select ' || gid || ' as made' from demo.roads where gid < 3 order by gid \\gexec\n")
shows("wide_rows", script="\\x\nselect * from demo.cities where id = 30;\n")
shows("copy_query", "copy (select id, name, label, geom from demo.cities where id between 9 and 11 order by id) to stdout")
shows("copy_query_csv", "copy (select id, label, tags from demo.cities where id < 12 order by id) to stdout with (format csv, header)")
shows("copy_table", "copy demo.plain to stdout")
shows("copy_columns", "copy demo.twokey (b, a) to stdout (delimiter '|')")
shows("copy_to_a_file", script="\\copy (select gid, name from demo.roads where gid < 4 order by gid) to 'FILE' csv header\n".replace("FILE", FOLDER + "/out.csv") + "\\! cat " + FOLDER + "/out.csv\n")
shows("fetching_in_steps", script="\\set FETCH_COUNT 40\nselect id, name from demo.cities order by id limit 130;\n")
shows("two_statements", "select 1 as a; select 2 as b")
shows("one_transaction", "select 1 as a", "select count(*) from demo.cities", options=["-1"])
shows("a_failed_transaction", script="\\set ON_ERROR_STOP 0\nbegin;\nselect 1/0;\nselect 1;\nrollback;\nselect 2 as two;\n")
shows("spatial_rows", "select id, st_astext(geom), st_area(st_buffer(geom, 1)) > 3, geom from demo.cities where st_dwithin(geom, 'SRID=4326;POINT(-8 36)', 1.5) order by id")
shows("a_federated_kind_of_query", "select c.code, count(*), sum(p.value) from demo.parcels p join demo.cities c on c.id = p.city_id group by 1 order by 2 desc, 1 limit 7")
answers("a_plan", "explain select * from demo.cities where geom && st_makeenvelope(-10, 35, 0, 40, 4326)")
shows("who_and_what", "select current_user, session_user, current_database(), current_schema()", "select postgis_lib_version(), pg_backend_pid() > 0, pg_is_in_recovery()")
shows("cursors", script="begin;\ndeclare c scroll cursor for select gid, name from demo.roads order by gid;\nfetch 2 from c;\nmove 10 in c;\nfetch prior from c;\nfetch last from c;\nfetch absolute 5 from c;\nfetch backward 2 from c;\nclose c;\ncommit;\n")
shows("errors_with_positions", script="\\set ON_ERROR_STOP 0\nselect nme from demo.cities;\nselect * from demo.citys;\nselect st_nothing(1);\nselec 1;\nselect 'x'::int;\n")

run("psql")
