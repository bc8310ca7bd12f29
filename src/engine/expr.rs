//! Bound expressions as physical expressions: [`PgExpr`] runs the interpreter over a batch, native expressions are used only
//! where DataFusion's meaning is PostgreSQL's.

use std::cell::RefCell;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, BinaryBuilder, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use datafusion::common::ScalarValue;
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::{ColumnarValue, Operator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CastExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, Literal, NotExpr,
};

use super::rows;
use super::statement::{EXISTS, Key, Statement};
use crate::bound::eval::{Compiled, Row};
use crate::bound::visit::children;
use crate::bound::{Expr, ExprKind, RangeId};
use crate::catalog::Volatility;
use crate::error::{Error, Result};
use crate::kernels::columns::{self, ColumnReader};
use crate::kernels::{Env, compare};
use crate::types::{Datum, PgType, storage};

/// What expressions may refer to: columns of a plan, else values of the enclosing rows.
pub(super) trait Lookup {
    fn column(&self, key: Key) -> Option<(usize, PgType)>;
    fn outer(&self, key: Key) -> Option<(Datum, PgType)>;
    /// All columns of a range, in order (for whole rows).
    fn range(&self, range: RangeId) -> Vec<usize>;
}

/// How a slot of the interpreter is filled.
#[derive(Clone, Debug)]
pub(super) enum Slot {
    /// Child expression n.
    Child(usize),
    Constant(Datum),
    /// A whole row: NULL unless the mark (a child or a constant) is TRUE.
    Record {
        exists: Option<Box<Slot>>,
        fields: Vec<Slot>,
    },
}

/// A compiled expression with its inputs: usable row by row.
#[derive(Clone, Debug)]
pub(super) struct Program {
    compiled: Compiled,
    slots: Vec<Slot>,
    /// Input columns: index in the plan, type.
    pub(super) inputs: Vec<(usize, PgType)>,
    statement: Arc<Statement>,
}

impl Program {
    pub(super) fn new(statement: &Arc<Statement>, expr: &Expr, lookup: &dyn Lookup) -> Result<Program> {
        Program::with_env(statement, expr, lookup, &statement.env)
    }

    pub(super) fn with_env(statement: &Arc<Statement>, expr: &Expr, lookup: &dyn Lookup, env: &Env) -> Result<Program> {
        let state = RefCell::new((Vec::<Slot>::new(), Vec::<(usize, PgType)>::new()));
        let slot = |key: Key| -> Option<Slot> {
            if let Some((index, ty)) = lookup.column(key) {
                let inputs = &mut state.borrow_mut().1;
                let child = inputs.iter().position(|(input, _)| *input == index).unwrap_or_else(|| {
                    inputs.push((index, ty));
                    inputs.len() - 1
                });
                return Some(Slot::Child(child));
            }
            lookup.outer(key).map(|(value, _)| Slot::Constant(value))
        };
        let compiled = Compiled::new(expr, env, &|expr| {
            let found = match &expr.kind {
                ExprKind::Column { range, column } => slot(Key(*range, *column))?,
                ExprKind::WholeRow { range } => {
                    let fields = lookup
                        .range(*range)
                        .into_iter()
                        .map(|column| slot(Key(*range, column)))
                        .collect::<Option<_>>()?;
                    Slot::Record { exists: slot(Key(*range, EXISTS)).map(Box::new), fields }
                }
                _ => return None,
            };
            let slots = &mut state.borrow_mut().0;
            slots.push(found);
            Some(slots.len() - 1)
        })?;
        let (slots, inputs) = state.into_inner();
        Ok(Program { compiled, slots, inputs, statement: Arc::clone(statement) })
    }

    /// Computes one row from the values of `inputs`.
    pub(super) fn run(&self, inputs: &[Datum], env: &Env) -> Result<Datum> {
        let slots: Vec<Datum> = self.slots.iter().map(|slot| fill(slot, inputs)).collect();
        let statement = &self.statement;
        self.compiled.run(&Row::new(env, &statement.params, &statement.contexts, &slots))
    }

    /// Computes one row of a batch.
    pub(super) fn run_row(&self, batch: &RecordBatch, row: usize, env: &Env) -> Result<Datum> {
        let inputs = self
            .inputs
            .iter()
            .map(|(index, ty)| rows::read(batch.column(*index), row, *ty))
            .collect::<Result<Vec<_>>>()?;
        self.run(&inputs, env)
    }
}

fn fill(slot: &Slot, inputs: &[Datum]) -> Datum {
    match slot {
        Slot::Child(child) => inputs[*child].clone(),
        Slot::Constant(value) => value.clone(),
        Slot::Record { exists, fields } => match exists.as_ref().map(|exists| fill(exists, inputs)) {
            Some(Datum::Null | Datum::Bool(false)) => Datum::Null,
            _ => Datum::Record(fields.iter().map(|field| fill(field, inputs)).collect()),
        },
    }
}

