//! What the engine tells whoever listens: the window and the command line show the same events.

use docmind_core::answer::{Answer, Source, Support};
use docmind_core::conversation::ConversationId;
use docmind_core::document::{DocumentId, DocumentState, Outcome};
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::hardware::Device;
use docmind_core::retrieval::RetrievalTrace;
use serde::{Deserialize, Serialize};

/// A row of the library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct DocumentRow {
    /// Its id.
    pub id: DocumentId,
    /// Where the file is; lossy where the path is not UTF-8 (`path_bytes` then holds it in base64).
    pub path: String,
    /// base64 of the path's bytes, only where it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path_bytes: Option<String>,
    /// Title from the document, or the file's name.
    pub title: String,
    /// Such as `application/pdf`; empty before it is known.
    pub media_type: String,
    /// Pages of its format are drawn, as long as the file is what was indexed.
    pub drawable: bool,
    /// Where it stands.
    pub state: DocumentState,
    /// Why, where the state needs a reason.
    pub error: Option<ErrorReport>,
    /// Pages, those that could not be read among them.
    pub pages: u32,
    /// Pages that could not be read, with their reasons.
    pub failed_pages: Vec<FailedPage>,
    /// Passages.
    pub chunks: u32,
    /// Bytes of the file.
    #[cfg_attr(feature = "bindings", specta(type = f64))]
    pub size_bytes: u64,
    /// ISO 639-1 of the text, where it could be told.
    pub language: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub added_at_ms: f64,
    /// The file on disk differs from what was indexed, or is gone.
    pub changed: bool,
}

/// A page that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct FailedPage {
    /// 1-based.
    pub page: u32,
    /// In a person's words.
    pub reason: String,
}

/// Progress of adding documents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum IngestEvent {
    /// Files were found and stand in the ledger.
    Queued {
        /// New in the queue.
        files: u32,
    },
    /// Work on one file goes on.
    Progress {
        /// The document.
        id: DocumentId,
        /// Its path.
        path: String,
        /// `reading` (pages) or `embedding` (passages).
        stage: IngestStage,
        /// Done of this stage.
        done: u32,
        /// In all; 0 when not known yet.
        total: u32,
    },
    /// One file is settled.
    Settled {
        /// The row as it is now.
        row: Box<DocumentRow>,
        /// In one word.
        outcome: Outcome,
        /// Passages embedded and stored by this; 0 when the content was known.
        indexed_chunks: u32,
        /// Time spent on it in milliseconds.
        ms: f64,
    },
    /// Something met on the way that is no document: a pipe, a dangling link, a folder that may not be entered.
    Skipped {
        /// As met; lossy where it is not UTF-8.
        path: String,
        /// base64 of the path's bytes, only where it is not UTF-8.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        path_bytes: Option<String>,
        /// Why.
        error: ErrorReport,
    },
    /// A document left the library.
    Removed {
        /// Its former id.
        id: DocumentId,
    },
    /// Overall, at most four times a second.
    Overall(IngestProgress),
    /// Something was degraded.
    Notice(Notice),
    /// Nothing goes on until this is put right; what was queued stays queued.
    Blocked(ErrorReport),
}

/// The stages of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum IngestStage {
    /// Pages are read.
    Reading,
    /// Text is recognised in pictures of pages.
    Recognising,
    /// Passages are embedded.
    Embedding,
}

/// The whole queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct IngestProgress {
    /// Files settled since the queue was last empty.
    pub done: u32,
    /// Files in all since then.
    pub total: u32,
    /// Passages indexed a second, over the last ten seconds.
    pub chunks_per_second: f32,
    /// Seconds left, where they can be told.
    pub remaining_s: Option<f32>,
    /// A person paused it, or an answer is being written on the CPU.
    pub paused: Option<String>,
}

