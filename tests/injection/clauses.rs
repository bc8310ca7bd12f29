//! Every clause that takes a literal or a name, with every hostile string, pushed.

use std::collections::BTreeMap;

use super::{HOSTILE, literal, name, same};
use crate::support::graticule::Graticule;
use crate::support::postgres;

/// `{l}`: the literal, `{i}`: the name.
const CLAUSES: &[(&str, &str)] = &[
    ("select list", "select id, {l}, {l} || v as x, v || {l} from s.t order by id"),
    ("column alias", "select id as {i}, v as \"b\" from s.t order by {i}"),
    ("alias of a literal", "select {l} as {i} from s.t where id = 1"),
    ("table alias", "select {i}.v, {i}.id from s.t as {i} where {i}.id < 4 order by {i}.id"),
    ("column alias list", "select q.{i} from s.t as q({i}, w) order by q.{i}"),
    ("whole row", "select {i} from (select id as {i} from s.t where id < 3) as {i} order by 1"),
    ("where", "select id from s.t where v = {l} order by id"),
    ("where not", "select id from s.t where not (v <> {l}) or v < {l} order by id"),
    ("join on", "select a.id from s.t a join s.t b on a.v = b.v and b.v = {l} order by 1"),
    ("left join on", "select a.id, b.id from s.t a left join s.t b on a.id = b.id and b.v <> {l} order by 1"),
    ("join using", "select {i}.id, b.v from s.t {i} join s.t b using (id) where {i}.v = {l} order by 1"),
    ("join alias", "select {i}.id from (s.t a join s.t b using (id)) as {i} where {i}.id < 3 order by 1"),
    ("group by", "select v = {l}, count(*) from s.t group by v = {l} order by 1"),
    ("group by text", "select v || {l}, count(*) from s.t group by v || {l} order by 1"),
    ("grouping sets", "select v || {l}, count(*) from s.t group by grouping sets ((v || {l}), ()) order by 1, 2"),
    ("having", "select v, count(*) from s.t group by v having max(v) <> {l} and v > {l} order by 1"),
    ("order by", "select id from s.t order by v = {l} desc, v || {l}, id"),
    ("limit", "select id from s.t order by id limit length({l}) offset length({l}) / 7"),
    ("case", "select case v when {l} then {l} || 'a' else 'no' end, case when v = {l} then 1 end from s.t order by id"),
    ("in", "select id from s.t where v in ('x', {l}, 'y') order by id"),
    ("not in", "select id from s.t where v not in ({l}, {l} || 'z') order by id"),
    ("any", "select id from s.t where v = any(array[{l}, 'q']) order by id"),
    ("between", "select id from s.t where v between {l} and {l} || 'z' order by id"),
    ("is distinct", "select id, v is distinct from {l} from s.t order by id"),
    ("row", "select id from s.t where (id, v) = (3, {l}) or (v, id) < ({l}, 5) order by id"),
    ("like", "select id from s.t where v like {l} order by id"),
    ("like part", "select id from s.t where v like '%' || {l} || '%' order by id"),
    ("like escape", "select id from s.t where v like {l} escape '!' order by id"),
    ("escape", "select id from s.t where v like 'a%' escape {l} order by id"),
    ("ilike", "select id from s.t where v ilike {l} or v not ilike {l} escape '' order by id"),
    ("similar to", "select id from s.t where v similar to {l} order by id"),
    ("regex", "select id from s.t where v ~ {l} order by id"),
    ("regex insensitive", "select id from s.t where v !~* {l} order by id"),
    ("regexp_replace", "select regexp_replace(v, {l}, 'r', 'g'), regexp_replace(v, 'x', {l}) from s.t order by id"),
    ("values", "select * from (values ({l}, 1), ('z', 2)) as q({i}, n) join s.t on id = n order by id"),
    ("values alone", "values ({l}, 1), ('z', 2)"),
    ("cte", "with {i} as (select id, v from s.t where v = {l}) select * from {i}"),
    (
        "cte columns",
        "with {i}({i}) as materialized (select id from s.t where v <> {l}) select {i}.{i} from {i} order by 1",
    ),
    (
        "recursive cte",
        "with recursive {i}(n, w) as (select 1, {l} union all select n + 1, w || v from {i} join s.t on id = n where n < 3) select * from {i} order by n",
    ),
    ("exists", "select id from s.t a where exists (select from s.t b where b.v = {l} and b.id = a.id)"),
    ("scalar sub-query", "select id, (select max(v) from s.t where v < {l}) as {i} from s.t order by id"),
    ("in sub-query", "select id from s.t where {l} in (select v from s.t) order by id"),
    ("derived table", "select {i}.w from (select v || {l} as w from s.t) as {i} order by 1"),
    ("lateral", "select a.id, {i}.w from s.t a cross join lateral (select a.v || {l} as w) as {i} order by a.id"),
    ("unnest", "select {i}.{i} from s.t, unnest(array[{l}, 'a']) as {i}({i}) where id = 1"),
    ("union", "select v from s.t where v = {l} union all select {l} from s.t where id = 1 order by 1"),
    ("except", "select v from s.t except select {l} order by 1"),
    ("distinct on", "select distinct on (v = {l}) id from s.t order by v = {l}, id"),
    ("filter", "select count(*) filter (where v = {l}) as {i} from s.t"),
    ("aggregate order", "select string_agg(v, {l} order by v = {l}, id) from s.t"),
    ("partition by", "select id, row_number() over (partition by v = {l} order by id) from s.t order by id"),
    ("named window", "select id, max(v || {l}) over {i} from s.t window {i} as (partition by v <> {l}) order by id"),
    (
        "function arguments",
        "select replace(v, {l}, 'R'), concat(v, {l}), strpos(v, {l}), lpad(v, 9, {l}) from s.t order by id",
    ),
    (
        "quoting functions",
        "select quote_literal(v || {l}), quote_ident({l}), format('%L %I', v, {l}) from s.t order by id",
    ),
    ("trim", "select trim(both {l} from v), translate(v, {l}, 'abc'), btrim({l}, v) from s.t order by id"),
    ("coalesce", "select coalesce(nullif(v, {l}), {l}), greatest(v, {l}), least(v, {l}) from s.t order by id"),
    ("substring", "select substring(v from {l}) from s.t order by id"),
    ("overlay", "select overlay(v placing {l} from 2 for 1), position({l} in v) from s.t order by id"),
    (
        "cast text",
        "select id from s.t where {l}::text = v and cast({l} as varchar) = v and cast({l} as varchar(3)) <> '' order by id",
    ),
    ("cast char", "select {l}::char(4), {l}::name, {l}::varchar(2) from s.t where id = 1"),
    ("cast int", "select {l}::int from s.t where id = 1"),
    ("cast bytea", "select {l}::bytea from s.t where id = 1"),
    ("cast json", "select {l}::jsonb from s.t where id = 1"),
    ("cast timestamp", "select {l}::timestamptz from s.t where id = 1"),
    ("cast geometry", "select {l}::geometry from s.t where id = 1"),
    ("cast array", "select {l}::text[] from s.t where id = 1"),
    ("typed literal", "select text {l}, varchar {l} || v from s.t where id = 1"),
    ("array", "select array[{l}, v], {l} = any(a), a || {l} from s.t order by id"),
    ("array operators", "select id from s.t where a @> array[{l}] or a && array[{l}] order by id"),
    (
        "array functions",
        "select string_to_array(v, {l}), array_to_string(a, {l}, {l}), array_position(a, {l}) from s.t order by id",
    ),
    ("json key", "select j -> {l}, j ->> {l}, j ? {l}, j #>> array[{l}] from s.t order by id"),
    (
        "json building",
        "select jsonb_build_object({l}, v), json_build_object({l}, id), to_jsonb({l}::text) from s.t order by id",
    ),
    ("json containment", "select id from s.t where j @> jsonb_build_object({l}, 1) or j ?| array[{l}] order by id"),
    ("json text", "select jsonb_object_keys(j), j::text from s.t where j ? {l} order by 1"),
    ("collate", "select id from s.t where v collate \"C\" < {l} order by id"),
    ("geometry text", "select st_astext(st_geomfromtext({l})) from s.t where id = 1"),
    (
        "insert",
        "begin; insert into s.t(id, v) values (1000, {l}) returning id, v, v = {l}, {l} as {i}; select v from s.t where id = 1000; rollback",
    ),
    (
        "insert select",
        "begin; insert into s.t(id, v) select id + 2000, v || {l} from s.t where v = {l} returning *; rollback",
    ),
    (
        "on conflict",
        "begin; insert into s.t as {i} (id, v) values (1, {l}) on conflict (id) do update set v = {i}.v || excluded.v || {l} where {i}.v <> {l} returning {i}.*; rollback",
    ),
    ("update", "begin; update s.t set v = v || {l} where v <> {l} returning id, v, {l}; rollback"),
    (
        "update from",
        "begin; update s.t as {i} set v = {l}, a = array[{l}] from s.t b where {i}.id = b.id and b.v = {l} returning {i}.id, {i}.v, {i}.a; rollback",
    ),
    ("delete", "begin; delete from s.t where v = {l} returning *; select count(*) from s.t; rollback"),
    (
        "delete using",
        "begin; delete from s.t as {i} using s.t b where {i}.id = b.id and b.v <> {l} returning {i}.id; rollback",
    ),
    (
        "declare",
        "begin; declare {i} cursor for select id, {l} from s.t where v = {l}; fetch all from {i}; close {i}; commit",
    ),
    (
        "binary cursor",
        "begin; declare {i} binary cursor for select v || {l} from s.t order by id; fetch 2 from {i}; move 1 in {i}; fetch 1 from {i}; commit",
    ),
    ("copy", "copy (select id, {l}, v from s.t where v = {l} order by id) to stdout"),
    (
        "copy csv",
        "copy (select id as {i}, v || {l} from s.t order by id) to stdout (format csv, header, force_quote *)",
    ),
    ("copy null", "copy (select null::text, v from s.t order by id) to stdout (null {l})"),
    (
        "prepare",
        "prepare {i}(text) as select id from s.t where v = $1 and v <> {l} || 'z' order by id; execute {i}({l}); deallocate {i}",
    ),
    ("savepoint", "begin; savepoint {i}; select id from s.t where v = {l}; rollback to {i}; release {i}; commit"),
    ("tablesample", "select {i}.id from s.t {i} tablesample system (100) where v = {l}"),
    ("for update", "begin; select id from s.t {i} where v = {l} for update of {i}; rollback"),
    ("regclass", "select {l}::regclass from s.t where id = 1"),
    (
        "current_setting",
        "select set_config('my.text', {l}, false), current_setting('my.text') = {l}, id from s.t where v = current_setting('my.text')",
    ),
];

