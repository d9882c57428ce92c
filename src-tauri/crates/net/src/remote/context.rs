//! How many tokens a server's model reads at once, as each kind of server tells it.

use super::stall::Stall;
use super::{Dialect, RemoteEngine, SHORT_PATIENCE};
use crate::error::NetError;
use docmind_core::cancel::CancelToken;
use docmind_core::error::ErrorReport;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;
use ureq::http::Method;

/// A question waits no longer than this for the answer: it can be written without.
const WAIT: Duration = Duration::from_secs(3);

/// What a server tells of its context, in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextWindow {
    /// The model runs with so many.
    Served(u32),
    /// It gets as many as a request asks for, up to these, and the memory for them is taken then (Ollama).
    OnRequest(u32),
    /// The model was made for so many; the server may run it with fewer.
    AtMost(u32),
}

impl RemoteEngine {
    /// Asks the server for its context; `None` where it does not tell. Takes three seconds at most.
    ///
    /// Ollama tells it under `/api/show`, vLLM among its models (`max_model_len`), as OpenRouter (`context_length`) and Groq
    /// (`context_window`) do; llama-server under `/props`, LM Studio under `/api/v0/models`.
    ///
    /// # Errors
    /// A report of a [`NetError`]; `remote_timeout` where it took too long.
    pub fn context_window(&self, cancel: &CancelToken) -> Result<Option<ContextWindow>, ErrorReport> {
        let stall = Stall::watch(cancel, WAIT, WAIT);
        let told = match self.dialect {
            Dialect::OpenAi => self.openai_window(stall.token()),
            Dialect::Ollama => self.ollama_window(stall.token()),
        };
        told.map_err(|error| self.unless_stalled(error, &stall).report())
    }

    fn ollama_window(&self, cancel: &CancelToken) -> Result<Option<ContextWindow>, NetError> {
        let asked = json!({ "model": self.model }).to_string().into_bytes();
        let shown = self.told(Method::POST, &format!("{}/api/show", self.base), asked, cancel)?;
        Ok(shown.and_then(|shown| of_ollama(&shown)))
    }

    fn openai_window(&self, cancel: &CancelToken) -> Result<Option<ContextWindow>, NetError> {
        let get = |url: &str| self.told(Method::GET, url, Vec::new(), cancel);
        let root = self.base.strip_suffix("/v1").unwrap_or(&self.base);
        let listed = get(&format!("{}/models", self.base))?.and_then(|list| of_list(&list, &self.model));
        if let Some(ContextWindow::Served(_)) = listed {
            return Ok(listed);
        }
        let props = get(&format!("{root}/props"))?.and_then(|props| of_props(&props));
        if props.is_some() {
            return Ok(props);
        }
        let loaded = get(&format!("{root}/api/v0/models"))?.and_then(|list| of_list(&list, &self.model));
        Ok(loaded.or(listed))
    }

    /// What the server says there; `None` where it has no such page, or something else on it.
    fn told(&self, method: Method, url: &str, body: Vec<u8>, cancel: &CancelToken) -> Result<Option<String>, NetError> {
        let answer = match self.ask(method, url, body, SHORT_PATIENCE, cancel) {
            Err(NetError::Redirect { .. }) => return Ok(None),
            answer => answer?,
        };
        if !(200..300).contains(&answer.status) {
            return Ok(None);
        }
        match self.whole(answer, cancel) {
            Err(NetError::TooLarge(_)) => Ok(None),
            told => told.map(Some),
        }
    }
}

#[derive(Deserialize)]
struct OllamaShow {
    #[serde(default)]
    model_info: Map<String, Value>,
    /// Lines of the Modelfile: `num_ctx 8192`.
    #[serde(default)]
    parameters: String,
}

/// Who made the model's file may have set its context; else a request sets it.
fn of_ollama(body: &str) -> Option<ContextWindow> {
    let shown: OllamaShow = serde_json::from_str(body).ok()?;
    let trained = shown
        .model_info
        .iter()
        .find(|(key, _)| key.ends_with(".context_length"))
        .and_then(|(_, value)| tokens(value));
    let set = shown
        .parameters
        .lines()
        .filter_map(|line| line.trim().strip_prefix("num_ctx"))
        .find_map(|value| value.trim().parse().ok().filter(|tokens| *tokens > 0));
    match (set, trained) {
        (Some(set), trained) => Some(ContextWindow::Served(trained.map_or(set, |trained| set.min(trained)))),
        (None, trained) => trained.map(ContextWindow::OnRequest),
    }
}

