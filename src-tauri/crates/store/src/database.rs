//! One SQLite file: a writer behind a lock, a few pooled readers that see whole snapshots while it writes.

use crate::error::StoreError;
use crate::schema::Schema;
use docmind_core::words::fold;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf, is_separator};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a statement waits for another process before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Readers kept open; more are opened under load and closed again.
const IDLE_READERS: usize = 4;

/// An open database file.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    /// Before the writer, because they are dropped before it: only a connection that writes, closed last, folds the log into the file and
    /// deletes it.
    readers: Mutex<Vec<Connection>>,
    /// `None` when opened for reading.
    writer: Option<Mutex<Connection>>,
    /// Opened as a file nobody writes, because its folder cannot be written either.
    immutable: bool,
}

impl Database {
    /// Opens or creates `path` for writing and brings it to the newest format.
    pub(crate) fn open(path: &Path, schema: &Schema) -> Result<Self, StoreError> {
        create_private_file(path)?;
        let open = || -> Result<Connection, StoreError> {
            let mut connection = Connection::open_with_flags(
                path,
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE,
            )?;
            configure(&connection)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.pragma_update(None, "secure_delete", "ON")?;
            connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
            schema.migrate(&mut connection, path)?;
            Ok(connection)
        };
        let writer = open().map_err(|error| error.at(path))?;
        Ok(Self {
            path: path.to_owned(),
            writer: Some(Mutex::new(writer)),
            readers: Mutex::default(),
            immutable: false,
        })
    }

    /// Opens an existing `path` for reading, beside whoever writes it.
    pub(crate) fn open_read_only(path: &Path, schema: &Schema) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        let mut database = Self {
            path: path.to_owned(),
            writer: None,
            readers: Mutex::default(),
            immutable: false,
        };
        let check = |database: &Self| database.read(|connection| schema.check(connection, path));
        if let Err(StoreError::ReadOnly { .. }) = check(&database) {
            // WAL needs its index file beside the database. Where the folder cannot be written nobody writes the database either.
            database.immutable = true;
            check(&database)?;
        } else {
            check(&database)?;
        }
        Ok(database)
    }

    /// True when it was opened for reading.
    pub(crate) fn is_read_only(&self) -> bool {
        self.writer.is_none()
    }

    /// Runs `work` on one snapshot.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.read_inner(work).map_err(|error| error.at(&self.path))
    }

    fn read_inner<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let pooled = lock(&self.readers).pop();
        let connection = match pooled {
            Some(connection) => connection,
            None => self.open_reader()?,
        };
        let result = {
            let snapshot = connection.unchecked_transaction()?;
            let result = work(&snapshot)?;
            snapshot.finish()?;
            result
        };
        let mut readers = lock(&self.readers);
        if readers.len() < IDLE_READERS {
            readers.push(connection);
        }
        Ok(result)
    }

    fn open_reader(&self) -> Result<Connection, StoreError> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let connection = if self.immutable {
            let uri = format!("file:{}?immutable=1", percent_encoded(&self.path));
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
        } else {
            Connection::open_with_flags(&self.path, flags)?
        };
        configure(&connection)?;
        Ok(connection)
    }

    /// Runs `work` in one transaction: all of it is on the disk when this returns, or none of it.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.writer()?;
        let run = || -> Result<T, StoreError> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        run().map_err(|error| error.at(&self.path))
    }

    /// Folds the log into the file and empties it, so that deleted text is nowhere on the disk. False when a reader kept it from
    /// happening: try again later.
    pub(crate) fn truncate_log(&self) -> Result<bool, StoreError> {
        let connection = self.writer()?;
        // The pooled readers hold no snapshot; closing them makes room for the checkpoint to reset the log.
        lock(&self.readers).clear();
        connection
            .busy_timeout(Duration::from_millis(200))
            .map_err(StoreError::from)?;
        let busy = connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))
            .map_err(|error| StoreError::from(error).at(&self.path));
        connection.busy_timeout(BUSY_TIMEOUT).map_err(StoreError::from)?;
        match busy {
            Ok(busy) => Ok(busy == 0),
            Err(StoreError::Busy { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Copies the whole database, compacted, to a new file.
    pub(crate) fn vacuum_into(&self, target: &Path) -> Result<(), StoreError> {
        create_private_file(target)?;
        let connection = self.writer()?;
        let name = target
            .to_str()
            .ok_or_else(|| StoreError::Value(format!("a path that is no text: {}", target.display())))?;
        connection
            .execute("VACUUM INTO ?1", [name])
            .map_err(|error| StoreError::from(error).at(target))?;
        Ok(())
    }

    /// Makes the disk as small as so many pages: how tests fill it.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        self.writer()?
            .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
            .map_err(StoreError::from)
    }

    fn writer(&self) -> Result<MutexGuard<'_, Connection>, StoreError> {
        let writer = self.writer.as_ref().ok_or_else(|| StoreError::ReadOnly {
            path: self.path.clone(),
        })?;
        Ok(lock(writer))
    }
}

/// A lock whose holder panicked is taken over: SQLite rolled its transaction back when it was dropped.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.set_prepared_statement_cache_capacity(64);
    // SQLite's own `lower` and `LIKE` know the letters of ASCII alone.
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(c"fold", 1, flags, |context| {
        Ok(context.get_raw(0).as_str_or_null()?.map(fold))
    })?;
    connection.create_scalar_function(c"file_name", 1, flags, |context| {
        let name = |path: &str| path.rsplit(is_separator).next().unwrap_or_default().to_owned();
        Ok(context.get_raw(0).as_str_or_null()?.map(name))
    })?;
    Ok(())
}

/// Creates `folder` and its parents where they are missing, the folder itself open to its owner alone. One in which something lies
/// already keeps its permissions: it may be shared, such as `/tmp`, and who may enter was decided by whoever made it.
///
/// # Errors
/// The system's.
pub fn create_private_folder(folder: &Path) -> io::Result<()> {
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    restrict(folder, 0o700)
}

/// Creates `path` readable by its owner alone; SQLite gives its log and index files the same permissions.
fn create_private_file(path: &Path) -> Result<(), StoreError> {
    if let Some(folder) = path.parent() {
        create_private_folder(folder).map_err(|source| StoreError::io(folder, source))?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
        .open(path)
        .and_then(|_| restrict(path, 0o600))
        .map_err(|source| StoreError::io(path, source))
}

/// Takes everybody else's permissions away.
pub(crate) fn restrict(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if fs::metadata(path)?.permissions().mode() & 0o777 != mode {
            // A folder that another user owns cannot be restricted; the open that follows says whether it can be used.
            if let Err(source) = fs::set_permissions(path, fs::Permissions::from_mode(mode)) {
                tracing::warn!(path = %path.display(), %source, "permissions could not be restricted");
            }
        }
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}

fn percent_encoded(path: &Path) -> String {
    let mut out = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.') {
            out.push(char::from(*byte));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
