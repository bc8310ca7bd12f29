//! A double of Trino's spooling protocol in front of a real Trino: rows that come in a page leave in segments, some within the page, some
//! in a store of its own (another port), in the encoding that is chosen. What goes wrong with segments is chosen too.
//!
//! And the real one: Trino with its spooling manager over a local store that speaks S3 (moto).

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::free_port;
use super::trino::Trino;

/// What goes wrong with a segment that is fetched, or with what the page says of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// This status, and nothing else.
    Status(u16),
    /// The answer breaks off in its middle.
    Cut,
    /// An orderly answer that holds half of it.
    Short,
    /// As long as it is, but of zeros.
    Garbled,
    /// The page says that it has a row more.
    Counted,
    /// The page leaves it out.
    Skipped,
    /// The page says it twice.
    Twice,
}

/// How results are given.
#[derive(Clone, Copy, Debug)]
pub struct Ways {
    pub encoding: &'static str,
    /// Rows of a segment.
    pub rows: usize,
    /// Every so many segments one lies within the page; 0: none does.
    pub inline: usize,
    /// The server sends clients on to the store (303), instead of naming it.
    pub redirect: bool,
}

#[derive(Default)]
struct Shared {
    ways: Option<Ways>,
    segments: HashMap<usize, Vec<u8>>,
    next: usize,
    /// Rows given so far, by query.
    rows: HashMap<String, usize>,
    fetched: Vec<usize>,
    acknowledged: Vec<usize>,
    /// First lines of requests to the server, and all heads that the store saw.
    log: Vec<String>,
    heads: Vec<String>,
    faults: VecDeque<Fault>,
    /// Acknowledgements that get no answer.
    deaf: usize,
    encodings: Vec<String>,
}

pub struct Double {
    pub port: u16,
    shared: Arc<Mutex<Shared>>,
}

impl Double {
    /// Runs until the process ends.
    pub fn start(target: u16) -> Double {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let listen = |serve: Arc<dyn Fn(TcpStream) + Send + Sync>| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
            let port = listener.local_addr().expect("a bound address").port();
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let serve = Arc::clone(&serve);
                    std::thread::spawn(move || serve(stream));
                }
            });
            port
        };
        let own = Arc::clone(&shared);
        let store = listen(Arc::new(move |stream| serve_store(stream, &own)));
        let own = Arc::clone(&shared);
        let port = listen(Arc::new(move |stream| serve_server(stream, target, store, &own)));
        Double { port, shared }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().expect("no panic")
    }

    /// From now on; forgets what was seen.
    pub fn ways(&self, ways: Ways) {
        let mut shared = self.lock();
        *shared = Shared { ways: Some(ways), next: shared.next, ..Shared::default() };
    }

    pub fn fail(&self, faults: &[Fault]) {
        self.lock().faults.extend(faults);
    }

    pub fn deafen(&self, times: usize) {
        self.lock().deaf = times;
    }

    /// Faults that did not happen yet.
    pub fn left(&self) -> usize {
        let shared = self.lock();
        shared.faults.len() + shared.deaf
    }

    pub fn calm(&self) {
        self.lock().faults.clear();
    }

    /// Segments in the store: made, fetched, acknowledged.
    pub fn counts(&self) -> (usize, usize, usize) {
        let shared = self.lock();
        let (mut fetched, mut acknowledged) = (shared.fetched.clone(), shared.acknowledged.clone());
        fetched.sort_unstable();
        fetched.dedup();
        acknowledged.sort_unstable();
        acknowledged.dedup();
        (shared.segments.len(), fetched.len(), acknowledged.len())
    }

    /// Every head that the store saw.
    pub fn heads(&self) -> Vec<String> {
        self.lock().heads.clone()
    }

    /// What was asked for in the header.
    pub fn encodings(&self) -> Vec<String> {
        self.lock().encodings.clone()
    }

    pub fn seen(&self, start: &str) -> usize {
        self.lock().log.iter().filter(|line| line.starts_with(start)).count()
    }
}

/// Head and body of a request.
fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

