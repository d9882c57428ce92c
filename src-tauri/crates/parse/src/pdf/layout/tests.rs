//! Pages laid out by hand.

use super::segments::SegmentBuilder;
use super::{BodySize, Segment, page};
use crate::pdf::glyphs::{Drawn, Glyph};
use docmind_core::document::{Page, Rect};

/// A segment of evenly wide characters, 10 points high.
pub fn segment(text: &str, x: f32, y: f32, width: f32) -> Segment {
    let advance = width / text.chars().count() as f32;
    let mut builder = SegmentBuilder::of_size(10.0);
    for (at, c) in text.chars().enumerate() {
        let x0 = x + at as f32 * advance;
        if c == ' ' {
            builder.end_word(false);
        } else {
            builder.glyphs.push((
                c,
                Rect {
                    x0,
                    y0: y,
                    x1: x0 + advance,
                    y1: y + 10.0,
                },
            ));
        }
    }
    builder.end_segment(false);
    builder.done.remove(0)
}

fn drawn(lines: &[(&str, f32, f32, f32)]) -> Drawn {
    let mut glyphs = Vec::new();
    for &(text, x, y, size) in lines {
        glyphs.push(Glyph::Font { size, bold: false });
        for (at, c) in text.chars().enumerate() {
            let x0 = x + at as f32 * size * 0.5;
            glyphs.push(match c {
                ' ' => Glyph::Space,
                '\u{2}' => Glyph::Hyphen,
                c => Glyph::Drawn {
                    c,
                    rect: Rect {
                        x0,
                        y0: y,
                        x1: x0 + size * 0.5,
                        y1: y + size,
                    },
                },
            });
        }
        if !text.ends_with('\u{2}') {
            glyphs.push(Glyph::LineEnd);
        }
    }
    let overlay = glyphs.len();
    Drawn {
        glyphs,
        overlay,
        size: (600.0, 800.0),
        ..Drawn::default()
    }
}

fn read(lines: &[(&str, f32, f32, f32)]) -> Page {
    page(1, drawn(lines), &mut BodySize::default())
}

#[test]
fn wrapped_lines_become_paragraphs() {
    let page = read(&[
        ("The first paragraph goes over two lines and", 50.0, 50.0, 10.0),
        ("ends here.", 50.0, 62.0, 10.0),
        ("A second one begins after a gap.", 50.0, 90.0, 10.0),
    ]);
    assert_eq!(
        page.text,
        "The first paragraph goes over two lines and ends here.\n\nA second one begins after a gap."
    );
}

#[test]
fn hyphens_at_line_ends_are_undone_except_in_compounds() {
    let page = read(&[
        ("A long line that shows how hyphen\u{2}", 50.0, 50.0, 10.0),
        ("ation is undone, while well-known words and well-", 50.0, 62.0, 10.0),
        (
            "known ones at the end of a line keep theirs, as in the X-",
            50.0,
            74.0,
            10.0,
        ),
        ("Ray.", 50.0, 86.0, 10.0),
    ]);
    assert!(page.text.contains("hyphenation is undone"), "{}", page.text);
    assert!(page.text.contains("words and well-known ones"), "{}", page.text);
    assert!(page.text.ends_with("X-Ray."), "{}", page.text);
}

#[test]
fn a_raised_sign_at_a_line_end_is_no_hyphen() {
    let page = read(&[
        ("A solution that conducts holds a great number of Cl", 50.0, 50.0, 10.0),
        ("-", 305.0, 48.0, 6.0),
        (
            "ions and little else that would be of any interest here",
            50.0,
            62.0,
            10.0,
        ),
    ]);
    assert!(page.text.contains("number of Cl- ions and"), "{}", page.text);
}

#[test]
fn every_word_box_covers_its_word() {
    let page = read(&[("o\u{fb03}ce e\u{301}tat 日本", 50.0, 50.0, 10.0)]);
    let words: Vec<&str> = page.words.iter().map(|word| word.span.slice(&page.text)).collect();
    assert_eq!(words, ["office", "état", "日", "本"]);
    assert!((page.words[0].rect.x0 - 50.0).abs() < 0.01);
}

#[test]
fn larger_lines_are_headings() {
    let page = read(&[
        ("Report", 50.0, 20.0, 20.0),
        (
            "Running text that is longer than its heading and small.",
            50.0,
            60.0,
            10.0,
        ),
    ]);
    assert_eq!(page.headings.len(), 1);
    assert_eq!(page.headings[0].level, 1);
    assert_eq!(page.headings[0].span.slice(&page.text), "Report");
}

#[test]
fn cells_of_a_row_are_parted_by_tabs() {
    let mut input = drawn(&[("Total", 50.0, 50.0, 10.0)]);
    input.glyphs.pop();
    input.glyphs.push(Glyph::Space);
    input.glyphs.push(Glyph::Drawn {
        c: '7',
        rect: Rect {
            x0: 200.0,
            y0: 50.0,
            x1: 205.0,
            y1: 60.0,
        },
    });
    input.overlay = input.glyphs.len();
    assert_eq!(page(1, input, &mut BodySize::default()).text, "Total\t7");
}

#[test]
fn a_value_without_a_drawing_stands_behind_its_label() {
    let mut input = drawn(&[("Name:", 50.0, 50.0, 10.0), ("Town:", 50.0, 70.0, 10.0)]);
    input.values.push((
        "Ada Lovelace".into(),
        Rect {
            x0: 100.0,
            y0: 49.0,
            x1: 200.0,
            y1: 61.0,
        },
    ));
    assert!(
        page(1, input, &mut BodySize::default())
            .text
            .starts_with("Name:\tAda Lovelace")
    );
}

