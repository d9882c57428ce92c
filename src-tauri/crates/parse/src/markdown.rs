//! Markdown: what it says, not how it is marked.

use crate::error::ParseError;
use crate::html;
use crate::output::Output;
use crate::text::{self, PageBuilder, TableHeader};
use pulldown_cmark::{Event, HeadingLevel, MetadataBlockKind, Options, Parser, Tag, TagEnd};

/// The media type.
pub const MEDIA_TYPE: &str = "text/markdown";

/// Reads Markdown (CommonMark with tables, footnotes, task lists and a YAML head).
///
/// # Errors
/// Its final state.
pub fn parse(source: &str, out: &mut Output<'_>) -> Result<(), ParseError> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut reader = Reader::default();
    for (at, event) in Parser::new_ext(source, options).enumerate() {
        if at.is_multiple_of(4096) {
            out.gathering(reader.page.len())?;
        }
        reader.event(event);
    }
    reader.end_block();
    let title = reader
        .title
        .or_else(|| reader.first_heading.as_deref().and_then(text::title));
    out.started(MEDIA_TYPE, title, Some(1));
    out.single_page(reader.page)
}

#[derive(Default)]
struct Reader {
    page: PageBuilder,
    block: String,
    in_item: bool,
    heading: Option<u8>,
    code: bool,
    metadata: bool,
    title: Option<String>,
    first_heading: Option<String>,
    rows: Vec<Vec<String>>,
    html: String,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.open(tag),
            Event::End(tag) => self.close(tag),
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.block.push_str(&text);
            }
            Event::SoftBreak => self.block.push(' '),
            Event::HardBreak => self.block.push('\n'),
            Event::Html(html) => self.html.push_str(&html),
            Event::FootnoteReference(name) => {
                self.block.push('[');
                self.block.push_str(&name);
                self.block.push(']');
            }
            // Inline tags carry no text of their own.
            Event::InlineHtml(_) | Event::Rule | Event::TaskListMarker(_) => {}
        }
    }

    fn open(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.end_block();
                self.heading = Some(level_of(level));
            }
            Tag::Item => {
                self.end_block();
                self.in_item = true;
            }
            Tag::CodeBlock(_) => {
                self.end_block();
                self.code = true;
            }
            Tag::MetadataBlock(MetadataBlockKind::YamlStyle) => self.metadata = true,
            Tag::Table(_) => {
                self.end_block();
                self.rows.clear();
            }
            Tag::TableHead | Tag::TableRow => self.rows.push(Vec::new()),
            Tag::Paragraph | Tag::List(_) | Tag::BlockQuote(_) | Tag::FootnoteDefinition(_) | Tag::HtmlBlock => {
                self.end_block();
            }
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                let heading = std::mem::take(&mut self.block);
                let level = self.heading.take().unwrap_or(1);
                self.first_heading.get_or_insert_with(|| heading.clone());
                self.page.heading(level, &heading);
            }
            TagEnd::CodeBlock => {
                self.code = false;
                let code = std::mem::take(&mut self.block);
                self.page.verbatim(&code);
            }
            TagEnd::MetadataBlock(_) => {
                self.metadata = false;
                let yaml = std::mem::take(&mut self.block);
                self.title = yaml
                    .lines()
                    .find_map(|line| line.strip_prefix("title:"))
                    .and_then(|value| text::title(value.trim().trim_matches(['"', '\''])));
                self.page.paragraph(&yaml);
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.block);
                if let Some(row) = self.rows.last_mut() {
                    row.push(cell);
                }
            }
            TagEnd::Table => {
                let rows = std::mem::take(&mut self.rows);
                self.page.table(&rows, TableHeader::FirstRow);
            }
            TagEnd::HtmlBlock => {
                let text = html::plain_text(&std::mem::take(&mut self.html));
                self.page.paragraph(&text);
            }
            TagEnd::Item => {
                self.end_block();
                self.in_item = false;
            }
            TagEnd::Paragraph | TagEnd::List(_) | TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => {
                self.end_block();
            }
            _ => {}
        }
    }

    fn end_block(&mut self) {
        let block = std::mem::take(&mut self.block);
        if self.in_item {
            self.page.line(&block);
        } else {
            self.page.paragraph(&block);
        }
    }
}

fn level_of(level: HeadingLevel) -> u8 {
    level as u8
}
