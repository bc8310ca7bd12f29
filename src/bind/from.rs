//! FROM (`transformFromClause`).

use std::rc::Rc;

use crate::sql::ast::{Node, RangeSubselect};

use crate::bound::{From, Query, RangeColumn};
use crate::error::{Error, Result};

use super::ast::{self, at};
use super::context::{Binder, Kind, RangeField};
use super::relation::apply_aliases;
use super::scope::NamespaceItem;

impl Binder<'_> {
    /// Binds the comma list into the current scope's namespace.
    pub fn from_clause(&mut self, nodes: &[Node]) -> Result<Vec<From>> {
        let mut from = Vec::with_capacity(nodes.len());
        for node in nodes {
            let (item, mut names) = self.from_item(node)?;
            self.check_conflicts(&self.scope().namespace, &names)?;
            set_lateral(&mut names, true, true);
            let scope = self.scope_mut();
            scope.namespace.extend(names);
            from.push(item);
        }
        for item in &mut self.scope_mut().namespace {
            item.lateral_only = false;
            item.lateral_ok = true;
        }
        Ok(from)
    }

    pub fn from_item(&mut self, node: &Node) -> Result<(From, Vec<NamespaceItem>)> {
        self.grown(|binder| binder.from_item_inner(node))
    }

    fn from_item_inner(&mut self, node: &Node) -> Result<(From, Vec<NamespaceItem>)> {
        match node {
            Node::RangeVar(name) => {
                let before = self.scope().entries.len();
                let (from, item) = self.range_var(name)?;
                if self.scope().entries.len() == before {
                    self.remember(&item, None);
                }
                Ok((from, vec![item]))
            }
            Node::RangeSubselect(select) => {
                let (from, item) = self.range_subselect(select)?;
                self.remember(&item, None);
                Ok((from, vec![item]))
            }
            Node::RangeFunction(function) => {
                let (from, item) = self.range_function(function)?;
                self.remember(&item, None);
                Ok((from, vec![item]))
            }
            Node::JoinExpr(join) => self.join(join),
            other => Err(at(Error::unsupported(ast::kind_name(other)), ast::location(node))),
        }
    }

    /// Keeps an entry for hints.
    pub fn remember(&mut self, item: &NamespaceItem, cte: Option<String>) {
        let entry = item.entry(cte);
        self.scope_mut().entries.push(entry);
    }

    fn range_subselect(&mut self, select: &RangeSubselect) -> Result<(From, NamespaceItem)> {
        let statement = ast::select(ast::child(&select.subquery)?)?;
        // LATERAL sees what is to the left of it.
        let lateral = std::mem::replace(&mut self.scope_mut().lateral_active, select.lateral);
        let query = if select.lateral {
            self.with_kind(Kind::FromSubselect, |binder| binder.select_statement(statement, true))
        } else {
            self.hiding_siblings(|binder| {
                binder.with_kind(Kind::FromSubselect, |binder| binder.select_statement(statement, true))
            })
        };
        self.scope_mut().lateral_active = lateral;
        let query = query?;
        // PostgreSQL 16 lets the alias away; 15 refuses, and so do we only by a name nobody can write.
        let alias = select.alias.as_ref();
        let Some(alias) = alias else {
            let error = Error::new(
                crate::error::SqlState::SYNTAX_ERROR,
                if statement.values_lists.is_empty() {
                    "subquery in FROM must have an alias"
                } else {
                    "VALUES in FROM must have an alias"
                },
            )
            .hint(if statement.values_lists.is_empty() {
                "For example, FROM (SELECT ...) [AS] foo."
            } else {
                "For example, FROM (VALUES ...) [AS] foo."
            });
            return Err(at(error, ast::location(ast::child(&select.subquery)?)));
        };
        let mut names: Vec<Rc<str>> = query.columns.iter().map(|column| column.name.as_str().into()).collect();
        apply_aliases(&alias.aliasname, &ast::names(&alias.colnames), &mut names)?;
        Ok(self.subquery_item(query, names, alias.aliasname.clone(), select.lateral))
    }

    /// The FROM item of a bound sub-query.
    pub fn subquery_item(
        &mut self,
        query: Query,
        names: Vec<Rc<str>>,
        alias: String,
        lateral: bool,
    ) -> (From, NamespaceItem) {
        let fields: Vec<RangeField> = query
            .columns
            .iter()
            .zip(names)
            .map(|(column, name)| RangeField { name, ty: column.ty.clone(), origin: (column.table_oid, column.attnum) })
            .collect();
        let columns =
            fields.iter().map(|field| RangeColumn { name: field.name.to_string(), ty: field.ty.clone() }).collect();
        let range = self.new_range(None, fields);
        let item = self.range_item(range, alias.clone(), true, None);
        (From::Subquery { range, query: Box::new(query), lateral, alias, columns }, item)
    }

    /// Runs with the FROM items to the left out of sight (they are `lateral_only`, and LATERAL is not active).
    fn hiding_siblings<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let active = std::mem::replace(&mut self.scope_mut().lateral_active, false);
        let result = f(self);
        self.scope_mut().lateral_active = active;
        result
    }
}

/// Marks items as visible to LATERAL only.
pub(super) fn set_lateral(items: &mut [NamespaceItem], only: bool, ok: bool) {
    for item in items {
        item.lateral_only = only;
        item.lateral_ok = ok;
    }
}

/// Items under an aliased join disappear, those under a plain one keep their table names only.
pub(super) fn hide_columns(items: &mut [NamespaceItem]) {
    for item in items {
        item.columns_visible = false;
        item.columns = Rc::clone(&item.columns);
    }
}
