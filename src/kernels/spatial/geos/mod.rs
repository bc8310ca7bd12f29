//! The functions PostGIS gives to GEOS: predicates, overlay, validity, diagrams.
//!
//! Curves are refused (0A000): PostGIS strokes them first.

mod convert;
mod diagram;
mod linear;
mod options;
mod overlay;
mod predicate;
mod shape;
mod unions;
mod valid;

use crate::kernels::{Aggregate, Scalar, SetReturning};

pub(super) const SCALARS: &[&[(&str, Scalar)]] = &[
    diagram::SCALARS,
    linear::SCALARS,
    options::SCALARS,
    overlay::SCALARS,
    predicate::SCALARS,
    shape::SCALARS,
    valid::SCALARS,
];
pub(super) const SET_RETURNING: &[&[(&str, SetReturning)]] = &[];
pub(super) const AGGREGATES: &[&[(&str, Aggregate)]] = &[unions::AGGREGATES];
