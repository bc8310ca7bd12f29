//! Values of settings: checked and brought into canonical form as PostgreSQL does, and shown with their units.

use super::guc::{Guc, GucKind};
use super::zone;
use crate::error::{Error, Result, SqlState};
use crate::kernels::{DateOrder, DateOutput, DateStyle};

/// Settings that change what SQL means, where only this value is implemented.
const FIXED: &[(&str, &str)] = &[
    ("array_nulls", "on"),
    ("row_security", "on"),
    ("standard_conforming_strings", "on"),
    ("timezone_abbreviations", "Default"),
    ("transform_null_equals", "off"),
];

/// The canonical form (numbers in the base unit) of a value; `current` is the value before, which DateStyle completes.
pub(super) fn normalise(guc: &'static Guc, text: &str, current: &str) -> Result<String> {
    let value = match guc.kind {
        GucKind::Bool => {
            let message = || format!("parameter \"{}\" requires a Boolean value", guc.name);
            let flag = boolean(text).ok_or_else(|| Error::new(SqlState::INVALID_PARAMETER_VALUE, message()))?;
            if flag { "on".to_owned() } else { "off".to_owned() }
        }
        GucKind::Enum => word(guc, text)?,
        GucKind::Integer => number(guc, text)?.round_ties_even().to_string(),
        GucKind::Real => number(guc, text)?.to_string(),
        GucKind::String => string(guc, text, current)?,
    };
    if FIXED.iter().any(|(name, only)| *name == guc.name && !only.eq_ignore_ascii_case(&value)) {
        return Err(Error::unsupported(format!("value \"{value}\" of parameter \"{}\"", guc.name)));
    }
    Ok(value)
}

/// What SHOW prints for a canonical value.
pub(super) fn shown(guc: &Guc, value: &str) -> String {
    if guc.name == "data_directory_mode" || guc.name == "log_file_mode" || guc.name == "unix_socket_permissions" {
        return value.parse::<u32>().map_or_else(|_| value.to_owned(), |mode| format!("{mode:04o}"));
    }
    match guc.kind {
        GucKind::Integer | GucKind::Real if !guc.unit.is_empty() => {
            with_unit(guc, value).unwrap_or_else(|| value.to_owned())
        }
        GucKind::Bool | GucKind::Enum | GucKind::Integer | GucKind::Real | GucKind::String => value.to_owned(),
    }
}

/// PostgreSQL's `parse_bool`: any unambiguous prefix.
pub fn boolean(text: &str) -> Option<bool> {
    let text = text.trim().to_ascii_lowercase();
    let prefix = |of: &str, at_least: usize| text.len() >= at_least && of.starts_with(&text);
    if prefix("true", 1) || prefix("yes", 1) || text == "on" || text == "1" {
        Some(true)
    } else if prefix("false", 1) || prefix("no", 1) || prefix("off", 2) || text == "0" {
        Some(false)
    } else {
        None
    }
}

pub(super) fn invalid(name: &str, value: &str) -> Error {
    Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("invalid value for parameter \"{name}\": \"{value}\""))
}

fn word(guc: &Guc, text: &str) -> Result<String> {
    let is = |value: &str| value.eq_ignore_ascii_case(text);
    if let Some(value) = guc.values.iter().find(|value| is(value)) {
        return Ok((*value).to_owned());
    }
    // Words that PostgreSQL accepts without listing them.
    if guc.name.ends_with("_min_messages") || guc.name == "log_min_error_statement" {
        match text.to_ascii_lowercase().as_str() {
            "debug" => return Ok("debug2".to_owned()),
            "info" => return Ok("info".to_owned()),
            _ => {}
        }
    }
    if guc.values.contains(&"on") && guc.values.contains(&"off") && text.len() != 1 || matches!(text, "0" | "1") {
        let flag = boolean(text).map(|flag| if flag { "on" } else { "off" });
        if let Some(flag) = flag.filter(|flag| guc.values.contains(flag)) {
            return Ok(flag.to_owned());
        }
    }
    Err(invalid(guc.name, text).hint(format!("Available values: {}.", guc.values.join(", "))))
}

/// Factors to the smallest unit of the kind.
fn factor(unit: &str) -> Option<(bool, f64)> {
    const K: f64 = 1024.0;
    Some(match unit {
        "B" => (true, 1.0),
        "kB" => (true, K),
        "8kB" => (true, 8.0 * K),
        "MB" => (true, K * K),
        "GB" => (true, K * K * K),
        "TB" => (true, K * K * K * K),
        "us" => (false, 0.001),
        "ms" => (false, 1.0),
        "s" => (false, 1_000.0),
        "min" => (false, 60_000.0),
        "h" => (false, 3_600_000.0),
        "d" => (false, 86_400_000.0),
        _ => return None,
    })
}

