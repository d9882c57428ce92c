//! A folder with a model: an ONNX file a precision, `tokenizer.json`, and `card.json` unless the catalogue knows the folder's name.

use crate::error::EmbedError;
use docmind_core::embedding::Precision;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What a model is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Texts to vectors.
    #[default]
    Embedder,
    /// Pairs of question and passage to scores.
    Reranker,
}

/// How token vectors become one vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The graph's output is one vector a text already.
    InGraph,
    /// Mean over the tokens that are no padding.
    #[default]
    Mean,
    /// The first token's vector.
    Cls,
}

/// `card.json`: what a model wants. Only `name` is needed; unknown keys are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Such as `bge-small-en-v1.5`.
    pub name: String,
    /// Embedder or reranker.
    #[serde(default)]
    pub kind: Kind,
    /// Length of a vector; without it, the graph's output tells.
    #[serde(default)]
    pub dimensions: Option<u32>,
    /// Longest input in the model's tokens, special ones included.
    #[serde(default = "default_max_tokens")]
    pub max_tokens: u32,
    /// How token vectors become one.
    #[serde(default)]
    pub pooling: Pooling,
    /// Name of the graph's output; without it `sentence_embedding`, `last_hidden_state`, `logits` or the first one is taken.
    #[serde(default)]
    pub output: Option<String>,
    /// Written before a question.
    #[serde(default)]
    pub query_prefix: String,
    /// Written before a passage.
    #[serde(default)]
    pub passage_prefix: String,
    /// ISO 639-1 codes of the languages it knows; `["*"]` for a multilingual one; empty when not said.
    #[serde(default)]
    pub languages: Vec<String>,
    /// Precision used on a processor when nobody asks for another.
    #[serde(default)]
    pub cpu_precision: Option<Precision>,
    /// The model file of each precision.
    #[serde(default)]
    pub files: Files,
}

fn default_max_tokens() -> u32 {
    512
}

/// File names within the folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Files {
    /// Four bytes a weight; `model.onnx` when not said.
    pub fp32: Option<String>,
    /// Two bytes a weight.
    pub fp16: Option<String>,
    /// One byte a weight.
    pub int8: Option<String>,
}

/// A model folder whose card was read.
#[derive(Clone, Debug)]
pub struct ModelFolder {
    path: PathBuf,
    card: Card,
}

/// How texts become tokens here. To be counted up where the same text would give other vectors than before: libraries embed anew.
const RULES: u32 = 1;

/// The models known by name.
const CATALOGUE: &str = include_str!("../../../../assets/models.toml");

/// The embedders and rerankers of `assets/models.toml`.
#[derive(Debug, Deserialize)]
struct Catalogue {
    embedder: Vec<Card>,
    reranker: Vec<Card>,
}

/// Cards of the models that DocMind knows by name, embedders first.
pub fn known_cards() -> Vec<Card> {
    let Catalogue { embedder, reranker } =
        toml::from_str(CATALOGUE).expect("BUG: assets/models.toml is read by a test");
    let rerankers = reranker.into_iter().map(|card| Card {
        kind: Kind::Reranker,
        ..card
    });
    embedder.into_iter().chain(rerankers).collect()
}