/// Of the model in a list of models; of the only one, where it is listed under another name: llama-server runs one, whatever it is called.
fn of_list(body: &str, model: &str) -> Option<ContextWindow> {
    let list: Value = serde_json::from_str(body).ok()?;
    let models = list.get("data")?.as_array()?;
    let named = models
        .iter()
        .find(|entry| entry.get("id").and_then(Value::as_str) == Some(model));
    let entry = named.or(match models.as_slice() {
        [only] => Some(only),
        _ => None,
    })?;
    let of = |key: &str| entry.get(key).and_then(tokens);
    let served = [
        "max_model_len",
        "loaded_context_length",
        "context_length",
        "context_window",
    ];
    served.into_iter().find_map(of).map(ContextWindow::Served).or_else(|| {
        let trained = || entry.get("meta")?.get("n_ctx_train").and_then(tokens);
        of("max_context_length").or_else(trained).map(ContextWindow::AtMost)
    })
}

fn of_props(body: &str) -> Option<ContextWindow> {
    let props: Value = serde_json::from_str(body).ok()?;
    tokens(props.get("default_generation_settings")?.get("n_ctx")?).map(ContextWindow::Served)
}

fn tokens(value: &Value) -> Option<u32> {
    let tokens = u32::try_from(value.as_u64()?).ok()?;
    (tokens > 0).then_some(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_models_file_at_ollama_may_set_what_a_request_sets_else() {
        let shown = |parameters: &str, info: Value| {
            of_ollama(&json!({ "parameters": parameters, "model_info": info }).to_string())
        };
        let qwen =
            || json!({ "general.architecture": "qwen3", "qwen3.block_count": 36, "qwen3.context_length": 40_960 });
        assert_eq!(shown("", qwen()), Some(ContextWindow::OnRequest(40_960)));
        let set = "num_ctx                        16384\nstop                           \"<|im_end|>\"";
        assert_eq!(shown(set, qwen()), Some(ContextWindow::Served(16_384)));
        assert_eq!(shown("num_ctx 65536", qwen()), Some(ContextWindow::Served(40_960)));
        assert_eq!(shown("num_ctx 8192", json!({})), Some(ContextWindow::Served(8192)));
        assert_eq!(shown("stop num_ctx", json!({ "qwen3.context_length": "long" })), None);
        assert_eq!(of_ollama("{}"), None);
        assert_eq!(of_ollama("404 page not found"), None);
    }

    #[test]
    fn each_list_of_models_tells_in_its_own_words() {
        let of = |entries: Value| of_list(&json!({ "data": entries }).to_string(), "qwen3");
        let vllm = json!([{ "id": "other", "max_model_len": 1 }, { "id": "qwen3", "max_model_len": 32_768 }]);
        assert_eq!(of(vllm), Some(ContextWindow::Served(32_768)));
        let lm_studio =
            json!([{ "id": "qwen3", "state": "loaded", "max_context_length": 262_144, "loaded_context_length": 4096 }]);
        assert_eq!(of(lm_studio), Some(ContextWindow::Served(4096)));
        let not_loaded = json!([{ "id": "qwen3", "state": "not-loaded", "max_context_length": 262_144 }]);
        assert_eq!(of(not_loaded), Some(ContextWindow::AtMost(262_144)));
        let llama_server = json!([{ "id": "/models/Qwen3.gguf", "meta": { "n_ctx_train": 40_960 } }]);
        assert_eq!(of(llama_server), Some(ContextWindow::AtMost(40_960)));
        assert_eq!(
            of(json!([{ "id": "a", "max_model_len": 1 }, { "id": "b", "max_model_len": 1 }])),
            None
        );
        assert_eq!(of(json!([{ "id": "qwen3", "max_model_len": 0, "meta": null }])), None);
    }

    #[test]
    fn llama_server_tells_what_a_slot_has() {
        let props = r#"{"default_generation_settings":{"id":0,"n_ctx":12288},"total_slots":4}"#;
        assert_eq!(of_props(props), Some(ContextWindow::Served(12_288)));
        assert_eq!(of_props(r#"{"default_generation_settings":null}"#), None);
    }

    /// Values of every kind under the names that are looked for.
    fn pages() -> impl Strategy<Value = Value> {
        let names = [
            "data",
            "id",
            "max_model_len",
            "max_context_length",
            "meta",
            "n_ctx_train",
            "default_generation_settings",
            "n_ctx",
            "model_info",
            "a.context_length",
            "parameters",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "(m|num_ctx [0-9]{0,12}|.{0,8})".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, move |inner| {
            let name = prop::sample::select(names.to_vec());
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((name, inner), 0..6).prop_map(|entries| {
                    let entries = entries.into_iter().map(|(name, value)| (name.to_owned(), value));
                    Value::Object(entries.collect())
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_page_makes_it_panic(page in pages()) {
            let page = page.to_string();
            let _ = (of_ollama(&page), of_list(&page, "m"), of_props(&page));
        }
    }
}
