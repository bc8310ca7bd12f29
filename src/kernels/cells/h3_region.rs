//! Cells whose centers lie in polygons (`h3_polygon_to_cells`), and the crossing test that quadbins share.
//!
//! Longitude and latitude are taken as plane coordinates, as the H3 library takes them. Cells are found by descent from the
//! coarsest: everything below a cell lies within [`REACH`] of its own circle.

use h3o::{CellIndex, LatLng, Resolution};

use super::invalid;
use crate::error::{Error, Result};
use crate::kernels::spatial::args;
use crate::kernels::spatial::geometry::{Geometry, Kind};
use crate::kernels::{Call, Rows, SetReturning};
use crate::types::Datum;

pub(super) const SET_RETURNING: &[(&str, SetReturning)] = &[
    ("h3_polygon_to_cells(geometry,int4)", polygon_to_cells),
    ("h3_polygon_to_cells(geography,int4)", polygon_to_cells),
];

/// How far from a cell's center the centers below it may lie, in radii of the cell (they leave its hexagon, but not far).
const REACH: f64 = 1.5;

fn polygon_to_cells(_: &Call<'_>, a: &[Datum]) -> Result<Rows> {
    let (geometry, resolution) = (args::geometry(a, 0)?, super::h3::resolution(a, 1)?);
    let parts = if geometry.kind == Kind::MultiPolygon { geometry.parts().to_vec() } else { vec![geometry] };
    let mut rows: Vec<Rows> = Vec::new();
    for part in parts {
        if part.kind != Kind::Polygon {
            return Err(invalid(format!("a polygon is expected, not a {}", part.kind.name())));
        }
        let crossing = |ring: &Vec<crate::kernels::spatial::geometry::Coord>| {
            ring.windows(2).any(|side| (side[0].x - side[1].x).abs() > 180.0)
        };
        if part.rings().iter().any(crossing) {
            return Err(Error::unsupported("h3_polygon_to_cells across the 180th meridian"));
        }
        if let Some(bounds) = bounds(&part) {
            let open: Vec<CellIndex> = CellIndex::base_cells().collect();
            rows.push(Box::new(Descent { polygon: part, bounds, resolution, open }));
        }
    }
    Ok(Box::new(rows.into_iter().flatten()))
}

/// Cells that may have something below them, deepest last.
struct Descent {
    polygon: Geometry,
    bounds: [f64; 4],
    resolution: Resolution,
    open: Vec<CellIndex>,
}

impl Iterator for Descent {
    type Item = Result<Vec<Datum>>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(cell) = self.open.pop() {
            if cell.resolution() == self.resolution {
                let center = LatLng::from(cell);
                if inside(&self.polygon, center.lng(), center.lat()) {
                    return Some(Ok(vec![Datum::H3(cell.into())]));
                }
            } else if self.may_hold(cell)
                && let Some(next) = cell.resolution().succ()
            {
                self.open.extend(cell.children(next));
            }
        }
        None
    }
}

impl Descent {
    /// Does the cell's neighborhood meet the polygon's box?
    fn may_hold(&self, cell: CellIndex) -> bool {
        let center = LatLng::from(cell);
        let radius = cell.boundary().iter().map(|corner| center.distance_rads(*corner)).fold(0.0, f64::max);
        let reach = (radius * REACH).to_degrees();
        let [west, south, east, north] = self.bounds;
        let (low, high) = (center.lat() - reach, center.lat() + reach);
        if high < south || low > north {
            return false;
        }
        // Longitudes of a circle that touches a pole are all of them.
        let steepest = low.abs().max(high.abs());
        if steepest >= 89.0 {
            return true;
        }
        let wide = reach / steepest.to_radians().cos();
        let meets = |longitude: f64| longitude + wide >= west && longitude - wide <= east;
        meets(center.lng()) || meets(center.lng() - 360.0) || meets(center.lng() + 360.0)
    }
}

/// West, south, east, north of a polygon's outer ring; `None` for EMPTY.
pub(super) fn bounds(polygon: &Geometry) -> Option<[f64; 4]> {
    let ring = polygon.rings().first().filter(|ring| !ring.is_empty())?;
    let start = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    Some(ring.iter().fold(start, |[w, s, e, n], c| [w.min(c.x), s.min(c.y), e.max(c.x), n.max(c.y)]))
}

/// An odd number of crossings over all rings: in the outer ring and in none of its holes.
pub(super) fn inside(polygon: &Geometry, x: f64, y: f64) -> bool {
    let mut odd = false;
    for ring in polygon.rings() {
        for side in ring.windows(2) {
            let (from, to) = (side[0], side[1]);
            if (from.y > y) != (to.y > y) && x < (to.x - from.x) * (y - from.y) / (to.y - from.y) + from.x {
                odd = !odd;
            }
        }
    }
    odd
}
