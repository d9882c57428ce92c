//! The rows of a table as they are read: a cell that spans columns or rows leaves those beside and below it in their places.

/// Columns that a span may reach; spreadsheets pasted into documents stay below.
const MAX_COLUMNS: usize = 512;

/// Cells that spans may add to the tables of one document: some bytes of a file can ask for millions.
pub const ROOM: usize = 200_000;

/// Characters of a text that is said again in each row its cell spans; what is longer is read once.
const LONGEST_REPEATED: usize = 80;

/// A table that grows cell by cell.
#[derive(Debug, Default)]
pub struct Grid {
    rows: Vec<Row>,
    /// By column: how many rows below still belong to a cell above them, and what it says.
    below: Vec<(u32, String)>,
    /// Columns that belong to the last cell and are not written, because nothing may follow it.
    gap: usize,
    room: usize,
    /// By column: true where a cell begins in it. Word counts a column wherever any two cells of a table meet.
    begun: Vec<bool>,
}

#[derive(Debug, Default)]
struct Row {
    cells: Vec<String>,
    /// It says something that no row above says.
    has_own: bool,
}

impl Grid {
    /// A table whose spans may add so many cells.
    pub fn new(room: usize) -> Self {
        Self {
            room,
            ..Self::default()
        }
    }

    /// Cells that spans may still add.
    pub fn room(&self) -> usize {
        self.room
    }

    /// Rows so far.
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    /// Begins a row.
    pub fn row(&mut self) {
        self.end_row();
        self.rows.push(Row::default());
    }

    /// Leaves columns out.
    pub fn skip(&mut self, columns: usize) {
        self.gap += columns.min(MAX_COLUMNS);
    }

    /// Adds a cell as wide as so many columns and as high as so many rows. Its text stands in the first of its columns, and in each
    /// of its rows.
    pub fn cell(&mut self, text: String, columns: usize, rows: u32) {
        self.go_to_next_column();
        let columns = columns.clamp(1, MAX_COLUMNS);
        let at = self.width();
        if self.begun.len() <= at {
            self.begun.resize(at + 1, false);
        }
        self.begun[at] = true;
        if let Some(row) = self.rows.last_mut() {
            row.has_own |= !text.trim().is_empty();
        }
        if rows > 1 && at + columns <= MAX_COLUMNS {
            if self.below.len() < at + columns {
                self.below.resize(at + columns, (0, String::new()));
            }
            self.below[at..at + columns].fill((rows - 1, String::new()));
            self.below[at].1 = repeated(&text);
        }
        self.put(text);
        self.gap = columns - 1;
    }

    /// Adds a cell that goes on with the one above it.
    pub fn cell_from_above(&mut self, columns: usize) {
        self.go_to_next_column();
        let above = self
            .rows
            .len()
            .checked_sub(2)
            .and_then(|at| self.rows[at].cells.get(self.width()));
        let text = above.map(|text| repeated(text)).unwrap_or_default();
        let at = self.width();
        self.cell(String::new(), columns, 1);
        if self.takes_room()
            && let Some(cell) = self.rows.last_mut().and_then(|row| row.cells.get_mut(at))
        {
            *cell = text;
        }
    }

    /// The rows, without columns that no cell begins in. One that only goes on with those above it is empty.
    pub fn finish(mut self) -> Vec<Vec<String>> {
        self.end_row();
        let begun = |column: usize| self.begun.get(column).copied().unwrap_or(false);
        let shown = |row: Row| {
            let cells = row.cells.into_iter().enumerate().filter(|_| row.has_own);
            cells
                .filter(|(column, _)| begun(*column))
                .map(|(_, text)| text)
                .collect()
        };
        self.rows.into_iter().map(shown).collect()
    }

    /// Cells of the open row.
    fn width(&self) -> usize {
        self.rows.last().map_or(0, |row| row.cells.len())
    }

    fn put(&mut self, text: String) {
        if let Some(row) = self.rows.last_mut() {
            row.cells.push(text);
        }
    }

    fn takes_room(&mut self) -> bool {
        let is_left = self.room > 0;
        self.room = self.room.saturating_sub(1);
        is_left
    }

