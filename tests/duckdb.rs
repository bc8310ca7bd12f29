//! DuckDB as a source: types, federation, and a driver process that dies.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::duckdb::{self, workers};
use crate::support::graticule::Graticule;
use crate::support::{federated, postgres, until};

fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().expect("kill runs").success());
}

#[test]
fn tables_and_types_are_attached() {
    let Some(far) = duckdb::far() else { return };
    let file = far.file(&[
        "create table t(id integer primary key, n decimal(10,2), h hugeint, u uuid not null, b blob, ts timestamp, tz timestamptz, \
         d date, l integer[], s struct(x integer), j json, e enum('a','b'), g geometry, g2 geometry('EPSG:4326'), uh uhugeint, \
         i interval, c varchar collate nocase, v varchar, unique(v))",
        "create view w as select id, g2 from t",
        "create schema other",
        "create table other.o(a integer)",
        "comment on table t is 'things'",
    ]);
    let server = Graticule::serve("duck", &far.server("d", &file));
    let mut client = server.client("duck");
    client
        .simple("select graticule.attach('d', 'main', 'duck'); select graticule.attach('d', 'other')")
        .expect("attached");
    assert_eq!(
        client.rows(
            "select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute \
             where attrelid = 'duck.t'::regclass and attnum > 0 order by attnum"
        ),
        [
            "id|integer|t",
            "n|numeric(10,2)|f",
            "h|numeric|f",
            "u|uuid|t",
            "b|bytea|f",
            "ts|timestamp without time zone|f",
            "tz|timestamp with time zone|f",
            "d|date|f",
            "l|integer[]|f",
            "s|jsonb|f",
            "j|jsonb|f",
            "e|duck.enum|f",
            "g|geometry|f",
            "g2|geometry(Geometry,4326)|f",
            "uh|duck.uhugeint|f",
            "i|duck.interval|f",
            "c|duck.\"varchar with a collation\"|f",
            "v|text|f",
        ]
    );
    assert_eq!(
        client.rows("select conname, contype from pg_constraint where conrelid = 'duck.t'::regclass order by 1"),
        ["t_pkey|p", "t_v_key|u"]
    );
    assert_eq!(client.rows("select relkind from pg_class where oid = 'duck.w'::regclass"), ["v"]);
    assert_eq!(client.rows("select obj_description('duck.t'::regclass)"), ["things"]);
    assert_eq!(client.rows("select count(*) from other.o"), ["0"]);
    let missing = client.query("select graticule.attach('d', 'nosuch')").expect_err("no such schema");
    assert_eq!(
        (missing.state.as_str(), missing.message.as_str()),
        ("3F000", "schema \"nosuch\" does not exist on server \"d\"")
    );
    client
        .simple("create schema imported; import foreign schema main limit to (t) from server d into imported")
        .expect("imported");
    assert_eq!(
        client.rows("select relkind from pg_class where relnamespace = 'imported'::regnamespace and relname = 't'"),
        ["f"]
    );
    // A driver that is not there, and a file that is not there.
    client
        .simple(&format!(
            "create server nodriver foreign data wrapper duckdb options (driver '/nosuch.so', path '{}')",
            file.0.display()
        ))
        .expect("options are not tried");
    assert_eq!(client.query("select graticule.attach('nodriver')").expect_err("no driver").state, "08001");
    let nofile = far.server("nofile", &file).replace(".duckdb'", ".nosuch'");
    client.simple(&nofile).expect("options are not tried");
    assert_eq!(client.query("select graticule.attach('nofile')").expect_err("no file").state, "08001");
}

