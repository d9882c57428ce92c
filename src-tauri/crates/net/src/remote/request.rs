//! Requests in the two dialects.

use super::{Dialect, RemoteEngine};
use docmind_core::generation::{GenerateRequest, Message, Role};
use docmind_core::thinking::thinking_room;
use serde_json::{Map, Value, json};

/// Tokens of context that are asked for at most, where it is not known what the server has.
pub(super) const MOST_CONTEXT: u32 = 131_072;
/// Ollama loads a model again when its context changes: so it does in steps of so many tokens.
const CONTEXT_STEP: u64 = 4096;

impl RemoteEngine {
    /// The request's body, with the extensions that vLLM and llama-server know.
    pub(super) fn body(&self, request: &GenerateRequest) -> Vec<u8> {
        let value = match self.dialect {
            Dialect::OpenAi => {
                let mut body = self.plain(request);
                body.insert(
                    "top_k".into(),
                    json!(if request.sampling.top_k == 0 {
                        -1
                    } else {
                        i64::from(request.sampling.top_k)
                    }),
                );
                body.insert("min_p".into(), json!(request.sampling.min_p));
                body.insert(
                    "chat_template_kwargs".into(),
                    json!({ "enable_thinking": request.thinking }),
                );
                if let Some(grammar) = &request.grammar {
                    body.insert("grammar".into(), json!(grammar));
                }
                Value::Object(body)
            }
            Dialect::Ollama => {
                let sampling = request.sampling;
                json!({
                    "model": self.model,
                    "messages": messages(request),
                    "stream": true,
                    "think": request.thinking,
                    "options": {
                        "temperature": sampling.temperature,
                        "top_p": sampling.top_p,
                        "top_k": sampling.top_k,
                        "min_p": sampling.min_p,
                        "presence_penalty": sampling.presence_penalty,
                        "seed": sampling.seed,
                        "num_predict": self.most_written(request),
                        // Ollama cuts silently at its own default.
                        "num_ctx": self.context(request),
                    },
                })
            }
        };
        value.to_string().into_bytes()
    }

    /// The request again, for a server that refused it as it was: without our extensions, or for Ollama without thinking.
    pub(super) fn plain_body(&self, request: &GenerateRequest) -> Vec<u8> {
        match self.dialect {
            Dialect::OpenAi => Value::Object(self.plain(request)).to_string().into_bytes(),
            Dialect::Ollama => self.body(&GenerateRequest {
                thinking: false,
                ..request.clone()
            }),
        }
    }

    fn plain(&self, request: &GenerateRequest) -> Map<String, Value> {
        let sampling = request.sampling;
        let mut body = Map::new();
        body.insert("model".into(), json!(self.model));
        body.insert("messages".into(), json!(messages(request)));
        body.insert("stream".into(), json!(true));
        body.insert("stream_options".into(), json!({ "include_usage": true }));
        body.insert("max_tokens".into(), json!(self.most_written(request)));
        body.insert("temperature".into(), json!(sampling.temperature));
        body.insert("top_p".into(), json!(sampling.top_p));
        body.insert("presence_penalty".into(), json!(sampling.presence_penalty));
        body.insert("seed".into(), json!(sampling.seed));
        body
    }

    /// Tokens that may be written: servers count thoughts with the answer. Thoughts get what the server has left beside prompt and
    /// answer: vLLM refuses a request that may become longer.
    pub(super) fn most_written(&self, request: &GenerateRequest) -> u32 {
        let answer = request.max_output_tokens;
        if !request.thinking {
            return answer;
        }
        // As `rough_tokens` has it, by which prompts are made.
        let prompt = u32::try_from(prompt_bytes(request) / 3).unwrap_or(u32::MAX);
        let left = self.most_context.saturating_sub(prompt).saturating_sub(answer);
        answer.saturating_add(thinking_room(self.window).min(left))
    }

    /// Tokens of context that surely hold the request, where there are so many: no tokenizer makes fewer than two bytes a token of our
    /// texts on average.
    fn context(&self, request: &GenerateRequest) -> u64 {
        let tokens = prompt_bytes(request) / 2 + u64::from(self.most_written(request));
        tokens
            .next_multiple_of(CONTEXT_STEP)
            .max(CONTEXT_STEP)
            .min(u64::from(self.most_context))
    }
}

fn messages(request: &GenerateRequest) -> Vec<Value> {
    let role = |role| match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    request
        .messages
        .iter()
        .map(|Message { role: who, content }| json!({ "role": role(*who), "content": content }))
        .collect()
}

fn prompt_bytes(request: &GenerateRequest) -> u64 {
    let bytes: usize = request.messages.iter().map(|message| message.content.len() + 16).sum();
    bytes as u64
}
