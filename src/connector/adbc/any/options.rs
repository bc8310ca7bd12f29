//! OPTIONS of an `adbc` server and of its user mappings: ours, and all others the driver's own.

use std::time::Duration;

use crate::connector::Options;
use crate::connector::adbc::{DRIVER_OPTIONS, Launch, Limits};
use crate::connector::options::{clean, invalid_option, library, missing_option, number, seconds};
use crate::dialect::Dialect;
use crate::error::{Error, Result, SqlState};

const OWN: [&str; 9] = [
    "catalog",
    "connect_timeout",
    "dialect",
    DRIVER_OPTIONS[0],
    DRIVER_OPTIONS[1],
    "max_connections",
    "pool_timeout",
    "srid",
    "version",
];

/// Parts of names whose values a server's options, which every role may read, must not hold.
const SECRET: [&str; 5] = ["credential", "password", "private_key", "secret", "token"];

/// A server's options, checked.
#[derive(Clone, Debug)]
pub(super) struct Any {
    driver: String,
    entrypoint: Option<String>,
    /// The driver's.
    options: Vec<(String, String)>,
    pub(super) catalog: Option<String>,
    pub(super) dialect: &'static Dialect,
    pub(super) srid: i32,
    pub(super) limits: Limits,
}

impl Any {
    /// HV00D for an option that is missing or belongs to a user mapping, 22023 for a wrong value. The driver checks its own.
    pub(super) fn parse(options: &Options) -> Result<Any> {
        let dialect = options.get("dialect").ok_or_else(|| {
            missing_option("dialect").hint("Name the dialect that the engine speaks: OPTIONS (dialect 'postgis').")
        })?;
        let driver = options.get("driver").ok_or_else(|| missing_option("driver"))?;
        let mut parsed = Any {
            driver: library("driver", driver)?,
            entrypoint: None,
            options: Vec::new(),
            catalog: None,
            dialect: Dialect::by_name(dialect)?,
            srid: 0,
            limits: Limits {
                max_connections: 8,
                pool_timeout: Duration::from_secs(30),
                connect_timeout: Duration::from_secs(60),
            },
        };
        for (option, value) in options {
            match option.as_str() {
                "catalog" => parsed.catalog = Some(clean(option, value)?),
                "connect_timeout" => parsed.limits.connect_timeout = seconds(option, value)?,
                // Read above; the version is kept by attach.
                "dialect" | "driver" | "version" => {}
                "entrypoint" => parsed.entrypoint = Some(clean(option, value)?),
                "max_connections" => parsed.limits.max_connections = number(option, value, 1, 1000)?,
                "pool_timeout" => parsed.limits.pool_timeout = seconds(option, value)?,
                "srid" => parsed.srid = number(option, value, 0, 999_999)? as i32,
                _ if is_secret(option, value) => {
                    return Err(Error::new(SqlState(*b"HV00D"), format!("option \"{option}\" holds a secret"))
                        .hint("Give it in CREATE USER MAPPING: every role may read the options of a server."));
                }
                _ => parsed.options.push((option.clone(), clean(option, value)?)),
            }
        }
        Ok(parsed)
    }

    /// How the worker opens it: a user mapping's options go before the server's.
    pub(super) fn launch(&self, mapping: &Options) -> Launch {
        let mut options: Vec<(String, String)> =
            self.options.iter().filter(|(name, _)| !mapping.contains_key(name)).cloned().collect();
        options.extend(mapping.iter().map(|(name, value)| (name.clone(), value.clone())));
        Launch {
            driver: self.driver.clone(),
            entrypoint: self.entrypoint.clone(),
            options,
            init: Vec::new(),
            settings: self.dialect.driver().session.clone(),
            count: None,
            drain: true,
        }
    }
}

/// All are the driver's, but none that says which driver, or how it is used.
pub(super) fn check_mapping(options: &Options) -> Result<()> {
    for (option, value) in options {
        if OWN.contains(&option.as_str()) {
            return Err(invalid_option(option, &[]).hint("Options of a user mapping go to the driver as they are."));
        }
        clean(option, value)?;
    }
    Ok(())
}

/// By its name, or a URI with a password in it.
fn is_secret(option: &str, value: &str) -> bool {
    let user = value.split_once("://").and_then(|(_, rest)| rest.split(['/', '?']).next()?.rsplit_once('@'));
    SECRET.iter().any(|part| option.to_lowercase().contains(part))
        || user.is_some_and(|(user, _)| user.contains(':'))
        || value.to_lowercase().contains("password=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connector::options::pairs as options;

    #[test]
    fn options_are_checked_by_name_and_value() {
        for (pairs, state, message) in [
            (vec![("driver", "x")], "HV00D", "option \"dialect\" is required"),
            (vec![("dialect", "postgis")], "HV00D", "option \"driver\" is required"),
            (vec![("dialect", "nosuch"), ("driver", "x")], "22023", "dialect \"nosuch\" does not exist"),
            (
                vec![("dialect", "postgis"), ("driver", "./x.so")],
                "22023",
                "invalid value for option \"driver\": \"./x.so\"",
            ),
            (
                vec![("dialect", "postgis"), ("driver", "x"), ("uri", "postgresql://u:p@h/d")],
                "HV00D",
                "option \"uri\" holds a secret",
            ),
            (
                vec![("dialect", "postgis"), ("driver", "x"), ("adbc.x.auth_token", "t")],
                "HV00D",
                "option \"adbc.x.auth_token\" holds a secret",
            ),
        ] {
            let error = Any::parse(&options(&pairs)).expect_err(message);
            assert_eq!((error.state().code(), error.message()), (state, message));
        }
        assert_eq!(check_mapping(&options(&[("driver", "/x.so")])).expect_err("ours").state().code(), "HV00D");
    }

    #[test]
    fn a_mapping_goes_before_the_server() {
        let server = options(&[
            ("dialect", "postgis"),
            ("driver", "x"),
            ("uri", "postgresql://h/d"),
            ("username", "a"),
            ("version", "150018"),
        ]);
        let launch = Any::parse(&server).expect("valid").launch(&options(&[("password", "p"), ("username", "b")]));
        let given: Vec<(&str, &str)> =
            launch.options.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(given, [("uri", "postgresql://h/d"), ("password", "p"), ("username", "b")]);
        assert!(launch.settings.iter().any(|statement| statement == "SET TimeZone = 'UTC'"));
    }
}
