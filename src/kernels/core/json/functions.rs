//! Operators and functions over json and jsonb.

use std::cmp::Ordering;

use super::value::{self, Escapes, Node, Value, key_order, sort, write_string};
use crate::error::{Error, Result, SqlState};
use crate::kernels::core::macros::wrong;
use crate::kernels::{Call, Rows, Scalar, SetReturning};
use crate::types::{Datum, PgType};

pub(in crate::kernels::core) const SCALARS: &[(&str, Scalar)] = &[
    ("jsonb_eq", |c, a| Ok(Datum::Bool(order(c, a)?.is_eq()))),
    ("jsonb_ne", |c, a| Ok(Datum::Bool(order(c, a)?.is_ne()))),
    ("jsonb_lt", |c, a| Ok(Datum::Bool(order(c, a)?.is_lt()))),
    ("jsonb_le", |c, a| Ok(Datum::Bool(order(c, a)?.is_le()))),
    ("jsonb_gt", |c, a| Ok(Datum::Bool(order(c, a)?.is_gt()))),
    ("jsonb_ge", |c, a| Ok(Datum::Bool(order(c, a)?.is_ge()))),
    ("jsonb_cmp", |c, a| Ok(Datum::Int4(order(c, a)? as i32))),
    ("json_object_field", |c, a| step(c, a, Form::Json)),
    ("json_array_element", |c, a| step(c, a, Form::Json)),
    ("jsonb_object_field", |c, a| step(c, a, Form::Json)),
    ("jsonb_array_element", |c, a| step(c, a, Form::Json)),
    ("json_object_field_text", |c, a| step(c, a, Form::Text)),
    ("json_array_element_text", |c, a| step(c, a, Form::Text)),
    ("jsonb_object_field_text", |c, a| step(c, a, Form::Text)),
    ("jsonb_array_element_text", |c, a| step(c, a, Form::Text)),
    ("json_extract_path", |c, a| path(c, a, Form::Json)),
    ("jsonb_extract_path", |c, a| path(c, a, Form::Json)),
    ("json_extract_path_text", |c, a| path(c, a, Form::Text)),
    ("jsonb_extract_path_text", |c, a| path(c, a, Form::Text)),
    ("json_array_length", array_length),
    ("jsonb_array_length", array_length),
    ("json_typeof", |c, a| Ok(Datum::text(doc(c, a, 0)?.node.value.type_name()))),
    ("jsonb_typeof", |c, a| Ok(Datum::text(doc(c, a, 0)?.node.value.type_name()))),
    ("jsonb_contains", |c, a| contains(&doc(c, a, 0)?.node.value, &doc(c, a, 1)?.node.value).map(Datum::Bool)),
    ("jsonb_contained", |c, a| contains(&doc(c, a, 1)?.node.value, &doc(c, a, 0)?.node.value).map(Datum::Bool)),
    ("jsonb_exists", |c, a| Ok(Datum::Bool(exists(&doc(c, a, 0)?.node.value, string(c, a, 1)?)))),
    ("jsonb_exists_any", |c, a| {
        let value = doc(c, a, 0)?.node.value;
        Ok(Datum::Bool(strings(c, a, 1)?.iter().flatten().any(|key| exists(&value, key))))
    }),
    ("jsonb_exists_all", |c, a| {
        let value = doc(c, a, 0)?.node.value;
        Ok(Datum::Bool(strings(c, a, 1)?.iter().flatten().all(|key| exists(&value, key))))
    }),
    ("jsonb_concat", |c, a| Ok(print(concat(doc(c, a, 0)?.node.value, doc(c, a, 1)?.node.value)))),
    ("jsonb_delete", |c, a| {
        let key = string(c, a, 1)?.to_owned();
        delete_keys(doc(c, a, 0)?.node.value, &[Some(key)])
    }),
    ("jsonb_delete_array", |c, a| delete_keys(doc(c, a, 0)?.node.value, &strings(c, a, 1)?)),
    ("jsonb_delete_idx", delete_index),
    ("jsonb_delete_path", |c, a| {
        let mut value = doc(c, a, 0)?.node.value;
        let keys = strings(c, a, 1)?;
        if value.is_scalar() {
            return Err(invalid("cannot delete path in scalar"));
        }
        if !keys.is_empty() && !is_empty(&value) {
            change(&mut value, &keys, 0, &Change::Delete)?;
        }
        Ok(print(value))
    }),
    ("jsonb_set", |c, a| set(c, a)),
    ("jsonb_set_lax", |c, a| {
        if a.iter().enumerate().any(|(index, value)| value.is_null() && index != 2) {
            return if a.get(4).is_some_and(Datum::is_null) {
                Err(Error::new(
                    SqlState::INVALID_PARAMETER_VALUE,
                    "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"",
                ))
            } else {
                Ok(Datum::Null)
            };
        }
        if !a[2].is_null() {
            return set(c, &a[..4]);
        }
        match string(c, a, 4)? {
            "raise_exception" => Err(Error::new(SqlState::NULL_VALUE_NOT_ALLOWED, "JSON value must not be null")
                .detail("Exception was raised because null_value_treatment is \"raise_exception\".")
                .hint("To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.")),
            "use_json_null" => set(c, &[a[0].clone(), a[1].clone(), Datum::text("null"), a[3].clone()]),
            "return_target" => Ok(a[0].clone()),
            "delete_key" => {
                let mut value = doc(c, a, 0)?.node.value;
                let keys = strings(c, a, 1)?;
                if value.is_scalar() {
                    return Err(invalid("cannot delete path in scalar"));
                }
                if !keys.is_empty() && !is_empty(&value) {
                    change(&mut value, &keys, 0, &Change::Delete)?;
                }
                Ok(print(value))
            }
            _ => Err(invalid(
                "null_value_treatment must be \"delete_key\", \"return_target\", \"use_json_null\", or \"raise_exception\"",
            )),
        }
    }),
    ("jsonb_insert", |c, a| {
        let mut value = doc(c, a, 0)?.node.value;
        let (keys, new) = (strings(c, a, 1)?, doc(c, a, 2)?.node.value);
        if value.is_scalar() {
            return Err(invalid("cannot set path in scalar"));
        }
        if !keys.is_empty() {
            change(&mut value, &keys, 0, &Change::Insert { new, after: boolean(c, a, 3)? })?;
        }
        Ok(print(value))
    }),
    ("jsonb_pretty", |c, a| {
        let mut out = String::new();
        doc(c, a, 0)?.node.value.pretty(0, &mut out);
        Ok(Datum::text(out))
    }),
    ("jsonb_strip_nulls", |c, a| {
        let mut value = doc(c, a, 0)?.node.value;
        strip(&mut value);
        Ok(print(value))
    }),
    ("json_strip_nulls", |c, a| {
        let document = doc(c, a, 0)?;
        let mut out = String::new();
        stripped(&document, &document.node, &mut out);
        Ok(Datum::text(out))
    }),
    ("jsonb_bool", |c, a| match doc(c, a, 0)?.node.value {
        Value::Bool(value) => Ok(Datum::Bool(value)),
        other => Err(no_cast(&other, "boolean")),
    }),
    ("jsonb_numeric", |c, a| Ok(Datum::Numeric(to_number(c, a, "numeric")?))),
    ("jsonb_int2", |c, a| through(c, a, "smallint", "numeric_int2")),
    ("jsonb_int4", |c, a| through(c, a, "integer", "numeric_int4")),
    ("jsonb_int8", |c, a| through(c, a, "bigint", "numeric_int8")),
    ("jsonb_float4", |c, a| through(c, a, "real", "numeric_float4")),
    ("jsonb_float8", |c, a| through(c, a, "double precision", "numeric_float8")),
];

