//! Watched folders: what changes there is followed by the library.
//!
//! The system's events are hints. They are gathered until it is quiet (or for two seconds at most), and then each touched path is looked
//! at once: a file or folder that exists is scanned, one that does not is reported as gone. A storm of ten thousand events thus costs
//! one look a path, also where they come while a scan takes its minutes. Where events were lost or are too many, whole folders are scanned
//! again; where the system has no more watches to give, or others write too, they are scanned now and then. A file that is being written to
//! waits until it is still.
//!
//! A watch holds on to the folder, not to its path: once a minute it is looked whether the folder still is the one that stands there.

mod remote;

use crate::listeners::lock;
use crate::waiting::join_until;
use docmind_core::error::Notice;
use notify::event::{Flag, ModifyKind};
use notify::{Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// It must be quiet for so long before touched paths are looked at.
const QUIET: Duration = Duration::from_millis(400);
/// Under steady change they are looked at this often.
const LONGEST: Duration = Duration::from_secs(2);
/// Folders that could not be watched, or not for all that is written in them, are scanned this often, and the others looked at.
const POLL: Duration = Duration::from_mins(1);
/// After a scan so many times as long as it took is without one: a large folder far away is not scanned for ever.
const SPARED: u32 = 9;
/// A file that was written to less than this ago is being written to: a copy under way would be read by halves, again and again.
const STILL: Duration = Duration::from_secs(1);
/// One that is never still, such as a log, is looked at this often.
const RESTLESS: Duration = Duration::from_secs(30);
/// What is to be done now and then is asked for this often.
const HOUR: Duration = Duration::from_hours(1);
/// At the end the watching thread is waited for so long.
const PATIENCE: Duration = Duration::from_secs(5);
/// More paths than this are not gathered: the folders are compared as a whole.
const MOST_PATHS: usize = 50_000;

/// Who follows the changes. Called on the watching thread.
pub trait Follower: Send + 'static {
    /// These exist and were touched; or are whole folders to be compared with the library.
    fn touched(&self, paths: Vec<PathBuf>);
    /// These are no longer there (files, or folders with all below).
    fn gone(&self, paths: Vec<PathBuf>);
    /// A folder must be compared as a whole: files added, changed and missing.
    fn rescan(&self, folder: &Path);
    /// Another hour has passed: whatever is to be done now and then while the library is open.
    fn hourly(&self);
    /// Something a person should know.
    fn notice(&self, notice: Notice);
}

enum Command {
    Folders(Vec<PathBuf>),
    /// Something was [`Heard`].
    Heard,
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
        let own = commands.clone();
        let thread = std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || Watching::new(follower, own).run(&inbox))
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
        // The watching thread itself, where all others let go of the library while it scanned: it cannot wait for itself.
        let is_another = |thread: &JoinHandle<()>| thread.thread().id() != std::thread::current().id();
        if self.commands.send(Command::Stop).is_ok()
            && let Some(thread) = self.thread.take().filter(is_another)
        {
            join_until(thread, Instant::now() + PATIENCE);
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

/// What the system told and nobody has looked at yet.
#[derive(Debug, Default)]
struct Heard {
    pending: Pending,
    /// Events were lost: what was touched is not known.
    lost: bool,
    /// A folder that was made below a watched one gets no watch: the system has no more to give.
    spent: bool,
    /// The watching thread was sent for and has not come yet.
    sent_for: bool,
}

impl Heard {
    /// Takes one event in. True where the watching thread must be sent for.
    fn take_in(&mut self, event: notify::Result<Event>, now: Instant) -> bool {
        match event {
            Ok(event) if event.attrs.flag() == Some(Flag::Rescan) => self.lost = true,
            Ok(event) if matters(event.kind) => {
                for path in event.paths {
                    self.pending.touch(path, now);
                }
                if self.pending.paths.len() > MOST_PATHS {
                    tracing::info!("too much was touched to look at each");
                    self.lost = true;
                }
            }
            Ok(_) => return false,
            Err(error) => {
                tracing::warn!(%error, "events of watched folders were lost");
                self.lost = true;
                self.spent |= matches!(error.kind, notify::ErrorKind::MaxFilesWatch);
            }
        }
        if self.lost {
            self.pending = Pending::default();
        }
        !std::mem::replace(&mut self.sent_for, true)
    }

    /// When somebody should look.
    fn due(&self, now: Instant) -> Option<Instant> {
        if self.lost { Some(now) } else { self.pending.due() }
    }
}

fn matters(kind: EventKind) -> bool {
    match kind {
        EventKind::Create(_) | EventKind::Remove(_) | EventKind::Any | EventKind::Other => true,
        EventKind::Modify(kind) => !matches!(kind, ModifyKind::Metadata(_)),
        EventKind::Access(kind) => {
            matches!(kind, notify::event::AccessKind::Close(notify::event::AccessMode::Write))
        }
    }
}

/// What tells a folder from another that takes its place. A new one often gets the number of the one just deleted, but not its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    created: Option<SystemTime>,
}

