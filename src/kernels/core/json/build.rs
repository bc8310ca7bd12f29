//! Makes JSON of SQL values: `to_json`, `json_build_*`, `json_object`, and the aggregates.

use super::value::{self, Escapes, write_string};
use crate::error::{Error, Result, SqlState};
use crate::kernels::core::datetime::print;
use crate::kernels::core::datetime::zone::Zone;
use crate::kernels::core::macros::wrong;
use crate::kernels::{Accumulator, Aggregate, Call, Scalar, io};
use crate::types::{ArrayValue, Datum, PgType};

pub(in crate::kernels::core) const SCALARS: &[(&str, Scalar)] = &[
    ("to_json", |c, a| of_argument(c, a, 0).map(Datum::text)),
    ("to_jsonb", |c, a| super::jsonb(&of_argument(c, a, 0)?)),
    ("array_to_json", |c, a| of_argument(c, a, 0).map(Datum::text)),
    ("array_to_json_pretty", |c, a| {
        let (Some(Datum::Array(array)), Some(Datum::Bool(pretty))) = (a.first(), a.get(1)) else {
            return Err(wrong(c, a));
        };
        let mut out = String::new();
        write_array(c, array, if *pretty { ",\n " } else { "," }, &mut out)?;
        Ok(Datum::text(out))
    }),
    ("row_to_json", |c, a| of_argument(c, a, 0).map(Datum::text)),
    ("row_to_json_pretty", |c, a| of_argument(c, a, 0).map(Datum::text)),
    ("json_build_array", |c, a| build_array(c, a).map(Datum::text)),
    ("json_build_array_noargs", |_, _| Ok(Datum::text("[]"))),
    ("jsonb_build_array", |c, a| super::jsonb(&build_array(c, a)?)),
    ("jsonb_build_array_noargs", |_, _| Ok(Datum::text("[]"))),
    ("json_build_object", |c, a| build_object(c, a, "json_build_object").map(Datum::text)),
    ("json_build_object_noargs", |_, _| Ok(Datum::text("{}"))),
    ("jsonb_build_object", |c, a| super::jsonb(&build_object(c, a, "jsonb_build_object")?)),
    ("jsonb_build_object_noargs", |_, _| Ok(Datum::text("{}"))),
    ("json_object", |c, a| object_of_pairs(c, a).map(Datum::text)),
    ("jsonb_object", |c, a| super::jsonb(&object_of_pairs(c, a)?)),
    ("json_object_two_arg", |c, a| object_of_two(c, a).map(Datum::text)),
    ("jsonb_object_two_arg", |c, a| super::jsonb(&object_of_two(c, a)?)),
];

pub(in crate::kernels::core) const AGGREGATES: &[(&str, Aggregate)] = &[
    ("json_agg(anyelement)", |_| Ok(Box::new(Collected::new(Shape::Array, false)))),
    ("jsonb_agg(anyelement)", |_| Ok(Box::new(Collected::new(Shape::Array, true)))),
    ("json_object_agg(any,any)", |_| Ok(Box::new(Collected::new(Shape::Object, false)))),
    ("jsonb_object_agg(any,any)", |_| Ok(Box::new(Collected::new(Shape::Object, true)))),
];

fn invalid(message: impl Into<String>) -> Error {
    Error::new(SqlState::INVALID_PARAMETER_VALUE, message)
}

fn of_argument(call: &Call<'_>, args: &[Datum], index: usize) -> Result<String> {
    let (Some(value), Some(ty)) = (args.get(index), call.args.get(index)) else { return Err(wrong(call, args)) };
    let mut out = String::new();
    write(call, *ty, value, &mut out)?;
    Ok(out)
}

