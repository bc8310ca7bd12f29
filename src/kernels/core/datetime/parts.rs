//! `extract`, `date_part`, `date_trunc` and `date_bin`.

use num_bigint::BigInt;

use super::calendar::{
    self, Civil, EPOCH_JULIAN, MICROS_PER_DAY, MICROS_PER_SECOND, UNIX_EPOCH_SECONDS, checked, timestamp_out_of_range,
};
use super::ops::{self, is_infinite, type_name};
use super::words::{self, Span, Unit, Word};
use super::zone::{self, Zone};
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Call, Scalar};
use crate::types::{Datum, Interval, Numeric, PgType};

pub(in crate::kernels::core) const SCALARS: &[(&str, Scalar)] = &[
    ("timestamp_part", |c, a| part(c, a, Form::Float)),
    ("timestamptz_part", |c, a| part(c, a, Form::Float)),
    ("time_part", |c, a| part(c, a, Form::Float)),
    ("timetz_part", |c, a| part(c, a, Form::Float)),
    ("interval_part", |c, a| part(c, a, Form::Float)),
    ("date_part(text,date)", |c, a| {
        let value = Datum::Timestamp(ops::date_to_timestamp(ops::date(a, 1)?)?);
        part(c, &[ops::arg(a, 0)?.clone(), value], Form::Float)
    }),
    ("extract_date", |c, a| part(c, a, Form::Numeric)),
    ("extract_timestamp", |c, a| part(c, a, Form::Numeric)),
    ("extract_timestamptz", |c, a| part(c, a, Form::Numeric)),
    ("extract_time", |c, a| part(c, a, Form::Numeric)),
    ("extract_timetz", |c, a| part(c, a, Form::Numeric)),
    ("extract_interval", |c, a| part(c, a, Form::Numeric)),
    ("timestamp_trunc", |_, a| truncate(ops::text(a, 0)?, ops::timestamp(a, 1)?, None).map(Datum::Timestamp)),
    ("timestamptz_trunc", |c, a| {
        truncate(ops::text(a, 0)?, ops::timestamp(a, 1)?, Some(&Zone::of(c.env)?)).map(Datum::Timestamptz)
    }),
    ("timestamptz_trunc_zone", |_, a| {
        let value = ops::timestamp(a, 1)?;
        if is_infinite(value) {
            return Ok(Datum::Timestamptz(value));
        }
        let zone = match zone::named(ops::text(a, 2)?)? {
            Ok(zone) => zone,
            Err(zone::Word::Fixed(east, _)) => Zone::Fixed(east, String::new()),
            Err(zone::Word::Dynamic(zone, word)) => {
                let east = zone::dynamic_east(&zone, &word, value).unwrap_or_else(|| zone.east_at(value));
                Zone::Fixed(east, word)
            }
        };
        truncate(ops::text(a, 0)?, value, Some(&zone)).map(Datum::Timestamptz)
    }),
    ("interval_trunc", |_, a| truncate_interval(ops::text(a, 0)?, ops::interval(a, 1)?).map(Datum::Interval)),
    ("timestamp_bin", |_, a| bin(a).map(Datum::Timestamp)),
    ("timestamptz_bin", |_, a| bin(a).map(Datum::Timestamptz)),
];

/// What `extract` (numeric) and `date_part` (float8) make of the same number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Float,
    Numeric,
}

/// A number: an integer over a power of ten, or an end of time.
enum Number {
    Decimal(i128, u16),
    Infinite(bool),
}

impl Form {
    fn datum(self, number: Number) -> Datum {
        match (self, number) {
            (Form::Float, Number::Decimal(value, scale)) => Datum::Float8(value as f64 / 10_f64.powi(i32::from(scale))),
            (Form::Numeric, Number::Decimal(value, scale)) => {
                Datum::Numeric(Numeric::Finite { unscaled: BigInt::from(value), scale })
            }
            (Form::Float, Number::Infinite(true)) => Datum::Float8(f64::INFINITY),
            (Form::Float, Number::Infinite(false)) => Datum::Float8(f64::NEG_INFINITY),
            (Form::Numeric, Number::Infinite(true)) => Datum::Numeric(Numeric::Infinity),
            (Form::Numeric, Number::Infinite(false)) => Datum::Numeric(Numeric::NegativeInfinity),
        }
    }
}

