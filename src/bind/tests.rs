//! The binder against what PostgreSQL 15 with PostGIS 3.3 answers for the same text.

use std::sync::Arc;

use super::*;
use crate::bound::{Body, From, JoinKind};
use crate::catalog::{Acl, Column, Constraint, ConstraintKind, Language, Relation, RelationKind, Source};

fn column(name: &str, attnum: i16, ty: PgType, typmod: i32) -> Column {
    Column {
        name: name.to_owned(),
        attnum,
        ty,
        typmod,
        not_null: false,
        default: None,
        identity: '\0',
        generated: '\0',
        collation: None,
        comment: None,
        acl: Acl::default(),
        remote_name: name.to_owned(),
    }
}

fn relation(oid: u32, name: &str, columns: Vec<Column>) -> Relation {
    let key = Constraint {
        oid: oid + 1,
        name: format!("{name}_pkey"),
        kind: ConstraintKind::PrimaryKey,
        columns: vec![1],
        definition: "PRIMARY KEY (id)".to_owned(),
        references: None,
        actions: [' '; 3],
        index: 0,
        deferrable: false,
        deferred: false,
    };
    Relation {
        oid,
        schema: Arc::from("public"),
        schema_oid: 2200,
        name: name.to_owned(),
        kind: RelationKind::Table,
        columns,
        source: Source::Remote { server: 1, schema: "public".to_owned(), name: name.to_owned() },
        constraints: vec![key],
        indexes: Vec::new(),
        owner: 10,
        acl: Acl::default(),
        comment: None,
        rows: -1.0,
        pages: 0,
        view_definition: None,
        version: 1,
        row_type: 0,
        view_in_path: None,
    }
}

/// city (id int4 primary key, name text, geom geometry(Point,4326)), road (id int8 primary key, name varchar(20), tags text[]).
fn catalog() -> Catalog {
    let language = Language::load().expect("the signature files are valid");
    let mut builder = Catalog::empty("test", language).edit();
    builder.put_relation(relation(
        20_000,
        "city",
        vec![
            column("id", 1, PgType::INT4, -1),
            column("name", 2, PgType::TEXT, -1),
            column("geom", 3, PgType::GEOMETRY, 1_107_460),
        ],
    ));
    builder.put_relation(relation(
        20_010,
        "road",
        vec![
            column("id", 1, PgType::INT8, -1),
            column("name", 2, PgType::VARCHAR, 24),
            column("tags", 3, PgType::TEXT_ARRAY, -1),
        ],
    ));
    builder.finish()
}

fn try_bind(catalog: &Catalog, sql: &str, fold: bool) -> Result<Bound> {
    let formats = Formats::default();
    let path = vec!["public".to_owned()];
    let context = BindContext { catalog, role: 10, search_path: &path, fold, formats: &formats };
    let statements = crate::sql::parse(sql).expect("the test's SQL is valid");
    let crate::sql::Kind::Query(node) = &statements[0].kind else { panic!("not a query: {sql}") };
    bind(&context, node, Literals::NONE, &[])
}

#[test]
fn a_shared_tree_binds_as_its_own() {
    let catalog = catalog();
    let formats = Formats::default();
    let path = vec!["public".to_owned()];
    let context = BindContext { catalog: &catalog, role: 10, search_path: &path, fold: true, formats: &formats };
    let shapes = crate::sql::Shapes::default();
    for text in [
        // The default of maxdecimaldigits is a text of its own, with a constant at the first literal's place.
        "select 3, st_asgeojson('POINT(1 2)'::geometry)",
        "select 4, st_asgeojson('POINT(3 4)'::geometry)",
        "select 5, st_asgeojson('POINT(5 6)'::geometry)",
        "select id, 'a'::varchar(3), -1 from road where id in (1, 2) order by 2 limit 3",
        "select id, 'b'::varchar(4), -2 from road where id in (3, 4) order by 1 limit 5",
        "select id, 'c'::varchar(5), -7 from road where id in (5, 6) order by 3 limit 9",
    ] {
        let statement = &shapes.parse(text).unwrap()[0];
        let crate::sql::Kind::Query(node) = &statement.kind else { panic!("not a query") };
        let shared = bind(&context, node, &statement.literals, &[]).unwrap();
        let own = try_bind(&catalog, text, true).unwrap();
        assert_eq!(format!("{:?}", shared.statement), format!("{:?}", own.statement), "{text}");
    }
}

