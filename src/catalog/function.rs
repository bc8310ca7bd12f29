//! Functions, operators and casts: the accepted language.

use crate::types::PgType;

/// A function, aggregate, window function or procedure: one row of `pg_proc`.
#[derive(Clone, Debug)]
pub struct Function {
    pub oid: u32,
    /// `pg_catalog` or `public` (PostGIS), or an attached schema for a source's own function.
    pub schema: &'static str,
    pub name: String,
    /// Input arguments in order.
    pub args: Vec<Argument>,
    /// The last argument is VARIADIC (its type is the array type, or `any`).
    pub variadic: bool,
    pub returns: PgType,
    /// OUT/TABLE columns of a function that returns rows: (name, type).
    pub columns: Vec<(String, PgType)>,
    pub returns_set: bool,
    pub kind: FunctionKind,
    pub volatility: Volatility,
    pub strict: bool,
    pub leakproof: bool,
    /// How results are compared between engines.
    pub equality: Equality,
    /// What kernels are found by (see `kernels`).
    pub symbol: String,
    /// One line for people; also pg_description.
    pub doc: String,
    /// Ordered-set aggregates: number of direct arguments.
    pub direct_args: usize,
    /// `proparallel`, `procost`, `prorows` where they matter to clients: s, r, u.
    pub parallel: u8,
}

#[derive(Clone, Debug)]
pub struct Argument {
    pub name: Option<String>,
    pub ty: PgType,
    /// DEFAULT expression as SQL text.
    pub default: Option<String>,
    pub mode: ArgumentMode,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ArgumentMode {
    In,
    InOut,
    Variadic,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FunctionKind {
    Aggregate,
    Function,
    /// Ordered-set aggregate (WITHIN GROUP).
    OrderedSet,
    /// Hypothetical-set aggregate (rank(...) WITHIN GROUP).
    Hypothetical,
    Procedure,
    Window,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Volatility {
    Immutable,
    Stable,
    Volatile,
}

/// Equality class of a signature: what "the same answer" means across engines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Equality {
    Exact,
    /// Within 1e-9 relative (or as the row says).
    Float,
    /// Topologically equal geometry.
    Topological,
}

/// One row of `pg_operator`.
#[derive(Clone, Debug)]
pub struct Operator {
    pub oid: u32,
    pub schema: &'static str,
    pub name: String,
    /// `PgType::INVALID` for a prefix operator.
    pub left: PgType,
    pub right: PgType,
    pub returns: PgType,
    pub function: std::sync::Arc<Function>,
    pub commutator: u32,
    pub negator: u32,
    /// Usable for merge join, hash join.
    pub merges: bool,
    pub hashes: bool,
}

/// One row of `pg_cast`.
#[derive(Clone, Debug)]
pub struct Cast {
    pub source: PgType,
    pub target: PgType,
    pub context: CastContext,
    pub kind: CastKind,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum CastContext {
    Implicit,
    Assignment,
    Explicit,
}

#[derive(Clone, Debug)]
pub enum CastKind {
    Binary,
    Function(std::sync::Arc<Function>),
    InOut,
}

impl Function {
    /// `name(argument types)` with `pg_type` names: the key in signature files, and the symbol unless another is given.
    pub fn signature(&self) -> String {
        let args: Vec<String> = self.args.iter().map(|arg| arg.ty.name()).collect();
        format!("{}({})", self.name, args.join(","))
    }

    pub fn is_aggregate(&self) -> bool {
        matches!(self.kind, FunctionKind::Aggregate | FunctionKind::OrderedSet | FunctionKind::Hypothetical)
    }
}
