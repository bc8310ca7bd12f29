//! Relations about types, functions, operators and casts.

use crate::catalog::{ArgumentMode, CastContext, CastKind, ForeignTypeKind, Function, FunctionKind, Volatility, oids};
use crate::error::Result;
use crate::pgcatalog::View;
use crate::pgcatalog::table::{Rows, array, char_value, vector};
use crate::types::{Datum, PgType};

pub(super) fn pg_type(view: &View<'_>, out: &mut Rows) -> Result<()> {
    out.push_static(include_str!("../data/pg_type.tsv"))?;
    for relation in view.relations().filter(|relation| relation.row_type != 0) {
        out.push(&[
            ("oid", Datum::Oid(relation.row_type)),
            ("typname", Datum::text(&relation.name)),
            ("typnamespace", Datum::Oid(relation.schema_oid)),
            ("typowner", Datum::Oid(relation.owner)),
            ("typlen", Datum::Int2(-1)),
            ("typtype", Datum::text("c")),
            ("typcategory", Datum::text("C")),
            ("typisdefined", Datum::Bool(true)),
            ("typdelim", Datum::text(",")),
            ("typrelid", Datum::Oid(relation.oid)),
            ("typinput", proc("record_in")),
            ("typoutput", proc("record_out")),
            ("typreceive", proc("record_recv")),
            ("typsend", proc("record_send")),
            ("typalign", Datum::text("d")),
            ("typstorage", Datum::text("x")),
            ("typtypmod", Datum::Int4(-1)),
        ])?;
    }
    for ty in view.catalog.foreign_types.values() {
        let Some(schema) = view.catalog.schemas.get(&ty.schema) else { continue };
        if !view.catalog.schema_visible(view.role, &ty.schema) {
            continue;
        }
        let (kind, category, element, base, typmod) = match &ty.kind {
            ForeignTypeKind::Array(element) => ("b", "A", element.0, 0, -1),
            ForeignTypeKind::Base => ("b", "U", 0, 0, -1),
            ForeignTypeKind::Composite(_) => ("c", "C", 0, 0, -1),
            ForeignTypeKind::Domain { base, typmod } => ("d", "U", 0, base.0, *typmod),
            ForeignTypeKind::Enum(_) => ("e", "E", 0, 0, -1),
            ForeignTypeKind::Range => ("r", "R", 0, 0, -1),
        };
        let (input, output) = match &ty.kind {
            ForeignTypeKind::Array(_) => ("array_in", "array_out"),
            ForeignTypeKind::Composite(_) => ("record_in", "record_out"),
            ForeignTypeKind::Enum(_) => ("enum_in", "enum_out"),
            ForeignTypeKind::Range => ("range_in", "range_out"),
            ForeignTypeKind::Domain { .. } => ("domain_in", "textout"),
            ForeignTypeKind::Base => ("textin", "textout"),
        };
        out.push(&[
            ("oid", Datum::Oid(ty.oid.0)),
            ("typname", Datum::text(&ty.name)),
            ("typnamespace", Datum::Oid(schema.oid)),
            ("typowner", Datum::Oid(oids::SUPERUSER)),
            ("typlen", Datum::Int2(-1)),
            ("typtype", Datum::text(kind)),
            ("typcategory", Datum::text(category)),
            ("typisdefined", Datum::Bool(true)),
            ("typdelim", Datum::text(",")),
            ("typelem", Datum::Oid(element)),
            ("typarray", Datum::Oid(ty.array.map_or(0, |array| array.0))),
            ("typbasetype", Datum::Oid(base)),
            ("typinput", proc(input)),
            ("typoutput", proc(output)),
            ("typalign", Datum::text("i")),
            ("typstorage", Datum::text("x")),
            ("typtypmod", Datum::Int4(typmod)),
        ])?;
    }
    Ok(())
}

fn proc(name: &str) -> Datum {
    Datum::Oid(crate::pgcatalog::regproc_names().get(name).copied().unwrap_or(0))
}

pub(super) fn pg_enum(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for ty in view.catalog.foreign_types.values() {
        let ForeignTypeKind::Enum(labels) = &ty.kind else { continue };
        for (position, label) in labels.iter().enumerate() {
            out.push(&[
                ("oid", Datum::Oid(ty.oid.0.wrapping_mul(4096).wrapping_add(position as u32))),
                ("enumtypid", Datum::Oid(ty.oid.0)),
                ("enumsortorder", Datum::Float4(position as f32 + 1.0)),
                ("enumlabel", Datum::text(label)),
            ])?;
        }
    }
    Ok(())
}

fn sorted_functions<'a>(view: &View<'a>) -> Vec<&'a Function> {
    let mut functions: Vec<&Function> = view.catalog.language.all_functions().map(AsRef::as_ref).collect();
    functions.sort_by_key(|function| function.oid);
    functions
}

/// pg_namespace oid of a function's or operator's schema.
fn namespace(schema: &str) -> Datum {
    Datum::Oid(match schema {
        "pg_catalog" => oids::PG_CATALOG,
        "information_schema" => oids::INFORMATION_SCHEMA,
        _ => oids::PUBLIC,
    })
}