/// The JSON form of a value.
fn write(call: &Call<'_>, ty: PgType, value: &Datum, out: &mut String) -> Result<()> {
    match (value, ty) {
        (Datum::Null, _) => out.push_str("null"),
        (Datum::Bool(value), _) => out.push_str(if *value { "true" } else { "false" }),
        (Datum::Text(text), PgType::JSON | PgType::JSONB) => out.push_str(text),
        (Datum::Array(array), _) => write_array(call, array, ",", out)?,
        (Datum::Record(_), _) => {
            // The names of a row's columns are not known here, and f1, f2 would be wrong for a table's row.
            return Err(Error::unsupported("a row as JSON"));
        }
        (
            Datum::Int2(_) | Datum::Int4(_) | Datum::Int8(_) | Datum::Float4(_) | Datum::Float8(_) | Datum::Numeric(_),
            _,
        ) => {
            let text = io::output(call.env, ty, value)?;
            if text.ends_with(|c: char| c.is_ascii_digit()) { out.push_str(&text) } else { write_string(out, &text) }
        }
        (Datum::Date(days), _) => {
            let iso = crate::kernels::DateStyle {
                output: crate::kernels::DateOutput::Iso,
                order: crate::kernels::DateOrder::Ymd,
            };
            write_string(out, &print::date(iso, *days));
        }
        (Datum::Timestamp(value), _) => write_string(out, &print::iso_8601(*value, None)),
        (Datum::Timestamptz(value), _) => {
            let east = Zone::of(call.env)?.east_at(*value);
            write_string(out, &print::iso_8601(*value, Some(east)));
        }
        (Datum::Geometry(_), PgType::GEOMETRY) => {
            // PostGIS has a cast from geometry to json.
            let kernel =
                crate::kernels::scalar("json(geometry)").ok_or_else(|| Error::unsupported("a geometry as JSON"))?;
            let call = Call { args: &[ty], returns: PgType::JSON, ..*call };
            match kernel(&call, std::slice::from_ref(value))? {
                Datum::Text(text) => out.push_str(&text),
                _ => out.push_str("null"),
            }
        }
        _ => write_string(out, &io::output(call.env, ty, value)?),
    }
    Ok(())
}

fn write_array(call: &Call<'_>, array: &ArrayValue, separator: &str, out: &mut String) -> Result<()> {
    fn level(
        call: &Call<'_>,
        array: &ArrayValue,
        depth: usize,
        next: &mut usize,
        separator: &str,
        out: &mut String,
    ) -> Result<()> {
        out.push('[');
        for index in 0..array.dimensions[depth].0 {
            out.push_str(if index > 0 { separator } else { "" });
            if depth + 1 < array.dimensions.len() {
                // Only the outermost level has line breaks.
                level(call, array, depth + 1, next, ",", out)?;
            } else {
                write(call, array.element, &array.values[*next], out)?;
                *next += 1;
            }
        }
        out.push(']');
        Ok(())
    }
    if array.dimensions.is_empty() {
        out.push_str("[]");
        return Ok(());
    }
    level(call, array, 0, &mut 0, separator, out)
}

/// A key: the value's text; arrays, rows and json cannot be one.
fn write_key(call: &Call<'_>, ty: PgType, value: &Datum, out: &mut String) -> Result<()> {
    let composite = matches!(value, Datum::Array(_) | Datum::Record(_)) || matches!(ty, PgType::JSON | PgType::JSONB);
    if composite || matches!(value, Datum::Geometry(_)) && ty == PgType::GEOMETRY {
        return Err(invalid("key value must be scalar, not array, composite, or json"));
    }
    let mut text = String::new();
    write(call, ty, value, &mut text)?;
    if text.starts_with('"') {
        out.push_str(&text)
    } else {
        write_string(out, &text)
    }
    Ok(())
}

fn build_array(call: &Call<'_>, args: &[Datum]) -> Result<String> {
    let mut out = String::from("[");
    for index in 0..args.len() {
        out.push_str(if index > 0 { ", " } else { "" });
        out.push_str(&of_argument(call, args, index)?);
    }
    out.push(']');
    Ok(out)
}

fn build_object(call: &Call<'_>, args: &[Datum], function: &str) -> Result<String> {
    if !args.len().is_multiple_of(2) {
        return Err(invalid("argument list must have even number of elements")
            .hint(format!("The arguments of {function}() must consist of alternating keys and values.")));
    }
    let mut out = String::from("{");
    for index in (0..args.len()).step_by(2) {
        out.push_str(if index > 0 { ", " } else { "" });
        if args[index].is_null() {
            let error = if function == "json_build_object" {
                invalid(format!("argument {} cannot be null", index + 1)).hint("Object keys should be text.")
            } else {
                invalid(format!("argument {}: key must not be null", index + 1))
            };
            return Err(error);
        }
        let ty = call.args.get(index).copied().ok_or_else(|| wrong(call, args))?;
        write_key(call, ty, &args[index], &mut out)?;
        out.push_str(" : ");
        out.push_str(&of_argument(call, args, index + 1)?);
    }
    out.push('}');
    Ok(out)
}

