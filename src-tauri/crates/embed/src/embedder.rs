//! [`OnnxEmbedder`].

use crate::DEFAULT_EMBEDDER;
use crate::encoder::{Encoder, Threads};
use crate::error::EmbedError;
use crate::folder::{Kind, ModelFolder};
use crate::lanes::Urgency;
use crate::runtime::{Device, DeviceChoice, Runtime, cpu_notice, default_threads};
use crate::stream::{self, Job, Limits, Tokenised};
use crate::tokens::{ChunkTokenizer, DocumentTokens, ModelTokenizer};
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::{ChunkDraft, EmbeddedChunk};
use docmind_core::chunker::Chunker;
use docmind_core::embedding::{EmbedderCard, Embedding, Precision, TextKind};
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::ports::{Embedder, PagesToEmbed};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;

/// Padded tokens of a batch on a processor, of which each lane runs one: two chunks of 200. A core embeds 33 / 31 / 27 abstracts a
/// second at 416 / 832 / 1,664 in FP32, where a core has 2 MiB of cache of its own; much smaller batches are slower for short texts.
const CPU_BATCH_TOKENS: usize = 416;
/// On a GPU.
const GPU_BATCH_TOKENS: usize = 32_768;
/// Texts of a batch.
const BATCH_TEXTS: usize = 256;
/// The same for INT8: activations are rounded by the range of their whole batch, so that a text alone is rounded more finely, and
/// gets the same vector in any company. It costs nothing.
const INT8_BATCH_TEXTS: usize = 1;
/// Up to so many texts are tokenised where they are asked for: a thread costs more than a question.
const FEW: usize = 8;

/// Which embedder to open, and how.
#[derive(Clone, Debug)]
pub struct EmbedderOptions {
    /// Folder with `libonnxruntime`.
    pub runtime_dir: PathBuf,
    /// Folder with the model's `card.json`.
    pub model_dir: PathBuf,
    /// Tokenizer that measures chunks: the default embedder's, whatever the model.
    pub chunk_tokenizer: PathBuf,
    /// Precision; `None` chooses by device and card.
    pub precision: Option<Precision>,
    /// Where to run.
    pub device: DeviceChoice,
    /// Threads on a processor; `None` takes every core.
    pub threads: Option<usize>,
    /// Longest input in the model's tokens; `None` takes what its card says.
    pub max_tokens: Option<u32>,
}

impl EmbedderOptions {
    /// An embedder of `runtime_dir/embedders`, chosen by folder name, everything else as usual.
    pub fn new(runtime_dir: &Path, name: &str) -> Self {
        Self::in_folder(runtime_dir, &runtime_dir.join("embedders").join(name))
    }

    /// An embedder of any folder.
    pub fn in_folder(runtime_dir: &Path, model_dir: &Path) -> Self {
        Self {
            runtime_dir: runtime_dir.to_owned(),
            model_dir: model_dir.to_owned(),
            chunk_tokenizer: runtime_dir
                .join("embedders")
                .join(DEFAULT_EMBEDDER)
                .join("tokenizer.json"),
            precision: None,
            device: DeviceChoice::Automatic,
            threads: None,
            max_tokens: None,
        }
    }

    /// The model's folder, read as these options say.
    pub(crate) fn folder(&self) -> Result<ModelFolder, EmbedError> {
        let folder = ModelFolder::open(&self.model_dir)?;
        Ok(match self.max_tokens {
            Some(most) => folder.reading(most),
            None => folder,
        })
    }
}

/// An embedding model in ONNX Runtime. Calls from several threads take turns batch by batch.
pub struct OnnxEmbedder {
    card: EmbedderCard,
    encoder: Encoder,
    tokenizer: ModelTokenizer,
    chunk_tokenizer: ChunkTokenizer,
    limits: Limits,
    /// Threads that tokenise: one beside a processor that is busy embedding, all of them for a graphics card, which waits for them.
    tokenizing: usize,
    notices: Vec<Notice>,
}

