//! A language model on a server that a person configured: OpenAI-compatible (vLLM, llama-server, LM Studio) or Ollama.
//!
//! Nothing in the stream is trusted: lines, events and the whole are limited, control characters are dropped, what is not of the
//! agreed form ends the answer with a typed error. The text itself is data; whoever shows it treats it as such.

mod chunk;
mod context;
mod request;
mod stall;
mod unopened;
mod writing;

use crate::error::NetError;
use crate::gate::{Answer, Ask, Gate, Origin, Patience, Purpose};
use crate::lines::{LineError, Lines};
use chunk::Piece;
pub use context::ContextWindow;
use docmind_core::answer::FinishReason;
use docmind_core::cancel::CancelToken;
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::generation::{GenerateEvent, GenerateRequest, GenerationStats};
use docmind_core::ports::Generator;
use serde::{Deserialize, Serialize};
use stall::Stall;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use unopened::Asked;
pub use unopened::UnopenedThoughts;
use ureq::http::{Method, header};
use writing::Writing;

/// A long prompt on a slow server is read for minutes before the first token.
const PATIENCE: Patience = Patience {
    answer: Duration::from_mins(10),
    piece: Duration::from_mins(10),
};
/// Nor does the whole way to the first token take longer than this, whatever is sent to keep the line open.
const FIRST_WORD: Duration = Duration::from_mins(20);
/// Once an answer has begun, its next word takes no longer than this; what is taken for hung on this machine, too.
const SILENCE: Duration = Duration::from_secs(90);
/// A list of models is there whole after so long.
const WHOLE_LIST: Duration = Duration::from_secs(30);
/// A list of models comes at once.
const SHORT_PATIENCE: Patience = Patience {
    answer: Duration::from_secs(15),
    piece: Duration::from_secs(15),
};
/// Bytes read of an error's body.
const WORDS: u64 = 4096;
/// Bytes read of a list of models, and of an answer that is not streamed.
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
#[derive(Clone)]
pub struct RemoteEngine {
    gate: Arc<Gate>,
    dialect: Dialect,
    base: String,
    origin: Origin,
    model: String,
    key: Option<String>,
    first_word: Duration,
    silence: Duration,
    /// Tokens of context that a request may ask for.
    most_context: u32,
    /// Tokens of context that prompts are made for.
    window: u32,
    unopened: Arc<UnopenedThoughts>,
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
            key: key.map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()),
            first_word: FIRST_WORD,
            silence: SILENCE,
            most_context: request::MOST_CONTEXT,
            window: request::MOST_CONTEXT,
            unopened: Arc::default(),
        })
    }

    /// The same, which takes a server for hung that has not said the first word of an answer after so long.
    #[must_use]
    pub fn with_first_word(self, first_word: Duration) -> Self {
        Self { first_word, ..self }
    }

    /// The same, which takes a server for hung that falls silent for so long in the middle of an answer, or takes so long to refuse one or to
    /// list its models.
    #[must_use]
    pub fn with_silence(self, silence: Duration) -> Self {
        Self { silence, ..self }
    }

    /// The same, which asks for no more tokens of context, however long the prompt: what the server has, or a person lets it have.
    #[must_use]
    pub fn with_most_context(self, tokens: u32) -> Self {
        Self {
            most_context: tokens,
            ..self
        }
    }

    /// The same, whose prompts are made for so many tokens of context: thoughts get their share of them.
    #[must_use]
    pub fn with_window(self, tokens: u32) -> Self {
        Self { window: tokens, ..self }
    }

    /// The same, which knows of its model what other engines have seen.
    #[must_use]
    pub fn remembering(self, unopened: Arc<UnopenedThoughts>) -> Self {
        Self { unopened, ..self }
    }

    /// The models that the server offers, by name.
    ///
    /// # Errors
    /// A report of a [`NetError`].
    pub fn list_models(&self, cancel: &CancelToken) -> Result<Vec<String>, ErrorReport> {
        let wait = self.silence.min(WHOLE_LIST);
        let stall = Stall::watch(cancel, wait, wait);
        let listed = self.list(stall.token());
        listed.map_err(|error| self.unless_stalled(error, &stall).report())
    }

    fn list(&self, cancel: &CancelToken) -> Result<Vec<String>, NetError> {
        let path = match self.dialect {
            Dialect::OpenAi => "/models",
            Dialect::Ollama => "/api/tags",
        };
        let url = format!("{}{path}", self.base);
        let answer = self.ask(Method::GET, &url, Vec::new(), SHORT_PATIENCE, cancel)?;
        let answer = self.accepted(answer)?;
        let list = self.whole(answer, cancel)?;
        chunk::model_names(self.dialect, list.as_bytes()).map_err(|reason| self.bad(reason))
    }

    fn ask(
        &self,
        method: Method,
        url: &str,
        body: Vec<u8>,
        patience: Patience,
        cancel: &CancelToken,
    ) -> Result<Answer, NetError> {
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
                url,
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
        if is_success(status) {
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

    /// The error, where it is not the server's silence that ended the request.
    fn unless_stalled(&self, error: NetError, stall: &Stall) -> NetError {
        match error {
            NetError::Cancelled if stall.has_stalled() => NetError::Silent(self.origin.authority()),
            error => error,
        }
    }

    fn bad(&self, reason: impl Into<String>) -> NetError {
        NetError::BadAnswer {
            host: self.origin.authority(),
            reason: reason.into(),
        }
    }

    /// The answer to one way of asking, if its status is one of success.
    fn post(&self, url: &str, body: Vec<u8>, stall: &Stall) -> Result<Answer, NetError> {
        let answer = self.ask(Method::POST, url, body, PATIENCE, stall.token())?;
        if !is_success(answer.status) {
            // Why it refuses is not waited for as an answer is.
            stall.heard();
        }
        self.accepted(answer)
    }

    /// Sends the request; without our extensions where a strict server does not know them.
    fn start(
        &self,
        request: &GenerateRequest,
        stall: &Stall,
        sink: &mut dyn FnMut(GenerateEvent),
    ) -> Result<Answer, NetError> {
        let path = match self.dialect {
            Dialect::OpenAi => "/chat/completions",
            Dialect::Ollama => "/api/chat",
        };
        let url = format!("{}{path}", self.base);
        let full = self.body(request);
        let accepted = self.post(&url, full, stall);
        let Err(NetError::Refused {
            status: 400 | 422,
            words,
            ..
        }) = &accepted
        else {
            return accepted;
        };
        if stall.has_stalled() {
            return accepted;
        }
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
        // Not its words: servers repeat the request in them, passages and all.
        tracing::info!("the server refuses the request as it is; asking more plainly");
        let plain = self.plain_body(request);
        stall.asked_again();
        let answer = self.post(&url, plain, stall)?;
        sink(GenerateEvent::Notice(notice));
        Ok(answer)
    }

    fn stream(
        &self,
        request: &GenerateRequest,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(GenerateEvent),
    ) -> Result<GenerationStats, NetError> {
        let mut writing = Writing::begun_now(self.most_written(request));
        let outcome = self.write(request, &mut writing, cancel, sink);
        let asked = Asked {
            base: self.base.clone(),
            model: self.model.clone(),
            thinking: request.thinking,
        };
        let is_whole = matches!(&outcome, Ok(stats) if stats.finish == Some(FinishReason::Stop));
        if writing.has_turned() {
            self.unopened.note(asked);
        } else if !is_whole && writing.may_be_thoughts() && self.unopened.are_known_of(&asked) {
            // It did not come to their end.
            sink(GenerateEvent::WereThoughts);
        }
        outcome
    }

    fn write(
        &self,
        request: &GenerateRequest,
        writing: &mut Writing,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(GenerateEvent),
    ) -> Result<GenerationStats, NetError> {
        let stall = Stall::watch(cancel, self.first_word, self.silence);
        let answer = match self.start(request, &stall, sink) {
            Err(NetError::Cancelled) if !stall.has_stalled() => return Ok(GenerationStats::default().stopped()),
            answer => answer.map_err(|error| self.unless_stalled(error, &stall))?,
        };
        let origin = answer.origin.clone();
        match Form::of(self.dialect, &answer) {
            Form::Stream => {}
            Form::Page => return Err(self.bad("it is a web page")),
            Form::Whole => {
                let text = match self.whole(answer, stall.token()) {
                    Err(NetError::Cancelled) if !stall.has_stalled() => return Ok(writing.stats().stopped()),
                    text => text.map_err(|error| self.unless_stalled(error, &stall))?,
                };
                for piece in chunk::read(self.dialect, &text).map_err(|reason| self.bad(reason))? {
                    self.take(piece, writing, sink)?;
                }
                writing.flush(sink);
                return writing.ended().ok_or_else(|| self.bad("there is no answer in it"));
            }
        }
        let mut lines = Lines::new(answer.body);
        loop {
            let next = match self.dialect {
                Dialect::OpenAi => lines.next_event(),
                Dialect::Ollama => lines.next_line(),
            };
            let line = match next {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(LineError::TooLong) => {
                    writing.flush(sink);
                    return Err(NetError::TooLarge(origin.authority()));
                }
                Err(LineError::Read(error)) => {
                    writing.flush(sink);
                    match self.gate.explain_read(&error, &origin, stall.token()) {
                        // A server that falls silent right after its last word has finished, and so has one that closes then.
                        NetError::Cancelled | NetError::Truncated(_)
                            if writing.has_ended() && !cancel.is_cancelled() =>
                        {
                            break;
                        }
                        NetError::Cancelled if stall.has_stalled() => return Err(NetError::Silent(origin.authority())),
                        NetError::Cancelled => return Ok(writing.stats().stopped()),
                        error => return Err(error),
                    }
                }
            };
            if line.trim().is_empty() {
                continue;
            }
            let pieces = match chunk::read(self.dialect, &line) {
                Ok(pieces) => pieces,
                Err(reason) => {
                    writing.flush(sink);
                    // A server that was understood so far, and whose line ends in the middle of a message, is the right kind of server.
                    return Err(if writing.has_begun() && lines.was_cut() {
                        NetError::Truncated(origin.authority())
                    } else {
                        self.bad(reason)
                    });
                }
            };
            // What a server does with the line then is its own affair: some keep it open.
            let is_last = pieces.contains(&Piece::End);
            for piece in pieces {
                self.take(piece, writing, sink)?;
            }
            if is_last {
                break;
            }
            // A role without words may come long before them.
            if writing.has_begun() {
                stall.heard();
            }
            if writing.is_too_long() {
                writing.cut(sink);
                break;
            }
        }
        writing.flush(sink);
        writing.ended().ok_or_else(|| NetError::Truncated(origin.authority()))
    }

    fn take(&self, piece: Piece, writing: &mut Writing, sink: &mut dyn FnMut(GenerateEvent)) -> Result<(), NetError> {
        match piece {
            Piece::Text(text) => writing.text(&text, sink),
            Piece::Thinking(text) => writing.thinking(&text, sink),
            Piece::Counts(counts) => writing.count(&counts),
            Piece::Finish(reason) => writing.finish(reason),
            // vLLM and llama-server say it after the finish; others instead of it.
            Piece::End => writing.end(),
            Piece::Failed(words) => {
                writing.flush(sink);
                let host = self.origin.authority();
                let model = self.model.clone();
                let missing = words.to_lowercase().contains("not found");
                return Err(if missing {
                    NetError::ModelMissing { host, model }
                } else {
                    NetError::Failed { host, words }
                });
            }
        }
        Ok(())
    }

    /// The body of an answer that is not streamed.
    fn whole(&self, mut answer: Answer, cancel: &CancelToken) -> Result<String, NetError> {
        let mut bytes = Vec::new();
        let read = (&mut answer.body).take(LIST + 1).read_to_end(&mut bytes);
        read.map_err(|error| self.gate.explain_read(&error, &answer.origin, cancel))?;
        if bytes.len() as u64 > LIST {
            return Err(NetError::TooLarge(self.origin.authority()));
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// How an answer comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Stream,
    /// One JSON object: a server that does not stream.
    Whole,
    /// HTML: a log-in page, a proxy's excuse.
    Page,
}

impl Form {
    fn of(dialect: Dialect, answer: &Answer) -> Self {
        let kind = answer
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase();
        if kind.starts_with("text/html") {
            Self::Page
        } else if dialect == Dialect::OpenAi && kind.starts_with("application/json") {
            Self::Whole
        } else {
            Self::Stream
        }
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

/// Without control characters and without those that turn the direction of text around.
fn clean(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || turns(*c)))
        .collect()
}
