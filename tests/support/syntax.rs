//! What tests ask of a statement's text.

use std::ops::Range;

use graticule::sql::ast::{Node, SelectStmt};
use graticule::sql::{Kind, Statement};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Location, Token, Tokenizer};

/// What works on the SELECT that a text is; none for anything else, and for what the grammar refuses.
pub fn with_select<T>(sql: &str, work: impl FnOnce(&SelectStmt) -> T) -> Option<T> {
    let statements = graticule::sql::parse(sql).ok()?;
    match statements.as_slice() {
        [Statement { kind: Kind::Query(tree), .. }, ..] => match tree.node() {
            Node::SelectStmt(select) => Some(work(select)),
            _ => None,
        },
        _ => None,
    }
}

/// The tokens and their bytes, without blanks.
pub fn tokens(sql: &str) -> Option<Vec<(Token, Range<usize>)>> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, sql).with_unescape(false).tokenize_with_location().ok()?;
    let starts: Vec<usize> = std::iter::once(0).chain(sql.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let place = |location: Location| {
        let line = starts[location.line as usize - 1];
        let before = sql[line..].chars().take(location.column as usize - 1);
        line + before.map(char::len_utf8).sum::<usize>()
    };
    let told = tokens.into_iter().filter(|token| !matches!(token.token, Token::Whitespace(_)));
    Some(told.map(|token| (token.token, place(token.span.start)..place(token.span.end))).collect())
}

/// Whether a statement has a FROM or WITH anywhere.
pub fn reads(sql: &str) -> bool {
    let word = |token: &Token| {
        matches!(token, Token::Word(word) if word.quote_style.is_none()
        && ["from", "with"].contains(&word.value.to_ascii_lowercase().as_str()))
    };
    tokens(sql).expect("tokens").iter().any(|(token, _)| word(token))
}
