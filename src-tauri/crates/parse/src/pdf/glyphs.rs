//! From PDFium to glyphs: every character of a page with its rectangle, in the order in which it is drawn.

use crate::limits::Limits;
use crate::text;
use docmind_core::document::Rect;
use pdfium_render::prelude::{
    PdfDocument, PdfFontWeight, PdfFormListBoxField, PdfPage, PdfPageAnnotation, PdfPageAnnotationCommon,
    PdfPageAnnotationType, PdfPageContentRegenerationStrategy, PdfPageObjectCommon, PdfPageObjectType,
    PdfPageObjectsCommon, PdfPageRenderRotation, PdfPageText, PdfRect, PdfiumError,
};

/// What stands at one place of the stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Glyph {
    /// A character that is drawn.
    Drawn {
        /// Which.
        c: char,
        /// Where, in points from the page's top left.
        rect: Rect,
    },
    /// The font from here on; told where it may change: at the first character of a word.
    Font {
        /// In points.
        size: f32,
        /// Heavy enough to stand out.
        bold: bool,
    },
    /// White space within a line.
    Space,
    /// PDFium ends a line here.
    LineEnd,
    /// PDFium found a hyphen at a line's end: the word goes on.
    Hyphen,
}

/// A page as drawn.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// In the order of the content stream.
    pub glyphs: Vec<Glyph>,
    /// From this index on the glyphs come from form fields and annotations, drawn over the page.
    pub overlay: usize,
    /// Values of fields, and texts of annotations, that are shown but have no drawing of their own.
    pub values: Vec<(String, Rect)>,
    /// What is written beside the text: comments, which show when they are opened.
    pub comments: Vec<String>,
    /// Width and height in points.
    pub size: (f32, f32),
    /// Characters beyond the limit were left out.
    pub truncated: bool,
    /// There is no text, and yet something is drawn.
    pub wordless: bool,
    /// The same, and pictures cover much of the page: a scan.
    pub picture: bool,
}

/// Reads page `index` (from 0).
///
/// # Errors
/// Why the page could not be read, for a person.
pub fn read(document: &PdfDocument<'_>, index: i32, limits: &Limits) -> Result<Drawn, String> {
    let mut page = document
        .pages()
        .get(index)
        .map_err(|_| "The page is damaged.".to_owned())?;
    let frame = Frame::of(&page);
    let overlay = overlay_of(&page, &frame, limits);
    let mut drawn = Drawn {
        size: frame.size,
        values: overlay.values,
        comments: overlay.comments,
        ..Drawn::default()
    };
    let unreadable = |_| "The text of the page is damaged.".to_owned();
    read_text(&page.text().map_err(unreadable)?, &frame, limits, &mut drawn);
    drawn.overlay = drawn.glyphs.len();
    drawn.wordless = !has_text(&drawn) && !page.objects().is_empty();
    drawn.picture = drawn.wordless && is_picture(&page);
    // Failing here loses only the overlay's drawing: its values are still added.
    if overlay.drawn && leave_overlay(&mut page).is_ok() {
        read_text(&page.text().map_err(unreadable)?, &frame, limits, &mut drawn);
        drawn.wordless &= !has_text(&drawn);
        drawn.picture &= drawn.wordless;
    }
    Ok(drawn)
}

fn has_text(drawn: &Drawn) -> bool {
    !drawn.values.is_empty() || drawn.glyphs.iter().any(|glyph| matches!(glyph, Glyph::Drawn { .. }))
}

/// True where pictures, or the strips of one, cover more than a logo or a photograph would.
fn is_picture(page: &PdfPage<'_>) -> bool {
    /// Share of the page.
    const LEAST: f32 = 0.3;
    /// Objects looked at: scans have few.
    const MOST: usize = 1000;
    let covered: f32 = page
        .objects()
        .iter()
        .take(MOST)
        .filter(|object| object.object_type() == PdfPageObjectType::Image)
        .filter_map(|object| object.bounds().ok())
        .map(|bounds| (bounds.width().value * bounds.height().value).abs())
        .sum();
    covered >= LEAST * page.width().value * page.height().value
}

