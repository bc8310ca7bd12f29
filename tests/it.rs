//! The one integration-test binary.

mod corpus;
mod generator;
mod server;
mod support;
mod tidy;
