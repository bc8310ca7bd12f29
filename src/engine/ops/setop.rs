//! INTERSECT and EXCEPT, with and without ALL.

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::engine::node::{Emitter, Input, Operator};
use crate::engine::rows;
use crate::error::{Error, Result};
use crate::types::PgType;

/// Rows of the left input by how often they come in the right one.
#[derive(Debug)]
pub(in crate::engine) struct CountedRows {
    pub(in crate::engine) except: bool,
    pub(in crate::engine) all: bool,
    pub(in crate::engine) types: Vec<PgType>,
}

impl Operator for CountedRows {
    fn describe(&self) -> String {
        format!("{}{}", if self.except { "Except" } else { "Intersect" }, if self.all { " all" } else { "" })
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let (Some(mut right), Some(mut left)) = (inputs.pop(), inputs.pop()) else {
                return Err(Error::internal("set operation without inputs"));
            };
            let mut budget = emitter.budget("set operation");
            let mut counts: HashMap<Vec<u8>, usize> = HashMap::new();
            while let Some(batch) = right.next().await? {
                let mut bytes = 0;
                for row in 0..batch.num_rows() {
                    let key = rows::encode_row(&self.types, &rows::read_row(&batch, row, &self.types)?)?;
                    bytes += key.len() + 64;
                    *counts.entry(key).or_default() += 1;
                }
                budget.grow(bytes)?;
            }
            // Without ALL: rows of the left already given, or already ruled out.
            let mut done: HashMap<Vec<u8>, ()> = HashMap::new();
            while let Some(batch) = left.next().await? {
                for row in 0..batch.num_rows() {
                    let values = rows::read_row(&batch, row, &self.types)?;
                    let key = rows::encode_row(&self.types, &values)?;
                    let count = counts.get_mut(&key);
                    let given = if self.all {
                        match count {
                            Some(count) if *count > 0 => {
                                *count -= 1;
                                !self.except
                            }
                            _ => self.except,
                        }
                    } else {
                        let matched = count.is_some();
                        if matched == self.except || done.contains_key(&key) {
                            false
                        } else {
                            budget.grow(key.len() + 48)?;
                            done.insert(key, ());
                            true
                        }
                    };
                    if given {
                        emitter.row(values).await?;
                    }
                }
            }
            emitter.flush().await
        }
        .boxed()
    }
}
