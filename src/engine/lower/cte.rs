//! WITH: computed once when read twice (or volatile), else in place; WITH RECURSIVE.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Lowerer;
use super::query::query_is_volatile;
use crate::bound::visit::{Node, walk_query};
use crate::bound::{Body, Cte, CteId, From, Materialize, Query, SetOperator, Statement};
use crate::engine::apply::{SharedScan, SharedTable};
use crate::engine::node::node;
use crate::engine::ops::recursive::Recursive;
use crate::engine::relation::Rel;
use crate::engine::statement::Key;
use crate::error::{Error, Result};
use crate::types::PgType;

/// A CTE in sight.
#[derive(Clone, Debug)]
pub(in crate::engine) enum CteEntry {
    /// Lowered at its place of use, as seen from its place of definition.
    Inline {
        cte: Arc<Cte>,
        definition: Arc<Lowerer>,
    },
    Shared(Arc<SharedTable>),
}

impl Lowerer {
    /// This lowerer with a query's CTEs in sight.
    pub(super) fn with_ctes(&self, query: &Query) -> Result<Lowerer> {
        let mut lowerer = self.clone();
        for (n, cte) in query.ctes.iter().enumerate() {
            let Statement::Query(definition) = &cte.query else {
                return Err(Error::unsupported("data-modifying WITH outside of its source"));
            };
            let mut uses = 0;
            for later in &query.ctes[n + 1..] {
                if let Statement::Query(later) = &later.query {
                    uses += references(later, cte.id);
                }
            }
            uses += references_outside_ctes(query, cte.id);
            if uses == 0 {
                continue;
            }
            let volatile = query_is_volatile(definition);
            let shared = volatile || (uses > 1 && cte.materialize != Materialize::Never) || (uses > 1 && cte.recursive);
            let inline = CteEntry::Inline { cte: Arc::new(cte.clone()), definition: Arc::new(lowerer.clone()) };
            let entry = if shared {
                let rel = lowerer.cte_rows(&inline)?;
                CteEntry::Shared(Arc::new(SharedTable::new(Arc::clone(&rel.plan), rel.types())))
            } else {
                inline
            };
            lowerer.ctes.insert(cte.id, entry);
        }
        Ok(lowerer)
    }

    /// A working table in place of a CTE.
    pub(in crate::engine) fn with_working_table(&self, cte: CteId, table: Arc<SharedTable>) -> Lowerer {
        let mut lowerer = self.clone();
        lowerer.ctes.insert(cte, CteEntry::Shared(table));
        lowerer
    }

    /// The rows of a CTE, columns in order.
    pub(super) fn cte(&self, id: CteId) -> Result<Rel> {
        let entry = self.ctes.get(&id).ok_or_else(|| Error::internal("unknown CTE"))?;
        self.cte_rows(entry)
    }

    fn cte_rows(&self, entry: &CteEntry) -> Result<Rel> {
        match entry {
            CteEntry::Shared(table) => {
                let columns = table.types.iter().map(|ty| (self.statement.temp(), *ty)).collect();
                Ok(Rel::new(SharedScan::plan(table), columns, 1000.0))
            }
            CteEntry::Inline { cte, definition } => {
                let Statement::Query(query) = &cte.query else { return Err(Error::internal("CTE without a query")) };
                if !cte.recursive {
                    return definition.query(query);
                }
                let Body::SetOperation(operation) = &query.body else {
                    return Err(Error::internal("recursive CTE without UNION"));
                };
                if operation.operator != SetOperator::Union || !query.order_by.is_empty() || query.limit.count.is_some()
                {
                    return Err(Error::unsupported("this form of WITH RECURSIVE"));
                }
                let lowerer = definition.with_ctes(query)?;
                let start = lowerer.query(&operation.left)?;
                let types: Vec<PgType> = cte.columns.iter().map(|column| column.ty.oid).collect();
                let columns: Vec<(Key, PgType)> = types.iter().map(|ty| (self.statement.temp(), *ty)).collect();
                let operator = Recursive {
                    lowerer,
                    cte: cte.id,
                    step: Arc::new(operation.right.clone()),
                    all: operation.all,
                    types: types.clone(),
                };
                Ok(Rel::new(node(operator, vec![start.plan], types), columns, 1000.0))
            }
        }
    }
}

fn references(query: &Query, id: CteId) -> usize {
    let mut count = 0;
    let _ = walk_query(query, &mut |node| {
        if matches!(node, Node::From(From::Cte { cte, .. }) if *cte == id) {
            count += 1;
        }
        ControlFlow::Continue(())
    });
    count
}

fn references_outside_ctes(query: &Query, id: CteId) -> usize {
    let inside: usize = query
        .ctes
        .iter()
        .map(|cte| if let Statement::Query(query) = &cte.query { references(query, id) } else { 0 })
        .sum();
    references(query, id) - inside
}
