//! Well-known binary: EWKB (PostGIS's, with SRID) and ISO, both byte orders, and hexadecimal.

use crate::error::Result;

use super::geometry::{Body, Coord, Geometry, Kind, failure};

const Z_FLAG: u32 = 0x8000_0000;
const M_FLAG: u32 = 0x4000_0000;
const SRID_FLAG: u32 = 0x2000_0000;

/// liblwgeom's recursion limit for parsed geometries.
const MAX_DEPTH: usize = 200;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ByteOrder {
    Big,
    Little,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Variant {
    /// With flags for Z, M and SRID.
    Extended,
    /// Z, M and SRID flags, but no SRID.
    ExtendedNoSrid,
    /// ISO type numbers (1001 = PointZ), no SRID.
    Iso,
}

/// Whether points per line and closed rings are checked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Check {
    All,
    Nothing,
}

/// Decodes a stored value.
pub fn decode(bytes: &[u8]) -> Result<Geometry> {
    parse(bytes, Check::Nothing)
}

/// The stored form: little-endian EWKB.
pub fn encode(geometry: &Geometry) -> Vec<u8> {
    write(geometry, ByteOrder::Little, Variant::Extended)
}

/// Reads EWKB or ISO WKB; bytes after the geometry are ignored, as PostGIS does.
pub fn parse(bytes: &[u8], check: Check) -> Result<Geometry> {
    let mut reader = Reader { bytes, position: 0, check, depth: 0 };
    reader.geometry(None)
}

/// Reads hexadecimal WKB.
pub fn parse_hex(text: &str, check: Check) -> Result<Geometry> {
    let text = text.as_bytes();
    if !text.len().is_multiple_of(2) {
        return Err(failure(format!("Invalid hex string, length ({}) has to be a multiple of two!", text.len())));
    }
    let nibble = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .ok_or_else(|| failure(format!("Invalid hex character ({}) encountered", char::from(digit))))
    };
    let mut bytes = Vec::with_capacity(text.len() / 2);
    for pair in text.chunks_exact(2) {
        bytes.push((nibble(pair[0])? << 4 | nibble(pair[1])?) as u8);
    }
    parse(&bytes, check)
}

/// Upper-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

pub fn write(geometry: &Geometry, order: ByteOrder, variant: Variant) -> Vec<u8> {
    let mut writer = Writer { out: Vec::new(), order, variant };
    writer.geometry(geometry, true);
    writer.out
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    check: Check,
    depth: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let end = self.position.checked_add(N).filter(|end| *end <= self.bytes.len());
        let slice = end.and_then(|end| self.bytes.get(self.position..end)).and_then(|slice| slice.try_into().ok());
        let array = slice.ok_or_else(|| failure("WKB structure does not match expected size!"))?;
        self.position += N;
        Ok(array)
    }

    fn uint(&mut self, order: ByteOrder) -> Result<u32> {
        let bytes = self.take::<4>()?;
        Ok(if order == ByteOrder::Big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    fn double(&mut self, order: ByteOrder) -> Result<f64> {
        let bytes = self.take::<8>()?;
        Ok(if order == ByteOrder::Big { f64::from_be_bytes(bytes) } else { f64::from_le_bytes(bytes) })
    }

    fn geometry(&mut self, outer: Option<i32>) -> Result<Geometry> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(failure("Geometry has too many chunks"));
        }
        let order = match self.take::<1>()?[0] {
            0 => ByteOrder::Big,
            1 => ByteOrder::Little,
            _ => return Err(failure("Invalid endian flag value encountered.")),
        };
        let number = self.uint(order)?;
        let mut z = number & Z_FLAG != 0;
        let mut m = number & M_FLAG != 0;
        let simple = number & 0x0fff_ffff;
        match simple / 1000 {
            1 => z = true,
            2 => m = true,
            3 => (z, m) = (true, true),
            _ => {}
        }
        let kind = kind_of(simple % 1000).filter(|_| simple < 4000).ok_or_else(|| {
            failure(format!("Unknown WKB type ({})! Full WKB type number was ({number}).", simple % 1000))
        })?;
        let mut srid = outer.unwrap_or(0);
        if number & SRID_FLAG != 0 {
            srid = super::clamp_srid(self.uint(order)? as i32);
        }
        let body = match kind {
            Kind::Point => {
                let coord = self.coord(order, z, m)?;
                let empty = coord.x.is_nan() && coord.y.is_nan();
                Body::Coords(if empty { Vec::new() } else { vec![coord] })
            }
            Kind::LineString | Kind::CircularString => {
                let coords = self.coords(order, z, m)?;
                let least = if kind == Kind::LineString { 2 } else { 3 };
                if self.check == Check::All && !coords.is_empty() && coords.len() < least {
                    let words = if least == 2 { "two" } else { "three" };
                    return Err(failure(format!("{} must have at least {words} points", kind.name())));
                }
                if self.check == Check::All
                    && kind == Kind::CircularString
                    && !coords.is_empty()
                    && coords.len() % 2 == 0
                {
                    return Err(failure(format!("{} must have an odd number of points", kind.name())));
                }
                Body::Coords(coords)
            }
            Kind::Polygon | Kind::Triangle => {
                let count = self.count(order, 4)?;
                let mut rings = Vec::with_capacity(count);
                for _ in 0..count {
                    let ring = self.coords(order, z, m)?;
                    if self.check == Check::All && kind == Kind::Polygon {
                        if ring.len() < 4 {
                            return Err(failure(format!(
                                "{} must have at least four points in each ring",
                                kind.name()
                            )));
                        }
                        if !is_closed(&ring) {
                            return Err(failure(format!("{} must have closed rings", kind.name())));
                        }
                    }
                    rings.push(ring);
                }
                Body::Rings(rings)
            }
            _ => {
                let count = self.count(order, 5)?;
                let mut parts = Vec::with_capacity(count.min(1024));
                for _ in 0..count {
                    let mut part = self.geometry(Some(srid))?;
                    if !kind.allows(part.kind) {
                        return Err(failure(format!("{} cannot contain {} element", kind.name(), part.kind.name())));
                    }
                    part.set_srid(srid);
                    parts.push(part);
                }
                Body::Parts(parts)
            }
        };
        self.depth -= 1;
        Ok(Geometry { kind, srid, z, m, body })
    }

    /// A count of items of at least `least` bytes each: no more than the rest can hold.
    fn count(&mut self, order: ByteOrder, least: usize) -> Result<usize> {
        let count = usize::try_from(self.uint(order)?).unwrap_or(usize::MAX);
        if count > (self.bytes.len() - self.position) / least {
            return Err(failure("WKB structure does not match expected size!"));
        }
        Ok(count)
    }

    fn coords(&mut self, order: ByteOrder, z: bool, m: bool) -> Result<Vec<Coord>> {
        let size = 8 * (2 + usize::from(z) + usize::from(m));
        let count = self.count(order, size)?;
        let mut coords = Vec::with_capacity(count);
        for _ in 0..count {
            coords.push(self.coord(order, z, m)?);
        }
        Ok(coords)
    }

    fn coord(&mut self, order: ByteOrder, z: bool, m: bool) -> Result<Coord> {
        Ok(Coord {
            x: self.double(order)?,
            y: self.double(order)?,
            z: if z { self.double(order)? } else { 0.0 },
            m: if m { self.double(order)? } else { 0.0 },
        })
    }
}

