//! Aggregates: count, sum, avg, min, max, bool and bit aggregates, array_agg, string_agg.

use std::sync::Arc;

use num_bigint::BigInt;

use super::float;
use super::macros::{out_of_range, wrong};
use super::numeric::{from_int, math};
use crate::error::{Error, Result};
use crate::kernels::compare::compare;
use crate::kernels::core::datetime;
use crate::kernels::{Accumulator, Aggregate, Call};
use crate::types::{ArrayValue, Datum, Interval, Numeric, PgType};

pub(super) const AGGREGATES: &[(&str, Aggregate)] = &[
    ("count()", |_| Ok(Box::new(Count(0)))),
    ("count(any)", |_| Ok(Box::new(Count(0)))),
    ("sum(int2)", |_| Ok(Box::new(SumInt { count: 0, sum: 0 }))),
    ("sum(int4)", |_| Ok(Box::new(SumInt { count: 0, sum: 0 }))),
    ("sum(int8)", |_| Ok(Box::new(NumericSum::new(Want::Sum)))),
    ("sum(numeric)", |_| Ok(Box::new(NumericSum::new(Want::Sum)))),
    ("sum(float4)", |_| Ok(Box::new(SumFloat4(None)))),
    ("sum(float8)", |_| Ok(Box::new(SumFloat8(None)))),
    ("sum(interval)", |_| Ok(Box::new(IntervalSum { want: Want::Sum, count: 0, sum: Interval::default() }))),
    ("avg(int2)", |_| Ok(Box::new(NumericSum::new(Want::Average)))),
    ("avg(int4)", |_| Ok(Box::new(NumericSum::new(Want::Average)))),
    ("avg(int8)", |_| Ok(Box::new(NumericSum::new(Want::Average)))),
    ("avg(numeric)", |_| Ok(Box::new(NumericSum::new(Want::Average)))),
    ("avg(interval)", |_| Ok(Box::new(IntervalSum { want: Want::Average, count: 0, sum: Interval::default() }))),
    ("max(anyarray)", maximum),
    ("max(bpchar)", maximum),
    ("max(date)", maximum),
    ("max(float4)", maximum),
    ("max(float8)", maximum),
    ("max(int2)", maximum),
    ("max(int4)", maximum),
    ("max(int8)", maximum),
    ("max(interval)", maximum),
    ("max(numeric)", maximum),
    ("max(oid)", maximum),
    ("max(text)", maximum),
    ("max(tid)", maximum),
    ("max(time)", maximum),
    ("max(timestamp)", maximum),
    ("max(timestamptz)", maximum),
    ("max(timetz)", maximum),
    ("max(xid8)", maximum),
    ("min(anyarray)", minimum),
    ("min(bpchar)", minimum),
    ("min(date)", minimum),
    ("min(float4)", minimum),
    ("min(float8)", minimum),
    ("min(int2)", minimum),
    ("min(int4)", minimum),
    ("min(int8)", minimum),
    ("min(interval)", minimum),
    ("min(numeric)", minimum),
    ("min(oid)", minimum),
    ("min(text)", minimum),
    ("min(tid)", minimum),
    ("min(time)", minimum),
    ("min(timestamp)", minimum),
    ("min(timestamptz)", minimum),
    ("min(timetz)", minimum),
    ("min(xid8)", minimum),
    ("bool_and(bool)", |_| Ok(Box::new(Fold { name: "bool_and", combine: and, state: None }))),
    ("every(bool)", |_| Ok(Box::new(Fold { name: "every", combine: and, state: None }))),
    ("bool_or(bool)", |_| Ok(Box::new(Fold { name: "bool_or", combine: or, state: None }))),
    ("bit_and(int2)", |_| Ok(Box::new(Fold { name: "bit_and", combine: and, state: None }))),
    ("bit_and(int4)", |_| Ok(Box::new(Fold { name: "bit_and", combine: and, state: None }))),
    ("bit_and(int8)", |_| Ok(Box::new(Fold { name: "bit_and", combine: and, state: None }))),
    ("bit_or(int2)", |_| Ok(Box::new(Fold { name: "bit_or", combine: or, state: None }))),
    ("bit_or(int4)", |_| Ok(Box::new(Fold { name: "bit_or", combine: or, state: None }))),
    ("bit_or(int8)", |_| Ok(Box::new(Fold { name: "bit_or", combine: or, state: None }))),
    ("bit_xor(int2)", |_| Ok(Box::new(Fold { name: "bit_xor", combine: xor, state: None }))),
    ("bit_xor(int4)", |_| Ok(Box::new(Fold { name: "bit_xor", combine: xor, state: None }))),
    ("bit_xor(int8)", |_| Ok(Box::new(Fold { name: "bit_xor", combine: xor, state: None }))),
    ("array_agg(anynonarray)", |_| Ok(Box::new(Collect { values: Vec::new(), bytes: 0 }))),
    ("array_agg(anyarray)", |_| Ok(Box::new(Stack { parts: Vec::new(), bytes: 0 }))),
    ("string_agg(text,text)", |_| Ok(Box::new(JoinText(None)))),
    ("string_agg(bytea,bytea)", |_| Ok(Box::new(JoinBytes(None)))),
];

