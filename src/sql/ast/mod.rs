//! The syntax tree of PostgreSQL's grammar: the nodes and fields that are read here, under PostgreSQL's own names (`parsenodes.h`,
//! `primnodes.h`).
//!
//! Absent strings are empty; `location` is a byte offset in the parsed text, -1 where unknown.

mod command;
mod expr;
mod foreign_table;
mod kinds;
mod query;
mod read;

use std::fmt::Write;

pub use self::command::*;
pub use self::expr::*;
pub use self::kinds::*;
pub use self::query::*;
pub(super) use self::read::parse;

/// Any node.
#[derive(Clone, Debug, Default)]
pub enum Node {
    /// An element of a list that is NULL.
    #[default]
    Null,
    /// A node that nothing here reads: its name.
    Other(String),
    Integer(i32),
    Float(String),
    Boolean(bool),
    String(String),
    List(Vec<Node>),
    AStar,
    AArrayExpr(Box<AArrayExpr>),
    AConst(Box<AConst>),
    AExpr(Box<AExpr>),
    AIndices(Box<AIndices>),
    AIndirection(Box<AIndirection>),
    AccessPriv(Box<AccessPriv>),
    AlterForeignServerStmt(Box<AlterForeignServerStmt>),
    AlterRoleStmt(Box<AlterRoleStmt>),
    AlterUserMappingStmt(Box<AlterUserMappingStmt>),
    BoolExpr(Box<BoolExpr>),
    BooleanTest(Box<BooleanTest>),
    CaseExpr(Box<CaseExpr>),
    CaseWhen(Box<CaseWhen>),
    ClosePortalStmt(Box<ClosePortalStmt>),
    CoalesceExpr(Box<CoalesceExpr>),
    CollateClause(Box<CollateClause>),
    ColumnDef(Box<ColumnDef>),
    ColumnRef(Box<ColumnRef>),
    CommentStmt(Box<CommentStmt>),
    CommonTableExpr(Box<CommonTableExpr>),
    ConstraintsSetStmt(Box<ConstraintsSetStmt>),
    CopyStmt(Box<CopyStmt>),
    CreateExtensionStmt(Box<CreateExtensionStmt>),
    CreateForeignServerStmt(Box<CreateForeignServerStmt>),
    CreateForeignTableStmt(Box<CreateForeignTableStmt>),
    CreateRoleStmt(Box<CreateRoleStmt>),
    CreateSchemaStmt(Box<CreateSchemaStmt>),
    CreateStmt(Box<CreateStmt>),
    CreateUserMappingStmt(Box<CreateUserMappingStmt>),
    DeallocateStmt(Box<DeallocateStmt>),
    DeclareCursorStmt(Box<DeclareCursorStmt>),
    DefElem(Box<DefElem>),
    DeleteStmt(Box<DeleteStmt>),
    DiscardStmt(Box<DiscardStmt>),
    DropRoleStmt(Box<DropRoleStmt>),
    DropStmt(Box<DropStmt>),
    DropUserMappingStmt(Box<DropUserMappingStmt>),
    ExecuteStmt(Box<ExecuteStmt>),
    ExplainStmt(Box<ExplainStmt>),
    FetchStmt(Box<FetchStmt>),
    FuncCall(Box<FuncCall>),
    GrantRoleStmt(Box<GrantRoleStmt>),
    GrantStmt(Box<GrantStmt>),
    GroupingFunc(Box<GroupingFunc>),
    GroupingSet(Box<GroupingSet>),
    ImportForeignSchemaStmt(Box<ImportForeignSchemaStmt>),
    IndexElem(Box<IndexElem>),
    InsertStmt(Box<InsertStmt>),
    JoinExpr(Box<JoinExpr>),
    ListenStmt(Box<ListenStmt>),
    LockStmt(Box<LockStmt>),
    LockingClause(Box<LockingClause>),
    MergeStmt(Box<MergeStmt>),
    MinMaxExpr(Box<MinMaxExpr>),
    MultiAssignRef(Box<MultiAssignRef>),
    NamedArgExpr(Box<NamedArgExpr>),
    NotifyStmt(Box<NotifyStmt>),
    NullTest(Box<NullTest>),
    ParamRef(Box<ParamRef>),
    PrepareStmt(Box<PrepareStmt>),
    RangeFunction(Box<RangeFunction>),
    RangeSubselect(Box<RangeSubselect>),
    RangeVar(Box<RangeVar>),
    ResTarget(Box<ResTarget>),
    RoleSpec(Box<RoleSpec>),
    RowExpr(Box<RowExpr>),
    SelectStmt(Box<SelectStmt>),
    SetToDefault(Box<SetToDefault>),
    SortBy(Box<SortBy>),
    SqlValueFunction(Box<SqlValueFunction>),
    SubLink(Box<SubLink>),
    TransactionStmt(Box<TransactionStmt>),
    TypeCast(Box<TypeCast>),
    TypeName(Box<TypeName>),
    UnlistenStmt(Box<UnlistenStmt>),
    UpdateStmt(Box<UpdateStmt>),
    VariableSetStmt(Box<VariableSetStmt>),
    VariableShowStmt(Box<VariableShowStmt>),
    WindowDef(Box<WindowDef>),
}

