//! What OpenDocument keeps beside running text, and what it leaves out.

use super::build::{NAMESPACES, open_document, zip};
use super::read;

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

/// A document with objects: (folder, kind, content).
fn with_objects(kind: &str, body: &str, objects: &[(&str, &str, &str)]) -> Vec<u8> {
    let content =
        format!("<office:document-content {NAMESPACES}><office:body>{body}</office:body></office:document-content>");
    let entries: String = objects
        .iter()
        .map(|(folder, kind, _)| {
            format!(r#"<manifest:file-entry manifest:full-path="{folder}/" manifest:media-type="application/vnd.oasis.opendocument.{kind}"/>"#)
        })
        .collect();
    let manifest = format!(
        r#"<manifest:manifest><manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>{entries}</manifest:manifest>"#
    );
    let parts: Vec<(String, &str)> = objects
        .iter()
        .map(|(folder, _, content)| (format!("{folder}/content.xml"), *content))
        .collect();
    let mut all = vec![
        ("mimetype", kind.as_bytes()),
        ("content.xml", content.as_bytes()),
        ("META-INF/manifest.xml", manifest.as_bytes()),
    ];
    all.extend(parts.iter().map(|(path, content)| (path.as_str(), content.as_bytes())));
    zip(&all)
}

#[test]
fn formulas_of_opendocument_are_read_in_their_place() {
    let power = "<math xmlns=\"http://www.w3.org/1998/Math/MathML\">\n <semantics>\n  <msup>\n   <mn>10</mn>\n   <mn>6</mn>\n  </msup>\n  \
        <annotation encoding=\"StarMath 5.0\">10^{6}</annotation>\n </semantics>\n</math>";
    let fraction = r#"<!DOCTYPE math:math PUBLIC "-//OpenOffice.org//DTD Modified W3C MathML 1.01//EN" "math.dtd"><math:math xmlns:math="http://www.w3.org/1998/Math/MathML"><math:mfrac><math:mn>1</math:mn><math:mrow><math:mi>a</math:mi><math:mo>+</math:mo><math:mi>b</math:mi></math:mrow></math:mfrac></math:math>"#;
    let objects = [
        ("Object 1", "formula", power),
        ("Formula-2", "formula", fraction),
        ("Object 3", "formula", "<math><mi"),
        ("Object 4", "chart", "<c><text:p>Sales</text:p></c>"),
    ];
    let shown = |href: &str| {
        format!(
            r#"<draw:frame><draw:object xlink:href="{href}"/><draw:image xlink:href="./ObjectReplacements/a"/></draw:frame>"#
        )
    };
    let line = format!(
        "<text:p>It is 2{}5 m, {}{}{}.</text:p>",
        shown("./Object 1"),
        shown("Formula-2"),
        shown("./Object 3"),
        shown("./Object 4")
    );
    let text = read(
        "a.odt",
        &with_objects("application/vnd.oasis.opendocument.text", &line, &objects),
    );
    assert_eq!(text.text(), "It is 2 10^6 5 m, 1/(a+b).");
    assert_eq!(text.warnings.len(), 1, "{:?}", text.warnings);
    assert!(
        text.warnings[0].contains("formula") && text.warnings[0].contains("Object 3"),
        "{:?}",
        text.warnings
    );
    let slide = format!("<draw:page>{}</draw:page>", shown("./Object 1"));
    let slides = with_objects("application/vnd.oasis.opendocument.presentation", &slide, &objects[..1]);
    assert_eq!(read("a.odp", &slides).text(), "10^6");
    let flat = format!(
        r#"<?xml version="1.0"?><office:document {NAMESPACES} office:mimetype="application/vnd.oasis.opendocument.text"><office:body><text:p>It is 2<draw:frame><draw:object>{power}</draw:object></draw:frame>5 m</text:p></office:body></office:document>"#
    );
    assert_eq!(read("a.fodt", flat.as_bytes()).text(), "It is 2 10^6 5 m");
}

#[test]
fn charts_of_opendocument_are_tables_of_what_they_draw() {
    let cell = |inside: &str| format!("<table:table-cell>{inside}</table:table-cell>");
    let row = |cells: &[&str]| {
        let cells: String = cells
            .iter()
            .map(|text| cell(&format!("<text:p>{text}</text:p>")))
            .collect();
        format!("<table:table-row>{cells}</table:table-row>")
    };
    let chart = |rows: &str| {
        let names =
            cell("<text:p/>") + &cell("<text:p>2024</text:p><draw:g><svg:desc>local-table.B2:.B3</svg:desc></draw:g>");
        format!(
            "<office:document-content {NAMESPACES}><office:body><office:chart><chart:chart><chart:title><text:p>Sales</text:p></chart:title>\
            <chart:plot-area><chart:axis><chart:title><text:p>in EUR</text:p></chart:title></chart:axis></chart:plot-area>\
            <table:table table:name=\"local-table\"><table:table-header-rows><table:table-row>{names}</table:table-row></table:table-header-rows>\
            <table:table-rows>{rows}</table:table-rows></table:table></chart:chart></office:chart></office:body></office:document-content>"
        )
    };
    let short = chart(&(row(&["North", "7"]) + &row(&["South", "NaN"])));
    let long = chart(&row(&["x", "1"]).repeat(500));
    let objects = [
        ("Object 1", "chart", short.as_str()),
        ("Object 2", "chart", long.as_str()),
    ];
    let shown = |object: u8| format!(r#"<draw:frame><draw:object xlink:href="./Object {object}"/></draw:frame>"#);
    let line = format!("<text:p>See: {}</text:p><text:p>And {}</text:p>", shown(1), shown(2));
    let text = with_objects("application/vnd.oasis.opendocument.text", &line, &objects);
    let drawn = "Sales\n\nin EUR\n\n| 2024\nNorth | 7\nSouth";
    assert_eq!(
        read("a.odt", &text).text(),
        format!("See:\n\n{drawn}\n\nAnd\n\nSales\n\nin EUR\n\n2024")
    );
    let slide = format!("<draw:page>{}{}</draw:page>", shown(1), shown(1));
    let slides = with_objects("application/vnd.oasis.opendocument.presentation", &slide, &objects);
    let slides = read("a.odp", &slides);
    assert_eq!(slides.text(), drawn);
    let page = &slides.pages[0];
    assert_eq!(page.tables[0].header.slice(&page.text), "| 2024");
    let sheet = format!(
        r#"<table:table table:name="S"><table:table-row><table:table-cell><text:p>7</text:p>{}</table:table-cell></table:table-row></table:table>"#,
        shown(1)
    );
    let sheets = with_objects("application/vnd.oasis.opendocument.spreadsheet", &sheet, &objects);
    // The rest stands in cells.
    assert_eq!(read("a.ods", &sheets).text(), "S\n\n7\n\nSales\n\nin EUR");
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
fn boxes_in_headers_are_read() {
    let header = "<style:master-page><style:header><text:p>Head<draw:frame><draw:text-box><text:p>Civet Ltd.</text:p><text:p>5 High Street</text:p></draw:text-box></draw:frame></text:p></style:header></style:master-page>";
    let bytes = open_document(
        "application/vnd.oasis.opendocument.text",
        "<text:p>Dear Ada</text:p>",
        header,
    );
    assert_eq!(
        read("a.odt", &bytes).text(),
        "Dear Ada\n\nHead\n\nCivet Ltd.\n\n5 High Street"
    );
}

#[test]
fn headers_that_say_but_the_page_are_no_text() {
    let styles = r"<style:master-page><style:header><text:p><text:sheet-name>???</text:sheet-name></text:p></style:header><style:footer><text:p>Page <text:page-number>1</text:page-number></text:p></style:footer></style:master-page>
        <style:master-page><style:header><style:region-left><text:p><text:sheet-name>???</text:sheet-name> (<text:title>???</text:title>)</text:p></style:region-left><style:region-right><text:p><text:date>10/26/2011</text:date>, <text:time>11:13:57</text:time></text:p></style:region-right></style:header>
        <style:footer><text:p>Page <text:page-number>1</text:page-number> / <text:page-count>99</text:page-count></text:p><text:p>Draft, page <text:page-number>1</text:page-number></text:p></style:footer></style:master-page>";
    let sheet = r#"<table:table table:name="S"><table:table-row><table:table-cell><text:p>7</text:p></table:table-cell></table:table-row></table:table>"#;
    let bytes = open_document("application/vnd.oasis.opendocument.spreadsheet", sheet, styles);
    assert_eq!(read("a.ods", &bytes).text(), "S\n\n7\n\nDraft, page");
}

#[test]
fn only_the_title_of_a_slide_is_its_heading() {
    let slide = r#"<draw:page><draw:frame presentation:class="title"><text:p>One</text:p></draw:frame><draw:rect><text:p>Two</text:p></draw:rect></draw:page>"#;
    let bytes = open_document("application/vnd.oasis.opendocument.presentation", slide, "");
    let read = read("a.odp", &bytes);
    let page = &read.pages[0];
    let headings: Vec<&str> = page
        .headings
        .iter()
        .map(|heading| heading.span.slice(&page.text))
        .collect();
    assert_eq!((page.text.as_str(), headings), ("One\n\nTwo", vec!["One"]));
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
