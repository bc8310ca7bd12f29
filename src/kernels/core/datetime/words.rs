//! The words of date, time and interval texts.

/// A unit of time, in the order of PostgreSQL's documentation of `extract`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unit {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    Dow,
    Doy,
    Epoch,
    Isodow,
    Isoyear,
    Julian,
    Timezone,
    TimezoneHour,
    TimezoneMinute,
}

/// What a word in a date or time means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Word {
    Am,
    Pm,
    Ad,
    Bc,
    Allballs,
    Daylight,
    Epoch,
    Ignored,
    Infinity,
    MinusInfinity,
    IsoTime,
    /// 1 to 12.
    Month(i32),
    Now,
    Today,
    Tomorrow,
    /// A label that stands before its number (`y2001m02d04`, `J2451187`).
    Unit(Unit),
    Weekday,
    Yesterday,
}

/// Only the first ten characters of a word count.
fn key(word: &str) -> &str {
    word.get(..10).unwrap_or(word)
}

/// A word of a date or time, in lower case.
pub fn special(word: &str) -> Option<Word> {
    Some(match key(word) {
        "-infinity" => Word::MinusInfinity,
        "infinity" => Word::Infinity,
        "ad" => Word::Ad,
        "bc" => Word::Bc,
        "allballs" => Word::Allballs,
        "am" => Word::Am,
        "pm" => Word::Pm,
        "at" | "on" => Word::Ignored,
        "jan" | "january" => Word::Month(1),
        "feb" | "february" => Word::Month(2),
        "mar" | "march" => Word::Month(3),
        "apr" | "april" => Word::Month(4),
        "may" => Word::Month(5),
        "jun" | "june" => Word::Month(6),
        "jul" | "july" => Word::Month(7),
        "aug" | "august" => Word::Month(8),
        "sep" | "sept" | "september" => Word::Month(9),
        "oct" | "october" => Word::Month(10),
        "nov" | "november" => Word::Month(11),
        "dec" | "december" => Word::Month(12),
        "sun" | "sunday" | "mon" | "monday" | "tue" | "tues" | "tuesday" | "wed" | "wednesday" | "weds" | "thu"
        | "thur" | "thurs" | "thursday" | "fri" | "friday" | "sat" | "saturday" => Word::Weekday,
        "d" => Word::Unit(Unit::Day),
        "dow" => Word::Unit(Unit::Dow),
        "doy" => Word::Unit(Unit::Doy),
        "h" => Word::Unit(Unit::Hour),
        "isodow" => Word::Unit(Unit::Isodow),
        "isoyear" => Word::Unit(Unit::Isoyear),
        "j" | "jd" | "julian" => Word::Unit(Unit::Julian),
        "m" => Word::Unit(Unit::Month),
        "mm" => Word::Unit(Unit::Minute),
        "s" => Word::Unit(Unit::Second),
        "y" => Word::Unit(Unit::Year),
        "dst" => Word::Daylight,
        "epoch" => Word::Epoch,
        "now" => Word::Now,
        "t" => Word::IsoTime,
        "today" => Word::Today,
        "tomorrow" => Word::Tomorrow,
        "yesterday" => Word::Yesterday,
        _ => return None,
    })
}

/// What a word in an interval means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Span {
    Ago,
    Ignored,
    Unit(Unit),
}

/// A word of an interval, in lower case; the same words name the fields of `date_part` and `date_trunc`.
pub fn span(word: &str) -> Option<Span> {
    Some(Span::Unit(match key(word) {
        "@" => return Some(Span::Ignored),
        "ago" => return Some(Span::Ago),
        "c" | "cent" | "centuries" | "century" => Unit::Century,
        "d" | "day" | "days" => Unit::Day,
        "dec" | "decade" | "decades" | "decs" => Unit::Decade,
        "h" | "hour" | "hours" | "hr" | "hrs" => Unit::Hour,
        "m" | "min" | "mins" | "minute" | "minutes" => Unit::Minute,
        "microsecon" | "us" | "usec" | "usecond" | "useconds" | "usecs" => Unit::Microsecond,
        "mil" | "millennia" | "millennium" | "mils" => Unit::Millennium,
        "millisecon" | "ms" | "msec" | "msecond" | "mseconds" | "msecs" => Unit::Millisecond,
        "mon" | "mons" | "month" | "months" => Unit::Month,
        "qtr" | "quarter" => Unit::Quarter,
        "s" | "sec" | "second" | "seconds" | "secs" => Unit::Second,
        "timezone" => Unit::Timezone,
        "timezone_h" => Unit::TimezoneHour,
        "timezone_m" => Unit::TimezoneMinute,
        "w" | "week" | "weeks" => Unit::Week,
        "y" | "year" | "years" | "yr" | "yrs" => Unit::Year,
        _ => return None,
    }))
}
