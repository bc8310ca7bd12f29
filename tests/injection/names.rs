//! Schemas, tables and columns with hostile names.

use super::{HOSTILE, literal, name, same};
use crate::support::graticule::Graticule;
use crate::support::postgres;

#[test]
fn hostile_names_of_schemas_tables_and_columns_are_only_names() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("names", "");
    let mut far = oracle.client("names");
    let mut init = format!(
        "CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{}', dbname 'names');
         CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres');",
        oracle.port
    );
    for text in HOSTILE {
        let i = name(text);
        far.simple(&format!(
            "create schema {i}; create type {i}.\"e {short}\" as enum ('a', {l});
             create table {i}.{i}({i} text primary key, n int, e {i}.\"e {short}\", \"a b\" int default 1);
             insert into {i}.{i} values ({l}, 1, {l}), ('other', 2, 'a'), ('third', null, null);
             create view {i}.\"v {short}\" as select {i}, n from {i}.{i}",
            l = literal(text),
            short = text.replace('"', "\"\""),
        ))
        .expect("objects");
        init.push_str(&format!("SELECT graticule.attach('pg', {});\n", literal(text)));
    }
    let server = Graticule::serve("names", &init);
    let mut ours = server.client("names");
    ours.query("set graticule.route = 'server'").expect("set");
    let mut refused = Vec::new();
    for text in HOSTILE {
        let (i, l) = (name(text), literal(text));
        for sql in [
            format!("select * from {i}.{i} order by {i}"),
            format!("select {i}, {i}.{i}, {i}.{i}.{i}, n from {i}.{i} where {i}.{i}.{i} = {l} order by {i}.n"),
            format!("select {i} from {i}.{i} as {i} where {i}.{i} <> {l} order by 1"),
            format!("select ({i}.*)::text from {i}.{i} order by 1"),
            format!("select a.{i}, b.{i} from {i}.{i} a join {i}.{i} b using ({i}) order by 1"),
            format!("select {i}, sum(n) as {i} from {i}.{i} group by {i}.{i} having max({i}) >= {l} order by {i}.{i}"),
            format!("select a.{i} from {i}.{i} a natural join {i}.\"v {}\" order by 1", text.replace('"', "\"\"")),
            format!(
                "select x.{i} from (select {i}, n from {i}.{i}) as x({i}, {i}2) where x.{i} > {l} order by 1",
                i = i
            )
            .replace(&format!("{i}2"), "\"2\""),
            format!("select (select max(o.{i}) from {i}.{i} o where o.n > {i}.n) from {i}.{i} order by {i}.n"),
            format!("select e, e::text, e = {l} from {i}.{i} order by n"),
            format!(
                "begin; insert into {i}.{i} as q ({i}, n) values ('new', 5) on conflict ({i}) do update set {i} = excluded.{i} || q.{i} returning {i}, q.*; rollback"
            ),
            format!(
                "begin; update {i}.{i} set {i} = {i} || {l}, n = default where {i} = {l} returning {i}, n; rollback"
            ),
            format!("begin; delete from {i}.{i} where {i} = {l} returning *; rollback"),
            format!("begin; declare {i} cursor for select * from {i}.{i} order by {i}; fetch all from {i}; rollback"),
            format!("copy {i}.{i} to stdout (format csv, header)"),
            format!("copy {i}.{i} ({i}) to stdout"),
            format!("select {i}.{i}.nothing from {i}.{i}"),
            format!("select * from {i}.{}", name(&format!("{text}!"))),
        ] {
            if !same(&mut ours, &mut far, &sql) {
                refused.push(sql);
            }
        }
        // What Describe says of them.
        let sql =
            format!("select {i}, n as {i}, {i}.{i}.{i} as \"q{}\" from {i}.{i} limit 1", text.replace('"', "\"\""));
        let (found, expected) = (ours.query(&sql).expect("rows"), far.query(&sql).expect("rows"));
        let names =
            |set: &crate::support::ResultSet| set.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&found), names(&expected));
    }
    for sql in &refused {
        eprintln!("refused: {sql}");
    }
    assert!(refused.is_empty(), "{} refused", refused.len());
}

/// Names are cut at 63 bytes, as PostgreSQL does, at a character's border.
#[test]
fn long_names_are_cut_as_postgresql_cuts_them() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("long_names", "create schema s");
    let mut far = oracle.client("long_names");
    let texts = [
        "a".repeat(62),
        "a".repeat(63),
        "a".repeat(64),
        "é".repeat(31),
        "é".repeat(32),
        "中".repeat(22),
        format!("{}é", "b".repeat(62)),
        "\"".repeat(70),
        "\\'".repeat(40),
    ];
    for (n, text) in texts.iter().enumerate() {
        far.simple(&format!("create table s.t{n}({} int); insert into s.t{n} values ({n})", name(text)))
            .expect("a table");
    }
    let init = format!(
        "CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{}', dbname 'long_names');
         CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres'); SELECT graticule.attach('pg', 's');",
        oracle.port
    );
    let server = Graticule::serve("long_names", &init);
    let mut ours = server.client("long_names");
    for (n, text) in texts.iter().enumerate() {
        let i = name(text);
        for sql in [
            format!("select {i} from s.t{n}"),
            format!("select {i}.{i} as {i} from s.t{n} as {i}"),
            format!("with {i} as (select * from s.t{n}) select {i}.{i} from {i} order by {i}"),
            format!("select 1 as {i}"),
            format!(
                "begin; declare {i} cursor for select * from s.t{n}; fetch all from {i}; savepoint {i}; release {i}; rollback"
            ),
            format!(
                "select {i}, {} from s.t{n} as x({i}), s.t{n} as y({})",
                name(&format!("{text}1")),
                name(&format!("{text}1"))
            ),
        ] {
            assert!(same(&mut ours, &mut far, &sql), "refused: {sql}");
            let names = |set: Result<crate::support::ResultSet, _>| {
                set.map(|set| set.columns.into_iter().map(|column| column.name).collect::<Vec<_>>()).ok()
            };
            if !sql.starts_with("begin") {
                assert_eq!(names(ours.query(&sql)), names(far.query(&sql)), "{sql}");
            }
        }
    }
}
