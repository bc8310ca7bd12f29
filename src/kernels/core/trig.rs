//! Trigonometry over float8, in radians and in degrees (exact at multiples of 30 and 45 degrees, as PostgreSQL makes it).

use super::float::{overflow, underflow};
use super::macros::{Row, binary, unary};
use crate::error::{Error, Result, SqlState};

const RADIANS_PER_DEGREE: f64 = 0.017_453_292_519_943_295;

fn bad_input() -> Error {
    Error::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, "input is out of range")
}

/// Infinity has no sine.
fn finite(a: f64) -> Result<f64> {
    if a.is_infinite() { Err(bad_input()) } else { Ok(a) }
}

/// Arguments of the inverse functions lie within -1 .. 1 (NaN passes).
fn unit(a: f64) -> Result<f64> {
    if a.abs() > 1.0 { Err(bad_input()) } else { Ok(a) }
}

pub(super) const SCALARS: &[Row] = &[
    ("dsin", unary!(Float8 => Float8: |a| finite(a)?.sin())),
    ("dcos", unary!(Float8 => Float8: |a| finite(a)?.cos())),
    ("dtan", unary!(Float8 => Float8: |a| finite(a)?.tan())),
    ("dcot", unary!(Float8 => Float8: |a| 1.0 / finite(a)?.tan())),
    ("dasin", unary!(Float8 => Float8: |a| unit(a)?.asin())),
    ("dacos", unary!(Float8 => Float8: |a| unit(a)?.acos())),
    ("datan", unary!(Float8 => Float8: |a| a.atan())),
    ("datan2", binary!(Float8, Float8 => Float8: |a, b| a.atan2(b))),
    ("dsinh", unary!(Float8 => Float8: |a| a.sinh())),
    (
        "dcosh",
        unary!(Float8 => Float8: |a| {
            let result = a.cosh();
            if result == 0.0 {
                return Err(underflow());
            }
            result
        }),
    ),
    ("dtanh", unary!(Float8 => Float8: |a| a.tanh())),
    ("dasinh", unary!(Float8 => Float8: |a| asinh(a))),
    (
        "dacosh",
        unary!(Float8 => Float8: |a| {
            if a < 1.0 {
                return Err(bad_input());
            }
            acosh(a)
        }),
    ),
    ("datanh", unary!(Float8 => Float8: |a| atanh(unit(a)?))),
    (
        "degrees",
        unary!(Float8 => Float8: |a| {
            let result = a / RADIANS_PER_DEGREE;
            if result.is_infinite() && !a.is_infinite() {
                return Err(overflow());
            }
            result
        }),
    ),
    (
        "radians",
        unary!(Float8 => Float8: |a| {
            let result = a * RADIANS_PER_DEGREE;
            if result == 0.0 && a != 0.0 {
                return Err(underflow());
            }
            result
        }),
    ),
    ("dsind", unary!(Float8 => Float8: |a| sind(a)?)),
    ("dcosd", unary!(Float8 => Float8: |a| cosd(a)?)),
    ("dtand", unary!(Float8 => Float8: |a| ratio(a, |a| sind_q1(a) / cosd_q1(a))?)),
    ("dcotd", unary!(Float8 => Float8: |a| ratio(a, |a| cosd_q1(a) / sind_q1(a))?)),
    (
        "dasind",
        unary!(Float8 => Float8: |a| {
            unit(a)?;
            if a.is_nan() {
                a
            } else if a >= 0.0 {
                asind_q1(a)
            } else {
                -asind_q1(-a)
            }
        }),
    ),
    (
        "dacosd",
        unary!(Float8 => Float8: |a| {
            unit(a)?;
            if a.is_nan() {
                a
            } else if a >= 0.0 {
                acosd_q1(a)
            } else {
                90.0 + asind_q1(-a)
            }
        }),
    ),
    ("datand", unary!(Float8 => Float8: |a| (a.atan() / 1_f64.atan()) * 45.0)),
    ("datan2d", binary!(Float8, Float8 => Float8: |a, b| (a.atan2(b) / 1_f64.atan()) * 45.0)),
];

// The inverse hyperbolic functions in the steps of C's library, which PostgreSQL calls; Rust's take others (and overflow).

const LARGE: f64 = 268_435_456.0;

fn asinh(a: f64) -> f64 {
    let x = a.abs();
    if !(x > 1.0 / LARGE && x.is_finite()) {
        return a;
    }
    let result = if x > LARGE {
        x.ln() + std::f64::consts::LN_2
    } else if x > 2.0 {
        (2.0 * x + 1.0 / ((x * x + 1.0).sqrt() + x)).ln()
    } else {
        let square = x * x;
        (x + square / (1.0 + (1.0 + square).sqrt())).ln_1p()
    };
    result.copysign(a)
}

