//! From tags and texts to blocks.

use super::hidden::{self, Hidden, Step, UNSEEN};
use super::list::List;
use super::{Block, Content, Role, attribute, block_text, flat_text};
use crate::formula::mathml::{self, Maths};
use crate::formula::{Script, between};
use crate::grid::{self, Finished, Grid};
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, Token, TokenSink, TokenSinkResult};
use std::cell::RefCell;

/// Tables within tables that keep their rows; text of deeper ones stays in the cell around them. Each level copies what is in it.
const MAX_TABLES: usize = 16;

/// Elements whose text is none, or no part of what a page is read for. Scripts and styles are never text; the others are shown where
/// hiding them would leave nothing.
const HIDDEN: &[&str] = &[
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "annotation",
    "annotation-xml",
    "iframe",
    "nav",
    "select",
    "datalist",
];

/// Elements beside the text; roles, and in older pages classes and ids, that any element may have as such.
const MARGINS: &[&str] = &["header", "footer", "aside"];
const MARGIN_ROLES: &[&str] = &[
    "navigation",
    "menu",
    "menubar",
    "banner",
    "contentinfo",
    "complementary",
];
const MARGIN_NAMES: &[&str] = &["footer", "menu", "nav", "navbar", "navigation", "sidebar"];

/// Lists within lists whose items are counted.
const MAX_LISTS: usize = 64;

/// Characters of a link in a menu at most, and of running text at least.
const LONGEST_LINK: usize = 40;
const SHORTEST_PROSE: usize = 60;

/// Where the tokenizer's tokens go.
pub struct Sink {
    state: RefCell<State>,
}

impl Sink {
    /// For one page; the elements in `shown` are shown although they are [`HIDDEN`].
    pub fn new(shown: &[String], max_bytes: usize) -> Self {
        Self {
            state: RefCell::new(State {
                max_bytes,
                shown: shown.to_vec(),
                span_room: grid::ROOM,
                ..State::default()
            }),
        }
    }
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            Token::TagToken(tag) => return state.tag(&tag),
            Token::CharacterTokens(text) => state.text(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// A page as read so far.
#[derive(Default)]
pub struct State {
    content: Content,
    max_bytes: usize,
    bytes: usize,
    block: String,
    link_chars: usize,
    in_link: bool,
    heading: Option<u8>,
    in_item: u32,
    /// Open lists.
    lists: Vec<List>,
    /// The number of the open item, until text of it comes.
    number: String,
    script: Script,
    maths: Maths,
    /// The reading of a word beside it is open.
    in_reading: bool,
    /// The open element that is beside the text, and how often it is open.
    margin: Option<(String, u32)>,
    preformatted: u32,
    in_title: bool,
    title: String,
    /// The open element whose text is left out.
    hidden: Option<Hidden>,
    /// Of those elements, the ones that are shown all the same.
    shown: Vec<String>,
    tables: Vec<OpenTable>,
    /// Open tables beyond [`MAX_TABLES`].
    flat_tables: u32,
    /// Cells that spans may still add to tables.
    span_room: usize,
}

struct OpenTable {
    grid: Grid,
    cell: Option<OpenCell>,
    /// Inside `thead`.
    in_head: bool,
    row: OpenRow,
    /// Rows from the first that name the columns; nothing where that is to be guessed.
    header_rows: Option<usize>,
    blocks: Vec<Block>,
}

/// What the cells of a row are so far.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum OpenRow {
    #[default]
    Empty,
    /// So many names, and blank cells.
    Names(usize),
    /// A name, then what it is the name of.
    NameAndValues,
    Values,
}

impl OpenTable {
    fn new(room: usize) -> Self {
        Self {
            grid: Grid::new(room),
            cell: None,
            in_head: false,
            row: OpenRow::default(),
            header_rows: None,
            blocks: Vec::new(),
        }
    }

    fn end_cell(&mut self) {
        let Some(cell) = self.cell.take() else { return };
        let is_blank = cell.text.trim().is_empty();
        self.row = match (self.row, cell.is_name) {
            (OpenRow::Empty, true) => OpenRow::Names(1),
            (OpenRow::Names(names), true) => OpenRow::Names(names + 1),
            (row, false) if is_blank => row,
            (OpenRow::Names(_), false) => OpenRow::NameAndValues,
            (OpenRow::Empty, false) => OpenRow::Values,
            (row, _) => row,
        };
        self.grid.cell(cell.text, cell.columns, cell.rows);
    }

