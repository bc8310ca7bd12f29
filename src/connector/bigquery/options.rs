//! OPTIONS of servers and user mappings of the `bigquery` wrapper.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;

use crate::connector::Options;
use crate::connector::options::{boolean, invalid_option, invalid_value as invalid, missing_option, number};
use crate::connector::rest::is_loopback;
use crate::error::{Error, Result, SqlState};

const SERVER: [&str; 13] = [
    "dialect",
    "endpoint",
    "geometry",
    "labels",
    "location",
    "maximum_bytes_billed",
    "page_rows",
    "project",
    "sslrootcert",
    "storage_endpoint",
    "storage_read_rows",
    "timeout",
    "version",
];
const MAPPING: [&str; 5] = ["access_token", "application_default", "auth", "key", "key_file"];

/// Where BigQuery answers.
const ENDPOINT: &str = "https://bigquery.googleapis.com";
/// Where its Storage Read API does.
const STORAGE: &str = "https://bigquerystorage.googleapis.com";

/// A server's options, checked.
#[derive(Clone, Debug)]
pub(super) struct Bigquery {
    /// The project that runs the jobs and pays, and whose datasets need no project's name.
    pub project: String,
    pub endpoint: Url,
    pub location: Option<String>,
    /// A statement that would read more fails before it costs anything.
    pub maximum_bytes_billed: Option<u64>,
    pub labels: Vec<(String, String)>,
    /// Columns of GEOGRAPHY are geometry(Geometry,4326) here, not geography.
    pub geometry: bool,
    pub page_rows: usize,
    /// Where large results are read, and from how many rows on. `None`: all come in pages.
    pub storage: Option<(Url, u64)>,
    /// For one request.
    pub timeout: Duration,
    pub root_certificates: Option<PathBuf>,
}

/// How a role is known there.
#[derive(Clone)]
pub(super) enum Credentials {
    ApplicationDefault,
    /// A service account's key, as its JSON text.
    Key(String),
    KeyFile(PathBuf),
    /// To an endpoint on this machine only.
    None,
    Token(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

impl Bigquery {
    /// HV00D for an option that is unknown or missing, 22023 for a wrong value.
    pub fn parse(options: &Options) -> Result<Bigquery> {
        let mut parsed = Bigquery {
            project: String::new(),
            endpoint: Url::parse(ENDPOINT).map_err(Error::internal)?,
            location: None,
            maximum_bytes_billed: None,
            labels: Vec::new(),
            geometry: false,
            page_rows: 10_000,
            storage: None,
            timeout: Duration::from_secs(60),
            root_certificates: None,
        };
        let (mut storage, mut storage_rows) = (None, 100_000);
        for (option, value) in options {
            match option.as_str() {
                "endpoint" => parsed.endpoint = endpoint(option, value)?,
                "geometry" => parsed.geometry = boolean(option, value)?,
                "labels" => parsed.labels = labels(option, value)?,
                "location" => parsed.location = Some(word(option, value)?),
                "maximum_bytes_billed" => {
                    parsed.maximum_bytes_billed = Some(number(option, value, 1, i64::MAX as usize)? as u64)
                }
                "page_rows" => parsed.page_rows = number(option, value, 1, 100_000)?,
                "project" => parsed.project = word(option, value)?,
                "sslrootcert" => parsed.root_certificates = Some(PathBuf::from(value)),
                "storage_endpoint" => storage = Some(endpoint(option, value)?),
                "storage_read_rows" => storage_rows = number(option, value, 0, i64::MAX as usize)? as u64,
                "timeout" => parsed.timeout = Duration::from_secs(number(option, value, 1, 600)? as u64),
                // Kept by attach, and read by the dialect's loader.
                "dialect" | "version" => {}
                other => return Err(invalid_option(other, &SERVER)),
            }
        }
        // Whoever names another endpoint does not mean Google's.
        if storage.is_none() && parsed.endpoint == Url::parse(ENDPOINT).map_err(Error::internal)? {
            storage = Some(Url::parse(STORAGE).map_err(Error::internal)?);
        }
        parsed.storage = storage.filter(|_| storage_rows > 0).map(|endpoint| (endpoint, storage_rows));
        if parsed.project.is_empty() {
            return Err(
                missing_option("project").hint("Give the project that runs the queries: OPTIONS (project 'p').")
            );
        }
        Ok(parsed)
    }
}

impl Credentials {
    /// Exactly one way must be given.
    pub fn parse(options: &Options) -> Result<Credentials> {
        let mut found = Vec::new();
        for (option, value) in options {
            found.push(match option.as_str() {
                "access_token" => Credentials::Token(value.clone()),
                "application_default" if boolean(option, value)? => Credentials::ApplicationDefault,
                "application_default" => continue,
                "auth" if value == "none" => Credentials::None,
                "auth" => return Err(invalid(option, value).hint("The only value is none.")),
                "key" => Credentials::Key(value.clone()),
                "key_file" if value.starts_with('/') => Credentials::KeyFile(PathBuf::from(value)),
                "key_file" => return Err(invalid(option, value).hint("Give an absolute path.")),
                other => return Err(invalid_option(other, &MAPPING)),
            });
        }
        match (found.pop(), found.is_empty()) {
            (Some(only), true) => Ok(only),
            (None, _) => Err(missing_option("key").hint(format!("Give one of: {}.", MAPPING.join(", ")))),
            (Some(_), false) => Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, "more than one kind of credentials")
                .hint(format!("Give one of: {}.", MAPPING.join(", ")))),
        }
    }
}

