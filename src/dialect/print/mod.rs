//! Printing a secured statement in a target's SQL: the only maker of [`TargetSql`] (invariant 3).
//!
//! Every compound expression prints its own parentheses, every column is qualified by an alias that is unique in the whole
//! statement, every literal and parameter carries its type: what the target resolves is what bind resolved.

mod call;
mod collation;
mod dml;
mod expr;
mod fetch;
mod foreign;
mod from;
mod literal;
mod query;
mod ranked;
mod types;
mod weaken;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;
use std::rc::Rc;

use super::quote;
use super::rules::{Construct, Dialect, Evidence, Parameters, Rewrite, SyntaxRule};
use super::target::{Carrier, Param, ParamSource, ResultColumn, TargetSql};
use crate::bound::visit::{Node, walk_expr, walk_statement};
use crate::bound::{CteId, Expr, ExprKind, ExprType, From, GroupBy, RangeId, Reads, Span, Statement};
use crate::catalog::{Catalog, Relation, Server, Volatility};
use crate::error::{Error, Result};
use crate::policy::Secured;

/// Where a statement is to run.
#[derive(Clone, Copy, Debug)]
pub struct PrintTarget<'a> {
    pub dialect: &'a Dialect,
    pub catalog: &'a Catalog,
    pub server: &'a Server,
    /// The least evidence of a row that may be used.
    pub fidelity: Evidence,
    /// Conjuncts of the outermost WHERE may be printed weaker than they are: every row is tested again here (invariant 11).
    pub weaken: bool,
}

impl<'a> PrintTarget<'a> {
    pub fn new(dialect: &'a Dialect, catalog: &'a Catalog, server: &'a Server) -> PrintTarget<'a> {
        PrintTarget { dialect, catalog, server, fidelity: Evidence::default(), weaken: false }
    }
}

/// The most text that is printed; templates that repeat their arguments make it grow fast.
const MAX_TEXT: usize = 16 << 20;

/// Prints a statement all of whose relations are on the target's server. 0A000, naming construct and server, for what the
/// dialect has no row for.
pub fn print(secured: &Secured, target: &PrintTarget<'_>) -> Result<TargetSql> {
    let statement = secured.statement();
    let mut printer = Printer {
        target,
        secured,
        out: String::with_capacity(1024),
        spans: Vec::with_capacity(64),
        params: Vec::new(),
        ranges: BTreeMap::new(),
        ctes: HashMap::new(),
        cte_columns: HashMap::new(),
        taken: HashSet::new(),
        case_operands: Vec::new(),
        choices: 0,
        groups: Vec::new(),
        uses: Uses::of(statement),
        whole: secured.is_open(),
        outermost: true,
        fetching: false,
        weaken: target.weaken,
        listed: None,
        ranked: false,
        weaker: false,
        approximations: Vec::new(),
    };
    let carriers = printer.carriers(statement)?;
    printer.statement(statement)?;
    if printer.out.len() > MAX_TEXT {
        return Err(printer.refuse("a statement whose translation is this long"));
    }
    let columns = statement
        .output()
        .iter()
        .zip(carriers)
        .map(|(column, carrier)| ResultColumn {
            carrier,
            ..ResultColumn::new(column.name.clone(), column.ty.oid, column.ty.typmod)
        })
        .collect();
    Ok(TargetSql {
        text: printer.out.into(),
        params: printer.params.into(),
        columns,
        spans: printer.spans.into(),
        whole: printer.whole,
        approximations: printer.approximations.into(),
    })
}

/// What the statement reads of each range, found before printing.
#[derive(Debug, Default)]
struct Uses {
    whole: HashSet<RangeId>,
    locked: HashSet<RangeId>,
    /// Found when a relation is first printed as a derived table.
    reads: OnceCell<Reads>,
    /// Names of the columns that a whole row's alias could be taken for; none without a whole row.
    names: HashSet<String>,
}

impl Uses {
    fn of(statement: &Statement) -> Uses {
        let mut uses = Uses::default();
        let _ = walk_statement(statement, &mut |node| {
            match node {
                Node::Expr(Expr { kind: ExprKind::WholeRow { range }, .. }) => {
                    uses.whole.insert(*range);
                }
                Node::Expr(_) | Node::From(_) => {}
                Node::Query(query) => uses.locked.extend(query.locking.iter().flat_map(|locking| &locking.ranges)),
            }
            ControlFlow::Continue(())
        });
        if !uses.whole.is_empty() {
            uses.column_names(statement);
        }
        uses
    }

