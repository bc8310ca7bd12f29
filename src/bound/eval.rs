//! The one interpreter of scalar expressions: folding, context values, `Route::Constant` and the engine's expressions all run here.
//!
//! [`Compiled`] resolves kernels and inputs once; `run` computes one row. Evaluation order is the written order: AND and OR stop at the
//! first deciding argument, CASE and COALESCE evaluate only what they need.

use std::cmp::Ordering;

use super::{CastMethod, Collation, Expr, ExprKind, Truth};
use crate::catalog::{Function, FunctionKind};
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Call, Env, Scalar, compare, io};
use crate::types::{ArrayValue, Datum, PgType};

/// The values of one evaluation.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub env: &'a Env,
    /// Client parameters.
    pub params: &'a [Datum],
    /// Context values of the statement.
    pub contexts: &'a [Datum],
    /// Inputs, numbered by the `slot_of` that the expression was compiled with.
    pub slots: &'a [Datum],
    case_operand: Option<&'a Datum>,
}

impl<'a> Row<'a> {
    pub fn new(env: &'a Env, params: &'a [Datum], contexts: &'a [Datum], slots: &'a [Datum]) -> Row<'a> {
        Row { env, params, contexts, slots, case_operand: None }
    }
}

/// An expression ready to run.
#[derive(Clone, Debug)]
pub struct Compiled {
    node: Node,
    position: Option<usize>,
}

/// Evaluates an expression without columns.
pub fn evaluate(expr: &Expr, env: &Env, params: &[Datum], contexts: &[Datum]) -> Result<Datum> {
    Compiled::new(expr, env, &|_| None)?.run(&Row::new(env, params, contexts, &[]))
}

#[derive(Clone)]
enum Node {
    And(Vec<Node>),
    Array { elements: Vec<Node>, element: PgType, multidimensional: bool },
    Call(Box<CallNode>),
    Case { operand: Option<Box<Node>>, whens: Vec<(Node, Node)>, otherwise: Option<Box<Node>> },
    CaseOperand,
    Cast { arg: Box<Node>, cast: Cast, source: PgType, target: PgType, typmod: i32 },
    Coalesce(Vec<Node>),
    Const(Datum),
    Context(usize),
    Distinct { left: Box<Node>, right: Box<Node>, equal: Box<CallNode>, negated: bool },
    Extreme { args: Vec<Node>, ty: PgType, keep: Ordering },
    Field { record: Box<Node>, index: usize },
    IsBoolean { arg: Box<Node>, truth: Truth, negated: bool },
    IsNull { arg: Box<Node>, negated: bool, row: bool },
    Not(Box<Node>),
    NullIf { left: Box<Node>, right: Box<Node>, equal: Box<CallNode> },
    Or(Vec<Node>),
    Param(usize),
    Record(Vec<Node>),
    ScalarArray { left: Box<Node>, array: Box<Node>, call: Box<CallNode>, all: bool },
    Slot(usize),
    Subscript { container: Box<Node>, lower: Vec<Option<Node>>, upper: Vec<Option<Node>>, slice: bool },
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Node")
    }
}

#[derive(Clone)]
enum Target {
    Catalog { symbol: String, name: String },
    Kernel(Scalar),
}

#[derive(Clone)]
struct CallNode {
    target: Target,
    strict: bool,
    args: Vec<Node>,
    types: Vec<PgType>,
    returns: PgType,
}

#[derive(Clone)]
enum Cast {
    Array { element: Box<Cast>, source: PgType, target: PgType },
    Binary,
    Function { call: Box<CallNode>, explicit: bool },
    InOut,
    Row(Vec<Cast>),
    Typmod { explicit: bool },
}

impl Compiled {
    /// Resolves everything; `slot_of` says which sub-expressions are inputs (columns, aggregates, sub-queries ...).
    /// 0A000 for a construct or function that no kernel runs.
    pub fn new(expr: &Expr, env: &Env, slot_of: &dyn Fn(&Expr) -> Option<usize>) -> Result<Compiled> {
        Ok(Compiled { node: Compiler { env, slot_of }.node(expr)?, position: expr.span.0 })
    }

