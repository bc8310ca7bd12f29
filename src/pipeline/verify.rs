//! `graticule.verify('server')`: the corpus of constants on a server against our kernels. What differs is refused there from then on.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Pipeline;
use super::constant::{self, OneBatch};
use super::execute::Want;
use super::plan::QueryPlan;
use super::surroundings::Surroundings;
use super::transaction::SourceTransaction;
use crate::bind::{self, BindContext};
use crate::bound;
use crate::catalog::{Catalog, Equality, Function, Server};
use crate::connector::Rows;
use crate::dialect::{Dialect, Evidence, PrintTarget, Probe, print};
use crate::error::{Error, Result, SqlState};
use crate::kernels::columns::datum_at;
use crate::kernels::spatial::geometry::Geometry;
use crate::kernels::{Call, Env, io};
use crate::policy;
use crate::route::{Choice, Route};
use crate::session::{Notice, Opened, SessionContext, Severity, Tag, Transaction};
use crate::sql::{self, Kind};
use crate::types::{Datum, PgType};

/// Columns of the answer.
pub(super) const COLUMNS: [(&str, PgType); 5] = [
    ("function", PgType::TEXT),
    ("evidence", PgType::TEXT),
    ("verdict", PgType::TEXT),
    ("calls", PgType::INT4),
    ("detail", PgType::TEXT),
];

/// What was found of one function.
struct Verdict {
    signature: String,
    evidence: Evidence,
    verdict: &'static str,
    calls: usize,
    detail: String,
}

/// One run over one server.
struct Verifier<'a> {
    pipeline: &'a Pipeline,
    session: &'a SessionContext,
    transaction: &'a mut dyn Transaction,
    catalog: Arc<Catalog>,
    surroundings: Arc<Surroundings>,
    server: Arc<Server>,
    dialect: &'static Dialect,
    env: Env,
    cancel: CancellationToken,
}

impl Pipeline {
    /// `args`: the server's name, and `forecast` to be told only what it would cost.
    pub(super) async fn run_verify(
        &self,
        session: &SessionContext,
        transaction: &mut dyn Transaction,
        args: &[Option<String>],
        cancel: CancellationToken,
    ) -> Result<Opened> {
        let own = SourceTransaction::of(transaction)?;
        let database = Arc::clone(own.database());
        let base = own.catalog().unwrap_or_else(|| database.catalog());
        let surroundings = Surroundings::of(session, &base)?;
        let name = args.first().and_then(Option::as_deref);
        let name = name.ok_or_else(|| Error::new(SqlState::NULL_VALUE_NOT_ALLOWED, "verify needs a server's name"))?;
        let server = base.server(name).cloned();
        let server = server
            .ok_or_else(|| Error::new(SqlState::UNDEFINED_OBJECT, format!("server \"{name}\" does not exist")))?;
        let role = surroundings.role;
        if !base.is_superuser(role) && !base.effective_roles(role).contains(&server.owner) {
            let message = format!("must be owner of foreign server {name}");
            return Err(Error::new(SqlState::INSUFFICIENT_PRIVILEGE, message));
        }
        let Some(dialect) = Dialect::of(&server)? else {
            return Err(Error::unsupported(format!("verification of a server of wrapper {}", server.wrapper)));
        };
        if server.wrapper == "postgres" {
            return Err(Error::unsupported("graticule.verify of a PostgreSQL server")
                .hint("PostgreSQL's own answers are what others are compared with."));
        }
        let only_forecast = match args.get(1).and_then(Option::as_deref) {
            None => false,
            Some("forecast") => true,
            Some(other) => {
                return Err(Error::new(
                    SqlState::INVALID_PARAMETER_VALUE,
                    format!("\"{other}\" is not an option of verify"),
                )
                .hint("The option is forecast."));
            }
        };
        let corpus = dialect.corpus(&base.language);
        let calls: usize = corpus.iter().map(|probe| probe.calls.len()).sum();
        let forecast = format!(
            "about {} statements with {calls} calls over constants on server \"{name}\": no table is read, so no bytes are scanned",
            corpus.len()
        );
        let mut notices = vec![Notice { severity: Severity::Notice, error: Error::new(SqlState(*b"00000"), forecast) }];
        let mut verdicts = Vec::new();
        if !only_forecast {
            // What an earlier run refused is tried again.
            let mut next = base.edit();
            next.catalog()
                .servers
                .insert(server.oid, Arc::new(Server { refused: BTreeMap::new(), ..(*server).clone() }));
            let clean = Arc::new(next.finish());
            let mut verifier = Verifier {
                pipeline: self,
                session,
                transaction: &mut *transaction,
                surroundings: Surroundings::of(session, &base)?,
                catalog: clean,
                server: Arc::clone(&server),
                dialect,
                env: surroundings.env(session),
                cancel,
            };
            for probe in corpus {
                verdicts.push(verifier.probe(probe).await?);
            }
            let refused: BTreeMap<String, String> = verdicts
                .iter()
                .filter(|verdict| verdict.verdict == "differs")
                .map(|verdict| (verdict.signature.clone(), verdict.detail.clone()))
                .collect();
            let count = |verdict: &str| verdicts.iter().filter(|found| found.verdict == verdict).count();
            let summary = format!(
                "{} functions are equal, {} differ and are refused on server \"{name}\" from now on, {} were not tried",
                count("equal"),
                count("differs"),
                count("untried"),
            );
            notices.push(Notice { severity: Severity::Notice, error: Error::new(SqlState(*b"00000"), summary) });
            if refused != server.refused {
                let mut next = base.edit();
                next.catalog().servers.insert(server.oid, Arc::new(Server { refused, ..(*server).clone() }));
                if session.in_block {
                    SourceTransaction::of(transaction)?.change_catalog(&base, next.finish());
                } else {
                    database.publish(&base, next.finish())?;
                }
            }
        }
        let text = |of: &dyn Fn(&Verdict) -> String| verdicts.iter().map(|v| Datum::text(of(v))).collect::<Vec<_>>();
        let columns = [
            text(&|v| v.signature.clone()),
            text(&|v| v.evidence.name().to_owned()),
            text(&|v| v.verdict.to_owned()),
            verdicts.iter().map(|v| Datum::Int4(v.calls as i32)).collect(),
            text(&|v| v.detail.clone()),
        ];
        let batch = constant::batch_of(&COLUMNS.map(|(name, ty)| (name, ty, -1)), &columns, verdicts.len())?;
        let cursor = Some(Box::new(OneBatch::new(batch)) as Box<dyn crate::connector::Cursor>);
        Ok(Opened { cursor, tag: Tag::Select(None), notices, late: false })
    }
}