fn number(guc: &Guc, text: &str) -> Result<f64> {
    let trimmed = text.trim();
    let end = number_end(trimmed);
    let (digits, unit) = trimmed.split_at(end);
    let unit = unit.trim();
    let parsed = match digits.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok().map(|value| value as f64),
        None => digits.parse::<f64>().ok(),
    };
    let Some(mut value) = parsed.filter(|value| value.is_finite()) else { return Err(invalid(guc.name, text)) };
    if !unit.is_empty() {
        let hint = if factor(guc.unit).is_some_and(|(memory, _)| memory) {
            "Valid units for this parameter are \"B\", \"kB\", \"MB\", \"GB\", and \"TB\"."
        } else {
            "Valid units for this parameter are \"us\", \"ms\", \"s\", \"min\", \"h\", and \"d\"."
        };
        value = match (factor(guc.unit), factor(unit)) {
            (Some((kind, base)), Some((given_kind, given))) if kind == given_kind && unit != "8kB" => {
                value * given / base
            }
            (Some(_), _) => return Err(invalid(guc.name, text).hint(hint)),
            (None, _) => return Err(invalid(guc.name, text)),
        };
    }
    if guc.kind == GucKind::Integer {
        value = value.round_ties_even();
    }
    let (min, max) = (guc.min.unwrap_or(f64::MIN), guc.max.unwrap_or(f64::MAX));
    if value < min || value > max {
        let unit = if guc.unit.is_empty() { String::new() } else { format!(" {}", guc.unit) };
        return Err(Error::new(
            SqlState::INVALID_PARAMETER_VALUE,
            format!("{value}{unit} is outside the valid range for parameter \"{}\" ({min} .. {max})", guc.name),
        ));
    }
    Ok(value)
}

