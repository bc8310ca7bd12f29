//! PostgreSQL 15's settings and our own: one row each, from `guc.tsv`.

use std::collections::HashMap;
use std::sync::OnceLock;

/// One row of `pg_settings`, without its current value.
#[derive(Debug)]
pub struct Guc {
    pub name: &'static str,
    /// The built-in default, in the base unit.
    pub boot: &'static str,
    /// `kB`, `8kB`, `ms` ...; empty without a unit.
    pub unit: &'static str,
    pub kind: GucKind,
    /// Values of an enum.
    pub values: Vec<&'static str>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub context: GucContext,
    pub category: &'static str,
    pub description: &'static str,
    pub extra_description: &'static str,
    /// Not in SHOW ALL and pg_settings.
    pub hidden: bool,
    /// RESET ALL leaves it alone.
    pub keeps_on_reset_all: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GucKind {
    Bool,
    Enum,
    Integer,
    Real,
    String,
}

impl GucKind {
    /// `pg_settings.vartype`.
    pub fn name(self) -> &'static str {
        match self {
            GucKind::Bool => "bool",
            GucKind::Enum => "enum",
            GucKind::Integer => "integer",
            GucKind::Real => "real",
            GucKind::String => "string",
        }
    }
}

/// Who may change it, and when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GucContext {
    Backend,
    Internal,
    Postmaster,
    Sighup,
    Superuser,
    SuperuserBackend,
    User,
}

impl GucContext {
    /// `pg_settings.context`.
    pub fn name(self) -> &'static str {
        match self {
            GucContext::Backend => "backend",
            GucContext::Internal => "internal",
            GucContext::Postmaster => "postmaster",
            GucContext::Sighup => "sighup",
            GucContext::Superuser => "superuser",
            GucContext::SuperuserBackend => "superuser-backend",
            GucContext::User => "user",
        }
    }
}

/// All rows, ordered by name without case.
pub fn all() -> &'static [Guc] {
    &table().rows
}

/// The row of that name, in any case.
pub fn find(name: &str) -> Option<&'static Guc> {
    let table = table();
    let at = match table.by_name.get(name) {
        Some(at) => *at,
        None => *table.by_name.get(name.to_ascii_lowercase().as_str())?,
    };
    table.rows.get(at)
}

struct Table {
    rows: Vec<Guc>,
    by_name: HashMap<String, usize>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let rows: Vec<Guc> = include_str!("guc.tsv").lines().filter_map(row).collect();
        let by_name = rows.iter().enumerate().map(|(at, guc)| (guc.name.to_ascii_lowercase(), at)).collect();
        Table { rows, by_name }
    })
}

fn row(line: &'static str) -> Option<Guc> {
    let mut fields = line.split('\t');
    let mut next = || fields.next();
    let (name, boot, unit) = (next()?, next()?, next()?);
    let kind = match next()? {
        "bool" => GucKind::Bool,
        "enum" => GucKind::Enum,
        "integer" => GucKind::Integer,
        "real" => GucKind::Real,
        _ => GucKind::String,
    };
    let values = next()?.split(',').filter(|value| !value.is_empty()).collect();
    let (min, max) = (next()?.parse().ok(), next()?.parse().ok());
    let context = match next()? {
        "backend" => GucContext::Backend,
        "postmaster" => GucContext::Postmaster,
        "sighup" => GucContext::Sighup,
        "superuser" => GucContext::Superuser,
        "superuser-backend" => GucContext::SuperuserBackend,
        "user" => GucContext::User,
        _ => GucContext::Internal,
    };
    let (category, description, extra_description) = (next()?, next()?, next()?);
    let flags = next()?;
    let (hidden, keeps_on_reset_all) = (flags.contains("NO_SHOW_ALL"), flags.contains("NO_RESET_ALL"));
    Some(Guc {
        name,
        boot,
        unit,
        kind,
        values,
        min,
        max,
        context,
        category,
        description,
        extra_description,
        hidden,
        keeps_on_reset_all,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_row() {
        assert_eq!(all().len(), include_str!("guc.tsv").lines().count());
        assert_eq!(find("DATESTYLE").map(|guc| guc.name), Some("DateStyle"));
        assert!(find("foo").is_none());
    }
}
