//! A language model on a server that a person configured: OpenAI-compatible (vLLM, llama-server, LM Studio) or Ollama.
//!
//! Nothing in the stream is trusted: lines, events and the whole are limited, control characters are dropped, what is not of the
//! agreed form ends the answer with a typed error. The text itself is data; whoever shows it treats it as such.

mod chunk;
mod request;
mod think;

use crate::error::NetError;
use crate::gate::{Answer, Ask, Gate, Origin, Patience, Purpose};
use crate::lines::{LineError, Lines};
use chunk::Piece;
use docmind_core::answer::FinishReason;
use docmind_core::cancel::CancelToken;
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::generation::{GenerateEvent, GenerateRequest, GenerationStats};
use docmind_core::ports::Generator;
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};
use think::ThinkSplitter;
use ureq::http::{Method, header};

/// A long prompt on a slow server is read for minutes before the first token.
const PATIENCE: Patience = Patience {
    answer: Duration::from_mins(10),
    piece: Duration::from_mins(10),
};
/// A list of models comes at once.
const SHORT_PATIENCE: Patience = Patience {
    answer: Duration::from_secs(15),
    piece: Duration::from_secs(15),
};
/// Bytes of an answer's text a token may have on average, generously; the rest of a stream that goes on is cut.
const BYTES_A_TOKEN: usize = 64;
/// Bytes read of an error's body.
const WORDS: u64 = 4096;
/// Bytes read of a list of models.
const LIST: u64 = 4 << 20;

/// Which language the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// `/v1/chat/completions`, server-sent events.
    OpenAi,
    /// `/api/chat`, a JSON object a line.
    Ollama,
}

/// A model on a server.
pub struct RemoteEngine {
    gate: Arc<Gate>,
    dialect: Dialect,
    base: String,
    origin: Origin,
    model: String,
    key: Option<String>,
}

impl RemoteEngine {
    /// `base` is the server's address; a path such as `/v1` may follow. The gate must allow it for [`Purpose::RemoteEngine`].
    ///
    /// # Errors
    /// `remote_bad_address`.
    pub fn new(
        gate: Arc<Gate>,
        dialect: Dialect,
        base: &str,
        model: &str,
        key: Option<String>,
    ) -> Result<Self, ErrorReport> {
        let trimmed = base.trim().trim_end_matches('/');
        let origin = Origin::of(trimmed).map_err(|error| error.report())?;
        let base = match dialect {
            Dialect::OpenAi if trimmed.ends_with("/v1") => trimmed.to_owned(),
            Dialect::OpenAi => format!("{trimmed}/v1"),
            Dialect::Ollama => trimmed.trim_end_matches("/api").trim_end_matches("/v1").to_owned(),
        };
        Ok(Self {
            gate,
            dialect,
            base,
            origin,
            model: model.to_owned(),
            key,
        })
    }

    /// The models that the server offers, by name.
    ///
    /// # Errors
    /// A report of a [`NetError`].
    pub fn list_models(&self, cancel: &CancelToken) -> Result<Vec<String>, ErrorReport> {
        self.list(cancel).map_err(|error| error.report())
    }

    fn list(&self, cancel: &CancelToken) -> Result<Vec<String>, NetError> {
        let path = match self.dialect {
            Dialect::OpenAi => "/models",
            Dialect::Ollama => "/api/tags",
        };
        let answer = self.ask(Method::GET, path, Vec::new(), SHORT_PATIENCE, cancel)?;
        let mut answer = self.accepted(answer)?;
        let mut bytes = Vec::new();
        let read = (&mut answer.body).take(LIST + 1).read_to_end(&mut bytes);
        read.map_err(|error| self.gate.explain_read(&error, &answer.origin, cancel))?;
        if bytes.len() as u64 > LIST {
            return Err(NetError::TooLarge(self.origin.authority()));
        }
        chunk::model_names(self.dialect, &bytes).map_err(|reason| self.bad(reason))
    }

    fn ask(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        patience: Patience,
        cancel: &CancelToken,
    ) -> Result<Answer, NetError> {
        let url = format!("{}{path}", self.base);
        let mut headers = vec![(header::ACCEPT, "application/json, text/event-stream".to_owned())];
        if !body.is_empty() {
            headers.push((header::CONTENT_TYPE, "application/json".to_owned()));
        }
        if let Some(key) = &self.key {
            headers.push((header::AUTHORIZATION, format!("Bearer {key}")));
        }
        self.gate.ask(
            Ask {
                purpose: Purpose::RemoteEngine,
                method,
                url: &url,
                headers,
                body,
                patience,
            },
            cancel,
        )
    }

