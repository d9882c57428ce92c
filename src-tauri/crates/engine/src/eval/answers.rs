//! `docmind eval answers`: refusal, extractive answers and the support check, on a folder whose queries carry their answers.

use super::EvalOptions;
use super::dataset::Dataset;
use super::library::LabelledLibrary;
use super::metrics::{auroc, rounded};
use super::statements::{
    answering_sentence, declarative, names, negated, squeezed, with_other_name, with_other_number,
};
use super::written::{WrittenEval, written};
use crate::ask::each::CANDIDATES_FOR_EACH;
use crate::ask::sources::source;
use crate::search::Retrieved;
use docmind_core::answer::{Source, Support};
use docmind_core::cancel::CancelToken;
use docmind_core::document::DocumentId;
use docmind_core::embedding::{Embedding, TextKind};
use docmind_core::error::ErrorReport;
use docmind_core::extract::{candidates, extract};
use docmind_core::pack::pack;
use docmind_core::ports::Embedder;
use docmind_core::refusal::{judge, judge_each};
use docmind_core::retrieval::SearchMode;
use docmind_core::support::{Evidence, check};
use serde::Serialize;
use std::collections::HashMap;

/// How well it is known what the documents say and what they do not. Shares from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AnswersEval {
    /// The folder's name.
    pub dataset: String,
    /// Answerable questions about documents that were not searched, refused: half of the groups (documents of one title) is searched,
    /// then the other half, and both are counted.
    pub foreign_refused: f64,
    /// Answerable questions about documents that were searched, refused.
    pub own_refused: f64,
    /// The same foreign questions refused by a threshold that refuses 5 % of the own ones.
    pub foreign_refused_at_5: f64,
    /// The first sentence of the extractive answer holds the answer.
    pub answer_in_first: f64,
    /// One of its sentences does (it has three at most).
    pub answer_in_first3: f64,
    /// Put to each document for itself: the document with the answer is among those that say something.
    pub each_own_found: f64,
    /// How many say something then, on average.
    pub each_documents: f64,
    /// True statements supported by their own document: the answering sentence, and the question with its answer put in.
    pub support_true: f64,
    /// The same statements flagged against another document.
    pub support_foreign_flagged: f64,
    /// Answering sentences with a changed number, name or negation flagged against their own document.
    pub support_changed_flagged: f64,
    /// By kind of change.
    pub changed_number_flagged: f64,
    /// By kind of change.
    pub changed_name_flagged: f64,
    /// By kind of change.
    pub changed_negation_flagged: f64,
    /// True statements in the document's own words, supported.
    pub support_true_verbatim: f64,
    /// True statements made of question and answer, supported.
    pub support_true_reworded: f64,
    /// How well the score of the decision tells answerable questions from those that the folder marks as unanswerable.
    pub unanswerable_auroc: Option<f64>,
    /// Answerable questions.
    pub questions: usize,
    /// From the first file until all is searchable.
    pub index_seconds: f64,
    /// What a model writes, where one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<WrittenEval>,
}

/// Runs it, and lets a model answer where one is named.
///
/// # Errors
/// `dataset_unreadable`, `dataset_without_answers`, `no_such_model`, those of adding, searching and asking, `cancelled`.
pub fn eval_answers(
    options: &EvalOptions,
    model: Option<&str>,
    cancel: &CancelToken,
) -> Result<AnswersEval, ErrorReport> {
    let dataset = Dataset::read(&options.dir)?;
    let answerable: Vec<usize> = (0..dataset.queries.len())
        .filter(|query| !dataset.relevant[*query].is_empty() && !dataset.queries[*query].answers.is_empty())
        .collect();
    if answerable.is_empty() {
        return Err(ErrorReport::new(
            "dataset_without_answers",
            format!(
                "No query of `{}` has answers.\nUse `docmind eval retrieval` for it.",
                options.dir.display()
            ),
        ));
    }
    let library = LabelledLibrary::build(&dataset, options, cancel)?;
    let mut eval = AnswersEval {
        dataset: dataset.name.clone(),
        questions: answerable.len(),
        index_seconds: (library.index_seconds * 100.0).round() / 100.0,
        ..AnswersEval::default()
    };
    extractive(&dataset, &library, &answerable, cancel, &mut eval)?;
    refusals(&dataset, &library, &answerable, cancel, &mut eval)?;
    support(&dataset, &answerable, &mut eval);
    if let Some(model) = model {
        eval.written = Some(written(&dataset, &library, &answerable, model, cancel)?);
    }
    Ok(eval)
}

