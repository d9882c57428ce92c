//! ONNX Runtime: loaded once from the runtime folder, sessions opened on a device.

use crate::error::EmbedError;
use docmind_core::error::Notice;
use ort::environment::Environment;
use ort::ep::cuda::AttentionBackend;
use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Where a model runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// On a CUDA device where ONNX Runtime's CUDA provider is in the runtime folder and works, else on the processor.
    #[default]
    Automatic,
    /// On the processor.
    Cpu,
    /// On a CUDA device; where that is impossible, on the processor with a notice.
    Cuda,
}

/// A device that was settled on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    Cpu,
    Cuda,
}

impl Device {
    /// As ONNX Runtime calls it, in lower case.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        }
    }
}

/// ONNX Runtime's setting of that name: graph rewritings it leaves out.
const DISABLED_OPTIMIZERS: &str = "optimization.disable_specified_optimizers";
const LIBRARY: &str = if cfg!(windows) {
    "onnxruntime.dll"
} else if cfg!(target_os = "macos") {
    "libonnxruntime.dylib"
} else {
    "libonnxruntime.so"
};
const CUDA_PROVIDER: &str = if cfg!(windows) {
    "onnxruntime_providers_cuda.dll"
} else {
    "libonnxruntime_providers_cuda.so"
};

/// The loaded library.
pub(crate) struct Runtime {
    dir: PathBuf,
    environment: Environment,
}

impl Runtime {
    /// Loads `libonnxruntime` from `dir`; a process has one, and a second call takes it as it is.
    pub(crate) fn load(dir: &Path) -> Result<Self, EmbedError> {
        static LOADED: Mutex<Option<Environment>> = Mutex::new(None);
        let path = dir.join(LIBRARY);
        let failed = |detail: String| EmbedError::Runtime {
            path: path.clone(),
            detail,
        };
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let environment = if let Some(environment) = loaded.as_ref() {
            environment.clone()
        } else {
            let builder = ort::init_from(&path).map_err(|error| failed(error.to_string()))?;
            let environment = builder.with_name("docmind").with_telemetry(false).build();
            loaded
                .insert(environment.map_err(|error| failed(error.to_string()))?)
                .clone()
        };
        Ok(Self {
            dir: dir.to_owned(),
            environment,
        })
    }

    pub(crate) fn environment(&self) -> Environment {
        self.environment.clone()
    }

    /// The devices to try for a choice, best first.
    pub(crate) fn devices(&self, choice: DeviceChoice) -> Vec<Device> {
        let has_provider = self.dir.join(CUDA_PROVIDER).is_file();
        match choice {
            DeviceChoice::Cpu => vec![Device::Cpu],
            DeviceChoice::Automatic if !has_provider => vec![Device::Cpu],
            DeviceChoice::Automatic | DeviceChoice::Cuda => vec![Device::Cuda, Device::Cpu],
        }
    }

    /// A session of `model` on `device`; `threads` of the processor.
    pub(crate) fn session(&self, model: &Path, device: Device, threads: usize) -> Result<Session, EmbedError> {
        let build = || -> Result<Session, String> {
            let mut builder = self.builder(threads)?;
            match device {
                // The processor's one-pass norm with a skip connection is scalar; adding and then the plain norm are vector code.
                Device::Cpu => {
                    builder = builder
                        .with_config_entry(DISABLED_OPTIMIZERS, "SkipLayerNormFusion;BiasSkipLayerNormFusion")
                        .map_err(|error| error.to_string())?;
                }
                Device::Cuda => builder = self.with_cuda(builder)?,
            }
            builder.commit_from_file(model).map_err(|error| error.to_string())
        };
        build().map_err(|detail| {
            EmbedError::invalid(
                model,
                format!("ONNX Runtime cannot load it on `{}`", device.name()),
                detail,
            )
        })
    }

    fn builder(&self, threads: usize) -> Result<SessionBuilder, String> {
        let builder = Session::builder(&self.environment).map_err(|error| error.to_string())?;
        let builder = builder
            .with_optimization_level(GraphOptimizationLevel::Level3)
            .map_err(|error| error.to_string())?;
        let builder = builder.with_intra_threads(threads).map_err(|error| error.to_string())?;
        // Shapes differ from batch to batch: a pattern of one batch would only hold memory for the next.
        let builder = builder.with_memory_pattern(false).map_err(|error| error.to_string())?;
        // A spinning pool burns the second core while texts are tokenised and while nothing is asked.
        let builder = builder
            .with_intra_op_spinning(false)
            .map_err(|error| error.to_string())?;
        if saturates() {
            return builder.with_precise_qmm().map_err(|error| error.to_string());
        }
        Ok(builder)
    }

    /// CUDA and its libraries, from `cuda/` in the runtime folder where that exists, else from where the system has them.
    fn with_cuda(&self, builder: SessionBuilder) -> Result<SessionBuilder, String> {
        let libraries = self.dir.join("cuda");
        if libraries.is_dir() {
            ort::ep::cuda::preload_dylibs(Some(&libraries), Some(&libraries)).map_err(|error| error.to_string())?;
        }
        // All but cuDNN's attention, which plans anew for every shape of a batch: on an H100 it made FP16 slower than FP32.
        let attention = AttentionBackend::FLASH_ATTENTION
            | AttentionBackend::EFFICIENT_ATTENTION
            | AttentionBackend::TRT_FUSED_ATTENTION
            | AttentionBackend::TRT_FLASH_ATTENTION
            | AttentionBackend::MATH;
        // What is asked for and no more: the card is shared with the language model.
        let provider = ort::ep::CUDA::default()
            .with_attention_backend(attention)
            .with_arena_extend_strategy(ort::ep::ArenaExtendStrategy::SameAsRequested)
            .build()
            .error_on_failure();
        let builder = builder
            .with_execution_providers([provider])
            .map_err(|error| error.to_string())?;
        // Without this an operator the provider lacks runs on the processor, silently slow.
        builder.with_disable_cpu_fallback().map_err(|error| error.to_string())
    }
}

/// What a person is told when CUDA was asked for, or its provider is there, and the processor is used.
pub(crate) fn cpu_notice(why: &EmbedError) -> Notice {
    let detail = match why {
        EmbedError::Invalid { detail, .. } | EmbedError::Runtime { detail, .. } => detail.as_str(),
        _ => "",
    };
    let first = detail.lines().next().unwrap_or_default();
    Notice::new(
        "embedder_on_cpu",
        format!("Documents are embedded on the processor, because the graphics card could not be used: {first}"),
    )
}

/// Processors without VNNI add products of signed bytes with saturation; the runtime is then told to use its exact kernels.
fn saturates() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        !(std::arch::is_x86_feature_detected!("avx512vnni") || std::arch::is_x86_feature_detected!("avxvnni"))
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// Threads used when nobody says: every core.
pub(crate) fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
