//! The `postgres` connector: PostgreSQL and PostGIS servers over their own protocol.
//!
//! Message encoding comes from `postgres-protocol`; the connection is ours because rows must be relayed as they come
//! (types of the remote that we do not know included), in the client's formats, through remote portals.
//!
//! ```text
//! let server = PostgresServer::parse("gis", &options)?;              // CREATE SERVER ... OPTIONS
//! let credentials = Credentials::parse("gis", &user_options)?;       // CREATE USER MAPPING ... OPTIONS
//! let pool = Pool::new(server, credentials);                         // one per (tenant, server, credential)
//!
//! // outside of a transaction: the lease moves into the cursor and goes back to the pool at the end of the result
//! let mut lease = pool.lease().await?;
//! lease.ensure_settings(&session_formats);                           // for relayed rows and pushed SQL
//! let mut cursor = lease.open(execution).await?;                     // or open_held for a partly read portal
//! while let Some(rows) = cursor.fetch(1000).await? { /* ... */ }
//! let changed = cursor.affected();
//!
//! // in a transaction
//! let mut transaction = txn::Transaction::begin(txn::Options::default());
//! let shared = transaction.lease_for(&pool, txn::Access::Read).await?;
//! shared.ensure_settings(&session_formats).await?;
//! let mut cursor = shared.open(execution).await?;                    // any number at once; open_held for DECLARE
//! transaction.savepoint("a").await?; transaction.rollback_to("a").await?;
//! transaction.commit().await?;
//! ```

mod auth;
mod cancel;
mod connection;
mod cursor;
mod decode;
mod describe;
mod encode;
mod fault;
mod options;
mod pool;
mod portal;
mod prepared;
mod remote_types;
mod rewrite;
mod settings;
mod tls;
mod wire;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use self::connection::Connection;
pub use self::describe::{
    Postgis, RemoteColumn, RemoteConstraint, RemoteIndex, RemoteRelation, RemoteSchema, RemoteType, schema_names,
};
pub use self::fault::ServerError;
pub use self::options::{Credentials, PostgresServer, SslMode};
pub use self::pool::{Lease, Pool};
pub use self::portal::SharedLease;
