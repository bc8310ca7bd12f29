//! Sessions: settings, prepared statements, portals, and the seam to the request path.

pub mod executor;
pub mod guc;
pub mod settings;
mod value;
mod zone;

pub use self::executor::{
    Executor, Login, Notice, Open, Opened, OutputColumn, Plan, SessionContext, SetRole, Severity, Tag, Transaction,
    TransactionMode,
};
pub use self::settings::{Scope, Settings, SharedSettings};
