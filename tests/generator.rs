//! Non-spatial PostgreSQL on the engine: generated SELECTs against real PostgreSQL. No silent difference.

use std::fmt::Write;

use crate::support::differential::{Report, compare};
use crate::support::graticule::Graticule;
use crate::support::postgres;

/// A small deterministic generator (an LCG: the same statements in every run).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % sides
    }

    pub fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

/// Rows with NULLs and edge values; every column has a type of its own.
const TABLES: &str = "with t(id, i2, i4, i8, n, f, s, b, d, ts, tz, arr, j, iv) as (values \
 (1, 1::int2, 10, 100::int8, 1.50::numeric, 1.5::float8, 'apple'::text, true, date '2024-02-29', timestamp '2024-01-01 00:00:00', timestamptz '2024-03-31 01:30:00+00', array[1,2,3], '{\"a\":1,\"b\":[1,2]}'::jsonb, interval '1 day'), \
 (2, 2::int2, -7, 9007199254740993::int8, -0.001, -0.0::float8, 'Banana', false, date '1999-12-31', timestamp '1999-12-31 23:59:59.999999', timestamptz '2000-01-01 00:00:00+00', array[null,4], '{\"a\":\"x\",\"c\":null}', interval '1 mon -3 days'), \
 (3, 3::int2, 2147483647, 9223372036854775807::int8, 99999999999999999999.99, 'NaN'::float8, '', null, date '2000-01-01', timestamp '2000-06-15 12:00:00', null, array[]::int[], '[1,\"two\",null]', interval '25:30:00'), \
 (4, null, null, null, null, null, null, null, null, null, null, null, null, null), \
 (5, (-32768)::int2, 0, 0::int8, 'NaN'::numeric, 'Infinity'::float8, 'a_b%c', true, date 'infinity', timestamp '-infinity', timestamptz '1970-01-01 00:00:00+00', array[5], '\"str\"', interval '0'), \
 (6, 2::int2, -7, -1::int8, 0, 1e-300::float8, 'éclair', false, date '2024-02-28', timestamp '2024-01-01 00:00:00', timestamptz '2024-10-27 00:30:00+00', array[1,2,3], '{\"a\":1,\"b\":[1,2]}', interval '-1 year')), \
 u(k, v, w, g) as (values (1, 'one'::text, 1.0::numeric, 1), (2, 'two', 2.50, 1), (2, null, null, 2), (null, 'none', 3.25, 2), (7, 'seven', -1, 3)) ";

fn int(d: &mut Dice, depth: usize) -> String {
    if depth == 0 {
        return d.pick(&["t.id", "t.i2", "t.i4", "t.i4", "t.i8", "0", "1", "3", "-2", "null::int", "7"]).to_owned();
    }
    let (a, b) = (int(d, depth - 1), int(d, depth - 1));
    match d.roll(17) {
        0 => format!("({a} + {b})"),
        1 => format!("({a} - {b})"),
        2 => format!("({a} * {b})"),
        3 => format!("({a} / {b})"),
        4 => format!("({a} % {b})"),
        5 => format!("abs({a})"),
        6 => format!("coalesce({a}, {b})"),
        7 => format!("nullif({a}, {b})"),
        8 => format!("greatest({a}, {b}, 1)"),
        9 => format!("least({a}, {b})"),
        10 => format!("case when {} then {a} else {b} end", boolean(d, depth - 1)),
        11 => format!("length({})", text(d, depth - 1)),
        12 => format!("(-{a})"),
        13 => format!("({a} # {b})"),
        14 => "cardinality(t.arr)".to_owned(),
        15 => format!("strpos({}, 'a')", text(d, depth - 1)),
        _ => "t.arr[1]".to_owned(),
    }
}

fn numeric(d: &mut Dice, depth: usize) -> String {
    if depth == 0 {
        return d.pick(&["t.n", "1.5", "-0.25", "t.i4::numeric", "100.00", "t.n"]).to_owned();
    }
    let (a, b) = (numeric(d, depth - 1), numeric(d, depth - 1));
    match d.roll(11) {
        0 => format!("({a} + {b})"),
        1 => format!("({a} - {b})"),
        2 => format!("({a} * {b})"),
        3 => format!("({a} / {b})"),
        4 => format!("round({a}, {})", d.roll(4)),
        5 => format!("trunc({a}, 1)"),
        6 => format!("abs({a})"),
        7 => format!("ceil({a})"),
        8 => format!("mod({a}, {b})"),
        9 => format!("({})::numeric(12,2)", a),
        _ => format!("sign({a})"),
    }
}

