//! `docmind bench search`: latency and recall on a made-up library, from the question's vector to passages in order.
//!
//! Vectors are clustered (a centre for every hundred passages, spread around it as real passages are around a topic), words follow
//! Zipf's law over 50,000 forms. The same seed makes the same library.

use crate::database::create_private_folder;
use crate::error::StoreError;
use crate::library::Library;
use crate::records::{FileStamp, IndexedDocument};
use crate::vector_store::VectorStore;
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::{ChunkDraft, ChunkId, EmbeddedChunk};
use docmind_core::document::{ContentHash, Page, Span};
use docmind_core::embedding::{EmbedderCard, Embedding, Precision};
use docmind_core::ports::VectorIndex;
use docmind_core::question::KeywordQuery;
use docmind_core::rank::{CANDIDATES, feedback, fuse, reread, vector_weight};
use docmind_core::retrieval::{Hit, SearchMode};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

const DIMENSIONS: usize = 384;
const PASSAGES_A_DOCUMENT: u32 = 500;
const PASSAGES_A_CLUSTER: u32 = 100;
/// Words of a passage: a 200-token chunk has some 140.
const WORDS: usize = 140;
const VOCABULARY: usize = 50_000;
const QUESTIONS: usize = 200;

/// Times of one way of searching, in ms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchTimes {
    /// Which rankings.
    pub mode: SearchMode,
    /// Median.
    pub ms_p50: f32,
    /// 95th of a hundred.
    pub ms_p95: f32,
}

/// What a benchmark of searching found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchBench {
    /// Passages searched.
    pub rows: u32,
    /// Length of a vector.
    pub dimensions: u32,
    /// Writing passages, words and vectors into the library.
    pub store_seconds: f32,
    /// Building the vector index.
    pub index_seconds: f32,
    /// Opening library and index again until the index answers.
    pub open_seconds: f32,
    /// By vector, by words, both fused and read again.
    pub times: Vec<SearchTimes>,
    /// The exact scan, for comparison, in ms.
    pub exact_ms_p50: f32,
    /// Share of the exact ten nearest that the index gives among its ten.
    #[serde(rename = "recall@10")]
    pub recall_at_10: f32,
    /// Bytes of the data folder.
    pub disk_bytes: u64,
}

/// Makes a library of `rows` passages in a temporary folder, searches it, and removes it. `progress` gets (passages done, in all).
///
/// # Errors
/// [`StoreError::Cancelled`], and as every writing.
pub fn bench_search(
    rows: u32,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(u32, u32),
) -> Result<SearchBench, StoreError> {
    let folder = TemporaryFolder::new()?;
    let world = World::new(rows);
    let started = Instant::now();
    {
        let library = Library::open(&folder.0)?;
        library.choose_embedder(&card())?;
        world.fill(&library, cancel, progress)?;
        library.close()?;
    }
    let store_seconds = started.elapsed().as_secs_f32();

    let started = Instant::now();
    {
        let library = std::sync::Arc::new(Library::open(&folder.0)?);
        let index = VectorStore::open(library, false)?;
        index.settle()?;
        index.close()?;
    }
    let index_seconds = started.elapsed().as_secs_f32();
    if cancel.is_cancelled() {
        return Err(StoreError::Cancelled);
    }

    let started = Instant::now();
    let library = std::sync::Arc::new(Library::open(&folder.0)?);
    let index = VectorStore::open(std::sync::Arc::clone(&library), false)?;
    index.settle()?;
    let open_seconds = started.elapsed().as_secs_f32();

    let (times, recall_at_10, exact_ms_p50) = world.ask(&library, &index, cancel)?;
    index.close()?;
    Ok(SearchBench {
        rows,
        dimensions: DIMENSIONS as u32,
        store_seconds,
        index_seconds,
        open_seconds,
        times,
        exact_ms_p50,
        recall_at_10,
        disk_bytes: size_of_folder(&folder.0),
    })
}

fn card() -> EmbedderCard {
    EmbedderCard {
        name: "made up".into(),
        dimensions: DIMENSIONS as u32,
        max_tokens: 256,
        precision: Precision::Fp32,
        query_prefix: String::new(),
        passage_prefix: String::new(),
        fingerprint: "bench".into(),
    }
}

/// The made-up documents.
struct World {
    rows: u32,
    /// Cumulated probabilities of the words by rank.
    zipf: Vec<f64>,
}

