//! DuckDB against PostGIS: the 550 expressions, not folded, over a table that lies in DuckDB, and generated statements over tables that
//! lie in both. What is answered is PostGIS's answer; what is not is refused.

use std::fmt::Write;

use crate::corpus::expressions;
use crate::generator::Dice;
use crate::support::differential::{Report, compare};
use crate::support::duckdb::{self, File};
use crate::support::graticule::Graticule;
use crate::support::{Client, postgres};

/// A column: its name, PostgreSQL's type, DuckDB's.
type Column = (&'static str, &'static str, &'static str);

/// A table with its rows, values as PostgreSQL literals; geometries are WKT without SRID, in the SRID of the column.
struct Table {
    name: &'static str,
    columns: Vec<Column>,
    rows: Vec<Vec<Option<String>>>,
}

impl Table {
    fn srid(ty: &str) -> Option<&str> {
        let inner = ty.strip_prefix("geometry").or_else(|| ty.strip_prefix("geography"))?;
        Some(inner.trim_matches(['(', ')']).split(',').nth(1).unwrap_or("0"))
    }

    fn postgres(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(|(name, ty, _)| format!("{name} {ty}")).collect();
        let mut sql = format!("create table {}({});", self.name, columns.join(", "));
        for row in &self.rows {
            let values: Vec<String> = row
                .iter()
                .zip(&self.columns)
                .map(|(value, (_, ty, _))| match (value, Table::srid(ty)) {
                    (None, _) => "null".to_owned(),
                    (Some(value), Some(srid)) => format!("'SRID={srid};{value}'"),
                    (Some(value), None) => format!("'{value}'"),
                })
                .collect();
            let _ = write!(sql, "insert into {} values ({});", self.name, values.join(", "));
        }
        sql
    }

    fn duckdb(&self) -> Vec<String> {
        let columns: Vec<String> = self.columns.iter().map(|(name, _, ty)| format!("{name} {ty}")).collect();
        let values = |row: &Vec<Option<String>>| {
            let values: Vec<String> = row
                .iter()
                .map(|value| value.as_ref().map_or("null".to_owned(), |value| format!("'{value}'")))
                .collect();
            format!("({})", values.join(", "))
        };
        let rows: Vec<String> = self.rows.iter().map(values).collect();
        vec![
            format!("create table {}({})", self.name, columns.join(", ")),
            format!("insert into {} values {}", self.name, rows.join(", ")),
        ]
    }
}

fn some(text: impl ToString) -> Option<String> {
    Some(text.to_string())
}

const ID: Column = ("id", "int", "integer");
const POINT: Column = ("geom", "geometry(Point,4326)", "geometry('EPSG:4326')");
const ANY: Column = ("geom", "geometry(Geometry,4326)", "geometry('EPSG:4326')");
const LINE: Column = ("geom", "geometry(LineString,4326)", "geometry('EPSG:4326')");

/// What the generated statements read.
fn tables() -> Vec<Table> {
    let mut d = Dice(20_240_229);
    let mut spots = Vec::new();
    for id in 1..=120 {
        let null = |d: &mut Dice, value: String| if d.roll(9) == 0 { None } else { Some(value) };
        let (x, y) = (d.roll(41) as f64 / 2.0 - 5.0, d.roll(41) as f64 / 2.0 - 5.0);
        let geom = match d.roll(20) {
            0 => None,
            1 => some("POINT EMPTY"),
            _ => some(format!("POINT({x} {y})")),
        };
        let name = d.pick(&["alpha", "Beta", "", "gamma ray", "éclair", "a_b%c", "zeta", "alp", "ALPHA"]).to_owned();
        let v = d.pick(&["0.5", "-1.25", "0", "1e10", "3.75", "100", "-0.001"]).to_owned();
        let n = format!("{}.{:02}", d.roll(200) as i64 - 100, d.roll(100));
        let q = d.pick(&["0", "7", "-3", "9007199254740993", "42"]).to_owned();
        let day = format!("20{:02}-{:02}-{:02}", 10 + d.roll(15), 1 + d.roll(12), 1 + d.roll(28));
        let time =
            format!("{:02}:{:02}:{:02}.{:06}", d.roll(24), d.roll(60), d.roll(60), d.roll(2) * d.roll(1_000_000));
        spots.push(vec![
            some(id),
            null(&mut d, (id % 7).to_string()),
            null(&mut d, name),
            null(&mut d, v),
            null(&mut d, n),
            null(&mut d, q),
            null(&mut d, day.clone()),
            null(&mut d, format!("{day} {time}")),
            null(&mut d, format!("{day} {time}+00")),
            {
                let value = if d.roll(2) == 0 { "true" } else { "false" };
                null(&mut d, value.to_owned())
            },
            geom,
        ]);
    }
    let areas = [
        Some("POLYGON((0 0,4 0,4 4,0 4,0 0))"),
        Some("POLYGON((4 0,8 0,8 4,4 4,4 0))"),
        Some("POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,8 2,8 8,2 8,2 2))"),
        Some("POLYGON((3 3,6 3,6 6,3 6,3 3))"),
        Some("MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)),((5 5,6 5,6 6,5 6,5 5)))"),
        Some("POLYGON((-5 -5,15 -5,5 15,-5 -5))"),
        Some("LINESTRING(0 0,5 5,10 0)"),
        Some("POINT(3 3)"),
        Some("MULTIPOINT((0 0),(4 4),(20 20))"),
        Some("POLYGON EMPTY"),
        Some("GEOMETRYCOLLECTION EMPTY"),
        Some("MULTILINESTRING((0 0,4 4),(8 0,8 8))"),
        None,
        Some("POLYGON((0 0,0 4,4 4,4 0,0 0))"),
        // No point of it on a line: PostGIS itself says TRUE or FALSE then, as it has prepared the line or not.
        Some("GEOMETRYCOLLECTION(POINT(1 1.5),LINESTRING(8 8,9 9))"),
    ];
    let paths = [
        Some("LINESTRING(0 0,3 4,3 8)"),
        Some("LINESTRING(0 0,10 0)"),
        Some("LINESTRING(0 4,4 4,4 0)"),
        Some("LINESTRING(0 0,1 0,1 1,0 0)"),
        Some("LINESTRING EMPTY"),
        None,
        Some("LINESTRING(-5 5,15 5)"),
        Some("LINESTRING(2 -3,2 12)"),
    ];
    let solids = [
        Some("POINT Z (1 2 3)"),
        Some("LINESTRING Z (0 0 1,3 4 2,3 8 9)"),
        Some("POLYGON Z ((0 0 1,4 0 1,4 4 2,0 4 1,0 0 1))"),
        Some("POINT Z EMPTY"),
        None,
    ];
    let parcels = [
        Some("POLYGON((0 0,10 0,10 10,0 10,0 0))"),
        Some("POLYGON((10 0,20 0,20 10,10 10,10 0))"),
        Some("POLYGON((0 20,10 20,10 30,0 30,0 20),(2 22,4 22,4 24,2 24,2 22))"),
        Some("POLYGON EMPTY"),
        None,
    ];
    let plain = |rows: &[Option<&str>], names: &[&str]| -> Vec<Vec<Option<String>>> {
        let row =
            |(n, wkt): (usize, &Option<&str>)| vec![some(n + 1), some(names[n % names.len()]), wkt.map(str::to_owned)];
        rows.iter().enumerate().map(row).collect()
    };
    let name = ("name", "text", "varchar");
    vec![
        Table {
            name: "spots",
            columns: vec![
                ID,
                ("zone", "int", "integer"),
                name,
                ("v", "float8", "double"),
                ("n", "numeric(10,2)", "decimal(10,2)"),
                ("q", "bigint", "bigint"),
                ("d", "date", "date"),
                ("ts", "timestamp", "timestamp"),
                ("tz", "timestamptz", "timestamptz"),
                ("b", "bool", "boolean"),
                POINT,
            ],
            rows: spots,
        },
        Table { name: "areas", columns: vec![ID, name, ANY], rows: plain(&areas, &["alpha", "Beta", "zeta"]) },
        Table { name: "paths", columns: vec![ID, name, LINE], rows: plain(&paths, &["alpha", "", "x"]) },
        Table {
            name: "solids",
            columns: vec![ID, name, ("geom", "geometry(GeometryZ,4326)", "geometry('EPSG:4326')")],
            rows: plain(&solids, &["alpha", "z"]),
        },
        Table {
            name: "lots",
            columns: vec![ID, name, ("geom", "geometry(Polygon,3857)", "geometry('EPSG:3857')")],
            rows: plain(&parcels, &["alpha", "b"]),
        },
    ]
}

/// Both sides: our server over DuckDB's file, attached as `public`, and the oracle.
struct Sides {
    server: Graticule,
    oracle: Client,
    _file: File,
}

fn sides(database: &str, there: &str, here: &[String]) -> Option<Sides> {
    let (far, oracle) = (duckdb::far()?, postgres::shared()?);
    let statements: Vec<&str> = here.iter().map(String::as_str).collect();
    let file = far.file(&statements);
    oracle.database(database, &format!("create extension if not exists postgis; {there}"));
    let attach = "select graticule.attach('d', 'main', 'public');";
    let server = Graticule::serve(database, &format!("{} {attach}", far.server("d", &file)));
    Some(Sides { server, oracle: oracle.client(database), _file: file })
}

fn run(
    suite: &str,
    settings: &str,
    sides: &mut Sides,
    database: &str,
    cases: impl Iterator<Item = (String, String, bool)>,
) -> Report {
    let mut ours = sides.server.client(database);
    ours.simple(settings).expect("the settings exist");
    let (mut report, mut pushed) = (Report::default(), 0);
    for (id, sql, ordered) in cases {
        let expected = sides.oracle.query(&sql);
        let found = ours.query(&sql);
        if found.as_ref().is_err_and(|failure| failure.state == "closed") {
            ours = sides.server.client(database);
        }
        let plan = ours.query(&format!("explain {sql}")).map(|set| set.text().join("\n")).unwrap_or_default();
        let verdict = compare(&found, &expected, ordered, &mut sides.oracle);
        pushed += usize::from(plan.contains("which can run all of it"));
        report.add(&id, &sql, verdict);
    }
    println!("{suite}: {pushed} whole in DuckDB");
    report
}

/// The fixture's tables as DuckDB has them; `one` carries the expressions that read no table.
fn fixture() -> Vec<String> {
    let text = include_str!("../compat/postgis_fixture.sql");
    let mut out = vec!["create table one(one integer)".to_owned(), "insert into one values (1)".to_owned()];
    let ddl = [
        "create table places(id integer primary key, name varchar, kind varchar, pop bigint, geom geometry('EPSG:4326'), geog geometry('EPSG:4326'))",
        "create table roads(id integer primary key, cls varchar, geom geometry('EPSG:4326'))",
        "create table parcels(id integer primary key, owner varchar, geom geometry('EPSG:3857'))",
        "create table shapes(id integer primary key, label varchar, geom geometry)",
    ];
    out.extend(ddl.map(str::to_owned));
    for statement in text.split(";\n") {
        let statement = statement.trim();
        if !statement.starts_with("INSERT INTO") {
            continue;
        }
        let statement = statement
            .replace("ST_SetSRID(ST_MakePoint(x,y),4326)::geography", "ST_SetCRS(ST_Point(x,y),'EPSG:4326')")
            .replace("ST_SetSRID(ST_MakePoint(x,y),4326)", "ST_SetCRS(ST_Point(x,y),'EPSG:4326')")
            .replace("SRID=4326;", "")
            .replace("SRID=3857;", "");
        out.push(statement);
    }
    out
}

/// The column `geog` as what it is in DuckDB, cast.
fn geography_column(sql: &str) -> String {
    let mut out = String::new();
    let mut rest = sql;
    while let Some(at) = rest.find("geog") {
        let (before, after) = (&rest[..at], &rest[at + 4..]);
        let inside = |c: char| c.is_alphanumeric() || c == '_';
        let whole = !before.ends_with(inside) && !after.starts_with(inside);
        out.push_str(before);
        out.push_str(if whole { "geog::geography" } else { "geog" });
        rest = after;
    }
    out + rest
}

#[test]
fn expressions_over_duckdb() {
    // What DuckDB says of its columns: no kind of geometry, and no geography.
    let there = format!(
        "{}; create table one(one int); insert into one values (1);
         alter table places alter geom type geometry(Geometry,4326), alter geog type geometry(Geometry,4326) using geog::geometry;
         alter table roads alter geom type geometry(Geometry,4326);
         alter table parcels alter geom type geometry(Geometry,3857);",
        include_str!("../compat/postgis_fixture.sql")
    );
    let Some(mut sides) = sides("duckdb_expressions", &there, &fixture()) else { return };
    let over_one = |sql: String| {
        let scanned = pg_query::scan(&sql).expect("a statement");
        let reads = |token: &pg_query::protobuf::ScanToken| {
            token.token == pg_query::protobuf::Token::From as i32
                || token.token == pg_query::protobuf::Token::With as i32
        };
        let plain = sql.starts_with("SELECT") && !scanned.tokens.iter().any(reads);
        let sql = if plain { format!("{sql} FROM one") } else { sql };
        geography_column(&sql)
    };
    let cases = expressions().into_iter().map(|expression| (expression.id, over_one(expression.sql), true));
    let report = run("duckdb-expressions", "set graticule.fold = off", &mut sides, "duckdb_expressions", cases);
    report.check("duckdb-expressions", 468);
}

fn number(d: &mut Dice, t: &str, depth: usize) -> String {
    if depth == 0 {
        return match d.roll(9) {
            0 | 1 => format!("{t}.id"),
            2 => format!("{t}.zone"),
            3 => format!("{t}.v"),
            4 => format!("{t}.n"),
            5 => format!("{t}.q"),
            6 => d.pick(&["0", "1", "-2", "3", "1.5", "2.5::float8"]).to_owned(),
            _ => format!("{t}.zone"),
        };
    }
    let (a, b) = (number(d, t, depth - 1), number(d, t, depth - 1));
    let int = |d: &mut Dice| d.pick(&["zone", "id", "id"]).to_owned();
    match d.roll(22) {
        0 => format!("({a} + {b})"),
        1 => format!("({a} - {b})"),
        2 => format!("({}.{} * {b})", t, int(d)),
        3 => format!("({a} / {b})"),
        4 => format!("({t}.{} % {})", int(d), d.pick(&["3", "0", "-2", "7"])),
        5 => format!("abs({a})"),
        6 => format!("coalesce({a}, {b})"),
        7 => format!("nullif({a}, {b})"),
        8 => format!("greatest({a}, {b})"),
        9 => format!("case when {} then {a} else {b} end", condition(d, t, depth - 1)),
        10 => format!("length({})", text(d, t, depth - 1)),
        11 => format!("round({t}.n, {})", d.roll(3)),
        12 => format!("floor({t}.v)"),
        13 => format!(
            "extract({} from {t}.{})",
            d.pick(&["year", "month", "day", "dow", "hour", "epoch", "doy"]),
            d.pick(&["d", "ts", "tz"])
        ),
        14 => format!("{t}.v::int"),
        15 => format!("({t}.d - date '2015-06-01')"),
        16 => format!("strpos({}, 'a')", text(d, t, 0)),
        17 => format!("sqrt(abs({t}.v))"),
        18 => format!("-{a}"),
        19 => format!("ceil({t}.n)"),
        20 => format!("{t}.n::float8"),
        _ => format!("st_{}({t}.geom)", d.pick(&["x", "y", "xmax", "ymin", "npoints", "srid"])),
    }
}

fn text(d: &mut Dice, t: &str, depth: usize) -> String {
    if depth == 0 {
        return match d.roll(5) {
            0 => d.pick(&["'x'", "''", "'Al'", "null::text"]).to_owned(),
            _ => format!("{t}.name"),
        };
    }
    let (a, b) = (text(d, t, depth - 1), text(d, t, depth - 1));
    match d.roll(17) {
        0 => format!("({a} || {b})"),
        1 => format!("upper({a})"),
        2 => format!("lower({a})"),
        3 => format!("substr({a}, {}, 2)", d.roll(4)),
        4 => format!("left({a}, {})", d.roll(5) as i32 - 2),
        5 => format!("replace({a}, 'a', {b})"),
        6 => format!("coalesce({a}, {b})"),
        7 => format!("{t}.{}::text", d.pick(&["id", "q", "n", "d", "ts", "b", "v"])),
        8 => format!("concat({a}, {t}.id, {b})"),
        9 => format!("lpad({a}, 4, '*')"),
        10 => format!("split_part({a}, 'a', 1)"),
        11 => format!("btrim({a}, 'ae')"),
        12 => format!("reverse({a})"),
        13 => format!("to_char({t}.ts, 'YYYY-MM-DD HH24:MI')"),
        14 => format!("regexp_replace({a}, '[aeiou]', '#', 'g')"),
        15 => format!("st_astext({t}.geom)"),
        _ => format!("geometrytype({t}.geom)"),
    }
}

fn condition(d: &mut Dice, t: &str, depth: usize) -> String {
    if depth == 0 {
        return match d.roll(6) {
            0 => format!("{t}.b"),
            1 => format!("{t}.zone > {}", d.roll(7)),
            2 => format!("{t}.name is null"),
            3 => format!("{t}.v < 1"),
            4 => format!("st_isempty({t}.geom)"),
            _ => format!("{t}.id % 3 = 0"),
        };
    }
    match d.roll(16) {
        0 => format!("({} and {})", condition(d, t, depth - 1), condition(d, t, depth - 1)),
        1 => format!("({} or {})", condition(d, t, depth - 1), condition(d, t, depth - 1)),
        2 => format!("(not {})", condition(d, t, depth - 1)),
        3 => format!("({} {} {})", number(d, t, depth - 1), d.pick(&["<", "=", "<>", ">="]), number(d, t, depth - 1)),
        4 => format!("({} {} {})", text(d, t, depth - 1), d.pick(&["<", "=", "<>", ">="]), text(d, t, depth - 1)),
        5 => format!(
            "({} {} '%{}%')",
            text(d, t, 0),
            d.pick(&["like", "ilike", "not like"]),
            d.pick(&["a", "B", "_", "é"])
        ),
        6 => format!("({} ~ '{}')", text(d, t, 0), d.pick(&["^[a-c]", "a$", "l.h", "^$", "[0-9]+"])),
        7 => format!("({t}.zone in (1, 2, {}))", d.pick(&["3", "null", "id"])),
        8 => format!("({t}.v between -1 and {})", number(d, t, 0)),
        9 => format!("({} is distinct from {})", number(d, t, 0), number(d, t, 0)),
        10 => format!("({t}.{} {} '2018-06-01')", d.pick(&["d", "ts", "tz"]), d.pick(&["<", ">=", "="])),
        11 => format!("({t}.b is not true)"),
        12 => format!("({t}.ts >= timestamp '2012-01-01' + interval '{}')", d.pick(&["1 day", "3 months", "36 hours"])),
        _ => {
            let constant = constant(d);
            spatial(d, &format!("{t}.geom"), &constant)
        }
    }
}

/// A constant geometry.
fn constant(d: &mut Dice) -> String {
    let srid = if d.roll(40) == 0 { "3857" } else { "4326" };
    let wkt = d.pick(&[
        "POLYGON((0 0,4 0,4 4,0 4,0 0))",
        "POLYGON((3.3 3.1,7.7 2,8 8,3.3 3.1))",
        "POINT(4 4)",
        "POINT(0.5 2)",
        "LINESTRING(0 0,10 10)",
        "POLYGON EMPTY",
        "POINT EMPTY",
        "MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)),((5 5,9 5,9 9,5 9,5 5)))",
        "POLYGON((0 0,10 0,10 10,0 10,0 0),(2 2,8 2,8 8,2 8,2 2))",
        "POINT Z (1 2 3)",
    ]);
    match d.roll(8) {
        0 => "st_makeenvelope(1, 1, 6, 6, 4326)".to_owned(),
        1 => "null::geometry".to_owned(),
        _ => format!("'SRID={srid};{wkt}'::geometry"),
    }
}

fn spatial(d: &mut Dice, a: &str, b: &str) -> String {
    let (a, b) = if d.roll(4) == 0 { (b, a) } else { (a, b) };
    match d.roll(18) {
        0..=2 => format!("st_intersects({a}, {b})"),
        3 => format!("st_contains({a}, {b})"),
        4 => format!("st_within({a}, {b})"),
        5 => format!("st_covers({a}, {b})"),
        6 => format!("st_coveredby({a}, {b})"),
        7 => format!("st_disjoint({a}, {b})"),
        8 => format!("st_touches({a}, {b})"),
        9 => format!("st_dwithin({a}, {b}, {})", d.pick(&["0", "1", "2.5", "-1"])),
        10 | 11 => format!("{a} && {b}"),
        12 => format!("st_equals({a}, {b})"),
        13 => format!("st_distance({a}, {b}) < {}", d.pick(&["1", "3.5"])),
        14 => format!("st_crosses({a}, {b})"),
        15 => format!("st_overlaps({a}, {b})"),
        16 => format!("{a} = {b}"),
        _ => format!("st_dwithin({a}::geography, {b}::geography, {})", d.pick(&["100000", "400000"])),
    }
}

/// A value of one geometry.
fn of_geometry(d: &mut Dice, g: &str) -> String {
    match d.roll(36) {
        0 => format!("st_area({g})"),
        1 => format!("st_length({g})"),
        2 => format!("st_perimeter({g})"),
        3 => format!("st_astext({g})"),
        4 => format!("st_asewkt({g})"),
        5 => format!("geometrytype({g})"),
        6 => format!("st_geometrytype({g})"),
        7 => format!("st_npoints({g})"),
        8 => format!("st_numgeometries({g})"),
        9 => format!("st_dimension({g})"),
        10 => format!("st_isvalid({g})"),
        11 => format!("st_astext(st_centroid({g}))"),
        12 => format!("st_astext(st_envelope({g}))"),
        13 => format!("st_astext(st_boundary({g}))"),
        14 => format!("st_astext(st_convexhull({g}))"),
        15 => format!("st_asgeojson({g})"),
        16 => format!("st_xmin({g}) + st_ymax({g})"),
        17 => format!("st_distance({g}, {})", constant(d)),
        18 => format!("st_area(st_intersection({g}, {}))", constant(d)),
        19 => format!("st_astext(st_translate({g}, 1, -2))"),
        20 => format!("st_srid({g})"),
        21 => format!("st_issimple({g})"),
        22 => format!("st_area(st_buffer({g}, 1))"),
        23 => format!("st_astext(st_reverse({g}))"),
        24 => format!("st_astext(st_multi({g}))"),
        25 => format!("st_isempty({g})"),
        26 => format!("st_astext(st_geometryn({g}, 1))"),
        27 => format!("st_numpoints({g})"),
        28 => format!("st_x(st_pointonsurface({g})) is null"),
        29 => format!("st_astext(st_flipcoordinates({g}))"),
        30 => format!("st_length({g}::geography)"),
        31 => format!("st_geohash(st_centroid({g}), 6)"),
        32 => format!("quadbin_fromgeogpoint(st_centroid({g}), 7)"),
        33 => format!("h3_lat_lng_to_cell(st_centroid({g}), 4)"),
        34 => format!("st_astext(st_simplify({g}, 0.5))"),
        _ => format!("st_zmax({g})"),
    }
}

fn aggregate(d: &mut Dice, t: &str) -> String {
    match d.roll(20) {
        0 => "count(*)".to_owned(),
        1 => format!("count(distinct {t}.zone)"),
        2 => format!("sum({t}.id)"),
        3 => format!("sum({t}.n)"),
        4 => format!("avg({t}.zone)"),
        5 => format!("min({t}.name)"),
        6 => format!("max({t}.ts)"),
        7 => format!("string_agg({t}.name, ',' order by {t}.id)"),
        8 => format!("array_agg({t}.zone order by {t}.id desc)"),
        9 => format!("bool_and({})", condition(d, t, 1)),
        10 => format!("count({t}.v) filter (where {})", condition(d, t, 1)),
        11 => format!("avg({t}.n)"),
        12 => format!("percentile_cont(0.5) within group (order by {t}.zone)"),
        13 => format!("max({t}.v)"),
        14 => format!("min({t}.d)"),
        15 => format!("st_extent({t}.geom)"),
        16 => format!("st_npoints(st_collect({t}.geom))"),
        17 => format!("st_npoints(st_union({t}.geom))"),
        18 => format!("sum({t}.q)"),
        _ => format!("round(avg({t}.v)::numeric, 6)"),
    }
}

fn layer(d: &mut Dice) -> &'static str {
    ["areas", "paths", "solids", "lots", "spots", "areas"][d.roll(6)]
}

