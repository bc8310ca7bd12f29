//! `ST_LocateAlong`, `ST_LocateBetween` and `ST_LocateBetweenElevations`: by measure or height.

use crate::error::{Error, Result};
use crate::kernels::Scalar;
use crate::types::Datum;

use super::args;
use super::geometry::{Body, Coord, Geometry, Kind, failure};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_locatealong(geometry,float8,float8)", |_, a| {
        along(&args::geometry(a, 0)?, args::float(a, 1)?, args::float(a, 2)?)
    }),
    ("st_locatebetween(geometry,float8,float8,float8)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        if !geometry.m {
            return Err(failure("This function only accepts geometries that have an M dimension."));
        }
        between(&geometry, args::float(a, 1)?, args::float(a, 2)?, args::float(a, 3)?, &Axis::M)
    }),
    ("st_locatebetweenelevations(geometry,float8,float8)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        if !geometry.z {
            return Err(failure("This function only accepts geometries with Z dimensions."));
        }
        between(&geometry, args::float(a, 1)?, args::float(a, 2)?, 0.0, &Axis::Z)
    }),
];

#[derive(Clone, Copy, PartialEq)]
enum Axis {
    Z,
    M,
}

impl Axis {
    fn of(self, coord: &Coord) -> f64 {
        if self == Axis::M { coord.m } else { coord.z }
    }

    fn set(self, coord: &mut Coord, value: f64) {
        *(if self == Axis::M { &mut coord.m } else { &mut coord.z }) = value;
    }
}

fn finite(geometry: &Geometry, values: &[f64]) -> Result<()> {
    let mut finite = values.iter().all(|value| value.is_finite());
    geometry.visit(&mut |coord| {
        finite &= [coord.x, coord.y, coord.z, coord.m].iter().all(|value| value.is_finite());
    });
    if finite { Ok(()) } else { Err(Error::unsupported("measures that are not finite")) }
}

fn along(geometry: &Geometry, measure: f64, offset: f64) -> Result<Datum> {
    if !geometry.m {
        return Err(failure("Input geometry does not have a measure dimension"));
    }
    finite(geometry, &[measure, offset])?;
    let mut found = Vec::new();
    match geometry.kind {
        Kind::Point => match geometry.first_coord() {
            None => return Err(failure("lwpoint_get_m called with empty geometry")),
            Some(coord) => found.extend((coord.m == measure).then_some(coord)),
        },
        Kind::MultiPoint => {
            if geometry.parts().iter().any(Geometry::is_empty) {
                return Err(Error::unsupported("ST_LocateAlong of a MULTIPOINT with EMPTY inside"));
            }
            found.extend(geometry.all_coords().into_iter().filter(|coord| coord.m == measure));
        }
        Kind::LineString => places(geometry.coords(), measure, offset, &mut found),
        Kind::MultiLineString => {
            if geometry.is_empty() {
                return Ok(Datum::Null);
            }
            geometry.parts().iter().for_each(|part| places(part.coords(), measure, offset, &mut found));
        }
        kind => return Err(failure(format!("Only linear geometries are supported, {} provided.", kind.name()))),
    }
    let points = found.into_iter().map(|coord| Geometry::point(coord, 0)).collect();
    Ok(Geometry::collection(Kind::MultiPoint, points, 0).like(geometry).into_datum())
}

/// Where a line has a measure: once a segment, not twice at a vertex.
fn places(coords: &[Coord], measure: f64, offset: f64, found: &mut Vec<Coord>) {
    let before = found.len();
    for edge in coords.windows(2) {
        let (a, b) = (&edge[0], &edge[1]);
        if measure < a.m.min(b.m) || measure > a.m.max(b.m) {
            continue;
        }
        let mut at = if a.m == b.m { a.interpolate(b, 0.5) } else { a.interpolate(b, (measure - a.m) / (b.m - a.m)) };
        at.m = measure;
        if offset != 0.0 {
            let direction = (b.y - a.y).atan2(b.x - a.x);
            at.x -= direction.sin() * offset;
            at.y += direction.cos() * offset;
        }
        if found[before..].last() != Some(&at) {
            found.push(at);
        }
    }
}

fn between(geometry: &Geometry, from: f64, to: f64, offset: f64, axis: &Axis) -> Result<Datum> {
    let (from, to) = if from > to { (to, from) } else { (from, to) };
    if *axis == Axis::M && from == to {
        return along(geometry, from, offset);
    }
    finite(geometry, &[from, to, offset])?;
    if offset != 0.0 {
        return Err(Error::unsupported("ST_LocateBetween with an offset"));
    }
    if from == to {
        return Err(Error::unsupported("ST_LocateBetweenElevations of one height"));
    }
    let range = Range { from, to, axis: *axis };
    Ok(clipped(geometry, &range)?.like(geometry).into_datum())
}

struct Range {
    from: f64,
    to: f64,
    axis: Axis,
}

impl Range {
    fn holds(&self, coord: &Coord) -> bool {
        (self.from..=self.to).contains(&self.axis.of(coord))
    }

