//! Name spaces: what a FROM clause makes visible (PostgreSQL's ParseNamespaceItem).

use std::rc::Rc;
use std::sync::Arc;

use crate::sql::ast::WindowDef;

use crate::bound::{Cte, Expr, RangeId, Span};
use crate::catalog::Relation;
use crate::error::{Error, Result, SqlState};

use super::ast::at;
use super::context::{Binder, Kind};
use super::cte::CteEntry;

/// One query level.
#[derive(Default)]
pub(super) struct Scope {
    pub namespace: Vec<NamespaceItem>,
    /// Every FROM entry, visible or not: for hints.
    pub entries: Vec<Entry>,
    /// WITH queries of this level, in the order written.
    pub ctes: Vec<CteEntry>,
    /// Bound WITH queries, in dependency order.
    pub bound_ctes: Vec<Cte>,
    pub kind: Option<Kind>,
    pub has_aggregates: bool,
    pub has_windows: bool,
    pub has_set_returning: bool,
    /// FROM has a reference to the recursive WITH query being defined.
    pub self_reference: bool,
    pub lateral_active: bool,
    pub windows: Vec<WindowDef>,
    /// Set when the statement's target may not be seen (INSERT ... SELECT); kept for hints.
    pub grouping: Vec<Expr>,
    /// Name resolution stops here: a view's or default's own level.
    pub barrier: bool,
}

/// A FROM item as names see it.
#[derive(Clone)]
pub(super) struct NamespaceItem {
    pub alias: String,
    /// A base relation (system columns; schema-qualified references when not aliased).
    pub relation: Option<Arc<Relation>>,
    pub aliased: bool,
    /// `None` for joins.
    pub range: Option<RangeId>,
    pub columns: Rc<Vec<NamespaceColumn>>,
    pub relation_visible: bool,
    pub columns_visible: bool,
    pub lateral_only: bool,
    pub lateral_ok: bool,
    /// A function giving one scalar column: its whole row is that column.
    pub scalar: bool,
}

/// A visible column: its expression is a plain column, or what a merged JOIN USING column stands for.
#[derive(Clone)]
pub(super) struct NamespaceColumn {
    pub name: Rc<str>,
    pub expr: Expr,
}

/// A FROM entry, for hints.
#[derive(Clone)]
pub(super) struct Entry {
    pub alias: String,
    pub aliased: bool,
    pub relation: Option<Arc<Relation>>,
    /// The name of the WITH query it scans.
    pub cte: Option<String>,
    pub join: bool,
    pub columns: Rc<Vec<NamespaceColumn>>,
}

impl NamespaceItem {
    pub fn entry(&self, cte: Option<String>) -> Entry {
        Entry {
            alias: self.alias.clone(),
            aliased: self.aliased,
            relation: self.relation.clone(),
            cte,
            join: self.range.is_none(),
            columns: Rc::clone(&self.columns),
        }
    }
}

impl Binder<'_> {
    /// Finds a FROM item by its alias, or by schema and name (`refnameNamespaceItem`).
    pub fn find_item(&self, schema: Option<&str>, name: &str, span: Span) -> Result<Option<NamespaceItem>> {
        for scope in self.scopes.iter().rev() {
            let mut found: Option<&NamespaceItem> = None;
            for item in &scope.namespace {
                if !item.relation_visible || (item.lateral_only && !scope.lateral_active) {
                    continue;
                }
                let matches = match schema {
                    None => item.alias == name,
                    Some(schema) => {
                        !item.aliased
                            && item
                                .relation
                                .as_ref()
                                .is_some_and(|relation| relation.name == name && &*relation.schema == schema)
                    }
                };
                if !matches {
                    continue;
                }
                if found.is_some() {
                    let error =
                        Error::new(SqlState::AMBIGUOUS_ALIAS, format!("table reference \"{name}\" is ambiguous"));
                    return Err(at(error, span));
                }
                check_lateral(item, span)?;
                found = Some(item);
            }
            if let Some(item) = found {
                return Ok(Some(item.clone()));
            }
            if scope.barrier {
                break;
            }
        }
        Ok(None)
    }

    /// An unqualified column name (`colNameToVar`).
    pub fn find_column(&self, name: &str, span: Span) -> Result<Option<Expr>> {
        for scope in self.scopes.iter().rev() {
            let mut found: Option<Expr> = None;
            for item in &scope.namespace {
                if !item.columns_visible || (item.lateral_only && !scope.lateral_active) {
                    continue;
                }
                let Some(column) = self.item_column(item, name, span)? else { continue };
                if found.is_some() {
                    return Err(ambiguous_column(name, span));
                }
                check_lateral(item, span)?;
                found = Some(column);
            }
            if found.is_some() {
                return Ok(found);
            }
            if scope.barrier {
                break;
            }
        }
        Ok(None)
    }

    /// A column of one FROM item, system columns included.
    pub fn item_column(&self, item: &NamespaceItem, name: &str, span: Span) -> Result<Option<Expr>> {
        let mut found = None;
        for column in item.columns.iter().filter(|column| &*column.name == name) {
            if found.is_some() {
                return Err(ambiguous_column(name, span));
            }
            found = Some(Expr { span, ..column.expr.clone() });
        }
        if found.is_some() {
            return Ok(found);
        }
        match (&item.relation, item.range) {
            (Some(relation), Some(range)) => Ok(super::relation::system_column(relation, range, name, span)),
            _ => Ok(None),
        }
    }

    /// Binds with another expression kind in force.
    pub fn with_kind<T>(&mut self, kind: Kind, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let saved = self.scope_mut().kind.replace(kind);
        let result = f(self);
        self.scope_mut().kind = saved;
        result
    }

    pub fn kind(&self) -> Kind {
        self.scope().kind.unwrap_or(Kind::Other)
    }

    /// Two visible items may not have one name (`checkNameSpaceConflicts`).
    pub fn check_conflicts(&self, left: &[NamespaceItem], right: &[NamespaceItem]) -> Result<()> {
        for a in left.iter().filter(|item| item.relation_visible) {
            for b in right.iter().filter(|item| item.relation_visible) {
                if a.alias != b.alias {
                    continue;
                }
                if let (Some(x), Some(y), false, false) = (&a.relation, &b.relation, a.aliased, b.aliased)
                    && x.oid != y.oid
                {
                    continue;
                }
                return Err(Error::new(
                    SqlState::DUPLICATE_ALIAS,
                    format!("table name \"{}\" specified more than once", a.alias),
                ));
            }
        }
        Ok(())
    }
}

fn check_lateral(item: &NamespaceItem, span: Span) -> Result<()> {
    if item.lateral_only && !item.lateral_ok {
        let error = Error::new(
            crate::error::SqlState::INVALID_COLUMN_REFERENCE,
            format!("invalid reference to FROM-clause entry for table \"{}\"", item.alias),
        )
        .detail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.");
        return Err(at(error, span));
    }
    Ok(())
}

fn ambiguous_column(name: &str, span: Span) -> Error {
    at(Error::new(SqlState::AMBIGUOUS_COLUMN, format!("column reference \"{name}\" is ambiguous")), span)
}
