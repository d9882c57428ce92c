//! One question, from what was typed to an answer that is saved.
//!
//! Search, judge, pack; the sources and an extractive answer are shown before any model is loaded. Where a writer was chosen and the
//! documents support an answer, the prompt grows by this turn, the text streams through the citation parser, and each sentence is
//! checked against the sources it names as soon as it is finished. What was written when somebody stops it, or the writer dies, is
//! kept and said to be so. A question that wants everything is put to each document for itself ([`each`]) and quoted; one about the
//! documents themselves is answered from their list ([`held`]).

mod compared;
pub(crate) mod each;
mod held;
mod history;
pub(crate) mod sources;
mod writing;
mod written_out;

use crate::clock::now_ms;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::events::{AnswerTrace, AskEvent};
use crate::search::{Retrieved, Scope, ms};
use docmind_core::answer::{Answer, AnswerMode, Coverage, FinishReason, Source};
use docmind_core::cancel::CancelToken;
use docmind_core::citation::{CitedText, citations};
use docmind_core::conversation::{ConversationId, Turn, turns_dropped, turns_left_out};
use docmind_core::embedding::{Embedding, TextKind};
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::extract::{self, Candidate, PageBodies};
use docmind_core::ports::Embedder;
use docmind_core::question::{
    EarlierTurn, asks_each_document, everything_wanted, overview_of, standalone, wants_everything,
};
use docmind_core::refusal::{Verdict, judge};
use docmind_core::retrieval::SearchMode;
use docmind_core::support::{Evidence, check};
use docmind_core::words::Language;
use serde::{Deserialize, Serialize};
use sources::Gathered;
use std::time::Instant;

/// Letters of a conversation's title.
const TITLE: usize = 80;

/// A question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(default)]
pub struct AskRequest {
    /// As typed.
    pub question: String,
    /// The conversation it belongs to; `None` begins one.
    pub conversation: Option<ConversationId>,
    /// Answer this turn (from 0) anew; it and what follows is replaced.
    pub replace_turn: Option<u32>,
    /// Where to look.
    pub scope: Scope,
    /// Put the question to each document for itself, and quote what each says. Without a model that is also done where the question asks
    /// for everything there is.
    pub each_document: bool,
    /// Put the next questions of the conversation to each document too: kept with it, as the scope is. This question may differ.
    pub each_from_now_on: bool,
    /// Another model than the settings': a GGUF file, a folder, or a stored name.
    pub model: Option<String>,
    /// Another profile than the settings'.
    pub profile: Option<String>,
    /// A GBNF grammar that the answer must follow.
    pub grammar: Option<String>,
}

/// A question with all that was found out about it.
struct Asked<'a> {
    request: &'a AskRequest,
    conversation: ConversationId,
    earlier: Vec<Turn>,
    searched: String,
    standalone: Option<String>,
    retrieved: Retrieved,
    verdict: Verdict,
    gathered: Gathered,
    reach: Reach,
    started: Instant,
    shown_ms: f64,
}

/// What an answer is taken from.
enum Reach {
    /// The passages that fit best, of whichever documents.
    Best,
    /// One document, read through.
    Whole(PageBodies),
    /// Each document for itself; so many say something.
    Each(Coverage),
    /// The library's own list: the answer as it is.
    Listed(Box<Answer>),
}

/// What was answered, before it is saved.
struct Written {
    answer: Answer,
    /// The model's own words with the prompt's codes.
    raw: Option<String>,
}

impl Engine {
    /// Answers a question and saves it in its conversation. `told` hears everything on the way, [`AskEvent::Done`] or
    /// [`AskEvent::Failed`] last.
    ///
    /// # Errors
    /// As told by [`AskEvent::Failed`]: `empty_question`, `conversation_not_found`, `no_such_model`, `unknown_profile`, `cancelled`
    /// before anything was found, and those of embedder, store and writer.
    pub fn ask(
        &self,
        request: &AskRequest,
        cancel: &CancelToken,
        told: &mut dyn FnMut(AskEvent),
    ) -> Result<Answer, ErrorReport> {
        let mut begun = None;
        let result = self.answer(request, cancel, told, &mut begun);
        if let Err(report) = &result {
            if let (Some(id), Ok(user)) = (begun, self.user()) {
                // A conversation in which nothing was answered is none.
                if let Err(error) = user
                    .delete_conversation(id, 0.0)
                    .and_then(|()| user.purge_conversations(1.0))
                {
                    tracing::warn!(%error, "an empty conversation stays behind");
                }
            }
            told(AskEvent::Failed(report.clone()));
        }
        result
    }

