//! `docmind-embed`: the embedder and the reranker behind the pipe.

use crate::priority::Priority;
use crate::sandbox::{self, Confinement};
use crate::start::{self, Arguments};
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::EmbeddedChunk;
use docmind_core::embedding::{Precision, TextKind};
use docmind_core::error::ErrorReport;
use docmind_core::ports::{Embedder, PagesToEmbed, Reranker};
use docmind_embed::bench::{self, Engine};
use docmind_embed::{DEFAULT_EMBEDDER, DeviceChoice, EmbedderOptions, OnnxEmbedder, OnnxReranker, RerankerOptions};
use docmind_wire::embed::{EmbedEvent, EmbedProtocol, EmbedReply, EmbedRequest, read_documents};
use docmind_wire::serve::{Call, Serve, serve};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

/// Chunks in one message: about half a MiB of text and vectors.
const CHUNKS_A_MESSAGE: usize = 256;

/// The whole program. Arguments: `--runtime DIR` (holds ONNX Runtime), `--embedder DIR|NAME` (a folder, or one of
/// `runtime/embedders`), `--reranker DIR`, `--precision fp32|fp16|int8`, `--device cpu|cuda`, `--threads N`,
/// `--max-tokens N` (longest input; the card's without), `--log LEVEL`.
///
/// `bench --texts FILE --engine docmind|fastembed [--compare no]` measures instead, a text a line (`--count N` built-in ones without a
/// file), and prints one JSON object.
pub fn main() -> ExitCode {
    start::run(Priority::Background, |arguments| {
        let setup = Setup::from_arguments(arguments)?;
        if arguments.command().is_some_and(|command| command == "bench") {
            return measure(arguments, &setup);
        }
        let kept = sandbox::confine(&Confinement::model_runner());
        tracing::debug!("sandbox: {kept}");
        serve::<EmbedProtocol>(
            "onnxruntime",
            Embedding {
                setup,
                embedder: None,
                reranker: None,
            },
        )
        .map_err(|error| error.to_string())
    })
}

struct Setup {
    embedder: EmbedderOptions,
    reranker: Option<RerankerOptions>,
}

impl Setup {
    fn from_arguments(arguments: &Arguments) -> Result<Self, String> {
        let runtime = arguments.runtime();
        let precision = match arguments.text("precision") {
            None => None,
            Some("fp32") => Some(Precision::Fp32),
            Some("fp16") => Some(Precision::Fp16),
            Some("int8") => Some(Precision::Int8),
            Some(other) => return Err(format!("`{other}` is no precision\nUse fp32, fp16 or int8.")),
        };
        let device = match arguments.text("device") {
            None | Some("auto") => DeviceChoice::Automatic,
            Some("cpu") => DeviceChoice::Cpu,
            Some("cuda") => DeviceChoice::Cuda,
            Some(other) => return Err(format!("`{other}` is no device\nUse auto, cpu or cuda.")),
        };
        let threads = arguments.number("threads").map(|threads| threads as usize);
        let named = arguments
            .path("embedder")
            .unwrap_or_else(|| PathBuf::from(DEFAULT_EMBEDDER));
        let folder = if named.components().count() == 1 && !named.is_dir() {
            runtime.join("embedders").join(&named)
        } else {
            named
        };
        let embedder = EmbedderOptions {
            precision,
            device,
            threads,
            max_tokens: arguments.number("max-tokens"),
            ..EmbedderOptions::in_folder(&runtime, &folder)
        };
        let reranker = arguments.path("reranker").map(|folder| RerankerOptions {
            device,
            threads,
            ..RerankerOptions::in_folder(&runtime, &folder)
        });
        Ok(Self { embedder, reranker })
    }
}

fn measure(arguments: &Arguments, setup: &Setup) -> Result<(), String> {
    let texts = match arguments.path("texts") {
        Some(path) => {
            let text = std::fs::read_to_string(&path)
                .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
            text.lines()
                .filter(|line| !line.trim().is_empty())
                .map(str::to_owned)
                .collect()
        }
        None => bench::sample_texts(arguments.number("count").map_or(400, |count| count as usize)),
    };
    let engine = match arguments.text("engine") {
        None | Some("docmind") => Engine::DocMind,
        Some("fastembed") => Engine::Fastembed,
        Some(other) => return Err(format!("`{other}` is no engine\nUse docmind or fastembed.")),
    };
    let compared = match arguments.text("compare") {
        None | Some("yes") => true,
        Some("no") => false,
        Some(other) => return Err(format!("`{other}` is neither yes nor no.")),
    };
    let measured = bench::run(&setup.embedder, engine, &texts, compared).map_err(|error| error.to_string())?;
    println!(
        "{}",
        serde_json::to_string(&measured).map_err(|error| error.to_string())?
    );
    Ok(())
}

/// The engines, loaded with the first request that needs them: loading takes a second, and its failure is an answer.
struct Embedding {
    setup: Setup,
    embedder: Option<Rc<OnnxEmbedder>>,
    reranker: Option<Rc<OnnxReranker>>,
}

