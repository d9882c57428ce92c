//! Whether a source says what a sentence says: by words, numbers, names and negation, in microseconds, while the answer streams.
//!
//! A [`Claim`] is the sentence in content stems; an [`Evidence`] the source, sentence by sentence. The share of the claim that the
//! best sentence of the source, its neighbours and one more sentence cover is its coverage (names and numbers count 1.5 times).
//! From [`SUPPORTED`] on it is supported, unless
//!
//! - a number or a name of the claim is not in the source, or, where the claim otherwise repeats one sentence nearly word for word
//!   (by [`VERBATIM`]), not in that sentence;
//! - one of the two denies what the other asserts (`not`, `never`, `kein`; `unable` for `able`), says the opposite word
//!   (`increase` for `decrease`), or bounds a number from the other side (`at least` for `not more than`).
//!
//! Dates are read as day, month and year, whichever way they are written. Where `03/04/2026` stands on one side and 3 April or 4 March
//! on the other, it may be meant: nothing is missing, and nothing is more than [`Support::Weak`]. A claim without function words of one
//! language is read in that of the source.
//!
//! These caught changes are what vectors cannot see: the cosine of a sentence with and without `not` is above .95. A cosine, where
//! one is at hand, only lifts a paraphrase of middling coverage. Figures: `docmind eval answers`, and the module's tests.

mod bounds;
mod dates;
mod signs;

use crate::answer::{Source, Support};
use crate::sentences::sentences;
use crate::words::{Language, Stems, Word, fold, is_stop_word, words};
use bounds::{Bound, bound_at};
use dates::{date_in_figures, month, readings};
use signs::{PREFIXES, is_answer, is_negation, is_number_sign, number_of, opposites, same_people};
use std::ops::Range;

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
/// Of a date that may be meant, the share that counts as covered.
const PERHAPS: f32 = 0.75;
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
    bounds: Vec<Bound>,
    language: Language,
    /// The same read as German, where its words do not tell the language.
    german: Option<Box<Claim>>,
}

impl Claim {
    /// Reads a sentence without its marks.
    pub fn of(sentence: &str) -> Self {
        let language = Language::of(sentence);
        // One more German word decides a tie, and nothing but a tie.
        let tie = language == Language::English && Language::of(&format!("{sentence} und")) == Language::German;
        Self {
            german: tie.then(|| Box::new(Self::read(sentence, Language::German))),
            ..Self::read(sentence, language)
        }
    }

