//! `docmind-generate`: the language model behind the pipe, and what is done with models without an application.

mod bench;

use crate::priority::Priority;
use crate::sandbox::{self, Confinement};
use crate::start::{self, Arguments};
use docmind_core::cancel::CancelToken;
use docmind_core::error::ErrorReport;
use docmind_core::measurement::QuantizeRequest;
use docmind_core::model::WeightType;
use docmind_core::plan::LoadRequest;
use docmind_llama::backend::{self, Backends, GpuUse, Trials};
use docmind_llama::error::LlamaError;
use docmind_llama::session::Session;
use docmind_llama::{bench as measure, load, make, quantize};
use docmind_wire::generate::{GenerateCall, GenerateProtocol, GenerateReply, GenerateTold};
use docmind_wire::serve::{Call, Serve, adopt_parent, serve};
use std::path::Path;
use std::process::ExitCode;

/// The whole program.
///
/// Without a command it serves: `--runtime DIR` (holds `backends/`), `--gpu off`, `--trials FILE` (which graphics cards have computed, so
/// that they are not tried at each start), `--log LEVEL`. Commands:
/// - `make-model --shape tiny|qwen3-4b --weights f16|q8_0|q4_k_m --out FILE`: a model of random weights;
/// - `quantize --model F16.gguf --type q4_k_m|q8_0 --out FILE`;
/// - `bench --model FILE [--profiles a,b] [--prompt-tokens N] [--output-tokens N] [--repeat R] [--against LLAMA_BENCH]`: one JSON
///   object a line; `--book FILE` adds profiles in the form of `assets/profiles.toml`, `--agree on` compares their output;
/// - `agree --model FILE [--profiles NAME]`: the GPU's logits against the CPU's, over a forced continuation;
/// - `fit --model FILE --room-mib N[,N] [--profiles a,b]`: what has room in so much memory by llama.cpp's own search and by our formula;
/// - `lookup --model FILE [--profiles NAME] [--repeat R]`: decoding with drafts from the sources against decoding without;
/// - `conversation --model FILE [--profiles NAME]`: tokens read in each of ten turns whose sources change;
/// - `devices`: devices and modules;
/// - `probe FILE N` (started by ourselves): loads one backend module, lets its devices compute from the Nth on, and says what came of it.
pub fn main() -> ExitCode {
    // The one command with bare words after it: it is ours alone, and runs before anything else.
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    if let [command, module, from] = &words[..]
        && command == "probe"
    {
        adopt_parent();
        backend::probe(
            Path::new(module),
            from.to_str().and_then(|from| from.parse().ok()).unwrap_or(0),
        );
        return ExitCode::SUCCESS;
    }
    start::run(Priority::Answering, |arguments| {
        match arguments.command().and_then(|command| command.to_str()) {
            None => answer(arguments),
            Some("make-model") => make_model(arguments),
            Some("quantize") => make_smaller(arguments),
            Some("bench") => bench::run(arguments),
            Some("agree") => bench::agree(arguments),
            Some("fit") => bench::fit(arguments),
            Some("lookup") => bench::lookup(arguments),
            Some("conversation") => bench::conversation(arguments),
            Some("devices") => devices(arguments),
            Some(other) => Err(format!(
                "`{other}` is not understood; there are make-model, quantize, bench, agree, fit, lookup, conversation and devices"
            )),
        }
    })
}

/// Where the modules are, and whether GPUs may be used.
fn backends(arguments: &Arguments) -> Result<Backends, String> {
    let gpu = if arguments.text("gpu") == Some("off") {
        GpuUse::Forbidden
    } else {
        GpuUse::Allowed
    };
    let trials = Trials {
        program: std::env::current_exe().unwrap_or_else(|_| "docmind-generate".into()),
        kept: arguments.path("trials"),
    };
    Backends::start(&arguments.runtime().join("backends"), gpu)
        .map(|backends| backends.trying(trials))
        .map_err(words)
}

fn words(error: LlamaError) -> String {
    let report = error.report();
    match report.detail {
        Some(detail) => format!("{}\n{detail}", report.message),
        None => report.message,
    }
}

fn answer(arguments: &Arguments) -> Result<(), String> {
    let backends = backends(arguments)?;
    let kept = sandbox::confine(&Confinement::model_runner());
    tracing::debug!("sandbox: {kept}");
    let engine = Engine {
        backends,
        session: None,
    };
    serve::<GenerateProtocol>(&backend::version(), engine).map_err(|error| error.to_string())
}

fn needed<'a>(arguments: &'a Arguments, name: &str) -> Result<&'a str, String> {
    arguments.text(name).ok_or_else(|| format!("`--{name}` is missing"))
}

fn weights(arguments: &Arguments, name: &str) -> Result<WeightType, String> {
    let text = needed(arguments, name)?;
    WeightType::from_name(text).ok_or_else(|| format!("`{text}` is no type made here; there are f16, q8_0 and q4_k_m"))
}

fn make_model(arguments: &Arguments) -> Result<(), String> {
    let name = needed(arguments, "shape")?;
    let shape =
        make::Shape::from_name(name).ok_or_else(|| format!("`{name}` is no shape; there are tiny and qwen3-4b"))?;
    let out = arguments.path("out").ok_or("`--out` is missing")?;
    let beside = out.with_extension("part");
    make::make_model(&shape, weights(arguments, "weights")?, &beside)
        .and_then(|()| std::fs::rename(&beside, &out))
        .map_err(|error| format!("`{}` could not be written: {error}", out.display()))
}

