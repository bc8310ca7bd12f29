//! `ST_GeneratePoints` without a seed: chance decides. With a seed the points are PostGIS's own generator's, and refused.

use crate::error::{Error, Result};
use crate::kernels::Scalar;
use crate::types::Datum;

use super::args;
use super::bounds::Bounds;
use super::geometry::{Coord, Geometry, Kind, failure};
use super::locate::{Location, locate};
use super::wkb;

pub(super) const SCALARS: &[(&str, Scalar)] = &[("st_generatepoints(geometry,int4)", |_, a| {
    let (area, count) = (args::geometry(a, 0)?, args::int(a, 1)?);
    if !matches!(area.kind, Kind::Polygon | Kind::MultiPolygon) {
        return Err(failure(format!("lwgeom_to_points: unsupported geometry type '{}'", area.kind.name())));
    }
    if area.is_empty() || count <= 0 {
        return Ok(Datum::Null);
    }
    if count > 1_000_000 {
        return Err(Error::unsupported("ST_GeneratePoints of more than a million points"));
    }
    let mut parts = Vec::new();
    for polygon in area.leaves().into_iter().filter(|polygon| !polygon.is_empty()) {
        parts.push(Part::of(polygon)?);
    }
    // Each part has its share, rounded: their sum may differ from what was asked for.
    let total: f64 = parts.iter().map(|part| part.area).sum();
    let mut points = Vec::new();
    for part in &parts {
        let share = if parts.len() == 1 { f64::from(count) } else { (f64::from(count) * part.area / total).round() };
        for _ in 0..share as u32 {
            points.push(Geometry::point(part.any()?, area.srid));
        }
    }
    if points.is_empty() {
        return Ok(Datum::Null);
    }
    let mut result = Geometry::collection(Kind::MultiPoint, points, area.srid);
    result.set_srid(area.srid);
    Ok(result.into_datum())
})];

/// A polygon and the box that points are tried in.
struct Part {
    bytes: Vec<u8>,
    bounds: Bounds,
    area: f64,
}

impl Part {
    fn of(polygon: &Geometry) -> Result<Part> {
        let bounds = Bounds::of(polygon).ok_or_else(|| Error::internal("a polygon of nothing"))?;
        let rings = polygon.rings().iter().map(|ring| (super::access::ring_area(ring) / 2.0).abs());
        let area = rings.enumerate().fold(0.0, |sum, (index, own)| if index == 0 { own } else { sum - own });
        let flat = Geometry { z: false, m: false, ..polygon.clone() };
        let whole = (bounds.max.x - bounds.min.x) * (bounds.max.y - bounds.min.y);
        if area == 0.0 {
            return Err(failure("lwpoly_to_points: zero area input polygon, TBD"));
        }
        // Slivers would be tried for ever; rings that cross themselves have no such area.
        if !(area.is_finite() && area > whole * 1e-4) {
            return Err(Error::unsupported("ST_GeneratePoints in an area this thin"));
        }
        Ok(Part { bytes: wkb::encode(&flat), bounds, area })
    }

    fn any(&self) -> Result<Coord> {
        let (min, max) = (&self.bounds.min, &self.bounds.max);
        for _ in 0..10_000_000 {
            let x = min.x + (max.x - min.x) * rand::random::<f64>();
            let y = min.y + (max.y - min.y) * rand::random::<f64>();
            if locate(&self.bytes, [x, y]) == Some(Location::Interior) {
                return Ok(Coord::xy(x, y));
            }
        }
        Err(Error::unsupported("ST_GeneratePoints in this area"))
    }
}
