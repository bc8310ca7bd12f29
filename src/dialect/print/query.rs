//! Queries: WITH, SELECT, set operations, VALUES, ORDER BY, LIMIT, locking.

use super::expr::Place;
use super::{Construct, Printer, SyntaxRule, is_volatile};
use crate::bound::{
    Body, Cte, Distinct, Expr, GroupBy, Item, LockStrength, Locking, Materialize, Query, Select, SetOperator, SortKey,
    Statement, Values,
};
use crate::error::{Error, Result};

impl<'a> Printer<'a> {
    pub(super) fn query(&mut self, query: &'a Query) -> Result<()> {
        stacker::maybe_grow(128 * 1024, 4 * 1024 * 1024, || {
            let outermost = std::mem::take(&mut self.outermost);
            let weaken = std::mem::take(&mut self.weaken) && outermost;
            if outermost && self.target.dialect.text.plain_results {
                self.listed = Some(plain_names(query.columns.iter().map(|column| column.name.as_str())));
            }
            let listed = self.listed.take();
            self.ctes(&query.ctes)?;
            let fetching = outermost && self.needs_fetch(query);
            self.weaken = weaken && matches!(query.body, Body::Select(_));
            self.groups.push(match &query.body {
                Body::Select(select) => select.group_by.as_ref(),
                Body::SetOperation(_) | Body::Values(_) => None,
            });
            // What is fetched in another form than it is compared in stands outside of DISTINCT and set operations.
            let merged = match &query.body {
                Body::Select(select) => matches!(select.distinct, Distinct::Rows),
                Body::SetOperation(_) | Body::Values(_) => true,
            };
            if self.is_ranked(query) {
                self.ranked_query(query, fetching, listed)?;
            } else if self.must_wrap(query) || (fetching && merged) {
                self.wrapped(query, fetching, listed)?;
            } else {
                self.fetching = fetching;
                self.listed = listed;
                self.body(query)?;
                self.order_by(query, fetching)?;
                self.limit(query)?;
                query.locking.iter().try_for_each(|locking| self.locking(locking))?;
            }
            self.groups.pop();
            Ok(())
        })
    }

    pub(super) fn ctes(&mut self, ctes: &'a [Cte]) -> Result<()> {
        if ctes.is_empty() {
            return Ok(());
        }
        self.construct(Construct::Cte)?;
        let recursive = ctes.iter().any(|cte| cte.recursive);
        if recursive {
            self.construct(Construct::Recursive)?;
        }
        self.push(if recursive { "WITH RECURSIVE " } else { "WITH " });
        for cte in ctes {
            let name = self.unique(&cte.name);
            self.ctes.insert(cte.id, name);
        }
        self.list(ctes, |printer, cte| {
            let name = printer.ctes.get(&cte.id).cloned().unwrap_or_default();
            printer.name(&name)?;
            let (names, _) = printer.unique_names(cte.columns.iter().map(|column| column.name.as_str()));
            if printer.target.dialect.text.unlisted {
                printer.cte_columns.insert(cte.id, names.clone());
                printer.listed = Some(names);
            } else {
                printer.column_list(&names)?;
            }
            printer.push(match cte.materialize {
                Materialize::Always => " AS MATERIALIZED (",
                Materialize::Default => " AS (",
                Materialize::Never => " AS NOT MATERIALIZED (",
            });
            if !matches!(cte.query, Statement::Query(_)) {
                printer.construct(Construct::DataModifyingCte)?;
            }
            printer.statement(&cte.query)?;
            printer.push(")");
            Ok(())
        })?;
        self.push(" ");
        Ok(())
    }

    /// Must ORDER BY stand outside of the body? PostgreSQL wants the sort expressions of SELECT DISTINCT in the list, takes only output
    /// columns after a set operation, and would compute a volatile item again: a printed COLLATE fits none of these.
    fn must_wrap(&self, query: &Query) -> bool {
        query.order_by.iter().any(|key| match &query.body {
            Body::Select(select) => select.items.get(key.expr).is_some_and(|item| {
                self.sort_collation(&item.expr).is_some()
                    && (matches!(select.distinct, Distinct::Rows) || (!item.hidden && is_volatile(&item.expr)))
            }),
            Body::SetOperation(_) | Body::Values(_) => query.columns.get(key.expr).is_some_and(|column| {
                let key = Expr::literal(crate::types::Datum::Null, column.ty.oid);
                self.sort_collation(&Expr { ty: column.ty.clone(), ..key }).is_some()
            }),
        })
    }