    /// Computes one row. Errors carry the expression's position when they have none.
    pub fn run(&self, row: &Row<'_>) -> Result<Datum> {
        self.node.run(row).map_err(|error| match self.position {
            Some(position) if error.state() == SqlState::FEATURE_NOT_SUPPORTED => error.at(position),
            _ => error,
        })
    }
}

/// Functions that tell how PostGIS stores a value, not what it is.
const OF_STORAGE: [&str; 2] = ["st_memsize(geometry)", "st_summary(geometry)"];

/// May PostGIS store a box with the value that no geometry of this form has by itself? A geography's stays when it is cast, and what a
/// sub-query computes (a column without a typmod) may be such a cast.
fn may_keep_a_box(expr: &Expr) -> bool {
    let column = matches!(expr.kind, ExprKind::Column { .. });
    if expr.ty.oid == PgType::GEOGRAPHY || (column && expr.ty.oid == PgType::GEOMETRY && expr.ty.typmod == -1) {
        return true;
    }
    let mut found = false;
    super::visit::children(expr, &mut |child| found = found || may_keep_a_box(child));
    found
}

struct Compiler<'a> {
    env: &'a Env,
    slot_of: &'a dyn Fn(&Expr) -> Option<usize>,
}

impl Compiler<'_> {
    fn node(&self, expr: &Expr) -> Result<Node> {
        stacker::maybe_grow(64 * 1024, 4 * 1024 * 1024, || self.grown(expr))
    }

    fn nodes(&self, exprs: &[Expr]) -> Result<Vec<Node>> {
        exprs.iter().map(|expr| self.node(expr)).collect()
    }

    fn boxed(&self, expr: &Expr) -> Result<Box<Node>> {
        self.node(expr).map(Box::new)
    }

    fn grown(&self, expr: &Expr) -> Result<Node> {
        if let Some(slot) = (self.slot_of)(expr) {
            return Ok(Node::Slot(slot));
        }
        let refuse = |what: &str| {
            let error = Error::unsupported(what);
            Err(expr.span.0.map_or(error.clone(), |position| error.at(position)))
        };
        Ok(match &expr.kind {
            ExprKind::Aggregate(_) => return refuse("an aggregate here"),
            ExprKind::And(args) => Node::And(self.nodes(args)?),
            ExprKind::Array { elements, multidimensional } => Node::Array {
                elements: self.nodes(elements)?,
                element: expr.ty.oid.element().unwrap_or(PgType::UNKNOWN),
                multidimensional: *multidimensional,
            },
            ExprKind::Call { function, variadic: true, .. }
                if function.args.last().is_some_and(|arg| arg.ty == PgType::ANY) =>
            {
                // A kernel could not tell the array from a single argument.
                return refuse(&format!("VARIADIC in a call of {} outside of its source", function.name));
            }
            ExprKind::Call { function, args, .. } => {
                if OF_STORAGE.contains(&&*function.symbol) && args.iter().any(may_keep_a_box) {
                    return refuse(&format!("{} of what was a geography, outside of its source,", function.name));
                }
                let types: Vec<PgType> = args.iter().map(|arg| arg.ty.oid).collect();
                self.check_collations(expr, args)?;
                let args = self.nodes(args)?;
                Node::Call(Box::new(self.call(function, args, types, expr.ty.oid, expr)?))
            }
            ExprKind::Case { operand, whens, otherwise } => Node::Case {
                operand: operand.as_ref().map(|operand| self.boxed(operand)).transpose()?,
                whens: whens
                    .iter()
                    .map(|(when, then)| Ok((self.node(when)?, self.node(then)?)))
                    .collect::<Result<_>>()?,
                otherwise: otherwise.as_ref().map(|otherwise| self.boxed(otherwise)).transpose()?,
            },
            ExprKind::CaseOperand => Node::CaseOperand,
            ExprKind::Cast { arg, method, explicit } => Node::Cast {
                cast: self.cast(method, arg.ty.oid, expr.ty.oid, *explicit, expr)?,
                source: arg.ty.oid,
                target: expr.ty.oid,
                typmod: expr.ty.typmod,
                arg: self.boxed(arg)?,
            },
            ExprKind::Coalesce(args) => Node::Coalesce(self.nodes(args)?),
            ExprKind::Collate(arg) => self.node(arg)?,
            ExprKind::Column { .. } => return refuse("a column here"),
            ExprKind::Context(index) => Node::Context(*index),
            ExprKind::Distinct { left, right, equal, negated } => Node::Distinct {
                equal: Box::new(self.equality(equal, left, right, expr)?),
                left: self.boxed(left)?,
                right: self.boxed(right)?,
                negated: *negated,
            },
            ExprKind::Field { record, index } => Node::Field { record: self.boxed(record)?, index: *index },
            ExprKind::Greatest { args, .. } => {
                Node::Extreme { args: self.nodes(args)?, ty: expr.ty.oid, keep: Ordering::Greater }
            }
            ExprKind::Least { args, .. } => {
                Node::Extreme { args: self.nodes(args)?, ty: expr.ty.oid, keep: Ordering::Less }
            }
            ExprKind::Grouping(_) => return refuse("GROUPING here"),
            ExprKind::IsBoolean { arg, truth, negated } => {
                Node::IsBoolean { arg: self.boxed(arg)?, truth: *truth, negated: *negated }
            }
            ExprKind::IsNull { arg, negated, row } => {
                Node::IsNull { arg: self.boxed(arg)?, negated: *negated, row: *row }
            }
            ExprKind::Literal(value) => Node::Const(value.clone()),
            ExprKind::Not(arg) => Node::Not(self.boxed(arg)?),
            ExprKind::NullIf { left, right, equal } => Node::NullIf {
                equal: Box::new(self.equality(equal, left, right, expr)?),
                left: self.boxed(left)?,
                right: self.boxed(right)?,
            },
            ExprKind::Or(args) => Node::Or(self.nodes(args)?),
            ExprKind::Param(index) => Node::Param(*index),
            ExprKind::Row(fields) => {
                Node::Record(fields.iter().map(|field| self.node(&field.expr)).collect::<Result<_>>()?)
            }
            ExprKind::ScalarArray { left, array, function, all, .. } => Node::ScalarArray {
                call: Box::new(self.call(
                    function,
                    Vec::new(),
                    vec![left.ty.oid, array.ty.oid.element().unwrap_or(PgType::UNKNOWN)],
                    PgType::BOOL,
                    expr,
                )?),
                left: self.boxed(left)?,
                array: self.boxed(array)?,
                all: *all,
            },
            ExprKind::Subquery { .. } => return refuse("a sub-query here"),
            ExprKind::Subscript { container, lower, upper, slice } => {
                if container.ty.oid.element().is_none() {
                    return refuse(&format!("a subscript of type {}", container.ty.oid.name()));
                }
                let bounds = |bounds: &[Option<Expr>]| {
                    bounds
                        .iter()
                        .map(|bound| bound.as_ref().map(|bound| self.node(bound)).transpose())
                        .collect::<Result<Vec<_>>>()
                };
                Node::Subscript {
                    container: self.boxed(container)?,
                    lower: bounds(lower)?,
                    upper: bounds(upper)?,
                    slice: *slice,
                }
            }
            ExprKind::WholeRow { .. } => return refuse("a whole-row reference here"),
            ExprKind::Window(_) => return refuse("a window function here"),
        })
    }

    /// Text is compared in C order here: another collation is refused (invariant 12).
    fn check_collations(&self, expr: &Expr, args: &[Expr]) -> Result<()> {
        for arg in args {
            if let Collation::Named { name, .. } = &arg.ty.collation
                && !matches!(&**name, "C" | "POSIX" | "default" | "ucs_basic")
                && expr.ty.oid == PgType::BOOL
            {
                return Err(Error::unsupported(format!("collation \"{name}\" outside of its source")));
            }
        }
        Ok(())
    }

    fn equality(&self, equal: &Function, left: &Expr, right: &Expr, expr: &Expr) -> Result<CallNode> {
        self.call(equal, Vec::new(), vec![left.ty.oid, right.ty.oid], PgType::BOOL, expr)
    }

    fn call(
        &self,
        function: &Function,
        args: Vec<Node>,
        types: Vec<PgType>,
        returns: PgType,
        expr: &Expr,
    ) -> Result<CallNode> {
        let target = match crate::kernels::scalar(&function.symbol) {
            Some(kernel) if function.kind == FunctionKind::Function && !function.returns_set => Target::Kernel(kernel),
            _ if self.env.catalog.knows(&function.symbol) => {
                Target::Catalog { symbol: function.symbol.clone(), name: function.name.clone() }
            }
            _ => {
                let error = Error::unsupported(format!("function {} outside of its source", function.signature()));
                return Err(expr.span.0.map_or(error.clone(), |position| error.at(position)));
            }
        };
        Ok(CallNode { target, strict: function.strict, args, types, returns })
    }

    fn cast(&self, method: &CastMethod, source: PgType, target: PgType, explicit: bool, expr: &Expr) -> Result<Cast> {
        Ok(match method {
            CastMethod::Array(element) => {
                let (source, target) =
                    (source.element().unwrap_or(PgType::UNKNOWN), target.element().unwrap_or(PgType::UNKNOWN));
                Cast::Array { element: Box::new(self.cast(element, source, target, explicit, expr)?), source, target }
            }
            CastMethod::Binary => Cast::Binary,
            CastMethod::Function(function) => {
                let mut types = vec![source];
                types.extend(function.args.iter().skip(1).map(|arg| arg.ty));
                Cast::Function { call: Box::new(self.call(function, Vec::new(), types, target, expr)?), explicit }
            }
            CastMethod::InOut => Cast::InOut,
            CastMethod::Row(fields) => Cast::Row(
                fields
                    .iter()
                    .map(|field| self.cast(field, PgType::UNKNOWN, PgType::UNKNOWN, explicit, expr))
                    .collect::<Result<_>>()?,
            ),
            CastMethod::Typmod => Cast::Typmod { explicit },
        })
    }
}

