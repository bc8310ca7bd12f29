//! A PostgreSQL server of the tests' own, a proxy that counts and cuts, and statements without a printer.
#![allow(clippy::disallowed_methods)] // it starts servers

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::{Credentials, Pool, PostgresServer};
use crate::connector::{Cursor, Execution, Format, Rows};
use crate::dialect::TargetSql;
use crate::dialect::target::{Param, ParamSource, ResultColumn};
use crate::error::Result;
use crate::types::{Datum, PgType};

const BIN: &str = "/usr/lib/postgresql/15/bin";

/// A running server; stopped on drop.
pub(crate) struct Server {
    folder: TempDir,
    child: Option<Child>,
    pub port: u16,
}

impl Server {
    /// `None` (said loudly) where PostgreSQL 15 is not installed.
    pub fn start() -> Option<Server> {
        if !Path::new(BIN).join("initdb").exists() {
            eprintln!("SKIPPED: no PostgreSQL 15 in {BIN}");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|s| s.local_addr()).expect("a free port").port();
        let mut server = Server { folder, child: None, port };
        run(Command::new("chmod").arg("0777").arg(server.path("")));
        server.make_certificates();
        run(server
            .tool("initdb")
            .args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(server.path("data")));
        let hba = "local all all trust\nhost all md5 all md5\nhost all scram all scram-sha-256\n\
                   host all clear all password\nhost all all all trust\n";
        std::fs::write(server.path("data/pg_hba.conf"), hba).expect("pg_hba.conf");
        server.boot();
        server.sql(
            "CREATE EXTENSION postgis; CREATE ROLE scram LOGIN PASSWORD 'päss''word'; \
                    CREATE ROLE clear LOGIN PASSWORD 'clear'; SET password_encryption = md5; \
                    CREATE ROLE md5 LOGIN PASSWORD 'md5'",
        );
        Some(server)
    }

