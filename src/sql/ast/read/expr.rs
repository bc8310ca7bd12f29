//! Expressions.

use pg_raw_parse::nodes;

use super::{Reader, constant, kinds, text};
use crate::error::Result;
use crate::sql::ast::*;

impl Reader {
    pub(super) fn a_array_expr(&mut self, raw: &nodes::A_ArrayExpr) -> Result<AArrayExpr> {
        Ok(AArrayExpr { elements: self.list(raw.elements())?, location: raw.location })
    }

    pub(super) fn a_const(&mut self, raw: &nodes::A_Const) -> Result<AConst> {
        Ok(AConst { isnull: raw.isnull, location: raw.location, val: raw.val().map(constant).transpose()? })
    }

    pub(super) fn a_expr(&mut self, raw: &nodes::A_Expr) -> Result<AExpr> {
        Ok(AExpr {
            kind: kinds::a_expr_kind(raw.kind)?,
            name: self.list(raw.name())?,
            lexpr: self.optional(raw.lexpr())?,
            rexpr: self.optional(raw.rexpr())?,
            location: raw.location,
        })
    }

    pub(super) fn a_indices(&mut self, raw: &nodes::A_Indices) -> Result<AIndices> {
        Ok(AIndices { is_slice: raw.is_slice, lidx: self.optional(raw.lidx())?, uidx: self.optional(raw.uidx())? })
    }

    pub(super) fn a_indirection(&mut self, raw: &nodes::A_Indirection) -> Result<AIndirection> {
        Ok(AIndirection { arg: self.optional(raw.arg())?, indirection: self.list(raw.indirection())? })
    }

    pub(super) fn bool_expr(&mut self, raw: &nodes::BoolExpr) -> Result<BoolExpr> {
        Ok(BoolExpr {
            boolop: kinds::bool_expr_type(raw.boolop)?,
            args: self.list(raw.args())?,
            location: raw.location,
        })
    }

    pub(super) fn boolean_test(&mut self, raw: &nodes::BooleanTest) -> Result<BooleanTest> {
        Ok(BooleanTest {
            arg: self.optional(raw.arg())?,
            booltesttype: kinds::bool_test_type(raw.booltesttype)?,
            location: raw.location,
        })
    }

    pub(super) fn case_expr(&mut self, raw: &nodes::CaseExpr) -> Result<CaseExpr> {
        Ok(CaseExpr {
            arg: self.optional(raw.arg())?,
            args: self.list(raw.args())?,
            defresult: self.optional(raw.defresult())?,
            location: raw.location,
        })
    }

    pub(super) fn case_when(&mut self, raw: &nodes::CaseWhen) -> Result<CaseWhen> {
        Ok(CaseWhen { expr: self.optional(raw.expr())?, result: self.optional(raw.result())?, location: raw.location })
    }

    pub(super) fn coalesce_expr(&mut self, raw: &nodes::CoalesceExpr) -> Result<CoalesceExpr> {
        Ok(CoalesceExpr { args: self.list(raw.args())?, location: raw.location })
    }

    pub(super) fn collate_clause(&mut self, raw: &nodes::CollateClause) -> Result<CollateClause> {
        Ok(CollateClause {
            arg: self.optional(raw.arg())?,
            collname: self.list(raw.collname())?,
            location: raw.location,
        })
    }

    pub(super) fn column_ref(&mut self, raw: &nodes::ColumnRef) -> Result<ColumnRef> {
        Ok(ColumnRef { fields: self.list(raw.fields())?, location: raw.location })
    }

    pub(super) fn func_call(&mut self, raw: &nodes::FuncCall) -> Result<FuncCall> {
        Ok(FuncCall {
            funcname: self.list(raw.funcname())?,
            args: self.list(raw.args())?,
            agg_order: self.list(raw.agg_order())?,
            agg_filter: self.optional(raw.agg_filter())?,
            over: self.boxed(raw.over(), Self::window_def)?,
            agg_within_group: raw.agg_within_group,
            agg_star: raw.agg_star,
            agg_distinct: raw.agg_distinct,
            func_variadic: raw.func_variadic,
            location: raw.location,
        })
    }

    pub(super) fn grouping_func(&mut self, raw: &nodes::GroupingFunc) -> Result<GroupingFunc> {
        Ok(GroupingFunc { args: self.list(raw.args())?, location: raw.location })
    }

