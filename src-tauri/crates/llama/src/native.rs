//! llama.cpp behind safe types. The only place with `unsafe` beside [`crate::backend`] and [`crate::quantize`].
//!
//! Written over `llama-cpp-sys-2` rather than `llama-cpp-2` 0.1.160, which hides what DocMind's promises rest on: the abort
//! callback (Stop in the middle of a slice), `n_outputs_max` (290 MiB of logit rows that llama.cpp else reserves at a batch of 512),
//! and the bytes of a sequence's state (snapshots on disk).
#![expect(
    unsafe_code,
    reason = "the boundary to llama.cpp's C interface; every block has its SAFETY line"
)]

use crate::error::LlamaError;
use docmind_core::cancel::CancelToken;
use llama_cpp_sys_2 as sys;
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

/// A token of a model's vocabulary.
pub type Token = i32;

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

/// A loaded model. Shared by its contexts; freed with the last of them.
pub struct Model {
    raw: NonNull<sys::llama_model>,
}

// SAFETY: llama.cpp's model is not bound to a thread; after loading it is only read.
unsafe impl Send for Model {}
// SAFETY: as above; every call made through `&Model` reads.
unsafe impl Sync for Model {}

impl Model {
    /// Reads the file. `progress` gets 0 to 1 and may return false to give up.
    ///
    /// # Errors
    /// [`LlamaError::Load`] where llama.cpp refuses, [`LlamaError::Cancelled`] where `progress` said so.
    pub fn load(
        path: &str,
        settings: &ModelSettings,
        progress: &mut dyn FnMut(f32) -> bool,
    ) -> Result<Arc<Self>, LlamaError> {
        struct Listener<'a> {
            progress: &'a mut dyn FnMut(f32) -> bool,
            refused: bool,
        }
        unsafe extern "C" fn hear(value: f32, data: *mut c_void) -> bool {
            // SAFETY: `data` is the `Listener` below, alive for the whole load and used by no one else meanwhile.
            let listener = unsafe { &mut *data.cast::<Listener<'_>>() };
            let go_on = (listener.progress)(value);
            listener.refused |= !go_on;
            go_on
        }
        let file = CString::new(path).map_err(|_| LlamaError::Path(path.to_owned()))?;
        let mut listener = Listener {
            progress,
            refused: false,
        };
        // SAFETY: no arguments; returns a plain struct.
        let mut params = unsafe { sys::llama_model_default_params() };
        params.n_gpu_layers = i32::try_from(settings.gpu_layers).unwrap_or(i32::MAX);
        // A memory map keeps the file's pages beside the repacked weights (5.3 instead of 3.6 GB for Qwen3-4B at 8k).
        params.load_mode = sys::LLAMA_LOAD_MODE_NONE;
        params.no_alloc = settings.dry;
        params.split_mode = sys::LLAMA_SPLIT_MODE_NONE;
        let mut devices = [std::ptr::null_mut(); 2];
        if let Some(index) = settings.device {
            // SAFETY: the count is asked first; an index under it is valid.
            let count = unsafe { sys::ggml_backend_dev_count() };
            if index >= count {
                return Err(LlamaError::NoDevice(index));
            }
            // SAFETY: `index` is under the count.
            devices[0] = unsafe { sys::ggml_backend_dev_get(index) };
        } else {
            params.n_gpu_layers = 0;
        }
        // A list holding nothing but its end uses no GPU, also where one is there.
        params.devices = devices.as_mut_ptr();
        params.progress_callback = Some(hear);
        params.progress_callback_user_data = (&raw mut listener).cast();
        // SAFETY: `file`, `devices` and `listener` outlive the call, and llama.cpp keeps none of them after it.
        let raw = unsafe { sys::llama_model_load_from_file(file.as_ptr(), params) };
        match NonNull::new(raw) {
            Some(raw) => Ok(Arc::new(Self { raw })),
            None if listener.refused => Err(LlamaError::Cancelled),
            None => Err(LlamaError::Load {
                path: path.to_owned(),
                words: crate::log::last_words(),
            }),
        }
    }

