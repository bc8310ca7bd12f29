#![doc = include_str!("ARCHITECTURE.md")]

pub mod connector;
pub mod dialect;
pub mod error;
pub mod kernels;
pub mod types;
