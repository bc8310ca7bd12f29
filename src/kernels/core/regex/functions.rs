//! The operators `~`, `~*` and the `regexp_*` functions.

use std::rc::Rc;

use super::{Captures, Options, Pattern};
use crate::error::{Error, Result, SqlState};
use crate::kernels::core::text::{int, text};
use crate::kernels::{Call, Rows, Scalar, SetReturning};
use crate::types::{ArrayValue, Datum, PgType};

pub(in crate::kernels::core) const SCALARS: &[(&str, Scalar)] = &[
    ("textregexeq", |c, a| test(c, a, false).map(Datum::Bool)),
    ("textregexne", |c, a| test(c, a, false).map(|is| Datum::Bool(!is))),
    ("texticregexeq", |c, a| test(c, a, true).map(Datum::Bool)),
    ("texticregexne", |c, a| test(c, a, true).map(|is| Datum::Bool(!is))),
    ("nameregexeq", |c, a| test(c, a, false).map(Datum::Bool)),
    ("nameregexne", |c, a| test(c, a, false).map(|is| Datum::Bool(!is))),
    ("nameicregexeq", |c, a| test(c, a, true).map(Datum::Bool)),
    ("nameicregexne", |c, a| test(c, a, true).map(|is| Datum::Bool(!is))),
    ("regexp_like", like),
    ("regexp_like_no_flags", like),
    ("textregexsubstr", |c, a| {
        let (source, pattern) = (text(c, a, 0)?, Pattern::of(text(c, a, 1)?, Options::default())?);
        Ok(match pattern.captures(source, 0)? {
            Some(found) => part(source, found.get(usize::from(pattern.groups > 0))),
            None => Datum::Null,
        })
    }),
    ("textregexreplace_noopt", |c, a| replace(c, a, 1, Some(1), None)),
    ("textregexreplace", |c, a| {
        let flags = text(c, a, 3)?;
        if let Some(digit) = flags.chars().next().filter(char::is_ascii_digit) {
            return Err(invalid_option(digit).hint(
                "If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.",
            ));
        }
        replace(c, a, 1, None, Some(flags))
    }),
    ("textregexreplace_extended_no_n", |c, a| replace(c, a, int(c, a, 3)?, Some(1), None)),
    ("textregexreplace_extended_no_flags", |c, a| replace(c, a, int(c, a, 3)?, Some(int(c, a, 4)?), None)),
    ("textregexreplace_extended", |c, a| replace(c, a, int(c, a, 3)?, Some(int(c, a, 4)?), Some(text(c, a, 5)?))),
    ("regexp_match", regexp_match),
    ("regexp_match_no_flags", regexp_match),
    ("regexp_count", count),
    ("regexp_count_no_flags", count),
    ("regexp_count_no_start", count),
    ("regexp_instr", instr),
    ("regexp_instr_no_start", instr),
    ("regexp_instr_no_n", instr),
    ("regexp_instr_no_endoption", instr),
    ("regexp_instr_no_flags", instr),
    ("regexp_instr_no_subexpr", instr),
    ("regexp_substr", substr),
    ("regexp_substr_no_start", substr),
    ("regexp_substr_no_n", substr),
    ("regexp_substr_no_flags", substr),
    ("regexp_substr_no_subexpr", substr),
    ("regexp_split_to_array", |c, a| {
        let parts = split(c, a, "regexp_split_to_array()")?;
        Ok(Datum::Array(ArrayValue::vector(PgType::TEXT, parts).into()))
    }),
    ("regexp_split_to_array_no_flags", |c, a| {
        let parts = split(c, a, "regexp_split_to_array()")?;
        Ok(Datum::Array(ArrayValue::vector(PgType::TEXT, parts).into()))
    }),
    ("substring(text,text,text)", |c, a| {
        let escaped = crate::kernels::scalar("similar_to_escape_2").ok_or_else(|| Error::internal("no escape"))?;
        let pattern = escaped(c, &[a[1].clone(), a[2].clone()])?;
        let source = text(c, a, 0)?;
        let pattern = Pattern::of(pattern.as_str().unwrap_or_default(), Options::default())?;
        Ok(match pattern.captures(source, 0)? {
            Some(found) => part(source, found.get(usize::from(pattern.groups > 0))),
            None => Datum::Null,
        })
    }),
];

