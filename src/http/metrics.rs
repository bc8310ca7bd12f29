//! `/metrics` in Prometheus' text format.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use prometheus::proto::MetricFamily;
use prometheus::{Encoder, IntCounter, IntGauge, Registry, TextEncoder};

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
    open.set(i64::try_from(server.open_connections()).unwrap_or(i64::MAX));
    registry.register(Box::new(open))?;
    let mut families = registry.gather();
    families.extend(prometheus::gather());
    Ok(families)
}

fn encode(families: &[MetricFamily]) -> Result<Vec<u8>, prometheus::Error> {
    let mut body = Vec::new();
    TextEncoder::new().encode(families, &mut body)?;
    Ok(body)
}