/// The `n`-th statement and whether its order is fixed.
fn statement(n: usize) -> (String, bool) {
    let mut d = Dice(n as u64 * 104_729 + 71);
    for _ in 0..5 {
        d.roll(2);
    }
    let depth = 1 + d.roll(2);
    match d.roll(18) {
        0..=2 => {
            let items: Vec<String> = (0..1 + d.roll(3))
                .map(|_| match d.roll(3) {
                    0 => number(&mut d, "s", depth),
                    1 => text(&mut d, "s", depth),
                    _ => condition(&mut d, "s", 1),
                })
                .collect();
            (
                format!(
                    "select s.id, {} from spots s where {} order by 1",
                    items.join(", "),
                    condition(&mut d, "s", depth)
                ),
                true,
            )
        }
        3 | 4 => {
            let table = layer(&mut d);
            let items: Vec<String> = (0..1 + d.roll(2)).map(|_| of_geometry(&mut d, "g.geom")).collect();
            (format!("select g.id, {} from {table} g order by g.id", items.join(", ")), true)
        }
        5 => {
            let table = layer(&mut d);
            let constant = constant(&mut d);
            let condition = spatial(&mut d, "g.geom", &constant);
            (
                format!(
                    "select g.id, g.name, g.geom is null from {table} g where {condition} and g.id > {} order by g.id",
                    d.roll(4)
                ),
                true,
            )
        }
        6 | 7 => {
            let kind = d.pick(&["join", "left join", "join", "full join"]);
            let (left, right) = (layer(&mut d), layer(&mut d));
            let mut on = spatial(&mut d, "a.geom", "b.geom");
            if kind == "full join" {
                on = "a.id = b.id".to_owned();
            }
            let also = d.pick(&["", " and a.id <> b.id", " and b.id < 5", " and a.name = b.name"]);
            (format!("select a.id, b.id, b.name from {left} a {kind} {right} b on {on}{also}"), false)
        }
        8 => (format!("select {}, {} from spots s", aggregate(&mut d, "s"), aggregate(&mut d, "s")), true),
        9 => {
            let key = d.pick(&["s.zone", "s.b", "s.id % 3", "s.name", "s.v", "s.n", "s.d", "date_trunc('year', s.ts)"]);
            let having = if d.roll(2) == 0 { " having count(*) > 1" } else { "" };
            (
                format!(
                    "select {key}, {} from spots s where {} group by {key}{having}",
                    aggregate(&mut d, "s"),
                    condition(&mut d, "s", 1)
                ),
                false,
            )
        }
        10 => {
            let call = d.pick(&[
                "row_number() over (order by s.zone nulls first, s.id)",
                "rank() over (order by s.zone)",
                "sum(s.id) over (partition by s.b order by s.id)",
                "lag(s.name) over (order by s.id)",
                "first_value(s.id) over (partition by s.zone order by s.id desc)",
                "count(*) over (partition by s.name)",
                "avg(s.n) over (order by s.id rows between 1 preceding and 1 following)",
                "dense_rank() over (order by s.name desc, s.zone)",
                "ntile(3) over (order by s.id)",
                "lead(s.zone, 2, 0) over (order by s.id)",
                "max(s.name) over (partition by s.zone)",
                "sum(s.n) over (order by s.d nulls last, s.id range between unbounded preceding and current row)",
            ]);
            (format!("select s.id, {call} from spots s where {} order by s.id", condition(&mut d, "s", 1)), true)
        }
        11 => {
            let operator = d.pick(&["union", "union all", "intersect", "except", "except all", "intersect all"]);
            let (left, right) = [
                ("s.zone from spots s", "a.id from areas a"),
                ("s.name from spots s", "a.name from areas a"),
                ("s.id, s.b from spots s", "a.id, true from areas a"),
                ("s.n from spots s", "1.5::numeric"),
                ("st_astext(s.geom) from spots s", "st_astext(a.geom) from areas a"),
            ][d.roll(5)];
            (format!("select {left} {operator} select {right}"), false)
        }
        12 => {
            let inner = spatial(&mut d, "a.geom", "s.geom");
            let test = match d.roll(6) {
                0 => format!("exists (select 1 from areas a where {inner})"),
                1 => format!("not exists (select 1 from areas a where {inner} and a.id > s.zone)"),
                2 => "s.zone in (select a.id from areas a where a.name = s.name)".to_owned(),
                3 => "s.zone not in (select a.id from areas a where a.id > 2)".to_owned(),
                4 => format!("(select count(*) from areas a where {inner}) > 1"),
                _ => "s.id > all (select a.id from areas a)".to_owned(),
            };
            (format!("select s.id from spots s where {test} order by 1"), true)
        }
        13 => {
            let item = match d.roll(3) {
                0 => format!("(select max(a.id) from areas a where {})", spatial(&mut d, "a.geom", "s.geom")),
                1 => "(select a.name from areas a where a.id = s.zone)".to_owned(),
                _ => "(select count(*) from paths a where a.id < s.zone)".to_owned(),
            };
            (format!("select s.id, {item} from spots s where s.id < 40 order by s.id"), true)
        }
        14 => {
            let k = 1 + d.roll(3);
            let lateral = match d.roll(2) {
                0 => format!(
                    "(select s.id from spots s where s.geom is not null and not st_isempty(s.geom) order by s.geom <-> a.geom, s.id limit {k})"
                ),
                _ => format!(
                    "(select s.id from spots s where {} order by s.id limit {k})",
                    spatial(&mut d, "s.geom", "a.geom")
                ),
            };
            (
                format!("select a.id, n.id from areas a cross join lateral {lateral} n where not st_isempty(a.geom)"),
                false,
            )
        }
        15 => {
            let (key, item) = (d.pick(&["s.zone", "s.b", "s.name"]), number(&mut d, "s", 1));
            match d.roll(2) {
                0 => (
                    format!("select distinct on ({key}) {key}, s.id, {item} from spots s order by {key}, s.id desc"),
                    true,
                ),
                _ => (
                    format!(
                        "select distinct {key}, {} from spots s",
                        d.pick(&["s.b", "s.zone % 2", "left(s.name, 1)", "s.n > 0"])
                    ),
                    false,
                ),
            }
        }
        16 => {
            let by = d.pick(&[
                "s.name",
                "s.zone desc",
                "s.v nulls first",
                "s.tz desc nulls last",
                "s.n, s.b",
                "lower(s.name)",
                "st_x(s.geom)",
            ]);
            let limit = d.pick(&["limit 7", "limit 5 offset 3", "offset 110", "fetch first 4 rows only", "limit 0"]);
            (
                format!(
                    "select s.id, s.name, s.tz from spots s where {} order by {by}, s.id {limit}",
                    condition(&mut d, "s", 1)
                ),
                true,
            )
        }
        _ => {
            let inside = spatial(&mut d, "a.geom", "s.geom");
            (
                format!(
                    "with near as (select a.id area, s.id spot, s.zone, s.n from areas a join spots s on {inside}) \
                     select area, count(*), sum(n), {} from near group by area",
                    d.pick(&[
                        "min(spot)",
                        "count(distinct zone)",
                        "max(zone)",
                        "string_agg(spot::text, '/' order by spot)"
                    ])
                ),
                false,
            )
        }
    }
}

