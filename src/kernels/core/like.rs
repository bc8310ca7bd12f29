//! LIKE and ILIKE, and the escape forms of LIKE and SIMILAR TO.

use super::macros::wrong;
use super::text::lower;
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Call, Scalar};
use crate::types::Datum;

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("textlike", |call, args| test(call, args, false).map(Datum::Bool)),
    ("textnlike", |call, args| test(call, args, false).map(|is| Datum::Bool(!is))),
    ("namelike", |call, args| test(call, args, false).map(Datum::Bool)),
    ("namenlike", |call, args| test(call, args, false).map(|is| Datum::Bool(!is))),
    ("texticlike", |call, args| test(call, args, true).map(Datum::Bool)),
    ("texticnlike", |call, args| test(call, args, true).map(|is| Datum::Bool(!is))),
    ("nameiclike", |call, args| test(call, args, true).map(Datum::Bool)),
    ("nameicnlike", |call, args| test(call, args, true).map(|is| Datum::Bool(!is))),
    ("bytealike", |call, args| bytes(call, args).map(Datum::Bool)),
    ("byteanlike", |call, args| bytes(call, args).map(|is| Datum::Bool(!is))),
    ("like_escape", like_escape),
    ("similar_to_escape_1", |call, args| match args {
        [Datum::Text(pattern)] => similar(pattern, Some('\\')),
        _ => Err(wrong(call, args)),
    }),
    ("similar_to_escape_2", |call, args| match args {
        [Datum::Text(pattern), Datum::Text(escape)] => similar(pattern, escape_char(escape)?),
        _ => Err(wrong(call, args)),
    }),
    ("similar_escape", |call, args| match args {
        [Datum::Null, _] => Ok(Datum::Null),
        [Datum::Text(pattern), Datum::Null] => similar(pattern, Some('\\')),
        [Datum::Text(pattern), Datum::Text(escape)] => similar(pattern, escape_char(escape)?),
        _ => Err(wrong(call, args)),
    }),
];

fn test(call: &Call<'_>, args: &[Datum], ignore_case: bool) -> Result<bool> {
    let [Datum::Text(text), Datum::Text(pattern)] = args else { return Err(wrong(call, args)) };
    if ignore_case {
        like(lower(text).as_bytes(), lower(pattern).as_bytes(), next_char)
    } else {
        like(text.as_bytes(), pattern.as_bytes(), next_char)
    }
}

fn bytes(call: &Call<'_>, args: &[Datum]) -> Result<bool> {
    match args {
        [Datum::Bytea(value), Datum::Bytea(pattern)] => like(value, pattern, |_, at| at + 1),
        _ => Err(wrong(call, args)),
    }
}

fn next_char(text: &[u8], at: usize) -> usize {
    let mut next = at + 1;
    while text.get(next).is_some_and(|b| b & 0xc0 == 0x80) {
        next += 1;
    }
    next
}

/// Whether `text` matches; on a mismatch the last `%` takes one character more. `next` steps over one character.
fn like(text: &[u8], pattern: &[u8], next: fn(&[u8], usize) -> usize) -> Result<bool> {
    let dangling = || Error::new(SqlState::INVALID_ESCAPE_SEQUENCE, "LIKE pattern must not end with escape character");
    let (mut t, mut p) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match pattern.get(p) {
            Some(b'%') => {
                p += 1;
                if p == pattern.len() {
                    return Ok(true);
                }
                retry = Some((t, p));
                if t == text.len() && pattern[p..] == *b"\\" {
                    return Err(dangling());
                }
                continue;
            }
            // The text's end: only more % may follow.
            Some(_) if t == text.len() => return Ok(false),
            Some(b'_') => {
                t = next(text, t);
                p += 1;
                continue;
            }
            Some(first) => {
                let (literal, width) = match first {
                    b'\\' => (pattern.get(p + 1).ok_or_else(dangling)?, 2),
                    literal => (literal, 1),
                };
                if text[t] == *literal {
                    t += 1;
                    p += width;
                    continue;
                }
            }
            None if t == text.len() => return Ok(true),
            None => {}
        }
        let Some((from, after)) = retry else { return Ok(false) };
        if from >= text.len() {
            return Ok(false);
        }
        t = next(text, from);
        p = after;
        retry = Some((t, p));
    }
}

fn invalid_escape() -> Error {
    Error::new(SqlState::INVALID_ESCAPE_SEQUENCE, "invalid escape string")
        .hint("Escape string must be empty or one character.")
}

/// `None` for the empty escape string: no escape character.
fn escape_char(escape: &str) -> Result<Option<char>> {
    let mut chars = escape.chars();
    let first = chars.next();
    if chars.next().is_some() { Err(invalid_escape()) } else { Ok(first) }
}

/// A LIKE pattern with its own escape character, rewritten for the backslash.
fn like_escape(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let [Datum::Text(pattern), Datum::Text(escape)] = args else { return Err(wrong(call, args)) };
    let escape = escape_char(escape)?;
    if escape == Some('\\') {
        return Ok(args[0].clone());
    }
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut escaped = false;
    for c in pattern.chars() {
        if Some(c) == escape && !escaped {
            out.push('\\');
            escaped = true;
            continue;
        }
        if c == '\\' && !escaped {
            out.push('\\');
        }
        out.push(c);
        escaped = false;
    }
    Ok(Datum::text(out))
}

/// A SIMILAR TO pattern as a regular expression.
fn similar(pattern: &str, escape: Option<char>) -> Result<Datum> {
    let mut out = String::from("^(?:");
    let (mut escaped, mut in_class, mut quotes) = (false, false, 0);
    for c in pattern.chars() {
        if escaped {
            if c == '"' && !in_class {
                out.push_str(match quotes {
                    0 => "){1,1}?(",
                    1 => "){1,1}(?:",
                    _ => {
                        return Err(Error::new(
                            SqlState(*b"2200C"),
                            "SQL regular expression may not contain more than two escape-double-quote separators",
                        ));
                    }
                });
                quotes += 1;
            } else {
                out.push('\\');
                out.push(c);
            }
            escaped = false;
        } else if Some(c) == escape {
            escaped = true;
        } else if in_class {
            if c == '\\' {
                out.push('\\');
            }
            out.push(c);
            in_class = c != ']';
        } else {
            match c {
                '[' => {
                    out.push(c);
                    in_class = true;
                }
                '%' => out.push_str(".*"),
                '_' => out.push('.'),
                '(' => out.push_str("(?:"),
                '\\' | '.' | '^' | '$' => {
                    out.push('\\');
                    out.push(c);
                }
                c => out.push(c),
            }
        }
    }
    out.push_str(")$");
    Ok(Datum::text(out))
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check;

    #[test]
    fn as_postgresql() {
        check(&[
            ("textlike", "text abc, text a%", "t"),
            ("textlike", "text abc, text abc\\", "f"),
            ("texticlike", "text ABC, text _b%", "t"),
            ("similar_to_escape_1", "text a%b_c", "^(?:a.*b.c)$"),
        ]);
    }
}
