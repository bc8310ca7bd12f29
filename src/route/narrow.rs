//! A fragment asked for the rows alone that can have a partner in a join (semi-join reduction).
//!
//! What is asked is weaker than the join's own condition, which tests every row again: it may only drop rows that have no partner.
//! It is printed like any condition of the statement, from the secured scan; what the target cannot say is left out.

use std::sync::Arc;

use super::choose::{is_refusal, server_of, target};
use super::{Engine, Fragment};
use crate::bound::{Expr, ExprKind, ExprType, Span};
use crate::catalog::{Catalog, Function};
use crate::dialect::{PrintTarget, TargetSql, print};
use crate::error::{Error, Result};
use crate::kernels::spatial::geometry::Geometry;
use crate::policy::SecuredScan;
use crate::types::{ArrayValue, Datum, GeometryTypmod, PgType};

/// What a fragment's rows must be to have a partner.
#[derive(Clone, Debug)]
pub struct Partners {
    /// The relation's column.
    pub column: usize,
    pub wanted: Wanted,
    /// The other side of the join, as EXPLAIN names it.
    pub from: String,
}

#[derive(Clone, Debug)]
pub enum Wanted {
    /// The column's box touches this one: xmin, ymin, xmax, ymax.
    Box([f64; 4]),
    /// The column is one of these: of its own type, none NULL, in order.
    Keys(Vec<Datum>),
}

impl Fragment {
    /// The fragment's statement under what its target can say of these, and which of them that is.
    pub fn narrowed(&self, catalog: &Catalog, partners: &[Partners]) -> Result<(TargetSql, Vec<bool>)> {
        let server = server_of(catalog, self.server)?;
        let mut said = vec![false; partners.len()];
        // For tests: bare leaves.
        if self.limited || self.options.force == Some(Engine::Local) {
            return Ok((self.sql.clone(), said));
        }
        let printed = |partners: &[&Partners], alone: bool| {
            let make =
                |scan: &SecuredScan| partners.iter().map(|partners| condition(scan, catalog, partners)).collect();
            // A box may be said weaker; keys are said as they are.
            let boxes = partners.iter().any(|partners| matches!(partners.wanted, Wanted::Box(_)));
            let weaken = boxes || (self.rechecked > 0 && !alone);
            let target = PrintTarget { weaken, ..target(catalog, server, self.options)? };
            print(&self.secured.narrowed(alone, &make)?, &target)
        };
        let mut together = Vec::new();
        for (said, one) in said.iter_mut().zip(partners) {
            // Alone: among others, what cannot be said is left out without a word where something may be weaker.
            match printed(&[one], true) {
                Ok(_) => {
                    *said = true;
                    together.push(one);
                }
                Err(error) if is_refusal(&error) => {}
                Err(error) => return Err(error),
            }
        }
        if together.is_empty() {
            return Ok((self.sql.clone(), said));
        }
        Ok((printed(&together, false)?, said))
    }
}

/// The condition over the scan that its rows must fulfil.
fn condition(scan: &SecuredScan, catalog: &Catalog, partners: &Partners) -> Result<Expr> {
    let relation = &scan.scan.relation;
    let found = relation.columns.get(partners.column);
    let found = found.ok_or_else(|| Error::internal(format!("column {} of {}", partners.column, relation.name)))?;
    let column = Expr::column(scan.scan.range, partners.column, ExprType::with_typmod(found.ty, found.typmod));
    let operator = |name: &str, ty: PgType| -> Result<Arc<Function>> {
        let operators = catalog.language.operators(name).iter();
        let found = operators.clone().find(|operator| operator.left == ty && operator.right == ty);
        found
            .map(|operator| Arc::clone(&operator.function))
            .ok_or_else(|| Error::internal(format!("operator {name} of {}", ty.name())))
    };
    let kind = match &partners.wanted {
        Wanted::Keys(values) => {
            let ty = if found.ty == PgType::VARCHAR { PgType::TEXT } else { found.ty };
            let array_type = ty.array().ok_or_else(|| Error::internal(format!("arrays of {}", ty.name())))?;
            let array = Datum::Array(Arc::new(ArrayValue::vector(ty, values.clone())));
            ExprKind::ScalarArray {
                left: Box::new(column),
                array: Box::new(Expr::literal(array, array_type)),
                function: operator("=", ty)?,
                operator: "=".into(),
                all: false,
            }
        }
        Wanted::Box([xmin, ymin, xmax, ymax]) => {
            let srid = GeometryTypmod::unpack(found.typmod).map_or(0, |typmod| typmod.srid);
            let typmod = GeometryTypmod { srid, kind: 3, ..GeometryTypmod::default() }.pack();
            let value = Geometry::rectangle(*xmin, *ymin, *xmax, *ymax, srid).into_datum();
            let ty = ExprType::with_typmod(PgType::GEOMETRY, typmod);
            let area = Expr::new(ExprKind::Literal(value), ty, Span::default());
            ExprKind::Call {
                function: operator("&&", PgType::GEOMETRY)?,
                args: vec![column, area],
                operator: Some("&&".into()),
                variadic: false,
            }
        }
    };
    Ok(Expr::new(kind, ExprType::of(PgType::BOOL), Span::default()))
}
