//! Operators (`parse_oper.c`).

use std::sync::Arc;

use crate::bound::{Expr, ExprKind, ExprType, Span};
use crate::catalog::Operator;
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use super::ast::at;
use super::coerce::location;
use super::collation;
use super::context::Binder;

impl Binder<'_> {
    /// The operators of a name that the path shows, nearest first where argument types are equal.
    fn operators(&self, name: &[&str], prefix: bool) -> Result<Vec<Arc<Operator>>> {
        let (schema, name) = match name {
            [name] => (None, *name),
            [schema, name] => (Some(*schema), *name),
            [_, schema, name] => (Some(*schema), *name),
            _ => return Err(Error::internal("operator without a name")),
        };
        if let Some(schema) = schema {
            self.check_schema(schema)?;
        }
        let mut ranked: Vec<(usize, &Arc<Operator>)> = self
            .catalog
            .language
            .operators(name)
            .iter()
            .filter(|operator| (operator.left == PgType::INVALID) == prefix)
            .filter_map(|operator| Some((self.rank(schema, operator.schema)?, operator)))
            .collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        let mut found: Vec<Arc<Operator>> = Vec::with_capacity(ranked.len());
        for (_, operator) in ranked {
            if !found.iter().any(|other| other.left == operator.left && other.right == operator.right) {
                found.push(Arc::clone(operator));
            }
        }
        Ok(found)
    }

    /// 3F000 unless the role sees the schema (functions and operators: schemas of the language count too).
    pub fn check_schema(&self, schema: &str) -> Result<()> {
        if self.catalog.schema_visible(self.context.role, schema) {
            return Ok(());
        }
        Err(Error::new(SqlState::INVALID_SCHEMA_NAME, format!("schema \"{schema}\" does not exist")))
    }

    /// `oper` / `left_oper`: the operator for these argument types (`left` is `None` for prefix operators).
    pub fn find_operator(
        &self,
        name: &[&str],
        left: Option<PgType>,
        right: PgType,
        place: Span,
    ) -> Result<Arc<Operator>> {
        let candidates = self.operators(name, left.is_none()).map_err(|error| at(error, place))?;
        if let Some(operator) = self.exact(&candidates, left, right) {
            return Ok(operator);
        }
        let inputs: Vec<PgType> = left.into_iter().chain([right]).collect();
        let declared = |operator: &Operator| -> Vec<PgType> {
            left.map(|_| operator.left).into_iter().chain([operator.right]).collect()
        };
        let fitting: Vec<(usize, Vec<PgType>)> = candidates
            .iter()
            .enumerate()
            .map(|(index, operator)| (index, declared(operator)))
            .filter(|(_, declared)| self.can_coerce_all(&inputs, declared))
            .collect();
        let signature = || {
            let left = left.map(|ty| format!("{} ", self.format_type(ty))).unwrap_or_default();
            format!("{left}{} {}", name.join("."), self.format_type(right))
        };
        let chosen = match fitting.as_slice() {
            [] => {
                let message = format!("operator does not exist: {}", signature());
                let error = Error::new(SqlState::UNDEFINED_FUNCTION, message).hint(if left.is_some() {
                    "No operator matches the given name and argument types. You might need to add explicit type casts."
                } else {
                    "No operator matches the given name and argument type. You might need to add an explicit type cast."
                });
                return Err(at(error, place));
            }
            [(index, _)] => Some(*index),
            _ => self.select_candidate(&inputs, fitting.clone()),
        };
        match chosen {
            Some(index) => Ok(Arc::clone(&candidates[index])),
            None => {
                let message = format!("operator is not unique: {}", signature());
                let error = Error::new(SqlState::AMBIGUOUS_FUNCTION, message)
                    .hint("Could not choose a best candidate operator. You might need to add explicit type casts.");
                Err(at(error, place))
            }
        }
    }

    fn exact(&self, candidates: &[Arc<Operator>], left: Option<PgType>, right: PgType) -> Option<Arc<Operator>> {
        let find = |left: PgType, right: PgType| {
            candidates.iter().find(|operator| operator.left == left && operator.right == right).cloned()
        };
        let Some(left) = left else { return find(PgType::INVALID, right) };
        let (a, b, guessed) = match (left, right) {
            (PgType::UNKNOWN, right) => (right, right, true),
            (left, PgType::UNKNOWN) => (left, left, true),
            (left, right) => (left, right, false),
        };
        find(a, b).or_else(|| {
            let base = self.base_type(a).0;
            (guessed && base != a).then(|| find(base, base)).flatten()
        })
    }

    /// `make_op`.
    pub fn make_op(&mut self, name: &[&str], left: Option<Expr>, right: Expr, place: Span) -> Result<Expr> {
        let operator = self.find_operator(name, left.as_ref().map(|expr| expr.ty.oid), right.ty.oid, place)?;
        let mut args: Vec<Expr> = Vec::with_capacity(2);
        let mut declared = Vec::with_capacity(2);
        if let Some(left) = left {
            declared.push(operator.left);
            args.push(left);
        }
        declared.push(operator.right);
        args.push(right);
        let actual: Vec<PgType> = args.iter().map(|expr| expr.ty.oid).collect();
        let (types, returns) =
            self.enforce_generics(&actual, &declared, operator.returns).map_err(|error| at(error, place))?;
        let args = self.coerce_args(args, &types)?;
        let mut ty = collation::derived(returns, -1, &args)?;
        // `numeric || ...` and the like give no typmod; concatenated records keep none either.
        ty.fields = None;
        let kind = ExprKind::Call {
            function: Arc::clone(&operator.function),
            args,
            operator: Some(Arc::from(operator.name.as_str())),
            variadic: false,
        };
        Ok(Expr::new(kind, ty, place))
    }

    /// `make_fn_arguments`.
    pub fn coerce_args(&mut self, args: Vec<Expr>, types: &[PgType]) -> Result<Vec<Expr>> {
        args.into_iter().zip(types).map(|(arg, ty)| self.coerce_implicit(arg, *ty)).collect()
    }

    /// `make_scalar_array_op`.
    pub fn make_array_op(&mut self, name: &[&str], left: Expr, array: Expr, all: bool, place: Span) -> Result<Expr> {
        let element = if array.ty.oid == PgType::UNKNOWN {
            PgType::UNKNOWN
        } else {
            match self.array_element_of(array.ty.oid) {
                Some(element) => element,
                None => {
                    let error =
                        Error::new(SqlState::WRONG_OBJECT_TYPE, "op ANY/ALL (array) requires array on right side");
                    return Err(at(error, place));
                }
            }
        };
        let operator = self.find_operator(name, Some(left.ty.oid), element, place)?;
        if operator.returns != PgType::BOOL {
            let error =
                Error::new(SqlState::WRONG_OBJECT_TYPE, "op ANY/ALL (array) requires operator to yield boolean");
            return Err(at(error, place));
        }
        let actual = [left.ty.oid, element];
        let declared = [operator.left, operator.right];
        let (types, _) = self.enforce_generics(&actual, &declared, PgType::BOOL).map_err(|error| at(error, place))?;
        // An operator over any array type takes the elements as they are.
        let array_type = if array.ty.oid != PgType::UNKNOWN && (types[1] == element || types[1].is_polymorphic()) {
            array.ty.oid
        } else {
            self.array_of(types[1]).ok_or_else(|| {
                let message = format!("could not find array type for data type {}", self.format_type(types[1]));
                at(Error::new(SqlState::UNDEFINED_OBJECT, message), place)
            })?
        };
        let left = self.coerce_implicit(left, types[0])?;
        let array = self.coerce_implicit(array, array_type)?;
        collation::combine([&left, &array])?;
        let kind = ExprKind::ScalarArray {
            left: Box::new(left),
            array: Box::new(array),
            function: Arc::clone(&operator.function),
            operator: Arc::from(operator.name.as_str()),
            all,
        };
        Ok(Expr::new(kind, ExprType::of(PgType::BOOL), place))
    }

    /// Element type of a value used as an array: domains looked through, vectors included.
    pub fn array_element_of(&self, ty: PgType) -> Option<PgType> {
        self.element_of(self.base_type(ty).0)
    }

    /// The `=` operator of DISTINCT, NULLIF, row comparison: must give boolean.
    pub fn boolean_op(&mut self, name: &[&str], left: Expr, right: Expr, what: &str, place: Span) -> Result<Expr> {
        let expr = self.make_op(name, Some(left), right, place)?;
        if expr.ty.oid != PgType::BOOL {
            let error = Error::new(SqlState::DATATYPE_MISMATCH, format!("{what} requires = operator to yield boolean"));
            return Err(at(error, place));
        }
        Ok(expr)
    }

    /// 42883 unless values of the type can be sorted.
    pub fn check_sortable(&self, expr: &Expr) -> Result<()> {
        if self.sortable(expr.ty.oid) {
            return Ok(());
        }
        let message = format!("could not identify an ordering operator for type {}", self.format_type(expr.ty.oid));
        let error = Error::new(SqlState::UNDEFINED_FUNCTION, message)
            .hint("Use an explicit ordering operator or modify the query.");
        Err(at(error, location(expr)))
    }

    /// 42883 unless values of the type can be told apart (DISTINCT, GROUP BY).
    pub fn check_groupable(&self, expr: &Expr) -> Result<()> {
        let ty = self.base_type(expr.ty.oid).0;
        if self.sortable(ty) || matches!(ty, PgType::XID | PgType::CID | PgType::ACLITEM) {
            return Ok(());
        }
        let message = format!("could not identify an equality operator for type {}", self.format_type(expr.ty.oid));
        Err(at(Error::new(SqlState::UNDEFINED_FUNCTION, message), location(expr)))
    }

    fn sortable(&self, ty: PgType) -> bool {
        let base = self.base_type(ty).0;
        if let Some(element) = self.element_of(base) {
            return self.sortable(element);
        }
        !matches!(
            base,
            PgType::XID
                | PgType::CID
                | PgType::JSON
                | PgType::XML
                | PgType::POINT
                | PgType::LSEG
                | PgType::PATH
                | PgType::BOX
                | PgType::POLYGON
                | PgType::LINE
                | PgType::CIRCLE
                | PgType::ACLITEM
                | PgType::REFCURSOR
                | PgType::GTSVECTOR
                | PgType::JSONPATH
                | PgType::TXID_SNAPSHOT
                | PgType::PG_SNAPSHOT
                | PgType::SPHEROID
                | PgType::BOX3D
                | PgType::BOX2D
                | PgType::BOX2DF
                | PgType::GIDX
                | PgType::UNKNOWN
                | PgType::VOID
        )
    }
}

/// The function and the two arguments of a binary operator call.
pub(super) fn into_parts(call: Expr) -> Result<(Arc<crate::catalog::Function>, Expr, Expr)> {
    match call.kind {
        ExprKind::Call { function, args, .. } => match <[Expr; 2]>::try_from(args) {
            Ok([left, right]) => Ok((function, left, right)),
            Err(_) => Err(Error::internal("binary operator without two arguments")),
        },
        _ => Err(Error::internal("operator is not a call")),
    }
}
