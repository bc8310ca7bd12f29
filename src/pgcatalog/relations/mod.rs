//! Row fillers, grouped by what they describe.

mod access;
mod classes;
mod information;
mod language;
mod spatial;

use super::View;
use super::table::{Definition, Rows};
use crate::error::Result;
use crate::types::Datum;

/// The rows of a system relation.
pub(super) fn fill(view: &View<'_>, definition: &'static Definition) -> Result<Vec<Vec<Datum>>> {
    let mut rows = Rows::new(definition);
    let out = &mut rows;
    match (definition.schema, definition.name) {
        ("pg_catalog", "pg_am") => out.push_static(include_str!("../data/pg_am.tsv"))?,
        ("pg_catalog", "pg_collation") => out.push_static(include_str!("../data/pg_collation.tsv"))?,
        ("pg_catalog", "pg_conversion") => out.push_static(include_str!("../data/pg_conversion.tsv"))?,
        ("pg_catalog", "pg_language") => out.push_static(include_str!("../data/pg_language.tsv"))?,
        ("pg_catalog", "pg_opclass") => out.push_static(include_str!("../data/pg_opclass.tsv"))?,
        ("pg_catalog", "pg_opfamily") => out.push_static(include_str!("../data/pg_opfamily.tsv"))?,
        ("pg_catalog", "pg_range") => out.push_static(include_str!("../data/pg_range.tsv"))?,
        ("pg_catalog", "pg_tablespace") => out.push_static(include_str!("../data/pg_tablespace.tsv"))?,
        ("pg_catalog", "pg_aggregate") => language::pg_aggregate(view, out)?,
        ("pg_catalog", "pg_cast") => language::pg_cast(view, out)?,
        ("pg_catalog", "pg_enum") => language::pg_enum(view, out)?,
        ("pg_catalog", "pg_operator") => language::pg_operator(view, out)?,
        ("pg_catalog", "pg_proc") => language::pg_proc(view, out)?,
        ("pg_catalog", "pg_type") => language::pg_type(view, out)?,
        ("pg_catalog", "pg_attrdef") => classes::pg_attrdef(view, out)?,
        ("pg_catalog", "pg_attribute") => classes::pg_attribute(view, out)?,
        ("pg_catalog", "pg_class") => classes::pg_class(view, out)?,
        ("pg_catalog", "pg_constraint") => classes::pg_constraint(view, out)?,
        ("pg_catalog", "pg_description") => classes::pg_description(view, out)?,
        ("pg_catalog", "pg_index") => classes::pg_index(view, out)?,
        ("pg_catalog", "pg_indexes") => classes::pg_indexes(view, out)?,
        ("pg_catalog", "pg_matviews") => classes::pg_matviews(view, out)?,
        ("pg_catalog", "pg_namespace") => classes::pg_namespace(view, out)?,
        ("pg_catalog", "pg_tables") => classes::pg_tables(view, out)?,
        ("pg_catalog", "pg_views") => classes::pg_views(view, out)?,
        ("pg_catalog", "pg_auth_members") => access::pg_auth_members(view, out)?,
        ("pg_catalog", "pg_authid") => access::pg_authid(view, out)?,
        ("pg_catalog", "pg_database") => access::pg_database(view, out)?,
        ("pg_catalog", "pg_extension") => access::pg_extension(view, out)?,
        ("pg_catalog", "pg_foreign_data_wrapper") => access::pg_foreign_data_wrapper(view, out)?,
        ("pg_catalog", "pg_foreign_server") => access::pg_foreign_server(view, out)?,
        ("pg_catalog", "pg_foreign_table") => access::pg_foreign_table(view, out)?,
        ("pg_catalog", "pg_roles") => access::pg_roles(view, out)?,
        ("pg_catalog", "pg_settings") => access::pg_settings(view, out)?,
        ("pg_catalog", "pg_user") => access::pg_user(view, out)?,
        ("pg_catalog", "pg_user_mappings") => access::pg_user_mappings(view, out)?,
        ("information_schema", name) => information::fill(view, name, out)?,
        ("graticule", "usage") => access::usage(view, out)?,
        ("public", "geometry_columns") => spatial::geometry_columns(view, out)?,
        ("public", "geography_columns") => spatial::geography_columns(view, out)?,
        ("public", "spatial_ref_sys") => spatial::spatial_ref_sys(out)?,
        // Empty here by construction: nothing of its kind can exist.
        _ => {}
    }
    Ok(rows.finish())
}