    fn answer(
        &self,
        request: &AskRequest,
        cancel: &CancelToken,
        told: &mut dyn FnMut(AskEvent),
        begun: &mut Option<ConversationId>,
    ) -> Result<Answer, ErrorReport> {
        let started = Instant::now();
        let question = request.question.trim();
        if question.is_empty() {
            return Err(EngineError::EmptyQuestion.into());
        }
        let user = self.user()?;
        let mut all = match request.conversation {
            Some(id) => user.turns(id)?,
            None => Vec::new(),
        };
        all.truncate(request.replace_turn.map_or(usize::MAX, |turn| turn as usize));
        // "?" asks something only after an answer.
        if all.is_empty() && !question.contains(char::is_alphanumeric) {
            return Err(EngineError::EmptyQuestion.into());
        }
        let scope = self.scope(&request.scope)?;
        let settings = self.settings();
        let (profile, gone) = match &request.profile {
            Some(name) => (self.profile(name)?, None),
            None => self.settings_profile(&settings)?,
        };
        let writer = self.0.generators.choose(
            &settings,
            request.model.as_deref(),
            &profile,
            self.0.embedder.pid().is_some(),
        )?;
        let writer = writer.map(|writer| self.0.generators.with_context(writer, &settings, cancel));

        // From here on ingest takes no new step; a question overtakes it.
        let turn = self.0.gate.answering();
        // Citations keep the numbers of sources that were forgotten, left out or dropped: none is given twice.
        let first_source = first_free_number(&all);
        // The conversation may have looked elsewhere before.
        let left_out = scope.as_deref().map_or(0, |scope| {
            Turn::leave_out(&mut all, |document| scope.binary_search(&document).is_err())
        });
        let dropped = history::first_kept(question, &all, writer.as_ref(), &settings);
        let earlier = all.split_off(dropped);
        let by_rule = standalone(question, earlier.last().map(earlier_turn).as_ref());
        let standalone = match &writer {
            Some(writer) if by_rule.is_some() => self
                .written_out(question, request.conversation, &earlier, writer, cancel)
                .or(by_rule),
            _ => by_rule,
        };
        let conversation = if let Some(id) = request.conversation {
            id
        } else {
            let id = user.create_conversation(&question.chars().take(TITLE).collect::<String>(), now_ms())?;
            *begun = Some(id);
            id
        };
        self.keep_asks(conversation, request);
        told(AskEvent::Started {
            conversation,
            standalone: standalone.clone(),
        });
        if let Some(gone) = gone {
            told(AskEvent::Notice(gone));
        }
        if dropped > 0 {
            told(AskEvent::Notice(turns_dropped(dropped)));
        }
        if left_out > 0 && writer.is_some() {
            told(AskEvent::Notice(turns_left_out(left_out)));
        }
        told(stage("searching", 0, 0));

        let mut searched = standalone.clone().unwrap_or_else(|| question.to_owned());
        let overview = match overview_of(question) {
            Some(subject) if subject.is_empty() => self.document_meant(scope.as_deref(), &earlier)?,
            Some(subject) => self.document_titled(&subject, scope.as_deref())?,
            None => None,
        };
        let asks_each = request.each_document || (writer.is_none() && asks_each_document(question));
        let gather =
            |found: &Retrieved| self.gather(question, found, &earlier, first_source, writer.as_ref(), &settings);
        let told_of_them = self.told_of_documents(question, scope.as_deref(), &earlier)?;
        let (retrieved, verdict, gathered, reach) = if let Some(answer) = told_of_them {
            (
                Retrieved::default(),
                Verdict::given(true),
                Gathered::default(),
                Reach::Listed(Box::new(answer)),
            )
        } else if let Some(document) = overview {
            let (read, bodies) = self.read_through(document)?;
            let verdict = Verdict::given(!read.passages.is_empty());
            let gathered = gather(&read)?;
            (read, verdict, gathered, Reach::Whole(bodies))
        } else if !request.each_document
            && let Some(documents) = self.documents_compared(question, scope.as_deref())?
        {
            let retrieved = self.side_by_side(&searched, documents, cancel)?;
            let verdict = Verdict::given(!retrieved.passages.is_empty());
            let gathered = gather(&retrieved)?;
            (retrieved, verdict, gathered, Reach::Best)
        } else if asks_each {
            let subject = everything_wanted(&searched).to_owned();
            let from = self.ask_each(&subject, scope.as_deref(), first_source, cancel)?;
            searched = subject;
            (from.retrieved, from.verdict, from.gathered, Reach::Each(from.coverage))
        } else {
            let retrieved = self.retrieve(&searched, SearchMode::Hybrid, scope.as_deref(), cancel)?;
            let verdict = judge(&searched, &retrieved.passages);
            let gathered = gather(&retrieved)?;
            (retrieved, verdict, gathered, Reach::Best)
        };
        for notice in &retrieved.notices {
            told(AskEvent::Notice(notice.clone()));
        }
        let mut asked = Asked {
            request,
            conversation,
            earlier,
            searched,
            standalone,
            retrieved,
            verdict,
            gathered,
            reach,
            started,
            shown_ms: 0.0,
        };
        let extracted = if asked.verdict.found {
            self.extract(&mut asked, cancel)?
        } else {
            None
        };
        told(AskEvent::Sources {
            sources: asked.gathered.shown.clone(),
            extract: extracted.clone().map(Box::new),
        });
        asked.shown_ms = ms(started);

        let written = match (extracted, &writer, &asked.reach) {
            (None, ..) => told_whole(asked.covered(not_found(question)), told),
            (Some(_), Some(writer), Reach::Best | Reach::Whole(_)) => self.write(&asked, writer, turn, cancel, told)?,
            (Some(extracted), ..) => told_whole(extracted, told),
        };
        let stopped_at_once = written.answer.finish == FinishReason::Cancelled
            && written.raw.as_ref().is_some_and(|raw| raw.trim().is_empty());
        if stopped_at_once {
            // An empty answer is none, to a reader and to the model: what it was to replace stays, a conversation that it was to begin is
            // none.
            return Err(EngineError::Cancelled.into());
        }
        let trace = asked.trace();
        let reasons = serde_json::to_string(&trace)
            .inspect_err(|error| tracing::warn!(%error, "how this answer came about is not kept"))
            .ok();
        told(AskEvent::Trace(Box::new(trace)));
        let Written { answer, raw } = written;
        let saved = Turn {
            question: question.to_owned(),
            standalone: asked.standalone.clone(),
            sources: asked.gathered.fresh.clone(),
            recalled: asked.gathered.recalled.clone(),
            written: raw,
            answer: answer.clone(),
            asked_at_ms: now_ms(),
        };
        let kept = match request.replace_turn {
            Some(turn) => user.replace_turn(conversation, turn, &saved, reasons.as_deref(), now_ms()),
            None => user
                .add_turn(conversation, &saved, reasons.as_deref(), now_ms())
                .map(|_| ()),
        };
        if let Err(error) = kept {
            // The answer stands on the screen: a full disk does not take it away.
            let report = ErrorReport::from(error);
            told(AskEvent::Notice(Notice::new(
                "answer_unsaved",
                format!("This answer could not be saved.\n{}", report.message),
            )));
        }
        told(AskEvent::Done {
            answer: Box::new(answer.clone()),
        });
        Ok(answer)
    }

