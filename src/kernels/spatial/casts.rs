//! Casts between PostGIS's types and PostgreSQL's, typmod functions, versions.

use crate::error::{Error, Result};
use crate::kernels::{Call, Scalar};
use crate::types::{ArrayValue, Datum, GeometryTypmod, PgType};

use super::args;
use super::bounds::Bounds;
use super::geographic;
use super::geometry::{Coord, Geometry, Kind};
use super::io;
use super::json_out;
use super::wkb::{self, Check};

/// The PostGIS whose behaviour and catalog this is.
const LIB_VERSION: &str = "3.3.2";

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("geometry(text)", |_, a| Ok(io::parse_geometry(args::text(a, 0)?)?.into_datum())),
    ("geometry_in(cstring)", |_, a| Ok(io::parse_geometry(args::text(a, 0)?)?.into_datum())),
    ("geometry_out(geometry)", |_, a| Ok(Datum::text(wkb::hex(args::geom_bytes(a, 0)?)))),
    ("text(geometry)", |_, a| Ok(Datum::text(wkb::hex(args::geom_bytes(a, 0)?)))),
    ("geometry(bytea)", |_, a| Ok(wkb::parse(args::bytes(a, 0)?, Check::All)?.into_datum())),
    ("bytea(geometry)", |_, a| Ok(Datum::bytea(args::geom_bytes(a, 0)?))),
    ("bytea(geography)", |_, a| Ok(Datum::bytea(args::geom_bytes(a, 0)?))),
    ("geography(bytea)", |_, a| to_geography(wkb::parse(args::bytes(a, 0)?, Check::All)?)),
    ("geography(geometry)", |_, a| to_geography(args::geometry(a, 0)?)),
    ("geometry(geography)", |_, a| Ok(args::geometry(a, 0)?.into_datum())),
    ("geometry(geometry,int4,bool)", typmod),
    ("geography(geography,int4,bool)", typmod),
    ("box2d(geometry)", |_, a| Ok(bounds_of(a)?.map_or(Datum::Null, |b| box2d(&b)))),
    ("box2d(box3d)", |_, a| {
        let ([xmin, ymin, _, xmax, ymax, _], _) = args::box3d(a, 0)?;
        Ok(Datum::Box2d([xmin, ymin, xmax, ymax]))
    }),
    ("box3d(geometry)", |_, a| {
        let geometry = args::geometry(a, 0)?;
        Ok(Bounds::of(&geometry).map_or(Datum::Null, |b| box3d(&b, &geometry)))
    }),
    ("box3d(box2d)", |_, a| {
        let [xmin, ymin, xmax, ymax] = args::box2d(a, 0)?;
        Ok(Datum::Box3d([xmin, ymin, 0.0, xmax, ymax, 0.0], 0))
    }),
    ("geometry(box2d)", |_, a| {
        let [xmin, ymin, xmax, ymax] = args::box2d(a, 0)?;
        Ok(flat(xmin, ymin, xmax, ymax, 0).into_datum())
    }),
    ("geometry(box3d)", |_, a| {
        let (sides, srid) = args::box3d(a, 0)?;
        Ok(solid(sides, srid).into_datum())
    }),
    ("json(geometry)", |_, a| Ok(Datum::text(json_out::cast(&args::geometry(a, 0)?)?))),
    ("jsonb(geometry)", |call, a| {
        let text = json_out::cast(&args::geometry(a, 0)?)?;
        crate::kernels::core::json::input(call.env, PgType::JSONB, -1, &text)
    }),
    ("postgis_typmod_srid(int4)", |_, a| Ok(Datum::Int4(unpack(a)?.srid))),
    ("postgis_typmod_dims(int4)", |_, a| {
        let typmod = unpack(a)?;
        Ok(Datum::Int4(2 + i32::from(typmod.z) + i32::from(typmod.m)))
    }),
    ("postgis_typmod_type(int4)", |_, a| {
        let typmod = unpack(a)?;
        let name = Kind::from_number(typmod.kind).map_or("Geometry", Kind::name);
        let (z, m) = (if typmod.z { "Z" } else { "" }, if typmod.m { "M" } else { "" });
        Ok(Datum::text(format!("{name}{z}{m}")))
    }),
    ("postgis_version()", |_, _| Ok(Datum::text("3.3 USE_GEOS=1 USE_PROJ=1 USE_STATS=1"))),
    ("postgis_lib_version()", |_, _| Ok(Datum::text(LIB_VERSION))),
    ("postgis_scripts_installed()", |_, _| Ok(Datum::text(LIB_VERSION))),
    ("postgis_scripts_released()", |_, _| Ok(Datum::text(LIB_VERSION))),
    ("postgis_liblwgeom_version()", |_, _| Ok(Datum::text(LIB_VERSION))),
    ("postgis_geos_version()", |_, _| Ok(Datum::text("3.11.1-CAPI-1.17.1"))),
    ("postgis_proj_version()", |_, _| Ok(Datum::text("9.1.1"))),
    ("postgis_full_version()", |_, _| {
        Ok(Datum::text(format!(
            "POSTGIS=\"{LIB_VERSION}\" [EXTENSION] PGSQL=\"150\" GEOS=\"3.11.1-CAPI-1.17.1\" PROJ=\"9.1.1\""
        )))
    }),
    ("postgis_noop(geometry)", |_, a| Ok(args::geometry(a, 0)?.into_datum())),
    ("postgis_addbbox(geometry)", |_, a| Ok(args::geometry(a, 0)?.into_datum())),
    ("postgis_dropbbox(geometry)", |_, a| Ok(args::geometry(a, 0)?.into_datum())),
];

