//! Ctrl-C and a polite kill cancel what is running; what was finished stays. A second one ends the program at once.

use docmind_core::cancel::CancelToken;
use std::io::Write;

/// A token that is cancelled by the first interrupt.
pub fn cancel_token() -> CancelToken {
    let cancel = CancelToken::new();
    let watched = cancel.clone();
    let spawned = std::thread::Builder::new()
        .name("interrupt".to_owned())
        .spawn(move || watch(&watched));
    if let Err(error) = spawned {
        tracing::warn!(%error, "an interrupt will end the program at once");
    }
    cancel
}

fn watch(cancel: &CancelToken) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::warn!(%error, "an interrupt will end the program at once");
            return;
        }
    };
    runtime.block_on(async {
        wait().await;
        cancel.cancel();
        // Where standard error is closed it cannot be said; the command stops all the same.
        drop(writeln!(std::io::stderr(), "Stopping… (once more to end at once)"));
        wait().await;
        std::process::exit(130);
    });
}

#[cfg(unix)]
async fn wait() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn wait() {
    drop(tokio::signal::ctrl_c().await);
}
