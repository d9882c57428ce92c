//! Prompt lookup: an answer that quotes its sources is drafted from them, and the draft is checked in one batch (Saxena 2023,
//! "Prompt Lookup Decoding"). Every token is still drawn from the model's own distribution: a draft only decides how many positions
//! are computed at once.
//!
//! It must never cost: verifying takes longer than one plain step, so a [`Budget`] keeps accounts in time. Drafts are paid from an
//! allowance of two percent of the time spent decoding, or where so much of the answer was already found in the sources, word by word,
//! that drafting all of it would have saved what one wrong draft costs.
//!
//! A graphics card launches a step as one captured graph, of one shape: the first batches of another one take several times as long. So a
//! card goes over to wide batches for longer matches only, and stays with them until going back is the cheaper.

use crate::native::Token;
use std::collections::HashMap;

/// Tokens that must match before a draft is made.
const MATCHED: usize = 3;

/// The two widths of a batch, the token just drawn included: two shapes only, so that captured graphs and kernels are reused.
pub const WIDTHS: [usize; 2] = [4, 8];

/// Share of decoding time that drafts may lose.
const ALLOWANCE: f64 = 0.01;

/// More tokens in a row than this are no better sign.
const MOST_MATCHED: usize = 64;

/// Batches until a shape's graph is captured again: the first is computed kernel by kernel, the second is recorded.
const UNCAPTURED: u32 = 2;

/// Where three tokens were seen last, in a text that only grows.
#[derive(Debug, Default)]
pub struct Lookup {
    pool: Vec<Token>,
    places: HashMap<[Token; MATCHED], usize>,
}

/// What may come next, and how much speaks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// What followed where it was seen before.
    pub tokens: &'a [Token],
    /// Tokens before, in a row, that are the same in both places.
    pub matched: usize,
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
    pub fn draft(&self, most: usize) -> Candidate<'_> {
        let Some(&at) = self.pool.last_chunk::<MATCHED>().and_then(|tail| self.places.get(tail)) else {
            return Candidate::default();
        };
        let (there, here) = (self.pool[..at].iter().rev(), self.pool.iter().rev());
        Candidate {
            tokens: &self.pool[at..(at + most).min(self.pool.len())],
            matched: there
                .zip(here)
                .take(MOST_MATCHED)
                .take_while(|(there, here)| there == here)
                .count(),
        }
    }
}

/// What batches take, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Costs {
    /// A plain step.
    pub step_s: f64,
    /// A batch of each width.
    pub width_s: [f64; WIDTHS.len()],
    /// Beyond that, changing from plain steps to wide batches and back; next to nothing on a processor.
    pub change_s: f64,
}

/// Accounts of drafting, in seconds.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    costs: Costs,
    balance_s: f64,
    /// Width of the last batch, where it was a wide one, and how many had the same.
    wide: Option<usize>,
    alike: u32,
    /// Lost with wide batches since a draft was right.
    idle_s: f64,
}

impl Budget {
    /// What was measured before the first answer: without it a short answer would be over before drafting could be afforded. One
    /// measurement may have met a slow moment, so that no width is believed to be worse than one that was never measured; drafts
    /// correct it.
    pub fn prime(&mut self, measured: Costs) {
        self.costs = measured;
        for (width, seconds) in self.costs.width_s.iter_mut().enumerate() {
            *seconds = seconds.min(measured.step_s * unmeasured(width));
        }
        if measured.change_s < measured.step_s * LEAST_CHANGE {
            self.costs.change_s = 0.0;
        }
    }

    /// A new answer of at most `tokens` tokens begins: the first drafts may lose half of what drafting may ever cost.
    pub fn begin(&mut self, tokens: u32) {
        self.balance_s = self.costs.step_s * f64::from(tokens.min(256)) * ALLOWANCE;
        self.wide = None;
        self.alike = 0;
        self.idle_s = 0.0;
    }

