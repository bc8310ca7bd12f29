//! Portals and transactions.

use crate::connector::postgres::Pool;
use crate::connector::postgres::testing::{Server, decoded, drain, relayed, settles, some, texts};
use crate::connector::{Execution, Format};
use crate::error::Result;
use crate::error::SqlState;
use crate::txn::{Access, Options, Transaction};
use crate::types::PgType;

fn one(text: &str) -> Execution {
    relayed(text, &[(PgType::INT4, Format::Text)])
}

async fn change(transaction: &mut Transaction, pool: &Pool, text: &str) -> Result<Option<u64>> {
    let lease = transaction.lease_for(&pool.clone().into(), Access::Write).await?;
    let mut cursor = lease.open(decoded(text, &[])).await?;
    while cursor.fetch(100).await?.is_some() {}
    Ok(cursor.affected())
}

fn resident_kb() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("a line");
    line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).expect("a number")
}

pub(super) async fn fetches_two_cursors_alternately(server: &Server) {
    let pool = server.pool(&[("max_connections", "1")]);
    let mut transaction = Transaction::begin(Options::SNAPSHOT);
    let lease = transaction.lease_for(&pool.clone().into(), Access::Read).await.expect("begun");
    let text = "SELECT i, repeat('x', 500) FROM generate_series(1, 200000) i";
    let columns = [(PgType::INT4, Format::Text), (PgType::TEXT, Format::Text)];
    let mut first = lease.open(relayed(text, &columns)).await.expect("opens");
    let mut second = lease.open_held(relayed(text, &columns)).await.expect("opens");
    let before = resident_kb();
    let (mut counts, mut last, mut most) = ([0, 0], [0, 0], 0);
    let mut round = 0;
    loop {
        let mut ended = true;
        for (at, cursor) in [&mut first, &mut second].into_iter().enumerate() {
            let Some(rows) = cursor.fetch(5000).await.expect("rows") else { continue };
            ended = false;
            counts[at] += rows.count();
            let rows = texts(&rows);
            last[at] = rows.last().and_then(|row| row[0].as_deref()?.parse::<i32>().ok()).expect("a number");
            assert_eq!(last[at] as usize, counts[at], "in order, none lost");
        }
        if round % 10 == 0 {
            let mut third = lease.open(one("SELECT 3")).await.expect("opens");
            assert_eq!(drain(&mut *third).await.expect("a row"), [some(&["3"])]);
        }
        round += 1;
        most = most.max(resident_kb());
        if ended {
            break;
        }
    }
    assert_eq!(counts, [200_000; 2]);
    // Two results of 200,000 rows are some 100 MB as text; other tests of the process allocate meanwhile.
    assert!(most.saturating_sub(before) < 300_000, "{most} kB after {before} kB");
    transaction.commit().await.expect("commits");
    drop((first, second, lease));
    assert_eq!(pool.counters().in_use, 0);
}

pub(super) async fn keeps_savepoints_on_every_server(server: &Server) {
    server.sql("CREATE TABLE demo.kept (i int4)");
    let (here, there) = (server.pool(&[]), server.pool_as("other", server.port, "postgres", None, &[]));
    let mut transaction = Transaction::begin(Options::default());
    transaction.savepoint("Å \"").await.expect("nothing touched yet");
    change(&mut transaction, &here, "INSERT INTO demo.kept VALUES (1)").await.expect("inserts");
    transaction.savepoint("b").await.expect("on one server");
    assert_eq!(
        change(&mut transaction, &here, "INSERT INTO demo.kept VALUES (2), (3)").await.expect("inserts"),
        Some(2)
    );
    // The second server learns of both savepoints at first touch; its failure is mended by ROLLBACK TO.
    let lease = transaction.lease_for(&there.clone().into(), Access::Read).await.expect("begun");
    let mut cursor = lease.open(one("SELECT 1 / 0")).await.expect("opens");
    assert_eq!(cursor.fetch(1).await.expect_err("fails").state().code(), "22012");
    let failed = lease.open(one("SELECT 1")).await;
    assert_eq!(failed.err().map(|error| error.state()), Some(SqlState::IN_FAILED_SQL_TRANSACTION));
    transaction.rollback_to("b").await.expect("mends");
    let mut cursor = lease.open(one("SELECT 1")).await.expect("opens");
    assert_eq!(drain(&mut *cursor).await.expect("a row"), [some(&["1"])]);
    transaction.release("b").await.expect("released");
    assert_eq!(transaction.rollback_to("b").await.expect_err("gone").state().code(), "3B001");
    assert_eq!(server.sql("SELECT count(*) FROM demo.kept"), "0");
    transaction.commit().await.expect("commits");
    assert_eq!(server.sql("SELECT string_agg(i::text, ',') FROM demo.kept"), "1");
    let mut transaction = Transaction::begin(Options::default());
    change(&mut transaction, &here, "INSERT INTO demo.kept VALUES (4)").await.expect("inserts");
    transaction.rollback().await;
    // Dropped without an end: rolled back, too.
    let mut transaction = Transaction::begin(Options::default());
    change(&mut transaction, &here, "INSERT INTO demo.kept VALUES (5)").await.expect("inserts");
    drop(transaction);
    settles(&here, 0).await;
    assert_eq!(server.sql("SELECT string_agg(i::text, ',') FROM demo.kept"), "1");
}