#[test]
fn generated_statements_over_duckdb() {
    let tables = tables();
    let there: String = tables.iter().map(Table::postgres).collect();
    let here: Vec<String> = tables.iter().flat_map(Table::duckdb).collect();
    let Some(mut sides) = sides("duckdb_generated", &there, &here) else { return };
    // PostGIS has no functions of cells: what they answer is compared with the engine's own over the same rows.
    let cases =
        (0..1_700).map(statement).enumerate().filter(|(_, (sql, _))| !sql.contains("quadbin_") && !sql.contains("h3_"));
    let cases = cases.map(|(n, (sql, ordered))| (format!("D{n}"), sql, ordered));
    let written = WRITTEN.iter().enumerate().map(|(n, sql)| (format!("W{n}"), (*sql).to_owned(), true));
    let cases = written.chain(cases);
    let report = run("duckdb-generated", "", &mut sides, "duckdb_generated", cases);
    report.check("duckdb-generated", 1_400);
}

/// What the generator does not reach: SRIDs of what a sub-query computes, letters, EMPTY in joins, counts of nothing.
const WRITTEN: [&str; 14] = [
    "select id, st_srid(c), st_asewkt(c) from (select id, st_centroid(geom) c from areas) q order by id",
    "select id, c from (select id, st_centroid(geom) c from spots offset 0) q order by id",
    "select id, g from (select id, 'SRID=3857;POINT(1 2)'::geometry g from areas) q order by id",
    "select q.id from (select id, 'SRID=3857;POINT(1 2)'::geometry g from areas) q join lots l on st_intersects(q.g, l.geom) order by 1",
    "select id, st_asewkt(g) from (select id, geom g from lots union all select id, st_centroid(geom) from lots) q order by 1, 2",
    "with c as (select id, st_envelope(geom) e from lots) select c.id, st_asewkt(c.e), l.id from c join lots l on st_contains(c.e, l.geom) order by 1, 3",
    "select a.id, b.id from areas a join areas b on st_equals(a.geom, b.geom) order by 1, 2",
    "select a.id, b.id from areas a join spots b on not st_disjoint(a.geom, b.geom) order by 1, 2",
    "select id, upper(name), lower(upper(name)), name ilike '%É%', upper('straße' || name) from spots order by id",
    "select count(*), sum(id), max(name), st_astext(st_union(geom)), string_agg(name, ',' order by id) from spots where id < 0",
    "select id, geom from areas order by id limit 0",
    "select id, case when geometrytype(geom) = 'POINT' then st_x(geom) end from areas order by id",
    "select st_x(geom) from areas",
    "select id, st_distance(geom, 'SRID=4326;POINT(4 4)'::geometry) from areas where st_dwithin(geom, 'SRID=4326;POINT(4 4)'::geometry, 0.5) order by id",
];

