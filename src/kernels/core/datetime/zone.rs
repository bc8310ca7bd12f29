//! Time zones: IANA names, fixed offsets as PostgreSQL spells them, and the default abbreviations.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::OnceLock;

use chrono::{DateTime, Offset as _, TimeZone as _};
use chrono_tz::{OffsetComponents, OffsetName, TZ_VARIANTS, Tz};

use super::abbreviations::{ABBREVIATIONS, Abbreviation};
use super::calendar::{self, Civil, MICROS_PER_SECOND, UNIX_EPOCH_SECONDS};
use crate::error::{Error, Result, SqlState};
use crate::kernels::Env;

/// A zone that knows its offset at each instant.
#[derive(Clone, Debug)]
pub enum Zone {
    /// Seconds east of UTC and the abbreviation.
    Fixed(i32, String),
    Named(Tz),
}

/// What holds at one instant.
#[derive(Clone, Debug)]
pub struct Offset {
    /// Seconds east of UTC.
    pub east: i32,
    pub abbreviation: String,
    pub daylight: bool,
}

/// What a word in a time zone's place means.
#[derive(Clone, Debug)]
pub enum Word {
    /// An abbreviation with a fixed offset (seconds east), daylight time or not.
    Fixed(i32, bool),
    /// An abbreviation whose meaning changed over time: the zone, and the word in upper case.
    Dynamic(Zone, String),
}

impl Zone {
    /// The session's zone.
    pub fn of(env: &Env) -> Result<Zone> {
        Zone::find(&env.formats.time_zone).ok_or_else(|| unrecognized(&env.formats.time_zone))
    }

    /// A zone by IANA name (any case) or as a POSIX specification without daylight rule.
    pub fn find(name: &str) -> Option<Zone> {
        if let Ok(zone) = Tz::from_str(name) {
            return Some(Zone::Named(zone));
        }
        static BY_NAME: OnceLock<HashMap<String, Tz>> = OnceLock::new();
        let by_name =
            BY_NAME.get_or_init(|| TZ_VARIANTS.iter().map(|zone| (zone.name().to_lowercase(), *zone)).collect());
        by_name.get(&name.to_lowercase()).map(|zone| Zone::Named(*zone)).or_else(|| posix(name))
    }

    /// What holds at an instant (microseconds since 2000-01-01 UTC).
    pub fn at(&self, instant: i64) -> Offset {
        match self {
            Zone::Fixed(east, abbreviation) => {
                Offset { east: *east, abbreviation: abbreviation.clone(), daylight: false }
            }
            Zone::Named(zone) => {
                let offset = lookup(*zone, instant);
                let east = offset.fix().local_minus_utc();
                Offset {
                    east,
                    // A zone without letters is abbreviated by its offset.
                    abbreviation: offset
                        .abbreviation()
                        .map_or_else(|| super::print::offset(east).replace(':', ""), str::to_owned),
                    daylight: !offset.dst_offset().is_zero(),
                }
            }
        }
    }

    /// Seconds east of UTC at an instant.
    pub fn east_at(&self, instant: i64) -> i32 {
        match self {
            Zone::Fixed(east, _) => *east,
            Zone::Named(zone) => lookup(*zone, instant).fix().local_minus_utc(),
        }
    }

    /// Seconds east of UTC for a local time: in a gap the offset before it, in an overlap the later (standard) one.
    pub fn east_of_local(&self, local: &Civil) -> i32 {
        let Zone::Named(zone) = self else { return if let Zone::Fixed(east, _) = self { *east } else { 0 } };
        let wall = calendar::days(local.year, local.month, local.day) * 86_400
            + i64::from(local.hour) * 3600
            + i64::from(local.minute) * 60
            + i64::from(local.second);
        let east = |second: i64| {
            lookup(*zone, second.clamp(-220_000_000_000, 9_223_371_000_000).saturating_mul(MICROS_PER_SECOND))
                .fix()
                .local_minus_utc()
        };
        // A transition that matters lies between one day before the wall time (read as UTC) and a day and a bit after it.
        let (mut low, mut high) = (wall - 86_400, wall + 57_600);
        let (before, after) = (east(low), east(high));
        if before == after {
            return before;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if east(middle) == before { low = middle } else { high = middle }
        }
        let (as_before, as_after) = (wall - i64::from(before), wall - i64::from(after));
        if as_before < high && as_after < high {
            before
        } else if as_before >= high && as_after >= high {
            after
        } else if as_before > as_after {
            before
        } else {
            after
        }
    }

    /// The offset if the zone has had only one.
    pub fn constant(&self) -> Option<i32> {
        match self {
            Zone::Fixed(east, _) => Some(*east),
            Zone::Named(zone) => {
                let first = lookup(*zone, calendar::MIN_TIMESTAMP).fix().local_minus_utc();
                let monthly = (0..12 * 220).map(|month| calendar::days(1880, 1 + month, 1) * calendar::MICROS_PER_DAY);
                monthly.map(|at| self.east_at(at)).all(|east| east == first).then_some(first)
            }
        }
    }
}

