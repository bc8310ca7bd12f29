//! The catalog: an immutable, versioned snapshot of everything that names resolve to.
//!
//! The language (functions, operators, casts) comes from `dialects/signatures` once per process; schemas, relations, roles and servers
//! belong to one database (tenant) and change by making a new snapshot.

mod function;
mod objects;
pub mod signatures;
mod snapshot;

pub use self::function::{
    Argument, ArgumentMode, Cast, CastContext, CastKind, Equality, Function, FunctionKind, Operator, Volatility,
};
pub use self::objects::{
    Acl, Column, Constraint, ConstraintKind, ForeignType, ForeignTypeKind, Index, Privilege, Relation, RelationKind,
    Role, Schema, Server, Source, UserMapping,
};
pub use self::signatures::Language;
pub use self::snapshot::{Catalog, CatalogBuilder, oids};
