//! VALUES, and the one row of a SELECT without FROM.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::bound::Expr;
use crate::engine::expr::Program;
use crate::engine::lower::Lowerer;
use crate::engine::node::{Emitter, Input, Operator};
use crate::engine::relation::{Outer, Scope};
use crate::engine::statement::{Key, Statement};
use crate::error::{Error, Result};
use crate::types::{Datum, PgType};

/// Rows of expressions without columns of this level.
#[derive(Debug)]
pub(in crate::engine) struct Values {
    rows: Vec<Vec<Expr>>,
    width: usize,
    around: Option<(Arc<Statement>, Outer)>,
}

impl Values {
    pub(in crate::engine) fn new(rows: Vec<Vec<Expr>>, columns: Vec<(Key, PgType)>) -> Values {
        Values { rows, width: columns.len(), around: None }
    }

    /// With the values around at hand.
    pub(in crate::engine) fn with(mut self, lowerer: &Lowerer) -> Values {
        self.around = Some((Arc::clone(lowerer.statement()), lowerer.outer().clone()));
        self
    }
}

impl Operator for Values {
    fn describe(&self) -> String {
        format!("Values: {} rows", self.rows.len())
    }

    fn run(self: Arc<Self>, _: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            for row in &self.rows {
                let values = match &self.around {
                    // The row without columns.
                    None => vec![Datum::Bool(true)],
                    Some(_) if self.width == 0 => vec![Datum::Bool(true)],
                    Some((statement, outer)) => {
                        let scope = Scope { columns: &[], outer };
                        row.iter()
                            .map(|expr| Program::new(statement, expr, &scope)?.run(&[], &statement.env))
                            .collect::<Result<Vec<_>>>()?
                    }
                };
                if values.len() != emitter.schema().fields().len() {
                    return Err(Error::internal("VALUES row of another length"));
                }
                emitter.row(values).await?;
            }
            emitter.flush().await
        }
        .boxed()
    }
}
