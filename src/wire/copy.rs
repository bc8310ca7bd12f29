//! COPY ... TO STDOUT, and the arguments of EXECUTE.

use std::sync::Arc;

use crate::sql::ast::{Node, ResTarget, SelectStmt, TypeCast, TypeName};

use super::connection::{Connection, Fail, next_rows};
use super::encode::{BatchEncoder, RowEncoder};
use crate::connector::{Format, Rows};
use crate::error::{Error, Result, SqlState};
use crate::kernels::columns::datum_at;
use crate::session::OutputColumn;
use crate::sql::{CopyFormat, CopyOptions, CopyOut, ForceQuote, Kind, Statement, Tree};
use crate::types::{Datum, PgType};

/// What starts a binary COPY: signature, flags, length of the extension.
const BINARY_HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

impl Connection {
    /// Runs a COPY to the client; answers its tag.
    pub(super) async fn copy_out(&mut self, copy: &CopyOut) -> Result<String, Fail> {
        if !copy.to_stdout {
            return Err(Error::unsupported("COPY to a file or program").into());
        }
        let plan = self.prepare(&copy.query, &[]).await?;
        if !plan.params().is_empty() {
            return Err(Error::new(SqlState::UNDEFINED_PARAMETER, "there is no parameter $1").into());
        }
        if !plan.returns_rows() {
            return Err(Error::new(SqlState::FEATURE_NOT_SUPPORTED, "COPY query must have a RETURNING clause").into());
        }
        let quoted = forced(&copy.options, plan.columns())?;
        let mut running = self.open(&plan, Vec::new(), None).await?;
        self.send_notices();
        let binary = copy.options.format == CopyFormat::Binary;
        let format = if binary { Format::Binary } else { Format::Text };
        let columns = running.columns.clone();
        self.writer.copy_out_response(format, columns.len());
        let env = self.session.executor.env(&self.session.context);
        let encoder = RowEncoder::new(env, &columns, &vec![format; columns.len()]);
        let (mut count, mut line, mut field) = (0_u64, Vec::new(), Vec::new());
        if binary {
            line.extend_from_slice(BINARY_HEADER);
        } else if copy.options.header {
            for (at, column) in columns.iter().enumerate() {
                if at > 0 {
                    line.push(copy.options.delimiter);
                }
                put_field(&mut line, column.name.as_bytes(), &copy.options, false, columns.len() == 1);
            }
            line.push(b'\n');
            self.copy_data(&mut line);
        }
        loop {
            let Some(rows) = next_rows(&self.cancel, self.deadline, &mut running, 65_536).await? else { break };
            let Rows::Batch(batch) = rows else {
                return Err(Error::internal("framed rows for COPY").into());
            };
            let rows = encoder.batch(&batch)?;
            for row in 0..rows.rows() {
                if binary {
                    rows.copy_binary(row, &mut line)?;
                } else {
                    text_row(&rows, row, &columns, &copy.options, &quoted, &mut field, &mut line)?;
                }
                self.copy_data(&mut line);
                self.send_full().await?;
            }
            count += rows.rows() as u64;
        }
        if binary {
            line.extend_from_slice(&[0xff, 0xff]);
            self.copy_data(&mut line);
        }
        running.close().await?;
        self.writer.empty(b'c');
        Ok(format!("COPY {count}"))
    }

    fn copy_data(&mut self, line: &mut Vec<u8>) {
        self.writer.message(b'd', |body| body.extend_from_slice(line));
        line.clear();
    }

    /// The values of EXECUTE's arguments: a query of its own, each cast to its parameter's type.
    pub(super) async fn arguments(
        &mut self,
        statement: &Arc<Statement>,
        arguments: &[Node],
        types: &[PgType],
    ) -> Result<Vec<Datum>, Fail> {
        if arguments.is_empty() {
            return Ok(Vec::new());
        }
        let target_list = arguments.iter().zip(types).map(|(node, ty)| target(node, *ty)).collect::<Result<_>>()?;
        let select = SelectStmt { target_list, ..SelectStmt::default() };
        let node = Node::SelectStmt(Box::new(select));
        let (text_range, source) = (statement.text_range.clone(), statement.source.clone());
        let query = Arc::new(Statement::new(Kind::Query(Tree::new(node, text_range.len())), text_range, source));
        let plan = self.prepare(&query, &[]).await?;
        let mut running = self.open(&plan, Vec::new(), None).await?;
        let rows = next_rows(&self.cancel, self.deadline, &mut running, 1).await?;
        running.close().await?;
        let Some(Rows::Batch(batch)) = rows else { return Err(Error::internal("no row of arguments").into()) };
        let values = batch
            .columns()
            .iter()
            .zip(types)
            .map(|(array, ty)| if array.is_null(0) { Ok(Datum::Null) } else { datum_at(array.as_ref(), 0, *ty) });
        Ok(values.collect::<Result<_>>()?)
    }
}

