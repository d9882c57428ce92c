//! Small files of every format, written here.

use std::io::{Cursor, Write};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A ZIP with these entries; `mimetype` stored, the others deflated.
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let method = if *name == "mimetype" {
            CompressionMethod::Stored
        } else {
            CompressionMethod::Deflated
        };
        writer
            .start_file(*name, SimpleFileOptions::default().compression_method(method))
            .expect("a new entry");
        writer.write_all(bytes).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

/// A package's relationship to its main part.
pub fn package_relationship(target: &str) -> String {
    format!(
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="{target}"/></Relationships>"#
    )
}

/// Relationships of a part: (id, last part of the type, target).
pub fn relationships(all: &[(&str, &str, &str)]) -> String {
    let rows: String = all
        .iter()
        .map(|(id, kind, target)| {
            format!(r#"<Relationship Id="{id}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"/>"#)
        })
        .collect();
    format!(
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{rows}</Relationships>"#
    )
}

/// A Word document with this body.
pub fn docx(body: &str) -> Vec<u8> {
    let document = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>"#
    );
    docx_of(&document)
}

/// A Word document with this main part.
pub fn docx_of(document: &str) -> Vec<u8> {
    zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", package_relationship("word/document.xml").as_bytes()),
        ("word/document.xml", document.as_bytes()),
    ])
}

/// A paragraph of Word.
pub fn paragraph(text: &str) -> String {
    format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
}

/// What a part of an OpenDocument file begins with.
pub const NAMESPACES: &str = r#"xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="t" xmlns:table="b" xmlns:draw="d" xmlns:dc="c" xmlns:svg="s" xmlns:presentation="p""#;

/// An OpenDocument file of this kind, with this body and these styles.
pub fn open_document(kind: &str, body: &str, styles: &str) -> Vec<u8> {
    let content =
        format!("<office:document-content {NAMESPACES}><office:body>{body}</office:body></office:document-content>");
    let styles = format!("<office:document-styles {NAMESPACES}>{styles}</office:document-styles>");
    zip(&[
        ("mimetype", kind.as_bytes()),
        ("content.xml", content.as_bytes()),
        ("styles.xml", styles.as_bytes()),
    ])
}

/// A PDF of these objects (numbered from 1; the first is the catalogue), with a correct table.
pub fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        out.extend(format!("{} 0 obj\n", index + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let table = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for offset in offsets {
        out.extend(format!("{offset:010} 00000 n \n").bytes());
    }
    out.extend(
        format!(
            "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n",
            objects.len() + 1
        )
        .bytes(),
    );
    out
}

/// A stream object.
pub fn stream(dictionary: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = format!("<< {dictionary} /Length {} >>\nstream\n", bytes.len()).into_bytes();
    out.extend(bytes);
    out.extend(b"\nendstream");
    out
}

/// A PDF whose pages (612 × 792 points) have these contents; `extra` goes into each page's dictionary, `objects` behind object 3 + 2n.
pub fn pdf_pages(contents: &[&str], extra: &str, objects: &[Vec<u8>]) -> Vec<u8> {
    let first_page = 4;
    let kids: String = (0..contents.len())
        .map(|at| format!("{} 0 R ", first_page + 2 * at))
        .collect();
    let mut all = vec![
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /DA (/F1 10 Tf) /DR << /Font << /F1 3 0 R >> >> >> >>"
            .to_vec(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", contents.len()).into_bytes(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec(),
    ];
    for (at, content) in contents.iter().enumerate() {
        all.push(
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R {extra} >>",
                first_page + 2 * at + 1
            )
            .into_bytes(),
        );
        all.push(stream("", content.as_bytes()));
    }
    all.extend(objects.iter().cloned());
    pdf(&all)
}

/// Content that shows lines: (text, x, y from the bottom, size).
pub fn show(lines: &[(&str, f32, f32, f32)]) -> String {
    lines
        .iter()
        .map(|(text, x, y, size)| {
            let escaped = text.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
            format!("BT /F1 {size} Tf 1 0 0 1 {x} {y} Tm ({escaped}) Tj ET\n")
        })
        .collect()
}

/// A TIFF of one page with a bit a pixel, packed as a tag value says, in one strip.
pub fn bilevel(compression: u32, fill_order: u32, (width, height): (u32, u32), strip: &[u8]) -> Vec<u8> {
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    let directory = 8 + strip.len() as u32;
    let mut bytes = b"II*\0".to_vec();
    bytes.extend(directory.to_le_bytes());
    bytes.extend(strip);
    let entries = [
        (256_u16, LONG, width),
        (257, LONG, height),
        (258, SHORT, 1),
        (259, SHORT, compression),
        (262, SHORT, 0),
        (266, SHORT, fill_order),
        (273, LONG, 8),
        (277, SHORT, 1),
        (278, LONG, height),
        (279, LONG, strip.len() as u32),
    ];
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, value) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes
}

/// A workbook with one sheet, `S`: its `row` elements, and the `si` elements of shared strings where it has some.
pub fn workbook(rows: &str, strings: Option<&str>) -> Vec<u8> {
    const MAIN: &str = r#"xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main""#;
    let types = br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#;
    let root = package_relationship("xl/workbook.xml");
    let book = format!(
        r#"<workbook {MAIN} xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#
    );
    let mut parts = vec![("rId1", "worksheet", "worksheets/sheet1.xml")];
    parts.extend(strings.map(|_| ("rId2", "sharedStrings", "sharedStrings.xml")));
    let relationships = relationships(&parts);
    let strings = strings.map(|strings| format!("<sst {MAIN}>{strings}</sst>"));
    let sheet = format!("<worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>");
    let mut files = vec![
        ("[Content_Types].xml", types.as_slice()),
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", relationships.as_bytes()),
    ];
    files.extend(
        strings
            .iter()
            .map(|strings| ("xl/sharedStrings.xml", strings.as_bytes())),
    );
    files.push(("xl/worksheets/sheet1.xml", sheet.as_bytes()));
    zip(&files)
}