fn float(d: &mut Dice, depth: usize) -> String {
    if depth == 0 {
        return d.pick(&["t.f", "0.5::float8", "t.i4::float8", "-1.25::float8", "t.f"]).to_owned();
    }
    let (a, b) = (float(d, depth - 1), float(d, depth - 1));
    match d.roll(9) {
        0 => format!("({a} + {b})"),
        1 => format!("({a} * {b})"),
        2 => format!("({a} / {b})"),
        3 => format!("round({a})"),
        4 => format!("floor({a})"),
        5 => format!("sqrt(abs({a}))"),
        6 => format!("({a})::float4"),
        7 => format!("degrees({a})"),
        _ => format!("-{a}"),
    }
}

fn text(d: &mut Dice, depth: usize) -> String {
    if depth == 0 {
        return d.pick(&["t.s", "'x'", "''", "'Ab c'", "null::text", "t.s"]).to_owned();
    }
    let (a, b) = (text(d, depth - 1), text(d, depth - 1));
    match d.roll(20) {
        0 => format!("({a} || {b})"),
        1 => format!("upper({a})"),
        2 => format!("lower({a})"),
        3 => format!("substr({a}, {}, 2)", d.roll(4)),
        4 => format!("left({a}, {})", d.roll(5) as i32 - 2),
        5 => format!("replace({a}, 'a', {b})"),
        6 => format!("coalesce({a}, {b})"),
        7 => format!("({})::text", int(d, depth - 1)),
        8 => format!("({})::text", numeric(d, depth - 1)),
        9 => format!("concat({a}, {}, {b})", int(d, depth - 1)),
        10 => format!("lpad({a}, 4, '*')"),
        11 => format!("split_part({a}, 'a', 1)"),
        12 => "t.j->>'a'".to_owned(),
        13 => format!("btrim({a}, 'ae')"),
        14 => format!("reverse({a})"),
        15 => "to_char(t.ts, 'YYYY-MM-DD HH24:MI')".to_owned(),
        16 => format!("regexp_replace({a}, '[aeiou]', '#', 'g')"),
        17 => format!("initcap({a})"),
        18 => format!("md5({a})"),
        _ => format!("concat_ws('-', {a}, {b})"),
    }
}

fn boolean(d: &mut Dice, depth: usize) -> String {
    if depth == 0 {
        return d.pick(&["t.b", "true", "t.i4 > 0", "t.s is null", "t.f = t.f", "null::bool"]).to_owned();
    }
    match d.roll(18) {
        0 => format!("({} and {})", boolean(d, depth - 1), boolean(d, depth - 1)),
        1 => format!("({} or {})", boolean(d, depth - 1), boolean(d, depth - 1)),
        2 => format!("(not {})", boolean(d, depth - 1)),
        3 => format!("({} < {})", int(d, depth - 1), int(d, depth - 1)),
        4 => format!("({} = {})", int(d, depth - 1), int(d, depth - 1)),
        5 => format!("({} <> {})", text(d, depth - 1), text(d, depth - 1)),
        6 => format!("({} like '%a%')", text(d, depth - 1)),
        7 => format!("({} is distinct from {})", int(d, depth - 1), int(d, depth - 1)),
        8 => format!("({} in (1, 2, {}))", int(d, depth - 1), int(d, 0)),
        9 => format!("({} between -1 and 10)", int(d, depth - 1)),
        10 => format!("({} is null)", text(d, depth - 1)),
        11 => format!("({} >= {})", numeric(d, depth - 1), numeric(d, depth - 1)),
        12 => format!("({} < {})", float(d, depth - 1), float(d, depth - 1)),
        13 => format!("({} ~ '^[a-c]')", text(d, depth - 1)),
        14 => format!("({} = any(t.arr))", int(d, depth - 1)),
        15 => "(t.j ? 'a')".to_owned(),
        16 => "(t.ts < timestamp '2000-06-01')".to_owned(),
        _ => format!("({} ilike 'B%') is not true", text(d, depth - 1)),
    }
}

fn time(d: &mut Dice) -> String {
    d.pick(&[
        "t.ts + t.iv",
        "t.d + 1",
        "t.d - date '2000-01-01'",
        "date_trunc('month', t.ts)",
        "extract(year from t.d)",
        "t.ts - timestamp '2000-01-01'",
        "age(t.ts, timestamp '1990-05-05')",
        "t.tz at time zone 'Europe/Madrid'",
        "t.iv * 2",
        "justify_days(t.iv)",
        "t.ts::date",
        "extract(epoch from t.iv)",
        "t.tz",
        "t.iv",
        "t.d",
        "date_part('dow', t.ts)",
        "t.tz + interval '1 month'",
        "to_char(t.d, 'Day DD Mon')",
        "make_date(2024, 2, 29)",
    ])
    .to_owned()
}

