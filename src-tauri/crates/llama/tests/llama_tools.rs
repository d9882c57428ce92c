//! The session against llama.cpp's own tools, linked to the same libraries: `llama-completion` writes the same answer, and
//! `llama-perplexity` finds the same logits. `cargo xtask llama-tools` builds both, and `cargo xtask test` does so itself.

mod support;

use docmind_core::generation::Role;
use docmind_core::model::WeightType;
use docmind_core::profile::KvType;
use docmind_llama::compare::{Logits, agreement, contradictions, forced, most_apart};
use docmind_llama::native::{Specials, Token};
use std::path::PathBuf;
use std::process::Command;
use support::{ask, bare_model, context, flash, message, model, profile, run, session, turn};

/// Tokens of a text that `llama-perplexity` reads, and of it those whose logits it keeps, but the last one's.
const READ: usize = 130;
const KEPT: usize = 64;
/// Logarithms lower than the highest by more are cut off by the tool.
const KEPT_RANGE: f32 = 16.0;

/// A tool, or none where they were not built.
fn tool(name: &str) -> Option<Command> {
    let Some(folder) = std::env::var_os("DOCMIND_LLAMA_TOOLS") else {
        assert!(
            std::env::var_os("DOCMIND_PARTS_REQUIRED").is_none(),
            "`cargo xtask llama-tools` builds them; DOCMIND_LLAMA_TOOLS names their folder"
        );
        eprintln!("not run: DOCMIND_LLAMA_TOOLS names no folder");
        return None;
    };
    Some(Command::new(PathBuf::from(folder).join(name)))
}

fn finished(command: &mut Command) -> String {
    let output = command.output().expect("started");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?} ended with {}\n{told}",
        output.status
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn llama_completion_writes_the_same_answer() {
    let Some(mut completion) = tool("llama-completion") else {
        return;
    };
    let _turn = turn();
    let mut session = session(profile(flash(), 1024));
    session.write_on();
    let asked = ask(vec![message(Role::User, "When does the contract begin?")], 40);
    let (answer, stats, _) = run(&mut session, &asked);
    let mut prompt = Vec::new();
    for &token in &session.cached()[..stats.prompt_tokens as usize] {
        let before = prompt.len();
        session.model().piece(token, &mut prompt);
        if prompt.len() == before {
            prompt.extend(session.model().written(token).into_bytes());
        }
    }
    // The tool takes one end of line off.
    prompt.push(b'\n');
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("prompt.txt");
    std::fs::write(&file, prompt).expect("written");
    // As a processor runs it: see `load`.
    completion.args([
        "--flash-attn",
        "off",
        "--ctx-size",
        "1024",
        "--batch-size",
        "512",
        "--ubatch-size",
        "128",
    ]);
    completion.args(["--temp", "0", "--predict", "40", "--threads", "1", "--ignore-eos"]);
    completion.args(["-no-cnv", "--no-display-prompt", "--simple-io", "--no-warmup"]);
    completion
        .arg("--model")
        .arg(model(WeightType::Q8_0))
        .arg("--file")
        .arg(&file);
    assert!(!answer.trim().is_empty());
    // On a busy machine the tool's log, which prints on a thread of its own, was seen to lose the end.
    let answer = answer.trim_end();
    let is_cut = |written: &str| written.len() < answer.len() && answer.starts_with(written);
    let mut written = String::new();
    for _ in 0..5 {
        finished(&mut completion).trim_end().clone_into(&mut written);
        if !is_cut(&written) {
            break;
        }
    }
    assert_eq!(written, answer);
}

#[test]
fn llama_perplexity_finds_the_same_logits() {
    let Some(mut perplexity) = tool("llama-perplexity") else {
        return;
    };
    let _turn = turn();
    let folder = tempfile::tempdir().expect("a folder");
    let (file, kept) = (folder.path().join("text.txt"), folder.path().join("logits"));
    let text = "The report was published in March and describes the results of the first quarter. Revenue rose by twelve percent, \
                costs fell, and the contract begins on the first of January. "
        .repeat(20);
    std::fs::write(&file, &text).expect("written");
    let size = READ.to_string();
    perplexity.args([
        "--ctx-size",
        &size,
        "--batch-size",
        &size,
        "--ubatch-size",
        &size,
        "--chunks",
        "1",
    ]);
    perplexity.args(["--flash-attn", "on", "--threads", "1", "--no-warmup"]);
    perplexity
        .arg("--model")
        .arg(model(WeightType::Q8_0))
        .arg("--file")
        .arg(&file);
    perplexity.arg("--save-all-logits").arg(&kept);
    finished(&mut perplexity);
    let (tokens, theirs) = read_kept(&std::fs::read(&kept).expect("kept"));

    let model = bare_model();
    let own = model.tokenize(&text, Specials::Parsed).expect("tokens");
    assert_eq!(own[..READ], tokens[..]);
    let (prompt, rest) = tokens.split_at(READ - KEPT - 1);
    let logits = |slice: usize, width: usize| {
        let mut context = context(&model, true, KvType::F16);
        let mut at = 0;
        for tokens in prompt.chunks(slice) {
            context.decode(tokens, at, |_| false).expect("read");
            at += tokens.len();
        }
        let logits = forced(&mut context, &rest[..KEPT], at, width).expect("computed");
        logits.iter().map(|row| log_probabilities(row)).collect::<Logits>()
    };
    let whole = logits(READ, 1);
    // Between two schedules of ours, and as far as sixteen bits tell.
    let spread = most_apart(&whole, &logits(7, 8)) + KEPT_RANGE / f32::from(u16::MAX);
    assert_eq!((theirs.len(), whole.len()), (KEPT, KEPT));
    let found = agreement(&theirs, &whole);
    assert!(found.min_cosine >= 0.999, "{found:?}");
    assert_eq!(contradictions(&theirs, &whole, spread), 0);
}

/// As the tool keeps them: logarithms, none further below the highest than [`KEPT_RANGE`].
fn log_probabilities(logits: &[f32]) -> Vec<f32> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum = logits.iter().map(|logit| (logit - most).exp()).sum::<f32>().ln();
    logits
        .iter()
        .map(|logit| (logit - most).max(-KEPT_RANGE) - sum)
        .collect()
}

/// Tokens and logarithms of probabilities, as `llama-perplexity` writes them: 16 bits each, with a scale and an offset for a row.
fn read_kept(bytes: &[u8]) -> (Vec<Token>, Logits) {
    let int = |at: usize| i32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let float = |at: usize| f32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    assert_eq!(&bytes[..8], b"_logits_");
    assert_eq!((int(8), int(16)), (READ as i32, 1));
    let vocabulary = int(12) as usize;
    let tokens = (0..READ).map(|at| int(20 + 4 * at)).collect();
    let row_bytes = 2 * (vocabulary.next_multiple_of(2) + 4);
    let rows = bytes[20 + 4 * READ..].len() / row_bytes;
    let row = |row: usize| {
        let at = 20 + 4 * READ + row * row_bytes;
        let (scale, least) = (float(at), float(at + 4));
        let values = bytes[at + 8..at + 8 + 2 * vocabulary].chunks_exact(2);
        values
            .map(|value| least + scale * f32::from(u16::from_le_bytes([value[0], value[1]])))
            .collect()
    };
    (tokens, (0..rows).map(row).collect())
}
