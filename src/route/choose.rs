//! [`choose`].

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::{Choice, Engine, Options, Route, split};
use crate::bound::visit::{Node, walk_statement};
use crate::bound::{Body, Cte, Distinct, ExprKind, From, Query, Statement};
use crate::catalog::{Catalog, Relation, Server, Source};
use crate::dialect::{Dialect, PrintTarget, print};
use crate::error::{Error, Result, SqlState};
use crate::policy::Secured;

/// Decides where the statement runs.
pub fn choose(secured: &Secured, catalog: &Catalog, options: Options) -> Result<Choice> {
    let force = options.force;
    let places = Places::of(secured.statement());
    let mut why = Vec::new();
    if places.is_empty() && force == Some(Engine::Server) {
        // For tests: the first SQL server takes a statement that reads nothing.
        let server = catalog.servers.values().find(|server| server.wrapper == "postgres");
        let server = server.ok_or_else(|| Error::unsupported("graticule.route = server without a server"))?;
        let sql = print(secured, &target(catalog, server, options)?)?;
        let why = vec!["graticule.route is server".to_owned()];
        return Ok(Choice { route: Route::Pushed { server: server.oid, sql }, why });
    }
    if places.is_empty() {
        let route = if is_constant(secured.statement()) { Route::Constant } else { Route::Local };
        return Ok(Choice { route, why: vec!["no relation is read".to_owned()] });
    }
    if places.servers.is_empty() {
        refuse_writes(secured.statement(), "it has no server")?;
        why.push(places.reason());
        return Ok(Choice { route: Route::Local, why });
    }
    let single = match (&places.servers.iter().collect::<Vec<_>>()[..], places.system, places.files) {
        ([server], false, false) => Some(**server),
        _ => None,
    };
    match single {
        _ if force == Some(Engine::Local) => why.push("graticule.route is local".to_owned()),
        None => why.push(places.reason()),
        Some(server) => {
            let server = server_of(catalog, server)?;
            match target(catalog, server, options).and_then(|target| print(secured, &target)) {
                Ok(sql) => {
                    why.push(format!("every relation is on server \"{}\", which can run all of it", server.name));
                    return Ok(Choice { route: Route::Pushed { server: server.oid, sql }, why });
                }
                Err(error) if is_refusal(&error) && force != Some(Engine::Server) => {
                    why.push(reason(&error));
                    if writes_or_locks(secured.statement()) {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }
    refuse_writes(secured.statement(), &why.join("; "))?;
    if force == Some(Engine::Server) {
        return Err(Error::unsupported(format!("running this on one server ({})", why.join("; "))));
    }
    split::federate(secured, catalog, options, why)
}

/// The server's dialect, when it has one.
pub(super) fn target<'a>(catalog: &'a Catalog, server: &'a Server, options: Options) -> Result<PrintTarget<'a>> {
    match Dialect::of(server)? {
        Some(dialect) => Ok(PrintTarget { fidelity: options.fidelity, ..PrintTarget::new(dialect, catalog, server) }),
        None => Err(Error::unsupported(format!("SQL on server \"{}\" of wrapper {}", server.name, server.wrapper))),
    }
}

pub(super) fn server_of(catalog: &Catalog, oid: u32) -> Result<&Server> {
    let server = catalog.servers.get(&oid);
    server.map(|server| &**server).ok_or_else(|| Error::internal(format!("server {oid} is not in the catalog")))
}

/// 0A000: what the target cannot say.
pub(super) fn is_refusal(error: &Error) -> bool {
    error.state() == SqlState::FEATURE_NOT_SUPPORTED
}

pub(super) fn reason(error: &Error) -> String {
    match &error.fields().detail {
        Some(detail) => format!("{} ({detail})", error.message()),
        None => error.message().to_owned(),
    }
}

/// Where the relations of a statement are.
#[derive(Debug, Default)]
struct Places {
    servers: BTreeSet<u32>,
    files: bool,
    system: bool,
}

impl Places {
    fn of(statement: &Statement) -> Places {
        let mut places = Places::default();
        targets(statement, &mut |relation| places.add(relation));
        let _ = walk_statement(statement, &mut |node| {
            match node {
                Node::From(From::Secured(scan)) => places.add(&scan.scan.relation),
                Node::Query(query) => query.ctes.iter().for_each(|cte| targets(&cte.query, &mut |r| places.add(r))),
                Node::Expr(_) | Node::From(_) => {}
            }
            ControlFlow::Continue(())
        });
        places
    }

    fn add(&mut self, relation: &Relation) {
        match &relation.source {
            Source::Files { .. } => self.files = true,
            Source::Remote { server, .. } => {
                self.servers.insert(*server);
            }
            Source::System | Source::View => self.system = true,
        }
    }

    fn is_empty(&self) -> bool {
        self.servers.is_empty() && !self.files && !self.system
    }

    fn reason(&self) -> String {
        let mut parts = Vec::new();
        match self.servers.len() {
            0 => {}
            1 => parts.push("one server".to_owned()),
            n => parts.push(format!("{n} servers")),
        }
        if self.files {
            parts.push("files".to_owned());
        }
        if self.system {
            parts.push("the catalog".to_owned());
        }
        format!("relations are in {}", parts.join(" and "))
    }
}

/// The relation that a statement (and its data-modifying CTEs) writes.
fn targets(statement: &Statement, f: &mut dyn FnMut(&Relation)) {
    let ctes: &[Cte] = match statement {
        Statement::Delete(delete) => {
            f(&delete.target.relation);
            &delete.ctes
        }
        Statement::Insert(insert) => {
            f(&insert.target.relation);
            &insert.ctes
        }
        Statement::Query(_) => &[],
        Statement::Update(update) => {
            f(&update.target.relation);
            &update.ctes
        }
    };
    for cte in ctes {
        targets(&cte.query, f);
    }
}

fn writes_or_locks(statement: &Statement) -> bool {
    !matches!(statement, Statement::Query(_))
        || walk_statement(statement, &mut |node| match node {
            Node::Query(query)
                if !query.locking.is_empty()
                    || query.ctes.iter().any(|cte| !matches!(cte.query, Statement::Query(_))) =>
            {
                ControlFlow::Break(())
            }
            Node::Expr(_) | Node::From(_) | Node::Query(_) => ControlFlow::Continue(()),
        })
        .is_break()
}

/// Writes and row locks go to the server of their relation whole, or not at all.
fn refuse_writes(statement: &Statement, why: &str) -> Result<()> {
    if !writes_or_locks(statement) {
        return Ok(());
    }
    let what = match statement {
        Statement::Delete(delete) => format!("DELETE from {}", delete.target.relation.name),
        Statement::Insert(insert) => format!("INSERT into {}", insert.target.relation.name),
        Statement::Query(_) => "a query that writes or locks rows".to_owned(),
        Statement::Update(update) => format!("UPDATE of {}", update.target.relation.name),
    };
    Err(Error::unsupported(format!("{what} here")).detail(format!("It must run on one server as a whole: {why}.")))
}

/// SELECT without FROM, grouping and sub-queries, or VALUES.
fn is_constant(statement: &Statement) -> bool {
    let Statement::Query(query) = statement else { return false };
    let Query { ctes, body, limit, locking, order_by, .. } = &**query;
    if !ctes.is_empty() || limit.with_ties || !locking.is_empty() {
        return false;
    }
    let simple = match body {
        Body::Select(select) => {
            select.from.is_empty()
                && !select.aggregated
                && select.group_by.is_none()
                && matches!(select.distinct, Distinct::All | Distinct::Rows)
        }
        Body::SetOperation(_) => false,
        Body::Values(_) => order_by.is_empty(),
    };
    let complex = walk_statement(statement, &mut |node| match node {
        Node::Expr(expr) => match &expr.kind {
            ExprKind::Aggregate(_) | ExprKind::Subquery { .. } | ExprKind::Window(_) => ControlFlow::Break(()),
            ExprKind::Call { function, .. } if function.returns_set => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        },
        Node::From(_) | Node::Query(_) => ControlFlow::Continue(()),
    });
    simple && complex.is_continue()
}
