//! UNION ALL: inputs one after the other.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::engine::node::{Emitter, Input, Operator};
use crate::engine::rows;
use crate::error::Result;

/// The rows of all inputs, in order of the inputs.
#[derive(Debug)]
pub(in crate::engine) struct Concat;

impl Operator for Concat {
    fn describe(&self) -> String {
        "Append".to_owned()
    }

    fn run(self: Arc<Self>, inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            for mut input in inputs {
                while let Some(batch) = input.next().await? {
                    let columns = batch.columns().iter().take(emitter.schema().fields().len()).cloned().collect();
                    let batch = rows::assemble(emitter.schema(), columns, batch.num_rows())?;
                    emitter.send(batch).await?;
                }
            }
            Ok(())
        }
        .boxed()
    }
}