pub(in crate::kernels::core) const SET_RETURNING: &[(&str, SetReturning)] = &[
    ("json_array_elements", |c, a| elements(c, a, Form::Json)),
    ("jsonb_array_elements", |c, a| elements(c, a, Form::Json)),
    ("json_array_elements_text", |c, a| elements(c, a, Form::Text)),
    ("jsonb_array_elements_text", |c, a| elements(c, a, Form::Text)),
    ("json_each", |c, a| each(c, a, Form::Json)),
    ("jsonb_each", |c, a| each(c, a, Form::Json)),
    ("json_each_text", |c, a| each(c, a, Form::Text)),
    ("jsonb_each_text", |c, a| each(c, a, Form::Text)),
    ("json_object_keys", keys),
    ("jsonb_object_keys", keys),
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Json,
    Text,
}

/// A parsed argument; json keeps its text, jsonb is printed anew.
struct Document<'a> {
    text: &'a str,
    node: Node,
    binary: bool,
}

impl Document<'_> {
    fn datum(&self, node: &Node, form: Form) -> Datum {
        match (form, &node.value) {
            (Form::Text, Value::Null) => Datum::Null,
            (Form::Text, Value::String(text)) => Datum::text(text),
            (_, value) if self.binary => Datum::text(value.print()),
            _ => Datum::text(&self.text[node.place.clone()]),
        }
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(SqlState::INVALID_PARAMETER_VALUE, message)
}

