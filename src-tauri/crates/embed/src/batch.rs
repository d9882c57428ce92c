//! Which texts run together.

use std::ops::Range;

/// Cuts items, sorted by length with the longest first, into batches whose padded size stays within `budget` tokens; a batch has
/// at least one item and at most `most`.
pub(crate) fn batches(lengths: &[usize], budget: usize, most: usize) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = 0;
    while start < lengths.len() {
        let longest = lengths[start].max(1);
        let count = (budget / longest).clamp(1, most.max(1)).min(lengths.len() - start);
        out.push(start..start + count);
        start += count;
    }
    out
}

/// Ids and mask of a batch, padded at the right to its longest text, as the graph's inputs want them.
#[derive(Debug, Default)]
pub(crate) struct Padded {
    pub(crate) ids: Vec<i64>,
    pub(crate) mask: Vec<i64>,
    pub(crate) types: Vec<i64>,
    pub(crate) shape: [usize; 2],
}

/// Token ids of one text and, for pairs, where the second text begins.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) ids: &'a [u32],
    pub(crate) second: usize,
}

impl Padded {
    pub(crate) fn new<'a>(rows: impl ExactSizeIterator<Item = Row<'a>> + Clone, pad: u32) -> Self {
        let width = rows.clone().map(|row| row.ids.len()).max().unwrap_or(0);
        let mut padded = Self {
            shape: [rows.len(), width],
            ..Self::default()
        };
        let size = rows.len() * width;
        padded.ids.reserve_exact(size);
        padded.mask.reserve_exact(size);
        padded.types.reserve_exact(size);
        for row in rows {
            let rest = width - row.ids.len();
            padded.ids.extend(
                row.ids
                    .iter()
                    .map(|id| i64::from(*id))
                    .chain(std::iter::repeat_n(i64::from(pad), rest)),
            );
            padded
                .mask
                .extend(std::iter::repeat_n(1, row.ids.len()).chain(std::iter::repeat_n(0, rest)));
            padded
                .types
                .extend((0..width).map(|at| i64::from(at >= row.second && at < row.ids.len())));
        }
        padded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn batches_keep_the_budget_where_they_can() {
        assert_eq!(batches(&[900, 100, 90, 80, 3], 300, 8), [0..1, 1..4, 4..5]);
        assert_eq!(batches(&[2, 2, 2, 2, 2], 300, 2), [0..2, 2..4, 4..5]);
        assert!(batches(&[], 300, 2).is_empty());
    }

    #[test]
    fn padding_is_masked() {
        let rows = [
            Row {
                ids: &[5, 6, 7],
                second: 2,
            },
            Row {
                ids: &[8],
                second: usize::MAX,
            },
        ];
        let padded = Padded::new(
            rows.iter().map(|row| Row {
                ids: row.ids,
                second: row.second,
            }),
            9,
        );
        assert_eq!(padded.ids, [5, 6, 7, 8, 9, 9]);
        assert_eq!(padded.mask, [1, 1, 1, 1, 0, 0]);
        assert_eq!(padded.types, [0, 0, 1, 0, 0, 0]);
        assert_eq!(padded.shape, [2, 3]);
    }

    proptest! {
        #[test]
        fn every_text_is_in_one_batch(mut lengths in prop::collection::vec(0_usize..600, 0..200), budget in 1_usize..4000, most in 1_usize..64) {
            lengths.sort_unstable_by(|a, b| b.cmp(a));
            let cut = batches(&lengths, budget, most);
            let covered: Vec<usize> = cut.iter().cloned().flatten().collect();
            prop_assert_eq!(covered, (0..lengths.len()).collect::<Vec<_>>());
            for range in cut {
                prop_assert!(range.len() == 1 || range.len() * lengths[range.start] <= budget);
                prop_assert!(range.len() <= most);
            }
        }
    }
}