    fn column_names(&mut self, statement: &Statement) {
        match statement {
            Statement::Delete(delete) => self.relation(&delete.target.relation),
            Statement::Insert(insert) => self.relation(&insert.target.relation),
            Statement::Update(update) => self.relation(&update.target.relation),
            Statement::Query(_) => {}
        }
        let _ = walk_statement(statement, &mut |node| {
            match node {
                Node::From(From::Secured(scan)) => self.relation(&scan.scan.relation),
                Node::From(From::Cte { columns, .. } | From::Subquery { columns, .. }) => {
                    self.names.extend(columns.iter().map(|column| column.name.clone()));
                }
                Node::From(From::Function(scan)) => {
                    self.names.extend(scan.columns.iter().map(|column| column.name.clone()));
                }
                Node::Expr(_) | Node::Query(_) | Node::From(From::Fragment(_) | From::Join(_) | From::Scan(_)) => {}
            }
            ControlFlow::Continue(())
        });
    }

    fn relation(&mut self, relation: &Relation) {
        for column in &relation.columns {
            self.names.insert(column.name.clone());
            self.names.insert(column.remote_name.clone());
        }
    }
}

/// How a range is named in the printed text.
#[derive(Debug)]
struct Range<'a> {
    alias: Rc<str>,
    /// The alias as an identifier of the target.
    quoted: Rc<str>,
    columns: Columns<'a>,
}

#[derive(Debug)]
enum Columns<'a> {
    /// A base relation by its own name, or a derived table that keeps its remote column names.
    Relation { relation: &'a Relation, derived: bool },
    /// Printed names; `duplicated` when some were renamed to be unique.
    Named { names: Vec<String>, renamed: bool },
    /// `left op ANY (SELECT ...)`: its columns are printed as the sub-query's.
    Test,
}

struct Printer<'a> {
    target: &'a PrintTarget<'a>,
    secured: &'a Secured,
    out: String,
    spans: Vec<(usize, usize)>,
    params: Vec<Param>,
    ranges: BTreeMap<RangeId, Range<'a>>,
    /// Printed name of each CTE.
    ctes: HashMap<CteId, String>,
    /// Printed names of each CTE's columns, where they are said in its select list.
    cte_columns: HashMap<CteId, Vec<String>>,
    /// Names given to ranges and CTEs.
    taken: HashSet<String>,
    /// Operands of the CASEs around, innermost last.
    case_operands: Vec<&'a Expr>,
    /// ORs and NOTs around.
    choices: usize,
    /// GROUP BY of the selects around, innermost last.
    groups: Vec<Option<&'a GroupBy>>,
    uses: Uses,
    whole: bool,
    /// The next query is the statement's own.
    outermost: bool,
    /// The next select's items are what the client gets: wrapped as their types' carriers want.
    fetching: bool,
    /// The next WHERE may be printed weaker.
    weaken: bool,
    /// The names of the next query's columns, where no list after it can say them.
    listed: Option<Vec<String>>,
    /// The next body's rows are ranked outside of it: hidden items are printed too, and no DISTINCT ON.
    ranked: bool,
    /// Within the template of a weaker condition, which reads a geometry's bounds only.
    weaker: bool,
    approximations: Vec<String>,
}

impl<'a> Printer<'a> {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn name(&mut self, name: &str) -> Result<()> {
        let name = self.target.dialect.text.quoting.identifier(name)?;
        self.out.push_str(&name);
        Ok(())
    }

    /// Is the target another language than PostgreSQL's?
    fn foreign(&self) -> bool {
        !self.target.dialect.text.postgresql
    }

    /// Is the target PostgreSQL behind a driver library? Its columns are of the types that the driver says, and come in Arrow.
    fn driven(&self) -> bool {
        !self.foreign() && self.target.server.wrapper != "postgres"
    }

    fn span(&mut self, span: Span) {
        if let Some(position) = span.0 {
            self.spans.push((self.out.len(), position));
        }
    }

