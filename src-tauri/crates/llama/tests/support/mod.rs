//! What the tests of sessions share: backends, a tiny model, requests.
#![allow(dead_code, reason = "each test binary uses its part")]

use docmind_core::cancel::CancelToken;
use docmind_core::generation::{GenerateEvent, GenerateRequest, GenerationStats, Message, Role, Sampling};
use docmind_core::model::WeightType;
use docmind_core::plan::{LOGIT_ROWS, LoadRequest};
use docmind_core::profile::{Attention, KvType, Offload, Profile};
use docmind_llama::backend::{Backends, GpuUse};
use docmind_llama::load;
use docmind_llama::make::{Shape, make_model};
use docmind_llama::native::{Context, ContextSettings, Model, ModelSettings};
use docmind_llama::session::Session;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The modules cargo built, or those of an installed runtime.
pub fn backends() -> &'static Backends {
    static BACKENDS: OnceLock<Backends> = OnceLock::new();
    BACKENDS.get_or_init(|| {
        let folder = std::env::var_os("DOCMIND_RUNTIME_DIR").map(|dir| PathBuf::from(dir).join("backends"));
        let folder = folder
            .or_else(|| llama_cpp_sys_2::BACKENDS_DIR.map(PathBuf::from))
            .expect("modules of ggml");
        Backends::start(&folder, GpuUse::Allowed).expect("a CPU backend")
    })
}

/// One test computes at a time: two would only slow each other down.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A tiny model, made once a process.
pub fn model(weights: WeightType) -> String {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    static MAKING: Mutex<()> = Mutex::new(());
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a folder"));
    let path = folder.path().join(format!("{}.gguf", weights.as_str()));
    let _one = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    if !path.exists() {
        make_model(&Shape::TINY, weights, &path).expect("written");
    }
    path.display().to_string()
}

pub fn profile(attention: Attention, context_tokens: u32) -> Profile {
    Profile {
        name: "test".into(),
        summary: String::new(),
        weights: WeightType::Q8_0,
        attention,
        context_tokens,
        n_batch: 512,
        n_ubatch: 128,
        offload: Offload::None,
        threads: 1,
        graph_capture: false,
        speculation: false,
        builtin: false,
    }
}

pub fn flash() -> Attention {
    Attention::Flash { kv: KvType::F16 }
}

pub fn request(path: String, profile: Profile) -> LoadRequest {
    LoadRequest {
        path,
        profile,
        embedder_mib: 0,
        snapshot_memory_mib: 64,
        snapshot_dir: None,
        snapshot_disk_mib: 0,
        may_degrade: false,
    }
}

pub fn session(profile: Profile) -> Session {
    load::load(backends(), &request(model(WeightType::Q8_0), profile), &mut |_| true)
        .expect("loaded")
        .0
}

pub fn message(role: Role, content: &str) -> Message {
    Message {
        role,
        content: content.to_owned(),
    }
}

pub fn ask(messages: Vec<Message>, max_output_tokens: u32) -> GenerateRequest {
    GenerateRequest {
        messages,
        sampling: Sampling::greedy(),
        max_output_tokens,
        thinking: false,
        grammar: None,
        draft_from: Vec::new(),
    }
}

/// Runs to the end and gathers the answer's text.
pub fn run(session: &mut Session, request: &GenerateRequest) -> (String, GenerationStats, Vec<GenerateEvent>) {
    let mut text = String::new();
    let mut events = Vec::new();
    let stats = session
        .generate(request, &CancelToken::new(), &mut |event| {
            if let GenerateEvent::Text { text: piece } = &event {
                text.push_str(piece);
            }
            events.push(event);
        })
        .expect("answered");
    (text, stats, events)
}

/// The text of thinking among them.
pub fn thoughts(events: &[GenerateEvent]) -> String {
    events
        .iter()
        .filter_map(|event| match event {
            GenerateEvent::Thinking { text } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// A GBNF grammar that allows exactly `text`, character by character.
pub fn exactly(text: &str) -> String {
    let quoted: String = text
        .chars()
        .map(|c| match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            c => c.to_string(),
        })
        .collect();
    format!("root ::= \"{quoted}\"")
}

/// The tiny model alone, for a loop by hand.
pub fn bare_model() -> Arc<Model> {
    backends();
    let settings = ModelSettings {
        gpu_layers: 0,
        device: None,
        dry: false,
    };
    Model::load(&model(WeightType::Q8_0), &settings, &mut |_| true).expect("loaded")
}

/// A context of it.
pub fn context(model: &Arc<Model>, flash: bool, kv: KvType) -> Context {
    let settings = ContextSettings {
        context_tokens: 1024,
        n_batch: 512,
        n_ubatch: 128,
        logit_rows: LOGIT_ROWS,
        flash,
        kv,
        threads: 1,
    };
    Context::new(model, settings).expect("made")
}
