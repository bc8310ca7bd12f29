//! `to_char` of timestamps and intervals.

use std::fmt::Write as _;

use super::datetime::calendar::{self, Civil};
use super::datetime::ops::{self, is_infinite};
use super::datetime::print::WEEKDAYS;
use super::datetime::zone::{Offset, Zone};
use crate::error::{Error, Result, SqlState};
use crate::kernels::Scalar;
use crate::types::{Datum, Interval};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("timestamp_to_char", |_, a| {
        let (value, format) = (ops::timestamp(a, 0)?, ops::text(a, 1)?);
        if format.is_empty() || is_infinite(value) {
            return Ok(Datum::Null);
        }
        Moment::of(Civil::from_micros(value), None).format(format)
    }),
    ("timestamptz_to_char", |c, a| {
        let (value, format) = (ops::timestamp(a, 0)?, ops::text(a, 1)?);
        if format.is_empty() || is_infinite(value) {
            return Ok(Datum::Null);
        }
        let zone = Zone::of(c.env)?;
        Moment::of(ops::local_civil(&zone, value), Some(zone.at(value))).format(format)
    }),
    ("interval_to_char", |_, a| {
        let (value, format) = (ops::interval(a, 0)?, ops::text(a, 1)?);
        if format.is_empty() { Ok(Datum::Null) } else { Moment::span(value).format(format) }
    }),
];

/// The patterns in the order in which they are tried; each also in lower case.
const PATTERNS: &[&str] = &[
    "A.D.", "A.M.", "AD", "AM", "B.C.", "BC", "CC", "DAY", "DDD", "DD", "DY", "Day", "Dy", "D", "FF1", "FF2", "FF3",
    "FF4", "FF5", "FF6", "FX", "HH24", "HH12", "HH", "IDDD", "ID", "IW", "IYYY", "IYY", "IY", "I", "J", "MI", "MM",
    "MONTH", "MON", "MS", "Month", "Mon", "OF", "P.M.", "PM", "Q", "RM", "SSSSS", "SSSS", "SS", "TZH", "TZM", "TZ",
    "US", "WW", "W", "Y,YYY", "YYYY", "YYY", "YY", "Y",
];

const MONTH_NAMES: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const ROMAN: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];

/// One piece of a format.
enum Piece<'a> {
    Literal(char),
    /// The pattern, whether padding is suppressed, and the ordinal suffix.
    Pattern {
        name: &'static str,
        lower: bool,
        fill: bool,
        ordinal: Option<&'a str>,
    },
}

/// Cuts a format into patterns and literal characters.
fn pieces(format: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = format;
    while !rest.is_empty() {
        let (mut fill, mut translated) = (false, false);
        if let Some(after) = rest.strip_prefix("FM").or_else(|| rest.strip_prefix("fm")) {
            fill = true;
            rest = after;
        } else if let Some(after) = rest.strip_prefix("TM").or_else(|| rest.strip_prefix("tm")) {
            // Localized names: those of the C locale, without padding.
            translated = true;
            rest = after;
        }
        let upper = PATTERNS.iter().find(|name| rest.starts_with(**name)).map(|name| (*name, false));
        let pattern = upper.or_else(|| {
            let lower = |name: &&&str| rest.starts_with(name.to_ascii_lowercase().as_str());
            PATTERNS.iter().find(lower).map(|name| (*name, true))
        });
        if let Some((name, lower)) = pattern {
            rest = &rest[name.len()..];
            let ordinal = ["TH", "th", "SP"].into_iter().find(|suffix| rest.starts_with(suffix));
            rest = &rest[ordinal.map_or(0, str::len)..];
            let ordinal = ordinal.filter(|suffix| *suffix != "SP");
            let fill = fill || translated && matches!(name, "MONTH" | "Month" | "DAY" | "Day" | "RM");
            found.push(Piece::Pattern { name, lower, fill, ordinal });
            continue;
        }
        let mut chars = rest.chars();
        match chars.next() {
            Some('"') => {
                // Quoted text; a backslash takes the next character as it is.
                rest = chars.as_str();
                let mut chars = rest.chars();
                while let Some(c) = chars.next() {
                    rest = chars.as_str();
                    match c {
                        '"' => break,
                        '\\' => {
                            let Some(c) = chars.next() else { break };
                            rest = chars.as_str();
                            found.push(Piece::Literal(c));
                        }
                        c => found.push(Piece::Literal(c)),
                    }
                }
            }
            Some('\\') if chars.as_str().starts_with('"') => {
                found.push(Piece::Literal('"'));
                rest = &rest[2..];
            }
            Some(c) => {
                found.push(Piece::Literal(c));
                rest = chars.as_str();
            }
            None => {}
        }
    }
    found
}

/// What is formatted: a point in time, or the parts of an interval.
struct Moment {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
    year_day: i64,
    civil: Option<Civil>,
    zone: Option<Offset>,
}

