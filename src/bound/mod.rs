//! The resolved tree: every relation, column, function, operator, type, collation and cast is known.
//!
//! Shapes follow PostgreSQL's own Query: one flat list of output items per SELECT, with hidden ("resjunk") items for what
//! ORDER BY, DISTINCT ON and GROUP BY need; sort keys name items by index. Every FROM item has a [`RangeId`] unique in the whole
//! statement, so a column reference is (range, column) at any depth, and a sub-query is correlated iff it names a range it does not define.

pub mod eval;
mod expr;
mod query;
mod reads;
mod same;
pub mod visit;
pub mod visit_mut;

pub use self::expr::{
    AggregateCall, CastMethod, Collation, Expr, ExprKind, ExprType, FrameBound, FrameExclusion, FrameMode, RecordField,
    RowField, SubqueryKind, Truth, WindowCall, WindowFrame,
};
pub use self::query::{
    Body, Cte, CteId, Delete, Distinct, FragmentScan, From, FunctionScan, GroupBy, Insert, InsertSource, Item, Join,
    JoinKind, Limit, LockStrength, Locking, Materialize, OnConflict, OutputColumn, Query, RangeColumn, RangeId, Scan,
    Select, SetOperation, SetOperator, SortKey, Span, Statement, SystemColumn, TableFunction, Update, Values,
};
pub use self::reads::{Read, Reads};
pub use self::same::{same, same_datum};

use std::sync::Arc;

use crate::types::PgType;

/// A bound statement, not yet secured. `route`, `dialect::print` and `engine` never see it (invariant 2): only `policy::secure` takes it.
#[derive(Clone, Debug)]
pub struct Bound {
    pub statement: Statement,
    /// Types of the client's parameters `$1..`, declared or inferred.
    pub params: Vec<PgType>,
    /// STABLE expressions without columns (now(), current_user, current_setting(..)): evaluated once per execution, one value for every fragment.
    /// `ExprKind::Context(n)` is the n-th.
    pub contexts: Vec<Expr>,
    /// What bind read: settings and the versions of objects (plan cache validity).
    pub read: ReadSet,
}

/// What a plan depends on.
#[derive(Clone, Debug, Default)]
pub struct ReadSet {
    /// Names and values of the settings that bind looked at (`search_path`, `graticule.fold` ...).
    pub settings: Vec<(Arc<str>, Arc<str>)>,
    /// Oids of relations, with their versions in the snapshot.
    pub relations: Vec<(u32, u64)>,
    /// Catalog snapshot number when anything else (functions, types, schemas) was resolved.
    pub snapshot: u64,
}
