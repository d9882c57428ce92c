//! Writes files made to hurt: containers, streams and records that no program writes by accident.

// The writers of small files are those of the reading room's own tests.
#[path = "../../../src-tauri/crates/parse/tests/it/build.rs"]
#[expect(dead_code, reason = "some writers serve the reading room alone")]
mod build;

pub use build::{docx, docx_of, pdf, pdf_pages, stream, zip};

use anyhow::Result;
use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

/// A part of a container that says what is its main part.
pub fn office(main: &str, parts: &[(&str, &[u8])]) -> Vec<u8> {
    let package = build::package_relationship(main);
    let mut all: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", package.as_bytes()),
    ];
    all.extend(parts);
    zip(&all)
}

pub fn open_document(content: &str) -> Vec<u8> {
    zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("content.xml", content.as_bytes()),
    ])
}

pub fn epub(chapter: &str) -> Vec<u8> {
    zip(&[
        ("mimetype", b"application/epub+zip"),
        (
            "META-INF/container.xml",
            br#"<container><rootfiles><rootfile full-path="p.opf"/></rootfiles></container>"#,
        ),
        (
            "p.opf",
            br#"<package><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>"#,
        ),
        ("a.xhtml", chapter.as_bytes()),
    ])
}

/// A book whose spine names one chapter again and again.
pub fn repeating_book(times: usize) -> Vec<u8> {
    let spine = r#"<itemref idref="a"/>"#.repeat(times);
    let package = format!(
        r#"<package><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine>{spine}</spine></package>"#
    );
    let chapter = format!("<p>{}</p>", "again and again ".repeat(20_000));
    zip(&[
        ("mimetype", b"application/epub+zip"),
        (
            "META-INF/container.xml",
            br#"<container><rootfiles><rootfile full-path="p.opf"/></rootfiles></container>"#,
        ),
        ("p.opf", package.as_bytes()),
        ("a.xhtml", chapter.as_bytes()),
    ])
}

/// A Word document that holds one web page in as many places.
pub fn repeating_document(times: usize) -> Vec<u8> {
    let body = r#"<w:altChunk r:id="a"/>"#.repeat(times);
    let document = format!("<w:document><w:body>{body}</w:body></w:document>");
    let page = format!("<html><p>{}</p></html>", "again and again ".repeat(20_000));
    let chunk = build::relationships(&[("a", "aFChunk", "a.html")]);
    office(
        "word/document.xml",
        &[
            ("word/document.xml", document.as_bytes()),
            ("word/_rels/document.xml.rels", chunk.as_bytes()),
            ("word/a.html", page.as_bytes()),
        ],
    )
}

/// A container of many entries that share one packed body, each claiming it for its own: megabytes that unpack to terabytes, none
/// of them nested.
pub fn overlapping() -> Vec<u8> {
    let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(&vec![b' '; 7 << 20]).expect("memory");
    let body = packer.finish().expect("memory");
    let mut crc = flate2::Crc::new();
    crc.update(&vec![b' '; 7 << 20]);
    let head = |name: &str| {
        let mut fields = Vec::new();
        fields.extend(20_u16.to_le_bytes());
        fields.extend([0, 0, 8, 0, 0, 0, 0, 0]);
        fields.extend(crc.sum().to_le_bytes());
        fields.extend((body.len() as u32).to_le_bytes());
        fields.extend((7_u32 << 20).to_le_bytes());
        fields.extend((name.len() as u16).to_le_bytes());
        fields.extend([0, 0]);
        fields
    };
    let first = "xl/workbook.xml";
    let mut out = b"PK\x03\x04".to_vec();
    out.extend(head(first));
    out.extend(first.bytes());
    out.extend(&body);
    let directory = out.len();
    let count = 10_000_u16;
    for at in 0..count {
        // Names of one length, so that each finds the body where the only local header ends.
        let name = if at == 0 {
            first.to_owned()
        } else {
            format!("xl/w{at:07}.xml")
        };
        out.extend(b"PK\x01\x02");
        out.extend(20_u16.to_le_bytes());
        out.extend(head(&name));
        out.extend([0; 10]);
        out.extend(0_u32.to_le_bytes());
        out.extend(name.bytes());
    }
    let size = out.len() - directory;
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend((size as u32).to_le_bytes());
    out.extend((directory as u32).to_le_bytes());
    out.extend([0, 0]);
    out
}

/// Entities that double forty times, and two that point outside.
pub fn declarations(outside: &str) -> String {
    let mut all = String::from("<!ENTITY a0 \"ha\">");
    for at in 1..40 {
        let _ = write!(all, "<!ENTITY a{at} \"&a{0};&a{0};\">", at - 1);
    }
    all + outside
}

