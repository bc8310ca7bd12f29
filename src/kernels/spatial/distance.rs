//! Planar distance between any two geometries without arcs, and the lines that realise it.

use crate::error::{Error, Result};
use crate::kernels::Scalar;
use crate::types::Datum;

use super::args;
use super::geometry::{Body, Coord, Geometry, Kind, failure, same_srid};
use super::io;
use super::measure::distance;

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_distance(geometry,geometry)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        Ok(planar_distance(&one, &two)?.map_or(Datum::Null, Datum::Float8))
    }),
    ("st_distance(text,text)", |_, a| {
        let (one, two) = (io::parse_geometry(args::text(a, 0)?)?, io::parse_geometry(args::text(a, 1)?)?);
        Ok(planar_distance(&one, &two)?.map_or(Datum::Null, Datum::Float8))
    }),
    ("geometry_distance_centroid(geometry,geometry)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        Ok(planar_distance(&one, &two)?.map_or(Datum::Null, Datum::Float8))
    }),
    ("st_dwithin(geometry,geometry,float8)", within),
    ("_st_dwithin(geometry,geometry,float8)", within),
    ("st_dfullywithin(geometry,geometry,float8)", |_, a| {
        let tolerance = tolerance(a)?;
        let (one, two) = pair(a, "LWGEOM_dfullywithin")?;
        between_points(&one, &two, "ST_DFullyWithin")?;
        Ok(Datum::Bool(longest(&one, &two)?.is_some_and(|line| line.length <= tolerance)))
    }),
    ("st_maxdistance(geometry,geometry)", |_, a| {
        let (one, two) = pair(a, "LWGEOM_maxdistance2d_linestring")?;
        between_points(&one, &two, "ST_MaxDistance")?;
        Ok(longest(&one, &two)?.map_or(Datum::Null, |line| Datum::Float8(line.length)))
    }),
    ("st_closestpoint(geometry,geometry)", |_, a| {
        let (one, two) = pair(a, "LWGEOM_closestpoint")?;
        with_point(&one, &two, "ST_ClosestPoint")?;
        Ok(shortest(&one, &two)?.map_or(Datum::Null, |line| Geometry::point(line.from, one.srid).into_datum()))
    }),
    ("st_shortestline(geometry,geometry)", |_, a| {
        let (one, two) = pair(a, "LWGEOM_shortestline2d")?;
        with_point(&one, &two, "ST_ShortestLine")?;
        Ok(shortest(&one, &two)?
            .map_or(Datum::Null, |line| Geometry::line(vec![line.from, line.to], one.srid).into_datum()))
    }),
    ("st_longestline(geometry,geometry)", |_, a| {
        let (one, two) = pair(a, "LWGEOM_longestline2d")?;
        between_points(&one, &two, "ST_LongestLine")?;
        Ok(longest(&one, &two)?
            .map_or(Datum::Null, |line| Geometry::line(vec![line.from, line.to], one.srid).into_datum()))
    }),
];

/// Where several pairs of points are equally near, PostGIS's choice follows its own algorithm: without a point among the two it is refused.
fn with_point(one: &Geometry, two: &Geometry, function: &str) -> Result<()> {
    if one.kind == Kind::Point || two.kind == Kind::Point || one.is_empty() || two.is_empty() {
        return Ok(());
    }
    Err(Error::unsupported(format!("{function} without a point")))
}

/// PostGIS 3.3 answers NULL for some pairs whose boxes overlap: only what is certain is answered.
fn between_points(one: &Geometry, two: &Geometry, function: &str) -> Result<()> {
    if one.kind == Kind::Point || two.kind == Kind::Point || one.is_empty() || two.is_empty() {
        return Ok(());
    }
    Err(Error::unsupported(format!("{function} without a point")))
}

fn pair(a: &[Datum], function: &str) -> Result<(Geometry, Geometry)> {
    let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
    same_srid(&one, &two, function)?;
    Ok((one, two))
}

fn tolerance(a: &[Datum]) -> Result<f64> {
    let tolerance = args::float(a, 2)?;
    if tolerance < 0.0 { Err(failure("Tolerance cannot be less than zero\n")) } else { Ok(tolerance) }
}

fn within(_call: &crate::kernels::Call<'_>, a: &[Datum]) -> Result<Datum> {
    let tolerance = tolerance(a)?;
    let (one, two) = pair(a, "LWGEOM_dwithin")?;
    Ok(Datum::Bool(shortest(&one, &two)?.is_some_and(|line| line.length <= tolerance)))
}

