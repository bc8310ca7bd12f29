//! UNION, INTERSECT, EXCEPT.

use super::Lowerer;
use crate::bound::{SetOperation, SetOperator};
use crate::engine::node::node;
use crate::engine::ops::concat::Concat;
use crate::engine::ops::setop::CountedRows;
use crate::engine::relation::Rel;
use crate::engine::statement::Key;
use crate::error::Result;
use crate::types::PgType;

impl Lowerer {
    pub(super) fn set_operation(&self, operation: &SetOperation) -> Result<Rel> {
        let (left, right) = (self.query(&operation.left)?, self.query(&operation.right)?);
        let columns: Vec<(Key, PgType)> =
            operation.left.columns.iter().map(|column| (self.statement.temp(), column.ty.oid)).collect();
        let keys: Vec<Key> = columns.iter().map(|(key, _)| *key).collect();
        match operation.operator {
            SetOperator::Union => {
                let rel = self.concat(vec![left, right], &columns)?;
                if operation.all { Ok(rel) } else { self.distinct(rel, &keys) }
            }
            SetOperator::Except | SetOperator::Intersect => {
                let types: Vec<PgType> = columns.iter().map(|(_, ty)| *ty).collect();
                let rows = left.rows;
                let operator = CountedRows {
                    except: operation.operator == SetOperator::Except,
                    all: operation.all,
                    types: types.clone(),
                };
                let width = columns.is_empty();
                let types = if width { left.types() } else { types };
                let columns = if width { left.columns.clone() } else { columns };
                Ok(Rel::new(node(operator, vec![left.plan, right.plan], types), columns, rows))
            }
        }
    }

    /// The rows of several plans, one after the other.
    pub(super) fn concat(&self, parts: Vec<Rel>, columns: &[(Key, PgType)]) -> Result<Rel> {
        let columns = if columns.is_empty() { vec![(self.statement.temp(), PgType::BOOL)] } else { columns.to_vec() };
        let rows = parts.iter().map(|part| part.rows).sum();
        let types = columns.iter().map(|(_, ty)| *ty).collect();
        let plans = parts.into_iter().map(|part| part.plan).collect();
        Ok(Rel::new(node(Concat, plans, types), columns, rows))
    }
}
