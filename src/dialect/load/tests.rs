//! Loading: what is wrong in a file is told with its line; goldens of every row.

use super::*;
use crate::dialect::rules::Construct;

const DIALECT: &str = include_str!("../../../dialects/duckdb/dialect.toml");

fn load_family(text: &str) -> Result<Dialect> {
    load("test", &[("dialect.toml", DIALECT), ("family.toml", text)], &*Language::load()?)
}

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

#[test]
fn errors_name_file_and_line() {
    for (row, expected) in [
        (r#"{ function = "nosuch(int4)", refuse = "x" }"#, "unknown signature `nosuch(int4)`"),
        (r#"{ function = "abs(int4)", template = "abs(:1", evidence = "exact" }"#, "`template`: not an expression: "),
        (
            r#"{ function = "abs(int4)", template = "abs(1)", evidence = "exact" }"#,
            "`template`: argument 1 has no hole",
        ),
        (
            r#"{ function = "abs(int4)", template = "abs(:2)", evidence = "exact" }"#,
            "`template`: hole `:2` is no argument",
        ),
        (r#"{ function = "abs(int4)", template = "abs(:1)" }"#, "`evidence` is missing"),
        (r#"{ function = "abs(int4)", template = "abs(:1)", evidence = "sure" }"#, "unknown evidence `sure`"),
        (
            r#"{ function = "abs(int4)", template = "abs(:1)", evidence = "approximate" }"#,
            "an approximation needs its `why`",
        ),
        (
            r#"{ function = "abs(int4)", template = "abs(:1)", evidence = "documented" }"#,
            "documented equality needs its `source`",
        ),
        (
            r#"{ function = "abs(int4)", template = "abs(:1)", evidence = "exact", guard = "odd" }"#,
            "unknown guard `odd`",
        ),
        (
            r#"{ function = "abs(int4)", template = "abs(:1)", evidence = "exact", guard = "literal(2)" }"#,
            "guard on argument 2, which is none",
        ),
        (r#"{ function = "abs(int4)", inline = "abs(:1)" }"#, "unknown key `inline`"),
        (r#"{ function = "abs(int4)" }"#, "expected one of `native`, `template`, `local`, `refuse`"),
        (
            r#"{ function = "row_number()", template = "row_number()", evidence = "exact" }"#,
            "a window function's template needs `:over`",
        ),
    ] {
        let error = load_family(&format!("functions = [\n{row},\n]\n")).unwrap_err();
        let expected = format!("internal error: family.toml:2: {expected}");
        assert!(error.message().starts_with(&expected), "{} is not {expected}", error.message());
    }
    for (section, row, expected) in [
        ("types", r#"{ type = "nosuch", name = "X" }"#, "unknown type `nosuch`"),
        ("types", r#"{ type = "int4", name = "INTEGER)" }"#, "not a type: "),
        ("types", r#"{ type = "int4", name = "INTEGER", carrier = "pigeon" }"#, "unknown carrier `pigeon`"),
        ("types", r#"{ type = "int4", name = "INTEGER", literal = "f()" }"#, "`literal` does not say its value"),
        ("syntax", r#"{ construct = "GOTO", native = true }"#, "unknown construct `GOTO`"),
        ("syntax", r#"{ construct = "WITH", rule = "case" }"#, "unknown rule `case`"),
        ("syntax", r#"{ construct = "WITH", native = true }"#, "stands twice"),
        ("casts", r#"{ cast = "int4", template = ":1", evidence = "exact" }"#, "expected `source -> target`"),
        ("rumours", r#"{ a = 1 }"#, "unknown section `rumours`"),
    ] {
        let error = load_family(&format!("{section} = [\n{row},\n]\n")).unwrap_err();
        let expected = format!("internal error: family.toml:2: {expected}");
        assert!(error.message().starts_with(&expected), "{} is not {expected}", error.message());
    }
    let bad = DIALECT.replace("value = \"insensitive\"", "value = \"odd\"");
    let error = load("test", &[("dialect.toml", &bad)], &Language::load().unwrap()).unwrap_err();
    assert_eq!(error.message(), "internal error: dialect.toml:8: unknown flag `case`, or value `odd` of it");
    let bad = DIALECT.replace("\"fence\"", "\"fense\"");
    let error = load("test", &[("dialect.toml", &bad)], &Language::load().unwrap()).unwrap_err();
    assert_eq!(error.message(), "internal error: dialect.toml: flag `fence` is missing");
}

#[test]
fn a_server_names_its_dialect() {
    let server = |wrapper: &str, options: &[(&str, &str)]| Server {
        oid: 1,
        name: "s".to_owned(),
        wrapper: wrapper.to_owned(),
        options: options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        owner: 10,
        acl: Default::default(),
        version: 1,
        comment: None,
        postgis_schema: None,
        refused: std::collections::BTreeMap::new(),
    };
    let name = |server: &Server| Dialect::of(server).map(|dialect| dialect.map(|dialect| dialect.name));
    assert_eq!(name(&server("postgres", &[])).unwrap(), Some("postgis"));
    assert_eq!(name(&server("duckdb", &[])).unwrap(), Some("duckdb"));
    assert_eq!(name(&server("geoparquet", &[])).unwrap(), None);
    assert_eq!(name(&server("adbc", &[("dialect", "duckdb")])).unwrap(), Some("duckdb"));
    assert!(name(&server("adbc", &[("dialect", "nosuch")])).is_err());
}

/// One line a function: how PostgreSQL itself says it. `UPDATE=1` rewrites.
#[test]
fn golden_of_postgis() {
    let dialect = Dialect::postgis().unwrap();
    let language = Language::load().unwrap();
    let files = EMBEDDED.iter().find(|embedded| embedded.name == "postgis").unwrap().files;
    for family in ["pg-core", "pg-json", "postgis", "geohash", "h3", "quadbin", "s2"] {
        let mut lines: Vec<String> = Vec::new();
        let (file, text) = files.iter().find(|(file, _)| *file == format!("postgis/{family}.toml")).copied().unwrap();
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
