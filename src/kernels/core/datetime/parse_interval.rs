//! Reads intervals: PostgreSQL's verbose form, SQL's, and both ISO 8601 forms.

use super::calendar::{MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND};
use super::parse::clock;
use super::scan::{self, Fault, Kind, Read};
use super::words::{self, Span, Unit};
use crate::kernels::IntervalStyle;
use crate::types::Interval;

/// The fields of an interval typmod (`interval day to second`).
pub mod range {
    pub const MONTH: i32 = 0x0002;
    pub const YEAR: i32 = 0x0004;
    pub const DAY: i32 = 0x0008;
    pub const HOUR: i32 = 0x0400;
    pub const MINUTE: i32 = 0x0800;
    pub const SECOND: i32 = 0x1000;
    pub const FULL: i32 = 0x7fff;
}

/// Sums up while fields are read; every step is checked.
#[derive(Default)]
struct Sum {
    years: i32,
    months: i32,
    days: i32,
    micros: i64,
}

impl Sum {
    fn micros(&mut self, value: i64, fraction: f64, scale: i64) -> Read<()> {
        let product = value.checked_mul(scale).ok_or(Fault::Overflow)?;
        self.micros = self.micros.checked_add(product).ok_or(Fault::Overflow)?;
        self.fraction_micros(fraction, scale)
    }

    /// A fraction of a unit of `scale` microseconds, rounded (halves are dropped).
    fn fraction_micros(&mut self, fraction: f64, scale: i64) -> Read<()> {
        if fraction == 0.0 {
            return Ok(());
        }
        let exact = fraction * scale as f64;
        let whole = exact as i64;
        let rest = exact - whole as f64;
        let whole = whole + i64::from(rest > 0.5) - i64::from(rest < -0.5);
        self.micros = self.micros.checked_add(whole).ok_or(Fault::Overflow)?;
        Ok(())
    }

    fn days(&mut self, value: i64, scale: i32) -> Read<()> {
        let value = i32::try_from(value).ok().and_then(|value| value.checked_mul(scale)).ok_or(Fault::Overflow)?;
        self.days = self.days.checked_add(value).ok_or(Fault::Overflow)?;
        Ok(())
    }

    fn fraction_days(&mut self, fraction: f64, scale: i32) -> Read<()> {
        if fraction == 0.0 {
            return Ok(());
        }
        let exact = fraction * f64::from(scale);
        let whole = exact as i32;
        self.days = self.days.checked_add(whole).ok_or(Fault::Overflow)?;
        self.fraction_micros(exact - f64::from(whole), MICROS_PER_DAY)
    }

    fn months(&mut self, value: i64) -> Read<()> {
        let value = i32::try_from(value).map_err(|_| Fault::Overflow)?;
        self.months = self.months.checked_add(value).ok_or(Fault::Overflow)?;
        Ok(())
    }

    fn years(&mut self, value: i64, fraction: f64, scale: i32) -> Read<()> {
        let value = i32::try_from(value).ok().and_then(|value| value.checked_mul(scale)).ok_or(Fault::Overflow)?;
        self.years = self.years.checked_add(value).ok_or(Fault::Overflow)?;
        self.fraction_years(fraction, scale)
    }

    fn fraction_years(&mut self, fraction: f64, scale: i32) -> Read<()> {
        let extra = (fraction * f64::from(scale) * 12.0).round_ties_even() as i32;
        self.months = self.months.checked_add(extra).ok_or(Fault::Overflow)?;
        Ok(())
    }

    fn finish(self) -> Read<Option<Interval>> {
        let months = i64::from(self.years) * 12 + i64::from(self.months);
        Ok(i32::try_from(months).ok().map(|months| Interval { months, days: self.days, micros: self.micros }))
    }
}

/// An interval text. `Ok(None)`: well formed, but the months do not fit ("interval out of range").
pub fn interval(style: IntervalStyle, fields: i32, text: &str) -> Read<Option<Interval>> {
    match verbose(style, fields, text) {
        Err(Fault::Format) => iso(text),
        other => other,
    }
    .map_err(|fault| if fault == Fault::Overflow { Fault::Interval } else { fault })
}

