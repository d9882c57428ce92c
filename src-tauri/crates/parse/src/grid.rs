//! The rows of a table as they are read: a cell that spans columns or rows leaves those beside and below it in their places, and
//! rows that name the columns together become one.

use crate::text::TableHeader;

/// Columns that a span may reach; spreadsheets pasted into documents stay below.
pub const MAX_COLUMNS: usize = 512;

/// Cells that spans may add to the tables of one document: some bytes of a file can ask for millions.
pub const ROOM: usize = 200_000;

/// Characters of a text that is said again in each row its cell spans; what is longer is read once.
const LONGEST_REPEATED: usize = 80;

/// Rows that may name the columns together; of a table that says so of more, the first does.
const MOST_HEADER_ROWS: usize = 5;

/// What stands between the names that several rows give a column.
const BETWEEN_NAMES: &str = " / ";

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
    /// Cells wider than a column: where they begin, and the columns they take.
    wide: Vec<(usize, usize)>,
    /// A cell of the row above goes on in it.
    goes_on: bool,
    /// It says something that no row above says.
    has_own: bool,
}

/// A table that is read.
#[derive(Debug)]
pub struct Finished {
    /// What stands over all columns before they are named.
    pub titles: Vec<String>,
    /// Without columns that no cell begins in. One that only goes on with those above it is empty.
    pub rows: Vec<Vec<String>>,
    /// What the first of them is.
    pub header: TableHeader,
    /// Cells that spans may still add to other tables.
    pub room: usize,
}

impl Grid {
    /// A table whose spans may add so many cells.
    pub fn new(room: usize) -> Self {
        Self {
            room,
            ..Self::default()
        }
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
            if columns > 1 {
                row.wide.push((at, columns));
            }
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
        let takes_room = self.takes_room();
        if let Some(row) = self.rows.last_mut() {
            row.goes_on = true;
            if let Some(cell) = row.cells.get_mut(at).filter(|_| takes_room) {
                *cell = text;
            }
        }
    }

    /// The table, of which the first `marked` rows are said to name the columns; what does, where nothing is said, is guessed.
    pub fn finish(mut self, marked: Option<usize>) -> Finished {
        self.end_row();
        let titles = self.take_titles(marked);
        let marked = marked
            .map(|rows| rows.saturating_sub(titles.len()))
            .filter(|rows| titles.is_empty() || *rows > 0);
        let header_rows = marked.unwrap_or_else(|| self.guessed_header_rows());
        if (2..=MOST_HEADER_ROWS).contains(&header_rows) && header_rows < self.rows.len() && self.begun.len() > 1 {
            self.join(header_rows);
        }
        let begun = |column: usize| self.begun.get(column).copied().unwrap_or(false);
        let shown = |row: Row| -> Vec<String> {
            let cells = row.cells.into_iter().enumerate().filter(|_| row.has_own);
            cells
                .filter(|(column, _)| begun(*column))
                .map(|(_, text)| text)
                .collect()
        };
        Finished {
            titles,
            rows: self.rows.into_iter().map(shown).collect(),
            header: if header_rows > 0 {
                TableHeader::FirstRow
            } else {
                TableHeader::None
            },
            room: self.room,
        }
    }

    /// Takes the rows out that stand over all columns before they are named: none of them is a name.
    fn take_titles(&mut self, marked: Option<usize>) -> Vec<String> {
        let last = self.begun.len();
        let titles = self
            .rows
            .iter()
            .take(MOST_HEADER_ROWS)
            .take_while(|row| row.is_title(last))
            .count();
        if titles == 0 {
            return Vec::new();
        }
        let below = self.rows.get(titles..).unwrap_or_default();
        let is_marked = marked.is_some_and(|rows| rows >= titles);
        // Else the rows below belong to it, and rows like it stand between others.
        let is_over_names = is_marked || guess(below) == TableHeader::FirstRow;
        if below.is_empty() || !is_over_names {
            return Vec::new();
        }
        self.rows
            .drain(..titles)
            .filter_map(|row| row.cells.into_iter().next())
            .collect()
    }

    /// Rows that name the columns, by what they say and how they are built.
    fn guessed_header_rows(&self) -> usize {
        match self.rows.as_slice() {
            rows if guess(rows) == TableHeader::None => 0,
            [first, ..] if first.is_title(self.begun.len()) => 0,
            // A cell that goes on in the second row, beside one that is parted there.
            [first, rest @ ..] if !first.wide.is_empty() && rest.first().is_some_and(|second| second.goes_on) => {
                1 + usize::from(guess(rest) == TableHeader::FirstRow)
            }
            _ => 1,
        }
    }

