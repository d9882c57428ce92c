//! `docmind export`: a conversation as a file.

use super::{Context, path_fields};
use crate::Outcome;
use crate::arguments::{ExportArguments, Format};
use crate::output::{object, tame, tame_json, tame_line};
use docmind_core::conversation::ConversationId;
use docmind_core::error::ErrorReport;
use docmind_core::words::Language;
use serde_json::json;

pub fn run(context: &Context<'_>, arguments: &ExportArguments) -> anyhow::Result<Outcome> {
    let engine = context.open_alone()?;
    let id = ConversationId(arguments.conversation);
    let text = engine.export_conversation(id, arguments.format.into(), Language::English);
    engine.close();
    let text = text?;
    let Some(path) = &arguments.output else {
        context
            .output
            .json(&json!({ "type": "export", "conversation": id, "text": text }))?;
        let shown = match arguments.format {
            // Its quotes and paths are looked up, letter by letter.
            Format::Evidence => tame_json(text.trim_end()),
            Format::Markdown | Format::Html => tame(text.trim_end()),
        };
        context.output.text(shown)?;
        return Ok(Outcome::Done);
    };
    std::fs::write(path, text).map_err(|error| {
        let message = format!(
            "`{}` could not be written.\nCheck that its folder is there, is yours, and that the disk is not full.",
            path.display()
        );
        ErrorReport::new("not_saved", message).with_detail(error)
    })?;
    let mut line = object(&json!({ "type": "export", "conversation": id }))?;
    line.extend(path_fields(path));
    context.output.json(&line)?;
    context
        .output
        .text(format!("written to {}", tame_line(&path.to_string_lossy())))?;
    Ok(Outcome::Done)
}
