//! Charts of a container: each is an object in a folder of its own, with the table that it draws. Losing one loses no document.

use super::formulas::{folder, named};
use super::raised::Positions;
use super::sheet::{Beside, cell};
use super::{is_aside, repeats};
use crate::archive::Archive;
use crate::error::ParseError;
use crate::grid::MAX_COLUMNS;
use crate::output::Output;
use crate::xml::{Token, Xml, text_of};
use std::collections::HashMap;

/// What the manifest calls a chart; the second one is OpenOffice 1's.
const KINDS: &[&str] = &[
    "application/vnd.oasis.opendocument.chart",
    "application/vnd.sun.xml.chart",
];

/// Rows that are told. Of more nobody reads a value off a chart.
const MOST_ROWS: usize = 101;

/// Bytes of a text that is said again in each cell that it is said to fill.
const LONGEST_REPEATED: usize = 80;

/// A chart.
#[derive(Debug, Default)]
pub struct Chart {
    /// Its own, and those of its axes.
    pub titles: Vec<String>,
    /// What it draws, below the names of its series.
    pub rows: Vec<Vec<String>>,
}

/// The charts of a document.
#[derive(Default)]
pub struct Charts {
    /// By their folders, each until it is shown.
    charts: HashMap<String, Chart>,
    /// Those that could not be read, and why.
    pub lost: Vec<String>,
}

impl Charts {
    /// Those that the manifest names.
    ///
    /// # Errors
    /// Over the limit of text; cancelled; out of time.
    pub fn read(archive: &mut Archive<'_>, manifest: &str, out: &Output<'_>) -> Result<Self, ParseError> {
        let mut charts = Self::default();
        let mut bytes = 0;
        for folder in named(manifest, KINDS, out) {
            match chart(archive, &folder, out) {
                Ok(chart) => {
                    bytes += chart
                        .rows
                        .iter()
                        .flatten()
                        .chain(&chart.titles)
                        .map(String::len)
                        .sum::<usize>();
                    charts.charts.insert(folder, chart);
                }
                Err(error) => charts.lost.push(format!("{folder}: {error}")),
            }
            out.gathering(bytes)?;
        }
        Ok(charts)
    }

    /// What an object shows where it is a chart. Once: a small file could name the same one a million times.
    pub fn take(&mut self, object: &str) -> Option<Chart> {
        self.charts.remove(&folder(object))
    }
}

fn chart(archive: &mut Archive<'_>, folder: &str, out: &Output<'_>) -> Result<Chart, ParseError> {
    let source = text_of(&archive.require(&format!("{folder}/content.xml"))?);
    let mut xml = Xml::new(&source, out.limits.xml_depth);
    let (positions, mut beside) = (Positions::default(), Beside::default());
    let mut chart = Chart::default();
    let mut is_long = false;
    while let Some(token) = xml.next()? {
        let Token::Open(tag) = token else { continue };
        match tag.name() {
            _ if is_aside(&tag) => xml.skip()?,
            "title" | "subtitle" => chart.titles.push(cell(&mut xml, &positions, &mut beside)?),
            "table-row" if chart.rows.len() < MOST_ROWS => chart.rows.push(Vec::new()),
            "table-row" => {
                is_long = true;
                xml.skip()?;
            }
            "table-cell" | "covered-table-cell" => {
                let count = repeats(&tag, "number-columns-repeated") as usize;
                let mut text = cell(&mut xml, &positions, &mut beside)?;
                // What is not there.
                if matches!(text.trim(), "NaN" | "1.#NAN") {
                    text.clear();
                }
                if let Some(row) = chart.rows.last_mut() {
                    let room = MAX_COLUMNS.saturating_sub(row.len());
                    let most = if text.len() > LONGEST_REPEATED { 1 } else { room };
                    row.extend(std::iter::repeat_n(text, count.min(most).min(room)));
                }
            }
            _ => {}
        }
    }
    if is_long {
        let names = chart.rows.swap_remove(0);
        chart.rows.clear();
        chart.titles.extend(names);
    }
    chart.titles.retain(|title| !title.trim().is_empty());
    Ok(chart)
}
