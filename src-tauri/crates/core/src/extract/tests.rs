//! Sentences that answer, rows of tables, what the question asks for.

use super::*;
use crate::document::{ContentHash, DocumentId, Span};
use proptest::prelude::*;

fn source(n: u32, text: &str) -> Source {
    Source {
        n,
        document_id: DocumentId(n),
        document_hash: ContentHash("0".repeat(64)),
        path: String::new(),
        title: "Lease".into(),
        page: 1,
        span: Span::new(0, text.chars().count() as u32),
        heading: vec![],
        table_header: String::new(),
        text: text.into(),
    }
}

#[test]
fn the_sentence_that_answers_leads() {
    let sources = [
        source(
            5,
            "The tenant pays the rent. The rent is 850 euros\na month [12]. It is paid on Mondays by bank transfer.",
        ),
        source(7, "Dogs are not allowed in the house. The rent of the garage is low."),
    ];
    let list = candidates(&sources);
    let text = extract("How much is the rent?", &sources, &[1.0, 0.6], &list, None);
    assert!(
        text.text.starts_with("The rent is 850 euros a month [12]. [1]"),
        "{}",
        text.text
    );
    assert_eq!(text.order[0], 5);
    assert!(text.sentences.len() <= MOST_SENTENCES);
}

#[test]
fn an_opening_is_the_first_sentences_in_order() {
    let sources = [
        source(
            5,
            "The house has four floors. A lift is there. The cellar is dry and cool.",
        ),
        source(7, "The garden is shared by all."),
    ];
    let text = opening(&sources);
    assert!(text.text.starts_with("The house has four floors. [1]"), "{}", text.text);
    assert_eq!(text.sentences.len(), MOST_SENTENCES);
    assert!(opening(&[]).sentences.is_empty());
}

#[test]
fn rows_of_a_table_that_began_earlier_stand_under_its_header() {
    let mut cut = source(1, "Oslo | 190 euros | no\nRome | 150 euros | yes");
    cut.table_header = "City | Price | Breakfast".into();
    let list = candidates(std::slice::from_ref(&cut));
    assert_eq!(list.len(), 2, "the first row is a row");
    let text = extract("What is the price in Oslo?", &[cut], &[1.0], &list, None);
    assert!(
        text.text
            .starts_with("| City | Price | Breakfast |\n| --- | --- | --- |\n| Oslo | 190 euros | no [1] |"),
        "{}",
        text.text
    );
}

#[test]
fn rows_of_a_table_are_told_under_its_header() {
    let sources = [source(
        1,
        "Hotels are booked by the office.\nCity | Highest price a night | Breakfast\nBerlin | 140 euros a night | included\n\
         Zurich | 230 euros a night | included",
    )];
    let list = candidates(&sources);
    assert_eq!(list.len(), 3, "the header is no answer");
    assert!(list[1].embedded.contains("Breakfast Berlin"), "{}", list[1].embedded);
    let text = extract(
        "What is the highest price of a night in Berlin?",
        &sources,
        &[1.0],
        &list,
        None,
    );
    assert!(
        text.text.starts_with(
            "| City | Highest price a night | Breakfast |\n| --- | --- | --- |\n| Berlin | 140 euros a night | included [1] |"
        ),
        "{}",
        text.text
    );
    assert_eq!(text.sentences[0].text, "Berlin | 140 euros a night | included [1]");
    let rows: Vec<usize> = rows_together(&[1, 0, 2], &list, &sources, 3);
    assert_eq!(rows, [1, 2, 0], "rows of one table stay together");
}

#[test]
fn the_sentence_before_tells_what_one_is_about() {
    let sources = [source(
        1,
        "The Malkin Athletic Center is open to all members. The five-story building has three weight rooms and two pools.",
    )];
    let list = candidates(&sources);
    assert_eq!(
        list[1].embedded,
        "Lease\nThe Malkin Athletic Center is open to all members. \
         The five-story building has three weight rooms and two pools."
    );
    let question = "How many weight rooms are in the Malkin Athletic Center?";
    let text = extract(question, &sources, &[1.0], &list, None);
    assert!(text.text.starts_with("The five-story building"), "{}", text.text);
}

#[test]
fn a_long_sentence_before_is_embedded_by_its_end() {
    let long = format!("{}ends here.", "word ".repeat(300));
    let sources = [source(1, &format!("{long} The rent is 850 euros."))];
    let list = candidates(&sources);
    assert!(list[1].embedded.ends_with("word ends here. The rent is 850 euros."));
    assert_eq!(list[1].embedded.split_whitespace().count(), 1 + CONTEXT_WORDS + 5);
}

#[test]
fn nothing_gives_nothing() {
    assert_eq!(extract("Why?", &[], &[], &[], None), CitedText::default());
}

proptest! {
    #[test]
    fn every_sentence_is_a_source_s_own(texts in prop::collection::vec("[A-Za-z .\\n]{0,80}", 1..4), question in "[a-z ]{0,20}") {
        let sources: Vec<Source> = texts.iter().enumerate().map(|(n, text)| source(n as u32 + 1, text)).collect();
        let list = candidates(&sources);
        let text = extract(&question, &sources, &[], &list, None);
        for sentence in &text.sentences {
            let plain = sentence.plain();
            let found = sources.iter().filter(|source| sentence.sources.contains(&source.n)).any(|source| {
                source.text.split_whitespace().collect::<Vec<_>>().join(" ").contains(plain.trim())
            });
            prop_assert!(found, "{plain}");
        }
    }
}

#[test]
fn short_lines_answer_where_there_is_nothing_longer() {
    let list = [source(1, "Müller & Sons m055q"), source(2, "Phone 555 0199")];
    let text = extract("m055q", &list, &[1.0, 0.2], &candidates(&list), None);
    assert!(text.text.starts_with("Müller & Sons m055q [1]"), "{}", text.text);

    let with_heading = [source(1, "Notice\nThe notice is ninety days long.")];
    let found = candidates(&with_heading);
    assert_eq!(found.len(), 1, "a heading stays a scrap: {found:?}");

    let table = [source(1, "Part | Stock\nAX-4 | 17\nThe stock is counted every Friday.")];
    let rows = candidates(&table).into_iter().filter(|each| each.header.is_some());
    assert_eq!(rows.count(), 1);
}
