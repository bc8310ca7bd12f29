//! Aggregates and window functions of a foreign target: a template with places for their clauses.

use crate::bound::{AggregateCall, Expr, ExprKind, ExprType, SortKey, WindowCall};
use crate::dialect::print::{Construct, Printer, SyntaxRule};
use crate::dialect::rules::{Form, Guard};
use crate::dialect::template::{Clause, Piece, Template};
use crate::error::Result;
use crate::types::PgType;

/// Aggregates that take no notice of a NULL in their first argument: FILTER may be said by CASE.
const SKIPS_NULL: [&str; 9] = ["avg", "bool_and", "bool_or", "count", "every", "max", "min", "string_agg", "sum"];
/// `count(any)`.
const COUNT_OF: u32 = 2147;

impl<'a> Printer<'a> {
    pub(in crate::dialect::print) fn foreign_aggregate(&mut self, call: &'a AggregateCall) -> Result<()> {
        let function = &*call.function;
        let args: Vec<&'a Expr> = call.direct.iter().chain(&call.args).collect();
        let (mut rule, mut template) = self.fitting(function, &args)?;
        let case = matches!(self.target.dialect.syntax(Construct::AggregateFilter), Some(SyntaxRule::Rule(_)));
        let by_case = case && !template.has(Clause::Filter) && SKIPS_NULL.contains(&function.name.as_str());
        let filter = call.filter.as_ref().filter(|_| by_case);
        if let Some(filter) = filter {
            self.once(filter)?;
            // `count(*)` counts the rows where something is.
            if call.args.is_empty() {
                rule = self.target.dialect.function(COUNT_OF).ok_or_else(|| self.refuse("FILTER in count(*)"))?;
                let Form::Template(counting) = &rule.form else { return Err(self.refuse("FILTER in count(*)")) };
                template = counting;
            }
        }
        let what = || format!("aggregate {}", function.signature());
        if call.variadic || (call.within_group && !template.has(Clause::Order)) {
            return Err(self.refuse(what()));
        }
        if call.distinct {
            for arg in &call.args {
                self.foreign_use(&arg.ty, false)?;
            }
        }
        let clauses = [
            (Clause::Distinct, call.distinct, "DISTINCT"),
            (Clause::Order, !call.order_by.is_empty(), "ORDER BY"),
            (Clause::Filter, call.filter.is_some() && filter.is_none(), "FILTER"),
        ];
        for (clause, written, name) in clauses {
            if written && !template.has(clause) {
                return Err(self.refuse(format!("{name} in {}", what())));
            }
        }
        if call.order_by.is_empty() && rule.guards.contains(&Guard::Ordered) {
            return Err(self.refuse(format!("{} without ORDER BY", what())));
        }
        for guard in &rule.guards {
            self.check_guard(guard, &args).map_err(|why| self.refuse(what()).detail(why))?;
        }
        self.clauses(template, &args, filter, &mut |printer, clause| match clause {
            Clause::Distinct if call.distinct => {
                printer.push("DISTINCT ");
                Ok(())
            }
            Clause::Order if !call.order_by.is_empty() => {
                printer.construct(Construct::AggregateOrder)?;
                printer.push(" ORDER BY ");
                for key in &call.order_by {
                    printer.foreign_use(ordered_type(&key.expr), true)?;
                }
                printer.aggregate_keys(&call.order_by)
            }
            Clause::Filter => printer.filter(call.filter.as_ref()),
            Clause::Distinct | Clause::Order | Clause::Over => Ok(()),
        })
    }

    /// The keys of an aggregate's ORDER BY; where the target does not let them say where NULLs stand, each behind a key that does.
    fn aggregate_keys(&mut self, keys: &'a [SortKey<Expr>]) -> Result<()> {
        if !matches!(self.target.dialect.syntax(Construct::AggregateOrder), Some(SyntaxRule::Rule(_))) {
            return self.sort_keys(keys);
        }
        self.list(keys, |printer, key| {
            printer.once(&key.expr)?;
            printer.expr(&key.expr)?;
            printer.push(if key.nulls_first { " IS NULL DESC, " } else { " IS NULL, " });
            printer.expr(&key.expr)?;
            printer.push(if key.descending { " DESC" } else { " ASC" });
            Ok(())
        })
    }

    pub(in crate::dialect::print) fn foreign_window(&mut self, call: &'a WindowCall) -> Result<()> {
        let function = &*call.function;
        let (rule, template) = self.foreign_rule(function)?;
        let what = || format!("window function {}", function.signature());
        if !template.has(Clause::Over) || (call.filter.is_some() && !template.has(Clause::Filter)) {
            return Err(self.refuse(what()));
        }
        let args: Vec<&'a Expr> = call.args.iter().collect();
        for guard in &rule.guards {
            self.check_guard(guard, &args).map_err(|why| self.refuse(what()).detail(why))?;
        }
        for expr in &call.partition_by {
            self.foreign_use(&expr.ty, false)?;
        }
        for key in &call.order_by {
            self.foreign_use(&key.expr.ty, true)?;
        }
        self.clauses(template, &args, None, &mut |printer, clause| match clause {
            Clause::Filter => printer.filter(call.filter.as_ref()),
            Clause::Over => {
                printer.push(" ");
                printer.over(call)
            }
            Clause::Distinct | Clause::Order => Ok(()),
        })
    }

    /// A template with places for clauses; spaces around those are not printed. The first argument counts where `filter` is TRUE only.
    fn clauses(
        &mut self,
        template: &'a Template,
        args: &[&'a Expr],
        filter: Option<&'a Expr>,
        print: &mut dyn FnMut(&mut Self, Clause) -> Result<()>,
    ) -> Result<()> {
        self.pieces(template, &mut |printer, piece| match piece {
            Piece::Hole(0) if filter.is_some() => {
                printer.push("CASE WHEN ");
                filter.map_or(Ok(()), |filter| printer.expr(filter))?;
                printer.push(" THEN ");
                match args.first() {
                    Some(arg) => printer.expr(arg)?,
                    None => printer.push("1"),
                }
                printer.push(" END");
                Ok(())
            }
            Piece::Hole(at) => printer.hole(template, args, *at),
            Piece::Clause(clause) => print(printer, *clause),
            Piece::All | Piece::Bound(..) | Piece::Part(..) | Piece::Text(_) | Piece::Value(_) => Ok(()),
        })
    }
}

/// The type that orders an expression: of a number made of an integer or a decimal, that one's (it is never NaN nor -0).
fn ordered_type(expr: &Expr) -> &ExprType {
    match &expr.kind {
        ExprKind::Cast { arg, .. }
            if matches!(expr.ty.oid, PgType::FLOAT4 | PgType::FLOAT8)
                && matches!(arg.ty.oid, PgType::INT2 | PgType::INT4 | PgType::INT8) =>
        {
            &arg.ty
        }
        _ => &expr.ty,
    }
}
