//! What only the window asks for: a document's place on the disk, search inside a document, sizes of the data folder, and the
//! benchmark of profiles with its history.

use crate::bench_generate::GenerateBenchOptions;
use crate::clock::now_ms;
use crate::engine::Engine;
use docmind_core::cancel::CancelToken;
use docmind_core::document::{DocumentId, Span};
use docmind_core::error::ErrorReport;
use docmind_core::hardware::HardwareInventory;
use docmind_core::measurement::BenchRow;
use docmind_core::ports::HardwareProbe;
use docmind_net::gate::HostTraffic;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Tokens of the benchmark's prompt: about two pages.
const BENCH_PROMPT: u32 = 1024;
/// Tokens it writes.
const BENCH_OUTPUT: u32 = 64;
/// Places shown of one search in a document.
const MOST_PLACES: usize = 1000;
/// Under which runs are kept.
const BENCH_KIND: &str = "profiles";
/// Runs shown.
const BENCH_RUNS: usize = 20;

/// A place in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Place {
    /// 1-based.
    pub page: u32,
    /// In the page's text.
    pub span: Span,
}

/// Profiles measured together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct BenchRun {
    /// Milliseconds since the Unix epoch.
    pub at_ms: f64,
    /// The profile the others are compared with.
    pub baseline: String,
    /// In the order measured.
    pub rows: Vec<BenchRow>,
}

/// A part of the data folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct FolderPart {
    /// `library`, `index`, `user`, `models`, `logs`, `other`.
    pub name: String,
    /// What it takes.
    pub bytes: f64,
}

/// What went to and came from a host since the library was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Traffic {
    /// Host and port.
    pub host: String,
    /// Connections asked for.
    #[cfg_attr(feature = "bindings", specta(type = f64))]
    pub requests: u64,
    /// Bytes out, TLS included.
    #[cfg_attr(feature = "bindings", specta(type = f64))]
    pub sent: u64,
    /// Bytes in, TLS included.
    #[cfg_attr(feature = "bindings", specta(type = f64))]
    pub received: u64,
}

impl From<HostTraffic> for Traffic {
    fn from(traffic: HostTraffic) -> Self {
        Self {
            host: traffic.host,
            requests: traffic.requests,
            sent: traffic.sent,
            received: traffic.received,
        }
    }
}

impl Engine {
    /// Where a document is on the disk.
    ///
    /// # Errors
    /// `no_such_document`, and the store's own.
    pub fn document_path(&self, id: DocumentId) -> Result<PathBuf, ErrorReport> {
        Ok(self.record(id)?.path)
    }

    /// Where a text stands in a document, letter case and runs of white space aside; the first thousand places.
    ///
    /// # Errors
    /// `no_such_document`, and the store's own.
    pub fn find_in_document(&self, id: DocumentId, text: &str) -> Result<Vec<Place>, ErrorReport> {
        self.record(id)?;
        let wanted = folded(text.trim());
        let mut places = Vec::new();
        for page in self.0.library.pages(id)? {
            places.extend(find(&page.text, &wanted).into_iter().map(|span| Place {
                page: page.number,
                span,
            }));
            if places.len() >= MOST_PLACES {
                places.truncate(MOST_PLACES);
                break;
            }
        }
        Ok(places)
    }

    /// What the machine has.
    pub fn hardware(&self) -> HardwareInventory {
        self.0.machine.inventory()
    }

