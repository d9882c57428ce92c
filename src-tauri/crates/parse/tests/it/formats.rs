//! What each format gives.

use super::build::{docx, docx_of, package_relationship, relationships, zip};
use super::{read, read_limited};
use docmind_core::document::DocumentState;
use docmind_parse::Limits;

#[test]
fn docx_has_headings_tables_notes_and_boxes() {
    let document = r#"<w:document xmlns:w="w" xmlns:mc="mc"><w:body>
        <w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr><w:r><w:t>Überblick</w:t></w:r></w:p>
        <w:p><w:r><w:t xml:space="preserve">Ein </w:t></w:r><w:r><w:t>Satz.</w:t><w:br/><w:t>Zeile</w:t></w:r><w:del><w:r><w:delText>weg</w:delText></w:r></w:del></w:p>
        <w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>Im Kasten</w:t></w:r></w:p></w:txbxContent></mc:Choice>
            <mc:Fallback><w:txbxContent><w:p><w:r><w:t>Im Kasten</w:t></w:r></w:p></w:txbxContent></mc:Fallback></mc:AlternateContent></w:r></w:p>
        <w:tbl><w:tr><w:tc><w:p><w:r><w:t>Name</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>Ort</w:t></w:r></w:p></w:tc></w:tr>
               <w:tr><w:tc><w:p><w:r><w:t>Ada</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>London</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
        </w:body></w:document>"#;
    let styles = r#"<w:styles xmlns:w="w"><w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style></w:styles>"#;
    let notes = r#"<w:footnotes xmlns:w="w"><w:footnote><w:p><w:r><w:t>Eine Fußnote.</w:t></w:r></w:p></w:footnote></w:footnotes>"#;
    let bytes = zip(&[
        ("_rels/.rels", package_relationship("word/document.xml").as_bytes()),
        (
            "word/_rels/document.xml.rels",
            relationships(&[("a", "styles", "styles.xml"), ("b", "footnotes", "/word/footnotes.xml")]).as_bytes(),
        ),
        ("word/document.xml", document.as_bytes()),
        ("word/styles.xml", styles.as_bytes()),
        ("word/footnotes.xml", notes.as_bytes()),
        ("docProps/core.xml", b"<p><dc:title>Bericht</dc:title></p>"),
    ]);
    let read = read("anything.bin", &bytes);
    assert_eq!(read.title.as_deref(), Some("Bericht"));
    let page = &read.pages[0];
    assert_eq!(
        page.text,
        "Überblick\n\nEin Satz.\nZeile\n\nIm Kasten\n\nName | Ort\nAda | London\n\nEine Fußnote."
    );
    assert_eq!(page.headings[0].span.slice(&page.text), "Überblick");
    assert_eq!(page.tables[0].header.slice(&page.text), "Name | Ort");
}

