//! Set-returning functions: in the select list (lockstep, NULLs after the end) and in FROM.

use super::{Lowerer, reference, refuse};
use crate::bound::visit::children;
use crate::bound::{Expr, ExprKind, FunctionScan};
use crate::engine::apply::Free;
use crate::engine::node::node;
use crate::engine::ops::project_set::{ProjectSet, SetCall};
use crate::engine::relation::Rel;
use crate::engine::statement::{EXISTS, Key};
use crate::error::{Error, Result};
use crate::kernels;
use crate::types::PgType;

/// Whether a set-returning call occurs (outside of sub-queries).
pub(super) fn has_srf(expr: &Expr) -> bool {
    let mut found = is_srf(expr);
    children(expr, &mut |child| found = found || has_srf(child));
    found
}

fn is_srf(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Call { function, .. } if function.returns_set)
}

impl Lowerer {
    /// Expands the set-returning calls of a select list, innermost first.
    pub(super) fn project_sets(&self, mut rel: Rel, items: &mut [Expr]) -> Result<Rel> {
        while items.iter().any(has_srf) {
            let mut calls: Vec<(Key, Expr)> = Vec::new();
            let mut refused = None;
            self.lift(items, &mut |expr| {
                if matches!(expr.kind, ExprKind::Case { .. } | ExprKind::Coalesce(_)) && has_srf(expr) {
                    refused = Some(refuse(expr, "a set-returning function in CASE or COALESCE"));
                }
                let mut inner = false;
                children(expr, &mut |child| inner = inner || has_srf(child));
                if !is_srf(expr) || inner {
                    return Ok(None);
                }
                let key = self.statement.temp();
                calls.push((key, expr.clone()));
                Ok(Some(reference(key, expr)))
            })?;
            if let Some(error) = refused {
                return Err(error);
            }
            let columns: Vec<(Key, PgType)> = calls.iter().map(|(key, expr)| (*key, expr.ty.oid)).collect();
            let exprs = calls.into_iter().map(|(_, expr)| (expr, 1, true)).collect();
            rel = self.set_node(rel, exprs, columns, false)?;
        }
        Ok(rel)
    }

    /// A FROM function over the rows of its left neighbours (or over one row).
    pub(super) fn function_scan(&self, rel: Rel, scan: &FunctionScan) -> Result<Rel> {
        let mut columns: Vec<(Key, PgType)> =
            scan.columns.iter().enumerate().map(|(n, column)| (Key(scan.range, n), column.ty.oid)).collect();
        if scan.functions.iter().any(|function| function.definition) {
            return Err(Error::unsupported("a column definition list outside of its source"));
        }
        let width: usize = scan.functions.iter().map(|function| function.columns).sum();
        if width + usize::from(scan.ordinality) != columns.len() {
            return Err(Error::internal("columns of a table function"));
        }
        let exprs = scan.functions.iter().map(|function| (function.expr.clone(), function.columns, false)).collect();
        let whole = self.statement.reads.get(scan.range).is_some_and(|read| read.whole);
        columns.truncate(scan.columns.len());
        let rel = self.set_node(rel, exprs, columns, scan.ordinality)?;
        if whole {
            return rel.project(None, vec![(Key(scan.range, EXISTS), PgType::BOOL, crate::engine::expr::truth())]);
        }
        Ok(rel)
    }

    /// `exprs`: call, number of columns, and whether several columns are one row value.
    fn set_node(
        &self,
        rel: Rel,
        exprs: Vec<(Expr, usize, bool)>,
        columns: Vec<(Key, PgType)>,
        ordinality: bool,
    ) -> Result<Rel> {
        let mut args: Vec<(Key, Expr)> = Vec::new();
        let mut calls = Vec::new();
        for (expr, width, single) in exprs {
            let mut positions = Vec::new();
            let mut put = |expr: &Expr, positions: &mut Vec<Key>| {
                let key = self.statement.temp();
                args.push((key, expr.clone()));
                positions.push(key);
            };
            let (kernel, strict, types) = match &expr.kind {
                ExprKind::Call { function, args, .. } if function.returns_set => {
                    let kernel = kernels::set_returning(&function.symbol).ok_or_else(|| {
                        refuse(&expr, &format!("function {} outside of its source", function.signature()))
                    })?;
                    args.iter().for_each(|arg| put(arg, &mut positions));
                    (Some(kernel), function.strict, args.iter().map(|arg| arg.ty.oid).collect())
                }
                _ => {
                    put(&expr, &mut positions);
                    (None, false, vec![expr.ty.oid])
                }
            };
            calls.push((kernel, strict, types, positions, expr.ty.oid, width, single));
        }
        // Columns of the input that are still wanted, then arguments.
        let input = self.project(rel, None, args)?;
        let arg_keys: Vec<Key> = calls.iter().flat_map(|call| call.3.iter().copied()).collect();
        let keep: Vec<usize> =
            (0..input.columns.len()).filter(|index| !arg_keys.contains(&input.columns[*index].0)).collect();
        let calls = calls
            .into_iter()
            .map(|(kernel, strict, types, keys, returns, width, single)| {
                let args = keys
                    .iter()
                    .map(|key| input.position(*key).ok_or_else(|| crate::engine::expr::missing(*key)))
                    .collect::<Result<Vec<_>>>()?;
                Ok(SetCall { kernel, strict, types, args, returns, width, single })
            })
            .collect::<Result<Vec<_>>>()?;
        let mut output: Vec<(Key, PgType)> = keep.iter().map(|index| input.columns[*index]).collect();
        output.extend(&columns);
        let types = output.iter().map(|(_, ty)| *ty).collect();
        let operator = ProjectSet { keep, calls, ordinality, env: self.statement.env.clone() };
        let rows = input.rows * 10.0;
        Ok(Rel::new(node(operator, vec![input.plan], types), output, rows))
    }

    /// Whether an item reads its left neighbours.
    pub(super) fn depends(&self, free: &Free, rel: &Rel) -> bool {
        free.ranges().iter().any(|range| rel.columns.iter().any(|(key, _)| key.0 == *range))
    }
}
