//! `docmind eval retrieval`.

use super::EvalOptions;
use super::dataset::Dataset;
use super::library::LabelledLibrary;
use super::metrics::{mean, ndcg, percentile, recall, reciprocal_rank, rounded};
use crate::search::MOST_RESULTS;
use docmind_core::cancel::CancelToken;
use docmind_core::error::ErrorReport;
use docmind_core::question::{EarlierTurn, standalone};
use docmind_core::rank::CANDIDATES;
use docmind_core::retrieval::SearchMode;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

/// A measure of one ranking: places in order, and how relevant each relevant place is.
type Measure<'a> = dyn Fn(&[usize], &HashMap<usize, f64>) -> f64 + 'a;

/// How well the right documents are found. Measures are means over the queries; times in milliseconds. As JSON the keys carry the
/// list's length: `ndcg@10`.
#[derive(Clone, Debug, PartialEq)]
pub struct RetrievalEval {
    /// The folder's name.
    pub dataset: String,
    /// Which rankings were used.
    pub mode: SearchMode,
    /// Documents indexed.
    pub documents: usize,
    /// Queries with a relevant document.
    pub queries: usize,
    /// How many of the best count.
    pub k: usize,
    /// nDCG of the first `k`.
    pub ndcg: f64,
    /// Share of the relevant documents that come first.
    pub recall_1: f64,
    /// Among the first five.
    pub recall_5: f64,
    /// Among the first `k`.
    pub recall_k: f64,
    /// Reciprocal rank of the first relevant one among the first `k`.
    pub mrr: f64,
    /// From the first file until all is searchable.
    pub index_seconds: f64,
    /// Median of a query, embedding included.
    pub query_ms_p50: f64,
    /// 95th percentile of a query.
    pub query_ms_p95: f64,
}

impl Serialize for RetrievalEval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("dataset", &self.dataset)?;
        map.serialize_entry("mode", &self.mode)?;
        map.serialize_entry("documents", &self.documents)?;
        map.serialize_entry("queries", &self.queries)?;
        map.serialize_entry(&format!("ndcg@{}", self.k), &self.ndcg)?;
        map.serialize_entry("recall@1", &self.recall_1)?;
        map.serialize_entry("recall@5", &self.recall_5)?;
        if !matches!(self.k, 1 | 5) {
            map.serialize_entry(&format!("recall@{}", self.k), &self.recall_k)?;
        }
        map.serialize_entry(&format!("mrr@{}", self.k), &self.mrr)?;
        map.serialize_entry("index_seconds", &self.index_seconds)?;
        map.serialize_entry("query_ms_p50", &self.query_ms_p50)?;
        map.serialize_entry("query_ms_p95", &self.query_ms_p95)?;
        map.end()
    }
}

/// Runs it, once for each mode, over one library.
///
/// # Errors
/// `dataset_unreadable`, those of adding and searching, `cancelled`.
pub fn eval_retrieval(
    options: &EvalOptions,
    modes: &[SearchMode],
    k: usize,
    cancel: &CancelToken,
) -> Result<Vec<RetrievalEval>, ErrorReport> {
    let dataset = Dataset::read(&options.dir)?;
    let library = LabelledLibrary::build(&dataset, options, cancel)?;
    modes
        .iter()
        .map(|mode| run(&dataset, &library, *mode, k, cancel))
        .collect()
}

fn run(
    dataset: &Dataset,
    library: &LabelledLibrary,
    mode: SearchMode,
    k: usize,
    cancel: &CancelToken,
) -> Result<RetrievalEval, ErrorReport> {
    let labelled: Vec<usize> = (0..dataset.queries.len())
        .filter(|query| !dataset.relevant[*query].is_empty())
        .collect();
    let candidates = candidates(k);
    // The first query starts the worker and loads the model: that is not what a query costs.
    if let Some(first) = labelled.first() {
        library.retrieve_among(candidates, &dataset.queries[*first].text, mode, None, cancel)?;
    }
    let mut lists = Vec::with_capacity(labelled.len());
    let mut times = Vec::with_capacity(labelled.len());
    for query in &labelled {
        let started = Instant::now();
        let retrieved = library.retrieve_among(candidates, &dataset.queries[*query].text, mode, None, cancel)?;
        times.push(started.elapsed().as_secs_f64() * 1000.0);
        lists.push((library.ranked(&retrieved), &dataset.relevant[*query]));
    }
    let over = |measure: &Measure<'_>| rounded(mean(lists.iter().map(|(ranked, relevant)| measure(ranked, relevant))));
    Ok(RetrievalEval {
        dataset: dataset.name.clone(),
        mode,
        documents: library.places.len(),
        queries: labelled.len(),
        k,
        ndcg: over(&|ranked, relevant| ndcg(ranked, relevant, k)),
        recall_1: over(&|ranked, relevant| recall(ranked, relevant, 1)),
        recall_5: over(&|ranked, relevant| recall(ranked, relevant, 5)),
        recall_k: over(&|ranked, relevant| recall(ranked, relevant, k)),
        mrr: over(&|ranked, relevant| reciprocal_rank(ranked, relevant, k)),
        index_seconds: (library.index_seconds * 100.0).round() / 100.0,
        query_ms_p50: (percentile(&times, 0.5) * 100.0).round() / 100.0,
        query_ms_p95: (percentile(&times, 0.95) * 100.0).round() / 100.0,
    })
}

