//! Queries, data-modifying statements and their parts.

use super::{
    CteMaterialize, GroupingSetKind, JoinType, LimitOption, LockClauseStrength, LockWaitPolicy, Node, OnConflictAction,
    OverridingKind, SetOperation, SortByDir,
};

#[derive(Clone, Debug, Default)]
pub struct Alias {
    pub aliasname: String,
    pub colnames: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct CommonTableExpr {
    pub ctename: String,
    pub aliascolnames: Vec<Node>,
    pub ctematerialized: CteMaterialize,
    pub ctequery: Option<Node>,
    pub search_clause: bool,
    pub cycle_clause: bool,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct DeleteStmt {
    pub relation: Option<Box<RangeVar>>,
    pub using_clause: Vec<Node>,
    pub where_clause: Option<Node>,
    pub returning_clause: Option<Box<ReturningClause>>,
    pub with_clause: Option<Box<WithClause>>,
}

#[derive(Clone, Debug, Default)]
pub struct GroupingSet {
    pub kind: GroupingSetKind,
    pub content: Vec<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct IndexElem {
    pub name: String,
    pub expr: Option<Node>,
    pub collation: Vec<Node>,
    pub opclass: Vec<Node>,
    pub ordering: SortByDir,
}

#[derive(Clone, Debug, Default)]
pub struct InferClause {
    pub index_elems: Vec<Node>,
    pub where_clause: Option<Node>,
    pub conname: String,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct InsertStmt {
    pub relation: Option<Box<RangeVar>>,
    pub cols: Vec<Node>,
    pub overriding: OverridingKind,
    pub select_stmt: Option<Node>,
    pub on_conflict_clause: Option<Box<OnConflictClause>>,
    pub returning_clause: Option<Box<ReturningClause>>,
    pub with_clause: Option<Box<WithClause>>,
}

#[derive(Clone, Debug, Default)]
pub struct JoinExpr {
    pub jointype: JoinType,
    pub is_natural: bool,
    pub larg: Option<Node>,
    pub rarg: Option<Node>,
    pub using_clause: Vec<Node>,
    pub join_using_alias: Option<Box<Alias>>,
    pub quals: Option<Node>,
    pub alias: Option<Box<Alias>>,
}

#[derive(Clone, Debug, Default)]
pub struct LockingClause {
    pub locked_rels: Vec<Node>,
    pub strength: LockClauseStrength,
    pub wait_policy: LockWaitPolicy,
}

#[derive(Clone, Debug, Default)]
pub struct MergeStmt {
    pub relation: Option<Box<RangeVar>>,
    pub join_condition: Option<Node>,
    pub returning_clause: Option<Box<ReturningClause>>,
    pub with_clause: Option<Box<WithClause>>,
}

#[derive(Clone, Debug, Default)]
pub struct OnConflictClause {
    pub location: i32,
    pub action: OnConflictAction,
    pub infer: Option<Box<InferClause>>,
    pub target_list: Vec<Node>,
    pub where_clause: Option<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct RangeFunction {
    pub lateral: bool,
    pub ordinality: bool,
    pub is_rowsfrom: bool,
    pub functions: Vec<Node>,
    pub alias: Option<Box<Alias>>,
    pub coldeflist: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct RangeSubselect {
    pub lateral: bool,
    pub subquery: Option<Node>,
    pub alias: Option<Box<Alias>>,
}

#[derive(Clone, Debug, Default)]
pub struct RangeVar {
    pub catalogname: String,
    pub schemaname: String,
    pub relname: String,
    pub inh: bool,
    pub alias: Option<Box<Alias>>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct ResTarget {
    pub name: String,
    pub indirection: Vec<Node>,
    pub val: Option<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct ReturningClause {
    pub options: Vec<Node>,
    pub exprs: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct SelectStmt {
    pub distinct_clause: Vec<Node>,
    /// The table of INTO.
    pub into_clause: Option<Box<RangeVar>>,
    pub target_list: Vec<Node>,
    pub from_clause: Vec<Node>,
    pub where_clause: Option<Node>,
    pub group_clause: Vec<Node>,
    pub group_distinct: bool,
    pub having_clause: Option<Node>,
    pub window_clause: Vec<Node>,
    pub values_lists: Vec<Node>,
    pub sort_clause: Vec<Node>,
    pub limit_offset: Option<Node>,
    pub limit_count: Option<Node>,
    pub limit_option: LimitOption,
    pub locking_clause: Vec<Node>,
    pub with_clause: Option<Box<WithClause>>,
    pub op: SetOperation,
    pub all: bool,
    pub larg: Option<Box<SelectStmt>>,
    pub rarg: Option<Box<SelectStmt>>,
}

#[derive(Clone, Debug, Default)]
pub struct UpdateStmt {
    pub relation: Option<Box<RangeVar>>,
    pub target_list: Vec<Node>,
    pub where_clause: Option<Node>,
    pub from_clause: Vec<Node>,
    pub returning_clause: Option<Box<ReturningClause>>,
    pub with_clause: Option<Box<WithClause>>,
}

#[derive(Clone, Debug, Default)]
pub struct WithClause {
    pub ctes: Vec<Node>,
    pub recursive: bool,
}
