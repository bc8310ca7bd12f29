//! Simplification, repeated points, segmentation, wrapping.

use crate::error::{Error, Result};
use crate::kernels::Scalar;
use crate::types::Datum;

use super::args;
use super::geometry::{Body, Coord, Geometry, Kind, failure};
use super::measure::distance;

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_simplify(geometry,float8)", |_, a| simplify(a, false)),
    ("st_simplify(geometry,float8,bool)", |_, a| simplify(a, args::boolean(a, 2)?)),
    ("st_removerepeatedpoints(geometry,float8)", |_, a| {
        let mut geometry = args::geometry(a, 0)?;
        without_repeated(&mut geometry, args::float(a, 1)?);
        Ok(geometry.into_datum())
    }),
    ("st_segmentize(geometry,float8)", |_, a| {
        let (mut geometry, longest) = (args::geometry(a, 0)?, args::float(a, 1)?);
        if longest <= 0.0 || longest.is_nan() {
            let shown = super::number::general(longest, 6);
            return Err(failure(format!("ST_Segmentize: invalid max_distance {shown} (must be >= 0)")));
        }
        if geometry.has_arcs() {
            return Err(Error::unsupported("st_segmentize of curves"));
        }
        let mut enormous = false;
        geometry.sequences_mut(&mut |coords| match segmentized(coords, longest) {
            Some(longer) => *coords = longer,
            None => enormous = true,
        });
        if enormous {
            return Err(Error::unsupported("st_segmentize into more than a million positions a segment"));
        }
        Ok(geometry.into_datum())
    }),
    ("st_wrapx(geometry,float8,float8)", |_, a| {
        let (mut geometry, at, by) = (args::geometry(a, 0)?, args::float(a, 1)?, args::float(a, 2)?);
        if geometry.leaves().iter().any(|leaf| leaf.kind != Kind::Point) {
            return Err(Error::unsupported("st_wrapx of lines and polygons"));
        }
        geometry.visit_mut(&mut |coord| {
            if by < 0.0 && coord.x > at || by > 0.0 && coord.x < at {
                coord.x += by;
            }
        });
        Ok(geometry.into_datum())
    }),
];

fn simplify(a: &[Datum], keep_collapsed: bool) -> Result<Datum> {
    let (geometry, tolerance) = (args::geometry(a, 0)?, args::float(a, 1)?);
    if geometry.is_empty() || matches!(geometry.kind, Kind::Point | Kind::MultiPoint) {
        return Ok(geometry.into_datum());
    }
    if geometry.leaves().iter().any(|leaf| matches!(leaf.kind, Kind::CircularString | Kind::Triangle)) {
        return Err(Error::unsupported("st_simplify of curves and triangles"));
    }
    Ok(simplified(&geometry, tolerance, keep_collapsed).map_or(Datum::Null, Geometry::into_datum))
}

fn simplified(geometry: &Geometry, tolerance: f64, keep: bool) -> Option<Geometry> {
    let body = match &geometry.body {
        Body::Coords(coords) if geometry.kind == Kind::LineString => {
            let coords = thinned(coords, tolerance, 2);
            let collapsed = match coords.as_slice() {
                [_] => true,
                [first, last] => first.same_xy(last),
                _ => false,
            };
            if collapsed && !keep {
                return None;
            }
            Body::Coords(coords)
        }
        Body::Coords(coords) => Body::Coords(coords.clone()),
        Body::Rings(rings) => {
            let mut kept = Vec::new();
            for (index, ring) in rings.iter().enumerate() {
                let least = if keep && index == 0 { 4 } else { 0 };
                let ring = thinned(ring, tolerance, least);
                if ring.len() >= 4 {
                    kept.push(ring);
                } else if index == 0 {
                    return None;
                }
            }
            Body::Rings(kept)
        }
        Body::Parts(parts) => {
            let parts: Vec<Geometry> = parts.iter().filter_map(|part| simplified(part, tolerance, keep)).collect();
            if parts.is_empty() {
                return None;
            }
            Body::Parts(parts)
        }
    };
    Some(Geometry { body, ..*geometry })
}

