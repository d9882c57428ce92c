//! A copy a day, three kept.

use super::UserDb;
use crate::database::{Database, create_private_folder, lock};
use crate::error::StoreError;
use crate::schema;
use docmind_core::error::Notice;
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const DAY_MS: f64 = 86_400_000.0;
const KEPT: usize = 3;

impl UserDb {
    /// Copies the file unless that was done on the same day (UTC). True when a copy was made.
    ///
    /// # Errors
    /// As every writing; the file itself is untouched by any failure.
    pub fn back_up_daily(&self, now_ms: f64) -> Result<bool, StoreError> {
        let _copying = lock(&self.copying);
        let folder = backups(&self.folder);
        let day = (now_ms / DAY_MS).floor() as u64;
        let target = folder.join(format!("user-{day:06}.db"));
        if target.exists() {
            return Ok(false);
        }
        create_private_folder(&folder).map_err(|source| StoreError::io(&folder, source))?;
        let unfinished = unfinished(&self.folder);
        delete(&unfinished)?;
        // Half a copy on a full disk would keep it full.
        self.database
            .vacuum_into(&unfinished)
            .inspect_err(|_| drop(delete(&unfinished)))?;
        let in_place = || -> io::Result<()> {
            fs::File::open(&unfinished)?.sync_all()?;
            fs::rename(&unfinished, &target)?;
            #[cfg(unix)]
            fs::File::open(&folder)?.sync_all()?;
            Ok(())
        };
        in_place().map_err(|source| StoreError::io(&target, source))?;
        for old in copies(&self.folder).into_iter().skip(KEPT) {
            delete(&old)?;
        }
        Ok(true)
    }

    /// Does the same to every copy, and to none while it is made. One that cannot be opened as a database, or that a kill left unfinished,
    /// is deleted.
    pub(super) fn each_copy(&self, work: impl Fn(&Database) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let _copying = lock(&self.copying);
        delete(&unfinished(&self.folder))?;
        for copy in copies(&self.folder) {
            if is_sound(&copy) {
                work(&Database::open(&copy, &schema::USER)?)?;
            } else {
                delete(&copy)?;
            }
        }
        Ok(())
    }
}

fn backups(folder: &Path) -> PathBuf {
    folder.join("backups")
}

/// A copy while it is made.
fn unfinished(folder: &Path) -> PathBuf {
    backups(folder).join("unfinished.db")
}

/// Deletes a copy, if it is there, and before it the log that may have been left beside it, with what was forgotten in the copy.
fn delete(copy: &Path) -> Result<(), StoreError> {
    for end in ["-wal", "-shm", ""] {
        let mut path = copy.as_os_str().to_owned();
        path.push(end);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(StoreError::io(copy, source)),
            _ => {}
        }
    }
    Ok(())
}

/// Copies, newest first.
fn copies(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(backups(folder)) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("user-") && name.ends_with(".db")
        })
        .collect();
    found.sort();
    found.reverse();
    found
}

/// Puts the newest sound copy where the file is missing or empty; `None` where there is no such copy.
pub(super) fn restore_missing(folder: &Path, path: &Path) -> Result<Option<Notice>, StoreError> {
    let Some(copy) = newest_sound(folder) else {
        return Ok(None);
    };
    let unfinished = prepare(folder, &copy)?;
    take_place(folder, path, &unfinished).map_err(|source| StoreError::io(path, source))?;
    Ok(Some(Notice::new(
        "conversations_restored",
        format!(
            "The file of your conversations was missing or empty; the copy `{}` took its place, so that the newest may be missing.\nIf you have moved the file, close DocMind and put it back as `{}`.",
            copy.display(),
            path.display()
        ),
    )))
}

/// Sets the damaged file aside and puts the newest sound copy in its place.
pub(super) fn restore(folder: &Path, path: &Path, detail: &str) -> Result<Notice, StoreError> {
    let Some(copy) = newest_sound(folder) else {
        return Err(StoreError::UserDamaged {
            path: path.to_owned(),
            detail: detail.to_owned(),
        });
    };
    let mut aside = path.with_extension("db.damaged");
    let mut number = 1;
    while aside.exists() {
        number += 1;
        aside = path.with_extension(format!("db.damaged-{number}"));
    }
    // A file stands under its name at every moment: killed in between, the next start finds the damaged one and tries again.
    let unfinished = prepare(folder, &copy)?;
    let in_place = || -> io::Result<()> {
        if fs::hard_link(path, &aside).is_err() {
            fs::copy(path, &aside)?;
        }
        take_place(folder, path, &unfinished)
    };
    in_place().map_err(|source| StoreError::io(path, source))?;
    Ok(Notice::new(
        "conversations_restored",
        format!(
            "The file of your conversations was damaged; the copy `{}` took its place, so that the newest may be missing.\nThe damaged file is kept as `{}`.",
            copy.display(),
            aside.display()
        ),
    ))
}

/// Copies the copy, which stays one. By SQLite, since a copy may have a log of its own beside it: what was forgotten in it when the machine
/// lost power stands there, and its pages may be half folded in.
fn prepare(folder: &Path, copy: &Path) -> Result<PathBuf, StoreError> {
    let unfinished = unfinished(folder);
    delete(&unfinished)?;
    Database::open(copy, &schema::USER)?.vacuum_into(&unfinished)?;
    fs::File::open(&unfinished)
        .and_then(|file| file.sync_all())
        .map_err(|source| StoreError::io(&unfinished, source))?;
    Ok(unfinished)
}

/// Gives it the file's name; a log left behind is another file's.
fn take_place(folder: &Path, path: &Path, unfinished: &Path) -> io::Result<()> {
    for log in ["user.db-wal", "user.db-shm"] {
        let log = folder.join(log);
        if log.exists() {
            fs::remove_file(log)?;
        }
    }
    fs::rename(unfinished, path)?;
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

fn newest_sound(folder: &Path) -> Option<PathBuf> {
    copies(folder).into_iter().find(|copy| is_sound(copy))
}

fn is_sound(copy: &Path) -> bool {
    let check = || -> rusqlite::Result<String> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(copy, flags)?.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
    };
    check().is_ok_and(|verdict| verdict == "ok")
}