    pub(super) fn min_max_expr(&mut self, raw: &nodes::MinMaxExpr) -> Result<MinMaxExpr> {
        Ok(MinMaxExpr { op: kinds::min_max_op(raw.op)?, args: self.list(raw.args())?, location: raw.location })
    }

    pub(super) fn multi_assign_ref(&mut self, raw: &nodes::MultiAssignRef) -> Result<MultiAssignRef> {
        Ok(MultiAssignRef {
            source: if raw.colno == 1 { self.optional(raw.source())? } else { None },
            colno: raw.colno,
            ncolumns: raw.ncolumns,
        })
    }

    pub(super) fn named_arg_expr(&mut self, raw: &nodes::NamedArgExpr) -> Result<NamedArgExpr> {
        Ok(NamedArgExpr { arg: self.optional(raw.arg())?, name: text(raw.name()), location: raw.location })
    }

    pub(super) fn null_test(&mut self, raw: &nodes::NullTest) -> Result<NullTest> {
        Ok(NullTest {
            arg: self.optional(raw.arg())?,
            nulltesttype: kinds::null_test_type(raw.nulltesttype)?,
            location: raw.location,
        })
    }

    pub(super) fn param_ref(&mut self, raw: &nodes::ParamRef) -> Result<ParamRef> {
        Ok(ParamRef { number: raw.number, location: raw.location })
    }

    pub(super) fn row_expr(&mut self, raw: &nodes::RowExpr) -> Result<RowExpr> {
        Ok(RowExpr {
            args: self.list(raw.args())?,
            row_format: kinds::coercion_form(raw.row_format)?,
            colnames: self.list(raw.colnames())?,
            location: raw.location,
        })
    }

    pub(super) fn set_to_default(&mut self, raw: &nodes::SetToDefault) -> Result<SetToDefault> {
        Ok(SetToDefault { location: raw.location })
    }

    pub(super) fn sort_by(&mut self, raw: &nodes::SortBy) -> Result<SortBy> {
        Ok(SortBy {
            node: self.optional(raw.node())?,
            sortby_dir: kinds::sort_by_dir(raw.sortby_dir)?,
            sortby_nulls: kinds::sort_by_nulls(raw.sortby_nulls)?,
            use_op: self.list(raw.use_op())?,
            location: raw.location,
        })
    }

    pub(super) fn sql_value_function(&mut self, raw: &nodes::SQLValueFunction) -> Result<SqlValueFunction> {
        Ok(SqlValueFunction { op: kinds::sql_value_function_op(raw.op)?, typmod: raw.typmod, location: raw.location })
    }

    pub(super) fn sub_link(&mut self, raw: &nodes::SubLink) -> Result<SubLink> {
        Ok(SubLink {
            sub_link_type: kinds::sub_link_type(raw.sub_link_type)?,
            testexpr: self.optional(raw.testexpr())?,
            oper_name: self.list(raw.oper_name())?,
            subselect: self.optional(raw.subselect())?,
            location: raw.location,
        })
    }

    pub(super) fn type_cast(&mut self, raw: &nodes::TypeCast) -> Result<TypeCast> {
        Ok(TypeCast {
            arg: self.optional(raw.arg())?,
            type_name: self.boxed(raw.type_name(), Self::type_name)?,
            location: raw.location,
        })
    }

    pub(super) fn type_name(&mut self, raw: &nodes::TypeName) -> Result<TypeName> {
        Ok(TypeName {
            names: self.list(raw.names())?,
            setof: raw.setof,
            pct_type: raw.pct_type,
            typmods: self.list(raw.typmods())?,
            array_bounds: self.list(raw.array_bounds())?,
            location: raw.location,
        })
    }

    pub(super) fn window_def(&mut self, raw: &nodes::WindowDef) -> Result<WindowDef> {
        Ok(WindowDef {
            name: text(raw.name()),
            refname: text(raw.refname()),
            partition_clause: self.list(raw.partition_clause())?,
            order_clause: self.list(raw.order_clause())?,
            frame_options: raw.frame_options,
            start_offset: self.optional(raw.start_offset())?,
            end_offset: self.optional(raw.end_offset())?,
            location: raw.location,
        })
    }
}
