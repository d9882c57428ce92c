//! Cells of a sheet that are merged: where two rows name the columns together, they become one as in other tables.

use super::SparseTable;
use crate::grid::{self, Grid};
use std::collections::{BTreeMap, BTreeSet};

/// Rows from the first whose merged cells count: those that may name the columns, and enough below them to tell.
const TOP_ROWS: usize = 60;

/// A row and a column, from 0.
type Place = (u32, u32);

/// Merged cells by the first of them, the only one that says something: the last one.
pub type Merged = BTreeMap<Place, Place>;

impl SparseTable {
    /// True where the names of the columns may be merged: the first row of several cells leaves columns out.
    pub(super) fn may_be_merged(&self) -> bool {
        let mut cells = self.rows.values().map(Vec::len);
        let widest = cells.clone().max().unwrap_or(0);
        cells.find(|cells| *cells > 1).is_some_and(|first| first < widest)
    }

    /// Learns which cells are merged: the first and the last of each group.
    pub(super) fn merge(&mut self, groups: impl Iterator<Item = (Place, Place)>) {
        let top: BTreeSet<u32> = self.rows.keys().copied().take(TOP_ROWS).collect();
        self.merged = groups
            .filter(|(first, last)| top.contains(&first.0) && first.0 <= last.0 && first.1 <= last.1)
            .collect();
    }

    /// The names of these columns where several rows give them together, and how many rows do.
    pub(super) fn joined_names(&self, columns: &BTreeSet<u32>) -> Option<(usize, Vec<String>)> {
        if self.merged.is_empty() || columns.len() > grid::MAX_COLUMNS {
            return None;
        }
        let mut grid = Grid::new(grid::ROOM);
        // By column: the last row that a cell above takes.
        let mut below: Vec<Option<u32>> = vec![None; columns.len()];
        for (row, cells) in self.rows.iter().take(TOP_ROWS) {
            let mut texts: BTreeMap<u32, &str> = cells.iter().map(|(column, text)| (*column, text.as_str())).collect();
            // The last column that a cell before takes.
            let mut beside: Option<u32> = None;
            grid.row();
            for (at, column) in columns.iter().enumerate() {
                let text = texts.remove(column);
                if beside.is_some_and(|last| *column <= last) || below[at].is_some_and(|last| *row <= last) {
                    // A merged cell that says something after all would be lost.
                    if text.is_some() {
                        return None;
                    }
                    continue;
                }
                let (mut wide, mut high) = (1, 1);
                if let Some((last_row, last_column)) = self.merged.get(&(*row, *column)) {
                    // Rows and columns of which nothing is filled are none.
                    wide = columns.range(*column..=*last_column).count();
                    high = self.rows.range(*row..=*last_row).take(TOP_ROWS).count() as u32;
                    below[at..at + wide].fill(Some(*last_row));
                    beside = Some(*last_column);
                }
                grid.cell(text.unwrap_or_default().to_owned(), wide, high);
            }
        }
        let rows = grid.height();
        let table = grid.finish(None);
        let joined = (rows + 1).checked_sub(table.rows.len()).filter(|joined| *joined > 1)?;
        let names = table.rows.into_iter().next()?;
        (table.titles.is_empty() && names.len() == columns.len()).then_some((joined, names))
    }
}
