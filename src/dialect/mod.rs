//! Target dialects: what a server's SQL can say, and printing it.

pub mod target;

pub use self::target::{ParamSource, TargetSql};
