//! What a question's words look for in the columns.

use super::fold::{fold, spell_umlauts};
use super::push;
use super::runs::{LONGEST_WORD, Script, Tail, is_arabic, push_pairs, runs};
use super::stems::Stems;
use docmind_core::words::codes::{apart, joined, number_writings};

/// Git writes a commit in so many digits at least.
const LEAST_HASH: usize = 7;

/// One thing that is looked for: any of its forms counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Consecutive words of `plain` or `spelled`, in every spelling; with a `*` at its end the beginning of one.
    pub(crate) exact: Vec<String>,
    /// Single words of `stems`.
    pub(crate) stems: Vec<String>,
}

impl Wanted {
    pub(crate) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.stems.is_empty()
    }
}

/// What one term of a question looks for, in a library whose documents are in these languages. A term of several words
/// (`l'homme`, `wi-fi`) gives one entry a word; endings such as the `s` of `Newton's` give none.
pub(crate) fn wanted_words(term: &str, languages: &[Option<String>]) -> Vec<Wanted> {
    let mut out: Vec<Wanted> = Vec::new();
    for run in runs(term) {
        let lower = run.lower();
        let word = fold(&lower);
        if word.is_empty() || run.is_ending() {
            continue;
        }
        let mut wanted = Wanted::default();
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
            let mut stems = Stems::new(language.as_deref());
            add(&mut wanted.stems, stems.stem(&lower));
            if let Some(spelled) = &spelled {
                add(&mut wanted.stems, stems.stem(spelled));
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

/// How a code or number of a question is looked for besides by its single words: together where it has several, in one and apart,
/// and what may be the first digits of a hash by its beginning.
pub(crate) fn wanted_code(code: &str) -> Wanted {
    let typed = wanted_phrase(code);
    let mut wanted = Wanted::default();
    let mut add_other = |writing: String| {
        let words = if writing.contains([' ', '*']) {
            &mut wanted.exact
        } else {
            &mut wanted.stems
        };
        add(words, writing);
    };
    if let Some(writings) = number_writings(code) {
        writings.into_iter().for_each(&mut add_other);
    } else {
        joined(code).into_iter().chain(apart(code)).for_each(&mut add_other);
    }
    if let [word] = &typed[..]
        && is_hash_beginning(word)
    {
        add_other(format!("{word}*"));
    }
    // A word is looked for already, alone; a phrase is not.
    wanted.stems.retain(|stem| !typed.contains(stem));
    for phrase in typed.into_iter().filter(|typed| typed.contains(' ')) {
        add(&mut wanted.exact, phrase);
    }
    wanted
}

/// Digits of a hash as a commit is named by: hexadecimal, with a letter, not all letters.
fn is_hash_beginning(word: &str) -> bool {
    (LEAST_HASH..=LONGEST_WORD).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The words of a phrase as they stand in `plain` or `spelled`, in every spelling; empty when it has no words.
pub(crate) fn wanted_phrase(text: &str) -> Vec<String> {
    let all: Vec<_> = runs(text).collect();
    let mut plain = String::new();
    let mut spelled_out = String::new();
    let mut differs = false;
    for (at, run) in all.iter().enumerate() {
        let lower = run.lower();
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
