//! From the rows of `dialects/signatures/*.toml` to a [`Language`].

use std::collections::HashMap;
use std::sync::Arc;

use super::Language;
use super::rows::{self, Row};
use crate::catalog::{
    Argument, ArgumentMode, Cast, CastContext, CastKind, Equality, Function, FunctionKind, Operator, Volatility,
};
use crate::error::Result;
use crate::types::PgType;

/// The embedded families. Those named `pg-*` are PostgreSQL's own (schema pg_catalog), others PostGIS's (public).
pub(super) const FILES: &[(&str, &str)] = &[
    ("pg-core.toml", include_str!("../../../dialects/signatures/pg-core.toml")),
    ("pg-json.toml", include_str!("../../../dialects/signatures/pg-json.toml")),
    ("postgis.toml", include_str!("../../../dialects/signatures/postgis.toml")),
    ("geohash.toml", include_str!("../../../dialects/signatures/geohash.toml")),
    ("h3.toml", include_str!("../../../dialects/signatures/h3.toml")),
    ("quadbin.toml", include_str!("../../../dialects/signatures/quadbin.toml")),
    ("s2.toml", include_str!("../../../dialects/signatures/s2.toml")),
];

pub(super) fn load(files: &[(&str, &str)]) -> Result<Language> {
    let mut loader = Loader::default();
    for (file, text) in files {
        loader.schema = if file.starts_with("pg-") { "pg_catalog" } else { "public" };
        rows::read_sections(file, text, &|section| section == "functions", &mut |row| loader.function(&row))?;
    }
    for (file, text) in files {
        rows::read_sections(file, text, &|section| section != "functions", &mut |row| match row.section {
            "operators" => loader.operator(&row),
            "casts" => loader.cast(&row),
            other => Err(row.error(format!("unknown section `{other}`"))),
        })?;
    }
    Ok(loader.language)
}

#[derive(Default)]
struct Loader {
    language: Language,
    schema: &'static str,
    by_signature: HashMap<String, Arc<Function>>,
}

impl Loader {
    fn function(&mut self, row: &Row<'_>) -> Result<()> {
        row.only(&[
            "name",
            "args",
            "returns",
            "columns",
            "set",
            "kind",
            "direct",
            "volatility",
            "strict",
            "leakproof",
            "parallel",
            "equality",
            "symbol",
            "schema",
            "oid",
            "doc",
        ])?;
        let args = arguments(row)?;
        let variadic = args.last().is_some_and(|arg| arg.mode == ArgumentMode::Variadic);
        let mut function = Function {
            oid: row.number("oid")?.ok_or_else(|| row.error("`oid` is missing"))?,
            schema: match row.text("schema")? {
                None => self.schema,
                Some("information_schema") => "information_schema",
                Some(other) => return Err(row.error(format!("unknown schema `{other}`"))),
            },
            name: row.required("name")?.to_owned(),
            args,
            variadic,
            returns: ty(row, row.required("returns")?)?,
            columns: columns(row)?,
            returns_set: row.flag("set")?,
            kind: match row.text("kind")?.unwrap_or("function") {
                "aggregate" => FunctionKind::Aggregate,
                "function" => FunctionKind::Function,
                "hypothetical" => FunctionKind::Hypothetical,
                "ordered-set" => FunctionKind::OrderedSet,
                "procedure" => FunctionKind::Procedure,
                "window" => FunctionKind::Window,
                other => return Err(row.error(format!("unknown kind `{other}`"))),
            },
            volatility: match row.required("volatility")? {
                "immutable" => Volatility::Immutable,
                "stable" => Volatility::Stable,
                "volatile" => Volatility::Volatile,
                other => return Err(row.error(format!("unknown volatility `{other}`"))),
            },
            strict: row.flag("strict")?,
            leakproof: row.flag("leakproof")?,
            equality: match row.text("equality")?.unwrap_or("exact") {
                "exact" => Equality::Exact,
                "float" => Equality::Float,
                "topological" => Equality::Topological,
                other => return Err(row.error(format!("unknown equality `{other}`"))),
            },
            symbol: String::new(),
            doc: row.text("doc")?.unwrap_or_default().to_owned(),
            direct_args: row.number("direct")?.unwrap_or(0) as usize,
            parallel: match row.text("parallel")?.unwrap_or("safe") {
                "safe" => b's',
                "restricted" => b'r',
                "unsafe" => b'u',
                other => return Err(row.error(format!("unknown parallel `{other}`"))),
            },
        };
        let signature = function.signature();
        function.symbol = row.text("symbol")?.map_or_else(|| signature.clone(), str::to_owned);
        let function = Arc::new(function);
        if self.by_signature.contains_key(&signature) {
            return Err(row.error(format!("function {}.{signature} stands twice", function.schema)));
        }
        self.by_signature.insert(signature, Arc::clone(&function));
        if self.language.functions_by_oid.insert(function.oid, Arc::clone(&function)).is_some() {
            return Err(row.error(format!("function oid {} stands twice", function.oid)));
        }
        self.language.functions.entry(function.name.clone()).or_default().push(function);
        Ok(())
    }

