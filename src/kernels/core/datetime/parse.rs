//! Reads dates, times and timestamps in all of PostgreSQL's spellings.
//!
//! Fields are taken from left to right; a mask tells what is known already, and a field that would say the same thing twice is an
//! error. See <https://www.postgresql.org/docs/15/datetime-input-rules.html>.

use super::calendar::{self, Civil, MICROS_PER_DAY};
use super::scan::{self, Fault, Field, Kind, Read};
use super::words::{self, Unit, Word};
use super::zone::{self, Zone};
use crate::kernels::DateOrder;

const YEAR: u32 = 1;
const MONTH: u32 = 2;
const DAY: u32 = 4;
const HOUR: u32 = 8;
const MINUTE: u32 = 16;
const SECOND: u32 = 32;
const FRACTION: u32 = 64;
const ZONE: u32 = 128;
const DAYLIGHT: u32 = 256;
const YEAR_DAY: u32 = 512;
const HALF: u32 = 1024;
const ERA: u32 = 2048;
const WEEKDAY: u32 = 4096;
const WHOLE: u32 = 8192;
const DAYLIGHT_ZONE: u32 = 16384;
const DATE: u32 = YEAR | MONTH | DAY;
const TIME: u32 = HOUR | MINUTE | SECOND | FRACTION;

/// What reading needs besides the text.
pub struct Setting<'a> {
    pub order: DateOrder,
    pub zone: &'a Zone,
    /// `now()`.
    pub now: i64,
}

/// A date with time and offset, or one of the ends of time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Moment {
    Epoch,
    Infinity,
    MinusInfinity,
    /// Local time and seconds east of UTC.
    Local(Civil, i32),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mode {
    /// date, timestamp, timestamptz
    Full,
    /// time, timetz (a date and a zone may stand beside the time; time drops them)
    Time,
}

struct Reader<'a> {
    setting: &'a Setting<'a>,
    mode: Mode,
    known: u32,
    civil: Civil,
    year_day: i32,
    text_month: bool,
    two_digits: bool,
    julian: bool,
    before_christ: bool,
    half: Option<Word>,
    /// Seconds east of UTC.
    east: i32,
    named: Option<Zone>,
    dynamic: Option<(Zone, String)>,
    /// A label seen, whose number follows.
    prefix: Option<Label>,
    end: Option<Moment>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Label {
    Time,
    Unit(Unit),
}

/// date, timestamp, timestamptz.
pub fn moment(setting: &Setting<'_>, text: &str) -> Read<Moment> {
    let fields = scan::fields(text, 25, 128 + 25)?;
    Reader::new(setting, Mode::Full).read_full(&fields)
}

/// time and timetz: microseconds since midnight and seconds east of UTC.
pub fn time(setting: &Setting<'_>, text: &str) -> Read<(i64, i32)> {
    let fields = scan::fields(text, 25, 128)?;
    Reader::new(setting, Mode::Time).read_time(&fields)
}

