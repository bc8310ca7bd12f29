//! Driver libraries for any engine, in a folder that `make test` fills.

use std::path::{Path, PathBuf};

/// The library of a driver; `None`, said loudly, where it is not installed.
pub fn driver(name: &str) -> Option<PathBuf> {
    let home = std::env::var_os("HOME")?;
    let library = Path::new(&home).join(format!(".cache/graticule/far/adbc/libadbc_driver_{name}.so"));
    if library.exists() {
        return Some(library);
    }
    eprintln!("SKIPPED: {} is not there; run `make test-deps`, which fetches it", library.display());
    None
}