pub(in crate::kernels::core) const SET_RETURNING: &[(&str, SetReturning)] = &[
    ("regexp_matches", matches),
    ("regexp_matches_no_flags", matches),
    ("regexp_split_to_table", split_rows),
    ("regexp_split_to_table_no_flags", split_rows),
];

fn test(call: &Call<'_>, args: &[Datum], ignore_case: bool) -> Result<bool> {
    let options = Options { ignore_case, ..Options::default() };
    Pattern::of(text(call, args, 1)?, options)?.is_match(text(call, args, 0)?)
}

fn invalid_option(letter: char) -> Error {
    Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("invalid regular expression option: \"{letter}\""))
}

fn flags(text: &str) -> Result<Options> {
    let mut options = Options::default();
    for letter in text.chars() {
        if letter == 'b' {
            return Err(Error::unsupported("a basic regular expression"));
        }
        options.set(letter).ok_or_else(|| invalid_option(letter))?;
    }
    Ok(options)
}

/// Flags of a function that takes no `g`.
fn local_flags(text: Option<&str>, function: &str) -> Result<Options> {
    let options = flags(text.unwrap_or(""))?;
    if options.global {
        return Err(Error::new(
            SqlState::INVALID_PARAMETER_VALUE,
            format!("{function} does not support the \"global\" option"),
        ));
    }
    Ok(options)
}

fn optional<'a>(call: &Call<'_>, args: &'a [Datum], index: usize) -> Result<Option<&'a str>> {
    if index < args.len() { text(call, args, index).map(Some) } else { Ok(None) }
}

fn optional_int(call: &Call<'_>, args: &[Datum], index: usize, default: i32) -> Result<i32> {
    if index < args.len() { int(call, args, index) } else { Ok(default) }
}

/// An argument that must not be below `least`.
fn at_least(value: i32, least: i32, name: &str) -> Result<usize> {
    if value < least {
        return Err(Error::new(
            SqlState::INVALID_PARAMETER_VALUE,
            format!("invalid value for parameter \"{name}\": {value}"),
        ));
    }
    Ok(value as usize)
}

fn part(source: &str, range: Option<&Option<(usize, usize)>>) -> Datum {
    match range {
        Some(Some((start, end))) => Datum::text(&source[*start..*end]),
        _ => Datum::Null,
    }
}

/// The byte offset of the character at `index`; `None` beyond the end.
fn byte_at(source: &str, index: usize) -> Option<usize> {
    source.char_indices().map(|(at, _)| at).chain([source.len()]).nth(index)
}

/// All matches from an offset on: after an empty one the search goes on a character later.
struct Matches<'a> {
    pattern: Rc<Pattern>,
    source: &'a str,
    next: Option<usize>,
    groups: bool,
}

impl Iterator for Matches<'_> {
    type Item = Result<Captures>;

    fn next(&mut self) -> Option<Result<Captures>> {
        let from = self.next?;
        let found = if self.groups {
            self.pattern.captures(self.source, from)
        } else {
            self.pattern.find(self.source, from).map(|found| found.map(|found| vec![Some(found)]))
        };
        match found {
            Ok(Some(found)) => {
                let (start, end) = found[0].unwrap_or((from, from));
                self.next = if start == end {
                    self.source[end..].chars().next().map(|c| end + c.len_utf8())
                } else {
                    Some(end)
                };
                Some(Ok(found))
            }
            Ok(None) => {
                self.next = None;
                None
            }
            Err(error) => {
                self.next = None;
                Some(Err(error))
            }
        }
    }
}

