//! `docmind check`: proves the library's invariants.

use super::Context;
use crate::Outcome;
use crate::output::{BAD, GOOD, tame_line};

pub fn run(context: &Context<'_>) -> anyhow::Result<Outcome> {
    // Alone: the index is proved too, and what can be healed in it is healed.
    let engine = context.open_alone()?;
    let report = engine.check()?;
    engine.close();
    context.output.json(&report)?;
    if report.ok {
        context.output.text(format!(
            "{GOOD}sound{GOOD:#}: {} documents, {} passages",
            report.documents, report.chunks
        ))?;
        return Ok(Outcome::Done);
    }
    for problem in &report.problems {
        context
            .output
            .text(format!("{BAD}problem{BAD:#}: {}", tame_line(problem)))?;
    }
    Ok(Outcome::Failed)
}
