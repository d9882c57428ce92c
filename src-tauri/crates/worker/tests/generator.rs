//! `docmind-generate` as the application meets it: killed at any moment, given damaged files, on a software graphics card. The
//! models are tiny and made here. `DOCMIND_TEST_FULL=1` runs the long counts.
#![cfg(all(feature = "generate", target_os = "linux"))]

use docmind_core::cancel::CancelToken;
use docmind_core::error::ErrorReport;
use docmind_core::generation::{GenerateEvent, GenerateRequest, GenerationStats, Message, Role, Sampling};
use docmind_core::model::WeightType;
use docmind_core::plan::LoadRequest;
use docmind_core::ports::Generator;
use docmind_core::profile::{Attention, KvType, Offload, Profile};
use docmind_llama::make::weights::Random;
use docmind_llama::make::{Shape, make_model};
use docmind_wire::generate::GenerateWorker;
use docmind_wire::launch::Launch;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_docmind-generate");

fn runtime() -> PathBuf {
    let beside = || Path::new(BINARY).with_file_name("runtime");
    std::env::var_os("DOCMIND_RUNTIME_DIR").map_or_else(beside, PathBuf::from)
}

fn full() -> bool {
    std::env::var_os("DOCMIND_TEST_FULL").is_some_and(|value| value == "1")
}

fn worker() -> GenerateWorker {
    GenerateWorker::new(Launch::new(BINARY).arg("--runtime").arg(runtime()))
}

fn tiny(folder: &Path, weights: WeightType) -> PathBuf {
    let path = folder.join(format!("tiny-{}.gguf", weights.as_str()));
    make_model(&Shape::TINY, weights, &path).expect("written");
    path
}

fn load_request(path: &Path) -> LoadRequest {
    LoadRequest {
        path: path.display().to_string(),
        profile: Profile {
            name: "test".into(),
            summary: String::new(),
            weights: WeightType::Q8_0,
            attention: Attention::Flash { kv: KvType::F16 },
            context_tokens: 2048,
            n_batch: 128,
            n_ubatch: 64,
            offload: Offload::None,
            threads: 1,
            graph_capture: true,
            speculation: false,
            builtin: false,
        },
        embedder_mib: 0,
        snapshot_memory_mib: 16,
        snapshot_dir: None,
        snapshot_disk_mib: 0,
        may_degrade: true,
    }
}

/// A prompt of a few hundred tokens, so that all of load, prefill and decode take their time.
fn question(output_tokens: u32) -> GenerateRequest {
    GenerateRequest {
        messages: vec![Message {
            role: Role::User,
            content: "The caretaker repairs the roof in the spring. ".repeat(20) + "Who repairs the roof?",
        }],
        sampling: Sampling::qwen(),
        max_output_tokens: output_tokens,
        thinking: false,
        grammar: None,
        draft_from: Vec::new(),
    }
}

fn ask(worker: &GenerateWorker, output_tokens: u32) -> Result<GenerationStats, ErrorReport> {
    worker.generate(
        &question(output_tokens),
        &CancelToken::new(),
        &mut |_: GenerateEvent| (),
    )
}

/// An error a person can be shown: what happened, and what to do on a line of its own.
fn assert_told(error: &ErrorReport) {
    assert!(!error.code.is_empty() && error.code != "internal", "{error:?}");
    assert!(error.message.trim().len() > 10, "{error:?}");
}

