//! Splitting a statement into fragments and a residual.
//!
//! A condition goes to a scan when it concerns that scan alone and stands where a row that fails it can only be dropped: a conjunct of
//! WHERE, or of ON, over a scan that is not null-extended below that place (invariant 11). It is the same condition there, so nothing
//! of it is left here, unless the target can say no more than a weaker one: then it is also tested again here, on the fragment's rows,
//! before anything else sees them. Volatile conditions and sub-queries stay.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::choose::{is_refusal, reason, server_of, target};
use super::{Choice, Engine, Fragment, Options, Route};
use crate::bound::visit::{Node, walk_expr, walk_statement};
use crate::bound::{
    Body, Distinct, Expr, ExprKind, FragmentScan, From, FunctionScan, JoinKind, Query, RangeId, Reads, Statement,
};
use crate::catalog::{Catalog, Source, Volatility};
use crate::dialect::{PrintTarget, print};
use crate::error::Result;
use crate::policy::{Secured, SecuredScan, Site};
use crate::types::{Datum, PgType};

pub(super) fn federate(secured: &Secured, catalog: &Catalog, options: Options, mut why: Vec<String>) -> Result<Choice> {
    let force = options.force;
    let mut pushed: HashMap<RangeId, Vec<Expr>> = HashMap::new();
    let mut weakened: HashMap<RangeId, Vec<Expr>> = HashMap::new();
    let residual = if force == Some(Engine::Local) {
        secured.clone()
    } else {
        secured.with_fragments(&[], &mut |site, filter| {
            let scans = droppable(site);
            let mut kept = Vec::new();
            for conjunct in conjuncts(filter.take()) {
                match only_range(&conjunct).and_then(|range| scans.get(&range)) {
                    Some(scan) => match printable(secured, catalog, options, scan, &conjunct)? {
                        Printable::Exact => pushed.entry(scan.scan.range).or_default().push(conjunct),
                        Printable::No(because) => {
                            why.push(format!("a condition on {} stays here: {because}", scan.scan.relation.name));
                            kept.push(conjunct);
                        }
                        Printable::Weaker(because) => {
                            let name = &scan.scan.relation.name;
                            why.push(format!("a condition on {name} is weaker there and tested again here: {because}"));
                            weakened.entry(scan.scan.range).or_default().push(conjunct);
                        }
                    },
                    None => kept.push(conjunct),
                }
            }
            *filter = match (kept.len(), site) {
                // A join condition of which nothing is left holds for every pair.
                (0, Site::On { kind, .. }) if kind != JoinKind::Cross => {
                    Some(Expr::literal(Datum::Bool(true), PgType::BOOL))
                }
                (0, _) => None,
                (1, _) => kept.pop(),
                (_, _) => {
                    let ty = kept[0].ty.clone();
                    Some(Expr::new(ExprKind::And(kept), ty, Default::default()))
                }
            };
            Ok(())
        })?
    };
    let mut reads = Reads::of(residual.statement());
    weakened.values().flatten().for_each(|condition| reads.add(condition));
    let mut fragments = Vec::new();
    let mut scans = Vec::new();
    for scan in remote_scans(residual.statement()) {
        let relation = &scan.scan.relation;
        let Source::Remote { server, .. } = &relation.source else { continue };
        let server = server_of(catalog, *server)?;
        let columns = columns_of(scan, &reads);
        let mut conditions = pushed.remove(&scan.scan.range).unwrap_or_default();
        let recheck = weakened.remove(&scan.scan.range).unwrap_or_default();
        let limit = if force.is_none() && recheck.is_empty() { limit(residual.statement()) } else { None };
        let whole = format!("{}.{}", relation.schema, relation.name);
        why.push(format!(
            "{whole} comes from server \"{}\": {} of {} columns, {} of its conditions there{}{}",
            server.name,
            columns.len(),
            relation.columns.len(),
            conditions.len(),
            if recheck.is_empty() { String::new() } else { format!(", {} weaker", recheck.len()) },
            if limit.is_some() { ", with LIMIT" } else { "" }
        ));
        conditions.extend(recheck.iter().cloned());
        let (count, limited) = (conditions.len(), limit.is_some());
        let fragment = secured.fragment(scan, &columns, conditions, limit)?;
        let target = PrintTarget { weaken: !recheck.is_empty(), ..target(catalog, server, options)? };
        let sql = print(&fragment, &target)?;
        let rechecked = recheck.len();
        scans.push(FragmentScan {
            range: scan.scan.range,
            fragment: fragments.len(),
            alias: scan.scan.alias.clone(),
            relation: relation.clone(),
            columns,
            recheck,
            conditions: count,
        });
        fragments.push(Fragment {
            server: server.oid,
            sql,
            relation: whole,
            rechecked,
            conditions: count,
            limited,
            rows: Some(relation.rows).filter(|rows| *rows >= 0.0),
            plain: scan.is_plain(),
            secured: Arc::new(fragment),
            options,
        });
    }
    let residual = residual.with_fragments(&scans, &mut |_, _| Ok(()))?;
    Ok(Choice { route: Route::Federated { fragments, residual: Box::new(residual) }, why })
}

