//! Statistical aggregates: variance and stddev (exact over numerics and integers, Youngs-Cramer over floats), regression, and the
//! ordered-set aggregates.

use std::sync::Arc;

use num_bigint::{BigInt, Sign};

use super::aggregate::{Count, footprint};
use super::float::overflow;
use super::macros::wrong;
use super::numeric::repr::{finite, shift};
use super::numeric::{from_int, math};
use crate::error::{Error, Result, SqlState};
use crate::kernels::compare::compare;
use crate::kernels::core::{datetime, float_text};
use crate::kernels::{Accumulator, Aggregate, Call};
use crate::types::{ArrayValue, Datum, Numeric};

/// Which spread is wanted.
#[derive(Clone, Copy, Debug)]
enum Spread {
    StddevPop,
    StddevSamp,
    VarPop,
    VarSamp,
}

impl Spread {
    fn is_sample(self) -> bool {
        matches!(self, Spread::StddevSamp | Spread::VarSamp)
    }

    fn is_root(self) -> bool {
        matches!(self, Spread::StddevPop | Spread::StddevSamp)
    }
}

macro_rules! spreads {
    ($table:ident, $ty:literal, $state:ident) => {
        pub(super) const $table: &[(&str, Aggregate)] = &[
            (concat!("variance(", $ty, ")"), |_| Ok(Box::new($state::new(Spread::VarSamp)))),
            (concat!("var_samp(", $ty, ")"), |_| Ok(Box::new($state::new(Spread::VarSamp)))),
            (concat!("var_pop(", $ty, ")"), |_| Ok(Box::new($state::new(Spread::VarPop)))),
            (concat!("stddev(", $ty, ")"), |_| Ok(Box::new($state::new(Spread::StddevSamp)))),
            (concat!("stddev_samp(", $ty, ")"), |_| Ok(Box::new($state::new(Spread::StddevSamp)))),
            (concat!("stddev_pop(", $ty, ")"), |_| Ok(Box::new($state::new(Spread::StddevPop)))),
        ];
    };
}

spreads!(INT2, "int2", NumericSpread);
spreads!(INT4, "int4", NumericSpread);
spreads!(INT8, "int8", NumericSpread);
spreads!(NUMERIC, "numeric", NumericSpread);
spreads!(FLOAT4, "float4", FloatSpread);
spreads!(FLOAT8, "float8", FloatSpread);

pub(super) const AGGREGATES: &[(&str, Aggregate)] = &[
    ("avg(float4)", |_| Ok(Box::new(FloatAverage(FloatSpread::new(Spread::VarPop))))),
    ("avg(float8)", |_| Ok(Box::new(FloatAverage(FloatSpread::new(Spread::VarPop))))),
    ("regr_count(float8,float8)", |_| Ok(Box::new(Count(0)))),
    ("regr_sxx(float8,float8)", |_| regression(|r| r.some(r.sxx))),
    ("regr_syy(float8,float8)", |_| regression(|r| r.some(r.syy))),
    ("regr_sxy(float8,float8)", |_| regression(|r| r.some(r.sxy))),
    ("regr_avgx(float8,float8)", |_| regression(|r| r.some(r.sx / r.n))),
    ("regr_avgy(float8,float8)", |_| regression(|r| r.some(r.sy / r.n))),
    ("covar_pop(float8,float8)", |_| regression(|r| r.some(r.sxy / r.n))),
    ("covar_samp(float8,float8)", |_| regression(|r| (r.n >= 2.0).then(|| Datum::Float8(r.sxy / (r.n - 1.0))))),
    ("corr(float8,float8)", |_| {
        regression(|r| if r.sxx == 0.0 || r.syy == 0.0 { None } else { r.some(r.sxy / (r.sxx * r.syy).sqrt()) })
    }),
    ("regr_r2(float8,float8)", |_| {
        regression(|r| {
            if r.sxx == 0.0 {
                None
            } else if r.syy == 0.0 {
                r.some(1.0)
            } else {
                r.some((r.sxy * r.sxy) / (r.sxx * r.syy))
            }
        })
    }),
    ("regr_slope(float8,float8)", |_| regression(|r| if r.sxx == 0.0 { None } else { r.some(r.sxy / r.sxx) })),
    ("regr_intercept(float8,float8)", |_| {
        regression(|r| if r.sxx == 0.0 { None } else { r.some((r.sy - r.sx * r.sxy / r.sxx) / r.n) })
    }),
    ("percentile_cont(float8,float8)", |direct| ordered(direct, Pick::Continuous)),
    ("percentile_cont(float8,interval)", |direct| ordered(direct, Pick::Continuous)),
    ("percentile_cont(_float8,float8)", |direct| ordered(direct, Pick::Continuous)),
    ("percentile_cont(_float8,interval)", |direct| ordered(direct, Pick::Continuous)),
    ("percentile_disc(float8,anyelement)", |direct| ordered(direct, Pick::Discrete)),
    ("percentile_disc(_float8,anyelement)", |direct| ordered(direct, Pick::Discrete)),
    ("mode(anyelement)", |direct| ordered(direct, Pick::Mode)),
];

