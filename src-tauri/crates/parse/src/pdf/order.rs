//! Reading order: columns that were drawn row by row are read column by column; what was drawn over the page is put in its place.
//!
//! The order of the content stream is kept wherever it is not plainly wrong: producers write columns in order far more often than
//! geometry can be trusted to find them (tables look like columns).

use super::layout::Segment;
use docmind_core::document::Rect;

/// Rows that must share a gutter before a page is taken for columns.
const MIN_ROWS: usize = 5;
/// Characters a side of a row must have in the middle case; cells of tables are shorter.
const MIN_SIDE_CHARS: usize = 20;

/// Gaps tried as the gutter, and comparisons made to place what was drawn over a page: a page made to hurt has millions.
const MAX_CANDIDATES: usize = 200;
pub const MAX_COMPARISONS: usize = 20_000_000;

/// True when the two stand on one row: the lower of them overlaps the other by half.
pub fn same_row(a: &Rect, b: &Rect) -> bool {
    let overlap = a.y1.min(b.y1) - a.y0.max(b.y0);
    overlap > 0.5 * (a.y1 - a.y0).min(b.y1 - b.y0).max(0.1)
}

/// Segments in reading order.
pub fn reading_order(segments: Vec<Segment>) -> Vec<Segment> {
    split_columns(segments, 3)
}

fn split_columns(segments: Vec<Segment>, depth: u8) -> Vec<Segment> {
    let Some(gutter) = (depth > 0).then(|| find_gutter(&segments)).flatten() else {
        return segments;
    };
    let mut out = Vec::with_capacity(segments.len());
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for segment in from_the_top(segments) {
        if segment.rect.x1 <= gutter + 1.0 {
            left.push(segment);
        } else if segment.rect.x0 >= gutter - 1.0 {
            right.push(segment);
        } else {
            out.extend(split_columns(std::mem::take(&mut left), depth - 1));
            out.extend(split_columns(std::mem::take(&mut right), depth - 1));
            out.push(segment);
        }
    }
    out.extend(split_columns(left, depth - 1));
    out.extend(split_columns(right, depth - 1));
    out
}

/// Segments with their rows sorted, so that bands across both columns (titles, figures) part what is above from what is below. Within a
/// row the order is that in which it is drawn: marks that are raised, and bullets of other fonts, begin higher than what they follow.
fn from_the_top(segments: Vec<Segment>) -> impl Iterator<Item = Segment> {
    let mut rows: Vec<Vec<Segment>> = Vec::new();
    for segment in segments {
        match rows.last_mut() {
            Some(row) if row.last().is_some_and(|last| same_row(&last.rect, &segment.rect)) => row.push(segment),
            _ => rows.push(vec![segment]),
        }
    }
    let top = |row: &[Segment]| row.iter().map(|segment| segment.rect.y0).fold(f32::INFINITY, f32::min);
    rows.sort_by(|a, b| top(a).total_cmp(&top(b)));
    rows.into_iter().flatten()
}

/// The middle of a gutter that divides most rows into two sides of running text.
fn find_gutter(segments: &[Segment]) -> Option<f32> {
    let gaps: Vec<(usize, f32, f32)> = segments
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| pair[1].follows_gap && pair[1].rect.x0 > pair[0].rect.x1)
        .map(|(at, pair)| (at, pair[0].rect.x1, pair[1].rect.x0))
        .collect();
    if gaps.len() < MIN_ROWS {
        return None;
    }
    // Every gap's right edge is a candidate: the best lies in the most gaps. Pages with thousands of gaps are asked by sample.
    let (gutter, shared) = gaps
        .iter()
        .step_by(1 + gaps.len() / MAX_CANDIDATES)
        .map(|&(.., x)| {
            let gutter = x - 0.5;
            (
                gutter,
                gaps.iter()
                    .filter(|(_, from, to)| *from <= gutter && gutter <= *to)
                    .count(),
            )
        })
        .max_by_key(|(_, shared)| *shared)?;
    let rows = segments.iter().filter(|segment| !segment.follows_gap).count();
    if shared < MIN_ROWS || shared * 5 < rows * 2 {
        return None;
    }
    let across = segments
        .iter()
        .filter(|s| s.rect.x0 < gutter - 1.0 && s.rect.x1 > gutter + 1.0)
        .count();
    if across > shared {
        return None;
    }
    let inside: Vec<usize> = gaps
        .iter()
        .filter(|(_, from, to)| *from <= gutter && gutter <= *to)
        .map(|(at, ..)| *at)
        .collect();
    let median = |mut counts: Vec<usize>| {
        counts.sort_unstable();
        counts[counts.len() / 2]
    };
    let left = median(inside.iter().map(|&at| segments[at].chars).collect());
    let right = median(inside.iter().map(|&at| segments[at + 1].chars).collect());
    (left >= MIN_SIDE_CHARS && right >= MIN_SIDE_CHARS).then_some(gutter)
}

