//! Accessors: what a geometry is made of.

use crate::error::Result;
use crate::kernels::Scalar;
use crate::types::Datum;

use super::args;
use super::bounds::Bounds;
use super::casts;
use super::geometry::{Body, Coord, Geometry, Kind, failure};
use super::order;
use super::wkb::is_closed;

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_x(geometry)", |_, a| ordinate(a, "X", |_| true, |c| c.x)),
    ("st_y(geometry)", |_, a| ordinate(a, "Y", |_| true, |c| c.y)),
    ("st_z(geometry)", |_, a| ordinate(a, "Z", |g| g.z, |c| c.z)),
    ("st_m(geometry)", |_, a| ordinate(a, "M", |g| g.m, |c| c.m)),
    ("st_srid(geometry)", |_, a| Ok(Datum::Int4(args::geometry(a, 0)?.srid))),
    ("st_srid(geography)", |_, a| Ok(Datum::Int4(args::geometry(a, 0)?.srid))),
    ("st_setsrid(geometry,int4)", set_srid),
    ("st_setsrid(geography,int4)", set_srid),
    ("geometrytype(geometry)", geometry_type),
    ("geometrytype(geography)", geometry_type),
    ("st_geometrytype(geometry)", |_, a| Ok(Datum::text(format!("ST_{}", args::geometry(a, 0)?.kind.name())))),
    ("st_npoints(geometry)", |_, a| int(args::geometry(a, 0)?.num_points())),
    ("st_numpoints(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        if is_line(geometry.kind) { int(line_coords(&geometry).len()) } else { Ok(Datum::Null) }
    }),
    ("st_nrings(geometry)", |_, a| int(rings(&args::geometry(a, 0)?))),
    ("st_numgeometries(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        int(match (geometry.is_empty(), is_indexed(geometry.kind)) {
            (true, _) => 0,
            (false, true) => geometry.parts().len(),
            (false, false) => 1,
        })
    }),
    ("st_geometryn(geometry,int4)", |_, a| {
        let (geometry, n) = (args::geometry(a, 0)?, args::int(a, 1)?);
        let part = if geometry.is_empty() {
            None
        } else if is_indexed(geometry.kind) {
            nth(geometry.parts(), n).cloned()
        } else {
            (n == 1).then_some(geometry)
        };
        Ok(part.map_or(Datum::Null, Geometry::into_datum))
    }),
    ("st_numpatches(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        if geometry.kind == Kind::PolyhedralSurface { int(geometry.parts().len()) } else { Ok(Datum::Null) }
    }),
    ("st_patchn(geometry,int4)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        let part =
            if geometry.kind == Kind::PolyhedralSurface { nth(geometry.parts(), args::int(a, 1)?) } else { None };
        Ok(part.map_or(Datum::Null, |part| part.clone().into_datum()))
    }),
    ("st_pointn(geometry,int4)", |_, a| {
        let (geometry, n) = (args::geometry(a, 0)?, args::int(a, 1)?);
        if !is_line(geometry.kind) {
            return Ok(Datum::Null);
        }
        let coords = line_coords(&geometry);
        let n = if n < 0 { i64::from(n) + coords.len() as i64 + 1 } else { i64::from(n) };
        let coord = usize::try_from(n - 1).ok().and_then(|n| coords.get(n));
        Ok(coord.map_or(Datum::Null, |coord| point_like(*coord, &geometry)))
    }),
    ("st_startpoint(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        Ok(geometry.first_coord().map_or(Datum::Null, |coord| point_like(coord, &geometry)))
    }),
    ("st_endpoint(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        if !is_line(geometry.kind) {
            return Ok(Datum::Null);
        }
        Ok(line_coords(&geometry).last().map_or(Datum::Null, |coord| point_like(*coord, &geometry)))
    }),
    ("st_exteriorring(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        Ok(match geometry.kind {
            Kind::Polygon | Kind::Triangle => {
                let ring = geometry.rings().first().cloned().unwrap_or_default();
                Geometry::line(ring, 0).like(&geometry).into_datum()
            }
            Kind::CurvePolygon => geometry.parts().first().cloned().map_or_else(
                || Geometry::empty(Kind::LineString, 0).like(&geometry).into_datum(),
                Geometry::into_datum,
            ),
            _ => Datum::Null,
        })
    }),
    ("st_interiorringn(geometry,int4)", |_, a| {
        let (geometry, n) = (args::geometry(a, 0)?, args::int(a, 1)?);
        let Some(n) = usize::try_from(n).ok().filter(|n| *n >= 1) else { return Ok(Datum::Null) };
        Ok(match geometry.kind {
            Kind::Polygon => geometry
                .rings()
                .get(n)
                .map_or(Datum::Null, |ring| Geometry::line(ring.clone(), 0).like(&geometry).into_datum()),
            Kind::CurvePolygon => geometry.parts().get(n).cloned().map_or(Datum::Null, Geometry::into_datum),
            _ => Datum::Null,
        })
    }),
    ("st_numinteriorrings(geometry)", |_, a| interior_rings(a)),
    ("st_numinteriorring(geometry)", |_, a| interior_rings(a)),
    ("st_dimension(geometry)", |_, a| Ok(Datum::Int4(args::geometry(a, 0)?.dimension()))),
    ("st_coorddim(geometry)", |_, a| Ok(Datum::Int2(args::geometry(a, 0)?.coordinate_dimension() as i16))),
    ("st_ndims(geometry)", |_, a| Ok(Datum::Int2(args::geometry(a, 0)?.coordinate_dimension() as i16))),
    ("st_zmflag(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        Ok(Datum::Int2(2 * i16::from(geometry.z) + i16::from(geometry.m)))
    }),
    ("st_isempty(geometry)", |_, a| Ok(Datum::Bool(args::geometry(a, 0)?.is_empty()))),
    ("st_isclosed(geometry)", |_, a| Ok(Datum::Bool(closed(&args::geometry(a, 0)?)))),
    ("st_iscollection(geometry)", |_, a| Ok(Datum::Bool(args::geometry(a, 0)?.kind.is_collection()))),
    ("st_hasarc(geometry)", |_, a| Ok(Datum::Bool(has_arc(&args::geometry(a, 0)?)))),
    ("st_ispolygoncw(geometry)", |_, a| Ok(Datum::Bool(is_clockwise(&args::geometry(a, 0)?)))),
    ("st_ispolygonccw(geometry)", |_, a| Ok(Datum::Bool(is_clockwise(&reversed(args::geometry(a, 0)?))))),
    ("st_xmin(box3d)", |_, a| Ok(Datum::Float8(args::box3d(a, 0)?.0[0]))),
    ("st_ymin(box3d)", |_, a| Ok(Datum::Float8(args::box3d(a, 0)?.0[1]))),
    ("st_zmin(box3d)", |_, a| Ok(Datum::Float8(args::box3d(a, 0)?.0[2]))),
    ("st_xmax(box3d)", |_, a| Ok(Datum::Float8(args::box3d(a, 0)?.0[3]))),
    ("st_ymax(box3d)", |_, a| Ok(Datum::Float8(args::box3d(a, 0)?.0[4]))),
    ("st_zmax(box3d)", |_, a| Ok(Datum::Float8(args::box3d(a, 0)?.0[5]))),
    ("st_envelope(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        let Some(b) = Bounds::of(&geometry) else { return Ok(geometry.into_datum()) };
        Ok(casts::flat(b.min.x, b.min.y, b.max.x, b.max.y, geometry.srid).into_datum())
    }),
    ("st_boundingdiagonal(geometry,bool)", |_, a| {
        let (geometry, fits) = (args::geometry(a, 0)?, args::boolean(a, 1)?);
        let Some(bounds) = Bounds::of(&geometry) else {
            return Ok(Geometry::empty(Kind::LineString, geometry.srid).into_datum());
        };
        let bounds = if fits { bounds } else { bounds.rounded() };
        Ok(Geometry::line(vec![bounds.min, bounds.max], 0).like(&geometry).into_datum())
    }),
    ("st_points(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        let parts = geometry.all_coords().into_iter().map(|coord| Geometry::point(coord, 0)).collect();
        Ok(Geometry::collection(Kind::MultiPoint, parts, 0).like(&geometry).into_datum())
    }),
    ("st_memsize(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        let axes = if Bounds::is_stored(&geometry) { 8 * geometry.coordinate_dimension() } else { 0 };
        Ok(Datum::Int4(8 + axes + order::stored_size(&geometry) as i32))
    }),
    ("st_curvetoline(geometry,float8,int4,int4)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        if geometry.leaves().iter().any(|leaf| leaf.kind.has_arcs() || leaf.kind == Kind::CircularString) {
            return Err(crate::error::Error::unsupported("ST_CurveToLine of curves"));
        }
        Ok(a[0].clone())
    }),
    ("st_summary(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        if geometry.kind as u8 > Kind::Polygon as u8 {
            // PostGIS indents nested parts by rules that are not reproduced.
            return Err(crate::error::Error::unsupported("ST_Summary of collections"));
        }
        Ok(Datum::text(summary(&geometry, false, 0, true)))
    }),
    ("st_summary(geography)", |_, a| Ok(Datum::text(summary(&args::geometry(a, 0)?, true, 0, true)))),
    ("st_expand(geometry,float8)", |_, a| {
        let d = args::float(a, 1)?;
        expand(args::geometry(a, 0)?, [d, d, d, d])
    }),
    ("st_expand(geometry,float8,float8,float8,float8)", |_, a| {
        let d = [args::float(a, 1)?, args::float(a, 2)?, args::float(a, 3)?, args::float(a, 4)?];
        expand(args::geometry(a, 0)?, d)
    }),
    ("st_expand(box2d,float8)", |_, a| {
        let d = args::float(a, 1)?;
        Ok(expand_box2d(args::box2d(a, 0)?, d, d))
    }),
    ("st_expand(box2d,float8,float8)", |_, a| {
        Ok(expand_box2d(args::box2d(a, 0)?, args::float(a, 1)?, args::float(a, 2)?))
    }),
    ("st_expand(box3d,float8)", |_, a| {
        let d = args::float(a, 1)?;
        expand_box3d(a, d, d, d)
    }),
    ("st_expand(box3d,float8,float8,float8)", |_, a| {
        expand_box3d(a, args::float(a, 1)?, args::float(a, 2)?, args::float(a, 3)?)
    }),
];

