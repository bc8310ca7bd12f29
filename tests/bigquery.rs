//! BigQuery as a source, on an emulator: types, pushed and finished statements, federation, and what goes wrong on the way.

mod constructs;
mod geographies;
mod storage;

use std::time::{Duration, Instant};

use base64::Engine as _;

use crate::support::bigquery::{Double, Emulator, Fault, State};
use crate::support::graticule::Graticule;
use crate::support::postgres;

#[test]
fn tables_and_types_are_attached() {
    let Some(emulator) = Emulator::start() else { return };
    emulator.run(&[
        "create table public.t(id int64 not null, f float64, o bool, n numeric, d numeric(10, 2), b bignumeric, s string, y bytes, dt date, \
         ti time, dm datetime, ts timestamp, j json, g geography, l array<int64>, r struct<a int64, b string>)",
        "insert into public.t(id, f, o, n, d, b, s, y, dt, ti, dm, ts, j, g, l, r) values \
         (1, 0.5, true, 12.5, 12.5, cast('123456789012345678901234567890.5' as bignumeric), 'it\\'s', b'\\xaa\\x00', '2020-02-29', \
          '03:04:05.5', '2020-01-02T03:04:05.678901', '2020-01-02 03:04:05.678901+00', json '{\"a\": [1, 2]}', st_geogpoint(1, 2), [3, 4], \
          struct(5 as a, 'x' as b))",
        "insert into public.t(id) values (2)",
    ]);
    let server = Graticule::serve("bq", &emulator.server("b", ""));
    let mut client = server.client("bq");
    client.query("select graticule.attach('b', 'public', 'bq')").expect("attached");
    assert_eq!(
        client.rows(
            "select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute \
             where attrelid = 'bq.t'::regclass and attnum > 0 order by attnum"
        ),
        [
            "id|bigint|f",
            "f|double precision|f",
            "o|boolean|f",
            "n|numeric(38,9)|f",
            // The emulator tells neither digits nor what must be there.
            "d|numeric(38,9)|f",
            "b|numeric(77,38)|f",
            "s|text|f",
            "y|bytea|f",
            "dt|date|f",
            "ti|time without time zone|f",
            "dm|timestamp without time zone|f",
            "ts|timestamp with time zone|f",
            "j|jsonb|f",
            "g|geography(Geometry,4326)|f",
            "l|jsonb|f",
            "r|jsonb|f",
        ]
    );
    assert_eq!(
        client.rows("select id, f, o, n, d, s, y, dt, ti, dm, ts, j, g, l, r from bq.t order by id"),
        [
            "1|0.5|t|12.500000000|12.500000000|it's|\\xaa00|2020-02-29|03:04:05.5|2020-01-02 03:04:05.678901|2020-01-02 03:04:05.678901+00|\
             {\"a\": [1, 2]}|0101000020E6100000000000000000F03F0000000000000040|[3, 4]|{\"a\": 5, \"b\": \"x\"}",
            // An array there is never NULL.
            "2|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|[]|∅",
        ]
    );
    assert_eq!(
        client.rows("select b from bq.t where id = 1"),
        ["123456789012345678901234567890.50000000000000000000000000000000000000"]
    );
    client.simple("prepare p(int8, text) as select id, s from bq.t where id = $1 and s = $2").expect("prepared");
    assert_eq!(client.rows("execute p(1, 'it''s')"), ["1|it's"]);
    assert_eq!(client.rows("execute p(2, 'it''s')"), Vec::<String>::new());
    assert_eq!(
        client.rows("select count(*), sum(id), min(s), max(dt) from bq.t where f < 1 or id = 2"),
        ["2|3|it's|2020-02-29"]
    );
    let plan = client.rows("explain select id, s from bq.t where s like 'it%' order by id limit 1").join("\n");
    assert!(plan.contains("Route: Pushed") && plan.contains("`public`.`t`"), "{plan}");
    let missing = client.query("select graticule.attach('b', 'nosuch')").expect_err("no such dataset");
    assert_eq!(missing.state, "3F000", "{}", missing.message);
    assert_eq!(client.query("insert into bq.t(id) values (9)").expect_err("only reads").state, "0A000");
    let zero = client.query("select 1 / (id - 1) from bq.t").expect_err("a division by zero");
    assert_eq!(zero.state, "22012", "{}", zero.message);
    let wide = client.query("select (id * 3000000000)::int4 from bq.t").expect_err("too wide");
    assert_eq!(wide.state, "22003", "{}", wide.message);
    // As geometry, by an option.
    let planar = emulator.server("planar", ", geometry 'true'");
    client.simple(&format!("{planar} select graticule.attach('planar', 'public', 'planar')")).expect("attached");
    assert_eq!(
        client.rows("select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'planar.t'::regclass and attname = 'g'"),
        ["geometry(Geometry,4326)"]
    );
    assert_eq!(client.rows("select st_astext(g), st_x(g) from planar.t where id = 1"), ["POINT(1 2)|1"]);
    client
        .simple(
            "create server nowhere foreign data wrapper bigquery options (project 'p', endpoint 'http://127.0.0.1:1'); \
                 create user mapping for public server nowhere options (auth 'none')",
        )
        .expect("options are not tried");
    assert_eq!(client.query("select graticule.attach('nowhere', 'x')").expect_err("nobody").state, "08001");
}

