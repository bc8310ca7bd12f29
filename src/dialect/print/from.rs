//! FROM items.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::rc::Rc;

use super::{Columns, Construct, Printer, Range, quote};
use crate::bound::visit::{Node, walk_expr};
use crate::bound::{
    Expr, ExprKind, From, FunctionScan, Join, JoinKind, RangeColumn, RangeId, Reads, Scan, SystemColumn,
};
use crate::catalog::{RelationKind, Source};
use crate::dialect::rules::Fences;
use crate::error::{Error, Result};
use crate::policy::{ColumnAccess, Fence, SecuredScan};

impl<'a> Printer<'a> {
    /// Names made unique by numbering, and whether any had to be.
    pub(super) fn unique_names<'n>(&self, names: impl Iterator<Item = &'n str>) -> (Vec<String>, bool) {
        let quoting = self.target.dialect.text.quoting;
        let mut taken = HashSet::new();
        let mut renamed = false;
        let names = names
            .map(|wished| {
                let base = if wished.is_empty() { "column" } else { wished };
                let mut name = base.to_owned();
                let mut n = 1;
                while !taken.insert(quoting.folded(&name).into_owned()) {
                    n += 1;
                    name = quote::numbered(base, n);
                }
                renamed |= name != wished;
                name
            })
            .collect();
        (names, renamed)
    }

    /// Gives the item's ranges their aliases; sub-queries declare their own when they are printed.
    pub(super) fn declare(&mut self, from: &'a From) -> Result<()> {
        match from {
            From::Cte { range, alias, cte, columns, .. } => {
                self.declare_named(*range, alias, columns)?;
                // Without a list of its own here, the WITH query's names stand.
                if self.target.dialect.text.unlisted
                    && let (Some(theirs), Some(Range { columns: Columns::Named { names, .. }, .. })) =
                        (self.cte_columns.get(cte), self.ranges.get_mut(range))
                {
                    names.clone_from(theirs);
                }
            }
            From::Subquery { range, alias, columns, .. } => self.declare_named(*range, alias, columns)?,
            From::Fragment(_) => return Err(Error::internal("a fragment cannot be printed")),
            From::Function(scan) => self.declare_named(scan.range, &scan.alias, &scan.columns)?,
            From::Join(join) => {
                self.declare(&join.left)?;
                self.declare(&join.right)?;
            }
            From::Scan(_) => return Err(Error::internal("an unsecured relation reached print")),
            From::Secured(scan) => {
                let whole = self.uses.whole.contains(&scan.scan.range);
                let locked = self.uses.locked.contains(&scan.scan.range);
                // A whole row is said over a derived table: the relation itself may have columns that the catalog does not know.
                let derived = !scan.is_plain() || (whole && !locked);
                if derived && locked {
                    return Err(self.refuse(format!("locking of relation {}", scan.scan.relation.name)));
                }
                self.declare_relation(&scan.scan, derived)?;
            }
        }
        Ok(())
    }

    fn declare_named(&mut self, range: RangeId, alias: &str, columns: &[RangeColumn]) -> Result<()> {
        let alias = self.range_alias(range, alias);
        let (names, renamed) = self.unique_names(columns.iter().map(|column| column.name.as_str()));
        self.name_range(range, alias, Columns::Named { names, renamed })
    }

    pub(super) fn declare_relation(&mut self, scan: &'a Scan, derived: bool) -> Result<()> {
        let alias = self.range_alias(scan.range, &scan.alias);
        let columns = Columns::Relation { relation: &scan.relation, derived };
        self.name_range(scan.range, alias, columns)
    }

    /// A name of its own; where the whole row is read by it, no column's name either: as a bare name a column comes first.
    fn range_alias(&mut self, range: RangeId, wished: &str) -> Rc<str> {
        let mut alias = self.unique(wished);
        while self.uses.whole.contains(&range) && self.uses.names.contains(&alias) {
            alias = self.unique(wished);
        }
        alias.into()
    }

    pub(super) fn column_list(&mut self, names: &[String]) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        self.push("(");
        for (n, name) in names.iter().enumerate() {
            if n > 0 {
                self.push(", ");
            }
            self.name(name)?;
        }
        self.push(")");
        Ok(())
    }

    /// `AS alias(names)`.
    fn alias(&mut self, range: RangeId) -> Result<()> {
        let Range { alias, columns, .. } = self.range(range)?;
        let (alias, names) = match columns {
            Columns::Named { names, .. } => (alias.clone(), names.clone()),
            Columns::Relation { .. } | Columns::Test => (alias.clone(), Vec::new()),
        };
        self.as_alias(&alias, &names)
    }

    /// The names that the columns of a sub-query in FROM must have, where no list says them.
    fn listed_of(&self, range: RangeId) -> Result<Option<Vec<String>>> {
        Ok(match &self.range(range)?.columns {
            Columns::Named { names, .. } if self.target.dialect.text.unlisted => Some(names.clone()),
            Columns::Named { .. } | Columns::Relation { .. } | Columns::Test => None,
        })
    }

    /// ` AS alias(names)`, or as the target writes it.
    pub(super) fn as_alias(&mut self, alias: &str, names: &[String]) -> Result<()> {
        let bare = self.target.dialect.text.bare_alias;
        let list = !self.target.dialect.text.unlisted;
        if bare && list && !names.is_empty() {
            return Err(self.refuse("a derived table"));
        }
        self.push(if bare { " " } else { " AS " });
        self.name(alias)?;
        if list { self.column_list(names) } else { Ok(()) }
    }

    pub(super) fn from(&mut self, from: &'a From) -> Result<()> {
        match from {
            From::Cte { range, cte, .. } => {
                let name = self.ctes.get(cte).cloned().ok_or_else(|| Error::internal("a CTE is not in scope"))?;
                self.name(&name)?;
                self.alias(*range)
            }
            From::Fragment(_) => Err(Error::internal("a fragment cannot be printed")),
            From::Function(scan) => self.function_scan(scan),
            From::Join(join) => self.join(join),
            From::Scan(_) => Err(Error::internal("an unsecured relation reached print")),
            From::Secured(scan) => self.secured_scan(scan),
            From::Subquery { range, query, lateral, .. } => {
                if *lateral {
                    self.construct(Construct::Lateral)?;
                    self.push("LATERAL ");
                }
                self.push("(");
                self.listed = self.listed_of(*range)?;
                self.query(query)?;
                self.push(")");
                self.alias(*range)
            }
        }
    }

    fn join(&mut self, join: &'a Join) -> Result<()> {
        if join.kind == JoinKind::Full {
            self.construct(Construct::FullJoin)?;
        }
        if self.target.dialect.text.equal_joins
            && matches!(join.kind, JoinKind::Left | JoinKind::Right)
            && !join.on.as_ref().is_some_and(has_equality)
        {
            return Err(self.refuse("an outer join without an equality of columns"));
        }
        self.push("(");
        self.from(&join.left)?;
        let cross = join.kind == JoinKind::Cross && join.on.is_none();
        self.push(match join.kind {
            JoinKind::Cross if cross => " CROSS JOIN ",
            JoinKind::Cross | JoinKind::Inner => " JOIN ",
            JoinKind::Full => " FULL JOIN ",
            JoinKind::Left => " LEFT JOIN ",
            JoinKind::Right => " RIGHT JOIN ",
        });
        self.from(&join.right)?;
        if !cross {
            self.push(" ON ");
            match &join.on {
                Some(on) => self.expr(on)?,
                None => self.push("true"),
            }
        }
        self.push(")");
        Ok(())
    }

    /// `"schema"."name"`, after checking that the relation is where this text will run.
    pub(super) fn relation_name(&mut self, scan: &Scan) -> Result<()> {
        let relation = &scan.relation;
        match &relation.source {
            Source::Remote { server, schema, name } if *server == self.target.server.oid => {
                if scan.only {
                    self.construct(Construct::Only)?;
                    self.push("ONLY ");
                }
                let quoting = self.target.dialect.text.quoting;
                let (database, schema) = match schema.rsplit_once('.') {
                    Some((database, schema)) if self.target.dialect.text.dotted => (Some(database), schema),
                    _ => (None, &**schema),
                };
                for part in database.into_iter().chain([schema]) {
                    let part = quoting.quoted_identifier(part)?;
                    self.push(&part);
                    self.push(".");
                }
                let name = quoting.quoted_identifier(name)?;
                self.push(&name);
                Ok(())
            }
            Source::Files { .. } | Source::Remote { .. } | Source::System | Source::View => {
                Err(self.refuse(format!("relation {}, which is elsewhere,", relation.name)))
            }
        }
    }

    fn secured_scan(&mut self, secured: &'a SecuredScan) -> Result<()> {
        let scan = &secured.scan;
        let (alias, derived) = match self.range(scan.range)? {
            Range { alias, columns: Columns::Relation { derived, .. }, .. } => (alias.clone(), *derived),
            Range { .. } => return Err(Error::internal("a scan declared as something else")),
        };
        self.whole &= secured.is_plain();
        if !derived {
            self.relation_name(scan)?;
            return self.as_alias(&alias, &[]);
        }
        // Inside, the alias names the relation; outside, the derived table. The policy's own expressions are inside.
        let reads = self.uses.reads.get_or_init(|| Reads::of(self.secured.statement()));
        let used = reads.get(scan.range).map(|read| read.columns.clone()).unwrap_or_default();
        let whole = self.uses.whole.contains(&scan.range);
        self.set_derived(scan.range, false);
        self.push("(SELECT ");
        let mut first = true;
        let relation = &scan.relation;
        for (n, column) in relation.columns.iter().enumerate() {
            let access = secured.columns.get(n).unwrap_or(&ColumnAccess::Absent);
            if !(whole || used.contains(&n)) || matches!(access, ColumnAccess::Absent) {
                continue;
            }
            if !first {
                self.push(", ");
            }
            first = false;
            match access {
                ColumnAccess::Absent => {}
                ColumnAccess::Masked(mask) => self.expr(mask)?,
                ColumnAccess::Visible => self.column(scan.range, n)?,
            }
            self.push(" AS ");
            self.name(&column.name)?;
        }
        for n in used.iter().filter(|n| **n >= relation.columns.len()) {
            self.construct(Construct::SystemColumns)?;
            let name = system_column(n - relation.columns.len())?;
            if !first {
                self.push(", ");
            }
            first = false;
            self.name(&alias)?;
            self.push(".");
            self.push(name);
            self.push(" AS ");
            self.name(name)?;
        }
        self.push(" FROM ");
        self.relation_name(scan)?;
        self.as_alias(&alias, &[])?;
        if let Some(predicate) = &secured.predicate {
            self.push(" WHERE ");
            self.expr(predicate)?;
        }
        if secured.fence == Fence::LeakProofOnly {
            match self.target.dialect.text.fence {
                Fences::None => return Err(self.refuse(format!("a policy on rows of {}", relation.name))),
                // PostgreSQL never moves a condition below OFFSET.
                Fences::Offset => self.push(" OFFSET 0"),
            }
        }
        self.push(")");
        self.set_derived(scan.range, true);
        self.as_alias(&alias, &[])
    }

    fn set_derived(&mut self, range: RangeId, now: bool) {
        if let Some(Range { columns: Columns::Relation { derived, .. }, .. }) = self.ranges.get_mut(&range) {
            *derived = now;
        }
    }

    fn function_scan(&mut self, scan: &'a FunctionScan) -> Result<()> {
        self.construct(Construct::FunctionInFrom)?;
        if self.foreign() {
            return self.foreign_function_scan(scan);
        }
        let definition = scan.functions.iter().any(|function| function.definition);
        let calls =
            scan.functions.iter().all(|function| matches!(&function.expr.kind, ExprKind::Call { operator: None, .. }));
        if !calls {
            // Any other expression that stands as a function in FROM: one row.
            let [only] = &*scan.functions else { return Err(self.refuse("ROWS FROM over such an expression")) };
            if scan.ordinality || definition {
                return Err(self.refuse("WITH ORDINALITY over such an expression"));
            }
            self.push("LATERAL (SELECT ");
            self.expr(&only.expr)?;
            self.push(")");
            return self.alias(scan.range);
        }
        if scan.lateral {
            self.construct(Construct::Lateral)?;
            self.push("LATERAL ");
        }
        let rows_from = definition || scan.functions.len() > 1;
        if rows_from {
            self.push("ROWS FROM (");
        }
        let mut at = 0;
        for (n, function) in scan.functions.iter().enumerate() {
            if n > 0 {
                self.push(", ");
            }
            self.expr(&function.expr)?;
            if function.definition {
                self.push(" AS (");
                for (n, column) in scan.columns.iter().skip(at).take(function.columns).enumerate() {
                    if n > 0 {
                        self.push(", ");
                    }
                    self.name(&column.name)?;
                    let ty = self.type_name(column.ty.oid, column.ty.typmod)?;
                    self.push(" ");
                    self.push(&ty);
                }
                self.push(")");
            }
            at += function.columns;
        }
        if rows_from {
            self.push(")");
        }
        if scan.ordinality {
            self.push(" WITH ORDINALITY");
        }
        self.alias(scan.range)
    }
}

