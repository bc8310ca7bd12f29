//! Conversions, without a driver. What runs a driver is in `tests/duckdb.rs`.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Date32Array, Decimal128Array, Int32Array, Int64Array, ListBuilder, StringArray,
    StringBuilder, StructArray, TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;

use super::convert::{Converter, datums};
use crate::dialect::ResultColumn;
use crate::error::Error;
use crate::kernels::{Env, io};
use crate::types::{Datum, GeometryTypmod, PgType};

fn column(ty: PgType, typmod: i32) -> ResultColumn {
    ResultColumn::new("c", ty, typmod)
}

/// PostgreSQL's texts of one converted column.
fn texts(array: ArrayRef, ty: PgType, typmod: i32) -> Result<Vec<Option<String>>, Error> {
    let schema = Schema::new(vec![Field::new("c", array.data_type().clone(), true)]);
    let batch = RecordBatch::try_new(Arc::new(schema.clone()), vec![array]).expect("a batch");
    let batch = Converter::new(&schema, &[column(ty, typmod)])?.convert(&batch)?;
    (0..batch.num_rows())
        .map(|row| match crate::kernels::columns::datum_at(batch.column(0), row, ty)? {
            Datum::Null => Ok(None),
            value => io::output(&Env::default(), ty, &value).map(Some),
        })
        .collect()
}

fn some(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|value| (*value != "NULL").then(|| (*value).to_owned())).collect()
}

#[test]
fn numbers_keep_their_digits() {
    let decimals = Decimal128Array::from(vec![Some(1250), None, Some(-5), Some(0)]);
    let decimals: ArrayRef = Arc::new(decimals.with_precision_and_scale(10, 2).expect("a scale"));
    assert_eq!(texts(decimals, PgType::NUMERIC, -1).expect("numeric"), some(&["12.50", "NULL", "-0.05", "0.00"]));
    let huge = Decimal128Array::from(vec![Some(i128::MAX)]).with_precision_and_scale(38, 0).expect("a scale");
    assert_eq!(
        texts(Arc::new(huge.clone()), PgType::NUMERIC, -1).expect("numeric"),
        some(&["170141183460469231731687303715884105727"])
    );
    let error = texts(Arc::new(huge), PgType::INT8, -1).expect_err("out of range");
    assert_eq!((error.state().code(), error.message()), ("22003", "bigint out of range"));
    let unsigned: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX]));
    assert_eq!(texts(Arc::clone(&unsigned), PgType::NUMERIC, -1).expect("numeric"), some(&["18446744073709551615"]));
    assert_eq!(texts(unsigned, PgType::INT8, -1).expect_err("out of range").state().code(), "22003");
    let wide: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None]));
    assert_eq!(texts(Arc::clone(&wide), PgType::INT4, -1).expect("int4"), some(&["7", "NULL"]));
    assert_eq!(texts(wide, PgType::FLOAT8, -1).expect_err("drift").state().code(), "0A000");
}

#[test]
fn times_keep_infinity_and_refuse_what_does_not_fit() {
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![i32::MAX, -i32::MAX, 0, -2_440_588]));
    assert_eq!(
        texts(dates, PgType::DATE, -1).expect("dates"),
        some(&["infinity", "-infinity", "1970-01-01", "4714-11-24 BC"])
    );
    let outside: ArrayRef = Arc::new(Date32Array::from(vec![-2_440_589]));
    assert_eq!(texts(outside, PgType::DATE, -1).expect_err("too early").state().code(), "22008");
    let micros: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![i64::MAX, -i64::MAX, 1]));
    assert_eq!(
        texts(Arc::clone(&micros), PgType::TIMESTAMP, -1).expect("timestamps"),
        some(&["infinity", "-infinity", "1970-01-01 00:00:00.000001"])
    );
    // Without a zone it is no timestamptz.
    assert_eq!(texts(micros, PgType::TIMESTAMPTZ, -1).expect_err("drift").state().code(), "0A000");
    let zoned: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC"));
    assert_eq!(texts(zoned, PgType::TIMESTAMPTZ, -1).expect("timestamptz"), some(&["1970-01-01 00:00:00+00"]));
    let nanos: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![1500]));
    assert_eq!(texts(nanos, PgType::TIMESTAMP, -1).expect_err("too precise").state().code(), "22008");
}

