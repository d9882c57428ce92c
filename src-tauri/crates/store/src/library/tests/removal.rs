//! Removal: of many at once, of what came back meanwhile, of what is held twice.

use super::{assert_sound, nobody};
use crate::Library;
use crate::records::{Enqueued, Recognised};
use crate::testing::{add, hash, library, stamp, vector};
use docmind_core::document::DocumentId;
use std::collections::HashSet;

const BRASS: &str = "Brass is yellow.";

#[test]
fn many_copies_go_in_one_pass() {
    let changed_rows = |library: &Library| library.database.write(|writer| Ok(writer.total_changes())).unwrap();
    let removing = |copies: usize| {
        let folder = tempfile::tempdir().unwrap();
        let library = library(folder.path());
        let copy = |number| add(&library, &format!("/{number}.txt"), 1, &[BRASS]).0;
        let ids: Vec<DocumentId> = (0..copies).map(copy).collect();
        let before = changed_rows(&library);
        let removed = library.remove(&ids).unwrap();
        assert_eq!((removed.chunks.len(), removed.promoted.len()), (1, 0));
        assert_sound(&library);
        changed_rows(&library) - before
    };
    let (few, many) = (removing(10), removing(100));
    assert!(many < few * 12, "{few} rows were changed for 10 copies, {many} for 100");
}

#[test]
fn one_that_came_back_meanwhile_stays() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let (first, _) = add(&library, "/a.txt", 1, &[BRASS]);
    let (second, committed) = add(&library, "/b.txt", 1, &["Bronze is brown."]);
    library.hide(&[first, second], 5.0).unwrap();
    let due = library.hidden(6.0).unwrap();
    assert_eq!(due, [first, second]);
    library.enqueue(&[stamp("/a.txt", 1)], 6.0).unwrap();
    let (gone, removed) = library.remove_hidden(&due, 6.0).unwrap();
    assert_eq!((gone, removed.chunks), (vec![second], vec![committed.appended[0].0]));
    // Removed once more, its time is not up yet.
    library.hide(&[first], 7.0).unwrap();
    assert!(library.remove_hidden(&due, 6.0).unwrap().0.is_empty());
    assert!(library.document(first).unwrap().is_some());
    assert_sound(&library);
}

#[test]
fn a_hidden_document_that_is_added_again_leaves_no_second_passage() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let (first, committed) = add(&library, "/a.txt", 1, &[BRASS]);
    library.hide(&[first], 2.0).unwrap();
    let (second, _) = add(&library, "/b.txt", 1, &[BRASS]);
    let asked = vector("Page 1\nBrass is yellow.");
    assert_eq!(library.exact_search(&asked, 5, None).unwrap().len(), 1);
    let queueing = library.enqueue(&[stamp("/a.txt", 1)], 3.0).unwrap();
    assert_eq!(queueing.files, [Enqueued::Unchanged(first)]);
    assert_eq!(queueing.removed, [committed.appended[0].0]);
    assert_eq!(library.document(first).unwrap().unwrap().duplicate_of, Some(second));
    assert_eq!(library.exact_search(&asked, 5, None).unwrap().len(), 1);
    assert_sound(&library);
}

#[test]
fn a_copy_that_comes_back_alone_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let (first, committed) = add(&library, "/a.txt", 1, &[BRASS]);
    let (copy, _) = add(&library, "/b.txt", 1, &[BRASS]);
    let asked = vector("Page 1\nBrass is yellow.");
    let found = || library.exact_search(&asked, 5, None).unwrap();
    let original_of = |id| library.document(id).unwrap().unwrap().duplicate_of;
    library.hide(&[first, copy], 2.0).unwrap();
    assert_eq!(found(), []);
    assert!(library.unhide(&[copy]).unwrap().chunks.is_empty());
    assert_eq!(found()[0].id, committed.appended[0].0);
    assert_eq!((original_of(first), original_of(copy)), (Some(copy), None));
    assert_sound(&library);
    library.unhide(&[first]).unwrap();
    assert_eq!((original_of(first), found().len()), (Some(copy), 1));

    // Waiting to be read again when both were hidden: it is found once it is known to hold the same bytes.
    let touched = stamp("/a.txt", 2);
    library.enqueue(std::slice::from_ref(&touched), 3.0).unwrap();
    library.hide(&[first, copy], 4.0).unwrap();
    library.unhide(&[first]).unwrap();
    assert_eq!(library.take_queued(1).unwrap()[0].id, first);
    let recognised = library.recognise(first, &hash(BRASS), &touched, 5.0, |_| true, nobody);
    assert_eq!(recognised.unwrap(), Recognised::Same);
    assert_eq!((original_of(copy), found().len()), (Some(first), 1));
    assert_sound(&library);

    // The same bytes were added once more meanwhile.
    library.hide(&[first, copy], 6.0).unwrap();
    let (third, _) = add(&library, "/c.txt", 1, &[BRASS]);
    library.unhide(&[copy]).unwrap();
    assert_eq!((original_of(copy), found().len()), (Some(third), 1));
    assert_sound(&library);
}

#[test]
fn what_a_copy_still_says_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let (first, _) = add(&library, "/a.txt", 1, &[BRASS]);
    let (copy, _) = add(&library, "/b.txt", 1, &[BRASS]);
    let (other, _) = add(&library, "/c.txt", 1, &["Bronze is brown."]);
    let hashes = HashSet::from([hash(BRASS), hash("Bronze is brown.")]);
    let beside = |ids: &[DocumentId]| library.held_beside(&hashes, &ids.iter().copied().collect()).unwrap();
    assert_eq!(beside(&[first, other]), HashSet::from([hash(BRASS)]));
    assert!(beside(&[first, copy, other]).is_empty());
}

#[test]
fn what_a_document_held_before_is_known_until_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let (first, _) = add(&library, "/a.txt", 1, &[BRASS]);
    let (copy, _) = add(&library, "/b.txt", 1, &[BRASS]);
    let former = |ids: &[DocumentId]| library.former_hashes(&ids.iter().copied().collect()).unwrap();
    add(&library, "/a.txt", 2, &["Bronze is brown."]);
    assert!(former(&[first]).is_empty(), "a copy still says it");
    add(&library, "/b.txt", 2, &["Tin is white."]);
    assert!(former(&[first]).is_empty(), "a copy said it too");
    assert_eq!(former(&[first, copy]), HashSet::from([hash(BRASS)]));
    library.remove(&[copy]).unwrap();
    assert_eq!(former(&[first]), HashSet::from([hash(BRASS)]));
    add(&library, "/a.txt", 3, &["Tin is white."]);
    assert_eq!(former(&[first]), HashSet::from([hash(BRASS), hash("Bronze is brown.")]));
    library.remove(&[first]).unwrap();
    let left: u32 = library
        .database
        .read(|connection| Ok(connection.query_row("SELECT count(*) FROM former_hashes", [], |row| row.get(0))?))
        .unwrap();
    assert_eq!(left, 0);
    assert_sound(&library);
}
