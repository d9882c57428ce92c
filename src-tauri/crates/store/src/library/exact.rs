//! The exact scan: every vector of the library against the question. It answers while the index is built or broken, and it is the
//! yardstick the index is measured by.
//!
//! Vectors are kept in memory as the half floats they are stored as (77 MB for 100,000 of 384 dimensions), read from the library
//! on the first use and topped up with what was added since.

use super::read::embedding;
use super::{Library, current_embedder};
use crate::database::lock;
use crate::error::StoreError;
use docmind_core::chunk::ChunkId;
use docmind_core::document::DocumentId;
use docmind_core::embedding::Embedding;
use docmind_core::retrieval::Hit;
use half::f16;
use half::slice::HalfFloatSliceExt;
use rusqlite::{Connection, OptionalExtension, params};
use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};
use std::sync::Arc;

/// A segment is grown up to so many rows before a new one is begun.
const SEGMENT_ROWS: usize = 8192;
/// Rows turned into single precision at a time: they stay in the first-level cache.
const BLOCK_ROWS: usize = 16;
/// From so many rows on, two threads share the scan.
const PARALLEL_ROWS: usize = 16_384;

/// Vectors of one embedder, in the order they were added.
#[derive(Debug, Default)]
pub(super) struct ExactVectors {
    embedder: i64,
    dimensions: usize,
    /// The last row read.
    seq: i64,
    segments: Vec<Arc<Segment>>,
    /// Removed since they were read.
    gone: HashSet<u32>,
}

#[derive(Clone, Debug, Default)]
struct Segment {
    ids: Vec<u32>,
    values: Vec<f16>,
    /// One over the length of each vector: half floats are not quite unit vectors.
    scales: Vec<f32>,
}

impl Segment {
    fn push(&mut self, id: u32, vector: impl Iterator<Item = f16>) {
        let start = self.values.len();
        self.values.extend(vector);
        self.ids.push(id);
        self.scales
            .push(scale(self.values[start..].iter().map(|value| value.to_f32())));
    }
}

/// A question's vector, scaled to unit length.
struct Probe {
    values: Vec<f32>,
    scratch: Vec<f32>,
}

impl Probe {
    fn new(query: &Embedding) -> Self {
        let mut values = query.to_f32();
        let scale = scale(values.iter().copied());
        for value in &mut values {
            *value *= scale;
        }
        Self {
            scratch: vec![0.0; values.len()],
            values,
        }
    }

    /// Cosine with a stored vector; `None` when it has another length, or numbers that are none.
    fn cosine(&mut self, bytes: &[u8]) -> Result<Option<f32>, StoreError> {
        let vector = embedding(bytes)?;
        if vector.0.len() != self.values.len() {
            return Ok(None);
        }
        vector.0.as_slice().convert_to_f32_slice(&mut self.scratch);
        let cosine = dot(&self.scratch, &self.values) * scale(self.scratch.iter().copied());
        Ok(Some(cosine).filter(|cosine| !cosine.is_nan()))
    }
}

/// One over the length of a vector; 0 for one without a direction.
fn scale(values: impl Iterator<Item = f32>) -> f32 {
    let length = values.map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 { 1.0 / length } else { 0.0 }
}

impl ExactVectors {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn refresh(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let Some(embedder) = current_embedder(connection)? else {
            self.clear();
            return Ok(());
        };
        let rows: usize = self.segments.iter().map(|segment| segment.ids.len()).sum();
        if self.embedder != embedder.id || self.gone.len() * 4 > rows {
            *self = Self {
                embedder: embedder.id,
                dimensions: embedder.dimensions as usize,
                ..Self::default()
            };
        }
        let mut statement = connection.prepare_cached(
            "SELECT seq, chunk_id, vector FROM vectors WHERE seq > ?1 AND embedder_id = ?2 ORDER BY seq",
        )?;
        let mut rows = statement.query([self.seq, self.embedder])?;
        while let Some(row) = rows.next()? {
            if self
                .segments
                .last()
                .is_none_or(|segment| segment.ids.len() >= SEGMENT_ROWS)
            {
                self.segments.push(Arc::default());
            }
            let Some(segment) = self.segments.last_mut() else {
                continue;
            };
            // Shared with a running search at most: then this one segment is copied.
            let segment = Arc::make_mut(segment);
            let bytes = row
                .get_ref(2)?
                .as_blob()
                .map_err(|error| StoreError::Value(error.to_string()))?;
            if bytes.len() == self.dimensions * 2 {
                segment.push(
                    row.get(1)?,
                    bytes.as_chunks::<2>().0.iter().map(|pair| f16::from_le_bytes(*pair)),
                );
            }
            self.seq = row.get(0)?;
        }
        Ok(())
    }
}

