//! `docmind ask`: an answer from the documents, with page and passage.

use super::Context;
use crate::Outcome;
use crate::arguments::AskArguments;
use crate::output::{BAD, FAINT, GOOD, Output, STRONG, WARN, object, tame, tame_line};
use anstyle::Style;
use docmind_core::answer::{Answer, AnswerMode, Citation, Coverage, FinishReason, Source, Support};
use docmind_core::conversation::ConversationId;
use docmind_core::document::DocumentId;
use docmind_core::error::ErrorReport;
use docmind_engine::Engine;
use docmind_engine::ask::AskRequest;
use docmind_engine::events::AskEvent;
use docmind_engine::search::Scope;
use indicatif::ProgressBar;
use serde_json::{Map, Value, json};
use std::io;

/// Passages shown where nothing answers, and characters of each.
const NEAREST: usize = 3;
const NEAREST_CHARACTERS: usize = 200;

pub fn run(context: &Context<'_>, arguments: AskArguments) -> anyhow::Result<Outcome> {
    let grammar = match &arguments.grammar {
        Some(path) => Some(std::fs::read_to_string(path).map_err(|error| {
            let words = format!("`{}` cannot be read.\nCheck the path.", path.display());
            ErrorReport::new("file_missing", words).with_detail(error)
        })?),
        None => None,
    };
    let engine = context.open_alone()?;
    // Asked on, a conversation looks where it looked before: in the window it may be about a few documents, or ask each by itself.
    let conversation = arguments.conversation.map(ConversationId);
    let (scope, asks_each) = match conversation {
        Some(id) => {
            let kept = engine.conversation(id)?;
            (kept.scope, kept.each_document)
        }
        None => (Scope::All, false),
    };
    let request = AskRequest {
        question: arguments.question,
        conversation,
        scope,
        each_document: arguments.each || asks_each,
        each_from_now_on: asks_each,
        model: arguments.model,
        profile: arguments.profile,
        grammar,
        ..AskRequest::default()
    };
    let mut shown = Shown {
        output: context.output,
        engine: &engine,
        spinner: context.output.spinner("Searching"),
        conversation: None,
        sources: Vec::new(),
        result: Ok(()),
    };
    let answer = engine.ask(&request, &context.cancel, &mut |event| {
        let told = shown.show(event);
        if shown.result.is_ok() {
            shown.result = told;
        }
        if shown.result.is_err() {
            // The reader went away: nobody wants the rest.
            context.cancel.cancel();
        }
    });
    shown.spinner.finish_and_clear();
    let result = std::mem::replace(&mut shown.result, Ok(()));
    engine.close();
    result?;
    let answer = answer?;
    Ok(match answer.finish {
        FinishReason::Cancelled | FinishReason::Interrupted => Outcome::Failed,
        FinishReason::Stop | FinishReason::Length => Outcome::Done,
    })
}

struct Shown<'a> {
    output: &'a Output,
    engine: &'a Engine,
    spinner: ProgressBar,
    conversation: Option<ConversationId>,
    sources: Vec<Source>,
    result: io::Result<()>,
}

