//! What a file is: by its bytes first, by its name only where bytes cannot tell (text formats).

mod compound;
mod foreign;
mod package;

use crate::encoding;
use crate::error::ParseError;
use crate::limits::Limits;
use foreign::{foreign, unsupported};

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PDF.
    Pdf,
    /// Word 2007 and later.
    Docx,
    /// Word in one XML file: of 2003, and the flat form of later ones.
    WordXml,
    /// PowerPoint 2007 and later.
    Pptx,
    /// Excel 2007 and later.
    Xlsx,
    /// One of these three in a container that a password closes.
    Encrypted,
    /// Excel 97–2003.
    Xls,
    /// Excel in one XML file, of 2003.
    ExcelXml,
    /// OpenDocument spreadsheet.
    Ods,
    /// OpenDocument text.
    Odt,
    /// OpenDocument presentation.
    Odp,
    /// EPUB 2 and 3.
    Epub,
    /// FictionBook 2.
    Fb2,
    /// Rich Text Format.
    Rtf,
    /// HTML and XHTML.
    Html,
    /// A mail as sent (RFC 5322), and web archives (MHTML).
    Eml,
    /// A mail as Outlook keeps it.
    Msg,
    /// A mail as Outlook packs it for another Outlook.
    Tnef,
    /// Markdown.
    Markdown,
    /// Comma-separated values.
    Csv,
    /// Tab-separated values.
    Tsv,
    /// JSON, JSON lines, notebooks.
    Json,
    /// Any other XML.
    Xml,
    /// Source code.
    Code,
    /// A picture that may show writing.
    Picture,
    /// Plain text.
    Text,
}

/// Extensions of source code and configuration, which is shown as it stands.
const CODE: &str = "rs py js mjs cjs ts tsx jsx java kt kts scala c h cc cpp cxx hpp hh cs go rb php swift m mm sh bash zsh fish \
    ps1 bat cmd sql r jl lua pl pm hs ml mli ex exs erl clj lisp el vim dart zig nim v vhd asm s f f90 pas groovy \
    gradle cmake make mk dockerfile tf proto graphql css scss less vue svelte toml yaml yml ini cfg conf \
    properties env tex bib diff patch";

/// The extension of a name in lower case; empty without one.
pub fn extension(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    file.rsplit_once('.')
        .map_or_else(String::new, |(_, extension)| extension.to_lowercase())
}

/// Where a PDF begins: its header within the first 1,024 bytes.
pub fn pdf_start(bytes: &[u8]) -> Option<usize> {
    bytes[..bytes.len().min(1024)]
        .windows(5)
        .position(|window| window == b"%PDF-")
}

/// Whether a text that begins with a PDF's header only speaks of PDF: the line goes on behind the version, and nowhere is what no
/// PDF does without, an object or the place of the table of them.
fn is_about_pdf(bytes: &[u8]) -> bool {
    const SAMPLE_BYTES: usize = 64 << 10;
    let line = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next();
    let mut behind = line.unwrap_or_default()["%PDF-".len()..]
        .iter()
        .skip_while(|byte| byte.is_ascii_digit() || **byte == b'.');
    if behind.all(u8::is_ascii_whitespace) || !encoding::is_text(bytes) {
        return false;
    }
    let head = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let tail = &bytes[bytes.len().saturating_sub(SAMPLE_BYTES)..];
    !has_pdf_objects(head) && !has_pdf_objects(tail)
}

/// `12 0 obj` or `startxref 3456` in a piece of a file.
fn has_pdf_objects(piece: &[u8]) -> bool {
    let is_number = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    let words = piece.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut before: [&[u8]; 2] = [&[]; 2];
    for word in words {
        // Its first part may stand directly behind, such as `obj<<`.
        let is_object = word
            .strip_prefix(b"obj")
            .is_some_and(|behind| !behind.first().is_some_and(u8::is_ascii_alphanumeric));
        if is_object && before.iter().all(|word| is_number(word)) || before[1] == b"startxref" && is_number(word) {
            return true;
        }
        before = [before[1], word];
    }
    false
}

