//! The machine, stepped by hand over a real library in a temporary folder, with fakes for what runs in child processes.

mod failing;
mod reembed;
mod scans;

use super::gate::Gate;
use super::pipeline::{Pipeline, Step};
use crate::events::IngestEvent;
use crate::listeners::{Listeners, Subscription};
use docmind_core::cancel::CancelToken;
use docmind_core::document::{DocumentId, DocumentState};
use docmind_core::fakes::{FakeEmbedder, FakeParser, FakeVectorIndex};
use docmind_store::{FileStamp, Library};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

struct Bench {
    _data: tempfile::TempDir,
    files: tempfile::TempDir,
    library: Arc<Library>,
    index: Arc<FakeVectorIndex>,
    parser: Arc<FakeParser>,
    embedder: Arc<FakeEmbedder>,
    pipeline: Pipeline,
    told: Arc<Mutex<Vec<IngestEvent>>>,
    _subscription: Subscription,
}

fn bench() -> Bench {
    let data = tempfile::tempdir().unwrap();
    let library = Arc::new(Library::open(data.path()).unwrap());
    let (index, parser, embedder) = (
        Arc::<FakeVectorIndex>::default(),
        Arc::<FakeParser>::default(),
        Arc::<FakeEmbedder>::default(),
    );
    let listeners = Listeners::default();
    let told = Arc::new(Mutex::new(Vec::new()));
    let subscription = listeners.subscribe({
        let told = Arc::clone(&told);
        move |event: &IngestEvent| told.lock().unwrap().push(event.clone())
    });
    let pipeline = Pipeline::new(
        Arc::clone(&library),
        Arc::clone(&index) as _,
        Arc::clone(&parser) as _,
        Arc::clone(&embedder) as _,
        Gate::default(),
        listeners,
    );
    let files = tempfile::tempdir().unwrap();
    Bench {
        _data: data,
        files,
        library,
        index,
        parser,
        embedder,
        pipeline,
        told,
        _subscription: subscription,
    }
}

impl Bench {
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.files.path().canonicalize().unwrap().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn enqueue(&self, path: &Path) -> DocumentId {
        let stamp: FileStamp = crate::scan::stamp(path.to_owned(), &fs::metadata(path).unwrap());
        let queued = self.library.enqueue(&[stamp], 1.0).unwrap().files[0];
        self.pipeline.queued(u32::from(queued.is_queued()));
        queued.id()
    }

    /// Steps until nothing is left to do.
    fn run(&self) {
        let cancel = CancelToken::new();
        for _ in 0..1000 {
            let read = self.pipeline.read_one(&cancel);
            let embedded = self.pipeline.embed_batch(&cancel);
            let committed = self.pipeline.commit_one(&cancel);
            if [read, embedded, committed] == [Step::Idle; 3] && self.pipeline.is_idle() {
                return;
            }
            if self.pipeline.blocked().is_some() {
                return;
            }
        }
        panic!("it never came to rest");
    }

    fn state(&self, id: DocumentId) -> DocumentState {
        self.library.document(id).unwrap().unwrap().state
    }

    fn settled(&self) -> Vec<(DocumentId, DocumentState, u32)> {
        let told = self.told.lock().unwrap();
        told.iter()
            .filter_map(|event| match event {
                IngestEvent::Settled {
                    row, indexed_chunks, ..
                } => Some((row.id, row.state, *indexed_chunks)),
                _ => None,
            })
            .collect()
    }
}

#[test]
fn a_file_becomes_passages_in_four_steps() {
    let bench = bench();
    let id = bench.enqueue(&bench.write("note.txt", "The kettle whistles.\n\nThe lid is stuck."));
    let cancel = CancelToken::new();
    assert_eq!(bench.pipeline.read_one(&cancel), Step::Worked);
    assert_eq!(bench.state(id), DocumentState::Working);
    assert_eq!(bench.pipeline.embed_batch(&cancel), Step::Worked);
    assert_eq!(bench.state(id), DocumentState::Working);
    assert!(!bench.pipeline.is_idle());
    assert_eq!(bench.pipeline.commit_one(&cancel), Step::Worked);
    assert_eq!(bench.state(id), DocumentState::Ready);
    assert_eq!(bench.pipeline.read_one(&cancel), Step::Idle);
    assert_eq!(bench.pipeline.embed_batch(&cancel), Step::Idle);
    assert_eq!(bench.pipeline.commit_one(&cancel), Step::Idle);
    assert!(bench.pipeline.is_idle());
    assert_eq!(bench.index.vectors.lock().unwrap().len(), 2);
    assert_eq!(bench.settled(), [(id, DocumentState::Ready, 2)]);
    assert!(bench.library.check().unwrap().problems.is_empty());
}

