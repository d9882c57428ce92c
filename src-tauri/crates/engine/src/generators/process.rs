//! What the panel sees of the model's process: the graphics cards it knows, and no model that was lost with it.

use crate::events::GpuReading;
use crate::listeners::lock;
use crate::telemetry::Live;
use docmind_core::hardware::Device;
use docmind_wire::generate::GenerateWorker;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The process is asked for its cards anew after this time, while somebody looks.
const FRESH: Duration = Duration::from_secs(2);
/// The backend of the processor.
const CPU: &str = "cpu";

/// The model's process, looked at twice a second. Looking starts none and waits for none.
pub(crate) struct ModelProcess {
    worker: Arc<Mutex<Option<Arc<GenerateWorker>>>>,
    asked: Arc<Mutex<Asked>>,
}

#[derive(Default)]
struct Asked {
    cards: Vec<Card>,
    at: Option<Instant>,
    /// The answer to the last question has not come yet.
    waiting: bool,
}

struct Card {
    device: Device,
    /// The most that was free on it: so much is free again once the process is gone.
    most_free_mib: u32,
}

impl ModelProcess {
    pub(super) fn of(worker: Arc<Mutex<Option<Arc<GenerateWorker>>>>) -> Self {
        Self {
            worker,
            asked: Arc::default(),
        }
    }

    /// Takes from the panel a model that is lost, and gives the cards, as they were told last.
    pub(crate) fn look(&self, live: &Mutex<Live>) -> Vec<Device> {
        let worker = lock(&self.worker).clone();
        {
            // Asked with the panel in hand: a model is there before it is told to the panel.
            let mut live = lock(live);
            if !live.model.is_empty() && worker.as_ref().and_then(|worker| worker.loaded()).is_none() {
                live.forget_model();
            }
        }
        let running = worker.filter(|worker| worker.pid().is_some());
        let runs = running.is_some();
        if let Some(worker) = running {
            self.ask(worker);
        }
        lock(&self.asked).told(runs)
    }

    /// Asks on a thread of its own: a process in the middle of a long computation answers late.
    fn ask(&self, worker: Arc<GenerateWorker>) {
        {
            let mut asked = lock(&self.asked);
            if asked.waiting || asked.at.is_some_and(|at| at.elapsed() < FRESH) {
                return;
            }
            asked.at = Some(Instant::now());
            asked.waiting = true;
        }
        let answer = Arc::clone(&self.asked);
        let started = std::thread::Builder::new().name("cards".to_owned()).spawn(move || {
            let devices = worker.devices();
            let mut asked = lock(&answer);
            asked.waiting = false;
            if let Some(devices) = devices {
                asked.take(devices);
            }
        });
        if let Err(error) = started {
            tracing::warn!(%error, "the graphics cards cannot be asked for");
            lock(&self.asked).waiting = false;
        }
    }
}

impl Asked {
    fn take(&mut self, devices: Vec<Device>) {
        let before = std::mem::take(&mut self.cards);
        self.cards = devices
            .into_iter()
            .filter(|device| device.backend != CPU)
            .map(|device| {
                let earlier = before.iter().find(|card| card.device.name == device.name);
                let most_free_mib = earlier.map_or(0, |card| card.most_free_mib).max(device.memory_free_mib);
                Card { device, most_free_mib }
            })
            .collect();
    }

    fn told(&self, runs: bool) -> Vec<Device> {
        let told = |card: &Card| Device {
            memory_free_mib: if runs {
                card.device.memory_free_mib
            } else {
                card.most_free_mib
            },
            ..card.device.clone()
        };
        self.cards.iter().map(told).collect()
    }
}

