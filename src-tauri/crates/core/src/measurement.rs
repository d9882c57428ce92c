//! Requests and rows of the optimization monitor: quantising, speed and memory of profiles, agreement of their output.

use crate::plan::MemoryPlan;
use crate::profile::Profile;
use serde::{Deserialize, Serialize};

/// Makes a smaller file of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantizeRequest {
    /// The F16 file.
    pub input: String,
    /// Where the new one goes; written beside and renamed when whole.
    pub output: String,
    /// `q4_k_m` or `q8_0`.
    pub weights: crate::model::WeightType,
    /// Threads; 0 is all.
    pub threads: u32,
}

impl QuantizeRequest {
    /// Where the new file is written until it is whole.
    pub fn part(&self) -> std::path::PathBuf {
        format!("{}.part", self.output).into()
    }
}

/// One profile to measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchProfile {
    /// How to run it.
    pub profile: Profile,
    /// The file with its weights.
    pub model: String,
}

/// What to measure. Runs of the profiles are interleaved, so that a slow minute of the machine hits them all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchRequest {
    /// The profiles, the baseline first.
    pub profiles: Vec<BenchProfile>,
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Tokens to write.
    pub output_tokens: u32,
    /// Repeats of each.
    pub repeat: u32,
}

/// Median and spread of the repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Spread {
    /// The middle one (mean of the two middle ones).
    pub median: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
}

impl Spread {
    /// Of these values; zeros when there are none.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (Some(&min), Some(&max)) = (sorted.first(), sorted.last()) else {
            return Self::default();
        };
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        } else {
            sorted[middle]
        };
        Self { median, min, max }
    }
}

/// One measured profile. Times in milliseconds, rates in tokens per second, memory in MiB.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct BenchRow {
    /// Its name.
    pub profile: String,
    /// The file.
    pub model: String,
    /// Random weights: speed and memory are true, quality means nothing.
    pub synthetic: bool,
    /// Device most layers ran on.
    pub device: String,
    /// Tokens of the prompt.
    pub prompt_tokens: u32,
    /// Tokens written.
    pub output_tokens: u32,
    /// Reading the weights.
    pub load_ms: Spread,
    /// First decode.
    pub warmup_ms: Spread,
    /// Time to first token with nothing in the cache.
    pub ttft_ms: Spread,
    /// Time to first token of another question over the prefix still in the cache.
    pub ttft_resident_ms: Spread,
    /// Time to first token with the prefix restored from a snapshot on disk.
    pub ttft_disk_ms: Spread,
    /// Prefill.
    pub prefill_tps: Spread,
    /// Decode.
    pub decode_tps: Spread,
    /// Sum of the backend's buffers and the process's other anonymous memory, at its highest.
    pub peak_memory_mib: f64,
    /// The same of the repeat that took least.
    #[serde(default)]
    #[cfg_attr(feature = "bindings", specta(skip))]
    pub lowest_memory_mib: f64,
    /// What the plan had said.
    pub predicted_memory_mib: f64,
    /// Resident set of the process, for comparison: it cannot see buffers never touched.
    pub rss_mib: f64,
    /// Of that, weights.
    pub weights_mib: f64,
    /// Of that, KV cache.
    pub kv_mib: f64,
    /// Of that, compute buffers.
    pub compute_mib: f64,
    /// Share of the memory-bandwidth limit reached by decoding, 0 to 1.
    pub bandwidth_fraction: f64,
    /// Measured bandwidth of the device in GB/s.
    pub bandwidth_gbps: f64,
    /// The plan in whole.
    pub plan: MemoryPlan,
}

impl BenchRow {
    /// The figures by the names of the command line: medians under their own (memory: the highest), the spread of the repeats under
    /// `_min` and `_max`.
    pub fn figures(&self) -> Vec<(String, f64)> {
        let spreads = [
            ("load_ms", self.load_ms),
            ("warmup_ms", self.warmup_ms),
            ("ttft_ms", self.ttft_ms),
            ("ttft_resident_ms", self.ttft_resident_ms),
            ("ttft_disk_ms", self.ttft_disk_ms),
            ("prefill_tps", self.prefill_tps),
            ("decode_tps", self.decode_tps),
            (
                "peak_memory_mib",
                Spread {
                    median: self.peak_memory_mib,
                    min: self.lowest_memory_mib,
                    max: self.peak_memory_mib,
                },
            ),
            ("predicted_memory_mib", Spread::of(&[self.predicted_memory_mib])),
            ("bandwidth_fraction", self.bandwidth_spread()),
        ];
        let mut out = Vec::new();
        for (name, spread) in spreads {
            out.push((name.to_owned(), spread.median));
            out.push((format!("{name}_min"), spread.min));
            out.push((format!("{name}_max"), spread.max));
        }
        let single = [
            ("rss_mib", self.rss_mib),
            ("weights_mib", self.weights_mib),
            ("kv_mib", self.kv_mib),
            ("compute_mib", self.compute_mib),
            ("bandwidth_gbps", self.bandwidth_gbps),
        ];
        out.extend(single.map(|(name, value)| (name.to_owned(), value)));
        for (_, value) in &mut out {
            *value = (*value * 1000.0).round() / 1000.0;
        }
        out
    }

