//! Search by words.

use super::texts;
use crate::testing::{add, library, vector};
use docmind_core::question::KeywordQuery;

#[test]
fn quoted_phrases_come_first_and_common_words_only_count_alone() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let lines: Vec<String> = (0..60).map(|n| format!("The machine number {n} hums.")).collect();
    let mut pages: Vec<&str> = lines.iter().map(String::as_str).collect();
    pages.push("Pressure relief valve: opens at nine bar.");
    pages.push("Relief of pressure comes from a valve, a valve, a relief valve under pressure.");
    add(&library, "/a.txt", 1, &pages);
    assert_eq!(texts(&library, "\"pressure relief valve\"")[0], pages[60]);
    // `machine` stands in most passages: it is dropped beside a word that tells, and looked for when it is alone.
    assert_eq!(texts(&library, "machine bar"), [pages[60]]);
    assert_eq!(texts(&library, "machine").len(), 10);
    // Where nothing else is asked for, even they count.
    assert_eq!(texts(&library, "what is the").len(), 10);
    assert!(texts(&library, "zebra").is_empty());
    assert!(texts(&library, "machine 17").contains(&pages[17].to_owned()));
    assert!(texts(&library, "\"\" ( * AND NEAR ^ \" col:x").is_empty());
}

#[test]
fn a_code_is_found_however_its_parts_are_joined() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    add(&library, "/a.txt", 1, &["Part AX-4711-B is in stock."]);
    add(&library, "/b.txt", 2, &["Part QZ99/7 is not."]);
    add(&library, "/c.txt", 3, &["Part AX4711C has gone."]);
    for (typed, found) in [
        ("AX4711B", "Part AX-4711-B is in stock."),
        ("ax 4711 b", "Part AX-4711-B is in stock."),
        ("AX-4711-C", "Part AX4711C has gone."),
    ] {
        assert!(texts(&library, typed).iter().any(|text| text == found), "{typed}");
    }
}

#[test]
fn scopes_restrict_both_rankings() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    add(&library, "/a.txt", 1, &["Iron rusts."]);
    let (second, _) = add(&library, "/b.txt", 1, &["Iron melts."]);
    let hits = library
        .keyword_search(&KeywordQuery::parse("iron"), 10, Some(&[second]))
        .unwrap();
    assert_eq!(library.chunks(&[hits[0].id]).unwrap()[0].text, "Iron melts.");
    assert_eq!(hits.len(), 1);
    assert_eq!(
        library.exact_search(&vector("x"), 10, Some(&[second])).unwrap().len(),
        1
    );
    assert_eq!(library.exact_search(&vector("x"), 10, Some(&[])).unwrap(), []);
}

#[test]
fn scripts_without_spaces_are_found_by_any_part_and_by_questions() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let chinese = "东京都的人口超过一千三百万。市政府计划修建新的图书馆，并改善公共交通系统。";
    let japanese = "委員会は古い図書館の屋根を修理することに決めました。お茶も出ます。";
    let korean = "위원회는 오래된 도서관의 지붕을 고치기로 결정했습니다.";
    let thai = "คณะกรรมการตัดสินใจซ่อมหลังคาห้องสมุดเก่า";
    for (name, text) in [("zh", chinese), ("ja", japanese), ("ko", korean), ("th", thai)] {
        add(&library, &format!("/{name}.txt"), 1, &[text]);
    }
    for (query, text) in [
        ("东京", chinese),
        ("京都", chinese),
        ("人口", chinese),
        ("公共交通系统", chinese),
        ("市政府什么时候修建图书馆？", chinese),
        ("図書館", japanese),
        ("屋根", japanese),
        ("茶", japanese),
        ("図書館の屋根はいつ修理されますか", japanese),
        ("도서관", korean),
        ("지붕이", korean),
        ("ห้องสมุด", thai),
        ("หลังคา", thai),
    ] {
        assert_eq!(texts(&library, query), [text], "{query}");
    }
    assert!(texts(&library, "火山").is_empty());
}
