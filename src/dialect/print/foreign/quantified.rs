//! Lists (`IN`, `= ANY (array)`), and constants that may be NULL in them.

use std::ops::ControlFlow;

use super::constant;
use crate::bound::visit::{Node, walk_expr};
use crate::bound::{Expr, ExprKind, ExprType};
use crate::catalog::Function;
use crate::dialect::print::{Construct, Printer, SyntaxRule};
use crate::dialect::template::Template;
use crate::error::{Error, Result};
use crate::types::{Datum, PgType};

/// An element of a list.
enum Element<'a> {
    Expr(&'a Expr),
    Value(&'a Datum, ExprType),
}

impl<'a> Printer<'a> {
    pub(in crate::dialect::print) fn foreign_scalar_array(
        &mut self,
        left: &'a Expr,
        array: &'a Expr,
        function: &'a Function,
        operator: &str,
        all: bool,
    ) -> Result<()> {
        self.construct(Construct::Quantified)?;
        let simple = self.foreign_operator(function)?;
        let negated = match (simple, all) {
            (Some("="), false) => false,
            (Some("<>"), true) => true,
            _ => return Err(self.refuse(format!("{operator} {} over an array", if all { "ALL" } else { "ANY" }))),
        };
        let elements: Vec<Element<'a>> = match &array.kind {
            ExprKind::Array { elements, multidimensional: false } if !elements.is_empty() => {
                elements.iter().map(Element::Expr).collect()
            }
            ExprKind::Literal(Datum::Array(values)) if !values.values.is_empty() => {
                let element = array.ty.oid.element().ok_or_else(|| Error::internal("an array without elements"))?;
                values.values.iter().map(|value| Element::Value(value, ExprType::of(element))).collect()
            }
            ExprKind::Literal(Datum::Array(_)) => {
                return self.literal(&Datum::Bool(negated), &ExprType::of(PgType::BOOL));
            }
            ExprKind::Literal(Datum::Null) => return self.literal(&Datum::Null, &ExprType::of(PgType::BOOL)),
            _ => return Err(self.refuse(format!("{operator} {} over this array", if all { "ALL" } else { "ANY" }))),
        };
        if self.merges_null() && elements.len() > 1 && elements.iter().any(Element::may_be_null) {
            return self.apart(left, &elements, negated);
        }
        self.listed(left, &elements, negated)
    }

    /// `left IN (elements)`.
    fn listed(&mut self, left: &'a Expr, elements: &[Element<'a>], negated: bool) -> Result<()> {
        self.push("(");
        self.collated(left, None)?;
        self.push(if negated { " NOT IN (" } else { " IN (" });
        for (n, element) in elements.iter().enumerate() {
            if n > 0 {
                self.push(", ");
            }
            match element {
                Element::Expr(expr) => self.collated(expr, None)?,
                Element::Value(value, ty) => self.literal(value, ty)?,
            }
        }
        self.push("))");
        Ok(())
    }

    /// The list with each constant that may be NULL in a comparison of its own.
    fn apart(&mut self, left: &'a Expr, elements: &[Element<'a>], negated: bool) -> Result<()> {
        self.once(left)?;
        let (apart, plain): (Vec<&Element<'a>>, Vec<&Element<'a>>) =
            elements.iter().partition(|element| element.may_be_null());
        self.push(if negated { "(NOT (" } else { "(" });
        if !plain.is_empty() {
            let plain: Vec<Element<'a>> = plain.into_iter().map(Element::again).collect();
            self.listed(left, &plain, false)?;
            self.push(" OR ");
        }
        for (n, element) in apart.into_iter().enumerate() {
            if n > 0 {
                self.push(" OR ");
            }
            match element {
                Element::Expr(expr) if !expr.is_literal_null() => {
                    self.once(expr)?;
                    self.push("CASE WHEN ");
                    self.expr(expr)?;
                    self.push(" IS NULL THEN NULL ELSE ");
                    self.expr(left)?;
                    self.push(" = ");
                    self.expr(expr)?;
                    self.push(" END");
                }
                Element::Expr(_) | Element::Value(..) => self.literal(&Datum::Null, &ExprType::of(PgType::BOOL))?,
            }
        }
        self.push(if negated { "))" } else { ")" });
        Ok(())
    }

    /// Prints a comparison with a constant that may be NULL so that the target does not take it into a list; false where it need not.
    pub(super) fn null_safe(&mut self, template: &'a Template, args: &[&'a Expr]) -> Result<bool> {
        let [left, right] = args else { return Ok(false) };
        let Some(operator @ ("=" | "<>")) = template.operator() else { return Ok(false) };
        let merged = |expr: &Expr| matches!(expr.ty.oid, PgType::DATE | PgType::INT2 | PgType::INT4 | PgType::INT8);
        if self.choices == 0 || !self.merges_null() || !merged(left) || !merged(right) {
            return Ok(false);
        }
        let Some(constant) = [left, right].into_iter().find(|side| may_be_null(side)) else { return Ok(false) };
        if args.iter().any(|side| side.is_literal_null()) {
            self.literal(&Datum::Null, &ExprType::of(PgType::BOOL))?;
            return Ok(true);
        }
        self.once(constant)?;
        self.push("CASE WHEN ");
        self.expr(constant)?;
        self.push(" IS NULL THEN NULL ELSE ");
        self.expr(left)?;
        self.push(&format!(" {operator} "));
        self.expr(right)?;
        self.push(" END");
        Ok(true)
    }

    /// Does the target lose the NULL of a list of constants (Trino, where the others follow on each other; an emulator of BigQuery)?
    fn merges_null(&self) -> bool {
        matches!(self.target.dialect.syntax(Construct::Quantified), Some(SyntaxRule::Rule(_)))
    }
}

impl<'a> Element<'a> {
    fn may_be_null(&self) -> bool {
        match self {
            Element::Expr(expr) => may_be_null(expr),
            Element::Value(value, _) => value.is_null(),
        }
    }

    fn again(&self) -> Element<'a> {
        match self {
            Element::Expr(expr) => Element::Expr(expr),
            Element::Value(value, ty) => Element::Value(value, ty.clone()),
        }
    }
}

/// A constant for the target, which nobody knows yet, or NULL.
fn may_be_null(expr: &Expr) -> bool {
    if matches!(constant(expr), ExprKind::Literal(value) if !value.is_null()) {
        return false;
    }
    let flow = walk_expr(expr, &mut |node| match node {
        Node::Expr(expr) => match &expr.kind {
            ExprKind::Aggregate(_)
            | ExprKind::CaseOperand
            | ExprKind::Column { .. }
            | ExprKind::Subquery { .. }
            | ExprKind::WholeRow { .. }
            | ExprKind::Window(_) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        },
        Node::From(_) | Node::Query(_) => ControlFlow::Break(()),
    });
    flow.is_continue()
}
