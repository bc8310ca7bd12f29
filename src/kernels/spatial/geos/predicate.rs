//! Predicates and DE-9IM matrices.

use geos::Geom as _;

use crate::error::{Error, Result};
use crate::kernels::Scalar;
use crate::types::Datum;

use super::super::bounds::{Bounds, FloatBox};
use super::super::geometry::{Body, Geometry, Kind, failure, same_srid};
use super::super::locate::{Location, locate, position};
use super::super::{args, wkb};
use super::convert::{fault, import};

type Test = fn(&geos::Geometry, &geos::Geometry) -> geos::GResult<bool>;

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_intersects(geometry,geometry)", |_, a| {
        if let Some(location) = point_in_area(a, 0, 1)?.or(point_in_area(a, 1, 0)?) {
            return Ok(Datum::Bool(location != Location::Exterior));
        }
        test(a, "ST_Intersects", "GEOSIntersects", false, |l, r| l.intersects(r))
    }),
    ("st_disjoint(geometry,geometry)", |_, a| test(a, "disjoint", "GEOSDisjoint", true, |l, r| l.disjoint(r))),
    ("st_contains(geometry,geometry)", |_, a| {
        if let Some(location) = point_in_area(a, 0, 1)? {
            return Ok(Datum::Bool(location == Location::Interior));
        }
        test(a, "contains", "GEOSContains", false, |l, r| l.contains(r))
    }),
    ("st_within(geometry,geometry)", |_, a| {
        if let Some(location) = point_in_area(a, 1, 0)? {
            return Ok(Datum::Bool(location == Location::Interior));
        }
        let swapped = [item(a, 1), item(a, 0)];
        test(&swapped, "contains", "GEOSContains", false, |l, r| l.contains(r))
    }),
    ("st_containsproperly(geometry,geometry)", |_, a| {
        test(a, "containsproperly", "GEOSPreparedContainsProperly", false, |l, r| {
            l.to_prepared_geom()?.contains_properly(r)
        })
    }),
    ("st_covers(geometry,geometry)", |_, a| {
        if let Some(location) = point_in_area(a, 0, 1)? {
            return Ok(Datum::Bool(location != Location::Exterior));
        }
        // PostGIS asks for EMPTY here before it compares SRIDs.
        if args::geometry(a, 0)?.is_empty() || args::geometry(a, 1)?.is_empty() {
            return Ok(Datum::Bool(false));
        }
        test(a, "covers", "GEOSCovers", false, |l, r| l.covers(r))
    }),
    ("st_coveredby(geometry,geometry)", |_, a| {
        if let Some(location) = point_in_area(a, 1, 0)? {
            return Ok(Datum::Bool(location != Location::Exterior));
        }
        test(a, "coveredby", "GEOSCoveredBy", false, |l, r| l.covered_by(r))
    }),
    ("st_touches(geometry,geometry)", |_, a| test(a, "touches", "GEOSTouches", false, |l, r| l.touches(r))),
    ("st_crosses(geometry,geometry)", |_, a| test(a, "crosses", "GEOSCrosses", false, |l, r| l.crosses(r))),
    ("st_overlaps(geometry,geometry)", |_, a| test(a, "overlaps", "GEOSOverlaps", false, |l, r| l.overlaps(r))),
    ("st_equals(geometry,geometry)", |_, a| equals(a)),
    ("st_orderingequals(geometry,geometry)", |_, a| {
        let (left, right) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        Ok(Datum::Bool(wkb::encode(&left) == wkb::encode(&right)))
    }),
    ("st_relate(geometry,geometry)", |_, a| Ok(Datum::text(relate(a, "relate_full")?))),
    ("st_relate(geometry,geometry,int4)", |_, a| relate_rule(a)),
    ("st_relate(geometry,geometry,text)", |_, a| {
        let matrix = relate(a, "relate_pattern")?;
        // PostGIS accepts small letters here.
        let pattern = args::text(a, 2)?.replace('t', "T").replace('f', "F");
        matches(&matrix, &pattern, "GEOSRelatePattern").map(Datum::Bool)
    }),
    ("st_relatematch(text,text)", |_, a| {
        matches(args::text(a, 0)?, args::text(a, 1)?, "GEOSRelatePatternMatch").map(Datum::Bool)
    }),
];

/// PostGIS answers a point in an area itself; mixed SRIDs are left to raise.
fn point_in_area(a: &[Datum], area: usize, point: usize) -> Result<Option<Location>> {
    let (Some(Datum::Geometry(area)), Some(Datum::Geometry(point))) = (a.get(area), a.get(point)) else {
        return Ok(None);
    };
    if area.srid() != point.srid() {
        return Ok(None);
    }
    Ok(position(&point.0).and_then(|point| locate(&area.0, point)))
}

