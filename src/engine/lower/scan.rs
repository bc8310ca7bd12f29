//! Base relations, with their security applied.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Lowerer, conjuncts, refuse};
use crate::bound::{Expr, SystemColumn};
use crate::catalog::Source;
use crate::engine::apply::{Free, SharedScan, SharedTable};
use crate::engine::expr::truth;
use crate::engine::node::node;
use crate::engine::relation::Rel;
use crate::engine::rows;
use crate::engine::sources::{Request, SourceScan};
use crate::engine::statement::{EXISTS, Key};
use crate::error::{Error, Result};
use crate::policy::{ColumnAccess, SecuredScan};
use crate::types::{Datum, PgType};

impl Lowerer {
    pub(super) fn scan(&self, secured: &SecuredScan, filters: Vec<Expr>, hints: &[Expr]) -> Result<Rel> {
        let scan = &secured.scan;
        let relation = &scan.relation;
        let width = relation.columns.len();
        let (wanted, whole) = self.statement.columns_of(scan.range, width);
        let absent = |column: usize| matches!(secured.columns.get(column), Some(ColumnAccess::Absent));
        // Columns of whole rows that the role may not see are not in them.
        let needed = self.statement.needed.get(&scan.range);
        let named = |column: usize| needed.is_some_and(|needed| needed.columns.contains(&column));
        let wanted: Vec<usize> = wanted.into_iter().filter(|column| !absent(*column)).collect();
        if let Some(column) = (0..width).find(|column| absent(*column) && named(*column)) {
            return Err(Error::internal(format!("column {column} is hidden from this role")));
        }
        let remote = matches!(relation.source, Source::Remote { .. });
        // What is read: wanted columns, and those that masks and the row policy read.
        let mut raw: BTreeSet<usize> = wanted.iter().copied().filter(|column| *column < width).collect();
        if !remote {
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
            scan: secured.clone(),
            columns: raw.clone(),
            filters: requested,
            statement: Arc::clone(&self.statement),
            outer: self.outer.clone(),
        };
        let mut plan = node(SourceScan { request }, Vec::new(), types.clone());
        if self.repeated {
            let mut scans =
                self.statement.scans.lock().map_err(|_| Error::internal("a lock is poisoned"))?;
            let table = scans
                .entry((scan.range, raw))
                .or_insert_with(|| Arc::new(SharedTable::new(plan, types)));
            plan = SharedScan::plan(table);
        }
        let known = f64::from(relation.rows);
        let mut rel = Rel { plan, columns, rows: if known >= 0.0 { known.max(1.0) } else { 1000.0 } };
        if !remote {
            // The row policy before anything of the query's own; it may raise only on rows of its own.
            rel = self.filter(rel, conjuncts(secured.predicate.as_ref()))?;
            let mut masked = Vec::new();
            for column in &wanted {
                if let Some(ColumnAccess::Masked(mask)) = secured.columns.get(*column) {
                    masked.push((Key(scan.range, *column), Expr::clone(mask)));
                }
            }
            if !masked.is_empty() {
                let temps: Vec<(Key, Key, PgType)> = masked
                    .iter()
                    .map(|(key, expr)| (*key, self.statement.temp(), expr.ty.oid))
                    .collect();
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
        rel = rel.project(
            Some(&|key| key.0 != scan.range || wanted.contains(&key.1)),
            Vec::new(),
        )?;
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
