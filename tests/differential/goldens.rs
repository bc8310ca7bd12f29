//! The goldens of a dialect, run: the statements of each row over the value tables, by the real engine behind us and by PostGIS.
//! The rows whose every statement ran there and came back equal stand in `compat/executed/<target>.txt`: no other may call itself exact.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::tables::{Column, Table, srid};
use super::{SESSIONS, Sides, as_stored, duckdb_sides, trino_column, trino_value};
use crate::support::differential::{Verdict, compare};
use crate::support::graticule::Graticule;
use crate::support::postgres::{self, Postgres};
use crate::support::{Client, trino};

/// The value tables, with a row of NULL before and after the values.
fn value_tables() -> Vec<Table> {
    let text = std::fs::read_to_string("compat/dialects/values.tsv").expect("the values");
    let mut values = BTreeMap::<&str, Vec<&str>>::new();
    for line in text.lines().skip(1) {
        let (name, value) = line.split_once('\t').expect("a type and a value");
        values.entry(name).or_default().push(value);
    }
    let table = |(name, values): (&str, Vec<&str>)| {
        let ty = match name {
            "numeric" => "numeric(10,2)",
            "text" => "text collate \"C.utf8\"",
            "varchar" => "varchar collate \"C.utf8\"",
            "geometry" => "geometry(Geometry,4326)",
            "point" => "geometry(Point,4326)",
            "line" => "geometry(LineString,4326)",
            "polygon" => "geometry(Polygon,4326)",
            other => other,
        };
        let columns: Vec<Column> = vec![("id", "int"), ("g", "int"), ("v", ty.to_owned().leak())];
        let group = |n: usize| if n > values.len() { 9 } else { n % 3 };
        let row = |n: usize| {
            let value = n.checked_sub(1).and_then(|n| values.get(n)).map(|value| (*value).to_owned());
            vec![Some(n.to_string()), Some(group(n).to_string()), value]
        };
        let rows = (0..values.len() + 2).map(row).collect();
        Table { name: format!("v_{name}").leak(), columns, rows }
    };
    values.into_iter().map(table).collect()
}

/// What declares the table here with the types that its columns have in PostGIS: engines keep no kind of geometry with a column.
fn declared(table: &Table, server: &str, schema: &str) -> String {
    let spatial = table.columns.iter().any(|(_, ty)| srid(ty).is_some());
    let columns: Vec<String> = table.columns.iter().map(|(name, ty)| format!("{name} {ty}")).collect();
    format!(
        "create foreign table {0}({1}) server {server} options (schema_name '{schema}', table_name '{0}');",
        table.name,
        if spatial { columns.join(", ") } else { String::new() }
    )
}

/// Makes the oracle's tables known to us too, in a schema of their own: what our kernels read.
fn beside(oracle: &Postgres, database: &str) -> String {
    format!(
        "create server pg foreign data wrapper postgres options (host '127.0.0.1', port '{}', dbname '{database}');
         create user mapping for public server pg options (user 'postgres');
         select graticule.attach('pg', 'public', 'here');",
        oracle.port
    )
}

/// Families of functions that PostGIS does not have.
const CELLS: [&str; 4] = ["geohash", "h3", "quadbin", "s2"];

/// What proves a row: its statements, each with `true` where the target may give more rows, which are tested again here.
#[derive(Default)]
struct Row {
    name: String,
    /// A function of cells, which PostGIS does not have: the engine's kernels are the oracle, which the reference libraries' answers test.
    of_cells: bool,
    statements: Vec<(String, bool)>,
}

