//! Collections: named sets of documents. Kept by path, so that they outlive a rebuilt library.

use crate::clock::now_ms;
use crate::engine::Engine;
use crate::ingest::pipeline::MovedFile;
use docmind_core::document::DocumentId;
use docmind_core::error::ErrorReport;
use docmind_store::{CollectionId, UserDb};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;

/// A collection in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CollectionRow {
    /// Its number.
    pub id: u32,
    /// Unlike any other, letter case aside.
    pub name: String,
    /// Documents in it.
    pub documents: u32,
}

/// Moved files stay in their collections.
pub(crate) fn follow_moves(user: Arc<UserDb>) -> impl Fn(&MovedFile) + Send + Sync + 'static {
    move |moved| {
        if let Err(error) = user.relocate_in_collections(&moved.from, &moved.to) {
            tracing::warn!(%error, path = %moved.to.display(), "a moved file has left its collections");
        }
    }
}

impl Engine {
    /// All collections, by name.
    ///
    /// # Errors
    /// `read_only`, and the store's own.
    pub fn collections(&self) -> Result<Vec<CollectionRow>, ErrorReport> {
        let rows = self.user()?.collections()?.into_iter();
        Ok(rows
            .map(|collection| CollectionRow {
                id: collection.id.0,
                name: collection.name,
                documents: collection.documents,
            })
            .collect())
    }

    /// Makes one. Gives its number.
    ///
    /// # Errors
    /// `name_taken`, and the store's own.
    pub fn create_collection(&self, name: &str) -> Result<u32, ErrorReport> {
        Ok(self.user()?.create_collection(name.trim(), now_ms())?.0)
    }

    /// Gives it another name.
    ///
    /// # Errors
    /// `collection_not_found`, `name_taken`, and the store's own.
    pub fn rename_collection(&self, id: u32, name: &str) -> Result<(), ErrorReport> {
        Ok(self.user()?.rename_collection(CollectionId(id), name.trim())?)
    }

    /// Deletes it; its documents stay. [`Engine::restore_collection`] brings it back.
    ///
    /// # Errors
    /// `collection_not_found`, and the store's own.
    pub fn delete_collection(&self, id: u32) -> Result<(), ErrorReport> {
        Ok(self.user()?.delete_collection(CollectionId(id), now_ms())?)
    }

    /// Brings a deleted collection back, also to the conversations that asked it.
    ///
    /// # Errors
    /// `collection_not_found`, where another has its name too, and the store's own.
    pub fn restore_collection(&self, id: u32) -> Result<(), ErrorReport> {
        Ok(self.user()?.restore_collection(CollectionId(id))?)
    }

    /// Puts documents into it.
    ///
    /// # Errors
    /// `collection_not_found`, and the store's own.
    pub fn add_to_collection(&self, id: u32, documents: &[DocumentId]) -> Result<(), ErrorReport> {
        Ok(self
            .user()?
            .add_to_collection(CollectionId(id), &self.paths_of(documents)?)?)
    }

    /// Takes documents out of it.
    ///
    /// # Errors
    /// `collection_not_found`, and the store's own.
    pub fn remove_from_collection(&self, id: u32, documents: &[DocumentId]) -> Result<(), ErrorReport> {
        Ok(self
            .user()?
            .remove_from_collection(CollectionId(id), &self.paths_of(documents)?)?)
    }

    /// The documents of a collection that the library has.
    ///
    /// # Errors
    /// `collection_not_found`, and the store's own.
    pub fn collection_documents(&self, id: u32) -> Result<Vec<DocumentId>, ErrorReport> {
        self.documents_of_paths(self.user()?.collection_paths(CollectionId(id))?)
    }

    /// The documents at these paths that the library has.
    pub(crate) fn documents_of_paths(
        &self,
        paths: impl IntoIterator<Item = PathBuf>,
    ) -> Result<Vec<DocumentId>, ErrorReport> {
        let mut documents = self.0.library.documents_at(paths)?;
        documents.sort_unstable();
        Ok(documents)
    }

    /// Documents that left the library for good leave their collections too.
    pub(crate) fn forget_in_collections(&self, paths: &[PathBuf]) {
        let Ok(user) = self.user() else { return };
        if let Err(error) = user.forget_in_collections(paths) {
            tracing::warn!(%error, "collections still count documents that are gone");
        }
    }

    pub(crate) fn paths_of(&self, documents: &[DocumentId]) -> Result<Vec<PathBuf>, ErrorReport> {
        let mut records = self.0.library.documents_by_id(documents)?;
        Ok(documents
            .iter()
            .filter_map(|id| records.remove(id))
            .map(|record| record.path)
            .collect())
    }
}
