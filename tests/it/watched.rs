//! Watched folders through the façade: what is added, changed, moved and deleted there is followed, over restarts too.

use crate::house::{House, add, report};
use anyhow::{Context, Result, ensure};
use docmind_core::document::{DocumentId, DocumentState};
use docmind_engine::documents::ListRequest;
use docmind_engine::{Background, Engine};
use docmind_tests::full;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Files lie in so many folders.
const SHELVES: usize = 10;

fn note(folder: &Path, n: usize) -> PathBuf {
    folder.join(format!("shelf-{}/row-{}/note-{n:05}.txt", n % SHELVES, n % 3))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(path.parent().context("a note has a folder")?)?;
    Ok(fs::write(path, text)?)
}

/// Path and id of all that is searchable or a copy; other states are returned as `Err`.
fn settled(engine: &Engine) -> Result<Option<BTreeMap<PathBuf, DocumentId>>> {
    let page = engine.documents(&ListRequest::default()).map_err(report)?;
    let whole = page
        .rows
        .iter()
        .all(|row| matches!(row.state, DocumentState::Ready | DocumentState::Duplicate));
    Ok(whole.then(|| {
        page.rows
            .into_iter()
            .map(|row| (PathBuf::from(row.path), row.id))
            .collect()
    }))
}

/// Waits until exactly these files stand in the library, all of them settled.
fn follows(engine: &Engine, wanted: &dyn Fn() -> Result<Vec<PathBuf>>) -> Result<BTreeMap<PathBuf, DocumentId>> {
    let wanted = wanted()?;
    let until = Instant::now() + Duration::from_secs(if full() { 1800 } else { 180 });
    loop {
        if let Some(there) = settled(engine)?
            && engine.ingest_progress().done == engine.ingest_progress().total
            && there.len() == wanted.len()
            && wanted.iter().all(|path| there.contains_key(path))
        {
            return Ok(there);
        }
        ensure!(
            Instant::now() < until,
            "the library does not follow: {:?}, {} files wanted",
            engine.summary(),
            wanted.len()
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn on_disk(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut open = vec![folder.to_path_buf()];
    let mut files = Vec::new();
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                files.push(path);
            }
        }
    }
    Ok(files)
}

