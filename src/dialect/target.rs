//! [`TargetSql`]: the only thing that a connector executes (invariant 3).

use std::sync::Arc;

use crate::types::{Datum, PgType};

/// A printed statement. Only `dialect::print` makes one.
#[derive(Clone, Debug)]
pub struct TargetSql {
    pub(super) text: Arc<str>,
    pub(super) params: Arc<[Param]>,
    pub(super) columns: Arc<[ResultColumn]>,
    pub(super) spans: Arc<[(usize, usize)]>,
    pub(super) whole: bool,
    pub(super) approximations: Arc<[String]>,
}

/// A bind parameter of the printed text, in order ($1 ...).
#[derive(Clone, Debug)]
pub struct Param {
    pub ty: PgType,
    pub source: ParamSource,
}

/// Where the value of a parameter comes from at execution.
#[derive(Clone, Debug)]
pub enum ParamSource {
    /// The client's parameter `$n`, 0-based.
    Client(usize),
    /// A constant lifted from the text.
    Constant(Datum),
    /// Context value number n of the statement (now(), current_user ...).
    Context(usize),
    /// Value n of the outer row that an Apply binds.
    Outer(usize),
}

/// A result column as bind sees it, and how its values come.
#[derive(Clone, Debug)]
pub struct ResultColumn {
    pub name: String,
    pub ty: PgType,
    pub typmod: i32,
    pub carrier: Carrier,
}

/// The form in which a target gives a column's values; a connector converts them to `types::storage` of the column's type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Carrier {
    /// EWKB bytes.
    Ewkb,
    /// The target's own type for this one.
    Native,
    /// PostgreSQL's text form.
    Text,
    /// WKB (ISO or with flags, without SRID); every value has this SRID.
    Wkb { srid: i32 },
}

impl ResultColumn {
    pub fn new(name: impl Into<String>, ty: PgType, typmod: i32) -> ResultColumn {
        ResultColumn { name: name.into(), ty, typmod, carrier: Carrier::Native }
    }
}

impl TargetSql {
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The result schema that bind expects.
    pub fn columns(&self) -> &[ResultColumn] {
        &self.columns
    }

    /// True when this is the client's whole statement over relations without policy, mask or hidden column: only then may
    /// the source's error message, detail and hint pass on to the client (DESIGN section 8).
    pub fn passes_errors(&self) -> bool {
        self.whole
    }

    /// Translations in use that are only approximate, each with its reason: a NOTICE each.
    pub fn approximations(&self) -> &[String] {
        &self.approximations
    }

    /// Maps a byte offset in the printed text to the byte offset in the client's text.
    pub fn source_position(&self, printed: usize) -> Option<usize> {
        let at = self.spans.partition_point(|(start, _)| *start <= printed);
        at.checked_sub(1).map(|at| self.spans[at].1)
    }

    /// As a fragment of a client's statement, for tests.
    #[cfg(test)]
    pub(crate) fn in_part(self) -> TargetSql {
        TargetSql { whole: false, ..self }
    }

    /// A statement with fixed text for tests of connectors.
    #[cfg(test)]
    pub(crate) fn for_test(text: &str, params: Vec<Param>, columns: Vec<ResultColumn>) -> TargetSql {
        TargetSql {
            text: text.into(),
            params: params.into(),
            columns: columns.into(),
            spans: Arc::new([]),
            whole: true,
            approximations: Arc::new([]),
        }
    }
}
