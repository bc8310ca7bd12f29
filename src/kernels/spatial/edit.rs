//! Editors: dimensions, affine transformations, order of positions, collections.

use crate::error::Result;
use crate::kernels::Scalar;
use crate::types::Datum;

use super::access::{reversed, ring_is_ccw};
use super::args;
use super::geometry::{Body, Coord, Geometry, Kind, failure};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_force2d(geometry)", |_, a| force(a, false, false, 0.0, 0.0)),
    ("st_force3d(geometry,float8)", |_, a| force(a, true, false, args::float(a, 1)?, 0.0)),
    ("st_force3dz(geometry,float8)", |_, a| force(a, true, false, args::float(a, 1)?, 0.0)),
    ("st_force3dm(geometry,float8)", |_, a| force(a, false, true, 0.0, args::float(a, 1)?)),
    ("st_force4d(geometry,float8,float8)", |_, a| force(a, true, true, args::float(a, 1)?, args::float(a, 2)?)),
    ("st_forcecollection(geometry)", |_, a| {
        let mut geometry = args::geometry(a, 0)?;
        if geometry.kind.is_collection() && !matches!(geometry.kind, Kind::CompoundCurve | Kind::CurvePolygon) {
            geometry.kind = Kind::GeometryCollection;
            return Ok(geometry.into_datum());
        }
        Ok(wrapped(geometry, Kind::GeometryCollection).into_datum())
    }),
    ("st_multi(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        Ok(match geometry.kind {
            Kind::Point
            | Kind::LineString
            | Kind::Polygon
            | Kind::CircularString
            | Kind::CompoundCurve
            | Kind::CurvePolygon
            | Kind::Triangle => {
                let kind = geometry.kind.multi();
                if geometry.is_empty() { Geometry::empty(kind, 0).like(&geometry) } else { wrapped(geometry, kind) }
            }
            _ => geometry,
        }
        .into_datum())
    }),
    ("st_reverse(geometry)", |_, a| Ok(reversed(args::geometry(a, 0)?).into_datum())),
    ("st_flipcoordinates(geometry)", |_, a| mapped(a, |coord| std::mem::swap(&mut coord.x, &mut coord.y))),
    ("st_swapordinates(geometry,cstring)", swap_ordinates),
    ("st_translate(geometry,float8,float8)", |_, a| translate(a, 0.0)),
    ("st_translate(geometry,float8,float8,float8)", |_, a| translate(a, args::float(a, 3)?)),
    ("st_scale(geometry,float8,float8)", |_, a| {
        let (x, y) = (args::float(a, 1)?, args::float(a, 2)?);
        mapped(a, |coord| (coord.x, coord.y) = (coord.x * x, coord.y * y))
    }),
    ("st_scale(geometry,float8,float8,float8)", |_, a| {
        let (x, y, z) = (args::float(a, 1)?, args::float(a, 2)?, args::float(a, 3)?);
        mapped(a, |coord| (coord.x, coord.y, coord.z) = (coord.x * x, coord.y * y, coord.z * z))
    }),
    ("st_transscale(geometry,float8,float8,float8,float8)", |_, a| {
        let (dx, dy) = (args::float(a, 1)?, args::float(a, 2)?);
        let (x, y) = (args::float(a, 3)?, args::float(a, 4)?);
        affine(a, [x, 0.0, 0.0, 0.0, y, 0.0, 0.0, 0.0, 1.0, dx * x, dy * y, 0.0])
    }),
    ("st_rotate(geometry,float8)", |_, a| rotate(a, 0.0, 0.0)),
    ("st_rotatez(geometry,float8)", |_, a| rotate(a, 0.0, 0.0)),
    ("st_rotate(geometry,float8,float8,float8)", |_, a| rotate(a, args::float(a, 2)?, args::float(a, 3)?)),
    ("st_rotate(geometry,float8,geometry)", |_, a| match args::geometry(a, 2)? {
        origin if origin.kind == Kind::Point => match origin.first_coord() {
            Some(origin) => rotate(a, origin.x, origin.y),
            None => Ok(Datum::Null),
        },
        _ => Err(failure("Argument to ST_X() must have type POINT")),
    }),
    ("st_rotatex(geometry,float8)", |_, a| {
        let (sin, cos) = args::float(a, 1)?.sin_cos();
        affine(a, [1.0, 0.0, 0.0, 0.0, cos, -sin, 0.0, sin, cos, 0.0, 0.0, 0.0])
    }),
    ("st_rotatey(geometry,float8)", |_, a| {
        let (sin, cos) = args::float(a, 1)?.sin_cos();
        affine(a, [cos, 0.0, sin, 0.0, 1.0, 0.0, -sin, 0.0, cos, 0.0, 0.0, 0.0])
    }),
    ("st_affine(geometry,float8,float8,float8,float8,float8,float8)", |_, a| {
        let f = |index| args::float(a, index);
        affine(a, [f(1)?, f(2)?, 0.0, f(3)?, f(4)?, 0.0, 0.0, 0.0, 1.0, f(5)?, f(6)?, 0.0])
    }),
    (
        "st_affine(geometry,float8,float8,float8,float8,float8,float8,float8,float8,float8,float8,float8,float8)",
        |_, a| {
            let mut matrix = [0.0; 12];
            for (index, value) in matrix.iter_mut().enumerate() {
                *value = args::float(a, index + 1)?;
            }
            affine(a, matrix)
        },
    ),
    ("st_addpoint(geometry,geometry)", |_, a| add_point(a, -1)),
    ("st_addpoint(geometry,geometry,int4)", |_, a| add_point(a, args::int(a, 2)?)),
    ("st_setpoint(geometry,int4,geometry)", |_, a| {
        let (mut line, mut n, point) = (args::geometry(a, 0)?, args::int(a, 1)?, args::geometry(a, 2)?);
        if point.kind != Kind::Point {
            return Err(failure("Third argument must be a POINT"));
        }
        if line.kind != Kind::LineString {
            return Err(failure("First argument must be a LINESTRING"));
        }
        let count = line.coords().len();
        if n < 0 {
            n = n.saturating_add(count as i32);
        }
        let index = usize::try_from(n)
            .ok()
            .filter(|index| *index < count)
            .ok_or_else(|| failure(format!("abs(Point index) out of range (-)(0..{})", count.saturating_sub(1))))?;
        let Some(coord) = point.first_coord() else {
            return Err(crate::error::Error::unsupported("st_setpoint with an empty point"));
        };
        let kept = coord_like(coord, &point, &line);
        line.sequences_mut(&mut |coords| coords[index] = kept);
        Ok(line.into_datum())
    }),
    ("st_removepoint(geometry,int4)", |_, a| {
        let (mut line, n) = (args::geometry(a, 0)?, args::int(a, 1)?);
        if line.kind != Kind::LineString {
            return Err(failure("First argument must be a LINESTRING"));
        }
        let count = line.coords().len();
        let index = usize::try_from(n)
            .ok()
            .filter(|index| *index < count)
            .ok_or_else(|| failure(format!("Point index out of range (0..{})", count.saturating_sub(1))))?;
        if count < 3 {
            return Err(failure("Can't remove points from a single segment line"));
        }
        line.sequences_mut(&mut |coords| {
            coords.remove(index);
        });
        Ok(line.into_datum())
    }),
    ("st_forcepolygoncw(geometry)", |_, a| Ok(oriented(args::geometry(a, 0)?, true).into_datum())),
    ("st_forcepolygonccw(geometry)", |_, a| Ok(oriented(args::geometry(a, 0)?, false).into_datum())),
    ("st_forcerhr(geometry)", |_, a| Ok(oriented(args::geometry(a, 0)?, true).into_datum())),
    ("st_collectionextract(geometry,int4)", |_, a| {
        let (geometry, number) = (args::geometry(a, 0)?, args::int(a, 1)?);
        let kind = match number {
            1 => Kind::Point,
            2 => Kind::LineString,
            3 => Kind::Polygon,
            _ => {
                return Err(failure("ST_CollectionExtract: only point, linestring and polygon may be extracted"));
            }
        };
        Ok(extract(geometry, kind).into_datum())
    }),
    ("st_collectionextract(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        let dimension = geometry.leaves().iter().filter(|leaf| !leaf.is_empty()).map(|leaf| leaf.dimension()).max();
        let kind = match dimension {
            Some(0) => Kind::Point,
            Some(1) => Kind::LineString,
            Some(_) => Kind::Polygon,
            None => return Ok(geometry.into_datum()),
        };
        Ok(extract(geometry, kind).into_datum())
    }),
    ("st_shiftlongitude(geometry)", |_, a| {
        mapped(a, |coord| {
            if coord.x < 0.0 {
                coord.x += 360.0;
            } else if coord.x > 180.0 {
                coord.x -= 360.0;
            }
        })
    }),
    ("st_snaptogrid(geometry,float8)", |_, a| {
        let size = args::float(a, 1)?;
        snap(a, [0.0; 4], [size, size, 0.0, 0.0])
    }),
    ("st_snaptogrid(geometry,float8,float8)", |_, a| {
        snap(a, [0.0; 4], [args::float(a, 1)?, args::float(a, 2)?, 0.0, 0.0])
    }),
    ("st_snaptogrid(geometry,float8,float8,float8,float8)", |_, a| {
        let origin = [args::float(a, 1)?, args::float(a, 2)?, 0.0, 0.0];
        snap(a, origin, [args::float(a, 3)?, args::float(a, 4)?, 0.0, 0.0])
    }),
    ("st_chaikinsmoothing(geometry,int4,bool)", |_, a| {
        let (mut geometry, times, keep) = (args::geometry(a, 0)?, args::int(a, 1)?, args::boolean(a, 2)?);
        if !(1..=5).contains(&times) {
            return Err(failure("Number of iterations must be between 1 and 5 : LWGEOM_ChaikinSmoothing"));
        }
        for _ in 0..times {
            smooth(&mut geometry, keep);
        }
        Ok(geometry.into_datum())
    }),
];