impl Library {
    /// The nearest passages by cosine, best first, looking at every vector. `scope` restricts to documents.
    ///
    /// # Errors
    /// As every reading.
    pub fn exact_search(
        &self,
        query: &Embedding,
        limit: usize,
        scope: Option<&[DocumentId]>,
    ) -> Result<Vec<Hit>, StoreError> {
        if let Some(scope) = scope {
            return self.exact_search_in(query, limit, scope);
        }
        self.database.read(|connection| {
            let (segments, gone) = {
                let mut vectors = lock(&self.exact);
                vectors.refresh(connection)?;
                if vectors.dimensions != query.0.len() {
                    return Ok(Vec::new());
                }
                (vectors.segments.clone(), vectors.gone.clone())
            };
            let query = Probe::new(query).values;
            let rows: usize = segments.iter().map(|segment| segment.ids.len()).sum();
            // Hidden documents are weeded out afterwards: look a little further, and again if that was not enough.
            let mut wanted = limit + 16;
            loop {
                let mut hits = scan(&segments, &query, wanted);
                let found = hits.len();
                hits.retain(|hit| !gone.contains(&hit.id.0));
                let mut live = Self::only_live(connection, hits)?;
                if live.len() >= limit || found < wanted || wanted >= rows {
                    live.truncate(limit);
                    return Ok(live);
                }
                wanted = (wanted * 4).min(rows);
            }
        })
    }

    fn exact_search_in(&self, query: &Embedding, limit: usize, scope: &[DocumentId]) -> Result<Vec<Hit>, StoreError> {
        self.database.read(|connection| {
            let Some(embedder) = current_embedder(connection)? else { return Ok(Vec::new()) };
            let mut statement = connection.prepare_cached(
                "SELECT chunks.id, vector FROM chunks JOIN vectors ON chunk_id = chunks.id JOIN documents ON documents.id = document_id
                 WHERE document_id = ?1 AND embedder_id = ?2 AND removed_at_ms IS NULL",
            )?;
            let mut probe = Probe::new(query);
            let mut best = Best::new(limit);
            for document in scope {
                let mut rows = statement.query(params![document.0, embedder.id])?;
                while let Some(row) = rows.next()? {
                    let bytes = row.get_ref(1)?.as_blob().map_err(|error| StoreError::Value(error.to_string()))?;
                    if let Some(cosine) = probe.cosine(bytes)? {
                        best.offer(row.get(0)?, cosine);
                    }
                }
            }
            Ok(best.into_hits())
        })
    }

    /// True cosines of live passages: hits of the index are hints, this makes them facts. Those that are gone, hidden or without a
    /// vector of the current embedder are left out; each id counts once. In the order given.
    ///
    /// # Errors
    /// As every reading.
    pub fn score(&self, query: &Embedding, ids: &[ChunkId]) -> Result<Vec<Hit>, StoreError> {
        self.database.read(|connection| {
            let Some(embedder) = current_embedder(connection)? else { return Ok(Vec::new()) };
            let mut statement = connection.prepare_cached(
                "SELECT vector FROM vectors JOIN chunks ON chunks.id = chunk_id JOIN documents ON documents.id = document_id
                 WHERE chunk_id = ?1 AND embedder_id = ?2 AND removed_at_ms IS NULL",
            )?;
            let mut seen = HashSet::with_capacity(ids.len());
            let mut hits = Vec::with_capacity(ids.len());
            let mut probe = Probe::new(query);
            for id in ids {
                if !seen.insert(*id) {
                    continue;
                }
                let bytes: Option<Vec<u8>> = statement.query_row(params![id.0, embedder.id], |row| row.get(0)).optional()?;
                if let Some(bytes) = bytes
                    && let Some(score) = probe.cosine(&bytes)?
                {
                    hits.push(Hit { id: *id, score });
                }
            }
            Ok(hits)
        })
    }

