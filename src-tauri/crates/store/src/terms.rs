//! How text becomes words of the keyword index, and how a question's words become what is looked for.
//!
//! Three columns are kept of every chunk:
//!
//! - `plain`: every word, folded (lower case, no diacritics, `ß` as `ss`), in order, so that phrases and codes are found exactly.
//!   Scripts written without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese), and Arabic and Korean, whose words carry
//!   prefixes and particles, stand there as overlapping pairs of characters: a phrase of pairs is a search for a substring.
//! - `stems`: the same words cut to the Snowball stem of the document's language.
//! - `spelled`: only where German umlauts occur, the words again with `ä` as `ae` and so on, so that `Mueller` finds `Müller`;
//!   the other way, `Müller` is looked for in both forms.
//!
//! The index keeps no copy of the text, so the same text must always give the same words: a change of any rule here raises
//! [`RULES`], and the index is cut anew when the library is next opened.

use rust_stemmers::{Algorithm, Stemmer};
use std::borrow::Cow;
use std::collections::HashMap;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Number of the rules by which words are cut.
pub(crate) const RULES: u32 = 1;
/// A longer run of letters is cut: nobody types it, and it would bloat the index (base64, hex dumps).
const LONGEST_WORD: usize = 64;
/// A shorter code, written otherwise, may be anything.
const LEAST_CODE: usize = 4;

/// What the three columns hold for one text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) plain: String,
    pub(crate) stems: String,
    pub(crate) spelled: String,
}

/// Cuts texts of one language; remembers stems.
pub(crate) struct Analyzer {
    stemmer: Option<Stemmer>,
    spells_umlauts: bool,
    stems: HashMap<String, String>,
}

impl Analyzer {
    /// For an ISO 639-1 code; without one the rules of English hold.
    pub(crate) fn new(language: Option<&str>) -> Self {
        Self {
            stemmer: algorithm(language).map(Stemmer::create),
            // These write ä, ö and ü as letters of their own: nobody spells them out.
            spells_umlauts: !matches!(language, Some("fi" | "tr" | "hu" | "et" | "az")),
            stems: HashMap::new(),
        }
    }

    /// The columns of one text.
    pub(crate) fn columns(&mut self, text: &str) -> Columns {
        let mut columns = Columns {
            plain: String::with_capacity(text.len() + 16),
            stems: String::with_capacity(text.len()),
            ..Columns::default()
        };
        let umlauts = self.spells_umlauts && text.contains(is_umlaut);
        for run in runs(text) {
            let lower = lower(run.text);
            let word = fold(&lower);
            if word.is_empty() {
                continue;
            }
            if run.script == Script::Pairs {
                push_pairs(&mut columns.plain, &word, Tail::Kept);
                if umlauts {
                    push_pairs(&mut columns.spelled, &word, Tail::Kept);
                }
                if is_arabic(&word) {
                    let stem = self.stem(&lower);
                    push(&mut columns.stems, &stem);
                }
                continue;
            }
            push(&mut columns.plain, &word);
            if !run.is_ending() {
                let stem = self.stem(&lower);
                push(&mut columns.stems, &stem);
            }
            if umlauts {
                if let Some(spelled) = spell_umlauts(&lower) {
                    let stem = self.stem(&spelled);
                    push(&mut columns.stems, &stem);
                    push(&mut columns.spelled, &fold(&spelled));
                } else {
                    push(&mut columns.spelled, &word);
                }
            }
        }
        columns
    }

    /// Stem of a lower-case word, folded.
    fn stem(&mut self, lower: &str) -> String {
        let Some(stemmer) = &self.stemmer else {
            return fold(lower);
        };
        if let Some(known) = self.stems.get(lower) {
            return known.clone();
        }
        let stem = stem_with(stemmer, lower);
        // Prose has some ten thousand different words; tables of numbers have millions.
        if self.stems.len() < 50_000 {
            self.stems.insert(lower.to_owned(), stem.clone());
        }
        stem
    }
}

/// One thing that is looked for: any of its forms counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Consecutive words of `plain` or `spelled`, in every spelling; with a `*` at its end the beginning of one.
    pub(crate) exact: Vec<String>,
    /// Single words of `stems`.
    pub(crate) stems: Vec<String>,
}

