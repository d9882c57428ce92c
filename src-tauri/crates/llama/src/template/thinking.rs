//! How models of different makers mark their thinking, by what their chat templates name.

use docmind_core::thinking::ThinkingMarks;

const fn marks(open: &'static str, close: &'static str) -> ThinkingMarks {
    ThinkingMarks { open, close }
}

/// gpt-oss: a channel a kind of text. The end of a message is no text, so that the head of the next one closes.
pub(super) const HARMONY: ThinkingMarks = marks(
    "<|channel|>analysis<|message|>",
    "<|start|>assistant<|channel|>final<|message|>",
);

/// What ends a message of gpt-oss.
pub(super) const HARMONY_END: &str = "<|end|>";

/// Where gpt-oss begins a message, and where it answers at once.
pub(super) const HARMONY_HEAD: &str = "<|start|>assistant";
pub(super) const HARMONY_ANSWER: &str = "<|channel|>final<|message|>";

const KNOWN: [ThinkingMarks; 8] = [
    marks("<think>", "</think>"),
    HARMONY,
    // Gemma 4.
    marks("<|channel>thought", "<channel|>"),
    // Mistral.
    marks("[THINK]", "[/THINK]"),
    // Command.
    marks("<|START_THINKING|>", "<|END_THINKING|>"),
    // Apertus.
    marks("<|inner_prefix|>", "<|inner_suffix|>"),
    // Seed-OSS.
    marks("<seed:think>", "</seed:think>"),
    // MiniMax.
    marks("<mm:think>", "</mm:think>"),
];

/// The marks that a template names; `None` where it names none that are known.
pub(super) fn named_in(template: &str) -> Option<ThinkingMarks> {
    KNOWN.into_iter().find(|marks| template.contains(marks.open))
}
