//! Arithmetic and casts among dates, times and intervals.

use super::calendar::{
    self, Civil, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, checked, interval_out_of_range,
    timestamp_out_of_range,
};
use super::zone::{self, Word, Zone};
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Call, Scalar};
use crate::types::{Datum, Interval, PgType};

pub(in crate::kernels::core) const SCALARS: &[(&str, Scalar)] = &[
    ("date_finite", |_, a| Ok(Datum::Bool(!matches!(date(a, 0)?, i32::MIN | i32::MAX)))),
    ("timestamp_finite", |_, a| Ok(Datum::Bool(!is_infinite(timestamp(a, 0)?)))),
    ("interval_finite", |_, _| Ok(Datum::Bool(true))),
    ("date_pli", |_, a| date_plus(date(a, 0)?, i64::from(integer(a, 1)?))),
    ("date_mii", |_, a| date_plus(date(a, 0)?, -i64::from(integer(a, 1)?))),
    ("integer_pl_date(int4,date)", |_, a| date_plus(date(a, 1)?, i64::from(integer(a, 0)?))),
    ("date_mi", date_mi),
    ("date_pl_interval", |_, a| plus(date_to_timestamp(date(a, 0)?)?, interval(a, 1)?, None).map(Datum::Timestamp)),
    ("date_mi_interval", |_, a| {
        plus(date_to_timestamp(date(a, 0)?)?, negated(interval(a, 1)?)?, None).map(Datum::Timestamp)
    }),
    ("interval_pl_date(interval,date)", |_, a| {
        plus(date_to_timestamp(date(a, 1)?)?, interval(a, 0)?, None).map(Datum::Timestamp)
    }),
    ("datetime_timestamp", |_, a| date_time(date(a, 0)?, time(a, 1)?).map(Datum::Timestamp)),
    ("timedate_pl(time,date)", |_, a| date_time(date(a, 1)?, time(a, 0)?).map(Datum::Timestamp)),
    ("timestamptz(date,time)", |c, a| {
        to_instant(&Zone::of(c.env)?, date_time(date(a, 0)?, time(a, 1)?)?).map(Datum::Timestamptz)
    }),
    ("datetimetz_timestamptz", |_, a| date_timetz(date(a, 0)?, timetz(a, 1)?)),
    ("timetzdate_pl(timetz,date)", |_, a| date_timetz(date(a, 1)?, timetz(a, 0)?)),
    ("date_timestamp", |_, a| date_to_timestamp(date(a, 0)?).map(Datum::Timestamp)),
    ("date_timestamptz", |c, a| to_instant(&Zone::of(c.env)?, date_to_timestamp(date(a, 0)?)?).map(Datum::Timestamptz)),
    ("timestamp_date", |_, a| Ok(Datum::Date(day_of(timestamp(a, 0)?)))),
    ("timestamptz_date", |c, a| Ok(Datum::Date(day_of(to_local(&Zone::of(c.env)?, timestamp(a, 0)?)?)))),
    ("timestamp_timestamptz", |c, a| to_instant(&Zone::of(c.env)?, timestamp(a, 0)?).map(Datum::Timestamptz)),
    ("timestamptz_timestamp", |c, a| to_local(&Zone::of(c.env)?, timestamp(a, 0)?).map(Datum::Timestamp)),
    ("timestamp_time", |_, a| {
        let value = timestamp(a, 0)?;
        Ok(if is_infinite(value) { Datum::Null } else { Datum::Time(value.rem_euclid(MICROS_PER_DAY)) })
    }),
    ("timestamptz_time", |c, a| {
        let value = timestamp(a, 0)?;
        Ok(if is_infinite(value) {
            Datum::Null
        } else {
            Datum::Time(to_local(&Zone::of(c.env)?, value)?.rem_euclid(MICROS_PER_DAY))
        })
    }),
    ("timestamptz_timetz", |c, a| {
        let value = timestamp(a, 0)?;
        if is_infinite(value) {
            return Ok(Datum::Null);
        }
        let zone = Zone::of(c.env)?;
        Ok(Datum::Timetz(to_local(&zone, value)?.rem_euclid(MICROS_PER_DAY), -zone.east_at(value)))
    }),
    ("timetz_time", |_, a| Ok(Datum::Time(timetz(a, 0)?.0))),
    ("time_timetz", |c, a| {
        let (zone, value) = (Zone::of(c.env)?, time(a, 0)?);
        // The offset of today at that time.
        let today = Civil::from_micros(to_local(&zone, c.env.transaction_time)?);
        Ok(Datum::Timetz(value, -zone.east_of_local(&today.with_time(value))))
    }),
    ("time_interval", |_, a| Ok(Datum::Interval(Interval { micros: time(a, 0)?, ..Interval::default() }))),
    ("interval_time", |_, a| Ok(Datum::Time(interval(a, 0)?.micros.rem_euclid(MICROS_PER_DAY)))),
    ("time_mi_time", |_, a| Ok(Datum::Interval(Interval { micros: time(a, 0)? - time(a, 1)?, ..Interval::default() }))),
    ("time_pl_interval", |_, a| Ok(Datum::Time(time_plus(time(a, 0)?, interval(a, 1)?.micros)))),
    ("interval_pl_time(interval,time)", |_, a| Ok(Datum::Time(time_plus(time(a, 1)?, interval(a, 0)?.micros)))),
    ("time_mi_interval", |_, a| Ok(Datum::Time(time_minus(time(a, 0)?, interval(a, 1)?.micros)))),
    ("timetz_pl_interval", |_, a| {
        let (time, west) = timetz(a, 0)?;
        Ok(Datum::Timetz(time_plus(time, interval(a, 1)?.micros), west))
    }),
    ("interval_pl_timetz(interval,timetz)", |_, a| {
        let (time, west) = timetz(a, 1)?;
        Ok(Datum::Timetz(time_plus(time, interval(a, 0)?.micros), west))
    }),
    ("timetz_mi_interval", |_, a| {
        let (time, west) = timetz(a, 0)?;
        Ok(Datum::Timetz(time_minus(time, interval(a, 1)?.micros), west))
    }),
    ("timestamp_pl_interval", |_, a| plus(timestamp(a, 0)?, interval(a, 1)?, None).map(Datum::Timestamp)),
    ("interval_pl_timestamp(interval,timestamp)", |_, a| {
        plus(timestamp(a, 1)?, interval(a, 0)?, None).map(Datum::Timestamp)
    }),
    ("timestamp_mi_interval", |_, a| plus(timestamp(a, 0)?, negated(interval(a, 1)?)?, None).map(Datum::Timestamp)),
    ("timestamptz_pl_interval", |c, a| {
        plus(timestamp(a, 0)?, interval(a, 1)?, Some(&Zone::of(c.env)?)).map(Datum::Timestamptz)
    }),
    ("interval_pl_timestamptz(interval,timestamptz)", |c, a| {
        plus(timestamp(a, 1)?, interval(a, 0)?, Some(&Zone::of(c.env)?)).map(Datum::Timestamptz)
    }),
    ("timestamptz_mi_interval", |c, a| {
        plus(timestamp(a, 0)?, negated(interval(a, 1)?)?, Some(&Zone::of(c.env)?)).map(Datum::Timestamptz)
    }),
    ("timestamp_mi", timestamp_mi),
    ("interval_um", |_, a| negated(interval(a, 0)?).map(Datum::Interval)),
    ("interval_pl", |_, a| interval_add(interval(a, 0)?, interval(a, 1)?).map(Datum::Interval)),
    ("interval_mi", |_, a| interval_subtract(interval(a, 0)?, interval(a, 1)?).map(Datum::Interval)),
    ("interval_mul", |_, a| interval_multiply(interval(a, 0)?, float(a, 1)?).map(Datum::Interval)),
    ("mul_d_interval", |_, a| interval_multiply(interval(a, 1)?, float(a, 0)?).map(Datum::Interval)),
    ("interval_div", |_, a| interval_divide(interval(a, 0)?, float(a, 1)?).map(Datum::Interval)),
    ("interval_justify_hours", |_, a| justify_hours(interval(a, 0)?).map(Datum::Interval)),
    ("interval_justify_days", |_, a| justify_days(interval(a, 0)?).map(Datum::Interval)),
    ("interval_justify_interval", |_, a| justify_interval(interval(a, 0)?).map(Datum::Interval)),
    ("timestamptz_zone", |_, a| {
        let value = timestamp(a, 1)?;
        if is_infinite(value) {
            return Ok(Datum::Timestamp(value));
        }
        let east = match zone::named(text(a, 0)?)? {
            Ok(zone) => zone.east_at(value),
            Err(Word::Fixed(east, _)) => east,
            Err(Word::Dynamic(zone, word)) => {
                zone::dynamic_east(&zone, &word, value).unwrap_or_else(|| zone.east_at(value))
            }
        };
        shifted(value, east).map(Datum::Timestamp)
    }),
    ("timestamp_zone", |_, a| {
        let value = timestamp(a, 1)?;
        if is_infinite(value) {
            return Ok(Datum::Timestamptz(value));
        }
        let civil = Civil::from_micros(value);
        let east = match zone::named(text(a, 0)?)? {
            Ok(zone) => zone.east_of_local(&civil),
            Err(Word::Fixed(east, _)) => east,
            Err(Word::Dynamic(zone, word)) => zone::dynamic_east_of_local(&zone, &word, &civil),
        };
        shifted(value, -east).map(Datum::Timestamptz)
    }),
    ("timetz_zone", |c, a| {
        let now = c.env.transaction_time;
        let east = match zone::named(text(a, 0)?)? {
            Ok(zone) => zone.east_at(now),
            Err(Word::Fixed(east, _)) => east,
            Err(Word::Dynamic(zone, word)) => {
                zone::dynamic_east(&zone, &word, now).unwrap_or_else(|| zone.east_at(now))
            }
        };
        Ok(moved(timetz(a, 1)?, -east))
    }),
    ("timestamptz_izone", |c, a| {
        let (east, value) = (interval_zone(c, a)?, timestamp(a, 1)?);
        if is_infinite(value) { Ok(Datum::Timestamp(value)) } else { shifted(value, east).map(Datum::Timestamp) }
    }),
    ("timestamp_izone", |c, a| {
        let (east, value) = (interval_zone(c, a)?, timestamp(a, 1)?);
        if is_infinite(value) { Ok(Datum::Timestamptz(value)) } else { shifted(value, -east).map(Datum::Timestamptz) }
    }),
    ("timetz_izone", |c, a| Ok(moved(timetz(a, 1)?, -interval_zone(c, a)?))),
];

