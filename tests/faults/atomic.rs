//! Statements that share a transaction without BEGIN, and cursors beside writes: as on PostgreSQL itself.

use super::attach;
use crate::support::graticule::Graticule;
use crate::support::{Client, postgres};

/// Our server over a database of its own, and the same data on the server itself.
fn setup(database: &str) -> Option<(Graticule, Client, Client)> {
    let oracle = postgres::shared()?;
    let script = "create schema s; create table s.t(id int primary key, v text); insert into s.t select i, 'v' || i from generate_series(1, 10) i";
    oracle.database(database, script);
    oracle.database(&format!("{database}_twin"), script);
    let server = Graticule::serve(database, &attach("pg", oracle.port, database, "", "s", "s"));
    let ours = server.client(database);
    Some((server, ours, oracle.client(&format!("{database}_twin"))))
}

/// The same on both sides: tags, SQLSTATE, status and rows of each exchange.
fn same(ours: &mut Client, twin: &mut Client, steps: &[Step]) {
    for step in steps {
        let (found, expected) = (step.run(ours), step.run(twin));
        assert_eq!(
            (&found.tags, found.state(), found.status, &found.rows, found.suspended),
            (&expected.tags, expected.state(), expected.status, &expected.rows, expected.suspended),
            "{step:?}"
        );
    }
}

#[derive(Debug)]
enum Step {
    /// A simple query.
    Query(&'static str),
    /// Parse, Bind and Execute of each, and one Sync.
    Pipeline(&'static [&'static str]),
}

impl Step {
    fn run(&self, client: &mut Client) -> crate::support::exchange::Exchange {
        match self {
            Step::Query(sql) => client.exchange(sql),
            Step::Pipeline(statements) => {
                for sql in *statements {
                    client.send_extended(sql, 0, 0);
                }
                client.send(b'S', b"");
                client.rest()
            }
        }
    }
}

const ALL: Step = Step::Query("select id, v from s.t order by id");

#[test]
fn statements_of_one_string_or_pipeline_are_one_transaction() {
    let Some((_server, mut ours, mut twin)) = setup("atomic_strings") else { return };
    let steps = [
        // The second fails: the first is not kept.
        Step::Query("insert into s.t values (11, 'a'); insert into s.t values (1, 'twice')"),
        ALL,
        Step::Pipeline(&["insert into s.t values (12, 'a')", "insert into s.t values (1, 'twice')", "select 1"]),
        ALL,
        Step::Pipeline(&["update s.t set v = 'x' where id < 5", "select 1/0"]),
        ALL,
        // Later statements see what earlier ones wrote, and all is kept.
        Step::Query("insert into s.t values (13, 'b'); select count(*) from s.t; delete from s.t where id = 2"),
        ALL,
        Step::Pipeline(&[
            "insert into s.t values (14, 'c')",
            "select count(*) from s.t",
            "update s.t set v = 'd' where id = 14",
        ]),
        ALL,
        // What was committed inside of the string stays.
        Step::Query("begin; insert into s.t values (15, 'e'); commit; insert into s.t values (16, 'f'); select 1/0"),
        ALL,
        Step::Pipeline(&[
            "begin",
            "insert into s.t values (17, 'g')",
            "commit",
            "insert into s.t values (18, 'h')",
            "select 1/0",
        ]),
        ALL,
        Step::Query("begin; insert into s.t values (19, 'i'); savepoint a; insert into s.t values (1, 'twice')"),
        Step::Query("rollback to a; insert into s.t values (20, 'j'); commit"),
        ALL,
        Step::Pipeline(&["insert into s.t values (21, 'k')"]),
        ALL,
    ];
    same(&mut ours, &mut twin, &steps);
}

#[test]
fn a_cursor_keeps_the_rows_of_its_declaration() {
    let Some((_server, mut ours, mut twin)) = setup("atomic_cursors") else { return };
    let steps = [
        Step::Query("begin; declare c cursor for select id, v from s.t where id > 7 order by id"),
        Step::Query(
            "insert into s.t values (30, 'new'); update s.t set v = 'changed' where id = 9; delete from s.t where id = 10",
        ),
        Step::Query("fetch 2 from c"),
        Step::Query("delete from s.t where id = 30"),
        Step::Query("fetch all from c"),
        ALL,
        Step::Query("savepoint a; declare d cursor for select count(*) from s.t; select 1/0"),
        Step::Query("fetch 1 from d"),
        Step::Query("rollback to a"),
        Step::Query("fetch 1 from d"),
        Step::Query("rollback"),
        ALL,
    ];
    same(&mut ours, &mut twin, &steps);
}

/// On the engine, whose scans of a server start when rows are asked for.
#[cfg(feature = "engine")]
#[test]
fn a_cursor_on_the_engine_keeps_the_rows_of_its_declaration() {
    let Some((_server, mut ours, mut twin)) = setup("atomic_engine") else { return };
    ours.query("set graticule.route = 'local'").expect("set");
    ours.query("begin; declare c cursor for select a.id, b.v from s.t a join s.t b on a.id = b.id order by 1")
        .expect("declared");
    twin.query("begin; declare c cursor for select a.id, b.v from s.t a join s.t b on a.id = b.id order by 1")
        .expect("declared");
    ours.query("reset graticule.route").expect("reset");
    let steps = [
        Step::Query(
            "insert into s.t values (30, 'new'); update s.t set v = 'changed' where id = 9; delete from s.t where id = 10",
        ),
        Step::Query("fetch 3 from c"),
        Step::Query("delete from s.t"),
        Step::Query("fetch all from c"),
        Step::Query("rollback"),
    ];
    same(&mut ours, &mut twin, &steps);
}
