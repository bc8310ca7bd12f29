//! `*`, `t.*` and `(row).*` (`ExpandColumnRefStar`).

use crate::sql::ast::{AIndirection, ColumnRef, Node};

use crate::bound::{Expr, Span};
use crate::error::{Error, Result, SqlState};

use super::ast::{self, at};
use super::column::reference;
use super::context::Binder;

impl Binder<'_> {
    /// The items a target list entry stands for, when it is a star.
    pub fn expand_star(&mut self, node: &Node) -> Result<Option<Vec<(String, Expr)>>> {
        match node {
            Node::ColumnRef(column) if is_star(column.fields.last()) => self.star(column).map(Some),
            Node::AIndirection(indirection) if is_star(indirection.indirection.last()) => {
                self.row_star(indirection).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn star(&mut self, column: &ColumnRef) -> Result<Vec<(String, Expr)>> {
        let reference = reference(column);
        let place = reference.place;
        if !reference.names.is_empty() {
            let item = self.qualified_item(&reference.names, place, "*")?;
            return Ok(item
                .columns
                .iter()
                .map(|column| (column.name.to_string(), Expr { span: place, ..column.expr.clone() }))
                .collect());
        }
        let scope = self.scope();
        let mut items = Vec::new();
        let mut any = false;
        for item in scope.namespace.iter().filter(|item| item.columns_visible && !item.lateral_only) {
            any = true;
            for column in item.columns.iter() {
                items.push((column.name.to_string(), Expr { span: place, ..column.expr.clone() }));
            }
        }
        if !any {
            let error = Error::new(SqlState::SYNTAX_ERROR, "SELECT * with no tables specified is not valid");
            return Err(at(error, place));
        }
        Ok(items)
    }

    fn row_star(&mut self, indirection: &AIndirection) -> Result<Vec<(String, Expr)>> {
        let path = &indirection.indirection[..indirection.indirection.len() - 1];
        let record = self.expr(ast::child(&indirection.arg)?)?;
        let place = super::coerce::location(&record);
        let record = self.indirection(record, path, place)?;
        self.expand_row(record, place)
    }

    /// One item per field of a row value. A call is repeated per field, as PostgreSQL's parser does.
    pub fn expand_row(&mut self, record: Expr, place: Span) -> Result<Vec<(String, Expr)>> {
        let Some(fields) = self.row_fields(&record.ty) else {
            let message = format!("type {} is not composite", self.format_type(record.ty.oid));
            let error = if record.ty.oid == crate::types::PgType::RECORD {
                Error::new(
                    SqlState::parse("42P18").unwrap_or(SqlState::INDETERMINATE_DATATYPE),
                    "record type has not been registered",
                )
            } else {
                Error::new(SqlState::WRONG_OBJECT_TYPE, message)
            };
            return Err(at(error, place));
        };
        Ok((0..fields.len())
            .map(|index| (fields[index].name.clone(), self.field_at(record.clone(), &fields, index, place)))
            .collect())
    }
}

fn is_star(node: Option<&Node>) -> bool {
    matches!(node, Some(Node::AStar))
}
