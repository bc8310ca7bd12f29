//! Goldens of foreign dialects: `dialects/<target>/*.golden`. `> statement` is PostgreSQL's, the next line is what it becomes there;
//! `tests/differential/goldens.rs` runs it on the real engine (`compat/dialects/verify.py` both texts). `# name` starts a row. `>= statement` is a superset: its next line must give at least the rows. `UPDATE=1` rewrites.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::signatures::rows;
use crate::catalog::{Acl, Catalog, Function, FunctionKind, Language, Server, oids};
use crate::dialect::print::tests::{folded, relation};
use crate::dialect::print::{PrintTarget, print};
use crate::dialect::rules::{Dialect, Form, FunctionRule, Guard};
use crate::dialect::template::{Clause, Part};
use crate::dialect::{Carrier, Evidence, TargetSql};
use crate::error::Result;
use crate::types::{GeometryTypmod, PgType};

const SERVER: u32 = 20_000;

/// The value tables of `compat/dialects/verify.py`.
pub(crate) fn catalog(wrapper: &str) -> Catalog {
    let catalog = Catalog::empty("test", Language::load().unwrap());
    let mut builder = catalog.edit();
    let server = Server {
        oid: SERVER,
        name: "far".to_owned(),
        wrapper: wrapper.to_owned(),
        options: BTreeMap::new(),
        owner: oids::SUPERUSER,
        acl: Acl::default(),
        version: 1,
        comment: None,
        postgis_schema: None,
        refused: BTreeMap::new(),
    };
    builder.catalog().servers.insert(SERVER, Arc::new(server));
    let spatial = [("geometry", 0), ("point", 1), ("line", 2), ("polygon", 3)];
    let spatial = spatial
        .map(|(name, kind)| (name, PgType::GEOMETRY, GeometryTypmod { srid: 4326, kind, z: false, m: false }.pack()));
    let plain = [
        "bool",
        "bytea",
        "date",
        "float4",
        "float8",
        "geography",
        "int2",
        "int4",
        "int8",
        "jsonb",
        "text",
        "timestamp",
        "timestamptz",
        "uuid",
        "varchar",
    ];
    let plain = plain.iter().map(|name| (*name, PgType::by_name(name).unwrap(), -1));
    let numeric = ("numeric", PgType::NUMERIC, (10 << 16) + 2 + 4);
    for ((name, ty, typmod), n) in plain.chain(spatial).chain([numeric]).zip(0u32..) {
        let columns = [("id", PgType::INT4, -1), ("g", PgType::INT4, -1), ("v", ty, typmod)];
        builder.put_relation(relation(21_000 + n * 10, &format!("v_{name}"), SERVER, &columns));
    }
    builder.finish()
}

fn printed(catalog: &Catalog, text: &str, weaken: bool) -> Result<TargetSql> {
    let server = &catalog.servers[&SERVER];
    let dialect = Dialect::of(server)?.unwrap();
    let fidelity = Evidence::Documented;
    print(&folded(catalog, text)?, &PrintTarget { fidelity, weaken, ..PrintTarget::new(dialect, catalog, server) })
}

/// A table of values for an argument.
fn table(function: &Function, guards: &[Guard], ty: PgType) -> String {
    if ty == PgType::GEOMETRY {
        let kind = guards.iter().find_map(|guard| match guard {
            Guard::Kind(1) => Some("point"),
            Guard::Kind(2) => Some("line"),
            Guard::Kind(_) | Guard::NoCollection | Guard::Single | Guard::TwoDimensions => Some("polygon"),
            _ => None,
        });
        return kind.unwrap_or("geometry").to_owned();
    }
    match ty {
        // Cast to from a geometry.
        PgType::BOX2D | PgType::BOX3D => "geometry".to_owned(),
        PgType::ANY if function.name == "concat" => "text".to_owned(),
        ty if ty.is_polymorphic() || ty == PgType::ANY => "int4".to_owned(),
        ty => ty.name(),
    }
}