    /// `SELECT q.a, q.b FROM (body) AS q(a, b) ORDER BY q.a COLLATE "C"`.
    fn wrapped(&mut self, query: &'a Query, fetching: bool, listed: Option<Vec<String>>) -> Result<()> {
        if !query.locking.is_empty() || query.order_by.iter().any(|key| key.expr >= query.columns.len()) {
            return Err(self.refuse("ordering these text expressions"));
        }
        let alias = self.unique("q");
        let (names, _) = self.unique_names(query.columns.iter().map(|column| column.name.as_str()));
        let column = |printer: &mut Self, n: usize| {
            printer.name(&alias)?;
            printer.push(".");
            printer.name(&names[n])
        };
        self.push("SELECT ");
        for (n, name) in names.iter().enumerate() {
            if n > 0 {
                self.push(", ");
            }
            let before = self.out.len();
            column(self, n)?;
            if fetching {
                self.fetch(before, &query.columns[n].ty)?;
            }
            if self.foreign() {
                self.push(" AS ");
                self.name(listed.as_ref().and_then(|listed| listed.get(n)).unwrap_or(name))?;
            }
        }
        self.push(" FROM (");
        if self.target.dialect.text.unlisted {
            self.listed = Some(names.clone());
        }
        self.body(query)?;
        self.push(")");
        self.as_alias(&alias, &names)?;
        if !query.order_by.is_empty() {
            self.push(" ORDER BY ");
        }
        for (n, key) in query.order_by.iter().enumerate() {
            if n > 0 {
                self.push(", ");
            }
            column(self, key.expr)?;
            let ty = &query.columns[key.expr].ty;
            self.foreign_use(ty, true)?;
            let sample = Expr { ty: ty.clone(), ..Expr::literal(crate::types::Datum::Null, ty.oid) };
            if let Some(collation) = self.sort_collation(&sample) {
                self.push(" COLLATE ");
                self.collation_name(&collation)?;
            }
            self.direction(key);
        }
        self.limit(query)
    }

    pub(super) fn body(&mut self, query: &'a Query) -> Result<()> {
        let ranked = std::mem::take(&mut self.ranked);
        match &query.body {
            Body::Select(select) => self.select(select, ranked),
            Body::SetOperation(operation) => {
                if operation.all && operation.operator != SetOperator::Union {
                    self.construct(Construct::ExceptAll)?;
                }
                self.one_scale_of(&operation.left, &operation.right)?;
                if !operation.all || operation.operator != SetOperator::Union {
                    for column in &query.columns {
                        self.foreign_use(&column.ty, false)?;
                    }
                }
                self.push("(");
                let listed = self.listed.clone();
                self.query(&operation.left)?;
                self.listed = listed;
                self.push(match (operation.operator, operation.all) {
                    (SetOperator::Except, false) if self.target.dialect.text.distinct_sets => ") EXCEPT DISTINCT (",
                    (SetOperator::Intersect, false) if self.target.dialect.text.distinct_sets => {
                        ") INTERSECT DISTINCT ("
                    }
                    (SetOperator::Union, false) if self.target.dialect.text.distinct_sets => ") UNION DISTINCT (",
                    (SetOperator::Except, false) => ") EXCEPT (",
                    (SetOperator::Except, true) => ") EXCEPT ALL (",
                    (SetOperator::Intersect, false) => ") INTERSECT (",
                    (SetOperator::Intersect, true) => ") INTERSECT ALL (",
                    (SetOperator::Union, false) => ") UNION (",
                    (SetOperator::Union, true) => ") UNION ALL (",
                });
                self.query(&operation.right)?;
                self.push(")");
                Ok(())
            }
            Body::Values(values) => {
                if values.rows.is_empty() || values.rows.iter().any(Vec::is_empty) {
                    return Err(self.refuse("VALUES without columns"));
                }
                self.construct(Construct::Values)?;
                for (n, column) in query.columns.iter().enumerate() {
                    self.one_scale(&column.ty, values.rows.iter().filter_map(|row| row.get(n)))?;
                }
                if matches!(self.target.dialect.syntax(Construct::Values), Some(SyntaxRule::Rule(_))) {
                    return self.united_values(query, values);
                }
                self.push("VALUES ");
                self.list(&values.rows, |printer, row| {
                    printer.push("(");
                    printer.list(row, |printer, value| printer.expr(value))?;
                    printer.push(")");
                    Ok(())
                })
            }
        }
    }