    fn boot(&mut self) {
        let mut command = self.tool("postgres");
        command.args([
            "-c",
            "fsync=off",
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "max_connections=60",
            "-c",
            "ssl=on",
        ]);
        command.args([
            "-c",
            "ssl_cert_file=../server.crt",
            "-c",
            "ssl_key_file=../server.key",
            "-c",
            "shared_buffers=16MB",
        ]);
        command.arg("-D").arg(self.path("data")).args(["-p", &self.port.to_string()]).arg("-k").arg(self.path(""));
        self.child = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("postgres starts"));
        for _ in 0..600 {
            if self.psql("SELECT 1").status().is_ok_and(|status| status.success()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the server did not come up");
    }

    /// Kills it without mercy and starts it again.
    pub fn crash(&mut self) {
        self.stop("-QUIT");
        self.boot();
    }

    fn stop(&mut self, signal: &str) {
        let pid = std::fs::read_to_string(self.path("data/postmaster.pid")).unwrap_or_default();
        if let (Some(pid), Some(mut child)) = (pid.lines().next(), self.child.take()) {
            let _ = Command::new("kill").args([signal, pid]).status();
            let _ = child.wait();
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs statements as the superuser, elsewhere than on a tested connection.
    pub fn sql(&self, text: &str) -> String {
        let output = self.psql(text).stderr(Stdio::inherit()).output().expect("psql runs");
        assert!(output.status.success(), "{text}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn psql(&self, text: &str) -> Command {
        let mut command = Command::new("psql");
        command.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres", "-h"]);
        command.arg(self.path("")).args(["-p", &self.port.to_string(), "-c", text]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        command
    }

    /// A pool over TCP without TLS, with further options.
    pub fn pool(&self, options: &[(&str, &str)]) -> Pool {
        self.pool_as("gis", self.port, "postgres", None, options)
    }

    pub fn pool_as(&self, name: &str, port: u16, user: &str, password: Option<&str>, options: &[(&str, &str)]) -> Pool {
        let port = port.to_string();
        let base = [("host", "127.0.0.1"), ("port", port.as_str()), ("dbname", "postgres"), ("sslmode", "disable")];
        let server = PostgresServer::parse(name, base.into_iter().chain(options.iter().copied())).expect("options");
        Pool::new(server, Credentials { user: user.to_owned(), password: password.map(str::to_owned) })
    }

    /// A server program, run as the user `postgres` when the tests run as root (initdb refuses root).
    fn tool(&self, name: &str) -> Command {
        let program = Path::new(BIN).join(name);
        let root = std::env::var("USER").map_or(true, |user| user == "root");
        let mut command = if root { Command::new("runuser") } else { Command::new(&program) };
        if root {
            command.args(["-u", "postgres", "--"]).arg(program);
        }
        command.current_dir("/tmp");
        command
    }

    /// An authority, and a certificate for "localhost" from it.
    fn make_certificates(&self) {
        let folder = self.path("");
        let script = "set -e; cd \"$0\"; \
            openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 30 -subj /CN=authority 2>/dev/null; \
            openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost 2>/dev/null; \
            printf 'subjectAltName=DNS:localhost\\nbasicConstraints=CA:FALSE\\n' > ext; \
            openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile ext -out server.crt 2>/dev/null; \
            openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.crt -days 30 -subj /CN=other 2>/dev/null; \
            chmod 600 server.key; chmod 644 *.crt; if [ $(id -u) = 0 ]; then chown postgres server.key server.crt; fi";
        run(Command::new("sh").arg("-c").arg(script).arg(folder));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop("-INT");
        // Files of the user postgres.
        let _ = std::fs::remove_dir_all(self.path("data"));
    }
}

fn run(command: &mut Command) {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A proxy in front of a server.
pub(crate) struct Proxy {
    pub port: u16,
    /// Reads from clients so far: one per packet that a client wrote.
    pub requests: Arc<AtomicUsize>,
    /// Bytes from the server after which a connection is cut; 0 is never.
    pub cut_after: Arc<AtomicUsize>,
}

impl Proxy {
    pub async fn start(target: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let proxy = Proxy { port, requests: Arc::default(), cut_after: Arc::default() };
        let (requests, cut_after) = (Arc::clone(&proxy.requests), Arc::clone(&proxy.cut_after));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (requests, cut_after) = (Arc::clone(&requests), Arc::clone(&cut_after));
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await {
                        relay(client, server, &requests, &cut_after).await;
                    }
                });
            }
        });
        proxy
    }
}

async fn relay(mut client: TcpStream, mut server: TcpStream, requests: &AtomicUsize, cut_after: &AtomicUsize) {
    let (mut up, mut down) = ([0; 16_384], [0; 4096]);
    let mut sent = 0;
    loop {
        tokio::select! {
            read = client.read(&mut up) => match read {
                Ok(count) if count > 0 => {
                    requests.fetch_add(1, Ordering::Relaxed);
                    if server.write_all(&up[..count]).await.is_err() { return }
                }
                _ => return,
            },
            read = server.read(&mut down) => match read {
                Ok(count) if count > 0 => {
                    sent += count;
                    let cut = cut_after.load(Ordering::Relaxed);
                    if cut > 0 && sent > cut { return }
                    if client.write_all(&down[..count]).await.is_err() { return }
                }
                _ => return,
            },
        }
    }
}

/// Runs a scenario and says how long it took: `cargo test -- --nocapture`.
pub(crate) async fn timed(name: &str, scenario: impl Future<Output = ()>) {
    let start = std::time::Instant::now();
    scenario.await;
    println!("{name}: {:?}", start.elapsed());
}

/// A printed statement with its parameters' and columns' types.
pub(crate) fn sql(text: &str, params: &[PgType], columns: &[PgType]) -> TargetSql {
    let params = params.iter().enumerate().map(|(at, ty)| Param { ty: *ty, source: ParamSource::Client(at) });
    let columns = columns.iter().map(|ty| ResultColumn::new("c", *ty, -1));
    TargetSql::for_test(text, params.collect(), columns.collect())
}

pub(crate) fn decoded(text: &str, columns: &[PgType]) -> Execution {
    Execution { sql: sql(text, &[], columns), params: Vec::new(), relay: None, cancel: CancellationToken::new() }
}

pub(crate) fn relayed(text: &str, columns: &[(PgType, Format)]) -> Execution {
    let types: Vec<_> = columns.iter().map(|(ty, _)| *ty).collect();
    let relay = Some(columns.iter().map(|(_, format)| *format).collect());
    Execution { sql: sql(text, &[], &types), params: Vec::new(), relay, cancel: CancellationToken::new() }
}

pub(crate) fn with(text: &str, params: Vec<(PgType, Datum)>, columns: &[PgType]) -> Execution {
    let (types, params): (Vec<_>, Vec<_>) = params.into_iter().unzip();
    Execution { sql: sql(text, &types, columns), params, relay: None, cancel: CancellationToken::new() }
}

/// Reads to the end; rows as text through a relay.
pub(crate) async fn drain(cursor: &mut dyn Cursor) -> Result<Vec<Vec<Option<String>>>> {
    let mut all = Vec::new();
    while let Some(rows) = cursor.fetch(1000).await? {
        all.extend(texts(&rows));
    }
    Ok(all)
}

/// Runs a statement whose columns are all relayed as text.
pub(crate) async fn text_rows(pool: &Pool, text: &str, columns: &[PgType]) -> Result<Vec<Vec<Option<String>>>> {
    let columns: Vec<_> = columns.iter().map(|ty| (*ty, Format::Text)).collect();
    let mut cursor = pool.lease().await?.open(relayed(text, &columns)).await?;
    drain(&mut *cursor).await
}

pub(crate) fn texts(rows: &Rows) -> Vec<Vec<Option<String>>> {
    let Rows::Framed { frames, count } = rows else { panic!("relayed rows expected") };
    let mut rest = &frames[..];
    let mut read = |count: usize| {
        let (head, tail) = rest.split_at(count);
        rest = tail;
        head
    };
    let mut rows = Vec::new();
    for _ in 0..*count {
        assert_eq!(read(1), b"D");
        read(4);
        let columns = i16::from_be_bytes(read(2).try_into().expect("two"));
        let mut row = Vec::new();
        for _ in 0..columns {
            let length = i32::from_be_bytes(read(4).try_into().expect("four"));
            let value = usize::try_from(length).ok().map(|length| String::from_utf8_lossy(read(length)).into_owned());
            row.push(value);
        }
        rows.push(row);
    }
    assert!(rest.is_empty());
    rows
}

/// Waits until the pool has given back and closed what it should.
pub(crate) async fn settles(pool: &Pool, in_use: usize) {
    for _ in 0..200 {
        if pool.counters().in_use == in_use {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{pool:?} does not settle at {in_use} leases");
}

pub(crate) fn some(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|value| Some((*value).to_owned())).collect()
}
