//! Cuts pages into passages of at most [`BUDGET`] tokens.
//!
//! A page is tokenised once; every decision afterwards is arithmetic on where its tokens start. Sentences
//! ([`crate::sentences`]) are packed until the budget is full, counting the heading path and a repeated table
//! header; the next passage of the same section begins with the last sentence of the one before. A passage never crosses a page
//! or a heading. Rows of a table stay whole, and its header is repeated. Only what is longer than the budget by itself is
//! divided: at line ends, else behind a clause, else between words, else between characters.
//!
//! The budget is 200 tokens of the default tokenizer whatever the embedder, so that passages, and with them citations, stay the
//! same when the embedder changes. Text that tokenises strangely (a word of a thousand letters is one unknown token) is bounded
//! by characters too: [`CHARS_PER_TOKEN`] count as a token at least.

mod blocks;
mod cut;

use crate::chunk::ChunkDraft;
use crate::document::{Page, Span};
use blocks::{Block, Text};
use cut::Unit;
use std::ops::Range;

/// Most tokens of a passage, heading path and table header included, special tokens not.
pub const BUDGET: u32 = 200;
/// Characters that count as one token where the tokenizer makes fewer. English prose has 4 to 5 a token.
pub const CHARS_PER_TOKEN: u32 = 10;
/// Of the budget, the most that a heading path may take: a quarter. Outer headings go first.
const PATH_SHARE: u32 = 4;
/// Of the room left by the path, the most that a repeated table header may take: a third.
const HEADER_SHARE: u32 = 3;
/// Of a repeated table header, the tokens that are embedded and counted: it is the same in every passage of its table.
pub const HEADER_READ: u32 = 32;
/// Of the room, the most that the repeated sentence may take: a quarter.
const OVERLAP_SHARE: u32 = 4;
/// Between the headings of a path, as [`ChunkDraft::indexed_text`] writes it.
const PATH_SEPARATOR: &str = " › ";

/// Tells where the tokens of a text stand.
pub trait TokenCounter {
    /// Byte offset at which each token of `text` starts, ascending; special tokens are not among them.
    fn token_starts(&self, text: &str) -> Vec<u32>;

    /// How many tokens.
    fn count(&self, text: &str) -> u32 {
        self.token_starts(text).len() as u32
    }
}

/// Cuts documents with one tokenizer and one budget.
///
/// ```
/// use docmind_core::chunker::{Chunker, TokenCounter};
/// use docmind_core::document::Page;
///
/// struct Words;
/// impl TokenCounter for Words {
///     fn token_starts(&self, text: &str) -> Vec<u32> {
///         text.split_whitespace().map(|word| (word.as_ptr() as usize - text.as_ptr() as usize) as u32).collect()
///     }
/// }
///
/// let page = Page { number: 1, text: "The roof leaks. It rained for a week.".into(), ..Page::default() };
/// let chunks = Chunker::new(&Words).chunks("Report", &[page]);
/// assert_eq!(chunks.len(), 1);
/// assert_eq!(chunks[0].heading, ["Report"]);
/// assert_eq!(chunks[0].tokens, 9);
/// ```
pub struct Chunker<'a> {
    counter: &'a dyn TokenCounter,
    budget: u32,
}

impl<'a> Chunker<'a> {
    /// With the usual budget.
    pub fn new(counter: &'a dyn TokenCounter) -> Self {
        Self::with_budget(counter, BUDGET)
    }

    /// With another budget, at least 16 tokens.
    pub fn with_budget(counter: &'a dyn TokenCounter, budget: u32) -> Self {
        Self {
            counter,
            budget: budget.max(16),
        }
    }

    /// The passages of a document in reading order. `title` stands for the headings of a document that has none.
    pub fn chunks(&self, title: &str, pages: &[Page]) -> Vec<ChunkDraft> {
        let mut chunks = Vec::new();
        self.cut(title, pages, &mut |cut| chunks.push(cut.draft));
        chunks
    }

    /// Tells each passage as soon as it is cut. The counter is asked for a page's text just before the page's first passage.
    pub fn cut(&self, title: &str, pages: &[Page], sink: &mut dyn FnMut(Cut)) {
        let mut path = Path::default();
        if pages.iter().all(|page| page.headings.is_empty()) {
            path.open(0, title);
            path.announced();
        }
        for (page_index, page) in pages.iter().enumerate() {
            let text = Text::new(&page.text, self.counter.token_starts(&page.text));
            let mut writer = Writer {
                chunker: self,
                page_index,
                number: page.number,
                text: &text,
                sink: &mut *sink,
            };
            writer.page(blocks::blocks(page, &text, self.budget), &mut path);
        }
    }
}

