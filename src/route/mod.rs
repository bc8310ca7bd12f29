//! Where a statement runs, and why.
//!
//! A target can run what `dialect::print` can print for it: there is no second table of capabilities. What cannot go whole to one
//! server is split into fragments (one scan each, with the conditions that concern it alone) and a residual for the engine.

mod choose;
mod narrow;
mod split;

pub use self::choose::choose;
pub use self::narrow::{Partners, Wanted};

use std::sync::Arc;

use crate::dialect::{Evidence, TargetSql};
use crate::policy::Secured;

/// The way a statement takes, and the reasons, as EXPLAIN tells them.
#[derive(Clone, Debug)]
pub struct Choice {
    pub route: Route,
    pub why: Vec<String>,
}

#[derive(Clone, Debug)]
pub enum Route {
    /// No relation: computed from literals, parameters and context values.
    Constant,
    /// Fragments from servers, the rest on the engine: `residual` has `From::Fragment(n)` where `fragments[n]` brings the rows.
    Federated { fragments: Vec<Fragment>, residual: Box<Secured> },
    /// On the engine, over files, system relations and functions.
    Local,
    /// The whole statement on one server.
    Pushed { server: u32, sql: TargetSql },
}

/// One scan on one server.
#[derive(Clone, Debug)]
pub struct Fragment {
    pub server: u32,
    pub sql: TargetSql,
    /// `schema.name` of its relation, for EXPLAIN.
    pub relation: String,
    /// How many conditions were pushed in a weaker form and are tested again here.
    pub rechecked: usize,
    /// How many conditions of the statement, and whether its LIMIT, are in `sql`.
    pub conditions: usize,
    pub limited: bool,
    /// Rows of the relation by the catalog's statistics.
    pub rows: Option<f32>,
    /// The relation has no policy and no hidden column: its size is no secret.
    pub plain: bool,
    /// What `sql` was printed from.
    secured: Arc<Secured>,
    options: Options,
}

/// `SET graticule.route`: for tests, the engine that must run a statement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Engine {
    /// Ours: fragments bring bare rows, every condition is computed here.
    Local,
    /// The server, or an error that says why not.
    Server,
}

/// What the session asks of routing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The least evidence of a translation that may be used (`SET graticule.fidelity`).
    pub fidelity: Evidence,
    pub force: Option<Engine>,
}

#[cfg(test)]
mod tests;
