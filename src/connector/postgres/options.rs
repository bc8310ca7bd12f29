//! OPTIONS of a server and of a user mapping, parsed once into types.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::connector::options::{clean, invalid_option, invalid_value, number, seconds};
use crate::error::{Error, Result, SqlState};

const SERVER_OPTIONS: &[&str] = &[
    "application_name",
    "connect_timeout",
    "dbname",
    "host",
    "idle_timeout",
    "max_connections",
    "pool_timeout",
    "port",
    "sslmode",
    "sslrootcert",
    "statement_cache_size",
];

const USER_OPTIONS: &[&str] = &["password", "user"];

/// How TLS is used; libpq's meanings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SslMode {
    Disable,
    /// TLS when the server offers it; the certificate is not checked.
    Prefer,
    /// TLS or nothing; the certificate is checked only when a root certificate is given.
    Require,
    /// The certificate must lead to a trusted root.
    VerifyCa,
    /// ... and be for that host.
    VerifyFull,
}

/// Where a server is and how it is talked to.
#[derive(Clone, Debug)]
pub struct PostgresServer {
    /// The name that CREATE SERVER gave: for messages.
    pub name: String,
    /// A host name, an address, or the folder of a Unix socket (starts with `/`).
    pub host: String,
    pub port: u16,
    /// `None`: the user's name, as libpq does.
    pub dbname: Option<String>,
    pub sslmode: SslMode,
    pub sslrootcert: Option<PathBuf>,
    pub connect_timeout: Duration,
    pub max_connections: usize,
    /// How long a statement waits for a free connection.
    pub pool_timeout: Duration,
    /// How long a connection may lie unused.
    pub idle_timeout: Duration,
    pub application_name: String,
    /// Prepared statements kept per connection.
    pub statement_cache_size: usize,
}

/// Who logs in. The password never prints.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Credentials {
    pub user: String,
    pub password: Option<String>,
}

impl PostgresServer {
    /// Reads the OPTIONS of a server; HV00D for an unknown one.
    pub fn parse<'a>(name: &str, options: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<PostgresServer> {
        let mut server = PostgresServer {
            name: name.to_owned(),
            host: "localhost".to_owned(),
            port: 5432,
            dbname: None,
            sslmode: SslMode::Prefer,
            sslrootcert: None,
            connect_timeout: Duration::from_secs(10),
            max_connections: 20,
            pool_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(300),
            application_name: "graticule".to_owned(),
            statement_cache_size: 256,
        };
        for (option, value) in options {
            match option {
                "application_name" => server.application_name = clean(option, value)?,
                "connect_timeout" => server.connect_timeout = seconds(option, value)?,
                "dbname" => server.dbname = Some(clean(option, value)?),
                "host" => server.host = clean(option, value)?,
                "idle_timeout" => server.idle_timeout = seconds(option, value)?,
                "max_connections" => server.max_connections = number(option, value, 1, 10_000)?,
                "pool_timeout" => server.pool_timeout = seconds(option, value)?,
                "port" => server.port = number(option, value, 1, 65_535)? as u16,
                "sslmode" => server.sslmode = SslMode::parse(value)?,
                "sslrootcert" => server.sslrootcert = Some(PathBuf::from(clean(option, value)?)),
                "statement_cache_size" => server.statement_cache_size = number(option, value, 1, 100_000)?,
                _ => return Err(invalid_option(option, SERVER_OPTIONS)),
            }
        }
        Ok(server)
    }

    /// True for a Unix socket, where TLS has no place.
    pub fn is_local(&self) -> bool {
        self.host.starts_with('/')
    }
}

impl SslMode {
    fn parse(value: &str) -> Result<SslMode> {
        Ok(match value {
            "disable" => SslMode::Disable,
            "prefer" => SslMode::Prefer,
            "require" => SslMode::Require,
            "verify-ca" => SslMode::VerifyCa,
            "verify-full" => SslMode::VerifyFull,
            _ => {
                return Err(invalid_value("sslmode", value)
                    .hint("Valid values are: disable, prefer, require, verify-ca, verify-full"));
            }
        })
    }
}

impl Credentials {
    /// Reads the OPTIONS of a user mapping; HV00D for an unknown one, HV00N without a user.
    pub fn parse<'a>(server: &str, options: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Credentials> {
        let (mut user, mut password) = (None, None);
        for (option, value) in options {
            match option {
                "password" => password = Some(clean(option, value)?),
                "user" => user = Some(clean(option, value)?),
                _ => return Err(invalid_option(option, USER_OPTIONS)),
            }
        }
        let user = user.ok_or_else(|| {
            Error::new(SqlState(*b"HV00J"), format!("the user mapping for server \"{server}\" names no user"))
                .hint("Set the option \"user\" of the user mapping.")
        })?;
        Ok(Credentials { user, password })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_options_and_names_the_unknown_one() {
        let server = PostgresServer::parse("gis", [("host", "db"), ("port", "54"), ("sslmode", "verify-full")]);
        let server = server.expect("valid options");
        assert_eq!((server.host.as_str(), server.port, server.sslmode), ("db", 54, SslMode::VerifyFull));
        for (option, value, state, message) in [
            ("hots", "db", "HV00D", "invalid option \"hots\""),
            ("port", "0", "22023", "invalid value for option \"port\": \"0\""),
            ("sslmode", "maybe", "22023", "invalid value for option \"sslmode\": \"maybe\""),
        ] {
            let error = PostgresServer::parse("gis", [(option, value)]).expect_err(option);
            assert_eq!((error.state().code(), error.message()), (state, message));
            assert!(error.fields().hint.is_some());
        }
    }

    #[test]
    fn a_password_never_prints() {
        let credentials = Credentials::parse("gis", [("user", "u"), ("password", "secret")]).expect("valid");
        assert!(!format!("{credentials:?}").contains("secret"));
        assert_eq!(Credentials::parse("gis", []).expect_err("no user").state().code(), "HV00J");
    }
}
