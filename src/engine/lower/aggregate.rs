//! GROUP BY and aggregates.

use super::{Lowerer, print, reference, refuse};
use crate::bound::{AggregateCall, Collation, Expr, ExprKind, ExprType, Select};
use crate::catalog::FunctionKind;
use crate::engine::apply::Free;
use crate::engine::expr::{is_safe, is_volatile, plain_collation};
use crate::engine::node::node;
use crate::engine::ops::group::{AggregateSpec, Group, Kind};
use crate::engine::relation::Rel;
use crate::engine::statement::Key;
use crate::error::Result;
use crate::kernels;
use crate::types::PgType;

impl Lowerer {
    /// Groups; `items` and `having` come to refer to the groups' columns.
    pub(super) fn aggregate(&self, rel: Rel, select: &Select, items: &mut [Expr], having: &mut [Expr]) -> Result<Rel> {
        let groups: &[Expr] = select.group_by.as_ref().map_or(&[], |group| &group.exprs);
        let sets = select.group_by.as_ref().map_or_else(|| vec![Vec::new()], |group| group.sets.clone());
        let mut computed: Vec<(Key, Expr)> = Vec::new();
        // Grouping expressions: columns keep their names, others get one.
        let mut group_keys = Vec::new();
        let mut printed: Vec<(String, Key)> = Vec::new();
        for expr in groups {
            if !plain_collation(expr) {
                return Err(refuse(expr, "GROUP BY under another collation than C outside of the source"));
            }
            match &expr.kind {
                ExprKind::Column { range, column } if rel.position(Key(*range, *column)).is_some() => {
                    group_keys.push(Key(*range, *column));
                }
                _ => {
                    let key = self.statement.temp();
                    printed.push((print(expr), key));
                    computed.push((key, expr.clone()));
                    group_keys.push(key);
                }
            }
        }
        let mut calls: Vec<(Key, AggregateCall, PgType)> = Vec::new();
        let mut groupings: Vec<(Key, Vec<usize>)> = Vec::new();
        let mut replace = |expr: &Expr| {
            Ok(match &expr.kind {
                ExprKind::Aggregate(call) => {
                    let key = self.statement.temp();
                    calls.push((key, AggregateCall::clone(call), expr.ty.oid));
                    Some(reference(key, expr))
                }
                ExprKind::Grouping(indices) => {
                    let key = self.statement.temp();
                    groupings.push((key, indices.clone()));
                    Some(reference(key, expr))
                }
                ExprKind::Column { .. } | ExprKind::Literal(_) => None,
                _ if printed.is_empty() => None,
                _ => {
                    let text = print(expr);
                    printed.iter().find(|(other, _)| *other == text).map(|(_, key)| reference(*key, expr))
                }
            })
        };
        self.lift(items, &mut replace)?;
        self.lift(having, &mut replace)?;
        // Columns that are determined by the groups (GROUP BY a primary key): carried.
        let mut free = Free::default();
        for expr in items.iter().chain(having.iter()) {
            free.add(Free::of_expr(expr));
        }
        let carried: Vec<(Key, PgType)> =
            free.bindings(&rel.columns).into_iter().filter(|(key, _)| !group_keys.contains(key)).collect();

        let mut specs = Vec::new();
        for (_, call, returns) in &calls {
            specs.push(self.aggregate_columns(call, *returns, &mut computed)?);
        }
        let input = self.project(rel, None, computed)?;
        let position = |key: &Key| input.position(*key).ok_or_else(|| crate::engine::expr::missing(*key));
        let aggregates = specs
            .into_iter()
            .map(|spec| {
                Ok(AggregateSpec {
                    kind: spec.kind,
                    returns: spec.returns,
                    strict: spec.strict,
                    types: spec.args.iter().map(|(_, ty)| *ty).collect(),
                    args: spec.args.iter().map(|(key, _)| position(key)).collect::<Result<_>>()?,
                    distinct: spec.distinct,
                    order: spec
                        .order
                        .iter()
                        .map(|(key, ty, descending, nulls_first)| Ok((position(key)?, *ty, *descending, *nulls_first)))
                        .collect::<Result<_>>()?,
                    filter: spec.filter.as_ref().map(&position).transpose()?,
                    direct: spec.direct.iter().map(|(key, ty)| Ok((position(key)?, *ty))).collect::<Result<_>>()?,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let typed = |keys: &[Key]| -> Result<Vec<(usize, PgType)>> {
            keys.iter().map(|key| position(key).map(|index| (index, input.columns[index].1))).collect()
        };
        let group_columns = typed(&group_keys)?;
        let carried_keys: Vec<Key> = carried.iter().map(|(key, _)| *key).collect();
        let carried_columns = typed(&carried_keys)?;
        let mut columns: Vec<(Key, PgType)> =
            group_keys.iter().zip(&group_columns).map(|(key, (_, ty))| (*key, *ty)).collect();
        columns.extend(&carried);
        columns.extend(calls.iter().map(|(key, _, returns)| (*key, *returns)));
        columns.extend(groupings.iter().map(|(key, _)| (*key, PgType::INT4)));
        if columns.is_empty() {
            // GROUP BY () or HAVING alone: a row that nobody reads.
            groupings.push((self.statement.temp(), Vec::new()));
            columns.push((groupings[0].0, PgType::INT4));
        }
        let rows = if groups.is_empty() { 1.0 } else { (input.rows * 0.2).max(1.0) };
        let operator = Group {
            keys: group_columns,
            carried: carried_columns,
            sets,
            aggregates,
            groupings: groupings.into_iter().map(|(_, indices)| indices).collect(),
            env: self.statement.env.clone(),
        };
        let types = columns.iter().map(|(_, ty)| *ty).collect();
        Ok(Rel::new(node(operator, vec![input.plan], types), columns, rows))
    }

    fn aggregate_columns(
        &self,
        call: &AggregateCall,
        returns: PgType,
        computed: &mut Vec<(Key, Expr)>,
    ) -> Result<Columns> {
        let function = &call.function;
        let unknown =
            || crate::error::Error::unsupported(format!("aggregate {} outside of its source", function.signature()));
        let kind = if function.name == "count" && function.schema == "pg_catalog" {
            Kind::Count
        } else {
            match function.kind {
                FunctionKind::Aggregate => Kind::Kernel(kernels::aggregate(&function.symbol).ok_or_else(unknown)?),
                FunctionKind::OrderedSet => Kind::OrderedSet(kernels::aggregate(&function.symbol).ok_or_else(unknown)?),
                FunctionKind::Hypothetical
                | FunctionKind::Function
                | FunctionKind::Procedure
                | FunctionKind::Window => {
                    return Err(unknown());
                }
            }
        };
        let mut column = |expr: &Expr| {
            let key = self.statement.temp();
            computed.push((key, expr.clone()));
            (key, expr.ty.oid)
        };
        for key in &call.order_by {
            if !plain_collation(&key.expr) {
                return Err(refuse(&key.expr, "ORDER BY under another collation than C outside of the source"));
            }
        }
        Ok(Columns {
            kind,
            returns,
            strict: function.strict,
            args: call
                .args
                .iter()
                .map(|arg| where_true(call.filter.as_ref(), arg))
                .chain(row_fields(call))
                .map(|arg| column(&arg))
                .collect(),
            distinct: call.distinct,
            order: call
                .order_by
                .iter()
                .map(|key| {
                    let (column, ty) = column(&where_true(call.filter.as_ref(), &key.expr));
                    (column, ty, key.descending, key.nulls_first)
                })
                .collect(),
            filter: call.filter.as_ref().map(|filter| column(filter).0),
            direct: call.direct.iter().map(&mut column).collect(),
        })
    }
}

/// What an aggregate of rows must know besides their values: names and types of the fields.
fn row_fields(call: &AggregateCall) -> Vec<Expr> {
    let Some((row, fields)) = call.args.first().and_then(|row| Some((row, row.ty.fields.as_ref()?))) else {
        return Vec::new();
    };
    if call.function.name != "st_asmvt" {
        return Vec::new();
    }
    let fields: Vec<(String, PgType)> = fields.iter().map(|field| (field.name.clone(), field.ty)).collect();
    let constant = |(value, oid)| {
        let ty = ExprType { oid, typmod: -1, collation: Collation::None, fields: None, row: 0 };
        Expr { kind: ExprKind::Literal(value), ty, span: row.span }
    };
    kernels::spatial::mvt::fields_of(&fields).map(constant).into()
}

/// An argument of an aggregate, computed only for rows that its FILTER lets through (NULL, which nobody reads, for others).
pub(super) fn where_true(filter: Option<&Expr>, arg: &Expr) -> Expr {
    let Some(filter) = filter.filter(|filter| !is_safe(arg) && !is_volatile(filter)) else { return arg.clone() };
    let whens = vec![(filter.clone(), arg.clone())];
    Expr { kind: ExprKind::Case { operand: None, whens, otherwise: None }, ..arg.clone() }
}

struct Columns {
    kind: Kind,
    returns: PgType,
    strict: bool,
    args: Vec<(Key, PgType)>,
    distinct: bool,
    order: Vec<(Key, PgType, bool, bool)>,
    filter: Option<Key>,
    direct: Vec<(Key, PgType)>,
}