/// The abbreviation of the default set, in any case.
pub fn abbreviation(word: &str) -> Option<Word> {
    let upper = word.to_ascii_uppercase();
    let index = ABBREVIATIONS.binary_search_by(|(name, _)| (*name).cmp(upper.as_str())).ok()?;
    Some(match ABBREVIATIONS[index].1 {
        Abbreviation::Fixed(east) => Word::Fixed(east, false),
        Abbreviation::Daylight(east) => Word::Fixed(east, true),
        Abbreviation::Zone(name) => Word::Dynamic(Zone::find(name)?, upper),
    })
}

/// Seconds east for an abbreviation tied to a zone, at an instant: the nearest use of that abbreviation at or before it, else after it.
pub fn dynamic_east(zone: &Zone, word: &str, instant: i64) -> Option<i32> {
    const STEP: i64 = 30 * calendar::MICROS_PER_DAY;
    let matching = |at: i64| {
        let offset = zone.at(at);
        (offset.abbreviation == word).then_some(offset.east)
    };
    if let Some(east) = matching(instant) {
        return Some(east);
    }
    let (first, last) =
        (calendar::days(1880, 1, 1) * calendar::MICROS_PER_DAY, calendar::days(2040, 1, 1) * calendar::MICROS_PER_DAY);
    let mut at = instant.min(last);
    while at > first {
        at -= STEP;
        if let Some(east) = matching(at) {
            return Some(east);
        }
    }
    let mut at = instant.max(first);
    while at < last {
        at += STEP;
        if let Some(east) = matching(at) {
            return Some(east);
        }
    }
    None
}

/// Seconds east for a dynamic abbreviation at a local time.
pub fn dynamic_east_of_local(zone: &Zone, word: &str, local: &Civil) -> i32 {
    let guess = zone.east_of_local(local);
    let instant = local.timestamp(guess).unwrap_or(0);
    // Resolved at the instant that the zone itself would give, as PostgreSQL does; else the zone's own offset.
    dynamic_east(zone, word, instant).unwrap_or(guess)
}

/// What a text in AT TIME ZONE means: an abbreviation first, then a zone name.
pub fn named(text: &str) -> Result<Result<Zone, Word>> {
    if let Some(word) = abbreviation(text) {
        return Ok(Err(word));
    }
    Zone::find(text).map(Ok).ok_or_else(|| unrecognized(text))
}

/// 22023 as PostgreSQL words it; 0A000 for what it would take: a POSIX specification with a name for daylight time.
pub fn unrecognized(name: &str) -> Error {
    let standard = name.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let daylight = standard.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ':'));
    let named = |text: &str| text.len() >= 3 && text.bytes().take(3).all(|byte| byte.is_ascii_alphabetic());
    if named(name) && standard.len() > daylight.len() && named(daylight) {
        return Error::unsupported(format!("time zone \"{name}\" with a daylight rule of its own"));
    }
    Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("time zone \"{name}\" not recognized"))
}

fn lookup(zone: Tz, instant: i64) -> <Tz as chrono::TimeZone>::Offset {
    let mut second = instant.div_euclid(MICROS_PER_SECOND);
    // The tables start and end somewhere: before them local mean time holds, after them the last rules repeat in a 28-year cycle.
    let first = calendar::days(1800, 1, 1) * 86_400;
    let last = calendar::days(2098, 1, 1) * 86_400;
    if second < first {
        second = first;
    } else if second >= last {
        let days = second.div_euclid(86_400);
        let (year, _, _) = calendar::civil(days);
        let start = calendar::days(year, 1, 1);
        let alike = (2070..2098).find(|candidate| {
            calendar::is_leap(*candidate) == calendar::is_leap(year)
                && calendar::weekday(calendar::days(*candidate, 1, 1)) == calendar::weekday(start)
        });
        second -= (start - calendar::days(alike.unwrap_or(2070), 1, 1)) * 86_400;
    }
    let utc = DateTime::from_timestamp(second + UNIX_EPOCH_SECONDS, 0).unwrap_or_default().naive_utc();
    zone.offset_from_utc_datetime(&utc)
}

/// `EST5`, `<+02>-02`, `UTC+3`, `+05:30`: hours west of UTC.
fn posix(text: &str) -> Option<Zone> {
    let (name, rest) = match text.strip_prefix('<') {
        Some(quoted) => quoted.split_once('>')?,
        None => text.split_at(text.find(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | ','))?),
    };
    let (sign, digits) = match rest.strip_prefix('-') {
        Some(digits) => (1, digits),
        None => (-1, rest.strip_prefix('+').unwrap_or(rest)),
    };
    let mut seconds = 0;
    let mut parts = digits.split(':');
    for (limit, unit) in [(167, 3600), (59, 60), (60, 1)] {
        let Some(part) = parts.next() else { break };
        if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let value: i32 = part.parse().ok().filter(|value| *value <= limit)?;
        seconds += value * unit;
    }
    if digits.is_empty() || parts.next().is_some() {
        return None;
    }
    Some(Zone::Fixed(sign * seconds, name.to_ascii_uppercase()))
}
