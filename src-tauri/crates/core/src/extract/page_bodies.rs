//! Pages without their running heads and feet: lines that several pages repeat at their top or bottom, up to the figures in them.

use super::table::CELLS;
use crate::answer::Source;
use crate::chunk::Chunk;
use crate::document::{DocumentId, Span};
use crate::words::{fold, words};
use std::collections::{HashMap, HashSet};

/// Lines of a page's top, and of its bottom, that are looked at.
const EDGE: usize = 3;
/// Of so many pages two that begin alike have a running head; of more it takes [`REPEATED`]: a title stands on a cover and once more
/// inside.
const FEW_PAGES: usize = 5;
const REPEATED: usize = 3;
/// Figures of a page number ("3 / 7"); more of them without a word are a row of a table.
const PAGE_FIGURES: usize = 2;

/// What of each page is text of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageBodies(HashMap<(DocumentId, u32), Span>);

impl PageBodies {
    /// Of a document's passages: all of them, in reading order.
    pub fn of(chunks: &[Chunk]) -> Self {
        let pages: Vec<Edges> = chunks.chunk_by(|a, b| a.page == b.page).filter_map(Edges::of).collect();
        let heads = repeated(pages.iter().map(|page| &page.top));
        let feet = repeated(pages.iter().map(|page| &page.bottom));
        let running = |edge: &[Line], keys: &HashSet<&str>| {
            let is_running = |line: &&Line| line.key.as_deref().is_some_and(|key| keys.contains(key));
            edge.iter().take_while(is_running).last().map(|line| line.span)
        };
        let bodies = pages.iter().filter_map(|page| {
            let (head, foot) = (running(&page.top, &heads), running(&page.bottom, &feet));
            (head.is_some() || foot.is_some()).then(|| {
                let start = head.map_or(0, |head| head.end);
                (page.of, Span::new(start, foot.map_or(u32::MAX, |foot| foot.start)))
            })
        });
        Self(bodies.collect())
    }

    /// Sources of the document in reading order without heads and feet of its pages; one that is nothing else is left out, unless all
    /// are.
    pub fn within(&self, sources: &[Source]) -> Vec<Source> {
        let mut within: Vec<Source> = sources.iter().filter_map(|source| self.of_source(source)).collect();
        if within.is_empty() {
            within = sources.to_vec();
        }
        // What stands in the context since an earlier turn comes behind what is new, though it may be the beginning.
        within.sort_by_key(|source| (source.page, source.span.start));
        within
    }

    fn of_source(&self, source: &Source) -> Option<Source> {
        let Some(body) = self.0.get(&(source.document_id, source.page)) else {
            return Some(source.clone());
        };
        let head = body.start.saturating_sub(source.span.start);
        let foot = source.span.end.saturating_sub(body.end);
        let mut chars = source.text.chars();
        chars.by_ref().take(head as usize).for_each(drop);
        chars.by_ref().rev().take(foot as usize).for_each(drop);
        let text = chars.as_str();
        (!text.trim().is_empty()).then(|| Source {
            span: Span::new(source.span.start + head, source.span.end - foot),
            text: text.to_owned(),
            ..source.clone()
        })
    }
}

/// Beginning and end of a page.
struct Edges {
    of: (DocumentId, u32),
    /// From the first line on; none where something else stands above the first passage.
    top: Vec<Line>,
    /// From the last line up.
    bottom: Vec<Line>,
}

impl Edges {
    /// Of the passages of one page.
    fn of(page: &[Chunk]) -> Option<Self> {
        let (first, last) = (page.first()?, page.last()?);
        let top = if first.span.start == 0 {
            lines(first).take(EDGE).collect()
        } else {
            Vec::new()
        };
        Some(Self {
            of: (first.document, first.page),
            top,
            bottom: lines(last).rev().take(EDGE).collect(),
        })
    }
}

/// A line of a page that is not blank.
struct Line {
    span: Span,
    /// What it has in common with the same line of another page; `None` for a row of a table.
    key: Option<String>,
}

/// Lines that are not blank, each read when it is taken.
fn lines(chunk: &Chunk) -> impl DoubleEndedIterator<Item = Line> {
    let all: Vec<&str> = chunk.text.split('\n').collect();
    let mut end = chunk.span.start;
    let mut filled = Vec::new();
    for (at, line) in all.iter().enumerate() {
        let start = end;
        end += line.chars().count() as u32 + 1;
        if !line.trim().is_empty() {
            filled.push((at, Span::new(start, end - 1)));
        }
    }
    filled.into_iter().map(move |(at, span)| {
        let is_row = |at: usize| all.get(at).is_some_and(|line| line.contains(CELLS));
        let in_table = is_row(at) && (is_row(at + 1) || at.checked_sub(1).is_some_and(is_row));
        Line {
            span,
            key: if in_table { None } else { key(all[at]) },
        }
    })
}

/// The words of a line, folded, with all figures alike.
fn key(line: &str) -> Option<String> {
    let words: Vec<String> = words(line).map(|word| alike(&fold(word.text))).collect();
    let says_something = words.iter().any(|word| word.contains(char::is_alphabetic));
    (says_something || words.len() <= PAGE_FIGURES).then(|| words.join(" "))
}

fn alike(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        if !c.is_numeric() {
            out.push(c);
        } else if !out.ends_with('0') {
            out.push('0');
        }
    }
    out
}

/// Keys that enough of these edges have.
fn repeated<'e>(edges: impl ExactSizeIterator<Item = &'e Vec<Line>>) -> HashSet<&'e str> {
    let least = if edges.len() <= FEW_PAGES { 2 } else { REPEATED };
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for edge in edges {
        let own: HashSet<&str> = edge.iter().filter_map(|line| line.key.as_deref()).collect();
        for key in own {
            *counts.entry(key).or_default() += 1;
        }
    }
    counts.retain(|_, count| *count >= least);
    counts.into_keys().collect()
}

