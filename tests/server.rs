//! The server as a new user meets it.

use crate::support::graticule::Graticule;
use crate::support::postgres;

#[cfg(feature = "engine")]
#[test]
fn demo_answers_the_readme_query() {
    let server = Graticule::demo();
    let mut client = crate::support::Client::connect(server.port, "demo", "demo").expect("demo logs in");
    let rows = client.rows(
        "select c.name, count(*) from sample.counties c join sample.airports a on st_contains(c.geom, a.geom) \
         group by 1 order by 2 desc, 1 limit 10",
    );
    assert_eq!(rows.len(), 10);
    let Some(oracle) = postgres::shared() else { return };
    // The same rows in PostGIS, copied through our own server.
    oracle.database("demo_copy", "create schema sample; create table sample.counties(name text, geom geometry(MultiPolygon,4326)); create table sample.airports(geom geometry(Point,4326))");
    let mut far = oracle.client("demo_copy");
    for (table, columns) in [("counties", "name, geom"), ("airports", "geom")] {
        let set = client.query(&format!("select {columns} from sample.{table}")).expect("rows");
        for chunk in set.rows.chunks(500) {
            let values: Vec<String> = chunk
                .iter()
                .map(|row| {
                    let cells: Vec<String> = row
                        .iter()
                        .map(|cell| {
                            cell.as_ref().map_or("null".into(), |v| {
                                format!("'{}'", String::from_utf8_lossy(v).replace('\'', "''"))
                            })
                        })
                        .collect();
                    format!("({})", cells.join(","))
                })
                .collect();
            far.query(&format!("insert into sample.{table}({columns}) values {}", values.join(","))).expect("inserted");
        }
    }
    let expected = far.rows(
        "select c.name, count(*) from sample.counties c join sample.airports a on st_contains(c.geom, a.geom) \
         group by 1 order by 2 desc, 1 limit 10",
    );
    assert_eq!(rows, expected);
}

/// psql's own descriptions, which read the options of foreign tables and servers.
#[cfg(feature = "engine")]
#[test]
fn psql_describes_the_demo() {
    let server = Graticule::demo();
    let psql = |command: &str| {
        let port = server.port.to_string();
        let arguments = ["-X", "-h", "127.0.0.1", "-p", &port, "-U", "demo", "-c", command, "demo"];
        let output = std::process::Command::new("psql").args(arguments).env("PAGER", "cat").output();
        let output = match output {
            Ok(output) => output,
            Err(error) => {
                println!("SKIPPED: psql does not run: {error}");
                return None;
            }
        };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !said.contains("ERROR"), "{command}: {said}");
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Some(countries) = psql(r"\d sample.countries") else { return };
    for part in ["geometry(MultiPolygon,4326)", "FDW options: (", "Server: "] {
        assert!(countries.contains(part), "{part} is missing: {countries}");
    }
    for command in [
        r"\d",
        r"\d+ sample.*",
        r"\dt+ *.*",
        r"\dn+",
        r"\du+",
        r"\l+",
        r"\dx+",
        r"\des+",
        r"\det+ *.*",
        r"\deu+",
        r"\dew+",
        r"\dp *.*",
        r"\ddp",
        r"\df+ st_area",
        r"\dT",
        r"\do",
        r"\dC",
        r"\dD",
        r"\dF",
        r"\db+",
        r"\dc",
        r"\dL",
        r"\dO",
        r"\dP",
        r"\dy",
        r"\dE+ sample.*",
        r"\di",
        r"\dv",
        r"\dm",
        r"\ds",
        r"\dconfig",
        r"\drds",
        r"\dRp",
        r"\dRs",
        r"\dX",
    ] {
        psql(command);
    }
}

