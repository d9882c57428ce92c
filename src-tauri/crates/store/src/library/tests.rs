//! The library by its public face.

mod damage;
mod lists;
mod removal;
mod stories;
mod words;

use super::Library;
use crate::records::{DocumentOrder, DocumentQuery, Enqueued, IndexedDocument, Recognised, Settlement};
use crate::testing::{add, card, commit, content, hash, library, stamp, vector};
use crate::{EmbedderChoice, StoreError};
use docmind_core::chunk::ChunkId;
use docmind_core::document::{DocumentId, DocumentState};
use docmind_core::error::ErrorReport;
use docmind_core::question::KeywordQuery;
use std::cell::RefCell;
use std::fs;
use std::path::Path;

fn texts(library: &Library, query: &str) -> Vec<String> {
    let hits = library.keyword_search(&KeywordQuery::parse(query), 10, None).unwrap();
    assert!(
        hits.iter().all(|hit| hit.score > 0.0) && hits.is_sorted_by(|a, b| a.score >= b.score),
        "{hits:?}"
    );
    let ids: Vec<ChunkId> = hits.iter().map(|hit| hit.id).collect();
    library
        .chunks(&ids)
        .unwrap()
        .into_iter()
        .map(|chunk| chunk.text)
        .collect()
}

fn assert_sound(library: &Library) {
    assert_eq!(library.check().unwrap().problems, Vec::<String>::new());
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut out = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                out.push(path);
            }
        }
    }
    out
}

#[test]
fn a_document_is_found_by_words_by_vector_and_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let (id, committed) = add(
        &library,
        "/a.txt",
        1,
        &[
            "The boiler runs at 80 degrees.\nPumps are serviced yearly.",
            "Filters: ISO-9001.",
        ],
    );
    assert_eq!(committed.appended.len(), 3);
    assert_eq!(texts(&library, "boilers running"), ["The boiler runs at 80 degrees."]);
    assert_eq!(texts(&library, "ISO-9001"), ["Filters: ISO-9001."]);
    let hits = library
        .exact_search(&vector("Page 1\nPumps are serviced yearly."), 2, None)
        .unwrap();
    assert_eq!(hits.len(), 2);
    assert!(hits[0].score > 0.999);
    let chunk = &library.chunks(&[hits[0].id]).unwrap()[0];
    assert_eq!(
        (chunk.document, chunk.page, chunk.ordinal, chunk.text.as_str()),
        (id, 1, 1, "Pumps are serviced yearly.")
    );
    let page = library.page(id, chunk.page).unwrap().unwrap();
    assert_eq!(chunk.span.slice(&page.text), chunk.text);
    assert_eq!(
        library.pages(id).unwrap(),
        content(&[
            "The boiler runs at 80 degrees.\nPumps are serviced yearly.",
            "Filters: ISO-9001."
        ])
        .0
    );
    assert_sound(&library);
}

/// Follows no move.
fn nobody(_: &Path) {}

#[test]
fn a_moved_copy_is_still_that_copy() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let (first, _) = add(&library, "/a.txt", 1, &["Zinc is bluish."]);
    let (copy, _) = add(&library, "/b.txt", 1, &["Zinc is bluish."]);
    let queued = library.enqueue(&[stamp("/c.txt", 1)], 1.0).unwrap().files[0].id();
    let former = RefCell::new(Vec::new());
    let known = library
        .recognise(
            queued,
            &hash("Zinc is bluish."),
            &stamp("/c.txt", 1),
            2.0,
            |path| path == Path::new("/a.txt"),
            |path| former.borrow_mut().push(path.to_owned()),
        )
        .unwrap();
    assert_eq!(
        known,
        Recognised::Moved {
            document: copy,
            removed: vec![]
        }
    );
    assert_eq!(former.into_inner(), [Path::new("/b.txt")]);
    let record = library.document(copy).unwrap().unwrap();
    assert_eq!(
        (record.path.as_path(), record.state, record.duplicate_of),
        (Path::new("/c.txt"), DocumentState::Duplicate, Some(first))
    );
    assert_eq!(library.document(queued).unwrap(), None);
    assert_sound(&library);
}