fn wrapped(geometry: Geometry, kind: Kind) -> Geometry {
    Geometry::collection(kind, vec![geometry.clone()], 0).like(&geometry)
}

fn force(a: &[Datum], z: bool, m: bool, z_value: f64, m_value: f64) -> Result<Datum> {
    let mut geometry = args::geometry(a, 0)?;
    let (had_z, had_m) = (geometry.z, geometry.m);
    geometry.visit_mut(&mut |coord| {
        if !had_z {
            coord.z = z_value;
        }
        if !had_m {
            coord.m = m_value;
        }
    });
    geometry.set_dimensions(z, m);
    Ok(geometry.into_datum())
}

fn mapped(a: &[Datum], mut change: impl FnMut(&mut Coord)) -> Result<Datum> {
    let mut geometry = args::geometry(a, 0)?;
    geometry.visit_mut(&mut change);
    Ok(geometry.into_datum())
}

fn translate(a: &[Datum], dz: f64) -> Result<Datum> {
    affine(a, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, args::float(a, 1)?, args::float(a, 2)?, dz])
}

fn rotate(a: &[Datum], x: f64, y: f64) -> Result<Datum> {
    let (sin, cos) = args::float(a, 1)?.sin_cos();
    let (dx, dy) = if x == 0.0 && y == 0.0 { (0.0, 0.0) } else { (x - cos * x + sin * y, y - sin * x - cos * y) };
    affine(a, [cos, -sin, 0.0, sin, cos, 0.0, 0.0, 0.0, 1.0, dx, dy, 0.0])
}