/// Texts that have broken quoting before.
const HOSTILE: &[&str] = &[
    "\\' or 1=1 --",
    "\\\" or 1=1 --",
    "\\` or 1=1 --",
    "x' /* ",
    "*/ ' -- ",
    "$$ $1 $tag$ ? :1 @p @@x",
    "\n'\r\n\t\\n",
    "''''",
    "\\",
    "\\\\'",
    "``\"\"",
    "naïve \u{2019} \u{ff07}",
    "U&'\\0027'",
    "E'\\''",
    "'''x'''",
    "\"\"\"",
    "r'\\'",
    "\\x41\\u0041\\101",
    "#c\n",
    "{{x}} %s {0}",
    "\u{1f1eb}\u{0301}",
];

#[test]
fn hostile_texts_come_back() {
    let Some(emulator) = Emulator::start() else { return };
    emulator.run(&[
        "create table public.one(id int64, `select` int64, `a b-c` int64)",
        "insert into public.one values (1, 2, 3)",
    ]);
    let server = Graticule::serve("bq", &emulator.server("b", ""));
    let mut client = server.client("bq");
    client.query("select graticule.attach('b', 'public', 'bq')").expect("attached");
    for text in HOSTILE {
        let quoted = format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
        let name = format!("\"{}\"", text.replace('"', "\"\""));
        let sql = format!(
            "select id::text || {quoted} as {name} from bq.one where {quoted} = {quoted} and id::text || {quoted} <> ''"
        );
        let plan = client.rows(&format!("explain {sql}")).join("\n");
        assert!(plan.contains("Route: Pushed"), "{text:?}: {plan}");
        let found = client.query(&sql).unwrap_or_else(|error| panic!("{text:?}: {} {}", error.state, error.message));
        assert_eq!(found.columns[0].name, *text);
        assert_eq!(found.rows[0][0].as_deref(), Some(format!("1{text}").as_bytes()), "{text:?}");
        client.simple(&format!("prepare hostile(text) as select $1 || id::text from bq.one where id = 1; execute hostile({quoted}); deallocate hostile"))
            .unwrap_or_else(|error| panic!("{text:?}: {} {}", error.state, error.message));
    }
    assert_eq!(client.rows("select \"select\", \"a b-c\" from bq.one where \"a b-c\" = 3"), ["2|3"]);
}

/// Points on a grid of ten degrees: (id, x, y).
fn places() -> Vec<(usize, i32, i32)> {
    let mut places = Vec::new();
    for x in (-175..=175).step_by(10) {
        for y in (-75..=75).step_by(10) {
            places.push((places.len() + 1, x, y));
        }
    }
    places
}

