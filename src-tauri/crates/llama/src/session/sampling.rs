//! Choosing the next token.

use crate::error::LlamaError;
use crate::native::{Candidates, Link, Sampler, Token, most_likely};
use docmind_core::generation::Sampling;

/// Tokens a presence penalty looks back at.
const LOOK_BACK: u32 = 256;

/// Draws tokens as a request wants. With a grammar the free choice is tried first and kept where the grammar allows it, which is
/// far cheaper than filtering the whole vocabulary at every token.
pub(super) struct Chooser {
    vocabulary: usize,
    chain: Option<Sampler>,
    greedy: bool,
    /// Candidates the chain has to see, where it begins with a choice of the most likely.
    candidates_needed: Option<usize>,
    candidates: Candidates,
    forced: Forced,
}

/// Tokens that an answer is made to consist of, and how many were given out.
#[derive(Default)]
struct Forced {
    tokens: Vec<Token>,
    given: usize,
}

impl Chooser {
    pub(super) fn new(vocabulary: usize) -> Self {
        Self {
            vocabulary,
            chain: None,
            greedy: true,
            candidates_needed: None,
            candidates: Candidates::default(),
            forced: Forced::default(),
        }
    }

    /// A new answer begins. Penalties look back into what the model wrote, never into the sources.
    pub(super) fn begin(&mut self, sampling: &Sampling) {
        self.forced.given = 0;
        let penalised = sampling.presence_penalty != 0.0 && sampling.presence_penalty.is_finite();
        self.greedy = sampling.temperature <= 0.0 && !penalised;
        if self.greedy {
            self.chain = None;
            return;
        }
        // A penalty can only take tokens down that were written of late: so many more are enough to look at.
        let penalised_most = if penalised { LOOK_BACK as usize } else { 0 };
        self.candidates_needed = (sampling.temperature > 0.0 && sampling.top_k > 0 && sampling.presence_penalty >= 0.0)
            .then_some(sampling.top_k as usize + penalised_most);
        let mut links = Vec::new();
        if penalised {
            links.push(Link::Presence {
                last: LOOK_BACK,
                penalty: sampling.presence_penalty,
            });
        }
        if sampling.temperature <= 0.0 {
            links.push(Link::Greedy);
        } else {
            if sampling.top_k > 0 {
                links.push(Link::TopK(sampling.top_k));
            }
            if sampling.top_p > 0.0 && sampling.top_p < 1.0 {
                links.push(Link::TopP(sampling.top_p));
            }
            if sampling.min_p > 0.0 {
                links.push(Link::MinP(sampling.min_p));
            }
            links.push(Link::Temperature(sampling.temperature));
            links.push(Link::Draw(sampling.seed));
        }
        self.chain = Some(Sampler::chain(&links, self.vocabulary));
    }

    /// From now on every answer begins with these tokens. The model's own choice is made all the same, and costs what it costs.
    pub(super) fn force(&mut self, tokens: Vec<Token>) {
        self.forced = Forced { tokens, given: 0 };
    }

    pub(super) fn choose(&mut self, logits: &[f32], grammar: Option<&mut Sampler>) -> Result<Token, LlamaError> {
        let mut free = self.free(logits);
        if let Some(forced) = self.forced.tokens.get(self.forced.given) {
            self.forced.given += 1;
            free = *forced;
        }
        let Some(grammar) = grammar else {
            self.accept(free);
            return Ok(free);
        };
        self.candidates.only(free, logits[free as usize]);
        grammar.apply(&mut self.candidates);
        let chosen = if self.candidates.is_ruled_out() {
            self.candidates.fill(logits);
            grammar.apply(&mut self.candidates);
            if self.candidates.is_ruled_out() {
                return Err(LlamaError::Grammar);
            }
            self.candidates.drop_ruled_out();
            match &mut self.chain {
                Some(chain) => chain.apply(&mut self.candidates).ok_or(LlamaError::Grammar)?,
                None => self.candidates.best().ok_or(LlamaError::Grammar)?,
            }
        } else {
            free
        };
        if !grammar.accept(chosen) {
            return Err(LlamaError::Grammar);
        }
        self.accept(chosen);
        Ok(chosen)
    }

    fn accept(&mut self, token: Token) {
        if let Some(chain) = &mut self.chain {
            chain.accept(token);
        }
    }

    fn free(&mut self, logits: &[f32]) -> Token {
        match &mut self.chain {
            None => most_likely(logits),
            Some(chain) => {
                match self.candidates_needed {
                    Some(most) if most < logits.len() => self.candidates.fill_highest(logits, most),
                    _ => self.candidates.fill(logits),
                }
                chain.apply(&mut self.candidates).unwrap_or_else(|| most_likely(logits))
            }
        }
    }
}
