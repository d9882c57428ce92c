//! `docmind eval`: retrieval and answers on labelled folders.

use super::Context;
use crate::Outcome;
use crate::arguments::EvalCommand;
use docmind_core::retrieval::SearchMode;
use docmind_engine::eval::{EvalOptions, eval_answers, eval_followups, eval_retrieval};
use std::path::PathBuf;

pub fn run(context: &Context<'_>, command: EvalCommand) -> anyhow::Result<Outcome> {
    let spinner = context.output.spinner("Measuring");
    let outcome = match command {
        EvalCommand::Retrieval {
            dir,
            count,
            mode,
            library,
        } => {
            let modes = match mode {
                Some(mode) => vec![mode.into()],
                None => vec![SearchMode::Keyword, SearchMode::Vector, SearchMode::Hybrid],
            };
            let rows = eval_retrieval(&options(dir, library), &modes, count as usize, &context.cancel)?;
            spinner.finish_and_clear();
            rows.iter().try_for_each(|row| context.output.object(row))
        }
        EvalCommand::Followups { dir, pairs, library } => {
            let row = eval_followups(&options(dir, library), &pairs, &context.cancel)?;
            spinner.finish_and_clear();
            context.output.object(&row)
        }
        EvalCommand::Answers { dir, model, library } => {
            let row = eval_answers(&options(dir, library), model.as_deref(), &context.cancel)?;
            spinner.finish_and_clear();
            context.output.object(&row)
        }
    };
    outcome.map(|()| Outcome::Done)
}

fn options(dir: PathBuf, library: Option<PathBuf>) -> EvalOptions {
    let keep = library.is_some();
    let scratch = library.unwrap_or_else(|| std::env::temp_dir().join(format!("docmind-eval-{}", std::process::id())));
    EvalOptions {
        dir,
        scratch,
        keep,
        bin_dir: None,
        runtime_dir: None,
    }
}
