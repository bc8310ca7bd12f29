//! Record batches of the Storage Read API into the storage of `types::storage`.
//!
//! A value becomes what a page would say of it, and from there what the decoder of pages makes of it, so that both ways give the same rows.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::Buffer;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Decimal256Type, Float64Type, Int64Type, Time64MicrosecondType, TimeUnit,
    TimestampMicrosecondType,
};
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::{MessageHeader, root_as_message};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::decode::{Column, Decoder, How, drift, garbled};
use super::types::Field;
use crate::error::{Error, Result};
use crate::kernels::columns::{ColumnBuilder, date_from_arrow, timestamp_from_arrow};
use crate::kernels::{Env, io};
use crate::types::{Datum, PgType};

/// Reads the IPC messages of one session.
#[derive(Debug)]
pub(super) struct Messages {
    decoder: StreamDecoder,
}

impl Messages {
    /// By the session's schema.
    pub fn new(schema: &[u8]) -> Result<Messages, String> {
        let mut decoder = StreamDecoder::new();
        let found = split(schema)?.into_iter().find(|(header, _)| *header == MessageHeader::Schema);
        let (_, message) = found.ok_or("a session has no schema")?;
        read(&mut decoder, message)?;
        Ok(Messages { decoder })
    }

    /// The batches of one response; a message that is cut is an error.
    pub fn batches(&mut self, serialized: &[u8]) -> Result<Vec<RecordBatch>, String> {
        let mut batches = Vec::new();
        for (header, message) in split(serialized)? {
            match header {
                // An emulator says it again.
                MessageHeader::Schema => {}
                MessageHeader::RecordBatch => {
                    batches.push(read(&mut self.decoder, message)?.ok_or("a record batch is not whole")?);
                }
                other => return Err(format!("a message of Arrow is of another kind: {other:?}")),
            }
        }
        Ok(batches)
    }
}

fn read(decoder: &mut StreamDecoder, message: &[u8]) -> Result<Option<RecordBatch>, String> {
    let mut buffer = Buffer::from(message);
    let batch = decoder.decode(&mut buffer).map_err(|error| error.to_string())?;
    if buffer.is_empty() { Ok(batch) } else { Err("a message of Arrow has more than its length".to_owned()) }
}

/// The encapsulated messages, up to the mark of the end if there is one.
fn split(mut bytes: &[u8]) -> Result<Vec<(MessageHeader, &[u8])>, String> {
    const CONTINUATION: [u8; 4] = [0xff; 4];
    let cut = || "a message of Arrow is cut".to_owned();
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let head = if bytes.starts_with(&CONTINUATION) { 8 } else { 4 };
        let length = bytes.get(head - 4..head).and_then(|length| length.try_into().ok()).ok_or_else(cut)?;
        let length = usize::try_from(i32::from_le_bytes(length)).map_err(|_| cut())?;
        if length == 0 {
            break;
        }
        let metadata = bytes.get(head..head + length).ok_or_else(cut)?;
        let message = root_as_message(metadata).map_err(|error| error.to_string())?;
        let body = usize::try_from(message.bodyLength()).map_err(|_| cut())?;
        let whole = (head + length).checked_add(body).ok_or_else(cut)?;
        let (this, rest) = bytes.split_at_checked(whole).ok_or_else(cut)?;
        messages.push((message.header_type(), this));
        bytes = rest;
    }
    Ok(messages)
}

impl Decoder {
    pub fn batch(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        if batch.num_columns() != self.columns.len() {
            return Err(drift(format!("{} columns came as {}.", self.columns.len(), batch.num_columns())));
        }
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (column, array) in self.columns.iter().zip(batch.columns()) {
            if !is_as_said(&column.field, array.data_type(), column.field.is_repeated()) {
                let (kind, came) = (&column.field.kind, array.data_type());
                return Err(drift(format!("A column of type {kind} came as {came}.")));
            }
            let mut builder = ColumnBuilder::with_capacity(column.ty, array.len());
            for row in 0..array.len() {
                column.append(array, row, &mut builder)?;
            }
            arrays.push(builder.finish());
        }
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options).map_err(Error::internal)
    }
}

