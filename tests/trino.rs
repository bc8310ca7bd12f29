//! Trino as a source: types, federation, conditions finished here, and trouble on the way.

mod expressions;
mod faults;
mod qgis;
mod spooling;
mod strings;

use crate::support::graticule::Graticule;
use crate::support::trino::{self, Trino};
use crate::support::{federated, postgres};

#[test]
fn tables_and_types_are_attached() {
    let Some(far) = trino::far() else { return };
    far.run(&[
        "CREATE SCHEMA memory.types",
        "CREATE TABLE memory.types.t(b boolean, i1 tinyint, i2 smallint, i4 integer, i8 bigint, r real, x double, n decimal(10,2), v varchar, \
         v3 varchar(3), c char(3), y varbinary, d date, t time(6), ts timestamp(6), ts9 timestamp(9), tz timestamp(3) with time zone, u uuid, \
         j json, a array(integer), w row(x integer, y varchar), m map(varchar, double), g geometry, s sphericalgeography, \
         iv interval day to second)",
        "CREATE VIEW memory.types.w AS SELECT i4, g FROM memory.types.t",
        "COMMENT ON TABLE memory.types.t IS 'things'",
    ]);
    let server = Graticule::serve("types", &far.server("tr"));
    let mut client = server.client("types");
    client.simple("select graticule.attach('tr', 'types', 'far')").expect("attached");
    assert_eq!(
        client.rows(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute \
             where attrelid = 'far.t'::regclass and attnum > 0 order by attnum"
        ),
        [
            "b|boolean",
            "i1|smallint",
            "i2|smallint",
            "i4|integer",
            "i8|bigint",
            "r|real",
            "x|double precision",
            "n|numeric(10,2)",
            "v|text",
            "v3|character varying(3)",
            "c|far.\"char(3)\"",
            "y|bytea",
            "d|date",
            "t|time without time zone",
            "ts|timestamp without time zone",
            "ts9|far.\"timestamp(9)\"",
            "tz|timestamp with time zone",
            "u|uuid",
            "j|jsonb",
            "a|jsonb",
            "w|jsonb",
            "m|jsonb",
            "g|geometry(Geometry,4326)",
            "s|geography(Geometry,4326)",
            "iv|far.\"interval day to second\"",
        ]
    );
    assert_eq!(client.rows("select relkind from pg_class where oid = 'far.w'::regclass"), ["v"]);
    assert_eq!(client.rows("select obj_description('far.t'::regclass)"), ["things"]);
    let missing = client.query("select graticule.attach('tr', 'nosuch')").expect_err("no such schema");
    assert_eq!(
        (missing.state.as_str(), missing.message.as_str()),
        ("3F000", "schema \"nosuch\" does not exist on server \"tr\"")
    );
    client
        .simple(
            "create schema imported; import foreign schema types limit to (t) from server tr into imported; \
             create foreign table imported.some(i4 int, g geometry) server tr options (schema_name 'types', table_name 't')",
        )
        .expect("imported");
    assert_eq!(
        client.rows("select relname, relkind from pg_class where relnamespace = 'imported'::regnamespace order by 1"),
        ["some|f", "t|f"]
    );
    // Nobody there, and a catalog that is not there.
    client.simple(&Trino::server_on("nobody", crate::support::free_port())).expect("options are not tried");
    assert_eq!(client.query("select graticule.attach('nobody')").expect_err("nobody").state, "08001");
    client.simple(&far.server("nocat").replace("catalog 'memory'", "catalog 'nosuch'")).expect("options are not tried");
    assert_eq!(client.query("select graticule.attach('nocat')").expect_err("no catalog").state, "3D000");
}

