//! Bound queries and data-modifying statements.

use std::sync::Arc;

use super::expr::{Expr, ExprType};
use crate::catalog::Relation;

/// A place in the client's text: byte offset, `None` for generated nodes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Span(pub Option<usize>);

/// Names one FROM item (or DML target, or sub-query test row) uniquely in the whole statement.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RangeId(pub u32);

/// Names one CTE uniquely in the whole statement.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CteId(pub u32);

#[derive(Clone, Debug)]
pub enum Statement {
    Delete(Box<Delete>),
    Insert(Box<Insert>),
    Query(Box<Query>),
    Update(Box<Update>),
}

/// What a client sees of an output column.
#[derive(Clone, Debug)]
pub struct OutputColumn {
    pub name: String,
    pub ty: ExprType,
    /// pg_class oid and attnum of the column it is a plain reference to; 0 otherwise.
    pub table_oid: u32,
    pub attnum: i16,
}

/// `WITH ... body ORDER BY ... LIMIT ...`.
#[derive(Clone, Debug)]
pub struct Query {
    pub ctes: Vec<Cte>,
    pub body: Body,
    /// Visible output columns, in order.
    pub columns: Vec<OutputColumn>,
    /// Sort keys name items of `body`: for a Select its items (hidden ones included), for others its columns.
    pub order_by: Vec<SortKey<usize>>,
    pub limit: Limit,
    pub locking: Vec<Locking>,
}

#[derive(Clone, Debug)]
pub struct Cte {
    pub id: CteId,
    pub name: String,
    pub columns: Vec<OutputColumn>,
    pub query: Statement,
    /// Self-referencing under WITH RECURSIVE: `query` is a UNION (ALL) whose right side scans this CTE.
    pub recursive: bool,
    pub materialize: Materialize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Materialize {
    Always,
    Default,
    Never,
}

#[derive(Clone, Debug)]
pub enum Body {
    Select(Box<Select>),
    SetOperation(Box<SetOperation>),
    Values(Values),
}

#[derive(Clone, Debug)]
pub struct Values {
    /// Rows of expressions already coerced to the columns' common types.
    pub rows: Vec<Vec<Expr>>,
}

#[derive(Clone, Debug)]
pub struct SetOperation {
    pub operator: SetOperator,
    pub all: bool,
    /// Branches already coerced to the common column types.
    pub left: Query,
    pub right: Query,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SetOperator {
    Except,
    Intersect,
    Union,
}

#[derive(Clone, Debug)]
pub struct Select {
    pub distinct: Distinct,
    /// Visible items first, hidden ones (for ORDER BY, DISTINCT ON) after.
    pub items: Vec<Item>,
    /// Comma list: cross join in order; a lateral item may refer to those before it. Empty: one row without columns.
    pub from: Vec<From>,
    pub filter: Option<Expr>,
    pub group_by: Option<GroupBy>,
    pub having: Option<Expr>,
    /// True when items, HAVING or ORDER BY have aggregates, or GROUP BY/HAVING is present.
    pub aggregated: bool,
}

#[derive(Clone, Debug)]
pub struct Item {
    pub expr: Expr,
    pub name: String,
    pub hidden: bool,
}

#[derive(Clone, Debug)]
pub enum Distinct {
    All,
    /// DISTINCT.
    Rows,
    /// DISTINCT ON over item indices.
    On(Vec<usize>),
}

/// GROUP BY: the distinct grouping expressions, and the grouping sets as index lists into them (plain GROUP BY: one set of all;
/// GROUPING SETS/ROLLUP/CUBE already expanded).
#[derive(Clone, Debug)]
pub struct GroupBy {
    pub exprs: Vec<Expr>,
    pub sets: Vec<Vec<usize>>,
    /// GROUPING SETS were written (even a single one).
    pub grouping_sets: bool,
}

#[derive(Clone, Debug)]
pub struct SortKey<T> {
    pub expr: T,
    pub descending: bool,
    /// Resolved: PostgreSQL's default is last for ascending, first for descending.
    pub nulls_first: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Limit {
    /// int8 expression without columns; NULL = no limit.
    pub count: Option<Expr>,
    pub offset: Option<Expr>,
    pub with_ties: bool,
}

#[derive(Clone, Debug)]
pub struct Locking {
    pub strength: LockStrength,
    pub ranges: Vec<RangeId>,
    pub no_wait: bool,
    pub skip_locked: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LockStrength {
    KeyShare,
    NoKeyUpdate,
    Share,
    Update,
}

#[derive(Clone, Debug)]
pub enum From {
    Cte {
        range: RangeId,
        cte: CteId,
        name: String,
        alias: String,
        columns: Vec<RangeColumn>,
    },
    /// Rows of a fragment that `route` pushed to a server.
    Fragment(FragmentScan),
    Function(FunctionScan),
    Join(Box<Join>),
    /// A base relation not yet secured: only between bind and `policy::secure`.
    Scan(Scan),
    /// A base relation with its security applied (invariant 2).
    Secured(Box<crate::policy::SecuredScan>),
    Subquery {
        range: RangeId,
        query: Box<Query>,
        lateral: bool,
        alias: String,
        columns: Vec<RangeColumn>,
    },
}

impl From {
    /// The ranges whose columns it gives: its own, or those of a join's sides.
    pub fn ranges(&self) -> Vec<RangeId> {
        match self {
            From::Join(join) => [join.left.ranges(), join.right.ranges()].concat(),
            item => item.range().into_iter().collect(),
        }
    }

