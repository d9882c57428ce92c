//! Whether a source says what a sentence says: by words, numbers, names and negation, in microseconds, while the answer streams.
//!
//! A [`Claim`] is the sentence in content stems; an [`Evidence`] the source, sentence by sentence. The share of the claim that the
//! best sentence of the source, its neighbours and one more sentence cover is its coverage (names and numbers count 1.5 times).
//! From [`SUPPORTED`] on it is supported, unless
//!
//! - a number or a name of the claim is not in the source, or, where the claim otherwise repeats one sentence nearly word for word
//!   (by [`VERBATIM`]), not in that sentence;
//! - one of the two denies what the other asserts (`not`, `never`, `kein`; `unable` for `able`), or says the opposite word
//!   (`increase` for `decrease`).
//!
//! These caught changes are what vectors cannot see: the cosine of a sentence with and without `not` is above .95. A cosine, where
//! one is at hand, only lifts a paraphrase of middling coverage. Figures: `docmind eval answers`, and the module's tests.

use crate::answer::{Source, Support};
use crate::sentences::sentences;
use crate::words::{Language, Stems, Word, fold, is_number, is_stop_word, words};
use std::ops::Range;
use std::sync::LazyLock;

/// Coverage from which a claim is supported.
pub const SUPPORTED: f32 = 0.6;
/// Coverage under which nothing is there.
pub const UNSUPPORTED: f32 = 0.35;
/// Coverage of one sentence from which the claim counts as its repetition, and every number, name and negation must be in it.
const VERBATIM: f32 = 0.8;
/// So few ordinary words tell no repetition.
const FEW: usize = 3;
/// A paraphrase of this coverage and [`NEAR`] cosine is supported.
const PARAPHRASED: f32 = 0.45;
const NEAR: f32 = 0.7;
/// Weight of a name or a number.
const HEAVY: f32 = 1.5;
/// Content words after a negation that it denies.
const SCOPE: usize = 3;

/// What a term of a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    Name,
    /// First word of the sentence: capital by rule, so perhaps a name.
    Opening,
    Number,
    /// A number in words: as often counts what the source lists ("two kinds: …") as it repeats a figure.
    Count,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    stem: String,
    kind: Kind,
}

impl Term {
    fn weight(&self) -> f32 {
        if matches!(self.kind, Kind::Name | Kind::Number) {
            HEAVY
        } else {
            1.0
        }
    }
}

/// A sentence to be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    terms: Vec<Term>,
    /// How many negations.
    negations: usize,
    language: Language,
}

impl Claim {
    /// Reads a sentence without its marks.
    pub fn of(sentence: &str) -> Self {
        let language = Language::of(sentence);
        let read = Read::of(sentence, &Stems::new(language), language);
        let mut terms: Vec<Term> = Vec::new();
        for term in read.terms {
            if !terms.iter().any(|known| known.stem == term.stem) {
                terms.push(term);
            }
        }
        Self {
            terms,
            negations: read.denied.len(),
            language,
        }
    }

    /// False for what claims nothing that a source could support: "Yes.", a heading, a link between sentences.
    pub fn is_checkable(&self) -> bool {
        self.terms.len() > 1 || self.terms.iter().any(|term| term.kind == Kind::Number)
    }

    fn weight(&self) -> f32 {
        self.terms.iter().map(Term::weight).sum()
    }
}

/// A sentence in terms.
struct Read {
    terms: Vec<Term>,
    /// For each negation, the terms it denies.
    denied: Vec<Vec<String>>,
}

impl Read {
    fn of(sentence: &str, stems: &Stems, language: Language) -> Self {
        let list: Vec<Word<'_>> = words(sentence).collect();
        let mut terms: Vec<Term> = Vec::with_capacity(list.len());
        // Where each negation stands among the terms.
        let mut negated_at: Vec<usize> = Vec::new();
        for (at, word) in list.iter().enumerate() {
            if is_negation(word.text) {
                negated_at.push(terms.len());
                continue;
            }
            if let Some(number) = number_of(word.text) {
                let digits = word.text.starts_with(|c: char| c.is_ascii_digit());
                let kind = if digits { Kind::Number } else { Kind::Count };
                terms.push(Term { stem: number, kind });
                continue;
            }
            if is_stop_word(word.text) {
                continue;
            }
            let capital = word.text.chars().next().is_some_and(char::is_uppercase);
            let inside = word.text.chars().skip(1).any(char::is_uppercase);
            let kind = match (capital || inside, at) {
                (true, 0) if !inside => Kind::Opening,
                // German writes every noun with a capital.
                (true, _) if language == Language::German && !inside => Kind::Opening,
                (true, _) => Kind::Name,
                (false, _) => Kind::Word,
            };
            terms.push(Term {
                stem: stems.stem(word.text),
                kind,
            });
        }
        let denied = negated_at
            .into_iter()
            .map(|at| {
                terms[at.min(terms.len())..]
                    .iter()
                    .take(SCOPE)
                    .map(|term| term.stem.clone())
                    .collect()
            })
            .collect();
        Self { terms, denied }
    }
}

