//! Collections: named sets of documents to ask within. They keep paths, not the library's ids.

use super::UserDb;
use crate::error::StoreError;
use crate::records::{path_from_bytes, path_to_bytes};
use rusqlite::params;
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

    /// Collections by name.
    ///
    /// # Errors
    /// As every reading.
    pub fn collections(&self) -> Result<Vec<Collection>, StoreError> {
        self.database.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, name, (SELECT count(*) FROM collection_documents WHERE collection_id = collections.id), created_at_ms
                 FROM collections ORDER BY name",
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
            let changed = transaction
                .execute("UPDATE collections SET name = ?2 WHERE id = ?1", params![id.0, name])
                .map_err(|error| taken(error, name))?;
            if changed == 0 {
                Err(StoreError::UnknownCollection(id.0))
            } else {
                Ok(())
            }
        })
    }

    /// Forgets a collection; its documents stay in the library.
    ///
    /// # Errors
    /// [`StoreError::UnknownCollection`], and as every writing.
    pub fn delete_collection(&self, id: CollectionId) -> Result<(), StoreError> {
        self.database.write(|transaction| {
            match transaction.execute("DELETE FROM collections WHERE id = ?1", [id.0])? {
                0 => Err(StoreError::UnknownCollection(id.0)),
                _ => Ok(()),
            }
        })
    }

    /// Puts documents into a collection; those in it already stay.
    ///
    /// # Errors
    /// [`StoreError::UnknownCollection`], and as every writing.
    pub fn add_to_collection(&self, id: CollectionId, paths: &[PathBuf]) -> Result<(), StoreError> {
        self.database.write(|transaction| {
            if !transaction
                .prepare_cached("SELECT 1 FROM collections WHERE id = ?1")?
                .exists([id.0])?
            {
                return Err(StoreError::UnknownCollection(id.0));
            }
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
            if !connection
                .prepare_cached("SELECT 1 FROM collections WHERE id = ?1")?
                .exists([id.0])?
            {
                return Err(StoreError::UnknownCollection(id.0));
            }
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

fn taken(error: rusqlite::Error, name: &str) -> StoreError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::ConstraintViolation) => StoreError::NameTaken(name.to_owned()),
        _ => StoreError::Sqlite(error),
    }
}
