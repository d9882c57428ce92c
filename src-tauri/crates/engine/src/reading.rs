//! One reading of machine, workers and ingest together.

use crate::clock::now_ms;
use crate::events::{MemoryOwner, Telemetry};
use crate::generators::{ModelProcess, one_a_card};
use crate::ingest::pipeline::Pipeline;
use crate::listeners::lock;
use crate::machine::Machine;
use crate::telemetry::Live;
use crate::workers::ExchangeableEmbedder;
use docmind_wire::parse::ParseWorker;
use std::sync::{Arc, Mutex};

/// Reads all of it when called.
pub(crate) fn sampler(
    machine: Arc<Machine>,
    live: Arc<Mutex<Live>>,
    model: ModelProcess,
    embedder: Arc<ExchangeableEmbedder>,
    readers: Vec<Arc<ParseWorker>>,
    pipeline: Option<Arc<Pipeline>>,
) -> impl Fn() -> Telemetry + Send + Sync {
    move || {
        let load = machine.load();
        let cards = model.look(&live);
        let mut reading = Telemetry {
            at_ms: now_ms(),
            cpu_percent: load.cpu_percent,
            ram_total_mib: load.ram_total_mib,
            ram_used_mib: load.ram_used_mib,
            gpus: one_a_card(machine.gpus(), &cards),
            ingest: pipeline
                .as_ref()
                .map(|pipeline| pipeline.progress())
                .unwrap_or_default(),
            ..Telemetry::default()
        };
        lock(&live).fill(&mut reading);
        let embedder_pid = embedder.pid();
        let mut pids = vec![std::process::id()];
        pids.extend(embedder_pid);
        pids.extend(readers.iter().flat_map(|reader| reader.pids()));
        let resident = machine.resident_mib(&pids);
        let embedder_mib = if embedder_pid.is_some() { resident[1] } else { 0 };
        let application: u32 = resident.iter().sum::<u32>() - embedder_mib;
        let owner = |name: &str, mib| MemoryOwner {
            owner: name.to_owned(),
            mib,
        };
        reading.owners.push(owner("embedder", embedder_mib));
        reading.owners.push(owner("application", application));
        reading
    }
}