pub(super) fn share(hits: usize, of: usize) -> f64 {
    if of == 0 { 0.0 } else { rounded(hits as f64 / of as f64) }
}

/// Extractive answers over everything, and the decision's score on questions without an answer.
fn extractive(
    dataset: &Dataset,
    library: &LabelledLibrary,
    answerable: &[usize],
    cancel: &CancelToken,
    eval: &mut AnswersEval,
) -> Result<(), ErrorReport> {
    let mut vectors: HashMap<String, Embedding> = HashMap::new();
    let (mut first, mut any) = (0, 0);
    let (mut each_own, mut each_all) = (0, 0);
    let mut own_scores = Vec::with_capacity(answerable.len());
    for at in answerable {
        let query = &dataset.queries[*at];
        let far = library.retrieve_among(CANDIDATES_FOR_EACH, &query.text, SearchMode::Hybrid, None, cancel)?;
        let answering = judge_each(&query.text, &far.passages);
        let is_own = |id: &DocumentId| {
            library
                .places
                .get(id)
                .is_some_and(|place| dataset.relevant[*at].contains_key(place))
        };
        each_own += usize::from(answering.iter().any(|one| is_own(&one.document)));
        each_all += answering.len();
        let retrieved = library.retrieve(&query.text, SearchMode::Hybrid, None, cancel)?;
        own_scores.push(judge(&query.text, &retrieved.passages).score);
        let said = extracted(library, &query.text, &retrieved, &mut vectors, cancel)?;
        let answers: Vec<String> = query.answers.iter().map(|answer| squeezed(answer)).collect();
        let holds = |sentence: &String| answers.iter().any(|answer| squeezed(sentence).contains(answer));
        first += usize::from(said.first().is_some_and(holds));
        any += usize::from(said.iter().any(holds));
    }
    eval.each_own_found = share(each_own, answerable.len());
    eval.each_documents = rounded(each_all as f64 / answerable.len().max(1) as f64);
    eval.answer_in_first = share(first, answerable.len());
    eval.answer_in_first3 = share(any, answerable.len());
    let mut without = Vec::new();
    for query in dataset.queries.iter().filter(|query| !query.answerable) {
        let retrieved = library.retrieve(&query.text, SearchMode::Hybrid, None, cancel)?;
        without.push(judge(&query.text, &retrieved.passages).score);
    }
    eval.unanswerable_auroc = auroc(&own_scores, &without).map(rounded);
    Ok(())
}

/// The sentences of an extractive answer, made as `ask` makes it.
fn extracted(
    library: &LabelledLibrary,
    question: &str,
    retrieved: &Retrieved,
    vectors: &mut HashMap<String, Embedding>,
    cancel: &CancelToken,
) -> Result<Vec<String>, ErrorReport> {
    let budget = library.engine.settings().source_tokens;
    let packed = pack(&retrieved.passages, &[], &[], budget);
    let scores: Vec<f32> = packed.passages.iter().map(|passage| passage.score).collect();
    let sources: Vec<Source> = packed
        .passages
        .into_iter()
        .zip(1..)
        .filter_map(|(passage, n)| {
            let record = retrieved.documents.get(&passage.document)?;
            Some(source(n, passage, record))
        })
        .collect();
    let found = candidates(&sources);
    let mut new: Vec<String> = found
        .iter()
        .map(|candidate| candidate.embedded.clone())
        .filter(|text| !vectors.contains_key(text))
        .collect();
    new.sort_unstable();
    new.dedup();
    if !new.is_empty() {
        let embedded = library.engine.0.embedder.embed(TextKind::Sentence, &new, cancel)?;
        vectors.extend(new.into_iter().zip(embedded));
    }
    let cosines: Option<Vec<f32>> = retrieved.vector.as_ref().map(|question| {
        found
            .iter()
            .map(|candidate| {
                vectors
                    .get(&candidate.embedded)
                    .map_or(0.0, |vector| question.cosine(vector))
            })
            .collect()
    });
    let text = extract(question, &sources, &scores, &found, cosines.as_deref());
    Ok(text
        .sentences
        .iter()
        .map(docmind_core::citation::CitedSentence::plain)
        .collect())
}

