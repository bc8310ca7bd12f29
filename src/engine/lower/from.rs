//! FROM and WHERE: the items joined along their conditions, each condition as early as it may run.

use std::collections::HashSet;
use std::sync::Arc;

use super::reduce::named;
use super::{Bound, Lowerer, check, conjunction, conjuncts};
use crate::bound::{Expr, ExprKind, From, JoinKind, RangeId, SortKey};
use crate::engine::apply::{Free, LateralJoin, Mode, Spec, SubPlan};
use crate::engine::expr::{Program, has_subquery, is_safe, is_volatile, truth};
use crate::engine::knn::{self, KnnJoin, Near};
use crate::engine::node::node;
use crate::engine::relation::{Rel, Scope};
use crate::engine::statement::{EXISTS, Key, TEMP};
use crate::error::{Error, Result};
use crate::types::{Datum, PgType};

/// A condition waiting to be used.
struct Condition {
    expr: Expr,
    ranges: HashSet<RangeId>,
    safe: bool,
    /// `left = right` with no sub-query and nothing volatile: may be a join key.
    equality: bool,
}

struct Unit<'a> {
    from: &'a From,
    ranges: HashSet<RangeId>,
    free: Free,
}

impl Lowerer {
    /// FROM items (a comma list) under WHERE's conjuncts.
    /// `above`: what is read of the result (everything when `None`).
    pub(super) fn from_where(&self, items: &[From], filter: Vec<Expr>, above: Option<&Free>) -> Result<Rel> {
        let mut units = Vec::new();
        let mut conditions = Vec::new();
        for item in items {
            flatten(item, &mut units, &mut conditions);
        }
        conditions.extend(filter);
        if units.is_empty() {
            return self.filter(self.one_row(), conditions);
        }
        let all: HashSet<RangeId> = units.iter().flat_map(|unit| unit.ranges.iter().copied()).collect();
        let mut conditions: Vec<Condition> = conditions
            .into_iter()
            .map(|expr| {
                let ranges = Free::of_expr(&expr).ranges().intersection(&all).copied().collect();
                let safe = is_safe(&expr);
                let equality = is_equality(&expr) && !has_subquery(&expr) && !is_volatile(&expr);
                Condition { expr, ranges, safe, equality }
            })
            .collect();
        let mut current: Option<(Rel, HashSet<RangeId>)> = None;
        let mut names: Vec<String> = Vec::new();
        while !units.is_empty() {
            let next = choose(&units, current.as_ref().map(|(_, ranges)| ranges), &conditions, &all);
            let unit = units.remove(next);
            let own = take(&mut conditions, |condition| condition.safe && condition.ranges.is_subset(&unit.ranges));
            let name = named(unit.from);
            let lateral = current.as_ref().is_some_and(|(rel, _)| self.depends(&unit.free, rel));
            current = Some(match current {
                None => {
                    let reads = later(above, &conditions, &units);
                    (self.item(unit.from, own, &hints(&conditions, &unit.ranges), reads.as_ref())?, unit.ranges)
                }
                Some((rel, mut ranges)) if lateral => {
                    ranges.extend(&unit.ranges);
                    let reads = later(above, &conditions, &units).map(|mut reads| {
                        own.iter().for_each(|filter| reads.add(Free::of_expr(filter)));
                        reads
                    });
                    let rel = self.lateral(rel, unit.from, Vec::new(), false, reads.as_ref())?;
                    (self.filter(rel, own)?, ranges)
                }
                Some((left, mut ranges)) => {
                    let reads = later(above, &conditions, &units);
                    let right = self.item(unit.from, own, &hints(&conditions, &unit.ranges), reads.as_ref())?;
                    let before = ranges.clone();
                    ranges.extend(&unit.ranges);
                    // Every condition drops rows, whenever it is tested.
                    let both = conditions.iter().filter(|condition| condition.ranges.is_subset(&ranges));
                    let both: Vec<Expr> = both.map(|condition| condition.expr.clone()).collect();
                    let joined = names.join(", ");
                    let sides = (joined.as_str(), name.as_str());
                    let (left, right) = self.reduce(left, right, JoinKind::Inner, &both, sides)?;
                    let on = take(&mut conditions, |condition| {
                        condition.ranges.is_subset(&ranges)
                            && (condition.safe
                                || (condition.equality && connects(&condition.expr, &before, &unit.ranges))
                                || crate::engine::spatial_join::recognized(&condition.expr, &left, &right))
                    });
                    let reads = later(above, &conditions, &units);
                    (self.join(left, right, JoinKind::Inner, on, reads.as_ref())?, ranges)
                }
            });
            names.push(name);
        }
        let Some((rel, _)) = current else { return Err(Error::internal("FROM without items")) };
        let left = conditions.into_iter().map(|condition| condition.expr).collect();
        let (rel, left) = self.partnered(rel, left)?;
        self.filter(rel, left)
    }