#[test]
fn rows_are_postgresqls() {
    let Some(far) = trino::far() else { return };
    far.run(&[
        "CREATE SCHEMA memory.rows",
        "CREATE TABLE memory.rows.t(id integer, n decimal(38,5), y varbinary, ts timestamp(6), tz timestamp(6) with time zone, d date, u uuid, \
         r real, x double, v varchar, o boolean, g geometry, j row(a integer, b varchar))",
        "INSERT INTO memory.rows.t VALUES (1, DECIMAL '123456789012345678901234567890123.00001', X'AA00', \
         TIMESTAMP '2020-01-02 03:04:05.678901', TIMESTAMP '2020-11-01 01:30:00.000001 America/New_York', DATE '2020-02-29', \
         UUID '00112233-4455-6677-8899-aabbccddeeff', 1.5, 0.1, 'it''s', true, ST_Point(1, 2), ROW(1, 'x'))",
        "INSERT INTO memory.rows.t VALUES (2, -0.01, X'', TIMESTAMP '-0005-01-01 00:00:00', TIMESTAMP '12020-01-01 00:00:00 UTC', \
         DATE '0000-12-31', NULL, nan(), -infinity(), '', false, ST_GeometryFromText('POINT EMPTY'), ROW(NULL, NULL))",
        "INSERT INTO memory.rows.t(id) VALUES (3)",
        "INSERT INTO memory.rows.t(id, g) VALUES (4, ST_GeometryFromText('MULTIPOLYGON EMPTY')), \
         (5, ST_GeometryFromText('GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(0 0, 1 1))'))",
    ]);
    let server = Graticule::serve("rows", &far.server("tr"));
    let mut client = server.client("rows");
    client.query("select graticule.attach('tr', 'rows', 'far')").expect("attached");
    let expected = [
        "1|123456789012345678901234567890123.00001|\\xaa00|2020-01-02 03:04:05.678901|2020-11-01 05:30:00.000001+00|2020-02-29|\
         00112233-4455-6677-8899-aabbccddeeff|1.5|0.1|it's|t|0101000020E6100000000000000000F03F0000000000000040|{\"a\": 1, \"b\": \"x\"}",
        "2|-0.01000|\\x|0006-01-01 00:00:00 BC|12020-01-01 00:00:00+00|0001-12-31 BC|∅|NaN|-Infinity||f|\
         0101000020E6100000000000000000F87F000000000000F87F|{\"a\": null, \"b\": null}",
        "3|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅",
        "4|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|0106000020E610000000000000|∅",
        "5|∅|∅|∅|∅|∅|∅|∅|∅|∅|∅|0107000020E61000000200000001010000000\
         00000000000F03F000000000000004001020000000200000000000000000000000000000000000000000000000000F03F000000000000F03F|∅",
    ];
    assert_eq!(client.rows("select * from far.t order by id"), expected);
    let plan = client.rows("explain select * from far.t order by id").join("\n");
    assert!(plan.contains("Route: Pushed") && plan.contains("Server: tr"), "{plan}");
    assert_eq!(
        client.rows("select id, st_astext(g), st_srid(g) from far.t where id in (1, 2) order by id"),
        ["1|POINT(1 2)|4326", "2|POINT EMPTY|4326"]
    );
    // A constant polygon keeps its ring: Trino would turn it.
    assert_eq!(
        client.rows("select id, st_astext('POLYGON((0 0,0 1,1 1,1 0,0 0))'::geometry) from far.t where id = 1"),
        ["1|POLYGON((0 0,0 1,1 1,1 0,0 0))"]
    );
    assert_eq!(
        client
            .rows("select id, coalesce(g, 'SRID=4326;POLYGON((0 0,0 1,1 1,1 0,0 0))') is null from far.t where id = 3"),
        ["3|f"]
    );
    client.simple("prepare p(int, text) as select id, v from far.t where id = $1 and v = $2").expect("prepared");
    assert_eq!(client.rows("execute p(1, 'it''s')"), ["1|it's"]);
    assert_eq!(client.rows("execute p(2, 'it''s')"), Vec::<String>::new());
    // Trino takes what stands beside OR into one list, and loses its NULL.
    client
        .simple("prepare l(int) as select id from far.t where id in (1, 2, $1) order by 1; prepare n(int) as select id from far.t where not (id <> 1 and id <> 2 and id <> $1) order by 1")
        .expect("prepared");
    for (name, four, none) in [("l", ["1", "2", "4"], ["1", "2"]), ("n", ["1", "2", "4"], ["1", "2"])] {
        assert_eq!(client.rows(&format!("execute {name}(4)")), four);
        assert_eq!(client.rows(&format!("execute {name}(null)")), none);
    }
    client.simple("prepare m(int) as select count(*) from far.t where id not in (1, 2, $1)").expect("prepared");
    assert_eq!([client.rows("execute m(4)"), client.rows("execute m(null)")], [["2"], ["0"]]);
    assert_eq!(
        client.rows("select count(*), sum(id), max(n) from far.t where v = 'it''s' or n < 0"),
        ["2|3|123456789012345678901234567890123.00001"]
    );
    client
        .simple("begin; declare a cursor for select id from far.t order by 1; declare b cursor for select id from far.t order by 1 desc")
        .expect("two cursors");
    assert_eq!(client.rows("fetch 2 a"), ["1", "2"]);
    assert_eq!(client.rows("fetch 2 b"), ["5", "4"]);
    assert_eq!(client.rows("fetch 1 a"), ["3"]);
    assert_eq!(client.rows("select count(*) from far.t"), ["5"]);
    client.simple("commit").expect("ended");
    for (sql, state) in [
        ("insert into far.t(id) values (9)", "0A000"),
        ("select 1 / (id - id) from far.t", "22012"),
        ("select id + 2147483647 from far.t", "22003"),
    ] {
        assert_eq!(client.query(sql).expect_err(sql).state, state, "{sql}");
    }
    // The table changes behind our back.
    far.run(&["DROP TABLE memory.rows.t", "CREATE TABLE memory.rows.t(id varchar)"]);
    assert_eq!(client.query("select id from far.t").expect_err("drift").state, "0A000");
    assert_eq!(client.query("select v from far.t").expect_err("drift").state, "42703");
}

