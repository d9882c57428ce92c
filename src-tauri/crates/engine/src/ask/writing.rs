//! The model writes: its text is parsed, checked and told while it comes.

use super::{Asked, Written, cited, stage};
use crate::engine::Engine;
use crate::events::AskEvent;
use crate::generators::Writer;
use crate::ingest::gate::AnswerTurn;
use crate::listeners::lock;
use docmind_core::answer::{Answer, AnswerMode, CheckedSentence, FinishReason, Source};
use docmind_core::cancel::CancelToken;
use docmind_core::citation::{CitationParser, CitedSentence, CitedText, attribute};
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::generation::{GenerateEvent, GenerateRequest, GenerationStats, Sampling};
use docmind_core::prompt::next_messages;
use docmind_core::sentences::is_ended;
use docmind_core::settings::Settings;
use docmind_core::support::{Claim, Evidence, check_claim};
use std::collections::HashMap;

impl Engine {
    /// Loads the writer and lets it answer. What it wrote before it was stopped or died is an answer too.
    pub(super) fn write(
        &self,
        asked: &Asked<'_>,
        writer: &Writer,
        turn: AnswerTurn,
        cancel: &CancelToken,
        told: &mut dyn FnMut(AskEvent),
    ) -> Result<Written, ErrorReport> {
        told(stage("loading_model", 0, 100));
        let ready = self.0.generators.ready(writer, cancel, &mut |done| {
            told(stage("loading_model", (done * 100.0) as u32, 100));
        })?;
        for notice in &ready.notices {
            told(AskEvent::Notice(notice.clone()));
        }
        // A writer on a GPU or a server leaves the processor to ingest.
        let _turn = ready.on_cpu.then_some(turn);
        let request = request(asked, &self.settings());
        {
            let mut live = lock(&self.0.live);
            live.generating = true;
            live.conversation = Some(asked.conversation);
        }
        let sources = context(asked);
        let mut writing = Writing::new(&sources);
        let outcome = ready.generator.generate(&request, cancel, &mut |event| match event {
            GenerateEvent::Figures(stats) => self.0.generators.note_figures(writer, &stats),
            event => writing.take(event, told),
        });
        lock(&self.0.live).generating = false;
        if outcome.is_err() {
            self.0.generators.note_failure(writer);
        }
        writing.finish(outcome, cancel, told).inspect(|written| {
            if let Some(stats) = &written.answer.stats {
                self.0.generators.note_stats(writer, stats);
            }
        })
    }
}

/// Every source in the context: of earlier turns, then of this one.
fn context(asked: &Asked<'_>) -> Vec<Source> {
    asked
        .earlier
        .iter()
        .flat_map(|turn| turn.sources.iter())
        .chain(&asked.gathered.fresh)
        .cloned()
        .collect()
}

fn request(asked: &Asked<'_>, settings: &Settings) -> GenerateRequest {
    let gathered = &asked.gathered;
    GenerateRequest {
        messages: next_messages(
            &asked.earlier,
            asked.request.question.trim(),
            &gathered.fresh,
            &gathered.recalled,
        ),
        sampling: if settings.thinking {
            Sampling::qwen_thinking()
        } else {
            Sampling::qwen()
        },
        max_output_tokens: settings.answer_tokens,
        thinking: settings.thinking,
        grammar: asked.request.grammar.clone(),
        draft_from: gathered.shown.iter().map(|source| source.text.clone()).collect(),
    }
}

/// The text so far, on its way to an answer.
pub(super) struct Writing<'a> {
    sources: &'a [Source],
    evidence: HashMap<u32, Evidence>,
    parser: Option<CitationParser>,
    raw: String,
    thinking: String,
    reading: bool,
    written_any: bool,
}

impl<'a> Writing<'a> {
    pub(super) fn new(sources: &'a [Source]) -> Self {
        Self {
            sources,
            evidence: sources.iter().map(|source| (source.n, Evidence::of(source))).collect(),
            parser: Some(parser(sources)),
            raw: String::new(),
            thinking: String::new(),
            reading: false,
            written_any: false,
        }
    }

    /// Takes what the generator tells.
    pub(super) fn take(&mut self, event: GenerateEvent, told: &mut dyn FnMut(AskEvent)) {
        match event {
            GenerateEvent::Prefill { done, total } => {
                self.reading = true;
                told(stage("reading_sources", done, total));
            }
            GenerateEvent::Thinking { text } => {
                if self.thinking.is_empty() {
                    told(stage("thinking", 0, 0));
                }
                self.thinking.push_str(&text);
                told(AskEvent::Thinking { text });
            }
            GenerateEvent::Text { text } => {
                if !self.written_any {
                    self.written_any = true;
                    told(stage("writing", 0, 0));
                }
                self.raw.push_str(&text);
                let Some(parser) = &mut self.parser else { return };
                let parsed = parser.push(&text);
                self.tell(&parsed.text, &parsed.sentences, told);
            }
            GenerateEvent::WereThoughts => self.begin_again(told),
            GenerateEvent::Notice(notice) => told(AskEvent::Notice(notice)),
            // For the panel, not for the answer.
            GenerateEvent::Figures(_) => {}
        }
    }

