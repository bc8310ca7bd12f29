//! Arrays: shape, building, searching, comparison. Sets of rows from arrays are in `series`.

use std::sync::Arc;

use super::macros::{Row, comparisons, out_of_range, wrong};
use crate::error::{Error, Result, SqlState};
use crate::kernels::compare::compare;
use crate::kernels::io::array::{MAX_DIMENSIONS, check_dimensions};
use crate::kernels::{Call, io};
use crate::types::{ArrayValue, Datum, PgType};

comparisons!(COMPARE, "array_", PgType::ANYARRAY);
comparisons!(OIDVECTOR, "oidvector", PgType::OIDVECTOR);

pub(super) const SCALARS: &[Row] = &[
    ("array_larger", |call, args| pick(call, args, |order| order.is_gt())),
    ("array_smaller", |call, args| pick(call, args, |order| order.is_lt())),
    ("arraycontains", |call, args| {
        let (left, right) = two(call, args)?;
        Ok(Datum::Bool(contains(left, right)?))
    }),
    ("arraycontained", |call, args| {
        let (left, right) = two(call, args)?;
        Ok(Datum::Bool(contains(right, left)?))
    }),
    ("arrayoverlap", |call, args| {
        let (left, right) = two(call, args)?;
        for item in left.values.iter().filter(|item| !item.is_null()) {
            if find(right, item)? {
                return Ok(Datum::Bool(true));
            }
        }
        Ok(Datum::Bool(false))
    }),
    ("array_ndims", |call, args| {
        let value = one(call, args)?;
        Ok(if value.dimensions.is_empty() { Datum::Null } else { Datum::Int4(value.dimensions.len() as i32) })
    }),
    ("array_dims", |call, args| {
        let value = one(call, args)?;
        if value.dimensions.is_empty() {
            return Ok(Datum::Null);
        }
        let parts = value.dimensions.iter().map(|(length, lower)| format!("[{lower}:{}]", lower + length - 1));
        Ok(Datum::text(parts.collect::<String>()))
    }),
    ("array_length", |call, args| Ok(dimension(call, args)?.map_or(Datum::Null, |(length, _)| Datum::Int4(length)))),
    ("array_lower", |call, args| Ok(dimension(call, args)?.map_or(Datum::Null, |(_, lower)| Datum::Int4(lower)))),
    ("array_upper", |call, args| {
        Ok(dimension(call, args)?.map_or(Datum::Null, |(length, lower)| Datum::Int4(lower + length - 1)))
    }),
    ("array_cardinality", |call, args| Ok(Datum::Int4(one(call, args)?.values.len() as i32))),
    ("array_append", |call, args| match args {
        [array, item] => push(call, array, item, End::Back),
        _ => Err(wrong(call, args)),
    }),
    ("array_prepend", |call, args| match args {
        [item, array] => push(call, array, item, End::Front),
        _ => Err(wrong(call, args)),
    }),
    ("array_cat", |call, args| match args {
        [Datum::Null, other] | [other, Datum::Null] => Ok(other.clone()),
        [Datum::Array(left), Datum::Array(right)] => concatenate(left, right),
        _ => Err(wrong(call, args)),
    }),
    ("array_position", |call, args| match args {
        [array, item] => position(call, array, item, None),
        _ => Err(wrong(call, args)),
    }),
    ("array_position_start", |call, args| match args {
        [Datum::Null, ..] => Ok(Datum::Null),
        [Datum::Array(array), _, Datum::Null] if array.dimensions.len() == 1 => {
            Err(Error::new(SqlState::NULL_VALUE_NOT_ALLOWED, "initial position must not be null"))
        }
        // No or too many dimensions: the same answer from anywhere.
        [array, item, Datum::Null] => position(call, array, item, None),
        [array, item, Datum::Int4(start)] => position(call, array, item, Some(*start)),
        _ => Err(wrong(call, args)),
    }),
    ("array_positions", |call, args| match args {
        [Datum::Null, _] => Ok(Datum::Null),
        [Datum::Array(array), item] => {
            let positions = positions(array, item)?.into_iter().map(Datum::Int4).collect();
            Ok(Datum::Array(Arc::new(ArrayValue::vector(PgType::INT4, positions))))
        }
        _ => Err(wrong(call, args)),
    }),
    ("array_remove", |call, args| match args {
        [Datum::Null, _] => Ok(Datum::Null),
        [Datum::Array(array), item] => remove(array, item),
        _ => Err(wrong(call, args)),
    }),
    ("array_replace", |call, args| match args {
        [Datum::Null, ..] => Ok(Datum::Null),
        [Datum::Array(array), old, new] => {
            let mut result = (**array).clone();
            for item in &mut result.values {
                if same(array.element, item, old)? {
                    *item = new.clone();
                }
            }
            Ok(Datum::Array(Arc::new(result)))
        }
        _ => Err(wrong(call, args)),
    }),
    ("array_fill", |call, args| match args {
        [item, dimensions] => fill(call, item, dimensions, None),
        _ => Err(wrong(call, args)),
    }),
    ("array_fill_with_lower_bounds", |call, args| match args {
        [item, dimensions, bounds] => fill(call, item, dimensions, Some(bounds)),
        _ => Err(wrong(call, args)),
    }),
    ("trim_array", |call, args| match args {
        [Datum::Array(array), Datum::Int4(count)] => trim(array, *count),
        _ => Err(wrong(call, args)),
    }),
    ("array_to_text", |call, args| match args {
        [Datum::Array(array), Datum::Text(separator)] => to_text(call, array, separator, None),
        _ => Err(wrong(call, args)),
    }),
    ("array_to_text_null", |call, args| match args {
        [Datum::Array(array), Datum::Text(separator), null] => to_text(call, array, separator, null.as_str()),
        [Datum::Null, ..] | [_, Datum::Null, _] => Ok(Datum::Null),
        _ => Err(wrong(call, args)),
    }),
    ("text_to_array", |call, args| split(call, args).map(text_array)),
    ("text_to_array_null", |call, args| split(call, args).map(text_array)),
    ("width_bucket_array", |call, args| match args {
        [operand, Datum::Array(thresholds)] => width_bucket(operand, thresholds).map(Datum::Int4),
        _ => Err(wrong(call, args)),
    }),
];