    fn end_row(&mut self) {
        self.end_cell();
        let height = self.grid.height();
        let names_before = self.header_rows.unwrap_or(0) + 1 == height;
        match (self.in_head, std::mem::take(&mut self.row)) {
            (true, _) if names_before => self.header_rows = Some(height),
            // A name alone below others is that of the rows that follow.
            (false, OpenRow::Names(names)) if names_before && (height == 1 || names > 1) => {
                self.header_rows = Some(height);
            }
            // The names are those of the rows.
            (false, OpenRow::NameAndValues) if height == 1 => self.header_rows = Some(0),
            _ => {}
        }
    }
}

struct OpenCell {
    text: String,
    is_name: bool,
    columns: usize,
    rows: u32,
}

impl OpenCell {
    fn of(tag: &Tag) -> Self {
        let span = |name| attribute(tag, name).and_then(|span| span.trim().parse::<u16>().ok());
        Self {
            text: String::new(),
            is_name: &*tag.name == "th",
            columns: span("colspan").map_or(1, usize::from),
            rows: span("rowspan").map_or(1, u32::from),
        }
    }
}

impl State {
    /// What the page holds, and the element that hides its end.
    pub fn finish(sink: Sink) -> (Content, Option<String>) {
        let mut state = sink.state.into_inner();
        state.end_block();
        state.end_table_all();
        let open = if state.in_title {
            Some("title".to_owned())
        } else {
            state.hidden.and_then(Hidden::left_open)
        };
        (state.content, open)
    }