/// The format of a file.
///
/// # Errors
/// `Empty`, `Unsupported` with what to convert it to, `Damaged` where a container cannot be opened.
pub fn format(name: &str, bytes: &[u8], limits: Limits) -> Result<Format, ParseError> {
    let extension = extension(name);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ParseError::Empty);
    }
    let pdf_start = pdf_start(bytes);
    match pdf_start {
        Some(_) if extension == "pdf" => return Ok(Format::Pdf),
        Some(0) if !is_about_pdf(bytes) => return Ok(Format::Pdf),
        _ => {}
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") || bytes.starts_with(b"PK\x07\x08") {
        return package::format(bytes, &extension, limits);
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
        return compound::format(bytes, &extension);
    }
    if bytes.starts_with(b"{\\rtf") || bytes.starts_with(b"{\\urtf") {
        return Ok(Format::Rtf);
    }
    if crate::tnef::is_one(bytes) {
        return Ok(Format::Tnef);
    }
    // Not before these: a PDF may lie in them.
    if pdf_start.is_some_and(|at| at > 0) && !encoding::is_text(&bytes[..bytes.len().min(1024)]) {
        return Ok(Format::Pdf);
    }
    if crate::picture::media_type(bytes).is_some() {
        return Ok(Format::Picture);
    }
    let is_text = encoding::is_text(bytes);
    if let Some(kind) = foreign(bytes, is_text) {
        return Err(kind);
    }
    if !is_text {
        return binary(bytes, &extension);
    }
    Ok(text_format(bytes, &extension))
}

/// Whether zeros are few at the beginning, not counting whole runs of them: room that was given and never written to.
fn has_few_zeros(bytes: &[u8]) -> bool {
    const ROOM: usize = 8;
    let head = &bytes[..bytes.len().min(64 << 10)];
    let (mut written, mut zeros) = (0_usize, 0_usize);
    for run in head.chunk_by(|a, b| (*a == 0) == (*b == 0)) {
        if run[0] != 0 {
            written += run.len();
        } else if run.len() < ROOM {
            zeros += run.len();
        }
    }
    zeros * 20 < written
}

fn binary(bytes: &[u8], extension: &str) -> Result<Format, ParseError> {
    // Excel before 5 wrote its records without a container.
    let bare_excel = matches!(bytes.get(..2), Some([0x09, 0x00 | 0x02 | 0x04 | 0x08])) && bytes.get(3) == Some(&0);
    if bare_excel {
        return Err(unsupported(
            "a workbook of Excel 4 or older",
            "Open it in LibreOffice, save it as .xlsx and add that.",
        ));
    }
    let is_text_name = matches!(
        extension,
        "txt" | "text" | "md" | "markdown" | "csv" | "tsv" | "log" | "json" | "xml" | "html" | "htm" | "eml"
    );
    // Room that was given and never written to, as after a power cut.
    if is_text_name && bytes.iter().all(|byte| *byte == 0) {
        return Err(ParseError::Empty);
    }
    match extension {
        // A text with a few bytes of noise is still a text to whoever named it so.
        _ if is_text_name && has_few_zeros(bytes) => Ok(text_format(bytes, extension)),
        _ if is_text_name => Err(ParseError::damaged("the bytes are not those of a text")),
        "pdf" | "docx" | "pptx" | "xlsx" | "odt" | "ods" | "odp" | "epub" | "doc" | "xls" | "ppt" | "msg" | "rtf" => {
            Err(ParseError::damaged(format!(
                "the bytes are not those of a .{extension} file"
            )))
        }
        "" => Err(unsupported(
            "this kind of file",
            "Export it as PDF or text and add that.",
        )),
        other => Err(unsupported(
            &format!("a .{other} file"),
            "Export it as PDF or text and add that.",
        )),
    }
}