/// A field name of `date_part`, in any case; `None` when there is no such field.
fn unit(name: &str) -> Option<Unit> {
    let lower = name.to_lowercase();
    match words::span(&lower) {
        Some(Span::Unit(unit)) => Some(unit),
        Some(Span::Ago | Span::Ignored) => None,
        None => match words::special(&lower)? {
            Word::Unit(unit) => Some(unit),
            Word::Epoch => Some(Unit::Epoch),
            _ => None,
        },
    }
}

/// Words that PostgreSQL knows, though not as a unit, are "not supported" instead of "not recognized".
fn is_word(name: &str) -> bool {
    let lower = name.to_lowercase();
    words::span(&lower).is_some() || matches!(words::special(&lower), Some(word) if reserved(word))
}

fn reserved(word: Word) -> bool {
    matches!(
        word,
        Word::Unit(_)
            | Word::Epoch
            | Word::Infinity
            | Word::MinusInfinity
            | Word::Now
            | Word::Today
            | Word::Tomorrow
            | Word::Yesterday
            | Word::Allballs
    )
}

fn unsupported(name: &str, ty: &str) -> Error {
    let lower = name.to_lowercase();
    Error::new(SqlState::FEATURE_NOT_SUPPORTED, format!("unit \"{lower}\" not supported for type {ty}"))
}

fn unrecognized(name: &str, ty: &str) -> Error {
    let lower = name.to_lowercase();
    Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("unit \"{lower}\" not recognized for type {ty}"))
}

fn wrong(name: &str, ty: &str) -> Error {
    if is_word(name) { unsupported(name, ty) } else { unrecognized(name, ty) }
}

fn part(call: &Call<'_>, args: &[Datum], form: Form) -> Result<Datum> {
    let name = ops::text(args, 0)?;
    let value = ops::arg(args, 1)?;
    let ty = type_name(match value {
        Datum::Date(_) => PgType::DATE,
        Datum::Timestamp(_) => PgType::TIMESTAMP,
        Datum::Timestamptz(_) => PgType::TIMESTAMPTZ,
        Datum::Time(_) => PgType::TIME,
        Datum::Timetz(..) => PgType::TIMETZ,
        _ => PgType::INTERVAL,
    });
    let Some(unit) = unit(name) else { return Err(wrong(name, &ty)) };
    let none = || wrong(name, &ty);
    Ok(match value {
        Datum::Date(days) => {
            let ends = matches!(*days, i32::MIN | i32::MAX);
            let no_time = matches!(
                unit,
                Unit::Microsecond
                    | Unit::Millisecond
                    | Unit::Second
                    | Unit::Minute
                    | Unit::Hour
                    | Unit::Timezone
                    | Unit::TimezoneHour
                    | Unit::TimezoneMinute
            );
            if no_time {
                return Err(none());
            }
            if ends {
                return endless(unit, *days == i32::MAX, form).ok_or_else(none);
            }
            let days = i64::from(*days);
            form.datum(match unit {
                Unit::Epoch => Number::Decimal(i128::from(days * 86_400 + UNIX_EPOCH_SECONDS), 0),
                Unit::Julian => Number::Decimal(i128::from(days + EPOCH_JULIAN), 0),
                _ => calendar_part(unit, &Civil::from_days(days)).ok_or_else(none)?,
            })
        }
        Datum::Timestamp(value) | Datum::Timestamptz(value) if is_infinite(*value) => {
            return endless(unit, *value == i64::MAX, form).ok_or_else(none);
        }
        Datum::Timestamp(value) => moment_part(call, unit, *value, None, form)?.ok_or_else(none)?,
        Datum::Timestamptz(value) => {
            moment_part(call, unit, *value, Some(&Zone::of(call.env)?), form)?.ok_or_else(none)?
        }
        Datum::Time(time) => form.datum(match unit {
            Unit::Epoch => Number::Decimal(i128::from(*time), 6),
            _ => time_part(unit, &Civil::default().with_time(*time)).ok_or_else(none)?,
        }),
        Datum::Timetz(time, west) => form.datum(match unit {
            Unit::Epoch => Number::Decimal(i128::from(*time) + i128::from(*west) * 1_000_000, 6),
            _ => time_part(unit, &Civil::default().with_time(*time))
                .or_else(|| zone_part(unit, -*west))
                .ok_or_else(none)?,
        }),
        Datum::Interval(value) => {
            if form == Form::Float && unit == Unit::Epoch {
                // Summed in float8 as PostgreSQL does.
                let mut seconds = value.micros as f64 / 1e6;
                seconds += 365.25 * 86_400.0 * f64::from(value.months / 12);
                seconds += 30.0 * 86_400.0 * f64::from(value.months % 12);
                seconds += 86_400.0 * f64::from(value.days);
                return Ok(Datum::Float8(seconds));
            }
            form.datum(interval_part(unit, *value).ok_or_else(none)?)
        }
        other => return Err(Error::internal(format!("no parts of {other:?}"))),
    })
}

