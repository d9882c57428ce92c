//! How the child processes are started, and the embedder that can be exchanged while the library is open.

use crate::error::EngineError;
use crate::recognition::Recognition;
use crate::runtime_files::RuntimeFiles;
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::EmbeddedChunk;
use docmind_core::embedding::{EmbedderCard, Embedding, Precision, TextKind};
use docmind_core::error::ErrorReport;
use docmind_core::ports::{Embedder, PagesToEmbed, Reranker};
use docmind_core::settings::Settings;
use docmind_wire::embed::EmbedWorker;
use docmind_wire::launch::Launch;
use docmind_wire::parse::{ParseLimits, ParseWorker};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// The pool of document readers.
///
/// # Errors
/// The worker's binary is missing.
pub fn parse_worker(files: &RuntimeFiles, children: usize) -> Result<ParseWorker, EngineError> {
    Ok(ParseWorker::new(
        reader_launch(files)?,
        children,
        ParseLimits::default(),
    ))
}

fn reader_launch(files: &RuntimeFiles) -> Result<Launch, EngineError> {
    Ok(Launch::new(files.worker("docmind-parse")?)
        .arg("--runtime")
        .arg(&files.runtime_dir))
}

/// The pool of readers of scans.
///
/// # Errors
/// The worker's binary is missing.
pub fn scan_worker(
    files: &RuntimeFiles,
    recognition: &Recognition,
    children: usize,
) -> Result<ParseWorker, EngineError> {
    Ok(ParseWorker::new(
        recognition_launch(files, recognition)?,
        children,
        ParseLimits::recognising(),
    ))
}

/// The launch of a reader of scans.
///
/// # Errors
/// The worker's binary is missing.
pub fn recognition_launch(files: &RuntimeFiles, recognition: &Recognition) -> Result<Launch, EngineError> {
    Ok(reader_launch(files)?
        .arg("--tessdata")
        .arg(&recognition.tessdata)
        .arg("--languages")
        .arg(recognition.languages.join("+"))
        // A reader a core is quicker than all cores a page.
        .env("OMP_THREAD_LIMIT", "1"))
}

/// Which embedder, in which precision, with which reranker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbedderChoice {
    /// Folder name, or a path.
    pub embedder: String,
    /// `None` chooses by device.
    pub precision: Option<Precision>,
    /// Folder name, or a path, of a cross-encoder.
    pub reranker: Option<String>,
}

impl From<&Settings> for EmbedderChoice {
    fn from(settings: &Settings) -> Self {
        Self {
            embedder: settings.embedder.clone(),
            precision: settings.embedder_precision,
            reranker: settings.reranker.clone(),
        }
    }
}

/// An embedder that can be exchanged; whoever is in a call keeps the old one until it returns.
pub struct ExchangeableEmbedder {
    files: RuntimeFiles,
    user_models: PathBuf,
    current: RwLock<Current>,
}

struct Current {
    choice: EmbedderChoice,
    worker: Result<Arc<EmbedWorker>, ErrorReport>,
    /// The chosen cross-encoder was not there when the worker was made: it embeds without one.
    without_reranker: Option<ErrorReport>,
}

impl ExchangeableEmbedder {
    /// Starts nothing yet. `user_models` holds model folders a person dropped in; they win over those that ship.
    pub fn new(files: RuntimeFiles, user_models: PathBuf, choice: EmbedderChoice) -> Self {
        let current = start(&files, &user_models, choice);
        Self {
            files,
            user_models,
            current: RwLock::new(current),
        }
    }

    /// Exchanges it where the choice differs, or where what was missing is there now. True when it did.
    pub fn choose(&self, choice: EmbedderChoice) -> bool {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.choice == choice && current.worker.is_ok() {
            let missing = reranker_folder(&self.files, &self.user_models, &choice).err();
            if current.without_reranker == missing {
                return false;
            }
        }
        *current = start(&self.files, &self.user_models, choice);
        true
    }

    /// Process id of the running child.
    pub fn pid(&self) -> Option<u32> {
        self.worker().ok()?.pid()
    }

    /// Ends the child; the next call starts a fresh one.
    pub fn stop(&self) {
        if let Ok(worker) = self.worker() {
            worker.stop();
        }
    }

    /// True when a cross-encoder was chosen.
    pub fn has_reranker(&self) -> bool {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .choice
            .reranker
            .is_some()
    }

    fn worker(&self) -> Result<Arc<EmbedWorker>, ErrorReport> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .worker
            .clone()
    }
}

/// The folder of a model: a path as it is, a name in the person's folder, else in the one that ships.
pub fn model_folder(name: &str, user_models: &Path, shipped: &Path) -> PathBuf {
    let path = Path::new(name);
    let is_name = path.components().count() == 1 && matches!(path.components().next(), Some(Component::Normal(_)));
    if !is_name {
        return path.to_owned();
    }
    let own = user_models.join(name);
    if own.is_dir() { own } else { shipped.join(name) }
}

