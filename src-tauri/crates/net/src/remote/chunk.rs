//! What the two dialects stream, in one form.

use super::Dialect;
use docmind_core::answer::FinishReason;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

/// A part of one line of a stream.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Thinking(String),
    Counts(Counts),
    Finish(FinishReason),
    /// The server says in words that it failed.
    Failed(String),
    /// The stream's own end mark.
    End,
}

/// What a server counted and timed itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    /// Tokens of the prompt.
    pub(super) prompt: Option<u32>,
    /// Of those, taken from its cache.
    pub(super) reused: Option<u32>,
    /// Tokens written.
    pub(super) output: Option<u32>,
    /// Seconds it read.
    pub(super) prefill_s: Option<f64>,
    /// Seconds it wrote.
    pub(super) decode_s: Option<f64>,
}

#[derive(Deserialize)]
struct OpenAiChunk {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default, deserialize_with = "figures")]
    usage: Option<Usage>,
    /// llama-server's own, with the last piece.
    #[serde(default, deserialize_with = "figures")]
    timings: Option<Timings>,
    #[serde(default)]
    error: Option<serde_json::Value>,
    /// `error` where vLLM fails in the middle, with the words beside it.
    #[serde(default)]
    object: Option<String>,
    #[serde(default)]
    message: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Option<Delta>,
    /// In its place where the answer is not streamed.
    #[serde(default)]
    message: Option<Delta>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
struct Delta {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    reasoning_content: Option<String>,
    #[serde(default)]
    reasoning: Option<String>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: Option<u32>,
    #[serde(default)]
    completion_tokens: Option<u32>,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u32>,
}

#[derive(Deserialize)]
struct Timings {
    #[serde(default)]
    cache_n: Option<u32>,
    #[serde(default)]
    prompt_ms: Option<f64>,
    #[serde(default)]
    predicted_ms: Option<f64>,
}

#[derive(Deserialize)]
struct OllamaChunk {
    #[serde(default)]
    message: Option<OllamaMessage>,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    done_reason: Option<String>,
    #[serde(default, deserialize_with = "figures")]
    prompt_eval_count: Option<u32>,
    #[serde(default, deserialize_with = "figures")]
    eval_count: Option<u32>,
    #[serde(default, deserialize_with = "figures")]
    prompt_eval_duration: Option<u64>,
    #[serde(default, deserialize_with = "figures")]
    eval_duration: Option<u64>,
    #[serde(default)]
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct OllamaMessage {
    #[serde(default)]
    content: Option<String>,
    #[serde(default)]
    thinking: Option<String>,
}

/// Figures of another form are none, and the answer is none the worse.
fn figures<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(value).ok())
}

/// The parts of one line.
pub(super) fn read(dialect: Dialect, line: &str) -> Result<Vec<Piece>, String> {
    match dialect {
        Dialect::OpenAi => openai(line),
        Dialect::Ollama => ollama(line),
    }
}

fn openai(line: &str) -> Result<Vec<Piece>, String> {
    if line.trim() == "[DONE]" {
        return Ok(vec![Piece::End]);
    }
    let chunk: OpenAiChunk = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let mut pieces = Vec::new();
    if let Some(error) = chunk.error {
        pieces.push(Piece::Failed(words_of(&error)));
    } else if chunk.object.as_deref() == Some("error") {
        let words = chunk.message.unwrap_or_default();
        pieces.push(Piece::Failed(words_of(&words)));
    }
    // One answer was asked for; what comes as a second one is not listened to.
    if let Some(choice) = chunk.choices.into_iter().next() {
        let delta = choice.delta.or(choice.message).unwrap_or_default();
        let thinking = delta.reasoning_content.or(delta.reasoning);
        pieces.extend(thinking.filter(|text| !text.is_empty()).map(Piece::Thinking));
        pieces.extend(delta.content.filter(|text| !text.is_empty()).map(Piece::Text));
        // LocalAI writes an empty one with every piece.
        let reason = choice.finish_reason.filter(|reason| !reason.is_empty());
        pieces.extend(reason.as_deref().map(finish));
    }
    if chunk.usage.is_some() || chunk.timings.is_some() {
        let (usage, timings) = (chunk.usage.as_ref(), chunk.timings.as_ref());
        let details = usage.and_then(|usage| usage.prompt_tokens_details.as_ref());
        let seconds = |milliseconds: f64| milliseconds / 1000.0;
        pieces.push(Piece::Counts(Counts {
            prompt: usage.and_then(|usage| usage.prompt_tokens),
            reused: details
                .and_then(|details| details.cached_tokens)
                .or(timings.and_then(|timings| timings.cache_n)),
            output: usage.and_then(|usage| usage.completion_tokens),
            prefill_s: timings.and_then(|timings| timings.prompt_ms).map(seconds),
            decode_s: timings.and_then(|timings| timings.predicted_ms).map(seconds),
        }));
    }
    Ok(pieces)
}

