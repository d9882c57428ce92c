//! What drafting from the sources gives where an answer repeats them, and what it costs where nothing repeats.

use super::{COUNTED, TEXT, bare_request, question};
use crate::backend::Backends;
use crate::error::LlamaError;
use crate::load;
use crate::native::{Specials, Token};
use crate::session::{Drafting, Session};
use docmind_core::cancel::CancelToken;
use docmind_core::generation::GenerateRequest;
use docmind_core::measurement::{BenchProfile, Spread};

/// Decoding with drafts as a multiple of decoding without.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LookupGain {
    /// An answer that repeats its source word by word, forced by a grammar.
    pub repeating: Spread,
    /// The model's own tokens; those of random weights repeat nothing.
    pub free: Spread,
    /// Share of drafted tokens accepted in the repeating answer.
    pub acceptance: f64,
}

/// Measures `repeat` pairs of each kind, with and without drafts in turn.
///
/// # Errors
/// As [`super::bench`].
pub fn lookup_gain(
    backends: &Backends,
    entry: &BenchProfile,
    repeat: u32,
    cancel: &CancelToken,
) -> Result<LookupGain, LlamaError> {
    let (mut session, _) = load::load(backends, &bare_request(entry), &mut |_| !cancel.is_cancelled())?;
    session.write_on();
    let source = repeated_source(&session)?;
    let mut repeats = question(&source.text, "Repeat it.", source.tokens.len() as u32);
    repeats.grammar = Some(source.grammar());
    repeats.draft_from = vec![source.text.clone()];
    let mut free = question(&source.text, "Go on.", COUNTED);
    free.draft_from = vec![source.text.clone()];
    // Once each: both batch widths are measured before anything counts.
    decode_tps(&mut session, Drafting::On, &repeats, cancel)?;
    decode_tps(&mut session, Drafting::On, &free, cancel)?;
    let mut ratios = [Vec::new(), Vec::new()];
    let (mut drafted, mut accepted) = (0, 0);
    for _ in 0..repeat.max(1) {
        for (request, ratios) in [&repeats, &free].into_iter().zip(&mut ratios) {
            let plain = decode_tps(&mut session, Drafting::Off, request, cancel)?;
            let with = decode_tps(&mut session, Drafting::On, request, cancel)?;
            ratios.push(with.decode_tps / plain.decode_tps);
            if request.grammar.is_some() {
                drafted += with.drafted_tokens;
                accepted += with.accepted_tokens;
            }
        }
    }
    Ok(LookupGain {
        repeating: Spread::of(&ratios[0]),
        free: Spread::of(&ratios[1]),
        acceptance: f64::from(accepted) / f64::from(drafted.max(1)),
    })
}

fn decode_tps(
    session: &mut Session,
    drafting: Drafting,
    request: &GenerateRequest,
    cancel: &CancelToken,
) -> Result<docmind_core::generation::GenerationStats, LlamaError> {
    session.draft_answers(drafting);
    session.generate(request, cancel, &mut |_| ())
}

struct Source {
    text: String,
    tokens: Vec<Token>,
}

impl Source {
    /// Exactly these tokens.
    fn grammar(&self) -> String {
        let tokens: Vec<String> = self.tokens.iter().map(|token| format!("<[{token}]>")).collect();
        format!("root ::= {}", tokens.join(" "))
    }
}

fn repeated_source(session: &Session) -> Result<Source, LlamaError> {
    let model = session.model();
    let mut tokens = model.tokenize(TEXT, Specials::Text)?;
    tokens.truncate(COUNTED as usize);
    let mut bytes = Vec::new();
    for &token in &tokens {
        model.piece(token, &mut bytes);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // As the text is split when it is read again.
    let tokens = model.tokenize(&text, Specials::Text)?;
    Ok(Source { text, tokens })
}
