//! What is known of a spatial expression before any row is read: SRID, dimensions, kind.
//!
//! PostGIS's function results have no typmod, but most keep the SRID of their first geometry; this closed list says which. Nothing is
//! guessed: what is not known here is refused by the guards that need it.

use super::rules::SridCarrier;
use crate::bound::{Expr, ExprKind};
use crate::kernels::spatial::geometry::{Geometry, Kind};
use crate::types::{Datum, GeometryTypmod, PgType};

/// What holds for every value of an expression that is not NULL.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Shape {
    pub(super) srid: Option<i32>,
    /// Neither Z nor M.
    pub(super) flat: bool,
    /// WKB base type, 1 to 7.
    pub(super) kind: Option<u8>,
    /// No part of the value can be a GEOMETRYCOLLECTION, a curve or a surface.
    pub(super) simple: bool,
    /// Is it EMPTY? Known for constants only.
    pub(super) empty: Option<bool>,
}

/// Functions whose result has the SRID of their first spatial argument, and is flat when that is.
const KEEP: &[&str] = &[
    "st_affine",
    "st_boundary",
    "st_buffer",
    "st_centroid",
    "st_closestpoint",
    "st_collect",
    "st_collectionextract",
    "st_convexhull",
    "st_difference",
    "st_endpoint",
    "st_envelope",
    "st_expand",
    "st_exteriorring",
    "st_flipcoordinates",
    "st_force2d",
    "st_geometryn",
    "st_interiorringn",
    "st_intersection",
    "st_lineinterpolatepoint",
    "st_linemerge",
    "st_linesubstring",
    "st_makeline",
    "st_makepolygon",
    "st_makevalid",
    "st_multi",
    "st_node",
    "st_normalize",
    "st_pointn",
    "st_pointonsurface",
    "st_polygonize",
    "st_removerepeatedpoints",
    "st_reverse",
    "st_rotate",
    "st_scale",
    "st_shortestline",
    "st_simplify",
    "st_simplifypreservetopology",
    "st_snap",
    "st_snaptogrid",
    "st_startpoint",
    "st_symdifference",
    "st_translate",
    "st_unaryunion",
    "st_union",
];

pub(super) fn shape(expr: &Expr, carrier: SridCarrier) -> Shape {
    match &expr.kind {
        ExprKind::Literal(Datum::Geometry(value)) => {
            let datum = Datum::Geometry(value.clone());
            Geometry::from_datum(&datum).map(|geometry| of_value(&geometry)).unwrap_or_default()
        }
        ExprKind::Aggregate(call) if keeps(&call.function.name) => result(&call.args, carrier),
        ExprKind::Aggregate(_) => Shape::default(),
        ExprKind::Call { function, args, .. } => of_call(&function.name, args, carrier),
        ExprKind::Cast { arg, .. } if arg.ty.oid == expr.ty.oid && expr.ty.typmod == -1 => shape(arg, carrier),
        // A geometry in longitude and latitude becomes a geography of the same shape.
        ExprKind::Cast { arg, .. } if is_spatial(arg.ty.oid) && is_spatial(expr.ty.oid) && expr.ty.typmod == -1 => {
            Some(shape(arg, carrier)).filter(|shape| shape.srid == Some(4326)).unwrap_or_default()
        }
        ExprKind::Case { whens, otherwise, .. } => {
            common(whens.iter().map(|(_, then)| then).chain(otherwise.as_deref()), carrier)
        }
        ExprKind::Coalesce(args) => common(args.iter(), carrier),
        _ => of_type(expr, carrier),
    }
}

