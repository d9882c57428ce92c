//! Conversations: turns as JSON of a named format, so that an older one can be read by a later version.

use super::UserDb;
use crate::database::Database;
use crate::error::StoreError;
use docmind_core::conversation::{ConversationId, Turn};
use docmind_core::document::ContentHash;
use docmind_core::words::fold;
use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The format in which turns are written now.
const FORMAT: u32 = 1;
const CONVERSATION: &str = "id, title, created_at_ms, updated_at_ms, deleted_at_ms, \
     (SELECT count(*) FROM turns WHERE conversation_id = conversations.id)";

/// A conversation without its turns.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversationRecord {
    /// Its id.
    pub id: ConversationId,
    /// As shown in lists.
    pub title: String,
    /// Questions asked in it.
    pub turns: u32,
    /// Milliseconds since the Unix epoch.
    pub created_at_ms: f64,
    /// Of the last question.
    pub updated_at_ms: f64,
    /// Set while it is deleted and can be brought back.
    pub deleted_at_ms: Option<f64>,
}

fn record(row: &Row<'_>) -> rusqlite::Result<ConversationRecord> {
    Ok(ConversationRecord {
        id: ConversationId(row.get(0)?),
        title: row.get(1)?,
        created_at_ms: row.get(2)?,
        updated_at_ms: row.get(3)?,
        deleted_at_ms: row.get(4)?,
        turns: row.get(5)?,
    })
}

impl UserDb {
    /// Begins a conversation.
    ///
    /// # Errors
    /// As every writing.
    pub fn create_conversation(&self, title: &str, at_ms: f64) -> Result<ConversationId, StoreError> {
        self.database.write(|transaction| {
            transaction.execute(
                "INSERT INTO conversations (title, created_at_ms, updated_at_ms) VALUES (?1, ?2, ?2)",
                params![title, at_ms],
            )?;
            u32::try_from(transaction.last_insert_rowid())
                .map(ConversationId)
                .map_err(|_| StoreError::Value("conversation ids are used up".into()))
        })
    }

    /// Conversations, the latest first; deleted ones are left out.
    ///
    /// # Errors
    /// As every reading.
    pub fn conversations(&self) -> Result<Vec<ConversationRecord>, StoreError> {
        self.database.read(|connection| {
            let sql = format!("SELECT {CONVERSATION} FROM conversations WHERE deleted_at_ms IS NULL ORDER BY updated_at_ms DESC, id DESC");
            Ok(connection.prepare_cached(&sql)?.query_map([], record)?.collect::<Result<_, _>>()?)
        })
    }

