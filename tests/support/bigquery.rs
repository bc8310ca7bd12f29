//! The far side `bigquery`: an emulator that `make test` installs, and a double in front of it that pages, asks for tokens and fails.

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::free_port;

/// The emulator's program; `None`, said loudly, where it is not installed.
fn program() -> Option<PathBuf> {
    let home = std::env::var_os("HOME")?;
    let program = Path::new(&home).join(".cache/graticule/far/bigquery/bigquery-emulator");
    if program.exists() {
        return Some(program);
    }
    eprintln!("SKIPPED: the BigQuery emulator is not in {}; run `make test-deps`, which builds it", program.display());
    None
}

/// A running emulator with the project `test` and the dataset `public`; ended when dropped.
pub struct Emulator {
    child: Child,
    pub port: u16,
    /// Of its Storage Read API.
    pub grpc: u16,
}

impl Emulator {
    pub fn start() -> Option<Emulator> {
        let program = program()?;
        let (port, grpc) = (free_port(), free_port());
        let mut command = Command::new(program);
        command.args(["--host", "127.0.0.1", "--project", "test", "--dataset", "public"]);
        command.args(["--port", &port.to_string(), "--grpc-port", &grpc.to_string()]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let emulator = Emulator { child: child.expect("the emulator starts"), port, grpc };
        let until = Instant::now() + Duration::from_secs(120);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "the emulator did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(emulator)
    }

    /// Runs statements of the emulator's own.
    pub fn run(&self, statements: &[&str]) {
        for sql in statements {
            let answer = self.query(sql);
            assert!(answer.get("error").is_none(), "{sql}: {answer}");
        }
    }

    pub fn query(&self, sql: &str) -> Value {
        let body = json!({ "query": sql, "useLegacySql": false, "defaultDataset": { "datasetId": "public" } });
        let (_, text) = exchange(self.port, "POST", "/bigquery/v2/projects/test/queries", body.to_string().as_bytes());
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// CREATE SERVER and a mapping for everybody.
    pub fn server(&self, name: &str, options: &str) -> String {
        server(name, self.port, options)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn server(name: &str, port: u16, options: &str) -> String {
    format!(
        "CREATE SERVER {name} FOREIGN DATA WRAPPER bigquery \
         OPTIONS (project 'test', endpoint 'http://127.0.0.1:{port}'{options});
         CREATE USER MAPPING FOR PUBLIC SERVER {name} OPTIONS (auth 'none');"
    )
}

/// One request over HTTP/1.0: status and body.
pub fn exchange(port: u16, method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the emulator answers");
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    stream.write_all(body).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer.split_off(end))
}

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// 429.
    Busy,
    /// The answer ends in the middle.
    Cut,
    /// The whole answer, of which half is said to be all.
    Garbled,
    /// A page without its last row, which nothing in it tells.
    Short,
    /// A page that holds its last row twice.
    Twice,
    /// 401: the token has ended.
    Expired,
}

/// What the double knows of a job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    Cancelled,
    Done,
    Running,
}

#[derive(Default)]
struct Shared {
    /// Each request: `POST /path`.
    log: Vec<String>,
    /// Faults of requests whose path and query hold the word, first come first.
    faults: VecDeque<(&'static str, Fault)>,
    jobs: HashMap<String, (State, Value)>,
    /// Bodies of `jobs.query`.
    asked: Vec<Value>,
    tokens: usize,
    /// Are requests without the newest token refused?
    guarded: bool,
    assertion: Option<String>,
}

/// In front of an emulator: pages, tokens, jobs that take long (their text holds `slow`), and faults.
pub struct Double {
    pub port: u16,
    shared: Arc<Mutex<Shared>>,
    over: Arc<AtomicBool>,
}

impl Double {
    pub fn start(emulator: u16) -> Double {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (shared, over) = (Arc::new(Mutex::new(Shared::default())), Arc::new(AtomicBool::new(false)));
        let (theirs, end) = (Arc::clone(&shared), Arc::clone(&over));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&theirs);
                std::thread::spawn(move || serve(stream, emulator, &shared));
            }
        });
        Double { port, shared, over }
    }

    pub fn server(&self, name: &str, options: &str) -> String {
        server(name, self.port, options)
    }

    pub fn fail(&self, word: &'static str, faults: &[Fault]) {
        self.shared.lock().expect("a lock").faults.extend(faults.iter().map(|fault| (word, *fault)));
    }

    /// Faults that have not come yet.
    pub fn left(&self) -> usize {
        self.shared.lock().expect("a lock").faults.len()
    }

    /// Requests so far whose line holds the word.
    pub fn count(&self, word: &str) -> usize {
        self.shared.lock().expect("a lock").log.iter().filter(|line| line.contains(word)).count()
    }

    pub fn states(&self) -> Vec<State> {
        self.shared.lock().expect("a lock").jobs.values().map(|(state, _)| *state).collect()
    }

    /// Stops every running job, as an operator would.
    pub fn cancel_all(&self) {
        for (state, _) in self.shared.lock().expect("a lock").jobs.values_mut() {
            if *state == State::Running {
                *state = State::Cancelled;
            }
        }
    }

    pub fn guard(&self) {
        self.shared.lock().expect("a lock").guarded = true;
    }

    pub fn last_asked(&self) -> Value {
        self.shared.lock().expect("a lock").asked.last().cloned().unwrap_or_default()
    }

    pub fn assertion(&self) -> Option<String> {
        self.shared.lock().expect("a lock").assertion.clone()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(mut stream: TcpStream, emulator: u16, shared: &Mutex<Shared>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    if stream.read_exact(&mut body).is_err() {
        return;
    }
    let line = head.lines().next().unwrap_or_default();
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let fault = {
        let mut shared = shared.lock().expect("a lock");
        shared.log.push(format!("{method} {path}"));
        let at = shared.faults.iter().position(|(word, _)| path.contains(word));
        at.and_then(|at| shared.faults.remove(at)).map(|(_, fault)| fault)
    };
    let (status, text) = match fault {
        Some(Fault::Busy) => (429, b"{}".to_vec()),
        Some(Fault::Expired) => {
            shared.lock().expect("a lock").tokens += 1;
            (401, b"{}".to_vec())
        }
        Some(Fault::Cut | Fault::Garbled | Fault::Short | Fault::Twice) | None => {
            let (status, text) = answer(emulator, method, path, &body, header("authorization"), shared);
            (status, fault.map_or_else(|| text.clone(), |fault| spoiled(fault, &text)))
        }
    };
    let shown = match fault {
        Some(Fault::Cut | Fault::Garbled) => &text[..text.len() / 2],
        _ => &text[..],
    };
    let said = if fault == Some(Fault::Garbled) { shown.len() } else { text.len() };
    let head = format!(
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {said}\r\nRetry-After: 0\r\nConnection: close\r\n\r\n"
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(shown);
}

/// The page with a row too few or too many.
fn spoiled(fault: Fault, text: &[u8]) -> Vec<u8> {
    if !matches!(fault, Fault::Short | Fault::Twice) {
        return text.to_vec();
    }
    let mut page: Value = serde_json::from_slice(text).expect("a page");
    let rows = page["rows"].as_array_mut().expect("rows");
    let last = rows.pop().expect("a row");
    if fault == Fault::Twice {
        rows.extend([last.clone(), last]);
    }
    page.to_string().into_bytes()
}

fn refusal(status: u16, reason: &str, message: &str) -> (u16, Vec<u8>) {
    let body = json!({ "error": { "code": status, "message": message, "errors": [{ "reason": reason, "message": message }] } });
    (status, body.to_string().into_bytes())
}

fn answer(
    emulator: u16,
    method: &str,
    path: &str,
    body: &[u8],
    token: Option<String>,
    shared: &Mutex<Shared>,
) -> (u16, Vec<u8>) {
    if path == "/token" {
        let mut shared = shared.lock().expect("a lock");
        let form = String::from_utf8_lossy(body).into_owned();
        shared.assertion = form.split('&').find_map(|pair| pair.strip_prefix("assertion=")).map(str::to_owned);
        let token = json!({ "access_token": format!("token-{}", shared.tokens), "expires_in": 3600 });
        return (200, token.to_string().into_bytes());
    }
    {
        let shared = shared.lock().expect("a lock");
        if shared.guarded && token != Some(format!("Bearer token-{}", shared.tokens)) {
            return (401, b"{}".to_vec());
        }
    }
    let (place, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<&str> = place.trim_start_matches("/bigquery/v2/projects/test/").split('/').collect();
    let argument = |name: &str| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        value.parse::<usize>().ok()
    };
    match (method, &parts[..]) {
        ("POST", ["queries"]) => {
            let asked: Value = serde_json::from_slice(body).expect("a request");
            shared.lock().expect("a lock").asked.push(asked.clone());
            let text = asked["query"].as_str().unwrap_or_default().to_owned();
            let id = asked["requestId"].as_str().unwrap_or_default().to_owned();
            if text.contains("slow") {
                // The emulator answers when a statement is done: its job stands for the one that runs.
                let (_, done) =
                    exchange(emulator, method, path, &json!({ "query": "select 1" }).to_string().into_bytes());
                let done: Value = serde_json::from_slice(&done).expect("an answer");
                let id = done["jobReference"]["jobId"].as_str().expect("a job").to_owned();
                shared.lock().expect("a lock").jobs.insert(id.clone(), (State::Running, Value::Null));
                return (200, running(&id));
            }
            // The emulator has no estimates. BigQuery bills ten megabytes at least; a dry run costs nothing.
            if asked["dryRun"] == true {
                return (200, json!({ "jobComplete": true, "totalBytesProcessed": "65536" }).to_string().into_bytes());
            }
            let most = asked["maximumBytesBilled"].as_str().and_then(|most| most.parse::<u64>().ok());
            if let Some(most) = most.filter(|most| *most < 10 << 20) {
                let said = format!("Query exceeded limit for bytes billed: {most}. {} or higher required.", 10 << 20);
                return refusal(400, "bytesBilledLimitExceeded", &said);
            }
            let (status, found) = exchange(emulator, method, path, body);
            if status != 200 {
                return (status, found);
            }
            let mut found: Value = serde_json::from_slice(&found).expect("an answer");
            found["jobReference"] = json!({ "projectId": "test", "jobId": id });
            shared.lock().expect("a lock").jobs.insert(id, (State::Done, found.clone()));
            (200, page(found, 0, asked["maxResults"].as_u64().unwrap_or(10) as usize))
        }
        ("GET", ["queries", id]) => {
            let found = shared.lock().expect("a lock").jobs.get(*id).cloned();
            match found {
                None => refusal(404, "notFound", &format!("Not found: Job {id}")),
                Some((State::Cancelled, _)) => {
                    refusal(400, "stopped", "Job execution was cancelled: User requested cancellation")
                }
                Some((State::Running, _)) => {
                    std::thread::sleep(Duration::from_millis(100));
                    (200, running(id))
                }
                Some((State::Done, found)) => {
                    (200, page(found, argument("pageToken").unwrap_or(0), argument("maxResults").unwrap_or(10)))
                }
            }
        }
        // The emulator keeps results of jobs that were inserted alone: such a one is made of the same statement.
        ("GET", ["jobs", id]) => {
            let asked = shared.lock().expect("a lock").asked.iter().find(|asked| asked["requestId"] == **id).cloned();
            let Some(asked) = asked else { return exchange(emulator, method, path, body) };
            let mut query = json!({ "query": asked["query"], "useLegacySql": false });
            for name in ["parameterMode", "queryParameters"] {
                if !asked[name].is_null() {
                    query[name] = asked[name].clone();
                }
            }
            let place = "/bigquery/v2/projects/test/jobs";
            let name = ["inserted-", id].concat();
            let body =
                json!({ "jobReference": { "projectId": "test", "jobId": name }, "configuration": { "query": query } });
            let (status, made) = exchange(emulator, "POST", place, body.to_string().as_bytes());
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&made));
            exchange(emulator, "GET", &[place, "/", &name].concat(), b"")
        }
        ("POST", ["jobs", id, "cancel"]) => {
            // The emulator judges the request; it stops nothing.
            let (status, text) = exchange(emulator, method, path, body);
            if let Some((state, _)) = shared.lock().expect("a lock").jobs.get_mut(*id)
                && status == 200
            {
                *state = State::Cancelled;
            }
            (status, text)
        }
        _ => exchange(emulator, method, path, body),
    }
}

fn running(id: &str) -> Vec<u8> {
    json!({ "jobComplete": false, "jobReference": { "projectId": "test", "jobId": id } }).to_string().into_bytes()
}

fn page(mut found: Value, from: usize, most: usize) -> Vec<u8> {
    let rows = found["rows"].as_array().cloned().unwrap_or_default();
    let end = rows.len().min(from + most);
    found["rows"] = Value::Array(rows[from.min(end)..end].to_vec());
    found["totalRows"] = json!(rows.len().to_string());
    if end < rows.len() {
        found["pageToken"] = json!(end.to_string());
    }
    found.to_string().into_bytes()
}
