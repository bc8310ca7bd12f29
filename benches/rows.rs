//! Rows to the wire: Arrow batches to DataRow messages. `-- --write FILE` writes the same rows as GeoParquet, for `rows.py`.

use std::collections::HashMap;
use std::fs::File;
use std::hint::black_box;
use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use criterion::{Criterion, Throughput};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::metadata::KeyValue;
use datafusion::parquet::file::properties::WriterProperties;
use graticule::connector::Format;
use graticule::kernels::Env;
use graticule::session::OutputColumn;
use graticule::types::PgType;
use graticule::wire::encode::RowEncoder;

const ROWS: i64 = 1_000_000;

/// One column of points in longitude and latitude.
const GEO: &str = r#"{"version": "1.1.0", "primary_column": "geom", "columns": {"geom": {"encoding": "WKB", "geometry_types": ["Point"], "crs": {"id": {"authority": "EPSG", "code": 4326}}}}}"#;

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("value", DataType::Float64, false),
        Field::new("name", DataType::Utf8, false),
        Field::new("geom", DataType::Binary, false),
    ]))
}

/// `rows.py` has the same formulas in SQL. `srid`: EWKB, as the engine has it; else WKB.
fn batch(ids: std::ops::Range<i64>, srid: Option<u32>) -> RecordBatch {
    let point = |id: i64| {
        let (x, y) = ((id * 7919 % 360_000) as f64 / 1000.0 - 180.0, (id * 104_729 % 180_000) as f64 / 1000.0 - 90.0);
        let mut bytes = vec![1];
        bytes.extend((1 | if srid.is_some() { 0x2000_0000_u32 } else { 0 }).to_le_bytes());
        bytes.extend(srid.iter().flat_map(|srid| srid.to_le_bytes()));
        bytes.extend(x.to_le_bytes());
        bytes.extend(y.to_le_bytes());
        bytes
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(ids.clone())),
        Arc::new(Float64Array::from_iter_values(ids.clone().map(|id| id as f64 * 0.37))),
        Arc::new(StringArray::from_iter_values(ids.clone().map(|id| format!("name {}", id % 10_007)))),
        Arc::new(BinaryArray::from_iter_values(ids.map(point))),
    ];
    RecordBatch::try_new(schema(), columns).expect("columns of one length")
}

fn write(path: &str) {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let file = File::create(path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, schema(), Some(properties)).expect("a writer");
    for start in (1..=ROWS).step_by(10_000) {
        writer.write(&batch(start..start + 10_000, None)).expect("written");
    }
    writer.append_key_value_metadata(KeyValue::new("geo".to_owned(), GEO.to_owned()));
    writer.close().expect("written");
}

fn encode(criterion: &mut Criterion) {
    let batch = batch(1..8193, Some(4326));
    let types = [PgType::INT8, PgType::FLOAT8, PgType::TEXT, PgType::GEOMETRY];
    let columns: Vec<OutputColumn> = schema()
        .fields()
        .iter()
        .zip(types)
        .map(|(field, ty)| OutputColumn {
            name: field.name().clone(),
            ty,
            typmod: -1,
            table_oid: 0,
            attnum: 0,
            row_type: 0,
        })
        .collect();
    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(batch.num_rows() as u64));
    for (name, format) in [("text", Format::Text), ("binary", Format::Binary)] {
        let encoder = RowEncoder::new(Env::default(), &columns, &[format; 4]);
        let mut out = Vec::new();
        group.bench_function(name, |bench| {
            bench.iter(|| {
                let rows = encoder.batch(black_box(&batch)).expect("its columns");
                let mut row = 0;
                while row < rows.rows() {
                    out.clear();
                    row = rows.rows_from(row, &mut out, 64 << 10).expect("encoded");
                }
            });
        });
    }
    group.finish();
}

fn main() {
    let arguments: HashMap<String, String> =
        std::env::args().zip(std::env::args().skip(1)).filter(|(name, _)| name.starts_with("--")).collect();
    if let Some(path) = arguments.get("--write") {
        return write(path);
    }
    let mut criterion = Criterion::default().configure_from_args();
    encode(&mut criterion);
    criterion.final_summary();
}
