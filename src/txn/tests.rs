//! Transactions, and what goes wrong on the way to a server, against a real one.

mod faults;
mod transactions;

use crate::connector::postgres::testing::{Server, timed};

#[test]
fn against_a_server() {
    let Some(mut server) = Server::start() else { return };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        server.sql("CREATE SCHEMA demo");
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
}
