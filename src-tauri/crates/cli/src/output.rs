//! The one place that prints results: JSON lines for programs, text and colour for a person.

use anstyle::{AnsiColor, Style};
use docmind_core::error::{ErrorReport, Notice};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::{Display, Write as _};
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

/// Bold, for what the eye should find first.
pub const STRONG: Style = Style::new().bold();
/// For what is secondary.
pub const FAINT: Style = Style::new().dimmed();
/// For what is well.
pub const GOOD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
/// For what needs attention.
pub const WARN: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));
/// For what failed.
pub const BAD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));

/// Where results go.
#[derive(Clone, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// JSON lines, or text.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// True for JSON lines.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// One JSON object as a line, only with `--json`. Flushed at once: whoever reads may act on it, and a kill loses nothing said.
    ///
    /// # Errors
    /// The reader went away.
    pub fn json(&self, value: &impl Serialize) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        let mut out = io::stdout().lock();
        out.write_all(&line)?;
        out.flush()
    }

    /// A line for a person, only without `--json`.
    ///
    /// # Errors
    /// The reader went away.
    pub fn text(&self, text: impl Display) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        writeln!(anstream::stdout().lock(), "{text}")
    }

    /// Text without a line end, shown at once.
    ///
    /// # Errors
    /// The reader went away.
    pub fn piece(&self, text: impl Display) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let mut out = anstream::stdout().lock();
        write!(out, "{text}")?;
        out.flush()
    }

    /// One object: as a line for programs, indented for a person.
    ///
    /// # Errors
    /// The reader went away.
    pub fn object(&self, value: &impl Serialize) -> anyhow::Result<()> {
        self.json(value)?;
        self.text(tame(&serde_json::to_string_pretty(value)?))?;
        Ok(())
    }

    /// What ended the command.
    ///
    /// # Errors
    /// The reader went away.
    pub fn error(&self, report: &ErrorReport) -> io::Result<()> {
        if self.json {
            return self.json(&json!({ "error": report }));
        }
        let message = tame(&report.message);
        let mut lines = message.lines();
        let mut err = anstream::stderr().lock();
        writeln!(err, "{BAD}error{BAD:#}: {}", lines.next().unwrap_or("unknown"))?;
        for line in lines {
            writeln!(err, "       {line}")?;
        }
        if let Some(detail) = &report.detail {
            for line in tame(detail).lines() {
                writeln!(err, "       {FAINT}{line}{FAINT:#}")?;
            }
        }
        Ok(())
    }

    /// Something was degraded: a line of its own type for programs, on standard error for a person.
    ///
    /// # Errors
    /// The reader went away.
    pub fn notice(&self, notice: &Notice) -> io::Result<()> {
        if self.json {
            return self.json(&json!({ "type": "notice", "code": notice.code, "message": notice.message }));
        }
        writeln!(anstream::stderr().lock(), "{}", note(notice))
    }

    /// A notice that belongs to what a person asked for: on standard output, and only without `--json`.
    ///
    /// # Errors
    /// The reader went away.
    pub fn remark(&self, notice: &Notice) -> io::Result<()> {
        self.text(note(notice))
    }

    /// A bar with a length, on a terminal only.
    pub fn bar(&self, length: u64) -> ProgressBar {
        self.progress(length, "{bar:32} {pos}/{len} {msg}")
    }

    /// A turning mark with words, on a terminal only.
    pub fn spinner(&self, message: &str) -> ProgressBar {
        let spinner = self.progress(0, "{spinner} {msg}");
        spinner.set_message(message.to_owned());
        spinner.enable_steady_tick(Duration::from_millis(120));
        spinner
    }

    fn progress(&self, length: u64, template: &str) -> ProgressBar {
        let shown = !self.json && io::stderr().is_terminal();
        let target = if shown {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(length), target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar
    }
}

/// A notice as lines, the first of them marked.
fn note(notice: &Notice) -> String {
    let message = tame(&notice.message);
    let mut lines = message.lines();
    let mut out = format!("{WARN}note:{WARN:#} {}", lines.next().unwrap_or_default());
    for line in lines {
        out.push_str("\n      ");
        out.push_str(line);
    }
    out
}

/// A `serde` value as an object to which fields can be added.
pub fn object(value: &impl Serialize) -> anyhow::Result<serde_json::Map<String, Value>> {
    match serde_json::to_value(value)? {
        Value::Object(fields) => Ok(fields),
        other => anyhow::bail!("BUG: {other} is no object"),
    }
}

/// Whether a terminal may show it: what could move the cursor, ring, write to the clipboard or turn the direction of text around may not.
fn is_tame(c: char) -> bool {
    let turns = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    matches!(c, '\n' | '\t') || !(c.is_control() || turns)
}

/// Text of a document, a file's name or a message as a terminal may show it: the rest is left out.
pub fn tame(text: &str) -> String {
    text.chars().filter(|c| is_tame(*c)).collect()
}

/// JSON as a terminal may show it: the rest is escaped, so that it says the same to who reads it.
pub fn tame_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_tame(c) {
            out.push(c);
        } else {
            // Writing into a string cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        }
    }
    out
}

/// The same on one line.
pub fn tame_line(text: &str) -> String {
    tame(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Bytes for a person.
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = size as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{size} B")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_cannot_speak_to_the_terminal() {
        assert_eq!(tame("a\u{1b}[31mb\u{7}\u{202e}c\r\n\td\u{9b}"), "a[31mbc\n\td");
        assert_eq!(tame_line(" two\n lines\u{1b} "), "two lines");
    }

    #[test]
    fn json_says_the_same_where_it_is_tamed() {
        let text = "a\u{9b}b\u{202e}c\u{7f}d";
        let written = serde_json::to_string(text).unwrap();
        let tamed = tame_json(&written);
        assert_eq!(tamed, r#""a\u009bb\u202ec\u007fd""#);
        assert_eq!(serde_json::from_str::<String>(&tamed).unwrap(), text);
    }

    #[test]
    fn a_notice_of_several_lines_is_marked_once() {
        let shown = note(&Notice::new("x", "What is so.\nWhat to do."));
        assert_eq!(
            anstream::adapter::strip_str(&shown).to_string(),
            "note: What is so.\n      What to do."
        );
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(5 << 30), "5.0 GiB");
    }
}