/// N, sum of X and of X squared, exact.
#[derive(Debug)]
struct NumericSpread {
    want: Spread,
    count: i64,
    sum: Exact,
    squares: Exact,
    /// NaN or an infinity was among the values.
    special: bool,
}

/// A decimal number of any size: the sums go beyond what a numeric can hold.
#[derive(Clone, Debug, Default)]
struct Exact(BigInt, i64);

impl Exact {
    fn add(&mut self, unscaled: BigInt, scale: i64) {
        let common = self.1.max(scale);
        let sum = std::mem::take(&mut self.0);
        self.0 = shift(sum, common - self.1) + shift(unscaled, common - scale);
        self.1 = common;
    }
}

impl NumericSpread {
    fn new(want: Spread) -> NumericSpread {
        NumericSpread { want, count: 0, sum: Exact::default(), squares: Exact::default(), special: false }
    }
}

impl Accumulator for NumericSpread {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        let integer;
        let value = match args {
            [Datum::Null] => return Ok(()),
            [Datum::Numeric(value)] => value,
            [value] => {
                integer = from_int(value.as_i64().ok_or_else(|| wrong(call, args))?);
                &integer
            }
            _ => return Err(wrong(call, args)),
        };
        self.count += 1;
        match value {
            Numeric::Finite { unscaled, scale } => {
                self.sum.add(unscaled.clone(), i64::from(*scale));
                self.squares.add(unscaled * unscaled, 2 * i64::from(*scale));
            }
            Numeric::NaN | Numeric::Infinity | Numeric::NegativeInfinity => self.special = true,
        }
        Ok(())
    }

    /// `numeric_stddev_internal`.
    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        let least = if self.want.is_sample() { 2 } else { 1 };
        if self.count < least {
            return Ok(Datum::Null);
        }
        if self.special {
            return Ok(Datum::Numeric(Numeric::NaN));
        }
        let (Exact(sum, scale), n) = (&self.sum, BigInt::from(self.count));
        let mut spread = self.squares.clone();
        spread.0 *= &n;
        spread.add(-(sum * sum), 2 * scale);
        let Exact(spread, scale) = spread;
        if spread.sign() != Sign::Plus {
            return Ok(Datum::Numeric(from_int(0)));
        }
        let divisor = n * if self.want.is_sample() { self.count - 1 } else { self.count };
        let digits = math::division_scale((&spread, scale), (&divisor, 0));
        let variance = math::quotient(&spread, scale, &divisor, 0, digits);
        let result = if self.want.is_root() { math::sqrt_at(&variance, digits, digits) } else { variance };
        finite(result, digits).map(Datum::Numeric)
    }
}

