//! ggml's backends: modules found beside the program, loaded before llama.cpp starts, and why one is not used.
#![expect(
    unsafe_code,
    reason = "llama-cpp-2 loads whole folders of modules, the one with AMX among them; one module alone is loaded through ggml's \
              C interface, and every block has its SAFETY line"
)]

mod probe;

pub use probe::{Trials, probe};

use crate::error::LlamaError;
use crate::log;
use crate::native::c_path;
use docmind_core::hardware::Device;
use docmind_core::measurement::{BackendReport, ModuleReport};
use docmind_core::plan::{FreeMemory, MemoryShare};
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::{LlamaBackendDeviceType, list_llama_ggml_backend_devices};
use llama_cpp_sys_2 as sys;
use probe::Refused;
use std::ffi::CStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

const MIB: f64 = 1024.0 * 1024.0;

/// CPU modules in the order tried, the most capable first; ggml refuses one this processor lacks instructions for. Not among them:
/// `sapphirerapids`, the one with AMX. Only servers have AMX, and in virtual machines its tile state was seen to get lost between
/// two instructions (`tilezero` trapped as invalid in ggml's own kernel, November 2026), which ends the process.
const CPU_ORDER: [&str; 13] = [
    "zen4",
    "cooperlake",
    "icelake",
    "cannonlake",
    "cascadelake",
    "skylakex",
    "alderlake",
    "haswell",
    "piledriver",
    "ivybridge",
    "sandybridge",
    "sse42",
    "x64",
];

/// Of every card where none may be used.
const SWITCHED_OFF: &str = "Graphics cards are switched off after a failure.";

/// Whether graphics cards may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GpuUse {
    /// Modules of GPUs are loaded where they are.
    Allowed,
    /// None is touched: the last resort after the worker died on one.
    Forbidden,
}

/// The loaded backends. One a process.
pub struct Backends {
    folder: PathBuf,
    gpu: GpuUse,
    trials: Option<Trials>,
    /// Cards that failed their trial, once that was made.
    refused: OnceLock<Vec<Refused>>,
    /// What a loaded model takes, which would be free for the next one.
    held: Mutex<Vec<MemoryShare>>,
}

/// A device as ggml knows it.
#[derive(Clone, Debug)]
pub struct BackendDevice {
    /// Its index among ggml's devices.
    pub index: usize,
    /// Its name, memory and backend.
    pub device: Device,
    /// What computes there.
    pub kind: DeviceKind,
}

/// What computes on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// The processor.
    Processor,
    /// A GPU that shares the processor's memory.
    Integrated,
    /// A GPU with memory of its own, and what a backend takes for one (lavapipe).
    Card,
}

impl BackendDevice {
    /// It is a GPU, integrated ones included.
    pub fn is_gpu(&self) -> bool {
        self.kind != DeviceKind::Processor
    }
}

/// llama.cpp, started once a process.
static STARTED: OnceLock<LlamaBackend> = OnceLock::new();

/// The CPU module in use.
static CPU_MODULE: OnceLock<PathBuf> = OnceLock::new();

/// Proof that llama.cpp was started, for what takes one.
pub(crate) fn started() -> Result<&'static LlamaBackend, LlamaError> {
    STARTED.get().ok_or_else(|| LlamaError::NoBackend(String::new()))
}

/// With the memory that a model holds now, as if it were unloaded.
fn with_given_back(mut free: FreeMemory, held: &[MemoryShare]) -> FreeMemory {
    let shared = free.gpu_shares_ram;
    for share in held {
        let on_cpu = share.device == "CPU";
        let on_gpu = free.gpu.as_ref().is_some_and(|gpu| gpu.name == share.device);
        if let Some(gpu) = &mut free.gpu
            && (on_gpu || (on_cpu && shared))
        {
            let given_back = gpu.memory_free_mib.saturating_add(share.buffers_mib() as u32);
            gpu.memory_free_mib = given_back.min(gpu.memory_total_mib);
        }
        if on_cpu || (on_gpu && shared) {
            free.ram_free_mib = (free.ram_free_mib + share.buffers_mib()).min(free.ram_total_mib);
        }
    }
    free
}

