//! What sits in an OLE compound file: the container of Office before 2007, and of much else.

use super::Format;
use super::foreign::unsupported;
use crate::error::ParseError;
use std::io::Cursor;

/// Streams that only one program writes, what it is then, and what a person can do.
const KINDS: &[(&str, &str, &str)] = &[
    ("/VisioDocument", "a Visio drawing (.vsd)", AS_PDF),
    ("/Quill", "a Publisher document (.pub)", AS_PDF),
    ("/HwpSummaryInformation", "a Hangul document (.hwp)", AS_PDF),
    ("/\u{5}HwpSummaryInformation", "a Hangul document (.hwp)", AS_PDF),
    ("/StarWriterDocument", "a StarOffice document (.sdw)", AS_DOCX),
    ("/StarCalcDocument", "a StarOffice workbook (.sdc)", AS_XLSX),
    ("/StarDrawDocument3", "a StarOffice presentation (.sda, .sdd)", AS_PDF),
    ("/MatOST", "a Works document (.wps)", AS_DOCX),
    ("/WksSSWorkBook", "a Works spreadsheet (.wks, .xlr)", AS_XLSX),
    ("/Props9", "a Project plan (.mpp)", AS_PDF),
    ("/Props12", "a Project plan (.mpp)", AS_PDF),
    ("/Props14", "a Project plan (.mpp)", AS_PDF),
];

/// The same for files whose streams have everyday names.
const EXTENSIONS: &[(&str, &str, &str)] = &[
    ("pub", "a Publisher document (.pub)", AS_PDF),
    ("wps", "a Works document (.wps)", AS_DOCX),
    ("mpp", "a Project plan (.mpp)", AS_PDF),
    ("hwp", "a Hangul document (.hwp)", AS_PDF),
    ("vsd", "a Visio drawing (.vsd)", AS_PDF),
    ("msi", "an installer", "There is no text in it to search: leave it out."),
    (
        "db",
        "a store of thumbnails",
        "There is no text in it to search: leave it out.",
    ),
];

const AS_PDF: &str = "Export it as PDF and add that.";
const AS_DOCX: &str = "Open it in LibreOffice, save it as .docx and add that.";
const AS_XLSX: &str = "Open it in LibreOffice, save it as .xlsx and add that.";

fn word() -> ParseError {
    unsupported(
        "a Word 97–2003 document (.doc)",
        "Open it in Word or LibreOffice, save it as .docx and add that.",
    )
}

fn powerpoint() -> ParseError {
    unsupported(
        "a PowerPoint 97–2003 presentation (.ppt)",
        "Open it in PowerPoint or LibreOffice, save it as .pptx and add that.",
    )
}

/// The format inside.
///
/// # Errors
/// `Unsupported` with what to convert it to, `Damaged`.
pub fn format(bytes: &[u8], extension: &str) -> Result<Format, ParseError> {
    let file = match cfb::CompoundFile::open(Cursor::new(bytes)) {
        Ok(file) => file,
        Err(error) => {
            return match extension {
                "doc" | "dot" => Err(word()),
                "ppt" | "pps" | "pot" => Err(powerpoint()),
                "xls" | "xlt" | "xla" => Ok(Format::Xls),
                _ => Err(by_extension(extension).unwrap_or_else(|| ParseError::damaged(format!("OLE: {error}")))),
            };
        }
    };
    let has = |name: &str| file.exists(name);
    if has("/EncryptedPackage") {
        return Ok(Format::Encrypted);
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
    let known = KINDS.iter().find(|(stream, ..)| has(stream));
    Err(known
        .map(|(_, what, advice)| unsupported(what, advice))
        .or_else(|| by_extension(extension))
        .unwrap_or_else(|| {
            unsupported(
                "this kind of Office file",
                "Open it in the program it came from, export it as PDF and add that.",
            )
        }))
}

fn by_extension(extension: &str) -> Option<ParseError> {
    let known = EXTENSIONS.iter().find(|(known, ..)| *known == extension)?;
    Some(unsupported(known.1, known.2))
}
