//! A byte-level BPE vocabulary of our own: the 256 bytes, merges learnt from a page of text, the special tokens of Qwen's chat form.

use std::collections::{BTreeMap, HashMap};

/// What the merges are learnt from; written for this.
const CORPUS: &str = include_str!("corpus.txt");

/// Special tokens in Qwen's order of use, with llama.cpp's token type (3 control, 4 user-defined).
pub const SPECIAL: [(&str, i32); 5] = [
    ("<|endoftext|>", 3),
    ("<|im_start|>", 3),
    ("<|im_end|>", 3),
    ("<think>", 4),
    ("</think>", 4),
];

/// Tokens, their types and the merges, as a GGUF file holds them.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// In GPT-2's printable spelling of bytes.
    pub tokens: Vec<String>,
    /// llama.cpp's token types.
    pub types: Vec<i32>,
    /// `left right`, first learnt first.
    pub merges: Vec<String>,
    /// Number of the first special token.
    pub first_special: u32,
}

impl Vocabulary {
    /// Learns `merges` merges (fewer where no pair occurs twice) and fills up to `size` tokens with made-up words that no text
    /// is ever split into: they only give the output layer its true width.
    pub fn learn(merges: usize, size: Option<usize>) -> Self {
        let alphabet = byte_alphabet();
        let mut words: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for word in split(CORPUS) {
            let symbols = word.bytes().map(|byte| alphabet[byte as usize].to_string()).collect();
            *words.entry(symbols).or_default() += 1;
        }
        let mut tokens: Vec<String> = alphabet.iter().map(char::to_string).collect();
        let mut learnt = Vec::with_capacity(merges);
        while learnt.len() < merges {
            let mut pairs: HashMap<(&str, &str), usize> = HashMap::new();
            for (symbols, count) in &words {
                for pair in symbols.windows(2) {
                    *pairs.entry((&pair[0], &pair[1])).or_default() += count;
                }
            }
            // Ties go to the alphabetically first pair, so that the same vocabulary comes out everywhere.
            let Some((left, right)) = pairs
                .into_iter()
                .filter(|&(_, count)| count > 1)
                .max_by(|(a, n), (b, m)| n.cmp(m).then_with(|| b.cmp(a)))
                .map(|((left, right), _)| (left.to_owned(), right.to_owned()))
            else {
                break;
            };
            let joined = format!("{left}{right}");
            words = words
                .into_iter()
                .map(|(symbols, count)| (merge(symbols, &left, &right, &joined), count))
                .collect();
            learnt.push(format!("{left} {right}"));
            if !tokens.contains(&joined) {
                tokens.push(joined);
            }
        }
        let mut types = vec![1; tokens.len()];
        let first_special = tokens.len() as u32;
        for (token, kind) in SPECIAL {
            tokens.push(token.to_owned());
            types.push(kind);
        }
        if let Some(size) = size {
            fill(&mut tokens, &mut types, size);
        }
        Self {
            tokens,
            types,
            merges: learnt,
            first_special,
        }
    }
}

/// Words with the space before them, as Qwen's splitting leaves them; digits and punctuation alone.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut current = String::new();
    for c in text.chars() {
        let joins = c.is_alphabetic()
            && current
                .chars()
                .last()
                .is_none_or(|last| last.is_alphabetic() || last == ' ');
        if !joins && !current.is_empty() {
            words.push(std::mem::take(&mut current));
        }
        current.push(if c == '\n' { ' ' } else { c });
    }
    words.push(current);
    words
}

fn merge(symbols: Vec<String>, left: &str, right: &str, joined: &str) -> Vec<String> {
    let mut out = Vec::with_capacity(symbols.len());
    let mut rest = symbols.into_iter().peekable();
    while let Some(symbol) = rest.next() {
        if symbol == left && rest.peek().is_some_and(|next| next == right) {
            rest.next();
            out.push(joined.to_owned());
        } else {
            out.push(symbol);
        }
    }
    out
}

/// GPT-2's spelling: printable Latin-1 stays, other bytes become characters from U+0100 on.
fn byte_alphabet() -> [char; 256] {
    let mut out = ['\0'; 256];
    let mut next = 0x100;
    for (byte, slot) in out.iter_mut().enumerate() {
        let printable = matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
        let code = if printable { byte as u32 } else { next };
        if !printable {
            next += 1;
        }
        *slot = char::from_u32(code).expect("BUG: under U+0200 all are characters");
    }
    out
}

fn fill(tokens: &mut Vec<String>, types: &mut Vec<i32>, size: usize) {
    const ONSETS: [&str; 16] = [
        "b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "st",
    ];
    const VOWELS: [&str; 8] = ["a", "e", "i", "o", "u", "ai", "ou", "ea"];
    let mut number = 0_usize;
    while tokens.len() < size {
        // Base-128 digits as syllables: every number is another word; the closing `x` keeps it apart from learnt ones.
        let mut word = String::from("\u{120}");
        let mut rest = number;
        loop {
            word.push_str(ONSETS[rest % 16]);
            word.push_str(VOWELS[rest / 16 % 8]);
            rest /= 128;
            if rest == 0 {
                break;
            }
        }
        word.push('x');
        tokens.push(word);
        types.push(1);
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_vocabulary_is_unique_and_deterministic() {
        let first = Vocabulary::learn(600, Some(5000));
        let second = Vocabulary::learn(600, Some(5000));
        assert_eq!(first.tokens, second.tokens);
        assert_eq!(first.tokens.len(), 5000);
        assert_eq!(
            first.tokens.iter().collect::<HashSet<_>>().len(),
            5000,
            "no token twice"
        );
        assert!(
            first.tokens.contains(&"\u{120}the".to_owned()),
            "a frequent word became one token"
        );
    }

    #[test]
    fn every_merge_joins_known_tokens() {
        let vocabulary = Vocabulary::learn(600, None);
        let known: HashSet<&str> = vocabulary.tokens.iter().map(String::as_str).collect();
        for merge in &vocabulary.merges {
            let (left, right) = merge.split_once(' ').expect("two sides");
            assert!(known.contains(left) && known.contains(right));
            assert!(known.contains(format!("{left}{right}").as_str()));
        }
    }

    #[test]
    fn bytes_have_different_spellings() {
        assert_eq!(byte_alphabet().into_iter().collect::<HashSet<_>>().len(), 256);
        assert_eq!(byte_alphabet()[b' ' as usize], '\u{120}');
    }
}
