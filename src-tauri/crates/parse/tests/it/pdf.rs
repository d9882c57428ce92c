//! PDF through PDFium: positions, order, overlays, failures.

use super::build::{pdf, pdf_pages, show, stream};
use super::{has_pdfium, read, registry};
use docmind_core::document::DocumentState;
use docmind_parse::RenderRequest;

#[test]
fn words_have_rectangles_from_the_top_left() {
    if !has_pdfium() {
        return;
    }
    let read = read(
        "a.pdf",
        &pdf_pages(&[&show(&[("Hello wide world", 72.0, 700.0, 12.0)])], "", &[]),
    );
    let page = &read.pages[0];
    assert_eq!(page.text, "Hello wide world");
    assert_eq!(page.size, Some((612.0, 792.0)));
    let words: Vec<&str> = page.words.iter().map(|word| word.span.slice(&page.text)).collect();
    assert_eq!(words, ["Hello", "wide", "world"]);
    let hello = page.words[0].rect;
    assert!(
        (hello.x0 - 72.0).abs() < 2.0 && hello.y0 > 792.0 - 700.0 - 16.0 && hello.y1 < 792.0 - 700.0 + 8.0,
        "{hello:?}"
    );
    assert!(page.words[1].rect.x0 > hello.x1);
}

#[test]
fn a_turned_page_is_measured_as_shown() {
    if !has_pdfium() {
        return;
    }
    let read = read(
        "a.pdf",
        &pdf_pages(&[&show(&[("Corner", 10.0, 10.0, 12.0)])], "/Rotate 90", &[]),
    );
    let page = &read.pages[0];
    assert_eq!(page.size, Some((792.0, 612.0)));
    // The bottom left corner is at the top left after a quarter turn clockwise.
    let rect = page.words[0].rect;
    assert!(rect.x0 < 30.0 && rect.y0 < 30.0, "{rect:?}");
}

#[test]
fn columns_drawn_row_by_row_are_read_in_order() {
    if !has_pdfium() {
        return;
    }
    let mut lines = Vec::new();
    let texts: Vec<(String, String)> = (0..10)
        .map(|row| {
            (
                format!("left {row} runs on with some more words"),
                format!("right {row} runs on with some more words"),
            )
        })
        .collect();
    for (row, (left, right)) in texts.iter().enumerate() {
        let y = 700.0 - 14.0 * row as f32;
        lines.push((left.as_str(), 60.0, y, 10.0));
        lines.push((right.as_str(), 330.0, y, 10.0));
    }
    let read = read("a.pdf", &pdf_pages(&[&show(&lines)], "", &[]));
    let text = &read.pages[0].text;
    assert!(text.find("left 9").unwrap() < text.find("right 0").unwrap(), "{text}");
}

#[test]
fn form_values_and_annotations_are_part_of_the_page() {
    if !has_pdfium() {
        return;
    }
    let field = b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Ada Lovelace) /Rect [150 695 300 715] /F 4 /DA (/F1 10 Tf) >>".to_vec();
    let note =
        b"<< /Type /Annot /Subtype /FreeText /Contents (Seen by Bob) /Rect [150 595 300 615] /F 4 /DA (/F1 10 Tf) >>"
            .to_vec();
    let stamp = b"<< /Type /Annot /Subtype /Stamp /Rect [150 495 300 515] /F 4 /AP << /N 9 0 R >> >>".to_vec();
    let drawing = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 150 20] /Resources << /Font << /F1 3 0 R >> >>",
        b"BT /F1 10 Tf 5 5 Td (APPROVED) Tj ET",
    );
    let bytes = pdf_pages(
        &[&show(&[("Name:", 72.0, 700.0, 10.0)])],
        "/Annots [6 0 R 7 0 R 8 0 R]",
        &[field, note, stamp, drawing],
    );
    let read = read("a.pdf", &bytes);
    let text = &read.pages[0].text;
    assert!(text.starts_with("Name:\tAda Lovelace"), "{text}");
    assert!(text.contains("Seen by Bob") && text.contains("APPROVED"), "{text}");
    assert_eq!(text.matches("Ada").count(), 1, "{text}");
}

#[test]
fn comments_stand_behind_the_text_of_their_page() {
    if !has_pdfium() {
        return;
    }
    let mark = |kind: &str, contents: &str, flags: u8| {
        format!("<< /Type /Annot /Subtype /{kind} /Contents ({contents}) /Rect [72 695 200 715] /F {flags} >>")
            .into_bytes()
    };
    let bytes = pdf_pages(
        &[&show(&[("The rent is ten pounds a month.", 72.0, 700.0, 10.0)])],
        "/Annots [6 0 R 7 0 R 8 0 R 9 0 R]",
        &[
            mark("Text", "Is that with heating?", 4),
            mark("Highlight", "The rent is ten pounds a month.", 4),
            mark("Highlight", "ten", 4),
            mark("Text", "Nobody sees this.", 2),
        ],
    );
    let text = read("a.pdf", &bytes).text();
    assert!(text.starts_with("The rent is ten pounds a month."), "{text}");
    assert!(text.ends_with("\n\nIs that with heating?\n\nten"), "{text}");
    assert!(
        text.matches("pounds").count() == 1 && !text.contains("Nobody"),
        "{text}"
    );
}

