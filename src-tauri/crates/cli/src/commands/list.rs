//! `docmind list`: documents and their states.

use super::{Context, unread};
use crate::Outcome;
use crate::output::{FAINT, bytes, object, tame_line};
use docmind_core::document::DocumentId;
use serde_json::Value;

/// Rows are read in parts, so that a large library is never held whole; each goes on behind the last document of the one before, so that
/// none is told twice or left out while the application adds and removes.
const PART: u32 = 500;

pub fn run(context: &Context<'_>) -> anyhow::Result<Outcome> {
    let Some(engine) = context.open_to_read()? else {
        context
            .output
            .text("The library is empty. Add documents: docmind add FOLDER")?;
        return Ok(Outcome::Done);
    };
    let mut after = DocumentId(0);
    loop {
        let rows = engine.documents_after(after, PART)?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for row in &rows {
            if context.cancel.is_cancelled() {
                return Ok(Outcome::Failed);
            }
            let mut line = object(row)?;
            line.insert("outcome".to_owned(), serde_json::to_value(row.state.outcome())?);
            if line.get("error").is_some_and(Value::is_null) {
                line.remove("error");
            }
            // Not looked at: that would touch every file on the disk.
            line.remove("changed");
            context.output.json(&line)?;
            context.output.text(format!(
                "{:>5}  {:<14} {:>4} pages {:>5} passages  {:>10}  {} {FAINT}{}{FAINT:#}{}",
                row.id,
                row.state.as_str(),
                row.pages,
                row.chunks,
                bytes(row.size_bytes),
                tame_line(&row.path),
                row.error
                    .as_ref()
                    .map(|error| tame_line(&error.message))
                    .unwrap_or_default(),
                unread(row),
            ))?;
        }
    }
    Ok(Outcome::Done)
}
