//! The binder: PostgreSQL's syntax tree to [`Bound`], following PostgreSQL's own parse analysis (`parse_*.c`).
//!
//! Every relation, column, function, operator, type and cast is resolved here or the statement fails (invariant 1).
//! Names are those of PostgreSQL's functions where one corresponds: `coerce_type`, `select_common_type`, `select_candidate`.

mod aggregate;
mod ast;
mod call;
mod candidates;
mod clause;
mod coerce;
mod collation;
mod column;
mod common;
mod context;
mod cte;
mod dml;
mod expr;
mod fold;
mod from;
mod generic;
mod group;
mod join;
mod locking;
mod missing;
mod named_type;
mod operator;
mod params;
mod relation;
mod scope;
mod select;
mod setop;
mod star;
mod table_function;
mod target;
mod typmod;
mod update;
mod window;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::sql::ast::{Node, TypeName};

use crate::bound::{Bound, Expr, ExprType, RangeId, Scan, Span, Statement};
use crate::catalog::{Catalog, Relation};
use crate::error::{Error, Result};
use crate::kernels::{Env, Formats};
use crate::sql::Literals;
use crate::types::PgType;

use self::context::{Binder, Kind};

/// What names resolve against.
#[derive(Clone, Copy)]
pub struct BindContext<'a> {
    pub catalog: &'a Catalog,
    /// Oid of the current role.
    pub role: u32,
    pub search_path: &'a [String],
    /// `graticule.fold`: compute IMMUTABLE calls over literals while binding.
    pub fold: bool,
    /// The session's formats, for reading literals.
    pub formats: &'a Formats,
}

/// Binds a SELECT, VALUES, INSERT, UPDATE or DELETE. `declared` are the parameter types the client gave (0 or unknown: infer).
/// `literals`: what stands in place of the tree's own constants.
pub fn bind(context: &BindContext<'_>, node: &Node, literals: &Literals, declared: &[PgType]) -> Result<Bound> {
    let mut binder = Binder::new(context, literals, declared);
    let statement = binder.grown(|binder| binder.statement(node))?;
    binder.finish(statement)
}

/// Binds an expression over one relation's columns (defaults, checks, policies). The columns are those of the returned range.
/// `expected`: coerced to it by assignment rules.
pub fn bind_expression(
    context: &BindContext<'_>,
    text: &str,
    relation: Option<&Arc<Relation>>,
    expected: Option<(PgType, i32)>,
) -> Result<BoundExpression> {
    let parsed = ast::parse_expression(text)?;
    let mut binder = Binder::new(context, Literals::NONE, &[]);
    binder.push_scope();
    let range = match relation {
        Some(relation) => binder.relation_scope(relation),
        None => binder.no_range(),
    };
    let mut expr = binder.expr_in(&parsed, Kind::Default)?;
    expr = match expected {
        Some((ty, typmod)) => binder.coerce_assign(expr, ty, typmod)?,
        None => binder.resolve_unknown(expr)?,
    };
    binder.pop_scope();
    let mut contexts = Vec::new();
    fold::Folder::new(context.fold, binder.env, &mut contexts).expr(&mut expr)?;
    Ok(BoundExpression { expr, range, contexts })
}

/// An expression of its own: the range its columns refer to, and its context values.
#[derive(Clone, Debug)]
pub struct BoundExpression {
    pub expr: Expr,
    pub range: RangeId,
    pub contexts: Vec<Expr>,
}

/// Resolves a type name for DDL, PREPARE and CAST: the type and its typmod.
pub fn type_name(catalog: &Catalog, name: &TypeName) -> Result<(PgType, i32)> {
    let path: Vec<String> = vec!["pg_catalog".to_owned(), "public".to_owned()];
    let formats = Formats::default();
    let context = BindContext {
        catalog,
        role: crate::catalog::oids::SUPERUSER,
        search_path: &path,
        fold: false,
        formats: &formats,
    };
    Binder::new(&context, Literals::NONE, &[]).type_name(name)
}

impl Binder<'_> {
    fn statement(&mut self, node: &Node) -> Result<Statement> {
        match node {
            Node::SelectStmt(select) => {
                let query = self.select_statement(select, true)?;
                Ok(Statement::Query(Box::new(query)))
            }
            Node::InsertStmt(insert) => Ok(Statement::Insert(Box::new(self.insert(insert)?))),
            Node::UpdateStmt(update) => Ok(Statement::Update(Box::new(self.update(update)?))),
            Node::DeleteStmt(delete) => Ok(Statement::Delete(Box::new(self.delete(delete)?))),
            Node::MergeStmt(_) => Err(Error::unsupported("MERGE")),
            other => Err(Error::unsupported(ast::kind_name(other))),
        }
    }

    /// Makes a relation's columns the only names in scope.
    fn relation_scope(&mut self, relation: &Arc<Relation>) -> RangeId {
        let scan = Scan {
            range: RangeId(0),
            relation: Arc::clone(relation),
            alias: relation.name.clone(),
            only: false,
            span: Span::default(),
        };
        let (scan, item) = self.scan_item(scan, &[], false);
        self.scope_mut().namespace.push(item);
        scan.range
    }

    /// A range without columns, for expressions over nothing.
    fn no_range(&mut self) -> RangeId {
        self.new_range(None, Vec::new())
    }

    /// Text for a still unknown literal or parameter.
    fn resolve_unknown(&mut self, expr: Expr) -> Result<Expr> {
        if expr.ty.oid == PgType::UNKNOWN { self.coerce_implicit(expr, PgType::TEXT) } else { Ok(expr) }
    }
}

/// An environment that only knows formats: for literals and folding.
fn environment(formats: &Formats) -> Env {
    Env { formats: Arc::new(formats.clone()), ..Env::default() }
}

/// The type of a field list seen as a row.
fn record_type(fields: Arc<[crate::bound::RecordField]>) -> ExprType {
    ExprType { fields: Some(fields), ..ExprType::of(PgType::RECORD) }
}
