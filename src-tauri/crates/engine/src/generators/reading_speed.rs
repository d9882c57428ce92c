//! How fast a model reads, as far as that is known before it is asked: measured at its last answer, or guessed for a processor.

use crate::data_dir::replace_private;
use crate::listeners::lock;
use docmind_core::error::ErrorReport;
use docmind_core::measurement::BackendReport;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

/// Parameters times tokens that one core reads a second, by Qwen3-4B's shape in Q4_K_M: 35 to 63 tokens on two cores.
const PARAMETERS_A_CORE: f64 = 80e9;

/// Tokens a second that were measured, kept in a file.
pub(super) struct ReadingSpeeds {
    file: PathBuf,
}

impl ReadingSpeeds {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file }
    }

    fn all(&self) -> BTreeMap<String, f64> {
        std::fs::read(&self.file)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    pub(super) fn of(&self, key: &str) -> Option<f64> {
        self.all().get(key).copied()
    }

    pub(super) fn keep(&self, key: &str, tps: f64) {
        let mut speeds = self.all();
        // A slow minute of the machine shall not halve the sources of the next question.
        let kept = speeds.get(key).map_or(tps, |known| known * 0.5 + tps * 0.5);
        speeds.insert(key.to_owned(), kept);
        let written = serde_json::to_vec(&speeds)
            .map_err(std::io::Error::other)
            .and_then(|bytes| replace_private(&self.file, &bytes));
        if let Err(error) = written {
            tracing::warn!(%error, "the measured reading speed could not be kept");
        }
    }
}

/// What this processor may read a second before that was measured once: without it the first question would read all the sources there
/// is room for, which takes minutes.
pub(super) fn guess(parameters: u64) -> f64 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    PARAMETERS_A_CORE * cores as f64 / parameters.max(1) as f64
}

/// Whether a worker has the processor alone to compute on. Each process is asked once: which modules and devices there are is settled
/// when it starts, and one that writes answers late.
#[derive(Default)]
pub(super) struct Devices {
    /// A process, and what it said.
    known: Mutex<Option<(u32, bool)>>,
}

impl Devices {
    /// `pid` is the running process, `ask` what asks it, or a new one. False where nobody could be asked.
    pub(super) fn are_processors(
        &self,
        pid: &dyn Fn() -> Option<u32>,
        ask: &dyn Fn() -> Result<BackendReport, ErrorReport>,
    ) -> bool {
        let known = *lock(&self.known);
        if let Some((process, answer)) = known
            && pid() == Some(process)
        {
            return answer;
        }
        let Ok(report) = ask() else { return false };
        let answer = report.devices.iter().all(|device| device.backend == "cpu");
        *lock(&self.known) = pid().map(|process| (process, answer));
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docmind_core::hardware::Device;
    use std::cell::Cell;

    fn report(backends: &[&str]) -> BackendReport {
        let device = |backend: &&str| Device {
            name: (*backend).to_owned(),
            description: String::new(),
            backend: (*backend).to_owned(),
            memory_total_mib: 1,
            memory_free_mib: 1,
        };
        BackendReport {
            devices: backends.iter().map(device).collect(),
            ..BackendReport::default()
        }
    }

    #[test]
    fn each_process_is_asked_for_its_devices_once() {
        let devices = Devices::default();
        let (process, asked) = (Cell::new(None), Cell::new(0));
        let ask = |backends: &'static [&'static str], started: u32| {
            devices.are_processors(&|| process.get(), &|| {
                asked.set(asked.get() + 1);
                process.set(Some(started));
                Ok(report(backends))
            })
        };
        assert!(ask(&["cpu"], 7));
        assert!(ask(&["cpu"], 7));
        assert_eq!(asked.get(), 1);
        // It died, or was ended: the next one may have found a module that is new.
        process.set(None);
        assert!(!ask(&["cpu", "vulkan"], 8));
        assert!(!ask(&["cpu", "vulkan"], 8));
        assert_eq!(asked.get(), 2);
    }

    #[test]
    fn who_cannot_be_asked_is_asked_again() {
        let devices = Devices::default();
        let failing = || Err(ErrorReport::new("worker_died", "It died."));
        assert!(!devices.are_processors(&|| None, &failing));
        assert!(devices.are_processors(&|| Some(3), &|| Ok(report(&["cpu"]))));
    }

    #[test]
    fn a_slow_minute_halves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let speeds = ReadingSpeeds::new(folder.path().join("speeds.json"));
        assert_eq!(speeds.of("m"), None);
        speeds.keep("m", 60.0);
        speeds.keep("m", 20.0);
        speeds.keep("other", 5.0);
        assert_eq!(speeds.of("m"), Some(40.0));
    }
}