/// `name type, ...` of the output, or `SQLSTATE message`.
fn describe(catalog: &Catalog, sql: &str) -> String {
    match try_bind(catalog, sql, false) {
        Ok(bound) => {
            let columns = bound.statement.output().iter();
            columns
                .map(|column| format!("{} {}", column.name, catalog.format_type(column.ty.oid, column.ty.typmod)))
                .collect::<Vec<_>>()
                .join(", ")
        }
        Err(error) => format!("{} {}", error.state(), error.message()),
    }
}

#[test]
fn describes_as_postgresql() {
    let catalog = catalog();
    for (sql, expected) in [
        ("select * from city", "id integer, name text, geom geometry(Point,4326)"),
        (
            "select 1 + 1, 1 + 1.5, 'a' || 1, 99999999999",
            "?column? integer, ?column? numeric, ?column? text, ?column? bigint",
        ),
        ("select -2147483648, true, null, '1'::int", "?column? integer, ?column? boolean, ?column? text, int4 integer"),
        ("select id, name from city natural join (select 1 as id) s", "id integer, name text"),
        (
            "select * from city join road using (id)",
            "id bigint, name text, geom geometry(Point,4326), name character varying(20), tags text[]",
        ),
        ("select x.id from city join road using (id) as x", "id bigint"),
        (
            "select tags[1], tags[1:2], 'a' = any (tags), tags || '{b}' from road",
            "tags text, tags text[], ?column? boolean, ?column? text[]",
        ),
        ("select (st_dump(geom)).geom, (st_dump(geom)).path[1] from city", "geom geometry, path integer"),
        (
            "select d.* from city, lateral st_dump(geom) with ordinality d",
            "path integer[], geom geometry, ordinality bigint",
        ),
        ("select e, f.value from unnest(array[1]) e, json_array_elements('[1]') f", "e integer, value json"),
        ("select count(*), sum(id), avg(id), max(name) from city", "count bigint, sum bigint, avg numeric, max text"),
        (
            "select rank() over (order by id), lag(name) over w from city window w as (order by id)",
            "rank bigint, lag text",
        ),
        (
            "select case when true then 1 else 2.5 end, coalesce(null, 'a'), nullif(1, 2)",
            "case numeric, coalesce text, nullif integer",
        ),
        (
            "select current_date, current_time(2), now() at time zone 'UTC'",
            "current_date date, current_time time(2) with time zone, timezone timestamp without time zone",
        ),
        ("select id from city union select id from road", "id bigint"),
        ("select 'a' union select null", "?column? text"),
        ("values (1, 'a'), (2.5, null)", "column1 numeric, column2 text"),
        (
            "with recursive t(n) as (values (1) union all select n + 1 from t where n < 5) select sum(n) from t",
            "sum bigint",
        ),
        (
            "select array[[1,2],[3,4]], array(select id from city), exists (select 1)",
            "array integer[], array integer[], exists boolean",
        ),
        ("select make_interval(days => 3), st_asgeojson(c.*) from city c", "make_interval interval, st_asgeojson text"),
        (
            "select geom::text, st_x(geom), geom && st_makeenvelope(0,0,1,1,4326) from city",
            "geom text, st_x double precision, ?column? boolean",
        ),
        ("insert into city (id) values (1), (default) returning id", "id integer"),
        ("update city c set name = r.name from road r where r.id = c.id returning c.name", "name text"),
        (
            "select interval '1' year, 'a'::varchar(3), 1::numeric(5,2)",
            "interval interval year, varchar character varying(3), numeric numeric(5,2)",
        ),
    ] {
        assert_eq!(describe(&catalog, sql), expected, "{sql}");
    }
}

