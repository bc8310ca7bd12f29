//! Statements over real rows: the fixture's tables and a part of the sample's.

use std::sync::OnceLock;

use super::statements::{of_geometry, spatial};
use super::tables::{Column, Table};
use crate::generator::Dice;
use crate::support::graticule::Graticule;
use crate::support::postgres::Postgres;

/// A table as the generator sees it.
struct Layer {
    name: &'static str,
    key: &'static str,
    texts: &'static [&'static str],
    numbers: &'static [&'static str],
    srid: &'static str,
    /// Columns as the tables of far sides have them; `geom` is the last.
    columns: &'static [Column],
    /// Which rows of the source, in its own words.
    filter: &'static str,
}

const DEGREES: Column = ("geom", "geometry(Geometry,4326)");
const ID: Column = ("id", "int");
const GID: Column = ("gid", "bigint");
const NAME: Column = ("name", "text");

const FIXTURE: [Layer; 4] = [
    Layer {
        name: "places",
        key: "id",
        texts: &["name", "kind"],
        numbers: &["pop", "id"],
        srid: "4326",
        columns: &[ID, NAME, ("kind", "text"), ("pop", "bigint"), DEGREES],
        filter: "true",
    },
    Layer {
        name: "roads",
        key: "id",
        texts: &["cls"],
        numbers: &["id"],
        srid: "4326",
        columns: &[ID, ("cls", "text"), DEGREES],
        filter: "true",
    },
    Layer {
        name: "parcels",
        key: "id",
        texts: &["owner"],
        numbers: &["id"],
        srid: "3857",
        columns: &[ID, ("owner", "text"), ("geom", "geometry(Geometry,3857)")],
        filter: "true",
    },
    Layer {
        name: "shapes",
        key: "id",
        texts: &["label"],
        numbers: &["id"],
        srid: "0",
        columns: &[ID, ("label", "text"), ("geom", "geometry")],
        // Of what is invalid GEOS 3.11 says that it is, and later ones something.
        filter: "geom is null or st_isvalid(geom)",
    },
];

const SAMPLE: [Layer; 4] = [
    Layer {
        name: "countries",
        key: "gid",
        texts: &["name", "iso_a3", "continent"],
        numbers: &["pop_est", "gdp_md_est"],
        srid: "4326",
        columns: &[
            GID,
            NAME,
            ("iso_a3", "text"),
            ("continent", "text"),
            ("pop_est", "float8"),
            ("gdp_md_est", "float8"),
            DEGREES,
        ],
        filter: "st_npoints(geom) < 150 and gid % 2 = 0",
    },
    Layer {
        name: "airports",
        key: "gid",
        texts: &["iata", "name", "city", "state"],
        numbers: &["gid"],
        srid: "4326",
        columns: &[GID, ("iata", "text"), NAME, ("city", "text"), ("state", "text"), DEGREES],
        filter: "gid % 23 = 0",
    },
    Layer {
        name: "cities",
        key: "gid",
        texts: &["name"],
        numbers: &["gid"],
        srid: "4326",
        columns: &[GID, NAME, DEGREES],
        filter: "gid % 2 = 0",
    },
    Layer {
        name: "counties",
        key: "gid",
        texts: &["fips", "state_fips", "name"],
        numbers: &["gid"],
        srid: "4326",
        columns: &[GID, ("fips", "text"), ("state_fips", "text"), NAME, DEGREES],
        filter: "st_isempty(geom) or (state_fips in ('10', '44', '09', '04', '15') and st_npoints(geom) < 120)",
    },
];

/// The tables with their rows, read once for all tests.
pub fn tables(oracle: &Postgres) -> Vec<Table> {
    static TABLES: OnceLock<Vec<Table>> = OnceLock::new();
    TABLES.get_or_init(|| read(oracle)).clone()
}