/// By the type alone: columns, parameters, casts with a typmod.
fn of_type(expr: &Expr, carrier: SridCarrier) -> Shape {
    let geography = expr.ty.oid == PgType::GEOGRAPHY;
    let Some(typmod) = GeometryTypmod::unpack(expr.ty.typmod) else {
        // A column without a typmod may be computed in a sub-query, with any SRID; those of tables whose type says none have typmod 0.
        let srid = geography.then_some(4326);
        return Shape { srid, ..Shape::default() };
    };
    let srid = match (typmod.srid, carrier) {
        (0, _) if geography => Some(4326),
        (0, SridCarrier::Value) => None,
        (srid, _) => Some(srid),
    };
    let kind = (1..=7).contains(&typmod.kind).then_some(typmod.kind);
    // A target that knows no subtypes says `geometry(Geometry, srid)` of columns that may hold Z and M.
    let declared = carrier == SridCarrier::Value || kind.is_some();
    let flat = declared && !typmod.z && !typmod.m;
    Shape { srid, flat, kind, simple: kind.is_some_and(|kind| kind < 7), empty: None }
}

fn of_value(geometry: &Geometry) -> Shape {
    let kind = geometry.kind as u8;
    Shape {
        srid: Some(geometry.srid),
        flat: !geometry.z && !geometry.m,
        kind: (1..=7).contains(&kind).then_some(kind),
        simple: (1..7).contains(&kind) && geometry.kind != Kind::GeometryCollection,
        empty: Some(geometry.is_empty()),
    }
}

fn keeps(name: &str) -> bool {
    KEEP.binary_search(&name).is_ok()
}

/// What a function that keeps the SRID leaves of its arguments' shapes.
fn result(args: &[Expr], carrier: SridCarrier) -> Shape {
    let mut shapes = args.iter().filter(|arg| is_spatial(arg.ty.oid)).map(|arg| shape(arg, carrier));
    let Some(first) = shapes.next() else { return Shape::default() };
    Shape { srid: first.srid, flat: first.flat && shapes.all(|shape| shape.flat), ..Shape::default() }
}

fn of_call(name: &str, args: &[Expr], carrier: SridCarrier) -> Shape {
    let first = || args.iter().find(|arg| is_spatial(arg.ty.oid)).map(|arg| shape(arg, carrier)).unwrap_or_default();
    let number = |at: usize| match args.get(at).map(|arg| &arg.kind) {
        Some(ExprKind::Literal(value)) => value.as_i64().and_then(|value| i32::try_from(value).ok()),
        _ => None,
    };
    let point = |srid: Option<i32>, flat: bool| Shape { srid, flat, kind: Some(1), simple: true, empty: Some(false) };
    match (name, args.len()) {
        ("st_setsrid", 2) => Shape { srid: number(1), ..first() },
        ("st_transform", 2) => Shape { srid: number(1), ..first() },
        ("st_makepoint", 2) | ("st_point", 2) => point(Some(0), true),
        ("st_makepoint", _) => point(Some(0), false),
        ("st_point", 3) => point(number(2), true),
        ("st_makeenvelope", 4) => Shape { srid: Some(0), flat: true, kind: Some(3), simple: true, empty: None },
        ("st_makeenvelope", 5) => Shape { srid: number(4), flat: true, kind: Some(3), simple: true, empty: None },
        ("st_centroid" | "st_pointonsurface" | "st_startpoint" | "st_endpoint" | "st_pointn", _) => {
            Shape { kind: Some(1), simple: true, ..result(args, carrier) }
        }
        (name, _) if keeps(name) => result(args, carrier),
        _ => Shape::default(),
    }
}

/// What holds for every alternative; NULLs say nothing.
fn common<'e>(alternatives: impl Iterator<Item = &'e Expr>, carrier: SridCarrier) -> Shape {
    let shapes = alternatives.filter(|expr| !expr.is_literal_null()).map(|expr| shape(expr, carrier));
    shapes
        .reduce(|a, b| Shape {
            srid: a.srid.filter(|srid| b.srid == Some(*srid)),
            flat: a.flat && b.flat,
            kind: a.kind.filter(|kind| b.kind == Some(*kind)),
            simple: a.simple && b.simple,
            empty: a.empty.filter(|empty| b.empty == Some(*empty)),
        })
        .unwrap_or_default()
}

pub(super) fn is_spatial(ty: PgType) -> bool {
    matches!(ty, PgType::GEOMETRY | PgType::GEOGRAPHY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_functions_are_sorted() {
        assert!(KEEP.is_sorted());
    }
}
