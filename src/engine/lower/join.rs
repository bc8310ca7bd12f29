//! Joins of two plans: hash join where an equality connects them, spatial join, else nested loop.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use datafusion::common::{JoinSide, JoinType, NullEquality};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::CastExpr;
use datafusion::physical_plan::joins::utils::{ColumnIndex, JoinFilter};
use datafusion::physical_plan::joins::{HashJoinExec, NestedLoopJoinExec, PartitionMode};

use super::from::is_equality;
use super::{Lowerer, conjunction};
use crate::bound::{Expr, ExprKind, JoinKind};
use crate::engine::apply::Free;
use crate::engine::expr::{KeyExpr, common_type, has_subquery, is_safe, physical, plain_collation};
use crate::engine::node::Plan;
use crate::engine::relation::{Rel, Scope};
use crate::engine::rows;
use crate::engine::spatial_join;
use crate::engine::statement::Key;
use crate::error::{Error, Result};
use crate::types::{PgType, storage};

type Keys = Vec<(Arc<dyn PhysicalExpr>, Arc<dyn PhysicalExpr>)>;

impl Lowerer {
    /// Joins; `on`'s conjuncts run only on pairs that the keys let through.
    /// `above`: what is read of the result.
    pub(super) fn join(
        &self,
        left: Rel,
        right: Rel,
        kind: JoinKind,
        on: Vec<Expr>,
        above: Option<&Free>,
    ) -> Result<Rel> {
        if on.iter().any(has_subquery) {
            return Err(Error::unsupported("a join condition with a sub-query here"));
        }
        let origins = match kind {
            JoinKind::Cross | JoinKind::Inner => left.origins.iter().chain(&right.origins).cloned().collect(),
            JoinKind::Left => left.origins.clone(),
            JoinKind::Right => right.origins.clone(),
            JoinKind::Full => Vec::new(),
        };
        let mut keys = Keys::new();
        let mut rest = Vec::new();
        for condition in on {
            match self.join_key(&left, &right, &condition)? {
                Some(pair) => keys.push(pair),
                None => rest.push(condition),
            }
        }
        let rows = match (kind, keys.is_empty() && rest.is_empty()) {
            (_, true) => left.rows * right.rows,
            (JoinKind::Left, _) => left.rows.max(1.0),
            _ => left.rows.max(right.rows),
        };
        if keys.is_empty() && kind == JoinKind::Inner {
            if let Some(rel) = self.area_join(&left, &right, &mut rest, above)? {
                return self.filter(Rel { origins, ..rel }, rest);
            }
            if let Some(rel) = spatial_join::join(&left, &right, &mut rest, above)? {
                return self.filter(Rel { origins, ..rel }, rest);
            }
        }
        if kind == JoinKind::Full && keys.is_empty() && !rest.is_empty() {
            return Err(Error::unsupported("FULL JOIN on a condition that is no equality"));
        }
        // What cannot raise comes first; the rest in written order.
        let (mut safe, careful): (Vec<_>, Vec<_>) = rest.into_iter().partition(is_safe);
        safe.extend(careful);
        // The smaller side is held in memory: DataFusion's left.
        let swap = right.rows < left.rows;
        let join_type = match (kind, swap) {
            (JoinKind::Cross | JoinKind::Inner, _) => JoinType::Inner,
            (JoinKind::Full, _) => JoinType::Full,
            (JoinKind::Left, false) | (JoinKind::Right, true) => JoinType::Left,
            (JoinKind::Left, true) | (JoinKind::Right, false) => JoinType::Right,
        };
        let (build, probe) = if swap { (right, left) } else { (left, right) };
        if swap {
            keys = keys.into_iter().map(|(left, right)| (right, left)).collect();
        }
        let filter = if safe.is_empty() { None } else { Some(self.join_filter(&build, &probe, &conjunction(safe))?) };
        let mut columns = build.columns.clone();
        columns.extend(&probe.columns);
        let (columns, projection) = kept(columns, above);
        let plan: Plan = if keys.is_empty() {
            let join = NestedLoopJoinExec::try_new(build.plan, probe.plan, filter, &join_type, projection);
            Arc::new(join.map_err(rows::from_datafusion)?)
        } else {
            let join = HashJoinExec::try_new(
                build.plan,
                probe.plan,
                keys,
                filter,
                &join_type,
                projection,
                PartitionMode::CollectLeft,
                NullEquality::NullEqualsNothing,
                false,
            );
            Arc::new(join.map_err(rows::from_datafusion)?)
        };
        Ok(Rel { plan, columns, rows, origins })
    }

