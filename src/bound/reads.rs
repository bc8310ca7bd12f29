//! [`Reads`]: the columns that a statement reads of each range.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use super::visit::{Node, walk_expr, walk_statement};
use super::{Expr, ExprKind, RangeId, Statement};

/// What is read of one range.
#[derive(Clone, Debug, Default)]
pub struct Read {
    pub columns: BTreeSet<usize>,
    /// A whole-row reference.
    pub whole: bool,
}

/// What is read of each range, by anything in a statement or in the expressions added.
#[derive(Clone, Debug, Default)]
pub struct Reads(HashMap<RangeId, Read>);

impl Reads {
    pub fn of(statement: &Statement) -> Reads {
        let mut reads = Reads::default();
        let _ = walk_statement(statement, &mut |node| reads.node(node));
        reads
    }

    pub fn add(&mut self, expr: &Expr) {
        let _ = walk_expr(expr, &mut |node| self.node(node));
    }

    /// `None` when nothing is read of it.
    pub fn get(&self, range: RangeId) -> Option<&Read> {
        self.0.get(&range)
    }

    fn node(&mut self, node: Node<'_>) -> ControlFlow<()> {
        if let Node::Expr(expr) = node {
            match expr.kind {
                ExprKind::Column { range, column } => {
                    self.0.entry(range).or_default().columns.insert(column);
                }
                ExprKind::WholeRow { range } => self.0.entry(range).or_default().whole = true,
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }
}
