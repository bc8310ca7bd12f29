//! Statements bound from text, run on the engine, against PostgreSQL 15's answers (`tests.tsv`: statement, rows or SQLSTATE).

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::{Engine, Inputs, TableSource};
use crate::bind::{BindContext, bind};
use crate::bound::eval::evaluate;
use crate::catalog::{Catalog, Language, Relation};
use crate::connector::{Cursor, Rows};
use crate::error::{Error, Result};
use crate::kernels::{Env, Formats, columns, io};
use crate::policy::Secured;
use crate::route::Partners;
use crate::sql::Literals;
use crate::types::PgType;

struct Nothing;

#[async_trait]
impl TableSource for Nothing {
    fn system(&self, _: &Relation) -> Result<RecordBatch> {
        Err(Error::internal("no relations here"))
    }

    fn path(&self, _: &Relation) -> Result<PathBuf> {
        Err(Error::internal("no files here"))
    }

    async fn fragment(&self, _: usize, _: &[Partners]) -> Result<Box<dyn Cursor>> {
        Err(Error::internal("no fragments here"))
    }
}

fn prepare(catalog: &Catalog, sql: &str) -> Result<(Secured, Inputs)> {
    let parsed = crate::sql::parse(sql)?;
    let statement = parsed.first().and_then(|statement| match &statement.kind {
        crate::sql::Kind::Query(tree) => Some(tree),
        _ => None,
    });
    let path = ["public".to_owned()];
    let formats = Formats::default();
    let context = BindContext { catalog, role: 10, search_path: &path, fold: false, formats: &formats };
    let bound = bind(&context, statement.ok_or_else(|| Error::internal("no statement"))?, Literals::NONE, &[])?;
    let secured = crate::policy::secure(bound, catalog, 10)?;
    let env = Env::default();
    let mut contexts = Vec::new();
    for expr in secured.contexts() {
        contexts.push(evaluate(expr, &env, &[], &contexts)?);
    }
    let inputs = Inputs {
        env,
        params: Vec::new(),
        contexts,
        sources: Arc::new(Nothing),
        semi_join: 0,
        cancel: CancellationToken::new(),
    };
    Ok((secured, inputs))
}

pub(super) fn explain(catalog: &Catalog, engine: &Engine, sql: &str) -> String {
    let (secured, inputs) = prepare(catalog, sql).expect("a statement");
    engine.explain(&secured, inputs).expect("a plan")
}

pub(super) async fn run(catalog: &Catalog, engine: &Engine, sql: &str) -> Result<Vec<String>> {
    let (secured, inputs) = prepare(catalog, sql)?;
    let env = inputs.env.clone();
    let types: Vec<PgType> = secured.statement().output().iter().map(|column| column.ty.oid).collect();
    let mut cursor = engine.execute(&secured, inputs).await?;
    let mut lines = Vec::new();
    while let Some(rows) = cursor.fetch(2).await? {
        let Rows::Batch(batch) = rows else { return Err(Error::internal("framed rows")) };
        for row in 0..batch.num_rows() {
            let mut fields = Vec::new();
            for (column, ty) in types.iter().enumerate() {
                let value = columns::datum_at(batch.column(column).as_ref(), row, *ty)?;
                fields.push(if value.is_null() { "\\N".to_owned() } else { io::output(&env, *ty, &value)? });
            }
            lines.push(fields.join("|"));
        }
    }
    Ok(lines)
}

#[tokio::test]
async fn answers_as_postgresql() {
    let spill = tempfile::tempdir().expect("a temporary folder");
    let engine = Engine::new(256 << 20, spill.path()).expect("an engine");
    let catalog = Catalog::empty("test", Language::load().expect("the language"));
    let mut wrong = Vec::new();
    for line in include_str!("tests.tsv").lines().filter(|line| !line.is_empty()) {
        let (sql, expected) = line.split_once('\t').expect("statement and answer");
        let mut got = match run(&catalog, &engine, sql).await {
            Ok(rows) => rows,
            Err(error) => vec![format!("!{}", error.state())],
        };
        let mut expected: Vec<&str> = expected.split('~').filter(|row| !row.is_empty()).collect();
        if !sql.contains("order by") {
            got.sort();
            expected.sort_unstable();
        }
        if got != expected {
            wrong.push(format!("{sql}\n  got {got:?}\n  expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
