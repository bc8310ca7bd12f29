//! The settings of one session, with transactions and savepoints.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::guc::{self, Guc, GucContext, GucKind};
use super::value::{self, boolean, identifiers};
use super::zone;
use crate::dialect::quote::is_plain;
use crate::error::{Error, Result, SqlState};
use crate::kernels::{ByteaOutput, Formats, IntervalStyle};
use crate::sql::SetValue;

/// Values that differ from the built-in defaults, by lower-case name, in canonical form.
type Values = BTreeMap<String, Arc<str>>;

/// One session's settings. Snapshots share their maps, so BEGIN and SAVEPOINT cost nothing.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What RESET goes back to: startup parameters, ALTER ROLE ... SET, configuration.
    defaults: Arc<Values>,
    current: Arc<Values>,
    /// What stays after COMMIT: `current` without SET LOCAL.
    lasting: Arc<Values>,
    /// Before the transaction, then before each savepoint.
    marks: Vec<(Arc<Values>, Arc<Values>)>,
    /// Counts changes of what `get` answers.
    changes: u64,
}

/// Whether a value lasts beyond the transaction.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    Local,
    Session,
}

impl Settings {
    /// The canonical value; `None` when there is no such setting.
    pub fn get(&self, name: &str) -> Option<&str> {
        if let Some(value) = self.current.get(name) {
            return Some(value);
        }
        let lower = name.to_ascii_lowercase();
        match self.current.get(&lower).or_else(|| self.defaults.get(&lower)) {
            Some(value) => Some(value),
            None => guc::find(&lower).map(|guc| guc.boot),
        }
    }

    /// What SHOW prints; 42704 when there is no such setting.
    pub fn show(&self, name: &str) -> Result<String> {
        let value = self.get(name).ok_or_else(|| unrecognized(name))?;
        Ok(guc::find(name).map_or_else(|| value.to_owned(), |guc| value::shown(guc, value)))
    }

    /// Name, value and description of all shown settings, custom ones last by name.
    pub fn show_all(&self) -> Vec<(String, String, String)> {
        let shown = guc::all().iter().filter(|guc| !guc.hidden).map(|guc| {
            let value = value::shown(guc, self.get(guc.name).unwrap_or(guc.boot));
            (guc.name.to_owned(), value, guc.description.to_owned())
        });
        let mut all: Vec<_> = shown.collect();
        let custom = self.current.iter().filter(|(name, _)| guc::find(name).is_none());
        all.extend(custom.map(|(name, value)| (name.clone(), value.to_string(), String::new())));
        all.sort_by_key(|(name, _, _)| name.to_ascii_lowercase());
        all
    }

    /// `SET name = value` with the value as one text (as `set_config` gets it); `None` is DEFAULT.
    pub fn set(&mut self, name: &str, text: Option<&str>, scope: Scope) -> Result<()> {
        let key = name.to_ascii_lowercase();
        match guc::find(&key) {
            Some(guc) => {
                self.may_set(guc)?;
                match text {
                    Some(text) => {
                        let current = self.get(&key).unwrap_or(guc.boot).to_owned();
                        let value = value::normalise(guc, text, &current)?;
                        self.put(key, Some(Arc::from(value)), scope);
                    }
                    None => self.put(key, None, scope),
                }
            }
            None => {
                check_custom(name)?;
                self.put(key, Some(Arc::from(text.unwrap_or_default())), scope);
            }
        }
        Ok(())
    }

    /// `RESET name`.
    pub fn reset(&mut self, name: &str) -> Result<()> {
        if guc::find(name).is_none() {
            check_custom(name)?;
        }
        self.set(name, None, Scope::Session)
    }