/// The unit of a number without one, by the type's fields.
fn last_unit(fields: i32) -> Unit {
    match fields {
        range::YEAR => Unit::Year,
        range::FULL => Unit::Second,
        fields if fields & range::SECOND != 0 => Unit::Second,
        fields if fields & range::MINUTE != 0 => Unit::Minute,
        fields if fields & range::HOUR != 0 => Unit::Hour,
        fields if fields & range::DAY != 0 => Unit::Day,
        fields if fields & range::MONTH != 0 => Unit::Month,
        _ => Unit::Second,
    }
}

fn verbose(style: IntervalStyle, range: i32, text: &str) -> Read<Option<Interval>> {
    let fields = scan::fields(text, 25, 256)?;
    let mut sum = Sum::default();
    let mut known: u32 = 0;
    let mut unit: Option<Unit> = None;
    let mut ago = false;
    // In SQL's style a sign in front belongs to all fields, unless others have their own.
    let negative = style == IntervalStyle::SqlStandard
        && fields.first().is_some_and(|field| field.text.starts_with('-'))
        && !fields[1..].iter().any(|field| field.text.starts_with(['-', '+']));
    for field in fields.iter().rev() {
        let text = field.text.as_str();
        let found = match field.kind {
            Kind::Time => {
                let micros = clock_micros(text, range)?;
                sum.micros += if negative { -micros } else { micros };
                unit = Some(Unit::Day);
                TIME
            }
            Kind::Zone if text[1..].contains(':') && clock_micros(&text[1..], range).is_ok() => {
                let micros = clock_micros(&text[1..], range)?;
                sum.micros += if negative || text.starts_with('-') { -micros } else { micros };
                unit = Some(Unit::Day);
                TIME
            }
            Kind::Zone | Kind::Date | Kind::Number => {
                let minus = text.starts_with('-');
                let this = unit.unwrap_or_else(|| last_unit(range));
                let (mut value, rest) = scan::wide(text)?;
                let mut fraction = 0.0;
                let mut this = this;
                if let Some(months) = rest.strip_prefix('-') {
                    // SQL's "years-months"
                    let (months, rest) = scan::integer(months)?;
                    if !(0..12).contains(&months) {
                        return Err(Fault::Overflow);
                    }
                    if !rest.is_empty() {
                        return Err(Fault::Format);
                    }
                    this = Unit::Month;
                    let months = i64::from(if minus { -months } else { months });
                    value = value.checked_mul(12).and_then(|value| value.checked_add(months)).ok_or(Fault::Overflow)?;
                } else if rest.starts_with('.') {
                    fraction = scan::fraction(rest)?;
                    if minus {
                        fraction = -fraction;
                    }
                } else if !rest.is_empty() {
                    return Err(Fault::Format);
                }
                unit = Some(this);
                if negative {
                    value = if value > 0 { -value } else { value };
                    fraction = if fraction > 0.0 { -fraction } else { fraction };
                }
                add(&mut sum, this, value, fraction)?
            }
            Kind::Text | Kind::Special => {
                let word = words::span(text).or_else(|| match words::special(text) {
                    Some(words::Word::Unit(unit)) => Some(Span::Unit(unit)),
                    _ => None,
                });
                match word {
                    Some(Span::Ignored) => continue,
                    Some(Span::Unit(word)) => unit = Some(word),
                    Some(Span::Ago) => {
                        ago = true;
                        unit = None;
                    }
                    None => return Err(Fault::Format),
                }
                0
            }
        };
        if found & known != 0 {
            return Err(Fault::Format);
        }
        known |= found;
    }
    if known == 0 {
        return Err(Fault::Format);
    }
    if ago {
        sum.micros = sum.micros.checked_neg().ok_or(Fault::Overflow)?;
        sum.days = sum.days.checked_neg().ok_or(Fault::Overflow)?;
        sum.months = sum.months.checked_neg().ok_or(Fault::Overflow)?;
        sum.years = sum.years.checked_neg().ok_or(Fault::Overflow)?;
    }
    sum.finish()
}

