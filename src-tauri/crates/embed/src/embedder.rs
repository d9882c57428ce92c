//! [`OnnxEmbedder`].

use crate::DEFAULT_EMBEDDER;
use crate::batch::batches;
use crate::encoder::Encoder;
use crate::error::{EmbedError, precision_name};
use crate::folder::{Kind, ModelFolder};
use crate::runtime::{Device, DeviceChoice, Runtime, cpu_notice, default_threads};
use crate::tokens::{ChunkTokenizer, DocumentTokens, Ids, ModelTokenizer};
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::{ChunkDraft, EmbeddedChunk};
use docmind_core::chunker::Chunker;
use docmind_core::embedding::{EmbedderCard, Embedding, Precision, TextKind};
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::ports::{Embedder, PagesToEmbed};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Padded tokens of a batch on a processor: four chunks of 200. INT8 embeds 51 / 55 / 50 / 41 / 36 abstracts a second of CPU time at
/// 416 / 832 / 1,664 / 3,328 / 6,656 (two cores with 2 MiB of second-level cache each): smaller ones pay per run, larger ones leave
/// the cache. FP32 is flat up to 1,664.
const CPU_BATCH_TOKENS: usize = 832;
/// On a GPU.
const GPU_BATCH_TOKENS: usize = 32_768;
/// Texts of a batch.
const BATCH_TEXTS: usize = 256;
/// Texts that are sorted together; memory of a call is bounded by two of these, tokens only.
const WINDOW: usize = 256;
/// Size of the first window: work begins while the rest is still being tokenised.
const FIRST_WINDOW: usize = 32;
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
        }
    }
}

/// An embedding model in ONNX Runtime. Calls from several threads take turns batch by batch.
pub struct OnnxEmbedder {
    card: EmbedderCard,
    encoder: Encoder,
    tokenizer: ModelTokenizer,
    chunk_tokenizer: ChunkTokenizer,
    batch_tokens: usize,
    notices: Vec<Notice>,
}

