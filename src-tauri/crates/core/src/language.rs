//! Which language a document is written in.
//!
//! A trigram detector (whatlang) votes over windows of a sample of the text, so that a bilingual cover page or a list of
//! references does not decide. The keyword index stems by the answer, and a library that is mostly in languages its embedder does
//! not know ([`mostly_unknown`]) is offered one that does. Questions are too short for trigrams: [`crate::words::Language::of`]
//! judges those.

mod mix;

pub use mix::{LanguageCount, UnknownText, mostly_unknown};
use whatlang::{Lang, Script};

/// Characters of a document that are looked at: enough for a steady vote, under a millisecond to read.
const SAMPLE_CHARS: usize = 12_000;
/// Characters of one vote.
const WINDOW_CHARS: usize = 1_500;
/// Letters below which a script shared by many languages tells nothing: on shorter texts whatlang's guesses scatter.
const SHORTEST_SHARED: usize = 80;
/// Letters below which even a script of its own tells nothing.
const SHORTEST_OWN: usize = 12;
/// Confidence below which a window does not vote; whatlang calls 0.9 reliable for single sentences, windows are longer.
const LEAST_CONFIDENCE: f64 = 0.5;

/// ISO 639-1 code of a document's main language, from its pages' texts; `None` when there is too little text or no majority.
///
/// ```
/// use docmind_core::language::detect;
/// let page = "Der Vertrag kann von beiden Seiten mit einer Frist von drei Monaten zum Ende des Quartals gekündigt werden.";
/// assert_eq!(detect([page]), Some("de"));
/// assert_eq!(detect(["42"]), None);
/// ```
pub fn detect<'a>(pages: impl IntoIterator<Item = &'a str>) -> Option<&'static str> {
    let sample = sample(pages);
    let mut votes: Vec<(Lang, f64)> = Vec::new();
    for window in sample.chunks(WINDOW_CHARS) {
        let window: String = window.iter().collect();
        let letters = window.chars().filter(|c| c.is_alphabetic()).count();
        let Some(info) = whatlang::detect(&window) else {
            continue;
        };
        let shortest = if is_shared(info.script()) {
            SHORTEST_SHARED
        } else {
            SHORTEST_OWN
        };
        if letters < shortest || info.confidence() < LEAST_CONFIDENCE {
            continue;
        }
        let weight = info.confidence() * letters as f64;
        match votes.iter_mut().find(|(language, _)| *language == info.lang()) {
            Some((_, sum)) => *sum += weight,
            None => votes.push((info.lang(), weight)),
        }
    }
    let total: f64 = votes.iter().map(|(_, weight)| weight).sum();
    let (language, weight) = votes.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    (weight * 2.0 > total).then(|| iso_639_1(language))
}

/// The English name of a language that [`detect`] tells, by its ISO 639-1 code.
///
/// ```
/// assert_eq!(docmind_core::language::english_name("de"), Some("German"));
/// assert_eq!(docmind_core::language::english_name("xx"), None);
/// ```
pub fn english_name(code: &str) -> Option<&'static str> {
    let language = Lang::all().iter().find(|language| iso_639_1(**language) == code)?;
    // Written, these two are known by another name.
    Some(match language {
        Lang::Cmn => "Chinese",
        Lang::Nob => "Norwegian",
        other => other.eng_name(),
    })
}

/// The first characters of every page, the share of each so chosen that long documents are seen throughout.
fn sample<'a>(pages: impl IntoIterator<Item = &'a str>) -> Vec<char> {
    let pages: Vec<&str> = pages.into_iter().filter(|page| !page.trim().is_empty()).collect();
    if pages.is_empty() {
        return Vec::new();
    }
    let step = pages.len().div_ceil(SAMPLE_CHARS / WINDOW_CHARS);
    let share = SAMPLE_CHARS / pages.len().div_ceil(step);
    let mut sample = Vec::with_capacity(SAMPLE_CHARS);
    for page in pages.iter().step_by(step) {
        sample.extend(page.chars().filter(|c| !c.is_ascii_digit()).take(share));
        sample.push(' ');
    }
    sample
}

/// True for scripts that many languages share, where only statistics tell them apart.
fn is_shared(script: Script) -> bool {
    matches!(
        script,
        Script::Latin | Script::Cyrillic | Script::Arabic | Script::Devanagari | Script::Hebrew
    )
}

