//! Literals and identifiers of the PostgreSQL family, under `standard_conforming_strings = on` (invariant 4).
//!
//! A backslash is an ordinary character in `'...'` then; the `E'...'` form is never written.

use crate::error::{Error, Result, SqlState};

/// Keywords of PostgreSQL 15 that are not always accepted as a name (`pg_get_keywords()`, all but category U), sorted.
const KEYWORDS: &[&str] = &[
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "authorization",
    "between",
    "bigint",
    "binary",
    "bit",
    "boolean",
    "both",
    "case",
    "cast",
    "char",
    "character",
    "check",
    "coalesce",
    "collate",
    "collation",
    "column",
    "concurrently",
    "constraint",
    "create",
    "cross",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "dec",
    "decimal",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "exists",
    "extract",
    "false",
    "fetch",
    "float",
    "for",
    "foreign",
    "freeze",
    "from",
    "full",
    "grant",
    "greatest",
    "group",
    "grouping",
    "having",
    "ilike",
    "in",
    "initially",
    "inner",
    "inout",
    "int",
    "integer",
    "intersect",
    "interval",
    "into",
    "is",
    "isnull",
    "join",
    "lateral",
    "leading",
    "least",
    "left",
    "like",
    "limit",
    "localtime",
    "localtimestamp",
    "national",
    "natural",
    "nchar",
    "none",
    "normalize",
    "not",
    "notnull",
    "null",
    "nullif",
    "numeric",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "out",
    "outer",
    "overlaps",
    "overlay",
    "placing",
    "position",
    "precision",
    "primary",
    "real",
    "references",
    "returning",
    "right",
    "row",
    "select",
    "session_user",
    "setof",
    "similar",
    "smallint",
    "some",
    "substring",
    "symmetric",
    "table",
    "tablesample",
    "then",
    "time",
    "timestamp",
    "to",
    "trailing",
    "treat",
    "trim",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "values",
    "varchar",
    "variadic",
    "verbose",
    "when",
    "where",
    "window",
    "with",
    "xmlattributes",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlnamespaces",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
];

/// `'text'`, each quote doubled; 22021 when it holds a NUL, which no PostgreSQL text can.
pub fn literal(text: &str) -> Result<String> {
    quoted(text, '\'')
}

/// A name as one identifier: bare when it is plain lower-case and no keyword, else `"quoted"`.
pub fn identifier(name: &str) -> Result<String> {
    if is_plain(name) { Ok(name.to_owned()) } else { quoted(name, '"') }
}

/// A name always in double quotes.
pub fn quoted_identifier(name: &str) -> Result<String> {
    quoted(name, '"')
}

fn quoted(text: &str, quote: char) -> Result<String> {
    if text.contains('\0') {
        return Err(Error::new(
            SqlState::CHARACTER_NOT_IN_REPERTOIRE,
            "invalid byte sequence for encoding \"UTF8\": 0x00",
        ));
    }
    if quote == '"' && text.is_empty() {
        return Err(Error::new(SqlState::SYNTAX_ERROR, "zero-length delimited identifier"));
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        if c == quote {
            out.push(quote);
        }
        out.push(c);
    }
    out.push(quote);
    Ok(out)
}

fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && KEYWORDS.binary_search(&name).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_sorted() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn quotes() {
        for (text, as_literal, as_identifier) in [
            ("a", "'a'", "a"),
            ("o'clock", "'o''clock'", "\"o'clock\""),
            ("\\' or 1=1 --", "'\\'' or 1=1 --'", "\"\\' or 1=1 --\""),
            ("\\\" x", "'\\\" x'", "\"\\\"\" x\""),
            ("Select", "'Select'", "\"Select\""),
            ("user", "'user'", "\"user\""),
            ("naïve", "'naïve'", "\"naïve\""),
            ("_x1", "'_x1'", "_x1"),
            ("1x", "'1x'", "\"1x\""),
            ("a$b", "'a$b'", "\"a$b\""),
        ] {
            assert_eq!(literal(text).unwrap(), as_literal);
            assert_eq!(identifier(text).unwrap(), as_identifier);
        }
        assert_eq!(literal("a\0b").unwrap_err().state(), SqlState::CHARACTER_NOT_IN_REPERTOIRE);
        assert_eq!(identifier("a\0b").unwrap_err().state(), SqlState::CHARACTER_NOT_IN_REPERTOIRE);
    }

    /// Lexes one quoted token as PostgreSQL does: a doubled quote is one quote, nothing else is special.
    fn lex(token: &str) -> Option<String> {
        let quote = token.chars().next()?;
        let inner = token.strip_prefix(quote)?.strip_suffix(quote)?;
        let mut out = String::new();
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            if c == quote && chars.next() != Some(quote) {
                return None;
            }
            out.push(c);
        }
        Some(out)
    }

    #[test]
    fn every_string_comes_back_as_one_token() {
        let alphabet = ['\'', '"', '\\', 'a', 'A', ' ', '$', '\n', 'é', ';', '-'];
        let mut state = 1u64;
        for _ in 0..2000 {
            let mut text = String::from("x");
            for _ in 0..(state >> 33) % 9 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push(alphabet[(state >> 33) as usize % alphabet.len()]);
            }
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            assert_eq!(lex(&literal(&text).unwrap()).as_deref(), Some(text.as_str()));
            assert_eq!(lex(&quoted_identifier(&text).unwrap()).as_deref(), Some(text.as_str()));
        }
    }
}