    /// The documents' own best sentences; `None` where there are none.
    fn extract(&self, asked: &mut Asked<'_>, cancel: &CancelToken) -> Result<Option<Answer>, ErrorReport> {
        let vector = asked.retrieved.vector.as_ref();
        let mut bodies: Option<Vec<Source>> = None;
        let text = match &mut asked.reach {
            Reach::Listed(answer) => return Ok(Some((**answer).clone())),
            Reach::Each(coverage) => {
                let text = self.quote_each(&asked.searched, vector, &mut asked.gathered, cancel)?;
                coverage.quoted = asked.gathered.documents();
                text
            }
            Reach::Whole(of_pages) => extract::opening(bodies.insert(of_pages.within(&asked.gathered.shown))),
            Reach::Best => {
                let sources = &asked.gathered.shown;
                let candidates = extract::candidates(sources);
                let cosines = self.sentence_cosines(vector, &candidates, cancel)?;
                let scores = &asked.gathered.scores;
                extract::extract(&asked.searched, sources, scores, &candidates, cosines.as_deref())
            }
        };
        if text.sentences.is_empty() {
            return Ok(None);
        }
        let sources = bodies.as_ref().unwrap_or(&asked.gathered.shown);
        let answer = cited(AnswerMode::Extractive, FinishReason::Stop, &text, sources);
        Ok(Some(asked.covered(answer)))
    }

