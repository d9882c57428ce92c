//! What sits in a ZIP container.

use super::Format;
use super::foreign::{archive, unsupported};
use crate::archive::Archive;
use crate::error::ParseError;
use crate::limits::Limits;

/// Folders of the Office formats, and the part that the document usually is.
const OFFICE: &[(&str, &str, Format)] = &[
    ("word/", "word/document.xml", Format::Docx),
    ("ppt/", "ppt/presentation.xml", Format::Pptx),
    ("xl/", "xl/workbook.xml", Format::Xlsx),
];

/// Extensions of theirs, for packages that have lost the parts that say what they are.
const OFFICE_EXTENSIONS: &str = "docx docm dotx dotm pptx pptm ppsx ppsm potx potm xlsx xlsm xlsb xltx xltm";

/// The format inside.
///
/// # Errors
/// `Unsupported` with what to convert it to or what to unpack, `Damaged` where it cannot be opened.
pub fn format(bytes: &[u8], extension: &str, limits: Limits) -> Result<Format, ParseError> {
    let mut package = match Archive::open(bytes, limits) {
        Ok(package) => package,
        Err(ParseError::Damaged { .. }) if matches!(extension, "zip" | "jar" | "apk" | "whl" | "") => {
            return Err(archive());
        }
        Err(error) => return Err(error),
    };
    if let Some(mimetype) = package.read("mimetype").unwrap_or_default() {
        let mimetype = String::from_utf8_lossy(&mimetype);
        if let Some(outcome) = by_mimetype(mimetype.trim()) {
            return outcome;
        }
    }
    let has_types = package.has("[Content_Types].xml");
    if package.has("META-INF/container.xml") && !has_types {
        return Ok(Format::Epub);
    }
    // A package of Visio or XPS has content types as well; the main part tells. A folder of any archive may be called `word`.
    let is_package =
        has_types || package.has("_rels/.rels") || OFFICE_EXTENSIONS.split_whitespace().any(|known| known == extension);
    for (folder, main, format) in OFFICE {
        let inside = |name: &String| {
            name.to_lowercase()
                .replace('\\', "/")
                .trim_start_matches('/')
                .starts_with(folder)
        };
        if package.has(main) || is_package && package.names().iter().any(inside) {
            if package.has("xl/workbook.bin") && *format == Format::Xlsx {
                return Err(unsupported(
                    "an Excel binary workbook (.xlsb)",
                    "Open it in Excel or LibreOffice, save it as .xlsx and add that.",
                ));
            }
            return Ok(*format);
        }
    }
    if has_types {
        // Strict packages may put the document anywhere: the types of the parts say what it is.
        let types = package
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
    if package.has("content.xml") {
        return Ok(match extension {
            "ods" | "ots" | "sxc" => Format::Ods,
            "odp" | "otp" | "sxi" => Format::Odp,
            _ => Format::Odt,
        });
    }
    Err(by_parts(&package, extension))
}

/// OpenDocument, its forerunner of OpenOffice 1, and EPUB say what they are in a part called `mimetype`.
fn by_mimetype(mimetype: &str) -> Option<Result<Format, ParseError>> {
    if mimetype == "application/epub+zip" {
        return Some(Ok(Format::Epub));
    }
    let kind = mimetype
        .strip_prefix("application/vnd.oasis.opendocument.")
        .or_else(|| mimetype.strip_prefix("application/vnd.sun.xml."))?;
    let kind = kind.trim_end_matches("-template").trim_end_matches(".template");
    Some(match kind {
        "text" | "text-master" | "text-web" | "writer" | "writer.global" => Ok(Format::Odt),
        "spreadsheet" | "calc" => Ok(Format::Ods),
        "presentation" | "graphics" | "impress" | "draw" => Ok(Format::Odp),
        "base" | "database" => Err(unsupported(
            "an OpenDocument database (.odb)",
            "Open it in LibreOffice, export its tables as .xlsx or CSV and add those.",
        )),
        other => Err(unsupported(
            &format!("an OpenDocument {other}"),
            "Export it as PDF and add that.",
        )),
    })
}

/// Documents of other programs, which only their parts tell from an archive.
fn by_parts(package: &Archive<'_>, extension: &str) -> ParseError {
    let any = |part: &str| package.names().iter().any(|name| name.to_lowercase().contains(part));
    let apple = package.has("Index/Document.iwa")
        || package.has("Index.zip")
        || package.has("index.xml")
        || package.has("index.apxl");
    let what = if any("visio/") {
        "a Visio drawing (.vsdx)"
    } else if any(".fdseq") || any(".fpage") {
        "an XPS document"
    } else if extension == "pages" && apple {
        "a Pages document"
    } else if extension == "numbers" && apple {
        "a Numbers spreadsheet"
    } else if package.has("index.apxl") || apple && (extension == "key" || any("index/slide")) {
        "a Keynote presentation"
    } else if package.has("Index/Document.iwa") {
        "an iWork document"
    } else if any("contents/section0.xml") {
        "a Hangul document (.hwpx)"
    } else {
        return archive();
    };
    unsupported(what, "Export it as PDF and add that.")
}