    /// RESET ALL.
    pub fn reset_all(&mut self) {
        let stays = |name: &String| {
            guc::find(name).is_some_and(|guc| guc.keeps_on_reset_all || guc.context == GucContext::Internal)
        };
        let kept: Values =
            self.current.iter().filter(|(name, _)| stays(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
        self.current = Arc::new(kept);
        self.lasting = self.current.clone();
        self.changes += 1;
    }

    /// A default of this session (startup parameter, ALTER ROLE ... SET): checked as SET, but RESET goes back to it.
    pub fn set_default(&mut self, name: &str, text: &str) -> Result<()> {
        let key = name.to_ascii_lowercase();
        let value = match guc::find(&key) {
            Some(guc) => {
                if !matches!(guc.context, GucContext::Backend | GucContext::SuperuserBackend) {
                    self.may_set(guc)?;
                }
                let current = self.get(&key).unwrap_or(guc.boot).to_owned();
                value::normalise(guc, text, &current)?
            }
            None => {
                check_custom(name)?;
                text.to_owned()
            }
        };
        Arc::make_mut(&mut self.defaults).insert(key, Arc::from(value));
        self.changes += 1;
        Ok(())
    }

    /// Sets what only the server itself changes (`is_superuser`, `role`, `transaction_isolation`), unchecked.
    pub fn set_internal(&mut self, name: &str, value: &str) {
        self.put(name.to_ascii_lowercase(), Some(Arc::from(value)), Scope::Session);
    }

    /// As [`Settings::set_internal`], until the transaction ends.
    pub fn set_internal_local(&mut self, name: &str, value: &str) {
        self.put(name.to_ascii_lowercase(), Some(Arc::from(value)), Scope::Local);
    }

    /// The transaction begins.
    pub fn begin(&mut self) {
        self.marks.clear();
        self.savepoint();
    }

    pub fn savepoint(&mut self) {
        self.marks.push((self.current.clone(), self.lasting.clone()));
    }

    /// Back to the state before savepoint `level` (0-based), which stays.
    pub fn rollback_to(&mut self, level: usize) {
        self.marks.truncate(level + 2);
        if let Some((current, lasting)) = self.marks.last().cloned() {
            self.restore(current, lasting);
        }
    }

    /// Forgets savepoint `level` and those above.
    pub fn release(&mut self, level: usize) {
        self.marks.truncate(level + 1);
    }

    pub fn commit(&mut self) {
        self.restore(self.lasting.clone(), self.lasting.clone());
        self.marks.clear();
    }

    pub fn rollback(&mut self) {
        let lasting = self.marks.first().map_or_else(|| self.lasting.clone(), |(_, lasting)| lasting.clone());
        self.restore(lasting.clone(), lasting);
        self.marks.clear();
    }

    fn restore(&mut self, current: Arc<Values>, lasting: Arc<Values>) {
        if !Arc::ptr_eq(&self.current, &current) {
            self.changes += 1;
        }
        (self.current, self.lasting) = (current, lasting);
    }

    fn put(&mut self, key: String, value: Option<Arc<str>>, scope: Scope) {
        self.changes += 1;
        // Both maps stay one while they are equal, so that COMMIT changes nothing.
        if scope == Scope::Session && Arc::ptr_eq(&self.current, &self.lasting) {
            self.lasting = Arc::default();
            let values = Arc::make_mut(&mut self.current);
            match value {
                Some(value) => drop(values.insert(key, value)),
                None => drop(values.remove(&key)),
            }
            self.lasting = self.current.clone();
            return;
        }
        let set = |values: &mut Arc<Values>| {
            let values = Arc::make_mut(values);
            match &value {
                Some(value) => drop(values.insert(key.clone(), value.clone())),
                None => drop(values.remove(&key)),
            }
        };
        set(&mut self.current);
        if scope == Scope::Session {
            set(&mut self.lasting);
        }
    }

    fn may_set(&self, guc: &Guc) -> Result<()> {
        let fixed = |when: &str| {
            let message = format!("parameter \"{}\" cannot be {when}", guc.name);
            Err(Error::new(SqlState::CANT_CHANGE_RUNTIME_PARAM, message))
        };
        match guc.context {
            GucContext::Internal => fixed("changed"),
            GucContext::Postmaster => fixed("changed without restarting the server"),
            GucContext::Sighup => fixed("changed now"),
            GucContext::Backend | GucContext::SuperuserBackend => fixed("set after connection start"),
            GucContext::Superuser if self.get("is_superuser") != Some("on") => {
                let message = format!("permission denied to set parameter \"{}\"", guc.name);
                Err(Error::new(SqlState::INSUFFICIENT_PRIVILEGE, message))
            }
            GucContext::Superuser | GucContext::User => Ok(()),
        }
    }

    // What the rest of the process reads.

    pub fn bool(&self, name: &str) -> bool {
        self.get(name).and_then(boolean).unwrap_or(false)
    }

    pub fn int(&self, name: &str) -> i64 {
        self.get(name).and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    pub fn real(&self, name: &str) -> f64 {
        self.get(name).and_then(|value| value.parse().ok()).unwrap_or(0.0)
    }

    /// A timeout in milliseconds; `None` for 0 (off).
    pub fn timeout(&self, name: &str) -> Option<Duration> {
        u64::try_from(self.int(name)).ok().filter(|millis| *millis > 0).map(Duration::from_millis)
    }

    /// The schemas of `search_path` as written.
    pub fn search_path(&self) -> Vec<String> {
        self.get("search_path").and_then(identifiers).unwrap_or_default()
    }

    /// What changes how values are read and written.
    pub fn formats(&self) -> Formats {
        let zone = self.get("timezone").unwrap_or("UTC");
        let interval_style = match self.get("intervalstyle") {
            Some("postgres_verbose") => IntervalStyle::PostgresVerbose,
            Some("sql_standard") => IntervalStyle::SqlStandard,
            Some("iso_8601") => IntervalStyle::Iso8601,
            _ => IntervalStyle::Postgres,
        };
        let defaults = Formats::default();
        Formats {
            time_zone: zone::canonical(zone).map_or_else(|| "UTC".to_owned(), |zone| zone.kernel),
            date_style: value::date_style(self.get("datestyle").unwrap_or("ISO, MDY"), "")
                .unwrap_or(defaults.date_style),
            interval_style,
            extra_float_digits: i32::try_from(self.int("extra_float_digits")).unwrap_or(1),
            bytea_output: if self.get("bytea_output") == Some("escape") {
                ByteaOutput::Escape
            } else {
                ByteaOutput::Hex
            },
        }
    }
}

/// The one text of a SET's value list, as PostgreSQL's `flatten_set_variable_args`.
pub fn flatten(name: &str, values: &[SetValue]) -> Result<String> {
    let name = name.to_ascii_lowercase();
    let quotes = ["search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries"];
    let lists = ["datestyle", "log_destination", "listen_addresses", "wal_consistency_checking"];
    let (quoted, list) = (quotes.contains(&name.as_str()), lists.contains(&name.as_str()));
    if values.len() > 1 && !quoted && !list {
        return Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("SET {name} takes only one argument")));
    }
    let texts = values.iter().map(|value| match value {
        SetValue::Number(text) => text.clone(),
        SetValue::Text(text) if quoted => quote_identifier(text),
        SetValue::Text(text) => text.clone(),
        SetValue::Interval(text) => format!("INTERVAL '{text}'"),
    });
    Ok(texts.collect::<Vec<_>>().join(", "))
}

/// PostgreSQL's `quote_identifier`.
fn quote_identifier(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

fn unrecognized(name: &str) -> Error {
    Error::new(SqlState::UNDEFINED_OBJECT, format!("unrecognized configuration parameter \"{name}\""))
}

/// Dotted names are free for extensions and applications; others must exist.
fn check_custom(name: &str) -> Result<()> {
    if !name.contains('.') {
        return Err(unrecognized(name));
    }
    let plain = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii())
            && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii())
    };
    if name.to_ascii_lowercase().starts_with("graticule.") {
        return Err(unrecognized(name));
    }
    if name.split('.').all(plain) {
        return Ok(());
    }
    Err(Error::new(SqlState::INVALID_NAME, format!("invalid configuration parameter name \"{name}\""))
        .detail("Custom parameter names must be two or more simple identifiers separated by dots."))
}

