//! Linear referencing and thinning of lines.

use crate::error::Result;
use crate::kernels::Scalar;
use crate::types::Datum;

use super::args;
use super::geometry::{Coord, Geometry, Kind, failure, same_srid};
use super::measure::{distance, path_length};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_lineinterpolatepoint(geometry,float8)", |_, a| interpolate(a, false)),
    ("st_lineinterpolatepoints(geometry,float8,bool)", |_, a| interpolate(a, args::boolean(a, 2)?)),
    ("st_linelocatepoint(geometry,geometry)", |_, a| {
        let (line, point) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        if line.kind != Kind::LineString {
            return Err(failure("line_locate_point: 1st arg isn't a line"));
        }
        if point.kind != Kind::Point {
            return Err(failure("line_locate_point: 2nd arg isn't a point"));
        }
        same_srid(&line, &point, "LWGEOM_line_locate_point")?;
        let Some(at) = point.first_coord() else { return Ok(Datum::Null) };
        Ok(locate(line.coords(), &at).map_or(Datum::Null, Datum::Float8))
    }),
    ("st_interpolatepoint(geometry,geometry)", |_, a| {
        let (line, point) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        if line.kind != Kind::LineString {
            return Err(failure("ST_InterpolatePoint only accepts lines as first argument"));
        }
        if point.kind != Kind::Point {
            return Err(failure("ST_InterpolatePoint only accepts points as second argument"));
        }
        same_srid(&line, &point, "ST_InterpolatePoint")?;
        if !line.m {
            return Err(failure("ST_InterpolatePoint only accepts geometries that have an M dimension"));
        }
        let Some(at) = point.first_coord() else { return Ok(Datum::Null) };
        let Some(fraction) = locate(line.coords(), &at) else { return Ok(Datum::Null) };
        Ok(at_fraction(line.coords(), fraction).map_or(Datum::Null, |coord| Datum::Float8(coord.m)))
    }),
    ("st_addmeasure(geometry,float8,float8)", |_, a| {
        let (mut line, from, to) = (args::geometry(a, 0)?, args::float(a, 1)?, args::float(a, 2)?);
        if !matches!(line.kind, Kind::LineString | Kind::MultiLineString) {
            return Err(failure("Only LINESTRING and MULTILINESTRING are supported"));
        }
        let total: f64 = line.leaves().iter().map(|leaf| path_length(leaf.coords())).sum();
        let (mut before, range) = (0.0, to - from);
        line.sequences_mut(&mut |coords| {
            let length = path_length(coords);
            let start = if total > 0.0 { from + range * before / total } else { from };
            let end = if total > 0.0 { from + range * (before + length) / total } else { to };
            measure(coords, length, start, end);
            before += length;
        });
        line.set_dimensions(line.z, true);
        Ok(line.into_datum())
    }),
];

fn measure(coords: &mut [Coord], length: f64, start: f64, end: f64) {
    let count = coords.len();
    let mut so_far = 0.0;
    let mut last: Option<Coord> = None;
    for (index, coord) in coords.iter_mut().enumerate() {
        if let Some(last) = last {
            so_far += distance(&last, coord);
        }
        last = Some(*coord);
        coord.m = if length > 0.0 {
            start + (end - start) * so_far / length
        } else if count > 1 {
            start + (end - start) * index as f64 / (count - 1) as f64
        } else {
            start
        };
    }
}

fn interpolate(a: &[Datum], repeat: bool) -> Result<Datum> {
    let (line, fraction) = (args::geometry(a, 0)?, args::float(a, 1)?);
    if !(0.0..=1.0).contains(&fraction) {
        return Err(failure("line_interpolate_point: 2nd arg isn't within [0,1]"));
    }
    if line.kind != Kind::LineString {
        return Err(failure("line_interpolate_point: 1st arg isn't a line"));
    }
    let coords = line.coords();
    if line.is_empty() {
        return Ok(Geometry::empty(Kind::Point, 0).like(&line).into_datum());
    }
    let mut points = Vec::new();
    if fraction == 0.0 || fraction == 1.0 {
        points.extend(if fraction == 0.0 { coords.first() } else { coords.last() }.copied());
    } else {
        let length = path_length(coords);
        let wanted = if repeat { (1.0 / fraction).floor() as usize } else { 1 };
        let mut so_far = 0.0;
        let mut next = fraction;
        for edge in coords.windows(2) {
            let own = distance(&edge[0], &edge[1]) / length;
            while points.len() < wanted && next < so_far + own {
                points.push(edge[0].interpolate(&edge[1], (next - so_far) / own));
                next += fraction;
            }
            so_far += own;
        }
        if points.len() < wanted {
            points.extend(coords.last().copied());
        }
    }
    if let ([point], true) = (points.as_slice(), points.len() <= 1) {
        return Ok(Geometry::point(*point, 0).like(&line).into_datum());
    }
    let parts = points.into_iter().map(|coord| Geometry::point(coord, 0)).collect();
    Ok(Geometry::collection(Kind::MultiPoint, parts, 0).like(&line).into_datum())
}

/// The position at a fraction of a line's length.
fn at_fraction(coords: &[Coord], fraction: f64) -> Option<Coord> {
    let length = path_length(coords);
    let wanted = length * fraction;
    let mut so_far = 0.0;
    for edge in coords.windows(2) {
        let own = distance(&edge[0], &edge[1]);
        if own > 0.0 && wanted <= so_far + own {
            return Some(edge[0].interpolate(&edge[1], (wanted - so_far) / own));
        }
        so_far += own;
    }
    coords.last().copied()
}

/// The fraction of a line's length closest to a position; `None` for an empty line.
fn locate(coords: &[Coord], at: &Coord) -> Option<f64> {
    let first = coords.first()?;
    if coords.len() == 1 {
        return Some(0.0);
    }
    let (mut best, mut index, mut fraction) = (f64::INFINITY, 0, 0.0);
    for (position, edge) in coords.windows(2).enumerate() {
        let (a, b) = (&edge[0], &edge[1]);
        let square = (b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y);
        let along = if square == 0.0 {
            0.0
        } else {
            (((at.x - a.x) * (b.x - a.x) + (at.y - a.y) * (b.y - a.y)) / square).clamp(0.0, 1.0)
        };
        let foot = Coord::xy(a.x + along * (b.x - a.x), a.y + along * (b.y - a.y));
        let gap = distance(at, &foot);
        if gap < best {
            (best, index, fraction) = (gap, position, along);
            if gap == 0.0 {
                break;
            }
        }
    }
    let length = path_length(coords);
    if length == 0.0 {
        return Some(1.0);
    }
    // At the very end the sum below may miss 1 by rounding.
    if index + 2 == coords.len() && fraction == 1.0 && !first.same_xy(&coords[coords.len() - 1]) {
        return Some(1.0);
    }
    let before = path_length(&coords[..=index]);
    let foot = coords[index].interpolate(&coords[index + 1], fraction);
    Some((before + distance(&coords[index], &foot)) / length)
}
