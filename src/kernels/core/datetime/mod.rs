//! Dates, times, timestamps and intervals: input, output, arithmetic.

mod abbreviations;
pub mod calendar;
pub mod compare;
pub mod make;
pub mod ops;
mod parse;
mod parse_interval;
pub mod parts;
pub mod print;
mod scan;
pub mod words;
pub mod zone;

use self::calendar::{MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE};
use self::parse::{Moment, Setting};
use self::parse_interval::range;
use self::scan::told;
use self::zone::Zone;
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Aggregate, Env, Scalar, SetReturning};
use crate::types::{Datum, Interval, PgType};

pub use self::ops::{interval_add, interval_divide, interval_multiply, interval_subtract};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("time_scale", ops::scale),
    ("timetz_scale", ops::scale),
    ("timestamp_scale", ops::scale),
    ("timestamptz_scale", ops::scale),
    ("interval_scale", ops::scale),
];
pub(super) const SET_RETURNING: &[(&str, SetReturning)] =
    &[("generate_series_timestamp", make::series), ("generate_series_timestamptz", make::series)];
pub(super) const AGGREGATES: &[(&str, Aggregate)] = &[];

/// Text input of date, time, timetz, timestamp, timestamptz, interval, with the typmod applied.
pub fn input(env: &Env, ty: PgType, typmod: i32, text: &str) -> Result<Datum> {
    let name = crate::types::format_type(ty, -1);
    let name = name.as_str();
    if ty == PgType::INTERVAL {
        let fields = if typmod >= 0 { typmod >> 16 & range::FULL } else { range::FULL };
        let read = told(parse_interval::interval(env.formats.interval_style, fields, text), text, name)?;
        let value = Datum::Interval(read.ok_or_else(calendar::interval_out_of_range)?);
        return apply_typmod(env, ty, typmod, value, false);
    }
    let zone = Zone::of(env)?;
    let setting = Setting { order: env.formats.date_style.order, zone: &zone, now: env.transaction_time };
    let value = match ty {
        PgType::TIME => Datum::Time(told(parse::time(&setting, text), text, name_of(ty))?.0),
        PgType::TIMETZ => {
            let (time, east) = told(parse::time(&setting, text), text, name_of(ty))?;
            Datum::Timetz(time, -east)
        }
        PgType::DATE => date_of(told(parse::moment(&setting, text), text, name_of(ty))?, text)?,
        PgType::TIMESTAMP => {
            Datum::Timestamp(timestamp_of(told(parse::moment(&setting, text), text, name_of(ty))?, false, text)?)
        }
        PgType::TIMESTAMPTZ => {
            Datum::Timestamptz(timestamp_of(told(parse::moment(&setting, text), text, name_of(ty))?, true, text)?)
        }
        _ => return Err(Error::internal(format!("{name} is no date or time type"))),
    };
    apply_typmod(env, ty, typmod, value, false)
}

/// The name in the input functions' messages.
fn name_of(ty: PgType) -> &'static str {
    match ty {
        PgType::TIME => "time",
        PgType::TIMETZ => "time with time zone",
        PgType::TIMESTAMP => "timestamp",
        PgType::TIMESTAMPTZ => "timestamp with time zone",
        _ => "date",
    }
}

fn date_of(moment: Moment, text: &str) -> Result<Datum> {
    let days = match moment {
        Moment::Epoch => -10_957,
        Moment::Infinity => i32::MAX,
        Moment::MinusInfinity => i32::MIN,
        Moment::Local(civil, _) => {
            let days = civil.days();
            if !calendar::valid_julian(civil.year, civil.month) || !calendar::valid_date(days) {
                return Err(Error::new(SqlState::DATETIME_FIELD_OVERFLOW, format!("date out of range: \"{text}\"")));
            }
            days as i32
        }
    };
    Ok(Datum::Date(days))
}