/// An argument; a missing one is a bug of the caller.
pub fn arg(args: &[Datum], index: usize) -> Result<&Datum> {
    args.get(index).ok_or_else(|| Error::internal("missing argument"))
}

macro_rules! arguments {
    ($($name:ident: $($variant:ident)|+ -> $ty:ty;)*) => {
        $(pub fn $name(args: &[Datum], index: usize) -> Result<$ty> {
            match arg(args, index)? {
                $(Datum::$variant(value))|+ => Ok(*value),
                other => Err(Error::internal(format!(concat!(stringify!($name), " expected, not {:?}"), other))),
            }
        })*
    };
}

arguments! {
    boolean: Bool -> bool;
    date: Date -> i32;
    float: Float8 -> f64;
    integer: Int4 -> i32;
    interval: Interval -> Interval;
    time: Time -> i64;
    timestamp: Timestamp | Timestamptz -> i64;
}

pub fn timetz(args: &[Datum], index: usize) -> Result<(i64, i32)> {
    match arg(args, index)? {
        Datum::Timetz(time, west) => Ok((*time, *west)),
        other => Err(Error::internal(format!("timetz expected, not {other:?}"))),
    }
}

pub fn text(args: &[Datum], index: usize) -> Result<&str> {
    arg(args, index)?.as_str().ok_or_else(|| Error::internal("text expected"))
}

