//! Where Markdown shows text as it stands, and where a mark may stand in it.

/// Shorter runs at the beginning of a line are no fence.
const FENCE: usize = 3;

/// Whether what follows a text is code: between backticks or fences. Told character by character, from what came before alone, so
/// that a text which still comes is read as the whole one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Code {
    /// Sign and length of the fence that is open.
    fence: Option<(char, usize)>,
    /// The line that opened it goes on.
    opening: bool,
    /// Length of the backticks that opened a span; 0 outside of one.
    span: usize,
    /// Sign and length of the run that the text ends with.
    run: (char, usize),
    /// Nothing but white space on the line, before the run.
    blank: bool,
}

impl Default for Code {
    fn default() -> Self {
        Self {
            fence: None,
            opening: false,
            span: 0,
            run: ('`', 0),
            blank: true,
        }
    }
}

impl Code {
    pub(super) fn read(&mut self, c: char) {
        if self.run.1 == 0 || self.run.0 != c {
            self.end_run();
        }
        match c {
            '`' | '~' => self.run = (c, self.run.1 + 1),
            '\n' => {
                // A paragraph ends, and a span that was open in it never was one.
                if self.blank {
                    self.span = 0;
                }
                self.blank = true;
                self.opening = false;
            }
            c => self.blank &= c.is_whitespace(),
        }
    }

    pub(super) fn holds(&self) -> bool {
        let mut here = *self;
        here.end_run();
        here.fence.is_some() || here.span > 0
    }

    fn end_run(&mut self) {
        let (sign, length) = self.run;
        if length == 0 {
            return;
        }
        self.run.1 = 0;
        let first = std::mem::replace(&mut self.blank, false);
        match self.fence {
            // "```sum``` adds": no fence, which has no backticks after it on its line.
            Some(('`', opened)) if self.opening && sign == '`' => {
                self.fence = None;
                self.span = if opened == length { 0 } else { opened };
            }
            Some(open) if first && open.0 == sign && open.1 <= length => self.fence = None,
            Some(_) => {}
            None if sign == '`' && self.span == length => self.span = 0,
            None if first && length >= FENCE => {
                self.fence = Some((sign, length));
                self.opening = true;
                self.span = 0;
            }
            None if sign == '`' && self.span == 0 => self.span = length,
            None => {}
        }
    }
}

/// Where the mark of a sentence goes that ends at `end`: there, in a table before the bar that closes the row. `None` in lines that
/// a mark would break or that say nothing: fences, the header of a table and the line under it.
pub(super) fn place_of_mark(text: &str, end: usize) -> Option<usize> {
    let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
    let mut lines = text[start..]
        .split('\n')
        .map(|line| line.trim_start_matches(['>', ' ', '\t']));
    let (line, below) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let is_header = line.contains('|') && is_delimiter(below);
    if line.starts_with("```") || line.starts_with("~~~") || is_delimiter(line) || is_header {
        return None;
    }
    match text[start..end].strip_suffix('|') {
        Some(row) if row.contains('|') && !row.ends_with('\\') => Some(start + row.trim_end().len()),
        _ => Some(end),
    }
}

/// The line between the header of a table and its rows.
fn is_delimiter(line: &str) -> bool {
    line.contains('|') && line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ' | '\t' | '\r'))
}