fn unpack(a: &[Datum]) -> Result<GeometryTypmod> {
    Ok(GeometryTypmod::unpack(args::int(a, 0)?).unwrap_or_default())
}

fn to_geography(geometry: Geometry) -> Result<Datum> {
    geographic::check_geographic(geometry.srid)?;
    Ok(geographic::into_geography(geometry)?.into_datum())
}

fn typmod(call: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    let value = a.first().cloned().ok_or_else(|| Error::internal("no value to coerce"))?;
    io::apply_typmod(call.env, call.returns, args::int(a, 1)?, value, args::boolean(a, 2)?)
}

fn bounds_of(a: &[Datum]) -> Result<Option<Bounds>> {
    Ok(Bounds::of(&args::geometry(a, 0)?))
}

pub(super) fn box2d(bounds: &Bounds) -> Datum {
    Datum::Box2d([bounds.min.x, bounds.min.y, bounds.max.x, bounds.max.y])
}

pub(super) fn box3d(bounds: &Bounds, geometry: &Geometry) -> Datum {
    let z = |value: f64| if geometry.z { value } else { 0.0 };
    let (min, max) = (bounds.min, bounds.max);
    Datum::Box3d([min.x, min.y, z(min.z), max.x, max.y, z(max.z)], geometry.srid)
}

/// A box as the simplest geometry that covers it.
pub(super) fn flat(xmin: f64, ymin: f64, xmax: f64, ymax: f64, srid: i32) -> Geometry {
    match (xmin == xmax, ymin == ymax) {
        (true, true) => Geometry::point(Coord::xy(xmin, ymin), srid),
        (false, false) => Geometry::rectangle(xmin, ymin, xmax, ymax, srid),
        _ => Geometry::line(vec![Coord::xy(xmin, ymin), Coord::xy(xmax, ymax)], srid),
    }
}

fn solid(sides: [f64; 6], srid: i32) -> Geometry {
    let [x0, y0, z0, x1, y1, z1] = sides;
    let at = |x: f64, y: f64, z: f64| Coord { x, y, z, m: 0.0 };
    let ring = |[a, b, c, d]: [Coord; 4]| Geometry::polygon(vec![vec![a, b, c, d, a]], srid).dimensioned(true, false);
    let geometry = match (x0 == x1, y0 == y1, z0 == z1) {
        (true, true, true) => Geometry::point(at(x0, y0, z0), srid),
        (true, true, false) | (true, false, true) | (false, true, true) => {
            Geometry::line(vec![at(x0, y0, z0), at(x1, y1, z1)], srid)
        }
        (true, false, false) => ring([at(x0, y0, z0), at(x0, y1, z0), at(x0, y1, z1), at(x0, y0, z1)]),
        (false, true, false) => ring([at(x0, y0, z0), at(x1, y0, z0), at(x1, y0, z1), at(x0, y0, z1)]),
        (false, false, true) => ring([at(x0, y0, z0), at(x0, y1, z0), at(x1, y1, z0), at(x1, y0, z0)]),
        (false, false, false) => {
            let faces = [
                [at(x0, y0, z0), at(x0, y1, z0), at(x1, y1, z0), at(x1, y0, z0)],
                [at(x0, y0, z1), at(x1, y0, z1), at(x1, y1, z1), at(x0, y1, z1)],
                [at(x0, y0, z0), at(x0, y0, z1), at(x0, y1, z1), at(x0, y1, z0)],
                [at(x1, y0, z0), at(x1, y1, z0), at(x1, y1, z1), at(x1, y0, z1)],
                [at(x0, y0, z0), at(x1, y0, z0), at(x1, y0, z1), at(x0, y0, z1)],
                [at(x0, y1, z0), at(x0, y1, z1), at(x1, y1, z1), at(x1, y1, z0)],
            ];
            Geometry::collection(Kind::PolyhedralSurface, faces.into_iter().map(ring).collect(), srid)
        }
    };
    geometry.dimensioned(true, false)
}

/// An int4 array datum.
pub(super) fn int_array(values: &[i32]) -> Datum {
    Datum::Array(ArrayValue::vector(PgType::INT4, values.iter().map(|value| Datum::Int4(*value)).collect()).into())
}
