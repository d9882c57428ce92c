//! Who writes: the language model beside the application, or a server that a person entered.

mod by_file;
mod process;
mod reading_speed;
mod server_context;

use crate::data_dir::DataDir;
use crate::error::EngineError;
use crate::events::MemoryOwner;
use crate::listeners::lock;
use crate::model_files::{ModelFamily, find_model};
use crate::runtime_files::RuntimeFiles;
use crate::telemetry::Live;
use by_file::ByFile;
use docmind_core::cancel::CancelToken;
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::generation::GenerationStats;
use docmind_core::measurement::BackendReport;
use docmind_core::model::ModelShape;
use docmind_core::plan::{LoadReport, LoadRequest, MemoryPlan, MemoryShare};
use docmind_core::ports::Generator;
use docmind_core::profile::{Offload, Profile};
use docmind_core::settings::{Backend, RemoteContext, Settings};
use docmind_net::authorities::Authorities;
use docmind_net::download::Download;
use docmind_net::gate::{Gate as NetGate, HostTraffic, Purpose, Rule};
use docmind_net::proxies::Proxies;
use docmind_net::remote::{Dialect, RemoteEngine, UnopenedThoughts};
use docmind_wire::generate::GenerateWorker;
use docmind_wire::launch::Launch;
pub(crate) use process::{ModelProcess, one_a_card};
use reading_speed::{Devices, ReadingSpeeds, guess};
use server_context::{ASSUMED_TOKENS, ServerContexts, ServerModel, decide};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Memory for snapshots of prompt prefixes, in MiB.
const SNAPSHOT_MEMORY_MIB: u32 = 256;
/// Disk space for them, in MiB.
const SNAPSHOT_DISK_MIB: u32 = 2048;
/// What the embedder will take where it does not run yet, in MiB.
const EMBEDDER_MIB: u32 = 150;
/// Fewer tokens read tell nothing of the speed of reading.
const MEASURABLE_TOKENS: u32 = 64;

/// What will write an answer, known before anything is loaded.
pub(crate) struct Writer {
    kind: WriterKind,
    /// As the model was loaded, or as its profile says; of a server see [`Generators::with_context`].
    pub(crate) context_tokens: u32,
    /// Tokens read a second, measured at the last answer of the same model and profile.
    pub(crate) prefill_tps: Option<f64>,
    speed_key: String,
    /// The profile's own weights are not at hand.
    other_weights: Option<Notice>,
}

enum WriterKind {
    Embedded(Box<LoadRequest>),
    Remote(Box<RemoteWriter>),
}

struct RemoteWriter {
    engine: RemoteEngine,
    server: ServerModel,
    /// `None` before it was asked.
    context: Option<RemoteContext>,
}

impl Writer {
    /// Tokens of its context that are kept free for an answer of at most so many.
    pub(crate) fn kept_for_answer(&self, most: u32) -> u32 {
        match self.kind {
            // An answer takes what is left, and may be cut: half of the context is for what it is made of.
            WriterKind::Embedded(_) => most.min(self.context_tokens / 2),
            // A server refuses what could become longer than its context.
            WriterKind::Remote(_) => most,
        }
    }
}

/// A writer that can be asked.
pub(crate) struct Ready {
    pub(crate) generator: Arc<dyn Generator>,
    /// It takes the processor that ingest would need.
    pub(crate) on_cpu: bool,
    pub(crate) notices: Vec<Notice>,
}

/// The writers of one engine.
pub(crate) struct Generators {
    files: RuntimeFiles,
    dir: DataDir,
    live: Arc<Mutex<Live>>,
    net: Arc<NetGate>,
    worker: Arc<Mutex<Option<Arc<GenerateWorker>>>>,
    shapes: ByFile<ModelShape>,
    devices: Devices,
    speeds: ReadingSpeeds,
    contexts: ServerContexts,
    /// What models on servers were seen to do.
    unopened: Arc<UnopenedThoughts>,
}

