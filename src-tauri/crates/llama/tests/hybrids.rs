//! Models whose state cannot be cut at a position: a tiny one of LFM2's kind, two layers with short convolutions and two with attention.

mod support;

use docmind_core::answer::FinishReason;
use docmind_core::cancel::CancelToken;
use docmind_core::generation::{GenerateEvent, Role};
use docmind_core::profile::{Attention, KvType};
use docmind_llama::gguf::{self, Entry, TensorType};
use docmind_llama::load;
use docmind_llama::make::CHAT_TEMPLATE;
use docmind_llama::make::vocabulary::{SPECIAL, Vocabulary};
use docmind_llama::make::weights::{Pool, Random};
use docmind_llama::native::Specials;
use docmind_llama::session::Session;
use std::fs::File;
use std::io::BufWriter;
use std::sync::OnceLock;
use std::time::Duration;
use support::{ask, backends, flash, message, profile, request, run, thoughts, turn};

const HIDDEN: u64 = 64;
const FEED_FORWARD: u64 = 128;
/// Of each layer; those with none are recurrent.
const KV_HEADS: [i32; 4] = [0, 2, 0, 1];
const HEAD: u64 = 32;
/// Tokens a convolution reaches back.
const REACH: u32 = 3;

/// A hybrid, made once a process. Its marks of thinking are control tokens, which are no text by themselves.
fn hybrid() -> String {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        write_hybrid(File::create(folder.path().join("hybrid.gguf")).expect("made"));
        folder
    });
    folder.path().join("hybrid.gguf").display().to_string()
}

fn write_hybrid(file: File) {
    let mut vocabulary = Vocabulary::learn(900, None);
    let first = vocabulary.first_special;
    vocabulary.types[first as usize..][..SPECIAL.len()].fill(3);
    let tokens = vocabulary.tokens.len() as u64;
    let entries = [
        ("general.architecture", Entry::Text("lfm2".into())),
        ("docmind.synthetic", Entry::Bool(true)),
        ("lfm2.block_count", Entry::U32(KV_HEADS.len() as u32)),
        ("lfm2.context_length", Entry::U32(8192)),
        ("lfm2.embedding_length", Entry::U32(HIDDEN as u32)),
        ("lfm2.feed_forward_length", Entry::U32(FEED_FORWARD as u32)),
        ("lfm2.attention.head_count", Entry::U32((HIDDEN / HEAD) as u32)),
        ("lfm2.attention.head_count_kv", Entry::Integers(KV_HEADS.to_vec())),
        ("lfm2.attention.layer_norm_rms_epsilon", Entry::F32(1e-5)),
        ("lfm2.rope.freq_base", Entry::F32(1e6)),
        ("lfm2.shortconv.l_cache", Entry::U32(REACH)),
        ("tokenizer.ggml.model", Entry::Text("gpt2".into())),
        ("tokenizer.ggml.pre", Entry::Text("qwen2".into())),
        ("tokenizer.ggml.tokens", Entry::Texts(vocabulary.tokens)),
        ("tokenizer.ggml.token_type", Entry::Integers(vocabulary.types)),
        ("tokenizer.ggml.merges", Entry::Texts(vocabulary.merges)),
        ("tokenizer.ggml.add_bos_token", Entry::Bool(false)),
        ("tokenizer.ggml.eos_token_id", Entry::U32(first + 2)),
        ("tokenizer.chat_template", Entry::Text(CHAT_TEMPLATE.into())),
    ]
    .map(|(name, entry)| (name.to_owned(), entry));

    let mut tensors = vec![
        ("token_embd.weight".to_owned(), vec![HIDDEN, tokens], TensorType::F16),
        ("token_embd_norm.weight".to_owned(), vec![HIDDEN], TensorType::F32),
    ];
    for (layer, heads) in KV_HEADS.into_iter().enumerate() {
        let mut add = |name: &str, dimensions: &[u64], kind| {
            tensors.push((format!("blk.{layer}.{name}.weight"), dimensions.to_vec(), kind));
        };
        add("attn_norm", &[HIDDEN], TensorType::F32);
        if heads == 0 {
            add("shortconv.conv", &[u64::from(REACH), HIDDEN], TensorType::F32);
            add("shortconv.in_proj", &[HIDDEN, 3 * HIDDEN], TensorType::F16);
            add("shortconv.out_proj", &[HIDDEN, HIDDEN], TensorType::F16);
        } else {
            let keys = heads as u64 * HEAD;
            add("attn_q", &[HIDDEN, HIDDEN], TensorType::F16);
            add("attn_k", &[HIDDEN, keys], TensorType::F16);
            add("attn_v", &[HIDDEN, keys], TensorType::F16);
            add("attn_output", &[HIDDEN, HIDDEN], TensorType::F16);
            add("attn_q_norm", &[HEAD], TensorType::F32);
            add("attn_k_norm", &[HEAD], TensorType::F32);
        }
        add("ffn_norm", &[HIDDEN], TensorType::F32);
        add("ffn_gate", &[HIDDEN, FEED_FORWARD], TensorType::F16);
        add("ffn_up", &[HIDDEN, FEED_FORWARD], TensorType::F16);
        add("ffn_down", &[FEED_FORWARD, HIDDEN], TensorType::F16);
    }
    let mut random = Random::new(7);
    let pool = Pool::new(TensorType::F16, 1 << 18, 0.125, &mut random).expect("made");
    gguf::write(
        BufWriter::new(file),
        &entries,
        &tensors,
        |(_, dimensions, kind), out| {
            let values: u64 = dimensions.iter().product();
            if *kind == TensorType::F32 {
                return (0..values).try_for_each(|_| out.write_all(&1.0_f32.to_le_bytes()));
            }
            pool.write(values * 2, &mut random, out)
        },
    )
    .expect("written");
}

