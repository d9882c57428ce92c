//! Another embedder: every passage gets its vector, and those of the one before go.

use super::bench;
use docmind_core::chunk::ChunkId;
use docmind_core::embedding::EmbedderCard;
use docmind_core::fakes::embed_words;
use docmind_core::ports::Embedder;
use docmind_store::EmbedderChoice;

#[test]
fn every_passage_gets_a_vector_of_the_embedder_that_was_chosen() {
    let bench = bench();
    // More than two batches.
    let notes: Vec<String> = (0..300).map(|at| format!("Note {at} about barrels.")).collect();
    bench.enqueue(&bench.write("notes.txt", &notes.join("\n\n")));
    bench.run();
    let library = &bench.library;
    let before = EmbedderCard {
        name: "before".to_owned(),
        fingerprint: "before-1".to_owned(),
        ..bench.embedder.card().unwrap()
    };
    library.choose_embedder(&before).unwrap();
    let waiting = library.passages_to_embed(ChunkId(0), 1000).unwrap();
    assert_eq!(waiting.len(), 300);
    let vectors = waiting.into_iter().map(|(id, text)| (id, embed_words(&text)));
    library.put_vectors("before-1", vectors.collect()).unwrap();
    library.drop_other_vectors().unwrap();

    bench.pipeline.forget_embedder();
    bench.run();
    assert_eq!(library.embedder().unwrap().unwrap().name, "fake");
    assert!(library.passages_to_embed(ChunkId(0), 1).unwrap().is_empty());
    assert_eq!(
        library.choose_embedder(&before).unwrap(),
        EmbedderChoice::Changed { passages: 300 }
    );
}