fn string<'a>(call: &Call<'_>, args: &'a [Datum], index: usize) -> Result<&'a str> {
    args.get(index).and_then(Datum::as_str).ok_or_else(|| wrong(call, args))
}

fn boolean(call: &Call<'_>, args: &[Datum], index: usize) -> Result<bool> {
    args.get(index).and_then(Datum::as_bool).ok_or_else(|| wrong(call, args))
}

/// The texts of an array argument.
fn strings(call: &Call<'_>, args: &[Datum], index: usize) -> Result<Vec<Option<String>>> {
    let Some(Datum::Array(array)) = args.get(index) else { return Err(wrong(call, args)) };
    if array.dimensions.len() > 1 {
        return Err(Error::new(SqlState::ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts"));
    }
    Ok(array.values.iter().map(|value| value.as_str().map(str::to_owned)).collect())
}

fn doc<'a>(call: &Call<'_>, args: &'a [Datum], index: usize) -> Result<Document<'a>> {
    let text = string(call, args, index)?;
    let binary = call.args.get(index) != Some(&PgType::JSON);
    Ok(Document { text, node: value::parse(text, Escapes::Checked)?, binary })
}

fn print(value: Value) -> Datum {
    Datum::text(value.print())
}

fn order(call: &Call<'_>, args: &[Datum]) -> Result<Ordering> {
    match args {
        [left, right] => super::compare(left, right),
        _ => Err(wrong(call, args)),
    }
}

fn field<'a>(value: &'a Value, key: &str) -> Option<&'a Node> {
    match value {
        // json may hold a key twice: the last counts.
        Value::Object(fields) => fields.iter().rev().find(|(name, _)| name == key).map(|(_, node)| node),
        _ => None,
    }
}

/// The place of an element; negative ones count from the end.
fn place(index: i64, length: usize) -> Option<usize> {
    let at = if index < 0 { length as i64 + index } else { index };
    usize::try_from(at).ok().filter(|at| *at < length)
}

fn step(call: &Call<'_>, args: &[Datum], form: Form) -> Result<Datum> {
    let document = doc(call, args, 0)?;
    let found = match (&args[1], &document.node.value) {
        (Datum::Text(key), value) => field(value, key),
        (Datum::Int4(index), Value::Array(items)) => place(i64::from(*index), items.len()).map(|at| &items[at]),
        // A scalar jsonb is an array of one.
        (Datum::Int4(0 | -1), value) if document.binary && value.is_scalar() => Some(&document.node),
        _ => None,
    };
    Ok(found.map_or(Datum::Null, |node| document.datum(node, form)))
}

/// `strtoint` over a whole text.
fn integer(text: &str) -> Option<i32> {
    let trimmed = text.trim_start_matches(crate::kernels::core::is_space);
    trimmed
        .strip_prefix('+')
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or(trimmed)
        .parse()
        .ok()
}