    /// The same over vectors added after row `seq`: what the index does not hold yet.
    pub(crate) fn exact_tail(&self, query: &Embedding, seq: i64, limit: usize) -> Result<Vec<Hit>, StoreError> {
        self.database.read(|connection| {
            let Some(embedder) = current_embedder(connection)? else { return Ok(Vec::new()) };
            let mut statement = connection.prepare_cached(
                "SELECT chunk_id, vector FROM vectors JOIN chunks ON chunks.id = chunk_id JOIN documents ON documents.id = document_id
                 WHERE seq > ?1 AND embedder_id = ?2 AND removed_at_ms IS NULL",
            )?;
            let mut probe = Probe::new(query);
            let mut best = Best::new(limit);
            let mut rows = statement.query([seq, embedder.id])?;
            while let Some(row) = rows.next()? {
                let bytes = row.get_ref(1)?.as_blob().map_err(|error| StoreError::Value(error.to_string()))?;
                if let Some(cosine) = probe.cosine(bytes)? {
                    best.offer(row.get(0)?, cosine);
                }
            }
            Ok(best.into_hits())
        })
    }

    /// The last row of vectors and the passages that have one of the current embedder, those of hidden documents among them.
    pub(crate) fn vector_ids(&self) -> Result<(i64, Vec<u32>), StoreError> {
        self.database.read(|connection| {
            let Some(embedder) = current_embedder(connection)? else {
                return Ok((0, Vec::new()));
            };
            let seq = connection.query_row("SELECT coalesce(max(seq), 0) FROM vectors", [], |row| row.get(0))?;
            let mut statement = connection.prepare_cached("SELECT chunk_id FROM vectors WHERE embedder_id = ?1")?;
            Ok((
                seq,
                statement
                    .query_map([embedder.id], |row| row.get(0))?
                    .collect::<Result<_, _>>()?,
            ))
        })
    }

    /// The last row of vectors, and how many the current embedder has.
    pub(crate) fn vector_extent(&self) -> Result<(i64, u32), StoreError> {
        let (seq, ids) = self.vector_ids()?;
        Ok((seq, ids.len() as u32))
    }

    /// How many vectors of the current embedder there are.
    ///
    /// # Errors
    /// As every reading.
    pub fn count_vectors(&self) -> Result<u32, StoreError> {
        self.database.read(|connection| {
            let Some(embedder) = current_embedder(connection)? else {
                return Ok(0);
            };
            Ok(connection
                .prepare_cached("SELECT count(*) FROM vectors WHERE embedder_id = ?1")?
                .query_row([embedder.id], |row| row.get(0))?)
        })
    }

    /// The next vectors after row `seq` with the row to go on from; an empty list at the end.
    pub(crate) fn vectors_after(&self, seq: i64, limit: usize) -> Result<(i64, Vec<(ChunkId, Embedding)>), StoreError> {
        self.database.read(|connection| {
            let Some(embedder) = current_embedder(connection)? else {
                return Ok((seq, Vec::new()));
            };
            let mut statement = connection.prepare_cached(
                "SELECT seq, chunk_id, vector FROM vectors WHERE seq > ?1 AND embedder_id = ?2 ORDER BY seq LIMIT ?3",
            )?;
            let mut rows = statement.query(params![seq, embedder.id, limit as i64])?;
            let mut last = seq;
            let mut out = Vec::with_capacity(limit);
            while let Some(row) = rows.next()? {
                last = row.get(0)?;
                let bytes = row
                    .get_ref(2)?
                    .as_blob()
                    .map_err(|error| StoreError::Value(error.to_string()))?;
                out.push((ChunkId(row.get(1)?), embedding(bytes)?));
            }
            Ok((last, out))
        })
    }

    /// Gives back the memory of a scan over all vectors, a gigabyte for a million passages; the next one reads them again.
    pub(crate) fn release_vectors(&self) {
        lock(&self.exact).clear();
    }

    /// How many vectors are in memory.
    #[cfg(test)]
    pub(crate) fn vectors_held(&self) -> usize {
        let held = lock(&self.exact);
        held.segments.iter().map(|segment| segment.ids.len()).sum()
    }

    /// Vectors of these passages left the library.
    pub(super) fn forget_vectors(&self, ids: &[ChunkId]) {
        let mut vectors = lock(&self.exact);
        if !vectors.segments.is_empty() {
            vectors.gone.extend(ids.iter().map(|id| id.0));
        }
    }

