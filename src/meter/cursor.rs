//! A cursor whose rows are counted.

use async_trait::async_trait;

use super::Usage;
use crate::connector::{Cursor, Rows};
use crate::error::Result;

/// The cursor of a statement that was sent, counted; its error is counted too.
pub async fn metered(mut usage: Usage, open: impl Future<Output = Result<Box<dyn Cursor>>>) -> Result<Box<dyn Cursor>> {
    match open.await {
        Ok(cursor) => Ok(Box::new(Metered { cursor, usage })),
        Err(error) => {
            usage.failed();
            Err(error)
        }
    }
}

struct Metered {
    cursor: Box<dyn Cursor>,
    usage: Usage,
}

impl Metered {
    fn scanned(&mut self) {
        if let Some(bytes) = self.cursor.scanned() {
            self.usage.scanned(bytes);
        }
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        self.scanned();
    }
}

#[async_trait]
impl Cursor for Metered {
    async fn fetch(&mut self, max_rows: usize) -> Result<Option<Rows>> {
        let rows = self.cursor.fetch(max_rows).await;
        match &rows {
            Ok(Some(rows)) => self.usage.fetched(rows.count(), rows.bytes()),
            Ok(None) => {}
            Err(_) => self.usage.failed(),
        }
        self.scanned();
        rows
    }

    fn affected(&self) -> Option<u64> {
        self.cursor.affected()
    }

    fn scanned(&self) -> Option<u64> {
        self.cursor.scanned()
    }

    async fn close(&mut self) -> Result<()> {
        let closed = self.cursor.close().await;
        self.scanned();
        closed
    }
}
