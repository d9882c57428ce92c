//! Whether a module of a graphics card can be used, and each of its cards can compute, found out where a broken driver takes nothing
//! with it: in a child process. A card older than the module is built for is listed like any other; its first computation aborts.

mod trial;

pub use trial::probe;

use super::{BackendDevice, backend_of, module_files};
use docmind_core::hardware::Device;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

/// Far beyond what it takes to start CUDA or Vulkan and to compile one kernel: a driver that has not answered by then hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// How cards are tried before they are used.
#[derive(Clone, Debug)]
pub struct Trials {
    /// `docmind-generate`, whose command `probe` is the child's side.
    pub program: PathBuf,
    /// Where it is kept which cards have computed: trying one takes up to a second. Cards that failed are tried again at each start, as
    /// a new driver may have come.
    pub kept: Option<PathBuf>,
}

/// A card that cannot compute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// As ggml names it.
    pub(super) name: String,
    /// The backend whose module was tried.
    pub(super) backend: String,
    /// Why, in a person's words.
    pub(super) why: String,
}

impl Trials {
    /// Those of the listed cards that failed; modules that are unchanged since their cards computed are not tried.
    pub(super) fn refuse(&self, folder: &Path, listed: &[BackendDevice]) -> Vec<Refused> {
        self.refuse_by(folder, listed, &|module| {
            try_cards(&|from| run(&self.program, module, from))
        })
    }

    fn refuse_by(&self, folder: &Path, listed: &[BackendDevice], try_cards: &dyn Fn(&Path) -> Outcome) -> Vec<Refused> {
        let passed = self.kept.as_deref().map(read_passed).unwrap_or_default();
        let mut now = BTreeSet::new();
        let mut refused = Vec::new();
        for module in module_files(folder) {
            let Some(backend) = backend_of(&module) else { continue };
            let cards: Vec<&BackendDevice> = listed
                .iter()
                .filter(|card| card.is_gpu() && card.device.backend.starts_with(&backend))
                .collect();
            let known: Vec<String> = cards.iter().map(|card| passed_line(&module, card)).collect();
            if known.iter().all(|line| passed.contains(line)) {
                now.extend(known);
                continue;
            }
            let tried = try_cards(&module);
            for (card, line) in cards.into_iter().zip(known) {
                let Device { name, description, .. } = &card.device;
                match tried
                    .cards
                    .iter()
                    .find(|tried| tried.name == *name)
                    .map(|tried| &tried.result)
                {
                    Some(TrialResult::Works) => {
                        now.insert(line);
                    }
                    Some(TrialResult::Fault(fault)) => {
                        tracing::warn!(card = %name, "{fault}");
                        refused.push(Refused {
                            name: name.clone(),
                            backend: backend.clone(),
                            why: format!("{description}: {fault}"),
                        });
                    }
                    // Nothing is known against it.
                    Some(TrialResult::Full) | None => {}
                }
            }
        }
        if let Some(kept) = &self.kept
            && now != passed
        {
            let lines: String = now.iter().map(|line| format!("{line}\n")).collect();
            if let Err(error) = fs::write(kept, lines) {
                tracing::warn!(%error, "which graphics cards have computed could not be kept; they are tried at each start");
            }
        }
        refused
    }
}

fn read_passed(kept: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(kept).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// A card that computed, with the module's file as it was then.
fn passed_line(module: &Path, card: &BackendDevice) -> String {
    let file = module.file_name().unwrap_or_default().to_string_lossy();
    let (bytes, changed_ms) = fs::metadata(module).map_or((0, 0), |metadata| {
        let changed = metadata.modified().ok();
        let since = changed.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        (metadata.len(), since.map_or(0, |since| since.as_millis()))
    });
    format!(
        "{file} {bytes} {changed_ms} {} {}",
        card.device.name, card.device.description
    )
}

/// Why a module that gave no device is not used, in a person's words.
pub(super) fn explain_module(program: &Path, module: &Path) -> String {
    let tried = try_cards(&|from| run(program, module, from));
    let of_card = tried.cards.into_iter().find_map(|card| match card.result {
        TrialResult::Fault(fault) => Some(fault),
        TrialResult::Works | TrialResult::Full => None,
    });
    tried
        .fault
        .or(of_card)
        .unwrap_or_else(|| "It works when tried alone; restart DocMind to use it.".to_owned())
}

/// What came of trying a module's cards.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// Why none was tried.
    fault: Option<String>,
    cards: Vec<Tried>,
}

#[derive(Debug, PartialEq, Eq)]
struct Tried {
    name: String,
    result: TrialResult,
}

#[derive(Debug, PartialEq, Eq)]
enum TrialResult {
    /// It computed.
    Works,
    /// Others use all its memory: that says nothing of it.
    Full,
    /// Why it cannot compute, in a person's words.
    Fault(String),
}

