//! Nearest neighbours: `cross join lateral (select .. from t order by t.geom <-> o.geom limit k)` over points runs on Sedona's
//! nearest-neighbour join for outer rows with a point, when the table has k points; every other row goes through Apply.

use std::sync::Arc;

use arrow::array::{Array, BinaryArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use datafusion::common::{JoinSide, JoinType};
use futures::FutureExt;
use futures::future::BoxFuture;
use sedona_spatial_join::SpatialJoinExec;
use sedona_spatial_join::spatial_predicate::{KNNPredicate, SpatialPredicate};

use super::apply::{Gathered, LateralJoin, SharedScan, SharedTable};
use super::expr::is_volatile;
use super::lower::Lowerer;
use super::node::{Emitter, Input, Operator};
use super::relation::Rel;
use super::rows;
use super::sources::wkb;
use super::spatial_join::{Tagged, options, point_column};
use super::statement::Key;
use crate::bound::visit::children;
use crate::bound::{Body, Distinct, Expr, ExprKind, From, Select};
use crate::catalog::FunctionKind;
use crate::engine::apply::Free;
use crate::engine::expr::has_subquery;
use crate::error::{Error, Result};
use crate::types::PgType;

/// Off until its rows have been compared with those of Apply: the lateral join answers meanwhile.
pub(super) const ENABLED: bool = false;

/// What was recognized in a lateral item.
pub(super) struct Recognized<'a> {
    pub(super) select: &'a Select,
    pub(super) limit: &'a Expr,
    pub(super) outer: Key,
    pub(super) inner: Key,
}

/// The shape that is a nearest-neighbour join.
pub(super) fn recognize<'a>(from: &'a From, rel: &Rel) -> Option<Recognized<'a>> {
    let From::Subquery { query, .. } = from else { return None };
    let Body::Select(select) = &query.body else { return None };
    let [order] = query.order_by.as_slice() else { return None };
    let limit = query.limit.count.as_ref()?;
    let plain = query.ctes.is_empty()
        && query.locking.is_empty()
        && query.limit.offset.is_none()
        && !query.limit.with_ties
        && !order.descending
        && !order.nulls_first
        && matches!(select.distinct, Distinct::All)
        && select.group_by.is_none()
        && select.having.is_none()
        && !select.aggregated
        && Free::of_expr(limit).ranges().is_empty()
        && !has_subquery(limit)
        && select.items.iter().all(|item| is_plain(&item.expr));
    let range = match select.from.as_slice() {
        [From::Secured(scan)] => scan.scan.range,
        [From::Fragment(scan)] => scan.range,
        _ => return None,
    };
    let own_filter = select.filter.iter().all(|filter| {
        !has_subquery(filter) && !is_volatile(filter) && Free::of_expr(filter).ranges().iter().all(|of| *of == range)
    });
    let ExprKind::Call { function, args, operator: Some(operator), .. } = &select.items.get(order.expr)?.expr.kind
    else {
        return None;
    };
    if !plain || !own_filter || &**operator != "<->" || function.schema != "public" {
        return None;
    }
    let [one, two] = args.as_slice() else { return None };
    let ((one, one_srid), (two, two_srid)) = (point_column(one)?, point_column(two)?);
    if one_srid != two_srid {
        return None;
    }
    let (inner, outer) = if one.0 == range { (one, two) } else { (two, one) };
    (inner.0 == range && outer.0 != range && rel.position(outer).is_some()).then_some(Recognized {
        select,
        limit,
        outer,
        inner,
    })
}

/// No sub-query, window, set or volatile call.
fn is_plain(expr: &Expr) -> bool {
    let own = match &expr.kind {
        ExprKind::Subquery { .. } | ExprKind::Window(_) | ExprKind::Aggregate(_) => false,
        ExprKind::Call { function, .. } => !function.returns_set && function.kind == FunctionKind::Function,
        _ => true,
    };
    let mut plain = own && !is_volatile(expr);
    children(expr, &mut |child| plain = plain && is_plain(child));
    plain
}

/// The join: outer rows with a point on Sedona, the rest by the lateral join.
#[derive(Debug)]
pub(super) struct KnnJoin {
    pub(super) lowerer: Lowerer,
    pub(super) apply: LateralJoin,
    pub(super) k: u32,
    /// Columns of the outer rows, the place of their geometry.
    pub(super) outer: Vec<(Key, PgType)>,
    pub(super) outer_geometry: Key,
    /// The table's rows.
    pub(super) inner: Rel,
    pub(super) inner_geometry: Key,
    /// What the lateral item gives, computed over both.
    pub(super) items: Vec<(Key, Expr)>,
    /// The columns given: the outer ones, then the item's.
    pub(super) output: Vec<Key>,
}

