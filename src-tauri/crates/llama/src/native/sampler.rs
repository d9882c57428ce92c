//! Choosing tokens, through `llama-cpp-2`'s samplers.

use super::{Model, Token};
use crate::error::LlamaError;
use llama_cpp_2::sampling::LlamaSampler;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token::data::LlamaTokenData;
use llama_cpp_2::token::data_array::LlamaTokenDataArray;

/// A chain of samplers.
pub struct Sampler {
    inner: LlamaSampler,
}

/// One link of a chain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Link {
    /// Presence penalty over the last so many tokens.
    Presence {
        /// Tokens looked back at.
        last: u32,
        /// Taken off the logits of those present.
        penalty: f32,
    },
    /// The so many most likely.
    TopK(u32),
    /// Nucleus.
    TopP(f32),
    /// Share of the best one's probability.
    MinP(f32),
    /// Temperature.
    Temperature(f32),
    /// The most likely.
    Greedy,
    /// By chance, with this seed.
    Draw(u32),
}

impl Sampler {
    /// A chain; its last link chooses.
    pub fn chain(links: &[Link], vocabulary: usize) -> Self {
        let links = links.iter().map(|link| match *link {
            Link::Presence { last, penalty } => {
                LlamaSampler::penalties(vocabulary as i32, last as i32, 1.0, 0.0, penalty)
            }
            Link::TopK(k) => LlamaSampler::top_k(k as i32),
            Link::TopP(p) => LlamaSampler::top_p(p, 1),
            Link::MinP(p) => LlamaSampler::min_p(p, 1),
            Link::Temperature(t) => LlamaSampler::temp(t),
            Link::Greedy => LlamaSampler::greedy(),
            Link::Draw(seed) => LlamaSampler::dist(seed),
        });
        Self {
            inner: LlamaSampler::chain(links, true),
        }
    }

    /// A grammar in GBNF with the rule `root`.
    ///
    /// # Errors
    /// [`LlamaError::Grammar`] where it does not parse.
    pub fn grammar(model: &Model, grammar: &str) -> Result<Self, LlamaError> {
        LlamaSampler::grammar(model.inner(), grammar, "root")
            .map(|inner| Self { inner })
            .map_err(|_| LlamaError::Grammar)
    }

    /// Tells it that `token` was taken. False where a grammar refuses it.
    pub fn accept(&mut self, token: Token) -> bool {
        self.inner.try_accept(LlamaToken(token)).is_ok()
    }

    /// Filters and sorts candidates, and chooses where its last link does. Returns the chosen token.
    pub fn apply(&mut self, candidates: &mut Candidates) -> Option<Token> {
        candidates.array.selected = None;
        candidates.array.apply_sampler(&mut self.inner);
        candidates.array.selected_token().map(|token| token.0)
    }
}

/// Candidates for the next token, kept between tokens so that nothing is allocated while decoding.
pub struct Candidates {
    array: LlamaTokenDataArray,
}

impl Default for Candidates {
    fn default() -> Self {
        Self {
            array: LlamaTokenDataArray::new(Vec::new(), false),
        }
    }
}

fn candidate(id: Token, logit: f32) -> LlamaTokenData {
    LlamaTokenData::new(LlamaToken(id), logit, 0.0)
}

impl Candidates {
    /// Every token with its logit.
    pub fn fill(&mut self, logits: &[f32]) {
        self.clear();
        self.array
            .data
            .extend((0..).zip(logits).map(|(id, &logit)| candidate(id, logit)));
    }

