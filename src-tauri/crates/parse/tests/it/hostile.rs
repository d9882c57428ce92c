//! Files made to hurt: each ends in a named state within seconds, and none reads anything but itself.

use super::build::{NAMESPACES, docx, docx_of, pdf, pdf_pages, show, stream, workbook, zip};
use super::{Read, read, read_limited, registry};
use docmind_core::cancel::CancelToken;
use docmind_core::document::DocumentState;
use docmind_core::ports::DocumentParser;
use docmind_parse::Limits;
use std::time::{Duration, Instant};

/// The process's own limit. Each of these takes under four seconds on an idle machine; tests share theirs, and PDFium is locked.
const QUICKLY: Duration = Duration::from_mins(1);

fn quick(name: &str, bytes: &[u8]) -> Read {
    let begun = Instant::now();
    let read = read(name, bytes);
    assert!(begun.elapsed() < QUICKLY, "{name} took {:?}", begun.elapsed());
    read
}

#[test]
fn a_zip_bomb_is_too_large() {
    let bytes = docx(&" ".repeat(64 << 20));
    assert!(bytes.len() < 200_000);
    assert_eq!(quick("bomb.docx", &bytes).state(), DocumentState::TooLarge);
}

#[test]
fn many_small_bombs_are_counted_together() {
    let sheet = vec![b' '; 6 << 20];
    let names: Vec<String> = (0..12).map(|at| format!("xl/worksheets/sheet{at}.xml")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), sheet.as_slice())).collect();
    let limits = Limits {
        inflated_bytes: 32 << 20,
        ..Limits::default()
    };
    assert_eq!(
        read_limited(limits, "a.xlsx", &zip(&entries)).state(),
        DocumentState::TooLarge
    );
}

#[test]
fn sizes_in_a_containers_directory_are_not_believed() {
    // The bomb says that it is empty: in its local header and in the directory.
    let mut bytes = docx(&" ".repeat(64 << 20));
    let claimed = ((64_u32 << 20) + 138).to_le_bytes();
    let places: Vec<usize> = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, window)| window[3] == claimed[3] && window[2] == claimed[2] && window[1] == 0)
        .map(|(at, _)| at)
        .collect();
    for at in places {
        bytes[at..at + 4].copy_from_slice(&0_u32.to_le_bytes());
    }
    let read = quick("liar.docx", &bytes);
    assert!(
        matches!(
            read.state(),
            DocumentState::TooLarge | DocumentState::Damaged | DocumentState::Empty
        ),
        "{:?}",
        read.outcome
    );
}

