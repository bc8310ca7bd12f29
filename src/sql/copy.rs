//! COPY ... TO: its source as a query, its options as PostgreSQL checks them.

use std::ops::Range;
use std::sync::Arc;

use crate::sql::ast::{self, ColumnRef, Node, ResTarget, SelectStmt};

use super::command::argument;
use super::{Statement, inner};
use crate::error::{Error, Result, SqlState};

/// COPY { table | query } TO.
#[derive(Debug)]
pub struct CopyOut {
    /// The rows: the query, or a SELECT of the table's columns.
    pub query: Arc<Statement>,
    /// False for a file or a program, which is refused.
    pub to_stdout: bool,
    pub options: CopyOptions,
}

/// How the rows are written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CopyOptions {
    pub format: CopyFormat,
    pub delimiter: u8,
    pub null: String,
    pub header: bool,
    pub quote: u8,
    pub escape: u8,
    pub force_quote: ForceQuote,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CopyFormat {
    Binary,
    Csv,
    Text,
}

/// Which columns are always quoted in CSV.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ForceQuote {
    All,
    Columns(Vec<String>),
}

/// The raw words before they are checked against each other.
#[derive(Default)]
struct Given {
    format: Option<CopyFormat>,
    delimiter: Option<String>,
    null: Option<String>,
    header: Option<bool>,
    quote: Option<String>,
    escape: Option<String>,
    force_quote: Option<ForceQuote>,
}

pub(super) fn out(source: &Arc<str>, range: &Range<usize>, stmt: &mut ast::CopyStmt) -> Result<CopyOut> {
    let options = options(&stmt.options)?;
    let to_stdout = stmt.filename.is_empty() && !stmt.is_program;
    let query = match (stmt.query.take(), stmt.relation.take()) {
        (Some(query), _) => inner(source, range, Some(query))?,
        (None, Some(relation)) => inner(source, range, Some(select(relation, &stmt.attlist)))?,
        (None, None) => return Err(Error::internal("COPY without a source")),
    };
    Ok(CopyOut { query, to_stdout, options })
}

/// `SELECT columns FROM relation`.
fn select(relation: Box<ast::RangeVar>, columns: &[Node]) -> Node {
    let location = relation.location;
    let target = |field: Node| {
        let column = ColumnRef { fields: vec![field], location };
        let val = Some(Node::ColumnRef(Box::new(column)));
        let target = ResTarget { name: String::new(), indirection: Vec::new(), val, location };
        Node::ResTarget(Box::new(target))
    };
    let target_list =
        if columns.is_empty() { vec![target(Node::AStar)] } else { columns.iter().cloned().map(target).collect() };
    let from_clause = vec![Node::RangeVar(relation)];
    let select = SelectStmt { target_list, from_clause, ..SelectStmt::default() };
    Node::SelectStmt(Box::new(select))
}

fn options(nodes: &[Node]) -> Result<CopyOptions> {
    let mut given = Given::default();
    for node in nodes {
        let Node::DefElem(element) = node else { continue };
        let position = usize::try_from(element.location).unwrap_or(0);
        let value = element.arg.as_ref().and_then(argument);
        set(&mut given, &element.defname, value, element).map_err(|error| error.at(position))?;
    }
    check(given)
}

fn set(given: &mut Given, name: &str, value: Option<String>, element: &ast::DefElem) -> Result<()> {
    let text =
        || value.clone().ok_or_else(|| Error::new(SqlState::SYNTAX_ERROR, format!("{name} requires a parameter")));
    match name {
        "format" => {
            let format = match text()?.as_str() {
                "text" => CopyFormat::Text,
                "csv" => CopyFormat::Csv,
                "binary" => CopyFormat::Binary,
                other => {
                    let message = format!("COPY format \"{other}\" not recognized");
                    return Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, message));
                }
            };
            once(&mut given.format, format)
        }
        "freeze" => boolean(name, value.as_deref()).map(|_| ()),
        "delimiter" => once(&mut given.delimiter, text()?),
        "null" => once(&mut given.null, text()?),
        "header" => {
            if value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case("match")) {
                let message = "cannot use \"match\" with HEADER in COPY TO";
                return Err(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message));
            }
            let header = boolean(name, value.as_deref())
                .map_err(|_| Error::new(SqlState::SYNTAX_ERROR, "header requires a Boolean value or \"match\""))?;
            once(&mut given.header, header)
        }
        "quote" => once(&mut given.quote, text()?),
        "escape" => once(&mut given.escape, text()?),
        "force_quote" => {
            let columns = match &element.arg {
                Some(Node::AStar) => ForceQuote::All,
                Some(Node::List(list)) => ForceQuote::Columns(list.iter().filter_map(argument).collect()),
                _ => {
                    let message = "argument to option \"force_quote\" must be a list of column names";
                    return Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, message));
                }
            };
            once(&mut given.force_quote, columns)
        }
        "force_not_null" | "force_null" => {
            let message = format!("COPY {} only available using COPY FROM", name.replace('_', " "));
            Err(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message))
        }
        "encoding" => {
            let encoding = text()?;
            if encoding.chars().filter(char::is_ascii_alphanumeric).collect::<String>().eq_ignore_ascii_case("utf8") {
                Ok(())
            } else {
                Err(Error::unsupported(format!("COPY encoding \"{encoding}\"")))
            }
        }
        other => Err(Error::new(SqlState::SYNTAX_ERROR, format!("option \"{other}\" not recognized"))),
    }
}

