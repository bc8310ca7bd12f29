//! The one integration-test binary.

#![allow(clippy::disallowed_methods, clippy::zombie_processes)] // tests start servers and wait for them
#![cfg_attr(not(feature = "engine"), allow(dead_code))] // most of the harness serves tests of the engine

#[cfg(feature = "engine")]
mod adbc;
#[cfg(feature = "engine")]
mod bigquery;
#[cfg(feature = "engine")]
mod cells;
#[cfg(feature = "engine")]
mod check;
#[cfg(feature = "engine")]
mod clients;
#[cfg(feature = "engine")]
mod conformance;
#[cfg(feature = "engine")]
mod corpus;
#[cfg(feature = "engine")]
mod cross;
#[cfg(feature = "engine")]
mod cursors;
#[cfg(feature = "engine")]
mod differential;
#[cfg(feature = "engine")]
mod duckdb;
mod faults;
#[cfg(feature = "engine")]
mod federation;
#[cfg(feature = "engine")]
mod generator;
mod injection;
#[cfg(feature = "engine")]
mod scripts;
mod server;
#[cfg(feature = "engine")]
mod snowflake;
mod support;
mod tidy;
#[cfg(feature = "engine")]
mod trino;
#[cfg(feature = "engine")]
mod verify;
#[cfg(feature = "engine")]
mod wire;