/// What one term of a question looks for, in a library whose documents are in these languages. A term of several words
/// (`l'homme`, `wi-fi`) gives one entry a word; endings such as the `s` of `Newton's` give none.
pub(crate) fn wanted_words(term: &str, languages: &[Option<String>]) -> Vec<Wanted> {
    let mut out: Vec<Wanted> = Vec::new();
    for run in runs(term) {
        let lower = lower(run.text);
        let word = fold(&lower);
        if word.is_empty() || run.is_ending() {
            continue;
        }
        let mut wanted = Wanted {
            exact: Vec::new(),
            stems: Vec::new(),
        };
        if run.script == Script::Pairs {
            if !is_arabic(&word) {
                out.extend(wanted_in_run(&word));
                continue;
            }
            wanted.exact.push(substring(&word));
        } else {
            wanted.exact.push(word.clone());
        }
        let spelled = spell_umlauts(&lower);
        if let Some(spelled) = &spelled {
            add(&mut wanted.exact, fold(spelled));
        }
        for language in languages {
            let mut analyzer = Analyzer::new(language.as_deref());
            add(&mut wanted.stems, analyzer.stem(&lower));
            if let Some(spelled) = &spelled {
                add(&mut wanted.stems, analyzer.stem(spelled));
            }
        }
        out.push(wanted);
    }
    out
}

/// What a run of a script without spaces looks for: the run itself, wherever it stands; and, where it may be a sentence rather than
/// a word, its parts of ideographs and of katakana, and of what is longer than a word every pair of characters.
fn wanted_in_run(word: &str) -> Vec<Wanted> {
    let mut forms = vec![substring(word)];
    let chars: Vec<char> = word.chars().collect();
    for part in chars.chunk_by(|a, b| kind(*a) == kind(*b)) {
        let whole = part.len() == chars.len();
        let longest_word = match kind(part[0]) {
            // Endings and particles of Japanese, unless nothing else is asked for.
            Kind::Hiragana if !whole => continue,
            // A noun of two syllables, and a particle.
            Kind::Hangul => 2,
            Kind::Ideograph | Kind::Hiragana => 3,
            Kind::Other => 6,
        };
        if part.len() > longest_word {
            forms.extend(part.windows(2).map(String::from_iter));
        } else if !whole {
            forms.push(substring(&String::from_iter(part)));
        }
    }
    let wanted = |form| Wanted {
        exact: vec![form],
        stems: Vec::new(),
    };
    forms.into_iter().map(wanted).collect()
}

/// Pairs of a run as they stand in a row wherever it occurs; of a single character the beginning of a pair.
fn substring(word: &str) -> String {
    let mut pairs = String::new();
    push_pairs(&mut pairs, word, Tail::Dropped);
    if word.chars().nth(1).is_none() {
        pairs.push('*');
    }
    pairs
}

/// What parts of a run are told apart by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ideograph,
    Hiragana,
    Hangul,
    Other,
}

fn kind(c: char) -> Kind {
    match c as u32 {
        0x3005..=0x3007 | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff => Kind::Ideograph,
        0x3040..=0x309f => Kind::Hiragana,
        0x1100..=0x11ff | 0x3130..=0x318f | 0xac00..=0xd7af => Kind::Hangul,
        _ => Kind::Other,
    }
}

/// A code written in one (`AX4711B`) as the words it has where it is written apart (`AX-4711-B`); `None` where it has only one part.
pub(crate) fn code_apart(code: &str) -> Option<String> {
    let word = fold(&lower(code));
    if word.chars().count() < LEAST_CODE || !word.chars().all(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let parts: Vec<&[u8]> = word
        .as_bytes()
        .chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit())
        .collect();
    let parts: Vec<&str> = parts.iter().filter_map(|part| std::str::from_utf8(part).ok()).collect();
    (parts.len() > 1).then(|| parts.join(" "))
}

/// A code written apart (`AX-4711-B`) as the word it is where it is written in one.
pub(crate) fn code_joined(code: &str) -> Option<String> {
    let word: String = fold(&lower(code)).chars().filter(char::is_ascii_alphanumeric).collect();
    (word.len() >= LEAST_CODE).then_some(word)
}