/// What is told while one question is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AskEvent {
    /// Where this question is kept.
    Started {
        /// The conversation, new or given.
        conversation: ConversationId,
        /// The query searched for, when it was completed from earlier turns.
        standalone: Option<String>,
    },
    /// What is being done: `searching`, `loading_model`, `reading_sources`, `thinking`, `writing`.
    Stage {
        /// One of the names above.
        stage: String,
        /// Done of it.
        done: u32,
        /// In all; 0 when not known.
        total: u32,
    },
    /// The sources, and an extractive answer from them, before the first token.
    Sources {
        /// All sources of this turn, best first.
        sources: Vec<Source>,
        /// The best sentences themselves; `None` when nothing supports an answer.
        extract: Option<Box<Answer>>,
    },
    /// A piece of thinking.
    Thinking {
        /// Text.
        text: String,
    },
    /// A piece of the answer, citation marks already turned into `[n]`.
    Token {
        /// Markdown.
        text: String,
    },
    /// Every token told so far was a thought, and no sentence checked so far counts: the answer begins after this.
    WereThoughts,
    /// A sentence was finished and checked.
    Citation {
        /// Number shown; 0 for a sentence that cites nothing.
        n: u32,
        /// The [`Source::n`] it stands for; 0 with no number.
        source: u32,
        /// The sentence.
        sentence: String,
        /// What the check says.
        support: Support,
    },
    /// Something was degraded.
    Notice(Notice),
    /// Why these sources and no others, with what was left out; before the end.
    Trace(Box<AnswerTrace>),
    /// The end; saved already.
    Done {
        /// Whole.
        answer: Box<Answer>,
    },
    /// It failed; what was written before stays.
    Failed(ErrorReport),
}

/// How an answer came about, for the "why this answer" view. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AnswerTrace {
    /// Rankings, fusion, what was packed and what was left out.
    pub retrieval: RetrievalTrace,
    /// The score on which it was decided whether an answer is attempted.
    pub found_score: f32,
    /// The question asks for everything rather than the best: the answer rests on the sources shown, not on all documents.
    pub wants_everything: bool,
    /// Embedding the question.
    pub embed_ms: f64,
    /// Both rankings, fusion and reading.
    pub search_ms: f64,
    /// Until sources and extract were shown.
    pub shown_ms: f64,
    /// In all.
    pub total_ms: f64,
}

/// One reading of the machine, twice a second to whoever listens. Sizes in MiB, rates in tokens per second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Telemetry {
    /// Milliseconds since the Unix epoch.
    pub at_ms: f64,
    /// Load of the processor in percent.
    pub cpu_percent: f32,
    /// Total RAM.
    pub ram_total_mib: u32,
    /// Used RAM.
    pub ram_used_mib: u32,
    /// GPUs.
    pub gpus: Vec<GpuReading>,
    /// Memory by owner on the device that holds the model: `weights`, `kv`, `compute`, `embedder`, `application`.
    pub owners: Vec<MemoryOwner>,
    /// Device the model runs on, such as `CPU` or `CUDA0`; empty while none is loaded.
    pub model_device: String,
    /// Name of the loaded model; empty while none is.
    pub model: String,
    /// Active profile.
    pub profile: String,
    /// Why this one; `None` while no model is loaded.
    pub profile_reason: Option<Notice>,
    /// Of the running answer, or of the last one.
    pub prefill_tps: f64,
    /// Of the running answer, or of the last one.
    pub decode_tps: f64,
    /// Of the last answer, in ms.
    pub ttft_ms: f64,
    /// Tokens in the context.
    pub context_used: u32,
    /// Size of the context.
    pub context_tokens: u32,
    /// Tokens of the last prompt taken from the cache.
    pub reused_tokens: u32,
    /// Accepted share of drafted tokens, 0 to 1; `None` without speculation.
    pub acceptance: Option<f32>,
    /// Share of the memory-bandwidth limit reached by decoding, 0 to 1.
    pub bandwidth_fraction: Option<f32>,
    /// True while an answer is being written.
    pub generating: bool,
    /// Ingest.
    pub ingest: IngestProgress,
}

/// One GPU at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct GpuReading {
    /// Name and memory.
    pub device: Device,
    /// Load in percent.
    pub load_percent: Option<f32>,
    /// Power in W.
    pub power_w: Option<f32>,
    /// Temperature in °C.
    pub temperature_c: Option<f32>,
    /// Clock of the cores in MHz.
    pub clock_mhz: Option<u32>,
}

/// Memory of one owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct MemoryOwner {
    /// `weights`, `kv`, `compute`, `embedder`, `application`.
    pub owner: String,
    /// In MiB.
    pub mib: u32,
}
