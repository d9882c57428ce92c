//! `docmind eval`: how well the right passage is found, and how well it is known when there is none, measured on labelled folders
//! through the whole pipeline: every document is written to a file, parsed, cut, embedded, stored and searched like any other.
//!
//! A folder holds `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text`; for answers also `answers` and
//! `answerable`) and `qrels.tsv` (`query-id`, `corpus-id`, `score`, one header line), as BEIR has them. Queries without a relevant
//! document are left out of retrieval; a document scores as its best passage.

mod answers;
mod dataset;
mod library;
mod metrics;
mod retrieval;
mod statements;
mod written;

pub use answers::{AnswersEval, eval_answers};
pub use dataset::{Dataset, DatasetError};
pub(crate) use metrics::percentile;
pub use metrics::{auroc, ndcg, recall, reciprocal_rank};
pub use retrieval::{FollowUpEval, RetrievalEval, eval_followups, eval_retrieval};
pub use written::WrittenEval;

use std::path::PathBuf;

/// Where an evaluation finds its data and the workers, and where it may put its library.
#[derive(Clone, Debug)]
pub struct EvalOptions {
    /// The labelled folder.
    pub dir: PathBuf,
    /// A folder that does not exist yet; removed afterwards, unless it is kept.
    pub scratch: PathBuf,
    /// The library in `scratch` is used if it is there, and stays: what is in it already is not embedded again.
    pub keep: bool,
    /// Folder of the workers; `None` finds it.
    pub bin_dir: Option<PathBuf>,
    /// Folder of native libraries; `None` finds it.
    pub runtime_dir: Option<PathBuf>,
}
