//! Window functions, named windows and frames.

use crate::sql::ast::{FuncCall, Node, WindowDef};

use crate::bound::{Expr, ExprKind, FrameBound, FrameExclusion, FrameMode, SortKey, Span, WindowCall, WindowFrame};
use crate::catalog::{CastContext, FunctionKind};
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use super::aggregate::find;
use super::ast::{at, names, span};
use super::call::Resolved;
use super::coerce::location;
use super::context::{Binder, Kind};

/// `FRAMEOPTION_*` of parsenodes.h.
mod option {
    pub const NON_DEFAULT: i32 = 0x1;
    pub const RANGE: i32 = 0x2;
    pub const ROWS: i32 = 0x4;
    pub const GROUPS: i32 = 0x8;
    pub const START_UNBOUNDED_PRECEDING: i32 = 0x20;
    pub const END_UNBOUNDED_FOLLOWING: i32 = 0x100;
    pub const START_CURRENT_ROW: i32 = 0x200;
    pub const START_OFFSET_PRECEDING: i32 = 0x800;
    pub const END_OFFSET_PRECEDING: i32 = 0x1000;
    pub const START_OFFSET_FOLLOWING: i32 = 0x2000;
    pub const END_OFFSET_FOLLOWING: i32 = 0x4000;
    pub const EXCLUDE_CURRENT_ROW: i32 = 0x8000;
    pub const EXCLUDE_GROUP: i32 = 0x10000;
    pub const EXCLUDE_TIES: i32 = 0x20000;
}

struct Window {
    partition_by: Vec<Expr>,
    order_by: Vec<SortKey<Expr>>,
    frame: WindowFrame,
}

fn windowing(message: String, place: Span) -> Error {
    at(Error::new(SqlState::WINDOWING_ERROR, message), place)
}

