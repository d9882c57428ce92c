//! What Word keeps beside running text, and what it leaves out: text must be neither lost nor doubled.

use super::build::{docx, package_relationship, paragraph, relationships, zip};
use super::read;

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
fn charts_of_later_offices_are_tables_too() {
    let chart = r#"<cx:chartSpace><cx:chartData><cx:data id="0"><cx:strDim type="cat"><cx:lvl><cx:pt idx="0">North</cx:pt></cx:lvl></cx:strDim><cx:numDim type="val"><cx:lvl formatCode="General"><cx:pt idx="0">7</cx:pt></cx:lvl></cx:numDim></cx:data></cx:chartData>
        <cx:chart><cx:title><cx:tx><cx:txData><cx:v>Growth</cx:v></cx:txData></cx:tx></cx:title><cx:plotArea><cx:plotAreaRegion><cx:series layoutId="funnel"><cx:tx><cx:txData><cx:v>2024</cx:v></cx:txData></cx:tx><cx:dataId val="0"/></cx:series></cx:plotAreaRegion></cx:plotArea></cx:chart></cx:chartSpace>"#;
    let bytes = word(
        &paragraph("Text"),
        &[("b", "chartEx", "charts/chartEx1.xml")],
        &[("word/charts/chartEx1.xml", chart)],
    );
    assert_eq!(read("a.docx", &bytes).text(), "Text\n\nGrowth\n\n| 2024\nNorth | 7");
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
fn codes_of_fields_and_hidden_runs_are_no_text() {
    let mark = |kind: &str| format!(r#"<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>"#);
    let code = |code: &str| format!("<w:r><w:instrText>{code}</w:instrText></w:r>");
    let run = |properties: &str, text: &str| format!("<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>");
    let field =
        |inside: &str, result: &str| mark("begin") + inside + &mark("separate") + &run("", result) + &mark("end");
    let name = field(&code("MERGEFIELD Title"), "Dr");
    let condition = code("IF ") + &name + &code(r#" = "" "Dear all" "Dear doctor""#);
    let body = [
        "<w:p>".to_owned(),
        field(&condition, "Dear doctor"),
        run("", ", "),
        name,
        run("<w:vanish/>", " secret"),
        "<w:r><w:rPr><w:vanish/></w:rPr><w:tab/></w:r>".to_owned(),
        run(r#"<w:vanish w:val="0"/>"#, " Ada"),
        "</w:p><w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr>".to_owned(),
        run("", "end"),
        "</w:p>".to_owned(),
    ]
    .concat();
    assert_eq!(read("a.docx", &docx(&body)).text(), "Dear doctor, Dr Ada\n\nend");
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