#[test]
fn rows_are_postgresqls() {
    let Some(far) = duckdb::far() else { return };
    let file = far.file(&[
        "create table t(id integer, n decimal(10,2), h hugeint, b blob, ts timestamp, tz timestamptz, d date, u uuid, f float, x double, \
         v varchar, o boolean, g geometry('EPSG:4326'))",
        "insert into t values (1, 12.5, 170141183460469231731687303715884105727, '\\xAA\\x00'::blob, '2020-01-02 03:04:05.678901', \
         '2020-01-02 03:04:05+02', '2020-02-29', '00112233-4455-6677-8899-aabbccddeeff', 1.5, 0.1, 'it''s', true, 'POINT(1 2)')",
        "insert into t values (2, -0.01, -1, ''::blob, 'infinity', '-infinity', '-infinity', null, 'nan', '-infinity', '', false, \
         'POINT EMPTY')",
        "insert into t(id) values (3)",
        "insert into t(id, g) values (4, 'MULTIPOLYGON EMPTY'), (5, 'GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(0 0, 1 1))'), \
         (6, 'POINT Z (1 2 3)')",
    ]);
    let server = Graticule::serve("duck", &far.server("d", &file));
    let mut client = server.client("duck");
    client.query("select graticule.attach('d', 'main', 'duck')").expect("attached");
    let expected = [
        "1|12.50|170141183460469231731687303715884105727|\\xaa00|2020-01-02 03:04:05.678901|2020-01-02 01:04:05+00|2020-02-29|\
         00112233-4455-6677-8899-aabbccddeeff|1.5|0.1|it's|t|0101000020E6100000000000000000F03F0000000000000040",
        "2|-0.01|-1|\\x|infinity|-infinity|-infinity|∅|NaN|-Infinity||f|0101000020E6100000000000000000F87F000000000000F87F",
        "3|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅",
        "4|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|0106000020E610000000000000",
        "5|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|0107000020E6100000020000000101000000000000000000F03F00000000000000400102000000020000000000000000000000\
         0000000000000000000000000000F03F000000000000F03F",
        "6|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|01010000A0E6100000000000000000F03F00000000000000400000000000000840",
    ];
    assert_eq!(client.rows("select * from duck.t order by id"), expected);
    let plan = client.rows("explain select * from duck.t order by id").join("\n");
    assert!(plan.contains("Route: Pushed") && plan.contains("Server: d"), "{plan}");
    assert_eq!(
        client.rows("select id, st_astext(g), st_srid(g) from duck.t where id in (1, 2, 6) order by id"),
        ["1|POINT(1 2)|4326", "2|POINT EMPTY|4326", "6|POINT Z (1 2 3)|4326"]
    );
    client.simple("prepare p(int, text) as select id, v from duck.t where id = $1 and v = $2").expect("prepared");
    assert_eq!(client.rows("execute p(1, 'it''s')"), ["1|it's"]);
    assert_eq!(client.rows("execute p(2, 'it''s')"), Vec::<String>::new());
    assert_eq!(client.rows("select count(*), sum(id), max(n) from duck.t where v = 'it''s' or n < 0"), ["2|3|12.50"]);
    // In a block, two cursors at once.
    client
        .simple("begin; declare a cursor for select id from duck.t order by 1; declare b cursor for select id from duck.t order by 1 desc")
        .expect("two cursors");
    assert_eq!(client.rows("fetch 2 a"), ["1", "2"]);
    assert_eq!(client.rows("fetch 2 b"), ["6", "5"]);
    assert_eq!(client.rows("fetch 1 a"), ["3"]);
    assert_eq!(client.rows("select count(*) from duck.t"), ["6"]);
    client.simple("commit").expect("ended");
    let refused = client.query("insert into duck.t(id) values (9)").expect_err("only reads");
    assert_eq!(refused.state, "0A000");
    let refused =
        client.simple("begin isolation level repeatable read; select count(*) from duck.t").expect_err("no snapshot");
    assert_eq!(refused.state, "0A000");
    client.simple("rollback").expect("ended");
}

#[test]
fn a_dead_driver_process_is_told_and_replaced() {
    let Some(far) = duckdb::far() else { return };
    let file = far.file(&["create table big as select range as id, 'row ' || range as v from range(2000000)"]);
    let server = Graticule::serve("duck", &far.server("d", &file));
    let mut client = server.client("duck");
    client.query("select graticule.attach('d', 'main', 'duck')").expect("attached");
    // In mid-result: what was read was right, the rest is an error, nothing comes twice.
    for _ in 0..3 {
        client.simple("begin; declare c cursor for select id from duck.big order by id").expect("a cursor");
        let first = client.rows("fetch 10000 c");
        assert!(first.iter().enumerate().all(|(n, row)| *row == n.to_string()), "the first rows, in order");
        let alive = workers(server.process_id());
        assert_eq!(alive.len(), 1, "one worker per server and identity");
        kill(alive[0]);
        let lost = client.query("fetch 2000000 c").expect_err("the process is gone");
        assert_eq!(lost.state, "08006", "{}", lost.message);
        client.simple("rollback").expect("the session lives");
        assert_eq!(client.rows("select count(*), sum(id) from duck.big"), ["2000000|1999999000000"]);
        assert_ne!(workers(server.process_id()), alive);
    }
    // Before the first row.
    let (port, pid) = (server.port, server.process_id());
    let waiting = std::thread::spawn(move || {
        let mut other = crate::support::Client::connect(port, "postgres", "duck").expect("a second session");
        other.query("select count(*) from duck.big a, duck.big b, duck.big c").expect_err("the process dies")
    });
    let alive = workers(pid);
    std::thread::sleep(Duration::from_secs(1));
    kill(alive[0]);
    assert_eq!(waiting.join().expect("an answer").state, "08006");
    assert_eq!(client.rows("select count(*) from duck.big"), ["2000000"]);
    // The server's end is the worker's.
    let alive = workers(pid);
    drop(server);
    until("the worker ends with its server", || {
        alive.iter().all(|pid| !std::path::Path::new(&format!("/proc/{pid}/cmdline")).exists())
    });
}

