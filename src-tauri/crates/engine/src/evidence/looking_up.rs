//! Looking up what evidence cites, in the files that are there.

mod shelf;

use super::{CitedPassage, Evidence};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::extract::{Extracted, Extractor};
use crate::scan::{Found, Origin, walk};
use docmind_core::cancel::CancelToken;
use docmind_core::document::{ContentHash, Page};
use docmind_core::error::ErrorReport;
use serde::{Deserialize, Serialize};
use shelf::Shelf;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf, Prefix};

/// What is said of a cited passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The file is the one that was cited, byte by byte, and the quote stands on its page.
    Proven,
    /// The file has changed since; the quote still stands in it.
    Changed,
    /// The file has changed since, and the quote is gone from it.
    Gone,
    /// The file is the one that was cited, and the quote is not on its page: one of both was made up.
    Contradicted,
    /// No such file was found.
    Missing,
    /// The file could not be read.
    Unread,
}

impl Verdict {
    /// Its name in messages and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Changed => "changed",
            Self::Gone => "gone",
            Self::Contradicted => "contradicted",
            Self::Missing => "missing",
            Self::Unread => "unread",
        }
    }
}

/// A cited passage that was looked up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Checked {
    /// 1-based number of the question.
    pub turn: u32,
    /// As cited.
    pub passage: CitedPassage,
    /// What came of it.
    pub verdict: Verdict,
    /// The file that was looked at; lossy where its path is not UTF-8.
    pub found: Option<String>,
    /// Page of that file where the quote stands.
    pub found_page: Option<u32>,
    /// Why it could not be read.
    pub error: Option<ErrorReport>,
}

/// Evidence, and what came of looking up its passages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CheckedEvidence {
    /// As read.
    pub evidence: Evidence,
    /// In its order, each passage of a question once.
    pub checked: Vec<Checked>,
}

impl Engine {
    /// Reads evidence and looks up what it cites: below `folder` where one is named, where the library has files with the cited bytes, and
    /// where they were. `progress` hears how many of how many documents are done.
    ///
    /// # Errors
    /// Those of [`Evidence::read`] and [`Verifier::check`], and the store's own.
    pub fn check_evidence(
        &self,
        path: &Path,
        folder: Option<&Path>,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<CheckedEvidence, ErrorReport> {
        let evidence = Evidence::read(path)?;
        let extractor = match Extractor::recognising(&self.0.files) {
            Err(EngineError::RecognitionMissing) => Extractor::new(&self.0.files),
            found => found,
        }?;
        let mut verifier = Verifier::new(extractor, folder, self.0.dir.root(), cancel)?;
        let hashes: BTreeSet<&ContentHash> = evidence
            .turns
            .iter()
            .flat_map(|turn| turn.citations.iter().map(|passage| &passage.hash))
            .collect();
        for hash in hashes {
            for path in self.0.library.paths_with(hash)? {
                verifier.shelf.put(path);
            }
        }
        let checked = verifier.check(&evidence, cancel, progress)?;
        Ok(CheckedEvidence { evidence, checked })
    }
}

/// Looks up what evidence cites.
pub struct Verifier {
    extractor: Extractor,
    /// Files to look among.
    shelf: Shelf,
}

/// A file that stands for a cited document.
struct Candidate {
    path: PathBuf,
    /// It has the cited bytes.
    is_same: bool,
}

/// A file that was read. The words of a page are taken once, however many passages are looked for on it.
struct Leafed {
    pages: Vec<Page>,
    /// One a page, in the same order.
    words: Vec<OnceCell<String>>,
}

impl From<Extracted> for Leafed {
    fn from(extracted: Extracted) -> Self {
        Self {
            words: extracted.pages.iter().map(|_| OnceCell::new()).collect(),
            pages: extracted.pages,
        }
    }
}

impl Leafed {
    /// Whether these words stand on the page at `at`, from 0.
    fn holds(&self, at: usize, quote: &str) -> bool {
        let text = self.words[at].get_or_init(|| words(&self.pages[at].text));
        !quote.is_empty() && text.contains(quote)
    }
}

impl Verifier {
    /// Looks for files where they were, and below `folder` first where one is named. Nothing in `leave_out`, the data folder, is looked at.
    ///
    /// # Errors
    /// `file_missing` where `folder` is none.
    pub fn new(
        extractor: Extractor,
        folder: Option<&Path>,
        leave_out: &Path,
        cancel: &CancelToken,
    ) -> Result<Self, ErrorReport> {
        let mut shelf = Shelf::default();
        if let Some(folder) = folder {
            if !folder.is_dir() {
                let message = format!(
                    "`{}` is no folder.\nName the one that holds the documents.",
                    folder.display()
                );
                return Err(ErrorReport::new("file_missing", message));
            }
            walk(&[folder.to_owned()], Origin::Named, leave_out, cancel, &mut |found| {
                if let Found::File { stamp, .. } = found {
                    shelf.put(stamp.path);
                }
            });
        }
        Ok(Self { extractor, shelf })
    }