#[test]
fn a_short_value_is_drawn_only_in_its_field() {
    let field = |y0| Rect {
        x0: 100.0,
        y0,
        x1: 200.0,
        y1: y0 + 12.0,
    };
    let mut input = drawn(&[
        ("Form of 2024", 50.0, 20.0, 10.0),
        ("Children:", 50.0, 50.0, 10.0),
        ("Rooms:", 50.0, 80.0, 10.0),
        ("7", 110.0, 80.0, 10.0),
    ]);
    input.values.push(("2".into(), field(49.0)));
    input.values.push(("7".into(), field(79.0)));
    let text = page(1, input, &mut BodySize::default()).text;
    assert!(text.contains("Children: 2") || text.contains("Children:\t2"), "{text}");
    assert_eq!(text.matches('7').count(), 1, "{text}");
}

#[test]
fn a_word_broken_above_a_footnote_goes_on_in_the_next_column() {
    let page = read(&[
        ("The first column ends in the middle of a docu\u{2}", 50.0, 700.0, 10.0),
        ("1 A note in small print below it.", 50.0, 720.0, 8.0),
        ("ment that goes on at the top of the second.", 320.0, 50.0, 10.0),
    ]);
    assert_eq!(
        page.text,
        "The first column ends in the middle of a document that goes on at the top of the second.\n\n1 A note in small print below it."
    );
}

#[test]
fn entries_of_a_table_of_contents_keep_their_lines() {
    let page = read(&[
        (
            "2.1 Mathematics . . . . . . . . . . . . . . . . . . . . 1",
            50.0,
            50.0,
            10.0,
        ),
        (
            "2.2 Lists of things that are counted one by one . . . . 2",
            50.0,
            62.0,
            10.0,
        ),
    ]);
    assert_eq!(page.text.lines().count(), 2, "{}", page.text);
}

#[test]
fn brackets_of_a_line_from_the_right_make_pairs() {
    let drawn_as = read(&[("שלום 15)ב()4( עולם", 50.0, 50.0, 10.0)]);
    assert_eq!(drawn_as.text, "שלום 15(ב)(4) עולם");
    let right_already = read(&[("שלום (עולם) שלום", 50.0, 50.0, 10.0)]);
    assert_eq!(right_already.text, "שלום (עולם) שלום");
}

#[test]
fn characters_set_wide_are_one_word_and_brackets_need_no_space() {
    // Two points between characters of ten: PDFium takes each gap for a space.
    let mut glyphs = vec![Glyph::Font {
        size: 10.0,
        bold: false,
    }];
    for (at, c) in "全世界无产者".chars().enumerate() {
        let x0 = 50.0 + 12.0 * at as f32;
        let rect = Rect {
            x0,
            y0: 50.0,
            x1: x0 + 10.0,
            y1: 60.0,
        };
        glyphs.extend([Glyph::Drawn { c, rect }, Glyph::Space]);
    }
    let overlay = glyphs.len();
    let drawn = Drawn {
        glyphs,
        overlay,
        size: (600.0, 800.0),
        ..Drawn::default()
    };
    assert_eq!(page(1, drawn, &mut BodySize::default()).text, "全世界无产者");
    let page = read(&[
        ("端子又はスプリング式ねじなし端子と称されるもの（以下", 50.0, 50.0, 10.0),
        ("「速結端子（スプリング式ねじなし端子）」という。", 50.0, 62.0, 10.0),
    ]);
    assert!(page.text.contains("（以下「速結"), "{}", page.text);
}

#[test]
fn lines_of_scripts_without_spaces_are_joined_without_one() {
    let line = "日本語の文章は空白を入れずに書かれるので行の終わりにも空白はない";
    let page = read(&[(line, 50.0, 50.0, 10.0), ("検索できる。", 50.0, 62.0, 10.0)]);
    assert_eq!(page.text, format!("{line}検索できる。"));
}

#[test]
fn a_letter_left_over_of_a_wide_word_is_no_item_of_a_list() {
    let page = read(&[
        (
            "Ｏｐｔｉｍｉｚａｔｉｏｎ ｏｆ ｅｘｔｒａｃｔｉｏｎ ａｎｄ ｔｈｅ ｐｒｏｃｅｓ",
            50.0,
            50.0,
            10.0,
        ),
        (
            "ｓ ｏｆ ｔｈｅ ｐｌａｎｔ ｃａｌｌｅｄ Ｒａｄｉｘ ｗｉｔｈ ｎｏ ｍｏｒｅ ｔｈａｎ",
            50.0,
            62.0,
            10.0,
        ),
        ("ａ ｒｅｓｐｏｎｓｅ．", 50.0, 74.0, 10.0),
    ]);
    assert!(page.text.contains("ｐｒｏｃｅｓｓ ｏｆ"), "{}", page.text);
    assert!(page.text.ends_with("ｔｈａｎ ａ ｒｅｓｐｏｎｓｅ．"), "{}", page.text);
    let list = read(&[
        (
            "電線接続端子部が次のいずれにも該当しないときは端子とする。",
            50.0,
            50.0,
            10.0,
        ),
        ("ａ ねじ止め端子であること。", 50.0, 62.0, 10.0),
        ("ｂ ねじなし端子であること。", 50.0, 74.0, 10.0),
    ]);
    assert_eq!(list.text.lines().count(), 3, "{}", list.text);
}