    /// One FROM item on its own. `filters` cannot raise and read it only; `hints` may be used to read less (they are checked later).
    fn item(&self, from: &From, filters: Vec<Expr>, hints: &[Expr], above: Option<&Free>) -> Result<Rel> {
        match from {
            From::Cte { range, cte, columns, .. } => {
                let rel = self.cte(*cte)?;
                self.filter(self.renamed(rel, *range, columns.len())?, filters)
            }
            From::Fragment(scan) => self.fragment(scan, filters),
            From::Function(scan) => self.filter(self.function_scan(self.one_row(), scan)?, filters),
            From::Join(join) => {
                let on = conjuncts(join.on.as_ref());
                match join.kind {
                    JoinKind::Cross | JoinKind::Inner => {
                        let mut all = on;
                        all.extend(filters);
                        self.from_where(std::slice::from_ref(from), all, above)
                    }
                    JoinKind::Left => self.outer_join(&join.left, &join.right, on, filters, above),
                    JoinKind::Right => self.outer_join(&join.right, &join.left, on, filters, above),
                    JoinKind::Full => {
                        if on.iter().any(has_subquery) {
                            return Err(Error::unsupported("FULL JOIN on a condition with a sub-query"));
                        }
                        let left = self.from_where(std::slice::from_ref(&join.left), Vec::new(), None)?;
                        let right = self.from_where(std::slice::from_ref(&join.right), Vec::new(), None)?;
                        let rel = self.join(left, right, JoinKind::Full, on, None)?;
                        self.filter(rel, filters)
                    }
                }
            }
            From::Scan(_) => Err(Error::internal("an unsecured relation reached the engine")),
            From::Secured(scan) => self.scan(scan, filters, hints),
            From::Subquery { range, query, columns, .. } => {
                let rel = self.query(query)?;
                self.filter(self.renamed(rel, *range, columns.len())?, filters)
            }
        }
    }

    /// `kept LEFT JOIN other ON on`.
    fn outer_join(
        &self,
        kept: &From,
        other: &From,
        on: Vec<Expr>,
        filters: Vec<Expr>,
        above: Option<&Free>,
    ) -> Result<Rel> {
        let kept_ranges = ranges_of(kept);
        let other_ranges = ranges_of(other);
        let (pushed, late): (Vec<_>, Vec<_>) =
            filters.into_iter().partition(|filter| Free::of_expr(filter).ranges().is_subset(&kept_ranges));
        let reads = above.map(|above| {
            let mut reads = above.clone();
            on.iter().chain(&late).for_each(|expr| reads.add(Free::of_expr(expr)));
            reads.add(Free::of_from(other, &[]));
            reads
        });
        let left = self.from_where(std::slice::from_ref(kept), pushed, reads.as_ref())?;
        let free = Free::of_from(other, &[]);
        let rel = if self.depends(&free, &left) || on.iter().any(has_subquery) {
            self.lateral(left, other, on, true, reads.as_ref())?
        } else {
            let own = |expr: &Expr| {
                let ranges = Free::of_expr(expr).ranges();
                is_safe(expr) && !ranges.is_empty() && ranges.is_subset(&other_ranges)
            };
            let (inner, on): (Vec<_>, Vec<_>) = on.into_iter().partition(own);
            let right = self.from_where(std::slice::from_ref(other), inner, reads.as_ref())?;
            let names = (named(kept), named(other));
            let (left, right) = self.reduce(left, right, JoinKind::Left, &on, (&names.0, &names.1))?;
            self.join(left, right, JoinKind::Left, on, reads.as_ref())?
        };
        self.filter(rel, late)
    }