static NEXT: AtomicU64 = AtomicU64::new(0);

/// An expression run by the interpreter.
#[derive(Debug)]
pub(super) struct PgExpr {
    program: Program,
    children: Vec<Arc<dyn PhysicalExpr>>,
    ty: PgType,
    volatile: bool,
    id: u64,
}

impl PgExpr {
    fn new(program: Program, schema: &Schema, ty: PgType, volatile: bool) -> PgExpr {
        let children = program
            .inputs
            .iter()
            .map(|(index, _)| Arc::new(Column::new(schema.field(*index).name(), *index)) as Arc<dyn PhysicalExpr>)
            .collect();
        PgExpr { program, children, ty, volatile, id: NEXT.fetch_add(1, Ordering::Relaxed) }
    }

    fn compute(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        let env = &self.program.statement.env;
        let count = batch.num_rows();
        if self.children.is_empty() && !self.volatile && count > 0 {
            let value = self.program.run(&[], env)?;
            return Ok(ColumnarValue::Scalar(rows::scalar(self.ty, &value)?));
        }
        let arrays = self
            .children
            .iter()
            .map(|child| child.evaluate(batch).and_then(|value| value.into_array(count)).map_err(rows::from_datafusion))
            .collect::<Result<Vec<ArrayRef>>>()?;
        let readers = arrays
            .iter()
            .zip(&self.program.inputs)
            .map(|(array, (_, ty))| ColumnReader::new(array.as_ref(), *ty))
            .collect::<Result<Vec<_>>>()?;
        let mut values = Vec::with_capacity(count);
        let mut inputs = Vec::with_capacity(arrays.len());
        for row in 0..count {
            inputs.clear();
            for reader in &readers {
                inputs.push(reader.get(row)?);
            }
            values.push(self.program.run(&inputs, env)?);
        }
        Ok(ColumnarValue::Array(columns::array_of(self.ty, &values)?))
    }
}

impl fmt::Display for PgExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expression({})", self.children.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
    }
}

impl PartialEq for PgExpr {
    fn eq(&self, other: &PgExpr) -> bool {
        self.id == other.id
    }
}

impl Eq for PgExpr {}

impl Hash for PgExpr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl PhysicalExpr for PgExpr {
    fn data_type(&self, _: &Schema) -> DfResult<DataType> {
        Ok(storage(self.ty))
    }

    fn nullable(&self, _: &Schema) -> DfResult<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> DfResult<ColumnarValue> {
        self.compute(batch).map_err(rows::into_datafusion)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        self.children.iter().collect()
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn PhysicalExpr>>) -> DfResult<Arc<dyn PhysicalExpr>> {
        let id = if children == self.children { self.id } else { NEXT.fetch_add(1, Ordering::Relaxed) };
        Ok(Arc::new(PgExpr { program: self.program.clone(), children, ty: self.ty, volatile: self.volatile, id }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `sort_key` of a child: Binary whose order and equality are the type's.
#[derive(Debug)]
pub(super) struct KeyExpr {
    pub(super) child: Arc<dyn PhysicalExpr>,
    pub(super) ty: PgType,
}

// Written out: deriving moves out of the Arc (rust-lang/rust#78808).
impl PartialEq for KeyExpr {
    fn eq(&self, other: &KeyExpr) -> bool {
        self.child.eq(&other.child) && self.ty == other.ty
    }
}

impl Eq for KeyExpr {}

impl Hash for KeyExpr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.child.hash(state);
        self.ty.hash(state);
    }
}

impl fmt::Display for KeyExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key({})", self.child)
    }
}

impl PhysicalExpr for KeyExpr {
    fn data_type(&self, _: &Schema) -> DfResult<DataType> {
        Ok(DataType::Binary)
    }