#[test]
fn the_same_bytes_are_held_once() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let (first, committed) = add(&library, "/a.txt", 1, &["Copper conducts heat."]);
    let (second, duplicate) = add(&library, "/b.txt", 1, &["Copper conducts heat."]);
    assert_eq!(duplicate.duplicate_of, Some(first));
    assert_eq!(
        library.document(second).unwrap().unwrap().state,
        DocumentState::Duplicate
    );
    assert_eq!(
        library.page(second, 1).unwrap().map(|page| page.text).as_deref(),
        Some("Copper conducts heat.")
    );
    let third = library.enqueue(&[stamp("/c.txt", 1)], 1.0).unwrap().files[0].id();
    let known = library
        .recognise(
            third,
            &hash("Copper conducts heat."),
            &stamp("/c.txt", 1),
            2.0,
            |_| true,
            nobody,
        )
        .unwrap();
    assert_eq!(
        known,
        Recognised::Duplicate {
            original: first,
            removed: vec![]
        }
    );
    assert_eq!(texts(&library, "copper").len(), 1);
    assert_sound(&library);

    // The original goes: a duplicate takes its passages over, ids and vectors with them.
    let removed = library.remove(&[first]).unwrap();
    assert_eq!(
        (removed.chunks.as_slice(), removed.promoted.as_slice()),
        ([].as_slice(), [second].as_slice())
    );
    let heir = library.document(second).unwrap().unwrap();
    assert_eq!((heir.state, heir.chunks), (DocumentState::Ready, 1));
    assert_eq!(library.chunks_of(second).unwrap()[0].id, committed.appended[0].0);
    assert_eq!(library.document(third).unwrap().unwrap().duplicate_of, Some(second));
    assert_sound(&library);
    assert_eq!(
        library.remove(&[second, third]).unwrap().chunks,
        [committed.appended[0].0]
    );
    assert!(texts(&library, "copper").is_empty());
    assert_sound(&library);
}

#[test]
fn a_touched_file_is_free_a_changed_one_is_replaced_a_moved_one_keeps_its_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let (id, before) = add(&library, "/a.txt", 1, &["Old words."]);
    assert_eq!(
        library.enqueue(&[stamp("/a.txt", 1)], 3.0).unwrap().files,
        [Enqueued::Unchanged(id)]
    );

    assert_eq!(
        library.enqueue(&[stamp("/a.txt", 2)], 3.0).unwrap().files,
        [Enqueued::Changed(id)]
    );
    assert_eq!(library.take_queued(10).unwrap()[0].id, id);
    let same = library
        .recognise(id, &hash("Old words."), &stamp("/a.txt", 2), 3.0, |_| true, nobody)
        .unwrap();
    assert_eq!(same, Recognised::Same);
    assert_eq!(library.document(id).unwrap().unwrap().state, DocumentState::Ready);
    assert_eq!(
        library.enqueue(&[stamp("/a.txt", 2)], 3.0).unwrap().files,
        [Enqueued::Unchanged(id)]
    );

    library.enqueue(&[stamp("/a.txt", 3)], 4.0).unwrap();
    assert_eq!(
        texts(&library, "words"),
        ["Old words."],
        "the old content answers until it is replaced"
    );
    let after = commit(&library, id, &stamp("/a.txt", 3), &["New words."]).unwrap();
    assert_eq!(after.removed, [before.appended[0].0]);
    assert!(after.appended[0].0 > before.appended[0].0, "ids are never used again");
    assert_eq!(texts(&library, "words"), ["New words."]);
    assert_sound(&library);

    let moved = library.enqueue(&[stamp("/elsewhere/b.txt", 3)], 5.0).unwrap().files[0].id();
    let former = RefCell::new(Vec::new());
    let known = library
        .recognise(
            moved,
            &hash("New words."),
            &stamp("/elsewhere/b.txt", 3),
            6.0,
            |path| path != Path::new("/a.txt"),
            |path| former.borrow_mut().push(path.to_owned()),
        )
        .unwrap();
    assert_eq!(former.into_inner(), [Path::new("/a.txt")]);
    assert_eq!(
        known,
        Recognised::Moved {
            document: id,
            removed: vec![]
        }
    );
    assert_eq!(library.document(moved).unwrap(), None);
    assert_eq!(
        library.document(id).unwrap().unwrap().path,
        Path::new("/elsewhere/b.txt")
    );
    assert_eq!(library.chunks_of(id).unwrap()[0].id, after.appended[0].0);
    assert_eq!(library.documents_under(Path::new("/elsewhere")).unwrap().len(), 1);
    assert_sound(&library);
}

