//! The façade that the window and the command line share: opening, closing, and what everything else hangs on.

use crate::data_dir::{DataDir, Owned};
use crate::documents::adding::MetSkips;
use crate::error::EngineError;
use crate::events::{IngestEvent, Telemetry};
use crate::follow::LibraryFollower;
use crate::generators::Generators;
use crate::ingest::Ingest;
use crate::ingest::gate::Gate;
use crate::ingest::pipeline::Pipeline;
use crate::listeners::{Listeners, Subscription, lock};
use crate::machine::Machine;
use crate::profile_store::ProfileStore;
use crate::recognition::Recognition;
use crate::removal::Removals;
use crate::runtime_files::RuntimeFiles;
use crate::scan::Walks;
use crate::settings_store::SettingsStore;
use crate::telemetry::{Feed, Live};
use crate::viewer::KeptFile;
use crate::watch::Watch;
use crate::workers::{EmbedderChoice, ExchangeableEmbedder, parse_worker, scan_worker};
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::settings::Settings;
use docmind_store::{INDEX_FROM, Library, UserDb, VectorStore};
use docmind_wire::parse::ParseWorker;
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// How the library is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Alone, for everything.
    ReadWrite,
    /// Beside whoever owns it: list, search, look.
    ReadOnly,
}

/// What happens by itself while the library is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// The queue is worked on and folders are followed: the application.
    All,
    /// The queue is worked on: the command line while it adds.
    Ingest,
    /// Nothing.
    Nothing,
}

/// What to open.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// `None` is the platform's.
    pub data_dir: Option<PathBuf>,
    /// Folder of native libraries; `None` finds it.
    pub runtime_dir: Option<PathBuf>,
    /// Folder of the workers; `None` finds it.
    pub bin_dir: Option<PathBuf>,
    /// Alone or beside another.
    pub mode: OpenMode,
    /// What happens by itself.
    pub background: Background,
}

impl EngineOptions {
    /// The platform's folders, alone, with everything going on: what the application wants.
    pub fn application() -> Self {
        Self {
            data_dir: None,
            runtime_dir: None,
            bin_dir: None,
            mode: OpenMode::ReadWrite,
            background: Background::All,
        }
    }
}

/// An open library with all that works on it. Clones share it. Every method blocks; none needs a runtime, and all may be called
/// from any thread.
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) dir: DataDir,
    pub(crate) files: RuntimeFiles,
    pub(crate) settings: Mutex<SettingsStore>,
    pub(crate) profiles: Mutex<ProfileStore>,
    pub(crate) library: Arc<Library>,
    pub(crate) index: Arc<VectorStore>,
    /// `None` when opened for reading only.
    pub(crate) user: Option<Arc<UserDb>>,
    /// `None` when the worker is missing.
    pub(crate) parser: Result<Arc<ParseWorker>, ErrorReport>,
    /// Reads scans, where text recognition is installed.
    pub(crate) scans: Option<Arc<ParseWorker>>,
    pub(crate) embedder: Arc<ExchangeableEmbedder>,
    pub(crate) generators: Generators,
    pub(crate) pipeline: Option<Arc<Pipeline>>,
    pub(crate) removals: Removals,
    pub(crate) walks: Walks,
    pub(crate) met_skips: MetSkips,
    pub(crate) gate: Gate,
    pub(crate) events: Listeners<IngestEvent>,
    pub(crate) machine: Arc<Machine>,
    pub(crate) live: Arc<Mutex<Live>>,
    pub(crate) feed: Feed,
    pub(crate) watch: Mutex<Option<Watch>>,
    pub(crate) kept_file: Mutex<Option<KeptFile>>,
    /// Collections follow moved files.
    _moves: Option<Subscription>,
    /// What opening had to say.
    notices: Vec<Notice>,
    ingest: Mutex<Option<Ingest>>,
    owned: Mutex<Option<Owned>>,
}

