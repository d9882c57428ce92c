//! Real documents, wounded at random: whatever comes of them, each ends in a named state and the application lives.

use crate::hostile_reader::{longest, read, worker};
use anyhow::{Context, Result, ensure};
use docmind_core::document::DocumentState::{self, Ready};
use docmind_tests::{corpora, full, root};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Knuth's MMIX generator: a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }
}

/// One to eight wounds: bytes changed, pieces cut out, doubled, zeroed, brought in from another file, the end lost.
fn wounded(original: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=random.below(8) {
        if bytes.is_empty() {
            break;
        }
        let at = random.below(bytes.len());
        let to = (at + 1 + random.below(4_000)).min(bytes.len());
        match random.below(7) {
            0 | 1 => bytes[at] = random.below(256) as u8,
            2 => bytes[at] ^= 1 << random.below(8),
            3 => drop(bytes.drain(at..to)),
            4 => {
                let piece = bytes[at..to].to_vec();
                bytes.splice(at..at, piece);
            }
            5 if !other.is_empty() => {
                let from = random.below(other.len());
                let piece = other[from..(from + to - at).min(other.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            5 => bytes[at..to].fill(0),
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}

fn files_below(folder: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files_below(&path, into)?;
        } else {
            into.push(path);
        }
    }
    Ok(())
}

#[test]
fn wounded_documents_end_in_named_states() -> Result<()> {
    let mut files = Vec::new();
    files_below(&root().join("assets/samples"), &mut files)?;
    if let Some(corpora) = corpora() {
        for kind in ["pdfjs", "poi", "tika"] {
            files_below(&corpora.join("documents").join(kind), &mut files)?;
        }
    }
    files.sort();
    let count = if full() { 2_000 } else { 200 };
    let worker = worker();
    let mut random = Random(2026);
    let mut ends = std::collections::BTreeMap::new();
    let mut slowest = (Duration::ZERO, String::new());
    let mut wrong = Vec::new();
    for number in 0..count {
        let path = &files[random.below(files.len())];
        let other = std::fs::read(&files[random.below(files.len())])?;
        let bytes = wounded(&std::fs::read(path)?, &other, &mut random);
        let name = path.file_name().context("a listed file has a name")?.to_string_lossy();
        let end = read(&worker, &name, &bytes);
        let what = format!("number {number}, from {name}");
        *ends.entry(end.state.as_str()).or_insert(0) += 1;
        if end.took > slowest.0 {
            slowest = (end.took, what.clone());
        }
        let named =
            !matches!(end.state, DocumentState::Queued) && (end.state == Ready || end.message.lines().count() == 2);
        let honest = end.state != Ready || end.text.chars().any(|c| !c.is_whitespace());
        if !named || !honest || end.took > longest() {
            wrong.push(format!(
                "{what}: {} after {:.1?}: {}",
                end.state.as_str(),
                end.took,
                end.message
            ));
        }
        if end.state == DocumentState::Crashed {
            eprintln!("{what}: crashed: {}", end.message);
        }
    }
    eprintln!(
        "{count} wounded documents: {ends:?}; slowest {:.1?} ({})",
        slowest.0, slowest.1
    );
    ensure!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}
