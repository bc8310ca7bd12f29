//! Queries, data-modifying statements and their parts.

use pg_raw_parse::nodes;

use super::{Reader, kinds, text};
use crate::error::Result;
use crate::sql::ast::*;

impl Reader {
    pub(super) fn alias(&mut self, raw: &nodes::Alias) -> Result<Alias> {
        Ok(Alias { aliasname: text(raw.aliasname()), colnames: self.list(raw.colnames())? })
    }

    pub(super) fn common_table_expr(&mut self, raw: &nodes::CommonTableExpr) -> Result<CommonTableExpr> {
        Ok(CommonTableExpr {
            ctename: text(raw.ctename()),
            aliascolnames: self.list(raw.aliascolnames())?,
            ctematerialized: kinds::cte_materialize(raw.ctematerialized)?,
            ctequery: self.optional(raw.ctequery())?,
            search_clause: raw.search_clause().is_some(),
            cycle_clause: raw.cycle_clause().is_some(),
            location: raw.location,
        })
    }

    pub(super) fn delete_stmt(&mut self, raw: &nodes::DeleteStmt) -> Result<DeleteStmt> {
        Ok(DeleteStmt {
            relation: self.boxed(raw.relation(), Self::range_var)?,
            using_clause: self.list(raw.using_clause())?,
            where_clause: self.optional(raw.where_clause())?,
            returning_clause: self.boxed(raw.returning_clause(), Self::returning_clause)?,
            with_clause: self.boxed(raw.with_clause(), Self::with_clause)?,
        })
    }

    pub(super) fn grouping_set(&mut self, raw: &nodes::GroupingSet) -> Result<GroupingSet> {
        Ok(GroupingSet {
            kind: kinds::grouping_set_kind(raw.kind)?,
            content: self.list(raw.content())?,
            location: raw.location,
        })
    }

    pub(super) fn index_elem(&mut self, raw: &nodes::IndexElem) -> Result<IndexElem> {
        Ok(IndexElem {
            name: text(raw.name()),
            expr: self.optional(raw.expr())?,
            collation: self.list(raw.collation())?,
            opclass: self.list(raw.opclass())?,
            ordering: kinds::sort_by_dir(raw.ordering)?,
        })
    }

    pub(super) fn infer_clause(&mut self, raw: &nodes::InferClause) -> Result<InferClause> {
        Ok(InferClause {
            index_elems: self.list(raw.index_elems())?,
            where_clause: self.optional(raw.where_clause())?,
            conname: text(raw.conname()),
            location: raw.location,
        })
    }

    pub(super) fn insert_stmt(&mut self, raw: &nodes::InsertStmt) -> Result<InsertStmt> {
        Ok(InsertStmt {
            relation: self.boxed(raw.relation(), Self::range_var)?,
            cols: self.list(raw.cols())?,
            overriding: kinds::overriding_kind(raw.override_)?,
            select_stmt: self.optional(raw.select_stmt())?,
            on_conflict_clause: self.boxed(raw.on_conflict_clause(), Self::on_conflict_clause)?,
            returning_clause: self.boxed(raw.returning_clause(), Self::returning_clause)?,
            with_clause: self.boxed(raw.with_clause(), Self::with_clause)?,
        })
    }

    pub(super) fn join_expr(&mut self, raw: &nodes::JoinExpr) -> Result<JoinExpr> {
        Ok(JoinExpr {
            jointype: kinds::join_type(raw.jointype)?,
            is_natural: raw.is_natural,
            larg: self.optional(raw.larg())?,
            rarg: self.optional(raw.rarg())?,
            using_clause: self.list(raw.using_clause())?,
            join_using_alias: self.boxed(raw.join_using_alias(), Self::alias)?,
            quals: self.optional(raw.quals())?,
            alias: self.boxed(raw.alias(), Self::alias)?,
        })
    }

    pub(super) fn locking_clause(&mut self, raw: &nodes::LockingClause) -> Result<LockingClause> {
        Ok(LockingClause {
            locked_rels: self.list(raw.locked_rels())?,
            strength: kinds::lock_clause_strength(raw.strength)?,
            wait_policy: kinds::lock_wait_policy(raw.wait_policy)?,
        })
    }

    pub(super) fn merge_stmt(&mut self, raw: &nodes::MergeStmt) -> Result<MergeStmt> {
        Ok(MergeStmt {
            relation: self.boxed(raw.relation(), Self::range_var)?,
            join_condition: self.optional(raw.join_condition())?,
            returning_clause: self.boxed(raw.returning_clause(), Self::returning_clause)?,
            with_clause: self.boxed(raw.with_clause(), Self::with_clause)?,
        })
    }

