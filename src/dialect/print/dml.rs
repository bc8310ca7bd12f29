//! INSERT, UPDATE, DELETE.

use super::expr::Place;
use super::{Columns, Construct, Printer};
use crate::bound::{Delete, Expr, From, Insert, InsertSource, Item, OnConflict, Scan, Update};
use crate::error::{Error, Result};

impl<'a> Printer<'a> {
    pub(super) fn insert(&mut self, insert: &'a Insert) -> Result<()> {
        self.construct(Construct::Insert)?;
        self.ctes(&insert.ctes)?;
        self.push("INSERT INTO ");
        self.target(&insert.target)?;
        if !insert.columns.is_empty() {
            self.push(" (");
            for (n, column) in insert.columns.iter().enumerate() {
                if n > 0 {
                    self.push(", ");
                }
                self.written(&insert.target, *column)?;
            }
            self.push(")");
        }
        match &insert.source {
            InsertSource::Default => self.push(" DEFAULT VALUES"),
            InsertSource::Query(query) => {
                self.push(" ");
                self.query(query)?;
            }
            InsertSource::Values(rows) => {
                self.push(" VALUES ");
                self.list(rows, |printer, row| {
                    printer.push("(");
                    printer.list(row, |printer, value| printer.value(value.as_ref()))?;
                    printer.push(")");
                    Ok(())
                })?;
            }
        }
        if let Some(conflict) = &insert.on_conflict {
            self.on_conflict(insert, conflict)?;
        }
        self.returning(&insert.returning)
    }

    fn on_conflict(&mut self, insert: &'a Insert, conflict: &'a OnConflict) -> Result<()> {
        self.construct(Construct::OnConflict)?;
        self.push(" ON CONFLICT");
        if !conflict.target.is_empty() {
            self.push(" (");
            for (n, column) in conflict.target.iter().enumerate() {
                if n > 0 {
                    self.push(", ");
                }
                self.written(&insert.target, *column)?;
            }
            self.push(")");
        }
        if conflict.assignments.is_empty() {
            self.push(" DO NOTHING");
            return Ok(());
        }
        let columns = Columns::Relation { relation: &insert.target.relation, derived: false };
        self.name_range(conflict.excluded, "excluded".into(), columns)?;
        self.push(" DO UPDATE SET ");
        self.assignments(&insert.target, &conflict.assignments)?;
        self.filter_clause(conflict.filter.as_ref())
    }

    pub(super) fn update(&mut self, update: &'a Update) -> Result<()> {
        self.construct(Construct::Update)?;
        self.ctes(&update.ctes)?;
        self.push("UPDATE ");
        self.target(&update.target)?;
        self.push(" SET ");
        update.from.iter().try_for_each(|from| self.declare(from))?;
        self.assignments(&update.target, &update.assignments)?;
        self.from_list(" FROM ", &update.from)?;
        self.filter_clause(update.filter.as_ref())?;
        self.returning(&update.returning)
    }

    pub(super) fn delete(&mut self, delete: &'a Delete) -> Result<()> {
        self.construct(Construct::Delete)?;
        self.ctes(&delete.ctes)?;
        self.push("DELETE FROM ");
        self.target(&delete.target)?;
        delete.using.iter().try_for_each(|from| self.declare(from))?;
        self.from_list(" USING ", &delete.using)?;
        self.filter_clause(delete.filter.as_ref())?;
        self.returning(&delete.returning)
    }

    /// `"schema"."name" AS alias`, after checking that the target carries its security.
    fn target(&mut self, scan: &'a Scan) -> Result<()> {
        let security = self.secured.target(scan.range);
        let security = security.ok_or_else(|| Error::internal("an unsecured target reached print"))?;
        if security.using.is_some() || security.check.is_some() {
            return Err(self.refuse(format!("writing to relation {} under a policy", scan.relation.name)));
        }
        // A conflict's EXCLUDED is a name of its own.
        self.taken.insert("excluded".to_owned());
        self.declare_relation(scan, false)?;
        self.relation_name(scan)?;
        let alias = self.range(scan.range)?.alias.clone();
        self.push(" AS ");
        self.name(&alias)
    }

    /// The remote name of a column that the statement may write.
    fn written(&mut self, scan: &Scan, column: usize) -> Result<()> {
        let writable = self.secured.target(scan.range).and_then(|target| target.writable.get(column)).copied();
        // Inference columns of ON CONFLICT are read, not written: any column of the relation names one.
        if writable.is_none() {
            return Err(Error::internal("a written column out of range"));
        }
        let name = scan.relation.columns.get(column).map(|column| column.remote_name.clone());
        self.name(&name.ok_or_else(|| Error::internal("a written column out of range"))?)
    }

    fn assignments(&mut self, scan: &'a Scan, assignments: &'a [(usize, Option<Expr>)]) -> Result<()> {
        self.list(assignments, |printer, (column, value)| {
            let writable = printer.secured.target(scan.range).and_then(|target| target.writable.get(*column)).copied();
            if writable != Some(true) {
                return Err(Error::internal("an assignment to a column that may not be written"));
            }
            printer.written(scan, *column)?;
            printer.push(" = ");
            printer.value(value.as_ref())
        })
    }

    fn value(&mut self, value: Option<&'a Expr>) -> Result<()> {
        match value {
            Some(value) => self.place(value, Place::Assigned),
            None => {
                self.push("DEFAULT");
                Ok(())
            }
        }
    }

    fn from_list(&mut self, keyword: &str, from: &'a [From]) -> Result<()> {
        for (n, from) in from.iter().enumerate() {
            self.push(if n == 0 { keyword } else { ", " });
            self.from(from)?;
        }
        Ok(())
    }

    fn filter_clause(&mut self, filter: Option<&'a Expr>) -> Result<()> {
        let Some(filter) = filter else { return Ok(()) };
        self.push(" WHERE ");
        self.expr(filter)
    }

    fn returning(&mut self, items: &'a [Item]) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        self.construct(Construct::Returning)?;
        self.push(" RETURNING ");
        self.list(items, |printer, item| printer.item(item))
    }
}
