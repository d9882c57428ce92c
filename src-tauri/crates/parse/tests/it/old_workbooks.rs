//! Workbooks of Excel 97 to 2003, record by record.

use super::read;
use docmind_core::document::DocumentState;
use std::io::{Cursor, Write};

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes(), &(data.len() as u16).to_le_bytes(), data].concat()
}

/// Numbers of two bytes in a row.
fn shorts(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn begin(kind: u16) -> Vec<u8> {
    record(0x0809, &shorts(&[0x0600, kind, 0, 0, 0, 0, 0, 0]))
}

/// A text with two bytes a character, its length in two.
fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    [shorts(&[units.len() as u16]), vec![1], shorts(&units)].concat()
}

/// A format, and what says of cells that they have one.
fn format(number: u16, code: &str) -> Vec<u8> {
    record(0x041e, &[shorts(&[number]), wide(code)].concat())
}

fn looks(formats: &[u16]) -> Vec<u8> {
    formats
        .iter()
        .flat_map(|format| record(0x00e0, &shorts(&[0, *format, 0, 0])))
        .collect()
}

fn number(row: u16, column: u16, look: u16, value: f64) -> Vec<u8> {
    record(
        0x0203,
        &[shorts(&[row, column, look]), value.to_le_bytes().to_vec()].concat(),
    )
}

fn label(row: u16, column: u16, text: &str) -> Vec<u8> {
    record(0x0204, &[shorts(&[row, column, 0]), wide(text)].concat())
}

/// A workbook with this among what all share, and sheets `S` with these records.
fn book(shared: &[u8], sheets: &[Vec<u8>]) -> Vec<u8> {
    let bound = |place: usize| {
        let place = place as u32;
        record(0x0085, &[&place.to_le_bytes()[..], &[0, 0, 1, 0], b"S"].concat())
    };
    let end = record(0x000a, &[]);
    let globals = [begin(5), shared.to_vec()].concat();
    let mut place = globals.len() + sheets.len() * bound(0).len() + end.len();
    let (mut bounds, mut behind) = (Vec::new(), Vec::new());
    for sheet in sheets {
        let sheet = [begin(0x10), sheet.clone(), end.clone()].concat();
        bounds.extend(bound(place));
        place += sheet.len();
        behind.extend(sheet);
    }
    let stream = [globals, bounds, end, behind].concat();
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).expect("memory");
    let mut into = file.create_stream("/Workbook").expect("a new stream");
    into.write_all(&stream).expect("memory");
    drop(into);
    file.into_inner().into_inner()
}

#[test]
fn numbers_are_shown_in_the_format_of_their_cells() {
    let shared = [
        format(164, "dd.mm.yyyy"),
        format(165, "[$€-407]\\ #,##0.00"),
        format(166, "[h]:mm"),
        looks(&[0, 14, 164, 10, 165, 166, 22]),
    ]
    .concat();
    let first = [
        number(0, 0, 1, 45_292.0),
        number(0, 1, 2, 45_292.0),
        number(0, 2, 3, 0.0725),
        number(0, 3, 4, 1_234.5),
        number(0, 4, 5, 1.5),
        number(0, 5, 6, 45_292.5),
        number(0, 6, 0, 45_292.0),
    ]
    .concat();
    assert_eq!(
        read("a.xls", &book(&shared, std::slice::from_ref(&first))).text(),
        "S\n\n2024-01-01 | 2024-01-01 | 7.25% | €1234.5 | 36:00:00 | 2024-01-01 12:00:00 | 45292"
    );
    let since_1904 = [record(0x0022, &shorts(&[1])), shared].concat();
    let read = read("a.xls", &book(&since_1904, &[number(0, 0, 2, 43_830.0)]));
    assert_eq!(read.text(), "S\n\n2024-01-01");
}

#[test]
fn all_kinds_of_cells_are_read_and_what_stands_beside_them() {
    let of_whole = |value: i32| ((value << 2) | 2) as u32;
    let packed = |look: u16, number: u32| [shorts(&[look]), number.to_le_bytes().to_vec()].concat();
    let strings = [vec![0; 8], wide("Item"), wide("Price")].concat();
    let formula = |row: u16, column: u16, result: [u8; 8]| {
        record(
            0x0006,
            &[shorts(&[row, column, 0]), result.to_vec(), vec![0; 8]].concat(),
        )
    };
    let chart = [begin(0x20), label(0, 0, "of a chart"), record(0x000a, &[])].concat();
    let sheet = [
        record(0x0014, &wide("&LThe genet &P")),
        record(0x00fd, &[shorts(&[0, 0, 0]), vec![0; 4]].concat()),
        record(0x00fd, &[shorts(&[0, 1, 0]), 1_u32.to_le_bytes().to_vec()].concat()),
        label(0, 2, "Größe"),
        record(0x027e, &[shorts(&[1, 0]), packed(0, of_whole(-7))].concat()),
        record(
            0x00bd,
            &[
                shorts(&[1, 1]),
                packed(0, of_whole(250) | 1),
                packed(1, of_whole(1)),
                shorts(&[2]),
            ]
            .concat(),
        ),
        chart,
        formula(2, 0, [0, 0, 0, 0, 0, 0, 0xff, 0xff]),
        record(0x0207, &wide("a text")),
        formula(2, 1, [2, 0, 7, 0, 0, 0, 0xff, 0xff]),
        formula(2, 2, 0.5_f64.to_le_bytes()),
        record(0x0205, &[shorts(&[3, 0, 0]), vec![1, 0]].concat()),
        record(0x01b6, &shorts(&[0, 0, 0, 0, 0, 9, 0, 0, 0])),
        record(0x003c, b"\0A comment"),
        record(0x003c, &[0; 16]),
        // Too short to say anything.
        record(0x0203, &[4, 0]),
    ]
    .concat();
    let shared = [looks(&[0, 9]), record(0x00fc, &strings)].concat();
    let read = read("a.xls", &book(&shared, &[sheet]));
    assert_eq!(
        read.text(),
        "S\n\nItem | Price | Größe\n-7 | 2.5 | 100%\na text | #DIV/0! | 0.5\nTRUE\n\nA comment\n\nThe genet"
    );
}

#[test]
fn cells_far_apart_cost_no_memory_between_them() {
    // The size that the sheet says it has is none of its cells.
    let size = record(0x0200, &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0]);
    let sheet = [size, label(0, 0, "first"), label(65_535, 255, "last")].concat();
    let read = read("a.xls", &book(&[], &vec![sheet; 200]));
    assert_eq!((read.state(), read.pages.len()), (DocumentState::Ready, 200));
    assert!(
        read.pages.iter().all(|page| page.text == "S\n\nfirst\n| last"),
        "{}",
        read.text()
    );
}

#[test]
fn an_old_workbook_that_breaks_off_ends() {
    let sheets = [
        label(0, 0, "first"),
        [label(0, 0, "second"), number(1, 0, 0, 7.0)].concat(),
    ];
    let whole = book(&looks(&[0]), &sheets);
    for end in (0..whole.len()).step_by(61) {
        read("a.xls", &whole[..end]);
    }
    let mut lost = whole;
    // Where the second sheet is said to be: behind everything.
    let bounds: Vec<usize> = (0..lost.len() - 4)
        .filter(|at| lost[*at..*at + 4] == [0x85, 0, 9, 0])
        .collect();
    lost[bounds[1] + 6] = 0x7f;
    let read = read("a.xls", &lost);
    assert_eq!((read.text().as_str(), read.failed), ("S\n\nfirst", vec![2]));
}
