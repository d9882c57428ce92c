//! Stories of a folder, in any order: the library stays sound through each.

use super::nobody;
use crate::Library;
use crate::records::{Recognised, Settlement};
use crate::testing::{commit, hash, library, stamp};
use docmind_core::chunk::ChunkId;
use docmind_core::document::DocumentState;
use docmind_core::error::ErrorReport;
use docmind_core::question::KeywordQuery;
use proptest::prelude::*;
use std::collections::HashSet;
use std::path::Path;

/// One thing that happens to a folder of four files with three possible contents.
#[derive(Clone, Debug)]
enum Event {
    Write(u8, u8),
    Move(u8, u8),
    Delete(u8),
    Hide(u8),
    Unhide(u8),
    Fail(u8),
    Crash,
    Cancel,
}

fn events() -> impl Strategy<Value = Event> {
    let file = 0_u8..4;
    prop_oneof![
        4 => (file.clone(), 0_u8..3).prop_map(|(file, text)| Event::Write(file, text)),
        2 => (file.clone(), file.clone()).prop_map(|(from, to)| Event::Move(from, to)),
        1 => file.clone().prop_map(Event::Delete),
        1 => file.clone().prop_map(Event::Hide),
        1 => file.clone().prop_map(Event::Unhide),
        1 => file.prop_map(Event::Fail),
        1 => Just(Event::Crash),
        1 => Just(Event::Cancel),
    ]
}

/// What the test's files hold, and the same ingest as the engine's in small.
struct World {
    files: [Option<u8>; 4],
    clock: i64,
    ever: HashSet<ChunkId>,
}

const CONTENTS: [&str; 3] = [
    "Oak burns slowly.\nOak is hard.",
    "Pine smells.",
    "Elm bends.\nElm rots.\nElm is rare.",
];

impl World {
    fn ingest(&mut self, library: &Library) {
        loop {
            let taken = library.take_queued(2).unwrap();
            if taken.is_empty() {
                return;
            }
            for document in taken {
                let name = document.path.to_string_lossy().into_owned();
                let text = name[2..].parse::<usize>().ok().and_then(|file| self.files[file]);
                let stamp = stamp(&name, self.clock);
                let Some(text) = text else {
                    let error = ErrorReport::new("unreadable", "Gone.\nAdd it again.");
                    let settlement = Settlement {
                        state: DocumentState::Unreadable,
                        stamp: &stamp,
                        hash: None,
                        media_type: "",
                        error: Some(&error),
                    };
                    library.settle(document.id, &settlement, 1.0).unwrap();
                    continue;
                };
                let content = CONTENTS[text as usize];
                let there = |path: &Path| {
                    path.to_string_lossy()[2..]
                        .parse::<usize>()
                        .is_ok_and(|file| self.files[file].is_some())
                };
                if library
                    .recognise(document.id, &hash(content), &stamp, 1.0, there, nobody)
                    .unwrap()
                    == Recognised::New
                {
                    let committed = commit(library, document.id, &stamp, &[content]).unwrap();
                    for (id, _) in committed.appended {
                        assert!(self.ever.insert(id), "passage id {id:?} was used before");
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_the_library_stays_sound(story in prop::collection::vec((events(), any::<bool>()), 1..14)) {
        let folder = tempfile::tempdir().unwrap();
        let mut library = library(folder.path());
        let mut world = World { files: [None; 4], clock: 0, ever: HashSet::new() };
        for (event, ingest_now) in story {
            world.clock += 1;
            let path = |file: u8| format!("/f{file}");
            let id_of = |library: &Library, file: u8| library.document_at(Path::new(&path(file))).unwrap().map(|document| document.id);
            match event {
                Event::Write(file, text) => {
                    world.files[file as usize] = Some(text);
                    library.enqueue(&[stamp(&path(file), world.clock)], world.clock as f64).unwrap();
                }
                Event::Move(from, to) if from != to && world.files[from as usize].is_some() => {
                    // As a walk over the folder meets it: a new file. That it was another one shows when its bytes are known.
                    world.files[to as usize] = world.files[from as usize].take();
                    library.enqueue(&[stamp(&path(to), world.clock)], world.clock as f64).unwrap();
                }
                Event::Move(..) => {}
                Event::Delete(file) => {
                    world.files[file as usize] = None;
                    if let Some(id) = id_of(&library, file) {
                        library.remove(&[id]).unwrap();
                    }
                }
                Event::Hide(file) => {
                    if let Some(id) = id_of(&library, file) {
                        library.hide(&[id], world.clock as f64).unwrap();
                    }
                }
                Event::Unhide(file) => {
                    if let Some(id) = id_of(&library, file) {
                        library.unhide(&[id]).unwrap();
                    }
                }
                Event::Fail(file) => {
                    if let Some(id) = id_of(&library, file) {
                        let error = ErrorReport::new("crashed", "It crashed.\nTry again.");
                        let stamp = stamp(&path(file), world.clock);
                        let settlement =
                            Settlement { state: DocumentState::Crashed, stamp: &stamp, hash: None, media_type: "", error: Some(&error) };
                        library.settle(id, &settlement, 1.0).unwrap();
                    }
                }
                Event::Crash => {
                    library.take_queued(1).unwrap();
                    drop(library);
                    library = Library::open(folder.path()).unwrap();
                }
                Event::Cancel => {
                    library.cancel_queued().unwrap();
                }
            }
            if ingest_now {
                world.ingest(&library);
            }
            let report = library.check().unwrap();
            prop_assert_eq!(report.problems, Vec::<String>::new());
            let hits = library.keyword_search(&KeywordQuery::parse("oak pine elm"), 50, None).unwrap();
            let distinct: HashSet<ChunkId> = hits.iter().map(|hit| hit.id).collect();
            prop_assert_eq!(distinct.len(), hits.len());
            prop_assert_eq!(library.chunks(&hits.iter().map(|hit| hit.id).collect::<Vec<_>>()).unwrap().len(), hits.len());
        }
    }
}
