//! ISO WKB or EWKB in any byte order to PostGIS's EWKB (little-endian, flags for Z, M and SRID), and boxes of EWKB.

use crate::error::{Error, Result, SqlState};

const Z: u32 = 0x8000_0000;
const M: u32 = 0x4000_0000;
const SRID: u32 = 0x2000_0000;

struct Reader<'a> {
    bytes: &'a [u8],
    little: bool,
}

fn wrong() -> Error {
    Error::new(SqlState::DATA_EXCEPTION, "invalid WKB in a geometry column")
}

impl Reader<'_> {
    fn take(&mut self, count: usize) -> Result<&[u8]> {
        if count > self.bytes.len() {
            return Err(wrong());
        }
        let (taken, rest) = self.bytes.split_at(count);
        self.bytes = rest;
        Ok(taken)
    }

    fn order(&mut self) -> Result<()> {
        self.little = match self.take(1)? {
            [0] => false,
            [1] => true,
            _ => return Err(wrong()),
        };
        Ok(())
    }

    fn u32(&mut self) -> Result<u32> {
        let little = self.little;
        let bytes: [u8; 4] = self.take(4)?.try_into().map_err(|_| wrong())?;
        Ok(if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn doubles(&mut self, count: usize, out: &mut Vec<u8>) -> Result<()> {
        let little = self.little;
        let bytes = self.take(count.checked_mul(8).ok_or_else(wrong)?)?;
        if little {
            out.extend_from_slice(bytes);
        } else {
            for value in bytes.chunks_exact(8) {
                out.extend(value.iter().rev());
            }
        }
        Ok(())
    }
}

/// Appends the EWKB form with this SRID (0: none).
pub(super) fn to_ewkb(wkb: &[u8], srid: i32, out: &mut Vec<u8>) -> Result<()> {
    let mut reader = Reader { bytes: wkb, little: true };
    geometry(&mut reader, Some(srid), out, 0)
}

fn geometry(reader: &mut Reader<'_>, srid: Option<i32>, out: &mut Vec<u8>, depth: usize) -> Result<()> {
    if depth > 64 {
        return Err(wrong());
    }
    reader.order()?;
    let code = reader.u32()?;
    if code & SRID != 0 {
        reader.u32()?;
    }
    let iso = code & 0x0fff_ffff;
    let (z, m) = match iso / 1000 {
        0 => (code & Z != 0, code & M != 0),
        1 => (true, false),
        2 => (false, true),
        3 => (true, true),
        _ => return Err(wrong()),
    };
    let kind = iso % 1000;
    let flag = |on: bool, flag: u32| if on { flag } else { 0 };
    let with_srid = srid.filter(|srid| *srid != 0);
    let code = kind | flag(z, Z) | flag(m, M) | flag(with_srid.is_some(), SRID);
    out.push(1);
    out.extend_from_slice(&code.to_le_bytes());
    if let Some(srid) = with_srid {
        out.extend_from_slice(&srid.to_le_bytes());
    }
    let width = 2 + usize::from(z) + usize::from(m);
    let count = |reader: &mut Reader<'_>, out: &mut Vec<u8>| -> Result<usize> {
        let count = reader.u32()?;
        out.extend_from_slice(&count.to_le_bytes());
        usize::try_from(count).map_err(|_| wrong())
    };
    match kind {
        1 => reader.doubles(width, out),
        2 | 8 => {
            let points = count(reader, out)?;
            reader.doubles(points.checked_mul(width).ok_or_else(wrong)?, out)
        }
        3 | 17 => {
            for _ in 0..count(reader, out)? {
                let points = count(reader, out)?;
                reader.doubles(points.checked_mul(width).ok_or_else(wrong)?, out)?;
            }
            Ok(())
        }
        4..=7 | 9..=12 | 15 | 16 => {
            for _ in 0..count(reader, out)? {
                geometry(reader, None, out, depth + 1)?;
            }
            Ok(())
        }
        _ => Err(wrong()),
    }
}

/// The SRID of an EWKB; 0 without one.
pub(in crate::engine) fn srid(ewkb: &[u8]) -> Option<i32> {
    let code = u32::from_le_bytes(ewkb.get(1..5)?.try_into().ok()?);
    if code & SRID == 0 {
        return Some(0);
    }
    Some(i32::from_le_bytes(ewkb.get(5..9)?.try_into().ok()?))
}

