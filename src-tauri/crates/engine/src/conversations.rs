//! Conversations: list, find, rename, delete with undo, export.

pub mod export;

use crate::clock::now_ms;
use crate::engine::Engine;
use crate::events::AnswerTrace;
use docmind_core::conversation::{ConversationId, Turn};
use docmind_core::error::ErrorReport;
use docmind_store::ConversationRecord;
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
        Ok(Conversation {
            row: user.conversation(id)?.into(),
            turns: user.turns(id)?,
        })
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

    /// The whole conversation as text of a format, with the quoted passages.
    ///
    /// # Errors
    /// `conversation_not_found`, and the store's own.
    pub fn export_conversation(&self, id: ConversationId, format: ExportFormat) -> Result<String, ErrorReport> {
        let conversation = self.conversation(id)?;
        Ok(export::export(format, &conversation.row.title, &conversation.turns))
    }

    /// What is done once at every start and every hour: the daily copy, and forgetting what was deleted long ago.
    pub(crate) fn tend_conversations(&self) {
        let Ok(user) = self.user() else { return };
        if let Err(error) = user.back_up_daily(now_ms()) {
            tracing::warn!(%error, "conversations could not be copied today");
        }
        if let Err(error) = user.purge_conversations(now_ms() - KEPT_DELETED_MS) {
            tracing::warn!(%error, "old deleted conversations stay for now");
        }
    }
}