impl OnnxEmbedder {
    /// Loads ONNX Runtime, the model and its tokenizer, and runs the model once.
    ///
    /// # Errors
    /// [`EmbedError::Runtime`] without ONNX Runtime, [`EmbedError::Missing`] and [`EmbedError::Invalid`] for the model.
    pub fn open(options: &EmbedderOptions) -> Result<Self, EmbedError> {
        let folder = ModelFolder::open(&options.model_dir)?;
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
        let vectors = encoder.run([probe.row()].into_iter())?;
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
        let batch_tokens = if encoder.device() == Device::Cpu {
            CPU_BATCH_TOKENS
        } else {
            GPU_BATCH_TOKENS
        };
        tracing::info!(
            name = card.name,
            device = encoder.device().name(),
            precision = precision_name(card.precision),
            threads,
            "embedder loaded"
        );
        Ok(Self {
            card,
            encoder,
            tokenizer,
            chunk_tokenizer,
            batch_tokens,
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

    /// [`Embedder::embed`] with progress: texts done and in all. The callback runs between batches with nothing locked.
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
            TextKind::Passage => &self.card.passage_prefix,
        };
        let ids = |text: &String| {
            let ids = if prefix.is_empty() {
                self.tokenizer.ids(text)
            } else {
                self.tokenizer.ids(&format!("{prefix}{text}"))
            };
            ids.map_err(|detail| self.failed(1, detail))
        };
        let mut vectors = vec![Embedding(Vec::new()); texts.len()];
        let mut place = |index: usize, vector: Embedding| vectors[index] = vector;
        let total = texts.len() as u32;
        if texts.len() <= FEW {
            let jobs = texts.iter().enumerate().map(|(index, text)| {
                Ok(Job {
                    ids: ids(text)?,
                    payload: index,
                })
            });
            let mut jobs = jobs.collect::<Result<Vec<_>, EmbedError>>()?;
            let mut done = 0;
            self.run_window(&mut jobs, cancel, &mut place, &mut |count| {
                done += count;
                progress(done, total);
            })?;
            return Ok(vectors);
        }
        let produce = |sender: SyncSender<Result<Job<usize>, EmbedError>>| {
            for (index, text) in texts.iter().enumerate() {
                let job = ids(text).map(|ids| Job { ids, payload: index });
                if cancel.is_cancelled() || sender.send(job).is_err() {
                    return;
                }
            }
        };
        let mut done = 0;
        self.run_stream(produce, cancel, &mut place, &mut |count, _| {
            done += count;
            progress(done, total);
        })?;
        Ok(vectors)
    }

    /// Runs what `produce` sends from a thread of its own; `told` gets how many were done, and how many were sent so far.
    fn run_stream<T: Send>(
        &self,
        produce: impl FnOnce(SyncSender<Result<Job<T>, EmbedError>>) + Send,
        cancel: &CancelToken,
        place: &mut dyn FnMut(T, Embedding),
        told: &mut dyn FnMut(u32, u32),
    ) -> Result<(), EmbedError> {
        let (sender, receiver) = sync_channel(WINDOW);
        // The receiver moves in: dropped with an error, it wakes a tokenizer that waits for room in the channel.
        std::thread::scope(move |scope| {
            let spawned = std::thread::Builder::new()
                .name("tokenize".into())
                .spawn_scoped(scope, move || produce(sender));
            spawned.map_err(|error| self.failed(0, error.to_string()))?;
            let mut window = FIRST_WINDOW;
            let mut sent = 0;
            loop {
                let mut jobs = receive(&receiver, window)?;
                if jobs.is_empty() {
                    return if cancel.is_cancelled() {
                        Err(EmbedError::Cancelled)
                    } else {
                        Ok(())
                    };
                }
                sent += jobs.len() as u32;
                self.run_window(&mut jobs, cancel, place, &mut |count| told(count, sent))?;
                window = WINDOW;
            }
        })
    }

    /// Runs jobs sorted by length, batch by batch; `told` gets the size of each batch that is done.
    fn run_window<T>(
        &self,
        jobs: &mut Vec<Job<T>>,
        cancel: &CancelToken,
        place: &mut dyn FnMut(T, Embedding),
        told: &mut dyn FnMut(u32),
    ) -> Result<(), EmbedError> {
        jobs.sort_by_key(|job| std::cmp::Reverse(job.ids.ids.len()));
        let lengths: Vec<usize> = jobs.iter().map(|job| job.ids.ids.len()).collect();
        let mut rest = jobs.drain(..);
        for range in batches(&lengths, self.batch_tokens, BATCH_TEXTS) {
            if cancel.is_cancelled() {
                return Err(EmbedError::Cancelled);
            }
            let batch: Vec<Job<T>> = rest.by_ref().take(range.len()).collect();
            let vectors = self.encoder.run(batch.iter().map(|job| job.ids.row()))?;
            let count = batch.len() as u32;
            for (job, vector) in batch.into_iter().zip(vectors) {
                place(job.payload, unit(vector));
            }
            told(count);
        }
        Ok(())
    }

    fn failed(&self, texts: usize, detail: String) -> EmbedError {
        EmbedError::Failed {
            name: self.card.name.clone(),
            texts,
            detail,
        }
    }

    /// Cuts documents and sends their chunks with ids; stops when nobody listens.
    fn send_chunks(
        &self,
        documents: &[PagesToEmbed<'_>],
        cancel: &CancelToken,
        sender: &SyncSender<Result<Job<Place>, EmbedError>>,
    ) {
        for (index, document) in documents.iter().enumerate() {
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
                return;
            }
            if !listened || cancel.is_cancelled() {
                return;
            }
        }
    }
}

/// A text on its way through the model.
struct Job<T> {
    ids: Ids,
    payload: T,
}

/// A chunk and where it belongs.
struct Place {
    document: usize,
    ordinal: u32,
    chunk: ChunkDraft,
}

/// Up to `most` jobs; fewer at the end, none after it.
fn receive<T>(receiver: &Receiver<Result<Job<T>, EmbedError>>, most: usize) -> Result<Vec<Job<T>>, EmbedError> {
    let mut jobs = Vec::with_capacity(most);
    while jobs.len() < most {
        match receiver.recv() {
            Ok(job) => jobs.push(job?),
            Err(_) => break,
        }
    }
    Ok(jobs)
}

/// To unit length; a vector of zeros stays.
fn unit(mut vector: Vec<f32>) -> Embedding {
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
        match Encoder::open(runtime, folder, &model, (device, precision), threads, pad) {
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
        let (name, asked, used) = (&folder.card().name, precision_name(asked), precision_name(precision));
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

    /// `progress` runs on the calling thread between batches with nothing locked, so that a waiting question can be embedded in
    /// it; the total grows while documents are still being cut.
    fn chunk_and_embed(
        &self,
        documents: &[PagesToEmbed<'_>],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Vec<Vec<EmbeddedChunk>>, ErrorReport> {
        let mut found: Vec<Vec<(u32, EmbeddedChunk)>> = documents.iter().map(|_| Vec::new()).collect();
        let produce = |sender: SyncSender<Result<Job<Place>, EmbedError>>| self.send_chunks(documents, cancel, &sender);
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
        self.run_stream(produce, cancel, &mut place, &mut |count, sent| {
            done += count;
            progress(done, sent);
        })?;
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
