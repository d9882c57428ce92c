//! What a format keeps beside its running text, and what it leaves out: text must be neither lost nor doubled.

use super::build::{docx, package_relationship, relationships, zip};
use super::read;
use docmind_core::document::DocumentState;

/// A Word document with parts beside its main one: (path, content), and the main part's relationships.
fn word(body: &str, related: &[(&str, &str, &str)], parts: &[(&str, &str)]) -> Vec<u8> {
    let document = format!(r#"<w:document xmlns:w="w" xmlns:r="r"><w:body>{body}</w:body></w:document>"#);
    let package = package_relationship("word/document.xml");
    let related = relationships(related);
    let mut entries = vec![
        ("_rels/.rels", package.as_bytes()),
        ("word/_rels/document.xml.rels", related.as_bytes()),
        ("word/document.xml", document.as_bytes()),
    ];
    entries.extend(parts.iter().map(|(path, content)| (*path, content.as_bytes())));
    zip(&entries)
}

fn paragraph(text: &str) -> String {
    format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
}

#[test]
fn files_that_stand_in_a_word_document_are_read_in_their_place() {
    let body = format!(
        r#"{}<w:altChunk r:id="a"/>{}<w:altChunk r:id="b"/><w:altChunk r:id="c"/><w:altChunk r:id="d"/>{}"#,
        paragraph("one"),
        paragraph("three"),
        paragraph("end")
    );
    let page = "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n\
        <p>four</p>\r\n--x--\r\n";
    let mut parts: Vec<(&str, Vec<u8>)> = vec![
        ("word/a.html", b"<html><body><p>two</p></body></html>".to_vec()),
        ("word/b.mht", page.as_bytes().to_vec()),
        ("word/c.rtf", b"{\\rtf1 five\\par}".to_vec()),
        ("word/d.docx", docx(&paragraph("inner"))),
    ];
    let document = format!(r#"<w:document xmlns:w="w" xmlns:r="r"><w:body>{body}</w:body></w:document>"#);
    parts.push(("word/document.xml", document.into_bytes()));
    parts.push(("_rels/.rels", package_relationship("word/document.xml").into_bytes()));
    let chunks = relationships(&[
        ("a", "aFChunk", "a.html"),
        ("b", "aFChunk", "/word/b.mht"),
        ("c", "aFChunk", "c.rtf"),
        ("d", "aFChunk", "d.docx"),
    ]);
    parts.push(("word/_rels/document.xml.rels", chunks.into_bytes()));
    let entries: Vec<(&str, &[u8])> = parts.iter().map(|(path, bytes)| (*path, bytes.as_slice())).collect();
    let read = read("a.docx", &zip(&entries));
    assert_eq!(read.text(), "one\n\ntwo\n\nthree\n\nfour\n\nfive\n\nend");
    assert!(read.warnings[0].contains("inside this one"), "{:?}", read.warnings);
}

const LEVELS: &str = r#"<w:numbering>
    <w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="4"/><w:numFmt w:val="decimal"/><w:pStyle w:val="H1"/><w:lvlText w:val="%1."/></w:lvl>
        <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:pStyle w:val="H2"/><w:lvlText w:val="%1.%2"/></w:lvl>
        <w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="(%3)"/></w:lvl></w:abstractNum>
    <w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="upperRoman"/><w:lvlText w:val="Annex %1:"/></w:lvl>
        <w:lvl w:ilvl="1"><w:numFmt w:val="bullet"/><w:lvlText w:val="o"/></w:lvl></w:abstractNum>
    <w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
    <w:num w:numId="3"><w:abstractNumId w:val="1"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="9"/></w:lvlOverride></w:num></w:numbering>"#;

#[test]
fn word_paragraphs_have_their_automatic_numbers() {
    let styles = r#"<w:styles><w:style w:styleId="H1"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
        <w:style w:styleId="H2"><w:name w:val="heading 2"/><w:basedOn w:val="H1"/></w:style></w:styles>"#;
    let styled = |style: &str, text: &str| {
        format!(r#"<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"#)
    };
    let listed = |list: u8, level: u8, text: &str| {
        format!(
            r#"<w:p><w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list}"/></w:numPr></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"#
        )
    };
    let body = [
        styled("H1", "Term"),
        styled("H2", "Start"),
        styled("H2", "Termination"),
        listed(1, 2, "for cause"),
        listed(1, 2, "at will"),
        styled("H1", "Law"),
        styled("H2", "Courts"),
        listed(2, 0, "Prices"),
        listed(2, 1, "a bullet"),
        listed(2, 0, ""),
        listed(3, 0, "Places"),
        listed(2, 0, "People"),
        listed(0, 0, "no list"),
        format!(
            "<w:tbl><w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr></w:tbl>",
            listed(2, 0, ""),
            paragraph("cell")
        ),
    ]
    .concat();
    let related = [("a", "styles", "styles.xml"), ("b", "numbering", "numbering.xml")];
    let parts = [("word/styles.xml", styles), ("word/numbering.xml", LEVELS)];
    let numbered = read("a.docx", &word(&body, &related, &parts));
    assert_eq!(
        numbered.text(),
        "4. Term\n\n4.1 Start\n\n4.2 Termination\n(a) for cause\n(b) at will\n\n5. Law\n\n5.1 Courts\nAnnex I: Prices\na bullet\n\
            Annex IX: Places\nAnnex X: People\nno list\n\nAnnex XI: | cell"
    );
    let heading = numbered.pages[0].headings[2];
    assert_eq!(
        (heading.level, heading.span.slice(&numbered.text())),
        (2, "4.2 Termination")
    );
    let damaged = [
        ("word/styles.xml", styles),
        ("word/numbering.xml", "<w:numbering><w:num"),
    ];
    assert!(
        read("a.docx", &word(&body, &related, &damaged))
            .text()
            .starts_with("Term\n\nStart")
    );
}

#[test]
fn merged_cells_of_word_leave_values_under_their_columns() {
    let cell = |properties: &str, text: &str| format!("<w:tc><w:tcPr>{properties}</w:tcPr>{}</w:tc>", paragraph(text));
    let rows = [
        vec![
            cell("", "Region"),
            cell(r#"<w:gridSpan w:val="2"/>"#, "Income"),
            cell("", "Note"),
        ],
        vec![
            cell(r#"<w:vMerge w:val="restart"/>"#, "North"),
            cell("", "1"),
            cell("", "2"),
            cell("", "a"),
        ],
        vec![cell("<w:vMerge/>", ""), cell("", "3"), cell("", "4"), cell("", "b")],
        vec![
            r#"<w:trPr><w:gridBefore w:val="1"/></w:trPr>"#.to_owned(),
            cell("", "5"),
            cell("", "6"),
            cell("", "c"),
        ],
    ];
    let rows: String = rows
        .iter()
        .map(|row| format!("<w:tr>{}</w:tr>", row.concat()))
        .collect();
    let table = |rows: &str| read("a.docx", &docx(&format!("<w:tbl>{rows}</w:tbl>")));
    assert_eq!(
        table(&rows).text(),
        "Region | Income |  | Note\nNorth | 1 | 2 | a\nNorth | 3 | 4 | b\n| 5 | 6 | c"
    );
    let wide = format!(
        "<w:tr>{}{}</w:tr>",
        cell(r#"<w:gridSpan w:val="4000000000"/>"#, "a"),
        cell("", "b")
    );
    assert!(table(&wide.repeat(3_000)).text().len() < 2_000_000);
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
fn rows_that_name_columns_together_are_one_header() {
    let joined = "Prices\n\nRegion | 2025 / Q1 | 2025 / Q2\nNorth | 7 | 8";
    let cell = |properties: &str, text: &str| format!("<w:tc><w:tcPr>{properties}</w:tcPr>{}</w:tc>", paragraph(text));
    let marked = |cells: &str| format!("<w:tr><w:trPr><w:tblHeader/></w:trPr>{cells}</w:tr>");
    let word = [
        "<w:tbl>".to_owned(),
        marked(&cell(r#"<w:gridSpan w:val="3"/>"#, "Prices")),
        marked(&(cell(r#"<w:vMerge w:val="restart"/>"#, "Region") + &cell(r#"<w:gridSpan w:val="2"/>"#, "2025"))),
        marked(&(cell("<w:vMerge/>", "") + &cell("", "Q1") + &cell("", "Q2"))),
        format!(
            "<w:tr>{}{}{}</w:tr></w:tbl>",
            cell("", "North"),
            cell("", "7"),
            cell("", "8")
        ),
    ]
    .concat();
    let office_cell = |attributes: &str, text: &str| {
        format!("<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>")
    };
    let office_row = |cells: &[String]| format!("<table:table-row>{}</table:table-row>", cells.concat());
    let covered = "<table:covered-table-cell/>".to_owned();
    let office = format!(
        "<table:table><table:table-header-rows>{}{}{}</table:table-header-rows>{}</table:table>",
        office_row(&[
            office_cell(r#"table:number-columns-spanned="3""#, "Prices"),
            r#"<table:covered-table-cell table:number-columns-repeated="2"/>"#.to_owned()
        ]),
        office_row(&[
            office_cell(r#"table:number-rows-spanned="2""#, "Region"),
            office_cell(r#"table:number-columns-spanned="2""#, "2025"),
            covered.clone()
        ]),
        office_row(&[covered, office_cell("", "Q1"), office_cell("", "Q2")]),
        office_row(&[office_cell("", "North"), office_cell("", "7"), office_cell("", "8")]),
    );
    for (name, bytes) in [
        ("a.docx", docx(&word)),
        ("a.odt", open_document("application/vnd.oasis.opendocument.text", &office, "")),
        (
            "a.html",
            b"<table><thead><tr><th colspan=3>Prices</tr><tr><td rowspan=2>Region<td colspan=2>2025<tr><td>Q1<td>Q2</thead>\
                <tbody><tr><td>North<td>7<td>8</table>"
                .to_vec(),
        ),
        (
            "a.html",
            b"<table><caption>Prices</caption><tr><th rowspan=2>Region</th><th colspan=2>2025</th></tr><tr><th>Q1</th><th>Q2</th></tr>\
                <tr><th>North</th><td>7</td><td>8</td></tr></table>"
                .to_vec(),
        ),
    ] {
        let read = read(name, &bytes);
        assert_eq!(read.text(), joined, "{name}");
        let page = &read.pages[0];
        assert_eq!(
            page.tables[0].header.slice(&page.text),
            "Region | 2025 / Q1 | 2025 / Q2",
            "{name}"
        );
    }
}

#[test]
fn names_of_rows_are_no_header() {
    let page = b"<table><tr><th>Invoice<td>A-17</tr><tr><th>Date<td>3 May</tr><tr><th>Due<td>3 June</tr></table>\
        <table><tr><td><th>May<th>June</tr><tr><th>Tea<td>some<td>more</tr></table>\
        <table><tr><th>Item<th>Note</tr><tr><th colspan=2>Fruit</tr><tr><td>Pear<td>ripe</tr></table>";
    let read = read("a.html", page);
    let page = &read.pages[0];
    let headers: Vec<&str> = page.tables.iter().map(|table| table.header.slice(&page.text)).collect();
    assert_eq!(headers, ["", "| May | June", "Item | Note"], "{}", page.text);
}

#[test]
fn powers_and_fractions_of_word_are_told_from_numbers() {
    let run = |text: &str| format!("<w:r><w:t>{text}</w:t></w:r>");
    let raised =
        |text: &str| format!(r#"<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:t>{text}</w:t></w:r>"#);
    let body = [
        "<w:p>".to_owned(),
        run("10"),
        raised("1"),
        raised("2"),
        run("5 m"),
        raised("2"),
        run(" and 2"),
        "<m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>a+b</m:t></m:r></m:den></m:f>".to_owned(),
        "<m:r><m:t>, </m:t></m:r><m:sSup><m:e><m:r><m:t>10</m:t></m:r></m:e><m:sup><m:r><m:t>6</m:t></m:r></m:sup></m:sSup></m:oMath></w:p>"
            .to_owned(),
    ]
    .concat();
    assert_eq!(read("a.docx", &docx(&body)).text(), "10^12 5 m2 and 2 1/(a+b), 10^6");
}

#[test]
fn charts_of_documents_are_tables_of_what_they_draw() {
    let points = |cache: &str, format: &str, values: &[&str]| {
        let points: String = (0..)
            .zip(values)
            .map(|(at, value): (usize, _)| format!(r#"<c:pt idx="{at}"><c:v>{value}</c:v></c:pt>"#))
            .collect();
        format!("<c:{cache}>{format}{points}</c:{cache}>")
    };
    let percent = "<c:formatCode>0%</c:formatCode>";
    let days = "<c:formatCode>m/d/yyyy</c:formatCode>";
    let series = |name: &str, categories: &str, values: &str, more: &str| {
        format!(
            "<c:ser><c:tx><c:strRef>{}</c:strRef></c:tx>{more}<c:cat>{categories}</c:cat><c:val><c:numRef>{values}</c:numRef></c:val></c:ser>",
            points("strCache", "", &[name])
        )
    };
    let quarters = points("strCache", "", &["Q1", "Q2"]);
    let label =
        "<c:dLbls><c:dLbl><c:tx><c:rich><a:p><a:r><a:t>Best</a:t></a:r></a:p></c:rich></c:tx></c:dLbl></c:dLbls>";
    let many: Vec<String> = (0..500).map(|value| value.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let chart = [
        "<c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Growth</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea>".to_owned(),
        series("North", &quarters, &points("numCache", percent, &["0.07", "0.1"]), label),
        series("South", &quarters, &points("numCache", percent, &["0.2"]), ""),
        series("By day", &points("numCache", days, &["45292"]), &points("numCache", "", &["7"]), ""),
        series("Noise", "", &points("numCache", "", &many), ""),
        "<c:valAx><c:title><c:tx><c:rich><a:p><a:r><a:t>Share</a:t></a:r></a:p></c:rich></c:tx></c:title></c:valAx></c:plotArea></c:chart>".to_owned(),
    ]
    .concat();
    let bytes = word(
        &paragraph("Text"),
        &[("b", "chart", "charts/chart1.xml")],
        &[("word/charts/chart1.xml", &chart)],
    );
    let read = read("a.docx", &bytes);
    assert_eq!(
        read.text(),
        "Text\n\nGrowth\n\nShare\n\n| North | South\nQ1 | 7% | 20%\nQ2 | 10%\n\n| By day\n2024-01-01 | 7\n\nNoise\nBest"
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
fn forms_of_word_show_what_is_ticked_and_chosen() {
    let field = |data: &str| {
        format!(
            r#"<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:enabled/>{data}</w:ffData></w:fldChar></w:r><w:r><w:instrText>FORM</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>"#
        )
    };
    let run = |text: &str| format!("<w:r><w:t>{text}</w:t></w:r>");
    let body = [
        field(r#"<w:checkBox><w:sizeAuto/><w:default w:val="0"/><w:checked/></w:checkBox>"#),
        run("tea "),
        field(r#"<w:checkBox><w:default w:val="1"/><w:checked w:val="0"/></w:checkBox>"#),
        run("milk "),
        field(r#"<w:checkBox><w:default w:val="1"/></w:checkBox>"#),
        run("sugar, size: "),
        field(r#"<w:ddList><w:result w:val="1"/><w:listEntry w:val="small"/><w:listEntry w:val="large"/></w:ddList>"#),
        field(r#"<w:ddList><w:result w:val="9"/><w:listEntry w:val="none"/></w:ddList>"#),
    ]
    .concat();
    let read = read("a.docx", &docx(&format!("<w:p>{body}</w:p>")));
    assert_eq!(read.text(), "[x] tea [ ] milk [x] sugar, size: large");
}

#[test]
fn signs_of_symbol_fonts_in_word_are_told() {
    let sign = |font: &str, code: &str| format!(r#"<w:r><w:sym w:font="{font}" w:char="{code}"/></w:r>"#);
    let run = |font: &str, text: &str| {
        format!(r#"<w:r><w:rPr><w:rFonts w:ascii="{font}"/></w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>"#)
    };
    let body = [
        run("Arial", "x "),
        sign("Symbol", "F0B3"),
        run("Symbol", " \u{f06d}"),
        run("Arial", "m "),
        sign("Symbol", "00B1"),
        sign("Wingdings", "F0FE"),
        sign("Wingdings", "F04A"),
        sign("Segoe UI", "2713"),
    ]
    .concat();
    assert_eq!(
        read("a.docx", &docx(&format!("<w:p>{body}</w:p>"))).text(),
        "x ≥ μm ±☑✓"
    );
}

#[test]
fn diagrams_of_word_documents_are_read_and_readings_of_words_are_not() {
    let ruby = "<w:p><w:r><w:ruby><w:rt><w:r><w:t>とうきょう</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>東京</w:t></w:r></w:rubyBase></w:ruby></w:r></w:p>";
    let before = r#"<w:p><w:pPr><w:pPrChange><w:pPr><w:pStyle w:val="H1"/></w:pPr></w:pPrChange></w:pPr><w:r><w:t>Text</w:t></w:r></w:p>"#;
    let bytes = word(
        &format!("{ruby}{before}"),
        &[
            ("a", "diagramData", "diagrams/data1.xml"),
            ("b", "chart", "charts/chart1.xml"),
            ("c", "styles", "styles.xml"),
        ],
        &[
            (
                "word/diagrams/data1.xml",
                "<d><dgm:t><a:p><a:r><a:t>A step</a:t></a:r></a:p></dgm:t></d>",
            ),
            (
                "word/charts/chart1.xml",
                "<c><c:title><c:rich><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:rich></c:title></c>",
            ),
            (
                "word/styles.xml",
                r#"<w:styles><w:style w:styleId="H1"><w:name w:val="heading 1"/></w:style></w:styles>"#,
            ),
        ],
    );
    let read = read("a.docx", &bytes);
    assert_eq!(read.text(), "東京\n\nText\n\nA step\n\nSales");
    assert!(read.pages[0].headings.is_empty(), "how it was formatted before is over");
}

#[test]
fn word_documents_in_one_xml_file() {
    let package = format!(
        r#"<?xml version="1.0"?><?mso-application progid="Word.Document"?>
        <pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">
        <pkg:part pkg:name="/word/document.xml"><pkg:xmlData><w:document xmlns:w="w"><w:body><w:p><w:pPr><w:pStyle w:val="H"/></w:pPr><w:r><w:t>Head</w:t></w:r></w:p>{}</w:body></w:document></pkg:xmlData></pkg:part>
        <pkg:part pkg:name="/word/media/a.png"><pkg:binaryData>iVBORw0KGgo=</pkg:binaryData></pkg:part>
        <pkg:part pkg:name="/word/glossary/document.xml"><pkg:xmlData><w:glossaryDocument>{}</w:glossaryDocument></pkg:xmlData></pkg:part>
        <pkg:part pkg:name="/word/styles.xml"><pkg:xmlData><w:styles><w:style w:styleId="H"><w:name w:val="heading 2"/></w:style></w:styles></pkg:xmlData></pkg:part>
        </pkg:package>"#,
        paragraph("Body"),
        paragraph("Prompt")
    );
    let flat = read("a.xml", package.as_bytes());
    assert_eq!(flat.text(), "Head\n\nBody");
    assert_eq!(flat.pages[0].headings[0].level, 2);
    assert!(flat.media_type.contains("wordprocessingml"), "{}", flat.media_type);
    let old = format!(
        r#"<?xml version="1.0"?><w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><o:DocumentProperties><o:Author>Ada</o:Author></o:DocumentProperties><w:body>{}<w:pict><w:binData>iVBORw0KGgo=</w:binData></w:pict></w:body></w:wordDocument>"#,
        paragraph("Body")
    );
    assert_eq!(read("a.doc", old.as_bytes()).text(), "Body");
}

#[test]
fn workbooks_in_one_xml_file() {
    let book = r#"<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
        <Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
        <DocumentProperties><Author>Ada</Author></DocumentProperties>
        <Worksheet ss:Name="Prices"><Table><Row><Cell><Data ss:Type="String">Item</Data></Cell><Cell><Data ss:Type="String">Price</Data></Cell></Row>
        <Row><Cell ss:Index="2"><Data ss:Type="Number">2.5</Data><Comment><ss:Data>A note</ss:Data></Comment></Cell></Row></Table></Worksheet></Workbook>"#;
    let read = read("a.xls", book.as_bytes());
    assert_eq!(read.text(), "Prices\n\nItem | Price\n| 2.5\n\nA note");
}

#[test]
fn cells_show_percent_and_currency() {
    let sheet = r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" s="1"><v>0.0725</v></c><c r="B1" s="2"><v>1234.5</v></c><c r="C1"><v>0.30000000000000004</v></c></row></sheetData></worksheet>"#;
    let styles = r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="1"><numFmt numFmtId="164" formatCode="[$€-407]\ #,##0.00"/></numFmts><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="10"/><xf numFmtId="164"/></cellXfs></styleSheet>"#;
    let bytes = zip(&[
        ("[Content_Types].xml", br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#),
        ("_rels/.rels", package_relationship("xl/workbook.xml").as_bytes()),
        ("xl/workbook.xml", br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#),
        ("xl/_rels/workbook.xml.rels", relationships(&[("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "styles", "styles.xml")]).as_bytes()),
        ("xl/styles.xml", styles.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ]);
    assert_eq!(read("a.xlsx", &bytes).text(), "S\n\n7.25% | €1234.5 | 0.3");
}

#[test]
fn a_cell_that_cannot_be_read_costs_no_sheet() {
    let workbook = |cells: &str| {
        let sheet = format!(
            r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{cells}</sheetData></worksheet>"#
        );
        zip(&[
            ("[Content_Types].xml", br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#),
            ("_rels/.rels", package_relationship("xl/workbook.xml").as_bytes()),
            ("xl/workbook.xml", br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#),
            ("xl/_rels/workbook.xml.rels", relationships(&[("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "sharedStrings", "sharedStrings.xml")]).as_bytes()),
            ("xl/sharedStrings.xml", br#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>Item</t></si><si><t>Price</t></si></sst>"#),
            ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ])
    };
    let bad = r#"<row r="2"><c r="A2" t="s"><v>99</v></c>"#;
    let sheet = format!(
        r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>{bad}<c r="B2"><v>2.5</v></c></row>
        <row r="3"><c r="A3" t="e"><v>#WAT!</v></c><c r="B3" t="n"><v>x7</v></c><c r="C3"><v>7</v></c></row>"#
    );
    let some = read("a.xlsx", &workbook(&sheet));
    assert_eq!(some.text(), "S\n\nItem | Price\n| 2.5\n|  | 7");
    assert_eq!(some.warnings, ["Damaged cells of the sheet `S` are missing: 3."]);
    let none = read("a.xlsx", &workbook(&format!("{bad}</row>")));
    assert_eq!((none.state(), none.failed), (DocumentState::Damaged, vec![1]));
}

#[test]
fn raised_digits_of_cells_are_told_from_numbers() {
    let run = |properties: &str, text: &str| format!("<r><rPr>{properties}</rPr><t>{text}</t></r>");
    let high = r#"<vertAlign val="superscript"/>"#;
    let strings = [
        run("", "10") + &run(high, "6") + &run("", "5 m") + &run(high, "2"),
        run("", "20") + &run(high, "24"),
        "<t>2024</t>".to_owned(),
        run("", "see") + &run(high, "1") + "<rPh><t>no</t></rPh>",
    ];
    let strings: String = strings.iter().map(|string| format!("<si>{string}</si>")).collect();
    let cells: String = (0..4).map(|at| format!(r#"<c t="s"><v>{at}</v></c>"#)).collect();
    let sheet = format!(
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">{cells}</row></sheetData></worksheet>"#
    );
    let bytes = zip(&[
        ("[Content_Types].xml", br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#),
        ("_rels/.rels", package_relationship("xl/workbook.xml").as_bytes()),
        ("xl/workbook.xml", br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#),
        ("xl/_rels/workbook.xml.rels", relationships(&[("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "sharedStrings", "sharedStrings.xml")]).as_bytes()),
        ("xl/sharedStrings.xml", format!(r#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{strings}</sst>"#).as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ]);
    assert_eq!(
        read("a.xlsx", &bytes).text(),
        "S\n\n10^6 5 m2 | 2024 | 2024 | see1",
        "what could be either stays as it is"
    );
}

const NAMESPACES: &str = r#"xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="t" xmlns:table="b" xmlns:draw="d" xmlns:dc="c" xmlns:svg="s" xmlns:presentation="p""#;

fn open_document(kind: &str, body: &str, styles: &str) -> Vec<u8> {
    let content =
        format!("<office:document-content {NAMESPACES}><office:body>{body}</office:body></office:document-content>");
    let styles = format!("<office:document-styles {NAMESPACES}>{styles}</office:document-styles>");
    zip(&[
        ("mimetype", kind.as_bytes()),
        ("content.xml", content.as_bytes()),
        ("styles.xml", styles.as_bytes()),
    ])
}

const LETTER: &str = "<text:p>Dear Ada, <office:annotation><dc:creator>Bob</dc:creator><dc:date>2024-01-01</dc:date><text:p>Too short.</text:p>\
    </office:annotation>thank you.<draw:frame><svg:title>A picture</svg:title><svg:desc>Of a boat</svg:desc></draw:frame></text:p>\
    <text:p><text:ruby><text:ruby-base>東京</text:ruby-base><text:ruby-text>とうきょう</text:ruby-text></text:ruby></text:p>";

#[test]
fn who_commented_and_what_a_picture_is_called_is_no_text() {
    let expected = "Dear Ada, thank you.\n\nToo short.\n\n東京";
    for kind in [
        "application/vnd.oasis.opendocument.text",
        "application/vnd.sun.xml.writer",
    ] {
        assert_eq!(
            read("a.bin", &open_document(kind, LETTER, "")).text(),
            expected,
            "{kind}"
        );
    }
    let flat = format!(
        r#"<?xml version="1.0"?><office:document {NAMESPACES} office:mimetype="application/vnd.oasis.opendocument.text"><office:meta><dc:title>A letter</dc:title></office:meta><office:master-styles><style:master-page><style:header><text:p>Letterhead</text:p></style:header></style:master-page></office:master-styles><office:body>{LETTER}</office:body></office:document>"#
    );
    let flat = read("a.fodt", flat.as_bytes());
    assert_eq!(flat.text(), format!("{expected}\n\nLetterhead"));
    assert_eq!(flat.title.as_deref(), Some("A letter"));
    assert_eq!(flat.media_type, "application/vnd.oasis.opendocument.text");
}

#[test]
fn items_and_headings_of_opendocument_have_their_numbers() {
    let styles = r#"<text:outline-style><text:outline-level-style text:level="1" style:num-format="1"/>
        <text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/><text:outline-level-style text:level="3" style:num-format=""/></text:outline-style>
        <text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>
        <text:list-level-style-number text:level="2" style:num-format="a" style:num-prefix="(" style:num-suffix=")"/><text:list-level-style-bullet text:level="3"/></text:list-style>
        <style:style style:name="Plain" style:list-style-name=""/>"#;
    let item = |inside: &str| format!("<text:list-item>{inside}</text:list-item>");
    let p = |text: &str| format!("<text:p>{text}</text:p>");
    let list = |attributes: &str, items: &str| format!("<text:list {attributes}>{items}</text:list>");
    let body = [
        r#"<text:h text:outline-level="1">Term</text:h><text:h text:outline-level="2"><text:number>1.1</text:number>Start</text:h>"#.to_owned(),
        r#"<text:h text:outline-level="3">No number</text:h><text:h text:outline-level="1" text:style-name="Plain">Preface</text:h>"#.to_owned(),
        list(
            r#"text:style-name="L""#,
            &[
                item(&(p("one") + &p("more") + &list("", &(item(&p("inner")) + &item(&list("", &item(&p("bullet")))))))),
                item(&(p("two") + &list("", &item(&p("again"))))),
            ]
            .concat(),
        ),
        p("Text"),
        list(
            r#"text:style-name="L" text:continue-numbering="true""#,
            &(item(&list("", &item(&p("deeper")))) + &item(&p("three")) + r#"<text:list-item text:start-value="9"><text:p>nine</text:p></text:list-item>"#),
        ),
        list(r#"text:style-name="L""#, &item(&p("anew"))),
        list("", &item(&p("of no style"))),
    ]
    .concat();
    let bytes = open_document("application/vnd.oasis.opendocument.text", &body, styles);
    assert_eq!(
        read("a.odt", &bytes).text(),
        "1 Term\n\n1.1 Start\n\nNo number\n\nPreface\n1. one\nmore\n(a) inner\nbullet\n2. two\n(a) again\n\nText\n(b) deeper\n3. three\n\
            9. nine\n1. anew\nof no style"
    );
}

#[test]
fn raised_digits_of_opendocument_are_told_from_numbers() {
    let style = |name: &str, more: &str, position: &str| {
        format!(r#"<style:style style:name="{name}" {more}><style:text-properties {position}/></style:style>"#)
    };
    let styles = [
        style("High", "", r#"style:text-position="super 58%""#),
        style("T1", r#"style:parent-style-name="High""#, ""),
        style("T2", "", r#"style:text-position="33% 100%""#),
        style("Low", "", r#"style:text-position="sub 58%""#),
        style("Flat", "", r#"style:text-position="0% 100%""#),
    ]
    .concat();
    let span = |style: &str, text: &str| format!(r#"<text:span text:style-name="{style}">{text}</text:span>"#);
    let paragraph = format!(
        "<text:p>10{}5 m{} 10{}{} 2024{} 10{}</text:p>",
        span("T1", &span("Bold", "6")),
        span("High", "2"),
        span("T2", "-3"),
        span("Low", "7"),
        span(
            "High",
            "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>A note</text:p></text:note-body></text:note>"
        ),
        span("High", &span("Flat", "5")),
    );
    let text = open_document("application/vnd.oasis.opendocument.text", &paragraph, &styles);
    assert_eq!(read("a.odt", &text).text(), "10^6 5 m2 10^-3 7 2024 105\n\nA note");
    let cell = |paragraph: &str| {
        format!("<table:table-row><table:table-cell>{paragraph}</table:table-cell></table:table-row>")
    };
    let sheet = format!(
        r#"<table:table table:name="S">{}{}</table:table>"#,
        cell(&paragraph),
        cell("<text:p>7</text:p>")
    );
    let sheet = open_document("application/vnd.oasis.opendocument.spreadsheet", &sheet, &styles);
    assert!(
        read("a.ods", &sheet).text().contains("10^6 5 m2 10^-3 7 2024"),
        "{}",
        read("a.ods", &sheet).text()
    );
}

#[test]
fn a_sheets_comments_and_boxes_stand_behind_its_table() {
    let body = r#"<table:table table:name="S"><table:shapes><draw:frame><text:p>In a box</text:p></draw:frame></table:shapes>
        <table:table-row><table:table-cell><text:p>Key</text:p></table:table-cell><table:table-cell><office:annotation><dc:creator>Bob</dc:creator><text:p>Check this</text:p></office:annotation><text:p>Value</text:p></table:table-cell></table:table-row></table:table>"#;
    let bytes = open_document("application/vnd.oasis.opendocument.spreadsheet", body, "");
    assert_eq!(
        read("a.ods", &bytes).text(),
        "S\n\nKey | Value\n\nIn a box\n\nCheck this"
    );
}

#[test]
fn prompts_of_a_master_slide_are_not_on_any() {
    let master = r#"<style:master-page><draw:frame presentation:class="title" presentation:placeholder="true"><text:p>Click to add title</text:p></draw:frame><draw:frame><text:p>Confidential</text:p></draw:frame><draw:frame><text:p>&lt;number&gt;</text:p></draw:frame></style:master-page>"#;
    let bytes = open_document(
        "application/vnd.oasis.opendocument.presentation",
        "<draw:page><draw:frame><text:p>One</text:p></draw:frame></draw:page>",
        master,
    );
    assert_eq!(read("a.odp", &bytes).text(), "One\n\nConfidential");
}

#[test]
fn a_mail_whose_plain_form_is_empty_is_read_from_its_other_form() {
    let mail = b"From: a@b.c\r\nSubject: Hello\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/plain\r\n\r\n \r\n--x\r\nContent-Type: text/html\r\n\r\n<p>The words</p>\r\n--x--\r\n";
    assert_eq!(read("a.eml", mail).text(), "Hello\n\nFrom: a@b.c\n\nThe words");
}

#[test]
fn a_mail_whose_plain_form_is_a_stub_is_read_from_its_other_form() {
    let mail = |plain: &str, html: &str| {
        format!(
            "Subject: Hello\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n\
            --x\r\nContent-Type: text/plain\r\n\r\n{plain}\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>{html}</p>\r\n--x--\r\n"
        )
    };
    let body = "The whole offer. ".repeat(20);
    let stub = read("a.eml", mail("Your mail program shows no HTML.", &body).as_bytes()).text();
    assert!(stub.contains("The whole offer") && !stub.contains("no HTML"), "{stub}");
    for (plain, html) in [
        ("Plain offer. ".repeat(10), &body),
        ("Plain offer. ".repeat(50), &body.repeat(10)),
    ] {
        let text = read("a.eml", mail(&plain, html).as_bytes()).text();
        assert!(text.contains("Plain offer.") && !text.contains("whole"), "{text}");
    }
}

#[test]
fn an_outlook_mail_whose_plain_form_is_a_stub_is_read_from_its_other_form() {
    let mail = |plain: &str, html: &str| {
        let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).expect("memory");
        for (name, text) in [("/__substg1.0_1000001E", plain), ("/__substg1.0_10130102", html)] {
            let mut stream = file.create_stream(name).expect("a new stream");
            std::io::Write::write_all(&mut stream, text.as_bytes()).expect("memory");
        }
        file.create_stream("/__properties_version1.0").expect("a new stream");
        file.into_inner().into_inner()
    };
    let body = format!("<p>{}</p>", "The whole offer. ".repeat(20));
    assert!(
        read("a.msg", &mail("View in a browser.", &body))
            .text()
            .starts_with("The whole offer.")
    );
    assert_eq!(read("a.msg", &mail("Plain.", "<p>The same.</p>")).text(), "Plain.");
}

#[test]
fn a_mail_in_an_encoding_it_does_not_name_is_readable() {
    let mail = b"From: J\xfcrgen <a@b.c>\r\nSubject: Gr\xfc\xdfe\r\n\r\nSch\xf6ne Gr\xfc\xdfe aus K\xf6ln\r\n";
    let text = read("a.eml", mail).text();
    assert!(
        text.starts_with("Grüße\n\nFrom: Jürgen <a@b.c>") && text.ends_with("Schöne Grüße aus Köln"),
        "{text}"
    );
}

#[test]
fn a_forwarded_mail_is_read_behind_the_one_that_brought_it() {
    let mail = b"From: a@b.c\r\nSubject: Fwd\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n\
        From: d@e.f\r\nSubject: Offer\r\n\r\nTen pounds.\r\n--x--\r\n";
    let text = read("a.eml", mail).text();
    assert!(
        text.ends_with("Attachments: Offer\n\nOffer\n\nFrom: d@e.f\n\nTen pounds."),
        "{text}"
    );
}

#[test]
fn a_mail_cut_short_keeps_what_came() {
    let mail = b"From: a@b.c\r\nSubject: Cut\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n\
        --x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nVGhlIHdvcmRzIG9mIGl0\r\nVGhlI";
    let text = read("a.eml", mail).text();
    assert!(text.contains("The words of it"), "{text}");
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
