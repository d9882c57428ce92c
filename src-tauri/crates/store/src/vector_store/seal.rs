//! Making the index's files durable and knowing them again.
//!
//! LanceDB does not fsync on a local disk (12 of 12 simulated power cuts during ingest left a table that could not be opened) and
//! sums no data. So after each change its new files are synced here, and their sums are kept in the library.

use crate::database::restrict;
use crate::error::StoreError;
use crate::library::{FileSum, Library};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Files so small are summed again each time: among them is the one that LanceDB writes twice (the hint of the latest version).
const ALWAYS_SUMMED: u64 = 64 << 10;

/// Syncs what is new in `folder` and records its files as the index's.
pub(super) fn seal(library: &Library, folder: &Path) -> Result<(), StoreError> {
    let known = library.index_files()?;
    let mut files = BTreeMap::new();
    let listed = walk(folder)?;
    for (path, size) in listed.files {
        let name = name(library, &path)?;
        let sum = match known.get(&name) {
            Some(sum) if sum.size == size && size > ALWAYS_SUMMED => *sum,
            before => {
                let sum = sum(&path)?;
                if before.is_some_and(|before| *before != sum) && is_final(&path) {
                    let detail = format!("`{}` is not what was written", path.display());
                    return Err(StoreError::IndexUnavailable { detail });
                }
                if before != Some(&sum) {
                    restrict(&path, 0o600).map_err(|source| StoreError::io(&path, source))?;
                    sync(&path)?;
                }
                sum
            }
        };
        files.insert(name, sum);
    }
    if files != known {
        for folder in listed.folders.iter().map(PathBuf::as_path).chain(folder.parent()) {
            sync_folder(folder)?;
        }
    }
    library.set_index_files(&files)
}

/// True when the folder holds exactly what was recorded, byte for byte.
pub(super) fn is_intact(library: &Library, folder: &Path) -> Result<bool, StoreError> {
    let known = library.index_files()?;
    let listed = walk(folder)?;
    if listed.files.len() != known.len() {
        return Ok(false);
    }
    for (path, size) in &listed.files {
        match known.get(&name(library, path)?) {
            Some(expected) if expected.size == *size && *expected == sum(path)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// The folder whose files are recorded; `None` when there is no record.
pub(super) fn recorded_folder(library: &Library) -> Result<Option<PathBuf>, StoreError> {
    let files = library.index_files()?;
    let first = files.keys().next().and_then(|name| {
        let mut parts = name.split('/');
        Some((parts.next()?, parts.next()?))
    });
    Ok(first.map(|(index, folder)| library.folder().join(index).join(folder)))
}

/// LanceDB writes rows, versions, transactions and indices once and never again; what it does rewrite is its hint of the latest
/// version.
fn is_final(path: &Path) -> bool {
    path.extension().is_some_and(|extension| {
        ["lance", "manifest", "txn", "idx"]
            .iter()
            .any(|known| extension == *known)
    })
}

struct Listed {
    files: Vec<(PathBuf, u64)>,
    folders: Vec<PathBuf>,
}

fn walk(folder: &Path) -> Result<Listed, StoreError> {
    let mut listed = Listed {
        files: Vec::new(),
        folders: Vec::new(),
    };
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(StoreError::io(&folder, source)),
        };
        for entry in entries {
            let entry = entry.map_err(|source| StoreError::io(&folder, source))?;
            let path = entry.path();
            let metadata = entry.metadata().map_err(|source| StoreError::io(&path, source))?;
            if metadata.is_dir() {
                waiting.push(path);
            } else {
                listed.files.push((path, metadata.len()));
            }
        }
        listed.folders.push(folder);
    }
    Ok(listed)
}

/// The path below the data folder, with `/` everywhere.
fn name(library: &Library, path: &Path) -> Result<String, StoreError> {
    let relative = path.strip_prefix(library.folder()).ok().and_then(Path::to_str);
    let relative = relative.ok_or_else(|| StoreError::Value(format!("a file of the index: `{}`", path.display())))?;
    Ok(relative.replace('\\', "/"))
}

fn sum(path: &Path) -> Result<FileSum, StoreError> {
    let read = || -> io::Result<FileSum> {
        let mut file = File::open(path)?;
        let mut hasher = blake3::Hasher::new();
        let size = io::copy(&mut file, &mut hasher)?;
        Ok(FileSum {
            size,
            blake3: *hasher.finalize().as_bytes(),
        })
    };
    read().map_err(|source| StoreError::io(path, source))
}

fn sync(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|source| StoreError::io(path, source))
}

fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    // Windows keeps no handle of a folder that could be synced.
    if cfg!(unix) { sync(folder) } else { Ok(()) }
}
