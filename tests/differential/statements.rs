//! The generated statements: joins, predicates, aggregates, windows, set operations and sub-queries over the tables beside.

use crate::generator::Dice;

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

/// A condition of two geometries.
pub fn spatial(d: &mut Dice, a: &str, b: &str) -> String {
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
pub fn of_geometry(d: &mut Dice, g: &str) -> String {
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
pub fn statement(n: usize) -> (String, bool) {
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

/// What the generator does not reach: SRIDs of what a sub-query computes, letters, EMPTY in joins, counts of nothing,
/// forms of correlated sub-queries.
pub const WRITTEN: [&str; 30] = [
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
    "select id, zone in (1, 2, null), zone not in (2, 3, null), zone = 1 or zone = 2 or zone = null::int from spots order by id",
    "select id from spots where d in ('2018-06-01', '2018-06-02', null) or not (zone <> 1 and zone <> 2 and zone <> null::int) order by id",
    "select id, q in (7, 8, null), n in (1, 2, null) is null, b in (true, false, null) from spots where id + 1 in (2, 3, null) order by id",
    "select s.id, (select a.name from areas a where a.id <= s.zone order by a.id desc limit 1) from spots s order by s.id",
    "select s.id from spots s where exists (select 1 from areas a where a.id = s.zone limit 1) order by 1",
    "select s.id, (select count(*) from areas a where a.id = s.zone group by a.name) from spots s order by s.id",
    "select s.id from spots s where s.zone in (select a.id from areas a where a.name = s.name union select p.id from paths p where p.name = s.name) order by 1",
    "select s.id from spots s where not exists (select 1 from areas a where not exists (select 1 from paths p where p.id = s.zone and a.id > 0)) order by 1",
    "select s.id, (select max(a.id) from areas a where a.id < s.zone and a.name = s.name) from spots s order by s.id",
    "select s.id, s.zone = any (select a.id from areas a where a.id > s.id) from spots s order by s.id",
    "select s.id, exists (select 1 from areas a where a.id = s.zone + 1) from spots s order by s.id",
    "select s.id, (select count(*) filter (where a.id > s.zone) from areas a) from spots s order by s.id",
    "select s.id, (select string_agg(a.name, ',' order by a.id) from areas a where a.id < s.zone) from spots s order by s.id",
    "select s.id from spots s where s.v > (select avg(t.v) from spots t where t.zone = s.zone) order by 1",
    "select s.id, (select sum(x) from (select a.id + s.zone as x from areas a where a.id < 4) q) from spots s order by s.id",
    "select a.id from areas a where exists (select 1 from paths p where p.name = a.name and p.id > 1) and not exists (select 1 from spots s where s.zone = a.id) order by 1",
];
