//! HTML and XHTML: the main text, not menus. Read as a stream of tokens: no tree, so that nesting costs nothing.

mod hidden;
mod list;
mod state;

use crate::encoding;
use crate::error::ParseError;
use crate::output::Output;
use crate::text::{self, PageBuilder, TableHeader};
use hidden::UNSEEN;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, Tokenizer, TokenizerOpts};
use state::{Sink, State};

/// The media type.
pub const MEDIA_TYPE: &str = "text/html";

/// A piece of a page.
#[derive(Clone, Debug, PartialEq)]
enum Block {
    Heading {
        level: u8,
        text: String,
    },
    Paragraph {
        text: String,
        role: Role,
    },
    Item {
        text: String,
        role: Role,
    },
    Preformatted {
        text: String,
    },
    Table {
        rows: Vec<Vec<String>>,
        header: TableHeader,
    },
}

/// What a paragraph or an item of a list is to its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Running text, long enough to say that the page has begun.
    Prose,
    /// Nothing but a short link, as menus have them.
    Link,
    /// Such a link in a part that is beside the text.
    LinkInMargin,
    /// Anything else.
    Other,
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
        .find(|label| encoding::encoding_named(label).is_some())
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
            _ if !content.blocks.is_empty() || !content.hidden_text => return Ok(content),
            _ if shown.is_empty() => shown.extend(["nav", "noscript"].map(str::to_owned)),
            _ if !shown.iter().any(|element| element == UNSEEN) => shown.push(UNSEEN.to_owned()),
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

/// Writes blocks, leaving out lists that are menus: five or more items in a row that are nothing but short links, before the text or
/// beside it, on a page that has text besides. In the text such a list is part of it.
fn write(blocks: &[Block], page: &mut PageBuilder) {
    let link = |block: &Block| match block {
        Block::Item {
            role: role @ (Role::Link | Role::LinkInMargin),
            ..
        } => Some(*role),
        _ => None,
    };
    let menu_chars: usize = blocks
        .iter()
        .filter(|block| link(block).is_some())
        .map(|block| block_text(block).len())
        .sum();
    let all_chars: usize = blocks.iter().map(|block| flat_text(block).len()).sum();
    let first_prose = blocks
        .iter()
        .position(|block| matches!(block, Block::Paragraph { role: Role::Prose, .. }))
        .unwrap_or(blocks.len());
    let mut at = 0;
    while at < blocks.len() {
        let run = blocks[at..].iter().map_while(link).count();
        let is_menu = run >= 5
            && menu_chars * 4 < all_chars
            && (at < first_prose
                || blocks[at..]
                    .iter()
                    .map_while(link)
                    .all(|role| role == Role::LinkInMargin));
        let next = at + run.max(1);
        if !is_menu {
            blocks[at..next].iter().for_each(|block| write_block(block, page));
        }
        at = next;
    }
}

