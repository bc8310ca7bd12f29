//! A private Graticule: the built binary on free loopback ports.

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
        let (port, http) = (free_port(), free_port());
        let folder = std::env::temp_dir().join(format!("graticule-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a data folder");
        let script = folder.join("setup.sql");
        std::fs::write(&script, init).expect("a setup script");
        let mut command = Command::new(env!("CARGO_BIN_EXE_graticule"));
        command.args(["serve", "--database", database, "--init"]).arg(&script).arg("--data-dir").arg(&folder);
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
}

impl Drop for Graticule {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
