//! Sub-queries in expressions (`transformSubLink`).

use crate::sql::ast::{RowExpr, SubLink, SubLinkType};

use crate::bound::{
    Body, Distinct, Expr, ExprKind, ExprType, From, Item, Limit, OutputColumn, Query, RangeColumn, RecordField, Select,
    Span, SubqueryKind,
};
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use crate::bind::ast::{self, at, names, span};
use crate::bind::context::{Binder, Kind, RangeField, Recursion};

impl Binder<'_> {
    pub(super) fn sublink(&mut self, link: &SubLink) -> Result<Expr> {
        let place = span(link.location);
        match link.sub_link_type {
            SubLinkType::ExistsSublink => {
                let query = self.subselect(link)?;
                Ok(subquery(query, SubqueryKind::Exists, ExprType::of(PgType::BOOL), place))
            }
            SubLinkType::ExprSublink => self.scalar(link, place),
            SubLinkType::ArraySublink => {
                let query = self.subselect(link)?;
                let [column] = query.columns.as_slice() else { return Err(one_column(place)) };
                let ty = column.ty.clone();
                // An array of arrays has one more dimension, not another type.
                let array = self.array_of(ty.oid).or_else(|| self.element_of(ty.oid).map(|_| ty.oid));
                let Some(array) = array else {
                    let message = format!("could not find array type for data type {}", self.format_type(ty.oid));
                    return Err(at(Error::new(SqlState::UNDEFINED_OBJECT, message), place));
                };
                let ty = ExprType { oid: array, ..ty };
                Ok(subquery(query, SubqueryKind::Array, ty, place))
            }
            SubLinkType::AnySublink => self.quantified(link, false, place),
            SubLinkType::AllSublink => self.quantified(link, true, place),
            SubLinkType::RowcompareSublink | SubLinkType::MultiexprSublink | SubLinkType::CteSublink => {
                Err(at(Error::unsupported("this form of sub-query"), place))
            }
        }
    }

    fn subselect(&mut self, link: &SubLink) -> Result<Query> {
        let select = ast::select(ast::child(&link.subselect)?)?;
        if matches!(self.kind(), Kind::Default) {
            let message = "cannot use subquery in DEFAULT expression";
            return Err(at(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message), span(link.location)));
        }
        self.sub_query(select)
    }

    /// A sub-query in an expression: recursion may not pass through it.
    pub fn sub_query(&mut self, select: &crate::sql::ast::SelectStmt) -> Result<Query> {
        let saved = std::mem::replace(&mut self.recursion, Recursion::Subquery);
        let sets = self.set_returning;
        let result = self.select_statement(select, true);
        self.set_returning = sets;
        self.recursion = saved;
        result
    }

    fn scalar(&mut self, link: &SubLink, place: Span) -> Result<Expr> {
        let query = self.subselect(link)?;
        let [column] = query.columns.as_slice() else {
            let error = Error::new(SqlState::SYNTAX_ERROR, "subquery must return only one column");
            return Err(at(error, place));
        };
        let ty = column.ty.clone();
        Ok(subquery(query, SubqueryKind::Scalar, ty, place))
    }

    /// The row of a sub-query as one value, for `SET (a, b) = (SELECT ...)`.
    pub fn row_subquery(&mut self, link: &SubLink) -> Result<Expr> {
        let query = self.subselect(link)?;
        let fields = query
            .columns
            .iter()
            .map(|column| RecordField { name: column.name.clone(), ty: column.ty.oid, typmod: column.ty.typmod })
            .collect();
        let ty = self.row_type(fields);
        Ok(subquery(query, SubqueryKind::Row, ty, span(link.location)))
    }

    fn quantified(&mut self, link: &SubLink, all: bool, place: Span) -> Result<Expr> {
        let name = names(&link.oper_name);
        let name: Vec<&str> = if name.is_empty() { vec!["="] } else { name };
        let query = self.subselect(link)?;
        let left = self.row_or_one(ast::child(&link.testexpr)?)?;
        let (range, right) = self.test_row(&query, place);
        if left.len() < right.len() {
            let error = Error::new(SqlState::SYNTAX_ERROR, "subquery has too many columns");
            return Err(at(error, place));
        }
        if left.len() > right.len() {
            let error = Error::new(SqlState::SYNTAX_ERROR, "subquery has too few columns");
            return Err(at(error, place));
        }
        let test = Box::new(self.row_comparison(&name, left, right, place)?);
        if test.ty.oid != PgType::BOOL {
            let message =
                format!("row comparison operator must yield type boolean, not type {}", self.format_type(test.ty.oid));
            return Err(at(Error::new(SqlState::DATATYPE_MISMATCH, message), place));
        }
        Ok(subquery(query, SubqueryKind::Any { range, test, all }, ExprType::of(PgType::BOOL), place))
    }

    /// The columns of a sub-query as one row under test.
    fn test_row(&mut self, query: &Query, place: Span) -> (crate::bound::RangeId, Vec<Expr>) {
        let fields: Vec<RangeField> = query
            .columns
            .iter()
            .map(|column| RangeField { name: column.name.as_str().into(), ty: column.ty.clone(), origin: (0, 0) })
            .collect();
        let count = fields.len();
        let range = self.test_range(fields);
        let exprs = (0..count).map(|column| self.column_expr(range, column, place)).collect();
        (range, exprs)
    }

    /// `(a, b) op (SELECT x, y)`: the comparison is made inside, over the single row: NULL without a row, 21000 with two.
    pub(super) fn row_sublink(&mut self, name: &[&str], row: &RowExpr, link: &SubLink, place: Span) -> Result<Expr> {
        let query = self.subselect(link)?;
        let left = self.row_elements(row)?;
        let (range, right) = self.test_row(&query, place);
        if left.len() != right.len() {
            let few =
                if left.len() < right.len() { "subquery has too many columns" } else { "subquery has too few columns" };
            return Err(at(Error::new(SqlState::SYNTAX_ERROR, few), place));
        }
        if let Some(expr) = left.iter().find(|expr| super::super::aggregate::find(expr, &is_level_bound).is_some()) {
            let error = Error::unsupported("comparison of a row with aggregates or window functions to a sub-query");
            return Err(at(error, expr.span));
        }
        let test = self.row_comparison(name, left, right, place)?;
        let columns = query
            .columns
            .iter()
            .map(|column| RangeColumn { name: column.name.clone(), ty: column.ty.clone() })
            .collect();
        let ty = ExprType::of(PgType::BOOL);
        let output = OutputColumn { name: "?column?".to_owned(), ty: ty.clone(), table_oid: 0, attnum: 0 };
        let from = From::Subquery { range, query: Box::new(query), lateral: true, alias: "row".to_owned(), columns };
        let select = Select {
            distinct: Distinct::All,
            items: vec![Item { expr: test, name: "?column?".to_owned(), hidden: false }],
            from: vec![from],
            filter: None,
            group_by: None,
            having: None,
            aggregated: false,
        };
        let outer = Query {
            ctes: Vec::new(),
            body: Body::Select(Box::new(select)),
            columns: vec![output],
            order_by: Vec::new(),
            limit: Limit::default(),
            locking: Vec::new(),
        };
        Ok(subquery(outer, SubqueryKind::Scalar, ty, place))
    }
}

/// Aggregates and windows belong to their own level and may not move into a sub-query.
fn is_level_bound(kind: &ExprKind) -> bool {
    matches!(kind, ExprKind::Aggregate(_) | ExprKind::Window(_) | ExprKind::Grouping(_))
}

fn subquery(query: Query, kind: SubqueryKind, ty: ExprType, place: Span) -> Expr {
    Expr::new(ExprKind::Subquery { query: Box::new(query), kind }, ty, place)
}

fn one_column(place: Span) -> Error {
    at(Error::new(SqlState::SYNTAX_ERROR, "subquery must return only one column"), place)
}
