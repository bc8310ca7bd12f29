//! DuckDB's types in ours.

use crate::connector::FieldType;
use crate::types::{GeometryTypmod, NumericTypmod, PgType};

/// The type here of a column whose type DuckDB writes so.
///
/// Only a type whose values, order and equality are PostgreSQL's is known; others are there under their own name. So are those that
/// come over Arrow with another value: UHUGEINT and INTERVAL wrap, TIMETZ loses its zone, TIMESTAMP_NS has more digits.
pub(super) fn field_type(text: &str, srid: i32) -> FieldType {
    known(text.trim(), srid)
        .map_or_else(|| FieldType::Foreign(foreign_name(text)), |(ty, typmod)| FieldType::Known { ty, typmod })
}

fn known(text: &str, srid: i32) -> Option<(PgType, i32)> {
    if let Some(element) = list(text) {
        let (ty, typmod) = known(element, srid)?;
        // Lists in lists are one array of more dimensions.
        let array = if ty.is_array() { ty } else { ty.array()? };
        return Some((array, typmod));
    }
    let (name, arguments) = match text.split_once('(') {
        Some((name, rest)) => (name.trim_end(), Some(rest.strip_suffix(')')?)),
        None => (text, None),
    };
    let plain = |ty: PgType| arguments.is_none().then_some((ty, -1));
    match name {
        "BOOLEAN" => plain(PgType::BOOL),
        "TINYINT" | "UTINYINT" | "SMALLINT" => plain(PgType::INT2),
        "USMALLINT" | "INTEGER" => plain(PgType::INT4),
        "UINTEGER" | "BIGINT" => plain(PgType::INT8),
        "UBIGINT" | "HUGEINT" => plain(PgType::NUMERIC),
        "FLOAT" => plain(PgType::FLOAT4),
        "DOUBLE" => plain(PgType::FLOAT8),
        "DECIMAL" => {
            let (precision, scale) = arguments?.split_once(',')?;
            let typmod = NumericTypmod { precision: precision.trim().parse().ok()?, scale: scale.trim().parse().ok()? };
            Some((PgType::NUMERIC, typmod.pack()))
        }
        "VARCHAR" => plain(PgType::TEXT),
        "BLOB" => plain(PgType::BYTEA),
        "UUID" => plain(PgType::UUID),
        "DATE" => plain(PgType::DATE),
        "TIME" => plain(PgType::TIME),
        "TIMESTAMP" | "TIMESTAMP_S" | "TIMESTAMP_MS" => plain(PgType::TIMESTAMP),
        "TIMESTAMP WITH TIME ZONE" => plain(PgType::TIMESTAMPTZ),
        "GEOMETRY" => {
            let srid = match arguments {
                None => srid,
                Some(crs) => crs_srid(crs)?,
            };
            Some((PgType::GEOMETRY, GeometryTypmod { srid, ..GeometryTypmod::default() }.pack()))
        }
        "JSON" => plain(PgType::JSONB),
        "STRUCT" | "MAP" if arguments.is_some_and(says_json) => Some((PgType::JSONB, -1)),
        _ => None,
    }
}

/// `'EPSG:4326'` and the names for longitude and latitude.
fn crs_srid(quoted: &str) -> Option<i32> {
    let crs = quoted.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    if crs.eq_ignore_ascii_case("OGC:CRS84") {
        return Some(4326);
    }
    let (authority, code) = crs.split_once(':')?;
    authority.eq_ignore_ascii_case("EPSG").then(|| code.parse().ok())?
}

/// The element of `T[]` or `T[3]`.
fn list(text: &str) -> Option<&str> {
    let rest = text.strip_suffix(']')?;
    let (element, length) = rest.rsplit_once('[')?;
    length.chars().all(|digit| digit.is_ascii_digit()).then(|| element.trim_end())
}

/// Has a struct only parts that JSON has? Types are words in capitals; names of fields may be anything, so that a doubt says no.
fn says_json(arguments: &str) -> bool {
    const WITHOUT: [&str; 12] = [
        "BIGNUM",
        "BIT",
        "BLOB",
        "ENUM",
        "GEOMETRY",
        "INTERVAL",
        "TIME WITH TIME ZONE",
        "TIMESTAMP_NS",
        "TIME_NS",
        "UHUGEINT",
        "UNION",
        "VARIANT",
    ];
    !WITHOUT.iter().any(|name| arguments.contains(name))
}

/// `ENUM('a', 'b')` as `enum`: the name of a type of the server's own.
fn foreign_name(text: &str) -> String {
    let name = text.split(['(', '\'']).next().unwrap_or(text).trim().to_lowercase();
    match (name.is_empty(), list(text).is_some()) {
        (true, _) => "unknown".to_owned(),
        (false, true) if !name.ends_with(']') => format!("{name}[]"),
        (false, _) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts as `duckdb_columns()` of DuckDB 1.5.5 writes them.
    #[test]
    fn types_of_duckdb() {
        let geometry = |srid| GeometryTypmod { srid, ..GeometryTypmod::default() }.pack();
        for (text, ty, typmod) in [
            ("INTEGER", PgType::INT4, -1),
            ("UTINYINT", PgType::INT2, -1),
            ("UBIGINT", PgType::NUMERIC, -1),
            ("HUGEINT", PgType::NUMERIC, -1),
            ("DECIMAL(10,2)", PgType::NUMERIC, NumericTypmod { precision: 10, scale: 2 }.pack()),
            ("TIMESTAMP WITH TIME ZONE", PgType::TIMESTAMPTZ, -1),
            ("TIMESTAMP_MS", PgType::TIMESTAMP, -1),
            ("INTEGER[]", PgType::INT4.array().expect("int4[]"), -1),
            ("VARCHAR[][]", PgType::TEXT.array().expect("text[]"), -1),
            ("DOUBLE[2]", PgType::FLOAT8.array().expect("float8[]"), -1),
            ("STRUCT(x INTEGER, y VARCHAR)", PgType::JSONB, -1),
            ("MAP(VARCHAR, INTEGER)", PgType::JSONB, -1),
            ("JSON", PgType::JSONB, -1),
            ("GEOMETRY", PgType::GEOMETRY, geometry(3857)),
            ("GEOMETRY('EPSG:4326')", PgType::GEOMETRY, geometry(4326)),
            ("GEOMETRY('OGC:CRS84')", PgType::GEOMETRY, geometry(4326)),
        ] {
            assert_eq!(field_type(text, 3857), FieldType::Known { ty, typmod }, "{text}");
        }
        for (text, name) in [
            ("UHUGEINT", "uhugeint"),
            ("ENUM('a', 'b')", "enum"),
            ("TIME WITH TIME ZONE", "time with time zone"),
            ("TIMESTAMP_NS", "timestamp_ns"),
            ("INTERVAL", "interval"),
            ("UNION(p INTEGER, q VARCHAR)", "union"),
            ("STRUCT(i INTERVAL)", "struct"),
            ("ENUM('x')[]", "enum[]"),
            ("GEOMETRY('{\"type\":\"ProjectedCRS\"}')", "geometry"),
            ("VARIANT", "variant"),
            ("BIT", "bit"),
        ] {
            assert_eq!(field_type(text, 0), FieldType::Foreign(name.to_owned()), "{text}");
        }
    }
}