#[test]
fn archives_in_archives_are_not_opened() {
    let mut nested = zip(&[("a.txt", b"innermost")]);
    for _ in 0..20 {
        nested = zip(&[("again.zip", &nested), ("copy.zip", &nested)]);
    }
    let read = quick("quine.zip", &nested);
    assert_eq!(read.state(), DocumentState::Unsupported);
    let inside = zip(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", &nested)]);
    assert!(matches!(
        quick("a.docx", &inside).state(),
        DocumentState::Damaged | DocumentState::Empty
    ));
}

#[test]
fn too_many_parts_are_too_large() {
    let names: Vec<String> = (0..120).map(|at| format!("word/{at}.xml")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    let limits = Limits {
        zip_entries: 100,
        ..Limits::default()
    };
    assert_eq!(
        read_limited(limits, "a.docx", &zip(&entries)).state(),
        DocumentState::TooLarge
    );
}

#[test]
fn entities_are_neither_expanded_nor_fetched() {
    let mut laughs = String::from("<!DOCTYPE w [<!ENTITY a0 \"ha\">");
    for at in 1..40 {
        laughs.push_str(&format!("<!ENTITY a{at} \"&a{};&a{};\">", at - 1, at - 1));
    }
    laughs.push_str("<!ENTITY file SYSTEM \"file:///etc/passwd\"><!ENTITY net SYSTEM \"http://127.0.0.1:9/x\">]>");
    laughs.push_str("<w:document xmlns:w=\"w\"><w:body><w:p><w:r><w:t>before &a39; &file; &net; after</w:t></w:r></w:p></w:body></w:document>");
    let read = quick("laughs.docx", &docx_of(&laughs));
    let text = read.text();
    assert!(
        text.contains("before") && text.contains("after") && text.len() < 100 && !text.contains("root:"),
        "{text}"
    );
    let xml = quick(
        "a.xml",
        b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>b &x; c</a>",
    );
    assert!(!xml.text().contains("root:"));
    let svg = quick(
        "a.html",
        b"<!DOCTYPE html><iframe src='file:///etc/passwd'></iframe><p>shown</p><img src='http://127.0.0.1:9/x'>",
    );
    assert_eq!(svg.text(), "shown");
}

#[test]
fn nesting_a_hundred_thousand_deep() {
    const DEEP: usize = 100_000;
    let xml = docx(&("<w:tbl><w:tr><w:tc>".repeat(DEEP) + "<w:p/>"));
    assert_eq!(quick("deep.docx", &xml).state(), DocumentState::TooLarge);
    let html = "<div><table><tr><td>".repeat(DEEP) + "bottom";
    assert_eq!(quick("deep.html", html.as_bytes()).text(), "bottom");
    let json = "[".repeat(DEEP) + &"]".repeat(DEEP);
    assert_eq!(quick("deep.json", json.as_bytes()).state(), DocumentState::Ready);
    let rtf = "{\\rtf1 ".to_owned() + &"{".repeat(DEEP) + "x";
    assert_eq!(quick("deep.rtf", rtf.as_bytes()).state(), DocumentState::TooLarge);
    let quotes = ">".repeat(DEEP) + " x";
    quick("deep.md", quotes.as_bytes());
    let lists: String = (0..2_000).map(|depth| " ".repeat(depth) + "- x\n").collect();
    quick("lists.md", lists.as_bytes());
    let arrays = format!(
        "BT /F1 10 Tf 72 700 Td {}(x){} TJ ET",
        "[".repeat(DEEP),
        "]".repeat(DEEP)
    );
    quick("deep.pdf", &pdf_pages(&[&arrays], "", &[]));
    let dictionary = format!(
        "<< /Type /Catalog /Pages 2 0 R /A {}{} >>",
        "<< /B ".repeat(DEEP),
        ">>".repeat(DEEP)
    );
    quick(
        "deep2.pdf",
        &pdf(&[
            dictionary.into_bytes(),
            b"<< /Type /Pages /Kids [] /Count 0 >>".to_vec(),
        ]),
    );
}

#[test]
fn a_loop_in_the_page_tree_ends() {
    let bytes = pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 1000000 >>".to_vec(),
        b"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R 3 0 R] /Count 500000 >>".to_vec(),
    ]);
    let read = quick("loop.pdf", &bytes);
    assert!(!matches!(read.state(), DocumentState::Ready), "{:?}", read.state());
}

#[test]
fn a_form_that_draws_itself_ends() {
    // Once: drawing itself twice doubles at every level, and only the process's clock ends that.
    let looped = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>",
        b"/X Do",
    );
    let bytes = pdf_pages(&["/X Do"], "/Resources << /XObject << /X 6 0 R >> >>", &[looped]);
    quick("self.pdf", &bytes);
}

#[test]
fn a_flate_stream_without_end_is_cut() {
    // One deflate block of zeros that may be repeated: it refers to nothing but zeros. Ten gigabytes of content in ten megabytes,
    // packed a second time into some kilobytes.
    use std::io::Write;
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..100 {
        packer.write_all(&zeros).expect("memory");
    }
    packer.flush().expect("memory");
    let hundred_mib = packer.get_ref().clone();
    let mut inner = hundred_mib.clone();
    for _ in 0..102 {
        inner.extend(&hundred_mib[2..]);
    }
    let mut outer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    outer.write_all(&inner).expect("memory");
    let packed = outer.finish().expect("memory");
    assert!(packed.len() < 1 << 20, "{}", packed.len());
    let bytes = pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R >>".to_vec(),
        stream("/Filter [/FlateDecode /FlateDecode]", &packed),
    ]);
    let read = quick("flate.pdf", &bytes);
    assert_ne!(read.state(), DocumentState::Ready);
}

#[test]
fn a_text_of_two_gigabytes_is_refused_unread() {
    struct Never;
    impl std::io::Read for Never {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            panic!("not a byte of it may be read");
        }
    }
    let failure = registry()
        .parse("big.txt", 2 << 30, &mut Never, &CancelToken::new(), &mut |_| {})
        .unwrap_err();
    assert_eq!(failure.state, DocumentState::TooLarge);
}

