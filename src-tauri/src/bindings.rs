//! The commands, and their types for the page.

use crate::commands::{chat, evidence, library, models, performance, settings, source};
use tauri::Runtime;
use tauri::ipc::Invoke;
use tauri_specta::{Builder, ErrorHandlingMode, collect_commands};

/// All commands whose arguments and results are JSON.
pub fn builder<R: Runtime>() -> Builder<R> {
    Builder::<R>::new()
        .error_handling(ErrorHandlingMode::Throw)
        .disable_serde_phases()
        .commands(collect_commands![
            library::documents,
            library::document,
            library::summary,
            library::language_offer,
            library::ingest_progress,
            library::add_paths,
            library::add_samples,
            library::pick,
            library::collections,
            library::create_collection,
            library::rename_collection,
            library::delete_collection,
            library::restore_collection,
            library::add_to_collection,
            library::remove_from_collection,
            library::remove_documents,
            library::restore_documents,
            library::retry,
            library::retry_failed,
            library::pause_ingest,
            library::resume_ingest,
            library::cancel_ingest,
            library::open_document,
            library::reveal_document,
            library::listen_ingest,
            library::listen_drops,
            library::stop_listening,
            library::cancel_job,
            source::source_page,
            source::find_in_document,
            chat::ask,
            chat::conversations,
            chat::conversation,
            chat::rename_conversation,
            chat::delete_conversation,
            chat::restore_conversation,
            chat::export_conversation,
            chat::answer_trace,
            chat::suggestions,
            evidence::check_evidence,
            performance::listen_telemetry,
            performance::hardware,
            models::models,
            models::add_model,
            models::remove_model,
            models::remote_models,
            models::planned_profiles,
            models::save_profile,
            models::delete_profile,
            models::switch_profile,
            models::bench_profiles,
            models::bench_optimization,
            models::bench_runs,
            settings::settings,
            settings::opening_notices,
            settings::change_settings,
            settings::remote_context,
            settings::data_folder,
            settings::open_data_folder,
            settings::rebuild_index,
            settings::network_traffic,
            settings::draw_attention,
            settings::diagnostics,
            settings::version,
            settings::open_link,
        ])
}

/// Answers the page. The picture of a page goes as bytes, which the bindings cannot say.
pub fn invoke_handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    // In edition 2024 the handler is taken to borrow its builder, though it holds all by itself: the builder stays, once a program.
    let builder: &'static Builder<R> = Box::leak(Box::new(builder::<R>()));
    let typed = builder.invoke_handler();
    let raw: Box<dyn Fn(Invoke<R>) -> bool + Send + Sync> = Box::new(tauri::generate_handler![source::render_page]);
    move |invoke| {
        if invoke.message.command() == "render_page" {
            raw(invoke)
        } else {
            typed(invoke)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use specta_typescript::Typescript;
    use std::path::Path;

    #[test]
    fn the_committed_bindings_are_those_of_the_commands() {
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/ipc/bindings.ts");
        let fresh = std::env::temp_dir().join(format!("docmind-bindings-{}.ts", std::process::id()));
        builder::<tauri::test::MockRuntime>()
            .export(Typescript::default(), &fresh)
            .unwrap();
        let text = std::fs::read_to_string(&fresh).unwrap();
        std::fs::remove_file(&fresh).unwrap();
        let missing = !committed.exists();
        if missing || std::env::var_os("UPDATE_BINDINGS").is_some() {
            std::fs::write(&committed, text).unwrap();
            assert!(
                !missing,
                "ui/src/ipc/bindings.ts was missing and has been written: commit it"
            );
            return;
        }
        let kept = std::fs::read_to_string(&committed).unwrap_or_default();
        assert!(
            kept == text,
            "ui/src/ipc/bindings.ts is old: run UPDATE_BINDINGS=1 cargo test -p docmind-app bindings"
        );
    }
}