    /// Cosines of sentences with the question; `None` where it has no vector, or they get none.
    fn sentence_cosines(
        &self,
        question: Option<&Embedding>,
        candidates: &[Candidate],
        cancel: &CancelToken,
    ) -> Result<Option<Vec<f32>>, ErrorReport> {
        let Some(question) = question.filter(|_| !candidates.is_empty()) else {
            return Ok(None);
        };
        let texts: Vec<String> = candidates.iter().map(|candidate| candidate.embedded.clone()).collect();
        let embedded = self.0.embedder.embed(TextKind::Sentence, &texts, cancel);
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled.into());
        }
        Ok(match embedded {
            Ok(vectors) => Some(vectors.iter().map(|vector| question.cosine(vector)).collect()),
            Err(report) => {
                tracing::warn!(code = %report.code, "sentences are ranked by words alone: {}", report.message);
                None
            }
        })
    }
}

/// The number that the next new source of a conversation gets.
fn first_free_number(turns: &[Turn]) -> u32 {
    let offered = turns.iter().flat_map(|turn| &turn.sources).map(|source| source.n);
    let cited = turns
        .iter()
        .flat_map(|turn| &turn.answer.citations)
        .map(|citation| citation.source);
    offered.chain(cited).max().unwrap_or(0) + 1
}

/// What the turn before gives to a follow-up.
fn earlier_turn(turn: &Turn) -> EarlierTurn {
    let mut cited_titles: Vec<String> = Vec::new();
    for citation in &turn.answer.citations {
        if !cited_titles.contains(&citation.title) {
            cited_titles.push(citation.title.clone());
        }
    }
    EarlierTurn {
        searched: turn.standalone.clone().unwrap_or_else(|| turn.question.clone()),
        cited_titles,
    }
}

/// An answer with its citations, each checked against its source.
fn cited(mode: AnswerMode, finish: FinishReason, text: &CitedText, sources: &[Source]) -> Answer {
    let citations = citations(text, sources, |sentence, source| {
        check(&sentence.plain(), &[&Evidence::of(source)], None).support
    });
    Answer {
        mode,
        finish,
        text: text.text.clone(),
        thinking: None,
        citations,
        uncited: Vec::new(),
        coverage: None,
        stats: None,
    }
}

fn not_found(question: &str) -> Answer {
    let text = match Language::of(question) {
        Language::German => "Dazu steht nichts in Ihren Dokumenten.",
        Language::English => "Not found in your documents.",
    };
    Answer {
        mode: AnswerMode::NotFound,
        finish: FinishReason::Stop,
        text: text.to_owned(),
        thinking: None,
        citations: Vec::new(),
        uncited: Vec::new(),
        coverage: None,
        stats: None,
    }
}

/// An answer that did not stream is told at once.
fn told_whole(answer: Answer, told: &mut dyn FnMut(AskEvent)) -> Written {
    told(AskEvent::Token {
        text: answer.text.clone(),
    });
    for citation in &answer.citations {
        told(AskEvent::Citation {
            n: citation.n,
            source: citation.source,
            sentence: citation.sentence.clone(),
            support: citation.support,
        });
    }
    Written { answer, raw: None }
}

fn stage(name: &str, done: u32, total: u32) -> AskEvent {
    AskEvent::Stage {
        stage: name.to_owned(),
        done,
        total,
    }
}

impl Asked<'_> {
    /// An answer with how much of the library it rests on, where that was counted.
    fn covered(&self, answer: Answer) -> Answer {
        let coverage = match &self.reach {
            Reach::Each(coverage) => Some(*coverage),
            Reach::Best | Reach::Whole(_) | Reach::Listed(_) => None,
        };
        Answer { coverage, ..answer }
    }

    fn trace(&self) -> AnswerTrace {
        AnswerTrace {
            retrieval: self.gathered.trace(&self.searched, &self.retrieved, &self.verdict),
            found_score: self.verdict.score,
            wants_everything: wants_everything(&self.request.question) && !matches!(self.reach, Reach::Listed(_)),
            embed_ms: self.retrieved.embed_ms,
            search_ms: self.retrieved.search_ms,
            shown_ms: self.shown_ms,
            total_ms: ms(self.started),
        }
    }
}

#[cfg(test)]
mod tests;
