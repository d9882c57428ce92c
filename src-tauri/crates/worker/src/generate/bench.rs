//! `docmind-generate bench`: the monitor's measuring without engine and store, small enough to be carried to a GPU machine.

use super::{backends, needed, words};
use crate::start::Arguments;
use docmind_core::cancel::CancelToken;
use docmind_core::error::ErrorReport;
use docmind_core::generation::GenerateEvent;
use docmind_core::measurement::{BenchProfile, BenchRequest, BenchRow, Spread, comparisons};
use docmind_core::ports::Generator;
use docmind_core::profile::{BUILTIN_TOML, Offload, Profile, ProfileBook, ProfileFile};
use docmind_llama::{bench as measure, load};
use docmind_wire::generate::GenerateWorker;
use docmind_wire::launch::Launch;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::Command;

/// Measures and prints one JSON object a profile, then the comparisons. With `--against` llama.cpp's own llama-bench runs in turn
/// with us, and the ratio is printed.
pub(super) fn run(arguments: &Arguments) -> Result<(), String> {
    let backends = backends(arguments)?;
    let request = request(arguments)?;
    if let Some(program) = arguments.path("against") {
        return against(arguments, &request, &program);
    }
    let cancel = CancelToken::new();
    let mut stage = |name: &str| tracing::info!("{name}");
    let rows = measure::bench(&backends, &request, &cancel, &mut stage).map_err(words)?;
    for row in &rows {
        println!("{}", row_json(row));
    }
    for comparison in comparisons(&rows) {
        let mut line = json!({ "type": "comparison" });
        if let (Some(line), Ok(Value::Object(fields))) = (line.as_object_mut(), serde_json::to_value(&comparison)) {
            line.extend(fields);
        }
        println!("{line}");
    }
    if arguments.text("agree") == Some("on") {
        let text = include_str!("../../../../ARCHITECTURE.md");
        for (row, _) in measure::agreement(&backends, &request, text, &cancel, &mut stage).map_err(words)? {
            println!("{}", json!({ "type": "agreement", "row": row }));
        }
    }
    Ok(())
}

/// One of ours, one of theirs, and so on: a slow minute of the machine hits both.
fn against(arguments: &Arguments, request: &BenchRequest, program: &Path) -> Result<(), String> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for repeat in 1..=request.repeat {
        for entry in &request.profiles {
            tracing::info!("{} {repeat}/{}", entry.profile.name, request.repeat);
            let name = &entry.profile.name;
            let own = as_the_application(arguments, entry, request)?;
            let other = llama_bench(program, entry, request)?;
            // At once: all pairs together take many minutes.
            println!(
                "{}",
                json!({
                    "type": "pair", "profile": name, "repeat": repeat,
                    "prefill_ratio": own.0 / other.0, "decode_ratio": own.1 / other.1,
                })
            );
            ours.push((name.clone(), own));
            theirs.push((name.clone(), other));
        }
    }
    print_ratios(request, &ours, &theirs);
    Ok(())
}

/// Prefill and decode of ours with everything on, as the application runs it: a confined child, sampling, every token told through
/// the pipe.
fn as_the_application(
    arguments: &Arguments,
    entry: &BenchProfile,
    request: &BenchRequest,
) -> Result<(f64, f64), String> {
    let [warming, question] =
        measure::measured_questions(&entry.model, request.prompt_tokens, request.output_tokens).map_err(words)?;
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut launch = Launch::new(program)
        .arg("--runtime")
        .arg(arguments.runtime())
        .arg("--log")
        .arg("error");
    if let Some(gpu) = arguments.get("gpu") {
        launch = launch.arg("--gpu").arg(gpu);
    }
    let worker = GenerateWorker::new(launch);
    let cancel = CancelToken::new();
    let told = |report: ErrorReport| report.message;
    worker
        .load(measure::bare_request(entry), &cancel, &mut |_| ())
        .map_err(told)?;
    worker.generate(&warming, &cancel, &mut |_| ()).map_err(told)?;
    let mut characters = 0;
    let stats = worker
        .generate(&question, &cancel, &mut |event| {
            if let GenerateEvent::Text { text } = event {
                characters += text.len();
            }
        })
        .map_err(told)?;
    tracing::info!(
        "{} prompt tokens, {} written, {characters} bytes told",
        stats.prompt_tokens,
        stats.output_tokens
    );
    Ok((stats.prefill_tps, stats.decode_tps))
}