    /// Looks up every passage, document by document; `progress` hears how many of how many documents are done. In the order of the evidence.
    ///
    /// # Errors
    /// `cancelled`.
    pub fn check(
        &mut self,
        evidence: &Evidence,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Checked>, ErrorReport> {
        let mut documents: BTreeMap<(&ContentHash, &str), Vec<usize>> = BTreeMap::new();
        let mut cited = Vec::new();
        let mut seen = HashSet::new();
        for (turn, number) in evidence.turns.iter().zip(1_u32..) {
            for passage in &turn.citations {
                // A passage that several sentences rest on is looked up once.
                if seen.insert((number, passage.n, passage.page, passage.span)) {
                    let of = documents.entry((&passage.hash, passage.path.as_str())).or_default();
                    of.push(cited.len());
                    cited.push((number, passage));
                }
            }
        }
        let all = documents.len();
        let mut checked: Vec<Option<Checked>> = cited.iter().map(|_| None).collect();
        for (done, passages) in documents.into_values().enumerate() {
            progress(done, all);
            let (_, first) = cited[passages[0]];
            let candidate = self.shelf.candidate(first, cancel);
            let read = candidate
                .as_ref()
                .map(|candidate| self.extractor.extract(&candidate.path, cancel).map(Leafed::from));
            if cancel.is_cancelled() {
                return Err(ErrorReport::cancelled());
            }
            for at in passages {
                let (turn, passage) = cited[at];
                checked[at] = Some(judge(turn, passage, candidate.as_ref(), read.as_ref()));
            }
        }
        progress(all, all);
        Ok(checked.into_iter().flatten().collect())
    }
}

/// A path that a stranger may have written: a whole one, to a file of this machine. Opening one of another machine would greet it with the
/// person's name and password's hash.
fn is_looked_at(path: &Path) -> bool {
    let is_local = match path.components().next() {
        Some(Component::Prefix(prefix)) => matches!(prefix.kind(), Prefix::Disk(_) | Prefix::VerbatimDisk(_)),
        _ => true,
    };
    is_local && path.is_absolute() && path.is_file()
}

fn judge(
    turn: u32,
    passage: &CitedPassage,
    candidate: Option<&Candidate>,
    read: Option<&Result<Leafed, ErrorReport>>,
) -> Checked {
    let mut checked = Checked {
        turn,
        passage: passage.clone(),
        verdict: Verdict::Missing,
        found: candidate.map(|candidate| candidate.path.to_string_lossy().into_owned()),
        found_page: None,
        error: None,
    };
    let (Some(candidate), Some(read)) = (candidate, read) else {
        return checked;
    };
    let file = match read {
        Ok(file) => file,
        Err(report) => {
            checked.verdict = Verdict::Unread;
            checked.error = Some(report.clone());
            return checked;
        }
    };
    let quote = words(&passage.quote);
    let cited = file.pages.iter().position(|page| page.number == passage.page);
    let holds = |at: &usize| file.holds(*at, &quote);
    if candidate.is_same {
        if cited.is_some_and(|at| holds(&at)) {
            checked.verdict = Verdict::Proven;
            checked.found_page = Some(passage.page);
        } else if let Some(why) = unread(cited.map(|at| &file.pages[at]), passage.page) {
            checked.verdict = Verdict::Unread;
            checked.error = Some(why);
        } else {
            checked.verdict = Verdict::Contradicted;
        }
        return checked;
    }
    let still = cited.filter(holds).or_else(|| (0..file.pages.len()).find(holds));
    checked.found_page = still.map(|at| file.pages[at].number);
    checked.verdict = if still.is_some() {
        Verdict::Changed
    } else {
        Verdict::Gone
    };
    checked
}

/// Why a page of the cited file cannot be compared.
fn unread(page: Option<&Page>, number: u32) -> Option<ErrorReport> {
    match page {
        Some(page) if page.recognised => Some(ErrorReport::new(
            "recognised_otherwise",
            format!("Page {number} is a picture, and its text is recognised otherwise here.\nLook at the page itself."),
        )),
        Some(page) if !page.text.trim().is_empty() => None,
        _ => Some(ErrorReport::new(
            "no_text",
            format!("Page {number} has no text of its own.\nAdd `--recognise` to have it read by text recognition."),
        )),
    }
}

/// The words alone: how they are set apart says nothing.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::tests::passage;

