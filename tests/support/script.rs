//! SQL scripts as psql reads them, cut into statements.

use graticule::sql::ast::{Node, SelectStmt};

use super::syntax;

/// What a statement is, by its first word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Rows to compare.
    Query,
    /// SET, RESET: for both sides.
    Setting,
    /// Changes the database: for the oracle alone.
    Definition,
    /// BEGIN, EXPLAIN, COPY FROM stdin ...: for nobody.
    Skipped,
}

/// One statement and the line on which it starts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Piece {
    pub line: usize,
    pub text: String,
    pub role: Role,
}

/// The statements of a script, without comments between them and without psql's own commands.
pub fn pieces(script: &str) -> Vec<Piece> {
    let bytes = script.as_bytes();
    let (mut found, mut start, mut at) = (Vec::new(), None, 0);
    while at < bytes.len() {
        let rest = &script[at..];
        let step = match bytes[at] {
            b'-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with("/*") => comment(rest),
            b'\\' => {
                // A command of psql; at the end of a statement it takes the place of the semicolon.
                start = None;
                rest.find('\n').unwrap_or(rest.len())
            }
            b';' => {
                if let Some(from) = start.take() {
                    found.push(piece(script, from, at));
                    if let Some(end) = inline_data(&found, rest) {
                        at += end;
                        continue;
                    }
                }
                1
            }
            byte => {
                if start.is_none() && !byte.is_ascii_whitespace() {
                    start = Some(at);
                }
                match byte {
                    b'\'' => {
                        let escapes = at > 0
                            && bytes[at - 1].eq_ignore_ascii_case(&b'e')
                            && (at < 2 || !bytes[at - 2].is_ascii_alphanumeric());
                        quoted(rest.as_bytes(), b'\'', escapes)
                    }
                    b'"' => quoted(rest.as_bytes(), b'"', false),
                    b'$' => dollar(rest).unwrap_or(1),
                    _ => rest.chars().next().map_or(1, char::len_utf8),
                }
            }
        };
        at += step;
    }
    found
}

fn piece(script: &str, from: usize, to: usize) -> Piece {
    let text = script[from..to].trim().to_owned();
    let line = script[..from].matches('\n').count() + 1;
    let role = role(&text);
    Piece { line, text, role }
}

fn role(text: &str) -> Role {
    let lower = text.to_ascii_lowercase();
    let first: String = lower.trim_start_matches('(').chars().take_while(|c| c.is_ascii_alphabetic()).collect();
    match first.as_str() {
        // A statement that PostgreSQL's grammar refuses is compared too.
        "select" | "with" | "values" | "table" => match syntax::with_select(text, is_plain_query) {
            Some(true) => Role::Query,
            None if graticule::sql::parse(text).is_err() => Role::Query,
            _ => Role::Definition,
        },
        "set" | "reset" => Role::Setting,
        "explain" | "begin" | "start" | "commit" | "end" | "rollback" | "abort" | "savepoint" | "release"
        | "declare" | "fetch" | "close" | "move" | "prepare" | "execute" | "deallocate" | "listen" => Role::Skipped,
        "copy" if lower.contains("stdin") || lower.contains("stdout") => Role::Skipped,
        _ => Role::Definition,
    }
}

/// A SELECT without INTO that writes nothing.
fn is_plain_query(select: &SelectStmt) -> bool {
    let writes =
        |node: &Node| matches!(node, Node::CommonTableExpr(cte) if !matches!(cte.ctequery, Some(Node::SelectStmt(_))));
    select.into_clause.is_none() && !select.with_clause.as_ref().is_some_and(|with| with.ctes.iter().any(writes))
}

/// Behind `COPY ... FROM stdin;` lies its data up to `\.`.
fn inline_data(found: &[Piece], rest: &str) -> Option<usize> {
    let last = found.last()?;
    let lower = last.text.to_ascii_lowercase();
    (lower.starts_with("copy") && lower.contains("from stdin"))
        .then(|| rest.find("\n\\.").map_or(rest.len(), |end| end + 3))
}

fn comment(text: &str) -> usize {
    let (mut depth, mut at, bytes) = (0, 0, text.as_bytes());
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if bytes[at..].starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    at
}

fn quoted(text: &[u8], quote: u8, escapes: bool) -> usize {
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'\\' if escapes => at += 2,
            byte if byte == quote && text.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

fn dollar(text: &str) -> Option<usize> {
    let end = text[1..].find('$')? + 2;
    let tag = &text[..end];
    let word = &tag[1..end - 1];
    if word.starts_with(|c: char| c.is_ascii_digit()) || !word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    text[end..].find(tag).map(|close| end + close + end)
}

#[test]
fn scripts_are_cut_into_statements() {
    let script = "-- a comment; here\nselect ';', E'\\';' -- more;\n;\n\\d t\nset x = 1; create function f() returns int as $a$ ; $a$ language sql;\n\
                  copy t from stdin;\n1;2\n\\.\n/* a /* b; */ */ select $1$;\nselect 1 as \"a;b\" \\gset\nbegin; select 2 into t2; with c as (delete from t returning 1) select 1;";
    let found = pieces(script);
    let roles: Vec<Role> = found.iter().map(|piece| piece.role).collect();
    use Role::*;
    assert_eq!(roles, [Query, Setting, Definition, Skipped, Query, Skipped, Definition, Definition], "{found:#?}");
    assert_eq!((found[0].line, found[1].line), (2, 5));
    assert_eq!(found[2].text, "create function f() returns int as $a$ ; $a$ language sql");
}
