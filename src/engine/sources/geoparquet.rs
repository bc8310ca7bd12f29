//! GeoParquet files and folders: description, and reading with row groups pruned by their boxes. File order is kept.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BinaryArray};
use arrow::buffer::{Buffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use datafusion::parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use datafusion::parquet::file::statistics::Statistics;
use serde_json::Value;
use tokio::sync::mpsc::{Receiver, channel};

use super::Request;
use super::wkb::to_ewkb;
use crate::bound::{Expr, ExprKind};
use crate::engine::apply::Free;
use crate::engine::expr::Program;
use crate::engine::relation::Scope;
use crate::engine::rows;
use crate::error::{Error, Result, SqlState};
use crate::types::{Datum, GeometryTypmod, PgType, storage};

/// About what a chunk of rows takes, by the file's own sizes.
const CHUNK_BYTES: i64 = 1 << 20;
const MIN_CHUNK_ROWS: usize = 64;
const MAX_CHUNK_ROWS: usize = 8192;

/// A column as PostgreSQL sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileColumn {
    pub name: String,
    pub ty: PgType,
    pub typmod: i32,
    pub not_null: bool,
}

/// What a file or folder holds.
#[derive(Clone, Debug)]
pub struct Description {
    pub columns: Vec<FileColumn>,
    pub rows: u64,
    /// Columns of types without a PostgreSQL counterpart: left out.
    pub skipped: Vec<String>,
}

/// A box that rows of a geometry column must meet: column name, xmin, ymin, xmax, ymax.
pub(in crate::engine) type Boxes = Vec<(String, [f64; 4])>;

/// Reads the metadata of a file, or of all `.parquet` files of a folder.
pub fn describe(path: &Path) -> Result<Description> {
    let files = files(path)?;
    let mut result: Option<Description> = None;
    for file in &files {
        let one = Parquet::open(file)?.describe();
        match &mut result {
            None => result = Some(one),
            Some(whole) => {
                let same = whole.columns.len() == one.columns.len()
                    && whole.columns.iter().zip(&one.columns).all(|(a, b)| a.name == b.name && a.ty == b.ty);
                if !same {
                    return Err(Error::new(
                        SqlState::FDW_ERROR,
                        format!("file \"{}\" has other columns than the first of its folder", name(file)),
                    ));
                }
                whole.rows += one.rows;
                for (column, other) in whole.columns.iter_mut().zip(&one.columns) {
                    column.not_null &= other.not_null;
                    column.typmod = common_typmod(column.typmod, other.typmod);
                }
            }
        }
    }
    result.ok_or_else(|| Error::new(SqlState::FDW_ERROR, format!("no parquet file in \"{}\"", name(path))))
}

fn common_typmod(one: i32, other: i32) -> i32 {
    match (GeometryTypmod::unpack(one), GeometryTypmod::unpack(other)) {
        _ if one == other => one,
        (Some(one), Some(other)) if one.srid == other.srid => {
            GeometryTypmod { srid: one.srid, ..GeometryTypmod::default() }.pack()
        }
        _ => -1,
    }
}

/// Arrays in the storage of the wanted columns, with their number of rows.
pub(in crate::engine) type Chunk = Result<(Vec<ArrayRef>, usize)>;

/// Reads columns on a blocking thread, a chunk ahead.
pub(in crate::engine) fn read(path: PathBuf, wanted: Vec<(String, PgType)>, boxes: Boxes) -> Receiver<Chunk> {
    let (sender, receiver) = channel(2);
    tokio::task::spawn_blocking(move || {
        let run = || -> Result<()> {
            for file in files(&path)? {
                let parquet = Parquet::open(&file)?;
                parquet.read(&wanted, &boxes, &mut |chunk| sender.blocking_send(Ok(chunk)).is_ok())?;
                if sender.is_closed() {
                    break;
                }
            }
            Ok(())
        };
        if let Err(error) = run() {
            // Nobody listening is no loss.
            let _ = sender.blocking_send(Err(error));
        }
    });
    receiver
}

/// The constant boxes that a scan's conditions imply.
pub(in crate::engine) fn boxes(request: &Request) -> Boxes {
    request.filters.iter().filter_map(|filter| implied_box(request, filter)).collect()
}

