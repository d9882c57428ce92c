//! Prompt lookup: an answer that quotes its sources is drafted from them, and the draft is checked in one batch (Saxena 2023,
//! "Prompt Lookup Decoding"). Every token is still drawn from the model's own distribution: a draft only decides how many positions
//! are computed at once.
//!
//! It must never cost: verifying takes longer than one plain step, so a [`Budget`] keeps accounts in time. A draft is made only
//! while what drafts have lost so far, net of what they gained, stays under two percent of the time spent decoding.

use crate::native::Token;
use std::collections::HashMap;

/// Tokens that must match before a draft is made.
const MATCHED: usize = 3;

/// The two widths of a batch, the token just drawn included: two shapes only, so that captured graphs and kernels are reused.
pub const WIDTHS: [usize; 2] = [4, 8];

/// Share of decoding time that drafts may lose.
const ALLOWANCE: f64 = 0.01;

/// Tokens of an answer of which one wrong draft is under two percent.
const LONG: u32 = 96;

/// Where three tokens were seen last, in a text that only grows.
#[derive(Debug, Default)]
pub struct Lookup {
    pool: Vec<Token>,
    places: HashMap<[Token; MATCHED], usize>,
}

impl Lookup {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.pool.clear();
        self.places.clear();
    }

    /// Appends tokens.
    pub fn extend(&mut self, tokens: &[Token]) {
        for &token in tokens {
            self.pool.push(token);
            // The key's own place is registered only once something follows it.
            if self.pool.len() > MATCHED {
                let end = self.pool.len() - 1;
                let key = [self.pool[end - 3], self.pool[end - 2], self.pool[end - 1]];
                self.places.insert(key, end);
            }
        }
    }

    /// What followed the last three tokens where they were seen before, at most `most`.
    pub fn draft(&self, most: usize) -> &[Token] {
        let Some((_, tail)) = self.pool.split_last_chunk::<MATCHED>() else {
            return &[];
        };
        match self.places.get(tail) {
            Some(&at) => &self.pool[at..(at + most).min(self.pool.len())],
            None => &[],
        }
    }
}

/// Accounts of drafting, in seconds.
#[derive(Clone, Debug)]
pub struct Budget {
    step_s: f64,
    width_s: [f64; WIDTHS.len()],
    balance_s: f64,
    /// Share of drafts accepted of late.
    acceptance: f64,
}

impl Budget {
    /// Nothing measured yet: no draft is made before the first plain step.
    pub fn new() -> Self {
        Self {
            step_s: 0.0,
            width_s: [0.0; WIDTHS.len()],
            balance_s: 0.0,
            acceptance: 0.5,
        }
    }

    /// What a plain step and a batch of each width take, measured before the first answer: without it a short answer would be over
    /// before drafting could be afforded. One measurement may have met a slow moment, so that no width is believed to be worse than
    /// one that was never measured; drafts correct it.
    pub fn prime(&mut self, step_s: f64, width_s: [f64; WIDTHS.len()]) {
        self.step_s = step_s;
        for (width, (known, seconds)) in self.width_s.iter_mut().zip(width_s).enumerate() {
            *known = seconds.min(step_s * unmeasured(width));
        }
    }

    /// A new answer of at most `tokens` tokens begins: the first drafts may lose half of what drafting may ever cost. In one long enough to
    /// make up for it a narrow draft is tried however dear it is: where it is right, it pays all the same.
    pub fn begin(&mut self, tokens: u32) {
        self.balance_s = self.step_s * f64::from(tokens.min(256)) * ALLOWANCE;
        if tokens >= LONG {
            self.balance_s = self.balance_s.max(self.cost(0) - self.step_s);
        }
        self.acceptance = 0.5;
    }

    /// A plain step took `seconds`.
    pub fn plain(&mut self, seconds: f64) {
        let seconds = undisturbed(self.step_s, seconds);
        self.step_s = blend(self.step_s, seconds);
        self.balance_s += seconds * ALLOWANCE;
    }

    /// A batch of `WIDTHS[width]` took `seconds` and gave `tokens` tokens of `drafted` + 1 possible.
    pub fn verified(&mut self, width: usize, seconds: f64, drafted: usize, tokens: usize) {
        let seconds = undisturbed(self.width_s[width], seconds);
        self.width_s[width] = blend(self.width_s[width], seconds);
        self.balance_s += self.step_s * tokens as f64 * (1.0 + ALLOWANCE) - seconds;
        // Gains of one passage do not pay for guessing through all of the next.
        self.balance_s = self.balance_s.min(self.step_s * 4.0);
        let share = (tokens.saturating_sub(1)) as f64 / drafted.max(1) as f64;
        self.acceptance = self.acceptance * 0.7 + share * 0.3;
    }