impl OnnxEmbedder {
    /// Loads ONNX Runtime, the model and its tokenizer, and runs the model once.
    ///
    /// # Errors
    /// [`EmbedError::Runtime`] without ONNX Runtime, [`EmbedError::Missing`] and [`EmbedError::Invalid`] for the model.
    pub fn open(options: &EmbedderOptions) -> Result<Self, EmbedError> {
        let folder = options.folder()?;
        if folder.card().kind != Kind::Embedder {
            return Err(EmbedError::invalid(
                &options.model_dir,
                "its card says that it is no embedder",
                "",
            ));
        }
        let tokenizer = ModelTokenizer::open(&folder.tokenizer(), folder.card().max_tokens)?;
        let chunk_tokenizer = ChunkTokenizer::open(&options.chunk_tokenizer, &folder.tokenizer())?;
        let runtime = Runtime::load(&options.runtime_dir)?;
        let threads = options.threads.unwrap_or_else(default_threads).max(1);
        let mut notices = Vec::new();
        let encoder = open_encoder(&runtime, &folder, options, threads, tokenizer.pad, &mut notices)?;

        let probe = tokenizer
            .ids("a")
            .map_err(|error| EmbedError::invalid(folder.tokenizer(), "its tokenizer fails", error))?;
        let vectors = encoder.run([probe.row()].into_iter(), Urgency::Batch)?;
        let dimensions = vectors.first().map_or(0, Vec::len) as u32;
        if folder.card().dimensions.is_some_and(|said| said != dimensions) {
            let reason = format!("its vectors have {dimensions} dimensions, its card says otherwise");
            return Err(EmbedError::invalid(&options.model_dir, reason, ""));
        }
        let card = EmbedderCard {
            name: folder.card().name.clone(),
            dimensions,
            max_tokens: folder.card().max_tokens,
            precision: encoder.precision(),
            query_prefix: folder.card().query_prefix.clone(),
            passage_prefix: folder.card().passage_prefix.clone(),
            fingerprint: folder.fingerprint(encoder.precision())?,
        };
        let tokenizing = match encoder.device() {
            Device::Cpu => 1,
            Device::Cuda => threads,
        };
        let limits = limits(encoder.device(), encoder.precision());
        tracing::info!(
            name = card.name,
            device = encoder.device().name(),
            lanes = encoder.lanes(),
            precision = card.precision.as_str(),
            threads,
            "embedder loaded"
        );
        Ok(Self {
            card,
            encoder,
            tokenizer,
            chunk_tokenizer,
            limits,
            tokenizing,
            notices,
        })
    }

