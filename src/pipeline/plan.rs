//! Plans: what `prepare` makes and `open` runs.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use crate::sql::ast::Constant;
use crate::sql::ast::Node;

use super::constant;
use super::surroundings::{Reading, Surroundings};
use crate::admin::AdminCall;
use crate::bound::{self, ReadSet};
use crate::catalog::Catalog;
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Env, Formats};
use crate::policy::Secured;
use crate::route::{Choice, Route};
use crate::session::{OutputColumn, Plan, SessionContext, Tag};
use crate::sql::{Explain, Literals, Statement};
use crate::types::PgType;

/// A query or DML statement, secured and routed.
pub(super) struct QueryPlan {
    pub(super) secured: Secured,
    pub(super) routed: Choice,
    /// The snapshot it was bound over.
    pub(super) catalog: Arc<Catalog>,
    /// The role it was secured for.
    pub(super) role: u32,
    columns: Arc<[OutputColumn]>,
    params: Vec<PgType>,
    reading: Arc<Reading>,
    /// Settings that bind read beside those of every [`Reading`].
    others: Vec<(Arc<str>, String)>,
    formats: Arc<Formats>,
    /// Whether `constant::run` can run it, once asked.
    constant: OnceLock<bool>,
}

impl QueryPlan {
    pub(super) fn new(
        secured: Secured,
        routed: Choice,
        read: ReadSet,
        surroundings: &Surroundings,
        session: &SessionContext,
    ) -> QueryPlan {
        let columns = secured
            .statement()
            .output()
            .iter()
            .map(|column| OutputColumn {
                name: column.name.clone(),
                ty: column.ty.oid,
                typmod: column.ty.typmod,
                table_oid: column.table_oid,
                attnum: column.attnum,
                row_type: column.ty.row,
            })
            .collect();
        let params = secured.params().to_vec();
        let others = watched(&read, session);
        QueryPlan {
            catalog: Arc::clone(&surroundings.catalog),
            role: surroundings.role,
            columns,
            params,
            reading: Arc::clone(&surroundings.reading),
            others,
            formats: Arc::clone(&surroundings.formats),
            constant: OnceLock::new(),
            secured,
            routed,
        }
    }

    /// The plan of one execution, routed anew.
    pub(super) fn rerouted(&self, secured: Secured, routed: Choice) -> QueryPlan {
        QueryPlan {
            secured,
            routed,
            catalog: Arc::clone(&self.catalog),
            role: self.role,
            columns: Arc::clone(&self.columns),
            params: self.params.clone(),
            reading: Arc::clone(&self.reading),
            others: self.others.clone(),
            formats: Arc::clone(&self.formats),
            constant: OnceLock::new(),
        }
    }

    /// Whether preparing again would give this plan (its literals were read in the formats of then).
    pub(super) fn fits(&self, surroundings: &Surroundings) -> bool {
        Arc::ptr_eq(&self.catalog, &surroundings.catalog)
            && self.role == surroundings.role
            && (Arc::ptr_eq(&self.reading, &surroundings.reading) || *self.reading == *surroundings.reading)
            && surroundings.has(&self.others)
    }

    /// Whether its literals would be read as they were.
    pub(super) fn formats_are(&self, surroundings: &Surroundings) -> bool {
        Arc::ptr_eq(&self.formats, &surroundings.formats) || *self.formats == *surroundings.formats
    }

    /// Whether no engine is needed, though the statement has no relation.
    pub(super) fn is_computed(&self, env: &Env) -> bool {
        *self.constant.get_or_init(|| constant::fits(self.secured.statement(), env))
    }

    pub(super) fn tag(&self) -> Tag {
        match self.secured.statement() {
            bound::Statement::Delete(_) => Tag::Delete(None),
            bound::Statement::Insert(_) => Tag::Insert(None),
            bound::Statement::Query(_) => Tag::Select(None),
            bound::Statement::Update(_) => Tag::Update(None),
        }
    }
}

/// The values of the settings that bind read, without those that every plan is compared by.
fn watched(read: &ReadSet, session: &SessionContext) -> Vec<(Arc<str>, String)> {
    let names = read.settings.iter().map(|(name, _)| name).filter(|name| !Reading::covers(name));
    session.settings.read(|settings| {
        names.map(|name| (Arc::clone(name), settings.get(name).unwrap_or_default().to_owned())).collect()
    })
}

impl Plan for QueryPlan {
    fn columns(&self) -> &Arc<[OutputColumn]> {
        &self.columns
    }

    fn returns_rows(&self) -> bool {
        matches!(self.secured.statement(), bound::Statement::Query(_)) || !self.columns.is_empty()
    }

    fn params(&self) -> &[PgType] {
        &self.params
    }

    fn modifies(&self) -> bool {
        // A SELECT may modify through a data-modifying WITH.
        let query =
            |query: &bound::Query| query.ctes.iter().any(|cte| !matches!(cte.query, bound::Statement::Query(_)));
        match self.secured.statement() {
            bound::Statement::Query(statement) => query(statement),
            bound::Statement::Delete(_) | bound::Statement::Insert(_) | bound::Statement::Update(_) => true,
        }
    }

