//! EXPLAIN: the route, each fragment's SQL, what runs here and why.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::Pipeline;
use super::constant::{self, OneBatch};
use super::execute::{Counters, Want, drain};
use super::plan::{ExplainPlan, QueryPlan};
use super::transaction::SourceTransaction;
use crate::catalog::Catalog;
use crate::connector::Pool;
use crate::dialect::TargetSql;
use crate::error::Result;
use crate::route::Route;
use crate::session::{Open, Opened, Plan, SessionContext, Tag, Transaction};
use crate::types::Datum;

impl Pipeline {
    pub(super) async fn run_explain(
        &self,
        session: &SessionContext,
        transaction: &mut dyn Transaction,
        plan: &ExplainPlan,
        open: Open<'_>,
    ) -> Result<Opened> {
        let mut description = describe(&plan.inner);
        estimates(transaction, &plan.inner, &mut description).await?;
        if !plan.analyze {
            for (fragment, told) in self.semi_joins(session, &plan.inner, open.params.clone())? {
                append(&mut description["Fragments"][fragment]["Semi-join"], told);
            }
        }
        if plan.analyze {
            let start = Instant::now();
            let fragments = match &plan.inner.routed.route {
                Route::Federated { fragments, .. } => &fragments[..],
                Route::Constant | Route::Local | Route::Pushed { .. } => &[],
            };
            let counters = Arc::new(Counters::of(fragments.len()));
            let want = Want { counters: Some(Arc::clone(&counters)), ..Want::default() };
            let mut cursor = self.cursor(session, transaction, &plan.inner, open.params, want, &open.cancel).await?;
            let (rows, bytes) = drain(cursor.as_mut()).await?;
            for (n, fragment) in fragments.iter().enumerate() {
                let (fetched, bytes, kept) = counters.read(n);
                description["Fragments"][n]["Rows fetched"] = json!(fetched);
                description["Fragments"][n]["Bytes fetched"] = json!(bytes);
                if fragment.rechecked > 0 {
                    description["Fragments"][n]["Rows kept"] = json!(kept);
                }
                for told in counters.semi_joins(n) {
                    append(&mut description["Fragments"][n]["Semi-join"], told);
                }
            }
            description["Actual"] =
                json!({ "Rows": rows, "Bytes": bytes, "Milliseconds": start.elapsed().as_secs_f64() * 1000.0 });
        }
        let lines: Vec<Datum> = if plan.json {
            let text = serde_json::to_string_pretty(&json!([description])).unwrap_or_default();
            vec![Datum::text(text)]
        } else {
            let mut lines = Vec::new();
            write_text(&description, 0, &mut lines);
            lines.into_iter().map(Datum::text).collect()
        };
        let column = &plan.columns()[0];
        let count = lines.len();
        let batch = constant::batch_of(&[(&column.name, column.ty, -1)], &[lines], count)?;
        Ok(Opened {
            cursor: Some(Box::new(OneBatch::new(batch))),
            tag: Tag::Utility("EXPLAIN".into()),
            notices: Vec::new(),
            late: false,
        })
    }
}

/// One text, or several.
fn append(value: &mut Value, text: String) {
    match value {
        Value::Null => *value = json!([text]),
        Value::Array(texts) => texts.push(json!(text)),
        _ => {}
    }
}

/// What backends tell of their parts without running them. One that does not is no error.
async fn estimates(transaction: &mut dyn Transaction, plan: &QueryPlan, description: &mut Value) -> Result<()> {
    let parts: Vec<(u32, &TargetSql)> = match &plan.routed.route {
        Route::Constant | Route::Local => return Ok(()),
        Route::Pushed { server, sql } => vec![(*server, sql)],
        Route::Federated { fragments, .. } => {
            fragments.iter().map(|fragment| (fragment.server, &fragment.sql)).collect()
        }
    };
    let pushed = matches!(plan.routed.route, Route::Pushed { .. });
    for (n, (server, sql)) in parts.into_iter().enumerate() {
        if !sql.params().is_empty() {
            continue;
        }
        let pool = SourceTransaction::of(transaction)?.database().pool(&plan.catalog, server, plan.role)?;
        let Pool::Other(name, connector) = pool else { continue };
        let bytes = match connector.estimate(sql).await {
            Ok(Some(bytes)) => json!(bytes),
            Ok(None) => continue,
            Err(error) => {
                tracing::debug!(server = &*name, %error, "no estimate");
                continue;
            }
        };
        if pushed {
            description["Bytes to read"] = bytes;
        } else {
            description["Fragments"][n]["Bytes to read"] = bytes;
        }
    }
    Ok(())
}

fn describe(plan: &QueryPlan) -> Value {
    let catalog = &plan.catalog;
    let mut description = match &plan.routed.route {
        Route::Constant => json!({ "Route": "Constant" }),
        Route::Local => json!({ "Route": "Local" }),
        Route::Pushed { server, sql } => json!({
            "Route": "Pushed",
            "Server": server_name(catalog, *server),
            "SQL": sql.text(),
        }),
        Route::Federated { fragments, .. } => json!({
            "Route": "Federated",
            "Fragments": fragments
                .iter()
                .map(|fragment| {
                    let mut told = json!({
                        "Relation": fragment.relation,
                        "Server": server_name(catalog, fragment.server),
                        "SQL": fragment.sql.text(),
                        "Snapshot": snapshot(catalog, fragment.server),
                    });
                    if fragment.rechecked > 0 {
                        told["Rechecked conditions"] = json!(fragment.rechecked);
                    }
                    told
                })
                .collect::<Vec<_>>(),
            "Residual": "joins, aggregates and conditions run on the engine",
        }),
    };
    description["Why"] = json!(plan.routed.why);
    description
}

/// What the fragments of a statement see of a server.
fn snapshot(catalog: &Catalog, server: u32) -> &'static str {
    match catalog.servers.get(&server).map(|server| server.wrapper.as_str()) {
        Some("postgres") => "one per server and transaction; none across servers",
        _ => "one per fragment",
    }
}

fn server_name(catalog: &Catalog, server: u32) -> String {
    catalog.servers.get(&server).map_or_else(|| server.to_string(), |server| server.name.clone())
}

fn write_text(value: &Value, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let Value::Object(fields) = value else { return };
    for (name, value) in fields {
        match value {
            Value::String(text) => lines.push(format!("{indent}{name}: {text}")),
            Value::Array(items) => {
                for item in items {
                    match item {
                        Value::String(text) => lines.push(format!("{indent}{name}: {text}")),
                        item => {
                            lines.push(format!("{indent}{name}:"));
                            write_text(item, depth + 1, lines);
                        }
                    }
                }
            }
            Value::Object(_) => {
                lines.push(format!("{indent}{name}:"));
                write_text(value, depth + 1, lines);
            }
            other => lines.push(format!("{indent}{name}: {other}")),
        }
    }
}