fn path(call: &Call<'_>, args: &[Datum], form: Form) -> Result<Datum> {
    let document = doc(call, args, 0)?;
    let mut node = &document.node;
    let keys = match args.get(1) {
        Some(Datum::Array(_)) => strings(call, args, 1)?,
        _ => args[1..].iter().map(|key| key.as_str().map(str::to_owned)).collect(),
    };
    for key in keys {
        let Some(key) = key else { return Ok(Datum::Null) };
        let next = match &node.value {
            Value::Array(items) => {
                integer(&key).and_then(|index| place(i64::from(index), items.len())).map(|at| &items[at])
            }
            value => field(value, &key),
        };
        match next {
            Some(next) => node = next,
            None => return Ok(Datum::Null),
        }
    }
    Ok(document.datum(node, form))
}

fn array_length(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    match doc(call, args, 0)?.node.value {
        Value::Array(items) => Ok(Datum::Int4(items.len() as i32)),
        Value::Object(_) => Err(invalid("cannot get array length of a non-array")),
        _ => Err(invalid("cannot get array length of a scalar")),
    }
}

/// `@>`
fn contains(whole: &Value, part: &Value) -> Result<bool> {
    match (whole, part) {
        (Value::Array(items), part) if part.is_scalar() => any_equal(items, part),
        _ => deep(whole, part),
    }
}

fn any_equal(items: &[Node], part: &Value) -> Result<bool> {
    for item in items {
        if item.value.is_scalar() && value::compare(&item.value, part)?.is_eq() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn deep(whole: &Value, part: &Value) -> Result<bool> {
    match (whole, part) {
        (Value::Object(_), Value::Object(fields)) => {
            for (key, wanted) in fields {
                let Some(found) = field(whole, key) else { return Ok(false) };
                if !deep(&found.value, &wanted.value)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Array(items), Value::Array(wanted)) => {
            for wanted in wanted {
                let mut found = false;
                if wanted.value.is_scalar() {
                    found = any_equal(items, &wanted.value)?;
                } else {
                    for item in items {
                        if !item.value.is_scalar() && deep(&item.value, &wanted.value)? {
                            found = true;
                            break;
                        }
                    }
                }
                if !found {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (whole, part) if whole.is_scalar() && part.is_scalar() => Ok(value::compare(whole, part)?.is_eq()),
        _ => Ok(false),
    }
}

fn exists(value: &Value, key: &str) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, _)| name == key),
        Value::Array(items) => items.iter().any(|item| matches!(&item.value, Value::String(text) if text == key)),
        Value::String(text) => text == key,
        _ => false,
    }
}

fn concat(left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Object(mut left), Value::Object(right)) => {
            left.extend(right);
            sort(&mut left);
            Value::Object(left)
        }
        (Value::Array(mut left), Value::Array(right)) => {
            left.extend(right);
            Value::Array(left)
        }
        (Value::Array(mut left), right) => {
            left.push(Node::of(right));
            Value::Array(left)
        }
        (left, Value::Array(mut right)) => {
            right.insert(0, Node::of(left));
            Value::Array(right)
        }
        (left, right) => Value::Array(vec![Node::of(left), Node::of(right)]),
    }
}

fn delete_keys(mut value: Value, keys: &[Option<String>]) -> Result<Datum> {
    let wanted = |text: &str| keys.iter().flatten().any(|key| key == text);
    match &mut value {
        Value::Object(fields) => fields.retain(|(name, _)| !wanted(name)),
        Value::Array(items) => items.retain(|item| !matches!(&item.value, Value::String(text) if wanted(text))),
        _ => return Err(invalid("cannot delete from scalar")),
    }
    Ok(print(value))
}

