//! Loading `dialects/<target>/{dialect,types,<family>}.toml`. What is wrong is told with its file and line.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::quote::{Identifiers, Quoting, Strings};
use super::rules::{
    CarrierRule, Collations, Construct, Dialect, DriverRules, Evidence, Fences, Form, FunctionRule, Guard, LimitOrder,
    NamedType, Parameters, Rewrite, SridCarrier, SyntaxRule, TextRules, TypeRule, Version,
};
use super::template::{Clause, Grammar, Holes, Part, Piece, Template};
use crate::catalog::signatures::rows::{self, Row};
use crate::catalog::{Function, FunctionKind, Language, Server};
use crate::error::{Error, Result, SqlState};
use crate::types::{OidMap, PgType};

/// A dialect that is part of the program.
struct Embedded {
    name: &'static str,
    /// The foreign-data wrappers whose servers speak it.
    wrappers: &'static [&'static str],
    files: &'static [(&'static str, &'static str)],
    loaded: OnceLock<Result<Dialect>>,
}

macro_rules! embedded {
    ($($name:literal for $wrappers:expr, [$($file:literal),*];)*) => {
        static EMBEDDED: [Embedded; [$($name),*].len()] = [$(Embedded {
            name: $name,
            wrappers: $wrappers,
            files: &[$((
                concat!($name, "/", $file, ".toml"),
                include_str!(concat!("../../dialects/", $name, "/", $file, ".toml")),
            )),*],
            loaded: OnceLock::new(),
        }),*];
    };
}

embedded! {
    "bigquery" for &["bigquery"], ["dialect", "types", "pg-core", "postgis", "quadbin", "s2"];
    "databricks" for &["databricks"], ["dialect", "types", "pg-core", "postgis", "quadbin"];
    "duckdb" for &["duckdb"], ["dialect", "types", "pg-core", "pg-json", "postgis", "quadbin", "s2"];
    "oracle" for &["oracle"], ["dialect", "types", "pg-core", "postgis"];
    "postgis" for &["postgres"], ["dialect", "types", "pg-core", "pg-json", "postgis", "geohash", "h3", "quadbin", "s2"];
    "redshift" for &["redshift"], ["dialect", "types", "pg-core", "postgis"];
    "sedona" for &["sedona"], ["dialect", "types", "pg-core", "postgis", "quadbin"];
    "snowflake" for &["snowflake"], ["dialect", "types", "pg-core", "postgis"];
    "trino" for &["trino"], ["dialect", "types", "pg-core", "pg-json", "postgis", "quadbin", "s2"];
}

