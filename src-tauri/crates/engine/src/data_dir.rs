//! The data folder: where it is, who may read it, and who owns it.
//!
//! Folders that are made here are 0700, files 0600. One process owns the folder at a time, by a lock on `owner.lock` that the system
//! drops when the process dies however it dies; `owner.pid` beside it is only there to be able to say who. `open` exists while the
//! library is open for writing: found at the start, the last exit was not a clean one.

use crate::error::EngineError;
use docmind_store::create_private_folder;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// An existing data folder, not necessarily owned.
#[derive(Clone, Debug)]
pub struct DataDir {
    root: PathBuf,
}

/// Ownership of a data folder; ends when dropped or when the process dies.
#[derive(Debug)]
pub struct Owned {
    dir: DataDir,
    /// Holds the lock.
    _lock: File,
    /// The owner before did not close the library.
    pub unclean: bool,
}

impl DataDir {
    /// The platform's folder for DocMind's data.
    ///
    /// # Errors
    /// [`EngineError::NoDataFolder`] where the system names none, such as without a home folder.
    pub fn default_root() -> Result<PathBuf, EngineError> {
        directories::ProjectDirs::from("org", "DocMind", "docmind")
            .map(|dirs| dirs.data_dir().to_owned())
            .ok_or(EngineError::NoDataFolder)
    }

    /// Makes the folder where it is missing and closes it to others.
    ///
    /// # Errors
    /// [`EngineError::DataFolder`] when it cannot be made.
    pub fn create(root: &Path) -> Result<Self, EngineError> {
        create_private_folder(root).map_err(EngineError::data_folder(root))?;
        let root = root.canonicalize().map_err(EngineError::data_folder(root))?;
        let dir = Self { root };
        for folder in [dir.models(), dir.logs(), dir.cache()] {
            create_private_folder(&folder).map_err(EngineError::data_folder(&folder))?;
        }
        Ok(dir)
    }

    /// An existing folder, untouched.
    ///
    /// # Errors
    /// [`EngineError::NoLibrary`] where there is none, [`EngineError::DataFolder`] where something else is in its place.
    pub fn existing(root: &Path) -> Result<Self, EngineError> {
        match fs::metadata(root) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(EngineError::data_folder(root)(io::ErrorKind::NotADirectory.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(EngineError::NoLibrary { path: root.to_owned() });
            }
            Err(error) => return Err(EngineError::data_folder(root)(error)),
        }
        let root = root.canonicalize().map_err(EngineError::data_folder(root))?;
        Ok(Self { root })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Stored language models.
    pub fn models(&self) -> PathBuf {
        self.root.join("models")
    }

    /// Rotated logs.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// What can be made again: prefix snapshots and the like.
    pub fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    /// Snapshots of prompt prefixes: what a model has read, ready to be read on.
    pub fn prefixes(&self) -> PathBuf {
        self.cache().join("prefixes")
    }

    /// Deletes the snapshots of prompt prefixes; they are made again when they are missed.
    ///
    /// # Errors
    /// One of them cannot be deleted.
    pub(crate) fn erase_prefixes(&self) -> io::Result<()> {
        let entries = match fs::read_dir(self.prefixes()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            match fs::remove_file(entry?.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// A person's settings.
    pub fn settings_file(&self) -> PathBuf {
        self.root.join("settings.json")
    }

    /// A person's own profiles.
    pub fn profiles_file(&self) -> PathBuf {
        self.root.join("profiles.toml")
    }

    fn lock_file(&self) -> PathBuf {
        self.root.join("owner.lock")
    }

    fn pid_file(&self) -> PathBuf {
        self.root.join("owner.pid")
    }

    fn open_marker(&self) -> PathBuf {
        self.root.join("open")
    }

    /// Takes ownership.
    ///
    /// # Errors
    /// [`EngineError::LibraryInUse`] when another process has it.
    pub fn own(self) -> Result<Owned, EngineError> {
        let path = self.lock_file();
        let lock = private_options()
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(EngineError::data_folder(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(EngineError::LibraryInUse { pid: self.owner_pid() }),
            Err(TryLockError::Error(source)) => return Err(EngineError::DataFolder { path, source }),
        }
        write_private(&self.pid_file(), std::process::id().to_string().as_bytes())
            .map_err(EngineError::data_folder(&self.pid_file()))?;
        let marker = self.open_marker();
        let unclean = marker.exists();
        write_private(&marker, b"").map_err(EngineError::data_folder(&marker))?;
        Ok(Owned {
            dir: self,
            _lock: lock,
            unclean,
        })
    }

    /// The process that wrote its number last.
    pub fn owner_pid(&self) -> Option<u32> {
        fs::read_to_string(self.pid_file()).ok()?.trim().parse().ok()
    }

    /// Bytes of all files in it.
    pub fn size_bytes(&self) -> u64 {
        folder_bytes(&self.root)
    }
}

impl Owned {
    /// The folder owned.
    pub fn dir(&self) -> &DataDir {
        &self.dir
    }

    /// Says that everything was closed in order. Called once, last.
    pub fn mark_clean(&self) {
        for path in [self.dir.open_marker(), self.dir.pid_file()] {
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %error, "a marker of the data folder could not be removed");
            }
        }
    }
}

fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => folder_bytes(&entry.path()),
            Ok(kind) if kind.is_file() => entry.metadata().map_or(0, |meta| meta.len()),
            _ => 0,
        })
        .sum()
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Writes a small file that only its owner may read.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    private_options()
        .create(true)
        .truncate(true)
        .open(path)?
        .write_all(bytes)
}

