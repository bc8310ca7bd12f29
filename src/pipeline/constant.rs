//! `Route::Constant`: rows computed here from literals, parameters and context values; no engine at all.

use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::bound::eval::{Compiled, Row};
use crate::bound::{Body, Expr, ExprKind, Limit, Query, Statement};
use crate::connector::{Cursor, Rows};
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Env, columns};
use crate::types::{self, Datum};

/// A result that is one batch in memory.
pub(super) struct OneBatch(Option<RecordBatch>);

impl OneBatch {
    pub(super) fn new(batch: RecordBatch) -> OneBatch {
        OneBatch(Some(batch))
    }
}

#[async_trait]
impl Cursor for OneBatch {
    async fn fetch(&mut self, max_rows: usize) -> Result<Option<Rows>> {
        let Some(batch) = self.0.take() else { return Ok(None) };
        if batch.num_rows() > max_rows {
            self.0 = Some(batch.slice(max_rows, batch.num_rows() - max_rows));
            return Ok(Some(Rows::Batch(batch.slice(0, max_rows))));
        }
        Ok((batch.num_rows() > 0).then_some(Rows::Batch(batch)))
    }

    async fn close(&mut self) -> Result<()> {
        self.0 = None;
        Ok(())
    }
}

/// Can this statement be computed without an engine: SELECT without FROM, grouping or sub-queries, or VALUES?
pub(super) fn fits(statement: &Statement, env: &Env) -> bool {
    let Statement::Query(query) = statement else { return false };
    if !query.ctes.is_empty() || query.limit.with_ties || !query.locking.is_empty() {
        return false;
    }
    let compiles = |expr: &Expr| sleep(expr).is_some() || Compiled::new(expr, env, &|_| None).is_ok();
    let limits = query.limit.count.iter().chain(&query.limit.offset).all(compiles);
    limits
        && match &query.body {
            Body::Select(select) => {
                select.from.is_empty()
                    && !select.aggregated
                    && select.group_by.is_none()
                    && matches!(select.distinct, crate::bound::Distinct::All | crate::bound::Distinct::Rows)
                    && select.filter.iter().chain(select.items.iter().map(|item| &item.expr)).all(compiles)
            }
            Body::Values(values) => query.order_by.is_empty() && values.rows.iter().flatten().all(compiles),
            Body::SetOperation(_) => false,
        }
}

/// Computes the rows.
pub(super) async fn run(
    query: &Query,
    env: &Env,
    params: &[Datum],
    contexts: &[Datum],
    cancel: &CancellationToken,
) -> Result<RecordBatch> {
    let row = Row::new(env, params, contexts, &[]);
    let value = |expr: &Expr| Compiled::new(expr, env, &|_| None)?.run(&row);
    let mut rows: Vec<Vec<Datum>> = Vec::new();
    match &query.body {
        Body::Select(select) => {
            let kept = match &select.filter {
                Some(filter) => matches!(value(filter)?, Datum::Bool(true)),
                None => true,
            };
            if kept {
                let mut out = Vec::with_capacity(query.columns.len());
                for item in select.items.iter().filter(|item| !item.hidden) {
                    out.push(match sleep(&item.expr) {
                        Some(seconds) => pause(value(seconds)?, cancel).await?,
                        None => value(&item.expr)?,
                    });
                }
                rows.push(out);
            }
        }
        Body::Values(values) => {
            for exprs in &values.rows {
                rows.push(exprs.iter().map(value).collect::<Result<_>>()?);
            }
        }
        Body::SetOperation(_) => return Err(Error::internal("a set operation is no constant")),
    }
    let (offset, count) = limits(&query.limit, &value)?;
    let rows: Vec<Vec<Datum>> = rows.into_iter().skip(offset).take(count).collect();
    batch(query, rows)
}

/// `pg_sleep(seconds)` at the top of an item: waited for without holding a thread.
fn sleep(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Call { function, args, .. } if function.symbol == "pg_sleep" => args.first(),
        _ => None,
    }
}

async fn pause(seconds: Datum, cancel: &CancellationToken) -> Result<Datum> {
    let Some(seconds) = seconds.as_f64() else { return Ok(Datum::Null) };
    let duration = std::time::Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(std::time::Duration::MAX);
    tokio::select! {
        () = tokio::time::sleep(duration) => Ok(Datum::Void),
        () = cancel.cancelled() => {
            Err(Error::new(SqlState::QUERY_CANCELED, "canceling statement due to user request"))
        }
    }
}

/// (OFFSET, LIMIT): NULL is none; negative is 2201X, 2201W.
fn limits(limit: &Limit, value: &dyn Fn(&Expr) -> Result<Datum>) -> Result<(usize, usize)> {
    let number = |expr: &Option<Expr>, state, what: &str| -> Result<Option<usize>> {
        let Some(expr) = expr else { return Ok(None) };
        match value(expr)?.as_i64() {
            None => Ok(None),
            Some(number) => {
                usize::try_from(number).map(Some).map_err(|_| Error::new(state, format!("{what} must not be negative")))
            }
        }
    };
    let offset = number(&limit.offset, SqlState::INVALID_ROW_COUNT_IN_OFFSET, "OFFSET")?.unwrap_or(0);
    let count = number(&limit.count, SqlState::INVALID_ROW_COUNT_IN_LIMIT, "LIMIT")?.unwrap_or(usize::MAX);
    Ok((offset, count))
}

fn batch(query: &Query, rows: Vec<Vec<Datum>>) -> Result<RecordBatch> {
    let count = rows.len();
    let mut columns: Vec<Vec<Datum>> = query.columns.iter().map(|_| Vec::with_capacity(count)).collect();
    for row in rows {
        for (column, value) in columns.iter_mut().zip(row) {
            column.push(value);
        }
    }
    let described: Vec<_> =
        query.columns.iter().map(|column| (column.name.as_str(), column.ty.oid, column.ty.typmod)).collect();
    batch_of(&described, &columns, count)
}

/// A batch of (name, type, typmod) columns.
pub(super) fn batch_of(
    described: &[(&str, crate::types::PgType, i32)],
    values: &[Vec<Datum>],
    count: usize,
) -> Result<RecordBatch> {
    let fields: Vec<_> = described.iter().map(|(name, ty, typmod)| types::field(*name, *ty, *typmod)).collect();
    let arrays = described
        .iter()
        .zip(values)
        .map(|((_, ty, _), values)| columns::array_of(*ty, values))
        .collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).map_err(Error::internal)
}
