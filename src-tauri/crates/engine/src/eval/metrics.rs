//! The measures of ranked lists, on places of documents.

use std::collections::HashMap;

/// Normalised discounted cumulative gain of the first `k` (Järvelin and Kekäläinen 2002, linear gains).
///
/// ```
/// use docmind_engine::eval::ndcg;
/// let relevant = [(7, 1.0)].into();
/// assert_eq!(ndcg(&[7, 1], &relevant, 10), 1.0);
/// assert!((ndcg(&[1, 7], &relevant, 10) - 0.6309).abs() < 1e-4);
/// ```
pub fn ndcg(ranked: &[usize], relevant: &HashMap<usize, f64>, k: usize) -> f64 {
    let discount = |at: usize| 1.0 / (at as f64 + 2.0).log2();
    let gain: f64 = ranked
        .iter()
        .take(k)
        .enumerate()
        .map(|(at, document)| relevant.get(document).copied().unwrap_or(0.0) * discount(at))
        .sum();
    let mut best: Vec<f64> = relevant.values().copied().collect();
    best.sort_by(|a, b| b.total_cmp(a));
    let ideal: f64 = best
        .iter()
        .take(k)
        .enumerate()
        .map(|(at, gain)| gain * discount(at))
        .sum();
    if ideal > 0.0 { gain / ideal } else { 0.0 }
}

/// Share of the relevant documents among the first `k`.
pub fn recall(ranked: &[usize], relevant: &HashMap<usize, f64>, k: usize) -> f64 {
    if relevant.is_empty() {
        return 0.0;
    }
    ranked
        .iter()
        .take(k)
        .filter(|document| relevant.contains_key(document))
        .count() as f64
        / relevant.len() as f64
}

/// One over the rank of the first relevant document among the first `k`; 0 without one.
pub fn reciprocal_rank(ranked: &[usize], relevant: &HashMap<usize, f64>, k: usize) -> f64 {
    ranked
        .iter()
        .take(k)
        .position(|document| relevant.contains_key(document))
        .map_or(0.0, |at| 1.0 / (at as f64 + 1.0))
}

/// Area under the receiver operating characteristic: the chance that a positive scores above a negative, ties half.
///
/// ```
/// assert_eq!(docmind_engine::eval::auroc(&[0.9, 0.5], &[0.5, 0.1]), Some(0.875));
/// ```
pub fn auroc(positives: &[f32], negatives: &[f32]) -> Option<f64> {
    if positives.is_empty() || negatives.is_empty() {
        return None;
    }
    let mut sorted = negatives.to_vec();
    sorted.sort_by(f32::total_cmp);
    let sum: f64 = positives
        .iter()
        .map(|score| {
            let below = sorted.partition_point(|other| other < score);
            let equal = sorted.partition_point(|other| other <= score) - below;
            below as f64 + 0.5 * equal as f64
        })
        .sum();
    Some(sum / (positives.len() as f64 * negatives.len() as f64))
}

/// The value at a share of the sorted list (nearest rank); 0 of nothing.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(at.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(0.0)
}

pub(super) fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// Four decimals: what such figures are worth.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_of_a_known_list() {
        let relevant = HashMap::from([(1, 1.0), (4, 1.0)]);
        let ranked = [1, 2, 3, 4];
        assert_eq!(recall(&ranked, &relevant, 1), 0.5);
        assert_eq!(recall(&ranked, &relevant, 4), 1.0);
        assert_eq!(reciprocal_rank(&[2, 1], &relevant, 10), 0.5);
        assert_eq!(reciprocal_rank(&[2, 1], &relevant, 1), 0.0);
        let expected = (1.0 + 1.0 / 5_f64.log2()) / (1.0 + 1.0 / 3_f64.log2());
        assert!((ndcg(&ranked, &relevant, 10) - expected).abs() < 1e-12);
    }

    #[test]
    fn percentiles_are_members_of_the_list() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(
            (
                percentile(&values, 0.5),
                percentile(&values, 0.95),
                percentile(&[], 0.5)
            ),
            (50.0, 95.0, 0.0)
        );
    }
}