    /// Conversations that have every one of the words in their title, questions or answers, letter case and diacritics aside; the
    /// latest first.
    ///
    /// # Errors
    /// As every reading.
    pub fn find_conversations(&self, words: &str) -> Result<Vec<ConversationRecord>, StoreError> {
        let wanted: serde_json::Value = words.split_whitespace().map(fold).collect();
        self.database.read(|connection| {
            let sql = format!(
                "SELECT {CONVERSATION} FROM conversations WHERE deleted_at_ms IS NULL AND NOT EXISTS (
                   SELECT 1 FROM json_each(?1) AS wanted WHERE instr(fold(title), wanted.value) = 0 AND NOT EXISTS (
                     SELECT 1 FROM turns WHERE conversation_id = conversations.id AND instr(searched, wanted.value) > 0))
                 ORDER BY updated_at_ms DESC, id DESC"
            );
            Ok(connection
                .prepare_cached(&sql)?
                .query_map([wanted.to_string()], record)?
                .collect::<Result<_, _>>()?)
        })
    }

    /// One conversation, deleted ones too.
    ///
    /// # Errors
    /// [`StoreError::UnknownConversation`].
    pub fn conversation(&self, id: ConversationId) -> Result<ConversationRecord, StoreError> {
        self.database.read(|connection| {
            let mut statement =
                connection.prepare_cached(&format!("SELECT {CONVERSATION} FROM conversations WHERE id = ?1"))?;
            statement
                .query_map([id.0], record)?
                .next()
                .transpose()?
                .ok_or(StoreError::UnknownConversation(id.0))
        })
    }

    /// The turns of a conversation in order.
    ///
    /// # Errors
    /// [`StoreError::UnknownConversation`]; [`StoreError::Value`] for a turn written by a newer version.
    pub fn turns(&self, id: ConversationId) -> Result<Vec<Turn>, StoreError> {
        self.database.read(|connection| {
            let known = connection
                .prepare_cached("SELECT 1 FROM conversations WHERE id = ?1")?
                .exists([id.0])?;
            if !known {
                return Err(StoreError::UnknownConversation(id.0));
            }
            let mut statement = connection
                .prepare_cached("SELECT format, turn FROM turns WHERE conversation_id = ?1 ORDER BY ordinal")?;
            statement
                .query_and_then([id.0], |row| turn_from(row.get(0)?, &row.get::<_, String>(1)?))?
                .collect()
        })
    }

    /// Adds a turn at the end, with how its answer came about; gives its place, from 0.
    ///
    /// # Errors
    /// [`StoreError::UnknownConversation`], and as every writing.
    pub fn add_turn(
        &self,
        id: ConversationId,
        turn: &Turn,
        trace: Option<&str>,
        at_ms: f64,
    ) -> Result<u32, StoreError> {
        self.database.write(|transaction| {
            touch(transaction, id, at_ms)?;
            let ordinal: u32 = transaction.query_row(
                "SELECT coalesce(max(ordinal) + 1, 0) FROM turns WHERE conversation_id = ?1",
                [id.0],
                |row| row.get(0),
            )?;
            put_turn(transaction, id, ordinal, turn, trace)?;
            Ok(ordinal)
        })
    }

    /// Replaces a turn and drops those after it: a question edited or asked again.
    ///
    /// # Errors
    /// [`StoreError::UnknownConversation`], and as every writing.
    pub fn replace_turn(
        &self,
        id: ConversationId,
        ordinal: u32,
        turn: &Turn,
        trace: Option<&str>,
        at_ms: f64,
    ) -> Result<(), StoreError> {
        self.database.write(|transaction| {
            touch(transaction, id, at_ms)?;
            transaction.execute(
                "DELETE FROM turns WHERE conversation_id = ?1 AND ordinal >= ?2",
                [id.0, ordinal],
            )?;
            put_turn(transaction, id, ordinal, turn, trace)
        })
    }

    /// How the answer of a turn came about, as it was saved with it; `None` where nothing was, or there is no such turn.
    ///
    /// # Errors
    /// As every reading.
    pub fn trace(&self, id: ConversationId, ordinal: u32) -> Result<Option<String>, StoreError> {
        self.database.read(|connection| {
            Ok(connection
                .prepare_cached("SELECT trace FROM turns WHERE conversation_id = ?1 AND ordinal = ?2")?
                .query_row([id.0, ordinal], |row| row.get(0))
                .optional()?
                .flatten())
        })
    }

    /// Renames a conversation.
    ///
    /// # Errors
    /// [`StoreError::UnknownConversation`], and as every writing.
    pub fn rename_conversation(&self, id: ConversationId, title: &str) -> Result<(), StoreError> {
        self.change(id, |transaction| {
            transaction.execute(
                "UPDATE conversations SET title = ?2 WHERE id = ?1",
                params![id.0, title],
            )
        })
    }

    /// Puts a conversation away; [`UserDb::restore_conversation`] brings it back until [`UserDb::purge_conversations`].
    ///
    /// # Errors
    /// [`StoreError::UnknownConversation`], and as every writing.
    pub fn delete_conversation(&self, id: ConversationId, at_ms: f64) -> Result<(), StoreError> {
        self.change(id, |transaction| {
            transaction.execute(
                "UPDATE conversations SET deleted_at_ms = ?2 WHERE id = ?1",
                params![id.0, at_ms],
            )
        })
    }

    /// Brings a deleted conversation back.
    ///
    /// # Errors
    /// [`StoreError::UnknownConversation`], and as every writing.
    pub fn restore_conversation(&self, id: ConversationId) -> Result<(), StoreError> {
        self.change(id, |transaction| {
            transaction.execute("UPDATE conversations SET deleted_at_ms = NULL WHERE id = ?1", [id.0])
        })
    }

    /// Erases conversations deleted before a time; gives how many. Copies of the last days still hold them until they rotate out.
    ///
    /// # Errors
    /// As every writing.
    pub fn purge_conversations(&self, before_ms: f64) -> Result<u32, StoreError> {
        let purged = self.database.write(|transaction| {
            Ok(transaction.execute("DELETE FROM conversations WHERE deleted_at_ms < ?1", [before_ms])? as u32)
        })?;
        if purged > 0 {
            self.database.truncate_log()?;
        }
        Ok(purged)
    }

    /// Forgets what conversations and their daily copies quote of documents that `gone` names by path and hash: see
    /// [`Turn::forget`]. Gives how many turns changed. A turn that cannot be read stays as it is, with a warning. A copy that is no
    /// sound database is deleted: nothing could be restored from it.
    ///
    /// # Errors
    /// As every writing. What was changed before stays changed.
    pub fn forget_quotes(&self, gone: &dyn Fn(&str, &ContentHash) -> bool) -> Result<u32, StoreError> {
        let changed = forget_quotes_in(&self.database, gone)?;
        self.each_copy(|copy| forget_quotes_in(copy, gone).map(drop))?;
        Ok(changed)
    }

    fn change(
        &self,
        id: ConversationId,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<usize>,
    ) -> Result<(), StoreError> {
        self.database.write(|transaction| match work(transaction)? {
            0 => Err(StoreError::UnknownConversation(id.0)),
            _ => Ok(()),
        })
    }
}