    /// What the parts of the data folder take.
    pub fn folder_parts(&self) -> Vec<FolderPart> {
        let mut parts: Vec<FolderPart> = Vec::new();
        for entry in std::fs::read_dir(self.data_dir().root())
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = part_of(&entry.file_name().to_string_lossy());
            let bytes = bytes_of(&entry.path());
            match parts.iter_mut().find(|part| part.name == name) {
                Some(part) => part.bytes += bytes,
                None => parts.push(FolderPart {
                    name: name.to_owned(),
                    bytes,
                }),
            }
        }
        parts.sort_by(|a, b| b.bytes.total_cmp(&a.bytes));
        parts
    }

    /// Measures profiles one after the other with the settings' model, the first as baseline, and keeps the run. `stage` is told what
    /// is being measured.
    ///
    /// # Errors
    /// `no_model`, `unknown_profile`, `cancelled`, and those of loading.
    pub fn bench_profiles(
        &self,
        names: &[String],
        cancel: &CancelToken,
        stage: &mut dyn FnMut(&str),
    ) -> Result<BenchRun, ErrorReport> {
        let options = GenerateBenchOptions {
            model: None,
            reference: None,
            profiles: names.to_vec(),
            prompt_tokens: BENCH_PROMPT,
            output_tokens: BENCH_OUTPUT,
            repeat: 2,
        };
        let measured = self.measure_profiles(&options, cancel, stage)?;
        let Some(first) = measured.rows.first() else {
            return Err(ErrorReport::new(
                "no_model",
                "There is no model that these profiles could run.\nChoose a model, then measure again.",
            ));
        };
        let run = BenchRun {
            at_ms: now_ms(),
            baseline: first.profile.clone(),
            rows: measured.rows,
        };
        self.remember_bench(&run)?;
        Ok(run)
    }

    /// Keeps a run, with the machine and the versions it was measured on.
    pub(crate) fn remember_bench(&self, run: &BenchRun) -> Result<(), ErrorReport> {
        let llama = self.0.generators.backends().map(|report| report.version);
        let mut kept =
            serde_json::to_value(run).map_err(|error| ErrorReport::new("bench_unsaved", error.to_string()))?;
        kept["machine"] = serde_json::json!(self.hardware());
        kept["versions"] = serde_json::json!({ "docmind": env!("CARGO_PKG_VERSION"), "llama_cpp": llama.ok() });
        self.user()?
            .remember_benchmark(BENCH_KIND, &kept.to_string(), run.at_ms)?;
        Ok(())
    }

    /// Earlier runs, the latest first.
    ///
    /// # Errors
    /// `read_only`, and the store's own.
    pub fn bench_runs(&self) -> Result<Vec<BenchRun>, ErrorReport> {
        let records = self.user()?.benchmarks(BENCH_KIND, BENCH_RUNS)?;
        // A run of an older version that cannot be read any more is no reason to hide the others.
        Ok(records
            .iter()
            .filter_map(|record| serde_json::from_str(&record.result).ok())
            .collect())
    }
}

fn part_of(file: &str) -> &'static str {
    let starts = |prefix: &str| file.starts_with(prefix);
    match file {
        _ if starts("library") => "library",
        _ if starts("user") => "user",
        _ if starts("models") => "models",
        _ if starts("logs") => "logs",
        _ if starts("vectors") || starts("index") => "index",
        _ => "other",
    }
}

fn bytes_of(path: &std::path::Path) -> f64 {
    match std::fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => std::fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| bytes_of(&entry.path()))
            // Not `sum`: that of nothing is minus zero.
            .fold(0.0, |sum, bytes| sum + bytes),
        Ok(meta) => meta.len() as f64,
        Err(_) => 0.0,
    }
}

/// Lower case, each run of white space one space.
fn folded(text: &str) -> Vec<char> {
    fold(text).map(|(c, _)| c).collect()
}

/// Each folded character with the number of the scalar value it stands for.
fn fold(text: &str) -> impl Iterator<Item = (char, u32)> {
    let mut in_space = false;
    text.chars().zip(0u32..).flat_map(move |(c, at)| {
        let space = c.is_whitespace();
        let skipped = space && in_space;
        in_space = space;
        let lower: Vec<(char, u32)> = match () {
            () if skipped => Vec::new(),
            () if space => vec![(' ', at)],
            () => c.to_lowercase().map(|c| (c, at)).collect(),
        };
        lower
    })
}

fn find(text: &str, wanted: &[char]) -> Vec<Span> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let page: Vec<(char, u32)> = fold(text).collect();
    let mut places = Vec::new();
    let mut at = 0;
    while at + wanted.len() <= page.len() {
        let here = &page[at..at + wanted.len()];
        if here.iter().zip(wanted).all(|((c, _), want)| c == want) {
            places.push(Span::new(here[0].1, here[here.len() - 1].1 + 1));
            at += wanted.len();
        } else {
            at += 1;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_found_over_line_ends_and_letter_case() {
        let page = "Früh.\nDer MIETER\n  zahlt. Der Mieter geht.";
        let spans = find(page, &folded("mieter zahlt"));
        assert_eq!(
            spans.iter().map(|span| span.slice(page)).collect::<Vec<_>>(),
            ["MIETER\n  zahlt"]
        );
        assert_eq!(find(page, &folded("der mieter")).len(), 2);
        assert_eq!(find(page, &folded("früh")).first().map(|span| span.start), Some(0));
        assert!(find(page, &folded("")).is_empty());
        assert!(find("", &folded("x")).is_empty());
    }
}
