//! A private Graticule: the built binary on free loopback ports.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Client, free_port};

/// A running server; ended when dropped.
pub struct Graticule {
    child: Child,
    pub port: u16,
    pub http: u16,
    pub folder: PathBuf,
}

impl Graticule {
    /// Serves an empty database of that name, after `--init` of a script.
    pub fn serve(database: &str, init: &str) -> Graticule {
        Graticule::configured(database, init, "")
    }

    /// As `serve`, with a `graticule.toml`.
    pub fn configured(database: &str, init: &str, config: &str) -> Graticule {
        let (port, http) = (free_port(), free_port());
        let folder = std::env::temp_dir().join(format!("graticule-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a data folder");
        let script = folder.join("setup.sql");
        std::fs::write(&script, init).expect("a setup script");
        let file = folder.join("graticule.toml");
        std::fs::write(&file, config).expect("a configuration");
        let mut command = Command::new(env!("CARGO_BIN_EXE_graticule"));
        command.args(["serve", "--database", database, "--config"]).arg(&file);
        command.arg("--init").arg(&script).arg("--data-dir").arg(&folder);
        command.args(["--listen", &format!("127.0.0.1:{port}"), "--http", &format!("127.0.0.1:{http}")]);
        Graticule::spawn(command, port, http, folder, database)
    }

    /// `graticule demo`.
    pub fn demo() -> Graticule {
        let (port, http) = (free_port(), free_port());
        let folder = std::env::temp_dir().join(format!("graticule-demo-{}-{port}", std::process::id()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_graticule"));
        command.args(["demo", "--listen", &format!("127.0.0.1:{port}"), "--http", &format!("127.0.0.1:{http}")]);
        Graticule::spawn(command, port, http, folder, "demo")
    }

    fn spawn(mut command: Command, port: u16, http: u16, folder: PathBuf, database: &str) -> Graticule {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("graticule starts");
        let mut server = Graticule { child, port, http, folder };
        let until = Instant::now() + Duration::from_secs(60);
        while Instant::now() < until {
            if let Some(status) = server.child.try_wait().expect("its state") {
                panic!("graticule ended at start: {status}");
            }
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
                && Client::connect(port, "postgres", database).is_ok()
            {
                return server;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("graticule did not start");
    }

    pub fn client(&self, database: &str) -> Client {
        Client::connect(self.port, "postgres", database).expect("graticule accepts")
    }

    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory in kilobytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Open file descriptors.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("it runs").count()
    }

    /// The value of a metric (its name with labels, as `/metrics` writes it).
    pub fn metric(&self, name: &str) -> i64 {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.http)).expect("http answers");
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let value = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {name} in\n{answer}")).trim().parse().expect("a number")
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
    }
}

impl Drop for Graticule {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