#[test]
fn a_cancel_reaches_the_driver() {
    let Some(far) = duckdb::far() else { return };
    let file = far.file(&["create table big as select range as id from range(3000000)"]);
    let server = Graticule::serve("duck", &far.server("d", &file));
    let mut client = server.client("duck");
    client.query("select graticule.attach('d', 'main', 'duck')").expect("attached");
    client.query("select count(*) from duck.big").expect("the worker runs");
    let worker = workers(server.process_id());
    let start = Instant::now();
    client.simple("set statement_timeout = '1s'").expect("set");
    let stopped =
        client.query("select count(*) from duck.big a, duck.big b, duck.big c").expect_err("it would take hours");
    assert_eq!(stopped.state, "57014");
    assert!(start.elapsed() < Duration::from_secs(30));
    client.simple("reset statement_timeout").expect("reset");
    assert_eq!(client.rows("select count(*) from duck.big"), ["3000000"]);
    assert_eq!(workers(server.process_id()), worker, "the same process, which stopped the statement");
    // Nothing of it runs on: the process rests.
    let busy = |pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a running worker");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        fields[11].parse::<u64>().expect("ticks")
    };
    until("the driver stops", || {
        let before = busy(worker[0]);
        std::thread::sleep(Duration::from_millis(300));
        busy(worker[0]) == before
    });
}

#[test]
fn a_join_of_duckdb_geoparquet_and_postgis_equals_one_engine() {
    let (Some(far), Some(oracle)) = (duckdb::far(), postgres::shared()) else { return };
    let insert = format!("insert into zones values {}", federated::zones(&|wkt| format!("'{wkt}'")));
    let file = far.file(&["create table zones(id integer, name varchar, geom geometry('EPSG:4326'))", &insert]);
    let (_server, _client, analyzed) =
        federated::equals_one_engine(oracle, "duck_far", &far.server("d", &file), "d", "main");
    assert!(analyzed.contains("Snapshot: one per fragment") && analyzed.contains("Bytes fetched: "), "{analyzed}");
    // Twenty-one zones and two without a place, less those that pushed conditions drop.
    assert!(analyzed.contains("Rows fetched: 2"), "{analyzed}");
}

