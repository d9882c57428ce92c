//! The Tauri shell: a window over [`docmind_engine::Engine`] that decides nothing itself.
//!
//! Main types: [`desk::Desk`] (the open engine and what runs for the window), [`host::Host`] (dialogs and the system's programs),
//! [`stream`] (engine events to the window, at most thirty messages a second).
//!
//! Deliberately not here: decisions, SQL, parsing, inference, and any permission for the page beyond these commands.

pub mod bindings;
pub mod commands;
pub mod desk;
pub mod drops;
pub mod error;
pub mod host;
pub mod logs;
pub mod lossy;
pub mod navigation;
pub mod options;
pub mod renderer;
pub mod stream;

use desk::Desk;
use host::Desktop;
use options::Options;
use std::sync::Arc;
use tauri::{Manager, RunEvent, WebviewWindowBuilder, WindowEvent};

/// The one window, as the configuration and the capability name it.
pub const MAIN: &str = "main";

/// A log-out and `kill` end the application as its close button does, so that the library is closed in order.
#[cfg(unix)]
fn end_when_told(app: tauri::AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};
    tauri::async_runtime::spawn(async move {
        let told = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
        let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = told else {
            tracing::warn!("a signal will end the program at once");
            return;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
        app.exit(0);
        // Interrupted once more it ends at once: a kill loses nothing either.
        interrupt.recv().await;
        std::process::exit(130);
    });
}

/// Windows closes windows itself when somebody logs out.
#[cfg(not(unix))]
fn end_when_told(_: tauri::AppHandle) {}

/// The window of the configuration. It is called after what is open in it, as the page says.
fn open_window(app: &tauri::App) -> tauri::Result<()> {
    for window in &app.config().app.windows {
        WebviewWindowBuilder::from_config(app, window)?
            .on_document_title_changed(|window, title| {
                if let Err(error) = window.set_title(&title) {
                    tracing::warn!(%error, "the window keeps its title");
                }
            })
            .build()?;
    }
    Ok(())
}

/// Opens the window and returns when it is closed.
///
/// # Panics
/// Where the system has no web view: nothing can be shown then, and the message goes to the terminal.
pub fn run() {
    if !renderer::has_display() {
        eprintln!("DocMind opens a window, and there is no display here.\nUse it in the terminal: docmind --help");
        std::process::exit(1);
    }
    renderer::choose();
    let options = Options::from_arguments(std::env::args_os().skip(1));
    let mut logs = logs::start(&options);
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(version, system = std::env::consts::OS, "the window is opened");
    let app = tauri::Builder::default()
        .plugin(navigation::guard())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .plugin(tauri_plugin_window_state::Builder::default().build())
        .invoke_handler(bindings::invoke_handler())
        .setup(move |app| {
            let desk = Desk::new(Arc::new(Desktop::new(app.handle().clone())));
            desk.open(options.engine());
            if !options.paths.is_empty() {
                drops::take(&desk, options.paths);
            }
            app.manage(desk);
            open_window(app)?;
            end_when_told(app.handle().clone());
            Ok(())
        })
        .on_window_event(|window, event| {
            if let WindowEvent::DragDrop(event) = event {
                drops::tell(&window.state::<Desk>(), event);
            }
        })
        .build(tauri::generate_context!())
        .expect("the window needs the system's web view: install WebKitGTK 4.1 (Debian: libwebkit2gtk-4.1-0)");
    app.run(move |app, event| {
        if let RunEvent::Exit = event {
            app.state::<Desk>().close();
            tracing::info!("the window is closed, and all that worked for it");
            // The program ends without coming back from here: what is still in memory is written now.
            drop(logs.take());
        }
    });
}