/// First and last position equal in the plane.
pub fn is_closed(ring: &[Coord]) -> bool {
    match (ring.first(), ring.last()) {
        (Some(first), Some(last)) => first.same_xy(last),
        _ => true,
    }
}

fn kind_of(number: u32) -> Option<Kind> {
    Some(match number {
        1 => Kind::Point,
        2 => Kind::LineString,
        3 => Kind::Polygon,
        4 => Kind::MultiPoint,
        5 => Kind::MultiLineString,
        6 => Kind::MultiPolygon,
        7 => Kind::GeometryCollection,
        8 => Kind::CircularString,
        9 => Kind::CompoundCurve,
        // 13 and 14 as PostGIS 1.5 wrote them.
        10 | 13 => Kind::CurvePolygon,
        11 | 14 => Kind::MultiCurve,
        12 => Kind::MultiSurface,
        15 => Kind::PolyhedralSurface,
        16 => Kind::Tin,
        17 => Kind::Triangle,
        _ => return None,
    })
}

fn number_of(kind: Kind) -> u32 {
    match kind {
        Kind::PolyhedralSurface => 15,
        Kind::Tin => 16,
        Kind::Triangle => 17,
        other => other as u32,
    }
}

struct Writer {
    out: Vec<u8>,
    order: ByteOrder,
    variant: Variant,
}

impl Writer {
    fn uint(&mut self, value: u32) {
        let bytes = if self.order == ByteOrder::Big { value.to_be_bytes() } else { value.to_le_bytes() };
        self.out.extend_from_slice(&bytes);
    }

    fn double(&mut self, value: f64) {
        let bytes = if self.order == ByteOrder::Big { value.to_be_bytes() } else { value.to_le_bytes() };
        self.out.extend_from_slice(&bytes);
    }

    fn geometry(&mut self, geometry: &Geometry, outermost: bool) {
        self.out.push(u8::from(self.order == ByteOrder::Little));
        let mut number = number_of(geometry.kind);
        let with_srid = self.variant == Variant::Extended && outermost && geometry.srid != 0;
        match self.variant {
            Variant::Iso => number += 1000 * u32::from(geometry.z) + 2000 * u32::from(geometry.m),
            _ => {
                number |= if geometry.z { Z_FLAG } else { 0 };
                number |= if geometry.m { M_FLAG } else { 0 };
                number |= if with_srid { SRID_FLAG } else { 0 };
            }
        }
        self.uint(number);
        if with_srid {
            self.uint(geometry.srid as u32);
        }
        match &geometry.body {
            Body::Coords(coords) if geometry.kind == Kind::Point => {
                let nan = f64::NAN;
                let coord = coords.first().copied().unwrap_or(Coord { x: nan, y: nan, z: nan, m: nan });
                self.coord(&coord, geometry);
            }
            Body::Coords(coords) => self.coords(coords, geometry),
            Body::Rings(rings) => {
                self.uint(rings.len() as u32);
                for ring in rings {
                    self.coords(ring, geometry);
                }
            }
            Body::Parts(parts) => {
                self.uint(parts.len() as u32);
                for part in parts {
                    self.geometry(part, false);
                }
            }
        }
    }

    fn coords(&mut self, coords: &[Coord], geometry: &Geometry) {
        self.uint(coords.len() as u32);
        for coord in coords {
            self.coord(coord, geometry);
        }
    }

    fn coord(&mut self, coord: &Coord, geometry: &Geometry) {
        self.double(coord.x);
        self.double(coord.y);
        if geometry.z {
            self.double(coord.z);
        }
        if geometry.m {
            self.double(coord.m);
        }
    }
}
