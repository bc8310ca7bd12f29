//! PostgreSQL's own constructs that targets say otherwise or not at all: DISTINCT ON, WITH TIES, intervals, parts of times, percentiles,
//! aggregates with an order, series, lists, VALUES, and sub-queries beside them.

use crate::generator::Dice;

const KEYS: [&str; 8] = ["s.zone", "s.b", "s.name", "s.n", "s.d", "s.zone % 3", "date_trunc('year', s.ts)", "s.q"];
const FRACTIONS: [&str; 7] = ["0", "0.1", "0.25", "0.5", "0.7", "0.999", "1"];

fn order(d: &mut Dice, key: &str) -> String {
    format!("{key}{}{}", d.pick(&["", " desc", " asc"]), d.pick(&["", "", " nulls first", " nulls last"]))
}

fn filter(d: &mut Dice) -> String {
    let condition = d.pick(&[
        "true",
        "s.id % 3 = 0",
        "s.zone is not null",
        "s.id < 40",
        "s.name is distinct from 'alpha'",
        "s.zone > 2 or s.b",
        "s.id < 0",
    ]);
    format!("where {condition}")
}

fn interval(d: &mut Dice) -> String {
    let text = d.pick(&[
        "1 day",
        "1 month",
        "1 month -2 months",
        "13 months",
        "1 year -1 day",
        "1 year -5 years",
        "36 hours",
        "0",
        "1 month 1 day 01:30:00",
        "0 -00:00:00.5",
        "00:00:00.000001",
        "3 days -100 years",
    ]);
    format!("interval '{text}'")
}

/// A value made of a time.
fn moment(d: &mut Dice) -> String {
    let interval = interval(d);
    match d.roll(14) {
        0 | 1 => format!("s.ts {} {interval}", d.pick(&["+", "-"])),
        2 => format!("s.d {} {interval}", d.pick(&["+", "-"])),
        3 => format!("s.tz + interval '{}'", d.pick(&["36 hours", "0 -00:00:01", "00:00:00.25", "1 day"])),
        4 => format!("{interval} + s.ts"),
        5 => format!(
            "extract({} from s.ts)",
            d.pick(&["epoch", "second", "milliseconds", "microseconds", "minute", "week", "isodow", "quarter"])
        ),
        6 => format!("extract({} from s.d)", d.pick(&["epoch", "isoyear", "doy", "century", "dow", "day"])),
        7 => format!(
            "date_part('{}', s.ts)",
            d.pick(&["epoch", "second", "milliseconds", "microseconds", "hour", "year"])
        ),
        8 => format!("date_part('{}', s.d)", d.pick(&["epoch", "month", "week"])),
        9 => format!("extract(epoch from s.{})", d.pick(&["tz", "ts"])),
        10 => format!("date_part('epoch', s.{})", d.pick(&["tz", "ts"])),
        11 | 12 => format!(
            "date_trunc('{}', s.ts)",
            d.pick(&["week", "day", "month", "quarter", "year", "hour", "minute", "second", "milliseconds", "decade"])
        ),
        _ => format!("s.ts + {interval} > s.d"),
    }
}

fn aggregate(d: &mut Dice) -> String {
    let fraction = d.pick(&FRACTIONS);
    let only = d.pick(&["", "", " filter (where s.id % 2 = 0)", " filter (where s.b)", " filter (where s.id < 0)"]);
    let way = d.pick(&["", " desc"]);
    let call = match d.roll(12) {
        0 => format!("percentile_disc({fraction}) within group (order by s.zone{way})"),
        1 => format!("percentile_disc({fraction}) within group (order by s.name{way})"),
        2 => format!(
            "percentile_disc({fraction}) within group (order by s.{}{way})",
            d.pick(&["n", "d", "ts", "q", "v"])
        ),
        3 => format!("percentile_cont({fraction}) within group (order by s.zone{way})"),
        4 => format!("percentile_cont({fraction}) within group (order by s.v{way})"),
        5 => format!("mode() within group (order by s.zone{way})"),
        6 => format!("array_agg(s.{} order by s.id{way})", d.pick(&["zone", "name", "d", "v", "b"])),
        7 => format!("string_agg(s.name, '/' order by {}, s.id)", order(d, "s.zone")),
        8 => format!("bool_and(s.{})", d.pick(&["b", "zone > 2", "name is null"])),
        9 => format!("bool_or(s.{})", d.pick(&["b", "zone > 5", "id = 7"])),
        10 => format!("every(s.{})", d.pick(&["b", "id > 0"])),
        _ => format!("{}(s.{})", d.pick(&["count", "min", "max"]), d.pick(&["zone", "d", "q", "name"])),
    };
    format!("{call}{only}")
}