/// Which rows have a point that is not EMPTY.
fn valid(batch: &RecordBatch, column: usize) -> Result<BooleanArray> {
    let points = batch
        .column(column)
        .as_any()
        .downcast_ref::<BinaryArray>()
        .ok_or_else(|| Error::internal("geometry that is not binary"))?;
    Ok(points.iter().map(|point| Some(point.is_some_and(|point| wkb::bounds(point).is_some()))).collect())
}

fn split(batch: &RecordBatch, mask: &BooleanArray) -> Result<(RecordBatch, RecordBatch)> {
    let other: BooleanArray = mask.iter().map(|value| value.map(|value| !value)).collect();
    let part = |mask: &BooleanArray| filter_record_batch(batch, mask).map_err(rows::from_arrow);
    Ok((part(mask)?, part(&other)?))
}

impl Operator for KnnJoin {
    fn describe(&self) -> String {
        format!("KnnJoin: k = {}", self.k)
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let mut input = inputs.pop().ok_or_else(|| Error::internal("lateral join without input"))?;
            let mut budget = emitter.budget("nearest neighbours");
            let place = |columns: &[(Key, PgType)], key: Key| {
                columns.iter().position(|(column, _)| *column == key).ok_or_else(|| super::expr::missing(key))
            };
            let geometry = place(&self.inner.columns, self.inner_geometry)?;
            let context = Arc::clone(&emitter.context);
            let mut table = Vec::new();
            let mut points = 0;
            let mut rows_of_table =
                Input::new(self.inner.plan.execute(0, Arc::clone(&context)).map_err(rows::from_datafusion)?);
            while let Some(batch) = rows_of_table.next().await? {
                let (batch, _) = split(&batch, &valid(&batch, geometry)?)?;
                budget.grow(batch.get_array_memory_size())?;
                points += batch.num_rows();
                table.push(batch);
            }
            let enough = points >= self.k as usize;
            let geometry = place(&self.outer, self.outer_geometry)?;
            let mut gathered = Gathered::default();
            let mut outer = Vec::new();
            while let Some(batch) = input.next().await? {
                if !enough {
                    self.apply.process(&batch, &mut gathered, &mut emitter).await?;
                    continue;
                }
                let (batch, rest) = split(&batch, &valid(&batch, geometry)?)?;
                budget.grow(batch.get_array_memory_size())?;
                outer.push(batch);
                self.apply.process(&rest, &mut gathered, &mut emitter).await?;
            }
            gathered.flush(&mut emitter).await?;
            if outer.iter().all(|batch| batch.num_rows() == 0) {
                return Ok(());
            }
            let rel = self.join(outer, table)?;
            let mut joined = Input::new(rel.plan.execute(0, context).map_err(rows::from_datafusion)?);
            while let Some(batch) = joined.next().await? {
                let batch = rows::assemble(emitter.schema(), batch.columns().to_vec(), batch.num_rows())?;
                emitter.send(batch).await?;
            }
            Ok(())
        }
        .boxed()
    }
}

impl KnnJoin {
    fn join(&self, outer: Vec<RecordBatch>, table: Vec<RecordBatch>) -> Result<Rel> {
        let rel = |batches: Vec<RecordBatch>, columns: &[(Key, PgType)]| {
            let types = columns.iter().map(|(_, ty)| *ty).collect();
            let plan = SharedScan::plan(&Arc::new(SharedTable::filled(batches, types)));
            Rel { plan, columns: columns.to_vec(), rows: 1.0 }
        };
        let (left, right) = (rel(outer, &self.outer), rel(table, &self.inner.columns));
        let on = SpatialPredicate::KNearestNeighbors(KNNPredicate::new(
            Arc::new(Tagged(left.column(self.outer_geometry)?)),
            Arc::new(Tagged(right.column(self.inner_geometry)?)),
            self.k,
            false,
            JoinSide::Left,
        ));
        let mut columns = left.columns.clone();
        columns.extend(&right.columns);
        let plan = SpatialJoinExec::try_new(left.plan, right.plan, on, None, &JoinType::Inner, None, &options())
            .map_err(rows::from_datafusion)?;
        let joined = Rel { plan: Arc::new(plan), columns, rows: 1.0 };
        let kept: Vec<Key> = self.outer.iter().map(|(key, _)| *key).collect();
        self.lowerer.computed(joined, &kept, self.items.clone(), &self.output)
    }
}