/// What DuckDB can only say in a weaker form is pushed so and tested again here: the rows are PostGIS's.
#[test]
fn weaker_conditions_are_tested_again() {
    let (Some(far), Some(oracle)) = (duckdb::far(), postgres::shared()) else { return };
    let shapes = [
        "POINT(1 2)",
        "POINT(4.0000000001 4)",
        "POINT(4.1 4)",
        "POINT Z (1 2 3)",
        "POINT EMPTY",
        "LINESTRING(4 4,9 9)",
        "LINESTRING(-1 -1,5 5)",
        "POLYGON((4 0,8 0,8 4,4 4,4 0))",
        "POLYGON((1 1,2 1,2 2,1 1))",
        "MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)),((5 5,6 5,6 6,5 6,5 5)))",
        "GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(8 8,9 9))",
        "POLYGON EMPTY",
    ];
    let values = |prefix: &str| {
        let rows: Vec<String> =
            shapes.iter().zip(1..).map(|(wkt, id)| format!("({id}, {}, '{prefix}{wkt}')", id % 5)).collect();
        format!("insert into shapes values {}, (99, 0, null)", rows.join(", "))
    };
    let file = far.file(&["create table shapes(id integer, n integer, g geometry('EPSG:4326'))", &values("")]);
    oracle
        .database("duck_weaker", &format!("create table shapes(id int, n int, g geometry); {}", values("SRID=4326;")));
    let mut there = oracle.client("duck_weaker");
    let server = Graticule::serve("duck", &far.server("d", &file));
    let mut client = server.client("duck");
    client.query("select graticule.attach('d', 'main', 'duck')").expect("attached");
    let square = "'SRID=4326;POLYGON((0 0,4 0,4 4,0 4,0 0))'::geometry";
    for (condition, weaker) in [
        (format!("g && {square}"), true),
        (format!("g && {square} and n > 1"), true),
        (format!("(g && {square} or n = 3) and id < 90"), true),
        (format!("st_dwithin(g, {square}, 0.05)"), true),
        (format!("st_touches(g, {square})"), false),
        (format!("not (g && {square})"), false),
    ] {
        let sql = |table: &str| format!("select id, st_astext(g) from {table} where {condition} order by id");
        let (mine, theirs) = (client.query(&sql("duck.shapes")), there.query(&sql("shapes")));
        let both = (
            mine.map(|set| set.text()).map_err(|error| error.state),
            theirs.map(|set| set.text()).map_err(|error| error.state),
        );
        assert_eq!(both.0, both.1, "{condition}");
        if both.0.is_err() {
            continue;
        }
        let plan = client.rows(&format!("explain analyze {}", sql("duck.shapes"))).join("\n");
        assert_eq!(plan.contains("Rows kept:"), weaker, "{plan}");
        assert!(!weaker || plan.contains("Rows fetched:"), "{plan}");
    }
    // Above the recheck everything stays here: aggregates, DISTINCT, LIMIT, and the other side of an outer join.
    for sql in [
        format!("select count(*), max(id) from % where g && {square}"),
        format!("select distinct n from % where g && {square} order by 1"),
        format!("select id from % where g && {square} order by id desc limit 2 offset 1"),
        format!("select a.id, b.id from % a left join % b on b.id = a.id and b.g && {square} order by 1, 2"),
        format!("select a.id, b.id from % a left join % b on b.id = a.id and a.g && {square} order by 1, 2"),
        format!("select id from % where g && {square} union select id from % where n = 2 order by 1"),
        format!(
            "select a.id from % a where exists (select 1 from % b where b.g && {square} and b.id = a.n) order by 1"
        ),
    ] {
        assert_eq!(client.rows(&sql.replace('%', "duck.shapes")), there.rows(&sql.replace('%', "shapes")), "{sql}");
    }
    let zero = client.query("select 1 / n from duck.shapes").expect_err("division by zero");
    assert_eq!((zero.state.as_str(), zero.message.as_str()), ("22012", "division by zero"));
}