impl Identity {
    /// Of what stands at a path; `None` where nothing does.
    fn of(folder: &Path) -> Option<Self> {
        let meta = folder.metadata().ok()?;
        #[cfg(unix)]
        let (device, inode) = {
            use std::os::unix::fs::MetadataExt;
            (meta.dev(), meta.ino())
        };
        #[cfg(not(unix))]
        let (device, inode) = (0, 0);
        Some(Self {
            device,
            inode,
            created: meta.created().ok(),
        })
    }
}

/// A folder that is followed.
struct Root {
    /// What stood at its path when it was taken up.
    identity: Option<Identity>,
    /// Where the system does not tell all that changes in it: not scanned again before this.
    next_scan: Option<Instant>,
}

struct Watching<F> {
    follower: F,
    commands: Sender<Command>,
    heard: Arc<Mutex<Heard>>,
    watcher: Option<RecommendedWatcher>,
    folders: BTreeMap<PathBuf, Root>,
    /// Files that were being written to when they were to be looked at, and since when.
    written: BTreeMap<PathBuf, Instant>,
    is_remote: fn(&Path) -> bool,
    next_poll: Instant,
    next_hour: Instant,
}

impl<F: Follower> Watching<F> {
    fn new(follower: F, commands: Sender<Command>) -> Self {
        let now = Instant::now();
        Self {
            follower,
            commands,
            heard: Arc::default(),
            watcher: None,
            folders: BTreeMap::new(),
            written: BTreeMap::new(),
            is_remote: remote::is_remote,
            next_poll: now + POLL,
            next_hour: now + HOUR,
        }
    }