/// One reading a card. What a driver's own library read of a card goes by the name under which the model computes there; a card is a
/// device of each backend that can use it, of which the first counts.
pub(crate) fn one_a_card(read: Vec<GpuReading>, told: &[Device]) -> Vec<GpuReading> {
    let mut cards: Vec<(GpuReading, Vec<&str>)> = read.into_iter().map(|reading| (reading, Vec::new())).collect();
    for device in told {
        let by_name = cards.iter().position(|(reading, _)| reading.device.name == device.name);
        // Two of one kind are told apart by their order.
        let same = by_name.or_else(|| {
            cards.iter().position(|(reading, backends)| {
                reading.device.description == device.description && !backends.contains(&device.backend.as_str())
            })
        });
        if let Some(index) = same {
            let (reading, backends) = &mut cards[index];
            if backends.is_empty() {
                reading.device.name.clone_from(&device.name);
                reading.device.backend.clone_from(&device.backend);
            }
            backends.push(&device.backend);
        } else {
            let reading = GpuReading {
                device: device.clone(),
                load_percent: None,
                power_w: None,
                temperature_c: None,
                clock_mhz: None,
            };
            cards.push((reading, vec![device.backend.as_str()]));
        }
    }
    cards.into_iter().map(|(reading, _)| reading).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(name: &str, description: &str, memory_free_mib: u32) -> Device {
        Device {
            name: name.into(),
            description: description.into(),
            backend: name.trim_end_matches(|c: char| c.is_ascii_digit()).to_lowercase(),
            memory_total_mib: 24_576,
            memory_free_mib,
        }
    }

    fn read_by_nvml(name: &str, description: &str) -> GpuReading {
        GpuReading {
            device: device(name, description, 20_000),
            load_percent: Some(50.0),
            power_w: None,
            temperature_c: None,
            clock_mhz: None,
        }
    }

    fn names(readings: &[GpuReading]) -> Vec<(&str, bool)> {
        readings
            .iter()
            .map(|reading| (reading.device.name.as_str(), reading.load_percent.is_some()))
            .collect()
    }

    #[test]
    fn a_card_of_two_backends_is_shown_once() {
        let told = [
            device("CUDA0", "NVIDIA GeForce RTX 4090", 19_000),
            device("CUDA1", "NVIDIA GeForce RTX 4090", 19_000),
            device("Vulkan0", "NVIDIA GeForce RTX 4090", 19_000),
            device("Vulkan1", "NVIDIA GeForce RTX 4090", 19_000),
            device("Vulkan2", "AMD Radeon Graphics", 8000),
        ];
        let read = vec![
            read_by_nvml("CUDA0", "NVIDIA GeForce RTX 4090"),
            read_by_nvml("CUDA1", "NVIDIA GeForce RTX 4090"),
        ];
        let shown = one_a_card(read, &told);
        assert_eq!(names(&shown), [("CUDA0", true), ("CUDA1", true), ("Vulkan2", false)]);
        assert_eq!(shown[0].device.memory_free_mib, 20_000, "the driver's own figure");
    }

    #[test]
    fn an_nvidia_card_that_vulkan_drives_goes_by_vulkan_s_name() {
        let told = [device("Vulkan0", "NVIDIA GeForce GTX 1080", 7000)];
        let shown = one_a_card(vec![read_by_nvml("CUDA0", "NVIDIA GeForce GTX 1080")], &told);
        assert_eq!(names(&shown), [("Vulkan0", true)]);
        assert_eq!(shown[0].device.backend, "vulkan");
    }

    #[test]
    fn a_card_without_a_driver_s_library_is_shown_with_what_the_process_tells() {
        let told = [device("Vulkan0", "AMD Radeon RX 7900 XTX", 9000)];
        let shown = one_a_card(Vec::new(), &told);
        assert_eq!(shown[0].device, told[0]);
        assert_eq!(
            names(&one_a_card(vec![read_by_nvml("CUDA0", "NVIDIA L4")], &[])),
            [("CUDA0", true)]
        );
    }

    #[test]
    fn what_the_process_held_is_free_again_once_it_is_gone() {
        let mut asked = Asked::default();
        let free = |asked: &Asked, runs| asked.told(runs)[0].memory_free_mib;
        asked.take(vec![
            device("CPU", "A processor", 500),
            device("Vulkan0", "A card", 9000),
        ]);
        asked.take(vec![
            device("CPU", "A processor", 500),
            device("Vulkan0", "A card", 3000),
        ]);
        assert_eq!(asked.told(true).len(), 1, "the processor is no card");
        assert_eq!((free(&asked, true), free(&asked, false)), (3000, 9000));
    }

    #[test]
    fn a_lost_model_leaves_the_panel_and_the_last_figures_stay() {
        let live = Mutex::new(Live {
            model: "Qwen3-4B".into(),
            device: "CUDA0".into(),
            ..Live::default()
        });
        lock(&live).stats.decode_tps = 30.0;
        let process = ModelProcess::of(Arc::default());
        assert!(process.look(&live).is_empty());
        let live = lock(&live);
        assert_eq!((live.model.as_str(), live.device.as_str()), ("", ""));
        assert_eq!(live.stats.decode_tps, 30.0);
    }
}
