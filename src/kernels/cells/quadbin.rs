//! Quadbin: web-mercator tiles as int8, by CARTO's public definition and function names.
//!
//! Bits, from the highest: 0, 1 (header), mode of 4 bits (1: a cell), resolution of 5 bits, then x and y interleaved (y first), and ones.

use std::f64::consts::PI;

use super::{MOST, array, finite, int8, int8_array, invalid, place, point, polygon, too_many};
use crate::error::{Error, Result};
use crate::kernels::Scalar;
use crate::kernels::spatial::args;
use crate::kernels::spatial::geometry::{Geometry, Kind};
use crate::types::{Datum, PgType};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("quadbin_bbox(int8)", |_, a| {
        let [west, south, east, north] = Tile::of(int8(a, 0)?)?.bounds();
        Ok(array(PgType::FLOAT8, [west, south, east, north].map(Datum::Float8).to_vec()))
    }),
    ("quadbin_boundary(int8)", |_, a| {
        let [west, south, east, north] = Tile::of(int8(a, 0)?)?.bounds();
        Ok(polygon(vec![(west, south), (west, north), (east, north), (east, south)]))
    }),
    ("quadbin_center(int8)", |_, a| {
        let tile = Tile::of(int8(a, 0)?)?;
        Ok(point(tile.longitude(0.5), tile.latitude(0.5)))
    }),
    ("quadbin_distance(int8,int8)", |_, a| {
        let (from, to) = (Tile::of(int8(a, 0)?)?, Tile::of(int8(a, 1)?)?);
        let distance = from.x.abs_diff(to.x).max(from.y.abs_diff(to.y));
        Ok(if from.z == to.z { Datum::Int8(distance as i64) } else { Datum::Null })
    }),
    ("quadbin_fromgeogpoint(geometry,int4)", from_point),
    ("quadbin_fromgeogpoint(geography,int4)", from_point),
    ("quadbin_fromgeopoint(geometry,int4)", from_point),
    ("quadbin_fromgeopoint(geography,int4)", from_point),
    ("quadbin_fromlonglat(float8,float8,int4)", |_, a| {
        Ok(Datum::Int8(Tile::at(finite(a, 0)?, finite(a, 1)?, resolution(a, 2)?).cell()))
    }),
    ("quadbin_fromquadkey(text)", |_, a| {
        let key = args::text(a, 0)?;
        let mut tile = Tile { z: 0, x: 0, y: 0 };
        for digit in key.bytes() {
            if !(b'0'..=b'3').contains(&digit) || tile.z == 26 {
                return Err(invalid(format!("\"{key}\" is no quadkey")));
            }
            let digit = u64::from(digit - b'0');
            tile = Tile { z: tile.z + 1, x: tile.x << 1 | (digit & 1), y: tile.y << 1 | (digit >> 1) };
        }
        Ok(Datum::Int8(tile.cell()))
    }),
    ("quadbin_fromzxy(int4,int4,int4)", |_, a| {
        let (z, x, y) = (resolution(a, 0)?, args::int(a, 1)?, args::int(a, 2)?);
        let within = |value: i32| u64::try_from(value).ok().filter(|value| *value < 1 << z);
        match (within(x), within(y)) {
            (Some(x), Some(y)) => Ok(Datum::Int8(Tile { z, x, y }.cell())),
            _ => Err(invalid(format!("there is no tile ({x}, {y}) at zoom {z}"))),
        }
    }),
    ("quadbin_isvalid(int8)", |_, a| Ok(Datum::Bool(is_valid(int8(a, 0)?)))),
    ("quadbin_kring(int8,int4)", |_, a| {
        let tile = Tile::of(int8(a, 0)?)?;
        let size = u64::try_from(args::int(a, 1)?).map_err(|_| invalid("the size of a ring is not negative"))?;
        let count = (2 * size + 1).saturating_mul(2 * size + 1);
        if count > MOST {
            return Err(too_many(count));
        }
        let side = 1_i64 << tile.z;
        let size = size as i64;
        // Across the 180th meridian, not across the poles; each cell once.
        let rows = (tile.y as i64 - size).max(0)..=(tile.y as i64 + size).min(side - 1);
        let width = (2 * size + 1).min(side);
        let columns = move || (0..width).map(move |step| (tile.x as i64 - size + step).rem_euclid(side) as u64);
        Ok(int8_array(rows.flat_map(|y| columns().map(move |x| Tile { z: tile.z, x, y: y as u64 }.cell()))))
    }),
    ("quadbin_polyfill(geometry,int4)", polyfill),
    ("quadbin_polyfill(geography,int4)", polyfill),
    ("quadbin_resolution(int8)", |_, a| Ok(Datum::Int4((int8(a, 0)? >> 52 & 0x1f) as i32))),
    ("quadbin_sibling(int8,text)", |_, a| {
        let tile = Tile::of(int8(a, 0)?)?;
        let (dx, dy) = match args::text(a, 1)? {
            "up" => (0, -1),
            "down" => (0, 1),
            "left" => (-1, 0),
            "right" => (1, 0),
            other => return Err(invalid(format!("\"{other}\" is none of the directions left, right, up, down"))),
        };
        let within = |value: u64, step: i64| value.checked_add_signed(step).filter(|value| *value < 1 << tile.z);
        let sibling = within(tile.x, dx).zip(within(tile.y, dy));
        Ok(sibling.map_or(Datum::Null, |(x, y)| Datum::Int8(Tile { z: tile.z, x, y }.cell())))
    }),
    ("quadbin_tochildren(int8,int4)", |_, a| {
        let (tile, z) = (Tile::of(int8(a, 0)?)?, resolution(a, 1)?);
        let Some(levels) = z.checked_sub(tile.z).filter(|levels| *levels > 0) else {
            return Err(invalid(format!("resolution {z} is not finer than the cell's ({})", tile.z)));
        };
        let count = 1_u64 << (2 * levels);
        if count > MOST {
            return Err(too_many(count));
        }
        let (x, y, side) = (tile.x << levels, tile.y << levels, 1_u64 << levels);
        Ok(int8_array(
            (0..side).flat_map(|row| (0..side).map(move |column| Tile { z, x: x + column, y: y + row }.cell())),
        ))
    }),
    ("quadbin_toparent(int8,int4)", |_, a| {
        let (tile, z) = (Tile::of(int8(a, 0)?)?, resolution(a, 1)?);
        match tile.z.checked_sub(z) {
            // Bits that a cell does not need stay.
            Some(_) => {
                let kept = int8(a, 0)? as u64 & !(0x1f << 52);
                Ok(Datum::Int8((kept | u64::from(z) << 52 | FOOTER.checked_shr(2 * z).unwrap_or(0)) as i64))
            }
            None => Err(invalid(format!("resolution {z} is finer than the cell's ({})", tile.z))),
        }
    }),
    ("quadbin_toquadkey(int8)", |_, a| {
        let tile = Tile::of(int8(a, 0)?)?;
        let digit = |level: u32| char::from(b'0' + ((tile.x >> level & 1) + 2 * (tile.y >> level & 1)) as u8);
        Ok(Datum::text((0..tile.z).rev().map(digit).collect::<String>()))
    }),
    ("quadbin_tozxy(int8)", |_, a| {
        let tile = Tile::of(int8(a, 0)?)?;
        Ok(Datum::text(format!("{{\"z\" : {}, \"x\" : {}, \"y\" : {}}}", tile.z, tile.x, tile.y)))
    }),
];

