//! Charts of slides and documents, as tables of what they draw: in a workbook these stand in cells, here nowhere else.

pub mod extended;

use crate::error::ParseError;
use crate::ooxml::drawing_paragraphs;
use crate::sheets::{Kind, Looks, date_of};
use crate::text::{PageBuilder, TableHeader};
use crate::xml::{Tag, Token, Xml};
use std::collections::BTreeMap;

/// Points of a series that are told one by one. Of more nobody reads a value off a chart.
const MOST_POINTS: usize = 100;

/// Series of a chart; Excel draws no more.
const MOST_SERIES: usize = 255;

/// Bytes of what stands at a place of an axis, all its levels together.
const LONGEST_CATEGORY: usize = 300;

/// A line, the bars of a colour, the pieces of a pie.
#[derive(Debug, Default)]
pub struct Series {
    name: String,
    categories: Points,
    values: Points,
    /// Written at points.
    labels: Vec<String>,
}

/// Texts by their place on the axis; at most one more than are told.
type Points = BTreeMap<u32, String>;

/// What the values that come are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Nowhere,
    Name,
    Categories,
    Values,
}

impl Place {
    fn of(element: &str) -> Option<Self> {
        Some(match element {
            "tx" => Self::Name,
            "cat" | "xVal" => Self::Categories,
            "val" | "yVal" => Self::Values,
            _ => return None,
        })
    }
}

impl Series {
    /// Reads one, the reader standing inside `c:ser`; `first_day` is the chart's [`first_day`].
    ///
    /// # Errors
    /// Those of XML.
    pub fn read(xml: &mut Xml<'_>, first_day: f64) -> Result<Self, ParseError> {
        let outside = xml.depth().saturating_sub(1);
        let mut series = Self::default();
        let (mut place, mut point, mut format) = (Place::Nowhere, 0, String::new());
        let mut looks = Looks::default();
        while xml.depth() > outside {
            match xml.next()? {
                Some(Token::Open(tag)) => match tag.name() {
                    "errBars" | "trendline" | "bubbleSize" => xml.skip()?,
                    "dLbls" => series.labels.extend(labels(xml)?),
                    "numCache" | "strCache" | "numLit" | "strLit" => format.clear(),
                    "formatCode" => format = xml.text()?,
                    "pt" => point = number(&tag, "idx"),
                    "v" => {
                        let text = xml.text()?;
                        let shown = shown(&text, &format, first_day, &mut looks);
                        series.add(place, point, shown.unwrap_or(text));
                    }
                    name => place = Place::of(name).unwrap_or(place),
                },
                Some(Token::Close(name)) if Place::of(name.name()).is_some() => place = Place::Nowhere,
                Some(_) => {}
                None => break,
            }
        }
        Ok(series)
    }

    fn add(&mut self, place: Place, point: u32, text: String) {
        let points = match place {
            Place::Nowhere => return,
            Place::Name => {
                // A name may stand in several cells.
                if !self.name.is_empty() {
                    self.name.push(' ');
                }
                return self.name.push_str(&text);
            }
            Place::Categories => &mut self.categories,
            Place::Values => &mut self.values,
        };
        if let Some(inner) = points.get_mut(&point) {
            // Levels of an axis come from the inner one outwards.
            if inner.len() + text.len() <= LONGEST_CATEGORY {
                *inner = format!("{text} / {inner}");
            }
        } else if points.len() <= MOST_POINTS {
            points.insert(point, text);
        }
    }

    fn is_long(&self) -> bool {
        self.categories.len() > MOST_POINTS || self.values.len() > MOST_POINTS
    }
}

/// Adds one to those of its chart, unless they are more than are drawn.
pub fn push(all: &mut Vec<Series>, series: Series) {
    if all.len() < MOST_SERIES {
        all.push(series);
    }
}