    /// The range of an item that is no join.
    pub fn range(&self) -> Option<RangeId> {
        match self {
            From::Cte { range, .. } | From::Subquery { range, .. } => Some(*range),
            From::Fragment(scan) => Some(scan.range),
            From::Function(scan) => Some(scan.range),
            From::Join(_) => None,
            From::Scan(scan) => Some(scan.range),
            From::Secured(scan) => Some(scan.scan.range),
        }
    }
}

/// A column of a FROM item.
#[derive(Clone, Debug)]
pub struct RangeColumn {
    pub name: String,
    pub ty: ExprType,
}

/// A base relation; column numbers in `ExprKind::Column` are indices into `relation.columns`;
/// system columns come after them: index `relation.columns.len() + n` for `SystemColumn` n.
#[derive(Clone, Debug)]
pub struct Scan {
    pub range: RangeId,
    pub relation: Arc<Relation>,
    pub alias: String,
    /// FROM ONLY.
    pub only: bool,
    pub span: Span,
}

/// Stands in place of a secured scan whose rows a pushed fragment brings. `ExprKind::Column` keeps the relation's column numbers.
#[derive(Clone, Debug)]
pub struct FragmentScan {
    pub range: RangeId,
    /// Index into the route's fragments.
    pub fragment: usize,
    pub alias: String,
    pub relation: Arc<Relation>,
    /// The relation's column numbers (system columns after its own), in the order of the fragment's output.
    pub columns: Vec<usize>,
    /// Conditions that the fragment was fetched under in a weaker form only: its rows are those that fulfil them (invariant 11).
    pub recheck: Vec<Expr>,
    /// How many conditions of the statement it is fetched under.
    pub conditions: usize,
}

#[derive(Clone, Debug)]
pub struct FunctionScan {
    pub range: RangeId,
    /// ROWS FROM (...) has several.
    pub functions: Vec<TableFunction>,
    /// WITH ORDINALITY: an int8 column at the end.
    pub ordinality: bool,
    pub lateral: bool,
    pub alias: String,
    pub columns: Vec<RangeColumn>,
}

#[derive(Clone, Debug)]
pub struct TableFunction {
    /// A Call (set-returning or not), or any expression that PostgreSQL takes as a function in FROM.
    pub expr: Expr,
    /// How many of the range's columns it gives.
    pub columns: usize,
    /// `AS (a int, b text)` was written.
    pub definition: bool,
}

#[derive(Clone, Debug)]
pub struct Join {
    pub kind: JoinKind,
    pub left: From,
    pub right: From,
    /// USING and NATURAL are bound to a condition; their merged columns are expressions at the places of use.
    pub on: Option<Expr>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JoinKind {
    Cross,
    Full,
    Inner,
    Left,
    Right,
}

#[derive(Clone, Debug)]
pub struct Insert {
    pub ctes: Vec<Cte>,
    pub target: Scan,
    /// Attribute indices written, in order of the source's columns.
    pub columns: Vec<usize>,
    pub source: InsertSource,
    pub on_conflict: Option<OnConflict>,
    pub returning: Vec<Item>,
    pub output: Vec<OutputColumn>,
}

#[derive(Clone, Debug)]
pub enum InsertSource {
    /// DEFAULT VALUES.
    Default,
    /// `None` = DEFAULT.
    Values(Vec<Vec<Option<Expr>>>),
    Query(Box<Query>),
}

#[derive(Clone, Debug)]
pub struct OnConflict {
    /// Column indices of the inference target; empty: any.
    pub target: Vec<usize>,
    /// DO UPDATE SET; empty: DO NOTHING. `excluded` is the range of EXCLUDED.
    pub assignments: Vec<(usize, Option<Expr>)>,
    pub excluded: RangeId,
    pub filter: Option<Expr>,
}

#[derive(Clone, Debug)]
pub struct Update {
    pub ctes: Vec<Cte>,
    pub target: Scan,
    /// (attribute index, value); `None` = DEFAULT.
    pub assignments: Vec<(usize, Option<Expr>)>,
    pub from: Vec<From>,
    pub filter: Option<Expr>,
    pub returning: Vec<Item>,
    pub output: Vec<OutputColumn>,
}

#[derive(Clone, Debug)]
pub struct Delete {
    pub ctes: Vec<Cte>,
    pub target: Scan,
    pub using: Vec<From>,
    pub filter: Option<Expr>,
    pub returning: Vec<Item>,
    pub output: Vec<OutputColumn>,
}

impl Statement {
    /// Columns of the rows it returns; empty for DML without RETURNING.
    pub fn output(&self) -> &[OutputColumn] {
        match self {
            Statement::Delete(delete) => &delete.output,
            Statement::Insert(insert) => &insert.output,
            Statement::Query(query) => &query.columns,
            Statement::Update(update) => &update.output,
        }
    }
}

/// System columns of a base relation, numbered after its own columns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SystemColumn {
    Tableoid = 0,
    Ctid = 1,
    Xmin = 2,
    Cmin = 3,
    Xmax = 4,
    Cmax = 5,
}
