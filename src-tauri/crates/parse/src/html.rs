//! HTML and XHTML: the main text, not menus. Read as a stream of tokens: no tree, so that nesting costs nothing.

use crate::encoding;
use crate::error::ParseError;
use crate::output::Output;
use crate::text::{self, PageBuilder, TableHeader};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use std::cell::RefCell;

/// The media type.
pub const MEDIA_TYPE: &str = "text/html";

/// Tables within tables that keep their rows; text of deeper ones stays in the cell around them. Each level copies what is in it.
const MAX_TABLES: usize = 16;

/// A piece of a page.
#[derive(Clone, Debug, PartialEq)]
enum Block {
    Heading { level: u8, text: String },
    Paragraph { text: String, link_chars: usize },
    Item { text: String, link_chars: usize },
    Preformatted { text: String },
    Table { rows: Vec<Vec<String>>, header: bool },
}

/// What a page holds.
#[derive(Debug, Default)]
struct Content {
    title: Option<String>,
    blocks: Vec<Block>,
    too_long: bool,
    pictures: bool,
}

/// Reads a page.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    let decoded = encoding::decode(bytes, declared_charset(bytes).as_deref());
    let content = read(&decoded.text, out)?;
    out.started(MEDIA_TYPE, content.title.as_deref().and_then(text::title), Some(1));
    let mut page = PageBuilder::default();
    write(&content.blocks, &mut page);
    if page.is_empty() && content.pictures {
        return Err(ParseError::NoText);
    }
    out.single_page(page)
}

/// Adds a page to a builder, for the formats that hold HTML (EPUB chapters, mail).
///
/// # Errors
/// Over the limit of text; cancelled; out of time.
pub fn append(source: &str, page: &mut PageBuilder, out: &Output<'_>) -> Result<(), ParseError> {
    let content = read(source, out)?;
    write(&content.blocks, page);
    Ok(())
}

/// The text of a short piece, without structure.
pub fn plain_text(source: &str) -> String {
    let content = tokenize(&[source], usize::MAX);
    let mut page = PageBuilder::default();
    write(&content.blocks, &mut page);
    page.finish(1).text
}

/// What the file says its encoding is, in `meta` or the XML declaration.
pub fn declared_charset(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).to_lowercase();
    let at = head
        .find("charset=")
        .map(|at| at + 8)
        .or_else(|| head.find("encoding=").map(|at| at + 9))?;
    let label: String = head[at..]
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))
        .collect();
    (!label.is_empty()).then_some(label)
}