/// Passages from each ranking, so that the best `k` documents can be among them: several passages may be of one document. For a
/// short list as many as the application takes.
fn candidates(k: usize) -> usize {
    k.saturating_mul(5).clamp(CANDIDATES, MOST_RESULTS)
}

/// A follow-up of a labelled pair of questions.
#[derive(Clone, Debug, Deserialize)]
struct FollowUp {
    relevant: Vec<String>,
    first: String,
    follow_up: String,
    written_out: String,
}

/// How well second questions are found: recall of the first five, as typed, as completed by rule, and written out by a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FollowUpEval {
    /// The folder's name.
    pub dataset: String,
    /// Pairs of questions.
    pub pairs: usize,
    /// Second questions that the rule completed.
    pub completed: usize,
    /// As typed.
    #[serde(rename = "raw_recall@5")]
    pub raw: f64,
    /// Completed by [`standalone`] from the first question and the title of its best document.
    #[serde(rename = "followup_recall@5")]
    pub followup: f64,
    /// Written out.
    #[serde(rename = "written_out_recall@5")]
    pub written_out: f64,
}

/// Measures two-turn questions over a labelled folder. `pairs` has one JSON object a line: `relevant` (document names), `first`,
/// `follow_up`, `written_out`.
///
/// # Errors
/// `dataset_unreadable`, those of adding and searching, `cancelled`.
pub fn eval_followups(options: &EvalOptions, pairs: &Path, cancel: &CancelToken) -> Result<FollowUpEval, ErrorReport> {
    let dataset = Dataset::read(&options.dir)?;
    let pairs: Vec<FollowUp> = super::dataset::lines(pairs)?;
    let library = LabelledLibrary::build(&dataset, options, cancel)?;
    let hit = |query: &str, relevant: &[String]| -> Result<bool, ErrorReport> {
        let retrieved = library.retrieve(query, SearchMode::Hybrid, None, cancel)?;
        Ok(library
            .ranked(&retrieved)
            .iter()
            .take(5)
            .any(|place| relevant.contains(&dataset.corpus[*place].id)))
    };
    let (mut completed, mut raw, mut followup, mut written_out) = (0, 0, 0, 0);
    for pair in &pairs {
        let first = library.retrieve(&pair.first, SearchMode::Hybrid, None, cancel)?;
        let cited = library
            .ranked(&first)
            .first()
            .map(|place| dataset.corpus[*place].title.clone());
        let before = EarlierTurn {
            searched: pair.first.clone(),
            cited_titles: cited.into_iter().collect(),
        };
        let query = standalone(&pair.follow_up, Some(&before));
        completed += usize::from(query.is_some());
        raw += usize::from(hit(&pair.follow_up, &pair.relevant)?);
        followup += usize::from(hit(query.as_deref().unwrap_or(&pair.follow_up), &pair.relevant)?);
        written_out += usize::from(hit(&pair.written_out, &pair.relevant)?);
    }
    let share = |hits: usize| rounded(hits as f64 / pairs.len().max(1) as f64);
    Ok(FollowUpEval {
        dataset: dataset.name.clone(),
        pairs: pairs.len(),
        completed,
        raw: share(raw),
        followup: share(followup),
        written_out: share(written_out),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_found_among_several_times_as_many_passages() {
        assert_eq!(candidates(10), CANDIDATES);
        assert_eq!(candidates(300), 1500);
        assert_eq!(candidates(usize::MAX), MOST_RESULTS);
    }
}