/// https, or anything on this machine.
fn endpoint(option: &str, value: &str) -> Result<Url> {
    let url = Url::parse(value).map_err(|_| invalid(option, value))?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if plain && (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url))) {
        return Ok(url);
    }
    Err(invalid(option, value).hint("Give an https URL; http only on this machine."))
}

/// Names of projects and places: they stand in paths.
fn word(option: &str, value: &str) -> Result<String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | ':');
    if !value.is_empty() && value.len() <= 128 && value.chars().all(plain) {
        return Ok(value.to_owned());
    }
    Err(invalid(option, value))
}

/// `name=value, name=value`, as BigQuery takes them.
fn labels(option: &str, value: &str) -> Result<Vec<(String, String)>> {
    let plain = |text: &str| {
        text.len() <= 63 && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
    };
    value
        .split(',')
        .map(|pair| {
            let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, text) = (name.trim(), text.trim());
            if plain(name) && plain(text) && name.starts_with(|c: char| c.is_ascii_lowercase()) {
                return Ok((name.to_owned(), text.to_owned()));
            }
            Err(invalid(option, value).hint("Lower-case letters, digits, _ and -: 'team=maps, env=test'."))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::options::pairs as options;

    #[test]
    fn options_are_checked_by_name_and_value() {
        for (pairs, state) in [
            (vec![], "HV00D"),
            (vec![("project", "p"), ("nosuch", "1")], "HV00D"),
            (vec![("project", "p/../x")], "22023"),
            (vec![("project", "p"), ("endpoint", "http://example.com")], "22023"),
            (vec![("project", "p"), ("endpoint", "https://u:p@example.com")], "22023"),
            (vec![("project", "p"), ("labels", "Team=x")], "22023"),
            (vec![("project", "p"), ("maximum_bytes_billed", "0")], "22023"),
        ] {
            assert_eq!(Bigquery::parse(&options(&pairs)).expect_err("wrong").state().code(), state, "{pairs:?}");
        }
        let good = [("project", "p"), ("endpoint", "http://127.0.0.1:9050"), ("labels", "team=maps, env=test")];
        assert_eq!(Bigquery::parse(&options(&good)).expect("right").labels.len(), 2);
        let storage = |more: &[(&str, &str)]| {
            let pairs = [&[("project", "p")][..], more].concat();
            let storage = Bigquery::parse(&options(&pairs)).expect("right").storage;
            storage.map(|(endpoint, rows)| format!("{endpoint} {rows}"))
        };
        let (rest, grpc) = ("http://127.0.0.1:9050", ("storage_endpoint", "http://127.0.0.1:9060"));
        assert_eq!(storage(&[]).as_deref(), Some("https://bigquerystorage.googleapis.com/ 100000"));
        assert_eq!(storage(&[("endpoint", rest)]), None);
        assert_eq!(
            storage(&[("endpoint", rest), grpc, ("storage_read_rows", "7")]).as_deref(),
            Some("http://127.0.0.1:9060/ 7")
        );
        assert_eq!(storage(&[grpc, ("storage_read_rows", "0")]), None);
        for (pairs, state) in [
            (vec![], "HV00D"),
            (vec![("auth", "some")], "22023"),
            (vec![("auth", "none"), ("access_token", "t")], "22023"),
            (vec![("key_file", "relative.json")], "22023"),
            (vec![("user", "u")], "HV00D"),
        ] {
            assert_eq!(Credentials::parse(&options(&pairs)).expect_err("wrong").state().code(), state, "{pairs:?}");
        }
        let shown = format!("{:?}", Credentials::parse(&options(&[("access_token", "secret")])).expect("right"));
        assert!(!shown.contains("secret"));
    }
}