/// Bytes that a value holds, roughly.
pub(super) fn footprint(value: &Datum) -> usize {
    std::mem::size_of::<Datum>()
        + match value {
            Datum::Text(text) => text.len(),
            Datum::Bytea(bytes) => bytes.len(),
            Datum::Geometry(geometry) => geometry.0.len(),
            Datum::Numeric(Numeric::Finite { unscaled, .. }) => unscaled.bits() as usize / 8,
            Datum::Array(array) => array.values.iter().map(footprint).sum(),
            Datum::Record(fields) => fields.iter().map(footprint).sum(),
            _ => 0,
        }
}

/// What a sum is taken for.
#[derive(Clone, Copy, Debug)]
enum Want {
    Average,
    Sum,
}

/// Rows without a NULL.
#[derive(Debug)]
pub(super) struct Count(pub(super) i64);

impl Accumulator for Count {
    fn update(&mut self, _call: &Call<'_>, args: &[Datum]) -> Result<()> {
        // count(*) has no argument, count(x) one, regr_count(y, x) two.
        if !args.iter().any(Datum::is_null) {
            self.0 += 1;
        }
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        Ok(Datum::Int8(self.0))
    }
}

/// sum of int2 and int4: an int8.
#[derive(Debug)]
struct SumInt {
    count: i64,
    sum: i64,
}

impl Accumulator for SumInt {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        match args {
            [Datum::Null] => Ok(()),
            [value] => {
                let value = value.as_i64().ok_or_else(|| wrong(call, args))?;
                self.sum = self.sum.checked_add(value).ok_or_else(|| out_of_range("bigint"))?;
                self.count += 1;
                Ok(())
            }
            _ => Err(wrong(call, args)),
        }
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        Ok(if self.count == 0 { Datum::Null } else { Datum::Int8(self.sum) })
    }
}

/// Sums and averages that are numeric: integers add up as i128, numerics exactly.
#[derive(Debug)]
struct NumericSum {
    want: Want,
    count: i64,
    integers: i128,
    numerics: Option<Numeric>,
}

impl NumericSum {
    fn new(want: Want) -> NumericSum {
        NumericSum { want, count: 0, integers: 0, numerics: None }
    }
}

impl Accumulator for NumericSum {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        match args {
            [Datum::Null] => return Ok(()),
            [Datum::Numeric(value)] => {
                self.numerics = Some(match &self.numerics {
                    None => value.clone(),
                    Some(sum) => math::add(sum, value)?,
                });
            }
            [value] => self.integers += i128::from(value.as_i64().ok_or_else(|| wrong(call, args))?),
            _ => return Err(wrong(call, args)),
        }
        self.count += 1;
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        if self.count == 0 {
            return Ok(Datum::Null);
        }
        let sum = match &self.numerics {
            Some(sum) => sum.clone(),
            None => from_int(BigInt::from(self.integers)),
        };
        Ok(Datum::Numeric(match self.want {
            Want::Sum => sum,
            Want::Average => math::divide(&sum, &from_int(self.count))?,
        }))
    }
}

/// sum(float4), in float4 steps.
#[derive(Debug)]
struct SumFloat4(Option<f32>);

impl Accumulator for SumFloat4 {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        match args {
            [Datum::Null] => {}
            [Datum::Float4(value)] => {
                self.0 = Some(match self.0 {
                    None => *value,
                    Some(sum) => {
                        let next = sum + value;
                        if next.is_infinite() && !sum.is_infinite() && !value.is_infinite() {
                            return Err(float::overflow());
                        }
                        next
                    }
                });
            }
            _ => return Err(wrong(call, args)),
        }
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        Ok(self.0.map_or(Datum::Null, Datum::Float4))
    }
}

/// sum(float8).
#[derive(Debug)]
struct SumFloat8(Option<f64>);

impl Accumulator for SumFloat8 {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        match args {
            [Datum::Null] => {}
            [Datum::Float8(value)] => {
                self.0 = Some(match self.0 {
                    None => *value,
                    Some(sum) => float::add(sum, *value)?,
                });
            }
            _ => return Err(wrong(call, args)),
        }
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        Ok(self.0.map_or(Datum::Null, Datum::Float8))
    }
}

/// sum and avg of intervals.
#[derive(Debug)]
struct IntervalSum {
    want: Want,
    count: i64,
    sum: Interval,
}