    fn vocab(&self) -> *const sys::llama_vocab {
        // SAFETY: the model is alive; the vocabulary lives as long.
        unsafe { sys::llama_model_get_vocab(self.raw.as_ptr()) }
    }

    /// Number of tokens in the vocabulary.
    pub fn vocabulary(&self) -> usize {
        // SAFETY: the vocabulary is alive.
        unsafe { sys::llama_vocab_n_tokens(self.vocab()) }.max(0) as usize
    }

    /// Longest context it was trained for.
    pub fn trained_context(&self) -> u32 {
        // SAFETY: the model is alive.
        unsafe { sys::llama_model_n_ctx_train(self.raw.as_ptr()) }.max(0) as u32
    }

    /// Bytes of all tensors.
    pub fn tensor_bytes(&self) -> u64 {
        // SAFETY: the model is alive.
        unsafe { sys::llama_model_size(self.raw.as_ptr()) }
    }

    /// True for models whose state cannot be cut at a position (Mamba and hybrids): nothing of their cache is reused.
    pub fn is_recurrent(&self) -> bool {
        // SAFETY: the model is alive.
        unsafe { sys::llama_model_is_recurrent(self.raw.as_ptr()) || sys::llama_model_is_hybrid(self.raw.as_ptr()) }
    }

    /// The Jinja template in the file.
    pub fn chat_template(&self) -> Option<String> {
        // SAFETY: the model is alive; a null name asks for the default one; the text lives as long as the model.
        let text = unsafe { sys::llama_model_chat_template(self.raw.as_ptr(), std::ptr::null()) };
        // SAFETY: not null, and closed by a zero.
        (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
    }

    /// Tokens of a text. Control tokens written out in it are recognised only where `specials` says so.
    ///
    /// # Errors
    /// The text is over 2 GiB.
    pub fn tokenize(&self, text: &str, specials: Specials) -> Result<Vec<Token>, LlamaError> {
        let length = i32::try_from(text.len()).map_err(|_| LlamaError::TextTooLong)?;
        let mut tokens: Vec<Token> = vec![0; text.len() + 8];
        let room = i32::try_from(tokens.len()).unwrap_or(i32::MAX);
        // SAFETY: text and buffer are given with their lengths.
        let count = unsafe {
            sys::llama_tokenize(
                self.vocab(),
                text.as_ptr().cast::<c_char>(),
                length,
                tokens.as_mut_ptr(),
                room,
                specials == Specials::Parsed && self.adds_bos(),
                specials != Specials::Text,
            )
        };
        // A byte gives at most one token, plus the first and the last.
        let count = usize::try_from(count).map_err(|_| LlamaError::TextTooLong)?;
        tokens.truncate(count);
        Ok(tokens)
    }

    fn adds_bos(&self) -> bool {
        // SAFETY: the vocabulary is alive.
        unsafe { sys::llama_vocab_get_add_bos(self.vocab()) }
    }

    /// Appends the bytes of a token; control tokens have none.
    pub fn piece(&self, token: Token, into: &mut Vec<u8>) {
        let mut buffer = [0_u8; 256];
        // SAFETY: the buffer is given with its length.
        let count = unsafe {
            sys::llama_token_to_piece(
                self.vocab(),
                token,
                buffer.as_mut_ptr().cast::<c_char>(),
                buffer.len() as i32,
                0,
                false,
            )
        };
        if let Ok(count) = usize::try_from(count) {
            into.extend_from_slice(&buffer[..count]);
            return;
        }
        let mut long = vec![0_u8; count.unsigned_abs() as usize];
        // SAFETY: as above, with the length llama.cpp asked for.
        let count = unsafe {
            sys::llama_token_to_piece(
                self.vocab(),
                token,
                long.as_mut_ptr().cast::<c_char>(),
                long.len() as i32,
                0,
                false,
            )
        };
        into.extend_from_slice(&long[..usize::try_from(count).unwrap_or(0)]);
    }

    /// True for tokens that end an answer.
    pub fn ends_answer(&self, token: Token) -> bool {
        // SAFETY: the vocabulary is alive; llama.cpp checks the token's range.
        unsafe { sys::llama_vocab_is_eog(self.vocab(), token) }
    }

    /// Texts of control and user-defined tokens: what document text must not be able to write.
    pub fn special_texts(&self) -> Vec<String> {
        let marked = sys::LLAMA_TOKEN_ATTR_CONTROL | sys::LLAMA_TOKEN_ATTR_USER_DEFINED;
        (0..self.vocabulary() as Token)
            .filter_map(|token| {
                // SAFETY: the token is within the vocabulary.
                let attributes = unsafe { sys::llama_vocab_get_attr(self.vocab(), token) } as u32;
                if attributes & marked == 0 {
                    return None;
                }
                // SAFETY: as above; the text lives as long as the vocabulary.
                let text = unsafe { sys::llama_vocab_get_text(self.vocab(), token) };
                // SAFETY: not null, and closed by a zero.
                (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
            })
            .filter(|text| text.chars().count() > 2)
            .collect()
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: the last owner; contexts hold an `Arc`, so none is left.
        unsafe { sys::llama_model_free(self.raw.as_ptr()) }
    }
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

/// How a context is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ContextSettings {
    /// Size in tokens.
    pub context_tokens: u32,
    /// Most tokens handed over at once.
    pub n_batch: u32,
    /// Most tokens computed at once.
    pub n_ubatch: u32,
    /// Rows of logits kept.
    pub logit_rows: u32,
    /// Flash attention.
    pub flash: bool,
    /// ggml's type of K and V.
    pub kv: docmind_core::profile::KvType,
    /// Threads for one token and for batches.
    pub threads: u32,
}

/// A context: one KV cache and its computation. Used by one thread at a time.
pub struct Context {
    raw: NonNull<sys::llama_context>,
    model: Arc<Model>,
    batch: sys::llama_batch,
    room: usize,
    settings: ContextSettings,
    // Boxed: llama.cpp keeps its address.
    abort: Box<Mutex<CancelToken>>,
}

// SAFETY: llama.cpp's context is not bound to a thread; `&mut self` on every call keeps it to one at a time.
unsafe impl Send for Context {}

unsafe extern "C" fn asked_to_stop(data: *mut c_void) -> bool {
    // SAFETY: `data` is the boxed token of the context that is being computed, alive as long as it.
    let token = unsafe { &*data.cast::<Mutex<CancelToken>>() };
    token.lock().unwrap_or_else(PoisonError::into_inner).is_cancelled()
}

/// How a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// Whole.
    Done,
    /// The cancel token stopped it; what was computed of it is not to be relied on.
    Stopped,
}

impl Context {
    /// Makes a context on `model`.
    ///
    /// # Errors
    /// [`LlamaError::Context`] where llama.cpp refuses: out of memory, or a setting this model does not take.
    pub fn new(model: &Arc<Model>, settings: ContextSettings) -> Result<Self, LlamaError> {
        // SAFETY: no arguments; returns a plain struct.
        let mut params = unsafe { sys::llama_context_default_params() };
        params.n_ctx = settings.context_tokens;
        params.n_batch = settings.n_batch;
        params.n_ubatch = settings.n_ubatch;
        params.n_seq_max = 1;
        params.n_outputs_max = settings.logit_rows.min(settings.n_batch);
        params.n_threads = settings.threads as i32;
        params.n_threads_batch = settings.threads as i32;
        params.flash_attn_type = if settings.flash {
            sys::LLAMA_FLASH_ATTN_TYPE_ENABLED
        } else {
            sys::LLAMA_FLASH_ATTN_TYPE_DISABLED
        };
        let kind = match settings.kv {
            docmind_core::profile::KvType::F16 => sys::GGML_TYPE_F16,
            docmind_core::profile::KvType::Q8_0 => sys::GGML_TYPE_Q8_0,
            docmind_core::profile::KvType::Q4_0 => sys::GGML_TYPE_Q4_0,
        };
        params.type_k = kind;
        params.type_v = kind;
        params.no_perf = true;
        let abort = Box::new(Mutex::new(CancelToken::new()));
        params.abort_callback = Some(asked_to_stop);
        params.abort_callback_data = (&raw const *abort).cast_mut().cast();
        // SAFETY: the model is alive and kept so by `model`; the callback's data is boxed and lives in the context.
        let raw = unsafe { sys::llama_init_from_model(model.raw.as_ptr(), params) };
        let raw = NonNull::new(raw).ok_or_else(|| LlamaError::Context {
            words: crate::log::last_words(),
        })?;
        let room = settings.n_batch.max(1) as usize;
        // SAFETY: allocates; freed in `drop`.
        let batch = unsafe { sys::llama_batch_init(room as i32, 0, 1) };
        Ok(Self {
            raw,
            model: Arc::clone(model),
            batch,
            room,
            settings,
            abort,
        })
    }

