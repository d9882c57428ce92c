//! The language model in a child process: [`Generator`] over the pipe.
//!
//! llama.cpp aborts its process on a damaged model or a full GPU. When that happens the answer so far stays with the caller, the
//! error says why, and the next question loads the model again in a fresh process. After three deaths within ten minutes the setting
//! goes one rung down (off the GPU, a smaller cache, half the context), and that is told as a notice.

mod ladder;
mod messages;

pub use messages::{GenerateCall, GenerateProtocol, GenerateReply, GenerateTold};

use crate::client::{AfterGrace, CallError, Client, Incoming, Options, Rules};
use crate::launch::Launch;
use docmind_core::cancel::CancelToken;
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::generation::{GenerateEvent, GenerateRequest, GenerationStats};
use docmind_core::measurement::{AgreementRow, BackendReport, BenchRequest, BenchRow, QuantizeRequest};
use docmind_core::model::{ModelCard, ModelShape};
use docmind_core::plan::{LoadReport, LoadRequest, MemoryPlan};
use docmind_core::ports::Generator;
use ladder::{Ran, step_down};
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const WHO: &str = "The language model";
/// A slice of prefill, or one token, takes seconds on the slowest machine; without a sign for so long the worker is taken for hung.
const SILENCE: Duration = Duration::from_secs(90);
/// Reading gigabytes from a slow disk tells its progress all along; compiling a GPU's kernels for the first time does not.
const LOADING_SILENCE: Duration = Duration::from_mins(5);
/// Measuring and quantising.
const LONG_SILENCE: Duration = Duration::from_mins(30);
/// A process that ends so soon after a question, without a sign, was ending before.
const UNSEEN: Duration = Duration::from_millis(500);
/// Deaths within [`WINDOW`] after which the setting goes one rung down.
const DEATHS: usize = 3;
const WINDOW: Duration = Duration::from_mins(10);

/// The language model as a supervised child.
pub struct GenerateWorker {
    launch: Launch,
    client: Client<GenerateProtocol>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// As it was asked for.
    asked: Option<LoadRequest>,
    /// As it is run now: the same, or some rungs down.
    request: Option<LoadRequest>,
    report: Option<LoadReport>,
    /// Process that holds the model.
    holder: Option<u32>,
    deaths: VecDeque<Instant>,
    notices: Vec<Notice>,
}

impl GenerateWorker {
    /// `launch` starts `docmind-generate` with `--runtime DIR`. Nothing is started before the first call.
    pub fn new(launch: Launch) -> Self {
        let rules = Rules {
            cancel_grace: Duration::from_millis(900),
            after_grace: AfterGrace::Abandon,
            ..Rules::default()
        };
        Self {
            client: Client::new(launch.clone(), rules),
            launch,
            state: Mutex::default(),
        }
    }

    /// Devices and modules, and why a module is not used.
    ///
    /// # Errors
    /// The worker cannot be started.
    pub fn backends(&self) -> Result<BackendReport, ErrorReport> {
        match self.ask(&GenerateCall::Backends, &CancelToken::new(), LOADING_SILENCE)? {
            GenerateReply::Backends(report) => Ok(report),
            _ => Err(unexpected()),
        }
    }

    /// What a model file says of itself. The file is checked, not loaded.
    ///
    /// # Errors
    /// Codes `model_missing`, `model_unreadable`, `not_a_model`, `model_unsupported`, `model_split`, `model_damaged`.
    pub fn inspect(&self, path: &str) -> Result<ModelShape, ErrorReport> {
        match self.ask(&GenerateCall::Inspect(path.to_owned()), &CancelToken::new(), SILENCE)? {
            GenerateReply::Inspected(shape) => Ok(*shape),
            _ => Err(unexpected()),
        }
    }