impl Dialect {
    /// PostgreSQL 15 with PostGIS 3, loaded once per process.
    pub fn postgis() -> Result<&'static Dialect> {
        Dialect::by_name("postgis")
    }

    /// A dialect, an embedded one loaded at its first use; 22023 when there is none of that name.
    pub fn by_name(name: &str) -> Result<&'static Dialect> {
        match EMBEDDED.iter().find(|embedded| embedded.name == name) {
            Some(embedded) => embedded.load(),
            None => added().find(|dialect| dialect.name == name).ok_or_else(|| unknown(name)),
        }
    }

    /// Adds dialects of an operator's own, each by its name and the names and texts of its files. What was added first stays for the
    /// life of the process.
    pub fn add(dialects: Vec<(String, Vec<(String, String)>)>, language: &Language) -> Result<()> {
        let mut loaded = Vec::new();
        for (name, mut files) in dialects {
            if EMBEDDED.iter().any(|embedded| embedded.name == name) {
                let message = format!("dialect \"{name}\" is part of the program");
                return Err(Error::new(SqlState::DUPLICATE_OBJECT, message).hint("Give the folder another name."));
            }
            // What the others are read by.
            files.sort_by_key(|(file, _)| !file.ends_with("/dialect.toml"));
            let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
            loaded.push(load(String::leak(name), &files, language)?);
        }
        ADDED.get_or_init(|| loaded);
        Ok(())
    }

    /// The dialect that a server speaks: the one that its option `dialect` names, else its wrapper's; `None` for what has no SQL.
    pub fn of(server: &Server) -> Result<Option<&'static Dialect>> {
        if let Some(name) = server.options.get("dialect") {
            return Dialect::by_name(name).map(Some);
        }
        let embedded = EMBEDDED.iter().find(|embedded| embedded.wrappers.contains(&server.wrapper.as_str()));
        embedded.map(Embedded::load).transpose()
    }

    /// Every dialect by its name, or what is wrong with its files: `graticule check`.
    pub fn load_each() -> Vec<(&'static str, Result<&'static Dialect>)> {
        let embedded = EMBEDDED.iter().map(|embedded| (embedded.name, embedded.load()));
        embedded.chain(added().map(|dialect| (dialect.name, Ok(dialect)))).collect()
    }

    /// Loads every embedded dialect; the first error of a bad one.
    pub fn load_all() -> Result<Vec<&'static Dialect>> {
        // Side by side: a start waits for the longest only.
        std::thread::scope(|scope| {
            let loading: Vec<_> = EMBEDDED.iter().map(|embedded| scope.spawn(|| embedded.load())).collect();
            let loaded = loading.into_iter().map(|loading| loading.join());
            loaded.map(|loaded| loaded.map_err(|_| Error::internal("a dialect's loading failed"))?).collect()
        })
    }
}

/// Dialects that are no part of the program.
static ADDED: OnceLock<Vec<Dialect>> = OnceLock::new();

fn added() -> impl Iterator<Item = &'static Dialect> {
    ADDED.get().into_iter().flatten()
}

impl Embedded {
    fn load(&'static self) -> Result<&'static Dialect> {
        let loaded = self.loaded.get_or_init(|| load(self.name, self.files, &*Language::load()?));
        loaded.as_ref().map_err(Error::clone)
    }
}

fn unknown(name: &str) -> Error {
    let names: Vec<&str> =
        EMBEDDED.iter().map(|embedded| embedded.name).chain(added().map(|dialect| dialect.name)).collect();
    Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("dialect \"{name}\" does not exist"))
        .hint(format!("Dialects are: {}.", names.join(", ")))
}

