//! Structural equality of bound expressions, places in the text left out: what GROUP BY, DISTINCT and ORDER BY match by.

use crate::types::{ArrayValue, Datum, Numeric};

use super::visit::children;
use super::{CastMethod, Expr, ExprKind, FrameBound, SubqueryKind};

/// Are these two the same expression (`equal()` of PostgreSQL's parser)? Two sub-queries are the same only when one is a clone of the other.
pub fn same(a: &Expr, b: &Expr) -> bool {
    stacker::maybe_grow(64 * 1024, 4 * 1024 * 1024, || same_inner(a, b))
}

fn same_inner(a: &Expr, b: &Expr) -> bool {
    if a.ty.oid != b.ty.oid || a.ty.typmod != b.ty.typmod || a.ty.collation != b.ty.collation || !same_node(a, b) {
        return false;
    }
    let (mut left, mut right) = (Vec::new(), Vec::new());
    children(a, &mut |child| left.push(child));
    children(b, &mut |child| right.push(child));
    left.len() == right.len() && left.into_iter().zip(right).all(|(a, b)| same(a, b))
}

/// The node itself, its children apart (only their arrangement).
fn same_node(a: &Expr, b: &Expr) -> bool {
    match (&a.kind, &b.kind) {
        (ExprKind::Aggregate(a), ExprKind::Aggregate(b)) => {
            a.function.oid == b.function.oid
                && a.distinct == b.distinct
                && a.within_group == b.within_group
                && a.variadic == b.variadic
                && a.direct.len() == b.direct.len()
                && a.args.len() == b.args.len()
                && a.filter.is_some() == b.filter.is_some()
                && same_directions(&a.order_by, &b.order_by)
        }
        (ExprKind::And(_), ExprKind::And(_))
        | (ExprKind::Or(_), ExprKind::Or(_))
        | (ExprKind::CaseOperand, ExprKind::CaseOperand)
        | (ExprKind::Coalesce(_), ExprKind::Coalesce(_))
        | (ExprKind::Collate(_), ExprKind::Collate(_))
        | (ExprKind::Greatest { .. }, ExprKind::Greatest { .. })
        | (ExprKind::Least { .. }, ExprKind::Least { .. })
        | (ExprKind::Not(_), ExprKind::Not(_)) => true,
        (ExprKind::Array { multidimensional: a, .. }, ExprKind::Array { multidimensional: b, .. }) => a == b,
        (
            ExprKind::Case { operand: a, whens: x, otherwise: p },
            ExprKind::Case { operand: b, whens: y, otherwise: q },
        ) => a.is_some() == b.is_some() && x.len() == y.len() && p.is_some() == q.is_some(),
        (ExprKind::Cast { method: a, explicit: x, .. }, ExprKind::Cast { method: b, explicit: y, .. }) => {
            x == y && same_method(a, b)
        }
        (ExprKind::Column { range: a, column: x }, ExprKind::Column { range: b, column: y }) => a == b && x == y,
        (ExprKind::Context(a), ExprKind::Context(b)) | (ExprKind::Param(a), ExprKind::Param(b)) => a == b,
        (ExprKind::Call { function: a, variadic: x, .. }, ExprKind::Call { function: b, variadic: y, .. }) => {
            a.oid == b.oid && a.symbol == b.symbol && x == y
        }
        (ExprKind::Distinct { equal: a, negated: x, .. }, ExprKind::Distinct { equal: b, negated: y, .. }) => {
            a.oid == b.oid && x == y
        }
        (ExprKind::Field { index: a, .. }, ExprKind::Field { index: b, .. }) => a == b,
        (ExprKind::Grouping(a), ExprKind::Grouping(b)) => a == b,
        (ExprKind::IsBoolean { truth: a, negated: x, .. }, ExprKind::IsBoolean { truth: b, negated: y, .. }) => {
            a == b && x == y
        }
        (ExprKind::IsNull { negated: a, row: x, .. }, ExprKind::IsNull { negated: b, row: y, .. }) => a == b && x == y,
        (ExprKind::Literal(a), ExprKind::Literal(b)) => same_datum(a, b),
        (ExprKind::NullIf { equal: a, .. }, ExprKind::NullIf { equal: b, .. }) => a.oid == b.oid,
        (ExprKind::Row(a), ExprKind::Row(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.name == b.name),
        (ExprKind::ScalarArray { function: a, all: x, .. }, ExprKind::ScalarArray { function: b, all: y, .. }) => {
            a.oid == b.oid && x == y
        }
        // Clones keep the ranges of their FROM items, which are unique in the statement: their text is then the same.
        (ExprKind::Subquery { query: a, kind: x }, ExprKind::Subquery { query: b, kind: y }) => {
            let kinds = match (x, y) {
                (SubqueryKind::Any { range: a, all: x, .. }, SubqueryKind::Any { range: b, all: y, .. }) => {
                    a == b && x == y
                }
                _ => std::mem::discriminant(x) == std::mem::discriminant(y),
            };
            kinds && format!("{a:?}") == format!("{b:?}")
        }
        (
            ExprKind::Subscript { lower: a, upper: x, slice: p, .. },
            ExprKind::Subscript { lower: b, upper: y, slice: q, .. },
        ) => {
            let shape = |bounds: &[Option<Expr>]| bounds.iter().map(Option::is_some).collect::<Vec<_>>();
            p == q && shape(a) == shape(b) && shape(x) == shape(y)
        }
        (ExprKind::WholeRow { range: a }, ExprKind::WholeRow { range: b }) => a == b,
        (ExprKind::Window(a), ExprKind::Window(b)) => {
            a.function.oid == b.function.oid
                && a.args.len() == b.args.len()
                && a.filter.is_some() == b.filter.is_some()
                && a.partition_by.len() == b.partition_by.len()
                && same_directions(&a.order_by, &b.order_by)
                && a.frame.mode == b.frame.mode
                && a.frame.exclusion == b.frame.exclusion
                && same_bound(&a.frame.start, &b.frame.start)
                && same_bound(&a.frame.end, &b.frame.end)
        }
        _ => false,
    }
}

fn same_bound(a: &FrameBound, b: &FrameBound) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn same_directions(a: &[super::SortKey<Expr>], b: &[super::SortKey<Expr>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.descending == b.descending && a.nulls_first == b.nulls_first)
}

fn same_method(a: &CastMethod, b: &CastMethod) -> bool {
    match (a, b) {
        (CastMethod::Array(a), CastMethod::Array(b)) => same_method(a, b),
        (CastMethod::Function(a), CastMethod::Function(b)) => a.oid == b.oid,
        (CastMethod::Row(a), CastMethod::Row(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_method(a, b))
        }
        _ => std::mem::discriminant(a) == std::mem::discriminant(b),
    }
}

/// Bit-for-bit equality of two values (1.0 and 1.00 differ; NULLs are the same).
pub fn same_datum(a: &Datum, b: &Datum) -> bool {
    match (a, b) {
        (Datum::Null, Datum::Null) | (Datum::Void, Datum::Void) => true,
        (Datum::Bool(a), Datum::Bool(b)) => a == b,
        (Datum::Int2(a), Datum::Int2(b)) => a == b,
        (Datum::Int4(a), Datum::Int4(b)) | (Datum::Date(a), Datum::Date(b)) => a == b,
        (Datum::Int8(a), Datum::Int8(b))
        | (Datum::Time(a), Datum::Time(b))
        | (Datum::Timestamp(a), Datum::Timestamp(b))
        | (Datum::Timestamptz(a), Datum::Timestamptz(b)) => a == b,
        (Datum::Float4(a), Datum::Float4(b)) => a.to_bits() == b.to_bits(),
        (Datum::Float8(a), Datum::Float8(b)) => a.to_bits() == b.to_bits(),
        (Datum::Numeric(a), Datum::Numeric(b)) => match (a, b) {
            (Numeric::Finite { unscaled: a, scale: x }, Numeric::Finite { unscaled: b, scale: y }) => a == b && x == y,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        },
        (Datum::Oid(a), Datum::Oid(b)) => a == b,
        (Datum::Text(a), Datum::Text(b)) => a == b,
        (Datum::Bytea(a), Datum::Bytea(b)) => a == b,
        (Datum::Timetz(a, x), Datum::Timetz(b, y)) => a == b && x == y,
        (Datum::Interval(a), Datum::Interval(b)) => a == b,
        (Datum::Uuid(a), Datum::Uuid(b)) => a == b,
        (Datum::Array(a), Datum::Array(b)) => same_array(a, b),
        (Datum::Record(a), Datum::Record(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same_datum(a, b))
        }
        (Datum::Geometry(a), Datum::Geometry(b)) => a == b,
        (Datum::Box2d(a), Datum::Box2d(b)) => a.map(f64::to_bits) == b.map(f64::to_bits),
        (Datum::Box3d(a, x), Datum::Box3d(b, y)) => a.map(f64::to_bits) == b.map(f64::to_bits) && x == y,
        _ => false,
    }
}

fn same_array(a: &ArrayValue, b: &ArrayValue) -> bool {
    a.element == b.element
        && a.dimensions == b.dimensions
        && a.values.len() == b.values.len()
        && a.values.iter().zip(&b.values).all(|(a, b)| same_datum(a, b))
}
