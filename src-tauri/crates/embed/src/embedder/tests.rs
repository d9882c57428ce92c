//! With the real model, where the runtime folder is: `DOCMIND_RUNTIME_DIR`, or `runtime` beside one of the test's parent folders.

use super::*;
use docmind_core::document::{Heading, Page, Span, Table};
use std::io::Write as _;

fn runtime() -> Option<PathBuf> {
    let named = std::env::var_os("DOCMIND_RUNTIME_DIR").map(PathBuf::from);
    let own = std::env::current_exe().ok();
    let beside = own
        .iter()
        .flat_map(|own| own.ancestors())
        .map(|folder| folder.join("runtime"));
    let found = named
        .into_iter()
        .chain(beside)
        .find(|dir| dir.join("embedders").join(DEFAULT_EMBEDDER).join("card.json").is_file());
    if found.is_none() {
        let what = format!("no runtime folder with {DEFAULT_EMBEDDER}; `cargo xtask build` makes one");
        assert!(std::env::var_os("DOCMIND_PARTS_REQUIRED").is_none(), "{what}");
        // Past the test harness, which shows nothing of what passes.
        let _ = writeln!(std::io::stderr(), "left out: {what}");
    }
    found
}

fn open(runtime: &Path, precision: Precision) -> OnnxEmbedder {
    let options = EmbedderOptions {
        precision: Some(precision),
        device: DeviceChoice::Cpu,
        ..EmbedderOptions::new(runtime, DEFAULT_EMBEDDER)
    };
    OnnxEmbedder::open(&options).expect("the default embedder opens")
}

fn texts() -> Vec<String> {
    crate::bench::sample_texts(24)
}

fn embed(embedder: &OnnxEmbedder, texts: &[String]) -> Vec<Embedding> {
    embedder
        .embed(TextKind::Passage, texts, &CancelToken::new())
        .expect("the texts are embedded")
}

#[test]
fn a_vector_is_of_unit_length_and_the_same_in_any_company() {
    let Some(runtime) = runtime() else { return };
    let embedder = open(&runtime, Precision::Fp32);
    let texts = texts();
    let together = embed(&embedder, &texts);
    for (text, vector) in texts.iter().zip(&together).step_by(5) {
        let alone = embed(&embedder, std::slice::from_ref(text));
        assert_eq!(alone[0].0.len(), 384);
        assert!((alone[0].cosine(&alone[0]) - 1.0).abs() < 2e-3);
        assert!(alone[0].cosine(vector) > 0.999);
    }
}

#[test]
fn work_is_shared_out_once_and_ends_when_told() {
    let seen = std::sync::Mutex::new(Vec::new());
    share_out(4, 100, &|index| {
        seen.lock().expect("nobody panicked").push(index);
        true
    });
    let mut seen = seen.into_inner().expect("nobody panicked");
    seen.sort_unstable();
    assert_eq!(seen, (0..100).collect::<Vec<_>>());
    let calls = AtomicUsize::new(0);
    share_out(1, 100, &|index| {
        calls.fetch_add(1, Ordering::Relaxed);
        index < 4
    });
    assert_eq!(calls.into_inner(), 5);
    share_out(4, 0, &|_| panic!("there is nothing to do"));
}

#[test]
fn int8_rounds_a_text_by_itself() {
    let Some(runtime) = runtime() else { return };
    let embedder = open(&runtime, Precision::Int8);
    let texts = texts();
    let together = embed(&embedder, &texts);
    for (text, vector) in texts.iter().zip(&together).step_by(7) {
        assert_eq!(embed(&embedder, std::slice::from_ref(text))[0], *vector);
    }
}

#[test]
fn what_is_meant_alike_is_near() {
    let Some(runtime) = runtime() else { return };
    let embedder = open(&runtime, Precision::Int8);
    let texts = [
        "Who mends the roof?",
        "The roofer repairs the covering of the house.",
        "Bread is baked at night.",
    ];
    let vectors = embed(&embedder, &texts.map(str::to_owned));
    assert!(vectors[0].cosine(&vectors[1]) > vectors[0].cosine(&vectors[2]) + 0.2);
}