/// The `n`-th statement and whether its order is fixed.
pub fn statement(n: usize) -> (String, bool) {
    let mut d = Dice(n as u64 * 92_821 + 5);
    for _ in 0..5 {
        d.roll(2);
    }
    let (key, other) = (d.pick(&KEYS), d.pick(&KEYS));
    let filter = filter(&mut d);
    match d.roll(16) {
        0 => {
            let (first, then) = (order(&mut d, key), order(&mut d, other));
            (
                format!(
                    "select distinct on ({key}) {key}, s.id, s.name from spots s {filter} order by {first}, {then}, s.id"
                ),
                true,
            )
        }
        1 => {
            let (first, second) = (order(&mut d, "s.zone"), order(&mut d, "s.b"));
            let limit = d.pick(&["", " limit 5", " limit 4 offset 2", " offset 3"]);
            (
                format!(
                    "select distinct on (s.zone, s.b) s.id, s.ts, s.n from spots s {filter} order by {first}, {second}, s.id desc{limit}"
                ),
                true,
            )
        }
        2 => {
            let item = d.pick(&["max(s.id)", "count(*)", "sum(s.id)", "min(s.name)"]);
            let then = order(&mut d, "2");
            (
                format!(
                    "select distinct on (s.zone) s.zone, {item}, s.b from spots s {filter} group by s.zone, s.b order by s.zone, {then}, s.b"
                ),
                true,
            )
        }
        3 => (
            format!(
                "select distinct on (s.zone) s.zone, s.id, row_number() over (order by s.id), lag(s.id) over (partition by s.b order by s.id) \
                 from spots s {filter} order by s.zone desc, s.id"
            ),
            true,
        ),
        4 => {
            let inner = order(&mut d, "a.name");
            (
                format!(
                    "select s.id, q.id from spots s join (select distinct on (a.name) a.name, a.id from areas a order by {inner}, a.id desc) q \
                     on q.name = s.name {filter} order by 1, 2"
                ),
                true,
            )
        }
        5 => (
            // Which of several rows is not said: its key is.
            format!("select {key} from (select distinct on ({key}) s.* from spots s {filter}) s order by 1"),
            true,
        ),
        6 => {
            let by = order(&mut d, key);
            let (count, offset) =
                (d.pick(&["1", "3", "7", "50", "0"]), d.pick(&["", "", "offset 0 rows", "offset 110 rows"]));
            (
                format!(
                    "select s.id, s.name from spots s {filter} order by {by} {offset} fetch first {count} rows with ties"
                ),
                false,
            )
        }
        7 => {
            // Of rows that tie any may be left out.
            let by = order(&mut d, key);
            (
                format!(
                    "select {key} from spots s {filter} order by {by} offset {} rows fetch first {} rows with ties",
                    d.roll(30),
                    1 + d.roll(9)
                ),
                true,
            )
        }
        8 | 9 => {
            let items = [moment(&mut d), moment(&mut d)].join(", ");
            (format!("select s.id, {items} from spots s {filter} order by s.id"), true)
        }
        10 => {
            let (at, moment) = (d.pick(&["ts", "d"]), moment(&mut d));
            let interval = interval(&mut d);
            (
                format!(
                    "select count(*), max({}) from spots s where s.{at} >= timestamp '2016-02-29 12:00:00' {} {interval}",
                    if moment.starts_with('s') && moment.contains('>') { "s.id".to_owned() } else { moment },
                    d.pick(&["+", "-"])
                ),
                true,
            )
        }
        11 | 12 => {
            let items = [aggregate(&mut d), aggregate(&mut d)].join(", ");
            match d.roll(3) {
                0 => (format!("select {items} from spots s {filter}"), true),
                _ => (format!("select {key}, {items} from spots s {filter} group by {key}"), false),
            }
        }
        13 => {
            let series = d.pick(&[
                "generate_series(0, 7)",
                "generate_series(5, 1)",
                "generate_series(-1, 9, 2)",
                "generate_series(2::int8, 4)",
                "unnest(array[1, 2, null, 2])",
                "(values (1), (3), (null)) as",
                "(values (1, 'a'), (6, null)) as",
            ]);
            let join = d.pick(&["join", "left join", "right join"]);
            (format!("select s.id, g.x from spots s {join} {series} g(x) on s.zone = g.x {filter} order by 1, 2"), true)
        }
        14 => {
            let list = d.pick(&["'{1,2,null}'", "'{}'", "array[3, s.zone, null]", "null", "'{4,5,6}'", "array[1]"]);
            let (left, right) = (d.pick(&["s.zone", "s.id"]), format!("{list}::int[]"));
            let test = d.pick(&["= any", "<> all", "= any", "<> all"]);
            match d.roll(2) {
                0 => (format!("select s.id, {left} {test} ({right}) from spots s {filter} order by 1"), true),
                _ => (format!("select s.id from spots s where {left} {test} ({right}) order by 1"), true),
            }
        }
        _ => {
            let list = format!("array_agg(s.{} order by s.id)", d.pick(&["zone", "id", "v"]));
            let of = d.pick(&[
                "cardinality(L)",
                "array_length(L, 1)",
                "array_upper(L, 1)",
                "(L)[1]",
                "(L)[0]",
                "(L)[-1]",
                "(L)[count(*)::int]",
                "(L)[1000]",
                "array_position(L, 3)",
                "array_position(L, null)",
                "array[min(s.id), null, max(s.zone)]",
            ]);
            (format!("select {key}, {} from spots s {filter} group by {key}", of.replace('L', &list)), false)
        }
    }
}