/// The fixture's from the oracle, the sample's from its files.
fn read(oracle: &Postgres) -> Vec<Table> {
    oracle.database("real_rows", include_str!("../../compat/postgis_fixture.sql"));
    let folder = tempfile::tempdir().expect("a folder");
    let files = graticule::demo::unpack(folder.path()).expect("the sample");
    let server = Graticule::serve("real_rows", &graticule::demo::setup_script(&files));
    let mut tables = Vec::new();
    let sources = [(oracle.client("real_rows"), "public", FIXTURE), (server.client("real_rows"), "sample", SAMPLE)];
    for (mut client, schema, layers) in sources {
        for layer in layers {
            let items: Vec<String> = layer
                .columns
                .iter()
                .map(|(name, _)| if *name == "geom" { "st_astext(geom)".to_owned() } else { (*name).to_owned() })
                .collect();
            let sql =
                format!("select {} from {schema}.{} where {} order by 1", items.join(", "), layer.name, layer.filter);
            let text = |value: Vec<u8>| String::from_utf8(value).expect("text");
            let found = client.query(&sql).expect("rows").rows;
            let rows: Vec<Vec<_>> =
                found.into_iter().map(|row| row.into_iter().map(|value| value.map(text)).collect()).collect();
            assert!(rows.len() > 3, "{}: {} rows", layer.name, rows.len());
            tables.push(Table { name: layer.name, columns: layer.columns.to_vec(), rows });
        }
    }
    tables
}

fn layer(d: &mut Dice) -> &'static Layer {
    let at = d.roll(11);
    // The sample's tables come twice as often.
    if at < 4 { &FIXTURE[at] } else { &SAMPLE[at % 4] }
}

/// One of the same system: of two conditions that raise, PostgreSQL's planner chooses which is tested first.
fn partner(d: &mut Dice, one: &Layer) -> &'static Layer {
    loop {
        let two = layer(d);
        if two.srid == one.srid {
            return two;
        }
    }
}

/// A tile's envelope in the layer's system.
fn tile(d: &mut Dice, srid: &str) -> String {
    let (z, x, y) =
        [(0, 0, 0), (1, 0, 0), (2, 2, 1), (3, 2, 3), (4, 4, 6), (4, 8, 5), (5, 9, 12), (6, 31, 24)][d.roll(8)];
    match srid {
        "3857" => format!("st_tileenvelope({z}, {x}, {y})"),
        "0" => format!("st_setsrid(st_tileenvelope({z}, {x}, {y}), 0)"),
        srid => format!("st_transform(st_tileenvelope({z}, {x}, {y}), {srid})"),
    }
}

/// Something constant to compare a layer's geometries with.
fn constant(d: &mut Dice, srid: &str) -> String {
    if d.roll(5) == 0 {
        return tile(d, srid);
    }
    let wkt = d.pick(&[
        "POLYGON((-10 35,5 35,5 45,-10 45,-10 35))",
        "POINT(-3.7038 40.4168)",
        "POINT(1 1)",
        "POLYGON((-80 38,-70 38,-70 43,-80 43,-80 38))",
        "LINESTRING(-120 35,-70 42)",
        "MULTIPOLYGON(((0 0,20 0,20 20,0 20,0 0)),((30 -30,40 -30,40 -20,30 -30)))",
        "POLYGON((-179 -60,179 -60,179 80,-179 80,-179 -60))",
        "POINT EMPTY",
        "POLYGON((0 0,4 0,4 4,0 4,0 0))",
    ]);
    match d.roll(5) {
        0 => format!(
            "st_makeenvelope(-20, -20, 20, 45{})",
            if srid == "0" { String::new() } else { format!(", {srid}") }
        ),
        _ => format!("'{}{wkt}'::geometry", if srid == "0" { String::new() } else { format!("SRID={srid};") }),
    }
}

/// The same in the system of a layer.
fn in_system(sql: String, srid: &str) -> String {
    match srid {
        "4326" => sql,
        "0" => sql.replace("SRID=4326;", "").replace(", 4326)", ")"),
        srid => sql.replace("SRID=4326;", &format!("SRID={srid};")).replace(", 4326)", &format!(", {srid})")),
    }
}