    /// The answer, if its status is one of success.
    fn accepted(&self, mut answer: Answer) -> Result<Answer, NetError> {
        let status = answer.status;
        if (200..300).contains(&status) {
            return Ok(answer);
        }
        let host = self.origin.authority();
        let mut bytes = Vec::new();
        // What cannot be read of an error's text is not missed.
        let _ = (&mut answer.body).take(WORDS).read_to_end(&mut bytes);
        let words = chunk::error_words(&bytes);
        let about_model = words.to_lowercase().contains("model");
        Err(match status {
            401 | 403 => NetError::Denied { host, status },
            404 if about_model => NetError::ModelMissing {
                host,
                model: self.model.clone(),
            },
            429 | 503 => NetError::Busy(host),
            _ => NetError::Refused { host, status, words },
        })
    }

    fn bad(&self, reason: impl Into<String>) -> NetError {
        NetError::BadAnswer {
            host: self.origin.authority(),
            reason: reason.into(),
        }
    }

    /// Sends the request; without our extensions where a strict server does not know them.
    fn start(
        &self,
        request: &GenerateRequest,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(GenerateEvent),
    ) -> Result<Answer, NetError> {
        let path = match self.dialect {
            Dialect::OpenAi => "/chat/completions",
            Dialect::Ollama => "/api/chat",
        };
        let full = request::body(self.dialect, &self.model, request);
        let accepted = self
            .ask(Method::POST, path, full, PATIENCE, cancel)
            .and_then(|answer| self.accepted(answer));
        let Err(NetError::Refused {
            status: 400 | 422,
            words,
            ..
        }) = &accepted
        else {
            return accepted;
        };
        let notice = match self.dialect {
            Dialect::OpenAi if request.grammar.is_none() => Notice::new(
                "remote_plain_request",
                "The server does not know every setting. Top-k, min-p and the thinking switch are left to it.",
            ),
            // Ollama says so of a model that has no thinking to switch on.
            Dialect::Ollama if request.thinking && words.contains("thinking") => Notice::new(
                "remote_no_thinking",
                "The model on the server cannot think before it answers. It answers at once.",
            ),
            _ => return accepted,
        };
        tracing::info!(words, "the server refuses the request as it is; asking more plainly");
        let plain = request::plain_body(self.dialect, &self.model, request);
        let answer = self.accepted(self.ask(Method::POST, path, plain, PATIENCE, cancel)?)?;
        sink(GenerateEvent::Notice(notice));
        Ok(answer)
    }

