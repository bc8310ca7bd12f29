//! Expressions and their parts.

use super::{
    AExprKind, BoolExprType, BoolTestType, CoercionForm, Constant, MinMaxOp, Node, NullTestType, SortByDir,
    SortByNulls, SqlValueFunctionOp, SubLinkType,
};

#[derive(Clone, Debug, Default)]
pub struct AArrayExpr {
    pub elements: Vec<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct AConst {
    pub isnull: bool,
    pub location: i32,
    pub val: Option<Constant>,
}

#[derive(Clone, Debug, Default)]
pub struct AExpr {
    pub kind: AExprKind,
    pub name: Vec<Node>,
    pub lexpr: Option<Node>,
    pub rexpr: Option<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct AIndices {
    pub is_slice: bool,
    pub lidx: Option<Node>,
    pub uidx: Option<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct AIndirection {
    pub arg: Option<Node>,
    pub indirection: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct BoolExpr {
    pub boolop: BoolExprType,
    pub args: Vec<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct BooleanTest {
    pub arg: Option<Node>,
    pub booltesttype: BoolTestType,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct CaseExpr {
    pub arg: Option<Node>,
    pub args: Vec<Node>,
    pub defresult: Option<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct CaseWhen {
    pub expr: Option<Node>,
    pub result: Option<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct CoalesceExpr {
    pub args: Vec<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct CollateClause {
    pub arg: Option<Node>,
    pub collname: Vec<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct ColumnRef {
    pub fields: Vec<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct FuncCall {
    pub funcname: Vec<Node>,
    pub args: Vec<Node>,
    pub agg_order: Vec<Node>,
    pub agg_filter: Option<Node>,
    pub over: Option<Box<WindowDef>>,
    pub agg_within_group: bool,
    pub agg_star: bool,
    pub agg_distinct: bool,
    pub func_variadic: bool,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct GroupingFunc {
    pub args: Vec<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct MinMaxExpr {
    pub op: MinMaxOp,
    pub args: Vec<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct MultiAssignRef {
    /// Of the first column only: the others share it.
    pub source: Option<Node>,
    pub colno: i32,
    pub ncolumns: i32,
}

#[derive(Clone, Debug, Default)]
pub struct NamedArgExpr {
    pub arg: Option<Node>,
    pub name: String,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct NullTest {
    pub arg: Option<Node>,
    pub nulltesttype: NullTestType,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct ParamRef {
    pub number: i32,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct RowExpr {
    pub args: Vec<Node>,
    pub row_format: CoercionForm,
    pub colnames: Vec<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct SetToDefault {
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct SortBy {
    pub node: Option<Node>,
    pub sortby_dir: SortByDir,
    pub sortby_nulls: SortByNulls,
    pub use_op: Vec<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct SqlValueFunction {
    pub op: SqlValueFunctionOp,
    pub typmod: i32,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct SubLink {
    pub sub_link_type: SubLinkType,
    pub testexpr: Option<Node>,
    pub oper_name: Vec<Node>,
    pub subselect: Option<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct TypeCast {
    pub arg: Option<Node>,
    pub type_name: Option<Box<TypeName>>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct TypeName {
    pub names: Vec<Node>,
    pub setof: bool,
    pub pct_type: bool,
    pub typmods: Vec<Node>,
    pub array_bounds: Vec<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct WindowDef {
    pub name: String,
    pub refname: String,
    pub partition_clause: Vec<Node>,
    pub order_clause: Vec<Node>,
    pub frame_options: i32,
    pub start_offset: Option<Node>,
    pub end_offset: Option<Node>,
    pub location: i32,
}
