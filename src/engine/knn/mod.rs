//! Nearest neighbours: `cross join lateral (select .. from t where .. order by t.geom <-> o.geom limit k)` gathers the item's rows
//! once, in an R-tree, and searches it for each outer row.
//!
//! The rows are those of the lateral join: candidates come from boxes, their order from the kernel of `<->`. What boxes say nothing
//! about (NULL, EMPTY, other SRIDs, curves, positions that are not finite) is computed row by row. Rows equally far come in the
//! order of the table. Rejected: Sedona's ST_KNN, which drops NULL and EMPTY geometries of both sides and is wrong as a left join.

mod join;

pub(super) use self::join::{KnnJoin, Near};

use super::apply::Free;
use super::expr::{has_subquery, is_safe, is_volatile, plain_collation};
use super::lower::{conjuncts, from_is_volatile, ranges_of};
use super::relation::Rel;
use crate::bound::visit::children;
use crate::bound::{Body, Distinct, Expr, ExprKind, From, Limit, RangeId, Select, SortKey};
use crate::catalog::FunctionKind;
use crate::types::{Datum, PgType};

/// What was recognized in a lateral item.
pub(super) struct Recognized<'a> {
    pub(super) select: &'a Select,
    pub(super) limit: &'a Limit,
    pub(super) range: RangeId,
    /// Number of columns that the item names.
    pub(super) width: usize,
    /// The geometry of the outer row.
    pub(super) near: &'a Expr,
    /// The geometry of the item's rows.
    pub(super) of: &'a Expr,
    /// Conditions on the item's rows alone, and those that read the outer row too.
    pub(super) own: Vec<Expr>,
    pub(super) both: Vec<Expr>,
    /// What orders rows that are equally far.
    pub(super) then: Vec<SortKey<Expr>>,
}

/// The shape that is a nearest-neighbour join with `rel`'s rows.
pub(super) fn recognize<'a>(from: &'a From, on: &[Expr], left: bool, rel: &Rel) -> Option<Recognized<'a>> {
    let From::Subquery { range, query, columns, .. } = from else { return None };
    let Body::Select(select) = &query.body else { return None };
    let (first, then) = query.order_by.split_first()?;
    let plain = on.iter().all(is_true)
        && query.ctes.is_empty()
        && query.locking.is_empty()
        && query.limit.count.is_some()
        && !query.limit.with_ties
        && [&query.limit.count, &query.limit.offset].into_iter().flatten().all(is_constant)
        && !first.descending
        && !first.nulls_first
        && matches!(select.distinct, Distinct::All)
        && select.group_by.is_none()
        && select.having.is_none()
        && !select.aggregated
        && !select.from.is_empty()
        && select.items.iter().all(|item| is_plain(&item.expr));
    if !plain {
        return None;
    }
    let inner: Vec<RangeId> = select.from.iter().flat_map(ranges_of).collect();
    let free = |expr: &Expr| Free::of_expr(expr).ranges();
    let reads_inner = |expr: &Expr| free(expr).iter().any(|of| inner.contains(of));
    let reads_outer = |expr: &Expr| !Free::of_expr(expr).bindings(&rel.columns).is_empty();
    let uncorrelated = |from: &From| Free::of_from(from, &[]).bindings(&rel.columns).is_empty();
    if !select.from.iter().all(|from| uncorrelated(from) && !from_is_volatile(from)) {
        return None;
    }
    let (own, both): (Vec<Expr>, Vec<Expr>) =
        conjuncts(select.filter.as_ref()).into_iter().partition(|filter| !reads_outer(filter));
    if own.iter().any(is_volatile) || !both.iter().all(|filter| is_safe(filter) && !has_subquery(filter)) {
        return None;
    }
    let [one, two] = distance(&select.items.get(first.expr)?.expr)?;
    let (near, of) = if reads_inner(one) { (two, one) } else { (one, two) };
    if reads_inner(near) || !reads_inner(of) || reads_outer(of) || has_subquery(near) || has_subquery(of) {
        return None;
    }
    let then = then
        .iter()
        .map(|key| {
            let expr = &select.items.get(key.expr)?.expr;
            let usable = plain_collation(expr) && !reads_outer(expr);
            usable.then(|| SortKey { expr: expr.clone(), descending: key.descending, nulls_first: key.nulls_first })
        })
        .collect::<Option<Vec<_>>>()?;
    // Of a row without neighbours every column must come out NULL.
    if left && !select.items.iter().all(|item| is_null_of_nulls(&item.expr, &inner)) {
        return None;
    }
    let (range, width, limit) = (*range, columns.len(), &query.limit);
    Some(Recognized { select, limit, range, width, near, of, own, both, then })
}

/// The sides of `a <-> b` or ST_Distance(a, b) of geometries.
fn distance(expr: &Expr) -> Option<[&Expr; 2]> {
    let ExprKind::Call { function, args, .. } = &expr.kind else { return None };
    let known = matches!(
        function.symbol.as_str(),
        "geometry_distance_centroid(geometry,geometry)" | "st_distance(geometry,geometry)"
    );
    let [one, two] = args.as_slice() else { return None };
    let geometries = one.ty.oid == PgType::GEOMETRY && two.ty.oid == PgType::GEOMETRY;
    (known && function.schema == "public" && geometries).then_some([one, two])
}

fn is_true(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Literal(Datum::Bool(true)))
}

fn is_constant(expr: &Expr) -> bool {
    Free::of_expr(expr).ranges().is_empty() && !has_subquery(expr) && !is_volatile(expr)
}

fn is_null_of_nulls(expr: &Expr, inner: &[RangeId]) -> bool {
    match &expr.kind {
        ExprKind::Column { range, .. } => inner.contains(range),
        ExprKind::Call { function, args, .. } => function.strict && args.iter().any(|arg| is_null_of_nulls(arg, inner)),
        _ => false,
    }
}

/// No sub-query, window, set or volatile call.
fn is_plain(expr: &Expr) -> bool {
    let own = match &expr.kind {
        ExprKind::Subquery { .. } | ExprKind::Window(_) | ExprKind::Aggregate(_) | ExprKind::Grouping(_) => false,
        ExprKind::Call { function, .. } => !function.returns_set && function.kind == FunctionKind::Function,
        _ => true,
    };
    let mut plain = own && !is_volatile(expr);
    children(expr, &mut |child| plain = plain && is_plain(child));
    plain
}