fn ollama(line: &str) -> Result<Vec<Piece>, String> {
    let chunk: OllamaChunk = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let mut pieces = Vec::new();
    if let Some(error) = chunk.error {
        pieces.push(Piece::Failed(words_of(&error)));
    }
    if let Some(message) = chunk.message {
        pieces.extend(message.thinking.filter(|text| !text.is_empty()).map(Piece::Thinking));
        pieces.extend(message.content.filter(|text| !text.is_empty()).map(Piece::Text));
    }
    if chunk.done {
        let seconds = |nanoseconds: u64| nanoseconds as f64 / 1e9;
        pieces.push(Piece::Counts(Counts {
            prompt: chunk.prompt_eval_count,
            reused: None,
            output: chunk.eval_count,
            prefill_s: chunk.prompt_eval_duration.map(seconds),
            decode_s: chunk.eval_duration.map(seconds),
        }));
        pieces.push(finish(chunk.done_reason.as_deref().unwrap_or("stop")));
        pieces.push(Piece::End);
    }
    Ok(pieces)
}

fn finish(reason: &str) -> Piece {
    match reason {
        "length" => Piece::Finish(FinishReason::Length),
        // A filter, vLLM's engine, or a provider behind the server: what came is a part of an answer.
        "content_filter" | "abort" | "error" => Piece::Failed(format!("it broke the answer off ({reason})")),
        _ => Piece::Finish(FinishReason::Stop),
    }
}

/// The words of an error's body: `{"error": {"message"}}`, `{"error": "…"}`, `{"message"}`, or its start.
pub(super) fn error_words(body: &[u8]) -> String {
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(value) => words_of(value.get("error").unwrap_or(&value)),
        Err(_) => shorten(&String::from_utf8_lossy(body)),
    }
}

fn words_of(error: &serde_json::Value) -> String {
    let words = error.get("message").or(error.get("detail")).unwrap_or(error);
    shorten(words.as_str().map_or_else(|| words.to_string(), str::to_owned).as_str())
}

fn shorten(words: &str) -> String {
    super::clean(words)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(300)
        .collect()
}

#[derive(Deserialize)]
struct OpenAiModels {
    data: Vec<OpenAiModel>,
}

#[derive(Deserialize)]
struct OpenAiModel {
    id: String,
}

#[derive(Deserialize)]
struct OllamaModels {
    models: Vec<OllamaModel>,
}

#[derive(Deserialize)]
struct OllamaModel {
    name: String,
}

