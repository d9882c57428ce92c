//! Pages as they stand beside an answer.

use crate::desk::Desk;
use crate::error::Reported;
use docmind_core::cancel::CancelToken;
use docmind_core::document::DocumentId;
use docmind_engine::viewer::{RenderPage, SourcePage};
use docmind_engine::window::Place;
use tauri::State;
use tauri::ipc::Response;

/// Text and words of a page.
#[tauri::command]
#[specta::specta]
pub async fn source_page(desk: State<'_, Desk>, id: DocumentId, number: u32) -> Reported<SourcePage> {
    desk.run(move |engine| engine.source_page(id, number)).await
}

/// Where a text stands in a document.
#[tauri::command]
#[specta::specta]
pub async fn find_in_document(desk: State<'_, Desk>, id: DocumentId, text: String) -> Reported<Vec<Place>> {
    desk.run(move |engine| engine.find_in_document(id, &text)).await
}

/// PNG of a page at so many pixels a point, or of a tile of it (left, top, width, height in pixels), as bytes and not as JSON.
#[tauri::command]
pub async fn render_page(
    desk: State<'_, Desk>,
    id: DocumentId,
    page: u32,
    scale: f32,
    tile: Option<(u32, u32, u32, u32)>,
) -> Reported<Response> {
    let request = RenderPage { page, scale, tile };
    desk.run(move |engine| Ok(Response::new(engine.render_page(id, request, &CancelToken::new())?.png)))
        .await
}
