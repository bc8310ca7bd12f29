//! Small readers over the syntax tree.

use crate::bound::Span;
use crate::error::{Error, Result};
use crate::sql::ast::{Node, SelectStmt};

/// A byte offset as a span; -1 is none.
pub(super) fn span(location: i32) -> Span {
    Span(usize::try_from(location).ok())
}

/// Adds a position to an error, when there is one.
pub(super) fn at(error: Error, span: Span) -> Error {
    match span.0 {
        Some(position) => error.at(position),
        None => error,
    }
}

/// The strings of a name list (`schema.name`).
pub(super) fn names(nodes: &[Node]) -> Vec<&str> {
    nodes.iter().filter_map(string).collect()
}

/// The last of them.
pub(super) fn last_name(nodes: &[Node]) -> Option<&str> {
    nodes.iter().rev().find_map(string)
}

/// A String node's value.
pub(super) fn string(node: &Node) -> Option<&str> {
    match node {
        Node::String(value) => Some(value),
        _ => None,
    }
}

/// A required child.
pub(super) fn some<T>(value: Option<&T>) -> Result<&T> {
    value.ok_or_else(|| Error::internal("incomplete syntax tree"))
}

/// A required boxed child.
pub(super) fn child(node: &Option<Node>) -> Result<&Node> {
    node.as_ref().ok_or_else(|| Error::internal("incomplete syntax tree"))
}

/// The items of a List node, or the node itself as a list of one.
pub(super) fn list(node: &Node) -> &[Node] {
    match node {
        Node::List(list) => list,
        _ => std::slice::from_ref(node),
    }
}

/// The SelectStmt of a sub-query node.
pub(super) fn select(node: &Node) -> Result<&SelectStmt> {
    match node {
        Node::SelectStmt(select) => Ok(select),
        other => Err(Error::unsupported(kind_name(other))),
    }
}

/// The name of a syntax node, for refusals.
pub(super) fn kind_name(node: &Node) -> String {
    match node.name().as_str() {
        "JsonFuncExpr"
        | "JsonObjectConstructor"
        | "JsonArrayConstructor"
        | "JsonObjectAgg"
        | "JsonArrayAgg"
        | "JsonArrayQueryConstructor"
        | "JsonParseExpr"
        | "JsonScalarExpr"
        | "JsonSerializeExpr" => "SQL/JSON constructor or query function".to_owned(),
        "JsonIsPredicate" => "IS JSON".to_owned(),
        "JsonTable" => "JSON_TABLE".to_owned(),
        "RangeTableFunc" => "XMLTABLE".to_owned(),
        "RangeTableSample" => "TABLESAMPLE".to_owned(),
        "XmlExpr" | "XmlSerialize" => "XML expression".to_owned(),
        "CurrentOfExpr" => "WHERE CURRENT OF".to_owned(),
        "MergeSupportFunc" => "MERGE_ACTION".to_owned(),
        other => format!("statement or construct {other}"),
    }
}

/// Where a node begins, as `exprLocation` tells for raw nodes (enough of it for error positions).
pub(super) fn location(node: &Node) -> Span {
    let own = match node {
        Node::AConst(node) => node.location,
        Node::ColumnRef(node) => node.location,
        Node::ParamRef(node) => node.location,
        Node::AExpr(node) => {
            let left = node.lexpr.as_ref().map_or(Span::default(), location);
            return leftmost(span(node.location), left);
        }
        Node::BoolExpr(node) => {
            let left = node.args.first().map_or(Span::default(), location);
            return leftmost(span(node.location), left);
        }
        Node::TypeCast(node) => {
            let left = node.arg.as_ref().map_or(Span::default(), location);
            let name = node.type_name.as_ref().map_or(Span::default(), |name| span(name.location));
            return leftmost(leftmost(span(node.location), left), name);
        }
        Node::AIndirection(node) => return node.arg.as_ref().map_or(Span::default(), location),
        Node::CollateClause(node) => {
            return leftmost(span(node.location), node.arg.as_ref().map_or(Span::default(), location));
        }
        Node::FuncCall(node) => node.location,
        Node::AArrayExpr(node) => node.location,
        Node::ResTarget(node) => {
            if node.location >= 0 {
                node.location
            } else {
                return node.val.as_ref().map_or(Span::default(), location);
            }
        }
        Node::SubLink(node) => {
            return leftmost(span(node.location), node.testexpr.as_ref().map_or(Span::default(), location));
        }
        Node::CaseExpr(node) => node.location,
        Node::RowExpr(node) => node.location,
        Node::CoalesceExpr(node) => node.location,
        Node::MinMaxExpr(node) => node.location,
        Node::SqlValueFunction(node) => node.location,
        Node::SetToDefault(node) => node.location,
        Node::NullTest(node) => {
            return leftmost(span(node.location), node.arg.as_ref().map_or(Span::default(), location));
        }
        Node::BooleanTest(node) => {
            return leftmost(span(node.location), node.arg.as_ref().map_or(Span::default(), location));
        }
        Node::GroupingFunc(node) => node.location,
        Node::GroupingSet(node) => node.location,
        Node::SortBy(node) => return node.node.as_ref().map_or(Span::default(), location),
        Node::List(node) => return node.first().map_or(Span::default(), location),
        _ => -1,
    };
    span(own)
}

/// The smaller of two known offsets.
pub(super) fn leftmost(a: Span, b: Span) -> Span {
    Span(match (a.0, b.0) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    })
}

/// Parses an expression given as text.
pub(super) fn parse_expression(text: &str) -> Result<Node> {
    let select = parse_select(&format!("SELECT {text}"))?;
    let item = select.target_list.into_iter().next();
    match item {
        Some(Node::ResTarget(target)) => {
            target.val.ok_or_else(|| Error::internal("expression text without expression"))
        }
        _ => Err(Error::internal("expression text without expression")),
    }
}

/// Parses one SELECT given as text.
pub(super) fn parse_select(text: &str) -> Result<SelectStmt> {
    let statements = crate::sql::parse(text)?;
    match statements.first().map(|statement| &statement.kind) {
        Some(crate::sql::Kind::Query(node)) => select(node).cloned(),
        _ => Err(Error::internal("text is not a query")),
    }
}