    /// Its model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// How it was made.
    pub fn settings(&self) -> &ContextSettings {
        &self.settings
    }

    /// Size in tokens, as llama.cpp made it.
    pub fn size(&self) -> u32 {
        // SAFETY: the context is alive.
        unsafe { sys::llama_n_ctx(self.raw.as_ptr()) }
    }

    /// Sets what stops a running batch on the CPU; a GPU runs its slice to the end.
    pub fn stop_with(&mut self, cancel: &CancelToken) {
        *self.abort.lock().unwrap_or_else(PoisonError::into_inner) = cancel.clone();
    }

    /// Computes `tokens` from `position` on; logits are kept for those that `wants` names (by index).
    ///
    /// # Errors
    /// [`LlamaError::Decode`]; the cache from `position` on is then to be dropped.
    pub fn decode(
        &mut self,
        tokens: &[Token],
        position: usize,
        wants: impl Fn(usize) -> bool,
    ) -> Result<Decoded, LlamaError> {
        assert!(
            !tokens.is_empty() && tokens.len() <= self.room,
            "BUG: a batch of {} tokens, room for {}",
            tokens.len(),
            self.room
        );
        for (index, &token) in tokens.iter().enumerate() {
            // SAFETY: `index` is under `room`, the number the batch was made for; one sequence a token.
            unsafe {
                self.batch.token.add(index).write(token);
                self.batch.pos.add(index).write((position + index) as i32);
                self.batch.n_seq_id.add(index).write(1);
                (*self.batch.seq_id.add(index)).write(0);
                self.batch.logits.add(index).write(i8::from(wants(index)));
            }
        }
        self.batch.n_tokens = tokens.len() as i32;
        // SAFETY: context and batch are alive and ours alone.
        let status = unsafe { sys::llama_decode(self.raw.as_ptr(), self.batch) };
        match status {
            0 => {
                // SAFETY: as above. A GPU may still compute: its time belongs to this call.
                unsafe { sys::llama_synchronize(self.raw.as_ptr()) };
                Ok(Decoded::Done)
            }
            2 => Ok(Decoded::Stopped),
            1 => Err(LlamaError::CacheFull),
            other => Err(LlamaError::Decode {
                status: other,
                words: crate::log::last_words(),
            }),
        }
    }