#[test]
fn what_the_sphere_cannot_say_is_finished_here() {
    let (Some(emulator), Some(oracle)) = (Emulator::start(), postgres::shared()) else { return };
    let far: Vec<String> = places().iter().map(|(id, x, y)| format!("({id}, st_geogpoint({x}, {y}))")).collect();
    let near: Vec<String> = places().iter().map(|(id, x, y)| format!("({id}, 'POINT({x} {y})'::geography)")).collect();
    let shapes = [
        "LINESTRING(-120 40,-60 50)",
        "POLYGON((-10 40,30 40,30 50,-10 50,-10 40))",
        "LINESTRING(170 10,-170 20)",
        "POLYGON((1 1,2 1,2 2,1 2,1 1))",
        "MULTIPOINT(100 10,-100 -10)",
        "LINESTRING(0 80,90 85)",
    ];
    let far_shapes: Vec<String> =
        shapes.iter().enumerate().map(|(n, wkt)| format!("({}, st_geogfromtext('{wkt}'))", 1000 + n)).collect();
    let near_shapes: Vec<String> =
        shapes.iter().enumerate().map(|(n, wkt)| format!("({}, '{wkt}'::geography)", 1000 + n)).collect();
    emulator.run(&[
        "create table public.p(id int64, g geography)",
        &format!("insert into public.p(id, g) values {}", [far, far_shapes].concat().join(", ")),
        "insert into public.p(id) values (5000)",
    ]);
    oracle.database(
        "bq_sphere",
        &format!(
            "create table p(id int8, g geography(Geometry,4326)); insert into p values {}, (5000, null)",
            [near, near_shapes].concat().join(", ")
        ),
    );
    let server = Graticule::serve("bq", &emulator.server("b", ""));
    let mut client = server.client("bq");
    client.query("select graticule.attach('b', 'public', 'bq')").expect("attached");
    let mut there = oracle.client("bq_sphere");
    for (condition, weakened) in [
        ("id < 1000 and st_dwithin(g, 'POINT(5 5)'::geography, 1500000)", true),
        ("id < 1000 and st_dwithin(g, 'POINT(179 5)'::geography, 2000000)", true),
        ("g && st_makeenvelope(-20, -20, 20, 20, 4326)::geography", true),
        ("g && st_makeenvelope(-170, -80, 170, 80, 4326)::geography", false),
        ("st_intersects(g::geometry, st_makeenvelope(-30, 42, 30, 46, 4326))", true),
        ("g::geometry && st_makeenvelope(-101, -11, 101, 11, 4326)", true),
        ("g::geometry && st_makeenvelope(-180, -90, 180, 90, 4326)", true),
        ("st_within(g::geometry, st_makeenvelope(-120, 39, -59, 51, 4326))", true),
        ("st_dwithin(g::geometry, st_setsrid(st_makepoint(-90, 45), 4326), 12)", true),
        ("not st_intersects(g::geometry, st_makeenvelope(-170, -70, 170, 70, 4326))", false),
        ("id < 1000 and st_distance(g, 'POINT(5 5)'::geography) < 1500000", false),
        ("st_x(case when id < 1000 then g::geometry end) > 150", false),
        ("st_npoints(g::geometry) > 2", false),
        ("st_geometrytype(g::geometry) = 'ST_LineString'", false),
    ] {
        let sql = format!("select id, st_astext(g) from % where {condition} order by id");
        let expected = there.rows(&sql.replace('%', "p"));
        assert_eq!(client.rows(&sql.replace('%', "bq.p")), expected, "{condition}");
        assert!(!expected.is_empty(), "{condition}");
        let plan = client.rows(&format!("explain analyze {}", sql.replace('%', "bq.p"))).join("\n");
        assert_eq!(plan.contains("Rows kept"), weakened, "{condition}: {plan}");
        if weakened {
            let number = |name: &str| {
                let line = plan.lines().find_map(|line| line.trim().strip_prefix(name)).expect(name);
                line.trim().parse::<usize>().expect("a number")
            };
            assert!(number("Rows kept:") <= number("Rows fetched:"), "{condition}: {plan}");
        }
    }
}