fn acosh(a: f64) -> f64 {
    if a >= LARGE {
        a.ln() + std::f64::consts::LN_2
    } else if a > 2.0 {
        (2.0 * a - 1.0 / (a + (a * a - 1.0).sqrt())).ln()
    } else {
        let t = a - 1.0;
        (t + (2.0 * t + t * t).sqrt()).ln_1p()
    }
}

fn atanh(a: f64) -> f64 {
    let x = a.abs();
    if x < 1.0 / LARGE {
        return a;
    }
    let result = if x < 0.5 {
        let twice = x + x;
        0.5 * (twice + twice * x / (1.0 - x)).ln_1p()
    } else {
        0.5 * ((x + x) / (1.0 - x)).ln_1p()
    };
    result.copysign(a)
}

// The functions of the first quadrant are scaled by their own value at an exact angle, so that they are exact there.

fn sind_0_to_30(a: f64) -> f64 {
    ((a * RADIANS_PER_DEGREE).sin() / (30.0 * RADIANS_PER_DEGREE).sin()) / 2.0
}

fn cosd_0_to_60(a: f64) -> f64 {
    let one_minus_cos = 1.0 - (a * RADIANS_PER_DEGREE).cos();
    1.0 - (one_minus_cos / (1.0 - (60.0 * RADIANS_PER_DEGREE).cos())) / 2.0
}

fn sind_q1(a: f64) -> f64 {
    if a <= 30.0 { sind_0_to_30(a) } else { cosd_0_to_60(90.0 - a) }
}

fn cosd_q1(a: f64) -> f64 {
    if a <= 60.0 { cosd_0_to_60(a) } else { sind_0_to_30(90.0 - a) }
}

fn asind_q1(a: f64) -> f64 {
    if a <= 0.5 { (a.asin() / 0.5_f64.asin()) * 30.0 } else { 90.0 - (a.acos() / 0.5_f64.acos()) * 60.0 }
}

fn acosd_q1(a: f64) -> f64 {
    if a <= 0.5 { 90.0 - (a.asin() / 0.5_f64.asin()) * 30.0 } else { (a.acos() / 0.5_f64.acos()) * 60.0 }
}

fn sind(a: f64) -> Result<f64> {
    if a.is_nan() {
        return Ok(a);
    }
    let (mut a, mut sign) = (finite(a)? % 360.0, 1.0);
    if a < 0.0 {
        (a, sign) = (-a, -sign);
    }
    if a > 180.0 {
        (a, sign) = (360.0 - a, -sign);
    }
    if a > 90.0 {
        a = 180.0 - a;
    }
    Ok(sign * sind_q1(a))
}

fn cosd(a: f64) -> Result<f64> {
    if a.is_nan() {
        return Ok(a);
    }
    let (mut a, mut sign) = ((finite(a)? % 360.0).abs(), 1.0);
    if a > 180.0 {
        a = 360.0 - a;
    }
    if a > 90.0 {
        (a, sign) = (180.0 - a, -sign);
    }
    Ok(sign * cosd_q1(a))
}

/// Tangent and cotangent: `f` of the first quadrant, scaled to 1 at 45 degrees.
fn ratio(a: f64, f: fn(f64) -> f64) -> Result<f64> {
    if a.is_nan() {
        return Ok(a);
    }
    let (mut a, mut sign) = (finite(a)? % 360.0, 1.0);
    if a < 0.0 {
        (a, sign) = (-a, -sign);
    }
    if a > 180.0 {
        (a, sign) = (360.0 - a, -sign);
    }
    if a > 90.0 {
        (a, sign) = (180.0 - a, -sign);
    }
    let result = sign * (f(a) / f(45.0));
    // No negative zero.
    Ok(if result == 0.0 { 0.0 } else { result })
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check;

    #[test]
    fn degrees_are_exact() {
        check(&[
            ("dsind", "float8 30", "0.5"),
            ("dsind", "float8 -150", "-0.5"),
            ("dcosd", "float8 60", "0.5"),
            ("dcosd", "float8 270", "0"),
            ("dtand", "float8 45", "1"),
            ("dtand", "float8 180", "0"),
            ("dcotd", "float8 135", "-1"),
            ("dasind", "float8 0.5", "30"),
            ("dacosd", "float8 -0.5", "120"),
            ("datand", "float8 1", "45"),
            ("dsin", "float8 Infinity", "22003 input is out of range"),
            ("dasin", "float8 2", "22003 input is out of range"),
            ("degrees", "float8 3.141592653589793", "180"),
        ]);
    }
}