    /// VALUES as rows of their own under UNION ALL.
    fn united_values(&mut self, query: &'a Query, values: &'a Values) -> Result<()> {
        let listed = self.listed.take();
        for (r, row) in values.rows.iter().enumerate() {
            self.push(if r == 0 { "SELECT " } else { " UNION ALL SELECT " });
            for (n, value) in row.iter().enumerate() {
                if n > 0 {
                    self.push(", ");
                }
                self.expr(value)?;
                if let (0, Some(column)) = (r, query.columns.get(n)) {
                    self.push(" AS ");
                    self.name(listed.as_ref().and_then(|listed| listed.get(n)).unwrap_or(&column.name))?;
                }
            }
        }
        Ok(())
    }

    fn select(&mut self, select: &'a Select, ranked: bool) -> Result<()> {
        // Columns of the select list name ranges that FROM prints after it.
        select.from.iter().try_for_each(|from| self.declare(from))?;
        self.check_correlated(select)?;
        let fetching = std::mem::take(&mut self.fetching);
        let weaken = std::mem::take(&mut self.weaken);
        let mut listed = self.listed.take().unwrap_or_default().into_iter();
        self.push("SELECT ");
        match &select.distinct {
            Distinct::All => {}
            Distinct::Rows => {
                for item in &select.items {
                    self.foreign_use(&item.expr.ty, false)?;
                }
                self.push("DISTINCT ");
            }
            Distinct::On(_) if ranked => {}
            Distinct::On(items) => {
                self.construct(Construct::DistinctOn)?;
                self.push("DISTINCT ON (");
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        self.push(", ");
                    }
                    self.foreign_use(&select.items[*item].expr.ty, false)?;
                    self.sort_item(&select.items, *item, fetching)?;
                }
                self.push(") ");
            }
        }
        let mut first = true;
        for item in select.items.iter().filter(|item| ranked || !item.hidden) {
            if !first {
                self.push(", ");
            }
            first = false;
            self.fetched_item(item, fetching, listed.next().as_deref())?;
        }
        for (n, from) in select.from.iter().enumerate() {
            self.push(if n == 0 { " FROM " } else { ", " });
            self.from(from)?;
        }
        if let Some(filter) = &select.filter {
            if weaken {
                self.weakened_filter(filter)?;
            } else {
                self.push(" WHERE ");
                self.expr(filter)?;
            }
        }
        if let Some(group) = &select.group_by {
            self.group_by(group)?;
        }
        if let Some(having) = &select.having {
            self.push(" HAVING ");
            self.expr(having)?;
        }
        Ok(())
    }

    pub(super) fn item(&mut self, item: &'a Item) -> Result<()> {
        self.fetched_item(item, false, None)
    }

    fn fetched_item(&mut self, item: &'a Item, fetching: bool, listed: Option<&str>) -> Result<()> {
        let before = self.out.len();
        self.place(&item.expr, Place::Item)?;
        if fetching {
            self.fetch(before, &item.expr.ty)?;
        }
        // A name is always given: what the target would call the column may not even be an identifier.
        let name = listed.unwrap_or(&item.name);
        if !name.is_empty() {
            self.push(" AS ");
            self.name(name)?;
        }
        Ok(())
    }

    fn group_by(&mut self, group: &'a GroupBy) -> Result<()> {
        for expr in &group.exprs {
            self.foreign_use(&expr.ty, false)?;
        }
        if !group.grouping_sets {
            let plain = group.sets.first().is_none_or(|set| set.len() == group.exprs.len());
            if group.sets.len() > 1 || !plain {
                return Err(Error::internal("grouping sets that are not marked as such"));
            }
            if group.exprs.is_empty() {
                return Ok(());
            }
            self.push(" GROUP BY ");
            return self.list(&group.exprs, |printer, expr| printer.expr(expr));
        }
        self.construct(Construct::GroupingSets)?;
        self.push(" GROUP BY GROUPING SETS (");
        for (n, set) in group.sets.iter().enumerate() {
            self.push(if n == 0 { "(" } else { ", (" });
            for (n, at) in set.iter().enumerate() {
                if n > 0 {
                    self.push(", ");
                }
                let expr =
                    group.exprs.get(*at).ok_or_else(|| Error::internal("a grouping set without its expression"))?;
                self.expr(expr)?;
            }
            self.push(")");
        }
        self.push(")");
        Ok(())
    }

    fn order_by(&mut self, query: &'a Query, fetching: bool) -> Result<()> {
        for (n, key) in query.order_by.iter().enumerate() {
            self.push(if n == 0 { " ORDER BY " } else { ", " });
            match &query.body {
                Body::Select(select) => {
                    let item = select.items.get(key.expr);
                    item.map_or(Ok(()), |item| self.foreign_use(&item.expr.ty, true))?;
                    self.sort_item(&select.items, key.expr, fetching)?;
                }
                Body::SetOperation(_) | Body::Values(_) => {
                    let column = query.columns.get(key.expr);
                    column.map_or(Ok(()), |column| self.foreign_use(&column.ty, true))?;
                    self.push(&(key.expr + 1).to_string());
                }
            }
            self.direction(key);
        }
        Ok(())
    }

    /// A sort key: the position of a visible item, or its expression where a collation must be said or it is hidden.
    fn sort_item(&mut self, items: &'a [Item], at: usize, fetching: bool) -> Result<()> {
        let item = items.get(at).ok_or_else(|| Error::internal("a sort key without its item"))?;
        let collation = self.sort_collation(&item.expr);
        let fetched = fetching && self.has_fetch(&item.expr.ty);
        if collation.is_none() && !item.hidden && !fetched {
            self.push(&(at + 1).to_string());
            return Ok(());
        }
        self.collated(&item.expr, collation.as_deref())
    }

    pub(super) fn direction<T>(&mut self, key: &SortKey<T>) {
        if self.foreign() {
            self.push(if key.descending { " DESC" } else { " ASC" });
            return self.push(if key.nulls_first { " NULLS FIRST" } else { " NULLS LAST" });
        }
        self.push(match (key.descending, key.nulls_first) {
            (false, false) => "",
            (false, true) => " NULLS FIRST",
            (true, true) => " DESC",
            (true, false) => " DESC NULLS LAST",
        });
    }

    fn limit(&mut self, query: &'a Query) -> Result<()> {
        let limit = &query.limit;
        if self.foreign() {
            return self.foreign_limit(limit);
        }
        if let Some(offset) = &limit.offset {
            self.push(" OFFSET ");
            self.expr(offset)?;
        }
        let Some(count) = &limit.count else { return Ok(()) };
        if limit.with_ties {
            self.construct(Construct::WithTies)?;
            self.push(" FETCH FIRST (");
            self.expr(count)?;
            self.push(") ROWS WITH TIES");
        } else {
            self.push(" LIMIT ");
            self.expr(count)?;
        }
        Ok(())
    }

    fn locking(&mut self, locking: &'a Locking) -> Result<()> {
        self.construct(Construct::Locking)?;
        if self.driven() {
            return Err(self.refuse("locking rows"));
        }
        self.push(match locking.strength {
            LockStrength::KeyShare => " FOR KEY SHARE",
            LockStrength::NoKeyUpdate => " FOR NO KEY UPDATE",
            LockStrength::Share => " FOR SHARE",
            LockStrength::Update => " FOR UPDATE",
        });
        for (n, range) in locking.ranges.iter().enumerate() {
            self.push(if n == 0 { " OF " } else { ", " });
            let alias = self.range(*range)?.alias.clone();
            self.name(&alias)?;
        }
        if locking.no_wait {
            self.push(" NOWAIT");
        }
        if locking.skip_locked {
            self.push(" SKIP LOCKED");
        }
        Ok(())
    }
}

/// Names of a result that any target takes: those that are words, each once, and `c1` ... for the others.
fn plain_names<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut taken = std::collections::HashSet::new();
    let plain = |name: &str| {
        name.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    names
        .enumerate()
        .map(|(n, name)| {
            let mut wished = if plain(name) { name.to_owned() } else { format!("c{}", n + 1) };
            while !taken.insert(wished.to_ascii_lowercase()) {
                wished = format!("{wished}_{}", n + 1);
            }
            wished
        })
        .collect()
}