impl Column {
    fn append(&self, array: &ArrayRef, row: usize, builder: &mut ColumnBuilder) -> Result<()> {
        let repeated = self.field.is_repeated();
        if array.is_null(row) && !repeated {
            builder.append_null();
            return Ok(());
        }
        // What needs no detour.
        let datum = match (&self.how, self.ty, self.field.ty()) {
            (How::Input, PgType::BOOL, "BOOLEAN") => Datum::Bool(array.as_boolean().value(row)),
            (How::Input, PgType::INT8, "INTEGER") => Datum::Int8(array.as_primitive::<Int64Type>().value(row)),
            (How::Input, PgType::FLOAT8, "FLOAT") => Datum::Float8(array.as_primitive::<Float64Type>().value(row)),
            (How::Bytes, _, "BYTES") => Datum::bytea(bytes(array, row)?),
            (How::Wkb(srid), ..) => self.geometry(bytes(array, row)?, *srid)?,
            _ => self.datum(cell(&self.field, array, row, repeated)?)?,
        };
        builder.append(&datum)
    }
}

/// Is the array of the type that the field has?
fn is_as_said(field: &Field, ty: &DataType, repeated: bool) -> bool {
    use DataType as D;
    if repeated {
        return matches!(ty, D::List(item) if is_as_said(field, item.data_type(), false));
    }
    match (field.ty(), ty) {
        ("BOOLEAN", D::Boolean)
        | ("INTEGER", D::Int64)
        | ("FLOAT", D::Float64)
        | ("NUMERIC", D::Decimal128(..))
        | ("BIGNUMERIC", D::Decimal256(..))
        | ("STRING" | "JSON" | "GEOGRAPHY" | "INTERVAL", D::Utf8)
        | ("BYTES", D::Binary)
        | ("DATE", D::Date32)
        | ("TIME", D::Time64(TimeUnit::Microsecond))
        | ("DATETIME" | "TIMESTAMP", D::Timestamp(TimeUnit::Microsecond, _)) => true,
        ("RECORD", D::Struct(fields)) => {
            fields.len() == field.fields.len()
                && field
                    .fields
                    .iter()
                    .zip(fields)
                    .all(|(inner, came)| is_as_said(inner, came.data_type(), inner.is_repeated()))
        }
        _ => false,
    }
}

fn bytes(array: &ArrayRef, row: usize) -> Result<&[u8]> {
    Ok(array.as_binary_opt::<i32>().ok_or_else(garbled)?.value(row))
}

/// A value as a page says it.
fn cell(field: &Field, array: &ArrayRef, row: usize, repeated: bool) -> Result<Value> {
    if array.is_null(row) {
        // An array there is never NULL.
        return Ok(if repeated { Value::Array(Vec::new()) } else { Value::Null });
    }
    if repeated {
        let items = array.as_list_opt::<i32>().ok_or_else(garbled)?.value(row);
        let items = (0..items.len()).map(|item| Ok(json!({ "v": cell(field, &items, item, false)? })));
        return Ok(Value::Array(items.collect::<Result<_>>()?));
    }
    let output = |ty: PgType, datum: Datum| io::output(&Env::default(), ty, &datum);
    let micros = || Ok(array.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(garbled)?.value(row));
    Ok(Value::String(match field.ty() {
        "BOOLEAN" => array.as_boolean_opt().ok_or_else(garbled)?.value(row).to_string(),
        "INTEGER" => array.as_primitive_opt::<Int64Type>().ok_or_else(garbled)?.value(row).to_string(),
        "FLOAT" => {
            let value = array.as_primitive_opt::<Float64Type>().ok_or_else(garbled)?.value(row);
            output(PgType::FLOAT8, Datum::Float8(value))?
        }
        "NUMERIC" => plain(array.as_primitive_opt::<Decimal128Type>().ok_or_else(garbled)?.value_as_string(row)),
        "BIGNUMERIC" => plain(array.as_primitive_opt::<Decimal256Type>().ok_or_else(garbled)?.value_as_string(row)),
        "STRING" | "JSON" | "GEOGRAPHY" | "INTERVAL" => {
            array.as_string_opt::<i32>().ok_or_else(garbled)?.value(row).to_owned()
        }
        "BYTES" => STANDARD.encode(bytes(array, row)?),
        "DATE" => {
            let days = array.as_primitive_opt::<Date32Type>().ok_or_else(garbled)?.value(row);
            output(PgType::DATE, Datum::Date(date_from_arrow(days)?))?
        }
        "TIME" => {
            let micros = array.as_primitive_opt::<Time64MicrosecondType>().ok_or_else(garbled)?.value(row);
            output(PgType::TIME, Datum::Time(micros))?
        }
        "DATETIME" => {
            output(PgType::TIMESTAMP, Datum::Timestamp(timestamp_from_arrow(micros()?)?))?.replacen(' ', "T", 1)
        }
        "TIMESTAMP" => micros()?.to_string(),
        "RECORD" => {
            let inner = array.as_struct_opt().ok_or_else(garbled)?;
            let cells = field.fields.iter().zip(inner.columns());
            let cells = cells.map(|(field, array)| Ok(json!({ "v": cell(field, array, row, field.is_repeated())? })));
            return Ok(json!({ "f": cells.collect::<Result<Vec<Value>>>()? }));
        }
        _ => return Err(garbled()),
    }))
}

