//! Which model is to be held, and that the running process holds it: loading again after deaths, and giving something up for it.

use super::ladder::{Ran, step_down};
use super::{GenerateCall, GenerateReply, GenerateTold, GenerateWorker, OTHER_ANSWER, devices, no_model};
use crate::client::{CallError, Options};
use docmind_core::cancel::CancelToken;
use docmind_core::error::Notice;
use docmind_core::plan::{LoadReport, LoadRequest};
use std::collections::VecDeque;
use std::sync::{MutexGuard, TryLockError};
use std::time::{Duration, Instant};

/// Deaths within [`WINDOW`] after which the setting goes one rung down.
const DEATHS: usize = 3;
const WINDOW: Duration = Duration::from_mins(10);
/// The backend of the processor.
const CPU: &str = "cpu";
/// A fresh process lists its devices within this time, or nobody knows what there is.
const LISTING: Duration = Duration::from_secs(5);
/// A cancel token is looked at this often while somebody else loads.
const POLL: Duration = Duration::from_millis(25);

#[derive(Default)]
pub(super) struct State {
    /// As it was asked for.
    pub(super) asked: Option<LoadRequest>,
    /// As it is run now: the same, or some rungs down.
    pub(super) request: Option<LoadRequest>,
    pub(super) report: Option<LoadReport>,
    /// Process that holds the model.
    pub(super) holder: Option<u32>,
    pub(super) deaths: VecDeque<Instant>,
    pub(super) notices: Vec<Notice>,
}

impl State {
    pub(super) fn held_by(&self, pid: Option<u32>) -> Option<LoadReport> {
        self.report
            .clone()
            .filter(|_| self.holder.is_some() && self.holder == pid)
    }

    /// The same file run the same way as what is held, or was until its process died; what the embedder takes does not matter once it
    /// is loaded.
    pub(super) fn is_asked_again(&self, request: &LoadRequest) -> bool {
        let same = |asked: &LoadRequest| asked.path == request.path && asked.profile == request.profile;
        self.asked.as_ref().is_some_and(same)
    }
}

impl GenerateWorker {
    /// Waits for the load of somebody else, for as long as nobody says stop.
    pub(super) fn turn(&self, cancel: &CancelToken) -> Result<MutexGuard<'_, ()>, CallError> {
        loop {
            match self.loading.try_lock() {
                Ok(turn) => return Ok(turn),
                Err(TryLockError::Poisoned(turn)) => return Ok(turn.into_inner()),
                Err(TryLockError::WouldBlock) if cancel.is_cancelled() => return Err(CallError::Cancelled),
                Err(TryLockError::WouldBlock) => std::thread::sleep(POLL),
            }
        }
    }

    /// From now on this is what is to be held; what happened to another counts no more.
    pub(super) fn begin_anew(&self, request: LoadRequest) {
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

    /// Makes sure that the running process holds the wished model.
    pub(super) fn hold(&self, cancel: &CancelToken) -> Result<Held, CallError> {
        if let Some(held) = self.held_before() {
            return Ok(held);
        }
        let _turn = self.turn(cancel)?;
        self.hold_in_turn(cancel, &mut |_| ())
    }

    fn held_before(&self) -> Option<Held> {
        self.loaded().map(|report| Held {
            report,
            since: HeldSince::Before,
        })
    }

    /// [`Self::hold`] for who has the turn. It dies three times at most: then the setting has gone one rung down for the next question.
    pub(super) fn hold_in_turn(
        &self,
        cancel: &CancelToken,
        told: &mut dyn FnMut(GenerateTold),
    ) -> Result<Held, CallError> {
        let mut died = 0;
        loop {
            if let Some(held) = self.held_before() {
                return Ok(held);
            }
            let Some(request) = self.requested() else {
                // Unloaded while it loaded.
                return Err(if died > 0 {
                    CallError::Cancelled
                } else {
                    CallError::Failed(no_model())
                });
            };
            let outcome = self.call(&GenerateCall::Load(Box::new(request)), cancel, told);
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
                Ok(_) => return Err(CallError::Message(OTHER_ANSWER.into())),
                Err(error @ CallError::Died(_)) => {
                    died += 1;
                    if self.requested().is_some() && (self.note_death() != Aftermath::Again || died == DEATHS) {
                        return Err(error);
                    }
                }
                Err(error @ CallError::TimedOut(_)) => {
                    // Waited for long enough.
                    self.note_death();
                    return Err(error);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Counts a death; after the third within ten minutes the setting goes one rung down.
    pub(super) fn note_death(&self) -> Aftermath {
        {
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
                return Aftermath::Again;
            }
            state.deaths.clear();
        }
        let ran = self.ran();
        let mut state = self.lock();
        let Some(request) = &mut state.request else {
            return Aftermath::LastRung;
        };
        let Some(notice) = step_down(&mut request.profile, ran) else {
            return Aftermath::LastRung;
        };
        request.may_degrade = true;
        state.notices.push(notice);
        drop(state);
        self.client.forgive();
        Aftermath::SteppedDown
    }

    /// Where it ran that died: as the model was loaded, or by the devices of a fresh process.
    fn ran(&self) -> Ran {
        let known = self.lock().report.as_ref().map(|report| report.plan.gpu_layers == 0);
        let on_cpu = known.unwrap_or_else(|| {
            let cancel = CancelToken::new();
            let options = Options {
                total: Some(LISTING),
                ..Options::new(&cancel)
            };
            devices(&self.client, options).is_ok_and(|devices| devices.iter().all(|device| device.backend == CPU))
        });
        if on_cpu { Ran::OnCpu } else { Ran::PerhapsOnCard }
    }
}

/// What follows a death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aftermath {
    /// The same setting may be tried again.
    Again,
    /// The next question runs one rung down.
    SteppedDown,
    /// There is nothing left to give up.
    LastRung,
}

/// The model in the running process.
pub(super) struct Held {
    pub(super) report: LoadReport,
    since: HeldSince,
}

enum HeldSince {
    /// It was there.
    Before,
    /// It was loaded for this call.
    Now,
}

impl Held {
    /// What was given up for it to load, where nobody was told yet.
    pub(super) fn news(self) -> Vec<Notice> {
        match self.since {
            HeldSince::Before => Vec::new(),
            HeldSince::Now => self.report.notices,
        }
    }
}