    /// A plain step took `seconds`.
    pub fn plain(&mut self, seconds: f64) {
        let is_settled = self.settles(None);
        let seconds = undisturbed(self.costs.step_s, seconds, is_settled);
        if is_settled {
            self.costs.step_s = blend(self.costs.step_s, seconds);
        } else {
            self.balance_s -= (seconds - self.costs.step_s).max(0.0);
        }
        self.balance_s += self.costs.step_s * ALLOWANCE;
    }

    /// A batch of `WIDTHS[width]` took `seconds` and gave `tokens` tokens.
    pub fn verified(&mut self, width: usize, seconds: f64, tokens: usize) {
        let is_settled = self.settles(Some(width));
        let seconds = undisturbed(self.cost(width), seconds, is_settled);
        if is_settled {
            self.costs.width_s[width] = blend(self.costs.width_s[width], seconds);
        }
        let step_s = self.costs.step_s;
        self.balance_s += step_s * tokens as f64 * (1.0 + ALLOWANCE) - seconds;
        // Gains of one passage do not pay for guessing through all of the next.
        self.balance_s = self.balance_s.min(step_s * 4.0);
        self.idle_s = if tokens > 1 {
            0.0
        } else {
            self.idle_s + (self.cost(width) - step_s).max(0.0)
        };
    }

    /// Which width to try for a draft of `available` tokens after so many that `matched`; `None` for a plain step.
    pub fn width(&self, available: usize, matched: usize) -> Option<usize> {
        let Costs { step_s, change_s, .. } = self.costs;
        if step_s <= 0.0 {
            return None;
        }
        // Going back, and over again for the next draft, is dearer than a few batches for one token each.
        if let Some(width) = self.wide
            && self.idle_s + self.cost(width) - step_s <= change_s / 2.0
        {
            return Some(width);
        }
        if available == 0 {
            return None;
        }
        let width = self.best(available.min(matched));
        let lost = self.cost(width) - step_s + change_s;
        let missed = matched as f64 * (step_s - self.cost(width) / WIDTHS[width] as f64);
        (self.balance_s >= lost || self.balance_s >= 0.0 && missed >= lost + change_s).then_some(width)
    }

    /// The width that saves most where so many tokens of a draft are right.
    fn best(&self, right: usize) -> usize {
        let saved = |width: usize| {
            let tokens = right.min(WIDTHS[width] - 1) + 1;
            tokens as f64 * self.costs.step_s - self.cost(width)
        };
        usize::from(saved(1) > saved(0))
    }

    fn cost(&self, width: usize) -> f64 {
        if self.costs.width_s[width] > 0.0 {
            self.costs.width_s[width]
        } else {
            self.costs.step_s * unmeasured(width)
        }
    }

    /// The next batch of the answer has this shape. True where it takes what such batches take.
    fn settles(&mut self, wide: Option<usize>) -> bool {
        if self.wide == wide {
            self.alike += 1;
        } else {
            self.wide = wide;
            self.alike = 1;
        }
        self.costs.change_s <= 0.0 || self.alike > UNCAPTURED
    }
}

/// Of a plain step; a change that takes less is none.
const LEAST_CHANGE: f64 = 0.25;

