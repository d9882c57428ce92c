//! What cells of Excel show, and what a damaged one costs.

use super::build::{package_relationship, relationships, workbook, zip};
use super::read;
use docmind_core::document::DocumentState;

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
fn merged_cells_in_one_xml_file_leave_values_under_their_columns() {
    let cell = |attributes: &str, kind: &str, text: &str| {
        format!(r#"<Cell {attributes}><Data ss:Type="{kind}">{text}</Data></Cell>"#)
    };
    let rows = [
        [
            cell(r#"ss:MergeAcross="1""#, "String", "Name"),
            cell("", "String", "From"),
        ]
        .concat(),
        ["Ada", "L."].map(|text| cell("", "String", text)).concat() + &cell("", "DateTime", "1899-12-31T08:30:00.000"),
        cell("", "String", "Bob") + &cell(r#"ss:Index="3""#, "DateTime", "2026-11-29T14:00:00.000"),
        cell("", "String", "Eve") + &cell(r#"ss:Index="3""#, "DateTime", "2026-11-29T00:00:00.000"),
    ];
    let rows: String = rows.iter().map(|cells| format!("<Row>{cells}</Row>")).collect();
    let book = format!(
        r#"<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="S"><Table>{rows}</Table></Worksheet></Workbook>"#
    );
    assert_eq!(
        read("a.xls", book.as_bytes()).text(),
        "S\n\nName |  | From\nAda | L. | 08:30:00\nBob |  | 2026-11-29 14:00:00\nEve |  | 2026-11-29"
    );
}

#[test]
fn a_workbook_that_is_read_by_its_parts_has_all_runs_of_its_texts() {
    let sheet = r#"<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><r><t>Tea </t></r><r><t>time</t></r><rPh><t>no</t></rPh></is></c><c r="B1"><v>2.5</v></c></row></sheetData></worksheet>"#;
    let bytes = zip(&[
        ("[Content_Types].xml", br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#),
        ("_rels/.rels", package_relationship("xl/workbook.xml").as_bytes()),
        ("xl/workbook.xml", br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" state="lost" r:id="rId1"/></sheets></workbook>"#),
        ("xl/_rels/workbook.xml.rels", relationships(&[("rId1", "worksheet", "worksheets/sheet1.xml")]).as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ]);
    let read = read("a.xlsx", &bytes);
    assert_eq!(read.text(), "S\n\nTea time | 2.5");
    assert!(read.warnings[0].contains("damaged"), "{:?}", read.warnings);
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
fn merged_rows_that_name_columns_together_are_one_header() {
    let text = |place: &str, text: &str| format!(r#"<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>"#);
    let workbook = |corner: &str, merged: &[&str]| {
        let rows = [
            text("A1", "Prices"),
            text("A2", "Region") + r#"<c r="B2"><v>2025</v></c><c r="C2"/>"#,
            corner.to_owned() + &text("B3", "Q1") + &text("C3", "Q2"),
            text("A4", "North") + r#"<c r="B4"><v>7</v></c><c r="C4"><v>8</v></c>"#,
        ];
        let rows: String = rows.iter().map(|cells| format!("<row>{cells}</row>")).collect();
        let merged: String = merged
            .iter()
            .map(|group| format!(r#"<mergeCell ref="{group}"/>"#))
            .collect();
        let sheet = format!(
            r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData><mergeCells>{merged}</mergeCells></worksheet>"#
        );
        zip(&[
            ("[Content_Types].xml", br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#),
            ("_rels/.rels", package_relationship("xl/workbook.xml").as_bytes()),
            ("xl/workbook.xml", br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#),
            ("xl/_rels/workbook.xml.rels", relationships(&[("rId1", "worksheet", "worksheets/sheet1.xml")]).as_bytes()),
            ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ])
    };
    let joined = read("a.xlsx", &workbook("", &["A1:C1", "A2:A3", "B2:C2"]));
    let page = &joined.pages[0];
    assert_eq!(
        page.text,
        "S\n\nPrices\n\nRegion | 2025 / Q1 | 2025 / Q2\nNorth | 7 | 8"
    );
    assert_eq!(
        page.tables[0].header.slice(&page.text),
        "Region | 2025 / Q1 | 2025 / Q2"
    );
    let apart = "S\n\nPrices\n\nRegion | 2025\n| Q1 | Q2\nNorth | 7 | 8";
    assert_eq!(read("a.xlsx", &workbook("", &[])).text(), apart);
    assert_eq!(
        read("a.xlsx", &workbook("", &["C9:A1"])).text(),
        apart,
        "it ends before it begins"
    );
    assert_eq!(
        read("a.xlsx", &workbook(&text("A3", "in EUR"), &["A2:A3", "B2:C2"])).text(),
        "S\n\nPrices\n\nRegion | 2025\nin EUR | Q1 | Q2\nNorth | 7 | 8",
        "what stands in a merged cell all the same is not lost"
    );
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
fn formulas_that_nobody_has_calculated_are_told() {
    let row = r#"<row r="1"><c r="A1"><v>7</v></c><c r="B1"><f>A1*2</f><v></v></c><c r="C1"><f>A1*3</f></c><c r="D1"><f>A1*4</f><v>28</v></c><c r="E1" t="str"><f>IF(A1,"","x")</f><v></v></c><c r="F1"/></row>"#;
    let read = read("a.xlsx", &workbook(row, None));
    assert_eq!(read.text(), "S\n\n7 | 28");
    assert!(
        read.warnings[0].contains("calculated are missing: 2."),
        "{:?}",
        read.warnings
    );
}

#[test]
fn threads_of_comments_are_read_once() {
    let comment = |author: u8, text: &str| {
        format!(r#"<comment ref="A1" authorId="{author}"><text><r><t>{text}</t></r></text></comment>"#)
    };
    let comments = format!(
        "<comments><authors><author>tc={{1-2}}</author><author>Ada</author><author>tc={{9-9}}</author></authors><commentList>{}{}{}</commentList></comments>",
        comment(
            0,
            "[Threaded comment] Your version of Excel allows you to read this. Comment: Too high?"
        ),
        comment(1, "Checked"),
        comment(2, "of a thread that is lost"),
    );
    let thread = |id: &str, text: &str| {
        format!(r#"<threadedComment ref="A1" personId="p" id="{id}"><text>{text}</text></threadedComment>"#)
    };
    let threads = format!(
        "<ThreadedComments>{}{}</ThreadedComments>",
        thread("{1-2}", "Too high?"),
        thread("{3-4}", "No.")
    );
    let drawing = "<xdr:wsDr><mc:AlternateContent><mc:Choice/><mc:Fallback><xdr:sp><xdr:txBody><a:p><a:r><a:t>This shape represents a slicer</a:t></a:r></a:p></xdr:txBody></xdr:sp></mc:Fallback></mc:AlternateContent></xdr:wsDr>";
    let related = relationships(&[
        ("rId1", "comments", "../comments1.xml"),
        ("rId2", "threadedComment", "../threadedComments/t1.xml"),
        ("rId3", "drawing", "../drawings/drawing1.xml"),
    ]);
    let bytes = zip(&[
        ("[Content_Types].xml", br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#),
        ("_rels/.rels", package_relationship("xl/workbook.xml").as_bytes()),
        ("xl/workbook.xml", br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#),
        ("xl/_rels/workbook.xml.rels", relationships(&[("rId1", "worksheet", "worksheets/sheet1.xml")]).as_bytes()),
        ("xl/worksheets/sheet1.xml", br#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1"><v>7</v></c></row></sheetData></worksheet>"#),
        ("xl/worksheets/_rels/sheet1.xml.rels", related.as_bytes()),
        ("xl/comments1.xml", comments.as_bytes()),
        ("xl/threadedComments/t1.xml", threads.as_bytes()),
        ("xl/drawings/drawing1.xml", drawing.as_bytes()),
    ]);
    assert_eq!(
        read("a.xlsx", &bytes).text(),
        "S\n\n7\n\nToo high?\n\nNo.\n\nChecked\n\nof a thread that is lost"
    );
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
    let row = format!(r#"<row r="1">{cells}</row>"#);
    let bytes = workbook(&row, Some(&strings));
    assert_eq!(
        read("a.xlsx", &bytes).text(),
        "S\n\n10^6 5 m2 | 2024 | 2024 | see1",
        "what could be either stays as it is"
    );
}

#[test]
fn what_is_printed_above_and_below_a_sheet_is_read_once() {
    let margins = r#"<headerFooter differentFirst="1"><oddHeader>&amp;L&amp;"Arial,Bold"Genet &amp;&amp; Civet&amp;RPage &amp;P</oddHeader><evenFooter>never shown</evenFooter><firstFooter>&amp;CSecret</firstFooter></headerFooter>"#;
    let sheet = |cells: &str| {
        format!(
            r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{cells}</sheetData>{margins}<drawing/></worksheet>"#
        )
    };
    let row = |value: u8| format!(r#"<row r="1"><c r="A1"><v>{value}</v></c></row>"#);
    let bytes = zip(&[
        ("[Content_Types].xml", br#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#),
        ("_rels/.rels", package_relationship("xl/workbook.xml").as_bytes()),
        ("xl/workbook.xml", br#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/><sheet name="T" sheetId="2" r:id="rId2"/><sheet name="U" sheetId="3" r:id="rId3"/></sheets></workbook>"#),
        ("xl/_rels/workbook.xml.rels", relationships(&[("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId2", "worksheet", "worksheets/sheet2.xml"), ("rId3", "worksheet", "worksheets/sheet3.xml")]).as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet("").as_bytes()),
        ("xl/worksheets/sheet2.xml", sheet(&row(7)).as_bytes()),
        ("xl/worksheets/sheet3.xml", sheet(&row(8)).as_bytes()),
    ]);
    assert_eq!(
        read("a.xlsx", &bytes).text(),
        "\u{c}T\n\n7\n\nGenet & Civet\n\nSecret\u{c}U\n\n8"
    );
    let book = r#"<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" xmlns:x="urn:schemas-microsoft-com:office:excel"><Worksheet ss:Name="S"><Table><Row><Cell><Data ss:Type="Number">7</Data></Cell></Row></Table><WorksheetOptions><PageSetup><Header x:Data="&amp;CSecret"/></PageSetup></WorksheetOptions></Worksheet></Workbook>"#;
    assert_eq!(read("a.xls", book.as_bytes()).text(), "S\n\n7\n\nSecret");
}

#[test]
fn cells_in_one_xml_file_have_the_style_of_their_row_or_column() {
    let cell = r#"<Cell><Data ss:Type="Number">0.5</Data></Cell>"#;
    let own = cell.replace("<Cell>", r#"<Cell ss:StyleID="plain">"#);
    let style = |name: &str, code: &str| format!(r#"<Style ss:ID="{name}"><NumberFormat ss:Format="{code}"/></Style>"#);
    let styles = style("percent", "0%") + &style("euro", "[$€-407]0.0") + &style("plain", "General");
    let book = format!(
        r#"<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Styles>{styles}</Styles><Worksheet ss:Name="S"><Table>
        <Column ss:Width="90"/><Column ss:StyleID="percent" ss:Span="1"/><Row>{}</Row><Row ss:StyleID="euro">{cell}{cell}{own}</Row></Table></Worksheet></Workbook>"#,
        cell.repeat(4)
    );
    assert_eq!(
        read("a.xls", book.as_bytes()).text(),
        "S\n\n0.5 | 50% | 50% | 0.5\n€0.5 | €0.5 | 0.5"
    );
}

#[test]
fn numbers_in_one_xml_file_are_shown_in_the_format_of_their_cells() {
    let cell = |style: &str, number: &str| {
        format!(r#"<Cell ss:StyleID="{style}"><Data ss:Type="Number">{number}</Data></Cell>"#)
    };
    let row = cell("p", "0.07")
        + &cell("child", "0.25")
        + &cell("e", "1234.5")
        + &cell("none", "0.30000000000000004")
        + &cell("e", "n/a");
    let book = format!(
        r#"<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Styles><Style ss:ID="p"><NumberFormat ss:Format="Percent"/></Style><Style ss:ID="child" ss:Parent="p"><Font/></Style><Style ss:ID="e"><NumberFormat ss:Format="[$€-407]\ #,##0.00"/></Style></Styles><Worksheet ss:Name="S"><Table><Row>{row}</Row></Table></Worksheet></Workbook>"#
    );
    assert_eq!(
        read("a.xls", book.as_bytes()).text(),
        "S\n\n7% | 25% | €1234.5 | 0.30000000000000004 | n/a"
    );
}
