//! `format_type(oid, typmod)`: the SQL spelling of a built-in type.

use std::borrow::Cow;

use super::{GeometryTypmod, NumericTypmod, PgType};

/// The spelling PostgreSQL prints (`character varying(40)`, `numeric(12,2)`, `geometry(Point,4326)`, `integer[]`).
/// Pass -1 for no typmod. Foreign types answer `???`: ask the catalog.
pub fn format_type(ty: PgType, typmod: i32) -> String {
    spelled(ty, typmod).into_owned()
}

/// [`format_type`], without a copy of the names that are fixed.
pub fn spelled(ty: PgType, typmod: i32) -> Cow<'static, str> {
    if let Some(element) = ty.array_element() {
        return format!("{}[]", spelled(element, typmod)).into();
    }
    let precision = |name: &str, suffix: &str| {
        if typmod >= 0 { format!("{name}({typmod}){suffix}") } else { format!("{name}{suffix}") }.into()
    };
    match ty {
        PgType::BOOL => "boolean".into(),
        PgType::INT2 => "smallint".into(),
        PgType::INT4 => "integer".into(),
        PgType::INT8 => "bigint".into(),
        PgType::FLOAT4 => "real".into(),
        PgType::FLOAT8 => "double precision".into(),
        PgType::CHAR => "\"char\"".into(),
        PgType::BPCHAR if typmod >= 4 => format!("character({})", typmod - 4).into(),
        // Without a length "character" would mean character(1).
        PgType::BPCHAR => {
            if typmod == -1 {
                "character".into()
            } else {
                "bpchar".into()
            }
        }
        PgType::VARCHAR if typmod >= 4 => format!("character varying({})", typmod - 4).into(),
        PgType::VARCHAR => "character varying".into(),
        PgType::NUMERIC => match NumericTypmod::unpack(typmod) {
            Some(typmod) => format!("numeric({},{})", typmod.precision, typmod.scale).into(),
            None => "numeric".into(),
        },
        PgType::BIT if typmod >= 0 => format!("bit({typmod})").into(),
        PgType::VARBIT if typmod >= 0 => format!("bit varying({typmod})").into(),
        PgType::VARBIT => "bit varying".into(),
        PgType::TIME => precision("time", " without time zone"),
        PgType::TIMETZ => precision("time", " with time zone"),
        PgType::TIMESTAMP => precision("timestamp", " without time zone"),
        PgType::TIMESTAMPTZ => precision("timestamp", " with time zone"),
        PgType::INTERVAL => interval(typmod).into(),
        PgType::GEOMETRY | PgType::GEOGRAPHY => format!("{}{}", ty.name(), geometry_typmod(typmod)).into(),
        _ => match ty.info() {
            Some(info) => info.name.into(),
            None => ty.name().into(),
        },
    }
}

fn interval(typmod: i32) -> String {
    if typmod < 0 {
        return "interval".to_owned();
    }
    let (range, precision) = ((typmod >> 16) & 0x7fff, typmod & 0xffff);
    let fields = match range {
        0x0004 => " year",
        0x0002 => " month",
        0x0008 => " day",
        0x0400 => " hour",
        0x0800 => " minute",
        0x1000 => " second",
        0x0006 => " year to month",
        0x0408 => " day to hour",
        0x0c08 => " day to minute",
        0x1c08 => " day to second",
        0x0c00 => " hour to minute",
        0x1c00 => " hour to second",
        0x1800 => " minute to second",
        _ => "",
    };
    if precision == 0xffff { format!("interval{fields}") } else { format!("interval{fields}({precision})") }
}

fn geometry_typmod(typmod: i32) -> String {
    let Some(typmod) = GeometryTypmod::unpack(typmod) else { return String::new() };
    let kind = [
        "Geometry",
        "Point",
        "LineString",
        "Polygon",
        "MultiPoint",
        "MultiLineString",
        "MultiPolygon",
        "GeometryCollection",
        "CircularString",
        "CompoundCurve",
        "CurvePolygon",
        "MultiCurve",
        "MultiSurface",
        "PolyhedralSurface",
        "Triangle",
        "Tin",
    ]
    .get(usize::from(typmod.kind))
    .copied()
    .unwrap_or("Geometry");
    if typmod == GeometryTypmod::default() {
        return String::new();
    }
    let (z, m) = (if typmod.z { "Z" } else { "" }, if typmod.m { "M" } else { "" });
    if typmod.srid > 0 { format!("({kind}{z}{m},{})", typmod.srid) } else { format!("({kind}{z}{m})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_as_postgresql_does() {
        for (ty, typmod, expected) in [
            (PgType::GEOMETRY, 1_107_480, "geometry(MultiPolygon,4326)"),
            (PgType::VARCHAR, 44, "character varying(40)"),
            (PgType::NUMERIC, ((12 << 16) | 2) + 4, "numeric(12,2)"),
            (PgType::INT4_ARRAY, -1, "integer[]"),
            (PgType::TIMESTAMPTZ, 3, "timestamp(3) with time zone"),
        ] {
            assert_eq!(format_type(ty, typmod), expected);
        }
    }
}
