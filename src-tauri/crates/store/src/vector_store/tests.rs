//! The index through faults: it heals, answers meanwhile, and never names a passage that is not there.

use super::{IndexState, Shared, VectorStore, by_index};
use crate::Library;
use crate::testing::{add, card, commit, library, stamp, vector};
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::ChunkId;
use docmind_core::document::DocumentId;
use docmind_core::embedding::Embedding;
use docmind_core::ports::VectorIndex;
use docmind_core::retrieval::Hit;
use futures::executor::block_on;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// A library whose index is there from its first passage.
fn open(folder: &Path) -> (Arc<Library>, VectorStore) {
    open_from(folder, 0)
}

fn open_from(folder: &Path, passages: usize) -> (Arc<Library>, VectorStore) {
    let library = Arc::new(library(folder));
    let index = VectorStore::open_from(Arc::clone(&library), false, passages).unwrap();
    (library, index)
}

/// Thirty passages in six documents.
fn fill(library: &Library, index: &VectorStore) {
    for number in 0..6 {
        let lines: Vec<String> = (0..5).map(|line| format!("Document {number} says {line}.")).collect();
        let (_, committed) = add(library, &format!("/{number}.txt"), 1, &[&lines.join("\n")]);
        block_on(index.append(committed.appended)).unwrap();
    }
}

fn asked() -> Embedding {
    vector("Page 1\nDocument 3 says 2.")
}

fn search(index: &VectorStore, limit: usize) -> Vec<Hit> {
    block_on(index.search(&asked(), limit)).unwrap()
}

/// The index agrees with the exact scan, whoever answered.
fn assert_right(library: &Library, index: &VectorStore) {
    let hits = search(index, 10);
    assert_eq!(hits, library.exact_search(&asked(), 10, None).unwrap());
    assert!(hits[0].score > 0.999);
    assert_eq!(library.chunks(&[hits[0].id]).unwrap()[0].text, "Document 3 says 2.");
}

fn assert_whole(index: &VectorStore) {
    assert_eq!(index.check().unwrap(), Vec::<String>::new());
    assert_eq!(index.state(), IndexState::Ready);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(files(&path));
        } else {
            out.push(path);
        }
    }
    out.sort();
    out
}

#[test]
fn passages_are_found_as_soon_as_they_are_committed() {
    let folder = tempfile::tempdir().unwrap();
    let (library, index) = open(folder.path());
    assert_eq!(search(&index, 10), []);
    fill(&library, &index);
    assert_right(&library, &index);
    // Committed, but not appended yet.
    let (id, _) = add(&library, "/new.txt", 1, &["Brand new."]);
    let hits = block_on(index.search(&vector("Page 1\nBrand new."), 1)).unwrap();
    assert_eq!(library.chunks(&[hits[0].id]).unwrap()[0].document, id);
    assert_whole(&index);
}

#[test]
fn a_library_gets_an_index_when_it_has_outgrown_the_exact_scan() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("index");
    let is_there = || !files(&inside).is_empty();
    let (library, index) = open_from(folder.path(), 31);
    fill(&library, &index);
    index.settle().unwrap();
    assert!(!is_there(), "30 passages need none");
    assert_right(&library, &index);
    let mut told = Vec::new();
    let rebuilt = index.rebuild(&CancelToken::new(), &mut |done, all| told.push((done, all)));
    assert_eq!((rebuilt.unwrap(), told), (30, vec![(30, 30)]));
    assert!(!is_there(), "not even when asked for");
    let (_, committed) = add(&library, "/more.txt", 1, &["One more."]);
    block_on(index.append(committed.appended)).unwrap();
    index.settle().unwrap();
    assert!(is_there());
    assert_right(&library, &index);
    assert_whole(&index);
    index.close().unwrap();
    drop((library, index));
    // A few less, and it is kept; half of them, and it goes.
    let (library, index) = open_from(folder.path(), 40);
    assert_whole(&index);
    assert!(is_there());
    drop((library, index));
    let (library, index) = open_from(folder.path(), 64);
    assert_whole(&index);
    assert!(!is_there());
    assert_right(&library, &index);
}

#[test]
fn removed_hidden_and_replaced_passages_are_never_hits() {
    let folder = tempfile::tempdir().unwrap();
    let (library, index) = open(folder.path());
    fill(&library, &index);
    let id = library.document_at(Path::new("/3.txt")).unwrap().unwrap().id;
    library.hide(&[id], 1.0).unwrap();
    assert!(search(&index, 10).iter().all(|hit| hit.score < 0.999));
    library.unhide(&[id]).unwrap();
    assert_right(&library, &index);
    let removed = library.remove(&[id]).unwrap();
    assert_eq!(
        search(&index, 30).len(),
        25,
        "the index has not heard of it, the library has"
    );
    block_on(index.remove(removed.chunks)).unwrap();
    index.erase().unwrap();
    index.settle().unwrap();
    assert_eq!(search(&index, 30).len(), 25);
    let other = library.document_at(Path::new("/4.txt")).unwrap().unwrap().id;
    library.enqueue(&[stamp("/4.txt", 2)], 1.0).unwrap();
    let committed = commit(&library, other, &stamp("/4.txt", 2), &["Replaced."]).unwrap();
    block_on(index.remove(committed.removed)).unwrap();
    block_on(index.append(committed.appended)).unwrap();
    assert_eq!(search(&index, 30).len(), 21);
    assert_whole(&index);
}