fn iso_639_1(language: Lang) -> &'static str {
    match language {
        Lang::Epo => "eo",
        Lang::Eng => "en",
        Lang::Rus => "ru",
        Lang::Cmn => "zh",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Ben => "bn",
        Lang::Fra => "fr",
        Lang::Deu => "de",
        Lang::Ukr => "uk",
        Lang::Kat => "ka",
        Lang::Ara => "ar",
        Lang::Hin => "hi",
        Lang::Jpn => "ja",
        Lang::Heb => "he",
        Lang::Yid => "yi",
        Lang::Pol => "pl",
        Lang::Amh => "am",
        Lang::Jav => "jv",
        Lang::Kor => "ko",
        Lang::Nob => "nb",
        Lang::Dan => "da",
        Lang::Swe => "sv",
        Lang::Fin => "fi",
        Lang::Tur => "tr",
        Lang::Nld => "nl",
        Lang::Hun => "hu",
        Lang::Ces => "cs",
        Lang::Ell => "el",
        Lang::Bul => "bg",
        Lang::Bel => "be",
        Lang::Mar => "mr",
        Lang::Kan => "kn",
        Lang::Ron => "ro",
        Lang::Slv => "sl",
        Lang::Hrv => "hr",
        Lang::Srp => "sr",
        Lang::Mkd => "mk",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Tam => "ta",
        Lang::Vie => "vi",
        Lang::Urd => "ur",
        Lang::Tha => "th",
        Lang::Guj => "gu",
        Lang::Uzb => "uz",
        Lang::Pan => "pa",
        Lang::Aze => "az",
        Lang::Ind => "id",
        Lang::Tel => "te",
        Lang::Pes => "fa",
        Lang::Mal => "ml",
        Lang::Ori => "or",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Sin => "si",
        Lang::Khm => "km",
        Lang::Tuk => "tk",
        Lang::Aka => "ak",
        Lang::Zul => "zu",
        Lang::Sna => "sn",
        Lang::Afr => "af",
        Lang::Lat => "la",
        Lang::Slk => "sk",
        Lang::Cat => "ca",
        Lang::Tgl => "tl",
        Lang::Hye => "hy",
        Lang::Cym => "cy",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENGLISH: &str = "The committee met on Thursday to discuss the budget for the coming year, and agreed that the roof of the \
                           old library should be repaired before winter. ";
    const GERMAN: &str = "Der Ausschuss traf sich am Donnerstag, um über den Haushalt des kommenden Jahres zu sprechen, und war sich \
                          einig, dass das Dach der alten Bücherei noch vor dem Winter ausgebessert werden soll. ";

    #[test]
    fn languages_of_whole_pages_are_told_apart() {
        let french = "Le comité s'est réuni jeudi pour discuter du budget de l'année à venir et a décidé que le toit de l'ancienne \
                      bibliothèque devait être réparé avant l'hiver.";
        let russian = "Комитет собрался в четверг, чтобы обсудить бюджет на следующий год, и решил, что крышу старой библиотеки \
                       нужно отремонтировать до зимы.";
        let japanese =
            "委員会は木曜日に来年の予算について話し合い、冬になる前に古い図書館の屋根を修理することに決めました。";
        for (text, language) in [
            (ENGLISH, "en"),
            (GERMAN, "de"),
            (french, "fr"),
            (russian, "ru"),
            (japanese, "ja"),
        ] {
            assert_eq!(detect([text]), Some(language));
        }
    }

    #[test]
    fn the_larger_part_of_a_mixed_document_decides() {
        let english = ENGLISH.repeat(40);
        let german = GERMAN.repeat(10);
        assert_eq!(
            detect([german.as_str(), english.as_str(), english.as_str()]),
            Some("en")
        );
    }

    #[test]
    fn little_text_and_tables_of_numbers_have_no_language() {
        assert_eq!(detect([]), None);
        assert_eq!(detect(["", "  \n"]), None);
        assert_eq!(detect(["Total 12.50 EUR"]), None);
        let numbers = "3.14159 2.71828 1.41421 | ".repeat(200);
        assert_eq!(detect([numbers.as_str()]), None);
    }
}
