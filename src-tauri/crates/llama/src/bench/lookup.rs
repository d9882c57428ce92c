//! What drafting from the sources gives where an answer repeats them, and what it costs where nothing repeats.

use super::{COUNTED, TEXT, bare_request, question, whole};
use crate::backend::Backends;
use crate::error::LlamaError;
use crate::load;
use crate::native::{Specials, Token};
use crate::session::{Drafting, Session};
use docmind_core::cancel::CancelToken;
use docmind_core::generation::{GenerateRequest, GenerationStats};
use docmind_core::measurement::{BenchProfile, Spread};

/// Decoding with drafts against decoding without.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gain {
    /// With as a multiple of without, by pairs.
    pub ratio: Spread,
    /// Tokens a second without, the median.
    pub plain_tps: f64,
    /// Tokens a second with, the median.
    pub drafted_tps: f64,
    /// Share of drafted tokens accepted.
    pub acceptance: f64,
}

/// What drafts give and cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LookupGain {
    /// An answer that repeats its source word by word.
    pub repeating: Gain,
    /// The same, forced by a grammar, which has to look at the whole vocabulary for every token.
    pub by_grammar: Gain,
    /// The model's own tokens; those of random weights repeat nothing.
    pub free: Gain,
}

/// One kind of answer, and what was measured of it.
struct Kind {
    request: GenerateRequest,
    forced: Vec<Token>,
    plain: Vec<f64>,
    with: Vec<f64>,
    drafted: u32,
    accepted: u32,
}

impl Kind {
    fn new(request: GenerateRequest, forced: &[Token]) -> Self {
        Self {
            request,
            forced: forced.to_vec(),
            plain: Vec::new(),
            with: Vec::new(),
            drafted: 0,
            accepted: 0,
        }
    }

    fn measure(
        &self,
        session: &mut Session,
        drafting: Drafting,
        cancel: &CancelToken,
    ) -> Result<GenerationStats, LlamaError> {
        session.draft_answers(drafting);
        session.force_answers(self.forced.clone());
        whole(session.generate(&self.request, cancel, &mut |_| ())?)
    }

    fn pair(&mut self, session: &mut Session, cancel: &CancelToken) -> Result<(), LlamaError> {
        self.plain
            .push(self.measure(session, Drafting::Off, cancel)?.decode_tps);
        let with = self.measure(session, Drafting::On, cancel)?;
        self.with.push(with.decode_tps);
        self.drafted += with.drafted_tokens;
        self.accepted += with.accepted_tokens;
        Ok(())
    }

    fn gain(&self) -> Gain {
        let ratios: Vec<f64> = self
            .with
            .iter()
            .zip(&self.plain)
            .map(|(with, plain)| with / plain)
            .collect();
        Gain {
            ratio: Spread::of(&ratios),
            plain_tps: Spread::of(&self.plain).median,
            drafted_tps: Spread::of(&self.with).median,
            acceptance: f64::from(self.accepted) / f64::from(self.drafted.max(1)),
        }
    }
}

/// Measures `repeat` pairs of each kind, without and with drafts in turn.
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
    let asked = |words: &str, tokens: u32| GenerateRequest {
        draft_from: vec![source.text.clone()],
        ..question(&source.text, words, tokens)
    };
    let repeats = asked("Repeat it.", source.tokens.len() as u32);
    let by_grammar = GenerateRequest {
        grammar: Some(source.grammar()),
        ..repeats.clone()
    };
    let mut kinds = [
        Kind::new(repeats, &source.tokens),
        Kind::new(by_grammar, &[]),
        Kind::new(asked("Go on.", COUNTED), &[]),
    ];
    for kind in &kinds {
        // Once each: both batch widths are measured before anything counts.
        kind.measure(&mut session, Drafting::On, cancel)?;
    }
    for _ in 0..repeat.max(1) {
        for kind in &mut kinds {
            kind.pair(&mut session, cancel)?;
        }
    }
    let [repeating, by_grammar, free] = kinds.map(|kind| kind.gain());
    Ok(LookupGain {
        repeating,
        by_grammar,
        free,
    })
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