/// From so many passages on there is a vector index. `DOCMIND_INDEX_FROM` lets tests harm the index of a small library.
fn index_from() -> usize {
    let named = std::env::var("DOCMIND_INDEX_FROM").ok();
    named.and_then(|number| number.parse().ok()).unwrap_or(INDEX_FROM)
}

impl Engine {
    /// Opens or creates the library.
    ///
    /// # Errors
    /// `library_in_use` with the owner's process id, `no_library` for reading where there is none, `data_folder_unusable`, and the
    /// store's own.
    pub fn open(options: EngineOptions) -> Result<Self, ErrorReport> {
        let root = match options.data_dir {
            Some(root) => root,
            None => DataDir::default_root()?,
        };
        let files = RuntimeFiles::find(options.bin_dir, options.runtime_dir);
        let (dir, owned) = match options.mode {
            OpenMode::ReadWrite => {
                let owned = DataDir::create(&root)?.own()?;
                (owned.dir().clone(), Some(owned))
            }
            OpenMode::ReadOnly => (DataDir::existing(&root)?, None),
        };
        let mut notices = Vec::new();
        let (settings, told) = SettingsStore::load(&dir.settings_file(), options.mode)?;
        notices.extend(told);
        let (profiles, told) = ProfileStore::load(&dir.profiles_file())?;
        notices.extend(told);

        let (library, index, user) = if let Some(owned) = &owned {
            let library = Arc::new(Library::open(dir.root())?);
            let index = Arc::new(VectorStore::open_from(
                Arc::clone(&library),
                owned.unclean,
                index_from(),
            )?);
            (library, index, Some(Arc::new(UserDb::open(dir.root())?)))
        } else {
            let library = Arc::new(Library::open_read_only(dir.root())?);
            let index = Arc::new(VectorStore::open_read_only(Arc::clone(&library))?);
            (library, index, None)
        };
        notices.extend(user.as_ref().and_then(|user| user.recovered().cloned()));
        let parser = parse_worker(&files, crate::ingest::READERS + 1)
            .map(Arc::new)
            .map_err(ErrorReport::from);
        let scans = Recognition::find()
            .and_then(|recognition| scan_worker(&files, &recognition, crate::ingest::READERS).ok())
            .map(Arc::new);
        let choice = EmbedderChoice::from(settings.current());
        let embedder = Arc::new(ExchangeableEmbedder::new(files.clone(), dir.models(), choice));
        let gate = Gate::default();
        let events = Listeners::default();
        let machine = Arc::new(Machine::new());
        let live = Arc::new(Mutex::new(Live::default()));
        let pipeline = match (&owned, &parser) {
            (Some(_), Ok(parser)) => {
                let pipeline = Pipeline::new(
                    Arc::clone(&library),
                    Arc::clone(&index) as _,
                    Arc::clone(parser) as _,
                    Arc::clone(&embedder) as _,
                    gate.clone(),
                    events.clone(),
                );
                let pipeline = pipeline.recognising(scans.clone().map(|scans| scans as _));
                pipeline.recognise_scans(settings.current().recognise_scans);
                Some(Arc::new(pipeline))
            }
            _ => None,
        };
        let moves = pipeline
            .as_ref()
            .zip(user.clone())
            .map(|(pipeline, user)| pipeline.on_move(crate::collections::follow_moves(user)));
        let generators = Generators::new(files.clone(), dir.clone(), Arc::clone(&live));
        generators.keep_offline(settings.current().offline);
        let feed = Feed::new(crate::reading::sampler(
            Arc::clone(&machine),
            Arc::clone(&live),
            generators.process(),
            Arc::clone(&embedder),
            parser.iter().chain(&scans).cloned().collect(),
            pipeline.clone(),
        ));
        let inner = Arc::new(Inner {
            dir,
            files,
            settings: Mutex::new(settings),
            profiles: Mutex::new(profiles),
            library,
            index,
            user,
            parser,
            scans,
            embedder,
            generators,
            pipeline,
            removals: Removals::default(),
            walks: Walks::default(),
            met_skips: MetSkips::default(),
            gate,
            events,
            machine,
            live,
            feed,
            watch: Mutex::new(None),
            kept_file: Mutex::new(None),
            _moves: moves,
            notices,
            ingest: Mutex::new(None),
            owned: Mutex::new(owned),
        });
        let engine = Self(inner);
        if options.mode == OpenMode::ReadWrite {
            if let Err(report) = engine.purge_hidden(f64::MAX) {
                // They stay hidden, and nothing else depends on it.
                tracing::warn!(%report, "removed documents are forgotten at the next start");
            }
            engine.tend_conversations();
            if options.background != Background::Nothing {
                engine.start_ingest();
            }
            if options.background == Background::All {
                engine.start_following();
            }
        }
        Ok(engine)
    }

