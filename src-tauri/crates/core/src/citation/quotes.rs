//! What the sources themselves say where an answer cites them.

use super::{CitedSentence, CitedText};
use crate::answer::{Citation, Source, Support};
use crate::document::Span;
use crate::support::{Claim, Evidence};

/// Where in the page the source says what the sentence says, and the page's text there: one sentence of the source, or two
/// neighbours where the second adds to it.
pub fn quote(sentence: &str, source: &Source) -> (Span, String) {
    let passage = Evidence::of(source);
    let range = passage.best_range(&Claim::of(sentence)).unwrap_or(0..source.text.len());
    let before = source.text[..range.start].chars().count() as u32;
    let text = &source.text[range];
    let start = source.span.start + before;
    (Span::new(start, start + text.chars().count() as u32), text.to_owned())
}

/// The citations of an answer, one for each sentence and source it names, in order. `check` judges a sentence against a source.
pub fn citations(
    text: &CitedText,
    sources: &[Source],
    mut check: impl FnMut(&CitedSentence, &Source) -> Support,
) -> Vec<Citation> {
    let mut out = Vec::new();
    for sentence in &text.sentences {
        for (n, number) in sentence.sources.iter().zip(&sentence.numbers) {
            let Some(source) = sources.iter().find(|source| source.n == *n) else {
                continue;
            };
            let plain = sentence.plain();
            let (span, quote) = quote(&plain, source);
            out.push(Citation {
                n: *number,
                source: source.n,
                document_id: source.document_id,
                document_hash: source.document_hash.clone(),
                path: source.path.clone(),
                title: source.title.clone(),
                page: source.page,
                span,
                quote,
                support: check(sentence, source),
                sentence: plain,
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::source;
    use super::*;

    #[test]
    fn the_quote_is_the_pages_own_sentence() {
        let source = source(
            1,
            100,
            "Über alles: nichts. The deposit is three months' rent. It is paid back in May.",
        );
        let (span, text) = quote("Three months of rent are the deposit.", &source);
        assert_eq!(text, "The deposit is three months' rent.");
        assert_eq!(span, Span::new(120, 120 + text.chars().count() as u32));
    }
}
