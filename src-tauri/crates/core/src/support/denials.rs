//! Denials in Chinese and Japanese, which are parts of words there: where they stand, and what they deny.

use super::claim::{SCOPE, Term};
use std::ops::Range;

/// A denial in a sentence, in bytes.
pub(super) struct Denial {
    pub(super) place: Range<usize>,
    /// Where what it denies stands.
    denies: Range<usize>,
    /// That comes before it, as in Japanese.
    behind: bool,
}

impl Denial {
    /// The terms nearest to it of what it denies; `places` are where the terms begin.
    pub(super) fn denied(&self, terms: &[Term], places: &[usize]) -> Vec<String> {
        let mut within: Vec<String> = terms
            .iter()
            .zip(places)
            .filter(|(term, at)| self.denies.contains(*at) && says_something(&term.stem))
            .map(|(term, _)| term.stem.clone())
            .collect();
        if self.behind {
            within.drain(..within.len().saturating_sub(SCOPE));
        }
        within.truncate(SCOPE);
        within
    }
}

/// True for sentences of Chinese characters or kana, names and codes in other letters aside.
pub(super) fn is_chinese_or_japanese(sentence: &str) -> bool {
    if sentence.is_ascii() {
        return false;
    }
    let (mut letters, mut characters) = (0, 0);
    for c in sentence.chars().filter(|c| c.is_alphabetic()) {
        letters += 1;
        characters += usize::from(is_kana(c) || matches!(c, '\u{3400}'..='\u{9fff}'));
    }
    characters * 3 > letters
}

fn is_kana(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}')
}

fn is_hiragana(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{309f}')
}

/// False for a single character that inflects or joins, in either language: it is in nearly every sentence.
pub(super) fn says_something(stem: &str) -> bool {
    let mut chars = stem.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => !is_hiragana(c) && !"可以得能会會应應该該须須必要的了是在也都".contains(c),
        _ => true,
    }
}

/// Where a clause ends.
const CLAUSE_ENDS: &[char] = &[
    '，', '。', '；', '：', '、', '！', '？', '（', '）', '「', '」', ',', ';', ':', '\n',
];

/// Words with the character of a denial that deny nothing, or deny it twice. The longer before the shorter.
const CHINESE_OTHERS: &[&str] = &[
    "不可抗力",
    "不可避免",
    "不动产",
    "不動產",
    "不得不",
    "不能不",
    "不锈钢",
    "不鏽鋼",
    "差不多",
    "对不起",
    "對不起",
    "是不是",
    "能不能",
    "可不可",
    "会不会",
    "會不會",
    "有没有",
    "有沒有",
    "要不要",
    "不定期",
    "不一定",
    "不同",
    "不过",
    "不過",
    "不但",
    "不仅",
    "不僅",
    "不只",
    "不少",
    "不断",
    "不斷",
    "不久",
    "不管",
    "不论",
    "不論",
    "不如",
    "不足",
    "不等",
    "不限",
    "不必",
    "不外",
    "不良",
    "不明",
    "不幸",
    "不错",
    "不錯",
    "不利",
    "不当",
    "不當",
    "不超过",
    "不超過",
    "不少于",
    "不低于",
    "不高于",
    "不多于",
    "不迟于",
    "不遲於",
    "不晚于",
    "不晚於",
    "不早于",
    "不早於",
    "不大于",
    "不大於",
    "不小于",
    "不小於",
    "不可或缺",
];
const CHINESE: &[&str] = &[
    "禁止", "严禁", "嚴禁", "没有", "沒有", "并非", "並非", "尚未", "从未", "從未", "并未", "並未", "未能", "未经",
    "未經", "未获", "未獲", "未被", "未曾", "无法", "無法", "无权", "無權", "无需", "無需", "无须", "無須", "切勿",
    "请勿", "請勿", "不",
];
const JAPANESE_OTHERS: &[&str] = &[
    "なければなりません",
    "なければならない",
    "なければいけません",
    "なければいけない",
    "なくてはなりません",
    "なくてはならない",
    "なくてはいけません",
    "なくてはいけない",
    "ないといけません",
    "ないといけない",
    "ざるを得ません",
    "ざるを得ない",
    "ざるをえない",
    "ねばなりません",
    "ねばならない",
    "かもしれません",
    "かもしれない",
    "に過ぎません",
    "にすぎません",
    "に過ぎない",
    "にすぎない",
    "とは限らない",
    "とは限りません",
    "もったいない",
    "ではないか",
    "つまらない",
    "違いありません",
    "違いない",
    "危ない",
    "少ない",
    "ないし",
    "不可抗力",
    "不可欠",
    "不可分",
    "不可避",
];
const JAPANESE: &[&str] = &["ませんでした", "なかった", "ません", "ない", "禁止", "不可"];
/// "Only", with a denial after it.
const ONLY: &str = "しか";

/// The denials of a sentence, in order; none in other languages.
pub(super) fn denials(sentence: &str) -> Vec<Denial> {
    let mut found = Vec::new();
    if !is_chinese_or_japanese(sentence) {
        return found;
    }
    let japanese = sentence.contains(is_kana);
    let (others, words) = if japanese {
        (JAPANESE_OTHERS, JAPANESE)
    } else {
        (CHINESE_OTHERS, CHINESE)
    };
    let mut at = 0;
    while let Some(c) = sentence[at..].chars().next() {
        let rest = &sentence[at..];
        let of = |list: &[&str]| list.iter().find(|word| rest.starts_with(**word)).map(|word| word.len());
        if let Some(length) = of(others) {
            at += length;
            continue;
        }
        let Some(length) = of(words) else {
            at += c.len_utf8();
            continue;
        };
        let place = at..at + length;
        at = place.end;
        let clause = sentence[..place.start].rfind(CLAUSE_ENDS).unwrap_or(0)..place.start;
        if japanese && sentence[clause.clone()].contains(ONLY) {
            continue;
        }
        let end = sentence[place.end..]
            .find(CLAUSE_ENDS)
            .map_or(sentence.len(), |length| place.end + length);
        // "Smoking prohibited": nothing follows.
        let behind = japanese || sentence[place.end..end].trim_end_matches(['.', ' ']).is_empty();
        found.push(Denial {
            denies: if behind { clause } else { place.end..end },
            place,
            behind,
        });
    }
    found
}
