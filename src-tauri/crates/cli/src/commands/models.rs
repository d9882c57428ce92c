//! `docmind models`: local models and the catalogue.

use super::{Context, path_fields};
use crate::Outcome;
use crate::arguments::{ModelsCommand, WeightsName};
use crate::output::{BAD, FAINT, GOOD, STRONG, bytes, object, tame_line};
use docmind_core::model::WeightType;
use docmind_engine::models::StoredModel;
use serde_json::{Map, Value, json};
use std::io;
use std::time::{Duration, Instant};

/// Progress is told this often.
const TOLD_EVERY: Duration = Duration::from_millis(250);

pub fn run(context: &Context<'_>, command: ModelsCommand) -> anyhow::Result<Outcome> {
    match command {
        ModelsCommand::List => list(context),
        ModelsCommand::Add { gguf } => add(context, &gguf),
        ModelsCommand::Remove { name } => {
            let engine = context.open_alone()?;
            engine.remove_model(&name)?;
            context.output.json(&json!({ "type": "removed", "name": name }))?;
            context.output.text(format!("removed {}", tame_line(&name)))?;
            Ok(Outcome::Done)
        }
        ModelsCommand::Pull { name } => {
            let engine = context.open_alone()?;
            let bar = context.output.bar(0);
            let mut told = Progress::new(context);
            let model = engine.pull_model(&name, &context.cancel, &mut |done, total| {
                bar.set_length(total);
                bar.set_position(done);
                told.tell(share(done, total));
            })?;
            bar.finish_and_clear();
            told.result?;
            context.output.json(&line(&model)?)?;
            context.output.text(format!("fetched {}", tame_line(&model.name)))?;
            Ok(Outcome::Done)
        }
        ModelsCommand::Quantize { gguf, weights, output } => {
            let engine = context.open_alone()?;
            let weights = match weights {
                WeightsName::Q4KM => WeightType::Q4KM,
                WeightsName::Q8_0 => WeightType::Q8_0,
            };
            let bar = context.output.bar(100);
            let started = Instant::now();
            let mut told = Progress::new(context);
            let (path, card) =
                engine.quantize_model(&gguf, weights, output.as_deref(), &context.cancel, &mut |done| {
                    bar.set_position((done * 100.0) as u64);
                    told.tell(Some(f64::from(done)));
                })?;
            bar.finish_and_clear();
            told.result?;
            let seconds = started.elapsed().as_secs_f64();
            let mut line = object(&json!({
                "type": "done", "name": card.name, "weights": card.weights.as_str(), "size_bytes": card.size_bytes,
                "synthetic": card.synthetic, "seconds": seconds,
            }))?;
            line.extend(path_fields(&path));
            context.output.json(&line)?;
            context.output.text(format!(
                "{} {} in {seconds:.1} s",
                tame_line(&path.to_string_lossy()),
                bytes(card.size_bytes)
            ))?;
            Ok(Outcome::Done)
        }
    }
}

fn list(context: &Context<'_>) -> anyhow::Result<Outcome> {
    let engine = context.open_alone()?;
    let models = engine.models()?;
    for model in &models {
        context.output.json(&line(model)?)?;
        match (&model.card, &model.error) {
            (Some(card), _) => context.output.text(format!(
                "{STRONG}{}{STRONG:#}  {} {}  {}",
                tame_line(&model.name),
                tame_line(&card.architecture),
                card.weights.as_str(),
                bytes(card.size_bytes)
            ))?,
            (None, error) => context.output.text(format!(
                "{STRONG}{}{STRONG:#}  {BAD}unreadable{BAD:#} {FAINT}{}{FAINT:#}",
                tame_line(&model.name),
                error
                    .as_ref()
                    .map(|error| tame_line(&error.message))
                    .unwrap_or_default()
            ))?,
        }
    }
    if models.is_empty() {
        context
            .output
            .text("No language model is stored. Add a GGUF file: docmind models add FILE")?;
    }
    for known in engine.known_models() {
        context.output.json(&known)?;
        let (style, mark) = if known.installed {
            (GOOD, "installed")
        } else {
            (FAINT, "known    ")
        };
        context.output.text(format!(
            "{style}{mark}{style:#} {STRONG}{}{STRONG:#}  {} MiB, {}  {FAINT}{}{FAINT:#}",
            known.entry.name, known.entry.size_mib, known.entry.license, known.entry.about
        ))?;
    }
    engine.close();
    Ok(Outcome::Done)
}

fn add(context: &Context<'_>, gguf: &std::path::Path) -> anyhow::Result<Outcome> {
    let engine = context.open_alone()?;
    let bar = context.output.bar(0);
    let mut told = Progress::new(context);
    let model = engine.add_model(gguf, &context.cancel, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
        told.tell(share(done, total));
    })?;
    bar.finish_and_clear();
    told.result?;
    context.output.json(&line(&model)?)?;
    context.output.text(format!("added {}", tame_line(&model.name)))?;
    Ok(Outcome::Done)
}

fn line(model: &StoredModel) -> anyhow::Result<Map<String, Value>> {
    let mut line = Map::new();
    line.insert("kind".to_owned(), "language_model".into());
    line.insert("name".to_owned(), model.name.clone().into());
    line.insert("path".to_owned(), model.path.clone().into());
    if let Some(card) = &model.card {
        let mut card = object(card)?;
        card.remove("name");
        line.extend(card);
    }
    if let Some(error) = &model.error {
        line.insert(
            "error".to_owned(),
            json!({ "code": error.code, "message": error.message }),
        );
    }
    Ok(line)
}

/// Tells progress as JSON lines, not too often.
struct Progress<'a> {
    context: &'a Context<'a>,
    last: Instant,
    result: io::Result<()>,
}

impl<'a> Progress<'a> {
    fn new(context: &'a Context<'a>) -> Self {
        Self {
            context,
            last: Instant::now(),
            result: Ok(()),
        }
    }

    /// `None` where nobody knows how much there is to come.
    fn tell(&mut self, share: Option<f64>) {
        if self.result.is_ok() && self.last.elapsed() >= TOLD_EVERY {
            self.last = Instant::now();
            let share = share.map(|share| (share * 1000.0).round() / 1000.0);
            self.result = self.context.output.json(&json!({ "type": "progress", "share": share }));
        }
    }
}

/// The share of all that is done; a server need not say how much that is.
fn share(done: u64, total: u64) -> Option<f64> {
    match total {
        0 => None,
        total => Some(done as f64 / total as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn of_an_unknown_whole_there_is_no_share() {
        assert_eq!(share(512, 1024), Some(0.5));
        assert_eq!(share(512, 0), None);
    }
}