    /// The two sides of an equality between the inputs, as keys whose Arrow equality is the type's.
    #[expect(clippy::type_complexity)]
    pub(super) fn join_key(
        &self,
        left: &Rel,
        right: &Rel,
        condition: &Expr,
    ) -> Result<Option<(Arc<dyn PhysicalExpr>, Arc<dyn PhysicalExpr>)>> {
        let ExprKind::Call { function, args, .. } = &condition.kind else { return Ok(None) };
        if !is_equality(condition) || function.schema != "pg_catalog" {
            return Ok(None);
        }
        let reads = |expr: &Expr, rel: &Rel| -> bool {
            Free::of_expr(expr).ranges().iter().any(|range| rel.columns.iter().any(|(key, _)| key.0 == *range))
        };
        let (one, two) = (&args[0], &args[1]);
        let (one, two) = match (reads(one, left), reads(one, right), reads(two, left), reads(two, right)) {
            (true, false, false, true) => (one, two),
            (false, true, true, false) => (two, one),
            _ => return Ok(None),
        };
        if !plain_collation(one) || !plain_collation(two) {
            return Ok(None);
        }
        let side = |expr: &Expr, rel: &Rel| physical(&self.statement, expr, &self.scope(rel), &rel.plan.schema());
        let (left_expr, right_expr) = (side(one, left)?, side(two, right)?);
        let (left_type, right_type) = (one.ty.oid, two.ty.oid);
        if let Some(common) = common_type(left_type, right_type) {
            let widen = |expr: Arc<dyn PhysicalExpr>, ty: PgType| -> Arc<dyn PhysicalExpr> {
                if storage(ty) == common { expr } else { Arc::new(CastExpr::new(expr, common.clone(), None)) }
            };
            return Ok(Some((widen(left_expr, left_type), widen(right_expr, right_type))));
        }
        // `=` of geometry, json and the like is not the sort order's equality everywhere: only types known to agree.
        let keyed = matches!(
            left_type,
            PgType::FLOAT4
                | PgType::FLOAT8
                | PgType::NUMERIC
                | PgType::BPCHAR
                | PgType::INTERVAL
                | PgType::TIMETZ
                | PgType::CHAR
                | PgType::JSONB
        ) || left_type.is_array();
        if left_type != right_type || !keyed {
            return Ok(None);
        }
        let key = |child, ty| -> Arc<dyn PhysicalExpr> { Arc::new(KeyExpr { child, ty }) };
        Ok(Some((key(left_expr, left_type), key(right_expr, right_type))))
    }

    /// A condition over pairs, reading only the columns that it needs.
    pub(in crate::engine) fn join_filter(&self, left: &Rel, right: &Rel, condition: &Expr) -> Result<JoinFilter> {
        let mut all = left.columns.clone();
        all.extend(&right.columns);
        let wanted: HashSet<Key> = Free::of_expr(condition).bindings(&all).into_iter().map(|(key, _)| key).collect();
        let mut columns = Vec::new();
        let mut indices = Vec::new();
        let mut fields = Vec::new();
        for (rel, side) in [(left, JoinSide::Left), (right, JoinSide::Right)] {
            for (index, (key, ty)) in rel.columns.iter().enumerate() {
                if wanted.contains(key) {
                    fields.push(rel.plan.schema().field(index).clone().with_name(format!("f{}", columns.len())));
                    columns.push((*key, *ty));
                    indices.push(ColumnIndex { index, side });
                }
            }
        }
        let schema = Arc::new(Schema::new(fields));
        let scope = Scope { columns: &columns, outer: &self.outer };
        let expr = physical(&self.statement, condition, &scope, &schema)?;
        Ok(JoinFilter::new(expr, indices, schema))
    }
}

/// The columns of a join that are read above, and their places; at least one.
pub(in crate::engine) fn kept(
    columns: Vec<(Key, PgType)>,
    above: Option<&Free>,
) -> (Vec<(Key, PgType)>, Option<Vec<usize>>) {
    let Some(above) = above else { return (columns, None) };
    let mut places: Vec<usize> = (0..columns.len()).filter(|place| above.reads(columns[*place].0)).collect();
    if places.len() == columns.len() {
        return (columns, None);
    }
    if places.is_empty() {
        // One that is cheap to copy.
        let wide = |place: &usize| matches!(storage(columns[*place].1), DataType::Binary | DataType::Utf8);
        places.push((0..columns.len()).find(|place| !wide(place)).unwrap_or(0));
    }
    (places.iter().map(|place| columns[*place]).collect(), Some(places))
}