    /// What was degraded while opening: `embedder_on_cpu`, `embedder_precision`.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// `cpu` or `cuda`.
    pub fn device(&self) -> &'static str {
        self.encoder.device().name()
    }

    /// Numeric precision of its weights.
    pub fn precision(&self) -> Precision {
        self.encoder.precision()
    }

    /// Number of the model's tokens of a text, special ones included, cut at the model's maximum.
    ///
    /// # Errors
    /// [`EmbedError::Failed`] when the tokenizer fails.
    pub fn token_count(&self, text: &str) -> Result<usize, EmbedError> {
        self.tokenizer
            .ids(text)
            .map(|ids| ids.ids.len())
            .map_err(|detail| self.failed(1, detail))
    }

    /// [`Embedder::embed`] with progress: texts done and in all. The callback runs with nothing locked, after every batch and every
    /// few milliseconds in between.
    ///
    /// # Errors
    /// [`EmbedError::Failed`] and [`EmbedError::Cancelled`].
    pub fn embed_with_progress(
        &self,
        kind: TextKind,
        texts: &[String],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Vec<Embedding>, EmbedError> {
        let prefix = match kind {
            TextKind::Query => &self.card.query_prefix,
            TextKind::Passage | TextKind::Sentence => &self.card.passage_prefix,
        };
        let ids = |text: &String| {
            let ids = if prefix.is_empty() {
                self.tokenizer.ids(text)
            } else {
                self.tokenizer.ids(&format!("{prefix}{text}"))
            };
            ids.map_err(|detail| self.failed(1, detail))
        };
        let urgency = if kind.is_urgent() {
            Urgency::Question
        } else {
            Urgency::Batch
        };
        let mut vectors = vec![Embedding(Vec::new()); texts.len()];
        let total = texts.len() as u32;
        if texts.len() <= FEW {
            let jobs = texts.iter().enumerate().map(|(index, text)| {
                Ok(Job {
                    ids: ids(text)?,
                    payload: index,
                })
            });
            let jobs = jobs.collect::<Result<Vec<_>, EmbedError>>()?;
            let mut done = 0;
            for batch in stream::sorted(jobs, self.limits) {
                if cancel.is_cancelled() {
                    return Err(EmbedError::Cancelled);
                }
                for (index, vector) in stream::run_batch(&self.encoder, batch, urgency)? {
                    vectors[index] = vector;
                    done += 1;
                }
                progress(done, total);
            }
            return Ok(vectors);
        }
        let produce = |sender: SyncSender<Tokenised<usize>>| {
            share_out(self.tokenizing, texts.len(), &|index| {
                let job = ids(&texts[index]).map(|ids| Job { ids, payload: index });
                !cancel.is_cancelled() && sender.send(job).is_ok()
            });
        };
        let mut done = 0;
        let mut place = |index: usize, vector| vectors[index] = vector;
        stream::run(
            &self.encoder,
            (self.limits, urgency),
            produce,
            cancel,
            &mut place,
            &mut |count, _| {
                done += count;
                progress(done, total);
            },
        )?;
        Ok(vectors)
    }

    fn failed(&self, texts: usize, detail: String) -> EmbedError {
        self.encoder.failed(texts, detail)
    }

    /// Cuts a document and sends its chunks with ids; false when nobody listens any more.
    fn send_chunks(
        &self,
        (index, document): (usize, &PagesToEmbed<'_>),
        cancel: &CancelToken,
        sender: &SyncSender<Tokenised<Place>>,
    ) -> bool {
        let tokens = DocumentTokens::new(&self.chunk_tokenizer, &self.tokenizer, document.pages, cancel);
        let mut ordinal = 0;
        let mut listened = true;
        Chunker::new(&tokens).cut(document.title, document.pages, &mut |cut| {
            if !listened || cancel.is_cancelled() {
                return;
            }
            let ids = tokens
                .ids(&self.card.passage_prefix, &cut)
                .map_err(|detail| self.failed(1, detail));
            let place = Place {
                document: index,
                ordinal,
                chunk: cut.draft,
            };
            ordinal += 1;
            listened = sender.send(ids.map(|ids| Job { ids, payload: place })).is_ok();
        });
        if let Some(detail) = tokens.into_failure() {
            let _ = sender.send(Err(self.failed(1, detail)));
            return false;
        }
        listened && !cancel.is_cancelled()
    }
}

/// Calls `work` with each number below `count`, on up to `threads` threads, this one among them; a false ends it.
fn share_out(threads: usize, count: usize, work: &(impl Fn(usize) -> bool + Sync)) {
    let next = AtomicUsize::new(0);
    let take = || {
        while let index = next.fetch_add(1, Ordering::Relaxed)
            && index < count
            && work(index)
        {}
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(count) {
            // One that cannot be had is done without.
            drop(
                std::thread::Builder::new()
                    .name("tokenize".into())
                    .spawn_scoped(scope, take),
            );
        }
        take();
    });
}

/// A chunk and where it belongs.
struct Place {
    document: usize,
    ordinal: u32,
    chunk: ChunkDraft,
}

/// What a batch holds on a device.
fn limits(device: Device, precision: Precision) -> Limits {
    match (device, precision) {
        (Device::Cuda, _) => Limits {
            tokens: GPU_BATCH_TOKENS,
            texts: BATCH_TEXTS,
        },
        (Device::Cpu, Precision::Int8) => Limits {
            tokens: CPU_BATCH_TOKENS,
            texts: INT8_BATCH_TEXTS,
        },
        (Device::Cpu, _) => Limits {
            tokens: CPU_BATCH_TOKENS,
            texts: BATCH_TEXTS,
        },
    }
}