#[test]
fn small_documents_share_a_trip_and_a_commit_to_the_index() {
    let bench = bench();
    for at in 0..10 {
        bench.enqueue(&bench.write(&format!("{at}.txt"), &format!("Note {at} about barrels.")));
    }
    let cancel = CancelToken::new();
    while bench.pipeline.read_one(&cancel) == Step::Worked {}
    bench.pipeline.embed_batch(&cancel);
    assert_eq!(bench.embedder.trips.load(Ordering::Relaxed), 1);
    bench.run();
    assert_eq!(bench.index.appends.load(Ordering::Relaxed), 1);
}

#[test]
fn the_same_bytes_twice_are_read_once_even_at_the_same_time() {
    let bench = bench();
    let first = bench.enqueue(&bench.write("a.txt", "The same words."));
    let second = bench.enqueue(&bench.write("b.txt", "The same words."));
    let cancel = CancelToken::new();
    // Both are off the queue before either is settled.
    bench.pipeline.read_one(&cancel);
    bench.pipeline.read_one(&cancel);
    bench.run();
    assert_eq!(bench.parser.calls.load(Ordering::Relaxed), 1);
    assert_eq!(
        (bench.state(first), bench.state(second)),
        (DocumentState::Ready, DocumentState::Duplicate)
    );
}

#[test]
fn a_moved_file_keeps_its_vectors() {
    let bench = bench();
    let before = bench.write("before.txt", "Mortar is mixed one to four.");
    let id = bench.enqueue(&before);
    bench.run();
    let after = before.with_file_name("after.txt");
    fs::rename(&before, &after).unwrap();
    bench.enqueue(&after);
    bench.run();
    assert_eq!(bench.embedder.trips.load(Ordering::Relaxed), 1);
    let record = bench.library.document(id).unwrap().unwrap();
    assert_eq!((record.path, record.state), (after, DocumentState::Ready));
    assert_eq!(bench.settled().last(), Some(&(id, DocumentState::Ready, 0)));
}

/// As on a disk that makes no difference of letter case: the former name still leads to the file.
#[cfg(target_os = "linux")]
#[test]
fn a_file_renamed_in_letter_case_alone_is_moved_and_no_copy() {
    let bench = bench();
    let before = bench.write("note.txt", "Mortar is mixed one to four.");
    let id = bench.enqueue(&before);
    bench.run();
    let after = before.with_file_name("Note.txt");
    fs::rename(&before, &after).unwrap();
    std::os::unix::fs::symlink(&after, &before).unwrap();
    bench.enqueue(&after);
    bench.run();
    let record = bench.library.document(id).unwrap().unwrap();
    assert_eq!((record.path, record.state), (after, DocumentState::Ready));
    assert_eq!(bench.library.counts().unwrap().ready, 1);
}

#[test]
fn what_was_read_of_a_file_stays_while_it_cannot_be_opened() {
    let bench = bench();
    let path = bench.write("note.txt", "The key hangs behind the can.");
    let copy = bench.write("copy.txt", "The key hangs behind the can.");
    let (id, copied) = (bench.enqueue(&path), bench.enqueue(&copy));
    bench.run();
    // Changed, and then their folder is away before they are read.
    for path in [&path, &copy] {
        fs::write(path, "The key lies under the third pot.").unwrap();
        bench.enqueue(path);
        fs::remove_file(path).unwrap();
    }
    bench.run();
    assert_eq!(
        (bench.state(id), bench.state(copied)),
        (DocumentState::Ready, DocumentState::Duplicate)
    );
    assert!(bench.library.chunks_of(id).unwrap()[0].text.contains("behind the can"));
    let told = |code: &str| {
        let told = bench.told.lock().unwrap();
        let is_told = |event: &&IngestEvent| matches!(event, IngestEvent::Notice(notice) if notice.code == code);
        told.iter().filter(is_told).count()
    };
    assert_eq!(told("file_not_read_again"), 1, "once for both");
    assert!(bench.library.check().unwrap().problems.is_empty());

    // It is there again as it was changed.
    fs::write(&path, "The key lies under the third pot.").unwrap();
    assert_eq!(bench.enqueue(&path), id);
    bench.run();
    assert!(bench.library.chunks_of(id).unwrap()[0].text.contains("third pot"));
}

#[test]
fn a_changed_file_replaces_its_passages_and_the_index_forgets_them() {
    let bench = bench();
    let path = bench.write("note.txt", "The key hangs behind the can.");
    let id = bench.enqueue(&path);
    bench.run();
    let old: Vec<_> = bench
        .library
        .chunks_of(id)
        .unwrap()
        .iter()
        .map(|chunk| chunk.id)
        .collect();
    fs::write(&path, "The key lies under the third pot.").unwrap();
    bench.enqueue(&path);
    bench.run();
    let new = bench.library.chunks_of(id).unwrap();
    assert_eq!(new.len(), 1);
    assert!(new[0].text.contains("third pot"));
    let vectors = bench.index.vectors.lock().unwrap();
    assert!(vectors.contains_key(&new[0].id) && !vectors.contains_key(&old[0]));
}