/// The rows of a family's golden; of hand-written statements each is one.
fn rows(target: &str, family: &str) -> Vec<Row> {
    let path = format!("dialects/{target}/{family}.golden");
    let Ok(text) = std::fs::read_to_string(&path) else { return Vec::new() };
    let mut rows = vec![Row::default()];
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("# ") {
            rows.push(Row { name: name.to_owned(), of_cells: CELLS.contains(&family), ..Row::default() });
        } else if let Some(statement) = line.strip_prefix('>') {
            let printed = lines.next().unwrap_or_default();
            // What is refused there is no claim.
            if printed.starts_with("0A000") || printed.starts_with("42") || printed.starts_with("22") {
                continue;
            }
            let (statement, weaker) = match statement.strip_prefix("= ") {
                Some(statement) => (statement, true),
                None => (statement.trim_start(), false),
            };
            if family == "statements" {
                rows.push(Row { name: statement.to_owned(), ..Row::default() });
            }
            rows.last_mut().expect("a row").statements.push((statement.to_owned(), weaker));
        }
    }
    rows.retain(|row| !row.statements.is_empty());
    rows
}

/// How a statement went.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Outcome {
    Equal,
    /// Some rows are refused aloud, the others are equal.
    Partly(String),
    /// It cannot run there as it is written: said aloud.
    Refused(String),
    Different(String),
}

/// One session on both sides.
struct Session {
    ours: Client,
    oracle: Client,
    kernels: Client,
}

/// The value tables that a statement reads, each with its alias.
fn aliases(statement: &str) -> Vec<(&str, &str)> {
    let Some((_, from)) = statement.split_once(" FROM ") else { return Vec::new() };
    let words: Vec<&str> = from.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let alias = |pair: &[&'_ str]| {
        pair[0].starts_with("v_")
            && pair[1].len() == 2
            && pair[1].starts_with('a')
            && pair[1].as_bytes()[1].is_ascii_digit()
    };
    words.windows(2).filter(|pair| alias(pair)).map(|pair| (pair[0], pair[1])).collect()
}

/// The statement over the rows (or groups) that `condition` names.
fn narrowed(statement: &str, condition: &str) -> String {
    let at = [" GROUP BY ", " ORDER BY "]
        .iter()
        .filter_map(|clause| statement.rfind(clause))
        .min()
        .unwrap_or(statement.len());
    let (head, tail) = statement.split_at(at);
    let word = if head.contains(" WHERE ") { "AND" } else { "WHERE" };
    format!("{head} {word} ({condition}){tail}")
}

impl Session {
    fn open(sides: &Sides) -> Session {
        let mut kernels = sides.server.client(sides.database);
        kernels.simple("set graticule.route = 'local'; set search_path = here, public").expect("the settings");
        Session { ours: sides.server.client(sides.database), oracle: sides.oracle.client(sides.database), kernels }
    }

    fn route(&mut self, route: &str) {
        self.ours.simple(&format!("set graticule.route = {route}")).expect("the setting");
    }

    fn row(&mut self, row: &Row) -> Outcome {
        let swap = |session: &mut Self| std::mem::swap(&mut session.oracle, &mut session.kernels);
        if row.of_cells {
            swap(self);
        }
        let outcome = row.statements.iter().map(|(sql, weaker)| self.prove(sql, *weaker)).max().expect("a statement");
        if row.of_cells {
            swap(self);
        }
        outcome
    }

    /// Over all rows at once; where PostGIS raises for one, over those for which it does not, and a few of the others each alone.
    fn prove(&mut self, statement: &str, weaker: bool) -> Outcome {
        self.route(if weaker { "default" } else { "server" });
        let ordered = aliases(statement).is_empty() && statement.contains(" ORDER BY ");
        let expected = self.oracle.query(statement);
        let used = aliases(statement);
        if expected.is_ok() || used.is_empty() {
            let found = self.ours.query(statement);
            return match compare(&found, &expected, ordered, &mut self.oracle) {
                Verdict::Equal => Outcome::Equal,
                Verdict::Refused(_) if !used.is_empty() => self.by_parts(statement, &used),
                Verdict::Refused(why) => Outcome::Refused(why),
                Verdict::Undefined(how) | Verdict::Different(how) => Outcome::Different(how),
            };
        }
        self.by_parts(statement, &used)
    }