impl Verifier<'_> {
    async fn probe(&mut self, probe: Probe) -> Result<Verdict> {
        let Probe { signature, evidence, calls } = probe;
        let verdict = |verdict, calls, detail: String| {
            Ok(Verdict { signature: signature.clone(), evidence, verdict, calls, detail })
        };
        let function = self.catalog.language.function(&signature).cloned();
        let function = function.ok_or_else(|| Error::internal("a probe of no function"))?;
        // What guards refuse for these constants, and what has no kernel here, is left out.
        let mut tried: Vec<(String, Result<Datum>)> = Vec::new();
        let mut why = String::new();
        for call in calls {
            match self.expected(&call).await {
                Ok(Some(expected)) => tried.push((call, expected)),
                Ok(None) => why = "it has no kernel here".to_owned(),
                Err(error) => why = error.message().to_owned(),
            }
        }
        if tried.is_empty() {
            return verdict("untried", 0, why);
        }
        // All together; one by one where that raises.
        let plain: Vec<&String> = tried.iter().filter(|(_, expected)| expected.is_ok()).map(|(call, _)| call).collect();
        let together = match plain.len() {
            0 => None,
            _ => self.ask(&plain).await?.ok(),
        };
        let mut answers = together.unwrap_or_default().into_iter();
        for (call, expected) in &tried {
            let found = match if expected.is_ok() { answers.next() } else { None } {
                Some(found) => Ok(found),
                None => self.ask(&[call]).await?.and_then(|row| {
                    row.into_iter().next().ok_or_else(|| Error::internal("an answer without a column"))
                }),
            };
            if let Some(how) = self.difference(&function, expected, &found) {
                return verdict("differs", tried.len(), format!("{call}: {how}"));
            }
        }
        verdict("equal", tried.len(), String::new())
    }

    fn plan(&self, text: &str) -> Result<(QueryPlan, bool)> {
        let statement = sql::parse(text)?.pop().ok_or_else(|| Error::internal("a probe without a statement"))?;
        let Kind::Query(node) = &statement.kind else { return Err(Error::internal("a probe that is no query")) };
        let context = BindContext {
            catalog: &self.catalog,
            role: self.surroundings.role,
            search_path: self.surroundings.search_path(),
            fold: false,
            formats: &self.session.formats,
        };
        let bound = bind::bind(&context, node, &statement.literals, &[])?;
        let read = bound.read.clone();
        let secured = policy::secure(bound, &self.catalog, self.surroundings.role)?;
        let computed = constant::fits(secured.statement(), &self.env);
        let server = self.catalog.servers.get(&self.server.oid).unwrap_or(&self.server);
        let target =
            PrintTarget { fidelity: Evidence::Approximate, ..PrintTarget::new(self.dialect, &self.catalog, server) };
        let sql = print(&secured, &target)?;
        let choice = Choice { route: Route::Pushed { server: self.server.oid, sql }, why: Vec::new() };
        Ok((QueryPlan::new(secured, choice, read, &self.surroundings, self.session), computed))
    }

    /// What our kernels say: a value or an error; `None` without a kernel. An error of its own where the dialect refuses the call.
    async fn expected(&mut self, call: &str) -> Result<Option<Result<Datum>>> {
        let (plan, computed) = self.plan(&format!("SELECT {call} AS c"))?;
        let bound::Statement::Query(query) = plan.secured.statement() else { return Ok(None) };
        if !computed {
            return Ok(None);
        }
        let batch = constant::run(query, &self.env, &[], &[], &self.cancel).await;
        let value = batch.and_then(|batch| datum_at(batch.column(0).as_ref(), 0, query.columns[0].ty.oid));
        match value {
            Err(error) if error.state() == SqlState::FEATURE_NOT_SUPPORTED => Ok(None),
            // What needs more than constants has no answer to compare with.
            Err(error) if error.message().starts_with("internal error") => Ok(None),
            value => Ok(Some(value)),
        }
    }

    /// One row from the server; its own errors are answers, those of the connection end the run.
    async fn ask(&mut self, calls: &[&String]) -> Result<Result<Vec<Datum>>> {
        let items: Vec<String> = calls.iter().enumerate().map(|(n, call)| format!("{call} AS c{n}")).collect();
        let plan = match self.plan(&format!("SELECT {}", items.join(", "))) {
            Ok((plan, _)) => plan,
            Err(error) => return Ok(Err(error)),
        };
        let found = self.row(&plan).await;
        match found {
            Err(error) if ["08", "28", "53", "57", "58"].contains(&&error.state().to_string()[..2]) => Err(error),
            found => Ok(found),
        }
    }

    async fn row(&mut self, plan: &QueryPlan) -> Result<Vec<Datum>> {
        let cursor =
            self.pipeline.cursor(self.session, self.transaction, plan, Vec::new(), Want::default(), &self.cancel);
        let mut cursor = cursor.await?;
        let mut out = Vec::new();
        while let Some(rows) = cursor.fetch(16).await? {
            let Rows::Batch(batch) = rows else { return Err(Error::internal("rows that were not asked for")) };
            let output = plan.secured.statement().output();
            for (array, column) in batch.columns().iter().zip(output) {
                out.push(datum_at(array.as_ref(), 0, column.ty.oid)?);
            }
        }
        cursor.close().await?;
        Ok(out)
    }

    fn difference(&self, function: &Function, expected: &Result<Datum>, found: &Result<Datum>) -> Option<String> {
        let show = |value: &Result<Datum>| match value {
            Err(error) => format!("{}: {}", error.state(), error.message()),
            Ok(Datum::Null) => "NULL".to_owned(),
            Ok(value) => {
                io::output(&self.env, io::type_of(value), value).unwrap_or_else(|error| error.message().to_owned())
            }
        };
        let same = match (expected, found) {
            (Ok(expected), Ok(found)) => self.same(function, expected, found),
            // Which of an error's codes a source gives is its own affair.
            (Err(_), Err(_)) => true,
            _ => false,
        };
        (!same).then(|| format!("{} instead of {}", show(found), show(expected)))
    }

    fn same(&self, function: &Function, expected: &Datum, found: &Datum) -> bool {
        let near = |a: f64, b: f64| {
            a == b
                || (a.is_nan() && b.is_nan())
                || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
                || (a - b).abs() < 1e-12
        };
        match (expected, found) {
            (Datum::Null, Datum::Null) => true,
            (Datum::Float8(a), Datum::Float8(b)) => near(*a, *b),
            (Datum::Float4(a), Datum::Float4(b)) => near(f64::from(*a), f64::from(*b)),
            (Datum::Geometry(a), Datum::Geometry(b)) if a == b => true,
            (Datum::Geometry(_), Datum::Geometry(_)) => self.same_geometry(expected, found),
            (Datum::Null, _) | (_, Datum::Null) => false,
            (a, b) => {
                let text = |value: &Datum| io::output(&self.env, io::type_of(value), value).ok();
                let (a, b) = (text(a), text(b));
                a.is_some()
                    && (a == b
                        || function.equality == Equality::Float
                            && a.zip(b).is_some_and(|(a, b)| {
                                a.parse::<f64>().ok().zip(b.parse::<f64>().ok()).is_some_and(|(a, b)| near(a, b))
                            }))
            }
        }
    }

    /// The same vertices within 1e-9, or the same set of points.
    fn same_geometry(&self, expected: &Datum, found: &Datum) -> bool {
        let (Ok(a), Ok(b)) = (Geometry::from_datum(expected), Geometry::from_datum(found)) else { return false };
        if a.srid != b.srid || a.kind != b.kind || a.is_empty() != b.is_empty() {
            return false;
        }
        let coords = |geometry: &Geometry| {
            let mut all = Vec::new();
            geometry.visit(&mut |coord| all.push([coord.x, coord.y, coord.z, coord.m]));
            all
        };
        let (left, right) = (coords(&a), coords(&b));
        let close = |(a, b): (&[f64; 4], &[f64; 4])| {
            a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-9 * (1.0 + a.abs()) || a.to_bits() == b.to_bits())
        };
        if left.len() == right.len() && left.iter().zip(&right).all(close) {
            return true;
        }
        let types = [PgType::GEOMETRY, PgType::GEOMETRY];
        let call = Call { env: &self.env, args: &types, returns: PgType::BOOL };
        let equal = crate::kernels::scalar("st_equals(geometry,geometry)");
        equal.is_some_and(|equal| matches!(equal(&call, &[expected.clone(), found.clone()]), Ok(Datum::Bool(true))))
    }
}