/// Youngs-Cramer state (`float8_accum`).
#[derive(Debug)]
struct FloatSpread {
    want: Spread,
    n: f64,
    sum: f64,
    squares: f64,
}

impl FloatSpread {
    fn new(want: Spread) -> FloatSpread {
        FloatSpread { want, n: 0.0, sum: 0.0, squares: 0.0 }
    }
}

impl Accumulator for FloatSpread {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        let value = match args {
            [Datum::Null] => return Ok(()),
            [value] => value.as_f64().ok_or_else(|| wrong(call, args))?,
            _ => return Err(wrong(call, args)),
        };
        let (before, sum_before) = (self.n, self.sum);
        self.n += 1.0;
        self.sum += value;
        if before > 0.0 {
            let distance = value * self.n - self.sum;
            self.squares += distance * distance / (self.n * before);
            if self.sum.is_infinite() || self.squares.is_infinite() {
                if !sum_before.is_infinite() && !value.is_infinite() {
                    return Err(overflow());
                }
                self.squares = f64::NAN;
            }
        } else if value.is_nan() || value.is_infinite() {
            self.squares = f64::NAN;
        }
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        let divisor = if self.want.is_sample() { self.n - 1.0 } else { self.n };
        if divisor <= 0.0 {
            return Ok(Datum::Null);
        }
        let variance = self.squares / divisor;
        Ok(Datum::Float8(if self.want.is_root() { variance.sqrt() } else { variance }))
    }
}

/// avg of floats, with the same state.
#[derive(Debug)]
struct FloatAverage(FloatSpread);

impl Accumulator for FloatAverage {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        self.0.update(call, args)
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        Ok(if self.0.n == 0.0 { Datum::Null } else { Datum::Float8(self.0.sum / self.0.n) })
    }
}

/// `float8_regr_accum`'s state over (Y, X).
#[derive(Debug)]
struct Regression {
    n: f64,
    sx: f64,
    sxx: f64,
    sy: f64,
    syy: f64,
    sxy: f64,
    result: fn(&Regression) -> Option<Datum>,
}

fn regression(result: fn(&Regression) -> Option<Datum>) -> Result<Box<dyn Accumulator>> {
    Ok(Box::new(Regression { n: 0.0, sx: 0.0, sxx: 0.0, sy: 0.0, syy: 0.0, sxy: 0.0, result }))
}

impl Regression {
    fn some(&self, value: f64) -> Option<Datum> {
        (self.n >= 1.0).then_some(Datum::Float8(value))
    }
}

impl Accumulator for Regression {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        let (y, x) = match args {
            [Datum::Null, _] | [_, Datum::Null] => return Ok(()),
            [Datum::Float8(y), Datum::Float8(x)] => (*y, *x),
            _ => return Err(wrong(call, args)),
        };
        let (before, sx_before, sy_before) = (self.n, self.sx, self.sy);
        self.n += 1.0;
        self.sx += x;
        self.sy += y;
        if before > 0.0 {
            let (dx, dy) = (x * self.n - self.sx, y * self.n - self.sy);
            let scale = 1.0 / (self.n * before);
            self.sxx += dx * dx * scale;
            self.syy += dy * dy * scale;
            self.sxy += dx * dy * scale;
            let x_finite = !sx_before.is_infinite() && !x.is_infinite();
            let y_finite = !sy_before.is_infinite() && !y.is_infinite();
            if ((self.sx.is_infinite() || self.sxx.is_infinite()) && x_finite)
                || ((self.sy.is_infinite() || self.syy.is_infinite()) && y_finite)
                || (self.sxy.is_infinite() && x_finite && y_finite)
            {
                return Err(overflow());
            }
            for square in [&mut self.sxx, &mut self.syy, &mut self.sxy] {
                if square.is_infinite() {
                    *square = f64::NAN;
                }
            }
        } else {
            if !x.is_finite() {
                (self.sxx, self.sxy) = (f64::NAN, f64::NAN);
            }
            if !y.is_finite() {
                (self.syy, self.sxy) = (f64::NAN, f64::NAN);
            }
        }
        Ok(())
    }

    fn finish(&self, _call: &Call<'_>) -> Result<Datum> {
        Ok((self.result)(self).unwrap_or(Datum::Null))
    }
}

