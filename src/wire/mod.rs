//! The PostgreSQL protocol: an own connection loop (pgwire's handlers buffer whole results and cannot share portals with
//! cursors), on pgwire's SCRAM.

mod cancel;
mod command;
mod connection;
mod copy;
pub mod encode;
mod error;
mod extended;
mod read;
mod scroll;
mod startup;
#[cfg(test)]
pub(crate) mod tests;
mod write;

pub use self::startup::{Authenticator, Method, Tls, TrustLoopback};

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::cancel::Registry;
use crate::session::Executor;

/// What all connections share.
pub struct Server {
    executor: Arc<dyn Executor>,
    authenticator: Arc<dyn Authenticator>,
    options: Options,
    registry: Registry,
    pub metrics: Metrics,
    /// Cancelled when the process is to end: idle sessions leave, others at the end of their transaction.
    drain: CancellationToken,
    /// Cancelled when draining has taken too long.
    kill: CancellationToken,
}

/// Limits and defaults of a server.
#[derive(Clone)]
pub struct Options {
    pub tls: Option<tokio_rustls::TlsAcceptor>,
    /// Refuse clear text from other hosts.
    pub require_tls: bool,
    pub max_connections: usize,
    pub authentication_timeout: Duration,
    /// How long sessions may go on after SIGTERM.
    pub drain_timeout: Duration,
    /// Defaults of every session's settings.
    pub settings: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            tls: None,
            require_tls: false,
            max_connections: 500,
            authentication_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(30),
            settings: Vec::new(),
        }
    }
}

/// Counters of the protocol.
#[derive(Default)]
pub struct Metrics {
    pub connections: Counter,
    pub failed_logins: Counter,
    pub errors: Counter,
    pub statements: Counter,
}

/// A number that only rises.
#[derive(Default)]
pub struct Counter(std::sync::atomic::AtomicU64);

impl Counter {
    pub fn inc(&self) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(std::sync::atomic::Ordering::Relaxed)
    }
}

impl Server {
    pub fn new(executor: Arc<dyn Executor>, authenticator: Arc<dyn Authenticator>, options: Options) -> Arc<Server> {
        Arc::new(Server {
            executor,
            authenticator,
            options,
            registry: Registry::default(),
            metrics: Metrics::default(),
            drain: CancellationToken::new(),
            kill: CancellationToken::new(),
        })
    }

    pub fn executor(&self) -> &Arc<dyn Executor> {
        &self.executor
    }

    /// Connections that are open now.
    pub fn open_connections(&self) -> usize {
        self.registry.count()
    }

    /// True once `shutdown` was called.
    pub fn is_draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// Waits for `shutdown` to be called.
    pub async fn drained(&self) {
        self.drain.cancelled().await;
    }

    /// Accepts connections until shutdown.
    pub async fn serve(self: &Arc<Server>, listener: TcpListener) -> std::io::Result<()> {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.drain.cancelled() => return Ok(()),
            };
            match accepted {
                Ok((stream, peer)) => {
                    tokio::spawn(startup::accept(self.clone(), stream, peer));
                }
                Err(error) => {
                    // Out of descriptors, most likely: others may leave.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    /// Drains: no new connections, idle sessions end, the rest has `drain_timeout`.
    pub async fn shutdown(&self) {
        self.drain.cancel();
        let end = tokio::time::Instant::now() + self.options.drain_timeout;
        while self.registry.count() > 0 && tokio::time::Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if self.registry.count() > 0 {
            self.registry.cancel_all();
            self.kill.cancel();
            let end = tokio::time::Instant::now() + Duration::from_secs(5);
            while self.registry.count() > 0 && tokio::time::Instant::now() < end {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}
