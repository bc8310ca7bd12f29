//! Column references (`transformColumnRef`) and whole rows.

use crate::sql::ast::{ColumnRef, Node};

use crate::bound::{Expr, ExprKind, RecordField, RowField, Span};
use crate::error::{Error, Result, SqlState};

use super::ast::{self, at, span};
use super::context::Binder;
use super::scope::NamespaceItem;

/// A reference's names: `a.b.c`, and whether it ends in `*`.
pub(super) struct Reference<'n> {
    pub names: Vec<&'n str>,
    pub star: bool,
    pub place: Span,
}

pub(super) fn reference(column: &ColumnRef) -> Reference<'_> {
    let star = matches!(column.fields.last(), Some(Node::AStar));
    Reference { names: ast::names(&column.fields), star, place: span(column.location) }
}

impl Binder<'_> {
    pub fn column_ref(&mut self, column: &ColumnRef) -> Result<Expr> {
        if let [Node::String(name)] = column.fields.as_slice()
            && let Some(expr) = self.find_column(name, span(column.location))?
        {
            return Ok(expr);
        }
        let reference = reference(column);
        if reference.star {
            // `t.*` as a value is the whole row; a lone `*` is not an expression.
            if reference.names.is_empty() {
                let error = Error::new(SqlState::SYNTAX_ERROR, "column reference \"*\" is not allowed here");
                return Err(at(error, reference.place));
            }
            let item = self.qualified_item(&reference.names, reference.place, "*")?;
            return self.whole_row(&item, reference.place);
        }
        let place = reference.place;
        match reference.names.as_slice() {
            [name] => {
                if let Some(item) = self.find_item(None, name, place)? {
                    return self.whole_row(&item, place);
                }
                Err(self.missing_column(None, name, place))
            }
            [.., name] => {
                let qualifier = &reference.names[..reference.names.len() - 1];
                let item = self.qualified_item(qualifier, place, name)?;
                if let Some(expr) = self.item_column(&item, name, place)? {
                    return Ok(expr);
                }
                // Functional notation: `t.f` is `f(t)`.
                let row = self.whole_row(&item, place)?;
                match self.field_function(row, name, place)? {
                    Some(expr) => Ok(expr),
                    None => Err(self.missing_column(qualifier.last().copied(), name, place)),
                }
            }
            [] => Err(Error::internal("column reference without a name")),
        }
    }

    /// The FROM item of `t`, `schema.t` or `database.schema.t`.
    pub fn qualified_item(&self, names: &[&str], place: Span, last: &str) -> Result<NamespaceItem> {
        let (schema, name) = match names {
            [name] => (None, *name),
            [schema, name] => (Some(*schema), *name),
            [database, schema, name] => {
                if *database != self.catalog.database {
                    let message = format!("cross-database references are not implemented: {}.{last}", names.join("."));
                    return Err(at(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message), place));
                }
                (Some(*schema), *name)
            }
            _ => {
                let message = format!("improper qualified name (too many dotted names): {}.{last}", names.join("."));
                return Err(at(Error::new(SqlState::SYNTAX_ERROR, message), place));
            }
        };
        match self.find_item(schema, name, place)? {
            Some(item) => Ok(item),
            None => Err(self.missing_relation(schema, name, place)),
        }
    }

    /// A one-argument function over a row, written like a field.
    pub fn field_function(&mut self, row: Expr, name: &str, place: Span) -> Result<Option<Expr>> {
        let call =
            crate::sql::ast::FuncCall { funcname: vec![{ Node::String(name.to_owned()) }], ..Default::default() };
        match self.call_bound(&call, &[name], vec![row], place) {
            Ok(expr) => Ok(Some(expr)),
            Err(error) if matches!(error.state(), SqlState::UNDEFINED_FUNCTION | SqlState::AMBIGUOUS_FUNCTION) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The row of a FROM item as one value (`makeWholeRowVar`).
    pub fn whole_row(&self, item: &NamespaceItem, place: Span) -> Result<Expr> {
        if let (true, [column]) = (item.scalar, item.columns.as_slice()) {
            return Ok(Expr { span: place, ..column.expr.clone() });
        }
        let fields: Vec<RecordField> = item
            .columns
            .iter()
            .map(|column| RecordField {
                name: column.name.to_string(),
                ty: column.expr.ty.oid,
                typmod: column.expr.ty.typmod,
            })
            .collect();
        let mut ty = self.row_type(fields);
        ty.row = item.relation.as_ref().map_or(0, |relation| relation.row_type);
        let kind = match item.range {
            Some(range) => ExprKind::WholeRow { range },
            None => ExprKind::Row(
                item.columns
                    .iter()
                    .map(|column| RowField { name: column.name.to_string(), expr: column.expr.clone() })
                    .collect(),
            ),
        };
        Ok(Expr::new(kind, ty, place))
    }
}
