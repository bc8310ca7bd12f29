//! The same statements on two servers: equal, refused, or silently different.

use std::collections::{BTreeMap, BTreeSet};

use super::{Client, Failure, ResultSet};

/// How a statement went on our side against the oracle's.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    Equal,
    /// 0A000, 42883 ... with our message.
    Refused(String),
    /// PostgreSQL itself answers otherwise once the same rows lie in another order, and ours is one of its answers.
    Undefined(String),
    /// Another value, type, SQLSTATE or number of rows: the worst.
    Different(String),
}

/// Codes that mean "not supported here".
const REFUSALS: [&str; 3] = ["0A000", "42883", "54001"];

/// Compares one statement. `ordered`: rows must come in the same order.
pub fn compare(
    ours: &Result<ResultSet, Failure>,
    oracle: &Result<ResultSet, Failure>,
    ordered: bool,
    geometry: &mut Client,
) -> Verdict {
    match (ours, oracle) {
        (Err(failure), Err(expected)) if failure.state == expected.state => Verdict::Equal,
        (Err(failure), _) if REFUSALS.contains(&failure.state.as_str()) => {
            Verdict::Refused(format!("{}: {}", failure.state, failure.message))
        }
        (Err(failure), Err(expected)) => Verdict::Different(format!(
            "{} {} instead of {} {}",
            failure.state, failure.message, expected.state, expected.message
        )),
        (Err(failure), Ok(expected)) => {
            Verdict::Different(format!("{} {} instead of {:?}", failure.state, failure.message, head(&expected.text())))
        }
        (Ok(found), Err(expected)) => {
            Verdict::Different(format!("{:?} instead of {} {}", head(&found.text()), expected.state, expected.message))
        }
        (Ok(found), Ok(expected)) => same_rows(found, expected, ordered, geometry),
    }
}

fn head(rows: &[String]) -> Vec<String> {
    rows.iter().take(4).map(|row| row.chars().take(200).collect()).collect()
}

fn same_rows(found: &ResultSet, expected: &ResultSet, ordered: bool, geometry: &mut Client) -> Verdict {
    let kinds = |set: &ResultSet| {
        set.columns.iter().map(|column| (column.name.clone(), builtin(column.oid), column.typmod)).collect::<Vec<_>>()
    };
    if kinds(found) != kinds(expected) {
        return Verdict::Different(format!("columns {:?} instead of {:?}", kinds(found), kinds(expected)));
    }
    if found.rows.len() != expected.rows.len() {
        return Verdict::Different(format!(
            "{} rows instead of {}: {:?} instead of {:?}",
            found.rows.len(),
            expected.rows.len(),
            head(&found.text()),
            head(&expected.text())
        ));
    }
    let (mut left, mut right) = (found.rows.clone(), expected.rows.clone());
    if !ordered {
        left.sort();
        right.sort();
    }
    for (mine, theirs) in left.iter().zip(&right) {
        if mine.iter().zip(theirs).any(|(a, b)| a != b && !close(a.as_deref(), b.as_deref(), geometry)) {
            let row = |row: &[Option<Vec<u8>>]| {
                let values = row.iter().map(|value| value.as_deref().map_or("NULL".into(), String::from_utf8_lossy));
                values.collect::<Vec<_>>().join("|")
            };
            let rows = head(&[row(mine), row(theirs)]);
            return Verdict::Different(format!("{:?} instead of {:?}, among {} rows", rows[0], rows[1], left.len()));
        }
    }
    Verdict::Equal
}

/// Oids of the server's own types differ between servers.
fn builtin(oid: u32) -> u32 {
    if oid >= 16_384 { 0 } else { oid }
}

