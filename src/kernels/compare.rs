//! PostgreSQL's default btree order and equality of each type, as comparison and as memcomparable sort key.

use std::cmp::Ordering;

use num_bigint::Sign;

use crate::error::{Error, Result, SqlState};
use crate::kernels::core::{json, numeric};
use crate::kernels::io::{parse_tid, parse_xid8};
use crate::kernels::spatial;
use crate::types::{ArrayValue, Datum, Interval, Numeric, PgType};

/// Orders two non-NULL values of one type by its default btree operator class (text: collation C; float: -0 = 0, NaN last).
/// 42883 "could not identify an ordering operator" for types without one.
pub fn compare(ty: PgType, left: &Datum, right: &Datum) -> Result<Ordering> {
    Ok(match (left, right) {
        (Datum::Int4(a), Datum::Int4(b)) => a.cmp(b),
        (Datum::Int8(a), Datum::Int8(b)) => a.cmp(b),
        (Datum::Int2(a), Datum::Int2(b)) => a.cmp(b),
        (Datum::Float8(a), Datum::Float8(b)) => compare_f64(*a, *b),
        (Datum::Float4(a), Datum::Float4(b)) => compare_f64(f64::from(*a), f64::from(*b)),
        (Datum::Text(a), Datum::Text(b)) => return compare_text(ty, a, b),
        (Datum::Bool(a), Datum::Bool(b)) => a.cmp(b),
        (Datum::Numeric(a), Datum::Numeric(b)) => numeric::compare(a, b),
        (Datum::Oid(a), Datum::Oid(b)) => {
            if matches!(ty, PgType::XID | PgType::CID) {
                return Err(no_order(ty));
            }
            a.cmp(b)
        }
        (Datum::Bytea(a), Datum::Bytea(b)) => a.cmp(b),
        (Datum::Date(a), Datum::Date(b)) => a.cmp(b),
        (Datum::Time(a), Datum::Time(b))
        | (Datum::Timestamp(a), Datum::Timestamp(b))
        | (Datum::Timestamptz(a), Datum::Timestamptz(b)) => a.cmp(b),
        (Datum::Timetz(a, zone_a), Datum::Timetz(b, zone_b)) => timetz(*a, *zone_a).cmp(&timetz(*b, *zone_b)),
        (Datum::Interval(a), Datum::Interval(b)) => interval_span(*a).cmp(&interval_span(*b)),
        (Datum::Uuid(a), Datum::Uuid(b)) => a.cmp(b),
        (Datum::H3(a), Datum::H3(b)) => a.cmp(b),
        (Datum::Array(a), Datum::Array(b)) => return compare_arrays(a, b),
        (Datum::Record(a), Datum::Record(b)) => return compare_records(a, b),
        (Datum::Geometry(_), Datum::Geometry(_)) => return spatial::compare_geometry(ty, left, right),
        (Datum::Void, Datum::Void) => Ordering::Equal,
        (Datum::Box2d(_) | Datum::Box3d(..), _) => return Err(no_order(ty)),
        _ => return Err(Error::internal(format!("comparison of unlike values of type {}", ty.name()))),
    })
}

/// NaN = NaN and above everything, -0 = 0: the order of float4 and float8.
pub fn compare_f64(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
}

/// An interval's length in microseconds with months of 30 days and days of 24 hours.
pub fn interval_span(value: Interval) -> i128 {
    (i128::from(value.months) * 30 + i128::from(value.days)) * 86_400_000_000 + i128::from(value.micros)
}

/// Order of timetz: the instant, then the zone.
fn timetz(micros: i64, zone: i32) -> (i64, i32) {
    (micros.saturating_add(i64::from(zone) * 1_000_000), zone)
}

fn no_order(ty: PgType) -> Error {
    Error::new(
        SqlState::UNDEFINED_FUNCTION,
        format!("could not identify an ordering operator for type {}", crate::types::format_type(ty, -1)),
    )
}