/// Of an end of time: NULL for what goes round, infinity for what grows.
fn endless(unit: Unit, late: bool, form: Form) -> Option<Datum> {
    Some(match unit {
        Unit::Year | Unit::Decade | Unit::Century | Unit::Millennium | Unit::Julian | Unit::Isoyear | Unit::Epoch => {
            form.datum(Number::Infinite(late))
        }
        _ => Datum::Null,
    })
}

fn moment_part(call: &Call<'_>, unit: Unit, value: i64, zone: Option<&Zone>, form: Form) -> Result<Option<Datum>> {
    let east = zone.map_or(0, |zone| zone.east_at(value));
    let local = i128::from(value) + i128::from(east) * i128::from(MICROS_PER_SECOND);
    let day = i128::from(MICROS_PER_DAY);
    let (days, time) = (local.div_euclid(day) as i64, local.rem_euclid(day) as i64);
    let civil = Civil::from_days(days).with_time(time);
    let number = match unit {
        Unit::Epoch => {
            let micros = i128::from(value) + i128::from(UNIX_EPOCH_SECONDS * MICROS_PER_SECOND);
            Some(Number::Decimal(micros, 6))
        }
        Unit::Julian => return julian(call, days + EPOCH_JULIAN, time, form).map(Some),
        _ => time_part(unit, &civil)
            .or_else(|| calendar_part(unit, &civil))
            .or_else(|| zone_part(unit, zone.map(|_| east)?)),
    };
    Ok(number.map(|number| form.datum(number)))
}

/// The Julian day with its fraction, divided as PostgreSQL's numeric does.
fn julian(call: &Call<'_>, days: i64, time: i64, form: Form) -> Result<Datum> {
    if form == Form::Float {
        let seconds = (time / MICROS_PER_SECOND) as f64 + (time % MICROS_PER_SECOND) as f64 / 1e6;
        return Ok(Datum::Float8(days as f64 + seconds / 86_400.0));
    }
    let numeric = |value: i64| Datum::Numeric(Numeric::Finite { unscaled: BigInt::from(value), scale: 0 });
    let kernel = |symbol: &str| {
        crate::kernels::scalar(symbol).ok_or_else(|| Error::unsupported("extract(julian) of a timestamp"))
    };
    let types = [PgType::NUMERIC, PgType::NUMERIC];
    let call = Call { args: &types, returns: PgType::NUMERIC, ..*call };
    let fraction = kernel("numeric_div")?(&call, &[numeric(time), numeric(MICROS_PER_DAY)])?;
    kernel("numeric_add")?(&call, &[numeric(days), fraction])
}

fn whole(value: i32) -> Option<Number> {
    Some(Number::Decimal(i128::from(value), 0))
}

fn time_part(unit: Unit, civil: &Civil) -> Option<Number> {
    let micros = i128::from(civil.second) * 1_000_000 + i128::from(civil.micros);
    match unit {
        Unit::Microsecond => Some(Number::Decimal(micros, 0)),
        Unit::Millisecond => Some(Number::Decimal(micros, 3)),
        Unit::Second => Some(Number::Decimal(micros, 6)),
        Unit::Minute => whole(civil.minute),
        Unit::Hour => whole(civil.hour),
        _ => None,
    }
}

