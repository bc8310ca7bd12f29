//! Type oids inside the binary form of arrays and records, between a remote's numbering and ours.

use super::wire::{Fields, malformed};
use crate::error::Result;
use crate::types::PgType;

/// Which way, given by the map of one oid.
pub(super) trait OidMap {
    /// The new oid, and our type of it (what tells arrays and records apart).
    fn map(&self, oid: u32) -> Result<(u32, PgType)>;
}

/// Rewrites `array_send`'s form.
pub(super) fn array(bytes: &[u8], map: &dyn OidMap) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut fields = Fields(bytes);
    let dimensions = usize::try_from(fields.i32()?).map_err(|_| malformed())?;
    out.extend_from_slice(bytes.get(..8).ok_or_else(malformed)?);
    fields.i32()?;
    let (oid, element) = map.map(fields.u32()?)?;
    out.extend_from_slice(&oid.to_be_bytes());
    let sizes = fields.bytes(dimensions.checked_mul(8).ok_or_else(malformed)?)?;
    out.extend_from_slice(sizes);
    if !nests(element) {
        out.extend_from_slice(fields.0);
        return Ok(out);
    }
    while !fields.0.is_empty() {
        value(&mut fields, element, map, &mut out)?;
    }
    Ok(out)
}

/// Rewrites `record_send`'s form.
pub(super) fn record(bytes: &[u8], map: &dyn OidMap) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut fields = Fields(bytes);
    let count = fields.i32()?;
    out.extend_from_slice(&count.to_be_bytes());
    for _ in 0..count {
        let (oid, ty) = map.map(fields.u32()?)?;
        out.extend_from_slice(&oid.to_be_bytes());
        value(&mut fields, ty, map, &mut out)?;
    }
    Ok(out)
}

/// True for types whose binary form holds oids.
pub(super) fn nests(ty: PgType) -> bool {
    ty.is_array() || ty == PgType::RECORD
}

fn value(fields: &mut Fields<'_>, ty: PgType, map: &dyn OidMap, out: &mut Vec<u8>) -> Result<()> {
    let Some(bytes) = fields.value()? else {
        out.extend_from_slice(&(-1i32).to_be_bytes());
        return Ok(());
    };
    let rewritten = if ty == PgType::RECORD {
        record(bytes, map)?
    } else if ty.is_array() {
        array(bytes, map)?
    } else {
        bytes.to_vec()
    };
    out.extend_from_slice(&i32::try_from(rewritten.len()).map_err(|_| malformed())?.to_be_bytes());
    out.extend_from_slice(&rewritten);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Twice;
    impl OidMap for Twice {
        fn map(&self, oid: u32) -> Result<(u32, PgType)> {
            Ok(if oid == 16_391 { (PgType::GEOMETRY.0, PgType::GEOMETRY) } else { (oid, PgType(oid)) })
        }
    }

    #[test]
    fn rewrites_nested_oids() {
        // {NULL, 'ab'} of type 16391, one dimension from 1
        let mut sent = Vec::new();
        for number in [1, 1, 16_391, 2, 1, -1, 2] {
            sent.extend_from_slice(&i32::to_be_bytes(number));
        }
        sent.extend_from_slice(b"ab");
        let got = array(&sent, &Twice).expect("well-formed");
        assert_eq!(got[8..12], PgType::GEOMETRY.0.to_be_bytes());
        assert_eq!(got[12..], sent[12..]);
        // row(geometry[])
        let mut row = Vec::new();
        for number in [1, PgType::GEOMETRY_ARRAY.0 as i32, sent.len() as i32] {
            row.extend_from_slice(&i32::to_be_bytes(number));
        }
        row.extend_from_slice(&sent);
        let got = record(&row, &Twice).expect("well-formed");
        assert_eq!(got[20..24], PgType::GEOMETRY.0.to_be_bytes());
        assert!(array(&sent[..10], &Twice).is_err());
    }
}