#[test]
fn a_file_saved_again_while_it_is_worked_on_is_read_again() {
    let bench = bench();
    let path = bench.write("note.txt", "The key hangs behind the can.");
    let id = bench.enqueue(&path);
    let says = |words: &str| {
        let chunks = bench.library.chunks_of(id).unwrap();
        chunks.len() == 1 && chunks[0].text.contains(words)
    };
    bench.pipeline.read_one(&CancelToken::new());
    fs::write(&path, "The key lies under the third pot.").unwrap();
    assert_eq!(bench.enqueue(&path), id);
    bench.pipeline.touched(vec![path.clone()]).unwrap();
    bench.run();
    assert!(says("third pot"));

    // It was settled between the ledger's answer and this.
    fs::write(&path, "The key is lost.").unwrap();
    bench.pipeline.touched(vec![path.clone()]).unwrap();
    bench.run();
    assert!(says("lost"));

    // What was read is what stands there: nothing is done twice.
    let read = bench.parser.calls.load(Ordering::Relaxed);
    bench.pipeline.touched(vec![path.clone()]).unwrap();
    assert!(bench.pipeline.is_idle());
    bench.library.hide(&[id], 3.0).unwrap();
    fs::write(&path, "The key was found again.").unwrap();
    bench.pipeline.touched(vec![path]).unwrap();
    bench.run();
    assert_eq!(bench.parser.calls.load(Ordering::Relaxed), read);
    assert!(bench.library.document(id).unwrap().unwrap().removed_at_ms.is_some());
}

#[test]
fn every_failure_is_settled_with_its_reason_and_can_be_tried_again() {
    let bench = bench();
    let damaged = bench.enqueue(&bench.write("damaged.txt", "!damaged"));
    let blank = bench.enqueue(&bench.write("blank.txt", " \u{c} \n"));
    let empty = bench.enqueue(&bench.write("empty.txt", ""));
    let gone_path = bench.write("gone.txt", "x");
    let gone = bench.enqueue(&gone_path);
    fs::remove_file(gone_path).unwrap();
    bench.run();
    for (id, state) in [
        (damaged, DocumentState::Damaged),
        (blank, DocumentState::Empty),
        (empty, DocumentState::Empty),
        (gone, DocumentState::Unreadable),
    ] {
        let record = bench.library.document(id).unwrap().unwrap();
        assert_eq!(record.state, state);
        assert!(
            record
                .error
                .is_some_and(|error| error.message.lines().count() >= 2 && error.code == state.as_str())
        );
    }
    bench.write("damaged.txt", "It was saved again.");
    bench.library.retry(&[damaged], 2.0).unwrap();
    bench.pipeline.queued(1);
    bench.run();
    assert_eq!(bench.state(damaged), DocumentState::Ready);
}

#[test]
fn one_bad_document_does_not_take_its_trip_with_it() {
    let bench = bench();
    let ids: Vec<_> = (0..3)
        .map(|at| bench.enqueue(&bench.write(&format!("{at}.txt"), &format!("Text {at} here."))))
        .collect();
    // The common trip fails, and the first alone fails again.
    bench.embedder.fail.store(2, Ordering::Relaxed);
    while bench.pipeline.read_one(&CancelToken::new()) == Step::Worked {}
    bench.run();
    assert_eq!(bench.state(ids[0]), DocumentState::Crashed);
    assert_eq!(bench.state(ids[1]), DocumentState::Ready);
    assert_eq!(bench.state(ids[2]), DocumentState::Ready);
}

#[test]
fn an_index_that_fails_costs_no_document() {
    let bench = bench();
    bench.index.fail.store(1, Ordering::Relaxed);
    let id = bench.enqueue(&bench.write("note.txt", "The lamp is green."));
    bench.run();
    assert_eq!(bench.state(id), DocumentState::Ready);
    assert!(
        bench
            .told
            .lock()
            .unwrap()
            .iter()
            .any(|event| matches!(event, IngestEvent::Notice(_)))
    );
}