/// Does something to an index whose owner takes no command, being at something long; fails where that waits for it.
fn beside_a_busy_owner(work: impl FnOnce(&VectorStore) + Send + 'static) {
    let folder = tempfile::tempdir().unwrap();
    let library = Arc::new(library(folder.path()));
    let (commands, _inbox) = mpsc::channel(1);
    let index = VectorStore {
        shared: Arc::new(Shared::new(library, IndexState::Tidying)),
        commands,
        runtime: None,
    };
    let (told, done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        work(&index);
        told.send(()).unwrap();
    });
    done.recv_timeout(Duration::from_secs(5)).unwrap();
}

#[test]
fn removing_does_not_wait_for_an_index_that_is_busy() {
    beside_a_busy_owner(|index| {
        for _ in 0..3 {
            index.erase().unwrap();
        }
    });
}

#[test]
fn a_rebuild_is_cancelled_before_its_turn() {
    beside_a_busy_owner(|index| {
        let cancel = CancelToken::new();
        let later = cancel.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            later.cancel();
        });
        let outcome = index.rebuild(&cancel, &mut |_, _| {});
        assert_eq!(outcome.unwrap_err().code(), "cancelled");
    });
}

#[test]
fn an_index_whose_best_hints_are_hidden_does_not_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (library, index) = open(folder.path());
    for number in 0..30 {
        let (_, committed) = add(
            &library,
            &format!("/{number}.txt"),
            1,
            &[&format!("Document 3 says {number}.")],
        );
        block_on(index.append(committed.appended)).unwrap();
    }
    index.settle().unwrap();
    // As many as are asked of it for five.
    let nearest: Vec<ChunkId> = library
        .exact_search(&asked(), 21, None)
        .unwrap()
        .iter()
        .map(|hit| hit.id)
        .collect();
    let hidden: Vec<DocumentId> = library
        .chunks(&nearest)
        .unwrap()
        .iter()
        .map(|chunk| chunk.document)
        .collect();
    library.hide(&hidden, 1.0).unwrap();
    // Committed, and not in the index yet: what is scanned beside it is no substitute for what it would have found further on.
    for number in 0..5 {
        add(
            &library,
            &format!("/late-{number}.txt"),
            1,
            &[&format!("Late {number}.")],
        );
    }
    let published = index.shared.view(|view| view.published.clone()).unwrap();
    let asked = asked();
    let answer = index.runtime().block_on(by_index(&index.shared, &published, &asked, 5));
    assert_eq!(answer.unwrap(), None);
}

#[test]
fn closed_in_order_it_is_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let before = {
        let (library, index) = open(folder.path());
        fill(&library, &index);
        index.close().unwrap();
        assert_right(&library, &index);
        files(&folder.path().join("index"))
    };
    assert!(!before.is_empty());
    let (library, index) = open(folder.path());
    assert_whole(&index);
    assert_eq!(files(&folder.path().join("index")), before, "nothing was built anew");
    assert_right(&library, &index);
}

#[test]
fn what_a_kill_left_out_is_made_good() {
    let folder = tempfile::tempdir().unwrap();
    let kept = {
        let (library, index) = open(folder.path());
        fill(&library, &index);
        index.settle().unwrap();
        // Committed, and gone before the index heard of it.
        add(&library, "/late.txt", 1, &["Late."]);
        let id = library.document_at(Path::new("/0.txt")).unwrap().unwrap().id;
        library.remove(&[id]).unwrap();
        files(&folder.path().join("index"))
            .into_iter()
            .find(|path| path.to_string_lossy().contains("data"))
            .unwrap()
    };
    let library = Arc::new(Library::open(folder.path()).unwrap());
    let index = VectorStore::open_from(Arc::clone(&library), true, 0).unwrap();
    assert_whole(&index);
    assert_eq!(search(&index, 40).len(), 26);
    assert!(kept.exists(), "a few passages more or less rebuild nothing");
}

