//! Reading a prompt, in slices short enough to stop between.

use super::{Session, TOLD_EVERY, rate};
use crate::error::LlamaError;
use crate::native::{Decoded, Token};
use docmind_core::cancel::CancelToken;
use docmind_core::generation::{GenerateEvent, GenerationStats};
use std::time::Instant;

/// A slice of prefill takes at most this long at the measured speed.
const SLICE_S: f64 = 0.5;
/// First slice, before anything was measured.
const FIRST_SLICE: usize = 64;
/// On the CPU a slice may be this long whatever it takes: llama.cpp stops there between two operations, and 64 tokens at once are
/// read a tenth faster than 16 (58 and 66 tokens a second for Qwen3-4B on 2 cores).
const CPU_SLICE: usize = 64;
/// Fewer tokens than this are read with the slice before them.
const SMALL_REST: usize = 17;
/// Rows that a processor's kernels multiply at once. Of what is left over each row is a pass over all the weights, as long as writing
/// a token (`forward_mul_mat_one_chunk` in ggml's `repack.cpp`).
const CPU_ROWS: usize = 4;

impl Session {
    /// Reads what of `tokens` is not cached yet, in slices. False where it was stopped; what was read stays.
    pub(super) fn prefill(
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
            let end = at + self.slice_of(tokens.len() - at);
            let again = self.rows_again(end - at);
            if again > 0 && !self.cut(at - again) {
                continue;
            }
            let at = at - again;
            let started = Instant::now();
            let last = end == tokens.len();
            match self
                .context
                .decode(&tokens[at..end], at, |index| last && at + index + 1 == end)
            {
                Ok(Decoded::Done) => {}
                Ok(Decoded::Stopped) => {
                    self.cut(at);
                    return Ok(false);
                }
                Err(error) => {
                    self.cut(at);
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
        let room = if self.on_cpu {
            self.context.settings().n_ubatch as usize
        } else {
            0
        };
        with_rest(slice, left, room)
    }

    /// Tokens of a usual slice.
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
}

/// A slice of `left` tokens, with what would be left over after it where the rest is small and both fit a batch of `room`: on a processor
/// a few tokens by themselves take as long as writing one.
fn with_rest(slice: usize, left: usize, room: usize) -> usize {
    if left <= room && left < slice + SMALL_REST {
        left
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
    fn a_small_rest_is_read_with_the_slice_before_it() {
        assert_eq!(with_rest(64, 66, 80), 66);
        assert_eq!(with_rest(64, 80, 80), 80);
        assert_eq!(with_rest(64, 81, 80), 64, "no room in the batch");
        assert_eq!(with_rest(64, 500, 80), 64);
        assert_eq!(with_rest(64, 20, 80), 20);
        assert_eq!(with_rest(64, 66, 0), 64, "on a card");
        assert_eq!(with_rest(64, 66, 64), 64);
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
