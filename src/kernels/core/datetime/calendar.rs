//! The proleptic Gregorian calendar over PostgreSQL's ranges: days and microseconds since 2000-01-01.

use crate::error::{Error, Result, SqlState};

pub const MICROS_PER_SECOND: i64 = 1_000_000;
pub const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;
pub const MICROS_PER_HOUR: i64 = 60 * MICROS_PER_MINUTE;
pub const MICROS_PER_DAY: i64 = 24 * MICROS_PER_HOUR;
/// Julian day number of 2000-01-01.
pub const EPOCH_JULIAN: i64 = 2_451_545;
/// Seconds from 1970-01-01 to 2000-01-01.
pub const UNIX_EPOCH_SECONDS: i64 = 946_684_800;
/// The first timestamp (4714-11-24 BC), and the first that is too late (294277-01-01).
pub const MIN_TIMESTAMP: i64 = -211_813_488_000_000_000;
pub const END_TIMESTAMP: i64 = 9_223_371_331_200_000_000;
/// The first day that is too late for a date (5874898-01-01).
const END_DATE: i64 = 2_147_483_494 - EPOCH_JULIAN;

/// A broken-down local time. `year` is astronomical: 0 is 1 BC.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Civil {
    pub year: i32,
    pub month: i32,
    pub day: i32,
    pub hour: i32,
    pub minute: i32,
    pub second: i32,
    pub micros: i32,
}

impl Civil {
    /// The midnight that starts a day since 2000-01-01.
    pub fn from_days(days: i64) -> Civil {
        let (year, month, day) = civil(days);
        Civil { year, month, day, ..Civil::default() }
    }

    /// The parts of a timestamp (finite).
    pub fn from_micros(timestamp: i64) -> Civil {
        let time = timestamp.rem_euclid(MICROS_PER_DAY);
        Civil::from_days(timestamp.div_euclid(MICROS_PER_DAY)).with_time(time)
    }

    /// This date at that time of day.
    pub fn with_time(self, time: i64) -> Civil {
        Civil {
            hour: (time / MICROS_PER_HOUR) as i32,
            minute: (time / MICROS_PER_MINUTE % 60) as i32,
            second: (time / MICROS_PER_SECOND % 60) as i32,
            micros: (time % MICROS_PER_SECOND) as i32,
            ..self
        }
    }

    pub fn days(&self) -> i64 {
        days(self.year, self.month, self.day)
    }

    /// Microseconds since midnight.
    pub fn time(&self) -> i64 {
        i64::from(self.hour) * MICROS_PER_HOUR
            + i64::from(self.minute) * MICROS_PER_MINUTE
            + i64::from(self.second) * MICROS_PER_SECOND
            + i64::from(self.micros)
    }

    /// As a timestamp without zone; `None` when out of PostgreSQL's range. `east` is subtracted (seconds).
    pub fn timestamp(&self, east: i32) -> Option<i64> {
        if !valid_julian(self.year, self.month) {
            return None;
        }
        let local = i128::from(self.days()) * i128::from(MICROS_PER_DAY) + i128::from(self.time());
        let value = i64::try_from(local - i128::from(east) * i128::from(MICROS_PER_SECOND)).ok()?;
        valid_timestamp(value).then_some(value)
    }

    /// Day of week, Sunday = 0.
    pub fn weekday(&self) -> i32 {
        weekday(self.days())
    }

    /// Day of year from 1.
    pub fn year_day(&self) -> i32 {
        (self.days() - days(self.year, 1, 1)) as i32 + 1
    }
}

/// Days since 2000-01-01 of a civil date (month may lie outside 1..12; day too).
pub fn days(year: i32, month: i32, day: i32) -> i64 {
    let months = i64::from(year) * 12 + i64::from(month) - 1;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
    // Years start in March so that the leap day comes last.
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 730_425
}

/// Year, month and day of days since 2000-01-01.
pub fn civil(days: i64) -> (i32, i32, i32) {
    let shifted = days + 730_425;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    ((year + era * 400 + carry) as i32, month as i32, day as i32)
}

/// Sunday = 0.
pub fn weekday(days: i64) -> i32 {
    // 2000-01-01 was a Saturday.
    (days + 6).rem_euclid(7) as i32
}

pub fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub fn month_length(year: i32, month: i32) -> i32 {
    match month {
        2 => 28 + i32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Within the range of PostgreSQL's Julian day routines.
pub fn valid_julian(year: i32, month: i32) -> bool {
    (year > -4713 || (year == -4713 && month >= 11)) && (year < 5_874_898 || (year == 5_874_898 && month < 6))
}

pub fn valid_timestamp(value: i64) -> bool {
    (MIN_TIMESTAMP..END_TIMESTAMP).contains(&value)
}

pub fn valid_date(days: i64) -> bool {
    (-EPOCH_JULIAN..END_DATE).contains(&days)
}

/// ISO week number of a date.
pub fn iso_week(days_since: i64) -> i32 {
    let monday = iso_week_start(iso_year(days_since));
    ((days_since - monday) / 7) as i32 + 1
}

/// ISO year of a date (astronomical).
pub fn iso_year(days_since: i64) -> i32 {
    // The Thursday of the week decides.
    let thursday = days_since - i64::from((weekday(days_since) + 6) % 7) + 3;
    civil(thursday).0
}

/// The Monday of ISO week 1 of a year.
pub fn iso_week_start(year: i32) -> i64 {
    let fourth = days(year, 1, 4);
    fourth - i64::from((weekday(fourth) + 6) % 7)
}

/// 22008 with PostgreSQL's words for a timestamp result that cannot be represented.
pub fn timestamp_out_of_range() -> Error {
    Error::new(SqlState::DATETIME_FIELD_OVERFLOW, "timestamp out of range")
}

pub fn date_out_of_range() -> Error {
    Error::new(SqlState::DATETIME_FIELD_OVERFLOW, "date out of range")
}

pub fn interval_out_of_range() -> Error {
    Error::new(SqlState::DATETIME_FIELD_OVERFLOW, "interval out of range")
}

/// Passes a finite timestamp that is in range.
pub fn checked(value: i64) -> Result<i64> {
    if valid_timestamp(value) { Ok(value) } else { Err(timestamp_out_of_range()) }
}
