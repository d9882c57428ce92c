//! Documents and collections.

use crate::desk::{Desk, JobId};
use crate::drops::{self, DropEvent};
use crate::error::Reported;
use crate::host::PickKind;
use crate::lossy::found;
use crate::stream::{Merge, Stream};
use docmind_core::cancel::CancelToken;
use docmind_core::document::DocumentId;
use docmind_engine::Engine;
use docmind_engine::collections::CollectionRow;
use docmind_engine::documents::{DocumentPage, LibrarySummary, ListRequest};
use docmind_engine::events::{DocumentRow, IngestEvent, IngestProgress};
use docmind_engine::languages::LanguageOffer;
use std::path::PathBuf;
use tauri::State;
use tauri::ipc::Channel;

impl Merge for IngestEvent {
    fn absorb(&mut self, next: &Self) -> bool {
        match (&mut *self, next) {
            (Self::Overall(old), Self::Overall(new)) => old.clone_from(new),
            (Self::Progress { id: old, .. }, Self::Progress { id: new, .. }) if old == new => *self = next.clone(),
            _ => return false,
        }
        true
    }
}

impl Merge for DropEvent {
    fn absorb(&mut self, next: &Self) -> bool {
        // A failure is never passed over, nor evidence.
        let passing = [&*self, next]
            .into_iter()
            .all(|event| matches!(event, Self::Over | Self::Leave));
        if passing {
            self.clone_from(next);
        }
        passing
    }
}

/// Adds paths; what a drop on the window and the command both do.
///
/// # Errors
/// Of the engine.
pub fn add(engine: &Engine, paths: &[PathBuf]) -> Reported<()> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| found(path)).collect();
    engine.add_paths(&paths, &CancelToken::new(), &mut |_| {}).map(drop)
}

/// A part of the list.
#[tauri::command]
#[specta::specta]
pub async fn documents(desk: State<'_, Desk>, request: ListRequest) -> Reported<DocumentPage> {
    desk.run(move |engine| engine.documents(&request)).await
}

/// One document.
#[tauri::command]
#[specta::specta]
pub async fn document(desk: State<'_, Desk>, id: DocumentId) -> Reported<DocumentRow> {
    desk.run(move |engine| engine.document(id)).await
}

/// The library in numbers.
#[tauri::command]
#[specta::specta]
pub async fn summary(desk: State<'_, Desk>) -> Reported<LibrarySummary> {
    desk.run(Engine::summary).await
}

/// Whether most of the library is in languages that the embedder does not know, and what would help.
#[tauri::command]
#[specta::specta]
pub async fn language_offer(desk: State<'_, Desk>) -> Reported<Option<LanguageOffer>> {
    desk.run(Engine::language_offer).await
}

/// How far the queue is.
#[tauri::command]
#[specta::specta]
pub async fn ingest_progress(desk: State<'_, Desk>) -> Reported<IngestProgress> {
    desk.run(|engine| Ok(engine.ingest_progress())).await
}

/// Adds files and folders.
#[tauri::command]
#[specta::specta]
pub async fn add_paths(desk: State<'_, Desk>, paths: Vec<PathBuf>) -> Reported<()> {
    desk.run(move |engine| add(engine, &paths)).await
}

/// Adds the documents that come with DocMind.
#[tauri::command]
#[specta::specta]
pub async fn add_samples(desk: State<'_, Desk>) -> Reported<()> {
    let folder = desk.host().samples()?;
    desk.run(move |engine| add(engine, &[folder])).await
}

/// Asks for files, a folder, a model or evidence.
#[tauri::command]
#[specta::specta]
pub async fn pick(desk: State<'_, Desk>, kind: PickKind) -> Reported<Vec<String>> {
    let host = desk.host();
    let picked = tauri::async_runtime::spawn_blocking(move || host.pick(kind))
        .await
        .map_err(crate::error::internal)?;
    Ok(picked
        .into_iter()
        .map(|path| path.to_string_lossy().into_owned())
        .collect())
}

/// All collections.
#[tauri::command]
#[specta::specta]
pub async fn collections(desk: State<'_, Desk>) -> Reported<Vec<CollectionRow>> {
    desk.run(Engine::collections).await
}

/// Makes a collection of documents. Gives its number.
#[tauri::command]
#[specta::specta]
pub async fn create_collection(desk: State<'_, Desk>, name: String, documents: Vec<DocumentId>) -> Reported<u32> {
    desk.run(move |engine| {
        let id = engine.create_collection(&name)?;
        engine.add_to_collection(id, &documents)?;
        Ok(id)
    })
    .await
}

/// Gives a collection another name.
#[tauri::command]
#[specta::specta]
pub async fn rename_collection(desk: State<'_, Desk>, id: u32, name: String) -> Reported<()> {
    desk.run(move |engine| engine.rename_collection(id, &name)).await
}

