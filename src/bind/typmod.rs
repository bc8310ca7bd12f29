//! Type modifier input functions (`varchartypmodin`, `numerictypmodin`, `geometry_typmod_in` ...).

use crate::error::{Error, Result, SqlState};
use crate::types::{GeometryTypmod, NumericTypmod, PgType};

/// Reads the modifiers of a type name. `written` is the name, for messages.
pub(super) fn typmod_in(ty: PgType, written: &[&str], values: &[String]) -> Result<i32> {
    let name = written.last().copied().unwrap_or_default();
    match ty {
        PgType::VARCHAR => length(values, "varchar").map(|length| length + 4),
        PgType::BPCHAR => length(values, "char").map(|length| length + 4),
        PgType::BIT => length(values, "bit"),
        PgType::VARBIT => length(values, "varbit"),
        PgType::NUMERIC => numeric(values),
        PgType::TIME => precision(values, "TIME", ""),
        PgType::TIMETZ => precision(values, "TIME", " WITH TIME ZONE"),
        PgType::TIMESTAMP => precision(values, "TIMESTAMP", ""),
        PgType::TIMESTAMPTZ => precision(values, "TIMESTAMP", " WITH TIME ZONE"),
        PgType::INTERVAL => interval(values),
        PgType::GEOMETRY => geometry(values, false),
        PgType::GEOGRAPHY => geometry(values, true),
        _ => Err(Error::new(SqlState::SYNTAX_ERROR, format!("type modifier is not allowed for type \"{name}\""))),
    }
}

fn integers(values: &[String]) -> Result<Vec<i32>> {
    values
        .iter()
        .map(|value| {
            value.trim().parse::<i32>().map_err(|_| {
                let message = format!("invalid input syntax for type integer: \"{value}\"");
                Error::new(SqlState::INVALID_TEXT_REPRESENTATION, message)
            })
        })
        .collect()
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(SqlState::INVALID_PARAMETER_VALUE, message)
}

fn length(values: &[String], name: &str) -> Result<i32> {
    const MAX: i32 = 10 * 1024 * 1024;
    let bits = name.ends_with("bit");
    let limit = if bits { MAX * 8 } else { MAX };
    match integers(values)?.as_slice() {
        [value] if *value < 1 => Err(invalid(format!("length for type {name} must be at least 1"))),
        [value] if *value > limit => Err(invalid(format!("length for type {name} cannot exceed {limit}"))),
        [value] => Ok(*value),
        _ => Err(invalid("invalid type modifier")),
    }
}

fn numeric(values: &[String]) -> Result<i32> {
    let (precision, scale) = match integers(values)?.as_slice() {
        [precision] => (*precision, 0),
        [precision, scale] => (*precision, *scale),
        _ => return Err(invalid("invalid NUMERIC type modifier")),
    };
    if !(1..=1000).contains(&precision) {
        return Err(invalid(format!("NUMERIC precision {precision} must be between 1 and 1000")));
    }
    if !(-1000..=1000).contains(&scale) {
        return Err(invalid(format!("NUMERIC scale {scale} must be between -1000 and 1000")));
    }
    Ok(NumericTypmod { precision: precision as u16, scale: scale as i16 }.pack())
}

/// Fractional seconds: more than 6 digits are reduced to 6 (PostgreSQL warns).
fn precision(values: &[String], name: &str, suffix: &str) -> Result<i32> {
    match integers(values)?.as_slice() {
        [value] if *value < 0 => Err(invalid(format!("{name}({value}){suffix} precision must not be negative"))),
        [value] => Ok((*value).min(6)),
        _ => Err(invalid("invalid type modifier")),
    }
}

/// `interval year to month`, `interval(3)`: the grammar gives the field mask and the precision.
fn interval(values: &[String]) -> Result<i32> {
    const FULL: i32 = 0x7fff;
    const FULL_PRECISION: i32 = 0xffff;
    let pack = |range: i32, precision: i32| ((range & 0x7fff) << 16) | (precision & 0xffff);
    match integers(values)?.as_slice() {
        [FULL] => Ok(-1),
        [range] => Ok(pack(*range, FULL_PRECISION)),
        [_, precision] if *precision < 0 => {
            Err(invalid(format!("INTERVAL({precision}) precision must not be negative")))
        }
        [range, precision] => Ok(pack(*range, (*precision).min(6))),
        _ => Err(invalid("invalid INTERVAL type modifier")),
    }
}

/// `(Point, 4326)`: the type's name in any case with Z, M or ZM behind it.
fn geometry(values: &[String], geography: bool) -> Result<i32> {
    const KINDS: [&str; 16] = [
        "geometry",
        "point",
        "linestring",
        "polygon",
        "multipoint",
        "multilinestring",
        "multipolygon",
        "geometrycollection",
        "circularstring",
        "compoundcurve",
        "curvepolygon",
        "multicurve",
        "multisurface",
        "polyhedralsurface",
        "triangle",
        "tin",
    ];
    let Some(written) = values.first() else { return Ok(-1) };
    let lower = written.trim().to_ascii_lowercase();
    let wrong = || invalid(format!("Invalid geometry type modifier: {written}"));
    // The longest kind that the text begins with: "multipoint" is not "multi".
    let (kind, rest) = KINDS
        .iter()
        .enumerate()
        .filter_map(|(kind, name)| lower.strip_prefix(name).map(|rest| (kind, rest.trim())))
        .min_by_key(|(_, rest)| rest.len())
        .ok_or_else(wrong)?;
    let (z, m) = match rest {
        "" => (false, false),
        "z" => (true, false),
        "m" => (false, true),
        "zm" => (true, true),
        _ => return Err(wrong()),
    };
    let mut srid = match values.get(1) {
        Some(value) => {
            let message = || {
                let message = format!("invalid input syntax for type integer: \"{value}\"");
                Error::new(SqlState::INVALID_TEXT_REPRESENTATION, message)
            };
            value.trim().parse::<i32>().map_err(|_| message())?
        }
        None => 0,
    };
    if values.len() > 2 {
        return Err(invalid("Invalid geometry type modifier"));
    }
    if !(0..=999_999).contains(&srid) {
        srid = 0;
    }
    if geography && srid == 0 {
        srid = 4326;
    }
    Ok(GeometryTypmod { srid, kind: kind as u8, z, m }.pack())
}
