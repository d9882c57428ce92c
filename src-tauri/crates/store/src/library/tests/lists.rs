//! What lists find, and what waits for its vectors.

use crate::records::{DocumentOrder, DocumentQuery};
use crate::testing::{add, card, library};
use docmind_core::chunk::ChunkId;
use docmind_core::document::DocumentId;
use std::path::{Path, PathBuf};

#[test]
fn letters_are_the_same_however_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    // The second as some systems name files: a letter and its dots apart.
    for (number, path) in ["/x/MÜLLER.txt", "/x/Mu\u{308}hle.txt", "/x/Straße.txt"]
        .iter()
        .enumerate()
    {
        add(&library, path, 1, &[&format!("Text {number}.")]);
    }
    for (typed, found) in [
        ("müller", 1),
        ("muller", 1),
        ("Mühle", 1),
        ("MÜ", 2),
        ("STRASSE", 1),
        ("möller", 0),
    ] {
        let query = DocumentQuery {
            containing: Some(typed.into()),
            ..DocumentQuery::default()
        };
        assert_eq!(library.documents(&query).unwrap().len(), found, "{typed}");
        assert_eq!(library.count_documents(&query).unwrap() as usize, found, "{typed}");
    }
}

#[test]
fn what_waits_for_vectors_is_gone_through_from_where_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    add(&library, "/a.txt", 1, &["One.\nTwo.\nThree."]);
    library.choose_embedder(&card("other")).unwrap();
    let waiting = |after: u32, limit| {
        let passages = library.passages_to_embed(ChunkId(after), limit).unwrap();
        passages.into_iter().map(|(id, _)| id.0).collect::<Vec<_>>()
    };
    assert_eq!(waiting(0, 2), [1, 2]);
    assert_eq!(waiting(2, 2), [3]);
    assert!(waiting(3, 2).is_empty());
}

#[test]
fn a_list_in_parts_tells_each_document_once_whatever_comes_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    for number in 0..6 {
        add(&library, &format!("/{number}.txt"), 1, &[&format!("Text {number}.")]);
    }
    let mut told = Vec::new();
    let mut after = DocumentId(0);
    loop {
        let part = library.documents_after(after, 2).unwrap();
        let Some(last) = part.last() else { break };
        after = last.id;
        told.extend(part.iter().map(|document| document.id.0));
        if told.len() == 2 {
            // One that was told goes, one that was not is hidden, and one more comes.
            library.remove(&[DocumentId(1)]).unwrap();
            library.hide(&[DocumentId(4)], 1.0).unwrap();
            add(&library, "/late.txt", 1, &["Late."]);
        }
    }
    assert_eq!(told, [1, 2, 3, 5, 6, 7]);
}

#[test]
fn a_list_is_restricted_to_documents_before_it_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    for number in 0..6 {
        add(&library, &format!("/{number}.txt"), 1, &[&format!("Text {number}.")]);
    }
    let query = DocumentQuery {
        within: Some([6, 4, 2, 99].map(DocumentId).to_vec()),
        containing: Some(".TXT".into()),
        offset: 1,
        limit: Some(1),
        ..DocumentQuery::default()
    };
    let listed = library.documents(&query).unwrap();
    assert_eq!(listed.iter().map(|one| one.id.0).collect::<Vec<_>>(), [4]);
    assert_eq!(library.count_documents(&query).unwrap(), 3);
    let none = DocumentQuery {
        within: Some(Vec::new()),
        ..DocumentQuery::default()
    };
    assert_eq!(library.count_documents(&none).unwrap(), 0);
}

#[test]
fn documents_are_found_by_their_paths() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let (first, _) = add(&library, "/a.txt", 1, &["One."]);
    let (second, _) = add(&library, "/b.txt", 1, &["Two."]);
    let (hidden, _) = add(&library, "/c.txt", 1, &["Three."]);
    library.hide(&[hidden], 1.0).unwrap();
    let paths = ["/c.txt", "/b.txt", "/nowhere.txt", "/a.txt"].map(PathBuf::from);
    assert_eq!(library.documents_at(paths).unwrap(), [second, first]);
}

#[test]
fn headings_are_those_of_the_newest_documents_as_far_as_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    let (old, _) = add(&library, "/old.txt", 1, &["One.\nTwo.", "Three."]);
    let (new, _) = add(&library, "/new.txt", 1, &["Four.", "Five.", "Six."]);
    let (hidden, _) = add(&library, "/hidden.txt", 1, &["Seven."]);
    library.hide(&[hidden], 1.0).unwrap();
    let headings = |limit, scope: Option<&[DocumentId]>| -> Vec<(DocumentId, String, u32)> {
        let found = library.headings(limit, scope).unwrap();
        found
            .into_iter()
            .map(|(id, path, ordinal)| (id, path.join("/"), ordinal))
            .collect()
    };
    let told = |id: DocumentId, page: u32, ordinal: u32| (id, format!("Page {page}"), ordinal);
    let all = [
        told(new, 1, 0),
        told(new, 2, 1),
        told(new, 3, 2),
        told(old, 1, 0),
        told(old, 2, 2),
    ];
    assert_eq!(headings(10, None), all);
    assert_eq!(headings(4, None), all[..4]);
    assert_eq!(headings(2, None), all[..2]);
    assert!(headings(0, None).is_empty());
    assert_eq!(headings(10, Some(&[old])), all[3..]);
    assert!(headings(10, Some(&[])).is_empty());
}

#[test]
fn a_document_without_a_title_stands_by_the_name_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let library = library(folder.path());
    for (number, path) in ["/a/a/z.txt", "/b/M.txt", "/c/b/b.txt", "/c/c/a"].iter().enumerate() {
        add(&library, path, 1, &[&format!("Text {number}.")]);
    }
    let query = DocumentQuery {
        order: DocumentOrder::Title,
        ..DocumentQuery::default()
    };
    let listed: Vec<_> = library
        .documents(&query)
        .unwrap()
        .into_iter()
        .map(|one| one.path)
        .collect();
    assert_eq!(
        listed,
        ["/c/c/a", "/c/b/b.txt", "/b/M.txt", "/a/a/z.txt"].map(Path::new)
    );
    assert_eq!(library.documents_under(Path::new("/")).unwrap().len(), 4);
}