/// A source made ready for checking; cheap to keep while an answer streams.
#[derive(Clone, Debug)]
pub struct Evidence {
    sentences: Vec<EvidenceSentence>,
    /// Stems of title and headings: what the text is about without saying it in each sentence.
    about: Vec<String>,
}

#[derive(Clone, Debug)]
struct EvidenceSentence {
    range: Range<usize>,
    stems: Vec<String>,
    denied: Vec<Vec<String>>,
    /// It has a number, in digits or words.
    counts: bool,
}

impl EvidenceSentence {
    fn has(&self, stem: &str) -> bool {
        self.stems.iter().any(|own| own == stem)
    }
}

impl Evidence {
    /// Of a source: its text, title and headings.
    pub fn of(source: &Source) -> Self {
        Self::new(
            &source.text,
            source.heading.iter().map(String::as_str).chain([source.title.as_str()]),
        )
    }

    /// Of a text and what stands above it.
    pub fn new<'t>(text: &str, above: impl IntoIterator<Item = &'t str>) -> Self {
        let language = Language::of(text);
        let stems = Stems::new(language);
        let sentences = sentences(text)
            .into_iter()
            .map(|range| {
                let read = Read::of(&text[range.clone()], &stems, language);
                let counts = read
                    .terms
                    .iter()
                    .any(|term| matches!(term.kind, Kind::Number | Kind::Count));
                let stems = read.terms.into_iter().map(|term| term.stem).collect();
                EvidenceSentence {
                    range,
                    stems,
                    denied: read.denied,
                    counts,
                }
            })
            .collect();
        let about = above
            .into_iter()
            .flat_map(|line| Read::of(line, &stems, language).terms)
            .map(|term| term.stem)
            .collect();
        Self { sentences, about }
    }

    fn has(&self, stem: &str) -> bool {
        self.is_about(stem) || self.sentences.iter().any(|sentence| sentence.has(stem))
    }

    /// The name, or the same place or people in another form: `Persia` for `Persian`.
    fn names(&self, stem: &str) -> bool {
        self.has(stem)
            || self
                .about
                .iter()
                .chain(self.sentences.iter().flat_map(|sentence| &sentence.stems))
                .any(|own| same_people(own, stem))
    }

    fn is_about(&self, stem: &str) -> bool {
        self.about.iter().any(|own| own == stem)
    }

    /// Share of the claim that one sentence covers, title and headings helping.
    fn alone(&self, claim: &Claim, sentence: &EvidenceSentence) -> f32 {
        let total = claim.weight();
        if total <= 0.0 {
            return 0.0;
        }
        let covered: f32 = claim
            .terms
            .iter()
            .filter(|term| sentence.has(&term.stem) || self.is_about(&term.stem))
            .map(Term::weight)
            .sum();
        covered / total
    }

    /// The sentence that covers most; the first of equals.
    fn best(&self, claim: &Claim) -> Option<(usize, f32)> {
        let mut best: Option<(usize, f32)> = None;
        for (at, sentence) in self.sentences.iter().enumerate() {
            let share = self.alone(claim, sentence);
            if best.is_none_or(|(_, most)| share > most) {
                best = Some((at, share));
            }
        }
        best
    }

    /// Best sentence, its neighbours, and the one more that adds most.
    fn window(&self, claim: &Claim, best: usize) -> Vec<usize> {
        let mut window: Vec<usize> = (best.saturating_sub(1)..(best + 2).min(self.sentences.len())).collect();
        let missing: Vec<&Term> = claim
            .terms
            .iter()
            .filter(|term| !window.iter().any(|at| self.sentences[*at].has(&term.stem)))
            .collect();
        let gain = |at: usize| missing.iter().filter(|term| self.sentences[at].has(&term.stem)).count();
        let more = (0..self.sentences.len())
            .filter(|at| !window.contains(at))
            .max_by_key(|at| (gain(*at), usize::MAX - at));
        if let Some(at) = more.filter(|at| gain(*at) > 0) {
            window.push(at);
        }
        window
    }

    /// Share of the claim that the source covers, 0 to 1.
    pub fn coverage(&self, claim: &Claim) -> f32 {
        let total = claim.weight();
        let Some((best, _)) = self.best(claim) else { return 0.0 };
        if total <= 0.0 {
            return 0.0;
        }
        let window = self.window(claim, best);
        let has =
            |term: &&Term| self.is_about(&term.stem) || window.iter().any(|at| self.sentences[*at].has(&term.stem));
        claim.terms.iter().filter(has).map(Term::weight).sum::<f32>() / total
    }

    /// Bytes of the sentence that covers the claim best, with a neighbour that adds two terms or more. `None` when nothing does.
    pub fn best_range(&self, claim: &Claim) -> Option<Range<usize>> {
        let (best, share) = self.best(claim)?;
        if share <= 0.0 {
            return None;
        }
        let missing: Vec<&Term> = claim
            .terms
            .iter()
            .filter(|term| !self.sentences[best].has(&term.stem))
            .collect();
        let gain = |at: usize| missing.iter().filter(|term| self.sentences[at].has(&term.stem)).count();
        let neighbours = best
            .checked_sub(1)
            .into_iter()
            .chain((best + 1 < self.sentences.len()).then_some(best + 1));
        let range = self.sentences[best].range.clone();
        match neighbours.max_by_key(|at| gain(*at)).filter(|at| gain(*at) > 1) {
            Some(at) => {
                let other = &self.sentences[at].range;
                Some(range.start.min(other.start)..range.end.max(other.end))
            }
            None => Some(range),
        }
    }
}

