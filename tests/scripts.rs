//! SQL scripts against real PostgreSQL: every SELECT runs there and on the engine, which reads the script's tables as bare leaves.
//! The scripts of `compat/scripts` always; those of a folder of your own with `GRATICULE_SCRIPTS=/folder` (in the order of their names, one
//! database, `session.sql` at the start of each; `VERBOSE=1` lists what was refused).

use std::collections::BTreeSet;
use std::path::Path;

use graticule::sql::ast::{Constant, Node, SelectStmt};

use crate::support::differential::{Report, Verdict, compare};
use crate::support::graticule::Graticule;
use crate::support::script::{Piece, Role, pieces};
use crate::support::{Client, Failure, ResultSet};
use crate::support::{postgres, syntax};

#[test]
fn our_scripts_answer_as_postgresql() {
    let Some(report) = run(Path::new("compat/scripts"), "scripts") else { return };
    report.check("scripts", 0);
}

#[test]
fn scripts_of_a_folder_answer_as_postgresql() {
    let Some(folder) = std::env::var_os("GRATICULE_SCRIPTS") else { return };
    let Some(report) = run(Path::new(&folder), "folder") else { return };
    report.check("folder", report.total() * 6 / 10);
}

fn run(folder: &Path, database: &str) -> Option<Report> {
    let oracle = postgres::shared()?;
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("a folder of scripts").flatten().map(|e| e.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "sql") && !path.ends_with("session.sql"));
    paths.sort();
    let session = std::fs::read_to_string(folder.join("session.sql")).unwrap_or_default();
    oracle.database(database, "");
    let init = format!(
        "CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{}', dbname '{database}');
         CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres');
         SELECT graticule.attach('pg', 'public', 'public');",
        oracle.port
    );
    let server = Graticule::serve(database, &init);
    let mut geometry = oracle.client(database);
    let mut report = Report::default();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let script = std::fs::read_to_string(&path).expect("a script");
        let mut pair = Pair { far: oracle.client(database), ours: server.client(database), stale: true };
        pair.both("set graticule.route = 'local'", &session);
        for piece in pieces(&script) {
            if let Some((sql, verdict)) = pair.play(&piece, &mut geometry) {
                if matches!(&verdict, Verdict::Different(how) if how.starts_with("closed")) {
                    pair.ours = server.client(database);
                    pair.both("set graticule.route = 'local'", &session);
                }
                report.add(&format!("{name}:{}", piece.line), &sql, verdict);
            }
        }
    }
    Some(report)
}

/// The two sides of a script.
struct Pair {
    far: Client,
    ours: Client,
    /// A definition has changed since our side looked.
    stale: bool,
}

impl Pair {
    fn both(&mut self, own: &str, session: &str) {
        self.ours.simple(own).expect("our settings exist");
        for piece in pieces(session) {
            self.far.simple(&piece.text).expect("a setting");
            self.ours.simple(&piece.text).expect("a setting");
        }
    }

    fn play(&mut self, piece: &Piece, geometry: &mut Client) -> Option<(String, Verdict)> {
        match piece.role {
            Role::Skipped => None,
            Role::Definition => {
                if let Err(failure) = self.far.simple(&kept(&piece.text)) {
                    eprintln!("line {}: {} {}", piece.line, failure.state, failure.message);
                }
                self.stale = true;
                None
            }
            Role::Setting => {
                let (found, expected) = (self.ours.query(&piece.text), self.far.query(&piece.text));
                Some((piece.text.clone(), compare(&found, &expected, true, geometry)))
            }
            Role::Query => {
                if std::mem::take(&mut self.stale) {
                    // Outside of any transaction that a statement has left open.
                    self.ours.simple("rollback").expect("a fresh state");
                    self.ours
                        .simple("select graticule.attach('pg', 'public', 'public')")
                        .expect("the schema is followed");
                }
                let expected = self.far.query(&piece.text);
                let found = self.ours.query(&piece.text);
                let verdict = compare(&found, &expected, is_ordered(&piece.text), geometry);
                let verdict = match explained(&piece.text, verdict, &found, &expected, geometry) {
                    Verdict::Different(how) if found.is_ok() && expected.is_ok() => {
                        self.judged(&piece.text, &found, how, geometry)
                    }
                    verdict => verdict,
                };
                Some((piece.text.clone(), verdict))
            }
        }
    }

