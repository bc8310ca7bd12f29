//! The server as a new user meets it.

use crate::support::graticule::Graticule;
use crate::support::postgres;

#[cfg(feature = "engine")]
#[test]
fn demo_answers_the_readme_query() {
    let server = Graticule::demo();
    let mut client = crate::support::Client::connect(server.port, "demo", "demo").expect("demo logs in");
    let rows = client.rows(
        "select c.name, count(*) from sample.counties c join sample.airports a on st_contains(c.geom, a.geom) \
         group by 1 order by 2 desc, 1 limit 10",
    );
    assert_eq!(rows.len(), 10);
    let Some(oracle) = postgres::shared() else { return };
    // The same rows in PostGIS, copied through our own server.
    oracle.database("demo_copy", "create schema sample; create table sample.counties(name text, geom geometry(MultiPolygon,4326)); create table sample.airports(geom geometry(Point,4326))");
    let mut far = oracle.client("demo_copy");
    for (table, columns) in [("counties", "name, geom"), ("airports", "geom")] {
        let set = client.query(&format!("select {columns} from sample.{table}")).expect("rows");
        for chunk in set.rows.chunks(500) {
            let values: Vec<String> = chunk
                .iter()
                .map(|row| {
                    let cells: Vec<String> = row
                        .iter()
                        .map(|cell| cell.as_ref().map_or("null".into(), |v| format!("'{}'", String::from_utf8_lossy(v).replace('\'', "''"))))
                        .collect();
                    format!("({})", cells.join(","))
                })
                .collect();
            far.query(&format!("insert into sample.{table}({columns}) values {}", values.join(","))).expect("inserted");
        }
    }
    let expected = far.rows(
        "select c.name, count(*) from sample.counties c join sample.airports a on st_contains(c.geom, a.geom) \
         group by 1 order by 2 desc, 1 limit 10",
    );
    assert_eq!(rows, expected);
}

#[test]
fn constants_and_settings_are_answered() {
    let server = Graticule::serve("plain", "");
    let mut client = server.client("plain");
    assert_eq!(client.rows("select 1"), ["1"]);
    assert_eq!(client.rows("select current_schema(), current_user, current_database()"), ["public|postgres|plain"]);
    assert_eq!(client.rows("select postgis_version()"), ["3.3 USE_GEOS=1 USE_PROJ=1 USE_STATS=1"]);
    assert_eq!(client.rows("select st_astext(st_makepoint(1,2)), 1/2.0, 'a'||'b', now() = now()"), ["POINT(1 2)|0.50000000000000000000|ab|t"]);
    assert_eq!(client.query("select 1/0").expect_err("raises").state, "22012");
    assert_eq!(client.query("select nope").expect_err("raises").state, "42703");
    assert_eq!(client.query("select nope()").expect_err("raises").state, "42883");
}

#[test]
fn definitions_survive_in_transactions_and_errors() {
    let server = Graticule::serve("definitions", "");
    let mut client = server.client("definitions");
    client.simple("begin; create schema a; savepoint s; create schema b; rollback to s; commit").expect("runs");
    assert_eq!(client.rows("select nspname from pg_namespace where nspname in ('a','b')"), ["a"]);
    client.simple("begin; create schema c; rollback").expect("runs");
    assert_eq!(client.rows("select count(*) from pg_namespace where nspname = 'c'"), ["0"]);
    assert_eq!(client.query("create schema a").expect_err("is there").state, "42P06");
}

#[test]
fn an_attached_server_answers_like_itself() {
    let Some(oracle) = postgres::shared() else { return };
    oracle.database("attached", include_str!("../compat/seed.sql"));
    let init = format!(
        "CREATE SERVER pg FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{}', dbname 'attached');
         CREATE USER MAPPING FOR PUBLIC SERVER pg OPTIONS (user 'postgres');
         SELECT graticule.attach('pg', 'demo');",
        oracle.port
    );
    let server = Graticule::serve("attached", &init);
    let (mut ours, mut far) = (server.client("attached"), oracle.client("attached"));
    for sql in [
        "select * from demo.cities order by id limit 20",
        "select count(*), sum(pop), avg(score), max(seen) from demo.cities where active",
        "select c.name, p.gid from demo.cities c join demo.parcels p on p.city_id = c.id where p.gid < 10 order by 2",
        "select name from demo.cities where geom && st_makeenvelope(-10,35,-8,36,4326) order by id",
        "select tags, attrs->>'k', ext_id from demo.cities where id = 7",
        "with recursive t(n) as (select 1 union all select n + 1 from t where n < 5) select n, (select name from demo.cities where id = n) from t order by n",
        "select gid, row_number() over (order by value desc) from demo.parcels order by gid limit 3",
    ] {
        assert_eq!(ours.rows(sql), far.rows(sql), "{sql}");
    }
    let plan = ours.rows("explain select name from demo.cities where pop > 5000").join("\n");
    assert!(plan.contains("Route: Pushed"), "{plan}");
}
