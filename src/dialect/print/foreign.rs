//! What is printed otherwise for a target that is not PostgreSQL: by its rows, or not at all.

mod aggregate;
mod array;
mod correlated;
mod limit;
mod quantified;

use std::fmt::Write;

use super::{Construct, Printer, SyntaxRule};
use crate::bound::{CastMethod, Collation, Expr, ExprKind, ExprType, OutputColumn, Query, Truth};
use crate::catalog::{Column, Function};
use crate::dialect::rules::{Evidence, Form, FunctionRule, Guard, NamedType, Version};
use crate::dialect::shape::{is_spatial, shape};
use crate::dialect::template::{Part, Piece, Side, Template, ValueForm};
use crate::error::{Error, Result};
use crate::kernels::spatial::bounds::Bounds;
use crate::kernels::spatial::geometry::{Geometry, Kind};
use crate::kernels::spatial::wkb;
use crate::kernels::{Env, io};
use crate::types::{Datum, NumericTypmod, PgType};

impl<'a> Printer<'a> {
    /// May the row be used in this session, on this version of the server?
    pub(super) fn usable(&mut self, rule: &'a FunctionRule, what: &dyn Fn() -> String) -> Result<()> {
        if let Some(min) = &rule.min_version {
            let version = self.target.server.options.get("version").and_then(|version| Version::parse(version));
            if version.is_none_or(|version| version < *min) {
                let numbers: Vec<String> = min.0.iter().map(u32::to_string).collect();
                let detail = format!("It needs version {} of the target or later.", numbers.join("."));
                return Err(self.refuse(what()).detail(detail));
            }
        }
        if rule.evidence < self.target.fidelity {
            let detail = format!(
                "Its translation is {}, and graticule.fidelity is {}.",
                rule.evidence.name(),
                self.target.fidelity.name()
            );
            return Err(self.refuse(what()).detail(detail));
        }
        if let (Evidence::Approximate, Some(why)) = (rule.evidence, &rule.why) {
            let note = format!("{} on server \"{}\" is approximate: {why}", what(), self.target.server.name);
            if !self.approximations.contains(&note) {
                self.approximations.push(note);
            }
        }
        Ok(())
    }

    /// The function's template and row; 0A000 when the target does not have it.
    fn foreign_rule(&mut self, function: &Function) -> Result<(&'a FunctionRule, &'a Template)> {
        match self.function_rule(function)? {
            Form::Template(template) => {
                let rule = self.target.dialect.function(function.oid);
                Ok((rule.ok_or_else(|| Error::internal("a function without its row"))?, template))
            }
            Form::Local(_) | Form::Native | Form::Refuse(_) => {
                Err(Error::internal(format!("function {} has no template", function.signature())))
            }
        }
    }

    /// The first of the function's rows whose guards these arguments meet, or its last.
    fn fitting(&mut self, function: &Function, args: &[&'a Expr]) -> Result<(&'a FunctionRule, &'a Template)> {
        let (mut rule, mut template) = self.foreign_rule(function)?;
        while let Some(otherwise) = &rule.otherwise
            && rule.guards.iter().any(|guard| self.check_guard(guard, args).is_err())
        {
            rule = otherwise;
            let what = || format!("function {}", function.signature());
            let Form::Template(next) = &rule.form else { return Err(self.refuse(what())) };
            self.usable(rule, &what)?;
            template = next;
        }
        Ok((rule, template))
    }

    /// `=` of a function that is said `:1 = :2` and no more.
    pub(super) fn foreign_operator(&mut self, function: &Function) -> Result<Option<&'a str>> {
        let (rule, template) = self.foreign_rule(function)?;
        Ok(template.operator().filter(|_| rule.guards.is_empty()))
    }

