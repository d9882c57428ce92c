//! JSON as lines of names and values, notebooks as their cells; what does not parse is text.

use crate::encoding;
use crate::error::ParseError;
use crate::markdown;
use crate::output::Output;
use crate::text::PageBuilder;
use serde_json::Value;

/// The media type.
pub const MEDIA_TYPE: &str = "application/json";
/// A tree costs about ten times its text; beyond this the text is taken as it is.
const MAX_TREE_BYTES: usize = 24 << 20;

/// Reads JSON, JSON lines or a notebook.
///
/// # Errors
/// Its final state.
pub fn parse(bytes: &[u8], out: &mut Output<'_>) -> Result<(), ParseError> {
    out.gathering(bytes.len() / 3)?;
    let decoded = encoding::decode(bytes, None);
    out.gathering(decoded.text.len())?;
    // serde_json stops at 128 open brackets, so that nesting cannot exhaust the stack.
    let tree = (decoded.text.len() <= MAX_TREE_BYTES)
        .then(|| serde_json::from_str::<Value>(decoded.text.trim()))
        .and_then(Result::ok);
    if let Some(cells) = tree.as_ref().and_then(notebook_cells) {
        return notebook(cells, out);
    }
    out.started(MEDIA_TYPE, None, Some(1));
    let mut page = PageBuilder::default();
    match tree {
        Some(tree) => {
            let mut text = String::new();
            lines(&tree, "", 0, &mut text);
            page.verbatim(&text);
        }
        None => page.verbatim(&decoded.text),
    }
    out.single_page(page)
}

/// One line a value, names before values, indented by depth.
fn lines(value: &Value, name: &str, depth: usize, out: &mut String) {
    let indent = |out: &mut String| out.extend(std::iter::repeat_n("  ", depth));
    match value {
        Value::Object(members) => {
            if !name.is_empty() {
                indent(out);
                out.push_str(name);
                out.push_str(":\n");
            }
            for (name, member) in members {
                lines(
                    member,
                    name,
                    if depth == 0 && out.is_empty() {
                        0
                    } else {
                        depth + usize::from(!name.is_empty())
                    },
                    out,
                );
            }
        }
        Value::Array(items) => {
            if !name.is_empty() {
                indent(out);
                out.push_str(name);
                out.push_str(":\n");
            }
            for item in items {
                lines(item, "", depth + 1, out);
            }
        }
        scalar => {
            indent(out);
            if !name.is_empty() {
                out.push_str(name);
                out.push_str(": ");
            }
            match scalar {
                Value::String(text) => out.push_str(text),
                other => out.push_str(&other.to_string()),
            }
            out.push('\n');
        }
    }
}

fn notebook_cells(tree: &Value) -> Option<&Vec<Value>> {
    tree.get("nbformat")?;
    tree.get("cells")?.as_array()
}

/// A notebook is Markdown with code and its outputs between.
fn notebook(cells: &[Value], out: &mut Output<'_>) -> Result<(), ParseError> {
    let text_of = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    };
    let mut source = String::new();
    for cell in cells {
        let body = text_of(cell.get("source"));
        if cell.get("cell_type").and_then(Value::as_str) == Some("markdown") {
            source.push_str(&body);
        } else {
            push_code(&mut source, &body);
            for output in cell.get("outputs").and_then(Value::as_array).into_iter().flatten() {
                let text = text_of(
                    output
                        .get("text")
                        .or_else(|| output.get("data").and_then(|data| data.get("text/plain"))),
                );
                push_code(&mut source, &text);
            }
        }
        source.push_str("\n\n");
    }
    markdown::parse(&source, out)
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
        let tree: Value = serde_json::from_str(r#"{"title":"A","list":[1,{"b":"c"}],"n":null}"#).unwrap();
        let mut text = String::new();
        lines(&tree, "", 0, &mut text);
        assert!(text.contains("title: A\n"), "{text}");
        assert!(text.contains("list:\n"), "{text}");
        assert!(text.contains("b: c\n"), "{text}");
    }
}