    /// Joins an item that reads its left neighbours (or has a condition with a sub-query).
    fn lateral(&self, rel: Rel, from: &From, on: Vec<Expr>, left: bool, above: Option<&Free>) -> Result<Rel> {
        if let (From::Function(scan), true, false) = (from, on.is_empty(), left) {
            return self.function_scan(rel, scan);
        }
        // A plan that runs again and again would build its index as often.
        if !self.repeated
            && let Some(found) = knn::recognize(from, &on, left, &rel)
            && !(left && self.statement.columns_of(found.range, found.width).1)
        {
            return self.nearest(rel, &found, left, above);
        }
        let bindings = Free::of_from(from, &on).bindings(&rel.columns);
        // The columns it gives: lowered once with NULLs in place of the outer values.
        let mut outer = self.outer().clone();
        for (key, ty) in &bindings {
            outer.0.insert(*key, (crate::types::Datum::Null, *ty));
        }
        let mut output = self.inside(outer, true).lateral_item(from, &on, None)?.columns;
        // Generated columns have other names each time, and nobody reads them.
        output.retain(|(key, _)| key.0 != TEMP);
        let binding = bindings
            .iter()
            .map(|(key, ty)| {
                rel.position(*key).map(|index| (index, *ty)).ok_or_else(|| crate::engine::expr::missing(*key))
            })
            .collect::<Result<Vec<_>>>()?;
        let spec = Spec::From { from: Arc::new(from.clone()), on: Arc::new(on), output: output.clone() };
        let operator =
            LateralJoin { plan: SubPlan::new(self, spec, bindings, Mode::Batches), binding, left, width: output.len() };
        let mut columns = rel.columns.clone();
        columns.extend(&output);
        let types = columns.iter().map(|(_, ty)| *ty).collect();
        let rows = rel.rows * 2.0;
        Ok(Rel::new(node(operator, vec![rel.plan], types), columns, rows))
    }