    /// Writes what lies between the last cell and the next.
    fn go_to_next_column(&mut self) {
        if self.rows.is_empty() {
            self.rows.push(Row::default());
        }
        for _ in 0..std::mem::take(&mut self.gap) {
            if self.takes_room() {
                self.put(String::new());
            }
        }
        while let Some(text) = self.take_from_above(self.width()) {
            if !self.takes_room() {
                break;
            }
            self.put(text);
        }
    }

    fn take_from_above(&mut self, column: usize) -> Option<String> {
        let (rows, text) = self.below.get_mut(column).filter(|(rows, _)| *rows > 0)?;
        *rows -= 1;
        Some(text.clone())
    }

    /// Writes what spans from above behind the last cell.
    fn end_row(&mut self) {
        let next = self.width() + std::mem::take(&mut self.gap);
        for column in next..self.below.len() {
            let Some(text) = self.take_from_above(column) else {
                continue;
            };
            while self.width() <= column && self.takes_room() {
                let is_here = self.width() == column;
                self.put(if is_here { text.clone() } else { String::new() });
            }
        }
    }
}

fn repeated(text: &str) -> String {
    if text.chars().nth(LONGEST_REPEATED).is_none() {
        text.to_owned()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(grid: Grid) -> Vec<String> {
        grid.finish().iter().map(|row| row.join("|")).collect()
    }

    fn add(grid: &mut Grid, cells: &[(&str, usize, u32)]) {
        grid.row();
        for (text, columns, rows) in cells {
            grid.cell((*text).to_owned(), *columns, *rows);
        }
    }

    #[test]
    fn spans_leave_the_other_cells_in_their_columns() {
        let mut grid = Grid::new(ROOM);
        add(&mut grid, &[("Region", 1, 1), ("Income", 2, 1), ("Note", 1, 1)]);
        add(&mut grid, &[("North", 1, 2), ("1", 1, 1), ("2", 1, 1), ("all", 1, 2)]);
        add(&mut grid, &[("3", 1, 1), ("4", 1, 1)]);
        add(&mut grid, &[("South", 2, 2), ("5", 1, 1)]);
        add(&mut grid, &[("6", 1, 1)]);
        assert_eq!(
            rows(grid),
            [
                "Region|Income||Note",
                "North|1|2|all",
                "North|3|4|all",
                "South||5",
                "South||6"
            ]
        );
    }

    #[test]
    fn what_goes_on_from_above_is_said_again() {
        let mut grid = Grid::new(ROOM);
        add(&mut grid, &[("North", 1, 1), ("1", 1, 1)]);
        grid.row();
        grid.cell_from_above(1);
        grid.cell("2".to_owned(), 1, 1);
        grid.row();
        grid.skip(1);
        grid.cell("3".to_owned(), 1, 1);
        assert_eq!(rows(grid), ["North|1", "North|2", "|3"]);
    }

    #[test]
    fn columns_that_no_cell_begins_in_are_none() {
        let mut grid = Grid::new(ROOM);
        add(&mut grid, &[("Name", 3, 1), ("Price", 2, 1), ("Note", 1, 1)]);
        add(&mut grid, &[("Tea", 3, 2), ("5", 2, 2), ("a", 1, 2)]);
        grid.row();
        add(&mut grid, &[("Total", 3, 1), ("5", 3, 1)]);
        assert_eq!(rows(grid), ["Name|Price|Note", "Tea|5|a", "", "Total|5"]);
    }

    #[test]
    fn spans_add_no_more_than_there_is_room_for() {
        let mut grid = Grid::new(100);
        for _ in 0..1_000 {
            add(&mut grid, &[("a", usize::MAX, u32::MAX), ("b", 400, 9)]);
        }
        assert!(grid.finish().iter().map(Vec::len).sum::<usize>() <= 2_100);
    }

    #[test]
    fn a_long_text_is_said_once() {
        let mut grid = Grid::new(ROOM);
        let long = "word ".repeat(40);
        add(&mut grid, &[(&long, 1, 2), ("1", 1, 1)]);
        add(&mut grid, &[("2", 1, 1)]);
        assert_eq!(rows(grid)[1], "|2");
    }
}