fn header(head: &str, name: &str) -> Option<String> {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&[name, ":"].concat()))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn respond(stream: &mut TcpStream, status: u16, more: &str, body: &[u8], shown: usize) {
    let head = format!(
        "HTTP/1.1 {status} x\r\nContent-Length: {}\r\nRetry-After: 0\r\nConnection: close\r\n{more}\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&body[..shown.min(body.len())]);
}

fn serve_store(mut stream: TcpStream, shared: &Mutex<Shared>) {
    let Some((head, _)) = request(&mut stream) else { return };
    let id = head.split(' ').nth(1).and_then(|path| path.strip_prefix("/segment/")?.split('?').next()?.parse().ok());
    let (bytes, fault) = {
        let mut shared = shared.lock().expect("no panic");
        shared.heads.push(head.clone());
        let fault = match shared.faults.front() {
            Some(Fault::Counted | Fault::Skipped | Fault::Twice) | None => None,
            Some(_) => shared.faults.pop_front(),
        };
        let Some(bytes) = id.and_then(|id| shared.segments.get(&id).cloned()) else {
            return respond(&mut stream, 404, "", b"", 0);
        };
        shared.fetched.extend(id);
        (bytes, fault)
    };
    // A store that signs wants the headers that it signed.
    let key = id.map(|id| format!("key-{id}"));
    if header(&head, "x-segment-key") != key || !head.contains("signature=good") {
        return respond(&mut stream, 403, "", b"", 0);
    }
    match fault {
        Some(Fault::Status(status)) => respond(&mut stream, status, "", b"", 0),
        Some(Fault::Cut) => respond(&mut stream, 200, "", &bytes, bytes.len() / 2),
        Some(Fault::Short) => respond(&mut stream, 200, "", &bytes[..bytes.len() / 2], bytes.len()),
        Some(Fault::Garbled) => respond(&mut stream, 200, "", &vec![0; bytes.len()], bytes.len()),
        _ => respond(&mut stream, 200, "", &bytes, bytes.len()),
    }
}

fn serve_server(mut stream: TcpStream, target: u16, store: u16, shared: &Mutex<Shared>) {
    let Some((head, body)) = request(&mut stream) else { return };
    let line = head.lines().next().unwrap_or_default().to_owned();
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    shared.lock().expect("no panic").log.push(line.clone());
    let number = |prefix: &str| path.strip_prefix(prefix).and_then(|id| id.parse::<usize>().ok());
    if let Some(id) = number("/v1/spooled/ack/") {
        let mut shared = shared.lock().expect("no panic");
        shared.heads.push(head);
        if shared.deaf > 0 {
            shared.deaf -= 1;
            return;
        }
        shared.acknowledged.push(id);
        return respond(&mut stream, 200, "", b"", 0);
    }
    if let Some(id) = number("/v1/spooled/download/") {
        let more = format!("Location: http://127.0.0.1:{store}/segment/{id}?signature=good\r\n");
        return respond(&mut stream, 303, &more, b"", 0);
    }
    if header(&head, "authorization").as_deref() != Some("Bearer hidden") {
        return respond(&mut stream, 401, "", b"", 0);
    }
    let Some((status, text)) = pass(target, &head, &line, &body) else { return };
    let asked = header(&head, "x-trino-query-data-encoding");
    let own = stream.local_addr().map_or(0, |address| address.port());
    let mut shared = shared.lock().expect("no panic");
    shared.encodings.extend(asked.clone());
    let text = match (asked, shared.ways, serde_json::from_slice::<Value>(&text)) {
        (Some(_), Some(ways), Ok(page)) => spooled(page, ways, &mut shared, own, store).to_string().into_bytes(),
        _ => text,
    };
    drop(shared);
    respond(&mut stream, status, "", &text, text.len());
}

/// What the real server says.
fn pass(target: u16, head: &str, line: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
    let mut server = TcpStream::connect(("127.0.0.1", target)).ok()?;
    let mut words = line.split(' ');
    let mut request = format!("{} {} HTTP/1.0\r\n", words.next()?, words.next()?);
    for line in head.lines().skip(1).filter(|line| !line.is_empty()) {
        let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
        if !matches!(name.as_str(), "authorization" | "connection" | "accept-encoding" | "x-trino-query-data-encoding")
        {
            request.push_str(line);
            request.push_str("\r\n");
        }
    }
    request.push_str("\r\n");
    server.write_all(request.as_bytes()).ok()?;
    server.write_all(body).ok()?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).ok()?;
    let at = answer.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let status = String::from_utf8_lossy(&answer[..at]).split(' ').nth(1)?.parse().ok()?;
    Some((status, answer.split_off(at)))
}

