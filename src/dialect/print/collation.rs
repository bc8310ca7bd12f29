//! Invariant 12: text is compared and ordered under C, never under the target's default.
//!
//! Where the meaning of a function depends on its input collation, that collation is printed: `COLLATE "C"` for our default, unless
//! the server is known to be C. Equality is the same under every deterministic collation and stays bare.

use super::Printer;
use crate::bound::{Collation, Expr, ExprKind};
use crate::catalog::Function;
use crate::dialect::rules::Collations;
use crate::error::Result;
use crate::types::PgType;

/// Functions whose result depends on the collation of their text, by symbol.
const SENSITIVE: &[&str] = &[
    "array_ge",
    "array_gt",
    "array_le",
    "array_lt",
    "bpcharge",
    "bpchargt",
    "bpcharle",
    "bpcharlt",
    "initcap",
    "lower",
    "upper",
    "namegetext",
    "namegttext",
    "nameicregexeq",
    "nameicregexne",
    "nameletext",
    "namelttext",
    "nameregexeq",
    "nameregexne",
    "regexp_count_no_flags",
    "regexp_count",
    "regexp_count_no_start",
    "regexp_instr",
    "regexp_instr_no_endoption",
    "regexp_instr_no_flags",
    "regexp_instr_no_n",
    "regexp_instr_no_start",
    "regexp_instr_no_subexpr",
    "regexp_like",
    "regexp_like_no_flags",
    "regexp_match",
    "regexp_match_no_flags",
    "regexp_matches",
    "regexp_matches_no_flags",
    "regexp_split_to_array",
    "regexp_split_to_array_no_flags",
    "regexp_split_to_table",
    "regexp_split_to_table_no_flags",
    "regexp_substr",
    "regexp_substr_no_flags",
    "regexp_substr_no_n",
    "regexp_substr_no_start",
    "regexp_substr_no_subexpr",
    "textregexreplace",
    "textregexreplace_extended",
    "textregexreplace_extended_no_flags",
    "textregexreplace_extended_no_n",
    "textregexreplace_noopt",
    "textregexsubstr",
    "text_ge",
    "text_gt",
    "text_le",
    "text_lt",
    "textgename",
    "textgtname",
    "textlename",
    "textltname",
    "texticlike",
    "texticnlike",
    "texticregexeq",
    "texticregexne",
    "textregexeq",
    "textregexne",
    "nameiclike",
    "nameicnlike",
    "substring(text,text,text)",
    "width_bucket_array",
    "max(anyarray)",
    "max(bpchar)",
    "max(text)",
    "min(anyarray)",
    "min(bpchar)",
    "min(text)",
];

/// Comparisons of whole rows: their fields compare under the columns' own collations, which cannot be named from outside.
const ROWS: &[&str] = &["record_ge", "record_gt", "record_le", "record_lt"];

impl<'a> Printer<'a> {
    /// Is the server's default collation C (server option `lc_collate`, found at attach)?
    fn is_c(&self) -> bool {
        if self.target.dialect.text.collation == Collations::Binary {
            return true;
        }
        let option = |name: &str| self.target.server.options.get(name).is_some_and(|c| c == "C" || c == "POSIX");
        option("lc_collate") && option("lc_ctype")
    }

    pub(super) fn is_sensitive(&self, function: &Function) -> bool {
        SENSITIVE.contains(&function.symbol.as_str())
    }

    /// Refuses a comparison of rows that hold text, unless the server is C.
    pub(super) fn check_rows(&self, function: &Function, args: &[Expr]) -> Result<()> {
        if !ROWS.contains(&function.symbol.as_str()) || self.is_c() {
            return Ok(());
        }
        let text = |arg: &Expr| arg.ty.fields.as_ref().is_none_or(|fields| fields.iter().any(|f| f.ty.is_collatable()));
        if args.iter().any(text) { Err(self.refuse("comparing rows with text")) } else { Ok(()) }
    }

    /// The collation that must be printed for a comparison of these arguments: PostgreSQL's derivation over bind's collations.
    pub(super) fn collation_of<'e>(&self, args: impl Iterator<Item = &'e Expr> + Clone) -> Option<String> {
        let collatable = || args.clone().filter(|arg| arg.ty.oid.is_collatable() && arg.ty.oid != PgType::NAME);
        let named = collatable().find_map(|arg| match &arg.ty.collation {
            Collation::Named { name, explicit } => Some((name.to_string(), *explicit)),
            Collation::Conflict | Collation::Default | Collation::None => None,
        });
        match named {
            // The target derives the same unless something below printed a collation.
            Some((name, explicit)) => {
                let plain = collatable().all(|arg| matches!(arg.kind, ExprKind::Column { .. } | ExprKind::Literal(_)));
                (!explicit && !plain).then_some(name)
            }
            None if self.is_c() => None,
            None => collatable().next().map(|_| "C".to_owned()),
        }
    }

    /// The expression, under that collation when it has one to take.
    pub(super) fn collated(&mut self, expr: &'a Expr, collation: Option<&str>) -> Result<()> {
        if self.foreign() {
            self.foreign_collation(expr)?;
            return self.expr(expr);
        }
        let Some(collation) = collation.filter(|_| expr.ty.oid.is_collatable() && expr.ty.oid != PgType::NAME) else {
            return self.expr(expr);
        };
        self.push("(");
        self.expr(expr)?;
        self.push(" COLLATE ");
        self.collation_name(collation)?;
        self.push(")");
        Ok(())
    }

    pub(super) fn collation_name(&mut self, name: &str) -> Result<()> {
        match name {
            "C" | "POSIX" | "default" | "ucs_basic" => {
                self.push("pg_catalog.\"");
                self.push(name);
                self.push("\"");
                Ok(())
            }
            name => {
                let name = super::quote::quoted_identifier(name)?;
                self.push(&name);
                Ok(())
            }
        }
    }

    /// The collation to print for one sort key.
    pub(super) fn sort_collation(&self, expr: &Expr) -> Option<String> {
        self.collation_of(std::iter::once(expr))
    }
}
