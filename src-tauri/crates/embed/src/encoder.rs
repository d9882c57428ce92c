//! One transformer in ONNX Runtime: padded ids in, rows of floats out.

use crate::batch::{Padded, Row};
use crate::error::EmbedError;
use crate::folder::{ModelFolder, Pooling};
use crate::lanes::{Lanes, Urgency};
use crate::runtime::{Device, Runtime};
use docmind_core::embedding::Precision;
use ort::session::{OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::TensorRef;
use std::borrow::Cow;
use std::path::Path;

/// Outputs taken where the card names none, best first.
const USUAL_OUTPUTS: [&str; 4] = ["sentence_embedding", "last_hidden_state", "token_embeddings", "logits"];

/// Weights that lanes may hold together: four lanes of a small model, one of a large.
const LANE_BYTES: u64 = 256 << 20;

/// Threads of the processor, and whether they may be split up into lanes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Threads {
    pub(crate) all: usize,
    pub(crate) lanes: bool,
}

/// A loaded model. Runs one batch a lane at a time; whoever waits gets the next free one.
///
/// A lane is a session with its share of the threads: on two cores, two batches beside each other on a thread each do a third more
/// than one after the other on both, because the threads of a run wait for each other after every operator. ONNX Runtime's sessions
/// are not run from two threads at once: what lanes cost is the weights once more.
pub(crate) struct Encoder {
    name: String,
    lanes: Lanes<Session>,
    output: String,
    has_types: bool,
    pad: u32,
    pooling: Pooling,
    device: Device,
    precision: Precision,
}

impl Encoder {
    pub(crate) fn open(
        runtime: &Runtime,
        folder: &ModelFolder,
        model: &Path,
        (device, precision): (Device, Precision),
        threads: Threads,
        pad: u32,
    ) -> Result<Self, EmbedError> {
        let lanes = match device {
            Device::Cpu if threads.lanes => lanes(model, threads.all),
            _ => 1,
        };
        let share = threads.all.div_ceil(lanes);
        let sessions = sessions(lanes, &|| runtime.session(model, device, share))?;
        let session = &sessions[0];
        let names: Vec<&str> = session.outputs().iter().map(ort::value::Outlet::name).collect();
        let output = match &folder.card().output {
            Some(named) => names.contains(&named.as_str()).then_some(named.as_str()),
            None => USUAL_OUTPUTS
                .into_iter()
                .find(|usual| names.contains(usual))
                .or(names.first().copied()),
        };
        let Some(output) = output.map(str::to_owned) else {
            let reason = format!(
                "it has no output `{}`",
                folder.card().output.as_deref().unwrap_or_default()
            );
            return Err(EmbedError::invalid(
                model,
                reason,
                format!("outputs: {}", names.join(", ")),
            ));
        };
        let has_types = session.inputs().iter().any(|input| input.name() == "token_type_ids");
        Ok(Self {
            name: folder.card().name.clone(),
            lanes: Lanes::new(sessions),
            output,
            has_types,
            pad,
            pooling: folder.card().pooling,
            device,
            precision,
        })
    }

    pub(crate) fn device(&self) -> Device {
        self.device
    }

    pub(crate) fn precision(&self) -> Precision {
        self.precision
    }

    /// Batches that run beside each other.
    pub(crate) fn lanes(&self) -> usize {
        self.lanes.count
    }

    pub(crate) fn failed(&self, texts: usize, detail: String) -> EmbedError {
        EmbedError::Failed {
            name: self.name.clone(),
            texts,
            detail,
        }
    }

    /// One row a text: the graph's own where it is pooled, else pooled here. Not normalised here.
    pub(crate) fn run<'a>(
        &self,
        rows: impl ExactSizeIterator<Item = Row<'a>> + Clone,
        urgency: Urgency,
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        let texts = rows.len();
        if texts == 0 {
            return Ok(Vec::new());
        }
        let padded = Padded::new(rows, self.pad);
        self.run_padded(&padded, urgency)
            .map_err(|detail| self.failed(texts, detail))
    }

    fn run_padded(&self, padded: &Padded, urgency: Urgency) -> Result<Vec<Vec<f32>>, String> {
        let mut inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = vec![
            (Cow::Borrowed("input_ids"), tensor(padded.shape, &padded.ids)?),
            (Cow::Borrowed("attention_mask"), tensor(padded.shape, &padded.mask)?),
        ];
        if self.has_types {
            inputs.push((Cow::Borrowed("token_type_ids"), tensor(padded.shape, &padded.types)?));
        }
        let options = RunOptions::new()
            .map_err(|error| error.to_string())?
            .with_outputs(OutputSelector::no_default().with(self.output.as_str()));
        let mut session = self.lanes.take(urgency);
        let outputs = session
            .run_with_options(inputs, &options)
            .map_err(|error| error.to_string())?;
        let (shape, values) = outputs[self.output.as_str()]
            .try_extract_tensor::<f32>()
            .map_err(|error| error.to_string())?;
        pool(values, shape, padded, self.pooling)
    }
}

