//! OPTIONS of a `duckdb` server.

use std::time::Duration;

use crate::connector::Options;
use crate::connector::adbc::{DRIVER_OPTIONS, Launch, Limits};
use crate::connector::options::{clean, invalid_option, invalid_value, library, missing_option, number, seconds};
use crate::error::Result;

const OPTIONS: [&str; 11] = [
    DRIVER_OPTIONS[0],
    DRIVER_OPTIONS[1],
    "connect_timeout",
    "extensions",
    "max_connections",
    "memory_limit",
    "path",
    "pool_timeout",
    "srid",
    "threads",
    "version",
];

/// What runs when the database is open. Results and comparisons must not depend on the machine or on the file.
const PINNED: [&str; 6] = [
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL integer_division = false",
    "SET GLOBAL default_collation = ''",
    "SET GLOBAL arrow_lossless_conversion = false",
    "SET GLOBAL arrow_output_list_view = false",
    "SET GLOBAL produce_arrow_string_view = false",
];

/// For what the spatial extension brings.
const PINNED_SPATIAL: &str = "SET GLOBAL geometry_always_xy = true";

/// A server's options, checked.
#[derive(Clone, Debug)]
pub(super) struct Duckdb {
    driver: String,
    entrypoint: String,
    path: String,
    extensions: Vec<String>,
    config: Vec<(String, String)>,
    pub(super) srid: i32,
    pub(super) limits: Limits,
}

impl Duckdb {
    /// HV00D for an option that is unknown or missing, 22023 for a wrong value.
    pub(super) fn parse(_server: &str, options: &Options) -> Result<Duckdb> {
        let mut parsed = Duckdb {
            driver: "duckdb".to_owned(),
            entrypoint: "duckdb_adbc_init".to_owned(),
            path: String::new(),
            extensions: Vec::new(),
            config: Vec::new(),
            srid: 0,
            limits: Limits {
                max_connections: 20,
                pool_timeout: Duration::from_secs(10),
                connect_timeout: Duration::from_secs(30),
            },
        };
        for (option, value) in options {
            match option.as_str() {
                "connect_timeout" => parsed.limits.connect_timeout = seconds(option, value)?,
                "driver" => parsed.driver = library(option, value)?,
                "entrypoint" => parsed.entrypoint = clean(option, value)?,
                "extensions" => parsed.extensions = extensions(value)?,
                "max_connections" => parsed.limits.max_connections = number(option, value, 1, 1000)?,
                "memory_limit" => parsed.config.push((option.clone(), memory(option, value)?)),
                "path" => parsed.path = file(option, value)?,
                "pool_timeout" => parsed.limits.pool_timeout = seconds(option, value)?,
                "srid" => parsed.srid = number(option, value, 0, 999_999)? as i32,
                "threads" => parsed.config.push((option.clone(), number(option, value, 1, 1024)?.to_string())),
                // Kept by attach: rows of the dialect may ask for it.
                "version" => {}
                other => return Err(invalid_option(other, &OPTIONS)),
            }
        }
        if parsed.path.is_empty() {
            return Err(missing_option("path").hint("Give the database file: OPTIONS (path '/data/db.duckdb')."));
        }
        Ok(parsed)
    }

    /// How the worker opens it.
    pub(super) fn launch(&self) -> Launch {
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        // Nothing is fetched from anywhere, and nothing is loaded that the options do not name.
        let mut options = vec![
            own("path", &self.path),
            own("autoinstall_known_extensions", "false"),
            own("autoload_known_extensions", "false"),
        ];
        if self.path != ":memory:" {
            options.push(own("access_mode", "READ_ONLY"));
        }
        options.extend(self.config.iter().cloned());
        let mut init: Vec<String> =
            self.extensions.iter().map(|extension| ["LOAD '", extension, "'"].concat()).collect();
        init.extend(PINNED.map(str::to_owned));
        if self.extensions.iter().any(|extension| extension.contains("spatial")) {
            init.push(PINNED_SPATIAL.to_owned());
        }
        Launch {
            driver: self.driver.clone(),
            entrypoint: Some(self.entrypoint.clone()),
            options,
            init,
            settings: Vec::new(),
            count: None,
            drain: false,
        }
    }
}

/// An absolute path: a relative one would depend on where the server was started.
fn file(option: &str, value: &str) -> Result<String> {
    let value = clean(option, value)?;
    if value.starts_with('/') || value == ":memory:" {
        Ok(value)
    } else {
        Err(invalid_value(option, &value).hint("Give an absolute path, or :memory:."))
    }
}

/// Names or absolute paths, separated by commas. They stand in a statement of ours: no quote gets there.
fn extensions(value: &str) -> Result<Vec<String>> {
    let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.' | '/' | '+' | ' ' | '@');
    value
        .split(',')
        .map(str::trim)
        .map(|extension| {
            let named = !extension.is_empty() && (extension.starts_with('/') || !extension.contains('/'));
            if named && extension.chars().all(plain) {
                Ok(extension.to_owned())
            } else {
                Err(invalid_value("extensions", value).hint("Give names or absolute paths, separated by commas."))
            }
        })
        .collect()
}

fn memory(option: &str, value: &str) -> Result<String> {
    let digits = value.trim_end_matches(|letter: char| letter.is_ascii_alphabetic() || letter == ' ');
    let unit = value[digits.len()..].trim();
    let known = ["B", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"].contains(&unit);
    if known && !digits.is_empty() && digits.parse::<f64>().is_ok_and(|number| number > 0.0) {
        Ok(value.to_owned())
    } else {
        Err(invalid_value(option, value).hint("Give a number and a unit: '2GB'."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(options: &[(&str, &str)]) -> Result<Duckdb> {
        let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Duckdb::parse("d", &options)
    }

    #[test]
    fn options_are_checked_by_name_and_value() {
        for (options, state, message) in [
            (vec![("path", "/x"), ("pth", "y")], "HV00D", "invalid option \"pth\""),
            (vec![], "HV00D", "option \"path\" is required"),
            (vec![("path", "x.db")], "22023", "invalid value for option \"path\": \"x.db\""),
            (vec![("path", "/x"), ("driver", "./d.so")], "22023", "invalid value for option \"driver\": \"./d.so\""),
            (
                vec![("path", "/x"), ("extensions", "spatial'; DROP TABLE t; --")],
                "22023",
                "invalid value for option \"extensions\": \"spatial'; DROP TABLE t; --\"",
            ),
            (vec![("path", "/x"), ("memory_limit", "2")], "22023", "invalid value for option \"memory_limit\": \"2\""),
            (vec![("path", "/x"), ("threads", "0")], "22023", "invalid value for option \"threads\": \"0\""),
        ] {
            let error = parse(&options).expect_err(message);
            assert_eq!((error.state().code(), error.message()), (state, message));
        }
    }

    #[test]
    fn a_file_is_opened_read_only_and_nothing_is_fetched() {
        let parsed = parse(&[("path", "/x.db"), ("extensions", "json, /lib/spatial.duckdb_extension")]).expect("valid");
        let launch = parsed.launch();
        for option in [("access_mode", "READ_ONLY"), ("autoinstall_known_extensions", "false"), ("path", "/x.db")] {
            assert!(launch.options.iter().any(|(name, value)| (name.as_str(), value.as_str()) == option), "{option:?}");
        }
        assert_eq!(launch.init[..2], ["LOAD 'json'", "LOAD '/lib/spatial.duckdb_extension'"]);
        assert_eq!(launch.init.last().map(String::as_str), Some(PINNED_SPATIAL));
    }
}
