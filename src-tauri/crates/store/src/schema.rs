//! Formats of the two databases and the way from each to the next.

use crate::error::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// The migrations of one file: element `n` takes format `n` to `n + 1`.
pub(crate) struct Schema {
    /// Written into the file's head, so that a foreign file is recognised.
    pub(crate) application_id: i32,
    /// SQL scripts, never changed once released.
    pub(crate) steps: &'static [&'static str],
}

/// `library.db`.
pub(crate) const LIBRARY: Schema = Schema {
    application_id: 0x444d_4c42,
    steps: &[
        include_str!("schema/library-1.sql"),
        include_str!("schema/library-2.sql"),
    ],
};
/// `user.db`.
pub(crate) const USER: Schema = Schema {
    application_id: 0x444d_5553,
    steps: &[
        include_str!("schema/user-1.sql"),
        include_str!("schema/user-2.sql"),
        include_str!("schema/user-3.sql"),
        include_str!("schema/user-4.sql"),
        include_str!("schema/user-5.sql"),
        include_str!("schema/user-6.sql"),
    ],
};

impl Schema {
    /// Brings a file to the newest format, in one transaction.
    pub(crate) fn migrate(&self, connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
        let found = self.version(connection, path)?;
        if found == self.known() {
            return Ok(());
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for step in &self.steps[self.version(&transaction, path)? as usize..] {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "user_version", self.known())?;
        transaction.pragma_update(None, "application_id", self.application_id)?;
        transaction.commit()?;
        Ok(())
    }

    /// Fails unless the file has exactly the newest format.
    pub(crate) fn check(&self, connection: &Connection, path: &Path) -> Result<(), StoreError> {
        let found = self.version(connection, path)?;
        if found == 0 {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        if found < self.known() {
            return Err(StoreError::ReadOnly { path: path.to_owned() });
        }
        Ok(())
    }

    fn known(&self) -> u32 {
        self.steps.len() as u32
    }

    /// The file's format; 0 for an empty file.
    fn version(&self, connection: &Connection, path: &Path) -> Result<u32, StoreError> {
        let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let id: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        if found > self.known() {
            return Err(StoreError::Newer {
                path: path.to_owned(),
                found,
                known: self.known(),
            });
        }
        if found > 0 && id != self.application_id {
            return Err(StoreError::Damaged {
                path: path.to_owned(),
                detail: "another application's database".into(),
            });
        }
        Ok(found)
    }
}
