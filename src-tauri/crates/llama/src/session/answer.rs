//! Writing one answer, token by token, with drafts where they pay.

use super::writer::Writer;
use super::{Session, TOLD_EVERY, rate};
use crate::error::LlamaError;
use crate::native::{Decoded, Model, Sampler, Token};
use crate::speculation::WIDTHS;
use docmind_core::answer::FinishReason;
use docmind_core::cancel::CancelToken;
use docmind_core::generation::{GenerateEvent, GenerationStats};
use std::time::Instant;

/// One answer on its way: what bounds it, what was written, and how it went.
pub(super) struct Answer<'a> {
    writer: Writer,
    stats: GenerationStats,
    /// Tokens written, and the most there may be.
    written: usize,
    most: usize,
    grammar: Option<Sampler>,
    cancel: &'a CancelToken,
    sink: &'a mut dyn FnMut(GenerateEvent),
    /// When the first token was there, and when figures were told last.
    begun: Instant,
    told: Instant,
}

/// Whether a token that is computed on was told already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Already,
    /// It is told while the card computes.
    Meanwhile,
}

impl<'a> Answer<'a> {
    pub(super) fn new(
        writer: Writer,
        stats: GenerationStats,
        most: usize,
        grammar: Option<Sampler>,
        cancel: &'a CancelToken,
        sink: &'a mut dyn FnMut(GenerateEvent),
    ) -> Self {
        let now = Instant::now();
        Self {
            writer,
            stats,
            written: 0,
            most,
            grammar,
            cancel,
            sink,
            begun: now,
            told: now,
        }
    }

    /// The first token is there, of an answer that was `asked` for then.
    pub(super) fn begin(&mut self, asked: Instant) {
        self.stats.ttft_ms = asked.elapsed().as_secs_f64() * 1000.0;
        self.begun = Instant::now();
        self.told = self.begun;
    }

    fn tell(&mut self, model: &Model, token: Token) {
        self.writer.token(model, token, &mut *self.sink);
    }

    fn note(&mut self, cached: usize) {
        self.stats.output_tokens = self.written as u32;
        self.stats.decode_tps = rate(self.written.saturating_sub(1), self.begun.elapsed().as_secs_f64());
        self.stats.context_used = cached as u32;
    }

    /// How it goes, where that was not told of late.
    fn tell_figures(&mut self, cached: usize) {
        if self.told.elapsed() < TOLD_EVERY {
            return;
        }
        self.told = Instant::now();
        self.note(cached);
        (self.sink)(GenerateEvent::Figures(Box::new(self.stats.clone())));
    }

    /// What was held back is told; the figures are those of the whole.
    pub(super) fn finish(mut self, finish: FinishReason, cached: usize) -> (Writer, GenerationStats) {
        self.writer.finish(&mut *self.sink);
        self.note(cached);
        self.stats.finish = Some(finish);
        (self.writer, self.stats)
    }
}

impl Session {
    /// Writes from the token `next` on until the answer ends.
    pub(super) fn decode(&mut self, mut next: Token, answer: &mut Answer<'_>) -> Result<FinishReason, LlamaError> {
        while answer.written < answer.most {
            if self.ends(next) {
                return Ok(FinishReason::Stop);
            }
            answer.written += 1;
            let is_last = answer.written == answer.most;
            // A card computes the next token while this one is told; a processor would keep it waiting for a step.
            let told = if self.whole_on_card && !is_last && !answer.cancel.is_cancelled() {
                Told::Meanwhile
            } else {
                answer.tell(&self.model, next);
                Told::Already
            };
            if is_last {
                break;
            }
            if answer.cancel.is_cancelled() {
                return Ok(FinishReason::Cancelled);
            }
            match self.step(next, told, answer)? {
                Some(following) if !answer.cancel.is_cancelled() => next = following,
                _ => return Ok(FinishReason::Cancelled),
            }
            answer.tell_figures(self.cached.len());
        }
        Ok(FinishReason::Length)
    }

    /// Computes `token` and a draft of what follows, and gives the token after what was accepted; `None` where it was stopped.
    fn step(&mut self, token: Token, told: Told, answer: &mut Answer<'_>) -> Result<Option<Token>, LlamaError> {
        let started = Instant::now();
        let draft = self.draft(token, answer.most - answer.written);
        let mut batch = vec![token];
        batch.extend_from_slice(&draft);
        let at = self.cached.len();
        let decoded = self.context.begin(&batch, at, |_| true);
        if told == Told::Meanwhile {
            answer.tell(&self.model, token);
        }
        self.context.finish();
        match decoded {
            Ok(Decoded::Done) => {}
            Ok(Decoded::Stopped) => {
                self.cut(at);
                return Ok(None);
            }
            Err(error) => {
                self.cut(at);
                return Err(error);
            }
        }
        self.cached.push(token);
        let mut next = self.choose(0, answer)?;
        let mut accepted = 0;
        while accepted < draft.len() && next == draft[accepted] && !self.ends(next) && answer.written + 1 < answer.most
        {
            accepted += 1;
            self.cached.push(next);
            answer.written += 1;
            answer.tell(&self.model, next);
            self.remember(next);
            next = self.choose(accepted, answer)?;
        }
        if accepted < draft.len() {
            self.cut(self.cached.len());
        }
        let seconds = started.elapsed().as_secs_f64();
        if draft.is_empty() {
            self.budget.plain(seconds);
        } else {
            let width = usize::from(draft.len() + 1 > WIDTHS[0]);
            self.budget.verified(width, seconds, draft.len(), accepted + 1);
            answer.stats.drafted_tokens += draft.len() as u32;
            answer.stats.accepted_tokens += accepted as u32;
        }
        Ok(Some(next))
    }

    /// The token after the batch's one at `index`.
    pub(super) fn choose(&mut self, index: usize, answer: &mut Answer<'_>) -> Result<Token, LlamaError> {
        self.chooser.choose(self.context.logits(index), answer.grammar.as_mut())
    }
}
