//! Writes dates, times and intervals in the four DateStyles and IntervalStyles.

use std::fmt::Write as _;

use super::calendar::{Civil, MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND};
use super::zone::{Offset, Zone};
use crate::kernels::{DateOrder, DateOutput, DateStyle, IntervalStyle};
use crate::types::Interval;

pub const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
pub const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A date; `i32::MIN/MAX` are the ends of time.
pub fn date(style: DateStyle, days: i32) -> String {
    if let Some(end) = end(i64::from(days), i64::from(i32::MIN), i64::from(i32::MAX)) {
        return end.to_owned();
    }
    let civil = Civil::from_days(i64::from(days));
    let mut out = date_part(style, &civil);
    if civil.year <= 0 {
        out.push_str(" BC");
    }
    out
}

fn end(value: i64, low: i64, high: i64) -> Option<&'static str> {
    if value == low {
        Some("-infinity")
    } else if value == high {
        Some("infinity")
    } else {
        None
    }
}

/// The year as written: 1 BC is 1.
fn shown_year(civil: &Civil) -> i32 {
    if civil.year > 0 { civil.year } else { 1 - civil.year }
}

fn date_part(style: DateStyle, civil: &Civil) -> String {
    let (year, month, day) = (shown_year(civil), civil.month, civil.day);
    let day_first = style.order == DateOrder::Dmy;
    match style.output {
        DateOutput::Iso => format!("{year:04}-{month:02}-{day:02}"),
        DateOutput::Sql if day_first => format!("{day:02}/{month:02}/{year:04}"),
        DateOutput::Sql => format!("{month:02}/{day:02}/{year:04}"),
        DateOutput::German => format!("{day:02}.{month:02}.{year:04}"),
        DateOutput::Postgres if day_first => format!("{day:02}-{month:02}-{year:04}"),
        DateOutput::Postgres => format!("{month:02}-{day:02}-{year:04}"),
    }
}

/// `hh:mm:ss[.ffffff]`
pub fn time(micros: i64) -> String {
    clock(&Civil::default().with_time(micros))
}

fn clock(civil: &Civil) -> String {
    let mut out = format!("{:02}:{:02}:{:02}", civil.hour, civil.minute, civil.second);
    fraction(&mut out, i64::from(civil.micros));
    out
}

/// A decimal point and the microseconds without trailing zeros.
fn fraction(out: &mut String, micros: i64) {
    if micros != 0 {
        let digits = format!("{:06}", micros.abs());
        let _ = write!(out, ".{}", digits.trim_end_matches('0'));
    }
}

/// `+hh[:mm[:ss]]`
pub fn offset(east: i32) -> String {
    let (sign, west) = if east < 0 { ('-', -east) } else { ('+', east) };
    let (hour, minute, second) = (west / 3600, west / 60 % 60, west % 60);
    if second != 0 {
        format!("{sign}{hour:02}:{minute:02}:{second:02}")
    } else if minute != 0 {
        format!("{sign}{hour:02}:{minute:02}")
    } else {
        format!("{sign}{hour:02}")
    }
}

/// A time with its zone in seconds west of UTC.
pub fn timetz(micros: i64, west: i32) -> String {
    format!("{}{}", time(micros), offset(-west))
}

/// A timestamp; with a zone a timestamptz.
pub fn timestamp(style: DateStyle, value: i64, zone: Option<&Zone>) -> String {
    if let Some(end) = end(value, i64::MIN, i64::MAX) {
        return end.to_owned();
    }
    let at = zone.map(|zone| zone.at(value));
    let east = at.as_ref().map_or(0, |at| at.east);
    // Near the ends the local time may lie outside the 64 bits.
    let local = i128::from(value) + i128::from(east) * i128::from(MICROS_PER_SECOND);
    let day = i128::from(MICROS_PER_DAY);
    let civil = Civil::from_days(local.div_euclid(day) as i64).with_time(local.rem_euclid(day) as i64);
    civil_text(style, &civil, at.as_ref())
}

fn civil_text(style: DateStyle, civil: &Civil, at: Option<&Offset>) -> String {
    let mut out = match style.output {
        DateOutput::Iso | DateOutput::Sql | DateOutput::German => {
            format!("{} {}", date_part(style, civil), clock(civil))
        }
        DateOutput::Postgres => {
            let weekday = &WEEKDAYS[civil.weekday() as usize][..3];
            let month = MONTHS[(civil.month - 1) as usize];
            let (day, year) = (civil.day, shown_year(civil));
            if style.order == DateOrder::Dmy {
                format!("{weekday} {day:02} {month} {} {year:04}", clock(civil))
            } else {
                format!("{weekday} {month} {day:02} {} {year:04}", clock(civil))
            }
        }
    };
    if let Some(at) = at {
        let offset = offset(at.east);
        match style.output {
            DateOutput::Iso => out.push_str(&offset),
            _ if !at.abbreviation.is_empty() => {
                let _ = write!(out, " {:.10}", at.abbreviation);
            }
            DateOutput::Postgres => {
                let _ = write!(out, " {offset}");
            }
            _ => out.push_str(&offset),
        }
    }
    if civil.year <= 0 {
        out.push_str(" BC");
    }
    out
}

