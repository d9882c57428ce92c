//! What a checked file is as a language model: its card, and where its bytes go.

use super::fault::GgufFault;
use super::reader::{Value, fault};
use super::{Gguf, TensorType};
use docmind_core::model::{CacheShape, ModelCard, ModelShape, WeightBytes, WeightType};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::RangeInclusive;

/// Architectures that read a text and write none.
const ENCODERS: [&str; 12] = [
    "bert",
    "nomic-bert",
    "nomic-bert-moe",
    "neo-bert",
    "jina-bert-v2",
    "jina-bert-v3",
    "modern-bert",
    "eurobert",
    "gemma-embedding",
    "llama-embed",
    "t5encoder",
    "wavtokenizer-dec",
];

/// What a norm after the last layer is called, by llama.cpp's names. Quantizing leaves rows of single numbers as they are.
const LAST_NORMS: [&str; 2] = ["output_norm.weight", "token_embd_norm.weight"];

/// Bytes of a norm, at most: a million numbers.
const LONGEST_NORM: u64 = 4 << 20;

impl Gguf {
    fn text(&self, key: &str) -> Option<&str> {
        match self.entries.get(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.entries.get(key).and_then(Value::unsigned)
    }

    /// A count every model needs, within `range`.
    fn needed(&self, key: &str, range: RangeInclusive<u64>) -> Result<u32, GgufFault> {
        let value = self.number(key).ok_or_else(|| GgufFault::Missing(key.to_owned()))?;
        if !range.contains(&value) {
            return Err(GgufFault::Entry {
                key: key.to_owned(),
                why: format!("is {value}"),
            });
        }
        Ok(value as u32)
    }

    /// What [`ModelShape::identity`] is of this file, whose content is `source`: of that a norm's few kilobytes are read.
    ///
    /// # Errors
    /// What reading says.
    pub fn identity(&self, mut source: impl Read + Seek) -> io::Result<String> {
        let norm = LAST_NORMS
            .iter()
            .find_map(|name| self.tensors.iter().find(|tensor| tensor.name == *name))
            .filter(|norm| norm.kind == TensorType::F32 && norm.bytes <= LONGEST_NORM);
        let Some(norm) = norm else {
            let name = self.text("general.name").or_else(|| self.text("general.basename"));
            return Ok(name.unwrap_or_default().to_owned());
        };
        source.seek(SeekFrom::Start(self.data_start + norm.offset))?;
        let mut values = vec![0; norm.bytes as usize];
        source.read_exact(&mut values)?;
        // A merged LoRA leaves the norms as they were.
        let finetune = self.text("general.finetune").unwrap_or_default();
        let merged = self.merged().join(" + ");
        Ok(format!("{} {finetune}{merged}", blake3::hash(&values)))
    }

    /// The models that this one was merged of, which may leave the norms of the first as they were; none where it was made of a single one,
    /// which many publishers say of a model that they only converted.
    fn merged(&self) -> Vec<&str> {
        let count = self.number("general.base_model.count").unwrap_or(0);
        if count < 2 {
            return Vec::new();
        }
        (0..count)
            .map_while(|base| self.text(&format!("general.base_model.{base}.name")))
            .collect()
    }

    /// What the file says of itself as a language model, with where its bytes go. `stem` names it where it has no name. Its identity is
    /// left open: that is [`Gguf::identity`].
    ///
    /// # Errors
    /// It is no language model, or its numbers contradict its tensors.
    pub fn shape(&self, stem: &str) -> Result<ModelShape, GgufFault> {
        if let Some(parts @ 2..) = self.number("split.count") {
            return Err(GgufFault::Split(parts));
        }
        let architecture = self
            .text("general.architecture")
            .ok_or_else(|| GgufFault::Missing("general.architecture".to_owned()))?
            .to_owned();
        self.check_kind(&architecture)?;
        let key = |name: &str| format!("{architecture}.{name}");
        let layers = self.needed(&key("block_count"), 1..=4096)?;
        let hidden = self.needed(&key("embedding_length"), 1..=1 << 20)?;
        // Models without attention (Mamba, RWKV) say zero; they keep no keys and values.
        let heads = self.needed(&key("attention.head_count"), 0..=65_536)?;
        let kv_heads = self
            .number(&key("attention.head_count_kv"))
            .unwrap_or(u64::from(heads))
            .min(65_536) as u32;
        if kv_heads > heads || (kv_heads == 0 && heads > 0) {
            return Err(GgufFault::Entry {
                key: key("attention.head_count_kv"),
                why: format!("is {kv_heads} of {heads} heads"),
            });
        }
        let head_dim = self
            .number(&key("attention.key_length"))
            .unwrap_or(u64::from(hidden.checked_div(heads).unwrap_or(0)));
        if (head_dim == 0 && heads > 0) || head_dim > 65_536 {
            return Err(GgufFault::Entry {
                key: key("attention.key_length"),
                why: format!("is {head_dim}"),
            });
        }
        let value_dim = self
            .number(&key("attention.value_length"))
            .map_or(head_dim, |width| width.min(65_536));
        let cache = CacheShape {
            values_per_token: self.kv_heads(&key("attention.head_count_kv"), layers, kv_heads) * (head_dim + value_dim),
            state_bytes: 0,
        };
        let context_tokens = self.needed(&key("context_length"), 1..=u64::from(u32::MAX))?;
        let Some(Value::Array {
            kind: 8,
            len: vocabulary,
            ..
        }) = self.entries.get("tokenizer.ggml.tokens")
        else {
            return Err(GgufFault::Missing("tokenizer.ggml.tokens".to_owned()));
        };
        self.check_vocabulary(*vocabulary)?;
        let mut weights = WeightBytes {
            layers: vec![0; layers as usize],
            ..WeightBytes::default()
        };
        let (mut parameters, mut embedding) = (0_u64, 0_u64);
        let idle = self.idle_share(&key("expert_count"), &key("expert_used_count"));
        for tensor in &self.tensors {
            parameters = parameters.saturating_add(tensor.dimensions.iter().product());
            if tensor.name.contains("_exps.") {
                weights.idle += (tensor.bytes as f64 * idle) as u64;
            }
            let layer = tensor
                .name
                .strip_prefix("blk.")
                .and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
            match (tensor.name.as_str(), layer) {
                ("token_embd.weight", _) => {
                    if tensor.dimensions != [u64::from(hidden), *vocabulary] {
                        return Err(fault(
                            &tensor.name,
                            &format!("is {:?} for {vocabulary} tokens", tensor.dimensions),
                        ));
                    }
                    embedding = tensor.bytes;
                }
                // Gemma 3n and 4: as large as the rest of the model, and looked up where the embedding is.
                ("per_layer_token_embd.weight", _) => weights.embedding += tensor.bytes,
                ("output.weight", _) => weights.output = tensor.bytes,
                (_, Some(layer)) => {
                    *weights
                        .layers
                        .get_mut(layer)
                        .ok_or_else(|| fault(&tensor.name, &format!("belongs to none of {layers} layers")))? +=
                        tensor.bytes;
                }
                _ => weights.other += tensor.bytes,
            }
        }
        if embedding == 0 {
            return Err(GgufFault::MissingTensor("token_embd.weight".to_owned()));
        }
        if let Some(empty) = weights.layers.iter().position(|&bytes| bytes == 0) {
            return Err(GgufFault::MissingTensor(format!("blk.{empty}")));
        }
        if weights.output == 0 {
            weights.tied = true;
            weights.output = embedding;
        }
        weights.embedding += embedding;
        let kind = match self.number("general.file_type") {
            Some(1) => WeightType::F16,
            Some(7) => WeightType::Q8_0,
            Some(15) => WeightType::Q4KM,
            _ => WeightType::Other,
        };
        let feed_forward = self.number(&key("feed_forward_length")).unwrap_or(0).min(1 << 24) as u32;
        let name = self
            .text("general.name")
            .filter(|name| !name.trim().is_empty())
            .unwrap_or(stem)
            .to_owned();
        Ok(ModelShape {
            card: ModelCard {
                name,
                weights: kind,
                size_bytes: self.file_bytes,
                parameters,
                context_tokens,
                layers,
                hidden,
                heads,
                kv_heads,
                head_dim: head_dim as u32,
                vocabulary: *vocabulary as u32,
                synthetic: self.entries.get("docmind.synthetic") == Some(&Value::Bool(true)),
                architecture,
            },
            weights,
            feed_forward,
            cache,
            identity: String::new(),
        })
    }

    /// Share of a mixture's experts that one token passes by; 0 where there are none.
    fn idle_share(&self, count: &str, used: &str) -> f64 {
        match (self.number(count), self.number(used)) {
            (Some(count @ 1..), Some(used)) => 1.0 - used.min(count) as f64 / count as f64,
            _ => 0.0,
        }
    }

    /// Key and value heads of all layers together: a number each where the file has so many (a recurrent layer of a hybrid has none),
    /// else as many in all of them.
    fn kv_heads(&self, key: &str, layers: u32, each: u32) -> u64 {
        match self.entries.get(key) {
            Some(Value::Array { integers, .. }) if integers.len() == layers as usize => {
                integers.iter().map(|&heads| heads.clamp(0, 65_536) as u64).sum()
            }
            _ => u64::from(layers) * u64::from(each),
        }
    }

    /// A file may be whole and still no model that writes: its other kinds are named, so that the right one can be looked for.
    fn check_kind(&self, architecture: &str) -> Result<(), GgufFault> {
        let own = |name: &str| format!("{architecture}.{name}");
        let kind = match (self.text("general.type"), architecture) {
            (Some("adapter"), _) => "an adapter (LoRA), which changes another model",
            (Some("imatrix"), _) | (_, "imatrix") => "an importance matrix, which only quantising reads",
            (Some("mmproj"), _) | (_, "clip") => "the part of a model that sees pictures (mmproj)",
            (_, "controlvector") => "a control vector, which changes another model",
            (_, "t5") => "a model of encoder and decoder",
            _ if self.tensors.is_empty() => "a vocabulary without weights",
            _ if ENCODERS.contains(&architecture)
                || self.entries.get(&own("attention.causal")) == Some(&Value::Bool(false))
                // None is 0; chat models have no such entry.
                || self.number(&own("pooling_type")).is_some_and(|pooling| pooling > 0) =>
            {
                "a model that makes vectors or scores, not text"
            }
            _ => return Ok(()),
        };
        Err(GgufFault::Kind(kind))
    }

    /// Arrays beside the tokens have an element for each of them, or llama.cpp refuses the file. One that has more is taken, and a special
    /// token that is none of the vocabulary is passed over with a warning.
    fn check_vocabulary(&self, tokens: u64) -> Result<(), GgufFault> {
        if tokens == 0 || tokens > 1 << 24 {
            return Err(GgufFault::Entry {
                key: "tokenizer.ggml.tokens".to_owned(),
                why: format!("has {tokens} tokens"),
            });
        }
        for name in ["scores", "token_type"] {
            let key = format!("tokenizer.ggml.{name}");
            if let Some(Value::Array { len, .. }) = self.entries.get(&key)
                && *len < tokens
            {
                return Err(GgufFault::Entry {
                    key,
                    why: format!("has {len} elements for {tokens} tokens"),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::gguf::{self, Entry, GgufFault, TensorType};
    use docmind_core::model::ModelShape;
    use std::io::Cursor;

    type Changes<'a> = &'a [(&'a str, Entry)];

    /// The shape of [`file_of`].
    fn shape_of(changes: Changes<'_>, tensors: Tensors) -> Result<ModelShape, GgufFault> {
        let bytes = file_of(changes, tensors, 0);
        let length = bytes.len() as u64;
        gguf::read_from(Cursor::new(bytes), length)?.shape("stem")
    }

    /// A language model of one layer, with these entries changed or added and, where wished, without its tensors; of their data each byte is
    /// `filling`.
    fn file_of(changes: Changes<'_>, tensors: Tensors, filling: u8) -> Vec<u8> {
        let mut entries = vec![
            ("general.architecture".to_owned(), text("llama")),
            ("llama.block_count".to_owned(), Entry::U32(1)),
            ("llama.embedding_length".to_owned(), Entry::U32(32)),
            ("llama.context_length".to_owned(), Entry::U32(2048)),
            ("llama.attention.head_count".to_owned(), Entry::U32(4)),
            (
                "tokenizer.ggml.tokens".to_owned(),
                Entry::Texts(["a", "b", "c"].map(str::to_owned).to_vec()),
            ),
        ];
        for (key, value) in changes {
            entries.retain(|(known, _)| known != key);
            entries.push(((*key).to_owned(), value.clone()));
        }
        let tensor = |name: &str, dimensions: [u64; 2]| (name.to_owned(), dimensions.to_vec(), TensorType::F32);
        let mut declared = vec![
            tensor("token_embd.weight", [32, 3]),
            tensor("blk.0.attn_q.weight", [32, 32]),
        ];
        match tensors {
            Tensors::All => {}
            Tensors::Norm => declared.push(("output_norm.weight".to_owned(), vec![32], TensorType::F32)),
            Tensors::Experts => declared.push(tensor("blk.0.ffn_up_exps.weight", [32, 128])),
            Tensors::Two => declared.push(tensor("blk.1.attn_q.weight", [32, 32])),
            Tensors::PerLayer => declared.push(tensor("per_layer_token_embd.weight", [64, 3])),
            Tensors::None => declared.clear(),
        }
        let mut bytes = Vec::new();
        gguf::write(&mut bytes, &entries, &declared, |(_, dimensions, kind), out| {
            let size = kind
                .bytes(dimensions[0], dimensions.iter().product())
                .expect("whole rows");
            out.write_all(&vec![filling; size as usize])
        })
        .expect("written");
        bytes
    }

    enum Tensors {
        All,
        /// With a norm after the layer.
        Norm,
        /// With a mixture of experts, 16 KiB.
        Experts,
        /// With a second layer.
        Two,
        /// With embeddings of its own for each layer.
        PerLayer,
        None,
    }

    #[test]
    fn heads_are_counted_layer_by_layer_where_the_file_does() {
        let f16 = docmind_core::profile::KvType::F16;
        let plain = shape_of(&[("llama.attention.head_count_kv", Entry::U32(2))], Tensors::All).expect("a model");
        assert_eq!(plain.kv_bytes_per_token(f16), 2 * (8 + 8) * 2);
        let of = |heads: Vec<i32>| {
            let changes = [
                ("llama.block_count", Entry::U32(2)),
                ("llama.attention.head_count_kv", Entry::Integers(heads)),
                ("llama.attention.value_length", Entry::U32(4)),
            ];
            shape_of(&changes, Tensors::Two)
                .expect("a model")
                .kv_bytes_per_token(f16)
        };
        assert_eq!(of(vec![4, 1]), 5 * (8 + 4) * 2);
        assert_eq!(of(vec![0, 4]), 4 * (8 + 4) * 2, "the first layer is recurrent");
    }

    #[test]
    fn embeddings_of_the_layers_stay_beside_the_embedding() {
        let with = shape_of(&[], Tensors::PerLayer).expect("a model").weights;
        let without = shape_of(&[], Tensors::All).expect("a model").weights;
        assert_eq!(with.embedding, without.embedding + 64 * 3 * 4);
        assert!(with.tied);
        assert_eq!((with.output, with.other), (without.output, without.other));
    }

    #[test]
    fn a_norm_tells_models_of_one_shape_apart() {
        let of = |changes: Changes<'_>, tensors, filling| {
            let bytes = file_of(changes, tensors, filling);
            let file = gguf::read_from(Cursor::new(&bytes), bytes.len() as u64).expect("whole");
            file.identity(Cursor::new(&bytes)).expect("read")
        };
        let renamed = [("general.name", text("Another")), ("general.file_type", Entry::U32(7))];
        assert_eq!(of(&[], Tensors::Norm, 1), of(&renamed, Tensors::Norm, 1));
        assert_ne!(of(&[], Tensors::Norm, 1), of(&[], Tensors::Norm, 2));
        let tuned = [("general.finetune", text("Contracts"))];
        assert_ne!(of(&[], Tensors::Norm, 1), of(&tuned, Tensors::Norm, 1), "a merged LoRA");
        let bases = |count| {
            [
                ("general.base_model.count", Entry::U32(count)),
                ("general.base_model.0.name", text("Qwen3 4B")),
                ("general.base_model.1.name", text("Law 4B")),
            ]
        };
        let (merge, converted, boasting) = (bases(2), bases(1), bases(u32::MAX));
        assert_ne!(of(&[], Tensors::Norm, 1), of(&merge, Tensors::Norm, 1), "a merge");
        assert_eq!(of(&[], Tensors::Norm, 1), of(&converted, Tensors::Norm, 1));
        assert_eq!(of(&merge, Tensors::Norm, 1), of(&boasting, Tensors::Norm, 1));
        // Without one the name does.
        assert_eq!(of(&renamed, Tensors::All, 1), "Another");
        assert_eq!(of(&[], Tensors::All, 1), "");
    }

    #[test]
    fn experts_that_rest_are_not_read() {
        let experts = [
            ("llama.expert_count", Entry::U32(8)),
            ("llama.expert_used_count", Entry::U32(2)),
        ];
        let mixture = shape_of(&experts, Tensors::Experts).expect("a model").weights;
        assert_eq!(mixture.idle, 16_384 * 6 / 8);
        assert_eq!(shape_of(&[], Tensors::Experts).expect("a model").weights.idle, 0);
    }

    #[test]
    fn a_vocabulary_that_llama_cpp_takes_is_taken() {
        let taken = [
            ("tokenizer.ggml.eos_token_id", Entry::U32(3)),
            ("tokenizer.ggml.token_type", Entry::Integers(vec![1; 4])),
        ];
        shape_of(&taken, Tensors::All).expect("a model");
        let short = [("tokenizer.ggml.token_type", Entry::Integers(vec![1; 2]))];
        assert_eq!(
            shape_of(&short, Tensors::All).expect_err("two of three").code(),
            "model_damaged"
        );
    }

    fn text(text: &str) -> Entry {
        Entry::Text(text.to_owned())
    }

    #[test]
    fn any_architecture_that_writes_is_taken() {
        let shape = shape_of(&[], Tensors::All).expect("a model");
        let card = &shape.card;
        assert_eq!((card.architecture.as_str(), card.name.as_str()), ("llama", "stem"));
        assert_eq!((card.heads, card.kv_heads, card.head_dim), (4, 4, 8));
        // Mamba and RWKV have no attention, and say so with a zero.
        let recurrent = shape_of(&[("llama.attention.head_count", Entry::U32(0))], Tensors::All).expect("a model");
        assert_eq!(
            (recurrent.card.heads, recurrent.card.kv_heads, recurrent.card.head_dim),
            (0, 0, 0)
        );
        assert_eq!(recurrent.kv_bytes_per_token(docmind_core::profile::KvType::F16), 0);
    }

    #[test]
    fn whole_files_of_other_kinds_are_named() {
        let kinds: [(Changes<'_>, Tensors, &str); 8] = [
            (&[], Tensors::None, "vocabulary"),
            (&[("general.type", text("adapter"))], Tensors::All, "adapter"),
            (&[("general.type", text("mmproj"))], Tensors::All, "pictures"),
            (&[("general.architecture", text("clip"))], Tensors::All, "pictures"),
            (&[("general.architecture", text("nomic-bert"))], Tensors::All, "vectors"),
            (
                &[("llama.attention.causal", Entry::Bool(false))],
                Tensors::All,
                "vectors",
            ),
            (&[("llama.pooling_type", Entry::U32(3))], Tensors::All, "vectors"),
            (&[("general.architecture", text("t5"))], Tensors::All, "decoder"),
        ];
        for (changes, tensors, word) in kinds {
            let fault = shape_of(changes, tensors).expect_err(word);
            assert_eq!(fault.code(), "model_unsupported", "{fault}");
            let report = fault.report("x.gguf");
            assert!(report.message.contains(word), "{}", report.message);
            assert!(report.message.contains('\n'), "{}", report.message);
        }
    }

    #[test]
    fn a_file_without_what_a_language_model_has_is_no_damaged_one() {
        let fault = shape_of(&[("general.architecture", text("flux"))], Tensors::All).expect_err("no entries");
        assert_eq!(fault.code(), "model_unsupported", "{fault}");
        let parts = shape_of(&[("split.count", Entry::U32(3))], Tensors::All).expect_err("one of three");
        assert_eq!(parts.code(), "model_split");
        let heads = shape_of(&[("llama.attention.head_count_kv", Entry::U32(5))], Tensors::All).expect_err("5 of 4");
        assert_eq!(heads.code(), "model_damaged");
    }
}