fn int(value: usize) -> Result<Datum> {
    i32::try_from(value).map(Datum::Int4).map_err(|_| failure("too many parts"))
}

fn ordinate(a: &[Datum], name: &str, has: fn(&Geometry) -> bool, pick: fn(&Coord) -> f64) -> Result<Datum> {
    let geometry = args::geometry(a, 0)?;
    if geometry.kind != Kind::Point {
        return Err(failure(format!("Argument to ST_{name}() must have type POINT")));
    }
    Ok(geometry.first_coord().filter(|_| has(&geometry)).map_or(Datum::Null, |coord| Datum::Float8(pick(&coord))))
}

fn set_srid(_call: &crate::kernels::Call<'_>, a: &[Datum]) -> Result<Datum> {
    let mut geometry = args::geometry(a, 0)?;
    geometry.set_srid(super::clamp_srid(args::int(a, 1)?));
    Ok(geometry.into_datum())
}

fn geometry_type(_call: &crate::kernels::Call<'_>, a: &[Datum]) -> Result<Datum> {
    let geometry = args::geometry(a, 0)?;
    let suffix = if geometry.m && !geometry.z { "M" } else { "" };
    Ok(Datum::text(format!("{}{suffix}", geometry.kind.name().to_ascii_uppercase())))
}