#[test]
fn states_retries_and_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let failure = ErrorReport::new("damaged", "Broken.\nRepair it.").with_detail("xref");
    {
        let library = library(folder.path());
        library
            .enqueue(&[stamp("/a", 1), stamp("/b", 1), stamp("/c", 1)], 1.0)
            .unwrap();
        let taken = library.take_queued(2).unwrap();
        assert_eq!(
            taken.iter().map(|document| document.attempts).collect::<Vec<_>>(),
            [1, 1]
        );
        let stamp = stamp("/a", 1);
        let settlement = Settlement {
            state: DocumentState::Damaged,
            stamp: &stamp,
            hash: None,
            media_type: "",
            error: Some(&failure),
        };
        library.settle(taken[0].id, &settlement, 2.0).unwrap();
        assert_eq!(
            library.document(taken[0].id).unwrap().unwrap().error,
            Some(failure.clone())
        );
        let counts = library.counts().unwrap();
        assert_eq!((counts.queued, counts.working, counts.failed), (1, 1, 1));
        // Dropped here as by a kill: nothing is closed in order.
    }
    let library = Library::open(folder.path()).unwrap();
    let counts = library.counts().unwrap();
    assert_eq!((counts.queued, counts.working, counts.failed), (2, 0, 1));
    assert_eq!(
        library.enqueue(&[stamp("/a", 1)], 3.0).unwrap().files,
        [Enqueued::Unchanged(DocumentId(1))]
    );
    assert_eq!(
        library.retry(&[DocumentId(1), DocumentId(2)], 3.0).unwrap(),
        [DocumentId(1)]
    );
    assert_eq!(library.take_queued(5).unwrap().len(), 3);
    library.put_back(&[DocumentId(2)]).unwrap();
    // What failed before goes back to that; what was never settled is forgotten.
    let cancelled = library.cancel_queued().unwrap();
    assert_eq!(cancelled.gone, [DocumentId(2), DocumentId(3)]);
    assert_eq!(cancelled.restored, [DocumentId(1)]);
    assert_eq!(
        library.document(DocumentId(1)).unwrap().unwrap().state,
        DocumentState::Damaged
    );
    assert_sound(&library);
}

#[test]
fn hidden_documents_answer_nothing_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let (first, _) = add(&library, "/a.txt", 1, &["Silver shines."]);
    let (other, _) = add(&library, "/b.txt", 1, &["Silver tarnishes."]);
    library.hide(&[first], 5.0).unwrap();
    assert_eq!(texts(&library, "silver"), ["Silver tarnishes."]);
    let hits = library
        .exact_search(&vector("Page 1\nSilver shines."), 5, None)
        .unwrap();
    assert_eq!(library.chunks(&[hits[0].id]).unwrap()[0].document, other);
    assert_eq!(library.documents(&DocumentQuery::default()).unwrap().len(), 1);
    library.unhide(&[first]).unwrap();
    assert_eq!(texts(&library, "silver").len(), 2);
    let (duplicate, _) = add(&library, "/c.txt", 1, &["Silver shines."]);
    library.hide(&[first], 6.0).unwrap();
    assert_eq!(
        library.document(duplicate).unwrap().unwrap().state,
        DocumentState::Ready,
        "the duplicate shows the content"
    );
    assert_sound(&library);
    let hidden = library.hidden(7.0).unwrap();
    assert_eq!(hidden, [first]);
    assert_eq!(library.remove(&hidden).unwrap().chunks, []);
    assert_eq!(library.document(first).unwrap(), None);
    assert_sound(&library);
}