/// The secured scans over remote relations, in the order of the statement.
fn remote_scans(statement: &Statement) -> Vec<&SecuredScan> {
    let mut scans = Vec::new();
    let _ = walk_statement(statement, &mut |node| {
        if let Node::From(From::Secured(scan)) = node
            && matches!(scan.scan.relation.source, Source::Remote { .. })
        {
            scans.push(&**scan);
        }
        ControlFlow::Continue(())
    });
    scans
}

/// How far a scan's server can compute a condition; if not exactly, why.
enum Printable {
    Exact,
    No(String),
    /// A condition that holds wherever this one does or raises.
    Weaker(String),
}

fn printable(
    secured: &Secured,
    catalog: &Catalog,
    options: Options,
    scan: &SecuredScan,
    condition: &Expr,
) -> Result<Printable> {
    let Source::Remote { server, .. } = &scan.scan.relation.source else {
        return Ok(Printable::No("the relation is not on a server".to_owned()));
    };
    let fragment = secured.fragment(scan, &[], vec![condition.clone()], None)?;
    let printed = |weaken: bool| {
        let target = target(catalog, server_of(catalog, *server)?, options)?;
        match print(&fragment, &PrintTarget { weaken, ..target }) {
            Ok(_) => Ok(None),
            Err(error) if is_refusal(&error) => Ok(Some(reason(&error))),
            Err(error) => Err(error),
        }
    };
    match printed(false)? {
        None => Ok(Printable::Exact),
        Some(why) => Ok(match printed(true)? {
            None => Printable::Weaker(why),
            Some(_) => Printable::No(why),
        }),
    }
}

/// The remote scans whose rows a failing condition at this place can only drop.
fn droppable(site: Site<'_>) -> HashMap<RangeId, SecuredScan> {
    let mut scans = HashMap::new();
    match site {
        Site::Where(from) => from.iter().for_each(|from| not_extended(from, &mut scans)),
        Site::On { kind, left, right } => match kind {
            JoinKind::Cross | JoinKind::Inner => {
                not_extended(left, &mut scans);
                not_extended(right, &mut scans);
            }
            // A failing condition only unmatches: rows of the other side must not be lost.
            JoinKind::Left => not_extended(right, &mut scans),
            JoinKind::Right => not_extended(left, &mut scans),
            JoinKind::Full => {}
        },
    }
    scans
}

/// The remote scans of a FROM item that no join in it null-extends.
fn not_extended(from: &From, scans: &mut HashMap<RangeId, SecuredScan>) {
    match from {
        From::Cte { .. } | From::Fragment(_) | From::Function(FunctionScan { .. }) => {}
        From::Scan(_) | From::Subquery { .. } => {}
        From::Join(join) => {
            if matches!(join.kind, JoinKind::Cross | JoinKind::Inner | JoinKind::Left) {
                not_extended(&join.left, scans);
            }
            if matches!(join.kind, JoinKind::Cross | JoinKind::Inner | JoinKind::Right) {
                not_extended(&join.right, scans);
            }
        }
        From::Secured(scan) => {
            if matches!(scan.scan.relation.source, Source::Remote { .. }) {
                scans.insert(scan.scan.range, (**scan).clone());
            }
        }
    }
}