/// A passage and where it was cut from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Index of the page in the slice given.
    pub page_index: usize,
    /// The bytes of its text in the page's text.
    pub bytes: Range<usize>,
    /// The passage.
    pub draft: ChunkDraft,
}

/// The headings above the place where we are.
#[derive(Debug, Default)]
struct Path {
    open: Vec<OpenHeading>,
}

#[derive(Debug)]
struct OpenHeading {
    level: u8,
    text: String,
    /// Where it stands, while no passage has carried it yet.
    waiting: Option<Unit>,
}

impl Path {
    /// A heading begins: deeper ones and its siblings end.
    fn open(&mut self, level: u8, text: &str) {
        self.close(level);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !text.is_empty() {
            self.open.push(OpenHeading {
                level,
                text,
                waiting: None,
            });
        }
    }

    fn close(&mut self, level: u8) {
        while self.open.pop_if(|last| last.level >= level).is_some() {}
    }

    /// A passage carries every open heading.
    fn announced(&mut self) {
        for heading in &mut self.open {
            heading.waiting = None;
        }
    }

    /// How many of the outermost headings were carried by a passage.
    fn carried(&self) -> usize {
        self.open.iter().take_while(|heading| heading.waiting.is_none()).count()
    }
}

/// Writes the passages of one page.
struct Writer<'w, 'a> {
    chunker: &'w Chunker<'a>,
    page_index: usize,
    number: u32,
    text: &'w Text<'w>,
    sink: &'w mut dyn FnMut(Cut),
}

/// What every passage of one section shares.
struct Section {
    heading: Vec<String>,
    /// Outermost headings that the path has no room for.
    dropped: usize,
    /// Tokens of the path.
    path_tokens: u32,
    /// Tokens left for header and text.
    room: u32,
}

impl Writer<'_, '_> {
    fn page(&mut self, blocks: Vec<Block>, path: &mut Path) {
        for block in blocks {
            match block {
                Block::Heading { level, unit } => {
                    let deepest_waits = path
                        .open
                        .last()
                        .is_some_and(|last| last.waiting.is_some() && last.level >= level);
                    if deepest_waits {
                        self.headings_alone(path, path.open.len());
                    }
                    path.open(level, &self.text.text[unit.bytes.clone()]);
                    if let Some(last) = path.open.last_mut() {
                        last.waiting = Some(unit);
                    }
                }
                Block::Prose(range) => {
                    let section = self.section(path, path.open.len());
                    let units = cut::prose(self.text, range, section.room, self.chunker.counter);
                    if !units.is_empty() {
                        self.announce(&section, path);
                        self.pack(&section, None, &units);
                    }
                }
                Block::Table { rows, header } => {
                    let section = self.section(path, path.open.len());
                    self.announce(&section, path);
                    self.table(&section, rows, header);
                }
            }
        }
        self.headings_alone(path, path.open.len());
    }

    /// A passage of this section comes next. Outer headings its path has no room for would be nowhere: they go first, by themselves.
    fn announce(&mut self, section: &Section, path: &mut Path) {
        self.headings_alone(path, section.dropped);
        path.announced();
    }

    /// Those of the outermost `depth` headings that no passage carries become a passage themselves: a slide with nothing but its
    /// title is still found.
    fn headings_alone(&mut self, path: &mut Path, depth: usize) {
        let carried = path.carried().min(depth);
        let units: Vec<Unit> = path
            .open
            .iter_mut()
            .take(depth)
            .skip(carried)
            .filter_map(|heading| heading.waiting.take())
            .collect();
        if units.is_empty() {
            return;
        }
        let section = self.section(path, carried);
        let units: Vec<Unit> = units
            .into_iter()
            .flat_map(|unit| cut::fit(self.text, unit, section.room, self.chunker.counter))
            .collect();
        self.pack(&section, None, &units);
    }

    /// The section under the outermost `depth` open headings.
    fn section(&self, path: &Path, depth: usize) -> Section {
        let most = self.chunker.budget / PATH_SHARE;
        let mut heading: Vec<String> = path.open[..depth].iter().map(|heading| heading.text.clone()).collect();
        let mut cost = self.cost(&heading.join(PATH_SEPARATOR));
        let mut dropped = 0;
        while cost.1 > most && heading.len() > 1 {
            heading.remove(0);
            dropped += 1;
            cost = self.cost(&heading.join(PATH_SEPARATOR));
        }
        if cost.1 > most
            && let Some(last) = heading.pop()
        {
            let (kept, kept_cost) = self.shortened(&last, most);
            cost = kept_cost;
            heading.extend((!kept.is_empty()).then_some(kept));
        }
        Section {
            heading,
            dropped,
            path_tokens: cost.0,
            room: self.chunker.budget - cost.1,
        }
    }

