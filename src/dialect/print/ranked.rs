//! DISTINCT ON and WITH TIES where the target has none: `row_number()` or `rank()` over the query's rows, in derived tables.
//!
//! `SELECT r.c1 FROM (SELECT q.*, row_number() OVER (PARTITION BY q.c1 ORDER BY q.c2) AS n1 FROM (the query) AS q) AS r WHERE r.n1 = 1`.
//! The rows are computed first: their own window functions, groups and volatile items are what they were. Of rows that tie any may be the
//! first, as in PostgreSQL.

use super::{Construct, Printer, Rewrite, SyntaxRule};
use crate::bound::{Body, Distinct, ExprType, Query, SortKey};
use crate::error::{Error, Result};

/// What keeps a row.
enum Kept {
    /// It is the first of those that are equal in these items.
    First(Vec<usize>),
    /// It comes after so many, and its peers begin within the first so many.
    Within { after: i64, until: i64 },
}

impl<'a> Printer<'a> {
    /// Must the query be said by ranks?
    pub(super) fn is_ranked(&self, query: &Query) -> bool {
        self.foreign() && ((query.limit.with_ties && self.by_ranks(Construct::WithTies)) || self.is_firsts(query))
    }

    fn by_ranks(&self, construct: Construct) -> bool {
        let rule = self.target.dialect.syntax(construct);
        matches!(rule, Some(SyntaxRule::Rule(Rewrite::Rank | Rewrite::RowNumber)))
    }

    /// DISTINCT ON, which the target has not.
    fn is_firsts(&self, query: &Query) -> bool {
        let on = matches!(&query.body, Body::Select(select) if matches!(select.distinct, Distinct::On(_)));
        on && self.by_ranks(Construct::DistinctOn)
    }

