//! `ST_LineSubstring` and distances in space between points.

use crate::error::{Error, Result};
use crate::kernels::Scalar;
use crate::types::Datum;

use super::args;
use super::geometry::{Coord, Geometry, Kind, failure, same_srid};
use super::measure::{distance, distance_3d, path_length};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_linesubstring(geometry,float8,float8)", |_, a| {
        let (line, from, to) = (args::geometry(a, 0)?, args::float(a, 1)?, args::float(a, 2)?);
        if !(0.0..=1.0).contains(&from) {
            return Err(failure("line_interpolate_point: 2nd arg isn't within [0,1]"));
        }
        if !(0.0..=1.0).contains(&to) {
            return Err(failure("line_interpolate_point: 3rd arg isn't within [0,1]"));
        }
        if from > to {
            return Err(failure("2nd arg must be smaller then 3rd arg"));
        }
        match line.kind {
            Kind::LineString => {}
            Kind::MultiLineString => return Err(Error::unsupported("st_linesubstring of multi-part lines")),
            _ => return Err(failure("line_substring: 1st arg isn't a line")),
        }
        if line.is_empty() {
            return Ok(Datum::Null);
        }
        let coords = substring(line.coords(), from, to);
        Ok(match coords.as_slice() {
            [only] => Geometry::point(*only, 0).like(&line),
            _ => Geometry::line(coords, 0).like(&line),
        }
        .into_datum())
    }),
    ("st_3ddistance(geometry,geometry)", |_, a| {
        Ok(points(a, "lwgeom_mindistance3d_tolerance")?.map_or(Datum::Null, Datum::Float8))
    }),
    ("st_3ddwithin(geometry,geometry,float8)", |_, a| {
        let tolerance = args::float(a, 2)?;
        if tolerance < 0.0 {
            return Err(failure("Tolerance cannot be less than zero\n"));
        }
        Ok(Datum::Bool(points(a, "LWGEOM_dwithin3d")?.is_some_and(|gap| gap <= tolerance)))
    }),
];

fn points(a: &[Datum], function: &str) -> Result<Option<f64>> {
    let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
    same_srid(&one, &two, function)?;
    if one.is_empty() || two.is_empty() {
        return Ok(None);
    }
    match (one.kind, two.kind, one.first_coord(), two.first_coord()) {
        (Kind::Point, Kind::Point, Some(from), Some(to)) if one.z && two.z => Ok(Some(distance_3d(&from, &to))),
        (Kind::Point, Kind::Point, Some(from), Some(to)) => Ok(Some(distance(&from, &to))),
        _ => Err(Error::unsupported("distance in space between geometries other than points")),
    }
}

/// The part of a line between two fractions of its length.
fn substring(coords: &[Coord], from: f64, to: f64) -> Vec<Coord> {
    let length = path_length(coords);
    let (from, to) = (length * from, length * to);
    let mut out: Vec<Coord> = Vec::new();
    let mut add = |coord: Coord| {
        if out.last() != Some(&coord) {
            out.push(coord);
        }
    };
    let (mut before, mut started) = (0.0, false);
    for edge in coords.windows(2) {
        let own = distance(&edge[0], &edge[1]);
        let end = before + own;
        if !started {
            let along = from - before;
            if along > own {
                before = end;
                continue;
            }
            started = true;
            if along == own {
                add(edge[1]);
            } else if along == 0.0 {
                add(edge[0]);
            } else {
                add(edge[0].interpolate(&edge[1], along / own));
            }
        }
        let along = to - before;
        if along > own {
            add(edge[1]);
        } else if along == own {
            add(edge[1]);
            break;
        } else if along == 0.0 {
            add(edge[0]);
            break;
        } else {
            add(edge[0].interpolate(&edge[1], along / own));
            break;
        }
        before = end;
    }
    out
}
