//! Watching by hand, and real folders.

use super::*;
use std::sync::mpsc::Sender;

#[derive(Debug, PartialEq)]
enum Seen {
    Touched(PathBuf),
    Gone(PathBuf),
    Rescan(PathBuf),
    Hour,
    Told(String),
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
    fn hourly(&self) {
        self.0.send(Seen::Hour).unwrap();
    }
    fn notice(&self, notice: Notice) {
        self.0.send(Seen::Told(notice.code)).unwrap();
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

/// Watching by hand; what it tells, and what the system tells it.
fn watching() -> (Watching<Recorder>, Receiver<Seen>, Receiver<Command>) {
    let (sender, seen) = mpsc::channel();
    let (commands, inbox) = mpsc::channel();
    let mut watching = Watching::new(Recorder(sender), commands);
    // Wherever the tests run.
    watching.is_remote = |_| false;
    (watching, seen, inbox)
}

fn wait_until_heard(watching: &Watching<Recorder>, inbox: &Receiver<Command>, file: &Path) {
    loop {
        {
            let mut heard = lock(&watching.heard);
            heard.sent_for = false;
            if heard.pending.paths.contains(file) {
                return;
            }
        }
        inbox.recv_timeout(Duration::from_secs(10)).unwrap();
    }
}

#[test]
fn events_are_kept_once_a_path_and_too_many_are_a_rescan() {
    let now = Instant::now();
    let touched = |name: usize| {
        let kind = EventKind::Create(notify::event::CreateKind::File);
        Ok(Event::new(kind).add_path(format!("/{name}").into()))
    };
    let mut heard = Heard::default();
    assert!(heard.take_in(touched(0), now));
    assert!(!heard.take_in(touched(0), now), "it was sent for already");
    assert_eq!(heard.pending.paths.len(), 1);
    let open = EventKind::Access(notify::event::AccessKind::Open(notify::event::AccessMode::Read));
    assert!(!heard.take_in(Ok(Event::new(open).add_path("/read".into())), now));
    for name in 0..=MOST_PATHS {
        heard.take_in(touched(name), now);
    }
    assert!(heard.lost && heard.pending.paths.is_empty());
    assert_eq!(heard.due(now), Some(now));
}

#[test]
fn lost_events_rescan_every_folder_once() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().canonicalize().unwrap();
    let (mut watching, seen, _inbox) = watching();
    watching.set_folders(vec![folder.clone()]);
    let rescan = Event::new(EventKind::Other).set_flag(Flag::Rescan);
    for event in [Ok(rescan), Err(notify::Error::generic("overflow"))] {
        lock(&watching.heard).take_in(event, Instant::now());
    }
    watching.look(Instant::now());
    watching.look(Instant::now());
    let told: Vec<Seen> = seen.try_iter().collect();
    assert_eq!(
        told,
        [Seen::Rescan(folder.clone()), Seen::Rescan(folder)],
        "the first is that of taking it up"
    );
}

#[test]
fn a_file_that_is_being_written_to_is_looked_at_when_it_is_still() {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().canonicalize().unwrap();
    let (copy, log, old) = (root.join("copy.pdf"), root.join("app.log"), root.join("old.txt"));
    for file in [&copy, &log, &old] {
        std::fs::write(file, "x").unwrap();
    }
    let age = |file: &Path, by: Duration| {
        let file = std::fs::File::options().append(true).open(file).unwrap();
        file.set_modified(SystemTime::now() - by).unwrap();
    };
    age(&old, STILL * 2);
    let (mut watching, seen, _inbox) = watching();
    let told = || seen.try_iter().collect::<Vec<_>>();
    let start = Instant::now();
    for file in [&copy, &log] {
        age(file, Duration::ZERO);
    }
    for file in [&copy, &log, &old] {
        lock(&watching.heard).pending.touch(file.clone(), start);
    }
    watching.look(start + QUIET);
    assert_eq!(told(), [Seen::Touched(old)]);
    age(&copy, STILL * 2);
    age(&log, Duration::ZERO);
    watching.look(start + QUIET * 2);
    assert_eq!(told(), [Seen::Touched(copy)]);
    age(&log, Duration::ZERO);
    watching.look(start + QUIET + RESTLESS);
    assert_eq!(told(), [Seen::Touched(log)], "it may never be still");
    assert!(watching.written.is_empty());
}

#[test]
fn a_file_that_was_written_to_and_is_deleted_is_not_remembered() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().canonicalize().unwrap().join("part.tmp");
    std::fs::write(&file, "x").unwrap();
    let (mut watching, seen, _inbox) = watching();
    let start = Instant::now();
    watching.written.insert(file.clone(), start);
    std::fs::remove_file(&file).unwrap();
    lock(&watching.heard).pending.touch(file.clone(), start);
    watching.look(start + QUIET);
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), [Seen::Gone(file)]);
    assert!(watching.written.is_empty());
}

#[test]
fn a_folder_that_others_write_to_is_scanned_now_and_then() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().canonicalize().unwrap();
    let (mut watching, seen, _inbox) = watching();
    watching.is_remote = |_| true;
    watching.set_folders(vec![folder.clone()]);
    watching.poll();
    let told: Vec<Seen> = seen.try_iter().collect();
    assert_eq!(told, [Seen::Rescan(folder.clone()), Seen::Rescan(folder)]);
}

