//! What this machine and this installation have, and what is missing and why; and diagnostics that hold no document text.

use crate::engine::{Engine, without_secrets};
use crate::path_text;
use crate::recognition;
use crate::runtime_files::RuntimeFiles;
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::hardware::HardwareInventory;
use docmind_core::ports::{Embedder, HardwareProbe};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::Path;

const RECOGNITION: &str = "text recognition";

/// One part of the installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What it is.
    pub name: String,
    /// It is there and works, as far as was tried.
    pub ok: bool,
    /// Where, or why not.
    pub detail: String,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Examination {
    /// Nothing is missing that the main job needs.
    pub ok: bool,
    /// Of DocMind.
    pub version: String,
    /// Name of the system.
    pub system: String,
    /// Where documents, conversations and settings lie; lossy where the path is not UTF-8 (`data_dir_bytes` then holds it in base64).
    pub data_dir: String,
    /// base64 of the path's bytes, only where it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir_bytes: Option<String>,
    /// Processor, memory, GPUs.
    pub machine: HardwareInventory,
    /// Why NVIDIA's library is not used, where it is not.
    pub nvml: String,
    /// The parts.
    pub parts: Vec<Part>,
    /// Backends of llama.cpp, their devices, modules found or why not.
    pub backends: Value,
    /// Documents, passages, problems.
    pub library: Value,
    /// What is not broken and could be better, with what to do.
    pub notices: Vec<Notice>,
}

impl Examination {
    /// What was found of machine and installation, where the library in `data_dir` cannot be opened.
    #[must_use]
    pub fn without_library(mut self, data_dir: &Path, report: &ErrorReport) -> Self {
        self.ok = false;
        self.data_dir = data_dir.to_string_lossy().into_owned();
        self.data_dir_bytes = path_text::base64_if_lossy(data_dir);
        self.library = json!({ "error": report });
        self.notices.clear();
        self
    }
}

impl Engine {
    /// Looks at machine, installation and library. Starts the workers once to see that they run.
    pub fn examine(&self) -> Examination {
        let files = self.runtime_files();
        let mut parts = installed(files);
        parts.push(self.embedder_part());
        parts.push(part(RECOGNITION, recognition::examine(files)));
        let backends = match self.0.generators.backends() {
            Ok(report) => {
                parts.push(part(
                    "docmind-generate",
                    Ok(format!("{}, {} devices", report.version, report.devices.len())),
                ));
                json!(report)
            }
            Err(report) => {
                parts.push(part("docmind-generate", Err(one_line(&report))));
                json!({ "error": report })
            }
        };
        let library = match (self.check(), self.summary()) {
            (Ok(check), Ok(summary)) => {
                json!({ "check": check, "summary": summary, "bytes": self.data_dir().size_bytes() })
            }
            (Err(report), _) | (_, Err(report)) => json!({ "error": report }),
        };
        let sound = library["check"]["ok"] == true;
        Examination {
            // Without a generator answers are extractive, and without recognition scans are said to be some: nothing is broken.
            ok: sound
                && parts
                    .iter()
                    .filter(|part| !["docmind-generate", RECOGNITION].contains(&part.name.as_str()))
                    .all(|part| part.ok),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            data_dir: self.data_dir().root().to_string_lossy().into_owned(),
            data_dir_bytes: path_text::base64_if_lossy(self.data_dir().root()),
            machine: self.0.machine.inventory(),
            nvml: self.0.machine.nvml_absent().unwrap_or_else(|| "found".to_owned()),
            parts,
            backends,
            library,
            // A library that cannot be read says so above.
            notices: (self.language_offer().ok().flatten().map(|offer| offer.notice))
                .into_iter()
                .collect(),
        }
    }

    fn embedder_part(&self) -> Part {
        let card = self.0.embedder.card();
        part(
            "embedder",
            card.map(|card| {
                format!("{}, {} dimensions, {:?}", card.name, card.dimensions, card.precision).to_lowercase()
            })
            .map_err(|report| one_line(&report)),
        )
    }

    /// What helps to find a fault, as JSON text: versions, machine, settings, states of documents by number. No document's text,
    /// title or path.
    pub fn diagnostics(&self) -> String {
        let settings = without_secrets(&self.settings());
        let watched = settings.watched_folders.len();
        let mut settings = json!(settings);
        if let Some(fields) = settings.as_object_mut() {
            fields.insert("watched_folders".to_owned(), json!(watched));
            fields.insert("remote_url".to_owned(), json!("(hidden)"));
            for named in ["embedder", "reranker"] {
                // A folder of a person's own may lie anywhere: its name says enough.
                if let Some(Value::String(folder)) = fields.get_mut(named) {
                    *folder = path_text::name(Path::new(folder.as_str()));
                }
            }
            fields.insert(
                "model".to_owned(),
                json!(fields.get("model").is_some_and(|model| !model.is_null())),
            );
        }
        let live = crate::listeners::lock(&self.0.live).stats.clone();
        let diagnostics = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            "machine": self.0.machine.inventory(),
            "parts": installed(self.runtime_files()),
            "library": self.summary().ok(),
            "data_bytes": self.data_dir().size_bytes(),
            "settings": settings,
            "last_answer": live,
        });
        serde_json::to_string_pretty(&diagnostics).unwrap_or_default()
    }
}

fn installed(files: &RuntimeFiles) -> Vec<Part> {
    let mut parts: Vec<Part> = ["docmind-parse", "docmind-embed", "docmind-generate"]
        .into_iter()
        .map(|name| {
            let found = files
                .worker(name)
                .map(|path| path.display().to_string())
                .map_err(|error| one_line(&error.into()));
            part(&format!("{name} binary"), found)
        })
        .collect();
    for name in ["pdfium", "onnxruntime"] {
        let file = format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        parts.push(exists(name, &files.runtime_dir.join(file)));
    }
    parts
}

fn exists(name: &str, path: &Path) -> Part {
    let shown = path.display();
    part(
        name,
        if path.exists() {
            Ok(shown.to_string())
        } else {
            Err(format!("`{shown}` is missing: install DocMind again"))
        },
    )
}

fn part(name: &str, found: Result<String, String>) -> Part {
    let ok = found.is_ok();
    Part {
        name: name.to_owned(),
        ok,
        detail: found.unwrap_or_else(|reason| reason),
    }
}

fn one_line(report: &ErrorReport) -> String {
    report.message.replace('\n', " ")
}
