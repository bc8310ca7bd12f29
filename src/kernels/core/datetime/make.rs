//! Constructors, clocks, `age`, OVERLAPS and `generate_series` over times.

use std::cmp::Ordering;

use super::calendar::{
    self, Civil, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND, UNIX_EPOCH_SECONDS,
    interval_out_of_range, timestamp_out_of_range, valid_timestamp,
};
use super::compare::span;
use super::ops::{self, is_infinite};
use super::scan::{self, Fault};
use super::zone::{self, Word, Zone};
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Call, Rows, Scalar};
use crate::types::{Datum, Interval};

pub(in crate::kernels::core) const SCALARS: &[(&str, Scalar)] = &[
    ("make_date", |_, a| Ok(Datum::Date(make_date(ops::integer(a, 0)?, ops::integer(a, 1)?, ops::integer(a, 2)?)?))),
    ("make_time", |_, a| Ok(Datum::Time(make_time(ops::integer(a, 0)?, ops::integer(a, 1)?, ops::float(a, 2)?)?))),
    ("make_timestamp", |_, a| make_timestamp(a).map(Datum::Timestamp)),
    ("make_timestamptz", |c, a| ops::to_instant(&Zone::of(c.env)?, make_timestamp(a)?).map(Datum::Timestamptz)),
    ("make_timestamptz_at_timezone", |_, a| {
        let local = make_timestamp(a)?;
        let east = sane_zone(ops::text(a, 6)?, &Civil::from_micros(local))?;
        calendar::checked(local - i64::from(east) * MICROS_PER_SECOND).map(Datum::Timestamptz)
    }),
    ("make_interval", |_, a| make_interval(a).map(Datum::Interval)),
    ("now", |c, _| Ok(Datum::Timestamptz(c.env.transaction_time))),
    ("statement_timestamp", |c, _| Ok(Datum::Timestamptz(c.env.statement_time))),
    ("clock_timestamp", |_, _| Ok(Datum::Timestamptz(clock()))),
    ("timeofday", |c, _| timeofday(c)),
    ("float8_timestamptz", |_, a| from_epoch(ops::float(a, 0)?).map(Datum::Timestamptz)),
    ("timestamp_age", |_, a| ops::age(ops::timestamp(a, 0)?, ops::timestamp(a, 1)?, None).map(Datum::Interval)),
    ("timestamptz_age", |c, a| {
        let zone = Zone::of(c.env)?;
        ops::age(ops::timestamp(a, 0)?, ops::timestamp(a, 1)?, Some(&zone)).map(Datum::Interval)
    }),
    ("age(timestamp)", |c, a| ops::age(today(c)?, ops::timestamp(a, 0)?, None).map(Datum::Interval)),
    ("age(timestamptz)", |c, a| {
        let local = ops::to_local(&Zone::of(c.env)?, ops::timestamp(a, 0)?)?;
        ops::age(today(c)?, local, None).map(Datum::Interval)
    }),
    ("overlaps_time", overlaps),
    ("overlaps_timetz", overlaps),
    ("overlaps_timestamp", overlaps),
    ("overlaps(time,interval,time,interval)", overlaps_spans),
    ("overlaps(time,interval,time,time)", overlaps_spans),
    ("overlaps(time,time,time,interval)", overlaps_spans),
    ("overlaps(timestamp,interval,timestamp,interval)", overlaps_spans),
    ("overlaps(timestamp,interval,timestamp,timestamp)", overlaps_spans),
    ("overlaps(timestamp,timestamp,timestamp,interval)", overlaps_spans),
    ("overlaps(timestamptz,interval,timestamptz,interval)", overlaps_spans),
    ("overlaps(timestamptz,interval,timestamptz,timestamptz)", overlaps_spans),
    ("overlaps(timestamptz,timestamptz,timestamptz,interval)", overlaps_spans),
];

/// The local midnight that started the transaction's day.
fn today(call: &Call<'_>) -> Result<i64> {
    let local = ops::to_local(&Zone::of(call.env)?, call.env.transaction_time)?;
    Ok(local.div_euclid(MICROS_PER_DAY) * MICROS_PER_DAY)
}

/// The wall clock: VOLATILE, so never folded.
fn clock() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX) - UNIX_EPOCH_SECONDS * MICROS_PER_SECOND
}

fn timeofday(call: &Call<'_>) -> Result<Datum> {
    let (zone, now) = (Zone::of(call.env)?, clock());
    let at = zone.at(now);
    let civil = Civil::from_micros(now + i64::from(at.east) * MICROS_PER_SECOND);
    Ok(Datum::text(format!(
        "{} {} {:02} {:02}:{:02}:{:02}.{:06} {} {}",
        &super::print::WEEKDAYS[civil.weekday() as usize][..3],
        super::print::MONTHS[(civil.month - 1) as usize],
        civil.day,
        civil.hour,
        civil.minute,
        civil.second,
        civil.micros,
        civil.year,
        at.abbreviation
    )))
}