/// The casts to a precision: `timestamp(timestamp, int4)`.
pub fn scale(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    super::apply_typmod(call.env, call.returns, integer(args, 1)?, arg(args, 0)?.clone(), true)
}

pub fn is_infinite(value: i64) -> bool {
    matches!(value, i64::MIN | i64::MAX)
}

/// A date as the timestamp of its midnight.
pub fn date_to_timestamp(days: i32) -> Result<i64> {
    match days {
        i32::MIN => Ok(i64::MIN),
        i32::MAX => Ok(i64::MAX),
        days => {
            let value = i64::from(days).checked_mul(MICROS_PER_DAY).filter(|value| *value < calendar::END_TIMESTAMP);
            value.ok_or_else(|| Error::new(SqlState::DATETIME_FIELD_OVERFLOW, "date out of range for timestamp"))
        }
    }
}

fn day_of(value: i64) -> i32 {
    match value {
        i64::MIN => i32::MIN,
        i64::MAX => i32::MAX,
        value => value.div_euclid(MICROS_PER_DAY) as i32,
    }
}

/// A local time as an instant.
pub fn to_instant(zone: &Zone, local: i64) -> Result<i64> {
    if is_infinite(local) {
        return Ok(local);
    }
    shifted(local, -zone.east_of_local(&Civil::from_micros(local)))
}

