//! The connector against a real server. One server serves all scenarios, one after the other.

mod faults;
mod reading;
mod transactions;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Pool;
use super::testing::Server;
use crate::connector::{Cursor, Execution, Format, Rows};
use crate::dialect::TargetSql;
use crate::dialect::target::{Param, ParamSource, ResultColumn};
use crate::error::Result;
use crate::types::{Datum, PgType};

#[test]
fn against_a_server() {
    let Some(mut server) = Server::start() else { return };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        server.sql(
            "CREATE SCHEMA demo; CREATE TYPE demo.mood AS ENUM ('sad', 'ok'); \
             CREATE TABLE demo.t (id int4 PRIMARY KEY, name text); INSERT INTO demo.t VALUES (1, 'one'), (2, NULL)",
        );
        timed("reading::decodes_every_storage", reading::decodes_every_storage(&server)).await;
        timed("reading::relays_frames_in_the_formats_asked", reading::relays_frames_in_the_formats_asked(&server))
            .await;
        timed("reading::echoes_parameters", reading::echoes_parameters(&server)).await;
        timed("reading::maps_errors", reading::maps_errors(&server)).await;
        timed("reading::refuses_a_changed_result", reading::refuses_a_changed_result(&server)).await;
        timed("reading::prepares_anew_what_the_server_forgot", reading::prepares_anew_what_the_server_forgot(&server))
            .await;
        timed("reading::takes_one_round_trip_when_cached", reading::takes_one_round_trip_when_cached(&server)).await;
        timed("reading::keeps_settings_to_their_lease", reading::keeps_settings_to_their_lease(&server)).await;
        timed("reading::logs_in_every_way", reading::logs_in_every_way(&server)).await;
        timed("reading::checks_certificates", reading::checks_certificates(&server)).await;
        timed("reading::describes_a_schema", reading::describes_a_schema(&server)).await;
        timed("transactions::fetches_two_cursors_alternately", transactions::fetches_two_cursors_alternately(&server))
            .await;
        timed(
            "transactions::keeps_savepoints_on_every_server",
            transactions::keeps_savepoints_on_every_server(&server),
        )
        .await;
        timed("transactions::writes_one_server", transactions::writes_one_server(&server)).await;
        timed(
            "transactions::ends_cursors_with_the_transaction",
            transactions::ends_cursors_with_the_transaction(&server),
        )
        .await;
        timed("transactions::holds_a_portal_outside", transactions::holds_a_portal_outside(&server)).await;
        timed("transactions::binds_held_cursors_at_once", transactions::binds_held_cursors_at_once(&server)).await;
        timed("faults::cancels_a_running_statement", faults::cancels_a_running_statement(&server)).await;
        timed("faults::waits_for_a_full_pool", faults::waits_for_a_full_pool(&server)).await;
        timed("faults::cleans_up_what_is_dropped", faults::cleans_up_what_is_dropped(&server)).await;
        timed("faults::survives_cuts", faults::survives_cuts(&server)).await;
        timed("faults::heals_after_termination", faults::heals_after_termination(&server)).await;
    });
    runtime.block_on(faults::survives_a_crash(&mut server));
    drop(runtime);
}

/// Runs a scenario and says how long it took: `cargo test -- --nocapture`.
async fn timed(name: &str, scenario: impl Future<Output = ()>) {
    let start = std::time::Instant::now();
    scenario.await;
    println!("{name}: {:?}", start.elapsed());
}

/// A printed statement with its parameters' and columns' types.
fn sql(text: &str, params: &[PgType], columns: &[PgType]) -> TargetSql {
    let params = params.iter().enumerate().map(|(at, ty)| Param { ty: *ty, source: ParamSource::Client(at) });
    let columns = columns.iter().map(|ty| ResultColumn { name: "c".to_owned(), ty: *ty, typmod: -1 });
    TargetSql::for_test(text, params.collect(), columns.collect())
}

fn decoded(text: &str, columns: &[PgType]) -> Execution {
    Execution { sql: sql(text, &[], columns), params: Vec::new(), relay: None, cancel: CancellationToken::new() }
}

fn relayed(text: &str, columns: &[(PgType, Format)]) -> Execution {
    let types: Vec<_> = columns.iter().map(|(ty, _)| *ty).collect();
    let relay = Some(columns.iter().map(|(_, format)| *format).collect());
    Execution { sql: sql(text, &[], &types), params: Vec::new(), relay, cancel: CancellationToken::new() }
}

fn with(text: &str, params: Vec<(PgType, Datum)>, columns: &[PgType]) -> Execution {
    let (types, params): (Vec<_>, Vec<_>) = params.into_iter().unzip();
    Execution { sql: sql(text, &types, columns), params, relay: None, cancel: CancellationToken::new() }
}

/// Reads to the end; rows as text through a relay.
async fn drain(cursor: &mut dyn Cursor) -> Result<Vec<Vec<Option<String>>>> {
    let mut all = Vec::new();
    while let Some(rows) = cursor.fetch(1000).await? {
        all.extend(texts(&rows));
    }
    Ok(all)
}

/// Runs a statement whose columns are all relayed as text.
async fn text_rows(pool: &Pool, text: &str, columns: &[PgType]) -> Result<Vec<Vec<Option<String>>>> {
    let columns: Vec<_> = columns.iter().map(|ty| (*ty, Format::Text)).collect();
    let mut cursor = pool.lease().await?.open(relayed(text, &columns)).await?;
    drain(&mut *cursor).await
}

fn texts(rows: &Rows) -> Vec<Vec<Option<String>>> {
    let Rows::Framed { frames, count } = rows else { panic!("relayed rows expected") };
    let mut rest = &frames[..];
    let mut read = |count: usize| {
        let (head, tail) = rest.split_at(count);
        rest = tail;
        head
    };
    let mut rows = Vec::new();
    for _ in 0..*count {
        assert_eq!(read(1), b"D");
        read(4);
        let columns = i16::from_be_bytes(read(2).try_into().expect("two"));
        let mut row = Vec::new();
        for _ in 0..columns {
            let length = i32::from_be_bytes(read(4).try_into().expect("four"));
            let value = usize::try_from(length).ok().map(|length| String::from_utf8_lossy(read(length)).into_owned());
            row.push(value);
        }
        rows.push(row);
    }
    assert!(rest.is_empty());
    rows
}

/// Waits until the pool has given back and closed what it should.
async fn settles(pool: &Pool, in_use: usize) {
    for _ in 0..200 {
        if pool.counters().in_use == in_use {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{pool:?} does not settle at {in_use} leases");
}

fn some(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|value| Some((*value).to_owned())).collect()
}