impl Moment {
    fn of(civil: Civil, zone: Option<Offset>) -> Moment {
        Moment {
            year: civil.year.into(),
            month: civil.month.into(),
            day: civil.day.into(),
            hour: civil.hour.into(),
            minute: civil.minute.into(),
            second: civil.second.into(),
            micros: civil.micros.into(),
            year_day: civil.year_day().into(),
            civil: Some(civil),
            zone,
        }
    }

    fn span(value: Interval) -> Moment {
        let (hour, minute, second, micros) = ops::time_parts(value.micros);
        let (year, month, day) = ((value.months / 12).into(), (value.months % 12).into(), i64::from(value.days));
        let year_day = (year * 12 + month) * 30 + day;
        Moment { year, month, day, hour, minute, second, micros, year_day, civil: None, zone: None }
    }

    fn format(&self, format: &str) -> Result<Datum> {
        let mut out = String::new();
        for piece in pieces(format) {
            match piece {
                Piece::Literal(c) => out.push(c),
                Piece::Pattern { name, lower, fill, ordinal } => self.pattern(&mut out, name, lower, fill, ordinal)?,
            }
        }
        Ok(Datum::text(out))
    }

    /// What only a point in time has.
    fn civil(&self) -> Result<&Civil> {
        self.civil.as_ref().ok_or_else(|| {
            Error::new(SqlState::INVALID_DATETIME_FORMAT, "invalid format specification for an interval value")
                .hint("Intervals are not tied to specific calendar dates.")
        })
    }

    fn pattern(&self, out: &mut String, name: &str, lower: bool, fill: bool, ordinal: Option<&str>) -> Result<()> {
        let before = out.len();
        let cased = |text: &str| if lower { text.to_lowercase() } else { text.to_owned() };
        let number = |out: &mut String, value: i64, width: usize| {
            let width = if fill { 0 } else { width + usize::from(value < 0) };
            let _ = write!(out, "{value:0width$}");
            if let Some(suffix) = ordinal {
                out.push_str(&ordinal_suffix(&out[before..], suffix == "TH"));
            }
        };
        // Years of a point in time have no zero: 0 is 1 BC.
        let shown = |year: i64| if self.civil.is_some() && year <= 0 { 1 - year } else { year };
        let word = |out: &mut String, text: &str, width: usize| {
            out.push_str(text);
            if !fill {
                out.extend(std::iter::repeat_n(' ', width.saturating_sub(text.len())));
            }
        };
        if self.civil.is_none() && matches!(name, "IDDD" | "IW" | "IYYY" | "IYY" | "IY" | "I") {
            return Err(Error::unsupported("to_char of an interval with an ISO week or year"));
        }
        match name {
            "A.M." | "P.M." => out.push_str(&cased(if self.hour.rem_euclid(24) >= 12 { "P.M." } else { "A.M." })),
            "AM" | "PM" => out.push_str(&cased(if self.hour.rem_euclid(24) >= 12 { "PM" } else { "AM" })),
            "HH" | "HH12" => {
                let hour = self.hour % 12;
                let width = if fill { 0 } else { 2 + usize::from(self.hour < 0) };
                let hour = if hour == 0 { 12 } else { hour };
                let _ = write!(out, "{hour:0width$}");
                if let Some(suffix) = ordinal {
                    out.push_str(&ordinal_suffix(&out[before..], suffix == "TH"));
                }
            }
            "HH24" => number(out, self.hour, 2),
            "MI" => number(out, self.minute, 2),
            "SS" => number(out, self.second, 2),
            "FF1" | "FF2" | "FF3" | "FF4" | "FF5" | "FF6" | "MS" | "US" => {
                if self.micros < 0 {
                    return Err(Error::unsupported("to_char with a negative fraction of a second"));
                }
                let digits = match name {
                    "MS" => 3,
                    "US" => 6,
                    name => usize::from(name.as_bytes()[2] - b'0'),
                };
                let _ = write!(out, "{:0digits$}", self.micros / 10_i64.pow(6 - digits as u32));
                if let Some(suffix) = ordinal {
                    out.push_str(&ordinal_suffix(&out[before..], suffix == "TH"));
                }
            }
            "SSSS" | "SSSSS" => {
                let _ = write!(out, "{}", self.hour * 3600 + self.minute * 60 + self.second);
                if let Some(suffix) = ordinal {
                    out.push_str(&ordinal_suffix(&out[before..], suffix == "TH"));
                }
            }
            "TZ" => {
                self.civil()?;
                if let Some(zone) = &self.zone {
                    out.push_str(&cased(&zone.abbreviation));
                }
            }
            "TZH" | "TZM" | "OF" => {
                self.civil()?;
                let east = self.zone.as_ref().map_or(0, |zone| zone.east);
                let (sign, seconds) = if east < 0 { ('-', -east) } else { ('+', east) };
                let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
                let _ = match name {
                    "TZH" => write!(out, "{sign}{hours:02}"),
                    "TZM" => write!(out, "{minutes:02}"),
                    _ if minutes != 0 => {
                        write!(out, "{sign}{hours:0width$}:{minutes:02}", width = if fill { 0 } else { 2 })
                    }
                    _ => write!(out, "{sign}{hours:0width$}", width = if fill { 0 } else { 2 }),
                };
            }
            "A.D." | "B.C." => out.push_str(&cased(if self.civil()?.year <= 0 { "B.C." } else { "A.D." })),
            "AD" | "BC" => out.push_str(&cased(if self.civil()?.year <= 0 { "BC" } else { "AD" })),
            "MONTH" | "Month" | "MON" | "Mon" => {
                let month = MONTH_NAMES[(self.civil()?.month - 1) as usize];
                self.name(out, name, month, lower, &word);
            }
            "DAY" | "Day" | "DY" | "Dy" => {
                let day = WEEKDAYS[self.civil()?.weekday() as usize];
                self.name(out, name, day, lower, &word);
            }
            "MM" => number(out, self.month, 2),
            "DDD" => number(out, self.year_day, 3),
            "IDDD" => {
                let days = self.civil()?.days();
                number(out, days - calendar::iso_week_start(calendar::iso_year(days)) + 1, 3);
            }
            // The sign of a negative number of days counts as a digit.
            "DD" => number(out, self.day, if self.day < 0 { 1 } else { 2 }),
            "D" => number(out, i64::from(self.civil()?.weekday()) + 1, 0),
            "ID" => number(out, i64::from((self.civil()?.weekday() + 6) % 7) + 1, 0),
            "WW" => number(out, (self.year_day - 1) / 7 + 1, 2),
            "IW" => number(out, calendar::iso_week(self.civil()?.days()).into(), 2),
            "W" => number(out, (self.day - 1) / 7 + 1, 0),
            "Q" if self.month != 0 => number(out, (self.month - 1) / 3 + 1, 0),
            "Q" => {}
            "CC" => {
                let century = if self.civil.is_none() {
                    self.year / 100
                } else if self.year > 0 {
                    (self.year - 1) / 100 + 1
                } else {
                    self.year / 100 - 1
                };
                number(out, century, 2);
            }
            "Y,YYY" => {
                let year = shown(self.year);
                let _ = write!(out, "{},{:03}", year / 1000, year - year / 1000 * 1000);
                if let Some(suffix) = ordinal {
                    out.push_str(&ordinal_suffix(&out[before..], suffix == "TH"));
                }
            }
            "YYYY" => number(out, shown(self.year), 4),
            "YYY" => number(out, shown(self.year) % 1000, 3),
            "YY" => number(out, shown(self.year) % 100, 2),
            "Y" => number(out, shown(self.year) % 10, 1),
            "IYYY" => number(out, shown(calendar::iso_year(self.civil()?.days()).into()), 4),
            "IYY" => number(out, shown(calendar::iso_year(self.civil()?.days()).into()) % 1000, 3),
            "IY" => number(out, shown(calendar::iso_year(self.civil()?.days()).into()) % 100, 2),
            "I" => number(out, shown(calendar::iso_year(self.civil()?.days()).into()) % 10, 1),
            "RM" => {
                if self.civil.is_none() {
                    return Err(Error::unsupported("to_char of an interval with RM"));
                }
                word(out, &cased(ROMAN[(self.month - 1) as usize]), 4);
            }
            "J" => number(out, self.civil()?.days() + calendar::EPOCH_JULIAN, 0),
            // FX is a switch of the input functions.
            _ => {}
        }
        Ok(())
    }