    /// What loading would take now, and why this setting.
    ///
    /// # Errors
    /// As [`Self::inspect`], and `model_too_large`.
    pub fn plan(&self, request: &LoadRequest) -> Result<(MemoryPlan, Notice), ErrorReport> {
        match self.ask(
            &GenerateCall::Plan(Box::new(request.clone())),
            &CancelToken::new(),
            LOADING_SILENCE,
        )? {
            GenerateReply::Planned(plan, reason) => Ok((*plan, reason)),
            _ => Err(unexpected()),
        }
    }

    /// Loads a model; what was loaded before goes. It stays the one that answers, also after the process died, until another is
    /// loaded or [`Self::unload`] is called. Asked for again, it is what it was: its deaths still count, and what was given up after
    /// them stays given up. `progress` gets 0 to 1.
    ///
    /// # Errors
    /// As [`Self::plan`], and `out_of_memory`, `worker_died` with the reason.
    pub fn load(
        &self,
        request: LoadRequest,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(f32),
    ) -> Result<LoadReport, ErrorReport> {
        if !self.is_asked_again(&request) {
            self.begin_anew(request);
        }
        let outcome = self.hold(cancel, &mut |told| {
            if let GenerateTold::Progress(done) = told {
                progress(done);
            }
        });
        if outcome.is_err() {
            let mut state = self.lock();
            state.asked = None;
            state.request = None;
        }
        outcome.map(|held| held.report)
    }

    /// The same file run the same way as what is held, or was until its process died.
    fn is_asked_again(&self, request: &LoadRequest) -> bool {
        let state = self.lock();
        let same = |asked: &LoadRequest| asked.path == request.path && asked.profile == request.profile;
        state.asked.as_ref().is_some_and(same)
    }

    /// From now on this is what is to be held; what happened to another counts no more.
    fn begin_anew(&self, request: LoadRequest) {
        let other_graphs = {
            let mut state = self.lock();
            let graphs = request.profile.graph_capture;
            state.asked = Some(request.clone());
            let before = state.request.replace(request);
            state.report = None;
            state.holder = None;
            state.deaths.clear();
            state.notices.clear();
            before.is_some_and(|before| before.profile.graph_capture != graphs)
        };
        if other_graphs {
            // Whether graphs are captured is settled once a process.
            self.client.stop();
        }
        self.client.forgive();
    }

    /// What is loaded, as it was reported. `None` where nothing was, or the process is gone.
    pub fn loaded(&self) -> Option<LoadReport> {
        let state = self.lock();
        state
            .report
            .clone()
            .filter(|_| state.holder.is_some() && state.holder == self.pid())
    }

    /// What was asked to be loaded.
    pub fn requested(&self) -> Option<LoadRequest> {
        self.lock().request.clone()
    }

    /// Ends the process: all its memory is given back at once.
    pub fn unload(&self) {
        {
            let mut state = self.lock();
            state.asked = None;
            state.request = None;
            state.report = None;
            state.holder = None;
            state.notices.clear();
        }
        self.client.stop();
    }

    /// Process id of the running child.
    pub fn pid(&self) -> Option<u32> {
        self.client.hello().map(|hello| hello.pid)
    }

    /// Makes a smaller file of a model, in a process of its own; cancelling ends that.
    ///
    /// # Errors
    /// Codes of [`Self::inspect`], `quantize_failed`, `file_failed`, `cancelled`.
    pub fn quantize(
        &self,
        request: &QuantizeRequest,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(f32),
    ) -> Result<ModelCard, ErrorReport> {
        let told = &mut |told: GenerateTold| {
            if let GenerateTold::Progress(done) = told {
                progress(done);
            }
        };
        match self.alone(&GenerateCall::Quantize(request.clone()), cancel, told) {
            Ok(GenerateReply::Quantized(card)) => Ok(*card),
            Ok(_) => Err(unexpected()),
            Err(report) => {
                // The process is gone; where it was stopped in the middle, gigabytes lie half written.
                if let Err(error) = std::fs::remove_file(request.part())
                    && error.kind() != std::io::ErrorKind::NotFound
                {
                    tracing::warn!(%error, "a half written model could not be deleted");
                }
                Err(report)
            }
        }
    }

