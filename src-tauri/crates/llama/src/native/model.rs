//! A loaded model and its vocabulary, through `llama-cpp-2`.

use super::Token;
use super::pace::{LOOK, PATIENCE, Pace, Traces, Watch};
use crate::backend;
use crate::error::LlamaError;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::{LlamaModelParams, LlamaSplitMode};
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token_type::LlamaTokenAttr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

/// How a model is loaded.
#[derive(Clone, Debug)]
pub struct ModelSettings {
    /// Layers on the GPU, the output layer counted; 0 is none.
    pub gpu_layers: u32,
    /// ggml's device index of the GPU; `None` uses no GPU at all.
    pub device: Option<usize>,
    /// Read metadata and plan, but hold no weights.
    pub dry: bool,
}

/// What becomes of control tokens written out in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Specials {
    /// Recognised; the first token the model wants is put before.
    Parsed,
    /// Recognised; nothing is put before: the text goes on where another ended.
    Continued,
    /// Plain text.
    Text,
}

/// A loaded model. Shared by its contexts; freed with the last of them.
pub struct Model {
    inner: LlamaModel,
}

impl Model {
    /// Reads the file. `progress` gets 0 to 1, the same again while a large tensor comes in, and may return false to give up.
    ///
    /// # Errors
    /// [`LlamaError::Load`] where llama.cpp refuses, [`LlamaError::Cancelled`] where `progress` said so, [`LlamaError::Stalled`] where
    /// nothing comes in any more: what reads it is then left behind, and the process should end.
    pub fn load(
        path: &str,
        settings: &ModelSettings,
        progress: &mut dyn FnMut(f32) -> bool,
    ) -> Result<Arc<Self>, LlamaError> {
        let started = backend::started()?;
        let refused = Arc::new(AtomicBool::new(false));
        let (told, heard) = mpsc::channel();
        // The binding keeps its listener for as long as it likes: it hears of a borrowed one through a channel, and the file is
        // read on a thread beside, which nobody has to wait for.
        let reading = thread::spawn({
            let (path, settings, given_up) = (path.to_owned(), settings.clone(), Arc::clone(&refused));
            move || {
                let params = params(&settings)?.with_progress_callback(move |done| {
                    // Nobody listens any more where the owner has gone: then there is nobody to load for.
                    told.send(done).is_ok() && !given_up.load(Ordering::Relaxed)
                });
                LlamaModel::load_from_file(started, Path::new(&path), &params).map_err(|_| LlamaError::Load {
                    path,
                    words: crate::log::last_words(),
                })
            }
        });
        let mut watch = Watch::default();
        let mut last = 0.0;
        loop {
            match heard.recv_timeout(LOOK) {
                Ok(done) => {
                    last = done;
                    watch.moved();
                }
                Err(RecvTimeoutError::Timeout) => match watch.look(Traces::now()) {
                    Pace::Moving => {}
                    Pace::Quiet => continue,
                    Pace::Stalled => {
                        return Err(LlamaError::Stalled {
                            path: path.to_owned(),
                            seconds: u64::from(PATIENCE) * LOOK.as_secs(),
                        });
                    }
                },
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if !progress(last) {
                refused.store(true, Ordering::Relaxed);
            }
        }
        match reading.join() {
            Ok(Ok(inner)) => Ok(Arc::new(Self { inner })),
            Ok(Err(_)) if refused.load(Ordering::Relaxed) => Err(LlamaError::Cancelled),
            Ok(Err(error)) => Err(error),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// The binding's model.
    pub(super) fn inner(&self) -> &LlamaModel {
        &self.inner
    }

    /// Number of tokens in the vocabulary.
    pub fn vocabulary(&self) -> usize {
        self.inner.n_vocab().max(0) as usize
    }

    /// Longest context it was trained for.
    pub fn trained_context(&self) -> u32 {
        self.inner.n_ctx_train()
    }

    /// Bytes of all tensors.
    pub fn tensor_bytes(&self) -> u64 {
        self.inner.size()
    }

    /// True for models whose state cannot be cut at a position (Mamba and hybrids): their cache is reused only whole.
    pub fn is_recurrent(&self) -> bool {
        self.inner.is_recurrent() || self.inner.is_hybrid()
    }

    /// The Jinja template in the file.
    pub fn chat_template(&self) -> Option<String> {
        let template = self.inner.chat_template(None).ok()?;
        Some(template.as_c_str().to_string_lossy().into_owned())
    }

    /// Text of the token that begins a text; empty where there is none.
    pub fn bos_text(&self) -> String {
        self.text_of(self.inner.vocab().bos())
    }

    /// Text of the token that ends a text; empty where there is none.
    pub fn eos_text(&self) -> String {
        self.text_of(self.inner.vocab().eos())
    }

    fn text_of(&self, token: LlamaToken) -> String {
        if token.0 < 0 {
            // llama.cpp's own sign for none.
            return String::new();
        }
        let vocab = self.inner.vocab();
        vocab
            .text(token)
            .map_or_else(String::new, |text| text.to_string_lossy().into_owned())
    }

    /// Tokens of a text. Control tokens written out in it are recognised only where `specials` says so.
    ///
    /// # Errors
    /// The text is over 2 GiB.
    pub fn tokenize(&self, text: &str, specials: Specials) -> Result<Vec<Token>, LlamaError> {
        i32::try_from(text.len()).map_err(|_| LlamaError::TextTooLong)?;
        let vocab = self.inner.vocab();
        let first = specials == Specials::Parsed && vocab.should_add_bos();
        let text = if first { after_bos(text, &self.bos_text()) } else { text };
        let mut tokens = vocab.tokenize(text.as_bytes(), first, specials != Specials::Text);
        if first && vocab.should_add_eos() {
            leave_open(&mut tokens, vocab.eos());
        }
        Ok(tokens.into_iter().map(|token| token.0).collect())
    }

    /// Control tokens written out in a text: [`Model::piece`] has nothing for them, [`Model::written`] their name.
    pub fn control_tokens(&self, text: &str) -> Vec<Token> {
        let vocab = self.inner.vocab();
        vocab
            .tokenize(text.as_bytes(), false, true)
            .into_iter()
            .filter(|&token| vocab.attr(token).contains(LlamaTokenAttr::Control))
            .map(|token| token.0)
            .collect()
    }

    /// A token as the vocabulary spells it.
    pub fn written(&self, token: Token) -> String {
        self.text_of(LlamaToken(token))
    }

    /// Appends the bytes of a token; control tokens have none.
    pub fn piece(&self, token: Token, into: &mut Vec<u8>) {
        self.inner
            .vocab()
            .token_to_piece_into(LlamaToken(token), into, false, None);
    }

    /// True for tokens that end an answer.
    pub fn ends_answer(&self, token: Token) -> bool {
        self.inner.vocab().is_eog(LlamaToken(token))
    }

    /// Texts of control tokens, and of the marks among user-defined ones: what document text must not be able to write.
    pub fn special_texts(&self) -> Vec<String> {
        let vocab = self.inner.vocab();
        vocab
            .tokens()
            .filter_map(|token| {
                let attributes = vocab.attr(token);
                let is_control = attributes.contains(LlamaTokenAttr::Control);
                if !is_control && !attributes.contains(LlamaTokenAttr::UserDefined) {
                    return None;
                }
                let text = vocab.text(token)?.to_string_lossy().into_owned();
                (is_control || is_mark(&text)).then_some(text)
            })
            .filter(|text| text.chars().count() > 2)
            .collect()
    }
}

fn params(settings: &ModelSettings) -> Result<LlamaModelParams, LlamaError> {
    // A list holding nothing but its end uses no GPU, also where one is there.
    let devices: Vec<usize> = settings.device.into_iter().collect();
    let layers = if devices.is_empty() { 0 } else { settings.gpu_layers };
    LlamaModelParams::default()
        .with_n_gpu_layers(layers)
        // A memory map keeps the file's pages beside the repacked weights (5.3 instead of 3.6 GB for Qwen3-4B at 8k).
        .with_use_mmap(false)
        .with_no_alloc(settings.dry)
        .with_split_mode(LlamaSplitMode::None)
        .with_devices(&devices)
        .map_err(|_| LlamaError::NoDevice(settings.device.unwrap_or_default()))
}

/// The text without a beginning that a template wrote out, where tokenizing puts it there.
fn after_bos<'a>(text: &'a str, bos: &str) -> &'a str {
    text.strip_prefix(bos).unwrap_or(text)
}

/// Takes off the end that some files want after every text: an answer would end before it begins.
fn leave_open(tokens: &mut Vec<LlamaToken>, eos: LlamaToken) {
    if tokens.last() == Some(&eos) {
        tokens.pop();
    }
}

/// False for runs of spaces, line breaks and dashes: Gemma's vocabulary has them as user-defined tokens, and any document writes them.
fn is_mark(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_begins_once_and_stays_open() {
        assert_eq!(after_bos("<s>[INST] a [/INST]", "<s>"), "[INST] a [/INST]");
        assert_eq!(
            after_bos("[INST] a <s>", "<s>"),
            "[INST] a <s>",
            "each turn begins with it"
        );
        assert_eq!(after_bos("a", ""), "a", "the vocabulary has none");
        let mut tokens = [5, 2, 2].map(LlamaToken).to_vec();
        leave_open(&mut tokens, LlamaToken(2));
        assert_eq!(tokens, [5, 2].map(LlamaToken), "the text's own stays");
        leave_open(&mut tokens, LlamaToken(7));
        assert_eq!(tokens.len(), 2);
    }

    #[test]
    fn white_space_is_no_mark() {
        assert!(["<think>", "[INST]", "</s>"].into_iter().all(is_mark));
        assert!(
            !["\n\n\n", "    ", "\u{2581}\u{2581}\u{2581}", "---"]
                .into_iter()
                .any(is_mark)
        );
    }
}