/// So many sessions, at least one, loaded beside each other: a lane has a core, and a question waits for all of them.
fn sessions<S: Send>(lanes: usize, open: &(impl Fn() -> Result<S, EmbedError> + Sync)) -> Result<Vec<S>, EmbedError> {
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..lanes)
            .map(|_| {
                std::thread::Builder::new()
                    .name("load".into())
                    .spawn_scoped(scope, open)
            })
            .collect();
        let mut sessions = vec![open()?];
        for other in others {
            let loaded = other.ok().and_then(|thread| thread.join().ok());
            // A thread that cannot be had is done without.
            sessions.push(loaded.unwrap_or_else(open)?);
        }
        Ok(sessions)
    })
}

/// Lanes of a model on `threads`: as many as there are, and as their weights may take together.
fn lanes(model: &Path, threads: usize) -> usize {
    let name = model.file_name().unwrap_or_default().as_encoded_bytes();
    // Weights may lie beside the graph, in files that begin with its name.
    let beside = model.parent().and_then(|folder| folder.read_dir().ok());
    let bytes: u64 = beside
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(name))
        .filter_map(|entry| entry.path().metadata().ok())
        .map(|meta| meta.len())
        .sum();
    usize::try_from(LANE_BYTES / bytes.max(1))
        .unwrap_or(usize::MAX)
        .clamp(1, threads.max(1))
}

fn tensor(shape: [usize; 2], data: &[i64]) -> Result<SessionInputValue<'_>, String> {
    TensorRef::from_array_view((shape, data))
        .map(Into::into)
        .map_err(|error| error.to_string())
}

/// Rows of a `[texts, width]` or `[texts, tokens, width]` tensor.
fn pool(values: &[f32], shape: &[i64], padded: &Padded, pooling: Pooling) -> Result<Vec<Vec<f32>>, String> {
    let [texts, tokens] = padded.shape;
    let sizes: Vec<usize> = shape.iter().map(|size| usize::try_from(*size).unwrap_or(0)).collect();
    match *sizes.as_slice() {
        [rows, width] if rows == texts && width > 0 => Ok(values.chunks_exact(width).map(<[f32]>::to_vec).collect()),
        [rows, long, width] if rows == texts && long == tokens && tokens * width > 0 => Ok(values
            .chunks_exact(tokens * width)
            .zip(padded.mask.chunks_exact(tokens))
            .map(|(vectors, mask)| match pooling {
                Pooling::Cls => vectors[..width].to_vec(),
                Pooling::Mean | Pooling::InGraph => mean(vectors, mask, width),
            })
            .collect()),
        _ => Err(format!(
            "its output has the shape {shape:?} for {texts} texts of {tokens} tokens"
        )),
    }
}

fn mean(vectors: &[f32], mask: &[i64], width: usize) -> Vec<f32> {
    let mut sum = vec![0.0; width];
    let kept = vectors.chunks_exact(width).zip(mask).filter(|(_, mask)| **mask == 1);
    for (vector, _) in kept {
        for (sum, value) in sum.iter_mut().zip(vector) {
            *sum += value;
        }
    }
    let count = mask.iter().sum::<i64>().max(1) as f32;
    for value in &mut sum {
        *value /= count;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padded() -> Padded {
        let rows: [&[u32]; 2] = [&[1, 2], &[3]];
        Padded::new(
            rows.iter().map(|ids| Row {
                ids,
                second: usize::MAX,
            }),
            0,
        )
    }

    #[test]
    fn token_vectors_are_pooled_without_padding() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 70.0, 80.0];
        let rows = pool(&values, &[2, 2, 2], &padded(), Pooling::Mean).expect("the shape fits");
        assert_eq!(rows, [[2.0, 3.0], [5.0, 6.0]]);
        let rows = pool(&values, &[2, 2, 2], &padded(), Pooling::Cls).expect("the shape fits");
        assert_eq!(rows, [[1.0, 2.0], [5.0, 6.0]]);
    }

    #[test]
    fn pooled_output_passes_and_other_shapes_are_refused() {
        let rows = pool(&[1.0, 2.0, 3.0, 4.0], &[2, 2], &padded(), Pooling::InGraph).expect("the shape fits");
        assert_eq!(rows, [[1.0, 2.0], [3.0, 4.0]]);
        assert!(pool(&[1.0, 2.0], &[1, 2], &padded(), Pooling::InGraph).is_err());
        assert!(pool(&[], &[2, 0], &padded(), Pooling::Mean).is_err());
        // A text without any token, of a tokenizer that adds none of its own.
        let ids: &[u32] = &[];
        let blank = Padded::new([Row { ids, second: 0 }].into_iter(), 0);
        assert!(pool(&[], &[1, 0, 2], &blank, Pooling::Mean).is_err());
    }
}
