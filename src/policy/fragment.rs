//! The closed operations by which `route` takes a secured statement apart: what they build is as secure as what they got.

use std::sync::Arc;

use super::secured::{Secured, SecuredScan};
use crate::bound::visit_mut::{NodeMut, walk_statement_mut};
use crate::bound::{
    Body, Distinct, Expr, ExprKind, ExprType, FragmentScan, From, Item, Join, JoinKind, Limit, OutputColumn, Query,
    Select, Span, Statement, SystemColumn,
};
use crate::error::{Error, Result};
use crate::types::{Datum, PgType};

/// What stands below casts.
fn below_casts(expr: &mut Expr) -> &mut Expr {
    match expr {
        Expr { kind: ExprKind::Cast { arg, .. }, .. } => below_casts(arg),
        other => other,
    }
}

impl Secured {
    /// `SELECT columns FROM scan WHERE conjuncts LIMIT limit` over one secured scan of this statement.
    /// The scan keeps its masks and its predicate, so any columns and conjuncts over it are as secure as it is.
    pub fn fragment(
        &self,
        scan: &SecuredScan,
        columns: &[usize],
        conjuncts: Vec<Expr>,
        limit: Option<Expr>,
    ) -> Result<Secured> {
        let range = scan.scan.range;
        let items: Vec<Item> = columns
            .iter()
            .map(|column| {
                let (name, ty) = column_of(scan, *column)?;
                Ok(Item { expr: Expr::column(range, *column, ty), name, hidden: false })
            })
            .collect::<Result<_>>()?;
        let output = items
            .iter()
            .map(|item| OutputColumn { name: item.name.clone(), ty: item.expr.ty.clone(), table_oid: 0, attnum: 0 })
            .collect();
        let select = Select {
            distinct: Distinct::All,
            items,
            from: vec![From::Secured(Box::new(scan.clone()))],
            filter: conjunction(conjuncts),
            group_by: None,
            having: None,
            aggregated: false,
        };
        let query = Query {
            ctes: Vec::new(),
            body: Body::Select(Box::new(select)),
            columns: output,
            order_by: Vec::new(),
            limit: Limit { count: limit, ..Limit::default() },
            locking: Vec::new(),
        };
        Ok(Secured {
            statement: Statement::Query(Box::new(query)),
            params: Arc::clone(&self.params),
            contexts: Arc::clone(&self.contexts),
            targets: Arc::default(),
            open: false,
        })
    }

    /// This statement with the values of its parameters where a target may want constants: arrays of `= ANY ($1)`, LIMIT and OFFSET.
    /// `None` when there are none there.
    pub fn with_values(&self, values: &[Datum]) -> Result<Option<Secured>> {
        let mut secured = self.clone();
        let mut found = false;
        let mut put = |expr: &mut Expr| {
            if let ExprKind::Param(n) = expr.kind
                && let Some(value) = values.get(n)
            {
                expr.kind = ExprKind::Literal(value.clone());
                found = true;
            }
        };
        walk_statement_mut(&mut secured.statement, &mut |node| {
            match node {
                NodeMut::Expr(Expr { kind: ExprKind::ScalarArray { array, .. }, .. }) => put(array),
                NodeMut::Query(query) => {
                    for expr in [&mut query.limit.count, &mut query.limit.offset].into_iter().flatten() {
                        put(below_casts(expr));
                    }
                }
                NodeMut::Expr(_) | NodeMut::From(_) => {}
            }
            Ok(())
        })?;
        Ok(found.then_some(secured))
    }