    pub(super) fn foreign_call(&mut self, function: &'a Function, args: &[&'a Expr]) -> Result<()> {
        let (rule, template) = self.fitting(function, args)?;
        if self.null_safe(template, args)? {
            return Ok(());
        }
        let what = || format!("function {}", function.signature());
        self.guarded(rule, template, args, &what, false)
    }

    /// A template over its arguments, with its guards. `weaker`: guards about EMPTY do not belong to it.
    pub(super) fn guarded(
        &mut self,
        rule: &'a FunctionRule,
        template: &'a Template,
        args: &[&'a Expr],
        what: &dyn Fn() -> String,
        weaker: bool,
    ) -> Result<()> {
        let mut empty = None;
        for guard in if weaker { &rule.weaker_guards } else { &rule.guards } {
            match guard {
                Guard::EmptyFalse => empty = Some("FALSE"),
                Guard::EmptyNull => empty = Some("NULL"),
                Guard::EmptyTrue => empty = Some("TRUE"),
                _ => self.check_guard(guard, args).map_err(|why| self.refuse(what()).detail(why))?,
            }
        }
        let Some(empty) = empty.filter(|_| !weaker) else { return self.template(template, args) };
        let carrier = self.target.dialect.text.srid;
        let spatial = args.iter().filter(|arg| is_spatial(arg.ty.oid) && shape(arg, carrier).empty != Some(false));
        let spatial: Vec<&'a Expr> = spatial.copied().collect();
        if spatial.is_empty() {
            return self.template(template, args);
        }
        self.push("CASE WHEN ");
        // NULL comes before EMPTY, whichever argument it is.
        let may_be_null = |arg: &&&'a Expr| !matches!(&arg.kind, ExprKind::Literal(value) if !value.is_null());
        let nullable: Vec<&'a Expr> = args.iter().filter(may_be_null).copied().collect();
        if empty != "NULL" && nullable.len() > 1 {
            for (n, arg) in nullable.into_iter().enumerate() {
                if n > 0 {
                    self.push(" OR ");
                }
                self.once(arg)?;
                self.expr(arg)?;
                self.push(" IS NULL");
            }
            self.push(" THEN NULL WHEN ");
        }
        for (n, arg) in spatial.into_iter().enumerate() {
            if n > 0 {
                self.push(" OR ");
            }
            self.once(arg)?;
            let test = self.target.dialect.named(arg.ty.oid).and_then(|named| named.empty.as_ref());
            let test = test.ok_or_else(|| Error::internal("a dialect that cannot tell EMPTY"))?;
            self.template(test, &[arg])?;
        }
        self.push(" THEN ");
        self.push(empty);
        self.push(" ELSE ");
        self.template(template, args)?;
        self.push(" END");
        Ok(())
    }

    /// The guards that are decided now; the error says why one does not hold.
    fn check_guard(&self, guard: &Guard, args: &[&'a Expr]) -> Result<(), String> {
        let carrier = self.target.dialect.text.srid;
        let mut spatial = args.iter().filter(|arg| is_spatial(arg.ty.oid)).map(|arg| shape(arg, carrier));
        let constant = |at: usize| match args.get(at).map(|arg| &arg.kind) {
            Some(ExprKind::Literal(value)) if !value.is_null() => Some(value),
            _ => None,
        };
        let met = match guard {
            Guard::EmptyFalse | Guard::EmptyNull | Guard::EmptyTrue => true,
            Guard::Fraction(at) => {
                constant(*at).and_then(Datum::as_f64).is_some_and(|value| (0.0..=1.0).contains(&value))
            }
            Guard::Parts(at, parts) => match constant(*at) {
                Some(Datum::Interval(value)) => {
                    (value.months == 0 || parts.contains(&Part::Months))
                        && (value.days == 0 || parts.contains(&Part::Days))
                        && (value.micros == 0
                            || parts.contains(&Part::Micros)
                            || (value.micros % 1000 == 0 && parts.contains(&Part::Millis)))
                }
                _ => false,
            },
            Guard::Kind(kind) => spatial.all(|shape| shape.kind == Some(*kind)),
            Guard::Literal(at) | Guard::Srid(at) => constant(*at).is_some(),
            Guard::Narrow => args.iter().all(|arg| is_narrow(arg)),
            Guard::NoCollection => spatial.all(|shape| shape.simple),
            Guard::OneOf(at, values) => {
                constant(*at).and_then(Datum::as_str).is_some_and(|text| values.iter().any(|value| value == text))
            }
            // Checked where the call's order is at hand.
            Guard::Ordered => true,
            Guard::Pattern(at) => constant(*at)
                .and_then(Datum::as_str)
                .is_some_and(|text| (text.len() - text.trim_end_matches('\\').len()) & 1 == 0),
            Guard::Plain(at) => constant(*at).and_then(Datum::as_str).is_some_and(|text| !text.contains(['\\', '_'])),
            Guard::Text => args.iter().all(|arg| matches!(arg.ty.oid, PgType::TEXT | PgType::VARCHAR)),
            Guard::Positive(at) => constant(*at).is_some_and(|value| match value {
                Datum::Float8(value) => *value > 0.0 && value.is_finite(),
                other => other.as_i64().is_some_and(|value| value > 0),
            }),
            Guard::Single => spatial.all(|shape| shape.kind.is_some_and(|kind| kind <= 3)),
            Guard::SameSrid => {
                let first = spatial.next().and_then(|shape| shape.srid);
                first.is_some() && spatial.all(|shape| shape.srid == first)
            }
            Guard::TwoDimensions => spatial.all(|shape| shape.flat),
        };
        if met {
            return Ok(());
        }
        Err(match guard {
            Guard::Kind(_) => {
                "It is the same there for some kinds of geometry only, by their declared type.".to_owned()
            }
            Guard::Fraction(at) => format!("Argument {} must be a constant from 0 to 1 there.", at + 1),
            Guard::Parts(at, _) => format!("Argument {} must be a constant there, and not any.", at + 1),
            Guard::Literal(at) | Guard::Srid(at) => format!("Argument {} must be a constant there.", at + 1),
            Guard::OneOf(at, values) => format!("Argument {} must be one of {} there.", at + 1, values.join(", ")),
            Guard::Pattern(at) => format!("Argument {} must be a constant pattern there.", at + 1),
            Guard::Plain(at) => {
                format!("Argument {} must be a constant without a backslash or an underscore there.", at + 1)
            }
            Guard::Text => "Arguments must be text there.".to_owned(),
            Guard::Narrow => "A constant spans too much of the globe.".to_owned(),
            Guard::NoCollection => "It is the same there only for columns that cannot hold collections.".to_owned(),
            Guard::Positive(at) => format!("Argument {} must be a constant above zero there.", at + 1),
            Guard::Single => "It is the same there only for columns of points, lines or polygons.".to_owned(),
            Guard::SameSrid => "The arguments are not known to have one SRID.".to_owned(),
            Guard::TwoDimensions => "It is the same there only for columns without Z and M.".to_owned(),
            Guard::EmptyFalse | Guard::EmptyNull | Guard::EmptyTrue | Guard::Ordered => String::new(),
        })
    }

    /// A template's text, in parentheses unless it is one operand.
    fn template(&mut self, template: &'a Template, args: &[&'a Expr]) -> Result<()> {
        self.pieces(template, &mut |printer, piece| match piece {
            Piece::All => {
                for (n, arg) in args.iter().enumerate() {
                    if n > 0 {
                        printer.push(", ");
                    }
                    printer.expr(arg)?;
                }
                Ok(())
            }
            Piece::Hole(at) => printer.hole(template, args, *at),
            Piece::Bound(side, at) => {
                let arg = args.get(*at).ok_or_else(|| Error::internal("a hole without its argument"))?;
                printer.bound(*side, arg)
            }
            Piece::Part(part, at) => {
                let arg = args.get(*at).ok_or_else(|| Error::internal("a hole without its argument"))?;
                printer.part(*part, arg)
            }
            Piece::Clause(_) | Piece::Text(_) | Piece::Value(_) => Ok(()),
        })
    }

    /// An argument in its place; what stands in several must be the same each time.
    fn hole(&mut self, template: &Template, args: &[&'a Expr], at: usize) -> Result<()> {
        let arg = args.get(at).ok_or_else(|| Error::internal("a hole without its argument"))?;
        if template.repeats(at) {
            self.once(arg)?;
        }
        self.expr(arg)
    }

    /// A part of a constant interval.
    fn part(&mut self, part: Part, arg: &Expr) -> Result<()> {
        let ExprKind::Literal(Datum::Interval(value)) = &arg.kind else {
            return Err(self.refuse("an interval that is no constant"));
        };
        let number = match part {
            Part::Days => i64::from(value.days),
            Part::Micros => value.micros,
            Part::Millis => value.micros / 1000,
            Part::Months => i64::from(value.months),
        };
        self.push(&if number < 0 { format!("({number})") } else { number.to_string() });
        Ok(())
    }

    /// A side of a geometry's box: a number where the geometry is a constant, so that the target need not read it as its own.
    fn bound(&mut self, side: Side, arg: &'a Expr) -> Result<()> {
        if let ExprKind::Literal(value @ Datum::Geometry(_)) = constant(arg) {
            let geometry = Geometry::from_datum(value)?;
            let Some(bounds) = Bounds::of(&geometry) else {
                return self.literal(&Datum::Null, &ExprType::of(PgType::FLOAT8));
            };
            let number = match side {
                Side::Xmax => bounds.max.x,
                Side::Xmin => bounds.min.x,
                Side::Ymax => bounds.max.y,
                Side::Ymin => bounds.min.y,
            };
            if !number.is_finite() {
                return Err(self.refuse("a constant that is not finite"));
            }
            // With an exponent, so that it is a floating-point number everywhere.
            self.push(&format!("({number:e})"));
            return Ok(());
        }
        let named = self.target.dialect.named(arg.ty.oid).and_then(|named| named.bounds.as_ref());
        let template = named.ok_or_else(|| Error::internal("a dialect that has no bounds"))?;
        self.once(arg)?;
        self.template(template, &[arg])?;
        self.push(".");
        self.push(side.name());
        Ok(())
    }

    pub(super) fn pieces(
        &mut self,
        template: &'a Template,
        other: &mut dyn FnMut(&mut Self, &'a Piece) -> Result<()>,
    ) -> Result<()> {
        if self.out.len() > super::MAX_TEXT {
            return Err(self.refuse("a statement whose translation is this long"));
        }
        if !template.is_delimited() {
            self.push("(");
        }
        for piece in template.pieces() {
            match piece {
                Piece::Text(text) => self.push(text),
                piece => other(self, piece)?,
            }
        }
        if !template.is_delimited() {
            self.push(")");
        }
        Ok(())
    }

    /// GREATEST and LEAST, which ignore NULLs.
    pub(super) fn foreign_extreme(&mut self, keyword: &str, args: &'a [Expr], less: &'a Function) -> Result<()> {
        self.construct(Construct::Greatest)?;
        if self.foreign_operator(less)?.is_none_or(|operator| operator != "<") {
            return Err(self.refuse(format!("{keyword} of these")));
        }
        if let Some(first) = args.first() {
            self.one_scale(&first.ty, args.iter())?;
        }
        let coalesce = matches!(self.target.dialect.syntax(Construct::Greatest), Some(SyntaxRule::Rule(_)));
        match args {
            [only] => self.expr(only),
            [left, right] if coalesce => {
                self.once(left)?;
                self.once(right)?;
                self.push("COALESCE(");
                self.push(keyword);
                self.push("(");
                self.expr(left)?;
                self.push(", ");
                self.expr(right)?;
                self.push("), ");
                self.expr(left)?;
                self.push(", ");
                self.expr(right)?;
                self.push(")");
                Ok(())
            }
            _ if coalesce => Err(self.refuse(format!("{keyword} of more than two values"))),
            args => {
                self.push(keyword);
                self.push("(");
                self.list(args, |printer, arg| printer.collated(arg, None))?;
                self.push(")");
                Ok(())
            }
        }
    }

    /// `IS TRUE` and its kin by COALESCE, where the dialect says so.
    pub(super) fn coalesced_test(&mut self, arg: &'a Expr, truth: Truth, negated: bool) -> Result<bool> {
        match self.target.dialect.syntax(Construct::BooleanTest) {
            Some(SyntaxRule::Native) => return Ok(false),
            Some(SyntaxRule::Rule(_)) => {}
            Some(SyntaxRule::Refuse(_)) | None => {
                self.construct(Construct::BooleanTest)?;
                return Ok(false);
            }
        }
        let (before, after) = match (truth, negated) {
            (Truth::True, false) => ("COALESCE(", ", FALSE)"),
            (Truth::True, true) => ("(NOT COALESCE(", ", FALSE))"),
            (Truth::False, false) => ("(NOT COALESCE(", ", TRUE))"),
            (Truth::False, true) => ("COALESCE(", ", TRUE)"),
            (Truth::Unknown, false) => ("(", " IS NULL)"),
            (Truth::Unknown, true) => ("(", " IS NOT NULL)"),
        };
        self.push(before);
        self.expr(arg)?;
        self.push(after);
        Ok(true)
    }

    pub(super) fn foreign_cast(
        &mut self,
        expr: &'a Expr,
        arg: &'a Expr,
        method: &'a CastMethod,
        explicit: bool,
    ) -> Result<()> {
        let what = || format!("a cast from {} to {}", arg.ty.oid.name(), expr.ty.oid.name());
        if expr.ty.typmod != -1 && explicit && !matches!(method, CastMethod::Typmod) {
            return Err(self.refuse(format!("{} with a length", what())));
        }
        match method {
            CastMethod::Function(function) if function.args.len() == 1 => self.foreign_call(function, &[arg]),
            CastMethod::Typmod if !explicit => self.expr(arg),
            CastMethod::Binary if self.same_type(arg.ty.oid, expr.ty.oid) => self.expr(arg),
            CastMethod::Binary | CastMethod::InOut => {
                let rule = self.target.dialect.cast(arg.ty.oid, expr.ty.oid);
                let rule = rule.ok_or_else(|| self.refuse(what()))?;
                let Form::Template(template) = &rule.form else {
                    return Err(match &rule.form {
                        Form::Local(why) | Form::Refuse(why) => self.refuse(what()).detail(why.clone()),
                        Form::Native | Form::Template(_) => self.refuse(what()),
                    });
                };
                self.usable(rule, &what)?;
                self.guarded(rule, template, &[arg], &what, false)
            }
            CastMethod::Array(_) | CastMethod::Function(_) | CastMethod::Row(_) | CastMethod::Typmod => {
                Err(self.refuse(what()))
            }
        }
    }

    /// Refuses alternatives of numeric type that may differ in scale: PostgreSQL keeps each value's own, a decimal type has one.
    pub(super) fn one_scale<'e>(&self, ty: &ExprType, alternatives: impl Iterator<Item = &'e Expr>) -> Result<()> {
        if !self.foreign() || ty.oid != PgType::NUMERIC {
            return Ok(());
        }
        let mut scales = alternatives.filter(|expr| !expr.is_literal_null()).map(numeric_scale);
        let Some(first) = scales.next() else { return Ok(()) };
        if first.is_some() && scales.all(|scale| scale == first) {
            return Ok(());
        }
        Err(self.refuse("a choice between numeric values of different scales"))
    }

    /// [`Printer::one_scale`] of the columns of a set operation.
    pub(super) fn one_scale_of(&self, left: &Query, right: &Query) -> Result<()> {
        if !self.foreign() {
            return Ok(());
        }
        let numeric = |column: &&OutputColumn| column.ty.oid == PgType::NUMERIC;
        let scale = |column: &OutputColumn| NumericTypmod::unpack(column.ty.typmod).map(|typmod| typmod.scale);
        let differ = left
            .columns
            .iter()
            .zip(&right.columns)
            .any(|(left, right)| numeric(&left) && (scale(left).is_none() || scale(left) != scale(right)));
        if differ { Err(self.refuse("a choice between numeric values of different scales")) } else { Ok(()) }
    }

    /// Are two types one type of the target?
    fn same_type(&self, a: PgType, b: PgType) -> bool {
        let name = |ty: PgType| self.target.dialect.named(ty).map(|named| &named.name);
        !a.is_array() && !b.is_array() && name(a).is_some() && name(a) == name(b)
    }

    /// Refuses a column of a type, or under a collation, that the dialect does not know.
    pub(super) fn foreign_column(&self, column: &Column) -> Result<()> {
        let what = || format!("column {} of type {}", column.name, column.ty.name());
        if column.collation.as_deref().is_some_and(|name| !matches!(name, "C" | "POSIX" | "default")) {
            return Err(self.refuse(format!("column {} under another collation than C", column.name)));
        }
        match self.target.dialect.named(column.ty) {
            Some(_) => Ok(()),
            None => Err(self.refuse(what())),
        }
    }

    pub(super) fn foreign_collation(&self, expr: &Expr) -> Result<()> {
        match &expr.ty.collation {
            Collation::None | Collation::Default => Ok(()),
            Collation::Named { name, .. } if matches!(&**name, "C" | "POSIX" | "default" | "ucs_basic") => Ok(()),
            Collation::Named { name, .. } => Err(self.refuse(format!("collation \"{name}\""))),
            Collation::Conflict => Err(self.refuse("a conflict of collations")),
        }
    }

    /// Refuses grouping (or ordering) by a type that the target groups or orders otherwise.
    pub(super) fn foreign_use(&self, ty: &ExprType, ordering: bool) -> Result<()> {
        if !self.foreign() {
            return Ok(());
        }
        let what = if ordering { "ORDER BY" } else { "GROUP BY, DISTINCT or a set operation" };
        let what = || format!("{what} of type {}", ty.oid.name());
        if let Collation::Named { name, .. } = &ty.collation
            && !matches!(&**name, "C" | "POSIX" | "default" | "ucs_basic")
        {
            return Err(self.refuse(format!("collation \"{name}\"")));
        }
        match self.target.dialect.named(ty.oid) {
            Some(named) if !ty.oid.is_array() && (if ordering { named.orders } else { named.groups }) => Ok(()),
            _ => Err(self.refuse(what())),
        }
    }

    /// The type's name in a foreign target.
    pub(super) fn named_type(&self, named: &NamedType, ty: PgType, typmod: i32) -> Result<String> {
        let mut name = named.name.clone();
        if name.contains(":precision") {
            let numeric = NumericTypmod::unpack(typmod).filter(|numeric| numeric.precision <= 38 && numeric.scale >= 0);
            let numeric = numeric.ok_or_else(|| self.refuse("numeric without a precision"))?;
            name = name.replace(":precision", &numeric.precision.to_string());
            name = name.replace(":scale", &numeric.scale.to_string());
        }
        Ok(match (ty.is_array(), self.target.dialect.text.called_arrays) {
            (false, _) => name,
            (true, false) => name + "[]",
            (true, true) => format!("ARRAY({name})"),
        })
    }

    pub(super) fn foreign_parameter(&mut self, mark: &str, ty: &ExprType) -> Result<()> {
        let named = self.target.dialect.named(ty.oid).filter(|_| !ty.oid.is_array());
        let named = named.ok_or_else(|| self.refuse(format!("a parameter of type {}", ty.oid.name())))?;
        if (named.turned || named.rounded) && !self.weaker {
            return Err(self.refuse("a geometry as a parameter"));
        }
        match &named.parameter {
            Some(template) => self.pieces(template, &mut |printer, _| {
                printer.push(mark);
                Ok(())
            }),
            None => {
                let name = self.named_type(named, ty.oid, ty.typmod)?;
                self.push("CAST(");
                self.push(mark);
                self.push(" AS ");
                self.push(&name);
                self.push(")");
                Ok(())
            }
        }
    }

    pub(super) fn foreign_literal(&mut self, value: &Datum, ty: &ExprType) -> Result<()> {
        let quoting = self.target.dialect.text.quoting;
        let named = self.target.dialect.named(ty.oid).filter(|_| !ty.oid.is_array());
        if ty.oid == PgType::UNKNOWN && value.is_null() {
            self.push("NULL");
            return Ok(());
        }
        if let Datum::Array(array) = value {
            return self.array_literal(array, ty.oid);
        }
        let named = named.ok_or_else(|| self.refuse(format!("a constant of type {}", ty.oid.name())))?;
        if named.rounded && !self.weaker && !value.is_null() {
            return Err(self.refuse("a constant geometry"));
        }
        if named.turned && !self.weaker && !value.is_null() {
            let geometry = Geometry::from_datum(value)?;
            if geometry.kind != Kind::Point || geometry.z || geometry.m {
                return Err(self.refuse("a constant geometry other than a flat point"));
            }
        }
        // `BC` is read otherwise, or not at all.
        if matches!(value, Datum::Date(_) | Datum::Timestamp(_) | Datum::Timestamptz(_))
            && io::output(&Env::default(), ty.oid, value)?.ends_with(" BC")
        {
            return Err(self.refuse("a constant before the year 1"));
        }
        let typmod = match (value, ty.oid) {
            (Datum::Numeric(_), PgType::NUMERIC) => numeric_typmod(&io::output(&Env::default(), ty.oid, value)?)
                .ok_or_else(|| self.refuse("a numeric constant of this size"))?,
            (Datum::Null, PgType::NUMERIC) if NumericTypmod::unpack(ty.typmod).is_none() => {
                NumericTypmod { precision: 1, scale: 0 }.pack()
            }
            _ => ty.typmod,
        };
        let name = self.named_type(named, ty.oid, typmod)?;
        let plain = match value {
            Datum::Null => Some("NULL".to_owned()),
            Datum::Bool(value) => {
                self.push(if *value { "TRUE" } else { "FALSE" });
                return Ok(());
            }
            Datum::Int2(value) => Some(value.to_string()),
            Datum::Int4(value) => Some(value.to_string()),
            Datum::Int8(value) if *value != i64::MIN => Some(value.to_string()),
            _ => None,
        };
        if let (None, Some(template)) = (&plain, &named.literal) {
            return self.pieces(template, &mut |printer, piece| {
                let Piece::Value(form) = piece else { return Ok(()) };
                let text = value_form(*form, value, ty.oid).map_err(|error| match error {
                    Some(error) => error,
                    None => printer.refuse(format!("a constant of type {} of this kind", ty.oid.name())),
                })?;
                let quoted = quoting.literal(&text)?;
                printer.push(&quoted);
                Ok(())
            });
        }
        let text = match plain {
            Some(text) => text,
            None => quoting.literal(&io::output(&Env::default(), ty.oid, value)?)?,
        };
        self.push("CAST(");
        self.push(&text);
        self.push(" AS ");
        self.push(&name);
        self.push(")");
        Ok(())
    }
}

/// Digits after the point of every value of a numeric expression.
fn numeric_scale(expr: &Expr) -> Option<i16> {
    match &expr.kind {
        ExprKind::Literal(value @ Datum::Numeric(_)) => {
            let text = io::output(&Env::default(), PgType::NUMERIC, value).ok()?;
            Some(NumericTypmod::unpack(numeric_typmod(&text)?)?.scale)
        }
        ExprKind::Cast { arg, explicit: false, .. } if arg.ty.oid == PgType::NUMERIC => numeric_scale(arg),
        _ => NumericTypmod::unpack(expr.ty.typmod).map(|typmod| typmod.scale),
    }
}

/// False for a constant geometry that reaches a pole, or from one side of the globe to the other.
fn is_narrow(expr: &Expr) -> bool {
    let value = match &expr.kind {
        ExprKind::Literal(value @ Datum::Geometry(_)) => value,
        // A constant geometry as a geography.
        ExprKind::Cast { arg, .. } if is_spatial(arg.ty.oid) => return is_narrow(arg),
        _ => return true,
    };
    let Ok(geometry) = Geometry::from_datum(value) else { return false };
    Bounds::of(&geometry).is_none_or(|bounds| {
        let (min, max) = (bounds.min, bounds.max);
        max.x - min.x < 120.0 && min.x >= -180.0 && max.x <= 180.0 && min.y > -89.0 && max.y < 89.0
    })
}

/// What stands below widening casts.
fn constant(expr: &Expr) -> &ExprKind {
    match &expr.kind {
        ExprKind::Cast { arg, .. } if matches!(arg.ty.oid, PgType::INT2 | PgType::INT4 | PgType::INT8) => constant(arg),
        kind => kind,
    }
}

/// The text of a value in one of a template's forms; `Err(None)` when it has none.
fn value_form(form: ValueForm, value: &Datum, ty: PgType) -> Result<String, Option<Error>> {
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            let _ = write!(out, "{byte:02X}");
            out
        })
    };
    match (form, value) {
        (ValueForm::Text, value) => io::output(&Env::default(), ty, value).map_err(Some),
        (ValueForm::Hex, Datum::Bytea(bytes)) => Ok(hex(bytes)),
        (ValueForm::Ewkb, Datum::Geometry(geometry)) => Ok(hex(&geometry.0)),
        (ValueForm::Flat14, Datum::Geometry(bytes)) => {
            let geometry = Geometry::from_datum(value).map_err(Some)?;
            let fits = |value: f64| format!("{value:.14}").parse() == Ok(value);
            let flat = !geometry.z && !geometry.m && geometry.kind as u8 <= 7;
            let kept = flat && geometry.all_coords().iter().all(|coord| fits(coord.x) && fits(coord.y));
            if kept { Ok(hex(&bytes.0)) } else { Err(None) }
        }
        (ValueForm::Wkb, Datum::Geometry(_)) => {
            let geometry = Geometry::from_datum(value).map_err(Some)?;
            if geometry.kind as u8 > 7 {
                return Err(None);
            }
            Ok(hex(&wkb::write(&geometry, wkb::ByteOrder::Little, wkb::Variant::Iso)))
        }
        (ValueForm::Ewkb | ValueForm::Flat14 | ValueForm::Hex | ValueForm::Wkb, _) => Err(None),
    }
}

/// Precision and scale of a number's text; `None` for what no decimal of 38 digits holds.
fn numeric_typmod(text: &str) -> Option<i32> {
    let digits = text.trim_start_matches('-');
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if !digits.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let precision = u16::try_from((whole.trim_start_matches('0').len() + fraction.len()).max(1)).ok()?;
    let scale = i16::try_from(fraction.len()).ok()?;
    (precision <= 38).then(|| NumericTypmod { precision, scale }.pack())
}

#[cfg(test)]
pub(crate) mod tests;
