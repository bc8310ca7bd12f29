//! Expressions. Each compound one prints its own parentheses.

use std::rc::Rc;

use super::from::{has_one_tableoid, system_column};
use super::{Columns, Construct, Printer, Range, is_volatile};
use crate::bound::{CastMethod, Expr, ExprKind, ExprType, RangeId, SubqueryKind, SystemColumn, Truth};
use crate::catalog::{Function, Source};
use crate::dialect::rules::{SyntaxRule, TypeRule};
use crate::dialect::target::ParamSource;
use crate::error::{Error, Result};

/// Where an expression stands, when that changes how it is printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// The value of a written column: the target coerces it as bind did.
    Assigned,
    /// An output column.
    Item,
}

impl<'a> Printer<'a> {
    /// An expression in a place of its own.
    pub(super) fn place(&mut self, expr: &'a Expr, place: Place) -> Result<()> {
        match (&expr.kind, place) {
            (ExprKind::Cast { arg, method: CastMethod::Typmod, explicit: false }, Place::Assigned | Place::Item) => {
                self.expr(arg)
            }
            _ => self.expr(expr),
        }
    }

    pub(super) fn expr(&mut self, expr: &'a Expr) -> Result<()> {
        self.span(expr.span);
        let printed = match expr.kind {
            ExprKind::Column { range, column } => self.column(range, column),
            _ => stacker::maybe_grow(128 * 1024, 4 * 1024 * 1024, || self.kind(expr)),
        };
        printed.map_err(|error| match expr.span.0 {
            Some(position) => error.at(position),
            None => error,
        })
    }