#[cfg(test)]
mod tests {
    use super::super::opening;
    use super::*;
    use crate::chunk::ChunkId;
    use crate::document::ContentHash;

    /// Passages, each with its page and where in it it begins.
    fn chunks(passages: &[(u32, u32, &str)]) -> Vec<Chunk> {
        passages
            .iter()
            .zip(0..)
            .map(|((page, start, text), ordinal)| Chunk {
                id: ChunkId(ordinal + 1),
                document: DocumentId(7),
                ordinal,
                page: *page,
                span: Span::new(*start, start + text.chars().count() as u32),
                heading: Vec::new(),
                text: (*text).to_owned(),
                table_header: String::new(),
                tokens: 0,
            })
            .collect()
    }

    fn opening_of(passages: &[(u32, u32, &str)]) -> String {
        let chunks = chunks(passages);
        let sources: Vec<Source> = chunks
            .iter()
            .map(|chunk| Source {
                n: chunk.id.0,
                document_id: chunk.document,
                document_hash: ContentHash("0".repeat(64)),
                path: String::new(),
                title: "Lease".into(),
                page: chunk.page,
                span: chunk.span,
                heading: Vec::new(),
                table_header: String::new(),
                text: chunk.text.clone(),
            })
            .collect();
        opening(&PageBodies::of(&chunks).within(&sources)).text
    }

    #[test]
    fn an_opening_leaves_out_running_heads_and_feet() {
        assert_eq!(
            opening_of(&[
                (
                    1,
                    0,
                    "Lease Agreement – Example Ltd. Page 1 of 3\nof the old mill\nThe tenant rents the mill at the river.\n\
                     EXAMPLE LTD. · Confidential and private · 1"
                ),
                (
                    2,
                    0,
                    "Lease Agreement – Example Ltd. Page 2 of 3\nThe rent is 850 euros a month.\n\nExample Ltd. · Confidential and \
                     private · 2"
                ),
                (
                    3,
                    0,
                    "Lease Agreement – Example Ltd. Page 3 of 3\nDogs may be kept with consent.\nExample Ltd. · Confidential and private · 3"
                ),
            ]),
            "of the old mill The tenant rents the mill at the river. [1] The rent is 850 euros a month. [2] \
             Dogs may be kept with consent. [3]"
        );
    }

    #[test]
    fn a_head_cut_apart_from_its_page_is_left_out_too() {
        assert_eq!(
            opening_of(&[
                (1, 0, "Lease Agreement of the Mill, 1 / 2"),
                (1, 36, "The tenant rents the mill at the river."),
                (2, 0, "Lease Agreement of the Mill, 2 / 2"),
                (2, 36, "The rent is 850 euros a month."),
            ]),
            "The tenant rents the mill at the river. [1] The rent is 850 euros a month. [2]"
        );
    }

    #[test]
    fn an_opening_is_the_beginning_however_its_sources_stand() {
        assert_eq!(
            opening_of(&[
                (1, 50, "The rent is 850 euros a month."),
                (2, 0, "Dogs may be kept with consent."),
                (1, 0, "The tenant rents the mill at the river."),
            ]),
            "The tenant rents the mill at the river. [1] The rent is 850 euros a month. [2] \
             Dogs may be kept with consent. [3]"
        );
    }

    #[test]
    fn what_stands_once_or_within_a_page_stays() {
        let title = "The Lease of the Old Mill at the River";
        let body = "The tenant rents the mill for nine years.";
        let first = format!("{title}.\n{body}");
        assert!(opening_of(&[(1, 0, first.as_str()), (2, 0, "The rent is low today.")]).starts_with(title));
        let heading = "What the tenant has to pay.";
        let [of_mill, of_barn] =
            [["850", "Mondays", "Nobody minds."], ["60", "Fridays", "All agree."]].map(|[fee, day, end]| {
                format!("{heading}\nThe rent is {fee} euros.\nIt is due on {day}.\nFor {fee} days.\n{end}")
            });
        let told = opening_of(&[
            (1, 0, "Of the mill.\nThe tenant rents it.\nIt has a wheel."),
            (1, 50, &of_mill),
            (2, 0, "Of the barn.\nNobody rents it now."),
            (2, 35, &of_barn),
        ]);
        assert!(told.contains(heading), "{told}");
        // On a cover and on a page inside.
        let mut book = vec![
            (1, 0, title),
            (2, 0, "Printed in the year of the flood."),
            (3, 0, title),
        ];
        book.extend([4, 5, 6].map(|page| (page, 0, body)));
        assert!(opening_of(&book).starts_with(title));
    }

    #[test]
    fn rows_of_a_table_are_no_running_heads() {
        let [first, second] = [1, 2]
            .map(|page| format!("Part | Stock | Price\nAX-{page} | 1{page} | 2{page} euros\nAY-{page} | 3 | 4 euros"));
        let told = opening_of(&[(1, 0, first.as_str()), (2, 0, second.as_str())]);
        assert!(told.starts_with("| Part | Stock | Price |"), "{told}");
        let figures = opening_of(&[(1, 0, "12 14 16 18 20"), (2, 0, "13 15 17 19 21")]);
        assert!(figures.starts_with("12 14 16 18 20"), "{figures}");
    }

    #[test]
    fn pages_of_nothing_else_are_quoted_all_the_same() {
        let pages = [
            (1, 0, "Left blank on purpose, page 1"),
            (2, 0, "Left blank on purpose, page 2"),
        ];
        assert!(opening_of(&pages).starts_with("Left blank on purpose, page 1"));
    }
}
