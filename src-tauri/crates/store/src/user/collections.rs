//! Collections: named sets of documents to ask within. They keep paths, not the library's ids.

use super::UserDb;
use crate::error::StoreError;
use crate::records::{path_from_bytes, path_to_bytes};
use rusqlite::{Connection, Transaction, params};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Tables that name documents by their paths.
const BY_PATH: [&str; 2] = ["collection_documents", "conversation_documents"];

/// A collection. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CollectionId(pub u32);

/// A named set of documents.
#[derive(Clone, Debug, PartialEq)]
pub struct Collection {
    /// Its id.
    pub id: CollectionId,
    /// Unlike any other, letter case aside.
    pub name: String,
    /// Documents in it, those included that the library no longer has.
    pub documents: u32,
    /// Milliseconds since the Unix epoch.
    pub created_at_ms: f64,
}

impl UserDb {
    /// Makes a collection.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`], and as every writing.
    pub fn create_collection(&self, name: &str, at_ms: f64) -> Result<CollectionId, StoreError> {
        self.database.write(|transaction| {
            make_room(transaction, name)?;
            transaction
                .execute(
                    "INSERT INTO collections (name, created_at_ms) VALUES (?1, ?2)",
                    params![name, at_ms],
                )
                .map_err(|error| taken(error, name))?;
            u32::try_from(transaction.last_insert_rowid())
                .map(CollectionId)
                .map_err(|_| StoreError::Value("collection ids are used up".into()))
        })
    }

