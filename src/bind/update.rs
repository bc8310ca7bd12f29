//! UPDATE and DELETE.

use crate::sql::ast::{DeleteStmt, Node, SubLinkType, UpdateStmt};

use crate::bound::{Delete, Expr, Scan, Update};
use crate::error::{Error, Result, SqlState};

use super::ast::{self, at, span};
use super::context::{Binder, Kind};

impl Binder<'_> {
    pub fn update(&mut self, update: &UpdateStmt) -> Result<Update> {
        self.push_scope();
        if let Some(with) = &update.with_clause {
            self.with_clause(with)?;
        }
        let name = ast::some(update.relation.as_ref())?;
        let (target, from) = self.target_and_from(name, &update.from_clause)?;
        let filter = self.where_clause(update.where_clause.as_ref())?;
        let (returning, output) = self.returning(update.returning_clause.as_deref())?;
        let assignments = self.set_clause(&update.target_list, &target)?;
        let ctes = self.pop_scope().bound_ctes;
        Ok(Update { ctes, target, assignments, from, filter, returning, output })
    }

    pub fn delete(&mut self, delete: &DeleteStmt) -> Result<Delete> {
        self.push_scope();
        if let Some(with) = &delete.with_clause {
            self.with_clause(with)?;
        }
        let name = ast::some(delete.relation.as_ref())?;
        let (target, using) = self.target_and_from(name, &delete.using_clause)?;
        let filter = self.where_clause(delete.where_clause.as_ref())?;
        let (returning, output) = self.returning(delete.returning_clause.as_deref())?;
        let ctes = self.pop_scope().bound_ctes;
        Ok(Delete { ctes, target, using, filter, returning, output })
    }

    /// The target, then FROM or USING beside it (which may not refer to it by LATERAL).
    fn target_and_from(
        &mut self,
        name: &crate::sql::ast::RangeVar,
        nodes: &[Node],
    ) -> Result<(Scan, Vec<crate::bound::From>)> {
        let scan = self.target_scan(name)?;
        let (target, mut item) = self.scan_item(scan, &[], name.alias.is_some());
        self.remember(&item, None);
        item.lateral_only = true;
        item.lateral_ok = false;
        self.scope_mut().namespace.push(item);
        let from = self.from_clause(nodes)?;
        Ok((target, from))
    }

    fn where_clause(&mut self, node: Option<&Node>) -> Result<Option<Expr>> {
        let Some(node) = node else { return Ok(None) };
        let filter = self.expr_in(node, Kind::Where)?;
        self.coerce_boolean(filter, "WHERE").map(Some)
    }

    /// `SET a = 1, (b, c) = (2, DEFAULT), (d, e) = (SELECT ...)`.
    pub fn set_clause(&mut self, nodes: &[Node], target: &Scan) -> Result<Vec<(usize, Option<Expr>)>> {
        let mut assignments: Vec<(usize, Option<Expr>)> = Vec::with_capacity(nodes.len());
        // Only the first target of a multiple assignment carries its source.
        let mut shared: Option<&Node> = None;
        for node in nodes {
            let Node::ResTarget(set) = node else { return Err(Error::internal("SET")) };
            let place = span(set.location);
            if !set.indirection.is_empty() {
                return Err(at(Error::unsupported("assignment to a part of a column"), place));
            }
            let column = self.target_column(target, &set.name, place)?;
            if assignments.iter().any(|(other, _)| *other == column) {
                let message = format!("multiple assignments to same column \"{}\"", set.name);
                return Err(Error::new(SqlState::SYNTAX_ERROR, message));
            }
            let value = ast::child(&set.val)?;
            let assigned = match value {
                Node::MultiAssignRef(multi) => {
                    shared = multi.source.as_ref().or(shared);
                    let source = shared.ok_or_else(|| Error::internal("multiple assignment without source"))?;
                    let index = usize::try_from(multi.colno - 1).unwrap_or(0);
                    let count = usize::try_from(multi.ncolumns).unwrap_or(0);
                    self.multiple(source, index, count, target, column)?
                }
                _ => self.assigned(value, target, column, Kind::UpdateSource)?,
            };
            assignments.push((column, assigned));
        }
        Ok(assignments)
    }

    /// One column of `(a, b) = source`.
    fn multiple(
        &mut self,
        source: &Node,
        index: usize,
        count: usize,
        target: &Scan,
        column: usize,
    ) -> Result<Option<Expr>> {
        let wrong_count = |place| {
            let error = Error::new(SqlState::SYNTAX_ERROR, "number of columns does not match number of values");
            at(error, place)
        };
        match source {
            Node::RowExpr(row) => {
                if row.args.len() != count {
                    return Err(wrong_count(span(row.location)));
                }
                self.assigned(&row.args[index], target, column, Kind::UpdateSource)
            }
            Node::SubLink(link) if link.sub_link_type == SubLinkType::ExprSublink => {
                // Bound once per column: each copy is a sub-query of its own.
                let row = self.with_kind(Kind::UpdateSource, |binder| binder.row_subquery(link))?;
                let Some(fields) = self.row_fields(&row.ty) else { return Err(Error::internal("row sub-query")) };
                if fields.len() != count {
                    return Err(wrong_count(span(link.location)));
                }
                if !super::fold::is_steady(&row) {
                    let what = "a volatile sub-query as the source of a multiple assignment";
                    return Err(at(Error::unsupported(what), span(link.location)));
                }
                let place = row.span;
                let field = self.field_at(row, &fields, index, place);
                self.assign(field, target, column).map(Some)
            }
            _ => {
                let message = "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression";
                Err(at(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message), ast::location(source)))
            }
        }
    }
}
