//! An answer as a server writes it: text and thinking on their way out, and the figures of the whole.

use super::chunk::Counts;
use super::clean;
use docmind_core::answer::FinishReason;
use docmind_core::error::Notice;
use docmind_core::generation::{GenerateEvent, GenerationStats};
use docmind_core::thinking::{BlindSplitter, Piece, Seen};
use std::time::Instant;

/// Bytes of text a token may have on average, generously; the rest of a stream that goes on is cut.
const BYTES_A_TOKEN: usize = 64;

pub(super) struct Writing {
    asked: Instant,
    first: Option<Instant>,
    bytes: usize,
    most: usize,
    /// Most servers send a token a piece: the count where none is told.
    pieces: u32,
    splitter: BlindSplitter,
    /// Something was told as the answer.
    answered: bool,
    /// What was told as the answer was thinking.
    turned: bool,
    told: GenerationStats,
    finish: Option<FinishReason>,
}

impl Writing {
    pub(super) fn begun_now(most_tokens: u32) -> Self {
        Self {
            asked: Instant::now(),
            first: None,
            bytes: 0,
            most: (most_tokens as usize)
                .saturating_mul(BYTES_A_TOKEN)
                .clamp(64 << 10, 16 << 20),
            pieces: 0,
            splitter: BlindSplitter::default(),
            answered: false,
            turned: false,
            told: GenerationStats::default(),
            finish: None,
        }
    }

    pub(super) fn text(&mut self, text: &str, sink: &mut dyn FnMut(GenerateEvent)) {
        self.came(text);
        let seen = self.splitter.push(&clean(text));
        self.tell(seen, sink);
    }

    pub(super) fn thinking(&mut self, text: &str, sink: &mut dyn FnMut(GenerateEvent)) {
        self.came(text);
        let held = self.splitter.settle();
        self.tell(held, sink);
        sink(GenerateEvent::Thinking { text: clean(text) });
    }

    /// What was held back because it might have become a mark.
    pub(super) fn flush(&mut self, sink: &mut dyn FnMut(GenerateEvent)) {
        let seen = self.splitter.finish();
        self.tell(seen, sink);
    }

    /// Thoughts ended that had not begun.
    pub(super) fn has_turned(&self) -> bool {
        self.turned
    }

    /// Nothing told that what came is the answer.
    pub(super) fn may_be_thoughts(&self) -> bool {
        self.answered && self.splitter.is_unsettled()
    }

    fn tell(&mut self, seen: Vec<Seen>, sink: &mut dyn FnMut(GenerateEvent)) {
        for seen in seen {
            sink(match seen {
                Seen::Piece(Piece::Thinking(text)) => GenerateEvent::Thinking { text },
                Seen::Piece(Piece::Answer(text)) => {
                    self.answered = true;
                    GenerateEvent::Text { text }
                }
                Seen::WereThoughts => {
                    self.turned = true;
                    GenerateEvent::WereThoughts
                }
            });
        }
    }

    pub(super) fn finish(&mut self, reason: FinishReason) {
        self.finish = Some(reason);
    }

    pub(super) fn end(&mut self) {
        self.finish.get_or_insert(FinishReason::Stop);
    }

    /// A first word or thought came.
    pub(super) fn has_begun(&self) -> bool {
        self.first.is_some()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.finish.is_some()
    }

    pub(super) fn is_too_long(&self) -> bool {
        self.bytes > self.most
    }

    /// The rest is not listened to.
    pub(super) fn cut(&mut self, sink: &mut dyn FnMut(GenerateEvent)) {
        self.flush(sink);
        sink(GenerateEvent::Notice(Notice::new(
            "remote_cut",
            "The server wrote more than it was asked for. The rest was cut.",
        )));
        self.finish = Some(FinishReason::Length);
    }

    /// What the server counted itself.
    pub(super) fn count(&mut self, counts: &Counts) {
        let told = &mut self.told;
        told.prompt_tokens = counts.prompt.unwrap_or(told.prompt_tokens);
        told.reused_tokens = counts.reused.unwrap_or(told.reused_tokens).min(told.prompt_tokens);
        told.output_tokens = counts.output.unwrap_or(told.output_tokens);
        let rate = |tokens: u32, seconds: Option<f64>| {
            seconds
                .filter(|seconds| *seconds > 0.0)
                .map(|seconds| f64::from(tokens) / seconds)
        };
        let read = told.prompt_tokens.saturating_sub(told.reused_tokens);
        told.prefill_tps = rate(read, counts.prefill_s).unwrap_or(told.prefill_tps);
        told.decode_tps = rate(told.output_tokens, counts.decode_s).unwrap_or(told.decode_tps);
    }

    /// The figures so far; what the server did not tell is taken by our own clock.
    pub(super) fn stats(&self) -> GenerationStats {
        let mut stats = self.told.clone();
        let Some(first) = self.first else { return stats };
        stats.ttft_ms = first.duration_since(self.asked).as_secs_f64() * 1000.0;
        if stats.output_tokens == 0 {
            stats.output_tokens = self.pieces;
        }
        let seconds = first.elapsed().as_secs_f64();
        if stats.decode_tps == 0.0 && stats.output_tokens > 1 && seconds > 0.0 {
            stats.decode_tps = f64::from(stats.output_tokens - 1) / seconds;
        }
        if stats.prefill_tps == 0.0 && stats.ttft_ms > 0.0 {
            stats.prefill_tps =
                f64::from(stats.prompt_tokens.saturating_sub(stats.reused_tokens)) / (stats.ttft_ms / 1000.0);
        }
        stats.context_used = stats.prompt_tokens.saturating_add(stats.output_tokens);
        stats
    }

    /// The figures of the whole answer; `None` where its end never came.
    pub(super) fn ended(&self) -> Option<GenerationStats> {
        let finish = self.finish?;
        Some(GenerationStats {
            finish: Some(finish),
            ..self.stats()
        })
    }

    fn came(&mut self, text: &str) {
        self.first.get_or_insert_with(Instant::now);
        self.bytes += text.len();
        self.pieces += 1;
    }
}