/// Names in a list of models, sorted.
pub(super) fn model_names(dialect: Dialect, body: &[u8]) -> Result<Vec<String>, String> {
    let words = |error: serde_json::Error| error.to_string();
    let mut names: Vec<String> = match dialect {
        Dialect::OpenAi => serde_json::from_slice::<OpenAiModels>(body)
            .map_err(words)?
            .data
            .into_iter()
            .map(|model| model.id)
            .collect(),
        Dialect::Ollama => serde_json::from_slice::<OllamaModels>(body)
            .map_err(words)?
            .models
            .into_iter()
            .map(|model| model.name)
            .collect(),
    };
    names
        .iter_mut()
        .for_each(|name| *name = super::clean(name).chars().take(200).collect());
    names.sort();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_dialects_say_the_same() {
        let openai = |line: &str| read(Dialect::OpenAi, line).expect("a chunk");
        assert_eq!(
            openai(r#"{"choices":[{"delta":{"role":"assistant","content":null}}]}"#),
            []
        );
        assert_eq!(
            openai(r#"{"choices":[{"delta":{"content":"Hi"}}],"id":"x"}"#),
            [Piece::Text("Hi".into())]
        );
        assert_eq!(
            openai(r#"{"choices":[{"delta":{"reasoning_content":"Hm"},"finish_reason":"length"}]}"#),
            [Piece::Thinking("Hm".into()), Piece::Finish(FinishReason::Length)]
        );
        assert_eq!(openai("[DONE]"), [Piece::End]);
        assert_eq!(
            openai(r#"{"error":{"message":"no  way","code":500}}"#),
            [Piece::Failed("no way".into())]
        );
        let done =
            r#"{"message":{"content":""},"done":true,"prompt_eval_count":5,"eval_count":2,"eval_duration":1000000000}"#;
        assert_eq!(
            read(Dialect::Ollama, done).expect("a chunk"),
            [
                Piece::Counts(Counts {
                    prompt: Some(5),
                    output: Some(2),
                    decode_s: Some(1.0),
                    ..Counts::default()
                }),
                Piece::Finish(FinishReason::Stop),
                Piece::End
            ]
        );
    }

    #[test]
    fn servers_count_and_time_each_in_its_own_way() {
        let openai = |line: &str| read(Dialect::OpenAi, line).expect("a chunk");
        let vllm = r#"{"choices":[],"usage":{"prompt_tokens":90,"completion_tokens":6,"prompt_tokens_details":{"cached_tokens":64}}}"#;
        let counts = Counts {
            prompt: Some(90),
            reused: Some(64),
            output: Some(6),
            ..Counts::default()
        };
        assert_eq!(openai(vllm), [Piece::Counts(counts)]);
        let plain = r#"{"choices":[],"usage":{"prompt_tokens":90,"completion_tokens":6,"prompt_tokens_details":null}}"#;
        let counts = Counts { reused: None, ..counts };
        assert_eq!(openai(plain), [Piece::Counts(counts)]);
        let llama_server = r#"{"choices":[],"usage":{"prompt_tokens":90,"completion_tokens":6},"timings":{"cache_n":80,"prompt_n":10,"prompt_ms":500.0,"predicted_ms":1500.5}}"#;
        let counts = Counts {
            reused: Some(80),
            prefill_s: Some(0.5),
            decode_s: Some(1.5005),
            ..counts
        };
        assert_eq!(openai(llama_server), [Piece::Counts(counts)]);
    }

    #[test]
    fn failures_in_the_middle_and_answers_at_once_are_understood() {
        let openai = |line: &str| read(Dialect::OpenAi, line).expect("a chunk");
        assert_eq!(
            openai(r#"{"object":"error","message":"out of memory","code":500}"#),
            [Piece::Failed("out of memory".into())]
        );
        assert_eq!(
            openai(
                r#"{"object":"chat.completion","choices":[{"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}]}"#
            ),
            [Piece::Text("Hi".into()), Piece::Finish(FinishReason::Stop)]
        );
    }

    #[test]
    fn an_answer_that_is_broken_off_has_not_ended() {
        let openai = |line: &str| read(Dialect::OpenAi, line).expect("a chunk");
        assert_eq!(
            openai(r#"{"choices":[{"delta":{"content":"Hi"},"finish_reason":""}]}"#),
            [Piece::Text("Hi".into())]
        );
        assert_eq!(
            openai(r#"{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#),
            [Piece::Failed("it broke the answer off (content_filter)".into())]
        );
        assert_eq!(
            openai(r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#),
            [Piece::Finish(FinishReason::Stop)]
        );
    }

    #[test]
    fn an_errors_words_are_found_and_shortened() {
        assert_eq!(
            error_words(br#"{"error":"model 'x' not found"}"#),
            "model 'x' not found"
        );
        assert_eq!(error_words(br#"{"object":"error","message":"bad"}"#), "bad");
        assert_eq!(error_words(b"<html>\x00 502</html>"), "<html> 502</html>");
        assert_eq!(error_words(&[b'a'; 4096]).len(), 300);
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in ".{0,200}") {
            let _ = read(Dialect::OpenAi, &line);
            let _ = read(Dialect::Ollama, &line);
            let _ = error_words(line.as_bytes());
        }
    }
}
