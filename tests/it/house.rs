//! A library opened through the façade, with the real workers.

use anyhow::Result;
use docmind_core::error::ErrorReport;
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
    let cancel = docmind_core::cancel::CancelToken::new();
    engine
        .add_paths(&[path.to_owned()], &cancel, &mut |_| {})
        .map_err(report)?;
    engine.wait_for_ingest(&cancel).map_err(report)
}

/// A report as an error of the test, code first.
pub fn report(report: ErrorReport) -> anyhow::Error {
    anyhow::anyhow!("{}: {}", report.code, report.message)
}
