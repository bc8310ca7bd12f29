//! PostgreSQL's privilege checks over a bound statement (`ExecCheckRTPerms`): table-level, else column by column.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::bound::visit::{Node, walk_statement};
use crate::bound::{Cte, From, Query, RangeId, Read, Reads, Scan, Statement};
use crate::catalog::{Catalog, Privilege, Relation, RelationKind, Source};
use crate::error::{Error, Result, SqlState};

/// What is read of a range that nothing is read of.
static NOTHING: Read = Read { columns: BTreeSet::new(), whole: false };

/// What [`check`] found.
pub(super) struct Checked {
    /// The role may read every column of every relation that the statement names.
    pub open: bool,
    /// There are data-modifying CTEs.
    pub nested: bool,
}

/// Checks every base relation that the statement names; 42501 on the first that the role may not use so.
pub(super) fn check(statement: &Statement, catalog: &Catalog, role: u32) -> Result<Checked> {
    let mut nested = false;
    let mut scans: Vec<&Scan> = Vec::new();
    let mut locked: BTreeSet<RangeId> = BTreeSet::new();
    let _ = walk_statement(statement, &mut |node| {
        match node {
            Node::From(From::Scan(scan)) => scans.push(scan),
            Node::Expr(_) | Node::From(_) => {}
            Node::Query(query) => {
                nested |= modifies(query);
                locked.extend(query.locking.iter().flat_map(|locking| &locking.ranges));
            }
        }
        ControlFlow::Continue(())
    });
    let checker = Checker { catalog, role, statement, reads: OnceCell::new() };
    let mut open = scans.iter().all(|scan| checker.readable(&scan.relation));
    for scan in scans {
        checker.schema(scan)?;
        checker.select(scan, || checker.read(scan.range).unwrap_or(&NOTHING))?;
        if locked.contains(&scan.range) {
            checker.modify(scan, Privilege::Update, &[])?;
        }
    }
    targets(statement, nested, &mut |statement| {
        checker.target(statement)?;
        open &= match statement {
            Statement::Delete(delete) => checker.readable(&delete.target.relation),
            Statement::Insert(insert) => checker.readable(&insert.target.relation),
            Statement::Query(_) => true,
            Statement::Update(update) => checker.readable(&update.target.relation),
        };
        Ok(())
    })?;
    Ok(Checked { open, nested })
}

/// Has the query a data-modifying CTE?
pub(super) fn modifies(query: &Query) -> bool {
    query.ctes.iter().any(|cte| !matches!(cte.query, Statement::Query(_)))
}

/// Calls `f` on the statement and on every data-modifying CTE in it; `nested`: some query of it [`modifies`].
pub(super) fn targets(statement: &Statement, nested: bool, f: &mut dyn FnMut(&Statement) -> Result<()>) -> Result<()> {
    f(statement)?;
    let mut result = Ok(());
    let mut ctes = |ctes: &[Cte]| {
        for cte in ctes {
            if result.is_ok() && !matches!(cte.query, Statement::Query(_)) {
                result = targets(&cte.query, nested, f);
            }
        }
    };
    match statement {
        Statement::Delete(delete) => ctes(&delete.ctes),
        Statement::Insert(insert) => ctes(&insert.ctes),
        Statement::Query(_) => {}
        Statement::Update(update) => ctes(&update.ctes),
    }
    if nested {
        let _ = walk_statement(statement, &mut |node| {
            if let Node::Query(Query { ctes: list, .. }) = node {
                ctes(list);
            }
            ControlFlow::Continue(())
        });
    }
    result
}

struct Checker<'a> {
    catalog: &'a Catalog,
    role: u32,
    /// The whole statement.
    statement: &'a Statement,
    /// What it reads of each range, once something asks.
    reads: OnceCell<Reads>,
}