/// Writes the series of a chart: those over the same categories as one table.
pub fn write(series: &[Series], page: &mut PageBuilder) {
    for alike in series.chunk_by(|a, b| a.categories == b.categories && !a.is_long() && !b.is_long()) {
        if alike[0].is_long() {
            page.paragraph(&alike[0].name);
            continue;
        }
        let names = alike.iter().map(|series| series.name.clone());
        let header: Vec<String> = std::iter::once(String::new()).chain(names).collect();
        let mut places: Vec<u32> = alike
            .iter()
            .flat_map(|series| series.categories.keys().chain(series.values.keys()))
            .copied()
            .collect();
        places.sort_unstable();
        places.dedup();
        let rows = places.iter().map(|place| {
            let text = |points: &Points| points.get(place).cloned().unwrap_or_default();
            let values = alike.iter().map(|series| text(&series.values));
            std::iter::once(text(&alike[0].categories)).chain(values).collect()
        });
        let rows: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
        page.table(&rows, TableHeader::FirstRow);
    }
    for label in series.iter().flat_map(|series| &series.labels) {
        page.line(label);
    }
}

/// What is written at points by hand, the reader standing inside `c:dLbls`.
fn labels(xml: &mut Xml<'_>) -> Result<Vec<String>, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let mut labels = Vec::new();
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Open(tag)) if tag.name() == "rich" => labels.push(drawing_paragraphs(xml)?.join(" ")),
            Some(_) => {}
            None => break,
        }
    }
    Ok(labels)
}

/// The day from which a chart counts, by its `c:date1904`: workbooks made on old Macs begin so many days later than others.
pub fn first_day(tag: &Tag<'_>) -> f64 {
    if tag.is_on("val") { 1462.0 } else { 0.0 }
}

/// A number as its format shows it; nothing where it is none.
fn shown(text: &str, format: &str, first_day: f64, looks: &mut Looks) -> Option<String> {
    if format.is_empty() {
        return None;
    }
    let value: f64 = text.trim().parse().ok()?;
    Some(if Kind::of(format) == Kind::Date {
        // A time of day is of no day.
        date_of(if value < 1.0 { value } else { value + first_day })
    } else {
        looks.write(Some(format), value)
    })
}

fn number(tag: &Tag<'_>, name: &str) -> u32 {
    tag.attribute(name).and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_dates_where_their_format_says_so() {
        for (format, first_day, value, written) in [
            ("m/d/yyyy", 0.0, "45292", "2024-01-01"),
            ("[$-409]mmm\\-yy;@", 0.0, "45292", "2024-01-01"),
            ("yyyy", 1462.0, "43830", "2024-01-01"),
            ("h:mm AM/PM", 1462.0, "0.5", "12:00:00"),
            ("General", 1462.0, "45292", "45292"),
            ("Standard", 0.0, "45292", "45292"),
            ("0\" days\"", 0.0, "7", "7 days"),
            ("[Red]0.0%", 0.0, "0.07", "7%"),
        ] {
            let shown = shown(value, format, first_day, &mut Looks::default());
            assert_eq!(shown.as_deref(), Some(written), "{format}");
        }
        assert_eq!(shown("Q1", "yyyy", 0.0, &mut Looks::default()), None);
    }

    #[test]
    fn a_name_from_several_cells_is_several_words() {
        let source = "<ser><tx><strRef><strCache><pt idx='0'><v>Sales</v></pt><pt idx='1'><v>2024</v></pt></strCache></strRef></tx>\
            <cat><strLit><pt idx='0'><v>Europe</v></pt></strLit></cat><val><numLit><pt idx='0'><v>7</v></pt></numLit></val></ser>";
        let mut xml = Xml::new(source, 64);
        xml.next().unwrap();
        let series = Series::read(&mut xml, 0.0).unwrap();
        let mut page = PageBuilder::default();
        write(&[series], &mut page);
        assert_eq!(page.finish(1).text, "| Sales 2024\nEurope | 7");
    }
}