#[test]
fn pptx_slides_come_in_the_order_of_the_presentation() {
    let slide = |text: &str| {
        format!(
            r#"<p:sld xmlns:p="p" xmlns:a="a"><p:sp><p:nvPr><p:ph type="title"/></p:nvPr><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>
            <p:sp><p:txBody><a:p><a:r><a:t>Body of {text}</a:t></a:r></a:p></p:txBody></p:sp></p:sld>"#
        )
    };
    let bytes = zip(&[
        ("_rels/.rels", package_relationship("ppt/presentation.xml").as_bytes()),
        ("ppt/presentation.xml", br#"<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst><p:sldId id="256" r:id="rId2"/><p:sldId id="257" r:id="rId1"/></p:sldIdLst></p:presentation>"#),
        ("ppt/_rels/presentation.xml.rels", relationships(&[("rId1", "slide", "slides/slide1.xml"), ("rId2", "slide", "slides/slide2.xml")]).as_bytes()),
        ("ppt/slides/slide1.xml", slide("Second").as_bytes()),
        ("ppt/slides/slide2.xml", slide("First").as_bytes()),
        ("ppt/slides/_rels/slide2.xml.rels", relationships(&[("n", "notesSlide", "../notesSlides/n.xml")]).as_bytes()),
        ("ppt/notesSlides/n.xml", br#"<p:notes xmlns:p="p" xmlns:a="a"><p:sp><p:txBody><a:p><a:r><a:t>A note</a:t></a:r></a:p></p:txBody></p:sp></p:notes>"#),
    ]);
    let read = read("a.pptx", &bytes);
    assert_eq!(read.pages.len(), 2);
    assert_eq!(read.pages[0].text, "First\n\nBody of First\n\nA note");
    assert_eq!(read.pages[1].text, "Second\n\nBody of Second");
    assert_eq!(read.pages[0].headings.len(), 1);
}

#[test]
fn xlsx_sheets_are_tables_with_a_header() {
    let sheet = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
        <row r="1"><c r="A1" t="inlineStr"><is><t>Item</t></is></c><c r="B1" t="inlineStr"><is><t>Price</t></is></c></row>
        <row r="2"><c r="A2" t="inlineStr"><is><t>Tea</t></is></c><c r="B2"><v>2.5</v></c></row>
        <row r="1048576"><c r="XFD1048576"><v>7</v></c></row></sheetData></worksheet>"#;
    let bytes = zip(&[
        ("[Content_Types].xml", br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"></Types>"#),
        ("_rels/.rels", package_relationship("xl/workbook.xml").as_bytes()),
        ("xl/workbook.xml", br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Prices" sheetId="1" r:id="rId1"/></sheets></workbook>"#),
        ("xl/_rels/workbook.xml.rels", relationships(&[("rId1", "worksheet", "worksheets/sheet1.xml")]).as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ]);
    let read = read("a.xlsx", &bytes);
    assert_eq!(read.state(), DocumentState::Ready, "{read:?}");
    let page = &read.pages[0];
    assert!(
        page.text.starts_with("Prices\n\nItem | Price\nTea | 2.5\n"),
        "{}",
        page.text
    );
    assert_eq!(page.tables[0].header.slice(&page.text), "Item | Price");
}

fn odf(kind: &str, body: &str) -> Vec<u8> {
    let content = format!(
        r#"<office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="b" xmlns:draw="d" xmlns:presentation="p"><office:body>{body}</office:body></office:document-content>"#
    );
    zip(&[
        (
            "mimetype",
            format!("application/vnd.oasis.opendocument.{kind}").as_bytes(),
        ),
        ("content.xml", content.as_bytes()),
        ("meta.xml", b"<m><dc:title>Minutes</dc:title></m>"),
    ])
}

#[test]
fn opendocument_of_all_three_kinds() {
    let text = read(
        "a.odt",
        &odf(
            "text",
            r#"<text:h text:outline-level="2">Head</text:h><text:p>A<text:s text:c="2"/>b<text:tab/>c</text:p><text:list><text:list-item><text:p>one</text:p></text:list-item></text:list>"#,
        ),
    );
    assert_eq!(text.title.as_deref(), Some("Minutes"));
    assert_eq!(text.pages[0].text, "Head\n\nA  b\tc\none");
    assert_eq!(text.pages[0].headings[0].level, 2);
    let slides = read(
        "a.odp",
        &odf(
            "presentation",
            r#"<draw:page><draw:frame presentation:class="title"><text:p>One</text:p></draw:frame></draw:page><draw:page><text:p>Two</text:p></draw:page>"#,
        ),
    );
    assert_eq!(
        slides.pages.iter().map(|page| page.text.as_str()).collect::<Vec<_>>(),
        ["One", "Two"]
    );
    let sheet = read(
        "a.ods",
        &odf(
            "spreadsheet",
            r#"<table:table table:name="S"><table:table-row><table:table-cell><text:p>Key</text:p></table:table-cell><table:table-cell><text:p>Value</text:p></table:table-cell></table:table-row>
            <table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell office:value="1"/></table:table-row>
            <table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16000"/></table:table-row></table:table>"#,
        ),
    );
    assert_eq!(sheet.pages[0].text, "S\n\nKey | Value\na | 1");
}

#[test]
fn epub_chapters_come_in_the_order_of_the_spine() {
    let bytes = zip(&[
        ("mimetype", b"application/epub+zip"),
        ("META-INF/container.xml", br#"<container><rootfiles><rootfile full-path="O/p.opf"/></rootfiles></container>"#),
        ("O/p.opf", br#"<package><metadata><dc:title>A Book</dc:title></metadata><manifest><item id="b" href="b%20b.xhtml" media-type="application/xhtml+xml"/><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/><itemref idref="b"/></spine></package>"#),
        ("O/a.xhtml", b"<html><head><script src='x.js'/></head><body><h1>One</h1><p>First&nbsp;chapter</p></body></html>"),
        ("O/b b.xhtml", b"<html><body><p>Second chapter</p></body></html>"),
    ]);
    let read = read("a.epub", &bytes);
    assert_eq!(read.title.as_deref(), Some("A Book"));
    assert_eq!(
        read.pages.iter().map(|page| page.text.as_str()).collect::<Vec<_>>(),
        ["One\n\nFirst chapter", "Second chapter"]
    );
}

#[test]
fn a_locked_chapter_is_told_by_its_escaped_name() {
    let bytes = zip(&[
        ("mimetype", b"application/epub+zip"),
        ("META-INF/encryption.xml", br#"<encryption><CipherReference URI="O/b%20b.xhtml"/></encryption>"#),
        ("O/p.opf", br#"<package><manifest><item id="b" href="b%20b.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="b"/></spine></package>"#),
        ("O/b b.xhtml", b"Noise that nobody can read."),
    ]);
    assert_eq!(read("a.epub", &bytes).state(), DocumentState::NeedsPassword);
}

#[test]
fn a_book_promises_no_more_chapters_than_there_may_be() {
    let chapters = r#"<itemref idref="a"/>"#.repeat(3);
    let package = format!(
        r#"<package><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine>{chapters}</spine></package>"#
    );
    let bytes = zip(&[("mimetype", b"application/epub+zip"), ("p.opf", package.as_bytes())]);
    let limits = Limits {
        pages: 2,
        ..Limits::default()
    };
    let read = read_limited(limits, "a.epub", &bytes);
    assert_eq!((read.state(), read.failed.len()), (DocumentState::TooLarge, 0));
}

#[test]
fn mail_has_headers_body_and_attachment_names() {
    let mail = b"From: Ada <ada@example.org>\r\nTo: bob@example.org\r\nSubject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\
        Content-Transfer-Encoding: quoted-printable\r\n\r\nSch=F6ne Gr=FC=DFe\r\n--x\r\nContent-Type: application/pdf; name=\"plan.pdf\"\r\n\
        Content-Disposition: attachment; filename=\"plan.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--x--\r\n";
    let read = read("a.txt", mail);
    let text = read.text();
    assert_eq!(read.title.as_deref(), Some("Grüße"));
    for part in [
        "Grüße",
        "From: Ada <ada@example.org>",
        "To: bob@example.org",
        "Schöne Grüße",
        "Attachments: plan.pdf",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn text_formats() {
    let csv = read("a.csv", b"Name;Town\nAda;London\n\"Bob; jr.\";Paris\n");
    assert_eq!(csv.pages[0].text, "Name | Town\nAda | London\nBob; jr. | Paris");
    assert_eq!(csv.pages[0].tables[0].header.slice(&csv.pages[0].text), "Name | Town");
    let titled = read("a.csv", b"Payments of May\n\nShop;Price\nTea;1,50\nMilk;2,50\n");
    assert_eq!(
        titled.pages[0].text,
        "Payments of May\n\nShop | Price\nTea | 1,50\nMilk | 2,50"
    );
    assert_eq!(
        titled.pages[0].tables[0].header.slice(&titled.pages[0].text),
        "Shop | Price"
    );
    let markdown = read(
        "a.md",
        b"# Minutes\n\nSome *text* with `code`.\n\n- one\n- two\n\n| A | B |\n|---|---|\n| 1 | 2 |\n",
    );
    assert_eq!(markdown.title.as_deref(), Some("Minutes"));
    assert_eq!(
        markdown.pages[0].text,
        "Minutes\n\nSome text with code.\none\ntwo\n\nA | B\n1 | 2"
    );
    let json = read("a.json", br#"{"name":"Ada","tags":["x","y"]}"#);
    assert!(json.text().contains("name: Ada"), "{}", json.text());
    let code = read("a.rs", b"fn main() {\n    println!();\n}\n");
    assert_eq!(code.pages[0].text, "fn main() {\n    println!();\n}");
    let rtf = read("a.doc", b"{\\rtf1\\ansi One\\par Two\\par}");
    assert_eq!(rtf.pages[0].text, "One\n\nTwo");
}

#[test]
fn every_other_file_has_a_state_and_says_what_to_do() {
    for (name, bytes, state, word) in [
        ("empty.txt", b"".as_slice(), DocumentState::Empty, "text"),
        ("blank.md", b" \n\t\n", DocumentState::Empty, "text"),
        ("photo.png", b"\x89PNG\r\n\x1a\n0000", DocumentState::NoText, "OCR"),
        ("fax.tif", b"II*\0\x08\0\0\0", DocumentState::NoText, "OCR"),
        ("photo.webp", b"RIFF\x10\0\0\0WEBPVP8L", DocumentState::NoText, "OCR"),
        (
            "a.zip",
            &zip(&[("a.txt", b"hello")]),
            DocumentState::Unsupported,
            "Unpack",
        ),
        (
            "book.xlsb",
            &zip(&[("xl/workbook.bin", b"x")]),
            DocumentState::Unsupported,
            ".xlsx",
        ),
        ("a.pdf", b"\0\x01\x02\x03", DocumentState::Damaged, "Fetch"),
        ("a.docx", b"PK\x03\x04rest", DocumentState::Damaged, "Fetch"),
        ("empty.docx", &docx("<w:p/>"), DocumentState::Empty, "text"),
        (
            "broken.docx",
            &docx_of("<w:document><w:body><w:p><w:r><w:t>x</w:t"),
            DocumentState::Damaged,
            "Fetch",
        ),
    ] {
        let read = read(name, bytes);
        assert_eq!(read.state(), state, "{name}: {:?}", read.outcome);
        assert!(
            read.message().contains(name) && read.message().contains(word),
            "{name}: {}",
            read.message()
        );
    }
}

#[test]
fn old_office_files_name_the_conversion() {
    for (stream, name, target) in [
        ("/WordDocument", "a.doc", ".docx"),
        ("/PowerPoint Document", "a.ppt", ".pptx"),
    ] {
        let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).expect("memory");
        file.create_stream(stream).expect("a new stream");
        let bytes = file.into_inner().into_inner();
        let read = read(name, &bytes);
        assert_eq!(read.state(), DocumentState::Unsupported);
        assert!(read.message().contains(target), "{}", read.message());
    }
}

#[test]
fn locked_office_files_need_a_password() {
    let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).expect("memory");
    file.create_stream("/EncryptedPackage").expect("a new stream");
    let bytes = file.into_inner().into_inner();
    assert_eq!(read("a.docx", &bytes).state(), DocumentState::NeedsPassword);
    let odt = zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.text"),
        ("META-INF/manifest.xml", b"<manifest:encryption-data/>"),
        ("content.xml", b"\x01\x02\x03"),
    ]);
    assert_eq!(read("a.odt", &odt).state(), DocumentState::NeedsPassword);
}

#[test]
fn containers_of_other_programs_are_named() {
    let types = |kind: &str| format!(r#"<Types><Override ContentType="{kind}"/></Types>"#);
    let visio = types("application/vnd.ms-visio.drawing.main+xml");
    for (name, entries, word) in [
        (
            "a.vsdx",
            vec![("[Content_Types].xml", visio.as_str()), ("visio/document.xml", "<x/>")],
            "Visio",
        ),
        (
            "a.xps",
            vec![("[Content_Types].xml", "<Types/>"), ("FixedDocSeq.fdseq", "<x/>")],
            "XPS",
        ),
        ("a.pages", vec![("Index/Document.iwa", "x")], "Pages"),
        (
            "a.odb",
            vec![("mimetype", "application/vnd.oasis.opendocument.base")],
            "database",
        ),
        ("notes.zip", vec![("word/notes.txt", "x"), ("xl/a.txt", "y")], "Unpack"),
    ] {
        let entries: Vec<(&str, &[u8])> = entries.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
        let read = read(name, &zip(&entries));
        assert_eq!(read.state(), DocumentState::Unsupported, "{name}");
        assert!(read.message().contains(word), "{name}: {}", read.message());
    }
}

#[test]
fn base64_in_xml_is_no_text() {
    let book = r#"<?xml version="1.0"?><FictionBook><body><p>Words</p></body><binary id="a.png">iVBORw0KGgoAAAA</binary></FictionBook>"#;
    assert_eq!(read("a.fb2", book.as_bytes()).text(), "Words");
}

#[test]
fn a_log_is_read_through_colours_and_padding() {
    let log =
        b"\x1b[32mINFO\x1b[0m the \x1b[1mgenet\x1b[0m started\n\x1b]0;title\x07the civet\x1b[K failed\n\x1b[1\nend";
    assert_eq!(
        read("a.log", log).text(),
        "INFO the genet started\nthe civet failed\n[1\nend"
    );
    let cut = [&b"A log that a power cut padded.\n"[..], &[0; 3000], b"It went on.\n"].concat();
    let text = read("a.log", &cut).text();
    assert!(
        text.starts_with("A log that a power cut padded.") && text.contains("It went on."),
        "{text}"
    );
}