#[test]
fn removed_text_is_in_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let canary = "Xylographzanzibarquokka";
    let library = library(folder.path());
    add(&library, "/keep.txt", 1, &["Ordinary words stay here."]);
    let (id, _) = add(
        &library,
        "/secret.txt",
        1,
        &[&format!("The {canary} is secret.\nOnly {canary} knows {canary}s.")],
    );
    let (changed, _) = add(&library, "/changed.txt", 1, &[&format!("Changed {canary}.")]);
    let held = |canary: &str| {
        let canary = canary.to_lowercase();
        files(folder.path()).into_iter().any(|file| {
            let bytes = fs::read(file).unwrap().to_ascii_lowercase();
            bytes.windows(canary.len()).any(|window| window == canary.as_bytes())
        })
    };
    assert!(held(canary), "the test looks in the right place");
    library.remove(&[id]).unwrap();
    commit(
        &library,
        changed,
        &stamp("/changed.txt", 2),
        &["Changed to something else."],
    )
    .unwrap();
    assert!(library.erase().unwrap());
    assert!(!held(canary));
    // The index keeps at most what tells its pages apart.
    assert!(!held(&canary[..canary.len() - 4]));
    assert_eq!(texts(&library, "ordinary").len(), 1);
    assert_sound(&library);
}

#[test]
fn another_embedder_never_mixes() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let (id, _) = add(&library, "/a.txt", 1, &["One.\nTwo."]);
    assert_eq!(library.choose_embedder(&card("test")).unwrap(), EmbedderChoice::Kept);

    let mut other = card("other");
    other.dimensions = 8;
    assert_eq!(
        library.choose_embedder(&other).unwrap(),
        EmbedderChoice::Changed { passages: 2 }
    );
    assert_eq!(library.exact_search(&vector("x"), 5, None).unwrap(), []);
    assert!(matches!(
        commit(&library, id, &stamp("/a.txt", 2), &["Three."]),
        Err(StoreError::WrongEmbedder { .. })
    ));
    let held: Vec<ChunkId> = library.chunks_of(id).unwrap().iter().map(|chunk| chunk.id).collect();
    assert_eq!(
        library.vectors(&held).unwrap(),
        [None, None],
        "none of the one before counts"
    );
    let waiting = library.passages_to_embed(ChunkId(0), 10).unwrap();
    assert_eq!(waiting[1].1, "Page 1\nTwo.");
    let short = docmind_core::embedding::Embedding(vector("x").0[..8].to_vec());
    let given: Vec<_> = waiting
        .iter()
        .map(|(id, _)| (*id, short.clone()))
        .chain([(ChunkId(99), short.clone())])
        .collect();
    assert_eq!(library.put_vectors("other", given).unwrap().len(), 2);
    assert_eq!(library.passages_to_embed(ChunkId(0), 10).unwrap(), []);
    assert_eq!(library.exact_search(&short, 5, None).unwrap().len(), 2);
    library.drop_other_vectors().unwrap();
    assert_sound(&library);
}

#[test]
fn what_contradicts_itself_is_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let (id, _) = add(&library, "/a.txt", 1, &["Sound."]);
    let (pages, mut chunks) = content(&["Sound as a bell."]);
    chunks[0].chunk.text = "Sound as a drum.".into();
    let stamp = stamp("/a.txt", 2);
    let hash = hash("x");
    let document = IndexedDocument {
        stamp: &stamp,
        hash: &hash,
        media_type: "text/plain",
        title: None,
        language: None,
        pages: &pages,
        failed_pages: &[],
        chunks,
        fingerprint: "test",
    };
    assert!(matches!(
        library.commit_document(id, document, 1.0),
        Err(StoreError::Inconsistent { .. })
    ));
    assert_eq!(texts(&library, "sound"), ["Sound."]);
    assert!(matches!(
        library.settle_missing(),
        Err(StoreError::UnknownDocument(404))
    ));
    assert_sound(&library);
}