fn is_line(kind: Kind) -> bool {
    matches!(kind, Kind::LineString | Kind::CircularString | Kind::CompoundCurve)
}

/// Kinds whose parts ST_GeometryN hands out.
pub(super) fn is_indexed(kind: Kind) -> bool {
    kind.is_collection() && !matches!(kind, Kind::CompoundCurve | Kind::CurvePolygon)
}

/// A line's positions; those of a compound curve as stored, joints twice.
fn line_coords(geometry: &Geometry) -> Vec<Coord> {
    geometry.all_coords()
}

fn nth(parts: &[Geometry], n: i32) -> Option<&Geometry> {
    parts.get(usize::try_from(n).ok()?.checked_sub(1)?)
}

pub(super) fn point_like(coord: Coord, geometry: &Geometry) -> Datum {
    Geometry::point(coord, 0).like(geometry).into_datum()
}

fn rings(geometry: &Geometry) -> usize {
    match geometry.kind {
        Kind::Polygon | Kind::Triangle => geometry.rings().len(),
        Kind::CurvePolygon => geometry.parts().len(),
        _ => geometry.parts().iter().map(rings).sum(),
    }
}

fn interior_rings(a: &[Datum]) -> Result<Datum> {
    let geometry = args::geometry(a, 0)?;
    match geometry.kind {
        Kind::Polygon => int(geometry.rings().len().saturating_sub(1)),
        Kind::CurvePolygon => int(geometry.parts().len().saturating_sub(1)),
        _ => Ok(Datum::Null),
    }
}

fn closed(geometry: &Geometry) -> bool {
    if geometry.is_empty() {
        return false;
    }
    match geometry.kind {
        Kind::LineString => {
            let coords = geometry.coords();
            is_closed(coords)
                && (!geometry.z || coords.first().zip(coords.last()).is_none_or(|(first, last)| first.z == last.z))
        }
        Kind::CircularString => is_closed(geometry.coords()),
        Kind::CompoundCurve => is_closed(&geometry.all_coords()),
        Kind::PolyhedralSurface | Kind::Tin => closed_surface(geometry),
        Kind::MultiLineString | Kind::MultiCurve | Kind::GeometryCollection => geometry.parts().iter().all(closed),
        _ => true,
    }
}