/// Leaves nothing on a page but what its fields and annotations draw, in place of its own content: drawn over it, they would mix
/// up its fonts (seen in forms whose whole text came a second time, shifted by 29).
fn leave_overlay(page: &mut PdfPage<'_>) -> Result<(), PdfiumError> {
    page.set_content_regeneration_strategy(PdfPageContentRegenerationStrategy::Manual);
    let objects = page.objects_mut();
    while !objects.is_empty() {
        // The first: PDFium looks for each from the front.
        objects.remove_object_at_index(0)?;
    }
    page.regenerate_content()?;
    page.flatten()
}

/// Adds all glyphs.
fn read_text(text: &PdfPageText<'_>, frame: &Frame, limits: &Limits, drawn: &mut Drawn) {
    let total = text.len().max(0) as usize;
    drawn.truncated |= total > limits.page_chars;
    let mut in_word = false;
    let mut high_surrogate = None;
    let chars = text.chars();
    drawn.glyphs.reserve(total.min(limits.page_chars) * 9 / 8);
    for index in 0..total.min(limits.page_chars) {
        let Ok(glyph) = chars.get(index) else { break };
        let mut code = glyph.unicode_value();
        match code {
            0xd800..=0xdbff => {
                high_surrogate = Some(code);
                continue;
            }
            0xdc00..=0xdfff => {
                let Some(high) = high_surrogate.take() else { continue };
                code = 0x10000 + ((high - 0xd800) << 10) + (code - 0xdc00);
            }
            _ => high_surrogate = None,
        }
        let Some(c) = char::from_u32(code) else { continue };
        match c {
            '\0' => {}
            // Before a line end it says nothing new; alone it comes from fonts whose codes mean something else.
            '\r' => {
                drawn.glyphs.push(Glyph::Space);
                in_word = false;
            }
            '\n' | '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' => {
                drawn.glyphs.push(Glyph::LineEnd);
                in_word = false;
            }
            '\u{2}' | '\u{fffe}' => {
                drawn.glyphs.push(Glyph::Hyphen);
                in_word = false;
            }
            c if c.is_whitespace() || c == '\u{200b}' => {
                drawn.glyphs.push(Glyph::Space);
                in_word = false;
            }
            c => {
                let Ok(bounds) = glyph.loose_bounds().or_else(|_| glyph.tight_bounds()) else {
                    continue;
                };
                let rect = frame.place(&bounds);
                if !in_word {
                    in_word = true;
                    let shown = glyph.scaled_font_size().value.abs();
                    let height = rect.y1 - rect.y0;
                    // Rotated text has no vertical scale; some fonts claim a box of any height.
                    let size = if shown > 0.5 && shown < 2000.0 {
                        shown
                    } else {
                        height.max(1.0)
                    };
                    let bold = glyph.font_weight().is_some_and(is_bold);
                    drawn.glyphs.push(Glyph::Font { size, bold });
                }
                drawn.glyphs.push(Glyph::Drawn { c, rect });
            }
        }
    }
}

fn is_bold(weight: PdfFontWeight) -> bool {
    match weight {
        PdfFontWeight::Weight600
        | PdfFontWeight::Weight700Bold
        | PdfFontWeight::Weight800
        | PdfFontWeight::Weight900 => true,
        PdfFontWeight::Custom(weight) => weight >= 600,
        _ => false,
    }
}

/// Comments of a page that are told; plans for building have hundreds, one a label.
const MOST_COMMENTS: usize = 1_000;

struct Overlay {
    /// Something besides links lies over the page.
    drawn: bool,
    values: Vec<(String, Rect)>,
    comments: Vec<String>,
}

