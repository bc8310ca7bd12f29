//! Far sides `snowflake`: fakesnow, and a double of our own for what fakesnow lacks. Both are reached through the real driver library.
//!
//! The double speaks the protocol of Snowflake's drivers (login, query, result, abort, token). It knows no SQL: a statement is answered
//! with the rows of the table that it names. What a table is like decides how: in chunks, one cut short, slowly, after its token expired.

use std::collections::HashMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, BinaryArray, BooleanArray, Int32Array, Int64Array, StringArray, StructArray};
use arrow::datatypes::{DataType, Field, Fields, Schema};
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, Query, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::free_port;

fn folder() -> Option<PathBuf> {
    Some(Path::new(&std::env::var_os("HOME")?).join(".cache/graticule/far"))
}

/// The driver library; `None`, said loudly, where it is not installed.
pub fn library() -> Option<PathBuf> {
    let library = folder()?.join("snowflake/libadbc_driver_snowflake.so");
    if library.exists() {
        return Some(library);
    }
    eprintln!("SKIPPED: Snowflake's driver is not at {}; run `make test-deps`, which fetches it", library.display());
    None
}

/// CREATE SERVER and a user mapping for a far side on a port.
pub fn server(library: &Path, name: &str, database: &str, port: u16, more: &str) -> String {
    format!(
        "CREATE SERVER {name} FOREIGN DATA WRAPPER snowflake OPTIONS (driver '{}', account 'test', host '127.0.0.1', port '{port}', \
         protocol 'http', database '{database}', connect_timeout '20', request_timeout '20'{more}); \
         CREATE USER MAPPING FOR PUBLIC SERVER {name} OPTIONS (user 'u', password 'p');",
        library.display()
    )
}

/// fakesnow, in a process of its own; ended when dropped.
pub struct Fakesnow {
    child: Child,
    pub port: u16,
}

impl Fakesnow {
    /// `None`, said loudly, where it is not installed.
    pub fn start() -> Option<Fakesnow> {
        let program = folder()?.join("fakesnow/bin/fakesnow");
        if !program.exists() {
            eprintln!("SKIPPED: fakesnow is not at {}; run `make test-deps`, which installs it", program.display());
            return None;
        }
        let port = free_port();
        let mut command = Command::new(program);
        command.args(["-s", "--host", "127.0.0.1", "-p", &port.to_string()]);
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut started = Fakesnow { child, port };
        let until = Instant::now() + Duration::from_secs(120);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = started.child.try_wait().expect("its state") {
                panic!("fakesnow ended at start: {status}");
            }
            assert!(Instant::now() < until, "fakesnow did not start");
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(started)
    }
}

impl Drop for Fakesnow {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs statements on a far side through the driver, as another program would.
pub fn run(library: &Path, port: u16, database: &str, statements: &[&str]) {
    use adbc_core::options::{AdbcVersion, OptionDatabase};
    use adbc_core::{Connection, Database, Driver, Statement};
    let mut driver = adbc_driver_manager::ManagedDriver::load_dynamic_from_filename(
        library,
        Some(b"AdbcDriverInit"),
        AdbcVersion::V110,
    )
    .expect("the library loads");
    let other = |name: &str| OptionDatabase::Other(name.to_owned());
    let port = port.to_string();
    let options = [
        (OptionDatabase::Username, "u"),
        (OptionDatabase::Password, "p"),
        (other("adbc.snowflake.sql.account"), "test"),
        (other("adbc.snowflake.sql.uri.host"), "127.0.0.1"),
        (other("adbc.snowflake.sql.uri.port"), port.as_str()),
        (other("adbc.snowflake.sql.uri.protocol"), "http"),
        (other("adbc.snowflake.sql.db"), database),
        (other("adbc.snowflake.sql.schema"), "PUBLIC"),
        (other("adbc.snowflake.sql.client_option.disable_telemetry"), "true"),
    ];
    let database =
        driver.new_database_with_opts(options.map(|(name, value)| (name, value.into()))).expect("a database");
    let mut connection = database.new_connection().expect("a connection");
    for sql in statements {
        let mut statement = connection.new_statement().expect("a statement");
        statement.set_sql_query(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let reader = statement.execute().unwrap_or_else(|error| panic!("{sql}: {error}"));
        reader.for_each(|batch| drop(batch.unwrap_or_else(|error| panic!("{sql}: {error}"))));
    }
}

/// How a table of the double answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Manner {
    /// In the answer itself.
    Inline,
    /// Its rows in so many chunks.
    Chunks(usize),
    /// The same, the second chunk cut in the middle of a message.
    CutChunk(usize),
    /// The same, the second chunk ends between two messages: it is well-formed and lacks rows.
    ShortChunk(usize),
    /// Runs until it is aborted.
    Endless,
    /// Answered at the third question, the session's token expiring in between.
    Expiring,
    /// As `Expiring`, and the token cannot be renewed.
    Expired,
}

/// A column of the double, as INFORMATION_SCHEMA and a result's rowtype tell it.
#[derive(Clone)]
pub struct Column {
    pub name: &'static str,
    pub data_type: &'static str,
    pub precision: Option<i64>,
    pub scale: Option<i64>,
    /// In Arrow, as Snowflake sends it.
    pub values: ArrayRef,
}

#[derive(Clone)]
pub struct Table {
    pub name: &'static str,
    pub manner: Manner,
    pub columns: Vec<Column>,
}

/// What the double saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// Statements by the id of their request: a retried request is one statement.
    pub statements: HashMap<String, String>,
    pub tags: Vec<String>,
    pub aborted: Vec<String>,
    pub renewed: usize,
    pub logins: Vec<Value>,
    pub polls: usize,
    tokens: usize,
    /// Rows of the last result.
    last: usize,
    chunks: HashMap<String, Vec<u8>>,
    running: HashMap<String, (usize, String)>,
}