fn conjuncts(filter: Option<Expr>) -> Vec<Expr> {
    match filter {
        None => Vec::new(),
        Some(Expr { kind: ExprKind::And(args), .. }) => args.into_iter().flat_map(|arg| conjuncts(Some(arg))).collect(),
        Some(expr) => vec![expr],
    }
}

/// The one range that an expression concerns; `None` when it concerns several or none, has a sub-query, or is volatile.
fn only_range(expr: &Expr) -> Option<RangeId> {
    let mut ranges = BTreeSet::new();
    let flow = walk_expr(expr, &mut |node| {
        let Node::Expr(expr) = node else { return ControlFlow::Break(()) };
        match &expr.kind {
            ExprKind::Column { range, .. } | ExprKind::WholeRow { range } => {
                ranges.insert(*range);
            }
            ExprKind::Call { function, .. } | ExprKind::ScalarArray { function, .. }
                if function.volatility == Volatility::Volatile || function.returns_set =>
            {
                return ControlFlow::Break(());
            }
            ExprKind::Aggregate(_) | ExprKind::Subquery { .. } | ExprKind::Window(_) => return ControlFlow::Break(()),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    match (flow, ranges.len()) {
        (ControlFlow::Continue(()), 1) => ranges.into_iter().next(),
        _ => None,
    }
}

/// The columns a fragment must bring for what the residual reads. When none is read, a narrow one that still counts the rows.
fn columns_of(scan: &SecuredScan, reads: &Reads) -> Vec<usize> {
    let relation = &scan.scan.relation;
    let read = reads.get(scan.scan.range).cloned().unwrap_or_default();
    let mut columns = read.columns;
    if read.whole {
        columns.extend(0..relation.columns.len());
    }
    if columns.is_empty() {
        let narrow = relation.columns.iter().position(|column| column.ty.len() > 0);
        columns.extend(narrow.or_else(|| (!relation.columns.is_empty()).then_some(0)));
    }
    columns.into_iter().collect()
}

/// The LIMIT that the only scan of a statement may apply itself: no row of the scan is dropped, merged or reordered above it.
fn limit(statement: &Statement) -> Option<Expr> {
    let Statement::Query(query) = statement else { return None };
    let Query { ctes, body: Body::Select(select), order_by, limit, locking, .. } = &**query else { return None };
    let plain = ctes.is_empty()
        && order_by.is_empty()
        && locking.is_empty()
        && !limit.with_ties
        && matches!(select.distinct, Distinct::All)
        && select.filter.is_none()
        && select.group_by.is_none()
        && select.having.is_none()
        && !select.aggregated
        && matches!(&select.from[..], [From::Secured(_)]);
    if !plain {
        return None;
    }
    let changes_rows = select.items.iter().any(|item| {
        walk_expr(&item.expr, &mut |node| match node {
            Node::Expr(Expr { kind: ExprKind::Call { function, .. }, .. }) if function.returns_set => {
                ControlFlow::Break(())
            }
            Node::Expr(Expr {
                kind: ExprKind::Aggregate(_) | ExprKind::Subquery { .. } | ExprKind::Window(_), ..
            }) => ControlFlow::Break(()),
            Node::Expr(_) | Node::From(_) | Node::Query(_) => ControlFlow::Continue(()),
        })
        .is_break()
    });
    let number = |expr: &Expr| match &expr.kind {
        ExprKind::Literal(value) => value.as_i64().filter(|value| *value >= 0),
        _ => None,
    };
    let count = number(limit.count.as_ref()?)?;
    let offset = match &limit.offset {
        None => 0,
        Some(offset) => number(offset)?,
    };
    let total = count.checked_add(offset).filter(|_| !changes_rows)?;
    Some(Expr::literal(Datum::Int8(total), PgType::INT8))
}