#[test]
fn constants_and_settings_are_answered() {
    let server = Graticule::serve("plain", "");
    let mut client = server.client("plain");
    assert_eq!(client.rows("select 1"), ["1"]);
    assert_eq!(client.rows("select current_schema(), current_user, current_database()"), ["public|postgres|plain"]);
    assert_eq!(client.rows("select postgis_version()"), ["3.3 USE_GEOS=1 USE_PROJ=1 USE_STATS=1"]);
    assert_eq!(
        client.rows("select st_astext(st_makepoint(1,2)), 1/2.0, 'a'||'b', now() = now()"),
        ["POINT(1 2)|0.50000000000000000000|ab|t"]
    );
    assert_eq!(client.query("select 1/0").expect_err("raises").state, "22012");
    assert_eq!(client.query("select nope").expect_err("raises").state, "42703");
    assert_eq!(client.query("select nope()").expect_err("raises").state, "42883");
}

#[test]
fn definitions_survive_in_transactions_and_errors() {
    let server = Graticule::serve("definitions", "");
    let mut client = server.client("definitions");
    client.simple("begin; create schema a; savepoint s; create schema b; rollback to s; commit").expect("runs");
    assert_eq!(client.rows("select nspname from pg_namespace where nspname in ('a','b')"), ["a"]);
    client.simple("begin; create schema c; rollback").expect("runs");
    assert_eq!(client.rows("select count(*) from pg_namespace where nspname = 'c'"), ["0"]);
    assert_eq!(client.query("create schema a").expect_err("is there").state, "42P06");
}

#[test]
fn an_attached_server_answers_like_itself() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("attached", include_str!("../compat/seed.sql"));
    let init = format!(
        "{}
         SELECT graticule.attach('pg', 'demo');",
        oracle.server("pg", "attached")
    );
    let server = Graticule::serve("attached", &init);
    let (mut ours, mut far) = (server.client("attached"), oracle.client("attached"));
    for sql in [
        "select * from demo.cities order by id limit 20",
        "select count(*), sum(pop), avg(score), max(seen) from demo.cities where active",
        "select c.name, p.gid from demo.cities c join demo.parcels p on p.city_id = c.id where p.gid < 10 order by 2",
        "select name from demo.cities where geom && st_makeenvelope(-10,35,-8,36,4326) order by id",
        "select tags, attrs->>'k', ext_id from demo.cities where id = 7",
        "with recursive t(n) as (select 1 union all select n + 1 from t where n < 5) select n, (select name from demo.cities where id = n) from t order by n",
        "select gid, row_number() over (order by value desc) from demo.parcels order by gid limit 3",
    ] {
        assert_eq!(ours.rows(sql), far.rows(sql), "{sql}");
    }
    let plan = ours.rows("explain select name from demo.cities where pop > 5000").join("\n");
    assert!(plan.contains("Route: Pushed"), "{plan}");
}