const HOUR: u32 = 1;
const MINUTE: u32 = 2;
const SECOND: u32 = 4;
const MILLISECOND: u32 = 8;
const MICROSECOND: u32 = 16;
const TIME: u32 = HOUR | MINUTE | SECOND | MILLISECOND | MICROSECOND;

fn add(sum: &mut Sum, unit: Unit, value: i64, fraction: f64) -> Read<u32> {
    Ok(match unit {
        Unit::Microsecond => {
            sum.micros(value, fraction, 1)?;
            MICROSECOND
        }
        Unit::Millisecond => {
            sum.micros(value, fraction, 1000)?;
            MILLISECOND
        }
        Unit::Second => {
            sum.micros(value, fraction, MICROS_PER_SECOND)?;
            if fraction == 0.0 { SECOND } else { SECOND | MILLISECOND | MICROSECOND }
        }
        Unit::Minute => {
            sum.micros(value, fraction, MICROS_PER_MINUTE)?;
            MINUTE
        }
        Unit::Hour => {
            sum.micros(value, fraction, MICROS_PER_HOUR)?;
            HOUR
        }
        Unit::Day => {
            sum.days(value, 1)?;
            sum.fraction_micros(fraction, MICROS_PER_DAY)?;
            32
        }
        Unit::Week => {
            sum.days(value, 7)?;
            sum.fraction_days(fraction, 7)?;
            64
        }
        Unit::Month => {
            sum.months(value)?;
            sum.fraction_days(fraction, 30)?;
            128
        }
        Unit::Year => {
            sum.years(value, fraction, 1)?;
            256
        }
        Unit::Decade => {
            sum.years(value, fraction, 10)?;
            512
        }
        Unit::Century => {
            sum.years(value, fraction, 100)?;
            1024
        }
        Unit::Millennium => {
            sum.years(value, fraction, 1000)?;
            2048
        }
        _ => return Err(Fault::Format),
    })
}

fn clock_micros(text: &str, range: i32) -> Read<i64> {
    let (mut hour, mut minute, mut second, micros) = clock(text)?;
    // Two fields of a "minute to second" are minutes and seconds.
    if range == range::MINUTE | range::SECOND && text.matches(':').count() == 1 && !text.contains('.') {
        second = minute;
        minute = i32::try_from(hour).map_err(|_| Fault::Overflow)?;
        hour = 0;
    }
    hour.checked_mul(MICROS_PER_HOUR)
        .and_then(|sum| sum.checked_add(i64::from(minute) * MICROS_PER_MINUTE))
        .and_then(|sum| sum.checked_add(i64::from(second) * MICROS_PER_SECOND + i64::from(micros)))
        .ok_or(Fault::Overflow)
}

/// A signed decimal of the ISO forms: (whole, fraction, rest).
fn iso_number(text: &str) -> Read<(i64, f64, &str)> {
    let bytes = text.as_bytes();
    if !bytes.first().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'+')) {
        return Err(Fault::Format);
    }
    let signed = usize::from(text.starts_with(['-', '+']));
    let digits = text[signed..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = signed + digits;
    if text[end..].starts_with('.') {
        end += 1 + text[end + 1..].bytes().take_while(u8::is_ascii_digit).count();
    }
    let mut exponent = end;
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['-', '+']));
        let count = text[end + 1 + sign..].bytes().take_while(u8::is_ascii_digit).count();
        if count > 0 {
            exponent = end + 1 + sign + count;
        }
    }
    let value: f64 = text[..exponent].parse().map_err(|_| Fault::Format)?;
    if !(-1.0e15..=1.0e15).contains(&value) {
        return Err(Fault::Overflow);
    }
    let whole = value.trunc();
    Ok((whole as i64, value - whole, &text[exponent..]))
}

/// The digits before a decimal point or unit.
fn integer_width(text: &str) -> usize {
    text.strip_prefix('-').unwrap_or(text).bytes().take_while(u8::is_ascii_digit).count()
}

