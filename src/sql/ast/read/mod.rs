//! Reads the parser's own tree into ours.

mod command;
mod expr;
mod kinds;
mod query;

use pg_raw_parse::list::CastNodeList;
use pg_raw_parse::{ConstValue, Node as Raw, make, nodes};

use super::{Constant, Node, RawStmt, foreign_table};
use crate::error::{Error, Result, SqlState};
use crate::sql::fail;

/// Nodes within nodes. What reads trees recurses, so its stack is measured by this.
const MAX_DEPTH: usize = 500;

/// The statements of a query string. 54001 where they nest too deeply.
pub(in crate::sql) fn parse(text: &str) -> Result<Vec<RawStmt>> {
    let parsed = pg_raw_parse::parse(text).map_err(|error| fail::error(text, &error))?;
    let statement = |raw: &pg_raw_parse::nodes::RawStmt| {
        let stmt = match foreign_table::statement(text, raw) {
            Some(statement) => statement?,
            None => Reader { depth: 0 }.node(raw.stmt())?,
        };
        Ok(RawStmt { stmt, location: raw.stmt_location, len: raw.stmt_len })
    };
    parsed.iter().map(statement).collect()
}

pub(super) struct Reader {
    depth: usize,
}

impl Reader {
    /// One level deeper.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Reader) -> Result<T>) -> Result<T> {
        if self.depth == MAX_DEPTH {
            return Err(Error::new(SqlState::STATEMENT_TOO_COMPLEX, "stack depth limit exceeded")
                .detail("The statement is nested too deeply."));
        }
        self.depth += 1;
        let read = read(self)?;
        self.depth -= 1;
        Ok(read)
    }

    fn node(&mut self, raw: Raw<'_>) -> Result<Node> {
        self.deeper(|reader| reader.any(raw))
    }

    fn any(&mut self, raw: Raw<'_>) -> Result<Node> {
        Ok(match raw {
            Raw::None => Node::Null,
            Raw::Integer(raw) => Node::Integer(raw.ival),
            Raw::Float(raw) => Node::Float(text(raw.fval())),
            Raw::Boolean(raw) => Node::Boolean(raw.boolval),
            Raw::String(raw) => Node::String(text(raw.sval())),
            Raw::NodeList(raw) => Node::List(self.list(raw)?),
            Raw::A_Star(_) => Node::AStar,
            Raw::A_ArrayExpr(raw) => Node::AArrayExpr(Box::new(self.a_array_expr(raw)?)),
            Raw::A_Const(raw) => Node::AConst(Box::new(self.a_const(raw)?)),
            Raw::A_Expr(raw) => Node::AExpr(Box::new(self.a_expr(raw)?)),
            Raw::A_Indices(raw) => Node::AIndices(Box::new(self.a_indices(raw)?)),
            Raw::A_Indirection(raw) => Node::AIndirection(Box::new(self.a_indirection(raw)?)),
            Raw::AccessPriv(raw) => Node::AccessPriv(Box::new(self.access_priv(raw)?)),
            Raw::AlterForeignServerStmt(raw) => {
                Node::AlterForeignServerStmt(Box::new(self.alter_foreign_server_stmt(raw)?))
            }
            Raw::AlterRoleStmt(raw) => Node::AlterRoleStmt(Box::new(self.alter_role_stmt(raw)?)),
            Raw::AlterUserMappingStmt(raw) => Node::AlterUserMappingStmt(Box::new(self.alter_user_mapping_stmt(raw)?)),
            Raw::BoolExpr(raw) => Node::BoolExpr(Box::new(self.bool_expr(raw)?)),
            Raw::BooleanTest(raw) => Node::BooleanTest(Box::new(self.boolean_test(raw)?)),
            Raw::CaseExpr(raw) => Node::CaseExpr(Box::new(self.case_expr(raw)?)),
            Raw::CaseWhen(raw) => Node::CaseWhen(Box::new(self.case_when(raw)?)),
            Raw::ClosePortalStmt(raw) => Node::ClosePortalStmt(Box::new(self.close_portal_stmt(raw)?)),
            Raw::CoalesceExpr(raw) => Node::CoalesceExpr(Box::new(self.coalesce_expr(raw)?)),
            Raw::CollateClause(raw) => Node::CollateClause(Box::new(self.collate_clause(raw)?)),
            Raw::ColumnDef(raw) => Node::ColumnDef(Box::new(self.column_def(raw)?)),
            Raw::ColumnRef(raw) => Node::ColumnRef(Box::new(self.column_ref(raw)?)),
            Raw::CommentStmt(raw) => Node::CommentStmt(Box::new(self.comment_stmt(raw)?)),
            Raw::CommonTableExpr(raw) => Node::CommonTableExpr(Box::new(self.common_table_expr(raw)?)),
            Raw::ConstraintsSetStmt(raw) => Node::ConstraintsSetStmt(Box::new(self.constraints_set_stmt(raw)?)),
            Raw::CopyStmt(raw) => Node::CopyStmt(Box::new(self.copy_stmt(raw)?)),
            Raw::CreateExtensionStmt(raw) => Node::CreateExtensionStmt(Box::new(self.create_extension_stmt(raw)?)),
            Raw::CreateForeignServerStmt(raw) => {
                Node::CreateForeignServerStmt(Box::new(self.create_foreign_server_stmt(raw)?))
            }
            Raw::CreateRoleStmt(raw) => Node::CreateRoleStmt(Box::new(self.create_role_stmt(raw)?)),
            Raw::CreateStmt(raw) => Node::CreateStmt(Box::new(self.create_stmt(raw)?)),
            Raw::CreateSchemaStmt(raw) => Node::CreateSchemaStmt(Box::new(self.create_schema_stmt(raw)?)),
            Raw::CreateUserMappingStmt(raw) => {
                Node::CreateUserMappingStmt(Box::new(self.create_user_mapping_stmt(raw)?))
            }
            Raw::DeallocateStmt(raw) => Node::DeallocateStmt(Box::new(self.deallocate_stmt(raw)?)),
            Raw::DeclareCursorStmt(raw) => Node::DeclareCursorStmt(Box::new(self.declare_cursor_stmt(raw)?)),
            Raw::DefElem(raw) => Node::DefElem(Box::new(self.def_elem(raw)?)),
            Raw::DeleteStmt(raw) => Node::DeleteStmt(Box::new(self.delete_stmt(raw)?)),
            Raw::DiscardStmt(raw) => Node::DiscardStmt(Box::new(self.discard_stmt(raw)?)),
            Raw::DropRoleStmt(raw) => Node::DropRoleStmt(Box::new(self.drop_role_stmt(raw)?)),
            Raw::DropStmt(raw) => Node::DropStmt(Box::new(self.drop_stmt(raw)?)),
            Raw::DropUserMappingStmt(raw) => Node::DropUserMappingStmt(Box::new(self.drop_user_mapping_stmt(raw)?)),
            Raw::ExecuteStmt(raw) => Node::ExecuteStmt(Box::new(self.execute_stmt(raw)?)),
            Raw::ExplainStmt(raw) => Node::ExplainStmt(Box::new(self.explain_stmt(raw)?)),
            Raw::FetchStmt(raw) => Node::FetchStmt(Box::new(self.fetch_stmt(raw)?)),
            Raw::FuncCall(raw) => Node::FuncCall(Box::new(self.func_call(raw)?)),
            Raw::GrantRoleStmt(raw) => Node::GrantRoleStmt(Box::new(self.grant_role_stmt(raw)?)),
            Raw::GrantStmt(raw) => Node::GrantStmt(Box::new(self.grant_stmt(raw)?)),
            Raw::GroupingFunc(raw) => Node::GroupingFunc(Box::new(self.grouping_func(raw)?)),
            Raw::GroupingSet(raw) => Node::GroupingSet(Box::new(self.grouping_set(raw)?)),
            Raw::ImportForeignSchemaStmt(raw) => {
                Node::ImportForeignSchemaStmt(Box::new(self.import_foreign_schema_stmt(raw)?))
            }
            Raw::IndexElem(raw) => Node::IndexElem(Box::new(self.index_elem(raw)?)),
            Raw::InsertStmt(raw) => Node::InsertStmt(Box::new(self.insert_stmt(raw)?)),
            Raw::JoinExpr(raw) => Node::JoinExpr(Box::new(self.join_expr(raw)?)),
            Raw::ListenStmt(raw) => Node::ListenStmt(Box::new(self.listen_stmt(raw)?)),
            Raw::LockStmt(raw) => Node::LockStmt(Box::new(self.lock_stmt(raw)?)),
            Raw::LockingClause(raw) => Node::LockingClause(Box::new(self.locking_clause(raw)?)),
            Raw::MergeStmt(raw) => Node::MergeStmt(Box::new(self.merge_stmt(raw)?)),
            Raw::MinMaxExpr(raw) => Node::MinMaxExpr(Box::new(self.min_max_expr(raw)?)),
            Raw::MultiAssignRef(raw) => Node::MultiAssignRef(Box::new(self.multi_assign_ref(raw)?)),
            Raw::NamedArgExpr(raw) => Node::NamedArgExpr(Box::new(self.named_arg_expr(raw)?)),
            Raw::NotifyStmt(raw) => Node::NotifyStmt(Box::new(self.notify_stmt(raw)?)),
            Raw::NullTest(raw) => Node::NullTest(Box::new(self.null_test(raw)?)),
            Raw::ParamRef(raw) => Node::ParamRef(Box::new(self.param_ref(raw)?)),
            Raw::PrepareStmt(raw) => Node::PrepareStmt(Box::new(self.prepare_stmt(raw)?)),
            Raw::RangeFunction(raw) => Node::RangeFunction(Box::new(self.range_function(raw)?)),
            Raw::RangeSubselect(raw) => Node::RangeSubselect(Box::new(self.range_subselect(raw)?)),
            Raw::RangeVar(raw) => Node::RangeVar(Box::new(self.range_var(raw)?)),
            Raw::ResTarget(raw) => Node::ResTarget(Box::new(self.res_target(raw)?)),
            Raw::RoleSpec(raw) => Node::RoleSpec(Box::new(self.role_spec(raw)?)),
            Raw::RowExpr(raw) => Node::RowExpr(Box::new(self.row_expr(raw)?)),
            Raw::SelectStmt(raw) => Node::SelectStmt(Box::new(self.select_stmt(raw)?)),
            Raw::SetToDefault(raw) => Node::SetToDefault(Box::new(self.set_to_default(raw)?)),
            Raw::SortBy(raw) => Node::SortBy(Box::new(self.sort_by(raw)?)),
            Raw::SQLValueFunction(raw) => Node::SqlValueFunction(Box::new(self.sql_value_function(raw)?)),
            Raw::SubLink(raw) => Node::SubLink(Box::new(self.sub_link(raw)?)),
            Raw::TransactionStmt(raw) => Node::TransactionStmt(Box::new(self.transaction_stmt(raw)?)),
            Raw::TypeCast(raw) => Node::TypeCast(Box::new(self.type_cast(raw)?)),
            Raw::TypeName(raw) => Node::TypeName(Box::new(self.type_name(raw)?)),
            Raw::UnlistenStmt(raw) => Node::UnlistenStmt(Box::new(self.unlisten_stmt(raw)?)),
            Raw::UpdateStmt(raw) => Node::UpdateStmt(Box::new(self.update_stmt(raw)?)),
            Raw::VariableSetStmt(raw) => Node::VariableSetStmt(Box::new(self.variable_set_stmt(raw)?)),
            Raw::VariableShowStmt(raw) => Node::VariableShowStmt(Box::new(self.variable_show_stmt(raw)?)),
            Raw::WindowDef(raw) => Node::WindowDef(Box::new(self.window_def(raw)?)),
            other => Node::Other(super::name(&other)),
        })
    }

    fn boxed<R, T>(&mut self, raw: Option<&R>, read: fn(&mut Reader, &R) -> Result<T>) -> Result<Option<Box<T>>> {
        raw.map(|raw| self.deeper(|reader| read(reader, raw)).map(Box::new)).transpose()
    }

    fn optional(&mut self, raw: Raw<'_>) -> Result<Option<Node>> {
        match raw {
            Raw::None => Ok(None),
            raw => self.node(raw).map(Some),
        }
    }

    fn list<'a, L>(&mut self, raw: L) -> Result<Vec<Node>>
    where
        L: IntoIterator<Item: Into<Raw<'a>>>,
    {
        // Collecting results, a vector would not be told the list's length.
        let items = raw.into_iter();
        let mut nodes = Vec::with_capacity(items.size_hint().0);
        for raw in items {
            nodes.push(self.node(raw.into())?);
        }
        Ok(nodes)
    }

    /// A list that the parser's crate takes for one of relations only, which GRANT's is not always: a copy of it has no such type.
    fn mixed(&mut self, raw: &CastNodeList<nodes::RangeVar>) -> Result<Vec<Node>> {
        let mut nodes = Ok(Vec::new());
        make::owned(|memory| {
            let copy = memory.make_unique(raw).uncast();
            if let Raw::NodeList(list) = copy.as_ref() {
                nodes = self.list(list);
            }
            memory.make_null()
        });
        nodes
    }
}

fn text(raw: Option<&str>) -> String {
    raw.unwrap_or_default().to_owned()
}

/// A `char` of C; zero is none.
fn letter(raw: std::ffi::c_char) -> String {
    u8::try_from(raw).ok().filter(|byte| *byte != 0).map(|byte| char::from(byte).to_string()).unwrap_or_default()
}

fn constant(raw: ConstValue<'_>) -> Result<Constant> {
    Ok(match raw {
        ConstValue::Integer(value) => Constant::Integer(value),
        ConstValue::Float(value) => Constant::Float(value.to_owned()),
        ConstValue::Boolean(value) => Constant::Boolean(value),
        ConstValue::BitString(value) => Constant::BitString(value.to_owned()),
        ConstValue::String(value) => Constant::String(value.to_owned()),
        other => return Err(Error::internal(format!("the parser's constant {other:?}"))),
    })
}