/// An instant as a local time.
pub fn to_local(zone: &Zone, instant: i64) -> Result<i64> {
    if is_infinite(instant) { Ok(instant) } else { shifted(instant, zone.east_at(instant)) }
}

/// An instant's local parts; near the ends these may lie outside the range of timestamps.
pub fn local_civil(zone: &Zone, instant: i64) -> Civil {
    let local = i128::from(instant) + i128::from(zone.east_at(instant)) * i128::from(MICROS_PER_SECOND);
    let day = i128::from(MICROS_PER_DAY);
    Civil::from_days(local.div_euclid(day) as i64).with_time(local.rem_euclid(day) as i64)
}

fn shifted(value: i64, seconds: i32) -> Result<i64> {
    checked(value.checked_add(i64::from(seconds) * MICROS_PER_SECOND).ok_or_else(timestamp_out_of_range)?)
}

fn moved((time, west): (i64, i32), new_west: i32) -> Datum {
    let value = time + i64::from(west - new_west) * MICROS_PER_SECOND;
    // 24:00 stays unless moved.
    let value = if (0..MICROS_PER_DAY).contains(&value) { value } else { value.rem_euclid(MICROS_PER_DAY) };
    Datum::Timetz(value, new_west)
}

fn interval_zone(call: &Call<'_>, args: &[Datum]) -> Result<i32> {
    let value = interval(args, 0)?;
    if value.months != 0 || value.days != 0 {
        let shown = super::print::interval(call.env.formats.interval_style, value);
        return Err(Error::new(
            SqlState::INVALID_PARAMETER_VALUE,
            format!("interval time zone \"{shown}\" must not include months or days"),
        ));
    }
    i32::try_from(value.micros / MICROS_PER_SECOND).map_err(|_| timestamp_out_of_range())
}

fn date_plus(days: i32, shift: i64) -> Result<Datum> {
    if matches!(days, i32::MIN | i32::MAX) {
        return Ok(Datum::Date(days));
    }
    let value = i64::from(days) + shift;
    if calendar::valid_date(value) { Ok(Datum::Date(value as i32)) } else { Err(calendar::date_out_of_range()) }
}

fn date_mi(_: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let (left, right) = (date(args, 0)?, date(args, 1)?);
    let infinite = |days: i32| matches!(days, i32::MIN | i32::MAX);
    if infinite(left) || infinite(right) {
        return Err(Error::new(SqlState::DATETIME_FIELD_OVERFLOW, "cannot subtract infinite dates"));
    }
    Ok(Datum::Int4(left.wrapping_sub(right)))
}

fn date_time(days: i32, time: i64) -> Result<i64> {
    let value = date_to_timestamp(days)?;
    if is_infinite(value) { Ok(value) } else { checked(value + time) }
}

fn date_timetz(days: i32, (time, west): (i64, i32)) -> Result<Datum> {
    let value = match days {
        i32::MIN => i64::MIN,
        i32::MAX => i64::MAX,
        days => {
            let day = i64::from(days).checked_mul(MICROS_PER_DAY).filter(|day| *day < calendar::END_TIMESTAMP);
            let out = || Error::new(SqlState::DATETIME_FIELD_OVERFLOW, "date out of range for timestamp");
            let value = day.ok_or_else(out)?.checked_add(time + i64::from(west) * MICROS_PER_SECOND).ok_or_else(out)?;
            if !calendar::valid_timestamp(value) {
                return Err(out());
            }
            value
        }
    };
    Ok(Datum::Timestamptz(value))
}

fn time_plus(time: i64, micros: i64) -> i64 {
    (time + micros % MICROS_PER_DAY).rem_euclid(MICROS_PER_DAY)
}

fn time_minus(time: i64, micros: i64) -> i64 {
    (time - micros % MICROS_PER_DAY).rem_euclid(MICROS_PER_DAY)
}