fn json(d: &mut Dice) -> String {
    d.pick(&[
        "t.j",
        "t.j->'b'",
        "t.j->'b'->0",
        "t.j #>> '{b,1}'",
        "jsonb_typeof(t.j)",
        "t.j @> '{\"a\":1}'",
        "jsonb_build_object('k', t.i4)",
        "to_jsonb(t.s)",
        "t.j || '{\"z\":1}'",
    ])
    .to_owned()
}

fn array(d: &mut Dice) -> String {
    d.pick(&[
        "t.arr",
        "t.arr || 9",
        "array_append(t.arr, t.i4)",
        "t.arr[2:3]",
        "array_to_string(t.arr, ',', '*')",
        "array[t.i4, 1]",
        "array_length(t.arr, 1)",
        "t.arr @> array[1]",
        "array_position(t.arr, 4)",
    ])
    .to_owned()
}

fn scalar(d: &mut Dice, depth: usize) -> String {
    match d.roll(8) {
        0 | 1 => int(d, depth),
        2 => numeric(d, depth),
        3 => float(d, depth),
        4 => text(d, depth),
        5 => boolean(d, depth),
        6 => time(d),
        _ => {
            if d.roll(2) == 0 {
                json(d)
            } else {
                array(d)
            }
        }
    }
}

fn aggregate(d: &mut Dice) -> String {
    match d.roll(16) {
        0 => "count(*)".to_owned(),
        1 => format!("count(distinct {})", int(d, 0)),
        2 => format!("sum({})", int(d, 1)),
        3 => "sum(t.n)".to_owned(),
        4 => format!("avg({})", int(d, 0)),
        5 => format!("min({})", text(d, 1)),
        6 => format!("max({})", int(d, 1)),
        7 => format!("string_agg({}, ',' order by t.id)", text(d, 0)),
        8 => format!("array_agg({} order by t.id desc)", int(d, 0)),
        9 => format!("bool_and({})", boolean(d, 1)),
        10 => format!("count({}) filter (where {})", int(d, 0), boolean(d, 1)),
        11 => "stddev_samp(t.i4)".to_owned(),
        12 => "percentile_cont(0.5) within group (order by t.i4)".to_owned(),
        13 => "jsonb_agg(t.i4 order by t.id)".to_owned(),
        14 => "max(t.f)".to_owned(),
        _ => "min(t.d)".to_owned(),
    }
}

