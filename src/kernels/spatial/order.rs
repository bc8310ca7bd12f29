//! PostGIS's btree order of geometry: a Hilbert curve over the centre of the box, then the stored bytes.

use std::cmp::Ordering;

use crate::error::Result;
use crate::types::{Datum, Geom, PgType};

use super::bounds::Bounds;
use super::geometry::{Body, Coord, Geometry, Kind, failure};
use super::wkb;

/// Orders as `geometry_cmp` and `geography_cmp`.
pub fn compare_geometry(ty: PgType, left: &Datum, right: &Datum) -> Result<Ordering> {
    if let (Datum::Geometry(left), Datum::Geometry(right)) = (left, right)
        && left == right
    {
        return Ok(Ordering::Equal);
    }
    Ok(sort_key(ty, left)?.cmp(&sort_key(ty, right)?))
}

/// Bytes whose memcmp order is [`compare_geometry`]'s; no key is a proper prefix of another.
pub fn sort_key(ty: PgType, value: &Datum) -> Result<Vec<u8>> {
    let geom = datum_geom(value)?;
    if ty == PgType::GEOGRAPHY { geography_sort_key(geom) } else { Ok(geometry_sort_key(geom)) }
}

/// Bytes whose memcmp order is [`compare_geometry`]'s.
pub fn geometry_sort_key(geom: &Geom) -> Vec<u8> {
    match wkb::decode(&geom.0) {
        Ok(geometry) => key(&geometry, hash(&geometry)),
        Err(_) => geom.0.to_vec(),
    }
}

/// Orders as `geography_cmp`.
pub fn geography_sort_key(geom: &Geom) -> Result<Vec<u8>> {
    let geometry = wkb::decode(&geom.0)?;
    let hash = geographic_hash(&geometry)?;
    Ok(key(&geometry, hash))
}

/// `ST_SortableHash` of liblwgeom; `None` for EMPTY.
pub fn hash(geometry: &Geometry) -> Option<u64> {
    let bounds = Bounds::stored(geometry)?;
    let x = ((bounds.max.x + bounds.min.x) / 2.0) as f32;
    let y = ((bounds.max.y + bounds.min.y) / 2.0) as f32;
    // Popular SRIDs are moved into 1..2, where the exponent of a float is constant.
    let shifted = |value: f32, scale: f64| (1.5 + f64::from(value) / scale) as f32;
    let (x, y) = match geometry.srid {
        3857 | 3395 => (shifted(x, 67_108_864.0), shifted(y, 67_108_864.0)),
        4326 => (shifted(x, 512.0), shifted(y, 256.0)),
        _ => (x, y),
    };
    Some(hilbert(y.to_bits(), x.to_bits()))
}

fn geographic_hash(geometry: &Geometry) -> Result<Option<u64>> {
    let Some((min, max)) = super::sphere::stored_bounds(geometry) else { return Ok(None) };
    let middle = [0, 1, 2].map(|axis| (max[axis] + min[axis]) / 2.0);
    let length = middle.iter().map(|value| value * value).sum::<f64>().sqrt();
    let [x, y, z] = if length == 0.0 { [0.0; 3] } else { middle.map(|value| value / length) };
    let longitude = y.atan2(x);
    let latitude = z.asin();
    let x = (1.5 + longitude / 512.0) as f32;
    let y = (1.5 + latitude / 256.0) as f32;
    Ok(Some(hilbert(y.to_bits(), x.to_bits())))
}

fn key(geometry: &Geometry, hash: Option<u64>) -> Vec<u8> {
    let mut out = Vec::new();
    match hash {
        // EMPTY before everything.
        None => out.push(0),
        Some(hash) => {
            out.push(1);
            out.extend_from_slice(&hash.to_be_bytes());
        }
    }
    out.extend_from_slice(&(geometry.srid as u32 ^ 0x8000_0000).to_be_bytes());
    out.push(u8::from(geometry.z));
    out.push(u8::from(geometry.m));
    stored_bytes(geometry, &mut out);
    out
}