    /// Collections by name; deleted ones are left out.
    ///
    /// # Errors
    /// As every reading.
    pub fn collections(&self) -> Result<Vec<Collection>, StoreError> {
        self.database.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, name, (SELECT count(*) FROM collection_documents WHERE collection_id = collections.id), created_at_ms
                 FROM collections WHERE deleted_at_ms IS NULL ORDER BY name",
            )?;
            let rows = statement.query_map([], |row| {
                Ok(Collection { id: CollectionId(row.get(0)?), name: row.get(1)?, documents: row.get(2)?, created_at_ms: row.get(3)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Renames a collection.
    ///
    /// # Errors
    /// [`StoreError::UnknownCollection`], [`StoreError::NameTaken`], and as every writing.
    pub fn rename_collection(&self, id: CollectionId, name: &str) -> Result<(), StoreError> {
        self.database.write(|transaction| {
            make_room(transaction, name)?;
            let changed = transaction
                .execute(
                    "UPDATE collections SET name = ?2 WHERE id = ?1 AND deleted_at_ms IS NULL",
                    params![id.0, name],
                )
                .map_err(|error| taken(error, name))?;
            known(id, changed)
        })
    }

    /// Puts a collection away; its documents stay in the library. [`UserDb::restore_collection`] brings it back until
    /// [`UserDb::purge_collections`], or until another takes its name.
    ///
    /// # Errors
    /// [`StoreError::UnknownCollection`], and as every writing.
    pub fn delete_collection(&self, id: CollectionId, at_ms: f64) -> Result<(), StoreError> {
        self.database.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE collections SET deleted_at_ms = ?2 WHERE id = ?1 AND deleted_at_ms IS NULL",
                params![id.0, at_ms],
            )?;
            known(id, changed)
        })
    }

    /// Brings a deleted collection back, with its documents, and to the conversations that asked it.
    ///
    /// # Errors
    /// [`StoreError::UnknownCollection`], and as every writing.
    pub fn restore_collection(&self, id: CollectionId) -> Result<(), StoreError> {
        self.database.write(|transaction| {
            let changed = transaction.execute("UPDATE collections SET deleted_at_ms = NULL WHERE id = ?1", [id.0])?;
            known(id, changed)
        })
    }

    /// Erases collections deleted before a time.
    ///
    /// # Errors
    /// As every writing.
    pub fn purge_collections(&self, before_ms: f64) -> Result<(), StoreError> {
        self.database.write(|transaction| {
            transaction.execute("DELETE FROM collections WHERE deleted_at_ms < ?1", [before_ms])?;
            Ok(())
        })
    }

    /// Puts documents into a collection; those in it already stay.
    ///
    /// # Errors
    /// [`StoreError::UnknownCollection`], and as every writing.
    pub fn add_to_collection(&self, id: CollectionId, paths: &[PathBuf]) -> Result<(), StoreError> {
        self.database.write(|transaction| {
            look_up(transaction, id)?;
            let mut statement = transaction
                .prepare_cached("INSERT OR IGNORE INTO collection_documents (collection_id, path) VALUES (?1, ?2)")?;
            for path in paths {
                statement.execute(params![id.0, path_to_bytes(path)])?;
            }
            Ok(())
        })
    }

    /// Takes documents out of a collection.
    ///
    /// # Errors
    /// As every writing.
    pub fn remove_from_collection(&self, id: CollectionId, paths: &[PathBuf]) -> Result<(), StoreError> {
        self.database.write(|transaction| {
            let mut statement = transaction
                .prepare_cached("DELETE FROM collection_documents WHERE collection_id = ?1 AND path = ?2")?;
            for path in paths {
                statement.execute(params![id.0, path_to_bytes(path)])?;
            }
            Ok(())
        })
    }

    /// Paths of the documents of a collection.
    ///
    /// # Errors
    /// [`StoreError::UnknownCollection`].
    pub fn collection_paths(&self, id: CollectionId) -> Result<Vec<PathBuf>, StoreError> {
        self.database.read(|connection| {
            look_up(connection, id)?;
            let mut statement = connection
                .prepare_cached("SELECT path FROM collection_documents WHERE collection_id = ?1 ORDER BY path")?;
            statement
                .query_and_then([id.0], |row| path_from_bytes(row.get(0)?))?
                .collect()
        })
    }

    /// A document's file moved: its collections, and the conversations that ask it, follow.
    ///
    /// # Errors
    /// As every writing.
    pub fn relocate_in_collections(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        let (from, to) = (path_to_bytes(from), path_to_bytes(to));
        self.database.write(|transaction| {
            for table in BY_PATH {
                transaction.execute(
                    &format!("UPDATE OR IGNORE {table} SET path = ?2 WHERE path = ?1"),
                    params![from, to],
                )?;
                transaction.execute(&format!("DELETE FROM {table} WHERE path = ?1"), params![from])?;
            }
            Ok(())
        })
    }

    /// Documents left the library for good: their paths leave all collections, and the conversations that ask them.
    ///
    /// # Errors
    /// As every writing.
    pub fn forget_in_collections(&self, paths: &[PathBuf]) -> Result<(), StoreError> {
        self.database.write(|transaction| {
            for table in BY_PATH {
                let mut statement = transaction.prepare_cached(&format!("DELETE FROM {table} WHERE path = ?1"))?;
                for path in paths {
                    statement.execute([path_to_bytes(path)])?;
                }
            }
            Ok(())
        })
    }
}

/// Fails unless the collection is there.
fn look_up(connection: &Connection, id: CollectionId) -> Result<(), StoreError> {
    let there = connection
        .prepare_cached("SELECT 1 FROM collections WHERE id = ?1 AND deleted_at_ms IS NULL")?
        .exists([id.0])?;
    known(id, usize::from(there))
}

/// Fails where no row was that of the collection.
fn known(id: CollectionId, rows: usize) -> Result<(), StoreError> {
    if rows == 0 {
        return Err(StoreError::UnknownCollection(id.0));
    }
    Ok(())
}

/// A deleted collection cannot come back once another has its name.
fn make_room(transaction: &Transaction<'_>, name: &str) -> Result<(), StoreError> {
    transaction.execute(
        "DELETE FROM collections WHERE name = ?1 AND deleted_at_ms IS NOT NULL",
        [name],
    )?;
    Ok(())
}

fn taken(error: rusqlite::Error, name: &str) -> StoreError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => StoreError::NameTaken(name.to_owned()),
        _ => StoreError::Sqlite(error),
    }
}
