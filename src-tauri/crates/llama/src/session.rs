//! A loaded model answering: one cache that only grows, prefill in slices, decoding, everything a person is told meanwhile.
//!
//! The cache's rule: `cached` names exactly the tokens whose keys and values lie in the context, position by position. A request's
//! prompt is compared with it, what differs is cut off, and only the rest is computed. An answer's own tokens stay: the next turn
//! continues after them instead of rendering history again (see [`Session::prompt`]).

mod drafts;
mod prompt;
mod reuse;
mod sampling;
mod writer;

use crate::error::LlamaError;
use crate::native::{Context, Decoded, Model, Token};
use crate::snapshot::{DiskSnapshots, MemorySnapshots};
use crate::speculation::{Budget, Lookup, WIDTHS};
use crate::template::ChatTemplate;
use docmind_core::answer::FinishReason;
use docmind_core::cancel::CancelToken;
use docmind_core::error::Notice;
use docmind_core::generation::{GenerateEvent, GenerateRequest, GenerationStats, Message};
use reuse::RestoreSpeed;
use sampling::Chooser;
use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use writer::Writer;

/// A slice of prefill takes at most this long at the measured speed.
const SLICE_S: f64 = 0.5;
/// First slice, before anything was measured.
const FIRST_SLICE: usize = 64;
/// On the CPU a slice may be this long whatever it takes: llama.cpp stops there between two operations, and 64 tokens at once are
/// read a tenth faster than 16 (58 and 66 tokens a second for Qwen3-4B on 2 cores).
const CPU_SLICE: usize = 64;
/// How it goes is told this often.
const TOLD_EVERY: Duration = Duration::from_millis(500);
/// Conversations whose exact tokens are remembered.
const TRANSCRIPTS: usize = 16;

/// What the model's own end of an answer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Endings {
    Respected,
    Ignored,
}

/// Whether answers are drafted from their sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drafting {
    /// Where it pays.
    On,
    /// Never.
    Off,
}

/// One conversation as the model saw it.
struct Transcript {
    messages: Vec<Message>,
    answer: String,
    tokens: Vec<Token>,
}

/// What a session is made of.
pub struct Parts {
    /// The context with its model.
    pub context: Context,
    /// Name of the profile, for statistics.
    pub profile: String,
    /// Draft from the prompt.
    pub speculation: bool,
    /// All layers are on the CPU: a running batch can be stopped.
    pub on_cpu: bool,
    /// All layers are on a GPU: it computes while the processor does something else.
    pub whole_on_card: bool,
    /// Bytes for snapshots in memory.
    pub snapshot_memory: usize,
    /// Snapshots on disk.
    pub disk: Option<DiskSnapshots>,
}

/// A model with its cache, used by one thread.
pub struct Session {
    context: Context,
    model: Arc<Model>,
    template: ChatTemplate,
    specials: Vec<String>,
    profile: String,
    speculation: bool,
    on_cpu: bool,
    whole_on_card: bool,
    cached: Vec<Token>,
    transcripts: VecDeque<Transcript>,
    memory: MemorySnapshots,
    disk: Option<DiskSnapshots>,
    writing: Option<JoinHandle<()>>,
    prefill_tps: f64,
    restore_speed: RestoreSpeed,
    budget: Budget,
    lookup: Lookup,
    chooser: Chooser,
    /// Index in the last batch whose logits belong to the prompt's last token.
    last_logits: usize,
    endings: Endings,
    pending: Vec<Notice>,
}

impl Session {
    /// Ready to answer. Notices of the template are told with the first answer.
    pub fn new(parts: Parts) -> Self {
        let model = Arc::clone(parts.context.model());
        let (template, notice) = ChatTemplate::new(model.chat_template());
        Self {
            specials: model.special_texts(),
            chooser: Chooser::new(model.vocabulary()),
            context: parts.context,
            model,
            template,
            profile: parts.profile,
            speculation: parts.speculation,
            on_cpu: parts.on_cpu,
            whole_on_card: parts.whole_on_card,
            cached: Vec::new(),
            transcripts: VecDeque::new(),
            memory: MemorySnapshots::new(parts.snapshot_memory),
            disk: parts.disk,
            writing: None,
            prefill_tps: 0.0,
            restore_speed: RestoreSpeed::default(),
            budget: Budget::new(),
            lookup: Lookup::default(),
            last_logits: 0,
            endings: Endings::Respected,
            pending: notice.into_iter().collect(),
        }
    }

