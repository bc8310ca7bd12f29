//! HTTP beside the PostgreSQL protocol: health, readiness, metrics. Other parts add their routes to [`router`].

mod metrics;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::wire::Server;

/// The routes over a server.
pub fn router(server: Arc<Server>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics::metrics))
        .with_state(server)
}

/// Serves `routes` until the future `end`.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    end: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, routes).with_graceful_shutdown(end).await
}

/// The process is alive.
async fn health() -> Response {
    text(StatusCode::OK, "ok\n".to_owned())
}

/// It takes connections: 503 with the reason otherwise.
async fn ready(State(server): State<Arc<Server>>) -> Response {
    if server.is_draining() {
        return text(StatusCode::SERVICE_UNAVAILABLE, "shutting down\n".to_owned());
    }
    match server.executor().ready() {
        Ok(()) => text(StatusCode::OK, "ready\n".to_owned()),
        Err(reason) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

fn text(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;
    use crate::wire::tests::fake_server;

    async fn get_page(port: u16, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn tells_its_state() {
        let server = fake_server();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(serve(listener, router(server.clone()), std::future::pending()));
        assert!(get_page(port, "/health").await.starts_with("HTTP/1.1 200"));
        assert!(get_page(port, "/ready").await.starts_with("HTTP/1.1 200"));
        assert!(get_page(port, "/metrics").await.contains("\ngraticule_connections 0\n"));
        assert!(get_page(port, "/nothing").await.starts_with("HTTP/1.1 404"));
        server.shutdown().await;
        let answer = get_page(port, "/ready").await;
        assert!(answer.starts_with("HTTP/1.1 503") && answer.ends_with("shutting down\n"), "{answer}");
    }
}
