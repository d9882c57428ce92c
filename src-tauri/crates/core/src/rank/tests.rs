//! Fusion, feedback, reading.

use super::*;
use crate::document::{DocumentId, Span};
use proptest::prelude::*;

fn hits(scores: &[(u32, f32)]) -> Vec<Hit> {
    let mut hits: Vec<Hit> = scores
        .iter()
        .map(|&(id, score)| Hit { id: ChunkId(id), score })
        .collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    hits.dedup_by_key(|hit| hit.id);
    let mut known = std::collections::HashSet::new();
    hits.retain(|hit| known.insert(hit.id));
    hits
}

fn chunk(id: u32, text: &str) -> Chunk {
    Chunk {
        id: ChunkId(id),
        document: DocumentId(1),
        ordinal: id,
        page: 1,
        span: Span::new(0, text.chars().count() as u32),
        heading: vec![],
        text: text.into(),
        table_header: String::new(),
        tokens: 10,
    }
}

fn ranking() -> impl Strategy<Value = Vec<Hit>> {
    prop::collection::vec((0_u32..40, 0.01_f32..1.0), 0..30).prop_map(|scores| hits(&scores))
}

proptest! {
    #[test]
    fn every_hit_is_kept_once(keyword in ranking(), vector in ranking(), weight in 0.0_f32..=1.0) {
        let mut expected: Vec<ChunkId> = keyword.iter().chain(&vector).map(|hit| hit.id).collect();
        expected.sort_unstable();
        expected.dedup();
        for fused in [fuse(&keyword, &vector, weight), fuse_by_rank(&keyword, &vector)] {
            let mut ids: Vec<ChunkId> = fused.iter().map(|candidate| candidate.id).collect();
            prop_assert!(fused.is_sorted_by(|a, b| a.score >= b.score));
            ids.sort_unstable();
            prop_assert_eq!(&ids, &expected);
        }
    }

    #[test]
    fn first_in_both_is_first(keyword in ranking(), vector in ranking(), weight in 0.01_f32..0.99) {
        let top = ChunkId(1000);
        let add = |mut hits: Vec<Hit>| { hits.insert(0, Hit { id: top, score: 2.0 }); hits };
        prop_assert_eq!(fuse(&add(keyword), &add(vector), weight)[0].id, top);
    }

    #[test]
    fn better_in_both_is_never_below(keyword in ranking(), vector in ranking(), weight in 0.0_f32..=1.0) {
        let fused = fuse(&keyword, &vector, weight);
        for (a, b) in fused.iter().zip(fused.iter().skip(1)) {
            let worse = |x: Option<f32>, y: Option<f32>| matches!((x, y), (Some(x), Some(y)) if x < y);
            prop_assert!(!(worse(a.bm25, b.bm25) && worse(a.cosine, b.cosine)));
        }
    }

    #[test]
    fn one_ranking_alone_keeps_its_order(hits in ranking()) {
        let ids = |fused: Vec<Fused>| fused.into_iter().map(|candidate| candidate.score).collect::<Vec<_>>();
        prop_assert!(ids(by_mode(SearchMode::Keyword, &hits, &[], 0.6)).is_sorted_by(|a, b| a >= b));
        prop_assert!(ids(by_mode(SearchMode::Vector, &[], &hits, 0.6)).is_sorted_by(|a, b| a >= b));
    }
}

#[test]
fn codes_and_phrases_trust_words() {
    assert_eq!(
        vector_weight(&KeywordQuery::parse("What is ISO-9001?")),
        EXACT_VECTOR_WEIGHT
    );
    assert_eq!(
        vector_weight(&KeywordQuery::parse("the \"exact words\" here")),
        EXACT_VECTOR_WEIGHT
    );
    assert_eq!(
        vector_weight(&KeywordQuery::parse("Which battle happened at Hastings in 1066?")),
        VECTOR_WEIGHT
    );
}

#[test]
fn a_word_or_two_trust_words() {
    let weight = |question: &str| vector_weight(&KeywordQuery::parse(question));
    assert_eq!(weight("Bohemond"), EXACT_VECTOR_WEIGHT);
    assert_eq!(weight("boiler pressure"), EXACT_VECTOR_WEIGHT);
    assert_eq!(weight("Who was Bohemond?"), FEW_VECTOR_WEIGHT);
    assert_eq!(weight("Why?"), FEW_VECTOR_WEIGHT);
    assert_eq!(weight("boiler pressure summer"), VECTOR_WEIGHT);
}

#[test]
fn reading_prefers_the_sentence_that_has_it_all() {
    let fused = fuse(&hits(&[(1, 5.0), (2, 4.9)]), &[], 0.6);
    let chunks = vec![
        chunk(1, "The duke was old. Many castles stood in Sicily. A tax was paid."),
        chunk(2, "The duke of Sicily paid a tax. Nothing else is known."),
    ];
    let ranked = reread("Which tax did the duke of Sicily pay?", &fused, chunks);
    assert_eq!(ranked[0].chunk.id, ChunkId(2));
    assert_eq!(ranked.len(), 2);
}