impl<'a> Printer<'a> {
    /// A set-returning function whose row says a table.
    fn foreign_function_scan(&mut self, scan: &'a FunctionScan) -> Result<()> {
        let [only] = &*scan.functions else { return Err(self.refuse("ROWS FROM")) };
        let ExprKind::Call { function, args, variadic: false, .. } = &only.expr.kind else {
            return Err(self.refuse("such an expression in FROM"));
        };
        if scan.ordinality || only.definition || !function.returns_set || scan.columns.len() != 1 {
            return Err(self.refuse(format!("function {} in this form in FROM", function.signature())));
        }
        // A function in FROM may always read what stands before it; this one does.
        let reads = |arg: &Expr| {
            walk_expr(arg, &mut |node| match node {
                Node::Expr(Expr { kind: ExprKind::Column { .. } | ExprKind::WholeRow { .. }, .. }) => {
                    ControlFlow::Break(())
                }
                Node::Expr(_) | Node::From(_) | Node::Query(_) => ControlFlow::Continue(()),
            })
            .is_break()
        };
        if scan.lateral && args.iter().any(reads) {
            self.construct(Construct::Lateral)?;
            self.push("LATERAL ");
        }
        self.foreign_call(function, &args.iter().collect::<Vec<_>>())?;
        self.alias(scan.range)
    }
}