#[test]
fn privileges_hide_and_refuse_as_in_postgresql() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database(
        "privileges",
        "create schema seen; create schema hidden; create table seen.t(id int primary key, open text, secret text);
         insert into seen.t values (1,'a','x'),(2,'b','y'); create table hidden.t(id int); insert into hidden.t values (1)",
    );
    let init = format!(
        "{}
         SELECT graticule.attach('pg', 'seen'); SELECT graticule.attach('pg', 'hidden');
         CREATE ROLE alice LOGIN; GRANT USAGE ON SCHEMA seen TO alice; GRANT SELECT (id, open) ON seen.t TO alice;",
        oracle.server("pg", "privileges")
    );
    let server = Graticule::serve("privileges", &init);
    let mut alice = crate::support::Client::connect(server.port, "alice", "privileges").expect("alice logs in");
    assert_eq!(alice.rows("select id, open from seen.t order by id"), ["1|a", "2|b"]);
    for (sql, state) in [
        ("select secret from seen.t", "42501"),
        ("select * from seen.t", "42501"),
        ("select t from seen.t t", "42501"),
        ("select count(*) from seen.t where secret = 'x'", "42501"),
        ("select id from seen.t order by secret", "42501"),
        ("copy seen.t to stdout", "42501"),
        ("copy (select secret from seen.t) to stdout", "42501"),
        ("explain select secret from seen.t", "42501"),
        ("declare c cursor for select secret from seen.t", "42501"),
        ("update seen.t set open = 'z'", "42501"),
        ("delete from seen.t", "42501"),
        ("insert into seen.t values (3, 'c', 'z')", "42501"),
        // A schema without USAGE does not exist.
        ("select * from hidden.t", "42P01"),
        ("select 'hidden.t'::regclass", "42P01"),
        ("create schema mine", "42501"),
        ("create role bob", "42501"),
        ("grant select on seen.t to public", "42501"),
        ("set role postgres", "42501"),
        ("select graticule.attach('pg', 'hidden', 'again')", "42501"),
        ("create user mapping for current_user server pg options (user 'postgres')", "42501"),
    ] {
        let sql = if sql.starts_with("declare") { format!("begin; {sql}") } else { sql.to_owned() };
        let failure = alice.query(&sql).expect_err(&sql);
        assert_eq!(failure.state, state, "{sql}: {}", failure.message);
        let _ = alice.query("rollback");
    }
    if cfg!(feature = "engine") {
        assert_eq!(alice.rows("select relname from pg_class where relname = 't'"), ["t"]);
        assert_eq!(alice.rows("select nspname from pg_namespace where nspname in ('seen', 'hidden')"), ["seen"]);
        assert_eq!(
            alice.rows("select column_name::text from information_schema.columns where table_name = 't' order by 1"),
            ["id", "open"]
        );
        assert_eq!(alice.rows("select has_table_privilege('seen.t', 'select'), has_any_column_privilege('seen.t', 'select'), has_column_privilege('seen.t', 'secret', 'select')"), ["f|t|f"]);
    }
}

#[test]
fn hostile_text_in_literals_and_identifiers_is_only_text() {
    let Some(oracle) = postgres::shared() else { return };
    let name = "we\"ird \\' -- $$ /* é";
    let quoted = format!("\"{}\"", name.replace('"', "\"\""));
    oracle.database("hostile", &format!("create schema {quoted}; create table {quoted}.{quoted}({quoted} text); insert into {quoted}.{quoted} values ('x'), (E'\\\\'' or 1=1 --')"));
    let init =
        format!("{} SELECT graticule.attach('pg', '{}');", oracle.server("pg", "hostile"), name.replace('\'', "''"));
    let server = Graticule::serve("hostile", &init);
    let (mut ours, mut far) = (server.client("hostile"), oracle.client("hostile"));
    for text in [
        "x",
        "\\' or 1=1 --",
        "''",
        "\\",
        "\\''; drop table t; --",
        "$$",
        "/*",
        "*/",
        "é\u{1F30D}",
        "\u{2019}",
        "a\nb",
        "%s",
        "{0}",
        "@x",
        "?1",
        ":p",
        "E'\\''",
    ] {
        let literal = format!("'{}'", text.replace('\'', "''"));
        let escaped = format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
        for literal in [literal, escaped] {
            for sql in [
                format!("select {quoted} from {quoted}.{quoted} where {quoted} = {literal} order by 1"),
                format!(
                    "select {literal} as {quoted}, count(*) from {quoted}.{quoted} group by 1 having {literal} <> 'zz' order by {literal} || 'a'"
                ),
                format!(
                    "select a.{quoted} from {quoted}.{quoted} a join {quoted}.{quoted} b on a.{quoted} = b.{quoted} and b.{quoted} like {literal}"
                ),
            ] {
                let (found, expected) = (ours.query(&sql), far.query(&sql));
                match (found, expected) {
                    (Ok(found), Ok(expected)) => assert_eq!(found.text(), expected.text(), "{sql}"),
                    (Err(found), Err(expected)) => assert_eq!(found.state, expected.state, "{sql}"),
                    (found, expected) => panic!("{sql}\n  {found:?}\n  {expected:?}"),
                }
            }
        }
    }
}

