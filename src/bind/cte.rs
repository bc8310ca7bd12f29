//! WITH queries, recursive ones included (`parse_cte.c`).

use std::rc::Rc;

use crate::sql::ast::Node;
use crate::sql::ast::{
    CommonTableExpr, CteMaterialize, RangeVar, SelectStmt, SetOperation as PgSetOperation, WithClause,
};

use crate::bound::{
    Cte, CteId, From, Materialize, OutputColumn, Query, RangeColumn, SetOperation, SetOperator, Statement,
};
use crate::error::{Error, Result, SqlState};

use super::ast::{self, at, names, span};
use super::context::{Binder, RangeField, Recursion};
use super::scope::{NamespaceItem, Scope};

/// A WITH query of a scope.
pub(super) struct CteEntry {
    pub name: String,
    pub id: CteId,
    pub state: CteState,
    source: Rc<CommonTableExpr>,
    /// References from the recursive term, with how deep the scopes were.
    pub references: usize,
}

#[derive(Clone, Debug)]
pub(super) enum CteState {
    /// Not reached yet (WITH RECURSIVE lets others refer to it).
    Waiting,
    /// Its non-recursive term is being bound.
    Started,
    /// Its recursive term is being bound: it has these columns.
    Recursing(Vec<OutputColumn>),
    Done(Vec<OutputColumn>),
}

