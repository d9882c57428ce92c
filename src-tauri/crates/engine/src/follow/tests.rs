//! Following by hand, over a real library whose queue nobody works on.

use super::*;
use crate::documents::adding::AddTold;
use crate::engine::{Background, EngineOptions, OpenMode};
use crate::listeners::Subscription;
use std::fs;

struct Bench {
    engine: Engine,
    follower: LibraryFollower,
    /// Is followed; the data folder lies in it.
    home: PathBuf,
    told: Arc<Mutex<Vec<IngestEvent>>>,
    _subscription: Subscription,
    _temp: tempfile::TempDir,
}

fn bench() -> Bench {
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().canonicalize().unwrap();
    let (home, bin) = (root.join("home"), root.join("bin"));
    for folder in [&home, &bin] {
        fs::create_dir(folder).unwrap();
    }
    // Never started.
    let reader = format!("docmind-parse{}", std::env::consts::EXE_SUFFIX);
    fs::write(bin.join(reader), "").unwrap();
    let engine = Engine::open(EngineOptions {
        data_dir: Some(home.join(".docmind")),
        runtime_dir: Some(root.join("runtime")),
        bin_dir: Some(bin),
        mode: OpenMode::ReadWrite,
        background: Background::Nothing,
    })
    .unwrap();
    engine
        .set_setting("watched_folders", serde_json::json!([home.to_string_lossy()]))
        .unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let subscription = engine.on_ingest({
        let told = Arc::clone(&told);
        move |event| lock(&told).push(event.clone())
    });
    Bench {
        follower: LibraryFollower::new(Arc::downgrade(&engine.0)),
        engine,
        home,
        told,
        _subscription: subscription,
        _temp: temp,
    }
}

impl Bench {
    fn write(&self, name: &str) -> PathBuf {
        let path = self.home.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "Some words.").unwrap();
        path
    }

    /// What the library has, in the order of paths.
    fn held(&self) -> Vec<PathBuf> {
        let known = self.engine.0.library.documents_under(&self.home).unwrap();
        known.into_iter().map(|record| record.path).collect()
    }

    fn id_of(&self, path: &Path) -> DocumentId {
        self.engine.0.library.document_at(path).unwrap().unwrap().id
    }

    /// What waits for its other half, in the order of paths.
    fn missed(&self) -> Vec<PathBuf> {
        lock(&self.follower.gone).paths.keys().cloned().collect()
    }

    fn notices(&self, code: &str) -> usize {
        let told = lock(&self.told);
        told.iter()
            .filter(|event| matches!(event, IngestEvent::Notice(notice) if notice.code == code))
            .count()
    }
}

#[test]
fn what_a_scan_leaves_out_is_not_followed() {
    let bench = bench();
    let note = bench.write("letters/note.txt");
    let touched = vec![
        note.clone(),
        bench.write(".git/COMMIT_EDITMSG"),
        bench.write("code/node_modules/left/readme.md"),
        bench.write("letters/.~lock.note.odt#"),
        bench.write("letters/~$note.docx"),
        bench.home.join(".docmind"),
        bench.home.join(".docmind/user.db"),
        bench.home.join("letters/saved.tmp"),
        bench.home.with_file_name("bin"),
    ];
    bench.follower.touched(touched);
    assert_eq!(bench.held(), [note]);
    let told = lock(&bench.told);
    assert!(
        !told.iter().any(|event| matches!(event, IngestEvent::Skipped { .. })),
        "{told:?}"
    );
}