/// Reads one dialect from its files: name and text of each, `dialect.toml` first.
pub(super) fn load(name: &'static str, files: &[(&str, &str)], language: &Language) -> Result<Dialect> {
    let first = files.first().copied().unwrap_or(("dialect.toml", ""));
    let text = text_rules(first.0, first.1)?;
    let mut dialect = Dialect {
        name,
        text,
        functions: OidMap::default(),
        types: OidMap::default(),
        casts: OidMap::default(),
        syntax: HashMap::new(),
        driver: DriverRules::default(),
    };
    let signatures: HashMap<String, _> =
        language.all_functions().map(|function| (function.signature(), function)).collect();
    for (file, text) in files {
        rows::read(file, text, &mut |row| match row.section {
            "casts" => {
                row.only(&["cast", "template", "refuse", "guard", "evidence", "why", "source", "min_version"])?;
                let cast = row.required("cast")?;
                let (source, target) =
                    cast.split_once(" -> ").ok_or_else(|| row.error("expected `source -> target`"))?;
                let key = (type_of(&row, source)?, type_of(&row, target)?);
                let rule = rule(&row, dialect.text.grammar, &[None], false)?;
                unique(&row, dialect.casts.insert(key, rule).is_some())
            }
            "functions" => {
                row.only(&[
                    "function",
                    "native",
                    "template",
                    "local",
                    "refuse",
                    "superset",
                    "subset",
                    "superset_guard",
                    "guard",
                    "evidence",
                    "why",
                    "source",
                    "min_version",
                    "else",
                ])?;
                let signature = row.required("function")?;
                let function =
                    signatures.get(signature).ok_or_else(|| row.error(format!("unknown signature `{signature}`")))?;
                let rule = function_rule(&row, &dialect, function)?;
                if row.flag("else")? {
                    let first = dialect.functions.get_mut(&function.oid);
                    first.ok_or_else(|| row.error("`else` without a row before it"))?.push(rule);
                    return Ok(());
                }
                unique(&row, dialect.functions.insert(function.oid, rule).is_some())
            }
            "driver" => {
                row.only(&["failure", "message", "session", "state"])?;
                let driver = &mut dialect.driver;
                match (row.text("message")?, row.text("session")?, row.text("failure")?, row.text("state")?) {
                    (Some(detail), None, None, None) => {
                        unique(&row, driver.message.replace(detail.to_owned()).is_some())
                    }
                    (None, Some(statement), None, None) => {
                        driver.session.push(statement.to_owned());
                        Ok(())
                    }
                    (None, None, Some(words), Some(code)) => {
                        let state = SqlState::parse(code).ok_or_else(|| row.error(format!("state `{code}`")))?;
                        driver.states.push((words.to_owned(), state));
                        Ok(())
                    }
                    _ => Err(row.error("expected `message`, `session`, or `failure` with its `state`")),
                }
            }
            "types" => {
                let ty = type_of(&row, row.required("type")?)?;
                if row.flag("arrow")? {
                    dialect.driver.arrow.insert(ty);
                }
                if let (true, Some(text)) = (row.flag("native")?, row.text("fetch")?) {
                    let one = Holes { arguments: &[None], ..Holes::default() };
                    let template = Template::parse(text, &[], one, dialect.text.grammar);
                    let template = template.map_err(|what| row.error(format!("`fetch`: {what}")))?;
                    dialect.driver.texts.insert(ty, template);
                }
                let rule = type_rule(&row, dialect.text.grammar)?;
                unique(&row, dialect.types.insert(ty, rule).is_some())
            }
            "syntax" => {
                row.only(&["construct", "native", "refuse", "rule"])?;
                let name = row.required("construct")?;
                let construct = Construct::ALL.iter().copied().find(|construct| construct.name() == name);
                let construct = construct.ok_or_else(|| row.error(format!("unknown construct `{name}`")))?;
                let rule = match (row.text("refuse")?, row.text("rule")?, row.flag("native")?) {
                    (Some(why), None, false) => SyntaxRule::Refuse(why.to_owned()),
                    (None, Some(rule), false) => {
                        let rewrite = Rewrite::by_name(rule).filter(|rule| construct.rewrites().contains(rule));
                        SyntaxRule::Rule(rewrite.ok_or_else(|| row.error(format!("unknown rule `{rule}`")))?)
                    }
                    (None, None, true) => SyntaxRule::Native,
                    _ => return Err(row.error("expected one of `native`, `rule`, `refuse`")),
                };
                unique(&row, dialect.syntax.insert(construct, rule).is_some())
            }
            "text" if *file == first.0 => Ok(()),
            other => Err(row.error(format!("unknown section `{other}`"))),
        })?;
    }
    if let Some(missing) = Construct::ALL.iter().find(|construct| !dialect.syntax.contains_key(construct)) {
        return Err(Error::internal(format!("{}: nothing is said about `{}`", first.0, missing.name())));
    }
    Ok(dialect)
}