impl Backends {
    /// Loads the modules in `folder` (usually `runtime/backends`) and starts llama.cpp. Modules fail silently in ggml: the device
    /// list is checked.
    ///
    /// # Errors
    /// Not even a module for the CPU could be loaded.
    pub fn start(folder: &Path, gpu: GpuUse) -> Result<Self, LlamaError> {
        static STARTING: Mutex<()> = Mutex::new(());
        log::capture();
        let one = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        if STARTED.get().is_none() {
            if gpu == GpuUse::Allowed {
                load_gpus(folder)?;
            }
            load_cpu(folder)?;
            // What was refused on the way is no error of what comes.
            log::last_words();
            let backend = LlamaBackend::init().map_err(|_| LlamaError::NoBackend(folder.display().to_string()))?;
            STARTED.get_or_init(|| backend);
        }
        drop(one);
        let backends = Self {
            folder: folder.to_owned(),
            gpu,
            trials: None,
            refused: OnceLock::new(),
            held: Mutex::default(),
        };
        if listed().is_empty() {
            return Err(LlamaError::NoBackend(folder.display().to_string()));
        }
        Ok(backends)
    }

    /// The same, where a card is used only after it has computed: tried when devices are first asked for, in a child process.
    pub fn trying(self, trials: Trials) -> Self {
        Self {
            trials: Some(trials),
            ..self
        }
    }

    fn refused(&self) -> &[Refused] {
        match &self.trials {
            Some(trials) if self.gpu == GpuUse::Allowed => {
                self.refused.get_or_init(|| trials.refuse(&self.folder, &listed()))
            }
            _ => &[],
        }
    }

    /// Why cards are not used, in a person's words.
    pub fn refusals(&self) -> Vec<String> {
        if self.gpu == GpuUse::Forbidden {
            return vec![SWITCHED_OFF.to_owned()];
        }
        self.refused().iter().map(|refused| refused.why.clone()).collect()
    }

    /// What there is now, without cards that failed their trial.
    pub fn devices(&self) -> Vec<BackendDevice> {
        let refused = self.refused();
        let mut devices = listed();
        devices.retain(|found| refused.iter().all(|refused| refused.name != found.device.name));
        devices
    }

    /// [`Self::devices`] as the application knows them.
    pub fn device_list(&self) -> Vec<Device> {
        self.devices().into_iter().map(|found| found.device).collect()
    }

    /// The GPU that would be used.
    pub fn best_gpu(&self) -> Option<BackendDevice> {
        if self.gpu == GpuUse::Forbidden {
            return None;
        }
        best_of(self.devices())
    }

    /// A model was loaded and takes this; nothing where it is unloaded. A plan is for the model in its place.
    pub fn hold(&self, allocated: Vec<MemoryShare>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = allocated;
    }

    /// What planning goes by: what is free now, and what the loaded model would make room for.
    pub fn free_memory(&self) -> FreeMemory {
        let (ram_total_mib, ram_free_mib) = ram().unwrap_or_else(|| {
            let devices = self.devices();
            let cpu = devices.iter().find(|device| !device.is_gpu());
            cpu.map_or((0.0, 0.0), |cpu| {
                (
                    f64::from(cpu.device.memory_total_mib),
                    f64::from(cpu.device.memory_free_mib),
                )
            })
        });
        let gpu = self.best_gpu();
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        with_given_back(
            FreeMemory {
                ram_total_mib,
                ram_free_mib,
                gpu_shares_ram: gpu.as_ref().is_some_and(|gpu| gpu.kind == DeviceKind::Integrated),
                gpu: gpu.map(|gpu| gpu.device),
            },
            &held,
        )
    }

