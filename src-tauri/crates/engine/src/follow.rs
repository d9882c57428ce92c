//! The library follows watched folders: files that appear or change are queued, files that are gone leave, unless they only moved.
//!
//! A moved file shows as one that is gone and one that is new, in any order. What is gone therefore waits until the queue is empty:
//! a new file with the same bytes takes the old one's content along meanwhile, and nothing is left to remove.
//!
//! What a scan leaves out is not followed either: DocMind's own folder, which is written to all the time, and droppings. What a person
//! removed from the library stays out of it while its folder is followed.

use crate::clock::now_ms;
use crate::engine::{Engine, Inner};
use crate::events::IngestEvent;
use crate::listeners::lock;
use crate::scan::{is_missing, leads_to_dropping, modified_ns};
use crate::watch::Follower;
use docmind_core::cancel::CancelToken;
use docmind_core::document::DocumentId;
use docmind_core::error::{ErrorReport, Notice};
use docmind_store::DocumentRecord;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

/// Files that are gone wait at least so long for their other half.
const GRACE: Duration = Duration::from_secs(3);
/// Whether they may go is looked at this often.
const NAP: Duration = Duration::from_millis(250);
/// Times of file systems and clocks agree to within this.
const COARSE_MS: f64 = 2_000.0;

/// Follows for one engine; holds it weakly.
pub(crate) struct LibraryFollower {
    engine: Weak<Inner>,
    gone: Arc<Mutex<Gone>>,
    /// Folders of which it was told that they cannot be reached, and that are not back yet.
    away: Mutex<BTreeSet<PathBuf>>,
}

#[derive(Default)]
struct Gone {
    /// With when they were missed: each waits for its other half.
    paths: BTreeMap<PathBuf, Instant>,
    waiting: bool,
    /// Something could not be followed, such as with a full disk: all folders are looked through again.
    missed: bool,
}

impl LibraryFollower {
    pub(crate) fn new(engine: Weak<Inner>) -> Self {
        Self {
            engine,
            gone: Arc::default(),
            away: Mutex::default(),
        }
    }

    fn with(&self, what: &str, work: impl FnOnce(&Engine) -> Result<(), ErrorReport>) {
        let Some(inner) = self.engine.upgrade() else { return };
        if let Err(report) = work(&Engine(inner)) {
            tracing::warn!(code = %report.code, "watched folders, {what}: {}", report.message);
            lock(&self.gone).missed = true;
        }
    }

    fn tell_bare(&self, folder: &Path) {
        self.tell_away(
            folder,
            format!(
                "The watched folder `{}` is empty.\nIts documents stay, because its disk may be away; remove them if you deleted the files.",
                folder.display()
            ),
        );
    }

    /// An unplugged disk or a network folder that is away: nothing of it is forgotten. Told once, until it is back.
    fn tell_away(&self, folder: &Path, message: String) {
        if lock(&self.away).insert(folder.to_owned()) {
            self.notice(Notice::new("folder_unreachable", message));
        }
    }
}

impl Follower for LibraryFollower {
    fn touched(&self, paths: Vec<PathBuf>) {
        self.with("adding", |engine| {
            let folders = followed(engine);
            let (whole, mut paths): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| folders.contains(path));
            for folder in whole {
                self.rescan(&folder);
            }
            paths.retain(|path| is_followed(path, &folders, engine.data_dir().root()));
            if paths.is_empty() {
                return Ok(());
            }
            let cancel = CancelToken::new();
            let _under_way = engine.0.walks.begin(&cancel);
            engine.add_met(&paths, &cancel)?;
            // A folder that took another's place: of what it does not have, no event told.
            for path in &paths {
                let known = engine.0.library.documents_under(path)?;
                self.gone(paths_of(missing(known, &cancel)));
            }
            Ok(())
        });
    }

    fn gone(&self, mut paths: Vec<PathBuf>) {
        if let Some(inner) = self.engine.upgrade() {
            paths.retain(|path| !path.starts_with(inner.dir.root()));
        }
        if paths.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut gone = lock(&self.gone);
        for path in paths {
            gone.paths.entry(path).or_insert(now);
        }
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
            self.tell_away(
                folder,
                format!(
                    "The watched folder `{}` cannot be reached.\nIts documents stay; connect it again or stop watching it.",
                    folder.display()
                ),
            );
            return;
        }
        self.with("scanning", |engine| {
            let cancel = CancelToken::new();
            let _under_way = engine.0.walks.begin(&cancel);
            engine.add_met(&[folder.to_owned()], &cancel)?;
            let known = engine.0.library.documents_under(folder)?;
            if !known.is_empty() && is_bare(folder) {
                // What a disk leaves behind that is not mounted.
                self.tell_bare(folder);
                return Ok(());
            }
            let (away, gone): (Vec<_>, Vec<_>) = missing(known, &cancel)
                .into_iter()
                .partition(|record| is_behind_bare(record).is_some());
            if cancel.is_cancelled() {
                return Ok(());
            }
            let bare: BTreeSet<PathBuf> = away.iter().filter_map(is_behind_bare).collect();
            lock(&self.away).retain(|told| !told.starts_with(folder) || bare.contains(told));
            for folder in &bare {
                self.tell_bare(folder);
            }
            self.gone(paths_of(gone));
            Ok(())
        });
    }

    fn hourly(&self) {
        let Some(inner) = self.engine.upgrade() else { return };
        let engine = Engine(inner);
        engine.tend_conversations();
        let missed = std::mem::take(&mut lock(&self.gone).missed);
        if missed {
            for folder in followed(&engine) {
                self.rescan(&folder);
            }
        }
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

/// The empty folder in which a missing document's way ends, where nothing was taken out of that since the document was added: it is not the
/// folder that the file lay in, but what a disk or a network folder leaves behind when it is not mounted.
fn is_behind_bare(record: &DocumentRecord) -> Option<PathBuf> {
    let above = record.path.ancestors().skip(1).find(|above| above.is_dir())?;
    let changed_ms = modified_ns(&above.metadata().ok()?) as f64 / 1e6;
    (changed_ms + COARSE_MS < record.added_at_ms && is_bare(above)).then(|| above.to_owned())
}

fn remove_gone(engine: &Weak<Inner>, gone: &Mutex<Gone>) {
    let mut nap = NAP;
    loop {
        std::thread::sleep(nap);
        let Some(inner) = engine.upgrade() else { return };
        let engine = Engine(inner);
        let idle = engine
            .0
            .pipeline
            .as_ref()
            .is_none_or(|pipeline| pipeline.is_idle() || pipeline.blocked().is_some());
        // A queue that is paused may stay so for days.
        nap = if idle { NAP } else { NAP * 4 };
        if !idle {
            continue;
        }
        let paths = lock(gone).due(Instant::now());
        if !paths.is_empty()
            && let Err(report) = forget_missing(&engine, &paths)
        {
            tracing::warn!(code = %report.code, "deleted files stay in the library: {}", report.message);
            lock(gone).missed = true;
        }
        let mut gone = lock(gone);
        if gone.paths.is_empty() {
            gone.waiting = false;
            return;
        }
    }
}

impl Gone {
    /// Takes out those that have waited.
    fn due(&mut self, now: Instant) -> BTreeSet<PathBuf> {
        let has_waited = |missed: &Instant| now.duration_since(*missed) >= GRACE;
        let (due, early): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.paths)
            .into_iter()
            .partition(|(_, missed)| has_waited(missed));
        self.paths = early;
        due.into_keys().collect()
    }
}

