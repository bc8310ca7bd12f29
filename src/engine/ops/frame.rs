//! Window frames: which rows of a partition a row's frame has.

use std::cmp::Ordering;

use super::order;
use crate::bound::{FrameExclusion, FrameMode};
use crate::error::{Error, Result, SqlState};
use crate::kernels::{self, Call, Env};
use crate::types::{Datum, Numeric, PgType};

/// A frame's end.
#[derive(Clone, Debug)]
pub(in crate::engine) enum Bound {
    CurrentRow,
    Following(Datum, PgType),
    Preceding(Datum, PgType),
    UnboundedFollowing,
    UnboundedPreceding,
}

/// A frame.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Frame {
    pub(in crate::engine) mode: FrameMode,
    pub(in crate::engine) start: Bound,
    pub(in crate::engine) end: Bound,
    pub(in crate::engine) exclusion: FrameExclusion,
}

/// A column of a window's ORDER BY.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct OrderColumn {
    pub(in crate::engine) index: usize,
    pub(in crate::engine) ty: PgType,
    pub(in crate::engine) descending: bool,
}

/// A sorted partition.
pub(super) struct Partition<'a> {
    pub(super) env: &'a Env,
    pub(super) order: &'a [OrderColumn],
    /// Values of the order columns, per row.
    pub(super) values: &'a [Vec<Datum>],
    /// Per row, the number of its peer group; groups are numbered from 0.
    pub(super) group: Vec<usize>,
    /// Per group, its first row; and the number of rows at the end.
    pub(super) starts: Vec<usize>,
}

