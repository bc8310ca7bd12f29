//! The operator: an index over the inner rows, a search for each outer row.

use std::sync::Arc;

use arrow::array::{Array, ArrayBuilder, BinaryArray, RecordBatch, UInt32Array, UInt32Builder};
use arrow::compute::{concat_batches, take};
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::engine::expr::Program;
use crate::engine::node::{BATCH_ROWS, Emitter, Input, Operator};
use crate::engine::rows;
use crate::engine::sources::wkb::{self, Plain};
use crate::engine::tree::{Best, Bounds, Found, Tree, apart};
use crate::error::{Error, Result};
use crate::kernels::Env;
use crate::kernels::spatial::geometry::{Coord, Geometry};
use crate::kernels::spatial::planar_distance;
use crate::types::{Datum, Geom};

/// Joins each outer row (first input) with the nearest inner rows (second input).
pub(in crate::engine) struct KnnJoin {
    /// Rows wanted, after those skipped.
    pub(in crate::engine) k: usize,
    pub(in crate::engine) skip: usize,
    /// Outer rows without any are kept, with NULLs.
    pub(in crate::engine) left: bool,
    pub(in crate::engine) near: Near,
    /// The place of the inner geometry.
    pub(in crate::engine) of: usize,
    /// A condition on pairs, over the outer columns and then the inner ones; it cannot raise.
    pub(in crate::engine) filter: Option<Program>,
    /// Columns given, of both sides.
    pub(in crate::engine) outer: Vec<usize>,
    pub(in crate::engine) inner: Vec<usize>,
    pub(in crate::engine) env: Env,
}

impl std::fmt::Debug for KnnJoin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KnnJoin")
    }
}

/// The outer geometry.
#[derive(Debug)]
pub(in crate::engine) enum Near {
    Column(usize),
    Computed(Program),
}

/// The inner rows.
struct Index<'a> {
    batch: &'a RecordBatch,
    geometries: &'a BinaryArray,
    /// The SRID of all rows in the tree.
    srid: i32,
    tree: Tree,
    /// For each row, whether it is a point of the tree.
    points: Vec<bool>,
    /// The largest ordinate: what rounding errors are measured by.
    scale: f64,
    all_points: bool,
    /// Rows that the tree does not hold: NULL and EMPTY ones, and those to be computed each time.
    nulls: Vec<u32>,
    others: Vec<u32>,
}

impl Operator for KnnJoin {
    fn describe(&self) -> String {
        let kind = if self.left { "left" } else { "inner" };
        format!("KnnJoin: {kind}, k = {}{}", self.k, if self.filter.is_some() { ", filtered" } else { "" })
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let (Some(mut inner), Some(mut outer)) = (inputs.pop(), inputs.pop()) else {
                return Err(Error::internal("nearest neighbours without inputs"));
            };
            // Without outer rows nothing of the item runs, so nothing of it raises.
            let Some(mut batch) = outer.next().await? else { return Ok(()) };
            let mut budget = emitter.budget("nearest neighbours");
            let mut table = Vec::new();
            let mut schema = None;
            while let Some(batch) = inner.next().await? {
                // Held twice while the pieces become one.
                budget.grow(2 * rows::bytes_of(&batch) + 80 * batch.num_rows())?;
                schema.get_or_insert_with(|| batch.schema());
                table.push(batch);
            }
            let table = match schema {
                None => None,
                Some(schema) => Some(concat_batches(&schema, &table).map_err(rows::from_arrow)?),
            };
            let index = table.as_ref().map(|table| Index::new(table, self.of)).transpose()?;
            loop {
                self.process(&batch, index.as_ref(), &mut emitter).await?;
                match outer.next().await? {
                    None => return Ok(()),
                    Some(next) => batch = next,
                }
            }
        }
        .boxed()
    }
}

impl KnnJoin {
    async fn process(&self, batch: &RecordBatch, index: Option<&Index<'_>>, emitter: &mut Emitter) -> Result<()> {
        let (mut left, mut right) = (UInt32Builder::new(), UInt32Builder::new());
        for row in 0..batch.num_rows() {
            let found = match index {
                Some(index) => self.search(batch, row, index)?,
                None => Vec::new(),
            };
            let found = found.get(self.skip..).unwrap_or_default();
            let number = u32::try_from(row).map_err(Error::internal)?;
            for neighbour in found {
                left.append_value(number);
                right.append_value(*neighbour);
            }
            if found.is_empty() && self.left {
                left.append_value(number);
                right.append_null();
            }
            tokio::task::coop::consume_budget().await;
            if left.len() >= BATCH_ROWS {
                self.give(batch, index, left.finish(), right.finish(), emitter).await?;
            }
        }
        if left.is_empty() { Ok(()) } else { self.give(batch, index, left.finish(), right.finish(), emitter).await }
    }