fn text_format(bytes: &[u8], extension: &str) -> Format {
    let head = encoding::decode(&bytes[..bytes.len().min(8192)], None).text;
    let head = head.trim_start_matches('\u{feff}').trim_start();
    let lower = head.to_lowercase();
    if let Some(format) = office_xml(head, &lower) {
        return format;
    }
    // Marks of a format that its bytes show without doubt.
    if lower.starts_with('<') && lower.contains("<fictionbook") {
        return Format::Fb2;
    }
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return Format::Html;
    }
    if lower.starts_with("<?xml") || lower.starts_with("<!doctype") {
        return if lower.contains("<html") || lower.contains("xhtml") {
            Format::Html
        } else {
            Format::Xml
        };
    }
    if is_mail(head, extension) {
        return Format::Eml;
    }
    match extension {
        "html" | "htm" | "xhtml" | "xht" => return Format::Html,
        "md" | "markdown" | "mdown" | "mkd" | "qmd" | "rmd" => return Format::Markdown,
        "csv" => return Format::Csv,
        "tsv" | "tab" => return Format::Tsv,
        "json" | "jsonl" | "ndjson" | "geojson" | "ipynb" | "har" => return Format::Json,
        "xml" | "xsd" | "xsl" | "xslt" | "rss" | "atom" | "svg" | "fb2" | "plist" => return Format::Xml,
        "mht" | "mhtml" | "eml" => return Format::Eml,
        "txt" | "text" | "log" => return Format::Text,
        code if CODE.split_whitespace().any(|known| known == code) => return Format::Code,
        _ => {}
    }
    let page =
        lower.contains("<body") || lower.contains("<head>") || lower.contains("</p>") || lower.contains("<table");
    if page && lower.starts_with('<') {
        return Format::Html;
    }
    Format::Text
}

/// Office documents in one XML file: OpenDocument's flat form, Word's two, Excel's of 2003.
fn office_xml(head: &str, lower: &str) -> Option<Format> {
    if !lower.starts_with('<') {
        return None;
    }
    if head.contains("urn:oasis:names:tc:opendocument:xmlns:office:1.0") && head.contains(":mimetype=") {
        let kind = lower.split_once("application/vnd.oasis.opendocument.")?.1;
        return Some(match kind.split(['"', '\'', '-']).next() {
            Some("spreadsheet") => Format::Ods,
            Some("presentation" | "graphics") => Format::Odp,
            _ => Format::Odt,
        });
    }
    let word = lower.contains("http://schemas.microsoft.com/office/word/2003/wordml")
        || lower.contains("http://schemas.microsoft.com/office/2006/xmlpackage") && lower.contains("word");
    if word {
        return Some(Format::WordXml);
    }
    (lower.contains("urn:schemas-microsoft-com:office:spreadsheet") && lower.contains("workbook"))
        .then_some(Format::ExcelXml)
}