    /// A nearest-neighbour join in place of a lateral one. `above`: what is read of the result.
    fn nearest(&self, rel: Rel, found: &knn::Recognized<'_>, left: bool, above: Option<&Free>) -> Result<Rel> {
        // PostgreSQL computes OFFSET first.
        let skip = check(self.limit_value(found.limit.offset.as_ref())?, Bound::Offset)?.unwrap_or(0);
        let k = check(self.limit_value(found.limit.count.as_ref())?, Bound::Limit)?.unwrap_or(usize::MAX);
        let mut inner = self.from_where(&found.select.from, found.own.clone(), None)?;
        let of = self.statement.temp();
        let mut computed = vec![(of, found.of.clone())];
        let mut keys = Vec::new();
        for key in &found.then {
            let column = self.statement.temp();
            computed.push((column, key.expr.clone()));
            keys.push(SortKey { expr: column, descending: key.descending, nulls_first: key.nulls_first });
        }
        inner = self.project(inner, None, computed)?;
        inner = self.sort(inner, &keys, None)?;

        let place = |key: Key| inner.position(key).ok_or_else(|| crate::engine::expr::missing(key));
        let near = match &found.near.kind {
            ExprKind::Column { range, column } if rel.position(Key(*range, *column)).is_some() => {
                Near::Column(rel.position(Key(*range, *column)).unwrap_or_default())
            }
            _ => Near::Computed(Program::new(&self.statement, found.near, &self.scope(&rel))?),
        };
        let filter = if found.both.is_empty() {
            None
        } else {
            let mut columns = rel.columns.clone();
            columns.extend(&inner.columns);
            let scope = Scope { columns: &columns, outer: &self.outer };
            Some(Program::new(&self.statement, &conjunction(found.both.clone()), &scope)?)
        };
        // The item's columns are its select list's, in order.
        let (wanted, whole) = self.statement.columns_of(found.range, found.width);
        let mut reads = Free::default();
        let mut items = Vec::new();
        for column in wanted {
            let item =
                &found.select.items.get(column).ok_or_else(|| Error::internal("a column without its item"))?.expr;
            reads.add(Free::of_expr(item));
            items.push((Key(found.range, column), item.clone()));
        }
        if whole {
            items.push((Key(found.range, EXISTS), Expr::literal(Datum::Bool(true), PgType::BOOL)));
        }
        let kept: Vec<Key> =
            rel.columns.iter().map(|(key, _)| *key).filter(|key| above.is_none_or(|above| above.reads(*key))).collect();
        let (mut columns, mut outer_places, mut inner_places) = (Vec::new(), Vec::new(), Vec::new());
        for (n, (key, ty)) in rel.columns.iter().enumerate() {
            if kept.contains(key) || reads.reads(*key) || (n + 1 == rel.columns.len() && outer_places.is_empty()) {
                outer_places.push(n);
                columns.push((*key, *ty));
            }
        }
        for (key, ty) in reads.bindings(&inner.columns) {
            inner_places.push(place(key)?);
            columns.push((key, ty));
        }
        let operator = KnnJoin {
            k,
            skip,
            left,
            near,
            of: place(of)?,
            filter,
            outer: outer_places,
            inner: inner_places,
            env: self.statement.env.clone(),
        };
        let types = columns.iter().map(|(_, ty)| *ty).collect();
        let rows = rel.rows * (k as f64).min(inner.rows.max(1.0));
        let joined = Rel::new(node(operator, vec![rel.plan, inner.plan], types), columns, rows);
        let mut output = kept.clone();
        output.extend(items.iter().map(|(key, _)| *key));
        if output.is_empty() {
            return Ok(joined);
        }
        self.computed(joined, &kept, items, &output)
    }

    /// The inside of a lateral join, with the outer values at hand.
    pub(in crate::engine) fn lateral_item(
        &self,
        from: &From,
        on: &[Expr],
        output: Option<&[(Key, PgType)]>,
    ) -> Result<Rel> {
        let rel = self.from_where(std::slice::from_ref(from), on.to_vec(), None)?;
        match output {
            None => Ok(rel),
            Some(output) => {
                let keys: Vec<Key> = output.iter().map(|(key, _)| *key).collect();
                self.columns_in_order(rel, &keys)
            }
        }
    }

    /// Gives a query's columns the names of a FROM item; only those that are read stay.
    pub(super) fn renamed(&self, rel: Rel, range: RangeId, width: usize) -> Result<Rel> {
        let (wanted, whole) = self.statement.columns_of(range, width);
        let columns = rel.columns.iter().enumerate().map(|(n, (_, ty))| (Key(range, n), *ty)).collect();
        let origin = |(n, (key, _)): (usize, &(Key, PgType))| Some((Key(range, n), rel.origin(*key)?.clone()));
        let origins = rel.columns.iter().enumerate().filter_map(origin).collect();
        let rel = Rel { columns, origins, ..rel };
        let added = if whole { vec![(Key(range, EXISTS), PgType::BOOL, truth())] } else { Vec::new() };
        rel.project(Some(&|key| wanted.contains(&key.1)), added)
    }
}

