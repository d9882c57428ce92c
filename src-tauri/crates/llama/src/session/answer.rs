//! Writing one answer, token by token, with drafts where they pay.

use super::limits::{Count, Phase};
use super::writer::Writer;
use super::{Session, TOLD_EVERY, rate};
use crate::error::LlamaError;
use crate::native::{Decoded, Model, Sampler, Token};
use crate::speculation::WIDTHS;
use docmind_core::answer::FinishReason;
use docmind_core::cancel::CancelToken;
use docmind_core::generation::{GenerateEvent, GenerationStats};
use std::collections::VecDeque;
use std::time::Instant;

/// One answer on its way: what bounds it, what was written, and how it went.
pub(super) struct Answer<'a> {
    writer: Writer,
    stats: GenerationStats,
    written: Count,
    /// What is left of the closing mark that is written for the model; `None` while that is not needed.
    closing: Option<VecDeque<Token>>,
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
        written: Count,
        grammar: Option<Sampler>,
        cancel: &'a CancelToken,
        sink: &'a mut dyn FnMut(GenerateEvent),
    ) -> Self {
        let now = Instant::now();
        Self {
            writer,
            stats,
            written,
            closing: None,
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

    fn phase(&self) -> Phase {
        if self.writer.is_thinking() {
            Phase::Thinking
        } else {
            Phase::Answering
        }
    }

    /// Tokens that may still be written.
    fn left(&self) -> usize {
        self.written.left(self.phase())
    }

    /// One more token will be told.
    fn count(&mut self) {
        self.written.add(self.phase());
    }

    /// The next token of the closing mark, where the model has thought for as long as it may.
    fn closing_token(&mut self) -> Option<Token> {
        if self.closing.is_none() && self.phase() == Phase::Thinking && self.written.has_thought_enough() {
            self.closing = Some(self.writer.closing().into());
        }
        self.closing.as_mut()?.pop_front()
    }

    fn note(&mut self, cached: usize) {
        let written = self.written.all();
        self.stats.output_tokens = written as u32;
        self.stats.decode_tps = rate(written.saturating_sub(1), self.begun.elapsed().as_secs_f64());
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
        while answer.left() > 0 {
            if self.ends(next) {
                return Ok(FinishReason::Stop);
            }
            answer.count();
            let is_last = answer.left() == 0;
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
        let draft = self.draft(token, answer.left());
        let mut batch = vec![token];
        batch.extend_from_slice(&draft.tokens);
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
        // Choosing takes the same for each token, however many were computed at once.
        let seconds = started.elapsed().as_secs_f64();
        self.cached.push(token);
        let mut next = self.choose(0, answer)?;
        let mut accepted = 0;
        while accepted < draft.found && next == draft.tokens[accepted] && !self.ends(next) && answer.left() > 1 {
            accepted += 1;
            self.cached.push(next);
            answer.count();
            answer.tell(&self.model, next);
            self.remember(next);
            next = self.choose(accepted, answer)?;
        }
        if accepted < draft.tokens.len() {
            self.cut(self.cached.len());
        }
        if draft.tokens.is_empty() {
            self.budget.plain(seconds);
        } else {
            let width = usize::from(draft.tokens.len() + 1 > WIDTHS[0]);
            self.budget.verified(width, seconds, accepted + 1);
            answer.stats.drafted_tokens += draft.found as u32;
            answer.stats.accepted_tokens += accepted as u32;
        }
        Ok(Some(next))
    }

    /// The token after the batch's one at `index`.
    pub(super) fn choose(&mut self, index: usize, answer: &mut Answer<'_>) -> Result<Token, LlamaError> {
        if let Some(token) = answer.closing_token() {
            return Ok(token);
        }
        self.chooser.choose(self.context.logits(index), answer.grammar.as_mut())
    }
}