#[test]
fn int8_stays_close_to_fp32() {
    let Some(runtime) = runtime() else { return };
    let texts = texts();
    let (exact, rounded) = (
        embed(&open(&runtime, Precision::Fp32), &texts),
        embed(&open(&runtime, Precision::Int8), &texts),
    );
    for (exact, rounded) in exact.iter().zip(&rounded) {
        assert!(exact.cosine(rounded) > 0.98, "{}", exact.cosine(rounded));
    }
}

#[test]
fn a_chunk_has_the_vector_of_its_indexed_text() {
    let Some(runtime) = runtime() else { return };
    let embedder = open(&runtime, Precision::Fp32);
    let rows = (0..80)
        .map(|n| format!("Beam {n} | {n}.5 kN | C{}/30", n % 7))
        .collect::<Vec<_>>()
        .join("\n");
    let prose = texts().join(" ");
    let text = format!(
        "Loads\n{prose}\n{}\nTable\nPart | Load | Class\n{rows}\n{}",
        "x".repeat(300),
        "日本語の文章です。".repeat(40)
    );
    let at = |part: &str| {
        let start = text[..text.find(part).expect("the part is there")].chars().count() as u32;
        Span::new(start, start + part.chars().count() as u32)
    };
    let header = at("Part | Load | Class");
    let page = Page {
        number: 1,
        headings: vec![
            Heading {
                level: 1,
                span: at("Loads"),
            },
            Heading {
                level: 2,
                span: at("Table"),
            },
        ],
        tables: vec![Table {
            span: Span::new(header.start, header.start + 20 + rows.chars().count() as u32),
            header,
        }],
        text: text.clone(),
        ..Page::default()
    };
    let pages = [page];
    let document = PagesToEmbed {
        title: "unused",
        pages: &pages,
    };
    let mut told = Vec::new();
    let found = embedder
        .chunk_and_embed(&[document, document], &CancelToken::new(), &mut |done, all| {
            told.push((done, all));
        })
        .expect("the documents are embedded");
    assert_eq!(found[0], found[1]);
    assert!(found[0].len() > 10);
    assert_eq!(
        told.last().copied(),
        Some((2 * found[0].len() as u32, 2 * found[0].len() as u32))
    );
    let indexed: Vec<String> = found[0].iter().map(|chunk| chunk.chunk.indexed_text()).collect();
    for (chunk, vector) in found[0].iter().zip(embed(&embedder, &indexed)) {
        assert!(chunk.vector.cosine(&vector) > 0.999, "{:?}", chunk.chunk);
        let tokens = embedder
            .token_count(&chunk.chunk.indexed_text())
            .expect("it is counted");
        assert_eq!(tokens as u32, chunk.chunk.tokens + 2, "{:?}", chunk.chunk);
    }
}

#[test]
fn a_question_is_embedded_between_two_batches() {
    let Some(runtime) = runtime() else { return };
    let embedder = open(&runtime, Precision::Int8);
    let mut asked = 0;
    let told = &mut |_, _| {
        let vectors = embedder.embed(TextKind::Query, &["Who?".into()], &CancelToken::new());
        asked += usize::from(vectors.is_ok());
    };
    embedder
        .embed_with_progress(TextKind::Passage, &texts(), &CancelToken::new(), told)
        .expect("the texts are embedded");
    assert!(asked > 1);
}

#[test]
fn cancelling_takes_effect_between_batches() {
    let Some(runtime) = runtime() else { return };
    let embedder = open(&runtime, Precision::Int8);
    let cancel = CancelToken::new();
    let mut batches = 0;
    let ended = embedder.embed_with_progress(TextKind::Passage, &texts(), &cancel, &mut |_, _| {
        batches += 1;
        cancel.cancel();
    });
    assert!(matches!(ended, Err(EmbedError::Cancelled)));
    assert_eq!(batches, 1);
    let none = embedder
        .embed(TextKind::Query, &["x".into()], &cancel)
        .expect_err("cancelled before it began");
    assert_eq!(none.code, "cancelled");
}

#[test]
fn a_missing_runtime_and_a_missing_model_are_told_apart() {
    let Some(runtime) = runtime() else { return };
    let missing = OnnxEmbedder::open(&EmbedderOptions::new(&runtime, "no-such-model"))
        .err()
        .map(|error| error.code());
    assert_eq!(missing, Some("embedder_missing"));
}
