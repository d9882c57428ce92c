//! Throughput of the embedder beside stock fastembed on the same texts, model file and maximum length.
//!
//! Peak memory belongs to a process, so one process measures one [`Engine`]; the comparison is two runs. The worker binary does
//! it: `docmind-embed bench --texts FILE --precision int8 --engine docmind` prints one JSON line.

use crate::embedder::{EmbedderOptions, OnnxEmbedder};
use crate::error::EmbedError;
use crate::folder::{ModelFolder, Pooling};
use crate::runtime::Runtime;
use docmind_core::cancel::CancelToken;
use docmind_core::embedding::{Embedding, Precision, TextKind};
use fastembed::{InitOptionsUserDefined, TextEmbedding, TokenizerFiles, UserDefinedEmbeddingModel};
use serde::Serialize;
use std::fs;
use std::time::Instant;

/// Texts of which the cosine to FP32 is taken.
const COMPARED: usize = 256;

/// Who embeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// [`OnnxEmbedder`].
    DocMind,
    /// `fastembed::TextEmbedding::embed` at its default batch, in the caller's order.
    Fastembed,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EmbedBench {
    /// Name of the model.
    pub model: String,
    /// `fp32`, `fp16` or `int8`.
    pub precision: &'static str,
    /// `cpu` or `cuda`.
    pub device: &'static str,
    /// Who embedded.
    pub engine: Engine,
    /// Longest input in the model's tokens; what is longer was cut.
    pub max_tokens: u32,
    /// How many texts.
    pub texts: usize,
    /// The model's tokens in them, padding not counted.
    pub tokens: usize,
    /// Wall time of the embedding alone, the model loaded and warm.
    pub seconds: f64,
    /// CPU time of the embedding alone, all threads together; `None` where the system does not tell. On a busy machine it says more
    /// than the wall time.
    pub cpu_seconds: Option<f64>,
    /// Tokens a second.
    pub tokens_per_second: f64,
    /// Texts a second.
    pub texts_per_second: f64,
    /// Highest resident memory of the process up to the end of the embedding, in MiB; `None` where the system does not tell.
    pub peak_rss_mib: Option<u64>,
    /// Resident memory once the model was loaded and warm, before the texts, in MiB.
    pub loaded_rss_mib: Option<u64>,
    /// Mean cosine to the vectors of stock fastembed at FP32, over at most 256 of the texts.
    pub cosine_to_fp32: Option<f64>,
    /// The lowest of those cosines.
    pub cosine_to_fp32_min: Option<f64>,
}

/// Embeds `texts` once with `engine` and measures; `compared` takes the cosines to FP32 as well, which takes longer than the rest.
///
/// # Errors
/// When the model cannot be opened or fails.
pub fn run(
    options: &EmbedderOptions,
    engine: Engine,
    texts: &[String],
    compared: bool,
) -> Result<EmbedBench, EmbedError> {
    let warm = &texts[..texts.len().min(4)];
    let (mut bench, vectors) = match engine {
        Engine::DocMind => {
            let embedder = OnnxEmbedder::open(options)?;
            let embed = |texts: &[String]| {
                let cancel = CancelToken::new();
                embedder.embed_with_progress(TextKind::Passage, texts, &cancel, &mut |_, _| ())
            };
            embed(warm)?;
            let loaded = status_mib("VmRSS:");
            let clock = Clock::start();
            let vectors = embed(texts)?;
            let times = clock.stop();
            let card = docmind_core::ports::Embedder::card(&embedder);
            let precision = card.map_or(Precision::Fp32, |card| card.precision);
            let folder = options.folder()?;
            (
                measured(&folder, precision, embedder.device(), engine, times, loaded),
                vectors,
            )
        }
        Engine::Fastembed => {
            let folder = options.folder()?;
            let precision = options
                .precision
                .or_else(|| folder.usual_precision(false))
                .unwrap_or(Precision::Fp32);
            let mut stock = stock(options, &folder, precision)?;
            embed_stock(&folder, &mut stock, warm, None)?;
            let loaded = status_mib("VmRSS:");
            let clock = Clock::start();
            let vectors = embed_stock(&folder, &mut stock, texts, None)?;
            let times = clock.stop();
            (measured(&folder, precision, "cpu", engine, times, loaded), vectors)
        }
    };
    bench.peak_rss_mib = status_mib("VmHWM:");
    bench.texts = texts.len();
    let counter = OnnxEmbedder::open(options)?;
    for text in texts {
        bench.tokens += counter.token_count(text)?;
    }
    drop(counter);
    bench.texts_per_second = bench.texts as f64 / bench.seconds;
    bench.tokens_per_second = bench.tokens as f64 / bench.seconds;
    if compared {
        compare(options, texts, &vectors, &mut bench)?;
    }
    Ok(bench)
}

fn measured(
    folder: &ModelFolder,
    precision: Precision,
    device: &'static str,
    engine: Engine,
    (seconds, cpu_seconds): (f64, Option<f64>),
    loaded_rss_mib: Option<u64>,
) -> EmbedBench {
    EmbedBench {
        model: folder.card().name.clone(),
        precision: precision.as_str(),
        device,
        engine,
        max_tokens: folder.card().max_tokens,
        texts: 0,
        tokens: 0,
        seconds,
        cpu_seconds,
        tokens_per_second: 0.0,
        texts_per_second: 0.0,
        peak_rss_mib: None,
        loaded_rss_mib,
        cosine_to_fp32: None,
        cosine_to_fp32_min: None,
    }
}