fn delete_index(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let mut value = doc(call, args, 0)?.node.value;
    let Some(Datum::Int4(index)) = args.get(1) else { return Err(wrong(call, args)) };
    match &mut value {
        Value::Array(items) => {
            if let Some(at) = place(i64::from(*index), items.len()) {
                items.remove(at);
            }
        }
        Value::Object(_) => return Err(invalid("cannot delete from object using integer index")),
        _ => return Err(invalid("cannot delete from scalar")),
    }
    Ok(print(value))
}

enum Change {
    Delete,
    Insert { new: Value, after: bool },
    Set { new: Value, create: bool },
}

/// An empty array or object.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn set(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let mut value = doc(call, args, 0)?.node.value;
    let (keys, new, create) = (strings(call, args, 1)?, doc(call, args, 2)?.node.value, boolean(call, args, 3)?);
    if value.is_scalar() {
        return Err(invalid("cannot set path in scalar"));
    }
    if !keys.is_empty() && (create || !is_empty(&value)) {
        change(&mut value, &keys, 0, &Change::Set { new, create })?;
    }
    Ok(print(value))
}

/// Changes what lies at a path; a path that leads nowhere changes nothing.
fn change(value: &mut Value, keys: &[Option<String>], level: usize, what: &Change) -> Result<()> {
    let last = level + 1 == keys.len();
    let key = keys[level].as_deref().ok_or_else(|| {
        Error::new(SqlState::NULL_VALUE_NOT_ALLOWED, format!("path element at position {} is null", level + 1))
    });
    match value {
        Value::Object(fields) => {
            let key = key?;
            let found = fields.iter().position(|(name, _)| name == key);
            match (found, what, last) {
                (Some(at), _, false) => change(&mut fields[at].1.value, keys, level + 1, what),
                (Some(at), Change::Delete, true) => {
                    fields.remove(at);
                    Ok(())
                }
                (Some(_), Change::Insert { .. }, true) => Err(invalid("cannot replace existing key")
                    .hint("Try using the function jsonb_set to replace key value.")),
                (Some(at), Change::Set { new, .. }, true) => {
                    fields[at].1 = Node::of(new.clone());
                    Ok(())
                }
                (None, Change::Insert { new, .. } | Change::Set { new, create: true }, true) => {
                    fields.push((key.to_owned(), Node::of(new.clone())));
                    fields.sort_by(|(left, _), (right, _)| key_order(left, right));
                    Ok(())
                }
                (None, ..) => Ok(()),
            }
        }
        Value::Array(items) => {
            let key = key?;
            let index = integer(key).ok_or_else(|| {
                Error::new(
                    SqlState::INVALID_TEXT_REPRESENTATION,
                    format!("path element at position {} is not an integer: \"{key}\"", level + 1),
                )
            })?;
            let length = items.len();
            match (place(i64::from(index), length), what, last) {
                (Some(at), _, false) => change(&mut items[at].value, keys, level + 1, what),
                (Some(at), Change::Delete, true) => {
                    items.remove(at);
                    Ok(())
                }
                (Some(at), Change::Set { new, .. }, true) => {
                    items[at] = Node::of(new.clone());
                    Ok(())
                }
                (Some(at), Change::Insert { new, after }, true) => {
                    items.insert(at + usize::from(*after), Node::of(new.clone()));
                    Ok(())
                }
                (None, Change::Insert { new, .. } | Change::Set { new, create: true }, true) => {
                    let at = if index < 0 { 0 } else { length };
                    items.insert(at, Node::of(new.clone()));
                    Ok(())
                }
                (None, ..) => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

fn strip(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| strip(&mut item.value)),
        Value::Object(fields) => {
            fields.retain(|(_, item)| !matches!(item.value, Value::Null));
            fields.iter_mut().for_each(|(_, item)| strip(&mut item.value));
        }
        _ => {}
    }
}

/// json without its null fields and its blanks.
fn stripped(document: &Document<'_>, node: &Node, out: &mut String) {
    match &node.value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                stripped(document, item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            let kept = fields.iter().filter(|(_, item)| !matches!(item.value, Value::Null));
            for (index, (key, item)) in kept.enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write_string(out, key);
                out.push(':');
                stripped(document, item, out);
            }
            out.push('}');
        }
        Value::String(text) => write_string(out, text),
        _ => out.push_str(&document.text[node.place.clone()]),
    }
}

