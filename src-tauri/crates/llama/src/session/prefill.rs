//! Reading a prompt, in slices short enough to stop between.

use super::{Session, TOLD_EVERY, rate};
use crate::error::LlamaError;
use crate::native::{Decoded, Token};
use docmind_core::cancel::CancelToken;
use docmind_core::generation::{GenerateEvent, GenerationStats};
use std::time::Instant;

/// A slice of prefill on a GPU, which cannot be stopped within one, takes at most this long at the measured speed.
const SLICE_S: f64 = 0.5;
/// First slice of a GPU, before anything was measured.
const FIRST_SLICE: usize = 64;
/// Tokens of a slice on a GPU, whatever they take.
const SMALLEST_SLICE: usize = 16;
/// Tokens of a slice on the CPU, whatever they take: llama.cpp stops there between two operations and tells how far it is, and 128 tokens
/// at once are read 3 % faster than 64, a tenth faster than 16 (Qwen3-4B's shape on 2 cores).
const CPU_SLICE: usize = 128;
/// Fewer tokens than this are not left for a slice of their own.
const SMALL_REST: usize = 17;
/// Rows that a processor's kernels multiply at once. Of what is left over each row is a pass over all the weights, as long as writing
/// a token (`forward_mul_mat_one_chunk` in ggml's `repack.cpp`).
const CPU_ROWS: usize = 4;

/// How far a prompt is read, for who waits for it.
struct Reading<'a> {
    stats: &'a mut GenerationStats,
    sink: &'a mut dyn FnMut(GenerateEvent),
    /// Tokens that were there before, and all of them.
    from: usize,
    total: usize,
    begun: Instant,
    told: Instant,
}

impl<'a> Reading<'a> {
    fn new(from: usize, total: usize, stats: &'a mut GenerationStats, sink: &'a mut dyn FnMut(GenerateEvent)) -> Self {
        let now = Instant::now();
        let mut reading = Self {
            stats,
            sink,
            from,
            total,
            begun: now,
            told: now,
        };
        reading.tell(from);
        reading
    }

    fn tell(&mut self, done: usize) {
        (self.sink)(GenerateEvent::Prefill {
            done: done as u32,
            total: self.total as u32,
        });
    }

    /// `done` tokens are read, the last of them in part.
    fn tell_meanwhile(&mut self, done: usize) {
        if self.told.elapsed() >= TOLD_EVERY {
            self.tell(done);
            self.tell_figures(done);
        }
    }

    /// A slice is read, up to the token at `end`.
    fn tell_slice(&mut self, end: usize) {
        self.tell(end);
        self.note(end);
        if self.told.elapsed() >= TOLD_EVERY {
            self.tell_figures(end);
        }
    }

    fn tell_figures(&mut self, done: usize) {
        self.told = Instant::now();
        self.note(done);
        (self.sink)(GenerateEvent::Figures(Box::new(self.stats.clone())));
    }

    fn note(&mut self, done: usize) {
        self.stats.prefill_tps = rate(done - self.from, self.begun.elapsed().as_secs_f64());
        self.stats.context_used = done as u32;
    }
}

