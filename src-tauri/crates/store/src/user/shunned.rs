//! Files that a person removed from the library: they do not come back by themselves. By path, as collections keep them.

use super::UserDb;
use crate::error::StoreError;
use crate::records::path_to_bytes;
use rusqlite::params;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

impl UserDb {
    /// A person removed these files.
    ///
    /// # Errors
    /// As every writing; then none is remembered.
    pub fn shun(&self, paths: &[PathBuf], at_ms: f64) -> Result<(), StoreError> {
        if paths.is_empty() {
            return Ok(());
        }
        self.database.write(|transaction| {
            let mut statement =
                transaction.prepare_cached("INSERT OR REPLACE INTO shunned (path, removed_at_ms) VALUES (?1, ?2)")?;
            for path in paths {
                statement.execute(params![path_to_bytes(path), at_ms])?;
            }
            Ok(())
        })
    }

    /// A person wants these files back.
    ///
    /// # Errors
    /// As every writing.
    pub fn unshun(&self, paths: &[PathBuf]) -> Result<(), StoreError> {
        if paths.is_empty() {
            return Ok(());
        }
        self.database.write(|transaction| {
            let mut statement = transaction.prepare_cached("DELETE FROM shunned WHERE path = ?1")?;
            for path in paths {
                statement.execute([path_to_bytes(path)])?;
            }
            Ok(())
        })
    }

    /// Those of the paths whose files a person removed.
    ///
    /// # Errors
    /// As every reading.
    pub fn shunned<'p>(&self, paths: impl Iterator<Item = &'p Path>) -> Result<HashSet<PathBuf>, StoreError> {
        self.database.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT 1 FROM shunned WHERE path = ?1")?;
            let mut found = HashSet::new();
            for path in paths {
                if statement.exists([path_to_bytes(path)])? {
                    found.insert(path.to_owned());
                }
            }
            Ok(found)
        })
    }
}
