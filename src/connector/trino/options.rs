//! Options of servers and user mappings.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::connector::Options;
use crate::connector::options::{boolean, invalid_option, invalid_value, missing_option, number, seconds};
use crate::connector::rest::{self, RestOptions};
use crate::error::{Error, Result, SqlState};

const OPTIONS: [&str; 10] = [
    "catalog",
    "connect_timeout",
    "max_connections",
    "pool_timeout",
    "request_timeout",
    "spooling",
    "srid",
    "sslrootcert",
    "url",
    "version",
];

const MAPPING: [&str; 3] = ["password", "token", "user"];

/// A server's options, checked.
#[derive(Clone, Debug)]
pub(super) struct Trino {
    pub url: Url,
    pub catalog: String,
    /// Of geometry columns, if it is said: Trino's type has none.
    pub srid: Option<i32>,
    /// Queries at a time.
    pub max_connections: usize,
    pub pool_timeout: Duration,
    /// Is the server asked for results in segments, which it may keep in an object store?
    pub spooling: bool,
    pub rest: RestOptions,
}

/// Who asks. Secrets are not shown.
pub(super) struct Identity {
    pub user: String,
    pub authorization: Option<HeaderValue>,
}

impl Trino {
    /// HV00D for an option that is unknown or missing, 22023 for a wrong value.
    pub fn parse(options: &Options) -> Result<Trino> {
        let mut rest = RestOptions::default();
        let (mut url, mut catalog, mut srid) = (None, String::new(), None);
        let (mut max_connections, mut pool_timeout) = (20, Duration::from_secs(10));
        let mut spooling = true;
        for (option, value) in options {
            match option.as_str() {
                "catalog" => catalog = name(option, value)?,
                "connect_timeout" => rest.connect_timeout = seconds(option, value)?,
                "max_connections" => max_connections = number(option, value, 1, 1000)?,
                "pool_timeout" => pool_timeout = seconds(option, value)?,
                "request_timeout" => rest.timeout = seconds(option, value)?,
                "spooling" => spooling = boolean(option, value)?,
                "srid" => srid = Some(number(option, value, 0, 999_999)? as i32),
                "sslrootcert" if value.starts_with('/') => rest.root_certificates = Some(value.into()),
                "sslrootcert" => return Err(invalid_value(option, value).hint("Give an absolute path.")),
                "url" => url = Some(address(option, value)?),
                // Kept by attach: rows of the dialect may ask for it.
                "version" => {}
                other => return Err(invalid_option(other, &OPTIONS)),
            }
        }
        let url = url.ok_or_else(|| {
            missing_option("url")
                .hint("Give the coordinator: OPTIONS (url 'https://trino.example.com:8443', catalog 'lake').")
        })?;
        if catalog.is_empty() {
            return Err(missing_option("catalog").hint("Give the catalog whose schemas are attached."));
        }
        Ok(Trino { url, catalog, srid, max_connections, pool_timeout, spooling, rest })
    }
}

impl Identity {
    pub fn parse(options: &Options) -> Result<Identity> {
        let (mut user, mut password, mut token) = (None, None, None);
        for (option, value) in options {
            match option.as_str() {
                "password" => password = Some(value),
                "token" => token = Some(value),
                "user" => user = Some(name(option, value)?),
                other => return Err(invalid_option(other, &MAPPING)),
            }
        }
        let user = user.ok_or_else(|| missing_option("user"))?;
        let authorization = match (password, token) {
            (Some(_), Some(_)) => {
                return Err(Error::new(SqlState(*b"HV00D"), "options \"password\" and \"token\" exclude each other"));
            }
            (Some(password), None) => Some(rest::basic(&user, password)?),
            (None, Some(token)) => Some(rest::bearer(token)?),
            (None, None) => None,
        };
        Ok(Identity { user, authorization })
    }
}

/// `http://` or `https://`, host and port, and no more: credentials belong to the user mapping.
fn address(option: &str, value: &str) -> Result<Url> {
    let url = Url::parse(value).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
    });
    // What is wrong may hold a password: it is not said again.
    let wrong = || Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("invalid value for option \"{option}\""));
    url.ok_or_else(|| wrong().hint("Give http:// or https://, a host and a port."))
}

/// A name that goes into a header.
fn name(option: &str, value: &str) -> Result<String> {
    if value.is_empty() || value.trim() != value || rest::header(option, value).is_err() {
        return Err(invalid_value(option, value));
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(options: &[(&str, &str)]) -> Options {
        options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn options_are_checked_by_name_and_value() {
        let url = ("url", "http://127.0.0.1:8080");
        for (given, state, message) in [
            (vec![url, ("catalgo", "y")], "HV00D", "invalid option \"catalgo\""),
            (vec![("catalog", "c")], "HV00D", "option \"url\" is required"),
            (vec![url], "HV00D", "option \"catalog\" is required"),
            (vec![("url", "ftp://h"), ("catalog", "c")], "22023", "invalid value for option \"url\""),
            (vec![("url", "http://u:hidden@h"), ("catalog", "c")], "22023", "invalid value for option \"url\""),
            (vec![url, ("catalog", "c\n")], "22023", "invalid value for option \"catalog\": \"c\n\""),
            (
                vec![url, ("catalog", "c"), ("spooling", "zstd")],
                "22023",
                "invalid value for option \"spooling\": \"zstd\"",
            ),
            (vec![url, ("catalog", "c"), ("srid", "x")], "22023", "invalid value for option \"srid\": \"x\""),
        ] {
            let error = Trino::parse(&options(&given)).expect_err(message);
            assert_eq!((error.state().code(), error.message()), (state, message));
        }
        assert!(Trino::parse(&options(&[url, ("catalog", "c"), ("srid", "4326"), ("version", "476")])).is_ok());
        assert!(
            Identity::parse(&options(&[("user", "u"), ("password", "p")])).is_ok_and(|id| id.authorization.is_some())
        );
        for given in [vec![("password", "p")], vec![("user", "u"), ("password", "p"), ("token", "t")]] {
            assert!(Identity::parse(&options(&given)).is_err(), "{given:?}");
        }
    }
}