fn timestamp_mi(_: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let (left, right) = (timestamp(args, 0)?, timestamp(args, 1)?);
    if is_infinite(left) || is_infinite(right) {
        return Err(Error::new(SqlState::DATETIME_FIELD_OVERFLOW, "cannot subtract infinite timestamps"));
    }
    let micros = left.checked_sub(right).ok_or_else(interval_out_of_range)?;
    justify_hours(Interval { months: 0, days: 0, micros }).map(Datum::Interval)
}

/// A timestamp (with a zone: an instant) plus an interval: months, then days, then time.
pub fn plus(value: i64, span: Interval, zone: Option<&Zone>) -> Result<i64> {
    if is_infinite(value) {
        return Ok(value);
    }
    let mut value = value;
    let local = |value: i64| match zone {
        Some(zone) => local_civil(zone, value),
        None => Civil::from_micros(value),
    };
    let back = |civil: &Civil| {
        let east = zone.map_or(0, |zone| zone.east_of_local(civil));
        civil.timestamp(east).ok_or_else(timestamp_out_of_range)
    };
    if span.months != 0 {
        let mut civil = local(value);
        let months = i64::from(civil.year) * 12 + i64::from(civil.month) - 1 + i64::from(span.months);
        civil.year = i32::try_from(months.div_euclid(12)).map_err(|_| timestamp_out_of_range())?;
        civil.month = months.rem_euclid(12) as i32 + 1;
        civil.day = civil.day.min(calendar::month_length(civil.year, civil.month));
        value = back(&civil)?;
    }
    if span.days != 0 {
        let civil = local(value);
        let moved = Civil::from_days(civil.days() + i64::from(span.days)).with_time(civil.time());
        value = back(&moved)?;
    }
    checked(value.checked_add(span.micros).ok_or_else(timestamp_out_of_range)?)
}

fn negated(value: Interval) -> Result<Interval> {
    let negated = (value.months.checked_neg(), value.days.checked_neg(), value.micros.checked_neg());
    let (Some(months), Some(days), Some(micros)) = negated else { return Err(interval_out_of_range()) };
    Ok(Interval { months, days, micros })
}

/// `interval_pl`: used by `sum(interval)` and `percentile_cont`.
pub fn interval_add(left: Interval, right: Interval) -> Result<Interval> {
    let months = left.months.checked_add(right.months);
    let days = left.days.checked_add(right.days);
    let micros = left.micros.checked_add(right.micros);
    let (Some(months), Some(days), Some(micros)) = (months, days, micros) else { return Err(interval_out_of_range()) };
    Ok(Interval { months, days, micros })
}

/// `interval_mi`.
pub fn interval_subtract(left: Interval, right: Interval) -> Result<Interval> {
    let months = left.months.checked_sub(right.months);
    let days = left.days.checked_sub(right.days);
    let micros = left.micros.checked_sub(right.micros);
    let (Some(months), Some(days), Some(micros)) = (months, days, micros) else { return Err(interval_out_of_range()) };
    Ok(Interval { months, days, micros })
}

/// `interval_mul`: used by `percentile_cont`.
pub fn interval_multiply(value: Interval, factor: f64) -> Result<Interval> {
    scaled(f64::from(value.months) * factor, f64::from(value.days) * factor, value.micros as f64 * factor)
}

/// `interval_div`: used by `avg(interval)`.
pub fn interval_divide(value: Interval, divisor: f64) -> Result<Interval> {
    if divisor == 0.0 {
        return Err(Error::new(SqlState::DIVISION_BY_ZERO, "division by zero"));
    }
    scaled(f64::from(value.months) / divisor, f64::from(value.days) / divisor, value.micros as f64 / divisor)
}

/// The fractions of months and days cascade down to smaller units.
fn scaled(months: f64, days: f64, micros: f64) -> Result<Interval> {
    let whole = |value: f64| {
        if value.is_nan() || value > f64::from(i32::MAX) || value < f64::from(i32::MIN) {
            Err(interval_out_of_range())
        } else {
            Ok(value as i32)
        }
    };
    let (whole_months, mut whole_days) = (whole(months)?, whole(days)?);
    let round = |value: f64| (value * 1e6).round_ties_even() / 1e6;
    let month_days = round((months - f64::from(whole_months)) * 30.0);
    let mut seconds = round((days - f64::from(whole_days) + month_days - month_days.trunc()) * 86_400.0);
    if seconds.abs() >= 86_400.0 {
        let carried = (seconds / 86_400.0).trunc();
        whole_days = whole_days.checked_add(carried as i32).ok_or_else(interval_out_of_range)?;
        seconds -= carried * 86_400.0;
    }
    whole_days = whole_days.checked_add(month_days as i32).ok_or_else(interval_out_of_range)?;
    let micros = (micros + seconds * 1e6).round_ties_even();
    if micros.is_nan() || !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&micros) {
        return Err(interval_out_of_range());
    }
    Ok(Interval { months: whole_months, days: whole_days, micros: micros as i64 })
}