/// The `n`-th statement and whether its order is fixed.
fn statement(n: usize) -> (String, bool) {
    let mut d = Dice(n as u64 * 7919 + 17);
    for _ in 0..4 {
        d.roll(2);
    }
    let mut sql = TABLES.to_owned();
    let depth = 1 + d.roll(2);
    match d.roll(13) {
        0..=2 => {
            let items: Vec<String> = (0..1 + d.roll(3)).map(|_| scalar(&mut d, depth)).collect();
            let _ = write!(sql, "select t.id, {} from t where {} order by 1", items.join(", "), boolean(&mut d, depth));
            (sql, true)
        }
        3 => {
            let kind = d.pick(&["join", "left join", "right join", "full join"]);
            let on = d.pick(&["t.id = u.k", "t.i2 = u.k", "t.id = u.k and u.w > 1", "t.i4 = u.k"]);
            let _ = write!(sql, "select t.id, u.k, u.v, {} from t {kind} u on {on}", scalar(&mut d, 1));
            (sql, false)
        }
        4 => {
            let _ = write!(sql, "select {}, {} from t", aggregate(&mut d), aggregate(&mut d));
            (sql, true)
        }
        5 => {
            let key = d.pick(&["t.i2", "t.b", "t.i4 % 3", "t.n", "t.f", "t.s", "t.iv", "t.j", "t.arr"]);
            let having = if d.roll(2) == 0 { " having count(*) >= 1" } else { "" };
            let _ = write!(sql, "select {key}, {} from t group by {key}{having}", aggregate(&mut d));
            (sql, false)
        }
        6 => {
            let call = d.pick(&[
                "row_number() over (order by t.i4 nulls first, t.id)",
                "rank() over (order by t.i2)",
                "sum(t.i4) over (partition by t.b order by t.id)",
                "lag(t.s) over (order by t.id)",
                "first_value(t.id) over (partition by t.b order by t.id desc)",
                "count(*) over ()",
                "avg(t.n) over (order by t.id rows between 1 preceding and 1 following)",
                "dense_rank() over (order by t.i4 desc)",
                "ntile(3) over (order by t.id)",
                "lead(t.i4, 2, 0) over (order by t.id)",
                "max(t.s) over (partition by t.i2)",
            ]);
            let _ = write!(sql, "select t.id, {call} from t order by t.id");
            (sql, true)
        }
        7 => {
            let operator = d.pick(&["union", "union all", "intersect", "except", "except all", "intersect all"]);
            let (left, right) = d_pair(&mut d);
            let _ = write!(sql, "select {left} from t {operator} select {right}");
            (sql, false)
        }
        8 => {
            let condition = d.pick(&[
                "exists (select 1 from u where u.k = t.id)",
                "t.id in (select k from u)",
                "t.id not in (select k from u where k is not null)",
                "t.i4 > all (select k from u where k is not null)",
                "t.i2 = any (select k from u)",
                "not exists (select 1 from u where u.k = t.i2 and u.w > 2)",
                "t.id not in (select k from u)",
                "(select count(*) from u where u.k = t.id) > 0",
                "(t.id, t.i2) in (select k, g from u)",
            ]);
            let _ = write!(sql, "select t.id from t where {condition} order by 1");
            (sql, true)
        }
        9 => {
            let item = d.pick(&[
                "(select max(u.w) from u where u.k <= t.id)",
                "(select u.v from u where u.k = t.id order by u.v limit 1)",
                "array(select u.k from u where u.g = t.id order by 1)",
                "exists (select 1 from u where u.k = t.i2)",
                "t.id in (select k from u)",
                "(select sum(u.w) from u)",
                "(select count(*) from u where u.w > t.n)",
            ]);
            let _ = write!(sql, "select t.id, {item} from t order by t.id");
            (sql, true)
        }
        10 => {
            let lateral = d.pick(&[
                "lateral (select u.v from u where u.k = t.id order by u.w desc limit 1) l",
                "lateral (select count(*) c from u where u.k = t.id) l",
                "lateral generate_series(1, least(t.id, 2)) l",
                "lateral unnest(t.arr) with ordinality l",
                "lateral (select u.w, row_number() over (order by u.w) from u where u.g = t.id) l",
            ]);
            let join = d.pick(&["cross join", "left join"]);
            let on = if join == "left join" { " on true" } else { "" };
            let _ = write!(sql, "select t.id, l.* from t {join} {lateral}{on}");
            (sql, false)
        }
        11 => {
            let _ = write!(
                sql,
                "select distinct on (t.i2) t.i2, t.id, {} from t order by t.i2, t.id desc",
                scalar(&mut d, 1)
            );
            (sql, true)
        }
        _ => {
            let sets = d.pick(&["rollup (t.i2, t.b)", "cube (t.i2, t.b)", "grouping sets ((t.i2), (t.b), ())"]);
            let _ = write!(sql, "select t.i2, t.b, grouping(t.i2, t.b), {} from t group by {sets}", aggregate(&mut d));
            (sql, false)
        }
    }
}

fn d_pair(d: &mut Dice) -> (&'static str, &'static str) {
    [
        ("t.id", "u.k from u"),
        ("t.i2", "u.g from u"),
        ("t.s", "u.v from u"),
        ("t.n", "u.w from u"),
        ("t.f", "1.5::float8"),
        ("t.i2, t.b", "2, false"),
    ][d.roll(6)]
}

#[test]
fn generated_selects_on_the_engine() {
    let Some(oracle) = postgres::shared() else { return };
    let server = Graticule::serve("generated", "");
    let (mut ours, mut far) = (server.client("generated"), oracle.client("postgres"));
    oracle.database("generated_geometry", "");
    let mut geometry = oracle.client("generated_geometry");
    let mut report = Report::default();
    for n in 0..2_000 {
        let (sql, ordered) = statement(n);
        let expected = far.query(&sql);
        let found = ours.query(&sql);
        if found.as_ref().is_err_and(|failure| failure.state == "closed") {
            ours = server.client("generated");
        }
        let verdict = compare(&found, &expected, ordered, &mut geometry);
        report.add(&format!("G{n}"), sql.strip_prefix(TABLES).unwrap_or(&sql), verdict);
    }
    report.check("generated", 1_990);
}