/// Lets each card of a module compute: one that ends its process is passed over by the next. `run` begins with the card of that number.
fn try_cards(run: &dyn Fn(usize) -> std::io::Result<Ended>) -> Outcome {
    let mut outcome = Outcome::default();
    loop {
        let from = outcome.cards.len();
        let ended = match run(from) {
            Ok(ended) => ended,
            Err(error) => {
                outcome.fault.get_or_insert(format!("It could not be tried: {error}."));
                return outcome;
            }
        };
        let count = ended.read_into(&mut outcome);
        if outcome.fault.is_some() || outcome.cards.len() == from || outcome.cards.len() >= count {
            return outcome;
        }
    }
}

fn result(word: &str, rest: &str) -> TrialResult {
    let is_full = ["out of memory", "no memory", "OutOfDeviceMemory"]
        .iter()
        .any(|words| rest.contains(words));
    match word {
        "works" => TrialResult::Works,
        _ if is_full => TrialResult::Full,
        _ => TrialResult::Fault(explain(rest, "It failed a trial")),
    }
}

/// One child process.
struct Ended {
    /// `None` where it was killed because it took too long.
    status: Option<ExitStatus>,
    said: String,
}

impl Ended {
    /// Adds what was said of module and cards; gives the number of cards there are.
    fn read_into(&self, outcome: &mut Outcome) -> usize {
        let mut count = None;
        for line in self.said.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "usable" => count = rest.parse().ok(),
                // What ends the process in the middle takes its place.
                "trying" => outcome.cards.push(Tried {
                    name: rest.to_owned(),
                    result: TrialResult::Fault(self.how()),
                }),
                "works" | "failed" => {
                    if let Some(card) = outcome.cards.last_mut() {
                        card.result = result(word, rest);
                    }
                }
                _ => {}
            }
        }
        if count.is_none() {
            let is_orderly = self.status.is_some_and(|status| status.success());
            outcome.fault = Some(if is_orderly {
                explain(self.said.trim(), "It cannot be loaded")
            } else {
                self.how()
            });
        }
        count.unwrap_or(0)
    }

    fn how(&self) -> String {
        match self.status {
            Some(status) => format!("Its driver ended the trial ({status}). Update the driver."),
            None => format!(
                "Its driver did not answer within {} seconds. Restart the machine, or update the driver.",
                PATIENCE.as_secs()
            ),
        }
    }
}

/// `program probe MODULE FROM`.
fn run(program: &Path, module: &Path, from: usize) -> std::io::Result<Ended> {
    // In our own surroundings, or other cards would be tried than are used.
    let mut child = Command::new(program)
        .arg("probe")
        .arg(module)
        .arg(from.to_string())
        .env("GGML_NO_BACKTRACE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let until = Instant::now() + PATIENCE;
    // What it prints is a few lines, which the pipe holds.
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if Instant::now() >= until {
            child.kill()?;
            break None;
        }
        thread::sleep(Duration::from_millis(10));
    };
    let said = child.wait_with_output()?.stdout;
    Ok(Ended {
        status,
        said: String::from_utf8_lossy(&said).into_owned(),
    })
}

/// The dynamic linker's and drivers' words, in a person's; where nobody knows better, after `what`.
fn explain(words: &str, what: &str) -> String {
    let lower = words.to_lowercase();
    if lower.contains("libcuda.so") {
        "No NVIDIA driver is installed (libcuda.so.1 is missing). Install NVIDIA's driver.".to_owned()
    } else if let Some(library) = missing_library(words) {
        format!("The library {library} is missing. Install it, or run DocMind's set-up again.")
    } else if lower.contains("libvulkan") {
        "No Vulkan loader is installed (libvulkan.so.1). Install the graphics driver.".to_owned()
    } else if lower.contains("insufficient") || lower.contains("driver version") {
        "The driver is too old for this module. Update the driver.".to_owned()
    } else if lower.contains("no kernel image") || lower.contains("compute capability") {
        "The graphics card is older than those this module was built for.".to_owned()
    } else if lower.contains("no device") {
        "No graphics card of this kind was found.".to_owned()
    } else {
        let words = words.trim_start_matches("unusable").trim().trim_end_matches('.');
        format!("{what}: {words}.")
    }
}

