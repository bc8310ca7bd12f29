//! Definitions of the system relations, rows of the static ones, and building rows by column name.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::error::{Error, Result};
use crate::kernels::{Env, io};
use crate::types::{ArrayValue, Datum, PgType};

/// A system relation.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) oid: u32,
    pub(crate) schema: &'static str,
    pub(crate) name: &'static str,
    pub(crate) is_view: bool,
    pub(crate) columns: Vec<DefinedColumn>,
}

#[derive(Debug)]
pub(crate) struct DefinedColumn {
    pub(crate) attnum: i16,
    pub(crate) name: &'static str,
    pub(crate) ty: PgType,
    pub(crate) typmod: i32,
    pub(crate) not_null: bool,
}

/// All definitions, in the order of the data file.
pub(crate) fn definitions() -> &'static [Definition] {
    static DEFINITIONS: OnceLock<Vec<Definition>> = OnceLock::new();
    DEFINITIONS.get_or_init(|| {
        let mut all: Vec<Definition> = Vec::new();
        for line in include_str!("data/columns.tsv").lines() {
            let fields: Vec<&'static str> = line.split('\t').collect();
            let [oid, schema, name, kind, attnum, column, ty, typmod, not_null] = fields[..] else { continue };
            let oid = oid.parse().expect("columns.tsv has an oid");
            if all.last().is_none_or(|last| last.oid != oid) {
                all.push(Definition { oid, schema, name, is_view: kind == "v", columns: Vec::new() });
            }
            let column = DefinedColumn {
                attnum: attnum.parse().expect("columns.tsv has an attnum"),
                name: column,
                ty: PgType::by_name(ty).expect("columns.tsv names known types"),
                typmod: typmod.parse().expect("columns.tsv has a typmod"),
                not_null: not_null == "t",
            };
            if let Some(last) = all.last_mut() {
                last.columns.push(column);
            }
        }
        all
    })
}

pub(crate) fn definition(schema: &str, name: &str) -> Option<&'static Definition> {
    definitions().iter().find(|definition| definition.schema == schema && definition.name == name)
}

/// Builds rows of one relation.
pub(crate) struct Rows {
    definition: &'static Definition,
    index: HashMap<&'static str, usize>,
    zeros: Vec<Datum>,
    rows: Vec<Vec<Datum>>,
}

impl Rows {
    pub(crate) fn new(definition: &'static Definition) -> Rows {
        Rows {
            definition,
            index: definition.columns.iter().enumerate().map(|(index, column)| (column.name, index)).collect(),
            zeros: definition
                .columns
                .iter()
                .map(|column| if column.not_null { zero(column.ty) } else { Datum::Null })
                .collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; columns not named keep NULL or zero. A name that the relation lacks is a bug of ours.
    pub(crate) fn push(&mut self, values: &[(&'static str, Datum)]) -> Result<()> {
        let mut row = self.zeros.clone();
        for (name, value) in values {
            let index = *self
                .index
                .get(name)
                .ok_or_else(|| Error::internal(format!("{} has no column {name}", self.definition.name)))?;
            row[index] = value.clone();
        }
        self.rows.push(row);
        Ok(())
    }

    /// Adds the rows of a static table in COPY text format.
    pub(crate) fn push_static(&mut self, text: &str) -> Result<()> {
        let env = Env::default();
        for line in text.lines() {
            let row = line
                .split('\t')
                .zip(&self.definition.columns)
                .map(|(field, column)| static_value(&env, column.ty, field))
                .collect::<Result<Vec<_>>>()?;
            self.rows.push(row);
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Vec<Vec<Datum>> {
        self.rows
    }
}

fn static_value(env: &Env, ty: PgType, field: &str) -> Result<Datum> {
    match ty {
        _ if field == "\\N" => Ok(Datum::Null),
        PgType::REGPROC if field == "-" => Ok(Datum::Oid(0)),
        PgType::REGPROC => Ok(Datum::Oid(regproc_names().get(field).copied().unwrap_or(0))),
        _ => io::input(env, ty, -1, &field.replace("\\\\", "\\")),
    }
}

/// Names and oids of the support functions (type I/O ...) that static rows refer to, beside the language's own functions.
pub fn regproc_names() -> &'static HashMap<&'static str, u32> {
    static NAMES: OnceLock<HashMap<&'static str, u32>> = OnceLock::new();
    NAMES.get_or_init(|| {
        include_str!("data/procs.tsv")
            .lines()
            .filter_map(|line| {
                let mut fields = line.split('\t');
                let oid = fields.next()?.parse().ok()?;
                Some((fields.nth(1)?, oid))
            })
            .collect()
    })
}

fn zero(ty: PgType) -> Datum {
    match ty {
        PgType::BOOL => Datum::Bool(false),
        PgType::INT2 => Datum::Int2(0),
        PgType::INT4 => Datum::Int4(0),
        PgType::INT8 => Datum::Int8(0),
        PgType::FLOAT4 => Datum::Float4(0.0),
        PgType::FLOAT8 => Datum::Float8(0.0),
        PgType::XID => Datum::Oid(0),
        PgType::INT2VECTOR | PgType::OIDVECTOR => vector(ty.element().unwrap_or(PgType::OID), Vec::new()),
        ty if ty.is_oid_like() => Datum::Oid(0),
        ty if ty.is_array() => array(ty.element().unwrap_or(PgType::TEXT), Vec::new()),
        _ => Datum::text(""),
    }
}

/// An ordinary array.
pub(crate) fn array(element: PgType, values: Vec<Datum>) -> Datum {
    Datum::Array(ArrayValue::vector(element, values).into())
}

/// int2vector or oidvector: one dimension, lower bound 0.
pub(crate) fn vector(element: PgType, values: Vec<Datum>) -> Datum {
    let dimensions = vec![(values.len() as i32, 0)];
    Datum::Array(ArrayValue { element, dimensions, values }.into())
}

/// NULL or text.
pub(crate) fn optional_text(value: Option<impl AsRef<str>>) -> Datum {
    value.map_or(Datum::Null, |value| Datum::text(value))
}

/// A "char" value.
pub(crate) fn char_value(value: char) -> Datum {
    if value == '\0' { Datum::text("") } else { Datum::text(value.to_string()) }
}
