//! What the OPTIONS of every wrapper have in common: names, numbers, times, and how their errors read.

use std::time::Duration;

use crate::error::{Error, Result, SqlState};

/// HV00D: an option that the wrapper does not have.
pub(super) fn invalid_option(name: &str, valid: &[&str]) -> Error {
    let hint = match valid {
        [] => "There are no valid options in this context.".to_owned(),
        valid => format!("Valid options in this context are: {}", valid.join(", ")),
    };
    Error::new(SqlState(*b"HV00D"), format!("invalid option \"{name}\"")).hint(hint)
}

/// HV00D: an option that must be there.
pub(super) fn missing_option(name: &str) -> Error {
    Error::new(SqlState(*b"HV00D"), format!("option \"{name}\" is required"))
}

/// 22023.
pub(super) fn invalid_value(option: &str, value: &str) -> Error {
    Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("invalid value for option \"{option}\": \"{value}\""))
}

/// Text without control characters; the message leaves it out, as it may be a password.
pub(super) fn clean(option: &str, value: &str) -> Result<String> {
    if value.is_empty() || value.contains(|letter: char| letter.is_control()) {
        return Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("invalid value for option \"{option}\"")));
    }
    Ok(value.to_owned())
}

/// A name, found by the manifest rules of ADBC, or an absolute path.
pub(super) fn library(option: &str, value: &str) -> Result<String> {
    let value = clean(option, value)?;
    if value.contains('/') && !value.starts_with('/') {
        return Err(invalid_value(option, &value).hint("Give the name of a driver, or an absolute path."));
    }
    Ok(value)
}

pub(super) fn boolean(option: &str, value: &str) -> Result<bool> {
    match value {
        "true" | "on" => Ok(true),
        "false" | "off" => Ok(false),
        _ => Err(invalid_value(option, value)),
    }
}

/// A whole number within bounds.
pub(super) fn number(option: &str, value: &str, low: usize, high: usize) -> Result<usize> {
    match value.trim().parse() {
        Ok(number) if (low..=high).contains(&number) => Ok(number),
        _ => Err(invalid_value(option, value).hint(format!("The value must be between {low} and {high}."))),
    }
}

/// Seconds, up to a day.
pub(super) fn seconds(option: &str, value: &str) -> Result<Duration> {
    number(option, value, 1, 86_400).map(|seconds| Duration::from_secs(seconds as u64))
}

/// Options as a statement's OPTIONS give them, for tests.
#[cfg(test)]
pub(super) fn pairs(pairs: &[(&str, &str)]) -> super::Options {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
