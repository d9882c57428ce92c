//! Charts of the kinds that came with Office 2016 (`cx:chartSpace`): waterfalls, funnels, sunbursts, histograms. Their values stand
//! before all series, in an order of their own.

use super::{Place, Series, number, shown};
use crate::error::ParseError;
use crate::ooxml::drawing_paragraphs;
use crate::output::Output;
use crate::sheets::Looks;
use crate::text::PageBuilder;
use crate::xml::{Tag, Token, Xml, text_of};
use std::collections::HashMap;

/// What is told of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// All of it.
    All,
    /// Its titles: what it draws stands in cells beside it.
    Titles,
}

/// Adds a chart: its titles, then what it draws.
///
/// # Errors
/// Those of XML; limits.
pub fn add(bytes: &[u8], told: Told, page: &mut PageBuilder, out: &Output<'_>) -> Result<(), ParseError> {
    let source = text_of(bytes);
    let mut xml = Xml::new(&source, out.limits.xml_depth);
    // By number, each until a series draws it: many could draw the same.
    let mut data: HashMap<String, Series> = HashMap::new();
    let mut all: Vec<Series> = Vec::new();
    while let Some(token) = xml.next()? {
        let Token::Open(tag) = token else { continue };
        match tag.name() {
            "data" => {
                let number = tag.attribute("id").unwrap_or_default();
                data.insert(number, values(&mut xml)?);
            }
            "title" => {
                for title in words(&mut xml)? {
                    page.paragraph(&title);
                }
            }
            "series" => super::push(&mut all, series(&mut xml, &mut data)?),
            _ => {}
        }
        out.gathering(page.len())?;
    }
    if told == Told::All {
        super::write(&all, page);
    }
    Ok(())
}

/// Adds the titles of a chart whose values stand in cells beside it.
///
/// # Errors
/// Those of XML; limits.
pub fn titles(bytes: &[u8], page: &mut PageBuilder, out: &Output<'_>) -> Result<(), ParseError> {
    add(bytes, Told::Titles, page, out)
}

/// Places and values, the reader standing inside `cx:data`.
fn values(xml: &mut Xml<'_>) -> Result<Series, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let (mut series, mut looks) = (Series::default(), Looks::default());
    let (mut place, mut format) = (Place::Nowhere, String::new());
    while xml.depth() > outside {
        let tag = match xml.next()? {
            Some(Token::Open(tag)) => tag,
            Some(_) => continue,
            None => break,
        };
        match tag.name() {
            "strDim" | "numDim" => place = dimension(&tag),
            // Levels of places come from the inner one outwards.
            "lvl" => format = tag.attribute("formatCode").unwrap_or_default(),
            "pt" => {
                let point = number(&tag, "idx");
                let text = xml.text()?;
                let shown = shown(&text, &format, 0.0, &mut looks);
                series.add(place, point, shown.unwrap_or(text));
            }
            _ => {}
        }
    }
    Ok(series)
}

/// What the points of a dimension are.
fn dimension(tag: &Tag<'_>) -> Place {
    match tag.attribute("type").unwrap_or_default().as_str() {
        "cat" | "x" => Place::Categories,
        "val" | "y" | "size" => Place::Values,
        _ => Place::Nowhere,
    }
}

/// What is drawn alike, the reader standing inside `cx:series`.
fn series(xml: &mut Xml<'_>, data: &mut HashMap<String, Series>) -> Result<Series, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let (mut series, mut name) = (Series::default(), String::new());
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Open(tag)) => match tag.name() {
                "tx" => name = words(xml)?.join(" "),
                "dataLabels" | "dataPt" => xml.skip()?,
                "dataId" => {
                    let number = tag.attribute("val").unwrap_or_default();
                    series = data.remove(&number).unwrap_or_default();
                }
                _ => {}
            },
            Some(_) => {}
            None => break,
        }
    }
    series.name = name;
    Ok(series)
}

/// The words of an element, the reader standing inside it: those of a cell, or set by hand.
fn words(xml: &mut Xml<'_>) -> Result<Vec<String>, ParseError> {
    let outside = xml.depth().saturating_sub(1);
    let mut words = Vec::new();
    while xml.depth() > outside {
        match xml.next()? {
            Some(Token::Open(tag)) => match tag.name() {
                "v" => words.push(xml.text()?),
                "rich" => words.extend(drawing_paragraphs(xml)?),
                _ => {}
            },
            Some(_) => {}
            None => break,
        }
    }
    words.retain(|word| !word.trim().is_empty());
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use docmind_core::cancel::CancelToken;

    fn text(told: Told, source: &str) -> String {
        let cancel = CancelToken::new();
        let mut sink = |_| {};
        let out = Output::new(Limits::default(), &cancel, &|| {}, &mut sink);
        let mut page = PageBuilder::default();
        add(source.as_bytes(), told, &mut page, &out).unwrap();
        page.finish(1).text
    }

    #[test]
    fn a_waterfall_is_a_table_of_its_steps() {
        let points = |texts: &[&str]| {
            let points = texts.iter().enumerate();
            points
                .map(|(at, text)| format!("<cx:pt idx='{at}'>{text}</cx:pt>"))
                .collect::<String>()
        };
        let source = format!(
            "<cx:chartSpace><cx:chartData><cx:data id='0'><cx:strDim type='cat'><cx:f>A2:A3</cx:f><cx:lvl ptCount='2'>{}</cx:lvl>\
            <cx:lvl ptCount='2'>{}</cx:lvl></cx:strDim><cx:numDim type='val'><cx:f>B2:B3</cx:f><cx:lvl ptCount='2' formatCode='0%'>{}</cx:lvl>\
            </cx:numDim></cx:data></cx:chartData><cx:chart><cx:title><cx:tx><cx:rich><a:p><a:r><a:t>Margin</a:t></a:r></a:p></cx:rich></cx:tx>\
            </cx:title><cx:plotArea><cx:plotAreaRegion><cx:series layoutId='waterfall'><cx:tx><cx:txData><cx:f>B1</cx:f><cx:v>Share</cx:v>\
            </cx:txData></cx:tx><cx:dataLabels><cx:visibility value='1'/></cx:dataLabels><cx:dataId val='0'/></cx:series>\
            <cx:series layoutId='paretoLine' ownerIdx='0'/></cx:plotAreaRegion><cx:axis id='0'><cx:title><cx:tx><cx:txData><cx:v>in percent</cx:v>\
            </cx:txData></cx:tx></cx:title></cx:axis></cx:plotArea></cx:chart></cx:chartSpace>",
            points(&["North", "South"]),
            points(&["2024", "2024"]),
            points(&["0.07", "-0.5"]),
        );
        assert_eq!(
            text(Told::All, &source),
            "Margin\n\nin percent\n\n| Share\n2024 / North | 7%\n2024 / South | -50%"
        );
        assert_eq!(text(Told::Titles, &source), "Margin\n\nin percent");
    }

    #[test]
    fn data_that_many_series_draw_are_told_once() {
        let data = "<data id='0'><numDim type='val'><lvl><pt idx='0'>7</pt></lvl></numDim></data>";
        let source = format!(
            "<chartSpace>{data}{}</chartSpace>",
            "<series><dataId val='0'/></series>".repeat(1_000)
        );
        assert_eq!(text(Told::All, &source).matches('7').count(), 1);
    }
}