impl<'a> Partition<'a> {
    pub(super) fn new(env: &'a Env, order: &'a [OrderColumn], values: &'a [Vec<Datum>]) -> Result<Partition<'a>> {
        let (mut group, mut starts) = (Vec::with_capacity(values.len()), Vec::new());
        for row in 0..values.len() {
            let peer = row > 0 && peers(order, &values[row - 1], &values[row])?;
            if !peer {
                starts.push(row);
            }
            group.push(starts.len() - 1);
        }
        starts.push(values.len());
        Ok(Partition { env, order, values, group, starts })
    }

    fn len(&self) -> usize {
        self.values.len()
    }

    /// First row and end (exclusive) of the peers of a row.
    pub(super) fn peers(&self, row: usize) -> (usize, usize) {
        let group = self.group[row];
        (self.starts[group], self.starts[group + 1])
    }

    /// The frame of a row before exclusion: `start..end`.
    pub(super) fn frame(&self, frame: &Frame, row: usize) -> Result<(usize, usize)> {
        let start = self.bound(frame, &frame.start, row, End::Start)?;
        let end = self.bound(frame, &frame.end, row, End::End)?;
        Ok((start.min(self.len()), end.min(self.len()).max(start.min(self.len()))))
    }

    /// Whether a row of the frame is excluded.
    pub(super) fn excluded(&self, exclusion: FrameExclusion, current: usize, row: usize) -> bool {
        match exclusion {
            FrameExclusion::NoOthers => false,
            FrameExclusion::CurrentRow => row == current,
            FrameExclusion::Group => self.group[row] == self.group[current],
            FrameExclusion::Ties => row != current && self.group[row] == self.group[current],
        }
    }

    fn bound(&self, frame: &Frame, bound: &Bound, row: usize, end: End) -> Result<usize> {
        let (peers_start, peers_end) = self.peers(row);
        Ok(match (bound, frame.mode) {
            (Bound::UnboundedPreceding, _) => 0,
            (Bound::UnboundedFollowing, _) => self.len(),
            (Bound::CurrentRow, FrameMode::Rows) => match end {
                End::Start => row,
                End::End => row + 1,
            },
            (Bound::CurrentRow, FrameMode::Groups | FrameMode::Range) => match end {
                End::Start => peers_start,
                End::End => peers_end,
            },
            (Bound::Preceding(offset, _), FrameMode::Rows) => {
                let offset = count(offset, end)?;
                match end {
                    End::Start => row.saturating_sub(offset),
                    End::End => (row + 1).saturating_sub(offset),
                }
            }
            (Bound::Following(offset, _), FrameMode::Rows) => {
                let offset = count(offset, end)?;
                match end {
                    End::Start => row.saturating_add(offset),
                    End::End => (row + 1).saturating_add(offset),
                }
            }
            (Bound::Preceding(offset, _), FrameMode::Groups) => {
                let offset = count(offset, end)?;
                match (self.group[row].checked_sub(offset), end) {
                    (None, _) => 0,
                    (Some(group), End::Start) => self.starts[group],
                    (Some(group), End::End) => self.starts[group + 1],
                }
            }
            (Bound::Following(offset, _), FrameMode::Groups) => {
                let offset = count(offset, end)?;
                let group = self.group[row].saturating_add(offset);
                let last = self.starts.len() - 1;
                match end {
                    End::Start => self.starts[group.min(last)],
                    End::End => self.starts[group.saturating_add(1).min(last)],
                }
            }
            (Bound::Preceding(offset, ty), FrameMode::Range) => self.range(row, offset, *ty, Side::Preceding, end)?,
            (Bound::Following(offset, ty), FrameMode::Range) => self.range(row, offset, *ty, Side::Following, end)?,
        })
    }

    /// RANGE with an offset: rows whose value is within it. NULLs are peers of each other only.
    fn range(&self, row: usize, offset: &Datum, offset_ty: PgType, side: Side, end: End) -> Result<usize> {
        let [column] = self.order else { return Err(Error::internal("RANGE over several columns")) };
        if offset.is_null() {
            return Err(null_offset(end));
        }
        let current = &self.values[row][0];
        let (peers_start, peers_end) = self.peers(row);
        if current.is_null() {
            return Ok(if end == End::Start { peers_start } else { peers_end });
        }
        // Descending order turns the direction of the values round.
        let subtract = (side == Side::Preceding) != column.descending;
        // Infinity minus infinity: every row is in range.
        let lowest = (end == End::Start) != column.descending;
        let limit = shift(self.env, column.ty, current, offset, offset_ty, subtract)?.or_extreme(current, lowest);
        // NULL rows are at one end.
        let first = self.values.iter().position(|values| !values[0].is_null()).unwrap_or(0);
        let last = self.values.iter().rposition(|values| !values[0].is_null()).map_or(0, |last| last + 1);
        let mut low = first;
        let mut high = last;
        while low < high {
            let middle = low + (high - low) / 2;
            let ordering = limit.compare(column.ty, &self.values[middle][0])?;
            let ordering = if column.descending { ordering.reverse() } else { ordering };
            // `ordering`: the row's value against the limit, in sort order.
            let before = match end {
                End::Start => ordering == Ordering::Less,
                End::End => ordering != Ordering::Greater,
            };
            if before { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    End,
    Start,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Side {
    Following,
    Preceding,
}

fn peers(order_by: &[OrderColumn], left: &[Datum], right: &[Datum]) -> Result<bool> {
    for (n, column) in order_by.iter().enumerate() {
        if order(column.ty, &left[n], &right[n], false, false)?.is_ne() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn null_offset(end: End) -> Error {
    let which = if end == End::Start { "starting" } else { "ending" };
    Error::new(SqlState::NULL_VALUE_NOT_ALLOWED, format!("frame {which} offset must not be null"))
}

fn count(offset: &Datum, end: End) -> Result<usize> {
    let which = if end == End::Start { "starting" } else { "ending" };
    match offset.as_i64() {
        None => Err(null_offset(end)),
        Some(value) if value < 0 => Err(Error::new(
            SqlState::INVALID_PRECEDING_OR_FOLLOWING_SIZE,
            format!("frame {which} offset must not be negative"),
        )),
        Some(value) => Ok(usize::try_from(value).unwrap_or(usize::MAX)),
    }
}

/// Where a RANGE bound lies.
enum Limit {
    Float(f64),
    Integer(i128),
    Value(Datum),
}

impl Limit {
    /// The lowest or the highest value but NaN in the place of a NaN that the current row's value is not.
    fn or_extreme(self, current: &Datum, lowest: bool) -> Limit {
        match self {
            Limit::Float(limit) if limit.is_nan() && !current.as_f64().is_some_and(f64::is_nan) => {
                Limit::Float(if lowest { f64::NEG_INFINITY } else { f64::INFINITY })
            }
            Limit::Value(Datum::Numeric(Numeric::NaN)) if !matches!(current, Datum::Numeric(Numeric::NaN)) => {
                Limit::Value(Datum::Numeric(if lowest { Numeric::NegativeInfinity } else { Numeric::Infinity }))
            }
            other => other,
        }
    }

    /// A row's value against the limit.
    fn compare(&self, ty: PgType, value: &Datum) -> Result<Ordering> {
        Ok(match self {
            Limit::Integer(limit) => i128::from(value.as_i64().unwrap_or_default()).cmp(limit),
            Limit::Float(limit) => kernels::compare::compare(
                PgType::FLOAT8,
                &Datum::Float8(value.as_f64().unwrap_or_default()),
                &Datum::Float8(*limit),
            )?,
            Limit::Value(limit) => kernels::compare::compare(ty, value, limit)?,
        })
    }
}

fn shift(env: &Env, ty: PgType, value: &Datum, offset: &Datum, offset_ty: PgType, subtract: bool) -> Result<Limit> {
    let negative = || {
        Error::new(
            SqlState::INVALID_PRECEDING_OR_FOLLOWING_SIZE,
            "invalid preceding or following size in window function",
        )
    };
    if let (Some(value), Some(offset)) = (value.as_i64(), offset.as_i64()) {
        if offset < 0 {
            return Err(negative());
        }
        let (value, offset) = (i128::from(value), i128::from(offset));
        return Ok(Limit::Integer(if subtract { value - offset } else { value + offset }));
    }
    if let (Datum::Float4(_) | Datum::Float8(_), Some(offset)) = (value, offset.as_f64()) {
        if offset < 0.0 || offset.is_nan() {
            return Err(negative());
        }
        let value = value.as_f64().unwrap_or_default();
        return Ok(Limit::Float(if subtract { value - offset } else { value + offset }));
    }
    let symbol = match (ty, offset_ty, subtract) {
        (PgType::NUMERIC, PgType::NUMERIC, true) => "numeric_sub",
        (PgType::NUMERIC, PgType::NUMERIC, false) => "numeric_add",
        (PgType::TIMESTAMP, PgType::INTERVAL, true) => "timestamp_mi_interval",
        (PgType::TIMESTAMP, PgType::INTERVAL, false) => "timestamp_pl_interval",
        (PgType::TIMESTAMPTZ, PgType::INTERVAL, true) => "timestamptz_mi_interval",
        (PgType::TIMESTAMPTZ, PgType::INTERVAL, false) => "timestamptz_pl_interval",
        (PgType::INTERVAL, PgType::INTERVAL, true) => "interval_mi",
        (PgType::INTERVAL, PgType::INTERVAL, false) => "interval_pl",
        _ => return Err(Error::unsupported(format!("RANGE with offset over {}", ty.name()))),
    };
    let zero = match offset_ty {
        PgType::INTERVAL => Datum::Interval(crate::types::Interval::default()),
        _ => Datum::Numeric(Numeric::Finite { unscaled: 0.into(), scale: 0 }),
    };
    let is_nan = matches!(offset, Datum::Numeric(Numeric::NaN));
    if is_nan || kernels::compare::compare(offset_ty, offset, &zero)? == Ordering::Less {
        return Err(negative());
    }
    let kernel =
        kernels::scalar(symbol).ok_or_else(|| Error::unsupported(format!("RANGE with offset over {}", ty.name())))?;
    let call = Call { env, args: &[ty, offset_ty], returns: ty };
    Ok(Limit::Value(kernel(&call, &[value.clone(), offset.clone()])?))
}