    /// `a, b, c`.
    fn list<T>(&mut self, items: &'a [T], mut print: impl FnMut(&mut Self, &'a T) -> Result<()>) -> Result<()> {
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                self.push(", ");
            }
            print(self, item)?;
        }
        Ok(())
    }

    /// 0A000 naming the construct and the server.
    fn refuse(&self, what: impl std::fmt::Display) -> Error {
        Error::unsupported(format!("{what} on server \"{}\"", self.target.server.name))
    }

    fn construct(&self, construct: Construct) -> Result<()> {
        match self.target.dialect.syntax(construct) {
            Some(SyntaxRule::Native | SyntaxRule::Rule(_)) => Ok(()),
            Some(SyntaxRule::Refuse(why)) => Err(self.refuse(construct.name()).detail(why.clone())),
            None => Err(self.refuse(construct.name())),
        }
    }

    /// A name not used by any other range or CTE: the wished one, or with a number.
    fn unique(&mut self, wished: &str) -> String {
        let wished = if wished.is_empty() { "q" } else { wished };
        let mut name = wished.to_owned();
        let mut n = 1;
        while !self.taken.insert(self.target.dialect.text.quoting.folded(&name).into_owned()) {
            n += 1;
            name = quote::numbered(wished, n);
        }
        name
    }

    fn range(&self, range: RangeId) -> Result<&Range<'a>> {
        self.ranges.get(&range).ok_or_else(|| Error::internal(format!("range {} is not in scope", range.0)))
    }

    /// Names a range from here on.
    fn name_range(&mut self, range: RangeId, alias: Rc<str>, columns: Columns<'a>) -> Result<()> {
        let quoted = match self.target.dialect.text.quoting.identifier(&alias)? {
            Cow::Borrowed(_) => Rc::clone(&alias),
            Cow::Owned(quoted) => quoted.into(),
        };
        self.ranges.insert(range, Range { alias, quoted, columns });
        Ok(())
    }

    /// A bind parameter, with its type.
    fn parameter(&mut self, source: ParamSource, ty: &ExprType) -> Result<()> {
        let same = |param: &Param| match (&param.source, &source) {
            (ParamSource::Client(a), ParamSource::Client(b)) | (ParamSource::Context(a), ParamSource::Context(b)) => {
                a == b
            }
            _ => false,
        };
        let style = self.target.dialect.text.parameters;
        let mark = match (style, self.params.iter().position(same)) {
            (Parameters::None, _) => return Err(self.refuse("a bind parameter")),
            (Parameters::Dollar, Some(at)) => format!("${}", at + 1),
            (Parameters::Dollar, None) => {
                self.params.push(Param { ty: ty.oid, source });
                format!("${}", self.params.len())
            }
            (Parameters::Question, _) => {
                self.params.push(Param { ty: ty.oid, source });
                "?".to_owned()
            }
        };
        if self.foreign() {
            return self.foreign_parameter(&mark, ty);
        }
        self.push(&mark);
        self.cast_suffix(ty.oid, ty.typmod)
    }

    fn statement(&mut self, statement: &'a Statement) -> Result<()> {
        if self.driven() && !matches!(statement, Statement::Query(_)) {
            return Err(self.refuse("writing"));
        }
        match statement {
            Statement::Delete(delete) => self.delete(delete),
            Statement::Insert(insert) => self.insert(insert),
            Statement::Query(query) => self.query(query),
            Statement::Update(update) => self.update(update),
        }
    }
}

/// Does the expression call anything volatile (sub-queries included)?
pub(crate) fn is_volatile(expr: &Expr) -> bool {
    let flow = walk_expr(expr, &mut |node| {
        let volatile = match node {
            Node::Expr(expr) => match &expr.kind {
                ExprKind::Aggregate(call) => call.function.volatility == Volatility::Volatile,
                ExprKind::Call { function, .. } | ExprKind::ScalarArray { function, .. } => {
                    function.volatility == Volatility::Volatile
                }
                _ => false,
            },
            Node::From(From::Function(_)) | Node::From(_) | Node::Query(_) => false,
        };
        if volatile { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    flow.is_break()
}

#[cfg(test)]
pub(crate) use self::foreign::tests::catalog as foreign_catalog;
#[cfg(test)]
pub(crate) mod tests;
