//! Function calls (`ParseFuncOrColumn`, `func_get_detail`).

use std::sync::Arc;

use crate::sql::ast::{FuncCall, Node};

use crate::bound::{Collation, Expr, ExprKind, ExprType, RecordField, Span};
use crate::catalog::{CastContext, Function, FunctionKind};
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use super::ast::{self, at, names, span};
use super::candidates::{Candidate, variadic_element};
use super::coerce::{Pathway, location};
use super::context::{Binder, Kind};
use super::{collation, record_type};

/// What a name with arguments turned out to be.
enum Detail {
    Coercion(PgType),
    Function(Box<Candidate>),
    Ambiguous,
    NotFound,
}

/// A call with its function found, or a cast written as a call.
pub(super) enum Called {
    Cast(Expr),
    Function(Box<Resolved>),
}

/// The resolved call, its arguments coerced.
pub(super) struct Resolved {
    pub function: Arc<Function>,
    pub args: Vec<Expr>,
    pub ty: ExprType,
    /// Arguments were gathered into an array, or written as VARIADIC.
    pub variadic: bool,
}

impl Binder<'_> {
    pub fn func_call(&mut self, call: &FuncCall) -> Result<Expr> {
        let place = span(call.location);
        let name = names(&call.funcname);
        let set_returning_before = self.set_returning;
        let (args, argument_names) = self.call_args(&call.args)?;
        // WITHIN GROUP's sort expressions are arguments too, behind the direct ones.
        if call.agg_within_group {
            return self.ordered_set(call, &name, args, place);
        }
        if let ([single], [function]) = (args.as_slice(), name.as_slice())
            && is_plain(call)
            && argument_names.is_empty()
            && self.row_fields(&single.ty).is_some()
        {
            return self.call_or_field(call, function, args, place);
        }
        let resolved = self.resolve_call(call, &name, args, &argument_names, place)?;
        self.finish_call(call, resolved, set_returning_before, place)
    }

    /// `f(row)`: a function of that name, else the row's field.
    fn call_or_field(&mut self, call: &FuncCall, name: &str, args: Vec<Expr>, place: Span) -> Result<Expr> {
        let before = self.set_returning;
        let field = args.first().and_then(|arg| self.field(arg, name, place));
        match self.resolve_call(call, &[name], args, &[], place) {
            Ok(resolved) => self.finish_call(call, resolved, before, place),
            Err(error) if matches!(error.state(), SqlState::UNDEFINED_FUNCTION | SqlState::AMBIGUOUS_FUNCTION) => {
                field.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    fn call_args<'n>(&mut self, nodes: &'n [Node]) -> Result<(Vec<Expr>, Vec<&'n str>)> {
        if nodes.len() > 100 {
            return Err(Error::new(SqlState::TOO_MANY_ARGUMENTS, "cannot pass more than 100 arguments to a function"));
        }
        let mut args = Vec::with_capacity(nodes.len());
        let mut argument_names: Vec<&str> = Vec::new();
        for node in nodes {
            match node {
                Node::NamedArgExpr(named) => {
                    if argument_names.contains(&named.name.as_str()) {
                        let message = format!("argument name \"{}\" used more than once", named.name);
                        return Err(at(Error::new(SqlState::SYNTAX_ERROR, message), span(named.location)));
                    }
                    argument_names.push(&named.name);
                    args.push(self.expr(ast::child(&named.arg)?)?);
                }
                _ if !argument_names.is_empty() => {
                    let error = Error::new(SqlState::SYNTAX_ERROR, "positional argument cannot follow named argument");
                    return Err(at(error, ast::location(node)));
                }
                // `f(t.*)` passes the whole row.
                _ => args.push(self.argument(node)?),
            }
        }
        Ok((args, argument_names))
    }

    /// A call over arguments that are bound already.
    pub fn call_bound(&mut self, call: &FuncCall, name: &[&str], args: Vec<Expr>, place: Span) -> Result<Expr> {
        let before = self.set_returning;
        let called = self.resolve_call(call, name, args, &[], place)?;
        self.finish_call(call, called, before, place)
    }

    /// Finds the function and coerces the arguments.
    pub fn resolve_call(
        &mut self,
        call: &FuncCall,
        name: &[&str],
        args: Vec<Expr>,
        argument_names: &[&str],
        place: Span,
    ) -> Result<Called> {
        let detail = self.function_detail(call, name, &args, argument_names).map_err(|error| at(error, place))?;
        match detail {
            Detail::Coercion(target) => {
                let arg = args.into_iter().next().ok_or_else(|| Error::internal("coercion without argument"))?;
                let source = arg.ty.oid;
                match self.coerce_to(arg, target, -1, CastContext::Explicit, place)? {
                    Some(expr) => Ok(Called::Cast(expr)),
                    None => Err(at(self.cannot_cast(source, target), place)),
                }
            }
            Detail::Function(candidate) => {
                self.complete(*candidate, args, call.func_variadic, place).map(|call| Called::Function(Box::new(call)))
            }
            Detail::Ambiguous => {
                let message = format!("function {} is not unique", self.signature(name, &args, argument_names));
                let error = Error::new(SqlState::AMBIGUOUS_FUNCTION, message)
                    .hint("Could not choose a best candidate function. You might need to add explicit type casts.");
                Err(at(error, place))
            }
            Detail::NotFound => {
                let message = format!("function {} does not exist", self.signature(name, &args, argument_names));
                let hint = if call.agg_order.len() > 1 && !call.agg_within_group {
                    "No aggregate function matches the given name and argument types. Perhaps you misplaced ORDER BY; ORDER BY must appear after all regular arguments of the aggregate."
                } else {
                    "No function matches the given name and argument types. You might need to add explicit type casts."
                };
                Err(at(Error::new(SqlState::UNDEFINED_FUNCTION, message).hint(hint), place))
            }
        }
    }

    fn signature(&self, name: &[&str], args: &[Expr], argument_names: &[&str]) -> String {
        let positional = args.len() - argument_names.len();
        let args: Vec<String> = args
            .iter()
            .enumerate()
            .map(|(position, arg)| {
                let ty = self.format_type(arg.ty.oid);
                match position.checked_sub(positional).and_then(|named| argument_names.get(named)) {
                    Some(name) => format!("{name} => {ty}"),
                    None => ty,
                }
            })
            .collect();
        format!("{}({})", name.join("."), args.join(", "))
    }

    fn function_detail(
        &mut self,
        call: &FuncCall,
        name: &[&str],
        args: &[Expr],
        argument_names: &[&str],
    ) -> Result<Detail> {
        let (schema, function) = match name {
            [name] => (None, *name),
            [schema, name] => (Some(*schema), *name),
            [database, schema, name] if *database == self.catalog.database => (Some(*schema), *name),
            [_, _, _] => {
                let message = format!("cross-database references are not implemented: {}", name.join("."));
                return Err(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message));
            }
            _ => {
                let message = format!("improper qualified name (too many dotted names): {}", name.join("."));
                return Err(Error::new(SqlState::SYNTAX_ERROR, message));
            }
        };
        if let Some(schema) = schema {
            self.check_schema(schema)?;
        }
        let actual: Vec<PgType> = args.iter().map(|arg| arg.ty.oid).collect();
        let mut candidates =
            self.function_candidates(schema, function, args.len(), argument_names, !call.func_variadic);
        let exact = candidates.iter().position(|candidate| candidate.args[..actual.len()] == actual[..]);
        let chosen = match exact {
            Some(index) => Some(candidates.swap_remove(index)),
            None => {
                if let ([source], []) = (actual.as_slice(), argument_names)
                    && let Some(target) = self.cast_by_name(name, *source)?
                {
                    return Ok(Detail::Coercion(target));
                }
                let fitting: Vec<(usize, Vec<PgType>)> = candidates
                    .iter()
                    .enumerate()
                    .filter(|(_, candidate)| self.can_coerce_all(&actual, &candidate.args[..actual.len()]))
                    .map(|(index, candidate)| (index, candidate.args[..actual.len()].to_vec()))
                    .collect();
                match fitting.as_slice() {
                    [] => None,
                    [(index, _)] => Some(candidates.swap_remove(*index)),
                    _ => match self.select_candidate(&actual, fitting) {
                        Some(index) => Some(candidates.swap_remove(index)),
                        None => return Ok(Detail::Ambiguous),
                    },
                }
            }
        };
        Ok(match chosen {
            None => Detail::NotFound,
            Some(candidate) if candidate.ambiguous => Detail::Ambiguous,
            Some(candidate) => Detail::Function(Box::new(candidate)),
        })
    }

    /// `float8(x)`: a type's name used as a function, where no function was meant.
    fn cast_by_name(&self, name: &[&str], source: PgType) -> Result<Option<PgType>> {
        let Some(target) = self.lookup_type(name)? else { return Ok(None) };
        if self.is_composite(target) || target == PgType::RECORD {
            return Ok(None);
        }
        if source == PgType::UNKNOWN {
            return Ok(Some(target));
        }
        let accepted = match self.pathway(target, source, CastContext::Explicit) {
            Some(Pathway::Relabel) => true,
            Some(Pathway::InOut) => {
                !((source == PgType::RECORD || self.is_composite(source)) && self.category(target) == b'S')
            }
            Some(Pathway::Array(_) | Pathway::Function(_)) | None => false,
        };
        Ok(accepted.then_some(target))
    }

    /// Coerces arguments, adds defaults, gathers variadic ones.
    fn complete(
        &mut self,
        candidate: Candidate,
        args: Vec<Expr>,
        written_variadic: bool,
        place: Span,
    ) -> Result<Resolved> {
        let function = Arc::clone(&candidate.function);
        let mut args = args;
        for position in args.len()..candidate.args.len() {
            let declared = candidate.positions.as_ref().map_or(position, |positions| positions[position]);
            let text = function.args.get(declared).and_then(|arg| arg.default.clone());
            let Some(text) = text else { return Err(Error::internal("argument without default")) };
            args.push(self.default_argument(&text)?);
        }
        let actual: Vec<PgType> = args.iter().map(|arg| arg.ty.oid).collect();
        let (types, returns) =
            self.enforce_generics(&actual, &candidate.args, function.returns).map_err(|error| at(error, place))?;
        let mut args = self.coerce_args(args, &types)?;
        if let Some(positions) = &candidate.positions {
            let mut ordered: Vec<(usize, Expr)> = positions.iter().copied().zip(args).collect();
            ordered.sort_by_key(|(position, _)| *position);
            args = ordered.into_iter().map(|(_, arg)| arg).collect();
        }
        let mut variadic = written_variadic && function.variadic;
        let last = function.args.last().map_or(PgType::INVALID, |arg| arg.ty);
        if candidate.variadic > 0 && last != PgType::ANY {
            let elements = args.split_off(args.len() - candidate.variadic);
            let element = elements.first().map_or(variadic_element(last), |expr| expr.ty.oid);
            let Some(array) = self.array_of(element) else {
                let message = format!("could not find array type for data type {}", self.format_type(element));
                return Err(at(Error::new(SqlState::UNDEFINED_OBJECT, message), place));
            };
            let ty = collation::derived(array, -1, &elements)?;
            let span = elements.first().map_or(place, location);
            args.push(Expr::new(ExprKind::Array { elements, multidimensional: false }, ty, span));
            variadic = true;
        }
        if written_variadic && last == PgType::ANY {
            let is_array = args.last().is_some_and(|arg| self.array_element_of(arg.ty.oid).is_some());
            if !is_array {
                let error = Error::new(SqlState::DATATYPE_MISMATCH, "VARIADIC argument must be an array");
                return Err(at(error, args.last().map_or(place, location)));
            }
        }
        // "any" arguments that are still unknown literals are read as text by the functions; so bind them.
        for arg in &mut args {
            if arg.ty.oid == PgType::UNKNOWN && !matches!(arg.kind, ExprKind::Param(_)) && last != PgType::UNKNOWN {
                let unknown = std::mem::replace(arg, Expr::literal(crate::types::Datum::Null, PgType::TEXT));
                *arg = self.coerce_implicit(unknown, PgType::TEXT)?;
            }
        }
        let mut ty = collation::derived(returns, -1, &args)?;
        if ty.collation == Collation::Conflict && !returns.is_collatable() {
            ty.collation = Collation::None;
        }
        ty.fields = self.result_fields(&function, &actual, &candidate.args, &args)?;
        Ok(Resolved { function, args, ty, variadic })
    }

    fn default_argument(&mut self, text: &str) -> Result<Expr> {
        let node = ast::parse_expression(text)?;
        self.other_text(|binder| binder.with_kind(Kind::Default, |binder| binder.expr(&node)))
    }

    /// The columns of a function that returns rows; a polymorphic row argument's own for `anyelement` results.
    fn result_fields(
        &self,
        function: &Function,
        actual: &[PgType],
        declared: &[PgType],
        args: &[Expr],
    ) -> Result<Option<Arc<[RecordField]>>> {
        if function.columns.len() > 1 || (function.columns.len() == 1 && function.returns == PgType::RECORD) {
            let mut fields = Vec::with_capacity(function.columns.len());
            for (name, ty) in &function.columns {
                let ty = if ty.is_polymorphic() { self.enforce_generics(actual, declared, *ty)?.1 } else { *ty };
                fields.push(RecordField { name: name.clone(), ty, typmod: -1 });
            }
            return Ok(Some(Arc::from(fields)));
        }
        if matches!(function.returns, PgType::ANYELEMENT | PgType::ANYCOMPATIBLE | PgType::ANYNONARRAY) {
            return Ok(args.iter().find_map(|arg| arg.ty.fields.clone()));
        }
        if function.returns.is_polymorphic() || function.returns == PgType::RECORD_ARRAY {
            return Ok(args.iter().find_map(|arg| arg.ty.fields.clone()));
        }
        Ok(None)
    }

    /// Turns the resolved call into its node by the kind of the function.
    fn finish_call(&mut self, call: &FuncCall, called: Called, before: usize, place: Span) -> Result<Expr> {
        let name = || names(&call.funcname).join(".");
        let resolved = match called {
            Called::Cast(expr) => {
                self.refuse_aggregate_syntax(call, place)?;
                return Ok(expr);
            }
            Called::Function(resolved) => *resolved,
        };
        match resolved.function.kind {
            FunctionKind::Procedure => {
                let error = Error::new(SqlState::WRONG_OBJECT_TYPE, format!("{} is a procedure", name()))
                    .hint("To call a procedure, use CALL.");
                Err(at(error, place))
            }
            FunctionKind::Function => {
                self.refuse_aggregate_syntax(call, place)?;
                if call.over.is_some() {
                    let message =
                        format!("OVER specified, but {} is not a window function nor an aggregate function", name());
                    return Err(at(Error::new(SqlState::WRONG_OBJECT_TYPE, message), place));
                }
                if resolved.function.returns_set {
                    self.check_set_returning(place, before)?;
                }
                let Resolved { function, args, ty, variadic } = resolved;
                Ok(Expr::new(ExprKind::Call { function, args, operator: None, variadic }, ty, place))
            }
            FunctionKind::Aggregate | FunctionKind::OrderedSet | FunctionKind::Hypothetical if call.over.is_none() => {
                self.aggregate(call, resolved, before, place)
            }
            FunctionKind::Aggregate | FunctionKind::OrderedSet | FunctionKind::Hypothetical | FunctionKind::Window => {
                self.window_call(call, resolved, before, place)
            }
        }
    }

    /// DISTINCT, ORDER BY, FILTER ... belong to aggregates only.
    fn refuse_aggregate_syntax(&self, call: &FuncCall, place: Span) -> Result<()> {
        let written = [
            (call.agg_star, "(*)"),
            (call.agg_distinct, "DISTINCT"),
            (call.agg_within_group, "WITHIN GROUP"),
            (!call.agg_order.is_empty(), "ORDER BY"),
            (call.agg_filter.is_some(), "FILTER"),
        ];
        let Some((_, what)) = written.into_iter().find(|(written, _)| *written) else { return Ok(()) };
        let name = names(&call.funcname).join(".");
        let what = if call.agg_star { format!("{name}{what}") } else { what.to_owned() };
        let message = format!("{what} specified, but {name} is not an aggregate function");
        Err(at(Error::new(SqlState::WRONG_OBJECT_TYPE, message), place))
    }

    /// `check_srf_call_placement`.
    fn check_set_returning(&mut self, place: Span, before: usize) -> Result<()> {
        let kind = self.kind();
        let refuse = |message: String| at(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message), place);
        match kind {
            Kind::SelectTarget | Kind::FromFunction | Kind::OrderBy | Kind::GroupBy | Kind::DistinctOn => {}
            Kind::ValuesSingle => {}
            other => {
                return Err(refuse(format!("set-returning functions are not allowed in {}", other.name())));
            }
        }
        if kind == Kind::FromFunction && self.set_returning > before {
            let message = "set-returning functions must appear at top level of FROM";
            return Err(at(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message), self.last_set_returning));
        }
        self.set_returning += 1;
        self.last_set_returning = place;
        self.scope_mut().has_set_returning = true;
        Ok(())
    }

    /// The fields of a row-valued type.
    pub fn row_fields(&self, ty: &ExprType) -> Option<Arc<[RecordField]>> {
        if ty.oid != PgType::RECORD && !self.is_composite(self.base_type(ty.oid).0) {
            return None;
        }
        if ty.fields.is_some() {
            return ty.fields.clone();
        }
        match self.catalog.foreign_type(self.base_type(ty.oid).0).map(|ty| &ty.kind) {
            Some(crate::catalog::ForeignTypeKind::Composite(fields)) => Some(
                fields
                    .iter()
                    .map(|(name, ty, typmod)| RecordField { name: name.clone(), ty: *ty, typmod: *typmod })
                    .collect(),
            ),
            _ => None,
        }
    }

    /// `(row).name`, when the row has such a field.
    pub fn field(&self, record: &Expr, name: &str, place: Span) -> Option<Expr> {
        let fields = self.row_fields(&record.ty)?;
        let index = fields.iter().position(|field| field.name == name)?;
        Some(self.field_at(record.clone(), &fields, index, place))
    }

    pub fn field_at(&self, record: Expr, fields: &[RecordField], index: usize, place: Span) -> Expr {
        let field = &fields[index];
        let ty = ExprType::with_typmod(field.ty, field.typmod);
        // The field of a whole row is the column itself.
        if let ExprKind::WholeRow { range } = &record.kind {
            return self.column_expr(*range, index, place);
        }
        Expr::new(ExprKind::Field { record: Box::new(record), index }, ty, place)
    }

    /// The row type of named expressions.
    pub fn row_type(&self, fields: Vec<RecordField>) -> ExprType {
        record_type(Arc::from(fields))
    }
}

/// No aggregate or window decoration.
fn is_plain(call: &FuncCall) -> bool {
    !call.agg_star
        && !call.agg_distinct
        && !call.func_variadic
        && call.agg_order.is_empty()
        && call.agg_filter.is_none()
        && call.over.is_none()
}