    fn nullable(&self, _: &Schema) -> DfResult<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> DfResult<ColumnarValue> {
        let array = self.child.evaluate(batch)?.into_array(batch.num_rows())?;
        let mut keys = BinaryBuilder::new();
        let reader = ColumnReader::new(array.as_ref(), self.ty).map_err(rows::into_datafusion)?;
        for row in 0..array.len() {
            let value = reader.get(row).map_err(rows::into_datafusion)?;
            match value {
                Datum::Null => keys.append_null(),
                value => keys.append_value(compare::sort_key(self.ty, &value).map_err(rows::into_datafusion)?),
            }
        }
        Ok(ColumnarValue::Array(Arc::new(keys.finish())))
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.child]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> DfResult<Arc<dyn PhysicalExpr>> {
        Ok(Arc::new(KeyExpr { child: children.remove(0), ty: self.ty }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The physical form of an expression without sub-queries: native where the meaning is the same, else interpreted.
pub(super) fn physical(
    statement: &Arc<Statement>,
    expr: &Expr,
    lookup: &dyn Lookup,
    schema: &Schema,
) -> Result<Arc<dyn PhysicalExpr>> {
    if let Some(native) = native(statement, expr, lookup, schema)? {
        return Ok(native);
    }
    let program = Program::new(statement, expr, lookup)?;
    Ok(Arc::new(PgExpr::new(program, schema, expr.ty.oid, is_volatile(expr))))
}

fn literal(ty: PgType, value: &Datum) -> Result<Option<Arc<dyn PhysicalExpr>>> {
    if !rows::is_native(ty) {
        return Ok(None);
    }
    Ok(Some(Arc::new(Literal::new(rows::scalar(ty, value)?))))
}

fn native(
    statement: &Arc<Statement>,
    expr: &Expr,
    lookup: &dyn Lookup,
    schema: &Schema,
) -> Result<Option<Arc<dyn PhysicalExpr>>> {
    let recurse = |expr: &Expr| native(statement, expr, lookup, schema);
    let ty = expr.ty.oid;
    Ok(match &expr.kind {
        ExprKind::Column { range, column } => {
            let key = Key(*range, *column);
            match (lookup.column(key), lookup.outer(key)) {
                (Some((index, _)), _) => Some(Arc::new(Column::new(schema.field(index).name(), index))),
                (None, Some((value, _))) => literal(ty, &value)?,
                (None, None) => return Err(missing(key)),
            }
        }
        ExprKind::Literal(value) => literal(ty, value)?,
        ExprKind::Param(index) => match statement.params.get(*index) {
            Some(value) => literal(ty, value)?,
            None => None,
        },
        ExprKind::Context(index) => match statement.contexts.get(*index) {
            Some(value) => literal(ty, value)?,
            None => None,
        },
        ExprKind::And(args) | ExprKind::Or(args) => {
            let operator = if matches!(expr.kind, ExprKind::And(_)) { Operator::And } else { Operator::Or };
            let mut whole: Option<Arc<dyn PhysicalExpr>> = None;
            for arg in args {
                let Some(arg) = recurse(arg)? else { return Ok(None) };
                whole = Some(match whole {
                    None => arg,
                    Some(left) => Arc::new(BinaryExpr::new(left, operator, arg)),
                });
            }
            whole
        }
        ExprKind::Not(arg) => recurse(arg)?.map(|arg| Arc::new(NotExpr::new(arg)) as Arc<dyn PhysicalExpr>),
        ExprKind::IsNull { arg, negated, row: false } if arg.ty.oid != PgType::RECORD => match recurse(arg)? {
            Some(arg) if *negated => Some(Arc::new(IsNotNullExpr::new(arg))),
            Some(arg) => Some(Arc::new(IsNullExpr::new(arg))),
            None => None,
        },
        ExprKind::Call { function, args, operator: Some(operator), .. } if function.schema == "pg_catalog" => {
            let (Some(operator), [left, right]) = (comparison(operator), args.as_slice()) else { return Ok(None) };
            if !plain_collation(left) || !plain_collation(right) {
                return Ok(None);
            }
            let (Some(common), Some(left_expr), Some(right_expr)) =
                (common_type(left.ty.oid, right.ty.oid), recurse(left)?, recurse(right)?)
            else {
                return Ok(None);
            };
            let widen = |expr: Arc<dyn PhysicalExpr>, ty: PgType| -> Arc<dyn PhysicalExpr> {
                if storage(ty) == common { expr } else { Arc::new(CastExpr::new(expr, common.clone(), None)) }
            };
            Some(Arc::new(BinaryExpr::new(widen(left_expr, left.ty.oid), operator, widen(right_expr, right.ty.oid))))
        }
        ExprKind::ScalarArray { left, array, operator, all: false, .. } if &**operator == "=" => {
            let Some(elements) = constant_array(statement, array) else { return Ok(None) };
            let element = array.ty.oid.element().unwrap_or(PgType::UNKNOWN);
            let ty = left.ty.oid;
            if element != ty || !rows::is_native(ty) || elements.is_empty() || !plain_collation(left) {
                return Ok(None);
            }
            let Some(left) = recurse(left)? else { return Ok(None) };
            let list = elements
                .iter()
                .map(|value| Ok(Arc::new(Literal::new(rows::scalar(ty, value)?)) as Arc<dyn PhysicalExpr>))
                .collect::<Result<Vec<_>>>()?;
            InListExpr::try_new(left, list, false, schema).ok().map(|list| Arc::new(list) as Arc<dyn PhysicalExpr>)
        }
        _ => None,
    })
}

fn constant_array(statement: &Statement, expr: &Expr) -> Option<Vec<Datum>> {
    match &expr.kind {
        ExprKind::Literal(Datum::Array(array)) => Some(array.values.clone()),
        ExprKind::Param(index) => match statement.params.get(*index) {
            Some(Datum::Array(array)) => Some(array.values.clone()),
            _ => None,
        },
        ExprKind::Array { elements, multidimensional: false } => elements
            .iter()
            .map(|element| match &element.kind {
                ExprKind::Literal(value) => Some(value.clone()),
                ExprKind::Param(index) => statement.params.get(*index).cloned(),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

pub(super) fn missing(key: Key) -> Error {
    Error::internal(format!("column {} of range {} is not at hand", key.1, key.0.0))
}

/// The operator of a native comparison.
pub(super) fn comparison(operator: &str) -> Option<Operator> {
    Some(match operator {
        "=" => Operator::Eq,
        "<>" | "!=" => Operator::NotEq,
        "<" => Operator::Lt,
        "<=" => Operator::LtEq,
        ">" => Operator::Gt,
        ">=" => Operator::GtEq,
        _ => return None,
    })
}

/// The storage in which two types are compared natively; `None`: not natively.
pub(super) fn common_type(left: PgType, right: PgType) -> Option<DataType> {
    let integer = |ty: PgType| matches!(ty, PgType::INT2 | PgType::INT4 | PgType::INT8);
    let text = |ty: PgType| matches!(ty, PgType::TEXT | PgType::VARCHAR | PgType::NAME);
    if integer(left) && integer(right) {
        return Some(if left == right { storage(left) } else { DataType::Int64 });
    }
    if text(left) && text(right) {
        return Some(DataType::Utf8);
    }
    if left.is_oid_like() && right.is_oid_like() {
        return Some(DataType::UInt32);
    }
    (left == right && rows::is_native(left)).then(|| storage(left))
}

/// Text under the database's own collation (C), or no text.
pub(super) fn plain_collation(expr: &Expr) -> bool {
    use crate::bound::Collation;
    match &expr.ty.collation {
        Collation::None | Collation::Default => true,
        Collation::Named { name, .. } => matches!(&**name, "C" | "POSIX" | "default" | "ucs_basic"),
        Collation::Conflict => false,
    }
}

/// Whether a conjunct is without sub-queries and cannot raise: it may run before others.
pub(super) fn is_safe(expr: &Expr) -> bool {
    let own = match &expr.kind {
        ExprKind::And(_)
        | ExprKind::Or(_)
        | ExprKind::Not(_)
        | ExprKind::Column { .. }
        | ExprKind::Literal(_)
        | ExprKind::Param(_)
        | ExprKind::Context(_)
        | ExprKind::IsNull { .. }
        | ExprKind::IsBoolean { .. }
        | ExprKind::Coalesce(_)
        | ExprKind::Case { .. }
        | ExprKind::WholeRow { .. }
        | ExprKind::Collate(_) => true,
        ExprKind::Distinct { left, right, .. } => comparable(left.ty.oid) && comparable(right.ty.oid),
        ExprKind::ScalarArray { left, operator, .. } => comparison(operator).is_some() && comparable(left.ty.oid),
        ExprKind::Call { function, args, operator, .. } => {
            function.volatility == Volatility::Immutable
                && function.schema == "pg_catalog"
                && operator.as_ref().is_some_and(|operator| comparison(operator).is_some())
                && args.iter().all(|arg| comparable(arg.ty.oid))
        }
        _ => false,
    };
    let mut safe = own;
    children(expr, &mut |child| safe = safe && is_safe(child));
    safe
}

fn comparable(ty: PgType) -> bool {
    rows::is_native(ty)
        || matches!(
            ty,
            PgType::FLOAT4
                | PgType::FLOAT8
                | PgType::NUMERIC
                | PgType::BPCHAR
                | PgType::INTERVAL
                | PgType::TIMETZ
                | PgType::CHAR
        )
}

/// Whether a volatile function occurs (outside of sub-queries).
pub(super) fn is_volatile(expr: &Expr) -> bool {
    let mut found =
        matches!(&expr.kind, ExprKind::Call { function, .. } if function.volatility == Volatility::Volatile);
    children(expr, &mut |child| found = found || is_volatile(child));
    found
}

/// Whether a sub-query occurs.
pub(super) fn has_subquery(expr: &Expr) -> bool {
    let mut found = matches!(expr.kind, ExprKind::Subquery { .. });
    children(expr, &mut |child| found = found || has_subquery(child));
    found
}

/// A literal TRUE.
pub(super) fn truth() -> Arc<dyn PhysicalExpr> {
    Arc::new(Literal::new(ScalarValue::Boolean(Some(true))))
}
