use super::*;
use crate::document::{Heading, Table};
use proptest::prelude::*;

/// Like WordPiece: punctuation and ideographs alone, words in pieces of four letters, a word over 100 letters one unknown token.
struct Pieces;

impl TokenCounter for Pieces {
    fn token_starts(&self, text: &str) -> Vec<u32> {
        let alone = |c: char| c.is_ascii_punctuation() || ('\u{4e00}'..='\u{9fff}').contains(&c);
        let mut starts = Vec::new();
        let mut word: Vec<u32> = Vec::new();
        let finish = |word: &mut Vec<u32>, starts: &mut Vec<u32>| {
            let kept = if word.len() > 100 { 1 } else { word.len() };
            starts.extend(word[..kept].iter().step_by(4));
            word.clear();
        };
        for (at, c) in text.char_indices() {
            if c.is_whitespace() || alone(c) {
                finish(&mut word, &mut starts);
                starts.extend(alone(c).then_some(at as u32));
            } else {
                word.push(at as u32);
            }
        }
        finish(&mut word, &mut starts);
        starts
    }
}

fn page(text: &str) -> Page {
    Page {
        number: 1,
        text: text.into(),
        ..Page::default()
    }
}

fn span_of(text: &str, part: &str) -> Span {
    let at = text.find(part).expect("the part is in the text");
    let start = text[..at].chars().count() as u32;
    Span::new(start, start + part.chars().count() as u32)
}

fn headed(text: &str, headings: &[(u8, &str)]) -> Page {
    let headings = headings
        .iter()
        .map(|(level, part)| Heading {
            level: *level,
            span: span_of(text, part),
        })
        .collect();
    Page { headings, ..page(text) }
}

fn texts(chunks: &[ChunkDraft]) -> Vec<&str> {
    chunks.iter().map(|chunk| chunk.text.as_str()).collect()
}

/// What must hold of every chunking of `pages`.
fn assert_sound(pages: &[Page], budget: u32, chunks: &[ChunkDraft]) {
    for chunk in chunks {
        let page = &pages[chunk.page as usize - 1];
        assert_eq!(chunk.span.slice(&page.text), chunk.text, "the span is the text");
        assert_eq!(chunk.text.trim(), chunk.text);
        assert!(!chunk.text.is_empty());
        assert!(chunk.tokens <= budget, "{} tokens in {chunk:?}", chunk.tokens);
        // Where a word too long for one passage is cut, its pieces of four letters begin elsewhere when it is read alone.
        let letters: Vec<char> = page.text.chars().collect();
        let is_break = |at: Option<usize>| at.and_then(|at| letters.get(at)).is_none_or(|c| c.is_whitespace());
        let whole = is_break((chunk.span.start as usize).checked_sub(1)) && is_break(Some(chunk.span.end as usize));
        let alone = Pieces.count(&chunk.indexed_text());
        assert!(
            chunk.tokens.abs_diff(alone) <= u32::from(!whole),
            "{} tokens, {alone} alone: {chunk:?}",
            chunk.tokens
        );
    }
    for (number, page) in pages.iter().enumerate() {
        let mut covered = vec![false; page.text.chars().count()];
        for chunk in chunks.iter().filter(|chunk| chunk.page as usize == number + 1) {
            covered[chunk.span.start as usize..chunk.span.end as usize].fill(true);
        }
        for heading in &page.headings {
            let carried = heading
                .span
                .slice(&page.text)
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            if chunks.iter().any(|chunk| chunk.heading.contains(&carried)) {
                covered[heading.span.start as usize..heading.span.end as usize].fill(true);
            }
        }
        let lost: String = page
            .text
            .chars()
            .zip(&covered)
            .filter(|(c, covered)| !c.is_whitespace() && !**covered)
            .map(|(c, _)| c)
            .collect();
        assert_eq!(lost, "", "no character is lost");
    }
    assert!(chunks.is_sorted_by_key(|chunk| chunk.page));
}

#[test]
fn a_short_page_is_one_passage_under_the_title() {
    let chunks = Chunker::new(&Pieces).chunks("Annual  report", &[page("  The roof leaks.\nIt rained.  ")]);
    assert_eq!(texts(&chunks), ["The roof leaks.\nIt rained."]);
    assert_eq!(chunks[0].heading, ["Annual report"]);
    assert_eq!(chunks[0].span, Span::new(2, 28));
}

