//! Watched folders: what changes there is followed by the library.
//!
//! The system's events are hints. They are gathered until it is quiet (or for two seconds at most), and then each touched path is looked
//! at once: a file or folder that exists is scanned, one that does not is reported as gone. A storm of ten thousand events thus costs
//! one look a path. Where events were lost, or the system has no more watches to give, whole folders are scanned again.

use docmind_core::error::Notice;
use notify::event::{Flag, ModifyKind};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// It must be quiet for so long before touched paths are looked at.
const QUIET: Duration = Duration::from_millis(400);
/// Under steady change they are looked at this often.
const LONGEST: Duration = Duration::from_secs(2);
/// Folders that could not be watched are scanned this often.
const POLL: Duration = Duration::from_mins(1);

/// Who follows the changes. Called on the watching thread.
pub trait Follower: Send + 'static {
    /// These exist and were touched; or are whole folders to be compared with the library.
    fn touched(&self, paths: Vec<PathBuf>);
    /// These are no longer there (files, or folders with all below).
    fn gone(&self, paths: Vec<PathBuf>);
    /// A folder must be compared as a whole: files added, changed and missing.
    fn rescan(&self, folder: &Path);
    /// Something a person should know.
    fn notice(&self, notice: Notice);
}

enum Command {
    Folders(Vec<PathBuf>),
    Event(notify::Result<Event>),
    Stop,
}

/// The watching thread; stops when dropped.
pub struct Watch {
    commands: Sender<Command>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Starts with no folder.
    pub fn start(follower: impl Follower) -> Self {
        let (commands, inbox) = mpsc::channel();
        let events = commands.clone();
        let thread = std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || Watching::new(follower, events).run(&inbox))
            .map_err(|error| tracing::error!(%error, "watched folders cannot be followed"))
            .ok();
        Self { commands, thread }
    }

    /// Follows exactly these folders from now on; those that are new are compared with the library first.
    pub fn follow(&self, folders: Vec<PathBuf>) {
        if self.commands.send(Command::Folders(folders)).is_err() {
            tracing::error!("the watching thread has ended");
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.commands.send(Command::Stop).is_ok()
            && let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the watching thread panicked");
        }
    }
}

/// Touched paths on their way to being looked at. Time is passed in.
#[derive(Debug, Default)]
struct Pending {
    paths: BTreeSet<PathBuf>,
    first: Option<Instant>,
    last: Option<Instant>,
}

impl Pending {
    fn touch(&mut self, path: PathBuf, now: Instant) {
        self.paths.insert(path);
        self.first.get_or_insert(now);
        self.last = Some(now);
    }

    /// When it should be looked at.
    fn due(&self) -> Option<Instant> {
        Some((self.last? + QUIET).min(self.first? + LONGEST))
    }

    /// The paths, where it is time: none that lies below another of them.
    fn take(&mut self, now: Instant) -> Vec<PathBuf> {
        if self.due().is_none_or(|due| now < due) {
            return Vec::new();
        }
        let paths = std::mem::take(self).paths;
        let mut out: Vec<PathBuf> = Vec::with_capacity(paths.len());
        for path in paths {
            if out.last().is_none_or(|above| !path.starts_with(above)) {
                out.push(path);
            }
        }
        out
    }
}

struct Watching<F> {
    follower: F,
    events: Sender<Command>,
    watcher: Option<RecommendedWatcher>,
    /// Folders with whether the system watches them.
    folders: BTreeMap<PathBuf, bool>,
    pending: Pending,
    next_poll: Instant,
}

impl<F: Follower> Watching<F> {
    fn new(follower: F, events: Sender<Command>) -> Self {
        let next_poll = Instant::now() + POLL;
        Self {
            follower,
            events,
            watcher: None,
            folders: BTreeMap::new(),
            pending: Pending::default(),
            next_poll,
        }
    }