/// Constructs that are not pushed, whatever the string: refused with 0A000, never answered otherwise.
const REFUSED: &[&str] = &["current_setting", "regclass", "tablesample"];

const SCHEMA: &str = "create schema s; create table s.t(id int primary key, v text, a text[], j jsonb)";

#[test]
fn hostile_strings_mean_the_same_in_every_clause() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("injection", SCHEMA);
    let mut far = oracle.client("injection");
    for (id, text) in (1..).zip(HOSTILE) {
        let l = literal(text);
        let sql = format!("insert into s.t values ({id}, {l}, array[{l}, 'a'], jsonb_build_object({l}, {l}))");
        far.query(&sql).expect("a row");
    }
    let init = format!(
        "CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{}', dbname 'injection');
         CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres'); SELECT graticule.attach('pg', 's');",
        oracle.port
    );
    let server = Graticule::serve("injection", &init);
    let mut ours = server.client("injection");
    ours.query("set graticule.route = 'server'").expect("set");
    let (mut refused, mut answered) = (BTreeMap::<&str, Vec<&str>>::new(), 0);
    for (clause, template) in CLAUSES {
        for text in HOSTILE {
            let sql = template.replace("{l}", &literal(text)).replace("{i}", &name(text));
            if same(&mut ours, &mut far, &sql) {
                answered += 1;
            } else {
                refused.entry(clause).or_default().push(text);
            }
        }
    }
    for (clause, texts) in &refused {
        eprintln!("{clause}: refused for {} of {}: {:?}", texts.len(), HOSTILE.len(), &texts[..texts.len().min(4)]);
    }
    eprintln!("{answered} statements are the same");
    let unknown: Vec<_> = refused.keys().filter(|clause| !REFUSED.contains(clause)).collect();
    assert!(unknown.is_empty(), "refused: {unknown:?}");
    let stale: Vec<_> = REFUSED.iter().filter(|clause| !refused.contains_key(*clause)).collect();
    assert!(stale.is_empty(), "no longer refused: {stale:?}");
    assert_eq!(far.rows("select count(*) from s.t"), [HOSTILE.len().to_string()]);
}