/// A page shows no zeros behind the last digit.
fn plain(text: String) -> String {
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array, Float64Array, Int64Array,
        Int64Builder, ListBuilder, StringArray, StructArray, Time64MicrosecondArray, TimestampMicrosecondArray,
    };
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::{Field as ArrowField, Schema, i256};
    use arrow::ipc::writer::StreamWriter;

    use super::super::decode::{Cell, Row};
    use super::*;
    use crate::dialect::{Carrier, ResultColumn};
    use crate::types::NumericTypmod;

    fn field(kind: &str, mode: &str) -> Field {
        Field { name: "x".to_owned(), kind: kind.to_owned(), mode: Some(mode.to_owned()), ..Field::default() }
    }

    /// Both ways: the same value as a page says it, and as an array.
    fn same(field: Field, ty: PgType, typmod: i32, page: Value, array: ArrayRef) {
        let mut column = ResultColumn::new("c", ty, typmod);
        if ty.is_spatial() {
            column.carrier = Carrier::Wkb { srid: 4326 };
        }
        let decoder = Decoder::new(std::slice::from_ref(&field), &[column]).expect("columns");
        let came = ArrowField::new("x", array.data_type().clone(), true);
        let batch = RecordBatch::try_new(Arc::new(Schema::new(vec![came])), vec![array]).expect("a batch");
        let paged = decoder.rows(vec![Row { f: vec![Cell { v: page }] }, Row { f: vec![Cell { v: Value::Null }] }]);
        let paged = paged.unwrap_or_else(|error| panic!("{field:?}: {error:?}"));
        let found = decoder.batch(&batch).unwrap_or_else(|error| panic!("{field:?}: {error:?}"));
        let of = |batch: &RecordBatch| crate::kernels::columns::datum_at(batch.column(0), 0, ty).expect("a value");
        let shown = |datum: &Datum| io::output(&Env::default(), ty, datum).expect("a text");
        assert_eq!(shown(&of(&paged)), shown(&of(&found)), "{field:?}");
        assert_eq!(paged.schema(), found.schema());
        if found.num_rows() > 1 && !field.is_repeated() {
            assert_eq!(paged.column(0).slice(1, 1).to_data(), found.column(0).slice(1, 1).to_data(), "NULL");
        }
    }

    #[test]
    fn both_ways_give_the_same_values() {
        let text = |text: &str| Value::String(text.to_owned());
        let numeric = NumericTypmod { precision: 38, scale: 9 }.pack();
        let decimal = |value: i128| -> ArrayRef {
            let array = Decimal128Array::from(vec![Some(value), None]);
            Arc::new(array.with_precision_and_scale(38, 9).expect("a scale"))
        };
        let big = |value: i256| -> ArrayRef {
            let array = Decimal256Array::from(vec![Some(value), None]);
            Arc::new(array.with_precision_and_scale(76, 38).expect("a scale"))
        };
        let ints = |value: i64| -> ArrayRef { Arc::new(Int64Array::from(vec![Some(value), None])) };
        let floats = |value: f64| -> ArrayRef { Arc::new(Float64Array::from(vec![Some(value), None])) };
        let strings = |value: &str| -> ArrayRef { Arc::new(StringArray::from(vec![Some(value), None])) };
        let moments = |value: i64| -> ArrayRef { Arc::new(TimestampMicrosecondArray::from(vec![Some(value), None])) };
        let binary = |value: &[u8]| -> ArrayRef { Arc::new(BinaryArray::from(vec![Some(value), None])) };
        let point = STANDARD.decode("AQEAAAAAAAAAAADwPwAAAAAAAABA").expect("base64");
        let one = i256::from_string("100000000000000000000000000000000000000").expect("a number");
        for (kind, ty, typmod, page, array) in [
            ("BOOL", PgType::BOOL, -1, "true", Arc::new(BooleanArray::from(vec![Some(true), None])) as ArrayRef),
            ("INT64", PgType::INT8, -1, "-9223372036854775808", ints(i64::MIN)),
            ("INT64", PgType::INT4, -1, "7", ints(7)),
            ("INT64", PgType::NUMERIC, -1, "7", ints(7)),
            ("INT64", PgType::TIMESTAMPTZ, -1, "1577934245678901", ints(1_577_934_245_678_901)),
            ("FLOAT64", PgType::FLOAT8, -1, "0.1", floats(0.1)),
            ("FLOAT64", PgType::FLOAT8, -1, "1e+20", floats(1e20)),
            ("FLOAT64", PgType::FLOAT8, -1, "NaN", floats(f64::NAN)),
            ("FLOAT64", PgType::FLOAT8, -1, "-inf", floats(f64::NEG_INFINITY)),
            ("NUMERIC", PgType::NUMERIC, numeric, "12.5", decimal(12_500_000_000)),
            ("NUMERIC", PgType::NUMERIC, -1, "12.5", decimal(12_500_000_000)),
            ("NUMERIC", PgType::NUMERIC, -1, "-0.000000001", decimal(-1)),
            ("NUMERIC", PgType::NUMERIC, -1, "100", decimal(100_000_000_000)),
            ("BIGNUMERIC", PgType::NUMERIC, -1, "1", big(one)),
            ("BIGNUMERIC", PgType::NUMERIC, -1, "0.00000000000000000000000000000000000001", big(i256::ONE)),
            ("STRING", PgType::TEXT, -1, "a\"b\u{1f1eb}", strings("a\"b\u{1f1eb}")),
            ("STRING", PgType::TEXT, -1, "", strings("")),
            ("JSON", PgType::JSONB, -1, "{\"b\": 1.50, \"a\": [null]}", strings("{\"b\": 1.50, \"a\": [null]}")),
            ("BYTES", PgType::BYTEA, -1, "AP8=", binary(&[0, 255])),
            ("BYTES", PgType::GEOGRAPHY, -1, "AQEAAAAAAAAAAADwPwAAAAAAAABA", binary(&point)),
            ("BYTES", PgType::GEOMETRY, -1, "AQEAAAAAAAAAAADwPwAAAAAAAABA", binary(&point)),
            ("DATE", PgType::DATE, -1, "0001-01-01", Arc::new(Date32Array::from(vec![Some(-719_162), None]))),
            ("DATE", PgType::DATE, -1, "9999-12-31", Arc::new(Date32Array::from(vec![Some(2_932_896), None]))),
            (
                "TIME",
                PgType::TIME,
                -1,
                "03:04:05.500000",
                Arc::new(Time64MicrosecondArray::from(vec![Some(11_045_500_000), None])),
            ),
            ("DATETIME", PgType::TIMESTAMP, -1, "2020-01-02T03:04:05.678901", moments(1_577_934_245_678_901)),
            ("DATETIME", PgType::TIMESTAMP, -1, "2020-01-02T03:04:05", moments(1_577_934_245_000_000)),
        ] {
            same(field(kind, "NULLABLE"), ty, typmod, text(page), array);
        }
    }

    #[test]
    fn arrays_and_structs_are_the_same_too() {
        let mut list = ListBuilder::new(Int64Builder::new());
        list.append_value([Some(3), Some(4)]);
        list.append(true);
        let list: ArrayRef = Arc::new(list.finish());
        let page = json!([{ "v": "3" }, { "v": "4" }]);
        same(field("INT64", "REPEATED"), PgType::JSONB, -1, page, Arc::clone(&list));
        // Every type within a struct, and structs in an array.
        let columns: Vec<(&str, Value, ArrayRef)> = vec![
            ("BOOL", json!("false"), Arc::new(BooleanArray::from(vec![false, true]))),
            ("FLOAT64", json!("1.0"), Arc::new(Float64Array::from(vec![1.0, f64::NAN]))),
            ("FLOAT64", json!("1E20"), Arc::new(Float64Array::from(vec![1e20, 0.5]))),
            (
                "NUMERIC",
                json!("12.5"),
                Arc::new(
                    Decimal128Array::from(vec![12_500_000_000, 0]).with_precision_and_scale(38, 9).expect("a scale"),
                ),
            ),
            ("STRING", Value::Null, Arc::new(StringArray::from(vec![None, Some("x")]))),
            ("JSON", json!("{\"a\":1}"), Arc::new(StringArray::from(vec!["{\"a\":1}", "null"]))),
            ("BYTES", json!("AP8="), Arc::new(BinaryArray::from(vec![&[0_u8, 255][..], &[]]))),
            ("DATE", json!("2020-02-29"), Arc::new(Date32Array::from(vec![18_321, 0]))),
            ("TIME", json!("03:04:05.5"), Arc::new(Time64MicrosecondArray::from(vec![11_045_500_000, 0]))),
            (
                "DATETIME",
                json!("2020-01-02T03:04:05.500000"),
                Arc::new(TimestampMicrosecondArray::from(vec![1_577_934_245_500_000, 0])),
            ),
            (
                "TIMESTAMP",
                json!("1577934245500000"),
                Arc::new(TimestampMicrosecondArray::from(vec![1_577_934_245_500_000, 0]).with_timezone("UTC")),
            ),
        ];
        let mut fields: Vec<Field> = columns.iter().map(|(kind, ..)| field(kind, "NULLABLE")).collect();
        fields.push(field("INTEGER", "REPEATED"));
        let mut page: Vec<Value> = columns.iter().map(|(_, page, _)| json!({ "v": page })).collect();
        page.push(json!({ "v": [{ "v": "3" }, { "v": "4" }] }));
        let mut arrays: Vec<ArrayRef> = columns.into_iter().map(|(.., array)| array).collect();
        arrays.push(list);
        let came = arrays
            .iter()
            .enumerate()
            .map(|(n, array)| ArrowField::new(format!("f{n}"), array.data_type().clone(), true));
        let inner: ArrayRef = Arc::new(StructArray::new(came.collect(), arrays, None));
        let record = Field { fields, ..field("RECORD", "NULLABLE") };
        let one = json!({ "f": page });
        same(
            record.clone(),
            PgType::JSONB,
            -1,
            one.clone(),
            Arc::new(arrow::array::StructArray::from(inner.slice(0, 1).to_data())),
        );
        let item = Arc::new(ArrowField::new("item", inner.data_type().clone(), true));
        let lists = arrow::array::ListArray::new(item, OffsetBuffer::new(vec![0, 1].into()), inner.slice(0, 1), None);
        let repeated = Field { mode: Some("REPEATED".to_owned()), ..record };
        same(repeated, PgType::JSONB, -1, json!([{ "v": one }]), Arc::new(lists));
    }

    #[test]
    fn messages_are_whole_or_told() {
        let schema = Arc::new(Schema::new(vec![ArrowField::new("x", DataType::Int64, true)]));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(Int64Array::from(vec![1, 2, 3]))]);
        let mut stream = Vec::new();
        let mut writer = StreamWriter::try_new(&mut stream, &schema).expect("a writer");
        writer.write(&batch.expect("a batch")).expect("written");
        writer.finish().expect("written");
        let parts = split(&stream).expect("messages");
        assert_eq!(parts.len(), 2);
        let (schema, batch) = (parts[0].1, parts[1].1);
        for (head, body) in [(schema, batch), (&stream[..], &stream[..])] {
            let mut messages = Messages::new(head).expect("a schema");
            for _ in 0..2 {
                let batches = messages.batches(body).expect("a batch");
                assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
            }
        }
        for length in 1..batch.len() {
            let found = Messages::new(schema).expect("a schema").batches(&batch[..length]);
            assert!(found.is_err(), "{length} of {}", batch.len());
        }
        for length in 0..schema.len() {
            assert!(Messages::new(&schema[..length]).is_err(), "{length}");
        }
        let decoder = Decoder::new(&[field("STRING", "NULLABLE")], &[ResultColumn::new("c", PgType::TEXT, -1)]);
        let numbers = RecordBatch::try_from_iter([("x", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]);
        let error = decoder.expect("a decoder").batch(&numbers.expect("a batch")).expect_err("another type");
        assert_eq!(error.state().code(), "0A000");
    }
}
