//! Answers that ask each document for itself: its best sentences under its title.

use super::{Candidate, Quotes, RankedSentence, candidates_within, in_reading_order, rank_sentences};
use crate::answer::Source;
use crate::citation::CitedText;
use crate::document::DocumentId;

/// Sentences of one document that are compared.
const CANDIDATES_EACH: usize = 12;
/// Sentences quoted of one document.
const SENTENCES_EACH: usize = 2;
/// A second sentence joins from this share of the first one's score.
const AS_WORTHY: f32 = 0.9;

/// The sentences of each document's sources, which stand together, best document first.
pub fn candidates_of_each(sources: &[Source]) -> Vec<Candidate> {
    let mut out = Vec::new();
    let mut first = 0;
    for own in sources.chunk_by(|a, b| a.document_id == b.document_id) {
        let found = candidates_within(own, CANDIDATES_EACH);
        out.extend(found.into_iter().map(|candidate| Candidate {
            source: candidate.source + first,
            ..candidate
        }));
        first += own.len();
    }
    out
}

/// Each document's best sentence, or two, under its title, in the documents' order. `scores`, `candidates` and `cosines` as in
/// [`rank_sentences`]. A document without a sentence is left out.
pub fn each(
    question: &str,
    sources: &[Source],
    scores: &[f32],
    candidates: &[Candidate],
    cosines: Option<&[f32]>,
) -> CitedText {
    let ranked = rank_sentences(question, sources, scores, candidates, cosines);
    let mut quotes = Quotes::new(candidates, sources, sources.len());
    for own in sources.chunk_by(|a, b| a.document_id == b.document_id) {
        let chosen = best_of(own[0].document_id, sources, candidates, &ranked);
        if !chosen.is_empty() {
            quotes.title(&own[0].title);
            quotes.add(&chosen);
        }
    }
    quotes.finish()
}

/// A document's best sentences in reading order.
fn best_of(
    document: DocumentId,
    sources: &[Source],
    candidates: &[Candidate],
    ranked: &[RankedSentence],
) -> Vec<usize> {
    let of_document = |one: &&RankedSentence| sources[candidates[one.candidate].source].document_id == document;
    let mut own = ranked.iter().filter(of_document);
    let Some(lead) = own.next() else {
        return Vec::new();
    };
    let mut chosen: Vec<usize> = own
        .take(SENTENCES_EACH - 1)
        .filter(|other| other.score >= AS_WORTHY * lead.score)
        .map(|other| other.candidate)
        .chain([lead.candidate])
        .collect();
    in_reading_order(&mut chosen, candidates, sources);
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{ContentHash, Span};

    fn source(n: u32, document: u32, title: &str, text: &str) -> Source {
        Source {
            n,
            document_id: DocumentId(document),
            document_hash: ContentHash("00".to_owned()),
            path: format!("/{title}"),
            title: title.to_owned(),
            page: 1,
            span: Span::new(0, text.chars().count() as u32),
            heading: Vec::new(),
            table_header: String::new(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn each_document_says_its_own_under_its_title() {
        let sources = [
            source(
                4,
                2,
                "B *draft* [1]",
                "Nothing of note. The notice period is three months. Keys are handed over.",
            ),
            source(5, 2, "B *draft* [1]", "Rent is due on Mondays of each month."),
            source(6, 1, "A.pdf", "A notice period of two weeks applies to both of them."),
        ];
        let scores = [1.0, 0.4, 0.8];
        let found = candidates_of_each(&sources);
        let text = each("Which notice period applies?", &sources, &scores, &found, None);
        assert_eq!(
            text.text,
            "**B \\*draft\\* [\u{2060}1]**\n\nThe notice period is three months. [1]\n\n**A\\.pdf**\n\nA notice period of two \
             weeks applies to both of them. [2]"
        );
        assert_eq!(text.order, [4, 6]);
        assert_eq!(text.sentences.len(), 2);
    }
}
