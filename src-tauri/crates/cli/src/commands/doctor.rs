//! `docmind doctor`: machine, devices, backends found or why not, library health.

use super::Context;
use crate::Outcome;
use crate::output::{BAD, FAINT, GOOD, STRONG, bytes, tame_line};
use docmind_core::error::ErrorReport;
use docmind_engine::doctor::Examination;
use docmind_engine::{Background, Engine, EngineOptions, OpenMode};
use serde_json::Value;

/// Where the library is in use, or cannot be opened, the machine is examined all the same; that is said, and so the command ends.
pub fn run(context: &Context<'_>) -> anyhow::Result<Outcome> {
    let (examination, refused) = match context.open_beside() {
        Ok((engine, in_use)) => {
            let examination = engine.examine();
            engine.close();
            (examination, in_use)
        }
        Err(error) => (elsewhere()?, Some(error.downcast::<ErrorReport>()?)),
    };
    let examination = match &refused {
        Some(report) => examination.without_library(&context.data_folder()?, report),
        None => examination,
    };
    context.output.json(&examination)?;
    let machine = &examination.machine;
    context.output.text(format!(
        "{STRONG}DocMind {}{STRONG:#} on {}\n{FAINT}data in {}{FAINT:#}\n{}, {} cores, {} of {} MiB free",
        examination.version,
        examination.system,
        tame_line(&examination.data_dir),
        machine.cpu,
        machine.cores,
        machine.ram_available_mib,
        machine.ram_total_mib,
    ))?;
    for gpu in &machine.gpus {
        context.output.text(format!(
            "{} {}: {} of {} MiB free",
            gpu.name, gpu.description, gpu.memory_free_mib, gpu.memory_total_mib
        ))?;
    }
    if machine.gpus.is_empty() {
        context
            .output
            .text(format!("no NVIDIA GPU {FAINT}({}){FAINT:#}", examination.nvml))?;
    }
    for part in &examination.parts {
        let (style, mark) = if part.ok { (GOOD, "ok     ") } else { (BAD, "missing") };
        context.output.text(format!(
            "{style}{mark}{style:#} {} {FAINT}{}{FAINT:#}",
            part.name, part.detail
        ))?;
    }
    for module in examination.backends["modules"].as_array().into_iter().flatten() {
        context.output.text(format!(
            "  {} {FAINT}{}{FAINT:#}",
            module["file"].as_str().unwrap_or(""),
            module["reason"].as_str().unwrap_or("")
        ))?;
    }
    if refused.is_none() {
        library(context, &examination.library)?;
    }
    for notice in &examination.notices {
        context.output.remark(notice)?;
    }
    // What is missing is the report, not a failure to report.
    refused.map_or(Ok(Outcome::Done), |report| Err(report.into()))
}

/// Machine and installation, looked at from an empty folder.
fn elsewhere() -> anyhow::Result<Examination> {
    let scratch = std::env::temp_dir().join(format!("docmind-doctor-{}", std::process::id()));
    let examined = Engine::open(EngineOptions {
        data_dir: Some(scratch.clone()),
        runtime_dir: None,
        bin_dir: None,
        mode: OpenMode::ReadWrite,
        background: Background::Nothing,
    })
    .map(|engine| {
        let examination = engine.examine();
        engine.close();
        examination
    });
    // An empty folder that stays behind harms nobody.
    drop(std::fs::remove_dir_all(&scratch));
    Ok(examined?)
}

/// The library in a line, its problems below it.
fn library(context: &Context<'_>, library: &Value) -> anyhow::Result<()> {
    let (check, summary) = (&library["check"], &library["summary"]);
    if let Some(message) = library["error"]["message"].as_str() {
        context
            .output
            .text(format!("{BAD}library{BAD:#} {}", tame_line(message)))?;
        return Ok(());
    }
    let (style, word) = if check["ok"] == true {
        (GOOD, "sound  ")
    } else {
        (BAD, "damaged")
    };
    context.output.text(format!(
        "{style}{word}{style:#} library {FAINT}{} documents, {} passages, {} failed, {}{FAINT:#}",
        check["documents"],
        check["chunks"],
        summary["failed"],
        bytes(library["bytes"].as_u64().unwrap_or_default()),
    ))?;
    for problem in check["problems"].as_array().into_iter().flatten() {
        context
            .output
            .text(format!("        {}", tame_line(problem.as_str().unwrap_or_default())))?;
    }
    Ok(())
}
