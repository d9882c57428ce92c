//! Documents of many languages: told apart, found by their words, and a library of which the embedder knows little.

use anyhow::{Context, Result};
use docmind_tests::Library;
use serde_json::Value;
use std::fs;
use std::path::Path;

/// Texts of two sentences by language, written for this test.
const TEXTS: [(&str, &str); 9] = [
    (
        "de",
        "Unsere Straße feiert am Wochenende ein großes Fest, und Herr Müller grillt für alle Gäste. Die Kündigungsfristen der \
         Wohnungen stehen im Vertrag, den die Vermieterin allen Mietern geschickt hat.",
    ),
    (
        "en",
        "The committee met on Thursday to discuss the budget for the coming year, and agreed that the roof of the old library \
         should be repaired before winter.",
    ),
    (
        "fr",
        "Le comité s'est réuni jeudi pour parler du budget de l'année à venir et a décidé que le toit de l'ancienne bibliothèque \
         devait être réparé avant l'hiver. Les enfants mangeaient des pommes.",
    ),
    (
        "ru",
        "Комитет собрался в четверг, чтобы обсудить бюджет на следующий год, и решил, что крышу старой библиотеки нужно \
         отремонтировать до зимы.",
    ),
    (
        "zh",
        "东京都的人口超过一千三百万。市政府计划在明年修建新的图书馆，并改善公共交通系统。",
    ),
    (
        "ja",
        "委員会は木曜日に来年の予算について話し合い、冬になる前に古い図書館の屋根を修理することに決めました。",
    ),
    (
        "ko",
        "위원회는 목요일에 모여 내년 예산을 논의하고 겨울이 오기 전에 오래된 도서관의 지붕을 고치기로 결정했습니다.",
    ),
    (
        "ar",
        "اجتمعت اللجنة يوم الخميس لمناقشة ميزانية العام المقبل، وقررت إصلاح سقف المكتبة القديمة قبل الشتاء، وسيشتري الأعضاء كتابًا جديدًا.",
    ),
    (
        "he",
        "הוועדה התכנסה ביום חמישי כדי לדון בתקציב לשנה הבאה, והחליטה שיש לתקן את הגג של הספרייה הישנה לפני החורף.",
    ),
];

/// One file a language, and what may be looked for: each word finds that file alone.
const WORDS: &[(&str, &[&str])] = &[
    (
        "de",
        &[
            "Strasse",
            "STRASSE",
            "Straßen",
            "gross",
            "Große",
            "Müller",
            "Mueller",
            "Muller",
            "Gast",
            "Gaeste",
            "Feste",
            "Kündigungsfrist",
            "Kuendigungsfrist",
            "Wohnung",
            "Vermieterin",
            "Vermieterinnen",
        ],
    ),
    ("en", &["libraries", "repairing", "agree"]),
    ("fr", &["bibliothèques", "bibliotheque", "enfant", "manger", "pomme"]),
    ("ru", &["библиотека", "крыша"]),
    ("zh", &["图书馆", "东京", "京都", "公共交通", "人口"]),
    ("ja", &["図書館", "屋根", "予算", "木曜"]),
    ("ko", &["도서관", "지붕", "예산"]),
    ("ar", &["المكتبة", "مكتبة", "كتاب", "ميزانية"]),
    ("he", &["ספרייה", "תקציב", "ועדה", "לחורף"]),
];

fn write(folder: &Path, texts: &[(&str, &str)]) -> Result<String> {
    for (language, text) in texts {
        fs::write(folder.join(format!("{language}.txt")), text)?;
    }
    Ok(folder.to_string_lossy().into_owned())
}

fn stem(path: &Value) -> Option<&str> {
    Path::new(path.as_str()?).file_stem()?.to_str()
}

#[test]
fn each_document_has_its_language_and_is_found_by_its_words() -> Result<()> {
    let (library, folder) = (Library::new()?, tempfile::tempdir()?);
    library.ok(&["add", &write(folder.path(), &TEXTS)?])?;
    let listed = library.ok(&["list"])?;
    assert_eq!(listed.lines.len(), TEXTS.len());
    for line in &listed.lines {
        assert_eq!(line["language"].as_str(), stem(&line["path"]), "{line:#}");
    }
    let mut missed = Vec::new();
    for (language, words) in WORDS {
        for word in *words {
            let run = library.ok(&["search", "--mode", "keyword", word])?;
            let results = run.last()["results"].as_array().context("no results")?.clone();
            let found: Vec<_> = results.iter().filter_map(|result| stem(&result["path"])).collect();
            if found != [*language] {
                missed.push(format!("{word} ({language}): {found:?}"));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    Ok(())
}

#[test]
fn text_without_spaces_is_kept_whole() -> Result<()> {
    let (library, folder) = (Library::new()?, tempfile::tempdir()?);
    write(folder.path(), &TEXTS)?;
    for (language, text) in TEXTS {
        let path = folder.path().join(format!("{language}.txt"));
        let run = library.ok(&["extract".as_ref(), path.as_os_str()])?;
        assert_eq!(run.last()["pages"][0]["text"], text);
    }
    Ok(())
}

#[test]
fn a_library_mostly_not_english_says_what_its_embedder_knows() -> Result<()> {
    let (library, folder) = (Library::new()?, tempfile::tempdir()?);
    let notices = || -> Result<Vec<Value>> {
        let doctor = library.ok(&["doctor"])?;
        Ok(doctor.last()["notices"].as_array().context("no notices")?.clone())
    };
    let german = TEXTS[0].1;
    for number in 0..3 {
        fs::write(
            folder.path().join(format!("{number}.txt")),
            format!("{german} {number}"),
        )?;
    }
    let path = folder.path().to_string_lossy().into_owned();
    library.ok(&["add", &path])?;
    assert_eq!(notices()?, Vec::<Value>::new(), "three stray files");

    fs::write(folder.path().join("3.txt"), format!("{german} 3"))?;
    let added = library.ok(&["add", &path])?;
    assert_eq!(added.last()["type"], "summary", "the contract's last line");
    assert_eq!(added.of_type("notice").count(), 0);
    let told = notices()?;
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["code"], "library_language");
    let message = told[0]["message"].as_str().context("no message")?;
    for said in [
        "4 of the 4",
        "German",
        "all-MiniLM-L6-v2",
        "multilingual-e5-small",
        "settings.json",
    ] {
        assert!(message.contains(said), "{said}: {message}");
    }
    // A person is told where they added.
    let output = std::process::Command::new(docmind_tests::bin_dir().join("docmind"))
        .arg("--data-dir")
        .arg(library.path())
        .args(["add", &path])
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("note: Most of this library is not in English"), "{said}");

    // The language of the whole library decides, not that something else is in it.
    for number in 0..9 {
        fs::write(
            folder.path().join(format!("en{number}.txt")),
            format!("{} {number}", TEXTS[1].1),
        )?;
    }
    library.ok(&["add", &path])?;
    assert_eq!(notices()?, Vec::<Value>::new());
    Ok(())
}
