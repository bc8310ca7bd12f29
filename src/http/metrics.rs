//! `/metrics` in Prometheus' text format.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus::proto::MetricFamily;
use prometheus::{Encoder, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

use crate::wire::Server;

/// The protocol's numbers, and what others registered in the default registry.
pub(super) async fn metrics(State(server): State<Arc<Server>>) -> Response {
    match gather(&server).and_then(|families| encode(&families)) {
        Ok(body) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], body).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn gather(server: &Server) -> Result<Vec<MetricFamily>, prometheus::Error> {
    let registry = Registry::new();
    let counter = |name: &str, help: &str, value: u64| {
        let counter = IntCounter::new(name, help)?;
        counter.inc_by(value);
        registry.register(Box::new(counter))
    };
    let metrics = &server.metrics;
    counter("graticule_connections_total", "Clients that logged in.", metrics.connections.get())?;
    counter("graticule_failed_logins_total", "Wrong passwords.", metrics.failed_logins.get())?;
    counter("graticule_errors_total", "Statements that ended with an error.", metrics.errors.get())?;
    counter("graticule_statements_total", "Statements that were run.", metrics.statements.get())?;
    let open = IntGauge::new("graticule_connections", "Clients that are connected now.")?;
    open.set(amount(server.open_connections()));
    registry.register(Box::new(open))?;
    let tasks = IntGauge::new("graticule_tasks", "Asynchronous tasks that are alive.")?;
    tasks.set(amount(tokio::runtime::Handle::current().metrics().num_alive_tasks()));
    registry.register(Box::new(tasks))?;
    let pooled = |name: &str, help: &str| IntGaugeVec::new(Opts::new(name, help), &["database", "server"]);
    let existing = pooled("graticule_pool_connections", "Connections to servers.")?;
    let used = pooled("graticule_pool_connections_in_use", "Connections to servers that statements have.")?;
    for count in server.executor().pools() {
        // One server may have a pool for each of several users.
        existing.with_label_values(&[&count.database, &count.server]).add(amount(count.open));
        used.with_label_values(&[&count.database, &count.server]).add(amount(count.in_use));
    }
    registry.register(Box::new(existing))?;
    registry.register(Box::new(used))?;
    let by_role = |name: &str, help: &str| IntCounterVec::new(Opts::new(name, help), &["database", "server", "role"]);
    let counted = [
        by_role("graticule_source_jobs_total", "Statements sent to servers.")?,
        by_role("graticule_source_failed_jobs_total", "Statements sent to servers that ended with an error.")?,
        by_role("graticule_source_rows_total", "Rows that came from servers.")?,
        by_role("graticule_source_bytes_total", "Bytes of the rows that came from servers.")?,
        by_role("graticule_source_scanned_bytes_total", "Bytes that servers say they read, where they do.")?,
    ];
    for usage in server.executor().usage() {
        let labels = [usage.database.as_str(), &usage.server, &usage.role];
        let numbers = [usage.jobs, usage.failed, usage.rows, usage.bytes, usage.scanned];
        for (counter, number) in counted.iter().zip(numbers) {
            counter.with_label_values(&labels).inc_by(number);
        }
    }
    for counter in counted {
        registry.register(Box::new(counter))?;
    }
    let mut families = registry.gather();
    families.extend(prometheus::gather());
    Ok(families)
}

fn amount(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn encode(families: &[MetricFamily]) -> Result<Vec<u8>, prometheus::Error> {
    let mut body = Vec::new();
    TextEncoder::new().encode(families, &mut body)?;
    Ok(body)
}
