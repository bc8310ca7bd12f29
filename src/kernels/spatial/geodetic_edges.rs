//! Geographies beyond points: what is nearest, what meets and what covers, along great circles.
//!
//! Nearest positions are those on the sphere, measured then as asked. Where an answer hangs on the last bits (a position on an edge, two
//! equally near places, areas of more than a hemisphere) it is refused: PostGIS's own rounding decides there.

use crate::error::{Error, Result};
use crate::kernels::Scalar;
use crate::types::Datum;

use super::args;
use super::geodetic::{Earth, rounded};
use super::geometry::{Body, Coord, Geometry, Kind, same_srid};
use super::sphere::{Vector, cross, dot, vector};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_distance(geography,geography,bool)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        same_srid(&one, &two, "geography_distance")?;
        let earth = Earth::of(one.srid, args::boolean(a, 2)?)?;
        Ok(distance(&one, &two, &earth)?.map_or(Datum::Null, |length| Datum::Float8(rounded(length))))
    }),
    ("st_distancesphere(geometry,geometry)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        same_srid(&one, &two, "geography_distance")?;
        let earth = Earth::of(4326, false)?;
        Ok(distance(&one, &two, &earth)?.map_or(Datum::Null, |length| Datum::Float8(rounded(length))))
    }),
    ("st_dwithin(geography,geography,float8,bool)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        let tolerance = args::float(a, 2)?;
        same_srid(&one, &two, "geography_dwithin")?;
        let earth = Earth::of(one.srid, args::boolean(a, 3)?)?;
        let Some(length) = distance(&one, &two, &earth)? else { return Ok(Datum::Bool(false)) };
        let points = one.kind == Kind::Point && two.kind == Kind::Point;
        if !points && (length - tolerance).abs() <= 1e-7 + 1e-9 * length && (length > 0.0 || tolerance != 0.0) {
            return Err(unclear("ST_DWithin at the very distance"));
        }
        Ok(Datum::Bool(length <= tolerance))
    }),
    ("st_intersects(geography,geography)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        same_srid(&one, &two, "geography_dwithin")?;
        if one.is_empty() || two.is_empty() {
            return Ok(Datum::Bool(false));
        }
        let (left, right) = (Shape::of(&one)?, Shape::of(&two)?);
        Ok(Datum::Bool(meet(&left, &right)?))
    }),
    ("st_covers(geography,geography)", |_, a| {
        covers(&args::geometry(a, 0)?, &args::geometry(a, 1)?, "geography_covers")
    }),
    ("st_coveredby(geography,geography)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        same_srid(&one, &two, "geography_coveredby")?;
        covers(&two, &one, "geography_coveredby")
    }),
];

/// Angles below are not told from nothing.
const NOTHING: f64 = 1e-9;

fn unclear(what: &str) -> Error {
    Error::unsupported(what).hint("Run it where the data is, in PostGIS.")
}

#[derive(Clone, Copy)]
struct Vertex {
    at: Vector,
    coord: Coord,
}

impl Vertex {
    fn of(coord: &Coord) -> Vertex {
        Vertex { at: vector(coord), coord: *coord }
    }
}

type Path = Vec<Vertex>;

/// A geography's points and lines, and its areas as rings.
#[derive(Default)]
struct Shape {
    paths: Vec<Path>,
    areas: Vec<Vec<Path>>,
}

impl Shape {
    fn of(geometry: &Geometry) -> Result<Shape> {
        let mut shape = Shape::default();
        let path = |coords: &[Coord]| coords.iter().map(Vertex::of).collect::<Path>();
        for leaf in geometry.leaves() {
            match (&leaf.body, leaf.kind) {
                _ if leaf.is_empty() => {}
                (Body::Coords(coords), Kind::Point | Kind::LineString) => shape.paths.push(path(coords)),
                (Body::Rings(rings), Kind::Polygon) => {
                    shape.areas.push(rings.iter().map(|ring| path(ring)).collect());
                }
                (_, kind) => return Err(unclear(&format!("geographies of kind {}", kind.name()))),
            }
        }
        let half = |edge: &[Vertex]| dot(&edge[0].at, &edge[1].at) < -0.999_999;
        if shape.lines().any(|path| path.windows(2).any(half)) {
            return Err(unclear("an edge of 180 degrees"));
        }
        Ok(shape)
    }

    fn lines(&self) -> impl Iterator<Item = &Path> {
        self.paths.iter().chain(self.areas.iter().flatten())
    }
}