fn implied_box(request: &Request, filter: &Expr) -> Option<(String, [f64; 4])> {
    let ExprKind::Call { function, args, operator, .. } = &filter.kind else { return None };
    let boxed = matches!(
        function.name.as_str(),
        "st_intersects"
            | "st_contains"
            | "st_within"
            | "st_covers"
            | "st_coveredby"
            | "st_dwithin"
            | "st_equals"
            | "st_touches"
            | "st_crosses"
            | "st_overlaps"
            | "st_containsproperly"
    ) || operator.as_deref() == Some("&&");
    let (Some(one), Some(two)) = (args.first(), args.get(1)) else { return None };
    if !boxed || one.ty.oid != PgType::GEOMETRY || two.ty.oid != PgType::GEOMETRY {
        return None;
    }
    let column = |expr: &Expr| match &expr.kind {
        ExprKind::Column { range, column } if *range == request.range => request.relation.columns.get(*column),
        _ => None,
    };
    let (column, constant) = match (column(one), column(two)) {
        (Some(column), None) => (column, two),
        (None, Some(column)) => (column, one),
        _ => return None,
    };
    let srid = GeometryTypmod::unpack(column.typmod)?.srid;
    let value = |expr: &Expr| {
        if Free::of_expr(expr).ranges().contains(&request.range) {
            return None;
        }
        let scope = Scope { columns: &[], outer: &request.outer };
        Program::new(&request.statement, expr, &scope).ok()?.run(&[], &request.statement.env).ok()
    };
    let Datum::Geometry(geometry) = value(constant)? else { return None };
    if super::wkb::srid(&geometry.0)? != srid {
        // Another SRID raises an error on the first row: every row must be read.
        return None;
    }
    let mut bounds = super::wkb::bounds(&geometry.0)?;
    if function.name == "st_dwithin" {
        let distance = value(args.get(2)?)?.as_f64().filter(|distance| distance.is_finite() && *distance >= 0.0)?;
        bounds = [bounds[0] - distance, bounds[1] - distance, bounds[2] + distance, bounds[3] + distance];
    }
    // PostGIS compares boxes as float4: take them a little wider.
    let widen = |value: f64, sign: f64| value + sign * (value.abs() * 1e-6 + 1e-9);
    Some((
        column.remote_name.clone(),
        [widen(bounds[0], -1.0), widen(bounds[1], -1.0), widen(bounds[2], 1.0), widen(bounds[3], 1.0)],
    ))
}