/// Finds what lies over the page on a screen, and has just that drawn when it is asked for: PDFium draws what a printer would.
fn overlay_of(page: &PdfPage<'_>, frame: &Frame, limits: &Limits) -> Overlay {
    let mut overlay = Overlay {
        drawn: false,
        values: Vec::new(),
        comments: Vec::new(),
    };
    let annotations = page.annotations();
    for index in 0..annotations.len().min(limits.page_annotations) {
        let Ok(mut annotation) = annotations.get(index) else {
            continue;
        };
        let kind = annotation.annotation_type();
        if matches!(kind, PdfPageAnnotationType::Link | PdfPageAnnotationType::Popup) || annotation.is_hidden() {
            continue;
        }
        let shown = !annotation.is_printable_but_not_viewable();
        if annotation.is_printed() != shown && annotation.set_is_printed(shown).is_err() || !shown {
            continue;
        }
        overlay.drawn = true;
        if is_comment(kind) && overlay.comments.len() < MOST_COMMENTS {
            overlay
                .comments
                .extend(annotation.contents().map(|comment| text::clean(comment.trim())));
        }
        let value = match kind {
            PdfPageAnnotationType::FreeText => annotation.contents(),
            PdfPageAnnotationType::Widget | PdfPageAnnotationType::XfaWidget => field_value(&annotation),
            _ => None,
        };
        if let Some(value) = value
            .map(|value| text::clean(&value))
            .filter(|value| !value.trim().is_empty())
            && let Ok(bounds) = annotation.bounds()
        {
            overlay.values.push((value, frame.place(&bounds)));
        }
    }
    overlay
}

/// True for a mark whose text is not drawn with it.
fn is_comment(kind: PdfPageAnnotationType) -> bool {
    matches!(
        kind,
        PdfPageAnnotationType::Text
            | PdfPageAnnotationType::Highlight
            | PdfPageAnnotationType::Underline
            | PdfPageAnnotationType::Squiggly
            | PdfPageAnnotationType::Strikeout
            | PdfPageAnnotationType::Caret
            | PdfPageAnnotationType::Line
            | PdfPageAnnotationType::Square
            | PdfPageAnnotationType::Circle
            | PdfPageAnnotationType::Polygon
            | PdfPageAnnotationType::Polyline
            | PdfPageAnnotationType::Ink
    )
}

fn field_value(annotation: &PdfPageAnnotation<'_>) -> Option<String> {
    let field = annotation.as_form_field()?;
    if let Some(text) = field.as_text_field() {
        return if text.is_password() { None } else { text.value() };
    }
    if let Some(combo) = field.as_combo_box_field() {
        return combo.value();
    }
    field.as_list_box_field().and_then(PdfFormListBoxField::value)
}

/// From PDF user space (origin anywhere, y upwards, maybe rotated) to the page as shown.
#[derive(Clone, Copy, Debug)]
struct Frame {
    left: f32,
    bottom: f32,
    right: f32,
    top: f32,
    quarter_turns: u8,
    size: (f32, f32),
}

impl Frame {
    fn of(page: &PdfPage<'_>) -> Self {
        let size = (page.width().value, page.height().value);
        let quarter_turns = match page.rotation() {
            Ok(PdfPageRenderRotation::Degrees90) => 1,
            Ok(PdfPageRenderRotation::Degrees180) => 2,
            Ok(PdfPageRenderRotation::Degrees270) => 3,
            _ => 0,
        };
        let (left, bottom, right, top) = page
            .boundaries()
            .bounding()
            .map_or((0.0, 0.0, size.0, size.1), |shown| {
                (
                    shown.bounds.left().value,
                    shown.bounds.bottom().value,
                    shown.bounds.right().value,
                    shown.bounds.top().value,
                )
            });
        Self {
            left,
            bottom,
            right,
            top,
            quarter_turns,
            size,
        }
    }

    fn place(&self, rect: &PdfRect) -> Rect {
        let (l, b, r, t) = (
            rect.left().value,
            rect.bottom().value,
            rect.right().value,
            rect.top().value,
        );
        let (x0, x1, y0, y1) = match self.quarter_turns {
            1 => (b - self.bottom, t - self.bottom, l - self.left, r - self.left),
            2 => (self.right - r, self.right - l, b - self.bottom, t - self.bottom),
            3 => (self.top - t, self.top - b, self.right - r, self.right - l),
            _ => (l - self.left, r - self.left, self.top - t, self.top - b),
        };
        let finite = |v: f32| if v.is_finite() { v } else { 0.0 };
        Rect {
            x0: finite(x0.min(x1)),
            y0: finite(y0.min(y1)),
            x1: finite(x0.max(x1)),
            y1: finite(y0.max(y1)),
        }
    }
}