#[test]
fn both_rankings_are_scaled_from_their_best_to_their_hundredth() {
    let ranking = |first: u32, best: f32| -> Vec<Hit> {
        (0..CANDIDATES as u32)
            .map(|at| Hit {
                id: ChunkId(first + at),
                score: best * (1.0 - at as f32 / CANDIDATES as f32),
            })
            .collect()
    };
    let fused = fuse(&ranking(0, 12.0), &ranking(1000, 0.8), 0.5);
    let score = |id| {
        fused
            .iter()
            .find(|candidate| candidate.id == ChunkId(id))
            .map(|candidate| candidate.score)
    };
    for at in [0, 40, 99] {
        let (by_words, by_vector) = (score(at).unwrap(), score(1000 + at).unwrap());
        assert!((by_words - by_vector).abs() < 1e-5, "{at}: {by_words} {by_vector}");
    }
    assert_eq!(score(99), Some(0.0));
    // A few hits are all there are: the last of them still stands above what has no word at all.
    let few = fuse(&ranking(0, 12.0)[..60], &[], 0.5);
    assert!(few.last().unwrap().score > 0.0);
}

#[test]
fn behind_the_hundredth_a_ranking_keeps_its_order() {
    // Ids against the order, since they break ties.
    let ranking: Vec<Hit> = (0..300_u32)
        .map(|at| Hit {
            id: ChunkId(300 - at),
            score: 1.0 - 0.003 * at as f32,
        })
        .collect();
    let order: Vec<ChunkId> = ranking.iter().map(|hit| hit.id).collect();
    let ids = |fused: Vec<Fused>| fused.into_iter().map(|candidate| candidate.id).collect::<Vec<_>>();
    assert_eq!(ids(by_mode(SearchMode::Vector, &[], &ranking, 0.6)), order);
    assert_eq!(ids(by_mode(SearchMode::Keyword, &ranking, &[], 0.6)), order);
}

#[test]
fn a_rare_find_by_words_is_no_worse_than_none() {
    let by_words: Vec<Hit> = (0..200_u32)
        .map(|at| Hit {
            id: ChunkId(at),
            score: 10.0 - 0.04 * at as f32,
        })
        .collect();
    let by_vector = hits(&[(0, 0.9), (199, 0.5), (500, 0.49), (501, 0.1)]);
    let fused = fuse(&by_words, &by_vector, 0.6);
    let at = |id| fused.iter().position(|candidate| candidate.id == ChunkId(id));
    assert!(at(199) < at(500), "{:?} {:?}", at(199), at(500));
    assert!(fused.iter().all(|candidate| candidate.score >= 0.0));
}

#[test]
fn what_a_cross_encoder_was_not_shown_stays_below() {
    let mut passages: Vec<ScoredChunk> = (1..=4)
        .map(|id| ScoredChunk {
            chunk: chunk(id, "text"),
            score: 1.6 - 0.1 * id as f32,
            cosine: None,
            bm25: None,
        })
        .collect();
    reorder(&mut passages, &[0.1, 0.9]);
    let order: Vec<u32> = passages.iter().map(|scored| scored.chunk.id.0).collect();
    assert_eq!(order, [2, 1, 3, 4]);
    assert!(passages.is_sorted_by(|a, b| a.score >= b.score), "{passages:?}");
    reorder(&mut [], &[0.5]);
}

#[test]
fn a_long_question_is_read_less() {
    let fused = fuse(&hits(&[(1, 5.0), (2, 4.0)]), &[], 0.6);
    let texts = || {
        vec![
            chunk(1, "A duke lived in Sicily."),
            chunk(2, "The duke of Sicily paid taxes there."),
        ]
    };
    let gain = |question: &str| {
        let ranked = reread(question, &fused, texts());
        let score = |id| {
            ranked
                .iter()
                .find(|scored| scored.chunk.id == ChunkId(id))
                .unwrap()
                .score
        };
        score(2) - score(1)
    };
    let before = fused[1].score - fused[0].score;
    let short = gain("Which taxes did the duke of Sicily pay?") - before;
    let long =
        gain("Which taxes did the duke of Sicily pay for wool, salt, grain, cattle, ships and castles?") - before;
    assert!(short > 2.0 * long && long > 0.0, "{short} {long}");
}

#[test]
fn what_is_gone_is_dropped() {
    let fused = fuse(&hits(&[(1, 5.0), (2, 4.0)]), &[], 0.6);
    let ranked = reread("anything", &fused, vec![chunk(2, "text")]);
    assert_eq!(
        ranked.iter().map(|scored| scored.chunk.id).collect::<Vec<_>>(),
        [ChunkId(2)]
    );
}

