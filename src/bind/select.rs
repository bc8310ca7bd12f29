//! SELECT and VALUES (`transformSelectStmt`, `transformValuesClause`).

use crate::sql::ast::{LimitOption, Node, SelectStmt, SetOperation as PgSetOperation};

use crate::bound::{Body, Distinct, Expr, ExprKind, Item, Limit, OutputColumn, Query, Select, SortKey, Values};
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use super::ast::{self, at};
use super::coerce::location;
use super::collation;
use super::context::{Binder, Kind};

impl Binder<'_> {
    /// Any query. `resolve`: unknown output columns become text (not in the branches of a set operation).
    pub fn select_statement(&mut self, select: &SelectStmt, resolve: bool) -> Result<Query> {
        self.grown(|binder| {
            if let Some(into) = &select.into_clause {
                return Err(at(Error::unsupported("SELECT INTO"), ast::span(into.location)));
            }
            let depth = binder.scopes.len();
            let result = match select.op {
                PgSetOperation::SetopUnion | PgSetOperation::SetopIntersect | PgSetOperation::SetopExcept => {
                    binder.set_operation(select)
                }
                PgSetOperation::SetopNone if !select.values_lists.is_empty() => binder.values(select, resolve),
                PgSetOperation::SetopNone => binder.plain_select(select, resolve),
            };
            // After an error the scopes of what failed are still there.
            binder.scopes.truncate(depth);
            result
        })
    }

    fn plain_select(&mut self, select: &SelectStmt, resolve: bool) -> Result<Query> {
        self.push_scope();
        if let Some(with) = &select.with_clause {
            self.with_clause(with)?;
        }
        for node in &select.window_clause {
            if let Node::WindowDef(window) = node {
                self.scope_mut().windows.push((**window).clone());
            }
        }
        let from = self.from_clause(&select.from_clause)?;
        let mut items = self.target_list(&select.target_list, Kind::SelectTarget)?;
        let filter = match &select.where_clause {
            Some(node) => {
                let filter = self.expr_in(node, Kind::Where)?;
                Some(self.coerce_boolean(filter, "WHERE")?)
            }
            None => None,
        };
        let having = match &select.having_clause {
            Some(node) => {
                let having = self.expr_in(node, Kind::Having)?;
                Some(self.coerce_boolean(having, "HAVING")?)
            }
            None => None,
        };
        let order_by = self.order_by(&select.sort_clause, &mut items)?;
        let group_by = self.group_by(&select.group_clause, select.group_distinct, &mut items)?;
        let distinct = self.distinct(&select.distinct_clause, &mut items, &order_by)?;
        let limit = self.limit(select)?;
        self.check_named_windows(&select.window_clause)?;
        if resolve {
            self.resolve_unknown_items(&mut items)?;
        }
        let mut having = having;
        let aggregated = self.scope().has_aggregates || group_by.is_some() || having.is_some();
        if aggregated {
            self.check_grouping(&mut items, having.as_mut(), group_by.as_ref())?;
            if self.scope().self_reference {
                let place = items.iter().find_map(|item| {
                    super::aggregate::find(&item.expr, &|kind| matches!(kind, ExprKind::Aggregate(_)))
                });
                let message = "aggregate functions are not allowed in a recursive query's recursive term";
                let error = Error::new(SqlState::INVALID_RECURSION, message);
                return Err(place.map_or(error.clone(), |place| at(error, place)));
            }
        }
        let columns = self.output_columns(&items);
        let body = Select { distinct, items, from, filter, group_by, having, aggregated };
        let mut query = Query {
            ctes: Vec::new(),
            body: Body::Select(Box::new(body)),
            columns,
            order_by,
            limit,
            locking: Vec::new(),
        };
        if !select.locking_clause.is_empty() {
            self.locking(select, &mut query)?;
        }
        query.ctes = self.pop_scope().bound_ctes;
        Ok(query)
    }

    pub fn output_columns(&self, items: &[Item]) -> Vec<OutputColumn> {
        items
            .iter()
            .filter(|item| !item.hidden)
            .map(|item| {
                let (table_oid, attnum) = self.origin(&item.expr);
                OutputColumn { name: item.name.clone(), ty: item.expr.ty.clone(), table_oid, attnum }
            })
            .collect()
    }

    fn distinct(&mut self, nodes: &[Node], items: &mut Vec<Item>, order_by: &[SortKey<usize>]) -> Result<Distinct> {
        if nodes.is_empty() {
            return Ok(Distinct::All);
        }
        // Plain DISTINCT is a list of one empty node.
        if nodes.iter().all(|node| matches!(node, Node::Null)) {
            for key in order_by {
                if items[key.expr].hidden {
                    let message = "for SELECT DISTINCT, ORDER BY expressions must appear in select list";
                    let error = Error::new(SqlState::INVALID_COLUMN_REFERENCE, message);
                    return Err(at(error, location(&items[key.expr].expr)));
                }
            }
            for item in items.iter_mut().filter(|item| !item.hidden) {
                if item.expr.ty.oid == PgType::UNKNOWN {
                    item.expr = self.coerce_implicit(item.expr.clone(), PgType::TEXT)?;
                }
                self.check_groupable(&item.expr)?;
            }
            return Ok(Distinct::Rows);
        }
        let mut on = Vec::with_capacity(nodes.len());
        let mut places = Vec::with_capacity(nodes.len());
        for node in nodes {
            let index = self.clause_item(node, items, Kind::DistinctOn)?;
            self.check_groupable(&items[index].expr)?;
            if !on.contains(&index) {
                on.push(index);
                places.push(ast::location(node));
            }
        }
        // The leading sort keys must be those of DISTINCT ON, in any order.
        let mut skipped = false;
        let mut matched = Vec::new();
        let mismatch = |place| {
            let message = "SELECT DISTINCT ON expressions must match initial ORDER BY expressions";
            at(Error::new(SqlState::INVALID_COLUMN_REFERENCE, message), place)
        };
        for key in order_by {
            if let Some(position) = on.iter().position(|index| *index == key.expr) {
                if skipped {
                    return Err(mismatch(places[position]));
                }
                matched.push(key.expr);
            } else {
                skipped = true;
            }
        }
        if skipped && let Some(left) = on.iter().position(|index| !matched.contains(index)) {
            return Err(mismatch(places[left]));
        }
        Ok(Distinct::On(on))
    }

    pub fn limit(&mut self, select: &SelectStmt) -> Result<Limit> {
        let mut bind = |node: &Option<Node>, kind: Kind| -> Result<Option<Expr>> {
            let Some(node) = node else { return Ok(None) };
            let expr = self.expr_in(node, kind)?;
            let expr = self.coerce_specific(expr, PgType::INT8, kind.name())?;
            let depth = self.scopes.len() - 1;
            if self.uses_level(&expr, depth) {
                let message = format!("argument of {} must not contain variables", kind.name());
                return Err(at(Error::new(SqlState::INVALID_COLUMN_REFERENCE, message), location(&expr)));
            }
            Ok(Some(expr))
        };
        let offset = bind(&select.limit_offset, Kind::Offset)?;
        let count = bind(&select.limit_count, Kind::Limit)?;
        let with_ties = select.limit_option == LimitOption::WithTies;
        if with_ties && count.as_ref().is_some_and(Expr::is_literal_null) {
            let message = "row count cannot be null in FETCH FIRST ... WITH TIES clause";
            return Err(Error::new(SqlState::INVALID_ROW_COUNT_IN_LIMIT, message));
        }
        // LIMIT ALL and LIMIT NULL are no limit.
        let count = count.filter(|count| !count.is_literal_null());
        let offset = offset.filter(|offset| !offset.is_literal_null());
        Ok(Limit { count, offset, with_ties })
    }

    /// The rows of VALUES, each column of one type.
    pub fn values_rows(&mut self, lists: &[Node], kind: Kind) -> Result<Vec<Vec<Expr>>> {
        let mut rows: Vec<Vec<Expr>> = Vec::with_capacity(lists.len());
        for list in lists {
            let mut row = Vec::new();
            for node in ast::list(list) {
                match self.with_kind(kind, |binder| binder.expand_star(node))? {
                    Some(columns) => row.extend(columns.into_iter().map(|(_, expr)| expr)),
                    None => row.push(self.expr_in(node, kind)?),
                }
            }
            if rows.first().is_some_and(|first| first.len() != row.len()) {
                let error = Error::new(SqlState::SYNTAX_ERROR, "VALUES lists must all be the same length");
                return Err(at(error, ast::location(list)));
            }
            rows.push(row);
        }
        Ok(rows)
    }

    fn values(&mut self, select: &SelectStmt, resolve: bool) -> Result<Query> {
        self.push_scope();
        if let Some(with) = &select.with_clause {
            self.with_clause(with)?;
        }
        if !select.locking_clause.is_empty() {
            let what = super::locking::clause_name(&select.locking_clause);
            let error = Error::new(SqlState::FEATURE_NOT_SUPPORTED, format!("{what} cannot be applied to VALUES"));
            return Err(error);
        }
        let _ = resolve;
        let rows = self.values_rows(&select.values_lists, Kind::Values)?;
        let width = rows.first().map_or(0, Vec::len);
        let mut by_column: Vec<std::vec::IntoIter<Expr>> = Vec::with_capacity(width);
        let mut columns = Vec::with_capacity(width);
        let mut rows = rows;
        for column in 0..width {
            let exprs: Vec<Expr> = rows
                .iter_mut()
                .map(|row| std::mem::replace(&mut row[column], Expr::literal(crate::types::Datum::Null, PgType::TEXT)))
                .collect();
            let (exprs, common) = self.unify(exprs, "VALUES")?;
            let typmod = self.common_typmod(&exprs, common);
            let mut ty = collation::derived(common, typmod, &exprs)?;
            ty.be_row_of(exprs.iter().map(|expr| &expr.ty));
            columns.push(OutputColumn { name: format!("column{}", column + 1), ty, table_oid: 0, attnum: 0 });
            by_column.push(exprs.into_iter());
        }
        let rows =
            rows.iter().map(|_| by_column.iter_mut().filter_map(Iterator::next).collect::<Vec<Expr>>()).collect();
        let mut query = Query {
            ctes: Vec::new(),
            body: Body::Values(Values { rows }),
            columns,
            order_by: Vec::new(),
            limit: Limit::default(),
            locking: Vec::new(),
        };
        if select.sort_clause.is_empty() {
            query.limit = self.limit(select)?;
        } else {
            query = self.sorted_values(query, select)?;
        }
        query.ctes = self.pop_scope().bound_ctes;
        Ok(query)
    }

    /// `VALUES ... ORDER BY`: a SELECT over the rows, so that any expression may be sorted by.
    fn sorted_values(&mut self, query: Query, select: &SelectStmt) -> Result<Query> {
        let names = query.columns.iter().map(|column| column.name.as_str().into()).collect();
        let (from, item) = self.subquery_item(query, names, "*VALUES*".to_owned(), false);
        let mut items: Vec<Item> = item
            .columns
            .iter()
            .map(|column| Item { expr: column.expr.clone(), name: column.name.to_string(), hidden: false })
            .collect();
        self.scope_mut().namespace.push(item);
        let order_by = self.order_by(&select.sort_clause, &mut items)?;
        let limit = self.limit(select)?;
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
            order_by,
            limit,
            locking: Vec::new(),
        })
    }
}
