//! The far side `trino`: Trino's own server on the loopback, started once per run, in a folder that `make test` fills.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::free_port;

const VERSION: &str = "476";

/// A running server.
pub struct Trino {
    pub port: u16,
    pid: u32,
    folder: PathBuf,
}

/// One server for all tests of the run; each makes schemas of its own in the catalog `memory`. `None`, said loudly, where it is not installed.
pub fn far() -> Option<&'static Trino> {
    static SHARED: OnceLock<Option<Trino>> = OnceLock::new();
    let started = SHARED.get_or_init(|| {
        let server = Trino::start()?;
        // Statics are not dropped: a watcher process ends the server when this process is gone.
        let script = format!(
            "while kill -0 {} 2>/dev/null; do sleep 1; done; kill -KILL {}; sleep 1; rm -rf {}",
            std::process::id(),
            server.pid,
            server.folder.display()
        );
        detached(Command::new("setsid").args(["bash", "-c", &script]));
        Some(server)
    });
    started.as_ref()
}

fn detached(command: &mut Command) -> u32 {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the program starts").id()
}

impl Trino {
    /// Is that plugin of the server installed?
    pub fn plugin(name: &str) -> bool {
        std::env::var_os("HOME").is_some_and(|home| {
            Path::new(&home).join(".cache/graticule/far/trino").join(VERSION).join("plugin").join(name).exists()
        })
    }

    /// A server of one's own, to be killed.
    pub fn start() -> Option<Trino> {
        Trino::start_with("", &[])
    }

    /// One with more lines in its configuration, and more files beside it.
    pub fn start_with(more: &str, files: &[(&str, &str)]) -> Option<Trino> {
        let home = std::env::var_os("HOME")?;
        let installed = Path::new(&home).join(".cache/graticule/far/trino");
        let (java, server) = (installed.join("java"), installed.join(VERSION));
        if !java.exists() || !server.join("plugin").exists() {
            eprintln!(
                "SKIPPED: Trino {VERSION} is not in {}; run `make test-deps`, which fetches it",
                installed.display()
            );
            return None;
        }
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("graticule-trino-{}-{port}", std::process::id()));
        std::fs::create_dir_all(folder.join("catalog")).expect("a folder");
        std::fs::create_dir_all(folder.join("etc")).expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a configuration");
        write(
            "config.properties",
            &format!(
                "coordinator=true\nnode-scheduler.include-coordinator=true\nhttp-server.http.port={port}\nnode.bind-ip=127.0.0.1\n\
                 node.internal-address=127.0.0.1\ndiscovery.uri=http://127.0.0.1:{port}\nnode.environment=test\nnode.id=one\n\
                 query.max-memory=500MB\nquery.max-memory-per-node=500MB\nmemory.heap-headroom-per-node=300MB\n\
                 task.concurrency=1\nquery.min-hash-partition-count=1\nquery.max-hash-partition-count=1\n\
                 plugin.dir={}\ncatalog.config-dir={}\n{more}",
                server.join("plugin").display(),
                folder.join("catalog").display()
            ),
        );
        write("catalog/memory.properties", "connector.name=memory\nmemory.max-data-per-node=300MB\n");
        write("catalog/tpch.properties", "connector.name=tpch\n");
        write("log.properties", "io.trino=WARN\n");
        for (name, text) in files {
            write(name, text);
        }
        // Not every Java has it, and Trino does without.
        let modules = Command::new(&java).arg("--list-modules").output().expect("java runs").stdout;
        let vector = String::from_utf8_lossy(&modules).contains("jdk.incubator.vector");
        let log = std::fs::File::create(folder.join("log")).expect("a log file");
        let child = Command::new(&java)
            .args(["-Xmx1500m", "-XX:+ExitOnOutOfMemoryError", "-Djdk.attach.allowAttachSelf=true"])
            // Short statements over small tables: what the second compiler gains, it costs.
            .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"])
            .args(["--sun-misc-unsafe-memory-access=allow"])
            .args(vector.then_some("--add-modules=jdk.incubator.vector"))
            .arg(format!("-Dconfig={}", folder.join("config.properties").display()))
            .arg(format!("-Dlog.levels-file={}", folder.join("log.properties").display()))
            .args(["-cp", &format!("{}/*", server.join("lib").display()), "io.trino.server.TrinoServer"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log file"))
            .stderr(log)
            .spawn()
            .expect("java starts");
        let started = Trino { port, pid: child.id(), folder };
        let until = Instant::now() + Duration::from_secs(300);
        while Instant::now() < until {
            if let Some(info) = started.request("GET", "/v1/info", "")
                && info["starting"] == Value::Bool(false)
                && started.attempt("SELECT 1").is_ok()
            {
                return Some(started);
            }
            std::thread::sleep(Duration::from_millis(300));
        }
        panic!("Trino did not start:\n{}", std::fs::read_to_string(started.folder.join("log")).unwrap_or_default());
    }

    /// Ends it as a crash does.
    pub fn kill(&self) {
        assert!(Command::new("kill").args(["-KILL", &self.pid.to_string()]).status().expect("kill runs").success());
    }

    /// CREATE SERVER for its catalog `memory`, reached on that port.
    pub fn server_on(name: &str, port: u16) -> String {
        format!(
            "CREATE SERVER {name} FOREIGN DATA WRAPPER trino OPTIONS (url 'http://127.0.0.1:{port}', catalog 'memory', srid '4326');
             CREATE USER MAPPING FOR PUBLIC SERVER {name} OPTIONS (user 'tester');"
        )
    }

    pub fn server(&self, name: &str) -> String {
        Trino::server_on(name, self.port)
    }

    /// Runs statements, each of which must succeed.
    pub fn run(&self, statements: &[&str]) {
        for sql in statements {
            self.rows(sql);
        }
    }

    /// The rows of a statement, columns joined by `|`.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        self.attempt(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    pub fn attempt(&self, sql: &str) -> Result<Vec<String>, String> {
        let mut page = self.request("POST", "/v1/statement", sql).ok_or("no answer")?;
        let mut rows = Vec::new();
        loop {
            if let Some(error) = page.get("error") {
                return Err(error["message"].to_string());
            }
            for row in page["data"].as_array().into_iter().flatten() {
                let texts = row.as_array().into_iter().flatten().map(|value| match value {
                    Value::Null => "∅".to_owned(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                });
                rows.push(texts.collect::<Vec<_>>().join("|"));
            }
            let Some(next) = page["nextUri"].as_str() else { return Ok(rows) };
            let path = next.splitn(4, '/').nth(3).ok_or("no path")?.to_owned();
            page = self.request("GET", &format!("/{path}"), "").ok_or("no answer")?;
        }
    }

    fn request(&self, method: &str, path: &str, body: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{}\r\nX-Trino-User: tester\r\nX-Trino-Catalog: memory\r\nX-Trino-Time-Zone: UTC\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let at = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
        serde_json::from_slice(&answer[at + 4..]).ok()
    }
}
