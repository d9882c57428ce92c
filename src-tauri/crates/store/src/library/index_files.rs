//! What the vector index's folder held when it was last written. LanceDB checks no sums of its data: this does.

use super::Library;
use crate::error::StoreError;
use rusqlite::params;
use std::collections::BTreeMap;

/// Size and blake3 of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileSum {
    pub(crate) size: u64,
    pub(crate) blake3: [u8; 32],
}

impl Library {
    /// Files of the index by their path below the data folder.
    pub(crate) fn index_files(&self) -> Result<BTreeMap<String, FileSum>, StoreError> {
        self.database.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT path, size, blake3 FROM index_files")?;
            let files = statement.query_map([], |row| {
                Ok((
                    row.get(0)?,
                    FileSum {
                        size: row.get::<_, i64>(1)? as u64,
                        blake3: row.get(2)?,
                    },
                ))
            })?;
            Ok(files.collect::<Result<_, _>>()?)
        })
    }

    /// Replaces the record by `files`.
    pub(crate) fn set_index_files(&self, files: &BTreeMap<String, FileSum>) -> Result<(), StoreError> {
        let known = self.index_files()?;
        if known == *files {
            return Ok(());
        }
        // The index is derived: this changes nothing that searches by words or the exact scan know of.
        self.database.write(|transaction| {
            for path in known.keys().filter(|path| !files.contains_key(*path)) {
                transaction
                    .prepare_cached("DELETE FROM index_files WHERE path = ?1")?
                    .execute([path])?;
            }
            for (path, sum) in files.iter().filter(|(path, sum)| known.get(*path) != Some(*sum)) {
                transaction
                    .prepare_cached(
                        "INSERT INTO index_files (path, size, blake3) VALUES (?1, ?2, ?3)
                         ON CONFLICT (path) DO UPDATE SET size = excluded.size, blake3 = excluded.blake3",
                    )?
                    .execute(params![path, sum.size as i64, sum.blake3])?;
            }
            Ok(())
        })
    }
}
