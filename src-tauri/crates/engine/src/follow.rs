//! The library follows watched folders: files that appear or change are queued, files that are gone leave, unless they only moved.
//!
//! A moved file shows as one that is gone and one that is new, in any order. What is gone therefore waits until the queue is empty:
//! a new file with the same bytes takes the old one's content along meanwhile, and nothing is left to remove.

use crate::engine::{Engine, Inner};
use crate::events::IngestEvent;
use crate::listeners::lock;
use crate::watch::Follower;
use docmind_core::cancel::CancelToken;
use docmind_core::document::DocumentId;
use docmind_core::error::{ErrorReport, Notice};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

/// Files that are gone wait at least so long for their other half.
const GRACE: Duration = Duration::from_secs(3);

/// Follows for one engine; holds it weakly.
pub(crate) struct LibraryFollower {
    engine: Weak<Inner>,
    gone: Arc<Mutex<Gone>>,
}

#[derive(Default)]
struct Gone {
    paths: BTreeSet<PathBuf>,
    waiting: bool,
}

impl LibraryFollower {
    pub(crate) fn new(engine: Weak<Inner>) -> Self {
        Self {
            engine,
            gone: Arc::default(),
        }
    }

    fn with(&self, what: &str, work: impl FnOnce(&Engine) -> Result<(), ErrorReport>) {
        let Some(inner) = self.engine.upgrade() else { return };
        if let Err(report) = work(&Engine(inner)) {
            tracing::warn!(code = %report.code, "watched folders, {what}: {}", report.message);
        }
    }
}

impl Follower for LibraryFollower {
    fn touched(&self, paths: Vec<PathBuf>) {
        self.with("adding", |engine| {
            engine.add_paths(&paths, &CancelToken::new(), &mut |_| {})?;
            Ok(())
        });
    }

    fn gone(&self, paths: Vec<PathBuf>) {
        let mut gone = lock(&self.gone);
        gone.paths.extend(paths);
        if gone.waiting {
            return;
        }
        let (engine, own) = (self.engine.clone(), Arc::clone(&self.gone));
        match std::thread::Builder::new()
            .name("watch-gone".to_owned())
            .spawn(move || remove_gone(&engine, &own))
        {
            Ok(_) => gone.waiting = true,
            Err(error) => tracing::warn!(%error, "deleted files stay in the library until the next scan"),
        }
    }

    fn rescan(&self, folder: &Path) {
        if !folder.is_dir() {
            // An unplugged disk or a network folder that is away: nothing of it is forgotten.
            self.notice(Notice::new(
                "folder_unreachable",
                format!("The watched folder `{}` cannot be reached.\nIts documents stay; connect it again or stop watching it.", folder.display()),
            ));
            return;
        }
        self.with("scanning", |engine| {
            engine.add_paths(&[folder.to_owned()], &CancelToken::new(), &mut |_| {})?;
            let known = engine.0.library.documents_under(folder)?;
            if !known.is_empty() && is_bare(folder) {
                // What a disk leaves behind that is not mounted.
                self.notice(Notice::new(
                    "folder_unreachable",
                    format!(
                        "The watched folder `{}` is empty.\nIts documents stay, because its disk may be away; remove them if you deleted the files.",
                        folder.display()
                    ),
                ));
                return Ok(());
            }
            let missing: Vec<PathBuf> = known
                .into_iter()
                .map(|record| record.path)
                .filter(|path| path.symlink_metadata().is_err())
                .collect();
            if !missing.is_empty() {
                self.gone(missing);
            }
            Ok(())
        });
    }

    fn notice(&self, notice: Notice) {
        if let Some(inner) = self.engine.upgrade() {
            inner.events.tell(&IngestEvent::Notice(notice));
        }
    }
}

fn is_bare(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

fn remove_gone(engine: &Weak<Inner>, gone: &Mutex<Gone>) {
    let nap = Duration::from_millis(250);
    let mut waited = Duration::ZERO;
    loop {
        std::thread::sleep(nap);
        waited += nap;
        let Some(inner) = engine.upgrade() else { return };
        let engine = Engine(inner);
        let idle = engine
            .0
            .pipeline
            .as_ref()
            .is_none_or(|pipeline| pipeline.is_idle() || pipeline.blocked().is_some());
        if waited < GRACE || !idle {
            continue;
        }
        let paths = std::mem::take(&mut lock(gone).paths);
        if let Err(report) = forget_missing(&engine, &paths) {
            tracing::warn!(code = %report.code, "deleted files stay in the library: {}", report.message);
        }
        let mut gone = lock(gone);
        if gone.paths.is_empty() {
            gone.waiting = false;
            return;
        }
        waited = Duration::ZERO;
    }
}

fn forget_missing(engine: &Engine, paths: &BTreeSet<PathBuf>) -> Result<(), ErrorReport> {
    let mut ids: Vec<DocumentId> = Vec::new();
    for path in paths {
        let own = engine
            .0
            .library
            .document_at(path)?
            .filter(|record| record.removed_at_ms.is_none());
        let below = engine.0.library.documents_under(path)?;
        let missing = own.into_iter().chain(below).filter(|record| {
            // Its folder must be there: a whole tree that vanished with its disk is not a deletion.
            record.path.symlink_metadata().is_err() && nearest_watched_is_there(engine, &record.path)
        });
        ids.extend(missing.map(|record| record.id));
    }
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        Ok(())
    } else {
        engine.forget_vanished(&ids)
    }
}

fn nearest_watched_is_there(engine: &Engine, path: &Path) -> bool {
    let settings = engine.settings();
    settings
        .watched_folders
        .iter()
        .map(Path::new)
        .map(|folder| folder.canonicalize().unwrap_or_else(|_| folder.to_owned()))
        .any(|folder| path.starts_with(&folder) && folder.is_dir())
}
