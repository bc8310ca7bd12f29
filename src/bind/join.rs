//! Joins: ON, USING, NATURAL, aliases over joins.

use std::rc::Rc;

use crate::sql::ast::{JoinExpr, JoinType, Node};

use crate::bound::{Expr, ExprKind, ExprType, From, Join, JoinKind, Span};
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use super::ast;
use super::collation;
use super::context::{Binder, Kind, Recursion};
use super::from::{hide_columns, set_lateral};
use super::relation::apply_aliases;
use super::scope::{NamespaceColumn, NamespaceItem};

impl Binder<'_> {
    pub fn join(&mut self, join: &JoinExpr) -> Result<(From, Vec<NamespaceItem>)> {
        let kind = match join.jointype {
            JoinType::JoinInner if !join.is_natural && join.using_clause.is_empty() && join.quals.is_none() => {
                JoinKind::Cross
            }
            JoinType::JoinInner => JoinKind::Inner,
            JoinType::JoinLeft => JoinKind::Left,
            JoinType::JoinFull => JoinKind::Full,
            JoinType::JoinRight => JoinKind::Right,
            _ => return Err(Error::internal("join type")),
        };
        let saved = self.recursion;
        let inside = |outer: bool| if outer && saved == Recursion::Allowed { Recursion::OuterJoin } else { saved };
        self.recursion = inside(matches!(kind, JoinKind::Right | JoinKind::Full));
        let left = self.from_item(ast::child(&join.larg)?);
        self.recursion = saved;
        let (left, mut left_names) = left?;
        // The right side may refer to the left one by LATERAL.
        let lateral_ok = matches!(kind, JoinKind::Cross | JoinKind::Inner | JoinKind::Left);
        set_lateral(&mut left_names, true, lateral_ok);
        let kept = self.scope().namespace.len();
        self.scope_mut().namespace.extend(left_names.iter().cloned());
        self.recursion = inside(matches!(kind, JoinKind::Left | JoinKind::Full));
        let right = self.from_item(ast::child(&join.rarg)?);
        self.recursion = saved;
        self.scope_mut().namespace.truncate(kept);
        let (right, mut right_names) = right?;
        self.check_conflicts(&left_names, &right_names)?;
        set_lateral(&mut left_names, false, true);

        let left_columns = join_columns(&left_names);
        let right_columns = join_columns(&right_names);
        let shared = self.shared_columns(join, &left_columns, &right_columns)?;
        let (merged, condition) = match &shared {
            Some(names) => {
                let (merged, condition) = self.merge(names, &left_columns, &right_columns, kind)?;
                (merged, condition)
            }
            None => (Vec::new(), None),
        };
        let on = match (&shared, &join.quals) {
            (Some(_), _) => condition,
            (None, Some(quals)) => Some(self.join_condition(quals, &left_names, &right_names)?),
            (None, None) => None,
        };
        // NATURAL without a common column is a cross join of that kind.
        let on = match (on, kind) {
            (None, JoinKind::Cross) => None,
            (None, _) => Some(Expr::literal(crate::types::Datum::Bool(true), PgType::BOOL)),
            (on, _) => on,
        };
        let names = shared.unwrap_or_default();
        let rest = |columns: &[NamespaceColumn]| -> Vec<NamespaceColumn> {
            columns.iter().filter(|column| !names.contains(&column.name)).cloned().collect()
        };
        let mut columns = merged.clone();
        columns.extend(rest(&left_columns));
        columns.extend(rest(&right_columns));
        let from = From::Join(Box::new(Join { kind, left, right, on }));
        let mut items = Vec::new();
        let item = |alias: String, aliased: bool, columns: Vec<NamespaceColumn>, relation_visible, columns_visible| {
            NamespaceItem {
                alias,
                relation: None,
                aliased,
                range: None,
                columns: Rc::new(columns),
                relation_visible,
                columns_visible,
                lateral_only: false,
                lateral_ok: true,
                scalar: false,
            }
        };
        if let Some(alias) = &join.join_using_alias {
            // JOIN USING (...) AS x: x has the merged columns only.
            items.push(item(alias.aliasname.clone(), true, merged, true, false));
        }
        match &join.alias {
            Some(alias) => {
                let mut names: Vec<Rc<str>> = columns.iter().map(|column| column.name.clone()).collect();
                apply_aliases(&alias.aliasname, &ast::names(&alias.colnames), &mut names)?;
                for (column, name) in columns.iter_mut().zip(names) {
                    column.name = name;
                }
                // An alias over the join hides what is below, the alias of USING too.
                items.clear();
                let joined = item(alias.aliasname.clone(), true, columns, true, true);
                self.remember(&joined, None);
                items.push(joined);
            }
            None => {
                let mut below = left_names;
                below.append(&mut right_names);
                hide_columns(&mut below);
                self.check_conflicts(&items, &below)?;
                items.extend(below);
                items.push(item("unnamed_join".to_owned(), false, columns, false, true));
            }
        }
        Ok((from, items))
    }

    /// ON is bound with only the two sides in sight (and outer levels).
    fn join_condition(&mut self, quals: &Node, left: &[NamespaceItem], right: &[NamespaceItem]) -> Result<Expr> {
        let both: Vec<NamespaceItem> = left.iter().chain(right).cloned().collect();
        let saved = std::mem::replace(&mut self.scope_mut().namespace, both);
        let result = self.expr_in(quals, Kind::JoinOn).and_then(|condition| self.coerce_boolean(condition, "JOIN/ON"));
        self.scope_mut().namespace = saved;
        result
    }

    /// The columns merged by USING or NATURAL; `None` for other joins.
    fn shared_columns(
        &self,
        join: &JoinExpr,
        left: &[NamespaceColumn],
        right: &[NamespaceColumn],
    ) -> Result<Option<Vec<Rc<str>>>> {
        if join.is_natural {
            let names = left
                .iter()
                .filter(|column| right.iter().any(|other| other.name == column.name))
                .map(|column| column.name.clone())
                .collect();
            return Ok(Some(names));
        }
        if join.using_clause.is_empty() {
            return Ok(None);
        }
        let mut names: Vec<Rc<str>> = Vec::new();
        for name in ast::names(&join.using_clause) {
            if names.iter().any(|other| &**other == name) {
                let message = format!("column name \"{name}\" appears more than once in USING clause");
                return Err(Error::new(SqlState::DUPLICATE_COLUMN, message));
            }
            names.push(name.into());
        }
        Ok(Some(names))
    }

    /// Merged columns and the equalities that join them.
    fn merge(
        &mut self,
        names: &[Rc<str>],
        left: &[NamespaceColumn],
        right: &[NamespaceColumn],
        kind: JoinKind,
    ) -> Result<(Vec<NamespaceColumn>, Option<Expr>)> {
        let find = |columns: &[NamespaceColumn], name: &str, side: &str| -> Result<Expr> {
            let mut found = columns.iter().filter(|column| &*column.name == name);
            match (found.next(), found.next()) {
                (Some(column), None) => Ok(column.expr.clone()),
                (Some(_), Some(_)) => Err(Error::new(
                    SqlState::AMBIGUOUS_COLUMN,
                    format!("common column name \"{name}\" appears more than once in {side} table"),
                )),
                (None, _) => Err(Error::new(
                    SqlState::UNDEFINED_COLUMN,
                    format!("column \"{name}\" specified in USING clause does not exist in {side} table"),
                )),
            }
        };
        let mut merged = Vec::with_capacity(names.len());
        let mut tests = Vec::with_capacity(names.len());
        for name in names {
            let l = find(left, name, "left")?;
            let r = find(right, name, "right")?;
            let test = self.make_op(&["="], Some(l.clone()), r.clone(), Span::default())?;
            tests.push(self.coerce_boolean(test, "JOIN/USING")?);
            let expr = self.merged_column(l, r, kind)?;
            merged.push(NamespaceColumn { name: Rc::clone(name), expr });
        }
        let condition = match tests.len() {
            0 => None,
            1 => tests.pop(),
            _ => Some(Expr::new(ExprKind::And(tests), ExprType::of(PgType::BOOL), Span::default())),
        };
        Ok((merged, condition))
    }

    /// `buildMergedJoinVar`: the left column, the right one for RIGHT, COALESCE for FULL, in the common type.
    fn merged_column(&mut self, left: Expr, right: Expr, kind: JoinKind) -> Result<Expr> {
        let common = self.common_type(&[&left, &right], Some("JOIN/USING"))?;
        let typmod = self.common_typmod([&left, &right], common);
        let both = collation::derived(common, typmod, [&left, &right])?;
        let cast = |binder: &mut Self, expr: Expr| -> Result<Expr> {
            let mut expr =
                if expr.ty.oid == common { expr } else { binder.coerce_common(expr, common, "JOIN/USING")? };
            if expr.ty.typmod != typmod {
                let place = expr.span;
                expr = binder.coerce_typmod(expr, common, typmod, crate::catalog::CastContext::Implicit, place)?;
            }
            Ok(expr)
        };
        match kind {
            JoinKind::Cross | JoinKind::Inner => {
                // Prefer the side that needs no cast.
                let plain = left.ty.oid == common || right.ty.oid != common;
                cast(self, if plain { left } else { right })
            }
            JoinKind::Left => cast(self, left),
            JoinKind::Right => cast(self, right),
            JoinKind::Full => {
                let args = vec![cast(self, left)?, cast(self, right)?];
                Ok(Expr::new(ExprKind::Coalesce(args), both, Span::default()))
            }
        }
    }
}

/// The columns a join's side shows, in order.
fn join_columns(items: &[NamespaceItem]) -> Vec<NamespaceColumn> {
    items.iter().filter(|item| item.columns_visible).flat_map(|item| item.columns.iter().cloned()).collect()
}
