//! What tests stand on: a raw protocol client, a private PostgreSQL + PostGIS, a private Graticule.

pub mod adbc;
pub mod bigquery;
pub mod client;
pub mod differential;
pub mod duckdb;
pub mod exchange;
pub mod federated;
pub mod gateway;
pub mod graticule;
pub mod postgres;
pub mod proxy;
pub mod script;
pub mod snowflake;
pub mod spooling;
pub mod storage;
pub mod syntax;
pub mod trino;

pub use client::{Client, Failure, ResultSet};

use std::net::TcpListener;
use std::time::{Duration, Instant};

/// Waits for what must come true.
pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A free loopback port.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
    listener.local_addr().expect("a bound address").port()
}
