//! What the machine has.

use serde::{Deserialize, Serialize};

/// One device that can hold a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Device {
    /// As the backend names it, such as `CUDA0`.
    pub name: String,
    /// Such as `NVIDIA GeForce RTX 4090`.
    pub description: String,
    /// `cpu`, `cuda`, `vulkan`, `metal`, …
    pub backend: String,
    /// Total memory in MiB.
    pub memory_total_mib: u32,
    /// Free memory in MiB at the time of asking.
    pub memory_free_mib: u32,
}

/// The machine at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct HardwareInventory {
    /// Processor's brand.
    pub cpu: String,
    /// Physical cores.
    pub cores: u32,
    /// Total RAM in MiB.
    pub ram_total_mib: u32,
    /// Available RAM in MiB.
    pub ram_available_mib: u32,
    /// GPUs; empty on a machine without.
    pub gpus: Vec<Device>,
}