struct Double {
    port: u16,
    tables: Vec<Table>,
    seen: Mutex<Seen>,
}

/// A running double.
pub struct Running {
    double: Arc<Double>,
    _runtime: tokio::runtime::Runtime,
}

impl Running {
    pub fn start(tables: Vec<Table>) -> Running {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("non-blocking");
        let port = listener.local_addr().expect("its address").port();
        let double = Arc::new(Double { port, tables, seen: Mutex::default() });
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
        let app = Router::new()
            .route("/session/v1/login-request", post(login))
            .route("/session/token-request", post(renew))
            .route("/session", post(done))
            .route("/session/heartbeat", post(done))
            .route("/telemetry/send", post(done))
            .route("/queries/v1/query-request", post(query))
            .route("/queries/v1/abort-request", post(abort))
            .route("/queries/{id}/result", get(result))
            .route("/chunks/{id}", get(chunk))
            .with_state(Arc::clone(&double));
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, app).await.expect("it serves");
        });
        Running { double, _runtime: runtime }
    }

    pub fn port(&self) -> u16 {
        self.double.port
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.double.seen()
    }

    /// How many times a statement over that table ran.
    pub fn runs(&self, table: &str) -> usize {
        let name = format!("\"PUBLIC\".\"{table}\"");
        self.seen().statements.values().filter(|sql| sql.contains(&name)).count()
    }
}

impl Double {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn valid(&self, headers: &HeaderMap) -> bool {
        let token = format!("Snowflake Token=\"token-{}\"", self.seen().tokens);
        headers.get("authorization").and_then(|value| value.to_str().ok()) == Some(token.as_str())
    }