    pub(super) fn on_conflict_clause(&mut self, raw: &nodes::OnConflictClause) -> Result<OnConflictClause> {
        Ok(OnConflictClause {
            location: raw.location,
            action: kinds::on_conflict_action(raw.action)?,
            infer: self.boxed(raw.infer(), Self::infer_clause)?,
            target_list: self.list(raw.target_list())?,
            where_clause: self.optional(raw.where_clause())?,
        })
    }

    pub(super) fn range_function(&mut self, raw: &nodes::RangeFunction) -> Result<RangeFunction> {
        Ok(RangeFunction {
            lateral: raw.lateral,
            ordinality: raw.ordinality,
            is_rowsfrom: raw.is_rowsfrom,
            functions: self.list(raw.functions())?,
            alias: self.boxed(raw.alias(), Self::alias)?,
            coldeflist: self.list(raw.coldeflist())?,
        })
    }

    pub(super) fn range_subselect(&mut self, raw: &nodes::RangeSubselect) -> Result<RangeSubselect> {
        Ok(RangeSubselect {
            lateral: raw.lateral,
            subquery: self.optional(raw.subquery())?,
            alias: self.boxed(raw.alias(), Self::alias)?,
        })
    }

    pub(super) fn range_var(&mut self, raw: &nodes::RangeVar) -> Result<RangeVar> {
        Ok(RangeVar {
            catalogname: text(raw.catalogname()),
            schemaname: text(raw.schemaname()),
            relname: text(raw.relname()),
            inh: raw.inh,
            alias: self.boxed(raw.alias(), Self::alias)?,
            location: raw.location,
        })
    }

    pub(super) fn res_target(&mut self, raw: &nodes::ResTarget) -> Result<ResTarget> {
        Ok(ResTarget {
            name: text(raw.name()),
            indirection: self.list(raw.indirection())?,
            val: self.optional(raw.val())?,
            location: raw.location,
        })
    }

    pub(super) fn returning_clause(&mut self, raw: &nodes::ReturningClause) -> Result<ReturningClause> {
        Ok(ReturningClause { options: self.list(raw.options())?, exprs: self.list(raw.exprs())? })
    }

    pub(super) fn select_stmt(&mut self, raw: &nodes::SelectStmt) -> Result<SelectStmt> {
        Ok(SelectStmt {
            distinct_clause: self.list(raw.distinct_clause())?,
            into_clause: raw
                .into_clause()
                .and_then(|into| into.rel())
                .map(|rel| self.range_var(rel))
                .transpose()?
                .map(Box::new),
            target_list: self.list(raw.target_list())?,
            from_clause: self.list(raw.from_clause())?,
            where_clause: self.optional(raw.where_clause())?,
            group_clause: self.list(raw.group_clause())?,
            group_distinct: raw.group_distinct,
            having_clause: self.optional(raw.having_clause())?,
            window_clause: self.list(raw.window_clause())?,
            values_lists: self.list(raw.values_lists())?,
            sort_clause: self.list(raw.sort_clause())?,
            limit_offset: self.optional(raw.limit_offset())?,
            limit_count: self.optional(raw.limit_count())?,
            limit_option: kinds::limit_option(raw.limit_option)?,
            locking_clause: self.list(raw.locking_clause())?,
            with_clause: self.boxed(raw.with_clause(), Self::with_clause)?,
            op: kinds::set_operation(raw.op)?,
            all: raw.all,
            larg: self.boxed(raw.larg(), Self::select_stmt)?,
            rarg: self.boxed(raw.rarg(), Self::select_stmt)?,
        })
    }

    pub(super) fn update_stmt(&mut self, raw: &nodes::UpdateStmt) -> Result<UpdateStmt> {
        Ok(UpdateStmt {
            relation: self.boxed(raw.relation(), Self::range_var)?,
            target_list: self.list(raw.target_list())?,
            where_clause: self.optional(raw.where_clause())?,
            from_clause: self.list(raw.from_clause())?,
            returning_clause: self.boxed(raw.returning_clause(), Self::returning_clause)?,
            with_clause: self.boxed(raw.with_clause(), Self::with_clause)?,
        })
    }

    pub(super) fn with_clause(&mut self, raw: &nodes::WithClause) -> Result<WithClause> {
        Ok(WithClause { ctes: self.list(raw.ctes())?, recursive: raw.recursive })
    }
}