/// Equal as floats (1e-9 relative) or as geometries (topologically, or vertex by vertex within 1e-9).
fn close(a: Option<&[u8]>, b: Option<&[u8]>, geometry: &mut Client) -> bool {
    let (Some(a), Some(b)) = (a.and_then(|a| std::str::from_utf8(a).ok()), b.and_then(|b| std::str::from_utf8(b).ok()))
    else {
        return false;
    };
    let hex =
        |text: &str| text.len() >= 18 && text.starts_with("01") && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    // EWKB in hexadecimal digits may read as a number.
    if !hex(a)
        && !hex(b)
        && let (Ok(x), Ok(y)) = (a.parse::<f64>(), b.parse::<f64>())
    {
        // Integers and short decimals are exact, and DuckDB's sort keeps no sign of a zero.
        let float = a.len() > 12 || a.contains('e') || b.len() > 12 || (a, b) == ("0", "-0");
        return float && (x - y).abs() <= 1e-9 * x.abs().max(y.abs());
    }
    let wkt = |text: &str| {
        let text = text.strip_prefix("SRID=").and_then(|text| text.split_once(';')).map_or(text, |(_, rest)| rest);
        ["POINT", "LINESTRING", "POLYGON", "MULTI", "GEOMETRYCOLLECTION"].iter().any(|kind| text.starts_with(kind))
    };
    if (hex(a) && hex(b)) || (wkt(a) && wkt(b)) {
        let sql = format!(
            "select st_srid(a) = st_srid(b) and geometrytype(a) = geometrytype(b) and (a ~= b or st_isempty(a) = st_isempty(b)) and \
             (st_equals(a, b) or st_hausdorffdistance(a, b) <= 1e-9 * (1 + abs(st_xmax(b)) + abs(st_ymax(b)))) \
             from (select '{a}'::geometry a, '{b}'::geometry b) g"
        );
        return geometry.query(&sql).is_ok_and(|set| set.text() == ["t"]);
    }
    // Text with embedded numbers (GeoJSON, BOX(...)): the same words, numbers within 1e-9.
    numbers_apart(a, b)
}

fn numbers_apart(a: &str, b: &str) -> bool {
    let split = |text: &str| {
        let (mut words, mut numbers, mut current) = (String::new(), Vec::new(), String::new());
        for c in text.chars().chain([' ']) {
            if c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e') && (!current.is_empty() || c == '-') {
                current.push(c);
            } else {
                if let Ok(number) = current.parse::<f64>() {
                    numbers.push((number, current.len()));
                    words.push('#');
                } else {
                    words.push_str(&current);
                }
                current.clear();
                words.push(c);
            }
        }
        (words, numbers)
    };
    let ((words_a, a), (words_b, b)) = (split(a), split(b));
    words_a == words_b
        && a.len() == b.len()
        && !a.is_empty()
        && a.iter()
            .zip(&b)
            .all(|((x, digits), (y, _))| x == y || (*digits > 12 && (x - y).abs() <= 1e-9 * x.abs().max(y.abs())))
}

/// Makes the oracle's copy of a foreign table: its columns as our side tells them, its rows as they lie there.
pub fn copy(ours: &mut Client, oracle: &mut Client, table: &str) {
    let columns = ours.rows(&format!(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = '{table}'::regclass and attnum > 0 order by attnum"
    ));
    let columns: Vec<(&str, &str)> = columns.iter().filter_map(|column| column.split_once('|')).collect();
    let list = |of: &dyn Fn(&(&str, &str)) -> String| columns.iter().map(of).collect::<Vec<_>>().join(", ");
    oracle.simple(&format!("create table {table}({})", list(&|(name, ty)| format!("{name} {ty}")))).expect("a table");
    let values = list(&|(name, _)| format!("quote_nullable({name}::text)"));
    for row in ours.rows(&format!("select concat_ws(', ', {values}) from {table} order by 1")) {
        oracle.simple(&format!("insert into {table} values ({row})")).expect("a row");
    }
}

/// The verdicts of a suite.
#[derive(Debug, Default)]
pub struct Report {
    pub equal: usize,
    pub equal_ids: BTreeSet<String>,
    /// Id to message.
    pub refused: BTreeMap<String, String>,
    pub undefined: Vec<(String, String)>,
    pub different: Vec<(String, String)>,
}

