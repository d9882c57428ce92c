//! Which source each sentence of an answer without marks goes back to.

use super::CitedText;
use super::markdown::{Code, place_of_mark};
use crate::answer::Source;
use crate::support::{Claim, Evidence};

/// Coverage from which a sentence without a mark is attributed to a source.
const ATTRIBUTED: f32 = 0.5;

/// Gives an answer that carries no mark the marks it should have: each sentence the source that covers it best, if at least half.
/// `cosines`, where at hand, are those of each sentence (rows) with each source (columns), and break near ties. Code, and what a
/// table has above its rows, get none.
pub fn attribute(text: CitedText, sources: &[Source], cosines: Option<&[Vec<f32>]>) -> CitedText {
    if !text.order.is_empty() || sources.is_empty() {
        return text;
    }
    let passages: Vec<Evidence> = sources.iter().map(Evidence::of).collect();
    let mut out = CitedText {
        rest: text.rest.clone(),
        ..CitedText::default()
    };
    let mut from = 0;
    let mut code = Code::default();
    for (row, sentence) in text.sentences.iter().enumerate() {
        let end = text.text[from..]
            .find(&sentence.text)
            .map_or(text.text.len(), |at| from + at + sentence.text.len());
        text.text[from..end].chars().for_each(|c| code.read(c));
        let place = place_of_mark(&text.text, end).filter(|place| !code.holds() && *place + sentence.text.len() > end);
        let claim = Claim::of(&sentence.text);
        let value = |at: usize, coverage: f32| {
            let cosine = cosines
                .and_then(|rows| rows.get(row))
                .and_then(|row| row.get(at))
                .copied()
                .unwrap_or(0.0);
            coverage + 0.2 * cosine
        };
        let best = passages
            .iter()
            .map(|passage| passage.coverage(&claim))
            .enumerate()
            .filter(|(_, coverage)| *coverage >= ATTRIBUTED)
            .max_by(|a, b| value(a.0, a.1).total_cmp(&value(b.0, b.1)).then(b.0.cmp(&a.0)));
        let mut cited = sentence.clone();
        if let (Some(place), Some((at, _))) = (place, best) {
            out.text.push_str(&text.text[from..place]);
            from = place;
            let source = sources[at].n;
            let n = if let Some(at) = out.order.iter().position(|known| *known == source) {
                at as u32 + 1
            } else {
                out.order.push(source);
                out.order.len() as u32
            };
            let mark = format!(" [{n}]");
            out.text.push_str(&mark);
            cited.text.insert_str(sentence.text.len() - (end - place), &mark);
            cited.numbers = vec![n];
            cited.sources = vec![source];
        }
        out.text.push_str(&text.text[from..end]);
        from = end;
        out.sentences.push(cited);
    }
    out.text.push_str(&text.text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::{source, whole};
    use super::*;

    #[test]
    fn sentences_without_marks_find_their_source() {
        let sources = [
            source(4, 0, "The rent is due on the third working day of each month."),
            source(6, 0, "Dogs may be kept with consent of the landlord."),
        ];
        let bare = whole(
            "Dogs may be kept with the landlord's consent. The rent is due on the third working day. The moon is far.",
            &[4, 6],
        );
        let text = attribute(bare, &sources, None);
        assert_eq!(
            text.text,
            "Dogs may be kept with the landlord's consent. [1] The rent is due on the third working day. [2] The moon is far."
        );
        assert_eq!(text.order, [6, 4]);
        assert_eq!(text.sentences[2].sources, Vec::<u32>::new());
    }

    #[test]
    fn marks_that_come_afterwards_break_no_table_and_no_code() {
        let sources = [source(
            1,
            0,
            "City, price and breakfast: Berlin 140 euros, breakfast included; Zurich 230 euros, no breakfast.\n\
             Set the price with city price 140 breakfast.",
        )];
        for (bare, marked) in [
            (
                "| City | Price | Breakfast |\n|---|:--|---|\n| Berlin | 140 euros | included |\n| Zurich | 230 euros | no |\n",
                "| City | Price | Breakfast |\n|---|:--|---|\n| Berlin | 140 euros | included [1] |\n| Zurich | 230 euros | no [1] |",
            ),
            (
                "City | Price\n--- | ---\nBerlin | 140 euros",
                "City | Price\n--- | ---\nBerlin | 140 euros [1]",
            ),
            (
                "Berlin is 140 euros.\n\n```sh\nset city price 140\n\nSet price breakfast.\n```\n\nZurich is 230 euros.",
                "Berlin is 140 euros. [1]\n\n```sh\nset city price 140\n\nSet price breakfast.\n```\n\nZurich is 230 euros. [1]",
            ),
        ] {
            let text = attribute(whole(bare, &[1]), &sources, None);
            assert_eq!(text.text, marked);
            for sentence in &text.sentences {
                assert!(marked.contains(&sentence.text), "{}", sentence.text);
                assert!(bare.contains(&sentence.plain()), "{}", sentence.plain());
                assert_eq!(sentence.numbers.len(), sentence.text.matches("[1]").count());
            }
        }
    }
}