    /// Devices, and for every module whether it can be used here and why not. Modules of GPUs that gave no device are tried in a
    /// child process, where [`Self::trying`] says which: a broken driver takes only that with it.
    pub fn report(&self) -> BackendReport {
        let none = || "No device of this kind was found.".to_owned();
        let devices = self.devices();
        let mut modules = Vec::new();
        let cpu = devices
            .iter()
            .find(|device| !device.is_gpu())
            .map(|device| device.device.description.clone());
        for path in module_files(&self.folder) {
            let Some(backend) = backend_of(&path) else { continue };
            // One line for all CPU variants: that of the one in use.
            if backend == "cpu" && CPU_MODULE.get() != Some(&path) {
                continue;
            }
            let file = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            let (usable, reason) = if backend == "cpu" {
                (cpu.is_some(), cpu.clone().unwrap_or_else(none))
            } else if let Some(device) = devices
                .iter()
                .find(|device| device.device.backend.starts_with(&backend))
            {
                (true, device.device.description.clone())
            } else if let Some(refused) = self.refused().iter().find(|refused| refused.backend == backend) {
                (false, refused.why.clone())
            } else if self.gpu == GpuUse::Forbidden {
                (false, SWITCHED_OFF.to_owned())
            } else if let Some(trials) = &self.trials {
                (false, probe::explain_module(&trials.program, &path))
            } else {
                (false, none())
            };
            modules.push(ModuleReport {
                file,
                backend,
                usable,
                reason,
            });
        }
        BackendReport {
            devices: devices.into_iter().map(|device| device.device).collect(),
            modules,
            version: version(),
        }
    }
}

/// Of several GPUs the one to use: a card before one that shares the processor's memory, and CUDA before another backend, as one card
/// is a device of each; then the one with most free memory.
fn best_of(devices: Vec<BackendDevice>) -> Option<BackendDevice> {
    devices.into_iter().filter(BackendDevice::is_gpu).max_by_key(|found| {
        (
            found.kind == DeviceKind::Card,
            found.device.backend == "cuda",
            found.device.memory_free_mib,
        )
    })
}

/// Total and free memory of a device: what its backend reports, save that the processor's is the machine's, and that one which shares it
/// has no more of it free.
fn memory_of(kind: DeviceKind, reported: (f64, f64), ram: Option<(f64, f64)>) -> (f64, f64) {
    match (kind, ram) {
        (DeviceKind::Processor, Some(ram)) => ram,
        (DeviceKind::Integrated, Some((_, free))) => (reported.0, reported.1.min(free)),
        _ => reported,
    }
}

/// The version of `llama-cpp-sys-2`, which brings llama.cpp: by its own account that is the same one in many builds.
const SYS_VERSION: &str = "0.1.161";

/// Which llama.cpp this is, such as `llama.cpp 0.6.0-dev (llama-cpp-sys-2 0.1.161)`; snapshots are valid for one build only.
pub fn version() -> String {
    // SAFETY: a static text, closed by a zero.
    let version = unsafe { CStr::from_ptr(sys::llama_version()) };
    format!(
        "llama.cpp {} (llama-cpp-sys-2 {SYS_VERSION})",
        version.to_string_lossy()
    )
}

/// Every module that is not for the CPU. One that cannot be used here is refused by ggml and explained by [`Backends::report`].
fn load_gpus(folder: &Path) -> Result<(), LlamaError> {
    for path in module_files(folder) {
        if backend_of(&path).is_some_and(|backend| backend != "cpu") {
            load(&path)?;
        }
    }
    Ok(())
}

/// The first CPU module that this processor takes. On processors other than x86-64 there is one module, without a variant's name.
fn load_cpu(folder: &Path) -> Result<(), LlamaError> {
    let name = |variant: &str| {
        format!(
            "{}ggml-cpu{variant}{}",
            std::env::consts::DLL_PREFIX,
            std::env::consts::DLL_SUFFIX
        )
    };
    let variants = CPU_ORDER
        .iter()
        .map(|variant| name(&format!("-{variant}")))
        .chain([name("")]);
    for file in variants {
        let path = folder.join(file);
        if path.is_file() && load(&path)? {
            CPU_MODULE.get_or_init(|| path);
            return Ok(());
        }
    }
    Err(LlamaError::NoBackend(folder.display().to_string()))
}