    fn kind(&mut self, expr: &'a Expr) -> Result<()> {
        match &expr.kind {
            ExprKind::Aggregate(call) => self.aggregate(call),
            ExprKind::And(args) => self.joined(args, " AND ", "true"),
            ExprKind::Array { elements, multidimensional } => {
                self.construct(Construct::Array)?;
                if self.foreign() {
                    return self.foreign_array(elements, *multidimensional, &expr.ty);
                }
                self.push("ARRAY[");
                self.list(elements, |printer, element| printer.expr(element))?;
                self.push("]");
                // Nested constructors carry the whole array's type themselves.
                if *multidimensional && elements.is_empty() {
                    return Err(self.refuse("an empty array of arrays"));
                }
                self.cast_suffix(expr.ty.oid, -1)
            }
            ExprKind::Call { function, args, operator, variadic } => {
                self.call(function, args, operator.as_deref(), *variadic)
            }
            ExprKind::Case { operand, whens, otherwise } => {
                self.one_scale(&expr.ty, whens.iter().map(|(_, then)| then).chain(otherwise.as_deref()))?;
                self.case(operand.as_deref(), whens, otherwise.as_deref())
            }
            ExprKind::CaseOperand => {
                // Inside the operand's own print the next outer CASE counts.
                let operand = self.case_operands.pop().ok_or_else(|| Error::internal("a CASE operand outside CASE"))?;
                let printed = self.expr(operand);
                self.case_operands.push(operand);
                printed
            }
            ExprKind::Cast { arg, method, explicit } => self.cast(expr, arg, method, *explicit),
            ExprKind::Coalesce(args) => {
                self.one_scale(&expr.ty, args.iter())?;
                self.keyword_call("COALESCE", args, None)
            }
            ExprKind::Collate(arg) if self.foreign() => {
                self.foreign_collation(expr)?;
                self.expr(arg)
            }
            ExprKind::Collate(arg) => {
                self.push("(");
                self.expr(arg)?;
                self.push(" COLLATE ");
                match &expr.ty.collation {
                    crate::bound::Collation::Named { name, .. } => self.collation_name(name)?,
                    crate::bound::Collation::Default => self.collation_name("C")?,
                    crate::bound::Collation::Conflict | crate::bound::Collation::None => {
                        return Err(Error::internal("COLLATE without a collation"));
                    }
                }
                self.push(")");
                Ok(())
            }
            ExprKind::Column { range, column } => self.column(*range, *column),
            ExprKind::Context(n) => {
                self.parameter(ParamSource::Context(*n), &ExprType { typmod: -1, ..expr.ty.clone() })
            }
            ExprKind::Distinct { left, right, equal, negated } => self.distinct(left, right, equal, *negated),
            ExprKind::Field { record, index } => self.field(record, *index),
            ExprKind::Greatest { args, less } if self.foreign() => self.foreign_extreme("GREATEST", args, less),
            ExprKind::Least { args, less } if self.foreign() => self.foreign_extreme("LEAST", args, less),
            ExprKind::Greatest { args, less } => {
                self.check_rows(less, args)?;
                let collation = self.collation_of(args.iter());
                self.keyword_call("GREATEST", args, collation)
            }
            ExprKind::Grouping(indices) => self.grouping(indices),
            ExprKind::IsBoolean { arg, truth, negated } => {
                if self.coalesced_test(arg, *truth, *negated)? {
                    return Ok(());
                }
                let test = match (truth, negated) {
                    (Truth::False, false) => " IS FALSE)",
                    (Truth::False, true) => " IS NOT FALSE)",
                    (Truth::True, false) => " IS TRUE)",
                    (Truth::True, true) => " IS NOT TRUE)",
                    (Truth::Unknown, false) => " IS UNKNOWN)",
                    (Truth::Unknown, true) => " IS NOT UNKNOWN)",
                };
                self.push("(");
                self.expr(arg)?;
                self.push(test);
                Ok(())
            }
            ExprKind::IsNull { arg, negated, row } => {
                if *row {
                    self.construct(Construct::Rows)?;
                }
                self.push("(");
                self.expr(arg)?;
                self.push(if *negated { " IS NOT NULL)" } else { " IS NULL)" });
                Ok(())
            }
            ExprKind::Least { args, less } => {
                self.check_rows(less, args)?;
                let collation = self.collation_of(args.iter());
                self.keyword_call("LEAST", args, collation)
            }
            ExprKind::Literal(value) => self.literal(value, &expr.ty),
            ExprKind::Not(arg) => {
                self.push("(NOT ");
                self.choices += 1;
                let printed = self.expr(arg);
                self.choices -= 1;
                self.push(")");
                printed
            }
            ExprKind::NullIf { left, right, equal } => {
                self.function_rule(equal)?;
                if equal.schema == "pg_catalog" && !self.foreign() {
                    self.push("NULLIF(");
                    self.expr(left)?;
                    self.push(", ");
                    self.expr(right)?;
                    self.push(")");
                    return Ok(());
                }
                // NULLIF finds its operator by the search path, which does not hold PostGIS.
                self.once(left)?;
                self.push("CASE WHEN ");
                self.binary_call(left, "=", right, equal)?;
                self.push(" THEN NULL ELSE ");
                self.expr(left)?;
                self.push(" END");
                Ok(())
            }
            ExprKind::Or(args) => {
                self.choices += 1;
                let printed = self.joined(args, " OR ", "false");
                self.choices -= 1;
                printed
            }
            ExprKind::Param(n) => {
                let ty = *self.secured.params().get(*n).ok_or_else(|| Error::internal("a parameter without a type"))?;
                self.parameter(ParamSource::Client(*n), &ExprType::of(ty))
            }
            ExprKind::Row(fields) => {
                self.construct(Construct::Rows)?;
                self.push("ROW(");
                self.list(fields, |printer, field| printer.expr(&field.expr))?;
                self.push(")");
                Ok(())
            }
            ExprKind::ScalarArray { left, array, function, operator, all } if self.foreign() => {
                self.foreign_scalar_array(left, array, function, operator, *all)
            }
            ExprKind::ScalarArray { left, array, function, operator, all } => {
                self.function_rule(function)?;
                self.check_rows(function, std::slice::from_ref(left))?;
                let collation =
                    if self.is_sensitive(function) { self.collation_of([&**left, &**array].into_iter()) } else { None };
                self.push("(");
                self.collated(left, collation.as_deref())?;
                self.push(" ");
                self.operator(function, operator)?;
                self.push(if *all { " ALL (" } else { " ANY (" });
                let subquery = matches!(array.kind, ExprKind::Subquery { .. });
                if subquery {
                    self.push("(");
                }
                self.expr(array)?;
                if subquery {
                    // Without a cast it would be `op ANY (SELECT ...)`, a comparison with each row.
                    self.push(")");
                    self.cast_suffix(array.ty.oid, array.ty.typmod)?;
                }
                self.push("))");
                Ok(())
            }
            ExprKind::Subquery { query, kind } => self.subquery(query, kind),
            ExprKind::Subscript { container, lower, upper, slice } => {
                self.construct(Construct::Subscript)?;
                if self.foreign() {
                    let one = lower.len().max(upper.len()) == 1 && !*slice;
                    let index = upper.first().and_then(Option::as_ref).or(lower.first().and_then(Option::as_ref));
                    return match index.filter(|_| one) {
                        Some(index) => self.foreign_subscript(container, index, &expr.ty),
                        None => Err(self.refuse("subscripts of this form")),
                    };
                }
                self.push("(");
                self.expr(container)?;
                self.push(")");
                // A plain subscript is the upper bound; PostgreSQL leaves the lower one out.
                for n in 0..lower.len().max(upper.len()) {
                    let bound = |bounds: &'a [Option<Expr>]| bounds.get(n).and_then(Option::as_ref);
                    let (lower, upper) = (bound(lower), bound(upper));
                    self.push("[");
                    if *slice {
                        lower.map_or(Ok(()), |lower| self.expr(lower))?;
                        self.push(":");
                        upper.map_or(Ok(()), |upper| self.expr(upper))?;
                    } else {
                        let index = upper.or(lower);
                        self.expr(index.ok_or_else(|| Error::internal("a subscript without its index"))?)?;
                    }
                    self.push("]");
                }
                Ok(())
            }
            ExprKind::WholeRow { range } => self.whole_row(*range),
            ExprKind::Window(call) => self.window(call),
        }
    }