/// ST_Distance and `<->` of two geometries: `None` (NULL) when either is empty or the distance is no float4; mixed SRIDs raise.
pub fn planar_distance(one: &Geometry, two: &Geometry) -> Result<Option<f64>> {
    same_srid(one, two, "ST_Distance")?;
    let points = one.kind == Kind::Point && two.kind == Kind::Point;
    if !(points || is_finite(one) && is_finite(two)) {
        return Err(Error::unsupported("distance to positions that are not finite"));
    }
    Ok(shortest(one, two)?.map(|line| line.length).filter(|length| *length < f64::from(f32::MAX)))
}

fn is_finite(geometry: &Geometry) -> bool {
    let finite = |coords: &[Coord]| coords.iter().all(|coord| coord.x.is_finite() && coord.y.is_finite());
    match &geometry.body {
        Body::Coords(coords) => geometry.is_empty() || finite(coords),
        Body::Rings(rings) => rings.iter().all(|ring| finite(ring)),
        Body::Parts(parts) => parts.iter().all(is_finite),
    }
}

/// A line between two geometries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connection {
    pub length: f64,
    pub from: Coord,
    pub to: Coord,
}

impl Connection {
    fn new(from: &Coord, to: &Coord) -> Connection {
        Connection { length: distance(from, to), from: Coord::xy(from.x, from.y), to: Coord::xy(to.x, to.y) }
    }

    fn turned(self) -> Connection {
        Connection { from: self.to, to: self.from, ..self }
    }
}

/// The pieces distance is measured between.
enum Piece<'a> {
    Path(&'a [Coord]),
    Area(&'a [Vec<Coord>]),
}

fn pieces(geometry: &Geometry) -> Result<Vec<Piece<'_>>> {
    let mut out = Vec::new();
    for leaf in geometry.leaves() {
        match &leaf.body {
            _ if leaf.is_empty() => {}
            Body::Coords(_) if leaf.kind == Kind::CircularString => {
                return Err(Error::unsupported("distance to a circular arc"));
            }
            Body::Coords(coords) => out.push(Piece::Path(coords)),
            Body::Rings(rings) => out.push(Piece::Area(rings)),
            Body::Parts(_) => {}
        }
    }
    if geometry.kind == Kind::CurvePolygon || geometry.parts().iter().any(|part| part.kind == Kind::CurvePolygon) {
        return Err(Error::unsupported("distance to a curve polygon"));
    }
    Ok(out)
}

/// The shortest line; `None` when either is empty.
pub(super) fn shortest(one: &Geometry, two: &Geometry) -> Result<Option<Connection>> {
    let (left, right) = (pieces(one)?, pieces(two)?);
    let mut best: Option<Connection> = None;
    for one in &left {
        for two in &right {
            let found = between(one, two);
            if let Some(found) = found
                && best.is_none_or(|best| found.length < best.length)
            {
                best = Some(found);
                if found.length == 0.0 {
                    return Ok(best);
                }
            }
        }
    }
    Ok(best)
}

/// The longest line between two positions.
fn longest(one: &Geometry, two: &Geometry) -> Result<Option<Connection>> {
    pieces(one)?;
    pieces(two)?;
    let (left, right) = (one.all_coords(), two.all_coords());
    let mut best: Option<Connection> = None;
    for from in &left {
        for to in &right {
            let found = Connection::new(from, to);
            if best.is_none_or(|best| found.length > best.length) {
                best = Some(found);
            }
        }
    }
    Ok(best)
}

fn between(one: &Piece<'_>, two: &Piece<'_>) -> Option<Connection> {
    match (one, two) {
        (Piece::Path(one), Piece::Path(two)) => paths(one, two),
        (Piece::Path(path), Piece::Area(rings)) => path_to_area(path, rings),
        (Piece::Area(rings), Piece::Path(path)) => path_to_area(path, rings).map(Connection::turned),
        (Piece::Area(one), Piece::Area(two)) => areas(one, two),
    }
}

fn smaller(one: Option<Connection>, two: Option<Connection>) -> Option<Connection> {
    match (one, two) {
        (Some(one), Some(two)) => Some(if two.length < one.length { two } else { one }),
        (one, two) => one.or(two),
    }
}

fn paths(one: &[Coord], two: &[Coord]) -> Option<Connection> {
    let mut best = None;
    match (one, two) {
        ([from], [to]) => best = Some(Connection::new(from, to)),
        ([from], _) => {
            for edge in two.windows(2) {
                best = smaller(best, Some(to_segment(from, &edge[0], &edge[1])));
            }
        }
        (_, [to]) => {
            for edge in one.windows(2) {
                best = smaller(best, Some(to_segment(to, &edge[0], &edge[1]).turned()));
            }
        }
        _ => {
            for left in one.windows(2) {
                for right in two.windows(2) {
                    best = smaller(best, Some(segments(left, right)));
                    if best.is_some_and(|best| best.length == 0.0) {
                        return best;
                    }
                }
            }
        }
    }
    best
}

