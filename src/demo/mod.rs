//! The sample data of `graticule demo`: real, public-domain GeoParquet files, embedded in the binary.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result, SqlState};

/// Name and bytes of each file. Sources: Natural Earth 1:50m and 1:110m, US Census Bureau, US Bureau of Transportation Statistics.
const FILES: [(&str, &[u8]); 4] = [
    ("airports.parquet", include_bytes!("sample/airports.parquet")),
    ("cities.parquet", include_bytes!("sample/cities.parquet")),
    ("counties.parquet", include_bytes!("sample/counties.parquet")),
    ("countries.parquet", include_bytes!("sample/countries.parquet")),
];

/// Writes the files below a folder and gives the folder that holds them.
pub fn unpack(folder: &Path) -> Result<PathBuf> {
    let folder = folder.join("sample");
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(&folder)?;
        FILES.iter().try_for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes))
    };
    write().map_err(|error| {
        Error::new(SqlState::IO_ERROR, format!("could not write the sample data to {}: {error}", folder.display()))
    })?;
    Ok(folder)
}

/// The definitions of the demo database over the unpacked files.
pub fn setup_script(folder: &Path) -> String {
    let path = folder.display().to_string().replace('\'', "''");
    let mut script = format!(
        "CREATE SERVER sample FOREIGN DATA WRAPPER geoparquet OPTIONS (path '{path}');\nCREATE SCHEMA sample;\n"
    );
    for (file, _) in FILES {
        let table = file.trim_end_matches(".parquet");
        // QGIS needs a key to open a table.
        script.push_str(&format!(
            "CREATE FOREIGN TABLE sample.{table} () SERVER sample OPTIONS (path '{file}', primary_key 'gid');\n"
        ));
    }
    script.push_str(
        "CREATE ROLE demo LOGIN;\nGRANT USAGE ON SCHEMA sample TO demo;\n\
         GRANT SELECT ON ALL TABLES IN SCHEMA sample TO demo;\n",
    );
    script
}

/// What a new user types: the psql line and the fields of a QGIS connection.
pub fn greeting(host: &str, port: u16) -> String {
    format!(
        "Graticule serves the sample data.\n\n  psql -h {host} -p {port} -U demo demo\n\n\
         QGIS: Layer > Add Layer > Add PostGIS Layers > New\n  Name      graticule\n  Host      {host}\n  Port      {port}\n  \
         Database  demo\n  SSL mode  disable\n  User      demo (no password)\n\nTables: sample.countries, sample.cities, sample.counties, sample.airports\n"
    )
}