/// Points in rings around New York, at 490 to 510 metres in every direction, and some far away: (id, x, y).
fn ring() -> Vec<(usize, f64, f64)> {
    let mut points = Vec::new();
    for n in 0..400 {
        let (angle, metres) = (n as f64 * 0.9, 490.0 + (n % 41) as f64 * 0.5);
        let x = -74.006 + metres * angle.cos() / 84_500.0;
        let y = 40.7128 + metres * angle.sin() / 111_050.0;
        points.push((points.len(), x, y));
    }
    for n in 0..600 {
        points.push((points.len(), -180.0 + (n % 60) as f64 * 6.0, -84.0 + (n / 60) as f64 * 18.0));
    }
    points
}

#[test]
fn a_weaker_condition_is_pushed_and_finished_here() {
    let (Some(far), Some(oracle)) = (trino::far(), postgres::shared()) else { return };
    far.run(&["CREATE SCHEMA memory.weak", "CREATE TABLE memory.weak.p(id integer, geom geometry)"]);
    let points: Vec<String> = ring().iter().map(|(id, x, y)| format!("({id}, ST_Point({x:?}e0, {y:?}e0))")).collect();
    for part in points.chunks(250) {
        far.run(&[&format!("INSERT INTO memory.weak.p VALUES {}", part.join(", "))]);
    }
    // What stands between points: nothing and EMPTY; and other kinds, where planar conditions are tried.
    far.run(&[
        "INSERT INTO memory.weak.p VALUES (2000, NULL), (2001, ST_GeometryFromText('POINT EMPTY'))",
        "CREATE TABLE memory.weak.q AS SELECT * FROM memory.weak.p",
        "INSERT INTO memory.weak.q VALUES (2002, ST_GeometryFromText('LINESTRING(-74.01 40.71,-74 40.72)')), \
         (2003, ST_GeometryFromText('POLYGON((-74.1 40.7,-74 40.7,-74 40.8,-74.1 40.7))')), \
         (2004, ST_GeometryFromText('GEOMETRYCOLLECTION(POINT(-74.006 40.7128))')), \
         (2005, ST_GeometryFromText('MULTIPOLYGON EMPTY'))",
    ]);
    let server = Graticule::serve("weak", &far.server("tr"));
    let mut client = server.client("weak");
    client.query("select graticule.attach('tr', 'weak', 'far')").expect("attached");
    // The oracle gets what lives there.
    let mut script = String::new();
    for (table, count) in [("p", ring().len() + 2), ("q", ring().len() + 6)] {
        let stored = client.rows(&format!("select quote_nullable(id), quote_nullable(geom::text) from far.{table}"));
        assert_eq!(stored.len(), count);
        let values: Vec<String> = stored.iter().map(|row| format!("({})", row.replacen('|', ", ", 1))).collect();
        script.push_str(&format!(
            "create table {table}(id int, geom geometry(Geometry,4326)); \
             insert into {table} select i::int, g::geometry from (values {}) v(i, g);",
            values.join(", ")
        ));
    }
    oracle.database("trino_weak", &script);
    let mut there = oracle.client("trino_weak");
    let here = "'SRID=4326;POINT(-74.006 40.7128)'::geography";
    for condition in [
        format!("st_dwithin(geom::geography, {here}, 500)"),
        format!("st_dwithin(geom::geography, {here}, 505.5) and id % 2 = 0"),
        format!("not st_dwithin(geom::geography, {here}, 500)"),
        format!("st_dwithin(geom::geography, {here}, 500) or id > 900"),
        "st_intersects(geom, 'SRID=4326;POLYGON((-74.01 40.70,-74 40.70,-74.006 40.7128,-74.01 40.70))')".to_owned(),
        "geom && 'SRID=4326;POLYGON((-75 40,-73 40,-73 41,-75 41,-75 40))'::geometry".to_owned(),
        "st_dwithin(geom, 'SRID=4326;POINT(-74.006 40.7128)', 0.005)".to_owned(),
        "st_within(geom, 'SRID=4326;POLYGON((-180 -90,0 -90,0 0,-180 0,-180 -90))')".to_owned(),
        "st_equals(geom, 'SRID=4326;POINT EMPTY')".to_owned(),
        "st_disjoint(geom, 'SRID=4326;POINT(-74.006 40.7128)')".to_owned(),
        "st_touches(geom, 'SRID=4326;LINESTRING(-74 40.72,-74 40)')".to_owned(),
        "st_isempty(geom) or st_xmin(geom) > 170".to_owned(),
    ] {
        let table = if condition.contains("geography") { "p" } else { "q" };
        let sql = |schema: &str| format!("select id from {schema}.{table} where {condition} order by id");
        assert_eq!(client.rows(&sql("far")), there.rows(&sql("public")), "{condition}");
    }
    let plan = client
        .rows(&format!("explain analyze select id from far.p where st_dwithin(geom::geography, {here}, 500)"))
        .join("\n");
    let number = |name: &str| -> usize {
        let at = plan.find(name).unwrap_or_else(|| panic!("no {name} in {plan}")) + name.len();
        plan[at..]
            .trim_start_matches([':', ' '])
            .split(|c: char| !c.is_ascii_digit())
            .next()
            .unwrap_or_default()
            .parse()
            .expect("a number")
    };
    let kept: usize = there.rows(&format!("select count(*) from p where st_dwithin(geom::geography, {here}, 500)"))[0]
        .parse()
        .expect("a count");
    assert_eq!(number("Rows kept"), kept, "{plan}");
    let fetched = number("Rows fetched");
    assert!(fetched > kept && fetched < 450, "{plan}");
    assert!(plan.contains("Rechecked conditions: 1"), "{plan}");
}