fn load(path: &Path) -> Result<bool, LlamaError> {
    let file = c_path(path).map_err(|_| LlamaError::Path(path.display().to_string()))?;
    // SAFETY: a text closed by a zero; ggml checks the module's version and whether the processor can run it.
    Ok(!unsafe { sys::ggml_backend_load(file.as_ptr()) }.is_null())
}

/// Files of a folder, by name.
fn module_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .map(|entries| {
            entries
                .filter_map(|entry| entry.ok().map(|entry| entry.path()))
                .collect()
        })
        .unwrap_or_default();
    files.sort();
    files
}

/// `cpu`, `cuda`, `vulkan` … from a module's file name.
fn backend_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let name = name
        .strip_prefix(std::env::consts::DLL_PREFIX)?
        .strip_prefix("ggml-")?
        .strip_suffix(std::env::consts::DLL_SUFFIX)?;
    let backend = name.split('-').next()?;
    (!backend.is_empty() && backend != "base").then(|| backend.to_owned())
}

/// Total and available RAM in MiB: the smaller of the machine's and the control group's.
pub fn ram() -> Option<(f64, f64)> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let field = |name: &str| -> Option<f64> {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace()
            .nth(1)?
            .parse::<f64>()
            .ok()
            .map(|kib| kib / 1024.0)
    };
    let (mut total, mut free) = (field("MemTotal:")?, field("MemAvailable:")?);
    let number = |name: &str| {
        fs::read_to_string(format!("/sys/fs/cgroup/{name}"))
            .ok()?
            .trim()
            .parse::<f64>()
            .ok()
    };
    if let (Some(most), Some(used)) = (number("memory.max"), number("memory.current")) {
        // Cached files count as used there, but are given back when needed.
        let cached = fs::read_to_string("/sys/fs/cgroup/memory.stat")
            .ok()
            .and_then(|stat| {
                stat.lines()
                    .find_map(|line| line.strip_prefix("file ")?.trim().parse::<f64>().ok())
            })
            .unwrap_or(0.0);
        total = total.min(most / MIB);
        free = free.min((most - used + cached) / MIB);
    }
    Some((total, free))
}

