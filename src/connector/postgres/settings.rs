//! Settings that change what a statement means or how a value reads: pinned at startup, or set to the session's.

use crate::kernels::{ByteaOutput, DateOrder, DateOutput, Formats, IntervalStyle};

/// Startup parameters of every connection. Names in printed SQL are qualified, so nothing but pg_catalog is searched.
pub(super) const PINNED: &[(&str, &str)] = &[
    ("client_encoding", "UTF8"),
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("standard_conforming_strings", "on"),
    ("search_path", "pg_catalog"),
    ("transform_null_equals", "off"),
    ("array_nulls", "on"),
    ("quote_all_identifiers", "off"),
];

/// Sets the five session formats at once.
pub(super) const SET_FORMATS: &str = "SELECT pg_catalog.set_config('TimeZone', $1, false), \
     pg_catalog.set_config('DateStyle', $2, false), \
     pg_catalog.set_config('IntervalStyle', $3, false), \
     pg_catalog.set_config('extra_float_digits', $4, false), \
     pg_catalog.set_config('bytea_output', $5, false)";

/// The session formats as the server spells them, in the order of [`SET_FORMATS`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct SessionSettings(pub [String; 5]);

impl Default for SessionSettings {
    /// What [`PINNED`] sets.
    fn default() -> SessionSettings {
        SessionSettings(["UTC", "ISO, MDY", "postgres", "3", "hex"].map(str::to_owned))
    }
}

impl From<&Formats> for SessionSettings {
    fn from(formats: &Formats) -> SessionSettings {
        let output = match formats.date_style.output {
            DateOutput::German => "German",
            DateOutput::Iso => "ISO",
            DateOutput::Postgres => "Postgres",
            DateOutput::Sql => "SQL",
        };
        let order = match formats.date_style.order {
            DateOrder::Dmy => "DMY",
            DateOrder::Mdy => "MDY",
            DateOrder::Ymd => "YMD",
        };
        let interval = match formats.interval_style {
            IntervalStyle::Iso8601 => "iso_8601",
            IntervalStyle::Postgres => "postgres",
            IntervalStyle::PostgresVerbose => "postgres_verbose",
            IntervalStyle::SqlStandard => "sql_standard",
        };
        // Since PostgreSQL 12 every positive value prints the same: shortest exact.
        let digits = if formats.extra_float_digits > 0 { 3 } else { formats.extra_float_digits };
        let bytea = match formats.bytea_output {
            ByteaOutput::Escape => "escape",
            ByteaOutput::Hex => "hex",
        };
        SessionSettings([
            formats.time_zone.clone(),
            [output, order].join(", "),
            interval.to_owned(),
            digits.to_string(),
            bytea.to_owned(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_formats_need_no_set() {
        assert_eq!(SessionSettings::from(&Formats::default()), SessionSettings::default());
        let pinned = |name: &str| PINNED.iter().find(|(pinned, _)| *pinned == name).map(|(_, value)| *value);
        let names = ["TimeZone", "DateStyle", "IntervalStyle", "extra_float_digits", "bytea_output"];
        assert_eq!(
            names.map(pinned).map(Option::unwrap_or_default),
            SessionSettings::default().0.each_ref().map(String::as_str)
        );
    }
}