#[test]
fn cancelling_keeps_what_is_done_and_forgets_what_waited() {
    let bench = bench();
    let done = bench.enqueue(&bench.write("done.txt", "Done already."));
    bench.run();
    let waiting = bench.enqueue(&bench.write("waiting.txt", "Not begun."));
    let reading = bench.enqueue(&bench.write("reading.txt", "Read but not embedded."));
    bench.pipeline.read_one(&CancelToken::new());
    let gone = bench.pipeline.cancel_all().unwrap();
    assert_eq!(gone.len(), 2);
    bench.run();
    assert_eq!(bench.state(done), DocumentState::Ready);
    assert!(bench.library.document(waiting).unwrap().is_none());
    assert!(bench.library.document(reading).unwrap().is_none());
}

#[test]
fn what_waits_to_be_committed_goes_the_way_of_the_rest() {
    let bench = bench();
    bench.run();
    let cancel = CancelToken::new();
    let embedded = |name: &str| {
        let id = bench.enqueue(&bench.write(name, &format!("The words of {name}.")));
        bench.pipeline.read_one(&cancel);
        bench.pipeline.embed_batch(&cancel);
        id
    };
    let withdrawn = embedded("withdrawn.txt");
    assert_eq!(bench.pipeline.cancel_all().unwrap(), [withdrawn]);
    assert!(bench.pipeline.is_idle());
    assert!(bench.library.document(withdrawn).unwrap().is_none());

    let late = embedded("late.txt");
    cancel.cancel();
    assert_eq!(bench.pipeline.commit_one(&CancelToken::new()), Step::Worked);
    assert_eq!(bench.state(late), DocumentState::Queued);

    let closed = bench.enqueue(&bench.write("closed.txt", "Closed before it was committed."));
    let cancel = CancelToken::new();
    while bench.pipeline.read_one(&cancel) == Step::Worked {}
    bench.pipeline.embed_batch(&cancel);
    bench.pipeline.put_back_all();
    assert_eq!(bench.state(late), DocumentState::Queued);
    assert_eq!(bench.state(closed), DocumentState::Queued);
    assert!(bench.library.check().unwrap().problems.is_empty());
}

#[test]
fn a_cancelled_step_leaves_the_document_queued() {
    let bench = bench();
    let id = bench.enqueue(&bench.write("note.txt", "Some text."));
    let cancel = CancelToken::new();
    cancel.cancel();
    bench.pipeline.read_one(&cancel);
    assert_eq!(bench.state(id), DocumentState::Queued);
    bench.run();
    assert_eq!(bench.state(id), DocumentState::Ready);
}

#[test]
fn a_new_process_goes_on_where_the_old_one_died() {
    let bench = bench();
    let id = bench.enqueue(&bench.write("note.txt", "Some text."));
    bench.pipeline.read_one(&CancelToken::new());
    assert_eq!(bench.state(id), DocumentState::Working);
    // Opening the library again, as after a kill, queues it once more.
    let folder = bench.library.folder().to_owned();
    let again = Library::open(&folder).unwrap();
    assert_eq!(again.document(id).unwrap().unwrap().state, DocumentState::Queued);
}

#[test]
fn threads_that_have_nothing_to_do_sleep_and_are_woken() {
    let bench = bench();
    bench.run();
    let nap = || super::pipeline::nap(&crate::listeners::lock(&bench.pipeline.state));
    let long = nap();
    let path = bench.write("note.txt", "Some text.");
    bench.enqueue(&path);
    assert!(nap() < long);
    bench.run();
    assert_eq!(nap(), long);
    let Bench {
        pipeline,
        library,
        _data,
        files: _files,
        ..
    } = bench;
    let pipeline = Arc::new(pipeline);
    let mut ingest = super::Ingest::start(Arc::clone(&pipeline));
    pipeline.wait_idle(&CancelToken::new()).unwrap();
    let began = std::time::Instant::now();
    fs::write(&path, "Some other text.").unwrap();
    let stamp = crate::scan::stamp(path.clone(), &fs::metadata(&path).unwrap());
    library.enqueue(&[stamp], 2.0).unwrap();
    pipeline.queued(1);
    pipeline.wait_idle(&CancelToken::new()).unwrap();
    ingest.stop();
    assert!(began.elapsed() < long / 2, "nobody slept on");
    assert_eq!(library.counts().unwrap().ready, 1);
}

#[test]
fn threads_take_a_queue_to_its_end_and_stop() {
    let bench = bench();
    for at in 0..40 {
        bench.enqueue(&bench.write(&format!("{at}.txt"), &format!("Note {at}.\n\nMore of {at}.")));
    }
    let Bench {
        pipeline,
        library,
        _data,
        files: _files,
        ..
    } = bench;
    let pipeline = Arc::new(pipeline);
    let mut ingest = super::Ingest::start(Arc::clone(&pipeline));
    pipeline.wait_idle(&CancelToken::new()).unwrap();
    ingest.stop();
    assert_eq!(library.counts().unwrap().ready, 40);
}
