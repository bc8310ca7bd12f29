//! Functions that read the catalog or the session: the implementation of `kernels::CatalogFunctions` for one session.

mod describe;
mod privilege;
mod reg;

use std::sync::Arc;

use crate::catalog::{Catalog, Relation};
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Call, CatalogFunctions};
use crate::pgcatalog::table::array;
use crate::types::{Datum, PgType};

/// What a session lets functions read and change.
pub trait SessionAccess: Send + Sync {
    /// The value `SHOW name` gives; `None` when there is no such setting.
    fn setting(&self, name: &str) -> Option<String>;
    /// `set_config`: the new value as shown; errors as SET.
    fn set_setting(&self, name: &str, value: &str, local: bool) -> Result<String>;
    /// `pg_backend_pid()`.
    fn process_id(&self) -> i32;
}

/// One session's view: who asks, over which snapshot.
#[derive(Clone)]
pub struct SessionCatalog {
    pub catalog: Arc<Catalog>,
    pub role: u32,
    pub session_role: u32,
    /// Schemas of search_path that exist and are usable, pg_catalog implicitly first unless listed.
    pub search_path: Arc<[String]>,
    pub session: Arc<dyn SessionAccess>,
}

/// Symbols answered here (beside the families by prefix in [`SessionCatalog::knows`]).
const KNOWN: &[&str] = &[
    "current_database",
    "current_schema",
    "current_schemas",
    "current_user",
    "session_user",
    "format_type",
    "getdatabaseencoding",
    "inet_client_addr",
    "inet_client_port",
    "inet_server_addr",
    "inet_server_port",
    "pg_advisory_unlock_all",
    "pg_backend_pid",
    "pg_client_encoding",
    "pg_is_in_recovery",
    "pg_is_other_temp_schema",
    "pg_my_temp_schema",
    "pgsql_version",
    "set_config_by_name",
    "show_config_by_name",
    "show_config_by_name_missing_ok",
    "PG_char_to_encoding",
    "PG_encoding_to_char",
    "row_security_active",
    "row_security_active_name",
    "pg_relation_is_publishable",
    "pg_tablespace_location",
    "pg_encoding_max_length_sql",
];

impl CatalogFunctions for SessionCatalog {
    fn knows(&self, symbol: &str) -> bool {
        KNOWN.contains(&symbol)
            || privilege::knows(symbol)
            || describe::knows(symbol)
            || reg::knows(symbol)
            || (symbol.ends_with("_is_visible") && symbol.starts_with("pg_"))
    }

    fn call(&self, symbol: &str, call: &Call<'_>, args: &[Datum]) -> Result<Option<Datum>> {
        if let Some(value) = privilege::call(self, symbol, args)? {
            return Ok(Some(value));
        }
        if let Some(value) = describe::call(self, symbol, args)? {
            return Ok(Some(value));
        }
        if let Some(value) = reg::call(self, symbol, args)? {
            return Ok(Some(value));
        }
        if let Some(object) = symbol.strip_prefix("pg_").and_then(|rest| rest.strip_suffix("_is_visible")) {
            return self.is_visible(object, args).map(Some);
        }
        self.session_function(symbol, call, args)
    }

    fn reg_in(&self, ty: PgType, text: &str) -> Result<u32> {
        reg::input(self, ty, text)
    }

    fn reg_out(&self, ty: PgType, oid: u32) -> String {
        reg::output(self, ty, oid)
    }
}

impl SessionCatalog {
    fn session_function(&self, symbol: &str, _call: &Call<'_>, args: &[Datum]) -> Result<Option<Datum>> {
        Ok(Some(match symbol {
            "current_database" => Datum::text(&self.catalog.database),
            "current_schema" => self.first_schema().map_or(Datum::Null, Datum::text),
            "current_schemas" => {
                let implicit = matches!(args, [Datum::Bool(true)]);
                let names = self.search_path.iter().filter(|name| implicit || self.is_explicit(name));
                array(PgType::NAME, names.map(Datum::text).collect())
            }
            "current_user" => Datum::text(self.role_name(self.role)),
            "session_user" => Datum::text(self.role_name(self.session_role)),
            "getdatabaseencoding" | "pg_client_encoding" => Datum::text("UTF8"),
            // As over a Unix socket: the addresses behind a proxy say nothing useful.
            "inet_client_addr" | "inet_client_port" | "inet_server_addr" | "inet_server_port" => Datum::Null,
            "pg_advisory_unlock_all" => Datum::Void,
            "pg_backend_pid" => Datum::Int4(self.session.process_id()),
            "pg_is_in_recovery"
            | "pg_is_other_temp_schema"
            | "row_security_active"
            | "row_security_active_name"
            | "pg_relation_is_publishable" => Datum::Bool(false),
            "pg_my_temp_schema" => Datum::Oid(0),
            "pg_tablespace_location" => Datum::text(""),
            "pg_encoding_max_length_sql" => Datum::Int4(4),
            "pgsql_version" => Datum::text(crate::pgcatalog::version()),
            "PG_char_to_encoding" => Datum::Int4(match args.first().and_then(Datum::as_str) {
                Some(name) if matches!(name.to_ascii_lowercase().as_str(), "utf8" | "utf-8" | "unicode") => 6,
                Some(name) if name.eq_ignore_ascii_case("sql_ascii") => 0,
                _ => -1,
            }),
            "PG_encoding_to_char" => Datum::text(match args.first().and_then(Datum::as_i64) {
                Some(6) => "UTF8",
                Some(0) => "SQL_ASCII",
                _ => "",
            }),
            "show_config_by_name" => self.setting(args, false)?,
            "show_config_by_name_missing_ok" => self.setting(args, matches!(args.get(1), Some(Datum::Bool(true))))?,
            "set_config_by_name" => {
                let name = args
                    .first()
                    .and_then(Datum::as_str)
                    .ok_or_else(|| Error::new(SqlState::NULL_VALUE_NOT_ALLOWED, "SET requires parameter name"))?;
                let value = args.get(1).and_then(Datum::as_str).unwrap_or("");
                let local = matches!(args.get(2), Some(Datum::Bool(true)));
                Datum::text(self.session.set_setting(name, value, local)?)
            }
            _ => return Ok(None),
        }))
    }

