//! Names of time zones: IANA names in any case, POSIX offsets, hours.

use std::collections::HashMap;
use std::sync::OnceLock;

/// A valid TimeZone value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Zone {
    /// What SHOW prints.
    pub(super) shown: String,
    /// For the kernels: an IANA name, or a fixed offset as `<+02>-02`.
    pub(super) kernel: String,
}

/// Reads a TimeZone value; `None` when there is no such zone.
pub(super) fn canonical(text: &str) -> Option<Zone> {
    if let Some(interval) = text.strip_prefix("INTERVAL '").and_then(|rest| rest.strip_suffix('\'')) {
        return offset(seconds(interval)?);
    }
    if let Ok(hours) = text.trim().parse::<f64>() {
        return (hours.abs() <= 168.0).then(|| offset((hours * 3600.0) as i64))?;
    }
    let name = text.trim();
    if let Some(name) = names().get(name.to_ascii_lowercase().as_str()) {
        return Some(Zone { shown: (*name).to_owned(), kernel: (*name).to_owned() });
    }
    // `+02:00` is west of Greenwich, as in POSIX; there are no leap seconds.
    if name.contains(':')
        && let Some(west) = seconds(name)
    {
        return (west % 60 == 0).then(|| offset(-west))?.map(|zone| Zone { shown: name.to_owned(), ..zone });
    }
    posix(name)
}

fn names() -> &'static HashMap<String, &'static str> {
    static NAMES: OnceLock<HashMap<String, &'static str>> = OnceLock::new();
    NAMES.get_or_init(|| {
        chrono_tz::TZ_VARIANTS.iter().map(|zone| (zone.name().to_ascii_lowercase(), zone.name())).collect()
    })
}

/// A zone east of Greenwich by that many seconds, in PostgreSQL's spelling.
fn offset(east: i64) -> Option<Zone> {
    if east.abs() > 168 * 3600 {
        return None;
    }
    let text = |seconds: i64| {
        let (sign, rest) = (if seconds < 0 { '-' } else { '+' }, seconds.abs());
        let mut text = format!("{sign}{:02}", rest / 3600);
        if rest % 3600 != 0 {
            text.push_str(&format!(":{:02}", rest % 3600 / 60));
        }
        if rest % 60 != 0 {
            text.push_str(&format!(":{:02}", rest % 60));
        }
        text
    };
    let shown = format!("<{}>{}", text(east), text(-east));
    Some(Zone { kernel: shown.clone(), shown })
}

/// `UTC+3`, `<+02>-02`, `GMT-03:00`: a name and hours *west*; daylight saving rules are not read.
fn posix(text: &str) -> Option<Zone> {
    let end = match text.strip_prefix('<') {
        Some(rest) => {
            let end = rest.find('>')?;
            rest[..end].chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | ':')).then_some(end + 2)?
        }
        None => text.find(|c: char| !c.is_ascii_alphabetic()).filter(|end| *end >= 3)?,
    };
    let west = seconds(text.get(end..)?)?;
    Some(Zone { shown: text.to_owned(), kernel: offset(-west)?.kernel })
}

/// `[+-]hh[:mm[:ss]]`.
fn seconds(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let parts = digits
        .split(':')
        .map(|part| part.parse::<u32>().ok().filter(|_| part.len() <= 3))
        .collect::<Option<Vec<_>>>()?;
    if parts.len() > 3 || parts.iter().skip(1).any(|part| *part > 59) {
        return None;
    }
    let part = |at: usize| i64::from(parts.get(at).copied().unwrap_or(0));
    Some(sign * (part(0) * 3600 + part(1) * 60 + part(2)))
}
