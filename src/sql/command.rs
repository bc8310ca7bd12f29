//! Session commands: a closed enum, taken from the parse tree once.

use std::ops::Range;
use std::sync::Arc;

use crate::sql::ast::{self, Constant, DiscardMode, Node, TransactionStmtKind, VariableSetKind};

use super::copy::{self, CopyOut};
use super::{Statement, inner};
use crate::error::{Error, Result, SqlState};

/// A command that the session answers by itself.
#[derive(Debug)]
pub enum Command {
    Begin(TransactionOptions),
    Close {
        name: String,
    },
    CloseAll,
    Commit {
        chain: bool,
    },
    CopyIn,
    CopyOut(CopyOut),
    Deallocate {
        name: String,
    },
    DeallocateAll,
    Declare {
        name: String,
        options: CursorOptions,
        query: Arc<Statement>,
    },
    Discard(Discard),
    Execute {
        name: String,
        arguments: Vec<Node>,
    },
    Fetch(Fetch),
    Listen {
        channel: String,
    },
    Lock,
    Notify {
        channel: String,
    },
    Prepare {
        name: String,
        types: Vec<ast::TypeName>,
        query: Arc<Statement>,
    },
    /// PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED.
    PrepareTransaction,
    Release {
        name: String,
    },
    Reset {
        name: String,
    },
    ResetAll,
    Rollback {
        chain: bool,
    },
    RollbackTo {
        name: String,
    },
    Savepoint {
        name: String,
    },
    Set {
        local: bool,
        name: String,
        values: Option<Vec<SetValue>>,
    },
    /// SET CONSTRAINTS: there is nothing deferrable here.
    SetConstraints,
    SetRole {
        local: bool,
        role: RoleChange,
    },
    SetSessionAuthorization {
        local: bool,
        role: RoleChange,
    },
    /// SET SESSION CHARACTERISTICS AS TRANSACTION.
    SetSessionCharacteristics(TransactionOptions),
    SetTransaction(TransactionOptions),
    Show {
        name: String,
    },
    ShowAll,
    Unlisten,
}

/// DISCARD's target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Discard {
    All,
    Plans,
    Sequences,
    Temp,
}

/// Isolation levels in rising order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Isolation {
    ReadUncommitted,
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

impl Isolation {
    /// The value of `transaction_isolation`.
    pub fn name(self) -> &'static str {
        match self {
            Isolation::ReadUncommitted => "read uncommitted",
            Isolation::ReadCommitted => "read committed",
            Isolation::RepeatableRead => "repeatable read",
            Isolation::Serializable => "serializable",
        }
    }

    pub fn parse(name: &str) -> Option<Isolation> {
        [Isolation::ReadUncommitted, Isolation::ReadCommitted, Isolation::RepeatableRead, Isolation::Serializable]
            .into_iter()
            .find(|level| level.name().eq_ignore_ascii_case(name))
    }
}

/// What BEGIN and SET TRANSACTION may say; absent means the session's default.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TransactionOptions {
    pub isolation: Option<Isolation>,
    pub read_only: Option<bool>,
    pub deferrable: Option<bool>,
    /// SET TRANSACTION SNAPSHOT, which is refused.
    pub snapshot: bool,
}

/// SET ROLE and SET SESSION AUTHORIZATION.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RoleChange {
    /// NONE, or DEFAULT for the session's user.
    Reset,
    To(String),
}

/// One value in a SET's list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SetValue {
    /// A number as written.
    Number(String),
    /// A string or a bare word.
    Text(String),
    /// `INTERVAL '...'`, for SET TIME ZONE only.
    Interval(String),
}

/// DECLARE's words.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CursorOptions {
    pub binary: bool,
    pub scroll: Scroll,
    pub hold: bool,
}

/// What a cursor promises about moving backwards.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scroll {
    No,
    Unspecified,
    Yes,
}

/// FETCH or MOVE.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fetch {
    pub direction: FetchDirection,
    pub name: String,
    pub moves: bool,
}

/// Where FETCH goes; a negative count turns around.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FetchDirection {
    Absolute(i64),
    Backward(i64),
    /// `i64::MAX` is ALL.
    Forward(i64),
    Relative(i64),
}