fn value(d: &mut Dice, layer: &Layer, t: &str) -> String {
    let (text, number) = (d.pick(layer.texts).to_owned(), d.pick(layer.numbers).to_owned());
    match d.roll(12) {
        0 => format!("upper({t}.{text})"),
        1 => format!("length({t}.{text})"),
        2 => format!("{t}.{text} || '/' || {t}.{}", layer.key),
        3 => format!("coalesce({t}.{number}, -1)"),
        4 => format!("{t}.{number} / 7"),
        5 => format!("round(({t}.{number} / 3.0)::numeric, 2)"),
        6 => format!("left({t}.{text}, 3)"),
        7 => {
            format!("case when {t}.{number} > 1000 then 'many' when {t}.{number} is null then 'unknown' else 'few' end")
        }
        8 => format!("{t}.{text}"),
        _ => in_system(of_geometry(d, &format!("{t}.geom")), layer.srid),
    }
}

fn condition(d: &mut Dice, layer: &Layer, t: &str) -> String {
    let (text, number) = (d.pick(layer.texts).to_owned(), d.pick(layer.numbers).to_owned());
    match d.roll(12) {
        0 => format!("{t}.{text} like '%{}%'", d.pick(&["a", "e", "New", "1"])),
        1 => format!("{t}.{text} > 'M'"),
        2 => format!("{t}.{number} between 2 and 3000000"),
        3 => format!("{t}.{text} in ('Africa', 'city', 'Rhode Island', 'AZ', 'a', 'CA')"),
        4 => format!("{t}.geom is not null and not st_isempty({t}.geom)"),
        5 => format!("not ({})", condition(d, layer, t)),
        6 => format!("({} or {})", condition(d, layer, t), condition(d, layer, t)),
        7 => format!("{t}.geom && {}", tile(d, layer.srid)),
        _ => {
            let constant = constant(d, layer.srid);
            in_system(spatial(d, &format!("{t}.geom"), &constant), layer.srid)
        }
    }
}

