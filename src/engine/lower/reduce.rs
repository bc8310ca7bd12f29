//! Which side of a join is told to a fragment on the other (`engine::semi_join`).

use std::sync::PoisonError;

use super::Lowerer;
use super::from::is_equality;
use crate::bound::{CastMethod, Expr, ExprKind, From, JoinKind};
use crate::engine::apply::Free;
use crate::engine::expr::{Program, common_type, has_subquery, is_volatile, physical, plain_collation};
use crate::engine::node::node;
use crate::engine::relation::{Origin, Rel};
use crate::engine::semi_join::{Ask, Gather, is_keyed, sample};
use crate::engine::statement::Key;
use crate::error::Result;
use crate::route::{Partners, Wanted};
use crate::types::{GeometryTypmod, PgType};

/// A fragment with fewer rows than this is read as it is: waiting for the other side costs more.
const WORTH_ROWS: f32 = 100.0;

/// Predicates that hold only where the boxes of both geometries meet, so never for an EMPTY one.
const MEETING: [&str; 10] = [
    "st_contains",
    "st_containsproperly",
    "st_coveredby",
    "st_covers",
    "st_crosses",
    "st_dwithin",
    "st_intersects",
    "st_overlaps",
    "st_touches",
    "st_within",
];

impl Lowerer {
    /// Both sides of a join under these conditions, one of them told to a fragment on the other where that may save rows.
    /// `names`: the sides, as EXPLAIN names them.
    pub(super) fn reduce(
        &self,
        left: Rel,
        right: Rel,
        kind: JoinKind,
        on: &[Expr],
        names: (&str, &str),
    ) -> Result<(Rel, Rel)> {
        if self.statement.semi_join == 0 || self.repeated {
            return Ok((left, right));
        }
        // The side with fewer rows is told; of an outer join, the side whose rows stay.
        let directions: &[bool] = match kind {
            JoinKind::Cross | JoinKind::Inner if right.rows < left.rows => &[false, true],
            JoinKind::Cross | JoinKind::Inner => &[true, false],
            JoinKind::Left => &[true],
            JoinKind::Right => &[false],
            JoinKind::Full => &[],
        };
        for left_is_told in directions {
            let (small, big) = if *left_is_told { (&left, &right) } else { (&right, &left) };
            let asks = self.asks(small, big, on, if *left_is_told { names.0 } else { names.1 })?;
            if asks.is_empty() {
                continue;
            }
            let most = self.statement.semi_join;
            let (small, other) = if *left_is_told { (left, right) } else { (right, left) };
            let types = small.types();
            let small = Rel { plan: node(Gather { asks, most }, vec![small.plan], types), ..small };
            return Ok(if *left_is_told { (small, other) } else { (other, small) });
        }
        Ok((left, right))
    }

    /// What fragments of `big` may ask of `small`.
    fn asks(&self, small: &Rel, big: &Rel, on: &[Expr], from: &str) -> Result<Vec<Ask>> {
        let mut asks = Vec::new();
        for condition in on {
            let ExprKind::Call { function, args, .. } = &condition.kind else { continue };
            let [one, two, rest @ ..] = args.as_slice() else { continue };
            let spatial = function.schema == "public" && MEETING.contains(&function.name.as_str());
            let boxes = function.schema == "public" && function.name == "geometry_overlaps";
            let equality = is_equality(condition) && function.schema == "pg_catalog";
            for (key, column) in [(one, two), (two, one)] {
                let Some(origin) = origin(big, column) else { continue };
                if !self.reads_only(key, small) {
                    continue;
                }
                let ask = if equality && comparable(key, column) {
                    self.ask_keys(small, origin, key, from)?
                } else if (spatial || boxes) && column.ty.oid == PgType::GEOMETRY && key.ty.oid == PgType::GEOMETRY {
                    self.ask_box(small, origin, key, rest, from)?
                } else {
                    None
                };
                asks.extend(ask);
                break;
            }
        }
        Ok(asks)
    }

    /// Does an expression read columns of this side, and nothing of what is not there yet?
    fn reads_only(&self, expr: &Expr, rel: &Rel) -> bool {
        let free = Free::of_expr(expr);
        let ranges = free.ranges();
        !ranges.is_empty()
            && !has_subquery(expr)
            && !is_volatile(expr)
            && ranges.iter().all(|range| rel.columns.iter().any(|(key, _)| key.0 == *range))
    }

    fn ask_keys(&self, small: &Rel, origin: &Origin, key: &Expr, from: &str) -> Result<Option<Ask>> {
        let Some(column) = origin.leaf.relation.columns.get(origin.column) else { return Ok(None) };
        let tried = Wanted::Keys(vec![sample(column.ty)]);
        if !is_keyed(column.ty) || !self.is_worth(origin, tried, from)? {
            return Ok(None);
        }
        let expr = physical(&self.statement, key, &self.scope(small), &small.plan.schema())?;
        self.note(origin, "keys", from);
        Ok(origin.leaf.ask_keys(origin.column, expr, key.ty.oid, from.to_owned()))
    }

