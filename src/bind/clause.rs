//! ORDER BY, DISTINCT ON and GROUP BY items: output names, ordinals, expressions (`findTargetlistEntrySQL92`).

use crate::sql::ast::{Constant, Node, SortBy, SortByDir, SortByNulls};

use crate::bound::{Item, SortKey, same};
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use super::ast::{self, at, names, span};
use super::coerce::location;
use super::context::{Binder, Kind};

impl Binder<'_> {
    pub fn order_by(&mut self, nodes: &[Node], items: &mut Vec<Item>) -> Result<Vec<SortKey<usize>>> {
        let mut keys: Vec<SortKey<usize>> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let Node::SortBy(sort) = node else { return Err(Error::internal("sort key")) };
            let index = self.clause_item(ast::child(&sort.node)?, items, Kind::OrderBy)?;
            let place = ast::location(node);
            self.check_sortable(&items[index].expr).map_err(|error| moved(error, place))?;
            let (descending, nulls_first) = self.sort_direction(sort)?;
            if !keys.iter().any(|key| key.expr == index) {
                keys.push(SortKey { expr: index, descending, nulls_first });
            }
        }
        Ok(keys)
    }

    /// (descending, nulls first).
    pub fn sort_direction(&self, sort: &SortBy) -> Result<(bool, bool)> {
        let descending = match sort.sortby_dir {
            SortByDir::SortbyDesc => true,
            SortByDir::SortbyAsc | SortByDir::SortbyDefault => false,
            SortByDir::SortbyUsing => match names(&sort.use_op).last() {
                Some(&"<") => false,
                Some(&">") => true,
                other => {
                    let operator = other.copied().unwrap_or_default();
                    let message = format!("operator {operator} is not a valid ordering operator");
                    let error = Error::new(SqlState::WRONG_OBJECT_TYPE, message)
                        .hint("Ordering operators must be \"<\" or \">\" members of btree operator families.");
                    return Err(at(error, span(sort.location)));
                }
            },
        };
        let nulls_first = match sort.sortby_nulls {
            SortByNulls::SortbyNullsFirst => true,
            SortByNulls::SortbyNullsLast => false,
            SortByNulls::SortbyNullsDefault => descending,
        };
        Ok((descending, nulls_first))
    }

    /// The index of the item that a clause's expression names; a hidden item is added when it is none yet.
    pub fn clause_item(&mut self, node: &Node, items: &mut Vec<Item>, kind: Kind) -> Result<usize> {
        let index = match self.named_item(node, items, kind)? {
            Some(index) => index,
            None => {
                let expr = self.expr_in(node, kind)?;
                match items.iter().position(|item| same(&item.expr, &expr)) {
                    Some(index) => index,
                    None => {
                        items.push(Item { expr, name: "?column?".to_owned(), hidden: true });
                        items.len() - 1
                    }
                }
            }
        };
        if items[index].expr.ty.oid == PgType::UNKNOWN {
            items[index].expr = self.coerce_implicit(items[index].expr.clone(), PgType::TEXT)?;
        }
        Ok(index)
    }

    /// An output column's name or position.
    pub fn named_item(&mut self, node: &Node, items: &[Item], kind: Kind) -> Result<Option<usize>> {
        match node {
            Node::ColumnRef(column) => {
                let parts = names(&column.fields);
                let ([name], 1) = (parts.as_slice(), column.fields.len()) else { return Ok(None) };
                let place = span(column.location);
                // GROUP BY prefers a column of FROM.
                if kind == Kind::GroupBy && self.local_column(name, place)? {
                    return Ok(None);
                }
                let mut found: Option<usize> = None;
                for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.hidden && item.name == **name) {
                    match found {
                        Some(other) if !same(&items[other].expr, &item.expr) => {
                            let message = format!("{} \"{name}\" is ambiguous", kind.name());
                            return Err(at(Error::new(SqlState::AMBIGUOUS_COLUMN, message), place));
                        }
                        Some(_) => {}
                        None => found = Some(index),
                    }
                }
                Ok(found)
            }
            Node::AConst(constant) => {
                let place = span(constant.location);
                let Some(Constant::Integer(position)) = self.literals.of(constant) else {
                    let message = format!("non-integer constant in {}", kind.name());
                    return Err(at(Error::new(SqlState::SYNTAX_ERROR, message), place));
                };
                let wanted = usize::try_from(*position).ok().and_then(|position| position.checked_sub(1));
                let visible = items.iter().enumerate().filter(|(_, item)| !item.hidden).map(|(index, _)| index);
                match wanted.and_then(|wanted| visible.into_iter().nth(wanted)) {
                    Some(index) => Ok(Some(index)),
                    None => {
                        let message = format!("{} position {} is not in select list", kind.name(), position);
                        Err(at(Error::new(SqlState::INVALID_COLUMN_REFERENCE, message), place))
                    }
                }
            }
            _ => Ok(None),
        }
    }

    /// Is that the name of a column of this level's FROM?
    fn local_column(&self, name: &str, place: crate::bound::Span) -> Result<bool> {
        let mut found = false;
        for item in self.scope().namespace.iter().filter(|item| item.columns_visible) {
            if self.item_column(item, name, place)?.is_some() {
                if found {
                    let message = format!("column reference \"{name}\" is ambiguous");
                    return Err(at(Error::new(SqlState::AMBIGUOUS_COLUMN, message), place));
                }
                found = true;
            }
        }
        Ok(found)
    }

    /// GROUP BY takes no aggregates and no window functions, also not through an output name.
    pub fn check_group_item(&self, item: &Item) -> Result<()> {
        use crate::bound::ExprKind;
        let find = |wanted: &dyn Fn(&ExprKind) -> bool| super::aggregate::find(&item.expr, wanted);
        if let Some(place) = find(&|kind| matches!(kind, ExprKind::Aggregate(_))) {
            let error = Error::new(SqlState::GROUPING_ERROR, "aggregate functions are not allowed in GROUP BY");
            return Err(at(error, place));
        }
        if let Some(place) = find(&|kind| matches!(kind, ExprKind::Window(_))) {
            let error = Error::new(SqlState::WINDOWING_ERROR, "window functions are not allowed in GROUP BY");
            return Err(at(error, place));
        }
        let _ = location(&item.expr);
        Ok(())
    }
}

/// The clause's own place, not that of the item it names.
pub(super) fn moved(mut error: Error, place: crate::bound::Span) -> Error {
    error.fields_mut().position = place.0;
    error
}
