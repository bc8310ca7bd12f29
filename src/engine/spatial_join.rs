//! Inner joins on a spatial predicate run on Sedona's R-tree join (points in areas on our own, `area_join`): between geometry columns of one known SRID only
//! (mixed SRIDs are an error in PostGIS, which only the row-wise kernels raise).

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::JoinType;
use datafusion::error::Result as DfResult;
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use sedona_common::{SpatialJoinOptions, SpatialLibrary};
use sedona_schema::datatypes::WKB_GEOMETRY;
use sedona_spatial_join::SpatialJoinExec;
use sedona_spatial_join::spatial_predicate::{RelationPredicate, SpatialPredicate, SpatialRelationType};

use super::apply::Free;
use super::lower::kept;
use super::relation::Rel;
use super::rows;
use super::statement::Key;
use crate::bound::{Expr, ExprKind};
use crate::error::Result;
use crate::types::{GeometryTypmod, PgType};

/// An EWKB column as Sedona sees it: the same bytes, tagged as geometry (its WKB reader takes EWKB).
#[derive(Debug)]
pub(super) struct Tagged(pub(super) Arc<dyn PhysicalExpr>);

// Written out: deriving moves out of the Arc (rust-lang/rust#78808).
impl PartialEq for Tagged {
    fn eq(&self, other: &Tagged) -> bool {
        self.0.eq(&other.0)
    }
}

impl Eq for Tagged {}

impl Hash for Tagged {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Display for Tagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "geometry({})", self.0)
    }
}

impl PhysicalExpr for Tagged {
    fn data_type(&self, _: &Schema) -> DfResult<DataType> {
        Ok(DataType::Binary)
    }

    fn nullable(&self, _: &Schema) -> DfResult<bool> {
        Ok(true)
    }

    fn evaluate(&self, batch: &RecordBatch) -> DfResult<ColumnarValue> {
        self.0.evaluate(batch)
    }

    fn return_field(&self, _: &Schema) -> DfResult<FieldRef> {
        WKB_GEOMETRY.to_storage_field("geometry", true).map(Arc::new)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.0]
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn PhysicalExpr>>) -> DfResult<Arc<dyn PhysicalExpr>> {
        Ok(Arc::new(Tagged(children.remove(0))))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The options of the join: GEOS decides, as in PostGIS.
pub(super) fn options() -> SpatialJoinOptions {
    SpatialJoinOptions { spatial_library: SpatialLibrary::Geos, ..SpatialJoinOptions::default() }
}

/// Whether a condition can be a spatial join between two plans.
pub(super) fn recognized(condition: &Expr, left: &Rel, right: &Rel) -> bool {
    predicate(condition, left, right).is_some()
}

/// Joins by the first condition that can be; it is taken out of `conditions`.
pub(super) fn join(left: &Rel, right: &Rel, conditions: &mut Vec<Expr>, above: Option<&Free>) -> Result<Option<Rel>> {
    // The side with fewer rows is indexed: DataFusion's left.
    let (build, probe) = if right.rows < left.rows { (right, left) } else { (left, right) };
    let found = conditions
        .iter()
        .enumerate()
        .find_map(|(n, condition)| predicate(condition, build, probe).map(|found| (n, found)));
    let Some((number, (mut build_key, mut probe_key, mut relation))) = found else { return Ok(None) };
    conditions.remove(number);
    let (mut build, mut probe) = (build, probe);
    if matches!(relation, SpatialRelationType::Within | SpatialRelationType::CoveredBy) {
        // Sedona 0.5 finds no pair when the indexed side is the one within (points within counties): index the containing side.
        std::mem::swap(&mut build, &mut probe);
        std::mem::swap(&mut build_key, &mut probe_key);
        relation = inverse(relation);
    }
    let on = SpatialPredicate::Relation(RelationPredicate::new(
        Arc::new(Tagged(build.column(build_key)?)),
        Arc::new(Tagged(probe.column(probe_key)?)),
        relation,
    ));
    let mut columns = build.columns.clone();
    columns.extend(&probe.columns);
    let reads = above.map(|above| {
        let mut reads = above.clone();
        conditions.iter().for_each(|condition| reads.add(Free::of_expr(condition)));
        reads
    });
    let (columns, projection) = kept(columns, reads.as_ref());
    let plan = SpatialJoinExec::try_new(
        Arc::clone(&build.plan),
        Arc::clone(&probe.plan),
        on,
        None,
        &JoinType::Inner,
        projection,
        &options(),
    )
    .map_err(rows::from_datafusion)?;
    Ok(Some(Rel::new(Arc::new(plan), columns, build.rows.max(probe.rows))))
}

/// The columns of both sides and the relation as seen from the left one.
fn predicate(condition: &Expr, left: &Rel, right: &Rel) -> Option<(Key, Key, SpatialRelationType)> {
    let ExprKind::Call { function, args, .. } = &condition.kind else { return None };
    let [one, two] = args.as_slice() else { return None };
    if function.schema != "public" {
        return None;
    }
    let relation = match function.name.as_str() {
        "st_intersects" => SpatialRelationType::Intersects,
        "st_contains" => SpatialRelationType::Contains,
        "st_within" => SpatialRelationType::Within,
        "st_covers" => SpatialRelationType::Covers,
        "st_coveredby" => SpatialRelationType::CoveredBy,
        "st_touches" => SpatialRelationType::Touches,
        "st_crosses" => SpatialRelationType::Crosses,
        "st_overlaps" => SpatialRelationType::Overlaps,
        // ST_Equals holds between two EMPTY geometries: not a matter of boxes.
        _ => return None,
    };
    let ((one_key, one_srid), (two_key, two_srid)) = (column(one)?, column(two)?);
    if one_srid != two_srid {
        return None;
    }
    let on = |rel: &Rel, key| rel.position(key).is_some();
    if on(left, one_key) && on(right, two_key) {
        Some((one_key, two_key, relation))
    } else if on(left, two_key) && on(right, one_key) {
        Some((two_key, one_key, inverse(relation)))
    } else {
        None
    }
}

fn inverse(relation: SpatialRelationType) -> SpatialRelationType {
    match relation {
        SpatialRelationType::Contains => SpatialRelationType::Within,
        SpatialRelationType::Within => SpatialRelationType::Contains,
        SpatialRelationType::Covers => SpatialRelationType::CoveredBy,
        SpatialRelationType::CoveredBy => SpatialRelationType::Covers,
        SpatialRelationType::Intersects
        | SpatialRelationType::Touches
        | SpatialRelationType::Crosses
        | SpatialRelationType::Overlaps
        | SpatialRelationType::Equals => relation,
    }
}

/// A geometry column whose type fixes the SRID and a kind of straight lines.
pub(super) fn column(expr: &Expr) -> Option<(Key, i32)> {
    let ExprKind::Column { range, column } = &expr.kind else { return None };
    if expr.ty.oid != PgType::GEOMETRY {
        return None;
    }
    let typmod = GeometryTypmod::unpack(expr.ty.typmod)?;
    (typmod.srid > 0 && (1..=7).contains(&typmod.kind)).then_some((Key(*range, *column), typmod.srid))
}
