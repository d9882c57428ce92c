//! Damage: named when it is met, found by the check, and never an answer.

use super::{assert_sound, texts};
use crate::testing::{add, commit, library, stamp, vector};
use crate::{Library, StoreError};
use docmind_core::chunk::ChunkId;
use docmind_core::document::DocumentState;
use std::fs;
use std::path::Path;

#[test]
fn damage_and_newer_formats_are_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("library.db"),
        "this is no database, however long it may be".repeat(100),
    )
    .unwrap();
    assert_eq!(Library::open(folder.path()).unwrap_err().code(), "library_damaged");
    fs::remove_file(folder.path().join("library.db")).unwrap();
    drop(library(folder.path()));
    let raw = rusqlite::Connection::open(folder.path().join("library.db")).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    drop(raw);
    assert!(matches!(
        Library::open(folder.path()),
        Err(StoreError::Newer { found: 99, .. })
    ));
    assert!(matches!(
        Library::open_read_only(folder.path()),
        Err(StoreError::Newer { .. })
    ));
}

#[test]
fn a_full_disk_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    add(&library, "/a.txt", 1, &["Kept."]);
    library.database.limit_pages(80).unwrap();
    let long = "These are words that fill the disk, line by line.\n".repeat(4000);
    let stamp = stamp("/b.txt", 1);
    let id = library.enqueue(std::slice::from_ref(&stamp), 1.0).unwrap().files[0].id();
    assert_eq!(commit(&library, id, &stamp, &[&long]).unwrap_err().code(), "disk_full");
    assert_eq!(texts(&library, "kept"), ["Kept."]);
    assert_eq!(library.document(id).unwrap().unwrap().state, DocumentState::Queued);
    library.database.limit_pages(1_000_000).unwrap();
    commit(&library, id, &stamp, &[&long]).unwrap();
    assert_sound(&library);
}

/// Changes the file behind the library's back.
fn alter(folder: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(folder.join("library.db")).unwrap();
    connection
        .execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}"))
        .unwrap();
}

#[test]
fn what_was_altered_by_hand_is_found_by_the_check() {
    for (sql, found) in [
        (
            "UPDATE chunks SET text = 'Tin is heavy.' WHERE ordinal = 1",
            "is not the text of page",
        ),
        (
            "UPDATE chunks SET heading = '[\"Other\"]' WHERE ordinal = 1",
            "the hash of passage",
        ),
        (
            "UPDATE pages SET text = 'Tin is heavy.' || text",
            "is not the text of page",
        ),
        // Of the last passage: its span ends behind the page's text.
        (
            "UPDATE chunks SET span_end = span_end + 5 WHERE ordinal = 1",
            "is not the text of page",
        ),
        (
            "UPDATE chunks SET span_start = span_start + 500, span_end = span_end + 500 WHERE ordinal = 1",
            "is not the text of page",
        ),
        (
            "UPDATE chunks SET page = 0 WHERE ordinal = 0",
            "1 passages belong to pages that are not there",
        ),
        (
            "UPDATE chunks SET page = 9 WHERE ordinal = 0",
            "1 passages belong to pages that are not there",
        ),
        ("UPDATE pages SET layout = x'07'", "the layout of page"),
        ("UPDATE vectors SET vector = x'00'", "a vector of another length"),
        // The first number becomes none; all become zero.
        (
            "UPDATE vectors SET vector = CAST(x'007e' || substr(vector, 3) AS BLOB)",
            "a vector without a direction",
        ),
        (
            "UPDATE vectors SET vector = zeroblob(length(vector))",
            "a vector without a direction",
        ),
        ("DELETE FROM vectors", "without any vector"),
        ("DELETE FROM chunks WHERE ordinal = 0", "passages counted otherwise"),
        ("DELETE FROM pages", "pages counted otherwise"),
        ("UPDATE documents SET state = 'fine'", "which is none"),
        ("UPDATE documents SET hash = NULL", "without the hash of its bytes"),
        (
            "INSERT INTO chunk_words (chunk_words) VALUES ('delete-all')",
            "not in the keyword index",
        ),
        (
            "INSERT INTO chunk_words (rowid, plain) VALUES (9, 'stray')",
            "in the keyword index but gone",
        ),
        ("DELETE FROM embedders", "embedder"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let library = library(folder.path());
        add(&library, "/a.txt", 1, &["Tin is light.\nLead is heavy."]);
        assert_sound(&library);
        library.close().unwrap();
        alter(folder.path(), sql);
        let problems = library.check().unwrap().problems;
        assert!(
            problems.iter().any(|problem| problem.contains(found)),
            "{sql}: {problems:?}"
        );
    }
}

#[test]
fn a_damaged_vector_is_nearest_to_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let (id, _) = add(&library, "/a.txt", 1, &["Tin is light.\nLead is heavy."]);
    library.close().unwrap();
    alter(
        folder.path(),
        "UPDATE vectors SET vector = CAST(x'007e' || substr(vector, 3) AS BLOB) WHERE chunk_id = 1",
    );
    let ids: Vec<ChunkId> = library.chunks_of(id).unwrap().iter().map(|chunk| chunk.id).collect();
    let query = vector("anything");
    let found = |hits: Vec<docmind_core::retrieval::Hit>| hits.into_iter().map(|hit| hit.id).collect::<Vec<_>>();
    for scope in [None, Some([id].as_slice())] {
        assert_eq!(found(library.exact_search(&query, 5, scope).unwrap()), ids[1..]);
    }
    assert_eq!(found(library.score(&query, &ids).unwrap()), ids[1..]);
}

#[test]
fn the_keyword_index_is_checked_as_it_is_now() {
    const OAK: &str = "Oak burns slowly.\nOak is hard.";
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    // A copy of a hidden document is read; added again, the first one gives its words up while the reader knows them.
    let (first, _) = add(&library, "/a.txt", 1, &[OAK]);
    assert_sound(&library);
    library.hide(&[first], 2.0).unwrap();
    add(&library, "/b.txt", 3, &[OAK]);
    assert_sound(&library);
    library.enqueue(&[stamp("/a.txt", 4)], 4.0).unwrap();
    assert_sound(&library);
}