impl Report {
    pub fn add(&mut self, id: &str, sql: &str, verdict: Verdict) {
        match verdict {
            Verdict::Equal => {
                self.equal += 1;
                self.equal_ids.insert(id.to_owned());
            }
            Verdict::Refused(why) => {
                self.refused.insert(id.to_owned(), why);
            }
            Verdict::Undefined(how) => self.undefined.push((id.to_owned(), format!("{sql}\n      {how}"))),
            Verdict::Different(how) => self.different.push((id.to_owned(), format!("{sql}\n      {how}"))),
        }
    }

    pub fn total(&self) -> usize {
        self.equal + self.refused.len() + self.undefined.len() + self.different.len()
    }

    /// Fails on a silent difference that the ledger does not name, on a named one that passes now, and on fewer equal than `floor`.
    pub fn check(&self, suite: &str, floor: usize) {
        println!(
            "{suite}: {} equal, {} refused, {} undefined in PostgreSQL, {} different of {}",
            self.equal,
            self.refused.len(),
            self.undefined.len(),
            self.different.len(),
            self.total()
        );
        if std::env::var_os("VERBOSE").is_some() {
            for (id, why) in &self.refused {
                println!("  REFUSED {id}: {why}");
            }
            for (id, how) in &self.undefined {
                println!("  UNDEFINED {id}: {how}");
            }
            for (id, how) in &self.different {
                println!("  DIFFERENT {id}: {how}");
            }
        }
        let known = ledger(suite);
        let new: Vec<_> = self.different.iter().filter(|(id, _)| !known.contains(id)).collect();
        let list: Vec<String> = new.iter().take(40).map(|(id, how)| format!("{id}: {how}")).collect();
        assert!(new.is_empty(), "{suite}: {} silent differences:\n{}", new.len(), list.join("\n"));
        let stale: Vec<_> = known.iter().filter(|id| !self.different.iter().any(|(other, _)| other == *id)).collect();
        assert!(stale.is_empty(), "{suite}: the ledger names cases that pass now: {stale:?}");
        assert!(self.equal >= floor, "{suite}: {} equal, fewer than {floor}", self.equal);
    }
}

impl Report {
    /// Fails on a refusal that the ledger does not name, and on a named one that is refused no more.
    pub fn check_refusals(&self, suite: &str) {
        let known = refusals(suite);
        let new: Vec<_> = self.refused.iter().filter(|(id, _)| !known.contains(*id)).collect();
        assert!(new.is_empty(), "{suite}: refused, and not in compat/ledger.toml: {new:#?}");
        let stale: Vec<_> = known.iter().filter(|id| !self.refused.contains_key(*id)).collect();
        assert!(stale.is_empty(), "{suite}: compat/ledger.toml says refused, but it is not: {stale:?}");
    }
}

/// Ids whose failure or difference in a suite `compat/ledger.toml` names.
pub fn ledger(suite: &str) -> BTreeSet<String> {
    named("entries", |entry| entry["suite"].as_str() == Some(suite))
}

/// Ids that a suite may refuse.
fn refusals(suite: &str) -> BTreeSet<String> {
    named("refused", |entry| {
        entry["suites"].as_array().expect("a list of suites").iter().any(|name| name.as_str() == Some(suite))
    })
}

fn named(list: &str, of: impl Fn(&toml::Value) -> bool) -> BTreeSet<String> {
    let text = std::fs::read_to_string("compat/ledger.toml").expect("the ledger");
    let table: toml::Table = text.parse().expect("the ledger is TOML");
    let entries = table[list].as_array().expect("a list of entries");
    let mut found = BTreeSet::new();
    for entry in entries.iter().filter(|entry| of(entry)) {
        let reason = entry.get("reason").and_then(|reason| reason.as_str()).unwrap_or_default();
        assert!(reason.len() > 10, "an entry without a reason: {entry}");
        let id = entry["id"].as_str().expect("an id").to_owned();
        assert!(found.insert(id), "the ledger names it twice: {entry}");
    }
    found
}