fn make_date(year: i32, month: i32, day: i32) -> Result<i32> {
    let out = |what: &str| {
        Error::new(SqlState::DATETIME_FIELD_OVERFLOW, format!("{what} out of range: {year}-{month:02}-{day:02}"))
    };
    // Negative years are BC; there is no year zero.
    let astronomical = match year {
        0 => return Err(out("date field value")),
        year if year < 0 => year.checked_neg().map(|year| 1 - year).ok_or_else(|| out("date field value"))?,
        year => year,
    };
    if !(1..=12).contains(&month) || day < 1 || day > calendar::month_length(astronomical, month) {
        return Err(out("date field value"));
    }
    let days = calendar::days(astronomical, month, day);
    if !calendar::valid_julian(astronomical, month) || !calendar::valid_date(days) {
        return Err(out("date"));
    }
    Ok(days as i32)
}

fn make_time(hour: i32, minute: i32, second: f64) -> Result<i64> {
    let fits = (0..=24).contains(&hour) && (0..60).contains(&minute) && (0.0..=60.0).contains(&second);
    let rounded = if fits { (second * 1e6).round_ties_even() as i64 } else { 0 };
    let time = i64::from(hour) * MICROS_PER_HOUR + i64::from(minute) * MICROS_PER_MINUTE + rounded;
    if !fits || time > MICROS_PER_DAY {
        return Err(Error::new(
            SqlState::DATETIME_FIELD_OVERFLOW,
            format!("time field value out of range: {hour}:{minute:02}:{}", padded(second)),
        ));
    }
    Ok(time)
}

/// `%02g`
fn padded(value: f64) -> String {
    let text = general(value);
    if text.len() < 2 { format!("0{text}") } else { text }
}

/// C's `%g`: six significant digits, no trailing zeros.
pub fn general(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "nan".into()
        } else if value > 0.0 {
            "inf".into()
        } else {
            "-inf".into()
        };
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
    };
    if (-4..6).contains(&exponent) {
        trim(&format!("{value:.*}", (5 - exponent) as usize))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trim(mantissa), exponent.abs())
    }
}

fn make_timestamp(args: &[Datum]) -> Result<i64> {
    let (year, month, day) = (ops::integer(args, 0)?, ops::integer(args, 1)?, ops::integer(args, 2)?);
    let (hour, minute, second) = (ops::integer(args, 3)?, ops::integer(args, 4)?, ops::float(args, 5)?);
    let days = make_date(year, month, day)?;
    let time = make_time(hour, minute, second)?;
    i64::from(days)
        .checked_mul(MICROS_PER_DAY)
        .and_then(|value| value.checked_add(time))
        .filter(|value| valid_timestamp(*value))
        .ok_or_else(|| {
            Error::new(
                SqlState::DATETIME_FIELD_OVERFLOW,
                format!("timestamp out of range: {year}-{month:02}-{day:02} {hour}:{minute:02}:{}", padded(second)),
            )
        })
}

/// The zone argument of `make_timestamptz`: a numeric offset, an abbreviation or a name.
fn sane_zone(text: &str, local: &Civil) -> Result<i32> {
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Error::new(
            SqlState::INVALID_PARAMETER_VALUE,
            format!("invalid input syntax for type numeric time zone: \"{text}\""),
        )
        .hint("Numeric time zones must have \"-\" or \"+\" as first character."));
    }
    match scan::displacement(text) {
        Ok(east) => Ok(east),
        Err(Fault::Displacement) => {
            Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("numeric time zone \"{text}\" out of range")))
        }
        Err(_) => Ok(match zone::named(text)? {
            Ok(zone) => zone.east_of_local(local),
            Err(Word::Fixed(east, _)) => east,
            Err(Word::Dynamic(zone, word)) => zone::dynamic_east_of_local(&zone, &word, local),
        }),
    }
}

fn make_interval(args: &[Datum]) -> Result<Interval> {
    let part = |index: usize| ops::integer(args, index);
    let seconds = ops::float(args, 6)?;
    if !seconds.is_finite() {
        return Err(interval_out_of_range());
    }
    let micros = (seconds * 1e6).round_ties_even();
    if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&micros) {
        return Err(interval_out_of_range());
    }
    // PostgreSQL 15 does not check these sums.
    Ok(Interval {
        months: part(0)?.wrapping_mul(12).wrapping_add(part(1)?),
        days: part(2)?.wrapping_mul(7).wrapping_add(part(3)?),
        micros: (i64::from(part(4)?) * MICROS_PER_HOUR + i64::from(part(5)?) * MICROS_PER_MINUTE)
            .wrapping_add(micros as i64),
    })
}

/// `to_timestamp(float8)`: seconds since 1970.
fn from_epoch(seconds: f64) -> Result<i64> {
    let out =
        |shown: String| Error::new(SqlState::DATETIME_FIELD_OVERFLOW, format!("timestamp out of range: \"{shown}\""));
    if seconds.is_nan() {
        return Err(Error::new(SqlState::DATETIME_FIELD_OVERFLOW, "timestamp cannot be NaN"));
    }
    if seconds.is_infinite() {
        return Ok(if seconds > 0.0 { i64::MAX } else { i64::MIN });
    }
    let low = (calendar::MIN_TIMESTAMP / MICROS_PER_SECOND + UNIX_EPOCH_SECONDS) as f64;
    let high = (calendar::END_TIMESTAMP / MICROS_PER_SECOND + UNIX_EPOCH_SECONDS) as f64;
    if !(low..high).contains(&seconds) {
        return Err(out(general(seconds)));
    }
    let value = ((seconds - UNIX_EPOCH_SECONDS as f64) * 1e6).round_ties_even() as i64;
    if valid_timestamp(value) { Ok(value) } else { Err(out(general(seconds))) }
}

