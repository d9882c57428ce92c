//! JSON and JSON lines as lines of names and values, notebooks as their cells; what does not parse is text.

use crate::encoding;
use crate::error::ParseError;
use crate::html;
use crate::markdown;
use crate::output::Output;
use crate::text::PageBuilder;
use serde::de::IgnoredAny;
use serde_json::Value;

/// The media type.
pub const MEDIA_TYPE: &str = "application/json";
/// A notebook's tree costs about ten times its text; beyond this it is read as any other JSON.
const MAX_TREE_BYTES: usize = 24 << 20;

/// Reads JSON, JSON lines or a notebook.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    out.gathering(bytes.len() / 3)?;
    let decoded = encoding::decode(bytes, None);
    out.gathering(decoded.text.len())?;
    let text = decoded.text.trim();
    if text.contains("\"nbformat\"") && text.len() <= MAX_TREE_BYTES {
        let tree = serde_json::from_str::<Value>(text).ok();
        if let Some(cells) = tree.as_ref().and_then(notebook_cells) {
            return notebook(cells, out);
        }
    }
    out.started(MEDIA_TYPE, None, Some(1));
    if decoded.lossy {
        out.warning(format!("Some characters could not be decoded as {}.", decoded.encoding));
    }
    let mut page = PageBuilder::default();
    if is_json(text, out.limits.json_depth) {
        let lines = Lines::of(text, out.limits.text_bytes);
        out.gathering(lines.len())?;
        page.verbatim(&lines);
    } else {
        page.verbatim(text);
    }
    out.single_page(page)
}

/// True for one value or several, nested no deeper than the stack of [`Lines`] can bear: serde_json's own limit does not hold for
/// values that it skips.
fn is_json(text: &str, max_depth: usize) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    depth(text) <= max_depth && values.all(|value| value.is_ok())
}

/// Brackets open at once, those in strings apart.
fn depth(text: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    let mut quoted = false;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if quoted => {
                bytes.next();
            }
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                open += 1;
                deepest = deepest.max(open);
            }
            b']' | b'}' if !quoted => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// One line a value, its name before it, indented by depth; numbers as they are written, which no tree keeps.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    out: String,
    /// Past these bytes there is no more to read: indents make a short file long.
    max_bytes: usize,
}

impl<'a> Lines<'a> {
    /// The lines of valid JSON; where they are more than `max_bytes`, those that go just beyond.
    fn of(text: &'a str, max_bytes: usize) -> String {
        let mut lines = Self {
            text,
            at: 0,
            out: String::with_capacity(text.len()),
            max_bytes,
        };
        while lines.peek().is_some() {
            // Records of JSON lines are apart.
            if !lines.out.is_empty() {
                lines.out.push('\n');
            }
            lines.value("", 0);
        }
        lines.out
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.get(self.at..)?;
        self.at += rest.len() - rest.trim_start().len();
        self.text.as_bytes().get(self.at).copied()
    }

    fn value(&mut self, name: &str, depth: usize) {
        match self.peek() {
            Some(b'{') => {
                let depth = self.open(name, depth);
                loop {
                    match self.peek() {
                        Some(b'"') => {
                            let name = self.string();
                            self.peek();
                            // The colon.
                            self.at += 1;
                            self.value(&name, depth);
                        }
                        Some(b',') => self.at += 1,
                        _ => break,
                    }
                }
                self.at += 1;
            }
            Some(b'[') => {
                let depth = self.open(name, depth).max(depth + 1);
                let mut follows_record = false;
                loop {
                    match self.peek() {
                        Some(b',') => self.at += 1,
                        Some(b']') | None => break,
                        Some(first) => {
                            let is_record = first == b'{';
                            // As those of JSON lines.
                            if follows_record && is_record {
                                self.out.push('\n');
                            }
                            follows_record = is_record;
                            self.value("", depth);
                        }
                    }
                }
                self.at += 1;
            }
            Some(b'"') => {
                let text = self.string();
                self.scalar(name, &text, depth);
            }
            _ => {
                let rest = &self.text[self.at..];
                let end = rest
                    .find(|c: char| c.is_whitespace() || matches!(c, ',' | ']' | '}'))
                    .unwrap_or(rest.len())
                    .max(rest.chars().next().map_or(1, char::len_utf8));
                self.at += end;
                self.scalar(name, rest.get(..end).unwrap_or_default(), depth);
            }
        }
    }

    /// Begins an object or array; how deep what is in it stands.
    fn open(&mut self, name: &str, depth: usize) -> usize {
        self.at += 1;
        if name.is_empty() {
            return depth;
        }
        self.indent(depth);
        self.out.push_str(name);
        self.out.push_str(":\n");
        depth + 1
    }