/// The timestamp form of JSON: `2001-02-03T04:05:06.789[+00:00]`.
pub fn iso_8601(value: i64, east: Option<i32>) -> String {
    if let Some(end) = end(value, i64::MIN, i64::MAX) {
        return end.to_owned();
    }
    let local = i128::from(value) + i128::from(east.unwrap_or(0)) * i128::from(MICROS_PER_SECOND);
    let day = i128::from(MICROS_PER_DAY);
    let civil = Civil::from_days(local.div_euclid(day) as i64).with_time(local.rem_euclid(day) as i64);
    let style = DateStyle { output: DateOutput::Iso, order: DateOrder::Ymd };
    let mut out = format!("{}T{}", date_part(style, &civil), clock(&civil));
    if let Some(east) = east {
        out.push_str(&iso_offset(east));
    }
    if civil.year <= 0 {
        out.push_str(" BC");
    }
    out
}

/// `+hh:mm[:ss]`: XSD always has minutes.
pub fn iso_offset(east: i32) -> String {
    let text = offset(east);
    if text.len() == 3 { format!("{text}:00") } else { text }
}

struct Parts {
    years: i32,
    months: i32,
    days: i32,
    hours: i64,
    minutes: i64,
    seconds: i64,
    micros: i64,
}

/// An interval in a style.
pub fn interval(style: IntervalStyle, value: Interval) -> String {
    let parts = Parts {
        years: value.months / 12,
        months: value.months % 12,
        days: value.days,
        hours: value.micros / MICROS_PER_HOUR,
        minutes: value.micros / MICROS_PER_MINUTE % 60,
        seconds: value.micros / MICROS_PER_SECOND % 60,
        micros: value.micros % MICROS_PER_SECOND,
    };
    match style {
        IntervalStyle::SqlStandard => sql_standard(parts),
        IntervalStyle::Iso8601 => iso_interval(&parts),
        IntervalStyle::Postgres => postgres(&parts),
        IntervalStyle::PostgresVerbose => verbose(&parts),
    }
}

/// Seconds with fraction, unsigned, `width` digits at least.
fn seconds(parts: &Parts, width: usize) -> String {
    let mut out = format!("{:0width$}", parts.seconds.abs());
    fraction(&mut out, parts.micros);
    out
}

fn sql_standard(mut parts: Parts) -> String {
    let months = i64::from(parts.years) | i64::from(parts.months);
    let negative = parts.years < 0
        || parts.months < 0
        || parts.days < 0
        || parts.hours < 0
        || parts.minutes < 0
        || parts.seconds < 0
        || parts.micros < 0;
    let positive = parts.years > 0
        || parts.months > 0
        || parts.days > 0
        || parts.hours > 0
        || parts.minutes > 0
        || parts.seconds > 0
        || parts.micros > 0;
    let has_months = months != 0;
    let has_time = parts.hours != 0 || parts.minutes != 0 || parts.seconds != 0 || parts.micros != 0;
    let has_days = parts.days != 0;
    let mut out = String::new();
    let regular = !(negative && positive) && !(has_months && (has_days || has_time));
    if negative && regular {
        out.push('-');
        parts.years = parts.years.wrapping_neg();
        parts.months = -parts.months;
        parts.days = parts.days.wrapping_neg();
        parts.hours = -parts.hours;
        parts.minutes = -parts.minutes;
        parts.seconds = -parts.seconds;
        parts.micros = -parts.micros;
    }
    if !negative && !positive {
        return "0".to_owned();
    }
    if !regular {
        // Every field has its sign.
        let sign = |minus: bool| if minus { '-' } else { '+' };
        let months_sign = sign(parts.years < 0 || parts.months < 0);
        let time_sign = sign(parts.hours < 0 || parts.minutes < 0 || parts.seconds < 0 || parts.micros < 0);
        return format!(
            "{months_sign}{}-{} {}{} {time_sign}{}:{:02}:{}",
            parts.years.unsigned_abs(),
            parts.months.abs(),
            sign(parts.days < 0),
            parts.days.unsigned_abs(),
            parts.hours.abs(),
            parts.minutes.abs(),
            seconds(&parts, 2)
        );
    }
    if has_months {
        let _ = write!(out, "{}-{}", parts.years, parts.months);
    } else if has_days {
        let _ = write!(out, "{} {}:{:02}:{}", parts.days, parts.hours, parts.minutes, seconds(&parts, 2));
    } else {
        let _ = write!(out, "{}:{:02}:{}", parts.hours, parts.minutes, seconds(&parts, 2));
    }
    out
}