/// Mails within mails, none of them ended.
pub fn nested_mail(depth: usize) -> Vec<u8> {
    let mut mail = String::from("From: a@b.c\r\nTo: d@e.f\r\nSubject: outermost\r\nMIME-Version: 1.0\r\n");
    for at in 0..depth {
        let _ = write!(mail, "Content-Type: multipart/mixed; boundary=b{at}\r\n\r\n--b{at}\r\n");
    }
    mail.push_str("Content-Type: text/plain\r\n\r\ninnermost\r\n");
    mail.into_bytes()
}

/// A deflate stream of ten gigabytes: a piece packed a hundred times over, then its bytes again and again, since after a full
/// flush nothing refers back.
pub fn ten_gigabytes(piece: &[u8]) -> Vec<u8> {
    let mut packer = flate2::Compress::new(flate2::Compression::best(), true);
    let mut once = Vec::with_capacity(1 << 20);
    for _ in 0..100 {
        let mut rest = piece;
        while !rest.is_empty() {
            let before = packer.total_in();
            once.reserve(64 << 10);
            packer
                .compress_vec(rest, &mut once, flate2::FlushCompress::None)
                .expect("memory");
            rest = &rest[(packer.total_in() - before) as usize..];
        }
    }
    once.reserve(64 << 10);
    packer
        .compress_vec(&[], &mut once, flate2::FlushCompress::Full)
        .expect("memory");
    let mut all = once.clone();
    for _ in 0..102 {
        // Behind the two bytes of the stream's head.
        all.extend(&once[2..]);
    }
    all
}

/// A workbook of Excel 97 with a cell in its first place and one in its last, far apart enough to ask for gigabytes where every
/// cell between is given room.
pub fn corner_workbook() -> Result<Vec<u8>> {
    fn record(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut out = kind.to_le_bytes().to_vec();
        out.extend((body.len() as u16).to_le_bytes());
        out.extend(body);
        out
    }
    let label = |row: u16, column: u16, text: &str| {
        let mut body = row.to_le_bytes().to_vec();
        body.extend(column.to_le_bytes());
        body.extend([0, 0]);
        body.extend((text.len() as u16).to_le_bytes());
        body.push(0);
        body.extend(text.bytes());
        record(0x0204, &body)
    };
    let begin = |kind: u16| {
        let mut body = 0x0600_u16.to_le_bytes().to_vec();
        body.extend(kind.to_le_bytes());
        body.extend([0; 12]);
        record(0x0809, &body)
    };
    let name = b"Far";
    let mut sheet = begin(0x0010);
    sheet.extend(label(0, 0, "first corner"));
    sheet.extend(label(65_535, 255, "last corner"));
    sheet.extend(record(0x000a, &[]));
    let bound = |offset: u32| {
        let mut body = offset.to_le_bytes().to_vec();
        body.extend([0, 0, name.len() as u8, 0]);
        body.extend(name);
        record(0x0085, &body)
    };
    let mut globals = begin(0x0005);
    let offset = globals.len() + bound(0).len() + 4;
    globals.extend(bound(offset as u32));
    globals.extend(record(0x000a, &[]));
    globals.extend(sheet);
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new()))?;
    file.create_stream("/Workbook")?.write_all(&globals)?;
    Ok(file.into_inner().into_inner())
}

/// A workbook of Excel 2007 that says it fills every place there is, with as many sheets as asked for and a cell in the last place.
pub fn boundless_workbook(sheets: usize) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let mut listed = String::new();
    let mut related = String::new();
    for at in 1..=sheets {
        let _ = write!(listed, r#"<sheet name="S{at}" sheetId="{at}" r:id="rId{at}"/>"#);
        let _ = write!(
            related,
            r#"<Relationship Id="rId{at}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet.xml"/>"#
        );
    }
    let workbook = format!(
        r#"<workbook xmlns="{MAIN}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>{listed}</sheets></workbook>"#
    );
    let relations = format!(
        r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{related}</Relationships>"#
    );
    let sheet = format!(
        r#"<worksheet xmlns="{MAIN}"><dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>first corner</t></is></c></row><row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>last corner</t></is></c></row></sheetData></worksheet>"#
    );
    office(
        "xl/workbook.xml",
        &[
            ("xl/workbook.xml", workbook.as_bytes()),
            ("xl/_rels/workbook.xml.rels", relations.as_bytes()),
            ("xl/worksheets/sheet.xml", sheet.as_bytes()),
        ],
    )
}

/// A sheet of OpenDocument whose one row and one cell repeat a billion times.
pub fn endless_sheet() -> Vec<u8> {
    let content = r#"<office:document-content><office:body><office:spreadsheet><table:table table:name="Endless"><table:table-row table:number-rows-repeated="1000000000"><table:table-cell table:number-columns-repeated="1000000000"><text:p>again</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"#;
    zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", content.as_bytes()),
    ])
}