/// Where a step took more than twice what is known of it, something else had the processor: that is no cost of drafting or of not
/// drafting. What has become slower for good is believed a few steps later.
fn undisturbed(known: f64, seconds: f64, is_settled: bool) -> f64 {
    if known > 0.0 && is_settled {
        seconds.min(known * 2.0)
    } else {
        seconds
    }
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
        assert_eq!(lookup.draft(4).tokens, &[4, 5, 6, 7]);
        assert_eq!(lookup.draft(1).tokens, &[4]);
        assert_eq!(lookup.draft(1).matched, 3);
        lookup.extend(&[4, 5]);
        assert_eq!((lookup.draft(1).tokens, lookup.draft(1).matched), (&[6][..], 5));
        lookup.extend(&[8]);
        assert_eq!(lookup.draft(4), Candidate::default());
    }

    #[test]
    fn the_end_itself_is_no_match() {
        let mut lookup = Lookup::default();
        lookup.extend(&[1, 2, 3]);
        assert!(lookup.draft(4).tokens.is_empty());
        lookup.extend(&[1, 1, 1, 1, 1]);
        assert_eq!(lookup.draft(4).matched, 4, "up to the beginning of the run");
    }

    /// Where rows are cheap, where each takes its time, and a card with captured graphs.
    const CHEAP: Costs = Costs {
        step_s: 0.06,
        width_s: [0.09, 0.13],
        change_s: 0.0,
    };
    const DEAR: Costs = Costs {
        width_s: [0.15, 0.28],
        ..CHEAP
    };
    const CARD: Costs = Costs {
        step_s: 0.0037,
        width_s: [0.0045, 0.0055],
        change_s: 0.016,
    };
    const ALL: [Costs; 3] = [CHEAP, DEAR, CARD];

    fn primed(costs: Costs) -> Budget {
        let mut budget = Budget::default();
        budget.prime(costs);
        budget
    }

    /// An answer of stretches, each so many tokens of its own and then so many of a source, word by word.
    struct Text {
        own: usize,
        copied: usize,
    }

    impl Text {
        /// Before token `at`: how many of a draft would be right, and how many before it matched; nothing was found where none did.
        fn draft(&self, at: usize) -> (usize, usize) {
            let place = at % (self.own + self.copied);
            let matched = (place + 1).saturating_sub(self.own);
            if matched < MATCHED {
                (0, 0)
            } else {
                (self.own + self.copied - place - 1, matched)
            }
        }
    }

    /// Simulates decoding on a machine with these costs: the gain over plain steps.
    fn simulate(budget: &mut Budget, costs: Costs, text: &Text, tokens: usize) -> f64 {
        budget.begin(tokens as u32);
        let (mut time, mut written) = (0.0, 0);
        let (mut shape, mut alike) = (None, UNCAPTURED);
        while written < tokens {
            let (right, matched) = text.draft(written);
            let offered = if matched > 0 { WIDTHS[1] - 1 } else { 0 };
            let wide = budget.width(offered, matched);
            if wide == shape {
                alike += 1;
            } else {
                (shape, alike) = (wide, 0);
            }
            // There and back, two batches each.
            let change = if alike < UNCAPTURED { costs.change_s / 4.0 } else { 0.0 };
            let seconds = change + wide.map_or(costs.step_s, |width| costs.width_s[width]);
            time += seconds;
            if let Some(width) = wide {
                let got = right.min(WIDTHS[width] - 1) + 1;
                budget.verified(width, seconds, got);
                written += got;
            } else {
                budget.plain(seconds);
                written += 1;
            }
        }
        written as f64 / time * costs.step_s
    }

    #[test]
    fn an_answer_that_repeats_its_source_pays() {
        let text = Text { own: 0, copied: 1024 };
        for (costs, least) in ALL.into_iter().zip([2.0, 1.3, 2.0]) {
            let mut budget = primed(costs);
            // One after the other, as answers come: what one learned must not keep the next from beginning.
            for tokens in [256, 96, 96] {
                let gain = simulate(&mut budget, costs, &text, tokens);
                assert!(gain > least, "{costs:?}, {tokens}: {gain}");
            }
        }
    }

    #[test]
    fn quotes_in_an_answer_pay() {
        for costs in ALL {
            let gain = simulate(&mut primed(costs), costs, &Text { own: 20, copied: 40 }, 480);
            assert!(gain > 1.1, "{costs:?}: {gain}");
        }
    }

    #[test]
    fn three_words_in_a_row_here_and_there_cost_nothing_much() {
        for costs in ALL {
            for tokens in [64, 96, 128, 256, 512] {
                let gain = simulate(&mut primed(costs), costs, &Text { own: 6, copied: 3 }, tokens);
                assert!(gain > 0.97, "{costs:?}, {tokens}: {gain}");
            }
        }
    }

    #[test]
    fn a_change_next_to_nothing_is_none() {
        let budget = primed(Costs {
            change_s: 0.004,
            ..CHEAP
        });
        assert_eq!(budget.costs.change_s, 0.0);
    }
}
