//! Window functions: one sort and one pass per distinct PARTITION BY/ORDER BY.

use super::aggregate::where_true;
use super::query::sort_exprs;
use super::{Lowerer, print, reference, refuse};
use crate::bound::{Expr, ExprKind, FrameBound, SortKey, WindowCall};
use crate::catalog::FunctionKind;
use crate::engine::expr::{Program, plain_collation};
use crate::engine::node::node;
use crate::engine::ops::window::{Bound, Call, Frame, Function, OrderColumn, Window};
use crate::engine::relation::Rel;
use crate::engine::statement::Key;
use crate::error::{Error, Result};
use crate::kernels;
use crate::types::PgType;

impl Lowerer {
    /// Computes the window calls of a select list; `items` come to refer to their columns.
    pub(super) fn windows(&self, mut rel: Rel, items: &mut [Expr]) -> Result<Rel> {
        let mut calls: Vec<(Key, WindowCall, PgType)> = Vec::new();
        self.lift(items, &mut |expr| {
            Ok(match &expr.kind {
                ExprKind::Window(call) => {
                    let key = self.statement.temp();
                    calls.push((key, WindowCall::clone(call), expr.ty.oid));
                    Some(reference(key, expr))
                }
                _ => None,
            })
        })?;
        while !calls.is_empty() {
            let spec = window_text(&calls[0].1);
            let (same, rest): (Vec<_>, Vec<_>) = calls.into_iter().partition(|(_, call, _)| window_text(call) == spec);
            rel = self.window(rel, same)?;
            calls = rest;
        }
        Ok(rel)
    }

    fn window(&self, rel: Rel, calls: Vec<(Key, WindowCall, PgType)>) -> Result<Rel> {
        let mut computed: Vec<(Key, Expr)> = Vec::new();
        let mut column = |expr: &Expr| {
            let key = self.statement.temp();
            computed.push((key, expr.clone()));
            key
        };
        let first = &calls[0].1;
        for expr in first.partition_by.iter().chain(first.order_by.iter().map(|key| &key.expr)) {
            if !plain_collation(expr) {
                return Err(refuse(expr, "a window under another collation than C outside of the source"));
            }
        }
        let partition: Vec<Key> = first.partition_by.iter().map(&mut column).collect();
        let order: Vec<SortKey<Key>> = first
            .order_by
            .iter()
            .map(|key| SortKey { expr: column(&key.expr), descending: key.descending, nulls_first: key.nulls_first })
            .collect();
        let mut prepared = Vec::new();
        for (key, call, returns) in &calls {
            let args: Vec<Key> = call.args.iter().map(|arg| column(&where_true(call.filter.as_ref(), arg))).collect();
            let filter = call.filter.as_ref().map(&mut column);
            prepared.push((key, call, *returns, args, filter));
        }
        let input_columns = rel.columns.clone();
        let input = self.project(rel, None, computed)?;
        let position = |key: Key| input.position(key).ok_or_else(|| crate::engine::expr::missing(key));
        let typed = |key: Key| position(key).map(|index| (index, input.columns[index].1));
        let empty = Rel { columns: Vec::new(), ..input.clone() };
        let mut window_calls = Vec::new();
        for (_, call, returns, args, filter) in &prepared {
            let bound = |bound: &FrameBound| -> Result<Bound> {
                let value = |expr: &Expr| -> Result<(crate::types::Datum, PgType)> {
                    let program = Program::new(&self.statement, expr, &self.scope(&empty))?;
                    Ok((program.run(&[], &self.statement.env)?, expr.ty.oid))
                };
                Ok(match bound {
                    FrameBound::CurrentRow => Bound::CurrentRow,
                    FrameBound::UnboundedFollowing => Bound::UnboundedFollowing,
                    FrameBound::UnboundedPreceding => Bound::UnboundedPreceding,
                    FrameBound::Following(expr) => value(expr).map(|(value, ty)| Bound::Following(value, ty))?,
                    FrameBound::Preceding(expr) => value(expr).map(|(value, ty)| Bound::Preceding(value, ty))?,
                })
            };
            let function = &call.function;
            let unknown =
                || Error::unsupported(format!("window function {} outside of its source", function.signature()));
            let what = match (function.kind, function.name.as_str()) {
                (FunctionKind::Window, "row_number") => Function::RowNumber,
                (FunctionKind::Window, "rank") => Function::Rank,
                (FunctionKind::Window, "dense_rank") => Function::DenseRank,
                (FunctionKind::Window, "percent_rank") => Function::PercentRank,
                (FunctionKind::Window, "cume_dist") => Function::CumeDist,
                (FunctionKind::Window, "ntile") => Function::Ntile,
                (FunctionKind::Window, "lag") => Function::Lag,
                (FunctionKind::Window, "lead") => Function::Lead,
                (FunctionKind::Window, "first_value") => Function::FirstValue,
                (FunctionKind::Window, "last_value") => Function::LastValue,
                (FunctionKind::Window, "nth_value") => Function::NthValue,
                (FunctionKind::Aggregate, "count") if function.schema == "pg_catalog" => Function::Count,
                (FunctionKind::Aggregate, _) => {
                    Function::Aggregate(kernels::aggregate(&function.symbol).ok_or_else(unknown)?, function.strict)
                }
                _ => return Err(unknown()),
            };
            window_calls.push(Call {
                function: what,
                returns: *returns,
                args: args.iter().map(|key| typed(*key)).collect::<Result<_>>()?,
                filter: filter.map(&position).transpose()?,
                frame: Frame {
                    mode: call.frame.mode,
                    start: bound(&call.frame.start)?,
                    end: bound(&call.frame.end)?,
                    exclusion: call.frame.exclusion,
                },
            });
        }
        let partition_columns = partition.iter().map(|key| typed(*key)).collect::<Result<Vec<_>>>()?;
        let order_columns = order
            .iter()
            .map(|key| {
                let (index, ty) = typed(key.expr)?;
                Ok(OrderColumn { index, ty, descending: key.descending })
            })
            .collect::<Result<Vec<_>>>()?;
        let mut sort: Vec<SortKey<Key>> =
            partition.iter().map(|key| SortKey { expr: *key, descending: false, nulls_first: false }).collect();
        sort.extend(order);
        debug_assert!(sort_exprs(&input, &sort).is_ok());
        let sorted = self.sort(input, &sort, None)?;
        let keep = input_columns.len();
        let mut columns = input_columns;
        columns.extend(prepared.iter().map(|(key, _, returns, ..)| (**key, *returns)));
        let operator = Window {
            keep,
            partition: partition_columns,
            order: order_columns,
            calls: window_calls,
            env: self.statement.env.clone(),
        };
        let types = columns.iter().map(|(_, ty)| *ty).collect();
        Ok(Rel::new(node(operator, vec![sorted.plan], types), columns, sorted.rows))
    }
}

fn window_text(call: &WindowCall) -> String {
    let mut text = String::new();
    for expr in &call.partition_by {
        text.push_str(&print(expr));
        text.push(';');
    }
    for key in &call.order_by {
        text.push_str(&format!("|{}{}{}", print(&key.expr), key.descending, key.nulls_first));
    }
    text
}