/// What a window asks for while files pour in, with how long it waited.
fn looks(engine: &Engine, over: &std::sync::atomic::AtomicBool) -> Vec<Duration> {
    let mut waits = Vec::new();
    let first_rows = ListRequest {
        limit: Some(50),
        ..ListRequest::default()
    };
    while !over.load(std::sync::atomic::Ordering::Relaxed) {
        let started = Instant::now();
        let looked = engine.documents(&first_rows).is_ok() && engine.summary().is_ok();
        if looked {
            waits.push(started.elapsed());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    waits.sort_unstable();
    waits
}

#[test]
fn a_watched_folder_is_followed_over_changes_moves_and_restarts() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let count = if full() { 10_000 } else { 200 };
    let temp = tempfile::tempdir()?;
    let folder = temp.path().canonicalize()?.join("papers");
    for n in 0..count {
        write(
            &note(&folder, n),
            &format!("Ledger {n} lists the debts of family {}.", n * 7),
        )?;
    }
    let engine = house.open(Background::All)?;
    let watched = serde_json::json!([folder.to_string_lossy()]);
    let started = Instant::now();
    engine.set_setting("watched_folders", watched).map_err(report)?;
    let over = std::sync::atomic::AtomicBool::new(false);
    let (there, waits) = std::thread::scope(|threads| {
        let waits = threads.spawn(|| looks(&engine, &over));
        let there = follows(&engine, &|| on_disk(&folder));
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        (there, waits.join().unwrap_or_default())
    });
    let before = there?;
    let at = |share: usize| waits.get(waits.len() * share / 100).copied().unwrap_or_default();
    eprintln!(
        "{count} files followed in {:.1} s; a look at list and counts meanwhile: median {:?}, p95 {:?}, longest {:?} of {}",
        started.elapsed().as_secs_f32(),
        at(50),
        at(95),
        waits.last().copied().unwrap_or_default(),
        waits.len()
    );

    // Added in a new folder, changed, moved with its folder, deleted with its folder: all at once.
    write(
        &folder.join("new/deep/below/letter.txt"),
        "The letter speaks of a walnut cabinet.",
    )?;
    write(&note(&folder, 4), "Ledger four now lists a grandfather clock.")?;
    fs::rename(folder.join("shelf-1"), folder.join("shelf-one"))?;
    fs::remove_dir_all(folder.join("shelf-2"))?;
    fs::remove_file(note(&folder, 3))?;
    let after = follows(&engine, &|| on_disk(&folder))?;
    wait_until(|| Ok(finds(&engine, "grandfather clock")? == Some(note(&folder, 4))))?;
    assert_eq!(
        finds(&engine, "walnut cabinet")?,
        Some(folder.join("new/deep/below/letter.txt"))
    );
    for (path, id) in before
        .iter()
        .filter(|(path, _)| path.starts_with(folder.join("shelf-1")))
    {
        let moved = folder
            .join("shelf-one")
            .join(path.strip_prefix(folder.join("shelf-1"))?);
        assert_eq!(
            after.get(&moved),
            Some(id),
            "a moved file keeps its place in the library"
        );
    }
    let soundness = engine.check().map_err(report)?;
    assert!(soundness.ok, "{soundness:?}");
    engine.close();
    drop(engine);

    // While nobody watches.
    write(&folder.join("while-away.txt"), "The attic holds a broken barometer.")?;
    write(&note(&folder, 5), "Ledger five was burnt and written anew about amber.")?;
    fs::rename(note(&folder, 6), folder.join("six-elsewhere.txt"))?;
    fs::remove_file(note(&folder, 7))?;
    let engine = house.open(Background::All)?;
    let last = follows(&engine, &|| on_disk(&folder))?;
    assert_eq!(
        last.get(&folder.join("six-elsewhere.txt")),
        before.get(&note(&folder, 6))
    );
    wait_until(|| Ok(finds(&engine, "burnt amber")? == Some(note(&folder, 5))))?;
    assert_eq!(finds(&engine, "broken barometer")?, Some(folder.join("while-away.txt")));

    // No longer watched: it stays as it is, while another folder is followed.
    let other = folder.with_file_name("other");
    fs::create_dir(&other)?;
    engine
        .set_setting("watched_folders", serde_json::json!([other.to_string_lossy()]))
        .map_err(report)?;
    write(&folder.join("unseen.txt"), "Nobody follows this any more.")?;
    write(&other.join("followed.txt"), "The granary holds nine sacks of spelt.")?;
    wait_until(|| Ok(finds(&engine, "nine sacks of spelt")? == Some(other.join("followed.txt"))))?;
    assert_eq!(settled(&engine)?.map(|there| there.len()), Some(last.len() + 1));
    let soundness = engine.check().map_err(report)?;
    assert!(soundness.ok, "{soundness:?}");
    engine.close();
    Ok(())
}

#[test]
fn a_watched_disk_that_is_away_at_the_start_loses_no_document() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let temp = tempfile::tempdir()?;
    let folder = temp.path().canonicalize()?.join("disk");
    let aside = folder.with_file_name("unplugged");
    for n in 0..3 {
        write(&note(&folder, n), &format!("Ledger {n} lists the debts of family {n}."))?;
    }
    let watched = serde_json::json!([folder.to_string_lossy()]);
    let engine = house.open(Background::All)?;
    engine.set_setting("watched_folders", watched).map_err(report)?;
    let before = follows(&engine, &|| on_disk(&folder))?;
    engine.close();
    drop(engine);

    // What a disk leaves behind that is not mounted: the empty folder.
    fs::rename(&folder, &aside)?;
    fs::create_dir(&folder)?;
    let engine = house.open(Background::All)?;
    // Longer than what is gone waits for its other half.
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(settled(&engine)?, Some(before.clone()));
    engine.close();
    drop(engine);

    fs::remove_dir(&folder)?;
    fs::rename(&aside, &folder)?;
    let engine = house.open(Background::All)?;
    assert_eq!(follows(&engine, &|| on_disk(&folder))?, before);
    engine.close();
    Ok(())
}