    /// Measures profiles in a process of its own. `stage` is told what is being measured. Unload first: two models at once would
    /// measure each other.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn bench(
        &self,
        request: &BenchRequest,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(&str),
    ) -> Result<Vec<BenchRow>, ErrorReport> {
        match self.alone(&GenerateCall::Bench(request.clone()), cancel, &mut |told| {
            tell_stage(told, stage);
        })? {
            GenerateReply::Measured(rows) => Ok(rows),
            _ => Err(unexpected()),
        }
    }

    /// Compares each profile's output with that of the first, over `text`; with what each answers to a question about it.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn agree(
        &self,
        request: &BenchRequest,
        text: &str,
        cancel: &CancelToken,
        stage: &mut dyn FnMut(&str),
    ) -> Result<Vec<(AgreementRow, String)>, ErrorReport> {
        let call = GenerateCall::Agree {
            request: request.clone(),
            text: text.to_owned(),
        };
        match self.alone(&call, cancel, &mut |told| tell_stage(told, stage))? {
            GenerateReply::Agreed(rows) => Ok(rows),
            _ => Err(unexpected()),
        }
    }

    fn alone(
        &self,
        call: &GenerateCall,
        cancel: &CancelToken,
        told: &mut dyn FnMut(GenerateTold),
    ) -> Result<GenerateReply, ErrorReport> {
        let client = Client::<GenerateProtocol>::new(self.launch.clone(), Rules::default());
        ask(&client, call, cancel, LONG_SILENCE, told).map_err(|error| error.report(WHO))
    }

    fn ask(&self, call: &GenerateCall, cancel: &CancelToken, silence: Duration) -> Result<GenerateReply, ErrorReport> {
        ask(&self.client, call, cancel, silence, &mut |_| ()).map_err(|error| error.report(WHO))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes sure that the running process holds the wished model.
    fn hold(&self, cancel: &CancelToken, told: &mut dyn FnMut(GenerateTold)) -> Result<Held, ErrorReport> {
        loop {
            let request = {
                let state = self.lock();
                if let Some(report) = &state.report
                    && state.holder.is_some()
                    && state.holder == self.pid()
                {
                    return Ok(Held {
                        report: report.clone(),
                        since: HeldSince::Before,
                    });
                }
                state.request.clone()
            };
            let Some(request) = request else {
                return Err(ErrorReport::new(
                    "no_model",
                    "No model is loaded.\nChoose a model first.",
                ));
            };
            let outcome = ask(
                &self.client,
                &GenerateCall::Load(Box::new(request)),
                cancel,
                LOADING_SILENCE,
                told,
            );
            match outcome {
                Ok(GenerateReply::Loaded(report)) => {
                    let mut state = self.lock();
                    state.holder = self.pid();
                    state.report = Some((*report).clone());
                    return Ok(Held {
                        report: *report,
                        since: HeldSince::Now,
                    });
                }
                Ok(_) => return Err(unexpected()),
                Err(error @ CallError::Died(_)) => {
                    if !self.note_death() {
                        return Err(error.report(WHO));
                    }
                }
                Err(error) => return Err(error.report(WHO)),
            }
        }
    }

    /// Counts a death; after the third within ten minutes the setting goes one rung down. True where trying again makes sense.
    fn note_death(&self) -> bool {
        let mut state = self.lock();
        state.holder = None;
        let now = Instant::now();
        state.deaths.push_back(now);
        while state
            .deaths
            .front()
            .is_some_and(|death| now.duration_since(*death) > WINDOW)
        {
            state.deaths.pop_front();
        }
        if state.deaths.len() < DEATHS {
            return true;
        }
        state.deaths.clear();
        let on_cpu = state.report.as_ref().is_some_and(|report| report.plan.gpu_layers == 0);
        let ran = if on_cpu { Ran::OnCpu } else { Ran::PerhapsOnCard };
        let Some(request) = &mut state.request else {
            return false;
        };
        let Some(notice) = step_down(&mut request.profile, ran) else {
            return false;
        };
        request.may_degrade = true;
        state.notices.push(notice);
        drop(state);
        self.client.forgive();
        true
    }
}

