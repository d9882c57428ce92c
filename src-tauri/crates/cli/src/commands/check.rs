//! `docmind check`: proves the library's invariants.

use super::Context;
use crate::Outcome;
use crate::output::{BAD, GOOD, tame_line};
use docmind_core::error::ErrorReport;
use docmind_engine::documents::Soundness;

pub fn run(context: &Context<'_>) -> anyhow::Result<Outcome> {
    let report = proved(context).or_else(damaged)?;
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

/// Alone: the index is proved too, and what can be healed in it is healed.
fn proved(context: &Context<'_>) -> anyhow::Result<Soundness> {
    let engine = context.open_alone()?;
    let report = engine.check()?;
    engine.close();
    Ok(report)
}

/// A library too damaged to be opened is what was asked about, not a failure to look.
fn damaged(error: anyhow::Error) -> anyhow::Result<Soundness> {
    let report = error.downcast::<ErrorReport>()?;
    if report.code != "library_damaged" {
        return Err(report.into());
    }
    Ok(Soundness {
        ok: false,
        documents: 0,
        chunks: 0,
        problems: std::iter::once(report.message).chain(report.detail).collect(),
    })
}
