//! The first decodes of a loaded model: what they leave is measurements, never tokens.

use super::{Session, rate};
use crate::error::LlamaError;
use crate::speculation::{Costs, WIDTHS};
use docmind_core::cancel::CancelToken;
use std::time::Instant;

/// Tokens of the widest draft, the one before it included.
const WIDEST: usize = WIDTHS[WIDTHS.len() - 1];
/// Batches of one shape after which another of it takes what it always takes.
const SETTLED: usize = 3;

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
        let mut costs = Costs {
            step_s: self.fastest(1, repeats)?,
            ..Costs::default()
        };
        for (width, seconds) in WIDTHS.into_iter().zip(&mut costs.width_s) {
            *seconds = self.fastest(width, repeats)?;
        }
        if !self.on_cpu {
            costs.change_s = self.time_change(&costs)?;
        }
        self.budget.prime(costs);
        if self.on_cpu {
            // The least that it reads a second: more rows at once take less each.
            self.prefill_tps = rate(WIDEST, costs.width_s[WIDTHS.len() - 1]);
        }
        Ok(())
    }

    /// The seconds of the fastest of so many batches of a width.
    fn fastest(&mut self, width: usize, repeats: usize) -> Result<f64, LlamaError> {
        let mut fastest = f64::MAX;
        for _ in 0..repeats {
            fastest = fastest.min(self.time_batch(width)?);
        }
        Ok(fastest)
    }

    fn time_batch(&mut self, width: usize) -> Result<f64, LlamaError> {
        self.context.truncate(0);
        let started = Instant::now();
        self.context.decode(&[0; WIDEST][..width], 0, |_| true)?;
        Ok(started.elapsed().as_secs_f64())
    }

    /// Seconds that it takes beyond the batches themselves to go over to wide ones and back; the least of two measurements.
    fn time_change(&mut self, costs: &Costs) -> Result<f64, LlamaError> {
        let mut least = f64::MAX;
        self.fastest(1, SETTLED)?;
        for _ in 0..2 {
            let mut beyond = 0.0;
            for (width, usual) in [(WIDEST, costs.width_s[WIDTHS.len() - 1]), (1, costs.step_s)] {
                for _ in 0..SETTLED {
                    beyond += self.time_batch(width)? - usual;
                }
            }
            least = least.min(beyond);
        }
        Ok(least.max(0.0))
    }
}
