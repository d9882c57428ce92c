//! Logs: a file a day in the data folder, five kept, no document text.

use crate::options::Options;
use docmind_engine::data_dir::DataDir;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::EnvFilter;

/// Files kept.
const KEPT: usize = 5;
/// What is written unless `DOCMIND_LOG` says otherwise: of the vector store only what went wrong.
const FILTER: &str = "info,lance=warn";

/// Starts writing; what is still in memory is written when the guard is dropped. Without a place to write to there are no logs:
/// the window says itself what is wrong with the data folder.
pub fn start(options: &Options) -> Option<WorkerGuard> {
    let root = options.data_dir.clone().or_else(|| DataDir::default_root().ok())?;
    let folder = DataDir::create(&root).ok()?.logs();
    let file = Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix("window")
        .filename_suffix("log")
        .max_log_files(KEPT)
        .build(folder)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    let filter = EnvFilter::try_from_env("DOCMIND_LOG").unwrap_or_else(|_| EnvFilter::new(FILTER));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(writer)
        .try_init()
        .ok()?;
    Some(guard)
}
