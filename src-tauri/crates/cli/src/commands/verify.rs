//! `docmind verify`: what evidence quotes, looked up in the files that it names. No library is opened.

use super::{Context, extractor};
use crate::Outcome;
use crate::arguments::VerifyArguments;
use crate::output::{BAD, FAINT, GOOD, WARN, tame_line};
use docmind_engine::evidence::Evidence;
use docmind_engine::evidence::looking_up::{Checked, Verdict, Verifier};
use serde_json::json;

pub fn run(context: &Context<'_>, arguments: &VerifyArguments) -> anyhow::Result<Outcome> {
    let evidence = Evidence::read(&arguments.file)?;
    let extractor = extractor(arguments.recognise)?;
    let folder = arguments.folder.as_deref();
    let mut verifier = Verifier::new(extractor, folder, &context.data_folder()?, &context.cancel)?;
    let bar = context.output.bar(0);
    let checked = verifier.check(&evidence, &context.cancel, &mut |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    });
    bar.finish_and_clear();
    let checked = checked?;
    for passage in &checked {
        tell(context, passage)?;
    }
    let proven = checked.iter().filter(|one| one.verdict == Verdict::Proven).count();
    context
        .output
        .json(&json!({ "type": "summary", "passages": checked.len(), "proven": proven }))?;
    let all_proven = proven == checked.len();
    let style = if all_proven { GOOD } else { BAD };
    context
        .output
        .text(format!("{style}{proven} of {} passages proven{style:#}", checked.len()))?;
    Ok(if all_proven { Outcome::Done } else { Outcome::Failed })
}

fn tell(context: &Context<'_>, checked: &Checked) -> anyhow::Result<()> {
    let passage = &checked.passage;
    context.output.json(&json!({
        "type": "passage", "turn": checked.turn, "n": passage.n, "verdict": checked.verdict.as_str(), "title": passage.title,
        "page": passage.page, "quote": passage.quote, "hash": passage.hash, "path": passage.path,
        "found": checked.found, "found_page": checked.found_page,
        "error": checked.error.as_ref().map(|report| json!({ "code": report.code, "message": report.message })),
    }))?;
    let style = match checked.verdict {
        Verdict::Proven => GOOD,
        Verdict::Changed | Verdict::Unread => WARN,
        Verdict::Gone | Verdict::Contradicted | Verdict::Missing => BAD,
    };
    context.output.text(format!(
        "{style}{}{style:#} question {}, [{}]: {}, page {}: {FAINT}{}{FAINT:#}",
        checked.verdict.as_str(),
        checked.turn,
        passage.n,
        tame_line(&passage.title),
        passage.page,
        tame_line(&passage.quote)
    ))?;
    if let Some(why) = explained(checked) {
        context.output.text(format!("  {}", tame_line(&why)))?;
    }
    Ok(())
}

/// What lies behind a verdict that is not `proven`.
fn explained(checked: &Checked) -> Option<String> {
    let found = checked.found.as_deref().unwrap_or(&checked.passage.path);
    match checked.verdict {
        Verdict::Proven => None,
        Verdict::Changed => {
            let page = checked.found_page.unwrap_or(checked.passage.page);
            Some(format!(
                "`{found}` has changed since; the quote still stands on its page {page}."
            ))
        }
        Verdict::Gone => Some(format!(
            "`{found}` has changed since, and the quote is not in it any more."
        )),
        Verdict::Contradicted => Some(format!(
            "`{found}` is the file that was cited, and the quote is not on that page: the evidence was altered."
        )),
        Verdict::Missing => Some(format!(
            "`{found}` is not there. Say where the documents are now: --in FOLDER"
        )),
        Verdict::Unread => checked.error.as_ref().map(|report| report.message.clone()),
    }
}
