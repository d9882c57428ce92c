//! HTML and XHTML: the main text, not menus. Read as a stream of tokens: no tree, so that nesting costs nothing.

mod state;

use crate::encoding;
use crate::error::ParseError;
use crate::output::Output;
use crate::text::{self, PageBuilder, TableHeader};
use encoding_rs::Encoding;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tokenizer, TokenizerOpts};
use state::{Sink, State};

/// The media type.
pub const MEDIA_TYPE: &str = "text/html";

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
    /// Text was left out for the element it is in.
    hidden_text: bool,
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
    let content = tokenize(&[source], usize::MAX, &|| Ok(())).unwrap_or_default();
    let mut page = PageBuilder::default();
    write(&content.blocks, &mut page);
    page.finish(1).text
}

/// What the file says its encoding is, in `meta` or the XML declaration: the first that is the name of one.
pub fn declared_charset(bytes: &[u8]) -> Option<String> {
    /// Browsers look at the first kilobyte; programs that write long heads are many.
    const HEAD: usize = 64 << 10;
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD)]).to_lowercase();
    let label = |at: usize| -> String {
        head[at..]
            .trim_start_matches(['"', '\'', ' '])
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':'))
            .collect()
    };
    let named = |key: &'static str| head.match_indices(key).map(move |(at, _)| at + key.len());
    named("charset=")
        .chain(named("encoding="))
        .map(label)
        .find(|label| Encoding::for_label(label.as_bytes()).is_some())
}

fn read(source: &str, out: &Output<'_>) -> Result<Content, ParseError> {
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
    let content = tokenize(&pieces, out.limits.text_bytes, &|| out.checkpoint())?;
    if content.too_long {
        return Err(ParseError::too_large(format!(
            "it holds more than {} MB of text",
            out.limits.text_bytes / 1_000_000
        )));
    }
    Ok(content)
}

/// All that is shown. What is left out for its element is not lost where that was a mistake: an element that never ends would hide
/// the rest of the page, and a page may be nothing but its menu.
fn tokenize(
    pieces: &[&str],
    max_bytes: usize,
    checkpoint: &dyn Fn() -> Result<(), ParseError>,
) -> Result<Content, ParseError> {
    let mut shown: Vec<String> = Vec::new();
    loop {
        let (content, left_open) = tokenize_showing(&shown, pieces, max_bytes, checkpoint)?;
        match left_open {
            // Each round shows one of a dozen elements more.
            Some(element) if !shown.contains(&element) => shown.push(element),
            _ if content.blocks.is_empty() && content.hidden_text && shown.is_empty() => {
                shown.extend(["nav", "noscript"].map(str::to_owned));
            }
            _ => return Ok(content),
        }
    }
}

/// All that is shown with the elements `shown` among it, and the hidden element that was never closed.
fn tokenize_showing(
    shown: &[String],
    pieces: &[&str],
    max_bytes: usize,
    checkpoint: &dyn Fn() -> Result<(), ParseError>,
) -> Result<(Content, Option<String>), ParseError> {
    let tokenizer = Tokenizer::new(Sink::new(shown, max_bytes), TokenizerOpts::default());
    let queue = BufferQueue::default();
    for piece in pieces {
        checkpoint()?;
        queue.push_back(StrTendril::from_slice(piece));
        let _ = tokenizer.feed(&queue);
    }
    tokenizer.end();
    Ok(State::finish(tokenizer.sink))
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
    fn what_would_hide_the_page_is_shown() {
        assert_eq!(
            plain_text("<p>before</p><nav><li>menu<p>after</p>"),
            "before\nmenu\nafter"
        );
        assert_eq!(plain_text("<nav><a>One</a></nav><nav><a>Two</a></nav>"), "One\n\nTwo");
        assert_eq!(plain_text("<title/><p>text</p>"), "text");
        assert_eq!(plain_text("<title>never ends<p>text</p>"), "never ends\n\ntext");
        assert_eq!(plain_text("<p>text</p><select><option>a</select>"), "text");
    }

    #[test]
    fn the_declared_encoding_is_one_that_exists() {
        let noisy = b"<script>var charset=none;</script><meta charset='shift_jis'>";
        assert_eq!(declared_charset(noisy).as_deref(), Some("shift_jis"));
        assert_eq!(declared_charset(b"<p>charset=</p>"), None);
    }

    #[test]
    fn tables_keep_rows_and_header() {
        let content = tokenize(&["<table><tr><th>A<th>B<tr><td>1<td>2</table>"], 1000, &|| Ok(())).unwrap();
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
