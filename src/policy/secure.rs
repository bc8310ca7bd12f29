//! [`secure`]: the wall between what a statement says and what may be routed.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::privilege::{self, Checked};
use super::secured::{ColumnAccess, Fence, Secured, SecuredScan, SecuredTarget};
use crate::bound::visit::{Node, walk_statement};
use crate::bound::visit_mut::{NodeMut, walk_statement_mut};
use crate::bound::{Bound, From, RangeId, Scan, Statement};
use crate::catalog::{Catalog, Source};
use crate::error::{Error, Result};

/// Applies the role's privileges and policies. Views are expanded before.
pub fn secure(bound: Bound, catalog: &Catalog, role: u32) -> Result<Secured> {
    let Bound { mut statement, params, contexts, read: _ } = bound;
    let Checked { open, nested } = privilege::check(&statement, catalog, role)?;
    walk_statement_mut(&mut statement, &mut |node| {
        if let NodeMut::From(from) = node
            && let From::Scan(scan) = from
        {
            *from = From::Secured(Box::new(secured_scan(scan.clone())?));
        }
        Ok(())
    })?;
    let mut targets = BTreeMap::new();
    privilege::targets(&statement, nested, &mut |statement| {
        if let Some((range, target)) = secured_target(statement) {
            targets.insert(range, target);
        }
        Ok(())
    })?;
    let secured =
        Secured { statement, params: params.into(), contexts: contexts.into(), targets: Arc::new(targets), open };
    no_open_scan(&secured)?;
    Ok(secured)
}

/// The scan as its reader may see it. Column privileges were checked for every column that the statement names, so what is left
/// to see is visible.
fn secured_scan(scan: Scan) -> Result<SecuredScan> {
    if matches!(scan.relation.source, Source::View) {
        return Err(Error::internal(format!("view {} reached policy unexpanded", scan.relation.name)));
    }
    let columns = vec![ColumnAccess::Visible; scan.relation.columns.len()];
    Ok(SecuredScan { scan, columns, predicate: None, fence: Fence::None })
}

fn secured_target(statement: &Statement) -> Option<(RangeId, SecuredTarget)> {
    let (scan, written): (&Scan, Vec<usize>) = match statement {
        Statement::Query(_) => return None,
        Statement::Delete(delete) => (&delete.target, Vec::new()),
        Statement::Insert(insert) => {
            let conflict = insert.on_conflict.iter().flat_map(|conflict| &conflict.assignments);
            (&insert.target, insert.columns.iter().copied().chain(conflict.map(|(column, _)| *column)).collect())
        }
        Statement::Update(update) => (&update.target, update.assignments.iter().map(|(column, _)| *column).collect()),
    };
    let mut writable = vec![false; scan.relation.columns.len()];
    for column in written {
        if let Some(writable) = writable.get_mut(column) {
            *writable = true;
        }
    }
    Some((scan.range, SecuredTarget { using: None, check: None, writable }))
}

/// Invariant 2, checked on the result: no base relation without its security.
fn no_open_scan(secured: &Secured) -> Result<()> {
    let (mut open, mut nested) = (None, false);
    let _ = walk_statement(&secured.statement, &mut |node| match node {
        Node::From(From::Scan(scan)) => {
            open = Some(scan.relation.name.clone());
            ControlFlow::Break(())
        }
        Node::Query(query) => {
            nested |= privilege::modifies(query);
            ControlFlow::Continue(())
        }
        Node::Expr(_) | Node::From(_) => ControlFlow::Continue(()),
    });
    privilege::targets(&secured.statement, nested, &mut |statement| {
        let range = match statement {
            Statement::Query(_) => return Ok(()),
            Statement::Delete(delete) => delete.target.range,
            Statement::Insert(insert) => insert.target.range,
            Statement::Update(update) => update.target.range,
        };
        if secured.target(range).is_none() {
            return Err(Error::internal("a target without its security"));
        }
        Ok(())
    })?;
    match open {
        Some(name) => Err(Error::internal(format!("relation {name} was not secured"))),
        None => Ok(()),
    }
}
