//! Questions, answers and conversations.

use crate::desk::{Desk, JobId};
use crate::error::{Reported, not_saved};
use crate::host::Host;
use crate::stream::{Merge, Stream};
use docmind_core::conversation::ConversationId;
use docmind_core::words::Language;
use docmind_engine::Engine;
use docmind_engine::ask::AskRequest;
use docmind_engine::conversations::export::ExportFormat;
use docmind_engine::conversations::{Conversation, ConversationRow};
use docmind_engine::events::{AnswerTrace, AskEvent};
use docmind_engine::search::Scope;
use tauri::State;
use tauri::ipc::Channel;

/// Questions suggested at once.
const SUGGESTED: usize = 4;

impl Merge for AskEvent {
    fn absorb(&mut self, next: &Self) -> bool {
        match (&mut *self, next) {
            (Self::Token { text: old }, Self::Token { text: new })
            | (Self::Thinking { text: old }, Self::Thinking { text: new }) => old.push_str(new),
            (Self::Stage { stage: old, .. }, Self::Stage { stage: new, .. }) if old == new => *self = next.clone(),
            _ => return false,
        }
        true
    }
}

/// Answers a question; the last event says how it ended.
#[tauri::command]
#[specta::specta]
pub async fn ask(
    desk: State<'_, Desk>,
    job: JobId,
    request: AskRequest,
    events: Channel<Vec<AskEvent>>,
) -> Reported<()> {
    let stream = Stream::new(events);
    desk.run_job(job, move |engine, cancel| {
        // A failure is told by the stream.
        drop(engine.ask(&request, cancel, &mut |event| stream.tell(event)));
        Ok(())
    })
    .await
}

/// Conversations that contain all words, the last used first.
#[tauri::command]
#[specta::specta]
pub async fn conversations(desk: State<'_, Desk>, containing: String) -> Reported<Vec<ConversationRow>> {
    desk.run(move |engine| engine.conversations(&containing)).await
}

/// A conversation with its turns.
#[tauri::command]
#[specta::specta]
pub async fn conversation(desk: State<'_, Desk>, id: ConversationId) -> Reported<Conversation> {
    desk.run(move |engine| engine.conversation(id)).await
}

/// Gives a conversation another title.
#[tauri::command]
#[specta::specta]
pub async fn rename_conversation(desk: State<'_, Desk>, id: ConversationId, title: String) -> Reported<()> {
    desk.run(move |engine| engine.rename_conversation(id, &title)).await
}

/// Deletes a conversation; [`restore_conversation`] brings it back.
#[tauri::command]
#[specta::specta]
pub async fn delete_conversation(desk: State<'_, Desk>, id: ConversationId) -> Reported<()> {
    desk.run(move |engine| engine.delete_conversation(id)).await
}

/// Brings a deleted conversation back.
#[tauri::command]
#[specta::specta]
pub async fn restore_conversation(desk: State<'_, Desk>, id: ConversationId) -> Reported<()> {
    desk.run(move |engine| engine.restore_conversation(id)).await
}

/// Asks where to and writes a conversation there, in the window's language. `None` when the dialog was closed.
#[tauri::command]
#[specta::specta]
pub async fn export_conversation(
    desk: State<'_, Desk>,
    id: ConversationId,
    format: ExportFormat,
    language: Language,
) -> Reported<Option<String>> {
    let host = desk.host();
    desk.run(move |engine| export(engine, host.as_ref(), id, format, language))
        .await
}

/// How the answer of a turn came about; `None` where it was not kept.
#[tauri::command]
#[specta::specta]
pub async fn answer_trace(
    desk: State<'_, Desk>,
    conversation: ConversationId,
    turn: u32,
) -> Reported<Option<AnswerTrace>> {
    desk.run(move |engine| engine.answer_trace(conversation, turn)).await
}

/// First questions to try about the documents of a scope.
#[tauri::command]
#[specta::specta]
pub async fn suggestions(desk: State<'_, Desk>, scope: Scope) -> Reported<Vec<String>> {
    desk.run(move |engine| engine.suggested_questions(&scope, SUGGESTED))
        .await
}

fn export(
    engine: &Engine,
    host: &dyn Host,
    id: ConversationId,
    format: ExportFormat,
    language: Language,
) -> Reported<Option<String>> {
    let text = engine.export_conversation(id, format, language)?;
    let title = engine.conversation(id)?.row.title;
    let Some(path) = host.save_as(&file_name(&title, format)) else {
        return Ok(None);
    };
    std::fs::write(&path, text).map_err(|error| not_saved(&path, error))?;
    Ok(Some(path.display().to_string()))
}

fn file_name(title: &str, format: ExportFormat) -> String {
    let plain: String = title
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || " -_".contains(c) {
                c
            } else {
                ' '
            }
        })
        .take(60)
        .collect();
    let end = match format {
        ExportFormat::Markdown => "md",
        ExportFormat::Html => "html",
        ExportFormat::Evidence => "evidence.json",
    };
    format!(
        "{}.{end}",
        if plain.trim().is_empty() {
            "DocMind"
        } else {
            plain.trim()
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_becomes_a_harmless_file_name() {
        assert_eq!(
            file_name("../../etc/passwd: \u{202E}x?", ExportFormat::Markdown),
            "etc passwd   x.md"
        );
        assert_eq!(file_name("///", ExportFormat::Html), "DocMind.html");
    }

    #[test]
    fn pieces_of_text_grow_together_and_stages_replace_each_other() {
        let token = |text: &str| AskEvent::Token { text: text.to_owned() };
        let stage = |done| AskEvent::Stage {
            stage: "reading_sources".to_owned(),
            done,
            total: 9,
        };
        let mut event = token("a");
        assert!(event.absorb(&token("b")));
        assert_eq!(event, token("ab"));
        assert!(!event.absorb(&stage(1)));
        let mut event = stage(1);
        assert!(event.absorb(&stage(4)));
        assert_eq!(event, stage(4));
    }
}