fn like(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let options = local_flags(optional(call, args, 2)?, "regexp_like()")?;
    Pattern::of(text(call, args, 1)?, options)?.is_match(text(call, args, 0)?).map(Datum::Bool)
}

/// Replaces the nth match, or all of them for n = 0.
fn replace(call: &Call<'_>, args: &[Datum], start: i32, n: Option<i32>, options: Option<&str>) -> Result<Datum> {
    let (source, replacement) = (text(call, args, 0)?, text(call, args, 2)?);
    let start = at_least(start, 1, "start")?;
    let n = n.map(|n| at_least(n, 0, "n")).transpose()?;
    let options = flags(options.unwrap_or(""))?;
    let n = n.unwrap_or(usize::from(!options.global));
    let pattern = Pattern::of(text(call, args, 1)?, options)?;
    let groups = pattern.groups > 0 && replacement.contains('\\');
    let mut out = String::with_capacity(source.len());
    let mut copied = 0;
    let matches = Matches { pattern, source, next: byte_at(source, start - 1), groups };
    for (index, found) in matches.enumerate() {
        let found = found?;
        if n > 0 && index + 1 != n {
            continue;
        }
        let (from, to) = found[0].unwrap_or_default();
        out.push_str(&source[copied..from]);
        expand(&mut out, source, replacement, &found);
        copied = to;
        if n > 0 {
            break;
        }
    }
    out.push_str(&source[copied..]);
    Ok(Datum::text(out))
}

/// The replacement text: `\1` to `\9` and `\&`.
fn expand(out: &mut String, source: &str, replacement: &str, found: &Captures) {
    let mut chars = replacement.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let group = match chars.peek() {
            Some('&') => 0,
            Some(digit @ '1'..='9') => digit.to_digit(10).unwrap_or(0) as usize,
            Some('\\') => {
                out.push('\\');
                chars.next();
                continue;
            }
            _ => {
                out.push('\\');
                continue;
            }
        };
        chars.next();
        if let Some(Some((start, end))) = found.get(group) {
            out.push_str(&source[*start..*end]);
        }
    }
}

/// The groups of a match, or the whole if there are none.
fn groups(source: &str, found: &Captures) -> Datum {
    let wanted = if found.len() > 1 { &found[1..] } else { &found[..] };
    let values = wanted.iter().map(|range| part(source, Some(range))).collect();
    Datum::Array(ArrayValue::vector(PgType::TEXT, values).into())
}

fn regexp_match(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let options = flags(optional(call, args, 2)?.unwrap_or(""))?;
    if options.global {
        return Err(Error::new(
            SqlState::INVALID_PARAMETER_VALUE,
            "regexp_match() does not support the \"global\" option",
        )
        .hint("Use the regexp_matches function instead."));
    }
    let source = text(call, args, 0)?;
    let found = Pattern::of(text(call, args, 1)?, options)?.captures(source, 0)?;
    Ok(found.map_or(Datum::Null, |found| groups(source, &found)))
}

fn matches(call: &Call<'_>, args: &[Datum]) -> Result<Rows> {
    let options = flags(optional(call, args, 2)?.unwrap_or(""))?;
    let (source, pattern) = (text(call, args, 0)?, Pattern::of(text(call, args, 1)?, options)?);
    let all = Matches { pattern, source, next: Some(0), groups: true };
    let limit = if options.global { usize::MAX } else { 1 };
    let rows: Result<Vec<Datum>> = all.take(limit).map(|found| Ok(groups(source, &found?))).collect();
    Ok(Box::new(rows?.into_iter().map(|row| Ok(vec![row]))))
}

fn count(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let source = text(call, args, 0)?;
    let start = at_least(optional_int(call, args, 2, 1)?, 1, "start")?;
    let options = local_flags(optional(call, args, 3)?, "regexp_count()")?;
    let pattern = Pattern::of(text(call, args, 1)?, options)?;
    let mut all = Matches { pattern, source, next: byte_at(source, start - 1), groups: false };
    let count = all.try_fold(0, |count, found| found.map(|_| count + 1))?;
    Ok(Datum::Int4(count))
}

