//! One geometry in, one geometry or number out: hulls, centroids, boundaries, precision, distances of shape.

use geos::{Geom as _, Precision};

use crate::error::{Error, Result};
use crate::kernels::Scalar;
use crate::types::Datum;

use super::super::args;
use super::super::bounds::Bounds;
use super::super::geometry::{Coord, Geometry, Kind, failure};
use super::convert::{export, fault, finite, import, import_fixed, lwgeom};
use super::predicate::pair;

const FIRST: &str = "First argument geometry could not be converted to GEOS";
const ONE: &str = "Geometry could not be converted to GEOS";

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_convexhull(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        if geometry.is_empty() {
            return Ok(geometry.into_datum());
        }
        let hull = import(&geometry, FIRST)?.convex_hull().map_err(fault("GEOSConvexHull"))?;
        Ok(export(&hull, geometry.z, geometry.srid)?.into_datum())
    }),
    ("st_concavehull(geometry,float8,bool)", |_, a| {
        let (geometry, ratio, holes) = (args::geometry(a, 0)?, finite(a, 1)?, args::boolean(a, 2)?);
        if matches!(geometry.kind, Kind::Polygon | Kind::MultiPolygon | Kind::Triangle) && !geometry.is_empty() {
            return Err(Error::unsupported("ST_ConcaveHull of polygons"));
        }
        lw(&geometry, "lwgeom_concavehull", |input| input.concave_hull(ratio, holes))
    }),
    ("st_centroid(geometry)", |_, a| point_of(a, "lwgeom_centroid", |input| input.get_centroid())),
    ("st_pointonsurface(geometry)", |_, a| point_of(a, "lwgeom_pointonsurface", |input| input.point_on_surface())),
    ("st_boundary(geometry)", |_, a| Ok(boundary(&args::geometry(a, 0)?)?.into_datum())),
    ("st_simplifypreservetopology(geometry,float8)", |_, a| {
        let (geometry, tolerance) = (args::geometry(a, 0)?, finite(a, 1)?);
        simplify(&geometry, tolerance)
    }),
    ("st_reduceprecision(geometry,float8)", |_, a| {
        let (geometry, size) = (args::geometry(a, 0)?, finite(a, 1)?);
        if geometry.is_empty() {
            return Ok(geometry.into_datum());
        }
        lw(&geometry, "lwgeom_reduceprecision", |input| input.set_precision(size, Precision::ValidOutput))
    }),
    ("st_normalize(geometry)", |_, a| {
        lw(&args::geometry(a, 0)?, "lwgeom_normalize", |input| {
            let mut result = geos::Geom::clone(input)?;
            result.normalize()?;
            Ok(result)
        })
    }),
    ("st_buildarea(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        if geometry.is_empty() {
            let empty = Geometry::empty(Kind::Polygon, geometry.srid);
            return Ok(empty.dimensioned(geometry.z, false).into_datum());
        }
        let function = "lwgeom_buildarea";
        let area = import_fixed(&geometry, function)?.build_area().map_err(fault(&lwgeom(function)))?;
        let area = export(&area, geometry.z, geometry.srid)?;
        Ok(if area.is_empty() { Datum::Null } else { area.into_datum() })
    }),
    ("st_clipbybox2d(geometry,box2d)", clip),
    ("st_orientedenvelope(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        let envelope = import(&geometry, ONE)?.minimum_rotated_rectangle();
        let envelope = envelope.map_err(fault("Error computing oriented envelope"))?;
        Ok(export(&envelope, false, geometry.srid)?.into_datum())
    }),
    ("st_minimumclearance(geometry)", |_, a| {
        let clearance = import(&args::geometry(a, 0)?, ONE)?.minimum_clearance();
        clearance.map(Datum::Float8).map_err(fault("Error computing minimum clearance"))
    }),
    ("st_minimumclearanceline(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        let line = import(&geometry, ONE)?.minimum_clearance_line();
        let line = line.map_err(fault("Error computing minimum clearance"))?;
        Ok(export(&line, false, geometry.srid)?.into_datum())
    }),
    ("st_hausdorffdistance(geometry,geometry)", |_, a| {
        distance(a, "GEOSHausdorffDistance", |l, r| l.hausdorff_distance(r))
    }),
    ("st_hausdorffdistance(geometry,geometry,float8)", |_, a| {
        let fraction = densify(a)?;
        distance(a, "GEOSHausdorffDistanceDensify", |l, r| l.hausdorff_distance_densify(r, fraction))
    }),
    ("st_frechetdistance(geometry,geometry,float8)", |_, a| {
        let fraction = finite(a, 2)?;
        if fraction <= 0.0 {
            return distance(a, "GEOSFrechetDistance", |l, r| l.frechet_distance(r));
        }
        let fraction = densify(a)?;
        distance(a, "GEOSFrechetDistance", |l, r| l.frechet_distance_densify(r, fraction))
    }),
];

/// liblwgeom's frame around a GEOS call.
pub(super) fn lw(
    geometry: &Geometry,
    function: &str,
    op: impl FnOnce(&geos::Geometry) -> geos::GResult<geos::Geometry>,
) -> Result<Datum> {
    let input = import_fixed(geometry, function)?;
    let result = op(&input).map_err(fault(&lwgeom(function)))?;
    Ok(export(&result, geometry.z, geometry.srid)?.into_datum())
}