fn zone_part(unit: Unit, east: i32) -> Option<Number> {
    match unit {
        Unit::Timezone => whole(east),
        Unit::TimezoneHour => whole(east / 3600),
        Unit::TimezoneMinute => whole(east / 60 % 60),
        _ => None,
    }
}

fn calendar_part(unit: Unit, civil: &Civil) -> Option<Number> {
    let year = civil.year;
    // Years, centuries and millennia have no zero.
    let period = |length: i32| {
        if year > 0 { (year + length - 1) / length } else { -((length - 1 - (year - 1)) / length) }
    };
    whole(match unit {
        Unit::Day => civil.day,
        Unit::Month => civil.month,
        Unit::Quarter => (civil.month - 1) / 3 + 1,
        Unit::Week => calendar::iso_week(civil.days()),
        Unit::Year => year - i32::from(year <= 0),
        Unit::Decade if year >= 0 => year / 10,
        Unit::Decade => -((8 - (year - 1)) / 10),
        Unit::Century => period(100),
        Unit::Millennium => period(1000),
        Unit::Isoyear => {
            let year = calendar::iso_year(civil.days());
            year - i32::from(year <= 0)
        }
        Unit::Dow => civil.weekday(),
        Unit::Isodow => (civil.weekday() + 6) % 7 + 1,
        Unit::Doy => civil.year_day(),
        _ => return None,
    })
}

fn interval_part(unit: Unit, value: Interval) -> Option<Number> {
    let (hours, minutes, seconds, micros) = ops::time_parts(value.micros);
    let (years, months) = (value.months / 12, value.months % 12);
    let sub_minute = i128::from(seconds) * 1_000_000 + i128::from(micros);
    match unit {
        Unit::Microsecond => Some(Number::Decimal(sub_minute, 0)),
        Unit::Millisecond => Some(Number::Decimal(sub_minute, 3)),
        Unit::Second => Some(Number::Decimal(sub_minute, 6)),
        Unit::Minute => Some(Number::Decimal(i128::from(minutes), 0)),
        Unit::Hour => Some(Number::Decimal(i128::from(hours), 0)),
        Unit::Day => whole(value.days),
        Unit::Month => whole(months),
        Unit::Quarter => whole(months / 3 + 1),
        Unit::Year => whole(years),
        Unit::Decade => whole(years / 10),
        Unit::Century => whole(years / 100),
        Unit::Millennium => whole(years / 1000),
        Unit::Epoch => {
            // A year has 365.25 days: counted in quarters of a day.
            let quarters = i128::from(years) * 1461 + i128::from(months) * 120 + i128::from(value.days) * 4;
            Some(Number::Decimal(quarters * 21_600 * 1_000_000 + i128::from(value.micros), 6))
        }
        _ => None,
    }
}

/// The first year of a span of that many years.
fn period_start(unit: Unit, year: i32) -> i32 {
    let start = |length: i32| {
        if year > 0 {
            (year + length - 1) / length * length - (length - 1)
        } else {
            -((length - 1 - (year - 1)) / length) * length + 1
        }
    };
    match unit {
        Unit::Millennium => start(1000),
        Unit::Century => start(100),
        Unit::Decade if year > 0 => year / 10 * 10,
        Unit::Decade => -((8 - (year - 1)) / 10) * 10,
        _ => year,
    }
}