/// Constant intervals of these parts.
fn intervals(parts: &[Part]) -> Vec<String> {
    let mut values = vec!["0"];
    if parts.contains(&Part::Months) {
        values.extend(["1 month", "1 month -1 year", "4 years"]);
    }
    if parts.contains(&Part::Days) {
        values.extend(["1 day", "1 day -400 days"]);
    }
    if parts.contains(&Part::Millis) {
        values.extend(["36:00:00.5", "0 -00:00:01"]);
    }
    if parts.contains(&Part::Micros) {
        values.extend(["36:00:00.000001", "0 -00:00:00.5"]);
    }
    if parts.contains(&Part::Months) && parts.contains(&Part::Days) {
        values.push("1 month -1 day 01:00:00");
    }
    values.into_iter().map(str::to_owned).collect()
}

/// The arguments of a call that meets the guards, and the value tables that they read; `geographies` are made of those of geometries.
fn arguments(
    function: &Function,
    guards: &[Guard],
    chosen: Option<(usize, &str)>,
    geographies: Option<&FunctionRule>,
) -> (Vec<String>, Vec<String>) {
    let (mut args, mut tables) = (Vec::new(), Vec::new());
    let metres = function.args.iter().any(|arg| arg.ty == PgType::GEOGRAPHY);
    for (at, arg) in function.args.iter().enumerate() {
        let constant = function.returns_set
            || guards.iter().any(|guard| {
                matches!(guard, Guard::Fraction(n) | Guard::Literal(n) | Guard::Positive(n) | Guard::Srid(n) if *n == at)
            });
        if let Some((_, value)) = chosen.filter(|(chosen, _)| *chosen == at) {
            let name = if arg.ty == PgType::INTERVAL { "interval " } else { "" };
            args.push(format!("{name}'{value}'"));
        } else if constant {
            args.push(match arg.ty {
                PgType::ANYARRAY => "ARRAY[1, NULL, 2]".to_owned(),
                PgType::INT4 | PgType::INT8 if function.returns_set => ["-1", "7", "2"][at.min(2)].to_owned(),
                PgType::FLOAT8 if metres => "200000".to_owned(),
                PgType::FLOAT8 => "0.5".to_owned(),
                PgType::INTERVAL => "interval '1 day'".to_owned(),
                PgType::TIMESTAMP if at == 0 => "timestamp '2024-01-30 12:00:00'".to_owned(),
                PgType::TIMESTAMP => "timestamp '2024-03-02'".to_owned(),
                PgType::TEXT => "','".to_owned(),
                _ => "2".to_owned(),
            });
        } else if let (PgType::GEOGRAPHY, Some(rule)) = (arg.ty, geographies) {
            tables.push(format!("v_{} a{}", table(function, &rule.guards, PgType::GEOMETRY), tables.len() + 1));
            args.push(format!("a{}.v::geography", tables.len()));
        } else {
            tables.push(format!("v_{} a{}", table(function, guards, arg.ty), tables.len() + 1));
            let array = matches!(arg.ty, PgType::ANYARRAY | PgType::ANYCOMPATIBLEARRAY);
            args.push(match array {
                true => format!("ARRAY[a{}.v, NULL, 2]", tables.len()),
                false => format!("a{}.v", tables.len()),
            });
        }
    }
    if tables.is_empty() {
        tables.push("v_int4 a1".to_owned());
    }
    (args, tables)
}

/// The columns that name the rows of these tables.
fn keys(tables: &[String]) -> String {
    (1..=tables.len()).map(|n| format!("a{n}.id AS i{n}")).collect::<Vec<_>>().join(", ")
}

