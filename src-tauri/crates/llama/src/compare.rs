//! How far two runs agree, by the logits of a forced continuation: greedy text of one model differs between batch sizes, so texts
//! say nothing.

use crate::error::LlamaError;
use crate::native::{Context, Decoded, Token};
use docmind_core::plan::LOGIT_ROWS;

/// Logits of the token after each of a sequence's tokens.
pub type Logits = Vec<Vec<f32>>;

/// Computes `tokens` from `position` on, in batches of `width` (at most [`LOGIT_ROWS`]), and gives the logits at each of them.
///
/// # Errors
/// The model cannot compute.
pub fn forced(context: &mut Context, tokens: &[Token], position: usize, width: usize) -> Result<Logits, LlamaError> {
    let width = width.clamp(1, LOGIT_ROWS as usize);
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = position;
    for batch in tokens.chunks(width) {
        if context.decode(batch, at, |_| true)? == Decoded::Stopped {
            return Err(LlamaError::Cancelled);
        }
        out.extend((0..batch.len()).map(|index| context.logits(index).to_vec()));
        at += batch.len();
    }
    Ok(out)
}

/// What comparing two runs over the same tokens gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Mean Kullback-Leibler divergence of the second from the first, in nats.
    pub mean_kl: f64,
    /// Share of positions with the same most likely token.
    pub top1: f64,
    /// Smallest cosine of the logits.
    pub min_cosine: f64,
}

/// Compares position by position; zeros where there is none.
pub fn agreement(reference: &Logits, other: &Logits) -> Agreement {
    let count = reference.len().min(other.len());
    if count == 0 {
        return Agreement {
            mean_kl: 0.0,
            top1: 0.0,
            min_cosine: 0.0,
        };
    }
    let mut sum = Agreement {
        mean_kl: 0.0,
        top1: 0.0,
        min_cosine: 1.0,
    };
    for (a, b) in reference.iter().zip(other) {
        sum.mean_kl += divergence(a, b);
        sum.top1 += f64::from(u8::from(highest(a) == highest(b)));
        sum.min_cosine = sum.min_cosine.min(cosine(a, b));
    }
    Agreement {
        mean_kl: sum.mean_kl / count as f64,
        top1: sum.top1 / count as f64,
        min_cosine: sum.min_cosine,
    }
}

/// The most that one logit differs between two runs: llama.cpp's own spread, where only the schedule of the runs differs.
pub fn most_apart(a: &Logits, b: &Logits) -> f32 {
    a.iter()
        .zip(b)
        .flat_map(|(a, b)| a.iter().zip(b))
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

/// Positions at which another token is most likely although the reference's first two are further apart than `spread` explains: two
/// logits may move towards each other by it.
pub fn contradictions(reference: &Logits, other: &Logits, spread: f32) -> usize {
    let contradicts = |(a, b): &(&Vec<f32>, &Vec<f32>)| {
        let first = highest(a);
        let second = a
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != first)
            .map(|(_, logit)| *logit)
            .fold(f32::NEG_INFINITY, f32::max);
        highest(b) != first && a[first] - second > 2.0 * spread
    };
    reference.iter().zip(other).filter(contradicts).count()
}

fn highest(logits: &[f32]) -> usize {
    logits
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1))
        .map_or(0, |(at, _)| at)
}

/// Cosine of two rows of logits.
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let (mut dot, mut left, mut right) = (0.0_f64, 0.0_f64, 0.0_f64);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a), f64::from(b));
        dot += a * b;
        left += a * a;
        right += b * b;
    }
    if left == 0.0 || right == 0.0 {
        0.0
    } else {
        dot / (left.sqrt() * right.sqrt())
    }
}

/// Kullback-Leibler divergence of softmax(`b`) from softmax(`a`), in nats.
pub fn divergence(a: &[f32], b: &[f32]) -> f64 {
    let (log_a, log_b) = (log_sum(a), log_sum(b));
    let sum: f64 = a
        .iter()
        .zip(b)
        .map(|(&a, &b)| {
            let log_p = f64::from(a) - log_a;
            log_p.exp() * (log_p - (f64::from(b) - log_b))
        })
        .sum();
    sum.max(0.0)
}

fn log_sum(logits: &[f32]) -> f64 {
    let most = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    most + logits
        .iter()
        .map(|&logit| (f64::from(logit) - most).exp())
        .sum::<f64>()
        .ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_agrees_and_another_does_not() {
        let a = vec![vec![1.0, 2.0, 3.0], vec![0.0, -1.0, 0.5]];
        let same = agreement(&a, &a);
        assert!(same.mean_kl < 1e-12 && same.top1 == 1.0 && same.min_cosine > 0.999_999);
        let other = vec![vec![3.0, 2.0, 1.0], vec![0.0, -1.0, 0.5]];
        let apart = agreement(&a, &other);
        assert!(apart.mean_kl > 0.1 && apart.top1 == 0.5 && apart.min_cosine < 0.8);
    }

    #[test]
    fn a_contradiction_is_told_from_noise() {
        let reference = vec![vec![1.0, 5.0, 4.0]];
        let noisy = vec![vec![1.0, 4.4, 4.5]];
        let other = vec![vec![9.0, 5.0, 4.0]];
        assert!((most_apart(&reference, &noisy) - 0.6).abs() < 1e-6);
        assert_eq!(contradictions(&reference, &noisy, 0.6), 0);
        assert_eq!(contradictions(&reference, &noisy, 0.1), 1);
        assert_eq!(contradictions(&reference, &other, 0.1), 1);
        assert_eq!(contradictions(&reference, &reference, 0.0), 0);
    }

    #[test]
    fn divergence_is_that_of_the_textbook() {
        let half = [0.0_f32, 0.0];
        let quarter = [0.0_f32, 3.0_f32.ln()];
        let expected = 0.5 * (0.5_f64 / 0.25).ln() + 0.5 * (0.5_f64 / 0.75).ln();
        assert!((divergence(&half, &quarter) - expected).abs() < 1e-6);
    }
}