    async fn give(
        &self,
        batch: &RecordBatch,
        index: Option<&Index<'_>>,
        left: UInt32Array,
        right: UInt32Array,
        emitter: &mut Emitter,
    ) -> Result<()> {
        let whole = left.len() == batch.num_rows() && left.values().iter().zip(0..).all(|(row, n)| *row == n);
        let mut columns = Vec::with_capacity(self.outer.len() + self.inner.len());
        for column in &self.outer {
            let column = batch.column(*column);
            columns.push(if whole {
                Arc::clone(column)
            } else {
                take(column.as_ref(), &left, None).map_err(rows::from_arrow)?
            });
        }
        for (place, column) in self.inner.iter().enumerate() {
            columns.push(match index {
                Some(index) => take(index.batch.column(*column).as_ref(), &right, None).map_err(rows::from_arrow)?,
                None => {
                    let field = emitter.schema().field(self.outer.len() + place).data_type().clone();
                    arrow::array::new_null_array(&field, right.len())
                }
            });
        }
        let joined = rows::assemble(emitter.schema(), columns, left.len())?;
        emitter.send(joined).await
    }

    /// The inner rows for an outer one, in order: as many as are wanted and those to skip.
    fn search(&self, batch: &RecordBatch, row: usize, index: &Index<'_>) -> Result<Vec<u32>> {
        let wanted = self.k.saturating_add(self.skip);
        let computed;
        let near: Option<&[u8]> = match &self.near {
            Near::Column(column) => {
                let column = binary(batch, *column)?;
                column.is_valid(row).then(|| column.value(row))
            }
            Near::Computed(program) => match program.run_row(batch, row, &self.env)? {
                Datum::Null => None,
                Datum::Geometry(geometry) => {
                    computed = geometry;
                    Some(&computed.0)
                }
                _ => return Err(Error::internal("a geometry that is none")),
            },
        };
        let pair = Pair { join: self, batch, row, index };
        let Some(near) = near else {
            // Every distance is NULL: the first rows.
            let mut found = Vec::new();
            for inner in 0..index.rows()? {
                if found.len() == wanted {
                    break;
                }
                if pair.passes(inner)? {
                    found.push(inner);
                }
            }
            return Ok(found);
        };
        let mut best = Best::new(wanted);
        // Distances that are NULL: after all others.
        let mut rest = Vec::new();
        if wanted == 0 {
            return Ok(Vec::new());
        }
        match wkb::plain(near) {
            Some(plain) if plain.srid == index.srid && magnitude(&plain.bounds) < LARGE => {
                let mut near = Lazy::new(near);
                for inner in &index.others {
                    pair.compute(*inner, &mut near, &mut best, &mut rest)?;
                }
                index.search(&plain, &mut near, &pair, &mut best, &mut rest)?;
                if !best.is_full() {
                    for inner in &index.nulls {
                        if pair.passes(*inner)? {
                            rest.push(*inner);
                        }
                    }
                }
            }
            _ => {
                let mut near = Lazy::new(near);
                for inner in 0..index.rows()? {
                    pair.compute(inner, &mut near, &mut best, &mut rest)?;
                }
            }
        }
        let mut found: Vec<u32> = best.drain().into_iter().map(|found| found.row).collect();
        rest.sort_unstable();
        let missing = wanted - found.len();
        found.extend(rest.into_iter().take(missing));
        Ok(found)
    }
}

fn binary(batch: &RecordBatch, column: usize) -> Result<&BinaryArray> {
    batch
        .columns()
        .get(column)
        .and_then(|column| column.as_any().downcast_ref())
        .ok_or_else(|| Error::internal("geometry that is not binary"))
}

/// A geometry decoded when first asked for.
struct Lazy<'a> {
    bytes: &'a [u8],
    geometry: Option<Geometry>,
}

impl<'a> Lazy<'a> {
    fn new(bytes: &'a [u8]) -> Lazy<'a> {
        Lazy { bytes, geometry: None }
    }

    fn decoded(&mut self) -> Result<&Geometry> {
        if self.geometry.is_none() {
            self.geometry = Some(decode(self.bytes)?);
        }
        self.geometry.as_ref().ok_or_else(|| Error::internal("a geometry was not decoded"))
    }
}

fn decode(bytes: &[u8]) -> Result<Geometry> {
    Geometry::from_datum(&Datum::Geometry(Geom(bytes.into())))
}

/// An outer row over the index.
struct Pair<'a> {
    join: &'a KnnJoin,
    batch: &'a RecordBatch,
    row: usize,
    index: &'a Index<'a>,
}