    fn by_parts(&mut self, statement: &str, used: &[(&str, &str)]) -> Outcome {
        let key = if statement.contains(" GROUP BY ") { "g" } else { "id" };
        let mut chosen = vec![Vec::new()];
        for (table, alias) in used {
            let values = self.oracle.rows(&format!("select distinct {key} from {table} order by 1"));
            chosen = chosen
                .iter()
                .flat_map(|chosen: &Vec<String>| {
                    values.iter().map(move |value| [chosen.as_slice(), &[format!("{alias}.{key} = {value}")]].concat())
                })
                .collect();
        }
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for chosen in chosen.iter().take(3_000) {
            let condition = chosen.join(" AND ");
            let raises = self.oracle.query(&narrowed(statement, &condition)).is_err();
            if raises { bad.push(condition) } else { good.push(condition) }
        }
        let parts: Vec<Outcome> = good.chunks(200).flat_map(|part| self.part(statement, part)).collect();
        let some = parts.contains(&Outcome::Equal);
        let mut worst = match parts.into_iter().max() {
            Some(Outcome::Refused(why)) if some => Outcome::Partly(why),
            Some(worst) => worst,
            None => Outcome::Equal,
        };
        // An error here where PostGIS has one; which of them is told first is open.
        for condition in bad.iter().step_by(bad.len().div_ceil(4).max(1)) {
            if let Ok(found) = self.ours.query(&narrowed(statement, condition)) {
                worst = worst.max(Outcome::Different(format!("{condition}: {:?} instead of an error", found.text())));
            }
        }
        worst
    }

    /// Some rows at once; where they are refused, halves of them down to a few, so that the others are compared.
    fn part(&mut self, statement: &str, part: &[String]) -> Vec<Outcome> {
        let all: Vec<String> = part.iter().map(|condition| format!("({condition})")).collect();
        let narrow = narrowed(statement, &all.join(" OR "));
        let (found, expected) = (self.ours.query(&narrow), self.oracle.query(&narrow));
        vec![match compare(&found, &expected, false, &mut self.oracle) {
            Verdict::Equal => Outcome::Equal,
            Verdict::Refused(why) if part.len() <= 12 => Outcome::Refused(why),
            Verdict::Refused(_) => {
                let (left, right) = part.split_at(part.len() / 2);
                return [self.part(statement, left), self.part(statement, right)].concat();
            }
            Verdict::Undefined(how) | Verdict::Different(how) => Outcome::Different(how),
        }]
    }
}

/// Runs the rows of all families, and checks the list of those that ran there.
fn prove(target: &str, sides: &Sides) {
    let families = ["pg-core", "pg-json", "postgis", "statements"].into_iter().chain(CELLS);
    let all: Vec<Row> = families.flat_map(|family| rows(target, family)).collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(BTreeMap::<&str, Outcome>::new()));
    let work = || {
        let mut session = Session::open(sides);
        while let Some(row) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            let read = |table: &&str| row.statements.iter().any(|(statement, _)| statement.contains(table));
            let outcome = match sides.lacks.keys().find(|table| read(table)) {
                Some(table) => Outcome::Refused(sides.lacks[table].to_owned()),
                None => session.row(row),
            };
            found.lock().expect("no panic").insert(&row.name, outcome);
        }
    };
    std::thread::scope(|scope| (0..SESSIONS).for_each(|_| drop(scope.spawn(work))));
    let found = found.into_inner().expect("no panic");
    let (mut executed, mut different) = (BTreeSet::new(), Vec::new());
    for (name, outcome) in &found {
        match outcome {
            Outcome::Equal => {
                executed.insert(*name);
            }
            Outcome::Partly(why) => {
                println!("{target}: {name} was refused for some rows: {why}");
                executed.insert(*name);
            }
            Outcome::Refused(why) => println!("{target}: {name} was refused: {why}"),
            Outcome::Different(how) => different.push(format!("{name}: {how}")),
        }
    }
    println!("{target}: {} of {} rows ran there and are equal", executed.len(), found.len());
    assert!(different.is_empty(), "{target}: {} rows differ:\n{}", different.len(), different.join("\n"));
    let mut text = String::new();
    executed.iter().for_each(|name| text += &format!("{name}\n"));
    let path = format!("compat/executed/{target}.txt");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).expect("the list is written");
        return;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let (written, current): (BTreeSet<&str>, BTreeSet<&str>) = (written.lines().collect(), text.lines().collect());
    let (gone, new): (Vec<_>, Vec<_>) =
        (written.difference(&current).collect(), current.difference(&written).collect());
    assert!(
        gone.is_empty() && new.is_empty(),
        "{path}: UPDATE=1 rewrites it; not equal any more: {gone:?}, new: {new:?}"
    );
}