#[test]
fn cursors_on_one_transaction_do_not_block_each_other() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database(
        "cursors",
        "create schema s; create table s.t as select i, repeat('x', 100) pad from generate_series(1, 200000) i",
    );
    let init = format!("{} SELECT graticule.attach('pg', 's');", oracle.server("pg", "cursors"));
    let server = Graticule::serve("cursors", &init);
    let mut client = server.client("cursors");
    client.simple("begin; declare a cursor for select i from s.t order by i; declare b binary cursor for select i, pad from s.t order by i desc").expect("declared");
    for n in 0..20 {
        let a = client.query("fetch 1000 from a").expect("rows");
        assert_eq!(a.text()[0], (n * 1000 + 1).to_string());
        assert_eq!(client.query("fetch 1000 from b").expect("rows").rows.len(), 1000);
        assert_eq!(client.rows("select count(*) from s.t where i <= 10"), ["10"]);
    }
    client.simple("close a; commit").expect("ends");
    assert_eq!(client.query("fetch 1 from b").expect_err("gone").state, "34000");
}

#[cfg(feature = "engine")]
#[test]
fn a_federated_join_equals_the_single_engine_answer() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("federated", "create schema far; create table far.towns(id int, name text, pop int, note text, geom geometry(Point,4326));
        insert into far.towns select i, 'town '||i, i*100, repeat('n', 50), st_setsrid(st_makepoint(-125 + (i % 60), 25 + (i / 60) * 0.7), 4326) from generate_series(1, 2000) i");
    let init = format!(
        "{} SELECT graticule.attach('pg', 'far');
         CREATE SERVER lake FOREIGN DATA WRAPPER geoparquet OPTIONS (path '{}/src/demo/sample'); SELECT graticule.attach('lake', 'public', 'lake');",
        oracle.server("pg", "federated"),
        env!("CARGO_MANIFEST_DIR")
    );
    let server = Graticule::serve("federated", &init);
    let mut client = server.client("federated");
    let sql = "select c.name, count(*), max(t.pop) from lake.counties c join far.towns t on st_contains(c.geom, t.geom) where t.pop > 50000 group by 1 order by 2 desc, 1 limit 15";
    let rows = client.rows(sql);
    assert!(rows.len() > 5, "{rows:?}");
    let plan = client.rows(&format!("explain {sql}")).join("\n");
    assert!(plan.contains("Route: Federated") && plan.contains("50000") && !plan.contains("note"), "{plan}");
    // The same join in PostGIS alone.
    let counties = client.query("select name, geom from lake.counties").expect("rows");
    let mut far = oracle.client("federated");
    far.query("create table far.counties(name text, geom geometry)").expect("a table");
    for chunk in counties.rows.chunks(400) {
        let cell = |cell: &Option<Vec<u8>>| {
            format!("'{}'", String::from_utf8_lossy(cell.as_deref().unwrap_or_default()).replace('\'', "''"))
        };
        let values: Vec<String> = chunk.iter().map(|row| format!("({},{})", cell(&row[0]), cell(&row[1]))).collect();
        far.query(&format!("insert into far.counties values {}", values.join(","))).expect("inserted");
    }
    assert_eq!(rows, far.rows(&sql.replace("lake.", "far.")));
}