#[test]
fn refuses_as_postgresql() {
    let catalog = catalog();
    for (sql, expected) in [
        ("select nope from city", "42703 column \"nope\" does not exist"),
        ("select c.nope from city c", "42703 column c.nope does not exist"),
        ("select city.id from city c", "42P01 invalid reference to FROM-clause entry for table \"city\""),
        ("select x.id from city", "42P01 missing FROM-clause entry for table \"x\""),
        ("select id from city, road", "42702 column reference \"id\" is ambiguous"),
        ("select * from nosuch", "42P01 relation \"nosuch\" does not exist"),
        ("select 1 from city, city", "42712 table name \"city\" specified more than once"),
        ("select lower(1)", "42883 function lower(integer) does not exist"),
        ("select 1 + true", "42883 operator does not exist: integer + boolean"),
        ("select '1' + '2'", "42725 operator is not unique: unknown + unknown"),
        (
            "select name, count(*) from city",
            "42803 column \"city.name\" must appear in the GROUP BY clause or be used in an aggregate function",
        ),
        (
            "select (select city.name) from city group by geom",
            "42803 subquery uses ungrouped column \"city.name\" from outer query",
        ),
        ("select 1 from city where count(*) > 1", "42803 aggregate functions are not allowed in WHERE"),
        ("select sum(count(*)) from city", "42803 aggregate function calls cannot be nested"),
        ("select 1 where row_number() over () = 1", "42P20 window functions are not allowed in WHERE"),
        ("select rank() from city", "42809 window function rank requires an OVER clause"),
        (
            "select distinct name from city order by id",
            "42P10 for SELECT DISTINCT, ORDER BY expressions must appear in select list",
        ),
        (
            "select distinct on (name) id from city order by id",
            "42P10 SELECT DISTINCT ON expressions must match initial ORDER BY expressions",
        ),
        ("select 1 order by 2", "42P10 ORDER BY position 2 is not in select list"),
        ("select 1 union select 2, 3", "42601 each UNION query must have the same number of columns"),
        ("select id from city union select name from city", "42804 UNION types integer and text cannot be matched"),
        ("select case when 1 then 2 end", "42804 argument of CASE/WHEN must be type boolean, not type integer"),
        ("select array[]", "42P18 cannot determine type of empty array"),
        ("select $1", ""),
        ("select $1 is null", "42P18 could not determine data type of parameter $1"),
        (
            "with recursive t as (select * from t) select 1 from t",
            "42P19 recursive query \"t\" does not have the form non-recursive-term UNION [ALL] recursive-term",
        ),
        (
            "with recursive a(x) as (select 1 union all select x from b), b(x) as (select 1 union all select x from a) select 1 from a",
            "0A000 mutual recursion between WITH items is not implemented",
        ),
        (
            "select case when true then generate_series(1,3) end",
            "0A000 set-returning functions are not allowed in CASE",
        ),
        ("select * from city c, (select c.id) s", "42P01 invalid reference to FROM-clause entry for table \"c\""),
        (
            "insert into city (id) values (true)",
            "42804 column \"id\" is of type integer but expression is of type boolean",
        ),
        ("insert into city (id, nope) values (1, 2)", "42703 column \"nope\" of relation \"city\" does not exist"),
        ("update city set id = 1, id = 2", "42601 multiple assignments to same column \"id\""),
        ("select count(*) from city for update", "0A000 FOR UPDATE is not allowed with aggregate functions"),
        ("select 'x'::nosuch", "42704 type \"nosuch\" does not exist"),
        (
            "select 'a' collate \"C\" < 'b' collate \"POSIX\"",
            "42P21 collation mismatch between explicit collations \"C\" and \"POSIX\"",
        ),
        ("select * from city tablesample system (1)", "0A000 TABLESAMPLE is not supported"),
    ] {
        let found = describe(&catalog, sql);
        if expected.is_empty() {
            assert_eq!(found, "?column? text", "{sql}");
        } else {
            assert_eq!(found, expected, "{sql}");
        }
    }
}

