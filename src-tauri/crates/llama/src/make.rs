//! Models made here: a tiny one for tests, and one with Qwen3-4B's shape for measuring. Random weights of a true shape have true
//! speed and memory; what they write is noise, so the files carry `docmind.synthetic` and no quality figure is ever taken from them.

pub mod vocabulary;
pub mod weights;

use crate::gguf::writer::Declared;
use crate::gguf::{self, Entry, TensorType};
use docmind_core::model::WeightType;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::Path;
use vocabulary::Vocabulary;
use weights::{Pool, Random};

/// Qwen3's chat form. Written for these files; calls Python's string methods as Qwen's own does.
pub const CHAT_TEMPLATE: &str = "{%- for message in messages %}\
{{- '<|im_start|>' + message.role + '\\n' + message.content.strip('\\n') + '<|im_end|>\\n' }}\
{%- endfor %}\
{%- if add_generation_prompt %}\
{{- '<|im_start|>assistant\\n' }}\
{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}\
{%- endif %}";

/// The shape of a Qwen3 model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Written into the file.
    pub name: &'static str,
    /// Layers.
    pub layers: u32,
    /// Embedding width.
    pub hidden: u32,
    /// Feed-forward width.
    pub feed_forward: u32,
    /// Attention heads.
    pub heads: u32,
    /// KV heads.
    pub kv_heads: u32,
    /// Width of a head.
    pub head_dim: u32,
    /// Tokens; `None` for as many as are learnt.
    pub vocabulary: Option<u32>,
    /// Native context.
    pub context: u32,
    /// Base of the rotary embedding.
    pub rope_base: f32,
}

impl Shape {
    /// A few megabytes: loads at once and still has every part (grouped heads, q/k norms, k-quants, tied embedding).
    pub const TINY: Self = Self {
        name: "DocMind tiny",
        layers: 4,
        hidden: 256,
        feed_forward: 512,
        heads: 4,
        kv_heads: 2,
        head_dim: 64,
        vocabulary: None,
        context: 8192,
        rope_base: 1e6,
    };

    /// Qwen3-4B: 4,022,468,096 parameters.
    pub const QWEN3_4B: Self = Self {
        name: "Qwen3-4B shape",
        layers: 36,
        hidden: 2560,
        feed_forward: 9728,
        heads: 32,
        kv_heads: 8,
        head_dim: 128,
        vocabulary: Some(151_936),
        context: 40_960,
        rope_base: 1e6,
    };