/// The command in a parse tree; `None` when it is none.
pub(super) fn command(source: &Arc<str>, range: &Range<usize>, node: &mut Node) -> Result<Option<Command>> {
    Ok(Some(match node {
        Node::TransactionStmt(stmt) => transaction(stmt)?,
        Node::VariableSetStmt(stmt) => set(stmt)?,
        Node::VariableShowStmt(stmt) => {
            if stmt.name == "all" {
                Command::ShowAll
            } else {
                Command::Show { name: stmt.name.clone() }
            }
        }
        Node::DeclareCursorStmt(stmt) => {
            let bit = |bit: i32| stmt.options & bit != 0;
            let scroll = match (bit(0x2), bit(0x4)) {
                (true, true) => return Err(conflict("SCROLL", "NO SCROLL")),
                (true, false) => Scroll::Yes,
                (false, true) => Scroll::No,
                (false, false) => Scroll::Unspecified,
            };
            if bit(0x8) && bit(0x10) {
                return Err(conflict("INSENSITIVE", "ASENSITIVE"));
            }
            let options = CursorOptions { binary: bit(0x1), scroll, hold: bit(0x20) };
            let query = inner(source, range, stmt.query.take())?;
            Command::Declare { name: stmt.portalname.clone(), options, query }
        }
        Node::FetchStmt(stmt) => {
            let count = stmt.how_many;
            let direction = match stmt.direction {
                ast::FetchDirection::FetchBackward => FetchDirection::Backward(count),
                ast::FetchDirection::FetchAbsolute => FetchDirection::Absolute(count),
                ast::FetchDirection::FetchRelative => FetchDirection::Relative(count),
                ast::FetchDirection::FetchForward => FetchDirection::Forward(count),
            };
            Command::Fetch(Fetch { direction, name: stmt.portalname.clone(), moves: stmt.ismove })
        }
        Node::ClosePortalStmt(stmt) if stmt.portalname.is_empty() => Command::CloseAll,
        Node::ClosePortalStmt(stmt) => Command::Close { name: stmt.portalname.clone() },
        Node::PrepareStmt(stmt) => {
            let types = stmt.argtypes.iter().filter_map(|node| match node {
                Node::TypeName(name) => Some((**name).clone()),
                _ => None,
            });
            let types = types.collect();
            Command::Prepare { name: stmt.name.clone(), types, query: inner(source, range, stmt.query.take())? }
        }
        Node::ExecuteStmt(stmt) => {
            Command::Execute { name: stmt.name.clone(), arguments: std::mem::take(&mut stmt.params) }
        }
        Node::DeallocateStmt(stmt) if stmt.isall => Command::DeallocateAll,
        Node::DeallocateStmt(stmt) => Command::Deallocate { name: stmt.name.clone() },
        Node::DiscardStmt(stmt) => Command::Discard(match stmt.target {
            DiscardMode::DiscardAll => Discard::All,
            DiscardMode::DiscardPlans => Discard::Plans,
            DiscardMode::DiscardSequences => Discard::Sequences,
            DiscardMode::DiscardTemp => Discard::Temp,
        }),
        Node::ListenStmt(stmt) => Command::Listen { channel: stmt.conditionname.clone() },
        Node::UnlistenStmt(_) => Command::Unlisten,
        Node::NotifyStmt(stmt) => Command::Notify { channel: stmt.conditionname.clone() },
        Node::LockStmt(_) => Command::Lock,
        Node::ConstraintsSetStmt(_) => Command::SetConstraints,
        Node::CopyStmt(stmt) if stmt.is_from => Command::CopyIn,
        Node::CopyStmt(stmt) => Command::CopyOut(copy::out(source, range, stmt)?),
        _ => return Ok(None),
    }))
}

fn conflict(left: &str, right: &str) -> Error {
    Error::new(SqlState::INVALID_CURSOR_DEFINITION, format!("cannot specify both {left} and {right}"))
}