#[test]
fn when_the_system_has_no_more_watches_folders_are_scanned_now_and_then() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().canonicalize().unwrap();
    let (mut watching, seen, _inbox) = watching();
    watching.set_folders(vec![folder.clone()]);
    watching.poll();
    for _ in 0..2 {
        let spent = Err(notify::Error::new(notify::ErrorKind::MaxFilesWatch));
        lock(&watching.heard).take_in(spent, Instant::now());
        watching.look(Instant::now());
    }
    watching.poll();
    let rescan = || Seen::Rescan(folder.clone());
    let told: Vec<Seen> = seen.try_iter().collect();
    let wanted = [
        rescan(),
        Seen::Told("watch_degraded".to_owned()),
        rescan(),
        rescan(),
        rescan(),
    ];
    assert_eq!(told, wanted, "taken up, told once, lost twice, looked through");
}

#[test]
fn a_folder_that_takes_long_to_scan_is_spared() {
    assert_eq!(spared(Duration::from_secs(1)), Duration::ZERO);
    assert_eq!(spared(Duration::from_mins(1)), Duration::from_mins(10));
}

/// Lets go of its own watch when it is told of a folder, as the last handle to a library does.
struct LastHandle(Arc<Mutex<Option<Watch>>>, Sender<()>);

impl Follower for LastHandle {
    fn touched(&self, _: Vec<PathBuf>) {}
    fn gone(&self, _: Vec<PathBuf>) {}
    fn rescan(&self, _: &Path) {
        let own = lock(&self.0).take();
        drop(own);
        self.1.send(()).unwrap();
    }
    fn hourly(&self) {}
    fn notice(&self, _: Notice) {}
}

#[test]
fn the_watching_thread_may_drop_its_own_watch() {
    let temp = tempfile::tempdir().unwrap();
    let (sender, done) = mpsc::channel();
    let own = Arc::<Mutex<Option<Watch>>>::default();
    let watch = Watch::start(LastHandle(Arc::clone(&own), sender));
    {
        let mut slot = lock(&own);
        watch.follow(vec![temp.path().to_owned()]);
        *slot = Some(watch);
    }
    done.recv_timeout(Duration::from_secs(10)).unwrap();
}

#[test]
fn a_folder_that_was_replaced_is_watched_anew() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().canonicalize().unwrap().join("disk");
    std::fs::create_dir(&folder).unwrap();
    let (mut watching, seen, inbox) = watching();
    let told = || seen.try_iter().collect::<Vec<_>>();
    let rescanned = [Seen::Rescan(folder.clone())];
    watching.set_folders(vec![folder.clone()]);
    assert_eq!(told(), rescanned);
    watching.poll();
    assert!(told().is_empty(), "it is the same folder");

    std::fs::rename(&folder, folder.with_file_name("aside")).unwrap();
    std::fs::create_dir(&folder).unwrap();
    watching.poll();
    assert_eq!(told(), rescanned);
    watching.poll();
    assert!(told().is_empty(), "it is watched again");
    let file = folder.join("note.txt");
    std::fs::write(&file, "x").unwrap();
    wait_until_heard(&watching, &inbox, &file);
}

#[test]
fn a_folder_that_was_away_is_watched_when_it_is_back() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().canonicalize().unwrap().join("disk");
    let (mut watching, seen, _inbox) = watching();
    let told = || seen.try_iter().collect::<Vec<_>>();
    let rescanned = [Seen::Rescan(folder.clone())];
    watching.set_folders(vec![folder.clone()]);
    assert_eq!(told(), rescanned);
    watching.poll();
    assert_eq!(told(), rescanned, "it is looked for");
    std::fs::create_dir(&folder).unwrap();
    watching.poll();
    assert_eq!(told(), rescanned);
    watching.poll();
    assert!(told().is_empty());
    assert!(watching.folders[&folder].next_scan.is_none(), "it is watched");
}

/// Follows a folder and one below it, then only that which `keeps` names of (above, below): a file in the lower one is still heard of.
fn still_hears_of_the_lower_one(keeps: fn(PathBuf, PathBuf) -> PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let above = temp.path().canonicalize().unwrap();
    let below = above.join("below");
    std::fs::create_dir(&below).unwrap();
    let (mut watching, _seen, inbox) = watching();
    watching.set_folders(vec![above.clone(), below.clone()]);
    watching.set_folders(vec![keeps(above, below.clone())]);
    let file = below.join("note.txt");
    std::fs::write(&file, "x").unwrap();
    wait_until_heard(&watching, &inbox, &file);
}

#[test]
fn a_folder_below_one_that_is_left_is_still_watched() {
    still_hears_of_the_lower_one(|_, below| below);
}

#[test]
fn a_folder_above_one_that_is_left_still_watches_it() {
    still_hears_of_the_lower_one(|above, _| above);
}

#[test]
fn each_hour_is_told() {
    let (mut watching, seen, _inbox) = watching();
    let start = Instant::now();
    watching.look(start + POLL);
    assert!(seen.try_recv().is_err());
    watching.look(start + HOUR * 2);
    watching.look(start + HOUR * 2 + POLL);
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), [Seen::Hour]);
}
