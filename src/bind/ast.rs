//! Small readers over pg_query's tree.

use pg_query::NodeEnum;
use pg_query::protobuf::{Node, SelectStmt};

use crate::bound::Span;
use crate::error::{Error, Result};

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

/// A String node's value.
pub(super) fn string(node: &Node) -> Option<&str> {
    match &node.node {
        Some(NodeEnum::String(value)) => Some(&value.sval),
        _ => None,
    }
}

/// A required child.
pub(super) fn some<T>(value: Option<&T>) -> Result<&T> {
    value.ok_or_else(|| Error::internal("incomplete syntax tree"))
}

/// The inner node.
pub(super) fn inner(node: &Node) -> Result<&NodeEnum> {
    some(node.node.as_ref())
}

/// A required boxed child.
pub(super) fn child(node: &Option<Box<Node>>) -> Result<&Node> {
    node.as_deref().ok_or_else(|| Error::internal("incomplete syntax tree"))
}

/// The items of a List node, or the node itself as a list of one.
pub(super) fn list(node: &Node) -> &[Node] {
    match &node.node {
        Some(NodeEnum::List(list)) => &list.items,
        _ => std::slice::from_ref(node),
    }
}

/// The SelectStmt of a sub-query node.
pub(super) fn select(node: &Node) -> Result<&SelectStmt> {
    match inner(node)? {
        NodeEnum::SelectStmt(select) => Ok(select),
        other => Err(Error::unsupported(kind_name(other))),
    }
}

/// The name of a syntax node, for refusals.
pub(super) fn kind_name(node: &NodeEnum) -> String {
    let text = format!("{node:?}");
    let name: String = text.chars().take_while(|c| c.is_alphanumeric()).collect();
    match name.as_str() {
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
    let Some(node) = &node.node else { return Span::default() };
    let own = match node {
        NodeEnum::AConst(node) => node.location,
        NodeEnum::ColumnRef(node) => node.location,
        NodeEnum::ParamRef(node) => node.location,
        NodeEnum::AExpr(node) => {
            let left = node.lexpr.as_deref().map_or(Span::default(), location);
            return leftmost(span(node.location), left);
        }
        NodeEnum::BoolExpr(node) => {
            let left = node.args.first().map_or(Span::default(), location);
            return leftmost(span(node.location), left);
        }
        NodeEnum::TypeCast(node) => {
            let left = node.arg.as_deref().map_or(Span::default(), location);
            let name = node.type_name.as_ref().map_or(Span::default(), |name| span(name.location));
            return leftmost(leftmost(span(node.location), left), name);
        }
        NodeEnum::AIndirection(node) => return node.arg.as_deref().map_or(Span::default(), location),
        NodeEnum::CollateClause(node) => {
            return leftmost(span(node.location), node.arg.as_deref().map_or(Span::default(), location));
        }
        NodeEnum::FuncCall(node) => node.location,
        NodeEnum::AArrayExpr(node) => node.location,
        NodeEnum::ResTarget(node) => {
            if node.location >= 0 {
                node.location
            } else {
                return node.val.as_deref().map_or(Span::default(), location);
            }
        }
        NodeEnum::SubLink(node) => {
            return leftmost(span(node.location), node.testexpr.as_deref().map_or(Span::default(), location));
        }
        NodeEnum::CaseExpr(node) => node.location,
        NodeEnum::RowExpr(node) => node.location,
        NodeEnum::CoalesceExpr(node) => node.location,
        NodeEnum::MinMaxExpr(node) => node.location,
        NodeEnum::SqlvalueFunction(node) => node.location,
        NodeEnum::SetToDefault(node) => node.location,
        NodeEnum::NullTest(node) => {
            return leftmost(span(node.location), node.arg.as_deref().map_or(Span::default(), location));
        }
        NodeEnum::BooleanTest(node) => {
            return leftmost(span(node.location), node.arg.as_deref().map_or(Span::default(), location));
        }
        NodeEnum::GroupingFunc(node) => node.location,
        NodeEnum::GroupingSet(node) => node.location,
        NodeEnum::SortBy(node) => return node.node.as_deref().map_or(Span::default(), location),
        NodeEnum::List(node) => return node.items.first().map_or(Span::default(), location),
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
    match item.and_then(|node| node.node) {
        Some(NodeEnum::ResTarget(target)) => match target.val {
            Some(value) => Ok(*value),
            None => Err(Error::internal("expression text without expression")),
        },
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