impl<'a> Reader<'a> {
    fn new(setting: &'a Setting<'a>, mode: Mode) -> Reader<'a> {
        Reader {
            setting,
            mode,
            known: 0,
            civil: Civil::default(),
            year_day: 0,
            text_month: false,
            two_digits: false,
            julian: false,
            before_christ: false,
            half: None,
            east: 0,
            named: None,
            dynamic: None,
            prefix: None,
            end: None,
        }
    }

    fn now(&self) -> (Civil, i32) {
        let east = self.setting.zone.east_at(self.setting.now);
        (Civil::from_micros(self.setting.now + i64::from(east) * 1_000_000), east)
    }

    fn read_full(mut self, fields: &[Field]) -> Read<Moment> {
        for (index, field) in fields.iter().enumerate() {
            let found = match field.kind {
                Kind::Date => self.full_date_field(&field.text)?,
                Kind::Time => self.time_field(&field.text)?,
                Kind::Zone => {
                    self.east = scan::displacement(&field.text)?;
                    ZONE
                }
                Kind::Number if self.prefix.is_some() => self.labelled(&field.text)?,
                Kind::Number => {
                    let (text, point) = (field.text.as_str(), field.text.find('.'));
                    if point.is_some() && self.known & DATE == 0 {
                        self.date(text)?
                    } else if point.is_some_and(|point| point > 2)
                        || point.is_none() && text.len() >= 6 && (self.known & DATE == 0 || self.known & TIME == 0)
                    {
                        self.run_together(text, self.known)?
                    } else {
                        self.number(text, self.text_month, self.known)?
                    }
                }
                Kind::Text | Kind::Special => match self.word(&field.text, fields, index)? {
                    Some(found) => found,
                    None => continue,
                },
            };
            if found & self.known != 0 {
                return Err(Fault::Format);
            }
            self.known |= found;
        }
        if let Some(end) = self.end {
            return Ok(end);
        }
        self.validate()?;
        self.apply_half()?;
        if self.known & DATE != DATE {
            return Err(Fault::Format);
        }
        if self.named.is_some() || self.known & ZONE == 0 {
            if self.known & DAYLIGHT != 0 {
                return Err(Fault::Format);
            }
            let zone = self.named.as_ref().unwrap_or(self.setting.zone);
            self.east = self.local_offset(zone);
        } else if let Some((zone, word)) = &self.dynamic {
            if self.known & DAYLIGHT != 0 {
                return Err(Fault::Format);
            }
            self.east = zone::dynamic_east_of_local(zone, word, &self.civil);
        }
        Ok(Moment::Local(self.civil, self.east))
    }

    fn read_time(mut self, fields: &[Field]) -> Read<(i64, i32)> {
        let count = fields.len();
        let last_kind = fields.last().map(|field| field.kind);
        for (index, field) in fields.iter().enumerate() {
            let text = field.text.as_str();
            let found = match field.kind {
                Kind::Date => {
                    if index == 0 && count >= 2 && (last_kind == Some(Kind::Date) || fields[1].kind == Kind::Time) {
                        self.date(text)?
                    } else if text.starts_with(|c: char| c.is_ascii_digit()) {
                        self.time_with_offset(text, self.known | DATE)?
                    } else {
                        self.named = Some(Zone::find(text).ok_or_else(|| Fault::Zone(text.to_owned()))?);
                        ZONE
                    }
                }
                Kind::Time => self.time_field(text)?,
                Kind::Zone => {
                    self.east = scan::displacement(text)?;
                    ZONE
                }
                Kind::Number => {
                    if self.prefix.is_some() {
                        self.labelled(text)?
                    } else if let Some(point) = text.find('.') {
                        if index == 0 && count >= 2 && last_kind == Some(Kind::Date) {
                            self.date(text)?
                        } else if point > 2 {
                            self.run_together(text, self.known | DATE)?
                        } else {
                            return Err(Fault::Format);
                        }
                    } else if text.len() > 4 {
                        self.run_together(text, self.known | DATE)?
                    } else {
                        self.number(text, false, self.known | DATE)?
                    }
                }
                Kind::Text | Kind::Special => match self.word(text, fields, index)? {
                    Some(found) => found,
                    None => continue,
                },
            };
            if found & self.known != 0 {
                return Err(Fault::Format);
            }
            self.known |= found;
        }
        self.validate()?;
        self.apply_half()?;
        if self.civil.time() > MICROS_PER_DAY {
            return Err(Fault::Overflow);
        }
        if self.known & TIME != TIME {
            return Err(Fault::Format);
        }
        if let Some(zone) = self.named.clone() {
            if self.known & DAYLIGHT != 0 {
                return Err(Fault::Format);
            }
            self.east = match zone.constant() {
                Some(east) => east,
                None if self.known & DATE != DATE => return Err(Fault::Format),
                None => self.local_offset(&zone),
            };
        } else if self.known & ZONE == 0 || self.dynamic.is_some() {
            if self.known & DAYLIGHT != 0 {
                return Err(Fault::Format);
            }
            let mut at = self.civil;
            if self.known & DATE == 0 {
                let (today, _) = self.now();
                (at.year, at.month, at.day) = (today.year, today.month, today.day);
            } else if self.known & DATE != DATE {
                return Err(Fault::Format);
            }
            self.east = match &self.dynamic {
                Some((zone, word)) => zone::dynamic_east_of_local(zone, word, &at),
                None => self.setting.zone.east_of_local(&at),
            };
        }
        Ok((self.civil.time(), self.east))
    }

    fn local_offset(&self, zone: &Zone) -> i32 {
        if calendar::valid_julian(self.civil.year, self.civil.month) { zone.east_of_local(&self.civil) } else { 0 }
    }

    fn full_date_field(&mut self, text: &str) -> Read<u32> {
        if self.prefix == Some(Label::Unit(Unit::Julian)) {
            // A Julian day with a zone attached: J2451187-8.
            let (value, rest) = scan::integer(text)?;
            if value < 0 {
                return Err(Fault::Overflow);
            }
            self.set_julian(value);
            self.east = scan::displacement(rest)?;
            self.prefix = None;
            return Ok(DATE | TIME | ZONE);
        }
        if self.prefix.is_none() && self.known & (MONTH | DAY) != MONTH | DAY {
            return self.date(text);
        }
        if self.prefix.is_some() || text.starts_with(|c: char| c.is_ascii_digit()) {
            if !matches!(self.prefix.take(), None | Some(Label::Time)) {
                return Err(Fault::Format);
            }
            self.time_with_offset(text, self.known)
        } else {
            self.named = Some(Zone::find(text).ok_or_else(|| Fault::Zone(text.to_owned()))?);
            Ok(ZONE)
        }
    }

    /// `hhmmss-zz`
    fn time_with_offset(&mut self, text: &str, known: u32) -> Read<u32> {
        if self.known & TIME == TIME {
            return Err(Fault::Format);
        }
        let dash = text.find('-').ok_or(Fault::Format)?;
        self.east = scan::displacement(&text[dash..])?;
        Ok(self.run_together(&text[..dash], known)? | ZONE)
    }

    fn set_julian(&mut self, value: i32) {
        let (year, month, day) = calendar::civil(i64::from(value) - calendar::EPOCH_JULIAN);
        (self.civil.year, self.civil.month, self.civil.day) = (year, month, day);
        self.julian = true;
    }

    /// `hh:mm`, `hh:mm:ss.fff`; `mm:ss.fff`.
    fn time_field(&mut self, text: &str) -> Read<u32> {
        if self.prefix.take().is_some_and(|label| label != Label::Time) {
            return Err(Fault::Format);
        }
        let (hour, minute, second, micros) = clock(text)?;
        let hour = i32::try_from(hour).map_err(|_| Fault::Overflow)?;
        if self.mode == Mode::Full && (hour > 24 || hour == 24 && (minute > 0 || second > 0 || micros > 0)) {
            return Err(Fault::Overflow);
        }
        (self.civil.hour, self.civil.minute, self.civil.second, self.civil.micros) = (hour, minute, second, micros);
        Ok(TIME)
    }

    /// The number after a label.
    fn labelled(&mut self, text: &str) -> Read<u32> {
        let Some(label) = self.prefix.take() else { return Err(Fault::Format) };
        let (value, rest) = scan::integer(text)?;
        if rest.starts_with('.') {
            if !matches!(label, Label::Time | Label::Unit(Unit::Julian | Unit::Second)) {
                return Err(Fault::Format);
            }
        } else if !rest.is_empty() {
            return Err(Fault::Format);
        }
        let civil = &mut self.civil;
        Ok(match label {
            Label::Time => {
                let found = self.run_together(text, self.known | DATE)?;
                if found != TIME {
                    return Err(Fault::Format);
                }
                found
            }
            Label::Unit(Unit::Year) => {
                civil.year = value;
                YEAR
            }
            Label::Unit(Unit::Month) if self.known & MONTH != 0 && self.known & HOUR != 0 => {
                civil.minute = value;
                MINUTE
            }
            Label::Unit(Unit::Month) => {
                civil.month = value;
                MONTH
            }
            Label::Unit(Unit::Day) => {
                civil.day = value;
                DAY
            }
            Label::Unit(Unit::Hour) => {
                civil.hour = value;
                HOUR
            }
            Label::Unit(Unit::Minute) => {
                civil.minute = value;
                MINUTE
            }
            Label::Unit(Unit::Second) => {
                civil.second = value;
                if rest.starts_with('.') {
                    civil.micros = scan::micros(rest)?;
                    SECOND | FRACTION
                } else {
                    SECOND
                }
            }
            Label::Unit(Unit::Julian) => {
                if value < 0 {
                    return Err(Fault::Overflow);
                }
                self.set_julian(value);
                if rest.starts_with('.') {
                    let time = scan::fraction(rest)? * MICROS_PER_DAY as f64;
                    self.civil = self.civil.with_time(time as i64);
                    DATE | TIME
                } else {
                    DATE
                }
            }
            Label::Unit(_) => return Err(Fault::Format),
        })
    }

    /// A word; `None` when it says nothing.
    fn word(&mut self, text: &str, fields: &[Field], index: usize) -> Read<Option<u32>> {
        if let Some(word) = zone::abbreviation(text) {
            match word {
                zone::Word::Fixed(east, _) => self.east = east,
                zone::Word::Dynamic(zone, word) => self.dynamic = Some((zone, word)),
            }
            return Ok(Some(ZONE));
        }
        let full = self.mode == Mode::Full;
        let Some(word) = words::special(text) else {
            self.named = Some(Zone::find(text).ok_or(Fault::Format)?);
            return Ok(Some(ZONE));
        };
        Ok(Some(match word {
            Word::Ignored => return Ok(None),
            Word::Now => {
                let (now, east) = self.now();
                self.civil = now;
                self.east = east;
                if full { DATE | TIME | ZONE } else { TIME }
            }
            Word::Today | Word::Tomorrow | Word::Yesterday if full => {
                let (now, _) = self.now();
                let shift = match word {
                    Word::Tomorrow => 1,
                    Word::Yesterday => -1,
                    _ => 0,
                };
                let (year, month, day) = calendar::civil(now.days() + shift);
                (self.civil.year, self.civil.month, self.civil.day) = (year, month, day);
                DATE
            }
            Word::Allballs => {
                (self.civil.hour, self.civil.minute, self.civil.second, self.civil.micros) = (0, 0, 0, 0);
                self.east = 0;
                TIME | ZONE
            }
            Word::Epoch | Word::Infinity | Word::MinusInfinity if full => {
                self.end = Some(match word {
                    Word::Epoch => Moment::Epoch,
                    Word::Infinity => Moment::Infinity,
                    _ => Moment::MinusInfinity,
                });
                WHOLE
            }
            Word::Month(month) if full => {
                let mut found = MONTH;
                if self.known & MONTH != 0
                    && !self.text_month
                    && self.known & DAY == 0
                    && (1..=31).contains(&self.civil.month)
                {
                    // The number read as a month was the day.
                    self.civil.day = self.civil.month;
                    found = DAY;
                }
                self.text_month = true;
                self.civil.month = month;
                found
            }
            Word::Daylight => {
                self.east += 3600;
                DAYLIGHT | DAYLIGHT_ZONE
            }
            Word::Am | Word::Pm => {
                self.half = Some(word);
                HALF
            }
            Word::Ad | Word::Bc => {
                self.before_christ = word == Word::Bc;
                ERA
            }
            Word::Weekday if full => WEEKDAY,
            Word::Unit(unit) => {
                self.prefix = Some(Label::Unit(unit));
                0
            }
            Word::IsoTime => {
                let next = fields.get(index + 1).map(|field| field.kind);
                if full && self.known & DATE != DATE || !matches!(next, Some(Kind::Number | Kind::Time | Kind::Date)) {
                    return Err(Fault::Format);
                }
                self.prefix = Some(Label::Time);
                0
            }
            _ => return Err(Fault::Format),
        }))
    }

    /// A field with delimiters that is a whole date.
    fn date(&mut self, text: &str) -> Read<u32> {
        let mut parts: Vec<Option<&str>> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() && parts.len() < 25 {
            rest = rest.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
            if rest.is_empty() {
                return Err(Fault::Format);
            }
            let numeric = rest.as_bytes()[0].is_ascii_digit();
            let length =
                rest.bytes().take_while(|b| if numeric { b.is_ascii_digit() } else { b.is_ascii_alphabetic() }).count();
            parts.push(Some(&rest[..length]));
            // The character after a part is its delimiter, whatever it is.
            rest = rest.get(length + 1..).unwrap_or("");
        }
        let (mut known, mut found, mut text_month) = (self.known, 0, false);
        for part in &mut parts {
            if let Some(word) = part.filter(|word| word.as_bytes()[0].is_ascii_alphabetic()) {
                match words::special(word) {
                    Some(Word::Ignored) => continue,
                    Some(Word::Month(month)) => self.civil.month = month,
                    _ => return Err(Fault::Format),
                }
                text_month = true;
                if known & MONTH != 0 {
                    return Err(Fault::Format);
                }
                known |= MONTH;
                found |= MONTH;
                *part = None;
            }
        }
        for part in parts.into_iter().flatten() {
            let piece = self.number(part, text_month, known)?;
            if known & piece != 0 {
                return Err(Fault::Format);
            }
            known |= piece;
            found |= piece;
        }
        if known & !(YEAR_DAY | ZONE) != DATE {
            return Err(Fault::Format);
        }
        Ok(found)
    }

    /// One number, whose place and length tell what it is.
    fn number(&mut self, text: &str, text_month: bool, known: u32) -> Read<u32> {
        let (value, rest) = scan::integer(text)?;
        if rest.len() == text.len() {
            return Err(Fault::Format);
        }
        if rest.starts_with('.') {
            if text.len() - rest.len() > 2 {
                return self.run_together(text, known | DATE);
            }
            self.civil.micros = scan::micros(rest)?;
        } else if !rest.is_empty() {
            return Err(Fault::Format);
        }
        let length = text.len();
        if length == 3 && known & DATE == YEAR && (1..=366).contains(&value) {
            self.year_day = value;
            return Ok(YEAR_DAY | MONTH | DAY);
        }
        let order = self.setting.order;
        let found = match known & DATE {
            0 if length >= 3 || order == DateOrder::Ymd => YEAR,
            0 if order == DateOrder::Dmy => DAY,
            0 | YEAR | DAY => MONTH,
            MONTH if text_month && (length >= 3 || order == DateOrder::Ymd) => YEAR,
            MONTH => DAY,
            have if have == YEAR | MONTH => {
                if text_month && length >= 3 && self.two_digits {
                    // What was taken for a year was the day.
                    self.civil.day = self.civil.year;
                    self.civil.year = value;
                    self.two_digits = false;
                    return Ok(DAY);
                }
                DAY
            }
            have if have == MONTH | DAY => YEAR,
            DATE => return self.run_together(text, known),
            _ => return Err(Fault::Format),
        };
        match found {
            YEAR => {
                self.civil.year = value;
                self.two_digits = length <= 2;
            }
            MONTH => self.civil.month = value,
            _ => self.civil.day = value,
        }
        Ok(found)
    }

    /// `yyyymmdd`, `hhmmss`, `hhmm`, with fraction.
    fn run_together(&mut self, text: &str, known: u32) -> Read<u32> {
        let (digits, micros) = match text.find('.') {
            Some(point) => (&text[..point], Some(scan::micros(&text[point..])?)),
            None => (text, None),
        };
        let length = digits.len();
        let part = |range: std::ops::Range<usize>| -> Read<i32> {
            let text = digits.get(range).ok_or(Fault::Format)?;
            // atoi: whatever does not fit is not checked here, the range checks that follow refuse it.
            Ok(scan::integer(text).map_or(i32::MAX, |(value, _)| value))
        };
        if let Some(micros) = micros {
            self.civil.micros = micros;
        } else if known & DATE != DATE && length >= 6 {
            self.civil.day = part(length - 2..length)?;
            self.civil.month = part(length - 4..length - 2)?;
            self.civil.year = part(0..length - 4)?;
            self.two_digits = length == 6;
            return Ok(DATE);
        }
        if known & TIME != TIME && (length == 6 || length == 4) {
            self.civil.second = if length == 6 { part(4..6)? } else { 0 };
            self.civil.minute = part(2..4)?;
            self.civil.hour = part(0..2)?;
            return Ok(TIME);
        }
        Err(Fault::Format)
    }

    fn validate(&mut self) -> Read<()> {
        let civil = &mut self.civil;
        if self.known & YEAR != 0 && !self.julian {
            if self.before_christ {
                if civil.year <= 0 {
                    return Err(Fault::Overflow);
                }
                civil.year = 1 - civil.year;
            } else if self.two_digits {
                if civil.year < 0 {
                    return Err(Fault::Overflow);
                }
                civil.year += match civil.year {
                    0..70 => 2000,
                    70..100 => 1900,
                    _ => 0,
                };
            } else if civil.year <= 0 {
                return Err(Fault::Overflow);
            }
        }
        if self.known & YEAR_DAY != 0 {
            let start = calendar::days(civil.year, 1, 1);
            (civil.year, civil.month, civil.day) = calendar::civil(start + i64::from(self.year_day) - 1);
        }
        if self.known & MONTH != 0 && !(1..=12).contains(&civil.month)
            || self.known & DAY != 0 && !(1..=31).contains(&civil.day)
        {
            return Err(Fault::MonthOrDay);
        }
        if self.known & DATE == DATE && civil.day > calendar::month_length(civil.year, civil.month) {
            return Err(Fault::Overflow);
        }
        Ok(())
    }

    fn apply_half(&mut self) -> Read<()> {
        let Some(half) = self.half else { return Ok(()) };
        if self.civil.hour > 12 {
            return Err(Fault::Overflow);
        }
        if half == Word::Am && self.civil.hour == 12 {
            self.civil.hour = 0;
        } else if half == Word::Pm && self.civil.hour != 12 {
            self.civil.hour += 12;
        }
        Ok(())
    }
}

/// `h:m`, `h:m:s.f` or `m:s.f` as (hours, minutes, seconds, microseconds).
pub fn clock(text: &str) -> Read<(i64, i32, i32, i32)> {
    let (hour, rest) = scan::wide(text)?;
    let rest = rest.strip_prefix(':').ok_or(Fault::Format)?;
    let (minute, rest) = scan::integer(rest)?;
    let (hour, minute, second, micros) = if rest.is_empty() {
        (hour, minute, 0, 0)
    } else if rest.starts_with('.') {
        let hour = i32::try_from(hour).map_err(|_| Fault::Overflow)?;
        (0, hour, minute, scan::micros(rest)?)
    } else {
        let (second, rest) = scan::integer(rest.strip_prefix(':').ok_or(Fault::Format)?)?;
        let micros = if rest.is_empty() { 0 } else { scan::micros(rest)? };
        (hour, minute, second, micros)
    };
    if hour < 0 || !(0..60).contains(&minute) || !(0..=60).contains(&second) || !(0..=1_000_000).contains(&micros) {
        return Err(Fault::Overflow);
    }
    Ok((hour, minute, second, micros))
}
