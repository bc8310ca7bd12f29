//! JSON values: a parser with PostgreSQL's messages, and the two printers (as given, and jsonb's canonical form).

use std::cmp::Ordering;
use std::ops::Range;

use crate::error::{Error, Result, SqlState};
use crate::kernels::core::numeric;
use crate::types::Numeric;

/// A value and where it stands in its text.
#[derive(Clone, Debug)]
pub struct Node {
    pub value: Value,
    pub place: Range<usize>,
}

#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// Whether escapes in strings are decoded (and so checked) or kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Escapes {
    Checked,
    Kept,
}

const DEEPEST: usize = 1000;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    escapes: Escapes,
    depth: usize,
}

/// Parses one JSON text.
pub fn parse(text: &str, escapes: Escapes) -> Result<Node> {
    let mut parser = Parser { text, at: 0, escapes, depth: 0 };
    let node = parser.value("JSON value")?;
    parser.skip();
    if parser.at < text.len() {
        return Err(parser.expected("end of input"));
    }
    Ok(node)
}

impl Parser<'_> {
    fn skip(&mut self) {
        while matches!(self.text.as_bytes().get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn word_end(&self, from: usize) -> usize {
        let rest = &self.text.as_bytes()[from..];
        from + rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_' || **b >= 0x80).count()
    }

    fn fail(&self, end: usize, detail: String) -> Error {
        let text = self.text;
        let mut end = end.min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        let mut start = line_start;
        while end - start >= 50 {
            start += text[start..].chars().next().map_or(1, char::len_utf8);
        }
        if start - line_start <= 3 {
            start = line_start;
        }
        let prefix = if start > line_start { "..." } else { "" };
        let more = text[end..].chars().next().is_some_and(|c| c != '\n' && c != '\r');
        let suffix = if more { "..." } else { "" };
        let mut error =
            Error::new(SqlState::INVALID_TEXT_REPRESENTATION, "invalid input syntax for type json").detail(detail);
        error.fields_mut().context = Some(format!("JSON data, line {line}: {prefix}{}{suffix}", &text[start..end]));
        error
    }

    fn ended(&self) -> Error {
        self.fail(self.text.len(), "The input string ended unexpectedly.".to_owned())
    }

    /// The next token is no `what`; one that is no token at all is reported as such.
    fn expected(&mut self, what: &str) -> Error {
        self.skip();
        let start = self.at;
        let end = match self.peek() {
            None => return self.ended(),
            Some(b'{' | b'}' | b'[' | b']' | b',' | b':') => start + 1,
            Some(b'"') => match self.string() {
                Ok(_) => self.at,
                Err(error) => return error,
            },
            Some(b'-' | b'0'..=b'9') => match self.number() {
                Ok(_) => self.at,
                Err(error) => return error,
            },
            Some(_) => {
                let end = self.word_end(start).max(start + 1);
                if !matches!(&self.text[start..end], "true" | "false" | "null") {
                    return self.fail(end, format!("Token \"{}\" is invalid.", &self.text[start..end]));
                }
                end
            }
        };
        self.fail(end, format!("Expected {what}, but found \"{}\".", &self.text[start..end]))
    }

    fn value(&mut self, what: &str) -> Result<Node> {
        self.skip();
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.object()?,
            Some(b'[') => self.array()?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            _ => {
                let end = self.word_end(start);
                let value = match &self.text[start..end] {
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    "null" => Value::Null,
                    _ => return Err(self.expected(what)),
                };
                self.at = end;
                value
            }
        };
        Ok(Node { value, place: start..self.at })
    }

    fn deeper(&mut self) -> Result<()> {
        self.depth += 1;
        self.at += 1;
        if self.depth > DEEPEST {
            return Err(Error::new(SqlState::STATEMENT_TOO_COMPLEX, "stack depth limit exceeded"));
        }
        Ok(())
    }

    fn array(&mut self) -> Result<Value> {
        self.deeper()?;
        let mut items = Vec::new();
        self.skip();
        if self.peek() == Some(b']') {
            self.at += 1;
            self.depth -= 1;
            return Ok(Value::Array(items));
        }
        loop {
            let what = if items.is_empty() { "array element or \"]\"" } else { "JSON value" };
            items.push(self.value(what)?);
            self.skip();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    self.depth -= 1;
                    return Ok(Value::Array(items));
                }
                _ => return Err(self.expected("\",\" or \"]\"")),
            }
        }
    }

    fn object(&mut self) -> Result<Value> {
        self.deeper()?;
        let mut fields = Vec::new();
        self.skip();
        if self.peek() == Some(b'}') {
            self.at += 1;
            self.depth -= 1;
            return Ok(Value::Object(fields));
        }
        loop {
            self.skip();
            if self.peek() != Some(b'"') {
                return Err(self.expected(if fields.is_empty() { "string or \"}\"" } else { "string" }));
            }
            let key = self.string()?;
            self.skip();
            if self.peek() != Some(b':') {
                return Err(self.expected("\":\""));
            }
            self.at += 1;
            fields.push((key, self.value("JSON value")?));
            self.skip();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    self.depth -= 1;
                    return Ok(Value::Object(fields));
                }
                _ => return Err(self.expected("\",\" or \"}\"")),
            }
        }
    }

    fn number(&mut self) -> Result<String> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let digits = |from: usize| from + bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut at = start + usize::from(bytes[start] == b'-');
        let mut good = true;
        if bytes.get(at) == Some(&b'0') {
            at += 1;
        } else {
            let end = digits(at);
            good &= end > at;
            at = end;
        }
        if good && bytes.get(at) == Some(&b'.') {
            let end = digits(at + 1);
            good &= end > at + 1;
            at = end;
        }
        if good && matches!(bytes.get(at), Some(b'e' | b'E')) {
            at += 1;
            if matches!(bytes.get(at), Some(b'+' | b'-')) {
                at += 1;
            }
            let end = digits(at);
            good &= end > at;
            at = end;
        }
        let end = self.word_end(at);
        if !good || end > at {
            return Err(self.fail(end, format!("Token \"{}\" is invalid.", &self.text[start..end])));
        }
        self.at = at;
        Ok(self.text[start..at].to_owned())
    }

    fn string(&mut self) -> Result<String> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut out = String::new();
        let mut at = start + 1;
        let mut high: Option<u32> = None;
        let lone = "Unicode low surrogate must follow a high surrogate.";
        loop {
            let Some(byte) = bytes.get(at).copied() else {
                return Err(self.fail(bytes.len(), format!("Token \"{}\" is invalid.", &self.text[start..])));
            };
            let checked = self.escapes == Escapes::Checked;
            if high.is_some() && checked && !(byte == b'\\' && bytes.get(at + 1) == Some(&b'u')) {
                return Err(self.fail(at + usize::from(byte == b'\\'), lone.to_owned()));
            }
            match byte {
                b'"' => {
                    self.at = at + 1;
                    return Ok(out);
                }
                0..=0x1f => {
                    return Err(self.fail(at, format!("Character with value 0x{byte:02x} must be escaped.")));
                }
                b'\\' => {
                    let escape = bytes.get(at + 1).copied();
                    let simple = match escape {
                        Some(b'"') => '"',
                        Some(b'\\') => '\\',
                        Some(b'/') => '/',
                        Some(b'b') => '\u{8}',
                        Some(b'f') => '\u{c}',
                        Some(b'n') => '\n',
                        Some(b'r') => '\r',
                        Some(b't') => '\t',
                        Some(b'u') => {
                            let digits = self.text.get(at + 2..at + 6);
                            let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
                            let Some(code) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
                                let bad = at
                                    + 2
                                    + bytes[at + 2..].iter().take(4).take_while(|b| b.is_ascii_hexdigit()).count();
                                return Err(self
                                    .fail(bad + 1, "\"\\u\" must be followed by four hexadecimal digits.".to_owned()));
                            };
                            at += 6;
                            if !checked {
                                continue;
                            }
                            match (high.take(), code) {
                                (Some(_), 0xd800..=0xdbff) => {
                                    return Err(self.fail(
                                        at,
                                        "Unicode high surrogate must not follow a high surrogate.".to_owned(),
                                    ));
                                }
                                (None, 0xd800..=0xdbff) => high = Some(code),
                                (Some(first), 0xdc00..=0xdfff) => {
                                    let code = 0x10000 + ((first & 0x3ff) << 10) + (code & 0x3ff);
                                    out.extend(char::from_u32(code));
                                }
                                (Some(_), _) | (None, 0xdc00..=0xdfff) => return Err(self.fail(at, lone.to_owned())),
                                (None, 0) => {
                                    let mut error = self.fail(at, "\\u0000 cannot be converted to text.".to_owned());
                                    error.fields_mut().state = SqlState(*b"22P05");
                                    error.fields_mut().message = "unsupported Unicode escape sequence".to_owned();
                                    return Err(error);
                                }
                                (None, code) => out.extend(char::from_u32(code)),
                            }
                            continue;
                        }
                        None => {
                            return Err(
                                self.fail(bytes.len(), format!("Token \"{}\" is invalid.", &self.text[start..]))
                            );
                        }
                        Some(_) => {
                            let c = self.text[at + 1..].chars().next().unwrap_or(' ');
                            let end = at + 1 + c.len_utf8();
                            return Err(self.fail(end, format!("Escape sequence \"\\{c}\" is invalid.")));
                        }
                    };
                    out.push(simple);
                    at += 2;
                }
                _ => {
                    let length = self.text[at..].chars().next().map_or(1, char::len_utf8);
                    out.push_str(&self.text[at..at + length]);
                    at += length;
                }
            }
        }
    }
}