#[test]
fn a_join_of_bigquery_geoparquet_and_postgis_equals_one_engine() {
    let (Some(emulator), Some(oracle)) = (Emulator::start(), postgres::shared()) else { return };
    let mut zones = Vec::new();
    for x in (-130..-60).step_by(10) {
        for y in (20..50).step_by(10) {
            let wkt = format!("POLYGON(({x} {y},{0} {y},{0} {1},{x} {1},{x} {y}))", x + 10, y + 10);
            zones.push((zones.len() + 1, format!("zone {x} {y}"), wkt));
        }
    }
    let values = |wrap: &dyn Fn(&str) -> String| {
        let rows: Vec<String> =
            zones.iter().map(|(id, name, wkt)| format!("({id}, '{name}', {})", wrap(wkt))).collect();
        rows.join(", ")
    };
    emulator.run(&[
        "create table public.zones(id int64, name string, geom geography)",
        &format!(
            "insert into public.zones(id, name, geom) values {}",
            values(&|wkt| format!("st_geogfromtext('{wkt}')"))
        ),
        "insert into public.zones(id, name) values (100, 'nowhere')",
    ]);
    oracle.database(
        "bq_far",
        &format!(
            "create table owners(zone int, owner text); \
             insert into owners select n, 'owner ' || n % 4 from generate_series(1, 30) n union all values (null::int, 'nobody'::text); \
             create table zones(id int8, name text, geom geography(Geometry,4326)); insert into zones values {}, (100, 'nowhere', null); \
             create table airports(name text, geom geometry(Point,4326))",
            values(&|wkt| format!("'{wkt}'"))
        ),
    );
    let init = format!(
        "{} CREATE SERVER files FOREIGN DATA WRAPPER geoparquet OPTIONS (path '{}/src/demo/sample');
         CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{}', dbname 'bq_far');
         CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres');",
        emulator.server("b", ""),
        env!("CARGO_MANIFEST_DIR"),
        oracle.port
    );
    let server = Graticule::serve("bq", &init);
    let mut client = server.client("bq");
    client
        .simple(
            "select graticule.attach('b', 'public', 'bq'); select graticule.attach('pg', 'public', 'pg'); \
             select graticule.attach('files', '.', 'files')",
        )
        .expect("attached");
    let query = |zones: &str, owners: &str, airports: &str| {
        format!(
            "select z.name, o.owner, count(*), min(a.name) from {zones} z join {owners} o on o.zone = z.id \
             join {airports} a on st_intersects(z.geom::geometry, a.geom) \
             where z.id <> 3 and o.owner <> 'owner 2' group by 1, 2 order by 1, 2"
        )
    };
    let here = client.rows(&query("bq.zones", "pg.owners", "files.airports"));
    let mut there = oracle.client("bq_far");
    let airports = client.rows("select quote_literal(name) || ', ' || quote_literal(geom::text) from files.airports");
    there.simple(&format!("insert into airports values ({})", airports.join("), ("))).expect("the same airports");
    let expected = there.rows(&query("zones", "owners", "airports"));
    assert!(expected.len() > 5, "{expected:?}");
    assert_eq!(here, expected);
    let analyzed =
        client.rows(&format!("explain analyze {}", query("bq.zones", "pg.owners", "files.airports"))).join("\n");
    assert!(analyzed.contains("Route: Federated") && analyzed.contains("Server: b"), "{analyzed}");
    assert!(analyzed.contains("Bytes fetched: "), "{analyzed}");
    let outer = |zones: &str, owners: &str| {
        format!(
            "select count(*), count(z.id), count(o.zone), count(z.geom) from {zones} z full join {owners} o on o.zone = z.id"
        )
    };
    assert_eq!(client.rows(&outer("bq.zones", "pg.owners")), there.rows(&outer("zones", "owners")));
}