fn missing_library(words: &str) -> Option<String> {
    let (before, _) = words.split_once(": cannot open shared object file")?;
    Some(before.rsplit([' ', ':']).next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::DeviceKind;
    use std::cell::Cell;

    const LOADING: &str = "It cannot be loaded";

    #[test]
    fn the_linker_s_words_are_explained() {
        let explain = |words| explain(words, LOADING);
        let words = "unusable load_backend: failed to load /r/libggml-cuda.so: libcuda.so.1: cannot open shared object file: No such file";
        assert!(explain(words).contains("NVIDIA driver"));
        let words = "unusable load_backend: failed to load /r/libggml-cuda.so: libcublas.so.13: cannot open shared object file: No such file";
        assert!(explain(words).contains("libcublas.so.13"), "{}", explain(words));
        assert!(explain("unusable no device").contains("No graphics card"));
    }

    #[cfg(unix)]
    #[test]
    fn what_the_trial_says_is_told_and_one_that_fails_too() {
        let module = Path::new("libggml-cuda.so");
        // `echo probe MODULE 0` stands for a driver with unknown words, `false` for one that ends the process.
        let said = explain_module(Path::new("/bin/echo"), module);
        assert!(said.contains("probe libggml-cuda.so"), "{said}");
        assert!(explain_module(Path::new("/bin/false"), module).contains("ended the trial"));
        assert!(explain_module(Path::new("/nowhere"), module).contains("could not be tried"));
    }

    /// What a child says of two cards, the first of which is too old and ends the process.
    #[cfg(unix)]
    fn old_and_new(from: usize) -> Ended {
        use std::os::unix::process::ExitStatusExt;
        let (status, said) = match from {
            0 => (
                6,
                "usable 2\ntrying CUDA0\nfailed CUDA error: no kernel image is available for execution on the device\n",
            ),
            _ => (0, "usable 2\ntrying CUDA1\nworks\n"),
        };
        Ended {
            status: Some(ExitStatus::from_raw(status)),
            said: said.to_owned(),
        }
    }

    fn card(name: &str, description: &str) -> BackendDevice {
        BackendDevice {
            index: 0,
            kind: DeviceKind::Card,
            device: Device {
                name: name.into(),
                description: description.into(),
                backend: "cuda".into(),
                memory_total_mib: 8192,
                memory_free_mib: 8000,
            },
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_card_that_aborts_is_passed_over() {
        let outcome = try_cards(&|from| Ok(old_and_new(from)));
        assert_eq!(outcome.fault, None);
        let [old, new] = &outcome.cards[..] else {
            panic!("{outcome:?}");
        };
        assert!(
            matches!(&old.result, TrialResult::Fault(fault) if fault.contains("older than")),
            "{old:?}"
        );
        assert_eq!((new.name.as_str(), &new.result), ("CUDA1", &TrialResult::Works));
    }

    #[cfg(unix)]
    #[test]
    fn a_card_that_ends_the_process_without_a_word_is_told_by_how_it_ended() {
        use std::os::unix::process::ExitStatusExt;
        let outcome = try_cards(&|_| {
            Ok(Ended {
                status: Some(ExitStatus::from_raw(11)),
                said: "usable 1\ntrying Vulkan0\n".into(),
            })
        });
        let [card] = &outcome.cards[..] else {
            panic!("{outcome:?}");
        };
        assert!(
            matches!(&card.result, TrialResult::Fault(fault) if fault.contains("ended the trial")),
            "{card:?}"
        );
    }

    #[test]
    fn a_full_card_is_not_refused() {
        assert_eq!(result("failed", "CUDA error: out of memory"), TrialResult::Full);
        assert_eq!(result("failed", "it has no memory "), TrialResult::Full);
        let broken = result("failed", "CUDA error: an illegal memory access was encountered");
        assert!(matches!(broken, TrialResult::Fault(_)));
    }

    #[cfg(unix)]
    #[test]
    fn a_card_that_computed_is_tried_again_only_with_another_module() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = format!(
            "{}ggml-cuda{}",
            std::env::consts::DLL_PREFIX,
            std::env::consts::DLL_SUFFIX
        );
        let module = folder.path().join(name);
        fs::write(&module, "").expect("written");
        let trials = Trials {
            program: "/nowhere".into(),
            kept: Some(folder.path().join("trials")),
        };
        let trials_made = Cell::new(0);
        let refuse = |listed: &[BackendDevice]| {
            trials.refuse_by(folder.path(), listed, &|_| {
                trials_made.set(trials_made.get() + 1);
                try_cards(&|from| Ok(old_and_new(from)))
            })
        };
        let new = [card("CUDA1", "RTX 4090")];
        assert!(refuse(&new).is_empty());
        assert!(refuse(&new).is_empty());
        assert_eq!(trials_made.get(), 1, "it is known");
        fs::write(&module, "another build").expect("written");
        assert!(refuse(&new).is_empty());
        assert_eq!(trials_made.get(), 2);
        let both = [card("CUDA0", "GTX 1080"), card("CUDA1", "RTX 4090")];
        for trials_so_far in [3, 4] {
            let refused = refuse(&both);
            assert_eq!(refused.len(), 1, "{refused:?}");
            assert_eq!(refused[0].name, "CUDA0");
            assert!(
                refused[0].why.starts_with("GTX 1080: The graphics card is older"),
                "{refused:?}"
            );
            assert_eq!(trials_made.get(), trials_so_far, "what failed is tried again");
        }
    }
}
