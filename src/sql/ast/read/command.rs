//! Statements that are no queries, and their parts.

use pg_raw_parse::nodes;

use super::{Reader, kinds, letter, text};
use crate::error::Result;
use crate::sql::ast::*;

impl Reader {
    pub(super) fn access_priv(&mut self, raw: &nodes::AccessPriv) -> Result<AccessPriv> {
        Ok(AccessPriv { priv_name: text(raw.priv_name()), cols: self.list(raw.cols())? })
    }

    pub(super) fn alter_foreign_server_stmt(
        &mut self,
        raw: &nodes::AlterForeignServerStmt,
    ) -> Result<AlterForeignServerStmt> {
        Ok(AlterForeignServerStmt {
            servername: text(raw.servername()),
            version: text(raw.version()),
            options: self.list(raw.options())?,
        })
    }

    pub(super) fn alter_role_stmt(&mut self, raw: &nodes::AlterRoleStmt) -> Result<AlterRoleStmt> {
        Ok(AlterRoleStmt {
            role: self.boxed(raw.role(), Self::role_spec)?,
            options: self.list(raw.options())?,
            action: raw.action,
        })
    }

    pub(super) fn alter_user_mapping_stmt(
        &mut self,
        raw: &nodes::AlterUserMappingStmt,
    ) -> Result<AlterUserMappingStmt> {
        Ok(AlterUserMappingStmt {
            user: self.boxed(raw.user(), Self::role_spec)?,
            servername: text(raw.servername()),
            options: self.list(raw.options())?,
        })
    }

    pub(super) fn close_portal_stmt(&mut self, raw: &nodes::ClosePortalStmt) -> Result<ClosePortalStmt> {
        Ok(ClosePortalStmt { portalname: text(raw.portalname()) })
    }

    pub(super) fn column_def(&mut self, raw: &nodes::ColumnDef) -> Result<ColumnDef> {
        Ok(ColumnDef {
            colname: text(raw.colname()),
            type_name: self.boxed(raw.type_name(), Self::type_name)?,
            is_local: raw.is_local,
            identity: letter(raw.identity),
            generated: letter(raw.generated),
            coll_clause: self.boxed(raw.coll_clause(), Self::collate_clause)?,
            constraints: self.list(raw.constraints())?,
            fdwoptions: self.list(raw.fdwoptions())?,
            location: raw.location,
        })
    }

    pub(super) fn comment_stmt(&mut self, raw: &nodes::CommentStmt) -> Result<CommentStmt> {
        Ok(CommentStmt {
            objtype: kinds::object_type(raw.objtype)?,
            object: self.optional(raw.object())?,
            comment: text(raw.comment()),
        })
    }

    pub(super) fn constraints_set_stmt(&mut self, raw: &nodes::ConstraintsSetStmt) -> Result<ConstraintsSetStmt> {
        Ok(ConstraintsSetStmt { constraints: self.list(raw.constraints())?, deferred: raw.deferred })
    }

    pub(super) fn copy_stmt(&mut self, raw: &nodes::CopyStmt) -> Result<CopyStmt> {
        Ok(CopyStmt {
            relation: self.boxed(raw.relation(), Self::range_var)?,
            query: self.optional(raw.query())?,
            attlist: self.list(raw.attlist())?,
            is_from: raw.is_from,
            is_program: raw.is_program,
            filename: text(raw.filename()),
            options: self.list(raw.options())?,
            where_clause: self.optional(raw.where_clause())?,
        })
    }

    pub(super) fn create_extension_stmt(&mut self, raw: &nodes::CreateExtensionStmt) -> Result<CreateExtensionStmt> {
        Ok(CreateExtensionStmt {
            extname: text(raw.extname()),
            if_not_exists: raw.if_not_exists,
            options: self.list(raw.options())?,
        })
    }

    pub(super) fn create_foreign_server_stmt(
        &mut self,
        raw: &nodes::CreateForeignServerStmt,
    ) -> Result<CreateForeignServerStmt> {
        Ok(CreateForeignServerStmt {
            servername: text(raw.servername()),
            version: text(raw.version()),
            fdwname: text(raw.fdwname()),
            if_not_exists: raw.if_not_exists,
            options: self.list(raw.options())?,
        })
    }

