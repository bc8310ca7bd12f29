//! Functions of the box and comparison operators.

use std::cmp::Ordering;

use crate::error::Result;
use crate::kernels::{Call, Scalar};
use crate::types::{Datum, PgType};

use super::args;
use super::bounds::{Bounds, FloatBox};
use super::geometry::Geometry;
use super::order;
use super::sphere;

macro_rules! boxes {
    ($name:literal, $test:expr) => {
        (concat!($name, "(geometry,geometry)"), |_, a| boxes(a, $test))
    };
}

macro_rules! compared {
    ($name:literal, $ty:expr, $test:expr) => {
        (concat!($name), |_, a| Ok(Datum::Bool($test(compared(a, $ty)?))))
    };
}

pub(super) const SCALARS: &[(&str, Scalar)] = &[
    boxes!("geometry_overlaps", |a, b| a.xmin <= b.xmax && b.xmin <= a.xmax && a.ymin <= b.ymax && b.ymin <= a.ymax),
    boxes!("geometry_contains", contains),
    boxes!("geometry_within", |a, b| contains(b, a)),
    ("geometry_same(geometry,geometry)", |_, a| {
        let (one, two) = (FloatBox::of(&args::geometry(a, 0)?), FloatBox::of(&args::geometry(a, 1)?));
        Ok(Datum::Bool(match (one, two) {
            (Some(a), Some(b)) => contains(&a, &b) && contains(&b, &a),
            (None, None) => true,
            _ => false,
        }))
    }),
    boxes!("geometry_left", |a, b| a.xmax < b.xmin),
    boxes!("geometry_overleft", |a, b| a.xmax <= b.xmax),
    boxes!("geometry_right", |a, b| a.xmin > b.xmax),
    boxes!("geometry_overright", |a, b| a.xmin >= b.xmin),
    boxes!("geometry_below", |a, b| a.ymax < b.ymin),
    boxes!("geometry_overbelow", |a, b| a.ymax <= b.ymax),
    boxes!("geometry_above", |a, b| a.ymin > b.ymax),
    boxes!("geometry_overabove", |a, b| a.ymin >= b.ymin),
    compared!("geometry_eq(geometry,geometry)", PgType::GEOMETRY, Ordering::is_eq),
    compared!("geometry_lt(geometry,geometry)", PgType::GEOMETRY, Ordering::is_lt),
    compared!("geometry_le(geometry,geometry)", PgType::GEOMETRY, Ordering::is_le),
    compared!("geometry_gt(geometry,geometry)", PgType::GEOMETRY, Ordering::is_gt),
    compared!("geometry_ge(geometry,geometry)", PgType::GEOMETRY, Ordering::is_ge),
    compared!("geography_eq(geography,geography)", PgType::GEOGRAPHY, Ordering::is_eq),
    compared!("geography_lt(geography,geography)", PgType::GEOGRAPHY, Ordering::is_lt),
    compared!("geography_le(geography,geography)", PgType::GEOGRAPHY, Ordering::is_le),
    compared!("geography_gt(geography,geography)", PgType::GEOGRAPHY, Ordering::is_gt),
    compared!("geography_ge(geography,geography)", PgType::GEOGRAPHY, Ordering::is_ge),
    ("geometry_cmp(geometry,geometry)", |_, a| Ok(Datum::Int4(compared(a, PgType::GEOMETRY)? as i32))),
    ("geography_cmp(geography,geography)", |_, a| Ok(Datum::Int4(compared(a, PgType::GEOGRAPHY)? as i32))),
    ("geometry_distance_box(geometry,geometry)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        let (Some(one), Some(two)) = (FloatBox::of(&one), FloatBox::of(&two)) else {
            return Ok(Datum::Float8(f64::from(f32::MAX)));
        };
        let gap = |low_a: f32, high_a: f32, low_b: f32, high_b: f32| {
            (f64::from(low_b) - f64::from(high_a)).max(f64::from(low_a) - f64::from(high_b)).max(0.0)
        };
        let dx = gap(one.xmin, one.xmax, two.xmin, two.xmax);
        let dy = gap(one.ymin, one.ymax, two.ymin, two.ymax);
        Ok(Datum::Float8((dx * dx + dy * dy).sqrt()))
    }),
    ("geometry_overlaps_nd(geometry,geometry)", |_, a| axes(a, |x, y| x[0] <= y[1] && y[0] <= x[1])),
    ("geometry_contains_nd(geometry,geometry)", |_, a| axes(a, |x, y| x[0] <= y[0] && x[1] >= y[1])),
    ("geometry_within_nd(geometry,geometry)", |_, a| axes(a, |x, y| y[0] <= x[0] && y[1] >= x[1])),
    ("geometry_same_nd(geometry,geometry)", |_, a| axes(a, |x, y| x == y)),
    ("geography_overlaps(geography,geography)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        let (Some(one), Some(two)) = (sphere::stored_bounds(&one), sphere::stored_bounds(&two)) else {
            return Ok(Datum::Bool(false));
        };
        Ok(Datum::Bool((0..3).all(|axis| one.0[axis] <= two.1[axis] && two.0[axis] <= one.1[axis])))
    }),
    ("st_orderingequals(geometry,geometry)", |_, a| {
        let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
        super::geometry::same_srid(&one, &two, "ST_OrderingEquals")?;
        Ok(Datum::Bool(one == two))
    }),
    ("st_pointinsidecircle(geometry,float8,float8,float8)", inside_circle),
];