    /// The share of the bandwidth limit goes with the decode speed: what is read for a token is the same in every repeat.
    fn bandwidth_spread(&self) -> Spread {
        let share = |tps: f64| {
            if self.decode_tps.median > 0.0 {
                self.bandwidth_fraction * tps / self.decode_tps.median
            } else {
                0.0
            }
        };
        Spread {
            median: self.bandwidth_fraction,
            min: share(self.decode_tps.min),
            max: share(self.decode_tps.max),
        }
    }
}

/// One profile against the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Comparison {
    /// What it is compared with.
    pub baseline: String,
    /// The profile.
    pub profile: String,
    /// Decode speed as a multiple of the baseline's.
    pub decode_speedup: f64,
    /// Memory saved, in percent of the baseline's.
    pub memory_reduction_percent: f64,
    /// Weights saved, in percent of the baseline's.
    pub weights_reduction_percent: f64,
}

/// Every row but the first against the first.
pub fn comparisons(rows: &[BenchRow]) -> Vec<Comparison> {
    let Some((baseline, others)) = rows.split_first() else {
        return Vec::new();
    };
    let rounded = |value: f64| (value * 1000.0).round() / 1000.0;
    let saved = |part: f64, whole: f64| rounded(if whole > 0.0 { (1.0 - part / whole) * 100.0 } else { 0.0 });
    let speedup = |row: &BenchRow| {
        let reference = baseline.decode_tps.median;
        rounded(if reference > 0.0 {
            row.decode_tps.median / reference
        } else {
            0.0
        })
    };
    others
        .iter()
        .map(|row| Comparison {
            baseline: baseline.profile.clone(),
            profile: row.profile.clone(),
            decode_speedup: speedup(row),
            memory_reduction_percent: saved(row.peak_memory_mib, baseline.peak_memory_mib),
            weights_reduction_percent: saved(row.weights_mib, baseline.weights_mib),
        })
        .collect()
}

/// Agreement of one profile's output with the reference's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AgreementRow {
    /// The profile.
    pub profile: String,
    /// `measured`, or `skipped: synthetic weights`.
    pub status: String,
    /// Tokens compared.
    pub tokens: u32,
    /// Mean Kullback-Leibler divergence of the next-token distributions, in nats.
    pub mean_kl: Option<f64>,
    /// Share of positions with the same most likely token.
    pub top1: Option<f64>,
    /// Smallest cosine of the logits.
    pub min_cosine: Option<f64>,
    /// Cosine of the answers' embeddings, where there is an embedder.
    pub answer_cosine: Option<f64>,
}

/// A backend module found beside the program, and whether it can be used here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ModuleReport {
    /// File name, such as `libggml-cuda.so`.
    pub file: String,
    /// `cpu`, `cuda`, `vulkan`.
    pub backend: String,
    /// It loads and has a device (or, for CPU variants, is the one chosen).
    pub usable: bool,
    /// Why, or why not, in a person's words.
    pub reason: String,
}

/// What `docmind-generate` found on this machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct BackendReport {
    /// Devices that can hold a model, the CPU included.
    pub devices: Vec<crate::hardware::Device>,
    /// Modules, usable or not.
    pub modules: Vec<ModuleReport>,
    /// llama.cpp's version.
    pub version: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_of_even_and_odd_counts() {
        assert_eq!(
            Spread::of(&[3.0, 1.0, 2.0]),
            Spread {
                median: 2.0,
                min: 1.0,
                max: 3.0
            }
        );
        assert_eq!(
            Spread::of(&[4.0, 1.0]),
            Spread {
                median: 2.5,
                min: 1.0,
                max: 4.0
            }
        );
        assert_eq!(Spread::of(&[]), Spread::default());
    }
}
