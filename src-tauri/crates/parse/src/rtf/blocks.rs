//! What characters make: paragraphs and headings, rows of tables, headers and footers.

use super::{Destination, Reader};
use crate::text::TableHeader;

impl Reader {
    pub(super) fn end_margin(&mut self) {
        let margin = std::mem::take(&mut self.margin).text;
        if !margin.trim().is_empty() && self.margins_seen.insert(margin.clone()) {
            self.margins.push(margin);
        }
    }

    pub(super) fn end_paragraph(&mut self) {
        if self.state.destination != Destination::Body {
            self.put("\n");
            return;
        }
        if self.in_table {
            if !self.paragraph.text.is_empty() {
                self.paragraph.text.push('\n');
            }
            return;
        }
        let text = std::mem::take(&mut self.paragraph).text;
        if text.trim().is_empty() {
            // Tables with a blank line between them are two.
            if self.row.is_empty() {
                self.end_table();
            }
            return;
        }
        self.end_table();
        match self.level {
            Some(level) if text.chars().count() <= 300 => self.page.heading(level, &text),
            _ => self.page.paragraph(&text),
        }
        let notes = std::mem::take(&mut self.notes).text;
        self.page.paragraph(&notes);
    }

    pub(super) fn end_cell(&mut self) {
        self.in_table = true;
        self.row.push(std::mem::take(&mut self.paragraph).text);
    }

    pub(super) fn end_row(&mut self) {
        if !self.paragraph.text.trim().is_empty() {
            self.row.push(std::mem::take(&mut self.paragraph).text);
        }
        self.rows.push(std::mem::take(&mut self.row));
    }

    pub(super) fn end_table(&mut self) {
        if !self.row.is_empty() {
            self.end_row();
        }
        let rows = std::mem::take(&mut self.rows);
        if rows.iter().map(Vec::len).max().unwrap_or(0) <= 1 {
            for cell in rows.iter().flatten() {
                self.page.paragraph(cell);
            }
        } else {
            self.page.table(&rows, TableHeader::guess(&rows));
        }
    }
}