/// What is kept by text is used only where binding again would give the same: role, rights, settings, definitions.
#[test]
fn kept_plans_follow_what_they_read() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database(
        "kept",
        "create schema a; create schema b; create table a.t(id int primary key, at timestamptz);
         create table b.t(id int primary key, note text);
         insert into a.t values (1, '2024-01-01 00:00:00+00'); insert into b.t values (2, 'two')",
    );
    let init = format!(
        "{}
         SELECT graticule.attach('pg', 'a', 'a'); SELECT graticule.attach('pg', 'b', 'b');
         CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA a TO reader; GRANT SELECT ON a.t TO reader;",
        oracle.server("pg", "kept")
    );
    let server = Graticule::serve("kept", &init);
    let mut owner = server.client("kept");
    let mut reader = crate::support::Client::connect(server.port, "reader", "kept").expect("reader logs in");

    // The search path decides which table a text means; each session its own.
    for _ in 0..2 {
        owner.simple("set search_path = a").expect("set");
        assert_eq!(owner.rows("select id from t"), ["1"]);
        owner.simple("set search_path = b").expect("set");
        assert_eq!(owner.rows("select id from t"), ["2"]);
        assert_eq!(reader.query("select id from b.t").expect_err("hidden").state, "42P01");
        assert_eq!(owner.rows("select id from b.t"), ["2"]);
    }
    // Role and process are the asking session's.
    let who = "select current_user, pg_backend_pid()";
    let (one, two) = (owner.rows(who), reader.rows(who));
    assert_eq!(one, [format!("postgres|{}", owner.process_id)]);
    assert_eq!(two, [format!("reader|{}", reader.process_id)]);
    // Literals are read in the session's zone.
    let at = "select id from a.t where at = '2024-01-01 01:00:00'";
    assert_eq!(owner.rows(at), Vec::<String>::new());
    owner.simple("set timezone = 'Europe/Berlin'").expect("set");
    assert_eq!(owner.rows(at), ["1"]);
    owner.simple("reset timezone").expect("reset");
    assert_eq!(owner.rows(at), Vec::<String>::new());
    // EXECUTE's arguments have the types of the statement of now.
    owner.simple("prepare p(int4) as select $1 + 1").expect("prepared");
    assert_eq!(owner.rows("execute p('41')"), ["42"]);
    owner.simple("deallocate p; prepare p(text) as select $1 || '1'").expect("prepared");
    assert_eq!(owner.rows("execute p('41')"), ["411"]);

    // A right that is taken away is gone for statements that were prepared before, too.
    reader.simple("prepare mine as select id from a.t").expect("prepared");
    assert_eq!(reader.rows("execute mine"), ["1"]);
    assert_eq!(reader.rows("select id from a.t"), ["1"]);
    owner.simple("revoke select on a.t from reader").expect("revoked");
    assert_eq!(reader.query("execute mine").expect_err("no right").state, "42501");
    assert_eq!(reader.query("select id from a.t").expect_err("no right").state, "42501");
    owner.simple("grant select on a.t to reader").expect("granted");
    assert_eq!(reader.rows("execute mine"), ["1"]);
    // So it is inside of the transaction that takes it away, and only there until it commits.
    owner.simple("begin; prepare theirs as select id from a.t; set role reader").expect("begun");
    assert_eq!(owner.rows("execute theirs"), ["1"]);
    owner.simple("reset role; revoke select on a.t from reader; set role reader").expect("revoked");
    assert_eq!(reader.rows("execute mine"), ["1"]);
    assert_eq!(owner.query("execute theirs").expect_err("no right").state, "42501");
    owner.simple("rollback").expect("rolled back");
    assert_eq!(reader.rows("select id from a.t"), ["1"]);
}

#[cfg(feature = "engine")]
#[test]
fn sub_queries_on_the_engine_give_their_connections_back() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("given_back", "create schema s; create table s.t as select i from generate_series(0, 9) i");
    let init = format!(
        "CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{}', dbname 'given_back', max_connections '3');
         CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres'); SELECT graticule.attach('pg', 's');",
        oracle.port
    );
    let server = Graticule::serve("given_back", &init);
    let mut client = server.client("given_back");
    client.simple("set graticule.route = 'local'").expect("the setting exists");
    let correlated = "select i, (select max(x.i) from s.t x where x.i <= t.i) from s.t t order by i";
    for _ in 0..8 {
        assert_eq!(client.rows(correlated).len(), 10);
        assert_eq!(
            client
                .query("select (select 1 / max(x.i) from s.t x where x.i <= t.i) from s.t t")
                .expect_err("raises")
                .state,
            "22012"
        );
        assert_eq!(client.rows(&format!("{correlated} limit 1")), ["0|0"]);
        assert!(client.rows(&format!("explain {correlated}")).len() > 2);
    }
}
