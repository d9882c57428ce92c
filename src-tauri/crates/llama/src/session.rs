//! A loaded model answering: one cache that only grows, prefill in slices, decoding, everything a person is told meanwhile.
//!
//! The cache's rule: `cached` names exactly the tokens whose keys and values lie in the context, position by position. A request's
//! prompt is compared with it, what differs is cut off, and only the rest is computed. An answer's own tokens stay: the next turn
//! continues after them instead of rendering history again (see [`Session::prompt`]).

mod answer;
mod drafts;
mod limits;
mod prefill;
mod prompt;
mod reuse;
mod sampling;
mod warm_up;
mod writer;

use crate::error::LlamaError;
use crate::native::{Context, Model, Sampler, Token};
use crate::snapshot::{DiskSnapshots, MemorySnapshots};
use crate::speculation::{Budget, Lookup};
use crate::template::{ChatTemplate, Marks, Moment};
use answer::Answer;
use docmind_core::answer::FinishReason;
use docmind_core::cancel::CancelToken;
use docmind_core::error::Notice;
use docmind_core::generation::{GenerateEvent, GenerateRequest, GenerationStats, Message, Role};
use limits::Count;
use reuse::RestoreSpeed;
use sampling::Chooser;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};
use writer::{Thinking, Writer};

/// How it goes is told this often.
const TOLD_EVERY: Duration = Duration::from_millis(500);
/// Turns whose exact tokens are remembered, two a conversation.
const TRANSCRIPTS: usize = 32;

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

/// A prompt that was answered and may be worth a snapshot on disk.
struct Unkept {
    /// So many of the cached tokens are the prompt's.
    prompt: usize,
    /// Questions in it.
    turns: usize,
}

/// A snapshot on its way to disk.
struct Writing {
    path: PathBuf,
    /// Gives whether the file is whole.
    thread: JoinHandle<bool>,
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
    /// What chat templates that write the date take for now, as long as the session lives: with the time their prompts would change, and be
    /// read anew.
    pub loaded_at: SystemTime,
}

/// A model with its cache, used by one thread.
pub struct Session {
    context: Context,
    model: Arc<Model>,
    template: ChatTemplate,
    thinking: Thinking,
    specials: Vec<String>,
    profile: String,
    speculation: bool,
    on_cpu: bool,
    whole_on_card: bool,
    cached: Vec<Token>,
    transcripts: VecDeque<Transcript>,
    memory: MemorySnapshots,
    disk: Option<DiskSnapshots>,
    unkept: Option<Unkept>,
    writing: Option<Writing>,
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
        let marks = Marks {
            bos: model.bos_text(),
            eos: model.eos_text(),
        };
        let (template, notice) = ChatTemplate::new(model.chat_template(), marks, Moment::from(parts.loaded_at));
        let can_keep = !parts.context.has_window();
        Self {
            thinking: Thinking::new(&template, &model),
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
            memory: MemorySnapshots::new(if can_keep { parts.snapshot_memory } else { 0 }),
            disk: parts.disk.filter(|_| can_keep),
            unkept: None,
            writing: None,
            prefill_tps: 0.0,
            restore_speed: RestoreSpeed::default(),
            budget: Budget::default(),
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

    /// Forgets the cache and what is known of conversations; snapshots stay.
    pub fn forget(&mut self) {
        self.cut(0);
        self.transcripts.clear();
    }

    /// Forgets snapshots in memory as well.
    pub fn forget_all(&mut self) {
        self.forget();
        self.memory.clear();
    }

    /// Writes one answer. What was told to `sink` stays valid whatever comes after. Call [`Session::keep_on_disk`] once it was passed on.
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
        self.unkept = None;
        self.context.stop_with(cancel);
        let prompt = self.prompt(request)?;
        for notice in std::mem::take(&mut self.pending) {
            sink(GenerateEvent::Notice(notice));
        }
        let grammar = match &request.grammar {
            Some(text) => Some(Sampler::grammar(&self.model, text)?),
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
            stats.ttft_ms = started.elapsed().as_secs_f64() * 1000.0;
            stats.context_used = self.cached.len() as u32;
            return Ok(stats.stopped());
        }

        let room = (self.context.size() as usize).saturating_sub(prompt.tokens.len() + 1);
        let written = Count::new(request, room, self.thinking.closing.len());
        self.prepare_drafts(request, &prompt.tokens, written.most_answer())?;
        let writer = Writer::new(&self.thinking, prompt.inside_thinking);
        let mut answer = Answer::new(writer, stats, written, grammar, cancel, sink);
        let first = self.choose(self.last_logits, &mut answer)?;
        answer.begin(started);
        let finish = self.decode(first, &mut answer)?;
        let (writer, stats) = answer.finish(finish, self.cached.len());
        self.record(request, &prompt.tokens, &writer);
        self.unkept = (finish != FinishReason::Cancelled).then(|| Unkept {
            prompt: prompt.tokens.len(),
            turns: turns(request),
        });
        Ok(stats)
    }

    fn record(&mut self, request: &GenerateRequest, prompt: &[Token], writer: &Writer) {
        if writer.thought || writer.answer.trim().is_empty() {
            return;
        }
        // The last token may have been chosen and shown without being computed: the next turn computes it.
        let mut tokens = prompt.to_vec();
        tokens.extend_from_slice(&writer.tokens);
        self.transcripts
            .retain(|known| !is_superseded(&known.messages, &request.messages));
        if self.transcripts.len() == TRANSCRIPTS {
            self.transcripts.pop_back();
        }
        self.transcripts.push_front(Transcript {
            messages: request.messages.clone(),
            answer: writer.answer.clone(),
            tokens,
        });
    }

    /// [`Session::keep_on_disk`], and waits for what is on its way there.
    pub fn settle(&mut self) {
        self.keep_on_disk();
        self.finish_writing();
    }

    /// A file that did not become whole is not looked for any more.
    fn finish_writing(&mut self) {
        if let Some(Writing { path, thread }) = self.writing.take()
            && !thread.join().unwrap_or(false)
            && let Some(disk) = &mut self.disk
        {
            disk.forget(&path);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.settle();
    }
}

/// True for what nobody goes on from once `messages` are answered: a beginning more than a turn back, and what else was asked after the
/// same answer. The turn right before stays: a follow-up that is only written out is asked after it, and so is the follow-up itself.
fn is_superseded(known: &[Message], messages: &[Message]) -> bool {
    if known.len() != messages.len() {
        return known.len() + 2 < messages.len() && messages.starts_with(known);
    }
    let before = known.len().saturating_sub(1);
    known[..before] == messages[..before]
        && known[..before]
            .last()
            .is_some_and(|message| message.role == Role::Assistant)
}

fn turns(request: &GenerateRequest) -> usize {
    let questions = request.messages.iter().filter(|message| message.role == Role::User);
    questions.count()
}

fn rate(tokens: usize, seconds: f64) -> f64 {
    if tokens == 0 || seconds <= 0.0 {
        0.0
    } else {
        tokens as f64 / seconds
    }
}
