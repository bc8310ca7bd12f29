//! Constructs that BigQuery says otherwise, on an emulator, against PostgreSQL over the same rows.

use crate::support::bigquery::Emulator;
use crate::support::graticule::Graticule;
use crate::support::postgres;

const ROWS: [&str; 9] = [
    "(1, 3, 'b', timestamp '2020-01-31 10:00:00')",
    "(2, 3, 'a', timestamp '2020-02-29 23:59:59.5')",
    "(3, null, 'c', timestamp '2019-12-31 00:00:00')",
    "(4, 1, null, timestamp '2020-03-31 01:02:03.000004')",
    "(5, 1, 'a', null)",
    "(6, null, null, timestamp '2020-05-30 12:00:00')",
    "(7, 7, 'é', timestamp '2021-02-28 12:00:00')",
    "(8, 3, 'b', timestamp '2020-01-30 10:00:00')",
    "(9, 1, 'a', timestamp '2020-01-31 10:00:00')",
];

/// Each runs there as a whole.
const PUSHED: [&str; 21] = [
    "select distinct on (zone) zone, id, name from t order by zone, name desc, id",
    "select distinct on (zone) id from t order by zone desc nulls last, name nulls first, id",
    "select distinct on (zone, name) id, ts from t order by zone nulls first, name desc nulls last, id desc limit 3 offset 1",
    "select zone from (select distinct on (zone) * from t) q order by 1",
    "select distinct on (zone) zone, count(*), max(name) from t group by zone, name order by zone, 2 desc, 3",
    "select distinct on (zone) zone, id, row_number() over (order by id) from t order by zone, id desc",
    "select q.id, t.id from t join (select distinct on (name) name, id from t order by name, id desc) q on q.name = t.name order by 1, 2",
    "select zone from t order by zone fetch first 2 rows with ties",
    "select zone from t order by zone desc nulls last fetch first 4 rows with ties",
    "select zone from t order by zone offset 2 rows fetch first 2 rows with ties",
    "select name, count(*) from t group by name order by 2 desc fetch first row with ties",
    "select id, ts + interval '1 month' from t order by id",
    "select id, ts - interval '1 month 1 day 01:00:00.5' from t order by id",
    "select id from t where ts >= timestamp '2020-03-31' - interval '2 months' order by id",
    "select id, ts + interval '13 months' > ts - interval '1 day' from t order by id",
    "select zone, count(*) filter (where id > 2), count(name) filter (where id < 8), sum(id) filter (where name = 'a') from t group by zone order by zone",
    "select bool_and(id > 0) filter (where zone = 3), bool_or(name = 'z') filter (where zone = 1) from t",
    "select string_agg(name, ',' order by name desc, id), string_agg(name, '/' order by zone, id) from t",
    "select string_agg(name, ',' order by zone nulls first, id) filter (where id > 1) from t where id < 8",
    "select t.id, v.b from t join (values (1, 'one'), (3, null), (null, 'none')) v(a, b) on v.a = t.zone order by 1, 2",
    "select id from t where zone = any ('{1,3,null}'::int[]) and id <> all ('{2,4}'::int[]) order by id",
];

#[test]
fn constructs_are_postgresqls() {
    let (Some(emulator), Some(oracle)) = (Emulator::start(), postgres::shared()) else { return };
    let there = ROWS.join(", ").replace("timestamp '", "datetime '");
    emulator.run(&[
        "create table public.t(id int64, zone int64, name string, ts datetime)",
        &format!("insert into public.t(id, zone, name, ts) values {there}"),
    ]);
    oracle.database(
        "bq_constructs",
        &format!(
            "create table t(id int8, zone int8, name text, ts timestamp); insert into t values {}",
            ROWS.join(", ")
        ),
    );
    let server = Graticule::serve("bq", &emulator.server("b", ""));
    let mut ours = server.client("bq");
    ours.simple("select graticule.attach('b', 'public', 'public')").expect("attached");
    let mut theirs = oracle.client("bq_constructs");
    for sql in PUSHED {
        let plan = ours.rows(&format!("explain {sql}")).join("\n");
        let found = ours.query(sql).unwrap_or_else(|error| panic!("{sql}: {} {}\n{plan}", error.state, error.message));
        let expected = theirs.query(sql).unwrap_or_else(|error| panic!("{sql}: {}", error.message));
        assert_eq!(found.text(), expected.text(), "{sql}\n{plan}");
        assert!(plan.contains("Route: Pushed"), "{sql}\n{plan}");
    }
    // What BigQuery wants as a constant is one when the statement runs.
    ours.simple("prepare p(int8[], int8) as select id from t where zone = any ($1) order by id limit $2")
        .expect("prepared");
    theirs
        .simple("prepare p(int8[], int8) as select id from t where zone = any ($1) order by id limit $2")
        .expect("prepared");
    for arguments in ["'{1,3}', 3", "'{1,null}', 10", "'{}', 10", "null, 10", "'{3,7}', null", "'{3}', 0"] {
        let sql = format!("execute p({arguments})");
        assert_eq!(ours.rows(&sql), theirs.rows(&sql), "{sql}");
    }
}