    /// The rows of a statement, as the data of an answer.
    fn answer(&self, id: &str, sql: &str) -> Value {
        if sql.contains("RESULT_SCAN(LAST_QUERY_ID())") {
            let last = self.seen().last as i64;
            return self.data(id, &[fixed("COUNT(*)", vec![Some(last)])], Manner::Inline);
        }
        if sql.contains("CURRENT_VERSION()") {
            return self.data(id, &[text("V", &["9.31.0"])], Manner::Inline);
        }
        if sql.contains("information_schema.schemata") {
            return self.data(id, &[text("SCHEMA_NAME", &["PUBLIC"])], Manner::Inline);
        }
        if sql.contains("information_schema.tables") {
            let names: Vec<&str> = self.tables.iter().map(|table| table.name).collect();
            let counts: Vec<String> =
                self.tables.iter().map(|table| table.columns[0].values.len().to_string()).collect();
            let columns = [
                text("TABLE_NAME", &names),
                text("TABLE_TYPE", &vec!["BASE TABLE"; names.len()]),
                text("COMMENT", &vec![""; names.len()]),
                text("ROW_COUNT", &counts.iter().map(String::as_str).collect::<Vec<_>>()),
            ];
            return self.data(id, &columns, Manner::Inline);
        }
        if sql.contains("information_schema.columns") {
            let all: Vec<(&str, &Column)> =
                self.tables.iter().flat_map(|table| table.columns.iter().map(|column| (table.name, column))).collect();
            let texts = |of: &dyn Fn(&(&'static str, &Column)) -> &'static str| {
                all.iter().map(|(table, column)| of(&(table_name(table), column))).collect::<Vec<_>>()
            };
            let columns = [
                text("TABLE_NAME", &texts(&|(table, _)| table)),
                text("COLUMN_NAME", &texts(&|(_, column)| column.name)),
                text("DATA_TYPE", &texts(&|(_, column)| column.data_type)),
                digits("NUMERIC_PRECISION", all.iter().map(|(_, column)| column.precision)),
                digits("NUMERIC_SCALE", all.iter().map(|(_, column)| column.scale)),
                text("IS_NULLABLE", &vec!["YES"; all.len()]),
                text("COMMENT", &vec![""; all.len()]),
                text("COLLATION_NAME", &vec![""; all.len()]),
            ];
            return self.data(id, &columns, Manner::Inline);
        }
        let found = self.tables.iter().find(|table| sql.contains(&format!("\"PUBLIC\".\"{}\"", table.name)));
        let Some(table) = found else {
            return failed("002003", "42S02", "SQL compilation error:\nObject does not exist or not authorized.");
        };
        // The columns by the names that the select list gives them.
        let head = sql.split(" FROM ").next().unwrap_or_default();
        let columns: Vec<Column> = head
            .split(" AS \"")
            .skip(1)
            .filter_map(|rest| {
                let name = rest.split('"').next()?;
                table.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)).cloned()
            })
            .collect();
        self.data(id, &columns, table.manner)
    }

    fn data(&self, id: &str, columns: &[Column], manner: Manner) -> Value {
        let fields: Fields =
            columns.iter().map(|column| Field::new(column.name, column.values.data_type().clone(), true)).collect();
        let schema = Arc::new(Schema::new(fields));
        let arrays = columns.iter().map(|column| Arc::clone(&column.values)).collect();
        let batch = RecordBatch::try_new(schema, arrays).expect("columns of one length");
        let rows = batch.num_rows();
        self.seen().last = rows;
        let (count, cut) = match manner {
            Manner::Chunks(count) => (count, Cut::Whole),
            Manner::CutChunk(count) => (count, Cut::Middle),
            Manner::ShortChunk(count) => (count, Cut::Between),
            _ => (1, Cut::Whole),
        };
        // The first part is in the answer, as Snowflake does it.
        let size = rows.div_ceil(count).max(1);
        let parts: Vec<RecordBatch> =
            (0..count).map(|n| batch.slice((n * size).min(rows), size.min(rows - (n * size).min(rows)))).collect();
        let mut chunks = Vec::new();
        for (n, part) in parts.iter().enumerate().skip(1) {
            let name = format!("{id}-{n}");
            let bytes = stream(part, if n == 1 { cut } else { Cut::Whole });
            chunks.push(json!({
                "url": format!("http://127.0.0.1:{}/chunks/{name}", self.port), "rowCount": part.num_rows(),
                "uncompressedSize": bytes.len(), "compressedSize": bytes.len(),
            }));
            self.seen().chunks.insert(name, bytes);
        }
        let types: Vec<Value> = columns.iter().map(row_type).collect();
        json!({"success": true, "code": null, "message": null, "data": {
            "parameters": [{"name": "TIMEZONE", "value": "UTC"}], "rowtype": types, "total": rows, "returned": rows,
            "queryId": id, "queryResultFormat": "arrow", "finalDatabaseName": "DB", "finalSchemaName": "PUBLIC",
            "rowsetBase64": STANDARD.encode(stream(&parts[0], Cut::Whole)), "chunks": chunks,
            "statementTypeId": 4096, "version": 1,
        }})
    }
}

fn table_name(name: &str) -> &'static str {
    // Names live as long as the test.
    Box::leak(name.to_owned().into_boxed_str())
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Cut {
    Whole,
    Middle,
    Between,
}

