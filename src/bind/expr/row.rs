//! ROW(...) and row-wise comparison.

use crate::sql::ast::Node;
use crate::sql::ast::RowExpr;

use crate::bound::{Expr, ExprKind, RecordField, RowField, Span};
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use crate::bind::ast::{at, span};
use crate::bind::coerce::location;
use crate::bind::context::Binder;

use super::operation::combine;

impl Binder<'_> {
    pub(super) fn row(&mut self, row: &RowExpr) -> Result<Expr> {
        let elements = self.row_elements(row)?;
        let elements = elements
            .into_iter()
            .map(
                |expr| if expr.ty.oid == PgType::UNKNOWN { self.coerce_implicit(expr, PgType::TEXT) } else { Ok(expr) },
            )
            .collect::<Result<Vec<_>>>()?;
        let fields = elements.iter().enumerate().map(|(index, expr)| RecordField {
            name: format!("f{}", index + 1),
            ty: expr.ty.oid,
            typmod: expr.ty.typmod,
        });
        let ty = self.row_type(fields.collect());
        let items = elements
            .into_iter()
            .enumerate()
            .map(|(index, expr)| RowField { name: format!("f{}", index + 1), expr })
            .collect();
        Ok(Expr::new(ExprKind::Row(items), ty, span(row.location)))
    }

    /// The elements of a row constructor; `t.*` inside it is expanded.
    pub(super) fn row_elements(&mut self, row: &RowExpr) -> Result<Vec<Expr>> {
        let mut elements = Vec::with_capacity(row.args.len());
        for node in &row.args {
            match self.expand_star(node)? {
                Some(columns) => elements.extend(columns.into_iter().map(|(_, expr)| expr)),
                None => elements.push(self.expr(node)?),
            }
        }
        Ok(elements)
    }

    /// `make_row_comparison_op`: `=` and `<>` field by field; the ordering operators by the first fields that differ.
    pub(super) fn row_comparison(
        &mut self,
        name: &[&str],
        left: Vec<Expr>,
        right: Vec<Expr>,
        place: Span,
    ) -> Result<Expr> {
        if left.len() != right.len() {
            let error = Error::new(SqlState::SYNTAX_ERROR, "unequal number of entries in row expressions");
            return Err(at(error, place));
        }
        if left.is_empty() {
            let error = Error::new(SqlState::FEATURE_NOT_SUPPORTED, "cannot compare rows of zero length");
            return Err(at(error, place));
        }
        let operator = name.last().copied().unwrap_or_default();
        let single = left.len() == 1;
        match operator {
            _ if single => {}
            "=" | "<>" | "!=" => {}
            "<" | "<=" | ">" | ">=" => return self.row_order(operator, left, right, place),
            _ => {
                let message = format!("could not determine interpretation of row comparison operator {operator}");
                let error = Error::new(SqlState::FEATURE_NOT_SUPPORTED, message)
                    .hint("Row comparison operators must be associated with btree operator families.");
                return Err(at(error, place));
            }
        }
        let mut tests = Vec::with_capacity(left.len());
        for (left, right) in left.into_iter().zip(right) {
            tests.push(self.row_test(name, left, right, place)?);
        }
        Ok(combine(tests, place, if operator == "=" { ExprKind::And } else { ExprKind::Or }))
    }

    fn row_test(&mut self, name: &[&str], left: Expr, right: Expr, place: Span) -> Result<Expr> {
        let test = self.make_op(name, Some(left), right, place)?;
        if test.ty.oid != PgType::BOOL {
            let message =
                format!("row comparison operator must yield type boolean, not type {}", self.format_type(test.ty.oid));
            return Err(at(Error::new(SqlState::DATATYPE_MISMATCH, message), place));
        }
        Ok(test)
    }

    /// (a, b) < (c, d)  =  a < c OR (a = c AND b < d): the same answers, NULLs included.
    fn row_order(&mut self, operator: &str, left: Vec<Expr>, right: Vec<Expr>, place: Span) -> Result<Expr> {
        if let Some(expr) = left.iter().chain(&right).find(|expr| !self.repeatable(expr)) {
            let what = "ordering comparison of rows with volatile functions or sub-queries";
            return Err(at(Error::unsupported(what), location(expr)));
        }
        let strict = operator.trim_end_matches('=').to_owned();
        let mut pairs = left.into_iter().zip(right).rev();
        let Some((a, c)) = pairs.next() else { return Err(Error::internal("empty row comparison")) };
        let mut result = self.row_test(&[operator], a, c, place)?;
        for (a, c) in pairs {
            let first = self.row_test(&[&strict], a.clone(), c.clone(), place)?;
            let equal = self.row_test(&["="], a, c, place)?;
            let rest = combine(vec![equal, result], place, ExprKind::And);
            result = combine(vec![first, rest], place, ExprKind::Or);
        }
        Ok(result)
    }

    /// The elements of a node that may be a row constructor.
    pub(super) fn row_or_one(&mut self, node: &crate::sql::ast::Node) -> Result<Vec<Expr>> {
        match node {
            Node::RowExpr(row) => self.row_elements(row),
            _ => Ok(vec![self.expr(node)?]),
        }
    }
}