    /// The `most` tokens with the highest logits, unsorted; of equals, those with the lower ids. One pass that looks into a block
    /// only where one of it beats the lowest kept so far: sorting the 151,936 of Qwen's vocabulary takes a tenth of a GPU's step,
    /// and comparing them one by one still a fiftieth.
    pub fn fill_highest(&mut self, logits: &[f32], most: usize) {
        self.clear();
        let data = &mut self.array.data;
        // Room for several times `most`, thinned out when full: selecting costs less the rarer it is.
        let room = most * 4;
        let mut lowest = f32::NEG_INFINITY;
        for (block, start) in logits.chunks(BLOCK).zip((0..).step_by(BLOCK)) {
            if data.len() >= most && !any_above(block, lowest) {
                continue;
            }
            for (id, &logit) in (start..).zip(block) {
                if logit > lowest || data.len() < most {
                    data.push(candidate(id, logit));
                    if data.len() == room {
                        data.select_nth_unstable_by(most - 1, highest_first);
                        data.truncate(most);
                        lowest = data[most - 1].logit();
                    }
                }
            }
        }
        if data.len() > most {
            data.select_nth_unstable_by(most - 1, highest_first);
            data.truncate(most);
        }
    }

    /// One token alone.
    pub fn only(&mut self, token: Token, logit: f32) {
        self.clear();
        self.array.data.push(candidate(token, logit));
    }

    /// Takes out what a grammar ruled out.
    pub fn drop_ruled_out(&mut self) {
        self.array.data.retain(|entry| entry.logit() > f32::NEG_INFINITY);
    }

    /// The most likely.
    pub fn best(&self) -> Option<Token> {
        self.array
            .data
            .iter()
            .max_by(|a, b| a.logit().total_cmp(&b.logit()))
            .map(|entry| entry.id().0)
    }

    /// True where every candidate was ruled out.
    pub fn is_ruled_out(&self) -> bool {
        self.array.data.iter().all(|entry| entry.logit() == f32::NEG_INFINITY)
    }

    fn clear(&mut self) {
        self.array.data.clear();
        self.array.selected = None;
        self.array.sorted = false;
    }
}

/// Logits looked at together.
const BLOCK: usize = 64;

/// True where one of `block` is above `floor`; without a branch or a sum that could overflow, so that several are compared by one
/// instruction.
fn any_above(block: &[f32], floor: f32) -> bool {
    block.iter().fold(0, |any, &logit| any | u8::from(logit > floor)) > 0
}

/// The token with the highest logit; the first of equals.
pub fn most_likely(logits: &[f32]) -> Token {
    let mut best = 0;
    let mut highest = f32::NEG_INFINITY;
    for (block, start) in logits.chunks(BLOCK).zip((0..).step_by(BLOCK)) {
        if !any_above(block, highest) {
            continue;
        }
        for (id, &logit) in (start..).zip(block) {
            if logit > highest {
                highest = logit;
                best = id;
            }
        }
    }
    best
}

fn highest_first(a: &LlamaTokenData, b: &LlamaTokenData) -> std::cmp::Ordering {
    b.logit().total_cmp(&a.logit()).then_with(|| a.id().0.cmp(&b.id().0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_highest_is_most_likely() {
        assert_eq!(most_likely(&[0.0, 3.0, -1.0, 3.0]), 1);
        assert_eq!(most_likely(&[f32::NAN, 1.0]), 1);
        let mut long = vec![-1.0_f32; 3 * BLOCK + 5];
        long[2 * BLOCK + 1] = 4.0;
        long[3 * BLOCK + 2] = 4.0;
        assert_eq!(most_likely(&long), 2 * BLOCK as Token + 1);
    }

    #[test]
    fn the_highest_are_those_of_sorting() {
        let mut state = 7_u64;
        let logits: Vec<f32> = (0..5000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // Coarse, so that there are equals.
                ((state >> 40) % 997) as f32 / 31.0 - 16.0
            })
            .collect();
        let mut sorted: Vec<(i32, f32)> = (0..).zip(logits.iter().copied()).collect();
        sorted.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut candidates = Candidates::default();
        for most in [1, 20, 276] {
            candidates.fill_highest(&logits, most);
            let mut kept: Vec<i32> = candidates.array.data.iter().map(|entry| entry.id().0).collect();
            kept.sort_unstable();
            let mut wished: Vec<i32> = sorted[..most].iter().map(|entry| entry.0).collect();
            wished.sort_unstable();
            assert_eq!(kept, wished, "{most}");
        }
    }
}