#[test]
fn qgis_draws_a_layer() {
    const PYTHON: &str = "/usr/bin/python3";
    let Some(emulator) = Emulator::start() else { return };
    let installed = std::process::Command::new(PYTHON).args(["-c", "import qgis.core"]).output();
    if !installed.is_ok_and(|done| done.status.success()) {
        eprintln!("SKIPPED: {PYTHON} has no QGIS; run `make test-deps`, which installs python3-qgis");
        return;
    }
    let rows: Vec<String> = (-13..-6)
        .flat_map(|x| (2..5).map(move |y| (x * 10, y * 10)))
        .enumerate()
        .map(|(n, (x, y))| {
            let (x1, y1) = (x + 10, y + 10);
            format!("({n}, st_geogfromtext('POLYGON(({x} {y},{x1} {y},{x1} {y1},{x} {y1},{x} {y}))'))")
        })
        .collect();
    emulator.run(&[
        "create table public.zones(id int64, geom geography)",
        &format!("insert into public.zones(id, geom) values {}", rows.join(", ")),
    ]);
    for (name, options) in [("round", ""), ("flat", ", geometry 'true'")] {
        let server = Graticule::serve("bq", &emulator.server("b", options));
        server.client("bq").query("select graticule.attach('b', 'public', 'bq')").expect("attached");
        let picture = server.folder.join("layer.png");
        let drawn = std::process::Command::new(PYTHON)
            .args(["compat/clients/qgis_layer.py", "bq.zones", "id", "geom", "-95,35,20"])
            .arg(&picture)
            .arg("Polygon")
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", server.port.to_string())
            .env("PGDATABASE", "bq")
            .output()
            .expect("python runs");
        let said = String::from_utf8_lossy(&drawn.stdout).into_owned();
        let line = said.lines().find(|line| line.starts_with('{'));
        let line = line.unwrap_or_else(|| panic!("{name}: {said} {}", String::from_utf8_lossy(&drawn.stderr)));
        let found: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(found["features"], 21, "{name}: {found}");
        assert_eq!(found["identified"], serde_json::json!(["10"]), "{name}: {found}");
        assert!(found["part"].as_u64().is_some_and(|part| (4..21).contains(&part)), "{name}: {found}");
        assert!(found["pixels"].as_u64().is_some_and(|pixels| pixels > 1000), "{name}: {found}");
    }
}

/// A table of a thousand rows behind a double.
fn thousand() -> Option<(Emulator, Double)> {
    let emulator = Emulator::start()?;
    emulator.run(&[
        "create table public.big(id int64, v string)",
        "insert into public.big(id, v) select n, concat('row ', cast(n as string)) from unnest(generate_array(1, 1000)) as n",
    ]);
    let double = Double::start(emulator.port);
    Some((emulator, double))
}

#[test]
fn faults_lose_no_row_and_double_none() {
    let Some((_emulator, double)) = thousand() else { return };
    let server = Graticule::serve(
        "bq",
        &double.server("b", ", page_rows '100', labels 'team=maps', maximum_bytes_billed '20000000'"),
    );
    let mut client = server.client("bq");
    client.query("select graticule.attach('b', 'public', 'bq')").expect("attached");
    let all: Vec<String> = (1..=1000).map(|n| format!("{n}|row {n}")).collect();
    let sql = "select id, v from bq.big order by id";
    assert_eq!(client.rows(sql), all);
    let asked = double.last_asked();
    assert_eq!(asked["labels"]["team"], "maps");
    assert_eq!(asked["labels"]["graticule_query"], asked["requestId"]);
    assert_eq!(asked["maximumBytesBilled"], "20000000");
    assert_eq!(
        (asked["useLegacySql"].as_bool(), asked["jobCreationMode"].as_str()),
        (Some(false), Some("JOB_CREATION_OPTIONAL"))
    );
    // A storm, answers that end in their middle, and an end of a page that is said to be all.
    for (word, faults) in [
        ("/queries", &[Fault::Busy; 5][..]),
        ("pageToken=300", &[Fault::Busy, Fault::Cut, Fault::Busy]),
        ("pageToken=500", &[Fault::Cut; 2]),
        ("/queries", &[Fault::Cut]),
    ] {
        double.fail(word, faults);
        assert_eq!(client.rows(sql), all, "{faults:?}");
        assert_eq!(double.left(), 0);
    }
    double.fail("pageToken=300", &[Fault::Garbled]);
    assert_eq!(client.query(sql).expect_err("half a page").state, "08006");
    // Pages that hold other rows than they should: told before the result is.
    for fault in [Fault::Short, Fault::Twice] {
        for word in ["/queries", "pageToken=300", "pageToken=900"] {
            double.fail(word, &[fault]);
            let failure = client.query(sql).expect_err("another number of rows");
            assert_eq!(failure.state, "08006", "{fault:?} {word}: {}", failure.message);
            assert_eq!(double.left(), 0);
        }
    }
    // A storm without an end.
    double.fail("pageToken=300", &[Fault::Busy; 8]);
    assert_eq!(client.query(sql).expect_err("busy").state, "53300");
    assert_eq!(client.rows(sql), all);
    // A cursor fetches what it is asked for.
    let before = double.count("pageToken=");
    client.simple("begin; declare c cursor for select id, v from bq.big order by id").expect("a cursor");
    assert_eq!(client.rows("fetch 150 c"), all[..150]);
    let pages = double.count("pageToken=") - before;
    assert!(pages < 9, "{pages} pages for 150 rows");
    assert_eq!(client.rows("fetch 900 c"), all[150..]);
    client.simple("commit").expect("ended");
}

