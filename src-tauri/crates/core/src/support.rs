//! Whether a source says what a sentence says: by words, numbers, names and negation, in microseconds, while the answer streams.
//!
//! A [`Claim`] is the sentence in content stems; an [`Evidence`] the source, sentence by sentence. The share of the claim that the
//! best sentence of the source, its neighbours and one more sentence cover is its coverage (names and numbers count 1.5 times).
//! From [`SUPPORTED`] on it is supported, unless
//!
//! - a number or a name of the claim is not in the source, or, where the claim otherwise repeats one sentence nearly word for word
//!   (by [`VERBATIM`]), not in that sentence;
//! - one of the two denies what the other asserts (`not`, `never`, `kein`; `unable` for `able`), says the opposite word
//!   (`increase` for `decrease`), or bounds a number from the other side (`at least` for `not more than`);
//! - a number has a plus in one and a minus in the other or, where one repeats the other, a minus in one alone.
//!
//! Dates are read as day, month and year, whichever way they are written. Where `03/04/2026` stands on one side and 3 April or 4 March
//! on the other, it may be meant: nothing is missing, and nothing is more than [`Support::Weak`]. A claim without function words of one
//! language is read in that of the source.
//!
//! These caught changes are what vectors cannot see: the cosine of a sentence with and without `not` is above .95. A cosine, where
//! one is at hand, only lifts a paraphrase of middling coverage. Figures: `docmind eval answers`, and the module's tests.

mod bounds;
mod claim;
mod dates;
mod denials;
mod evidence;
mod figures;
mod signs;

use crate::answer::Support;
use bounds::Bound;
use claim::{Kind, Term};
use denials::says_something;
use evidence::{EvidenceSentence, Said};
use figures::{Figure, Otherwise};
use signs::{PREFIXES, opposites};

pub use claim::Claim;
pub use evidence::Evidence;

/// Coverage from which a claim is supported.
pub const SUPPORTED: f32 = 0.6;
/// Coverage under which nothing is there.
pub const UNSUPPORTED: f32 = 0.35;
/// Coverage of one sentence from which the claim counts as its repetition, and every number, name and negation must be in it.
const VERBATIM: f32 = 0.8;
/// So few ordinary words tell no repetition.
const FEW: usize = 3;
/// So few characters, where each is a term.
const FEW_CHARACTERS: usize = 2;
/// A paraphrase of this coverage and [`NEAR`] cosine is supported.
const PARAPHRASED: f32 = 0.45;
const NEAR: f32 = 0.7;

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
        .filter(|term| matches!(term.kind, Kind::Word) && says_something(&term.stem))
        .collect();
    let few = if claim.of_characters { FEW_CHARACTERS } else { FEW };
    if plain.len() < few {
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
    // "One month" for "1 month".
    let spelled = |number: &str| {
        claim.figures.iter().any(|figure| {
            let mut sentences = source.sentences.iter().enumerate();
            figure.number == number
                && sentences.any(|(at, sentence)| (at == best || !verbatim) && has_alike(&sentence.figures, figure))
        })
    };
    let mut missing: Vec<String> = claim
        .terms
        .iter()
        .filter(|term| match term.kind {
            Kind::Word => false,
            Kind::Number => told(&term.stem, source, best, verbatim) == Told::No && !spelled(&term.stem),
            // Only beside another figure is a missing one a changed one.
            Kind::Count => verbatim && source.sentences[best].counts && !source.sentences[best].has(&term.stem),
            Kind::Name => !source.names(&term.stem) || (verbatim && source.has(&term.stem) && !near(&term.stem)),
            // Perhaps no name at all: only its absence from an otherwise repeated sentence tells.
            Kind::Opening => verbatim && !source.has(&term.stem),
        })
        .filter(|term| told(&term.stem, source, best, verbatim) != Told::Perhaps)
        .map(|term| term.stem.clone())
        .collect();
    let repeated = &source.sentences[best];
    for figure in &claim.figures {
        // `One` is no term: which things it counts tells it from another number alone.
        let elsewhere = figure.number != "1" && repeated.has(&figure.number);
        let changed = verbatim && !elsewhere && figure.is_counted_otherwise(&repeated.figures);
        if changed && !missing.contains(&figure.number) {
            missing.push(figure.number.clone());
        }
    }
    missing
}

fn has_alike(figures: &[Figure], figure: &Figure) -> bool {
    figures.iter().any(|other| other.counts_alike(figure))
}

/// Whether the sentence signs a number of the claim otherwise.
fn signs_otherwise(claim: &Claim, sentence: &EvidenceSentence, verbatim: bool) -> bool {
    let mut found = claim
        .figures
        .iter()
        .filter_map(|figure| figure.signed_otherwise(&sentence.figures));
    found.any(|otherwise| match otherwise {
        Otherwise::Surely => true,
        Otherwise::UnlessOtherLessens => verbatim && !sentence.lessens,
        Otherwise::UnlessOwnLessens => verbatim && !claim.lessens,
    })
}

fn contradicts(claim: &Claim, sentence: &EvidenceSentence, verbatim: bool) -> bool {
    if signs_otherwise(claim, sentence, verbatim) {
        return true;
    }
    let denials = sentence.denied.len();
    // Two denials in one sentence may take each other back, and single characters are shared by unlike sentences.
    if claim.of_characters && (!verbatim || claim.negations.abs_diff(denials).is_multiple_of(2)) {
        return false;
    }
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