/// Replaces a file at once: a reader, or a power cut, sees the old or the new one, never a half.
pub(crate) fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let mut file = private_options().create(true).truncate(true).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&new, path)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Renames a file that could not be read, to a name that no earlier one has: `settings.json` to `settings.damaged.json`. Gives it.
pub(crate) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let end = path.extension().unwrap_or_default().to_string_lossy();
    let mut aside = path.with_extension(format!("damaged.{end}"));
    let mut number = 1;
    while aside.exists() {
        number += 1;
        aside = path.with_extension(format!("damaged-{number}.{end}"));
    }
    fs::rename(path, &aside)?;
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_owner_is_told_who_is_first() {
        let temp = tempfile::tempdir().unwrap();
        let first = DataDir::create(temp.path()).unwrap().own().unwrap();
        assert!(!first.unclean);
        let second = DataDir::create(temp.path()).unwrap().own().unwrap_err();
        assert!(matches!(second, EngineError::LibraryInUse { pid } if pid == Some(std::process::id())));
    }

    #[test]
    fn an_unclean_exit_is_noticed_once() {
        let temp = tempfile::tempdir().unwrap();
        drop(DataDir::create(temp.path()).unwrap().own().unwrap());
        let again = DataDir::create(temp.path()).unwrap().own().unwrap();
        assert!(again.unclean);
        again.mark_clean();
        drop(again);
        assert!(!DataDir::create(temp.path()).unwrap().own().unwrap().unclean);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_look() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("data");
        let owned = DataDir::create(&root).unwrap().own().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&root), 0o700);
        assert_eq!(mode(&owned.dir().models()), 0o700);
        assert_eq!(mode(&owned.dir().lock_file()), 0o600);
        assert_eq!(mode(&owned.dir().pid_file()), 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_of_others_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        let (shared, empty) = (temp.path().join("shared"), temp.path().join("empty"));
        for folder in [&shared, &empty] {
            fs::create_dir(folder).unwrap();
            fs::set_permissions(folder, fs::Permissions::from_mode(0o1777)).unwrap();
        }
        fs::write(shared.join("of-another"), "x").unwrap();
        for _ in 0..2 {
            let owned = DataDir::create(&shared).unwrap().own().unwrap();
            assert_eq!(mode(&shared), 0o1777);
            assert_eq!(mode(&owned.dir().models()), 0o700);
        }
        DataDir::create(&empty).unwrap();
        assert_eq!(mode(&empty), 0o700);
    }

    #[test]
    fn a_folder_that_is_a_file_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(matches!(DataDir::create(&file), Err(EngineError::DataFolder { .. })));
    }
}