/// Row-major 3x3 matrix, then the offset.
fn affine(a: &[Datum], m: [f64; 12]) -> Result<Datum> {
    let mut geometry = args::geometry(a, 0)?;
    let z = geometry.z;
    geometry.visit_mut(&mut |coord| {
        let Coord { x, y, z: height, .. } = *coord;
        if z {
            coord.x = m[0] * x + m[1] * y + m[2] * height + m[9];
            coord.y = m[3] * x + m[4] * y + m[5] * height + m[10];
            coord.z = m[6] * x + m[7] * y + m[8] * height + m[11];
        } else {
            coord.x = m[0] * x + m[1] * y + m[9];
            coord.y = m[3] * x + m[4] * y + m[10];
        }
    });
    Ok(geometry.into_datum())
}

fn swap_ordinates(_call: &crate::kernels::Call<'_>, a: &[Datum]) -> Result<Datum> {
    let (mut geometry, names) = (args::geometry(a, 0)?, args::text(a, 1)?);
    let bytes = names.as_bytes();
    if bytes.len() != 2 {
        return Err(failure(
            "Invalid ordinate specification. Need two letters from the set (x,y,z,m). Got '".to_owned() + names + "'",
        ));
    }
    for byte in bytes {
        match byte {
            b'x' | b'y' => {}
            b'z' if geometry.z => {}
            b'm' if geometry.m => {}
            b'z' => return Err(failure("Geometry does not have a Z ordinate")),
            b'm' => return Err(failure("Geometry does not have an M ordinate")),
            other => {
                return Err(failure(format!("Invalid ordinate name '{}'. Expected x,y,z or m", char::from(*other))));
            }
        }
    }
    let (one, two) = (bytes[0], bytes[1]);
    let get = |coord: &Coord, name: u8| match name {
        b'x' => coord.x,
        b'y' => coord.y,
        b'z' => coord.z,
        _ => coord.m,
    };
    let set = |coord: &mut Coord, name: u8, value: f64| match name {
        b'x' => coord.x = value,
        b'y' => coord.y = value,
        b'z' => coord.z = value,
        _ => coord.m = value,
    };
    geometry.visit_mut(&mut |coord| {
        let (first, second) = (get(coord, one), get(coord, two));
        set(coord, one, second);
        set(coord, two, first);
    });
    Ok(geometry.into_datum())
}

