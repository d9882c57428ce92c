//! The language model in a child process: [`Generator`] over the pipe.
//!
//! llama.cpp aborts its process on a damaged model or a full GPU. When that happens the answer so far stays with the caller, the
//! error says why, and the next question loads the model again in a fresh process. After three deaths within ten minutes the setting
//! goes one rung down (off the GPU, a smaller cache, half the context): the question that met the third is told why, the next one runs
//! with less, which is told as a notice. A driver that ends the process at its very start is not given another chance in this run of the
//! application: the process is started without graphics cards, and says so with each model it loads.

mod holding;
mod ladder;
mod messages;

pub use messages::{GenerateCall, GenerateProtocol, GenerateReply, GenerateTold};

use crate::child::StartError;
use crate::client::{AfterGrace, CallError, Client, Incoming, Options, Rules};
use crate::exit::ExitKind;
use crate::launch::Launch;
use docmind_core::cancel::CancelToken;
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::generation::{GenerateEvent, GenerateRequest, GenerationStats};
use docmind_core::hardware::Device;
use docmind_core::measurement::{AgreementRow, BackendReport, BenchRequest, BenchRow, QuantizeRequest};
use docmind_core::model::{ModelCard, ModelShape};
use docmind_core::plan::{LoadReport, LoadRequest, MemoryPlan};
use docmind_core::ports::Generator;
use holding::{Aftermath, State};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const WHO: &str = "The language model";
const OTHER_ANSWER: &str = "an answer to another question";
/// Code of a model's file of which nothing came in any more.
const STALLED: &str = "model_stalled";
/// A slice of prefill, or one token, takes seconds on the slowest machine; without a sign for so long the worker is taken for hung.
const SILENCE: Duration = Duration::from_secs(90);
/// Reading gigabytes from a slow disk tells its progress, tensor by tensor; compiling a GPU's kernels for the first time does not.
const LOADING_SILENCE: Duration = Duration::from_mins(5);
/// Measuring and quantising.
const LONG_SILENCE: Duration = Duration::from_mins(30);
/// A process that ends so soon after a question, without a sign, was ending before.
const UNSEEN: Duration = Duration::from_millis(500);

/// The language model as a supervised child.
pub struct GenerateWorker {
    launch: Launch,
    client: Client<GenerateProtocol>,
    state: Mutex<State>,
    /// Held by who loads.
    loading: Mutex<()>,
    /// A card's driver ended the process at its start.
    without_cards: AtomicBool,
}