/// Arrow IPC, each ten rows a message.
fn stream(batch: &RecordBatch, cut: Cut) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).expect("a stream");
    let mut ends = Vec::new();
    for start in (0..batch.num_rows()).step_by(10) {
        writer.write(&batch.slice(start, 10.min(batch.num_rows() - start))).expect("written");
        ends.push(writer.get_ref().len());
    }
    match cut {
        Cut::Whole => writer.into_inner().expect("a stream"),
        Cut::Middle => {
            let end = ends[ends.len() / 2] + 40;
            writer.get_ref()[..end].to_vec()
        }
        Cut::Between => writer.get_ref()[..ends[ends.len() / 2]].to_vec(),
    }
}

fn row_type(column: &Column) -> Value {
    let kind = match column.data_type {
        "NUMBER" => "fixed",
        "FLOAT" => "real",
        "GEOGRAPHY" | "GEOMETRY" | "BINARY" if *column.values.data_type() == DataType::Binary => "binary",
        "GEOGRAPHY" => "geography",
        "BOOLEAN" => "boolean",
        "TIMESTAMP_NTZ" => "timestamp_ntz",
        "TIMESTAMP_TZ" => "timestamp_tz",
        "VARIANT" => "variant",
        _ => "text",
    };
    let time = kind.starts_with("timestamp");
    json!({"name": column.name, "database": "DB", "schema": "PUBLIC", "table": "", "nullable": true, "type": kind, "byteLength": null,
        "length": null, "precision": column.precision.unwrap_or(0), "scale": if time { 6 } else { column.scale.unwrap_or(0) },
        "collation": null})
}

pub fn fixed(name: &'static str, values: Vec<Option<i64>>) -> Column {
    Column {
        name,
        data_type: "NUMBER",
        precision: Some(18),
        scale: Some(0),
        values: Arc::new(Int64Array::from(values)),
    }
}

pub fn text(name: &'static str, values: &[&str]) -> Column {
    let values = Arc::new(StringArray::from(values.to_vec()));
    Column { name, data_type: "TEXT", precision: None, scale: None, values }
}

/// Numbers as text.
fn digits(name: &'static str, values: impl Iterator<Item = Option<i64>>) -> Column {
    let values: StringArray = values.map(|value| value.map(|value| value.to_string())).collect();
    Column { name, data_type: "TEXT", precision: None, scale: None, values: Arc::new(values) }
}

pub fn boolean(name: &'static str, values: Vec<Option<bool>>) -> Column {
    let values = Arc::new(BooleanArray::from(values));
    Column { name, data_type: "BOOLEAN", precision: None, scale: None, values }
}

pub fn binary(name: &'static str, data_type: &'static str, values: &[Option<&[u8]>]) -> Column {
    let values = Arc::new(BinaryArray::from_opt_vec(values.to_vec()));
    Column { name, data_type, precision: None, scale: None, values }
}

/// Seconds and nanoseconds, as Snowflake sends timestamps.
pub fn timestamps(name: &'static str, values: &[(i64, i32)]) -> Column {
    let fields =
        Fields::from(vec![Field::new("epoch", DataType::Int64, true), Field::new("fraction", DataType::Int32, true)]);
    let epoch: ArrayRef = Arc::new(Int64Array::from_iter_values(values.iter().map(|(epoch, _)| *epoch)));
    let fraction: ArrayRef = Arc::new(Int32Array::from_iter_values(values.iter().map(|(_, fraction)| *fraction)));
    let values = Arc::new(StructArray::new(fields, vec![epoch, fraction], None));
    Column { name, data_type: "TIMESTAMP_NTZ", precision: None, scale: None, values }
}

type Shared = State<Arc<Double>>;
type Json = axum::Json<Value>;

fn failed(code: &str, state: &str, message: &str) -> Value {
    json!({"success": false, "code": code, "message": message, "data": {"errorCode": code, "sqlState": state, "queryId": "q"}})
}

fn parse(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or(Value::Null)
}

async fn done() -> Json {
    axum::Json(json!({"success": true, "code": null, "message": null, "data": {}}))
}

