//! Conversations: list, find, rename, delete with undo, export.

pub mod export;

use crate::ask::AskRequest;
use crate::clock::now_ms;
use crate::engine::Engine;
use crate::events::AnswerTrace;
use crate::search::Scope;
use docmind_core::conversation::{ConversationId, Turn};
use docmind_core::error::ErrorReport;
use docmind_core::words::Language;
use docmind_store::{CollectionId, ConversationAsks, ConversationRecord, ConversationScope};
use export::ExportFormat;
use serde::{Deserialize, Serialize};

/// A deleted conversation can be brought back for thirty days.
const KEPT_DELETED_MS: f64 = 30.0 * 24.0 * 3600.0 * 1000.0;

/// A conversation in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ConversationRow {
    /// Its number.
    pub id: ConversationId,
    /// As shown in lists.
    pub title: String,
    /// Questions asked in it.
    pub turns: u32,
    /// Milliseconds since the Unix epoch.
    pub created_at_ms: f64,
    /// Of the last question.
    pub updated_at_ms: f64,
}

impl From<ConversationRecord> for ConversationRow {
    fn from(record: ConversationRecord) -> Self {
        Self {
            id: record.id,
            title: record.title,
            turns: record.turns,
            created_at_ms: record.created_at_ms,
            updated_at_ms: record.updated_at_ms,
        }
    }
}

/// A conversation with all its turns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Conversation {
    /// The row of the list.
    pub row: ConversationRow,
    /// In order.
    pub turns: Vec<Turn>,
    /// Where its last question looked, and the next one looks.
    pub scope: Scope,
    /// The next question is put to each document for itself.
    pub each_document: bool,
}

impl Engine {
    /// Conversations that contain all words, letter case aside; all without words. The last used first.
    ///
    /// # Errors
    /// `read_only`, and the store's own.
    pub fn conversations(&self, containing: &str) -> Result<Vec<ConversationRow>, ErrorReport> {
        let user = self.user()?;
        let records = if containing.trim().is_empty() {
            user.conversations()?
        } else {
            user.find_conversations(containing)?
        };
        Ok(records.into_iter().map(ConversationRow::from).collect())
    }

    /// One conversation with its turns.
    ///
    /// # Errors
    /// `conversation_not_found`, and the store's own.
    pub fn conversation(&self, id: ConversationId) -> Result<Conversation, ErrorReport> {
        let user = self.user()?;
        let asks = user.conversation_asks(id)?;
        Ok(Conversation {
            row: user.conversation(id)?.into(),
            turns: user.turns(id)?,
            scope: self.scope_now(asks.scope)?,
            each_document: asks.each_document,
        })
    }

    /// Where a conversation looks; in all documents once its collection, or the last of its own documents, is gone.
    fn scope_now(&self, kept: ConversationScope) -> Result<Scope, ErrorReport> {
        Ok(match kept {
            ConversationScope::All => Scope::All,
            ConversationScope::Collection(CollectionId(id)) => Scope::Collection { id },
            ConversationScope::Documents(paths) => {
                let ids = self.documents_of_paths(paths)?;
                if ids.is_empty() {
                    Scope::All
                } else {
                    Scope::Documents { ids }
                }
            }
        })
    }

    /// Keeps what a conversation asks from this question on. A failure costs no answer.
    pub(crate) fn keep_asks(&self, id: ConversationId, request: &AskRequest) {
        let keep = || -> Result<(), ErrorReport> {
            let scope = match &request.scope {
                Scope::All => ConversationScope::All,
                Scope::Collection { id } => ConversationScope::Collection(CollectionId(*id)),
                Scope::Documents { ids } => ConversationScope::Documents(self.paths_of(ids)?.into_iter().collect()),
            };
            let asks = ConversationAsks {
                scope,
                each_document: request.each_from_now_on,
            };
            Ok(self.user()?.keep_conversation_asks(id, &asks)?)
        };
        if let Err(report) = keep() {
            tracing::warn!(code = %report.code, "what this conversation asks is not kept: {}", report.message);
        }
    }

    /// How the answer of a turn (from 0) came about, as kept with it; `None` for answers of versions that kept nothing, and where
    /// there is no such turn.
    ///
    /// # Errors
    /// `read_only`, and the store's own.
    pub fn answer_trace(&self, id: ConversationId, turn: u32) -> Result<Option<AnswerTrace>, ErrorReport> {
        let kept = self.user()?.trace(id, turn)?;
        // Of a later version that says it otherwise: as good as none.
        Ok(kept.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Gives it another title.
    ///
    /// # Errors
    /// `conversation_not_found`, and the store's own.
    pub fn rename_conversation(&self, id: ConversationId, title: &str) -> Result<(), ErrorReport> {
        Ok(self.user()?.rename_conversation(id, title.trim())?)
    }

    /// Deletes it; [`Engine::restore_conversation`] brings it back.
    ///
    /// # Errors
    /// `conversation_not_found`, and the store's own.
    pub fn delete_conversation(&self, id: ConversationId) -> Result<(), ErrorReport> {
        Ok(self.user()?.delete_conversation(id, now_ms())?)
    }

    /// Brings a deleted conversation back.
    ///
    /// # Errors
    /// `conversation_not_found`, and the store's own.
    pub fn restore_conversation(&self, id: ConversationId) -> Result<(), ErrorReport> {
        Ok(self.user()?.restore_conversation(id)?)
    }

    /// The whole conversation as text of a format, with the quoted passages; what stands around them is in `language`.
    ///
    /// # Errors
    /// `conversation_not_found`, and the store's own.
    pub fn export_conversation(
        &self,
        id: ConversationId,
        format: ExportFormat,
        language: Language,
    ) -> Result<String, ErrorReport> {
        let user = self.user()?;
        let title = user.conversation(id)?.title;
        Ok(export::export(format, language, &title, &user.turns(id)?))
    }

    /// What is done once at every start and every hour: the daily copy, and forgetting what was deleted long ago.
    pub(crate) fn tend_conversations(&self) {
        let Ok(user) = self.user() else { return };
        if let Err(error) = user.back_up_daily(now_ms()) {
            tracing::warn!(%error, "conversations could not be copied today");
        }
        let before_ms = now_ms() - KEPT_DELETED_MS;
        let purged = user.purge_conversations(before_ms).map(drop);
        if let Err(error) = purged.and_then(|()| user.purge_collections(before_ms)) {
            tracing::warn!(%error, "old deleted conversations and collections stay for now");
        }
    }
}

#[cfg(test)]
mod tests {
    use docmind_core::retrieval::TracedChunk;

    #[test]
    fn a_trace_that_was_kept_before_places_were_is_still_read() {
        let kept = r#"{"id":3,"document":1,"page":7,"keyword_rank":1,"bm25":2.5,"vector_rank":null,"cosine":null,"score":0.5,"fate":{"type":"source"}}"#;
        let read: TracedChunk = serde_json::from_str(kept).unwrap();
        assert_eq!((read.page, read.span), (7, None));
    }
}