impl Session {
    /// Reads what of `tokens` is not cached yet, in slices. False where it was stopped; what was read stays.
    pub(super) fn prefill(
        &mut self,
        tokens: &[Token],
        cancel: &CancelToken,
        stats: &mut GenerationStats,
        sink: &mut dyn FnMut(GenerateEvent),
    ) -> Result<bool, LlamaError> {
        let mut reading = Reading::new(self.cached.len(), tokens.len(), stats, sink);
        while self.cached.len() < tokens.len() {
            if cancel.is_cancelled() {
                return Ok(false);
            }
            let at = self.cached.len();
            let end = at + self.slice_of(tokens.len() - at);
            let again = self.rows_again(end - at);
            if again > 0 && !self.cut(at - again) {
                continue;
            }
            let begin = at - again;
            let started = Instant::now();
            let last = end == tokens.len();
            let wants = |index| last && begin + index + 1 == end;
            let mut telling = |share: f64| reading.tell_meanwhile(at + ((end - at) as f64 * share) as usize);
            match self
                .context
                .decode_telling(&tokens[begin..end], begin, wants, &mut telling)
            {
                Ok(Decoded::Done) => {}
                Ok(Decoded::Stopped) => {
                    self.cut(begin);
                    return Ok(false);
                }
                Err(error) => {
                    self.cut(begin);
                    return Err(error);
                }
            }
            let seconds = started.elapsed().as_secs_f64();
            if end - begin >= SMALLEST_SLICE {
                let tps = rate(end - begin, seconds);
                self.prefill_tps = if self.prefill_tps > 0.0 {
                    self.prefill_tps * 0.5 + tps * 0.5
                } else {
                    tps
                };
            }
            self.cached.extend_from_slice(&tokens[begin..end]);
            self.last_logits = end - begin - 1;
            reading.tell_slice(end);
        }
        Ok(true)
    }

    /// Tokens to read again before a slice of so many, so that it has no row left over.
    fn rows_again(&self, rows: usize) -> usize {
        if !self.on_cpu || self.model.is_recurrent() {
            return 0;
        }
        rows_again(rows, self.cached.len(), self.context.settings().n_batch as usize)
    }

    /// Tokens of the next slice where so many are still to be read.
    fn slice_of(&self, left: usize) -> usize {
        let slice = self.slice();
        if self.on_cpu {
            without_small_rest(slice, left)
        } else {
            slice.min(left)
        }
    }

    /// Tokens of a usual slice.
    fn slice(&self) -> usize {
        let settings = self.context.settings();
        let measured = (self.prefill_tps * SLICE_S) as usize;
        let wished = if self.on_cpu {
            measured.max(CPU_SLICE)
        } else if self.prefill_tps > 0.0 {
            measured.max(SMALLEST_SLICE)
        } else {
            FIRST_SLICE
        };
        let ubatch = settings.n_ubatch as usize;
        // Whole physical batches: a rest would be computed at a small batch's speed.
        let whole = if wished > ubatch {
            wished / ubatch * ubatch
        } else {
            wished
        };
        whole.min(settings.n_batch as usize)
    }
}

/// A slice of `left` tokens. Where it would leave a small rest, half of all: on a processor a few tokens by themselves take as long as
/// writing one each.
fn without_small_rest(slice: usize, left: usize) -> usize {
    if left > slice && left < slice + SMALL_REST {
        (left / 2).next_multiple_of(CPU_ROWS).min(slice)
    } else {
        slice.min(left)
    }
}

/// Up to three of `cached` tokens that fill a batch of `rows` up to whole [`CPU_ROWS`], where it has room.
fn rows_again(rows: usize, cached: usize, room: usize) -> usize {
    let again = rows.next_multiple_of(CPU_ROWS) - rows;
    if again <= cached && rows + again <= room {
        again
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_rest_is_shared_out_over_two_slices() {
        assert_eq!(without_small_rest(128, 130), 68);
        assert_eq!(without_small_rest(128, 62), 62, "and what it leaves");
        assert_eq!(without_small_rest(128, 144), 72);
        assert_eq!(without_small_rest(128, 145), 128, "no small rest");
        assert_eq!(without_small_rest(128, 128), 128);
        assert_eq!(without_small_rest(128, 500), 128);
        assert_eq!(without_small_rest(18, 34), 18, "a batch has room for no more");
    }

    #[test]
    fn no_row_is_left_over_where_there_is_something_to_read_again() {
        assert_eq!(rows_again(35, 1100, 2048), 1);
        assert_eq!(rows_again(33, 1100, 2048), 3);
        assert_eq!(rows_again(64, 1100, 2048), 0);
        assert_eq!(rows_again(35, 0, 2048), 0, "nothing was read before");
        assert_eq!(rows_again(33, 2, 2048), 0);
        assert_eq!(rows_again(35, 1100, 35), 0, "no room in the batch");
    }
}