#[test]
fn a_join_of_trino_geoparquet_and_postgis_equals_one_engine() {
    let (Some(far), Some(oracle)) = (trino::far(), postgres::shared()) else { return };
    let zones = federated::zones(&|wkt| format!("ST_GeometryFromText('{wkt}')"));
    far.run(&[
        "CREATE SCHEMA memory.fed",
        "CREATE TABLE memory.fed.zones(id integer, name varchar, geom geometry)",
        &format!("INSERT INTO memory.fed.zones VALUES {zones}"),
    ]);
    federated::equals_one_engine(oracle, "trino_fed", &far.server("tr"), "tr", "fed");
}

#[test]
fn arrays_series_and_parameters() {
    let Some(far) = trino::far() else { return };
    far.run(&[
        "CREATE SCHEMA memory.arrays",
        "CREATE TABLE memory.arrays.t AS SELECT CAST(n AS integer) AS id, CAST(nullif(n % 4, 0) AS integer) AS zone, 'n' || CAST(n AS varchar) AS name, \
         JSON '[1, {\"a\": 2}]' AS j FROM UNNEST(sequence(1, 9)) AS s(n)",
    ]);
    let server = Graticule::serve("trino_arrays", &far.server("tr"));
    let mut client = server.client("trino_arrays");
    client.simple("select graticule.attach('tr', 'arrays', 'far')").expect("attached");
    for (sql, expected) in [
        (
            "select zone, array_agg(id order by id desc), array_agg(name order by id), cardinality(array_agg(id order by id)) from far.t \
             group by zone order by zone",
            vec!["1|{9,5,1}|{n1,n5,n9}|3", "2|{6,2}|{n2,n6}|2", "3|{7,3}|{n3,n7}|2", "∅|{8,4}|{n4,n8}|2"],
        ),
        (
            "select (array_agg(id order by id))[2], (array_agg(id order by id))[0], (array_agg(id order by id))[99], array_agg(zone order by id) \
             from far.t",
            vec!["2|∅|∅|{1,2,3,NULL,1,2,3,NULL,1}"],
        ),
        ("select array_agg(id order by id), count(*) from far.t where id < 0", vec!["∅|0"]),
        (
            "select t.id, g.x from far.t join generate_series(2, 3) g(x) on t.zone = g.x order by 1",
            vec!["2|2", "3|3", "6|2", "7|3"],
        ),
        ("select sum(jsonb_array_length(j)) from far.t", vec!["18"]),
        ("select distinct on (zone) zone, id from far.t order by zone desc, id desc limit 2", vec!["∅|8", "3|7"]),
        ("select id from far.t order by zone fetch first 2 rows with ties", vec!["1", "5", "9"]),
    ] {
        let plan = client.rows(&format!("explain {sql}")).join("\n");
        let mut found = client.rows(sql);
        if sql.contains("ties") {
            found.sort();
        }
        assert_eq!(found, expected, "{sql}\n{plan}");
        assert!(plan.contains("Route: Pushed"), "{sql}\n{plan}");
    }
    client
        .simple("prepare p(int[], int) as select id from far.t where zone = any ($1) order by id limit $2")
        .expect("prepared");
    assert_eq!(client.rows("execute p('{1,3}', 3)"), ["1", "3", "5"]);
    assert_eq!(client.rows("execute p('{2,null}', null)"), ["2", "6"]);
    assert_eq!(client.rows("execute p('{}', 3)"), Vec::<String>::new());
}