    fn text(&mut self, text: &str) {
        if self.in_title {
            self.title.push_str(text);
            return;
        }
        if let Some(hidden) = &self.hidden {
            self.content.hidden_text |= hidden.holds_text() && text.contains(|c: char| !c.is_whitespace());
            return;
        }
        if self.content.too_long || self.in_reading {
            return;
        }
        self.bytes += text.len();
        if self.bytes > self.max_bytes {
            self.content.too_long = true;
            return;
        }
        // Between the elements of a formula white space is for those who read its source.
        if !self.maths.is_empty() && text.trim().is_empty() {
            return;
        }
        self.block
            .extend(between(&self.block, text, std::mem::take(&mut self.script)));
        if self.preformatted > 0 {
            self.block.push_str(text);
        } else {
            // White space collapses across pieces of a line.
            for word in text.split_inclusive(|c: char| c.is_ascii_whitespace()) {
                let trimmed = word.trim_end_matches(|c: char| c.is_ascii_whitespace());
                self.block.push_str(trimmed);
                if trimmed.len() < word.len() && !self.block.is_empty() && !self.block.ends_with([' ', '\n']) {
                    self.block.push(' ');
                }
            }
        }
        if self.in_link {
            self.link_chars += text.chars().filter(|c| !c.is_whitespace()).count();
        }
    }

    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        let opens = tag.kind == TagKind::StartTag;
        // `<title/>` of XHTML has no end that it could wait for.
        let holds = opens && !tag.self_closing;
        if let Some(open) = &mut self.hidden {
            let step = open.step(name, opens, holds);
            if step != Step::Inside {
                self.hidden = None;
            }
            if step != Step::EndsBefore {
                // The bodies of these are no markup.
                return raw(name, holds);
            }
        }
        if opens && hidden::is_unseen(tag) && !self.is_shown(UNSEEN) {
            if hidden::is_block(name) {
                self.end_block();
            }
            self.hidden = Hidden::unseen(name).filter(|_| holds);
            return raw(name, holds);
        }
        self.margin_tag(tag, holds);
        match name {
            "title" if !self.is_shown("title") => {
                self.in_title = holds && self.content.title.is_none();
                if !opens && self.content.title.is_none() {
                    self.content.title = Some(std::mem::take(&mut self.title));
                }
                return raw(name, holds);
            }
            "plaintext" if opens => {
                self.end_block();
                return TokenSinkResult::Plaintext;
            }
            "xmp" => {
                self.end_block();
                return raw(name, holds);
            }
            name if HIDDEN.contains(&name) && !self.is_shown(name) => {
                if holds {
                    if name == "nav" {
                        self.end_block();
                    }
                    self.hidden = Some(Hidden::without_text(name));
                }
                return raw(name, holds);
            }
            "textarea" => return raw(name, holds),
            // Anchors are elements of the same name; XHTML has them without an end.
            "a" => self.in_link = holds && attribute(tag, "href").is_some(),
            "sup" => self.script = if holds { Script::Raised } else { Script::Back },
            "rt" | "rp" => self.in_reading = holds,
            "ruby" | "rb" => self.in_reading = false,
            "math" => self.maths.clear(),
            // A place of a matrix.
            "mtd" if opens && self.block.ends_with(char::is_alphanumeric) => self.block.push(' '),
            "br" => self.block.push('\n'),
            "img" => {
                self.content.pictures = true;
                if let Some(alt) = attribute(tag, "alt").filter(|alt| !alt.trim().is_empty()) {
                    self.text(&format!(" {alt} "));
                }
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.end_block();
                self.heading = holds.then(|| name.as_bytes()[1] - b'0');
            }
            "pre" => {
                self.end_block();
                self.preformatted = match (opens, holds) {
                    (true, true) => self.preformatted + 1,
                    (true, false) => self.preformatted,
                    (false, _) => self.preformatted.saturating_sub(1),
                };
            }
            "li" | "dd" | "dt" => {
                self.end_block();
                self.in_item = if opens {
                    self.in_item + 1
                } else {
                    self.in_item.saturating_sub(1)
                };
                self.number = match self.lists.last_mut() {
                    Some(list) if opens && name == "li" => list.number(tag),
                    _ => String::new(),
                };
            }
            "ul" | "ol" | "dl" => {
                self.end_block();
                if opens {
                    let outer = std::mem::take(&mut self.number);
                    if self.lists.len() < MAX_LISTS {
                        self.lists.push(List::of(tag, outer));
                    }
                } else {
                    self.lists.pop();
                    self.in_item = 0;
                    self.number.clear();
                }
            }
            "table" => {
                self.end_block();
                match (opens, self.flat_tables) {
                    (true, _) if self.tables.len() >= MAX_TABLES => self.flat_tables += 1,
                    (true, _) => self.tables.push(OpenTable::new(self.span_room)),
                    (false, 0) => self.end_table(),
                    (false, _) => self.flat_tables -= 1,
                }
            }
            "tr" | "td" | "th" | "thead" | "tbody" | "tfoot" if self.flat_tables > 0 => self.end_block(),
            "tr" => {
                self.end_row();
                if opens && let Some(table) = self.tables.last_mut() {
                    table.grid.row();
                }
            }
            "thead" | "tbody" | "tfoot" => {
                self.end_row();
                if let Some(table) = self.tables.last_mut() {
                    table.in_head = opens && name == "thead";
                }
            }
            "td" | "th" => {
                self.end_cell();
                if opens && let Some(table) = self.tables.last_mut() {
                    table.cell = Some(OpenCell::of(tag));
                }
            }
            "hr" | "p" | "div" | "nav" | "section" | "article" | "main" | "header" | "footer" | "aside"
            | "blockquote" | "figure" | "figcaption" | "address" | "form" | "fieldset" | "legend" | "body" | "html"
            | "head" | "caption" | "center" | "details" | "summary" | "option" | "button" | "label" | "dialog" => {
                self.end_block();
            }
            _ => {}
        }
        match (opens, holds) {
            (true, true) => self.maths.open(name, |key| attribute(tag, key), &mut self.block),
            (true, false) => self.maths.empty(&mut self.block),
            (false, _) => self.maths.close(&mut self.block),
        }
        if !opens && mathml::parts_numbers(name) {
            self.script = Script::Back;
        }
        TokenSinkResult::Continue
    }

    fn is_shown(&self, element: &str) -> bool {
        self.shown.iter().any(|shown| shown == element)
    }

