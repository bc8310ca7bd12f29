//! OPTIONS of a `snowflake` server and of its user mappings.

use std::time::Duration;

use super::types::Reading;
use crate::connector::Options;
use crate::connector::adbc::{DRIVER_OPTIONS, Launch, Limits};
use crate::connector::options::{clean, invalid_option, invalid_value, library, missing_option, number, seconds};
use crate::error::Result;

const OPTIONS: [&str; 17] = [
    "account",
    "connect_timeout",
    "database",
    DRIVER_OPTIONS[0],
    DRIVER_OPTIONS[1],
    "host",
    "integers",
    "max_connections",
    "pool_timeout",
    "port",
    "protocol",
    "request_timeout",
    "role",
    "srid",
    "verify_rows",
    "version",
    "warehouse",
];

const MAPPING: [&str; 6] = ["authenticator", "password", "private_key", "private_key_passphrase", "token", "user"];

/// Parameters of each session. What a statement means must not depend on what an account or a user sets for itself.
const SESSION: [(&str, &str); 20] = [
    ("ABORT_DETACHED_QUERY", "true"),
    ("BINARY_INPUT_FORMAT", "HEX"),
    ("BINARY_OUTPUT_FORMAT", "HEX"),
    ("CLIENT_TIMESTAMP_TYPE_MAPPING", "TIMESTAMP_NTZ"),
    ("DATE_INPUT_FORMAT", "YYYY-MM-DD"),
    ("DATE_OUTPUT_FORMAT", "YYYY-MM-DD"),
    ("GEOGRAPHY_OUTPUT_FORMAT", "EWKB"),
    ("GEOMETRY_OUTPUT_FORMAT", "EWKB"),
    ("MULTI_STATEMENT_COUNT", "1"),
    ("QUERY_TAG", "graticule"),
    ("QUOTED_IDENTIFIERS_IGNORE_CASE", "false"),
    ("TIMESTAMP_INPUT_FORMAT", "AUTO"),
    ("TIMESTAMP_LTZ_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF TZHTZM"),
    ("TIMESTAMP_NTZ_OUTPUT_FORMAT", "YYYY-MM-DD HH24:MI:SS.FF"),
    ("TIMESTAMP_TYPE_MAPPING", "TIMESTAMP_NTZ"),
    ("TIMEZONE", "UTC"),
    ("TIME_INPUT_FORMAT", "AUTO"),
    ("TWO_DIGIT_CENTURY_START", "1970"),
    ("WEEK_OF_YEAR_POLICY", "0"),
    ("WEEK_START", "0"),
];

/// The rows of the result that was read last. The driver of Apache (1.11) takes a chunk that is cut short for a whole one.
const COUNT: &str = "SELECT COUNT(*) FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))";

