//! An executor that knows a few statements by their text.

use std::any::Any;
use std::sync::Arc;

use crate::sql::ast::TypeName;
use arrow::array::{ArrayRef, Int32Array};
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;

use crate::connector::{Cursor, Rows};
use crate::error::{Error, Result, SqlState};
use crate::kernels::Env;
use crate::session::{
    Executor, Login, Notice, Open, Opened, OutputColumn, Plan, SessionContext, SetRole, Tag, Transaction,
};
use crate::sql::Statement;
use crate::types::{Datum, PgType, field};

pub(super) struct FakeExecutor;

#[derive(Clone)]
enum What {
    Fails,
    Parameter,
    /// The numbers of a range.
    Series(std::ops::RangeInclusive<i32>),
    Sleeps,
}

struct FakePlan {
    what: What,
    columns: Arc<[OutputColumn]>,
    params: Vec<PgType>,
}

impl Plan for FakePlan {
    fn columns(&self) -> &Arc<[OutputColumn]> {
        &self.columns
    }

    fn returns_rows(&self) -> bool {
        true
    }

    fn params(&self) -> &[PgType] {
        &self.params
    }

    fn modifies(&self) -> bool {
        false
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct FakeTransaction;

#[async_trait]
impl Transaction for FakeTransaction {
    async fn commit(self: Box<Self>, _session: &SessionContext) -> Result<Vec<Notice>> {
        Ok(Vec::new())
    }

    async fn rollback(self: Box<Self>, _session: &SessionContext) {}

    async fn savepoint(&mut self, _level: usize) -> Result<()> {
        Ok(())
    }

    async fn release(&mut self, _level: usize) -> Result<()> {
        Ok(())
    }

    async fn rollback_to(&mut self, _level: usize) -> Result<()> {
        Ok(())
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// Gives its numbers one batch of one row at a time, so that portals have something to stop at.
struct Numbers(std::vec::IntoIter<Option<i32>>);

#[async_trait]
impl Cursor for Numbers {
    async fn fetch(&mut self, _max_rows: usize) -> Result<Option<Rows>> {
        let Some(number) = self.0.next() else { return Ok(None) };
        // A second row now and then: more than one row a batch.
        let numbers: Vec<_> = std::iter::once(number).chain(self.0.next()).collect();
        let schema = Arc::new(Schema::new(vec![field("g", PgType::INT4, -1)]));
        let array: ArrayRef = Arc::new(Int32Array::from(numbers));
        let batch = RecordBatch::try_new(schema, vec![array]).map_err(|error| Error::internal(error.to_string()))?;
        Ok(Some(Rows::Batch(batch)))
    }

    async fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Executor for FakeExecutor {
    async fn connect(&self, database: &str, user: &str) -> Result<Login> {
        if database == "missing" {
            return Err(Error::new(SqlState::INVALID_CATALOG_NAME, "database \"missing\" does not exist"));
        }
        Ok(Login { superuser: user == "postgres", settings: Vec::new() })
    }

    fn is_valid(
        &self,
        _session: &SessionContext,
        _transaction: Option<&mut dyn Transaction>,
        _plan: &Arc<dyn Plan>,
    ) -> bool {
        true
    }

    async fn prepare(
        &self,
        _session: &SessionContext,
        _transaction: &mut dyn Transaction,
        statement: &Arc<Statement>,
        _declared: &[PgType],
    ) -> Result<Arc<dyn Plan>> {
        let text = statement.text();
        let text = text.rsplit(['(', ')']).find(|part| part.trim_start().starts_with("select")).unwrap_or(text);
        let text = &text[text.find("select").unwrap_or(0)..];
        let (what, name) = match text.trim() {
            "select 1/0" | "select 1/0;" => (What::Fails, "?column?"),
            "select nope" => {
                let missing = Error::new(SqlState::UNDEFINED_COLUMN, "column \"nope\" does not exist");
                return Err(missing.at(7));
            }
            "select panic" => panic!("as the test wants"),
            "select sleep" => (What::Sleeps, "sleep"),
            "select $1::int4" => (What::Parameter, "int4"),
            _ if statement.text().contains("generate_series") => {
                let (_, rest) = statement.text().split_once("(1, ").unwrap();
                let last = rest.split(')').next().unwrap().parse().unwrap();
                (What::Series(1..=last), "g")
            }
            text => match text.strip_prefix("select ").and_then(|number| number.trim().parse::<i32>().ok()) {
                Some(number) => (What::Series(number..=number), "?column?"),
                None => return Err(Error::unsupported(format!("\"{text}\" in this test"))),
            },
        };
        let params = if matches!(what, What::Parameter) { vec![PgType::INT4] } else { Vec::new() };
        let column =
            OutputColumn { name: name.to_owned(), ty: PgType::INT4, typmod: -1, table_oid: 0, attnum: 0, row_type: 0 };
        Ok(Arc::new(FakePlan { what, columns: Arc::new([column]), params }))
    }

    async fn open(
        &self,
        _session: &SessionContext,
        _transaction: &mut dyn Transaction,
        open: Open<'_>,
    ) -> Result<Opened> {
        let plan = open.plan.as_any().downcast_ref::<FakePlan>().unwrap();
        let numbers = match &plan.what {
            What::Fails => return Err(Error::new(SqlState::DIVISION_BY_ZERO, "division by zero")),
            What::Sleeps => {
                open.cancel.cancelled().await;
                return Err(Error::internal("cancelled"));
            }
            What::Parameter => vec![match &open.params[0] {
                Datum::Int4(number) => Some(*number),
                _ => None,
            }],
            What::Series(range) => range.clone().map(Some).collect(),
        };
        let cursor = Some(Box::new(Numbers(numbers.into_iter())) as Box<dyn Cursor>);
        Ok(Opened { cursor, tag: Tag::Select(None), notices: Vec::new(), late: false })
    }

    async fn begin(&self, _session: &SessionContext) -> Result<Box<dyn Transaction>> {
        Ok(Box::new(FakeTransaction))
    }

    fn env(&self, session: &SessionContext) -> Env {
        Env { formats: session.formats.clone(), ..Env::default() }
    }

    async fn resolve_type(&self, _session: &SessionContext, _name: &TypeName) -> Result<PgType> {
        Ok(PgType::INT4)
    }

    async fn set_role(&self, _session: &SessionContext, _change: SetRole<'_>) -> Result<Login> {
        Ok(Login { superuser: true, settings: Vec::new() })
    }

    async fn discard(&self, _session: &SessionContext) -> Result<()> {
        Ok(())
    }

    async fn disconnect(&self, _session: &SessionContext) {}
}
