//! Type coercion (`parse_coerce.c`): which casts exist in which context, and the nodes they make.

use std::sync::Arc;

use crate::bound::{CastMethod, Collation, Expr, ExprKind, ExprType, Span};
use crate::catalog::{CastContext, CastKind, ForeignTypeKind, Function};
use crate::error::{Error, Result, SqlState};
use crate::kernels::io;
use crate::types::{Datum, PgType};

use super::ast::at;
use super::context::Binder;

/// `CoercionPathType`.
#[derive(Clone, Debug)]
pub(super) enum Pathway {
    Array(Box<Pathway>),
    Function(Arc<Function>),
    InOut,
    Relabel,
}

impl Binder<'_> {
    /// The type under a domain, and the domain's typmod.
    pub fn base_type(&self, ty: PgType) -> (PgType, i32) {
        let mut current = (ty, -1);
        while let Some(ForeignTypeKind::Domain { base, typmod }) =
            self.catalog.foreign_type(current.0).map(|ty| &ty.kind)
        {
            current = (*base, if *typmod == -1 { current.1 } else { *typmod });
        }
        current
    }

    pub fn is_enum(&self, ty: PgType) -> bool {
        matches!(self.catalog.foreign_type(ty).map(|ty| &ty.kind), Some(ForeignTypeKind::Enum(_)))
    }

    pub fn is_composite(&self, ty: PgType) -> bool {
        matches!(self.catalog.foreign_type(ty).map(|ty| &ty.kind), Some(ForeignTypeKind::Composite(_)))
    }

    pub fn category(&self, ty: PgType) -> u8 {
        match self.catalog.foreign_type(ty).map(|ty| &ty.kind) {
            None => ty.category(),
            Some(ForeignTypeKind::Array(_)) => b'A',
            Some(ForeignTypeKind::Base) => b'U',
            Some(ForeignTypeKind::Composite(_)) => b'C',
            Some(ForeignTypeKind::Domain { .. }) => self.base_type(ty).0.category(),
            Some(ForeignTypeKind::Enum(_)) => b'E',
            Some(ForeignTypeKind::Range) => b'R',
        }
    }

    /// `find_coercion_pathway`.
    pub fn pathway(&self, target: PgType, source: PgType, context: CastContext) -> Option<Pathway> {
        let (source, target) = (self.base_type(source).0, self.base_type(target).0);
        if source == target {
            return Some(Pathway::Relabel);
        }
        if let Some(cast) = self.catalog.language.cast(source, target) {
            if context < cast.context {
                return None;
            }
            return Some(match &cast.kind {
                CastKind::Binary => Pathway::Relabel,
                CastKind::Function(function) => Pathway::Function(Arc::clone(function)),
                CastKind::InOut => Pathway::InOut,
            });
        }
        if target != PgType::OIDVECTOR
            && target != PgType::INT2VECTOR
            && let (Some(target), Some(source)) = (self.element_of(target), self.element_of(source))
            && let Some(element) = self.pathway(target, source, context)
        {
            return Some(Pathway::Array(Box::new(element)));
        }
        let by_text = (context >= CastContext::Assignment && self.category(target) == b'S')
            || (context >= CastContext::Explicit && self.category(source) == b'S');
        by_text.then_some(Pathway::InOut)
    }

    /// `can_coerce_type` for one argument; polymorphic targets accept anything here.
    pub fn can_coerce(&self, source: PgType, target: PgType, context: CastContext) -> bool {
        source == target
            || target == PgType::ANY
            || target.is_polymorphic()
            || source == PgType::UNKNOWN
            || self.pathway(target, source, context).is_some()
            || (source == PgType::RECORD && self.is_composite(target))
            || (self.is_composite(source) && target == PgType::RECORD)
            || (source == PgType::RECORD_ARRAY
                && self.element_of(target).is_some_and(|element| self.is_composite(element)))
            || (target == PgType::RECORD_ARRAY
                && self.element_of(source).is_some_and(|element| self.is_composite(element)))
    }

    /// `coerce_to_target_type`: to a type and typmod; `None` when there is no such cast.
    pub fn coerce_to(
        &mut self,
        expr: Expr,
        target: PgType,
        typmod: i32,
        context: CastContext,
        place: Span,
    ) -> Result<Option<Expr>> {
        let pathway = self.pathway(target, expr.ty.oid, context);
        if pathway.is_none() && !self.can_coerce(expr.ty.oid, target, context) {
            return Ok(None);
        }
        let expr = self.coerce_type(expr, target, typmod, context, place, pathway)?;
        self.coerce_typmod(expr, target, typmod, context, place).map(Some)
    }

    /// `coerce_type`: the caller knows that the coercion exists, and may know its pathway.
    fn coerce_type(
        &mut self,
        expr: Expr,
        target: PgType,
        typmod: i32,
        context: CastContext,
        place: Span,
        known: Option<Pathway>,
    ) -> Result<Expr> {
        let source = expr.ty.oid;
        if source == target {
            return Ok(expr);
        }
        if matches!(target, PgType::ANY | PgType::ANYELEMENT | PgType::ANYNONARRAY)
            || matches!(target, PgType::ANYCOMPATIBLE | PgType::ANYCOMPATIBLENONARRAY)
            || (target.is_polymorphic() && source != PgType::UNKNOWN)
        {
            return Ok(expr);
        }
        if source == PgType::UNKNOWN {
            match expr.kind {
                ExprKind::Literal(value) => return self.coerce_literal(value, target, typmod, context, expr.span),
                ExprKind::Param(index) => {
                    let (base, base_typmod) = self.base_type(target);
                    let _ = base_typmod;
                    let param = self.coerce_param(index, base, expr.span)?;
                    return self.to_domain(param, target, context);
                }
                _ => {}
            }
        }
        // The cast goes below COLLATE, as PostgreSQL does.
        if matches!(&expr.kind, ExprKind::Collate(_)) {
            let Expr { kind, ty, span } = expr;
            let ExprKind::Collate(arg) = kind else { return Err(Error::internal("collate")) };
            let inner = self.coerce_type(*arg, target, typmod, context, place, None)?;
            if !target.is_collatable() {
                return Ok(inner);
            }
            let ty = ExprType { collation: ty.collation, ..inner.ty.clone() };
            return Ok(Expr::new(ExprKind::Collate(Box::new(inner)), ty, span));
        }
        let Some(pathway) = known.or_else(|| self.pathway(target, source, context)) else {
            return self.coerce_row(expr, target, context, place);
        };
        let explicit = context == CastContext::Explicit;
        let (base, _) = self.base_type(target);
        let cast = self.apply(expr, base, typmod, &pathway, explicit, place)?;
        self.to_domain(cast, target, context)
    }

    /// Names the domain over a value already of its base type.
    fn to_domain(&self, expr: Expr, target: PgType, context: CastContext) -> Result<Expr> {
        if expr.ty.oid == target {
            return Ok(expr);
        }
        let span = expr.span;
        let explicit = context == CastContext::Explicit;
        let kind = ExprKind::Cast { arg: Box::new(expr), method: CastMethod::Binary, explicit };
        Ok(Expr::new(kind, ExprType::of(target), span))
    }

    fn apply(
        &mut self,
        expr: Expr,
        target: PgType,
        typmod: i32,
        pathway: &Pathway,
        explicit: bool,
        place: Span,
    ) -> Result<Expr> {
        let (method, with_typmod) = cast_method(pathway);
        let typmod = if with_typmod { typmod } else { -1 };
        let inherits = matches!(method, CastMethod::Binary | CastMethod::Function(_) | CastMethod::Array(_));
        let mut ty = ExprType::with_typmod(target, typmod);
        if inherits && target.is_collatable() && expr.ty.collation != Collation::None {
            ty.collation = expr.ty.collation.clone();
        }
        // Only the name of the type changes: a domain's base type is read as it is.
        if matches!(method, CastMethod::Binary) && expr.ty.oid == target {
            return Ok(expr);
        }
        let span = if place.0.is_some() { place } else { expr.span };
        Ok(Expr::new(ExprKind::Cast { arg: Box::new(expr), method, explicit }, ty, span))
    }

    /// `coerce_type_typmod`.
    pub fn coerce_typmod(
        &mut self,
        expr: Expr,
        target: PgType,
        typmod: i32,
        context: CastContext,
        place: Span,
    ) -> Result<Expr> {
        let (base, domain_typmod) = self.base_type(target);
        let typmod = if base != target { domain_typmod } else { typmod };
        if typmod == expr.ty.typmod || base != target {
            return Ok(expr);
        }
        let element = self.element_of(base);
        let has_function = self.catalog.language.cast(element.unwrap_or(base), element.unwrap_or(base)).is_some();
        let method = if typmod < 0 || !has_function {
            CastMethod::Binary
        } else if element.is_some() {
            CastMethod::Array(Box::new(CastMethod::Typmod))
        } else {
            CastMethod::Typmod
        };
        // A literal takes its length now, as PostgreSQL's constant folding would.
        let ty = ExprType { typmod, ..expr.ty.clone() };
        let span = if place.0.is_some() { place } else { expr.span };
        let explicit = context == CastContext::Explicit;
        if let (ExprKind::Literal(Datum::Null), _) = (&expr.kind, &method) {
            return Ok(Expr { ty, ..expr });
        }
        Ok(Expr::new(ExprKind::Cast { arg: Box::new(expr), method, explicit }, ty, span))
    }

    /// An unknown literal becomes a value of the type through its input function.
    fn coerce_literal(
        &mut self,
        value: Datum,
        target: PgType,
        typmod: i32,
        context: CastContext,
        place: Span,
    ) -> Result<Expr> {
        let (base, base_typmod) = self.base_type(target);
        // Only interval's input function looks at the typmod of a cast (`interval '1' year`).
        let input_typmod = match base {
            PgType::INTERVAL if base == target => typmod,
            _ => base_typmod,
        };
        let literal = match value {
            Datum::Null => Expr::new(ExprKind::Literal(Datum::Null), ExprType::of(base), place),
            Datum::Text(text) => self.read_literal(&text, base, input_typmod, place)?,
            other => return Err(Error::internal(format!("unknown literal holding {other:?}"))),
        };
        self.to_domain(literal, target, context)
    }

    /// The literal, or a cast to be done at execution when the input function is not immutable or not ours.
    pub fn read_literal(&mut self, text: &Arc<str>, ty: PgType, typmod: i32, place: Span) -> Result<Expr> {
        let mut result_type = ExprType::of(ty);
        if ty == PgType::INTERVAL {
            result_type.typmod = typmod;
        }
        let late = |result_type| {
            let text =
                Expr::new(ExprKind::Literal(Datum::Text(Arc::clone(text))), ExprType::of(PgType::UNKNOWN), place);
            let method = CastMethod::InOut;
            Expr::new(ExprKind::Cast { arg: Box::new(text), method, explicit: false }, result_type, place)
        };
        if ty.is_foreign() || ty.is_oid_like() && ty != PgType::OID {
            return Ok(late(result_type));
        }
        if ty == PgType::RECORD {
            let error =
                Error::new(SqlState::FEATURE_NOT_SUPPORTED, "input of anonymous composite types is not implemented");
            return Err(at(error, place));
        }
        if matches!(ty, PgType::ANYARRAY | PgType::ANYRANGE | PgType::ANYENUM) {
            let error = Error::new(
                SqlState::FEATURE_NOT_SUPPORTED,
                format!("cannot accept a value of type {}", self.format_type(ty)),
            );
            return Err(at(error, place));
        }
        match io::input(&self.env, ty, typmod, text) {
            Ok(_) if !super::fold::stable_text(ty, text, &self.env.formats) => Ok(late(result_type)),
            Ok(value) => Ok(Expr::new(ExprKind::Literal(value), result_type, place)),
            Err(error) if error.state() == SqlState::FEATURE_NOT_SUPPORTED => Ok(late(result_type)),
            Err(error) => Err(at(error, place)),
        }
    }

    /// RECORD to a composite type of a source, and back.
    fn coerce_row(&mut self, expr: Expr, target: PgType, context: CastContext, place: Span) -> Result<Expr> {
        if target == PgType::RECORD {
            let span = expr.span;
            let fields = expr.ty.fields.clone();
            let ty = ExprType { fields, ..ExprType::of(PgType::RECORD) };
            let explicit = context == CastContext::Explicit;
            let kind = ExprKind::Cast { arg: Box::new(expr), method: CastMethod::Binary, explicit };
            return Ok(Expr::new(kind, ty, span));
        }
        let message = format!("cast from {} to {}", self.format_type(expr.ty.oid), self.format_type(target));
        Err(at(Error::unsupported(message), place))
    }

    /// Implicit coercion to a type that is known to accept it.
    pub fn coerce_implicit(&mut self, expr: Expr, target: PgType) -> Result<Expr> {
        let place = expr.span;
        self.coerce_type(expr, target, -1, CastContext::Implicit, place, None)
    }

    /// `coerce_to_boolean`.
    pub fn coerce_boolean(&mut self, expr: Expr, construct: &str) -> Result<Expr> {
        self.coerce_specific(expr, PgType::BOOL, construct)
    }

    /// `coerce_to_specific_type`.
    pub fn coerce_specific(&mut self, expr: Expr, target: PgType, construct: &str) -> Result<Expr> {
        if expr.ty.oid == target {
            return Ok(expr);
        }
        let (source, place) = (expr.ty.oid, location(&expr));
        match self.coerce_to(expr, target, -1, CastContext::Assignment, Span::default())? {
            Some(expr) => Ok(expr),
            None => {
                let message = format!(
                    "argument of {construct} must be type {}, not type {}",
                    self.format_type(target),
                    self.format_type(source)
                );
                Err(at(Error::new(SqlState::DATATYPE_MISMATCH, message), place))
            }
        }
    }

    /// Assignment to a typed place that has no name.
    pub fn coerce_assign(&mut self, expr: Expr, target: PgType, typmod: i32) -> Result<Expr> {
        let (source, place) = (expr.ty.oid, location(&expr));
        match self.coerce_to(expr, target, typmod, CastContext::Assignment, Span::default())? {
            Some(expr) => Ok(expr),
            None => {
                let message = format!(
                    "expression is of type {} but {} is needed",
                    self.format_type(source),
                    self.format_type(target)
                );
                Err(at(Error::new(SqlState::DATATYPE_MISMATCH, message), place))
            }
        }
    }
}