/// What the check found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The verdict.
    pub support: Support,
    /// Share of the claim that the source covers.
    pub coverage: f32,
    /// Numbers and names of the claim that the source, or the sentence it repeats, does not have, as stems.
    pub missing: Vec<String>,
    /// One denies what the other asserts.
    pub contradicts: bool,
}

/// Checks a sentence (without marks) against the sources it names. `cosine` is that of the sentence with the best of them, if it is
/// at hand.
///
/// ```
/// use docmind_core::{answer::Support, support::{Evidence, check}};
/// let lease = Evidence::new("The monthly rent is 850 euros. It is due on the third working day.", ["Lease of 2024"]);
/// assert_eq!(check("The rent is 850 euros a month.", &[&lease], None).support, Support::Supported);
/// assert_eq!(check("The rent is 950 euros a month.", &[&lease], None).support, Support::Weak);
/// assert_eq!(check("The rent is not due on the third working day.", &[&lease], None).support, Support::Weak);
/// assert_eq!(check("Dogs and cats may be kept.", &[&lease], None).support, Support::Unsupported);
/// ```
pub fn check(sentence: &str, sources: &[&Evidence], cosine: Option<f32>) -> Finding {
    check_claim(&Claim::of(sentence), sources, cosine)
}

/// [`check`] for a claim that is at hand.
pub fn check_claim(claim: &Claim, sources: &[&Evidence], cosine: Option<f32>) -> Finding {
    let mut best = Finding {
        support: Support::Unsupported,
        coverage: 0.0,
        missing: Vec::new(),
        contradicts: false,
    };
    for source in sources {
        better(&mut best, check_one(claim, source, cosine));
    }
    if best.support != Support::Supported && sources.len() > 1 {
        // A sentence may draw on several sources at once.
        let joined = Evidence {
            sentences: sources
                .iter()
                .flat_map(|source| source.sentences.iter().cloned())
                .collect(),
            about: sources.iter().flat_map(|source| source.about.iter().cloned()).collect(),
        };
        better(&mut best, check_one(claim, &joined, cosine));
    }
    best
}

fn better(best: &mut Finding, other: Finding) {
    let rank = |finding: &Finding| match finding.support {
        Support::Supported => 2,
        Support::Weak => 1,
        Support::Unsupported => 0,
    };
    if (rank(&other), other.coverage) > (rank(best), best.coverage) {
        *best = other;
    }
}