const HEADER: u64 = 0x4000_0000_0000_0000;
const CELL: u64 = 1 << 59;
const FOOTER: u64 = 0xF_FFFF_FFFF_FFFF;

#[derive(Clone, Copy, Debug)]
struct Tile {
    z: u32,
    x: u64,
    y: u64,
}

fn is_valid(cell: i64) -> bool {
    let bits = cell as u64;
    let resolution = bits >> 52 & 0x1f;
    let unused = FOOTER.checked_shr(resolution as u32 * 2).unwrap_or(0);
    cell >= 0 && bits & HEADER == HEADER && bits >> 59 & 7 == 1 && resolution <= 26 && bits & unused == unused
}

impl Tile {
    /// The tile of a cell; 22023 for what is no cell.
    fn of(cell: i64) -> Result<Tile> {
        if !is_valid(cell) {
            return Err(invalid(format!("{cell} is no quadbin cell")));
        }
        let z = (cell as u64 >> 52 & 0x1f) as u32;
        let pairs = (cell as u64 & FOOTER) >> (52 - 2 * z);
        Ok(Tile { z, x: gather(pairs), y: gather(pairs >> 1) })
    }

    fn cell(self) -> i64 {
        let pairs = (spread(self.x) | spread(self.y) << 1) << (52 - 2 * self.z);
        (HEADER | CELL | u64::from(self.z) << 52 | pairs | FOOTER.checked_shr(2 * self.z).unwrap_or(0)) as i64
    }

