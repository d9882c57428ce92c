//! What conversations quote of documents that are removed, and how conversations are found.

use super::turn;
use crate::UserDb;
use docmind_core::answer::{Citation, Support};
use docmind_core::conversation::Turn;
use docmind_core::document::{ContentHash, DocumentId, Span};

const QUOTE: &str = "The xylographic rent is 900.";

fn gone() -> ContentHash {
    ContentHash("a".repeat(64))
}

fn quoting() -> Turn {
    let mut turn = turn("How high is the rent?", &format!("{QUOTE} [1]"));
    turn.answer.citations.push(Citation {
        n: 1,
        source: 1,
        document_id: DocumentId(7),
        document_hash: gone(),
        path: "/lease.txt".into(),
        title: "lease.txt".into(),
        page: 1,
        span: Span::new(0, 27),
        quote: QUOTE.into(),
        sentence: QUOTE.into(),
        support: Support::Supported,
    });
    turn
}

#[test]
fn a_turn_that_cannot_be_read_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let user = UserDb::open(folder.path()).unwrap();
    let id = user.create_conversation("Rent", 1.0).unwrap();
    for at in 0..3 {
        user.add_turn(id, &quoting(), None, f64::from(at)).unwrap();
    }
    let other = user.create_conversation("Boiler", 1.0).unwrap();
    user.add_turn(other, &turn("Which boiler?", "The old one."), None, 2.0)
        .unwrap();
    user.database
        .write(|writer| {
            writer.execute(
                "UPDATE turns SET format = 99 WHERE ordinal = 0 AND conversation_id = ?1",
                [id.0],
            )?;
            Ok(writer.execute(
                "UPDATE turns SET turn = '{' WHERE ordinal = 1 AND conversation_id = ?1",
                [id.0],
            )?)
        })
        .unwrap();
    assert_eq!(user.forget_quotes(&|_, hash| *hash == gone()).unwrap(), 1);
    let last = user.database.read(|reader| {
        let sql = "SELECT turn FROM turns WHERE ordinal = 2 AND conversation_id = ?1";
        Ok(reader.query_row(sql, [id.0], |row| row.get::<_, String>(0))?)
    });
    assert!(!last.unwrap().contains("xylographic"));
    assert_eq!(user.turns(other).unwrap().len(), 1);
}

#[test]
fn a_title_is_found_however_its_letters_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let user = UserDb::open(folder.path()).unwrap();
    user.create_conversation("Ölheizung für Müller", 1.0).unwrap();
    for typed in ["ÖLHEIZUNG", "ölheizung müller", "olheizung", "MÜLLER"] {
        assert_eq!(user.find_conversations(typed).unwrap().len(), 1, "{typed}");
    }
    assert!(user.find_conversations("ähre").unwrap().is_empty());
}