#[test]
fn a_page_that_is_a_picture_is_told_and_kept() {
    if !has_pdfium() {
        return;
    }
    let text = show(&[("Between two scans.", 72.0, 700.0, 10.0)]);
    let image = |width, height| format!("q {width} 0 0 {height} 5 5 cm BI /W 1 /H 1 /CS /G /BPC 8 ID A EI Q\n");
    let read = read(
        "a.pdf",
        &pdf_pages(&[&image(600, 780), &text, &image(60, 70), ""], "", &[]),
    );
    assert_eq!(read.state(), DocumentState::Ready);
    assert_eq!(read.pages.len(), 4);
    // Neither a logo on an empty page nor an empty page is a scan.
    assert_eq!(read.failed, [1]);
    let scans = [image(600, 780), image(600, 780)];
    let scan = self::read("a.pdf", &pdf_pages(&[&scans[0], &scans[1]], "", &[]));
    assert_eq!(scan.state(), DocumentState::NoText);
}

#[test]
fn states_of_pdfs() {
    if !has_pdfium() {
        return;
    }
    assert_eq!(read("a.pdf", &pdf_pages(&[""], "", &[])).state(), DocumentState::NoText);
    assert_eq!(
        read("a.pdf", b"%PDF-1.7\nnothing more\n").state(),
        DocumentState::Damaged
    );
    let locked = pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [] /Count 0 >>".to_vec(),
    ]);
    let mut locked = String::from_utf8_lossy(&locked).into_owned();
    let key = "00".repeat(32);
    locked = locked.replace("/Root 1 0 R", &format!("/Root 1 0 R /ID [<00><00>] /Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <{key}> /U <{key}> >>"));
    assert_eq!(read("a.pdf", locked.as_bytes()).state(), DocumentState::NeedsPassword);
    let junk_first = [
        b"junk before the header\n".as_slice(),
        &pdf_pages(&[&show(&[("Found", 72.0, 700.0, 10.0)])], "", &[]),
    ]
    .concat();
    assert_eq!(read("a.pdf", &junk_first).text(), "Found");
}

#[test]
fn pages_are_drawn_within_the_limit() {
    if !has_pdfium() {
        return;
    }
    let bytes = pdf_pages(&[&show(&[("Black on white", 72.0, 700.0, 24.0)])], "", &[]);
    let whole = registry()
        .render_page(
            &bytes,
            RenderRequest {
                page: 1,
                scale: 1.0,
                tile: None,
            },
        )
        .unwrap();
    assert_eq!((whole.width, whole.height), (612, 792));
    assert_eq!(whole.rgba.len(), 612 * 792 * 4);
    assert_eq!(whole.rgba[..4], [255, 255, 255, 255]);
    assert!(whole.rgba.chunks(4).any(|pixel| pixel[0] < 50), "the text is drawn");
    let png = whole.to_png().unwrap();
    assert!(png.starts_with(b"\x89PNG"));
    let tile = registry()
        .render_page(
            &bytes,
            RenderRequest {
                page: 1,
                scale: 2.0,
                tile: Some((100, 100, 256, 128)),
            },
        )
        .unwrap();
    assert_eq!((tile.width, tile.height), (256, 128));
    assert!(
        tile.rgba.chunks(4).any(|pixel| pixel[0] < 50),
        "the tile shows its part"
    );
    let huge = registry()
        .render_page(
            &bytes,
            RenderRequest {
                page: 1,
                scale: 20.0,
                tile: None,
            },
        )
        .unwrap();
    assert!(u64::from(huge.width) * u64::from(huge.height) <= registry().limits().bitmap_pixels + 100_000);
    let wrong = registry()
        .render_page(
            &bytes,
            RenderRequest {
                page: 9,
                scale: 1.0,
                tile: None,
            },
        )
        .unwrap_err();
    assert_eq!(wrong.code, "damaged");
}

#[test]
fn files_attached_to_a_pdf_are_named() {
    if !has_pdfium() {
        return;
    }
    let content = show(&[("The cover of a portfolio", 72.0, 700.0, 12.0)]);
    let objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(plan.xlsx) 6 0 R] >> >> >>".to_vec(),
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>"
            .to_vec(),
        stream("", content.as_bytes()),
        b"<< /Type /Filespec /F (plan.xlsx) /UF (plan.xlsx) /EF << /F 7 0 R >> >>".to_vec(),
        stream("/Type /EmbeddedFile", b"bytes"),
    ];
    let read = read("a.pdf", &pdf(&objects));
    assert_eq!(read.text(), "The cover of a portfolio");
    assert!(
        read.warnings.iter().any(|warning| warning.contains("plan.xlsx")),
        "{:?}",
        read.warnings
    );
}

#[test]
fn a_form_that_only_acrobat_draws_is_read_from_its_xml() {
    if !has_pdfium() {
        return;
    }
    let content = show(&[("Please wait...", 72.0, 700.0, 12.0)]);
    let form = "<xdp:xdp xmlns:xdp=\"x\"><template><subform><draw><value><text>Application for leave</text></value></draw></subform></template>\
        <xfa:datasets xmlns:xfa=\"y\"><xfa:data><days>12</days></xfa:data></xfa:datasets></xdp:xdp>";
    let objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R /NeedsRendering true /AcroForm << /Fields [] /XFA 6 0 R >> >>".to_vec(),
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R >>"
            .to_vec(),
        stream("", content.as_bytes()),
        stream("", form.as_bytes()),
    ];
    let read = read("a.pdf", &pdf(&objects));
    assert_eq!(read.text(), "Please wait...\n\nApplication for leave\ndays: 12");
    assert!(
        read.warnings.iter().any(|warning| warning.contains("Acrobat")),
        "{:?}",
        read.warnings
    );
}