#[test]
fn a_length_is_not_believed() {
    let limits = Limits {
        input_bytes: 1 << 20,
        ..Limits::default()
    };
    let registry = docmind_parse::Registry::with_limits(&super::runtime(), limits);
    let failure = registry
        .parse(
            "liar.txt",
            10,
            &mut std::io::repeat(b'x'),
            &CancelToken::new(),
            &mut |_| {},
        )
        .unwrap_err();
    assert_eq!(failure.state, DocumentState::TooLarge);
}

#[test]
fn too_much_text_is_too_large() {
    let limits = Limits {
        text_bytes: 100_000,
        ..Limits::default()
    };
    let long = "word ".repeat(30_000);
    for (name, bytes) in [
        ("a.txt", long.clone().into_bytes()),
        ("a.md", long.clone().into_bytes()),
        ("a.html", format!("<html><p>{long}").into_bytes()),
        ("a.csv", long.replace(' ', ",").into_bytes()),
        ("a.docx", docx(&format!("<w:p><w:r><w:t>{long}</w:t></w:r></w:p>"))),
        ("a.rtf", format!("{{\\rtf1 {long}}}").into_bytes()),
    ] {
        assert_eq!(
            read_limited(limits, name, &bytes).state(),
            DocumentState::TooLarge,
            "{name}"
        );
    }
}

#[test]
fn a_row_that_repeats_a_billion_times_does_not() {
    let content = r#"<o><table:table table:name="S"><table:table-row table:number-rows-repeated="1000000000"><table:table-cell table:number-columns-repeated="1000000000"><text:p>x</text:p></table:table-cell></table:table-row></table:table></o>"#;
    let bytes = zip(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", content.as_bytes()),
    ]);
    quick("repeat.ods", &bytes);
}

#[test]
fn texts_that_are_there_once_and_shown_often_are_counted() {
    let long = "word ".repeat(200_000);
    let cell =
        format!(r#"<table:table-cell table:number-columns-repeated="1000"><text:p>{long}</text:p></table:table-cell>"#);
    let flat = |kind: &str, body: &str| {
        format!(
            r#"<?xml version="1.0"?><office:document {NAMESPACES} office:mimetype="application/vnd.oasis.opendocument.{kind}"><office:body>{body}</office:body></office:document>"#
        )
    };
    let row = format!(
        "<table:table><table:table-row>{}</table:table-row></table:table>",
        cell.repeat(8)
    );
    let sheet = quick("a.fods", flat("spreadsheet", &row).as_bytes());
    assert_eq!(sheet.state(), DocumentState::TooLarge);
    let spaces = format!("<text:p>x{}</text:p>", r#"<text:s text:c="1000"/>"#.repeat(100_000));
    let text = quick("a.fodt", flat("text", &spaces).as_bytes());
    assert_eq!(text.state(), DocumentState::TooLarge);
    let cells = r#"<c t="s"><v>0</v></c>"#.repeat(4_000);
    let row = format!(r#"<row r="1">{cells}</row>"#);
    let bytes = workbook(&row, Some(&format!("<si><t>{long}</t></si>")));
    assert_eq!(quick("a.xlsx", &bytes).state(), DocumentState::TooLarge);
}

#[test]
fn a_mutilated_file_of_every_kind_ends_in_a_state() {
    // A linear congruential generator (Knuth's MMIX), so that a failure can be repeated.
    let mut seed = 2026_u64;
    let mut random = move |below: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let originals = [
        (
            "a.docx",
            docx("<w:p><w:r><w:t>Some words in a paragraph</w:t></w:r></w:p>"),
        ),
        (
            "a.pdf",
            pdf_pages(&[&show(&[("Some words on a page", 72.0, 700.0, 12.0)])], "", &[]),
        ),
        (
            "a.rtf",
            b"{\\rtf1\\ansi{\\fonttbl{\\f0 A;}} Some \\'e4 \\u8364? words\\par}".to_vec(),
        ),
        (
            "a.html",
            b"<html><body><table><tr><td>Some<td>words</table></body></html>".to_vec(),
        ),
        (
            "a.eml",
            b"From: a@b.c\nTo: d@e.f\nSubject: x\nMIME-Version: 1.0\n\nSome words".to_vec(),
        ),
    ];
    for round in 0..150 {
        let (name, original) = &originals[round % originals.len()];
        let mut bytes = original.clone();
        for _ in 0..=random(8) {
            let at = random(bytes.len());
            match random(3) {
                0 => bytes[at] = random(256) as u8,
                1 => bytes.truncate(at.max(1)),
                _ => {
                    let piece: Vec<u8> = bytes[at..(at + 20).min(bytes.len())].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
        }
        quick(name, &bytes);
    }
}
