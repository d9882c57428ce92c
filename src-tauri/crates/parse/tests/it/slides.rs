//! What slides of PowerPoint keep beside running text.

use super::build::{package_relationship, relationships, zip};
use super::read;

/// A presentation of slides with these shapes.
fn slides(shapes: &[&str]) -> Vec<u8> {
    let names: Vec<String> = (0..shapes.len())
        .map(|at| format!("ppt/slides/slide{at}.xml"))
        .collect();
    let related: Vec<(String, String)> = (0..shapes.len())
        .map(|at| (format!("r{at}"), format!("slides/slide{at}.xml")))
        .collect();
    let related: Vec<(&str, &str, &str)> = related
        .iter()
        .map(|(id, path)| (id.as_str(), "slide", path.as_str()))
        .collect();
    let order: String = related
        .iter()
        .map(|(id, ..)| format!(r#"<p:sldId id="256" r:id="{id}"/>"#))
        .collect();
    let slides: Vec<String> = shapes
        .iter()
        .map(|shapes| format!("<p:sld><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>"))
        .collect();
    let presentation = format!("<p:presentation><p:sldIdLst>{order}</p:sldIdLst></p:presentation>");
    let (package, related) = (package_relationship("ppt/presentation.xml"), relationships(&related));
    let mut entries = vec![
        ("_rels/.rels", package.as_bytes()),
        ("ppt/presentation.xml", presentation.as_bytes()),
        ("ppt/_rels/presentation.xml.rels", related.as_bytes()),
    ];
    entries.extend(
        names
            .iter()
            .zip(&slides)
            .map(|(name, slide)| (name.as_str(), slide.as_bytes())),
    );
    zip(&entries)
}

#[test]
fn merged_cells_of_slides_leave_values_under_their_columns() {
    let cell = |attributes: &str, text: &str| {
        format!("<a:tc {attributes}><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody><a:tcPr/></a:tc>")
    };
    let rows = [
        vec![
            cell(r#"rowSpan="2""#, "Region"),
            cell(r#"gridSpan="2""#, "Income"),
            cell(r#"hMerge="1""#, ""),
        ],
        vec![cell(r#"vMerge="1""#, ""), cell("", "2024"), cell("", "2025")],
        vec![cell(r#"rowSpan="2""#, "North"), cell("", "7"), cell("", "8")],
        vec![cell(r#"vMerge="1""#, ""), cell("", "9"), cell(r#"vMerge="0""#, "10")],
    ];
    let rows: String = rows
        .iter()
        .map(|row| format!("<a:tr>{}</a:tr>", row.concat()))
        .collect();
    let read = read("a.pptx", &slides(&[&format!("<a:tbl>{rows}</a:tbl>")]));
    assert_eq!(
        read.text(),
        "Region | Income / 2024 | Income / 2025\nNorth | 7 | 8\nNorth | 9 | 10"
    );
}

#[test]
fn raised_digits_of_slides_are_told_from_numbers() {
    let run = |properties: &str, text: &str| format!(r"<a:r><a:rPr {properties}/><a:t>{text}</a:t></a:r>");
    let body = [
        run("", "10"),
        run(r#"baseline="30000""#, "6"),
        run(r#"baseline="0""#, "5 m"),
        run(r#"baseline="30000""#, "2"),
        run("", " since 2024"),
        run(r#"baseline="30000""#, "1"),
        run(r#"baseline="-25000""#, "7"),
        "<a:r><a:t>, 2</a:t></a:r><a14:m><m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>3</m:t></m:r></m:den></m:f></m:oMath></a14:m>".to_owned(),
    ]
    .concat();
    let text = |body: &str| format!("<p:sp><p:txBody><a:p>{body}</a:p></p:txBody></p:sp>");
    let cell = |body: &str| format!("<a:tc><a:txBody><a:p>{body}</a:p></a:txBody></a:tc>");
    let table = format!(
        "<a:tbl><a:tr>{}{}</a:tr></a:tbl>",
        cell(&run("", "a")),
        cell(&(run("", "2") + &run(r#"baseline="30000""#, "10")))
    );
    let bytes = slides(&[&(text(&body) + &table)]);
    assert_eq!(
        read("a.pptx", &bytes).text(),
        "10^6 5 m2 since 2024^1 7, 2 1/3\n\na | 2^10"
    );
}

#[test]
fn slides_keep_their_order_and_their_text_whatever_belongs_to_them() {
    let slide = |text: &str| {
        format!("<p:sld><p:sp><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp></p:sld>")
    };
    let notes = "<p:notes><p:sp><p:txBody><a:p><a:r><a:t>Cut off</a:t></a:r></a:p></p:txBody></p:sp><p:sp";
    let bytes = zip(&[
        ("_rels/.rels", package_relationship("ppt/presentation.xml").as_bytes()),
        ("ppt/presentation.xml", br#"<p:presentation><p:sldIdLst><p:sldId id="256" d3p1:id="rId2"/><p:sldId id="257" d3p1:id="rId1"/></p:sldIdLst></p:presentation>"#),
        ("ppt/_rels/presentation.xml.rels", relationships(&[("rId1", "slide", "slides/slide1.xml"), ("rId2", "slide", "slides/slide2.xml")]).as_bytes()),
        ("ppt/slides/slide1.xml", slide("Second").as_bytes()),
        ("ppt/slides/slide2.xml", slide("First").as_bytes()),
        ("ppt/slides/_rels/slide2.xml.rels", relationships(&[("n", "notesSlide", "../notesSlides/n.xml")]).as_bytes()),
        ("ppt/notesSlides/n.xml", notes.as_bytes()),
    ]);
    let read = read("a.pptx", &bytes);
    assert_eq!(read.text(), "First\n\nCut off\u{c}Second");
    assert!(read.failed.is_empty() && read.warnings[0].contains("n.xml"), "{read:?}");
}