/// Metres between; `None` when either is empty.
pub(super) fn distance(one: &Geometry, two: &Geometry, earth: &Earth) -> Result<Option<f64>> {
    if one.is_empty() || two.is_empty() {
        return Ok(None);
    }
    if let (Kind::Point, Kind::Point, Some(from), Some(to)) = (one.kind, two.kind, one.first_coord(), two.first_coord())
    {
        return Ok(Some(earth.distance(&from, &to)));
    }
    let (left, right) = (Shape::of(one)?, Shape::of(two)?);
    let near = nearest(&left, &right);
    if near.crossing || inside_any(&left, &right)? || inside_any(&right, &left)? {
        return Ok(Some(0.0));
    }
    let lengths = near.pairs.iter().map(|(from, to)| earth.distance(from, to));
    let (least, most) = lengths.fold((f64::INFINITY, 0.0_f64), |(low, high), own| (low.min(own), high.max(own)));
    if most == 0.0 {
        return Ok(Some(0.0));
    }
    if most - least > 1e-10 * most {
        return Err(unclear("the distance of geographies with several nearest places"));
    }
    // Distances are rounded to 1e-8 metres: below, rounding is all there is to see. Only points are exact there.
    let points = left.lines().chain(right.lines()).all(|path| path.len() == 1);
    if least < 20.0 && !points {
        return Err(unclear("the distance of geographies less than 20 metres apart"));
    }
    Ok(Some(least))
}

struct Near {
    /// Square of the chord.
    gap: f64,
    /// Where it is, several times when several places are equally near.
    pairs: Vec<(Coord, Coord)>,
    crossing: bool,
}

impl Near {
    fn add(&mut self, a: &Vector, b: &Vector, places: impl FnOnce() -> (Coord, Coord)) {
        let gap = chord(a, b);
        if gap > self.gap * (1.0 + 1e-11) + 1e-30 {
            return;
        }
        if gap < self.gap * (1.0 - 1e-11) - 1e-30 {
            self.pairs.clear();
        }
        self.gap = self.gap.min(gap);
        if self.pairs.len() < 1000 {
            self.pairs.push(places());
        }
    }
}

fn chord(a: &Vector, b: &Vector) -> f64 {
    let apart = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    dot(&apart, &apart)
}

fn nearest(left: &Shape, right: &Shape) -> Near {
    let mut near = Near { gap: f64::INFINITY, pairs: Vec::new(), crossing: false };
    for one in left.lines() {
        for two in right.lines() {
            for a in one {
                for b in two {
                    near.add(&a.at, &b.at, || (a.coord, b.coord));
                }
                for edge in two.windows(2) {
                    if let Some(foot) = foot(&a.at, edge) {
                        near.add(&a.at, &foot, || (a.coord, place(&foot)));
                    }
                }
            }
            for b in two {
                for edge in one.windows(2) {
                    if let Some(foot) = foot(&b.at, edge) {
                        near.add(&b.at, &foot, || (place(&foot), b.coord));
                    }
                }
            }
            for edge in one.windows(2) {
                near.crossing |= two.windows(2).any(|other| crosses(edge, other));
            }
        }
    }
    near
}

/// The normal of an edge's great circle, well-conditioned for short edges too.
fn normal(edge: &[Vertex]) -> Option<Vector> {
    let (a, b) = (&edge[0].at, &edge[1].at);
    unit(&cross(&sum(edge), &[b[0] - a[0], b[1] - a[1], b[2] - a[2]]))
}

fn unit(v: &Vector) -> Option<Vector> {
    let length = dot(v, v).sqrt();
    (length > 1e-15).then(|| v.map(|value| value / length))
}

/// The position of an edge that is nearest, if it is between its ends.
fn foot(at: &Vector, edge: &[Vertex]) -> Option<Vector> {
    let normal = normal(edge)?;
    let height = dot(&normal, at);
    let foot = unit(&[at[0] - height * normal[0], at[1] - height * normal[1], at[2] - height * normal[2]])?;
    let after = dot(&cross(&normal, &edge[0].at), &foot) > 0.0;
    let before = dot(&cross(&normal, &edge[1].at), &foot) < 0.0;
    (after && before && dot(&foot, &sum(edge)) > 0.0).then_some(foot)
}

