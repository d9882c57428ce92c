//! What the application and `docmind-generate` say to each other.

use crate::protocol::Protocol;
use docmind_core::error::Notice;
use docmind_core::generation::{GenerateEvent, GenerateRequest, GenerationStats};
use docmind_core::hardware::Device;
use docmind_core::measurement::{AgreementRow, BackendReport, BenchRequest, BenchRow, QuantizeRequest};
use docmind_core::model::{ModelCard, ModelShape};
use docmind_core::plan::{LoadReport, LoadRequest, MemoryPlan};
use serde::{Deserialize, Serialize};

/// What the language model's worker is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum GenerateCall {
    /// Devices and modules.
    Backends,
    /// Devices alone, with what is free on them now. Answered between two tokens, too.
    Devices,
    /// What a model file says of itself; checked, not loaded. Answered between two tokens, too.
    Inspect(String),
    /// What loading would take.
    Plan(Box<LoadRequest>),
    /// Load; what was loaded before goes.
    Load(Box<LoadRequest>),
    /// Write an answer.
    Generate(Box<GenerateRequest>),
    /// Make a smaller file.
    Quantize(QuantizeRequest),
    /// Measure profiles.
    Bench(BenchRequest),
    /// Compare each profile's output with that of the first, over a text.
    Agree {
        /// The profiles, the reference first.
        request: BenchRequest,
        /// The text.
        text: String,
    },
}

/// What it tells on the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum GenerateTold {
    /// Share done, 0 to 1.
    Progress(f32),
    /// Of an answer.
    Answer(GenerateEvent),
    /// What is being measured.
    Stage(String),
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum GenerateReply {
    /// To `Backends`.
    Backends(BackendReport),
    /// To `Devices`.
    Devices(Vec<Device>),
    /// To `Inspect`.
    Inspected(Box<ModelShape>),
    /// To `Plan`: the plan and why.
    Planned(Box<MemoryPlan>, Notice),
    /// To `Load`.
    Loaded(Box<LoadReport>),
    /// To `Generate`.
    Generated(GenerationStats),
    /// To `Quantize`.
    Quantized(Box<ModelCard>),
    /// To `Bench`.
    Measured(Vec<BenchRow>),
    /// To `Agree`: a row and an answer a profile.
    Agreed(Vec<(AgreementRow, String)>),
}

/// Between application and `docmind-generate`.
pub struct GenerateProtocol;

impl Protocol for GenerateProtocol {
    const WORKER: &'static str = "docmind-generate";
    type Request = GenerateCall;
    type Event = GenerateTold;
    type Reply = GenerateReply;

    fn is_urgent(request: &GenerateCall) -> bool {
        matches!(request, GenerateCall::Devices | GenerateCall::Inspect(_))
    }
}
