//! Where documents, passages, vectors and conversations are kept.
//!
//! SQLite holds the truth, LanceDB is an index that can be rebuilt from it:
//!
//! - [`Library`] is `library.db`: the ledger of files, pages, passages, vectors and the keyword index. One transaction a document.
//!
//! - [`VectorStore`] is the index over the vectors, in LanceDB: what it finds are hints, checked against the library.
//! - [`UserDb`] is `user.db`: conversations, collections, histories; copied daily.
//!
//! ```no_run
//! # fn main() -> Result<(), docmind_store::StoreError> {
//! use docmind_core::question::KeywordQuery;
//! let library = docmind_store::Library::open(std::path::Path::new("/home/me/.local/share/docmind"))?;
//! for hit in library.keyword_search(&KeywordQuery::parse("thermal expansion"), 10, None)? {
//!     println!("{:?} {:.2}", hit.id, hit.score);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Everything here blocks on the disk but the vector index, which is asynchronous because LanceDB is. The clock is the caller's:
//! times are passed in as milliseconds since the Unix epoch.
//!
//! Deliberately not here: reading documents, embedding them, fusing rankings, prompts, and who may open the data folder.

mod bench;
mod database;
mod error;
mod layout;
mod library;
mod records;
mod schema;
mod terms;
#[cfg(test)]
mod testing;
mod user;
mod vector_store;

pub use bench::{SearchBench, SearchTimes, bench_search};
pub use database::create_private_folder;
pub use error::StoreError;
pub use library::{CurrentEmbedder, EmbedderChoice, Library};
pub use records::{
    CancelledQueue, CheckReport, Committed, DocumentOrder, DocumentQuery, DocumentRecord, Enqueued, FileStamp,
    IndexedDocument, LibraryCounts, Queueing, Recognised, Removed, Settlement, UnreadPage,
};
pub use user::{
    BenchmarkRecord, Collection, CollectionId, ConversationAsks, ConversationRecord, ConversationScope, SettingsRecord,
    UserDb,
};
pub use vector_store::{INDEX_FROM, IndexState, VectorStore};