/// A position with the ordinates `line` has and `point` gives.
fn coord_like(coord: Coord, point: &Geometry, line: &Geometry) -> Coord {
    Coord {
        z: if point.z && line.z { coord.z } else { 0.0 },
        m: if point.m && line.m { coord.m } else { 0.0 },
        ..coord
    }
}

fn add_point(a: &[Datum], at: i32) -> Result<Datum> {
    let (mut line, point) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
    if point.kind != Kind::Point {
        return Err(failure("Second argument must be a POINT"));
    }
    if line.kind != Kind::LineString {
        return Err(failure("First argument must be a LINESTRING"));
    }
    let count = line.coords().len();
    let index = if at == -1 { Some(count) } else { usize::try_from(at).ok().filter(|at| *at <= count) };
    let Some(index) = index else { return Err(failure("LWGEOM_addpoint: Invalid offset")) };
    let Some(coord) = point.first_coord() else { return Ok(line.into_datum()) };
    let kept = coord_like(coord, &point, &line);
    line.sequences_mut(&mut |coords| coords.insert(index, kept));
    Ok(line.into_datum())
}

fn oriented(mut geometry: Geometry, clockwise: bool) -> Geometry {
    match &mut geometry.body {
        Body::Rings(rings) => {
            for (index, ring) in rings.iter_mut().enumerate() {
                let wanted_ccw = clockwise == (index > 0);
                if ring_is_ccw(ring) != wanted_ccw {
                    ring.reverse();
                }
            }
        }
        Body::Parts(parts) => {
            for part in parts.iter_mut() {
                *part = oriented(std::mem::replace(part, Geometry::empty(Kind::Point, 0)), clockwise);
            }
        }
        Body::Coords(_) => {}
    }
    geometry
}