/// A server's options, checked.
#[derive(Clone, Debug)]
pub(super) struct Snowflake {
    driver: String,
    entrypoint: String,
    /// Options of the ADBC database.
    options: Vec<(&'static str, String)>,
    pub(super) reading: Reading,
    pub(super) limits: Limits,
    request_timeout: Duration,
    /// Are results counted again at their end?
    count: bool,
}

/// A user mapping's options, checked.
#[derive(Clone, Debug, Default)]
pub(super) struct Credentials {
    options: Vec<(&'static str, String)>,
}

impl Snowflake {
    /// HV00D for an option that is unknown or missing, 22023 for a wrong value.
    pub(super) fn parse(_server: &str, options: &Options) -> Result<Snowflake> {
        let mut parsed = Snowflake {
            driver: "snowflake".to_owned(),
            entrypoint: "AdbcDriverInit".to_owned(),
            options: Vec::new(),
            reading: Reading::default(),
            limits: Limits {
                max_connections: 8,
                pool_timeout: Duration::from_secs(30),
                connect_timeout: Duration::from_secs(60),
            },
            request_timeout: Duration::from_secs(300),
            count: true,
        };
        for (option, value) in options {
            let adbc = match option.as_str() {
                "account" => "adbc.snowflake.sql.account",
                "database" => "adbc.snowflake.sql.db",
                "host" => "adbc.snowflake.sql.uri.host",
                "role" => "adbc.snowflake.sql.role",
                "warehouse" => "adbc.snowflake.sql.warehouse",
                "port" => {
                    number(option, value, 1, 65_535)?;
                    "adbc.snowflake.sql.uri.port"
                }
                "protocol" if matches!(value.as_str(), "http" | "https") => "adbc.snowflake.sql.uri.protocol",
                "protocol" => {
                    return Err(invalid_value(option, value).hint("Give https, or http for a server of tests."));
                }
                "connect_timeout" => {
                    parsed.limits.connect_timeout = seconds(option, value)?;
                    continue;
                }
                "driver" => {
                    parsed.driver = library(option, value)?;
                    continue;
                }
                "entrypoint" => {
                    parsed.entrypoint = clean(option, value)?;
                    continue;
                }
                "integers" => {
                    parsed.reading.bigint = match value.as_str() {
                        "bigint" => true,
                        "numeric" => false,
                        _ => return Err(invalid_value(option, value).hint("Give numeric or bigint.")),
                    };
                    continue;
                }
                "max_connections" => {
                    parsed.limits.max_connections = number(option, value, 1, 1000)?;
                    continue;
                }
                "pool_timeout" => {
                    parsed.limits.pool_timeout = seconds(option, value)?;
                    continue;
                }
                "request_timeout" => {
                    parsed.request_timeout = seconds(option, value)?;
                    continue;
                }
                "srid" => {
                    parsed.reading.srid = Some(number(option, value, 0, 999_999)? as i32);
                    continue;
                }
                "verify_rows" => {
                    parsed.count = match value.as_str() {
                        "on" => true,
                        "off" => false,
                        _ => {
                            return Err(
                                invalid_value(option, value).hint("Give on, or off for a driver that counts itself.")
                            );
                        }
                    };
                    continue;
                }
                // Kept by attach: rows of the dialect may ask for it.
                "version" => continue,
                other => return Err(invalid_option(other, &OPTIONS)),
            };
            parsed.options.push((adbc, clean(option, value)?));
        }
        for (name, hint) in [
            ("account", "Give the account's identifier: OPTIONS (account 'organisation-account', database 'D')."),
            ("database", "Give the database: OPTIONS (account 'organisation-account', database 'D')."),
        ] {
            if !options.contains_key(name) {
                return Err(missing_option(name).hint(hint));
            }
        }
        Ok(parsed)
    }