#[test]
fn goldens_over_duckdb() {
    let column = |ty: &str| {
        let plain = ty.split(" collate").next().unwrap_or(ty);
        Some(match (srid(ty), plain) {
            (Some(srid), _) => format!("geometry('EPSG:{srid}')"),
            (None, "bytea") => "blob".to_owned(),
            (None, "jsonb") => "json".to_owned(),
            (None, plain) => plain.to_owned(),
        })
    };
    let value = |ty: &str, text: &str| match ty {
        "bytea" => {
            let hex: Vec<String> =
                text.as_bytes()[2..].chunks(2).map(|byte| format!("\\x{}", String::from_utf8_lossy(byte))).collect();
            format!("'{}'::blob", hex.concat())
        }
        _ => format!("'{}'", text.replace('\'', "''")),
    };
    let tables = value_tables();
    let here: Vec<String> =
        tables.iter().filter_map(|table| table.elsewhere(table.name, column, value)).flatten().collect();
    let there: String = tables.iter().map(Table::postgres).collect();
    let database = "duckdb_goldens";
    let Some(oracle) = postgres::shared() else { return };
    let declared: String = tables.iter().map(|table| declared(table, "d", "main")).collect();
    let Some(sides) = duckdb_sides(database, &there, &here, &format!("{declared} {}", beside(oracle, database))) else {
        return;
    };
    prove("duckdb", &sides);
}

#[test]
fn goldens_over_trino() {
    let (Some(far), Some(oracle)) = (trino::far(), postgres::shared()) else { return };
    let database = "trino_goldens";
    far.run(&["CREATE SCHEMA memory.goldens"]);
    oracle.database(database, &value_tables().iter().map(Table::postgres).collect::<String>());
    let server = Graticule::serve(database, &format!("{} {}", far.server("tr"), beside(oracle, database)));
    let column = |ty: &str| {
        Some(match ty.split(" collate").next().unwrap_or(ty) {
            "int2" => "smallint".to_owned(),
            "int4" => "integer".to_owned(),
            "int8" => "bigint".to_owned(),
            "float4" => "real".to_owned(),
            "float8" => "double".to_owned(),
            "bytea" => "varbinary".to_owned(),
            "jsonb" => "json".to_owned(),
            other => trino_column(other)?,
        })
    };
    let value = |ty: &str, text: &str| match ty.split(" collate").next().unwrap_or(ty) {
        "bytea" => format!("X'{}'", &text[2..]),
        "jsonb" => format!("JSON '{text}'"),
        plain => match column(plain).as_deref() {
            Some(there @ ("smallint" | "integer" | "bigint" | "real" | "double" | "varchar")) => {
                format!("CAST('{}' AS {there})", text.replace('\'', "''"))
            }
            _ => trino_value(plain, text),
        },
    };
    for table in value_tables() {
        let made = table.elsewhere(&format!("memory.goldens.{}", table.name), column, value).expect("a table there");
        made.iter().for_each(|sql| far.run(&[sql]));
        let mut ours = server.client(database);
        ours.simple(&declared(&table, "tr", "goldens")).expect("a foreign table");
        if table.columns.iter().any(|(_, ty)| srid(ty).is_some()) {
            let mut oracle = oracle.client(database);
            as_stored(&mut ours, &mut oracle, &table);
            oracle
                .simple(&format!("alter table {} alter v type {}", table.name, table.columns[2].1))
                .expect("its type");
        }
    }
    let sides = Sides { database, server, oracle, lacks: BTreeMap::new(), _file: None };
    prove("trino", &sides);
}
