//! The connector against a real server. One server serves all scenarios, one after the other.

mod reading;

use super::testing::{Server, timed};

#[test]
fn against_a_server() {
    let Some(server) = Server::start() else { return };
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
    });
}
