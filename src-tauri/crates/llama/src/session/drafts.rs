//! Drafts for one answer: looked up, kept to two widths, paid for.

use super::Session;
use crate::error::LlamaError;
use crate::native::{Specials, Token};
use crate::speculation::WIDTHS;
use docmind_core::generation::GenerateRequest;

/// Tokens that may come next.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    /// As many as a batch has room for.
    pub(super) tokens: Vec<Token>,
    /// How many of them were found, be it none: the rest fills the batch, and none of it is taken.
    pub(super) found: usize,
}

impl Draft {
    /// A batch always has its full width, so that there are two shapes only.
    fn of(found: &[Token], wanted: usize) -> Self {
        let mut tokens = found[..found.len().min(wanted)].to_vec();
        let found = tokens.len();
        tokens.resize(wanted, tokens.last().copied().unwrap_or_default());
        Self { tokens, found }
    }
}

impl Session {
    /// Gathers what an answer to `request` may be drafted from.
    pub(super) fn prepare_drafts(
        &mut self,
        request: &GenerateRequest,
        prompt: &[Token],
        most: usize,
    ) -> Result<(), LlamaError> {
        self.lookup.clear();
        if !self.speculation || self.model.is_recurrent() {
            return Ok(());
        }
        for text in &request.draft_from {
            let tokens = self.model.tokenize(text, Specials::Text)?;
            self.lookup.extend(&tokens);
        }
        self.lookup.extend(prompt);
        self.budget.begin(most as u32);
        Ok(())
    }

    /// A draft to go with `token`, of one of the two widths; empty for a plain step.
    pub(super) fn draft(&mut self, token: Token, left: usize) -> Draft {
        if !self.speculation || self.model.is_recurrent() {
            return Draft::default();
        }
        self.remember(token);
        let room = (self.context.size() as usize).saturating_sub(self.cached.len() + 1);
        let found = self.lookup.draft(WIDTHS[1] - 1);
        // The token after the last right one comes of itself.
        let tokens = &found.tokens[..found.tokens.len().min(left.saturating_sub(1))];
        match self.budget.width(tokens.len(), found.matched) {
            Some(width) if room >= WIDTHS[width] - 1 => Draft::of(tokens, WIDTHS[width] - 1),
            _ => Draft::default(),
        }
    }

    /// A token that later drafts may follow.
    pub(super) fn remember(&mut self, token: Token) {
        if self.speculation {
            self.lookup.extend(&[token]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fills_a_batch_is_no_draft() {
        let draft = |tokens: &[Token], found| Draft {
            tokens: tokens.to_vec(),
            found,
        };
        assert_eq!(Draft::of(&[5, 6, 7, 8, 9], 3), draft(&[5, 6, 7], 3));
        assert_eq!(Draft::of(&[5, 6], 3), draft(&[5, 6, 6], 2));
        assert_eq!(Draft::of(&[5, 6], 7).found, 2);
        assert_eq!(Draft::of(&[], 3), draft(&[0, 0, 0], 0));
    }
}