/// The words of a phrase as they stand in `plain` or `spelled`, in every spelling; empty when it has no words.
pub(crate) fn wanted_phrase(text: &str) -> Vec<String> {
    let all: Vec<_> = runs(text).collect();
    let mut plain = String::new();
    let mut spelled_out = String::new();
    let mut differs = false;
    for (at, run) in all.iter().enumerate() {
        let lower = lower(run.text);
        let word = fold(&lower);
        if run.script == Script::Pairs {
            let tail = if at + 1 == all.len() { Tail::Dropped } else { Tail::Kept };
            push_pairs(&mut plain, &word, tail);
            push_pairs(&mut spelled_out, &word, tail);
            continue;
        }
        push(&mut plain, &word);
        if let Some(spelled) = spell_umlauts(&lower) {
            differs = true;
            push(&mut spelled_out, &fold(&spelled));
        } else {
            push(&mut spelled_out, &word);
        }
    }
    let mut out = Vec::new();
    if !plain.is_empty() {
        out.push(plain);
        if differs {
            out.push(spelled_out);
        }
    }
    out
}

fn add(list: &mut Vec<String>, item: String) {
    if !item.is_empty() && !list.contains(&item) {
        list.push(item);
    }
}

fn push(column: &mut String, word: &str) {
    if word.is_empty() {
        return;
    }
    if !column.is_empty() {
        column.push(' ');
    }
    column.push_str(word);
}

/// Whether the last character of a run also stands alone: in the index, so that it is found by itself; not in a question, where
/// more may follow in the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    Kept,
    Dropped,
}

/// `東京都` becomes `東京 京都 都`.
fn push_pairs(column: &mut String, word: &str, tail: Tail) {
    let chars: Vec<char> = word.chars().collect();
    let mut buffer = String::with_capacity(8);
    for pair in chars.windows(2) {
        buffer.clear();
        buffer.extend(pair);
        push(column, &buffer);
    }
    if let Some(last) = chars.last()
        && (tail == Tail::Kept || chars.len() == 1)
    {
        buffer.clear();
        buffer.push(*last);
        push(column, &buffer);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    /// Words between spaces.
    Words,
    /// Indexed as overlapping pairs.
    Pairs,
}

/// A run of letters and digits of one kind of script.
#[derive(Clone, Copy, Debug)]
struct Run<'t> {
    text: &'t str,
    script: Script,
    after_apostrophe: bool,
    before_apostrophe: bool,
}

impl Run<'_> {
    /// The `s` of `Newton's`, the `l` of `l'homme`: no word of its own.
    fn is_ending(&self) -> bool {
        (self.after_apostrophe && self.text.chars().count() <= 2)
            || (self.before_apostrophe && self.text.chars().count() <= 1)
    }
}

fn runs(text: &str) -> impl Iterator<Item = Run<'_>> {
    let mut rest = text;
    let mut apostrophe = false;
    std::iter::from_fn(move || {
        loop {
            let first = rest.chars().next()?;
            if is_word_character(first) {
                break;
            }
            apostrophe = is_apostrophe(first);
            rest = &rest[first.len_utf8()..];
        }
        let script = script(rest.chars().next()?);
        let mut end = 0;
        let mut length = 0;
        for (at, c) in rest.char_indices() {
            let ignored = is_ignorable(c) || is_combining_mark(c);
            let inside = length < LONGEST_WORD && (ignored || (is_word_character(c) && self::script(c) == script));
            if !inside {
                break;
            }
            length += usize::from(!ignored);
            end = at + c.len_utf8();
        }
        let (word, after) = rest.split_at(end);
        let before_apostrophe = after.chars().next().is_some_and(is_apostrophe);
        let run = Run {
            text: word,
            script,
            after_apostrophe: apostrophe,
            before_apostrophe,
        };
        apostrophe = false;
        rest = after;
        Some(run)
    })
}

fn is_word_character(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ' | '‘' | '＇')
}

/// Written inside words and never seen: soft hyphen, zero-width joiners, directional marks, the Arabic tatweel.
fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{640}'
    )
}

