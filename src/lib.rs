#![doc = include_str!("ARCHITECTURE.md")]

pub mod bound;
pub mod catalog;
pub mod connector;
pub mod dialect;
#[cfg(feature = "engine")]
pub mod engine;
pub mod error;
pub mod kernels;
pub mod pgcatalog;
pub mod policy;
pub mod session;
pub mod sql;
pub mod store;
pub mod txn;
pub mod types;
pub mod wire;
