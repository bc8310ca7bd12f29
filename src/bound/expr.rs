//! Bound expressions.

use std::sync::Arc;

use super::query::{Query, RangeId, SortKey, Span};
use crate::catalog::Function;
use crate::types::{Datum, PgType};

/// An expression with its type and the place in the client's text it came from.
#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub ty: ExprType,
    pub span: Span,
}

/// PostgreSQL type of an expression.
#[derive(Clone, Debug)]
pub struct ExprType {
    pub oid: PgType,
    pub typmod: i32,
    pub collation: Collation,
    /// Fields, when `oid` is RECORD (or a composite) and they are known.
    pub fields: Option<Arc<[RecordField]>>,
    /// The named row type of a record, 0 for others: what a client is told.
    pub row: u32,
}

impl ExprType {
    /// Takes the fields of the rows that are brought together, and their named type where all have the same.
    pub fn be_row_of<'e>(&mut self, types: impl IntoIterator<Item = &'e ExprType>) {
        let mut rows = types.into_iter().filter(|ty| ty.fields.is_some());
        let Some(first) = rows.next() else { return };
        self.fields.clone_from(&first.fields);
        self.row = if self.oid == first.oid && rows.all(|ty| ty.row == first.row) { first.row } else { 0 };
    }
}

/// A field of a row type.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordField {
    pub name: String,
    pub ty: PgType,
    pub typmod: i32,
}