    fn start_ingest(&self) {
        if let Some(pipeline) = &self.0.pipeline {
            match self.0.library.counts() {
                Ok(counts) => pipeline.queued(counts.queued + counts.working),
                Err(error) => tracing::warn!(%error, "the queue cannot be counted"),
            }
            if self.holds_vectors_of_another() {
                pipeline.forget_embedder();
            }
            *lock(&self.0.ingest) = Some(Ingest::start(Arc::clone(pipeline)));
        }
    }

    /// The settings were given another embedder while the library was closed. Its name alone is compared: looking closer would start
    /// it. Another version of the same shows at the first question.
    fn holds_vectors_of_another(&self) -> bool {
        let chosen = self.settings().embedder;
        let name = Path::new(&chosen).file_name();
        matches!(self.0.library.embedder(), Ok(Some(held)) if name.is_some_and(|name| name != held.name.as_str()))
    }

    fn start_following(&self) {
        let watch = Watch::start(LibraryFollower::new(Arc::downgrade(&self.0)));
        watch.follow(
            lock(&self.0.settings)
                .current()
                .watched_folders
                .iter()
                .map(PathBuf::from)
                .collect(),
        );
        *lock(&self.0.watch) = Some(watch);
    }

    /// Stops what runs, puts back what is unfinished, and says that all was closed in order. Afterwards nothing works any more.
    /// Called by the last clone's drop too; then what fails is logged only.
    pub fn close(&self) {
        self.0.close();
    }

    /// The same for whoever cannot wait: an index that is being built is given up, and built when the library is opened next.
    pub fn close_at_once(&self) {
        self.0.index.give_up_building();
        self.close();
    }

    /// What opening had to say: settings that could not be read, and the like.
    pub fn notices(&self) -> &[Notice] {
        &self.0.notices
    }

    /// The data folder.
    pub fn data_dir(&self) -> &DataDir {
        &self.0.dir
    }

    /// Where the native parts are.
    pub fn runtime_files(&self) -> &RuntimeFiles {
        &self.0.files
    }

    /// Readings of machine and engine twice a second until dropped. Nothing is measured while nobody listens.
    pub fn on_telemetry(&self, callback: impl Fn(&Telemetry) + Send + Sync + 'static) -> Subscription {
        self.0.feed.subscribe(callback)
    }

    /// One reading now.
    pub fn telemetry(&self) -> Telemetry {
        self.0.feed.read()
    }

    /// Hears what happens to documents until dropped.
    pub fn on_ingest(&self, callback: impl Fn(&IngestEvent) + Send + Sync + 'static) -> Subscription {
        self.0.events.subscribe(callback)
    }

    /// The settings as they are.
    pub fn settings(&self) -> Settings {
        lock(&self.0.settings).current().clone()
    }

    /// Sets one setting by name; what depends on it follows.
    ///
    /// # Errors
    /// `bad_setting`, `settings_unsaved`, `read_only`.
    pub fn set_setting(&self, key: &str, value: Value) -> Result<Settings, ErrorReport> {
        self.writable()?;
        lock(&self.0.settings).set(key, value)?;
        Ok(self.settings_changed())
    }