    /// What was written was thinking: none of it stays as text, citation or checked sentence, and marks are numbered from 1 again.
    fn begin_again(&mut self, told: &mut dyn FnMut(AskEvent)) {
        self.thinking.push_str(&std::mem::take(&mut self.raw));
        self.parser = Some(parser(self.sources));
        self.written_any = false;
        told(AskEvent::WereThoughts);
    }

    fn tell(&self, text: &str, sentences: &[CitedSentence], told: &mut dyn FnMut(AskEvent)) {
        if !text.is_empty() {
            told(AskEvent::Token { text: text.to_owned() });
        }
        for sentence in sentences {
            self.tell_sentence(sentence, told);
        }
    }

    fn tell_sentence(&self, sentence: &CitedSentence, told: &mut dyn FnMut(AskEvent)) {
        let plain = sentence.plain();
        let claim = Claim::of(&plain);
        if sentence.numbers.is_empty() {
            if let Some(CheckedSentence { sentence, support }) = self.uncited(sentence) {
                told(AskEvent::Citation {
                    n: 0,
                    source: 0,
                    sentence,
                    support,
                });
            }
            return;
        }
        for (n, source) in sentence.numbers.iter().zip(&sentence.sources) {
            let evidence: Vec<&Evidence> = self.evidence.get(source).into_iter().collect();
            told(AskEvent::Citation {
                n: *n,
                source: *source,
                sentence: plain.clone(),
                support: check_claim(&claim, &evidence, None).support,
            });
        }
    }

    /// A sentence that names no source: whether any of them says it is worth knowing all the same. `None` where it states nothing.
    fn uncited(&self, sentence: &CitedSentence) -> Option<CheckedSentence> {
        if !sentence.numbers.is_empty() {
            return None;
        }
        let plain = sentence.plain();
        let claim = Claim::of(&plain);
        // In the order of the sources: those that are read together are read in the language of the first.
        let all: Vec<&Evidence> = self
            .sources
            .iter()
            .filter_map(|source| self.evidence.get(&source.n))
            .collect();
        claim.is_checkable().then(|| CheckedSentence {
            support: check_claim(&claim, &all, None).support,
            sentence: plain,
        })
    }

    /// The end, however it came.
    pub(super) fn finish(
        mut self,
        outcome: Result<GenerationStats, ErrorReport>,
        cancel: &CancelToken,
        told: &mut dyn FnMut(AskEvent),
    ) -> Result<Written, ErrorReport> {
        let whole = self.parser.take().map(CitationParser::finish).unwrap_or_default();
        self.tell(&whole.rest.text, &whole.rest.sentences, told);
        let (finish, stats) = match outcome {
            Ok(stats) => (stats.finish.unwrap_or(FinishReason::Stop), Some(stats)),
            Err(_) if cancel.is_cancelled() => (FinishReason::Cancelled, None),
            Err(report) if self.raw.trim().is_empty() => return Err(report),
            Err(report) => {
                told(AskEvent::Notice(Notice::new(
                    "answer_interrupted",
                    format!("The answer was cut off.\n{}", report.message),
                )));
                (FinishReason::Interrupted, None)
            }
        };
        Ok(Written {
            answer: self.answer(whole, finish, stats, told),
            raw: Some(self.raw),
        })
    }

    fn answer(
        &self,
        whole: CitedText,
        finish: FinishReason,
        stats: Option<GenerationStats>,
        told: &mut dyn FnMut(AskEvent),
    ) -> Answer {
        let marked = !whole.order.is_empty();
        let (whole, cut_off) = without_the_cut_off(whole, finish);
        let mut text = attribute(whole, self.sources, None);
        if !marked {
            // The marks came afterwards: whoever listens hears of them now.
            for sentence in text.sentences.iter().filter(|sentence| !sentence.numbers.is_empty()) {
                self.tell_sentence(sentence, told);
            }
        }
        let uncited = text
            .sentences
            .iter()
            .filter_map(|sentence| self.uncited(sentence))
            .collect();
        text.sentences.extend(cut_off);
        let mut answer = cited(AnswerMode::Generated, finish, &text, self.sources);
        answer.uncited = uncited;
        answer.thinking = Some(self.thinking.trim().to_owned()).filter(|thinking| !thinking.is_empty());
        answer.stats = stats;
        answer
    }
}

fn parser(sources: &[Source]) -> CitationParser {
    CitationParser::new(sources.iter().map(|source| source.n))
}

/// Half a sentence without a mark claims nothing yet: it gets none afterwards either, and is not called unsupported.
fn without_the_cut_off(mut text: CitedText, finish: FinishReason) -> (CitedText, Option<CitedSentence>) {
    let half = |sentence: &CitedSentence| sentence.numbers.is_empty() && !is_ended(&sentence.text);
    let cut_off = match finish {
        FinishReason::Stop => None,
        FinishReason::Length | FinishReason::Cancelled | FinishReason::Interrupted => {
            text.sentences.pop_if(|last| half(last))
        }
    };
    (text, cut_off)
}
