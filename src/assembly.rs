//! Puts the process together from its configuration: store, catalog, request path, authentication.

use std::sync::Arc;

use crate::config::Config;
use crate::error::{Error, Result};
use crate::session::Executor;
use crate::wire::Authenticator;

/// What `serve` needs.
pub struct Assembly {
    pub executor: Arc<dyn Executor>,
    pub authenticator: Arc<dyn Authenticator>,
    /// Whether some role has a password; without, only the loopback is served, by trust.
    pub has_passwords: bool,
}

/// Opens the store, loads the catalog, runs `--init`.
pub async fn assemble(config: &Config) -> Result<Assembly> {
    let _ = config;
    Err(Error::unsupported("serving without the request path"))
}

/// `graticule check`: everything that `serve` would read.
pub async fn check(config: &Config) -> Result<()> {
    assemble(config).await.map(|_| ())
}

/// `graticule demo`: a configuration that serves the sample data.
pub async fn demo(config: Config) -> Result<Config> {
    let _ = config;
    Err(Error::unsupported("the demonstration without the request path"))
}
