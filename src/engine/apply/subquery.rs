//! Expressions with sub-queries, computed row by row; a sub-plan runs when the interpreter asks for it.

use std::sync::{Arc, Mutex};

use arrow::array::ArrayRef;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Answer, Free, Mode, RowSet, Spec, SubPlan};
use crate::bound::visit::children_mut;
use crate::bound::{Expr, ExprKind, ExprType, RangeId, Span, SubqueryKind};
use crate::catalog::{Equality, Function, FunctionKind, Volatility};
use crate::engine::expr::{Lookup, Program, plain_collation};
use crate::engine::lower::Lowerer;
use crate::engine::node::{Emitter, Input, Operator};
use crate::engine::relation::{Outer, Scope};
use crate::engine::rows;
use crate::engine::statement::Key;
use crate::error::{Error, Result};
use crate::kernels::{Call, CatalogFunctions, Env, columns};
use crate::types::{Datum, PgType};

/// The sub-query that an evaluation stopped at, and its binding.
type Pending = Arc<Mutex<Option<(usize, Vec<Datum>)>>>;

const SYMBOL: &str = "graticule.subquery.";

/// A sub-query as the interpreter calls it: arguments are the binding, then what the ANY test reads besides.
#[derive(Debug)]
struct Sub {
    plan: SubPlan,
    test: Option<Test>,
}

/// `test` of ANY/ALL over the sub-query's rows.
#[derive(Debug)]
struct Test {
    all: bool,
    program: Program,
    width: usize,
    /// `left = column` or `left <> column` over one type: the left side alone, and whether it is `=`.
    quick: Option<(Program, PgType, bool)>,
}

/// The function library of a statement with its sub-queries added.
struct SubqueryCatalog {
    inner: Arc<dyn CatalogFunctions>,
    subs: Arc<Vec<Sub>>,
    pending: Pending,
}

impl CatalogFunctions for SubqueryCatalog {
    fn call(&self, symbol: &str, call: &Call<'_>, args: &[Datum]) -> Result<Option<Datum>> {
        let Some(number) = symbol.strip_prefix(SYMBOL).and_then(|number| number.parse::<usize>().ok()) else {
            return self.inner.call(symbol, call, args);
        };
        let sub = self.subs.get(number).ok_or_else(|| Error::internal("unknown sub-query"))?;
        let (binding, rest) = args.split_at(sub.plan.bindings.len());
        match sub.plan.recall(binding) {
            None => {
                if let Ok(mut pending) = self.pending.lock() {
                    *pending = Some((number, binding.to_vec()));
                }
                Err(Error::internal("a sub-query has not run"))
            }
            Some(Answer::Value(value)) => Ok(Some(value)),
            Some(Answer::Rows(set)) => match &sub.test {
                Some(test) => test.run(&set, rest, call.env).map(Some),
                None => Err(Error::internal("rows without a test")),
            },
            Some(Answer::Batches(_)) => Err(Error::internal("batches in an expression")),
        }
    }

    fn knows(&self, symbol: &str) -> bool {
        symbol.starts_with(SYMBOL) || self.inner.knows(symbol)
    }

    fn reg_in(&self, ty: PgType, text: &str) -> Result<u32> {
        self.inner.reg_in(ty, text)
    }

    fn reg_out(&self, ty: PgType, oid: u32) -> String {
        self.inner.reg_out(ty, oid)
    }
}

impl Test {
    fn run(&self, set: &RowSet, rest: &[Datum], env: &Env) -> Result<Datum> {
        if set.rows.is_empty() {
            return Ok(Datum::Bool(self.all));
        }
        if let Some((left, ty, equal)) = &self.quick {
            let inputs: Vec<Datum> = left.inputs.iter().map(|(index, _)| rest[index - self.width].clone()).collect();
            let value = left.run(&inputs, env)?;
            let mut found = false;
            if !value.is_null() {
                let mut key = Vec::new();
                rows::encode_key(*ty, &value, &mut key)?;
                found = set.keys.contains(&key);
            }
            return Ok(match (found, value.is_null() || set.has_null) {
                (true, _) => Datum::Bool(*equal),
                (false, true) => Datum::Null,
                (false, false) => Datum::Bool(!*equal),
            });
        }
        let mut unknown = false;
        for row in &set.rows {
            let inputs: Vec<Datum> = self
                .program
                .inputs
                .iter()
                .map(
                    |(index, _)| {
                        if *index < self.width { row[*index].clone() } else { rest[index - self.width].clone() }
                    },
                )
                .collect();
            match self.program.run(&inputs, env)? {
                Datum::Bool(value) if value != self.all => return Ok(Datum::Bool(value)),
                Datum::Bool(_) => {}
                _ => unknown = true,
            }
        }
        Ok(if unknown { Datum::Null } else { Datum::Bool(self.all) })
    }
}

