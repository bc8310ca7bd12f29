//! [`Dialect`]: what a target can say, from `dialects/<target>/*.toml`. No row = the target does not have it.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::template::Template;
use crate::catalog::Language;
use crate::catalog::signatures::rows::{self, Row};
use crate::error::{Error, Result};
use crate::types::PgType;

/// A target dialect.
#[derive(Debug)]
pub struct Dialect {
    pub name: &'static str,
    functions: HashMap<u32, FunctionRule>,
    types: HashMap<PgType, TypeRule>,
    syntax: HashMap<Construct, SyntaxRule>,
}

/// How a function of the language is said.
#[derive(Clone, Debug)]
pub struct FunctionRule {
    pub form: Form,
    pub evidence: Evidence,
}

/// A function's form in the target.
#[derive(Clone, Debug)]
pub enum Form {
    /// Evaluated by Graticule only: the target's own would answer about another catalog or session.
    Local(String),
    /// The same name and arguments.
    Native,
    Refuse(String),
    Template(Template),
}

/// What is known of the equality of a row.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Evidence {
    Approximate,
    Documented,
    Exact,
}

/// How a type is said.
#[derive(Clone, Debug)]
pub enum TypeRule {
    Native,
    Refuse(String),
}

/// How a construct is said.
#[derive(Clone, Debug)]
pub enum SyntaxRule {
    Native,
    Refuse(String),
}

macro_rules! constructs {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// The closed set of constructs that a dialect declares in `dialect.toml`.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Construct { $($variant),* }

        impl Construct {
            pub const ALL: &'static [Construct] = &[$(Construct::$variant),*];

            pub fn name(self) -> &'static str {
                match self { $(Construct::$variant => $name),* }
            }
        }
    };
}

constructs! {
    AggregateFilter = "aggregate FILTER",
    AggregateOrder = "aggregate ORDER BY",
    Array = "arrays",
    Cte = "WITH",
    DataModifyingCte = "data-modifying WITH",
    Delete = "DELETE",
    DistinctOn = "DISTINCT ON",
    FullJoin = "FULL JOIN",
    FunctionInFrom = "functions in FROM",
    GroupingSets = "GROUPING SETS",
    Insert = "INSERT",
    Lateral = "LATERAL",
    Locking = "FOR UPDATE",
    OnConflict = "ON CONFLICT",
    Recursive = "WITH RECURSIVE",
    Returning = "RETURNING",
    Rows = "row values",
    SystemColumns = "system columns",
    Update = "UPDATE",
    WholeRow = "whole-row references",
    Window = "window functions",
    WithTies = "WITH TIES",
}

const POSTGIS: &[(&str, &str)] = &[
    ("postgis/dialect.toml", include_str!("../../dialects/postgis/dialect.toml")),
    ("postgis/types.toml", include_str!("../../dialects/postgis/types.toml")),
    ("postgis/pg-core.toml", include_str!("../../dialects/postgis/pg-core.toml")),
    ("postgis/pg-json.toml", include_str!("../../dialects/postgis/pg-json.toml")),
    ("postgis/postgis.toml", include_str!("../../dialects/postgis/postgis.toml")),
];

impl Dialect {
    /// PostgreSQL 15 with PostGIS 3, loaded once per process.
    pub fn postgis() -> Result<&'static Dialect> {
        static DIALECT: OnceLock<Result<Dialect>> = OnceLock::new();
        let loaded = DIALECT.get_or_init(|| load("postgis", POSTGIS, &*Language::load()?));
        loaded.as_ref().map_err(Error::clone)
    }

    pub fn function(&self, oid: u32) -> Option<&FunctionRule> {
        self.functions.get(&oid)
    }

    /// The rule of a base type; arrays follow their element.
    pub fn ty(&self, ty: PgType) -> Option<&TypeRule> {
        self.types.get(&ty.element().filter(|_| ty.is_array()).unwrap_or(ty))
    }

    pub fn syntax(&self, construct: Construct) -> Option<&SyntaxRule> {
        self.syntax.get(&construct)
    }
}