    pub(super) fn create_role_stmt(&mut self, raw: &nodes::CreateRoleStmt) -> Result<CreateRoleStmt> {
        Ok(CreateRoleStmt {
            stmt_type: kinds::role_stmt_type(raw.stmt_type)?,
            role: text(raw.role()),
            options: self.list(raw.options())?,
        })
    }

    pub(super) fn create_schema_stmt(&mut self, raw: &nodes::CreateSchemaStmt) -> Result<CreateSchemaStmt> {
        Ok(CreateSchemaStmt {
            schemaname: text(raw.schemaname()),
            authrole: self.boxed(raw.authrole(), Self::role_spec)?,
            schema_elts: self.list(raw.schema_elts())?,
            if_not_exists: raw.if_not_exists,
        })
    }

    pub(super) fn create_stmt(&mut self, raw: &nodes::CreateStmt) -> Result<CreateStmt> {
        Ok(CreateStmt {
            relation: self.boxed(raw.relation(), Self::range_var)?,
            table_elts: self.list(raw.table_elts())?,
            inh_relations: self.list(raw.inh_relations())?,
            if_not_exists: raw.if_not_exists,
        })
    }

    pub(super) fn create_user_mapping_stmt(
        &mut self,
        raw: &nodes::CreateUserMappingStmt,
    ) -> Result<CreateUserMappingStmt> {
        Ok(CreateUserMappingStmt {
            user: self.boxed(raw.user(), Self::role_spec)?,
            servername: text(raw.servername()),
            if_not_exists: raw.if_not_exists,
            options: self.list(raw.options())?,
        })
    }

    pub(super) fn deallocate_stmt(&mut self, raw: &nodes::DeallocateStmt) -> Result<DeallocateStmt> {
        Ok(DeallocateStmt { name: text(raw.name()), isall: raw.isall })
    }

    pub(super) fn declare_cursor_stmt(&mut self, raw: &nodes::DeclareCursorStmt) -> Result<DeclareCursorStmt> {
        Ok(DeclareCursorStmt {
            portalname: text(raw.portalname()),
            options: raw.options,
            query: self.optional(raw.query())?,
        })
    }

    pub(super) fn def_elem(&mut self, raw: &nodes::DefElem) -> Result<DefElem> {
        Ok(DefElem {
            defname: text(raw.defname()),
            arg: self.optional(raw.arg())?,
            defaction: kinds::def_elem_action(raw.defaction)?,
            location: raw.location,
        })
    }

    pub(super) fn discard_stmt(&mut self, raw: &nodes::DiscardStmt) -> Result<DiscardStmt> {
        Ok(DiscardStmt { target: kinds::discard_mode(raw.target)? })
    }

    pub(super) fn drop_role_stmt(&mut self, raw: &nodes::DropRoleStmt) -> Result<DropRoleStmt> {
        Ok(DropRoleStmt { roles: self.list(raw.roles())?, missing_ok: raw.missing_ok })
    }

    pub(super) fn drop_stmt(&mut self, raw: &nodes::DropStmt) -> Result<DropStmt> {
        Ok(DropStmt {
            objects: self.list(raw.objects())?,
            remove_type: kinds::object_type(raw.remove_type)?,
            behavior: kinds::drop_behavior(raw.behavior)?,
            missing_ok: raw.missing_ok,
        })
    }

    pub(super) fn drop_user_mapping_stmt(&mut self, raw: &nodes::DropUserMappingStmt) -> Result<DropUserMappingStmt> {
        Ok(DropUserMappingStmt {
            user: self.boxed(raw.user(), Self::role_spec)?,
            servername: text(raw.servername()),
            missing_ok: raw.missing_ok,
        })
    }

    pub(super) fn execute_stmt(&mut self, raw: &nodes::ExecuteStmt) -> Result<ExecuteStmt> {
        Ok(ExecuteStmt { name: text(raw.name()), params: self.list(raw.params())? })
    }

    pub(super) fn explain_stmt(&mut self, raw: &nodes::ExplainStmt) -> Result<ExplainStmt> {
        Ok(ExplainStmt { query: self.optional(raw.query())?, options: self.list(raw.options())? })
    }

