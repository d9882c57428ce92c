//! `docmind extract`: the text the index would see; nothing is stored.

use super::{Context, extractor, path_fields};
use crate::Outcome;
use crate::arguments::ExtractArguments;
use crate::output::{FAINT, STRONG, tame, tame_line};
use docmind_core::document::Page;
use serde_json::{Value, json};

pub fn run(context: &Context<'_>, arguments: &ExtractArguments) -> anyhow::Result<Outcome> {
    let extractor = extractor(arguments.recognise)?;
    let mut outcome = Outcome::Done;
    for file in &arguments.files {
        if context.cancel.is_cancelled() {
            return Ok(Outcome::Failed);
        }
        let mut line = path_fields(file);
        match extractor.extract(file, &context.cancel) {
            Ok(extracted) => {
                let pages: Vec<Value> = extracted.pages.iter().map(page_fields).collect();
                line.insert("media_type".to_owned(), extracted.media_type.into());
                line.insert("title".to_owned(), extracted.title.into());
                line.insert("pages".to_owned(), pages.into());
                line.insert("warnings".to_owned(), extracted.warnings.clone().into());
                line.insert("ms".to_owned(), json!((extracted.ms * 10.0).round() / 10.0));
                context.output.json(&line)?;
                context
                    .output
                    .text(format!("{STRONG}{}{STRONG:#}", tame_line(&file.to_string_lossy())))?;
                for page in &extracted.pages {
                    let how = if page.recognised { ", recognised" } else { "" };
                    context.output.text(format!(
                        "{FAINT}— page {}{how} —{FAINT:#}\n{}",
                        page.number,
                        tame(&page.text)
                    ))?;
                }
                for warning in &extracted.warnings {
                    context.output.text(format!("{FAINT}{}{FAINT:#}", tame_line(warning)))?;
                }
            }
            Err(report) => {
                outcome = Outcome::Failed;
                line.insert(
                    "error".to_owned(),
                    json!({ "code": report.code, "message": report.message }),
                );
                context.output.json(&line)?;
                if !context.output.is_json() {
                    context.output.error(&report)?;
                }
            }
        }
    }
    Ok(outcome)
}

fn page_fields(page: &Page) -> Value {
    let mut fields = json!({ "number": page.number, "text": page.text });
    if page.recognised {
        fields["recognised"] = true.into();
    }
    fields
}
