//! The only parser entry: PostgreSQL's own grammar (`ast`), split into statements with their kinds.
//!
//! Session commands become the closed enum [`Command`] and never meet a planner; everything else keeps its parse tree.
//! Node locations are byte offsets into [`Statement::source`], the whole string that the client sent.

pub mod ast;
mod command;
mod copy;
mod depth;
mod fail;
mod shape;

pub use self::command::{
    Command, CursorOptions, Discard, Fetch, FetchDirection, Isolation, RoleChange, Scroll, SetValue, TransactionOptions,
};
pub use self::copy::{CopyFormat, CopyOptions, CopyOut, ForceQuote};
pub use self::shape::{Literals, Shapes};

use std::ops::{Deref, Range};
use std::sync::{Arc, LazyLock};

use self::ast::Node;
use crate::error::{Error, Result, SqlState};

/// One statement of a query string.
#[derive(Debug)]
pub struct Statement {
    pub kind: Kind,
    /// Where it stands in `source`, in bytes, without the semicolon.
    pub text_range: Range<usize>,
    /// The whole query string.
    pub source: Arc<str>,
    /// Its constants where it shares the tree of another text.
    pub literals: Arc<Literals>,
}

/// A syntax tree; it may nest as deep as its text is long, and dropping it is recursive.
#[derive(Debug)]
pub struct Tree {
    node: Node,
    text_len: usize,
}

impl Tree {
    /// The tree of a text of that length.
    pub fn new(node: Node, text_len: usize) -> Arc<Tree> {
        Arc::new(Tree { node, text_len })
    }

    pub fn node(&self) -> &Node {
        &self.node
    }
}

impl Deref for Tree {
    type Target = Node;

    fn deref(&self) -> &Node {
        &self.node
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let node = std::mem::take(&mut self.node);
        depth::grown(self.text_len, move || drop(node));
    }
}

/// What a statement is.
#[derive(Debug)]
pub enum Kind {
    /// A session command: answered by the session itself.
    Command(Command),
    /// Definitions and all other utility statements.
    Ddl(Arc<Tree>),
    Explain(Explain),
    /// SELECT, VALUES, TABLE, INSERT, UPDATE, DELETE, MERGE.
    Query(Arc<Tree>),
}

/// EXPLAIN.
#[derive(Debug)]
pub struct Explain {
    /// Option names in lower case with their argument as written, in order.
    pub options: Vec<(String, Option<String>)>,
    pub statement: Arc<Statement>,
}

impl Statement {
    /// A statement with the constants of its own tree.
    pub fn new(kind: Kind, text_range: Range<usize>, source: Arc<str>) -> Statement {
        static NONE: LazyLock<Arc<Literals>> = LazyLock::new(Arc::default);
        Statement { kind, text_range, source, literals: Arc::clone(&NONE) }
    }

    /// The statement's own text.
    pub fn text(&self) -> &str {
        self.source.get(self.text_range.clone()).unwrap_or_default()
    }
}

/// Parses a query string; empty statements vanish.
pub fn parse(text: &str) -> Result<Vec<Statement>> {
    if let Some(end) = text.find('\0') {
        return Err(Error::new(
            SqlState::CHARACTER_NOT_IN_REPERTOIRE,
            "invalid byte sequence for encoding \"UTF8\": 0x00",
        )
        .at(end));
    }
    depth::grown(text.len(), || {
        let parsed = ast::parse(text)?;
        let source: Arc<str> = Arc::from(text);
        parsed.into_iter().filter_map(|raw| statement(&source, raw).transpose()).collect()
    })
}

fn statement(source: &Arc<str>, raw: ast::RawStmt) -> Result<Option<Statement>> {
    if matches!(raw.stmt, Node::Null) {
        return Ok(None);
    }
    let start = usize::try_from(raw.location).unwrap_or(0).min(source.len());
    let end = match usize::try_from(raw.len) {
        Ok(0) | Err(_) => source.len(),
        Ok(len) => (start + len).min(source.len()),
    };
    // The first statement's range starts with the blanks before it.
    let text = source.get(start..end).unwrap_or_default();
    let start = start + (text.len() - text.trim_start().len());
    let text_range = start..start + source.get(start..end).unwrap_or_default().trim_end().len();
    Ok(Some(Statement::new(kind(source, &text_range, raw.stmt)?, text_range, Arc::clone(source))))
}

/// A statement inside another one (the query of DECLARE, PREPARE, COPY, EXPLAIN).
fn inner(source: &Arc<str>, text_range: &Range<usize>, node: Option<Node>) -> Result<Arc<Statement>> {
    let node = node.ok_or_else(|| Error::internal("a statement without its query"))?;
    let kind = kind(source, text_range, node)?;
    Ok(Arc::new(Statement::new(kind, text_range.clone(), Arc::clone(source))))
}

