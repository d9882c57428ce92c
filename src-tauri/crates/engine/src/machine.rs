//! The machine: processor and memory from `sysinfo`, NVIDIA GPUs from NVML where its library is, found at run time.

use crate::events::GpuReading;
use crate::listeners::lock;
use docmind_core::hardware::{Device, HardwareInventory};
use docmind_core::ports::HardwareProbe;
use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::{Clock, TemperatureSensor};
use std::sync::{Mutex, OnceLock};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, Pid, ProcessRefreshKind, ProcessesToUpdate, RefreshKind, System};

const MIB: u64 = 1024 * 1024;

/// Reads the machine; keeps what the next reading is compared with.
pub struct Machine {
    system: Mutex<Option<System>>,
    /// Looked for once a card is asked for: that wakes one that sleeps, and takes a second or two where no daemon of NVIDIA's runs.
    nvml: OnceLock<Result<Nvml, String>>,
}

/// Processor and memory at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// All cores together, in percent.
    pub cpu_percent: f32,
    /// Total RAM in MiB.
    pub ram_total_mib: u32,
    /// RAM in use in MiB.
    pub ram_used_mib: u32,
    /// RAM that can still be had in MiB.
    pub ram_available_mib: u32,
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine {
    /// Measures nothing yet.
    pub fn new() -> Self {
        let kinds = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing().with_usage())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = match System::new_with_specifics(kinds) {
            Ok(system) => Some(system),
            Err(error) => {
                tracing::warn!(%error, "the machine cannot be read");
                None
            }
        };
        Self {
            system: Mutex::new(system),
            nvml: OnceLock::new(),
        }
    }

    fn nvml(&self) -> Result<&Nvml, &String> {
        self.nvml
            .get_or_init(|| Nvml::init().map_err(|error| error.to_string()))
            .as_ref()
    }

    /// Why there is no NVML, for `doctor`.
    pub fn nvml_absent(&self) -> Option<String> {
        self.nvml().err().cloned()
    }

    /// Processor and memory now; the load is over the time since the last reading.
    pub fn load(&self) -> Load {
        let mut guard = lock(&self.system);
        let Some(system) = guard.as_mut() else {
            return Load::default();
        };
        system.refresh_cpu_usage();
        system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        let (total, available) = limited_memory(system);
        Load {
            cpu_percent: system.global_cpu_usage(),
            ram_total_mib: mib(total),
            ram_used_mib: mib(total.saturating_sub(available)),
            ram_available_mib: mib(available),
        }
    }

    /// Resident memory of processes in MiB, in the order asked; 0 for those that are gone.
    pub fn resident_mib(&self, pids: &[u32]) -> Vec<u32> {
        let mut guard = lock(&self.system);
        let Some(system) = guard.as_mut() else {
            return vec![0; pids.len()];
        };
        let wanted: Vec<Pid> = pids.iter().copied().map(Pid::from_u32).collect();
        system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&wanted),
            true,
            ProcessRefreshKind::nothing().with_memory(),
        );
        wanted
            .iter()
            .map(|pid| system.process(*pid).map_or(0, |process| mib(process.memory())))
            .collect()
    }

    /// NVIDIA GPUs now.
    pub fn gpus(&self) -> Vec<GpuReading> {
        let Ok(nvml) = self.nvml() else { return Vec::new() };
        let count = nvml.device_count().unwrap_or(0);
        (0..count).filter_map(|index| read_gpu(nvml, index)).collect()
    }
}

/// Total and available bytes; inside a container with a limit, that limit's.
fn limited_memory(system: &System) -> (u64, u64) {
    let (total, available) = (system.total_memory(), system.available_memory());
    match system.cgroup_limits() {
        Some(limits) if limits.total_memory > 0 && limits.total_memory < total => {
            // Page cache counts as used in `free_memory`, yet it can be had.
            (
                limits.total_memory,
                limits.total_memory.saturating_sub(limits.rss).min(available),
            )
        }
        _ => (total, available),
    }
}

fn read_gpu(nvml: &Nvml, index: u32) -> Option<GpuReading> {
    let device = nvml.device_by_index(index).ok()?;
    let memory = device.memory_info().ok()?;
    Some(GpuReading {
        device: Device {
            // The model's process numbers them by their slots as well: see `GenerateWorker::new`.
            name: format!("CUDA{index}"),
            description: device.name().unwrap_or_else(|_| "NVIDIA GPU".to_owned()),
            backend: "cuda".to_owned(),
            memory_total_mib: mib(memory.total),
            memory_free_mib: mib(memory.free),
        },
        load_percent: device.utilization_rates().ok().map(|rates| rates.gpu as f32),
        power_w: device.power_usage().ok().map(|milliwatts| milliwatts as f32 / 1000.0),
        temperature_c: device
            .temperature(TemperatureSensor::Gpu)
            .ok()
            .map(|degrees| degrees as f32),
        clock_mhz: device.clock_info(Clock::Graphics).ok(),
    })
}

fn mib(bytes: u64) -> u32 {
    u32::try_from(bytes / MIB).unwrap_or(u32::MAX)
}

impl HardwareProbe for Machine {
    fn inventory(&self) -> HardwareInventory {
        let load = self.load();
        let cpu = lock(&self.system)
            .as_ref()
            .and_then(|system| Some(system.cpus().first()?.brand().trim().to_owned()));
        HardwareInventory {
            cpu: cpu.unwrap_or_default(),
            cores: System::physical_core_count()
                .ok()
                .map_or(1, |cores| u32::try_from(cores).unwrap_or(1)),
            ram_total_mib: load.ram_total_mib,
            ram_available_mib: load.ram_available_mib,
            gpus: self.gpus().into_iter().map(|gpu| gpu.device).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_memory_cores_and_this_process() {
        let machine = Machine::new();
        machine.load();
        assert!(machine.nvml.get().is_none(), "no card was asked for");
        let inventory = machine.inventory();
        assert!(inventory.cores >= 1);
        assert!(inventory.ram_total_mib > 256, "{inventory:?}");
        assert!(inventory.ram_available_mib <= inventory.ram_total_mib);
        let resident = machine.resident_mib(&[std::process::id(), u32::MAX - 1]);
        assert!(resident[0] > 0, "{resident:?}");
        assert_eq!(resident[1], 0);
    }
}
