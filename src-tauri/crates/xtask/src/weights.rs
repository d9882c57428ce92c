//! The weights of a transformer: a safetensors file's, or made-up ones.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

/// Where the numbers come from.
pub enum Weights {
    /// A model's own.
    Stored(Safetensors),
    /// Random ones of the usual spread, the same every time: they cost what real ones cost and mean nothing.
    MadeUp,
}

impl Weights {
    /// The values of a tensor, row-major.
    ///
    /// # Errors
    /// When it is missing or has another shape.
    pub fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        match self {
            Self::Stored(file) => file.tensor(name, shape),
            Self::MadeUp => Ok(made_up(name, shape.iter().product())),
        }
    }

    /// Weight `[inputs, outputs]` (transposed from PyTorch's) and bias of a dense layer.
    ///
    /// # Errors
    /// As [`Weights::tensor`].
    pub fn dense(&self, name: &str, inputs: usize, outputs: usize) -> Result<Dense> {
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
    ///
    /// # Errors
    /// As [`Weights::tensor`].
    pub fn query_key_value(&self, layer: &str, hidden: usize) -> Result<Dense> {
        let parts = ["query", "key", "value"]
            .map(|part| self.dense(&format!("{layer}.attention.self.{part}"), hidden, hidden))
            .into_iter()
            .collect::<Result<Vec<_>>>()?;
        let mut weight = Vec::with_capacity(3 * hidden * hidden);
        for row in 0..hidden {
            for part in &parts {
                weight.extend_from_slice(&part.weight[row * hidden..][..hidden]);
            }
        }
        let bias = parts.iter().flat_map(|part| part.bias.iter().copied()).collect();
        Ok(Dense {
            weight,
            bias,
            inputs: hidden,
            outputs: 3 * hidden,
        })
    }
}

/// Values between -0.035 and 0.035 (a standard deviation of 0.02, BERT's own); norms that change nothing, biases of zero.
fn made_up(name: &str, count: usize) -> Vec<f32> {
    if name.ends_with("LayerNorm.weight") {
        return vec![1.0; count];
    }
    if name.rsplit('.').next() == Some("bias") {
        return vec![0.0; count];
    }
    // FNV-1a of the name begins each tensor's sequence (xorshift64).
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut state = seed | 1;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 40) as f32 / (1_u64 << 24) as f32 - 0.5) * 0.07
    })
    .take(count)
    .collect()
}

/// A safetensors file: an 8-byte little-endian header length, a JSON header, raw tensors.
pub struct Safetensors {
    header: Value,
    bytes: Vec<u8>,
    data_start: usize,
}

impl Safetensors {
    /// Reads the header.
    ///
    /// # Errors
    /// When it is cut off or no JSON.
    pub fn parse(bytes: Vec<u8>) -> Result<Self> {
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
}

/// A dense layer.
pub struct Dense {
    /// `[inputs, outputs]`, row-major.
    pub weight: Vec<f32>,
    /// `[outputs]`.
    pub bias: Vec<f32>,
    /// Width of what comes in.
    pub inputs: usize,
    /// Width of what goes out.
    pub outputs: usize,
}

impl Dense {
    /// Symmetric signed bytes with one scale an output column.
    ///
    /// The full range −127…127: the kernels with VNNI or AMX do not saturate, and on processors without them the runtime is told
    /// to use unsigned kernels (`session.x64quantprecision`).
    pub fn quantized(&self) -> (Vec<u8>, Vec<f32>) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_weights_are_the_same_every_time_and_spread_as_bert_s() {
        let once = Weights::MadeUp
            .tensor("encoder.layer.0.output.dense.weight", &[64, 256])
            .unwrap();
        let again = Weights::MadeUp
            .tensor("encoder.layer.0.output.dense.weight", &[64, 256])
            .unwrap();
        let other = Weights::MadeUp
            .tensor("encoder.layer.1.output.dense.weight", &[64, 256])
            .unwrap();
        assert_eq!(once, again);
        assert_ne!(once, other);
        let mean = once.iter().sum::<f32>() / once.len() as f32;
        let deviation = (once.iter().map(|value| value * value).sum::<f32>() / once.len() as f32).sqrt();
        assert!(mean.abs() < 0.001, "{mean}");
        assert!((0.019..0.022).contains(&deviation), "{deviation}");
    }

    #[test]
    fn a_safetensors_file_that_is_cut_off_or_of_another_shape_is_refused() {
        let header = br#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend_from_slice(header);
        file.extend_from_slice(&1.5_f32.to_le_bytes());
        file.extend_from_slice(&(-2.0_f32).to_le_bytes());
        let read = |bytes: &[u8]| Safetensors::parse(bytes.to_vec());
        let stored = Weights::Stored(read(&file).unwrap());
        assert_eq!(stored.tensor("a", &[2]).unwrap(), [1.5, -2.0]);
        assert!(stored.tensor("a", &[3]).is_err());
        assert!(stored.tensor("b", &[2]).is_err());
        assert!(read(&file[..12]).is_err());
        assert!(
            Weights::Stored(read(&file[..file.len() - 1]).unwrap())
                .tensor("a", &[2])
                .is_err()
        );
    }
}
