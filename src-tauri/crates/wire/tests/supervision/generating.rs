//! The language model's worker: loads that die or last, and whoever waits for them.

use crate::shared::{cancel_after, launch};
use docmind_core::cancel::CancelToken;
use docmind_core::error::ErrorReport;
use docmind_core::generation::{GenerateEvent, GenerateRequest, Sampling};
use docmind_core::model::WeightType;
use docmind_core::plan::{LoadReport, LoadRequest};
use docmind_core::ports::Generator;
use docmind_core::profile::{Attention, KvType, Offload, Profile};
use docmind_wire::generate::GenerateWorker;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

tests![
    ggml_is_told_what_it_reads_from_its_environment,
    a_model_that_dies_while_it_loads_is_loaded_three_times,
    without_a_card_a_smaller_cache_is_the_first_to_go,
    a_driver_that_ends_the_process_at_its_start_is_left_out,
    a_process_that_still_waits_for_a_file_is_ended,
    the_next_question_runs_one_rung_down,
    a_model_asked_for_twice_is_loaded_once,
    whoever_waits_for_a_load_can_be_stopped,
    unload_waits_for_no_load,
];

/// A folder for one test's models, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("docmind-wire-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).expect("made");
        Self(path)
    }

    fn request(&self, model: &str) -> LoadRequest {
        LoadRequest {
            path: self.0.join(model).display().to_string(),
            profile: Profile {
                name: "test".into(),
                summary: String::new(),
                weights: WeightType::Q4KM,
                attention: Attention::Flash { kv: KvType::F16 },
                context_tokens: 4096,
                n_batch: 512,
                n_ubatch: 512,
                offload: Offload::Auto,
                threads: 0,
                graph_capture: true,
                speculation: false,
                builtin: false,
            },
            embedder_mib: 0,
            snapshot_memory_mib: 0,
            snapshot_dir: None,
            snapshot_disk_mib: 0,
            may_degrade: true,
        }
    }

    fn loads(&self) -> usize {
        std::fs::read_to_string(self.0.join("loads")).map_or(0, |loads| loads.lines().count())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("removed");
    }
}

fn with_card() -> GenerateWorker {
    GenerateWorker::new(launch("generate-on-card"))
}

fn load(worker: &GenerateWorker, request: &LoadRequest, cancel: &CancelToken) -> Result<LoadReport, ErrorReport> {
    worker.load(request.clone(), cancel, &mut |_| ())
}

fn ggml_is_told_what_it_reads_from_its_environment() {
    let report = with_card().backends().expect("started");
    assert_eq!(
        report.version,
        "CUDA_DEVICE_ORDER=PCI_BUS_ID, GGML_NO_BACKTRACE=1, GLIBC_TUNABLES=glibc.malloc.hugetlb=1"
    );
}

fn a_model_that_dies_while_it_loads_is_loaded_three_times() {
    let folder = Folder::new("dies");
    let request = folder.request("dies");
    let worker = with_card();
    let rung = || {
        let profile = worker.requested().expect("kept for the next question").profile;
        (profile.offload, profile.attention.kv())
    };
    for (loads, after) in [(3, (Offload::None, KvType::F16)), (6, (Offload::None, KvType::Q8_0))] {
        let start = Instant::now();
        let error = load(&worker, &request, &CancelToken::new()).expect_err("it dies");
        assert_eq!(error.code, "worker_died");
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        assert_eq!((folder.loads(), rung()), (loads, after));
    }
}

fn without_a_card_a_smaller_cache_is_the_first_to_go() {
    let folder = Folder::new("no-card");
    let worker = GenerateWorker::new(launch("generate"));
    load(&worker, &folder.request("dies"), &CancelToken::new()).expect_err("it dies");
    let profile = worker.requested().expect("kept").profile;
    assert_eq!((profile.offload, profile.attention.kv()), (Offload::Auto, KvType::Q8_0));
}

fn a_driver_that_ends_the_process_at_its_start_is_left_out() {
    let folder = Folder::new("driver");
    let request = folder.request("any");
    let worker = GenerateWorker::new(launch("generate-without-card"));
    load(&worker, &request, &CancelToken::new()).expect("it loads without cards");
    assert_eq!(folder.loads(), 1);
    worker.unload();
    load(&worker, &request, &CancelToken::new()).expect("and goes without them");
    let nothing = GenerateWorker::new(launch("no-such-mode"));
    let error = load(&nothing, &request, &CancelToken::new()).expect_err("it does not start");
    assert_eq!(error.code, "worker_start_failed");
}

fn a_process_that_still_waits_for_a_file_is_ended() {
    let folder = Folder::new("stalls");
    let worker = with_card();
    let error = load(&worker, &folder.request("stalls"), &CancelToken::new()).expect_err("nothing comes in");
    assert_eq!((error.code.as_str(), worker.pid()), ("model_stalled", None));
    load(&worker, &folder.request("any"), &CancelToken::new()).expect("a fresh one loads");
}

fn the_next_question_runs_one_rung_down() {
    let folder = Folder::new("rung");
    let request = folder.request("dies-on-card");
    let worker = with_card();
    load(&worker, &request, &CancelToken::new()).expect_err("it dies on the card");
    load(&worker, &request, &CancelToken::new()).expect("it loads on the processor");
    assert!(worker.holds(&request).is_some());
    let question = GenerateRequest {
        messages: Vec::new(),
        sampling: Sampling::qwen(),
        max_output_tokens: 1,
        thinking: false,
        grammar: None,
        draft_from: Vec::new(),
    };
    let mut notices = Vec::new();
    worker
        .generate(&question, &CancelToken::new(), &mut |event| {
            if let GenerateEvent::Notice(notice) = event {
                notices.push(notice.code);
            }
        })
        .expect("an answer");
    assert_eq!(notices, ["stepped_down"]);
}

fn a_model_asked_for_twice_is_loaded_once() {
    let folder = Folder::new("twice");
    let request = folder.request("slow");
    let worker = with_card();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| load(&worker, &request, &CancelToken::new()).expect("it loads"));
        }
    });
    assert_eq!(folder.loads(), 1);
}

fn whoever_waits_for_a_load_can_be_stopped() {
    let folder = Folder::new("stop");
    let worker = with_card();
    thread::scope(|scope| {
        let loading = scope.spawn(|| load(&worker, &folder.request("slow"), &CancelToken::new()));
        thread::sleep(Duration::from_millis(300));
        let start = Instant::now();
        let stopped = load(&worker, &folder.request("other"), &cancel_after(200));
        assert_eq!(stopped.expect_err("stopped").code, "cancelled");
        assert!(start.elapsed() < Duration::from_millis(1200), "{:?}", start.elapsed());
        loading.join().expect("no panic").expect("it loads all the same");
    });
    assert!(worker.holds(&folder.request("slow")).is_some());
}

fn unload_waits_for_no_load() {
    let folder = Folder::new("unload");
    let worker = with_card();
    thread::scope(|scope| {
        let loading = scope.spawn(|| load(&worker, &folder.request("slow"), &CancelToken::new()));
        thread::sleep(Duration::from_millis(500));
        let start = Instant::now();
        worker.unload();
        assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
        let error = loading.join().expect("no panic").expect_err("it was taken away");
        assert_eq!(error.code, "cancelled");
    });
    assert_eq!((worker.pid(), worker.loaded()), (None, None));
    assert_eq!(worker.devices(), None, "none runs, and none is started to ask it");
    assert_eq!(folder.loads(), 1);
}