fn item(a: &[Datum], index: usize) -> Datum {
    a.get(index).cloned().unwrap_or(Datum::Null)
}

fn apart(left: &Geometry, right: &Geometry) -> bool {
    match (Bounds::stored(left), Bounds::stored(right)) {
        (Some(l), Some(r)) => l.min.x > r.max.x || r.min.x > l.max.x || l.min.y > r.max.y || r.min.y > l.max.y,
        _ => false,
    }
}

/// A predicate that is `when_apart` for EMPTY and for boxes that do not meet.
fn test(a: &[Datum], function: &str, label: &str, when_apart: bool, op: Test) -> Result<Datum> {
    let (left, right) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
    same_srid(&left, &right, function)?;
    if left.is_empty() || right.is_empty() || apart(&left, &right) {
        return Ok(Datum::Bool(when_apart));
    }
    let (left, right) = pair(&left, &right)?;
    op(&left, &right).map(Datum::Bool).map_err(fault(label))
}

/// Both arguments in GEOS.
pub(super) fn pair(left: &Geometry, right: &Geometry) -> Result<(geos::Geometry, geos::Geometry)> {
    Ok((
        import(left, "First argument geometry could not be converted to GEOS")?,
        import(right, "Second argument geometry could not be converted to GEOS")?,
    ))
}

fn equals(a: &[Datum]) -> Result<Datum> {
    let (left, right) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
    same_srid(&left, &right, "ST_Equals")?;
    match (FloatBox::of(&left), FloatBox::of(&right)) {
        (None, None) => return Ok(Datum::Bool(true)),
        (Some(l), Some(r)) => {
            if l.xmin != r.xmin || l.ymin != r.ymin || l.xmax != r.xmax || l.ymax != r.ymax {
                return Ok(Datum::Bool(false));
            }
        }
        _ => return Ok(Datum::Bool(false)),
    }
    if wkb::encode(&left) == wkb::encode(&right) {
        return Ok(Datum::Bool(true));
    }
    let (left, right) = pair(&left, &right)?;
    left.equals(&right).map(Datum::Bool).map_err(fault("GEOSEquals"))
}

fn relate(a: &[Datum], function: &str) -> Result<String> {
    let (left, right) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
    same_srid(&left, &right, function)?;
    let (left, right) = pair(&left, &right)?;
    left.relate(&right).map_err(fault("GEOSRelate"))
}

/// Boundary node rules change what the ends of lines are; GEOS's binding offers the OGC rule only.
fn relate_rule(a: &[Datum]) -> Result<Datum> {
    fn has_lines(geometry: &Geometry) -> bool {
        match &geometry.body {
            Body::Parts(parts) => parts.iter().any(has_lines),
            _ => geometry.kind == Kind::LineString,
        }
    }
    match args::int(a, 2)? {
        1 => {}
        2..=4 => {
            if has_lines(&args::geometry(a, 0)?) || has_lines(&args::geometry(a, 1)?) {
                return Err(Error::unsupported("ST_Relate of lines with a boundary node rule other than 1"));
            }
        }
        rule => return Err(failure(format!("GEOSRelate: Invalid boundary node rule {rule}"))),
    }
    Ok(Datum::text(relate(a, "relate_full")?))
}

/// Whether a matrix fits a pattern.
fn matches(matrix: &str, pattern: &str, label: &str) -> Result<bool> {
    let refuse = |what: String| Err(failure(format!("{label}: IllegalArgumentException: {what}")));
    let known = |symbol: char| matches!(symbol, '0' | '1' | '2' | '*' | 'T' | 't' | 'F' | 'f');
    if pattern.len() != 9 {
        return refuse(format!("IllegalArgumentException: Should be length 9, is [{pattern}] instead"));
    }
    if matrix.chars().count() > 9 {
        return refuse(format!("IllegalArgumentException: Should be length 9, is [{matrix}] instead"));
    }
    if let Some(symbol) = matrix.chars().find(|symbol| !known(*symbol)) {
        return refuse(format!("Unknown dimension symbol: {symbol}"));
    }
    // Cells a short matrix leaves out are F.
    let cells = matrix.chars().chain(std::iter::repeat('F'));
    Ok(pattern.chars().zip(cells).all(|(wanted, cell)| match wanted {
        '*' => true,
        'T' => matches!(cell, '0' | '1' | '2' | 'T' | 't'),
        'F' => matches!(cell, 'F' | 'f'),
        '0' | '1' | '2' => wanted == cell,
        _ => false,
    }))
}