fn target(node: &Node, ty: PgType) -> Result<Node> {
    if ty.is_foreign() {
        return Err(Error::unsupported("EXECUTE with a parameter of a source's own type"));
    }
    let word = |text: &str| Node::String(text.to_owned());
    let own = ty.is_spatial() || ty.element().is_some_and(PgType::is_spatial);
    let names = if own { vec![word(&ty.name())] } else { vec![word("pg_catalog"), word(&ty.name())] };
    let type_name = TypeName { names, location: -1, ..TypeName::default() };
    let cast = TypeCast { arg: Some(node.clone()), type_name: Some(Box::new(type_name)), location: -1 };
    let val = Some(Node::TypeCast(Box::new(cast)));
    let target = ResTarget { name: String::new(), indirection: Vec::new(), val, location: -1 };
    Ok(Node::ResTarget(Box::new(target)))
}

/// Which columns FORCE_QUOTE names.
fn forced(options: &CopyOptions, columns: &[OutputColumn]) -> Result<Vec<bool>> {
    match &options.force_quote {
        ForceQuote::All => Ok(vec![true; columns.len()]),
        ForceQuote::Columns(names) => {
            for name in names {
                if !columns.iter().any(|column| column.name == *name) {
                    return Err(Error::new(SqlState::UNDEFINED_COLUMN, format!("column \"{name}\" does not exist")));
                }
            }
            Ok(columns.iter().map(|column| names.contains(&column.name)).collect())
        }
    }
}

fn text_row(
    rows: &BatchEncoder<'_>,
    row: usize,
    columns: &[OutputColumn],
    options: &CopyOptions,
    quoted: &[bool],
    field: &mut Vec<u8>,
    line: &mut Vec<u8>,
) -> Result<()> {
    for (column, quoted) in quoted.iter().enumerate() {
        if column > 0 {
            line.push(options.delimiter);
        }
        field.clear();
        if rows.value(column, row, field)? {
            put_field(line, field, options, *quoted, columns.len() == 1);
        } else {
            line.extend_from_slice(options.null.as_bytes());
        }
    }
    line.push(b'\n');
    Ok(())
}

/// A field that is not NULL, escaped (text) or quoted (CSV) as PostgreSQL does.
fn put_field(line: &mut Vec<u8>, field: &[u8], options: &CopyOptions, force: bool, single: bool) {
    match options.format {
        CopyFormat::Csv => {
            let special =
                |byte: &u8| *byte == options.delimiter || *byte == options.quote || matches!(byte, b'\n' | b'\r');
            let quote =
                force || field == options.null.as_bytes() || single && field == b"\\." || field.iter().any(special);
            if !quote {
                line.extend_from_slice(field);
                return;
            }
            line.push(options.quote);
            for byte in field {
                if *byte == options.quote || *byte == options.escape {
                    line.push(options.escape);
                }
                line.push(*byte);
            }
            line.push(options.quote);
        }
        CopyFormat::Text | CopyFormat::Binary => {
            for byte in field {
                let escaped = match byte {
                    0x08 => b'b',
                    0x0c => b'f',
                    b'\n' => b'n',
                    b'\r' => b'r',
                    b'\t' => b't',
                    0x0b => b'v',
                    b'\\' => b'\\',
                    byte if *byte == options.delimiter => *byte,
                    byte => {
                        line.push(*byte);
                        continue;
                    }
                };
                line.extend_from_slice(&[b'\\', escaped]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(options: &str, value: &str) -> String {
        let statements = crate::sql::parse(&format!("copy (select 1) to stdout {options}")).unwrap();
        let Kind::Command(crate::sql::Command::CopyOut(copy)) = &statements[0].kind else { panic!("no copy") };
        let mut line = Vec::new();
        put_field(&mut line, value.as_bytes(), &copy.options, copy.options.force_quote == ForceQuote::All, false);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn fields_are_escaped_as_postgresql() {
        for (options, value, expected) in [
            ("", "a\tb\nc\\d\u{b}", "a\\tb\\nc\\\\d\\v"),
            ("(delimiter '|')", "a|b\tc", "a\\|b\\tc"),
            ("csv", "plain", "plain"),
            ("csv", "", "\"\""),
            ("csv", "a,b", "\"a,b\""),
            ("csv", "a\"b", "\"a\"\"b\""),
            ("csv", "a\nb", "\"a\nb\""),
            ("(format csv, escape '\\')", "a\"b\\c,", "\"a\\\"b\\\\c,\""),
            ("(format csv, force_quote *)", "x", "\"x\""),
            ("(format csv, null 'x')", "x", "\"x\""),
        ] {
            assert_eq!(field(options, value), expected, "{options} {value:?}");
        }
    }
}
