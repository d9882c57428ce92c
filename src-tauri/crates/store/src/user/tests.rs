//! What a person made, kept.

mod quotes;
mod scopes;

use super::UserDb;
use crate::StoreError;
use docmind_core::answer::{Answer, AnswerMode, Citation, FinishReason, Support};
use docmind_core::conversation::{ConversationId, Turn};
use docmind_core::document::{ContentHash, DocumentId, Span};
use std::fs;
use std::path::{Path, PathBuf};

const DAY_MS: f64 = 86_400_000.0;

fn turn(question: &str, text: &str) -> Turn {
    let answer = Answer {
        mode: AnswerMode::Extractive,
        finish: FinishReason::Stop,
        text: text.into(),
        thinking: None,
        citations: Vec::new(),
        uncited: Vec::new(),
        coverage: None,
        stats: None,
    };
    Turn {
        question: question.into(),
        standalone: None,
        sources: Vec::new(),
        recalled: Vec::new(),
        written: None,
        answer,
        asked_at_ms: 7.0,
    }
}

#[test]
fn conversations_are_kept_found_renamed_and_brought_back() {
    let folder = tempfile::tempdir().unwrap();
    let id = {
        let user = UserDb::open(folder.path()).unwrap();
        let id = user.create_conversation("Rent", 1.0).unwrap();
        assert_eq!(
            user.add_turn(
                id,
                &turn("How high is the rent?", "900 euros for the Straße."),
                Some("why"),
                2.0
            )
            .unwrap(),
            0
        );
        assert_eq!(
            user.add_turn(id, &turn("Since when?", "Since May."), None, 3.0)
                .unwrap(),
            1
        );
        let other = user.create_conversation("Boiler", 4.0).unwrap();
        user.rename_conversation(other, "Heating").unwrap();
        id
    };
    let user = UserDb::open(folder.path()).unwrap();
    assert_eq!(
        user.turns(id).unwrap(),
        [
            turn("How high is the rent?", "900 euros for the Straße."),
            turn("Since when?", "Since May.")
        ]
    );
    let titles = |found: Vec<crate::ConversationRecord>| found.into_iter().map(|one| one.title).collect::<Vec<_>>();
    assert_eq!(titles(user.conversations().unwrap()), ["Heating", "Rent"]);
    assert_eq!(titles(user.find_conversations("strasse RENT").unwrap()), ["Rent"]);
    assert_eq!(titles(user.find_conversations("heat").unwrap()), ["Heating"]);
    assert!(user.find_conversations("rent zebra").unwrap().is_empty());
    assert!(user.find_conversations(r#"rent "\ '"#).unwrap().is_empty());
    let pasted = "rent ".repeat(3000);
    assert_eq!(titles(user.find_conversations(&pasted).unwrap()), ["Rent"]);
    assert_eq!(user.conversation(id).unwrap().turns, 2);

    assert_eq!(user.trace(id, 0).unwrap().as_deref(), Some("why"));
    assert_eq!((user.trace(id, 1).unwrap(), user.trace(id, 9).unwrap()), (None, None));
    user.replace_turn(id, 0, &turn("How high is it?", "900."), None, 9.0)
        .unwrap();
    assert_eq!(
        user.trace(id, 0).unwrap(),
        None,
        "the reasons of the answer before are not those of this one"
    );
    assert_eq!(user.turns(id).unwrap(), [turn("How high is it?", "900.")]);
    user.delete_conversation(id, 10.0).unwrap();
    assert_eq!(titles(user.conversations().unwrap()), ["Heating"]);
    user.restore_conversation(id).unwrap();
    user.delete_conversation(id, 10.0).unwrap();
    assert_eq!(user.purge_conversations(11.0).unwrap(), 1);
    assert!(matches!(user.turns(id), Err(StoreError::UnknownConversation(1))));
    assert!(matches!(
        user.add_turn(ConversationId(99), &turn("?", "."), None, 1.0),
        Err(StoreError::UnknownConversation(99))
    ));
}

#[test]
fn a_closed_file_has_no_log_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let user = UserDb::open(folder.path()).unwrap();
    let id = user.create_conversation("Rent", 1.0).unwrap();
    user.add_turn(id, &turn("How high is the rent?", "900."), None, 2.0)
        .unwrap();
    assert!(user.back_up_daily(DAY_MS).unwrap());
    // Looks into the copy as well, and changes nothing.
    assert_eq!(user.forget_quotes(&|_, _| false).unwrap(), 0);
    drop(user);
    for folder in [folder.path().to_owned(), folder.path().join("backups")] {
        for file in fs::read_dir(folder).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            assert!(!name.ends_with("-wal") && !name.ends_with("-shm"), "{name}");
        }
    }
}