/// Whether huge pages are for programs to ask for here: elsewhere there are none, or all have them.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn huge_pages_are_asked_for() -> bool {
    std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled")
        .is_ok_and(|modes| modes.contains("[madvise]"))
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_model_s_memory_may_lie_in_huge_pages() {
    if !huge_pages_are_asked_for() {
        eprintln!("skipped: the kernel does not leave huge pages to programs");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let worker = worker();
    worker
        .load(
            load_request(&tiny(folder.path(), WeightType::Q8_0)),
            &CancelToken::new(),
            &mut |_| (),
        )
        .expect("loads");
    let pid = worker.pid().expect("it runs");
    let maps = std::fs::read_to_string(format!("/proc/{pid}/smaps")).expect("its memory");
    let advised = |line: &&str| line.starts_with("VmFlags:") && line.split_whitespace().any(|flag| flag == "hg");
    assert!(maps.lines().filter(advised).count() > 0, "no memory is advised so");
}

#[test]
fn killed_at_any_moment_it_answers_the_next_question() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny(folder.path(), WeightType::Q8_0);
    let rounds = if full() { 50 } else { 8 };
    let mut moments = Random::new(31);
    let mut struck = 0;
    for round in 0..rounds {
        let worker = worker();
        if round % 2 == 0 {
            // Every other round begins with a loaded model: the kill meets prefill and decode, not the load.
            worker
                .load(load_request(&model), &CancelToken::new(), &mut |_| ())
                .expect("loads");
        }
        let wait = Duration::from_micros(moments.bits() % 400_000);
        let over = AtomicBool::new(false);
        let (outcome, ended, killed) = std::thread::scope(|scope| {
            let killer = scope.spawn(|| {
                while worker.pid().is_none() && !over.load(Ordering::Acquire) {
                    std::thread::sleep(Duration::from_millis(1));
                }
                std::thread::sleep(wait);
                let pid = worker.pid().filter(|_| !over.load(Ordering::Acquire));
                pid.and_then(|pid| {
                    let status = Command::new("kill").args(["-9", &pid.to_string()]).status();
                    status.is_ok_and(|status| status.success()).then(Instant::now)
                })
            });
            let loaded = if worker.loaded().is_none() {
                worker
                    .load(load_request(&model), &CancelToken::new(), &mut |_| ())
                    .map(|_| ())
            } else {
                Ok(())
            };
            let outcome = loaded.and_then(|()| ask(&worker, 400));
            let ended = Instant::now();
            over.store(true, Ordering::Release);
            (outcome, ended, killer.join().expect("no panic"))
        });
        struck += usize::from(killed.is_some());
        if let Err(error) = &outcome {
            assert_told(error);
            let took = ended.duration_since(killed.expect("an error without a kill"));
            assert!(took < Duration::from_secs(10), "round {round}: {took:?}, {error:?}");
        }
        if worker.requested().is_none() || worker.loaded().is_none() {
            worker
                .load(load_request(&model), &CancelToken::new(), &mut |_| ())
                .expect("loads after a kill");
        }
        let next = ask(&worker, 4).expect("the next question is answered");
        assert!(next.output_tokens > 0, "round {round}: {next:?}");
    }
    assert!(
        struck * 4 >= rounds,
        "only {struck} of {rounds} kills met a running process"
    );
}

#[test]
fn after_three_deaths_the_setting_goes_one_rung_down_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny(folder.path(), WeightType::Q8_0);
    let worker = worker();
    // As the application does before every question.
    let load = || {
        worker
            .load(load_request(&model), &CancelToken::new(), &mut |_| ())
            .expect("loads")
    };
    let kill = || {
        let pid = worker.pid().expect("it writes").to_string();
        Command::new("kill").args(["-9", &pid]).status().expect("killed");
    };
    let (mut deaths, mut attempts) = (0, 0);
    while deaths < 3 {
        attempts += 1;
        assert!(
            attempts < 20,
            "only {deaths} of 3 kills came before the end of an answer"
        );
        load();
        let mut written = String::new();
        let outcome = worker.generate(&question(1200), &CancelToken::new(), &mut |event| match event {
            GenerateEvent::Text { text } => {
                if written.is_empty() {
                    kill();
                }
                written.push_str(&text);
            }
            GenerateEvent::Notice(notice) => panic!("after {deaths} deaths: {notice:?}"),
            _ => {}
        });
        assert!(!written.is_empty(), "what was written stays with whoever asked");
        if let Err(error) = outcome {
            assert_told(&error);
            deaths += 1;
        }
    }
    load();
    let mut notices = Vec::new();
    let stats = worker
        .generate(&question(4), &CancelToken::new(), &mut |event| {
            if let GenerateEvent::Notice(notice) = event {
                notices.push(notice.code);
            }
        })
        .expect("the next question is answered");
    assert!(stats.output_tokens > 0);
    assert_eq!(notices, ["stepped_down"]);
    let runs = worker.loaded().expect("loaded").plan.profile;
    let smaller = Attention::Flash { kv: KvType::Q8_0 };
    assert_eq!(runs.attention, smaller, "a smaller cache");
    assert_eq!(
        load().plan.profile.attention,
        smaller,
        "asked for again it stays given up"
    );
    worker.unload();
    assert_eq!(
        load().plan.profile.attention,
        load_request(&model).profile.attention,
        "loaded anew it is as asked for"
    );
}

#[test]
fn a_damaged_model_is_an_error_in_words_and_the_next_one_loads() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny(folder.path(), WeightType::Q8_0);
    let whole = std::fs::read(&model).expect("read");
    let worker = worker();
    let mut random = Random::new(23);
    let (mut refused, mut loaded) = (0, 0);
    for round in 0..if full() { 500 } else { 24 } {
        let mut bytes = whole.clone();
        if round % 4 == 3 {
            bytes.truncate((random.bits() % whole.len() as u64) as usize);
        } else {
            // Half near the beginning, where counts and metadata are, half anywhere.
            let to = if round % 2 == 0 { 4000 } else { whole.len() };
            for _ in 0..=random.bits() % 8 {
                let at = (random.bits() % to as u64) as usize;
                bytes[at] = random.bits() as u8;
            }
        }
        // Each under its own name: what is held already is not loaded again.
        let damaged = folder.path().join(format!("damaged-{round}.gguf"));
        std::fs::write(&damaged, &bytes).expect("written");
        let begun = Instant::now();
        match worker.load(load_request(&damaged), &CancelToken::new(), &mut |_| ()) {
            Ok(_) => {
                loaded += 1;
                if let Err(error) = ask(&worker, 1) {
                    assert_told(&error);
                }
            }
            Err(error) => {
                assert_told(&error);
                refused += 1;
            }
        }
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(10), "round {round}: {took:?}");
        std::fs::remove_file(&damaged).expect("removed");
    }
    eprintln!("{refused} refused, {loaded} loaded all the same");
    assert!(refused > 0);
    worker
        .load(load_request(&model), &CancelToken::new(), &mut |_| ())
        .expect("the whole one loads");
    assert!(ask(&worker, 4).expect("an answer").output_tokens > 0);
}