fn timestamp_of(moment: Moment, zoned: bool, text: &str) -> Result<i64> {
    match moment {
        Moment::Epoch => Ok(-calendar::UNIX_EPOCH_SECONDS * calendar::MICROS_PER_SECOND),
        Moment::Infinity => Ok(i64::MAX),
        Moment::MinusInfinity => Ok(i64::MIN),
        Moment::Local(civil, east) => civil.timestamp(if zoned { east } else { 0 }).ok_or_else(|| {
            Error::new(SqlState::DATETIME_FIELD_OVERFLOW, format!("timestamp out of range: \"{text}\""))
        }),
    }
}

/// Text output of the same types.
pub fn output(env: &Env, ty: PgType, value: &Datum) -> Result<String> {
    let style = env.formats.date_style;
    Ok(match value {
        Datum::Date(days) => print::date(style, *days),
        Datum::Time(micros) => print::time(*micros),
        Datum::Timetz(micros, west) => print::timetz(*micros, *west),
        Datum::Timestamp(value) => print::timestamp(style, *value, None),
        Datum::Timestamptz(value) => print::timestamp(style, *value, Some(&Zone::of(env)?)),
        Datum::Interval(value) => print::interval(env.formats.interval_style, *value),
        _ => return Err(Error::internal(format!("not a value of {}", ty.name()))),
    })
}

/// Binary output.
pub fn send(_env: &Env, ty: PgType, value: &Datum) -> Result<Vec<u8>> {
    Ok(match value {
        Datum::Date(days) => days.to_be_bytes().to_vec(),
        Datum::Time(value) | Datum::Timestamp(value) | Datum::Timestamptz(value) => value.to_be_bytes().to_vec(),
        Datum::Timetz(micros, west) => [&micros.to_be_bytes()[..], &west.to_be_bytes()].concat(),
        Datum::Interval(value) => {
            [&value.micros.to_be_bytes()[..], &value.days.to_be_bytes(), &value.months.to_be_bytes()].concat()
        }
        _ => return Err(Error::internal(format!("not a value of {}", ty.name()))),
    })
}

/// Binary input, with the typmod applied.
pub fn receive(env: &Env, ty: PgType, typmod: i32, bytes: &[u8]) -> Result<Datum> {
    let malformed = || Error::new(SqlState::INVALID_BINARY_REPRESENTATION, "incorrect binary data format");
    let overflow = |what: &str| Error::new(SqlState::DATETIME_FIELD_OVERFLOW, format!("{what} out of range"));
    let int = |from: usize| -> Result<i32> {
        let part = bytes.get(from..from + 4).and_then(|part| part.try_into().ok()).ok_or_else(malformed)?;
        Ok(i32::from_be_bytes(part))
    };
    let long = || -> Result<i64> {
        let part = bytes.get(..8).and_then(|part| part.try_into().ok()).ok_or_else(malformed)?;
        Ok(i64::from_be_bytes(part))
    };
    let length = match ty {
        PgType::DATE => 4,
        PgType::TIMETZ => 12,
        PgType::INTERVAL => 16,
        _ => 8,
    };
    if bytes.len() != length {
        return Err(malformed());
    }
    let time = |value: i64| if (0..=MICROS_PER_DAY).contains(&value) { Ok(value) } else { Err(overflow("time")) };
    let instant = |value: i64| {
        if matches!(value, i64::MIN | i64::MAX) || calendar::valid_timestamp(value) {
            Ok(value)
        } else {
            Err(calendar::timestamp_out_of_range())
        }
    };
    let value = match ty {
        PgType::DATE => {
            let days = int(0)?;
            if !matches!(days, i32::MIN | i32::MAX) && !calendar::valid_date(i64::from(days)) {
                return Err(calendar::date_out_of_range());
            }
            Datum::Date(days)
        }
        PgType::TIME => Datum::Time(time(long()?)?),
        PgType::TIMETZ => {
            let west = int(8)?;
            if west <= -16 * 3600 || west >= 16 * 3600 {
                return Err(Error::new(SqlState(*b"22009"), "time zone displacement out of range"));
            }
            Datum::Timetz(time(long()?)?, west)
        }
        PgType::TIMESTAMP => Datum::Timestamp(instant(long()?)?),
        PgType::TIMESTAMPTZ => Datum::Timestamptz(instant(long()?)?),
        PgType::INTERVAL => Datum::Interval(Interval { micros: long()?, days: int(8)?, months: int(12)? }),
        _ => return Err(Error::internal(format!("{} is no date or time type", ty.name()))),
    };
    apply_typmod(env, ty, typmod, value, false)
}