    fn setting(&self, args: &[Datum], missing_ok: bool) -> Result<Datum> {
        let Some(name) = args.first().and_then(Datum::as_str) else { return Ok(Datum::Null) };
        match self.session.setting(name) {
            Some(value) => Ok(Datum::text(value)),
            None if missing_ok => Ok(Datum::Null),
            None => {
                Err(Error::new(SqlState::UNDEFINED_OBJECT, format!("unrecognized configuration parameter \"{name}\"")))
            }
        }
    }

    fn is_explicit(&self, schema: &str) -> bool {
        schema != "pg_catalog" || self.session.setting("search_path").is_some_and(|path| path.contains("pg_catalog"))
    }

    /// `current_schema()`: the first schema that an unqualified CREATE would use.
    fn first_schema(&self) -> Option<&String> {
        self.search_path.iter().find(|name| self.is_explicit(name))
    }

    pub(crate) fn role_name(&self, role: u32) -> String {
        self.catalog.roles.get(&role).map_or_else(|| format!("unknown (OID={role})"), |role| role.name.clone())
    }

    /// A relation by oid, if the role may know of it.
    pub(crate) fn relation(&self, oid: u32) -> Option<&Arc<Relation>> {
        self.catalog.relation_by_oid(oid).filter(|relation| self.catalog.schema_visible(self.role, &relation.schema))
    }

    /// The relation that an unqualified name means.
    pub(crate) fn find_relation(&self, name: &str) -> Option<&Arc<Relation>> {
        self.search_path
            .iter()
            .filter(|schema| self.catalog.schema_visible(self.role, schema))
            .find_map(|schema| self.catalog.relation(schema, name))
    }

    /// `pg_X_is_visible(oid)`: is it what its unqualified name finds? NULL when there is no such object.
    fn is_visible(&self, object: &str, args: &[Datum]) -> Result<Datum> {
        let Some(oid) = args.first().and_then(Datum::as_i64) else { return Ok(Datum::Null) };
        let oid = oid as u32;
        let in_path = |schema: &str| self.search_path.iter().any(|name| name == schema);
        Ok(match object {
            "table" => match (self.relation(oid), self.catalog.index(oid)) {
                (Some(relation), _) => {
                    Datum::Bool(self.find_relation(&relation.name).is_some_and(|found| found.oid == relation.oid))
                }
                (None, Some((relation, _))) if self.catalog.schema_visible(self.role, &relation.schema) => {
                    Datum::Bool(in_path(&relation.schema))
                }
                _ => Datum::Null,
            },
            "function" => match self.catalog.language.function_by_oid(oid) {
                Some(function) => Datum::Bool(in_path(function.schema)),
                None => Datum::Null,
            },
            "type" => {
                let ty = PgType(oid);
                match (self.catalog.foreign_type(ty), ty.info().or_else(|| ty.element().and_then(PgType::info))) {
                    (Some(foreign), _) => Datum::Bool(in_path(&foreign.schema)),
                    (None, Some(_)) => Datum::Bool(!ty.is_spatial() || in_path("public")),
                    (None, None) => {
                        let row = self.catalog.relations().find(|relation| relation.row_type == oid && oid != 0);
                        row.map_or(Datum::Null, |relation| Datum::Bool(in_path(&relation.schema)))
                    }
                }
            }
            "operator" => match self.catalog.language.operator_by_oid(oid) {
                Some(operator) => Datum::Bool(in_path(operator.schema)),
                None => Datum::Null,
            },
            // Collations, conversions, operator classes and families, text search objects: all in pg_catalog here.
            _ => Datum::Bool(true),
        })
    }
}