async fn login(State(double): Shared, body: Bytes) -> Json {
    let body = parse(&body);
    let refused = body["data"]["PASSWORD"] == "wrong";
    let mut seen = double.seen();
    seen.logins.push(body["data"].clone());
    if refused {
        return axum::Json(failed("390100", "08004", "Incorrect username or password was specified."));
    }
    seen.tokens = seen.tokens.max(1);
    axum::Json(json!({"success": true, "code": null, "message": null, "data": {
        "token": format!("token-{}", seen.tokens), "masterToken": "master", "validityInSeconds": 3600, "sessionId": 1,
        "parameters": [{"name": "TIMEZONE", "value": "UTC"}, {"name": "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD", "value": 0}],
        "sessionInfo": {"databaseName": "DB", "schemaName": "PUBLIC"}, "serverVersion": "9.31.0",
    }}))
}

async fn renew(State(double): Shared) -> Json {
    let mut seen = double.seen();
    if seen.statements.values().any(|sql| sql.contains("\"EXPIRED\"")) {
        return axum::Json(failed(
            "390114",
            "08001",
            "Authentication token has expired. The user must authenticate again.",
        ));
    }
    seen.renewed += 1;
    axum::Json(json!({"success": true, "code": null, "message": null, "data": {
        "sessionToken": format!("token-{}", seen.tokens), "masterToken": "master", "validityInSecondsST": 3600,
        "validityInSecondsMT": 3600, "sessionId": 1,
    }}))
}

fn in_progress(id: &str) -> Json {
    axum::Json(json!({"success": true, "code": "333334", "message": "Query execution in progress.", "data": {
        "queryId": id, "getResultUrl": format!("/queries/{id}/result"), "queryAbortsAfterSecs": 300,
    }}))
}

async fn query(
    State(double): Shared,
    Query(parameters): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Json {
    if !double.valid(&headers) {
        return axum::Json(failed("390112", "08001", "Your session has expired. Please login again."));
    }
    let body = parse(&body);
    let sql = body["sqlText"].as_str().unwrap_or_default().to_owned();
    let request = parameters.get("requestId").cloned().unwrap_or_default();
    let id = format!("q{}", request.replace('-', ""));
    {
        let mut seen = double.seen();
        seen.statements.insert(request.clone(), sql.clone());
        if let Some(tag) = body["parameters"]["QUERY_TAG"].as_str() {
            seen.tags.push(tag.to_owned());
        }
    }
    let table = double.tables.iter().find(|table| sql.contains(&format!("\"PUBLIC\".\"{}\"", table.name)));
    match table.map(|table| table.manner) {
        Some(Manner::Endless | Manner::Expired | Manner::Expiring) => {
            double.seen().running.insert(id.clone(), (0, sql));
            in_progress(&id)
        }
        _ => axum::Json(double.answer(&id, &sql)),
    }
}

async fn result(State(double): Shared, UrlPath(id): UrlPath<String>, headers: HeaderMap) -> Json {
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (turn, sql) = {
        let mut seen = double.seen();
        seen.polls += 1;
        match seen.running.get_mut(&id) {
            Some((turn, sql)) => {
                *turn += 1;
                (*turn, sql.clone())
            }
            None => return axum::Json(failed("000709", "02000", "Statement not found")),
        }
    };
    let request = id.trim_start_matches('q').to_owned();
    if double.seen().aborted.iter().any(|aborted| aborted.replace('-', "") == request) {
        return axum::Json(failed("000604", "57014", "SQL execution canceled"));
    }
    let manner =
        double.tables.iter().find(|table| sql.contains(&format!("\"{}\"", table.name))).map(|table| table.manner);
    match manner {
        Some(Manner::Expired | Manner::Expiring) => {
            if turn == 2 {
                // From now on the old token is no good.
                double.seen().tokens += 1;
            }
            if !double.valid(&headers) {
                return axum::Json(failed("390112", "08001", "Your session has expired. Please login again."));
            }
            if turn < 4 { in_progress(&id) } else { axum::Json(double.answer(&id, &sql)) }
        }
        _ => in_progress(&id),
    }
}

async fn abort(State(double): Shared, body: Bytes) -> Json {
    let body = parse(&body);
    let request = body["requestId"].as_str().unwrap_or_default().to_owned();
    let mut seen = double.seen();
    if seen.statements.contains_key(&request) {
        seen.aborted.push(request);
        return axum::Json(json!({"success": true, "code": null, "message": null, "data": null}));
    }
    axum::Json(failed("000605", "02000", "Identified SQL statement is not currently executing."))
}

async fn chunk(State(double): Shared, UrlPath(id): UrlPath<String>) -> Vec<u8> {
    double.seen().chunks.get(&id).cloned().unwrap_or_default()
}