/// A string with quotes and escapes.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// jsonb's order of keys: shorter first, then by bytes.
pub fn key_order(left: &str, right: &str) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.as_bytes().cmp(right.as_bytes()))
}

impl Node {
    pub fn of(value: Value) -> Node {
        Node { value, place: 0..0 }
    }
}

impl Value {
    /// Made canonical: keys sorted, of equal ones the last, numbers as numeric prints them.
    pub fn canonical(&mut self) -> Result<()> {
        match self {
            Value::Number(text) => *text = numeric::print(&numeric::parse(text)?),
            Value::Array(items) => {
                for item in items {
                    item.value.canonical()?;
                }
            }
            Value::Object(fields) => {
                for (_, item) in fields.iter_mut() {
                    item.value.canonical()?;
                }
                sort(fields);
            }
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
        Ok(())
    }

    /// jsonb's text.
    pub fn print(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Value::Number(text) => out.push_str(text),
            Value::String(text) => write_string(out, text),
            Value::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    item.value.write(out);
                }
                out.push(']');
            }
            Value::Object(fields) => {
                out.push('{');
                for (index, (key, item)) in fields.iter().enumerate() {
                    out.push_str(if index > 0 { ", " } else { "" });
                    write_string(out, key);
                    out.push_str(": ");
                    item.value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// `jsonb_pretty`
    pub fn pretty(&self, indent: usize, out: &mut String) {
        let line = |out: &mut String, indent: usize| {
            out.push('\n');
            out.push_str(&"    ".repeat(indent));
        };
        match self {
            Value::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    line(out, indent + 1);
                    item.value.pretty(indent + 1, out);
                }
                line(out, indent);
                out.push(']');
            }
            Value::Object(fields) => {
                out.push('{');
                for (index, (key, item)) in fields.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    line(out, indent + 1);
                    write_string(out, key);
                    out.push_str(": ");
                    item.value.pretty(indent + 1, out);
                }
                line(out, indent);
                out.push('}');
            }
            scalar => scalar.write(out),
        }
    }

    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        }
    }

    pub fn is_scalar(&self) -> bool {
        !matches!(self, Value::Array(_) | Value::Object(_))
    }
}

