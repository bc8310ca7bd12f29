//! Constructors of geometries from numbers and from other geometries.

use crate::error::Result;
use crate::kernels::{Call, Scalar};
use crate::types::Datum;

use super::args;
use super::bounds::Bounds;
use super::geometry::{Coord, Geometry, Kind, failure, same_srid};
use super::wkb::is_closed;

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_makepoint(float8,float8)", |_, a| point(a, [0, 1], None, None, None)),
    ("st_makepoint(float8,float8,float8)", |_, a| point(a, [0, 1], Some(2), None, None)),
    ("st_makepoint(float8,float8,float8,float8)", |_, a| point(a, [0, 1], Some(2), Some(3), None)),
    ("st_makepointm(float8,float8,float8)", |_, a| point(a, [0, 1], None, Some(2), None)),
    ("st_point(float8,float8)", |_, a| point(a, [0, 1], None, None, None)),
    ("st_point(float8,float8,int4)", |_, a| point(a, [0, 1], None, None, Some(2))),
    ("st_pointz(float8,float8,float8,int4)", |_, a| point(a, [0, 1], Some(2), None, Some(3))),
    ("st_pointm(float8,float8,float8,int4)", |_, a| point(a, [0, 1], None, Some(2), Some(3))),
    ("st_pointzm(float8,float8,float8,float8,int4)", |_, a| point(a, [0, 1], Some(2), Some(3), Some(4))),
    ("st_makeline(geometry,geometry)", |_, a| {
        let parts = vec![args::geometry(a, 0)?, args::geometry(a, 1)?];
        if !parts.iter().all(|part| matches!(part.kind, Kind::Point | Kind::LineString | Kind::MultiPoint)) {
            return Err(failure("Input geometries must be points or lines"));
        }
        same_srid(&parts[0], &parts[1], "LWGEOM_makeline")?;
        Ok(line_of(&parts).into_datum())
    }),
    ("st_makeline(_geometry)", |_, a| make_line(args::geometries(a, 0)?)),
    ("st_makepolygon(geometry)", |_, a| make_polygon(args::geometry(a, 0)?, &[])),
    ("st_makepolygon(geometry,_geometry)", |_, a| make_polygon(args::geometry(a, 0)?, &args::array(a, 1)?.values)),
    ("st_polygon(geometry,int4)", |_, a| {
        let mut polygon = polygon_of(args::geometry(a, 0)?, &[])?;
        polygon.set_srid(super::clamp_srid(args::int(a, 1)?));
        Ok(polygon.into_datum())
    }),
    ("st_makeenvelope(float8,float8,float8,float8,int4)", |_, a| {
        let srid = super::clamp_srid(args::int(a, 4)?);
        let side = |index| args::float(a, index);
        Ok(Geometry::rectangle(side(0)?, side(1)?, side(2)?, side(3)?, srid).into_datum())
    }),
    ("st_tileenvelope(int4,int4,int4,geometry,float8)", tile_envelope),
    ("st_makebox2d(geometry,geometry)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        let (low, high) = corners(&one, &two, "BOX2D_construct", "arguments must be points")?;
        Ok(Datum::Box2d([low.x.min(high.x), low.y.min(high.y), low.x.max(high.x), low.y.max(high.y)]))
    }),
    ("st_3dmakebox(geometry,geometry)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        let (low, high) = corners(&one, &two, "BOX3D_construct", "args must be points")?;
        Ok(Datum::Box3d([low.x, low.y, low.z, high.x, high.y, high.z], one.srid))
    }),
    ("st_collect(geometry,geometry)", collect_two),
    ("st_collect(_geometry)", |_, a| {
        let array = args::array(a, 0)?;
        if array.values.is_empty() {
            return Ok(Datum::Null);
        }
        collect(args::geometries(a, 0)?, "LWGEOM_collect_garray")
    }),
    ("st_linefrommultipoint(geometry)", |_, a| {
        let points = args::geometry(a, 0)?;
        if points.kind != Kind::MultiPoint {
            return Err(failure("makeline: input must be a multipoint"));
        }
        Ok(Geometry::line(points.all_coords(), 0).like(&points).into_datum())
    }),
    ("st_square(float8,int4,int4,geometry)", |_, a| {
        let (size, i, j) = (args::float(a, 0)?, args::int(a, 1)?, args::int(a, 2)?);
        let origin = args::geometry(a, 3)?;
        let at = origin_of(&origin, "ST_Square")?;
        Ok(square(at, size, i, j, origin.srid).into_datum())
    }),
    ("st_hexagon(float8,int4,int4,geometry)", |_, a| {
        let (size, i, j) = (args::float(a, 0)?, args::int(a, 1)?, args::int(a, 2)?);
        let origin = args::geometry(a, 3)?;
        let at = origin_of(&origin, "ST_Hexagon")?;
        Ok(hexagon(at, size, i, j, origin.srid).into_datum())
    }),
];

