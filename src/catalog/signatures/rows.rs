//! The one-row-one-line subset of TOML that data files are written in: `name = [`, rows `{ key = value, ... },`, `]`.
//!
//! Its own reader because a general one takes ten times as long in a debug build and forgets line numbers; a test checks
//! that the `toml` crate reads the same rows from every embedded file.

use crate::error::{Error, Result};

/// A row with the place it came from.
#[derive(Debug)]
pub struct Row<'a> {
    pub file: &'a str,
    pub line: usize,
    /// The array it stands in.
    pub section: &'a str,
    fields: Vec<(&'a str, Value)>,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Text(String),
}

/// Reads every row of a file, in order.
pub fn read<'a>(file: &'a str, text: &'a str, row: &mut dyn FnMut(Row<'a>) -> Result<()>) -> Result<()> {
    read_sections(file, text, &|_| true, row)
}

/// Reads the rows of those sections only.
pub fn read_sections<'a>(
    file: &'a str,
    text: &'a str,
    wanted: &dyn Fn(&str) -> bool,
    row: &mut dyn FnMut(Row<'a>) -> Result<()>,
) -> Result<()> {
    let mut section = None;
    for (number, line) in text.lines().enumerate() {
        let line_number = number + 1;
        let line = line.trim();
        let bad = |what: &str| Error::internal(format!("{file}:{line_number}: {what}"));
        match section {
            _ if line.is_empty() || line.starts_with('#') => {}
            None => {
                let name = line.strip_suffix('[').map(str::trim).and_then(|line| line.strip_suffix('='));
                section = Some(name.ok_or_else(|| bad("expected `name = [`"))?.trim());
            }
            Some(_) if line == "]" => section = None,
            Some(name) if !wanted(name) => {}
            Some(section) => {
                let inner = line.strip_prefix('{').and_then(|line| line.trim_end_matches(',').strip_suffix('}'));
                let fields =
                    fields(inner.ok_or_else(|| bad("expected `{ key = value, ... },`"))?).map_err(|what| bad(&what))?;
                row(Row { file, line: line_number, section, fields })?;
            }
        }
    }
    if let Some(section) = section {
        return Err(Error::internal(format!("{file}: `{section}` is not closed")));
    }
    Ok(())
}

fn fields(text: &str) -> Result<Vec<(&str, Value)>, String> {
    let mut fields: Vec<(&str, Value)> = Vec::with_capacity(12);
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=').ok_or_else(|| format!("expected `key = value` at `{rest}`"))?;
        let key = key.trim();
        if fields.iter().any(|(other, _)| *other == key) {
            return Err(format!("key `{key}` twice"));
        }
        let (value, after) = value(after.trim_start()).map_err(|what| format!("key `{key}`: {what}"))?;
        fields.push((key, value));
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(next) if !next.trim().is_empty() => next.trim_start(),
            None if after.is_empty() => after,
            _ => return Err(format!("expected `, key = value` after `{key}`")),
        };
    }
    Ok(fields)
}

fn value(text: &str) -> Result<(Value, &str), String> {
    if let Some(string) = text.strip_prefix('"') {
        return quoted(string);
    }
    let end = text.find([',', ' ']).unwrap_or(text.len());
    let value = match &text[..end] {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        word => Value::Int(word.parse().map_err(|_| format!("expected a string, number or boolean, not `{word}`"))?),
    };
    Ok((value, &text[end..]))
}

/// The rest of a basic string after its opening quote.
fn quoted(text: &str) -> Result<(Value, &str), String> {
    let (plain, rest) = text.split_once('"').ok_or("unclosed string")?;
    let Some(end) = plain.find('\\') else {
        return Ok((Value::Text(plain.to_owned()), rest));
    };
    let mut out = text[..end].to_owned();
    let mut chars = text[end..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((Value::Text(out), &text[end + at + 1..])),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(c @ ('"' | '\\')) => out.push(c),
                other => return Err(format!("unknown escape `\\{}`", other.unwrap_or(' '))),
            },
            c => out.push(c),
        }
    }
    Err("unclosed string".to_owned())
}

impl Row<'_> {
    /// An error at this row's place.
    pub fn error(&self, what: impl std::fmt::Display) -> Error {
        Error::internal(format!("{}:{}: {what}", self.file, self.line))
    }

    /// Refuses keys outside `known`.
    pub fn only(&self, known: &[&str]) -> Result<()> {
        match self.fields.iter().find(|(key, _)| !known.contains(key)) {
            Some((key, _)) => Err(self.error(format!("unknown key `{key}`"))),
            None => Ok(()),
        }
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.fields.iter().find(|(other, _)| *other == key).map(|(_, value)| value)
    }

    /// A string; `None` when the key is absent.
    pub fn text(&self, key: &str) -> Result<Option<&str>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(self.error(format!("`{key}` is not a string"))),
        }
    }

    pub fn required(&self, key: &str) -> Result<&str> {
        self.text(key)?.ok_or_else(|| self.error(format!("`{key}` is missing")))
    }

    /// A boolean; false when the key is absent.
    pub fn flag(&self, key: &str) -> Result<bool> {
        match self.get(key) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(*value),
            Some(_) => Err(self.error(format!("`{key}` is not a boolean"))),
        }
    }

    /// An unsigned number; `None` when the key is absent.
    pub fn number(&self, key: &str) -> Result<Option<u32>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Int(value)) => {
                u32::try_from(*value).map(Some).map_err(|_| self.error(format!("`{key}` is out of range")))
            }
            Some(_) => Err(self.error(format!("`{key}` is not a number"))),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Reads a file by the `toml` crate too and compares every row.
    pub(crate) fn same_as_toml(file: &str, text: &str) {
        let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut counts = std::collections::HashMap::new();
        read(file, text, &mut |row| {
            let nth = counts.entry(row.section.to_owned()).or_insert(0usize);
            let other = table[row.section].as_array().unwrap()[*nth].as_table().unwrap();
            *nth += 1;
            assert_eq!(row.fields.len(), other.len(), "{file}:{}", row.line);
            for (key, value) in &row.fields {
                let same = match value {
                    Value::Bool(value) => other[*key].as_bool() == Some(*value),
                    Value::Int(value) => other[*key].as_integer() == Some(*value),
                    Value::Text(value) => other[*key].as_str() == Some(value),
                };
                assert!(same, "{file}:{}: {key}", row.line);
            }
            Ok(())
        })
        .unwrap();
        let total: usize = table.values().map(|rows| rows.as_array().unwrap().len()).sum();
        assert_eq!(counts.values().sum::<usize>(), total, "{file}");
    }

    #[test]
    fn errors_name_file_and_line() {
        for (text, expected) in [
            ("x = [\n{ a = 1 },\n{ a = 1, a = 2 },\n]", "f:3: key `a` twice"),
            ("x = [\n{ a = \"u },\n]", "f:2: key `a`: unclosed string"),
            ("x = [\n{ a = yes },\n]", "f:2: key `a`: expected a string, number or boolean, not `yes`"),
            ("x = [\n{ a = 1 } b\n]", "f:2: expected `{ key = value, ... },`"),
            ("x = [\n", "f: `x` is not closed"),
            ("{ a = 1 }\n", "f:1: expected `name = [`"),
        ] {
            let error = read("f", text, &mut |_| Ok(())).unwrap_err();
            assert_eq!(error.message(), format!("internal error: {expected}"));
        }
    }
}