/// Puts segments drawn over the page behind what stands left of them on their row, or above them.
pub fn place_overlay(mut base: Vec<Segment>, overlay: Vec<Segment>) -> Vec<Segment> {
    if base.len().saturating_mul(overlay.len()) > MAX_COMPARISONS {
        base.extend(overlay);
        return base;
    }
    for segment in overlay {
        let beside = base
            .iter()
            .enumerate()
            .filter(|(_, other)| same_row(&other.rect, &segment.rect) && other.rect.x1 <= segment.rect.x0 + 2.0)
            .max_by(|(_, a), (_, b)| a.rect.x1.total_cmp(&b.rect.x1));
        let at = beside.or_else(|| {
            base.iter()
                .enumerate()
                .filter(|(_, other)| other.rect.y1 <= segment.rect.y0 + 2.0 && other.rect.x0 <= segment.rect.x1)
                .max_by(|(_, a), (_, b)| a.rect.y1.total_cmp(&b.rect.y1))
        });
        let at = at.map_or(base.len(), |(at, _)| at + 1);
        base.insert(at, segment);
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdf::layout::tests::segment;

    fn texts(segments: &[Segment]) -> Vec<String> {
        segments.iter().map(Segment::text).collect()
    }

    #[test]
    fn columns_drawn_row_by_row_are_read_one_after_the_other() {
        let mut drawn = vec![segment(
            "A title over both of the columns of this page",
            50.0,
            20.0,
            450.0,
        )];
        for row in 0..8 {
            let y = 60.0 + row as f32 * 12.0;
            drawn.push(segment(
                &format!("left {row} with enough words to be prose"),
                50.0,
                y,
                200.0,
            ));
            if row == 3 {
                drawn.push(segment("²", 250.0, y - 3.0, 4.0));
            }
            let mut right = segment(&format!("right {row} with enough words to be prose"), 280.0, y, 200.0);
            right.follows_gap = true;
            drawn.push(right);
        }
        let mut order = texts(&reading_order(drawn));
        assert!(order[0].starts_with("A title"));
        assert_eq!(order.remove(5), "²", "a raised mark follows its word");
        assert!(order[1..9].iter().all(|text| text.starts_with("left")), "{order:?}");
        assert!(order[9..].iter().all(|text| text.starts_with("right")), "{order:?}");
    }

    #[test]
    fn tables_keep_their_rows() {
        let mut drawn = Vec::new();
        for row in 0..8 {
            let y = 60.0 + row as f32 * 12.0;
            drawn.push(segment(&format!("item {row}"), 50.0, y, 40.0));
            let mut right = segment("12.50", 280.0, y, 30.0);
            right.follows_gap = true;
            drawn.push(right);
        }
        let before = texts(&drawn);
        assert_eq!(texts(&reading_order(drawn)), before);
    }

    #[test]
    fn a_value_follows_its_label() {
        let base = vec![segment("Name:", 50.0, 20.0, 40.0), segment("Town:", 50.0, 40.0, 40.0)];
        let placed = place_overlay(
            base,
            vec![segment("Ada", 100.0, 21.0, 30.0), segment("London", 100.0, 41.0, 30.0)],
        );
        assert_eq!(texts(&placed), ["Name:", "Ada", "Town:", "London"]);
    }
}
