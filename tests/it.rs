//! The one integration-test binary.

mod support;
mod tidy;
mod server;
mod corpus;
mod generator;
