//! PostgreSQL's own functions: one file a family, each with its tables of kernels by symbol.
//!
//! A family is one `mod` line and one line in the lists below.

pub mod datetime;
pub mod float_text;
pub mod json;
pub mod numeric;

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{Aggregate, Scalar, SetReturning};

/// Scalar kernels, a table a family.
const SCALARS: &[&[(&str, Scalar)]] = &[datetime::SCALARS, json::SCALARS, numeric::SCALARS];

/// Set-returning kernels, a table a family.
const SET_RETURNING: &[&[(&str, SetReturning)]] = &[datetime::SET_RETURNING, json::SET_RETURNING];

/// Aggregates, a table a family.
const AGGREGATES: &[&[(&str, Aggregate)]] = &[datetime::AGGREGATES, json::AGGREGATES];

/// C's `isspace`: what PostgreSQL's input functions skip.
pub fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

pub fn scalar(symbol: &str) -> Option<Scalar> {
    static INDEX: OnceLock<HashMap<&'static str, Scalar>> = OnceLock::new();
    INDEX.get_or_init(|| index(SCALARS)).get(symbol).copied()
}

pub fn set_returning(symbol: &str) -> Option<SetReturning> {
    static INDEX: OnceLock<HashMap<&'static str, SetReturning>> = OnceLock::new();
    INDEX.get_or_init(|| index(SET_RETURNING)).get(symbol).copied()
}

pub fn aggregate(symbol: &str) -> Option<Aggregate> {
    static INDEX: OnceLock<HashMap<&'static str, Aggregate>> = OnceLock::new();
    INDEX.get_or_init(|| index(AGGREGATES)).get(symbol).copied()
}

fn index<T: Copy>(tables: &[&[(&'static str, T)]]) -> HashMap<&'static str, T> {
    tables.iter().copied().flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_has_one_kernel() {
        fn twice<T: Copy>(tables: &[&[(&'static str, T)]]) -> Vec<&'static str> {
            let mut seen = std::collections::HashSet::new();
            tables.iter().copied().flatten().map(|(symbol, _)| *symbol).filter(|symbol| !seen.insert(*symbol)).collect()
        }
        assert_eq!(twice(SCALARS), Vec::<&str>::new());
        assert_eq!(twice(SET_RETURNING), Vec::<&str>::new());
        assert_eq!(twice(AGGREGATES), Vec::<&str>::new());
    }
}