#[test]
fn what_conversations_quote_of_a_removed_document_goes_from_the_copies_too() {
    const CANARY: &str = "xylographic";
    let folder = tempfile::tempdir().unwrap();
    let holds = |folder: &Path| {
        let files = [folder.to_owned(), folder.join("backups")].map(|folder| fs::read_dir(folder).unwrap());
        files.into_iter().flatten().any(|file| {
            let path = file.unwrap().path();
            path.is_file()
                && fs::read(path)
                    .unwrap()
                    .windows(CANARY.len())
                    .any(|window| window == CANARY.as_bytes())
        })
    };
    let user = UserDb::open(folder.path()).unwrap();
    let id = user.create_conversation("Rent", 1.0).unwrap();
    let quote = format!("The {CANARY} rent is 900.");
    let hash = ContentHash("a".repeat(64));
    let mut asked = turn("How high is the rent?", &format!("{quote} [1]"));
    asked.answer.citations.push(Citation {
        n: 1,
        source: 1,
        document_id: DocumentId(7),
        document_hash: hash.clone(),
        path: "/lease.txt".into(),
        title: "lease.txt".into(),
        page: 1,
        span: Span::new(0, 27),
        quote: quote.clone(),
        sentence: quote,
        support: Support::Supported,
    });
    user.add_turn(id, &asked, None, 2.0).unwrap();
    let other = turn("Since when?", "Since May.");
    user.add_turn(id, &other, None, 3.0).unwrap();
    assert!(user.back_up_daily(DAY_MS).unwrap());
    fs::write(
        folder.path().join("backups/user-000000.db"),
        format!("no database: {CANARY}"),
    )
    .unwrap();
    // And one that was never finished.
    fs::write(folder.path().join("backups/unfinished.db"), CANARY).unwrap();
    assert!(holds(folder.path()));

    assert_eq!(user.forget_quotes(&|_, other| *other == hash).unwrap(), 1);
    assert!(!holds(folder.path()));
    let turns = user.turns(id).unwrap();
    assert_eq!((turns[0].answer.text.as_str(), &turns[1]), ("… [1]", &other));
    assert!(user.find_conversations(CANARY).unwrap().is_empty());
    assert_eq!(user.forget_quotes(&|_, other| *other == hash).unwrap(), 0);

    // The copy can still take the file's place.
    drop(user);
    fs::write(folder.path().join("user.db"), "damaged".repeat(999)).unwrap();
    let user = UserDb::open(folder.path()).unwrap();
    assert!(user.recovered().is_some());
    assert_eq!(user.turns(id).unwrap().len(), 2);
}

#[test]
fn collections_follow_their_documents() {
    let folder = tempfile::tempdir().unwrap();
    let user = UserDb::open(folder.path()).unwrap();
    let id = user.create_collection("Contracts", 1.0).unwrap();
    assert!(matches!(
        user.create_collection("contracts", 1.0),
        Err(StoreError::NameTaken(_))
    ));
    let paths = [PathBuf::from("/a"), PathBuf::from("/b")];
    user.add_to_collection(id, &paths).unwrap();
    user.add_to_collection(id, &paths[..1]).unwrap();
    user.relocate_in_collections(Path::new("/a"), Path::new("/c")).unwrap();
    assert_eq!(
        user.collection_paths(id).unwrap(),
        [PathBuf::from("/b"), PathBuf::from("/c")]
    );
    user.forget_in_collections(&[PathBuf::from("/b")]).unwrap();
    assert_eq!(user.collections().unwrap()[0].documents, 1);
    user.rename_collection(id, "Leases").unwrap();
    user.delete_collection(id, 1.0).unwrap();
    assert!(matches!(
        user.collection_paths(id),
        Err(StoreError::UnknownCollection(_))
    ));
}

