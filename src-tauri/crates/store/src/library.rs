//! `library.db`: documents, pages, passages, vectors, keyword index and the ledger of ingest, one file, one truth.

mod check;
mod commit;
mod exact;
mod index_files;
mod keyword;
mod ledger;
mod read;
mod recognise;
#[cfg(test)]
mod tests;

use crate::database::{Database, lock};
use crate::error::StoreError;
use crate::schema;
use crate::terms::{Analyzer, RULES};
use docmind_core::chunk::ChunkId;
use docmind_core::embedding::EmbedderCard;
use exact::ExactVectors;
pub(crate) use index_files::FileSum;
use keyword::KeywordState;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The library. All methods block on the disk; all may be called from several threads at once: writers wait for each other,
/// readers for nobody.
#[derive(Debug)]
pub struct Library {
    database: Database,
    folder: PathBuf,
    /// Counts commits of this process, so that what is derived knows when it is stale.
    generation: AtomicU64,
    /// Deleted text may still stand in the log.
    erasing: AtomicBool,
    keyword: Mutex<KeywordState>,
    exact: Mutex<ExactVectors>,
}

/// The embedder whose vectors the library holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentEmbedder {
    /// Its provenance.
    pub fingerprint: String,
    /// Such as `all-MiniLM-L6-v2`.
    pub name: String,
    /// Length of a vector.
    pub dimensions: u32,
    pub(crate) id: i64,
}

/// What choosing an embedder means for what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbedderChoice {
    /// It was the current one.
    Kept,
    /// Passages without a vector of it: see [`Library::passages_to_embed`].
    Changed {
        /// How many.
        passages: u32,
    },
}