/// The other spellings of literals and names reach the same tree.
#[test]
fn every_spelling_of_a_literal_means_the_same() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("spellings", SCHEMA);
    let mut far = oracle.client("spellings");
    for (id, text) in (1..).zip(HOSTILE) {
        far.query(&format!("insert into s.t(id, v) values ({id}, {})", literal(text))).expect("a row");
    }
    let init = format!(
        "CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{}', dbname 'spellings');
         CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres'); SELECT graticule.attach('pg', 's');",
        oracle.port
    );
    let server = Graticule::serve("spellings", &init);
    let mut ours = server.client("spellings");
    for text in HOSTILE {
        let unicode: String = text.chars().map(|c| format!("\\+{:06X}", u32::from(c))).collect();
        let octal: String = text.bytes().map(|byte| format!("\\{byte:03o}")).collect();
        for spelled in [
            format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
            format!("e'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
            format!("E'{octal}'"),
            format!("U&'{unicode}'"),
            format!("U&'{}' uescape '!'", unicode.replace('\\', "!")),
            format!("$q${text}$q$"),
            format!("''\n{}", literal(text)),
        ] {
            for sql in [
                format!("select id, {spelled} from s.t where v = {spelled} order by id"),
                format!("select v || {spelled} from s.t order by v = {spelled}, id"),
            ] {
                assert!(same(&mut ours, &mut far, &sql), "refused: {sql}");
            }
        }
        if !text.is_empty() {
            let sql = format!("select v as U&\"{unicode}\" from s.t order by U&\"{unicode}\"");
            assert!(same(&mut ours, &mut far, &sql), "refused: {sql}");
            let (found, expected) = (ours.query(&sql).expect("rows"), far.query(&sql).expect("rows"));
            assert_eq!((&found.columns[0].name, found.columns[0].name.as_str()), (&expected.columns[0].name, *text));
        }
        // As a parameter, in text and by EXECUTE.
        for (client, other) in [(&mut ours, &mut far)] {
            let mut answers = Vec::new();
            for client in [client, other] {
                client.send(b'P', b"\0select id, $1 || v from s.t where v = $1 order by id\0\0\0");
                let mut bind = b"\0\0\0\0\0\x01".to_vec();
                bind.extend((text.len() as u32).to_be_bytes());
                bind.extend(text.as_bytes());
                bind.extend([0, 0]);
                client.send(b'B', &bind);
                client.send(b'E', b"\0\0\0\0\0");
                client.send(b'S', b"");
                answers.push(client.rest());
            }
            assert_eq!((answers[0].state(), &answers[0].rows), (answers[1].state(), &answers[1].rows), "{text:?}");
        }
    }
    // What is no literal is refused alike.
    for sql in [
        "select 'a",
        "select E'\\'",
        "select \"a",
        "select \"\"",
        "select U&'\\00'",
        "select U&'\\0000'",
        "select E'\\000'",
        "select E'\\xff'",
        "select $a$ $b$",
    ] {
        assert!(same(&mut ours, &mut far, sql), "refused: {sql}");
    }
}