fn check_one(claim: &Claim, source: &Evidence, cosine: Option<f32>) -> Finding {
    let coverage = source.coverage(claim);
    let Some((best, alone)) = source.best(claim) else {
        return Finding {
            support: Support::Unsupported,
            coverage,
            missing: Vec::new(),
            contradicts: false,
        };
    };
    let verbatim = repeats(claim, source, best) >= VERBATIM;
    let missing = missing(claim, source, best, verbatim);
    let contradicts = alone >= UNSUPPORTED && contradicts(claim, &source.sentences[best], verbatim);
    let enough = coverage >= SUPPORTED || (coverage >= PARAPHRASED && cosine.is_some_and(|cosine| cosine >= NEAR));
    let support = if coverage < UNSUPPORTED {
        Support::Unsupported
    } else if enough && missing.is_empty() && !contradicts {
        Support::Supported
    } else {
        Support::Weak
    };
    Finding {
        support,
        coverage,
        missing,
        contradicts,
    }
}

/// Share of the claim's ordinary words that the sentence has: high when the claim repeats it, whatever was changed in numbers or
/// names.
fn repeats(claim: &Claim, source: &Evidence, best: usize) -> f32 {
    let plain: Vec<&Term> = claim
        .terms
        .iter()
        .filter(|term| matches!(term.kind, Kind::Word))
        .collect();
    if plain.len() < FEW {
        return source.alone(claim, &source.sentences[best]);
    }
    plain
        .iter()
        .filter(|term| source.sentences[best].has(&term.stem))
        .count() as f32
        / plain.len() as f32
}

fn missing(claim: &Claim, source: &Evidence, best: usize, verbatim: bool) -> Vec<String> {
    let near = |stem: &str| {
        source.is_about(stem)
            || source.sentences[best].has(stem)
            || best
                .checked_sub(1)
                .is_some_and(|before| source.sentences[before].has(stem))
    };
    claim
        .terms
        .iter()
        .filter(|term| match term.kind {
            Kind::Word => false,
            Kind::Number => !source.has(&term.stem) || (verbatim && !source.sentences[best].has(&term.stem)),
            // Only beside another figure is a missing one a changed one.
            Kind::Count => verbatim && source.sentences[best].counts && !source.sentences[best].has(&term.stem),
            Kind::Name => !source.names(&term.stem) || (verbatim && source.has(&term.stem) && !near(&term.stem)),
            // Perhaps no name at all: only its absence from an otherwise repeated sentence tells.
            Kind::Opening => verbatim && !source.has(&term.stem),
        })
        .map(|term| term.stem.clone())
        .collect()
}

/// Stems of one name that differ in a demonym's ending only.
fn same_people(a: &str, b: &str) -> bool {
    const ENDINGS: &[&str] = &["", "a", "e", "n", "s", "an", "ia", "ic", "es", "ian", "ean", "ish"];
    let common: usize = a
        .chars()
        .zip(b.chars())
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum();
    common >= 4 && ENDINGS.contains(&&a[common..]) && ENDINGS.contains(&&b[common..])
}

fn contradicts(claim: &Claim, sentence: &EvidenceSentence, verbatim: bool) -> bool {
    let denials = sentence.denied.len();
    if claim.negations > 0 && denials == 0 {
        return true;
    }
    // A repetition may leave out the clause that has the negation; it may not add one.
    if verbatim && claim.negations > denials {
        return true;
    }
    let asserted = |stem: &&String| claim.terms.iter().any(|term| term.stem == **stem);
    // Most of what is denied, not all: `did not keep` is denied by `kept`, which has another stem.
    let denies = |denied: &&Vec<String>| denied.iter().filter(asserted).count() * 2 > denied.len();
    if sentence.denied.iter().filter(denies).count() > claim.negations {
        return true;
    }
    let opposite = |term: &Term| {
        !sentence.has(&term.stem)
            && (opposites(&term.stem, claim.language).any(|other| sentence.has(other))
                || PREFIXES.iter().any(|prefix| {
                    sentence.has(&format!("{prefix}{}", term.stem))
                        || term
                            .stem
                            .strip_prefix(prefix)
                            .is_some_and(|rest| rest.len() > 2 && sentence.has(rest))
                }))
    };
    claim.terms.iter().any(opposite)
}

const PREFIXES: &[&str] = &["un", "in", "im", "ir", "dis", "non"];

/// Words that deny, in English and German.
fn is_negation(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "cannot",
        "kein",
        "keine",
        "keinem",
        "keinen",
        "keiner",
        "keines",
        "keinerlei",
        "neither",
        "never",
        "nicht",
        "nichts",
        "nie",
        "niemals",
        "niemand",
        "no",
        "nobody",
        "none",
        "nor",
        "not",
        "nothing",
        "nowhere",
        "ohne",
        "weder",
        "without",
    ];
    let folded = fold(word);
    folded.ends_with("n't") || WORDS.contains(&folded.as_str())
}