/// Which value of the sorted input an ordered-set aggregate answers.
#[derive(Clone, Copy, Debug)]
enum Pick {
    Continuous,
    Discrete,
    Mode,
}

/// The sorted non-NULL input.
#[derive(Debug)]
struct Ordered {
    pick: Pick,
    direct: Datum,
    values: Vec<Datum>,
    bytes: usize,
}

fn ordered(direct: &[Datum], pick: Pick) -> Result<Box<dyn Accumulator>> {
    let direct = direct.first().cloned().unwrap_or(Datum::Null);
    Ok(Box::new(Ordered { pick, direct, values: Vec::new(), bytes: 0 }))
}

impl Accumulator for Ordered {
    fn update(&mut self, call: &Call<'_>, args: &[Datum]) -> Result<()> {
        let Some(value) = args.last() else { return Err(wrong(call, args)) };
        if !value.is_null() {
            self.bytes += footprint(value);
            self.values.push(value.clone());
        }
        Ok(())
    }

    fn finish(&self, call: &Call<'_>) -> Result<Datum> {
        if matches!(self.pick, Pick::Mode) {
            return self.mode(call);
        }
        match &self.direct {
            Datum::Null => Ok(Datum::Null),
            Datum::Float8(percentile) => {
                check_percentile(*percentile)?;
                self.at(*percentile)
            }
            Datum::Array(percentiles) => {
                if self.values.is_empty() {
                    return Ok(Datum::Null);
                }
                let values = percentiles
                    .values
                    .iter()
                    .map(|percentile| match percentile {
                        Datum::Float8(percentile) => {
                            check_percentile(*percentile)?;
                            self.at(*percentile)
                        }
                        _ => Ok(Datum::Null),
                    })
                    .collect::<Result<Vec<_>>>()?;
                let element =
                    call.returns.element().ok_or_else(|| Error::internal("percentiles without an array type"))?;
                Ok(Datum::Array(Arc::new(ArrayValue { element, dimensions: percentiles.dimensions.clone(), values })))
            }
            other => Err(wrong(call, std::slice::from_ref(other))),
        }
    }

    fn size(&self) -> usize {
        std::mem::size_of_val(self) + self.bytes
    }
}

fn check_percentile(percentile: f64) -> Result<()> {
    if (0.0..=1.0).contains(&percentile) {
        return Ok(());
    }
    let shown = float_text::general(percentile, 6);
    Err(Error::new(
        SqlState::NUMERIC_VALUE_OUT_OF_RANGE,
        format!("percentile value {} is not between 0 and 1", if percentile.is_nan() { "nan" } else { &shown }),
    ))
}

impl Ordered {
    fn at(&self, percentile: f64) -> Result<Datum> {
        let Some(last) = self.values.len().checked_sub(1) else { return Ok(Datum::Null) };
        if matches!(self.pick, Pick::Discrete) {
            let row = (percentile * self.values.len() as f64).ceil() as usize;
            return Ok(self.values[row.saturating_sub(1).min(last)].clone());
        }
        let position = percentile * last as f64;
        let (first, second) = (position.floor() as usize, position.ceil() as usize);
        let (low, high) = (&self.values[first.min(last)], &self.values[second.min(last)]);
        if first == second {
            return Ok(low.clone());
        }
        let part = position - first as f64;
        match (low, high) {
            (Datum::Float8(low), Datum::Float8(high)) => Ok(Datum::Float8(low + part * (high - low))),
            (Datum::Interval(low), Datum::Interval(high)) => {
                let distance = datetime::interval_subtract(*high, *low)?;
                let share = datetime::interval_multiply(distance, part)?;
                datetime::interval_add(share, *low).map(Datum::Interval)
            }
            _ => Err(Error::internal("percentile_cont over a type without a middle")),
        }
    }