/// The `text` section: every flag must be there.
fn text_rules(file: &str, text: &str) -> Result<TextRules> {
    let mut flags: HashMap<String, (String, Error)> = HashMap::new();
    rows::read_sections(file, text, &|section| section == "text", &mut |row| {
        row.only(&["flag", "value"])?;
        let (flag, value) = (row.required("flag")?.to_owned(), row.required("value")?.to_owned());
        let wrong = row.error(format!("unknown flag `{flag}`, or value `{value}` of it"));
        unique(&row, flags.insert(flag, (value, wrong)).is_some())
    })?;
    // What only some targets need: silence means PostgreSQL's way.
    let mut special = |flag: &str, value: &str| match flags.remove(flag) {
        Some((found, _)) if found == value => Ok(true),
        Some((_, wrong)) => Err(wrong),
        None => Ok(false),
    };
    let (unlisted, bare_alias, distinct_sets, plain_results, dotted, equal_joins, called_arrays) = (
        special("aliases", "unlisted")?,
        special("table-aliases", "bare")?,
        special("set-operations", "distinct")?,
        special("results", "plain")?,
        special("schemas", "dotted")?,
        special("outer-joins", "equalities")?,
        special("array-types", "call")?,
    );
    let mut take = |flag: &str| {
        let taken = flags.remove(flag);
        taken.ok_or_else(|| Error::internal(format!("{file}: flag `{flag}` is missing")))
    };
    macro_rules! flag {
        ($flag:literal, $($value:literal => $meaning:expr),* $(,)?) => {{
            let (value, wrong) = take($flag)?;
            match value.as_str() { $($value => $meaning,)* _ => return Err(wrong) }
        }};
    }
    let (grammar, wrong) = take("grammar")?;
    let rules = TextRules {
        grammar: Grammar::by_name(&grammar).ok_or(wrong)?,
        quoting: Quoting {
            identifiers: flag!("identifiers",
                "backtick" => Identifiers::Backtick,
                "backtick-backslash" => Identifiers::BacktickBackslash,
                "double" => Identifiers::Double,
                "double-plain" => Identifiers::DoublePlain,
                "postgresql" => Identifiers::Postgresql,
            ),
            strings: flag!("strings", "backslash" => Strings::Backslash, "postgresql" => Strings::Postgresql,
                "standard" => Strings::Standard, "standard-filled" => Strings::StandardFilled),
            insensitive: flag!("case", "insensitive" => true, "sensitive" => false),
        },
        postgresql: flag!("family", "foreign" => false, "postgresql" => true),
        collation: flag!("collation", "binary" => Collations::Binary, "named" => Collations::Named),
        fence: flag!("fence", "none" => Fences::None, "offset" => Fences::Offset),
        bare_alias,
        limit: flag!("limit",
            "fetch" => LimitOrder::Fetch,
            "limit-offset" => LimitOrder::LimitOffset,
            "limit-required" => LimitOrder::LimitRequired,
            "offset-limit" => LimitOrder::OffsetLimit,
        ),
        parameters: flag!("parameters",
            "dollar" => Parameters::Dollar,
            "none" => Parameters::None,
            "question" => Parameters::Question,
        ),
        srid: flag!("srid", "type" => SridCarrier::Type, "value" => SridCarrier::Value),
        unlisted,
        distinct_sets,
        plain_results,
        dotted,
        equal_joins,
        called_arrays,
    };
    match flags.into_values().next() {
        Some((_, wrong)) => Err(wrong),
        None => Ok(rules),
    }
}

fn function_rule(row: &Row<'_>, dialect: &Dialect, function: &Function) -> Result<FunctionRule> {
    let names: Vec<Option<&str>> = function.args.iter().map(|arg| arg.name.as_deref()).collect();
    let clauses = function.kind != FunctionKind::Function;
    let rule = rule(row, dialect.text.grammar, &names, clauses)?;
    if let Form::Template(template) = &rule.form
        && function.kind == FunctionKind::Window
        && !template.has(Clause::Over)
    {
        return Err(row.error("a window function's template needs `:over`"));
    }
    for guard in &rule.guards {
        if let Guard::Fraction(at)
        | Guard::Literal(at)
        | Guard::OneOf(at, _)
        | Guard::Parts(at, _)
        | Guard::Pattern(at)
        | Guard::Plain(at)
        | Guard::Positive(at)
        | Guard::Srid(at) = guard
            && *at >= function.args.len()
        {
            return Err(row.error(format!("guard on argument {}, which is none", at + 1)));
        }
    }
    Ok(rule)
}