/// The page with its rows in segments.
fn spooled(mut page: Value, ways: Ways, shared: &mut Shared, own: u16, store: u16) -> Value {
    let Some(rows) = page["data"].as_array().cloned() else { return page };
    let query = page["id"].as_str().unwrap_or_default().to_owned();
    let mut segments = Vec::new();
    for (n, part) in rows.chunks(ways.rows.max(1)).enumerate() {
        let offset = shared.rows.entry(query.clone()).or_default();
        let first = *offset;
        *offset += part.len();
        let text = Value::Array(part.to_vec()).to_string().into_bytes();
        let fault = match shared.faults.front() {
            Some(Fault::Counted | Fault::Skipped | Fault::Twice) if n == 1 => shared.faults.pop_front(),
            _ => None,
        };
        let mut metadata =
            json!({ "rowOffset": first, "rowsCount": part.len() + usize::from(fault == Some(Fault::Counted)) });
        // Nothing is compressed below a threshold.
        let bytes = match ways.encoding {
            _ if text.len() < 100 => text,
            "json" => text,
            encoding => {
                metadata["uncompressedSize"] = json!(text.len().to_string());
                match encoding {
                    "json+lz4" => lz4_flex::block::compress(&text),
                    "json+zstd" => zstd::bulk::compress(&text, 3).expect("compressed"),
                    other => panic!("no encoding {other}"),
                }
            }
        };
        metadata["segmentSize"] = json!(bytes.len());
        let segment = if ways.inline > 0 && n % ways.inline == 0 {
            json!({ "type": "inline", "data": STANDARD.encode(&bytes), "metadata": metadata })
        } else {
            let id = shared.next;
            shared.next += 1;
            shared.segments.insert(id, bytes);
            let uri = match ways.redirect {
                true => format!("http://127.0.0.1:{own}/v1/spooled/download/{id}"),
                false => format!("http://127.0.0.1:{store}/segment/{id}?signature=good"),
            };
            // Acknowledgements go to the server that is known, by whatever name it calls itself.
            json!({ "type": "spooled", "uri": uri, "ackUri": format!("http://127.0.0.1:1/v1/spooled/ack/{id}"),
                    "headers": { "x-segment-key": [format!("key-{id}")] }, "metadata": metadata })
        };
        match fault {
            Some(Fault::Skipped) => {}
            Some(Fault::Twice) => segments.extend([segment.clone(), segment]),
            _ => segments.push(segment),
        }
    }
    page["data"] = json!({ "encoding": ways.encoding, "segments": segments });
    page
}

/// A store that speaks S3 (moto), in a process of its own; ended when dropped.
pub struct Store {
    child: Child,
    pub port: u16,
}

impl Store {
    /// `None`, said loudly, where it is not installed.
    fn start() -> Option<Store> {
        let program = Path::new(&std::env::var_os("HOME")?).join(".cache/graticule/far/moto/bin/moto_server");
        if !program.exists() {
            eprintln!("SKIPPED: moto is not at {}; run `make test-deps`, which installs it", program.display());
            return None;
        }
        let port = free_port();
        let mut command = Command::new(program);
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        let store = Store { child, port };
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "the store did not start");
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(store.ask("PUT", "/spooling").0, 200, "a bucket");
        Some(store)
    }

    fn ask(&self, method: &str, path: &str) -> (u16, Vec<u8>) {
        super::bigquery::exchange(self.port, method, path, b"")
    }

    /// Names of the objects in the bucket.
    pub fn objects(&self) -> Vec<String> {
        let (_, text) = self.ask("GET", "/spooling?list-type=2");
        let text = String::from_utf8_lossy(&text).into_owned();
        text.split("<Key>").skip(1).filter_map(|part| part.split('<').next()).map(str::to_owned).collect()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Trino's own spooling manager, its segments in a store on this machine. `None`, said loudly, where one of both is not installed.
pub fn real() -> Option<(Trino, Store)> {
    if !Trino::plugin("spooling-filesystem") {
        eprintln!(
            "SKIPPED: Trino's plugin spooling-filesystem is not installed; run `make test-deps`, which fetches it"
        );
        return None;
    }
    let store = Store::start()?;
    let server = Trino::start_with(
        "protocol.spooling.enabled=true\nprotocol.spooling.shared-secret-key=jxTKysfCBuMZtFqUf8UJDQ1w9ez8rynEJsJqgJf66u0=\n\
         protocol.spooling.initial-segment-size=1MB\nprotocol.spooling.max-segment-size=2MB\n\
         protocol.spooling.inlining.enabled=false\n",
        &[(
            "etc/spooling-manager.properties",
            &format!(
                "spooling-manager.name=filesystem\nfs.s3.enabled=true\nfs.location=s3://spooling/\nfs.segment.encryption=false\n\
                 s3.endpoint=http://127.0.0.1:{}\ns3.region=us-east-1\ns3.aws-access-key=x\ns3.aws-secret-key=y\n\
                 s3.path-style-access=true\n",
                store.port
            ),
        )],
    )?;
    Some((server, store))
}