fn files(path: &Path) -> Result<Vec<PathBuf>> {
    let failed =
        |error: std::io::Error| Error::new(SqlState::FDW_ERROR, format!("could not read \"{}\": {error}", name(path)));
    if !path.metadata().map_err(failed)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in path.read_dir().map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let parquet = file.extension().is_some_and(|extension| extension == "parquet" || extension == "geoparquet");
        if parquet && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// An open file.
struct Parquet {
    file: File,
    name: String,
    metadata: ArrowReaderMetadata,
    geo: HashMap<String, GeoColumn>,
}

/// A geometry column's part of the `geo` metadata.
#[derive(Debug, Default)]
struct GeoColumn {
    srid: i32,
    kinds: Vec<String>,
    geography: bool,
    /// Paths of xmin, ymin, xmax, ymax.
    covering: Option<[Vec<String>; 4]>,
    /// The box of the file does not cross the antimeridian.
    plain_x: bool,
    encoding: String,
}

impl Parquet {
    fn open(path: &Path) -> Result<Parquet> {
        let failed = |error: &dyn std::fmt::Display| {
            Error::new(SqlState::FDW_ERROR, format!("could not read \"{}\": {error}", name(path)))
        };
        let file = File::open(path).map_err(|error| failed(&error))?;
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(false);
        let metadata = ArrowReaderMetadata::load(&file, options).map_err(|error| failed(&error))?;
        let text = metadata
            .metadata()
            .file_metadata()
            .key_value_metadata()
            .and_then(|pairs| pairs.iter().find(|pair| pair.key == "geo"))
            .and_then(|pair| pair.value.clone());
        let geo = match text {
            Some(text) => {
                let value: Value =
                    serde_json::from_str(&text).map_err(|error| failed(&format!("wrong \"geo\" metadata: {error}")))?;
                geo_columns(&value)
            }
            None => HashMap::new(),
        };
        Ok(Parquet { file, name: name(path), metadata, geo })
    }

    fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    fn describe(&self) -> Description {
        let coverings: Vec<&str> = self
            .geo
            .values()
            .filter_map(|column| column.covering.as_ref())
            .filter_map(|paths| paths[0].first().map(String::as_str))
            .collect();
        let (mut columns, mut skipped) = (Vec::new(), Vec::new());
        for field in self.schema().fields() {
            let geo = self.geo.get(field.name()).filter(|geo| geo.encoding.eq_ignore_ascii_case("WKB"));
            let column =
                |ty, typmod| FileColumn { name: field.name().clone(), ty, typmod, not_null: !field.is_nullable() };
            match (geo, pg_type(field.data_type())) {
                (Some(geo), Some(PgType::BYTEA)) => {
                    let ty = if geo.geography { PgType::GEOGRAPHY } else { PgType::GEOMETRY };
                    columns.push(column(ty, geo.typmod()));
                }
                (None, Some(ty)) => columns.push(column(ty, -1)),
                _ if coverings.contains(&field.name().as_str()) => {}
                _ => skipped.push(field.name().clone()),
            }
        }
        let rows = u64::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(0);
        Description { columns, rows, skipped }
    }

    fn read(
        self,
        wanted: &[(String, PgType)],
        boxes: &Boxes,
        send: &mut dyn FnMut((Vec<ArrayRef>, usize)) -> bool,
    ) -> Result<()> {
        let failed =
            |what: String| Error::new(SqlState::FDW_ERROR, format!("could not read \"{}\": {what}", self.name));
        let indices = wanted
            .iter()
            .map(|(column, _)| {
                self.schema().index_of(column).map_err(|_| failed(format!("column \"{column}\" is gone")))
            })
            .collect::<Result<Vec<_>>>()?;
        let parquet = self.metadata.metadata();
        let groups: Vec<usize> = (0..parquet.num_row_groups())
            .filter(|group| {
                boxes.iter().all(|(column, bounds)| {
                    self.geo.get(column).is_none_or(|geo| geo.may_meet(parquet.row_group(*group), bounds))
                })
            })
            .collect();
        if groups.is_empty() {
            return Ok(());
        }
        let mask = ProjectionMask::roots(parquet.file_metadata().schema_descr(), indices.iter().copied());
        let chunk = chunk_rows(&groups, parquet, &mask);
        let srids: Vec<i32> = wanted.iter().map(|(column, _)| self.geo.get(column).map_or(0, |geo| geo.srid)).collect();
        let names: Vec<String> = wanted.iter().map(|(column, _)| column.clone()).collect();
        let (file_name, file, metadata) = (self.name.clone(), self.file, self.metadata);
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
            .with_projection(mask)
            .with_row_groups(groups)
            .with_batch_size(chunk)
            .build()
            .map_err(|error| Error::new(SqlState::FDW_ERROR, format!("could not read \"{file_name}\": {error}")))?;
        for batch in reader {
            let batch = batch
                .map_err(|error| Error::new(SqlState::FDW_ERROR, format!("could not read \"{file_name}\": {error}")))?;
            let mut arrays = Vec::with_capacity(wanted.len());
            for ((column, (_, ty)), srid) in names.iter().zip(wanted).zip(&srids) {
                let array = batch
                    .column_by_name(column)
                    .ok_or_else(|| Error::internal("a projected parquet column is missing"))?;
                arrays.push(convert(array, *ty, *srid)?);
            }
            if !send((arrays, batch.num_rows())) {
                break;
            }
        }
        Ok(())
    }
}

/// Rows read at a time: about [`CHUNK_BYTES`], few when a row holds a whole coastline.
fn chunk_rows(groups: &[usize], parquet: &ParquetMetaData, mask: &ProjectionMask) -> usize {
    groups
        .iter()
        .map(|group| {
            let group = parquet.row_group(*group);
            let columns = group.columns().iter().enumerate().filter(|(leaf, _)| mask.leaf_included(*leaf));
            let bytes: i64 = columns.map(|(_, column)| column.uncompressed_size().max(0)).sum();
            let row = bytes / group.num_rows().max(1);
            usize::try_from(CHUNK_BYTES / row.max(1)).unwrap_or(MAX_CHUNK_ROWS)
        })
        .min()
        .unwrap_or(MAX_CHUNK_ROWS)
        .clamp(MIN_CHUNK_ROWS, MAX_CHUNK_ROWS)
}

/// The PostgreSQL type that holds every value of an Arrow type.
fn pg_type(ty: &DataType) -> Option<PgType> {
    Some(match ty {
        DataType::Boolean => PgType::BOOL,
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => PgType::INT2,
        DataType::Int32 | DataType::UInt16 => PgType::INT4,
        DataType::Int64 | DataType::UInt32 => PgType::INT8,
        DataType::UInt64 | DataType::Decimal128(..) | DataType::Decimal256(..) => PgType::NUMERIC,
        DataType::Float16 | DataType::Float32 => PgType::FLOAT4,
        DataType::Float64 => PgType::FLOAT8,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => PgType::TEXT,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => PgType::BYTEA,
        DataType::Date32 | DataType::Date64 => PgType::DATE,
        DataType::Time32(_) | DataType::Time64(_) => PgType::TIME,
        DataType::Timestamp(_, None) => PgType::TIMESTAMP,
        DataType::Timestamp(_, Some(_)) => PgType::TIMESTAMPTZ,
        DataType::Dictionary(_, value) => pg_type(value)?,
        _ => return None,
    })
}

fn convert(array: &ArrayRef, ty: PgType, srid: i32) -> Result<ArrayRef> {
    let target = storage(ty);
    let array = if *array.data_type() == target {
        Arc::clone(array)
    } else {
        cast(array, &target).map_err(rows::from_arrow)?
    };
    if array.null_count() > array.len() {
        return Err(Error::internal("nulls of a parquet column"));
    }
    if !matches!(ty, PgType::GEOMETRY | PgType::GEOGRAPHY) {
        return Ok(array);
    }
    let binary =
        array.as_any().downcast_ref::<BinaryArray>().ok_or_else(|| Error::internal("geometry that is not binary"))?;
    let mut values = Vec::with_capacity(binary.value_data().len() + binary.len() * 4);
    let mut lengths = Vec::with_capacity(binary.len());
    for value in binary {
        let start = values.len();
        if let Some(value) = value {
            to_ewkb(value, srid, &mut values)?;
        }
        lengths.push(values.len() - start);
    }
    if i32::try_from(values.len()).is_err() {
        return Err(Error::new(
            SqlState::PROGRAM_LIMIT_EXCEEDED,
            "the geometries of some rows of a file hold more than 2 GB",
        ));
    }
    let offsets = OffsetBuffer::from_lengths(lengths);
    let array = BinaryArray::try_new(offsets, Buffer::from_vec(values), binary.nulls().cloned());
    Ok(Arc::new(array.map_err(rows::from_arrow)?))
}

fn geo_columns(geo: &Value) -> HashMap<String, GeoColumn> {
    let mut result = HashMap::new();
    for (name, column) in geo.get("columns").and_then(Value::as_object).into_iter().flatten() {
        let path = |corner: &str| -> Option<Vec<String>> {
            let path = column.get("covering")?.get("bbox")?.get(corner)?.as_array()?;
            path.iter().map(|part| part.as_str().map(str::to_owned)).collect()
        };
        let covering = match (path("xmin"), path("ymin"), path("xmax"), path("ymax")) {
            (Some(xmin), Some(ymin), Some(xmax), Some(ymax)) => Some([xmin, ymin, xmax, ymax]),
            _ => None,
        };
        let bbox: Vec<f64> = column
            .get("bbox")
            .and_then(Value::as_array)
            .map(|values| values.iter().filter_map(Value::as_f64).collect())
            .unwrap_or_default();
        let plain_x = bbox.len() >= 4 && bbox[0] <= bbox[bbox.len() / 2];
        let kinds = column
            .get("geometry_types")
            .and_then(Value::as_array)
            .map(|kinds| kinds.iter().filter_map(|kind| kind.as_str().map(str::to_owned)).collect())
            .unwrap_or_default();
        result.insert(
            name.clone(),
            GeoColumn {
                srid: srid(column.get("crs")),
                kinds,
                geography: column.get("edges").and_then(Value::as_str) == Some("spherical"),
                covering,
                plain_x,
                encoding: column.get("encoding").and_then(Value::as_str).unwrap_or("WKB").to_owned(),
            },
        );
    }
    result
}

/// The SRID of a `crs` member: none is OGC:CRS84, null is unknown, PROJJSON tells by its id.
fn srid(crs: Option<&Value>) -> i32 {
    let Some(crs) = crs else { return 4326 };
    let Some(id) = crs.get("id") else { return 0 };
    let authority = id.get("authority").and_then(Value::as_str).unwrap_or_default();
    let code = id.get("code");
    let number = code.and_then(|code| code.as_i64().or_else(|| code.as_str()?.parse().ok()));
    match (authority, number, code.and_then(Value::as_str)) {
        ("OGC", _, Some("CRS84" | "CRS84h")) => 4326,
        ("EPSG" | "ESRI", Some(number), _) => i32::try_from(number).unwrap_or(0),
        _ => 0,
    }
}

impl GeoColumn {
    fn typmod(&self) -> i32 {
        let base = |kind: &str| -> Option<u8> {
            Some(match kind {
                "Point" => 1,
                "LineString" => 2,
                "Polygon" => 3,
                "MultiPoint" => 4,
                "MultiLineString" => 5,
                "MultiPolygon" => 6,
                "GeometryCollection" => 7,
                _ => return None,
            })
        };
        let mut typmod = GeometryTypmod { srid: self.srid, ..GeometryTypmod::default() };
        if let [kind] = self.kinds.as_slice() {
            let (name, dimensions) = kind.split_once(' ').unwrap_or((kind, ""));
            if let Some(kind) = base(name) {
                typmod.kind = kind;
                typmod.z = dimensions.contains('Z');
                typmod.m = dimensions.contains('M');
            }
        }
        if typmod == GeometryTypmod::default() { -1 } else { typmod.pack() }
    }

    /// Whether a row group can hold a geometry that meets a box, by the statistics of the covering columns.
    fn may_meet(&self, group: &RowGroupMetaData, bounds: &[f64; 4]) -> bool {
        let Some(paths) = &self.covering else { return true };
        let range = |path: &[String]| -> Option<(f64, f64)> {
            let column = group.columns().iter().find(|column| column.column_path().parts() == path)?;
            match column.statistics()? {
                Statistics::Double(values) => Some((*values.min_opt()?, *values.max_opt()?)),
                Statistics::Float(values) => Some((f64::from(*values.min_opt()?), f64::from(*values.max_opt()?))),
                _ => None,
            }
        };
        let [Some(xmin), Some(ymin), Some(xmax), Some(ymax)] = [0, 1, 2, 3].map(|corner| range(&paths[corner])) else {
            return true;
        };
        if [xmin, ymin, xmax, ymax].iter().any(|(low, high)| low.is_nan() || high.is_nan()) {
            return true;
        }
        let x = !self.plain_x || (xmax.1 >= bounds[0] && xmin.0 <= bounds[2]);
        let y = ymax.1 >= bounds[1] && ymin.0 <= bounds[3];
        x && y
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_srid_of_a_crs() {
        for (crs, expected) in [
            (r#"{"id": {"authority": "EPSG", "code": 3857}}"#, 3857),
            (r#"{"id": {"authority": "OGC", "code": "CRS84"}}"#, 4326),
            (r#"{"id": {"authority": "EPSG", "code": "27700"}}"#, 27700),
            ("null", 0),
            (r#"{"name": "something"}"#, 0),
        ] {
            let value: Value = serde_json::from_str(crs).expect("a JSON literal");
            assert_eq!(srid(Some(&value)), expected, "{crs}");
        }
        assert_eq!(srid(None), 4326);
    }
}
