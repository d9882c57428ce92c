//! `docmind remove`: forget documents, by id or path.

use super::Context;
use crate::Outcome;
use crate::arguments::RemoveArguments;
use crate::output::tame_line;
use docmind_core::document::DocumentId;
use docmind_core::error::ErrorReport;
use docmind_engine::error::EngineError;
use serde_json::json;

pub fn run(context: &Context<'_>, arguments: &RemoveArguments) -> anyhow::Result<Outcome> {
    let engine = context.open_alone()?;
    let mut outcome = Outcome::Done;
    for given in &arguments.documents {
        if context.cancel.is_cancelled() {
            outcome = Outcome::Failed;
            break;
        }
        // A file may be named with digits alone: what lies there wins over an id.
        let mut ids = engine.documents_at(given)?;
        if ids.is_empty()
            && let Some(id) = given.to_str().and_then(|text| text.parse().ok())
        {
            ids.push(DocumentId(id));
        }
        let result = if ids.is_empty() {
            Err(ErrorReport::from(EngineError::NoSuchDocument {
                what: given.display().to_string(),
            }))
        } else {
            engine.forget(&ids)
        };
        match result {
            Ok(()) => {
                let more = match ids.len() {
                    1 => String::new(),
                    count => format!(" ({count} documents)"),
                };
                for id in ids {
                    context.output.json(&json!({ "type": "removed", "id": id }))?;
                }
                context
                    .output
                    .text(format!("removed {}{more}", tame_line(&given.to_string_lossy())))?;
            }
            Err(report) => {
                context.output.error(&report)?;
                outcome = Outcome::Failed;
            }
        }
    }
    engine.close();
    Ok(outcome)
}
