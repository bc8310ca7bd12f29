//! Base relations: name lookup, their namespace item, system columns.

use std::rc::Rc;
use std::sync::Arc;

use crate::sql::ast::RangeVar;

use crate::bound::{Collation, Expr, ExprKind, ExprType, From, Query, RangeColumn, RangeId, Scan, Span, SystemColumn};
use crate::catalog::{Privilege, Relation, RelationKind, Source};
use crate::error::{Error, Result, SqlState};
use crate::sql::Literals;
use crate::types::PgType;

use super::ast::{self, at, span};
use super::context::{Binder, RangeField, Recursion};
use super::scope::{NamespaceColumn, NamespaceItem, Scope};

/// A system column of a base relation.
pub(super) fn system_column(relation: &Arc<Relation>, range: RangeId, name: &str, place: Span) -> Option<Expr> {
    if matches!(relation.kind, RelationKind::View) {
        return None;
    }
    let (column, ty) = match name {
        "tableoid" => (SystemColumn::Tableoid, PgType::OID),
        "ctid" => (SystemColumn::Ctid, PgType::TID),
        "xmin" => (SystemColumn::Xmin, PgType::XID),
        "cmin" => (SystemColumn::Cmin, PgType::CID),
        "xmax" => (SystemColumn::Xmax, PgType::XID),
        "cmax" => (SystemColumn::Cmax, PgType::CID),
        _ => return None,
    };
    let column = relation.columns.len() + column as usize;
    Some(Expr::new(ExprKind::Column { range, column }, ExprType::of(ty), place))
}

/// The type of a relation's column.
pub(super) fn column_type(relation: &Relation, column: usize) -> ExprType {
    let column = &relation.columns[column];
    let mut ty = ExprType::with_typmod(column.ty, column.typmod);
    if let Some(name) = &column.collation
        && ty.collation != Collation::None
    {
        ty.collation = Collation::Named { name: Arc::from(name.as_str()), explicit: false };
    } else if column.ty == PgType::NAME {
        ty.collation = Collation::Default;
    }
    ty
}