#[test]
fn a_large_result_comes_page_by_page() {
    let Some(emulator) = Emulator::start() else { return };
    emulator.run(&[
        "create table public.large(id int64, v string, g geography)",
        "insert into public.large(id, v, g) select n, concat('row ', cast(n as string)), st_geogpoint(mod(n, 180), mod(n, 90)) \
         from unnest(generate_array(1, 20000)) as n",
    ]);
    let double = Double::start(emulator.port);
    let server = Graticule::serve("bq", &double.server("b", ", page_rows '1500'"));
    let mut client = server.client("bq");
    client.query("select graticule.attach('b', 'public', 'bq')").expect("attached");
    for (word, faults) in [
        ("pageToken=1500", &[Fault::Busy, Fault::Busy][..]),
        ("pageToken=9000", &[Fault::Cut]),
        ("pageToken=18000", &[Fault::Busy, Fault::Cut, Fault::Busy]),
    ] {
        double.fail(word, faults);
    }
    let found = client.query("select id, v, g from bq.large order by id").expect("all rows");
    assert_eq!((found.rows.len(), double.left()), (20_000, 0));
    for (n, row) in found.rows.iter().enumerate() {
        let text = |at: usize| row[at].as_deref().map(String::from_utf8_lossy).expect("a value").into_owned();
        assert_eq!((text(0), text(1)), ((n + 1).to_string(), format!("row {}", n + 1)));
    }
    assert_eq!(double.count("pageToken="), 13 + 6);
    // Finished here, it is all of them too.
    let sums = "select count(*), count(distinct id), sum(id), count(distinct st_astext(g)) from bq.large";
    assert_eq!(client.rows(sums), ["20000|20000|200010000|180"]);
}

#[test]
fn a_statement_that_would_cost_too_much_is_told_its_bytes() {
    let Some((_emulator, double)) = thousand() else { return };
    let server = Graticule::serve("bq", &double.server("b", ", maximum_bytes_billed '4000'"));
    let mut client = server.client("bq");
    client.query("select graticule.attach('b', 'public', 'bq')").expect("attached");
    let failure = client.query("select id, v from bq.big").expect_err("too many bytes");
    assert_eq!(failure.state, "53400", "{}", failure.message);
    assert_eq!(failure.detail.as_deref(), Some("It would read 65536 bytes; maximum_bytes_billed is 4000."));
    assert_eq!(double.last_asked()["dryRun"], true);
}