impl Accumulator for IntervalSum {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        match args {
            [Datum::Null] => return Ok(()),
            [Datum::Interval(value)] => self.sum = datetime::interval_add(self.sum, *value)?,
            _ => return Err(wrong(call, args)),
        }
        self.count += 1;
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        if self.count == 0 {
            return Ok(Datum::Null);
        }
        Ok(Datum::Interval(match self.want {
            Want::Sum => self.sum,
            Want::Average => datetime::interval_divide(self.sum, self.count as f64)?,
        }))
    }
}

/// min and max. Of equal values that look different (1.0, 1.00) the later one stays, as in `numeric_larger`; bpchar keeps the first.
#[derive(Debug)]
struct Extreme {
    maximum: bool,
    state: Option<Datum>,
}

fn maximum(_direct: &[Datum]) -> Result<Box<dyn Accumulator>> {
    Ok(Box::new(Extreme { maximum: true, state: None }))
}

fn minimum(_direct: &[Datum]) -> Result<Box<dyn Accumulator>> {
    Ok(Box::new(Extreme { maximum: false, state: None }))
}

impl Accumulator for Extreme {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        let [value] = args else { return Err(wrong(call, args)) };
        if value.is_null() {
            return Ok(());
        }
        if let Some(state) = &self.state {
            let ty = call.args.first().copied().unwrap_or(call.returns);
            let order = compare(ty, state, value)?;
            let keep = if self.maximum { order.is_gt() } else { order.is_lt() };
            if keep || (order.is_eq() && ty == PgType::BPCHAR) {
                return Ok(());
            }
        }
        self.state = Some(value.clone());
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        Ok(self.state.clone().unwrap_or(Datum::Null))
    }

    fn size(&self) -> usize {
        std::mem::size_of_val(self) + self.state.as_ref().map_or(0, footprint)
    }
}

/// Aggregates that fold two values of a type into one.
struct Fold {
    name: &'static str,
    combine: fn(&Datum, &Datum) -> Option<Datum>,
    state: Option<Datum>,
}

impl std::fmt::Debug for Fold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?}", self.name, self.state)
    }
}

impl Accumulator for Fold {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        let [value] = args else { return Err(wrong(call, args)) };
        if !value.is_null() {
            self.state = Some(match &self.state {
                None => value.clone(),
                Some(state) => (self.combine)(state, value).ok_or_else(|| wrong(call, args))?,
            });
        }
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        Ok(self.state.clone().unwrap_or(Datum::Null))
    }
}

fn and(left: &Datum, right: &Datum) -> Option<Datum> {
    Some(match (left, right) {
        (Datum::Bool(a), Datum::Bool(b)) => Datum::Bool(*a && *b),
        (Datum::Int2(a), Datum::Int2(b)) => Datum::Int2(a & b),
        (Datum::Int4(a), Datum::Int4(b)) => Datum::Int4(a & b),
        (Datum::Int8(a), Datum::Int8(b)) => Datum::Int8(a & b),
        _ => return None,
    })
}

fn or(left: &Datum, right: &Datum) -> Option<Datum> {
    Some(match (left, right) {
        (Datum::Bool(a), Datum::Bool(b)) => Datum::Bool(*a || *b),
        (Datum::Int2(a), Datum::Int2(b)) => Datum::Int2(a | b),
        (Datum::Int4(a), Datum::Int4(b)) => Datum::Int4(a | b),
        (Datum::Int8(a), Datum::Int8(b)) => Datum::Int8(a | b),
        _ => return None,
    })
}

fn xor(left: &Datum, right: &Datum) -> Option<Datum> {
    Some(match (left, right) {
        (Datum::Int2(a), Datum::Int2(b)) => Datum::Int2(a ^ b),
        (Datum::Int4(a), Datum::Int4(b)) => Datum::Int4(a ^ b),
        (Datum::Int8(a), Datum::Int8(b)) => Datum::Int8(a ^ b),
        _ => return None,
    })
}

/// array_agg of elements, NULLs included.
#[derive(Debug)]
struct Collect {
    values: Vec<Datum>,
    bytes: usize,
}

impl Accumulator for Collect {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        let [value] = args else { return Err(wrong(call, args)) };
        self.bytes += footprint(value);
        self.values.push(value.clone());
        Ok(())
    }

    fn finish(&self, call: &Call<'_>) -> Result<Datum> {
        if self.values.is_empty() {
            return Ok(Datum::Null);
        }
        let element = call.returns.element().ok_or_else(|| Error::internal("array_agg without an array type"))?;
        Ok(Datum::Array(Arc::new(ArrayValue::vector(element, self.values.clone()))))
    }

    fn size(&self) -> usize {
        std::mem::size_of_val(self) + self.bytes
    }
}