#[test]
fn infers_parameter_types() {
    let catalog = catalog();
    for (sql, expected) in [
        ("select * from city where id = $1 and name like $2 limit $3", vec![PgType::INT4, PgType::TEXT, PgType::INT8]),
        ("insert into city (id, geom) values ($1, $2)", vec![PgType::INT4, PgType::GEOMETRY]),
        ("select $1 in (1, 2), array[$2, 1.5], $3::date", vec![PgType::INT4, PgType::NUMERIC, PgType::DATE]),
        ("select 1 from road where 'a' = any ($1) and id = any ($2)", vec![PgType::TEXT_ARRAY, PgType::INT8_ARRAY]),
    ] {
        let bound = try_bind(&catalog, sql, false).expect(sql);
        assert_eq!(bound.params, expected, "{sql}");
    }
}

#[test]
fn stable_parts_become_contexts() {
    let catalog = catalog();
    let bound = try_bind(&catalog, "select now(), now(), id + length(current_user) from city where $1 > now()", true)
        .expect("binds");
    // now() once; length(current_user) once; random() and parameters never.
    assert_eq!(bound.contexts.len(), 2);
    let bound = try_bind(&catalog, "select random(), id from city", true).expect("binds");
    assert!(bound.contexts.is_empty());
}

#[test]
fn a_schema_without_usage_hides_its_relations() {
    let mut catalog = catalog();
    let stranger = crate::catalog::Role {
        oid: 500,
        name: "stranger".to_owned(),
        superuser: false,
        inherit: true,
        create_role: false,
        create_db: false,
        login: true,
        bypass_rls: false,
        password: None,
        member_of: Vec::new(),
        connection_limit: -1,
    };
    catalog.roles.insert(500, Arc::new(stranger));
    let mut schema = (*catalog.schemas["public"]).clone();
    schema.acl = Acl { entries: Some(Vec::new()) };
    catalog.schemas.insert("public".to_owned(), Arc::new(schema));
    let formats = Formats::default();
    let path = vec!["public".to_owned()];
    let context = BindContext { catalog: &catalog, role: 500, search_path: &path, fold: true, formats: &formats };
    for sql in ["select * from city", "select * from public.city"] {
        let parsed = crate::sql::parse(sql).expect("valid");
        let crate::sql::Kind::Query(node) = &parsed[0].kind else { panic!("a query") };
        let error = bind(&context, node, Literals::NONE, &[]).expect_err(sql);
        assert_eq!(error.state().code(), "42P01", "{sql}");
    }
}

#[test]
fn depth_is_limited() {
    let catalog = catalog();
    // The parser itself stops at some 500 levels.
    let chain = format!("select {}", vec!["'a'::text"; 300].join(" || "));
    assert!(try_bind(&catalog, &chain, false).is_ok());
    let formats = Formats::default();
    let path = vec!["public".to_owned()];
    let context = BindContext { catalog: &catalog, role: 10, search_path: &path, fold: false, formats: &formats };
    let mut binder = Binder::new(&context, Literals::NONE, &[]);
    // Deeper than the parser's own limit lets a text be.
    fn nest(binder: &mut Binder<'_>, levels: usize) -> Result<()> {
        if levels == 0 { Ok(()) } else { binder.grown(|binder| nest(binder, levels - 1)) }
    }
    let error = nest(&mut binder, 5000).expect_err("too deep");
    assert_eq!(error.state().code(), "54001");
}

#[test]
fn using_binds_to_a_condition() {
    let catalog = catalog();
    let bound = try_bind(&catalog, "select * from city left join road using (id)", false).expect("binds");
    let Statement::Query(query) = bound.statement else { panic!("a query") };
    let Body::Select(select) = query.body else { panic!("a select") };
    let [From::Join(join)] = select.from.as_slice() else { panic!("one join") };
    assert_eq!(join.kind, JoinKind::Left);
    assert!(join.on.is_some());
    assert_eq!(select.items.len(), 5);
}