impl Generators {
    pub(crate) fn new(files: RuntimeFiles, dir: DataDir, live: Arc<Mutex<Live>>) -> Self {
        let speeds = ReadingSpeeds::new(dir.cache().join("reading-speeds.json"));
        Self {
            files,
            dir,
            live,
            net: Arc::new(
                NetGate::closed()
                    .by_proxies(Proxies::of_environment())
                    .trusting(Authorities::of_system()),
            ),
            worker: Arc::default(),
            shapes: ByFile::default(),
            devices: Devices::default(),
            speeds,
            contexts: ServerContexts::default(),
            unopened: Arc::default(),
        }
    }

    /// The worker; started by its first call.
    pub(crate) fn worker(&self) -> Result<Arc<GenerateWorker>, ErrorReport> {
        let mut worker = lock(&self.worker);
        if let Some(worker) = &*worker {
            return Ok(Arc::clone(worker));
        }
        let launch = Launch::new(self.files.worker("docmind-generate")?)
            .arg("--runtime")
            .arg(&self.files.runtime_dir)
            .arg("--trials")
            .arg(self.dir.cache().join("card-trials"));
        let started = Arc::new(GenerateWorker::new(launch));
        *worker = Some(Arc::clone(&started));
        Ok(started)
    }

    /// The worker's process as the panel sees it.
    pub(crate) fn process(&self) -> ModelProcess {
        ModelProcess::of(Arc::clone(&self.worker))
    }

    pub(crate) fn backends(&self) -> Result<BackendReport, ErrorReport> {
        self.worker()?.backends()
    }

    /// Opens no connection from now on, or those that are allowed again; what is under way ends.
    pub(crate) fn keep_offline(&self, offline: bool) {
        if offline {
            self.net.go_offline();
        } else {
            self.net.go_online();
        }
    }

    /// Bytes that went over the network, by host.
    pub(crate) fn traffic(&self) -> Vec<HostTraffic> {
        self.net.traffic()
    }

    /// The model's files in all quantizations that are at hand.
    pub(crate) fn family(&self, model: &str) -> Result<ModelFamily, ErrorReport> {
        // Without it a folder of models would seem to hold none.
        let _there = self.worker()?;
        find_model(model, &self.dir.models(), &|path| self.shape(path))
    }

    /// What a model's file says of itself. It is looked into once, while it stays as it is.
    pub(crate) fn shape(&self, path: &str) -> Result<ModelShape, ErrorReport> {
        let worker = self.worker()?;
        self.shapes.of(path, &|path| worker.inspect(path))
    }

    /// Who would write now; `None` where nobody was chosen.
    ///
    /// # Errors
    /// The model is nowhere, or the server's address is none.
    pub(crate) fn choose(
        &self,
        settings: &Settings,
        model: Option<&str>,
        profile: &Profile,
        embedder_runs: bool,
    ) -> Result<Option<Writer>, ErrorReport> {
        match (settings.backend, model) {
            (Backend::Embedded, None) if settings.model.is_none() => Ok(None),
            (Backend::Embedded, _) | (_, Some(_)) => {
                let Some(name) = model.or(settings.model.as_deref()) else {
                    return Ok(None);
                };
                let family = self.family(name)?;
                let file = family.file_for(profile);
                let request = self.load_request(&file.path, profile.clone(), embedder_runs);
                let held = self.held(&request).map(|(_, report)| report.plan);
                let speed_key = format!("{}|{}", request.path, profile.name);
                let other_weights = family.other_weights(profile);
                let guessed = || {
                    self.on_processor(profile, held.as_ref())
                        .then(|| guess(file.shape.card.parameters))
                };
                Ok(Some(Writer {
                    context_tokens: window(profile, file.shape.card.context_tokens, held.as_ref()),
                    prefill_tps: self.speeds.of(&speed_key).or_else(guessed),
                    kind: WriterKind::Embedded(Box::new(request)),
                    speed_key,
                    other_weights,
                }))
            }
            (Backend::Ollama | Backend::OpenAi, None) => {
                let remote = RemoteWriter {
                    engine: self.remote(settings)?,
                    server: ServerModel::of(settings),
                    context: None,
                };
                let speed_key = format!("{}|{}", settings.remote_url, settings.remote_model);
                Ok(Some(Writer {
                    kind: WriterKind::Remote(Box::new(remote)),
                    context_tokens: ASSUMED_TOKENS,
                    prefill_tps: None,
                    speed_key,
                    other_weights: None,
                }))
            }
        }
    }

