//! PostGIS's functions.
//!
//! Everything but the overlay and predicate family (`engine` only, over GEOS) is plain Rust over [`geometry::Geometry`].
//! A family is a file with its table of `(symbol, kernel)` rows.

mod access;
mod along;
mod arc;
pub(in crate::kernels) mod args;
pub mod bounds;
mod casts;
mod cluster;
mod construct;
mod distance;
mod edit;
mod geodetic;
mod geodetic_edges;
mod geographic;
pub(in crate::kernels) mod geohash;
mod geojson_in;
pub mod geometry;
#[cfg(feature = "engine")]
mod geos;
mod gml_in;
mod great_circle;
mod grid;
pub mod io;
mod json_out;
mod kml_in;
mod linear;
pub mod locate;
mod markup;
mod measure;
mod middle;
pub mod mvt;
mod number;
mod operators;
mod order;
mod parse;
#[cfg(feature = "engine")]
mod proj;
mod scatter;
mod sets;
mod sphere;
pub mod spheroid;
mod substring;
#[cfg(test)]
mod tests;
mod text_out;
mod thin;
mod transform;
mod twkb;
mod visvalingam;
pub mod wkb;
mod wkt;
mod xml;

pub use self::distance::planar_distance;
pub use self::order::compare_geometry;

use std::sync::OnceLock;

use super::{Aggregate, Scalar, SetReturning};
use crate::types::NameMap;

const SCALARS: &[&[(&str, Scalar)]] = &[
    access::SCALARS,
    along::SCALARS,
    casts::SCALARS,
    cluster::SCALARS,
    construct::SCALARS,
    distance::SCALARS,
    edit::SCALARS,
    geodetic::SCALARS,
    geodetic_edges::SCALARS,
    gml_in::SCALARS,
    great_circle::SCALARS,
    kml_in::SCALARS,
    linear::SCALARS,
    markup::SCALARS,
    measure::SCALARS,
    middle::SCALARS,
    operators::SCALARS,
    parse::SCALARS,
    scatter::SCALARS,
    spheroid::SCALARS,
    substring::SCALARS,
    text_out::SCALARS,
    thin::SCALARS,
    transform::SCALARS,
    visvalingam::SCALARS,
];
const SET_RETURNING: &[&[(&str, SetReturning)]] = &[grid::SET_RETURNING, sets::SET_RETURNING];
const AGGREGATES: &[&[(&str, Aggregate)]] = &[cluster::AGGREGATES, mvt::AGGREGATES, sets::AGGREGATES];

#[cfg(feature = "engine")]
const GEOS_SCALARS: &[&[(&str, Scalar)]] = geos::SCALARS;
#[cfg(not(feature = "engine"))]
const GEOS_SCALARS: &[&[(&str, Scalar)]] = &[];
#[cfg(feature = "engine")]
const GEOS_SET_RETURNING: &[&[(&str, SetReturning)]] = geos::SET_RETURNING;
#[cfg(not(feature = "engine"))]
const GEOS_SET_RETURNING: &[&[(&str, SetReturning)]] = &[];
#[cfg(feature = "engine")]
const GEOS_AGGREGATES: &[&[(&str, Aggregate)]] = geos::AGGREGATES;
#[cfg(not(feature = "engine"))]
const GEOS_AGGREGATES: &[&[(&str, Aggregate)]] = &[];

/// The scalar kernel of a symbol.
pub fn scalar(symbol: &str) -> Option<Scalar> {
    static INDEX: OnceLock<NameMap<&'static str, Scalar>> = OnceLock::new();
    INDEX
        .get_or_init(|| {
            SCALARS.iter().chain(GEOS_SCALARS).flat_map(|table| table.iter()).copied().chain(parse::kinds()).collect()
        })
        .get(symbol)
        .copied()
}

/// The set-returning kernel of a symbol.
pub fn set_returning(symbol: &str) -> Option<SetReturning> {
    static INDEX: OnceLock<NameMap<&'static str, SetReturning>> = OnceLock::new();
    INDEX
        .get_or_init(|| {
            SET_RETURNING.iter().chain(GEOS_SET_RETURNING).flat_map(|table| table.iter()).copied().collect()
        })
        .get(symbol)
        .copied()
}

/// The aggregate of a symbol.
pub fn aggregate(symbol: &str) -> Option<Aggregate> {
    static INDEX: OnceLock<NameMap<&'static str, Aggregate>> = OnceLock::new();
    INDEX
        .get_or_init(|| AGGREGATES.iter().chain(GEOS_AGGREGATES).flat_map(|table| table.iter()).copied().collect())
        .get(symbol)
        .copied()
}

/// An SRID as PostGIS stores it: unknown is 0, values above 999999 fold into 999000..999998.
fn clamp_srid(srid: i32) -> i32 {
    if srid <= 0 {
        0
    } else if srid > 999_999 {
        999_000 + srid % 999
    } else {
        srid
    }
}

/// IEEE remainder: the quotient is rounded to nearest.
fn geographic_remainder(value: f64, modulus: f64) -> f64 {
    value - modulus * (value / modulus).round_ties_even()
}