impl Library {
    /// Opens or creates the library in `folder`. What was being worked on when the last owner died is queued again.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Newer`], [`StoreError::ReadOnly`], [`StoreError::DiskFull`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let database = Database::open(&folder.join("library.db"), &schema::LIBRARY)?;
        let library = Self::new(database, folder);
        library.recut_words()?;
        library.requeue_interrupted()?;
        Ok(library)
    }

    /// Opens an existing library for reading, beside the application that writes it.
    ///
    /// # Errors
    /// [`StoreError::Missing`] and as for [`Library::open`].
    pub fn open_read_only(folder: &Path) -> Result<Self, StoreError> {
        let database = Database::open_read_only(&folder.join("library.db"), &schema::LIBRARY)?;
        Ok(Self::new(database, folder))
    }

    fn new(database: Database, folder: &Path) -> Self {
        Self {
            database,
            folder: folder.to_owned(),
            generation: AtomicU64::new(1),
            erasing: AtomicBool::new(false),
            keyword: Mutex::default(),
            exact: Mutex::default(),
        }
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// True when it was opened for reading.
    pub fn is_read_only(&self) -> bool {
        self.database.is_read_only()
    }

    /// The embedder whose vectors the library holds; `None` before the first was chosen.
    ///
    /// # Errors
    /// As every reading.
    pub fn embedder(&self) -> Result<Option<CurrentEmbedder>, StoreError> {
        self.database.read(current_embedder)
    }

    /// Makes `card` the library's embedder. Vectors of others are no longer searched; they are dropped when every passage has one
    /// of this (or at once by [`Library::drop_other_vectors`]).
    ///
    /// # Errors
    /// As every writing.
    pub fn choose_embedder(&self, card: &EmbedderCard) -> Result<EmbedderChoice, StoreError> {
        if let Some(current) = self.embedder()?
            && current.fingerprint == card.fingerprint
        {
            return Ok(EmbedderChoice::Kept);
        }
        let passages = self.write(|transaction| {
            transaction.execute(
                "INSERT INTO embedders (fingerprint, name, dimensions) VALUES (?1, ?2, ?3)
                 ON CONFLICT (fingerprint) DO UPDATE SET name = excluded.name, dimensions = excluded.dimensions",
                params![card.fingerprint, card.name, card.dimensions],
            )?;
            set_meta(transaction, "embedder", &card.fingerprint)?;
            let passages: u32 = transaction.query_row(
                "SELECT count(*) FROM chunks WHERE NOT EXISTS (
                   SELECT 1 FROM vectors JOIN embedders ON embedders.id = embedder_id
                   WHERE chunk_id = chunks.id AND fingerprint = ?1)",
                [&card.fingerprint],
                |row| row.get(0),
            )?;
            Ok(passages)
        })?;
        lock(&self.exact).clear();
        Ok(EmbedderChoice::Changed { passages })
    }

    /// Runs one transaction and marks what is derived as stale.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let result = self.database.write(work)?;
        self.generation.fetch_add(1, Ordering::AcqRel);
        Ok(result)
    }

    /// Removes what deletions left in the log. Cheap when there is nothing to do; call it again later when it says false (a reader
    /// was in the way). Every deletion tries by itself.
    ///
    /// # Errors
    /// As every writing.
    pub fn erase(&self) -> Result<bool, StoreError> {
        if !self.erasing.load(Ordering::Acquire) {
            return Ok(true);
        }
        let done = self.database.truncate_log()?;
        if done {
            self.erasing.store(false, Ordering::Release);
        }
        Ok(done)
    }

    /// After a deletion that is already committed: an erasure that cannot happen now happens later.
    fn erase_soon(&self) {
        self.erasing.store(true, Ordering::Release);
        match self.erase() {
            Ok(true) => {}
            Ok(false) => tracing::debug!("a reader holds the log; it is erased later"),
            Err(error) => tracing::warn!(%error, "the log could not be erased yet"),
        }
    }

    /// Folds the log into the file: for a clean exit.
    ///
    /// # Errors
    /// As every writing.
    pub fn close(&self) -> Result<(), StoreError> {
        if !self.is_read_only() {
            self.database.truncate_log()?;
            self.erasing.store(false, Ordering::Release);
        }
        Ok(())
    }

    /// Cuts the words of every passage anew when the rules have changed since.
    fn recut_words(&self) -> Result<(), StoreError> {
        let rules = RULES.to_string();
        let known = self.database.read(|connection| meta(connection, "word_rules"))?;
        if known.as_ref() == Some(&rules) {
            return Ok(());
        }
        self.write(|transaction| {
            if known.is_some() {
                transaction.execute("INSERT INTO chunk_words (chunk_words) VALUES ('delete-all')", [])?;
                // Document by document: sorted by language, all texts of the library would be in memory at once.
                let mut documents = transaction
                    .prepare("SELECT id, language FROM documents WHERE chunk_count > 0 ORDER BY language, id")?;
                let mut passages = transaction.prepare(
                    "SELECT id, heading, table_header, text FROM chunks WHERE document_id = ?1 ORDER BY ordinal",
                )?;
                let mut cut: Option<(Option<String>, Analyzer)> = None;
                let mut rows = documents.query([])?;
                while let Some(row) = rows.next()? {
                    let (document, language): (u32, Option<String>) = (row.get(0)?, row.get(1)?);
                    if cut.as_ref().is_none_or(|(known, _)| *known != language) {
                        cut = Some((language.clone(), Analyzer::new(language.as_deref())));
                    }
                    let Some((_, analyzer)) = &mut cut else { continue };
                    let mut rows = passages.query([document])?;
                    while let Some(row) = rows.next()? {
                        let text = commit::indexed_text(
                            &row.get::<_, String>(1)?,
                            &row.get::<_, String>(2)?,
                            &row.get::<_, String>(3)?,
                        )?;
                        commit::index_words(transaction, ChunkId(row.get(0)?), &analyzer.columns(&text))?;
                    }
                }
            }
            set_meta(transaction, "word_rules", &rules)
        })
    }
}

fn meta(connection: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?)
}

fn set_meta(transaction: &Transaction<'_>, key: &str, value: &str) -> Result<(), StoreError> {
    transaction.execute(
        "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, value],
    )?;
    Ok(())
}

fn current_embedder(connection: &Connection) -> Result<Option<CurrentEmbedder>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT id, fingerprint, name, dimensions FROM embedders WHERE fingerprint = (SELECT value FROM meta WHERE key = 'embedder')")?
        .query_row([], |row| Ok(CurrentEmbedder { id: row.get(0)?, fingerprint: row.get(1)?, name: row.get(2)?, dimensions: row.get(3)? }))
        .optional()?)
}