/// Every device that the loaded modules tell of.
fn listed() -> Vec<BackendDevice> {
    let ram = ram();
    list_llama_ggml_backend_devices()
        .into_iter()
        .filter_map(|found| {
            let kind = match found.device_type {
                LlamaBackendDeviceType::Gpu => DeviceKind::Card,
                LlamaBackendDeviceType::IntegratedGpu => DeviceKind::Integrated,
                LlamaBackendDeviceType::Cpu => DeviceKind::Processor,
                _ => return None,
            };
            let reported = (found.memory_total as f64 / MIB, found.memory_free as f64 / MIB);
            let (total, free) = memory_of(kind, reported, ram);
            Some(BackendDevice {
                index: found.index,
                kind,
                device: Device {
                    name: found.name,
                    description: found.description.trim().to_owned(),
                    backend: found.backend.to_lowercase(),
                    memory_total_mib: total as u32,
                    memory_free_mib: free as u32,
                },
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_counts_what_the_loaded_model_would_give_back() {
        let card = Device {
            name: "CUDA0".into(),
            description: String::new(),
            backend: "cuda".into(),
            memory_total_mib: 8192,
            memory_free_mib: 3300,
        };
        let free = FreeMemory {
            ram_total_mib: 16_000.0,
            ram_free_mib: 15_900.0,
            gpu: Some(card),
            gpu_shares_ram: false,
        };
        let share = |device: &str, mib| MemoryShare {
            device: device.into(),
            weights_mib: mib,
            ..MemoryShare::default()
        };
        let held = [share("CPU", 400.0), share("CUDA0", 4700.0)];
        let after = with_given_back(free.clone(), &held);
        assert_eq!(after.gpu.map(|gpu| gpu.memory_free_mib), Some(8000));
        assert_eq!(after.ram_free_mib, 16_000.0, "never more than there is");
        assert_eq!(with_given_back(free.clone(), &[]), free);
        let shared = FreeMemory {
            ram_free_mib: 3300.0,
            gpu_shares_ram: true,
            ..free
        };
        let after = with_given_back(shared, &held);
        assert_eq!(
            (after.ram_free_mib, after.gpu.map(|gpu| gpu.memory_free_mib)),
            (8400.0, Some(8192))
        );
    }

    #[test]
    fn a_refused_card_says_why() {
        let backends = |gpu| Backends {
            folder: PathBuf::new(),
            gpu,
            trials: Some(Trials {
                program: PathBuf::new(),
                kept: None,
            }),
            refused: OnceLock::from(vec![Refused {
                name: "CUDA0".into(),
                backend: "cuda".into(),
                why: "GTX 1080: it is too old.".into(),
            }]),
            held: Mutex::default(),
        };
        assert_eq!(backends(GpuUse::Allowed).refusals(), ["GTX 1080: it is too old."]);
        assert_eq!(backends(GpuUse::Forbidden).refusals(), [SWITCHED_OFF], "never silently");
    }

    #[test]
    fn the_version_is_the_locked_one() {
        let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../Cargo.lock")).expect("read");
        let locked = format!("name = \"llama-cpp-sys-2\"\nversion = \"{SYS_VERSION}\"\n");
        assert!(
            lock.contains(&locked),
            "another llama-cpp-sys-2 is locked than {SYS_VERSION}"
        );
        assert!(version().contains(SYS_VERSION), "{}", version());
    }

    #[test]
    fn modules_are_known_by_their_names() {
        assert_eq!(backend_of(Path::new("/x/libggml-cuda.so")).as_deref(), Some("cuda"));
        assert_eq!(
            backend_of(Path::new("/x/libggml-cpu-haswell.so")).as_deref(),
            Some("cpu")
        );
        assert_eq!(backend_of(Path::new("/x/libggml-base.so")), None);
        assert_eq!(backend_of(Path::new("/x/libllama.so")), None);
    }

    fn device(index: usize, kind: DeviceKind, backend: &str, memory_free_mib: u32) -> BackendDevice {
        BackendDevice {
            index,
            kind,
            device: Device {
                name: format!("{backend}{index}"),
                description: String::new(),
                backend: backend.to_owned(),
                memory_total_mib: 32_768,
                memory_free_mib,
            },
        }
    }

    #[test]
    fn a_card_goes_before_shared_memory_and_cuda_before_the_same_card_again() {
        use DeviceKind::{Card, Integrated, Processor};
        let best = |devices: &[BackendDevice]| best_of(devices.to_vec()).map(|best| best.index);
        let cpu = device(0, Processor, "cpu", 30_000);
        let integrated = device(1, Integrated, "vulkan", 24_000);
        let card = device(2, Card, "vulkan", 7900);
        let again = device(3, Card, "cuda", 7800);
        let small = device(4, Card, "cuda", 3000);
        assert_eq!(best(&[cpu.clone(), integrated.clone(), card.clone()]), Some(2));
        assert_eq!(best(&[cpu.clone(), again, card, small]), Some(3));
        assert_eq!(best(&[cpu.clone(), integrated]), Some(1));
        assert_eq!(best(&[cpu]), None);
    }

    #[test]
    fn shared_memory_is_free_where_ram_is() {
        let ram = Some((16_000.0, 5000.0));
        let reported = (16_000.0, 15_000.0);
        assert_eq!(memory_of(DeviceKind::Integrated, reported, ram), (16_000.0, 5000.0));
        assert_eq!(memory_of(DeviceKind::Card, reported, ram), reported);
        assert_eq!(memory_of(DeviceKind::Processor, reported, ram), (16_000.0, 5000.0));
        assert_eq!(memory_of(DeviceKind::Processor, reported, None), reported);
    }

    #[test]
    fn ram_is_read() {
        let (total, free) = ram().expect("on Linux");
        assert!(total > 100.0 && free > 0.0 && free <= total);
    }
}