/// The `n`-th statement and whether its order is fixed.
pub fn statement(n: usize) -> (String, bool) {
    let mut d = Dice(n as u64 * 130_363 + 97);
    for _ in 0..5 {
        d.roll(2);
    }
    let d = &mut d;
    let one = layer(d);
    let Layer { name, key, texts, numbers, srid, .. } = *one;
    let (text, number) = (d.pick(texts).to_owned(), d.pick(numbers).to_owned());
    match d.roll(16) {
        // What a map asks for.
        0 | 1 => {
            let shape =
                d.pick(&["a.geom", "st_simplify(a.geom, 0.05)", "st_force2d(a.geom)", "st_snaptogrid(a.geom, 0.25)"]);
            let shape =
                d.pick(&["st_asbinary(#, 'NDR')", "st_astext(#)", "st_asgeojson(#, 6)", "#"]).replace('#', shape);
            (
                format!("select a.{key}, a.{text}, {shape} from {name} a where a.geom && {} order by 1", tile(d, srid)),
                true,
            )
        }
        // Without a system there is nothing to transform.
        2 if srid != "0" => {
            let inner = format!(
                "select a.{key}, a.{text}, st_transform(a.geom, 3857) g from {name} a where {} order by 1",
                condition(d, one, "a")
            );
            (
                format!(
                    "select count(*), sum(st_npoints(g)), st_extent(g) from ({inner}) q where g && st_tileenvelope(2, 1, 1)"
                ),
                true,
            )
        }
        2..=5 => {
            let items: Vec<String> = (0..1 + d.roll(3)).map(|_| value(d, one, "a")).collect();
            (
                format!(
                    "select a.{key}, {} from {name} a where {} order by 1",
                    items.join(", "),
                    condition(d, one, "a")
                ),
                true,
            )
        }
        6 | 7 => {
            let two = partner(d, one);
            let (kind, also) = (d.pick(&["join", "left join", "join"]), condition(d, two, "b"));
            let on = spatial(d, "a.geom", "b.geom");
            (
                format!(
                    "select a.{key}, b.{}, {} from {name} a {kind} {} b on {on} and {also}",
                    two.key,
                    value(d, two, "b"),
                    two.name
                ),
                false,
            )
        }
        8 => {
            let two = partner(d, one);
            let on = d.pick(&["st_intersects(a.geom, b.geom)", "st_dwithin(a.geom, b.geom, 0.5)", "a.geom && b.geom"]);
            (
                format!(
                    "select a.{key}, count(b.{}), max(b.{}) from {name} a left join {} b on {on} group by a.{key}",
                    two.key,
                    d.pick(two.texts),
                    two.name
                ),
                false,
            )
        }
        9 | 10 => {
            let call = d.pick(&[
                "count(*)",
                "sum(a.#)",
                "avg(a.#)",
                "string_agg(a.@, ', ' order by a.$)",
                "count(distinct a.@)",
                "min(a.@)",
                "count(*) filter (where not st_isempty(a.geom))",
                "st_extent(a.geom)",
                "st_npoints(st_collect(a.geom))",
                "round(sum(st_area(a.geom))::numeric, 4)",
                "percentile_cont(0.5) within group (order by a.#)",
                "array_agg(a.@ order by a.$ desc)",
            ]);
            let call = call.replace('#', &number).replace('@', &text).replace('$', key);
            let by = d
                .pick(&["a.@", "left(a.@, 1)", "geometrytype(a.geom)", "st_isempty(a.geom)", "a.geom is null"])
                .replace('@', &text);
            (format!("select {by}, {call} from {name} a where {} group by {by}", condition(d, one, "a")), false)
        }
        11 => {
            let call = d.pick(&[
                "row_number() over (order by a.@, a.$)",
                "rank() over (partition by left(a.@, 1) order by a.#)",
                "sum(a.#) over (order by a.$ rows between 2 preceding and current row)",
                "lag(a.@) over (order by a.$)",
                "count(*) over (partition by geometrytype(a.geom))",
                "first_value(a.@) over (partition by a.# % 3 order by a.$)",
            ]);
            let call = if number.ends_with("est") { call.replace("a.# % 3", "a.@") } else { call.to_owned() };
            let call = call.replace('#', &number).replace('@', &text).replace('$', key);
            (format!("select a.{key}, {call} from {name} a where {} order by 1", condition(d, one, "a")), true)
        }
        12 => {
            let two = partner(d, one);
            let inner = spatial(d, "b.geom", "a.geom");
            let test = d.pick(&["exists", "not exists"]);
            (
                format!(
                    "select a.{key}, a.{text} from {name} a where {test} (select 1 from {} b where {inner}) order by 1",
                    two.name
                ),
                true,
            )
        }
        13 => {
            // The nearest ones.
            let point = if srid == "0" {
                "'POINT(2 2)'::geometry".to_owned()
            } else {
                format!("'SRID={srid};POINT(-3.7 40.4)'::geometry")
            };
            let filter = "a.geom is not null and not st_isempty(a.geom)";
            match d.roll(2) {
                0 => (
                    format!(
                        "select a.{key}, a.{text} from {name} a where {filter} order by a.geom <-> {point}, a.{key} limit {}",
                        1 + d.roll(6)
                    ),
                    true,
                ),
                _ => (
                    format!(
                        "select a.{key}, round((st_distance(a.geom{0}, {point}{0}))::numeric, 3) from {name} a where {filter} order by 2, 1 limit 5",
                        if srid == "4326" { "::geography" } else { "" }
                    ),
                    true,
                ),
            }
        }
        14 => {
            let two = partner(d, one);
            let operator = d.pick(&["union", "except", "intersect", "union all"]);
            (
                format!(
                    "select a.{text} from {name} a where {} {operator} select b.{} from {} b",
                    condition(d, one, "a"),
                    d.pick(two.texts),
                    two.name
                ),
                false,
            )
        }
        _ => {
            let inside =
                d.pick(&["st_contains(c.geom, p.geom)", "st_intersects(p.geom, c.geom)", "st_covers(c.geom, p.geom)"]);
            let (areas, points) = (d.pick(&["countries", "counties"]), d.pick(&["airports", "cities"]));
            (
                format!(
                    "with inside as (select c.gid, c.name, p.gid pid, p.name point from {areas} c join {points} p on {inside}) \
                     select name, count(*), {} from inside group by name",
                    d.pick(&[
                        "min(point)",
                        "string_agg(point, '; ' order by pid)",
                        "max(pid)",
                        "count(distinct left(point, 1))"
                    ])
                ),
                false,
            )
        }
    }
}