/// Douglas-Peucker; the first `least` positions are kept whatever the tolerance.
fn thinned(coords: &[Coord], tolerance: f64, least: usize) -> Vec<Coord> {
    if coords.len() < 3 || coords.len() <= least {
        return coords.to_vec();
    }
    let end = coords.len() - 1;
    let mut kept = vec![false; coords.len()];
    (kept[0], kept[end]) = (true, true);
    let mut count = 2;
    let limit = |count: usize| if count >= least { tolerance * tolerance } else { -1.0 };
    let (mut first, mut last, mut standby) = (0, end, Vec::new());
    loop {
        match split(coords, first, last, limit(count)) {
            Some(at) => {
                kept[at] = true;
                count += 1;
                standby.push(last);
                last = at;
            }
            None => {
                first = last;
                match standby.pop() {
                    Some(next) => last = next,
                    None => break,
                }
            }
        }
    }
    coords.iter().zip(kept).filter(|(_, kept)| *kept).map(|(coord, _)| *coord).collect()
}

fn split(coords: &[Coord], first: usize, last: usize, limit: f64) -> Option<usize> {
    if last - first < 2 {
        return None;
    }
    let (a, b) = (&coords[first], &coords[last]);
    let square = |p: &Coord, q: &Coord| (p.x - q.x) * (p.x - q.x) + (p.y - q.y) * (p.y - q.y);
    let length = square(a, b);
    let point_like = length < f64::EPSILON;
    let mut farthest = if point_like { limit } else { limit * length };
    let mut found = None;
    let (bx, by) = (b.x - a.x, b.y - a.y);
    for (index, c) in coords.iter().enumerate().take(last).skip(first + 1) {
        let (cx, cy) = (c.x - a.x, c.y - a.y);
        let dot = cx * bx + cy * by;
        let gap = if point_like {
            square(c, a)
        } else if dot <= 0.0 {
            square(c, a) * length
        } else if dot >= length {
            square(c, b) * length
        } else {
            let side = cx * by - cy * bx;
            side * side
        };
        if gap > farthest {
            (found, farthest) = (Some(index), gap);
        }
    }
    found
}

fn without_repeated(geometry: &mut Geometry, tolerance: f64) {
    let multipoint = geometry.kind == Kind::MultiPoint;
    match &mut geometry.body {
        Body::Coords(coords) => *coords = apart(coords, tolerance, 2),
        Body::Rings(rings) => rings.iter_mut().for_each(|ring| *ring = apart(ring, tolerance, 4)),
        Body::Parts(parts) if multipoint => {
            let mut kept: Vec<Coord> = Vec::new();
            parts.retain(|part| {
                let Some(coord) = part.first_coord() else { return true };
                let repeated = kept.iter().any(|other| distance(other, &coord) <= tolerance);
                if !repeated {
                    kept.push(coord);
                }
                !repeated
            });
        }
        Body::Parts(parts) => parts.iter_mut().for_each(|part| without_repeated(part, tolerance)),
    }
}

fn apart(coords: &[Coord], tolerance: f64, least: usize) -> Vec<Coord> {
    let count = coords.len();
    if count <= least {
        return coords.to_vec();
    }
    let mut out: Vec<Coord> = Vec::with_capacity(count);
    for (index, coord) in coords.iter().enumerate() {
        if let Some(last) = out.last().copied()
            && count + out.len() > least + index
        {
            let is_last = index == count - 1;
            if tolerance > 0.0 {
                let near = distance(&last, coord) <= tolerance;
                if near && !is_last {
                    continue;
                }
                if near && out.len() > 1 {
                    out.pop();
                }
            } else if last == *coord {
                continue;
            }
        }
        out.push(*coord);
    }
    out
}

fn segmentized(coords: &[Coord], longest: f64) -> Option<Vec<Coord>> {
    let mut out: Vec<Coord> = coords.first().copied().into_iter().collect();
    for edge in coords.windows(2) {
        let (a, b) = (&edge[0], &edge[1]);
        let pieces = (distance(a, b) / longest).ceil();
        if pieces > 1e6 {
            return None;
        }
        for step in 1..pieces as u32 {
            let along = |from: f64, to: f64| from + (to - from) * f64::from(step) / pieces;
            out.push(Coord { x: along(a.x, b.x), y: along(a.y, b.y), z: along(a.z, b.z), m: along(a.m, b.m) });
        }
        out.push(*b);
    }
    Some(out)
}