/// Mesa's software graphics card and ggml's module for it, where both are.
fn software_card() -> bool {
    let module = runtime().join("backends/libggml-vulkan.so").exists();
    let driver = std::fs::read_dir("/usr/share/vulkan/icd.d").is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("lvp_icd"))
    });
    if !(module && driver) {
        // Past the test harness, which shows nothing of what passes.
        let _ = writeln!(
            std::io::stderr(),
            "left out: no Vulkan module (`cargo xtask backend vulkan`) or no lavapipe here"
        );
    }
    module && driver
}

/// One command may take so long: on a quiet machine it takes eight seconds.
const PATIENCE: Duration = Duration::from_mins(4);

/// One command of `docmind-generate` with the software card let in, its last line as JSON. By small batches: a software card
/// compiles each kernel it meets, and those of large batches take it twenty seconds.
fn on_software_card(command: &str, more: &[&str], model: &Path) -> serde_json::Value {
    let mut child = Command::new(BINARY)
        .arg(command)
        .args(["--profiles", "quality", "--context", "1024", "--ubatch", "32"])
        .args(more)
        .arg("--runtime")
        .arg(runtime())
        .arg("--model")
        .arg(model)
        .env("GGML_VK_VISIBLE_DEVICES", "0")
        // Mesa 22.3's lavapipe crashes on ggml's fused kernels, every second time, within `libvulkan_lvp.so`.
        .env("GGML_VK_DISABLE_FUSION", "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    // A few lines: the pipe holds them while nobody reads.
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("asked") {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill().expect("killed");
            child.wait().expect("ended");
            panic!("`{command}` did not end within {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let text = std::io::read_to_string(child.stdout.take().expect("piped")).expect("read");
    assert!(status.success(), "{status}: {text}");
    let line = text.lines().rfind(|line| line.starts_with('{')).expect("a JSON line");
    serde_json::from_str(line).expect("JSON")
}

#[test]
fn a_software_graphics_card_computes_what_the_processor_does() {
    if !software_card() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    // `quality` is the profile of these weights; random 4-bit ones differ more from themselves than 0.999 allows.
    let model = tiny(folder.path(), WeightType::Q8_0);
    let agreement = on_software_card("agree", &[], &model);
    assert_eq!(agreement["tokens"], 64, "{agreement}");
    assert!(agreement["min_cosine"].as_f64() >= Some(0.999), "{agreement}");
    assert_eq!(agreement["contradictions"], 0, "{agreement}");
    let short = ["--prompt-tokens", "64", "--output-tokens", "8", "--repeat", "1"];
    let row = on_software_card("bench", &short, &model);
    assert_eq!(row["device"], "Vulkan0", "{row}");
    assert_eq!(row["output_tokens"], 8, "{row}");
}

#[test]
fn the_formula_and_llama_cpps_own_fit_agree_on_a_card() {
    if !software_card() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny(folder.path(), WeightType::Q8_0);
    for room in ["4", "5", "6"] {
        let found = on_software_card("fit", &["--room-mib", room], &model);
        assert_eq!(found["device"], "Vulkan0", "{found}");
        let layers = |name: &str| found[name].as_i64().expect("a count");
        assert!(
            (layers("gpu_layers") - layers("formula_gpu_layers")).abs() <= 1,
            "{found}"
        );
    }
}

#[test]
fn the_formula_and_llama_cpps_own_fit_agree_on_the_processor() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = tiny(folder.path(), WeightType::Q8_0);
    for room in ["20", "24", "28"] {
        let output = Command::new(BINARY)
            .args(["fit", "--gpu", "off", "--room-mib", room, "--model"])
            .arg(&model)
            .arg("--runtime")
            .arg(runtime())
            .output()
            .expect("started");
        assert!(output.status.success(), "{output:?}");
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON line");
        assert_eq!(found["fits"], true, "{found}");
        let share = found["formula_share"].as_f64().expect("a number");
        assert!((0.9..1.1).contains(&share), "{found}");
    }
}
