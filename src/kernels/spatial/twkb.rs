//! Tiny WKB.

use crate::error::Result;

use super::bounds::Bounds;
use super::geometry::{Body, Coord, Geometry, Kind, failure};

/// Decimals kept per axis, and what is written besides.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub xy: i32,
    pub z: i32,
    pub m: i32,
    pub sizes: bool,
    pub boxes: bool,
}

fn unsigned(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn signed(out: &mut Vec<u8>, value: i64) {
    unsigned(out, zigzag(value));
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn scaled(coord: &Coord, geometry: &Geometry, options: &Options) -> Vec<i64> {
    let at = |value: f64, precision: i32| (value * 10_f64.powi(precision)).round_ties_even() as i64;
    let mut out = vec![at(coord.x, options.xy), at(coord.y, options.xy)];
    if geometry.z {
        out.push(at(coord.z, options.z));
    }
    if geometry.m {
        out.push(at(coord.m, options.m));
    }
    out
}

/// Writes a geometry; `ids` are those of its parts.
pub fn write(geometry: &Geometry, options: &Options, ids: Option<&[i64]>) -> Result<Vec<u8>> {
    let number = match geometry.kind {
        Kind::Point => 1,
        Kind::LineString => 2,
        Kind::Polygon => 3,
        Kind::MultiPoint => 4,
        Kind::MultiLineString => 5,
        Kind::MultiPolygon => 6,
        Kind::GeometryCollection => 7,
        other => return Err(failure(format!("lwgeom_to_twkb: Unsupported geometry type: {}", other.name()))),
    };
    let empty = geometry.is_empty();
    let boxes = options.boxes && !empty;
    let mut out = vec![(zigzag(i64::from(options.xy)) as u8 & 0x0f) << 4 | number];
    let extended = geometry.z || geometry.m;
    out.push(
        u8::from(boxes)
            | u8::from(options.sizes) << 1
            | u8::from(ids.is_some() && !empty) << 2
            | u8::from(extended) << 3
            | u8::from(empty) << 4,
    );
    if extended {
        let (z, m) = (if geometry.z { options.z } else { 0 }, if geometry.m { options.m } else { 0 });
        out.push(u8::from(geometry.z) | u8::from(geometry.m) << 1 | (z as u8 & 7) << 2 | (m as u8 & 7) << 5);
    }
    let mut body = Vec::new();
    if boxes && let Some(bounds) = Bounds::of(geometry) {
        let (low, high) = (scaled(&bounds.min, geometry, options), scaled(&bounds.max, geometry, options));
        for (low, high) in low.into_iter().zip(high) {
            signed(&mut body, low);
            signed(&mut body, high.wrapping_sub(low));
        }
    }
    if !empty {
        let mut last = vec![0_i64; 4];
        write_body(&mut body, geometry, options, ids, &mut last)?;
    }
    if options.sizes {
        unsigned(&mut out, body.len() as u64);
    }
    out.extend_from_slice(&body);
    Ok(out)
}

fn write_body(
    out: &mut Vec<u8>,
    geometry: &Geometry,
    options: &Options,
    ids: Option<&[i64]>,
    last: &mut [i64],
) -> Result<()> {
    match &geometry.body {
        Body::Coords(coords) if geometry.kind == Kind::Point => {
            deltas(out, coords, geometry, options, last, 1, true);
        }
        Body::Coords(coords) => {
            let count = kept(coords, geometry, options, last, 2, false);
            unsigned(out, count as u64);
            deltas(out, coords, geometry, options, last, 2, false);
        }
        Body::Rings(rings) => {
            unsigned(out, rings.len() as u64);
            for ring in rings {
                let count = kept(ring, geometry, options, last, 4, false);
                unsigned(out, count as u64);
                deltas(out, ring, geometry, options, last, 4, false);
            }
        }
        Body::Parts(parts) => {
            let counted: Vec<&Geometry> =
                parts.iter().filter(|part| geometry.kind != Kind::MultiPoint || !part.is_empty()).collect();
            unsigned(out, counted.len() as u64);
            for id in ids.unwrap_or_default() {
                signed(out, *id);
            }
            for part in counted {
                if geometry.kind == Kind::GeometryCollection {
                    out.extend_from_slice(&write(part, options, None)?);
                } else {
                    write_body(out, part, options, None, last)?;
                }
            }
        }
    }
    Ok(())
}

/// How many positions [`deltas`] writes.
fn kept(coords: &[Coord], geometry: &Geometry, options: &Options, last: &[i64], least: usize, all: bool) -> usize {
    let mut last = last.to_vec();
    deltas(&mut Vec::new(), coords, geometry, options, &mut last, least, all)
}

/// Differences to the position before; repeated positions are left out unless fewer than `least` would remain.
fn deltas(
    out: &mut Vec<u8>,
    coords: &[Coord],
    geometry: &Geometry,
    options: &Options,
    last: &mut [i64],
    least: usize,
    all: bool,
) -> usize {
    let mut written = 0;
    for (index, coord) in coords.iter().enumerate() {
        let now = scaled(coord, geometry, options);
        let same = now.iter().zip(last.iter()).all(|(now, last)| now == last);
        if same && !all && index > 0 && coords.len() - index + written > least {
            continue;
        }
        for (axis, value) in now.iter().enumerate() {
            signed(out, value.wrapping_sub(last[axis]));
            last[axis] = *value;
        }
        written += 1;
    }
    written
}

/// Reads TWKB.
pub fn parse(bytes: &[u8]) -> Result<Geometry> {
    let mut reader = Reader { bytes, position: 0 };
    reader.geometry(0)
}

struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
}

struct Header {
    z: bool,
    m: bool,
    scales: [f64; 4],
    ids: bool,
}

impl Reader<'_> {
    fn short() -> crate::error::Error {
        failure("TWKB structure does not match expected size!")
    }

    fn byte(&mut self) -> Result<u8> {
        let byte = self.bytes.get(self.position).copied().ok_or_else(Reader::short)?;
        self.position += 1;
        Ok(byte)
    }

    fn unsigned(&mut self) -> Result<u64> {
        let (mut value, mut shift) = (0_u64, 0);
        loop {
            let byte = self.byte()?;
            if shift > 63 {
                return Err(Reader::short());
            }
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
    }

    fn signed(&mut self) -> Result<i64> {
        let value = self.unsigned()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn count(&mut self) -> Result<usize> {
        let count = usize::try_from(self.unsigned()?).map_err(|_| Reader::short())?;
        if count > self.bytes.len() - self.position { Err(Reader::short()) } else { Ok(count) }
    }

    fn geometry(&mut self, depth: usize) -> Result<Geometry> {
        if depth > 100 {
            return Err(failure("Geometry has too many chunks"));
        }
        let first = self.byte()?;
        let nibble = i32::from(first >> 4);
        let xy = (nibble >> 1) ^ -(nibble & 1);
        let flags = self.byte()?;
        let (mut z, mut m, mut z_precision, mut m_precision) = (false, false, 0, 0);
        if flags & 8 != 0 {
            let extra = self.byte()?;
            (z, m) = (extra & 1 != 0, extra & 2 != 0);
            (z_precision, m_precision) = (i32::from(extra >> 2 & 7), i32::from(extra >> 5 & 7));
        }
        let kind = Kind::from_number(first & 0x0f)
            .filter(|kind| *kind <= Kind::GeometryCollection)
            .ok_or_else(|| failure(format!("Unknown WKB type: {}", first & 0x0f)))?;
        if flags & 2 != 0 {
            self.unsigned()?;
        }
        let mut scales = vec![10_f64.powi(xy); 2];
        if z {
            scales.push(10_f64.powi(z_precision));
        }
        if m {
            scales.push(10_f64.powi(m_precision));
        }
        let axes = scales.len();
        if flags & 1 != 0 {
            for _ in 0..2 * axes {
                self.signed()?;
            }
        }
        if flags & 16 != 0 {
            return Ok(Geometry::empty(kind, 0).dimensioned(z, m));
        }
        scales.resize(4, 1.0);
        let header = Header { z, m, scales: [scales[0], scales[1], scales[2], scales[3]], ids: flags & 4 != 0 };
        let mut last = [0_i64; 4];
        self.body(kind, &header, &mut last, depth).map(|geometry| geometry.dimensioned(z, m))
    }

    fn body(&mut self, kind: Kind, header: &Header, last: &mut [i64; 4], depth: usize) -> Result<Geometry> {
        let body = match kind {
            Kind::Point => Body::Coords(vec![self.coord(header, last)?]),
            Kind::LineString => Body::Coords(self.coords(header, last)?),
            Kind::Polygon => {
                let count = self.count()?;
                Body::Rings((0..count).map(|_| self.coords(header, last)).collect::<Result<_>>()?)
            }
            _ => {
                let count = self.count()?;
                if header.ids {
                    for _ in 0..count {
                        self.signed()?;
                    }
                }
                let part = match kind {
                    Kind::MultiPoint => Some(Kind::Point),
                    Kind::MultiLineString => Some(Kind::LineString),
                    Kind::MultiPolygon => Some(Kind::Polygon),
                    _ => None,
                };
                let inner = Header { ids: false, ..*header };
                let mut parts = Vec::new();
                for _ in 0..count {
                    parts.push(match part {
                        Some(part) => self.body(part, &inner, last, depth)?,
                        None => self.geometry(depth + 1)?,
                    });
                }
                Body::Parts(parts)
            }
        };
        Ok(Geometry { kind, srid: 0, z: false, m: false, body })
    }

    fn coords(&mut self, header: &Header, last: &mut [i64; 4]) -> Result<Vec<Coord>> {
        let count = self.count()?;
        (0..count).map(|_| self.coord(header, last)).collect()
    }

    fn coord(&mut self, header: &Header, last: &mut [i64; 4]) -> Result<Coord> {
        let axes = 2 + usize::from(header.z) + usize::from(header.m);
        let mut values = [0.0; 4];
        for axis in 0..axes {
            last[axis] = last[axis].wrapping_add(self.signed()?);
            values[axis] = last[axis] as f64 / header.scales[axis];
        }
        let (z, m) = match (header.z, header.m) {
            (true, true) => (values[2], values[3]),
            (true, false) => (values[2], 0.0),
            (false, true) => (0.0, values[2]),
            (false, false) => (0.0, 0.0),
        };
        Ok(Coord { x: values[0], y: values[1], z, m })
    }
}
