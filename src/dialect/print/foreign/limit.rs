//! LIMIT and OFFSET of a foreign target.

use super::constant;
use crate::bound::{Expr, ExprKind, Limit};
use crate::dialect::print::Printer;
use crate::dialect::rules::LimitOrder;
use crate::error::Result;
use crate::types::Datum;

impl<'a> Printer<'a> {
    /// The numbers of LIMIT and OFFSET, which are constants.
    pub(in crate::dialect::print) fn limit_numbers(&self, limit: &Limit) -> Result<(Option<i64>, Option<i64>)> {
        let number = |expr: &Option<Expr>| match expr.as_ref().map(constant) {
            None | Some(ExprKind::Literal(Datum::Null)) => Ok(None),
            Some(ExprKind::Literal(value)) => value.as_i64().filter(|value| *value >= 0).map(Some).ok_or(()),
            Some(_) => Err(()),
        };
        let count = number(&limit.count).map_err(|()| self.refuse("LIMIT of anything but a constant"))?;
        let offset = number(&limit.offset).map_err(|()| self.refuse("OFFSET of anything but a constant"))?;
        Ok((count, offset))
    }

    /// LIMIT and OFFSET, of constants.
    pub(in crate::dialect::print) fn foreign_limit(&mut self, limit: &'a Limit) -> Result<()> {
        if limit.with_ties {
            return Err(self.refuse("WITH TIES"));
        }
        let (count, offset) = self.limit_numbers(limit)?;
        let order = self.target.dialect.text.limit;
        let (count, offset) = match order {
            LimitOrder::Fetch => (
                count.map(|count| format!(" FETCH NEXT {count} ROWS ONLY")),
                offset.map(|offset| format!(" OFFSET {offset} ROWS")),
            ),
            LimitOrder::LimitOffset | LimitOrder::LimitRequired | LimitOrder::OffsetLimit => {
                (count.map(|count| format!(" LIMIT {count}")), offset.map(|offset| format!(" OFFSET {offset}")))
            }
        };
        let parts = match order {
            LimitOrder::LimitOffset => [count, offset],
            LimitOrder::LimitRequired if offset.is_some() => {
                [count.or_else(|| Some(format!(" LIMIT {}", i64::MAX))), offset]
            }
            LimitOrder::LimitRequired => [count, offset],
            LimitOrder::Fetch | LimitOrder::OffsetLimit => [offset, count],
        };
        parts.into_iter().flatten().for_each(|part| self.push(&part));
        Ok(())
    }
}