impl Binder<'_> {
    pub fn window_call(&mut self, call: &FuncCall, resolved: Resolved, before: usize, place: Span) -> Result<Expr> {
        let name = names(&call.funcname).join(".");
        let wrong = |message: String| at(Error::new(SqlState::WRONG_OBJECT_TYPE, message), place);
        let unsupported = |message: &str| at(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message.to_owned()), place);
        let Some(over) = &call.over else {
            return Err(wrong(format!("window function {name} requires an OVER clause")));
        };
        let is_window = resolved.function.kind == FunctionKind::Window;
        if matches!(resolved.function.kind, FunctionKind::OrderedSet | FunctionKind::Hypothetical) {
            return Err(unsupported(&format!("OVER is not supported for ordered-set aggregate {name}")));
        }
        if is_window && call.agg_star {
            return Err(wrong(format!("{name}(*) must be used to call a parameterless aggregate function")));
        }
        if call.agg_distinct {
            return Err(unsupported("DISTINCT is not implemented for window functions"));
        }
        if !is_window && resolved.args.is_empty() && !call.agg_star {
            return Err(wrong(format!("{name}(*) must be used to call a parameterless aggregate function")));
        }
        if !call.agg_order.is_empty() {
            return Err(unsupported("aggregate ORDER BY is not implemented for window functions"));
        }
        if is_window && call.agg_filter.is_some() {
            return Err(unsupported("FILTER is not implemented for non-aggregate window functions"));
        }
        if self.set_returning > before {
            let error = Error::new(
                SqlState::FEATURE_NOT_SUPPORTED,
                "window function calls cannot contain set-returning function calls",
            )
            .hint("You might be able to move the set-returning function into a LATERAL FROM item.");
            return Err(at(error, self.last_set_returning));
        }
        let filter = self.filter(call)?;
        for input in resolved.args.iter().chain(&filter) {
            if find(input, &|kind| matches!(kind, ExprKind::Window(_))).is_some() {
                let message = "window function calls cannot be nested".to_owned();
                return Err(windowing(message, place));
            }
        }
        self.check_window_place(place)?;
        let window = self.window_of(over)?;
        self.scope_mut().has_windows = true;
        let Resolved { function, args, ty, .. } = resolved;
        let Window { partition_by, order_by, frame } = window;
        let window = WindowCall { function, args, filter, partition_by, order_by, frame };
        Ok(Expr::new(ExprKind::Window(Box::new(window)), ty, place))
    }

    fn check_window_place(&self, place: Span) -> Result<()> {
        let where_to = match self.kind() {
            Kind::SelectTarget | Kind::OrderBy | Kind::DistinctOn => return Ok(()),
            Kind::JoinOn => "JOIN conditions",
            Kind::FromFunction => "functions in FROM",
            Kind::FromSubselect => "FROM clause of their own query level",
            Kind::WindowFrameGroups
            | Kind::WindowFrameRange
            | Kind::WindowFrameRows
            | Kind::WindowOrder
            | Kind::WindowPartition => "window definitions",
            Kind::Default => "DEFAULT expressions",
            other @ (Kind::Filter
            | Kind::GroupBy
            | Kind::Having
            | Kind::Limit
            | Kind::Offset
            | Kind::Other
            | Kind::Returning
            | Kind::UpdateSource
            | Kind::Values
            | Kind::ValuesSingle
            | Kind::Where) => other.name(),
        };
        Err(windowing(format!("window functions are not allowed in {where_to}"), place))
    }

    fn window_of(&mut self, over: &WindowDef) -> Result<Window> {
        if over.name.is_empty() {
            return self.window_definition(over, true);
        }
        // OVER w: exactly that window.
        let named = self.named_window(&over.name, span(over.location))?;
        self.window_definition(&named, false)
    }

    fn named_window(&self, name: &str, place: Span) -> Result<WindowDef> {
        self.scope().windows.iter().find(|window| window.name == name).cloned().ok_or_else(|| {
            at(Error::new(SqlState::UNDEFINED_OBJECT, format!("window \"{name}\" does not exist")), place)
        })
    }

    /// Checks the WINDOW clause's own definitions, used or not.
    pub fn check_named_windows(&mut self, windows: &[Node]) -> Result<()> {
        for (position, node) in windows.iter().enumerate() {
            let Node::WindowDef(window) = node else { return Err(Error::internal("window")) };
            let twice = windows[..position]
                .iter()
                .any(|other| matches!(other, Node::WindowDef(other) if other.name == window.name));
            if twice {
                let message = format!("window \"{}\" is already defined", window.name);
                return Err(windowing(message, span(window.location)));
            }
            self.window_definition(window, false)?;
        }
        Ok(())
    }

    fn window_definition(&mut self, window: &WindowDef, inline: bool) -> Result<Window> {
        self.grown(|binder| binder.window_definition_inner(window, inline))
    }

    fn window_definition_inner(&mut self, window: &WindowDef, inline: bool) -> Result<Window> {
        let place = span(window.location);
        let base = if window.refname.is_empty() {
            None
        } else {
            let named = self.named_window(&window.refname, place)?;
            // A definition may only copy one written before it.
            if named.name == window.name {
                let message = format!("window \"{}\" does not exist", window.refname);
                return Err(at(Error::new(SqlState::UNDEFINED_OBJECT, message), place));
            }
            let frame = named.frame_options & option::NON_DEFAULT != 0;
            Some((self.window_definition(&named, false)?, named.name, frame))
        };
        let mut partition_by = Vec::new();
        for node in &window.partition_clause {
            let expr = self.expr_in(node, Kind::WindowPartition)?;
            let expr = if expr.ty.oid == PgType::UNKNOWN { self.coerce_implicit(expr, PgType::TEXT)? } else { expr };
            self.check_groupable(&expr)?;
            partition_by.push(expr);
        }
        let mut order_by = Vec::new();
        for node in &window.order_clause {
            order_by.push(self.with_kind(Kind::WindowOrder, |binder| binder.sort_key(node))?);
        }
        let non_default = window.frame_options & option::NON_DEFAULT != 0;
        if let Some((base, name, base_frame)) = base {
            if !partition_by.is_empty() {
                return Err(windowing(format!("cannot override PARTITION BY clause of window \"{name}\""), place));
            }
            if !order_by.is_empty() && !base.order_by.is_empty() {
                return Err(windowing(format!("cannot override ORDER BY clause of window \"{name}\""), place));
            }
            if base_frame {
                let error = windowing(format!("cannot copy window \"{name}\" because it has a frame clause"), place);
                let omit = inline && order_by.is_empty() && !non_default;
                return Err(if omit { error.hint("Omit the parentheses in this OVER clause.") } else { error });
            }
            partition_by = base.partition_by;
            if order_by.is_empty() {
                order_by = base.order_by;
            }
        }
        let frame = self.frame(window, &order_by, place)?;
        Ok(Window { partition_by, order_by, frame })
    }

    fn frame(&mut self, window: &WindowDef, order_by: &[SortKey<Expr>], place: Span) -> Result<WindowFrame> {
        let options = window.frame_options;
        let has = |bit: i32| options & bit != 0;
        let mode = if has(option::ROWS) {
            FrameMode::Rows
        } else if has(option::GROUPS) {
            FrameMode::Groups
        } else {
            FrameMode::Range
        };
        let offsets = option::START_OFFSET_PRECEDING
            | option::END_OFFSET_PRECEDING
            | option::START_OFFSET_FOLLOWING
            | option::END_OFFSET_FOLLOWING;
        if has(option::RANGE) && has(offsets) && order_by.len() != 1 {
            let message = "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column".to_owned();
            return Err(windowing(message, place));
        }
        if mode == FrameMode::Groups && order_by.is_empty() {
            return Err(windowing("GROUPS mode requires an ORDER BY clause".to_owned(), place));
        }
        let start = match &window.start_offset {
            Some(node) => {
                let offset = Box::new(self.frame_offset(node, mode, order_by)?);
                if has(option::START_OFFSET_PRECEDING) {
                    FrameBound::Preceding(offset)
                } else {
                    FrameBound::Following(offset)
                }
            }
            None if has(option::START_CURRENT_ROW) => FrameBound::CurrentRow,
            None if has(option::START_UNBOUNDED_PRECEDING) => FrameBound::UnboundedPreceding,
            None => FrameBound::UnboundedPreceding,
        };
        let end = match &window.end_offset {
            Some(node) => {
                let offset = Box::new(self.frame_offset(node, mode, order_by)?);
                if has(option::END_OFFSET_PRECEDING) {
                    FrameBound::Preceding(offset)
                } else {
                    FrameBound::Following(offset)
                }
            }
            None if has(option::END_UNBOUNDED_FOLLOWING) => FrameBound::UnboundedFollowing,
            None => FrameBound::CurrentRow,
        };
        let exclusion = if has(option::EXCLUDE_CURRENT_ROW) {
            FrameExclusion::CurrentRow
        } else if has(option::EXCLUDE_GROUP) {
            FrameExclusion::Group
        } else if has(option::EXCLUDE_TIES) {
            FrameExclusion::Ties
        } else {
            FrameExclusion::NoOthers
        };
        Ok(WindowFrame { mode, start, end, exclusion, default: !has(option::NON_DEFAULT) })
    }

    fn frame_offset(&mut self, node: &Node, mode: FrameMode, order_by: &[SortKey<Expr>]) -> Result<Expr> {
        let (kind, construct) = match mode {
            FrameMode::Rows => (Kind::WindowFrameRows, "ROWS"),
            FrameMode::Groups => (Kind::WindowFrameGroups, "GROUPS"),
            FrameMode::Range => (Kind::WindowFrameRange, "RANGE"),
        };
        let expr = self.expr_in(node, kind)?;
        let depth = self.scopes.len() - 1;
        let expr = match (mode, order_by) {
            (FrameMode::Range, [key]) => self.range_offset(expr, key.expr.ty.oid)?,
            _ => self.coerce_specific(expr, PgType::INT8, construct)?,
        };
        if self.uses_level(&expr, depth) {
            let message = format!("argument of {construct} must not contain variables");
            return Err(at(Error::new(SqlState::INVALID_COLUMN_REFERENCE, message), location(&expr)));
        }
        Ok(expr)
    }

    /// The type of a RANGE offset: the btree `in_range` support functions.
    fn range_offset(&mut self, expr: Expr, column: PgType) -> Result<Expr> {
        let column = self.base_type(column).0;
        let accepted: &[PgType] = match column {
            PgType::INT2 | PgType::INT4 => &[PgType::INT8, PgType::INT4, PgType::INT2],
            PgType::INT8 => &[PgType::INT8],
            PgType::FLOAT4 | PgType::FLOAT8 => &[PgType::FLOAT8],
            PgType::NUMERIC => &[PgType::NUMERIC],
            PgType::DATE
            | PgType::TIMESTAMP
            | PgType::TIMESTAMPTZ
            | PgType::TIME
            | PgType::TIMETZ
            | PgType::INTERVAL => &[PgType::INTERVAL],
            _ => {
                let message = format!(
                    "RANGE with offset PRECEDING/FOLLOWING is not supported for column type {}",
                    self.format_type(column)
                );
                return Err(at(Error::new(SqlState::FEATURE_NOT_SUPPORTED, message), location(&expr)));
            }
        };
        let given = expr.ty.oid;
        let target = if accepted.contains(&given) {
            given
        } else if given == PgType::UNKNOWN && accepted.contains(&column) {
            column
        } else {
            let fitting: Vec<PgType> =
                accepted.iter().copied().filter(|ty| self.can_coerce(given, *ty, CastContext::Implicit)).collect();
            match fitting.as_slice() {
                [] => {
                    let message = format!(
                        "RANGE with offset PRECEDING/FOLLOWING is not supported for column type {} and offset type {}",
                        self.format_type(column),
                        self.format_type(given)
                    );
                    let error = Error::new(SqlState::FEATURE_NOT_SUPPORTED, message)
                        .hint("Cast the offset value to an appropriate type.");
                    return Err(at(error, location(&expr)));
                }
                [first, ..] => *first,
            }
        };
        self.coerce_implicit(expr, target)
    }
}