/// A number in one spelling: `1,066`, `1.066`, `1066` and `1066th` are one; so are `ten` and `10`.
fn number_of(word: &str) -> Option<String> {
    const WORDS: &[(&str, &str)] = &[
        ("two", "2"),
        ("three", "3"),
        ("four", "4"),
        ("five", "5"),
        ("six", "6"),
        ("seven", "7"),
        ("eight", "8"),
        ("nine", "9"),
        ("ten", "10"),
        ("eleven", "11"),
        ("twelve", "12"),
        ("thirteen", "13"),
        ("fourteen", "14"),
        ("fifteen", "15"),
        ("sixteen", "16"),
        ("seventeen", "17"),
        ("eighteen", "18"),
        ("nineteen", "19"),
        ("first", "1"),
        ("second", "2"),
        ("third", "3"),
        ("fourth", "4"),
        ("fifth", "5"),
        ("sixth", "6"),
        ("seventh", "7"),
        ("eighth", "8"),
        ("ninth", "9"),
        ("tenth", "10"),
        ("twenty", "20"),
        ("thirty", "30"),
        ("forty", "40"),
        ("fifty", "50"),
        ("sixty", "60"),
        ("seventy", "70"),
        ("eighty", "80"),
        ("ninety", "90"),
        ("zwei", "2"),
        ("drei", "3"),
        ("vier", "4"),
        ("funf", "5"),
        ("sechs", "6"),
        ("sieben", "7"),
        ("acht", "8"),
        ("neun", "9"),
        ("zehn", "10"),
        ("elf", "11"),
        ("zwolf", "12"),
        ("zwanzig", "20"),
        ("dreissig", "30"),
        ("hundert", "100"),
        ("hundred", "100"),
        ("tausend", "1000"),
        ("thousand", "1000"),
        ("million", "1000000"),
        ("millionen", "1000000"),
        ("billion", "1000000000"),
        ("milliarde", "1000000000"),
        ("milliarden", "1000000000"),
    ];
    if !word.starts_with(|c: char| c.is_ascii_digit()) {
        let folded = fold(word);
        return WORDS
            .iter()
            .find(|(name, _)| *name == folded)
            .map(|(_, digits)| (*digits).to_owned());
    }
    let digits = word.trim_end_matches(char::is_alphabetic);
    if !is_number(digits) || word.len() - digits.len() > 2 {
        return None;
    }
    // A group of three digits after a separator is thousands in both conventions; anything else is a fraction.
    let mut out = String::with_capacity(digits.len());
    let mut parts = digits.split([',', '.', '\'', '’']);
    out.push_str(parts.next()?);
    for part in parts {
        if part.len() != 3 {
            out.push('.');
        }
        out.push_str(part);
    }
    Some(out)
}