    /// `rest`: the distance of st_dwithin.
    fn ask_box(&self, small: &Rel, origin: &Origin, key: &Expr, rest: &[Expr], from: &str) -> Result<Option<Ask>> {
        let Some(column) = origin.leaf.relation.columns.get(origin.column) else { return Ok(None) };
        let known = GeometryTypmod::unpack(column.typmod).is_some_and(|typmod| typmod.srid > 0);
        let distance = match rest {
            [] => Some(0.0),
            [distance] => self.constant_distance(distance)?,
            _ => None,
        };
        let (true, Some(distance)) = (known, distance) else { return Ok(None) };
        if !self.is_worth(origin, Wanted::Box([0.0, 0.0, 1.0, 1.0]), from)? {
            return Ok(None);
        }
        let expr = physical(&self.statement, key, &self.scope(small), &small.plan.schema())?;
        self.note(origin, "box", from);
        Ok(origin.leaf.ask_box(origin.column, expr, distance, from.to_owned()))
    }

    /// A distance that is the same for all pairs; `None` for one that the condition raises at.
    fn constant_distance(&self, expr: &Expr) -> Result<Option<f64>> {
        if !Free::of_expr(expr).ranges().is_empty() || has_subquery(expr) || is_volatile(expr) {
            return Ok(None);
        }
        let empty = Rel { columns: Vec::new(), ..self.one_row() };
        let value = Program::new(&self.statement, expr, &self.scope(&empty))?.run(&[], &self.statement.env);
        Ok(value.ok().and_then(|value| value.as_f64()).filter(|distance| distance.is_finite() && *distance >= 0.0))
    }

    /// Is the fragment large, or of unknown size, and can its source say what it would be told?
    fn is_worth(&self, origin: &Origin, wanted: Wanted, from: &str) -> Result<bool> {
        let rows = origin.leaf.relation.rows;
        if (0.0..WORTH_ROWS).contains(&rows) {
            return Ok(false);
        }
        let partners = Partners { column: origin.column, wanted, from: from.to_owned() };
        self.statement.sources.narrows(origin.leaf.fragment, &partners)
    }

    fn note(&self, origin: &Origin, what: &str, from: &str) {
        let relation = &origin.leaf.relation;
        let column = relation.columns.get(origin.column).map_or("", |column| column.name.as_str());
        let most = self.statement.semi_join;
        let text = match what {
            "box" => format!("the box around {from} on {column}"),
            _ => format!("at most {most} keys from {from} on {column}"),
        };
        self.statement.told.lock().unwrap_or_else(PoisonError::into_inner).push((origin.leaf.fragment, text));
    }
}

/// The fragment's column that an expression is, seen through casts that change nothing of its equality.
fn origin<'a>(rel: &'a Rel, expr: &Expr) -> Option<&'a Origin> {
    match &expr.kind {
        ExprKind::Column { range, column } => {
            let key = Key(*range, *column);
            rel.position(key).and_then(|_| rel.origin(key))
        }
        ExprKind::Cast { arg, method: CastMethod::Binary, .. }
            if is_text(arg.ty.oid) && is_text(expr.ty.oid) && expr.ty.typmod == -1 =>
        {
            origin(rel, arg)
        }
        ExprKind::Cast { arg, method: CastMethod::Function(_), .. }
            if is_integer(arg.ty.oid) && expr.ty.oid == PgType::NUMERIC && expr.ty.typmod == -1 =>
        {
            origin(rel, arg)
        }
        ExprKind::Cast { arg, method: CastMethod::Function(_), .. }
            if is_integer(arg.ty.oid) && is_integer(expr.ty.oid) =>
        {
            origin(rel, arg)
        }
        _ => None,
    }
}

fn is_text(ty: PgType) -> bool {
    matches!(ty, PgType::TEXT | PgType::VARCHAR)
}

fn is_integer(ty: PgType) -> bool {
    matches!(ty, PgType::INT2 | PgType::INT4 | PgType::INT8)
}

/// Are both compared as the same kind of value, under the collation C?
fn comparable(key: &Expr, column: &Expr) -> bool {
    let (a, b) = (key.ty.oid, column.ty.oid);
    plain_collation(key)
        && plain_collation(column)
        && ((is_keyed(a) && is_keyed(b) && common_type(a, b).is_some()) || (a == b && a == PgType::NUMERIC))
}

/// A FROM item as EXPLAIN names it.
pub(super) fn named(from: &From) -> String {
    let alias = match from {
        From::Cte { alias, .. } | From::Subquery { alias, .. } => alias,
        From::Fragment(scan) => &scan.alias,
        From::Function(scan) => &scan.alias,
        From::Join(join) => return format!("{}, {}", named(&join.left), named(&join.right)),
        From::Scan(scan) => &scan.alias,
        From::Secured(scan) => &scan.scan.alias,
    };
    if alias.is_empty() { "a sub-query".to_owned() } else { alias.clone() }
}
