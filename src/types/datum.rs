//! One value of any type: what literals, parameters, folding and the row-wise kernels work on.

use std::sync::Arc;

use num_bigint::BigInt;

use super::PgType;

/// A value. The variant follows the type's storage class, not its oid: `varchar`, `name`, `json` are `Text`.
///
/// Dates are days and timestamps microseconds since 2000-01-01 (PostgreSQL's own epoch, as on the binary wire);
/// `i32::MIN/MAX` and `i64::MIN/MAX` are -infinity/infinity.
#[derive(Clone, Debug)]
pub enum Datum {
    Null,
    Bool(bool),
    Int2(i16),
    Int4(i32),
    Int8(i64),
    Float4(f32),
    Float8(f64),
    Numeric(Numeric),
    /// oid and reg* types.
    Oid(u32),
    /// text, varchar, bpchar (blank-padded), name, "char", json, jsonb (canonical text), unknown, cstring, xml, foreign types.
    Text(Arc<str>),
    Bytea(Arc<[u8]>),
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since midnight, zone in seconds west of UTC (PostgreSQL's sign).
    Timetz(i64, i32),
    Timestamp(i64),
    Timestamptz(i64),
    Interval(Interval),
    Uuid([u8; 16]),
    /// An h3index: cell, directed edge or vertex.
    H3(u64),
    Array(Arc<ArrayValue>),
    /// A row: anonymous record or composite.
    Record(Arc<[Datum]>),
    /// geometry or geography (the expression's type tells which).
    Geometry(Geom),
    /// xmin, ymin, xmax, ymax
    Box2d([f64; 4]),
    /// xmin, ymin, zmin, xmax, ymax, zmax, and its SRID
    Box3d([f64; 6], i32),
    /// Range and other types kept as their text form.
    Void,
}

/// PostgreSQL's interval: three independent parts.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Interval {
    pub months: i32,
    pub days: i32,
    pub micros: i64,
}

/// Arbitrary precision decimal with PostgreSQL's display scale: value = unscaled * 10^-scale.
#[derive(Clone, Debug)]
pub enum Numeric {
    Finite { unscaled: BigInt, scale: u16 },
    NaN,
    Infinity,
    NegativeInfinity,
}

/// A PostgreSQL array: any number of dimensions, any lower bounds.
#[derive(Clone, Debug)]
pub struct ArrayValue {
    pub element: PgType,
    /// (length, lower bound) per dimension; empty for the empty array.
    pub dimensions: Vec<(i32, i32)>,
    /// Row-major.
    pub values: Vec<Datum>,
}

impl ArrayValue {
    /// A one-dimensional array with lower bound 1 (no dimension when empty).
    pub fn vector(element: PgType, values: Vec<Datum>) -> ArrayValue {
        let dimensions = if values.is_empty() { Vec::new() } else { vec![(values.len() as i32, 1)] };
        ArrayValue { element, dimensions, values }
    }
}

/// A geometry value as EWKB, little-endian, exactly as PostGIS's `geometry_send` writes it:
/// the SRID flag is set iff the SRID is not 0.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Geom(pub Arc<[u8]>);

impl Geom {
    /// The SRID in the header; 0 when there is none or the header is short.
    pub fn srid(&self) -> i32 {
        let bytes = &self.0;
        if bytes.len() >= 9 && bytes[0] == 1 && bytes[4] & 0x20 != 0 {
            i32::from_le_bytes([bytes[5], bytes[6], bytes[7], bytes[8]])
        } else {
            0
        }
    }
}

impl Datum {
    pub fn text(value: impl AsRef<str>) -> Datum {
        Datum::Text(Arc::from(value.as_ref()))
    }

    pub fn bytea(value: impl AsRef<[u8]>) -> Datum {
        Datum::Bytea(Arc::from(value.as_ref()))
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Datum::Null)
    }

    pub fn as_bool(&self) -> Option<bool> {
        if let Datum::Bool(value) = self { Some(*value) } else { None }
    }

    pub fn as_str(&self) -> Option<&str> {
        if let Datum::Text(value) = self { Some(value) } else { None }
    }

    /// Any integer or oid, widened.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Datum::Int2(value) => Some(i64::from(*value)),
            Datum::Int4(value) => Some(i64::from(*value)),
            Datum::Int8(value) => Some(*value),
            Datum::Oid(value) => Some(i64::from(*value)),
            _ => None,
        }
    }

    /// Any float or integer, widened (numeric excluded).
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Datum::Float4(value) => Some(f64::from(*value)),
            Datum::Float8(value) => Some(*value),
            other => other.as_i64().map(|value| value as f64),
        }
    }
}