#[test]
fn passages_overlap_by_one_sentence_and_come_out_alike() {
    let text = (0..40)
        .map(|n| format!("Sentence number {n} says little."))
        .collect::<Vec<_>>()
        .join(" ");
    let pages = [page(&text)];
    let chunks = Chunker::new(&Pieces).chunks("", &pages);
    assert_sound(&pages, BUDGET, &chunks);
    assert!(chunks.len() > 1);
    for pair in chunks.windows(2) {
        let repeated = Span::new(pair[1].span.start, pair[0].span.end);
        let repeated = repeated.slice(&text);
        assert!(
            repeated.starts_with("Sentence") && repeated.matches("Sentence").count() == 1,
            "{repeated:?}"
        );
    }
    let shortest = chunks.iter().map(|chunk| chunk.tokens).min();
    assert!(shortest > Some(BUDGET / 2), "{shortest:?}");
}

#[test]
fn passages_carry_their_headings_and_never_cross_them() {
    let text = "Lease\nRent\nThe rent is 900 euros.\nDeposit\nThree rents.\nAnnex\n";
    let pages = [headed(text, &[(1, "Lease"), (2, "Rent"), (2, "Deposit"), (1, "Annex")])];
    let chunks = Chunker::new(&Pieces).chunks("unused", &pages);
    assert_sound(&pages, BUDGET, &chunks);
    assert_eq!(texts(&chunks), ["The rent is 900 euros.", "Three rents.", "Annex"]);
    assert_eq!(chunks[0].heading, ["Lease", "Rent"]);
    assert_eq!(chunks[1].heading, ["Lease", "Deposit"]);
    assert_eq!(chunks[2].heading, [] as [&str; 0]);
}

#[test]
fn headings_reach_over_pages_but_passages_do_not() {
    let mut second = page("Continued here.");
    second.number = 2;
    let pages = [headed("Scope\nIt starts here.", &[(1, "Scope")]), second];
    let chunks = Chunker::new(&Pieces).chunks("", &pages);
    assert_eq!(texts(&chunks), ["It starts here.", "Continued here."]);
    assert!(chunks.iter().all(|chunk| chunk.heading == ["Scope"]));
    assert_eq!(chunks[1].page, 2);
}

#[test]
fn a_heading_at_the_foot_of_a_page_is_found_there_too() {
    let mut second = page("Body.");
    second.number = 2;
    let pages = [headed("Only a title", &[(1, "Only a title")]), second];
    let chunks = Chunker::new(&Pieces).chunks("", &pages);
    assert_eq!(texts(&chunks), ["Only a title", "Body."]);
    assert_eq!(chunks[1].heading, ["Only a title"]);
}

#[test]
fn rows_stay_whole_and_the_header_is_repeated() {
    let rows: Vec<String> = (0..120).map(|n| format!("Item {n} | {}.50", n * 3)).collect();
    let text = format!("Prices of spring.\n\nName | Price\n{}\n\nThat is all.", rows.join("\n"));
    let start = span_of(&text, "Name | Price");
    let end = span_of(&text, "Item 119 | 357.50");
    let mut first = page(&text);
    first.tables = vec![Table {
        span: Span::new(start.start, end.end),
        header: start,
    }];
    let pages = [first];
    let chunks = Chunker::new(&Pieces).chunks("List", &pages);
    assert_sound(&pages, BUDGET, &chunks);
    let table: Vec<_> = chunks.iter().filter(|chunk| chunk.text.contains('|')).collect();
    assert!(table.len() > 2);
    assert!(table[0].text.starts_with("Name | Price\n") && table[0].table_header.is_empty());
    for chunk in &table[1..] {
        assert_eq!(chunk.table_header, "Name | Price");
        assert!(
            chunk.text.lines().all(|line| rows.iter().any(|row| row == line)),
            "{:?}",
            chunk.text
        );
    }
    let cut: Vec<&str> = table.iter().flat_map(|chunk| chunk.text.lines()).skip(1).collect();
    assert_eq!(cut, rows, "each row once");
}

#[test]
fn what_is_too_long_is_divided_where_it_hurts_least() {
    let clauses = (0..90)
        .map(|n| format!("clause {n} goes on"))
        .collect::<Vec<_>>()
        .join(", ");
    let pages = [page(&clauses)];
    let chunks = Chunker::new(&Pieces).chunks("", &pages);
    assert_sound(&pages, BUDGET, &chunks);
    assert!(
        chunks.iter().rev().skip(1).all(|chunk| chunk.text.ends_with(',')),
        "{chunks:?}"
    );

    for hard in [
        "x".repeat(50_000),
        "漢字".repeat(3_000),
        "ab ".repeat(4_000),
        "é".repeat(9_999),
    ] {
        let pages = [page(&hard)];
        let chunks = Chunker::new(&Pieces).chunks("", &pages);
        assert_sound(&pages, BUDGET, &chunks);
        assert!(
            chunks
                .iter()
                .all(|chunk| chunk.text.chars().count() <= (BUDGET * CHARS_PER_TOKEN) as usize)
        );
    }
}