/// PostgreSQL's collation derivation of a text expression. Our databases are C (invariant 12).
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub enum Collation {
    /// Not a collatable type, or no collation derived.
    #[default]
    None,
    /// The default of the database: C.
    Default,
    /// Implicit (a column's) or explicit COLLATE of that name.
    Named { name: Arc<str>, explicit: bool },
    /// Two implicit collations in conflict: comparing is 42P22.
    Conflict,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    Aggregate(Box<AggregateCall>),
    And(Vec<Expr>),
    /// `ARRAY[...]`; nested arrays are Array elements of array type when `multidimensional`.
    Array {
        elements: Vec<Expr>,
        multidimensional: bool,
    },
    Case {
        operand: Option<Box<Expr>>,
        whens: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    /// The CASE operand's value inside its WHEN comparisons (`operand = when` is bound as a Call over this).
    CaseOperand,
    Cast {
        arg: Box<Expr>,
        method: CastMethod,
        explicit: bool,
    },
    Coalesce(Vec<Expr>),
    /// `COLLATE "x"` (the type carries the collation too).
    Collate(Box<Expr>),
    Column {
        range: RangeId,
        column: usize,
    },
    /// A context value (`Bound::contexts[n]`).
    Context(usize),
    /// A function or operator call: `function.name` is the function's; `operator` is set when it was written as one.
    /// Arguments are complete (defaults filled in, variadic elements gathered in one ARRAY unless the function is VARIADIC "any") and coerced.
    Call {
        function: Arc<Function>,
        args: Vec<Expr>,
        operator: Option<Arc<str>>,
        variadic: bool,
    },
    /// `IS [NOT] DISTINCT FROM`: `equal` is the equality operator's function.
    Distinct {
        left: Box<Expr>,
        right: Box<Expr>,
        equal: Arc<Function>,
        negated: bool,
    },
    /// `(row).field`, 0-based.
    Field {
        record: Box<Expr>,
        index: usize,
    },
    Greatest {
        args: Vec<Expr>,
        less: Arc<Function>,
    },
    /// GROUPING(a, b): indices into the select's grouping expressions.
    Grouping(Vec<usize>),
    IsBoolean {
        arg: Box<Expr>,
        truth: Truth,
        negated: bool,
    },
    /// `row` is true for a row-valued argument (IS NULL holds iff all fields are NULL).
    IsNull {
        arg: Box<Expr>,
        negated: bool,
        row: bool,
    },
    Least {
        args: Vec<Expr>,
        less: Arc<Function>,
    },
    Literal(Datum),
    Not(Box<Expr>),
    NullIf {
        left: Box<Expr>,
        right: Box<Expr>,
        equal: Arc<Function>,
    },
    Or(Vec<Expr>),
    /// A client parameter, 0-based.
    Param(usize),
    /// `ROW(...)`.
    Row(Vec<RowField>),
    /// `left op ANY|ALL (array)`.
    ScalarArray {
        left: Box<Expr>,
        array: Box<Expr>,
        function: Arc<Function>,
        operator: Arc<str>,
        all: bool,
    },
    Subquery {
        query: Box<Query>,
        kind: SubqueryKind,
    },
    /// `array[i]`, `array[i][j]`, `array[a:b]` (lower/upper pairs; `None` lower = omitted bound); jsonb and int2vector subscripts too.
    Subscript {
        container: Box<Expr>,
        lower: Vec<Option<Expr>>,
        upper: Vec<Option<Expr>>,
        slice: bool,
    },
    /// The whole row of a FROM item.
    WholeRow {
        range: RangeId,
    },
    Window(Box<WindowCall>),
}

/// An element of `ROW(...)`.
#[derive(Clone, Debug)]
pub struct RowField {
    pub name: String,
    pub expr: Expr,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Truth {
    False,
    True,
    Unknown,
}

/// How a cast is done (pg_cast.castmethod, plus length coercion).
#[derive(Clone, Debug)]
pub enum CastMethod {
    /// Array element-wise by the element's method.
    Array(Box<CastMethod>),
    /// Same bytes (text -> varchar).
    Binary,
    /// A cast function; called as f(arg), f(arg, typmod) or f(arg, typmod, explicit) by its number of arguments.
    Function(Arc<Function>),
    /// Output function of the source, input function of the target.
    InOut,
    /// Field-wise row cast.
    Row(Vec<CastMethod>),
    /// Only the typmod changes (length coercion of one type).
    Typmod,
}

#[derive(Clone, Debug)]
pub enum SubqueryKind {
    /// `ARRAY(SELECT ...)`.
    Array,
    Exists,
    /// `left op ANY (SELECT ...)` (IN is `= ANY`). `tests` has one comparison per output column of the sub-query: a Call whose
    /// arguments refer to the sub-query's columns by `Column { range, column }`, `range` being the one given here. For rows the
    /// comparisons are combined by AND (`=`), OR (`<>`).
    Any {
        range: RangeId,
        test: Box<Expr>,
        all: bool,
    },
    /// One value; 21000 on a second row; NULL on none.
    Scalar,
    /// One row of several columns (row comparison, multi-assignment).
    Row,
}

/// An aggregate call.
#[derive(Clone, Debug)]
pub struct AggregateCall {
    pub function: Arc<Function>,
    /// Direct arguments of an ordered-set aggregate.
    pub direct: Vec<Expr>,
    /// Aggregated arguments (WITHIN GROUP's for ordered-set ones); empty for count(*).
    pub args: Vec<Expr>,
    pub distinct: bool,
    /// ORDER BY inside the call, or WITHIN GROUP (ORDER BY ...).
    pub order_by: Vec<SortKey<Expr>>,
    pub filter: Option<Expr>,
    /// Written as WITHIN GROUP.
    pub within_group: bool,
    /// Written as VARIADIC or gathered.
    pub variadic: bool,
}

/// A window function call, or an aggregate used as one.
#[derive(Clone, Debug)]
pub struct WindowCall {
    pub function: Arc<Function>,
    pub args: Vec<Expr>,
    pub filter: Option<Expr>,
    pub partition_by: Vec<Expr>,
    pub order_by: Vec<SortKey<Expr>>,
    pub frame: WindowFrame,
}

#[derive(Clone, Debug)]
pub struct WindowFrame {
    pub mode: FrameMode,
    pub start: FrameBound,
    pub end: FrameBound,
    pub exclusion: FrameExclusion,
    /// Not written: PostgreSQL's default (RANGE UNBOUNDED PRECEDING .. CURRENT ROW).
    pub default: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FrameMode {
    Groups,
    Range,
    Rows,
}

#[derive(Clone, Debug)]
pub enum FrameBound {
    CurrentRow,
    Following(Box<Expr>),
    Preceding(Box<Expr>),
    UnboundedFollowing,
    UnboundedPreceding,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FrameExclusion {
    CurrentRow,
    Group,
    NoOthers,
    Ties,
}

impl ExprType {
    /// A type without typmod; default collation where the type has one.
    pub fn of(oid: PgType) -> ExprType {
        ExprType::with_typmod(oid, -1)
    }

    pub fn with_typmod(oid: PgType, typmod: i32) -> ExprType {
        let collation = if oid.is_collatable() { Collation::Default } else { Collation::None };
        ExprType { oid, typmod, collation, fields: None, row: 0 }
    }
}

impl Expr {
    pub fn new(kind: ExprKind, ty: ExprType, span: Span) -> Expr {
        Expr { kind, ty, span }
    }

    pub fn literal(value: Datum, ty: PgType) -> Expr {
        Expr::new(ExprKind::Literal(value), ExprType::of(ty), Span::default())
    }

    pub fn column(range: RangeId, column: usize, ty: ExprType) -> Expr {
        Expr::new(ExprKind::Column { range, column }, ty, Span::default())
    }

    /// A column, a constant or a parameter: nothing is below it.
    pub fn is_leaf(&self) -> bool {
        matches!(self.kind, ExprKind::Column { .. } | ExprKind::Literal(_) | ExprKind::Param(_))
    }

    pub fn is_literal_null(&self) -> bool {
        matches!(&self.kind, ExprKind::Literal(Datum::Null))
    }
}
