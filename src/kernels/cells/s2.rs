//! S2 cell ids as int8 (the unsigned id's bits) and tokens, by S2's public definition; CARTO's and BigQuery's function names.
//!
//! An id holds the face (3 bits), the position along the face's Hilbert curve (2 bits a level), then 1 and zeros.

use super::{MOST, finite, int8, int8_array, invalid, place, point, polygon, too_many};
use crate::error::Result;
use crate::kernels::spatial::args;
use crate::kernels::{Call, Scalar};
use crate::types::Datum;

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("s2_boundary(int8)", |_, a| {
        let cell = Cell::of(int8(a, 0)?)?;
        let [low_s, low_t] = cell.st(0);
        let [high_s, high_t] = cell.st(2);
        let corners = [(low_s, low_t), (high_s, low_t), (high_s, high_t), (low_s, high_t)];
        Ok(polygon(corners.map(|(s, t)| lonlat(cell.face, s, t)).to_vec()))
    }),
    ("s2_cellidfrompoint(geography,int4)", from_point),
    ("s2_center(int8)", |_, a| {
        let cell = Cell::of(int8(a, 0)?)?;
        let [s, t] = cell.st(1);
        let (x, y) = lonlat(cell.face, s, t);
        Ok(point(x, y))
    }),
    ("s2_contains(int8,int8)", |_, a| {
        let (outer, inner) = (valid(int8(a, 0)?)?, valid(int8(a, 1)?)?);
        let half = lowest(outer) - 1;
        Ok(Datum::Bool((outer - half..=outer + half).contains(&inner)))
    }),
    ("s2_fromgeogpoint(geography,int4)", from_point),
    ("s2_fromgeogpoint(geometry,int4)", from_point),
    ("s2_fromhilbertquadkey(text)", |_, a| {
        let key = args::text(a, 0)?;
        let wrong = || invalid(format!("\"{key}\" is no Hilbert quadkey"));
        let (face, path) = key.split_once('/').ok_or_else(wrong)?;
        let face = face.parse::<u64>().ok().filter(|face| *face < 6).ok_or_else(wrong)?;
        if path.len() > 30 || !path.bytes().all(|b| (b'0'..=b'3').contains(&b)) {
            return Err(wrong());
        }
        let position = path.bytes().fold(face, |position, digit| position << 2 | u64::from(digit - b'0'));
        Ok(Datum::Int8(((position << 1 | 1) << (2 * (30 - path.len()))) as i64))
    }),
    ("s2_fromlonglat(float8,float8,int4)", |_, a| Ok(Datum::Int8(cell_at(finite(a, 0)?, finite(a, 1)?, level(a, 2)?)))),
    ("s2_fromtoken(text)", |_, a| {
        let token = args::text(a, 0)?;
        let hexadecimal = !token.is_empty() && token.len() <= 16 && token.bytes().all(|b| b.is_ascii_hexdigit());
        let id = u64::from_str_radix(&format!("{token:0<16}"), 16).ok().filter(|_| hexadecimal);
        let id = id.ok_or_else(|| invalid(format!("\"{token}\" is no S2 token")))?;
        Ok(Datum::Int8(valid(id as i64)? as i64))
    }),
    ("s2_fromuint64repr(text)", |_, a| {
        let text = args::text(a, 0)?;
        let id: u64 = text.parse().map_err(|_| invalid(format!("\"{text}\" is no unsigned integer of 64 bits")))?;
        Ok(Datum::Int8(id as i64))
    }),
    ("s2_isvalid(int8)", |_, a| Ok(Datum::Bool(valid(int8(a, 0)?).is_ok()))),
    ("s2_rangemax(int8)", |_, a| valid(int8(a, 0)?).map(|id| Datum::Int8((id + (lowest(id) - 1)) as i64))),
    ("s2_rangemin(int8)", |_, a| valid(int8(a, 0)?).map(|id| Datum::Int8((id - (lowest(id) - 1)) as i64))),
    ("s2_resolution(int8)", |_, a| valid(int8(a, 0)?).map(|id| Datum::Int4(level_of(id) as i32))),
    ("s2_tochildren(int8)", |_, a| {
        let id = valid(int8(a, 0)?)?;
        children(id, level_of(id) + 1)
    }),
    ("s2_tochildren(int8,int4)", |_, a| children(valid(int8(a, 0)?)?, level(a, 1)?)),
    ("s2_tohilbertquadkey(int8)", |_, a| {
        let id = valid(int8(a, 0)?)?;
        let digit = |level: u32| char::from(b'0' + (id >> (2 * (30 - level) + 1) & 3) as u8);
        let path: String = (1..=level_of(id)).map(digit).collect();
        Ok(Datum::text(format!("{}/{path}", id >> 61)))
    }),
    ("s2_toparent(int8)", |_, a| {
        let id = valid(int8(a, 0)?)?;
        let up = level_of(id).checked_sub(1).ok_or_else(|| invalid("a face has no parent"))?;
        Ok(Datum::Int8(parent(id, up) as i64))
    }),
    ("s2_toparent(int8,int4)", |_, a| {
        let (id, level) = (valid(int8(a, 0)?)?, level(a, 1)?);
        if level > level_of(id) {
            return Err(invalid(format!("resolution {level} is finer than the cell's ({})", level_of(id))));
        }
        Ok(Datum::Int8(parent(id, level) as i64))
    }),
    ("s2_totoken(int8)", |_, a| {
        let id = valid(int8(a, 0)?)?;
        Ok(Datum::text(format!("{id:016x}").trim_end_matches('0')))
    }),
    ("s2_touint64repr(int8)", |_, a| Ok(Datum::text((int8(a, 0)? as u64).to_string()))),
];

