//! The far side `duckdb`: DuckDB's own library, in a folder that `make test` fills.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use adbc_core::options::{AdbcVersion, OptionDatabase};
use adbc_core::{Connection, Database, Driver, Statement};
use adbc_driver_manager::ManagedDriver;

/// Where `make test-deps` puts it.
pub struct Far {
    pub library: PathBuf,
    pub spatial: PathBuf,
}

/// `None`, said loudly, where it is not installed.
pub fn far() -> Option<Far> {
    let home = std::env::var_os("HOME")?;
    let folder = Path::new(&home).join(".cache/graticule/far/duckdb");
    let far = Far { library: folder.join("libduckdb.so"), spatial: folder.join("spatial.duckdb_extension") };
    if far.library.exists() && far.spatial.exists() {
        return Some(far);
    }
    eprintln!("SKIPPED: DuckDB is not in {}; run `make test-deps`, which fetches it", folder.display());
    None
}

/// A database file; removed when dropped.
pub struct File(pub PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Far {
    /// A new database file, made by these statements.
    pub fn file(&self, statements: &[&str]) -> File {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("graticule-{}-{number}.duckdb", std::process::id()));
        let mut driver =
            ManagedDriver::load_dynamic_from_filename(&self.library, Some(b"duckdb_adbc_init"), AdbcVersion::V110)
                .expect("DuckDB's library loads");
        let options = [
            (OptionDatabase::Other("path".into()), path.to_string_lossy().as_ref().into()),
            // Files of older versions, which DuckDB writes by default, do not keep a column's CRS.
            (OptionDatabase::Other("storage_compatibility_version".into()), "latest".into()),
        ];
        let database = driver.new_database_with_opts(options).expect("a database file");
        let mut connection = database.new_connection().expect("a connection");
        let load = format!("LOAD '{}'", self.spatial.display());
        for sql in [load.as_str()].into_iter().chain(statements.iter().copied()) {
            let mut statement = connection.new_statement().expect("a statement");
            statement.set_sql_query(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
            let reader = statement.execute().unwrap_or_else(|error| panic!("{sql}: {error}"));
            reader.for_each(|batch| drop(batch.unwrap_or_else(|error| panic!("{sql}: {error}"))));
        }
        File(path)
    }

    /// CREATE SERVER for a file.
    pub fn server(&self, name: &str, file: &File) -> String {
        format!(
            "CREATE SERVER {name} FOREIGN DATA WRAPPER duckdb \
             OPTIONS (driver '{}', path '{}', extensions '{}', threads '2');",
            self.library.display(),
            file.0.display(),
            self.spatial.display()
        )
    }
}

/// The worker processes of a server process.
pub fn workers(server: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{server}/task")).expect("a running server");
    let mut found = Vec::new();
    for task in tasks.flatten() {
        let children = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|pid| pid.parse().ok()) {
            let command = std::fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
            if command.split(|byte| *byte == 0).any(|argument| argument == b"adbc-worker") {
                found.push(child);
            }
        }
    }
    found
}