    /// Which width to try for a draft of `available` tokens; `None` for a plain step.
    pub fn width(&self, available: usize) -> Option<usize> {
        if available == 0 || self.step_s <= 0.0 {
            return None;
        }
        let wanted = usize::from(self.acceptance > 0.6 && available >= WIDTHS[1] - 1);
        // Where the wide one cannot be afforded yet, the narrow one earns it.
        (0..=wanted)
            .rev()
            .find(|&width| self.balance_s >= self.cost(width) - self.step_s)
    }

    fn cost(&self, width: usize) -> f64 {
        if self.width_s[width] > 0.0 {
            self.width_s[width]
        } else {
            self.step_s * unmeasured(width)
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

/// Where a step took more than twice what is known of it, something else had the processor: that is no cost of drafting or of not
/// drafting. What has become slower for good is believed a few steps later.
fn undisturbed(known: f64, seconds: f64) -> f64 {
    if known > 0.0 { seconds.min(known * 2.0) } else { seconds }
}

/// Plain steps that a batch of `WIDTHS[width]` is taken to cost until it is measured: as if batching saved two thirds.
fn unmeasured(width: usize) -> f64 {
    1.0 + WIDTHS[width] as f64 / 3.0
}

fn blend(old: f64, new: f64) -> f64 {
    if old > 0.0 { old * 0.8 + new * 0.2 } else { new }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_followed_before_is_drafted() {
        let mut lookup = Lookup::default();
        lookup.extend(&[1, 2, 3, 4, 5, 6, 7, 9, 9, 1, 2, 3]);
        assert_eq!(lookup.draft(4), &[4, 5, 6, 7]);
        assert_eq!(lookup.draft(1), &[4]);
        lookup.extend(&[8]);
        assert_eq!(lookup.draft(4), &[] as &[Token]);
    }

    #[test]
    fn the_end_itself_is_no_match() {
        let mut lookup = Lookup::default();
        lookup.extend(&[1, 2, 3]);
        assert!(lookup.draft(4).is_empty());
    }

    /// Seconds of a step, and of a batch of each width: where rows are cheap, and where each takes its time.
    const CHEAP: (f64, [f64; 2]) = (0.06, [0.09, 0.13]);
    const DEAR: (f64, [f64; 2]) = (0.06, [0.13, 0.2]);

    fn primed((step, widths): (f64, [f64; 2])) -> Budget {
        let mut budget = Budget::new();
        budget.prime(step, widths);
        budget
    }

    /// Simulates decoding: the gain over plain steps.
    fn simulate(budget: &mut Budget, (step, widths): (f64, [f64; 2]), accepted_of_seven: usize, tokens: usize) -> f64 {
        budget.begin(tokens as u32);
        let (mut time, mut written) = (0.0, 0);
        while written < tokens {
            if let Some(width) = budget.width(7) {
                let seconds = widths[width];
                let drafted = WIDTHS[width] - 1;
                let got = accepted_of_seven.min(drafted) + 1;
                budget.verified(width, seconds, drafted, got);
                time += seconds;
                written += got;
            } else {
                budget.plain(step);
                time += step;
                written += 1;
            }
        }
        written as f64 / time * step
    }

    #[test]
    fn drafts_that_are_always_right_pay() {
        let mut budget = primed(CHEAP);
        // One after the other, as answers come: what one learned must not keep the next from beginning.
        for tokens in [256, 48, 48] {
            let gain = simulate(&mut budget, CHEAP, 7, tokens);
            assert!(gain > 2.0, "{tokens}: {gain}");
        }
        for tokens in [96, 256] {
            let gain = simulate(&mut primed(DEAR), DEAR, 7, tokens);
            assert!(gain > 1.5, "{tokens}: {gain}");
        }
    }

    #[test]
    fn drafts_that_are_always_wrong_cost_under_three_percent() {
        for costs in [CHEAP, DEAR] {
            for tokens in [64, 96, 128, 256, 512] {
                let gain = simulate(&mut primed(costs), costs, 0, tokens);
                assert!(gain > 0.97, "{tokens}: {gain}");
            }
        }
    }
}