/// Columns of the test: the sub-query's, then the rest in order.
struct TestLookup<'a> {
    range: RangeId,
    types: &'a [PgType],
    rest: &'a [(Key, PgType)],
    outer: &'a Outer,
}

impl Lookup for TestLookup<'_> {
    fn column(&self, key: Key) -> Option<(usize, PgType)> {
        if key.0 == self.range {
            return self.types.get(key.1).map(|ty| (key.1, *ty));
        }
        let index = self.rest.iter().position(|(other, _)| *other == key)?;
        Some((self.types.len() + index, self.rest[index].1))
    }

    fn outer(&self, key: Key) -> Option<(Datum, PgType)> {
        self.outer.0.get(&key).cloned()
    }

    fn range(&self, range: RangeId) -> Vec<usize> {
        Scope { columns: self.rest, outer: self.outer }.range(range)
    }
}

/// Expressions ready to be computed with their sub-queries.
struct Replaced {
    subs: Vec<Sub>,
}

/// Takes the sub-queries out of expressions over a plan's columns: each becomes a call.
fn replace_subqueries(lowerer: &Lowerer, columns: &[(Key, PgType)], exprs: &mut [Expr]) -> Result<Replaced> {
    let mut subs = Vec::new();
    for expr in exprs {
        replace(lowerer, columns, expr, &mut subs)?;
    }
    Ok(Replaced { subs })
}

fn replace(lowerer: &Lowerer, columns: &[(Key, PgType)], expr: &mut Expr, subs: &mut Vec<Sub>) -> Result<()> {
    if !matches!(expr.kind, ExprKind::Subquery { .. }) {
        let mut result = Ok(());
        children_mut(expr, &mut |child| {
            if result.is_ok() {
                result = replace(lowerer, columns, child, subs);
            }
        });
        return result;
    }
    let ExprKind::Subquery { query, kind } = std::mem::replace(&mut expr.kind, ExprKind::CaseOperand) else {
        return Ok(());
    };
    let mode = match &kind {
        SubqueryKind::Array => Mode::Array(expr.ty.oid.element().unwrap_or(PgType::UNKNOWN)),
        SubqueryKind::Any { .. } => Mode::Rows,
        SubqueryKind::Exists => Mode::Exists,
        SubqueryKind::Row => Mode::Row,
        SubqueryKind::Scalar => Mode::Scalar,
    };
    let bindings = Free::of_query(&query).bindings(columns);
    let mut args = bindings.clone();
    let test = match kind {
        SubqueryKind::Any { range, mut test, all } => {
            // A sub-query on the left side of the test.
            if crate::engine::expr::has_subquery(&test) {
                return Err(Error::unsupported("a sub-query compared with a sub-query"));
            }
            let types: Vec<PgType> = query.columns.iter().map(|column| column.ty.oid).collect();
            let mut free = Free::of_expr(&test);
            free.columns.retain(|(key, _)| key.0 != range);
            let rest = free.bindings(columns);
            let lookup = TestLookup { range, types: &types, rest: &rest, outer: lowerer.outer() };
            let program = Program::new(lowerer.statement(), &test, &lookup)?;
            let quick = quick(lowerer, &mut test, range, all, &types, &lookup)?;
            args.extend(rest.iter().copied());
            Some(Test { all, program, width: types.len(), quick })
        }
        _ => None,
    };
    let function = Function {
        oid: 0,
        schema: "pg_catalog",
        name: "sub-query".to_owned(),
        args: Vec::new(),
        variadic: false,
        returns: expr.ty.oid,
        columns: Vec::new(),
        returns_set: false,
        kind: FunctionKind::Function,
        volatility: Volatility::Volatile,
        strict: false,
        leakproof: false,
        equality: Equality::Exact,
        symbol: format!("{SYMBOL}{}", subs.len()),
        doc: String::new(),
        direct_args: 0,
        parallel: b'u',
    };
    expr.kind = ExprKind::Call {
        function: Arc::new(function),
        args: args.iter().map(|(key, ty)| column(*key, *ty)).collect(),
        operator: None,
        variadic: false,
    };
    subs.push(Sub { plan: SubPlan::new(lowerer, Spec::Query(Arc::new(*query)), bindings, mode), test });
    Ok(())
}

fn column(key: Key, ty: PgType) -> Expr {
    Expr::new(ExprKind::Column { range: key.0, column: key.1 }, ExprType::of(ty), Span::default())
}

