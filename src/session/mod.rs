//! Sessions: settings, transactions, prepared statements, portals, and the seam to the request path.

pub mod executor;
pub mod guc;
pub mod portal;
pub mod settings;
pub mod spool;
pub mod state;
mod value;
mod zone;

pub use self::executor::{
    Executor, Login, Notice, Open, Opened, OutputColumn, Plan, PoolCount, SessionContext, SetRole, Severity, Tag,
    Transaction, TransactionMode, UsageCount,
};
pub use self::portal::{Portal, PortalState, Prepared, Running};
pub use self::settings::{Scope, Settings, SharedSettings};
pub use self::state::{Block, Session, Startup};