    fn only_live(connection: &Connection, hits: Vec<Hit>) -> Result<Vec<Hit>, StoreError> {
        let mut statement = connection
            .prepare_cached("SELECT 1 FROM chunks JOIN documents ON documents.id = document_id WHERE chunks.id = ?1 AND removed_at_ms IS NULL")?;
        let mut live = Vec::with_capacity(hits.len());
        for hit in hits {
            if statement.exists([hit.id.0])? {
                live.push(hit);
            }
        }
        Ok(live)
    }
}

fn scan(segments: &[Arc<Segment>], query: &[f32], limit: usize) -> Vec<Hit> {
    let rows: usize = segments.iter().map(|segment| segment.ids.len()).sum();
    if rows < PARALLEL_ROWS {
        let mut best = Best::new(limit);
        for segment in segments {
            scan_segment(segment, query, &mut best);
        }
        return best.into_hits();
    }
    let (left, right) = segments.split_at(segments.len() / 2);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            let mut best = Best::new(limit);
            for segment in right {
                scan_segment(segment, query, &mut best);
            }
            best
        });
        let mut best = Best::new(limit);
        for segment in left {
            scan_segment(segment, query, &mut best);
        }
        match other.join() {
            Ok(other) => {
                for entry in other.heap {
                    best.offer(entry.id, entry.score);
                }
            }
            Err(panic) => std::panic::resume_unwind(panic),
        }
        best.into_hits()
    })
}

fn scan_segment(segment: &Segment, query: &[f32], best: &mut Best) {
    let dimensions = query.len();
    let mut block = vec![0.0_f32; BLOCK_ROWS * dimensions];
    let rows = segment.ids.chunks(BLOCK_ROWS).zip(segment.scales.chunks(BLOCK_ROWS));
    for ((ids, scales), values) in rows.zip(segment.values.chunks(BLOCK_ROWS * dimensions)) {
        let block = &mut block[..values.len()];
        values.convert_to_f32_slice(block);
        for (at, (id, row)) in ids.iter().zip(block.chunks_exact(dimensions)).enumerate() {
            best.offer(*id, dot(row, query) * scales[at]);
        }
    }
}

/// Sixteen independent sums, so that the compiler keeps them in vector registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let (a_lanes, a_rest) = a.as_chunks::<16>();
    let (b_lanes, b_rest) = b.as_chunks::<16>();
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..16 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// The best so far; the worst of them on top.
struct Best {
    limit: usize,
    heap: BinaryHeap<Entry>,
}

#[derive(PartialEq)]
struct Entry {
    score: f32,
    id: u32,
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    /// Greater is worse; of equal scores the later id.
    fn cmp(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.id.cmp(&other.id))
    }
}

impl Best {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            heap: BinaryHeap::with_capacity(limit + 1),
        }
    }

    /// A score that is no number, of a damaged vector, counts for nothing: it would sort above all others.
    fn offer(&mut self, id: u32, score: f32) {
        if self.heap.len() < self.limit {
            if !score.is_nan() {
                self.heap.push(Entry { score, id });
            }
        } else if let Some(worst) = self.heap.peek()
            && score > worst.score
        {
            self.heap.pop();
            self.heap.push(Entry { score, id });
        }
    }

    fn into_hits(self) -> Vec<Hit> {
        self.heap
            .into_sorted_vec()
            .into_iter()
            .map(|entry| Hit {
                id: ChunkId(entry.id),
                score: entry.score,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_scan_gives_what_sorting_gives(
            rows in prop::collection::vec(prop::collection::vec(-1.0_f32..1.0, 20), 1..90),
            query in prop::collection::vec(-1.0_f32..1.0, 20),
            limit in 1_usize..20,
        ) {
            let mut segments = vec![Segment::default(), Segment::default()];
            let mut expected: Vec<(f32, u32)> = Vec::new();
            for (id, row) in rows.iter().enumerate() {
                let half: Vec<f16> = row.iter().copied().map(f16::from_f32).collect();
                let product: f32 = half.iter().zip(&query).map(|(a, b)| a.to_f32() * b).sum();
                expected.push((product * scale(half.iter().map(|value| value.to_f32())), id as u32));
                segments[id % 2].push(id as u32, half.into_iter());
            }
            expected.sort_by(|a, b| b.0.total_cmp(&a.0));
            let segments: Vec<_> = segments.into_iter().map(Arc::new).collect();
            let hits = scan(&segments, &query, limit);
            prop_assert_eq!(hits.len(), limit.min(rows.len()));
            for (hit, (score, _)) in hits.iter().zip(&expected) {
                prop_assert!((hit.score - score).abs() < 1e-4);
            }
        }
    }
}