#[test]
fn what_a_person_removed_stays_out_until_it_is_named() {
    let bench = bench();
    let (note, other) = (bench.write("note.txt"), bench.write("other.txt"));
    bench.follower.rescan(&bench.home);
    assert_eq!(bench.held(), [note.clone(), other.clone()]);
    let remove = || {
        let id = [bench.id_of(&note)];
        bench.engine.shun(&id);
        bench.engine.0.library.remove(&id).unwrap();
    };
    remove();
    bench.follower.touched(vec![note.clone()]);
    bench.follower.rescan(&bench.home);
    assert_eq!(bench.held(), std::slice::from_ref(&other));
    assert_eq!(bench.notices("removed_stay_out"), 0);

    let cancel = CancelToken::new();
    let add = |path: &Path| {
        let paths = [path.to_owned()];
        bench.engine.add_paths(&paths, &cancel, &mut |_| {}).unwrap()
    };
    assert_eq!(add(&bench.home).skipped, 1);
    assert_eq!(bench.notices("removed_stay_out"), 1);
    assert_eq!(bench.held(), std::slice::from_ref(&other));
    assert_eq!(add(&note).queued, 1);
    assert_eq!(bench.held(), [note.clone(), other.clone()]);

    // From then on it is a file as any other.
    bench.engine.0.library.remove(&[bench.id_of(&note)]).unwrap();
    bench.follower.touched(vec![note.clone()]);
    assert_eq!(bench.held(), [note.clone(), other.clone()]);

    // A removal that was undone leaves nothing behind.
    let id = [bench.id_of(&note)];
    bench.engine.shun(&id);
    bench.engine.unshun(&id);
    bench.engine.0.library.remove(&id).unwrap();
    bench.follower.touched(vec![note.clone()]);
    assert_eq!(bench.held(), [note, other]);
}

#[test]
fn of_a_folder_in_anothers_place_what_is_missing_is_gone() {
    let bench = bench();
    let old = [bench.write("letters/a.txt"), bench.write("letters/deep/b.txt")];
    bench.follower.rescan(&bench.home);
    fs::remove_dir_all(bench.home.join("letters")).unwrap();
    let new = bench.write("letters/c.txt");
    bench.follower.touched(vec![bench.home.join("letters")]);
    assert!(bench.held().contains(&new));
    assert_eq!(bench.missed(), old);
}

#[test]
fn a_folder_that_vanished_as_a_whole_is_no_deletion() {
    let bench = bench();
    let (note, other) = (bench.write("note.txt"), bench.write("other.txt"));
    bench.follower.rescan(&bench.home);
    fs::remove_file(&note).unwrap();
    fs::remove_file(&other).unwrap();
    // Such as a disk that was pulled and another that took its place at once.
    forget_missing(&bench.engine, &BTreeSet::from([bench.home.clone()])).unwrap();
    assert_eq!(bench.held(), [note.clone(), other.clone()]);
    forget_missing(&bench.engine, &BTreeSet::from([note])).unwrap();
    assert_eq!(bench.held(), [other]);
}

/// Such as a network folder that is mounted in a person's own.
#[cfg(unix)]
#[test]
fn what_an_unmounted_folder_in_a_followed_one_leaves_behind_is_no_deletion() {
    let bench = bench();
    let share = bench.home.join("share");
    let far = [bench.write("share/a.txt"), bench.write("share/deep/b.txt")];
    let near = bench.write("letters/c.txt");
    bench.follower.rescan(&bench.home);
    assert_eq!(bench.held().len(), 3);

    let aside = bench.home.with_file_name("aside");
    fs::rename(&share, &aside).unwrap();
    fs::create_dir(&share).unwrap();
    // It was made long before anything was mounted there.
    let long_ago = std::time::SystemTime::UNIX_EPOCH + Duration::from_hours(1);
    fs::File::open(&share).unwrap().set_modified(long_ago).unwrap();
    fs::remove_file(&near).unwrap();
    for _ in 0..2 {
        bench.follower.rescan(&bench.home);
    }
    assert_eq!(bench.missed(), std::slice::from_ref(&near));
    assert_eq!(bench.notices("folder_unreachable"), 1);
    let gone = BTreeSet::from([near, far[0].clone(), far[1].clone()]);
    forget_missing(&bench.engine, &gone).unwrap();
    assert_eq!(bench.held(), far);

    // It is there again, and what is deleted now is gone.
    fs::remove_dir(&share).unwrap();
    fs::rename(&aside, &share).unwrap();
    fs::remove_file(&far[0]).unwrap();
    bench.follower.rescan(&bench.home);
    forget_missing(&bench.engine, &gone).unwrap();
    assert_eq!(bench.held(), [far[1].clone()]);
    fs::remove_file(&far[1]).unwrap();
    forget_missing(&bench.engine, &gone).unwrap();
    assert!(bench.held().is_empty(), "an empty folder that was emptied");
}