impl ModelFolder {
    /// Reads `card.json`, or takes the catalogue's card for a folder of that name.
    ///
    /// # Errors
    /// [`EmbedError::Missing`] without either, [`EmbedError::Invalid`] when the card cannot be read.
    pub fn open(path: &Path) -> Result<Self, EmbedError> {
        let card_path = path.join("card.json");
        let known = known_cards()
            .into_iter()
            .find(|card| path.is_dir() && path.file_name().is_some_and(|name| name == card.name.as_str()));
        let card = match (fs::read(&card_path), known) {
            (Ok(bytes), known) => {
                let mut card: Card = serde_json::from_slice(&bytes)
                    .map_err(|error| EmbedError::invalid(&card_path, "its card cannot be read", error))?;
                // The choice is ours, by measurement, and not the model's.
                card.cpu_precision = card.cpu_precision.or(known.and_then(|known| known.cpu_precision));
                card
            }
            (Err(_), Some(known)) => known,
            (Err(_), None) => {
                return Err(EmbedError::Missing {
                    path: card_path.clone(),
                });
            }
        };
        if card.max_tokens < 8 {
            return Err(EmbedError::invalid(
                &card_path,
                "its card says `max_tokens` under 8",
                "",
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            card,
        })
    }

    /// The same with another longest input, in the model's tokens.
    #[must_use]
    pub fn reading(mut self, max_tokens: u32) -> Self {
        self.card.max_tokens = max_tokens;
        self
    }

    /// What the card says.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Path of `tokenizer.json`.
    pub fn tokenizer(&self) -> PathBuf {
        self.path.join("tokenizer.json")
    }

    /// Path of the model file of a precision, if the folder has it.
    pub fn model(&self, precision: Precision) -> Option<PathBuf> {
        let files = &self.card.files;
        // Ours first, then the names under which model hubs keep them.
        let (named, usual) = match precision {
            Precision::Fp32 => (&files.fp32, ["model.onnx", "onnx/model.onnx"]),
            Precision::Fp16 => (&files.fp16, ["model-fp16.onnx", "onnx/model_fp16.onnx"]),
            Precision::Int8 => (&files.int8, ["model-int8.onnx", "onnx/model_quantized.onnx"]),
        };
        let names = named.as_deref().map_or(usual.to_vec(), |named| vec![named]);
        names
            .into_iter()
            .map(|name| self.path.join(name))
            .find(|path| path.is_file())
    }

    /// Precision used where nobody asks for one: on a GPU FP16, on a processor what the card says, else FP32, else what there is.
    pub fn usual_precision(&self, on_gpu: bool) -> Option<Precision> {
        let first = if on_gpu {
            Some(Precision::Fp16)
        } else {
            self.card.cpu_precision
        };
        first
            .into_iter()
            .chain([Precision::Fp32, Precision::Int8, Precision::Fp16])
            .find(|precision| self.model(*precision).is_some())
    }

    /// Weights that a model file too small for them has beside it, under the names that exporters give them.
    fn weights_beside(model: &Path) -> Vec<PathBuf> {
        let name = model.file_name().unwrap_or_default().as_encoded_bytes();
        let beside = model.parent().and_then(|folder| fs::read_dir(folder).ok());
        let is_weights = |path: &PathBuf| {
            let rest = path
                .file_name()
                .unwrap_or_default()
                .as_encoded_bytes()
                .strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(b"_data") || rest == b".data")
        };
        let mut found: Vec<PathBuf> = beside
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(is_weights)
            .collect();
        found.sort_unstable();
        found
    }