    fn run(mut self, inbox: &Receiver<Command>) {
        loop {
            let now = Instant::now();
            let due = lock(&self.heard).due(now);
            let wake = due.map_or(self.next_poll, |due| due.min(self.next_poll));
            match inbox.recv_timeout(wake.saturating_duration_since(now)) {
                Ok(Command::Folders(folders)) => self.set_folders(folders),
                Ok(Command::Heard) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => return,
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
            self.unwatch(&folder);
            // The system lets go of all below, also on behalf of a folder above: what is followed there is taken up anew.
            self.folders
                .retain(|other, _| !other.starts_with(&folder) && !folder.starts_with(other));
        }
        for folder in wanted {
            if !self.folders.contains_key(&folder) {
                self.take_up(folder);
            }
        }
        if self.folders.is_empty() {
            self.watcher = None;
        }
    }

    /// Follows what stands at a path now.
    fn take_up(&mut self, folder: PathBuf) {
        let identity = Identity::of(&folder);
        // Watch before the scan: what changes in between is then seen twice, never missed.
        let watched = identity.is_some() && self.watch(&folder);
        let next_scan = self.scan(&folder);
        let root = Root {
            identity,
            next_scan: (!watched || (self.is_remote)(&folder)).then_some(next_scan),
        };
        self.folders.insert(folder, root);
    }

    /// Gives from when on it may be done again.
    fn scan(&self, folder: &Path) -> Instant {
        let began = Instant::now();
        self.follower.rescan(folder);
        began + spared(began.elapsed())
    }

    fn unwatch(&mut self, folder: &Path) {
        if let Some(watcher) = &mut self.watcher
            && let Err(error) = watcher.unwatch(folder)
        {
            tracing::debug!(%error, folder = %folder.display(), "a folder was not watched any more");
        }
    }

    fn watch(&mut self, folder: &Path) -> bool {
        if self.watcher.is_none() {
            let (commands, heard) = (self.commands.clone(), Arc::clone(&self.heard));
            let take_in = move |event| {
                if lock(&heard).take_in(event, Instant::now()) {
                    // After a stop nobody receives any more.
                    let _ended = commands.send(Command::Heard);
                }
            };
            match RecommendedWatcher::new(take_in, Config::default().with_follow_symlinks(false)) {
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
        self.follower.notice(degraded(folder, &error.to_string()));
        false
    }

    fn look(&mut self, now: Instant) {
        let (paths, lost, spent) = {
            let mut heard = lock(&self.heard);
            heard.sent_for = false;
            let (lost, spent) = (std::mem::take(&mut heard.lost), std::mem::take(&mut heard.spent));
            (heard.pending.take(now), lost, spent)
        };
        if spent {
            self.scan_all_from(now);
        }
        if lost {
            self.written.clear();
            self.rescan_all();
        }
        let (there, gone): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.symlink_metadata().is_ok());
        for path in &gone {
            self.written.remove(path);
        }
        let there = self.still(there, now);
        if !there.is_empty() {
            self.follower.touched(there);
        }
        if !gone.is_empty() {
            self.follower.gone(gone);
        }
        if now >= self.next_poll {
            self.next_poll = now + POLL;
            self.poll();
        }
        if now >= self.next_hour {
            self.next_hour = now + HOUR;
            self.follower.hourly();
        }
    }

    /// All folders are scanned now and then from a time on: which of those below them has no watch is not told.
    fn scan_all_from(&mut self, now: Instant) {
        for (folder, root) in &mut self.folders {
            if root.next_scan.is_none() {
                root.next_scan = Some(now);
                self.follower
                    .notice(degraded(folder, "the system has no more watches to give"));
            }
        }
    }

    /// Of these paths those to be looked at now; the others come round again.
    fn still(&mut self, paths: Vec<PathBuf>, now: Instant) -> Vec<PathBuf> {
        let mut still = Vec::with_capacity(paths.len());
        for path in paths {
            let is_waited_for = is_written_to(&path) && {
                let since = *self.written.entry(path.clone()).or_insert(now);
                now < since + RESTLESS
            };
            if is_waited_for {
                lock(&self.heard).pending.touch(path, now);
            } else {
                self.written.remove(&path);
                still.push(path);
            }
        }
        still
    }

    /// Takes up anew what is no longer the folder it was: unmounted, mounted again, renamed and made anew. Its watch tells nothing of what
    /// stands there now.
    fn poll(&mut self) {
        let (mut replaced, mut due) = (Vec::new(), Vec::new());
        for (folder, root) in &self.folders {
            if Identity::of(folder) != root.identity {
                replaced.push(folder.clone());
            } else if root.next_scan.is_some_and(|next| next <= Instant::now()) {
                due.push(folder.clone());
            }
        }
        for folder in due {
            let next_scan = self.scan(&folder);
            if let Some(root) = self.folders.get_mut(&folder) {
                root.next_scan = Some(next_scan);
            }
        }
        for folder in replaced {
            self.unwatch(&folder);
            self.folders.remove(&folder);
            // What was away may have been named by a link.
            self.take_up(folder.canonicalize().unwrap_or(folder));
        }
    }

    fn rescan_all(&self) {
        for folder in self.folders.keys() {
            self.follower.rescan(folder);
        }
    }
}

fn degraded(folder: &Path, why: &str) -> Notice {
    let folder = folder.display();
    Notice::new(
        "watch_degraded",
        format!("`{folder}` cannot be followed at once ({why}).\nIt is looked through every minute instead."),
    )
}

/// From the beginning of a scan that took so long to the next one; short ones are as often as it is looked.
fn spared(took: Duration) -> Duration {
    if took * (SPARED + 1) < POLL {
        Duration::ZERO
    } else {
        took * (SPARED + 1)
    }
}

fn is_written_to(path: &Path) -> bool {
    let changed = |path: &Path| {
        let meta = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
        meta.modified().ok()?.elapsed().ok()
    };
    changed(path).is_some_and(|ago| ago < STILL)
}

#[cfg(test)]
mod tests;
