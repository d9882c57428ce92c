//! Killed at any moment, and with the index's folder damaged: nothing is lost, nothing is doubled, it goes on by itself.

use anyhow::{Context, Result};
use docmind_tests::{Library, bin_dir, full, worker_processes};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A small deterministic generator: the run prints its seed's moments, so that a failure can be repeated.
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

#[test]
fn killed_at_random_moments_of_an_ingest() -> Result<()> {
    let rounds = if full() { 30 } else { 6 };
    let folder = notes(120)?;
    let library = Library::new()?;
    let mut moments = Moments(0x9E37_79B9_7F4A_7C15);
    let mut acknowledged = BTreeSet::new();
    for round in 0..rounds {
        let mut child = library.start(&["add".as_ref(), folder.path().as_os_str()])?;
        let wait = 100 + moments.below(2_500);
        std::thread::sleep(Duration::from_millis(wait));
        let victim = if round % 3 == 2 {
            worker_processes().into_iter().next()
        } else {
            None
        };
        if let Some(pid) = victim {
            std::process::Command::new("kill")
                .args(["-9", &pid.to_string()])
                .status()?;
            child.wait()?;
        } else {
            child.kill()?;
        }
        let output = child.wait_with_output()?;
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else {
                continue;
            };
            if line["type"] == "document" && line["state"] == "ready" {
                acknowledged.insert(line["path"].as_str().context("no path")?.to_owned());
            }
        }
        library
            .check()
            .with_context(|| format!("round {round}, killed after {wait} ms"))?;
        let listed = library.ok(&["list"])?;
        let paths: Vec<&str> = listed.lines.iter().filter_map(|line| line["path"].as_str()).collect();
        let unique: BTreeSet<&str> = paths.iter().copied().collect();
        assert_eq!(paths.len(), unique.len(), "round {round}: a document stands twice");
        for path in &acknowledged {
            let state = listed
                .lines
                .iter()
                .find(|line| line["path"] == path.as_str())
                .map(|line| &line["state"]);
            assert!(
                state.is_some_and(|state| state == "ready"),
                "round {round}: `{path}` was acknowledged and is {state:?}"
            );
        }
        let edited = folder.path().join(format!("note-{:03}.txt", moments.below(120)));
        acknowledged.remove(edited.to_string_lossy().as_ref());
        std::fs::write(edited, format!("Round {round} rewrote this note about parish {round}."))?;
    }
    let last = library.ok(&["add".as_ref(), folder.path().as_os_str()])?;
    assert_eq!(last.last()["failed"], 0, "{:#}", last.last());
    let report = library.check()?;
    assert_eq!(report["documents"], 120);
    assert_eq!(orphans(), Vec::<u32>::new(), "children outlived their parent");
    Ok(())
}

/// Workers of this build without a living parent of ours, after a moment of grace.
fn orphans() -> Vec<u32> {
    let started = Instant::now();
    loop {
        let left: Vec<u32> = worker_processes()
            .into_iter()
            .filter(|pid| parent(*pid) == Some(1))
            .collect();
        if left.is_empty() || started.elapsed() > Duration::from_secs(5) {
            return left;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn parent(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("PPid:"))?
        .trim()
        .parse()
        .ok()
}

#[test]
fn a_damaged_index_is_rebuilt_and_never_quotes_wrongly() -> Result<()> {
    let folder = notes(60)?;
    let library = Library::new()?;
    library.ok(&["add".as_ref(), folder.path().as_os_str()])?;
    let mut moments = Moments(0x2545_F491_4F6C_DD1D);
    for damage in ["delete", "truncate", "scribble", "scribble", "truncate"] {
        let index = index_folder(library.path()).context("no index folder: this test proves nothing")?;
        match damage {
            "delete" => std::fs::remove_dir_all(&index)?,
            _ => harm(&index, damage == "truncate", &mut moments)?,
        }
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
        library.ok(&["rebuild"])?;
        library.check()?;
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
            for _ in 0..=(len / 50) {
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
    let before: BTreeSet<u32> = worker_processes()
        .into_iter()
        .filter(|pid| parent(*pid) == Some(1))
        .collect();
    library.ok(&["add".as_ref(), folder.path().as_os_str()])?;
    library.ok(&["ask", "Which maps does shelf 3 hold?"])?;
    let after: BTreeSet<u32> = worker_processes()
        .into_iter()
        .filter(|pid| parent(*pid) == Some(1))
        .collect();
    assert!(
        after.is_subset(&before),
        "left behind in `{}`: {after:?}",
        bin_dir().display()
    );
    Ok(())
}
