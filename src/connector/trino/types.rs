//! Trino's types in ours.

use crate::connector::FieldType;
use crate::types::{GeometryTypmod, NumericTypmod, PgType};

/// The type here of a column whose type Trino writes so.
///
/// Only a type whose values, order and equality are PostgreSQL's is known; others are there under their own name: CHAR is padded otherwise,
/// times more precise than microseconds lose digits, and a zone of its own is no part of PostgreSQL's times.
pub(super) fn field_type(text: &str, srid: Option<i32>, geometry: bool) -> FieldType {
    known(text.trim(), srid, geometry)
        .map_or_else(|| FieldType::Foreign(foreign_name(text)), |(ty, typmod)| FieldType::Known { ty, typmod })
}

fn known(text: &str, srid: Option<i32>, geometry: bool) -> Option<(PgType, i32)> {
    let (name, arguments, rest) = split(text)?;
    let plain = |ty: PgType| (arguments.is_none() && rest.is_empty()).then_some((ty, -1));
    let precision = || match arguments {
        None => Some(3),
        Some(digits) => digits.trim().parse::<u32>().ok(),
    };
    let moment = |ty: PgType, zone: &str| (precision()? <= 6 && rest == zone).then_some((ty, -1));
    match name {
        "boolean" => plain(PgType::BOOL),
        "tinyint" | "smallint" => plain(PgType::INT2),
        "integer" => plain(PgType::INT4),
        "bigint" => plain(PgType::INT8),
        "real" => plain(PgType::FLOAT4),
        "double" => plain(PgType::FLOAT8),
        "decimal" => {
            let (precision, scale) = arguments?.split_once(',')?;
            let typmod = NumericTypmod { precision: precision.trim().parse().ok()?, scale: scale.trim().parse().ok()? };
            Some((PgType::NUMERIC, typmod.pack()))
        }
        "varchar" => match arguments {
            None => plain(PgType::TEXT),
            // Longer than varchar can say: text holds it too.
            Some(length) => match length.trim().parse::<i32>().ok()? {
                length if (1..=10_485_760).contains(&length) => Some((PgType::VARCHAR, length + 4)),
                _ => Some((PgType::TEXT, -1)),
            },
        },
        "varbinary" => plain(PgType::BYTEA),
        "uuid" => plain(PgType::UUID),
        "date" => plain(PgType::DATE),
        "time" => moment(PgType::TIME, ""),
        "timestamp" if rest.is_empty() => moment(PgType::TIMESTAMP, ""),
        "timestamp" => moment(PgType::TIMESTAMPTZ, "with time zone"),
        "Geometry" if geometry => {
            Some((PgType::GEOMETRY, GeometryTypmod { srid: srid.unwrap_or(0), ..GeometryTypmod::default() }.pack()))
        }
        "SphericalGeography" => {
            Some((PgType::GEOGRAPHY, GeometryTypmod { srid: 4326, ..GeometryTypmod::default() }.pack()))
        }
        "json" | "array" | "map" | "row" if says_json(text) => Some((PgType::JSONB, -1)),
        _ => None,
    }
}

/// `timestamp(3) with time zone` as name, arguments and rest.
fn split(text: &str) -> Option<(&str, Option<&str>, &str)> {
    let Some(open) = text.find('(') else {
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        return Some((name, None, rest));
    };
    let close = text.rfind(')').filter(|close| *close > open)?;
    Some((text[..open].trim(), Some(&text[open + 1..close]), text[close + 1..].trim()))
}

/// Can Trino cast values of that type to JSON, and are they the same there? Names of fields may be anything, so a doubt says no.
fn says_json(text: &str) -> bool {
    const WORDS: [&str; 14] = [
        "array", "bigint", "boolean", "date", "decimal", "double", "integer", "json", "map", "real", "row", "smallint",
        "tinyint", "varchar",
    ];
    let Some((name, arguments, rest)) = split(text.trim()) else { return false };
    if !rest.is_empty() || !WORDS.contains(&name) {
        return false;
    }
    let Some(arguments) = arguments else { return !matches!(name, "array" | "map" | "row") };
    match name {
        "array" => says_json(arguments),
        "map" => match parts(arguments)[..] {
            [key, value] => split(key.trim()).is_some_and(|(name, ..)| name == "varchar") && says_json(value),
            _ => false,
        },
        "row" => parts(arguments).into_iter().all(|field| {
            let field = field.trim();
            let ty = match field.strip_prefix('"') {
                Some(quoted) => quoted.split_once("\" ").map(|(name, ty)| (!name.contains('"')).then_some(ty)),
                None => field.split_once(' ').map(|(_, ty)| Some(ty)),
            };
            matches!(ty, Some(Some(ty)) if says_json(ty))
        }),
        "decimal" | "varchar" => true,
        _ => false,
    }
}

/// Splits at commas outside of parentheses and quotes.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quoted) = (Vec::new(), 0, 0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => depth = depth.saturating_sub(1),
            b',' if !quoted && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// `timestamp(9)`: the name of a type of the server's own.
fn foreign_name(text: &str) -> String {
    let name: String = text.trim().to_lowercase().chars().take(60).collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts as `information_schema.columns` of Trino 476 writes them.
    #[test]
    fn types_of_trino() {
        let geometry = |srid| GeometryTypmod { srid, ..GeometryTypmod::default() }.pack();
        for (text, ty, typmod) in [
            ("integer", PgType::INT4, -1),
            ("tinyint", PgType::INT2, -1),
            ("decimal(10,2)", PgType::NUMERIC, NumericTypmod { precision: 10, scale: 2 }.pack()),
            ("varchar", PgType::TEXT, -1),
            ("varchar(3)", PgType::VARCHAR, 7),
            ("timestamp(6)", PgType::TIMESTAMP, -1),
            ("timestamp(3) with time zone", PgType::TIMESTAMPTZ, -1),
            ("time(6)", PgType::TIME, -1),
            ("array(integer)", PgType::JSONB, -1),
            ("row(x integer, \"y z\" array(varchar(2)))", PgType::JSONB, -1),
            ("map(varchar, double)", PgType::JSONB, -1),
            ("json", PgType::JSONB, -1),
            ("Geometry", PgType::GEOMETRY, geometry(3857)),
            ("SphericalGeography", PgType::GEOGRAPHY, geometry(4326)),
        ] {
            assert_eq!(field_type(text, Some(3857), true), FieldType::Known { ty, typmod }, "{text}");
        }
        for text in [
            "char(3)",
            "timestamp(9)",
            "time(3) with time zone",
            "interval day to second",
            "row(a varbinary)",
            "row(a timestamp(3))",
            "map(integer, integer)",
            "array(Geometry)",
            "ipaddress",
            "hyperloglog",
        ] {
            assert_eq!(field_type(text, None, true), FieldType::Foreign(text.to_lowercase()), "{text}");
        }
        assert_eq!(field_type("Geometry", None, false), FieldType::Foreign("geometry".to_owned()));
    }
}