/// The length coercion of a cast (`timestamp(p)`, `interval day to second(p)`); -1 changes nothing.
pub fn apply_typmod(_env: &Env, ty: PgType, typmod: i32, value: Datum, _explicit: bool) -> Result<Datum> {
    if typmod < 0 {
        return Ok(value);
    }
    let precision = |value: i64| {
        if matches!(value, i64::MIN | i64::MAX) { value } else { rounded(value, typmod) }
    };
    Ok(match value {
        Datum::Time(value) => Datum::Time(precision(value)),
        Datum::Timetz(value, west) => Datum::Timetz(precision(value), west),
        Datum::Timestamp(value) => Datum::Timestamp(precision(value)),
        Datum::Timestamptz(value) => Datum::Timestamptz(precision(value)),
        Datum::Interval(value) => Datum::Interval(fitted(value, typmod)),
        Datum::Null | Datum::Date(_) => value,
        _ => return Err(Error::internal(format!("not a value of {}", ty.name()))),
    })
}

/// Rounded half away from zero to that many decimals of a second.
fn rounded(value: i64, decimals: i32) -> i64 {
    if !(0..6).contains(&decimals) {
        return value;
    }
    let scale = 10_i64.pow((6 - decimals) as u32);
    let offset = scale / 2;
    if value >= 0 {
        value.saturating_add(offset) / scale * scale
    } else {
        -(value.saturating_neg().saturating_add(offset) / scale * scale)
    }
}

fn fitted(mut value: Interval, typmod: i32) -> Interval {
    let (fields, precision) = (typmod >> 16 & range::FULL, typmod & 0xffff);
    if fields != range::FULL {
        if fields & range::SECOND != 0 {
            // The precision below.
        } else if fields & range::MINUTE != 0 {
            value.micros = value.micros / MICROS_PER_MINUTE * MICROS_PER_MINUTE;
        } else if fields & range::HOUR != 0 {
            value.micros = value.micros / MICROS_PER_HOUR * MICROS_PER_HOUR;
        } else if fields & range::DAY != 0 {
            value.micros = 0;
        } else {
            value.days = 0;
            value.micros = 0;
            if fields == range::YEAR {
                value.months = value.months / 12 * 12;
            }
        }
    }
    value.micros = rounded(value.micros, precision);
    value
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check;

    #[test]
    fn as_postgresql() {
        check(&[
            ("timestamp_pl_interval", "timestamp 2001-01-31, interval 1 mon", "2001-02-28 00:00:00"),
            ("timestamptz_zone", "text PST, timestamptz 2001-02-03 04:05:06+00", "2001-02-02 20:05:06"),
            ("extract_timestamp", "text epoch, timestamp 2001-02-03 04:05:06", "981173106.000000"),
            ("timestamp_trunc", "text week, timestamp 2001-02-03 04:05:06", "2001-01-29 00:00:00"),
            ("timestamp_age", "timestamp 2001-03-01, timestamp 2000-02-29", "1 year 1 day"),
            ("make_date", "int4 2001, int4 13, int4 1", "22008 date field value out of range: 2001-13-01"),
            ("interval_mul", "interval 1 mon, float8 1.5", "1 mon 15 days"),
        ]);
    }
}