/// The bound method of a pathway, and whether it applies the typmod itself.
fn cast_method(pathway: &Pathway) -> (CastMethod, bool) {
    match pathway {
        Pathway::Relabel => (CastMethod::Binary, false),
        Pathway::InOut => (CastMethod::InOut, false),
        Pathway::Function(function) => (CastMethod::Function(Arc::clone(function)), function.args.len() >= 2),
        Pathway::Array(element) => {
            let (element, with_typmod) = cast_method(element);
            match element {
                CastMethod::Binary => (CastMethod::Binary, false),
                element => (CastMethod::Array(Box::new(element)), with_typmod),
            }
        }
    }
}

/// Where an expression begins (`exprLocation`).
pub(super) fn location(expr: &Expr) -> Span {
    use super::ast::leftmost;
    match &expr.kind {
        ExprKind::Call { args, operator: Some(_), .. } => {
            leftmost(expr.span, args.first().map_or(Span::default(), location))
        }
        ExprKind::Cast { arg, .. } | ExprKind::Collate(arg) | ExprKind::Not(arg) => leftmost(expr.span, location(arg)),
        ExprKind::Field { record, .. } => location(record),
        ExprKind::ScalarArray { left, .. } => leftmost(expr.span, location(left)),
        ExprKind::Distinct { left, .. } | ExprKind::NullIf { left, .. } => leftmost(expr.span, location(left)),
        ExprKind::Subscript { container, .. } => leftmost(expr.span, location(container)),
        ExprKind::IsNull { arg, .. } | ExprKind::IsBoolean { arg, .. } => leftmost(expr.span, location(arg)),
        ExprKind::And(args) | ExprKind::Or(args) => leftmost(expr.span, args.first().map_or(Span::default(), location)),
        _ => expr.span,
    }
}