impl Library {
    fn settle_missing(&self) -> Result<crate::Removed, StoreError> {
        let stamp = stamp("/nowhere", 1);
        let settlement = Settlement {
            state: DocumentState::Empty,
            stamp: &stamp,
            hash: None,
            media_type: "",
            error: None,
        };
        self.settle(DocumentId(404), &settlement, 1.0)
    }
}

#[test]
fn lists_are_filtered_ordered_and_cut() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    for (number, path) in ["/x/Beta_1.txt", "/x/alpha.txt", "/y/gamma%.txt"].iter().enumerate() {
        add(&library, path, 1, &[&format!("Text {number}.")]);
    }
    let names = |query: &DocumentQuery| -> Vec<String> {
        library
            .documents(query)
            .unwrap()
            .iter()
            .map(crate::DocumentRecord::display_title)
            .collect()
    };
    let by = |order, descending| DocumentQuery {
        order,
        descending,
        ..DocumentQuery::default()
    };
    assert_eq!(
        names(&by(DocumentOrder::Title, false)),
        ["alpha.txt", "Beta_1.txt", "gamma%.txt"]
    );
    assert_eq!(
        names(&by(DocumentOrder::Added, true)),
        ["gamma%.txt", "alpha.txt", "Beta_1.txt"]
    );
    assert_eq!(
        names(&by(DocumentOrder::Pages, true)),
        ["gamma%.txt", "alpha.txt", "Beta_1.txt"],
        "a page each: the latest first"
    );
    let containing = |text: &str| DocumentQuery {
        containing: Some(text.into()),
        ..DocumentQuery::default()
    };
    assert_eq!(names(&containing("A_1")), ["Beta_1.txt"]);
    assert_eq!(names(&containing("%")), ["gamma%.txt"]);
    let cut = DocumentQuery {
        limit: Some(1),
        offset: 1,
        states: vec![DocumentState::Ready],
        ..DocumentQuery::default()
    };
    assert_eq!(names(&cut), ["alpha.txt"]);
    assert_eq!(library.count_documents(&cut).unwrap(), 3);
}

#[test]
fn a_reader_sees_whole_documents_beside_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(
        Library::open_read_only(folder.path()),
        Err(StoreError::Missing { .. })
    ));
    let writer = library(folder.path());
    add(&writer, "/a.txt", 1, &["Tin bends."]);
    let reader = Library::open_read_only(folder.path()).unwrap();
    assert_eq!(texts(&reader, "tin"), ["Tin bends."]);
    add(&writer, "/b.txt", 1, &["Tin cries."]);
    assert_eq!(texts(&reader, "tin").len(), 2);
    assert_eq!(
        reader.exact_search(&vector("Page 1\nTin cries."), 1, None).unwrap()[0].id,
        ChunkId(2)
    );
    let refused = reader.enqueue(&[stamp("/c", 1)], 1.0).unwrap_err();
    assert_eq!(refused.code(), "library_read_only");
    writer.close().unwrap();
    drop(writer);
    assert_eq!(texts(&Library::open_read_only(folder.path()).unwrap(), "tin").len(), 2);
}

#[cfg(unix)]
#[test]
fn files_belong_to_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("data");
    let library = library(&folder);
    add(&library, "/a.txt", 1, &["Text."]);
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for file in files(&folder) {
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600,
            "{}",
            file.display()
        );
    }
}

#[test]
fn changed_rules_cut_all_words_anew() {
    let folder = tempfile::tempdir().unwrap();
    {
        let library = library(folder.path());
        add(&library, "/a.txt", 1, &["Nickel plates.", "Zinc coats."]);
        add(&library, "/b.txt", 1, &["Kupferne Leitungen.", "Häuser."]);
        library
            .write(|transaction| {
                transaction.execute("UPDATE documents SET language = 'de' WHERE id = 2", [])?;
                super::set_meta(transaction, "word_rules", "0")
            })
            .unwrap();
    }
    let library = Library::open(folder.path()).unwrap();
    assert_eq!(texts(&library, "plating"), ["Nickel plates."]);
    assert_sound(&library);
}