#[test]
fn what_bigquery_has_no_type_for_is_finished_here() {
    let Some(emulator) = Emulator::start() else { return };
    emulator.run(&[
        "create table public.r(id int64, f float64, s string)",
        "insert into public.r(id, f, s) values (1, 0.1, 'in 44 BC'), (2, 16777217, 'infinity'), (3, null, null)",
    ]);
    let server = Graticule::serve("bq", &emulator.server("b", ""));
    let mut client = server.client("bq");
    client.query("select graticule.attach('b', 'public', 'public')").expect("attached");
    // FLOAT64 is the only one there: a float4 is rounded here, as PostgreSQL rounds.
    for (sql, expected) in [
        ("select id, f::real from r order by id", &["1|0.1", "2|1.6777216e+07", "3|∅"][..]),
        ("select f::real::float8 from r where id < 3 order by 1", &["0.10000000149011612", "16777216"]),
        ("select id from r where f::real = 0.1::real", &["1"]),
        ("select id from r where f = 0.1::real", &[]),
        ("select sum(f::real), avg(f::real) from r where id = 2", &["1.6777216e+07|16777216"]),
        ("select f::real, count(*) from r group by 1 order by 1", &["0.1|1", "1.6777216e+07|1", "∅|1"]),
        ("select 1::real, id from r where f > 1", &["1|2"]),
    ] {
        assert_eq!(client.rows(sql), expected, "{sql}");
    }
    client.simple("set graticule.route = 'server'").expect("set");
    assert_eq!(client.query("select f::real from r").expect_err("not there").state, "0A000");
    client.simple("reset graticule.route").expect("reset");
    // What reads as a moment that BigQuery has not is a text all the same.
    client.simple("prepare t(text) as select id from r where s = $1").expect("prepared");
    assert_eq!(client.rows("execute t('in 44 BC')"), ["1"]);
    assert_eq!(client.rows("execute t('infinity')"), ["2"]);
}

#[test]
fn a_cancel_waits_for_no_answer() {
    let Some(emulator) = Emulator::start() else { return };
    emulator.run(&[
        "create table public.n(id int64)",
        "insert into public.n(id) select n from unnest(generate_array(1, 200)) as n",
    ]);
    let server = Graticule::serve("bq", &emulator.server("b", ""));
    let mut client = server.client("bq");
    client.query("select graticule.attach('b', 'public', 'public')").expect("attached");
    // The emulator says nothing before a statement is done, and cannot stop it.
    let slow = "select count(*) from n a cross join n b where (a.id + b.id) % 7 = 1";
    let plan = client.rows(&format!("explain {slow}")).join("\n");
    assert!(plan.contains("Route: Pushed"), "{plan}");
    client.simple("set statement_timeout = '500ms'").expect("set");
    assert_eq!(client.query(slow).expect_err("too slow").state, "57014");
    client.simple("reset statement_timeout").expect("reset");
    assert_eq!(client.rows("select count(*) from n"), ["200"]);
}

#[test]
fn a_cancel_is_seen_there() {
    let Some((_emulator, double)) = thousand() else { return };
    let server = Graticule::serve("bq", &double.server("b", ""));
    let mut client = server.client("bq");
    client.query("select graticule.attach('b', 'public', 'bq')").expect("attached");
    let slow = "select id from bq.big where v <> 'slow'";
    let start = Instant::now();
    client.simple("set statement_timeout = '700ms'").expect("set");
    assert_eq!(client.query(slow).expect_err("it never ends").state, "57014");
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(double.states().iter().filter(|state| **state == State::Cancelled).count(), 1, "the job is stopped");
    assert!(!double.states().contains(&State::Running));
    client.simple("reset statement_timeout").expect("reset");
    // A client that goes away.
    let port = server.port;
    let gone = std::thread::spawn(move || {
        let mut other = crate::support::Client::connect(port, "postgres", "bq").expect("a second session");
        let body = [slow.as_bytes(), b"\0"].concat();
        other.send(b'Q', &body);
        std::thread::sleep(Duration::from_millis(800));
        other.cut();
    });
    gone.join().expect("gone");
    let end = Instant::now() + Duration::from_secs(30);
    while double.states().contains(&State::Running) || double.states().len() < 2 {
        assert!(Instant::now() < end, "{:?}", double.states());
        std::thread::sleep(Duration::from_millis(50));
    }
    // Somebody else stops it.
    let waiting = std::thread::spawn(move || {
        let mut other = crate::support::Client::connect(port, "postgres", "bq").expect("a third session");
        other.query(slow).expect_err("it is stopped").state
    });
    while !double.states().contains(&State::Running) {
        std::thread::sleep(Duration::from_millis(20));
    }
    double.cancel_all();
    assert_eq!(waiting.join().expect("an answer"), "57014");
    assert_eq!(client.rows("select count(*) from bq.big"), ["1000"]);
}