    fn joined(&mut self, args: &'a [Expr], with: &str, empty: &str) -> Result<()> {
        if args.is_empty() {
            self.push(empty);
            return Ok(());
        }
        self.push("(");
        for (n, arg) in args.iter().enumerate() {
            if n > 0 {
                self.push(with);
            }
            self.expr(arg)?;
        }
        self.push(")");
        Ok(())
    }

    fn keyword_call(&mut self, keyword: &str, args: &'a [Expr], collation: Option<String>) -> Result<()> {
        self.push(keyword);
        self.push("(");
        self.list(args, |printer, arg| printer.collated(arg, collation.as_deref()))?;
        self.push(")");
        Ok(())
    }

    pub(super) fn column(&mut self, range: RangeId, column: usize) -> Result<()> {
        let Range { quoted, columns, .. } = self.range(range)?;
        let alias = Rc::clone(quoted);
        let (relation, derived) = match columns {
            Columns::Named { names, .. } => {
                let name = names.get(column).cloned().ok_or_else(|| Error::internal("a column out of range"))?;
                return self.qualified(&alias, &name);
            }
            Columns::Relation { relation, derived } => (*relation, *derived),
            Columns::Test => return Err(self.refuse("this comparison with a sub-query")),
        };
        if let Some(found) = relation.columns.get(column) {
            if self.foreign() {
                self.foreign_column(found)?;
            } else if self.driven() && found.ty.is_foreign() {
                let type_name = self.target.catalog.format_type(found.ty, -1);
                return Err(self.refuse(format!("column {} of type {type_name}", found.name)));
            } else if !found.ty.is_foreign()
                && let Some(TypeRule::Refuse(why)) = self.target.dialect.ty(found.ty)
            {
                let what = format!("column {} of type {}", found.name, found.ty.name());
                return Err(self.refuse(what).detail(why.clone()));
            }
            self.qualified(&alias, if derived { &found.name } else { &found.remote_name })?;
            // A driver says less than PostgreSQL: what it calls text may be an enum, a name, character(n).
            return if self.driven() { self.cast_suffix(found.ty, -1) } else { Ok(()) };
        }
        if self.driven() {
            return Err(self.refuse("a system column"));
        }
        self.construct(Construct::SystemColumns)?;
        let number = column - relation.columns.len();
        let name = system_column(number)?;
        if number == SystemColumn::Tableoid as usize {
            if !has_one_tableoid(relation.kind) || !matches!(relation.source, Source::Remote { .. }) {
                return Err(self.refuse(format!("tableoid of {}", relation.name)));
            }
            let oid = relation.oid;
            self.push("CASE WHEN (");
            self.push(&alias);
            self.push(&format!(".tableoid IS NOT NULL) THEN '{oid}'::pg_catalog.oid END"));
            return Ok(());
        }
        self.qualified(&alias, name)
    }

    /// `alias.name`, the alias quoted already.
    fn qualified(&mut self, alias: &str, name: &str) -> Result<()> {
        self.push(alias);
        self.push(".");
        self.name(name)
    }

    fn whole_row(&mut self, range: RangeId) -> Result<()> {
        self.construct(Construct::WholeRow)?;
        if self.driven() {
            return Err(self.refuse("a whole row"));
        }
        let Range { alias, columns, .. } = self.range(range)?;
        if matches!(columns, Columns::Named { renamed: true, .. } | Columns::Test) {
            return Err(self.refuse(format!("the whole row of {alias}, whose columns' names are not unique,")));
        }
        let alias = alias.clone();
        self.name(&alias)
    }