fn transaction(stmt: &mut ast::TransactionStmt) -> Result<Command> {
    let name = std::mem::take(&mut stmt.savepoint_name);
    Ok(match stmt.kind {
        TransactionStmtKind::TransStmtBegin | TransactionStmtKind::TransStmtStart => {
            Command::Begin(transaction_options(&stmt.options)?)
        }
        TransactionStmtKind::TransStmtCommit => Command::Commit { chain: stmt.chain },
        TransactionStmtKind::TransStmtRollback => Command::Rollback { chain: stmt.chain },
        TransactionStmtKind::TransStmtSavepoint => Command::Savepoint { name },
        TransactionStmtKind::TransStmtRelease => Command::Release { name },
        TransactionStmtKind::TransStmtRollbackTo => Command::RollbackTo { name },
        TransactionStmtKind::TransStmtPrepare
        | TransactionStmtKind::TransStmtCommitPrepared
        | TransactionStmtKind::TransStmtRollbackPrepared => Command::PrepareTransaction,
    })
}

fn transaction_options(nodes: &[Node]) -> Result<TransactionOptions> {
    let mut options = TransactionOptions::default();
    for (name, value, _) in nodes.iter().filter_map(definition) {
        let value = value.unwrap_or_default();
        let flag = !matches!(value.as_str(), "0" | "false" | "f");
        match name.as_str() {
            "transaction_isolation" => {
                options.isolation = Some(Isolation::parse(&value).ok_or_else(|| {
                    Error::new(
                        SqlState::INVALID_PARAMETER_VALUE,
                        format!("invalid value for parameter \"transaction_isolation\": \"{value}\""),
                    )
                })?);
            }
            "transaction_read_only" => options.read_only = Some(flag),
            "transaction_deferrable" => options.deferrable = Some(flag),
            other => return Err(Error::unsupported(format!("transaction option \"{other}\""))),
        }
    }
    Ok(options)
}

fn set(stmt: &mut ast::VariableSetStmt) -> Result<Command> {
    let (local, name) = (stmt.is_local, std::mem::take(&mut stmt.name));
    Ok(match stmt.kind {
        VariableSetKind::VarSetMulti => match name.as_str() {
            "TRANSACTION" => Command::SetTransaction(transaction_options(&stmt.args)?),
            "SESSION CHARACTERISTICS" => Command::SetSessionCharacteristics(transaction_options(&stmt.args)?),
            "TRANSACTION SNAPSHOT" => {
                Command::SetTransaction(TransactionOptions { snapshot: true, ..TransactionOptions::default() })
            }
            other => return Err(Error::unsupported(format!("SET {other}"))),
        },
        VariableSetKind::VarResetAll => Command::ResetAll,
        VariableSetKind::VarSetCurrent => return Err(Error::unsupported("SET ... FROM CURRENT")),
        kind @ (VariableSetKind::VarSetValue | VariableSetKind::VarSetDefault | VariableSetKind::VarReset) => {
            let values = (kind == VariableSetKind::VarSetValue)
                .then(|| stmt.args.iter().map(set_value).collect::<Result<Vec<_>>>())
                .transpose()?;
            match name.to_ascii_lowercase().as_str() {
                "role" | "session_authorization" => {
                    let role = match values.as_deref() {
                        None => RoleChange::Reset,
                        Some([SetValue::Text(role)]) if name == "role" && role == "none" => RoleChange::Reset,
                        Some([SetValue::Text(role)]) => RoleChange::To(role.clone()),
                        Some(_) => return Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, "role name expected")),
                    };
                    if name.eq_ignore_ascii_case("role") {
                        Command::SetRole { local, role }
                    } else {
                        Command::SetSessionAuthorization { local, role }
                    }
                }
                _ if kind == VariableSetKind::VarReset => Command::Reset { name },
                _ => Command::Set { local, name, values },
            }
        }
    })
}

fn set_value(node: &Node) -> Result<SetValue> {
    match node {
        Node::AConst(value) => Ok(constant(value)),
        Node::TypeCast(cast) => match &cast.arg {
            Some(Node::AConst(value)) => match constant(value) {
                SetValue::Text(text) | SetValue::Number(text) | SetValue::Interval(text) => {
                    Ok(SetValue::Interval(text))
                }
            },
            _ => Err(Error::unsupported("this value in SET")),
        },
        _ => Err(Error::unsupported("this value in SET")),
    }
}

