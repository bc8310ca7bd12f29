//! Literals and identifiers, by each dialect's lexical rules (invariant 4).
//!
//! What is written for the PostgreSQL family means the same under both settings of `standard_conforming_strings`: connections pin it
//! on, but a function of the server may turn it off. So a backslash stands in `E'...'` only, doubled.

use std::borrow::Cow;

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

/// How a target writes names and strings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quoting {
    pub identifiers: Identifiers,
    pub strings: Strings,
    /// Two names that differ by case only are one name.
    pub insensitive: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Identifiers {
    /// `` `name` ``, a backtick doubled.
    Backtick,
    /// `` `name` ``, with the escapes of strings.
    BacktickBackslash,
    /// `"name"` always, a quote doubled.
    Double,
    /// `"name"` always; a name with a quote in it cannot be written.
    DoublePlain,
    /// Bare where PostgreSQL takes it so, else `"name"`.
    Postgresql,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Strings {
    /// A backslash escapes: quotes, backslashes and line ends are written by escapes.
    Backslash,
    /// A quote is doubled; with a backslash, which is doubled too, it is `E'...'`.
    Postgresql,
    /// A quote is doubled, nothing else is special.
    Standard,
    /// The same, and the empty string is NULL: it cannot be written.
    StandardFilled,
}

impl Quoting {
    pub const POSTGRESQL: Quoting =
        Quoting { identifiers: Identifiers::Postgresql, strings: Strings::Postgresql, insensitive: false };

    /// A string literal.
    pub fn literal(&self, text: &str) -> Result<String> {
        match self.strings {
            Strings::Backslash => escaped(text, '\''),
            Strings::Postgresql => literal(text),
            Strings::Standard => quoted(text, '\''),
            Strings::StandardFilled if text.is_empty() => {
                Err(Error::unsupported("an empty string, which is NULL there,"))
            }
            Strings::StandardFilled => quoted(text, '\''),
        }
    }

    /// A name as one identifier.
    pub fn identifier<'n>(&self, name: &'n str) -> Result<Cow<'n, str>> {
        match self.identifiers {
            Identifiers::Postgresql => identifier(name),
            Identifiers::Backtick | Identifiers::BacktickBackslash | Identifiers::Double | Identifiers::DoublePlain => {
                self.quoted_identifier(name).map(Cow::Owned)
            }
        }
    }

    /// A name in quotes.
    pub fn quoted_identifier(&self, name: &str) -> Result<String> {
        match self.identifiers {
            Identifiers::Backtick => quoted(name, '`'),
            Identifiers::BacktickBackslash if name.is_empty() => quoted(name, '`'),
            Identifiers::BacktickBackslash => escaped(name, '`'),
            Identifiers::DoublePlain if name.contains('"') => {
                Err(Error::new(SqlState::INVALID_NAME, "a name with a double quote cannot be written there"))
            }
            Identifiers::Double | Identifiers::DoublePlain => quoted(name, '"'),
            Identifiers::Postgresql => quoted_identifier(name),
        }
    }

    /// The form by which names are compared.
    pub fn folded<'n>(&self, name: &'n str) -> Cow<'n, str> {
        if self.insensitive { name.to_lowercase().into() } else { name.into() }
    }
}

fn escaped(text: &str, quote: char) -> Result<String> {
    check(text)?;
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // No more than must be: lexers differ in what they make of an escape that is not needed.
            c if c == '\\' || c == quote => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push(quote);
    Ok(out)
}

/// `'text'`, each quote doubled, or `E'text'` with each backslash doubled too; 22021 when it holds a NUL, which no PostgreSQL text can.
pub fn literal(text: &str) -> Result<String> {
    // Numbers and hexadecimals, which may be long.
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(["'", text, "'"].concat());
    }
    let literal = quoted(text, '\'')?;
    if text.contains('\\') { Ok(format!("E{}", literal.replace('\\', "\\\\"))) } else { Ok(literal) }
}