#[test]
fn a_deleted_truncated_or_scribbled_folder_is_built_anew() {
    type Fault = fn(&Path);
    let faults: [(&str, Fault); 5] = [
        ("deleted", |index| fs::remove_dir_all(index).unwrap()),
        ("emptied", |index| {
            files(index).iter().for_each(|file| fs::remove_file(file).unwrap());
        }),
        ("truncated", |index| {
            for file in files(index) {
                let length = fs::metadata(&file).unwrap().len();
                fs::OpenOptions::new()
                    .write(true)
                    .open(&file)
                    .unwrap()
                    .set_len(length / 2)
                    .unwrap();
            }
        }),
        ("scribbled", |index| {
            for (seed, file) in files(index).iter().enumerate() {
                let mut bytes = fs::read(file).unwrap();
                let mut noise = blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof();
                let length = bytes.len();
                noise.fill(&mut bytes[length / 3..]);
                fs::write(file, bytes).unwrap();
            }
        }),
        ("flipped", |index| {
            let data = files(index)
                .into_iter()
                .find(|path| path.to_string_lossy().contains("data"))
                .unwrap();
            let mut bytes = fs::read(&data).unwrap();
            for byte in bytes.iter_mut().take(200) {
                *byte ^= 0x55;
            }
            fs::write(data, bytes).unwrap();
        }),
    ];
    for (name, fault) in faults {
        let folder = tempfile::tempdir().unwrap();
        {
            let (library, index) = open(folder.path());
            fill(&library, &index);
            index.close().unwrap();
        }
        fault(&folder.path().join("index"));
        {
            let (library, index) = open(folder.path());
            assert_right(&library, &index);
            assert_whole(&index);
            assert_right(&library, &index);
            assert!(!files(&folder.path().join("index")).is_empty(), "{name}");
            // And while it is open.
            fault(&folder.path().join("index"));
            assert_right(&library, &index);
            add(&library, "/more.txt", 1, &["One more."]);
            let _ = block_on(index.append(vec![(ChunkId(31), vector("Page 1\nOne more."))]));
            assert_right(&library, &index);
            assert_whole(&index);
            assert_eq!(search(&index, 50).len(), 31, "{name}");
        }
    }
}

#[test]
fn rebuilding_can_be_watched_and_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let (library, index) = open(folder.path());
    fill(&library, &index);
    let mut told = Vec::new();
    assert_eq!(
        index
            .rebuild(&CancelToken::new(), &mut |done, all| told.push((done, all)))
            .unwrap(),
        30
    );
    assert_eq!(told.last(), Some(&(30, 30)));
    assert_whole(&index);
    let cancelled = CancelToken::new();
    cancelled.cancel();
    assert_eq!(
        index.rebuild(&cancelled, &mut |_, _| {}).unwrap_err().code(),
        "cancelled"
    );
    assert_whole(&index);
    assert_right(&library, &index);
}

#[test]
fn another_embedder_gets_another_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (library, index) = open(folder.path());
    fill(&library, &index);
    let mut other = card("other");
    other.dimensions = 8;
    library.choose_embedder(&other).unwrap();
    let short = |text: &str| Embedding(vector(text).0[..8].to_vec());
    assert_eq!(block_on(index.search(&short("x"), 5)).unwrap(), []);
    let given: Vec<_> = library
        .passages_to_embed(ChunkId(0), 100)
        .unwrap()
        .into_iter()
        .map(|(id, text)| (id, short(&text)))
        .collect();
    let added = library.put_vectors("other", given).unwrap();
    block_on(index.append(added)).unwrap();
    library.drop_other_vectors().unwrap();
    let hits = block_on(index.search(&short("Page 1\nDocument 3 says 2."), 5)).unwrap();
    assert_eq!(library.chunks(&[hits[0].id]).unwrap()[0].text, "Document 3 says 2.");
    assert_whole(&index);
    assert_eq!(fs::read_dir(folder.path().join("index")).unwrap().count(), 1);
}

#[test]
fn a_reader_beside_the_owner_searches_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (library, index) = open(folder.path());
    fill(&library, &index);
    index.settle().unwrap();
    let before = files(&folder.path().join("index"));
    let reader = Arc::new(Library::open_read_only(folder.path()).unwrap());
    let beside = VectorStore::open_read_only(Arc::clone(&reader)).unwrap();
    assert_right(&reader, &beside);
    add(&library, "/more.txt", 1, &["One more."]);
    assert_eq!(search(&beside, 50).len(), 31);
    assert_eq!(
        beside.rebuild(&CancelToken::new(), &mut |_, _| {}).unwrap_err().code(),
        "library_read_only"
    );
    beside.close().unwrap();
    drop(beside);
    assert_eq!(files(&folder.path().join("index")), before);
}

#[cfg(unix)]
#[test]
fn its_files_belong_to_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (library, index) = open(folder.path());
    fill(&library, &index);
    index.settle().unwrap();
    for file in files(&folder.path().join("index")) {
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600,
            "{}",
            file.display()
        );
    }
    assert_eq!(
        fs::metadata(folder.path().join("index")).unwrap().permissions().mode() & 0o777,
        0o700
    );
}
