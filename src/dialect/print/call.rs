//! Calls: functions, operators, aggregates, window functions, sub-queries.

use super::{Columns, Construct, Printer, Range};
use crate::bound::{
    AggregateCall, Expr, ExprKind, FrameBound, FrameExclusion, FrameMode, Query, RangeId, SortKey, SubqueryKind,
    WindowCall, WindowFrame,
};
use crate::catalog::Function;
use crate::dialect::rules::Form;
use crate::dialect::template::Piece;
use crate::error::{Error, Result};
use crate::types::PgType;

/// One comparison of `left op ANY (SELECT ...)`.
struct Test<'a> {
    left: &'a Expr,
    right: &'a Expr,
    function: &'a Function,
    operator: &'a str,
}

impl<'a> Printer<'a> {
    /// The function's form in the target; 0A000 naming function and server when it has none.
    pub(super) fn function_rule(&mut self, function: &Function) -> Result<&'a Form> {
        let what = || format!("function {}", function.signature());
        let Some(rule) = self.target.dialect.function(function.oid) else { return Err(self.refuse(what())) };
        match &rule.form {
            Form::Local(why) | Form::Refuse(why) => Err(self.refuse(what()).detail(why.clone())),
            form @ (Form::Native | Form::Template(_)) => {
                self.not_refused(function)?;
                self.usable(rule, &what)?;
                Ok(form)
            }
        }
    }

    /// 0A000 for what `graticule.verify` found to differ on this server.
    pub(super) fn not_refused(&self, function: &Function) -> Result<()> {
        let refused = &self.target.server.refused;
        if refused.is_empty() {
            return Ok(());
        }
        let signature = function.signature();
        match refused.get(&signature) {
            None => Ok(()),
            Some(how) => Err(self
                .refuse(format!("function {signature}"))
                .detail(format!("graticule.verify found that it differs there: {how}"))),
        }
    }

    /// `(left op right)`, or what the function's row says.
    pub(super) fn binary_call(
        &mut self,
        left: &'a Expr,
        op: &str,
        right: &'a Expr,
        function: &'a Function,
    ) -> Result<()> {
        if self.foreign() {
            self.foreign_call(function, &[left, right])
        } else {
            self.binary(left, op, right, function)
        }
    }

    /// `schema.name`.
    fn function_name(&mut self, function: &Function) -> Result<()> {
        match function.schema {
            "public" => {
                let schema = self.postgis_schema()?;
                self.push(&schema);
            }
            schema => self.push(schema),
        }
        self.push(".");
        self.name(&function.name)
    }

    /// The operator as written, schema-qualified unless it is pg_catalog's.
    pub(super) fn operator(&mut self, function: &Function, operator: &str) -> Result<()> {
        let plain = !operator.is_empty() && operator.chars().all(|c| "+-*/<>=~!@#%^&|`?".contains(c));
        if !plain {
            return Err(Error::internal(format!("operator `{operator}`")));
        }
        if function.schema == "pg_catalog" {
            self.push(operator);
            return Ok(());
        }
        let schema = self.postgis_schema()?;
        self.push(&format!("OPERATOR({schema}.{operator})"));
        Ok(())
    }

    /// `(left op right)`.
    pub(super) fn binary(&mut self, left: &'a Expr, op: &str, right: &'a Expr, function: &Function) -> Result<()> {
        let collation = if self.is_sensitive(function) { self.collation_of([left, right].into_iter()) } else { None };
        self.push("(");
        self.collated(left, collation.as_deref())?;
        self.push(" ");
        self.operator(function, op)?;
        self.push(" ");
        self.collated(right, collation.as_deref())?;
        self.push(")");
        Ok(())
    }

    pub(super) fn call(
        &mut self,
        function: &'a Function,
        args: &'a [Expr],
        operator: Option<&str>,
        variadic: bool,
    ) -> Result<()> {
        self.check_rows(function, args)?;
        if self.foreign() {
            if variadic {
                return Err(self.refuse("VARIADIC"));
            }
            if function.returns_set {
                return Err(self.refuse(format!("function {} outside of FROM", function.signature())));
            }
            return self.foreign_call(function, &args.iter().collect::<Vec<_>>());
        }
        if let Form::Template(template) = self.function_rule(function)? {
            for piece in template.pieces() {
                match piece {
                    Piece::Hole(n) => {
                        self.expr(args.get(*n).ok_or_else(|| Error::internal("a hole without its argument"))?)?;
                    }
                    Piece::Text(text) => self.push(text),
                    Piece::All | Piece::Bound(..) | Piece::Clause(_) | Piece::Part(..) | Piece::Value(_) => {
                        return Err(Error::internal("a hole that the PostgreSQL family does not have"));
                    }
                }
            }
            return Ok(());
        }
        match (operator, args) {
            (Some(operator), [left, right]) => return self.binary(left, operator, right, function),
            (Some(operator), [arg]) => {
                self.push("(");
                self.operator(function, operator)?;
                self.push(" ");
                self.expr(arg)?;
                self.push(")");
                return Ok(());
            }
            _ => {}
        }
        self.function_name(function)?;
        self.push("(");
        self.arguments(function, args, variadic)?;
        self.push(")");
        Ok(())
    }

    fn arguments(&mut self, function: &'a Function, args: &'a [Expr], variadic: bool) -> Result<()> {
        let collation = if self.is_sensitive(function) { self.collation_of(args.iter()) } else { None };
        // Elements gathered in an array; VARIADIC "any" takes them as they are unless VARIADIC was written.
        let gathered = function.variadic
            && args.len() == function.args.len()
            && (variadic || function.args.last().is_some_and(|arg| arg.ty != PgType::ANY));
        for (n, arg) in args.iter().enumerate() {
            if n > 0 {
                self.push(", ");
            }
            if gathered && n + 1 == args.len() {
                self.push("VARIADIC ");
            }
            self.collated(arg, collation.as_deref())?;
        }
        Ok(())
    }

    pub(super) fn aggregate(&mut self, call: &'a AggregateCall) -> Result<()> {
        let function = &*call.function;
        if self.foreign() {
            return self.foreign_aggregate(call);
        }
        self.function_rule(function)?;
        self.function_name(function)?;
        self.push("(");
        if call.within_group {
            self.list(&call.direct, |printer, arg| printer.expr(arg))?;
            self.push(") WITHIN GROUP (ORDER BY ");
            self.sort_keys(&call.order_by)?;
            self.push(")");
        } else {
            if call.distinct {
                self.push("DISTINCT ");
            }
            if call.args.is_empty() {
                self.push("*");
            } else if call.distinct && !function.variadic {
                // DISTINCT sorts, and its ORDER BY must name the very arguments.
                self.list(&call.args, |printer, arg| {
                    let collation = printer.sort_collation(arg);
                    printer.collated(arg, collation.as_deref())
                })?;
            } else {
                self.arguments(function, &call.args, call.variadic)?;
            }
            if !call.order_by.is_empty() {
                self.construct(Construct::AggregateOrder)?;
                self.push(" ORDER BY ");
                self.sort_keys(&call.order_by)?;
            }
            self.push(")");
        }
        self.filter(call.filter.as_ref())
    }

    pub(super) fn filter(&mut self, filter: Option<&'a Expr>) -> Result<()> {
        let Some(filter) = filter else { return Ok(()) };
        self.construct(Construct::AggregateFilter)?;
        self.push(" FILTER (WHERE ");
        self.expr(filter)?;
        self.push(")");
        Ok(())
    }

    pub(super) fn sort_keys(&mut self, keys: &'a [SortKey<Expr>]) -> Result<()> {
        self.list(keys, |printer, key| {
            let collation = printer.sort_collation(&key.expr);
            printer.collated(&key.expr, collation.as_deref())?;
            printer.direction(key);
            Ok(())
        })
    }

    pub(super) fn window(&mut self, call: &'a WindowCall) -> Result<()> {
        self.construct(Construct::Window)?;
        if self.foreign() {
            return self.foreign_window(call);
        }
        self.function_rule(&call.function)?;
        self.function_name(&call.function)?;
        self.push("(");
        if call.args.is_empty() && call.function.is_aggregate() {
            self.push("*");
        } else {
            self.arguments(&call.function, &call.args, false)?;
        }
        self.push(")");
        self.filter(call.filter.as_ref())?;
        self.push(" ");
        self.over(call)
    }

    /// `OVER (...)`.
    pub(super) fn over(&mut self, call: &'a WindowCall) -> Result<()> {
        self.push("OVER (");
        let mut space = "";
        if !call.partition_by.is_empty() {
            self.push("PARTITION BY ");
            self.list(&call.partition_by, |printer, expr| printer.expr(expr))?;
            space = " ";
        }
        if !call.order_by.is_empty() {
            self.push(space);
            self.push("ORDER BY ");
            self.sort_keys(&call.order_by)?;
            space = " ";
        }
        if !call.frame.default {
            self.push(space);
            self.frame(&call.frame)?;
        }
        self.push(")");
        Ok(())
    }

    fn frame(&mut self, frame: &'a WindowFrame) -> Result<()> {
        let offset = |bound: &FrameBound| matches!(bound, FrameBound::Following(_) | FrameBound::Preceding(_));
        match frame.mode {
            FrameMode::Groups => self.construct(Construct::FrameGroups)?,
            FrameMode::Range if offset(&frame.start) || offset(&frame.end) => self.construct(Construct::FrameRange)?,
            FrameMode::Range | FrameMode::Rows => {}
        }
        if frame.exclusion != FrameExclusion::NoOthers {
            self.construct(Construct::FrameExclusion)?;
        }
        self.push(match frame.mode {
            FrameMode::Groups => "GROUPS BETWEEN ",
            FrameMode::Range => "RANGE BETWEEN ",
            FrameMode::Rows => "ROWS BETWEEN ",
        });
        self.frame_bound(&frame.start)?;
        self.push(" AND ");
        self.frame_bound(&frame.end)?;
        self.push(match frame.exclusion {
            FrameExclusion::CurrentRow => " EXCLUDE CURRENT ROW",
            FrameExclusion::Group => " EXCLUDE GROUP",
            FrameExclusion::NoOthers => "",
            FrameExclusion::Ties => " EXCLUDE TIES",
        });
        Ok(())
    }

    fn frame_bound(&mut self, bound: &'a FrameBound) -> Result<()> {
        match bound {
            FrameBound::CurrentRow => self.push("CURRENT ROW"),
            FrameBound::Following(offset) => {
                self.expr(offset)?;
                self.push(" FOLLOWING");
            }
            FrameBound::Preceding(offset) => {
                self.expr(offset)?;
                self.push(" PRECEDING");
            }
            FrameBound::UnboundedFollowing => self.push("UNBOUNDED FOLLOWING"),
            FrameBound::UnboundedPreceding => self.push("UNBOUNDED PRECEDING"),
        }
        Ok(())
    }

    /// `GROUPING(a, b)` of the select that is being printed.
    pub(super) fn grouping(&mut self, indices: &[usize]) -> Result<()> {
        let group = self.groups.last().copied().flatten();
        let group = group.ok_or_else(|| Error::internal("GROUPING without GROUP BY"))?;
        self.push("GROUPING(");
        for (n, index) in indices.iter().enumerate() {
            if n > 0 {
                self.push(", ");
            }
            self.expr(group.exprs.get(*index).ok_or_else(|| Error::internal("GROUPING of no expression"))?)?;
        }
        self.push(")");
        Ok(())
    }

    pub(super) fn subquery(&mut self, query: &'a Query, kind: &'a SubqueryKind) -> Result<()> {
        match kind {
            SubqueryKind::Array if self.foreign() => Err(self.refuse("an array of a sub-query's rows")),
            SubqueryKind::Array => {
                self.push("ARRAY(");
                self.query(query)?;
                self.push(")");
                Ok(())
            }
            SubqueryKind::Exists => {
                self.push("EXISTS (");
                self.query(query)?;
                self.push(")");
                Ok(())
            }
            SubqueryKind::Scalar => {
                self.push("(");
                self.query(query)?;
                self.push(")");
                Ok(())
            }
            SubqueryKind::Any { range, test, all } => self.any(query, *range, test, *all),
            SubqueryKind::Row => Err(self.refuse("a row-valued sub-query here")),
        }
    }

    /// `(left op ANY (SELECT ...))`, rows as `ROW(a, b) op ANY (...)`.
    fn any(&mut self, query: &'a Query, range: RangeId, test: &'a Expr, all: bool) -> Result<()> {
        self.construct(Construct::Quantified)?;
        let mut tests = Vec::new();
        if !comparisons(test, &mut tests) {
            return Err(self.refuse("this comparison with a sub-query"));
        }
        let (Some(first), true) = (tests.first(), tests.iter().all(|test| test.operator == tests[0].operator)) else {
            return Err(self.refuse("a comparison of rows by different operators"));
        };
        for test in &tests {
            self.function_rule(test.function)?;
            self.check_rows(test.function, std::slice::from_ref(test.left))?;
        }
        self.ranges.insert(range, Range { alias: "".into(), quoted: "".into(), columns: Columns::Test });
        if self.foreign() {
            if tests.len() > 1 {
                return Err(self.refuse("a comparison of rows with a sub-query"));
            }
            self.foreign_use(&first.left.ty, false)?;
        }
        self.push(if tests.len() > 1 { "(ROW(" } else { "(" });
        for (n, test) in tests.iter().enumerate() {
            if n > 0 {
                self.push(", ");
            }
            let collation = if self.is_sensitive(test.function) {
                self.collation_of([test.left, test.right].into_iter())
            } else {
                None
            };
            self.collated(test.left, collation.as_deref())?;
        }
        self.push(if tests.len() > 1 { ") " } else { " " });
        if self.foreign() {
            let operator = self.foreign_operator(first.function)?;
            let operator = operator.ok_or_else(|| self.refuse("this comparison with a sub-query"))?;
            match (operator, all) {
                ("=", false) => self.push("IN ("),
                ("<>", true) => self.push("NOT IN ("),
                (operator, all) => {
                    self.construct(Construct::QuantifiedOrder)?;
                    self.push(operator);
                    self.push(if all { " ALL (" } else { " ANY (" });
                }
            }
        } else {
            self.operator(first.function, first.operator)?;
            self.push(if all { " ALL (" } else { " ANY (" });
        }
        let direct = tests.len() == query.columns.len()
            && tests.iter().enumerate().all(|(n, test)| {
                matches!(test.right.kind, ExprKind::Column { range: r, column } if r == range && column == n)
            });
        if direct {
            self.query(query)?;
        } else {
            // The sub-query's columns are coerced before they are compared.
            let alias = self.unique("q");
            let (names, renamed) = self.unique_names(query.columns.iter().map(|column| column.name.as_str()));
            self.push("SELECT ");
            let columns = Columns::Named { names: names.clone(), renamed };
            self.name_range(range, alias.as_str().into(), columns)?;
            for (n, test) in tests.iter().enumerate() {
                if n > 0 {
                    self.push(", ");
                }
                self.expr(test.right)?;
            }
            self.push(" FROM (");
            let unlisted = self.target.dialect.text.unlisted;
            self.listed = unlisted.then(|| names.clone());
            self.query(query)?;
            self.push(") AS ");
            self.name(&alias)?;
            if !unlisted {
                self.column_list(&names)?;
            }
        }
        self.push("))");
        Ok(())
    }
}

/// Takes a test apart into its comparisons; false when it is anything else.
fn comparisons<'a>(test: &'a Expr, tests: &mut Vec<Test<'a>>) -> bool {
    match &test.kind {
        ExprKind::And(args) | ExprKind::Or(args) => args.iter().all(|arg| comparisons(arg, tests)),
        ExprKind::Call { function, args, operator: Some(operator), .. } => match &args[..] {
            [left, right] => {
                tests.push(Test { left, right, function, operator });
                true
            }
            _ => false,
        },
        _ => false,
    }
}