/// [`Settings`] that functions (`set_config`) may change while a statement runs.
#[derive(Debug, Default)]
pub struct SharedSettings {
    settings: Mutex<Settings>,
    version: AtomicU64,
}

impl SharedSettings {
    pub fn new(settings: Settings) -> SharedSettings {
        let version = AtomicU64::new(settings.changes);
        SharedSettings { settings: Mutex::new(settings), version }
    }

    /// Rises with every change: who derives something from the settings keeps it until then.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub fn read<R>(&self, read: impl FnOnce(&Settings) -> R) -> R {
        read(&self.lock())
    }

    pub fn write<R>(&self, write: impl FnOnce(&mut Settings) -> R) -> R {
        let mut settings = self.lock();
        let result = write(&mut settings);
        self.version.store(settings.changes, Ordering::Release);
        result
    }

    /// `current_setting(name, missing_ok)`: `None` for a missing one that may be missing.
    pub fn current_setting(&self, name: &str, missing_ok: bool) -> Result<Option<String>> {
        match self.read(|settings| settings.show(name)) {
            Ok(value) => Ok(Some(value)),
            Err(_) if missing_ok => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `set_config(name, value, is_local)`: the new value as shown. NULL resets.
    pub fn set_config(&self, name: &str, value: Option<&str>, is_local: bool) -> Result<String> {
        if ["role", "session_authorization", "transaction_isolation", "transaction_read_only", "transaction_deferrable"]
            .contains(&name.to_ascii_lowercase().as_str())
        {
            return Err(Error::unsupported(format!("set_config of \"{name}\" (use the SET command)")));
        }
        let scope = if is_local { Scope::Local } else { Scope::Session };
        self.write(|settings| {
            settings.set(name, value, scope)?;
            settings.show(name)
        })
    }

    fn lock(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// PostgreSQL's `parse_bool`.
pub fn parse_bool(text: &str) -> Option<bool> {
    boolean(text)
}

/// The kind's name for messages (`pg_settings.vartype`), re-exported for the catalog.
pub fn kind_of(name: &str) -> Option<GucKind> {
    guc::find(name).map(|guc| guc.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn superuser() -> Settings {
        let mut settings = Settings::default();
        settings.set_internal("is_superuser", "on");
        settings
    }

    /// SET name = text; SHOW name, or the error.
    fn set(name: &str, text: &str) -> String {
        let mut settings = superuser();
        match settings.set(name, Some(text), Scope::Session) {
            Ok(()) => settings.show(name).unwrap(),
            Err(error) => format!("{} {}", error.state(), error.message()),
        }
    }

    #[test]
    fn sets_and_shows_as_postgresql() {
        for (name, text, expected) in [
            ("foo", "1", "42704 unrecognized configuration parameter \"foo\""),
            ("foo.bar", "1", "1"),
            ("foo.b-r", "1", "42602 invalid configuration parameter name \"foo.b-r\""),
            ("graticule.nothing", "1", "42704 unrecognized configuration parameter \"graticule.nothing\""),
            ("work_mem", "16MB", "16MB"),
            ("work_mem", "1.5MB", "1536kB"),
            ("work_mem", "16XB", "22023 invalid value for parameter \"work_mem\": \"16XB\""),
            ("work_mem", "abc", "22023 invalid value for parameter \"work_mem\": \"abc\""),
            ("work_mem", "1", "22023 1 kB is outside the valid range for parameter \"work_mem\" (64 .. 2147483647)"),
            ("statement_timeout", "5min", "5min"),
            ("statement_timeout", "1500", "1500ms"),
            ("statement_timeout", "1.5s", "1500ms"),
            ("statement_timeout", "0", "0"),
            ("datestyle", "german", "German, DMY"),
            ("datestyle", "sql,dmy", "SQL, DMY"),
            ("datestyle", "iso, iso", "ISO, MDY"),
            ("datestyle", "foo", "22023 invalid value for parameter \"DateStyle\": \"foo\""),
            ("datestyle", "iso, sql", "22023 invalid value for parameter \"DateStyle\": \"iso, sql\""),
            ("timezone", "europe/berlin", "Europe/Berlin"),
            ("timezone", "3", "<+03>-03"),
            ("timezone", "-7.5", "<-07:30>+07:30"),
            ("timezone", "INTERVAL '+02:00'", "<+02>-02"),
            ("timezone", "UTC+3", "UTC+3"),
            ("timezone", "<+02>-02", "<+02>-02"),
            ("timezone", "foo/bar", "22023 invalid value for parameter \"TimeZone\": \"foo/bar\""),
            ("client_encoding", "'utf-8'", "UTF8"),
            ("client_encoding", "unicode", "UTF8"),
            ("client_encoding", "latin1", "0A000 client encoding \"latin1\" is not supported"),
            ("client_encoding", "foo", "22023 invalid value for parameter \"client_encoding\": \"foo\""),
            ("server_version", "1", "55P02 parameter \"server_version\" cannot be changed"),
            (
                "max_connections",
                "1",
                "55P02 parameter \"max_connections\" cannot be changed without restarting the server",
            ),
            ("fsync", "off", "55P02 parameter \"fsync\" cannot be changed now"),
            ("log_connections", "on", "55P02 parameter \"log_connections\" cannot be set after connection start"),
            ("enable_seqscan", "tr", "on"),
            ("enable_seqscan", "o", "22023 parameter \"enable_seqscan\" requires a Boolean value"),
            ("client_min_messages", "Error", "error"),
            ("client_min_messages", "foo", "22023 invalid value for parameter \"client_min_messages\": \"foo\""),
            ("extra_float_digits", "3.4", "3"),
            (
                "extra_float_digits",
                "4",
                "22023 4 is outside the valid range for parameter \"extra_float_digits\" (-15 .. 3)",
            ),
            ("random_page_cost", "1.50", "1.5"),
            ("intervalstyle", "ISO_8601", "iso_8601"),
            ("application_name", "a é b", "a ?? b"),
            ("search_path", "a,,b", "22023 invalid value for parameter \"search_path\": \"a,,b\""),
            (
                "standard_conforming_strings",
                "off",
                "0A000 value \"off\" of parameter \"standard_conforming_strings\" is not supported",
            ),
        ] {
            assert_eq!(set(name, text), expected, "{name} = {text}");
        }
    }

    #[test]
    fn shows_boot_values_as_postgresql() {
        let settings = Settings::default();
        for (name, expected) in [
            ("autovacuum_naptime", "1min"),
            ("bgwriter_flush_after", "512kB"),
            ("effective_cache_size", "4GB"),
            ("autovacuum_vacuum_cost_delay", "2ms"),
            ("data_directory_mode", "0700"),
            ("archive_timeout", "0"),
            ("autovacuum_work_mem", "-1"),
            ("checkpoint_completion_target", "0.9"),
        ] {
            assert_eq!(settings.show(name).unwrap(), expected, "{name}");
        }
    }

    #[test]
    fn lists_are_flattened() {
        let text = |text: &str| SetValue::Text(text.to_owned());
        for (name, values, expected) in [
            ("search_path", vec![text("a"), text("b")], "a, b"),
            ("search_path", vec![text("a, B"), text("C D")], "\"a, B\", \"C D\""),
            ("search_path", vec![text("$user"), text("public")], "\"$user\", public"),
            ("search_path", vec![text("")], "\"\""),
            ("search_path", vec![text("select")], "\"select\""),
            ("datestyle", vec![text("sql"), text("dmy")], "sql, dmy"),
        ] {
            assert_eq!(flatten(name, &values).unwrap(), expected);
        }
        assert!(flatten("work_mem", &[text("1"), text("2")]).is_err());
    }

    #[test]
    fn transactions_undo() {
        let mut settings = superuser();
        let set = |settings: &mut Settings, value: &str, scope| settings.set("a.b", Some(value), scope).unwrap();
        set(&mut settings, "0", Scope::Session);
        settings.begin();
        set(&mut settings, "1", Scope::Session);
        settings.savepoint();
        set(&mut settings, "2", Scope::Local);
        assert_eq!(settings.get("a.b"), Some("2"));
        settings.rollback_to(0);
        assert_eq!(settings.get("a.b"), Some("1"));
        set(&mut settings, "3", Scope::Local);
        settings.commit();
        assert_eq!(settings.get("a.b"), Some("1"));
        settings.begin();
        set(&mut settings, "4", Scope::Session);
        settings.rollback();
        assert_eq!(settings.get("a.b"), Some("1"));
    }
}
