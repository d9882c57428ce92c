//! What was found in files, kept while they stay as they were: a process that loads or writes answers late.

use crate::listeners::lock;
use docmind_core::error::ErrorReport;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::SystemTime;

/// Bytes of a file, and when it was changed.
type Stamp = (u64, SystemTime);

/// What was found, by path.
pub(super) struct ByFile<T> {
    known: Mutex<HashMap<String, (Stamp, T)>>,
}

impl<T> Default for ByFile<T> {
    fn default() -> Self {
        Self {
            known: Mutex::default(),
        }
    }
}

impl<T: Clone> ByFile<T> {
    /// What `look` finds in a file, or found in it before. Failures are not kept.
    pub(super) fn of(&self, path: &str, look: &dyn Fn(&str) -> Result<T, ErrorReport>) -> Result<T, ErrorReport> {
        let Some(now) = stamp(path) else { return look(path) };
        if let Some((then, found)) = lock(&self.known).get(path)
            && *then == now
        {
            return Ok(found.clone());
        }
        let found = look(path)?;
        lock(&self.known).insert(path.to_owned(), (now, found.clone()));
        Ok(found)
    }
}

fn stamp(path: &str) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_file_is_looked_into_again_once_it_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf").to_string_lossy().into_owned();
        let looks = Cell::new(0);
        let files = ByFile::default();
        let look = |path: &str| {
            looks.set(looks.get() + 1);
            std::fs::read_to_string(path).map_err(|error| ErrorReport::new("model_unreadable", error.to_string()))
        };
        assert!(files.of(&path, &look).is_err());
        std::fs::write(&path, "one").unwrap();
        assert_eq!(files.of(&path, &look).unwrap(), "one");
        assert_eq!(files.of(&path, &look).unwrap(), "one");
        assert_eq!(looks.get(), 2);
        std::fs::write(&path, "another").unwrap();
        assert_eq!(files.of(&path, &look).unwrap(), "another");
        std::fs::remove_file(&path).unwrap();
        assert!(files.of(&path, &look).is_err(), "what is gone is not remembered");
    }
}