/// A key of openssl's making: PKCS #8 in PEM, and the file of its public half.
fn key(folder: &std::path::Path) -> Option<(String, std::path::PathBuf)> {
    let (private, public) = (folder.join("key.pem"), folder.join("public.pem"));
    let run = |arguments: &[&str]| {
        std::process::Command::new("openssl").args(arguments).output().ok().filter(|done| done.status.success())
    };
    let made = run(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", private.to_str()?]);
    if made.is_none() || run(&["pkey", "-in", private.to_str()?, "-pubout", "-out", public.to_str()?]).is_none() {
        eprintln!("SKIPPED: openssl makes no key here");
        return None;
    }
    Some((std::fs::read_to_string(private).expect("a key"), public))
}

#[test]
fn a_token_that_ends_is_renewed() {
    let Some((_emulator, double)) = thousand() else { return };
    double.guard();
    let folder = std::env::temp_dir().join(format!("graticule-key-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let Some((pem, public)) = key(&folder) else { return };
    let key = serde_json::json!({ "type": "service_account", "client_email": "robot@test", "private_key": pem, "private_key_id": "k1",
                                  "token_uri": format!("http://127.0.0.1:{}/token", double.port) });
    let init = double
        .server("b", ", page_rows '100'")
        .replace("auth 'none'", &format!("key '{}'", key.to_string().replace('\'', "''")));
    let server = Graticule::serve("bq", &init);
    let mut client = server.client("bq");
    client.query("select graticule.attach('b', 'public', 'bq')").expect("attached");
    let all: Vec<String> = (1..=1000).map(|n| format!("{n}|row {n}")).collect();
    // The token ends between two pages.
    double.fail("pageToken=300", &[Fault::Expired]);
    assert_eq!(client.rows("select id, v from bq.big order by id"), all);
    assert_eq!(double.left(), 0);
    assert!(double.count("POST /token") >= 2);
    // What was signed is what the key signs.
    let assertion = double.assertion().expect("an assertion");
    let (signed, signature) = assertion.rsplit_once('.').expect("three parts");
    let decode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).expect("base64");
    let claims: serde_json::Value =
        serde_json::from_slice(&decode(signed.split_once('.').expect("two parts").1)).expect("claims");
    assert_eq!(
        (claims["iss"].as_str(), claims["scope"].as_str()),
        (Some("robot@test"), Some("https://www.googleapis.com/auth/bigquery"))
    );
    let (text, sign) = (folder.join("signed"), folder.join("signature"));
    std::fs::write(&text, signed).expect("written");
    std::fs::write(&sign, decode(signature)).expect("written");
    let verified = std::process::Command::new("openssl")
        .args(["dgst", "-sha256", "-verify"])
        .arg(&public)
        .arg("-signature")
        .arg(&sign)
        .arg(&text)
        .output()
        .expect("openssl runs");
    assert!(verified.status.success(), "{verified:?}");
    // One that is refused for good.
    double.fail("pageToken=300", &[Fault::Expired, Fault::Expired]);
    let refused = client.query("select id, v from bq.big order by id").expect_err("refused");
    assert_eq!(refused.state, "28000", "{}", refused.message);
    assert!(!refused.message.contains("token"), "{}", refused.message);
    // The key is nobody's to see.
    let seen = client.rows("select coalesce(umoptions::text, '') from pg_user_mappings");
    assert!(!seen.join("").contains("PRIVATE KEY"), "{seen:?}");
    let _ = std::fs::remove_dir_all(&folder);
}