    fn cast(&mut self, expr: &'a Expr, arg: &'a Expr, method: &'a CastMethod, explicit: bool) -> Result<()> {
        match method {
            CastMethod::Row(_) => return Err(self.refuse("a cast of a row")),
            CastMethod::Function(function) if !self.foreign() => {
                self.function_rule(function)?;
            }
            CastMethod::Array(_)
            | CastMethod::Binary
            | CastMethod::Function(_)
            | CastMethod::InOut
            | CastMethod::Typmod => {}
        }
        if self.foreign() {
            return self.foreign_cast(expr, arg, method, explicit);
        }
        let before = self.out.len();
        self.expr(arg)?;
        // An implicit length coercion exists only in assignments, where an explicit one would truncate instead of fail.
        if !explicit && matches!(method, CastMethod::Typmod) {
            return Ok(());
        }
        let typmod = if explicit { expr.ty.typmod } else { -1 };
        let printed = self.out.len();
        self.cast_suffix(expr.ty.oid, typmod)?;
        if printed == self.out.len() && expr.ty.oid != arg.ty.oid {
            self.out.truncate(before);
            return Err(self.refuse(format!("a cast to {}", expr.ty.oid.name())));
        }
        Ok(())
    }

    fn case(
        &mut self,
        operand: Option<&'a Expr>,
        whens: &'a [(Expr, Expr)],
        otherwise: Option<&'a Expr>,
    ) -> Result<()> {
        if let Some(operand) = operand {
            // Printed as the searched form: each WHEN is the comparison that bind resolved.
            if whens.len() > 1 {
                self.once(operand)?;
            }
            self.case_operands.push(operand);
        }
        self.push("CASE");
        for (when, then) in whens {
            self.push(" WHEN ");
            self.expr(when)?;
            let outer = operand.and_then(|_| self.case_operands.pop());
            self.push(" THEN ");
            self.expr(then)?;
            self.case_operands.extend(outer);
        }
        if operand.is_some() {
            self.case_operands.pop();
        }
        if let Some(otherwise) = otherwise {
            self.push(" ELSE ");
            self.expr(otherwise)?;
        }
        self.push(" END");
        Ok(())
    }

    /// Refuses an expression that must be computed once but would be printed twice.
    pub(super) fn once(&self, expr: &Expr) -> Result<()> {
        if is_volatile(expr) { Err(self.refuse("a volatile expression in this place")) } else { Ok(()) }
    }

    fn distinct(&mut self, left: &'a Expr, right: &'a Expr, equal: &'a Function, negated: bool) -> Result<()> {
        self.function_rule(equal)?;
        self.construct(Construct::IsDistinct)?;
        let direct = if self.foreign() {
            let simple = self.foreign_operator(equal)?.is_some_and(|operator| operator == "=");
            simple && matches!(self.target.dialect.syntax(Construct::IsDistinct), Some(SyntaxRule::Native))
        } else {
            equal.schema == "pg_catalog"
        };
        if direct {
            self.push("(");
            self.expr(left)?;
            self.push(if negated { " IS NOT DISTINCT FROM " } else { " IS DISTINCT FROM " });
            self.expr(right)?;
            self.push(")");
            return Ok(());
        }
        // IS DISTINCT FROM finds its operator by the search path, which does not hold PostGIS.
        self.once(left)?;
        self.once(right)?;
        self.push(if negated { "(NOT CASE WHEN (" } else { "(CASE WHEN (" });
        self.expr(left)?;
        self.push(" IS NULL) THEN (");
        self.expr(right)?;
        self.push(" IS NOT NULL) WHEN (");
        self.expr(right)?;
        self.push(" IS NULL) THEN true ELSE (NOT ");
        self.binary_call(left, "=", right, equal)?;
        self.push(") END)");
        Ok(())
    }

    fn field(&mut self, record: &'a Expr, index: usize) -> Result<()> {
        match &record.kind {
            ExprKind::Row(fields) => {
                let field = fields.get(index).ok_or_else(|| Error::internal("a field out of range"))?;
                return self.expr(&field.expr);
            }
            _ if self.foreign() => return Err(self.refuse("a field of a row")),
            ExprKind::WholeRow { range } if !matches!(self.range(*range)?.columns, Columns::Test) => {
                return self.column(*range, index);
            }
            ExprKind::Subquery { query, kind: SubqueryKind::Row } => {
                self.once(record)?;
                let (names, _) = self.unique_names(query.columns.iter().map(|column| column.name.as_str()));
                let name = names.get(index).ok_or_else(|| Error::internal("a field out of range"))?;
                let alias = self.unique("row");
                self.push("(SELECT ");
                self.name(&alias)?;
                self.push(".");
                self.name(name)?;
                self.push(" FROM (");
                self.query(query)?;
                self.push(") AS ");
                self.name(&alias)?;
                self.column_list(&names)?;
                self.push(")");
                return Ok(());
            }
            _ => {}
        }
        let name = record.ty.fields.as_ref().and_then(|fields| fields.get(index)).map(|field| field.name.clone());
        let name = name.ok_or_else(|| self.refuse("a field of an unknown row type"))?;
        self.push("(");
        self.expr(record)?;
        self.push(").");
        self.name(&name)
    }
}
