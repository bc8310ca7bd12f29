//! Type oids: built-in ones are the same everywhere, PostGIS's differ from database to database.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::types::PgType;

/// PostGIS's types as the remote's extension defines them. Asked at each connect: re-creating the extension changes oids.
pub(super) const SPATIAL_TYPES: &str = "SELECT t.typname, t.oid, t.typarray \
     FROM pg_catalog.pg_extension e \
     JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass \
       AND d.refobjid = e.oid AND d.deptype = 'e' AND d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass \
     JOIN pg_catalog.pg_type t ON t.oid = d.objid \
     WHERE e.extname = 'postgis' \
       AND t.typname IN ('box2d', 'box2df', 'box3d', 'geography', 'geometry', 'gidx', 'spheroid')";

/// From this oid on types are not built in.
const FIRST_NORMAL: u32 = 16_384;

/// The two-way map between our oids and those of one database.
#[derive(Debug, Default)]
pub(super) struct RemoteTypes {
    local: HashMap<u32, PgType>,
    remote: HashMap<PgType, u32>,
}

impl RemoteTypes {
    /// Reads the rows of [`SPATIAL_TYPES`].
    pub fn new(rows: &[Vec<Option<String>>]) -> RemoteTypes {
        let mut types = RemoteTypes::default();
        for row in rows {
            let [Some(name), oid, array] = row.as_slice() else { continue };
            let Some(ty) = PgType::by_name(name) else { continue };
            for (ty, oid) in [(Some(ty), oid), (ty.array(), array)] {
                let oid = oid.as_deref().and_then(|oid| oid.parse().ok()).filter(|oid| *oid != 0);
                if let (Some(ty), Some(oid)) = (ty, oid) {
                    types.local.insert(oid, ty);
                    types.remote.insert(ty, oid);
                }
            }
        }
        types
    }

    /// Our type for a remote oid; `None` for a type of the remote's own.
    pub fn local(&self, oid: u32) -> Option<PgType> {
        if oid < FIRST_NORMAL { Some(PgType(oid)) } else { self.local.get(&oid).copied() }
    }

    /// The remote's oid of a type; 0 (let the server decide) for foreign types and untyped literals.
    pub fn remote(&self, ty: PgType) -> Result<u32> {
        if ty.is_foreign() || ty == PgType::UNKNOWN {
            return Ok(0);
        }
        if ty.0 < FIRST_NORMAL {
            return Ok(ty.0);
        }
        self.remote
            .get(&ty)
            .copied()
            .ok_or_else(|| Error::unsupported(["type ", &ty.name(), " on a server without PostGIS"].concat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_both_ways() {
        let row = ["geometry", "16391", "16399"].map(|field| Some(field.to_owned())).to_vec();
        let types = RemoteTypes::new(&[row]);
        assert_eq!(types.local(16_391), Some(PgType::GEOMETRY));
        assert_eq!(types.local(16_399), Some(PgType::GEOMETRY_ARRAY));
        assert_eq!(types.local(PgType::GEOMETRY.0), None, "our own oid means nothing there");
        assert_eq!(types.remote(PgType::GEOMETRY).ok(), Some(16_391));
        assert_eq!(types.remote(PgType::INT4).ok(), Some(23));
        assert_eq!(types.remote(PgType(PgType::FIRST_FOREIGN)).ok(), Some(0));
        assert!(types.remote(PgType::GEOGRAPHY).is_err());
    }
}