fn one<'a>(call: &Call<'_>, args: &'a [Datum]) -> Result<&'a ArrayValue> {
    match args {
        [Datum::Array(value)] => Ok(value),
        _ => Err(wrong(call, args)),
    }
}

fn two<'a>(call: &Call<'_>, args: &'a [Datum]) -> Result<(&'a ArrayValue, &'a ArrayValue)> {
    match args {
        [Datum::Array(left), Datum::Array(right)] => Ok((left, right)),
        _ => Err(wrong(call, args)),
    }
}

fn pick(call: &Call<'_>, args: &[Datum], left: fn(std::cmp::Ordering) -> bool) -> Result<Datum> {
    let order = super::macros::order(call, PgType::ANYARRAY, args)?;
    Ok(if left(order) { args[0].clone() } else { args[1].clone() })
}

/// IS NOT DISTINCT FROM, by the element type's equality.
fn same(element: PgType, left: &Datum, right: &Datum) -> Result<bool> {
    if left.is_null() || right.is_null() {
        return Ok(left.is_null() && right.is_null());
    }
    compare(element, left, right).map(std::cmp::Ordering::is_eq)
}

fn find(array: &ArrayValue, item: &Datum) -> Result<bool> {
    for candidate in array.values.iter().filter(|candidate| !candidate.is_null()) {
        if compare(array.element, candidate, item)?.is_eq() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Does `left` have every element of `right`? A NULL equals nothing.
fn contains(left: &ArrayValue, right: &ArrayValue) -> Result<bool> {
    for item in &right.values {
        if item.is_null() || !find(left, item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn dimension(call: &Call<'_>, args: &[Datum]) -> Result<Option<(i32, i32)>> {
    match args {
        [Datum::Array(value), Datum::Int4(number)] => Ok(usize::try_from(*number)
            .ok()
            .and_then(|number| number.checked_sub(1))
            .and_then(|number| value.dimensions.get(number))
            .copied()),
        _ => Err(wrong(call, args)),
    }
}

/// Where an element is added.
#[derive(Clone, Copy, Eq, PartialEq)]
enum End {
    Back,
    Front,
}

fn push(call: &Call<'_>, array: &Datum, item: &Datum, end: End) -> Result<Datum> {
    let mut result = match array {
        Datum::Array(array) => (**array).clone(),
        Datum::Null => {
            let element = call.returns.element().ok_or_else(|| Error::internal("array function without array type"))?;
            ArrayValue { element, dimensions: Vec::new(), values: Vec::new() }
        }
        _ => return Err(wrong(call, std::slice::from_ref(array))),
    };
    match result.dimensions.as_mut_slice() {
        [] => result.dimensions = vec![(1, 1)],
        [(length, lower)] => {
            // The subscript that the new element gets must be an int4.
            let fits = match end {
                End::Back => lower.checked_add(*length).is_some(),
                End::Front => lower.checked_sub(1).is_some(),
            };
            if !fits {
                return Err(out_of_range("integer"));
            }
            *length += 1;
        }
        _ => return Err(Error::new(SqlState::DATA_EXCEPTION, "argument must be empty or one-dimensional array")),
    }
    match end {
        End::Back => result.values.push(item.clone()),
        End::Front => result.values.insert(0, item.clone()),
    }
    Ok(Datum::Array(Arc::new(result)))
}

fn concatenate(left: &Arc<ArrayValue>, right: &Arc<ArrayValue>) -> Result<Datum> {
    let incompatible = |detail: String| {
        Err(Error::new(SqlState::ARRAY_SUBSCRIPT_ERROR, "cannot concatenate incompatible arrays").detail(detail))
    };
    let (a, b) = (&left.dimensions, &right.dimensions);
    if a.is_empty() {
        return Ok(Datum::Array(right.clone()));
    }
    if b.is_empty() {
        return Ok(Datum::Array(left.clone()));
    }
    const ELEMENTS: &str = "Arrays with differing element dimensions are not compatible for concatenation.";
    const DIMENSIONS: &str = "Arrays with differing dimensions are not compatible for concatenation.";
    let dimensions = if a.len() == b.len() {
        if a[1..] != b[1..] {
            return incompatible(ELEMENTS.to_owned());
        }
        let mut dimensions = a.clone();
        dimensions[0].0 += b[0].0;
        dimensions
    } else if a.len() == b.len() + 1 {
        if a[1..] != b[..] {
            return incompatible(DIMENSIONS.to_owned());
        }
        let mut dimensions = a.clone();
        dimensions[0].0 += 1;
        dimensions
    } else if a.len() + 1 == b.len() {
        if b[1..] != a[..] {
            return incompatible(DIMENSIONS.to_owned());
        }
        let mut dimensions = b.clone();
        dimensions[0].0 += 1;
        dimensions
    } else {
        return incompatible(format!(
            "Arrays of {} and {} dimensions are not compatible for concatenation.",
            a.len(),
            b.len()
        ));
    };
    let values = left.values.iter().chain(&right.values).cloned().collect();
    Ok(Datum::Array(Arc::new(ArrayValue { element: left.element, dimensions, values })))
}

/// The subscripts of the elements that are not distinct from `item`.
fn positions(array: &ArrayValue, item: &Datum) -> Result<Vec<i32>> {
    let lower = match array.dimensions.as_slice() {
        [] => return Ok(Vec::new()),
        [(_, lower)] => *lower,
        _ => return Err(Error::unsupported("searching for elements in multidimensional arrays")),
    };
    let mut found = Vec::new();
    for (subscript, candidate) in (lower..).zip(&array.values) {
        if same(array.element, candidate, item)? {
            found.push(subscript);
        }
    }
    Ok(found)
}

fn position(call: &Call<'_>, array: &Datum, item: &Datum, start: Option<i32>) -> Result<Datum> {
    match array {
        Datum::Null => Ok(Datum::Null),
        Datum::Array(array) => {
            let found = positions(array, item)?.into_iter().find(|at| start.is_none_or(|start| *at >= start));
            Ok(found.map_or(Datum::Null, Datum::Int4))
        }
        _ => Err(wrong(call, std::slice::from_ref(array))),
    }
}

fn remove(array: &Arc<ArrayValue>, item: &Datum) -> Result<Datum> {
    if array.dimensions.len() > 1 {
        return Err(Error::unsupported("removing elements from multidimensional arrays"));
    }
    let mut values = Vec::with_capacity(array.values.len());
    for candidate in &array.values {
        if !same(array.element, candidate, item)? {
            values.push(candidate.clone());
        }
    }
    let dimensions = match array.dimensions.as_slice() {
        [(_, lower)] if !values.is_empty() => vec![(values.len() as i32, *lower)],
        _ => Vec::new(),
    };
    Ok(Datum::Array(Arc::new(ArrayValue { element: array.element, dimensions, values })))
}

fn fill(call: &Call<'_>, item: &Datum, dimensions: &Datum, bounds: Option<&Datum>) -> Result<Datum> {
    let null = |what: &str| Error::new(SqlState::NULL_VALUE_NOT_ALLOWED, what);
    let integers = |value: &Datum| -> Result<Vec<i32>> {
        let Datum::Array(array) = value else {
            return Err(null("dimension array or low bound array cannot be null"));
        };
        if array.dimensions.len() > 1 {
            return Err(Error::new(SqlState::ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")
                .detail("Dimension array must be one dimensional."));
        }
        array
            .values
            .iter()
            .map(|value| match value {
                Datum::Int4(value) => Ok(*value),
                _ => Err(null("dimension values cannot be null")),
            })
            .collect()
    };
    if dimensions.is_null() || bounds.is_some_and(Datum::is_null) {
        return Err(null("dimension array or low bound array cannot be null"));
    }
    let lengths = integers(dimensions)?;
    let lowers = bounds.map(integers).transpose()?;
    if lengths.len() > MAX_DIMENSIONS {
        return Err(Error::new(
            SqlState::PROGRAM_LIMIT_EXCEEDED,
            format!("number of dimensions ({}) exceeds the maximum allowed ({MAX_DIMENSIONS})", lengths.len()),
        ));
    }
    let lowers = match lowers {
        None => vec![1; lengths.len()],
        Some(lowers) if lowers.len() == lengths.len() => lowers,
        Some(_) => {
            return Err(Error::new(SqlState::ARRAY_SUBSCRIPT_ERROR, "wrong number of array subscripts")
                .detail("Low bound array has different size than dimensions array."));
        }
    };
    let element = call.returns.element().ok_or_else(|| Error::internal("array function without array type"))?;
    const LIMIT: i64 = 134_217_727;
    let total = lengths
        .iter()
        .try_fold(1_i64, |total, length| {
            (*length >= 0).then(|| total * i64::from(*length)).filter(|total| *total <= LIMIT)
        })
        .ok_or_else(|| {
            Error::new(SqlState::PROGRAM_LIMIT_EXCEEDED, format!("array size exceeds the maximum allowed ({LIMIT})"))
        })?;
    if total == 0 || lengths.is_empty() {
        return Ok(Datum::Array(Arc::new(ArrayValue::vector(element, Vec::new()))));
    }
    if lengths.iter().zip(&lowers).any(|(length, lower)| lower.checked_add(*length).is_none()) {
        return Err(Error::new(
            SqlState::PROGRAM_LIMIT_EXCEEDED,
            format!("array lower bound is too large: {}", lowers.iter().max().copied().unwrap_or(0)),
        ));
    }
    let dimensions = lengths.into_iter().zip(lowers).collect();
    Ok(Datum::Array(Arc::new(ArrayValue { element, dimensions, values: vec![item.clone(); total as usize] })))
}

fn trim(array: &ArrayValue, count: i32) -> Result<Datum> {
    let length = array.dimensions.first().map_or(0, |(length, _)| *length);
    if !(0..=length).contains(&count) {
        return Err(Error::new(
            SqlState::ARRAY_SUBSCRIPT_ERROR,
            format!("number of elements to trim must be between 0 and {length}"),
        ));
    }
    let kept = length - count;
    if kept == 0 {
        return Ok(Datum::Array(Arc::new(ArrayValue::vector(array.element, Vec::new()))));
    }
    // A slice counts from 1.
    let mut dimensions: Vec<(i32, i32)> = array.dimensions.iter().map(|(length, _)| (*length, 1)).collect();
    dimensions[0].0 = kept;
    let values = array.values[..array.values.len() / length as usize * kept as usize].to_vec();
    Ok(Datum::Array(Arc::new(ArrayValue { element: array.element, dimensions, values })))
}

fn to_text(call: &Call<'_>, array: &ArrayValue, separator: &str, null: Option<&str>) -> Result<Datum> {
    let mut text = String::new();
    let mut first = true;
    for item in &array.values {
        let item = match (item, null) {
            (Datum::Null, None) => continue,
            (Datum::Null, Some(null)) => null.to_owned(),
            (item, _) => io::output(call.env, array.element, item)?,
        };
        if !first {
            text.push_str(separator);
        }
        first = false;
        text.push_str(&item);
    }
    Ok(Datum::text(text))
}

/// The parts of `string_to_array(text, separator [, null])`; `None` for a NULL text.
pub(super) fn split(call: &Call<'_>, args: &[Datum]) -> Result<Option<Vec<Datum>>> {
    let (text, separator, null) = match args {
        [text, separator] => (text, separator, None),
        [text, separator, null] => (text, separator, null.as_str()),
        _ => return Err(wrong(call, args)),
    };
    let Some(text) = text.as_str() else { return Ok(None) };
    if text.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let item = |part: &str| if null == Some(part) { Datum::Null } else { Datum::text(part) };
    Ok(Some(match separator.as_str() {
        None => text.chars().map(|c| item(c.encode_utf8(&mut [0; 4]))).collect(),
        Some("") => vec![item(text)],
        Some(separator) => text.split(separator).map(item).collect(),
    }))
}

fn text_array(parts: Option<Vec<Datum>>) -> Datum {
    parts.map_or(Datum::Null, |parts| Datum::Array(Arc::new(ArrayValue::vector(PgType::TEXT, parts))))
}

fn width_bucket(operand: &Datum, thresholds: &ArrayValue) -> Result<i32> {
    if thresholds.dimensions.len() > 1 {
        return Err(Error::new(SqlState::ARRAY_SUBSCRIPT_ERROR, "thresholds must be one-dimensional array"));
    }
    if thresholds.values.iter().any(Datum::is_null) {
        return Err(Error::new(SqlState::NULL_VALUE_NOT_ALLOWED, "thresholds array must not contain NULLs"));
    }
    let (mut left, mut right) = (0, thresholds.values.len());
    while left < right {
        let middle = usize::midpoint(left, right);
        if compare(thresholds.element, operand, &thresholds.values[middle])?.is_lt() {
            right = middle;
        } else {
            left = middle + 1;
        }
    }
    Ok(left as i32)
}

/// `array_agg(anyarray)`: the arrays under one more dimension.
pub(super) fn stack(parts: &[Arc<ArrayValue>]) -> Result<ArrayValue> {
    let error = |what: &str| Error::new(SqlState::ARRAY_SUBSCRIPT_ERROR, what);
    let Some(first) = parts.first() else { return Err(Error::internal("no arrays to stack")) };
    if first.dimensions.is_empty() {
        return Err(error("cannot accumulate empty arrays"));
    }
    check_dimensions(first.dimensions.len() + 1)?;
    if parts.iter().any(|part| part.dimensions != first.dimensions) {
        return Err(error("cannot accumulate arrays of different dimensionality"));
    }
    let mut dimensions = vec![(parts.len() as i32, 1)];
    dimensions.extend(&first.dimensions);
    let values = parts.iter().flat_map(|part| part.values.iter().cloned()).collect();
    Ok(ArrayValue { element: first.element, dimensions, values })
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check;

    #[test]
    fn as_postgresql() {
        check(&[
            ("array_append", "_int4 [2:3]={1,2}, int4 9", "[2:4]={1,2,9}"),
            ("array_append", "_int4 null, int4 9", "{9}"),
            ("array_append", "_int4 {{1}}, int4 9", "22000 argument must be empty or one-dimensional array"),
            ("array_prepend", "int4 0, _int4 [2:3]={1,2}", "[2:4]={0,1,2}"),
            ("array_cat", "_int4 [2:3]={1,2}, _int4 [5:6]={3,4}", "[2:5]={1,2,3,4}"),
            ("array_cat", "_int4 {{1,2}}, _int4 {3}", "2202E cannot concatenate incompatible arrays"),
            ("array_cat", "_int4 {{1,2}}, _int4 {3,4}", "{{1,2},{3,4}}"),
            ("array_remove", "_int4 [2:4]={1,2,3}, int4 2", "[2:3]={1,3}"),
            ("array_remove", "_int4 {1,1}, int4 1", "{}"),
            ("array_replace", "_int4 {{1,2},{2,3}}, int4 2, int4 null", "{{1,NULL},{NULL,3}}"),
            ("array_position", "_int4 [2:4]={5,6,7}, int4 6", "3"),
            ("array_position_start", "_int4 [2:4]={5,6,5}, int4 5, int4 3", "4"),
            ("array_positions", "_int4 [2:4]={5,6,5}, int4 5", "{2,4}"),
            ("array_position", "_text {a,NULL}, text null", "2"),
            ("arraycontains", "_int4 {1,2,3}, _int4 {3,1}", "t"),
            ("arraycontains", "_int4 {1,NULL}, _int4 {NULL}", "f"),
            ("arraycontained", "_int4 {}, _int4 {1}", "t"),
            ("arrayoverlap", "_int4 {1,2}, _int4 {2,5}", "t"),
            ("array_dims", "_int4 [0:1][1:2]={{1,2},{3,4}}", "[0:1][1:2]"),
            ("array_upper", "_int4 [0:1]={1,2}, int4 1", "1"),
            ("array_length", "_int4 {}, int4 1", "NULL"),
            ("trim_array", "_int4 [2:4]={1,2,3}, int4 1", "{1,2}"),
            ("trim_array", "_int4 {1}, int4 2", "2202E number of elements to trim must be between 0 and 1"),
            ("array_fill_with_lower_bounds", "int4 7, _int4 {2,2}, _int4 {0,1}", "[0:1][1:2]={{7,7},{7,7}}"),
            ("array_to_text_null", "_int4 {1,NULL,3}, text ,, text *", "1,*,3"),
            ("text_to_array_null", "text a;b;;c, text ;, text ", "{a,b,NULL,c}"),
            ("text_to_array", "text abc, text null", "{a,b,c}"),
            ("width_bucket_array", "int4 5, _int4 {1,5,9}", "2"),
            ("array_lt", "_int4 {1,2}, _int4 {1,NULL}", "t"),
        ]);
    }
}
