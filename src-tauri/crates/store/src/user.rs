//! `user.db`: what a person made — conversations, collections, the history of settings and benchmarks, what was removed on purpose. It
//! shares no file with what can be derived again, and is copied once a day.

mod backup;
mod collections;
mod conversations;
mod history;
mod scopes;
mod shunned;
#[cfg(test)]
mod tests;

use crate::database::Database;
use crate::error::StoreError;
use crate::schema;
use docmind_core::error::Notice;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

pub use collections::{Collection, CollectionId};
pub use conversations::ConversationRecord;
pub use history::{BenchmarkRecord, SettingsRecord};
pub use scopes::{ConversationAsks, ConversationScope};

/// What a person made. All methods block on the disk and may be called from several threads at once.
#[derive(Debug)]
pub struct UserDb {
    database: Database,
    folder: PathBuf,
    recovered: Option<Notice>,
    /// Held by whoever makes copies or changes them.
    copying: Mutex<()>,
}

impl UserDb {
    /// Opens or creates it in the data folder. When the file is damaged it is set aside and the newest sound copy takes its place; so it
    /// does where the file is missing or empty. [`UserDb::recovered`] says so.
    ///
    /// # Errors
    /// [`StoreError::Newer`], [`StoreError::ReadOnly`], [`StoreError::DiskFull`]; [`StoreError::UserDamaged`] when no copy is sound.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("user.db");
        // SQLite would begin anew there, and copies of nothing would push out the good ones.
        let recovered = if is_blank(&path) {
            backup::restore_missing(folder, &path)?
        } else {
            None
        };
        let (database, recovered) = match Self::open_sound(&path) {
            Err(StoreError::Damaged { detail, .. }) => {
                let recovered = backup::restore(folder, &path, &detail)?;
                (Self::open_sound(&path)?, Some(recovered))
            }
            database => (database?, recovered),
        };
        Ok(Self {
            database,
            folder: folder.to_owned(),
            recovered,
            copying: Mutex::new(()),
        })
    }

    /// A small file read whole at every start: damage is found before it spreads into the copies.
    fn open_sound(path: &Path) -> Result<Database, StoreError> {
        let database = Database::open(path, &schema::USER)?;
        let verdict: String =
            database.read(|connection| Ok(connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?))?;
        if verdict == "ok" {
            Ok(database)
        } else {
            Err(StoreError::Damaged {
                path: path.to_owned(),
                detail: verdict,
            })
        }
    }

    /// What was lost and from when the copy is, when opening had to fall back on one.
    pub fn recovered(&self) -> Option<&Notice> {
        self.recovered.as_ref()
    }

    /// Folds the log into the file: for a clean exit.
    ///
    /// # Errors
    /// As every writing.
    pub fn close(&self) -> Result<(), StoreError> {
        self.database.truncate_log()?;
        Ok(())
    }
}

/// Nothing stands there, or a file without a byte.
fn is_blank(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(meta) => meta.len() == 0,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}
