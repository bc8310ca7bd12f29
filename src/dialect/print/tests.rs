//! Goldens of printed statements: `statements.golden` holds each statement and what it becomes. `UPDATE=1` rewrites.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::bind::{BindContext, bind};
use crate::catalog::{Acl, Column, Constraint, ConstraintKind, Language, Relation, RelationKind, Server, Source, oids};
use crate::kernels::Formats;
use crate::policy::secure;
use crate::sql::{self, Kind, Literals};
use crate::types::PgType;

/// The server of the tables below; its default collation is not known.
pub(crate) const SERVER: u32 = 20_000;

pub(crate) fn relation(oid: u32, name: &str, server: u32, columns: &[(&str, PgType, i32)]) -> Relation {
    let columns = columns.iter().zip(1..).map(|((name, ty, typmod), attnum)| Column {
        name: (*name).to_owned(),
        attnum,
        ty: *ty,
        typmod: *typmod,
        not_null: attnum == 1,
        default: None,
        identity: '\0',
        generated: '\0',
        collation: None,
        comment: None,
        acl: Acl::default(),
        remote_name: (*name).to_owned(),
    });
    Relation {
        oid,
        schema: Arc::from("public"),
        schema_oid: oids::PUBLIC,
        name: name.to_owned(),
        kind: RelationKind::Table,
        columns: columns.collect(),
        source: Source::Remote { server, schema: "public".to_owned(), name: name.to_owned() },
        constraints: vec![Constraint {
            oid: oid + 1,
            name: format!("{name}_pkey"),
            kind: ConstraintKind::PrimaryKey,
            columns: vec![1],
            definition: "PRIMARY KEY (id)".to_owned(),
            references: None,
            actions: [' '; 3],
            index: oid + 2,
            deferrable: false,
            deferred: false,
        }],
        indexes: Vec::new(),
        owner: oids::SUPERUSER,
        acl: Acl::default(),
        comment: None,
        rows: -1.0,
        pages: 0,
        view_definition: None,
        view_in_path: None,
        version: 1,
        row_type: oid + 3,
    }
}

/// The tables of the PostGIS fixture on one server, and one table on another.
pub(crate) fn catalog() -> Catalog {
    let catalog = Catalog::empty("test", Language::load().unwrap());
    let mut builder = catalog.edit();
    for (oid, name) in [(SERVER, "pg"), (SERVER + 1, "other")] {
        let server = Server {
            oid,
            name: name.to_owned(),
            wrapper: "postgres".to_owned(),
            options: BTreeMap::new(),
            owner: oids::SUPERUSER,
            acl: Acl::default(),
            version: 1,
            comment: None,
            postgis_schema: Some("public".to_owned()),
            refused: BTreeMap::new(),
        };
        builder.catalog().servers.insert(oid, Arc::new(server));
    }
    let (point, line, polygon) = (1_107_460, 1_107_464, 987_404);
    let (int4, text, geometry) = (PgType::INT4, PgType::TEXT, PgType::GEOMETRY);
    for (oid, name, server, columns) in [
        (
            21_000,
            "places",
            SERVER,
            &[
                ("id", int4, -1),
                ("name", text, -1),
                ("kind", text, -1),
                ("pop", PgType::INT8, -1),
                ("geom", geometry, point),
                ("geog", PgType::GEOGRAPHY, point),
            ][..],
        ),
        (21_010, "roads", SERVER, &[("id", int4, -1), ("cls", text, -1), ("geom", geometry, line)]),
        (21_020, "parcels", SERVER, &[("id", int4, -1), ("owner", text, -1), ("geom", geometry, polygon)]),
        (21_030, "shapes", SERVER, &[("id", int4, -1), ("label", text, -1), ("geom", geometry, -1)]),
        (21_040, "far", SERVER + 1, &[("id", int4, -1), ("note", text, -1), ("geom", geometry, -1)]),
    ] {
        builder.put_relation(relation(oid, name, server, columns));
    }
    builder.finish()
}

/// Binds and secures one statement as the superuser.
pub(crate) fn secured(catalog: &Catalog, text: &str) -> Result<Secured> {
    // Folding would tie the goldens to the kernels at hand.
    bound(catalog, text, false)
}

/// [`secured`], what is constant computed as in a client's statement.
pub(crate) fn folded(catalog: &Catalog, text: &str) -> Result<Secured> {
    bound(catalog, text, true)
}

fn bound(catalog: &Catalog, text: &str, fold: bool) -> Result<Secured> {
    let statements = sql::parse(text)?;
    let Some(Kind::Query(node)) = statements.first().map(|statement| &statement.kind) else {
        return Err(Error::unsupported("this statement"));
    };
    let path = ["pg_catalog", "public", "demo"].map(str::to_owned);
    let formats = Formats::default();
    let context = BindContext { catalog, role: oids::SUPERUSER, search_path: &path, fold, formats: &formats };
    let bound = bind(&context, node, Literals::NONE, &[])?;
    secure(bound, catalog, oids::SUPERUSER)
}

pub(crate) fn printed(catalog: &Catalog, text: &str) -> Result<TargetSql> {
    let target = PrintTarget::new(Dialect::postgis()?, catalog, &catalog.servers[&SERVER]);
    print(&secured(catalog, text)?, &target)
}

#[test]
fn golden() {
    let catalog = catalog();
    let path = format!("{}/src/dialect/print/statements.golden", env!("CARGO_MANIFEST_DIR"));
    let old = std::fs::read_to_string(&path).unwrap();
    let mut new = String::new();
    for statement in old.lines().filter_map(|line| line.strip_prefix("> ")) {
        let line = match printed(&catalog, statement) {
            Ok(sql) => sql.text().to_owned(),
            Err(error) => format!("{}: {}", error.state(), error.message()),
        };
        new.push_str(&format!("> {statement}\n{line}\n"));
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &new).unwrap();
        return;
    }
    assert!(old == new, "{path} differs: UPDATE=1 rewrites it");
}

#[test]
fn parameters_and_positions() {
    let catalog = catalog();
    let sql = printed(&catalog, "SELECT id FROM places WHERE pop > $1 AND id <> $2 AND pop < $1 AND geog IS NOT NULL")
        .unwrap();
    let sources: Vec<_> = sql.params().iter().map(|param| param.ty).collect();
    assert_eq!(sources, [PgType::INT8, PgType::INT4]);
    let printed = sql.text().find("$2").unwrap();
    assert_eq!(sql.source_position(printed), Some("SELECT id FROM places WHERE pop > $1 AND id <> ".len()));
}