    pub(super) fn ranked_query(&mut self, query: &'a Query, fetching: bool, listed: Option<Vec<String>>) -> Result<()> {
        self.construct(Construct::Window)?;
        self.weaken = false;
        let kept = self.kept(query)?;
        let types: Vec<&'a ExprType> = match &query.body {
            Body::Select(select) => select.items.iter().map(|item| &item.expr.ty).collect(),
            Body::SetOperation(_) => query.columns.iter().map(|column| &column.ty).collect(),
            Body::Values(_) => return Err(self.refuse("WITH TIES after VALUES")),
        };
        if !query.locking.is_empty() {
            return Err(self.refuse("locking of rows that are ranked"));
        }
        let names: Vec<String> = (1..=types.len()).map(|n| format!("c{n}")).collect();
        for key in &query.order_by {
            let ty = types.get(key.expr).ok_or_else(|| Error::internal("a sort key without its item"))?;
            self.foreign_use(ty, true)?;
        }
        let (inner, outer) = (self.unique("q"), self.unique("r"));
        self.push("SELECT ");
        for (n, column) in query.columns.iter().enumerate() {
            if n > 0 {
                self.push(", ");
            }
            let before = self.out.len();
            self.ranked_column(&outer, &names[n])?;
            if fetching {
                self.fetch(before, &column.ty)?;
            }
            self.push(" AS ");
            self.name(listed.as_ref().and_then(|listed| listed.get(n)).unwrap_or(&column.name))?;
        }
        self.push(" FROM (SELECT ");
        for name in &names {
            self.ranked_column(&inner, name)?;
            self.push(" AS ");
            self.name(name)?;
            self.push(", ");
        }
        match &kept {
            Kept::First(on) => {
                for item in on {
                    let ty = types.get(*item).ok_or_else(|| Error::internal("DISTINCT ON without its item"))?;
                    self.foreign_use(ty, false)?;
                }
                let (on, keys) = (on.as_slice(), query.order_by.as_slice());
                self.rank_over("row_number()", "n1", &inner, &names, on, keys)?;
            }
            Kept::Within { after, .. } => {
                self.rank_over("rank()", "n1", &inner, &names, &[], &query.order_by)?;
                if *after > 0 {
                    self.push(", ");
                    self.rank_over("row_number()", "n2", &inner, &names, &[], &query.order_by)?;
                }
            }
        }
        self.push(" FROM (");
        self.listed = Some(names.clone());
        self.ranked = true;
        self.body(query)?;
        self.ranked = false;
        self.push(")");
        self.as_alias(&inner, &[])?;
        self.push(")");
        self.as_alias(&outer, &[])?;
        self.push(" WHERE ");
        self.ranked_column(&outer, "n1")?;
        match &kept {
            Kept::First(_) => self.push(" = 1"),
            Kept::Within { after, until } => {
                self.push(&format!(" <= {until}"));
                if *after > 0 {
                    self.push(" AND ");
                    self.ranked_column(&outer, "n2")?;
                    self.push(&format!(" > {after}"));
                }
            }
        }
        self.ranked_keys(&outer, &names, &query.order_by, " ")?;
        match kept {
            Kept::First(_) => self.foreign_limit(&query.limit),
            Kept::Within { .. } => Ok(()),
        }
    }

    fn kept(&self, query: &Query) -> Result<Kept> {
        let on = match &query.body {
            Body::Select(select) => match &select.distinct {
                Distinct::On(on) => Some(on),
                Distinct::All | Distinct::Rows => None,
            },
            Body::SetOperation(_) | Body::Values(_) => None,
        };
        match (on, query.limit.with_ties) {
            (Some(on), false) => {
                self.construct(Construct::DistinctOn)?;
                Ok(Kept::First(on.clone()))
            }
            (None, true) => {
                self.construct(Construct::WithTies)?;
                let (count, offset) = self.limit_numbers(&query.limit)?;
                let after = offset.unwrap_or(0);
                let until = count.filter(|count| *count > 0).and_then(|count| count.checked_add(after));
                let until = until.ok_or_else(|| self.refuse("WITH TIES after this number of rows"))?;
                Ok(Kept::Within { after, until })
            }
            (Some(_), true) => Err(self.refuse("DISTINCT ON and WITH TIES together")),
            (None, false) => Err(Error::internal("a query that needs no rank")),
        }
    }

    fn ranked_column(&mut self, alias: &str, name: &str) -> Result<()> {
        self.name(alias)?;
        self.push(".");
        self.name(name)
    }

    /// `ORDER BY alias.c1 ASC NULLS LAST`, with what stands before it.
    fn ranked_keys(&mut self, alias: &str, names: &[String], keys: &[SortKey<usize>], before: &str) -> Result<()> {
        for (n, key) in keys.iter().enumerate() {
            if n == 0 {
                self.push(before);
            }
            self.push(if n == 0 { "ORDER BY " } else { ", " });
            let name = names.get(key.expr).ok_or_else(|| Error::internal("a sort key without its item"))?;
            self.ranked_column(alias, name)?;
            self.direction(key);
        }
        Ok(())
    }

    /// `row_number() OVER (PARTITION BY q.c1 ORDER BY q.c2 ASC NULLS LAST) AS n1`. Some targets want an order in every rank: without one,
    /// that of the parts' own keys, which leaves their rows as they come.
    fn rank_over(
        &mut self,
        rank: &str,
        name: &str,
        alias: &str,
        names: &[String],
        on: &[usize],
        keys: &[SortKey<usize>],
    ) -> Result<()> {
        self.push(rank);
        self.push(" OVER (");
        for (n, item) in on.iter().enumerate() {
            self.push(if n == 0 { "PARTITION BY " } else { ", " });
            let name = names.get(*item).ok_or_else(|| Error::internal("DISTINCT ON without its item"))?;
            self.ranked_column(alias, name)?;
        }
        let mut within: Vec<SortKey<usize>> = keys.iter().filter(|key| !on.contains(&key.expr)).cloned().collect();
        if within.is_empty() {
            within.extend(on.first().map(|on| SortKey { expr: *on, descending: false, nulls_first: false }));
        }
        self.ranked_keys(alias, names, &within, if on.is_empty() { "" } else { " " })?;
        self.push(") AS ");
        self.name(name)
    }
}