/// Is a conjunct `column = column`?
fn has_equality(on: &Expr) -> bool {
    match &on.kind {
        ExprKind::And(args) => args.iter().any(has_equality),
        ExprKind::Call { args, operator: Some(operator), .. } if &**operator == "=" => args.iter().all(|arg| {
            let arg = if let ExprKind::Cast { arg, .. } = &arg.kind { arg } else { arg };
            matches!(arg.kind, ExprKind::Column { .. })
        }),
        _ => false,
    }
}

/// The name of a system column by its number.
pub(super) fn system_column(n: usize) -> Result<&'static str> {
    [
        (SystemColumn::Tableoid, "tableoid"),
        (SystemColumn::Ctid, "ctid"),
        (SystemColumn::Xmin, "xmin"),
        (SystemColumn::Cmin, "cmin"),
        (SystemColumn::Xmax, "xmax"),
        (SystemColumn::Cmax, "cmax"),
    ]
    .into_iter()
    .find(|(column, _)| *column as usize == n)
    .map(|(_, name)| name)
    .ok_or_else(|| Error::internal("no such system column"))
}

/// `tableoid` is a source's own oid: ours is said instead, and only where the relation has one row type.
pub(super) fn has_one_tableoid(kind: RelationKind) -> bool {
    matches!(kind, RelationKind::Table | RelationKind::ForeignTable | RelationKind::MaterializedView)
}
