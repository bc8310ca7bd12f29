//! SQL value functions (`CURRENT_DATE`, `CURRENT_USER` ...) and GROUPING().

use crate::sql::ast::{FuncCall, GroupingFunc, SqlValueFunction, SqlValueFunctionOp};

use crate::bound::{Expr, ExprKind, ExprType};
use crate::catalog::CastContext;
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use crate::bind::ast::{at, span};
use crate::bind::context::{Binder, Kind};

impl Binder<'_> {
    /// Written as calls of the functions that give the same: all are STABLE, so they become context values.
    pub(super) fn value_function(&mut self, function: &SqlValueFunction) -> Result<Expr> {
        let place = span(function.location);
        let (name, target) = match function.op {
            SqlValueFunctionOp::SvfopCurrentDate => ("now", PgType::DATE),
            SqlValueFunctionOp::SvfopCurrentTime | SqlValueFunctionOp::SvfopCurrentTimeN => ("now", PgType::TIMETZ),
            SqlValueFunctionOp::SvfopCurrentTimestamp | SqlValueFunctionOp::SvfopCurrentTimestampN => {
                ("now", PgType::TIMESTAMPTZ)
            }
            SqlValueFunctionOp::SvfopLocaltime | SqlValueFunctionOp::SvfopLocaltimeN => ("now", PgType::TIME),
            SqlValueFunctionOp::SvfopLocaltimestamp | SqlValueFunctionOp::SvfopLocaltimestampN => {
                ("now", PgType::TIMESTAMP)
            }
            SqlValueFunctionOp::SvfopCurrentRole
            | SqlValueFunctionOp::SvfopCurrentUser
            | SqlValueFunctionOp::SvfopUser => ("current_user", PgType::NAME),
            SqlValueFunctionOp::SvfopSessionUser => ("session_user", PgType::NAME),
            SqlValueFunctionOp::SvfopCurrentCatalog => ("current_database", PgType::NAME),
            SqlValueFunctionOp::SvfopCurrentSchema => ("current_schema", PgType::NAME),
            SqlValueFunctionOp::SqlvalueFunctionOpUndefined => return Err(Error::internal("SQL value function")),
        };
        let call = FuncCall::default();
        let value = self.call_bound(&call, &["pg_catalog", name], Vec::new(), place)?;
        let typmod = match function.op {
            SqlValueFunctionOp::SvfopCurrentTimeN
            | SqlValueFunctionOp::SvfopCurrentTimestampN
            | SqlValueFunctionOp::SvfopLocaltimeN
            | SqlValueFunctionOp::SvfopLocaltimestampN => function.typmod.clamp(0, 6),
            _ => -1,
        };
        match self.coerce_to(value, target, typmod, CastContext::Explicit, place)? {
            Some(expr) => Ok(expr),
            None => Err(Error::internal("SQL value function cast")),
        }
    }

    /// GROUPING(a, b): its arguments must be grouping expressions; checked (and numbered) when GROUP BY is known.
    pub(super) fn grouping(&mut self, grouping: &GroupingFunc) -> Result<Expr> {
        let place = span(grouping.location);
        if grouping.args.len() > 31 {
            let error = Error::new(SqlState::TOO_MANY_ARGUMENTS, "GROUPING must have fewer than 32 arguments");
            return Err(at(error, place));
        }
        let allowed = matches!(
            self.kind(),
            Kind::SelectTarget
                | Kind::Having
                | Kind::OrderBy
                | Kind::DistinctOn
                | Kind::WindowOrder
                | Kind::WindowPartition
        );
        if !allowed {
            let message = format!("grouping operations are not allowed in {}", self.kind().name());
            return Err(at(Error::new(SqlState::GROUPING_ERROR, message), place));
        }
        // The arguments wait in the scope; the node names them by index until GROUP BY is bound.
        let mut indices = Vec::with_capacity(grouping.args.len());
        for arg in &grouping.args {
            let arg = self.expr(arg)?;
            let scope = self.scope_mut();
            let known = scope.grouping.iter().position(|other| crate::bound::same(other, &arg));
            indices.push(known.unwrap_or_else(|| {
                scope.grouping.push(arg);
                scope.grouping.len() - 1
            }));
        }
        self.scope_mut().has_aggregates = true;
        Ok(Expr::new(ExprKind::Grouping(indices), ExprType::of(PgType::INT4), place))
    }
}
