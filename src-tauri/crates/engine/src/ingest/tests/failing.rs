//! An embedder that is there and fails at everything: no document is to blame for that.

use super::{Bench, bench};
use crate::ingest::gate::Gate;
use crate::ingest::pipeline::{Pipeline, Step};
use crate::listeners::Listeners;
use docmind_core::cancel::CancelToken;
use docmind_core::chunk::EmbeddedChunk;
use docmind_core::document::DocumentState;
use docmind_core::embedding::{EmbedderCard, Embedding, TextKind};
use docmind_core::error::ErrorReport;
use docmind_core::fakes::FakeEmbedder;
use docmind_core::ports::{Embedder, PagesToEmbed};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

#[derive(Default)]
struct Failing {
    works: AtomicBool,
    trips: AtomicU32,
    within: FakeEmbedder,
}

impl Failing {
    fn check(&self) -> Result<(), ErrorReport> {
        if self.works.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(ErrorReport::new("embedding_failed", "It failed.\nTry again."))
        }
    }
}

impl Embedder for Failing {
    fn card(&self) -> Result<EmbedderCard, ErrorReport> {
        self.within.card()
    }

    fn chunk_and_embed(
        &self,
        documents: &[PagesToEmbed<'_>],
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Vec<Vec<EmbeddedChunk>>, ErrorReport> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        self.check()?;
        self.within.chunk_and_embed(documents, cancel, progress)
    }

    fn embed(&self, kind: TextKind, texts: &[String], cancel: &CancelToken) -> Result<Vec<Embedding>, ErrorReport> {
        self.check()?;
        self.within.embed(kind, texts, cancel)
    }
}

#[test]
fn the_queue_waits_for_an_embedder_that_fails_at_everything() {
    let mut bench: Bench = bench();
    let embedder = Arc::<Failing>::default();
    bench.pipeline = Pipeline::new(
        Arc::clone(&bench.library),
        Arc::clone(&bench.index) as _,
        Arc::clone(&bench.parser) as _,
        Arc::clone(&embedder) as _,
        Gate::default(),
        Listeners::default(),
    );
    let ids =
        [1, 2, 3].map(|at| bench.enqueue(&bench.write(&format!("{at}.txt"), &format!("Note {at} about barrels."))));
    while bench.pipeline.read_one(&CancelToken::new()) == Step::Worked {}
    bench.run();
    let blocked = bench.pipeline.blocked().map(|report| report.code);
    assert_eq!(blocked.as_deref(), Some("embedding_failed"));
    assert_eq!(ids.map(|id| bench.state(id)), [DocumentState::Queued; 3]);
    let trips = embedder.trips.load(Ordering::Relaxed);
    assert_eq!(trips, 2, "one together, one alone, and the others wait");

    embedder.works.store(true, Ordering::Relaxed);
    bench.pipeline.unblock();
    bench.run();
    assert_eq!(ids.map(|id| bench.state(id)), [DocumentState::Ready; 3]);
}