/// The launch of `docmind-embed` for a choice, with the folder of its cross-encoder where that is there: passages are found without it
/// too.
///
/// # Errors
/// The worker's binary or the embedder's folder is missing.
fn embed_launch(
    files: &RuntimeFiles,
    user_models: &Path,
    choice: &EmbedderChoice,
    reranker: Option<&Path>,
) -> Result<Launch, ErrorReport> {
    let folder = existing_folder(&choice.embedder, user_models, &files.embedders())?;
    let mut launch = Launch::new(files.worker("docmind-embed")?)
        .arg("--runtime")
        .arg(&files.runtime_dir)
        .arg("--embedder")
        .arg(folder);
    if let Some(precision) = choice.precision {
        launch = launch.arg("--precision").arg(precision.as_str());
    }
    if let Some(reranker) = reranker {
        launch = launch.arg("--reranker").arg(reranker);
    }
    Ok(launch)
}

/// The folder of the cross-encoder, where one was chosen.
fn reranker_folder(
    files: &RuntimeFiles,
    user_models: &Path,
    choice: &EmbedderChoice,
) -> Result<Option<PathBuf>, ErrorReport> {
    let chosen = choice.reranker.as_deref();
    chosen
        .map(|name| existing_folder(name, user_models, &files.rerankers()))
        .transpose()
}

fn existing_folder(name: &str, user_models: &Path, shipped: &Path) -> Result<PathBuf, ErrorReport> {
    let folder = model_folder(name, user_models, shipped);
    if folder.is_dir() {
        return Ok(folder);
    }
    Err(ErrorReport::new(
        "embedder_missing",
        format!(
            "The model `{name}` was not found.\nInstall DocMind again, or put the model's folder into `{}`.",
            user_models.display()
        ),
    )
    .with_detail(folder.display()))
}

fn start(files: &RuntimeFiles, user_models: &Path, choice: EmbedderChoice) -> Current {
    let reranker = reranker_folder(files, user_models, &choice);
    if let Err(missing) = &reranker {
        tracing::warn!(code = %missing.code, "passages are not reordered: {}", missing.message);
    }
    let folder = reranker.as_ref().ok().and_then(Option::as_deref);
    Current {
        worker: embed_launch(files, user_models, &choice, folder).map(|launch| Arc::new(EmbedWorker::new(launch))),
        without_reranker: reranker.err(),
        choice,
    }
}

impl Embedder for ExchangeableEmbedder {
    fn card(&self) -> Result<EmbedderCard, ErrorReport> {
        self.worker()?.card()
    }

    fn chunk_and_embed(
        &self,
        documents: &[PagesToEmbed<'_>],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Vec<Vec<EmbeddedChunk>>, ErrorReport> {
        self.worker()?.chunk_and_embed(documents, cancel, progress)
    }

    fn embed(&self, kind: TextKind, texts: &[String], cancel: &CancelToken) -> Result<Vec<Embedding>, ErrorReport> {
        self.worker()?.embed(kind, texts, cancel)
    }
}

impl Reranker for ExchangeableEmbedder {
    fn rerank(&self, question: &str, passages: &[String], cancel: &CancelToken) -> Result<Vec<f32>, ErrorReport> {
        let (worker, missing) = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            (current.worker.clone(), current.without_reranker.clone())
        };
        match missing {
            Some(missing) => Err(missing),
            None => worker?.rerank(question, passages, cancel),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_up_and_a_path_is_taken() {
        let temp = tempfile::tempdir().unwrap();
        let shipped = Path::new("/runtime/embedders");
        assert_eq!(model_folder("mini", temp.path(), shipped), shipped.join("mini"));
        std::fs::create_dir(temp.path().join("mini")).unwrap();
        assert_eq!(model_folder("mini", temp.path(), shipped), temp.path().join("mini"));
        assert_eq!(model_folder("/x/mini", temp.path(), shipped), Path::new("/x/mini"));
        assert_eq!(model_folder("..", temp.path(), shipped), Path::new(".."));
    }

    #[test]
    fn a_missing_model_says_where_to_put_it() {
        let temp = tempfile::tempdir().unwrap();
        let files = RuntimeFiles {
            bin_dir: temp.path().into(),
            runtime_dir: temp.path().into(),
        };
        let choice = EmbedderChoice {
            embedder: "none".into(),
            precision: None,
            reranker: None,
        };
        let embedder = ExchangeableEmbedder::new(files, temp.path().into(), choice);
        let report = embedder.card().unwrap_err();
        assert_eq!(report.code, "embedder_missing");
        assert!(report.message.contains("`none`"), "{report}");
    }

    #[test]
    fn a_reranker_that_ships_is_found_and_without_one_it_embeds_all_the_same() {
        let temp = tempfile::tempdir().unwrap();
        let files = RuntimeFiles {
            bin_dir: temp.path().into(),
            runtime_dir: temp.path().join("runtime"),
        };
        let worker = format!("docmind-embed{}", std::env::consts::EXE_SUFFIX);
        std::fs::write(temp.path().join(worker), "").unwrap();
        std::fs::create_dir_all(files.embedders().join("mini")).unwrap();
        let choice = EmbedderChoice {
            embedder: "mini".into(),
            precision: None,
            reranker: Some("order".into()),
        };
        let embedder = ExchangeableEmbedder::new(files.clone(), temp.path().into(), choice.clone());
        assert!(embedder.worker().is_ok());
        let report = embedder.rerank("?", &[], &CancelToken::new()).unwrap_err();
        assert!(report.message.contains("`order`"), "{report}");
        assert!(!embedder.choose(choice.clone()), "it is still missing");

        let folder = files.rerankers().join("order");
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(reranker_folder(&files, temp.path(), &choice).unwrap(), Some(folder));
        assert!(embedder.choose(choice.clone()));
        assert!(!embedder.choose(choice));
    }
}
