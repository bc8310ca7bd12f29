//! [`Secured`]: a statement in which every base relation carries its security (invariant 2).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bound::{Expr, RangeId, Scan, Statement};
use crate::types::PgType;

/// A statement that may be routed. Built only in this module.
#[derive(Clone, Debug)]
pub struct Secured {
    pub(super) statement: Statement,
    pub(super) params: Arc<[PgType]>,
    pub(super) contexts: Arc<[Expr]>,
    pub(super) targets: Arc<BTreeMap<RangeId, SecuredTarget>>,
    pub(super) open: bool,
}

/// The target of an INSERT, UPDATE or DELETE as a role may change it.
#[derive(Clone, Debug)]
pub struct SecuredTarget {
    /// Rows that may be changed (`USING`); over the target's range.
    pub using: Option<Expr>,
    /// What a new row must satisfy (`WITH CHECK`); over the target's range.
    pub check: Option<Expr>,
    /// One per attribute: may this statement write it?
    pub writable: Vec<bool>,
}

/// A base relation as a role sees it.
#[derive(Clone, Debug)]
pub struct SecuredScan {
    pub scan: Scan,
    /// One per attribute of the relation.
    pub columns: Vec<ColumnAccess>,
    /// Row policy over this scan's range; rows where it is not TRUE do not exist.
    pub predicate: Option<Expr>,
    pub fence: Fence,
}

/// What a role sees of a column.
#[derive(Clone, Debug)]
pub enum ColumnAccess {
    /// Not readable: naming it was refused; whole rows and `*` do not contain it.
    Absent,
    /// Replaced by an expression over the scan's range.
    Masked(Box<Expr>),
    Visible,
}

/// May the query's own predicates run before the policy's?
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fence {
    /// No policy predicate: nothing to protect.
    None,
    /// Only leak-proof predicates may move inside.
    LeakProofOnly,
}

impl Secured {
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Types of the client's parameters.
    pub fn params(&self) -> &[PgType] {
        &self.params
    }

    /// The security of each DML target, by its range.
    pub fn target(&self, range: RangeId) -> Option<&SecuredTarget> {
        self.targets.get(&range)
    }

    /// Is this the client's whole statement, over relations all of whose columns and rows the role may read? Only then may a source's
    /// error texts, which hold values, pass on to the client.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Context expressions (`Bound::contexts`).
    pub fn contexts(&self) -> &[Expr] {
        &self.contexts
    }
}

impl SecuredScan {
    /// No row policy and every column visible: the bare name may be printed.
    pub fn is_plain(&self) -> bool {
        self.predicate.is_none() && self.columns.iter().all(|column| matches!(column, ColumnAccess::Visible))
    }
    /// The policy's own expressions: predicate and masks.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        self.predicate.iter().chain(self.columns.iter().filter_map(|column| match column {
            ColumnAccess::Masked(mask) => Some(&**mask),
            ColumnAccess::Absent | ColumnAccess::Visible => None,
        }))
    }

    /// [`SecuredScan::expressions`], mutable.
    pub fn expressions_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        self.predicate.iter_mut().chain(self.columns.iter_mut().filter_map(|column| match column {
            ColumnAccess::Masked(mask) => Some(&mut **mask),
            ColumnAccess::Absent | ColumnAccess::Visible => None,
        }))
    }
}