    /// The writer with its context. A server is asked for it, where the settings leave that to it: that takes three seconds at most, and
    /// its failure is none of the answer's.
    pub(crate) fn with_context(&self, mut writer: Writer, settings: &Settings, cancel: &CancelToken) -> Writer {
        if let WriterKind::Remote(remote) = &mut writer.kind {
            let set = settings.remote_context_tokens;
            let window = match set {
                0 => self
                    .contexts
                    .known(&remote.server, &|| remote.engine.context_window(cancel)),
                _ => None,
            };
            let context = decide(set, window);
            writer.context_tokens = context.tokens();
            let engine = remote.engine.clone().with_window(context.tokens());
            remote.engine = match context.limit() {
                Some(limit) => engine.with_most_context(limit),
                None => engine,
            };
            remote.context = Some(context);
        }
        writer
    }

    /// The context of the settings' server, which is asked anew.
    ///
    /// # Errors
    /// `remote_bad_address`, and those of asking it.
    pub(crate) fn remote_context(
        &self,
        settings: &Settings,
        cancel: &CancelToken,
    ) -> Result<RemoteContext, ErrorReport> {
        let set = settings.remote_context_tokens;
        if set > 0 {
            return Ok(decide(set, None));
        }
        let engine = self.remote(settings)?;
        let window = self
            .contexts
            .asked(&ServerModel::of(settings), &|| engine.context_window(cancel))?;
        Ok(decide(set, window))
    }

    pub(crate) fn load_request(&self, path: &str, profile: Profile, embedder_runs: bool) -> LoadRequest {
        LoadRequest {
            path: path.to_owned(),
            profile,
            embedder_mib: if embedder_runs { 0 } else { EMBEDDER_MIB },
            snapshot_memory_mib: SNAPSHOT_MEMORY_MIB,
            snapshot_dir: Some(self.dir.prefixes().to_string_lossy().into_owned()),
            snapshot_disk_mib: SNAPSHOT_DISK_MIB,
            may_degrade: true,
        }
    }

    /// The server of the settings.
    ///
    /// # Errors
    /// `remote_bad_address`.
    pub(crate) fn remote(&self, settings: &Settings) -> Result<RemoteEngine, ErrorReport> {
        let dialect = if settings.backend == Backend::Ollama {
            Dialect::Ollama
        } else {
            Dialect::OpenAi
        };
        // Only this one address, and only for this purpose.
        let rule = Rule::origin_of(&settings.remote_url)
            .inspect_err(|_| self.net.forbid(Purpose::RemoteEngine))
            .map_err(|error| error.report())?;
        self.net.allow_only(Purpose::RemoteEngine, rule);
        RemoteEngine::new(
            Arc::clone(&self.net),
            dialect,
            &settings.remote_url,
            &settings.remote_model,
            settings.remote_api_key.clone(),
        )
        .map(|engine| engine.remembering(Arc::clone(&self.unopened)))
    }

    /// Fetches a file, only for this purpose: from this address, and over TLS from whoever it redirects to.
    pub(crate) fn download(
        &self,
        url: &str,
        target: &Path,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), ErrorReport> {
        self.net.allow(
            Purpose::ModelDownload,
            Rule::origin_of(url).map_err(|error| error.report())?,
        );
        // Hubs keep their files on other hosts and redirect there; what went where is told under the traffic.
        self.net.allow(Purpose::ModelDownload, Rule::AnySecure);
        let download = Download {
            url: url.to_owned(),
            target: target.to_owned(),
            sha256: None,
            size: None,
        };
        let outcome = download.run(&self.net, cancel, progress);
        self.net.forbid(Purpose::ModelDownload);
        outcome.map(|_| ())
    }

