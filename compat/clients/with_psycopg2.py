"""psycopg2 against the demo schema: the simple protocol, literals made by the client, server cursors, COPY."""

import datetime
import decimal
import io

import psycopg2
import psycopg2.extras

from checks import DATABASE, HOST, PORT, USER, case, run


class Session:
    """A connection that ends with its block."""

    def __enter__(self):
        self.connection = psycopg2.connect(host=HOST, port=PORT, user=USER, dbname=DATABASE)
        return self.connection

    def __exit__(self, *_):
        self.connection.close()


def rows(sql, parameters=None, **options):
    with Session() as connection:
        cursor = connection.cursor(**options)
        cursor.execute(sql, parameters)
        return cursor.fetchall()


@case
def session_facts():
    with Session() as connection:
        names = ["DateStyle", "is_superuser", "session_authorization", "TimeZone"]
        facts = [connection.get_parameter_status(name) for name in names[:2]]
        return connection.encoding, connection.server_version // 10000, facts, connection.get_backend_pid() > 0


@case
def every_type():
    return rows(
        "select id, name, pop, big, area, ratio, score, founded, seen, seen_local, active, code, label, tags, attrs, ext_id, blob "
        "from demo.cities where id in (2, 20, 1000) order by id"
    )


@case
def described_columns():
    with Session() as connection:
        cursor = connection.cursor()
        cursor.execute("select * from demo.parcels limit 0")
        return [(c.name, c.type_code if c.type_code < 16384 else "own", c.precision, c.scale, c.null_ok) for c in cursor.description]


@case
def geometry_outputs():
    sql = (
        "select id, geom, st_asewkt(geom), st_asgeojson(geom) from demo.cities "
        "where st_intersects(geom, st_geomfromtext(%s, 4326)) order by id"
    )
    return rows(sql, ("POLYGON((-9 34,-6 34,-6 37,-9 37,-9 34))",))


@case
def a_named_cursor():
    with Session() as connection:
        cursor = connection.cursor("steps")
        cursor.itersize = 33
        cursor.execute("select id from demo.cities order by id")
        return sum(row[0] for row in cursor), cursor.rowcount


@case
def two_named_cursors_side_by_side():
    with Session() as connection:
        first, second = connection.cursor("first"), connection.cursor("second")
        first.execute("select id from demo.cities order by id")
        second.execute("select gid from demo.roads order by gid desc")
        return [(first.fetchmany(2), second.fetchmany(3)) for _ in range(3)]


@case
def a_scrollable_cursor():
    with Session() as connection:
        cursor = connection.cursor("back", scrollable=True)
        cursor.execute("select id, name from demo.cities order by id")
        found = [cursor.fetchmany(3)]
        cursor.scroll(-2)
        found.append(cursor.fetchone())
        cursor.scroll(500, mode="absolute")
        found.append(cursor.fetchone())
        return found


@case
def a_scrollable_cursor_that_is_held():
    with Session() as connection:
        cursor = connection.cursor("kept", scrollable=True, withhold=True)
        cursor.execute("select id from demo.cities order by id")
        connection.commit()
        found = [cursor.fetchmany(2)]
        cursor.scroll(7)
        found.append(cursor.fetchone())
        cursor.scroll(0, mode="absolute")
        found.append(cursor.fetchone())
        cursor.close()
        return found


@case
def a_cursor_that_may_not_scroll():
    with Session() as connection:
        cursor = connection.cursor("ahead", scrollable=False)
        cursor.execute("select id from demo.cities order by id")
        found = cursor.fetchmany(2)
        try:
            cursor.scroll(-1)
        except psycopg2.Error as error:
            return found, error.pgcode


@case
def copy_with_options():
    with Session() as connection:
        out = io.StringIO()
        connection.cursor().copy_expert(
            "copy (select id, name, label, geom from demo.cities where id between 9 and 12 order by id) "
            "to stdout with (format csv, header, delimiter ';', null '-', force_quote (name))",
            out,
        )
        return out.getvalue()


@case
def isolation_and_autocommit():
    with Session() as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        cursor = connection.cursor()
        found = []
        for name in ("transaction_isolation", "transaction_read_only"):
            cursor.execute("show " + name)
            found.append(cursor.fetchone())
        connection.rollback()
        connection.set_session(autocommit=True, readonly=False, isolation_level="DEFAULT")
        cursor.execute("show transaction_read_only")
        return found, cursor.fetchone(), connection.get_transaction_status()


@case
def several_statements_in_one():
    return rows("select 'first'; select name, gid from demo.roads where gid < 3 order by gid")


@case
def a_failed_block():
    with Session() as connection:
        cursor, seen = connection.cursor(), []
        for sql in ("select * from demo.missing", "select 1"):
            try:
                cursor.execute(sql)
            except psycopg2.Error as error:
                seen.append((error.pgcode, type(error).__name__, connection.get_transaction_status()))
        connection.rollback()
        cursor.execute("select 'fine'")
        return seen, cursor.fetchone()


@case
def error_fields():
    with Session() as connection:
        try:
            connection.cursor().execute("select id,\n nme from demo.cities")
        except psycopg2.Error as error:
            diagnosis = error.diag
            return diagnosis.severity, diagnosis.sqlstate, diagnosis.message_primary, diagnosis.message_hint, diagnosis.statement_position


@case
def absent_hstore():
    with Session() as connection:
        return psycopg2.extras.HstoreAdapter.get_oids(connection)


@case
def whole_rows_and_uuids():
    with Session() as connection:
        psycopg2.extras.register_uuid(conn_or_curs=connection)
        psycopg2.extras.register_composite("demo.plain", connection)
        cursor = connection.cursor()
        cursor.execute("select p, (select ext_id from demo.cities where id = p.id) from demo.plain p order by id limit 2")
        return [(list(row), uuid) for row, uuid in cursor.fetchall()]


@case
def literals_of_the_client():
    values = (
        datetime.date(2024, 2, 29),
        datetime.datetime(1999, 12, 31, 23, 59, 59, 5),
        datetime.timedelta(days=3, seconds=7),
        decimal.Decimal("-0.250"),
        [1, None, 3],
        ["a", "it's", 'say "x"'],
        b"\x00\xff\\",
        True,
        float("nan"),
        "back\\slash",
    )
    return rows("select " + ", ".join(["%s"] * len(values)), values)


@case
def rows_as_dictionaries():
    sql = "select f_table_name, f_geometry_column, coord_dimension, srid, type from geometry_columns where f_table_schema = 'demo' order by 1"
    return [dict(row) for row in rows(sql, cursor_factory=psycopg2.extras.RealDictCursor)]


@case
def geography_columns():
    return rows("select f_table_schema, f_table_name, f_geography_column, srid, type from geography_columns order by 2")


run("psycopg2")
