//! Parameters: a [`Datum`] in the remote's binary form where it is simple, else in text.

use super::remote_types::RemoteTypes;
use super::rewrite::{self, OidMap};
use crate::dialect::TargetSql;
use crate::error::{Error, Result, SqlState};
use crate::kernels::{Env, io};
use crate::types::{Datum, PgType};

/// A value as Bind carries it.
#[derive(Debug)]
pub(super) struct Param {
    /// 0 text, 1 binary.
    pub format: i16,
    pub value: Option<Vec<u8>>,
}

/// The declared types of a statement's parameters, in the remote's oids.
pub(super) fn oids(sql: &TargetSql, types: &RemoteTypes) -> Result<Vec<u32>> {
    sql.params().iter().map(|param| types.remote(param.ty)).collect()
}

/// The values of a statement's parameters.
pub(super) fn params(sql: &TargetSql, values: &[Datum], types: &RemoteTypes) -> Result<Vec<Param>> {
    if sql.params().len() != values.len() {
        return Err(Error::internal("a statement needs one value per parameter"));
    }
    if values.len() > usize::from(u16::MAX) {
        return Err(Error::new(SqlState::PROGRAM_LIMIT_EXCEEDED, "a statement has more than 65535 parameters"));
    }
    sql.params().iter().zip(values).map(|(param, value)| encode(param.ty, value, types)).collect()
}

fn encode(ty: PgType, value: &Datum, types: &RemoteTypes) -> Result<Param> {
    let binary = |bytes: &[u8]| Ok(Param { format: 1, value: Some(bytes.to_vec()) });
    let text = |text: &str| Ok(Param { format: 0, value: Some(text.as_bytes().to_vec()) });
    match (ty, value) {
        (_, Datum::Null) => Ok(Param { format: 0, value: None }),
        (PgType::BOOL, Datum::Bool(value)) => binary(&[u8::from(*value)]),
        (PgType::INT2 | PgType::INT4 | PgType::INT8, value) if value.as_i64().is_some() => {
            let wide = value.as_i64().unwrap_or_default();
            match ty {
                PgType::INT2 => binary(&i16::try_from(wide).map_err(|_| range(ty))?.to_be_bytes()),
                PgType::INT4 => binary(&i32::try_from(wide).map_err(|_| range(ty))?.to_be_bytes()),
                _ => binary(&wide.to_be_bytes()),
            }
        }
        (PgType::FLOAT4, Datum::Float4(value)) => binary(&value.to_be_bytes()),
        (PgType::FLOAT8, Datum::Float8(value)) => binary(&value.to_be_bytes()),
        (PgType::FLOAT8, Datum::Float4(value)) => binary(&f64::from(*value).to_be_bytes()),
        (PgType::BYTEA, Datum::Bytea(value)) => binary(value),
        (PgType::DATE, Datum::Date(days)) => binary(&days.to_be_bytes()),
        (PgType::TIME, Datum::Time(micros))
        | (PgType::TIMESTAMP, Datum::Timestamp(micros))
        | (PgType::TIMESTAMPTZ, Datum::Timestamptz(micros)) => binary(&micros.to_be_bytes()),
        (PgType::TIMETZ, Datum::Timetz(micros, zone)) => {
            binary(&[&micros.to_be_bytes()[..], &zone.to_be_bytes()[..]].concat())
        }
        (PgType::INTERVAL, Datum::Interval(value)) => binary(
            &[&value.micros.to_be_bytes()[..], &value.days.to_be_bytes()[..], &value.months.to_be_bytes()[..]].concat(),
        ),
        (PgType::UUID, Datum::Uuid(bytes)) => binary(bytes),
        (PgType::GEOMETRY | PgType::GEOGRAPHY, Datum::Geometry(value)) => binary(&value.0),
        // A reg* value goes by number: its name may mean another object there, so that is bind's affair.
        (ty, Datum::Oid(oid)) if ty.is_oid_like() || ty == PgType::XID || ty == PgType::CID => {
            binary(&oid.to_be_bytes())
        }
        (_, Datum::Text(value)) => text(value),
        (_, Datum::Array(_) | Datum::Record(_)) => {
            let sent = io::send(&Env::default(), ty, value)?;
            let map = ToRemote(types);
            let sent = if ty == PgType::RECORD { rewrite::record(&sent, &map)? } else { rewrite::array(&sent, &map)? };
            Ok(Param { format: 1, value: Some(sent) })
        }
        _ => text(&io::output(&Env::default(), ty, value)?),
    }
}

fn range(ty: PgType) -> Error {
    Error::new(SqlState::NUMERIC_VALUE_OUT_OF_RANGE, ["value out of range for type ", &ty.name()].concat())
}

struct ToRemote<'a>(&'a RemoteTypes);

impl OidMap for ToRemote<'_> {
    fn map(&self, oid: u32) -> Result<(u32, PgType)> {
        Ok((self.0.remote(PgType(oid))?, PgType(oid)))
    }
}