    /// Logits of the batch's token at `index`, which `wants` had named.
    pub fn logits(&self, index: usize) -> &[f32] {
        // SAFETY: the context is alive; llama.cpp gives null for an index without logits.
        let row = unsafe { sys::llama_get_logits_ith(self.raw.as_ptr(), index as i32) };
        assert!(!row.is_null(), "BUG: no logits were asked for at {index}");
        // SAFETY: a row has one value a token of the vocabulary and stays until the next decode, which needs `&mut self`.
        unsafe { std::slice::from_raw_parts(row, self.model.vocabulary()) }
    }

    /// Forgets everything from `position` on. False where the model's state cannot be cut; then everything is gone.
    pub fn truncate(&mut self, position: usize) -> bool {
        // SAFETY: the context is alive; its memory lives as long.
        unsafe {
            let memory = sys::llama_get_memory(self.raw.as_ptr());
            let cut = sys::llama_memory_seq_rm(memory, 0, position as i32, -1);
            if !cut {
                sys::llama_memory_clear(memory, true);
            }
            cut
        }
    }

    /// The cache's content as bytes, valid for this version of llama.cpp, this model and this type of cache.
    pub fn save(&mut self) -> Vec<u8> {
        // SAFETY: the context is alive; the buffer has the size just asked for.
        unsafe {
            let size = sys::llama_state_seq_get_size(self.raw.as_ptr(), 0);
            let mut bytes = vec![0_u8; size];
            let written = sys::llama_state_seq_get_data(self.raw.as_ptr(), bytes.as_mut_ptr(), size, 0);
            bytes.truncate(written);
            bytes
        }
    }

