//! PostGIS's functions.

pub mod io;

pub use self::io::compare_geometry;

use super::{Aggregate, Scalar, SetReturning};

pub fn scalar(symbol: &str) -> Option<Scalar> {
    let _ = symbol;
    None
}

pub fn set_returning(symbol: &str) -> Option<SetReturning> {
    let _ = symbol;
    None
}

pub fn aggregate(symbol: &str) -> Option<Aggregate> {
    let _ = symbol;
    None
}
