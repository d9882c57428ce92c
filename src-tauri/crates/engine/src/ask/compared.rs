//! Questions that compare two documents by their names: each is searched for itself, and both have their say.

use crate::engine::Engine;
use crate::search::Retrieved;
use docmind_core::cancel::CancelToken;
use docmind_core::document::DocumentId;
use docmind_core::error::ErrorReport;
use docmind_core::question::compared;
use docmind_core::rank::READ;
use docmind_core::retrieval::{ScoredChunk, SearchMode};

impl Engine {
    /// The two documents that a question compares by names that are theirs alone.
    pub(super) fn documents_compared(
        &self,
        question: &str,
        scope: Option<&[DocumentId]>,
    ) -> Result<Option<[DocumentId; 2]>, ErrorReport> {
        let Some([first, second]) = compared(question) else {
            return Ok(None);
        };
        let Some(first) = self.document_titled(&first, scope)? else {
            return Ok(None);
        };
        let second = self.document_titled(&second, scope)?;
        Ok(second.filter(|second| *second != first).map(|second| [first, second]))
    }

    /// The best passages of each of two documents in turns.
    pub(super) fn side_by_side(
        &self,
        searched: &str,
        documents: [DocumentId; 2],
        cancel: &CancelToken,
    ) -> Result<Retrieved, ErrorReport> {
        let [first, second] = documents;
        let mut both = self.retrieve(searched, SearchMode::Hybrid, Some(&[first]), cancel)?;
        let other = self.retrieve(searched, SearchMode::Hybrid, Some(&[second]), cancel)?;
        both.passages = in_turns(both.passages, other.passages);
        both.by_words.extend(other.by_words);
        both.by_vector.extend(other.by_vector);
        both.fused.extend(other.fused);
        both.vectors.extend(other.vectors);
        both.documents.extend(other.documents);
        both.embed_ms += other.embed_ms;
        both.search_ms += other.search_ms;
        for notice in other.notices {
            if !both.notices.contains(&notice) {
                both.notices.push(notice);
            }
        }
        Ok(both)
    }
}

/// Passages in turns, scored by their places so that neither document is low beside the other. The second has two of the first three:
/// of the best five most are not the first one's, which would be taken whole and leave the other no room.
fn in_turns(first: Vec<ScoredChunk>, second: Vec<ScoredChunk>) -> Vec<ScoredChunk> {
    let (mut first, mut second) = (first.into_iter().take(READ), second.into_iter().take(READ));
    let mut passages: Vec<ScoredChunk> = first.next().into_iter().chain(second.next()).collect();
    loop {
        let pair: Vec<ScoredChunk> = second.next().into_iter().chain(first.next()).collect();
        if pair.is_empty() {
            break;
        }
        passages.extend(pair);
    }
    let count = passages.len().max(1) as f32;
    for (at, scored) in passages.iter_mut().enumerate() {
        scored.score = 1.0 - 0.5 * at as f32 / count;
    }
    passages
}

#[cfg(test)]
mod tests {
    use super::*;
    use docmind_core::chunk::{Chunk, ChunkId};
    use docmind_core::document::Span;
    use docmind_core::pack::whole_document;

    fn passages(document: u32, count: u32) -> Vec<ScoredChunk> {
        let passage = |n: u32| ScoredChunk {
            chunk: Chunk {
                id: ChunkId(100 * document + n),
                document: DocumentId(document),
                ordinal: n,
                page: 1,
                span: Span::new(10 * n, 10 * n + 9),
                heading: Vec::new(),
                text: "Some words.".to_owned(),
                table_header: String::new(),
                tokens: 10,
            },
            score: 0.1,
            cosine: None,
            bm25: None,
        };
        (0..count).map(passage).collect()
    }

    #[test]
    fn both_documents_have_their_turn() {
        let taken = in_turns(passages(1, 6), passages(2, 4));
        let order: Vec<u32> = taken.iter().map(|scored| scored.chunk.document.0).collect();
        assert_eq!(order, [1, 2, 2, 1, 2, 1, 2, 1, 1, 1]);
        assert!(taken.iter().all(|scored| scored.score > 0.5));
        assert_eq!(whole_document(&taken, |_| Some(1), 1000), None);
        assert_eq!(in_turns(Vec::new(), passages(2, 2)).len(), 2);
    }
}