/// Compares the GPU with the CPU, for each profile named.
pub(super) fn agree(arguments: &Arguments) -> Result<(), String> {
    let backends = backends(arguments)?;
    for entry in &request(arguments)?.profiles {
        let found = measure::devices_agree(&backends, entry, &CancelToken::new()).map_err(words)?;
        let line = json!({
            "type": "devices", "profile": entry.profile.name, "model": entry.model, "tokens": found.tokens,
            "min_cosine": found.agreement.min_cosine, "top1": found.agreement.top1, "mean_kl": found.agreement.mean_kl,
            "cpu_spread": found.spread, "contradictions": found.contradictions,
        });
        println!("{line}");
    }
    Ok(())
}

/// Measures what drafting gives and costs, for each profile named.
pub(super) fn lookup(arguments: &Arguments) -> Result<(), String> {
    let backends = backends(arguments)?;
    let request = request(arguments)?;
    for entry in &request.profiles {
        let gain = measure::lookup_gain(&backends, entry, request.repeat, &CancelToken::new()).map_err(words)?;
        let kind = |gain: &measure::Gain| {
            json!({
                "ratio": gain.ratio, "plain_tps": gain.plain_tps, "drafted_tps": gain.drafted_tps,
                "acceptance": gain.acceptance,
            })
        };
        let line = json!({
            "type": "lookup", "profile": entry.profile.name, "model": entry.model, "repeating": kind(&gain.repeating),
            "by_grammar": kind(&gain.by_grammar), "free": kind(&gain.free),
        });
        println!("{line}");
    }
    Ok(())
}

/// A conversation of ten turns, for each profile named: tokens read a turn beside those that were new.
pub(super) fn conversation(arguments: &Arguments) -> Result<(), String> {
    let backends = backends(arguments)?;
    for entry in &request(arguments)?.profiles {
        let turns = measure::conversation(&backends, entry, &CancelToken::new()).map_err(words)?;
        let beyond = |turn: &measure::Turn| i64::from(turn.read_tokens) - i64::from(turn.new_tokens);
        let list = |of: fn(&measure::Turn) -> f64| turns.iter().map(of).collect::<Vec<f64>>();
        let line = json!({
            "type": "conversation", "profile": entry.profile.name, "model": entry.model,
            "new_tokens": list(|turn| f64::from(turn.new_tokens)),
            "prompt_tokens": list(|turn| f64::from(turn.prompt_tokens)),
            "read_tokens": list(|turn| f64::from(turn.read_tokens)),
            "ttft_ms": list(|turn| turn.ttft_ms.round()),
            "most_read_beyond_new": turns.iter().map(beyond).max(),
        });
        println!("{line}");
    }
    Ok(())
}

/// Profiles of `--book`, where there is one.
fn own_profiles(arguments: &Arguments) -> Result<ProfileFile, String> {
    let Some(path) = arguments.path("book") else {
        return Ok(ProfileFile::default());
    };
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| format!("`{}` holds no profiles: {error}", path.display()))
}

/// `--model` is a file, or a folder in which each profile finds the file with its weights.
fn request(arguments: &Arguments) -> Result<BenchRequest, String> {
    let model = needed(arguments, "model")?;
    let file: ProfileFile =
        toml::from_str(BUILTIN_TOML).map_err(|error| format!("the built-in profiles do not parse: {error}"))?;
    let (book, _) = ProfileBook::new(file, own_profiles(arguments)?);
    let names = arguments.text("profiles").unwrap_or("balanced");
    let mut profiles = Vec::new();
    for name in names.split(',') {
        let mut profile = book.get(name.trim()).map_err(|fault| fault.to_string())?.clone();
        if let Some(context) = arguments.number("context") {
            profile.context_tokens = context;
        }
        if let Some(ubatch) = arguments.number("ubatch") {
            profile.n_ubatch = ubatch;
        }
        if let Some(threads) = arguments.number("threads") {
            profile.threads = threads;
        }
        if arguments.text("gpu") == Some("off") {
            profile.offload = Offload::None;
        }
        let model = file_of(model, &profile)?;
        profiles.push(BenchProfile { profile, model });
    }
    Ok(BenchRequest {
        profiles,
        prompt_tokens: arguments.number("prompt-tokens").unwrap_or(512),
        output_tokens: arguments.number("output-tokens").unwrap_or(64),
        repeat: arguments.number("repeat").unwrap_or(3),
    })
}

