//! PostgreSQL's types: oids, typmods, their Arrow storage, and [`Datum`], one value of any of them.

mod arrow;
mod datum;
mod format;
mod oid_map;
pub mod protobuf;
mod table;
mod typmod;

pub use self::arrow::{EXTENSION_KEY, PG_OID_KEY, PG_TYPMOD_KEY, field, storage};
pub use self::datum::{ArrayValue, Datum, Geom, Interval, Numeric};
pub use self::format::{format_type, spelled};
pub use self::oid_map::{NameMap, OidMap};
pub use self::table::{TYPES, TypeInfo};
pub use self::typmod::{GeometryTypmod, NumericTypmod};

use std::fmt;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// A type, named by its oid. Built-in oids are PostgreSQL 15's; those from [`PgType::FIRST_FOREIGN`] on belong to
/// types of attached sources (`Catalog::foreign_type` knows them), carried as text, relayed, or pushed only.
#[derive(Clone, Copy, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct PgType(pub u32);

impl PgType {
    /// The first oid given to a source's own type.
    pub const FIRST_FOREIGN: u32 = 1_000_000;
    pub const INVALID: PgType = PgType(0);

    /// The built-in base, range or pseudo type's row; `None` for array types and foreign types.
    pub fn info(self) -> Option<&'static TypeInfo> {
        index().by_oid.get(&self.0).copied()
    }

    /// The built-in type of that `pg_type.typname` (`int4`, `_int4`, `geometry`); no aliases (see `bind`).
    pub fn by_name(name: &str) -> Option<PgType> {
        if let Some(element) = name.strip_prefix('_') {
            return PgType::by_name(element)?.array();
        }
        index().by_name.get(name).map(|info| PgType(info.oid))
    }

    pub fn is_foreign(self) -> bool {
        self.0 >= PgType::FIRST_FOREIGN
    }

    /// A true array type (`int4[]`): not `int2vector`, `point` or `name`.
    pub fn is_array(self) -> bool {
        index().by_array.contains_key(&self.0)
    }

    /// The element type of a true array type, or of `int2vector`/`oidvector`.
    pub fn element(self) -> Option<PgType> {
        match self {
            PgType::INT2VECTOR => Some(PgType::INT2),
            PgType::OIDVECTOR => Some(PgType::OID),
            _ => self.array_element(),
        }
    }

    /// The element type of a true array type.
    pub fn array_element(self) -> Option<PgType> {
        index().by_array.get(&self.0).map(|info| PgType(info.oid))
    }

    /// The array type over this one.
    pub fn array(self) -> Option<PgType> {
        self.info().filter(|info| info.array != 0).map(|info| PgType(info.array))
    }

    /// `typcategory` (`A` for arrays, `U` for foreign types).
    pub fn category(self) -> u8 {
        if self.is_array() { b'A' } else { self.info().map_or(b'U', |info| info.category) }
    }

    /// `typispreferred`.
    pub fn is_preferred(self) -> bool {
        self.info().is_some_and(|info| info.preferred)
    }

    /// `typlen`.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(self) -> i16 {
        self.info().map_or(-1, |info| info.len)
    }

    /// `pg_type.typname`; `_x` for arrays. Foreign types answer `???`: ask the catalog.
    pub fn name(self) -> String {
        match (self.info(), self.element()) {
            (Some(info), _) => info.name.to_owned(),
            (None, Some(element)) => format!("_{}", element.name()),
            (None, None) => "???".to_owned(),
        }
    }

    /// `anyelement`, `anyarray`, `anynonarray`, `anyenum`, `anyrange` ... and the `anycompatible` family.
    pub fn is_polymorphic(self) -> bool {
        matches!(
            self,
            PgType::ANYELEMENT
                | PgType::ANYARRAY
                | PgType::ANYNONARRAY
                | PgType::ANYENUM
                | PgType::ANYRANGE
                | PgType::ANYMULTIRANGE
                | PgType::ANYCOMPATIBLE
                | PgType::ANYCOMPATIBLEARRAY
                | PgType::ANYCOMPATIBLENONARRAY
                | PgType::ANYCOMPATIBLERANGE
                | PgType::ANYCOMPATIBLEMULTIRANGE
        )
    }

    /// Types whose values have a collation (`text`, `varchar`, `bpchar`, `name`, and arrays of them).
    pub fn is_collatable(self) -> bool {
        self.info().or_else(|| self.element().and_then(PgType::info)).is_some_and(|info| info.collation != 0)
    }

    /// The reg* types and oid itself.
    pub fn is_oid_like(self) -> bool {
        matches!(
            self,
            PgType::OID
                | PgType::REGCLASS
                | PgType::REGTYPE
                | PgType::REGPROC
                | PgType::REGPROCEDURE
                | PgType::REGOPER
                | PgType::REGOPERATOR
                | PgType::REGNAMESPACE
                | PgType::REGROLE
                | PgType::REGCOLLATION
                | PgType::REGCONFIG
                | PgType::REGDICTIONARY
        )
    }

    /// Geometry, geography, their boxes.
    pub fn is_spatial(self) -> bool {
        matches!(self, PgType::GEOMETRY | PgType::GEOGRAPHY | PgType::BOX2D | PgType::BOX3D)
    }
}

impl fmt::Debug for PgType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.0)
    }
}

struct Index {
    by_oid: OidMap<u32, &'static TypeInfo>,
    by_name: NameMap<&'static str, &'static TypeInfo>,
    by_array: OidMap<u32, &'static TypeInfo>,
}

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| Index {
        by_oid: TYPES.iter().map(|info| (info.oid, info)).collect(),
        by_name: TYPES.iter().map(|info| (info.name, info)).collect(),
        by_array: TYPES.iter().filter(|info| info.array != 0).map(|info| (info.array, info)).collect(),
    })
}