/// A row of a function or cast.
fn rule(row: &Row<'_>, grammar: Grammar, arguments: &[Option<&str>], clauses: bool) -> Result<FunctionRule> {
    let holes = Holes { arguments, clauses, values: false };
    let guards = guards(row, row.text("guard")?)?;
    let weaker_guards = match row.text("superset_guard")? {
        Some(text) => self::guards(row, Some(text))?,
        None => guards.clone(),
    };
    let typed = |guard: &Guard| match guard {
        Guard::Srid(at) => Some(*at),
        // What can be one thing alone needs no place.
        Guard::OneOf(at, values) if values.len() == 1 => Some(*at),
        _ => None,
    };
    let typed: Vec<usize> = guards.iter().filter_map(typed).collect();
    let template = row.text("template")?.map(|text| Template::parse(text, &typed, holes, grammar));
    let template = template.transpose().map_err(|what| row.error(format!("`template`: {what}")))?;
    // A weaker condition need not read every argument.
    let free = |text: Option<&str>| -> Result<Option<Template>> {
        let Some(text) = text else { return Ok(None) };
        let parsed = Template::parse_some(text, Holes { clauses: false, ..holes }, grammar);
        parsed.map(Some).map_err(|what| row.error(what))
    };
    let (superset, subset) = (free(row.text("superset")?)?, free(row.text("subset")?)?);
    let form = match (row.flag("native")?, template, row.text("local")?, row.text("refuse")?) {
        (true, None, None, None) => Form::Native,
        (false, Some(template), None, None) => Form::Template(template),
        (false, None, Some(why), None) => Form::Local(why.to_owned()),
        (false, None, None, Some(why)) => Form::Refuse(why.to_owned()),
        _ => return Err(row.error("expected one of `native`, `template`, `local`, `refuse`")),
    };
    let said = matches!(form, Form::Native | Form::Template(_)) || superset.is_some();
    let why = row.text("why")?.map(str::to_owned);
    let evidence = match row.text("evidence")? {
        Some(name) => Evidence::by_name(name).ok_or_else(|| row.error(format!("unknown evidence `{name}`")))?,
        None if said => return Err(row.error("`evidence` is missing")),
        None => Evidence::Exact,
    };
    if evidence == Evidence::Approximate && why.is_none() {
        return Err(row.error("an approximation needs its `why`"));
    }
    if evidence == Evidence::Documented && row.text("source")?.is_none() {
        return Err(row.error("documented equality needs its `source`"));
    }
    let min_version = match row.text("min_version")? {
        Some(text) => Some(Version::parse(text).ok_or_else(|| row.error(format!("version `{text}`")))?),
        None => None,
    };
    Ok(FunctionRule { form, evidence, why, min_version, guards, superset, weaker_guards, subset, otherwise: None })
}

