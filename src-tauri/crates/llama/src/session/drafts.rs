//! Drafts for one answer: looked up, kept to two widths, paid for.

use super::Session;
use crate::error::LlamaError;
use crate::native::{Specials, Token};
use crate::speculation::WIDTHS;
use docmind_core::generation::GenerateRequest;

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
    pub(super) fn draft(&mut self, token: Token, left: usize) -> Vec<Token> {
        if !self.speculation || self.model.is_recurrent() {
            return Vec::new();
        }
        self.remember(token);
        let room = (self.context.size() as usize)
            .saturating_sub(self.cached.len() + 1)
            .min(left);
        let found = self.lookup.draft(WIDTHS[1] - 1);
        let Some(width) = self.budget.width(found.len().min(room)) else {
            return Vec::new();
        };
        let wanted = WIDTHS[width] - 1;
        if room < wanted {
            return Vec::new();
        }
        let mut draft = found[..found.len().min(wanted)].to_vec();
        // A batch always has its full width, so that there are two shapes only; the filling is never accepted but by chance.
        let filling = draft.last().copied().unwrap_or(token);
        draft.resize(wanted, filling);
        draft
    }

    /// A token that later drafts may follow.
    pub(super) fn remember(&mut self, token: Token) {
        if self.speculation {
            self.lookup.extend(&[token]);
        }
    }
}
