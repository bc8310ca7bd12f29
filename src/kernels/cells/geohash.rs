//! Neighbours of geohashes. Encoding and decoding are PostGIS's own (`ST_GeoHash`, `ST_GeomFromGeoHash` ...).

use super::{array, invalid};
use crate::error::Result;
use crate::kernels::Scalar;
use crate::kernels::spatial::{args, geohash};
use crate::types::{Datum, PgType};

/// North, north-east and so on, clockwise: steps of longitude and latitude.
const AROUND: [(&str, i64, i64); 8] =
    [("n", 0, 1), ("ne", 1, 1), ("e", 1, 0), ("se", 1, -1), ("s", 0, -1), ("sw", -1, -1), ("w", -1, 0), ("nw", -1, 1)];

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("geohash_neighbor(text,text)", |_, a| {
        let (hash, direction) = (args::text(a, 0)?, args::text(a, 1)?);
        let found = AROUND.iter().find(|(name, ..)| name.eq_ignore_ascii_case(direction));
        let (_, dx, dy) =
            found.ok_or_else(|| invalid(format!("\"{direction}\" is none of n, ne, e, se, s, sw, w, nw")))?;
        Ok(neighbor(hash, *dx, *dy)?.map_or(Datum::Null, Datum::text))
    }),
    ("geohash_neighbors(text)", |_, a| {
        let hash = args::text(a, 0)?;
        let all: Result<Vec<_>> = AROUND.iter().map(|(_, dx, dy)| neighbor(hash, *dx, *dy)).collect();
        Ok(array(PgType::TEXT, all?.into_iter().map(|hash| hash.map_or(Datum::Null, Datum::text)).collect()))
    }),
];

/// The hash that many cells away: around the 180th meridian, `None` beyond a pole.
fn neighbor(hash: &str, dx: i64, dy: i64) -> Result<Option<String>> {
    if hash.is_empty() || hash.len() > 24 {
        return Err(invalid("a geohash has 1 to 24 characters"));
    }
    let (mut x, mut y) = (0_u64, 0_u64);
    let mut even = true;
    for byte in hash.bytes() {
        let digit = geohash::digit(byte)
            .ok_or_else(|| invalid(format!("Invalid character '{}' in a geohash", geohash::bad_character(hash))))?
            as u64;
        for bit in (0..5).rev() {
            let axis = if even { &mut x } else { &mut y };
            *axis = *axis << 1 | (digit >> bit & 1);
            even = !even;
        }
    }
    let bits = hash.len() as u32 * 5;
    let (columns, rows) = (1_i64 << bits.div_ceil(2), 1_i64 << (bits / 2));
    let (x, y) = ((x as i64 + dx).rem_euclid(columns) as u64, y as i64 + dy);
    if !(0..rows).contains(&y) {
        return Ok(None);
    }
    let (mut x_bit, mut y_bit) = (bits.div_ceil(2), bits / 2);
    let mut even = true;
    let mut out = String::with_capacity(hash.len());
    for _ in 0..hash.len() {
        let mut digit = 0;
        for _ in 0..5 {
            let (axis, at) = if even { (x, &mut x_bit) } else { (y as u64, &mut y_bit) };
            *at -= 1;
            digit = digit << 1 | (axis >> *at & 1) as usize;
            even = !even;
        }
        out.push(char::from(geohash::DIGITS[digit]));
    }
    Ok(Some(out))
}
