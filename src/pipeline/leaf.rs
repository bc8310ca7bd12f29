//! The budget of a part of a statement that nothing narrows on its server: `graticule.max_leaf_bytes` and the server's option.
//!
//! What is known to be too large is refused before it runs; what is not known is counted while it comes, and stopped: a result is
//! whole or an error.

use async_trait::async_trait;

use crate::catalog::Catalog;
use crate::connector::{Cursor, Rows, SharedLease, max_leaf_bytes};
use crate::error::{Error, Result, SqlState};
use crate::route::Fragment;
use crate::session::SessionContext;
use crate::types::PgType;

/// Bytes of a value of no fixed length, where statistics tell rows alone.
const WIDTH: f32 = 32.0;
/// The same of a geometry.
const GEOMETRY_WIDTH: f32 = 128.0;

/// `graticule.max_leaf_bytes`; `None`: no limit.
pub(super) fn limit(session: &SessionContext) -> Option<u64> {
    let kilobytes = session.settings.read(|settings| settings.int("graticule.max_leaf_bytes"));
    u64::try_from(kilobytes).ok().map(|kilobytes| kilobytes.saturating_mul(1024))
}

/// A part that nothing narrows.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    relation: String,
    server: String,
    most: u64,
    /// May sizes be told?
    plain: bool,
}

impl Leaf {
    /// `None` where nothing limits it: the smaller of the session's limit and the server's own holds.
    pub(super) fn of(fragment: &Fragment, catalog: &Catalog, session: Option<u64>) -> Result<Option<Leaf>> {
        let server = catalog.servers.get(&fragment.server);
        let server =
            server.ok_or_else(|| Error::internal(format!("server {} is not in the catalog", fragment.server)))?;
        let own = max_leaf_bytes(&server.options)?;
        let Some(most) = session.into_iter().chain(own).min() else { return Ok(None) };
        let (relation, server) = (fragment.relation.clone(), server.name.clone());
        Ok(Some(Leaf { relation, server, most, plain: fragment.plain }))
    }

    /// Refuses what its server or the catalog's statistics say is larger.
    pub(super) async fn check(&self, fragment: &Fragment, lease: &SharedLease) -> Result<()> {
        let told = if fragment.sql.params().is_empty() {
            lease.estimate(&fragment.sql).await.unwrap_or_else(|error| {
                // What is wrong with the statement is told when it runs.
                tracing::debug!(server = &*self.server, %error, "no estimate");
                None
            })
        } else {
            None
        };
        let (bytes, how) = match (told, fragment.rows) {
            (Some(bytes), _) => (bytes, format!("by the estimate of server \"{}\"", self.server)),
            (None, Some(rows)) => {
                let width: f32 = fragment.sql.columns().iter().map(|column| width(column.ty)).sum();
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                // an estimate, and a float's cast saturates
                ((rows * width) as u64, format!("by the statistics of its {rows:.0} rows"))
            }
            (None, None) => return Ok(()),
        };
        if bytes <= self.most {
            return Ok(());
        }
        let detail = format!("It has about {}, {how}; {} may be read.", size(bytes), size(self.most));
        Err(self.too_large(self.plain.then_some(detail)))
    }

    fn too_large(&self, detail: Option<String>) -> Error {
        let message = format!(
            "reading all of {} from server \"{}\" exceeds graticule.max_leaf_bytes",
            self.relation, self.server
        );
        let detail = detail.unwrap_or_else(|| format!("{} may be read.", size(self.most)));
        Error::new(SqlState::CONFIGURATION_LIMIT_EXCEEDED, message).detail(detail).hint(
            "Add a condition or a LIMIT that the server can apply, or raise graticule.max_leaf_bytes \
             (or the server's option max_leaf_bytes).",
        )
    }

    /// The part's rows, as long as they are within the budget.
    pub(super) fn counted(self, cursor: Box<dyn Cursor>) -> Box<dyn Cursor> {
        Box::new(Counted { cursor, leaf: self, bytes: 0 })
    }
}

struct Counted {
    cursor: Box<dyn Cursor>,
    leaf: Leaf,
    bytes: u64,
}

#[async_trait]
impl Cursor for Counted {
    async fn fetch(&mut self, max_rows: usize) -> Result<Option<Rows>> {
        let rows = self.cursor.fetch(max_rows).await?;
        if let Some(rows) = &rows {
            self.bytes = self.bytes.saturating_add(rows.bytes() as u64);
            if self.bytes > self.leaf.most {
                self.cursor.close().await?;
                let read = if self.leaf.plain {
                    format!("{} came before it ended; {} may be read.", size(self.bytes), size(self.leaf.most))
                } else {
                    format!("{} may be read.", size(self.leaf.most))
                };
                return Err(self.leaf.too_large(Some(read)));
            }
        }
        Ok(rows)
    }

    fn affected(&self) -> Option<u64> {
        self.cursor.affected()
    }

    fn scanned(&self) -> Option<u64> {
        self.cursor.scanned()
    }

    async fn close(&mut self) -> Result<()> {
        self.cursor.close().await
    }
}

fn width(ty: PgType) -> f32 {
    match ty {
        PgType::GEOMETRY | PgType::GEOGRAPHY => GEOMETRY_WIDTH,
        ty => match ty.len() {
            length if length > 0 => f32::from(length),
            _ => WIDTH,
        },
    }
}

/// `12 MB`, as `pg_size_pretty` writes sizes.
fn size(bytes: u64) -> String {
    let mut amount = bytes;
    for unit in ["bytes", "kB", "MB", "GB", "TB"] {
        if amount < 10 * 1024 || unit == "TB" {
            return format!("{amount} {unit}");
        }
        amount = amount.div_ceil(1024);
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        for (bytes, text) in
            [(0, "0 bytes"), (10_239, "10239 bytes"), (10_240, "10 kB"), (5 << 30, "5120 MB"), (50 << 40, "50 TB")]
        {
            assert_eq!(size(bytes), text);
        }
    }
}