/// To unit length; a vector of zeros stays.
pub(crate) fn unit(mut vector: Vec<f32>) -> Embedding {
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if norm > 0.0 {
        for value in &mut vector {
            *value /= norm;
        }
    }
    Embedding::from_f32(&vector)
}

/// The model on the first device that takes it.
fn open_encoder(
    runtime: &Runtime,
    folder: &ModelFolder,
    options: &EmbedderOptions,
    threads: usize,
    pad: u32,
    notices: &mut Vec<Notice>,
) -> Result<Encoder, EmbedError> {
    let devices = runtime.devices(options.device);
    let last = devices.len() - 1;
    for (at, device) in devices.into_iter().enumerate() {
        let (precision, model, notice) = choose_precision(folder, options, device)?;
        match Encoder::open(
            runtime,
            folder,
            &model,
            (device, precision),
            Threads {
                all: threads,
                lanes: true,
            },
            pad,
        ) {
            Ok(encoder) => {
                notices.extend(notice);
                return Ok(encoder);
            }
            Err(error) if at == last => return Err(error),
            Err(error) => notices.push(cpu_notice(&error)),
        }
    }
    Err(EmbedError::Missing {
        path: options.model_dir.clone(),
    })
}

/// The precision asked for where the folder has it, else the device's usual one with a notice.
fn choose_precision(
    folder: &ModelFolder,
    options: &EmbedderOptions,
    device: Device,
) -> Result<(Precision, PathBuf, Option<Notice>), EmbedError> {
    if let Some(asked) = options.precision
        && let Some(model) = folder.model(asked)
    {
        return Ok((asked, model, None));
    }
    let missing = || EmbedError::Missing {
        path: options.model_dir.join("model.onnx"),
    };
    let precision = folder.usual_precision(device == Device::Cuda).ok_or_else(missing)?;
    let model = folder.model(precision).ok_or_else(missing)?;
    let notice = options.precision.map(|asked| {
        let (name, asked, used) = (&folder.card().name, asked.as_str(), precision.as_str());
        Notice::new(
            "embedder_precision",
            format!("The embedding model `{name}` has no {asked} file, so {used} is used."),
        )
    });
    Ok((precision, model, notice))
}

impl Embedder for OnnxEmbedder {
    fn card(&self) -> Result<EmbedderCard, ErrorReport> {
        Ok(self.card.clone())
    }

    /// `progress` runs on the calling thread with nothing locked, after every batch and every few milliseconds in between, so that a
    /// waiting question can be embedded in it; the total grows while documents are still being cut.
    fn chunk_and_embed(
        &self,
        documents: &[PagesToEmbed<'_>],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Vec<Vec<EmbeddedChunk>>, ErrorReport> {
        let mut found: Vec<Vec<(u32, EmbeddedChunk)>> = documents.iter().map(|_| Vec::new()).collect();
        let produce = |sender: SyncSender<Tokenised<Place>>| {
            share_out(self.tokenizing, documents.len(), &|index| {
                self.send_chunks((index, &documents[index]), cancel, &sender)
            });
        };
        let mut place = |place: Place, vector| {
            found[place.document].push((
                place.ordinal,
                EmbeddedChunk {
                    chunk: place.chunk,
                    vector,
                },
            ));
        };
        let mut done = 0;
        stream::run(
            &self.encoder,
            (self.limits, Urgency::Batch),
            produce,
            cancel,
            &mut place,
            &mut |count, sent| {
                done += count;
                progress(done, sent);
            },
        )?;
        Ok(found
            .into_iter()
            .map(|mut chunks| {
                chunks.sort_by_key(|(ordinal, _)| *ordinal);
                chunks.into_iter().map(|(_, chunk)| chunk).collect()
            })
            .collect())
    }

    fn embed(&self, kind: TextKind, texts: &[String], cancel: &CancelToken) -> Result<Vec<Embedding>, ErrorReport> {
        Ok(self.embed_with_progress(kind, texts, cancel, &mut |_, _| ())?)
    }
}

#[cfg(test)]
mod tests;
