//! `docmind profiles`: optimization profiles with predicted memory on this machine.

use super::Context;
use crate::Outcome;
use crate::arguments::{CacheType, ProfileArguments, ProfilesArguments, ProfilesCommand, StoredAs};
use crate::output::{FAINT, STRONG, WARN, tame, tame_line};
use docmind_core::model::WeightType;
use docmind_core::profile::{Attention, KvType, Profile};
use docmind_engine::Engine;
use docmind_engine::profiles::PlannedProfile;
use serde_json::{Map, Value, json};

pub fn run(context: &Context<'_>, arguments: &ProfilesArguments) -> anyhow::Result<Outcome> {
    let engine = context.open_alone()?;
    match &arguments.command {
        Some(ProfilesCommand::Save(wanted)) => return save(context, &engine, wanted),
        Some(ProfilesCommand::Delete { name }) => {
            engine.delete_profile(name)?;
            engine.close();
            context.output.json(&json!({ "type": "deleted", "profile": name }))?;
            context.output.text(format!("deleted {name}"))?;
            return Ok(Outcome::Done);
        }
        None => {}
    }
    for planned in engine.planned_profiles(arguments.model.as_deref())? {
        context.output.json(&line(&planned)?)?;
        context.output.text(format!(
            "{STRONG}{:<14}{STRONG:#} {} {FAINT}{}{FAINT:#}",
            tame_line(&planned.profile.name),
            tame_line(&planned.profile.summary),
            tame_line(&verdict(&planned)),
        ))?;
        if let Some(make) = &planned.make {
            context
                .output
                .text(format!("               {WARN}missing{WARN:#}, make it: {}", tame(make)))?;
        }
    }
    engine.close();
    Ok(Outcome::Done)
}

fn save(context: &Context<'_>, engine: &Engine, wanted: &ProfileArguments) -> anyhow::Result<Outcome> {
    let known = engine.profile(&wanted.name).ok();
    let base = match (&wanted.from, &known) {
        (Some(name), _) => engine.profile(name)?,
        (None, Some(known)) => known.clone(),
        (None, None) => engine.profile("balanced")?,
    };
    engine.save_profile(with(base, wanted), known.as_ref().map(|known| known.name.as_str()))?;
    let saved = serde_json::to_value(engine.profile(&wanted.name)?)?;
    engine.close();
    context
        .output
        .json(&json!({ "type": "saved", "profile": wanted.name, "parameters": saved }))?;
    context.output.text(format!("saved {}", wanted.name))?;
    Ok(Outcome::Done)
}

/// A profile with what was given on the command line.
fn with(base: Profile, wanted: &ProfileArguments) -> Profile {
    let attention = match wanted.kv {
        _ if wanted.plain => Attention::Plain,
        Some(CacheType::F16) => Attention::Flash { kv: KvType::F16 },
        Some(CacheType::Q8_0) => Attention::Flash { kv: KvType::Q8_0 },
        Some(CacheType::Q4_0) => Attention::Flash { kv: KvType::Q4_0 },
        None => base.attention,
    };
    let weights = match wanted.weights {
        Some(StoredAs::F16) => WeightType::F16,
        Some(StoredAs::Q8_0) => WeightType::Q8_0,
        Some(StoredAs::Q4KM) => WeightType::Q4KM,
        None => base.weights,
    };
    Profile {
        name: wanted.name.clone(),
        summary: wanted.summary.clone().unwrap_or(base.summary),
        weights,
        attention,
        context_tokens: wanted.context.unwrap_or(base.context_tokens),
        n_batch: wanted.batch.unwrap_or(base.n_batch),
        n_ubatch: wanted.ubatch.unwrap_or(base.n_ubatch),
        offload: wanted.gpu_layers.unwrap_or(base.offload),
        threads: wanted.threads.unwrap_or(base.threads),
        graph_capture: wanted.graph_capture.unwrap_or(base.graph_capture),
        speculation: wanted.speculation.unwrap_or(base.speculation),
        builtin: false,
    }
}

fn verdict(planned: &PlannedProfile) -> String {
    match (&planned.plan, &planned.reason) {
        (Some(plan), _) => plan.verdict.clone(),
        (None, Some(reason)) => reason.message.clone(),
        (None, None) => String::new(),
    }
}

fn line(planned: &PlannedProfile) -> anyhow::Result<Map<String, Value>> {
    let profile = &planned.profile;
    let mut line = Map::new();
    line.insert("profile".to_owned(), profile.name.clone().into());
    if let Some(missing) = planned.missing {
        line.insert("status".to_owned(), "skipped".into());
        line.insert("missing".to_owned(), missing.as_str().into());
        line.insert("make".to_owned(), json!(planned.make));
        line.insert(
            "reason".to_owned(),
            json!(planned.reason.as_ref().map(|reason| &reason.message)),
        );
        return Ok(line);
    }
    line.insert(
        "status".to_owned(),
        if planned.plan.is_some() { "planned" } else { "no_model" }.into(),
    );
    line.insert("active".to_owned(), planned.active.into());
    line.insert("summary".to_owned(), profile.summary.clone().into());
    line.insert("weights".to_owned(), profile.weights.as_str().into());
    line.insert("kv".to_owned(), profile.attention.kv().as_str().into());
    line.insert("flash_attention".to_owned(), profile.attention.is_flash().into());
    line.insert("context_tokens".to_owned(), profile.context_tokens.into());
    line.insert("n_batch".to_owned(), profile.n_batch.into());
    line.insert("n_ubatch".to_owned(), profile.n_ubatch.into());
    line.insert("threads".to_owned(), profile.threads.into());
    line.insert("graph_capture".to_owned(), profile.graph_capture.into());
    line.insert("speculation".to_owned(), profile.speculation.into());
    line.insert("builtin".to_owned(), profile.builtin.into());
    line.insert("file".to_owned(), json!(planned.file));
    line.insert(
        "reason".to_owned(),
        json!(planned.reason.as_ref().map(|reason| &reason.message)),
    );
    if let Some(plan) = &planned.plan {
        line.insert(
            "predicted_memory_mib".to_owned(),
            json!((plan.needed_mib() * 10.0).round() / 10.0),
        );
        line.insert("fits".to_owned(), plan.fits.into());
        line.insert("verdict".to_owned(), plan.verdict.clone().into());
        line.insert("plan".to_owned(), serde_json::to_value(plan)?);
    }
    Ok(line)
}