/// Every edge is shared by exactly two faces.
fn closed_surface(geometry: &Geometry) -> bool {
    let mut edges: std::collections::HashMap<[[u64; 3]; 2], u32> = std::collections::HashMap::new();
    for face in geometry.parts() {
        for ring in face.rings() {
            for edge in ring.windows(2) {
                let corner = |coord: &Coord| [coord.x, coord.y, coord.z].map(f64::to_bits);
                let mut ends = [corner(&edge[0]), corner(&edge[1])];
                ends.sort_unstable();
                *edges.entry(ends).or_default() += 1;
            }
        }
    }
    geometry.z && edges.values().all(|count| *count == 2)
}

fn has_arc(geometry: &Geometry) -> bool {
    geometry.kind == Kind::CircularString || geometry.parts().iter().any(has_arc)
}

/// Twice the signed area, positive when clockwise.
pub(super) fn ring_area(ring: &[Coord]) -> f64 {
    let Some(first) = ring.first() else { return 0.0 };
    if ring.len() < 3 {
        return 0.0;
    }
    let mut sum = 0.0;
    for index in 1..ring.len() - 1 {
        sum += (ring[index].x - first.x) * (ring[index - 1].y - ring[index + 1].y);
    }
    sum
}

pub(super) fn ring_is_ccw(ring: &[Coord]) -> bool {
    ring_area(ring) / 2.0 <= 0.0
}

fn is_clockwise(geometry: &Geometry) -> bool {
    match geometry.kind {
        Kind::Polygon | Kind::Triangle => geometry.rings().iter().enumerate().all(|(index, ring)| {
            if geometry.kind == Kind::Triangle { !ring_is_ccw(ring) } else { ring_is_ccw(ring) == (index > 0) }
        }),
        _ => geometry.parts().iter().all(is_clockwise),
    }
}

pub(super) fn reversed(mut geometry: Geometry) -> Geometry {
    geometry.sequences_mut(&mut |coords| coords.reverse());
    geometry
}

fn expand_box2d([xmin, ymin, xmax, ymax]: [f64; 4], dx: f64, dy: f64) -> Datum {
    Datum::Box2d([xmin - dx, ymin - dy, xmax + dx, ymax + dy])
}

fn expand_box3d(a: &[Datum], dx: f64, dy: f64, dz: f64) -> Result<Datum> {
    let ([x0, y0, z0, x1, y1, z1], srid) = args::box3d(a, 0)?;
    Ok(Datum::Box3d([x0 - dx, y0 - dy, z0 - dz, x1 + dx, y1 + dy, z1 + dz], srid))
}

fn expand(geometry: Geometry, [dx, dy, dz, dm]: [f64; 4]) -> Result<Datum> {
    let Some(bounds) = Bounds::of(&geometry) else { return Ok(geometry.into_datum()) };
    let low = Coord { x: bounds.min.x - dx, y: bounds.min.y - dy, z: bounds.min.z - dz, m: bounds.min.m - dm };
    let high = Coord { x: bounds.max.x + dx, y: bounds.max.y + dy, z: bounds.max.z + dz, m: bounds.max.m + dm };
    let ring = vec![low, Coord { y: high.y, ..low }, high, Coord { y: low.y, ..high }, low];
    Ok(Geometry::polygon(vec![ring], 0).like(&geometry).into_datum())
}

/// `ST_Summary`: one line per part.
fn summary(geometry: &Geometry, geographic: bool, offset: usize, outermost: bool) -> String {
    let mut flags = String::new();
    for (letter, on) in [
        ('Z', geometry.z),
        ('M', geometry.m),
        ('B', outermost && Bounds::is_stored(geometry)),
        ('G', geographic),
        ('S', geometry.srid != 0),
    ] {
        if on {
            flags.push(letter);
        }
    }
    let pad = " ".repeat(offset);
    let mut out = format!("{pad}{}[{flags}]", geometry.kind.name());
    match &geometry.body {
        Body::Coords(_) if geometry.kind == Kind::Point => {}
        Body::Coords(coords) => out.push_str(&format!(" with {} points", coords.len())),
        Body::Rings(rings) if geometry.kind == Kind::Triangle => {
            out.push_str(&format!(" with {} points", rings.first().map_or(0, Vec::len)));
        }
        Body::Rings(rings) => {
            let (plural, end) = (if rings.len() == 1 { "" } else { "s" }, if rings.is_empty() { "" } else { ":" });
            out.push_str(&format!(" with {} ring{plural}{end}", rings.len()));
            for (index, ring) in rings.iter().enumerate() {
                out.push_str(&format!("\n{pad}   ring {index} has {} points", ring.len()));
            }
        }
        Body::Parts(parts) => {
            let (plural, end) = (if parts.len() == 1 { "" } else { "s" }, if parts.is_empty() { "" } else { ":" });
            out.push_str(&format!(" with {} element{plural}{end}", parts.len()));
            for part in parts {
                out.push('\n');
                out.push_str(&summary(part, geographic, offset + 2, false));
            }
        }
    }
    out
}