fn array<'a>(call: &Call<'_>, args: &'a [Datum], index: usize) -> Result<&'a ArrayValue> {
    match args.get(index) {
        Some(Datum::Array(array)) => Ok(array),
        _ => Err(wrong(call, args)),
    }
}

fn pairs<'a>(pairs: impl Iterator<Item = (&'a Datum, &'a Datum)>) -> Result<String> {
    let mut out = String::from("{");
    for (index, (key, value)) in pairs.enumerate() {
        let key = key
            .as_str()
            .ok_or_else(|| Error::new(SqlState::NULL_VALUE_NOT_ALLOWED, "null value not allowed for object key"))?;
        out.push_str(if index > 0 { ", " } else { "" });
        write_string(&mut out, key);
        out.push_str(" : ");
        match value.as_str() {
            Some(text) => write_string(&mut out, text),
            None => out.push_str("null"),
        }
    }
    out.push('}');
    Ok(out)
}

fn subscripts(message: &str) -> Error {
    Error::new(SqlState::ARRAY_SUBSCRIPT_ERROR, message)
}

/// `json_object('{a,1,b,2}')`, or of an array of pairs.
fn object_of_pairs(call: &Call<'_>, args: &[Datum]) -> Result<String> {
    let array = array(call, args, 0)?;
    match array.dimensions.as_slice() {
        [] => {}
        [(length, _)] if length % 2 != 0 => return Err(subscripts("array must have even number of elements")),
        [_] => {}
        [_, (2, _)] => {}
        [_, _] => return Err(subscripts("array must have two columns")),
        _ => return Err(subscripts("wrong number of array subscripts")),
    }
    pairs(array.values.chunks_exact(2).map(|pair| (&pair[0], &pair[1])))
}

fn object_of_two(call: &Call<'_>, args: &[Datum]) -> Result<String> {
    let (keys, values) = (array(call, args, 0)?, array(call, args, 1)?);
    if keys.dimensions.len() > 1 || keys.dimensions.len() != values.dimensions.len() {
        return Err(subscripts("wrong number of array subscripts"));
    }
    if keys.values.len() != values.values.len() {
        return Err(subscripts("mismatched array dimensions"));
    }
    pairs(keys.values.iter().zip(&values.values))
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shape {
    Array,
    Object,
}

/// `json_agg`, `json_object_agg` and their jsonb forms.
#[derive(Debug)]
struct Collected {
    shape: Shape,
    binary: bool,
    text: Option<String>,
}

impl Collected {
    fn new(shape: Shape, binary: bool) -> Collected {
        Collected { shape, binary, text: None }
    }
}

impl Accumulator for Collected {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        let first = self.text.is_none();
        let mut item = String::new();
        match self.shape {
            Shape::Array => {
                if !first {
                    item.push_str(", ");
                    // Rows and arrays start a line.
                    if !self.binary && matches!(args.first(), Some(Datum::Array(_) | Datum::Record(_))) {
                        item.push_str("\n ");
                    }
                }
                item.push_str(&of_argument(call, args, 0)?);
            }
            Shape::Object => {
                let ty = call.args.first().copied().ok_or_else(|| wrong(call, args))?;
                if args.first().is_none_or(Datum::is_null) {
                    return Err(invalid("field name must not be null"));
                }
                item.push_str(if first { " " } else { ", " });
                write_key(call, ty, &args[0], &mut item)?;
                item.push_str(" : ");
                item.push_str(&of_argument(call, args, 1)?);
            }
        }
        if self.binary {
            // Errors arise at the row that causes them.
            let of = item.trim_start_matches(", ");
            if self.shape == Shape::Array {
                value::parse(of, Escapes::Checked)?;
            }
        }
        let text = self.text.get_or_insert_with(|| if self.shape == Shape::Array { "[" } else { "{" }.to_owned());
        text.push_str(&item);
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        let Some(text) = &self.text else { return Ok(Datum::Null) };
        let whole = if self.shape == Shape::Array { format!("{text}]") } else { format!("{text} }}") };
        if self.binary { super::jsonb(&whole) } else { Ok(Datum::text(whole)) }
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.text.as_ref().map_or(0, String::capacity)
    }
}
