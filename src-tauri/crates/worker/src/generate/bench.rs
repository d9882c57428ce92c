//! `docmind-generate bench`: the monitor's measuring without engine and store, small enough to be carried to a GPU machine.

use super::{backends, needed, words};
use crate::start::Arguments;
use docmind_core::cancel::CancelToken;
use docmind_core::error::ErrorReport;
use docmind_core::generation::GenerateEvent;
use docmind_core::measurement::{BenchProfile, BenchRequest, BenchRow, Spread, comparisons};
use docmind_core::plan::{Execution, MemoryPlan};
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

/// Prefill and decode in tokens a second.
#[derive(Clone, Copy)]
struct Speeds {
    prefill: f64,
    decode: f64,
}

/// A run of ours.
struct Ours {
    speeds: Speeds,
    /// What it ran with.
    plan: MemoryPlan,
    /// Of the prompt, which is cut to about so many as were asked for.
    prompt_tokens: u32,
}

/// One of ours beside one of theirs.
struct Pair {
    profile: String,
    /// What theirs was told about attention and batches.
    theirs_runs: Execution,
    ours: Speeds,
    theirs: Speeds,
}

/// One of ours, one of theirs, and so on: a slow minute of the machine hits both. Theirs runs with the attention and the batches that
/// ours runs with and, where the profile asks for others, with those as well.
fn against(arguments: &Arguments, request: &BenchRequest, program: &Path) -> Result<(), String> {
    let mut pairs = Vec::new();
    for repeat in 1..=request.repeat {
        for entry in &request.profiles {
            let profile = &entry.profile;
            tracing::info!("{} {repeat}/{}", profile.name, request.repeat);
            let ours = as_the_application(arguments, entry, request)?;
            let runs = ours.plan.execution;
            let asked = Execution {
                attention: profile.attention,
                n_ubatch: profile.n_ubatch,
            };
            for theirs_runs in std::iter::once(runs).chain(Some(asked).filter(|asked| *asked != runs)) {
                let theirs = llama_bench(program, entry, theirs_runs, &ours, request)?;
                // At once: all pairs together take many minutes.
                let mut line = json!({ "type": "pair", "repeat": repeat });
                tell(&mut line, &profile.name, theirs_runs);
                line["prefill_ratio"] = json!(ours.speeds.prefill / theirs.prefill);
                line["decode_ratio"] = json!(ours.speeds.decode / theirs.decode);
                println!("{line}");
                pairs.push(Pair {
                    profile: profile.name.clone(),
                    theirs_runs,
                    ours: ours.speeds,
                    theirs,
                });
            }
        }
    }
    print_ratios(&pairs);
    Ok(())
}

/// Which comparison a line is of.
fn tell(line: &mut Value, profile: &str, theirs_runs: Execution) {
    line["profile"] = json!(profile);
    line["llama_bench_flash_attention"] = json!(theirs_runs.attention.is_flash());
    line["llama_bench_n_ubatch"] = json!(theirs_runs.n_ubatch);
}

/// Prefill and decode of ours with everything on, as the application runs it: a confined child, sampling, every token told through
/// the pipe.
fn as_the_application(arguments: &Arguments, entry: &BenchProfile, request: &BenchRequest) -> Result<Ours, String> {
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
    let loaded = worker
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
    Ok(Ours {
        speeds: Speeds {
            prefill: stats.prefill_tps,
            decode: stats.decode_tps,
        },
        plan: loaded.plan,
        prompt_tokens: stats.prompt_tokens,
    })
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

/// Our formula beside llama.cpp's own fit, for each profile and amount of memory named.
pub(super) fn fit(arguments: &Arguments) -> Result<(), String> {
    let backends = backends(arguments)?;
    let rooms = needed(arguments, "room-mib")?
        .split(',')
        .map(|room| room.trim().parse::<f64>())
        .collect::<Result<Vec<f64>, _>>()
        .map_err(|error| format!("`--room-mib` takes numbers with commas between them ({error})"))?;
    for entry in &request(arguments)?.profiles {
        for &room in &rooms {
            let mut line = json!({
                "type": "fit", "profile": entry.profile.name, "model": entry.model, "room_mib": room, "fits": false,
            });
            if let Some(found) = load::compare_fits(&backends, &entry.model, &entry.profile, room).map_err(words)? {
                line["fits"] = json!(true);
                line["device"] = json!(found.device);
                line["gpu_layers"] = json!(found.gpu_layers);
                line["formula_gpu_layers"] = json!(found.formula_gpu_layers);
                line["context_tokens"] = json!(found.context_tokens);
                line["formula_share"] = json!(found.formula_share);
            }
            println!("{line}");
        }
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

/// Prefill and decode of llama.cpp's own tool over as many tokens as our prompt had, with our threads and as many layers on the card.
fn llama_bench(
    program: &Path,
    entry: &BenchProfile,
    runs: Execution,
    ours: &Ours,
    request: &BenchRequest,
) -> Result<Speeds, String> {
    let profile = &entry.profile;
    let kv = runs.attention.kv().as_str();
    let run = |extra: &[String]| -> Result<f64, String> {
        let output = Command::new(program)
            // As it comes: `Launch::in_huge_pages` is ours.
            .env_remove("GLIBC_TUNABLES")
            .args(["-m", &entry.model, "-o", "json", "-r", "1", "-lm", "none"])
            .args(["-ctk", kv, "-ctv", kv])
            .args(["-t", &load::threads(profile).to_string()])
            .args(["-b", &profile.n_batch.to_string(), "-ub", &runs.n_ubatch.to_string()])
            .args(["-fa", if runs.attention.is_flash() { "on" } else { "off" }])
            .args(["-ngl", &ours.plan.gpu_layers.to_string()])
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
    let (prompt, output) = (ours.prompt_tokens.to_string(), request.output_tokens.to_string());
    Ok(Speeds {
        prefill: run(&["-p".into(), prompt.clone(), "-n".into(), "0".into()])?,
        decode: run(&["-p".into(), "0".into(), "-n".into(), output, "-d".into(), prompt])?,
    })
}

/// One line a profile and way of running theirs: speeds and the pairs' ratios, each as a spread.
fn print_ratios(pairs: &[Pair]) {
    let mut kinds: Vec<(&str, Execution)> = Vec::new();
    for pair in pairs {
        let kind = (pair.profile.as_str(), pair.theirs_runs);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    for (profile, theirs_runs) in kinds {
        let spread = |of: fn(&Pair) -> f64| {
            let of_kind = pairs
                .iter()
                .filter(|pair| (pair.profile.as_str(), pair.theirs_runs) == (profile, theirs_runs));
            json!(Spread::of(&of_kind.map(of).collect::<Vec<_>>()))
        };
        let mut line = json!({ "type": "against" });
        tell(&mut line, profile, theirs_runs);
        line["prefill_tps"] = spread(|pair| pair.ours.prefill);
        line["llama_bench_prefill_tps"] = spread(|pair| pair.theirs.prefill);
        line["prefill_ratio"] = spread(|pair| pair.ours.prefill / pair.theirs.prefill);
        line["decode_tps"] = spread(|pair| pair.ours.decode);
        line["llama_bench_decode_tps"] = spread(|pair| pair.theirs.decode);
        line["decode_ratio"] = spread(|pair| pair.ours.decode / pair.theirs.decode);
        println!("{line}");
    }
}
