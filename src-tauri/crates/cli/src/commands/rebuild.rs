//! `docmind rebuild`: the vector index from the library.

use super::Context;
use crate::Outcome;
use serde_json::json;
use std::time::Instant;

pub fn run(context: &Context<'_>) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let engine = context.open_alone()?;
    let bar = context.output.bar(0);
    let output = context.output;
    let mut told = Instant::now();
    let mut broken = None;
    let vectors = engine.rebuild(&context.cancel, &mut |done, total| {
        bar.set_length(u64::from(total));
        bar.set_position(u64::from(done));
        if told.elapsed().as_millis() >= 250 || done == total {
            told = Instant::now();
            broken = output
                .json(&json!({ "type": "progress", "done": done, "total": total }))
                .err();
        }
    })?;
    bar.finish_and_clear();
    if let Some(error) = broken {
        return Err(error.into());
    }
    let seconds = started.elapsed().as_secs_f64();
    output.json(&json!({ "type": "summary", "vectors": vectors, "seconds": (seconds * 1000.0).round() / 1000.0 }))?;
    output.text(format!("{vectors} vectors in {seconds:.1} s"))?;
    engine.close();
    Ok(Outcome::Done)
}