fn forget_quotes_in(database: &Database, gone: &dyn Fn(&str, &ContentHash) -> bool) -> Result<u32, StoreError> {
    let mut changed = 0;
    for conversation in conversations_naming(database, gone)? {
        changed += database.write(|transaction| forget_quotes_of(transaction, conversation, gone))?;
    }
    if changed > 0 {
        database.truncate_log()?;
    }
    Ok(changed)
}

/// Conversations with a turn that draws on a document that is gone. Reads one turn at a time: all of them need not fit into memory.
fn conversations_naming(
    database: &Database,
    gone: &dyn Fn(&str, &ContentHash) -> bool,
) -> Result<BTreeSet<u32>, StoreError> {
    database.read(|connection| {
        let mut select = connection.prepare("SELECT conversation_id, ordinal, format, turn FROM turns")?;
        let mut rows = select.query([])?;
        let mut naming = BTreeSet::new();
        while let Some(row) = rows.next()? {
            let (conversation, ordinal, format): (u32, u32, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
            match turn_from::<Names>(format, &row.get::<_, String>(3)?) {
                Ok(names) if names.of_any(gone) => {
                    naming.insert(conversation);
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(conversation, ordinal, %error, "what a turn quotes of removed documents stays in it");
                }
            }
        }
        Ok(naming)
    })
}

fn forget_quotes_of(
    transaction: &Transaction<'_>,
    conversation: u32,
    gone: &dyn Fn(&str, &ContentHash) -> bool,
) -> Result<u32, StoreError> {
    let mut select = transaction
        .prepare_cached("SELECT ordinal, format, turn FROM turns WHERE conversation_id = ?1 ORDER BY ordinal")?;
    let mut rows = select.query([conversation])?;
    let (mut ordinals, mut turns) = (Vec::<u32>::new(), Vec::new());
    while let Some(row) = rows.next()? {
        // One that cannot be read was told of already.
        if let Ok(turn) = turn_from::<Turn>(row.get(1)?, &row.get::<_, String>(2)?) {
            ordinals.push(row.get(0)?);
            turns.push(turn);
        }
    }
    let mut update = transaction
        .prepare_cached("UPDATE turns SET turn = ?3, searched = ?4 WHERE conversation_id = ?1 AND ordinal = ?2")?;
    let mut count = 0;
    for place in Turn::forget(&mut turns, gone) {
        let (json, searched) = row_of(&turns[place])?;
        update.execute(params![conversation, ordinals[place], json, searched])?;
        count += 1;
    }
    Ok(count)
}

fn touch(transaction: &Transaction<'_>, id: ConversationId, at_ms: f64) -> Result<(), StoreError> {
    match transaction.execute(
        "UPDATE conversations SET updated_at_ms = ?2 WHERE id = ?1",
        params![id.0, at_ms],
    )? {
        0 => Err(StoreError::UnknownConversation(id.0)),
        _ => Ok(()),
    }
}

fn put_turn(
    transaction: &Transaction<'_>,
    id: ConversationId,
    ordinal: u32,
    turn: &Turn,
    trace: Option<&str>,
) -> Result<(), StoreError> {
    let (json, searched) = row_of(turn)?;
    transaction.execute(
        "INSERT INTO turns (conversation_id, ordinal, format, turn, searched, trace) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id.0, ordinal, FORMAT, json, searched, trace],
    )?;
    Ok(())
}

/// A turn as JSON, and its words for finding it again.
fn row_of(turn: &Turn) -> Result<(String, String), StoreError> {
    let json = serde_json::to_string(turn).map_err(|error| StoreError::Value(error.to_string()))?;
    let searched: Vec<String> = turn
        .question
        .split_whitespace()
        .chain(turn.answer.text.split_whitespace())
        .map(fold)
        .collect();
    Ok((json, searched.join(" ")))
}

/// A turn, or as much of it as is asked for.
fn turn_from<'j, T: Deserialize<'j>>(format: u32, json: &'j str) -> Result<T, StoreError> {
    if format != FORMAT {
        return Err(StoreError::Value(format!(
            "a turn of format {format}, this version knows {FORMAT}"
        )));
    }
    serde_json::from_str(json).map_err(|error| StoreError::Value(format!("a turn: {error}")))
}

/// The documents that a turn draws on, without the rest of it, which is most.
#[derive(Deserialize)]
struct Names {
    sources: Vec<Name>,
    answer: Cited,
}

#[derive(Deserialize)]
struct Cited {
    citations: Vec<Name>,
}

#[derive(Deserialize)]
struct Name {
    path: String,
    document_hash: ContentHash,
}

impl Names {
    fn of_any(&self, gone: &dyn Fn(&str, &ContentHash) -> bool) -> bool {
        let mut names = self.sources.iter().chain(&self.answer.citations);
        names.any(|name| gone(&name.path, &name.document_hash))
    }
}
