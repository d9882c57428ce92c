//! What application and document reader say to each other.

use crate::protocol::Protocol;
use docmind_core::document::{Heading, Page, ParseEvent, ParseFailure, Rect, Span, Table, WordBox};
use serde::{Deserialize, Serialize};

/// What the document reader is asked. The file's bytes follow as the body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ParseRequest {
    /// Read it.
    Parse {
        /// Its name; the extension is a hint only.
        name: String,
        /// Its size in bytes.
        len: u64,
    },
    /// Draw one page as PNG.
    Render {
        /// Size of the file in bytes.
        len: u64,
        /// What to draw.
        page: RenderPage,
    },
}

/// A page to draw.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RenderPage {
    /// 1-based.
    pub page: u32,
    /// Pixels a point; 1.0 is 72 dpi.
    pub scale: f32,
    /// Part of the scaled page in pixels: left, top, width, height. The whole page without.
    pub tile: Option<(u32, u32, u32, u32)>,
}

/// A page without the names of its fields: a page of 500 words would say `x0` five hundred times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PageTold {
    number: u32,
    text: String,
    headings: Vec<Heading>,
    tables: Vec<Table>,
    words: Vec<(u32, u32, f32, f32, f32, f32)>,
    size: Option<(f32, f32)>,
    recognised: bool,
}

impl PageTold {
    /// Bytes of its text.
    pub(super) fn text_bytes(&self) -> usize {
        self.text.len()
    }
}

impl From<Page> for PageTold {
    fn from(page: Page) -> Self {
        let told = |WordBox { span, rect }: WordBox| (span.start, span.end, rect.x0, rect.y0, rect.x1, rect.y1);
        Self {
            number: page.number,
            text: page.text,
            headings: page.headings,
            tables: page.tables,
            words: page.words.into_iter().map(told).collect(),
            size: page.size,
            recognised: page.recognised,
        }
    }
}

impl From<PageTold> for Page {
    fn from(told: PageTold) -> Self {
        let word = |(start, end, x0, y0, x1, y1)| WordBox {
            span: Span::new(start, end),
            rect: Rect { x0, y0, x1, y1 },
        };
        Self {
            number: told.number,
            text: told.text,
            headings: told.headings,
            tables: told.tables,
            words: told.words.into_iter().map(word).collect(),
            size: told.size,
            recognised: told.recognised,
        }
    }
}

/// What the document reader tells on the way: [`ParseEvent`] in a form that is decoded without a detour (the tagged form would be
/// buffered whole first, every rectangle of a page).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ParseTold {
    /// See [`ParseEvent::Started`].
    Started(String, Option<String>, Option<u32>),
    /// See [`ParseEvent::Page`].
    Page(PageTold),
    /// See [`ParseEvent::PageFailed`].
    PageFailed(u32, String),
    /// See [`ParseEvent::Warning`].
    Warning(String),
}

impl From<ParseEvent> for ParseTold {
    fn from(event: ParseEvent) -> Self {
        match event {
            ParseEvent::Started {
                media_type,
                title,
                pages,
            } => Self::Started(media_type, title, pages),
            ParseEvent::Page(page) => Self::Page(page.into()),
            ParseEvent::PageFailed { number, reason } => Self::PageFailed(number, reason),
            ParseEvent::Warning { message } => Self::Warning(message),
        }
    }
}

impl From<ParseTold> for ParseEvent {
    fn from(told: ParseTold) -> Self {
        match told {
            ParseTold::Started(media_type, title, pages) => Self::Started {
                media_type,
                title,
                pages,
            },
            ParseTold::Page(page) => Self::Page(page.into()),
            ParseTold::PageFailed(number, reason) => Self::PageFailed { number, reason },
            ParseTold::Warning(message) => Self::Warning { message },
        }
    }
}

/// What the document reader answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ParseReply {
    /// Read to the end, or a final state.
    Parsed(Result<(), ParseFailure>),
    /// Drawn; the PNG went before as raw output.
    Rendered {
        /// Width and height of the picture in pixels.
        pixels: (u32, u32),
        /// Width and height of the whole page in points.
        page_size: (f32, f32),
        /// Scale that was used: smaller than asked for where the picture would have been too large.
        scale: f32,
    },
}

/// Between application and `docmind-parse`.
pub struct ParseProtocol;

impl Protocol for ParseProtocol {
    const WORKER: &'static str = "docmind-parse";
    type Request = ParseRequest;
    type Event = ParseTold;
    type Reply = ParseReply;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{decode, encode};

    #[test]
    fn a_page_travels_whole() {
        let page = Page {
            number: 7,
            text: "Zeile\nzwei".into(),
            headings: vec![Heading {
                level: 2,
                span: Span::new(0, 5),
            }],
            tables: vec![Table {
                span: Span::new(0, 10),
                header: Span::new(0, 5),
            }],
            words: vec![WordBox {
                span: Span::new(6, 10),
                rect: Rect {
                    x0: 1.0,
                    y0: 2.5,
                    x1: 3.0,
                    y1: 4.0,
                },
            }],
            size: Some((595.0, 842.0)),
            recognised: true,
        };
        let told: ParseTold = ParseEvent::Page(page.clone()).into();
        let back: ParseTold = decode(&encode(&told).expect("written")).expect("read");
        assert_eq!(ParseEvent::from(back), ParseEvent::Page(page));
    }
}