    fn scalar(&mut self, name: &str, value: &str, depth: usize) {
        self.indent(depth);
        if !name.is_empty() {
            self.out.push_str(name);
            self.out.push_str(": ");
        }
        self.out.push_str(value);
        self.out.push('\n');
    }

    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n("  ", depth));
        if self.out.len() > self.max_bytes {
            self.at = self.text.len();
        }
    }

    /// The string that begins here.
    fn string(&mut self) -> String {
        let rest = &self.text.as_bytes()[self.at..];
        let mut end = 1;
        while let Some(byte) = rest.get(end) {
            match byte {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        let end = (end + 1).min(rest.len());
        let literal = self.text.get(self.at..self.at + end).unwrap_or_default();
        self.at += end;
        // Half of a surrogate pair is no text; the literal says at least what was meant.
        serde_json::from_str(literal).unwrap_or_else(|_| literal.trim_matches('"').to_owned())
    }
}

fn notebook_cells(tree: &Value) -> Option<&Vec<Value>> {
    tree.get("nbformat")?;
    tree.get("cells")?.as_array()
}

fn notebook(cells: &[Value], out: &mut Output<'_>) -> Result<(), ParseError> {
    markdown::parse(&notebook_source(cells), out)
}

/// A notebook is Markdown with code and its outputs between.
fn notebook_source(cells: &[Value]) -> String {
    let mut source = String::new();
    for cell in cells {
        let body = text_of(cell.get("source"));
        if cell.get("cell_type").and_then(Value::as_str) == Some("markdown") {
            source.push_str(&body);
        } else {
            push_code(&mut source, &body);
            for output in cell.get("outputs").and_then(Value::as_array).into_iter().flatten() {
                push_output(&mut source, output);
            }
        }
        source.push_str("\n\n");
    }
    source
}

fn text_of(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

/// What a cell gave: in words what is there in several forms, of an error what it says.
fn push_output(source: &mut String, output: &Value) {
    /// What stands for a form that has no words.
    const OBJECT: &str = "<IPython.core.display.";
    let form = |kind: &str| output.get("data").and_then(|data| data.get(kind));
    if let Some(markdown) = form("text/markdown") {
        source.push_str("\n\n");
        source.push_str(&text_of(Some(markdown)));
        source.push_str("\n\n");
        return;
    }
    let plain = text_of(output.get("text").or_else(|| form("text/plain")));
    match form("text/html") {
        Some(page) if plain.starts_with(OBJECT) => push_code(source, &html::plain_text(&text_of(Some(page)))),
        _ => push_code(source, &plain),
    }
    if let Some(error) = output.get("ename").and_then(Value::as_str) {
        push_code(source, &format!("{error}: {}", text_of(output.get("evalue"))));
    }
}

fn push_code(source: &mut String, code: &str) {
    if !code.trim().is_empty() {
        // A longer fence than any inside.
        source.push_str("\n\n``````\n");
        source.push_str(code.trim_end());
        source.push_str("\n``````\n\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_before_values() {
        let lines = Lines::of(
            r#"{"title":"A","list":[1,{"b":"c"}],"n":null,"inner":{"x":true}}"#,
            1_000,
        );
        assert_eq!(lines, "title: A\nlist:\n  1\n  b: c\nn: null\ninner:\n  x: true\n");
    }

    #[test]
    fn numbers_stay_as_they_are_written() {
        let text =
            r#"{"id":12345678901234567890123,"price":1.10,"s":"\u00e9 \"x\" \ud83d\ude00","e":"","half":"\ud83d"}"#;
        assert!(is_json(text, 127));
        let lines = Lines::of(text, 1_000);
        assert!(
            lines.contains("id: 12345678901234567890123\nprice: 1.10\ns: é \"x\" 😀\n"),
            "{lines}"
        );
    }

    #[test]
    fn outputs_of_a_notebook_are_read_in_words() {
        let cells: Vec<Value> = serde_json::from_str(
            r#"[{"cell_type":"code","source":["show()"],"outputs":[
                {"data":{"text/markdown":["**Sum**: 7"],"text/plain":["<IPython.core.display.Markdown object>"]}},
                {"data":{"text/html":"<p>Shown</p>","text/plain":"<IPython.core.display.HTML object>"}},
                {"ename":"ValueError","evalue":"no figure"}]}]"#,
        )
        .unwrap();
        let source = notebook_source(&cells);
        for part in ["\nshow()\n", "\n**Sum**: 7\n", "\nShown\n", "\nValueError: no figure\n"] {
            assert!(source.contains(part), "{part}: {source}");
        }
        assert!(!source.contains("IPython"), "{source}");
    }

    #[test]
    fn records_of_a_list_are_apart() {
        let text = r#"{"all":[{"a":1,"b":[{"c":2},3]},{"a":4}]}"#;
        assert_eq!(
            Lines::of(text, 1_000),
            "all:\n  a: 1\n  b:\n    c: 2\n    3\n\n  a: 4\n"
        );
    }

    #[test]
    fn json_lines_are_records() {
        let text = "{\"a\":1}\n{\"a\":[]}\n[[2]]";
        assert!(is_json(text, 127));
        assert_eq!(Lines::of(text, 1_000), "a: 1\n\na:\n\n    2\n");
        assert!(!is_json("{a: 1}", 127) && !is_json(&"[".repeat(100_000), 127));
    }

    #[test]
    fn depth_is_bounded_and_so_are_its_indents() {
        let nested = |depth: usize| "[".repeat(depth) + "\"[\\\"[\"" + &"]".repeat(depth);
        assert!(is_json(&nested(127), 127));
        assert!(!is_json(&nested(128), 127));
        let wide = format!("{}{}1{}", "[".repeat(100), "1,".repeat(1_000), "]".repeat(100));
        assert!(is_json(&wide, 127));
        assert!(Lines::of(&wide, 1_000).len() < 1_500);
    }
}