/// `(a, b) OVERLAPS (c, d)`: not strict.
fn overlaps(_: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let [start1, end1, start2, end2] = args else { return Err(Error::internal("OVERLAPS takes four arguments")) };
    let order = |left: &Datum, right: &Datum| -> Result<Ordering> {
        Ok(match (left, right) {
            (Datum::Time(left), Datum::Time(right)) => left.cmp(right),
            (Datum::Timetz(left, west_left), Datum::Timetz(right, west_right)) => {
                let utc = |time: &i64, west: &i32| time + i64::from(*west) * MICROS_PER_SECOND;
                utc(left, west_left).cmp(&utc(right, west_right)).then(west_left.cmp(west_right))
            }
            (Datum::Timestamp(left), Datum::Timestamp(right))
            | (Datum::Timestamptz(left), Datum::Timestamptz(right)) => left.cmp(right),
            _ => return Err(Error::internal("OVERLAPS over different types")),
        })
    };
    // Each period in order; of a half-known one the known end comes first. Both unknown: unknown.
    let period = |start: &Datum, end: &Datum| -> Result<Option<(Datum, Datum)>> {
        Ok(match (start.is_null(), end.is_null()) {
            (true, true) => None,
            (true, false) => Some((end.clone(), Datum::Null)),
            (false, true) => Some((start.clone(), Datum::Null)),
            (false, false) if order(start, end)?.is_gt() => Some((end.clone(), start.clone())),
            (false, false) => Some((start.clone(), end.clone())),
        })
    };
    let (Some((start1, end1)), Some((start2, end2))) = (period(start1, end1)?, period(start2, end2)?) else {
        return Ok(Datum::Null);
    };
    let known = |first_start: &Datum, second_start: &Datum, second_end: &Datum, first_end: &Datum| -> Result<Datum> {
        // The first starts later: it must start before the second ends.
        if second_end.is_null() {
            return Ok(Datum::Null);
        }
        if order(first_start, second_end)?.is_lt() {
            return Ok(Datum::Bool(true));
        }
        let _ = second_start;
        Ok(if first_end.is_null() { Datum::Null } else { Datum::Bool(false) })
    };
    Ok(match order(&start1, &start2)? {
        Ordering::Greater => known(&start1, &start2, &end2, &end1)?,
        Ordering::Less => known(&start2, &start1, &end1, &end2)?,
        Ordering::Equal if end1.is_null() || end2.is_null() => Datum::Null,
        Ordering::Equal => Datum::Bool(true),
    })
}

/// OVERLAPS with lengths instead of ends.
fn overlaps_spans(call: &Call<'_>, args: &[Datum]) -> Result<Datum> {
    let mut ends = args.to_vec();
    for index in [1, 3] {
        if let (Some(Datum::Interval(length)), Some(start)) = (args.get(index), args.get(index - 1)) {
            ends[index] = match start {
                Datum::Time(time) => Datum::Time((time + length.micros % MICROS_PER_DAY).rem_euclid(MICROS_PER_DAY)),
                Datum::Timestamp(value) => Datum::Timestamp(ops::plus(*value, *length, None)?),
                Datum::Timestamptz(value) => {
                    Datum::Timestamptz(ops::plus(*value, *length, Some(&Zone::of(call.env)?))?)
                }
                _ => Datum::Null,
            };
        }
    }
    overlaps(call, &ends)
}

/// `generate_series` over timestamps, one value at a time.
pub fn series(call: &Call<'_>, args: &[Datum]) -> Result<Rows> {
    let (first, last, step) = (ops::timestamp(args, 0)?, ops::timestamp(args, 1)?, ops::interval(args, 2)?);
    let zoned = matches!(args[0], Datum::Timestamptz(_));
    let zone = if zoned { Some(Zone::of(call.env)?) } else { None };
    let sign = span(step).signum();
    if sign == 0 {
        return Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, "step size cannot equal zero"));
    }
    let mut next = Some(Ok(first));
    Ok(Box::new(std::iter::from_fn(move || {
        let value = match next.take()? {
            Ok(value) => value,
            Err(error) => return Some(Err(error)),
        };
        if sign > 0 && value > last || sign < 0 && value < last {
            return None;
        }
        next = Some(ops::plus(value, step, zone.as_ref()));
        if is_infinite(value) && is_infinite(last) && value == last {
            // It would never move.
            next = Some(Err(timestamp_out_of_range()));
        }
        Some(Ok(vec![if zoned { Datum::Timestamptz(value) } else { Datum::Timestamp(value) }]))
    })))
}