#[test]
fn feedback_pulls_the_like_of_the_best() {
    let unit = |x: f32, y: f32| {
        let length = (x * x + y * y).sqrt();
        Embedding::from_f32(&[x / length, y / length])
    };
    let question = unit(1.0, 0.2);
    let vectors: HashMap<ChunkId, Embedding> = [
        (ChunkId(1), unit(0.8, 0.6)),
        (ChunkId(2), unit(0.7, 0.7)),
        (ChunkId(3), unit(1.0, -0.5)),
    ]
    .into();
    let vector: Vec<Hit> = hits(&[
        (1, question.cosine(&vectors[&ChunkId(1)])),
        (3, question.cosine(&vectors[&ChunkId(3)])),
        (2, question.cosine(&vectors[&ChunkId(2)])),
    ]);
    let before = fuse(&[], &vector, 1.0);
    let after = feedback(before.clone(), &question, &vectors, 1.0);
    let score = |list: &[Fused], id| {
        list.iter()
            .find(|candidate| candidate.id == ChunkId(id))
            .map_or(0.0, |candidate| candidate.score)
    };
    assert!(score(&after, 2) > score(&before, 2));
    assert_eq!(feedback(before.clone(), &question, &HashMap::new(), 1.0), before);
}

#[test]
fn a_run_without_spaces_is_read_by_its_characters() {
    let chunks = [chunk(1, "新的图书馆在修建。"), chunk(2, "公园里有很多树。")];
    let reading = Reading::of("修建图书馆", chunks.iter());
    assert!(reading.best_coverage(1) > 0.99);
}

#[test]
fn names_with_signs_are_read_as_themselves() {
    let passages = [chunk(1, "Write the plugin in C."), chunk(2, "Write the plugin in C#.")];
    let reading = |question: &str| {
        let found = Reading::of(question, passages.iter());
        (0..2).map(|at| found.best_coverage(at + 1)).collect::<Vec<f32>>()
    };
    let [first, both] = reading("Is there a C# plugin?")[..] else {
        panic!("two passages")
    };
    assert!(first < 1.0 && both > 0.99, "{first} {both}: only the second is in C#");
    let letter = reading("Is there a C plugin?");
    assert!(letter[0] > 0.99, "{letter:?}");
}

#[test]
fn what_words_alone_find_stays_above_a_hundred_that_are_alike() {
    let unit = |x: f32, y: f32| {
        let length = (x * x + y * y).sqrt();
        Embedding::from_f32(&[x / length, y / length])
    };
    let question = unit(1.0, 0.1);
    let (alike, other) = (0..150_u32, ChunkId(500));
    let mut vectors: HashMap<ChunkId, Embedding> = alike
        .clone()
        .map(|id| (ChunkId(id), unit(1.0, 0.001 * id as f32)))
        .collect();
    vectors.insert(other, unit(-0.2, 1.0));
    let by_words = hits(
        &[
            &[(500, 9.0)][..],
            &alike.clone().map(|id| (id, 1.0)).collect::<Vec<_>>(),
        ]
        .concat(),
    );
    let by_vector: Vec<(u32, f32)> = alike.map(|id| (id, question.cosine(&vectors[&ChunkId(id)]))).collect();
    let by_vector = hits(&by_vector);
    let fused = fuse(&by_words[..CANDIDATES], &by_vector[..CANDIDATES], EXACT_VECTOR_WEIGHT);
    let fused = feedback(fused, &question, &vectors, EXACT_VECTOR_WEIGHT);
    assert_eq!(fused[0].id, other, "{:?}", &fused[..3]);
}

/// Two hundred passages that are alike and one, far in meaning, that alone has the question's rare word.
#[test]
fn the_only_passage_with_a_rare_word_is_read_wherever_fusion_put_it() {
    let alike = 0..200_u32;
    let other = ChunkId(500);
    let by_words: Vec<(u32, f32)> = std::iter::once((500, 9.0))
        .chain(alike.clone().map(|id| (id, 1.0)))
        .collect();
    let by_vector: Vec<(u32, f32)> = alike.clone().map(|id| (id, 0.6 - 0.0002 * id as f32)).collect();
    let chunks = || {
        let mut chunks: Vec<Chunk> = alike
            .clone()
            .map(|id| chunk(id, &format!("Invoice INV-2024/{id} over 123.50 euros, due in 30 days.")))
            .collect();
        chunks.push(chunk(500, "The Zephyrine was moored behind the old mill."));
        chunks
    };
    for question in ["invoice Zephyrine 2024", "invoice Zephyrine due in 2024 over 30 euros"] {
        let weight = vector_weight(&KeywordQuery::parse(question));
        let fused = fuse(&hits(&by_words)[..CANDIDATES], &hits(&by_vector)[..CANDIDATES], weight);
        assert!(fused.iter().position(|candidate| candidate.id == other) > Some(READ));
        let ranked = reread(question, &fused, chunks());
        assert_eq!(ranked[0].chunk.id, other, "{question}");
        assert_eq!(ranked.len(), fused.len());
    }
    // One that reads no better than the last of the best stays where it was.
    let fused = fuse(
        &hits(&by_words)[..CANDIDATES],
        &hits(&by_vector)[..CANDIDATES],
        VECTOR_WEIGHT,
    );
    let at = |id| fused.iter().position(|candidate| candidate.id == id);
    let ranked = reread("unrelated words", &fused, chunks());
    assert_eq!(ranked.iter().position(|scored| scored.chunk.id == other), at(other));
}
