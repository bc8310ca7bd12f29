//! Set-returning functions over each input row, in lockstep; the shorter ones are NULL at the end.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::engine::node::{Emitter, Input, Operator};
use crate::engine::rows;
use crate::error::{Error, Result};
use crate::kernels::{self, Env, SetReturning};
use crate::types::{Datum, PgType};

/// One function of the set.
pub(in crate::engine) struct SetCall {
    /// `None`: the one argument is the one value.
    pub(in crate::engine) kernel: Option<SetReturning>,
    pub(in crate::engine) strict: bool,
    pub(in crate::engine) types: Vec<PgType>,
    pub(in crate::engine) args: Vec<usize>,
    pub(in crate::engine) returns: PgType,
    /// Columns it gives.
    pub(in crate::engine) width: usize,
    /// In a select list: a row of several columns is one value.
    pub(in crate::engine) single: bool,
}

/// Rows of functions next to the input's columns.
pub(in crate::engine) struct ProjectSet {
    pub(in crate::engine) keep: Vec<usize>,
    pub(in crate::engine) calls: Vec<SetCall>,
    pub(in crate::engine) ordinality: bool,
    pub(in crate::engine) env: Env,
}

impl std::fmt::Debug for ProjectSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProjectSet")
    }
}

impl SetCall {
    fn rows(&self, env: &Env, args: &[Datum]) -> Result<kernels::Rows> {
        let Some(kernel) = self.kernel else {
            let value = args.first().cloned().unwrap_or(Datum::Null);
            return Ok(Box::new(std::iter::once(Ok(vec![value]))));
        };
        if self.strict && args.iter().any(Datum::is_null) {
            return Ok(Box::new(std::iter::empty()));
        }
        kernel(&kernels::Call { env, args: &self.types, returns: self.returns }, args)
    }

    /// A row in the width wanted.
    fn fit(&self, mut row: Vec<Datum>) -> Result<Vec<Datum>> {
        if self.single {
            return Ok(if row.len() == 1 { row } else { vec![Datum::Record(row.into())] });
        }
        if row.len() == 1 && self.width != 1 {
            row = match row.swap_remove(0) {
                Datum::Record(fields) => fields.to_vec(),
                Datum::Null => vec![Datum::Null; self.width],
                _ => return Err(Error::internal("columns of a table function")),
            };
        }
        if row.len() != self.width && self.width == 1 {
            return Ok(vec![Datum::Record(row.into())]);
        }
        if row.len() != self.width {
            return Err(Error::internal("columns of a table function"));
        }
        Ok(row)
    }
}

impl Operator for ProjectSet {
    fn describe(&self) -> String {
        format!("ProjectSet: {} functions", self.calls.len())
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let mut input = inputs.pop().ok_or_else(|| Error::internal("functions without input"))?;
            let types: Vec<PgType> = emitter.types().to_vec();
            while let Some(batch) = input.next().await? {
                for row in 0..batch.num_rows() {
                    let kept = self
                        .keep
                        .iter()
                        .zip(&types)
                        .map(|(column, ty)| rows::read(batch.column(*column), row, *ty))
                        .collect::<Result<Vec<_>>>()?;
                    let mut sets = Vec::with_capacity(self.calls.len());
                    for call in &self.calls {
                        let args = call
                            .args
                            .iter()
                            .zip(&call.types)
                            .map(|(column, ty)| rows::read(batch.column(*column), row, *ty))
                            .collect::<Result<Vec<_>>>()?;
                        sets.push(Some(call.rows(&self.env, &args)?));
                    }
                    let mut number = 0_i64;
                    loop {
                        let mut values = kept.clone();
                        let mut any = false;
                        for (call, set) in self.calls.iter().zip(&mut sets) {
                            match set.as_mut().and_then(Iterator::next).transpose()? {
                                Some(row) => {
                                    any = true;
                                    values.extend(call.fit(row)?);
                                }
                                None => {
                                    *set = None;
                                    values.extend(std::iter::repeat_n(
                                        Datum::Null,
                                        if call.single { 1 } else { call.width },
                                    ));
                                }
                            }
                        }
                        if !any {
                            break;
                        }
                        number += 1;
                        if self.ordinality {
                            values.push(Datum::Int8(number));
                        }
                        emitter.row(values).await?;
                        if number % 1024 == 0 {
                            tokio::task::coop::consume_budget().await;
                        }
                    }
                }
            }
            emitter.flush().await
        }
        .boxed()
    }
}