impl Serve<EmbedProtocol> for Embedding {
    fn handle(&mut self, request: EmbedRequest, call: &mut Call<EmbedProtocol>) -> Result<EmbedReply, ErrorReport> {
        match request {
            EmbedRequest::Card => Ok(EmbedReply::Card(self.embedder(None, call)?.card()?)),
            EmbedRequest::Embed {
                kind: TextKind::Query,
                texts,
                precision,
            } => Ok(EmbedReply::Vectors(self.embedder(precision, call)?.embed(
                TextKind::Query,
                &texts,
                call.cancel(),
            )?)),
            EmbedRequest::Embed { kind, texts, precision } => {
                let embedder = self.embedder(precision, call)?;
                let cancel = call.cancel().clone();
                let mut last = (0, 0);
                let vectors = embedder.embed_with_progress(kind, &texts, &cancel, &mut |done, all| {
                    tell(call, &mut last, (done, all));
                    self.serve_urgent(call);
                })?;
                Ok(EmbedReply::Vectors(vectors))
            }
            EmbedRequest::Rerank { question, passages } => {
                let reranker = self.reranker(call)?;
                Ok(EmbedReply::Scores(reranker.rerank(
                    &question,
                    &passages,
                    call.cancel(),
                )?))
            }
            EmbedRequest::Chunk { precision } => self.chunk(precision, call),
        }
    }
}

impl Embedding {
    /// The embedder, in the precision asked for where the folder has that.
    fn embedder(
        &mut self,
        precision: Option<Precision>,
        call: &Call<EmbedProtocol>,
    ) -> Result<Rc<OnnxEmbedder>, ErrorReport> {
        if let Some(embedder) = &self.embedder
            && precision.is_none_or(|asked| asked == embedder.precision())
        {
            return Ok(Rc::clone(embedder));
        }
        let options = EmbedderOptions {
            precision: precision.or(self.setup.embedder.precision),
            ..self.setup.embedder.clone()
        };
        let embedder = Rc::new(OnnxEmbedder::open(&options)?);
        if let Some(asked) = precision.filter(|asked| *asked != embedder.precision()) {
            let message = format!(
                "The embedding model's {} file is gone.\nPut it back, or start DocMind again: documents get new vectors then.",
                asked.as_str()
            );
            return Err(ErrorReport::new("embedder_missing", message).with_detail(options.model_dir.display()));
        }
        for notice in embedder.notices() {
            call.event(&EmbedEvent::Notice(notice.clone()));
        }
        self.embedder = Some(Rc::clone(&embedder));
        Ok(embedder)
    }

    fn reranker(&mut self, call: &Call<EmbedProtocol>) -> Result<Rc<OnnxReranker>, ErrorReport> {
        if let Some(reranker) = &self.reranker {
            return Ok(Rc::clone(reranker));
        }
        let Some(options) = &self.setup.reranker else {
            return Err(ErrorReport::new(
                "reranker_missing",
                "No reranker is installed.\nPut one into the models folder, or search without.",
            ));
        };
        let reranker = Rc::new(OnnxReranker::open(options)?);
        for notice in reranker.notices() {
            call.event(&EmbedEvent::Notice(notice.clone()));
        }
        self.reranker = Some(Rc::clone(&reranker));
        Ok(reranker)
    }

    fn chunk(
        &mut self,
        precision: Option<Precision>,
        call: &mut Call<EmbedProtocol>,
    ) -> Result<EmbedReply, ErrorReport> {
        let documents = read_documents(call.body()).map_err(|error| {
            if call.cancel().is_cancelled() {
                cancelled()
            } else {
                ErrorReport::new("worker_message", "The documents did not arrive whole.\nTry again.").with_detail(error)
            }
        })?;
        let embedder = self.embedder(precision, call)?;
        let pages: Vec<PagesToEmbed<'_>> = documents
            .iter()
            .map(|document| PagesToEmbed {
                title: &document.title,
                pages: &document.pages,
            })
            .collect();
        let cancel: CancelToken = call.cancel().clone();
        let mut last = (0, 0);
        let embedded = embedder.chunk_and_embed(&pages, &cancel, &mut |done, all| {
            tell(call, &mut last, (done, all));
            self.serve_urgent(call);
        })?;
        let count = embedded.len() as u32;
        for (index, chunks) in embedded.into_iter().enumerate() {
            let mut rest: Vec<EmbeddedChunk> = chunks;
            while !rest.is_empty() {
                let later = rest.split_off(rest.len().min(CHUNKS_A_MESSAGE));
                call.event(&EmbedEvent::Chunks(index as u32, rest));
                rest = later;
            }
            if cancel.is_cancelled() {
                return Err(cancelled());
            }
        }
        Ok(EmbedReply::Chunked(count))
    }

    /// A question in the middle of an ingest, with nothing locked.
    fn serve_urgent(&mut self, during: &Call<EmbedProtocol>) {
        while let Some((request, mut call)) = during.next_urgent() {
            let outcome = self.handle(request, &mut call);
            call.finish(outcome);
        }
    }
}

/// Progress, where there is some: the embedder looks up more often than that.
fn tell(call: &Call<EmbedProtocol>, last: &mut (u32, u32), now: (u32, u32)) {
    if *last != now {
        *last = now;
        call.event(&EmbedEvent::Progress(now.0, now.1));
    }
}

fn cancelled() -> ErrorReport {
    ErrorReport::cancelled()
}