pub(super) async fn writes_one_server(server: &Server) {
    let (here, there) = (server.pool(&[]), server.pool_as("other", server.port, "postgres", None, &[]));
    let mut transaction = Transaction::begin(Options::default());
    transaction.lease_for(&here.clone().into(), Access::Write).await.expect("the first");
    transaction.lease_for(&there.clone().into(), Access::Read).await.expect("reading is free");
    let error = transaction.lease_for(&there.clone().into(), Access::Write).await.expect_err("the second");
    assert_eq!(error.state(), SqlState::FEATURE_NOT_SUPPORTED);
    assert!(error.message().contains("\"gis\"") && error.message().contains("\"other\""), "{error}");
    transaction.rollback().await;
    let mut transaction = Transaction::begin(Options { access: Access::Read, ..Options::default() });
    let error = transaction.lease_for(&here.clone().into(), Access::Write).await.expect_err("read only");
    assert_eq!(error.state(), SqlState::READ_ONLY_SQL_TRANSACTION);
    let lease = transaction.lease_for(&here.clone().into(), Access::Read).await.expect("begun");
    let mut cursor = lease.open(decoded("INSERT INTO demo.kept VALUES (9)", &[])).await.expect("opens");
    assert_eq!(cursor.fetch(1).await.expect_err("read only").state(), SqlState::READ_ONLY_SQL_TRANSACTION);
    transaction.rollback().await;
    assert_eq!((here.counters().in_use, there.counters().in_use), (0, 0));
}

pub(super) async fn ends_cursors_with_the_transaction(server: &Server) {
    let pool = server.pool(&[]);
    let mut transaction = Transaction::begin(Options::default());
    let lease = transaction.lease_for(&pool.clone().into(), Access::Read).await.expect("begun");
    let mut cursor = lease.open_held(one("SELECT generate_series(1, 10)")).await.expect("opens");
    assert_eq!(cursor.fetch(3).await.expect("rows").map(|rows| rows.count()), Some(3));
    transaction.savepoint("s").await.expect("set");
    let mut inner = lease.open_held(one("SELECT generate_series(1, 10)")).await.expect("opens");
    transaction.rollback_to("s").await.expect("back");
    assert_eq!(inner.fetch(3).await.expect_err("gone with its savepoint").state(), SqlState::INVALID_CURSOR_NAME);
    transaction.rollback_to("s").await.expect("back");
    assert_eq!(cursor.fetch(100).await.expect("rows").map(|rows| rows.count()), Some(7));
    let mut late = lease.open_held(one("SELECT generate_series(1, 10)")).await.expect("opens");
    transaction.commit().await.expect("commits");
    assert_eq!(pool.counters().in_use, 0, "cursors do not hold the connection");
    assert_eq!(late.fetch(1).await.expect_err("over").state(), SqlState::INVALID_CURSOR_NAME);
}

pub(super) async fn holds_a_portal_outside(server: &Server) {
    server.sql(
        "CREATE TABLE demo.effects (i int4); CREATE FUNCTION demo.effect(i int4) RETURNS int4 LANGUAGE sql VOLATILE \
         AS 'INSERT INTO demo.effects VALUES (i) RETURNING i'",
    );
    let pool = server.pool(&[]);
    let lease = pool.lease().await.expect("free");
    let mut cursor =
        lease.open_held(one("SELECT demo.effect(i) FROM pg_catalog.generate_series(1, 10) i")).await.expect("opens");
    assert_eq!(cursor.fetch(3).await.expect("rows").map(|rows| rows.count()), Some(3));
    cursor.close().await.expect("commits");
    assert_eq!(server.sql("SELECT count(*) FROM demo.effects"), "3", "no more than was fetched, and that kept");
    assert_eq!(pool.counters().in_use, 0);
}

pub(super) async fn binds_held_cursors_at_once(server: &Server) {
    let pool = server.pool(&[]);
    let mut transaction = Transaction::begin(Options::default());
    let lease = transaction.lease_for(&pool.clone().into(), Access::Write).await.expect("begun");
    let mut cursor = lease.open_held(one("SELECT i FROM demo.kept")).await.expect("opens");
    change(&mut transaction, &pool, "INSERT INTO demo.kept VALUES (77)").await.expect("inserts");
    assert_eq!(drain(&mut *cursor).await.expect("rows"), [some(&["1"])], "the data of when it was declared");
    transaction.rollback().await;
}