    fn stream(
        &self,
        request: &GenerateRequest,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(GenerateEvent),
    ) -> Result<GenerationStats, NetError> {
        let asked = Instant::now();
        let answer = match self.start(request, cancel, sink) {
            Err(NetError::Cancelled) => return Ok(GenerationStats::default().stopped()),
            answer => answer?,
        };
        let origin = answer.origin.clone();
        let most = (request.max_output_tokens as usize)
            .saturating_mul(BYTES_A_TOKEN)
            .clamp(64 << 10, 16 << 20);
        let mut lines = Lines::new(answer.body);
        let mut writing = Writing {
            asked,
            first: None,
            bytes: 0,
            pieces: 0,
            think: ThinkSplitter::default(),
        };
        let mut stats = GenerationStats::default();
        let mut finish = None;
        loop {
            let next = match self.dialect {
                Dialect::OpenAi => lines.next_event(),
                Dialect::Ollama => lines.next_line(),
            };
            let line = match next {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(LineError::TooLong) => return Err(NetError::TooLarge(origin.authority())),
                Err(LineError::Read(error)) => match self.gate.explain_read(&error, &origin, cancel) {
                    NetError::Cancelled => {
                        writing.flush(sink);
                        return Ok(writing.stats(stats).stopped());
                    }
                    // A server that closes right after its last word has finished.
                    NetError::Truncated(_) if finish.is_some() => break,
                    error => return Err(error),
                },
            };
            if line.trim().is_empty() {
                continue;
            }
            for piece in chunk::read(self.dialect, &line).map_err(|reason| self.bad(reason))? {
                match piece {
                    Piece::Text(text) => writing.text(&text, sink),
                    Piece::Thinking(text) => writing.thinking(&text, sink),
                    Piece::Counts {
                        prompt,
                        output,
                        prefill_s,
                        decode_s,
                    } => {
                        stats.prompt_tokens = prompt.unwrap_or(stats.prompt_tokens);
                        stats.output_tokens = output.unwrap_or(stats.output_tokens);
                        let rate = |tokens: u32, seconds: f64| {
                            if seconds > 0.0 {
                                f64::from(tokens) / seconds
                            } else {
                                0.0
                            }
                        };
                        if let Some(seconds) = prefill_s {
                            stats.prefill_tps = rate(stats.prompt_tokens, seconds);
                        }
                        if let Some(seconds) = decode_s {
                            stats.decode_tps = rate(stats.output_tokens, seconds);
                        }
                    }
                    Piece::Finish(reason) => finish = Some(reason),
                    Piece::Failed(words) => {
                        let host = origin.authority();
                        let model = self.model.clone();
                        let missing = words.to_lowercase().contains("not found");
                        return Err(if missing {
                            NetError::ModelMissing { host, model }
                        } else {
                            NetError::Refused {
                                host,
                                status: 200,
                                words,
                            }
                        });
                    }
                    Piece::End => {
                        // vLLM and llama-server say it after the finish; others instead of it.
                        finish.get_or_insert(FinishReason::Stop);
                    }
                }
            }
            if writing.bytes > most {
                writing.flush(sink);
                sink(GenerateEvent::Notice(Notice::new(
                    "remote_cut",
                    "The server wrote more than it was asked for. The rest was cut.",
                )));
                finish = Some(FinishReason::Length);
                break;
            }
        }
        writing.flush(sink);
        let Some(finish) = finish else {
            return Err(NetError::Truncated(origin.authority()));
        };
        Ok(GenerationStats {
            finish: Some(finish),
            ..writing.stats(stats)
        })
    }
}

impl Generator for RemoteEngine {
    /// On cancel the statistics so far come back with `finish` cancelled: what was written is kept.
    fn generate(
        &self,
        request: &GenerateRequest,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(GenerateEvent),
    ) -> Result<GenerationStats, ErrorReport> {
        self.stream(request, cancel, sink).map_err(|error| error.report())
    }
}

/// An answer as it is written.
struct Writing {
    asked: Instant,
    first: Option<Instant>,
    bytes: usize,
    /// Most servers send a token a piece: the count where none is told.
    pieces: u32,
    think: ThinkSplitter,
}

impl Writing {
    fn text(&mut self, text: &str, sink: &mut dyn FnMut(GenerateEvent)) {
        self.count(text);
        self.think.push(&clean(text), sink);
    }

    fn thinking(&mut self, text: &str, sink: &mut dyn FnMut(GenerateEvent)) {
        self.count(text);
        sink(GenerateEvent::Thinking { text: clean(text) });
    }

    fn flush(&mut self, sink: &mut dyn FnMut(GenerateEvent)) {
        self.think.flush(sink);
    }

    fn count(&mut self, text: &str) {
        self.first.get_or_insert_with(Instant::now);
        self.bytes += text.len();
        self.pieces += 1;
    }

    fn stats(&self, told: GenerationStats) -> GenerationStats {
        let Some(first) = self.first else { return told };
        let mut stats = told;
        stats.ttft_ms = first.duration_since(self.asked).as_secs_f64() * 1000.0;
        if stats.output_tokens == 0 {
            stats.output_tokens = self.pieces;
        }
        let seconds = first.elapsed().as_secs_f64();
        if stats.decode_tps == 0.0 && stats.output_tokens > 1 && seconds > 0.0 {
            stats.decode_tps = f64::from(stats.output_tokens - 1) / seconds;
        }
        if stats.prefill_tps == 0.0 && stats.ttft_ms > 0.0 {
            stats.prefill_tps = f64::from(stats.prompt_tokens) / (stats.ttft_ms / 1000.0);
        }
        stats.context_used = stats.prompt_tokens + stats.output_tokens;
        stats
    }
}

/// Without control characters and without those that turn the direction of text around.
fn clean(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || turns(*c)))
        .collect()
}
