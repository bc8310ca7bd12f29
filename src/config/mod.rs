//! `graticule.toml`: process settings, typed, checked when loaded. Unknown keys are errors.
//!
//! Sources, roles and policies are not here: they are SQL objects (see `--init`).

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::session::Settings;

/// Everything that the process may be told.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where clients connect with the PostgreSQL protocol.
    pub listen: SocketAddr,
    /// Tiles, health and metrics; none without.
    pub http: Option<SocketAddr>,
    /// The database (tenant) that is made at the first start.
    pub database: String,
    /// Where definitions are kept; in memory only without.
    pub data_dir: Option<PathBuf>,
    /// SQL that is run at every start (it must be repeatable).
    pub init: Option<PathBuf>,
    /// A folder of dialects beside the program's own.
    pub dialects: Option<PathBuf>,
    pub tls: Option<TlsFiles>,
    pub limits: Limits,
    pub log: Log,
    /// Defaults of every session's settings.
    pub settings: BTreeMap<String, Setting>,
}

/// The server's certificate.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// PEM, the server's certificate first.
    pub certificate: PathBuf,
    /// PEM, PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
    /// Refuse clear text from other hosts.
    #[serde(default)]
    pub required: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    pub max_connections: usize,
    pub authentication_timeout_seconds: u64,
    /// How long sessions may go on after SIGTERM.
    pub drain_timeout_seconds: u64,
    /// Memory of all local plans together, in megabytes.
    pub memory_megabytes: u64,
    /// Disk for spilled data, in megabytes.
    pub spill_megabytes: u64,
    /// Threads; the number of processors without.
    pub threads: Option<usize>,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, or tracing's filter syntax. Literals of statements appear only below `info`.
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Json,
    Text,
}

/// A setting's value: text, number or Boolean.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Setting {
    Bool(bool),
    Integer(i64),
    Real(f64),
    Text(String),
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Bool(value) => f.write_str(if *value { "on" } else { "off" }),
            Setting::Integer(value) => value.fmt(f),
            Setting::Real(value) => value.fmt(f),
            Setting::Text(value) => f.write_str(value),
        }
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 5433)),
            http: Some(SocketAddr::from(([127, 0, 0, 1], 8080))),
            database: "postgres".to_owned(),
            data_dir: None,
            init: None,
            dialects: None,
            tls: None,
            limits: Limits::default(),
            log: Log::default(),
            settings: BTreeMap::new(),
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_connections: 500,
            authentication_timeout_seconds: 60,
            drain_timeout_seconds: 30,
            memory_megabytes: 1024,
            spill_megabytes: 16 * 1024,
            threads: None,
        }
    }
}

impl Default for Log {
    fn default() -> Log {
        Log { filter: "info".to_owned(), format: LogFormat::Text }
    }
}

/// A configuration that cannot be used: what and where.
#[derive(Debug, Eq, PartialEq)]
pub struct ConfigError {
    file: PathBuf,
    line: Option<usize>,
    message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads a file.
    pub fn load(file: &Path) -> Result<Config, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|error| ConfigError {
            file: file.to_owned(),
            line: None,
            message: error.to_string(),
        })?;
        Config::parse(file, &text)
    }

    /// Reads text; `file` is for messages, and relative paths in it start in the file's folder.
    pub fn parse(file: &Path, text: &str) -> Result<Config, ConfigError> {
        let fail = |line, message: String| ConfigError { file: file.to_owned(), line, message };
        let line_of = |at: usize| text.get(..at).map(|before| before.matches('\n').count() + 1);
        let mut config: Config = toml::from_str(text).map_err(|error| {
            fail(error.span().and_then(|span| line_of(span.start)), error.message().trim_end().to_owned())
        })?;
        // The place of a value that is well-formed but wrong: the line that starts with its key.
        let line_with = |key: &str| {
            text.lines().position(|line| line.trim_start().trim_start_matches('"').starts_with(key)).map(|at| at + 1)
        };
        if config.limits.max_connections == 0 {
            return Err(fail(line_with("max_connections"), "max_connections must be at least 1".to_owned()));
        }
        if config.limits.threads == Some(0) {
            return Err(fail(line_with("threads"), "threads must be at least 1".to_owned()));
        }
        if config.database.is_empty() {
            return Err(fail(line_with("database"), "database must not be empty".to_owned()));
        }
        let mut settings = Settings::default();
        settings.set_internal("is_superuser", "on");
        for (name, value) in &config.settings {
            settings
                .set_default(name, &value.to_string())
                .map_err(|error| fail(line_with(name), error.message().to_owned()))?;
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        let tls = config.tls.iter_mut().flat_map(|tls| [&mut tls.certificate, &mut tls.key]);
        for path in
            config.data_dir.iter_mut().chain(config.init.iter_mut()).chain(config.dialects.iter_mut()).chain(tls)
        {
            *path = folder.join(&*path);
        }
        Ok(config)
    }

    pub fn authentication_timeout(&self) -> Duration {
        Duration::from_secs(self.limits.authentication_timeout_seconds)
    }

    pub fn drain_timeout(&self) -> Duration {
        Duration::from_secs(self.limits.drain_timeout_seconds)
    }

    /// The default settings of sessions.
    pub fn session_settings(&self) -> Vec<(String, String)> {
        self.settings.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_file() {
        let text = r#"
            listen = "0.0.0.0:5432"
            database = "gis"
            data_dir = "data"
            [limits]
            max_connections = 7
            [log]
            format = "json"
            [settings]
            TimeZone = "Europe/Berlin"
            statement_timeout = "5min"
            "graticule.fold" = false
        "#;
        let config = Config::parse(Path::new("/etc/g/graticule.toml"), text).unwrap();
        assert_eq!(config.listen.port(), 5432);
        assert_eq!(config.data_dir, Some(PathBuf::from("/etc/g/data")));
        assert_eq!((config.limits.max_connections, config.log.format), (7, LogFormat::Json));
        assert_eq!(config.session_settings()[1], ("graticule.fold".to_owned(), "off".to_owned()));
        assert_eq!(Config::parse(Path::new("x"), "").unwrap(), Config::default());
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        for (text, expected) in [
            ("listen = 1", "g.toml:1: "),
            ("\nnonsense = 1", "g.toml:2: unknown field `nonsense`"),
            ("[limits]\nmax_connections = 0", "g.toml:2: max_connections must be at least 1"),
            ("[settings]\nwork_mem = \"x\"", "g.toml:2: invalid value for parameter \"work_mem\": \"x\""),
            ("[settings]\n\nnope = 1", "g.toml:3: unrecognized configuration parameter \"nope\""),
            ("listen = ", "g.toml:1: "),
        ] {
            let error = Config::parse(Path::new("g.toml"), text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
