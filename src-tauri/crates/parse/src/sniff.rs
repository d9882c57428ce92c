//! What a file is: by its bytes first, by its name only where bytes cannot tell (text formats).

use crate::archive::Archive;
use crate::encoding;
use crate::error::ParseError;
use crate::limits::Limits;
use std::io::Cursor;

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PDF.
    Pdf,
    /// Word 2007 and later.
    Docx,
    /// PowerPoint 2007 and later.
    Pptx,
    /// Excel 2007 and later.
    Xlsx,
    /// Excel 97–2003.
    Xls,
    /// OpenDocument spreadsheet.
    Ods,
    /// OpenDocument text.
    Odt,
    /// OpenDocument presentation.
    Odp,
    /// EPUB 2 and 3.
    Epub,
    /// Rich Text Format.
    Rtf,
    /// HTML and XHTML.
    Html,
    /// A mail as sent (RFC 5322), and web archives (MHTML).
    Eml,
    /// A mail as Outlook keeps it.
    Msg,
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
    /// Plain text.
    Text,
}

/// Extensions of source code and configuration, which is shown as it stands.
const CODE: &[&str] = &[
    "rs",
    "py",
    "js",
    "mjs",
    "cjs",
    "ts",
    "tsx",
    "jsx",
    "java",
    "kt",
    "kts",
    "scala",
    "c",
    "h",
    "cc",
    "cpp",
    "cxx",
    "hpp",
    "hh",
    "cs",
    "go",
    "rb",
    "php",
    "swift",
    "m",
    "mm",
    "sh",
    "bash",
    "zsh",
    "fish",
    "ps1",
    "bat",
    "cmd",
    "sql",
    "r",
    "jl",
    "lua",
    "pl",
    "pm",
    "hs",
    "ml",
    "mli",
    "ex",
    "exs",
    "erl",
    "clj",
    "lisp",
    "el",
    "vim",
    "dart",
    "zig",
    "nim",
    "v",
    "vhd",
    "asm",
    "s",
    "f",
    "f90",
    "pas",
    "groovy",
    "gradle",
    "cmake",
    "make",
    "mk",
    "dockerfile",
    "tf",
    "proto",
    "graphql",
    "css",
    "scss",
    "less",
    "vue",
    "svelte",
    "toml",
    "yaml",
    "yml",
    "ini",
    "cfg",
    "conf",
    "properties",
    "env",
    "tex",
    "bib",
    "diff",
    "patch",
];

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

/// The format of a file.
///
/// # Errors
/// `Empty`, `NeedsPassword`, `Unsupported` with what to convert it to, `Damaged` where a container cannot be opened.
pub fn format(name: &str, bytes: &[u8], limits: Limits) -> Result<Format, ParseError> {
    let extension = extension(name);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ParseError::Empty);
    }
    match pdf_start(bytes) {
        Some(0) => return Ok(Format::Pdf),
        Some(_) if extension == "pdf" || !encoding::is_text(&bytes[..bytes.len().min(1024)]) => return Ok(Format::Pdf),
        _ => {}
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") || bytes.starts_with(b"PK\x07\x08") {
        return container(bytes, &extension, limits);
    }
    if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
        return compound(bytes, &extension);
    }
    if bytes.starts_with(b"{\\rtf") || bytes.starts_with(b"{\\urtf") {
        return Ok(Format::Rtf);
    }
    if let Some(kind) = foreign(bytes) {
        return Err(kind);
    }
    if !encoding::is_text(bytes) {
        return binary(bytes, &extension);
    }
    Ok(text_format(bytes, &extension))
}