impl Pair<'_> {
    /// The condition on pairs.
    fn passes(&self, inner: u32) -> Result<bool> {
        let Some(filter) = &self.join.filter else { return Ok(true) };
        let width = self.batch.num_columns();
        let values = filter
            .inputs
            .iter()
            .map(|(place, ty)| match place.checked_sub(width) {
                None => rows::read(self.batch.column(*place), self.row, *ty),
                Some(place) => rows::read(self.index.batch.column(place), inner as usize, *ty),
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(matches!(filter.run(&values, &self.join.env)?, Datum::Bool(true)))
    }

    /// Offers a row by its exact distance.
    fn compute(&self, inner: u32, near: &mut Lazy<'_>, best: &mut Best, rest: &mut Vec<u32>) -> Result<()> {
        if !self.passes(inner)? {
            return Ok(());
        }
        let geometries = self.index.geometries;
        if geometries.is_null(inner as usize) {
            rest.push(inner);
            return Ok(());
        }
        match planar_distance(&decode(geometries.value(inner as usize))?, near.decoded()?)? {
            None => rest.push(inner),
            Some(distance) => best.add(Found { distance, row: inner }),
        }
        Ok(())
    }
}

impl<'a> Index<'a> {
    fn new(batch: &'a RecordBatch, of: usize) -> Result<Index<'a>> {
        let geometries = binary(batch, of)?;
        let shapes: Vec<Option<Plain>> = geometries.iter().map(|value| value.and_then(wkb::plain)).collect();
        // The tree holds the rows of one SRID (the first); others raise when they are compared.
        let srid = shapes.iter().flatten().map(|shape| shape.srid).next().unwrap_or(0);
        let origin = Geometry::point(Coord::xy(0.0, 0.0), srid);
        let mut entries = Vec::with_capacity(shapes.len());
        let (mut nulls, mut others) = (Vec::new(), Vec::new());
        let mut scale = 0.0_f64;
        for (row, shape) in shapes.iter().enumerate() {
            let number = u32::try_from(row).map_err(Error::internal)?;
            match shape {
                Some(shape) if shape.srid == srid && magnitude(&shape.bounds) < LARGE => {
                    scale = scale.max(magnitude(&shape.bounds));
                    entries.push((shape.bounds, number));
                }
                _ if geometries.is_null(row) => nulls.push(number),
                // No distance to one point: none to any (it is EMPTY).
                None if planar_distance(&decode(geometries.value(row))?, &origin)
                    .is_ok_and(|found| found.is_none()) =>
                {
                    nulls.push(number);
                }
                _ => others.push(number),
            }
        }
        let points: Vec<bool> = shapes.iter().map(|shape| shape.is_some_and(|shape| shape.point)).collect();
        let all_points = entries.iter().all(|(_, row)| points[*row as usize]);
        let tree = Tree::new(entries);
        Ok(Index { batch, geometries, srid, tree, points, scale, all_points, nulls, others })
    }

    fn rows(&self) -> Result<u32> {
        u32::try_from(self.batch.num_rows()).map_err(Error::internal)
    }

    /// Searches the tree.
    fn search(
        &self,
        near: &Plain,
        decoded: &mut Lazy<'_>,
        pair: &Pair<'_>,
        best: &mut Best,
        rest: &mut Vec<u32>,
    ) -> Result<()> {
        // Between points the boxes give the kernel's own distance; of others it is as exact as ordinates are.
        let points = near.point && self.all_points;
        let margin = if points { 0.0 } else { self.scale.max(magnitude(&near.bounds)) * 1e-11 };
        self.tree.nearest(&near.bounds, margin, best, &mut |row, bounds, best| {
            let distance = apart(&near.bounds, bounds);
            if near.point && self.points[row as usize] {
                let found = Found { distance, row };
                if best.wants(&found) && pair.passes(row)? {
                    best.add(found);
                }
                return Ok(());
            }
            pair.compute(row, decoded, best, rest)
        })
    }
}

fn magnitude(bounds: &Bounds) -> f64 {
    bounds.iter().fold(0.0, |most, ordinate| most.max(ordinate.abs()))
}

/// Above this a distance may be none (it must be a float4).
const LARGE: f64 = 1e37;