/// Deletes a collection; [`restore_collection`] brings it back.
#[tauri::command]
#[specta::specta]
pub async fn delete_collection(desk: State<'_, Desk>, id: u32) -> Reported<()> {
    desk.run(move |engine| engine.delete_collection(id)).await
}

/// Brings a deleted collection back.
#[tauri::command]
#[specta::specta]
pub async fn restore_collection(desk: State<'_, Desk>, id: u32) -> Reported<()> {
    desk.run(move |engine| engine.restore_collection(id)).await
}

/// Puts documents into a collection.
#[tauri::command]
#[specta::specta]
pub async fn add_to_collection(desk: State<'_, Desk>, id: u32, documents: Vec<DocumentId>) -> Reported<()> {
    desk.run(move |engine| engine.add_to_collection(id, &documents)).await
}

/// Takes documents out of a collection.
#[tauri::command]
#[specta::specta]
pub async fn remove_from_collection(desk: State<'_, Desk>, id: u32, documents: Vec<DocumentId>) -> Reported<()> {
    desk.run(move |engine| engine.remove_from_collection(id, &documents))
        .await
}

/// Hides documents; [`restore_documents`] brings them back for a while.
#[tauri::command]
#[specta::specta]
pub async fn remove_documents(desk: State<'_, Desk>, ids: Vec<DocumentId>) -> Reported<()> {
    desk.run(move |engine| engine.remove(&ids)).await
}

/// Brings removed documents back.
#[tauri::command]
#[specta::specta]
pub async fn restore_documents(desk: State<'_, Desk>, ids: Vec<DocumentId>) -> Reported<()> {
    desk.run(move |engine| engine.undo_remove(&ids)).await
}

/// Queues documents again.
#[tauri::command]
#[specta::specta]
pub async fn retry(desk: State<'_, Desk>, ids: Vec<DocumentId>) -> Reported<u32> {
    desk.run(move |engine| engine.retry(&ids)).await
}

/// Queues all again that need a person.
#[tauri::command]
#[specta::specta]
pub async fn retry_failed(desk: State<'_, Desk>) -> Reported<u32> {
    desk.run(Engine::retry_failed).await
}

/// Stops taking new steps.
#[tauri::command]
#[specta::specta]
pub async fn pause_ingest(desk: State<'_, Desk>) -> Reported<()> {
    desk.run(|engine| {
        engine.pause_ingest();
        Ok(())
    })
    .await
}

/// Goes on.
#[tauri::command]
#[specta::specta]
pub async fn resume_ingest(desk: State<'_, Desk>) -> Reported<()> {
    desk.run(|engine| {
        engine.resume_ingest();
        Ok(())
    })
    .await
}

/// Drops what is queued and under way.
#[tauri::command]
#[specta::specta]
pub async fn cancel_ingest(desk: State<'_, Desk>) -> Reported<()> {
    desk.run(Engine::cancel_ingest).await
}

/// Opens a document in its own program.
#[tauri::command]
#[specta::specta]
pub async fn open_document(desk: State<'_, Desk>, id: DocumentId) -> Reported<()> {
    let host = desk.host();
    desk.run(move |engine| host.open_path(&engine.document_path(id)?)).await
}

/// Shows a document in its folder.
#[tauri::command]
#[specta::specta]
pub async fn reveal_document(desk: State<'_, Desk>, id: DocumentId) -> Reported<()> {
    let host = desk.host();
    desk.run(move |engine| host.reveal(&engine.document_path(id)?)).await
}

/// Tells what happens to documents until [`stop_listening`].
#[tauri::command]
#[specta::specta]
pub async fn listen_ingest(desk: State<'_, Desk>, id: JobId, events: Channel<Vec<IngestEvent>>) -> Reported<()> {
    let stream = Stream::new(events);
    let subscription = desk
        .run(move |engine| Ok(engine.on_ingest(move |event| stream.tell(event.clone()))))
        .await?;
    desk.keep(id, subscription);
    Ok(())
}

/// Tells what hangs over the window until [`stop_listening`].
#[tauri::command]
#[specta::specta]
pub async fn listen_drops(desk: State<'_, Desk>, id: JobId, events: Channel<Vec<DropEvent>>) -> Reported<()> {
    let stream = Stream::new(events);
    let subscription = drops::listen(&desk, move |event| stream.tell(event.clone()));
    desk.keep(id, subscription);
    Ok(())
}

/// Ends a stream that has no end of its own.
#[tauri::command]
#[specta::specta]
pub fn stop_listening(desk: State<'_, Desk>, id: JobId) {
    desk.stop_listening(id);
}

/// Stops a job; it ends by itself soon after.
#[tauri::command]
#[specta::specta]
pub fn cancel_job(desk: State<'_, Desk>, job: JobId) {
    desk.cancel(job);
}
