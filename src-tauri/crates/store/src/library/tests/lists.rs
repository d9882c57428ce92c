//! What lists find, and what waits for its vectors.

use crate::records::DocumentQuery;
use crate::testing::{add, card, library};
use docmind_core::chunk::ChunkId;

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