/// Sorts fields as jsonb; of equal keys the last stays.
pub fn sort(fields: &mut Vec<(String, Node)>) {
    fields.sort_by(|(left, _), (right, _)| key_order(left, right));
    let mut kept: Vec<(String, Node)> = Vec::with_capacity(fields.len());
    for field in fields.drain(..) {
        match kept.last_mut() {
            Some(last) if last.0 == field.0 => *last = field,
            _ => kept.push(field),
        }
    }
    *fields = kept;
}

pub fn number(text: &str) -> Result<Numeric> {
    numeric::parse(text)
}

/// jsonb's btree order: Object > Array > Boolean > Number > String > Null; an empty top-level array sorts least of all.
pub fn compare(left: &Value, right: &Value) -> Result<Ordering> {
    let rank = |value: &Value| match value {
        Value::Null => 0,
        Value::String(_) => 1,
        Value::Number(_) => 2,
        Value::Bool(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    };
    Ok(match (left, right) {
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        (Value::Number(left), Value::Number(right)) => numeric::compare(&number(left)?, &number(right)?),
        (Value::String(left), Value::String(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Value::Array(left), Value::Array(right)) => {
            let mut order = left.len().cmp(&right.len());
            for (left, right) in left.iter().zip(right) {
                if order.is_ne() {
                    break;
                }
                order = compare(&left.value, &right.value)?;
            }
            order
        }
        (Value::Object(left), Value::Object(right)) => {
            let mut order = left.len().cmp(&right.len());
            for ((left_key, left), (right_key, right)) in left.iter().zip(right) {
                if order.is_ne() {
                    break;
                }
                order = left_key.as_bytes().cmp(right_key.as_bytes());
                if order.is_eq() {
                    order = compare(&left.value, &right.value)?;
                }
            }
            order
        }
        (left, right) => rank(left).cmp(&rank(right)),
    })
}
