//! Every limit of the reading room, in one place.
//!
//! They are generous for documents people have and small beside the two GiB of address space the child process gets. Limits on time
//! and memory are the process's (crates/wire); the ones here make a hostile file end in a named state long before those bite.

use std::time::Duration;

/// What one file may cost. [`Limits::default`] is what the application uses; tests shrink them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file itself.
    pub input_bytes: u64,
    /// Bytes of text that come out, over all pages.
    pub text_bytes: usize,
    /// Entries of a ZIP container (OOXML, OpenDocument, EPUB). A large real presentation has a few thousand.
    pub zip_entries: usize,
    /// Bytes inflated from a container, counted as they come out, whatever its directory claims.
    pub inflated_bytes: u64,
    /// Inflated to deflated bytes of one entry, once it is past [`Limits::ratio_grace_bytes`]. Deflate cannot pass 1,032; XML of empty
    /// table cells reaches 200.
    pub inflate_ratio: u64,
    /// Below this an entry may have any ratio.
    pub ratio_grace_bytes: u64,
    /// Open elements of an XML or HTML file. Word nests tables in tables in text boxes to about 100.
    pub xml_depth: usize,
    /// Open arrays and objects of a JSON file; serde_json's own limit.
    pub json_depth: usize,
    /// Open groups of an RTF file.
    pub rtf_depth: usize,
    /// Cells of all sheets of a workbook that hold something.
    pub cells: usize,
    /// Pages, slides, sheets or chapters.
    pub pages: u32,
    /// Characters of one PDF page; real ones stay under 50,000.
    pub page_chars: usize,
    /// Annotations of one PDF page.
    pub page_annotations: usize,
    /// Pixels of a rendered page or tile; four bytes each.
    pub bitmap_pixels: u64,
    /// Time for one file inside the parser; the process has its own, longer.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            input_bytes: 512 << 20,
            text_bytes: 50_000_000,
            zip_entries: 20_000,
            inflated_bytes: 1 << 30,
            inflate_ratio: 300,
            ratio_grace_bytes: 8 << 20,
            xml_depth: 512,
            json_depth: 127,
            rtf_depth: 512,
            cells: 5_000_000,
            pages: 50_000,
            page_chars: 1_000_000,
            page_annotations: 5_000,
            bitmap_pixels: 16_000_000,
            time: Duration::from_secs(50),
        }
    }
}
