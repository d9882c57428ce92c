//! Killed at any moment, with the index's folder damaged, or with the disk full: nothing is lost, nothing is doubled, it goes on by
//! itself.

use anyhow::{Context, Result, ensure};
use docmind_tests::{Library, Run, bin_dir, full, parse, worker_processes, workers_of};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A small deterministic generator: the run prints its moments, so that a failure can be repeated.
struct Moments(u64);

impl Moments {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn notes(count: usize) -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    for n in 0..count {
        let text = format!(
            "Shelf {n} of the archive holds the maps of parish number {n}, drawn in {}. ",
            1700 + n
        );
        std::fs::write(folder.path().join(format!("note-{n:03}.txt")), text.repeat(1 + n % 7))?;
    }
    Ok(folder)
}

/// Who is killed in a round.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Victim {
    Application,
    Worker(&'static str),
}

const VICTIMS: [Victim; 4] = [
    Victim::Application,
    Victim::Worker("docmind-embed"),
    Victim::Application,
    Victim::Worker("docmind-parse"),
];

const NOTES: usize = 120;
/// Notes rewritten between two rounds, so that each round has work.
const REWRITTEN: usize = 30;

/// What was acknowledged on standard output: path and state, the later line winning.
type Acknowledged = BTreeMap<String, String>;

#[test]
fn killed_at_random_moments_of_an_ingest() -> Result<()> {
    let rounds = if full() { 30 } else { 6 };
    let folder = notes(NOTES)?;
    let library = Library::new()?.indexed();
    let mut moments = Moments(0x9E37_79B9_7F4A_7C15);
    let mut acknowledged = Acknowledged::new();
    let mut hit = 0;
    for round in 0..rounds {
        let victim = VICTIMS[round % VICTIMS.len()];
        let started = Instant::now();
        let child = library.start(&["add".as_ref(), folder.path().as_os_str()])?;
        let (run, killed) = strike(child, victim, &mut moments)?;
        eprintln!(
            "round {round}: {victim:?} {} after {} ms, {} documents acknowledged",
            if killed { "killed" } else { "had ended" },
            started.elapsed().as_millis(),
            run.of_type("document").count()
        );
        hit += usize::from(killed);
        if victim != Victim::Application {
            assert_eq!(
                run.status,
                Some(0),
                "round {round}: it goes on without the dead worker\n{}",
                run.stderr
            );
        }
        for line in run.of_type("document") {
            let path = line["path"].as_str().context("no path")?;
            let state = line["state"].as_str().context("no state")?;
            acknowledged.insert(path.to_owned(), state.to_owned());
        }
        hold_to_the_promise(&library, &acknowledged).with_context(|| format!("round {round}, {victim:?}"))?;
        for _ in 0..REWRITTEN {
            let edited = folder
                .path()
                .join(format!("note-{:03}.txt", moments.below(NOTES as u64)));
            let text = format!(
                "In round {round} note {} was rewritten by the parish.",
                moments.below(1 << 40)
            );
            acknowledged.remove(edited.to_string_lossy().as_ref());
            std::fs::write(edited, text)?;
        }
    }
    ensure!(
        hit * 2 >= rounds,
        "only {hit} of {rounds} kills met a running process: this test proves little"
    );

    // It goes on by itself: the folder is not named again, only some other file.
    let mut interrupted = library.start(&["add".as_ref(), folder.path().as_os_str()])?;
    wait_for(Duration::from_mins(1), || Ok(!listed(&library)?.is_empty()))?;
    interrupted.kill()?;
    interrupted.wait()?;
    let other = tempfile::tempdir()?;
    std::fs::write(
        other.path().join("other.txt"),
        "The verger keeps the spare key of the crypt.",
    )?;
    let last = library.ok(&["add".as_ref(), other.path().as_os_str()])?;
    assert_eq!(last.last()["failed"], 0, "{:#}", last.last());
    for (path, state) in listed(&library)? {
        assert!(state == "ready" || state == "duplicate", "`{path}` is left {state}");
    }
    let whole = library.ok(&["add".as_ref(), folder.path().as_os_str()])?;
    assert_eq!(whole.last()["failed"], 0, "{:#}", whole.last());
    assert_eq!(library.check()?["documents"], NOTES + 1);
    assert_eq!(orphans(), Vec::<u32>::new(), "children outlived their parent");
    Ok(())
}

