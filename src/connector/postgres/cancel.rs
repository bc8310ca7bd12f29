//! Cancelling: a CancelRequest on a connection of its own, and the watch that sends it.

use std::sync::Arc;
use std::time::Duration;

use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::auth::dial;
use super::options::PostgresServer;

/// How long a cancelled statement may take to end before its connection is given up.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// How long ROLLBACK waits for a statement that was given up; then the connection is.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// When a request that had no effect is sent again.
pub(super) const AGAIN: Duration = Duration::from_millis(500);

/// Names one backend of a server, for CancelRequest.
#[derive(Clone)]
pub(super) struct Canceller {
    pub server: Arc<PostgresServer>,
    pub process: i32,
    pub secret: i32,
}

impl Canceller {
    /// Sends the request and waits until the server has taken it up (it closes the connection), so that it cannot hit the next
    /// statement. Failing to is no error: the statement then runs to its end.
    pub async fn cancel(&self) {
        let send = async {
            let mut io = dial(&self.server).await.map_err(|error| error.to_string())?;
            let mut request = bytes::BytesMut::new();
            frontend::cancel_request(self.process, self.secret, &mut request);
            io.write_all(&request).await.map_err(|error| error.to_string())?;
            io.flush().await.map_err(|error| error.to_string())?;
            let mut rest = [0; 1];
            // A closed or a reset connection means the same here.
            let _ = io.read(&mut rest).await;
            Ok::<_, String>(())
        };
        match timeout(self.server.connect_timeout, send).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::info!(server = self.server.name, error, "cancel request failed"),
            Err(_) => tracing::info!(server = self.server.name, "cancel request timed out"),
        }
    }
}

/// Whether a statement has been asked to stop.
pub(super) struct Watch {
    token: CancellationToken,
    /// Set once the request went out: until when the answer is waited for.
    pub deadline: Option<Instant>,
    /// When the next request goes out, if no answer has come.
    pub again: Instant,
}

impl Watch {
    pub fn new(token: CancellationToken) -> Watch {
        Watch { token, deadline: None, again: Instant::now() + AGAIN }
    }

    /// For statements that nobody cancels.
    pub fn never() -> Watch {
        Watch::new(CancellationToken::new())
    }

    pub fn is_cancelled(&self) -> bool {
        self.token.is_cancelled()
    }

    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }
}
