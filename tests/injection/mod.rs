//! Hostile text: literals and identifiers that would break out of their quotes under another lexer's rules. Each statement means on
//! our server what it means on PostgreSQL, and PostgreSQL itself is the lexer that judges what we quote.

mod clauses;
mod lex;
mod names;
mod quoted;
mod typed;

use crate::support::Client;

/// Strings that end a literal or an identifier early, start a comment, or are special to some lexer or template.
pub(crate) const HOSTILE: &[&str] = &[
    "x",
    "\\' or 1=1 --",
    "\\\" or 1=1 --",
    "\\",
    "\\\\",
    "'",
    "''",
    "\"",
    "\"\"",
    "\\''; drop table s.t; --",
    "\\\"\"; drop table s.t; --",
    "'; drop table s.t; --",
    "\"; drop table s.t; --",
    "$$",
    "$a$ $a$",
    "/* ",
    "*/",
    "-- ",
    "E'\\''",
    "U&'\\0027'",
    "U&\"\\0022\"",
    "\\x27",
    "\\047",
    "a\nb\r\tc",
    "é\u{1F30D}中",
    "\u{2019}\u{ff07}",
    "\u{feff}b\u{200b}",
    "\u{1}\u{7f}",
    "%s {0} {} ?1 :p @x $1 ~",
    "Select",
    "null",
];

/// `'text'` by hand, not by what is tested.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// `"text"` by hand.
fn name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// The same rows, tags and SQLSTATEs; `false` where ours refuses (0A000) what PostgreSQL answers.
fn same(ours: &mut Client, far: &mut Client, sql: &str) -> bool {
    let (found, expected) = (ours.exchange(sql), far.exchange(sql));
    if found.state() == "0A000" && expected.state() != "0A000" {
        // Both leave a block that a statement of the string began.
        for client in [ours, far] {
            client.exchange("rollback");
        }
        return false;
    }
    assert_eq!(found.state(), expected.state(), "{sql}\n  {:?}\n  {:?}", found.failure, expected.failure);
    assert_eq!((&found.tags, &found.rows, &found.copied), (&expected.tags, &expected.rows, &expected.copied), "{sql}");
    if found.status != b'I' {
        for client in [ours, far] {
            client.exchange("rollback");
        }
    }
    true
}
