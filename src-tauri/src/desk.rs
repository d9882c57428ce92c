//! What the window works with: the open engine, what runs for it, and who listens.

use crate::drops::Drops;
use crate::error::{Reported, internal};
use crate::host::Host;
use docmind_core::cancel::CancelToken;
use docmind_engine::listeners::Subscription;
use docmind_engine::{Engine, EngineOptions};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// A number the window gives to work it may stop, or to something it listens to.
pub type JobId = u32;

/// The engine, opened by whoever asks first; the others wait. Where that failed the next who asks tries again: another window may
/// have been closed, or room been made.
#[derive(Default)]
struct Opening {
    options: OnceLock<EngineOptions>,
    engine: Mutex<Option<Engine>>,
}

impl Opening {
    fn engine(&self) -> Reported<Engine> {
        let options = self.options.wait();
        let mut open = lock(&self.engine);
        if let Some(engine) = &*open {
            return Ok(engine.clone());
        }
        let engine = Engine::open(options.clone())?;
        *open = Some(engine.clone());
        Ok(engine)
    }
}

/// Stopped jobs are waited for so long when the window is closed: what a model wrote so far is still kept.
const PATIENCE: Duration = Duration::from_secs(2);

/// Work under way that can be stopped by its number.
#[derive(Default)]
struct Jobs {
    tokens: Mutex<HashMap<JobId, CancelToken>>,
    ended: Condvar,
}

/// A job is under way until this is dropped.
struct UnderWay {
    jobs: Arc<Jobs>,
    job: JobId,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        lock(&self.jobs.tokens).remove(&self.job);
        self.jobs.ended.notify_all();
    }
}

impl Jobs {
    fn stop(&self, job: JobId) {
        if let Some(token) = lock(&self.tokens).get(&job) {
            token.cancel();
        }
    }

    /// Stops all and waits until they have ended, or for [`PATIENCE`].
    fn stop_all(&self) {
        let tokens = lock(&self.tokens);
        for token in tokens.values() {
            token.cancel();
        }
        drop(
            self.ended
                .wait_timeout_while(tokens, PATIENCE, |tokens| !tokens.is_empty()),
        );
    }
}

/// State of the application. The engine opens on a thread of its own, so that the window is there at once; commands wait for it.
pub struct Desk {
    engine: Arc<Opening>,
    host: Arc<dyn Host>,
    jobs: Arc<Jobs>,
    listening: Mutex<HashMap<JobId, Subscription>>,
    drops: Drops,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    /// A desk without an engine yet.
    pub fn new(host: Arc<dyn Host>) -> Self {
        Self {
            engine: Arc::default(),
            host,
            jobs: Arc::default(),
            listening: Mutex::default(),
            drops: Drops::default(),
        }
    }

    /// Opens the engine in the background. A failure is told by every command.
    pub fn open(&self, options: EngineOptions) {
        self.engine.options.get_or_init(|| options);
        let opening = Arc::clone(&self.engine);
        std::thread::spawn(move || {
            if let Err(report) = opening.engine() {
                tracing::error!(code = %report.code, "{}", report.message);
            }
        });
    }

    /// Runs blocking work on the engine beside the window.
    ///
    /// # Errors
    /// Of the work, or why the engine could not be opened.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> Reported<T> + Send + 'static,
    ) -> Reported<T> {
        let opening = Arc::clone(&self.engine);
        tauri::async_runtime::spawn_blocking(move || work(&opening.engine()?))
            .await
            .map_err(internal)?
    }

    /// Runs blocking work nobody waits for; a failure is logged.
    pub fn run_detached(&self, work: impl FnOnce(&Engine) -> Reported<()> + Send + 'static) {
        let opening = Arc::clone(&self.engine);
        tauri::async_runtime::spawn_blocking(move || {
            if let Err(report) = opening.engine().and_then(|engine| work(&engine)) {
                tracing::error!(code = %report.code, "{}", report.message);
            }
        });
    }

    /// Runs blocking work that the window may stop by its number.
    ///
    /// # Errors
    /// Of the work, or why the engine could not be opened.
    pub async fn run_job<T: Send + 'static>(
        &self,
        job: JobId,
        work: impl FnOnce(&Engine, &CancelToken) -> Reported<T> + Send + 'static,
    ) -> Reported<T> {
        let token = CancelToken::new();
        lock(&self.jobs.tokens).insert(job, token.clone());
        let under_way = UnderWay {
            jobs: Arc::clone(&self.jobs),
            job,
        };
        self.run(move |engine| {
            let _until_done = under_way;
            work(engine, &token)
        })
        .await
    }

    /// Asks a job to stop. One that is over already stays over.
    pub fn cancel(&self, job: JobId) {
        self.jobs.stop(job);
    }

    /// Keeps a subscription until [`Desk::stop_listening`].
    pub fn keep(&self, id: JobId, subscription: Subscription) {
        lock(&self.listening).insert(id, subscription);
    }

    /// Ends a subscription.
    pub fn stop_listening(&self, id: JobId) {
        lock(&self.listening).remove(&id);
    }

    /// Dialogs and programs.
    pub fn host(&self) -> Arc<dyn Host> {
        Arc::clone(&self.host)
    }

    /// What hangs over the window and is dropped on it.
    pub fn drops(&self) -> &Drops {
        &self.drops
    }

    /// Stops everything and closes the library in order, workers included.
    pub fn close(&self) {
        self.jobs.stop_all();
        lock(&self.listening).clear();
        // One that is just being opened is waited for, and nobody opens another.
        let open = lock(&self.engine.engine);
        if let Some(engine) = &*open {
            engine.close_at_once();
        }
    }
}