fn contains(a: &FloatBox, b: &FloatBox) -> bool {
    a.xmin <= b.xmin && a.xmax >= b.xmax && a.ymin <= b.ymin && a.ymax >= b.ymax
}

fn boxes(a: &[Datum], test: impl Fn(&FloatBox, &FloatBox) -> bool) -> Result<Datum> {
    let (one, two) = (FloatBox::of(&args::geometry(a, 0)?), FloatBox::of(&args::geometry(a, 1)?));
    Ok(Datum::Bool(one.zip(two).is_some_and(|(one, two)| test(&one, &two))))
}

fn compared(a: &[Datum], ty: PgType) -> Result<Ordering> {
    match a {
        [left, right, ..] => order::compare_geometry(ty, left, right),
        _ => Err(crate::error::Error::internal("two geometries were expected")),
    }
}

/// Compares axis by axis; an axis one side lacks is ignored unless all must be there.
fn axes(a: &[Datum], test: fn([f32; 2], [f32; 2]) -> bool) -> Result<Datum> {
    let (one, two) = (args::geometry(a, 0)?, args::geometry(a, 1)?);
    let (Some(left), Some(right)) = (Bounds::of(&one), Bounds::of(&two)) else { return Ok(Datum::Bool(false)) };
    let sides = |bounds: &Bounds, geometry: &Geometry| {
        let pair = |low: f64, high: f64| [super::bounds::float_down(low), super::bounds::float_up(high)];
        [
            Some(pair(bounds.min.x, bounds.max.x)),
            Some(pair(bounds.min.y, bounds.max.y)),
            geometry.z.then(|| pair(bounds.min.z, bounds.max.z)),
            geometry.m.then(|| pair(bounds.min.m, bounds.max.m)),
        ]
    };
    let (left, right) = (sides(&left, &one), sides(&right, &two));
    Ok(Datum::Bool(left.into_iter().zip(right).all(|pair| match pair {
        (Some(left), Some(right)) => test(left, right),
        (None, None) => true,
        _ => true,
    })))
}

fn inside_circle(_call: &Call<'_>, a: &[Datum]) -> Result<Datum> {
    let geometry = args::geometry(a, 0)?;
    let (x, y, radius) = (args::float(a, 1)?, args::float(a, 2)?, args::float(a, 3)?);
    if geometry.kind != super::geometry::Kind::Point {
        return Ok(Datum::Bool(false));
    }
    Ok(Datum::Bool(geometry.first_coord().is_some_and(|coord| {
        let (dx, dy) = (coord.x - x, coord.y - y);
        dx * dx + dy * dy < radius * radius
    })))
}