    /// Puts back what [`Context::save`] gave. False where llama.cpp refuses; the cache is then empty. The bytes' origin is checked
    /// by [`crate::snapshot`] before they come here.
    pub fn restore(&mut self, bytes: &[u8]) -> bool {
        // SAFETY: context alive, bytes with their length; llama.cpp checks them against the cache's shape.
        let read = unsafe { sys::llama_state_seq_set_data(self.raw.as_ptr(), bytes.as_ptr(), bytes.len(), 0) };
        if read != bytes.len() {
            self.truncate(0);
            return false;
        }
        true
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: both are ours and used by no one after this.
        unsafe {
            sys::llama_batch_free(self.batch);
            sys::llama_free(self.raw.as_ptr());
        }
    }
}

/// A chain of samplers.
pub struct Sampler {
    raw: NonNull<sys::llama_sampler>,
}

// SAFETY: a sampler is not bound to a thread; `&mut self` keeps it to one at a time.
unsafe impl Send for Sampler {}

/// One link of a chain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Link {
    /// Presence penalty over the last so many tokens.
    Presence {
        /// Tokens looked back at.
        last: u32,
        /// Taken off the logits of those present.
        penalty: f32,
    },
    /// The so many most likely.
    TopK(u32),
    /// Nucleus.
    TopP(f32),
    /// Share of the best one's probability.
    MinP(f32),
    /// Temperature.
    Temperature(f32),
    /// The most likely.
    Greedy,
    /// By chance, with this seed.
    Draw(u32),
}

impl Sampler {
    /// A chain; its last link chooses.
    pub fn chain(links: &[Link], vocabulary: usize) -> Self {
        // SAFETY: allocates; links are handed over to the chain, which frees them.
        unsafe {
            let mut params = sys::llama_sampler_chain_default_params();
            params.no_perf = true;
            let chain = sys::llama_sampler_chain_init(params);
            for link in links {
                let sampler = match *link {
                    Link::Presence { last, penalty } => {
                        sys::llama_sampler_init_penalties(vocabulary as i32, last as i32, 1.0, 0.0, penalty)
                    }
                    Link::TopK(k) => sys::llama_sampler_init_top_k(k as i32),
                    Link::TopP(p) => sys::llama_sampler_init_top_p(p, 1),
                    Link::MinP(p) => sys::llama_sampler_init_min_p(p, 1),
                    Link::Temperature(t) => sys::llama_sampler_init_temp(t),
                    Link::Greedy => sys::llama_sampler_init_greedy(),
                    Link::Draw(seed) => sys::llama_sampler_init_dist(seed),
                };
                sys::llama_sampler_chain_add(chain, sampler);
            }
            Self {
                raw: NonNull::new(chain).expect("BUG: llama.cpp allocates with new, which does not return null"),
            }
        }
    }

