//! Target dialects: what a server's SQL can say, and printing it.
//!
//! A dialect is data (`dialects/<target>/*.toml`, DESIGN section 5): text flags, constructs, types, casts, and a row for each function. What
//! has no row cannot be said, and `route` finishes it here. Each row has its evidence; the session's fidelity decides what is used.

mod corpus;
mod coverage;
mod load;
mod print;
pub mod quote;
mod rules;
mod shape;
pub mod target;
mod template;

pub use self::corpus::Probe;
pub use self::coverage::{Answer, Coverage};
pub use self::print::{PrintTarget, print};
#[cfg(test)]
pub(crate) use self::print::{foreign_catalog, tests};
pub use self::rules::{Construct, Dialect, DriverRules, Evidence, Form, FunctionRule, SyntaxRule, TypeRule, Version};
pub use self::target::{Carrier, Param, ParamSource, ResultColumn, TargetSql};