    /// A fragment under more conditions over its one scan, which are made from the scan as its reader sees it. `alone`: under these only
    /// (what the statement asked besides does not protect anything: the scan's own predicate stays).
    pub fn narrowed(&self, alone: bool, make: &dyn Fn(&SecuredScan) -> Result<Vec<Expr>>) -> Result<Secured> {
        let mut secured = self.clone();
        let Statement::Query(query) = &mut secured.statement else {
            return Err(Error::internal("a fragment that is no query"));
        };
        let limited = query.limit.count.is_some() || query.limit.offset.is_some();
        let Body::Select(select) = &mut query.body else { return Err(Error::internal("a fragment that is no select")) };
        let [From::Secured(scan)] = &select.from[..] else {
            return Err(Error::internal("a fragment over more than one scan"));
        };
        if limited {
            return Err(Error::internal("a fragment with LIMIT has no more conditions"));
        }
        let mut conjuncts: Vec<Expr> = select.filter.take().filter(|_| !alone).into_iter().collect();
        conjuncts.extend(make(scan)?);
        select.filter = conjunction(conjuncts);
        Ok(secured)
    }

    /// This statement with the scan of each given range replaced by its fragment, and each filter (WHERE and join conditions; never
    /// a policy's predicate) replaced by what `residual` leaves of it.
    pub fn with_fragments(
        &self,
        fragments: &[FragmentScan],
        residual: &mut dyn FnMut(Site<'_>, &mut Option<Expr>) -> Result<()>,
    ) -> Result<Secured> {
        let mut secured = self.clone();
        let mut placed = 0;
        walk_statement_mut(&mut secured.statement, &mut |node| {
            match node {
                NodeMut::Expr(_) => {}
                NodeMut::From(From::Join(join)) => {
                    let Join { kind, left, right, on } = &mut **join;
                    residual(Site::On { kind: *kind, left, right }, on)?;
                }
                NodeMut::From(from) => {
                    if let From::Secured(scan) = from
                        && let Some(fragment) = fragments.iter().find(|f| f.range == scan.scan.range)
                    {
                        *from = From::Fragment(fragment.clone());
                        placed += 1;
                    }
                }
                NodeMut::Query(query) => {
                    if let Body::Select(select) = &mut query.body {
                        residual(Site::Where(&select.from), &mut select.filter)?;
                    }
                }
            }
            Ok(())
        })?;
        if placed != fragments.len() {
            return Err(Error::internal("a fragment without its scan"));
        }
        Ok(secured)
    }
}

/// Where a filter stands.
#[derive(Clone, Copy, Debug)]
pub enum Site<'a> {
    /// ON of a join of these.
    On { kind: JoinKind, left: &'a From, right: &'a From },
    /// WHERE over these.
    Where(&'a [From]),
}

/// Name and type of a column of a scan, system columns included.
fn column_of(scan: &SecuredScan, column: usize) -> Result<(String, ExprType)> {
    let relation = &scan.scan.relation;
    if let Some(found) = relation.columns.get(column) {
        let mut ty = ExprType::with_typmod(found.ty, found.typmod);
        if let Some(name) = &found.collation {
            ty.collation = crate::bound::Collation::Named { name: name.as_str().into(), explicit: false };
        }
        return Ok((found.name.clone(), ty));
    }
    let (name, ty) = match column - relation.columns.len() {
        n if n == SystemColumn::Tableoid as usize => ("tableoid", PgType::OID),
        n if n == SystemColumn::Ctid as usize => ("ctid", PgType::TID),
        n if n == SystemColumn::Xmin as usize => ("xmin", PgType::XID),
        n if n == SystemColumn::Cmin as usize => ("cmin", PgType::CID),
        n if n == SystemColumn::Xmax as usize => ("xmax", PgType::XID),
        n if n == SystemColumn::Cmax as usize => ("cmax", PgType::CID),
        _ => return Err(Error::internal(format!("column {column} of {}", relation.name))),
    };
    Ok((name.to_owned(), ExprType::of(ty)))
}

/// The conjunction of expressions; `None` of none.
fn conjunction(mut conjuncts: Vec<Expr>) -> Option<Expr> {
    match conjuncts.len() {
        0 | 1 => conjuncts.pop(),
        _ => Some(Expr::new(ExprKind::And(conjuncts), ExprType::of(PgType::BOOL), Span::default())),
    }
}