    /// Tokens of a text, and what it costs of a budget.
    fn cost(&self, text: &str) -> (u32, u32) {
        let tokens = self.chunker.counter.count(text);
        (tokens, cut::cost(tokens, text.chars().count() as u32))
    }

    /// The first words of `text` that cost at most `most`, with their tokens and cost.
    fn shortened(&self, text: &str, most: u32) -> (String, (u32, u32)) {
        let inner = Text::new(text, self.chunker.counter.token_starts(text));
        let first = cut::fit(&inner, inner.unit(0..text.len()), most, self.chunker.counter)
            .into_iter()
            .next();
        let kept = first.map(|unit| text[unit.bytes].trim().to_owned()).unwrap_or_default();
        let cost = self.cost(&kept);
        if cost.1 > most {
            (String::new(), (0, 0))
        } else {
            (kept, cost)
        }
    }

    fn table(&mut self, section: &Section, rows: Vec<Unit>, header: Option<Unit>) {
        let Some(header) = header else {
            let rows = self.fitted(rows, section.room);
            self.pack(section, None, &rows);
            return;
        };
        let full = self.text.text[header.bytes.clone()].trim();
        let (repeated, cost) = self.shortened(full, section.room / HEADER_SHARE);
        // The first passage holds the header row itself, the others repeat it: one room for all keeps rows whole in both.
        let room = section.room - cost.1.max(header.cost().min(section.room / HEADER_SHARE));
        let mut units = self.fitted(vec![header], section.room);
        units.extend(self.fitted(rows, room));
        self.pack(
            section,
            Some(&Header {
                text: repeated,
                tokens: cost.0.min(HEADER_READ),
                cost: cost.1.min(HEADER_READ),
            }),
            &units,
        );
    }

    fn fitted(&self, units: Vec<Unit>, room: u32) -> Vec<Unit> {
        units
            .into_iter()
            .flat_map(|unit| cut::fit(self.text, unit, room, self.chunker.counter))
            .collect()
    }

    /// Packs units of one section, in order. With a header they are rows: no overlap, and all but the first passage repeat it.
    fn pack(&mut self, section: &Section, header: Option<&Header>, units: &[Unit]) {
        let mut first = 0;
        let mut written = 0;
        let target = target(units, section.room, header);
        while written < units.len() {
            let repeats = header.filter(|_| written > 0);
            let room = section.room - repeats.map_or(0, |header| header.cost);
            let mut used: u32 = units[first..written].iter().map(Unit::cost).sum();
            let mut end = written;
            while let Some(unit) = units.get(end)
                && (end == written || (used < target && used + unit.cost() <= room))
            {
                used += unit.cost();
                end += 1;
            }
            self.write(section, repeats, &units[first..end]);
            written = end;
            first = if header.is_none() {
                Self::overlap(units, first, end, section.room)
            } else {
                end
            };
        }
    }

    /// Where the next passage begins: one sentence back, where that is short enough and leaves room for the next.
    fn overlap(units: &[Unit], first: usize, end: usize, room: u32) -> usize {
        let (Some(last), Some(next)) = (units.get(end - 1), units.get(end)) else {
            return end;
        };
        let fits = last.cost() <= room / OVERLAP_SHARE && last.cost() + next.cost() <= room;
        if fits && end - 1 > first { end - 1 } else { end }
    }

    fn write(&mut self, section: &Section, header: Option<&Header>, units: &[Unit]) {
        let (Some(first), Some(last)) = (units.first(), units.last()) else {
            return;
        };
        let bytes = first.bytes.start..last.bytes.end;
        let draft = ChunkDraft {
            page: self.number,
            span: Span::new(first.chars.start, last.chars.end),
            heading: section.heading.clone(),
            text: self.text.text[bytes.clone()].to_owned(),
            table_header: header.map(|header| header.text.clone()).unwrap_or_default(),
            tokens: section.path_tokens
                + header.map_or(0, |header| header.tokens)
                + units.iter().map(|unit| unit.tokens).sum::<u32>(),
        };
        (self.sink)(Cut {
            page_index: self.page_index,
            bytes,
            draft,
        });
    }
}

/// A table's header row as the later passages repeat it.
struct Header {
    text: String,
    tokens: u32,
    cost: u32,
}

/// How full a passage should be so that a section's passages come out alike, instead of full ones and a scrap.
fn target(units: &[Unit], room: u32, header: Option<&Header>) -> u32 {
    let total: u32 = units.iter().map(Unit::cost).sum();
    if total <= room {
        return room;
    }
    let mean = total / units.len() as u32;
    let repeated = header.map_or(mean.min(room / OVERLAP_SHARE), |header| header.cost);
    let each = room.saturating_sub(repeated + mean / 2).max(1);
    (total.div_ceil(total.div_ceil(each)) + repeated).min(room)
}

#[cfg(test)]
mod tests;