#[test]
fn a_deleted_collection_comes_back_until_another_has_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let user = UserDb::open(folder.path()).unwrap();
    let id = user.create_collection("Contracts", 1.0).unwrap();
    user.add_to_collection(id, &[PathBuf::from("/a")]).unwrap();
    user.delete_collection(id, 2.0).unwrap();
    assert_eq!(user.collections().unwrap(), []);
    let unknown = |outcome: Result<(), StoreError>| matches!(outcome, Err(StoreError::UnknownCollection(_)));
    assert!(unknown(user.delete_collection(id, 2.0)));
    assert!(unknown(user.rename_collection(id, "Leases")));
    assert!(unknown(user.add_to_collection(id, &[PathBuf::from("/b")])));
    user.relocate_in_collections(Path::new("/a"), Path::new("/c")).unwrap();
    user.purge_collections(2.0).unwrap();
    user.restore_collection(id).unwrap();
    assert_eq!(user.collections().unwrap()[0].id, id);
    assert_eq!(user.collection_paths(id).unwrap(), [PathBuf::from("/c")]);

    user.delete_collection(id, 2.0).unwrap();
    user.create_collection("contracts", 3.0).unwrap();
    assert!(unknown(user.restore_collection(id)));
    let other = user.create_collection("Bills", 3.0).unwrap();
    user.delete_collection(other, 3.0).unwrap();
    user.purge_collections(4.0).unwrap();
    assert!(unknown(user.restore_collection(other)));
}

#[test]
fn histories_keep_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let user = UserDb::open(folder.path()).unwrap();
    for (at, settings) in ["{}", "{}", "{\"a\":1}", "{}"].iter().enumerate() {
        user.remember_settings(settings, at as f64).unwrap();
    }
    let kept: Vec<String> = user
        .settings_history(10)
        .unwrap()
        .into_iter()
        .map(|record| record.settings)
        .collect();
    assert_eq!(kept, ["{}", "{\"a\":1}", "{}"]);
    for at in 0..250 {
        user.remember_benchmark("embed", "{}", f64::from(at)).unwrap();
    }
    assert_eq!(user.benchmarks("embed", 1000).unwrap().len(), 200);
    assert!(user.benchmarks("generate", 10).unwrap().is_empty());
}

#[test]
fn a_copy_a_day_three_kept_and_the_newest_sound_one_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let copies = || fs::read_dir(folder.path().join("backups")).unwrap().count();
    {
        let user = UserDb::open(folder.path()).unwrap();
        assert!(user.back_up_daily(0.0).unwrap());
        user.create_conversation("Kept", 1.0).unwrap();
        assert!(!user.back_up_daily(DAY_MS - 1.0).unwrap());
        for day in 1..6 {
            assert!(user.back_up_daily(f64::from(day) * DAY_MS).unwrap());
        }
        assert_eq!(copies(), 3);
        user.create_conversation("Too late for a copy", 2.0).unwrap();
        user.close().unwrap();
    }
    // The newest copy is damaged as well: the one before it is used.
    fs::write(folder.path().join("user.db"), vec![7; 50_000]).unwrap();
    fs::write(folder.path().join("backups/user-000005.db"), vec![7; 50_000]).unwrap();
    let user = UserDb::open(folder.path()).unwrap();
    let notice = user.recovered().unwrap();
    assert!(notice.message.contains("user-000004.db"), "{notice:?}");
    let titles: Vec<String> = user.conversations().unwrap().into_iter().map(|one| one.title).collect();
    assert_eq!(titles, ["Kept"]);
    assert!(folder.path().join("user.db.damaged").exists());
}