impl Checker<'_> {
    fn read(&self, range: RangeId) -> Option<&Read> {
        self.reads.get_or_init(|| Reads::of(self.statement)).get(range)
    }

    /// May the role read every column?
    fn readable(&self, relation: &Relation) -> bool {
        let may = |column| self.catalog.column_allows(self.role, relation, column, Privilege::Select);
        (0..relation.columns.len()).all(may)
    }

    fn schema(&self, scan: &Scan) -> Result<()> {
        if self.catalog.schema_visible(self.role, &scan.relation.schema) {
            return Ok(());
        }
        let message = format!("permission denied for schema {}", scan.relation.schema);
        Err(at(Error::new(SqlState::INSUFFICIENT_PRIVILEGE, message), scan))
    }

    /// Table-level SELECT, or SELECT on each column read; reading none needs it on any one.
    fn select<'r>(&self, scan: &Scan, read: impl FnOnce() -> &'r Read) -> Result<()> {
        let relation = &*scan.relation;
        if self.catalog.relation_allows(self.role, relation, Privilege::Select) {
            return Ok(());
        }
        let may = |column: usize| self.catalog.column_allows(self.role, relation, column, Privilege::Select);
        let mut all = 0..relation.columns.len();
        let read = read();
        let allowed = if read.whole {
            all.all(may)
        } else if read.columns.is_empty() {
            all.any(may)
        } else {
            // System columns have no privileges of their own: `column_allows` is false for them.
            read.columns.iter().all(|column| may(*column))
        };
        if allowed { Ok(()) } else { Err(denied(scan)) }
    }

    /// INSERT or UPDATE: table-level, or on each column written; writing none (DEFAULT VALUES, FOR UPDATE) needs any one.
    fn modify(&self, scan: &Scan, privilege: Privilege, columns: &[usize]) -> Result<()> {
        let relation = &*scan.relation;
        if self.catalog.relation_allows(self.role, relation, privilege) {
            return Ok(());
        }
        let may = |column: usize| self.catalog.column_allows(self.role, relation, column, privilege);
        let allowed = match columns {
            [] => (0..relation.columns.len()).any(may),
            columns => columns.iter().all(|column| may(*column)),
        };
        if allowed { Ok(()) } else { Err(denied(scan)) }
    }

    fn target(&self, statement: &Statement) -> Result<()> {
        let scan = match statement {
            Statement::Query(_) => return Ok(()),
            Statement::Delete(delete) => {
                if !self.catalog.relation_allows(self.role, &delete.target.relation, Privilege::Delete) {
                    return Err(denied(&delete.target));
                }
                &delete.target
            }
            Statement::Insert(insert) => {
                self.modify(&insert.target, Privilege::Insert, &insert.columns)?;
                if let Some(conflict) = &insert.on_conflict {
                    if !conflict.target.is_empty() {
                        let columns = conflict.target.iter().copied().collect();
                        let read = Read { columns, whole: false };
                        self.select(&insert.target, || &read)?;
                    }
                    if !conflict.assignments.is_empty() {
                        let columns: Vec<usize> = conflict.assignments.iter().map(|(column, _)| *column).collect();
                        self.modify(&insert.target, Privilege::Update, &columns)?;
                    }
                    if let Some(read) = self.read(conflict.excluded) {
                        self.select(&insert.target, || read)?;
                    }
                }
                &insert.target
            }
            Statement::Update(update) => {
                let columns: Vec<usize> = update.assignments.iter().map(|(column, _)| *column).collect();
                self.modify(&update.target, Privilege::Update, &columns)?;
                &update.target
            }
        };
        self.schema(scan)?;
        if matches!(scan.relation.source, Source::System) {
            return Err(denied(scan));
        }
        match self.read(scan.range) {
            Some(read) => self.select(scan, || read),
            None => Ok(()),
        }
    }
}

fn at(error: Error, scan: &Scan) -> Error {
    match scan.span.0 {
        Some(position) => error.at(position),
        None => error,
    }
}

/// `permission denied for table x`: without a position, as PostgreSQL.
fn denied(scan: &Scan) -> Error {
    let relation: &Relation = &scan.relation;
    let kind = match relation.kind {
        RelationKind::ForeignTable => "foreign table",
        RelationKind::MaterializedView => "materialized view",
        RelationKind::Partitioned | RelationKind::Table => "table",
        RelationKind::Sequence => "sequence",
        RelationKind::View => "view",
    };
    Error::new(SqlState::INSUFFICIENT_PRIVILEGE, format!("permission denied for {kind} {}", relation.name))
}