fn forget_missing(engine: &Engine, paths: &BTreeSet<PathBuf>) -> Result<(), ErrorReport> {
    let folders = followed(engine);
    let mut ids: Vec<DocumentId> = Vec::new();
    for path in paths {
        // A folder that is followed must lie above and be there: one that vanished as a whole, with its disk, is not a deletion.
        let holds = |folder: &PathBuf| folder != path && path.starts_with(folder) && folder.is_dir();
        if !folders.iter().any(holds) {
            continue;
        }
        let own = engine
            .0
            .library
            .document_at(path)?
            .filter(|record| record.removed_at_ms.is_none());
        let below = engine.0.library.documents_under(path)?;
        let missing = own.into_iter().chain(below).filter(|record| is_missing(&record.path));
        ids.extend(missing.map(|record| record.id));
    }
    ids.sort_unstable();
    ids.dedup();
    // Once more, since looking took its time: a file may be back, or have been found where it moved to, or its disk was pulled meanwhile.
    let known = engine.0.library.documents_by_id(&ids)?;
    let is_gone = |record: &DocumentRecord| {
        let is_below = |folder: &PathBuf| record.path.starts_with(folder) && folder.is_dir();
        record.removed_at_ms.is_none()
            && is_missing(&record.path)
            && is_behind_bare(record).is_none()
            && folders.iter().any(is_below)
    };
    ids.retain(|id| known.get(id).is_some_and(is_gone));
    if ids.is_empty() {
        Ok(())
    } else {
        engine.forget_vanished(&ids)
    }
}

/// Those of these documents whose files are not there. Ends early when cancelled.
fn missing(known: Vec<DocumentRecord>, cancel: &CancelToken) -> Vec<DocumentRecord> {
    known
        .into_iter()
        .take_while(|_| !cancel.is_cancelled())
        .filter(|record| is_missing(&record.path))
        .collect()
}

fn paths_of(records: Vec<DocumentRecord>) -> Vec<PathBuf> {
    records.into_iter().map(|record| record.path).collect()
}

/// The folders that are followed, canonical where they are there.
fn followed(engine: &Engine) -> Vec<PathBuf> {
    let folders = engine.settings().watched_folders.into_iter().map(PathBuf::from);
    folders.map(|folder| folder.canonicalize().unwrap_or(folder)).collect()
}

/// Whether a path lies in a folder that is followed, and in nothing that is left out there.
fn is_followed(path: &Path, folders: &[PathBuf], data: &Path) -> bool {
    let in_view = |folder: &PathBuf| path.strip_prefix(folder).is_ok_and(|below| !leads_to_dropping(below));
    !path.starts_with(data) && folders.iter().any(in_view)
}

impl Engine {
    /// Documents that a person removed do not come back by themselves while folders are followed.
    pub(crate) fn shun(&self, ids: &[DocumentId]) {
        self.shun_files(|| self.paths_of(ids));
    }

    /// As [`Engine::shun`], by path.
    pub(crate) fn shun_files(&self, paths: impl FnOnce() -> Result<Vec<PathBuf>, ErrorReport>) {
        if self.settings().watched_folders.is_empty() {
            return;
        }
        let work = || -> Result<(), ErrorReport> { Ok(self.user()?.shun(&paths()?, now_ms())?) };
        if let Err(report) = work() {
            tracing::warn!(code = %report.code, "removed documents may come back from watched folders: {}", report.message);
        }
    }

    /// A person brought removed documents back.
    pub(crate) fn unshun(&self, ids: &[DocumentId]) {
        let work = || -> Result<(), ErrorReport> { Ok(self.user()?.unshun(&self.paths_of(ids)?)?) };
        if let Err(report) = work() {
            tracing::warn!(code = %report.code, "changes of restored documents are not followed: {}", report.message);
        }
    }
}

#[cfg(test)]
mod tests;