/// Kills the victim at a random moment of its life and lets the command end. False when nobody was left to be killed.
fn strike(mut child: Child, victim: Victim, moments: &mut Moments) -> Result<(Run, bool)> {
    let mut killed = false;
    match victim {
        Victim::Application => {
            std::thread::sleep(Duration::from_millis(100 + moments.below(2_500)));
            if child.try_wait()?.is_none() {
                child.kill()?;
                killed = true;
            }
        }
        Victim::Worker(name) => {
            let until = Instant::now() + Duration::from_secs(30);
            while !killed && Instant::now() < until && child.try_wait()?.is_none() {
                if let Some(pid) = workers_of(child.id(), name).first() {
                    std::thread::sleep(Duration::from_millis(moments.below(1_200)));
                    killed = Command::new("kill").args(["-9", &pid.to_string()]).status()?.success();
                } else {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        }
    }
    let output = child.wait_with_output()?;
    // A killed writer may leave half a line: what was not said whole was not said.
    let mut output = output;
    if let Some(end) = output.stdout.iter().rposition(|byte| *byte == b'\n') {
        output.stdout.truncate(end + 1);
    } else {
        output.stdout.clear();
    }
    Ok((parse(&output)?, killed))
}

/// Sound, every document once and in a state of its own, and nothing acknowledged is lost.
fn hold_to_the_promise(library: &Library, acknowledged: &Acknowledged) -> Result<()> {
    library.check()?;
    let now = listed(library)?;
    for (path, state) in &now {
        ensure!(
            ["ready", "duplicate", "queued"].contains(&state.as_str()),
            "`{path}` is neither whole nor queued: {state}"
        );
    }
    for (path, said) in acknowledged {
        let state = now
            .get(path)
            .with_context(|| format!("`{path}` was acknowledged and is gone"))?;
        ensure!(state != "queued", "`{path}` was acknowledged as {said} and is {state}");
    }
    Ok(())
}

/// Path and state of every document; a path that stands twice is an error.
fn listed(library: &Library) -> Result<BTreeMap<String, String>> {
    let run = library.ok(&["list"])?;
    let mut out = BTreeMap::new();
    for line in &run.lines {
        let path = line["path"].as_str().context("no path")?.to_owned();
        let state = line["state"].as_str().context("no state")?.to_owned();
        ensure!(out.insert(path.clone(), state).is_none(), "`{path}` stands twice");
    }
    Ok(out)
}

fn wait_for(most: Duration, mut done: impl FnMut() -> Result<bool>) -> Result<()> {
    let until = Instant::now() + most;
    while !done()? {
        ensure!(Instant::now() < until, "nothing came of it within {most:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Workers of this build without a living parent of ours, after a moment of grace.
fn orphans() -> Vec<u32> {
    let started = Instant::now();
    loop {
        let left = without_parent();
        if left.is_empty() || started.elapsed() > Duration::from_secs(5) {
            return left;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn without_parent() -> Vec<u32> {
    worker_processes()
        .into_iter()
        .filter(|pid| docmind_tests::parent(*pid) == Some(1))
        .collect()
}

#[test]
fn a_damaged_index_is_rebuilt_by_itself_and_never_quotes_wrongly() -> Result<()> {
    let folder = notes(60)?;
    let library = Library::new()?.indexed();
    library.ok(&["add".as_ref(), folder.path().as_os_str()])?;
    let mut moments = Moments(0x2545_F491_4F6C_DD1D);
    let damages = if full() { 12 } else { 4 };
    for damage in ["delete", "truncate", "scribble"].into_iter().cycle().take(damages) {
        let index = index_folder(library.path()).context("no index folder: this test proves nothing")?;
        match damage {
            "delete" => std::fs::remove_dir_all(&index)?,
            _ => harm(&index, damage == "truncate", &mut moments)?,
        }
        // Answers meanwhile: nothing was rebuilt yet.
        for n in [3_u64, 17, 42, moments.below(60)] {
            let run = library.ok(&["search", "-k", "3", &format!("maps of parish number {n} on shelf {n}")])?;
            let first = &run.last()["results"][0];
            let path = PathBuf::from(
                first["path"]
                    .as_str()
                    .with_context(|| format!("{damage}: nothing found"))?,
            );
            let text = std::fs::read_to_string(&path)?;
            assert!(
                text.contains(first["text"].as_str().context("no text")?),
                "{damage}: a wrong quote: {first:#}"
            );
            assert!(path.ends_with(format!("note-{n:03}.txt")), "{damage}: {first:#}");
        }
        // By itself: whoever opens the library next finds the damage and builds the index from SQLite.
        library.check().with_context(|| damage.to_owned())?;
        ensure!(
            index_folder(library.path()).is_some(),
            "{damage}: the index was not built again"
        );
        let again = library.ok(&["add".as_ref(), folder.path().as_os_str()])?;
        assert_eq!(again.last()["chunks"], 0, "{damage}: nothing is embedded again");
    }
    Ok(())
}

/// The folder that LanceDB's data files lie in.
fn index_folder(data: &Path) -> Option<PathBuf> {
    let mut open = vec![data.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).ok()?.filter_map(Result::ok) {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "lance") && path.is_dir() {
                return Some(path);
            }
            if path.is_dir() {
                open.push(path);
            }
        }
    }
    None
}

fn harm(folder: &Path, truncate: bool, moments: &mut Moments) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            harm(&path, truncate, moments)?;
            continue;
        }
        let mut bytes = std::fs::read(&path)?;
        if truncate {
            bytes.truncate(bytes.len() / 2);
        } else {
            let len = bytes.len() as u64;
            for _ in 0..=len / 50 {
                bytes[moments.below(len.max(1)) as usize] = moments.below(256) as u8;
            }
        }
        std::fs::write(&path, bytes)?;
    }
    Ok(())
}

#[test]
fn nothing_is_left_running_after_a_command() -> Result<()> {
    let folder = notes(5)?;
    let library = Library::new()?;
    let before: BTreeSet<u32> = without_parent().into_iter().collect();
    library.ok(&["add".as_ref(), folder.path().as_os_str()])?;
    library.ok(&["ask", "Which maps does shelf 3 hold?"])?;
    let after: BTreeSet<u32> = without_parent().into_iter().collect();
    assert!(
        after.is_subset(&before),
        "left behind in `{}`: {after:?}",
        bin_dir().display()
    );
    Ok(())
}

/// A small file system of its own in memory; gone when dropped.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// `None`, with a printed line, where nobody may mount one.
    fn of(size: &str) -> Result<Option<Self>> {
        let folder = tempfile::tempdir()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "docmind-test"])
            .arg(folder.path())
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Ok(Some(Self { folder }));
        }
        docmind_tests::left_out("a small disk can be mounted by root alone");
        Ok(None)
    }

    fn grow(&self, size: &str) -> Result<()> {
        let grown = Command::new("mount")
            .args(["-o", &format!("remount,size={size}")])
            .arg(self.folder.path())
            .status()?;
        ensure!(grown.success(), "the disk could not be made larger");
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Whatever the test came to: the mount must go before its folder does.
        drop(Command::new("umount").arg("-l").arg(self.folder.path()).status());
    }
}