fn no_cast(value: &Value, to: &str) -> Error {
    let what = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "numeric",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    invalid(format!("cannot cast jsonb {what} to type {to}"))
}

fn to_number(call: &Call<'_>, args: &[Datum], to: &str) -> Result<crate::types::Numeric> {
    match doc(call, args, 0)?.node.value {
        Value::Number(text) => value::number(&text),
        other => Err(no_cast(&other, to)),
    }
}

/// A cast by way of numeric.
fn through(call: &Call<'_>, args: &[Datum], to: &str, symbol: &str) -> Result<Datum> {
    let number = Datum::Numeric(to_number(call, args, to)?);
    let kernel = crate::kernels::scalar(symbol).ok_or_else(|| Error::unsupported(format!("cast of jsonb to {to}")))?;
    kernel(&Call { args: &[PgType::NUMERIC], ..*call }, &[number])
}

fn function(call: &Call<'_>, name: &str, form: Form) -> String {
    let prefix = if call.args.first() == Some(&PgType::JSON) { "json" } else { "jsonb" };
    format!("{prefix}_{name}{}", if form == Form::Text { "_text" } else { "" })
}

fn elements(call: &Call<'_>, args: &[Datum], form: Form) -> Result<Rows> {
    let document = doc(call, args, 0)?;
    let Value::Array(items) = &document.node.value else {
        let object = matches!(document.node.value, Value::Object(_));
        return Err(invalid(match (document.binary, object) {
            (true, true) => "cannot extract elements from an object".to_owned(),
            (true, false) => "cannot extract elements from a scalar".to_owned(),
            (false, object) => {
                let what = if object { "a non-array" } else { "a scalar" };
                format!("cannot call {} on {what}", function(call, "array_elements", form))
            }
        }));
    };
    let rows: Vec<Datum> = items.iter().map(|item| document.datum(item, form)).collect();
    Ok(Box::new(rows.into_iter().map(|row| Ok(vec![row]))))
}

fn each(call: &Call<'_>, args: &[Datum], form: Form) -> Result<Rows> {
    let document = doc(call, args, 0)?;
    let Value::Object(fields) = &document.node.value else {
        return Err(invalid(match (document.binary, &document.node.value) {
            (true, _) => format!("cannot call {} on a non-object", function(call, "each", form)),
            (false, Value::Array(_)) => "cannot deconstruct an array as an object".to_owned(),
            (false, _) => "cannot deconstruct a scalar".to_owned(),
        }));
    };
    let rows: Vec<Vec<Datum>> =
        fields.iter().map(|(key, item)| vec![Datum::text(key), document.datum(item, form)]).collect();
    Ok(Box::new(rows.into_iter().map(Ok)))
}

fn keys(call: &Call<'_>, args: &[Datum]) -> Result<Rows> {
    let document = doc(call, args, 0)?;
    let Value::Object(fields) = document.node.value else {
        let what = if matches!(document.node.value, Value::Array(_)) { "an array" } else { "a scalar" };
        return Err(invalid(format!("cannot call {} on {what}", function(call, "object_keys", Form::Json))));
    };
    Ok(Box::new(fields.into_iter().map(|(key, _)| Ok(vec![Datum::text(key)]))))
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check;

    #[test]
    fn as_postgresql() {
        check(&[
            ("jsonb_contains", "jsonb {\"a\":1}, jsonb {}", "t"),
            ("jsonb_object_field_text", "jsonb {\"a\":\"x\"}, text a", "x"),
            ("jsonb_concat", "jsonb {\"b\":1}, jsonb {\"a\":2}", "{\"a\": 2, \"b\": 1}"),
            ("jsonb_int4", "jsonb 1.5", "2"),
            ("jsonb_delete_idx", "jsonb 1, int4 0", "22023 cannot delete from scalar"),
        ]);
    }
}