#[test]
fn a_long_title_is_shortened() {
    let title = "word ".repeat(500);
    let pages = [page("A body.")];
    let chunks = Chunker::new(&Pieces).chunks(&title, &pages);
    assert_eq!(texts(&chunks), ["A body."]);
    assert!(chunks[0].tokens <= BUDGET / 4 + 3);
    assert!(!chunks[0].heading.is_empty());
}

#[test]
fn structure_that_lies_about_the_text_costs_no_character() {
    let mut wrong = headed("One. Two. Three.", &[(1, "Two.")]);
    wrong.headings.push(Heading {
        level: 0,
        span: Span::new(4, 900),
    });
    wrong.tables = vec![Table {
        span: Span::new(2, 7),
        header: Span::new(0, 80),
    }];
    let chunks = Chunker::new(&Pieces).chunks("", &[wrong]);
    let mut covered: Vec<char> = chunks
        .iter()
        .flat_map(|chunk| chunk.text.chars())
        .filter(|c| !c.is_whitespace())
        .collect();
    covered.sort_unstable();
    let mut all: Vec<char> = "One.Two.Three.".chars().collect();
    all.sort_unstable();
    assert_eq!(covered, all);
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-zA-Zäß]{1,12}",
        2 => "[0-9]{1,6}",
        1 => "[a-z]{90,260}",
        1 => "[\u{4e00}-\u{4e40}]{1,30}",
        1 => "[.,;:!?|•(-]{1,3}",
        1 => "\u{1f469}\u{200d}\u{1f52c}|e\u{301}|\u{5e2}",
    ]
}

fn prose() -> impl Strategy<Value = String> {
    let gap = prop_oneof![12 => Just(" "), 2 => Just("\n"), 1 => Just("\n\n"), 2 => Just(". "), 1 => Just("\t ")];
    prop::collection::vec((word(), gap), 0..160).prop_map(|parts| {
        parts
            .into_iter()
            .flat_map(|(word, gap)| [word, gap.to_owned()])
            .collect()
    })
}

/// Pages whose headings and tables stand at random line ends.
fn pages() -> impl Strategy<Value = Vec<Page>> {
    let block = prop_oneof![4 => prose().prop_map(|text| (0_u8, text)), 2 => (1_u8..4, "[A-Z][a-z ]{0,40}[a-z]"), 1 => prop::collection::vec("[a-z]{1,9} \\| [0-9]{1,9}", 1..30).prop_map(|rows| (9, rows.join("\n")))];
    let page = prop::collection::vec(block, 0..6).prop_map(|blocks| {
        let mut page = Page::default();
        for (kind, text) in blocks {
            let start = page.text.chars().count() as u32;
            let span = Span::new(start, start + text.chars().count() as u32);
            match kind {
                0 => {}
                9 => {
                    let header = text.lines().next().unwrap_or_default().chars().count() as u32;
                    page.tables.push(Table {
                        span,
                        header: Span::new(start, start + header),
                    });
                }
                level => page.headings.push(Heading { level, span }),
            }
            page.text.push_str(&text);
            page.text.push_str("\n\n");
        }
        page
    });
    prop::collection::vec(page, 1..4).prop_map(|mut pages| {
        for (number, page) in pages.iter_mut().enumerate() {
            page.number = number as u32 + 1;
        }
        pages
    })
}

#[test]
fn an_outer_heading_without_room_in_the_path_is_a_passage() {
    let text = "Alpine cabins\n\nRopes and of ice and of snow\n\nBring both.";
    let pages = [headed(
        text,
        &[(1, "Alpine cabins"), (2, "Ropes and of ice and of snow")],
    )];
    let chunks = Chunker::with_budget(&Pieces, 48).chunks("", &pages);
    assert_sound(&pages, 48, &chunks);
    assert_eq!(texts(&chunks), ["Alpine cabins", "Bring both."]);
    assert_eq!(chunks[1].heading, ["Ropes and of ice and of snow"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn spans_rebuild_the_text_and_no_passage_is_over_budget(pages in pages(), title in "[a-z ]{0,30}", budget in 24_u32..220) {
        let chunks = Chunker::with_budget(&Pieces, budget).chunks(&title, &pages);
        assert_sound(&pages, budget, &chunks);
    }
}
