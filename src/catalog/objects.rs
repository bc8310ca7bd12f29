//! Schemas, relations, servers, roles: what belongs to one database.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::PgType;

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Schema {
    pub oid: u32,
    pub name: String,
    pub owner: u32,
    pub acl: Acl,
    pub comment: Option<String>,
    /// Set for an attached schema: its server and the remote schema's name.
    pub attached: Option<(u32, String)>,
}

/// A base relation or view: one row of `pg_class`, with its columns.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Relation {
    pub oid: u32,
    #[serde(with = "shared_text")]
    pub schema: Arc<str>,
    pub schema_oid: u32,
    pub name: String,
    pub kind: RelationKind,
    pub columns: Vec<Column>,
    pub source: Source,
    pub constraints: Vec<Constraint>,
    pub indexes: Vec<Index>,
    pub owner: u32,
    pub acl: Acl,
    pub comment: Option<String>,
    /// `reltuples` (-1 unknown) and `relpages`.
    pub rows: f32,
    pub pages: i32,
    /// SQL text of a view, as `pg_get_viewdef` prints it.
    pub view_definition: Option<String>,
    /// The same text as it reads where the relation's own schema is on the search path.
    pub view_in_path: Option<String>,
    /// Grows with each change of this relation (plan cache).
    pub version: u64,
    /// A row type oid (`reltype`).
    pub row_type: u32,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum RelationKind {
    ForeignTable,
    MaterializedView,
    Partitioned,
    Sequence,
    Table,
    View,
}

impl RelationKind {
    /// `relkind`.
    pub fn code(self) -> char {
        match self {
            RelationKind::ForeignTable => 'f',
            RelationKind::MaterializedView => 'm',
            RelationKind::Partitioned => 'p',
            RelationKind::Sequence => 'S',
            RelationKind::Table => 'r',
            RelationKind::View => 'v',
        }
    }