/// Cosine of the vectors to stock fastembed's at FP32; left out where the folder has no FP32 file.
fn compare(
    options: &EmbedderOptions,
    texts: &[String],
    vectors: &[Embedding],
    bench: &mut EmbedBench,
) -> Result<(), EmbedError> {
    let folder = options.folder()?;
    if folder.model(Precision::Fp32).is_none() || texts.is_empty() {
        return Ok(());
    }
    let step = texts.len().div_ceil(COMPARED);
    let chosen: Vec<String> = texts.iter().step_by(step).cloned().collect();
    let mut stock = stock(options, &folder, Precision::Fp32)?;
    let reference = embed_stock(&folder, &mut stock, &chosen, Some(8))?;
    let cosines: Vec<f64> = reference
        .iter()
        .zip(vectors.iter().step_by(step))
        .map(|(a, b)| f64::from(a.cosine(b)))
        .collect();
    bench.cosine_to_fp32 = Some(cosines.iter().sum::<f64>() / cosines.len() as f64);
    bench.cosine_to_fp32_min = cosines.into_iter().reduce(f64::min);
    Ok(())
}

/// fastembed with the folder's model, as its documentation says to load one's own.
fn stock(options: &EmbedderOptions, folder: &ModelFolder, precision: Precision) -> Result<TextEmbedding, EmbedError> {
    let runtime = Runtime::load(&options.runtime_dir)?;
    let model = folder.model(precision).ok_or_else(|| EmbedError::Missing {
        path: options.model_dir.join("model.onnx"),
    })?;
    let read = |path: &std::path::Path| fs::read(path).map_err(|_| EmbedError::Missing { path: path.to_owned() });
    let card = folder.card();
    let tokenizer_files = TokenizerFiles {
        tokenizer_file: read(&folder.tokenizer())?,
        config_file: b"{}".to_vec(),
        special_tokens_map_file: b"{}".to_vec(),
        tokenizer_config_file: format!(r#"{{"model_max_length": {}, "pad_token": "[PAD]"}}"#, card.max_tokens)
            .into_bytes(),
    };
    let mut own = UserDefinedEmbeddingModel::new(read(&model)?, tokenizer_files);
    own = own.with_pooling(match card.pooling {
        Pooling::Cls => fastembed::Pooling::Cls,
        Pooling::Mean | Pooling::InGraph => fastembed::Pooling::Mean,
    });
    let init = InitOptionsUserDefined::new()
        .with_environment(runtime.environment())
        .with_max_length(card.max_tokens as usize);
    TextEmbedding::try_new_from_user_defined(own, init)
        .map_err(|error| EmbedError::invalid(&model, "fastembed cannot load it", error))
}

fn embed_stock(
    folder: &ModelFolder,
    stock: &mut TextEmbedding,
    texts: &[String],
    batch: Option<usize>,
) -> Result<Vec<Embedding>, EmbedError> {
    let prefix = &folder.card().passage_prefix;
    let prefixed: Vec<String> = texts.iter().map(|text| format!("{prefix}{text}")).collect();
    let vectors = stock.embed(&prefixed, batch).map_err(|error| EmbedError::Failed {
        name: folder.card().name.clone(),
        texts: texts.len(),
        detail: error.to_string(),
    })?;
    Ok(vectors
        .into_iter()
        .map(|vector| {
            let norm = vector
                .iter()
                .map(|value| value * value)
                .sum::<f32>()
                .sqrt()
                .max(f32::MIN_POSITIVE);
            Embedding::from_f32(&vector.iter().map(|value| value / norm).collect::<Vec<_>>())
        })
        .collect())
}

/// Wall and CPU time from one moment to another.
struct Clock {
    wall: Instant,
    cpu: Option<f64>,
}

impl Clock {
    fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu: cpu_seconds(),
        }
    }

    fn stop(self) -> (f64, Option<f64>) {
        let cpu = self.cpu.zip(cpu_seconds()).map(|(start, end)| end - start);
        (self.wall.elapsed().as_secs_f64(), cpu)
    }
}

/// CPU time of this process so far, from `/proc/self/stat`, whose ticks are hundredths of a second on every Linux.
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name before the last bracket may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<f64>().ok()? + fields.next()?.parse::<f64>().ok()?;
    Some(ticks / 100.0)
}

/// A line of `/proc/self/status` in MiB.
fn status_mib(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace()
        .nth(1)?
        .parse::<u64>()
        .ok()
        .map(|kib| kib / 1024)
}

/// Texts to embed where none are given: lengths spread like those of abstracts (20 to 330 words, mean about 130), the same on every
/// machine.
pub fn sample_texts(count: usize) -> Vec<String> {
    const WORDS: &str = "the of and to in a is that for it was on are with as by at from this an be or which have one had not but what all \
        were when we there can your said each their time will way about many then them would like so these her long make thing see \
        him two has look more day could go come did number sound no most people over know water than call first who may down side \
        been now find flow pressure boundary layer velocity surface report contract temperature measured heat transfer wing theory \
        solution method equation result shock wave agreement between experiment and calculation government council budget roof";
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    };
    (0..count)
        .map(|_| {
            let length = 20 + draw(120) + draw(95) + draw(95);
            let mut text = String::with_capacity(length * 6);
            for at in 0..length {
                text.push_str(words[draw(words.len())]);
                text.push_str(if at % 17 == 16 { ". " } else { " " });
            }
            text
        })
        .collect()
}