    /// The most frequent value, the first of equally frequent ones.
    fn mode(&self, call: &Call<'_>) -> Result<Datum> {
        let ty = call.args.last().copied().unwrap_or(call.returns);
        let (mut best, mut best_count) = (None, 0);
        let (mut start, mut at) = (0, 0);
        while at < self.values.len() {
            at += 1;
            let ends = at == self.values.len() || compare(ty, &self.values[start], &self.values[at])?.is_ne();
            if ends {
                if at - start > best_count {
                    (best, best_count) = (Some(&self.values[start]), at - start);
                }
                start = at;
            }
        }
        Ok(best.cloned().unwrap_or(Datum::Null))
    }
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check_aggregate;

    #[test]
    fn as_postgresql() {
        let xy: &[&str] = &["1|2", "2|3.5", "4|7", "null|1"];
        check_aggregate(&[
            ("stddev(int4)", "int4", &["1", "2", "4"], "1.5275252316519467"),
            ("variance(int4)", "int4", &["1", "2", "4"], "2.3333333333333333"),
            ("stddev(numeric)", "numeric", &["1.5", "2.25"], "0.53033008588991064330"),
            ("variance(numeric)", "numeric", &["1.5", "2.25"], "0.28125000000000000000"),
            ("stddev_pop(numeric)", "numeric", &["1.5", "2.25"], "0.37500000000000000000"),
            ("var_pop(numeric)", "numeric", &["1"], "0"),
            ("var_samp(numeric)", "numeric", &["1"], "NULL"),
            ("var_pop(numeric)", "numeric", &["Infinity", "1"], "NaN"),
            ("stddev(float4)", "float4", &["0.1", "0.7"], "0.4242640592288876"),
            ("variance(float4)", "float4", &["0.1", "0.7"], "0.17999999195337305"),
            ("avg(float4)", "float4", &["0.1", "0.7"], "0.3999999947845936"),
            ("var_pop(float8)", "float8", &["1"], "0"),
            ("corr(float8,float8)", "float8,float8", xy, "0.9993216505720214"),
            ("covar_samp(float8,float8)", "float8,float8", xy, "3.9166666666666665"),
            ("regr_avgx(float8,float8)", "float8,float8", xy, "4.166666666666667"),
            ("regr_count(float8,float8)", "float8,float8", xy, "3"),
            ("regr_intercept(float8,float8)", "float8,float8", xy, "-0.14556962025316444"),
            ("regr_r2(float8,float8)", "float8,float8", xy, "0.9986437613019892"),
            ("regr_slope(float8,float8)", "float8,float8", xy, "0.5949367088607594"),
            ("regr_sxx(float8,float8)", "float8,float8", xy, "13.166666666666666"),
            ("regr_sxy(float8,float8)", "float8,float8", xy, "7.833333333333333"),
        ]);
    }

    #[test]
    fn ordered_sets() {
        let values: &[&str] = &["1", "2", "4", "4", "null"];
        check_aggregate(&[
            ("percentile_cont(float8,float8)", "0.5 float8", values, "3"),
            ("percentile_disc(float8,anyelement)", "0.5 float8", values, "2"),
            (
                "percentile_cont(float8,float8)",
                "1.5 float8",
                values,
                "22003 percentile value 1.5 is not between 0 and 1",
            ),
            ("percentile_cont(_float8,float8)", "{{0,1},{0.25,NULL}} float8", values, "{{1,4},{1.75,NULL}}"),
            ("percentile_disc(_float8,anyelement)", "{0.1,NULL,0.25} float8", values, "{1,NULL,1}"),
            ("mode(anyelement)", " float8", values, "4"),
        ]);
    }
}
