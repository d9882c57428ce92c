//! A document with its vectors is committed, in one transaction, while the next ones are embedded: waiting for the disk is half a second
//! in a hundred documents.

use super::pipeline::{Pipeline, Step, at_ms, elapsed_ms};
use super::state::{Embedded, Parsed};
use crate::listeners::lock;
use docmind_core::cancel::CancelToken;
use docmind_core::document::{DocumentState, ParseFailure};
use docmind_core::error::ErrorReport;
use docmind_store::{IndexedDocument, StoreError};
use std::time::Instant;

impl Pipeline {
    /// Commits one document that has its vectors; hands vectors on to the index when it is time.
    pub fn commit_one(&self, _: &CancelToken) -> Step {
        let next = {
            let mut state = lock(&self.state);
            // A library that cannot be written would refuse this one too.
            let next = match state.blocked {
                Some(_) => None,
                None => state.embedded.pop_front(),
            };
            if let Some(embedded) = &next {
                state.embedded_bytes -= embedded.parsed.held_bytes;
            }
            next
        };
        let Some(embedded) = next else { return Step::Idle };
        self.commit(embedded);
        lock(&self.state).embedding -= 1;
        self.notify();
        self.flush();
        Step::Worked
    }

    fn commit(&self, embedded: Embedded) {
        let started = Instant::now();
        let Embedded {
            parsed,
            chunks,
            fingerprint,
            embed_ms,
            cancel,
        } = embedded;
        if cancel.is_cancelled() {
            self.undecided(parsed.record.id, Some(&parsed.hash));
            return;
        }
        if chunks.is_empty() {
            let failure = ParseFailure {
                state: DocumentState::NoText,
                message: format!(
                    "`{}` has no words to search for.\nNothing to do.",
                    parsed.record.path.display()
                ),
                detail: None,
            };
            self.settle_unindexed(&parsed, &failure, started);
            return;
        }
        let count = chunks.len() as u32;
        let document = IndexedDocument {
            stamp: &parsed.stamp,
            hash: &parsed.hash,
            media_type: &parsed.media_type,
            title: parsed.title.as_deref(),
            language: parsed.language.as_deref(),
            pages: &parsed.pages,
            failed_pages: &parsed.failed_pages,
            chunks,
            fingerprint: &fingerprint,
        };
        match self.library.commit_document(parsed.record.id, document, at_ms()) {
            Ok(committed) => {
                self.forget_vectors(committed.removed);
                let indexed = if committed.duplicate_of.is_some() { 0 } else { count };
                if !committed.appended.is_empty() {
                    let mut state = lock(&self.state);
                    state.unflushed.extend(committed.appended);
                    state.unflushed_since.get_or_insert_with(Instant::now);
                }
                self.settled(
                    parsed.record.id,
                    Some(&parsed.hash),
                    indexed,
                    parsed.read_ms + embed_ms + elapsed_ms(started),
                );
            }
            Err(StoreError::Inconsistent { reason, .. }) => {
                let report =
                    ErrorReport::new("document_inconsistent", "what was read contradicts itself").with_detail(reason);
                self.embedder_failed_on(&parsed, &report);
            }
            Err(StoreError::WrongEmbedder { .. }) => {
                // Exchanged meanwhile: the document is embedded again with the new one.
                self.forget_embedder();
                self.undecided(parsed.record.id, Some(&parsed.hash));
                self.wake();
            }
            Err(error) => {
                self.undecided(parsed.record.id, Some(&parsed.hash));
                self.store_failed(error);
            }
        }
    }

    pub(super) fn embedder_failed_on(&self, parsed: &Parsed, report: &ErrorReport) {
        let failure = ParseFailure {
            state: DocumentState::Crashed,
            message: format!(
                "`{}` could not be embedded.\nRetry it; if it fails again, save it in another format.",
                parsed.record.path.display()
            ),
            detail: Some(report.detail.clone().unwrap_or_else(|| report.message.clone())),
        };
        self.settle_unindexed(parsed, &failure, Instant::now());
    }

    /// Read, and yet it ends without passages.
    fn settle_unindexed(&self, parsed: &Parsed, failure: &ParseFailure, started: Instant) {
        let settled = self.settle_failure(
            &parsed.record,
            &parsed.stamp,
            Some(&parsed.hash),
            &parsed.media_type,
            failure,
            started,
        );
        if let Err(error) = settled {
            self.store_failed(error);
        }
    }
}