/// PostGIS has no functions of cells: what DuckDB computes is compared with the engine's kernels, which `kernels::cells` tests
/// against the reference libraries.
#[test]
fn cells_over_duckdb() {
    let Some(far) = duckdb::far() else { return };
    let mut d = Dice(7);
    let mut rows = vec!["(0, null, null, null, null, null)".to_owned()];
    for id in 1..=3_000 {
        let z = d.roll(29) as i64 - 1;
        let side = 1_usize << z.clamp(0, 26);
        let (x, y) = (d.roll(side + side / 50 + 1), d.roll(side + side / 50 + 1));
        let any = (d.roll(1 << 30) as i64) << 33 ^ (d.roll(1 << 30) as i64) << 11 ^ d.roll(1 << 30) as i64;
        // Bits of cells, mostly.
        let bits = if d.roll(4) == 0 {
            any
        } else {
            0x4800_0000_0000_0000
                | (z.clamp(0, 26) << 52)
                | (any & 0xf_ffff_ffff_ffff)
                | 0xf_ffff_ffff_ffff >> (2 * z.clamp(0, 26))
        };
        let ok = (0..=26).contains(&z) && x < side && y < side;
        rows.push(format!("({id}, {z}, {x}, {y}, {bits}, {ok})"));
    }
    let file = far.file(&[
        "create table t(id integer, z integer, x integer, y integer, q bigint, ok boolean)",
        &format!("insert into t values {}", rows.join(", ")),
    ]);
    let server = Graticule::serve(
        "duckdb_cells",
        &format!("{} select graticule.attach('d', 'main', 'public');", far.server("d", &file)),
    );
    let mut client = server.client("duckdb_cells");
    let cell = "quadbin_isvalid(q)";
    let tile = "ok";
    for sql in [
        "select id, quadbin_isvalid(q), quadbin_resolution(q) from t order by id".to_owned(),
        format!("select id, case when {tile} then quadbin_fromzxy(z, x, y) end from t order by id"),
        format!(
            "select id, case when {cell} then quadbin_toparent(q, quadbin_resolution(q) / 2) end from t order by id"
        ),
        "select count(*), min(quadbin_fromzxy(z, x, y)) from t where z = 9 and x < 512 and y < 512".to_owned(),
        "select quadbin_fromzxy(z, x, y) from t where id > 0".to_owned(),
        "select quadbin_toparent(q, 3) from t where id > 0".to_owned(),
    ] {
        client.simple("set graticule.route = 'server'").expect("set");
        let there = client.query(&sql).map(|set| set.text()).map_err(|failure| failure.state);
        client.simple("set graticule.route = 'local'").expect("set");
        let here = client.query(&sql).map(|set| set.text()).map_err(|failure| failure.state);
        assert!(there.as_ref().map_or_else(|state| state != "0A000", |rows| !rows.is_empty()), "{sql}: {there:?}");
        assert_eq!(there, here, "{sql}");
    }
    client.simple("reset graticule.route").expect("set");
    // What DuckDB has no row for is finished here.
    let plan = client.rows("explain select h3_lat_lng_to_cell(st_point(x, y), 3) from t where z > 3").join("\n");
    assert!(plan.contains("1 of its conditions there"), "{plan}");
    let cells = "select h3_lat_lng_to_cell(st_setsrid(st_point(x % 180, y % 90), 4326), 2) c, count(*) from t where id > 0 group by 1 order by 2 desc, 1 limit 3";
    let found = client.rows(cells);
    assert_eq!(found.len(), 3);
    assert!(
        found.iter().all(|row| row.starts_with('8') && row.split('|').next().is_some_and(|cell| cell.len() == 15)),
        "{found:?}"
    );
    assert_eq!(client.rows("select h3_get_resolution('8928308280fffff'), '8928308280fffff'::h3index::bigint, h3_cell_to_lat_lng('8928308280fffff') is null, row('8928308280fffff'::h3index)"), ["9|617700169958293503|f|(8928308280fffff)"]);
    assert_eq!(client.rows("select count(*), count(distinct h) from h3_grid_disk('8928308280fffff', 2) h"), ["19|19"]);
    assert_eq!(client.rows("select array_agg(h order by h desc) @> array['8928308280fffff'::h3index] from h3_cell_to_children('8828308281fffff'::h3index) h"), ["t"]);
}
