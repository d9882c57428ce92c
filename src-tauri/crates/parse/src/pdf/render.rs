//! A page as a picture, for the source viewer.

use super::{Library, open};
use crate::error::ParseError;
use crate::limits::Limits;
use pdfium_render::prelude::{PdfBitmap, PdfBitmapFormat, PdfColor, PdfRenderConfig};

/// What to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RenderRequest {
    /// 1-based.
    pub page: u32,
    /// Pixels a point; 1.0 is 72 dpi.
    pub scale: f32,
    /// Part of the scaled page in pixels: left, top, width, height. The whole page without.
    pub tile: Option<(u32, u32, u32, u32)>,
}

/// A picture of a page or a part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderedPage {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The whole page in points, so that rectangles of words can be laid over it.
    pub page_size: (f32, f32),
    /// Scale that was used: smaller than asked for where the picture would have been too large.
    pub scale: f32,
    /// Four bytes a pixel: red, green, blue, alpha; rows from the top.
    pub rgba: Vec<u8>,
}

impl RenderedPage {
    /// As a PNG file.
    ///
    /// # Errors
    /// The encoder's, which cannot happen for a picture of [`render`].
    pub fn to_png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let mut bytes = Vec::with_capacity(self.rgba.len() / 8);
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.rgba)?;
        writer.finish()?;
        Ok(bytes)
    }
}

/// Draws one page, annotations included, on white.
///
/// # Errors
/// `Unsupported` without PDFium, `NeedsPassword`, `Damaged`, `TooLarge` for a tile over the limit of pixels.
pub fn render(
    library: Library,
    bytes: &[u8],
    request: RenderRequest,
    limits: &Limits,
) -> Result<RenderedPage, ParseError> {
    let pdfium = library.get().map_err(|why| ParseError::Unsupported {
        what: "The picture of a page".to_owned(),
        advice: format!("Repair the installation: {why}."),
    })?;
    let document = open(pdfium, bytes)?;
    let index = i32::try_from(request.page)
        .ok()
        .and_then(|page| page.checked_sub(1))
        .filter(|&at| at < document.pages().len());
    let Some(index) = index else {
        return Err(ParseError::damaged(format!("there is no page {}", request.page)));
    };
    let page = document
        .pages()
        .get(index)
        .map_err(|error| ParseError::damaged(format!("PDFium: {error:?}")))?;
    let page_size = (page.width().value, page.height().value);
    if !(page_size.0 > 0.0 && page_size.1 > 0.0) {
        return Err(ParseError::damaged("the page has no size"));
    }
    let asked = if request.scale.is_finite() {
        request.scale.clamp(0.01, 20.0)
    } else {
        1.0
    };
    let scale = if let Some((.., width, height)) = request.tile {
        if u64::from(width) * u64::from(height) > limits.bitmap_pixels || width == 0 || height == 0 {
            return Err(ParseError::too_large(format!("a picture of {width} × {height} pixels")));
        }
        asked
    } else {
        let pixels = f64::from(page_size.0 * asked) * f64::from(page_size.1 * asked);
        asked * (limits.bitmap_pixels as f64 / pixels).sqrt().min(1.0) as f32
    };
    let whole = (
        (page_size.0 * scale).round().max(1.0) as i32,
        (page_size.1 * scale).round().max(1.0) as i32,
    );
    let (left, top, width, height) = request
        .tile
        .map_or((0, 0, whole.0, whole.1), |(left, top, width, height)| {
            (
                left.min(whole.0 as u32) as i32,
                top.min(whole.1 as u32) as i32,
                width as i32,
                height as i32,
            )
        });
    let failed = |error| ParseError::damaged(format!("PDFium: {error:?}"));
    let mut bitmap = PdfBitmap::empty(width, height, PdfBitmapFormat::BGRA).map_err(failed)?;
    let config = PdfRenderConfig::new()
        .set_fixed_size(whole.0, whole.1)
        .set_origin(-left, -top)
        .set_clear_color(PdfColor::WHITE)
        .render_annotations(true)
        .render_form_data(true);
    page.render_into_bitmap_with_config(&mut bitmap, &config)
        .map_err(failed)?;
    Ok(RenderedPage {
        width: width as u32,
        height: height as u32,
        page_size,
        scale,
        rgba: bitmap.as_rgba_bytes(),
    })
}
