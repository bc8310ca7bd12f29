//! Batches that came from a source and were not given on yet.

use std::collections::VecDeque;

use arrow::record_batch::RecordBatch;

use super::Rows;

/// Rows in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Ready(VecDeque<RecordBatch>);

impl Ready {
    /// A batch without rows is dropped: to a cursor it would read as one more fetch.
    pub fn push(&mut self, batch: RecordBatch) {
        if batch.num_rows() > 0 {
            self.0.push_back(batch);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The next rows, at most `max_rows`, but one at least; what is left of their batch stays. `None` when nothing is here.
    pub fn take(&mut self, max_rows: usize) -> Option<Rows> {
        let batch = self.0.pop_front()?;
        let wanted = max_rows.max(1);
        if batch.num_rows() <= wanted {
            return Some(Rows::Batch(batch));
        }
        self.0.push_front(batch.slice(wanted, batch.num_rows() - wanted));
        Some(Rows::Batch(batch.slice(0, wanted)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int32Array, cast::AsArray};
    use arrow::datatypes::Int32Type;

    use super::*;

    fn batch(values: &[i32]) -> RecordBatch {
        let column: ArrayRef = Arc::new(Int32Array::from(values.to_vec()));
        RecordBatch::try_from_iter([("n", column)]).expect("a batch")
    }

    #[test]
    fn every_row_is_given_once_and_in_order() {
        for max_rows in [0, 1, 2, 3, 100] {
            let mut ready = Ready::default();
            for values in [&[1, 2, 3, 4, 5][..], &[], &[6], &[7, 8]] {
                ready.push(batch(values));
            }
            let mut found = Vec::new();
            while let Some(rows) = ready.take(max_rows) {
                let Rows::Batch(batch) = rows else { panic!("no batch") };
                assert!((1..=max_rows.max(1)).contains(&batch.num_rows()));
                found.extend(batch.column(0).as_primitive::<Int32Type>().values().iter().copied());
            }
            assert_eq!(found, [1, 2, 3, 4, 5, 6, 7, 8], "{max_rows}");
            assert!(ready.is_empty());
        }
    }
}