impl Binder<'_> {
    pub fn with_clause(&mut self, clause: &WithClause) -> Result<()> {
        for node in &clause.ctes {
            let Node::CommonTableExpr(cte) = node else { return Err(Error::internal("WITH")) };
            let place = span(cte.location);
            if self.scope().ctes.iter().any(|other| other.name == cte.ctename) {
                let message = format!("WITH query name \"{}\" specified more than once", cte.ctename);
                return Err(at(Error::new(SqlState::DUPLICATE_ALIAS, message), place));
            }
            if cte.search_clause || cte.cycle_clause {
                let what = if cte.search_clause { "SEARCH" } else { "CYCLE" };
                return Err(at(Error::unsupported(format!("{what} in a WITH query")), place));
            }
            let id = self.new_cte();
            let source = Rc::new((**cte).clone());
            let entry = CteEntry { name: cte.ctename.clone(), id, state: CteState::Waiting, source, references: 0 };
            self.scope_mut().ctes.push(entry);
            if !clause.recursive {
                let index = self.scope().ctes.len() - 1;
                self.bind_cte(self.scopes.len() - 1, index, false)?;
            }
        }
        if clause.recursive {
            for index in 0..self.scope().ctes.len() {
                if matches!(self.scope().ctes[index].state, CteState::Waiting) {
                    self.bind_cte(self.scopes.len() - 1, index, true)?;
                }
            }
        }
        Ok(())
    }

    /// Binds the WITH query `index` of the scope at `level`, seeing only that level and those around it.
    fn bind_cte(&mut self, level: usize, index: usize, recursive: bool) -> Result<()> {
        let inner: Vec<Scope> = self.scopes.drain(level + 1..).collect();
        let saved = std::mem::replace(&mut self.recursion, Recursion::Allowed);
        let lateral = std::mem::replace(&mut self.scopes[level].lateral_active, false);
        // A WITH query does not see its own level's FROM.
        let namespace = std::mem::take(&mut self.scopes[level].namespace);
        let result = self.grown(|binder| binder.bind_cte_inner(level, index, recursive));
        self.scopes[level].namespace = namespace;
        self.scopes[level].lateral_active = lateral;
        self.recursion = saved;
        self.scopes.truncate(level + 1);
        self.scopes.extend(inner);
        result
    }

    fn bind_cte_inner(&mut self, level: usize, index: usize, recursive: bool) -> Result<()> {
        let source = Rc::clone(&self.scopes[level].ctes[index].source);
        let place = span(source.location);
        let id = self.scopes[level].ctes[index].id;
        if recursive {
            self.scopes[level].ctes[index].state = CteState::Started;
        }
        let select = match ast::child(&source.ctequery)? {
            Node::SelectStmt(select) => select,
            Node::InsertStmt(_) | Node::UpdateStmt(_) | Node::DeleteStmt(_) | Node::MergeStmt(_) => {
                return Err(at(Error::unsupported("a data-modifying statement in WITH"), place));
            }
            other => return Err(at(Error::unsupported(ast::kind_name(other)), place)),
        };
        let aliases: Vec<&str> = names(&source.aliascolnames);
        let (query, is_recursive) = if recursive && is_union(select) {
            self.recursive_query(level, index, select, &aliases, &source.ctename, place)?
        } else {
            (self.select_statement(select, true)?, false)
        };
        let columns = self.cte_columns(&query.columns, &aliases, &source.ctename, place)?;
        let materialize = match source.ctematerialized {
            CteMaterialize::Always => Materialize::Always,
            CteMaterialize::Never => Materialize::Never,
            CteMaterialize::Default | CteMaterialize::CtematerializeUndefined => Materialize::Default,
        };
        self.scopes[level].ctes[index].state = CteState::Done(columns.clone());
        self.scopes[level].bound_ctes.push(Cte {
            id,
            name: source.ctename.clone(),
            columns,
            query: Statement::Query(Box::new(query)),
            recursive: is_recursive,
            materialize,
        });
        Ok(())
    }

    fn cte_columns(
        &self,
        columns: &[OutputColumn],
        aliases: &[&str],
        name: &str,
        place: crate::bound::Span,
    ) -> Result<Vec<OutputColumn>> {
        if aliases.len() > columns.len() {
            let message = format!(
                "WITH query \"{name}\" has {} columns available but {} columns specified",
                columns.len(),
                aliases.len()
            );
            return Err(at(Error::new(SqlState::INVALID_COLUMN_REFERENCE, message), place));
        }
        let mut columns = columns.to_vec();
        for (column, alias) in columns.iter_mut().zip(aliases) {
            column.name = (*alias).to_owned();
        }
        Ok(columns)
    }

    /// `left UNION [ALL] right` where right may name the query itself.
    fn recursive_query(
        &mut self,
        level: usize,
        index: usize,
        select: &SelectStmt,
        aliases: &[&str],
        name: &str,
        place: crate::bound::Span,
    ) -> Result<(Query, bool)> {
        self.push_scope();
        if let Some(with) = &select.with_clause {
            self.with_clause(with)?;
        }
        let (Some(left), Some(right)) = (&select.larg, &select.rarg) else {
            return Err(Error::internal("UNION without branches"));
        };
        let left = self.set_leaf(left)?;
        let columns = self.recursive_columns(&left, aliases, name, place)?;
        self.scopes[level].ctes[index].state = CteState::Recursing(columns.clone());
        self.scopes[level].ctes[index].references = 0;
        let right = self.set_leaf(right)?;
        let recursive = self.scopes[level].ctes[index].references > 0;
        if self.scopes[level].ctes[index].references > 1 {
            let message = format!("recursive reference to query \"{name}\" must not appear more than once");
            return Err(at(Error::new(SqlState::INVALID_RECURSION, message), place));
        }
        if recursive {
            let refused = [
                (!select.sort_clause.is_empty(), "ORDER BY in a recursive query is not implemented"),
                (select.limit_offset.is_some(), "OFFSET in a recursive query is not implemented"),
                (select.limit_count.is_some(), "LIMIT in a recursive query is not implemented"),
                (!select.locking_clause.is_empty(), "FOR UPDATE/SHARE in a recursive query is not implemented"),
            ];
            if let Some((_, message)) = refused.iter().find(|(written, _)| *written) {
                let node = match *message {
                    message if message.starts_with("ORDER") => select.sort_clause.first(),
                    message if message.starts_with("OFFSET") => select.limit_offset.as_ref(),
                    message if message.starts_with("LIMIT") => select.limit_count.as_ref(),
                    _ => None,
                };
                let place = node.map_or(place, ast::location);
                return Err(at(Error::new(SqlState::FEATURE_NOT_SUPPORTED, *message), place));
            }
        }
        let places: Vec<_> = (0..columns.len()).map(|column| super::setop::branch_place(&left, column)).collect();
        let (left, right, mut merged) = self.unify_branches(left, right, "UNION")?;
        if recursive {
            for (position, (merged, own)) in merged.iter().zip(&columns).enumerate() {
                if merged.ty.oid != own.ty.oid || merged.ty.typmod != own.ty.typmod {
                    let message = format!(
                        "recursive query \"{name}\" column {} has type {} in non-recursive term but type {} overall",
                        position + 1,
                        self.catalog.format_type(own.ty.oid, own.ty.typmod),
                        self.catalog.format_type(merged.ty.oid, merged.ty.typmod)
                    );
                    let error = Error::new(SqlState::DATATYPE_MISMATCH, message)
                        .hint("Cast the output of the non-recursive term to the correct type.");
                    return Err(at(error, places[position]));
                }
            }
        }
        for column in &mut merged {
            if recursive {
                (column.table_oid, column.attnum) = (0, 0);
            }
        }
        let operation = SetOperation { operator: SetOperator::Union, all: select.all, left, right };
        let query = self.finish_set_operation(select, operation, merged)?;
        Ok((query, recursive))
    }

    /// The columns of the non-recursive term, unknown ones read as text.
    fn recursive_columns(
        &mut self,
        left: &Query,
        aliases: &[&str],
        name: &str,
        place: crate::bound::Span,
    ) -> Result<Vec<OutputColumn>> {
        let mut columns = self.cte_columns(&left.columns, aliases, name, place)?;
        for column in &mut columns {
            if column.ty.oid == crate::types::PgType::UNKNOWN {
                column.ty = crate::bound::ExprType::of(crate::types::PgType::TEXT);
            }
            (column.table_oid, column.attnum) = (0, 0);
        }
        Ok(columns)
    }

    /// A name in FROM that is a WITH query of this level or one around it.
    pub fn cte_reference(&mut self, name: &RangeVar) -> Result<Option<(From, NamespaceItem)>> {
        let mut found = None;
        for level in (0..self.scopes.len()).rev() {
            if let Some(index) = self.scopes[level].ctes.iter().position(|cte| cte.name == name.relname) {
                found = Some((level, index));
                break;
            }
            if self.scopes[level].barrier {
                break;
            }
        }
        let Some((level, index)) = found else { return Ok(None) };
        let place = span(name.location);
        if matches!(self.scopes[level].ctes[index].state, CteState::Waiting) {
            self.bind_cte(level, index, true)?;
        }
        let entry = &self.scopes[level].ctes[index];
        let id = entry.id;
        let open = |cte: &&CteEntry| matches!(cte.state, CteState::Started | CteState::Recursing(_));
        if open(&entry) && self.scopes[level].ctes.iter().filter(open).count() > 1 {
            // Another query of this WITH is being bound too: they need each other.
            let first = self.scopes[level].ctes.iter().filter(open).map(|cte| cte.source.location).min();
            let error =
                Error::new(SqlState::FEATURE_NOT_SUPPORTED, "mutual recursion between WITH items is not implemented");
            return Err(at(error, first.map_or(place, span)));
        }
        let recursion = |message: String| Err(at(Error::new(SqlState::INVALID_RECURSION, message), place));
        let (columns, own) = match entry.state.clone() {
            CteState::Done(columns) => (columns, false),
            CteState::Recursing(columns) => (columns, true),
            CteState::Started | CteState::Waiting => {
                let written = &name.relname;
                let union = matches!(
                    &entry.source.ctequery,
                    Some(Node::SelectStmt(select)) if is_union(select)
                );
                if union {
                    return recursion(format!(
                        "recursive reference to query \"{written}\" must not appear within its non-recursive term"
                    ));
                }
                let message = format!(
                    "recursive query \"{written}\" does not have the form non-recursive-term UNION [ALL] recursive-term"
                );
                return Err(at(Error::new(SqlState::INVALID_RECURSION, message), span(entry.source.location)));
            }
        };
        if own {
            let where_to = match self.recursion {
                Recursion::Allowed => None,
                Recursion::Except => Some("EXCEPT"),
                Recursion::Intersect => Some("INTERSECT"),
                Recursion::OuterJoin => Some("an outer join"),
                Recursion::Subquery => Some("a subquery"),
            };
            if let Some(where_to) = where_to {
                return recursion(format!(
                    "recursive reference to query \"{}\" must not appear within {where_to}",
                    name.relname
                ));
            }
            self.scopes[level].ctes[index].references += 1;
            if self.scopes[level].ctes[index].references > 1 {
                return recursion(format!(
                    "recursive reference to query \"{}\" must not appear more than once",
                    name.relname
                ));
            }
            self.scope_mut().self_reference = true;
        }
        let mut column_names: Vec<Rc<str>> = columns.iter().map(|column| column.name.as_str().into()).collect();
        let alias = match &name.alias {
            Some(alias) => {
                super::relation::apply_aliases(&alias.aliasname, &names(&alias.colnames), &mut column_names)?;
                alias.aliasname.clone()
            }
            None => name.relname.clone(),
        };
        let fields: Vec<RangeField> = columns
            .iter()
            .zip(column_names)
            .map(|(column, name)| RangeField { name, ty: column.ty.clone(), origin: (column.table_oid, column.attnum) })
            .collect();
        let columns = fields.iter().map(|f| RangeColumn { name: f.name.to_string(), ty: f.ty.clone() }).collect();
        let range = self.new_range(None, fields);
        let item = self.range_item(range, alias.clone(), name.alias.is_some(), None);
        self.remember(&item, Some(name.relname.clone()));
        Ok(Some((From::Cte { range, cte: id, name: name.relname.clone(), alias, columns }, item)))
    }
}

fn is_union(select: &SelectStmt) -> bool {
    select.op == PgSetOperation::SetopUnion
}