fn constant(value: &ast::AConst) -> SetValue {
    match &value.val {
        Some(Constant::Integer(value)) => SetValue::Number(value.to_string()),
        Some(Constant::Float(value)) => SetValue::Number(value.clone()),
        Some(Constant::Boolean(value)) => SetValue::Text(if *value { "true" } else { "false" }.to_owned()),
        Some(Constant::String(value)) => SetValue::Text(value.clone()),
        Some(Constant::BitString(value)) => SetValue::Text(value.clone()),
        None => SetValue::Text("NULL".to_owned()),
    }
}

/// Name, argument as text and location of a `name [value]` option.
pub(super) fn definition(node: &Node) -> Option<(String, Option<String>, usize)> {
    let Node::DefElem(element) = node else { return None };
    let value = element.arg.as_ref().and_then(argument);
    Some((element.defname.clone(), value, usize::try_from(element.location).unwrap_or(0)))
}

/// The text of an option's argument; `None` for lists and trees.
pub(super) fn argument(node: &Node) -> Option<String> {
    Some(match node {
        Node::Integer(value) => value.to_string(),
        Node::Float(value) => value.clone(),
        Node::Boolean(value) => value.to_string(),
        Node::String(value) => value.clone(),
        Node::AStar => "*".to_owned(),
        Node::AConst(value) => match constant(value) {
            SetValue::Number(text) | SetValue::Text(text) | SetValue::Interval(text) => text,
        },
        Node::TypeName(name) => match name.names.last()? {
            Node::String(name) => name.clone(),
            _ => return None,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, parse};

    fn one(text: &str) -> String {
        let statements = parse(text).unwrap();
        match &statements[0].kind {
            Kind::Command(command) => format!("{command:?}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn reads_commands() {
        for (text, expected) in [
            (
                "begin isolation level serializable, read only, not deferrable",
                "Begin(TransactionOptions { isolation: Some(Serializable), read_only: Some(true), deferrable: Some(false), snapshot: false })",
            ),
            ("commit and chain", "Commit { chain: true }"),
            ("abort", "Rollback { chain: false }"),
            ("rollback to \"x y\"", "RollbackTo { name: \"x y\" }"),
            (
                "set local a.b = 'x', 0, 1.5, off",
                "Set { local: true, name: \"a.b\", values: Some([Text(\"x\"), Number(\"0\"), Number(\"1.5\"), Text(\"off\")]) }",
            ),
            (
                "set time zone interval '-08:00' hour to minute",
                "Set { local: false, name: \"timezone\", values: Some([Interval(\"-08:00\")]) }",
            ),
            ("set time zone local", "Set { local: false, name: \"timezone\", values: None }"),
            ("set names 'utf8'", "Set { local: false, name: \"client_encoding\", values: Some([Text(\"utf8\")]) }"),
            ("set role none", "SetRole { local: false, role: Reset }"),
            ("set session authorization bob", "SetSessionAuthorization { local: false, role: To(\"bob\") }"),
            ("reset role", "SetRole { local: false, role: Reset }"),
            ("reset all", "ResetAll"),
            ("show transaction isolation level", "Show { name: \"transaction_isolation\" }"),
            ("show all", "ShowAll"),
            ("fetch all from c", "Fetch(Fetch { direction: Forward(9223372036854775807), name: \"c\", moves: false })"),
            ("fetch 0 from c", "Fetch(Fetch { direction: Forward(0), name: \"c\", moves: false })"),
            ("fetch prior from c", "Fetch(Fetch { direction: Backward(1), name: \"c\", moves: false })"),
            ("move last in c", "Fetch(Fetch { direction: Absolute(-1), name: \"c\", moves: true })"),
            ("close all", "CloseAll"),
            ("discard all", "Discard(All)"),
            ("deallocate prepare all", "DeallocateAll"),
            (
                "set transaction isolation level read committed",
                "SetTransaction(TransactionOptions { isolation: Some(ReadCommitted), read_only: None, deferrable: None, snapshot: false })",
            ),
        ] {
            assert_eq!(one(text), expected, "{text}");
        }
    }
}