    /// The model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// From now on answers go on to their full length: for measuring.
    pub fn write_on(&mut self) {
        self.endings = Endings::Ignored;
    }

    /// From now on answers are drafted, or not: for measuring.
    pub fn draft_answers(&mut self, drafting: Drafting) {
        self.speculation = drafting == Drafting::On;
    }

    /// From now on answers begin with these tokens, whatever the model would write: for measuring. None of them is an end. A grammar
    /// does the same for a millisecond or more a token, which is more than a card's whole step.
    pub fn force_answers(&mut self, tokens: Vec<Token>) {
        self.chooser.force(tokens);
    }

    fn ends(&self, token: Token) -> bool {
        self.endings == Endings::Respected && self.model.ends_answer(token)
    }

    /// The context, for measuring.
    pub fn context_mut(&mut self) -> &mut Context {
        &mut self.context
    }

    /// Tokens whose keys and values are in the cache.
    pub fn cached(&self) -> &[Token] {
        &self.cached
    }

    /// True where the model can be asked to think.
    pub fn can_think(&self) -> bool {
        self.template.can_think()
    }

    /// Size of the context in tokens.
    pub fn context_tokens(&self) -> u32 {
        self.context.size()
    }

    /// The first decodes: pages touched, kernels loaded, graphs captured. Leaves nothing in the cache.
    ///
    /// # Errors
    /// The model cannot compute.
    pub fn warm_up(&mut self) -> Result<(), LlamaError> {
        self.context.stop_with(&CancelToken::new());
        self.cached.clear();
        self.context.truncate(0);
        let result = self.first_decodes().and_then(|()| self.time_widths());
        self.context.truncate(0);
        result
    }

    fn first_decodes(&mut self) -> Result<(), LlamaError> {
        self.context.decode(&[0], 0, |_| true)?;
        if self.on_cpu {
            return Ok(());
        }
        // A GPU loads the kernels of a batch when it computes the first one, which would be the first question's; the second tells
        // how fast it reads.
        let settings = self.context.settings();
        let width = settings
            .n_ubatch
            .min(settings.n_batch)
            .min(self.context.size() / 2)
            .max(1) as usize;
        let batch = vec![0; width];
        for _ in 0..2 {
            self.context.truncate(0);
            let started = Instant::now();
            self.context.decode(&batch, 0, |index| index + 1 == width)?;
            self.prefill_tps = rate(width, started.elapsed().as_secs_f64());
        }
        Ok(())
    }

    /// Measures what a plain step and a draft of each width take, which also captures their graphs: a GPU records a shape that it
    /// has computed twice.
    fn time_widths(&mut self) -> Result<(), LlamaError> {
        if !self.speculation || self.model.is_recurrent() {
            return Ok(());
        }
        let repeats = if self.on_cpu { 2 } else { 6 };
        let mut seconds = [f64::MAX; 1 + WIDTHS.len()];
        for (width, seconds) in [1].into_iter().chain(WIDTHS).zip(&mut seconds) {
            for _ in 0..repeats {
                self.context.truncate(0);
                let started = Instant::now();
                self.context
                    .decode(&[0; WIDTHS[WIDTHS.len() - 1]][..width], 0, |_| true)?;
                *seconds = started.elapsed().as_secs_f64().min(*seconds);
            }
        }
        let [step, widths @ ..] = seconds;
        self.budget.prime(step, widths);
        Ok(())
    }

    /// Forgets the cache and what is known of conversations; snapshots stay.
    pub fn forget(&mut self) {
        self.context.truncate(0);
        self.cached.clear();
        self.transcripts.clear();
    }

    /// Forgets snapshots in memory as well.
    pub fn forget_all(&mut self) {
        self.forget();
        self.memory.clear();
    }

