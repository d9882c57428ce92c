//! What is cut from a text, and that what is wanted is among it.

use super::runs::LONGEST_WORD;
use super::*;

fn columns(language: Option<&str>, text: &str) -> Columns {
    Analyzer::new(language).columns(text)
}

#[test]
fn words_are_folded_and_stemmed_in_their_language() {
    let english = columns(Some("en"), "Newton’s LAWS: running, ISO-9001 Ångström");
    assert_eq!(english.plain, "newton s laws running iso 9001 angstrom");
    assert_eq!(english.stems, "newton law run iso 9001 angstrom angstroem");
    assert_eq!(english.spelled, "newton s laws running iso 9001 angstroem");
    let french = columns(Some("fr"), "L'homme mangeait");
    assert_eq!(french.plain, "l homme mangeait");
    assert_eq!(french.stems, "homm mang");
    let polish = columns(Some("pl"), "Żółty dom");
    assert_eq!(polish.stems, "zolty dom");
}

#[test]
fn umlauts_are_found_both_ways() {
    let german = columns(Some("de"), "Straße Müller");
    assert_eq!(german.plain, "strasse muller");
    assert_eq!(german.spelled, "strasse mueller");
    let languages = [Some("de".to_owned())];
    let typed = wanted_words("Mueller", &languages);
    assert!(
        german
            .stems
            .split(' ')
            .any(|stem| typed[0].stems.iter().any(|wanted| wanted == stem))
    );
    let plain = columns(Some("de"), "Mueller");
    let typed = wanted_words("Müller", &languages);
    assert!(
        plain
            .stems
            .split(' ')
            .any(|stem| typed[0].stems.iter().any(|wanted| wanted == stem)),
        "{typed:?} {plain:?}"
    );
    assert_eq!(wanted_phrase("Herr Müller"), ["herr muller", "herr mueller"]);
    assert_eq!(columns(Some("fi"), "yö").spelled, "");
}

#[test]
fn scripts_without_spaces_are_found_by_substring() {
    assert_eq!(columns(None, "東京都 tower").plain, "東京 京都 都 tower");
    assert_eq!(wanted_phrase("京都"), ["京都"]);
    assert_eq!(wanted_phrase("東京 tower"), ["東京 京 tower"]);
    assert_eq!(wanted_words("都", &[None])[0].exact, ["都*"]);
    let forms = |term| -> Vec<String> {
        let wanted = wanted_words(term, &[None]).into_iter();
        wanted.flat_map(|wanted| wanted.exact).collect()
    };
    assert_eq!(forms("図書館"), ["図書 書館"]);
    assert_eq!(
        forms("東京の図書館はタワーですか")[1..],
        ["東京", "図書 書館", "タワ ワー"]
    );
    assert_eq!(forms("公共交通"), ["公共 共交 交通", "公共", "共交", "交通"]);
    assert_eq!(forms("지붕이"), ["지붕 붕이", "지붕", "붕이"]);
    let arabic = columns(Some("ar"), "الكِتَاب");
    assert!(arabic.plain.contains(&wanted_phrase("كتاب")[0]), "{arabic:?}");
    let thai = columns(Some("th"), "ประเทศไทย");
    assert!(thai.plain.contains(&wanted_phrase("ไทย")[0]), "{thai:?}");
    let korean = columns(Some("ko"), "한국어를");
    assert!(korean.plain.contains(&wanted_phrase("한국어")[0]), "{korean:?}");
}

#[test]
fn compatibility_forms_and_invisible_marks_fold_away() {
    assert_eq!(
        columns(None, "ﬁnance co\u{ad}operate ⑴ ＡＢＣ ½").plain,
        "finance cooperate 1 abc 12"
    );
    assert_eq!(columns(None, "İstanbul").plain, "istanbul");
    assert_eq!(columns(None, "é e\u{301}").plain, "e e");
}

#[test]
fn endless_runs_are_cut() {
    let long = "a".repeat(1000);
    assert!(
        columns(None, &long)
            .plain
            .split(' ')
            .all(|word| word.len() <= LONGEST_WORD)
    );
}

#[test]
fn the_index_holds_only_what_its_tokenizer_keeps_whole() {
    let text: String = (0..0x3000_u32).filter_map(char::from_u32).collect();
    let columns = columns(None, &text);
    for column in [&columns.plain, &columns.stems, &columns.spelled] {
        assert!(
            !column
                .chars()
                .any(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && c != ' ')
        );
    }
}