/// `guard = "same-srid, 2d, literal(3), empty = NULL"`.
fn guards(row: &Row<'_>, text: Option<&str>) -> Result<Vec<Guard>> {
    let text = text.unwrap_or_default();
    let parts = split(text).into_iter().map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let inner = |name: &str| part.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
            let argument = |name: &str| inner(name)?.parse::<usize>().ok()?.checked_sub(1);
            let one_of = || {
                let (number, values) = inner("one-of")?.split_once(": ")?;
                let at = number.parse::<usize>().ok()?.checked_sub(1)?;
                Some(Guard::OneOf(at, values.split('|').map(|value| value.trim().to_owned()).collect()))
            };
            let parts_of = || {
                let (number, parts) = inner("parts")?.split_once(": ")?;
                let at = number.parse::<usize>().ok()?.checked_sub(1)?;
                let parts: Option<Vec<Part>> = parts.split('|').map(|part| Part::by_name(part.trim())).collect();
                Some(Guard::Parts(at, parts?))
            };
            Ok(match part {
                "2d" => Guard::TwoDimensions,
                "empty = FALSE" => Guard::EmptyFalse,
                "empty = NULL" => Guard::EmptyNull,
                "empty = TRUE" => Guard::EmptyTrue,
                "line" => Guard::Kind(2),
                "narrow" => Guard::Narrow,
                "no-collection" => Guard::NoCollection,
                "point" => Guard::Kind(1),
                "polygon" => Guard::Kind(3),
                "same-srid" => Guard::SameSrid,
                "single" => Guard::Single,
                "ordered" => Guard::Ordered,
                "text" => Guard::Text,
                _ => (argument("literal").map(Guard::Literal))
                    .or_else(|| argument("fraction").map(Guard::Fraction))
                    .or_else(parts_of)
                    .or_else(|| argument("pattern").map(Guard::Pattern))
                    .or_else(|| argument("plain").map(Guard::Plain))
                    .or_else(|| argument("positive").map(Guard::Positive))
                    .or_else(|| argument("srid").map(Guard::Srid))
                    .or_else(one_of)
                    .ok_or_else(|| row.error(format!("unknown guard `{part}`")))?,
            })
        })
        .collect()
}

/// Splits at commas outside of parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0usize);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn type_rule(row: &Row<'_>, grammar: Grammar) -> Result<TypeRule> {
    row.only(&[
        "type",
        "arrow",
        "native",
        "refuse",
        "name",
        "literal",
        "parameter",
        "fetch",
        "carrier",
        "empty",
        "bounds",
        "no_group",
        "no_order",
        "rounded",
        "turned",
    ])?;
    let name = match (row.flag("native")?, row.text("refuse")?, row.text("name")?) {
        (true, None, None) => return Ok(TypeRule::Native),
        (false, Some(why), None) => return Ok(TypeRule::Refuse(why.to_owned())),
        (false, None, Some(name)) => name.to_owned(),
        _ => return Err(row.error("expected one of `native`, `name`, `refuse`")),
    };
    let sample = name.replace(":precision", "10").replace(":scale", "2");
    grammar.check_type(&sample).map_err(|what| row.error(what))?;
    let parse = |key: &str, holes: Holes<'_>| -> Result<Option<Template>> {
        let template = row.text(key)?.map(|text| Template::parse(text, &[], holes, grammar));
        template.transpose().map_err(|what| row.error(format!("`{key}`: {what}")))
    };
    let one = Holes { arguments: &[None], ..Holes::default() };
    let literal = parse("literal", Holes { values: true, ..Holes::default() })?;
    if literal.as_ref().is_some_and(|literal| !literal.pieces().iter().any(|piece| matches!(piece, Piece::Value(_)))) {
        return Err(row.error("`literal` does not say its value"));
    }
    Ok(TypeRule::Named(Box::new(NamedType {
        name,
        literal,
        parameter: parse("parameter", one)?,
        fetch: parse("fetch", one)?,
        carrier: match row.text("carrier")?.unwrap_or("native") {
            "ewkb" => CarrierRule::Ewkb,
            "native" => CarrierRule::Native,
            "text" => CarrierRule::Text,
            "wkb" => CarrierRule::Wkb,
            other => return Err(row.error(format!("unknown carrier `{other}`"))),
        },
        empty: parse("empty", one)?,
        bounds: parse("bounds", one)?,
        turned: row.flag("turned")?,
        rounded: row.flag("rounded")?,
        groups: !row.flag("no_group")?,
        orders: !row.flag("no_order")?,
    })))
}

fn type_of(row: &Row<'_>, name: &str) -> Result<PgType> {
    PgType::by_name(name).ok_or_else(|| row.error(format!("unknown type `{name}`")))
}

fn unique(row: &Row<'_>, again: bool) -> Result<()> {
    if again { Err(row.error("stands twice")) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
