//! Target dialects: what a server's SQL can say, and printing it.

mod print;
mod quote;
mod rules;
pub mod target;
mod template;

#[cfg(test)]
pub(crate) use self::print::tests;
pub use self::print::{PrintTarget, print};
pub use self::rules::{Construct, Dialect, Evidence, Form, FunctionRule, SyntaxRule, TypeRule};
pub use self::target::{Param, ParamSource, ResultColumn, TargetSql};
