//! Scans: said to be some, and read where a person wants that and text recognition is installed.

use crate::house::{House, add, ask, folder, id_of, report};
use anyhow::{Context, Result, ensure};
use docmind_core::answer::AnswerMode;
use docmind_core::cancel::CancelToken;
use docmind_core::document::{DocumentId, DocumentState, Rect};
use docmind_engine::ask::AskRequest;
use docmind_engine::recognition::Recognition;
use docmind_engine::search::Scope;
use docmind_engine::viewer::{Picture, RenderPage};
use docmind_engine::{Background, Engine};
use docmind_tests::{Library, root};
use image_webp::{ColorType, WebPEncoder};
use std::io::Cursor;
use tiff::encoder::{Compression, TiffEncoder, colortype};

/// The first page of a document as a scanner or a camera would give it.
fn picture_of(engine: &Engine, id: DocumentId) -> Result<Picture> {
    let page = RenderPage {
        page: 1,
        scale: 200.0 / 72.0,
        tile: None,
    };
    engine.render_page(id, page, &CancelToken::new()).map_err(report)
}

/// A sheet of paper as a scanner sees it.
struct Sheet {
    /// A byte each, rows from the top.
    pixels: Vec<u8>,
    columns: u32,
    rows: u32,
    /// Width and height in points.
    size: (f32, f32),
}

impl Sheet {
    /// The picture of a page, in grey.
    fn of(picture: &Picture) -> Result<Self> {
        let mut reader = png::Decoder::new(Cursor::new(&picture.png)).read_info()?;
        let mut rgba = vec![0; reader.output_buffer_size().context("a size")?];
        reader.next_frame(&mut rgba)?;
        Ok(Self {
            pixels: rgba.chunks_exact(4).map(|pixel| pixel[1]).collect(),
            columns: picture.width,
            rows: picture.height,
            size: picture.page_size,
        })
    }

    /// Laid on the glass a quarter further, clockwise.
    fn turned(&self) -> Self {
        let width = self.columns as usize;
        let column = |x: usize| self.pixels.chunks_exact(width).rev().map(move |row| row[x]);
        Self {
            pixels: (0..width).flat_map(column).collect(),
            columns: self.rows,
            rows: self.columns,
            size: (self.size.1, self.size.0),
        }
    }

    /// A PDF that holds it, on paper of the same size.
    fn scanned(&self) -> Vec<u8> {
        pdf_of(&self.pixels, (self.columns, self.rows), self.size)
    }
}

/// A TIFF of several sheets, as a scanner with a feeder writes it.
fn stack_of(sheets: &[&Sheet]) -> Result<Vec<u8>> {
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file)?.with_compression(Compression::Lzw);
    for Sheet {
        pixels, columns, rows, ..
    } in sheets
    {
        encoder.write_image::<colortype::Gray8>(*columns, *rows, pixels)?;
    }
    Ok(file.into_inner())
}

/// Where a place of an upright page, which is so high, comes to lie when the page is turned by a quarter, clockwise.
fn quarter(place: Rect, height: f32) -> Rect {
    Rect {
        x0: height - place.y1,
        y0: place.x0,
        x1: height - place.y0,
        y1: place.x1,
    }
}

/// A PDF of one page of a size in points, which a picture in grey fills.
fn pdf_of(pixels: &[u8], (columns, rows): (u32, u32), (width, height): (f32, f32)) -> Vec<u8> {
    let drawn = format!("{width} 0 0 {height} 0 0 cm /S Do");
    let head = format!(
        "%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n\
         3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 {width} {height}]/Contents 4 0 R/Resources<</XObject<</S 5 0 R>>>>>> endobj\n\
         4 0 obj <</Length {}>> stream\n{drawn}\nendstream endobj\n\
         5 0 obj <</Type/XObject/Subtype/Image/Width {columns}/Height {rows}/ColorSpace/DeviceGray/BitsPerComponent 8/Length {}>> \
         stream\n",
        drawn.len(),
        pixels.len()
    );
    let tail = b"\nendstream endobj\ntrailer <</Root 1 0 R/Size 6>>\n%%EOF\n";
    [head.as_bytes(), pixels, tail].concat()
}

/// Where a word stands first on a page.
fn place(engine: &Engine, id: DocumentId, word: &str) -> Result<Rect> {
    let page = engine.source_page(id, 1).map_err(report)?;
    let found = page.words.iter().find(|each| each.span.slice(&page.text) == word);
    Ok(found
        .with_context(|| format!("`{word}` is not in: {}", page.text))?
        .rect)
}