/// The direction of the middle of an edge.
fn sum(edge: &[Vertex]) -> Vector {
    let (a, b) = (&edge[0].at, &edge[1].at);
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn place(at: &Vector) -> Coord {
    Coord::xy(at[1].atan2(at[0]).to_degrees(), at[2].atan2(at[0].hypot(at[1])).to_degrees())
}

/// Edges that cross clearly, not at an end.
fn crosses(one: &[Vertex], two: &[Vertex]) -> bool {
    let (Some(first), Some(second)) = (normal(one), normal(two)) else { return false };
    let (a, b) = (dot(&second, &one[0].at), dot(&second, &one[1].at));
    let (c, d) = (dot(&first, &two[0].at), dot(&first, &two[1].at));
    let clear = |p: f64, q: f64| p.abs() > NOTHING && q.abs() > NOTHING && (p > 0.0) != (q > 0.0);
    if !clear(a, b) || !clear(c, d) {
        return false;
    }
    // Both great circles pass each other at two places: one of them must lie on both edges.
    let Some(at) = unit(&cross(&first, &second)) else { return false };
    (dot(&sum(one), &at) > 0.0) == (dot(&sum(two), &at) > 0.0)
}

/// Is any vertex of `shape` within an area of `areas`? Boundaries must be apart.
fn inside_any(shape: &Shape, areas: &Shape) -> Result<bool> {
    for area in &areas.areas {
        for path in shape.lines() {
            if let Some(first) = path.first()
                && inside(first, area)?
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Even-odd over all rings, in the plane on which great circles are straight.
fn inside(point: &Vertex, rings: &[Path]) -> Result<bool> {
    let shell = rings.first().map_or(&[][..], Vec::as_slice);
    let total = shell.iter().fold([0.0; 3], |sum: Vector, v| [sum[0] + v.at[0], sum[1] + v.at[1], sum[2] + v.at[2]]);
    let center = unit(&total).ok_or_else(|| unclear("a geography around the earth"))?;
    let far = shell.iter().map(|vertex| dot(&vertex.at, &center)).fold(1.0, f64::min);
    if far < 0.17 {
        return Err(unclear("a geography of the size of a hemisphere"));
    }
    if dot(&point.at, &center) < far.min(0.1) {
        return Ok(false);
    }
    let helper = if center[2].abs() < 0.9 { [0.0, 0.0, 1.0] } else { [1.0, 0.0, 0.0] };
    let east = unit(&cross(&helper, &center)).unwrap_or([1.0, 0.0, 0.0]);
    let north = cross(&center, &east);
    let flat = |at: &Vector| {
        let depth = dot(at, &center);
        (dot(at, &east) / depth, dot(at, &north) / depth)
    };
    let (x, y) = flat(&point.at);
    let mut odd = false;
    for ring in rings {
        for edge in ring.windows(2) {
            let ((ax, ay), (bx, by)) = (flat(&edge[0].at), flat(&edge[1].at));
            if (ay > y) != (by > y) && (x < ax + (y - ay) * (bx - ax) / (by - ay)) {
                odd = !odd;
            }
        }
    }
    Ok(odd)
}

/// Are two positions the same, number by number?
fn shared(left: &Shape, right: &Shape) -> bool {
    left.lines().flatten().any(|a| right.lines().flatten().any(|b| a.coord.same_xy(&b.coord)))
}

fn meet(left: &Shape, right: &Shape) -> Result<bool> {
    let near = nearest(left, right);
    if near.crossing || shared(left, right) {
        return Ok(true);
    }
    if inside_any(left, right)? || inside_any(right, left)? {
        return Ok(true);
    }
    if near.gap.sqrt() <= NOTHING {
        return Err(unclear("whether geographies meet that touch"));
    }
    Ok(false)
}

fn covers(one: &Geometry, two: &Geometry, function: &str) -> Result<Datum> {
    same_srid(one, two, function)?;
    if one.is_empty() || two.is_empty() {
        return Ok(Datum::Bool(false));
    }
    let (outer, inner) = (Shape::of(one)?, Shape::of(two)?);
    let [rings] = outer.areas.as_slice() else {
        return Err(unclear("ST_Covers of anything but one polygon"));
    };
    if !outer.paths.is_empty() {
        return Err(unclear("ST_Covers of anything but one polygon"));
    }
    if (rings.len() > 1 && !inner.areas.is_empty()) || inner.areas.iter().any(|rings| rings.len() > 1) {
        return Err(unclear("ST_Covers of areas with holes"));
    }
    let boundary = Shape { paths: rings.clone(), areas: Vec::new() };
    let near = nearest(&boundary, &inner);
    let mut all = true;
    for vertex in inner.lines().flatten() {
        let own = Shape { paths: vec![vec![*vertex]], areas: Vec::new() };
        let close = nearest(&boundary, &own).gap.sqrt() <= NOTHING;
        if close {
            return Err(unclear("ST_Covers of a position on the boundary"));
        }
        all &= inside(vertex, rings)?;
    }
    if all && !near.crossing && near.gap.sqrt() <= NOTHING {
        return Err(unclear("ST_Covers of an edge on the boundary"));
    }
    Ok(Datum::Bool(all && !near.crossing))
}