    fn at(longitude: f64, latitude: f64, z: u32) -> Tile {
        let side = (1_u64 << z) as f64;
        let sine = (latitude.clamp(-89.0, 89.0) * PI / 180.0).sin();
        let x = side * (longitude.clamp(-180.0, 180.0) / 360.0 + 0.5);
        let y = side * (0.5 - 0.25 * ((1.0 + sine) / (1.0 - sine)).ln() / PI);
        Tile { z, x: x.rem_euclid(side).floor() as u64, y: y.clamp(0.0, side - 1.0).floor() as u64 }
    }

    fn longitude(self, offset: f64) -> f64 {
        180.0 * (2.0 * (self.x as f64 + offset) / (1_u64 << self.z) as f64 - 1.0)
    }

    fn latitude(self, offset: f64) -> f64 {
        let exponent = (-(2.0 * (self.y as f64 + offset) / (1_u64 << self.z) as f64 - 1.0) * PI).exp();
        360.0 * (exponent.atan() / PI - 0.25)
    }

    /// West, south, east, north.
    fn bounds(self) -> [f64; 4] {
        [self.longitude(0.0), self.latitude(1.0), self.longitude(1.0), self.latitude(0.0)]
    }
}

/// The bits of a number, each followed by a zero.
fn spread(value: u64) -> u64 {
    (0..26).fold(0, |out, bit| out | (value >> bit & 1) << (2 * bit))
}

/// The inverse of [`spread`].
fn gather(value: u64) -> u64 {
    (0..26).fold(0, |out, bit| out | (value >> (2 * bit) & 1) << bit)
}

fn resolution(a: &[Datum], index: usize) -> Result<u32> {
    let resolution = args::int(a, index)?;
    let valid = u32::try_from(resolution).ok().filter(|resolution| *resolution <= 26);
    valid.ok_or_else(|| invalid(format!("resolution {resolution} is not between 0 and 26")))
}

fn from_point(_: &crate::kernels::Call<'_>, a: &[Datum]) -> Result<Datum> {
    let z = resolution(a, 1)?;
    Ok(place(a, 0)?.map_or(Datum::Null, |(x, y)| Datum::Int8(Tile::at(x, y, z).cell())))
}

/// The cells whose centers lie in the polygons; of a point, its cell.
fn polyfill(_: &crate::kernels::Call<'_>, a: &[Datum]) -> Result<Datum> {
    let z = resolution(a, 1)?;
    let geometry = args::geometry(a, 0)?;
    let mut cells = std::collections::BTreeSet::new();
    let parts = if geometry.kind.is_collection() { geometry.parts() } else { std::slice::from_ref(&geometry) };
    for part in parts {
        match part.kind {
            Kind::Point => cells.extend(part.coords().iter().map(|c| Tile::at(c.x, c.y, z).cell())),
            Kind::Polygon => fill(part, z, &mut cells)?,
            other => return Err(Error::unsupported(format!("quadbin_polyfill of a {}", other.name()))),
        }
    }
    Ok(int8_array(cells.into_iter()))
}

fn fill(polygon: &Geometry, z: u32, cells: &mut std::collections::BTreeSet<i64>) -> Result<()> {
    let Some([west, south, east, north]) = super::h3_region::bounds(polygon) else { return Ok(()) };
    let (first, last) = (Tile::at(west, north, z), Tile::at(east.min(179.999_999_999_9), south, z));
    let count = (last.x.saturating_sub(first.x) + 1).saturating_mul(last.y.saturating_sub(first.y) + 1);
    if count > 16 * MOST {
        return Err(too_many(count));
    }
    for y in first.y..=last.y {
        for x in first.x..=last.x {
            let tile = Tile { z, x, y };
            if super::h3_region::inside(polygon, tile.longitude(0.5), tile.latitude(0.5)) {
                cells.insert(tile.cell());
            }
        }
    }
    if cells.len() as u64 > MOST { Err(too_many(cells.len() as u64)) } else { Ok(()) }
}