#[test]
fn a_scan_is_read_once_a_person_wants_it_and_cited_at_its_place() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let (_temp, folder) = folder()?;
    let engine = house.open(Background::Ingest)?;
    let lease = root().join("assets/samples/lease-agreement.pdf");
    add(&engine, &lease)?;
    let lease = id_of(&engine, &lease)?;
    let path = folder.join("scanned lease.pdf");
    let picture = picture_of(&engine, lease)?;
    std::fs::write(&path, Sheet::of(&picture)?.scanned())?;
    let photograph = folder.join("lease.png");
    std::fs::write(&photograph, &picture.png)?;
    add(&engine, &folder)?;
    let scan = id_of(&engine, &path)?;
    let row = engine.document(scan).map_err(report)?;
    assert_eq!(row.state, DocumentState::NoText);
    let why = row.error.context("it says why")?;
    assert_eq!(why.code, "no_text");
    assert!(why.message.contains("--recognise"), "{}", why.message);

    if Recognition::find().is_none() {
        return docmind_tests::missing("text recognition: tesseract-ocr");
    }
    engine.set_setting("recognise_scans", true.into()).map_err(report)?;
    engine.wait_for_ingest(&CancelToken::new()).map_err(report)?;
    let row = engine.document(scan).map_err(report)?;
    assert_eq!(row.state, DocumentState::Ready, "{:?}", row.error);
    assert!(row.failed_pages.is_empty(), "{:?}", row.failed_pages);
    assert!(engine.source_page(scan, 1).map_err(report)?.recognised);
    assert!(!engine.source_page(lease, 1).map_err(report)?.recognised);
    for word in ["Marlow", "Brandt", "twenty-four"] {
        let (read, drawn) = (place(&engine, scan, word)?, place(&engine, lease, word)?);
        let apart = (read.x0 - drawn.x0)
            .abs()
            .max((read.x1 - drawn.x1).abs())
            .max((read.y1 - drawn.y1).abs());
        ensure!(apart < 6.0, "{word}: {read:?}, drawn at {drawn:?}");
    }
    let photograph = id_of(&engine, &photograph)?;
    let page = engine.source_page(photograph, 1).map_err(report)?;
    ensure!(page.recognised && page.drawable, "{page:?}");
    ensure!(page.text.contains("14 Harbour Lane"), "{}", page.text);
    assert!(picture_of(&engine, photograph)?.height > 1000);
    let (answer, _) = ask(
        &engine,
        &AskRequest {
            question: "Who is the landlord?".to_owned(),
            scope: Scope::Documents { ids: vec![scan] },
            ..AskRequest::default()
        },
    )?;
    assert_eq!(answer.mode, AnswerMode::Extractive, "{}", answer.text);
    assert!(
        answer
            .citations
            .iter()
            .all(|citation| citation.path.ends_with("scanned lease.pdf"))
    );
    engine.close();
    Ok(())
}

/// The house's library, with text recognition switched on.
fn reading_scans(house: &House) -> Result<Engine> {
    let engine = house.open(Background::Ingest)?;
    engine.set_setting("recognise_scans", true.into()).map_err(report)?;
    Ok(engine)
}

#[test]
fn a_picture_without_writing_stays_one() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    if Recognition::find().is_none() {
        return docmind_tests::missing("text recognition: tesseract-ocr");
    }
    let (_temp, folder) = folder()?;
    let engine = reading_scans(&house)?;
    let path = folder.join("grey.pdf");
    // A slope of grey, as in a photograph of a wall.
    let pixels: Vec<u8> = (0..400 * 400).map(|at| (at / 400 / 4 + at % 400 / 4) as u8).collect();
    std::fs::write(&path, pdf_of(&pixels, (400, 400), (400.0, 400.0)))?;
    add(&engine, &path)?;
    let row = engine.document(id_of(&engine, &path)?).map_err(report)?;
    assert_eq!(row.state, DocumentState::NoText);
    assert_eq!(row.error.context("it says why")?.code, "no_writing");
    engine.close();
    Ok(())
}

/// A PDF of one page in DIN A4 with a line of text.
fn line_of(text: &str) -> Vec<u8> {
    let drawn = format!("BT /F 24 Tf 72 700 Td ({text}) Tj ET");
    let head = format!(
        "%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n\
         3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>> endobj\n\
         4 0 obj <</Length {}>> stream\n{drawn}\nendstream endobj\n\
         5 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj\ntrailer <</Root 1 0 R/Size 6>>\n%%EOF\n",
        drawn.len()
    );
    head.into_bytes()
}