impl Shown<'_> {
    fn show(&mut self, event: AskEvent) -> io::Result<()> {
        match event {
            AskEvent::Started {
                conversation,
                standalone,
            } => {
                self.conversation = Some(conversation);
                self.output
                    .json(&json!({ "type": "started", "conversation": conversation, "standalone": standalone }))
            }
            AskEvent::Stage { stage, done, total } => {
                self.spinner.set_message(words(&stage, done, total));
                if stage == "writing" {
                    self.spinner.finish_and_clear();
                }
                Ok(())
            }
            AskEvent::Sources { sources, .. } => {
                let told: Vec<Value> = sources.iter().map(|source| self.source(source)).collect();
                self.sources = sources;
                self.output
                    .json(&json!({ "type": "sources", "conversation": self.conversation, "sources": told }))
            }
            AskEvent::Thinking { text } => {
                self.spinner.finish_and_clear();
                self.output.json(&json!({ "type": "thinking", "text": text }))?;
                self.output.piece(format!("{FAINT}{}{FAINT:#}", tame(&text)))
            }
            AskEvent::Token { text } => {
                self.spinner.finish_and_clear();
                self.output.json(&json!({ "type": "token", "text": text }))?;
                self.output.piece(tame(&text))
            }
            AskEvent::WereThoughts => {
                self.output.json(&json!({ "type": "were_thoughts" }))?;
                // What stands on a terminal stays there.
                self.output
                    .piece(format!("\n\n{FAINT}The model thought so far. Its answer:{FAINT:#}\n\n"))
            }
            AskEvent::Citation {
                n: 0,
                sentence,
                support,
                ..
            } => self.output.json(&json!({
                "type": "uncited", "sentence": sentence, "supported": support == Support::Supported, "support": support,
            })),
            AskEvent::Citation {
                n,
                source,
                sentence,
                support,
            } => self.output.json(&json!({
                "type": "citation", "n": n, "source": source, "sentence": sentence,
                "supported": support == Support::Supported, "support": support,
            })),
            AskEvent::Notice(notice) => {
                let output = self.output;
                self.spinner.suspend(|| output.notice(&notice))
            }
            AskEvent::Trace(_) => Ok(()),
            AskEvent::Done { answer } => self.done(&answer),
            // The error itself ends the command and is reported there.
            AskEvent::Failed(_) => Ok(()),
        }
    }

    fn source(&self, source: &Source) -> Value {
        let mut fields = Map::new();
        fields.insert("n".to_owned(), source.n.into());
        fields.insert("document_id".to_owned(), json!(source.document_id));
        self.insert_path(&mut fields, &source.path, source.document_id);
        fields.insert("title".to_owned(), source.title.clone().into());
        fields.insert("page".to_owned(), source.page.into());
        fields.insert("span".to_owned(), json!([source.span.start, source.span.end]));
        fields.insert("heading".to_owned(), json!(source.heading));
        fields.insert("text".to_owned(), source.text.clone().into());
        Value::Object(fields)
    }

    fn citation(&self, citation: &Citation) -> Value {
        let mut fields = Map::new();
        fields.insert("n".to_owned(), citation.n.into());
        fields.insert("source".to_owned(), citation.source.into());
        fields.insert("document_id".to_owned(), json!(citation.document_id));
        self.insert_path(&mut fields, &citation.path, citation.document_id);
        fields.insert("title".to_owned(), citation.title.clone().into());
        fields.insert("page".to_owned(), citation.page.into());
        fields.insert("span".to_owned(), json!([citation.span.start, citation.span.end]));
        fields.insert("quote".to_owned(), citation.quote.clone().into());
        fields.insert("sentence".to_owned(), citation.sentence.clone().into());
        fields.insert("supported".to_owned(), (citation.support == Support::Supported).into());
        fields.insert("support".to_owned(), json!(citation.support));
        Value::Object(fields)
    }

    /// The path, with its bytes beside it where it is not UTF-8.
    fn insert_path(&self, fields: &mut Map<String, Value>, path: &str, id: DocumentId) {
        fields.insert("path".to_owned(), path.into());
        if path.contains(char::REPLACEMENT_CHARACTER)
            && let Ok(row) = self.engine.document(id)
            && let Some(bytes) = row.path_bytes
        {
            fields.insert("path_bytes".to_owned(), bytes.into());
        }
    }

    /// The cited passages, under the page where they stand.
    fn places(&self, citations: &[Citation]) -> io::Result<()> {
        let mut heads = Vec::new();
        for citation in citations {
            let head = (citation.n, citation.page);
            if heads.contains(&head) {
                continue;
            }
            heads.push(head);
            self.output
                .text(place(citation.n, &citation.title, citation.page, STRONG))?;
            let mut quotes = Vec::new();
            for cited in citations.iter().filter(|cited| (cited.n, cited.page) == head) {
                let quote = (&cited.quote, cited.support);
                if quotes.contains(&quote) {
                    continue;
                }
                quotes.push(quote);
                let (mark, style) = match cited.support {
                    Support::Supported => ("", GOOD),
                    Support::Weak => (" (partly supported)", WARN),
                    Support::Unsupported => (" (not supported)", BAD),
                };
                self.output.text(format!(
                    "    {FAINT}“{}”{FAINT:#}{style}{mark}{style:#}",
                    tame_line(&cited.quote)
                ))?;
            }
        }
        Ok(())
    }

    /// What comes nearest to a question that nothing answers.
    fn nearest(&self) -> io::Result<()> {
        if self.sources.is_empty() {
            return Ok(());
        }
        self.output
            .text(format!("{FAINT}Nearest in your documents:{FAINT:#}"))?;
        for source in self.sources.iter().take(NEAREST) {
            self.output.text(place(source.n, &source.title, source.page, FAINT))?;
            let start: String = tame_line(&source.text).chars().take(NEAREST_CHARACTERS).collect();
            let more = if source.text.chars().count() > NEAREST_CHARACTERS {
                "…"
            } else {
                ""
            };
            self.output.text(format!("    {FAINT}{start}{more}{FAINT:#}"))?;
        }
        Ok(())
    }

    fn done(&self, answer: &Answer) -> io::Result<()> {
        let citations: Vec<Value> = answer
            .citations
            .iter()
            .map(|citation| self.citation(citation))
            .collect();
        let stats = answer.stats.as_ref().and_then(|stats| object(stats).ok());
        // Scripts know three modes: what the library's list says is nobody's writing.
        let is_listed = answer.mode == AnswerMode::Listed;
        let mode = if is_listed { AnswerMode::Extractive } else { answer.mode };
        let mut told = json!({
            "type": "done", "mode": mode, "finish": answer.finish, "conversation": self.conversation, "text": answer.text,
            "citations": citations, "stats": stats,
        });
        if let Some(coverage) = &answer.coverage {
            told["coverage"] = json!(coverage);
        }
        if is_listed {
            told["listed"] = json!(true);
        }
        self.output.json(&told)?;
        self.output.text("\n")?;
        self.places(&answer.citations)?;
        if let Some(coverage) = &answer.coverage {
            self.output.text(format!("{FAINT}{}{FAINT:#}", covered(coverage)))?;
        }
        match answer.mode {
            AnswerMode::NotFound => self.nearest()?,
            AnswerMode::Extractive if answer.coverage.is_some() => {}
            AnswerMode::Extractive => self.output.text(format!(
                "{FAINT}Quoted from the documents: no language model is set.{FAINT:#}"
            ))?,
            AnswerMode::Generated | AnswerMode::Listed => {}
        }
        for checked in answer
            .uncited
            .iter()
            .filter(|checked| checked.support != Support::Supported)
        {
            self.output.text(format!(
                "{BAD}[?]{BAD:#} {STRONG}found in no source{STRONG:#}\n    {FAINT}“{}”{FAINT:#}",
                tame_line(&checked.sentence)
            ))?;
        }
        if let Some(stats) = &answer.stats {
            self.output.text(format!(
                "{FAINT}{} tokens read ({} from the cache) at {:.0}/s, {} written at {:.1}/s, first after {:.1} s, {}{FAINT:#}",
                stats.prompt_tokens,
                stats.reused_tokens,
                stats.prefill_tps,
                stats.output_tokens,
                stats.decode_tps,
                stats.ttft_ms / 1000.0,
                stats.profile,
            ))?;
        }
        if let Some(ConversationId(id)) = self.conversation {
            self.output
                .text(format!("{FAINT}Ask on: docmind ask --conversation {id} \"…\"{FAINT:#}"))?;
        }
        Ok(())
    }
}

/// How much of the library an answer rests on.
fn covered(coverage: &Coverage) -> String {
    let Coverage { asked, found, quoted } = *coverage;
    let some = if quoted < found {
        format!(", the best {quoted} are quoted")
    } else {
        String::new()
    };
    format!("{found} of {asked} documents say something about this{some}.")
}

/// A place of a document, as a heading.
fn place(n: u32, title: &str, page: u32, style: Style) -> String {
    format!(
        "{style}[{n}]{style:#} {STRONG}{}, page {page}{STRONG:#}",
        tame_line(title)
    )
}

fn words(stage: &str, done: u32, total: u32) -> String {
    let share = if total > 0 {
        format!(": {} %", u64::from(done) * 100 / u64::from(total))
    } else {
        String::new()
    };
    let words = match stage {
        "searching" => "Searching",
        "loading_model" => "Loading the model",
        "reading_sources" => "Reading the sources",
        "thinking" => "Thinking",
        _ => "Writing",
    };
    format!("{words}{share}")
}