    fn name(&self, out: &mut String, pattern: &str, full: &str, lower: bool, word: &dyn Fn(&mut String, &str, usize)) {
        let short = matches!(pattern, "MON" | "Mon" | "DY" | "Dy");
        let text = if short { &full[..3] } else { full };
        // A pattern in capitals gives capitals, as its lower-case form gives lower case.
        let capitals = pattern.bytes().all(|b| b.is_ascii_uppercase());
        let text = match (lower, capitals) {
            (true, _) => text.to_lowercase(),
            (false, true) => text.to_uppercase(),
            (false, false) => text.to_owned(),
        };
        word(out, &text, if short { 0 } else { 9 });
    }
}

/// `st`, `nd`, `rd` or `th` of a number.
fn ordinal_suffix(number: &str, capitals: bool) -> String {
    let digits = number.as_bytes();
    let teen = digits.len() > 1 && digits[digits.len() - 2] == b'1';
    let suffix = match digits.last() {
        Some(b'1') if !teen => "st",
        Some(b'2') if !teen => "nd",
        Some(b'3') if !teen => "rd",
        _ => "th",
    };
    if capitals { suffix.to_uppercase() } else { suffix.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::kernels::core::testing::check;

    #[test]
    fn as_postgresql() {
        check(&[
            (
                "timestamp_to_char",
                "timestamp 2001-02-03 14:05:06.789, text YYYY-MM-DD HH12:MI:SS.MS am",
                "2001-02-03 02:05:06.789 pm",
            ),
            (
                "timestamp_to_char",
                "timestamp 0044-03-15 01:02:03 BC, text FMMonth FMDDth YYYY BC",
                "March 15th 0044 BC",
            ),
            ("interval_to_char", "interval 15h 2m 12s, text HH24:MI:SS", "15:02:12"),
        ]);
    }
}