/// What sits in a ZIP container.
fn container(bytes: &[u8], extension: &str, limits: Limits) -> Result<Format, ParseError> {
    let mut archive = match Archive::open(bytes, limits) {
        Ok(archive) => archive,
        Err(ParseError::Damaged { detail }) if is_archive_extension(extension) => {
            return Err(archive_of_files(&detail));
        }
        Err(error) => return Err(error),
    };
    if let Some(mimetype) = archive.read("mimetype").unwrap_or_default() {
        let mimetype = String::from_utf8_lossy(&mimetype);
        let mimetype = mimetype.trim();
        if mimetype == "application/epub+zip" {
            return Ok(Format::Epub);
        }
        if let Some(kind) = mimetype.strip_prefix("application/vnd.oasis.opendocument.") {
            return match kind {
                "text" | "text-template" | "text-master" | "text-web" => Ok(Format::Odt),
                "spreadsheet" | "spreadsheet-template" => Ok(Format::Ods),
                "presentation" | "presentation-template" | "graphics" | "graphics-template" => Ok(Format::Odp),
                other => Err(ParseError::Unsupported {
                    what: format!("an OpenDocument {other}"),
                    advice: "Export it as PDF and add that.".to_owned(),
                }),
            };
        }
    }
    if archive.has("META-INF/container.xml") && !archive.has("[Content_Types].xml") {
        return Ok(Format::Epub);
    }
    // A package of Visio or XPS has content types as well; the main part tells.
    for (part, format) in [("word/", Format::Docx), ("ppt/", Format::Pptx), ("xl/", Format::Xlsx)] {
        let inside = |name: &String| {
            name.to_lowercase()
                .replace('\\', "/")
                .trim_start_matches('/')
                .starts_with(part)
        };
        if archive.names().iter().any(inside) {
            if archive.has("xl/workbook.bin") && format == Format::Xlsx {
                return Err(ParseError::Unsupported {
                    what: "an Excel binary workbook (.xlsb)".to_owned(),
                    advice: "Open it in Excel or LibreOffice, save it as .xlsx and add that.".to_owned(),
                });
            }
            return Ok(format);
        }
    }
    if archive.has("[Content_Types].xml") {
        // Strict packages may put the document anywhere: the types of the parts say what it is.
        let types = archive
            .read("[Content_Types].xml")
            .unwrap_or_default()
            .unwrap_or_default();
        let types = String::from_utf8_lossy(&types);
        for (needle, format) in [
            ("wordprocessingml", Format::Docx),
            ("presentationml", Format::Pptx),
            ("spreadsheetml", Format::Xlsx),
        ] {
            if types.contains(needle) {
                return Ok(format);
            }
        }
    }
    if archive.has("content.xml") {
        return Ok(match extension {
            "ods" | "ots" => Format::Ods,
            "odp" | "otp" => Format::Odp,
            _ => Format::Odt,
        });
    }
    Err(archive_of_files(""))
}

fn is_archive_extension(extension: &str) -> bool {
    matches!(extension, "zip" | "jar" | "apk" | "whl" | "")
}

fn archive_of_files(_detail: &str) -> ParseError {
    ParseError::Unsupported {
        what: "an archive".to_owned(),
        advice: "Unpack it and add the files in it.".to_owned(),
    }
}

/// What sits in an OLE compound file.
fn compound(bytes: &[u8], extension: &str) -> Result<Format, ParseError> {
    let unsupported = |what: &str, advice: &str| ParseError::Unsupported {
        what: what.to_owned(),
        advice: advice.to_owned(),
    };
    let word = || {
        unsupported(
            "a Word 97–2003 document (.doc)",
            "Open it in Word or LibreOffice, save it as .docx and add that.",
        )
    };
    let powerpoint = || {
        unsupported(
            "a PowerPoint 97–2003 presentation (.ppt)",
            "Open it in PowerPoint or LibreOffice, save it as .pptx and add that.",
        )
    };
    let file = match cfb::CompoundFile::open(Cursor::new(bytes)) {
        Ok(file) => file,
        Err(error) => {
            return match extension {
                "doc" | "dot" => Err(word()),
                "ppt" | "pps" | "pot" => Err(powerpoint()),
                "xls" | "xlt" | "xla" => Ok(Format::Xls),
                _ => Err(ParseError::damaged(format!("OLE: {error}"))),
            };
        }
    };
    let has = |name: &str| file.exists(name);
    if has("/EncryptedPackage") {
        return Err(ParseError::NeedsPassword);
    }
    if has("/WordDocument") {
        return Err(word());
    }
    if has("/PowerPoint Document") || has("/PP40") || has("/PP97_DUALSTORAGE") {
        return Err(powerpoint());
    }
    if has("/Workbook") || has("/Book") {
        return Ok(Format::Xls);
    }
    if has("/__properties_version1.0") {
        return Ok(Format::Msg);
    }
    if has("/VisioDocument") {
        return Err(unsupported("a Visio drawing (.vsd)", "Export it as PDF and add that."));
    }
    if has("/Quill") || has("/Contents") && extension == "pub" {
        return Err(unsupported(
            "a Publisher document (.pub)",
            "Export it as PDF and add that.",
        ));
    }
    Err(unsupported(
        "this kind of Office file",
        "Open it in the program it came from, export it as PDF and add that.",
    ))
}