fn once<T>(slot: &mut Option<T>, value: T) -> Result<()> {
    if slot.replace(value).is_some() {
        return Err(Error::new(SqlState::SYNTAX_ERROR, "conflicting or redundant options"));
    }
    Ok(())
}

/// A Boolean option; without a value it is on.
fn boolean(name: &str, value: Option<&str>) -> Result<bool> {
    match value.map(str::to_ascii_lowercase).as_deref() {
        None | Some("true" | "on" | "1") => Ok(true),
        Some("false" | "off" | "0") => Ok(false),
        Some(_) => Err(Error::new(SqlState::SYNTAX_ERROR, format!("{name} requires a Boolean value"))),
    }
}

/// The checks of PostgreSQL's `ProcessCopyOptions`, in its order.
fn check(given: Given) -> Result<CopyOptions> {
    let format = given.format.unwrap_or(CopyFormat::Text);
    let csv = format == CopyFormat::Csv;
    let syntax = |message: &str| Err(Error::new(SqlState::SYNTAX_ERROR, message));
    let invalid = |message: &str| Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, message));
    let refused = |message: &str| Err(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message));
    if format == CopyFormat::Binary && given.delimiter.is_some() {
        return syntax("cannot specify DELIMITER in BINARY mode");
    }
    if format == CopyFormat::Binary && given.null.is_some() {
        return syntax("cannot specify NULL in BINARY mode");
    }
    let delimiter = given.delimiter.unwrap_or_else(|| if csv { "," } else { "\t" }.to_owned());
    let null = given.null.unwrap_or_else(|| if csv { "" } else { "\\N" }.to_owned());
    let single = |text: &str| (text.len() == 1).then(|| text.as_bytes()[0]);
    let Some(delimiter) = single(&delimiter) else {
        return refused("COPY delimiter must be a single one-byte character");
    };
    if matches!(delimiter, b'\r' | b'\n') {
        return invalid("COPY delimiter cannot be newline or carriage return");
    }
    if null.contains(['\r', '\n']) {
        return invalid("COPY null representation cannot use newline or carriage return");
    }
    if !csv && b"\\.abcdefghijklmnopqrstuvwxyz0123456789".contains(&delimiter) {
        let message = format!("COPY delimiter cannot be \"{}\"", char::from(delimiter));
        return Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, message));
    }
    let header = given.header.unwrap_or(false);
    if format == CopyFormat::Binary && header {
        return refused("cannot specify HEADER in BINARY mode");
    }
    if !csv && given.quote.is_some() {
        return refused("COPY quote available only in CSV mode");
    }
    let quote = given.quote.unwrap_or_else(|| "\"".to_owned());
    let Some(quote) = single(&quote) else { return refused("COPY quote must be a single one-byte character") };
    if csv && delimiter == quote {
        return invalid("COPY delimiter and quote must be different");
    }
    if !csv && given.escape.is_some() {
        return refused("COPY escape available only in CSV mode");
    }
    let escape = given.escape.unwrap_or_else(|| char::from(quote).to_string());
    let Some(escape) = single(&escape) else { return refused("COPY escape must be a single one-byte character") };
    if !csv && given.force_quote.is_some() {
        return refused("COPY force quote available only in CSV mode");
    }
    if null.as_bytes().contains(&delimiter) {
        return refused("COPY delimiter must not appear in the NULL specification");
    }
    if csv && null.as_bytes().contains(&quote) {
        return refused("CSV quote character must not appear in the NULL specification");
    }
    let force_quote = given.force_quote.unwrap_or(ForceQuote::Columns(Vec::new()));
    Ok(CopyOptions { format, delimiter, null, header, quote, escape, force_quote })
}

#[cfg(test)]
mod tests {
    use super::super::{Command, Kind, parse};

    #[test]
    fn checks_options() {
        for (options, expected) in [
            ("", "Text 9 \\N false"),
            ("(format csv, header)", "Csv 44  true"),
            ("with csv header delimiter ';' null 'x'", "Csv 59 x true"),
            ("with binary", "Binary 9 \\N false"),
            ("(format csv, force_quote *)", "Csv 44  false"),
            ("(format csv, force_quote (a, b))", "Csv 44  false"),
            ("(format foo)", "22023 COPY format \"foo\" not recognized"),
            ("(format text, format csv)", "42601 conflicting or redundant options"),
            ("(delimiter 'ab')", "0A000 COPY delimiter must be a single one-byte character"),
            ("(delimiter 'a')", "22023 COPY delimiter cannot be \"a\""),
            ("(quote '''')", "0A000 COPY quote available only in CSV mode"),
            ("(format binary, null 'x')", "42601 cannot specify NULL in BINARY mode"),
            ("(header maybe)", "42601 header requires a Boolean value or \"match\""),
            ("(nonsense)", "42601 option \"nonsense\" not recognized"),
        ] {
            let found = match parse(&format!("copy t (a, b) to stdout {options}")) {
                Err(error) => format!("{} {}", error.state(), error.message()),
                Ok(statements) => match &statements[0].kind {
                    Kind::Command(Command::CopyOut(copy)) => {
                        let options = &copy.options;
                        format!("{:?} {} {} {}", options.format, options.delimiter, options.null, options.header)
                    }
                    other => panic!("{other:?}"),
                },
            };
            assert_eq!(found, expected, "{options}");
        }
    }
}