/// Whether the columns of a text have the whole of what a term looks for.
fn finds(language: &str, text: &str, term: &str) -> bool {
    let columns = columns(Some(language), text);
    let has = |column: &str, words: &str| format!(" {column} ").contains(&format!(" {words} "));
    let wanted = wanted_words(term, &[Some(language.to_owned())]);
    !wanted.is_empty()
        && wanted.iter().all(|wanted| {
            wanted
                .exact
                .iter()
                .any(|words| has(&columns.plain, words) || has(&columns.spelled, words))
                || wanted.stems.iter().any(|stem| has(&columns.stems, stem))
        })
}

#[test]
fn names_with_signs_are_words_of_their_own() {
    let text = "Written in C#, C++17 and F# for .NET, called from C.";
    assert_eq!(
        columns(None, text).plain,
        "written in csharp cplusplus 17 and fsharp for dotnet called from c"
    );
    for name in ["C#", "c++", "F#", ".NET", "C"] {
        assert!(finds("en", text, name), "{name}");
    }
    assert!(!finds("en", "C is older.", "C#") && !finds("en", "C# is newer.", "C"));
    assert!(!finds("en", "Their net income", ".NET"));
    assert_eq!(wanted_phrase("the C# compiler"), ["the csharp compiler"]);
}

#[test]
fn german_women_are_found_in_the_singular_and_the_plural() {
    for (text, term) in [
        ("Die Lehrerinnen streiken.", "Lehrerin"),
        ("Die Lehrerin streikt.", "Lehrerinnen"),
        ("Zwei Ärztinnen kamen.", "Ärztin"),
        ("Eine Ärztin kam.", "Aerztinnen"),
        ("Wir gewinnen.", "Gewinn"),
    ] {
        assert!(finds("de", text, term), "{text} {term}");
    }
    // The plain word is kept, and other languages and short words as they are.
    assert_eq!(columns(Some("de"), "Lehrerinnen").plain, "lehrerinnen");
    assert_eq!(columns(Some("de"), "Spinnen").stems, "spinn");
    assert_eq!(columns(Some("en"), "Lehrerinn").stems, "lehrerinn");
}

#[test]
fn hebrew_words_are_found_with_and_without_particles() {
    for (text, term) in [
        ("הספרייה הישנה", "ספרייה"),
        ("ספרייה ישנה", "בספרייה"),
        ("ושבבית", "בית"),
        ("והממשלה", "ממשלה"),
        ("כשהתקציב", "לתקציב"),
    ] {
        assert!(finds("he", text, term), "{text} {term}");
    }
    assert!(!finds("he", "הספרייה הישנה", "ספר"));
    assert_eq!(columns(None, "הספרייה").plain, "הספרייה");
}

#[test]
fn codes_and_numbers_are_looked_for_as_they_may_be_written() {
    assert_eq!(
        columns(None, "DE89 3704 0044 0532 0130 00, AX-4711-B").stems,
        "de89 3704 0044 0532 0130 00 ax 4711 b de89370400440532013000"
    );
    let wanted = |code: &str| {
        let wanted = wanted_code(code);
        (wanted.exact, wanted.stems)
    };
    let expected = |exact: &[&str], stems: &[&str]| {
        let owned = |list: &[&str]| list.iter().map(|form| (*form).to_owned()).collect::<Vec<_>>();
        (owned(exact), owned(stems))
    };
    assert_eq!(wanted("AX-4711-B"), expected(&["ax 4711 b"], &["ax4711b"]));
    assert_eq!(wanted("AX4711B"), expected(&["ax 4711 b"], &[]));
    assert_eq!(wanted("1 234,56"), expected(&["1234 56", "1 234 56"], &[]));
    assert_eq!(wanted("1234"), expected(&["1 234"], &[]));
    assert_eq!(wanted("1,234"), expected(&["1 234"], &["1234"]));
    assert_eq!(wanted("3.5mm"), expected(&["3 5mm"], &[]));
    assert_eq!(wanted("a1b2c3d").0.last().map(String::as_str), Some("a1b2c3d*"));
    for word in ["17", "a1b2c3", "defaced", "x15"] {
        assert!(
            wanted_code(word).exact.iter().all(|form| !form.ends_with('*')),
            "{word}"
        );
    }
    assert!(wanted_code("17").is_empty());
}
