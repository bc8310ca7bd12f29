//! UNION, INTERSECT, EXCEPT (`transformSetOperationStmt`).

use crate::sql::ast::{Node, SelectStmt, SetOperation as PgSetOperation};

use crate::bound::{
    Body, Distinct, Expr, ExprType, Item, Limit, OutputColumn, Query, Select, SetOperation, SetOperator, SortKey, Span,
};
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use super::ast::{self, at};
use super::collation;
use super::context::{Binder, Kind, Recursion};

impl Binder<'_> {
    pub fn set_operation(&mut self, select: &SelectStmt) -> Result<Query> {
        self.push_scope();
        if let Some(with) = &select.with_clause {
            self.with_clause(with)?;
        }
        let (Some(left), Some(right)) = (&select.larg, &select.rarg) else {
            return Err(Error::internal("set operation without branches"));
        };
        let (operator, construct) = match select.op {
            PgSetOperation::SetopIntersect => (SetOperator::Intersect, "INTERSECT"),
            PgSetOperation::SetopExcept => (SetOperator::Except, "EXCEPT"),
            PgSetOperation::SetopUnion | PgSetOperation::SetopNone => (SetOperator::Union, "UNION"),
        };
        let saved = self.recursion;
        let narrowed = |inner: Recursion| if saved == Recursion::Allowed { inner } else { saved };
        let (for_left, for_right) = match (operator, select.all) {
            (SetOperator::Union, _) => (saved, saved),
            (SetOperator::Intersect, true) => (narrowed(Recursion::Intersect), narrowed(Recursion::Intersect)),
            (SetOperator::Intersect, false) => (saved, saved),
            (SetOperator::Except, true) => (narrowed(Recursion::Except), narrowed(Recursion::Except)),
            (SetOperator::Except, false) => (saved, narrowed(Recursion::Except)),
        };
        self.recursion = for_left;
        let left = self.set_leaf(left);
        self.recursion = for_right;
        let left = left?;
        let right = self.set_leaf(right);
        self.recursion = saved;
        let right = right?;
        let (left, right, columns) = self.unify_branches(left, right, construct)?;
        if !select.all {
            for (position, column) in columns.iter().enumerate() {
                let null = crate::bound::ExprKind::Literal(crate::types::Datum::Null);
                let probe = Expr::new(null, column.ty.clone(), branch_place(&left, position));
                self.check_groupable(&probe)?;
            }
        }
        let operation = SetOperation { operator, all: select.all, left, right };
        self.finish_set_operation(select, operation, columns)
    }

    /// A branch: its unknown columns wait for the other branch.
    pub fn set_leaf(&mut self, select: &SelectStmt) -> Result<Query> {
        self.select_statement(select, false)
    }

    /// ORDER BY, LIMIT and the WITH queries of the whole; ends the scope.
    pub fn finish_set_operation(
        &mut self,
        select: &SelectStmt,
        operation: SetOperation,
        columns: Vec<OutputColumn>,
    ) -> Result<Query> {
        if !select.locking_clause.is_empty() {
            let what = super::locking::clause_name(&select.locking_clause);
            let message = format!("{what} is not allowed with UNION/INTERSECT/EXCEPT");
            return Err(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message));
        }
        let mut items: Vec<Item> = columns
            .iter()
            .map(|column| Item {
                expr: Expr::new(
                    crate::bound::ExprKind::Literal(crate::types::Datum::Null),
                    column.ty.clone(),
                    Span::default(),
                ),
                name: column.name.clone(),
                hidden: false,
            })
            .collect();
        // Columns are told apart by position, so give each its own expression.
        for (index, item) in items.iter_mut().enumerate() {
            item.expr.kind = crate::bound::ExprKind::Param(index);
        }
        let mut order_by: Vec<SortKey<usize>> = Vec::new();
        for node in &select.sort_clause {
            let Node::SortBy(sort) = node else { return Err(Error::internal("sort key")) };
            let node = ast::child(&sort.node)?;
            let Some(index) = self.named_item(node, &items, Kind::OrderBy)? else {
                return Err(self.bad_set_order(node));
            };
            self.check_sortable(&items[index].expr)?;
            let (descending, nulls_first) = self.sort_direction(sort)?;
            if !order_by.iter().any(|key| key.expr == index) {
                order_by.push(SortKey { expr: index, descending, nulls_first });
            }
        }
        let limit = self.limit(select)?;
        let ctes = self.pop_scope().bound_ctes;
        Ok(Query { ctes, body: Body::SetOperation(Box::new(operation)), columns, order_by, limit, locking: Vec::new() })
    }

    fn bad_set_order(&self, node: &Node) -> Error {
        if let Node::ColumnRef(column) = node
            && let [name] = ast::names(&column.fields).as_slice()
        {
            return self.missing_column(None, name, ast::span(column.location));
        }
        let error = Error::new(SqlState::FEATURE_NOT_SUPPORTED, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
            .detail("Only result column names can be used, not expressions or functions.")
            .hint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.");
        at(error, ast::location(node))
    }

    /// Brings both branches to common column types; the columns of the whole.
    pub fn unify_branches(
        &mut self,
        left: Query,
        right: Query,
        construct: &str,
    ) -> Result<(Query, Query, Vec<OutputColumn>)> {
        if left.columns.len() != right.columns.len() {
            let message = format!("each {construct} query must have the same number of columns");
            return Err(at(Error::new(SqlState::SYNTAX_ERROR, message), branch_place(&right, 0)));
        }
        let mut columns = Vec::with_capacity(left.columns.len());
        for (index, (l, r)) in left.columns.iter().zip(&right.columns).enumerate() {
            let types = [(l.ty.oid, branch_place(&left, index)), (r.ty.oid, branch_place(&right, index))];
            let common = self.common_type_of(&types, Some(construct))?;
            for (ty, place) in types {
                if !self.can_coerce(ty, common, crate::catalog::CastContext::Implicit) {
                    let message = format!(
                        "{construct} could not convert type {} to {}",
                        self.format_type(ty),
                        self.format_type(common)
                    );
                    return Err(at(Error::new(SqlState::CANNOT_COERCE, message), place));
                }
            }
            let probe = |column: &OutputColumn| {
                Expr::new(
                    crate::bound::ExprKind::Literal(crate::types::Datum::Null),
                    column.ty.clone(),
                    Span::default(),
                )
            };
            let (a, b) = (probe(l), probe(r));
            let typmod = self.common_typmod([&a, &b], common);
            let mut ty: ExprType = collation::derived(common, typmod, [&a, &b])?;
            ty.be_row_of([&l.ty, &r.ty]);
            columns.push(OutputColumn { name: l.name.clone(), ty, table_oid: 0, attnum: 0 });
        }
        let left = self.coerce_branch(left, &columns, construct)?;
        let right = self.coerce_branch(right, &columns, construct)?;
        Ok((left, right, columns))
    }

    fn coerce_branch(&mut self, mut query: Query, targets: &[OutputColumn], construct: &str) -> Result<Query> {
        let differs =
            |query: &Query, unknown_only: bool| {
                query.columns.iter().zip(targets).any(|(own, target)| {
                    own.ty.oid != target.ty.oid && (!unknown_only || own.ty.oid == PgType::UNKNOWN)
                })
            };
        if !differs(&query, false) {
            return Ok(query);
        }
        let (sorted, limited) = (query.order_by.clone(), query.limit.with_ties);
        let in_place = match &mut query.body {
            Body::Select(select) => {
                let free = matches!(select.distinct, Distinct::All) && !limited;
                let mut all = true;
                let visible: Vec<usize> =
                    (0..select.items.len()).filter(|index| !select.items[*index].hidden).collect();
                for (position, index) in visible.into_iter().enumerate() {
                    let item = &mut select.items[index];
                    let (own, target) = (item.expr.ty.oid, targets[position].ty.oid);
                    if own == target {
                        continue;
                    }
                    let used = sorted.iter().any(|key| key.expr == index);
                    if own == PgType::UNKNOWN || (free && !used) {
                        item.expr = self.coerce_common(item.expr.clone(), target, construct)?;
                        query.columns[position].ty = item.expr.ty.clone();
                        (query.columns[position].table_oid, query.columns[position].attnum) = (0, 0);
                    } else {
                        all = false;
                    }
                }
                all
            }
            Body::Values(values) => {
                for row in &mut values.rows {
                    for (value, target) in row.iter_mut().zip(targets) {
                        if value.ty.oid != target.ty.oid {
                            *value = self.coerce_common(value.clone(), target.ty.oid, construct)?;
                        }
                    }
                }
                for (column, target) in query.columns.iter_mut().zip(targets) {
                    column.ty = target.ty.clone();
                }
                true
            }
            Body::SetOperation(_) => false,
        };
        if in_place { Ok(query) } else { self.wrap_branch(query, targets, construct) }
    }

    /// `SELECT casts FROM (branch)`: where the branch's own DISTINCT or ORDER BY must see the uncast values.
    fn wrap_branch(&mut self, query: Query, targets: &[OutputColumn], construct: &str) -> Result<Query> {
        let names = query.columns.iter().map(|column| column.name.as_str().into()).collect();
        let (from, item) = self.subquery_item(query, names, "*SELECT*".to_owned(), false);
        let mut items = Vec::with_capacity(targets.len());
        for (column, target) in item.columns.iter().zip(targets) {
            let expr = self.coerce_common(column.expr.clone(), target.ty.oid, construct)?;
            items.push(Item { expr, name: column.name.to_string(), hidden: false });
        }
        let columns = self.output_columns(&items);
        let body = Select {
            distinct: Distinct::All,
            items,
            from: vec![from],
            filter: None,
            group_by: None,
            having: None,
            aggregated: false,
        };
        Ok(Query {
            ctes: Vec::new(),
            body: Body::Select(Box::new(body)),
            columns,
            order_by: Vec::new(),
            limit: Limit::default(),
            locking: Vec::new(),
        })
    }
}

/// Where a branch's column was written.
pub(super) fn branch_place(query: &Query, column: usize) -> Span {
    match &query.body {
        Body::Select(select) => select
            .items
            .iter()
            .filter(|item| !item.hidden)
            .nth(column)
            .map_or(Span::default(), |item| super::coerce::location(&item.expr)),
        Body::Values(values) => {
            values.rows.first().and_then(|row| row.get(column)).map_or(Span::default(), super::coerce::location)
        }
        Body::SetOperation(operation) => branch_place(&operation.left, column),
    }
}
