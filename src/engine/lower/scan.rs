//! Base relations, with their security applied.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Lowerer, conjuncts, refuse};
use crate::bound::{Expr, FragmentScan, SystemColumn};
use crate::catalog::{Relation, Source};
use crate::engine::apply::{Free, SharedScan};
use crate::engine::expr::truth;
use crate::engine::node::{Plan, node};
use crate::engine::relation::{Origin, Rel};
use crate::engine::rows;
use crate::engine::semi_join::Leaf;
use crate::engine::sources::{Kept, Request, SourceScan};
use crate::engine::statement::{EXISTS, Key};
use crate::error::{Error, Result};
use crate::policy::{ColumnAccess, SecuredScan};
use crate::types::{Datum, PgType};

impl Lowerer {
    /// The rows of a pushed fragment.
    pub(super) fn fragment(&self, scan: &FragmentScan, filters: Vec<Expr>) -> Result<Rel> {
        let relation = &scan.relation;
        let width = relation.columns.len();
        let (wanted, whole) = self.statement.columns_of(scan.range, width);
        // Columns of whole rows that the fragment does not bring are hidden from the role.
        let named = self.statement.reads.get(scan.range);
        let mut columns: Vec<(Key, PgType)> = Vec::new();
        let mut places = Vec::new();
        let mut read = Vec::new();
        for column in wanted {
            let Some(place) = scan.columns.iter().position(|given| *given == column) else {
                if named.is_some_and(|read| read.columns.contains(&column)) {
                    return Err(Error::internal("a fragment without a column that is read"));
                }
                continue;
            };
            let ty = match relation.columns.get(column) {
                Some(column) => column.ty,
                None => system_type(column - width),
            };
            columns.push((Key(scan.range, column), ty));
            places.push(place);
            read.push(column);
        }
        if columns.is_empty() {
            columns.push((self.statement.temp(), PgType::BOOL));
        }
        let types: Vec<PgType> = columns.iter().map(|(_, ty)| *ty).collect();
        // A scan whose rows are kept is read whole: other rows have a partner the next time.
        let leaf = (!self.repeated).then(|| Leaf::new(scan.fragment, relation));
        let request = Request {
            relation: Arc::clone(relation),
            range: scan.range,
            columns: read,
            filters: Vec::new(),
            fragment: Some((scan.fragment, places)),
            leaf: leaf.clone(),
            statement: Arc::clone(&self.statement),
            outer: self.outer().clone(),
        };
        let origins = match &leaf {
            Some(leaf) => {
                let origin = |(key, _): &(Key, PgType)| (*key, Origin { leaf: Arc::clone(leaf), column: key.1 });
                columns.iter().filter(|(key, _)| key.0 == scan.range && key.1 < width).map(origin).collect()
            }
            None => Vec::new(),
        };
        let plan = self.source(request, types)?;
        // Each condition leaves some of the rows.
        let rows = estimate(relation) * 0.3_f64.powi(i32::try_from(scan.conditions).unwrap_or(9).min(9));
        let rel = Rel { plan, columns, rows: rows.max(1.0), origins };
        let rel = if scan.recheck.is_empty() {
            rel
        } else {
            let mut rel = self.filter(rel, scan.recheck.clone())?;
            let types = rel.columns.iter().map(|(_, ty)| *ty).collect();
            let kept = Kept { fragment: scan.fragment, statement: Arc::clone(&self.statement) };
            rel.plan = node(kept, vec![rel.plan], types);
            rel
        };
        let added = if whole { vec![(Key(scan.range, EXISTS), PgType::BOOL, truth())] } else { Vec::new() };
        self.filter(rel.project(None, added)?, filters)
    }

    /// The plan that reads a source; kept after the first time where it would run again and again.
    fn source(&self, request: Request, types: Vec<PgType>) -> Result<Plan> {
        let (range, columns) = (request.range, request.columns.clone());
        let plan = node(SourceScan { request }, Vec::new(), types.clone());
        if !self.repeated {
            return Ok(plan);
        }
        Ok(SharedScan::plan(&self.statement.kept_scan(range, columns, plan, types)?))
    }

