//! What conversations ask: kept with them, so that the next question asks the same after a restart.

use super::{CollectionId, UserDb};
use crate::error::StoreError;
use crate::records::{path_from_bytes, path_to_bytes};
use docmind_core::conversation::ConversationId;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Which documents a conversation asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConversationScope {
    /// All.
    All,
    /// Those of a collection.
    Collection(CollectionId),
    /// The files at these paths, those included that the library no longer has.
    Documents(BTreeSet<PathBuf>),
}

impl UserDb {
    /// What a conversation asks; all documents once its collection, or the last of its documents, is gone.
    ///
    /// # Errors
    /// [`StoreError::UnknownConversation`].
    pub fn conversation_scope(&self, id: ConversationId) -> Result<ConversationScope, StoreError> {
        self.database.read(|connection| scope_of(connection, id))
    }

    /// Keeps what a conversation asks. A collection that is not there is as good as none.
    ///
    /// # Errors
    /// [`StoreError::UnknownConversation`], and as every writing.
    pub fn keep_conversation_scope(&self, id: ConversationId, scope: &ConversationScope) -> Result<(), StoreError> {
        // Mostly the one of the question before: nothing is written then.
        if self.conversation_scope(id)? == *scope {
            return Ok(());
        }
        self.database.write(|transaction| {
            let collection = match scope {
                ConversationScope::Collection(collection) => Some(collection.0),
                ConversationScope::All | ConversationScope::Documents(_) => None,
            };
            transaction.execute(
                "UPDATE conversations SET collection_id = (SELECT id FROM collections WHERE id = ?2) WHERE id = ?1",
                params![id.0, collection],
            )?;
            transaction.execute("DELETE FROM conversation_documents WHERE conversation_id = ?1", [id.0])?;
            if let ConversationScope::Documents(paths) = scope {
                let mut statement = transaction.prepare_cached(
                    "INSERT OR IGNORE INTO conversation_documents (conversation_id, path) VALUES (?1, ?2)",
                )?;
                for path in paths {
                    statement.execute(params![id.0, path_to_bytes(path)])?;
                }
            }
            Ok(())
        })
    }
}

fn scope_of(connection: &Connection, id: ConversationId) -> Result<ConversationScope, StoreError> {
    let collection: Option<u32> = connection
        .prepare_cached("SELECT collection_id FROM conversations WHERE id = ?1")?
        .query_row([id.0], |row| row.get(0))
        .optional()?
        .ok_or(StoreError::UnknownConversation(id.0))?;
    if let Some(collection) = collection {
        return Ok(ConversationScope::Collection(CollectionId(collection)));
    }
    let paths: BTreeSet<PathBuf> = connection
        .prepare_cached("SELECT path FROM conversation_documents WHERE conversation_id = ?1")?
        .query_and_then([id.0], |row| path_from_bytes(row.get(0)?))?
        .collect::<Result<_, _>>()?;
    Ok(if paths.is_empty() {
        ConversationScope::All
    } else {
        ConversationScope::Documents(paths)
    })
}