fn instr(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let source = text(call, args, 0)?;
    let start = at_least(optional_int(call, args, 2, 1)?, 1, "start")?;
    let n = at_least(optional_int(call, args, 3, 1)?, 1, "n")?;
    let end = optional_int(call, args, 4, 0)?;
    if !matches!(end, 0 | 1) {
        at_least(-1, 0, "endoption").map_err(|_| {
            Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("invalid value for parameter \"endoption\": {end}"))
        })?;
    }
    let options = local_flags(optional(call, args, 5)?, "regexp_instr()")?;
    let group = at_least(optional_int(call, args, 6, 0)?, 0, "subexpr")?;
    let Some(found) = nth(call, args, source, start, n, options, group)? else { return Ok(Datum::Int4(0)) };
    let at = if end == 1 { found.1 } else { found.0 };
    Ok(Datum::Int4(source[..at].chars().count() as i32 + 1))
}

/// The place of a group (0: the whole) of the nth match.
fn nth(
    call: &Call<'_>,
    args: &[Datum],
    source: &str,
    start: usize,
    n: usize,
    options: Options,
    group: usize,
) -> Result<Option<(usize, usize)>> {
    let pattern = Pattern::of(text(call, args, 1)?, options)?;
    // Without groups the whole match counts as the first.
    let group = if pattern.groups == 0 && group == 1 { 0 } else { group };
    if group > pattern.groups {
        return Ok(None);
    }
    let mut all = Matches { pattern, source, next: byte_at(source, start - 1), groups: group > 0 };
    let found = all.nth(n - 1).transpose()?;
    Ok(found.and_then(|found| found.get(group).copied().flatten()))
}

fn substr(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let source = text(call, args, 0)?;
    let start = at_least(optional_int(call, args, 2, 1)?, 1, "start")?;
    let n = at_least(optional_int(call, args, 3, 1)?, 1, "n")?;
    let options = local_flags(optional(call, args, 4)?, "regexp_substr()")?;
    let group = at_least(optional_int(call, args, 5, 0)?, 0, "subexpr")?;
    let found = nth(call, args, source, start, n, options, group)?;
    Ok(found.map_or(Datum::Null, |(from, to)| Datum::text(&source[from..to])))
}

/// The pieces between matches; empty matches at the end or right after a match do not split.
fn split(call: &Call<'_>, args: &[Datum], function: &str) -> Result<Vec<Datum>> {
    let source = text(call, args, 0)?;
    let options = local_flags(optional(call, args, 2)?, function)?;
    let pattern = Pattern::of(text(call, args, 1)?, options)?;
    let mut parts = Vec::new();
    let mut copied = 0;
    for found in (Matches { pattern, source, next: Some(0), groups: false }) {
        let (start, end) = found?[0].unwrap_or_default();
        if start < source.len() && end > copied {
            parts.push(Datum::text(&source[copied..start]));
            copied = end;
        }
    }
    parts.push(Datum::text(&source[copied..]));
    Ok(parts)
}

fn split_rows(call: &Call<'_>, args: &[Datum]) -> Result<Rows> {
    let parts = split(call, args, "regexp_split_to_table()")?;
    Ok(Box::new(parts.into_iter().map(|part| Ok(vec![part]))))
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check;

    #[test]
    fn as_postgresql() {
        check(&[
            ("textregexsubstr", "text foobar, text foo|foobar", "foobar"),
            ("textregexsubstr", "text XY1234Z, text Y*?[0-9]{1,3}", "Y1"),
            ("textregexreplace_noopt", "text abc, text (b), text <\\1>", "a<b>c"),
            ("textregexeq", "text abc, text ^B", "f"),
            ("textregexeq", "text a, text [", "2201B invalid regular expression: brackets [] not balanced"),
        ]);
    }
}
