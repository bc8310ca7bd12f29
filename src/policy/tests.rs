//! Privileges, as PostgreSQL 15 answers them.

use std::sync::Arc;

use super::*;
use crate::bind::{BindContext, bind};
use crate::catalog::{Acl, Catalog, Column, Language, Privilege, Relation, RelationKind, Role, Source, oids};
use crate::error::{Result, SqlState};
use crate::kernels::Formats;
use crate::sql::{self, Kind};
use crate::types::PgType;

const ALICE: u32 = 17_000;

fn granted(privileges: &[Privilege]) -> Acl {
    let privileges = privileges.iter().map(|privilege| (*privilege, false)).collect();
    Acl { entries: Some(vec![(ALICE, privileges)]) }
}

/// `t(a select insert, b update, c)`, `u(a)` without grants, `v(a)` with DELETE.
fn catalog() -> Catalog {
    let column = |name: &str, attnum, acl| Column {
        name: name.to_owned(),
        attnum,
        ty: PgType::INT4,
        typmod: -1,
        not_null: false,
        default: None,
        identity: '\0',
        generated: '\0',
        collation: None,
        comment: None,
        acl,
        remote_name: name.to_owned(),
    };
    let relation = |oid, name: &str, columns, acl| Relation {
        oid,
        schema: Arc::from("public"),
        schema_oid: oids::PUBLIC,
        name: name.to_owned(),
        kind: RelationKind::Table,
        columns,
        source: Source::Remote { server: 1, schema: "public".to_owned(), name: name.to_owned() },
        constraints: Vec::new(),
        indexes: Vec::new(),
        owner: oids::SUPERUSER,
        acl,
        comment: None,
        rows: -1.0,
        pages: 0,
        view_definition: None,
        view_in_path: None,
        version: 1,
        row_type: oid + 1,
    };
    let mut builder = Catalog::empty("test", Language::load().unwrap()).edit();
    let postgres = (*builder.catalog().roles[&oids::SUPERUSER]).clone();
    let alice = Role { oid: ALICE, name: "alice".to_owned(), superuser: false, ..postgres };
    builder.catalog().roles.insert(ALICE, Arc::new(alice));
    let columns = vec![
        column("a", 1, granted(&[Privilege::Select, Privilege::Insert])),
        column("b", 2, granted(&[Privilege::Update])),
        column("c", 3, Acl::default()),
    ];
    builder.put_relation(relation(18_000, "t", columns, Acl::default()));
    builder.put_relation(relation(18_010, "u", vec![column("a", 1, Acl::default())], Acl::default()));
    builder.put_relation(relation(18_020, "v", vec![column("a", 1, Acl::default())], granted(&[Privilege::Delete])));
    builder.finish()
}

fn secured(catalog: &Catalog, text: &str, role: u32) -> Result<Secured> {
    let statements = sql::parse(text)?;
    let Some(Kind::Query(node)) = statements.first().map(|statement| &statement.kind) else { panic!("{text}") };
    let path = ["pg_catalog", "public"].map(str::to_owned);
    let formats = Formats::default();
    let context = BindContext { catalog, role, search_path: &path, fold: true, formats: &formats };
    secure(bind(&context, node, &statements[0].literals, &[])?, catalog, role)
}

#[test]
fn privileges_are_postgresql_s() {
    let catalog = catalog();
    for (text, denied) in [
        ("SELECT a FROM t", ""),
        ("SELECT b FROM t", "t"),
        ("SELECT * FROM t", "t"),
        ("SELECT t FROM t", "t"),
        ("SELECT count(*) FROM t", ""),
        ("SELECT 1 FROM u", "u"),
        ("SELECT ctid FROM t", "t"),
        ("SELECT a FROM t WHERE b = 1", "t"),
        ("SELECT a FROM t ORDER BY c", "t"),
        ("SELECT x.a FROM t x JOIN t y USING (a)", ""),
        ("SELECT (SELECT max(b) FROM t)", "t"),
        ("WITH q AS (SELECT c FROM t) SELECT 1 FROM q", "t"),
        ("SELECT a FROM t FOR UPDATE", ""),
        ("SELECT 1 FROM v FOR SHARE", "v"),
        ("INSERT INTO t (a) VALUES (1)", ""),
        ("INSERT INTO t VALUES (1, 2, 3)", "t"),
        ("INSERT INTO t DEFAULT VALUES", ""),
        ("INSERT INTO t (a) VALUES (1) RETURNING a", ""),
        ("INSERT INTO t (a) VALUES (1) RETURNING b", "t"),
        ("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO NOTHING", ""),
        ("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.a", ""),
        ("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET c = 1", "t"),
        ("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = t.c", "t"),
        ("UPDATE t SET b = 1", ""),
        ("UPDATE t SET b = 1 WHERE a = 1", ""),
        ("UPDATE t SET b = 1 WHERE c = 1", "t"),
        ("UPDATE t SET a = 1", "t"),
        ("DELETE FROM t", "t"),
        ("DELETE FROM v", ""),
        ("DELETE FROM v WHERE a = 1", "v"),
    ] {
        match secured(&catalog, text, ALICE) {
            Ok(_) => assert_eq!(denied, "", "{text}"),
            Err(error) => {
                assert_eq!(error.state(), SqlState::INSUFFICIENT_PRIVILEGE, "{text}: {error}");
                assert_eq!(error.message(), format!("permission denied for table {denied}"), "{text}");
            }
        }
    }
}

#[test]
fn error_texts_pass_only_where_all_may_be_read() {
    let catalog = catalog();
    assert!(!secured(&catalog, "SELECT a FROM t", ALICE).unwrap().is_open());
    assert!(secured(&catalog, "SELECT a FROM t", oids::SUPERUSER).unwrap().is_open());
}
