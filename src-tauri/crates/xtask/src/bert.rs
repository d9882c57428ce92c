//! A BERT encoder as ONNX, from stored weights or from made-up ones of a given shape.
//!
//! Masked mean pooling and L2 normalisation lie inside the graph, which is dynamic in batch and sequence.
//!
//! The graph is written in ONNX Runtime's fused operators (`EmbedLayerNormalization`, `Attention`, `BiasGelu`; for INT8 `QAttention`
//! and `DynamicQuantizeMatMul`, which adds the bias too), which its CPU and CUDA providers both have. Only FP16, meant for CUDA, has
//! `SkipLayerNormalization`: on a processor that operator is scalar, and a sum followed by the plain norm takes a fifth of its time.

use crate::onnx::{Attribute, Dimension, Domain, ElementType, Graph};
use crate::weights::{Dense, Weights};
use anyhow::Result;

const VOCABULARY: usize = 30_522;
const POSITIONS: usize = 512;
const LAYER_NORM_EPSILON: f32 = 1e-12;

/// What distinguishes one BERT from another; vocabulary, positions and norms are those of `bert-base-uncased`.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Name of the model.
    pub name: &'static str,
    /// Width of a token, and of the embedding.
    pub hidden: usize,
    /// Width between the two dense layers.
    pub feed_forward: usize,
    /// Attention heads.
    pub heads: i64,
    /// Transformer layers.
    pub layers: usize,
}

/// sentence-transformers/all-MiniLM-L6-v2.
pub const MINILM: Shape = Shape {
    name: "all-MiniLM-L6-v2",
    hidden: 384,
    feed_forward: 1_536,
    heads: 12,
    layers: 6,
};

/// BAAI/bge-large-en-v1.5: 335 million parameters, 1,024 dimensions.
pub const BGE_LARGE: Shape = Shape {
    name: "bge-large-en-v1.5",
    hidden: 1_024,
    feed_forward: 4_096,
    heads: 16,
    layers: 24,
};

/// Type of the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats.
    Fp32,
    /// 16-bit floats, for CUDA.
    Fp16,
    /// Signed bytes with a scale an output, activations quantised as they come.
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

/// The encoder under construction.
struct Encoder<'a> {
    graph: Graph,
    shape: Shape,
    weights: &'a Weights,
    precision: Precision,
}

/// The bytes of an ONNX model.
///
/// # Errors
/// When a tensor is missing or has another shape.
pub fn encoder(shape: Shape, weights: &Weights, precision: Precision) -> Result<Vec<u8>> {
    let mut encoder = Encoder {
        graph: Graph::default(),
        shape,
        weights,
        precision,
    };
    encoder.embeddings()?;
    let mut hidden = "embedded".to_owned();
    for layer in 0..shape.layers {
        hidden = encoder.layer(layer, &hidden)?;
    }
    encoder.pool(&hidden);
    Ok(encoder.graph.into_model(shape.name))
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
        let gamma = self.weights.tensor(&format!("{stored}.weight"), &[self.shape.hidden])?;
        let beta = self.weights.tensor(&format!("{stored}.bias"), &[self.shape.hidden])?;
        self.floats(&format!("{name}.gamma"), &[self.shape.hidden], &gamma);
        self.floats(&format!("{name}.beta"), &[self.shape.hidden], &beta);
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
            .tensor("embeddings.word_embeddings.weight", &[VOCABULARY, self.shape.hidden])?;
        let mut positions = self
            .weights
            .tensor("embeddings.position_embeddings.weight", &[POSITIONS, self.shape.hidden])?;
        let types = self
            .weights
            .tensor("embeddings.token_type_embeddings.weight", &[2, self.shape.hidden])?;
        // One text is one segment: its type embedding is a constant and joins the positions.
        for row in positions.chunks_exact_mut(self.shape.hidden) {
            for (position, kind) in row.iter_mut().zip(&types) {
                *position += kind;
            }
        }
        self.floats("words", &[VOCABULARY, self.shape.hidden], &words);
        self.floats("positions", &[POSITIONS, self.shape.hidden], &positions);
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

        let qkv = self.weights.query_key_value(&stored, self.shape.hidden)?;
        self.attention(&context, &qkv, input);

        let project = self.weights.dense(
            &format!("{stored}.attention.output.dense"),
            self.shape.hidden,
            self.shape.hidden,
        )?;
        self.matmul(&attended, &project, &context, &projected);
        self.layer_norm(&normed, &format!("{stored}.attention.output.LayerNorm"))?;
        self.skip_layer_norm(&projected, input, &normed, &format!("{attended}.bias"));

        let widen = self.weights.dense(
            &format!("{stored}.intermediate.dense"),
            self.shape.hidden,
            self.shape.feed_forward,
        )?;
        self.matmul(&widened, &widen, &normed, &widened);
        let bias = format!("{widened}.bias");
        let summed = [widened.as_str(), bias.as_str()];
        let (operator, inputs) = match self.precision {
            Precision::Int8 => ("Gelu", &summed[..1]),
            Precision::Fp32 | Precision::Fp16 => ("BiasGelu", &summed[..]),
        };
        self.graph.node(Domain::Microsoft, operator, inputs, &[&activated], &[]);

        let narrow = self.weights.dense(
            &format!("{stored}.output.dense"),
            self.shape.feed_forward,
            self.shape.hidden,
        )?;
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
        let heads = [("num_heads", Attribute::Int(self.shape.heads))];
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
        let shape = [Dimension::Named("batch"), Dimension::Fixed(self.shape.hidden as i64)];
        self.graph.output("sentence_embedding", float, &shape);
    }
}