fn compare_text(ty: PgType, left: &str, right: &str) -> Result<Ordering> {
    match text_order(ty)? {
        TextOrder::Bytes => Ok(left.as_bytes().cmp(right.as_bytes())),
        TextOrder::Padded => Ok(left.trim_end_matches(' ').as_bytes().cmp(right.trim_end_matches(' ').as_bytes())),
        TextOrder::Jsonb => json::compare(&Datum::text(left), &Datum::text(right)),
        TextOrder::Tid => Ok(parse_tid(left)?.cmp(&parse_tid(right)?)),
        TextOrder::Xid8 => Ok(parse_xid8(left).cmp(&parse_xid8(right))),
    }
}

enum TextOrder {
    Bytes,
    Jsonb,
    Padded,
    Tid,
    Xid8,
}

fn text_order(ty: PgType) -> Result<TextOrder> {
    match ty {
        PgType::TEXT | PgType::VARCHAR | PgType::NAME | PgType::CHAR | PgType::UNKNOWN | PgType::CSTRING => {
            Ok(TextOrder::Bytes)
        }
        PgType::BPCHAR => Ok(TextOrder::Padded),
        PgType::JSONB => Ok(TextOrder::Jsonb),
        PgType::TID => Ok(TextOrder::Tid),
        PgType::XID8 => Ok(TextOrder::Xid8),
        PgType::JSON | PgType::XML | PgType::ACLITEM | PgType::REFCURSOR => Err(no_order(ty)),
        // Values kept as text whose order is not that of their text.
        ty if ty.is_foreign() => Err(Error::unsupported("comparison of values of a type of an attached source")),
        ty => Err(Error::unsupported(format!("comparison of type {}", ty.name()))),
    }
}