    pub(super) fn scan(&self, secured: &SecuredScan, filters: Vec<Expr>, hints: &[Expr]) -> Result<Rel> {
        let scan = &secured.scan;
        let relation = &scan.relation;
        let width = relation.columns.len();
        let (wanted, whole) = self.statement.columns_of(scan.range, width);
        let absent = |column: usize| matches!(secured.columns.get(column), Some(ColumnAccess::Absent));
        // Columns of whole rows that the role may not see are not in them.
        let read = self.statement.reads.get(scan.range);
        let named = |column: usize| read.is_some_and(|read| read.columns.contains(&column));
        let wanted: Vec<usize> = wanted.into_iter().filter(|column| !absent(*column)).collect();
        if let Some(column) = (0..width).find(|column| absent(*column) && named(*column)) {
            return Err(Error::internal(format!("column {column} is hidden from this role")));
        }
        if matches!(relation.source, Source::Remote { .. } | Source::View) {
            return Err(Error::internal("a relation that the engine cannot read"));
        }
        // What is read: wanted columns, and those that masks and the row policy read.
        let mut raw: BTreeSet<usize> = wanted.iter().copied().filter(|column| *column < width).collect();
        {
            let masks = secured.columns.iter().enumerate().filter_map(|(column, access)| match access {
                ColumnAccess::Masked(mask) if raw.contains(&column) => Some(&**mask),
                _ => None,
            });
            let read: Vec<Key> = masks
                .chain(secured.predicate.as_ref())
                .flat_map(|expr| Free::of_expr(expr).columns.into_iter().map(|(key, _)| key))
                .collect();
            raw.extend(read.into_iter().filter(|key| key.0 == scan.range && key.1 < width).map(|key| key.1));
        }
        let raw: Vec<usize> = raw.into_iter().collect();
        let mut columns: Vec<(Key, PgType)> =
            raw.iter().map(|column| (Key(scan.range, *column), relation.columns[*column].ty)).collect();
        let dummy = columns.is_empty();
        if dummy {
            columns.push((self.statement.temp(), PgType::BOOL));
        }
        let types: Vec<PgType> = columns.iter().map(|(_, ty)| *ty).collect();
        let mut requested: Vec<Expr> = filters.clone();
        requested.extend(hints.iter().cloned());
        if self.repeated {
            requested.clear();
        }
        let request = Request {
            relation: Arc::clone(relation),
            range: scan.range,
            columns: raw,
            filters: requested,
            fragment: None,
            leaf: None,
            statement: Arc::clone(&self.statement),
            outer: self.outer().clone(),
        };
        let plan = self.source(request, types)?;
        let mut rel = Rel::new(plan, columns, estimate(relation));
        {
            // The row policy before anything of the query's own; it may raise only on rows of its own.
            rel = self.filter(rel, conjuncts(secured.predicate.as_ref()))?;
            let mut masked = Vec::new();
            for column in &wanted {
                if let Some(ColumnAccess::Masked(mask)) = secured.columns.get(*column) {
                    masked.push((Key(scan.range, *column), Expr::clone(mask)));
                }
            }
            if !masked.is_empty() {
                let temps: Vec<(Key, Key, PgType)> =
                    masked.iter().map(|(key, expr)| (*key, self.statement.temp(), expr.ty.oid)).collect();
                let exprs = masked.into_iter().zip(&temps).map(|((_, expr), (_, temp, _))| (*temp, expr)).collect();
                rel = self.project(rel, None, exprs)?;
                let hidden: Vec<Key> = temps.iter().map(|(key, ..)| *key).collect();
                rel = rel.project(Some(&|key| !hidden.contains(&key)), Vec::new())?;
                for (key, temp, _) in temps {
                    if let Some(index) = rel.position(temp) {
                        rel.columns[index].0 = key;
                    }
                }
            }
        }
        rel = rel.project(Some(&|key| key.0 != scan.range || wanted.contains(&key.1)), Vec::new())?;
        let mut added = Vec::new();
        for column in wanted.iter().filter(|column| **column >= width) {
            let key = Key(scan.range, *column);
            if column - width != SystemColumn::Tableoid as usize {
                let place = filters.first().cloned().unwrap_or_else(|| Expr::literal(Datum::Null, PgType::BOOL));
                return Err(refuse(&place, "a system column outside of its source"));
            }
            let oid = rows::scalar(PgType::OID, &Datum::Oid(relation.oid))?;
            let literal = Arc::new(datafusion::physical_expr::expressions::Literal::new(oid));
            added.push((key, PgType::OID, literal as Arc<dyn datafusion::physical_expr::PhysicalExpr>));
        }
        if whole {
            added.push((Key(scan.range, EXISTS), PgType::BOOL, truth()));
        }
        rel = rel.project(None, added)?;
        self.filter(rel, filters)
    }
}

fn estimate(relation: &Relation) -> f64 {
    let known = f64::from(relation.rows);
    if known >= 0.0 { known.max(1.0) } else { 1000.0 }
}

/// The type of a system column.
fn system_type(column: usize) -> PgType {
    match column {
        0 => PgType::OID,
        1 => PgType::TID,
        2 | 4 => PgType::XID,
        _ => PgType::CID,
    }
}
