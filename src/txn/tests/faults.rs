//! Cancelling, full pools, cut links, dying servers.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::connector::postgres::testing::{Proxy, Server, drain, relayed, settles, some, text_rows};
use crate::connector::{Execution, Format};
use crate::error::SqlState;
use crate::txn::{Access, Options, Transaction};
use crate::types::PgType;

const SLOW: &str = "SELECT 1 FROM pg_catalog.pg_sleep(30)";
const LONG: &str = "SELECT repeat('x', 1000) FROM (SELECT pg_catalog.generate_series(1, 1000000)) s";

fn cancelled_soon(text: &str, ty: PgType) -> Execution {
    let execution = relayed(text, &[(ty, Format::Text)]);
    let token = execution.cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(200)).await;
        token.cancel();
    });
    execution
}

fn running(server: &Server) -> String {
    server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'graticule' AND state <> 'idle'")
}

pub(super) async fn cancels_a_running_statement(server: &Server) {
    let pool = server.pool(&[]);
    let start = Instant::now();
    let mut cursor = pool.lease().await.expect("free").open(cancelled_soon(SLOW, PgType::INT4)).await.expect("opens");
    assert_eq!(cursor.fetch(1).await.expect_err("cancelled").state(), SqlState::QUERY_CANCELED);
    // In the middle of a result.
    let mut cursor = pool.lease().await.expect("free").open(cancelled_soon(LONG, PgType::TEXT)).await.expect("opens");
    let error = loop {
        match cursor.fetch(10).await {
            Ok(rows) => assert!(rows.is_some(), "it ends before it is cancelled"),
            Err(error) => break error,
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    assert_eq!(error.state(), SqlState::QUERY_CANCELED);
    // In a transaction: that fails, its connection lives on.
    let mut transaction = Transaction::begin(Options::default());
    let lease = transaction.lease_for(&pool.clone().into(), Access::Read).await.expect("begun");
    let mut cursor = lease.open(cancelled_soon(SLOW, PgType::INT4)).await.expect("opens");
    assert_eq!(cursor.fetch(1).await.expect_err("cancelled").state(), SqlState::QUERY_CANCELED);
    transaction.rollback().await;
    // A fetch that is dropped: rollback does not wait for it.
    let mut transaction = Transaction::begin(Options::default());
    let lease = transaction.lease_for(&pool.clone().into(), Access::Read).await.expect("begun");
    let mut cursor = lease.open(relayed(SLOW, &[(PgType::INT4, Format::Text)])).await.expect("opens");
    assert!(tokio::time::timeout(Duration::from_millis(200), cursor.fetch(1)).await.is_err());
    transaction.rollback().await;
    assert!(cursor.fetch(1).await.is_err());
    assert!(start.elapsed() < Duration::from_secs(10));
    settles(&pool, 0).await;
    assert_eq!(running(server), "0");
    assert_eq!(pool.counters().open, 1, "cancelling costs no connection");
    assert_eq!(text_rows(&pool, "SELECT 1", &[PgType::INT4]).await.expect("alive"), [some(&["1"])]);
}

pub(super) async fn waits_for_a_full_pool(server: &Server) {
    let pool = server.pool(&[("max_connections", "2"), ("pool_timeout", "1")]);
    let held = (pool.lease().await.expect("one"), pool.lease().await.expect("two"));
    let error = pool.lease().await.expect_err("full");
    assert_eq!(error.state(), SqlState::TOO_MANY_CONNECTIONS);
    assert!(error.fields().hint.is_some());
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.lease().await.is_ok() }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(held);
    assert!(waiting.await.expect("runs"), "a freed connection goes to who waits");
    // What lies idle for too long is closed.
    let pool = server.pool(&[("idle_timeout", "1")]);
    drop(pool.lease().await.expect("free"));
    assert_eq!(pool.counters().open, 1);
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(pool.counters().open, 0);
}

pub(super) async fn cleans_up_what_is_dropped(server: &Server) {
    let pool = server.pool(&[("max_connections", "3")]);
    for round in 0..12 {
        let mut cursor = pool
            .lease()
            .await
            .expect("free")
            .open(relayed(LONG, &[(PgType::TEXT, Format::Text)]))
            .await
            .expect("opens");
        if round % 3 > 0 {
            assert!(cursor.fetch(10).await.expect("rows").is_some());
        }
        if round % 2 == 0 {
            cursor.close().await.expect("closes");
        }
        drop(cursor);
    }
    settles(&pool, 0).await;
    assert_eq!(running(server), "0");
    assert!(pool.counters().open <= 3);
    assert_eq!(pool.counters().open, pool.counters().idle, "none leaked");
    assert_eq!(text_rows(&pool, "SELECT 1", &[PgType::INT4]).await.expect("alive"), [some(&["1"])]);
}

pub(super) async fn survives_cuts(server: &Server) {
    let proxy = Proxy::start(server.port).await;
    let pool = server.pool_as("gis", proxy.port, "postgres", None, &[("max_connections", "4")]);
    let mut states = std::collections::BTreeMap::new();
    for round in 0..200 {
        proxy.cut_after.store(2000 + round * 997, Ordering::Relaxed);
        let result = if round % 2 == 0 {
            text_rows(&pool, LONG, &[PgType::TEXT]).await.map(|_| ())
        } else {
            let mut transaction = Transaction::begin(Options::default());
            let outcome = async {
                let lease = transaction.lease_for(&pool.clone().into(), Access::Read).await?;
                let mut cursor = lease.open(relayed(LONG, &[(PgType::TEXT, Format::Text)])).await?;
                drain(&mut *cursor).await.map(|_| ())
            };
            let outcome = outcome.await;
            transaction.rollback().await;
            outcome
        };
        *states.entry(result.expect_err("cut").state().code().to_owned()).or_insert(0) += 1;
    }
    // 08001 where the cut came during the login.
    assert!(states.keys().all(|state| state == "08006" || state == "08001"), "{states:?}");
    assert!(states.get("08006").is_some_and(|count| *count > 180), "{states:?}");
    proxy.cut_after.store(0, Ordering::Relaxed);
    settles(&pool, 0).await;
    assert_eq!(pool.counters().open, pool.counters().idle);
    assert_eq!(text_rows(&pool, "SELECT 1", &[PgType::INT4]).await.expect("healed"), [some(&["1"])]);
}

pub(super) async fn heals_after_termination(server: &Server) {
    let pool = server.pool(&[]);
    let terminate =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'graticule'";
    text_rows(&pool, "SELECT 1", &[PgType::INT4]).await.expect("alive");
    server.sql(terminate);
    tokio::time::sleep(Duration::from_millis(200)).await;
    text_rows(&pool, "SELECT 1", &[PgType::INT4]).await.expect("an idle connection that died is replaced unseen");
    let mut cursor =
        pool.lease().await.expect("free").open(relayed(SLOW, &[(PgType::INT4, Format::Text)])).await.expect("opens");
    server.sql(terminate);
    let error = cursor.fetch(1).await.expect_err("terminated");
    assert_eq!(error.state(), SqlState::CONNECTION_FAILURE);
    drop(cursor);
    settles(&pool, 0).await;
    assert_eq!(pool.counters().open, pool.counters().idle);
}

pub(super) async fn survives_a_crash(server: &mut Server) {
    let pool = server.pool(&[]);
    let mut transaction = Transaction::begin(Options::default());
    let lease = transaction.lease_for(&pool.clone().into(), Access::Write).await.expect("begun");
    let mut cursor = lease.open(relayed(LONG, &[(PgType::TEXT, Format::Text)])).await.expect("opens");
    cursor.fetch(10).await.expect("rows");
    server.crash();
    assert_eq!(cursor.fetch(10).await.expect_err("gone").state(), SqlState::CONNECTION_FAILURE);
    assert_eq!(transaction.commit().await.expect_err("unknown").state().code(), "08007");
    drop((cursor, lease));
    settles(&pool, 0).await;
    assert_eq!(text_rows(&pool, "SELECT 1", &[PgType::INT4]).await.expect("healed"), [some(&["1"])]);
}
