//! A private PostgreSQL + PostGIS: the oracle, and the far side of attached schemas.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::{Client, free_port};

const BIN: &str = "/usr/lib/postgresql/15/bin";

/// A running server; stopped (by its process id) when dropped.
pub struct Postgres {
    child: Child,
    pub port: u16,
    folder: PathBuf,
}

impl Postgres {
    /// `None`, said loudly, where PostgreSQL 15 is not installed.
    pub fn start() -> Option<Postgres> {
        if !Path::new(BIN).join("initdb").exists() {
            eprintln!("SKIPPED: PostgreSQL 15 is not installed ({BIN}/initdb); run `make test`, which installs it");
            return None;
        }
        let port = free_port();
        let folder = std::env::temp_dir().join(format!("graticule-pg-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the cluster");
        let root = running_as_root();
        if root {
            run(Command::new("chown").arg("postgres").arg(&folder));
        }
        let data = folder.join("data");
        let mut initdb = as_postgres(root, &format!("{BIN}/initdb"));
        run(initdb
            .args(["-U", "postgres", "-A", "trust", "--encoding=UTF8", "--locale=C.UTF-8", "--lc-collate=C", "-D"])
            .arg(&data));
        let started = Postgres { child: spawn(&folder, port), port, folder };
        started.wait();
        Some(started)
    }

    /// Ends it as a crash does: the postmaster first, its backends a moment later, all by SIGKILL.
    pub fn kill(&mut self) {
        // Stopped first, so that no backend is born meanwhile.
        run(Command::new("kill").args(["-STOP", &self.child.id().to_string()]));
        let backends = children(self.child.id());
        self.child.kill().expect("the postmaster is killed");
        self.child.wait().expect("it ends");
        std::thread::sleep(Duration::from_millis(20));
        let alive: Vec<String> = backends.into_iter().filter(|pid| Path::new("/proc").join(pid).exists()).collect();
        if !alive.is_empty() {
            // Those that noticed by themselves may be gone by now.
            let _ = Command::new("kill").arg("-KILL").args(&alive).stderr(Stdio::null()).status();
        }
        while alive.iter().any(|pid| Path::new("/proc").join(pid).exists()) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts it on its data and its port after [`Postgres::kill`].
    pub fn start_again(&mut self) {
        self.child = spawn(&self.folder, self.port);
        self.wait();
    }

    fn wait(&self) {
        let until = Instant::now() + Duration::from_secs(60);
        while Instant::now() < until {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok()
                && let Ok(mut client) = Client::connect(self.port, "postgres", "postgres")
                && client.query("select 1").is_ok()
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!(
            "PostgreSQL did not start; its log:\n{}",
            std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
        );
    }

    pub fn client(&self, database: &str) -> Client {
        Client::connect(self.port, "postgres", database).expect("the oracle accepts")
    }

    /// CREATE SERVER for one of its databases, with its user mapping.
    pub fn server(&self, name: &str, database: &str) -> String {
        format!(
            "CREATE SERVER {name} FOREIGN DATA WRAPPER postgres OPTIONS (host '127.0.0.1', port '{}', dbname '{database}'); \
             CREATE USER MAPPING FOR PUBLIC SERVER {name} OPTIONS (user 'postgres');",
            self.port
        )
    }

    /// Makes a database with PostGIS and runs a script in it.
    pub fn database(&self, name: &str, script: &str) {
        self.client("postgres").query(&format!("create database {name}")).expect("a database");
        let mut client = self.client(name);
        client.query("create extension if not exists postgis").expect("PostGIS is installed");
        client.simple(script).expect("the script runs");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let pid_file = self.folder.join("data/postmaster.pid");
        let pid = std::fs::read_to_string(pid_file).ok().and_then(|text| text.lines().next().map(str::to_owned));
        if let Some(pid) = pid {
            let _ = Command::new("kill").args(["-QUIT", &pid]).status();
        }
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// One server for all tests of the run; each test makes databases of its own.
pub fn shared() -> Option<&'static Postgres> {
    static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
    let server = SHARED.get_or_init(|| {
        let server = Postgres::start();
        if let Some(server) = &server {
            stop_at_exit(server);
        }
        server
    });
    server.as_ref()
}

/// Statics are not dropped: a watcher process ends the server when this process is gone.
fn stop_at_exit(server: &Postgres) {
    let script = format!(
        "while kill -0 {} 2>/dev/null; do sleep 1; done; kill -QUIT $(head -1 {folder}/data/postmaster.pid); sleep 1; rm -rf {folder}",
        std::process::id(),
        folder = server.folder.display()
    );
    Command::new("setsid")
        .args(["bash", "-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a watcher");
}

fn spawn(folder: &Path, port: u16) -> Child {
    let mut server = as_postgres(running_as_root(), &format!("{BIN}/postgres"));
    server.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c"]);
    server.arg(format!("unix_socket_directories={}", folder.display()));
    server.args(["-c", "fsync=off", "-c", "timezone=UTC", "-c", "max_connections=200"]);
    let log = std::fs::File::create(folder.join("log")).expect("a log file");
    server.stdout(Stdio::null()).stderr(log).spawn().expect("postgres starts")
}

/// Process ids of the children of a process.
fn children(parent: u32) -> Vec<String> {
    let of = |entry: std::fs::DirEntry| {
        let pid = entry.file_name().into_string().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // "pid (name) state parent ...": the name may hold anything.
        let (_, rest) = stat.rsplit_once(')')?;
        (rest.split_whitespace().nth(1)? == parent.to_string()).then_some(pid)
    };
    std::fs::read_dir("/proc").expect("/proc").flatten().filter_map(of).collect()
}

fn running_as_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id runs");
    output.stdout.starts_with(b"0\n")
}

fn as_postgres(root: bool, program: &str) -> Command {
    if root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", program]);
        command
    } else {
        Command::new(program)
    }
}

fn run(command: &mut Command) {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
