//! Functions in FROM: `f(x) AS t(a, b)`, ROWS FROM, WITH ORDINALITY, column definition lists.

use std::rc::Rc;

use crate::sql::ast::{ColumnDef, Node, RangeFunction};

use crate::bound::{Expr, ExprKind, ExprType, From, FunctionScan, RangeColumn, TableFunction};
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use super::ast::{self, at, names};
use super::coerce::location;
use super::context::{Binder, Kind, RangeField};
use super::relation::apply_aliases;
use super::scope::NamespaceItem;

impl Binder<'_> {
    pub fn range_function(&mut self, function: &RangeFunction) -> Result<(From, NamespaceItem)> {
        let mut functions = Vec::new();
        let mut columns: Vec<(String, ExprType)> = Vec::new();
        let mut alias_name = None;
        let mut scalar = false;
        // A function in FROM may always refer to its left siblings.
        let lateral = std::mem::replace(&mut self.scope_mut().lateral_active, true);
        let result = self.table_functions(function, &mut functions, &mut columns, &mut alias_name, &mut scalar);
        self.scope_mut().lateral_active = lateral;
        result?;
        let alias = match &function.alias {
            Some(alias) => alias.aliasname.clone(),
            None => alias_name.clone().unwrap_or_default(),
        };
        if function.ordinality {
            columns.push(("ordinality".to_owned(), ExprType::of(PgType::INT8)));
        }
        // One scalar column takes the alias' name.
        if scalar && function.alias.is_some() && functions.len() == 1 && out_name(&functions[0].expr).is_none() {
            columns[0].0 = alias.clone();
        }
        let mut column_names: Vec<Rc<str>> = columns.iter().map(|(name, _)| name.as_str().into()).collect();
        if let Some(alias) = &function.alias {
            apply_aliases(&alias.aliasname, &names(&alias.colnames), &mut column_names)?;
        }
        let fields: Vec<RangeField> = columns
            .into_iter()
            .zip(column_names)
            .map(|((_, ty), name)| RangeField { name, ty, origin: (0, 0) })
            .collect();
        let columns = fields.iter().map(|f| RangeColumn { name: f.name.to_string(), ty: f.ty.clone() }).collect();
        let range = self.new_range(None, fields);
        let mut item = self.range_item(range, alias.clone(), function.alias.is_some(), None);
        item.scalar = scalar && functions.len() == 1 && !function.ordinality;
        let scan = FunctionScan {
            range,
            functions,
            ordinality: function.ordinality,
            // PostgreSQL lets every function in FROM refer to its left siblings.
            lateral: true,
            alias,
            columns,
        };
        Ok((From::Function(scan), item))
    }

    fn table_functions(
        &mut self,
        function: &RangeFunction,
        functions: &mut Vec<TableFunction>,
        columns: &mut Vec<(String, ExprType)>,
        alias_name: &mut Option<String>,
        scalar: &mut bool,
    ) -> Result<()> {
        for entry in &function.functions {
            // Each entry is (call, column definitions of ROWS FROM).
            let parts = ast::list(entry);
            let Some(call) = parts.first() else { return Err(Error::internal("function in FROM")) };
            let inner_definitions: &[Node] = match parts.get(1) {
                Some(Node::List(list)) => list,
                _ => &[],
            };
            let definitions = if function.functions.len() == 1 && !function.coldeflist.is_empty() {
                &function.coldeflist
            } else {
                inner_definitions
            };
            let name = super::target::column_name(call);
            if alias_name.is_none() {
                *alias_name = Some(name.clone());
            }
            let before = self.set_returning;
            let calls = self.unnest_calls(call, function.is_rowsfrom)?;
            let calls = match calls {
                Some(calls) => calls,
                None => vec![self.expr_in(call, Kind::FromFunction)?],
            };
            self.set_returning = before;
            for expr in calls {
                let expr =
                    if expr.ty.oid == PgType::UNKNOWN { self.coerce_implicit(expr, PgType::TEXT)? } else { expr };
                let (own, is_scalar) = self.function_columns(&expr, &name, definitions)?;
                *scalar = is_scalar;
                functions.push(TableFunction { expr, columns: own.len(), definition: !definitions.is_empty() });
                columns.extend(own);
            }
        }
        if functions.len() > 1 {
            *scalar = false;
        }
        Ok(())
    }

    /// `unnest(a, b)` in FROM is ROWS FROM (unnest(a), unnest(b)).
    fn unnest_calls(&mut self, node: &Node, rows_from: bool) -> Result<Option<Vec<Expr>>> {
        let _ = rows_from;
        let Node::FuncCall(call) = node else { return Ok(None) };
        let name = names(&call.funcname);
        let plain = call.agg_order.is_empty()
            && call.agg_filter.is_none()
            && call.over.is_none()
            && !call.agg_star
            && !call.agg_distinct
            && !call.func_variadic;
        let is_unnest = matches!(name.as_slice(), ["unnest"] | ["pg_catalog", "unnest"]);
        if !is_unnest || call.args.len() < 2 || !plain {
            return Ok(None);
        }
        let mut calls = Vec::with_capacity(call.args.len());
        for arg in &call.args {
            let single = crate::sql::ast::FuncCall {
                funcname: vec![{ Node::String("pg_catalog".to_owned()) }, { Node::String("unnest".to_owned()) }],
                args: vec![arg.clone()],
                location: call.location,
                ..Default::default()
            };
            let before = self.set_returning;
            calls.push(self.with_kind(Kind::FromFunction, |binder| binder.func_call(&single))?);
            self.set_returning = before;
        }
        Ok(Some(calls))
    }

    /// The columns of one function, and whether it is a single scalar one.
    fn function_columns(
        &mut self,
        expr: &Expr,
        name: &str,
        definitions: &[Node],
    ) -> Result<(Vec<(String, ExprType)>, bool)> {
        let place = location(expr);
        let fields = self.row_fields(&expr.ty);
        if !definitions.is_empty() {
            let out = match &expr.kind {
                ExprKind::Call { function, .. } => !function.columns.is_empty(),
                _ => fields.is_some(),
            };
            let list = match definitions.first() {
                Some(Node::ColumnDef(definition)) => ast::span(definition.location),
                _ => place,
            };
            if out && fields.is_some() {
                let message = "a column definition list is redundant for a function with OUT parameters".to_owned();
                return Err(at(Error::new(SqlState::SYNTAX_ERROR, message), list));
            }
            if expr.ty.oid != PgType::RECORD {
                let message = "a column definition list is only allowed for functions returning \"record\"";
                return Err(at(Error::new(SqlState::SYNTAX_ERROR, message), list));
            }
            let mut columns: Vec<(String, ExprType)> = Vec::with_capacity(definitions.len());
            for node in definitions {
                let Node::ColumnDef(definition) = node else {
                    return Err(Error::internal("column definition"));
                };
                let (name, ty) = self.column_definition(definition)?;
                if columns.iter().any(|(other, _)| *other == name) {
                    let message = format!("column name \"{name}\" specified more than once");
                    return Err(at(Error::new(SqlState::DUPLICATE_COLUMN, message), ast::span(definition.location)));
                }
                columns.push((name, ty));
            }
            return Ok((columns, false));
        }
        if let Some(fields) = fields {
            let columns = fields
                .iter()
                .map(|field| (field.name.clone(), ExprType::with_typmod(field.ty, field.typmod)))
                .collect();
            return Ok((columns, false));
        }
        if expr.ty.oid == PgType::RECORD {
            let error = Error::new(
                SqlState::SYNTAX_ERROR,
                "a column definition list is required for functions returning \"record\"",
            );
            return Err(at(error, place));
        }
        if expr.ty.oid == PgType::VOID {
            return Ok((vec![(name.to_owned(), expr.ty.clone())], true));
        }
        let own = out_name(expr).unwrap_or(name).to_owned();
        Ok((vec![(own, expr.ty.clone())], true))
    }

    fn column_definition(&mut self, definition: &ColumnDef) -> Result<(String, ExprType)> {
        let (ty, typmod) = self.type_name(ast::some(definition.type_name.as_ref())?)?;
        let mut ty = ExprType::with_typmod(ty, typmod);
        if let Some(clause) = &definition.coll_clause {
            let parts = names(&clause.collname);
            let name = self.collation_name(&parts)?;
            ty.collation = crate::bound::Collation::Named { name: std::sync::Arc::from(name), explicit: false };
        }
        Ok((definition.colname.clone(), ty))
    }
}

/// A single OUT parameter names the column, whatever the alias.
fn out_name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Call { function, .. } => match function.columns.as_slice() {
            [(column, _)] => Some(column),
            _ => None,
        },
        _ => None,
    }
}