fn file_of(model: &str, profile: &Profile) -> Result<String, String> {
    let path = Path::new(model);
    if path.is_file() {
        return Ok(model.to_owned());
    }
    let entries = std::fs::read_dir(path).map_err(|error| format!("`{model}` cannot be read: {error}"))?;
    let mut files: Vec<String> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|file| {
            file.extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
        })
        .map(|file| file.to_string_lossy().into_owned())
        .collect();
    files.sort();
    files
        .into_iter()
        .find(|file| load::check(file).is_ok_and(|checked| checked.shape.card.weights == profile.weights))
        .ok_or_else(|| {
            format!(
                "`{model}` has no file with {} weights, which the profile `{}` needs.\nMake it: docmind-generate quantize --model \
                 F16.gguf --type {} --out FILE",
                profile.weights.as_str(),
                profile.name,
                profile.weights.as_str()
            )
        })
}

/// A row as `docmind bench generate` prints it.
fn row_json(row: &BenchRow) -> Value {
    let mut out = Map::new();
    out.insert("profile".to_owned(), json!(row.profile));
    out.insert("model".to_owned(), json!(row.model));
    out.insert("synthetic".to_owned(), json!(row.synthetic));
    out.insert("device".to_owned(), json!(row.device));
    out.insert("prompt_tokens".to_owned(), json!(row.prompt_tokens));
    out.insert("output_tokens".to_owned(), json!(row.output_tokens));
    out.extend(row.figures().into_iter().map(|(name, value)| (name, json!(value))));
    Value::Object(out)
}

/// Prefill and decode of llama.cpp's own tool, at our depth, batch and threads.
fn llama_bench(program: &Path, entry: &BenchProfile, request: &BenchRequest) -> Result<(f64, f64), String> {
    let profile = &entry.profile;
    let kv = profile.attention.kv().as_str();
    let run = |extra: &[String]| -> Result<f64, String> {
        let output = Command::new(program)
            .args([
                "-m",
                &entry.model,
                "-o",
                "json",
                "-r",
                "1",
                "-lm",
                "none",
                "-ctk",
                kv,
                "-ctv",
                kv,
            ])
            .args(["-t", &load::threads(profile).to_string()])
            .args(["-b", &profile.n_batch.to_string(), "-ub", &profile.n_ubatch.to_string()])
            .args(["-fa", if profile.attention.is_flash() { "on" } else { "off" }])
            .args(["-ngl", if profile.offload == Offload::None { "0" } else { "99" }])
            .args(extra)
            .output()
            .map_err(|error| format!("`{}` cannot be started: {error}", program.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let parsed: Value = serde_json::from_str(&text).map_err(|error| {
            format!(
                "llama-bench's output is no JSON ({error}): {}",
                String::from_utf8_lossy(&output.stderr)
            )
        })?;
        parsed[0]["avg_ts"]
            .as_f64()
            .ok_or_else(|| "llama-bench gave no speed".to_owned())
    };
    let (prompt, output) = (request.prompt_tokens.to_string(), request.output_tokens.to_string());
    let prefill = run(&["-p".into(), prompt.clone(), "-n".into(), "0".into()])?;
    let decode = run(&["-p".into(), "0".into(), "-n".into(), output, "-d".into(), prompt])?;
    Ok((prefill, decode))
}

type Speeds = (String, (f64, f64));

fn print_ratios(request: &BenchRequest, ours: &[Speeds], theirs: &[Speeds]) {
    for entry in &request.profiles {
        let name = &entry.profile.name;
        let of_profile = |speeds: &[Speeds], of: fn(&(f64, f64)) -> f64| {
            let own = speeds.iter().filter(|(profile, _)| profile == name);
            own.map(|(_, speeds)| of(speeds)).collect::<Vec<f64>>()
        };
        let pairs =
            |ours: &[f64], theirs: &[f64]| Spread::of(&ours.iter().zip(theirs).map(|(a, b)| a / b).collect::<Vec<_>>());
        let (prefill, decode) = (of_profile(ours, |own| own.0), of_profile(ours, |own| own.1));
        let (their_prefill, their_decode) = (of_profile(theirs, |own| own.0), of_profile(theirs, |own| own.1));
        println!(
            "{}",
            json!({
                "type": "against",
                "profile": name,
                "prefill_tps": Spread::of(&prefill),
                "llama_bench_prefill_tps": Spread::of(&their_prefill),
                "prefill_ratio": pairs(&prefill, &their_prefill),
                "decode_tps": Spread::of(&decode),
                "llama_bench_decode_tps": Spread::of(&their_decode),
                "decode_ratio": pairs(&decode, &their_decode),
            })
        );
    }
}
