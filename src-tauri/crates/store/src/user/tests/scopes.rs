//! What conversations ask.

use crate::database::Database;
use crate::schema::{self, Schema};
use crate::{CollectionId, ConversationAsks, ConversationScope, StoreError, UserDb};
use docmind_core::conversation::ConversationId;
use std::path::{Path, PathBuf};

/// Those documents, all together.
fn together(scope: ConversationScope) -> ConversationAsks {
    ConversationAsks {
        scope,
        each_document: false,
    }
}

#[test]
fn a_conversation_keeps_what_it_asks() {
    let folder = tempfile::tempdir().unwrap();
    let user = UserDb::open(folder.path()).unwrap();
    let contracts = user.create_collection("Contracts", 1.0).unwrap();
    let [all, one, some] = ["All", "One", "Some"].map(|title| user.create_conversation(title, 1.0).unwrap());
    let collection = together(ConversationScope::Collection(contracts));
    let documents = |paths: &[&str]| together(ConversationScope::Documents(paths.iter().map(PathBuf::from).collect()));
    let everything = || together(ConversationScope::All);
    user.keep_conversation_asks(one, &collection).unwrap();
    user.keep_conversation_asks(some, &collection).unwrap();
    user.keep_conversation_asks(some, &documents(&["/a", "/b"])).unwrap();
    user.keep_conversation_asks(all, &documents(&["/a"])).unwrap();
    user.keep_conversation_asks(all, &everything()).unwrap();
    drop(user);

    let user = UserDb::open(folder.path()).unwrap();
    let asks = || [all, one, some].map(|id| user.conversation_asks(id).unwrap());
    assert_eq!(asks(), [everything(), collection, documents(&["/a", "/b"])]);
    user.relocate_in_collections(Path::new("/a"), Path::new("/c")).unwrap();
    user.forget_in_collections(&[PathBuf::from("/b")]).unwrap();
    assert_eq!(asks()[2], documents(&["/c"]));
    user.forget_in_collections(&[PathBuf::from("/c")]).unwrap();
    user.delete_collection(contracts, 1.0).unwrap();
    assert_eq!(asks(), [everything(), everything(), everything()]);
    let gone = together(ConversationScope::Collection(CollectionId(9)));
    user.keep_conversation_asks(one, &gone).unwrap();
    assert_eq!(asks()[1], everything());

    user.keep_conversation_asks(some, &documents(&["/a"])).unwrap();
    user.delete_conversation(some, 1.0).unwrap();
    user.purge_conversations(2.0).unwrap();
    assert!(matches!(
        user.conversation_asks(some),
        Err(StoreError::UnknownConversation(3))
    ));
    assert!(matches!(
        user.keep_conversation_asks(some, &everything()),
        Err(StoreError::UnknownConversation(3))
    ));
}

#[test]
fn a_conversation_asks_each_document_until_that_is_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    let user = UserDb::open(folder.path()).unwrap();
    let contracts = user.create_collection("Contracts", 1.0).unwrap();
    let [id, other] = ["Rent", "Boiler"].map(|title| user.create_conversation(title, 1.0).unwrap());
    let mut asks = together(ConversationScope::Collection(contracts));
    for each_document in [true, false, true] {
        asks.each_document = each_document;
        user.keep_conversation_asks(id, &asks).unwrap();
        assert_eq!(user.conversation_asks(id).unwrap(), asks);
    }
    drop(user);

    let user = UserDb::open(folder.path()).unwrap();
    assert_eq!(user.conversation_asks(id).unwrap(), asks);
    assert!(!user.conversation_asks(other).unwrap().each_document);
    user.delete_collection(contracts, 1.0).unwrap();
    let kept = asks.clone();
    asks.scope = ConversationScope::All;
    assert_eq!(user.conversation_asks(id).unwrap(), asks);
    user.keep_conversation_asks(id, &asks).unwrap();
    user.restore_collection(contracts).unwrap();
    assert_eq!(user.conversation_asks(id).unwrap(), kept);
}

#[test]
fn conversations_of_a_version_before_ask_documents_together() {
    let folder = tempfile::tempdir().unwrap();
    let before = Schema {
        application_id: schema::USER.application_id,
        steps: &schema::USER.steps[..4],
    };
    let database = Database::open(&folder.path().join("user.db"), &before).unwrap();
    database
        .write(|writer| {
            writer.execute_batch(
                "INSERT INTO conversations (title, created_at_ms, updated_at_ms) VALUES ('Rent', 1.0, 1.0);
                 INSERT INTO conversation_documents (conversation_id, path) VALUES (1, CAST('/a' AS BLOB));",
            )?;
            Ok(())
        })
        .unwrap();
    drop(database);

    let user = UserDb::open(folder.path()).unwrap();
    let mut asks = together(ConversationScope::Documents([PathBuf::from("/a")].into()));
    assert_eq!(user.conversation_asks(ConversationId(1)).unwrap(), asks);
    asks.each_document = true;
    user.keep_conversation_asks(ConversationId(1), &asks).unwrap();
    assert_eq!(user.conversation_asks(ConversationId(1)).unwrap(), asks);
}
