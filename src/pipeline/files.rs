//! Tables that are files: which paths a `geoparquet` server offers.

use std::path::{Component, Path, PathBuf};

#[cfg(feature = "engine")]
use crate::admin::DescribedColumn;
use crate::admin::DescribedFile;
use crate::catalog::Server;
use crate::error::{Error, Result, SqlState};

/// The path of a file or folder below the server's `path`; 42501 when it leads out of it.
pub fn resolve(server: &Server, below: &str) -> Result<PathBuf> {
    let root = Path::new(server.options.get("path").map_or("", String::as_str));
    let below = Path::new(below);
    let outside = || {
        Error::new(
            SqlState::INSUFFICIENT_PRIVILEGE,
            format!("path \"{}\" is not below the path of server \"{}\"", below.display(), server.name),
        )
    };
    if below.is_absolute() {
        return below.starts_with(root).then(|| below.to_owned()).filter(|path| plain(path)).ok_or_else(outside);
    }
    if plain(below) { Ok(root.join(below)) } else { Err(outside()) }
}

fn plain(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir | Component::RootDir))
}

/// The tables of a folder: each `.parquet` file, and each folder that holds some; or the one file named. `.` is the server's own path.
pub async fn describe(server: &Server, below: &str) -> Result<Vec<DescribedFile>> {
    // "public" is what attach asks for when no schema is given.
    let path = resolve(server, if below == "public" { "." } else { below })?;
    let fault = |error: std::io::Error| {
        Error::new(SqlState::UNDEFINED_TABLE, format!("could not read \"{}\": {error}", path.display()))
    };
    let is_file = tokio::fs::metadata(&path).await.map_err(fault)?.is_file();
    let mut found = Vec::new();
    if is_file || holds_files(&path).await && below != "." && below != "public" {
        found.push(path.clone());
    } else {
        let mut entries = tokio::fs::read_dir(&path).await.map_err(fault)?;
        while let Some(entry) = entries.next_entry().await.map_err(fault)? {
            let entry = entry.path();
            if is_parquet(&entry) || (entry.is_dir() && holds_files(&entry).await) {
                found.push(entry);
            }
        }
        found.sort();
    }
    let mut tables = Vec::new();
    for path in found {
        tables.push(describe_file(&path).await?);
    }
    Ok(tables)
}

fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"))
}

async fn holds_files(path: &Path) -> bool {
    let Ok(mut entries) = tokio::fs::read_dir(path).await else { return false };
    while let Ok(Some(entry)) = entries.next_entry().await {
        if is_parquet(&entry.path()) {
            return true;
        }
    }
    false
}

#[cfg(feature = "engine")]
async fn describe_file(path: &Path) -> Result<DescribedFile> {
    let described = crate::engine::sources::geoparquet::describe(path)?;
    Ok(DescribedFile {
        name: path.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        path: path.to_string_lossy().into_owned(),
        columns: described
            .columns
            .into_iter()
            .map(|column| DescribedColumn {
                name: column.name,
                ty: column.ty,
                typmod: column.typmod,
                not_null: column.not_null,
            })
            .collect(),
        rows: Some(described.rows),
    })
}

#[cfg(not(feature = "engine"))]
async fn describe_file(_path: &Path) -> Result<DescribedFile> {
    Err(Error::unsupported("reading files in a build without the engine"))
}