fn point_of(
    a: &[Datum],
    function: &str,
    op: impl FnOnce(&geos::Geometry) -> geos::GResult<geos::Geometry>,
) -> Result<Datum> {
    let geometry = args::geometry(a, 0)?;
    if geometry.is_empty() {
        let empty = Geometry::empty(Kind::Point, geometry.srid);
        return Ok(empty.dimensioned(geometry.z, geometry.m).into_datum());
    }
    lw(&geometry, function, op)
}

/// A densification too fine would only eat memory.
fn densify(a: &[Datum]) -> Result<f64> {
    let fraction = finite(a, 2)?;
    if fraction > 0.0 && fraction < 1e-6 {
        return Err(Error::unsupported("a densification fraction below 0.000001"));
    }
    Ok(fraction)
}

fn distance(
    a: &[Datum],
    label: &str,
    op: impl FnOnce(&geos::Geometry, &geos::Geometry) -> geos::GResult<f64>,
) -> Result<Datum> {
    let (left, right) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
    if left.is_empty() || right.is_empty() {
        return Ok(Datum::Null);
    }
    let (left, right) = pair(&left, &right)?;
    op(&left, &right).map(Datum::Float8).map_err(fault(label))
}

fn clip(_call: &crate::kernels::Call<'_>, a: &[Datum]) -> Result<Datum> {
    let (geometry, [xmin, ymin, xmax, ymax]) = (args::geometry(a, 0)?, args::box2d(a, 1)?);
    let Some(bounds) = Bounds::stored(&geometry) else { return Ok(geometry.into_datum()) };
    let (min, max) = (bounds.min, bounds.max);
    if xmin < min.x && xmax > max.x && ymin < min.y && ymax > max.y {
        return Ok(geometry.into_datum());
    }
    if min.x > xmax || max.x < xmin || min.y > ymax || max.y < ymin {
        return Ok(Geometry::empty(geometry.kind, geometry.srid).into_datum());
    }
    lw(&geometry, "lwgeom_clip_by_rect", |input| input.clip_by_rect(xmin, ymin, xmax, ymax))
}

/// GEOS 3.14 keeps other vertices of rings, and of lines that meet themselves, than the GEOS 3.11 of PostGIS 3.3: a line is answered where
/// no simplified stretch of it meets another stretch, so that there is nothing to preserve.
fn simplify(geometry: &Geometry, tolerance: f64) -> Result<Datum> {
    let refused =
        || Err(Error::unsupported("ST_SimplifyPreserveTopology of anything but one line that does not meet itself"));
    if tolerance < 0.0 {
        return Err(failure("GEOSTopologyPreserveSimplify: IllegalArgumentException: Tolerance must be non-negative"));
    }
    if geometry.kind != Kind::LineString || geometry.is_empty() || super::super::wkb::is_closed(geometry.coords()) {
        return refused();
    }
    let input = import_fixed(geometry, "lwgeom_simplifypreservetopology")?;
    if !input.is_simple().map_err(fault("lwgeom_is_simple"))? {
        return refused();
    }
    let result = input.topology_preserve_simplify(tolerance).map_err(fault("GEOSTopologyPreserveSimplify"))?;
    let result = export(&result, geometry.z, geometry.srid)?;
    // Each stretch with its vertices is a closed chain; it may meet the rest of the line at its ends only.
    let (coords, kept) = (geometry.coords(), result.coords());
    let mut at = 0;
    for edge in kept.windows(2) {
        let Some(length) = coords[at + 1..].iter().position(|coord| coord.same_xy(&edge[1])) else { return refused() };
        let end = at + 1 + length;
        let crosses = |pair: &[Coord]| meets(&edge[0], &edge[1], &pair[0], &pair[1]);
        if end - at > 1 && (coords[..=at].windows(2).any(crosses) || coords[end..].windows(2).any(crosses)) {
            return refused();
        }
        at = end;
    }
    Ok(result.into_datum())
}

/// Do two segments meet at more than a shared end?
fn meets(a: &Coord, b: &Coord, c: &Coord, d: &Coord) -> bool {
    let side = |p: &Coord, q: &Coord, r: &Coord| (q.x - p.x) * (r.y - p.y) - (r.x - p.x) * (q.y - p.y);
    let shared = [(a, c), (a, d), (b, c), (b, d)].iter().filter(|(p, q)| p.same_xy(q)).count();
    let (s1, s2, s3, s4) = (side(a, b, c), side(a, b, d), side(c, d, a), side(c, d, b));
    if shared == 1 {
        // Collinear ones overlap or go on: taken as meeting.
        return s1 == 0.0 && s2 == 0.0;
    }
    shared > 1 || (s1 > 0.0) != (s2 > 0.0) && (s3 > 0.0) != (s4 > 0.0) || [s1, s2, s3, s4].contains(&0.0)
}

/// GEOS's boundary of points, lines and polygons; collections are refused.
fn boundary(geometry: &Geometry) -> Result<Geometry> {
    match geometry.kind {
        Kind::LineString | Kind::MultiLineString | Kind::Polygon | Kind::MultiPolygon if !geometry.is_empty() => {
            let boundary = import_fixed(geometry, "lwgeom_boundary")?.boundary();
            export(&boundary.map_err(fault("GEOSBoundary"))?, geometry.z, geometry.srid)
        }
        kind => Err(Error::unsupported(format!("ST_Boundary of this {}", kind.name()))),
    }
}
