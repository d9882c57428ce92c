//! The files to look among, by name and by content.

use super::super::CitedPassage;
use super::{Candidate, is_looked_at};
use crate::ingest::content::{Content, OpenFailure};
use docmind_core::cancel::CancelToken;
use docmind_core::document::ContentHash;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// `None` for a file that cannot be opened.
type Hashes = HashMap<PathBuf, Option<ContentHash>>;

/// Files by their ending. Each is hashed once at most, and none before it may be the one, however many documents are looked up.
#[derive(Default)]
pub(super) struct Shelf {
    /// By ending in lower case.
    kinds: HashMap<OsString, Kind>,
    hashes: Hashes,
}

/// The files of one ending.
#[derive(Default)]
struct Kind {
    /// In the order in which they came.
    files: Vec<PathBuf>,
    /// Where in `files` those of a name stand.
    named: HashMap<OsString, Vec<usize>>,
    /// So many of `files` were hashed,
    hashed: usize,
    /// and here each content was met first.
    met: HashMap<ContentHash, usize>,
}

impl Shelf {
    /// One more file.
    pub(super) fn put(&mut self, file: PathBuf) {
        let kind = self.kinds.entry(ending(&file)).or_default();
        if let Some(name) = file.file_name() {
            kind.named.entry(name.to_owned()).or_default().push(kind.files.len());
        }
        kind.files.push(file);
    }

    /// The file with the cited bytes; else one of its name, which may have changed. Those of its name are looked at first, and then the
    /// one where it was.
    pub(super) fn candidate(&mut self, passage: &CitedPassage, cancel: &CancelToken) -> Option<Candidate> {
        let there = Path::new(&passage.path);
        let Self { kinds, hashes } = self;
        let kind = kinds.get_mut(&ending(there));
        let mut near: Vec<PathBuf> = kind.as_deref().map(|kind| kind.of_name(there)).unwrap_or_default();
        if is_looked_at(there) {
            near.push(there.to_owned());
        }
        let is_cited = |file: &&PathBuf| hash(hashes, file, cancel).as_ref() == Some(&passage.hash);
        let same = near.iter().find(is_cited).cloned();
        let same = same.or_else(|| kind.and_then(|kind| kind.with_content(&passage.hash, hashes, cancel)));
        if let Some(path) = same {
            return Some(Candidate { path, is_same: true });
        }
        // The library may know one that is gone.
        let changed = near.into_iter().find(|file| file.is_file());
        changed.map(|path| Candidate { path, is_same: false })
    }
}

impl Kind {
    /// Those of a path's name.
    fn of_name(&self, path: &Path) -> Vec<PathBuf> {
        let numbers = path.file_name().and_then(|name| self.named.get(name));
        numbers
            .into_iter()
            .flatten()
            .map(|at| self.files[*at].clone())
            .collect()
    }

    /// The first with this content; hashes no more than it takes to find it.
    fn with_content(&mut self, wanted: &ContentHash, hashes: &mut Hashes, cancel: &CancelToken) -> Option<PathBuf> {
        while !self.met.contains_key(wanted) && !cancel.is_cancelled() {
            let file = self.files.get(self.hashed)?;
            if let Some(found) = hash(hashes, file, cancel) {
                self.met.entry(found).or_insert(self.hashed);
            }
            self.hashed += 1;
        }
        self.met.get(wanted).map(|at| self.files[*at].clone())
    }
}

fn ending(path: &Path) -> OsString {
    path.extension().unwrap_or_default().to_ascii_lowercase()
}

fn hash(hashes: &mut Hashes, file: &Path, cancel: &CancelToken) -> Option<ContentHash> {
    if let Some(known) = hashes.get(file) {
        return known.clone();
    }
    let found = match Content::open(file, cancel) {
        Ok(content) => Some(content.hash),
        Err(OpenFailure::Settled(_)) => None,
        Err(OpenFailure::Cancelled) => return None,
    };
    hashes.insert(file.to_owned(), found.clone());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::tests::passage;

    fn cited(path: &Path, text: &str) -> CitedPassage {
        CitedPassage {
            path: path.display().to_string(),
            hash: ContentHash(blake3::hash(text.as_bytes()).to_hex().to_string()),
            ..passage("rent", 1)
        }
    }

    fn shelf(files: &[PathBuf]) -> Shelf {
        let mut shelf = Shelf::default();
        for file in files {
            shelf.put(file.clone());
        }
        shelf
    }

    #[test]
    fn a_file_of_another_name_is_found_by_its_bytes_and_one_that_is_gone_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let files = [at("lease.txt"), at("other.TXT"), at("notes.md")];
        let found = || {
            let candidate = shelf(&files).candidate(&cited(&files[0], "rent"), &CancelToken::new());
            candidate.map(|found| (found.path, found.is_same))
        };
        assert_eq!(found(), None);
        std::fs::write(&files[1], "rent").unwrap();
        assert_eq!(found(), Some((files[1].clone(), true)));
        std::fs::write(&files[1], "rent is waived").unwrap();
        std::fs::write(&files[0], "no rent").unwrap();
        assert_eq!(found(), Some((files[0].clone(), false)));
    }

    #[test]
    fn a_file_is_hashed_once_and_not_before_it_may_be_the_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let files = [at("a.txt"), at("b.txt"), at("c.txt"), at("d.md")];
        for file in &files {
            std::fs::write(file, file.display().to_string()).unwrap();
        }
        let mut shelf = shelf(&files);
        let mut find = |text: &Path| {
            let cited = cited(&at("moved/away.txt"), &text.display().to_string());
            let found = shelf.candidate(&cited, &CancelToken::new()).map(|found| found.path);
            (found, shelf.hashes.len())
        };
        assert_eq!(find(&files[1]), (Some(files[1].clone()), 2));
        // What was hashed on the way is known from now on, even when it is gone.
        std::fs::remove_file(&files[0]).unwrap();
        assert_eq!(find(&files[0]), (Some(files[0].clone()), 2));
        assert_eq!(find(Path::new("nowhere")), (None, 3), "never one of another ending");
        assert_eq!(find(&files[2]), (Some(files[2].clone()), 3));
    }
}