/// `date_trunc` of a timestamp, or with a zone of an instant.
fn truncate(name: &str, value: i64, zone: Option<&Zone>) -> Result<i64> {
    let ty = type_name(if zone.is_some() { PgType::TIMESTAMPTZ } else { PgType::TIMESTAMP });
    if is_infinite(value) {
        return Ok(value);
    }
    let Some(unit) = words::span(&name.to_lowercase()).and_then(|span| match span {
        Span::Unit(unit) => Some(unit),
        Span::Ago | Span::Ignored => None,
    }) else {
        return Err(unrecognized(name, &ty));
    };
    let mut east = zone.map_or(0, |zone| zone.east_at(value));
    let local = value.checked_add(i64::from(east) * MICROS_PER_SECOND).ok_or_else(timestamp_out_of_range)?;
    let mut civil = Civil::from_micros(local);
    let time = civil.time();
    let keep = |unit: i64| Civil::from_days(civil.days()).with_time(time / unit * unit);
    let mut dated = true;
    civil = match unit {
        Unit::Microsecond => return Ok(value),
        Unit::Millisecond => keep(1000),
        Unit::Second => keep(MICROS_PER_SECOND),
        Unit::Minute => keep(calendar::MICROS_PER_MINUTE),
        Unit::Hour => keep(calendar::MICROS_PER_HOUR),
        Unit::Day => Civil::from_days(civil.days()),
        Unit::Week => {
            let days = civil.days();
            Civil::from_days(days - i64::from((calendar::weekday(days) + 6) % 7))
        }
        Unit::Month => Civil { day: 1, ..Civil::from_days(civil.days()) },
        Unit::Quarter => Civil { year: civil.year, month: (civil.month - 1) / 3 * 3 + 1, day: 1, ..Civil::default() },
        Unit::Year | Unit::Decade | Unit::Century | Unit::Millennium => {
            Civil { year: period_start(unit, civil.year), month: 1, day: 1, ..Civil::default() }
        }
        _ => return Err(unsupported(name, &ty)),
    };
    if matches!(unit, Unit::Millisecond | Unit::Second | Unit::Minute | Unit::Hour) {
        dated = false;
    }
    if let Some(zone) = zone.filter(|_| dated) {
        east = zone.east_of_local(&civil);
    }
    civil.timestamp(east).ok_or_else(timestamp_out_of_range)
}

fn truncate_interval(name: &str, value: Interval) -> Result<Interval> {
    let ty = "interval";
    let Some(Span::Unit(unit)) = words::span(&name.to_lowercase()) else { return Err(unrecognized(name, ty)) };
    let months = |unit: i32| Interval { months: value.months / unit * unit, ..Interval::default() };
    let micros = |unit: i64| Interval { micros: value.micros / unit * unit, ..value };
    Ok(match unit {
        Unit::Millennium => months(12_000),
        Unit::Century => months(1200),
        Unit::Decade => months(120),
        Unit::Year => months(12),
        Unit::Quarter => months(3),
        Unit::Month => months(1),
        Unit::Day => Interval { micros: 0, ..value },
        Unit::Hour => micros(calendar::MICROS_PER_HOUR),
        Unit::Minute => micros(calendar::MICROS_PER_MINUTE),
        Unit::Second => micros(MICROS_PER_SECOND),
        Unit::Millisecond => micros(1000),
        Unit::Microsecond => value,
        Unit::Week => return Err(unsupported(name, ty).detail("Months usually have fractional weeks.")),
        _ => return Err(unsupported(name, ty)),
    })
}

/// `date_bin(stride, source, origin)`.
fn bin(args: &[Datum]) -> Result<i64> {
    let (stride, source, origin) = (ops::interval(args, 0)?, ops::timestamp(args, 1)?, ops::timestamp(args, 2)?);
    if is_infinite(source) {
        return Ok(source);
    }
    if is_infinite(origin) {
        return Err(Error::new(SqlState::DATETIME_FIELD_OVERFLOW, "origin out of range"));
    }
    if stride.months != 0 {
        return Err(Error::new(
            SqlState::FEATURE_NOT_SUPPORTED,
            "timestamps cannot be binned into intervals containing months or years",
        ));
    }
    let micros = i64::from(stride.days).checked_mul(MICROS_PER_DAY).and_then(|days| days.checked_add(stride.micros));
    let micros = micros.ok_or_else(calendar::interval_out_of_range)?;
    if micros <= 0 {
        return Err(Error::new(SqlState::DATETIME_FIELD_OVERFLOW, "stride must be greater than zero"));
    }
    let distance = source.checked_sub(origin).ok_or_else(calendar::interval_out_of_range)?;
    // The bin's start, also for what lies before the origin.
    checked(origin + distance.div_euclid(micros) * micros)
}
