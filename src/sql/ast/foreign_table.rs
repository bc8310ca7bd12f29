//! CREATE FOREIGN TABLE: the one statement that the parser's crate hands over without a type. Its head is a CREATE TABLE and its tail
//! (`SERVER name OPTIONS (...)`) that of CREATE USER MAPPING, so both are parsed as such.

use pg_raw_parse::nodes::RawStmt;
use pg_raw_parse::raw::NodeTag;

use super::{CreateForeignTableStmt, Node};
use crate::error::{Error, Result};

/// The statement, if it is one.
pub(super) fn statement(text: &str, raw: &RawStmt) -> Option<Result<Node>> {
    let pg_raw_parse::Node::Invalid(node) = raw.stmt() else { return None };
    if node.type_ != NodeTag::T_CreateForeignTableStmt {
        return None;
    }
    let start = usize::try_from(raw.stmt_location).unwrap_or(0);
    let end = usize::try_from(raw.stmt_len).ok().filter(|len| *len > 0).map_or(text.len(), |len| start + len);
    let read = text.get(start..end).and_then(|own| split(own, start));
    Some(read.ok_or_else(|| Error::unsupported("CREATE FOREIGN TABLE in this spelling")))
}

/// Where FOREIGN stands and the tail begins only the grammar knows, so each such word is tried: one pair makes two statements.
fn split(text: &str, start: usize) -> Option<Node> {
    let lower = text.to_ascii_lowercase();
    let places = |word| lower.match_indices(word).map(|(at, _)| at).collect::<Vec<_>>();
    let servers = places("server");
    places("foreign").into_iter().find_map(|foreign| servers.iter().find_map(|at| read(text, start, foreign, *at)))
}

fn read(text: &str, start: usize, foreign: usize, server: usize) -> Option<Node> {
    let (before, behind) = (text.get(..foreign)?, text.get(foreign + "foreign".len()..server)?);
    // Positions stay.
    let head = [" ".repeat(start).as_str(), before, "       ", behind].concat();
    let mapping = "create user mapping for a ";
    let blanks = " ".repeat((start + server).saturating_sub(mapping.len()));
    let tail = [blanks.as_str(), mapping, text.get(server..)?].concat();
    match (only(&head)?, only(&tail)?) {
        (Node::CreateStmt(base), Node::CreateUserMappingStmt(tail)) => {
            let (servername, options) = (tail.servername, tail.options);
            Some(Node::CreateForeignTableStmt(Box::new(CreateForeignTableStmt { base, servername, options })))
        }
        _ => None,
    }
}

fn only(text: &str) -> Option<Node> {
    let mut parsed = super::parse(text).ok()?;
    parsed.pop().filter(|_| parsed.is_empty()).map(|statement| statement.stmt)
}
