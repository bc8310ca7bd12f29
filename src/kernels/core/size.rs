//! `pg_size_pretty` and `pg_size_bytes`: sizes as people write them.

use super::macros::{Row, wrong};
use super::numeric::{compare, from_int, math, parse, print, to_i64};
use crate::error::{Error, Result, SqlState};
use crate::types::{Datum, Numeric};

/// Name, the size below which it is used (in half units but for bytes), power of two.
const UNITS: [(&str, i64, u32); 6] = [
    ("bytes", 10 * 1024, 0),
    ("kB", 20 * 1024 - 1, 10),
    ("MB", 20 * 1024 - 1, 20),
    ("GB", 20 * 1024 - 1, 30),
    ("TB", 20 * 1024 - 1, 40),
    ("PB", 20 * 1024 - 1, 50),
];

pub(super) const SCALARS: &[Row] = &[
    ("pg_size_pretty", |call, args| match args {
        [Datum::Int8(size)] => pretty(from_int(*size)).map(Datum::text),
        _ => Err(wrong(call, args)),
    }),
    ("pg_size_pretty_numeric", |call, args| match args {
        [Datum::Numeric(size)] => pretty(size.clone()).map(Datum::text),
        _ => Err(wrong(call, args)),
    }),
    ("pg_size_bytes", |call, args| match args {
        [Datum::Text(text)] => bytes(text).map(Datum::Int8),
        _ => Err(wrong(call, args)),
    }),
];

fn pretty(mut size: Numeric) -> Result<String> {
    for (at, (name, limit, _)) in UNITS.iter().enumerate() {
        let last = at + 1 == UNITS.len();
        if last || compare(&math::abs(&size), &from_int(*limit)).is_lt() {
            if at > 0 {
                // Half units are rounded away from zero.
                let half = if compare(&size, &from_int(0)).is_lt() { from_int(-1) } else { from_int(1) };
                size = math::divide_truncated(&math::add(&size, &half)?, &from_int(2))?;
            }
            return Ok(format!("{} {name}", print(&size)));
        }
        // The first step keeps one bit for the rounding.
        let divisor = if at == 0 { 512 } else { 1024 };
        size = math::divide_truncated(&size, &from_int(divisor))?;
    }
    Err(Error::internal("no unit for a size"))
}

fn bytes(text: &str) -> Result<i64> {
    let invalid = || Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("invalid size: \"{text}\""));
    let trimmed = text.trim_matches(super::is_space);
    let digits = |from: usize| trimmed[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = usize::from(trimmed.starts_with(['+', '-']));
    let start = end;
    end += digits(end);
    let mut count = end - start;
    if trimmed[end..].starts_with('.') {
        let fraction = digits(end + 1);
        count += fraction;
        end += 1 + fraction;
    }
    if count == 0 {
        return Err(invalid());
    }
    if trimmed[end..].starts_with(['e', 'E']) {
        let sign = usize::from(trimmed[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    let number = parse(&trimmed[..end])?;
    let unit = trimmed[end..].trim_start_matches(super::is_space);
    let power = match unit {
        "" => 0,
        unit => {
            let known = UNITS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(unit));
            known.map(|(_, _, power)| *power).or(unit.eq_ignore_ascii_case("b").then_some(0)).ok_or_else(|| {
                invalid()
                    .detail(format!("Invalid size unit: \"{unit}\"."))
                    .hint("Valid units are \"bytes\", \"kB\", \"MB\", \"GB\", \"TB\", and \"PB\".")
            })?
        }
    };
    let size = math::multiply(&number, &from_int(1_i64 << power))?;
    to_i64(&size, "bigint")?.ok_or_else(|| super::macros::out_of_range("bigint"))
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check;

    #[test]
    fn as_postgresql() {
        check(&[
            ("pg_size_pretty", "int8 10239", "10239 bytes"),
            ("pg_size_pretty", "int8 10240", "10 kB"),
            ("pg_size_pretty", "int8 10485247", "10239 kB"),
            ("pg_size_pretty", "int8 10485248", "10 MB"),
            ("pg_size_pretty", "int8 -10240", "-10 kB"),
            ("pg_size_pretty", "int8 9223372036854775807", "8192 PB"),
            ("pg_size_pretty_numeric", "numeric 10239.9", "10239.9 bytes"),
            ("pg_size_pretty_numeric", "numeric 1e30", "888178419700125 PB"),
            ("pg_size_pretty_numeric", "numeric -10485760.7", "-10 MB"),
            ("pg_size_bytes", "text  1.5 GB ", "1610612736"),
            ("pg_size_bytes", "text -3e2b", "-300"),
            ("pg_size_bytes", "text 1 EB", "22023 invalid size: \"1 EB\""),
        ]);
    }
}