    pub(super) fn fetch_stmt(&mut self, raw: &nodes::FetchStmt) -> Result<FetchStmt> {
        Ok(FetchStmt {
            direction: kinds::fetch_direction(raw.direction)?,
            how_many: raw.how_many,
            portalname: text(raw.portalname()),
            ismove: raw.ismove,
        })
    }

    pub(super) fn grant_role_stmt(&mut self, raw: &nodes::GrantRoleStmt) -> Result<GrantRoleStmt> {
        Ok(GrantRoleStmt {
            granted_roles: self.list(raw.granted_roles())?,
            grantee_roles: self.list(raw.grantee_roles())?,
            is_grant: raw.is_grant,
            behavior: kinds::drop_behavior(raw.behavior)?,
        })
    }

    pub(super) fn grant_stmt(&mut self, raw: &nodes::GrantStmt) -> Result<GrantStmt> {
        Ok(GrantStmt {
            is_grant: raw.is_grant,
            targtype: kinds::grant_target_type(raw.targtype)?,
            objtype: kinds::object_type(raw.objtype)?,
            objects: self.mixed(raw.objects())?,
            privileges: self.list(raw.privileges())?,
            grantees: self.list(raw.grantees())?,
            grant_option: raw.grant_option,
            behavior: kinds::drop_behavior(raw.behavior)?,
        })
    }

    pub(super) fn import_foreign_schema_stmt(
        &mut self,
        raw: &nodes::ImportForeignSchemaStmt,
    ) -> Result<ImportForeignSchemaStmt> {
        Ok(ImportForeignSchemaStmt {
            server_name: text(raw.server_name()),
            remote_schema: text(raw.remote_schema()),
            local_schema: text(raw.local_schema()),
            list_type: kinds::import_foreign_schema_type(raw.list_type)?,
            table_list: self.list(raw.table_list())?,
            options: self.list(raw.options())?,
        })
    }

    pub(super) fn listen_stmt(&mut self, raw: &nodes::ListenStmt) -> Result<ListenStmt> {
        Ok(ListenStmt { conditionname: text(raw.conditionname()) })
    }

    pub(super) fn lock_stmt(&mut self, raw: &nodes::LockStmt) -> Result<LockStmt> {
        Ok(LockStmt { relations: self.list(raw.relations())?, mode: raw.mode })
    }

    pub(super) fn notify_stmt(&mut self, raw: &nodes::NotifyStmt) -> Result<NotifyStmt> {
        Ok(NotifyStmt { conditionname: text(raw.conditionname()) })
    }

    pub(super) fn prepare_stmt(&mut self, raw: &nodes::PrepareStmt) -> Result<PrepareStmt> {
        Ok(PrepareStmt {
            name: text(raw.name()),
            argtypes: self.list(raw.argtypes())?,
            query: self.optional(raw.query())?,
        })
    }

    pub(super) fn role_spec(&mut self, raw: &nodes::RoleSpec) -> Result<RoleSpec> {
        Ok(RoleSpec {
            roletype: kinds::role_spec_type(raw.roletype)?,
            rolename: text(raw.rolename()),
            location: raw.location,
        })
    }

    pub(super) fn transaction_stmt(&mut self, raw: &nodes::TransactionStmt) -> Result<TransactionStmt> {
        Ok(TransactionStmt {
            kind: kinds::transaction_stmt_kind(raw.kind)?,
            options: self.list(raw.options())?,
            savepoint_name: text(raw.savepoint_name()),
            chain: raw.chain,
        })
    }

    pub(super) fn unlisten_stmt(&mut self, raw: &nodes::UnlistenStmt) -> Result<UnlistenStmt> {
        Ok(UnlistenStmt { conditionname: text(raw.conditionname()) })
    }

    pub(super) fn variable_set_stmt(&mut self, raw: &nodes::VariableSetStmt) -> Result<VariableSetStmt> {
        Ok(VariableSetStmt {
            kind: kinds::variable_set_kind(raw.kind)?,
            name: text(raw.name()),
            args: self.list(raw.args())?,
            is_local: raw.is_local,
        })
    }

    pub(super) fn variable_show_stmt(&mut self, raw: &nodes::VariableShowStmt) -> Result<VariableShowStmt> {
        Ok(VariableShowStmt { name: text(raw.name()) })
    }
}
