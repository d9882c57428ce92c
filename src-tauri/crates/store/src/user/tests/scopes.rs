//! What conversations ask.

use crate::{CollectionId, ConversationScope, StoreError, UserDb};
use std::path::{Path, PathBuf};

#[test]
fn a_conversation_keeps_what_it_asks() {
    let folder = tempfile::tempdir().unwrap();
    let user = UserDb::open(folder.path()).unwrap();
    let contracts = user.create_collection("Contracts", 1.0).unwrap();
    let [all, one, some] = ["All", "One", "Some"].map(|title| user.create_conversation(title, 1.0).unwrap());
    let collection = ConversationScope::Collection(contracts);
    let documents = |paths: &[&str]| ConversationScope::Documents(paths.iter().map(PathBuf::from).collect());
    user.keep_conversation_scope(one, &collection).unwrap();
    user.keep_conversation_scope(some, &collection).unwrap();
    user.keep_conversation_scope(some, &documents(&["/a", "/b"])).unwrap();
    user.keep_conversation_scope(all, &documents(&["/a"])).unwrap();
    user.keep_conversation_scope(all, &ConversationScope::All).unwrap();
    drop(user);

    let user = UserDb::open(folder.path()).unwrap();
    let scopes = || [all, one, some].map(|id| user.conversation_scope(id).unwrap());
    assert_eq!(scopes(), [ConversationScope::All, collection, documents(&["/a", "/b"])]);
    user.relocate_in_collections(Path::new("/a"), Path::new("/c")).unwrap();
    user.forget_in_collections(&[PathBuf::from("/b")]).unwrap();
    assert_eq!(scopes()[2], documents(&["/c"]));
    user.forget_in_collections(&[PathBuf::from("/c")]).unwrap();
    user.delete_collection(contracts).unwrap();
    assert_eq!(scopes(), [const { ConversationScope::All }; 3]);
    user.keep_conversation_scope(one, &ConversationScope::Collection(CollectionId(9)))
        .unwrap();
    assert_eq!(scopes()[1], ConversationScope::All);

    user.keep_conversation_scope(some, &documents(&["/a"])).unwrap();
    user.delete_conversation(some, 1.0).unwrap();
    user.purge_conversations(2.0).unwrap();
    assert!(matches!(
        user.conversation_scope(some),
        Err(StoreError::UnknownConversation(3))
    ));
    assert!(matches!(
        user.keep_conversation_scope(some, &ConversationScope::All),
        Err(StoreError::UnknownConversation(3))
    ));
}