fn path_to_area(path: &[Coord], rings: &[Vec<Coord>]) -> Option<Connection> {
    let (first, shell) = (path.first()?, rings.first()?);
    if !inside(first, shell) {
        // The way in from outside crosses the shell.
        return paths(path, shell);
    }
    let mut best = None;
    for hole in &rings[1..] {
        best = smaller(best, paths(path, hole));
        if best.is_some_and(|best| best.length == 0.0) {
            return best;
        }
    }
    if rings[1..].iter().any(|hole| inside(first, hole)) {
        return best;
    }
    Some(Connection::new(first, first))
}

fn areas(one: &[Vec<Coord>], two: &[Vec<Coord>]) -> Option<Connection> {
    let (shell_one, shell_two) = (one.first()?, two.first()?);
    let (start_one, start_two) = (shell_one.first()?, shell_two.first()?);
    // Neither shell starts in the other: they are apart or their boundaries cross.
    if !inside(start_one, shell_two) && !inside(start_two, shell_one) {
        return paths(shell_one, shell_two);
    }
    for hole in &two[1..] {
        if inside(start_one, hole) {
            return paths(shell_one, hole);
        }
    }
    for hole in &one[1..] {
        if inside(start_two, hole) {
            return paths(hole, shell_two);
        }
    }
    let start = if inside(start_one, shell_two) { start_one } else { start_two };
    Some(Connection::new(start, start))
}

/// Even-odd rule; the boundary counts as inside.
pub(super) fn inside(point: &Coord, ring: &[Coord]) -> bool {
    let mut crossings = false;
    for edge in ring.windows(2) {
        let (a, b) = (&edge[0], &edge[1]);
        let side = (b.x - a.x) * (point.y - a.y) - (point.x - a.x) * (b.y - a.y);
        if side == 0.0
            && point.x >= a.x.min(b.x)
            && point.x <= a.x.max(b.x)
            && point.y >= a.y.min(b.y)
            && point.y <= a.y.max(b.y)
        {
            return true;
        }
        if (a.y > point.y) != (b.y > point.y) && (side > 0.0) == (b.y > a.y) {
            crossings = !crossings;
        }
    }
    crossings
}

/// From a position to a segment.
fn to_segment(point: &Coord, a: &Coord, b: &Coord) -> Connection {
    if a.same_xy(b) {
        return Connection::new(point, a);
    }
    let fraction = ((point.x - a.x) * (b.x - a.x) + (point.y - a.y) * (b.y - a.y))
        / ((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y));
    if fraction < 0.0 {
        return Connection::new(point, a);
    }
    if fraction > 1.0 {
        return Connection::new(point, b);
    }
    let side = (a.y - point.y) * (b.x - a.x) - (a.x - point.x) * (b.y - a.y);
    if side == 0.0 {
        return Connection::new(point, point);
    }
    let foot = Coord::xy(a.x + fraction * (b.x - a.x), a.y + fraction * (b.y - a.y));
    Connection::new(point, &foot)
}

fn segments(left: &[Coord], right: &[Coord]) -> Connection {
    let (a, b, c, d) = (&left[0], &left[1], &right[0], &right[1]);
    if a.same_xy(b) {
        return to_segment(a, c, d);
    }
    if c.same_xy(d) {
        return to_segment(c, a, b).turned();
    }
    let r_top = (a.y - c.y) * (d.x - c.x) - (a.x - c.x) * (d.y - c.y);
    let bottom = (b.x - a.x) * (d.y - c.y) - (b.y - a.y) * (d.x - c.x);
    let s_top = (a.y - c.y) * (b.x - a.x) - (a.x - c.x) * (b.y - a.y);
    if bottom != 0.0 {
        let (r, s) = (r_top / bottom, s_top / bottom);
        if (0.0..=1.0).contains(&r) && (0.0..=1.0).contains(&s) {
            let at = if (c.x == a.x && c.y == a.y) || (d.x == a.x && d.y == a.y) {
                *a
            } else if (c.x == b.x && c.y == b.y) || (d.x == b.x && d.y == b.y) {
                *b
            } else {
                Coord::xy(a.x + r * (b.x - a.x), a.y + r * (b.y - a.y))
            };
            return Connection::new(&at, &at);
        }
    }
    let mut best = to_segment(a, c, d);
    for other in [to_segment(b, c, d), to_segment(c, a, b).turned(), to_segment(d, a, b).turned()] {
        if other.length < best.length {
            best = other;
        }
    }
    best
}