#[test]
fn geometries_get_the_srid_of_their_column() {
    let mut point = vec![1, 1, 0, 0, 0];
    point.extend([1.0_f64, 2.0].iter().flat_map(|value| value.to_le_bytes()));
    let mut iso_z = vec![0, 0, 0, 3, 0xe9];
    iso_z.extend([1.0_f64, 2.0, 3.0].iter().flat_map(|value| value.to_be_bytes()));
    let empty = [&[1, 1, 0, 0, 0][..], &f64::NAN.to_le_bytes(), &f64::NAN.to_le_bytes()].concat();
    let values: ArrayRef = Arc::new(BinaryArray::from_opt_vec(vec![Some(&point), None, Some(&iso_z), Some(&empty)]));
    let typmod = GeometryTypmod { srid: 4326, ..GeometryTypmod::default() }.pack();
    // select 'SRID=4326;POINT(1 2)'::geometry, ... on PostGIS 3.3.
    assert_eq!(
        texts(Arc::clone(&values), PgType::GEOMETRY, typmod).expect("geometries"),
        some(&[
            "0101000020E6100000000000000000F03F0000000000000040",
            "NULL",
            "01010000A0E6100000000000000000F03F00000000000000400000000000000840",
            "0101000020E6100000000000000000F87F000000000000F87F",
        ])
    );
    let bare = texts(values, PgType::GEOMETRY, -1).expect("geometries");
    assert_eq!(bare[0].as_deref(), Some("0101000000000000000000F03F0000000000000040"));
    let broken: ArrayRef = Arc::new(BinaryArray::from_vec(vec![&point[..9]]));
    assert_eq!(texts(broken, PgType::GEOMETRY, -1).expect_err("cut").state().code(), "22000");
}

#[test]
fn lists_are_arrays_and_structs_are_json() {
    let int_array = PgType::INT4.array().expect("int4[]");
    let lists = arrow::array::ListArray::from_iter_primitive::<arrow::datatypes::Int32Type, _, _>(vec![
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
    ]);
    assert_eq!(texts(Arc::new(lists), int_array, -1).expect("arrays"), some(&["{1,NULL}", "NULL", "{}"]));
    let mut nested = ListBuilder::new(ListBuilder::new(StringBuilder::new()));
    for row in [[["a", "b"], ["c", "d"]]] {
        for inner in row {
            inner.iter().for_each(|value| nested.values().values().append_value(value));
            nested.values().append(true);
        }
        nested.append(true);
    }
    let text_array = PgType::TEXT.array().expect("text[]");
    assert_eq!(texts(Arc::new(nested.finish()), text_array, -1).expect("arrays"), some(&["{{a,b},{c,d}}"]));
    nested.values().append(false);
    nested.append(true);
    let error = texts(Arc::new(nested.finish()), text_array, -1).expect_err("a NULL list in a list");
    assert_eq!(error.state().code(), "2202E");
    let fields = vec![Field::new("x", DataType::Int32, true), Field::new("a", DataType::Utf8, true)];
    let columns: Vec<ArrayRef> =
        vec![Arc::new(Int32Array::from(vec![1])), Arc::new(StringArray::from(vec![Some("q\"")]))];
    let objects: ArrayRef = Arc::new(StructArray::new(fields.into(), columns, None));
    assert_eq!(texts(objects, PgType::JSONB, -1).expect("jsonb"), some(&[r#"{"a": "q\"", "x": 1}"#]));
}

#[test]
fn texts_without_a_zero_byte() {
    let plain: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
    assert_eq!(texts(Arc::clone(&plain), PgType::TEXT, -1).expect("text"), some(&["a", "NULL"]));
    let zero: ArrayRef = Arc::new(StringArray::from(vec!["a\0b"]));
    assert_eq!(texts(zero, PgType::TEXT, -1).expect_err("a zero byte").state().code(), "22021");
    let schema = Schema::new(vec![Field::new("c", DataType::Utf8, true), Field::new("d", DataType::Utf8, true)]);
    let error = Converter::new(&schema, &[column(PgType::TEXT, -1)]).err().expect("one column too many");
    assert_eq!(error.state().code(), "0A000");
    let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![Field::new("c", DataType::Utf8, true)])), vec![plain])
        .expect("a batch");
    let rows = datums(&batch.schema(), &[batch], &[PgType::TEXT]).expect("rows");
    assert_eq!(rows.len(), 2);
}