fn point(a: &[Datum], xy: [usize; 2], z: Option<usize>, m: Option<usize>, srid: Option<usize>) -> Result<Datum> {
    let ordinate = |index: Option<usize>| index.map_or(Ok(0.0), |index| args::float(a, index));
    let coord = Coord { x: args::float(a, xy[0])?, y: args::float(a, xy[1])?, z: ordinate(z)?, m: ordinate(m)? };
    let srid = srid.map_or(Ok(0), |index| args::int(a, index))?;
    let point = Geometry::point(coord, super::clamp_srid(srid));
    Ok(point.dimensioned(z.is_some(), m.is_some()).into_datum())
}

/// Points and lines joined; a position equal to the one before is left out between parts that are lines.
fn line_of(parts: &[Geometry]) -> Geometry {
    let z = parts.iter().any(|part| part.z);
    let m = parts.iter().any(|part| part.m);
    let mut coords: Vec<Coord> = Vec::new();
    for part in parts {
        let own = part.all_coords();
        let skip = part.kind == Kind::LineString
            && coords.last().zip(own.first()).is_some_and(|(last, first)| {
                last.same_xy(first) && (!z || last.z == first.z) && (!m || last.m == first.m)
            });
        coords.extend(own.into_iter().skip(usize::from(skip)));
    }
    Geometry::line(coords, parts.first().map_or(0, |part| part.srid)).dimensioned(z, m)
}

/// `ST_MakeLine` over many: other kinds are left out; NULL when nothing is left.
pub(super) fn make_line(parts: Vec<Geometry>) -> Result<Datum> {
    let parts: Vec<Geometry> = parts
        .into_iter()
        .filter(|part| matches!(part.kind, Kind::Point | Kind::LineString | Kind::MultiPoint))
        .collect();
    let Some(first) = parts.first() else { return Ok(Datum::Null) };
    for part in &parts[1..] {
        mixed(first, part, "LWGEOM_makeline_garray")?;
    }
    Ok(line_of(&parts).into_datum())
}

fn mixed(first: &Geometry, part: &Geometry, function: &str) -> Result<()> {
    if first.srid == part.srid {
        return Ok(());
    }
    Err(failure(format!(
        "{function}: Operation on mixed SRID geometries {} {} != {}",
        part.kind.name(),
        part.srid,
        first.srid
    )))
}

fn make_polygon(shell: Geometry, holes: &[Datum]) -> Result<Datum> {
    Ok(polygon_of(shell, holes)?.into_datum())
}

fn polygon_of(shell: Geometry, holes: &[Datum]) -> Result<Geometry> {
    if shell.kind != Kind::LineString {
        return Err(failure("Shell is not a line"));
    }
    let mut lines = Vec::new();
    for (index, hole) in holes.iter().enumerate() {
        let line = if hole.is_null() { None } else { Some(Geometry::from_datum(hole)?) };
        match line {
            Some(line) if line.kind == Kind::LineString => lines.push(line),
            _ => return Err(failure(format!("Hole {index} is not a line"))),
        }
    }
    let closed = |line: &Geometry| {
        is_closed(line.coords())
            && (!line.z || line.coords().first().zip(line.coords().last()).is_none_or(|(a, b)| a.z == b.z))
    };
    let refuse = |what: &str| Err(failure(format!("lwpoly_from_lwlines: {what}")));
    if shell.coords().len() < 4 {
        return refuse("shell must have at least 4 points");
    }
    if !closed(&shell) {
        return refuse("shell must be closed");
    }
    let mut rings = vec![shell.coords().to_vec()];
    for hole in &lines {
        if hole.srid != shell.srid {
            return refuse("mixed SRIDs in input lines");
        }
        if hole.coords().len() < 4 {
            return refuse("holes must have at least 4 points");
        }
        if !closed(hole) {
            return refuse("holes must be closed");
        }
        rings.push(hole.coords().to_vec());
    }
    Ok(Geometry::polygon(rings, 0).like(&shell))
}

fn corners(one: &Geometry, two: &Geometry, function: &str, wrong: &str) -> Result<(Coord, Coord)> {
    if one.kind != Kind::Point || two.kind != Kind::Point {
        return Err(failure(format!("{function}: {wrong}")));
    }
    same_srid(one, two, function)?;
    match (one.first_coord(), two.first_coord()) {
        (Some(low), Some(high)) => Ok((low, high)),
        _ => Err(failure(format!("{function}: args can not be empty points"))),
    }
}

fn collect_two(_call: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    match (args::is_null(a, 0), args::is_null(a, 1)) {
        (true, true) => return Ok(Datum::Null),
        (true, false) => return Ok(args::geometry(a, 1)?.into_datum()),
        (false, true) => return Ok(args::geometry(a, 0)?.into_datum()),
        (false, false) => {}
    }
    let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
    if (one.z, one.m) != (two.z, two.m) {
        return Err(failure("Cannot ST_Collect geometries with differing dimensionality."));
    }
    same_srid(&one, &two, "LWGEOM_collect")?;
    collect(vec![one, two], "LWGEOM_collect")
}