    /// Changes the settings that are named, all or none; what depends on them follows.
    ///
    /// # Errors
    /// `bad_setting`, `settings_unsaved`, `read_only`.
    pub fn change_settings(&self, change: &Map<String, Value>) -> Result<Settings, ErrorReport> {
        self.writable()?;
        lock(&self.0.settings).change(change)?;
        Ok(self.settings_changed())
    }

    /// Replaces all settings; what depends on them follows.
    ///
    /// # Errors
    /// `settings_unsaved`, `read_only`.
    pub fn replace_settings(&self, settings: &Settings) -> Result<Settings, ErrorReport> {
        self.writable()?;
        lock(&self.0.settings).replace(settings)?;
        Ok(self.settings_changed())
    }

    fn settings_changed(&self) -> Settings {
        let settings = self.settings();
        self.0.generators.keep_offline(settings.offline);
        if let Some(user) = &self.0.user
            && let Ok(text) = serde_json::to_string(&without_secrets(&settings))
            && let Err(error) = user.remember_settings(&text, crate::clock::now_ms())
        {
            tracing::warn!(%error, "the history of settings could not be written");
        }
        if self.0.embedder.choose(EmbedderChoice::from(&settings))
            && let Some(pipeline) = &self.0.pipeline
        {
            pipeline.forget_embedder();
            pipeline.unblock();
        }
        if let Some(pipeline) = &self.0.pipeline
            && pipeline.recognise_scans(settings.recognise_scans)
            && let Err(report) = self.retry_scans()
        {
            tracing::warn!(code = %report.code, "scans are not read again: {}", report.message);
        }
        if let Some(watch) = &*lock(&self.0.watch) {
            watch.follow(settings.watched_folders.iter().map(PathBuf::from).collect());
        }
        settings
    }

    pub(crate) fn writable(&self) -> Result<(), EngineError> {
        if self.0.user.is_some() {
            Ok(())
        } else {
            Err(EngineError::ReadOnly)
        }
    }

    pub(crate) fn user(&self) -> Result<&UserDb, EngineError> {
        self.0.user.as_deref().ok_or(EngineError::ReadOnly)
    }

    pub(crate) fn pipeline(&self) -> Result<&Arc<Pipeline>, ErrorReport> {
        match (&self.0.pipeline, &self.0.parser) {
            (Some(pipeline), _) => Ok(pipeline),
            (None, Err(missing)) => Err(missing.clone()),
            (None, Ok(_)) => Err(EngineError::ReadOnly.into()),
        }
    }
}

/// Settings as they may be kept in a history or shown in diagnostics.
pub(crate) fn without_secrets(settings: &Settings) -> Settings {
    let hidden = settings.remote_api_key.as_ref().map(|_| "(hidden)".to_owned());
    Settings {
        remote_api_key: hidden,
        ..settings.clone()
    }
}

impl Inner {
    fn close(&self) {
        self.feed.close();
        // Before the watching thread is waited for: it may be in one.
        self.walks.close();
        drop(lock(&self.watch).take());
        if let Some(mut ingest) = lock(&self.ingest).take() {
            ingest.stop();
        }
        self.generators.stop();
        self.embedder.stop();
        for reader in self.parser.iter().chain(&self.scans) {
            reader.stop();
        }
        let Some(owned) = lock(&self.owned).take() else { return };
        let closed = [
            ("index", self.index.close().map_err(ErrorReport::from)),
            ("library", self.library.close().map_err(ErrorReport::from)),
            (
                "user",
                self.user
                    .as_ref()
                    .map_or(Ok(()), |user| user.close().map_err(ErrorReport::from)),
            ),
        ];
        let mut clean = true;
        for (what, result) in closed {
            if let Err(report) = result {
                clean = false;
                tracing::warn!(what, code = %report.code, detail = ?report.detail, "not closed in order: {}", report.message);
            }
        }
        if clean {
            owned.mark_clean();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}