    /// The shape of that name: `tiny` or `qwen3-4b`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "tiny" => Some(Self::TINY),
            "qwen3-4b" => Some(Self::QWEN3_4B),
            _ => None,
        }
    }

    /// The tensors with the mix llama.cpp's quantiser gives Qwen3 (`llama-quant.cpp`): norms in F32; for `Q4_K_M` the tied embedding
    /// in `Q6_K`, `attn_v` and `ffn_down` in `Q6_K` in the first and last eighth of the layers and every third between, the rest
    /// in `Q4_K`.
    fn tensors(&self, weights: WeightType, vocabulary: u64) -> Vec<Declared> {
        let (hidden, feed_forward) = (u64::from(self.hidden), u64::from(self.feed_forward));
        let head_dim = u64::from(self.head_dim);
        let (queries, keys) = (u64::from(self.heads) * head_dim, u64::from(self.kv_heads) * head_dim);
        let (usual, better) = match weights {
            WeightType::Q8_0 => (TensorType::Q8_0, TensorType::Q8_0),
            WeightType::Q4KM => (TensorType::Q4_K, TensorType::Q6_K),
            WeightType::F16 | WeightType::Other => (TensorType::F16, TensorType::F16),
        };
        let norm = TensorType::F32;
        let mut out: Vec<Declared> = vec![
            ("token_embd.weight".into(), vec![hidden, vocabulary], better),
            ("output_norm.weight".into(), vec![hidden], norm),
        ];
        let eighth = self.layers / 8;
        for layer in 0..self.layers {
            let more = layer < eighth || layer >= 7 * self.layers / 8 || (layer - eighth) % 3 == 2;
            let mixed = if more { better } else { usual };
            let mut add = |name: &str, dimensions: Vec<u64>, kind| {
                out.push((format!("blk.{layer}.{name}.weight"), dimensions, kind));
            };
            add("attn_norm", vec![hidden], norm);
            add("attn_q", vec![hidden, queries], usual);
            add("attn_k", vec![hidden, keys], usual);
            add("attn_v", vec![hidden, keys], mixed);
            add("attn_output", vec![queries, hidden], usual);
            add("attn_q_norm", vec![head_dim], norm);
            add("attn_k_norm", vec![head_dim], norm);
            add("ffn_norm", vec![hidden], norm);
            add("ffn_gate", vec![hidden, feed_forward], usual);
            add("ffn_up", vec![hidden, feed_forward], usual);
            add("ffn_down", vec![feed_forward, hidden], mixed);
        }
        out
    }

    fn entries(&self, weights: WeightType, vocabulary: Vocabulary) -> Vec<(String, Entry)> {
        let file_type = match weights {
            WeightType::Q8_0 => 7,
            WeightType::Q4KM => 15,
            WeightType::F16 | WeightType::Other => 1,
        };
        let special = |index: u32| Entry::U32(vocabulary.first_special + index);
        let ids = [("eos", special(2)), ("padding", special(0)), ("bos", special(0))];
        let mut out: Vec<(String, Entry)> = vec![
            ("general.architecture".into(), Entry::Text("qwen3".into())),
            ("general.name".into(), Entry::Text(self.name.into())),
            ("general.file_type".into(), Entry::U32(file_type)),
            ("docmind.synthetic".into(), Entry::Bool(true)),
            ("qwen3.block_count".into(), Entry::U32(self.layers)),
            ("qwen3.context_length".into(), Entry::U32(self.context)),
            ("qwen3.embedding_length".into(), Entry::U32(self.hidden)),
            ("qwen3.feed_forward_length".into(), Entry::U32(self.feed_forward)),
            ("qwen3.attention.head_count".into(), Entry::U32(self.heads)),
            ("qwen3.attention.head_count_kv".into(), Entry::U32(self.kv_heads)),
            ("qwen3.attention.key_length".into(), Entry::U32(self.head_dim)),
            ("qwen3.attention.value_length".into(), Entry::U32(self.head_dim)),
            ("qwen3.rope.freq_base".into(), Entry::F32(self.rope_base)),
            ("qwen3.attention.layer_norm_rms_epsilon".into(), Entry::F32(1e-6)),
            ("general.quantization_version".into(), Entry::U32(2)),
            ("tokenizer.ggml.model".into(), Entry::Text("gpt2".into())),
            ("tokenizer.ggml.pre".into(), Entry::Text("qwen2".into())),
            ("tokenizer.ggml.tokens".into(), Entry::Texts(vocabulary.tokens)),
            ("tokenizer.ggml.token_type".into(), Entry::Integers(vocabulary.types)),
            ("tokenizer.ggml.merges".into(), Entry::Texts(vocabulary.merges)),
            ("tokenizer.ggml.add_bos_token".into(), Entry::Bool(false)),
            ("tokenizer.chat_template".into(), Entry::Text(CHAT_TEMPLATE.into())),
        ];
        out.extend(ids.map(|(name, id)| (format!("tokenizer.ggml.{name}_token_id"), id)));
        out
    }
}

/// Merges learnt for every made model.
const MERGES: usize = 900;