    fn run(mut self, inbox: &Receiver<Command>) {
        loop {
            let now = Instant::now();
            let polled = self.folders.values().any(|watched| !watched).then_some(self.next_poll);
            let wake = [self.pending.due(), polled].into_iter().flatten().min();
            let received = match wake {
                Some(wake) => inbox.recv_timeout(wake.saturating_duration_since(now)),
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match received {
                Ok(Command::Folders(folders)) => self.set_folders(folders),
                Ok(Command::Event(Ok(event))) => self.event(event, Instant::now()),
                Ok(Command::Event(Err(error))) => {
                    tracing::warn!(%error, "events of watched folders were lost");
                    self.rescan_all();
                }
                Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.look(Instant::now());
        }
    }

    fn set_folders(&mut self, wanted: Vec<PathBuf>) {
        let wanted: BTreeSet<PathBuf> = wanted
            .into_iter()
            .map(|path| path.canonicalize().unwrap_or(path))
            .collect();
        let leaving: Vec<PathBuf> = self
            .folders
            .keys()
            .filter(|folder| !wanted.contains(*folder))
            .cloned()
            .collect();
        for folder in leaving {
            self.folders.remove(&folder);
            if let Some(watcher) = &mut self.watcher
                && let Err(error) = watcher.unwatch(&folder)
            {
                tracing::debug!(%error, folder = %folder.display(), "a folder was not watched any more");
            }
        }
        for folder in wanted {
            if self.folders.contains_key(&folder) {
                continue;
            }
            // Watch before the scan: what changes in between is then seen twice, never missed.
            let watched = self.watch(&folder);
            self.folders.insert(folder.clone(), watched);
            self.follower.rescan(&folder);
        }
        if self.folders.is_empty() {
            self.watcher = None;
        }
    }

    fn watch(&mut self, folder: &Path) -> bool {
        if self.watcher.is_none() {
            let events = self.events.clone();
            let forward = move |event| {
                // After a stop nobody receives any more.
                let _ended = events.send(Command::Event(event));
            };
            match RecommendedWatcher::new(forward, Config::default().with_follow_symlinks(false)) {
                Ok(watcher) => self.watcher = Some(watcher),
                Err(error) => return self.cannot_watch(folder, &error),
            }
        }
        let Some(watcher) = &mut self.watcher else { return false };
        match watcher.watch(folder, RecursiveMode::Recursive) {
            Ok(()) => true,
            Err(error) => self.cannot_watch(folder, &error),
        }
    }

    fn cannot_watch(&self, folder: &Path, error: &notify::Error) -> bool {
        tracing::warn!(%error, folder = %folder.display(), "a folder cannot be watched");
        self.follower.notice(Notice::new(
            "watch_degraded",
            format!(
                "`{}` cannot be followed at once ({error}).\nIt is looked through every minute instead.",
                folder.display()
            ),
        ));
        false
    }

    fn event(&mut self, event: Event, now: Instant) {
        if event.attrs.flag() == Some(Flag::Rescan) {
            self.rescan_all();
            return;
        }
        let matters = match event.kind {
            EventKind::Create(_) | EventKind::Remove(_) | EventKind::Any | EventKind::Other => true,
            EventKind::Modify(kind) => !matches!(kind, ModifyKind::Metadata(_)),
            EventKind::Access(kind) => {
                matches!(kind, notify::event::AccessKind::Close(notify::event::AccessMode::Write))
            }
        };
        if matters {
            for path in event.paths {
                self.pending.touch(path, now);
            }
        }
    }

    fn look(&mut self, now: Instant) {
        let (there, gone): (Vec<_>, Vec<_>) = self
            .pending
            .take(now)
            .into_iter()
            .partition(|path| path.symlink_metadata().is_ok());
        if !there.is_empty() {
            self.follower.touched(there);
        }
        if !gone.is_empty() {
            self.follower.gone(gone);
        }
        if now >= self.next_poll {
            self.next_poll = now + POLL;
            for (folder, watched) in &self.folders {
                if !watched {
                    self.follower.rescan(folder);
                }
            }
        }
    }

    fn rescan_all(&self) {
        for folder in self.folders.keys() {
            self.follower.rescan(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::Sender;

    #[derive(Debug, PartialEq)]
    enum Seen {
        Touched(PathBuf),
        Gone(PathBuf),
        Rescan(PathBuf),
    }

    struct Recorder(Sender<Seen>);

    impl Follower for Recorder {
        fn touched(&self, paths: Vec<PathBuf>) {
            for path in paths {
                self.0.send(Seen::Touched(path)).unwrap();
            }
        }
        fn gone(&self, paths: Vec<PathBuf>) {
            for path in paths {
                self.0.send(Seen::Gone(path)).unwrap();
            }
        }
        fn rescan(&self, folder: &Path) {
            self.0.send(Seen::Rescan(folder.to_owned())).unwrap();
        }
        fn notice(&self, notice: Notice) {
            panic!("{notice:?}");
        }
    }

    #[test]
    fn paths_wait_for_quiet_but_not_for_ever() {
        let start = Instant::now();
        let mut pending = Pending::default();
        pending.touch("/a/b".into(), start);
        assert!(pending.take(start + QUIET / 2).is_empty());
        pending.touch("/a".into(), start + QUIET / 2);
        pending.touch("/c".into(), start + QUIET / 2);
        assert!(pending.take(start + QUIET).is_empty());
        assert_eq!(
            pending.take(start + QUIET * 2),
            [PathBuf::from("/a"), PathBuf::from("/c")]
        );
        for step in 0..100 {
            pending.touch("/busy".into(), start + Duration::from_millis(100 * step));
        }
        assert!(!pending.take(start + LONGEST).is_empty());
    }

    #[test]
    fn a_real_folder_is_followed() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().canonicalize().unwrap();
        let (sender, seen) = mpsc::channel();
        let watch = Watch::start(Recorder(sender));
        watch.follow(vec![folder.clone()]);
        let next = || seen.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(next(), Seen::Rescan(folder.clone()));
        let file = folder.join("note.txt");
        std::fs::write(&file, "x").unwrap();
        assert_eq!(next(), Seen::Touched(file.clone()));
        std::fs::remove_file(&file).unwrap();
        assert_eq!(next(), Seen::Gone(file));
        drop(watch);
    }
}