fn read(source: &str, out: &Output<'_>) -> Result<Content, ParseError> {
    out.checkpoint()?;
    let mut pieces = Vec::new();
    let mut rest = source;
    while !rest.is_empty() {
        let mut end = rest.len().min(1 << 20);
        while !rest.is_char_boundary(end) {
            end += 1;
        }
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    let content = tokenize(&pieces, out.limits.text_bytes);
    if content.too_long {
        return Err(ParseError::too_large(format!(
            "it holds more than {} MB of text",
            out.limits.text_bytes / 1_000_000
        )));
    }
    out.checkpoint()?;
    Ok(content)
}

fn tokenize(pieces: &[&str], max_bytes: usize) -> Content {
    let sink = Sink {
        state: RefCell::new(State {
            max_bytes,
            ..State::default()
        }),
    };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let queue = BufferQueue::default();
    for piece in pieces {
        queue.push_back(StrTendril::from_slice(piece));
        let _ = tokenizer.feed(&queue);
    }
    tokenizer.end();
    let mut state = tokenizer.sink.state.into_inner();
    state.end_block();
    state.end_table_all();
    state.content
}

struct Sink {
    state: RefCell<State>,
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

#[derive(Default)]
struct State {
    content: Content,
    max_bytes: usize,
    bytes: usize,
    block: String,
    link_chars: usize,
    in_link: bool,
    heading: Option<u8>,
    in_item: u32,
    preformatted: u32,
    in_title: bool,
    title: String,
    /// Open elements whose text is none (script, style, menus), by name: only their own end closes them.
    hidden: Vec<String>,
    tables: Vec<OpenTable>,
    /// Open tables beyond [`MAX_TABLES`].
    flat_tables: u32,
}

#[derive(Default)]
struct OpenTable {
    rows: Vec<Vec<String>>,
    cell: Option<String>,
    header_cells: bool,
    blocks: Vec<Block>,
}

impl State {
    fn text(&mut self, text: &str) {
        if self.in_title {
            self.title.push_str(text);
            return;
        }
        if !self.hidden.is_empty() || self.content.too_long {
            return;
        }
        self.bytes += text.len();
        if self.bytes > self.max_bytes {
            self.content.too_long = true;
            return;
        }
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
        if let Some(hidden) = self.hidden.last() {
            if !opens && hidden == name {
                self.hidden.pop();
            } else if opens && hidden == name && !tag.self_closing {
                self.hidden.push(name.to_owned());
            }
            // The bodies of these are no markup.
            return raw(name, opens && !tag.self_closing);
        }
        match name {
            "title" => {
                self.in_title = opens && self.content.title.is_none();
                if !opens && self.content.title.is_none() {
                    self.content.title = Some(std::mem::take(&mut self.title));
                }
                return if opens {
                    TokenSinkResult::RawData(RawKind::Rcdata)
                } else {
                    TokenSinkResult::Continue
                };
            }
            "script" | "style" | "noscript" | "template" | "svg" | "math" | "iframe" | "object" | "nav" | "select"
            | "datalist" => {
                if opens && !tag.self_closing {
                    if name == "nav" {
                        self.end_block();
                    }
                    self.hidden.push(name.to_owned());
                }
                return raw(name, opens && !tag.self_closing);
            }
            "textarea" => {
                return if opens {
                    TokenSinkResult::RawData(RawKind::Rcdata)
                } else {
                    TokenSinkResult::Continue
                };
            }
            "a" => self.in_link = opens,
            "br" => self.block.push('\n'),
            "img" => {
                self.content.pictures = true;
                if let Some(alt) = attribute(tag, "alt").filter(|alt| !alt.trim().is_empty()) {
                    self.text(&format!(" {alt} "));
                }
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.end_block();
                self.heading = opens.then(|| name.as_bytes()[1] - b'0');
            }
            "pre" => {
                self.end_block();
                self.preformatted = if opens {
                    self.preformatted + 1
                } else {
                    self.preformatted.saturating_sub(1)
                };
            }
            "li" | "dd" | "dt" => {
                self.end_block();
                self.in_item = if opens {
                    self.in_item + 1
                } else {
                    self.in_item.saturating_sub(1)
                };
            }
            "ul" | "ol" | "dl" => {
                self.end_block();
                if !opens {
                    self.in_item = 0;
                }
            }
            "table" => {
                self.end_block();
                match (opens, self.flat_tables) {
                    (true, _) if self.tables.len() >= MAX_TABLES => self.flat_tables += 1,
                    (true, _) => self.tables.push(OpenTable::default()),
                    (false, 0) => self.end_table(),
                    (false, _) => self.flat_tables -= 1,
                }
            }
            "tr" | "td" | "th" if self.flat_tables > 0 => self.end_block(),
            "tr" => {
                self.end_cell();
                if opens && let Some(table) = self.tables.last_mut() {
                    table.rows.push(Vec::new());
                }
            }
            "td" | "th" => {
                self.end_cell();
                if opens && let Some(table) = self.tables.last_mut() {
                    table.cell = Some(String::new());
                    table.header_cells |= name == "th" && table.rows.len() <= 1;
                }
            }
            "hr" | "p" | "div" | "section" | "article" | "main" | "header" | "footer" | "aside" | "blockquote"
            | "figure" | "figcaption" | "address" | "form" | "fieldset" | "legend" | "body" | "html" | "head"
            | "caption" | "thead" | "tbody" | "tfoot" | "center" | "details" | "summary" | "option" | "button"
            | "label" | "dialog" => self.end_block(),
            _ => {}
        }
        TokenSinkResult::Continue
    }

    fn end_block(&mut self) {
        let text = std::mem::take(&mut self.block);
        let link_chars = std::mem::take(&mut self.link_chars);
        if text.trim().is_empty() {
            return;
        }
        let block = match (self.heading, self.preformatted > 0, self.in_item > 0) {
            (Some(level), ..) => Block::Heading { level, text },
            (_, true, _) => Block::Preformatted { text },
            (_, _, true) => Block::Item { text, link_chars },
            _ => Block::Paragraph { text, link_chars },
        };
        match self.tables.last_mut() {
            Some(table) => match &mut table.cell {
                Some(cell) => {
                    if !cell.is_empty() {
                        cell.push('\n');
                    }
                    cell.push_str(block_text(&block));
                    table.blocks.push(block);
                }
                // Captions, and text between rows.
                None => self.content.blocks.push(block),
            },
            None => self.content.blocks.push(block),
        }
    }

    fn end_cell(&mut self) {
        self.end_block();
        if let Some(table) = self.tables.last_mut()
            && let Some(cell) = table.cell.take()
        {
            if table.rows.is_empty() {
                table.rows.push(Vec::new());
            }
            if let Some(row) = table.rows.last_mut() {
                row.push(cell);
            }
        }
    }

    fn end_table(&mut self) {
        self.end_cell();
        let Some(table) = self.tables.pop() else { return };
        // A table for layout: few cells with much text, headings, or one column.
        let columns = table.rows.iter().map(Vec::len).max().unwrap_or(0);
        let layout = columns <= 1
            || table.rows.iter().flatten().any(|cell| cell.chars().count() > 800)
            || table
                .blocks
                .iter()
                .any(|block| matches!(block, Block::Heading { .. } | Block::Table { .. }));
        let blocks = if layout {
            table.blocks
        } else {
            vec![Block::Table {
                rows: table.rows,
                header: table.header_cells,
            }]
        };
        match self.tables.last_mut() {
            Some(outer) => {
                if let Some(cell) = &mut outer.cell {
                    for block in &blocks {
                        if !cell.is_empty() {
                            cell.push('\n');
                        }
                        cell.push_str(&flat_text(block));
                    }
                }
                outer.blocks.extend(blocks);
            }
            None => self.content.blocks.extend(blocks),
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
        "style" | "iframe" if opens => TokenSinkResult::RawData(RawKind::Rawtext),
        _ => TokenSinkResult::Continue,
    }
}

fn attribute(tag: &Tag, name: &str) -> Option<String> {
    tag.attrs
        .iter()
        .find(|attribute| &*attribute.name.local == name)
        .map(|attribute| attribute.value.to_string())
}

fn block_text(block: &Block) -> &str {
    match block {
        Block::Heading { text, .. }
        | Block::Paragraph { text, .. }
        | Block::Item { text, .. }
        | Block::Preformatted { text } => text,
        Block::Table { .. } => "",
    }
}

fn flat_text(block: &Block) -> String {
    match block {
        Block::Table { rows, .. } => rows.iter().map(|row| row.join(" ")).collect::<Vec<_>>().join("\n"),
        other => block_text(other).to_owned(),
    }
}

/// Writes blocks, leaving out lists that are menus: five or more items in a row that are nothing but short links, on a page that
/// has text besides.
fn write(blocks: &[Block], page: &mut PageBuilder) {
    let is_menu_item = |block: &Block| match block {
        Block::Item { text, link_chars } => {
            let chars = text.chars().filter(|c| !c.is_whitespace()).count();
            *link_chars * 10 >= chars * 9 && chars <= 40
        }
        _ => false,
    };
    let menu_chars: usize = blocks
        .iter()
        .filter(|block| is_menu_item(block))
        .map(|block| block_text(block).len())
        .sum();
    let all_chars: usize = blocks.iter().map(|block| flat_text(block).len()).sum();
    let mut at = 0;
    while at < blocks.len() {
        let run = blocks[at..].iter().take_while(|block| is_menu_item(block)).count();
        if run >= 5 && menu_chars * 4 < all_chars {
            at += run;
            continue;
        }
        match &blocks[at] {
            Block::Heading { level, text } => page.heading(*level, text),
            Block::Paragraph { text, .. } => page.paragraph(&tidy(text)),
            Block::Item { text, .. } => page.line(&tidy(text)),
            Block::Preformatted { text } => page.verbatim(text),
            Block::Table { rows, header } => {
                page.table(
                    rows,
                    if *header {
                        TableHeader::FirstRow
                    } else {
                        TableHeader::guess(rows)
                    },
                );
            }
        }
        at += 1;
    }
}

/// Lines trimmed on both sides.
fn tidy(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_without_scripts_and_menus() {
        let text = plain_text(
            "<html><head><title>T</title><style>p{}</style></head><body><nav><a>Home</a></nav><h1>Big &amp; bold</h1>\
             <p>One\n two<br>three<script>var x = '<p>no</p>';</script></p><ul><li>first</li><li>second</li></ul></body>",
        );
        assert_eq!(text, "Big & bold\n\nOne two\nthree\nfirst\nsecond");
    }

    #[test]
    fn tables_keep_rows_and_header() {
        let content = tokenize(&["<table><tr><th>A<th>B<tr><td>1<td>2</table>"], 1000);
        assert_eq!(
            content.blocks,
            [Block::Table {
                rows: vec![vec!["A".into(), "B".into()], vec!["1".into(), "2".into()]],
                header: true
            }]
        );
    }

    #[test]
    fn a_page_of_links_alone_is_kept() {
        let links = "<ul>".to_owned() + &"<li><a>A link</a></li>".repeat(8) + "</ul>";
        assert_eq!(plain_text(&links).matches("A link").count(), 8);
        let with_text = links + "<p>" + &"Running text of the page. ".repeat(40) + "</p>";
        assert_eq!(plain_text(&with_text).matches("A link").count(), 0);
    }

    #[test]
    fn nesting_costs_nothing() {
        let deep = "<div><b><table><tr><td>cell".repeat(50_000) + "bottom";
        let text = plain_text(&deep);
        assert!(text.ends_with("bottom"));
        assert_eq!(text.matches("cell").count(), 50_000);
    }
}
