//! The first decodes of a loaded model: what they leave is measurements, never tokens.

use super::{Session, rate};
use crate::error::LlamaError;
use crate::speculation::WIDTHS;
use docmind_core::cancel::CancelToken;
use std::time::Instant;

impl Session {
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
        if self.on_cpu {
            // The least that it reads a second: more rows at once take less each.
            self.prefill_tps = rate(WIDTHS[WIDTHS.len() - 1], seconds[WIDTHS.len()]);
        }
        Ok(())
    }
}
