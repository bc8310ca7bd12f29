//! Parameters: `EXECUTE IMMEDIATE '...' USING ...`, each a text that the printed statement takes to its type.

use std::borrow::Cow;
use std::fmt::Write;

use crate::dialect::{Dialect, Param, TargetSql};
use crate::error::{Error, Result};
use crate::kernels::spatial::{geometry::Geometry, wkb};
use crate::kernels::{Env, io};
use crate::types::Datum;

/// The text that is posted.
pub(super) fn bound<'a>(sql: &'a TargetSql, values: &[Datum]) -> Result<Cow<'a, str>> {
    if sql.params().len() != values.len() {
        return Err(Error::internal("a statement needs one value per parameter"));
    }
    if values.is_empty() {
        return Ok(Cow::Borrowed(sql.text()));
    }
    let quoting = Dialect::by_name("trino")?.text.quoting;
    let mut text = ["EXECUTE IMMEDIATE ", &quoting.literal(sql.text())?, " USING "].concat();
    for (n, (param, value)) in sql.params().iter().zip(values).enumerate() {
        if n > 0 {
            text.push_str(", ");
        }
        match said(param, value)? {
            None => text.push_str("CAST(NULL AS VARCHAR)"),
            Some(value) => text.push_str(&quoting.literal(&value)?),
        }
    }
    Ok(Cow::Owned(text))
}

/// The value's text: PostgreSQL's, or hexadecimal digits of bytes and of WKB.
fn said(param: &Param, value: &Datum) -> Result<Option<String>> {
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            let _ = write!(out, "{byte:02X}");
            out
        })
    };
    Ok(match value {
        Datum::Null => None,
        Datum::Bytea(bytes) => Some(hex(bytes)),
        value if param.ty.is_spatial() => {
            let geometry = Geometry::from_datum(value)?;
            Some(hex(&wkb::write(&geometry, wkb::ByteOrder::Little, wkb::Variant::Iso)))
        }
        Datum::Bool(value) => Some(if *value { "true" } else { "false" }.to_owned()),
        value => Some(io::output(&Env::default(), param.ty, value)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::ParamSource;
    use crate::types::PgType;

    #[test]
    fn parameters_are_quoted_texts() {
        let param = |ty: PgType| Param { ty, source: ParamSource::Client(0) };
        let sql = TargetSql::for_test(
            "SELECT 'a' WHERE CAST(? AS VARCHAR) = from_hex(?)",
            vec![param(PgType::TEXT), param(PgType::BYTEA), param(PgType::INT4)],
            Vec::new(),
        );
        let values = [Datum::text("it's ?"), Datum::bytea([0xAA, 0]), Datum::Null];
        assert_eq!(
            bound(&sql, &values).expect("a text"),
            "EXECUTE IMMEDIATE 'SELECT ''a'' WHERE CAST(? AS VARCHAR) = from_hex(?)' USING 'it''s ?', 'AA00', CAST(NULL AS VARCHAR)"
        );
        assert!(bound(&sql, &values[..1]).is_err());
    }
}