/// Statements that try a row of the dialect over the value tables.
fn statements(function: &Function, rule: &FunctionRule, geographies: Option<&FunctionRule>) -> Vec<String> {
    let options = rule.guards.iter().find_map(|guard| match guard {
        Guard::OneOf(at, values) => Some((*at, values.clone())),
        Guard::Pattern(at) => {
            let patterns = ["a%", "%c", "a\\_c", "_", "A%B", "\\\\%", "", "%", "é%"];
            Some((*at, patterns.map(str::to_owned).to_vec()))
        }
        Guard::Parts(at, parts) => Some((*at, intervals(parts))),
        Guard::Plain(at) => Some((*at, ["a%", "%c", "A%B", "", "%", "é%"].map(str::to_owned).to_vec())),
        _ => None,
    });
    let (chosen, values) = match options {
        Some((at, values)) => (Some(at), values),
        None => (None, vec![String::new()]),
    };
    let mut statements = Vec::new();
    for value in values {
        let chosen = chosen.map(|at| (at, value.as_str()));
        let (args, tables) = arguments(function, &rule.guards, chosen, geographies);
        let schema = if function.schema == "public" { String::new() } else { format!("{}.", function.schema) };
        let order = if rule.guards.contains(&Guard::Ordered) { " ORDER BY a1.id" } else { "" };
        let star = if function.is_aggregate() && args.is_empty() { "*" } else { "" };
        let call = match function.kind {
            FunctionKind::OrderedSet => {
                let (direct, rest) = args.split_at(function.direct_args);
                let (direct, rest) = (direct.join(", "), rest.join(", "));
                format!("{schema}\"{}\"({direct}) WITHIN GROUP (ORDER BY {rest})", function.name)
            }
            _ => format!("{schema}\"{}\"({}{star}{order})", function.name, args.join(", ")),
        };
        if function.returns_set {
            statements.push(format!("SELECT r.r FROM {call} AS r(r) ORDER BY 1"));
            continue;
        }
        let (ids, from) = (keys(&tables), tables.join(", "));
        statements.push(match function.kind {
            FunctionKind::Window => format!("SELECT {ids}, {call} OVER (ORDER BY a1.id) AS r FROM {from}"),
            _ if function.is_aggregate() => format!("SELECT a1.g AS g, {call} AS r FROM {from} GROUP BY a1.g"),
            _ => format!("SELECT {ids}, {call} AS r FROM {from}"),
        });
        if let Form::Template(template) = &rule.form
            && function.is_aggregate()
            && template.has(Clause::Filter)
        {
            statements
                .push(format!("SELECT a1.g AS g, {call} FILTER (WHERE a1.id > 3) AS r FROM {from} GROUP BY a1.g"));
        }
        if rule.superset.is_some() {
            let (args, tables) = arguments(function, &rule.weaker_guards, chosen, geographies);
            let call = format!("{schema}\"{}\"({})", function.name, args.join(", "));
            statements.push(format!("= SELECT {} FROM {} WHERE {call}", keys(&tables), tables.join(", ")));
        }
    }
    statements
}

/// The lines of one statement of a golden.
fn lines(catalog: &Catalog, statement: &str) -> String {
    let (text, weaken) = match statement.strip_prefix("= ") {
        Some(text) => (text, true),
        None => (statement, false),
    };
    let line = match printed(catalog, text, weaken) {
        Ok(sql) => sql.text().to_owned(),
        Err(error) => match &error.fields().detail {
            Some(detail) => format!("{}: {} ({detail})", error.state(), error.message()),
            None => format!("{}: {}", error.state(), error.message()),
        },
    };
    format!(">{}{text}\n{line}\n", if weaken { "= " } else { " " })
}

fn check(path: &str, new: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, new).unwrap();
        return;
    }
    let old = std::fs::read_to_string(path).unwrap_or_default();
    if old != new {
        let differing = old.lines().zip(new.lines()).find(|(old, new)| old != new);
        panic!("{path} differs: UPDATE=1 rewrites it. First: {differing:?}");
    }
}

