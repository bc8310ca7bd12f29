//! The worker's side of a driver: loading it, its database, its errors.

use std::path::Path;

use adbc_core::error::{Error, Status};
use adbc_core::options::{AdbcVersion, InfoCode, ObjectDepth, OptionConnection, OptionDatabase, OptionValue};
use adbc_core::{
    Connection, Database, Driver, LOAD_FLAG_ALLOW_RELATIVE_PATHS, LOAD_FLAG_DEFAULT, Optionable, Statement,
};
use adbc_driver_manager::{ManagedConnection, ManagedDatabase, ManagedDriver};
use arrow::array::{Array, AsArray, RecordBatchReader};
use arrow::datatypes::{Schema, UInt32Type};
use arrow::record_batch::RecordBatch;

use super::protocol::{Depth, Failure, Info, Kind, Launch};

/// OPTIONS of a server that every wrapper of this family has.
pub(in crate::connector) const DRIVER_OPTIONS: [&str; 2] = ["driver", "entrypoint"];

/// Loads the driver and opens its database.
pub(super) fn open(launch: &Launch) -> Result<ManagedDatabase, Failure> {
    let entrypoint = launch.entrypoint.as_deref().map(str::as_bytes);
    // A relative path would depend on where the server was started; a name goes by the manifest rules.
    let flags = LOAD_FLAG_DEFAULT & !LOAD_FLAG_ALLOW_RELATIVE_PATHS;
    let name = Path::new(&launch.driver);
    let mut driver = ManagedDriver::load_from_name(name, entrypoint, AdbcVersion::V110, flags, None)
        .map_err(|error| Failure { kind: Kind::Connection, ..failure(error) })?;
    let options = launch.options.iter().map(|(name, value)| {
        let option = match name.as_str() {
            "password" => OptionDatabase::Password,
            "uri" => OptionDatabase::Uri,
            "username" => OptionDatabase::Username,
            other => OptionDatabase::Other(other.to_owned()),
        };
        (option, OptionValue::String(value.clone()))
    });
    let database = driver.new_database_with_opts(options).map_err(failure)?;
    if !launch.init.is_empty() {
        let mut connection = database.new_connection().map_err(failure)?;
        run(&mut connection, &launch.init)?;
    }
    Ok(database)
}

/// A connection with its settings.
pub(super) fn connect(database: &ManagedDatabase, settings: &[String]) -> Result<ManagedConnection, Failure> {
    let mut connection = database.new_connection().map_err(failure)?;
    run(&mut connection, settings)?;
    Ok(connection)
}

/// Runs statements whose rows are not wanted.
fn run(connection: &mut ManagedConnection, statements: &[String]) -> Result<(), Failure> {
    for sql in statements {
        let mut statement = connection.new_statement().map_err(failure)?;
        statement.set_sql_query(sql).map_err(failure)?;
        for batch in statement.execute().map_err(failure)? {
            batch.map_err(|error| stream_failure(&error))?;
        }
    }
    Ok(())
}

/// What the driver tells of its database; what it does not tell is left out.
pub(super) fn info(connection: &ManagedConnection) -> Info {
    let catalog = connection.get_option_string(OptionConnection::CurrentCatalog).ok();
    Info { version: version(connection), catalog: catalog.filter(|catalog| !catalog.is_empty()) }
}

fn version(connection: &ManagedConnection) -> Option<String> {
    let reader = connection.get_info(Some([InfoCode::VendorVersion].into())).ok()?;
    for batch in reader {
        let batch = batch.ok()?;
        let (codes, values) = (batch.column(0).as_primitive_opt::<UInt32Type>()?, batch.column(1).as_union_opt()?);
        for row in 0..batch.num_rows() {
            if codes.is_valid(row) && codes.value(row) == u32::from(&InfoCode::VendorVersion) {
                let value = values.value(row);
                let value = value.as_string_opt::<i32>()?;
                return (value.len() == 1 && value.is_valid(0)).then(|| value.value(0).to_owned());
            }
        }
    }
    None
}

/// The driver's list of objects.
pub(super) fn objects(
    connection: &ManagedConnection,
    depth: Depth,
    catalog: Option<&str>,
    schema: Option<&str>,
    table: Option<&str>,
) -> Result<(Schema, Vec<RecordBatch>), Failure> {
    let depth = match depth {
        Depth::Columns => ObjectDepth::All,
        Depth::Schemas => ObjectDepth::Schemas,
        Depth::Tables => ObjectDepth::Tables,
    };
    let reader = connection.get_objects(depth, catalog, schema, table, None, None).map_err(failure)?;
    let columns = reader.schema().as_ref().clone();
    let batches = reader.map(|batch| batch.map_err(|error| stream_failure(&error)));
    Ok((columns, batches.collect::<Result<_, _>>()?))
}

pub(super) fn failure(error: Error) -> Failure {
    let kind = match error.status {
        Status::Cancelled => Kind::Cancelled,
        Status::IO => Kind::Connection,
        Status::InvalidArguments | Status::InvalidData => Kind::Invalid,
        Status::NotImplemented => Kind::Unsupported,
        Status::Timeout => Kind::Timeout,
        Status::Unauthenticated | Status::Unauthorized => Kind::Denied,
        Status::AlreadyExists
        | Status::Integrity
        | Status::Internal
        | Status::InvalidState
        | Status::NotFound
        | Status::Ok
        | Status::Unknown => Kind::Other,
    };
    // A signed char in C: what is no letter or digit is no code.
    let code: String = error.sqlstate.iter().filter_map(|byte| u8::try_from(*byte).ok()).map(char::from).collect();
    let plain = code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let sqlstate = (plain && code != "00000").then_some(code);
    let text = |(name, value): (String, Vec<u8>)| Some((name, String::from_utf8(value).ok()?));
    let details = error.details.unwrap_or_default().into_iter().filter_map(text).collect();
    Failure { kind, sqlstate, vendor_code: error.vendor_code, message: error.message, details }
}

/// An error between two batches comes without its status.
pub(super) fn stream_failure(error: &arrow::error::ArrowError) -> Failure {
    let text = error.to_string();
    let message = text.strip_prefix("C Data interface error: ").unwrap_or(&text).to_owned();
    // Drivers written with ADBC's own framework end their messages so.
    let sqlstate = message.rsplit_once("SQLSTATE: ").and_then(|(_, code)| code.get(..5)).map(str::to_owned);
    Failure { message, sqlstate, ..Failure::default() }
}