/// Where the number at the start of the text ends.
fn number_end(text: &str) -> usize {
    if let Some(digits) = text.strip_prefix("0x") {
        return digits.find(|c: char| !c.is_ascii_hexdigit()).map_or(text.len(), |at| at + 2);
    }
    let bytes = text.as_bytes();
    let mut end = 0;
    while end < bytes.len() {
        let exponent = |at: usize| at > 0 && matches!(bytes[at - 1], b'e' | b'E');
        match bytes[end] {
            b'0'..=b'9' | b'.' => {}
            b'+' | b'-' if end == 0 || exponent(end) => {}
            b'e' | b'E'
                if end > 0 && bytes.get(end + 1).is_some_and(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-')) => {}
            _ => break,
        }
        end += 1;
    }
    end
}

/// The largest unit in which the value is whole.
fn with_unit(guc: &Guc, value: &str) -> Option<String> {
    let (memory, base) = factor(guc.unit)?;
    let number: f64 = value.parse().ok()?;
    if number <= 0.0 {
        // -1 and 0 have their own meaning and no unit.
        return Some(value.to_owned());
    }
    let units: &[&str] = if memory { &["TB", "GB", "MB", "kB", "B"] } else { &["d", "h", "min", "s", "ms", "us"] };
    units.iter().find_map(|unit| {
        let count = number * base / factor(unit)?.1;
        let whole = (count - count.round()).abs() < 1e-9 && count >= 1.0;
        whole.then(|| format!("{}{unit}", count.round()))
    })
}

fn string(guc: &Guc, text: &str, current: &str) -> Result<String> {
    match guc.name {
        "DateStyle" => date_style(text, current).map(show_date_style),
        "TimeZone" | "log_timezone" => {
            zone::canonical(text).map(|zone| zone.shown).ok_or_else(|| invalid(guc.name, text))
        }
        "client_encoding" => encoding(text),
        "search_path" => {
            identifiers(text).ok_or_else(|| invalid(guc.name, text).detail("List syntax is invalid."))?;
            Ok(text.to_owned())
        }
        "application_name" | "cluster_name" => {
            Ok(text.bytes().map(|byte| if (b' '..=b'~').contains(&byte) { char::from(byte) } else { '?' }).collect())
        }
        "lc_monetary" | "lc_numeric" | "lc_time" => {
            let known = ["", "C", "POSIX", "C.UTF-8", "C.utf8", "en_US.UTF-8", "en_US.utf8"];
            if known.contains(&text) { Ok(text.to_owned()) } else { Err(invalid(guc.name, text)) }
        }
        _ => Ok(text.to_owned()),
    }
}

/// UTF8 under any of its names, with or without quotes (asyncpg sends `'utf-8'`); SQL_ASCII means "no conversion".
fn encoding(text: &str) -> Result<String> {
    let name: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match name.as_str() {
        "utf8" | "unicode" => Ok("UTF8".to_owned()),
        "sqlascii" => Ok("SQL_ASCII".to_owned()),
        "" => Err(invalid("client_encoding", text)),
        _ => {
            let known = [
                "latin", "iso8859", "win", "euc", "koi8", "big5", "gbk", "gb18030", "sjis", "johab", "uhc", "mulein",
                "shiftjis", "alt", "tcvn", "abc", "vscii",
            ];
            if known.iter().any(|prefix| name.starts_with(prefix)) {
                return Err(Error::unsupported(format!("client encoding \"{text}\"")));
            }
            Err(invalid("client_encoding", text))
        }
    }
}

/// DateStyle's words; what is left out stays as it is.
pub(super) fn date_style(text: &str, current: &str) -> Result<DateStyle> {
    let fail = |detail: String| Err(invalid("DateStyle", text).detail(detail));
    let (mut output, mut order): (Option<DateOutput>, Option<DateOrder>) = (None, None);
    let Some(words) = identifiers(text) else { return fail("List syntax is invalid.".to_owned()) };
    let mut order_given = false;
    for word in &words {
        let (given_output, given_order) = match word.to_ascii_lowercase().as_str() {
            "iso" => (Some(DateOutput::Iso), None),
            "sql" => (Some(DateOutput::Sql), None),
            lower if lower.starts_with("postgres") => (Some(DateOutput::Postgres), None),
            "german" => (Some(DateOutput::German), None),
            "ymd" => (None, Some(DateOrder::Ymd)),
            lower if lower == "dmy" || lower.starts_with("euro") => (None, Some(DateOrder::Dmy)),
            lower if lower == "mdy" || lower == "us" || lower.starts_with("noneuro") => (None, Some(DateOrder::Mdy)),
            "default" => {
                output.get_or_insert(DateOutput::Iso);
                order.get_or_insert(DateOrder::Mdy);
                continue;
            }
            _ => return fail(format!("Unrecognized key word: \"{word}\".")),
        };
        let conflict = (given_output.is_some() && output.is_some() && output != given_output)
            || (given_order.is_some() && order_given && order != given_order);
        if conflict {
            return fail("Conflicting \"datestyle\" specifications.".to_owned());
        }
        if given_output == Some(DateOutput::German) && !order_given {
            order = Some(DateOrder::Dmy);
        }
        output = given_output.or(output);
        if given_order.is_some() {
            order_given = true;
            order = given_order;
        }
    }
    let before = if current.is_empty() || current == text {
        DateStyle { output: DateOutput::Iso, order: DateOrder::Mdy }
    } else {
        date_style(current, "")?
    };
    Ok(DateStyle { output: output.unwrap_or(before.output), order: order.unwrap_or(before.order) })
}

fn show_date_style(style: DateStyle) -> String {
    let output = match style.output {
        DateOutput::German => "German",
        DateOutput::Iso => "ISO",
        DateOutput::Postgres => "Postgres",
        DateOutput::Sql => "SQL",
    };
    let order = match style.order {
        DateOrder::Dmy => "DMY",
        DateOrder::Mdy => "MDY",
        DateOrder::Ymd => "YMD",
    };
    format!("{output}, {order}")
}

/// PostgreSQL's `SplitIdentifierString`: comma-separated, quoted or folded to lower case; `None` when malformed.
pub fn identifiers(text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut rest = text.trim();
    if rest.is_empty() {
        return Some(names);
    }
    loop {
        let name;
        if let Some(mut quoted) = rest.strip_prefix('"') {
            let mut text = String::new();
            loop {
                let end = quoted.find('"')?;
                text.push_str(&quoted[..end]);
                quoted = &quoted[end + 1..];
                match quoted.strip_prefix('"') {
                    Some(more) => {
                        text.push('"');
                        quoted = more;
                    }
                    None => break,
                }
            }
            (name, rest) = (text, quoted);
        } else {
            let end = rest.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            (name, rest) = (rest[..end].to_lowercase(), &rest[end..]);
        }
        names.push(name);
        rest = rest.trim_start();
        if rest.is_empty() {
            return Some(names);
        }
        rest = rest.strip_prefix(',')?.trim_start();
    }
}