#[test]
fn what_a_person_removed_stays_out_of_the_library_until_it_is_added_by_name() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let temp = tempfile::tempdir()?;
    let folder = temp.path().canonicalize()?.join("papers");
    for n in 0..4 {
        write(&note(&folder, n), &format!("Ledger {n} lists the debts of family {n}."))?;
    }
    let removed = note(&folder, 1);
    let rest = || -> Result<Vec<PathBuf>> {
        let all = on_disk(&folder)?;
        Ok(all.into_iter().filter(|path| *path != removed).collect())
    };
    let engine = house.open(Background::All)?;
    let watched = serde_json::json!([folder.to_string_lossy()]);
    engine.set_setting("watched_folders", watched).map_err(report)?;
    let before = follows(&engine, &|| on_disk(&folder))?;
    let id = before.get(&removed).copied().context("it is in the library")?;
    engine.forget(&[id]).map_err(report)?;

    // Written to, with another file by which it shows that this was seen; then over a restart.
    write(&removed, "Ledger one was written anew about amber.")?;
    write(&folder.join("later.txt"), "The attic holds a broken barometer.")?;
    follows(&engine, &rest)?;
    engine.close();
    drop(engine);
    let engine = house.open(Background::All)?;
    write(&folder.join("after.txt"), "The letter speaks of a walnut cabinet.")?;
    follows(&engine, &rest)?;

    add(&engine, &removed)?;
    let back = follows(&engine, &|| on_disk(&folder))?;
    let id = back.get(&removed).copied().context("it was added by name")?;
    engine.remove(&[id]).map_err(report)?;
    engine.undo_remove(&[id]).map_err(report)?;
    write(&removed, "Ledger one now lists a grandfather clock.")?;
    wait_until(|| Ok(finds(&engine, "grandfather clock")?.as_ref() == Some(&removed)))?;
    engine.close();
    Ok(())
}

#[test]
fn a_folder_in_anothers_place_and_what_programs_leave_behind_are_told_apart() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let temp = tempfile::tempdir()?;
    let root = temp.path().canonicalize()?;
    let (folder, new) = (root.join("papers"), root.join("new"));
    for n in 0..20 {
        write(&note(&folder, n), &format!("Ledger {n} lists the debts of family {n}."))?;
    }
    let engine = house.open(Background::All)?;
    let watched = serde_json::json!([folder.to_string_lossy()]);
    engine.set_setting("watched_folders", watched).map_err(report)?;
    follows(&engine, &|| on_disk(&folder))?;

    write(&new.join("row-0/fresh.txt"), "The attic holds a broken barometer.")?;
    fs::remove_dir_all(folder.join("shelf-0"))?;
    fs::rename(&new, folder.join("shelf-0"))?;
    follows(&engine, &|| on_disk(&folder))?;

    let wanted = on_disk(&folder)?;
    write(&folder.join(".git/COMMIT_EDITMSG"), "Move the barometer.")?;
    write(&folder.join("shelf-0/.~lock.fresh.odt#"), ",me,attic,")?;
    let last = folder.join("last.txt");
    write(&last, "The letter speaks of a walnut cabinet.")?;
    follows(&engine, &|| Ok(wanted.iter().chain([&last]).cloned().collect()))?;
    engine.close();
    Ok(())
}

fn finds(engine: &Engine, words: &str) -> Result<Option<PathBuf>> {
    let request = docmind_engine::search::SearchRequest {
        query: words.to_owned(),
        mode: docmind_core::retrieval::SearchMode::Keyword,
        limit: 1,
        ..Default::default()
    };
    let found = engine
        .search(&request, &docmind_core::cancel::CancelToken::new())
        .map_err(report)?;
    Ok(found.results.first().map(|result| PathBuf::from(&result.path)))
}

fn wait_until(mut done: impl FnMut() -> Result<bool>) -> Result<()> {
    let until = Instant::now() + Duration::from_mins(1);
    while !done()? {
        ensure!(Instant::now() < until, "it never came");
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