    /// How the worker opens it.
    pub(super) fn launch(&self, credentials: &Credentials) -> Launch {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let seconds = |time: Duration| format!("{}s", time.as_secs().max(1));
        let login = seconds(self.limits.connect_timeout.mul_f32(0.8));
        let request = seconds(self.request_timeout);
        let mut options: Vec<(String, String)> = [
            ("adbc.snowflake.sql.client_option.app_name", "graticule"),
            ("adbc.snowflake.sql.client_option.disable_telemetry", "true"),
            ("adbc.snowflake.sql.client_option.login_timeout", login.as_str()),
            // Else a timestamp of nanoseconds wraps outside of the years 1677 to 2262.
            ("adbc.snowflake.sql.client_option.max_timestamp_precision", "nanoseconds_error_on_overflow"),
            ("adbc.snowflake.sql.client_option.request_timeout", request.as_str()),
            ("adbc.snowflake.sql.client_option.use_high_precision", "true"),
        ]
        .map(own)
        .into();
        options.extend(SESSION.map(own));
        options.extend(self.options.iter().chain(&credentials.options).map(|(name, value)| own((name, value))));
        Launch {
            driver: self.driver.clone(),
            entrypoint: Some(self.entrypoint.clone()),
            options,
            init: Vec::new(),
            settings: Vec::new(),
            count: self.count.then(|| COUNT.to_owned()),
            drain: false,
        }
    }
}

impl Credentials {
    /// A user with a password or a private key, or a token.
    pub(super) fn parse(options: &Options) -> Result<Credentials> {
        for name in options.keys() {
            if !MAPPING.contains(&name.as_str()) {
                return Err(invalid_option(name, &MAPPING));
            }
        }
        let given = |name: &str| options.get(name).cloned();
        let kind = match (options.contains_key("password"), options.contains_key("private_key"), given("token")) {
            (true, false, None) => "auth_snowflake",
            (false, true, None) => "auth_jwt",
            (false, false, Some(_)) => match options.get("authenticator").map(String::as_str) {
                None | Some("oauth") => "auth_oauth",
                Some("programmatic_access_token") => "auth_pat",
                Some(other) => {
                    return Err(invalid_value("authenticator", other).hint("Give oauth or programmatic_access_token."));
                }
            },
            _ => {
                return Err(
                    missing_option("password").hint("Give one of password, private_key (PEM, PKCS #8) and token.")
                );
            }
        };
        let mut parsed = vec![("adbc.snowflake.sql.auth_type", kind.to_owned())];
        for (name, option) in [
            ("user", "username"),
            ("password", "password"),
            // The passphrase is read together with the key.
            ("private_key_passphrase", "adbc.snowflake.sql.client_option.jwt_private_key_pkcs8_password"),
            ("private_key", "adbc.snowflake.sql.client_option.jwt_private_key_pkcs8_value"),
            ("token", "adbc.snowflake.sql.client_option.auth_token"),
        ] {
            parsed.extend(given(name).map(|value| (option, value)));
        }
        if !options.contains_key("user") && kind != "auth_oauth" {
            return Err(missing_option("user"));
        }
        Ok(Credentials { options: parsed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(options: &[(&str, &str)]) -> Options {
        options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn options_are_checked_by_name_and_value() {
        for (given, state, message) in [
            (vec![("account", "a"), ("database", "d"), ("db", "x")], "HV00D", "invalid option \"db\""),
            (vec![("database", "d")], "HV00D", "option \"account\" is required"),
            (vec![("account", "a")], "HV00D", "option \"database\" is required"),
            (
                vec![("account", "a"), ("database", "d"), ("protocol", "ftp")],
                "22023",
                "invalid value for option \"protocol\": \"ftp\"",
            ),
            (
                vec![("account", "a"), ("database", "d"), ("integers", "int4")],
                "22023",
                "invalid value for option \"integers\": \"int4\"",
            ),
        ] {
            let error = Snowflake::parse("s", &options(&given)).expect_err(message);
            assert_eq!((error.state().code(), error.message()), (state, message));
        }
        for given in [
            vec![("user", "u")],
            vec![("user", "u"), ("password", "p"), ("token", "t")],
            vec![("password", "p")],
            vec![("user", "u"), ("password", "p"), ("warehouse", "w")],
            vec![("token", "t"), ("authenticator", "okta")],
        ] {
            let error = Credentials::parse(&options(&given)).expect_err("wrong credentials");
            assert!(matches!(error.state().code(), "HV00D" | "22023"), "{given:?}");
            assert!(!error.message().contains("\"p\""));
        }
    }

    #[test]
    fn sessions_are_pinned() {
        let server =
            Snowflake::parse("s", &options(&[("account", "a"), ("database", "d"), ("port", "1")])).expect("valid");
        let user = Credentials::parse(&options(&[("user", "u"), ("private_key", "k")])).expect("valid");
        let launch = server.launch(&user);
        for option in [
            ("TIMEZONE", "UTC"),
            ("MULTI_STATEMENT_COUNT", "1"),
            ("QUOTED_IDENTIFIERS_IGNORE_CASE", "false"),
            ("adbc.snowflake.sql.auth_type", "auth_jwt"),
            ("adbc.snowflake.sql.client_option.jwt_private_key_pkcs8_value", "k"),
            ("adbc.snowflake.sql.db", "d"),
            ("username", "u"),
        ] {
            assert!(launch.options.iter().any(|(name, value)| (name.as_str(), value.as_str()) == option), "{option:?}");
        }
    }
}