impl Node {
    /// Its kind's name.
    pub fn name(&self) -> String {
        match self {
            Node::Other(name) => name.clone(),
            node => name(node),
        }
    }
}

/// What the description of a node begins with.
fn name(node: &impl std::fmt::Debug) -> String {
    /// Takes letters and then nothing more.
    struct Name(String);
    impl Write for Name {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            let letters = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
            self.0.push_str(&text[..letters.unwrap_or(text.len())]);
            letters.map_or(Ok(()), |_| Err(std::fmt::Error))
        }
    }
    let mut name = Name(String::new());
    let _ends_early = write!(name, "{node:?}");
    name.0
}

/// The value of a constant; a number that is no int4 is a `Float`, as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    Integer(i32),
    Float(String),
    Boolean(bool),
    String(String),
    /// `b` or `x` and the digits.
    BitString(String),
}

/// A statement of a query string and where it stands there: its length is 0 where it ends with the text.
#[derive(Debug)]
pub struct RawStmt {
    pub stmt: Node,
    pub location: i32,
    pub len: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Node {
        let mut parsed = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(parsed.len(), 1, "{text}");
        parsed.remove(0).stmt
    }

    #[test]
    fn foreign_tables_are_read_in_two_parts() {
        for (text, server, columns, options) in [
            ("CREATE FOREIGN TABLE s.t () SERVER a", "a", 0, 0),
            (
                "create foreign table if not exists t (a int, b text) server \"A b\" options (x 'SERVER y', z 'it''s')",
                "A b",
                2,
                2,
            ),
            (
                "CREATE FOREIGN TABLE server (server int options (server 'server')) -- server s\n SERVER server;",
                "server",
                1,
                0,
            ),
            ("CREATE FOREIGN TABLE t (a int) /* SERVER b */ SERVER c OPTIONS (d 'e') -- SERVER f", "c", 1, 1),
            ("/* foreign */ CREATE FOREIGN TABLE t (a int) SERVER c", "c", 1, 0),
        ] {
            let Node::CreateForeignTableStmt(found) = only(text) else { panic!("{text}") };
            let seen = (found.servername.as_str(), found.base.table_elts.len(), found.options.len());
            assert_eq!(seen, (server, columns, options), "{text}");
        }
        let both = parse("select 1; create foreign table t (a int) server s; select 2").expect("three statements");
        assert!(matches!(&both[1].stmt, Node::CreateForeignTableStmt(found) if found.servername == "s"));
    }

    #[test]
    fn grants_name_what_they_are_on() {
        for (text, objects) in [
            ("grant select on a, s.b to public", 2),
            ("grant usage on schema a, b to x", 2),
            ("grant usage on foreign server a to x", 1),
            ("grant execute on function f(int), g() to x", 2),
            ("grant usage on type a.b to x", 1),
            ("revoke all on all tables in schema a from x cascade", 1),
            ("grant connect on database a to x", 1),
            ("grant select on large object 1, 2 to x", 2),
        ] {
            let Node::GrantStmt(found) = only(text) else { panic!("{text}") };
            assert_eq!(found.objects.len(), objects, "{text}");
        }
    }

    #[test]
    fn what_nothing_reads_is_a_name() {
        for (text, name) in [
            ("create table t (a int)", "CreateStmt"),
            ("create view v as select 1", "ViewStmt"),
            ("alter table t add column b int", "AlterTableStmt"),
            ("vacuum", "VacuumStmt"),
            ("select 1", "SelectStmt"),
        ] {
            assert_eq!(only(text).name(), name);
        }
        let Node::SelectStmt(select) = only("select xmlparse(document '<a/>')") else { panic!("a select") };
        assert!(
            matches!(&select.target_list[0], Node::ResTarget(target) if target.val.as_ref().unwrap().name() == "XmlExpr" || target.val.as_ref().unwrap().name() == "XmlSerialize")
        );
    }
}
