//! [`OnnxReranker`].

use crate::batch::batches;
use crate::encoder::{Encoder, Threads};
use crate::error::EmbedError;
use crate::folder::{Kind, ModelFolder};
use crate::lanes::Urgency;
use crate::runtime::{Device, DeviceChoice, Runtime, cpu_notice, default_threads};
use crate::tokens::ModelTokenizer;
use docmind_core::cancel::CancelToken;
use docmind_core::embedding::Precision;
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::ports::Reranker;
use std::path::{Path, PathBuf};

/// Padded tokens of a batch: pairs are longer than chunks, and a time budget is checked between batches.
const BATCH_TOKENS: usize = 2_048;

/// Which cross-encoder to open, and how.
#[derive(Clone, Debug)]
pub struct RerankerOptions {
    /// Folder with `libonnxruntime`.
    pub runtime_dir: PathBuf,
    /// Folder with the model's `card.json`, whose `kind` is `reranker`.
    pub model_dir: PathBuf,
    /// Precision; `None` chooses by device and card.
    pub precision: Option<Precision>,
    /// Where to run.
    pub device: DeviceChoice,
    /// Threads on a processor; `None` takes every core.
    pub threads: Option<usize>,
}

impl RerankerOptions {
    /// A cross-encoder of any folder, everything else as usual.
    pub fn in_folder(runtime_dir: &Path, model_dir: &Path) -> Self {
        Self {
            runtime_dir: runtime_dir.to_owned(),
            model_dir: model_dir.to_owned(),
            precision: None,
            device: DeviceChoice::Automatic,
            threads: None,
        }
    }
}

/// A cross-encoder in ONNX Runtime: question and passage read together give one score.
pub struct OnnxReranker {
    name: String,
    encoder: Encoder,
    tokenizer: ModelTokenizer,
    notices: Vec<Notice>,
}

impl OnnxReranker {
    /// Loads ONNX Runtime, the model and its tokenizer.
    ///
    /// # Errors
    /// [`EmbedError::Runtime`] without ONNX Runtime, [`EmbedError::Missing`] and [`EmbedError::Invalid`] for the model.
    pub fn open(options: &RerankerOptions) -> Result<Self, EmbedError> {
        let folder = ModelFolder::open(&options.model_dir)?;
        if folder.card().kind != Kind::Reranker {
            return Err(EmbedError::invalid(
                &options.model_dir,
                "its card says that it is no reranker",
                "",
            ));
        }
        let tokenizer = ModelTokenizer::open(&folder.tokenizer(), folder.card().max_tokens)?;
        let runtime = Runtime::load(&options.runtime_dir)?;
        let threads = Threads {
            all: options.threads.unwrap_or_else(default_threads).max(1),
            lanes: false,
        };
        let missing = || EmbedError::Missing {
            path: options.model_dir.join("model.onnx"),
        };
        let mut notices = Vec::new();
        let mut opened = Err(missing());
        for device in runtime.devices(options.device) {
            let asked = options.precision.filter(|asked| folder.model(*asked).is_some());
            let precision = asked
                .or_else(|| folder.usual_precision(device == Device::Cuda))
                .ok_or_else(missing)?;
            let model = folder.model(precision).ok_or_else(missing)?;
            if let Err(error) = &opened
                && device == Device::Cpu
                && !matches!(error, EmbedError::Missing { .. })
            {
                notices.push(cpu_notice(error));
            }
            opened = Encoder::open(&runtime, &folder, &model, (device, precision), threads, tokenizer.pad);
            if opened.is_ok() {
                break;
            }
        }
        Ok(Self {
            name: folder.card().name.clone(),
            encoder: opened?,
            tokenizer,
            notices,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was degraded while opening: `embedder_on_cpu`.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    fn scores(&self, question: &str, passages: &[String], cancel: &CancelToken) -> Result<Vec<f32>, EmbedError> {
        let failed = |detail| EmbedError::Failed {
            name: self.name.clone(),
            texts: 1,
            detail,
        };
        let pairs = passages
            .iter()
            .map(|passage| self.tokenizer.pair(question, passage).map_err(failed));
        let mut pairs = pairs
            .enumerate()
            .map(|(at, ids)| Ok((at, ids?)))
            .collect::<Result<Vec<_>, EmbedError>>()?;
        pairs.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.ids.len()));
        let lengths: Vec<usize> = pairs.iter().map(|(_, ids)| ids.ids.len()).collect();
        let mut scores = vec![0.0; passages.len()];
        for range in batches(&lengths, BATCH_TOKENS, passages.len()) {
            if cancel.is_cancelled() {
                return Err(EmbedError::Cancelled);
            }
            let batch = &pairs[range];
            let rows = self
                .encoder
                .run(batch.iter().map(|(_, ids)| ids.row()), Urgency::Question)?;
            for ((at, _), logits) in batch.iter().zip(rows) {
                scores[*at] = probability(&logits);
            }
        }
        Ok(scores)
    }
}

/// One logit: its sigmoid. Two: the second's softmax, as of "relevant".
fn probability(logits: &[f32]) -> f32 {
    let logit = match logits {
        [] => return 0.0,
        [one] => *one,
        [no, yes, ..] => yes - no,
    };
    1.0 / (1.0 + (-logit).exp())
}

impl Reranker for OnnxReranker {
    fn rerank(&self, question: &str, passages: &[String], cancel: &CancelToken) -> Result<Vec<f32>, ErrorReport> {
        Ok(self.scores(question, passages, cancel)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logits_become_probabilities() {
        assert!((probability(&[0.0]) - 0.5).abs() < 1e-6);
        assert!(probability(&[4.0]) > 0.98);
        assert!(probability(&[3.0, -3.0]) < 0.01);
    }
}
