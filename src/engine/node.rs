//! One ExecutionPlan for all operators of our own: an [`Operator`] reads its inputs' streams and sends batches.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::error::Result as DfResult;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::StreamExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc::Sender;

use super::rows;
use crate::error::{Error, Result, SqlState};
use crate::types::{Datum, PgType, storage};

/// A physical plan.
pub(super) type Plan = Arc<dyn ExecutionPlan>;

/// Rows sent in one batch.
pub(super) const BATCH_ROWS: usize = 4096;

/// What an operator of ours does: reads its inputs, sends rows.
pub(super) trait Operator: fmt::Debug + Send + Sync {
    /// One line for EXPLAIN.
    fn describe(&self) -> String;
    /// Runs to the end, or until the emitter says that nobody listens.
    fn run(self: Arc<Self>, inputs: Vec<Input>, emitter: Emitter) -> BoxFuture<'static, Result<()>>;
}

/// An input's stream with its column types.
pub(super) struct Input {
    stream: SendableRecordBatchStream,
}

impl Input {
    pub(super) fn new(stream: SendableRecordBatchStream) -> Input {
        Input { stream }
    }

    /// The next batch that has rows.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            match self.stream.next().await {
                None => return Ok(None),
                Some(Ok(batch)) if batch.num_rows() == 0 => {}
                Some(Ok(batch)) => {
                    tokio::task::coop::consume_budget().await;
                    return Ok(Some(batch));
                }
                Some(Err(error)) => return Err(rows::from_datafusion(error)),
            }
        }
    }
}

/// Where an operator's rows go.
pub(super) struct Emitter {
    sender: Sender<DfResult<RecordBatch>>,
    schema: SchemaRef,
    types: Arc<[PgType]>,
    columns: Vec<Vec<Datum>>,
    rows: usize,
    bytes: usize,
    pub(super) context: Arc<TaskContext>,
}

impl Emitter {
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    pub(super) fn types(&self) -> &[PgType] {
        &self.types
    }

    /// Sends a batch (after the rows gathered so far). `Err(Stopped)` when the consumer has gone.
    pub(super) async fn send(&mut self, batch: RecordBatch) -> Result<()> {
        self.flush().await?;
        self.push(batch).await
    }

    /// Adds one row.
    pub(super) async fn row(&mut self, values: impl IntoIterator<Item = Datum>) -> Result<()> {
        for (column, value) in self.columns.iter_mut().zip(values) {
            self.bytes += rows::size_of(&value);
            column.push(value);
        }
        self.rows += 1;
        if self.rows >= BATCH_ROWS || self.bytes > 4 << 20 {
            self.flush().await?;
        }
        Ok(())
    }

    pub(super) async fn flush(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let batch = rows::batch(&self.schema, &self.types, &self.columns, self.rows)?;
        self.columns.iter_mut().for_each(Vec::clear);
        (self.rows, self.bytes) = (0, 0);
        self.push(batch).await
    }

    async fn push(&mut self, batch: RecordBatch) -> Result<()> {
        self.sender.send(Ok(batch)).await.map_err(|_| stopped())
    }

    /// An account in the memory pool.
    pub(super) fn budget(&self, name: &str) -> Budget {
        Budget::new(name, &self.context)
    }
}

/// The consumer has gone: nothing to tell anybody.
fn stopped() -> Error {
    Error::new(SqlState::QUERY_CANCELED, "stopped")
}

/// Memory held by an operator: 53200 when the pool is full.
#[derive(Debug)]
pub(super) struct Budget(MemoryReservation);

impl Budget {
    pub(super) fn new(name: &str, context: &TaskContext) -> Budget {
        Budget(MemoryConsumer::new(name).register(context.memory_pool()))
    }

    pub(super) fn grow(&mut self, bytes: usize) -> Result<()> {
        self.0.try_grow(bytes).map_err(rows::from_datafusion)
    }

    pub(super) fn clear(&mut self) {
        self.0.free();
    }
}

/// The plan node around an operator.
pub(super) struct Node {
    operator: Arc<dyn Operator>,
    inputs: Vec<Plan>,
    types: Arc<[PgType]>,
    properties: Arc<PlanProperties>,
}

/// A plan node of ours over inputs; its columns have generated names.
pub(super) fn node(operator: impl Operator + 'static, inputs: Vec<Plan>, types: Vec<PgType>) -> Plan {
    let schema = schema_of(&types);
    let properties = PlanProperties::new(
        EquivalenceProperties::new(schema),
        Partitioning::UnknownPartitioning(1),
        EmissionType::Incremental,
        Boundedness::Bounded,
    );
    Arc::new(Node { operator: Arc::new(operator), inputs, types: types.into(), properties: Arc::new(properties) })
}

/// Columns `c0..` of these types.
pub(super) fn schema_of(types: &[PgType]) -> SchemaRef {
    Arc::new(Schema::new(
        types.iter().enumerate().map(|(n, ty)| Field::new(format!("c{n}"), storage(*ty), true)).collect::<Vec<_>>(),
    ))
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.operator)
    }
}

impl DisplayAs for Node {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.operator.describe())
    }
}

impl ExecutionPlan for Node {
    fn name(&self) -> &'static str {
        "GraticuleExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Plan> {
        self.inputs.iter().collect()
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Plan>) -> DfResult<Plan> {
        Ok(Arc::new(Node {
            operator: Arc::clone(&self.operator),
            inputs: children,
            types: Arc::clone(&self.types),
            properties: Arc::clone(&self.properties),
        }))
    }

    fn execute(&self, _partition: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let inputs = self
            .inputs
            .iter()
            .map(|input| input.execute(0, Arc::clone(&context)).map(Input::new))
            .collect::<DfResult<Vec<_>>>()?;
        let mut builder = RecordBatchReceiverStreamBuilder::new(self.schema(), 1);
        let emitter = Emitter {
            sender: builder.tx(),
            schema: self.schema(),
            types: Arc::clone(&self.types),
            columns: vec![Vec::new(); self.types.len()],
            rows: 0,
            bytes: 0,
            context,
        };
        let operator = Arc::clone(&self.operator);
        builder.spawn(async move { operator.run(inputs, emitter).await.map_err(rows::into_datafusion) });
        Ok(builder.build())
    }
}