/// Files that are plainly something else.
fn foreign(bytes: &[u8]) -> Option<ParseError> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let picture = starts(b"\x89PNG\r\n\x1a\n")
        || starts(&[0xff, 0xd8, 0xff])
        || starts(b"GIF8")
        || starts(b"II*\0")
        || starts(b"MM\0*")
        || (starts(b"BM") && bytes.len() > 30 && bytes[6..10] == [0; 4])
        || (starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"))
        || bytes
            .get(4..12)
            .is_some_and(|kind| matches!(kind, b"ftypheic" | b"ftypavif" | b"ftypheix" | b"ftypmif1"));
    if picture {
        return Some(ParseError::NoText);
    }
    let archive = starts(&[0x1f, 0x8b])
        || starts(b"7z\xbc\xaf\x27\x1c")
        || starts(b"Rar!\x1a\x07")
        || starts(b"BZh")
        || starts(&[0xfd, b'7', b'z', b'X', b'Z', 0])
        || starts(&[0x28, 0xb5, 0x2f, 0xfd])
        || bytes.get(257..262) == Some(b"ustar");
    if archive {
        return Some(archive_of_files(""));
    }
    if starts(b"%!PS") || starts(&[0xc5, 0xd0, 0xd3, 0xc6]) {
        return Some(ParseError::Unsupported {
            what: "a PostScript file".to_owned(),
            advice: "Convert it to PDF, for example with ps2pdf, and add that.".to_owned(),
        });
    }
    None
}

fn binary(bytes: &[u8], extension: &str) -> Result<Format, ParseError> {
    // Excel before 5 wrote its records without a container.
    let bare_excel = matches!(bytes.get(..2), Some([0x09, 0x00 | 0x02 | 0x04 | 0x08])) && bytes.get(3) == Some(&0);
    if bare_excel {
        return Err(ParseError::Unsupported {
            what: "a workbook of Excel 4 or older".to_owned(),
            advice: "Open it in LibreOffice, save it as .xlsx and add that.".to_owned(),
        });
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
        _ if is_text_name && bytes.iter().take(4096).filter(|b| **b == 0).count() * 20 < bytes.len().min(4096) => {
            Ok(text_format(bytes, extension))
        }
        _ if is_text_name => Err(ParseError::damaged("the bytes are not those of a text")),
        "pdf" | "docx" | "pptx" | "xlsx" | "odt" | "ods" | "odp" | "epub" | "doc" | "xls" | "ppt" | "msg" | "rtf" => {
            Err(ParseError::damaged(format!(
                "the bytes are not those of a .{extension} file"
            )))
        }
        _ => Err(ParseError::Unsupported {
            what: if extension.is_empty() {
                "this kind of file".to_owned()
            } else {
                format!("a .{extension} file")
            },
            advice: "Export it as PDF or text and add that.".to_owned(),
        }),
    }
}

fn text_format(bytes: &[u8], extension: &str) -> Format {
    let head = encoding::decode(&bytes[..bytes.len().min(8192)], None).text;
    let head = head.trim_start_matches('\u{feff}').trim_start();
    let lower = head.to_lowercase();
    // Marks of a format that its bytes show without doubt.
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
        code if CODE.contains(&code) => return Format::Code,
        _ => {}
    }
    let page =
        lower.contains("<body") || lower.contains("<head>") || lower.contains("</p>") || lower.contains("<table");
    if page && lower.starts_with('<') {
        return Format::Html;
    }
    Format::Text
}

/// Mail begins with header lines, two of which only mail has.
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
    let mut known = 0;
    for (at, line) in head.lines().take(60).enumerate() {
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) && at > 0 || at == 0 && line.starts_with("From ") {
            continue;
        }
        let Some((name, _)) = line.split_once(':') else {
            return known >= 3;
        };
        if name.is_empty() || name.chars().any(|c| !c.is_ascii_graphic()) {
            return known >= 3;
        }
        known += usize::from(KNOWN.contains(&name.to_lowercase().as_str()));
    }
    known
        >= if matches!(extension, "eml" | "mht" | "mhtml" | "mbox") {
            1
        } else {
            3
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
    }

    #[test]
    fn what_is_not_read_says_what_to_do() {
        assert!(matches!(of("a.txt", b" \n "), Err(ParseError::Empty)));
        assert!(matches!(of("a.png", b"\x89PNG\r\n\x1a\nxxxx"), Err(ParseError::NoText)));
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