/// The longest name in bytes: PostgreSQL cuts what is longer, so that two names may become one.
pub const NAME_BYTES: usize = 63;

/// A name as one identifier: bare when it is plain lower-case and no keyword, else `"quoted"`; 42622 when it is too long.
pub fn identifier(name: &str) -> Result<Cow<'_, str>> {
    if name.len() <= NAME_BYTES && is_plain(name) {
        return Ok(name.into());
    }
    check_length(name)?;
    quoted(name, '"').map(Cow::Owned)
}

/// A name always in double quotes; 42622 when it is too long.
pub fn quoted_identifier(name: &str) -> Result<String> {
    check_length(name)?;
    quoted(name, '"')
}

/// `name_n`, the name cut where both would be too long.
pub fn numbered(name: &str, n: usize) -> String {
    let end = format!("_{n}");
    let most = name.floor_char_boundary(NAME_BYTES - end.len());
    format!("{}{end}", &name[..most])
}

fn check_length(name: &str) -> Result<()> {
    check(name)?;
    if name.len() <= NAME_BYTES {
        return Ok(());
    }
    Err(Error::new(SqlState(*b"42622"), format!("identifier \"{name}\" is too long"))
        .hint(format!("Names may have {NAME_BYTES} bytes.")))
}

fn check(text: &str) -> Result<()> {
    if !text.contains('\0') {
        return Ok(());
    }
    Err(Error::new(SqlState::CHARACTER_NOT_IN_REPERTOIRE, "invalid byte sequence for encoding \"UTF8\": 0x00"))
}