impl Binder<'_> {
    /// The relation of a name, as far as the role can see it; 42P01 otherwise.
    pub fn relation(&mut self, name: &RangeVar) -> Result<Arc<Relation>> {
        let place = span(name.location);
        if !name.catalogname.is_empty() && name.catalogname != self.catalog.database {
            let message = format!(
                "cross-database references are not implemented: \"{}.{}.{}\"",
                name.catalogname, name.schemaname, name.relname
            );
            return Err(at(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message), place));
        }
        let found = if name.schemaname.is_empty() {
            self.path.iter().find_map(|schema| self.catalog.relation(schema, &name.relname))
        } else if self.catalog.schema_visible(self.context.role, &name.schemaname) {
            self.catalog.relation(&name.schemaname, &name.relname)
        } else {
            None
        };
        match found {
            Some(relation) => {
                self.read_relations.push((relation.oid, relation.version));
                Ok(Arc::clone(relation))
            }
            None => {
                let written = if name.schemaname.is_empty() {
                    name.relname.clone()
                } else {
                    format!("{}.{}", name.schemaname, name.relname)
                };
                let message = format!("relation \"{written}\" does not exist");
                Err(at(Error::new(SqlState::UNDEFINED_TABLE, message), place))
            }
        }
    }

    /// Registers a scan's range; its namespace item. `names`: of the first columns (`t(a, b)`).
    pub fn scan_item(&mut self, mut scan: Scan, names: &[&str], aliased: bool) -> (Scan, NamespaceItem) {
        let relation = Arc::clone(&scan.relation);
        let fields = named(&relation, names)
            .enumerate()
            .map(|(index, name)| RangeField {
                name: name.into(),
                ty: column_type(&relation, index),
                origin: (relation.oid, relation.columns[index].attnum),
            })
            .collect();
        let range = self.new_range(Some(Arc::clone(&relation)), fields);
        scan.range = range;
        let item = self.range_item(range, scan.alias.clone(), aliased, Some(relation));
        (scan, item)
    }

    /// A namespace item over all columns of a range.
    pub fn range_item(
        &mut self,
        range: RangeId,
        alias: String,
        aliased: bool,
        relation: Option<Arc<Relation>>,
    ) -> NamespaceItem {
        self.ranges[range.0 as usize].alias = alias.clone();
        let columns = self
            .range(range)
            .columns
            .iter()
            .enumerate()
            .map(|(column, field)| NamespaceColumn {
                name: Rc::clone(&field.name),
                expr: self.column_expr(range, column, Span::default()),
            })
            .collect();
        NamespaceItem {
            alias,
            relation,
            aliased,
            range: Some(range),
            columns: Rc::new(columns),
            relation_visible: true,
            columns_visible: true,
            lateral_only: false,
            lateral_ok: true,
            scalar: false,
        }
    }

    /// A table, view or WITH query named in FROM.
    pub fn range_var(&mut self, name: &RangeVar) -> Result<(From, NamespaceItem)> {
        if name.schemaname.is_empty()
            && name.catalogname.is_empty()
            && let Some(found) = self.cte_reference(name)?
        {
            return Ok(found);
        }
        let relation = self.relation(name)?;
        if relation.kind == RelationKind::View && matches!(relation.source, Source::View) {
            return self.view(&relation, name);
        }
        let (alias, names, aliased) = relation_alias(&relation, name)?;
        let scan = Scan { range: RangeId(0), relation, alias, only: !name.inh, span: span(name.location) };
        let (scan, item) = self.scan_item(scan, &names, aliased);
        Ok((From::Scan(scan), item))
    }

    /// A view of ours: its definition is bound in place, with the role's own rights on what it reads.
    fn view(&mut self, relation: &Arc<Relation>, name: &RangeVar) -> Result<(From, NamespaceItem)> {
        if !self.catalog.relation_allows(self.context.role, relation, Privilege::Select) {
            return Err(Error::new(
                SqlState::INSUFFICIENT_PRIVILEGE,
                format!("permission denied for view {}", relation.name),
            ));
        }
        let Some(definition) = &relation.view_definition else {
            return Err(Error::internal(format!("view {} without definition", relation.name)));
        };
        let select = ast::parse_select(definition.trim_end_matches([';', ' ', '\n']))?;
        let bound = self.other_text(|binder| binder.isolated(|binder| binder.select_statement(&select, true)));
        let query = bound.map_err(|mut error| {
            // Positions are those of the definition, not of the client's text.
            error.fields_mut().position = None;
            error
        })?;
        let (alias, names, aliased) = relation_alias(relation, name)?;
        let fields: Vec<RangeField> = query
            .columns
            .iter()
            .zip(named(relation, &names))
            .enumerate()
            .map(|(index, (column, name))| RangeField {
                name: name.into(),
                ty: column.ty.clone(),
                origin: (relation.oid, relation.columns.get(index).map_or(0, |column| column.attnum)),
            })
            .collect();
        let columns =
            fields.iter().map(|field| RangeColumn { name: field.name.to_string(), ty: field.ty.clone() }).collect();
        let range = self.new_range(None, fields);
        let mut item = self.range_item(range, alias.clone(), aliased, None);
        // `schema.view.column` works for a view without alias.
        item.relation = Some(Arc::clone(relation));
        let from = From::Subquery { range, query: Box::new(query), lateral: false, alias, columns };
        Ok((from, item))
    }

    /// Binds the tree of another text, whose constants are its own.
    pub fn other_text<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> R {
        let literals = std::mem::replace(&mut self.literals, Literals::NONE);
        let result = work(self);
        self.literals = literals;
        result
    }

    /// Binds where nothing of the surrounding statement is visible.
    pub fn isolated(&mut self, f: impl FnOnce(&mut Self) -> Result<Query>) -> Result<Query> {
        let recursion = std::mem::replace(&mut self.recursion, Recursion::Allowed);
        self.scopes.push(Scope { barrier: true, ..Scope::default() });
        let result = self.grown(f);
        self.pop_scope();
        self.recursion = recursion;
        result
    }
}

/// Alias and column names of `relation AS alias (a, b)`, and whether there is one.
fn relation_alias<'n>(relation: &Relation, name: &'n RangeVar) -> Result<(String, Vec<&'n str>, bool)> {
    let Some(alias) = &name.alias else { return Ok((relation.name.clone(), Vec::new(), false)) };
    let names = ast::names(&alias.colnames);
    check_aliases(&alias.aliasname, &names, relation.columns.len()).map_err(|error| at(error, span(name.location)))?;
    Ok((alias.aliasname.clone(), names, true))
}

/// The names of a relation's columns, the first ones as they were written.
fn named<'n>(relation: &'n Relation, written: &'n [&'n str]) -> impl Iterator<Item = &'n str> {
    relation.columns.iter().enumerate().map(|(n, column)| written.get(n).copied().unwrap_or(&column.name))
}

fn check_aliases(alias: &str, written: &[&str], columns: usize) -> Result<()> {
    if written.len() <= columns {
        return Ok(());
    }
    let message = format!("table \"{alias}\" has {columns} columns available but {} columns specified", written.len());
    Err(Error::new(SqlState::INVALID_COLUMN_REFERENCE, message))
}

/// Column aliases over the columns' own names.
pub(super) fn apply_aliases(alias: &str, written: &[&str], names: &mut [Rc<str>]) -> Result<()> {
    check_aliases(alias, written, names.len())?;
    for (name, written) in names.iter_mut().zip(written) {
        *name = (*written).into();
    }
    Ok(())
}