fn write_block(block: &Block, page: &mut PageBuilder) {
    match block {
        Block::Heading { level, text } => page.heading(*level, text),
        Block::Paragraph { text, .. } => page.paragraph(&tidy(text)),
        Block::Item { text, .. } => page.line(&tidy(text)),
        Block::Preformatted { text } => page.verbatim(text),
        Block::Table { rows, header } => page.table(rows, *header),
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
                header: TableHeader::FirstRow
            }]
        );
    }

    #[test]
    fn lists_of_links_are_left_out_before_and_beside_the_text() {
        let links = "<ul>".to_owned() + &"<li><a href='x'><div>A link</div></a></li>".repeat(8) + "</ul>";
        let prose = "<p>".to_owned() + &"Running text of the page. ".repeat(40) + "</p>";
        let shown = |page: &str| plain_text(page).matches("A link").count();
        assert_eq!(shown(&links), 8, "a page of links alone is kept");
        assert_eq!(shown(&format!("{links}{prose}")), 0);
        assert_eq!(
            shown(&format!("{prose}{links}{prose}")),
            8,
            "links in the text are part of it"
        );
        for (open, close) in [
            ("<footer>", "</footer>"),
            ("<aside><aside></aside>", "</aside>"),
            ("<div role=navigation>", "</div>"),
            ("<div class='left sidebar'>", "</div>"),
        ] {
            assert_eq!(shown(&format!("{prose}{open}{links}{close}{prose}")), 0, "{open}");
            assert_eq!(shown(&format!("{prose}{open}{close}{links}")), 8, "{open}");
        }
    }

    #[test]
    fn an_empty_element_of_xhtml_ends_where_it_begins() {
        let content = tokenize(&["<h1/><p>one</p><pre/><p>two\nwords</p>"], 1000, &|| Ok(())).unwrap();
        let paragraph = |text: &str| Block::Paragraph {
            text: text.into(),
            role: Role::Other,
        };
        assert_eq!(content.blocks, [paragraph("one"), paragraph("two words")]);
    }

    #[test]
    fn an_anchor_is_no_link() {
        let items = "<li>A member state</li>".repeat(8);
        for anchor in ["<a id='x'/>", "<a name=x>", "<p><a href='x'>A link that never ends</p>"] {
            let page = format!(
                "{anchor}<ul>{items}</ul><p>{}</p>",
                "Running text of the page. ".repeat(40)
            );
            assert_eq!(plain_text(&page).matches("A member state").count(), 8, "{anchor}");
        }
    }

    #[test]
    fn spans_leave_values_under_their_columns() {
        let table = "<table><tr><th>Region<th colspan=2>Income<th>Note<tr><td rowspan=2>North<td>1<td>2<td>a<tr><td>3<td>4<td>b\
            <tr><td colspan='2'>South<td>5<td>c</table>";
        assert_eq!(
            plain_text(table),
            "Region | Income |  | Note\nNorth | 1 | 2 | a\nNorth | 3 | 4 | b\nSouth |  | 5 | c"
        );
        let outside = "<table><tr><table><tr><td>a<td>b</table><td>c<td>d</table>";
        assert_eq!(
            plain_text(outside),
            "a | b\n\nc | d",
            "a table between cells is not lost"
        );
        let hostile = "<table>".to_owned() + &"<tr><td rowspan=65000 colspan=9999>word<td>x".repeat(3_000) + "</table>";
        assert!(plain_text(&hostile.repeat(3)).len() < 5_000_000);
    }

    #[test]
    fn items_of_ordered_lists_have_their_numbers() {
        let list = "<ol start=3><li><p>three</p><p>more</p><li>four<ol type=a><li>inner<li>second</ol><li value=9><h2>nine</h2>\
            <li>ten</ol><ul><li>bullet</ul><ol style='list-style-type: none'><li>plain</ol>";
        assert_eq!(
            plain_text(list),
            "3. three\nmore\n4. four\na. inner\nb. second\n\n9. nine\n10. ten\nbullet\nplain"
        );
        assert_eq!(
            plain_text("<ol><li><li><ol><li>inner<li>next</ol></ol>"),
            "2. 1. inner\n2. next"
        );
    }

    #[test]
    fn raised_digits_and_fractions_stay_apart_from_the_number_before() {
        for (source, text) in [
            ("10<sup>6</sup> m<sup>2</sup>", "10^6 m2"),
            ("10<sup>-3</sup>5", "10^-3 5"),
            ("<sup>1</sup>2024 <b>19</b><sup>99</sup>", "1 2024 19^99"),
            (
                "the word<sup>3</sup> and the 4<sup>th</sup> [1]",
                "the word3 and the 4th [1]",
            ),
            (
                "<math><mn>2</mn><mfrac>\n<mn>1</mn> <mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow></mfrac></math> x",
                "2 1/(a+b) x",
            ),
            ("<math><msup><mn>10</mn><mn>6</mn></msup></math> m", "10^6 m"),
            ("<math><mfrac><mrow></mrow><mn>2</mn></mfrac></math>", "2"),
            (
                "<math><mfrac><mfrac><mn>1</mn><mn>2</mn></mfrac><mspace/></mfrac></math>",
                "(1/2)/",
            ),
            (
                "<math><mn>2</mn><msqrt><mn>3</mn></msqrt><mn>5</mn><mo>+</mo><mroot><mn>8</mn><mn>3</mn></mroot></math>",
                "2√3 5+8^(1/3)",
            ),
            (
                "<math><msqrt><mi>a</mi><mo>+</mo><mi>b</mi></msqrt><mi>c</mi></math>",
                "√(a+b)c",
            ),
            (
                "<math><msup><mfenced><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfenced><mrow><mi>n</mi><mo>+</mo><mn>1</mn></mrow></msup></math>",
                "(a,b+1)^(n+1)",
            ),
            (
                "<math><munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mn>9</mn></munderover><msub><mi>x</mi><mn>1</mn></msub><mn>2</mn></math>",
                "∑_(i=1)^9x1 2",
            ),
            (
                "<math><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>0</mn></mtd></mtr><mtr><mtd><mn>7</mn></mtd></mtr></mtable></math>",
                "1 0 7",
            ),
        ] {
            assert_eq!(plain_text(source), text, "{source}");
        }
    }

    #[test]
    fn readings_of_words_are_no_text() {
        assert_eq!(
            plain_text("<p><ruby>東京<rp>(</rp><rt>とうきょう</rt><rp>)</rp></ruby>の<ruby>駅<rt>えき</ruby>へ</p>"),
            "東京の駅へ"
        );
        assert_eq!(plain_text("<p><ruby>駅<rt>never ends</p><p>text</p>"), "駅\n\ntext");
    }

    #[test]
    fn nesting_costs_nothing() {
        let deep = "<div><ol><li><b><mfrac><table><tr><td>cell".repeat(50_000) + "bottom";
        let text = plain_text(&deep);
        assert!(text.ends_with("bottom"));
        assert_eq!(text.matches("cell").count(), 50_000);
    }
}