#[test]
fn a_copy_with_a_log_of_its_own_is_restored_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let beside = folder.path().join("backups");
    {
        let user = UserDb::open(folder.path()).unwrap();
        user.create_conversation("As it was", 1.0).unwrap();
        assert!(user.back_up_daily(DAY_MS).unwrap());
    }
    // As a machine leaves it that loses power while the copy is changed: not closed.
    let changing = rusqlite::Connection::open(beside.join("user-000001.db")).unwrap();
    changing.pragma_update(None, "journal_mode", "WAL").unwrap();
    changing
        .execute("UPDATE conversations SET title = 'As it is'", [])
        .unwrap();
    fs::write(folder.path().join("user.db"), vec![7; 50_000]).unwrap();
    let user = UserDb::open(folder.path()).unwrap();
    assert_eq!(user.conversations().unwrap()[0].title, "As it is");
    drop(changing);
    // A log that is left goes with its copy.
    fs::write(beside.join("user-000001.db-wal"), "left").unwrap();
    for day in 2..5 {
        assert!(user.back_up_daily(f64::from(day) * DAY_MS).unwrap());
    }
    let mut names: Vec<_> = fs::read_dir(beside)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["user-000002.db", "user-000003.db", "user-000004.db"]);
}

#[test]
fn a_missing_or_empty_file_is_replaced_by_the_newest_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("user.db");
    let titles = |user: &UserDb| -> Vec<String> {
        let kept = user.conversations().unwrap();
        kept.into_iter().map(|one| one.title).collect()
    };
    {
        let user = UserDb::open(folder.path()).unwrap();
        assert!(user.recovered().is_none(), "the first start has nothing to restore");
        user.create_conversation("Kept", 1.0).unwrap();
        assert!(user.back_up_daily(DAY_MS).unwrap());
    }
    fs::remove_file(&path).unwrap();
    for how in ["missing", "empty"] {
        let user = UserDb::open(folder.path()).unwrap();
        assert_eq!(user.recovered().unwrap().code, "conversations_restored", "{how}");
        assert_eq!(titles(&user), ["Kept"], "{how}");
        drop(user);
        fs::write(&path, "").unwrap();
    }
    // The copies are still copies.
    assert!(folder.path().join("backups/user-000001.db").exists());
    fs::remove_dir_all(folder.path().join("backups")).unwrap();
    let user = UserDb::open(folder.path()).unwrap();
    assert!(user.recovered().is_none() && titles(&user).is_empty());
}

#[test]
fn what_was_removed_on_purpose_is_remembered_by_path() {
    let folder = tempfile::tempdir().unwrap();
    let user = UserDb::open(folder.path()).unwrap();
    let mut paths = vec![PathBuf::from("/w/a.txt"), PathBuf::from("/w/b.txt")];
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        paths.push(PathBuf::from(std::ffi::OsStr::from_bytes(b"/w/caf\xe9.txt")));
    }
    let shunned = |user: &UserDb| {
        let other = [PathBuf::from("/w/other.txt")];
        let mut found: Vec<PathBuf> = user
            .shunned(paths.iter().chain(&other).map(PathBuf::as_path))
            .unwrap()
            .into_iter()
            .collect();
        found.sort();
        found
    };
    assert!(shunned(&user).is_empty());
    user.shun(&paths, 1.0).unwrap();
    user.shun(&paths[..1], 2.0).unwrap();
    drop(user);
    let user = UserDb::open(folder.path()).unwrap();
    assert_eq!(shunned(&user), paths);
    user.unshun(&paths[..1]).unwrap();
    assert_eq!(shunned(&user), paths[1..]);
}

#[test]
fn damage_without_a_copy_is_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("user.db"), vec![7; 50_000]).unwrap();
    assert_eq!(UserDb::open(folder.path()).unwrap_err().code(), "conversations_damaged");
    assert_eq!(
        fs::read(folder.path().join("user.db")).unwrap(),
        vec![7; 50_000],
        "nothing is thrown away"
    );
}