/// `btarraycmp`: elements in turn, NULL last; then the number of elements, of dimensions, their lengths, their bounds.
fn compare_arrays(left: &ArrayValue, right: &ArrayValue) -> Result<Ordering> {
    for (a, b) in left.values.iter().zip(&right.values) {
        let order = match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => compare(left.element, a, b)?,
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    let shape = |value: &ArrayValue| {
        let lengths: Vec<i32> = value.dimensions.iter().map(|(length, _)| *length).collect();
        let bounds: Vec<i32> = value.dimensions.iter().map(|(_, lower)| *lower).collect();
        (value.values.len(), value.dimensions.len(), lengths, bounds)
    };
    Ok(shape(left).cmp(&shape(right)))
}

/// `record_cmp`: fields in turn, NULL last.
fn compare_records(left: &[Datum], right: &[Datum]) -> Result<Ordering> {
    if left.len() != right.len() {
        return Err(Error::new(
            SqlState::DATATYPE_MISMATCH,
            "cannot compare record types with different numbers of columns",
        ));
    }
    for (index, (a, b)) in left.iter().zip(right).enumerate() {
        let order = match (a.is_null(), b.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => {
                let (ty, other) = (super::io::type_of(a), super::io::type_of(b));
                if ty != other {
                    return Err(Error::new(
                        SqlState::DATATYPE_MISMATCH,
                        format!(
                            "cannot compare dissimilar column types {} and {} at record column {}",
                            crate::types::format_type(ty, -1),
                            crate::types::format_type(other, -1),
                            index + 1
                        ),
                    ));
                }
                compare(ty, a, b)?
            }
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(Ordering::Equal)
}

/// Bytes whose memcmp order is `compare`'s order and whose equality is the type's `=`; used for ORDER BY, GROUP BY, DISTINCT and
/// hash joins of types whose Arrow order is not PostgreSQL's. No key is a proper prefix of another, so keys may be joined.
pub fn sort_key(ty: PgType, value: &Datum) -> Result<Vec<u8>> {
    let mut key = Vec::new();
    write_key(ty, value, &mut key)?;
    Ok(key)
}

/// As [`sort_key`], appended.
pub fn write_key(ty: PgType, value: &Datum, key: &mut Vec<u8>) -> Result<()> {
    match value {
        Datum::Null => return Err(Error::internal("sort key of NULL")),
        Datum::Bool(value) => key.push(u8::from(*value)),
        Datum::Int2(value) => key.extend((*value as u16 ^ 0x8000).to_be_bytes()),
        Datum::Int4(value) | Datum::Date(value) => key.extend(signed(*value)),
        Datum::Int8(value) | Datum::Time(value) | Datum::Timestamp(value) | Datum::Timestamptz(value) => {
            key.extend((*value as u64 ^ (1 << 63)).to_be_bytes());
        }
        Datum::Float4(value) => key.extend(float_key(f64::from(*value))),
        Datum::Float8(value) => key.extend(float_key(*value)),
        Datum::Numeric(value) => numeric_key(value, key),
        Datum::Oid(value) => key.extend(value.to_be_bytes()),
        Datum::Text(value) => match text_order(ty)? {
            TextOrder::Bytes => bytes_key(value.as_bytes(), key),
            TextOrder::Padded => bytes_key(value.trim_end_matches(' ').as_bytes(), key),
            TextOrder::Jsonb => key.extend(json::sort_key(&Datum::Text(value.clone()))?),
            TextOrder::Tid => {
                let (block, offset) = parse_tid(value)?;
                key.extend(block.to_be_bytes());
                key.extend(offset.to_be_bytes());
            }
            TextOrder::Xid8 => key.extend(parse_xid8(value).to_be_bytes()),
        },
        Datum::Bytea(value) => bytes_key(value, key),
        Datum::Timetz(micros, zone) => {
            let (instant, zone) = timetz(*micros, *zone);
            key.extend((instant as u64 ^ (1 << 63)).to_be_bytes());
            key.extend(signed(zone));
        }
        Datum::Interval(value) => key.extend((interval_span(*value) as u128 ^ (1 << 127)).to_be_bytes()),
        Datum::Uuid(value) => key.extend(value),
        Datum::H3(value) => key.extend(value.to_be_bytes()),
        Datum::Array(value) => array_key(value, key)?,
        Datum::Record(fields) => {
            for field in fields.iter() {
                if field.is_null() {
                    key.push(2);
                } else {
                    key.push(1);
                    write_key(super::io::type_of(field), field, key)?;
                }
            }
            key.push(0);
        }
        Datum::Geometry(_) => key.extend(spatial::io::sort_key(ty, value)?),
        Datum::Box2d(_) | Datum::Box3d(..) => return Err(no_order(ty)),
        Datum::Void => {}
    }
    Ok(())
}

fn signed(value: i32) -> [u8; 4] {
    (value as u32 ^ 0x8000_0000).to_be_bytes()
}

fn float_key(value: f64) -> [u8; 8] {
    let canonical = if value.is_nan() {
        f64::NAN.abs()
    } else if value == 0.0 {
        0.0
    } else {
        value
    };
    let bits = canonical.to_bits();
    (if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }).to_be_bytes()
}

/// Zero bytes are escaped as 00 FF; 00 00 ends.
fn bytes_key(bytes: &[u8], key: &mut Vec<u8>) {
    for byte in bytes {
        key.push(*byte);
        if *byte == 0 {
            key.push(0xFF);
        }
    }
    key.extend([0, 0]);
}

/// Class, then for finite values the power of 10000 of the first digit and the digits; complemented below zero.
fn numeric_key(value: &Numeric, key: &mut Vec<u8>) {
    let (unscaled, scale) = match value {
        Numeric::NegativeInfinity => return key.push(0),
        Numeric::Infinity => return key.push(4),
        Numeric::NaN => return key.push(5),
        Numeric::Finite { unscaled, scale } => (unscaled, i64::from(*scale)),
    };
    if unscaled.sign() == Sign::NoSign {
        return key.push(2);
    }
    let negative = unscaled.sign() == Sign::Minus;
    key.push(if negative { 1 } else { 3 });
    let start = key.len();
    let (groups, weight) = numeric::repr::groups(unscaled, scale);
    key.extend(signed(weight as i32));
    // A digit group is at most 9999; +1 keeps 0000 apart from the end.
    for group in groups {
        key.extend((group + 1).to_be_bytes());
    }
    key.extend([0, 0]);
    if negative {
        key[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
}

fn array_key(value: &ArrayValue, key: &mut Vec<u8>) -> Result<()> {
    for item in &value.values {
        if item.is_null() {
            key.push(2);
        } else {
            key.push(1);
            write_key(value.element, item, key)?;
        }
    }
    key.push(0);
    key.push(value.dimensions.len() as u8);
    for (length, _) in &value.dimensions {
        key.extend(signed(*length));
    }
    for (_, lower) in &value.dimensions {
        key.extend(signed(*lower));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{Env, io};

    /// Values in PostgreSQL's order; `=` between equal ones.
    fn check(ty: PgType, list: &[&str]) {
        let env = Env::default();
        let values: Vec<(usize, Datum)> = list
            .iter()
            .enumerate()
            .flat_map(|(rank, same)| same.split('~').map(move |text| (rank, text)))
            .map(|(rank, text)| (rank, io::input(&env, ty, -1, text).unwrap()))
            .collect();
        for (rank_a, a) in &values {
            for (rank_b, b) in &values {
                let expected = rank_a.cmp(rank_b);
                assert_eq!(compare(ty, a, b).unwrap(), expected, "{a:?} {b:?}");
                assert_eq!(sort_key(ty, a).unwrap().cmp(&sort_key(ty, b).unwrap()), expected, "key {a:?} {b:?}");
            }
        }
    }

    #[test]
    fn orders() {
        check(PgType::INT4, &["-2147483648", "-1", "0", "1", "2147483647"]);
        check(PgType::INT2, &["-32768", "0", "5"]);
        check(PgType::INT8, &["-9223372036854775808", "0", "7"]);
        check(PgType::FLOAT8, &["-Infinity", "-1", "-1e-300", "-0~0", "1e-300", "2.5", "Infinity", "NaN"]);
        check(
            PgType::NUMERIC,
            &[
                "-Infinity",
                "-10001",
                "-10000~-1e4",
                "-1.5~-1.50",
                "-0.00011",
                "-0.0001",
                "0~0.000",
                "0.0001",
                "0.00011",
                "1~1.00",
                "1.0001",
                "9999.9999",
                "10000",
                "1e40",
                "Infinity",
                "NaN",
            ],
        );
        check(PgType::TEXT, &["", " ", "a", "a ", "ab", "b", "é"]);
        check(PgType::BPCHAR, &["~  ", "a~a  ", "ab"]);
        check(PgType::BYTEA, &["", "\\x00", "\\x0000", "\\x0001", "\\x01", "\\xff"]);
        check(PgType::INT4_ARRAY, &["{}", "{1}", "[2:2]={1}", "{1,2}", "{{1,2}}", "{1,NULL}", "{2}", "{NULL}"]);
        check(PgType::TEXT_ARRAY, &["{\"\"}", "{a}", "{a,b}", "{ab}"]);
    }

    #[test]
    fn intervals_have_months_of_thirty_days() {
        let month = Datum::Interval(Interval { months: 1, days: 0, micros: 0 });
        let days = Datum::Interval(Interval { months: 0, days: 30, micros: 0 });
        assert_eq!(compare(PgType::INTERVAL, &month, &days).unwrap(), Ordering::Equal);
        assert_eq!(sort_key(PgType::INTERVAL, &month).unwrap(), sort_key(PgType::INTERVAL, &days).unwrap());
    }
}