    /// Where an edge passes a value between those of its ends.
    fn crossing(&self, a: &Coord, b: &Coord, value: f64) -> Coord {
        let (low, high) = (self.axis.of(a), self.axis.of(b));
        let mut at = a.interpolate(b, (value - low) / (high - low));
        self.axis.set(&mut at, value);
        at
    }

    /// The positions on an edge where it enters or leaves the range, in its direction, its ends not among them.
    fn passed(&self, a: &Coord, b: &Coord) -> Vec<Coord> {
        let (low, high) = (self.axis.of(a), self.axis.of(b));
        let ordered = if low <= high { [self.from, self.to] } else { [self.to, self.from] };
        let inside = |value: &f64| low.min(high) < *value && *value < low.max(high);
        ordered.iter().filter(|value| inside(value)).map(|value| self.crossing(a, b, *value)).collect()
    }
}

fn clipped(geometry: &Geometry, range: &Range) -> Result<Geometry> {
    let mut parts = Vec::new();
    let kind = match geometry.kind {
        Kind::Point => Kind::MultiPoint,
        Kind::LineString => Kind::MultiLineString,
        Kind::Polygon => Kind::MultiPolygon,
        kind @ (Kind::MultiPoint | Kind::MultiLineString | Kind::MultiPolygon | Kind::GeometryCollection) => kind,
        Kind::Triangle | Kind::Tin => return Err(Error::unsupported("ST_LocateBetween of triangles")),
        kind => return Err(failure(format!("This function does not accept {} geometries.", kind.name()))),
    };
    pieces(geometry, range, &mut parts)?;
    // Points among lines make a collection.
    let own = parts.iter().all(|part| kind.allows(part.kind));
    Ok(Geometry::collection(if own { kind } else { Kind::GeometryCollection }, parts, 0))
}

fn pieces(geometry: &Geometry, range: &Range, parts: &mut Vec<Geometry>) -> Result<()> {
    match &geometry.body {
        Body::Coords(coords) if geometry.kind == Kind::Point => {
            if coords.is_empty() {
                return Err(Error::unsupported("ST_LocateBetween of POINT EMPTY"));
            }
            parts.extend(coords.iter().filter(|coord| range.holds(coord)).map(|coord| Geometry::point(*coord, 0)));
        }
        Body::Coords(coords) if geometry.kind == Kind::LineString => {
            for mut run in runs(coords, range) {
                parts.push(if run.len() == 1 { Geometry::point(run.remove(0), 0) } else { Geometry::line(run, 0) });
            }
        }
        Body::Rings(rings) if geometry.kind == Kind::Polygon => {
            let mut kept = Vec::new();
            let at_limit = |coord: &Coord| [range.from, range.to].contains(&range.axis.of(coord));
            if rings.iter().flatten().any(at_limit) {
                return Err(Error::unsupported("ST_LocateBetween of a polygon with a vertex at the very measure"));
            }
            for (index, ring) in rings.iter().enumerate() {
                let ring = ring_within(ring, range);
                if ring.len() >= 4 {
                    kept.push(ring);
                } else if index == 0 {
                    return Ok(());
                }
            }
            if !kept.is_empty() {
                parts.push(Geometry::polygon(kept, 0));
            }
        }
        Body::Parts(own) => {
            if geometry.kind == Kind::GeometryCollection && own.iter().any(|part| part.kind.is_collection()) {
                return Err(Error::unsupported("ST_LocateBetween of collections in collections"));
            }
            for part in own {
                pieces(part, range, parts)?;
            }
        }
        _ => {
            let name = geometry.kind.name();
            return Err(failure(format!("This function does not accept {name} geometries.")));
        }
    }
    Ok(())
}

/// The stretches of a line inside of the range.
fn runs(coords: &[Coord], range: &Range) -> Vec<Vec<Coord>> {
    let mut runs: Vec<Vec<Coord>> = Vec::new();
    let mut open = false;
    let mut add = |coord: Coord, open: &mut bool| match runs.last_mut().filter(|_| *open) {
        Some(run) => {
            if run.last() != Some(&coord) {
                run.push(coord);
            }
        }
        None => {
            runs.push(vec![coord]);
            *open = true;
        }
    };
    if let Some(first) = coords.first().filter(|first| range.holds(first)) {
        add(*first, &mut open);
    }
    for edge in coords.windows(2) {
        let (a, b) = (&edge[0], &edge[1]);
        for at in range.passed(a, b) {
            add(at, &mut open);
        }
        if range.holds(b) {
            add(*b, &mut open);
        } else {
            open = false;
        }
    }
    runs
}

fn ring_within(ring: &[Coord], range: &Range) -> Vec<Coord> {
    let mut out: Vec<Coord> = Vec::new();
    let mut add = |coord: Coord| {
        if out.last() != Some(&coord) {
            out.push(coord);
        }
    };
    if let Some(first) = ring.first().filter(|first| range.holds(first)) {
        add(*first);
    }
    for edge in ring.windows(2) {
        let (a, b) = (&edge[0], &edge[1]);
        range.passed(a, b).into_iter().for_each(&mut add);
        if range.holds(b) {
            add(*b);
        }
    }
    if let (Some(first), Some(last)) = (out.first().copied(), out.last())
        && *last != first
    {
        out.push(first);
    }
    out
}