impl GenerateWorker {
    /// `launch` starts `docmind-generate` with `--runtime DIR`. Nothing is started before the first call.
    pub fn new(launch: Launch) -> Self {
        let rules = Rules {
            cancel_grace: Duration::from_millis(900),
            after_grace: AfterGrace::Abandon,
            ..Rules::default()
        };
        let launch = launch
            // A hundred frames would follow the reason of an abort, and a debugger would be started where there is one.
            .env("GGML_NO_BACKTRACE", "1")
            // CUDA's own order is fastest first; NVML, which reads the cards for the panel, goes by their slots.
            .env("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
            .in_huge_pages();
        Self {
            client: Client::new(launch.clone(), rules),
            launch,
            state: Mutex::default(),
            loading: Mutex::default(),
            without_cards: AtomicBool::new(false),
        }
    }

    /// Devices and modules, and why a module is not used.
    ///
    /// # Errors
    /// The worker cannot be started.
    pub fn backends(&self) -> Result<BackendReport, ErrorReport> {
        match self.ask(&GenerateCall::Backends)? {
            GenerateReply::Backends(report) => Ok(report),
            _ => Err(unexpected()),
        }
    }

    /// Devices of the running process, with what is free on them now; between two tokens, where it writes. `None` where none runs, or
    /// it ended. One in the middle of a long computation answers late.
    pub fn devices(&self) -> Option<Vec<Device>> {
        self.pid()?;
        let cancel = CancelToken::new();
        devices(&self.client, Options::new(&cancel)).ok()
    }

    /// What a model file says of itself. The file is checked, not loaded.
    ///
    /// # Errors
    /// Codes `model_missing`, `model_unreadable`, `not_a_model`, `model_unsupported`, `model_split`, `model_damaged`.
    pub fn inspect(&self, path: &str) -> Result<ModelShape, ErrorReport> {
        match self.ask(&GenerateCall::Inspect(path.to_owned()))? {
            GenerateReply::Inspected(shape) => Ok(*shape),
            _ => Err(unexpected()),
        }
    }

    /// What loading would take now, and why this setting.
    ///
    /// # Errors
    /// As [`Self::inspect`], and `model_too_large`.
    pub fn plan(&self, request: &LoadRequest) -> Result<(MemoryPlan, Notice), ErrorReport> {
        match self.ask(&GenerateCall::Plan(Box::new(request.clone())))? {
            GenerateReply::Planned(plan, reason) => Ok((*plan, reason)),
            _ => Err(unexpected()),
        }
    }

    /// Loads a model; what was loaded before goes. It stays the one that answers, also after the process died, until another is
    /// loaded or [`Self::unload`] is called. Asked for again, it is what it was: its deaths still count, and what was given up after
    /// them stays given up. `progress` gets 0 to 1.
    ///
    /// # Errors
    /// As [`Self::plan`], and `out_of_memory`, `model_stalled`, `worker_died` with the reason.
    pub fn load(
        &self,
        request: LoadRequest,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(f32),
    ) -> Result<LoadReport, ErrorReport> {
        let _turn = self.turn(cancel).map_err(|error| error.report(WHO))?;
        let asked_again = self.lock().is_asked_again(&request);
        if !asked_again {
            self.begin_anew(request);
        }
        let outcome = self.hold_in_turn(cancel, &mut |told| {
            if let GenerateTold::Progress(done) = told {
                progress(done);
            }
        });
        let mut state = self.lock();
        let is_over = match &outcome {
            // What was given up after deaths stays given up.
            Ok(_) | Err(CallError::Died(_) | CallError::TimedOut(_)) => false,
            Err(CallError::Cancelled) => state.request == state.asked,
            Err(_) => true,
        };
        if is_over {
            state.asked = None;
            state.request = None;
        }
        outcome.map(|held| held.report).map_err(|error| error.report(WHO))
    }

    /// What is loaded, where this was asked for: the same file run the same way, whatever was given up since.
    pub fn holds(&self, request: &LoadRequest) -> Option<LoadReport> {
        let pid = self.pid();
        let state = self.lock();
        state.held_by(pid).filter(|_| state.is_asked_again(request))
    }

    /// What is loaded, as it was reported. `None` where nothing was, or the process is gone.
    pub fn loaded(&self) -> Option<LoadReport> {
        let pid = self.pid();
        self.lock().held_by(pid)
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
        let client = Client::<GenerateProtocol>::new(self.launch(), Rules::default());
        ask(&client, call, cancel, told).map_err(|error| error.report(WHO))
    }

    fn ask(&self, call: &GenerateCall) -> Result<GenerateReply, ErrorReport> {
        self.call(call, &CancelToken::new(), &mut |_| ())
            .map_err(|error| error.report(WHO))
    }

    /// One call on the process that answers. It is started without graphics cards where it ends at its start with them, and only so.
    fn call(
        &self,
        call: &GenerateCall,
        cancel: &CancelToken,
        told: &mut dyn FnMut(GenerateTold),
    ) -> Result<GenerateReply, CallError> {
        let with_cards = !self.without_cards.load(Ordering::Relaxed);
        match ask(&self.client, call, cancel, told) {
            Err(CallError::Start(StartError::Ended(exit))) if with_cards && may_be_a_driver(&exit.kind) => {
                tracing::warn!(
                    how = exit.words(),
                    "ended at its start; it is started without graphics cards"
                );
                self.without_cards.store(true, Ordering::Relaxed);
                self.client.start_with(self.launch());
                let outcome = ask(&self.client, call, cancel, told);
                if let Err(CallError::Start(_)) = &outcome {
                    // They were not at fault.
                    self.without_cards.store(false, Ordering::Relaxed);
                    self.client.start_with(self.launch());
                }
                outcome
            }
            outcome => outcome,
        }
    }

    fn launch(&self) -> Launch {
        if self.without_cards.load(Ordering::Relaxed) {
            self.launch.clone().arg("--gpu").arg("off")
        } else {
            self.launch.clone()
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// True for an end that a graphics card's driver may bring about while it is loaded.
fn may_be_a_driver(end: &ExitKind) -> bool {
    matches!(
        end,
        ExitKind::Aborted | ExitKind::BadAccess | ExitKind::DriverLost | ExitKind::Signal(_)
    )
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
    told: &mut dyn FnMut(GenerateTold),
) -> Result<GenerateReply, CallError> {
    let options = Options {
        silence: Some(silence(call)),
        ..Options::new(cancel)
    };
    let outcome = client.call_with(call, options, &mut |incoming| {
        if let Incoming::Event(event) = incoming {
            told(event);
        }
        ControlFlow::Continue(())
    });
    if let Err(CallError::Failed(report)) = &outcome
        && report.code == STALLED
    {
        // A thread that waits for the file was left behind in it.
        client.stop();
    }
    outcome
}

/// How long a call goes without a sign before the worker is taken for hung, and killed. One that may stand behind a load is no less
/// patient than that: a look into a file would end it.
fn silence(call: &GenerateCall) -> Duration {
    match call {
        GenerateCall::Generate(_) => SILENCE,
        GenerateCall::Backends
        | GenerateCall::Devices
        | GenerateCall::Inspect(_)
        | GenerateCall::Plan(_)
        | GenerateCall::Load(_) => LOADING_SILENCE,
        GenerateCall::Quantize(_) | GenerateCall::Bench(_) | GenerateCall::Agree { .. } => LONG_SILENCE,
    }
}

fn devices(client: &Client<GenerateProtocol>, options: Options<'_>) -> Result<Vec<Device>, CallError> {
    match client.call_with(&GenerateCall::Devices, options, &mut |_| ControlFlow::Continue(()))? {
        GenerateReply::Devices(devices) => Ok(devices),
        _ => Err(CallError::Message(OTHER_ANSWER.into())),
    }
}

fn no_model() -> ErrorReport {
    ErrorReport::new("no_model", "No model is loaded.\nChoose a model first.")
}

fn unexpected() -> ErrorReport {
    CallError::Message(OTHER_ANSWER.into()).report(WHO)
}

impl Generator for GenerateWorker {
    fn generate(
        &self,
        request: &GenerateRequest,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(GenerateEvent),
    ) -> Result<GenerationStats, ErrorReport> {
        match self.answer(request, cancel, sink) {
            Err(error) if error.code == "cancelled" => Ok(GenerationStats::default().stopped()),
            outcome => outcome,
        }
    }
}

impl GenerateWorker {
    fn answer(
        &self,
        request: &GenerateRequest,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(GenerateEvent),
    ) -> Result<GenerationStats, ErrorReport> {
        let call = GenerateCall::Generate(Box::new(request.clone()));
        let mut asked_before = false;
        loop {
            let held = self.hold(cancel).map_err(|error| error.report(WHO))?;
            let told_before = std::mem::take(&mut self.lock().notices);
            for notice in told_before.into_iter().chain(held.news()) {
                sink(GenerateEvent::Notice(notice));
            }
            let mut heard = false;
            let asked_at = Instant::now();
            let outcome = self.call(&call, cancel, &mut |told| {
                heard = true;
                if let GenerateTold::Answer(event) = told {
                    sink(event);
                }
            });
            let is_for_the_next = match &outcome {
                Ok(GenerateReply::Generated(stats)) => return Ok(stats.clone()),
                Ok(_) => return Err(unexpected()),
                Err(CallError::Died(_)) => {
                    // It was dying when it was asked: the question has done nothing to it, and is put to the next one.
                    self.note_death() == Aftermath::Again && !heard && asked_at.elapsed() < UNSEEN
                }
                Err(CallError::TimedOut(_)) => {
                    self.note_death();
                    false
                }
                // It died unseen between two questions and was started afresh, without its model.
                Err(CallError::Failed(report)) if report.code == "no_model" => {
                    self.lock().holder = None;
                    true
                }
                // Where it was stopped and did not answer within the grace (a GPU's slice runs to its end), it stops by itself.
                Err(_) => false,
            };
            if let Err(error) = outcome
                && (!is_for_the_next || asked_before)
            {
                return Err(error.report(WHO));
            }
            asked_before = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_into_a_file_does_not_end_a_load() {
        assert_eq!(
            silence(&GenerateCall::Inspect("model.gguf".to_owned())),
            LOADING_SILENCE
        );
    }
}
