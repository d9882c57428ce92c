//! A library opened through the façade, with the real workers.

use anyhow::{Context, Result};
use docmind_core::answer::Answer;
use docmind_core::cancel::CancelToken;
use docmind_core::conversation::ConversationId;
use docmind_core::document::DocumentId;
use docmind_core::error::ErrorReport;
use docmind_engine::ask::AskRequest;
use docmind_engine::events::AskEvent;
use docmind_engine::{Background, Engine, EngineOptions, OpenMode};
use docmind_tests::bin_dir;
use std::path::{Path, PathBuf};

/// A data folder of its own, and where the built parts are.
pub struct House {
    data: tempfile::TempDir,
    runtime: PathBuf,
}

impl House {
    /// `None`, with a printed line, where the native libraries were not set up; see [`docmind_tests::missing`].
    pub fn new() -> Result<Option<Self>> {
        let runtime = std::env::var_os("DOCMIND_RUNTIME_DIR").map_or_else(|| bin_dir().join("runtime"), PathBuf::from);
        if !runtime.join("embedders").is_dir() {
            docmind_tests::missing(&format!("`{}` is not set up; run cargo xtask build", runtime.display()))?;
            return Ok(None);
        }
        Ok(Some(Self {
            data: tempfile::tempdir()?,
            runtime,
        }))
    }

    /// Its data folder.
    pub fn path(&self) -> &Path {
        self.data.path()
    }

    /// Opens the library.
    pub fn open(&self, background: Background) -> Result<Engine> {
        Engine::open(EngineOptions {
            data_dir: Some(self.data.path().to_owned()),
            runtime_dir: Some(self.runtime.clone()),
            bin_dir: Some(bin_dir()),
            mode: OpenMode::ReadWrite,
            background,
        })
        .map_err(report)
    }

    /// Opens it with the samples indexed.
    pub fn with_samples(&self) -> Result<Engine> {
        let engine = self.open(Background::Ingest)?;
        add(&engine, &docmind_tests::root().join("assets/samples"))?;
        Ok(engine)
    }
}

/// Adds a path and waits until it is searchable.
pub fn add(engine: &Engine, path: &Path) -> Result<()> {
    let cancel = CancelToken::new();
    engine
        .add_paths(&[path.to_owned()], &cancel, &mut |_| {})
        .map_err(report)?;
    engine.wait_for_ingest(&cancel).map_err(report)
}

/// A report as an error of the test, code first.
pub fn report(report: ErrorReport) -> anyhow::Error {
    anyhow::anyhow!("{}: {}", report.code, report.message)
}

/// A folder of one's own, by its true path.
pub fn folder() -> Result<(tempfile::TempDir, PathBuf)> {
    let temp = tempfile::tempdir()?;
    let path = temp.path().canonicalize()?;
    Ok((temp, path))
}

/// The document at a path.
pub fn id_of(engine: &Engine, path: &Path) -> Result<DocumentId> {
    let found = engine.documents_at(path).map_err(report)?;
    found.first().copied().context("it is in the library")
}

/// Asks, and gives the answer with the conversation that it stands in.
pub fn ask(engine: &Engine, request: &AskRequest) -> Result<(Answer, ConversationId)> {
    let mut conversation = request.conversation;
    let answer = engine
        .ask(request, &CancelToken::new(), &mut |event| {
            if let AskEvent::Started { conversation: id, .. } = event {
                conversation = Some(id);
            }
        })
        .map_err(report)?;
    Ok((answer, conversation.context("a conversation")?))
}

/// A question with nothing else set.
pub fn question(text: &str) -> AskRequest {
    AskRequest {
        question: text.to_owned(),
        ..AskRequest::default()
    }
}