#[test]
fn a_full_disk_is_named_and_ingest_goes_on_when_there_is_room() -> Result<()> {
    let Some(disk) = SmallDisk::of("3m")? else {
        return Ok(());
    };
    let library = Library::at(disk.folder.path().join("data"));
    let folder = tempfile::tempdir()?;
    let count = 80;
    // A number that stands nowhere else.
    let vintage = |n: usize, line: usize| 100_000 + n * 1_000 + line;
    for n in 0..count {
        let text: String = (0..150)
            .map(|line| format!("Barrel {n}-{line} of the cellar holds vintage {}. ", vintage(n, line)))
            .collect();
        std::fs::write(folder.path().join(format!("cellar-{n:02}.txt")), text)?;
    }
    let full = library.run(&["add".as_ref(), folder.path().as_os_str()])?;
    assert_eq!(full.status, Some(1), "{:#?}\n{}", full.last(), full.stderr);
    let error = &full.last()["error"];
    assert_eq!(error["code"], "disk_full", "{:#?}\n{}", full.lines, full.stderr);
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|message| message.lines().count() == 2),
        "what to do stands on its own line: {error}"
    );
    let done: Vec<&str> = full
        .of_type("document")
        .filter(|line| line["state"] == "ready")
        .filter_map(|line| line["path"].as_str())
        .collect();
    ensure!(done.len() < count, "the disk was never full: this test proves nothing");
    eprintln!("{} of {count} documents fitted", done.len());

    // What was acknowledged is found while the disk is still full.
    if let Some(first) = done.first() {
        let number: usize = first[first.len() - 6..first.len() - 4].parse()?;
        let found = library.ok(&[
            "search",
            "--mode",
            "keyword",
            &format!("vintage {}", vintage(number, 7)),
        ])?;
        assert_eq!(found.last()["results"][0]["path"], *first, "{:#}", found.last());
    }

    disk.grow("200m")?;
    library.check()?;
    let states = listed(&library)?;
    for path in &done {
        assert_eq!(
            states.get(*path).map(String::as_str),
            Some("ready"),
            "`{path}` was acknowledged"
        );
    }
    let again = library.ok(&["add".as_ref(), folder.path().as_os_str()])?;
    assert_eq!(
        (again.last()["failed"].as_u64(), again.last()["ready"].as_u64()),
        (Some(0), Some(count as u64))
    );
    assert_eq!(library.check()?["documents"], count);
    Ok(())
}