    fn is_constant(&self) -> bool {
        matches!(self.routed.route, Route::Constant)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// EXPLAIN of a query.
pub(super) struct ExplainPlan {
    pub(super) inner: QueryPlan,
    pub(super) analyze: bool,
    pub(super) json: bool,
    columns: Arc<[OutputColumn]>,
}

impl ExplainPlan {
    /// Options as PostgreSQL names them; those that mean nothing here (COSTS, BUFFERS ...) are accepted. 22023 for a wrong value.
    pub(super) fn new(inner: QueryPlan, explain: &Explain) -> Result<ExplainPlan> {
        let (mut analyze, mut json) = (false, false);
        for (name, value) in &explain.options {
            let on = || match value.as_deref().map(str::to_ascii_lowercase).as_deref() {
                None | Some("on" | "true" | "1") => Ok(true),
                Some("off" | "false" | "0") => Ok(false),
                Some(_) => Err(Error::new(SqlState::SYNTAX_ERROR, format!("{name} requires a Boolean value"))),
            };
            match name.as_str() {
                "analyze" => analyze = on()?,
                "format" => match value.as_deref().map(str::to_ascii_lowercase).as_deref() {
                    Some("text") | None => json = false,
                    Some("json") => json = true,
                    Some(other) => return Err(Error::unsupported(format!("EXPLAIN format \"{other}\""))),
                },
                "buffers" | "costs" | "forecast" | "policy" | "rewrite" | "settings" | "source" | "summary"
                | "timing" | "verbose" | "wal" => {
                    on()?;
                }
                other => {
                    return Err(Error::new(SqlState::SYNTAX_ERROR, format!("unrecognized EXPLAIN option \"{other}\"")));
                }
            }
        }
        let column = OutputColumn {
            name: "QUERY PLAN".to_owned(),
            ty: if json { PgType::JSON } else { PgType::TEXT },
            typmod: -1,
            table_oid: 0,
            attnum: 0,
            row_type: 0,
        };
        Ok(ExplainPlan { inner, analyze, json, columns: Arc::new([column]) })
    }
}

impl Plan for ExplainPlan {
    fn columns(&self) -> &Arc<[OutputColumn]> {
        &self.columns
    }

    fn returns_rows(&self) -> bool {
        true
    }

    fn params(&self) -> &[PgType] {
        self.inner.params()
    }

    fn modifies(&self) -> bool {
        self.analyze && self.inner.modifies()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A definition statement, or a `graticule.*` call that changes definitions.
pub(super) struct AdminPlan {
    pub(super) action: AdminAction,
    columns: Arc<[OutputColumn]>,
}

pub(super) enum AdminAction {
    Call(AdminCall),
    Statement(Arc<Statement>),
}

impl AdminPlan {
    pub(super) fn statement(statement: Arc<Statement>) -> AdminPlan {
        AdminPlan { action: AdminAction::Statement(statement), columns: Arc::default() }
    }

    pub(super) fn call(call: AdminCall) -> AdminPlan {
        let column = |name: &str, ty| OutputColumn {
            name: name.to_owned(),
            ty,
            typmod: -1,
            table_oid: 0,
            attnum: 0,
            row_type: 0,
        };
        let columns = match call.function.as_str() {
            "verify" => super::verify::COLUMNS.iter().map(|(name, ty)| column(name, *ty)).collect(),
            name => Arc::new([column(name, PgType::VOID)]) as Arc<[OutputColumn]>,
        };
        AdminPlan { action: AdminAction::Call(call), columns }
    }
}

impl Plan for AdminPlan {
    fn columns(&self) -> &Arc<[OutputColumn]> {
        &self.columns
    }

    fn returns_rows(&self) -> bool {
        !self.columns.is_empty()
    }

    fn params(&self) -> &[PgType] {
        &[]
    }

    fn modifies(&self) -> bool {
        true
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `SELECT graticule.f('a', 'b')` as a whole statement: functions that change definitions are commands, not expressions.
pub(super) fn admin_call(node: &Node, literals: &Literals) -> Result<Option<AdminCall>> {
    let Node::SelectStmt(select) = node else { return Ok(None) };
    let [target] = select.target_list.as_slice() else { return Ok(None) };
    let Node::ResTarget(target) = target else { return Ok(None) };
    let Some(Node::FuncCall(call)) = &target.val else { return Ok(None) };
    let names: Vec<&str> = call
        .funcname
        .iter()
        .filter_map(|part| match part {
            Node::String(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let ["graticule", function] = names.as_slice() else { return Ok(None) };
    let alone = select.from_clause.is_empty() && select.where_clause.is_none() && select.with_clause.is_none();
    let mut args = Vec::new();
    for arg in &call.args {
        match arg {
            Node::AConst(constant) if constant.isnull => args.push(None),
            Node::AConst(constant) => match literals.of(constant) {
                Some(Constant::String(text)) => args.push(Some(text.clone())),
                _ => return Err(literals_only(function)),
            },
            _ => return Err(literals_only(function)),
        }
    }
    if !alone {
        return Err(literals_only(function));
    }
    Ok(Some(AdminCall { function: (*function).to_owned(), args }))
}

fn literals_only(function: &str) -> Error {
    Error::unsupported(format!("graticule.{function} other than as SELECT graticule.{function}('literal', ...)"))
}

/// The name of a statement for "X is not supported".
pub(super) fn statement_name(node: &Node) -> String {
    let name = node.name();
    let name = name.strip_suffix("Stmt").unwrap_or(&name);
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_uppercase());
    }
    words
}