fn session() -> Session {
    load::load(backends(), &request(hybrid(), profile(flash(), 8192)), &mut |_| true)
        .expect("loaded")
        .0
}

#[test]
fn stopped_in_the_middle_of_a_batch_nothing_is_taken_for_read() {
    let _turn = turn();
    let mut session = session();
    assert!(session.model().is_recurrent());
    let empty = session.context_mut().state_size();
    let sources = "The engine starts when the key is turned to the right. ".repeat(300);
    let long = ask(vec![message(Role::User, &sources)], 4);
    let mut lost = false;
    for attempt in 0..50 {
        let cancel = CancelToken::new();
        let stats = std::thread::scope(|scope| {
            let mut waiting = Some(&cancel);
            let stats = session.generate(&long, &cancel, &mut |event| {
                if let (GenerateEvent::Prefill { .. }, Some(cancel)) = (event, waiting.take()) {
                    scope.spawn(move || {
                        std::thread::sleep(Duration::from_millis(2 + attempt));
                        cancel.cancel();
                    });
                }
            });
            stats.expect("stopping is no error")
        });
        let cached = session.cached().len();
        let state = session.context_mut().state_size();
        assert_eq!(cached == 0, state == empty, "{cached} tokens, a state of {state} bytes");
        if stats.finish == Some(FinishReason::Cancelled) && cached == 0 {
            lost = true;
            break;
        }
    }
    assert!(lost, "no stop met a batch on its way");
    let (_, stats, _) = run(&mut session, &long);
    assert_eq!(stats.reused_tokens, 0, "it is read again from the beginning");
    assert!(session.context_mut().state_size() > empty);
}

#[test]
fn another_conversation_is_restored_only_whole() {
    let _turn = turn();
    let mut session = session();
    let long = |words: &str| message(Role::User, &words.repeat(40));
    let answer = message(Role::Assistant, "Ten days, it says.");
    // In words: what random weights write breaks off in the middle of characters.
    let forced = session
        .model()
        .tokenize(&answer.content, Specials::Text)
        .expect("tokens");
    let length = forced.len() as u32;
    session.force_answers(forced);
    let mut messages = vec![long("How long does the filter last? ")];
    let (_, first, _) = run(&mut session, &ask(messages.clone(), length));
    run(&mut session, &ask(vec![long("Something else entirely. ")], 4));
    // The same beginning and another end: what was kept cannot be cut back to it.
    let aside = long("How long does the filter last? And how long the pump? ");
    let (_, aside, _) = run(&mut session, &ask(vec![aside], 4));
    assert_eq!(aside.reused_tokens, 0);
    messages.extend([answer, message(Role::User, "Who says so?")]);
    let (_, again, _) = run(&mut session, &ask(messages, 4));
    assert!(again.reused_tokens >= first.prompt_tokens, "{again:?}");
}

#[test]
fn the_plan_of_a_hybrid_is_what_is_allocated() {
    let _turn = turn();
    for attention in [flash(), Attention::Flash { kv: KvType::Q8_0 }] {
        let wanted = request(hybrid(), profile(attention, 4096));
        let (_, report) = load::load(backends(), &wanted, &mut |_| true).expect("loaded");
        let (planned, allocated) = (&report.plan.shares[0], &report.allocated[0]);
        assert!(
            (planned.kv_mib - allocated.kv_mib).abs() < 0.02,
            "{attention:?}: {} planned, {} allocated",
            planned.kv_mib,
            allocated.kv_mib
        );
    }
    let shape = load::check(&hybrid()).expect("checked").shape;
    assert_eq!(
        shape.kv_bytes_per_token(KvType::F16),
        3 * HEAD * 2 * 2,
        "three heads in two layers"
    );
}

#[test]
fn marks_that_are_control_tokens_tell_thinking_apart() {
    let _turn = turn();
    let mut session = session();
    let tokens = |text: &str| session.model().tokenize(text, Specials::Continued).expect("tokens");
    let answer = "\n\nBecause it is <think>.";
    // The block has tokens of its own; the mark that opens it is one of the answer's.
    let length = tokens(answer).len() as u32 + 1;
    let forced = tokens(&format!("<think>Let me see.</think>{answer}"));
    let mut asked = ask(vec![message(Role::User, "Why?")], length);
    asked.thinking = true;
    session.force_answers(forced);
    let (text, _, events) = run(&mut session, &asked);
    assert_eq!(thoughts(&events), "Let me see.");
    assert_eq!(text, "Because it is .", "a control token in an answer stays no text");
}