/// Inner and cross joins are lists of items and conditions.
fn flatten<'a>(from: &'a From, units: &mut Vec<Unit<'a>>, conditions: &mut Vec<Expr>) {
    if let From::Join(join) = from
        && matches!(join.kind, JoinKind::Cross | JoinKind::Inner)
    {
        flatten(&join.left, units, conditions);
        flatten(&join.right, units, conditions);
        conditions.extend(conjuncts(join.on.as_ref()));
        return;
    }
    units.push(Unit { from, ranges: ranges_of(from), free: Free::of_from(from, &[]) });
}

/// The ranges whose columns an item gives.
pub(in crate::engine) fn ranges_of(from: &From) -> HashSet<RangeId> {
    from.ranges().into_iter().collect()
}

/// What is read after a step: above, by the conditions that wait, by the items that come.
fn later(above: Option<&Free>, conditions: &[Condition], units: &[Unit<'_>]) -> Option<Free> {
    let mut reads = above?.clone();
    conditions.iter().for_each(|condition| reads.add(Free::of_expr(&condition.expr)));
    units.iter().for_each(|unit| reads.add(unit.free.clone()));
    Some(reads)
}

/// The next item: one connected with what is there, else the first whose left neighbours are there.
fn choose(
    units: &[Unit<'_>],
    joined: Option<&HashSet<RangeId>>,
    conditions: &[Condition],
    all: &HashSet<RangeId>,
) -> usize {
    let ready = |unit: &Unit<'_>| {
        unit.free
            .ranges()
            .iter()
            .all(|range| !all.contains(range) || joined.is_some_and(|joined| joined.contains(range)))
    };
    let connected = |unit: &Unit<'_>| {
        joined.is_some_and(|joined| {
            conditions.iter().any(|condition| {
                condition.ranges.len() > 1
                    && (condition.equality || is_spatial(&condition.expr))
                    && !condition.ranges.is_disjoint(&unit.ranges)
                    && condition.ranges.iter().all(|range| joined.contains(range) || unit.ranges.contains(range))
            })
        })
    };
    units.iter().position(|unit| ready(unit) && connected(unit)).or_else(|| units.iter().position(ready)).unwrap_or(0)
}

fn is_spatial(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Call { args, .. } if args.iter().filter(|arg| arg.ty.oid == PgType::GEOMETRY).count() > 1)
}

pub(super) fn is_equality(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Call { operator: Some(operator), args, .. } if &**operator == "=" && args.len() == 2)
}

/// Whether one side of an equality reads only the one set of ranges and the other side only the other.
fn connects(expr: &Expr, left: &HashSet<RangeId>, right: &HashSet<RangeId>) -> bool {
    let ExprKind::Call { args, .. } = &expr.kind else { return false };
    let [one, two] = args.as_slice() else { return false };
    let reads = |expr: &Expr, of: &HashSet<RangeId>, not: &HashSet<RangeId>| {
        let ranges = Free::of_expr(expr).ranges();
        !ranges.is_disjoint(of) && ranges.is_disjoint(not)
    };
    (reads(one, left, right) && reads(two, right, left)) || (reads(one, right, left) && reads(two, left, right))
}

fn take(conditions: &mut Vec<Condition>, wanted: impl Fn(&Condition) -> bool) -> Vec<Expr> {
    let (taken, rest) = std::mem::take(conditions).into_iter().partition(|condition| wanted(condition));
    *conditions = rest;
    let taken: Vec<Condition> = taken;
    taken.into_iter().map(|condition| condition.expr).collect()
}

/// Conditions on one item that run later.
fn hints(conditions: &[Condition], ranges: &HashSet<RangeId>) -> Vec<Expr> {
    conditions
        .iter()
        .filter(|condition| {
            !condition.ranges.is_empty()
                && condition.ranges.is_subset(ranges)
                && !has_subquery(&condition.expr)
                && !is_volatile(&condition.expr)
        })
        .map(|condition| condition.expr.clone())
        .collect()
}