fn make_smaller(arguments: &Arguments) -> Result<(), String> {
    let _backends = backends(arguments)?;
    let request = QuantizeRequest {
        input: needed(arguments, "model")?.to_owned(),
        output: needed(arguments, "out")?.to_owned(),
        weights: weights(arguments, "type")?,
        threads: arguments.number("threads").unwrap_or(0),
    };
    let card = quantize::quantize(&request, &CancelToken::new(), &mut |done| {
        tracing::info!("{:.0} %", done * 100.0);
    })
    .map_err(words)?;
    println!("{} {} bytes", card.name, card.size_bytes);
    Ok(())
}

fn devices(arguments: &Arguments) -> Result<(), String> {
    let report = backends(arguments)?.report();
    println!("{}", report.version);
    for device in &report.devices {
        println!(
            "{} ({}): {} of {} MiB free",
            device.name, device.description, device.memory_free_mib, device.memory_total_mib
        );
    }
    for module in &report.modules {
        println!(
            "{}: {} {}",
            module.file,
            if module.usable { "usable." } else { "not usable." },
            module.reason
        );
    }
    Ok(())
}

/// The engine's thread: one model at a time.
struct Engine {
    backends: Backends,
    session: Option<Session>,
}

impl Serve<GenerateProtocol> for Engine {
    fn handle(
        &mut self,
        request: GenerateCall,
        call: &mut Call<GenerateProtocol>,
    ) -> Result<GenerateReply, ErrorReport> {
        self.reply(request, call).map_err(|error| error.report())
    }

    fn rest(&mut self) {
        if let Some(session) = &mut self.session {
            session.keep_on_disk();
        }
    }
}

impl Engine {
    fn reply(&mut self, request: GenerateCall, call: &mut Call<GenerateProtocol>) -> Result<GenerateReply, LlamaError> {
        Ok(match request {
            GenerateCall::Backends => GenerateReply::Backends(self.backends.report()),
            GenerateCall::Devices => GenerateReply::Devices(self.backends.device_list()),
            GenerateCall::Inspect(path) => inspect(&path)?,
            GenerateCall::Plan(request) => {
                let checked = load::check(&request.path)?;
                let (plan, reason) = load::plan(&self.backends, &request, &checked)?;
                GenerateReply::Planned(Box::new(plan), reason)
            }
            GenerateCall::Load(request) => self.load(&request, call)?,
            GenerateCall::Generate(request) => {
                let session = self.session.as_mut().ok_or(LlamaError::NotLoaded)?;
                let stats = session.generate(&request, call.cancel(), &mut |event| {
                    call.event(&GenerateTold::Answer(event));
                    serve_urgent(&self.backends, call);
                })?;
                GenerateReply::Generated(stats)
            }
            GenerateCall::Quantize(request) => {
                let card = quantize::quantize(&request, call.cancel(), &mut |done| {
                    call.event(&GenerateTold::Progress(done));
                })?;
                GenerateReply::Quantized(Box::new(card))
            }
            GenerateCall::Bench(request) => {
                self.unload();
                let rows = measure::bench(&self.backends, &request, call.cancel(), &mut |stage| {
                    call.event(&GenerateTold::Stage(stage.to_owned()));
                })?;
                GenerateReply::Measured(rows)
            }
            GenerateCall::Agree { request, text } => {
                self.unload();
                let rows = measure::agreement(&self.backends, &request, &text, call.cancel(), &mut |stage| {
                    call.event(&GenerateTold::Stage(stage.to_owned()));
                })?;
                GenerateReply::Agreed(rows)
            }
        })
    }

    fn unload(&mut self) {
        self.session = None;
        self.backends.hold(Vec::new());
    }

    fn load(&mut self, request: &LoadRequest, call: &Call<GenerateProtocol>) -> Result<GenerateReply, LlamaError> {
        // First, so that its memory is free when planning looks.
        self.unload();
        let mut last = -1.0_f32;
        let (session, report) = load::load(&self.backends, request, &mut |done| {
            call.tick();
            if done - last >= 0.01 {
                last = done;
                call.event(&GenerateTold::Progress(done));
            }
            serve_urgent(&self.backends, call);
            !call.cancel().is_cancelled()
        })?;
        // Since the weights were read nobody asked: warming up takes its time, and who gave up would not know of the model.
        if call.cancel().is_cancelled() {
            return Err(LlamaError::Cancelled);
        }
        self.session = Some(session);
        self.backends.hold(report.allocated.clone());
        Ok(GenerateReply::Loaded(Box::new(report)))
    }
}

/// Answers what needs no model, in the middle of another request.
fn serve_urgent(backends: &Backends, during: &Call<GenerateProtocol>) {
    while let Some((request, call)) = during.next_urgent() {
        let outcome = match request {
            GenerateCall::Devices => Ok(GenerateReply::Devices(backends.device_list())),
            GenerateCall::Inspect(path) => inspect(&path),
            _ => unreachable!("BUG: only these are urgent"),
        };
        call.finish(outcome.map_err(|error| error.report()));
    }
}

fn inspect(path: &str) -> Result<GenerateReply, LlamaError> {
    Ok(GenerateReply::Inspected(Box::new(load::check(path)?.shape)))
}