fn quoted(text: &str, quote: char) -> Result<String> {
    check(text)?;
    if quote != '\'' && text.is_empty() {
        return Err(Error::new(SqlState::SYNTAX_ERROR, "zero-length delimited identifier"));
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for (n, part) in text.split(quote).enumerate() {
        if n > 0 {
            out.extend([quote, quote]);
        }
        out.push_str(part);
    }
    out.push(quote);
    Ok(out)
}

/// Whether a name needs no quotes in any place: plain lower case and no keyword.
pub fn is_plain(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.first().is_some_and(|first| !first.is_ascii_digit())
        && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_')
        && !is_keyword(name)
}

/// A bit for each sum that a keyword has: most names need no search.
static KEYWORD_SUMS: [u64; 16] = {
    let mut sums = [0; 16];
    let mut at = 0;
    while at < KEYWORDS.len() {
        let sum = keyword_sum(KEYWORDS[at].as_bytes());
        sums[sum / 64] |= 1 << (sum % 64);
        at += 1;
    }
    sums
};

/// Of the length, the first two letters and the last; below 1024.
const fn keyword_sum(name: &[u8]) -> usize {
    let (first, second, last) = (name[0] as usize, name[1] as usize, name[name.len() - 1] as usize);
    (first * 37 + second * 101 + last * 11 + name.len() * 171) % 1024
}

fn is_keyword(name: &str) -> bool {
    if name.len() < 2 {
        return false;
    }
    let sum = keyword_sum(name.as_bytes());
    KEYWORD_SUMS[sum / 64] >> (sum % 64) & 1 == 1 && KEYWORDS.binary_search(&name).is_ok()
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
            ("\\' or 1=1 --", "E'\\\\'' or 1=1 --'", "\"\\' or 1=1 --\""),
            ("\\\" x", "E'\\\\\" x'", "\"\\\"\" x\""),
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
        assert_eq!(identifier(&"é".repeat(31)).unwrap().len(), 64);
        assert_eq!(identifier(&"é".repeat(32)).unwrap_err().state().code(), "42622");
        assert_eq!((numbered("a", 2).as_str(), numbered(&"é".repeat(31), 10).len()), ("a_2", 63));
        assert_eq!(literal("a\0b").unwrap_err().state(), SqlState::CHARACTER_NOT_IN_REPERTOIRE);
        assert_eq!(identifier("a\0b").unwrap_err().state(), SqlState::CHARACTER_NOT_IN_REPERTOIRE);
    }

    /// Lexes one quoted token: a doubled quote is one quote; a backslash escapes where it does.
    fn lex(token: &str, backslash: bool) -> Option<String> {
        let quote = token.chars().next()?;
        let inner = token.strip_prefix(quote)?.strip_suffix(quote)?;
        let mut out = String::new();
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' if backslash => out.push(match chars.next()? {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    c @ ('\\' | '\'' | '"' | '`') => c,
                    _ => return None,
                }),
                '\n' | '\r' if backslash => return None,
                c if c == quote => {
                    if backslash || chars.next() != Some(quote) {
                        return None;
                    }
                    out.push(c);
                }
                c => out.push(c),
            }
        }
        Some(out)
    }

    /// Strings that have broken quoting before.
    const HOSTILE: &[&str] = &[
        "\\' or 1=1 --",
        "\\\" or 1=1 --",
        "\\` or 1=1 --",
        "x' /* ",
        "*/ ' -- ",
        "$$ $1 $tag$ ? :1 @p",
        "\n'\r\n\t\\n",
        "''''",
        "\\",
        "\\\\'",
        "``\"\"",
        "naïve \u{2019} \u{ff07}",
        "U&'\\0027'",
        "E'\\''",
    ];

    #[test]
    fn every_string_comes_back_as_one_token() {
        let alphabet = ['\'', '"', '`', '\\', 'a', 'A', ' ', '$', '\n', '\r', '\t', 'é', ';', '-'];
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize
        };
        let mut texts: Vec<String> = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
        for _ in 0..2000 {
            let length = random() % 9;
            texts.push(std::iter::once('x').chain((0..length).map(|_| alphabet[random() % alphabet.len()])).collect());
        }
        for text in &texts {
            for strings in [Strings::Backslash, Strings::Standard] {
                for identifiers in [Identifiers::Backtick, Identifiers::BacktickBackslash, Identifiers::Double] {
                    let quoting = Quoting { identifiers, strings, insensitive: false };
                    let literal = quoting.literal(text).unwrap();
                    assert_eq!(lex(&literal, strings == Strings::Backslash).as_ref(), Some(text));
                    let name = quoting.identifier(text).unwrap();
                    assert_eq!(lex(&name, identifiers == Identifiers::BacktickBackslash).as_ref(), Some(text));
                }
            }
            // Under both settings of standard_conforming_strings.
            let literal = literal(text).unwrap();
            let plain = literal.replace("\\\\", "\\");
            assert_eq!(lex(plain.trim_start_matches('E'), false).as_ref(), Some(text));
            assert_eq!(literal.starts_with('E'), text.contains('\\'));
        }
    }

    /// An independent lexer reads each hostile string back as one token.
    #[test]
    fn another_lexer_agrees() {
        use sqlparser::dialect::{BigQueryDialect, DuckDbDialect, GenericDialect, PostgreSqlDialect};
        use sqlparser::tokenizer::{Token, Tokenizer};
        let standard = Quoting { identifiers: Identifiers::Double, strings: Strings::Standard, insensitive: false };
        let bigquery =
            Quoting { identifiers: Identifiers::BacktickBackslash, strings: Strings::Backslash, insensitive: false };
        for text in HOSTILE {
            let tokens = |quoting: Quoting, dialect: &dyn sqlparser::dialect::Dialect| {
                Tokenizer::new(dialect, &quoting.literal(text).unwrap()).tokenize().unwrap()
            };
            let found = match tokens(Quoting::POSTGRESQL, &PostgreSqlDialect {}).as_slice() {
                [Token::SingleQuotedString(found) | Token::EscapedStringLiteral(found)] => found.clone(),
                other => panic!("{text}: {other:?}"),
            };
            assert_eq!(found, *text);
            for tokens in [
                tokens(standard, &DuckDbDialect),
                tokens(standard, &GenericDialect),
                tokens(bigquery, &BigQueryDialect),
            ] {
                assert_eq!(tokens, [Token::SingleQuotedString((*text).to_owned())]);
            }
        }
    }
}