/// xmin, ymin, xmax, ymax of an EWKB; `None` when it is empty or not of straight lines.
pub(in crate::engine) fn bounds(ewkb: &[u8]) -> Option<[f64; 4]> {
    let bounds = sedona_geometry::bounds::wkb_bounds_xy(ewkb).ok()?;
    if bounds.is_empty() {
        return None;
    }
    use sedona_geometry::interval::IntervalTrait;
    let bounds = [bounds.x().lo(), bounds.y().lo(), bounds.x().hi(), bounds.y().hi()];
    bounds.iter().all(|value| value.is_finite()).then_some(bounds)
}

/// What a spatial index keeps of a geometry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::engine) struct Plain {
    pub(in crate::engine) srid: i32,
    /// xmin, ymin, xmax, ymax
    pub(in crate::engine) bounds: [f64; 4],
    pub(in crate::engine) point: bool,
}

/// A little-endian EWKB of points, straight lines and polygons with finite positions, at least one; `None` for anything else.
pub(in crate::engine) fn plain(ewkb: &[u8]) -> Option<Plain> {
    let mut bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    let mut rest = ewkb;
    extend(&mut rest, &mut bounds, 0)?;
    let code = u32::from_le_bytes(ewkb.get(1..5)?.try_into().ok()?);
    (bounds[0] <= bounds[2]).then_some(Plain { srid: srid(ewkb)?, bounds, point: code & 0xff == 1 })
}

fn word(rest: &mut &[u8]) -> Option<u32> {
    let (word, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_le_bytes(*word))
}

fn extend(rest: &mut &[u8], bounds: &mut [f64; 4], depth: usize) -> Option<()> {
    let (order, after) = rest.split_first()?;
    *rest = after;
    let code = word(rest)?;
    if *order != 1 || depth > 16 {
        return None;
    }
    if code & SRID != 0 {
        word(rest)?;
    }
    let width = 8 * (2 + usize::from(code & Z != 0) + usize::from(code & M != 0));
    let mut positions = |rest: &mut &[u8], count: usize| -> Option<()> {
        let (taken, after) = rest.split_at_checked(count.checked_mul(width)?)?;
        *rest = after;
        let mut finite = true;
        for position in taken.chunks_exact(width) {
            let x = f64::from_le_bytes(position[..8].try_into().ok()?);
            let y = f64::from_le_bytes(position[8..16].try_into().ok()?);
            finite &= x.is_finite() && y.is_finite();
            *bounds = [bounds[0].min(x), bounds[1].min(y), bounds[2].max(x), bounds[3].max(y)];
        }
        finite.then_some(())
    };
    match code & !(Z | M | SRID) {
        1 => positions(rest, 1),
        2 => {
            let count = word(rest)?;
            positions(rest, usize::try_from(count).ok()?)
        }
        3 => {
            for _ in 0..word(rest)? {
                let count = word(rest)?;
                positions(rest, usize::try_from(count).ok()?)?;
            }
            Some(())
        }
        4..=7 => {
            for _ in 0..word(rest)? {
                extend(rest, bounds, depth + 1)?;
            }
            Some(())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_iso_wkb_into_ewkb() {
        // POINT Z (1 2 3), big-endian ISO -> little-endian EWKB with SRID 4326.
        let mut iso = vec![0, 0, 0, 3, 0xe9];
        for value in [1.0_f64, 2.0, 3.0] {
            iso.extend_from_slice(&value.to_be_bytes());
        }
        let mut expected = vec![1];
        expected.extend_from_slice(&0xa000_0001_u32.to_le_bytes());
        expected.extend_from_slice(&4326_i32.to_le_bytes());
        for value in [1.0_f64, 2.0, 3.0] {
            expected.extend_from_slice(&value.to_le_bytes());
        }
        let mut out = Vec::new();
        to_ewkb(&iso, 4326, &mut out).expect("valid WKB");
        assert_eq!(out, expected);
        assert_eq!(srid(&out), Some(4326));
        assert_eq!(bounds(&out), Some([1.0, 2.0, 1.0, 2.0]));
        for length in 0..iso.len() {
            assert!(to_ewkb(&iso[..length], 4326, &mut Vec::new()).is_err());
        }
    }
}
