//! Inner joins of points with the polygons that hold them: an R-tree over the areas, each candidate decided by the kernel that
//! decides the predicate row by row (as PostGIS does, without GEOS).

use std::sync::Arc;

use arrow::array::{Array, BinaryArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::apply::Free;
use super::expr::Program;
use super::lower::Lowerer;
use super::node::{BATCH_ROWS, Emitter, Input, Operator, node};
use super::relation::{Rel, Scope};
use super::rows;
use super::sources::wkb;
use super::spatial_join::column;
use super::statement::Key;
use super::tree::Tree;
use crate::bound::{Expr, ExprKind};
use crate::error::{Error, Result};
use crate::kernels::Env;
use crate::kernels::spatial::locate::{Location, locate, position};
use crate::types::{Datum, GeometryTypmod, PgType};

/// More areas than this are left to Sedona's join, which spills.
const MOST_AREAS: f64 = 200_000.0;

/// What was recognized in a condition.
struct Recognized {
    area: Key,
    point: Key,
    srid: i32,
    boundary: bool,
}

/// `st_contains(area, point)` and its kin between columns whose types say so.
fn recognize(condition: &Expr) -> Option<Recognized> {
    let ExprKind::Call { function, args, .. } = &condition.kind else { return None };
    let [one, two] = args.as_slice() else { return None };
    if function.schema != "public" {
        return None;
    }
    let (area_first, boundary) = match function.name.as_str() {
        "st_contains" => (Some(true), false),
        "st_within" => (Some(false), false),
        "st_covers" => (Some(true), true),
        "st_coveredby" => (Some(false), true),
        "st_intersects" => (None, true),
        _ => return None,
    };
    let kind = |expr: &Expr| GeometryTypmod::unpack(expr.ty.typmod).map(|typmod| typmod.kind);
    let ((one_key, one_srid), (two_key, two_srid)) = (column(one)?, column(two)?);
    if one_srid != two_srid {
        return None;
    }
    match (kind(one)?, kind(two)?) {
        (3 | 6, 1) if area_first != Some(false) => {
            Some(Recognized { area: one_key, point: two_key, srid: one_srid, boundary })
        }
        (1, 3 | 6) if area_first != Some(true) => {
            Some(Recognized { area: two_key, point: one_key, srid: one_srid, boundary })
        }
        _ => None,
    }
}

impl Lowerer {
    /// Joins by the first condition that asks which area holds a point; it is taken out of `conditions`.
    pub(super) fn area_join(
        &self,
        left: &Rel,
        right: &Rel,
        conditions: &mut Vec<Expr>,
        above: Option<&Free>,
    ) -> Result<Option<Rel>> {
        let found = conditions.iter().enumerate().find_map(|(number, condition)| {
            let found = recognize(condition)?;
            let on = |rel: &Rel, key| rel.position(key).is_some();
            if on(left, found.area) && on(right, found.point) {
                Some((number, found, left, right))
            } else if on(right, found.area) && on(left, found.point) {
                Some((number, found, right, left))
            } else {
                None
            }
        });
        let Some((number, found, areas, points)) = found else { return Ok(None) };
        if areas.rows > MOST_AREAS {
            return Ok(None);
        }
        let condition = conditions.remove(number);
        let mut all = areas.columns.clone();
        all.extend(&points.columns);
        let scope = Scope { columns: &all, outer: self.outer() };
        let program = Program::new(self.statement(), &condition, &scope)?;
        let reads = above.map(|above| {
            let mut reads = above.clone();
            conditions.iter().for_each(|condition| reads.add(Free::of_expr(condition)));
            reads
        });
        let places = |rel: &Rel| -> Vec<usize> {
            (0..rel.columns.len())
                .filter(|place| reads.as_ref().is_none_or(|reads| reads.reads(rel.columns[*place].0)))
                .collect()
        };
        let (from_areas, from_points) = (places(areas), places(points));
        let mut columns: Vec<(Key, PgType)> = from_areas.iter().map(|place| areas.columns[*place]).collect();
        columns.extend(from_points.iter().map(|place| points.columns[*place]));
        if columns.is_empty() {
            columns.push((self.statement().temp(), PgType::BOOL));
        }
        let operator = AreaJoin {
            srid: found.srid,
            boundary: found.boundary,
            area: areas.position(found.area).ok_or_else(|| super::expr::missing(found.area))?,
            point: points.position(found.point).ok_or_else(|| super::expr::missing(found.point))?,
            program,
            from_areas,
            from_points,
            env: self.statement().env.clone(),
        };
        let types = columns.iter().map(|(_, ty)| *ty).collect();
        let plan = node(operator, vec![Arc::clone(&areas.plan), Arc::clone(&points.plan)], types);
        Ok(Some(Rel::new(plan, columns, areas.rows.max(points.rows))))
    }
}

/// Areas (first input) joined with the points (second input) in them.
struct AreaJoin {
    srid: i32,
    /// Whether points on the boundary count.
    boundary: bool,
    /// Places of the geometries.
    area: usize,
    point: usize,
    /// The condition over a pair, for geometries that are not what their types promise.
    program: Program,
    from_areas: Vec<usize>,
    from_points: Vec<usize>,
    env: Env,
}

impl std::fmt::Debug for AreaJoin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AreaJoin")
    }
}