    fn read(texts: &[(&str, bool)]) -> Leafed {
        let page = |(&(text, recognised), number): (&(&str, bool), u32)| Page {
            number,
            text: text.to_owned(),
            recognised,
            ..Page::default()
        };
        Leafed::from(Extracted {
            media_type: "application/pdf".to_owned(),
            title: "Lease".to_owned(),
            pages: texts.iter().zip(1..).map(page).collect(),
            warnings: Vec::new(),
            ms: 0.0,
        })
    }

    fn verdict(quote: &str, page: u32, is_same: bool, texts: &[(&str, bool)]) -> (Verdict, Option<u32>) {
        let candidate = Candidate {
            path: "/lease.pdf".into(),
            is_same,
        };
        let checked = judge(1, &passage(quote, page), Some(&candidate), Some(&Ok(read(texts))));
        (checked.verdict, checked.found_page)
    }

    #[test]
    fn a_quote_is_proven_by_the_file_it_was_cited_from() {
        let texts = [("The rent\nis due.", false), ("Keys.", false)];
        assert_eq!(verdict("rent\nis due.", 1, true, &texts), (Verdict::Proven, Some(1)));
        assert_eq!(verdict("rent is due.", 1, true, &texts), (Verdict::Proven, Some(1)));
        assert_eq!(
            verdict("rent is waived.", 1, true, &texts),
            (Verdict::Contradicted, None)
        );
        assert_eq!(verdict("rent is due.", 2, true, &texts), (Verdict::Contradicted, None));
        assert_eq!(
            verdict(" ", 1, true, &texts),
            (Verdict::Contradicted, None),
            "of nothing nothing follows"
        );
    }

    #[test]
    fn a_changed_file_is_looked_through() {
        let texts = [("Preface.", false), ("The rent is due.", false)];
        assert_eq!(verdict("rent is due.", 2, false, &texts), (Verdict::Changed, Some(2)));
        assert_eq!(verdict("rent is due.", 1, false, &texts), (Verdict::Changed, Some(2)));
        assert_eq!(verdict("rent is waived.", 1, false, &texts), (Verdict::Gone, None));
    }

    #[test]
    fn a_page_that_was_not_read_contradicts_nothing() {
        assert_eq!(verdict("rent", 1, true, &[("", false)]).0, Verdict::Unread);
        assert_eq!(verdict("rent", 3, true, &[("Keys.", false)]).0, Verdict::Unread);
        assert_eq!(verdict("rent", 1, true, &[("The rcnt", true)]).0, Verdict::Unread);
        let checked = judge(1, &passage("rent", 1), None, None);
        assert_eq!((checked.verdict, checked.found), (Verdict::Missing, None));
    }

    #[test]
    fn the_words_of_a_page_are_taken_once_and_only_where_they_are_looked_for() {
        let file = read(&[("The rent\nis due.", false), ("Keys.", false)]);
        assert!(file.holds(0, "rent is due."));
        assert!(file.words[1].get().is_none(), "nobody looked there");
        let first = file.words[0].get().map(|words| words.as_ptr());
        assert!(!file.holds(0, "rent is waived."));
        assert_eq!(file.words[0].get().map(|words| words.as_ptr()), first);
    }

    #[test]
    fn only_whole_paths_of_this_machine_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.txt");
        std::fs::write(&file, "a").unwrap();
        assert!(is_looked_at(&file));
        assert!(!is_looked_at(folder.path()));
        assert!(
            !is_looked_at(Path::new("Cargo.toml")),
            "a relative one means another file here"
        );
        assert!(!is_looked_at(Path::new(r"\\server\share\a.txt")));
    }
}
