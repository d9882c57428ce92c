//! One small file a command. Each opens the engine in the weakest way that does.

mod add;
mod ask;
mod bench;
mod check;
mod doctor;
mod eval;
mod export;
mod extract;
mod list;
mod models;
mod packaging;
mod profiles;
mod rebuild;
mod remove;
mod search;
mod verify;

use crate::arguments::{Arguments, Command};
use crate::output::{Output, WARN};
use crate::{Outcome, interrupt};
use docmind_core::cancel::CancelToken;
use docmind_core::error::ErrorReport;
use docmind_engine::data_dir::DataDir;
use docmind_engine::events::DocumentRow;
use docmind_engine::extract::Extractor;
use docmind_engine::path_text::base64_if_lossy;
use docmind_engine::runtime_files::RuntimeFiles;
use docmind_engine::{Background, Engine, EngineOptions, OpenMode};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// What every command may need.
pub struct Context<'a> {
    /// Where results go.
    pub output: &'a Output,
    /// Cancelled by the first interrupt.
    pub cancel: CancelToken,
    data_dir: Option<PathBuf>,
}

impl Context<'_> {
    /// Opens the library.
    fn open(&self, mode: OpenMode, background: Background) -> anyhow::Result<Engine> {
        let engine = Engine::open(EngineOptions {
            data_dir: self.data_dir.clone(),
            runtime_dir: None,
            bin_dir: None,
            mode,
            background,
        })?;
        for notice in engine.notices() {
            self.output.notice(notice)?;
        }
        Ok(engine)
    }

    /// The data folder that is asked for.
    fn data_folder(&self) -> anyhow::Result<PathBuf> {
        match &self.data_dir {
            Some(folder) => Ok(folder.clone()),
            None => Ok(DataDir::default_root().map_err(ErrorReport::from)?),
        }
    }

    /// Opens it alone, with nothing going on by itself.
    fn open_alone(&self) -> anyhow::Result<Engine> {
        self.open(OpenMode::ReadWrite, Background::Nothing)
    }

    /// Opens it alone, or for reading beside a running application: then with the report that names the owner.
    fn open_beside(&self) -> anyhow::Result<(Engine, Option<ErrorReport>)> {
        match self.open_alone() {
            Err(error) => match error.downcast::<ErrorReport>()? {
                report if report.code == "library_in_use" => {
                    let engine = self.open(OpenMode::ReadOnly, Background::Nothing)?;
                    Ok((engine, Some(report)))
                }
                report => Err(report.into()),
            },
            Ok(engine) => Ok((engine, None)),
        }
    }

    /// Opens it for reading; `None` where there is none yet.
    fn open_to_read(&self) -> anyhow::Result<Option<Engine>> {
        match self.open(OpenMode::ReadOnly, Background::Nothing) {
            Ok(engine) => Ok(Some(engine)),
            Err(error) if code(&error) == Some("no_library") || code(&error) == Some("library_missing") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Reads files without a library, scans too where that is asked for.
fn extractor(recognise: bool) -> Result<Extractor, ErrorReport> {
    let files = RuntimeFiles::find(None, None);
    let made = if recognise {
        Extractor::recognising(&files)
    } else {
        Extractor::new(&files)
    };
    Ok(made?)
}

/// `path`, and its bytes beside it where it is not UTF-8.
fn path_fields(path: &Path) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("path".to_owned(), path.to_string_lossy().into_owned().into());
    if let Some(bytes) = base64_if_lossy(path) {
        fields.insert("path_bytes".to_owned(), bytes.into());
    }
    fields
}

/// ` (3 of 212 pages unreadable)`; nothing where all were read.
fn unread(row: &DocumentRow) -> String {
    match row.failed_pages.len() {
        0 => String::new(),
        count => format!(" {WARN}({count} of {} pages unreadable){WARN:#}", row.pages),
    }
}

/// The code of a report within an error.
fn code(error: &anyhow::Error) -> Option<&str> {
    error.downcast_ref::<ErrorReport>().map(|report| report.code.as_str())
}

/// Runs the command asked for.
pub fn run(arguments: Arguments, output: &Output) -> anyhow::Result<Outcome> {
    let context = Context {
        output,
        cancel: interrupt::cancel_token(),
        data_dir: arguments.data_dir,
    };
    match arguments.command {
        Command::Add(arguments) => add::run(&context, &arguments),
        Command::List => list::run(&context),
        Command::Remove(arguments) => remove::run(&context, &arguments),
        Command::Extract(arguments) => extract::run(&context, &arguments),
        Command::Search(arguments) => search::run(&context, &arguments),
        Command::Ask(arguments) => ask::run(&context, arguments),
        Command::Export(arguments) => export::run(&context, &arguments),
        Command::Verify(arguments) => verify::run(&context, &arguments),
        Command::Eval(command) => eval::run(&context, command),
        Command::Check => check::run(&context),
        Command::Rebuild => rebuild::run(&context),
        Command::Bench(command) => bench::run(&context, command),
        Command::Profiles(arguments) => profiles::run(&context, &arguments),
        Command::Models(command) => models::run(&context, command),
        Command::Completions { shell } => packaging::completions(shell),
        Command::Man => packaging::man(),
        Command::Doctor => doctor::run(&context),
    }
}