#[test]
fn lists_and_json_are_read() {
    let Some(far) = duckdb::far() else { return };
    let file = far.file(&[
        "create table t(id integer, l integer[], m integer[][], w varchar[], j json, s struct(x integer, y varchar), h time)",
        "insert into t values (1, [3, null, 5], [[1, 2], [3, 4]], ['a', null, 'b,c'], '{\"b\": [1, 2.50], \"a\": \"x\"}', {x: 1, y: 'z'}, '12:34:56.7'), \
         (2, [], [], [], '[1, null]', {x: null, y: null}, '00:00:00'), (3, null, null, null, null, null, null)",
    ]);
    let server = Graticule::serve("duck_lists", &far.server("d", &file));
    let mut client = server.client("duck_lists");
    client.simple("select graticule.attach('d', 'main', 'duck')").expect("attached");
    assert_eq!(
        client.rows("select id, l, m, w, j, s, h from duck.t order by id"),
        [
            "1|{3,NULL,5}|{{1,2},{3,4}}|{a,NULL,\"b,c\"}|{\"a\": \"x\", \"b\": [1, 2.50]}|{\"x\": 1, \"y\": \"z\"}|12:34:56.7",
            "2|{}|{}|{}|[1, null]|{\"x\": null, \"y\": null}|00:00:00",
            "3|∅|∅|∅|∅|∅|∅",
        ]
    );
    let pushed = |client: &mut crate::support::Client, sql: &str, expected: &[&str]| {
        assert_eq!(client.rows(sql), expected, "{sql}");
        let plan = client.rows(&format!("explain {sql}")).join("\n");
        assert!(plan.contains("Route: Pushed"), "{sql}: {plan}");
    };
    pushed(
        &mut client,
        "select id, cardinality(l), array_length(l, 1), l[1], l[2], l[0], l[-1], l[9], array_position(l, 5) from duck.t order by id",
        &["1|3|3|3|∅|∅|∅|∅|3", "2|0|∅|∅|∅|∅|∅|∅|∅", "3|∅|∅|∅|∅|∅|∅|∅|∅"],
    );
    pushed(&mut client, "select t.id, u.x from duck.t, unnest(t.l) u(x) order by 1, 2", &["1|3", "1|5", "1|∅"]);
    pushed(&mut client, "select array_agg(id order by id desc) from duck.t where l[1] = 3", &["{1}"]);
    pushed(
        &mut client,
        "select id, jsonb_typeof(j), jsonb_typeof(s), j ? 'a', s ? 'y' from duck.t order by id",
        &["1|object|object|t|t", "2|array|object|f|t", "3|∅|∅|∅|∅"],
    );
    pushed(
        &mut client,
        "select count(*) from duck.t where id > 1 and timestamptz '2020-01-01 00:00:00+00' < now() - interval '1 day'",
        &["2"],
    );
    // A list in a list is one array of two dimensions here: never read as a list.
    assert_eq!(client.query("select cardinality(m) from duck.t").expect_err("two dimensions").state, "0A000");
    assert_eq!(
        client.rows("select id, j->>'a', j->'b'->1, s->>'y' from duck.t order by id"),
        ["1|x|2.50|z", "2|∅|∅|∅", "3|∅|∅|∅"]
    );
    // Arrays as parameters, LIMIT and OFFSET too.
    client
        .simple(
            "prepare p(int[], int, int) as select id from duck.t where id = any ($1) order by id limit $2 offset $3",
        )
        .expect("prepared");
    for (arguments, expected) in [
        ("'{1,3,9}', 5, 0", vec!["1", "3"]),
        ("'{1,2,3}', 1, 1", vec!["2"]),
        ("'{}', 5, 0", vec![]),
        ("null, 5, 0", vec![]),
        ("'{2,null}', null, null", vec!["2"]),
    ] {
        assert_eq!(client.rows(&format!("execute p({arguments})")), expected, "{arguments}");
    }
    assert_eq!(client.query("execute p('{1}', -1, 0)").expect_err("a negative limit").state, "2201W");
}

#[test]
fn a_declared_kind_of_geometry_is_relied_on_and_tested() {
    let Some(far) = duckdb::far() else { return };
    let file = far.file(&[
        "create table t(id integer, g geometry('EPSG:4326'))",
        "insert into t values (1, 'POINT(1 2)'), (2, null), (3, 'POINT EMPTY')",
        "create table other(id integer, g geometry('EPSG:4326'))",
        "insert into other values (1, 'POINT(1 2)'), (2, 'LINESTRING(0 0,1 1)')",
    ]);
    let declared = |name: &str, ty: &str| {
        format!(
            "create foreign table {name}(id int, g {ty}) server d options (schema_name 'main', table_name '{name}')"
        )
    };
    let server = Graticule::serve("kinds", &far.server("d", &file));
    let mut client = server.client("kinds");
    client.simple(&declared("t", "geometry(Point,4326)")).expect("a promise");
    let far_one = "select id from t where st_distance(g, 'SRID=4326;POINT(1 3)'::geometry) = 1";
    assert_eq!(client.rows(far_one), ["1"]);
    let plan = client.rows(&format!("explain {far_one}")).join("\n");
    assert!(plan.contains("which can run all of it"), "{plan}");
    assert_eq!(client.rows("select id, st_astext(g) from t order by id"), ["1|POINT(1 2)", "2|∅", "3|POINT EMPTY"]);
    client.simple(&declared("other", "geometry(Point,4326)")).expect("a promise that does not hold");
    let broken = client.query("select g from other order by id").expect_err("a line among the points");
    assert_eq!(
        (broken.state.as_str(), broken.message.as_str()),
        ("22023", "Geometry type (LineString) does not match column type (Point)")
    );
    for other in ["geometry(Point,3857)", "geography(Point,4326)", "text"] {
        let wrong = client.query(&declared("wrong", other).replace("'wrong'", "'t'")).expect_err("another type");
        assert_eq!(wrong.state, "42804", "{other}");
    }
}