pub(super) fn pg_proc(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for function in sorted_functions(view) {
        let named = function.args.iter().any(|arg| arg.name.is_some()) || !function.columns.is_empty();
        let names = function
            .args
            .iter()
            .map(|arg| Datum::text(arg.name.as_deref().unwrap_or("")))
            .chain(function.columns.iter().map(|(name, _)| Datum::text(name)));
        let modes = function
            .args
            .iter()
            .map(|arg| match arg.mode {
                ArgumentMode::In => "i",
                ArgumentMode::InOut => "b",
                ArgumentMode::Variadic => "v",
            })
            .chain(function.columns.iter().map(|_| if function.returns_set { "t" } else { "o" }));
        let all_modes = function.columns.is_empty() && !function.variadic;
        let all_types = function.args.iter().map(|arg| arg.ty).chain(function.columns.iter().map(|(_, ty)| *ty));
        let defaults = function.args.iter().filter(|arg| arg.default.is_some()).count();
        let internal = function.schema == "pg_catalog";
        out.push(&[
            ("oid", Datum::Oid(function.oid)),
            ("proname", Datum::text(&function.name)),
            ("pronamespace", namespace(function.schema)),
            ("proowner", Datum::Oid(oids::SUPERUSER)),
            // internal or c
            ("prolang", Datum::Oid(if internal { 12 } else { 13 })),
            ("procost", Datum::Float4(1.0)),
            ("prorows", Datum::Float4(if function.returns_set { 1000.0 } else { 0.0 })),
            ("provariadic", Datum::Oid(if function.variadic { variadic_element(function) } else { 0 })),
            (
                "prokind",
                Datum::text(match function.kind {
                    FunctionKind::Aggregate | FunctionKind::OrderedSet | FunctionKind::Hypothetical => "a",
                    FunctionKind::Function => "f",
                    FunctionKind::Procedure => "p",
                    FunctionKind::Window => "w",
                }),
            ),
            ("proleakproof", Datum::Bool(function.leakproof)),
            ("proisstrict", Datum::Bool(function.strict)),
            ("proretset", Datum::Bool(function.returns_set)),
            (
                "provolatile",
                Datum::text(match function.volatility {
                    Volatility::Immutable => "i",
                    Volatility::Stable => "s",
                    Volatility::Volatile => "v",
                }),
            ),
            ("proparallel", char_value(char::from(function.parallel))),
            ("pronargs", Datum::Int2(function.args.len() as i16)),
            ("pronargdefaults", Datum::Int2(defaults as i16)),
            ("prorettype", Datum::Oid(function.returns.0)),
            ("proargtypes", vector(PgType::OID, function.args.iter().map(|arg| Datum::Oid(arg.ty.0)).collect())),
            (
                "proallargtypes",
                if all_modes {
                    Datum::Null
                } else {
                    array(PgType::OID, all_types.map(|ty| Datum::Oid(ty.0)).collect())
                },
            ),
            (
                "proargmodes",
                if all_modes { Datum::Null } else { array(PgType::CHAR, modes.map(Datum::text).collect()) },
            ),
            ("proargnames", if named { array(PgType::TEXT, names.collect()) } else { Datum::Null }),
            ("prosrc", Datum::text(&function.symbol)),
        ])?;
    }
    Ok(())
}

fn variadic_element(function: &Function) -> u32 {
    let Some(last) = function.args.last() else { return 0 };
    last.ty.element().unwrap_or(last.ty).0
}

pub(super) fn pg_aggregate(view: &View<'_>, out: &mut Rows) -> Result<()> {
    for function in sorted_functions(view).into_iter().filter(|function| function.is_aggregate()) {
        out.push(&[
            ("aggfnoid", Datum::Oid(function.oid)),
            (
                "aggkind",
                Datum::text(match function.kind {
                    FunctionKind::OrderedSet => "o",
                    FunctionKind::Hypothetical => "h",
                    FunctionKind::Aggregate
                    | FunctionKind::Function
                    | FunctionKind::Procedure
                    | FunctionKind::Window => "n",
                }),
            ),
            ("aggnumdirectargs", Datum::Int2(function.direct_args as i16)),
        ])?;
    }
    Ok(())
}

pub(super) fn pg_operator(view: &View<'_>, out: &mut Rows) -> Result<()> {
    let mut operators: Vec<_> = view.catalog.language.all_operators().collect();
    operators.sort_by_key(|operator| operator.oid);
    for operator in operators {
        out.push(&[
            ("oid", Datum::Oid(operator.oid)),
            ("oprname", Datum::text(&operator.name)),
            ("oprnamespace", namespace(operator.schema)),
            ("oprowner", Datum::Oid(oids::SUPERUSER)),
            ("oprkind", Datum::text(if operator.left == PgType::INVALID { "l" } else { "b" })),
            ("oprcanmerge", Datum::Bool(operator.merges)),
            ("oprcanhash", Datum::Bool(operator.hashes)),
            ("oprleft", Datum::Oid(operator.left.0)),
            ("oprright", Datum::Oid(operator.right.0)),
            ("oprresult", Datum::Oid(operator.returns.0)),
            ("oprcom", Datum::Oid(operator.commutator)),
            ("oprnegate", Datum::Oid(operator.negator)),
            ("oprcode", Datum::Oid(operator.function.oid)),
        ])?;
    }
    Ok(())
}

pub(super) fn pg_cast(view: &View<'_>, out: &mut Rows) -> Result<()> {
    let mut casts: Vec<_> = view.catalog.language.all_casts().collect();
    casts.sort_by_key(|cast| (cast.source, cast.target));
    for (position, cast) in casts.into_iter().enumerate() {
        let (method, function) = match &cast.kind {
            CastKind::Binary => ("b", 0),
            CastKind::Function(function) => ("f", function.oid),
            CastKind::InOut => ("i", 0),
        };
        out.push(&[
            ("oid", Datum::Oid(10_000 + position as u32)),
            ("castsource", Datum::Oid(cast.source.0)),
            ("casttarget", Datum::Oid(cast.target.0)),
            ("castfunc", Datum::Oid(function)),
            ("castmethod", Datum::text(method)),
            (
                "castcontext",
                Datum::text(match cast.context {
                    CastContext::Assignment => "a",
                    CastContext::Explicit => "e",
                    CastContext::Implicit => "i",
                }),
            ),
        ])?;
    }
    Ok(())
}
