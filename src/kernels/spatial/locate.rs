//! Where a position lies in a polygon or multipolygon, read straight from EWKB.
//!
//! PostGIS answers its predicates of a point and an area by crossings in plain doubles, not by GEOS: the results differ for positions
//! within rounding of an edge. The rules (side by cross product, winding number, first part that has the position) are those
//! observed on PostGIS 3.3 over positions on edges and over invalid rings.

const Z: u32 = 0x8000_0000;
const M: u32 = 0x4000_0000;
const SRID: u32 = 0x2000_0000;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Location {
    Boundary,
    Exterior,
    Interior,
}

/// The position of a POINT with finite ordinates in little-endian EWKB.
pub fn position(ewkb: &[u8]) -> Option<[f64; 2]> {
    let mut reader = Reader { rest: ewkb };
    let (kind, _) = reader.header()?;
    let point = if kind == 1 { reader.position(16)? } else { return None };
    (point[0].is_finite() && point[1].is_finite()).then_some(point)
}

/// Where a position lies in a POLYGON or MULTIPOLYGON in little-endian EWKB; `None` for anything else, EMPTY ones and ordinates
/// that are not finite.
pub fn locate(ewkb: &[u8], point: [f64; 2]) -> Option<Location> {
    let mut reader = Reader { rest: ewkb };
    let (kind, width) = reader.header()?;
    match kind {
        3 => reader.polygon(width, point, true),
        6 => {
            let parts = reader.count()?;
            let mut found = None;
            for _ in 0..parts {
                let (3, width) = reader.header()? else { return None };
                let location = reader.polygon(width, point, false)?;
                if matches!(found, None | Some(Location::Exterior)) {
                    found = Some(location);
                }
            }
            found
        }
        _ => None,
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Kind and bytes per position.
    fn header(&mut self) -> Option<(u32, usize)> {
        let (order, rest) = self.rest.split_first()?;
        self.rest = rest;
        let code = self.word()?;
        if *order != 1 {
            return None;
        }
        if code & SRID != 0 {
            self.word()?;
        }
        Some((code & !(Z | M | SRID), 8 * (2 + usize::from(code & Z != 0) + usize::from(code & M != 0))))
    }

    fn word(&mut self) -> Option<u32> {
        let (word, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(u32::from_le_bytes(*word))
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(self.word()?).ok()
    }

    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn position(&mut self, width: usize) -> Option<[f64; 2]> {
        xy(self.bytes(width)?)
    }

    /// A ring's location and that it is not EMPTY.
    fn ring(&mut self, width: usize, point: [f64; 2]) -> Option<Location> {
        let count = self.count()?;
        let bytes = self.bytes(count.checked_mul(width)?)?;
        in_ring(bytes.chunks_exact(width).map_while(xy), count, point)
    }

    fn polygon(&mut self, width: usize, point: [f64; 2], alone: bool) -> Option<Location> {
        let rings = self.count()?;
        if rings == 0 {
            return None;
        }
        let mut found = self.ring(width, point)?;
        for _ in 1..rings {
            let hole = self.ring(width, point)?;
            match (found, hole) {
                (Location::Interior, Location::Interior) => found = Location::Exterior,
                (Location::Interior, Location::Boundary) => found = Location::Boundary,
                // Only of invalid polygons: a hole over the shell counts in a POLYGON, not in a part of a MULTIPOLYGON.
                (Location::Boundary, Location::Interior) if alone => found = Location::Exterior,
                _ => {}
            }
        }
        Some(found)
    }
}

fn xy(bytes: &[u8]) -> Option<[f64; 2]> {
    let (x, rest) = bytes.split_first_chunk::<8>()?;
    let (y, _) = rest.split_first_chunk::<8>()?;
    Some([f64::from_le_bytes(*x), f64::from_le_bytes(*y)])
}

fn in_ring(mut positions: impl Iterator<Item = [f64; 2]>, count: usize, point: [f64; 2]) -> Option<Location> {
    let [x, y] = point;
    let mut a = positions.next()?;
    let (mut winding, mut boundary, mut seen, mut finite) = (0_i32, false, 1, a[0].is_finite() && a[1].is_finite());
    for b in positions {
        seen += 1;
        finite &= b[0].is_finite() && b[1].is_finite();
        let above = a[1] > y && b[1] > y;
        let below = a[1] < y && b[1] < y;
        if !above && !below && a != b {
            let side = (x - a[0]) * (b[1] - a[1]) - (b[0] - a[0]) * (y - a[1]);
            if side == 0.0 && x >= a[0].min(b[0]) && x <= a[0].max(b[0]) {
                boundary = true;
            } else if a[1] <= y && y < b[1] && side < 0.0 {
                winding += 1;
            } else if b[1] <= y && y < a[1] && side > 0.0 {
                winding -= 1;
            }
        }
        a = b;
    }
    if seen != count || !finite {
        return None;
    }
    Some(match (boundary, winding) {
        (true, _) => Location::Boundary,
        (false, 0) => Location::Exterior,
        (false, _) => Location::Interior,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::spatial::io::parse_geometry;
    use crate::kernels::spatial::wkb::encode;

    /// Expected values from PostGIS 3.3 (interior: ST_Contains; boundary: ST_Intersects without ST_Contains).
    #[test]
    fn locates_as_postgis() {
        use Location::{Boundary, Exterior, Interior};
        for (area, x, y, expected) in [
            ("POLYGON((0 0,4 0,4 4,0 4,0 0))", 1.0, 1.0, Some(Interior)),
            ("POLYGON((0 0,4 0,4 4,0 4,0 0))", 4.0, 1.0, Some(Boundary)),
            ("POLYGON((0 0,4 0,4 4,0 4,0 0))", 0.0, 0.0, Some(Boundary)),
            ("POLYGON((0 0,4 0,4 4,0 4,0 0))", 5.0, 0.0, Some(Exterior)),
            ("POLYGON((0 0,4 0,4 4,0 4,0 0),(1 1,2 1,2 2,1 2,1 1))", 1.5, 1.5, Some(Exterior)),
            ("POLYGON((0 0,4 0,4 4,0 4,0 0),(1 1,2 1,2 2,1 2,1 1))", 1.0, 1.5, Some(Boundary)),
            ("MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((2 0,4 0,4 4,2 0)))", 3.5, 1.0, Some(Interior)),
            ("MULTIPOLYGON(((0 0,2 0,2 2,0 2,0 0)),((1 0,4 0,4 4,1 4,1 0)))", 2.0, 1.0, Some(Boundary)),
            ("MULTIPOLYGON(((1 0,4 0,4 4,1 4,1 0)),((0 0,2 0,2 2,0 2,0 0)))", 2.0, 1.0, Some(Interior)),
            ("POLYGON Z((0 0 9,4 0 9,4 4 9,0 4 9,0 0 9))", 1.0, 1.0, Some(Interior)),
            ("POLYGON EMPTY", 1.0, 1.0, None),
            ("LINESTRING(0 0,1 1)", 0.0, 0.0, None),
        ] {
            let bytes = encode(&parse_geometry(area).expect("a geometry"));
            assert_eq!(locate(&bytes, [x, y]), expected, "{area} {x} {y}");
            for length in 0..bytes.len() {
                assert_eq!(locate(&bytes[..length], [x, y]), None, "{area} cut");
            }
        }
    }
}