impl CallNode {
    fn apply(&self, row: &Row<'_>, args: &[Datum]) -> Result<Datum> {
        if self.strict && args.iter().any(Datum::is_null) {
            return Ok(Datum::Null);
        }
        let call = Call { env: row.env, args: &self.types, returns: self.returns };
        match &self.target {
            Target::Kernel(kernel) => kernel(&call, args),
            Target::Catalog { symbol, name } => row
                .env
                .catalog
                .call(symbol, &call, args)?
                .ok_or_else(|| Error::unsupported(format!("function {name} here"))),
        }
    }

    fn run(&self, row: &Row<'_>) -> Result<Datum> {
        match self.args.as_slice() {
            [arg] => self.apply(row, &[arg.run(row)?]),
            [left, right] => self.apply(row, &[left.run(row)?, right.run(row)?]),
            args => {
                let args = args.iter().map(|arg| arg.run(row)).collect::<Result<Vec<_>>>()?;
                self.apply(row, &args)
            }
        }
    }
}

impl Node {
    fn run(&self, row: &Row<'_>) -> Result<Datum> {
        Ok(match self {
            Node::And(args) => return three_valued(args, row, false),
            Node::Or(args) => return three_valued(args, row, true),
            Node::Array { elements, element, multidimensional } => {
                let values = elements.iter().map(|node| node.run(row)).collect::<Result<Vec<_>>>()?;
                return array(*element, values, *multidimensional);
            }
            Node::Call(call) => return call.run(row),
            Node::Case { operand, whens, otherwise } => {
                let value = operand.as_ref().map(|operand| operand.run(row)).transpose()?;
                let inner = Row { case_operand: value.as_ref().or(row.case_operand), ..*row };
                for (when, then) in whens {
                    if matches!(when.run(&inner)?, Datum::Bool(true)) {
                        return then.run(row);
                    }
                }
                match otherwise {
                    Some(otherwise) => return otherwise.run(row),
                    None => Datum::Null,
                }
            }
            Node::CaseOperand => row.case_operand.cloned().unwrap_or(Datum::Null),
            Node::Cast { arg, cast, source, target, typmod } => {
                return cast.run(row, arg.run(row)?, *source, *target, *typmod);
            }
            Node::Coalesce(args) => {
                for arg in args {
                    let value = arg.run(row)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Datum::Null
            }
            Node::Const(value) => value.clone(),
            Node::Context(index) => lookup(row.contexts, *index, "context value")?,
            Node::Param(index) => lookup(row.params, *index, "parameter")?,
            Node::Slot(index) => lookup(row.slots, *index, "input")?,
            Node::Distinct { left, right, equal, negated } => {
                let (left, right) = (left.run(row)?, right.run(row)?);
                let distinct = match (left.is_null(), right.is_null()) {
                    (true, true) => false,
                    (true, false) | (false, true) => true,
                    (false, false) => !matches!(equal.apply(row, &[left, right])?, Datum::Bool(true)),
                };
                Datum::Bool(distinct != *negated)
            }
            Node::Extreme { args, ty, keep } => {
                let mut best = Datum::Null;
                for arg in args {
                    let value = arg.run(row)?;
                    if !value.is_null() && (best.is_null() || compare::compare(*ty, &value, &best)? == *keep) {
                        best = value;
                    }
                }
                best
            }
            Node::Field { record, index } => match record.run(row)? {
                Datum::Null => Datum::Null,
                Datum::Record(fields) => {
                    fields.get(*index).cloned().ok_or_else(|| Error::internal("record with too few fields"))?
                }
                _ => return Err(Error::internal("field of a value that is no record")),
            },
            Node::IsBoolean { arg, truth, negated } => {
                let value = arg.run(row)?;
                let holds = match truth {
                    Truth::False => matches!(value, Datum::Bool(false)),
                    Truth::True => matches!(value, Datum::Bool(true)),
                    Truth::Unknown => value.is_null(),
                };
                Datum::Bool(holds != *negated)
            }
            Node::IsNull { arg, negated, row: by_field } => {
                let value = arg.run(row)?;
                Datum::Bool(match (&value, by_field) {
                    // IS NOT NULL on a row: every field is not NULL; not the negation of IS NULL.
                    (Datum::Record(fields), true) => fields.iter().all(|field| field.is_null() != *negated),
                    _ => value.is_null() != *negated,
                })
            }
            Node::Not(arg) => match arg.run(row)? {
                Datum::Bool(value) => Datum::Bool(!value),
                _ => Datum::Null,
            },
            Node::NullIf { left, right, equal } => {
                let (left, right) = (left.run(row)?, right.run(row)?);
                let same = !left.is_null()
                    && !right.is_null()
                    && matches!(equal.apply(row, &[left.clone(), right])?, Datum::Bool(true));
                if same { Datum::Null } else { left }
            }
            Node::Record(fields) => {
                Datum::Record(fields.iter().map(|field| field.run(row)).collect::<Result<Vec<_>>>()?.into())
            }
            Node::ScalarArray { left, array, call, all } => {
                let left = left.run(row)?;
                return match array.run(row)? {
                    Datum::Null => Ok(Datum::Null),
                    Datum::Array(array) => quantified(row, call, &left, &array.values, *all),
                    _ => Err(Error::internal("ANY over a value that is no array")),
                };
            }
            Node::Subscript { container, lower, upper, slice } => {
                let container = container.run(row)?;
                let bounds = |bounds: &[Option<Node>]| {
                    bounds
                        .iter()
                        .map(|bound| bound.as_ref().map(|bound| bound.run(row)).transpose())
                        .collect::<Result<Vec<_>>>()
                };
                let (lower, upper) = (bounds(lower)?, bounds(upper)?);
                return match container {
                    Datum::Null => Ok(Datum::Null),
                    Datum::Array(array) if *slice => slice_array(&array, &lower, &upper),
                    Datum::Array(array) => Ok(element(&array, &upper)),
                    _ => Err(Error::internal("subscript of a value that is no array")),
                };
            }
        })
    }
}

fn lookup(values: &[Datum], index: usize, what: &str) -> Result<Datum> {
    values.get(index).cloned().ok_or_else(|| Error::internal(format!("{what} {index} is missing")))
}

/// AND (`decides` = false) or OR (`decides` = true).
fn three_valued(args: &[Node], row: &Row<'_>, decides: bool) -> Result<Datum> {
    let mut unknown = false;
    for arg in args {
        match arg.run(row)? {
            Datum::Bool(value) if value == decides => return Ok(Datum::Bool(decides)),
            Datum::Bool(_) => {}
            _ => unknown = true,
        }
    }
    Ok(if unknown { Datum::Null } else { Datum::Bool(!decides) })
}

fn quantified(row: &Row<'_>, call: &CallNode, left: &Datum, values: &[Datum], all: bool) -> Result<Datum> {
    let mut unknown = false;
    for value in values {
        match call.apply(row, &[left.clone(), value.clone()])? {
            Datum::Bool(result) if result != all => return Ok(Datum::Bool(!all)),
            Datum::Bool(_) => {}
            _ => unknown = true,
        }
    }
    Ok(if unknown { Datum::Null } else { Datum::Bool(all) })
}

/// Builds `ARRAY[...]`; with `multidimensional` the values are arrays of equal shape.
fn array(element: PgType, values: Vec<Datum>, multidimensional: bool) -> Result<Datum> {
    if !multidimensional {
        return Ok(Datum::Array(ArrayValue::vector(element, values).into()));
    }
    let mismatch = || {
        Error::new(
            SqlState::ARRAY_SUBSCRIPT_ERROR,
            "multidimensional arrays must have array expressions with matching dimensions",
        )
    };
    let mut inner: Option<Vec<(i32, i32)>> = None;
    let (mut count, mut flat) = (0, Vec::new());
    for value in values {
        let Datum::Array(array) = value else {
            // A NULL sub-array counts as an empty one.
            if inner.as_ref().is_some_and(|inner| !inner.is_empty()) {
                return Err(mismatch());
            }
            continue;
        };
        match &inner {
            Some(inner) if *inner != array.dimensions => return Err(mismatch()),
            Some(_) => {}
            None => inner = Some(array.dimensions.clone()),
        }
        count += 1;
        flat.extend(array.values.iter().cloned());
    }
    let inner = inner.unwrap_or_default();
    if inner.is_empty() {
        return Ok(Datum::Array(ArrayValue::vector(element, Vec::new()).into()));
    }
    let mut dimensions = vec![(count, 1)];
    dimensions.extend(inner);
    Ok(Datum::Array(ArrayValue { element, dimensions, values: flat }.into()))
}

/// `a[i][j]`: NULL outside of the bounds, with a NULL subscript, or with another number of subscripts.
fn element(array: &ArrayValue, subscripts: &[Option<Datum>]) -> Datum {
    if subscripts.len() != array.dimensions.len() {
        return Datum::Null;
    }
    let mut offset = 0_i64;
    for (subscript, (length, lower)) in subscripts.iter().zip(&array.dimensions) {
        let Some(index) = subscript.as_ref().and_then(Datum::as_i64) else { return Datum::Null };
        let index = index - i64::from(*lower);
        if index < 0 || index >= i64::from(*length) {
            return Datum::Null;
        }
        offset = offset * i64::from(*length) + index;
    }
    usize::try_from(offset).ok().and_then(|offset| array.values.get(offset).cloned()).unwrap_or(Datum::Null)
}

/// `a[l:u]`: bounds clipped to the array's; the result's lower bounds are 1; an empty intersection is the empty array.
fn slice_array(array: &ArrayValue, lower: &[Option<Datum>], upper: &[Option<Datum>]) -> Result<Datum> {
    let empty = || Ok(Datum::Array(ArrayValue::vector(array.element, Vec::new()).into()));
    if lower.len() > array.dimensions.len() {
        return empty();
    }
    let mut ranges = Vec::with_capacity(array.dimensions.len());
    for (dimension, (length, start)) in array.dimensions.iter().enumerate() {
        let bound = |bounds: &[Option<Datum>], default: i64| match bounds.get(dimension) {
            Some(Some(Datum::Null)) => None,
            Some(Some(bound)) => bound.as_i64(),
            Some(None) | None => Some(default),
        };
        let last = i64::from(*start) + i64::from(*length) - 1;
        let (Some(from), Some(to)) = (bound(lower, i64::from(*start)), bound(upper, last)) else {
            return Ok(Datum::Null);
        };
        let (from, to) = (from.max(i64::from(*start)), to.min(last));
        if from > to {
            return empty();
        }
        ranges.push((from - i64::from(*start), to - i64::from(*start)));
    }
    let mut values = Vec::new();
    collect(array, &ranges, 0, 0, &mut values);
    let dimensions = ranges.iter().map(|(from, to)| ((to - from + 1) as i32, 1)).collect();
    Ok(Datum::Array(ArrayValue { element: array.element, dimensions, values }.into()))
}

fn collect(array: &ArrayValue, ranges: &[(i64, i64)], depth: usize, offset: i64, values: &mut Vec<Datum>) {
    let Some((from, to)) = ranges.get(depth) else {
        values.extend(usize::try_from(offset).ok().and_then(|offset| array.values.get(offset).cloned()));
        return;
    };
    for index in *from..=*to {
        collect(array, ranges, depth + 1, offset * i64::from(array.dimensions[depth].0) + index, values);
    }
}

impl Cast {
    fn run(&self, row: &Row<'_>, value: Datum, source: PgType, target: PgType, typmod: i32) -> Result<Datum> {
        if let Cast::Function { call, explicit } = self {
            // Cast functions decide about NULL by their own strictness.
            let mut args = vec![value];
            if call.types.len() > 1 {
                args.push(Datum::Int4(typmod));
            }
            if call.types.len() > 2 {
                args.push(Datum::Bool(*explicit));
            }
            let result = call.apply(row, &args)?;
            return if call.types.len() > 1 || result.is_null() {
                Ok(result)
            } else {
                io::apply_typmod(row.env, target, typmod, result, *explicit)
            };
        }
        if value.is_null() {
            return Ok(value);
        }
        match self {
            Cast::Array { element, source, target } => {
                let Datum::Array(array) = value else { return Err(Error::internal("array cast of a scalar")) };
                let values = array
                    .values
                    .iter()
                    .map(|value| element.run(row, value.clone(), *source, *target, typmod))
                    .collect::<Result<_>>()?;
                Ok(Datum::Array(ArrayValue { element: *target, dimensions: array.dimensions.clone(), values }.into()))
            }
            Cast::Binary => io::apply_typmod(row.env, target, typmod, relabel(value, target), true),
            Cast::Function { .. } => unreachable!("handled above"),
            Cast::InOut => {
                let text = match (&value, source) {
                    (Datum::Text(text), _) if source != PgType::BPCHAR => text.to_string(),
                    _ => io::output(row.env, source, &value)?,
                };
                io::input(row.env, target, typmod, &text)
            }
            Cast::Row(fields) => match value {
                Datum::Record(values) => values
                    .iter()
                    .zip(fields)
                    .map(|(value, cast)| cast.run(row, value.clone(), PgType::UNKNOWN, PgType::UNKNOWN, -1))
                    .collect::<Result<Vec<_>>>()
                    .map(|values| Datum::Record(values.into())),
                _ => Err(Error::internal("row cast of a scalar")),
            },
            Cast::Typmod { explicit } => io::apply_typmod(row.env, target, typmod, value, *explicit),
        }
    }
}

/// Binary-coercible types may use another `Datum` variant (int4 and oid).
fn relabel(value: Datum, target: PgType) -> Datum {
    match value {
        Datum::Int4(value) if target.is_oid_like() => Datum::Oid(value as u32),
        Datum::Oid(value) if target == PgType::INT4 => Datum::Int4(value as i32),
        other => other,
    }
}
