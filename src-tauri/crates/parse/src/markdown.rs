//! Markdown: what it says, not how it is marked.

use crate::error::ParseError;
use crate::formula::{Script, between};
use crate::html;
use crate::output::Output;
use crate::text::{self, PageBuilder, TableHeader};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// The media type.
pub const MEDIA_TYPE: &str = "text/markdown";

/// Reads Markdown (CommonMark with tables, footnotes, task lists and a YAML head).
///
/// # Errors
/// Its final state.
pub fn parse(source: &str, out: &mut Output<'_>) -> Result<(), ParseError> {
    let mut reader = Reader::default();
    let (head, source) = split_head(source);
    reader.head(head);
    for (at, event) in Parser::new_ext(source, options()).enumerate() {
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

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS
}

/// The YAML at the top, between two lines of dashes, and the text below it. pulldown-cmark finds YAML between any two lines of dashes,
/// which part what is text.
fn split_head(source: &str) -> (&str, &str) {
    let (first, rest) = source.split_once('\n').unwrap_or_default();
    if first.trim_end() != "---" {
        return ("", source);
    }
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        let is_end = matches!(line.trim_end(), "---" | "...");
        if at == 0 && (is_end || line.trim().is_empty()) {
            break;
        }
        if is_end {
            return (&rest[..at], &rest[at + line.len()..]);
        }
        at += line.len();
    }
    ("", source)
}

#[derive(Default)]
struct Reader {
    page: PageBuilder,
    block: String,
    in_item: bool,
    /// The next number of each open list; nothing for one of bullets.
    lists: Vec<Option<u64>>,
    /// What stands before the open item, until text of it comes.
    number: String,
    script: Script,
    heading: Option<u8>,
    code: bool,
    title: Option<String>,
    first_heading: Option<String>,
    rows: Vec<Vec<String>>,
    html: String,
}

impl Reader {
    fn head(&mut self, yaml: &str) {
        self.title = yaml
            .lines()
            .find_map(|line| line.strip_prefix("title:"))
            .and_then(|value| text::title(value.trim().trim_matches(['"', '\''])));
        self.page.paragraph(yaml);
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.open(tag),
            Event::End(tag) => self.close(tag),
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.block
                    .extend(between(&self.block, &text, std::mem::take(&mut self.script)));
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
            Event::TaskListMarker(is_done) => self.number.push_str(if is_done { "[x] " } else { "[ ] " }),
            Event::InlineHtml(tag) => self.inline_tag(&tag),
            Event::Rule => {}
        }
    }

    /// Inline tags carry no text of their own, but some part the text around them.
    fn inline_tag(&mut self, tag: &str) {
        let name = tag.trim_start_matches('<').trim_end_matches(['>', '/', ' ']);
        match name
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_lowercase()
            .as_str()
        {
            "br" => self.block.push('\n'),
            "sup" => self.script = Script::Raised,
            "/sup" => self.script = Script::Back,
            _ => {}
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
                if let Some(Some(number)) = self.lists.last_mut() {
                    self.number.push_str(&format!("{number}. "));
                    *number += 1;
                }
            }
            Tag::List(start) => {
                self.end_block();
                self.lists.push(start);
            }
            Tag::CodeBlock(_) => {
                self.end_block();
                self.code = true;
            }
            Tag::Table(_) => {
                self.end_block();
                self.rows.clear();
            }
            Tag::TableHead | Tag::TableRow => self.rows.push(Vec::new()),
            Tag::FootnoteDefinition(name) => {
                self.end_block();
                self.number = format!("[{name}] ");
            }
            Tag::Paragraph | Tag::BlockQuote(_) | Tag::HtmlBlock => {
                self.end_block();
            }
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                let heading = std::mem::take(&mut self.number) + &std::mem::take(&mut self.block);
                let level = self.heading.take().unwrap_or(1);
                self.first_heading.get_or_insert_with(|| heading.clone());
                self.page.heading(level, &heading);
            }
            TagEnd::CodeBlock => {
                self.code = false;
                let code = std::mem::take(&mut self.block);
                self.page.verbatim(&code);
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
                self.number.clear();
            }
            TagEnd::List(_) => {
                self.end_block();
                self.lists.pop();
            }
            TagEnd::FootnoteDefinition => {
                self.end_block();
                self.number.clear();
            }
            TagEnd::Paragraph | TagEnd::BlockQuote(_) => {
                self.end_block();
            }
            _ => {}
        }
    }

    fn end_block(&mut self) {
        let mut block = std::mem::take(&mut self.block);
        if !block.trim().is_empty() {
            block.insert_str(0, &std::mem::take(&mut self.number));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(source: &str) -> String {
        let mut reader = Reader::default();
        Parser::new_ext(source, options()).for_each(|event| reader.event(event));
        reader.end_block();
        reader.page.finish(1).text
    }

    #[test]
    fn items_have_their_numbers_and_ticks() {
        assert_eq!(
            text_of("3. three\n4. four\n   - bullet\n5. five\n\ntext\n\n1. ## One\n\n   more\n\n1) again\n"),
            "3. three\n4. four\nbullet\n5. five\n\ntext\n\n1. One\nmore\n1. again"
        );
        assert_eq!(text_of("- [x] done\n- [ ] open\n"), "[x] done\n[ ] open");
        assert_eq!(text_of("1. [x] done\n\n2. [ ] open\n"), "1. [x] done\n2. [ ] open");
    }

    #[test]
    fn only_what_is_at_the_top_is_a_head() {
        assert_eq!(split_head("---\r\ntitle: A\r\n---\r\n# B\n"), ("title: A\r\n", "# B\n"));
        for text in [
            "---\n\ntext\n---\n",
            "---\n---\ntext\n---\n",
            "---\ntext\n",
            "---",
            "a\n---\n",
        ] {
            assert_eq!(split_head(text), ("", text));
        }
        assert_eq!(text_of("one\n\n---\n## Two\n*three*\n---\n"), "one\n\nTwo\n\nthree");
    }

    #[test]
    fn notes_have_the_marks_that_the_text_has() {
        assert_eq!(
            text_of("A claim.[^1]\n\n[^1]: The source.\n\n    More of it.\n\nThe end.\n"),
            "A claim.[1]\n\n[1] The source.\n\nMore of it.\n\nThe end."
        );
    }

    #[test]
    fn tags_part_words_and_figures() {
        assert_eq!(text_of("one<br>two<BR />three"), "one\ntwo\nthree");
        assert_eq!(
            text_of("| A | B |\n|---|---|\n| one<br/>two | 10<sup>6</sup>5 |\n"),
            "A | B\none two | 10^6 5"
        );
    }
}
