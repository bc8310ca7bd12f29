//! Overlay: intersection, union, difference, and the operations of one geometry that node it.

use geos::Geom as _;

use crate::error::Result;
use crate::kernels::Scalar;
use crate::types::Datum;

use super::super::args;
use super::super::geometry::{Geometry, Kind};
use super::convert::{array_srid, collection, export, fault, finite, import, import_fixed, lwgeom, one_srid};

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    ("st_intersection(geometry,geometry,float8)", |_, a| {
        Ok(intersection(&args::geometry(a, 0)?, &args::geometry(a, 1)?, finite(a, 2)?)?.into_datum())
    }),
    ("st_union(geometry,geometry)", |_, a| {
        Ok(union(&args::geometry(a, 0)?, &args::geometry(a, 1)?, -1.0)?.into_datum())
    }),
    ("st_union(geometry,geometry,float8)", |_, a| {
        Ok(union(&args::geometry(a, 0)?, &args::geometry(a, 1)?, finite(a, 2)?)?.into_datum())
    }),
    ("st_union(_geometry)", |_, a| union_array(&args::geometries(a, 0)?)),
    ("st_difference(geometry,geometry,float8)", |_, a| difference(a)),
    ("st_symdifference(geometry,geometry,float8)", |_, a| {
        Ok(sym_difference(&args::geometry(a, 0)?, &args::geometry(a, 1)?, finite(a, 2)?)?.into_datum())
    }),
    ("st_symmetricdifference(geometry,geometry)", |_, a| {
        if args::is_null(a, 0) || args::is_null(a, 1) {
            return Ok(Datum::Null);
        }
        Ok(sym_difference(&args::geometry(a, 0)?, &args::geometry(a, 1)?, -1.0)?.into_datum())
    }),
    ("st_unaryunion(geometry,float8)", |_, a| Ok(unary_union(&args::geometry(a, 0)?, finite(a, 1)?)?.into_datum())),
];

type Overlay = fn(&geos::Geometry, &geos::Geometry, f64) -> geos::GResult<geos::Geometry>;

fn overlay(left: &Geometry, right: &Geometry, grid: f64, function: &str, op: Overlay) -> Result<Geometry> {
    let (l, r) = (import_fixed(left, function)?, import_fixed(right, function)?);
    let result = op(&l, &r, grid).map_err(fault(&lwgeom(function)))?;
    export(&result, left.z || right.z, left.srid)
}

/// The intersection; a negative grid size is none.
pub(super) fn intersection(left: &Geometry, right: &Geometry, grid: f64) -> Result<Geometry> {
    let function = "lwgeom_intersection_prec";
    one_srid(left, right, function)?;
    if right.is_empty() {
        return Ok(right.clone());
    }
    if left.is_empty() {
        return Ok(left.clone());
    }
    overlay(
        left,
        right,
        grid,
        function,
        |l, r, grid| {
            if grid >= 0.0 { l.intersection_prec(r, grid) } else { l.intersection(r) }
        },
    )
}

/// The union; a negative grid size is none.
pub(super) fn union(left: &Geometry, right: &Geometry, grid: f64) -> Result<Geometry> {
    let function = "lwgeom_union_prec";
    one_srid(left, right, function)?;
    if left.is_empty() {
        return Ok(right.clone());
    }
    if right.is_empty() {
        return Ok(left.clone());
    }
    overlay(left, right, grid, function, |l, r, grid| if grid >= 0.0 { l.union_prec(r, grid) } else { l.union(r) })
}

fn difference(a: &[Datum]) -> Result<Datum> {
    let (left, right, grid) = (args::geometry(a, 0)?, args::geometry(a, 1)?, finite(a, 2)?);
    let function = "lwgeom_difference_prec";
    one_srid(&left, &right, function)?;
    if left.is_empty() || right.is_empty() {
        return Ok(left.into_datum());
    }
    let result =
        overlay(
            &left,
            &right,
            grid,
            function,
            |l, r, grid| {
                if grid >= 0.0 { l.difference_prec(r, grid) } else { l.difference(r) }
            },
        )?;
    Ok(result.into_datum())
}

fn sym_difference(left: &Geometry, right: &Geometry, grid: f64) -> Result<Geometry> {
    let function = "lwgeom_symdifference_prec";
    one_srid(left, right, function)?;
    if right.is_empty() {
        return Ok(left.clone());
    }
    if left.is_empty() {
        return Ok(right.clone());
    }
    overlay(
        left,
        right,
        grid,
        function,
        |l, r, grid| {
            if grid >= 0.0 { l.sym_difference_prec(r, grid) } else { l.sym_difference(r) }
        },
    )
}

fn unary_union(geometry: &Geometry, grid: f64) -> Result<Geometry> {
    if geometry.is_empty() {
        return Ok(geometry.clone());
    }
    let function = "lwgeom_unaryunion_prec";
    let input = import_fixed(geometry, function)?;
    let result = if grid >= 0.0 { input.unary_union_prec(grid) } else { input.unary_union() };
    export(&result.map_err(fault(&lwgeom(function)))?, geometry.z, geometry.srid)
}

/// `ST_Union` of an array: NULL for nothing, the highest empty type for nothing but EMPTY.
fn union_array(parts: &[Geometry]) -> Result<Datum> {
    let srid = array_srid(parts, "pgis_union_geometry_array")?;
    let Some(first) = parts.first() else { return Ok(Datum::Null) };
    let full: Vec<&Geometry> = parts.iter().filter(|part| !part.is_empty()).collect();
    if full.is_empty() {
        return Ok(empty_of(parts, srid, first.z).into_datum());
    }
    let label = "One of the geometries in the set could not be converted to GEOS";
    let inputs = full.iter().map(|part| import(part, label)).collect::<Result<Vec<_>>>()?;
    let whole = geos::Geometry::create_geometry_collection(inputs)
        .map_err(fault("Could not create GEOS COLLECTION from geometry array"))?;
    let result = whole.unary_union().map_err(fault("GEOSUnaryUnion"))?;
    Ok(export(&result, first.z, srid)?.into_datum())
}

fn empty_of(parts: &[Geometry], srid: i32, z: bool) -> Geometry {
    let kind = parts.iter().map(|part| part.kind).max().unwrap_or(Kind::GeometryCollection);
    Geometry::empty(kind, srid).dimensioned(z, false)
}

/// The `ST_Union` aggregate over the rows that are not NULL.
pub(super) fn union_rows(parts: &[Geometry], grid: f64) -> Result<Datum> {
    if parts.is_empty() {
        return Ok(Datum::Null);
    }
    let full: Vec<Geometry> = parts.iter().filter(|part| !part.is_empty()).cloned().collect();
    let Some(srid) = full.first().map(|part| part.srid) else {
        let srid = parts.iter().map(|part| part.srid).find(|srid| *srid != 0).unwrap_or(0);
        return Ok(empty_of(parts, srid, false).into_datum());
    };
    let whole = collection(Kind::GeometryCollection, full, srid)?;
    Ok(unary_union(&whole, grid)?.into_datum())
}