/// The curve swaps the axes, or turns them round, in some sub-squares.
const SWAP: usize = 1;
const INVERT: usize = 2;
/// By orientation and position: which of the four sub-squares (2 i + j).
const SQUARES: [[u64; 4]; 4] = [[0, 1, 3, 2], [0, 2, 3, 1], [3, 2, 0, 1], [3, 1, 0, 2]];
/// By position: what changes in the orientation.
const TURNS: [usize; 4] = [SWAP, 0, 0, SWAP | INVERT];

fn lowest(id: u64) -> u64 {
    id & id.wrapping_neg()
}

fn level_of(id: u64) -> u32 {
    30 - id.trailing_zeros() / 2
}

/// 22023 for what is no cell.
fn valid(id: i64) -> Result<u64> {
    let bits = id as u64;
    if bits >> 61 < 6 && lowest(bits) & 0x1555_5555_5555_5555 != 0 {
        Ok(bits)
    } else {
        Err(invalid(format!("{id} is no S2 cell")))
    }
}

fn level(a: &[Datum], index: usize) -> Result<u32> {
    let level = args::int(a, index)?;
    let valid = u32::try_from(level).ok().filter(|level| *level <= 30);
    valid.ok_or_else(|| invalid(format!("resolution {level} is not between 0 and 30")))
}

fn parent(id: u64, level: u32) -> u64 {
    let lowest = 1_u64 << (2 * (30 - level));
    id & lowest.wrapping_neg() | lowest
}

fn children(id: u64, level: u32) -> Result<Datum> {
    let levels = level.checked_sub(level_of(id)).filter(|levels| *levels > 0 && level <= 30);
    let levels =
        levels.ok_or_else(|| invalid(format!("resolution {level} is not finer than the cell's ({})", level_of(id))))?;
    let count = 1_u64.checked_shl(2 * levels).unwrap_or(u64::MAX);
    if count > MOST {
        return Err(too_many(count));
    }
    let lowest_child = 1_u64 << (2 * (30 - level));
    let first = id - lowest(id) + lowest_child;
    Ok(int8_array((0..count).map(|at| (first + at * 2 * lowest_child) as i64)))
}

fn from_point(_: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    let level = level(a, 1)?;
    Ok(place(a, 0)?.map_or(Datum::Null, |(x, y)| Datum::Int8(cell_at(x, y, level))))
}

fn cell_at(longitude: f64, latitude: f64, level: u32) -> i64 {
    let (theta, phi) = (longitude.to_radians(), latitude.to_radians());
    let [x, y, z] = [theta.cos() * phi.cos(), theta.sin() * phi.cos(), phi.sin()];
    let (ax, ay, az) = (x.abs(), y.abs(), z.abs());
    let axis = if ax > ay {
        if ax > az { 0 } else { 2 }
    } else if ay > az {
        1
    } else {
        2
    };
    let face = if [x, y, z][axis] < 0.0 { axis + 3 } else { axis };
    let (u, v) = match face {
        0 => (y / x, z / x),
        1 => (-x / y, z / y),
        2 => (-x / z, -y / z),
        3 => (z / x, y / x),
        4 => (z / y, -x / y),
        _ => (-y / z, -x / z),
    };
    let square = |uv: f64| {
        let st = if uv >= 0.0 { 0.5 * (1.0 + 3.0 * uv).sqrt() } else { 1.0 - 0.5 * (1.0 - 3.0 * uv).sqrt() };
        (st * (1_u64 << 30) as f64).floor().clamp(0.0, ((1_u64 << 30) - 1) as f64) as u64
    };
    let (i, j) = (square(u), square(v));
    let mut orientation = face & SWAP;
    let mut id = face as u64;
    for bit in (0..30).rev() {
        let wanted = (i >> bit & 1) << 1 | (j >> bit & 1);
        let position = SQUARES[orientation].iter().position(|square| *square == wanted).unwrap_or(0);
        id = id << 2 | position as u64;
        orientation ^= TURNS[position];
    }
    parent(id << 1 | 1, level) as i64
}

/// A square of a face: its lower corner in units of its own side.
struct Cell {
    face: usize,
    i: u64,
    j: u64,
    level: u32,
}

impl Cell {
    fn of(id: i64) -> Result<Cell> {
        let id = valid(id)?;
        let (face, level) = ((id >> 61) as usize, level_of(id));
        let (mut i, mut j, mut orientation) = (0, 0, face & SWAP);
        for at in 1..=level {
            let position = (id >> (2 * (30 - at) + 1) & 3) as usize;
            let square = SQUARES[orientation][position];
            (i, j) = (i << 1 | square >> 1, j << 1 | (square & 1));
            orientation ^= TURNS[position];
        }
        Ok(Cell { face, i, j, level })
    }

    /// s and t of the lower corner and so many half sides.
    fn st(&self, halves: u64) -> [f64; 2] {
        let scale = 1.0 / (1_u64 << (self.level + 1)) as f64;
        [(2 * self.i + halves) as f64 * scale, (2 * self.j + halves) as f64 * scale]
    }
}

fn lonlat(face: usize, s: f64, t: f64) -> (f64, f64) {
    let side = |st: f64| {
        if st >= 0.5 {
            (1.0 / 3.0) * (4.0 * st * st - 1.0)
        } else {
            (1.0 / 3.0) * (1.0 - 4.0 * (1.0 - st) * (1.0 - st))
        }
    };
    let (u, v) = (side(s), side(t));
    let [x, y, z] = match face {
        0 => [1.0, u, v],
        1 => [-u, 1.0, v],
        2 => [-u, -v, 1.0],
        3 => [-1.0, -v, -u],
        4 => [v, -1.0, -u],
        _ => [v, u, -1.0],
    };
    (y.atan2(x).to_degrees(), z.atan2((x * x + y * y).sqrt()).to_degrees())
}