fn kind(source: &Arc<str>, text_range: &Range<usize>, mut node: Node) -> Result<Kind> {
    match &mut node {
        Node::SelectStmt(_) | Node::InsertStmt(_) | Node::UpdateStmt(_) | Node::DeleteStmt(_) | Node::MergeStmt(_) => {
            Ok(Kind::Query(Tree::new(node, text_range.len())))
        }
        Node::ExplainStmt(explain) => {
            let options = explain.options.iter().filter_map(command::definition);
            let options = options.map(|(name, value, _)| (name, value)).collect();
            Ok(Kind::Explain(Explain { options, statement: inner(source, text_range, explain.query.take())? }))
        }
        _ => match command::command(source, text_range, &mut node)? {
            Some(command) => Ok(Kind::Command(command)),
            None => Ok(Kind::Ddl(Tree::new(node, text_range.len()))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kind's name and the text of each statement.
    fn split(text: &str) -> Vec<(String, String)> {
        let statements = parse(text).unwrap();
        let name = |statement: &Statement| match &statement.kind {
            Kind::Command(command) => format!("{command:?}").split([' ', '(', '{']).next().unwrap().to_owned(),
            Kind::Ddl(_) => "Ddl".to_owned(),
            Kind::Explain(_) => "Explain".to_owned(),
            Kind::Query(_) => "Query".to_owned(),
        };
        statements.iter().map(|statement| (name(statement), statement.text().to_owned())).collect()
    }

    #[test]
    fn splits_query_strings() {
        for (text, expected) in [
            ("", vec![]),
            (" ; ;; -- nothing\n", vec![]),
            ("select 1", vec![("Query", "select 1")]),
            (
                "BEGIN READ ONLY;DECLARE q BINARY CURSOR FOR SELECT 1;",
                vec![("Begin", "BEGIN READ ONLY"), ("Declare", "DECLARE q BINARY CURSOR FOR SELECT 1")],
            ),
            (" SET a.b = 1 ; fetch 3 c", vec![("Set", "SET a.b = 1"), ("Fetch", "fetch 3 c")]),
            ("create table t (a int)", vec![("Ddl", "create table t (a int)")]),
            ("explain select 1", vec![("Explain", "explain select 1")]),
            ("table t", vec![("Query", "table t")]),
            ("copy t to stdout", vec![("CopyOut", "copy t to stdout")]),
            ("copy t from stdin", vec![("CopyIn", "copy t from stdin")]),
        ] {
            let expected: Vec<(String, String)> =
                expected.into_iter().map(|(kind, text)| (kind.to_owned(), text.to_owned())).collect();
            assert_eq!(split(text), expected, "{text}");
        }
    }

    #[test]
    fn errors_are_postgresqls() {
        for (text, state, message, position) in [
            ("select 1 +", "42601", "syntax error at end of input", Some(10)),
            ("selec 1", "42601", "syntax error at or near \"selec\"", Some(0)),
            ("select 'abc", "42601", "unterminated quoted string at or near \"'abc\"", Some(7)),
            ("select \"\" from t", "42601", "zero-length delimited identifier at or near \"\"\"\"", Some(7)),
            ("select 1; foo bar; select 2", "42601", "syntax error at or near \"foo\"", Some(10)),
            ("select 1; selec 2", "42601", "syntax error at or near \"selec\"", Some(10)),
            ("begin isolation level foo", "42601", "syntax error at or near \"foo\"", Some(22)),
            ("select a.b from t limit 1 limit 2", "42601", "syntax error at or near \"limit\"", Some(26)),
            ("select /* abc", "42601", "unterminated /* comment at or near \"/* abc\"", Some(7)),
            ("select 'a' 'b'", "42601", "syntax error at or near \"'b'\"", Some(11)),
            ("select 123abc", "42601", "trailing junk after numeric literal at or near \"123abc\"", Some(7)),
            ("set catalog 'x'", "0A000", "current database cannot be changed", None),
        ] {
            let error = parse(text).unwrap_err();
            let found = (error.state().code().to_owned(), error.message().to_owned(), error.fields().position);
            assert_eq!(found, (state.to_owned(), message.to_owned(), position), "{text}");
        }
    }

    #[test]
    fn deep_statements_do_not_overflow() {
        for (text, fits) in [
            (format!("select {}1", "1+".repeat(400)), true),
            (format!("select {}1", "1+".repeat(100_000)), false),
            (format!("select {}1{}", "(".repeat(20_000), ")".repeat(20_000)), false),
            (format!("select {}1", "- ".repeat(30_000)), false),
            (format!("select {}true", "not ".repeat(30_000)), false),
            (format!("select 1 in ({}1)", "1,".repeat(10_000)), true),
            (format!("insert into t values {}(1)", "(-1,'a b c','d'),".repeat(5_000)), true),
            (format!("select 1 where {}true", "a = 1 or b = 2 and ".repeat(2_000)), true),
        ] {
            match parse(&text) {
                Ok(_) => assert!(fits, "{}", &text[..30]),
                Err(error) => {
                    let start = &text[..30];
                    assert_eq!(
                        (error.state(), fits),
                        (SqlState::STATEMENT_TOO_COMPLEX, false),
                        "{start}: {:?}",
                        error.fields()
                    );
                }
            }
        }
    }
}