fn quick(
    lowerer: &Lowerer,
    test: &mut Expr,
    range: RangeId,
    all: bool,
    types: &[PgType],
    lookup: &TestLookup<'_>,
) -> Result<Option<(Program, PgType, bool)>> {
    let ExprKind::Call { function, args, operator: Some(operator), .. } = &test.kind else { return Ok(None) };
    let equal = match &**operator {
        "=" if !all => true,
        "<>" if all => false,
        _ => return Ok(None),
    };
    let [left, right] = args.as_slice() else { return Ok(None) };
    let is_column = matches!(&right.kind, ExprKind::Column { range: of, column: 0 } if *of == range);
    if function.schema != "pg_catalog"
        || types.len() != 1
        || !is_column
        || left.ty.oid != right.ty.oid
        || left.ty.oid != types[0]
        || !rows::is_native(left.ty.oid)
        || !plain_collation(left)
        || !plain_collation(right)
        || Free::of_expr(left).ranges().contains(&range)
    {
        return Ok(None);
    }
    Ok(Some((Program::new(lowerer.statement(), left, lookup)?, left.ty.oid, equal)))
}

/// Computes expressions with sub-queries, keeping some input columns.
pub(in crate::engine) struct SubqueryProject {
    keep: Vec<usize>,
    programs: Vec<Program>,
    types: Vec<PgType>,
    env: Env,
    subs: Arc<Vec<Sub>>,
    pending: Pending,
}

impl std::fmt::Debug for SubqueryProject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SubqueryProject")
    }
}

impl SubqueryProject {
    pub(in crate::engine) fn new(
        lowerer: &Lowerer,
        columns: &[(Key, PgType)],
        keep: Vec<usize>,
        mut exprs: Vec<Expr>,
    ) -> Result<SubqueryProject> {
        let replaced = replace_subqueries(lowerer, columns, &mut exprs)?;
        let (subs, pending) = (Arc::new(replaced.subs), Arc::new(Mutex::new(None)));
        let statement = lowerer.statement();
        let mut env = statement.env.clone();
        env.catalog = Arc::new(SubqueryCatalog {
            inner: Arc::clone(&statement.env.catalog),
            subs: Arc::clone(&subs),
            pending: Arc::clone(&pending),
        });
        let scope = Scope { columns, outer: lowerer.outer() };
        let programs =
            exprs.iter().map(|expr| Program::with_env(statement, expr, &scope, &env)).collect::<Result<Vec<_>>>()?;
        let types = exprs.iter().map(|expr| expr.ty.oid).collect();
        Ok(SubqueryProject { keep, programs, types, env, subs, pending })
    }

    async fn value(&self, program: &Program, batch: &arrow::array::RecordBatch, row: usize) -> Result<Datum> {
        loop {
            let error = match program.run_row(batch, row, &self.env) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let pending = self.pending.lock().ok().and_then(|mut pending| pending.take());
            let Some((number, binding)) = pending else { return Err(error) };
            self.subs[number].plan.fill(&binding).await?;
        }
    }
}

impl Operator for SubqueryProject {
    fn describe(&self) -> String {
        let outer: Vec<String> = self.subs.iter().map(|sub| sub.plan.bindings.len().to_string()).collect();
        format!("Apply: {} sub-queries, outer values {}", self.subs.len(), outer.join(", "))
    }

    fn run(self: Arc<Self>, mut inputs: Vec<Input>, mut emitter: Emitter) -> BoxFuture<'static, Result<()>> {
        async move {
            let mut input = inputs.pop().ok_or_else(|| Error::internal("projection without input"))?;
            while let Some(batch) = input.next().await? {
                let mut arrays: Vec<ArrayRef> =
                    self.keep.iter().map(|column| Arc::clone(batch.column(*column))).collect();
                let mut values: Vec<Vec<Datum>> = vec![Vec::with_capacity(batch.num_rows()); self.programs.len()];
                // Row by row, expressions in order: errors come in PostgreSQL's order.
                for row in 0..batch.num_rows() {
                    for (program, values) in self.programs.iter().zip(&mut values) {
                        values.push(self.value(program, &batch, row).await?);
                    }
                    self.subs.iter().for_each(|sub| sub.plan.row_done());
                }
                for (ty, values) in self.types.iter().zip(&values) {
                    arrays.push(columns::array_of(*ty, values)?);
                }
                let batch = rows::assemble(emitter.schema(), arrays, batch.num_rows())?;
                emitter.send(batch).await?;
            }
            Ok(())
        }
        .boxed()
    }
}
