//! CancelRequest: which statement of which connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::error::{Error, SqlState};

/// Why a statement ends early.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(super) enum Reason {
    Disconnect = 1,
    Shutdown = 2,
    StatementTimeout = 3,
    UserRequest = 4,
}

/// The running statement's cancellation.
#[derive(Clone, Debug, Default)]
pub(super) struct Cancel {
    pub(super) token: CancellationToken,
    reason: Arc<AtomicU8>,
}

impl Cancel {
    /// Cancels; the first reason stays.
    pub(super) fn fire(&self, reason: Reason) {
        let _ = self.reason.compare_exchange(0, reason as u8, Ordering::AcqRel, Ordering::Acquire);
        self.token.cancel();
    }

    /// The error for the client, once cancelled.
    pub(super) fn error(&self) -> Option<Error> {
        let cancelled =
            |why: &str| Some(Error::new(SqlState::QUERY_CANCELED, format!("canceling statement due to {why}")));
        match self.reason.load(Ordering::Acquire) {
            0 => None,
            reason if reason == Reason::StatementTimeout as u8 => cancelled("statement timeout"),
            reason if reason == Reason::Shutdown as u8 => Some(shutdown()),
            _ => cancelled("user request"),
        }
    }
}

pub(super) fn shutdown() -> Error {
    Error::new(SqlState::ADMIN_SHUTDOWN, "terminating connection due to administrator command")
}

/// What a connection's entry holds: the statement that runs now.
pub(super) type Slot = Arc<Mutex<Option<Cancel>>>;

/// All connections by number and key.
#[derive(Debug, Default)]
pub(super) struct Registry {
    next_pid: AtomicI32,
    slots: Mutex<HashMap<i32, (i32, Slot)>>,
}

impl Registry {
    /// A new connection: its number, its secret key and its slot.
    pub(super) fn register(&self) -> (i32, i32, Slot) {
        let (key, slot) = (rand::random::<i32>(), Slot::default());
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let pid = self.next_pid.fetch_add(1, Ordering::Relaxed).wrapping_add(1) & i32::MAX;
            if pid != 0 && !slots.contains_key(&pid) {
                slots.insert(pid, (key, slot.clone()));
                return (pid, key, slot);
            }
        }
    }

    pub(super) fn unregister(&self, pid: i32) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(&pid);
    }

    pub(super) fn count(&self) -> usize {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The process ends: every running statement.
    pub(super) fn cancel_all(&self) {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, slot) in slots.values() {
            if let Some(cancel) = slot.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
                cancel.fire(Reason::Shutdown);
            }
        }
    }

    /// A CancelRequest; a wrong key is ignored, as PostgreSQL does.
    pub(super) fn cancel(&self, pid: i32, key: i32) {
        let slot = {
            let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            slots.get(&pid).filter(|(own, _)| *own == key).map(|(_, slot)| slot.clone())
        };
        if let Some(slot) = slot
            && let Some(cancel) = slot.lock().unwrap_or_else(PoisonError::into_inner).as_ref()
        {
            cancel.fire(Reason::UserRequest);
        }
    }
}
