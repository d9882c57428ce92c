//! What names the columns of a table, in every format that says so.

use super::build::{docx, open_document, paragraph};
use super::read;

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
fn tables_in_text_boxes_keep_their_rows() {
    let word = |rows: &[&[&str]]| {
        let cell = |text: &&str| format!("<w:tc>{}</w:tc>", paragraph(text));
        let row = |cells: &&[&str]| format!("<w:tr>{}</w:tr>", cells.iter().map(cell).collect::<String>());
        format!("<w:tbl>{}</w:tbl>", rows.iter().map(row).collect::<String>())
    };
    let prices: [&[&str]; 2] = [&["Name", "Price"], &["Tea", "5"]];
    let boxed = |inside: &str| {
        format!("<w:p><w:r><w:t>Above</w:t><w:txbxContent>{inside}</w:txbxContent><w:t> it</w:t></w:r></w:p>")
    };
    let body = boxed(&(word(&prices) + &paragraph("below"))) + &paragraph("next");
    let office_cell = |text: &&str| format!("<table:table-cell><text:p>{text}</text:p></table:table-cell>");
    let office_row = |cells: &&[&str]| {
        let cells: String = cells.iter().map(office_cell).collect();
        format!("<table:table-row>{cells}</table:table-row>")
    };
    let rows: String = prices.iter().map(office_row).collect();
    let office = format!(
        "<text:p>Above<draw:frame><draw:text-box><table:table>{rows}</table:table><text:p>below</text:p></draw:text-box></draw:frame> it</text:p>\
        <text:p>next</text:p>"
    );
    for (name, bytes) in [
        ("a.docx", docx(&body)),
        (
            "a.odt",
            open_document("application/vnd.oasis.opendocument.text", &office, ""),
        ),
    ] {
        assert_eq!(
            read(name, &bytes).text(),
            "Above it\n\nName | Price\nTea | 5\n\nbelow\n\nnext",
            "{name}"
        );
    }
    let frame = boxed(&word(&[&["one"], &["two"]]));
    assert_eq!(read("a.docx", &docx(&frame)).text(), "Above it\n\none\n\ntwo");
    let outer = format!(
        "<w:tbl><w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr></w:tbl>",
        boxed(&word(&prices)),
        paragraph("b")
    );
    assert_eq!(
        read("a.docx", &docx(&outer)).text(),
        "Above it Name | Price Tea | 5 | b"
    );
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
