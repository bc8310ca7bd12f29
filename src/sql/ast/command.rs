//! Statements that are no queries, and their parts.

use super::{
    CollateClause, DefElemAction, DiscardMode, DropBehavior, FetchDirection, GrantTargetType, ImportForeignSchemaType,
    Node, ObjectType, RangeVar, RoleSpecType, RoleStmtType, TransactionStmtKind, TypeName, VariableSetKind,
};

#[derive(Clone, Debug, Default)]
pub struct AccessPriv {
    pub priv_name: String,
    pub cols: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct AlterForeignServerStmt {
    pub servername: String,
    pub version: String,
    pub options: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct AlterRoleStmt {
    pub role: Option<Box<RoleSpec>>,
    pub options: Vec<Node>,
    pub action: i32,
}

#[derive(Clone, Debug, Default)]
pub struct AlterUserMappingStmt {
    pub user: Option<Box<RoleSpec>>,
    pub servername: String,
    pub options: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct ClosePortalStmt {
    pub portalname: String,
}

#[derive(Clone, Debug, Default)]
pub struct ColumnDef {
    pub colname: String,
    pub type_name: Option<Box<TypeName>>,
    pub is_local: bool,
    pub identity: String,
    pub generated: String,
    pub coll_clause: Option<Box<CollateClause>>,
    pub constraints: Vec<Node>,
    pub fdwoptions: Vec<Node>,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct CommentStmt {
    pub objtype: ObjectType,
    pub object: Option<Node>,
    pub comment: String,
}

#[derive(Clone, Debug, Default)]
pub struct ConstraintsSetStmt {
    pub constraints: Vec<Node>,
    pub deferred: bool,
}

#[derive(Clone, Debug, Default)]
pub struct CopyStmt {
    pub relation: Option<Box<RangeVar>>,
    pub query: Option<Node>,
    pub attlist: Vec<Node>,
    pub is_from: bool,
    pub is_program: bool,
    pub filename: String,
    pub options: Vec<Node>,
    pub where_clause: Option<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct CreateExtensionStmt {
    pub extname: String,
    pub if_not_exists: bool,
    pub options: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct CreateForeignServerStmt {
    pub servername: String,
    pub version: String,
    pub fdwname: String,
    pub if_not_exists: bool,
    pub options: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct CreateForeignTableStmt {
    pub base: Box<CreateStmt>,
    pub servername: String,
    pub options: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct CreateRoleStmt {
    pub stmt_type: RoleStmtType,
    pub role: String,
    pub options: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct CreateSchemaStmt {
    pub schemaname: String,
    pub authrole: Option<Box<RoleSpec>>,
    pub schema_elts: Vec<Node>,
    pub if_not_exists: bool,
}

#[derive(Clone, Debug, Default)]
pub struct CreateStmt {
    pub relation: Option<Box<RangeVar>>,
    pub table_elts: Vec<Node>,
    pub inh_relations: Vec<Node>,
    pub if_not_exists: bool,
}

#[derive(Clone, Debug, Default)]
pub struct CreateUserMappingStmt {
    pub user: Option<Box<RoleSpec>>,
    pub servername: String,
    pub if_not_exists: bool,
    pub options: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct DeallocateStmt {
    pub name: String,
    pub isall: bool,
}

#[derive(Clone, Debug, Default)]
pub struct DeclareCursorStmt {
    pub portalname: String,
    pub options: i32,
    pub query: Option<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct DefElem {
    pub defname: String,
    pub arg: Option<Node>,
    pub defaction: DefElemAction,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct DiscardStmt {
    pub target: DiscardMode,
}

#[derive(Clone, Debug, Default)]
pub struct DropRoleStmt {
    pub roles: Vec<Node>,
    pub missing_ok: bool,
}

#[derive(Clone, Debug, Default)]
pub struct DropStmt {
    pub objects: Vec<Node>,
    pub remove_type: ObjectType,
    pub behavior: DropBehavior,
    pub missing_ok: bool,
}

#[derive(Clone, Debug, Default)]
pub struct DropUserMappingStmt {
    pub user: Option<Box<RoleSpec>>,
    pub servername: String,
    pub missing_ok: bool,
}

#[derive(Clone, Debug, Default)]
pub struct ExecuteStmt {
    pub name: String,
    pub params: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct ExplainStmt {
    pub query: Option<Node>,
    pub options: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct FetchStmt {
    pub direction: FetchDirection,
    pub how_many: i64,
    pub portalname: String,
    pub ismove: bool,
}

#[derive(Clone, Debug, Default)]
pub struct GrantRoleStmt {
    pub granted_roles: Vec<Node>,
    pub grantee_roles: Vec<Node>,
    pub is_grant: bool,
    pub behavior: DropBehavior,
}

#[derive(Clone, Debug, Default)]
pub struct GrantStmt {
    pub is_grant: bool,
    pub targtype: GrantTargetType,
    pub objtype: ObjectType,
    pub objects: Vec<Node>,
    pub privileges: Vec<Node>,
    pub grantees: Vec<Node>,
    pub grant_option: bool,
    pub behavior: DropBehavior,
}

#[derive(Clone, Debug, Default)]
pub struct ImportForeignSchemaStmt {
    pub server_name: String,
    pub remote_schema: String,
    pub local_schema: String,
    pub list_type: ImportForeignSchemaType,
    pub table_list: Vec<Node>,
    pub options: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct ListenStmt {
    pub conditionname: String,
}

#[derive(Clone, Debug, Default)]
pub struct LockStmt {
    pub relations: Vec<Node>,
    pub mode: i32,
}

#[derive(Clone, Debug, Default)]
pub struct NotifyStmt {
    pub conditionname: String,
}

#[derive(Clone, Debug, Default)]
pub struct PrepareStmt {
    pub name: String,
    pub argtypes: Vec<Node>,
    pub query: Option<Node>,
}

#[derive(Clone, Debug, Default)]
pub struct RoleSpec {
    pub roletype: RoleSpecType,
    pub rolename: String,
    pub location: i32,
}

#[derive(Clone, Debug, Default)]
pub struct TransactionStmt {
    pub kind: TransactionStmtKind,
    pub options: Vec<Node>,
    pub savepoint_name: String,
    pub chain: bool,
}

#[derive(Clone, Debug, Default)]
pub struct UnlistenStmt {
    pub conditionname: String,
}

#[derive(Clone, Debug, Default)]
pub struct VariableSetStmt {
    pub kind: VariableSetKind,
    pub name: String,
    pub args: Vec<Node>,
    pub is_local: bool,
}

#[derive(Clone, Debug, Default)]
pub struct VariableShowStmt {
    pub name: String,
}