/// ISO 8601: `P1Y2M3DT4H5M6S`, `P0001-02-03T04:05:06`.
fn iso(text: &str) -> Read<Option<Interval>> {
    if text.len() < 2 || !text.starts_with('P') {
        return Err(Fault::Format);
    }
    let mut rest = &text[1..];
    let mut sum = Sum::default();
    let (mut in_date, mut have_field) = (true, false);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            in_date = false;
            have_field = false;
            rest = after;
            continue;
        }
        let start = rest;
        let (value, fraction, after) = iso_number(rest)?;
        let mut units = after.chars();
        let unit = units.next();
        rest = units.as_str();
        if in_date {
            match unit {
                Some('Y') => sum.years(value, fraction, 1)?,
                Some('M') => {
                    sum.months(value)?;
                    sum.fraction_days(fraction, 30)?;
                }
                Some('W') => {
                    sum.days(value, 7)?;
                    sum.fraction_days(fraction, 7)?;
                }
                Some('D') => {
                    sum.days(value, 1)?;
                    sum.fraction_micros(fraction, MICROS_PER_DAY)?;
                }
                None | Some('T') if integer_width(start) == 8 && !have_field => {
                    // yyyymmdd
                    sum.years(value / 10000, 0.0, 1)?;
                    sum.months(value / 100 % 100)?;
                    sum.days(value % 100, 1)?;
                    sum.fraction_micros(fraction, MICROS_PER_DAY)?;
                    if unit.is_none() {
                        return sum.finish();
                    }
                    in_date = false;
                    have_field = false;
                    continue;
                }
                None | Some('T' | '-') => {
                    if have_field {
                        return Err(Fault::Format);
                    }
                    sum.years(value, fraction, 1)?;
                    match unit {
                        None => return sum.finish(),
                        Some('T') => {
                            in_date = false;
                            have_field = false;
                            continue;
                        }
                        _ => {}
                    }
                    let (value, fraction, after) = iso_number(rest)?;
                    sum.months(value)?;
                    sum.fraction_days(fraction, 30)?;
                    if after.is_empty() {
                        return sum.finish();
                    }
                    if let Some(after) = after.strip_prefix('T') {
                        in_date = false;
                        have_field = false;
                        rest = after;
                        continue;
                    }
                    let (value, fraction, after) = iso_number(after.strip_prefix('-').ok_or(Fault::Format)?)?;
                    sum.days(value, 1)?;
                    sum.fraction_micros(fraction, MICROS_PER_DAY)?;
                    if after.is_empty() {
                        return sum.finish();
                    }
                    rest = after.strip_prefix('T').ok_or(Fault::Format)?;
                    in_date = false;
                    have_field = false;
                    continue;
                }
                _ => return Err(Fault::Format),
            }
        } else {
            match unit {
                Some('H') => sum.micros(value, fraction, MICROS_PER_HOUR)?,
                Some('M') => sum.micros(value, fraction, MICROS_PER_MINUTE)?,
                Some('S') => sum.micros(value, fraction, MICROS_PER_SECOND)?,
                None if integer_width(start) == 6 && !have_field => {
                    sum.micros(value / 10000, 0.0, MICROS_PER_HOUR)?;
                    sum.micros(value / 100 % 100, 0.0, MICROS_PER_MINUTE)?;
                    sum.micros(value % 100, 0.0, MICROS_PER_SECOND)?;
                    sum.micros(0, fraction, 1)?;
                    return sum.finish();
                }
                None | Some(':') => {
                    if have_field {
                        return Err(Fault::Format);
                    }
                    sum.micros(value, fraction, MICROS_PER_HOUR)?;
                    if unit.is_none() {
                        return sum.finish();
                    }
                    let (value, fraction, after) = iso_number(rest)?;
                    sum.micros(value, fraction, MICROS_PER_MINUTE)?;
                    if after.is_empty() {
                        return sum.finish();
                    }
                    let (value, fraction, after) = iso_number(after.strip_prefix(':').ok_or(Fault::Format)?)?;
                    sum.micros(value, fraction, MICROS_PER_SECOND)?;
                    return if after.is_empty() { sum.finish() } else { Err(Fault::Format) };
                }
                _ => return Err(Fault::Format),
            }
        }
        have_field = true;
    }
    sum.finish()
}
