//! A library of a labelled folder, made the way a person's is.

use super::EvalOptions;
use super::dataset::{Dataset, Entry};
use crate::engine::{Background, Engine, EngineOptions, OpenMode};
use crate::search::Retrieved;
use docmind_core::cancel::CancelToken;
use docmind_core::document::DocumentId;
use docmind_core::error::ErrorReport;
use docmind_core::rank::CANDIDATES;
use docmind_core::retrieval::SearchMode;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

/// A library over a labelled folder; its folder goes with it, unless it is kept.
pub(super) struct LabelledLibrary {
    pub(super) engine: Engine,
    /// Place in the corpus of each document of the library.
    pub(super) places: HashMap<DocumentId, usize>,
    /// From the first file until all is searchable.
    pub(super) index_seconds: f64,
    scratch: std::path::PathBuf,
    keep: bool,
}

impl LabelledLibrary {
    pub(super) fn build(dataset: &Dataset, options: &EvalOptions, cancel: &CancelToken) -> Result<Self, ErrorReport> {
        let files = options.scratch.join("files");
        write_files(dataset, &files).map_err(|error| {
            ErrorReport::new(
                "data_folder_unusable",
                format!(
                    "`{}` cannot be written.\nName a folder with room with --library, or in TMPDIR.",
                    files.display()
                ),
            )
            .with_detail(error)
        })?;
        let engine = Engine::open(EngineOptions {
            data_dir: Some(options.scratch.join("library")),
            bin_dir: options.bin_dir.clone(),
            runtime_dir: options.runtime_dir.clone(),
            mode: OpenMode::ReadWrite,
            background: Background::Ingest,
        })?;
        let mut library = Self {
            engine,
            places: HashMap::new(),
            index_seconds: 0.0,
            scratch: options.scratch.clone(),
            keep: options.keep,
        };
        let started = Instant::now();
        library
            .engine
            .add_paths(std::slice::from_ref(&files), cancel, &mut |_| {})?;
        library.engine.wait_for_ingest(cancel)?;
        library.index_seconds = started.elapsed().as_secs_f64();
        for place in 0..dataset.corpus.len() {
            for id in library.engine.documents_at(&files.join(file_name(place)))? {
                library.places.insert(id, place);
            }
        }
        library.forget_others(&files)?;
        Ok(library)
    }

    /// A kept library may hold documents of another folder, or of what this one was before: they would be found in the place of its own.
    fn forget_others(&self, files: &Path) -> Result<(), ErrorReport> {
        let mut others = self.engine.documents_at(files)?;
        others.retain(|id| !self.places.contains_key(id));
        if others.is_empty() {
            Ok(())
        } else {
            self.engine.forget_vanished(&others)
        }
    }

    /// Places of the documents a query finds, best first, each once.
    pub(super) fn ranked(&self, retrieved: &Retrieved) -> Vec<usize> {
        let mut ranked: Vec<usize> = Vec::new();
        for scored in &retrieved.passages {
            if let Some(place) = self.places.get(&scored.chunk.document)
                && !ranked.contains(place)
            {
                ranked.push(*place);
            }
        }
        ranked
    }

    pub(super) fn retrieve(
        &self,
        query: &str,
        mode: SearchMode,
        scope: Option<&[DocumentId]>,
        cancel: &CancelToken,
    ) -> Result<Retrieved, ErrorReport> {
        self.retrieve_among(CANDIDATES, query, mode, scope, cancel)
    }

    /// As [`LabelledLibrary::retrieve`], with so many passages from each ranking.
    pub(super) fn retrieve_among(
        &self,
        candidates: usize,
        query: &str,
        mode: SearchMode,
        scope: Option<&[DocumentId]>,
        cancel: &CancelToken,
    ) -> Result<Retrieved, ErrorReport> {
        let retrieved = self.engine.retrieve_among(candidates, query, mode, scope, cancel)?;
        // A figure measured on words alone must not pass for one of both rankings.
        match retrieved.notices.first() {
            Some(notice) => Err(ErrorReport::new(notice.code.clone(), notice.message.clone())),
            None => Ok(retrieved),
        }
    }
}

impl Drop for LabelledLibrary {
    fn drop(&mut self) {
        self.engine.close();
        if self.keep {
            return;
        }
        if let Err(error) = std::fs::remove_dir_all(&self.scratch) {
            tracing::warn!(%error, folder = %self.scratch.display(), "the scratch library stays behind");
        }
    }
}

fn file_name(place: usize) -> String {
    format!("{place:06}.html")
}

/// The place for which a file was written here.
fn place_of(file: &OsStr) -> Option<usize> {
    let place = file.to_str()?.strip_suffix(".html")?.parse().ok()?;
    (file == file_name(place).as_str()).then_some(place)
}

fn write_files(dataset: &Dataset, folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // A person may have named a folder with files of their own: those stay.
        if place_of(&entry.file_name()).is_some_and(|place| place >= dataset.corpus.len()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    for (place, entry) in dataset.corpus.iter().enumerate() {
        let path = folder.join(file_name(place));
        let page = page(place, entry);
        // In a kept library an unchanged file keeps its time, and is not read again.
        if std::fs::read(&path).is_ok_and(|known| known == page.as_bytes()) {
            continue;
        }
        std::fs::write(path, page)?;
    }
    Ok(())
}

/// HTML, because there a title is a title and no character of the text means anything but itself. The place is written into it, since
/// files of the same bytes are one document of a library, while the labels may mean either of two equal ones. Without a text the
/// title is all there is to find.
fn page(place: usize, entry: &Entry) -> String {
    let mut page = String::with_capacity(entry.text.len() + 160);
    let _ = write!(
        page,
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><meta name=\"place\" content=\"{place}\"><title>{}</title></head><body>",
        escaped(&entry.title)
    );
    let text = if entry.text.trim().is_empty() {
        &entry.title
    } else {
        &entry.text
    };
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        let _ = write!(page, "<p>{}</p>", escaped(paragraph));
    }
    page.push_str("</body></html>");
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(title: &str, text: &str) -> Entry {
        Entry {
            id: "a".into(),
            title: title.into(),
            text: text.into(),
        }
    }

    #[test]
    fn equal_documents_are_different_files() {
        let same = entry("T", "x");
        assert_ne!(page(1, &same), page(2, &same));
    }

    #[test]
    fn files_of_a_larger_folder_do_not_stay_and_those_of_others_do() {
        let folder = tempfile::tempdir().unwrap();
        let write = |corpus: Vec<Entry>| {
            let dataset = Dataset {
                name: String::new(),
                corpus,
                queries: Vec::new(),
                relevant: Vec::new(),
            };
            write_files(&dataset, folder.path()).unwrap();
            std::fs::read_dir(folder.path()).unwrap().count()
        };
        for own in ["2.html", "letters.html", "000002.txt"] {
            std::fs::write(folder.path().join(own), "a person's own").unwrap();
        }
        assert_eq!(write(vec![entry("A", "x"), entry("B", "y"), entry("C", "z")]), 6);
        assert_eq!(write(vec![entry("A", "x")]), 4);
    }

    #[test]
    fn a_document_without_text_is_its_title_and_paragraphs_stay() {
        assert!(page(0, &entry("Wings & tails", " ")).contains("<p>Wings &amp; tails</p>"));
        assert!(page(0, &entry("T", "one\n\ntwo\nthree\n\n")).ends_with("<p>one</p><p>two\nthree</p></body></html>"));
    }
}