    /// Notes where a part of the page begins or ends that is beside its text.
    fn margin_tag(&mut self, tag: &Tag, holds: bool) {
        let name: &str = &tag.name;
        if let Some((_, depth)) = self.margin.as_mut().filter(|(margin, _)| margin == name) {
            match (tag.kind, holds) {
                (TagKind::EndTag, _) if *depth == 1 => {
                    self.end_block();
                    self.margin = None;
                }
                (TagKind::EndTag, _) => *depth -= 1,
                (TagKind::StartTag, true) => *depth += 1,
                (TagKind::StartTag, false) => {}
            }
            return;
        }
        // The end of a hidden one is not seen here.
        if !holds || self.margin.is_some() || HIDDEN.contains(&name) {
            return;
        }
        let says = |key: &str, names: &[&str]| {
            attribute(tag, key).is_some_and(|value| value.split_whitespace().any(|name| names.contains(&name)))
        };
        if MARGINS.contains(&name)
            || says("role", MARGIN_ROLES)
            || says("class", MARGIN_NAMES)
            || says("id", MARGIN_NAMES)
        {
            self.end_block();
            self.margin = Some((name.to_owned(), 1));
        }
    }

    fn end_block(&mut self) {
        // One that never ends hides no more than its paragraph.
        self.in_reading = false;
        let text = std::mem::take(&mut self.block);
        let link_chars = std::mem::take(&mut self.link_chars);
        if text.trim().is_empty() {
            return;
        }
        self.in_link = false;
        self.script = Script::Same;
        self.maths.clear();
        let role = self.role(&text, link_chars);
        let text = std::mem::take(&mut self.number) + &text;
        let block = match (self.heading, self.preformatted > 0, self.in_item > 0) {
            (Some(level), ..) => Block::Heading { level, text },
            (_, true, _) => Block::Preformatted { text },
            (_, _, true) => Block::Item { text, role },
            _ => Block::Paragraph { text, role },
        };
        match self.tables.last_mut() {
            Some(table) => match &mut table.cell {
                Some(cell) => {
                    if !cell.text.is_empty() {
                        cell.text.push('\n');
                    }
                    cell.text.push_str(block_text(&block));
                    table.blocks.push(block);
                }
                // Captions, and text between rows.
                None => self.content.blocks.push(block),
            },
            None => self.content.blocks.push(block),
        }
    }

    fn role(&self, text: &str, link_chars: usize) -> Role {
        let chars = text.chars().filter(|c| !c.is_whitespace()).count();
        let is_link = link_chars * 10 >= chars * 9 && chars <= LONGEST_LINK;
        match (is_link, self.margin.is_some()) {
            (true, true) => Role::LinkInMargin,
            (true, false) => Role::Link,
            (false, false) if chars >= SHORTEST_PROSE && link_chars * 2 < chars => Role::Prose,
            (false, _) => Role::Other,
        }
    }

    fn end_cell(&mut self) {
        self.end_block();
        if let Some(table) = self.tables.last_mut() {
            table.end_cell();
        }
    }

    fn end_row(&mut self) {
        self.end_block();
        if let Some(table) = self.tables.last_mut() {
            table.end_row();
        }
    }

    fn end_table(&mut self) {
        self.end_row();
        let Some(table) = self.tables.pop() else { return };
        let Finished {
            titles,
            rows,
            header,
            room,
        } = table.grid.finish(table.header_rows);
        self.span_room = self.span_room.min(room);
        // A table for layout: few cells with much text, headings, or one column.
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let layout = columns <= 1
            || rows.iter().flatten().any(|cell| cell.chars().count() > 800)
            || table
                .blocks
                .iter()
                .any(|block| matches!(block, Block::Heading { .. } | Block::Table { .. }));
        let blocks = if layout {
            table.blocks
        } else {
            let titles = titles.into_iter().map(|text| Block::Paragraph {
                text,
                role: Role::Other,
            });
            titles.chain([Block::Table { rows, header }]).collect()
        };
        match self.tables.last_mut() {
            Some(OpenTable {
                cell: Some(cell),
                blocks: outer,
                ..
            }) => {
                for block in &blocks {
                    if !cell.text.is_empty() {
                        cell.text.push('\n');
                    }
                    cell.text.push_str(&flat_text(block));
                }
                outer.extend(blocks);
            }
            _ => self.content.blocks.extend(blocks),
        }
    }

    fn end_table_all(&mut self) {
        while !self.tables.is_empty() {
            self.end_table();
        }
    }
}

fn raw(name: &str, opens: bool) -> TokenSinkResult<()> {
    match name {
        "script" if opens => TokenSinkResult::RawData(RawKind::ScriptData),
        "style" | "iframe" | "xmp" if opens => TokenSinkResult::RawData(RawKind::Rawtext),
        "title" | "textarea" if opens => TokenSinkResult::RawData(RawKind::Rcdata),
        _ => TokenSinkResult::Continue,
    }
}