    /// blake3 over the named model file with the weights beside it, the tokenizer, what of the card shapes a vector and how texts become
    /// tokens here: the vectors' provenance.
    ///
    /// # Errors
    /// [`EmbedError::Missing`] when a file cannot be read.
    pub fn fingerprint(&self, precision: Precision) -> Result<String, EmbedError> {
        let model = self.model(precision).ok_or_else(|| EmbedError::Missing {
            path: self.path.clone(),
        })?;
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; 1 << 20];
        let weights = Self::weights_beside(&model);
        for path in [model, self.tokenizer()].into_iter().chain(weights) {
            let missing = |_| EmbedError::Missing { path: path.clone() };
            let mut file = File::open(&path).map_err(missing)?;
            loop {
                let read = file.read(&mut buffer).map_err(missing)?;
                if read == 0 {
                    break;
                }
                hasher.update(&buffer[..read]);
            }
        }
        let card = &self.card;
        hasher.update(
            format!(
                "{RULES} {:?}{}{}\0{}",
                card.pooling, card.max_tokens, card.query_prefix, card.passage_prefix
            )
            .as_bytes(),
        );
        // Only where it is named: the fingerprints of all others stay what they were.
        if let Some(output) = &card.output {
            hasher.update(b"\0");
            hasher.update(output.as_bytes());
        }
        Ok(hasher.finalize().to_hex().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(card: &str, files: &[&str]) -> (tempfile::TempDir, Result<ModelFolder, EmbedError>) {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fs::write(dir.path().join("card.json"), card).expect("the card is written");
        for file in files {
            fs::write(dir.path().join(file), file).expect("the file is written");
        }
        let opened = ModelFolder::open(dir.path());
        (dir, opened)
    }

    #[test]
    fn a_card_needs_only_a_name() {
        let (_dir, opened) = folder(
            r#"{"name": "any", "license": "ignored"}"#,
            &["model.onnx", "model-int8.onnx"],
        );
        let opened = opened.expect("the folder opens");
        assert_eq!(opened.card().max_tokens, 512);
        assert_eq!(opened.card().pooling, Pooling::Mean);
        assert_eq!(opened.usual_precision(false), Some(Precision::Fp32));
        assert_eq!(opened.usual_precision(true), Some(Precision::Fp32));
    }

    #[test]
    fn the_card_chooses_the_precision_of_a_processor() {
        let card = r#"{"name": "any", "cpu_precision": "int8", "files": {"int8": "quantized.onnx"}}"#;
        let (_dir, opened) = folder(card, &["model.onnx", "quantized.onnx", "model-fp16.onnx"]);
        let opened = opened.expect("the folder opens");
        assert_eq!(opened.usual_precision(false), Some(Precision::Int8));
        assert_eq!(opened.usual_precision(true), Some(Precision::Fp16));
    }

    #[test]
    fn the_fingerprint_follows_weights_tokenizer_prefixes_and_output() {
        let print = |card: &str, files: &[&str]| {
            let (_dir, opened) = folder(card, files);
            opened.and_then(|folder| folder.fingerprint(Precision::Fp32))
        };
        let base = print(r#"{"name": "a"}"#, &["model.onnx", "tokenizer.json"]).expect("a fingerprint");
        let renamed = print(r#"{"name": "b"}"#, &["model.onnx", "tokenizer.json"]).expect("a fingerprint");
        let prefixed = print(
            r#"{"name": "a", "query_prefix": "query: "}"#,
            &["model.onnx", "tokenizer.json"],
        )
        .expect("a fingerprint");
        let other_output = print(
            r#"{"name": "a", "output": "pooler"}"#,
            &["model.onnx", "tokenizer.json"],
        )
        .expect("a fingerprint");
        assert_eq!(base, renamed);
        assert_ne!(base, prefixed);
        assert_ne!(base, other_output);
        assert!(matches!(
            print(r#"{"name": "a"}"#, &["model.onnx"]),
            Err(EmbedError::Missing { .. })
        ));
    }

    #[test]
    fn the_fingerprint_follows_weights_that_lie_beside_the_graph() {
        let (dir, opened) = folder(r#"{"name": "a"}"#, &["model.onnx", "tokenizer.json"]);
        let opened = opened.expect("the folder opens");
        let print = || opened.fingerprint(Precision::Fp32).expect("a fingerprint");
        let alone = print();
        for other in ["model.onnx.part", "model-int8.onnx", "model-int8.onnx_data"] {
            fs::write(dir.path().join(other), other).expect("the file is written");
        }
        assert_eq!(print(), alone, "none of them is read by this model");
        for weights in ["model.onnx_data", "model.onnx_data_1", "model.onnx.data"] {
            let before = print();
            fs::write(dir.path().join(weights), "weights").expect("the file is written");
            let first = print();
            fs::write(dir.path().join(weights), "others").expect("the file is written");
            assert_ne!(first, before, "{weights}");
            assert_ne!(print(), first, "{weights}");
        }
    }

    #[test]
    fn a_known_folder_needs_no_card() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("multilingual-e5-small");
        fs::create_dir_all(path.join("onnx")).expect("the folder is made");
        fs::write(path.join("onnx/model_quantized.onnx"), "").expect("the file is written");
        let opened = ModelFolder::open(&path).expect("the catalogue knows it");
        assert_eq!(opened.card().query_prefix, "query: ");
        assert_eq!(opened.usual_precision(false), Some(Precision::Int8));
        assert!(matches!(ModelFolder::open(dir.path()), Err(EmbedError::Missing { .. })));
    }

    #[test]
    fn a_known_folder_whose_card_names_no_precision_gets_the_measured_one() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join(crate::DEFAULT_EMBEDDER);
        fs::create_dir(&path).expect("the folder is made");
        for file in ["model.onnx", "model-int8.onnx"] {
            fs::write(path.join(file), "").expect("the file is written");
        }
        let usual = |card: &str| {
            fs::write(path.join("card.json"), card).expect("the card is written");
            ModelFolder::open(&path)
                .expect("the folder opens")
                .usual_precision(false)
        };
        assert_eq!(usual(r#"{"name": "any"}"#), Some(Precision::Int8));
        assert_eq!(
            usual(r#"{"name": "any", "cpu_precision": "fp32"}"#),
            Some(Precision::Fp32)
        );
    }

    #[test]
    fn the_catalogue_is_whole() {
        let cards = known_cards();
        let dimensions = |name: &str| {
            cards
                .iter()
                .find(|card| card.name == name)
                .and_then(|card| card.dimensions)
        };
        assert_eq!(dimensions(crate::DEFAULT_EMBEDDER), Some(384));
        assert_eq!(dimensions("bge-large-en-v1.5"), Some(1024));
        assert!(cards.iter().any(|card| card.kind == Kind::Reranker));
    }

    #[test]
    fn a_bad_card_says_where() {
        let (dir, opened) = folder("{", &[]);
        let error = opened.expect_err("the card is broken");
        assert_eq!(error.code(), "embedder_invalid");
        assert!(error.to_string().contains(&dir.path().display().to_string()));
        assert!(matches!(
            ModelFolder::open(&dir.path().join("none")),
            Err(EmbedError::Missing { .. })
        ));
    }
}