#[test]
fn each_file_that_is_gone_waits_for_its_own_other_half() {
    let start = Instant::now();
    let mut gone = Gone::default();
    let (first, second) = (PathBuf::from("/a"), PathBuf::from("/b"));
    gone.paths.insert(first.clone(), start);
    gone.paths.insert(second.clone(), start + GRACE / 2);
    assert!(gone.due(start).is_empty());
    assert_eq!(gone.due(start + GRACE), BTreeSet::from([first]));
    assert_eq!(gone.due(start + GRACE * 2), BTreeSet::from([second]));
    assert!(gone.paths.is_empty());
}

#[test]
fn what_could_not_be_followed_is_looked_for_within_the_hour() {
    let bench = bench();
    let note = bench.write("note.txt");
    bench.follower.hourly();
    assert!(bench.held().is_empty(), "nothing was missed");
    bench
        .follower
        .with("adding", |_| Err(ErrorReport::new("disk_full", "The disk is full.")));
    bench.follower.hourly();
    assert_eq!(bench.held(), [note]);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_read_in_a_followed_folder_is_told_once() {
    let bench = bench();
    let dangling = bench.home.join("dangling.txt");
    std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
    for _ in 0..2 {
        bench.follower.rescan(&bench.home);
    }
    let skipped = || {
        let told = lock(&bench.told);
        let is_skipped = |event: &&IngestEvent| matches!(event, IngestEvent::Skipped { .. });
        told.iter().filter(is_skipped).count()
    };
    assert_eq!(skipped(), 1);
    let named = [dangling];
    bench
        .engine
        .add_paths(&named, &CancelToken::new(), &mut |_| {})
        .unwrap();
    assert_eq!(skipped(), 2, "whoever names it is told again");
}

#[test]
fn a_folder_that_is_away_is_told_once_until_it_is_back() {
    let bench = bench();
    let disk = bench.home.with_file_name("disk");
    let told = || bench.notices("folder_unreachable");
    bench.follower.rescan(&disk);
    bench.follower.rescan(&disk);
    assert_eq!(told(), 1);
    fs::create_dir(&disk).unwrap();
    fs::write(disk.join("note.txt"), "Some words.").unwrap();
    bench.follower.rescan(&disk);
    fs::remove_file(disk.join("note.txt")).unwrap();
    bench.follower.rescan(&disk);
    fs::remove_dir(&disk).unwrap();
    bench.follower.rescan(&disk);
    assert_eq!(told(), 2, "an empty folder, then none: the same outage");
}

#[test]
fn cancelling_stops_what_is_being_added_too() {
    let bench = bench();
    for number in 0..600 {
        bench.write(&format!("{number}.txt"));
    }
    let cancel = CancelToken::new();
    let (sender, begun) = std::sync::mpsc::channel();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let mut told = |_: AddTold| {
                sender.send(()).unwrap();
                while !cancel.is_cancelled() {
                    std::thread::sleep(Duration::from_millis(1));
                }
            };
            let paths = [bench.home.clone()];
            bench.engine.add_paths(&paths, &cancel, &mut told).unwrap();
        });
        begun.recv().unwrap();
        bench.engine.cancel_ingest().unwrap();
    });
    assert!(bench.held().is_empty());
}

#[test]
fn a_closed_library_begins_no_walk() {
    let bench = bench();
    let note = bench.write("note.txt");
    bench.engine.0.walks.close();
    bench.follower.touched(vec![note]);
    assert!(bench.held().is_empty());
}
