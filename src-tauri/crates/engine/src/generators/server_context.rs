//! How much a server's model reads at once: as a person set it, as the server tells, or assumed.

use crate::engine::Engine;
use crate::listeners::lock;
use docmind_core::cancel::CancelToken;
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::settings::{Backend, RemoteContext, Settings};
use docmind_net::remote::ContextWindow;
use std::sync::Mutex;

/// Assumed where nobody tells another: what Ollama and vLLM give small models by default.
pub(super) const ASSUMED_TOKENS: u32 = 8192;
/// Of what a server tells no more is used: `auto` gives a model here no more either, and what is sent is read again where the server
/// keeps nothing.
const MOST_TOKENS: u32 = 32_768;
/// Of what a server takes memory for only when asked, without it being known how much there is: half of that.
const MOST_TOKENS_ON_REQUEST: u32 = 16_384;

/// `set` is the setting, 0 where it leaves that to the server.
pub(super) fn decide(set: u32, window: Option<ContextWindow>) -> RemoteContext {
    let told = |of: u32, most: u32| RemoteContext::Told {
        tokens: of.min(most),
        of,
    };
    match (set, window) {
        (0, Some(ContextWindow::Served(of))) => told(of, MOST_TOKENS),
        (0, Some(ContextWindow::OnRequest(of))) => told(of, MOST_TOKENS_ON_REQUEST),
        (0, Some(ContextWindow::AtMost(most))) => RemoteContext::Assumed {
            tokens: most.min(ASSUMED_TOKENS),
        },
        (0, None) => RemoteContext::Assumed { tokens: ASSUMED_TOKENS },
        (tokens, _) => RemoteContext::Set { tokens },
    }
}

/// A model on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerModel {
    backend: Backend,
    url: String,
    model: String,
}

impl ServerModel {
    pub(super) fn of(settings: &Settings) -> Self {
        Self {
            backend: settings.backend,
            url: settings.remote_url.clone(),
            model: settings.remote_model.clone(),
        }
    }
}

/// What the server that was asked last told.
#[derive(Default)]
pub(super) struct ServerContexts {
    told: Mutex<Option<(ServerModel, Option<ContextWindow>)>>,
    /// The one of which a person knows that its context is assumed.
    assumed: Mutex<Option<ServerModel>>,
}

impl ServerContexts {
    /// What it told before, or tells now. Where it cannot be asked nothing is known; it is asked again next time.
    pub(super) fn known(
        &self,
        server: &ServerModel,
        ask: &dyn Fn() -> Result<Option<ContextWindow>, ErrorReport>,
    ) -> Option<ContextWindow> {
        let kept = lock(&self.told).clone();
        if let Some((_, window)) = kept.filter(|(known, _)| known == server) {
            return window;
        }
        self.asked(server, ask).unwrap_or_else(|report| {
            tracing::warn!(code = %report.code, "the server's context is not known: {}", report.message);
            None
        })
    }

    /// Asks, whatever it told before.
    pub(super) fn asked(
        &self,
        server: &ServerModel,
        ask: &dyn Fn() -> Result<Option<ContextWindow>, ErrorReport>,
    ) -> Result<Option<ContextWindow>, ErrorReport> {
        let window = ask()?;
        // A model that is not loaded yet (LM Studio) tells more once it is.
        let is_settled = !matches!(window, Some(ContextWindow::AtMost(_)));
        *lock(&self.told) = is_settled.then(|| (server.clone(), window));
        Ok(window)
    }

    /// An answer failed: the server may run with another context now.
    pub(super) fn forget(&self) {
        *lock(&self.told) = None;
    }

    /// What a person should know, once a server.
    pub(super) fn news(&self, server: &ServerModel, context: RemoteContext) -> Option<Notice> {
        let RemoteContext::Assumed { tokens } = context else {
            return None;
        };
        let mut assumed = lock(&self.assumed);
        if assumed.as_ref() == Some(server) {
            return None;
        }
        *assumed = Some(server.clone());
        Some(Notice::new(
            "remote_context_assumed",
            format!(
                "The server does not say how much it reads at once. {tokens} tokens are assumed.\nSet `remote_context_tokens` if it is \
                 another number."
            ),
        ))
    }
}

impl Engine {
    /// How much the server of the settings reads at once; it is asked now, where they leave that to it.
    ///
    /// # Errors
    /// The server cannot be asked, or its address is none.
    pub fn remote_context(&self, cancel: &CancelToken) -> Result<RemoteContext, ErrorReport> {
        self.0.generators.remote_context(&self.settings(), cancel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn server(model: &str) -> ServerModel {
        ServerModel {
            backend: Backend::OpenAi,
            url: "http://localhost:8000".to_owned(),
            model: model.to_owned(),
        }
    }

    #[test]
    fn a_persons_word_goes_before_the_servers_and_that_before_a_guess() {
        let context = decide;
        let served = Some(ContextWindow::Served(20_480));
        assert_eq!(context(65_536, served), RemoteContext::Set { tokens: 65_536 });
        let told = |tokens, of| RemoteContext::Told { tokens, of };
        assert_eq!(context(0, served), told(20_480, 20_480));
        assert_eq!(context(0, Some(ContextWindow::Served(262_144))), told(32_768, 262_144));
        assert_eq!(
            context(0, Some(ContextWindow::OnRequest(262_144))),
            told(16_384, 262_144)
        );
        assert_eq!(context(0, Some(ContextWindow::OnRequest(2048))), told(2048, 2048));
        let assumed = |tokens| RemoteContext::Assumed { tokens };
        assert_eq!(context(0, Some(ContextWindow::AtMost(262_144))), assumed(8192));
        assert_eq!(context(0, Some(ContextWindow::AtMost(2048))), assumed(2048));
        assert_eq!(context(0, None), assumed(8192));
        assert_eq!(told(16_384, 262_144).limit(), Some(262_144));
        assert_eq!(assumed(8192).limit(), None);
    }

    #[test]
    fn a_server_is_asked_once_and_again_after_a_failure() {
        let contexts = ServerContexts::default();
        let asked = Cell::new(0);
        let known = |model: &str, window: Result<Option<ContextWindow>, ErrorReport>| {
            let context = contexts.known(&server(model), &|| {
                asked.set(asked.get() + 1);
                window.clone()
            });
            (context, asked.get())
        };
        let served = |tokens| Some(ContextWindow::Served(tokens));
        let away = || Err(ErrorReport::new("remote_unreachable", "It is away."));
        assert_eq!(known("a", away()), (None, 1));
        assert_eq!(
            known("a", Ok(Some(ContextWindow::AtMost(4096)))),
            (Some(ContextWindow::AtMost(4096)), 2)
        );
        assert_eq!(known("a", Ok(served(6144))), (served(6144), 3));
        assert_eq!(known("a", away()), (served(6144), 3));
        assert_eq!(known("b", Ok(None)), (None, 4));
        assert_eq!(known("b", away()), (None, 4));
        contexts.forget();
        assert_eq!(known("b", Ok(served(2048))), (served(2048), 5));
    }

    #[test]
    fn an_assumption_is_said_once_a_server() {
        let contexts = ServerContexts::default();
        let assumed = decide(0, None);
        assert_eq!(contexts.news(&server("a"), decide(8192, None)), None);
        let said = contexts.news(&server("a"), assumed).unwrap();
        assert!(said.message.contains("8192 tokens are assumed"), "{}", said.message);
        assert_eq!(contexts.news(&server("a"), assumed), None);
        assert!(contexts.news(&server("b"), assumed).is_some());
    }
}