/// The model in the running process.
struct Held {
    report: LoadReport,
    since: HeldSince,
}

#[derive(PartialEq, Eq)]
enum HeldSince {
    /// It was there.
    Before,
    /// It was loaded for this call.
    Now,
}

impl Held {
    /// What was given up for it to load, where nobody was told yet.
    fn news(self) -> Vec<Notice> {
        if self.since == HeldSince::Before {
            return Vec::new();
        }
        let LoadReport { plan, notices, .. } = self.report;
        let mut news = plan.steps;
        for notice in notices {
            if !news.contains(&notice) {
                news.push(notice);
            }
        }
        news
    }
}

fn tell_stage(told: GenerateTold, stage: &mut dyn FnMut(&str)) {
    if let GenerateTold::Stage(name) = told {
        stage(&name);
    }
}

fn ask(
    client: &Client<GenerateProtocol>,
    call: &GenerateCall,
    cancel: &CancelToken,
    silence: Duration,
    told: &mut dyn FnMut(GenerateTold),
) -> Result<GenerateReply, CallError> {
    let options = Options {
        silence: Some(silence),
        ..Options::new(cancel)
    };
    client.call_with(call, options, &mut |incoming| {
        if let Incoming::Event(event) = incoming {
            told(event);
        }
        ControlFlow::Continue(())
    })
}

fn unexpected() -> ErrorReport {
    CallError::Message("an answer to another question".into()).report(WHO)
}

impl Generator for GenerateWorker {
    fn generate(
        &self,
        request: &GenerateRequest,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(GenerateEvent),
    ) -> Result<GenerationStats, ErrorReport> {
        let held = match self.hold(cancel, &mut |_| ()) {
            Err(error) if error.code == "cancelled" => return Ok(GenerationStats::default().stopped()),
            held => held?,
        };
        let told_before = std::mem::take(&mut self.lock().notices);
        for notice in told_before.into_iter().chain(held.news()) {
            sink(GenerateEvent::Notice(notice));
        }
        let call = GenerateCall::Generate(Box::new(request.clone()));
        let mut heard = false;
        let answer = |sink: &mut dyn FnMut(GenerateEvent), heard: &mut bool| {
            ask(&self.client, &call, cancel, SILENCE, &mut |told| {
                *heard = true;
                if let GenerateTold::Answer(event) = told {
                    sink(event);
                }
            })
        };
        let asked_at = Instant::now();
        let outcome = match answer(sink, &mut heard) {
            // It was dying when it was asked: the question has done nothing to it, and is put to the next one.
            Err(CallError::Died(_)) if !heard && asked_at.elapsed() < UNSEEN && self.note_death() => {
                for notice in self.hold(cancel, &mut |_| ())?.news() {
                    sink(GenerateEvent::Notice(notice));
                }
                answer(sink, &mut heard)
            }
            // It died unseen between two questions and was started afresh, without its model.
            Err(CallError::Failed(report)) if report.code == "no_model" => {
                self.lock().holder = None;
                for notice in self.hold(cancel, &mut |_| ())?.news() {
                    sink(GenerateEvent::Notice(notice));
                }
                answer(sink, &mut heard)
            }
            outcome => outcome,
        };
        match outcome {
            Ok(GenerateReply::Generated(stats)) => Ok(stats),
            Ok(_) => Err(unexpected()),
            // It did not answer within the grace (a GPU's slice runs to its end); it stops by itself.
            Err(CallError::Cancelled) => Ok(GenerationStats::default().stopped()),
            Err(error) => {
                if matches!(error, CallError::Died(_) | CallError::TimedOut(_)) {
                    self.note_death();
                }
                Err(error.report(WHO))
            }
        }
    }
}