fn golden(target: &str) {
    let catalog = catalog(target);
    let dialect = Dialect::by_name(target).unwrap();
    let language = Language::load().unwrap();
    let geographies = dialect.function(language.function("geography(geometry)").unwrap().oid);
    let folder = format!("{}/dialects/{target}", env!("CARGO_MANIFEST_DIR"));
    for family in ["pg-core", "pg-json", "postgis", "geohash", "h3", "quadbin", "s2"] {
        let Ok(text) = std::fs::read_to_string(format!("{folder}/{family}.toml")) else { continue };
        let mut new = String::new();
        let mut seen = BTreeMap::new();
        let file = format!("{target}/{family}.toml");
        rows::read(&file, &text, &mut |row| {
            if row.section == "casts" {
                let (source, goal) = row.required("cast")?.split_once(" -> ").unwrap();
                let statement = format!("SELECT a1.id AS i1, CAST(a1.v AS pg_catalog.{goal}) AS r FROM v_{source} a1");
                new.push_str(&format!("# cast {source} -> {goal}\n"));
                new.push_str(&lines(&catalog, &statement));
                return Ok(());
            }
            let function = language.function(row.required("function")?).unwrap();
            let nth = seen.entry(function.oid).or_insert(0_usize);
            let rule = dialect.function(function.oid).unwrap().nth(*nth);
            *nth += 1;
            if let Form::Local(why) | Form::Refuse(why) = &rule.form {
                let how = if matches!(rule.form, Form::Local(_)) { "local" } else { "refused" };
                new.push_str(&format!("{} => {how}: {why}\n", function.signature()));
                if rule.superset.is_none() {
                    return Ok(());
                }
            }
            new.push_str(&format!("# {}\n", function.signature()));
            let tried = statements(function, rule, geographies);
            let said = matches!(rule.form, Form::Template(_));
            for statement in tried.iter().filter(|statement| said || statement.starts_with("= ")) {
                new.push_str(&lines(&catalog, statement));
            }
            Ok(())
        })
        .unwrap();
        check(&format!("{folder}/{family}.golden"), &new);
    }
    // Statements written by hand, for everything that is no function.
    let path = format!("{folder}/statements.golden");
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let statements = old.lines().filter_map(|line| line.strip_prefix('>')).map(|line| match line.strip_prefix('=') {
        Some(rest) => format!("={rest}"),
        None => line.trim_start().to_owned(),
    });
    check(&path, &statements.map(|statement| lines(&catalog, &statement)).collect::<String>());
}

#[test]
fn bigquery() {
    golden("bigquery");
}

#[test]
fn duckdb() {
    golden("duckdb");
}

#[test]
fn databricks() {
    golden("databricks");
}

#[test]
fn oracle() {
    golden("oracle");
}

#[test]
fn redshift() {
    golden("redshift");
}

#[test]
fn sedona() {
    golden("sedona");
}

#[test]
fn snowflake() {
    golden("snowflake");
}

#[test]
fn trino() {
    golden("trino");
}

#[test]
fn carriers_and_refusals() {
    let catalog = catalog("duckdb");
    let sql = printed(&catalog, "SELECT v, id FROM v_point", false).unwrap();
    assert_eq!(sql.columns()[0].carrier, Carrier::Wkb { srid: 4326 });
    assert_eq!(sql.columns()[1].carrier, Carrier::Native);
    let sql = printed(&catalog, "SELECT ST_MakePoint(1, 2) FROM v_int4", false).unwrap();
    assert_eq!(sql.columns()[0].carrier, Carrier::Wkb { srid: 0 });
    for (text, expected) in [
        ("SELECT ARRAY[v] FROM v_point", "a result of type _geometry on server \"far\" is not supported"),
        ("SELECT id FROM v_int4 FOR UPDATE", "FOR UPDATE on server \"far\" is not supported"),
        ("SELECT id FROM v_geometry ORDER BY v", "ORDER BY of type geometry on server \"far\" is not supported"),
        ("SELECT v::varchar(3) FROM v_text", "a cast from varchar to varchar on server \"far\" is not supported"),
    ] {
        let error = printed(&catalog, text, false).unwrap_err();
        assert!(error.message().starts_with(expected), "{text}: {}", error.message());
    }
}