    /// Writes one answer. What was told to `sink` stays valid whatever comes after.
    ///
    /// # Errors
    /// See [`LlamaError`]. Stopping is no error: the statistics' `finish` says so.
    pub fn generate(
        &mut self,
        request: &GenerateRequest,
        cancel: &CancelToken,
        sink: &mut dyn FnMut(GenerateEvent),
    ) -> Result<GenerationStats, LlamaError> {
        let started = Instant::now();
        self.context.stop_with(cancel);
        let prompt = self.prompt(request)?;
        for notice in std::mem::take(&mut self.pending) {
            sink(GenerateEvent::Notice(notice));
        }
        let mut chooser_grammar = match &request.grammar {
            Some(text) => Some(crate::native::Sampler::grammar(&self.model, text)?),
            None => None,
        };
        self.chooser.begin(&request.sampling);

        let mut stats = GenerationStats {
            prompt_tokens: prompt.tokens.len() as u32,
            context_tokens: self.context.size(),
            profile: self.profile.clone(),
            ..GenerationStats::default()
        };
        let reused = self.align(&prompt.tokens);
        stats.reused_tokens = reused as u32;
        if !self.prefill(&prompt.tokens, cancel, &mut stats, sink)? {
            return Ok(self.stopped(stats, started));
        }

        let most = (request.max_output_tokens as usize)
            .min((self.context.size() as usize).saturating_sub(prompt.tokens.len() + 1));
        let mut writer = Writer::new(prompt.inside_thinking);
        self.prepare_drafts(request, &prompt.tokens, most)?;
        let last = self.last_logits;
        let mut next = self.choose(last, chooser_grammar.as_mut())?;
        stats.ttft_ms = started.elapsed().as_secs_f64() * 1000.0;
        let writing = Instant::now();
        let mut told = writing;
        let mut finish = FinishReason::Length;
        let mut written: Vec<Token> = Vec::new();
        'writing: while written.len() < most {
            if self.ends(next) {
                finish = FinishReason::Stop;
                break;
            }
            written.push(next);
            // A card computes the next token while this one is told; a processor would keep it waiting for a step.
            let tell_meanwhile = self.whole_on_card && written.len() < most && !cancel.is_cancelled();
            if !tell_meanwhile {
                writer.token(&self.model, next, sink);
            }
            if written.len() == most {
                break;
            }
            if cancel.is_cancelled() {
                finish = FinishReason::Cancelled;
                break;
            }
            let step = Instant::now();
            let draft = self.draft(next, most - written.len());
            let mut batch = vec![next];
            batch.extend_from_slice(&draft);
            let at = self.cached.len();
            let decoded = self.context.begin(&batch, at, |_| true);
            if tell_meanwhile {
                writer.token(&self.model, next, sink);
            }
            self.context.finish();
            if decoded? == Decoded::Stopped {
                self.context.truncate(at);
                finish = FinishReason::Cancelled;
                break;
            }
            self.cached.push(next);
            next = self.choose(0, chooser_grammar.as_mut())?;
            let mut accepted = 0;
            while accepted < draft.len() && next == draft[accepted] && !self.ends(next) && written.len() + 1 < most {
                accepted += 1;
                self.cached.push(next);
                written.push(next);
                writer.token(&self.model, next, sink);
                self.remember(next);
                next = self.choose(accepted, chooser_grammar.as_mut())?;
            }
            if accepted < draft.len() {
                self.context.truncate(self.cached.len());
            }
            let seconds = step.elapsed().as_secs_f64();
            if draft.is_empty() {
                self.budget.plain(seconds);
            } else {
                let width = usize::from(draft.len() + 1 > WIDTHS[0]);
                self.budget.verified(width, seconds, draft.len(), accepted + 1);
                stats.drafted_tokens += draft.len() as u32;
                stats.accepted_tokens += accepted as u32;
            }
            if cancel.is_cancelled() {
                finish = FinishReason::Cancelled;
                break 'writing;
            }
            if told.elapsed() >= TOLD_EVERY {
                told = Instant::now();
                self.note_written(&mut stats, written.len(), writing);
                sink(GenerateEvent::Figures(Box::new(stats.clone())));
            }
        }
        writer.finish(sink);
        self.note_written(&mut stats, written.len(), writing);
        stats.finish = Some(finish);
        self.record(request, &prompt.tokens, &writer);
        self.keep_on_disk(&prompt.tokens, request);
        Ok(stats)
    }

    fn note_written(&self, stats: &mut GenerationStats, written: usize, since: Instant) {
        stats.output_tokens = written as u32;
        stats.decode_tps = rate(written.saturating_sub(1), since.elapsed().as_secs_f64());
        stats.context_used = self.cached.len() as u32;
    }

    fn stopped(&mut self, mut stats: GenerationStats, started: Instant) -> GenerationStats {
        stats.ttft_ms = started.elapsed().as_secs_f64() * 1000.0;
        stats.context_used = self.cached.len() as u32;
        stats.stopped()
    }

    /// Reads what of `tokens` is not cached yet, in slices. False where it was stopped; what was read stays.
    fn prefill(
        &mut self,
        tokens: &[Token],
        cancel: &CancelToken,
        stats: &mut GenerationStats,
        sink: &mut dyn FnMut(GenerateEvent),
    ) -> Result<bool, LlamaError> {
        let total = tokens.len() as u32;
        let from = self.cached.len();
        let reading = Instant::now();
        let mut told = reading;
        sink(GenerateEvent::Prefill {
            done: from as u32,
            total,
        });
        while self.cached.len() < tokens.len() {
            if cancel.is_cancelled() {
                return Ok(false);
            }
            let at = self.cached.len();
            let end = (at + self.slice()).min(tokens.len());
            let started = Instant::now();
            let last = end == tokens.len();
            match self
                .context
                .decode(&tokens[at..end], at, |index| last && at + index + 1 == end)
            {
                Ok(Decoded::Done) => {}
                Ok(Decoded::Stopped) => {
                    self.context.truncate(at);
                    return Ok(false);
                }
                Err(error) => {
                    self.context.truncate(at);
                    return Err(error);
                }
            }
            let seconds = started.elapsed().as_secs_f64();
            if end - at >= 16 {
                let tps = rate(end - at, seconds);
                self.prefill_tps = if self.prefill_tps > 0.0 {
                    self.prefill_tps * 0.5 + tps * 0.5
                } else {
                    tps
                };
            }
            self.cached.extend_from_slice(&tokens[at..end]);
            self.last_logits = end - at - 1;
            stats.prefill_tps = rate(end - from, reading.elapsed().as_secs_f64());
            stats.context_used = end as u32;
            sink(GenerateEvent::Prefill {
                done: end as u32,
                total,
            });
            if told.elapsed() >= TOLD_EVERY {
                told = Instant::now();
                sink(GenerateEvent::Figures(Box::new(stats.clone())));
            }
        }
        Ok(true)
    }

    /// Tokens of the next slice.
    fn slice(&self) -> usize {
        let settings = self.context.settings();
        let most = settings.n_batch as usize;
        if self.prefill_tps <= 0.0 {
            return FIRST_SLICE.min(most);
        }
        let measured = (self.prefill_tps * SLICE_S) as usize;
        let ubatch = settings.n_ubatch as usize;
        let wished = if self.on_cpu {
            measured.max(CPU_SLICE)
        } else {
            measured.max(16)
        };
        // Whole physical batches: a rest would be computed at a small batch's speed.
        let whole = if wished > ubatch {
            wished / ubatch * ubatch
        } else {
            wished
        };
        whole.min(most)
    }

    fn choose(&mut self, index: usize, grammar: Option<&mut crate::native::Sampler>) -> Result<Token, LlamaError> {
        self.chooser.choose(self.context.logits(index), grammar)
    }

    fn record(&mut self, request: &GenerateRequest, prompt: &[Token], writer: &Writer) {
        if writer.thought || writer.answer.trim().is_empty() || writer.characters.is_pending() {
            return;
        }
        // The last token may have been chosen and shown without being computed: the next turn computes it.
        let mut tokens = prompt.to_vec();
        tokens.extend_from_slice(&writer.tokens);
        self.transcripts
            .retain(|known| !request.messages.starts_with(&known.messages));
        if self.transcripts.len() == TRANSCRIPTS {
            self.transcripts.pop_back();
        }
        self.transcripts.push_front(Transcript {
            messages: request.messages.clone(),
            answer: writer.answer.clone(),
            tokens,
        });
    }

    /// Waits for a snapshot on its way to disk.
    pub fn settle(&mut self) {
        if let Some(thread) = self.writing.take()
            && thread.join().is_err()
        {
            tracing::warn!("writing a snapshot failed");
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.settle();
    }
}

fn rate(tokens: usize, seconds: f64) -> f64 {
    if tokens == 0 || seconds <= 0.0 {
        0.0
    } else {
        tokens as f64 / seconds
    }
}