fn load(name: &'static str, files: &[(&str, &str)], language: &Language) -> Result<Dialect> {
    let mut dialect = Dialect { name, functions: HashMap::new(), types: HashMap::new(), syntax: HashMap::new() };
    let signatures: HashMap<String, _> =
        language.all_functions().map(|function| (function.signature(), function)).collect();
    for (file, text) in files {
        rows::read(file, text, &mut |row| match row.section {
            "functions" => {
                row.only(&["function", "native", "template", "local", "refuse", "evidence"])?;
                let signature = row.required("function")?;
                let function =
                    signatures.get(signature).ok_or_else(|| row.error(format!("unknown signature `{signature}`")))?;
                let form = form(&row, function.args.len())?;
                let evidence = match (row.text("evidence")?, &form) {
                    (Some("approximate"), _) => Evidence::Approximate,
                    (Some("documented"), _) => Evidence::Documented,
                    (Some("exact"), _) => Evidence::Exact,
                    (None, Form::Local(_) | Form::Refuse(_)) => Evidence::Exact,
                    (Some(other), _) => return Err(row.error(format!("unknown evidence `{other}`"))),
                    (None, Form::Native | Form::Template(_)) => return Err(row.error("`evidence` is missing")),
                };
                let rule = FunctionRule { form, evidence };
                unique(&row, dialect.functions.insert(function.oid, rule).is_some())
            }
            "types" => {
                row.only(&["type", "native", "refuse"])?;
                let name = row.required("type")?;
                let ty = PgType::by_name(name).ok_or_else(|| row.error(format!("unknown type `{name}`")))?;
                let rule = match row.text("refuse")? {
                    Some(why) => TypeRule::Refuse(why.to_owned()),
                    None if row.flag("native")? => TypeRule::Native,
                    None => return Err(row.error("expected `native` or `refuse`")),
                };
                unique(&row, dialect.types.insert(ty, rule).is_some())
            }
            "syntax" => {
                row.only(&["construct", "native", "refuse"])?;
                let name = row.required("construct")?;
                let construct = Construct::ALL.iter().copied().find(|construct| construct.name() == name);
                let construct = construct.ok_or_else(|| row.error(format!("unknown construct `{name}`")))?;
                let rule = match row.text("refuse")? {
                    Some(why) => SyntaxRule::Refuse(why.to_owned()),
                    None if row.flag("native")? => SyntaxRule::Native,
                    None => return Err(row.error("expected `native` or `refuse`")),
                };
                unique(&row, dialect.syntax.insert(construct, rule).is_some())
            }
            other => Err(row.error(format!("unknown section `{other}`"))),
        })?;
    }
    Ok(dialect)
}

fn form(row: &Row<'_>, arguments: usize) -> Result<Form> {
    let forms = (row.flag("native")?, row.text("template")?, row.text("local")?, row.text("refuse")?);
    Ok(match forms {
        (true, None, None, None) => Form::Native,
        (false, Some(template), None, None) => {
            Form::Template(Template::parse(template, arguments).map_err(|what| row.error(what))?)
        }
        (false, None, Some(why), None) => Form::Local(why.to_owned()),
        (false, None, None, Some(why)) => Form::Refuse(why.to_owned()),
        _ => return Err(row.error("expected one of `native`, `template`, `local`, `refuse`")),
    })
}

fn unique(row: &Row<'_>, again: bool) -> Result<()> {
    if again { Err(row.error("stands twice")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgis_says_the_whole_language_or_why_not() {
        let dialect = Dialect::postgis().unwrap();
        let language = Language::load().unwrap();
        for function in language.all_functions() {
            assert!(dialect.function(function.oid).is_some(), "{}", function.signature());
        }
        for construct in Construct::ALL {
            assert!(dialect.syntax(*construct).is_some(), "{}", construct.name());
        }
        let native = dialect.functions.values().filter(|rule| matches!(rule.form, Form::Native)).count();
        assert!(native >= 1790, "{native}");
    }

    /// One line a function: how it is said. `UPDATE=1` rewrites.
    #[test]
    fn golden() {
        let dialect = Dialect::postgis().unwrap();
        let language = Language::load().unwrap();
        for family in ["pg-core", "pg-json", "postgis"] {
            let mut lines: Vec<String> = Vec::new();
            let (file, text) =
                POSTGIS.iter().find(|(file, _)| *file == format!("postgis/{family}.toml")).copied().unwrap();
            rows::read(file, text, &mut |row| {
                let function = language.function(row.required("function")?).unwrap();
                let how = match &dialect.function(function.oid).unwrap().form {
                    Form::Local(why) => format!("local: {why}"),
                    Form::Native if function.schema == "public" => format!("<postgis>.{}", function.name),
                    Form::Native => format!("{}.{}", function.schema, function.name),
                    Form::Refuse(why) => format!("refused: {why}"),
                    Form::Template(template) => format!("{:?}", template.pieces()),
                };
                lines.push(format!("{} => {how}", function.signature()));
                Ok(())
            })
            .unwrap();
            let path = format!("{}/dialects/postgis/{family}.golden", env!("CARGO_MANIFEST_DIR"));
            let text = lines.join("\n") + "\n";
            if std::env::var_os("UPDATE").is_some() {
                std::fs::write(&path, &text).unwrap();
            }
            assert!(std::fs::read_to_string(&path).unwrap() == text, "{path} differs: UPDATE=1 rewrites it");
        }
    }
}