impl World {
    fn new(rows: u32) -> Self {
        let mut sum = 0.0;
        let mut zipf: Vec<f64> = (1..=VOCABULARY)
            .map(|rank| {
                sum += 1.0 / (rank as f64 + 2.7).powf(1.05);
                sum
            })
            .collect();
        for share in &mut zipf {
            *share /= sum;
        }
        Self { rows, zipf }
    }

    fn fill(
        &self,
        library: &Library,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<(), StoreError> {
        let mut done = 0;
        let mut number = 0;
        while done < self.rows {
            if cancel.is_cancelled() {
                return Err(StoreError::Cancelled);
            }
            let count = PASSAGES_A_DOCUMENT.min(self.rows - done);
            let stamp = FileStamp {
                path: PathBuf::from(format!("/made/up/{number}.txt")),
                size_bytes: 1,
                mtime_ns: 1,
            };
            let id = library.enqueue(std::slice::from_ref(&stamp), 0.0)?.files[0].id();
            let (page, chunks) = self.document(done, count);
            let document = IndexedDocument {
                stamp: &stamp,
                hash: &ContentHash(blake3::hash(page.text.as_bytes()).to_hex().to_string()),
                media_type: "text/plain",
                title: None,
                language: Some("en"),
                pages: std::slice::from_ref(&page),
                failed_pages: &[],
                chunks,
                fingerprint: "bench",
            };
            library.commit_document(id, document, 0.0)?;
            done += count;
            number += 1;
            progress(done, self.rows);
        }
        Ok(())
    }

    fn document(&self, first: u32, count: u32) -> (Page, Vec<EmbeddedChunk>) {
        let mut text = String::new();
        let mut at = 0;
        let mut chunks = Vec::with_capacity(count as usize);
        for row in first..first + count {
            if !text.is_empty() {
                text.push('\n');
                at += 1;
            }
            let passage = self.words(row, WORDS).join(" ");
            let length = passage.chars().count() as u32;
            text.push_str(&passage);
            let chunk = ChunkDraft {
                page: 1,
                span: Span::new(at, at + length),
                heading: Vec::new(),
                text: passage,
                table_header: String::new(),
                tokens: 200,
            };
            at += length;
            chunks.push(EmbeddedChunk {
                chunk,
                vector: Self::vector(row),
            });
        }
        (
            Page {
                number: 1,
                text,
                ..Page::default()
            },
            chunks,
        )
    }

    fn words(&self, row: u32, count: usize) -> Vec<String> {
        let mut random = Random::new(u64::from(row) << 1);
        (0..count)
            .map(|_| {
                let share = random.share();
                word(self.zipf.partition_point(|known| *known < share))
            })
            .collect()
    }

    fn vector(row: u32) -> Embedding {
        let mut centre = Random::new(0xc0de ^ (u64::from(row / PASSAGES_A_CLUSTER) << 20));
        let mut own = Random::new((u64::from(row) << 1) | 1);
        unit((0..DIMENSIONS).map(|_| centre.normal() + 0.7 * own.normal()))
    }

    /// A question near a passage, with some of its words.
    fn question(&self, number: usize) -> (Embedding, String) {
        let mut random = Random::new(0xa5f ^ ((number as u64) << 32));
        let row = random.next() as u32 % self.rows;
        let vector = Self::vector(row).to_f32();
        let vector = unit(vector.into_iter().map(|value| value + 0.03 * random.normal()));
        let words = self.words(row, WORDS);
        let asked: Vec<&str> = (0..3 + number % 4)
            .map(|_| words[random.next() as usize % WORDS].as_str())
            .collect();
        (vector, asked.join(" "))
    }

    fn ask(
        &self,
        library: &Library,
        index: &VectorStore,
        cancel: &CancelToken,
    ) -> Result<(Vec<SearchTimes>, f32, f32), StoreError> {
        let by_vector = |vector: &Embedding, limit: usize| -> Result<Vec<Hit>, StoreError> {
            futures::executor::block_on(index.search(vector, limit)).map_err(|report| StoreError::IndexUnavailable {
                detail: report.detail.unwrap_or(report.message),
            })
        };
        let mut taken: HashMap<SearchMode, Vec<f32>> = HashMap::new();
        let mut exact_taken = Vec::new();
        let (mut found, mut expected) = (0, 0);
        // The first questions warm the caches, as the first question of a person does.
        for number in 0..QUESTIONS + 10 {
            if cancel.is_cancelled() {
                return Err(StoreError::Cancelled);
            }
            let (vector, text) = self.question(number);
            let query = KeywordQuery::parse(&text);

            let started = Instant::now();
            let near = by_vector(&vector, CANDIDATES)?;
            let vector_ms = ms(started);
            let started = Instant::now();
            library.keyword_search(&query, CANDIDATES, None)?;
            let keyword_ms = ms(started);

            let started = Instant::now();
            let (vectors, words) = std::thread::scope(|threads| {
                let vectors = threads.spawn(|| by_vector(&vector, CANDIDATES));
                let words = library.keyword_search(&query, CANDIDATES, None);
                (vectors.join(), words)
            });
            let vectors = vectors.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            let weight = vector_weight(&query);
            let fused = fuse(&words?, &vectors, weight);
            let ids: Vec<ChunkId> = fused.iter().map(|candidate| candidate.id).collect();
            let held = ids
                .iter()
                .copied()
                .zip(library.vectors(&ids)?)
                .filter_map(|(id, vector)| Some((id, vector?)))
                .collect();
            let ranked = reread(&text, &feedback(fused, &vector, &held, weight), library.chunks(&ids)?);
            let hybrid_ms = ms(started);
            if ranked.is_empty() {
                return Err(StoreError::Value("a question of the benchmark found nothing".into()));
            }

            let started = Instant::now();
            let exact = library.exact_search(&vector, 10, None)?;
            let exact_ms = ms(started);
            let near: HashSet<ChunkId> = near.iter().take(10).map(|hit| hit.id).collect();
            if number >= 10 {
                found += exact.iter().filter(|hit| near.contains(&hit.id)).count();
                expected += exact.len();
                exact_taken.push(exact_ms);
                for (mode, taken_ms) in [
                    (SearchMode::Vector, vector_ms),
                    (SearchMode::Keyword, keyword_ms),
                    (SearchMode::Hybrid, hybrid_ms),
                ] {
                    taken.entry(mode).or_default().push(taken_ms);
                }
            }
        }
        let times = [SearchMode::Vector, SearchMode::Keyword, SearchMode::Hybrid]
            .into_iter()
            .map(|mode| {
                let taken = taken.entry(mode).or_default();
                SearchTimes {
                    mode,
                    ms_p50: share_of(taken, 0.5),
                    ms_p95: share_of(taken, 0.95),
                }
            })
            .collect();
        Ok((
            times,
            found as f32 / expected.max(1) as f32,
            share_of(&mut exact_taken, 0.5),
        ))
    }
}

fn ms(started: Instant) -> f32 {
    started.elapsed().as_secs_f32() * 1000.0
}

fn share_of(values: &mut [f32], share: f32) -> f32 {
    values.sort_by(f32::total_cmp);
    values
        .get(((values.len() as f32 - 1.0).max(0.0) * share).round() as usize)
        .copied()
        .unwrap_or(0.0)
}

fn unit(values: impl Iterator<Item = f32>) -> Embedding {
    let values: Vec<f32> = values.collect();
    let length = values
        .iter()
        .map(|value| value * value)
        .sum::<f32>()
        .sqrt()
        .max(f32::MIN_POSITIVE);
    Embedding::from_f32(&values.into_iter().map(|value| value / length).collect::<Vec<_>>())
}

/// A word for every rank, of syllables, so that stems differ as words do.
fn word(rank: usize) -> String {
    const ONSETS: [&str; 16] = [
        "b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "st", "t", "tr", "v", "z",
    ];
    const VOWELS: [&str; 4] = ["a", "i", "o", "u"];
    let mut out = String::new();
    let mut left = rank + 64;
    while left > 0 {
        out.push_str(ONSETS[left % 16]);
        out.push_str(VOWELS[left / 16 % 4]);
        left /= 64;
    }
    out.push('k');
    out
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In `[0, 1)`.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Of mean 0 and variance 1, near enough: the sum of twelve uniform numbers.
    fn normal(&mut self) -> f32 {
        let sum: u64 = (0..3)
            .map(|_| self.next())
            .map(|bits| (0..4).map(|at| (bits >> (16 * at)) & 0xffff).sum::<u64>())
            .sum();
        sum as f32 / 65_536.0 - 6.0
    }
}

struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> Result<Self, StoreError> {
        let nanoseconds = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .map_or(0, |since| since.subsec_nanos());
        let folder = std::env::temp_dir().join(format!("docmind-bench-{}-{nanoseconds}", std::process::id()));
        create_private_folder(&folder).map_err(|source| StoreError::io(&folder, source))?;
        Ok(Self(folder))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "the benchmark's library stays behind");
        }
    }
}

fn size_of_folder(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size_of_folder(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