/// Size of the body of the serialized form.
pub fn stored_size(geometry: &Geometry) -> usize {
    let mut out = Vec::new();
    stored_bytes(geometry, &mut out);
    out.len()
}

/// The body of liblwgeom's serialized form.
fn stored_bytes(geometry: &Geometry, out: &mut Vec<u8>) {
    let count = |out: &mut Vec<u8>, count: usize| out.extend_from_slice(&(count as u32).to_le_bytes());
    let coords = |out: &mut Vec<u8>, coords: &[Coord]| {
        for coord in coords {
            out.extend_from_slice(&coord.x.to_le_bytes());
            out.extend_from_slice(&coord.y.to_le_bytes());
            if geometry.z {
                out.extend_from_slice(&coord.z.to_le_bytes());
            }
            if geometry.m {
                out.extend_from_slice(&coord.m.to_le_bytes());
            }
        }
    };
    out.extend_from_slice(&(geometry.kind as u32).to_le_bytes());
    match &geometry.body {
        Body::Coords(list) => {
            count(out, list.len());
            coords(out, list);
        }
        // A triangle is stored as its one ring.
        Body::Rings(rings) if geometry.kind == Kind::Triangle => {
            let ring = rings.first().map_or(&[][..], Vec::as_slice);
            count(out, ring.len());
            coords(out, ring);
        }
        Body::Rings(rings) => {
            count(out, rings.len());
            for ring in rings {
                count(out, ring.len());
            }
            if rings.len() % 2 == 1 {
                count(out, 0);
            }
            for ring in rings {
                coords(out, ring);
            }
        }
        Body::Parts(parts) => {
            count(out, parts.len());
            for part in parts {
                stored_bytes(part, out);
            }
        }
    }
}

/// Position of (x, y) on the Hilbert curve of order 32, y-axis first as PostGIS calls it.
fn hilbert(x: u32, y: u32) -> u64 {
    const ONES: u64 = 0xffff_ffff;
    let (x, y) = (u64::from(x), u64::from(y));
    let a = x ^ y;
    let b = ONES ^ a;
    let c = ONES ^ (x | y);
    let d = x & (y ^ ONES);
    // Prefix scan of the curve's state transformations (after R. Schoger's public-domain formulation).
    let mut state_a = a | (b >> 1);
    let mut state_b = (a >> 1) ^ a;
    let mut state_c = ((c >> 1) ^ (b & (d >> 1))) ^ c;
    let mut state_d = ((a & (c >> 1)) ^ (d >> 1)) ^ d;
    for shift in [2, 4, 8, 16] {
        let (a, b, c, d) = (state_a, state_b, state_c, state_d);
        if shift < 16 {
            state_a = (a & (a >> shift)) ^ (b & (b >> shift));
            state_b = (a & (b >> shift)) ^ (b & ((a ^ b) >> shift));
        }
        state_c ^= (a & (c >> shift)) ^ (b & (d >> shift));
        state_d ^= (b & (c >> shift)) ^ ((a ^ b) & (d >> shift));
    }
    let a = state_c ^ (state_c >> 1);
    let b = state_d ^ (state_d >> 1);
    let even = x ^ y;
    let odd = b | (ONES ^ (even | a));
    spread(even) | (spread(odd) << 1)
}

fn spread(value: u64) -> u64 {
    let mut value = value & 0xffff_ffff;
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ] {
        value = (value | (value << shift)) & mask;
    }
    value
}

/// `geometry_hash` is not reproduced: it depends on PostGIS's in-memory padding.
pub fn datum_geom(datum: &Datum) -> Result<&Geom> {
    match datum {
        Datum::Geometry(geom) => Ok(geom),
        other => Err(failure(format!("a geometry was expected, not {other:?}"))),
    }
}