/// Half of the groups is searched, then the other half.
fn refusals(
    dataset: &Dataset,
    library: &LabelledLibrary,
    answerable: &[usize],
    cancel: &CancelToken,
    eval: &mut AnswersEval,
) -> Result<(), ErrorReport> {
    let groups = dataset.groups();
    let (mut own, mut foreign) = (Vec::new(), Vec::new());
    let (mut own_refused, mut foreign_refused) = (0, 0);
    for half in 0..2 {
        let scope: Vec<DocumentId> = library
            .places
            .iter()
            .filter(|(_, place)| groups[**place] % 2 == half)
            .map(|(id, _)| *id)
            .collect();
        for query in answerable {
            let is_own = dataset.relevant[*query].keys().any(|place| groups[*place] % 2 == half);
            let query = &dataset.queries[*query];
            let retrieved = library.retrieve(&query.text, SearchMode::Hybrid, Some(&scope), cancel)?;
            let verdict = judge(&query.text, &retrieved.passages);
            let (scores, refused) = if is_own {
                (&mut own, &mut own_refused)
            } else {
                (&mut foreign, &mut foreign_refused)
            };
            scores.push(verdict.score);
            *refused += usize::from(!verdict.found);
        }
    }
    eval.own_refused = share(own_refused, own.len());
    eval.foreign_refused = share(foreign_refused, foreign.len());
    own.sort_by(f32::total_cmp);
    if let Some(threshold) = own.get(own.len() / 20) {
        eval.foreign_refused_at_5 = share(foreign.iter().filter(|score| *score < threshold).count(), foreign.len());
    }
    Ok(())
}

/// True, foreign and spoiled statements against documents.
fn support(dataset: &Dataset, answerable: &[usize], eval: &mut AnswersEval) {
    let evidence: Vec<Evidence> = dataset
        .corpus
        .iter()
        .map(|entry| Evidence::new(&entry.text, [entry.title.as_str()]))
        .collect();
    let pool: Vec<String> = dataset.corpus.iter().flat_map(|entry| names(&entry.text)).collect();
    let supported =
        |statement: &str, place: usize| check(statement, &[&evidence[place]], None).support == Support::Supported;
    let mut verbatim = Share::default();
    let mut reworded = Share::default();
    let mut foreign = Share::default();
    let mut spoiled = [Share::default(); 3];
    for (at, query) in answerable.iter().enumerate() {
        let Some(own) = dataset.relevant[*query].keys().copied().min() else {
            continue;
        };
        let query = &dataset.queries[*query];
        let Some(sentence) = answering_sentence(&dataset.corpus[own].text, &query.answers) else {
            continue;
        };
        // A neighbour in every other case, mostly on the same subject; else any other document.
        let count = dataset.corpus.len();
        let other = if at % 2 == 0 {
            (own + 1) % count
        } else {
            (own + 1 + at * 7919 % (count - 1).max(1)) % count
        };
        verbatim.count(supported(sentence, own));
        foreign.count(!supported(sentence, other));
        if let Some(statement) = query
            .answers
            .first()
            .and_then(|answer| declarative(&query.text, answer))
        {
            reworded.count(supported(&statement, own));
            foreign.count(!supported(&statement, other));
        }
        let changed = [
            with_other_number(sentence),
            with_other_name(sentence, &pool, at * 31),
            negated(sentence),
        ];
        for (share, changed) in spoiled.iter_mut().zip(changed) {
            if let Some(changed) = changed {
                share.count(!supported(&changed, own));
            }
        }
    }
    eval.support_true = verbatim.and(reworded).value();
    eval.support_true_verbatim = verbatim.value();
    eval.support_true_reworded = reworded.value();
    eval.support_foreign_flagged = foreign.value();
    eval.changed_number_flagged = spoiled[0].value();
    eval.changed_name_flagged = spoiled[1].value();
    eval.changed_negation_flagged = spoiled[2].value();
    eval.support_changed_flagged = spoiled[0].and(spoiled[1]).and(spoiled[2]).value();
}

#[derive(Clone, Copy, Debug, Default)]
struct Share {
    hits: usize,
    of: usize,
}

impl Share {
    fn count(&mut self, hit: bool) {
        self.hits += usize::from(hit);
        self.of += 1;
    }

    fn and(self, other: Self) -> Self {
        Self {
            hits: self.hits + other.hits,
            of: self.of + other.of,
        }
    }

    fn value(self) -> f64 {
        share(self.hits, self.of)
    }
}