#[test]
fn turned_scans_are_read_and_marked_where_they_are_drawn() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let Some(recognition) = Recognition::find() else {
        return docmind_tests::missing("text recognition: tesseract-ocr");
    };
    if !recognition.tessdata.join("osd.traineddata").is_file() {
        return docmind_tests::missing("text recognition of turned pages: tesseract-ocr-osd");
    }
    let (_temp, folder) = folder()?;
    let engine = reading_scans(&house)?;
    let lease = root().join("assets/samples/lease-agreement.pdf");
    let note = folder.join("note.pdf");
    std::fs::write(&note, line_of("Invoice 4711 of Marlow Property"))?;
    // A page of text, and one with fewer letters than orientation is told by.
    for (name, path, words) in [
        ("lease", &lease, ["Marlow", "Brandt", "twenty-four"].as_slice()),
        ("note", &note, &["Invoice", "4711", "Property"]),
    ] {
        add(&engine, path)?;
        let drawn = id_of(&engine, path)?;
        let mut sheet = Sheet::of(&picture_of(&engine, drawn)?)?;
        let mut places = Vec::new();
        for word in words {
            places.push(place(&engine, drawn, word)?);
        }
        for degrees in [90, 180, 270] {
            for place in &mut places {
                *place = quarter(*place, sheet.size.1);
            }
            sheet = sheet.turned();
            let scan = folder.join(format!("{name}, turned by {degrees}.pdf"));
            std::fs::write(&scan, sheet.scanned())?;
            add(&engine, &scan)?;
            let id = id_of(&engine, &scan)?;
            let row = engine.document(id).map_err(report)?;
            ensure!(row.state == DocumentState::Ready, "{name}, {degrees}: {:?}", row.error);
            let page = engine.source_page(id, 1).map_err(report)?;
            let (width, height) = page.size.context("a size")?;
            let is_as_drawn = (width - sheet.size.0).abs() < 1.0 && (height - sheet.size.1).abs() < 1.0;
            ensure!(page.recognised && is_as_drawn, "{name}, {degrees}: {width} × {height}");
            for (word, drawn) in words.iter().zip(&places) {
                let read = place(&engine, id, word)?;
                let middle = |rect: &Rect| (f32::midpoint(rect.x0, rect.x1), f32::midpoint(rect.y0, rect.y1));
                let ((x, y), (at_x, at_y)) = (middle(&read), middle(drawn));
                let is_there = (x - at_x).abs() < 6.0 && (y - at_y).abs() < 6.0;
                ensure!(is_there, "{name}, {degrees}, {word}: {read:?}, drawn at {drawn:?}");
            }
        }
    }
    engine.close();
    Ok(())
}

#[test]
fn scans_saved_as_tiff_and_webp_are_read_page_by_page() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    if Recognition::find().is_none() {
        return docmind_tests::missing("text recognition: tesseract-ocr");
    }
    let (_temp, folder) = folder()?;
    let engine = reading_scans(&house)?;
    let lease = root().join("assets/samples/lease-agreement.pdf");
    add(&engine, &lease)?;
    let lease = id_of(&engine, &lease)?;
    let sheet = Sheet::of(&picture_of(&engine, lease)?)?;
    let stack = folder.join("stack.tif");
    std::fs::write(&stack, stack_of(&[&sheet, &sheet])?)?;
    let single = folder.join("single.webp");
    let mut bytes = Vec::new();
    WebPEncoder::new(&mut bytes).encode(&sheet.pixels, sheet.columns, sheet.rows, ColorType::L8)?;
    std::fs::write(&single, bytes)?;
    for (path, media_type, pages) in [(&stack, "image/tiff", 2), (&single, "image/webp", 1)] {
        add(&engine, path)?;
        let id = id_of(&engine, path)?;
        let row = engine.document(id).map_err(report)?;
        ensure!(row.state == DocumentState::Ready, "{media_type}: {:?}", row.error);
        assert_eq!((row.media_type.as_str(), row.pages), (media_type, pages));
        for number in 1..=pages {
            let page = engine.source_page(id, number).map_err(report)?;
            ensure!(page.recognised && page.drawable, "{media_type}, page {number}");
            ensure!(
                page.text.contains("Marlow"),
                "{media_type}, page {number}: {}",
                page.text
            );
        }
        let (read, drawn) = (place(&engine, id, "Brandt")?, place(&engine, lease, "Brandt")?);
        ensure!(
            (read.x0 - drawn.x0).abs() < 6.0 && (read.y1 - drawn.y1).abs() < 6.0,
            "{media_type}: {read:?}, drawn at {drawn:?}"
        );
    }
    let second = RenderPage {
        page: 2,
        scale: 1.0,
        tile: None,
    };
    let id = id_of(&engine, &stack)?;
    let picture = engine.render_page(id, second, &CancelToken::new()).map_err(report)?;
    assert!(picture.height > picture.width);
    engine.close();
    Ok(())
}