    /// A grammar in GBNF with the rule `root`.
    ///
    /// # Errors
    /// [`LlamaError::Grammar`] where it does not parse.
    pub fn grammar(model: &Model, grammar: &str) -> Result<Self, LlamaError> {
        let text = CString::new(grammar).map_err(|_| LlamaError::Grammar)?;
        // SAFETY: both texts are closed by a zero and outlive the call; exceptions are caught on the other side.
        let raw = unsafe { sys::llama_rs_sampler_init_grammar(model.vocab(), text.as_ptr(), c"root".as_ptr()) };
        NonNull::new(raw).map(|raw| Self { raw }).ok_or(LlamaError::Grammar)
    }

    /// Tells it that `token` was taken. False where a grammar refuses it.
    pub fn accept(&mut self, token: Token) -> bool {
        // SAFETY: the sampler is alive; exceptions are caught on the other side.
        unsafe { sys::llama_rs_sampler_accept(self.raw.as_ptr(), token) == sys::LLAMA_RS_STATUS_OK }
    }

    /// Filters and sorts candidates, and chooses where its last link does. Returns the chosen token.
    pub fn apply(&mut self, candidates: &mut Candidates) -> Option<Token> {
        let mut array = sys::llama_token_data_array {
            data: candidates.data.as_mut_ptr(),
            size: candidates.data.len(),
            selected: -1,
            sorted: candidates.sorted,
        };
        // SAFETY: the array describes the vector; samplers write within its size and only ever shrink it, and may point `data`
        // to memory of their own only within the call's array, which is copied back below.
        unsafe { sys::llama_sampler_apply(self.raw.as_ptr(), &raw mut array) };
        let kept = array.size.min(candidates.data.len());
        // SAFETY: llama.cpp guarantees `size` valid entries at `data`.
        let result = unsafe { std::slice::from_raw_parts(array.data, kept) };
        if std::ptr::eq(array.data, candidates.data.as_ptr()) {
            candidates.data.truncate(kept);
        } else {
            candidates.data = result.to_vec();
        }
        candidates.sorted = array.sorted;
        usize::try_from(array.selected)
            .ok()
            .and_then(|at| candidates.data.get(at))
            .map(|entry| entry.id)
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        // SAFETY: ours, and used by no one after this.
        unsafe { sys::llama_sampler_free(self.raw.as_ptr()) }
    }
}

/// Candidates for the next token, kept between tokens so that nothing is allocated while decoding.
#[derive(Default)]
pub struct Candidates {
    data: Vec<sys::llama_token_data>,
    sorted: bool,
}

impl Candidates {
    /// Every token with its logit.
    pub fn fill(&mut self, logits: &[f32]) {
        self.data.clear();
        self.data.extend(
            (0..)
                .zip(logits)
                .map(|(id, &logit)| sys::llama_token_data { id, logit, p: 0.0 }),
        );
        self.sorted = false;
    }

    /// One token alone.
    pub fn only(&mut self, token: Token, logit: f32) {
        self.data.clear();
        self.data.push(sys::llama_token_data {
            id: token,
            logit,
            p: 0.0,
        });
        self.sorted = false;
    }

    /// Takes out what a grammar ruled out.
    pub fn drop_ruled_out(&mut self) {
        self.data.retain(|entry| entry.logit > f32::NEG_INFINITY);
    }

    /// The most likely.
    pub fn best(&self) -> Option<Token> {
        self.data
            .iter()
            .max_by(|a, b| a.logit.total_cmp(&b.logit))
            .map(|entry| entry.id)
    }

    /// True where every candidate was ruled out.
    pub fn is_ruled_out(&self) -> bool {
        self.data.iter().all(|entry| entry.logit == f32::NEG_INFINITY)
    }
}

/// llama.cpp's own version, such as `b7000`; snapshots are valid for one version only.
pub fn version() -> String {
    // SAFETY: a static text, closed by a zero.
    unsafe { CStr::from_ptr(sys::llama_version()) }
        .to_string_lossy()
        .into_owned()
}