    /// Makes one row of the first ones: `2025 / Q1`. A cell over several columns names each of them.
    fn join(&mut self, rows: usize) {
        let mut names = vec![String::new(); self.begun.len()];
        let rest = self.rows.split_off(rows);
        for mut row in std::mem::replace(&mut self.rows, rest) {
            row.cells.resize(names.len(), String::new());
            for (at, columns) in row.wide {
                let text = row.cells.get(at).map(|text| repeated(text)).unwrap_or_default();
                for column in at + 1..(at + columns).min(names.len()) {
                    if self.begun[column] && row.cells[column].is_empty() && self.takes_room() {
                        row.cells[column].clone_from(&text);
                    }
                }
            }
            for (name, cell) in names.iter_mut().zip(&row.cells) {
                let cell = cell.trim();
                let is_said = *name == cell || name.ends_with(&format!("{BETWEEN_NAMES}{cell}"));
                if cell.is_empty() || is_said {
                    continue;
                }
                if !name.is_empty() {
                    name.push_str(BETWEEN_NAMES);
                }
                name.push_str(cell);
            }
        }
        let joined = Row {
            cells: names,
            has_own: true,
            ..Row::default()
        };
        self.rows.insert(0, joined);
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
            if let Some(row) = self.rows.last_mut() {
                row.goes_on = true;
            }
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
            if let Some(row) = self.rows.last_mut() {
                row.goes_on = true;
            }
        }
    }
}

impl AsRef<[String]> for Row {
    fn as_ref(&self) -> &[String] {
        &self.cells
    }
}

impl Row {
    /// Nothing but one cell, over all columns up to this one.
    fn is_title(&self, columns: usize) -> bool {
        let filled = self.cells.iter().filter(|text| !text.trim().is_empty()).count();
        let is_over_all = |(at, wide): &(usize, usize)| *at == 0 && *wide >= columns;
        self.has_own && filled == 1 && self.wide.first().is_some_and(is_over_all)
    }
}

/// The guess for rows of a grid, by as many of them as it looks at.
fn guess(rows: &[Row]) -> TableHeader {
    const SEEN: usize = 60;
    TableHeader::guess(&rows[..rows.len().min(SEEN)])
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
        grid.finish(None).rows.iter().map(|row| row.join("|")).collect()
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
        assert!(grid.finish(None).rows.iter().map(Vec::len).sum::<usize>() <= 2_100);
    }

    #[test]
    fn a_long_text_is_said_once() {
        let mut grid = Grid::new(ROOM);
        let long = "word ".repeat(40);
        add(&mut grid, &[(&long, 1, 2), ("1", 1, 1)]);
        add(&mut grid, &[("2", 1, 1)]);
        assert_eq!(rows(grid)[1], "|2");
    }

    #[test]
    fn rows_that_name_the_columns_together_become_one() {
        let table = |marked: Option<usize>| {
            let mut grid = Grid::new(ROOM);
            add(&mut grid, &[("Region", 1, 2), ("2024", 2, 1), ("2025", 2, 1)]);
            add(&mut grid, &[("Q1", 1, 1), ("Q2", 1, 1), ("Q1", 1, 1), ("Q2", 1, 1)]);
            add(
                &mut grid,
                &[("North", 1, 1), ("7", 1, 1), ("8", 1, 1), ("9", 1, 1), ("10", 1, 1)],
            );
            grid.finish(marked)
        };
        for marked in [Some(2), None] {
            let table = table(marked);
            assert_eq!(
                table.rows[0].join("|"),
                "Region|2024 / Q1|2024 / Q2|2025 / Q1|2025 / Q2"
            );
            assert_eq!((table.rows.len(), table.header), (2, TableHeader::FirstRow));
        }
        for (marked, header) in [
            (0, TableHeader::None),
            (1, TableHeader::FirstRow),
            (3, TableHeader::FirstRow),
        ] {
            let table = table(Some(marked));
            assert_eq!((table.rows.len(), table.header), (3, header), "{marked}");
        }
    }

    #[test]
    fn a_title_over_all_columns_is_no_name() {
        let table = |marked: Option<usize>, below: [&str; 2]| {
            let mut grid = Grid::new(ROOM);
            add(&mut grid, &[("Fees", 2, 1)]);
            add(&mut grid, &[(below[0], 1, 1), (below[1], 1, 1)]);
            add(&mut grid, &[("Filing", 1, 1), ("40", 1, 1)]);
            grid.finish(marked)
        };
        for marked in [None, Some(0), Some(1), Some(2)] {
            let table = table(marked, ["Service", "Price"]);
            assert_eq!(
                (table.titles, table.rows.len()),
                (vec!["Fees".to_owned()], 2),
                "{marked:?}"
            );
            assert_eq!(table.header, TableHeader::FirstRow);
        }
        let table = table(None, ["Advice", "70"]);
        assert!(table.titles.is_empty(), "it belongs to the rows below");
        assert_eq!((table.rows.len(), table.header), (3, TableHeader::None));
    }

    #[test]
    fn names_of_many_columns_add_no_more_than_there_is_room_for() {
        let mut grid = Grid::new(100);
        let long = "n".repeat(LONGEST_REPEATED);
        grid.row();
        grid.cell(long, usize::MAX, 1);
        grid.cell("x".to_owned(), 1, 1);
        for _ in 0..2 {
            grid.row();
            for _ in 0..MAX_COLUMNS {
                grid.cell("a".to_owned(), 1, 1);
            }
        }
        let table = grid.finish(Some(2));
        assert_eq!((table.rows.len(), table.room), (2, 0));
        assert!(table.rows[0].iter().map(String::len).sum::<usize>() < 20_000);
    }
}