    /// Ties leave an answer open (a window's order, LIMIT, DISTINCT ON): PostgreSQL runs it again over the same rows in other orders, in
    /// temporary tables of the same names. Ours must be one of its answers.
    fn judged(&mut self, sql: &str, found: &Result<ResultSet, Failure>, how: String, geometry: &mut Client) -> Verdict {
        let Some(described) = syntax::with_select(sql, |select| format!("{select:?}")) else {
            return Verdict::Different(how);
        };
        let names = described
            .match_indices("schemaname: \"\", relname: \"")
            .map(|(at, before)| &described[at + before.len()..]);
        let names: BTreeSet<&str> = names.filter_map(|rest| rest.split('"').next()).collect();
        let mut shadows = String::new();
        for name in names {
            let kind =
                format!("select 1 from pg_class where oid = to_regclass('public.{name}') and relkind in ('r', 'p')");
            if self.far.query(&kind).is_ok_and(|set| set.rows.len() == 1) {
                shadows += &format!(
                    "create temp table {name} on commit drop as select * from public.{name} order by random();"
                );
            }
        }
        if shadows.is_empty() {
            return Verdict::Different(how);
        }
        let mut answers = BTreeSet::new();
        for attempt in 1..=2000 {
            self.far.simple("begin").expect("a transaction");
            let answer = self
                .far
                .simple(&shadows)
                .map_err(|failure| failure.message)
                .and_then(|_| self.far.query(sql).map_err(|failure| failure.message));
            self.far.simple("rollback").expect("its end");
            let Ok(answer) = answer else { return Verdict::Different(how) };
            let mut rows = answer.text();
            rows.sort();
            answers.insert(rows);
            if compare(found, &Ok(answer), is_ordered(sql), geometry) == Verdict::Equal {
                return Verdict::Undefined(format!("answer of attempt {attempt}: {how}"));
            }
        }
        Verdict::Different(format!("({} answers of PostgreSQL) {how}", answers.len()))
    }
}

/// Says so where only the order differs.
fn explained(
    sql: &str,
    verdict: Verdict,
    found: &Result<ResultSet, Failure>,
    expected: &Result<ResultSet, Failure>,
    geometry: &mut Client,
) -> Verdict {
    match verdict {
        Verdict::Different(how) if compare(found, expected, false, geometry) == Verdict::Equal => {
            match (found, expected, order_columns(sql)) {
                // The same rows, and what ORDER BY names comes in the same order: ties have none.
                (Ok(found), Ok(expected), Some(columns))
                    if columns.iter().all(|column| {
                        let key = |set: &ResultSet| set.rows.iter().map(|row| row[*column].clone()).collect::<Vec<_>>();
                        key(found) == key(expected)
                    }) =>
                {
                    Verdict::Undefined(format!("the order of ties: {how}"))
                }
                _ => Verdict::Different(format!("ORDER {how}")),
            }
        }
        // What a script makes of its own and cannot be attached: C types, sequences, temporary functions.
        Verdict::Different(how) if found.is_err() && how.contains(" does not exist instead of ") => {
            Verdict::Refused(how)
        }
        // The folder's `session.sql` may set a statement_timeout.
        Verdict::Different(how) if how.starts_with("57014") => Verdict::Refused("57014: too slow".to_owned()),
        verdict => verdict,
    }
}

fn is_ordered(sql: &str) -> bool {
    syntax::with_select(sql, |select| !select.sort_clause.is_empty()).unwrap_or(true)
}

/// The output columns that ORDER BY names; none where it names something else.
fn order_columns(sql: &str) -> Option<Vec<usize>> {
    syntax::with_select(sql, ordered_by).flatten()
}

fn ordered_by(select: &SelectStmt) -> Option<Vec<usize>> {
    let bare = |node: &Node| {
        let text = format!("{node:?}");
        let parts: Vec<&str> = text.split("location: ").collect();
        parts.iter().map(|part| part.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit())).collect::<String>()
    };
    let targets: Vec<(&str, Option<String>)> = select
        .target_list
        .iter()
        .map(|target| match target {
            Node::ResTarget(target) => (target.name.as_str(), target.val.as_ref().map(bare)),
            _ => ("", None),
        })
        .collect();
    let column = |sort: &Node| {
        let Node::SortBy(sort) = sort else { return None };
        let key = sort.node.as_ref()?;
        let named = |name: &str| targets.iter().position(|(own, _)| !own.is_empty() && *own == name);
        let same = targets.iter().position(|(_, value)| value.as_ref() == Some(&bare(key)));
        same.or_else(|| match key {
            Node::AConst(constant) => match constant.val.as_ref()? {
                Constant::Integer(position) => usize::try_from(*position).ok()?.checked_sub(1),
                _ => None,
            },
            Node::ColumnRef(column) => match column.fields.as_slice() {
                [Node::String(name)] => named(name),
                _ => None,
            },
            _ => None,
        })
    };
    select.sort_clause.iter().map(column).collect()
}

/// Temporary relations would be seen by one session alone.
fn kept(sql: &str) -> String {
    let lower = sql.to_ascii_lowercase();
    for word in ["create temp ", "create temporary ", "create local temp ", "create unlogged "] {
        if lower.starts_with(word) {
            return format!("create {}", &sql[word.len()..]);
        }
    }
    sql.to_owned()
}