    fn operator(&mut self, row: &Row<'_>) -> Result<()> {
        row.only(&[
            "name",
            "left",
            "right",
            "returns",
            "function",
            "commutator",
            "negator",
            "merges",
            "hashes",
            "oid",
        ])?;
        let function = self.named(row, row.required("function")?)?;
        let operator = Operator {
            oid: row.number("oid")?.ok_or_else(|| row.error("`oid` is missing"))?,
            schema: if function.schema == "public" { "public" } else { "pg_catalog" },
            name: row.required("name")?.to_owned(),
            left: row.text("left")?.map_or(Ok(PgType::INVALID), |name| ty(row, name))?,
            right: ty(row, row.required("right")?)?,
            returns: ty(row, row.required("returns")?)?,
            function,
            commutator: row.number("commutator")?.unwrap_or(0),
            negator: row.number("negator")?.unwrap_or(0),
            merges: row.flag("merges")?,
            hashes: row.flag("hashes")?,
        };
        let overloads = self.language.operators.entry(operator.name.clone()).or_default();
        if overloads.iter().any(|other| (other.left, other.right) == (operator.left, operator.right)) {
            return Err(row.error(format!("operator {} stands twice for these types", operator.name)));
        }
        let operator = Arc::new(operator);
        overloads.push(Arc::clone(&operator));
        if self.language.operators_by_oid.insert(operator.oid, operator).is_some() {
            return Err(row.error("operator oid stands twice"));
        }
        Ok(())
    }

    fn cast(&mut self, row: &Row<'_>) -> Result<()> {
        row.only(&["source", "target", "context", "function", "method"])?;
        let cast = Cast {
            source: ty(row, row.required("source")?)?,
            target: ty(row, row.required("target")?)?,
            context: match row.required("context")? {
                "assignment" => CastContext::Assignment,
                "explicit" => CastContext::Explicit,
                "implicit" => CastContext::Implicit,
                other => return Err(row.error(format!("unknown context `{other}`"))),
            },
            kind: match (row.text("function")?, row.text("method")?) {
                (Some(function), None) => CastKind::Function(self.named(row, function)?),
                (None, Some("binary")) => CastKind::Binary,
                (None, Some("inout")) => CastKind::InOut,
                _ => return Err(row.error("expected `function`, or `method` binary or inout")),
            },
        };
        if self.language.casts.insert((cast.source, cast.target), Arc::new(cast)).is_some() {
            return Err(row.error("cast stands twice"));
        }
        Ok(())
    }

    fn named(&self, row: &Row<'_>, signature: &str) -> Result<Arc<Function>> {
        let function = self.by_signature.get(signature);
        function.cloned().ok_or_else(|| row.error(format!("unknown function `{signature}`")))
    }
}

fn ty(row: &Row<'_>, name: &str) -> Result<PgType> {
    let ty = match name.strip_suffix("[]") {
        Some(element) => PgType::by_name(element).and_then(PgType::array),
        None => PgType::by_name(name),
    };
    ty.ok_or_else(|| row.error(format!("unknown type `{name}`")))
}

/// `"geom geometry, variadic rest text[], digits int4 = 15"`.
fn arguments(row: &Row<'_>) -> Result<Vec<Argument>> {
    let mut out = Vec::new();
    for part in split(row.required("args")?) {
        let (declaration, default) = match part.split_once(" = ") {
            Some((declaration, default)) => (declaration.trim(), Some(default.trim().to_owned())),
            None => (part, None),
        };
        let (mode, declaration) = match declaration.split_once(' ') {
            Some(("variadic", rest)) => (ArgumentMode::Variadic, rest),
            Some(("inout", rest)) => (ArgumentMode::InOut, rest),
            _ => (ArgumentMode::In, declaration),
        };
        let (name, type_name) = match declaration.rsplit_once(' ') {
            Some((name, type_name)) => (Some(name.to_owned()), type_name),
            None => (None, declaration),
        };
        out.push(Argument { name, ty: ty(row, type_name)?, default, mode });
    }
    Ok(out)
}

/// `"path int4[], geom geometry"`.
fn columns(row: &Row<'_>) -> Result<Vec<(String, PgType)>> {
    let parts = split(row.text("columns")?.unwrap_or_default());
    parts
        .into_iter()
        .map(|part| {
            let (name, type_name) =
                part.rsplit_once(' ').ok_or_else(|| row.error(format!("column `{part}` has no type")))?;
            Ok((name.to_owned(), ty(row, type_name)?))
        })
        .collect()
}

/// Splits at commas outside quotes, brackets and parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\'' => quote = !quote,
            _ if quote => {}
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    let last = text[start..].trim();
    if !last.is_empty() {
        parts.push(last);
    }
    parts
}