fn script(c: char) -> Script {
    match c as u32 {
        0x0600..=0x06ff if c.is_numeric() => Script::Words,
        // Arabic; Thai and Lao; Burmese; Hangul; Khmer; kana; Han; half-width kana
        0x0600..=0x06ff
        | 0x0750..=0x077f
        | 0x08a0..=0x08ff
        | 0xfb50..=0xfdff
        | 0xfe70..=0xfefc
        | 0x0e00..=0x0eff
        | 0x1000..=0x109f
        | 0x1100..=0x11ff
        | 0xac00..=0xd7af
        | 0x1780..=0x17ff
        | 0x3005..=0x3007
        | 0x3040..=0x31ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff
        | 0xf900..=0xfaff
        | 0xff66..=0xff9f
        | 0x2_0000..=0x3_ffff => Script::Pairs,
        _ => Script::Words,
    }
}

fn is_arabic(word: &str) -> bool {
    word.chars().next().is_some_and(|c| matches!(c as u32, 0x0600..=0x08ff))
}

fn is_umlaut(c: char) -> bool {
    matches!(c, 'ä' | 'ö' | 'ü' | 'Ä' | 'Ö' | 'Ü' | '\u{308}')
}

/// Lower case, composed, without what is never seen.
fn lower(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    Cow::Owned(
        text.chars()
            .filter(|c| !is_ignorable(*c))
            .flat_map(char::to_lowercase)
            .nfc()
            .collect(),
    )
}

/// Without diacritics and compatibility forms. Vowel signs of Indic and Thai scripts are letters and stay.
fn fold(lower: &str) -> String {
    if lower.is_ascii() {
        return lower.to_owned();
    }
    let mut out = String::with_capacity(lower.len());
    let bare = lower.nfkd().filter(|c| !is_diacritic(*c)).nfc();
    for c in bare.flat_map(char::to_lowercase) {
        match c {
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' | 'ð' => out.push('d'),
            'þ' => out.push_str("th"),
            'ı' => out.push('i'),
            'ς' => out.push('σ'),
            // Persian and Urdu forms of Arabic letters.
            'ی' | 'ى' => out.push('ي'),
            'ک' => out.push('ك'),
            c if is_word_character(c) => out.push(c),
            _ => {}
        }
    }
    out
}

fn is_diacritic(c: char) -> bool {
    matches!(c as u32, 0x0300..=0x036f | 0x0591..=0x05c7 | 0x064b..=0x065f | 0x0670 | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff)
}

/// `müller` as `mueller`; `None` without umlauts.
fn spell_umlauts(lower: &str) -> Option<String> {
    lower.contains(is_umlaut).then(|| {
        let mut out = String::with_capacity(lower.len() + 2);
        for c in lower.chars() {
            match c {
                'ä' => out.push_str("ae"),
                'ö' => out.push_str("oe"),
                'ü' => out.push_str("ue"),
                _ => out.push(c),
            }
        }
        out
    })
}

/// Words with digits stay as they are: `b12` and `b12s` are two things.
fn stem_with(stemmer: &Stemmer, lower: &str) -> String {
    if lower.bytes().any(|byte| byte.is_ascii_digit()) {
        return fold(lower);
    }
    fold(&stemmer.stem(lower))
}

fn algorithm(language: Option<&str>) -> Option<Algorithm> {
    Some(match language {
        None | Some("en") => Algorithm::English,
        Some("ar") => Algorithm::Arabic,
        Some("da") => Algorithm::Danish,
        Some("de") => Algorithm::German,
        Some("el") => Algorithm::Greek,
        Some("es") => Algorithm::Spanish,
        Some("fi") => Algorithm::Finnish,
        Some("fr") => Algorithm::French,
        Some("hu") => Algorithm::Hungarian,
        Some("it") => Algorithm::Italian,
        Some("nl") => Algorithm::Dutch,
        Some("no" | "nb" | "nn") => Algorithm::Norwegian,
        Some("pt") => Algorithm::Portuguese,
        Some("ro") => Algorithm::Romanian,
        Some("ru") => Algorithm::Russian,
        Some("sv") => Algorithm::Swedish,
        Some("ta") => Algorithm::Tamil,
        Some("tr") => Algorithm::Turkish,
        Some(_) => return None,
    })
}

#[cfg(test)]
mod tests {
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
}