fn iso_interval(parts: &Parts) -> String {
    let mut out = String::from("P");
    let part = |out: &mut String, value: i64, unit: char| {
        if value != 0 {
            let _ = write!(out, "{value}{unit}");
        }
    };
    part(&mut out, i64::from(parts.years), 'Y');
    part(&mut out, i64::from(parts.months), 'M');
    part(&mut out, i64::from(parts.days), 'D');
    if parts.hours != 0 || parts.minutes != 0 || parts.seconds != 0 || parts.micros != 0 {
        out.push('T');
    }
    part(&mut out, parts.hours, 'H');
    part(&mut out, parts.minutes, 'M');
    if parts.seconds != 0 || parts.micros != 0 {
        if parts.seconds < 0 || parts.micros < 0 {
            out.push('-');
        }
        out.push_str(&seconds(parts, 1));
        out.push('S');
    }
    if out == "P" { "PT0S".to_owned() } else { out }
}

fn postgres(parts: &Parts) -> String {
    let mut out = String::new();
    let mut before = false;
    for (value, unit) in [(parts.years, "year"), (parts.months, "mon"), (parts.days, "day")] {
        if value != 0 {
            if !out.is_empty() {
                out.push(' ');
            }
            let plus = if before && value > 0 { "+" } else { "" };
            let plural = if value == 1 { "" } else { "s" };
            let _ = write!(out, "{plus}{value} {unit}{plural}");
            // A sign shows that the one before was negative.
            before = value < 0;
        }
    }
    let has_time = parts.hours != 0 || parts.minutes != 0 || parts.seconds != 0 || parts.micros != 0;
    if out.is_empty() || has_time {
        let minus = parts.hours < 0 || parts.minutes < 0 || parts.seconds < 0 || parts.micros < 0;
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(if minus {
            "-"
        } else if before {
            "+"
        } else {
            ""
        });
        let _ = write!(out, "{:02}:{:02}:{}", parts.hours.abs(), parts.minutes.abs(), seconds(parts, 2));
    }
    out
}

fn verbose(parts: &Parts) -> String {
    let mut out = String::from("@");
    // The first field's sign decides about "ago"; the others are relative to it.
    let mut before: Option<bool> = None;
    let fields = [
        (i64::from(parts.years), "year"),
        (i64::from(parts.months), "mon"),
        (i64::from(parts.days), "day"),
        (parts.hours, "hour"),
        (parts.minutes, "min"),
    ];
    for (value, unit) in fields {
        if value != 0 {
            let ago = *before.get_or_insert(value < 0);
            let shown = if ago { -value } else { value };
            let plural = if shown == 1 { "" } else { "s" };
            let _ = write!(out, " {shown} {unit}{plural}");
        }
    }
    if parts.seconds != 0 || parts.micros != 0 {
        let minus = parts.seconds < 0 || parts.micros < 0;
        let ago = *before.get_or_insert(minus);
        out.push_str(if minus != ago { " -" } else { " " });
        out.push_str(&seconds(parts, 1));
        out.push_str(if parts.seconds.abs() == 1 && parts.micros == 0 { " sec" } else { " secs" });
    }
    match before {
        None => out.push_str(" 0"),
        Some(true) => out.push_str(" ago"),
        Some(false) => {}
    }
    out
}

/// The text of a civil time without zone in ISO style: for messages.
pub fn plain(civil: &Civil) -> String {
    civil_text(DateStyle { output: DateOutput::Iso, order: DateOrder::Ymd }, civil, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_intervals_in_four_styles() {
        let value = Interval { months: 14, days: -3, micros: 4 * MICROS_PER_HOUR + 5_600_000 };
        for (style, expected) in [
            (IntervalStyle::Postgres, "1 year 2 mons -3 days +04:00:05.6"),
            (IntervalStyle::PostgresVerbose, "@ 1 year 2 mons -3 days 4 hours 5.6 secs"),
            (IntervalStyle::SqlStandard, "+1-2 -3 +4:00:05.6"),
            (IntervalStyle::Iso8601, "P1Y2M-3DT4H5.6S"),
        ] {
            assert_eq!(interval(style, value), expected);
        }
        assert_eq!(date(DateStyle { output: DateOutput::Iso, order: DateOrder::Mdy }, -730_500), "0002-12-17 BC");
    }
}