/// One collection: a multi type when all parts are of the same simple type. NULL for nothing.
pub(super) fn collect(parts: Vec<Geometry>, function: &str) -> Result<Datum> {
    let Some(first) = parts.first() else { return Ok(Datum::Null) };
    let flags = |part: &Geometry| i32::from(part.z) + 2 * i32::from(part.m);
    for part in &parts[1..] {
        mixed(first, part, function)?;
        if flags(part) != flags(first) {
            // liblwgeom prints its own Z/M flag numbers.
            let number = |part: &Geometry| 2 * i32::from(part.z) + i32::from(part.m);
            return Err(failure(format!(
                "lwcollection_construct: mixed dimension geometries: {}/{}",
                number(first),
                number(part)
            )));
        }
    }
    let kind = if parts.iter().all(|part| part.kind == first.kind) && first.kind != Kind::CurvePolygon {
        first.kind.multi()
    } else {
        Kind::GeometryCollection
    };
    let (srid, z, m) = (first.srid, first.z, first.m);
    let mut geometry = Geometry::collection(kind, parts, srid);
    (geometry.z, geometry.m) = (z, m);
    Ok(geometry.into_datum())
}

fn tile_envelope(_call: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    let (zoom, x, y) = (args::int(a, 0)?, args::int(a, 1)?, args::int(a, 2)?);
    let (bounds, margin) = (args::geometry(a, 3)?, args::float(a, 4)?);
    let refuse = |message: String| Err(failure(format!("ST_TileEnvelope: {message}")));
    let Some(outer) = Bounds::of(&bounds) else { return refuse("Unable to compute bbox".to_owned()) };
    if margin < -0.5 {
        return refuse(format!("Margin must not be less than -50%, margin={margin:.6}"));
    }
    let width = outer.max.x - outer.min.x;
    let height = outer.max.y - outer.min.y;
    if width <= 0.0 || height <= 0.0 {
        return refuse("Geometric bounds are too small".to_owned());
    }
    if !(0..32).contains(&zoom) {
        return refuse(format!("Invalid tile zoom value, {zoom}"));
    }
    let tiles = 1_i64 << zoom.min(31);
    for (name, value) in [("x", x), ("y", y)] {
        if !(0..tiles).contains(&i64::from(value)) {
            return refuse(format!("Invalid tile {name} value, {value}"));
        }
    }
    let (tile_width, tile_height) = (width / tiles as f64, height / tiles as f64);
    let (x, y) = (f64::from(x), f64::from(y));
    let (mut x0, mut x1);
    // A shrinking margin leaves at least a line.
    let spread = 1.0 + margin * 2.0;
    if spread > tiles as f64 {
        (x0, x1) = (outer.min.x, outer.max.x);
    } else {
        x0 = outer.min.x + tile_width * (x - margin);
        x1 = outer.min.x + tile_width * (x + 1.0 + margin);
    }
    let mut y0 = outer.max.y - tile_height * (y + 1.0 + margin);
    let mut y1 = outer.max.y - tile_height * (y - margin);
    y0 = y0.max(outer.min.y);
    y1 = y1.min(outer.max.y);
    if x0 > x1 {
        std::mem::swap(&mut x0, &mut x1);
    }
    Ok(Geometry::rectangle(x0, y0, x1, y1, bounds.srid).into_datum())
}

fn origin_of(origin: &Geometry, function: &str) -> Result<Coord> {
    if origin.kind != Kind::Point {
        return Err(failure(format!("{function}: origin argument is not a point")));
    }
    origin.first_coord().ok_or_else(|| failure(format!("{function}: origin argument is empty")))
}

/// The cell (i, j) of a square grid.
pub(super) fn square(origin: Coord, size: f64, i: i32, j: i32, srid: i32) -> Geometry {
    let (i, j) = (f64::from(i), f64::from(j));
    let (x0, y0) = (origin.x + size * i, origin.y + size * j);
    let (x1, y1) = (origin.x + size * (i + 1.0), origin.y + size * (j + 1.0));
    Geometry::rectangle(x0, y0, x1, y1, srid)
}

/// The cell (i, j) of a hexagon grid: pointed left and right.
pub(super) fn hexagon(origin: Coord, size: f64, i: i32, j: i32, srid: i32) -> Geometry {
    const CORNERS: [(f64, f64); 7] =
        [(-1.0, 0.0), (-0.5, -0.5), (0.5, -0.5), (1.0, 0.0), (0.5, 0.5), (-0.5, 0.5), (-1.0, 0.0)];
    let height = size * 2.0 * 0.866_025_403_784_438_7_f64;
    let offset = if i % 2 == 0 { 0.0 } else { 0.5 };
    let x = origin.x + 1.5 * size * f64::from(i);
    let y = origin.y + height * (f64::from(j) + offset);
    let corners = CORNERS.iter().map(|(dx, dy)| Coord::xy(x + size * dx, y + height * dy)).collect();
    Geometry::polygon(vec![corners], srid)
}
