//! PostgreSQL's own functions: one file a family, each with its tables of kernels by symbol.
//!
//! A family is one `mod` line and one line in the lists below.

mod aggregate;
mod array;
mod bytea;
pub mod datetime;
mod float;
pub mod float_text;
mod format_number;
mod format_time;
mod int;
pub mod json;
mod like;
mod macros;
pub mod md5;
pub mod numeric;
mod regex;
mod series;
mod simple;
mod size;
mod statistics;
#[cfg(test)]
pub(in crate::kernels) mod testing;
pub mod text;
pub mod text_quote;
mod trig;

use std::sync::OnceLock;

use super::{Aggregate, Scalar, SetReturning};
use crate::types::NameMap;

/// Scalar kernels, a table a family.
const SCALARS: &[&[(&str, Scalar)]] = &[
    array::COMPARE,
    array::OIDVECTOR,
    array::SCALARS,
    bytea::COMPARE,
    bytea::SCALARS,
    datetime::SCALARS,
    datetime::compare::EXTREMES,
    datetime::compare::SCALARS,
    datetime::make::SCALARS,
    datetime::ops::SCALARS,
    datetime::parts::SCALARS,
    float::ARITHMETIC_4,
    float::ARITHMETIC_48,
    float::ARITHMETIC_8,
    float::ARITHMETIC_84,
    float::COMPARE_4,
    float::COMPARE_48,
    float::COMPARE_8,
    float::COMPARE_84,
    float::SCALARS,
    float::SINGLE_4,
    float::SINGLE_8,
    format_number::SCALARS,
    format_time::SCALARS,
    int::ARITHMETIC_2,
    int::ARITHMETIC_24,
    int::ARITHMETIC_28,
    int::ARITHMETIC_4,
    int::ARITHMETIC_42,
    int::ARITHMETIC_48,
    int::ARITHMETIC_8,
    int::ARITHMETIC_82,
    int::ARITHMETIC_84,
    int::COMPARE_2,
    int::COMPARE_24,
    int::COMPARE_28,
    int::COMPARE_4,
    int::COMPARE_42,
    int::COMPARE_48,
    int::COMPARE_8,
    int::COMPARE_82,
    int::COMPARE_84,
    int::SCALARS,
    int::SINGLE_2,
    int::SINGLE_4,
    int::SINGLE_8,
    json::BUILD,
    json::SCALARS,
    like::SCALARS,
    numeric::COMPARE,
    numeric::SCALARS,
    regex::SCALARS,
    simple::BOOL,
    simple::OID,
    simple::RECORD,
    simple::SCALARS,
    simple::TID,
    simple::UUID,
    simple::XID8,
    size::SCALARS,
    text::COMPARE,
    text::SCALARS,
    text_quote::SCALARS,
    trig::SCALARS,
];

/// Set-returning kernels, a table a family.
const SET_RETURNING: &[&[(&str, SetReturning)]] =
    &[datetime::SET_RETURNING, json::SET_RETURNING, regex::SET_RETURNING, series::SET_RETURNING];

/// Aggregates, a table a family.
const AGGREGATES: &[&[(&str, Aggregate)]] = &[
    aggregate::AGGREGATES,
    datetime::AGGREGATES,
    json::AGGREGATES,
    statistics::AGGREGATES,
    statistics::FLOAT4,
    statistics::FLOAT8,
    statistics::INT2,
    statistics::INT4,
    statistics::INT8,
    statistics::NUMERIC,
];

/// C's `isspace`: what PostgreSQL's input functions skip.
pub fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

pub fn scalar(symbol: &str) -> Option<Scalar> {
    static INDEX: OnceLock<NameMap<&'static str, Scalar>> = OnceLock::new();
    INDEX.get_or_init(|| index(SCALARS)).get(symbol).copied()
}

pub fn set_returning(symbol: &str) -> Option<SetReturning> {
    static INDEX: OnceLock<NameMap<&'static str, SetReturning>> = OnceLock::new();
    INDEX.get_or_init(|| index(SET_RETURNING)).get(symbol).copied()
}

pub fn aggregate(symbol: &str) -> Option<Aggregate> {
    static INDEX: OnceLock<NameMap<&'static str, Aggregate>> = OnceLock::new();
    INDEX.get_or_init(|| index(AGGREGATES)).get(symbol).copied()
}

fn index<T: Copy>(tables: &[&[(&'static str, T)]]) -> NameMap<&'static str, T> {
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