#[test]
fn the_command_line_prints_what_is_written_in_scans() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let (_temp, folder) = folder()?;
    let lease = root().join("assets/samples/lease-agreement.pdf");
    let scan = folder.join("scan.pdf");
    let engine = house.open(Background::Ingest)?;
    add(&engine, &lease)?;
    let sheet = Sheet::of(&picture_of(&engine, id_of(&engine, &lease)?)?)?;
    std::fs::write(&scan, sheet.scanned())?;
    engine.close();

    let library = Library::new()?;
    let (lease, scan) = (lease.as_os_str(), scan.as_os_str());
    let plain = library.run(&["extract".as_ref(), lease, scan])?;
    assert_eq!(plain.status, Some(1));
    let error = &plain.lines[1]["error"];
    assert_eq!(error["code"], "no_text");
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|said| said.contains("--recognise"))
    );

    let run = library.run(&["extract".as_ref(), "--recognise".as_ref(), lease, scan])?;
    if Recognition::find().is_none() {
        assert_eq!(run.last()["error"]["code"], "recognition_missing");
        return docmind_tests::missing("text recognition: tesseract-ocr");
    }
    assert_eq!(run.status, Some(0), "{:#?}", run.lines);
    let page = |file: usize| &run.lines[file]["pages"][0];
    assert!(page(0).get("recognised").is_none(), "{}", page(0));
    assert_eq!(page(1)["recognised"], true);
    assert!(page(1)["text"].as_str().is_some_and(|text| text.contains("Marlow")));
    Ok(())
}

/// A PDF of two pages: a line of text, then a sheet as a picture.
fn mixed_of(text: &str, sheet: &Sheet) -> Vec<u8> {
    let written = format!("BT /F 24 Tf 72 700 Td ({text}) Tj ET");
    let (width, height) = sheet.size;
    let drawn = format!("{width} 0 0 {height} 0 0 cm /S Do");
    let head = format!(
        "%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n\
         2 0 obj <</Type/Pages/Kids[3 0 R 6 0 R]/Count 2/MediaBox[0 0 {width} {height}]>> endobj\n\
         3 0 obj <</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>> endobj\n\
         4 0 obj <</Length {}>> stream\n{written}\nendstream endobj\n\
         5 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj\n\
         6 0 obj <</Type/Page/Parent 2 0 R/Contents 7 0 R/Resources<</XObject<</S 8 0 R>>>>>> endobj\n\
         7 0 obj <</Length {}>> stream\n{drawn}\nendstream endobj\n\
         8 0 obj <</Type/XObject/Subtype/Image/Width {}/Height {}/ColorSpace/DeviceGray/BitsPerComponent 8/Length {}>> stream\n",
        written.len(),
        drawn.len(),
        sheet.columns,
        sheet.rows,
        sheet.pixels.len()
    );
    let tail = b"\nendstream endobj\ntrailer <</Root 1 0 R/Size 9>>\n%%EOF\n";
    [head.as_bytes(), &sheet.pixels, tail].concat()
}

#[test]
fn scanned_pages_among_others_are_read_once_a_person_wants_it() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    if Recognition::find().is_none() {
        return docmind_tests::missing("text recognition: tesseract-ocr");
    }
    let (_temp, folder) = folder()?;
    let engine = house.open(Background::Ingest)?;
    let lease = root().join("assets/samples/lease-agreement.pdf");
    add(&engine, &lease)?;
    let sheet = Sheet::of(&picture_of(&engine, id_of(&engine, &lease)?)?)?;
    let path = folder.join("letter with enclosure.pdf");
    std::fs::write(&path, mixed_of("Please find the lease enclosed.", &sheet))?;
    add(&engine, &path)?;
    let id = id_of(&engine, &path)?;
    let row = engine.document(id).map_err(report)?;
    assert_eq!(
        (row.state, row.pages, row.failed_pages.len()),
        (DocumentState::Ready, 2, 1)
    );

    engine.set_setting("recognise_scans", true.into()).map_err(report)?;
    engine.wait_for_ingest(&CancelToken::new()).map_err(report)?;
    let row = engine.document(id).map_err(report)?;
    assert_eq!(
        (row.state, row.pages, row.failed_pages.len()),
        (DocumentState::Ready, 2, 0)
    );
    let first = engine.source_page(id, 1).map_err(report)?;
    ensure!(!first.recognised && first.text.contains("enclosed"), "{}", first.text);
    let second = engine.source_page(id, 2).map_err(report)?;
    ensure!(second.recognised && second.text.contains("Marlow"), "{}", second.text);
    engine.close();
    Ok(())
}