    /// Loads what was chosen, unless it is loaded already. `progress` gets 0 to 1.
    ///
    /// # Errors
    /// Those of loading; what was loaded before is then loaded again by the next call.
    pub(crate) fn ready(
        &self,
        writer: &Writer,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Ready, ErrorReport> {
        let request = match &writer.kind {
            WriterKind::Remote(remote) => {
                let news = remote
                    .context
                    .and_then(|context| self.contexts.news(&remote.server, context));
                return Ok(Ready {
                    generator: Arc::new(remote.engine.clone()),
                    on_cpu: false,
                    notices: news.into_iter().collect(),
                });
            }
            WriterKind::Embedded(request) => request,
        };
        let worker = self.worker()?;
        if let Some(report) = worker.holds(request) {
            return Ok(Ready {
                generator: worker,
                on_cpu: report.plan.gpu_layers == 0,
                notices: Vec::new(),
            });
        }
        // Nothing is locked here: the worker lets one load after the other, and who waits there can be stopped.
        let report = worker.load((**request).clone(), cancel, progress)?;
        {
            let mut live = lock(&self.live);
            show(&mut live, &report);
            live.conversation = None;
        }
        Ok(Ready {
            generator: worker,
            on_cpu: report.plan.gpu_layers == 0,
            notices: writer.other_weights.iter().chain(&report.notices).cloned().collect(),
        })
    }

    /// The loaded model, where it is this writer's and runs as the writer wants it.
    pub(crate) fn resident(&self, writer: &Writer) -> Option<Arc<dyn Generator>> {
        let WriterKind::Embedded(request) = &writer.kind else {
            return None;
        };
        self.held(request).map(|(worker, _)| worker as Arc<dyn Generator>)
    }

    /// The worker and what it said, where it holds what the request asks for. Who asks while a model is loaded does not wait for it.
    fn held(&self, request: &LoadRequest) -> Option<(Arc<GenerateWorker>, LoadReport)> {
        let worker = lock(&self.worker).clone()?;
        let report = worker.holds(request)?;
        Some((worker, report))
    }

    /// Figures of a running answer go to the panel.
    pub(crate) fn note_figures(&self, writer: &Writer, stats: &GenerationStats) {
        let held = match writer.kind {
            WriterKind::Embedded(_) => self.loaded(),
            WriterKind::Remote(_) => None,
        };
        let limit = held
            .as_ref()
            .and_then(|report| report.decode_limit_tps(stats.context_used));
        let mut live = lock(&self.live);
        if let Some(report) = held
            && live.model.is_empty()
        {
            // Its process died after it was loaded, and the next one has loaded it again.
            show(&mut live, &report);
        }
        live.stats = stats.clone();
        if let WriterKind::Remote(_) = writer.kind {
            // A server tells what of its context is filled, not how much it has.
            live.stats.context_tokens = writer.context_tokens;
        }
        live.decode_limit_tps = limit;
    }

    /// An answer was written: its figures stay in the panel, its speed is kept for the next budget.
    pub(crate) fn note_stats(&self, writer: &Writer, stats: &GenerationStats) {
        self.note_figures(writer, stats);
        let read = stats.prompt_tokens.saturating_sub(stats.reused_tokens);
        if matches!(writer.kind, WriterKind::Embedded(_)) && read >= MEASURABLE_TOKENS && stats.prefill_tps > 0.0 {
            self.speeds.keep(&writer.speed_key, stats.prefill_tps);
        }
    }

    /// An answer failed.
    pub(crate) fn note_failure(&self, writer: &Writer) {
        if let WriterKind::Remote(_) = writer.kind {
            self.contexts.forget();
        }
    }

    /// Gives the model's memory back at once.
    pub(crate) fn unload(&self) {
        let worker = lock(&self.worker).clone();
        if let Some(worker) = worker {
            worker.unload();
        }
        *lock(&self.live) = Live::default();
    }

    /// Ends the worker.
    pub(crate) fn stop(&self) {
        let worker = lock(&self.worker).take();
        if let Some(worker) = worker {
            worker.unload();
        }
    }

    /// What is loaded.
    pub(crate) fn loaded(&self) -> Option<LoadReport> {
        lock(&self.worker).as_ref()?.loaded()
    }

    /// True where no card computes: as the model was loaded, or as it would be.
    fn on_processor(&self, profile: &Profile, held: Option<&MemoryPlan>) -> bool {
        if let Some(plan) = held {
            return plan.gpu_layers == 0;
        }
        profile.offload == Offload::None
            || self
                .worker()
                .is_ok_and(|worker| self.devices.are_processors(&|| worker.pid(), &|| worker.backends()))
    }
}

/// Tokens of a model's context: those it was loaded with (the ladder may have given some up, and `auto` chooses), or those the profile
/// asks for, up to what the model was trained for (0 where its file does not say).
fn window(profile: &Profile, trained: u32, held: Option<&MemoryPlan>) -> u32 {
    match held {
        Some(plan) => plan.profile.context_tokens,
        None if trained > 0 => profile.context_tokens.min(trained),
        None => profile.context_tokens,
    }
}

/// Tells the panel what is loaded.
fn show(live: &mut Live, report: &LoadReport) {
    live.model.clone_from(&report.card.name);
    live.device.clone_from(&report.device);
    live.profile.clone_from(&report.plan.profile.name);
    live.profile_reason = Some(report.reason.clone());
    live.owners = owners(&report.allocated);
    live.stats = GenerationStats {
        context_tokens: report.plan.profile.context_tokens,
        ..GenerationStats::default()
    };
}

/// Memory by owner, summed over devices.
fn owners(shares: &[MemoryShare]) -> Vec<MemoryOwner> {
    let sum = |of: fn(&MemoryShare) -> f64| shares.iter().map(of).sum::<f64>().round() as u32;
    [
        ("weights", sum(|share| share.weights_mib)),
        ("kv", sum(|share| share.kv_mib)),
        ("compute", sum(|share| share.compute_mib + share.runtime_mib)),
    ]
    .into_iter()
    .map(|(owner, mib)| MemoryOwner {
        owner: owner.to_owned(),
        mib,
    })
    .collect()
}

impl From<docmind_store::StoreError> for EngineError {
    fn from(error: docmind_store::StoreError) -> Self {
        Self::Report(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docmind_core::profile::{BUILTIN_TOML, ProfileBook, ProfileFile};

    #[test]
    fn a_long_answer_leaves_room_for_what_it_is_made_of() {
        let built_in: ProfileFile = toml::from_str(BUILTIN_TOML).unwrap();
        let (book, _) = ProfileBook::new(built_in, ProfileFile::default());
        let request = LoadRequest {
            path: "/m.gguf".to_owned(),
            profile: book.get("balanced").unwrap().clone(),
            embedder_mib: 0,
            snapshot_memory_mib: 0,
            snapshot_dir: None,
            snapshot_disk_mib: 0,
            may_degrade: true,
        };
        let writer = Writer {
            kind: WriterKind::Embedded(Box::new(request)),
            context_tokens: 8192,
            prefill_tps: None,
            speed_key: String::new(),
            other_weights: None,
        };
        assert_eq!(writer.kept_for_answer(800), 800);
        assert_eq!(writer.kept_for_answer(16_384), 4096);
    }

    #[test]
    fn the_context_is_the_one_that_was_loaded() {
        let built_in: ProfileFile = toml::from_str(BUILTIN_TOML).unwrap();
        let (book, _) = ProfileBook::new(built_in, ProfileFile::default());
        let profile = book.get("balanced").unwrap();
        let loaded_with = |context_tokens| MemoryPlan {
            profile: Profile {
                context_tokens,
                ..profile.clone()
            },
            gpu_layers: 0,
            execution: docmind_core::plan::execution(profile, 0),
            shares: Vec::new(),
            fits: true,
            verdict: String::new(),
            steps: Vec::new(),
        };
        assert_eq!(window(profile, 40_960, None), 8192);
        assert_eq!(window(profile, 4096, None), 4096);
        assert_eq!(window(profile, 0, None), 8192, "not said");
        assert_eq!(
            window(profile, 40_960, Some(&loaded_with(2048))),
            2048,
            "the ladder gave it up"
        );
        assert_eq!(
            window(profile, 40_960, Some(&loaded_with(16_384))),
            16_384,
            "`auto` chose it"
        );
    }
}