fn justify_hours(mut value: Interval) -> Result<Interval> {
    let days = (value.micros / MICROS_PER_DAY) as i32;
    value.micros %= MICROS_PER_DAY;
    value.days = value.days.checked_add(days).ok_or_else(interval_out_of_range)?;
    if value.days > 0 && value.micros < 0 {
        value.micros += MICROS_PER_DAY;
        value.days -= 1;
    } else if value.days < 0 && value.micros > 0 {
        value.micros -= MICROS_PER_DAY;
        value.days += 1;
    }
    Ok(value)
}

fn justify_days(mut value: Interval) -> Result<Interval> {
    let months = value.days / 30;
    value.days %= 30;
    value.months = value.months.checked_add(months).ok_or_else(interval_out_of_range)?;
    if value.months > 0 && value.days < 0 {
        value.days += 30;
        value.months -= 1;
    } else if value.months < 0 && value.days > 0 {
        value.days -= 30;
        value.months += 1;
    }
    Ok(value)
}

fn justify_interval(mut value: Interval) -> Result<Interval> {
    let add = |left: i32, right: i32| left.checked_add(right).ok_or_else(interval_out_of_range);
    if value.days > 0 && value.micros > 0 || value.days < 0 && value.micros < 0 {
        value.months = add(value.months, value.days / 30)?;
        value.days %= 30;
    }
    value.days = add(value.days, (value.micros / MICROS_PER_DAY) as i32)?;
    value.micros %= MICROS_PER_DAY;
    value.months = add(value.months, value.days / 30)?;
    value.days %= 30;
    if value.months > 0 && (value.days < 0 || value.days == 0 && value.micros < 0) {
        value.days += 30;
        value.months -= 1;
    } else if value.months < 0 && (value.days > 0 || value.days == 0 && value.micros > 0) {
        value.days -= 30;
        value.months += 1;
    }
    if value.days > 0 && value.micros < 0 {
        value.micros += MICROS_PER_DAY;
        value.days -= 1;
    } else if value.days < 0 && value.micros > 0 {
        value.micros -= MICROS_PER_DAY;
        value.days += 1;
    }
    Ok(value)
}

/// `age`: years, months and days between two local times.
pub fn age(left: i64, right: i64, zone: Option<&Zone>) -> Result<Interval> {
    if is_infinite(left) || is_infinite(right) {
        return Err(timestamp_out_of_range());
    }
    let local = |value: i64| zone.map_or_else(|| Civil::from_micros(value), |zone| local_civil(zone, value));
    let (to, from) = if left < right { (local(right), local(left)) } else { (local(left), local(right)) };
    let mut micros = to.time() - from.time();
    let mut days = to.day - from.day;
    let mut months = i64::from(to.year - from.year) * 12 + i64::from(to.month - from.month);
    if micros < 0 {
        micros += MICROS_PER_DAY;
        days -= 1;
    }
    while days < 0 {
        // A month is as long as the earlier time's.
        days += calendar::month_length(from.year, from.month);
        months -= 1;
    }
    let sign = if left < right { -1 } else { 1 };
    let months = i32::try_from(months * i64::from(sign)).map_err(|_| interval_out_of_range())?;
    Ok(Interval { months, days: days * sign, micros: micros * i64::from(sign) })
}

/// The parts of an interval's time: hours, minutes, seconds, microseconds.
pub fn time_parts(micros: i64) -> (i64, i64, i64, i64) {
    (
        micros / MICROS_PER_HOUR,
        micros / MICROS_PER_MINUTE % 60,
        micros / MICROS_PER_SECOND % 60,
        micros % MICROS_PER_SECOND,
    )
}

/// The name of a type in messages about units.
pub fn type_name(ty: PgType) -> String {
    crate::types::format_type(ty, -1)
}
