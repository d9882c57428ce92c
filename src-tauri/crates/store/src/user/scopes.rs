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

/// What a conversation asks, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationAsks {
    /// Which documents.
    pub scope: ConversationScope,
    /// Each of them is asked for itself.
    pub each_document: bool,
}

impl UserDb {
    /// What a conversation asks; all documents once its collection, or the last of its documents, is gone.
    ///
    /// # Errors
    /// [`StoreError::UnknownConversation`].
    pub fn conversation_asks(&self, id: ConversationId) -> Result<ConversationAsks, StoreError> {
        self.database.read(|connection| asks_of(connection, id))
    }

    /// Keeps what a conversation asks. A collection that is not there is as good as none.
    ///
    /// # Errors
    /// [`StoreError::UnknownConversation`], and as every writing.
    pub fn keep_conversation_asks(&self, id: ConversationId, asks: &ConversationAsks) -> Result<(), StoreError> {
        // Mostly the same as the question before: nothing is written then.
        if self.conversation_asks(id)? == *asks {
            return Ok(());
        }
        self.database.write(|transaction| {
            let collection = match &asks.scope {
                ConversationScope::Collection(collection) => Some(collection.0),
                ConversationScope::All | ConversationScope::Documents(_) => None,
            };
            transaction.execute(
                "UPDATE conversations SET each_document = ?3, collection_id = \
                 (SELECT id FROM collections WHERE id = ?2 AND deleted_at_ms IS NULL) WHERE id = ?1",
                params![id.0, collection, asks.each_document],
            )?;
            transaction.execute("DELETE FROM conversation_documents WHERE conversation_id = ?1", [id.0])?;
            if let ConversationScope::Documents(paths) = &asks.scope {
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

fn asks_of(connection: &Connection, id: ConversationId) -> Result<ConversationAsks, StoreError> {
    let (collection, each_document): (Option<u32>, bool) = connection
        .prepare_cached(
            "SELECT (SELECT id FROM collections WHERE id = collection_id AND deleted_at_ms IS NULL), each_document \
             FROM conversations WHERE id = ?1",
        )?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .ok_or(StoreError::UnknownConversation(id.0))?;
    let scope = match collection {
        Some(collection) => ConversationScope::Collection(CollectionId(collection)),
        None => documents_of(connection, id)?,
    };
    Ok(ConversationAsks { scope, each_document })
}

fn documents_of(connection: &Connection, id: ConversationId) -> Result<ConversationScope, StoreError> {
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
