//! Voronoi diagrams, Delaunay triangulations, polygons from lines.

use geos::Geom as _;

use crate::error::Result;
use crate::kernels::Scalar;
use crate::types::Datum;

use super::super::args;
use super::super::bounds::Bounds;
use super::super::geometry::{Body, Coord, Geometry, Kind, failure};
use super::convert::{array_srid, export, fault, finite, import, import_fixed, lwgeom};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_voronoipolygons(geometry,float8,geometry)", |_, a| voronoi(a, [0, 1, 2], false)),
    ("st_voronoilines(geometry,float8,geometry)", |_, a| voronoi(a, [0, 1, 2], true)),
    ("_st_voronoi(geometry,geometry,float8,bool)", |_, a| {
        if !args::is_null(a, 0) && args::is_null(a, 3) {
            return Err(failure("return_polygons must be true or false."));
        }
        let polygons = args::is_null(a, 0) || args::boolean(a, 3)?;
        voronoi(a, [0, 2, 1], !polygons)
    }),
    ("st_delaunaytriangles(geometry,float8,int4)", delaunay),
    ("st_polygonize(_geometry)", |_, a| polygonize(&args::geometries(a, 0)?)),
];

fn voronoi(a: &[Datum], [sites, tolerance, extent]: [usize; 3], edges: bool) -> Result<Datum> {
    if args::is_null(a, sites) {
        return Ok(Datum::Null);
    }
    let geometry = args::geometry(a, sites)?;
    let negative = || failure("Tolerance must be a positive number.");
    if args::is_null(a, tolerance) {
        return Err(negative());
    }
    let tolerance = finite(a, tolerance)?;
    if tolerance < 0.0 {
        return Err(negative());
    }
    let envelope = if args::is_null(a, extent) {
        None
    } else {
        let bounds = Bounds::stored(&args::geometry(a, extent)?)
            .ok_or_else(|| failure("Could not determine envelope of clipping geometry."))?;
        let (min, max) = (bounds.min, bounds.max);
        Some(import(&Geometry::rectangle(min.x, min.y, max.x, max.y, 0), "GEOSVoronoiDiagram")?)
    };
    let points: Vec<Coord> = geometry.all_coords().iter().map(|coord| Coord::xy(coord.x, coord.y)).collect();
    if points.len() < 2 {
        return Ok(Geometry::empty(Kind::GeometryCollection, geometry.srid).into_datum());
    }
    let line = import(&Geometry::line(points, 0), "GEOSVoronoiDiagram")?;
    let diagram = line.voronoi(envelope.as_ref(), tolerance, edges).map_err(fault("GEOSVoronoiDiagram"))?;
    Ok(export(&diagram, false, geometry.srid)?.into_datum())
}

fn delaunay(_call: &crate::kernels::Call<'_>, a: &[Datum]) -> Result<Datum> {
    let (geometry, tolerance, output) = (args::geometry(a, 0)?, finite(a, 1)?, args::int(a, 2)?);
    let function = "lwgeom_delaunay_triangulation";
    if !(0..=2).contains(&output) {
        return Err(failure(format!("{function}: invalid output type specified {output}")));
    }
    let input = import_fixed(&geometry, function)?;
    let result = input.delaunay_triangulation(tolerance, output == 1).map_err(fault(&lwgeom(function)))?;
    let mut result = export(&result, geometry.z, geometry.srid)?;
    if output == 2 {
        result.kind = Kind::Tin;
        if let Body::Parts(parts) = &mut result.body {
            parts.iter_mut().for_each(|part| part.kind = Kind::Triangle);
        }
    }
    Ok(result.into_datum())
}

/// The polygons lines enclose; NULL for no geometry at all.
pub(super) fn polygonize(parts: &[Geometry]) -> Result<Datum> {
    if parts.is_empty() {
        return Ok(Datum::Null);
    }
    let srid = array_srid(parts, "ARRAY2GEOS")?;
    let z = parts.iter().any(|part| part.z);
    let inputs =
        parts.iter().map(|part| import(part, "Geometry could not be converted to GEOS")).collect::<Result<Vec<_>>>()?;
    let polygons = geos::Geometry::polygonize(&inputs).map_err(fault("polygonize_garray"))?;
    Ok(export(&polygons, z, srid)?.into_datum())
}