/// array_agg of arrays: one more dimension.
#[derive(Debug)]
struct Stack {
    parts: Vec<Arc<ArrayValue>>,
    bytes: usize,
}

impl Accumulator for Stack {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        match args {
            [Datum::Array(part)] => {
                self.bytes += footprint(&args[0]);
                // The error belongs to the row that brings it.
                let first = self.parts.first().unwrap_or(part).clone();
                super::array::stack(&[first, part.clone()])?;
                self.parts.push(part.clone());
                Ok(())
            }
            [Datum::Null] => {
                Err(Error::new(crate::error::SqlState::NULL_VALUE_NOT_ALLOWED, "cannot accumulate null arrays"))
            }
            _ => Err(wrong(call, args)),
        }
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        if self.parts.is_empty() {
            return Ok(Datum::Null);
        }
        Ok(Datum::Array(Arc::new(super::array::stack(&self.parts)?)))
    }

    fn size(&self) -> usize {
        std::mem::size_of_val(self) + self.bytes
    }
}

/// string_agg of text: each value after the first is preceded by its own delimiter.
#[derive(Debug)]
struct JoinText(Option<String>);

impl Accumulator for JoinText {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        match args {
            [Datum::Null, _] => {}
            [Datum::Text(value), delimiter] => match &mut self.0 {
                None => self.0 = Some(value.to_string()),
                Some(joined) => {
                    joined.push_str(delimiter.as_str().unwrap_or(""));
                    joined.push_str(value);
                }
            },
            _ => return Err(wrong(call, args)),
        }
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        Ok(self.0.as_ref().map_or(Datum::Null, Datum::text))
    }

    fn size(&self) -> usize {
        std::mem::size_of_val(self) + self.0.as_ref().map_or(0, String::capacity)
    }
}

/// string_agg of bytea.
#[derive(Debug)]
struct JoinBytes(Option<Vec<u8>>);

impl Accumulator for JoinBytes {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        match args {
            [Datum::Null, _] => {}
            [Datum::Bytea(value), delimiter] => match &mut self.0 {
                None => self.0 = Some(value.to_vec()),
                Some(joined) => {
                    if let Datum::Bytea(delimiter) = delimiter {
                        joined.extend_from_slice(delimiter);
                    }
                    joined.extend_from_slice(value);
                }
            },
            _ => return Err(wrong(call, args)),
        }
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        Ok(self.0.as_ref().map_or(Datum::Null, Datum::bytea))
    }

    fn size(&self) -> usize {
        std::mem::size_of_val(self) + self.0.as_ref().map_or(0, Vec::capacity)
    }
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check_aggregate;

    #[test]
    fn as_postgresql() {
        check_aggregate(&[
            ("count(any)", "int4", &["1", "null", "3"], "2"),
            ("sum(int4)", "int4", &["2147483647", "1", "null"], "2147483648"),
            ("sum(int4)", "int4", &[], "NULL"),
            ("sum(int8)", "int8", &["9223372036854775807", "1"], "9223372036854775808"),
            ("avg(int4)", "int4", &["1", "2", "4"], "2.3333333333333333"),
            ("avg(numeric)", "numeric", &["1.5", "2.25"], "1.8750000000000000"),
            ("sum(numeric)", "numeric", &["1.5", "2.25"], "3.75"),
            ("sum(numeric)", "numeric", &["Infinity", "-Infinity"], "NaN"),
            ("sum(float8)", "float8", &["1e308", "1e308"], "22003 value out of range: overflow"),
            ("sum(float4)", "float4", &["0.1", "0.7"], "0.8"),
            ("max(numeric)", "numeric", &["1.0", "1.00"], "1.00"),
            ("max(float8)", "float8", &["1", "NaN", "Infinity"], "NaN"),
            ("min(text)", "text", &["b", "B", "a"], "B"),
            ("max(anyarray)", "_int4", &["{1,2}", "{2}", "null"], "{2}"),
            ("bool_and(bool)", "bool", &["t", "null", "f"], "f"),
            ("bool_or(bool)", "bool", &["null"], "NULL"),
            ("bit_xor(int4)", "int4", &["5", "3"], "6"),
            ("array_agg(anynonarray)", "int4", &["1", "null"], "{1,NULL}"),
            ("array_agg(anyarray)", "_int4", &["[0:0]={1}", "[0:0]={2}"], "[1:2][0:0]={{1},{2}}"),
            (
                "array_agg(anyarray)",
                "_int4",
                &["{1}", "{1,2}"],
                "2202E cannot accumulate arrays of different dimensionality",
            ),
            ("string_agg(text,text)", "text,text", &["a|,", "b|null", "null|+", "c|-"], "ab-c"),
        ]);
    }
}
