//! A language model that loads as its path says: `dies`, `dies-on-card`, `stalls`, `slow`, or at once. Each load leaves a line in `loads`
//! beside it.

use docmind_core::error::{ErrorReport, Notice};
use docmind_core::generation::{GenerateEvent, GenerationStats};
use docmind_core::hardware::Device;
use docmind_core::measurement::BackendReport;
use docmind_core::model::{ModelCard, WeightType};
use docmind_core::plan::{LoadReport, LoadRequest, MemoryPlan, execution};
use docmind_core::profile::Offload;
use docmind_wire::generate::{GenerateCall, GenerateProtocol, GenerateReply, GenerateTold};
use docmind_wire::serve::{Call, Serve};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

pub struct Generator {
    devices: Vec<Device>,
    has_model: bool,
}

impl Generator {
    pub fn with_devices(backends: &[&str]) -> Self {
        let device = |backend: &&str| Device {
            name: backend.to_uppercase(),
            description: String::new(),
            backend: (*backend).to_owned(),
            memory_total_mib: 8192,
            memory_free_mib: 4096,
        };
        Self {
            devices: backends.iter().map(device).collect(),
            has_model: false,
        }
    }

    fn load(&mut self, request: &LoadRequest, call: &Call<GenerateProtocol>) -> Result<GenerateReply, ErrorReport> {
        let path = Path::new(&request.path);
        let mut loads = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path.with_file_name("loads"))
            .expect("opened");
        writeln!(loads, "{:?}", request.profile.offload).expect("written");
        self.has_model = false;
        match path.file_name().and_then(|name| name.to_str()) {
            Some("dies") => std::process::abort(),
            Some("dies-on-card") if request.profile.offload != Offload::None => std::process::abort(),
            Some("stalls") => return Err(ErrorReport::new("model_stalled", "Nothing came in.")),
            Some("slow") => {
                for _ in 0..100 {
                    if call.cancel().is_cancelled() {
                        return Err(ErrorReport::cancelled());
                    }
                    std::thread::sleep(Duration::from_millis(20));
                    call.tick();
                }
            }
            _ => {}
        }
        self.has_model = true;
        Ok(GenerateReply::Loaded(Box::new(report(request))))
    }
}

impl Serve<GenerateProtocol> for Generator {
    fn handle(
        &mut self,
        request: GenerateCall,
        call: &mut Call<GenerateProtocol>,
    ) -> Result<GenerateReply, ErrorReport> {
        match request {
            GenerateCall::Backends => {
                let mut vars: Vec<String> = std::env::vars()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                vars.sort();
                Ok(GenerateReply::Backends(BackendReport {
                    version: vars.join(", "),
                    ..BackendReport::default()
                }))
            }
            GenerateCall::Devices => Ok(GenerateReply::Devices(self.devices.clone())),
            GenerateCall::Load(request) => self.load(&request, call),
            GenerateCall::Generate(_) if self.has_model => {
                let text = "An answer.".to_owned();
                call.event(&GenerateTold::Answer(GenerateEvent::Text { text }));
                Ok(GenerateReply::Generated(GenerationStats::default()))
            }
            _ => Err(ErrorReport::new("no_model", "No model.")),
        }
    }
}

fn report(request: &LoadRequest) -> LoadReport {
    let profile = request.profile.clone();
    LoadReport {
        card: ModelCard {
            name: request.path.clone(),
            architecture: String::new(),
            weights: WeightType::Other,
            size_bytes: 0,
            parameters: 0,
            context_tokens: 0,
            layers: 0,
            hidden: 0,
            heads: 0,
            kv_heads: 0,
            head_dim: 0,
            vocabulary: 0,
            synthetic: true,
        },
        plan: MemoryPlan {
            gpu_layers: 0,
            execution: execution(&profile, 0),
            profile,
            shares: Vec::new(),
            fits: true,
            verdict: String::new(),
            steps: Vec::new(),
        },
        allocated: Vec::new(),
        weights_read_mib: 0.0,
        device: "CPU".into(),
        reason: Notice::new("chosen", "Chosen."),
        load_ms: 0.0,
        warmup_ms: 0.0,
        bandwidth_gbps: 0.0,
        notices: Vec::new(),
    }
}