    fn read(sentence: &str, language: Language) -> Self {
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
            bounds: read.bounds,
            language,
            german: None,
        }
    }

    /// As it is compared with a source of that language.
    fn beside(&self, language: Language) -> &Self {
        match &self.german {
            Some(german) if language == Language::German => german,
            _ => self,
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
    /// Terms of what its dates may mean as well.
    possible: Vec<String>,
    /// For each negation, the terms it denies.
    denied: Vec<Vec<String>>,
    bounds: Vec<Bound>,
}

impl Read {
    fn of(sentence: &str, stems: &Stems, language: Language) -> Self {
        let list: Vec<Word<'_>> = words(sentence).collect();
        let folded: Vec<String> = list.iter().map(|word| fold(word.text)).collect();
        let is_figure = |at: usize| {
            list.get(at)
                .is_some_and(|word| word.text.starts_with(|c: char| c.is_ascii_digit()))
        };
        let mut terms: Vec<Term> = Vec::with_capacity(list.len());
        let mut possible: Vec<String> = Vec::new();
        // Where each negation stands among the terms.
        let mut negated_at: Vec<usize> = Vec::new();
        let mut bounds: Vec<Bound> = Vec::new();
        let mut passed = 0;
        for (at, word) in list.iter().enumerate() {
            let after = &sentence[word.end()..];
            if at < passed || (at == 0 && is_answer(&folded[0], after)) || is_number_sign(&folded[at], after) {
                continue;
            }
            if let Some((bound, length)) = bound_at(&list[at..], &folded[at..]) {
                bounds.push(bound);
                passed = at + length;
                continue;
            }
            if let Some(date) = date_in_figures(sentence, &list[at..]) {
                let kind = Kind::Number;
                terms.extend(date.terms.into_iter().map(|stem| Term { stem, kind }));
                possible.extend(date.possible);
                passed = at + date.words;
                continue;
            }
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
            let dated = is_figure(at + 1) || at.checked_sub(1).is_some_and(is_figure);
            let month = month(word.text, &folded[at], dated);
            if month.is_none() && is_stop_word(word.text) {
                continue;
            }
            let capital = word.text.chars().next().is_some_and(char::is_uppercase);
            let inside = word.text.chars().skip(1).any(char::is_uppercase);
            let kind = match (capital || inside, at) {
                _ if month.is_some() && dated => Kind::Number,
                (true, 0) if !inside => Kind::Opening,
                // German writes every noun with a capital.
                (true, _) if language == Language::German && !inside => Kind::Opening,
                (true, _) => Kind::Name,
                (false, _) => Kind::Word,
            };
            terms.push(Term {
                stem: month.unwrap_or_else(|| stems.stem(word.text)),
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
        Self {
            terms,
            possible,
            denied,
            bounds,
        }
    }
}

/// What a text says, as stems.
#[derive(Clone, Debug, Default)]
struct Said {
    stems: Vec<String>,
    /// What its dates may mean as well.
    possible: Vec<String>,
}

impl Said {
    fn has(&self, stem: &str) -> bool {
        self.stems.iter().any(|own| own == stem)
    }

    fn join(&mut self, other: &Self) {
        self.stems.extend_from_slice(&other.stems);
        self.possible.extend_from_slice(&other.possible);
    }

    /// One of the two may be meant by the other.
    fn may_have(&self, stem: &str) -> bool {
        self.possible.iter().any(|own| own == stem)
            || readings(stem)
                .is_some_and(|readings| readings.iter().any(|reading| reading.iter().all(|part| self.has(part))))
    }
}

impl From<Read> for Said {
    fn from(read: Read) -> Self {
        Self {
            stems: read.terms.into_iter().map(|term| term.stem).collect(),
            possible: read.possible,
        }
    }
}

/// A source made ready for checking; cheap to keep while an answer streams.
#[derive(Clone, Debug)]
pub struct Evidence {
    sentences: Vec<EvidenceSentence>,
    /// Title and headings: what the text is about without saying it in each sentence.
    about: Said,
    language: Language,
}

#[derive(Clone, Debug)]
struct EvidenceSentence {
    range: Range<usize>,
    said: Said,
    denied: Vec<Vec<String>>,
    bounds: Vec<Bound>,
    /// It has a number, in digits or words.
    counts: bool,
}

impl EvidenceSentence {
    fn has(&self, stem: &str) -> bool {
        self.said.has(stem)
    }

    fn may_have(&self, stem: &str) -> bool {
        self.said.may_have(stem)
    }
}

impl Evidence {
    /// Of a source: its text, title, headings and the header of its table.
    pub fn of(source: &Source) -> Self {
        Self::new(
            &source.text,
            source
                .heading
                .iter()
                .map(String::as_str)
                .chain([source.title.as_str(), source.table_header.as_str()]),
        )
    }

    /// Of a text and what stands above it.
    pub fn new<'t>(text: &str, above: impl IntoIterator<Item = &'t str>) -> Self {
        let language = Language::of(text);
        let stems = Stems::new(language);
        let sentences = sentences(text)
            .into_iter()
            .map(|range| {
                let mut read = Read::of(&text[range.clone()], &stems, language);
                let counts = read
                    .terms
                    .iter()
                    .any(|term| matches!(term.kind, Kind::Number | Kind::Count));
                EvidenceSentence {
                    range,
                    denied: std::mem::take(&mut read.denied),
                    bounds: std::mem::take(&mut read.bounds),
                    said: read.into(),
                    counts,
                }
            })
            .collect();
        let mut about = Said::default();
        for line in above {
            about.join(&Read::of(line, &stems, language).into());
        }
        Self {
            sentences,
            about,
            language,
        }
    }

    fn has(&self, stem: &str) -> bool {
        self.is_about(stem) || self.sentences.iter().any(|sentence| sentence.has(stem))
    }

    fn may_have(&self, stem: &str) -> bool {
        self.about.may_have(stem) || self.sentences.iter().any(|sentence| sentence.may_have(stem))
    }

    /// The name, or the same place or people in another form: `Persia` for `Persian`.
    fn names(&self, stem: &str) -> bool {
        self.has(stem)
            || self
                .about
                .stems
                .iter()
                .chain(self.sentences.iter().flat_map(|sentence| &sentence.said.stems))
                .any(|own| same_people(own, stem))
    }

    fn is_about(&self, stem: &str) -> bool {
        self.about.has(stem)
    }

    /// How much of a term these sentences, title and headings have: all, perhaps, nothing.
    fn covered(&self, term: &Term, sentences: &[&EvidenceSentence]) -> f32 {
        let stem = &term.stem;
        let within = |has: fn(&Said, &str) -> bool| {
            has(&self.about, stem) || sentences.iter().any(|sentence| has(&sentence.said, stem))
        };
        if within(Said::has) {
            term.weight()
        } else if within(Said::may_have) {
            PERHAPS * term.weight()
        } else {
            0.0
        }
    }

    /// Share of the claim that one sentence covers, title and headings helping.
    fn alone(&self, claim: &Claim, sentence: &EvidenceSentence) -> f32 {
        let total = claim.weight();
        if total <= 0.0 {
            return 0.0;
        }
        claim
            .terms
            .iter()
            .map(|term| self.covered(term, &[sentence]))
            .sum::<f32>()
            / total
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
        let claim = claim.beside(self.language);
        let total = claim.weight();
        let Some((best, _)) = self.best(claim) else { return 0.0 };
        if total <= 0.0 {
            return 0.0;
        }
        let window: Vec<&EvidenceSentence> = self
            .window(claim, best)
            .into_iter()
            .map(|at| &self.sentences[at])
            .collect();
        claim.terms.iter().map(|term| self.covered(term, &window)).sum::<f32>() / total
    }

    /// Bytes of the sentence that covers the claim best, with a neighbour that adds two terms or more. `None` when nothing does.
    pub fn best_range(&self, claim: &Claim) -> Option<Range<usize>> {
        let claim = claim.beside(self.language);
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
            about: sources.iter().fold(Said::default(), |mut about, source| {
                about.join(&source.about);
                about
            }),
            language: sources[0].language,
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
    let claim = claim.beside(source.language);
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
    } else if enough && missing.is_empty() && !contradicts && !rests_on_perhaps(claim, source, best, verbatim) {
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

/// Whether the source tells a date or number of the claim, and where the claim repeats a sentence, whether that one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Yes,
    /// What it tells may mean the same.
    Perhaps,
    No,
}

fn told(stem: &str, source: &Evidence, best: usize, verbatim: bool) -> Told {
    let repeated = &source.sentences[best];
    if source.has(stem) && (!verbatim || repeated.has(stem)) {
        Told::Yes
    } else if repeated.may_have(stem) || (!verbatim && source.may_have(stem)) {
        Told::Perhaps
    } else {
        Told::No
    }
}

fn rests_on_perhaps(claim: &Claim, source: &Evidence, best: usize, verbatim: bool) -> bool {
    claim
        .terms
        .iter()
        .filter(|term| match term.kind {
            Kind::Word => false,
            Kind::Number | Kind::Name | Kind::Opening => true,
            Kind::Count => verbatim && source.sentences[best].counts,
        })
        .any(|term| told(&term.stem, source, best, verbatim) == Told::Perhaps)
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
            Kind::Number => told(&term.stem, source, best, verbatim) == Told::No,
            // Only beside another figure is a missing one a changed one.
            Kind::Count => verbatim && source.sentences[best].counts && !source.sentences[best].has(&term.stem),
            Kind::Name => !source.names(&term.stem) || (verbatim && source.has(&term.stem) && !near(&term.stem)),
            // Perhaps no name at all: only its absence from an otherwise repeated sentence tells.
            Kind::Opening => verbatim && !source.has(&term.stem),
        })
        .filter(|term| told(&term.stem, source, best, verbatim) != Told::Perhaps)
        .map(|term| term.stem.clone())
        .collect()
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
    let has_bound = |bound: &Bound| sentence.bounds.contains(bound);
    let is_denied = |bound: &Bound| sentence.bounds.iter().any(|other| other.denies(bound));
    if claim.bounds.iter().any(|bound| !has_bound(bound) && is_denied(bound)) {
        return true;
    }
    let asserted = |stem: &&String| claim.terms.iter().any(|term| term.stem == **stem);
    // Most of what is denied, not all: `did not keep` is denied by `kept`, which has another stem.
    let denies = |denied: &&Vec<String>| denied.iter().filter(asserted).count() * 2 > denied.len();
    if sentence.denied.iter().filter(denies).count() > claim.negations {
        return true;
    }
    // "Opens at 9 and closes at 6" takes nothing back where the sentence has the one word only.
    let instead = |other: &str| sentence.has(other) && !claim.terms.iter().any(|term| term.stem == other);
    let opposite = |term: &Term| {
        !sentence.has(&term.stem)
            && (opposites(&term.stem, claim.language).any(instead)
                || PREFIXES.iter().any(|prefix| {
                    instead(&format!("{prefix}{}", term.stem))
                        || term
                            .stem
                            .strip_prefix(prefix)
                            .is_some_and(|rest| rest.len() > 2 && instead(rest))
                }))
    };
    claim.terms.iter().any(opposite)
}

#[cfg(test)]
mod tests;
