//! `docmind check`: proves the library's invariants.

use super::Context;
use crate::Outcome;
use crate::output::{BAD, GOOD};
use docmind_engine::documents::Soundness;

pub fn run(context: &Context<'_>) -> anyhow::Result<Outcome> {
    let report = match context.open_to_read()? {
        Some(engine) => engine.check()?,
        None => Soundness {
            ok: true,
            documents: 0,
            chunks: 0,
            problems: Vec::new(),
        },
    };
    context.output.json(&report)?;
    if report.ok {
        context.output.text(format!(
            "{GOOD}sound{GOOD:#}: {} documents, {} passages",
            report.documents, report.chunks
        ))?;
        return Ok(Outcome::Done);
    }
    for problem in &report.problems {
        context.output.text(format!("{BAD}problem{BAD:#}: {problem}"))?;
    }
    Ok(Outcome::Failed)
}