/// Opposites of a stem, as stems.
fn opposites(stem: &str, language: Language) -> impl Iterator<Item = &'static str> {
    const ENGLISH: &[(&str, &str)] = &[
        ("increase", "decrease"),
        ("rise", "fall"),
        ("rose", "fell"),
        ("grow", "shrink"),
        ("higher", "lower"),
        ("high", "low"),
        ("largest", "smallest"),
        ("larger", "smaller"),
        ("highest", "lowest"),
        ("before", "after"),
        ("early", "late"),
        ("earlier", "later"),
        ("more", "fewer"),
        ("more", "less"),
        ("most", "least"),
        ("allow", "forbid"),
        ("allow", "prohibit"),
        ("permit", "prohibit"),
        ("accept", "reject"),
        ("include", "exclude"),
        ("win", "lose"),
        ("won", "lost"),
        ("victory", "defeat"),
        ("north", "south"),
        ("northern", "southern"),
        ("east", "west"),
        ("eastern", "western"),
        ("left", "right"),
        ("above", "below"),
        ("minimum", "maximum"),
        ("ally", "enemy"),
        ("begin", "end"),
        ("open", "close"),
        ("buy", "sell"),
        ("true", "false"),
        ("always", "never"),
        ("all", "none"),
        ("positive", "negative"),
        ("strong", "weak"),
        ("gain", "loss"),
        ("import", "export"),
    ];
    const GERMAN: &[(&str, &str)] = &[
        ("steigen", "sinken"),
        ("stieg", "sank"),
        ("höher", "niedriger"),
        ("hoch", "niedrig"),
        ("größer", "kleiner"),
        ("vor", "nach"),
        ("mehr", "weniger"),
        ("erlaubt", "verboten"),
        ("annehmen", "ablehnen"),
        ("Norden", "Süden"),
        ("Osten", "Westen"),
        ("mindestens", "höchstens"),
        ("Beginn", "Ende"),
        ("Käufer", "Verkäufer"),
        ("Mieter", "Vermieter"),
        ("früher", "später"),
    ];
    static STEMMED: LazyLock<[Vec<(String, String)>; 2]> = LazyLock::new(|| {
        [(Language::English, ENGLISH), (Language::German, GERMAN)].map(|(language, pairs)| {
            let stems = Stems::new(language);
            pairs.iter().map(|(a, b)| (stems.stem(a), stems.stem(b))).collect()
        })
    });
    let pairs = match language {
        Language::English => &STEMMED[0],
        Language::German => &STEMMED[1],
    };
    pairs.iter().filter_map(move |(a, b)| match stem {
        stem if stem == a => Some(b.as_str()),
        stem if stem == b => Some(a.as_str()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "The Norman dynasty had a major impact on medieval Europe. Rollo, their leader, swore fealty to King Charles III in 911. \
        The settlers did not keep their language, and 2,500 of them moved south.";

    fn verdict(sentence: &str) -> Support {
        check(sentence, &[&Evidence::new(TEXT, ["Normans"])], None).support
    }

    #[test]
    fn what_is_said_is_supported_also_in_other_words() {
        for sentence in [
            "Rollo swore fealty to King Charles III in 911.",
            "In 911 their leader Rollo swore fealty to Charles III.",
            "The settlers did not keep their language.",
            "2500 settlers moved south.",
            "The Normans had a major impact on Europe.",
        ] {
            assert_eq!(verdict(sentence), Support::Supported, "{sentence}");
        }
    }

    #[test]
    fn changes_are_noticed() {
        for sentence in [
            "Rollo swore fealty to King Charles III in 912.",
            "Rollo swore fealty to King Louis III in 911.",
            "Harald, their leader, swore fealty to King Charles III in 911.",
            "Rollo never swore fealty to King Charles III in 911.",
            "The settlers kept their language, and 2,500 of them moved south.",
            "2,500 of the settlers moved north.",
            "Rollo swore fealty to King Charles III in 2,500.",
        ] {
            assert_eq!(verdict(sentence), Support::Weak, "{sentence}");
        }
        assert_eq!(
            verdict("Photosynthesis happens inside the chloroplasts of plants."),
            Support::Unsupported
        );
    }

    #[test]
    fn numbers_have_one_spelling() {
        for (written, number) in [
            ("1,066", "1066"),
            ("1.066", "1066"),
            ("10th", "10"),
            ("ten", "10"),
            ("3.5", "3.5"),
            ("3,5", "3.5"),
            ("1990s", "1990"),
        ] {
            assert_eq!(number_of(written).as_deref(), Some(number));
        }
        assert_eq!(number_of("9th-century").as_deref(), None);
        assert_eq!(number_of("911abc"), None);
    }

    #[test]
    fn two_sources_together_may_carry_a_sentence() {
        let one = Evidence::new("The rent is 850 euros.", ["Lease"]);
        let other = Evidence::new("Parking costs 60 euros.", ["Garage"]);
        let sentence = "The rent is 850 euros and parking costs 60 euros.";
        assert_ne!(check(sentence, &[&one], None).support, Support::Supported);
        assert_eq!(check(sentence, &[&one, &other], None).support, Support::Supported);
    }

    #[test]
    fn german_is_checked_too() {
        let lease = Evidence::new(
            "Die Miete beträgt 850 Euro. Der Mieter darf keine Hunde halten.",
            ["Mietvertrag"],
        );
        assert_eq!(
            check("Die Miete beträgt 850 Euro.", &[&lease], None).support,
            Support::Supported
        );
        assert_eq!(
            check("Die Miete beträgt 950 Euro.", &[&lease], None).support,
            Support::Weak
        );
        assert_eq!(
            check("Der Mieter darf Hunde halten.", &[&lease], None).support,
            Support::Weak
        );
        assert_eq!(
            check("Der Vermieter darf keine Hunde halten.", &[&lease], None).support,
            Support::Weak
        );
    }

    proptest! {
        #[test]
        fn any_text_can_be_checked(sentence in "\\PC{0,60}", text in "\\PC{0,120}") {
            let finding = check(&sentence, &[&Evidence::new(&text, [])], Some(0.5));
            prop_assert!((0.0..=1.0).contains(&finding.coverage));
        }
    }
}