    pub fn from_code(code: char) -> Option<RelationKind> {
        Some(match code {
            'f' => RelationKind::ForeignTable,
            'm' => RelationKind::MaterializedView,
            'p' => RelationKind::Partitioned,
            'S' => RelationKind::Sequence,
            'r' => RelationKind::Table,
            'v' => RelationKind::View,
            _ => return None,
        })
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Column {
    pub name: String,
    /// `attnum`, from 1, as the source numbers them (dropped columns leave holes).
    pub attnum: i16,
    pub ty: PgType,
    pub typmod: i32,
    pub not_null: bool,
    /// DEFAULT (or generation) expression as SQL text.
    pub default: Option<String>,
    /// `attidentity`: '\0', 'a', 'd'.
    pub identity: char,
    /// `attgenerated`: '\0', 's'.
    pub generated: char,
    /// Collation name where it is not the default.
    pub collation: Option<String>,
    pub comment: Option<String>,
    pub acl: Acl,
    /// The column's name at its source.
    pub remote_name: String,
}

/// Where a relation's rows are.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum Source {
    /// A relation of pg_catalog, information_schema or the geometry views, computed from the catalog.
    System,
    /// On a server, under this schema and name.
    Remote { server: u32, schema: String, name: String },
    /// Files of a server of wrapper `geoparquet`: a file or a folder.
    Files { server: u32, path: String },
    /// A view of ours: its definition is bound in place.
    View,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Constraint {
    pub oid: u32,
    pub name: String,
    pub kind: ConstraintKind,
    /// attnums.
    pub columns: Vec<i16>,
    /// `pg_get_constraintdef`.
    pub definition: String,
    /// Foreign keys: referenced relation oid (0 when not attached) and attnums.
    pub references: Option<(u32, Vec<i16>)>,
    /// confupdtype, confdeltype, confmatchtype.
    pub actions: [char; 3],
    /// Oid of the index behind a primary or unique key; 0 none.
    pub index: u32,
    pub deferrable: bool,
    pub deferred: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum ConstraintKind {
    Check,
    Exclusion,
    ForeignKey,
    PrimaryKey,
    Unique,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Index {
    pub oid: u32,
    pub name: String,
    /// Access method name (btree, gist ...).
    pub method: String,
    /// attnums; 0 for an expression.
    pub columns: Vec<i16>,
    pub unique: bool,
    pub primary: bool,
    /// `pg_get_indexdef`.
    pub definition: String,
    /// `indoption` per column (1 descending, 2 nulls first).
    pub options: Vec<i16>,
    /// Predicate text of a partial index.
    pub predicate: Option<String>,
    /// Expression texts for the zeros of `columns`.
    pub expressions: Option<String>,
}

/// A foreign server.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Server {
    pub oid: u32,
    pub name: String,
    /// Foreign data wrapper: `postgres`, `geoparquet`.
    pub wrapper: String,
    pub options: BTreeMap<String, String>,
    pub owner: u32,
    pub acl: Acl,
    pub version: u64,
    pub comment: Option<String>,
    /// Schema of the PostGIS extension on a `postgres` server, found at attach.
    pub postgis_schema: Option<String>,
    /// Functions that `graticule.verify` found to answer otherwise there, with what it found: they are refused there.
    #[serde(default)]
    pub refused: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct UserMapping {
    pub oid: u32,
    pub server: u32,
    /// Role oid; 0 is PUBLIC.
    pub role: u32,
    /// `user`, `password` ...: never printed back.
    pub options: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Role {
    pub oid: u32,
    pub name: String,
    pub superuser: bool,
    pub inherit: bool,
    pub create_role: bool,
    pub create_db: bool,
    pub login: bool,
    pub bypass_rls: bool,
    /// SCRAM-SHA-256 verifier in PostgreSQL's text form.
    pub password: Option<String>,
    /// Oids of the roles that this one is a member of.
    pub member_of: Vec<u32>,
    pub connection_limit: i32,
}

/// Grants on an object: (grantee role oid, 0 = PUBLIC) -> privileges, each with grant option.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Acl {
    /// `None`: never granted or revoked (PostgreSQL's NULL acl: owner has all, PUBLIC the defaults of the kind).
    #[allow(clippy::type_complexity)]
    pub entries: Option<Vec<(u32, Vec<(Privilege, bool)>)>>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Privilege {
    Connect,
    Create,
    Delete,
    Execute,
    Insert,
    References,
    Select,
    Temporary,
    Trigger,
    Truncate,
    Update,
    Usage,
}

/// A type of an attached source that is not one of ours.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ForeignType {
    pub oid: PgType,
    pub schema: String,
    pub name: String,
    pub kind: ForeignTypeKind,
    /// Server it came from and its name there.
    pub server: u32,
    pub remote_schema: String,
    /// Oid of its array type here, itself a foreign type.
    pub array: Option<PgType>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub enum ForeignTypeKind {
    Array(PgType),
    Base,
    /// (name, type, typmod)
    Composite(Vec<(String, PgType, i32)>),
    Domain {
        base: PgType,
        typmod: i32,
    },
    Enum(Vec<String>),
    Range,
}

impl Relation {
    /// Attribute index by name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The primary key's attribute indices.
    pub fn primary_key(&self) -> Option<Vec<usize>> {
        let key = self.constraints.iter().find(|constraint| constraint.kind == ConstraintKind::PrimaryKey)?;
        key.columns.iter().map(|attnum| self.columns.iter().position(|column| column.attnum == *attnum)).collect()
    }

    /// The server its rows are on; `None` for system relations and views.
    pub fn server(&self) -> Option<u32> {
        match &self.source {
            Source::Remote { server, .. } | Source::Files { server, .. } => Some(*server),
            Source::System | Source::View => None,
        }
    }
}

/// `Arc<str>` as a plain string.
mod shared_text {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
        String::deserialize(deserializer).map(Arc::from)
    }
}