/// The areas in memory.
struct Areas<'a> {
    batch: &'a RecordBatch,
    geometries: &'a BinaryArray,
    tree: Tree,
    /// Rows compared with every point.
    others: Vec<u32>,
}

fn geometries(batch: &RecordBatch, column: usize) -> Result<&BinaryArray> {
    batch
        .columns()
        .get(column)
        .and_then(|column| column.as_any().downcast_ref())
        .ok_or_else(|| Error::internal("geometry that is not binary"))
}

impl Operator for AreaJoin {
    fn describe(&self) -> String {
        format!("AreaJoin: points in areas, boundary {}", if self.boundary { "included" } else { "excluded" })
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let (Some(mut points), Some(mut areas)) = (inputs.pop(), inputs.pop()) else {
                return Err(Error::internal("a join without inputs"));
            };
            let mut budget = emitter.budget("areas");
            let mut table = Vec::new();
            while let Some(batch) = areas.next().await? {
                // Held twice while the pieces become one.
                budget.grow(2 * rows::bytes_of(&batch) + 64 * batch.num_rows())?;
                table.push(batch);
            }
            let Some(schema) = table.first().map(RecordBatch::schema) else { return Ok(()) };
            let table = concat_batches(&schema, &table).map_err(rows::from_arrow)?;
            let areas = self.index(&table)?;
            let mut candidates = Vec::new();
            while let Some(batch) = points.next().await? {
                let column = geometries(&batch, self.point)?;
                let (mut left, mut right) = (Vec::new(), Vec::new());
                for row in 0..batch.num_rows() {
                    if column.is_null(row) {
                        continue;
                    }
                    let value = column.value(row);
                    let place = position(value).filter(|_| wkb::srid(value) == Some(self.srid));
                    candidates.clear();
                    match place {
                        Some(place) => areas.tree.at(place, &mut candidates),
                        // EMPTY, or not what its type promises: the kernel knows.
                        None => candidates.extend(0..u32::try_from(table.num_rows()).map_err(Error::internal)?),
                    }
                    if place.is_some() {
                        candidates.extend(&areas.others);
                    }
                    candidates.sort_unstable();
                    let number = u32::try_from(row).map_err(Error::internal)?;
                    for area in &candidates {
                        if self.holds(&areas, *area, place, &batch, row)? {
                            left.push(*area);
                            right.push(number);
                        }
                    }
                    tokio::task::coop::consume_budget().await;
                    if left.len() >= BATCH_ROWS {
                        self.give(&table, &batch, &mut left, &mut right, &mut emitter).await?;
                    }
                }
                self.give(&table, &batch, &mut left, &mut right, &mut emitter).await?;
            }
            Ok(())
        }
        .boxed()
    }
}

impl AreaJoin {
    fn index<'a>(&self, batch: &'a RecordBatch) -> Result<Areas<'a>> {
        let geometries = geometries(batch, self.area)?;
        let (mut entries, mut others) = (Vec::with_capacity(batch.num_rows()), Vec::new());
        for (row, value) in geometries.iter().enumerate() {
            let Some(value) = value else { continue };
            let number = u32::try_from(row).map_err(Error::internal)?;
            match wkb::plain(value) {
                Some(plain) if plain.srid == self.srid => entries.push((plain.bounds, number)),
                _ => others.push(number),
            }
        }
        Ok(Areas { batch, geometries, tree: Tree::new(entries), others })
    }

    fn holds(
        &self,
        areas: &Areas<'_>,
        area: u32,
        place: Option<[f64; 2]>,
        batch: &RecordBatch,
        row: usize,
    ) -> Result<bool> {
        let value = areas.geometries.value(area as usize);
        let known = place.filter(|_| wkb::srid(value) == Some(self.srid)).and_then(|place| locate(value, place));
        if let Some(location) = known {
            return Ok(match location {
                Location::Interior => true,
                Location::Boundary => self.boundary,
                Location::Exterior => false,
            });
        }
        let width = areas.batch.num_columns();
        let values = self
            .program
            .inputs
            .iter()
            .map(|(place, ty)| match place.checked_sub(width) {
                None => rows::read(areas.batch.column(*place), area as usize, *ty),
                Some(place) => rows::read(batch.column(place), row, *ty),
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(matches!(self.program.run(&values, &self.env)?, Datum::Bool(true)))
    }

    async fn give(
        &self,
        table: &RecordBatch,
        batch: &RecordBatch,
        left: &mut Vec<u32>,
        right: &mut Vec<u32>,
        emitter: &mut Emitter,
    ) -> Result<()> {
        if left.is_empty() {
            return Ok(());
        }
        let (left, right) = (UInt32Array::from(std::mem::take(left)), UInt32Array::from(std::mem::take(right)));
        let mut columns = Vec::with_capacity(self.from_areas.len() + self.from_points.len());
        for (batch, places, indices) in [(table, &self.from_areas, &left), (batch, &self.from_points, &right)] {
            for place in places {
                columns.push(take(batch.column(*place).as_ref(), indices, None).map_err(rows::from_arrow)?);
            }
        }
        if columns.is_empty() {
            columns.push(Arc::new(BooleanArray::from(vec![true; left.len()])));
        }
        let joined = rows::assemble(emitter.schema(), columns, left.len())?;
        emitter.send(joined).await
    }
}