/// Writes a model of that shape and storage type to `path`, tensor by tensor. The same bytes come out everywhere.
///
/// # Errors
/// What writing says.
pub fn make_model(shape: &Shape, weights: WeightType, path: &Path) -> io::Result<()> {
    let vocabulary = Vocabulary::learn(MERGES, shape.vocabulary.map(|size| size as usize));
    let tensors = shape.tensors(weights, vocabulary.tokens.len() as u64);
    let entries = shape.entries(weights, vocabulary);
    let mut random = Random::new(20_260_423);
    // A width's usual initialisation: 1/sqrt(hidden), so that values neither fade nor explode through the layers.
    let spread = 1.0 / (shape.hidden as f32).sqrt();
    let mut pools: HashMap<TensorType, Pool> = HashMap::new();
    for kind in [TensorType::F16, TensorType::Q8_0, TensorType::Q4_K, TensorType::Q6_K] {
        if tensors.iter().any(|tensor| tensor.2 == kind) {
            pools.insert(kind, Pool::new(kind, 4 << 20, spread, &mut random)?);
        }
    }
    let mut out = BufWriter::with_capacity(4 << 20, File::create(path)?);
    gguf::write(&mut out, &entries, &tensors, |(_, dimensions, kind), out| {
        let values: u64 = dimensions.iter().product();
        if *kind == TensorType::F32 {
            // Norms: 1, as before training.
            return (0..values).try_for_each(|_| out.write_all(&1.0_f32.to_le_bytes()));
        }
        let bytes = kind
            .bytes(dimensions[0], values)
            .expect("BUG: our shapes are whole blocks");
        pools[kind].write(bytes, &mut random, out)
    })?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gguf::TensorType;

    fn bytes(shape: &Shape, weights: WeightType) -> u64 {
        let size = |(_, dimensions, kind): &Declared| {
            kind.bytes(dimensions[0], dimensions.iter().product())
                .expect("whole blocks")
        };
        shape
            .tensors(weights, u64::from(shape.vocabulary.unwrap_or(1200)))
            .iter()
            .map(size)
            .sum()
    }

    #[test]
    fn qwen3_4b_has_its_published_size() {
        let tensors = Shape::QWEN3_4B.tensors(WeightType::F16, 151_936);
        let parameters: u64 = tensors.iter().map(|tensor| tensor.1.iter().product::<u64>()).sum();
        assert_eq!(parameters, 4_022_468_096);
        let gigabytes = |weights| bytes(&Shape::QWEN3_4B, weights) as f64 / 1e9;
        assert!(
            (gigabytes(WeightType::F16) - 8.05).abs() < 0.01,
            "{}",
            gigabytes(WeightType::F16)
        );
        assert!(
            (gigabytes(WeightType::Q8_0) - 4.27).abs() < 0.01,
            "{}",
            gigabytes(WeightType::Q8_0)
        );
        assert!(
            (gigabytes(WeightType::Q4KM) - 2.49).abs() < 0.01,
            "{}",
            gigabytes(WeightType::Q4KM)
        );
    }

    #[test]
    fn the_mix_is_llama_cpp_s() {
        let tensors = Shape::QWEN3_4B.tensors(WeightType::Q4KM, 151_936);
        let kind = |name: &str| tensors.iter().find(|tensor| tensor.0 == name).expect("there").2;
        assert_eq!(kind("token_embd.weight"), TensorType::Q6_K);
        assert_eq!(kind("blk.0.ffn_down.weight"), TensorType::Q6_K);
        assert_eq!(kind("blk.4.ffn_down.weight"), TensorType::Q4_K);
        assert_eq!(kind("blk.6.attn_v.weight"), TensorType::Q6_K);
        assert_eq!(kind("blk.35.attn_v.weight"), TensorType::Q6_K);
        assert_eq!(kind("blk.6.attn_q.weight"), TensorType::Q4_K);
    }

    #[test]
    fn a_made_model_passes_the_reader() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tiny.gguf");
        for weights in [WeightType::F16, WeightType::Q8_0, WeightType::Q4KM] {
            make_model(&Shape::TINY, weights, &path).expect("written");
            let shape = gguf::read(&path).expect("whole").shape("tiny").expect("a model");
            assert_eq!(shape.card.weights, weights);
            assert!(shape.card.synthetic);
            assert_eq!(
                (shape.card.layers, shape.card.kv_heads, shape.card.head_dim),
                (4, 2, 64)
            );
            assert!(shape.weights.tied);
            assert!(shape.card.size_bytes < 8_000_000);
        }
    }
}