fn extract(geometry: Geometry, kind: Kind) -> Geometry {
    if !geometry.kind.is_collection() {
        return if geometry.kind == kind { geometry } else { Geometry::empty(kind, 0).like(&geometry) };
    }
    let parts: Vec<Geometry> =
        geometry.leaves().into_iter().filter(|leaf| leaf.kind == kind && !leaf.is_empty()).cloned().collect();
    Geometry::collection(kind.multi(), parts, 0).like(&geometry)
}

/// Grid cells of 0 leave an ordinate alone; what collapses is dropped.
fn snap(a: &[Datum], origin: [f64; 4], size: [f64; 4]) -> Result<Datum> {
    let geometry = args::geometry(a, 0)?;
    if size.iter().all(|size| *size == 0.0) {
        return Ok(geometry.into_datum());
    }
    let on_grid = |value: f64, axis: usize| {
        if size[axis] > 0.0 {
            ((value - origin[axis]) / size[axis]).round_ties_even() * size[axis] + origin[axis]
        } else {
            value
        }
    };
    let snapped = |coords: &[Coord]| {
        let mut out: Vec<Coord> = Vec::new();
        for coord in coords {
            let coord = Coord { x: on_grid(coord.x, 0), y: on_grid(coord.y, 1), ..*coord };
            if out.last() != Some(&coord) {
                out.push(coord);
            }
        }
        out
    };
    let empty = Geometry::empty(geometry.kind, 0).like(&geometry);
    Ok(snapped_geometry(&geometry, &snapped).unwrap_or(empty).into_datum())
}

fn snapped_geometry(geometry: &Geometry, snapped: &impl Fn(&[Coord]) -> Vec<Coord>) -> Option<Geometry> {
    let body = match &geometry.body {
        Body::Coords(coords) => {
            let coords = snapped(coords);
            let least = if geometry.kind == Kind::Point { 1 } else { 2 };
            if coords.len() < least && !geometry.is_empty() {
                return None;
            }
            Body::Coords(coords)
        }
        Body::Rings(rings) => {
            let mut kept = Vec::new();
            for (index, ring) in rings.iter().enumerate() {
                let ring = snapped(ring);
                if ring.len() >= 4 {
                    kept.push(ring);
                } else if index == 0 {
                    return None;
                }
            }
            Body::Rings(kept)
        }
        Body::Parts(parts) => Body::Parts(parts.iter().filter_map(|part| snapped_geometry(part, snapped)).collect()),
    };
    Some(Geometry { body, ..*geometry })
}

fn smooth(geometry: &mut Geometry, keep_ends: bool) {
    match &mut geometry.body {
        Body::Coords(coords) if geometry.kind == Kind::LineString => *coords = chaikin(coords, true),
        Body::Coords(_) => {}
        Body::Rings(rings) => {
            for ring in rings {
                *ring = chaikin(ring, keep_ends);
            }
        }
        Body::Parts(parts) => parts.iter_mut().for_each(|part| smooth(part, keep_ends)),
    }
}

fn chaikin(coords: &[Coord], keep_ends: bool) -> Vec<Coord> {
    let mut out = Vec::new();
    let last = coords.len().saturating_sub(2);
    for (index, edge) in coords.windows(2).enumerate() {
        let (a, b) = (&edge[0], &edge[1]);
        let mix = |near: f64, p: f64, q: f64| p * near + q * (1.0 - near);
        let at = |near: f64| Coord {
            x: mix(near, a.x, b.x),
            y: mix(near, a.y, b.y),
            z: mix(near, a.z, b.z),
            m: mix(near, a.m, b.m),
        };
        if keep_ends && index == 0 {
            out.push(*a);
        } else {
            out.push(at(0.75));
        }
        if keep_ends && index == last {
            out.push(*b);
        } else {
            out.push(at(0.25));
        }
    }
    if !keep_ends && let Some(first) = out.first().copied() {
        out.push(first);
    }
    out
}