/// Mail begins with header lines. Those of a memo say who wrote to whom as well, but neither by address nor by what programs add.
fn is_mail(head: &str, extension: &str) -> bool {
    const KNOWN: &[&str] = &[
        "from",
        "to",
        "received",
        "return-path",
        "message-id",
        "mime-version",
        "subject",
        "date",
        "delivered-to",
        "x-mailer",
        "content-type",
        "reply-to",
        "cc",
        "x-received",
        "dkim-signature",
        "snapshot-content-location",
    ];
    const OF_MEMOS: &[&str] = &["from", "to", "subject", "date", "cc"];
    let mut known = 0;
    let mut is_sent = false;
    // Apple Mail keeps the length of a mail on a line before it.
    let length = usize::from(extension == "emlx");
    for (at, line) in head.lines().skip(length).take(60).enumerate() {
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) && at > 0 || at == 0 && line.starts_with("From ") {
            continue;
        }
        let Some((name, value)) = line.split_once(':') else {
            return known >= 3 && is_sent;
        };
        if name.is_empty() || name.chars().any(|c| !c.is_ascii_graphic()) {
            return known >= 3 && is_sent;
        }
        let name = name.to_lowercase();
        if KNOWN.contains(&name.as_str()) {
            known += 1;
            is_sent |= value.contains('@') || !OF_MEMOS.contains(&name.as_str());
        }
    }
    if matches!(extension, "eml" | "emlx" | "mht" | "mhtml" | "mbox") {
        known >= 1
    } else {
        known >= 3 && is_sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, bytes: &[u8]) -> Result<Format, ParseError> {
        format(name, bytes, Limits::default())
    }

    #[test]
    fn content_goes_before_extension() {
        assert_eq!(of("a.txt", b"%PDF-1.7\n").unwrap(), Format::Pdf);
        assert_eq!(of("a.docx", b"{\\rtf1 x}").unwrap(), Format::Rtf);
        assert_eq!(of("a.txt", b"<!DOCTYPE html><p>x").unwrap(), Format::Html);
        assert_eq!(
            of("a", b"From: a@b.c\nTo: d@e.f\nSubject: x\n\nbody").unwrap(),
            Format::Eml
        );
        assert_eq!(of("a.txt", b"plain").unwrap(), Format::Text);
        assert_eq!(of("a.rs", b"fn main() {}").unwrap(), Format::Code);
        assert_eq!(of("notes.txt", b"Note: this\nand: that\n").unwrap(), Format::Text);
        let memo = b"To: All staff\nFrom: Ada\nDate: 3 May\nSubject: Tea\n\nBring it.";
        assert_eq!(of("memo.txt", memo).unwrap(), Format::Text);
    }

    #[test]
    fn a_text_about_pdf_is_none() {
        let prose =
            b"%PDF-1.4 is a version of the format; a file has objects, an xref table and %%EOF at its end.\nIt is old.";
        assert_eq!(of("a.txt", prose).unwrap(), Format::Text);
        assert_eq!(of("a.md", prose).unwrap(), Format::Markdown);
        assert_eq!(of("a", b"%PDF-, the mark, begins a file.").unwrap(), Format::Text);
        // Whoever calls it a PDF hears what is wrong with it.
        assert_eq!(of("a.pdf", prose).unwrap(), Format::Pdf);
        for begin in [
            &b"%PDF-1.4"[..],
            b"%PDF-1.4 \r\nand so on",
            b"%PDF-1.2\0 producer",
            b"%PDF-1.4%\xe2\xe3\xcf\xd3 1 0 obj<</Type/Catalog>>endobj",
            b"%PDF-1.4 made by Genet 2\n1 0 obj\n<<>>\nendobj",
            b"%PDF-1.4 made by Genet 2\n%\0\x01\x02\x03 the rest is lost",
            b"%PDF-1.4 made by Genet 2\nstartxref\n0\n%%EOF",
        ] {
            assert_eq!(of("a.txt", begin).unwrap(), Format::Pdf, "{}", begin.escape_ascii());
        }
    }

    #[test]
    fn what_is_not_read_says_what_to_do() {
        assert!(matches!(of("a.txt", b" \n "), Err(ParseError::Empty)));
        let pictures = [
            b"\x89PNG\r\n\x1a\nxxxx".as_slice(),
            b"\xff\xd8\xff\xe0xxxx",
            b"II*\0\x08\0\0\0",
            b"MM\0*\0\0\0\x08",
            b"RIFF\x10\0\0\0WEBPVP8L",
        ];
        for bytes in pictures {
            assert!(
                matches!(of("a", bytes), Ok(Format::Picture)),
                "{}",
                bytes.escape_ascii()
            );
        }
        assert!(matches!(of("a.gif", b"GIF89axxxx\0\xff"), Err(ParseError::NoText)));
        assert!(matches!(
            of("a.gz", &[0x1f, 0x8b, 8, 0]),
            Err(ParseError::Unsupported { .. })
        ));
        assert!(matches!(
            of("a.docx", &[0, 1, 2, 3, 4, 5]),
            Err(ParseError::Damaged { .. })
        ));
    }

    #[test]
    fn extensions_are_of_the_last_part_of_a_path() {
        assert_eq!(extension("a.b/c.TXT"), "txt");
        assert_eq!(extension("a.b/c"), "");
    }
}
