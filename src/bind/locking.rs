//! FOR UPDATE, FOR SHARE (`transformLockingClause`).

use crate::sql::ast::{LockClauseStrength, LockWaitPolicy, LockingClause, Node, SelectStmt};

use crate::bound::{Body, Distinct, From, LockStrength, Locking, Query, RangeId};
use crate::error::{Error, Result, SqlState};

use super::ast::{at, span};
use super::context::Binder;

fn strength(clause: &LockingClause) -> Result<(LockStrength, &'static str)> {
    Ok(match clause.strength {
        LockClauseStrength::LcsForkeyshare => (LockStrength::KeyShare, "FOR KEY SHARE"),
        LockClauseStrength::LcsForshare => (LockStrength::Share, "FOR SHARE"),
        LockClauseStrength::LcsFornokeyupdate => (LockStrength::NoKeyUpdate, "FOR NO KEY UPDATE"),
        LockClauseStrength::LcsForupdate => (LockStrength::Update, "FOR UPDATE"),
        LockClauseStrength::LcsNone => {
            return Err(Error::internal("locking clause without strength"));
        }
    })
}

/// The first clause as written, for messages.
pub(super) fn clause_name(nodes: &[Node]) -> &'static str {
    match nodes.first() {
        Some(Node::LockingClause(clause)) => strength(clause).map_or("FOR UPDATE", |(_, name)| name),
        _ => "FOR UPDATE",
    }
}

impl Binder<'_> {
    pub fn locking(&mut self, statement: &SelectStmt, query: &mut Query) -> Result<()> {
        for node in &statement.locking_clause {
            let Node::LockingClause(clause) = node else {
                return Err(Error::internal("locking clause"));
            };
            let (lock, name) = strength(clause)?;
            self.check_lockable(query, name)?;
            let template = Locking {
                strength: lock,
                ranges: Vec::new(),
                no_wait: clause.wait_policy == LockWaitPolicy::LockWaitError,
                skip_locked: clause.wait_policy == LockWaitPolicy::LockWaitSkip,
            };
            if clause.locked_rels.is_empty() {
                lock_all(query, &template);
                continue;
            }
            for node in &clause.locked_rels {
                let Node::RangeVar(wanted) = node else { return Err(Error::internal("locked name")) };
                let place = span(wanted.location);
                if !wanted.schemaname.is_empty() || !wanted.catalogname.is_empty() {
                    let message = format!("{name} must specify unqualified relation names");
                    return Err(at(Error::new(SqlState::SYNTAX_ERROR, message), place));
                }
                if !self.lock_named(query, &wanted.relname, &template, name).map_err(|error| at(error, place))? {
                    // What has a name but is nothing that a scan reads.
                    if self.scope().namespace.iter().any(|item| item.range.is_none() && item.alias == wanted.relname) {
                        let message = format!("{name} cannot be applied to a join");
                        return Err(at(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message), place));
                    }
                    let message = format!("relation \"{}\" in {name} clause not found in FROM clause", wanted.relname);
                    return Err(at(Error::new(SqlState::UNDEFINED_TABLE, message), place));
                }
            }
        }
        Ok(())
    }

    fn check_lockable(&self, query: &Query, name: &str) -> Result<()> {
        let Body::Select(select) = &query.body else { return Ok(()) };
        let scope = self.scope();
        let refused = [
            (!matches!(select.distinct, Distinct::All), "with DISTINCT clause"),
            (select.group_by.is_some(), "with GROUP BY clause"),
            (select.having.is_some(), "with HAVING clause"),
            (scope.has_aggregates, "with aggregate functions"),
            (scope.has_windows, "with window functions"),
            (scope.has_set_returning, "with set-returning functions in the target list"),
        ];
        match refused.iter().find(|(found, _)| *found) {
            Some((_, what)) => {
                Err(Error::new(SqlState::FEATURE_NOT_SUPPORTED, format!("{name} is not allowed {what}")))
            }
            None => Ok(()),
        }
    }

    fn lock_named(&self, query: &mut Query, wanted: &str, template: &Locking, name: &str) -> Result<bool> {
        let Body::Select(select) = &mut query.body else { return Ok(false) };
        let mut found: Option<RangeId> = None;
        let mut inner = false;
        for from in &mut select.from {
            match lock_in(from, wanted, template) {
                Lock::No => {}
                Lock::Range(range) => found = Some(range),
                Lock::Inside => inner = true,
                Lock::Wrong(what) => {
                    let message = format!("{name} cannot be applied to {what}");
                    return Err(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message));
                }
            }
        }
        if let Some(range) = found {
            query.locking.push(Locking { ranges: vec![range], ..template.clone() });
        }
        Ok(found.is_some() || inner)
    }
}

enum Lock {
    No,
    Range(RangeId),
    Inside,
    Wrong(&'static str),
}

fn lock_in(from: &mut From, wanted: &str, template: &Locking) -> Lock {
    match from {
        From::Scan(scan) if scan.alias == wanted => Lock::Range(scan.range),
        From::Subquery { alias, query, .. } if alias == wanted => {
            lock_all(query, template);
            Lock::Inside
        }
        From::Function(scan) if scan.alias == wanted => Lock::Wrong("a function"),
        From::Cte { alias, .. } if alias == wanted => Lock::Wrong("a WITH query"),
        From::Join(join) => match lock_in(&mut join.left, wanted, template) {
            Lock::No => lock_in(&mut join.right, wanted, template),
            found => found,
        },
        From::Scan(_)
        | From::Subquery { .. }
        | From::Function(_)
        | From::Cte { .. }
        | From::Fragment(_)
        | From::Secured(_) => Lock::No,
    }
}

/// Locks every base relation, those inside sub-queries too; functions, VALUES and WITH queries are passed over.
fn lock_all(query: &mut Query, template: &Locking) {
    let Body::Select(select) = &mut query.body else { return };
    let mut ranges = Vec::new();
    for from in &mut select.from {
        collect(from, template, &mut ranges);
    }
    if !ranges.is_empty() {
        query.locking.push(Locking { ranges, ..template.clone() });
    }
}

fn collect(from: &mut From, template: &Locking, ranges: &mut Vec<RangeId>) {
    match from {
        From::Scan(scan) => ranges.push(scan.range),
        From::Join(join) => {
            collect(&mut join.left, template, ranges);
            collect(&mut join.right, template, ranges);
        }
        From::Subquery { query, .. } => lock_all(query, template),
        From::Function(_) | From::Cte { .. } | From::Fragment(_) | From::Secured(_) => {}
    }
}
