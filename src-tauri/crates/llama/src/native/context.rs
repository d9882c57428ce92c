//! A context: one KV cache and its computation.
//!
//! Over `llama-cpp-sys-2` rather than `llama_cpp_2::context::LlamaContext`, whose parameters keep what DocMind's promises rest on to
//! themselves in 0.1.160: the abort callback (Stop in the middle of a slice, and how far it is), `n_outputs_max` (290 MiB of logit rows that llama.cpp
//! else reserves at a batch of 512), and the bytes of a sequence's state without `usize::MAX` as the length of the buffer (snapshots
//! in memory). It also borrows its model, where a session owns both.
#![expect(
    unsafe_code,
    reason = "the boundary to llama.cpp's C interface; every block has its SAFETY line"
)]

use super::{Model, Token};
use crate::error::LlamaError;
use docmind_core::cancel::CancelToken;
use docmind_core::profile::KvType;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_sys_2 as sys;
use std::ffi::{CString, c_void};
use std::io;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    pub kv: KvType,
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
    running: Box<Mutex<Running>>,
}

/// What the batch that is being computed is asked and tells. llama.cpp calls between two operations of a processor's graph, on the thread
/// that decodes.
struct Running {
    cancel: CancelToken,
    /// Operations of this batch so far.
    operations: u64,
    /// Those of one physical batch, by the last one that was whole; 0 before the first. All of a model's batches have about as many.
    in_a_batch: u64,
    /// Physical batches of this one.
    batches: u64,
    /// Who is told how far it is: the address of a `Telling` that outlives the batch, or null.
    telling: *mut c_void,
}

/// Takes the share of a batch that is computed.
type Telling<'a> = &'a mut dyn FnMut(f64);

impl Running {
    fn share(&self) -> f64 {
        match self.in_a_batch * self.batches {
            0 => 0.0,
            all => (self.operations as f64 / all as f64).min(1.0),
        }
    }
}

// SAFETY: llama.cpp's context is not bound to a thread; `&mut self` on every call keeps it to one at a time.
unsafe impl Send for Context {}

unsafe extern "C" fn between_operations(data: *mut c_void) -> bool {
    // SAFETY: `data` is the box of the context that is being computed, alive as long as it.
    let running = unsafe { &*data.cast::<Mutex<Running>>() };
    let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
    running.operations += 1;
    if let Some(telling) = NonNull::new(running.telling.cast::<Telling<'_>>()) {
        let share = running.share();
        // SAFETY: `decode_telling` keeps what is told alive, and to itself, until `llama_decode` has returned and the address was taken
        // away; it is on this thread.
        unsafe { (*telling.as_ptr())(share) };
    }
    running.cancel.is_cancelled()
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
        let mut params = parameters(&settings);
        let running = Box::new(Mutex::new(Running {
            cancel: CancelToken::new(),
            operations: 0,
            in_a_batch: 0,
            batches: 1,
            telling: std::ptr::null_mut(),
        }));
        params.abort_callback = Some(between_operations);
        params.abort_callback_data = (&raw const *running).cast_mut().cast();
        let source = raw_model(model)?;
        // SAFETY: the model is alive and kept so by `model`; the callback's data is boxed and lives in the context.
        let raw = unsafe { sys::llama_init_from_model(source, params) };
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
            running,
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

    /// Some layers look back over a window only. llama.cpp saves no more of them than that (`llama_kv_cache::state_write`, whatever
    /// `swa_full` says): what comes back could not be cut.
    pub fn has_window(&self) -> bool {
        // SAFETY: the context is alive, and its model with it.
        unsafe { sys::llama_model_n_swa(sys::llama_get_model(self.raw.as_ptr())) > 0 }
    }

    /// Sets what stops a running batch on the CPU; a GPU runs its slice to the end.
    pub fn stop_with(&mut self, cancel: &CancelToken) {
        self.running().cancel = cancel.clone();
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
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
        let decoded = self.begin(tokens, position, wants)?;
        self.finish();
        Ok(decoded)
    }

    /// [`Context::decode`] that tells meanwhile which share of the batch is computed, in 0..=1: on the CPU after each operation, thousands
    /// of times a batch, else seldom or never. 0 as long as nothing was computed before. A panic in `telling` ends the process.
    ///
    /// # Errors
    /// As [`Context::decode`].
    pub fn decode_telling(
        &mut self,
        tokens: &[Token],
        position: usize,
        wants: impl Fn(usize) -> bool,
        mut telling: Telling<'_>,
    ) -> Result<Decoded, LlamaError> {
        let decoded = self.compute(tokens, position, wants, (&raw mut telling).cast())?;
        self.finish();
        Ok(decoded)
    }

    /// [`Context::decode`] that leaves a GPU computing; [`Context::finish`] waits for it. On the CPU everything is done on return.
    ///
    /// # Errors
    /// As [`Context::decode`].
    pub fn begin(
        &mut self,
        tokens: &[Token],
        position: usize,
        wants: impl Fn(usize) -> bool,
    ) -> Result<Decoded, LlamaError> {
        self.compute(tokens, position, wants, std::ptr::null_mut())
    }

    /// `telling` is the address of a [`Telling`], or null.
    fn compute(
        &mut self,
        tokens: &[Token],
        position: usize,
        wants: impl Fn(usize) -> bool,
        telling: *mut c_void,
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
        let batches = tokens.len().div_ceil(self.settings.n_ubatch.max(1) as usize) as u64;
        {
            let mut running = self.running();
            running.operations = 0;
            running.batches = batches;
            running.telling = telling;
        }
        // SAFETY: context and batch are alive and ours alone; nothing holds the lock that the callback takes.
        let status = unsafe { sys::llama_decode(self.raw.as_ptr(), self.batch) };
        self.running().telling = std::ptr::null_mut();
        match status {
            0 => {
                let mut running = self.running();
                running.in_a_batch = running.operations / batches;
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

    /// Waits for what [`Context::begin`] left computing.
    pub fn finish(&mut self) {
        // SAFETY: the context is alive and ours alone.
        unsafe { sys::llama_synchronize(self.raw.as_ptr()) };
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

    /// Bytes that [`Context::save`] would give now; 0 where llama.cpp cannot tell.
    pub fn state_size(&mut self) -> usize {
        // SAFETY: the context is alive and ours alone.
        unsafe { sys::llama_state_seq_get_size(self.raw.as_ptr(), 0) }
    }

    /// The cache's content as bytes, valid for this version of llama.cpp, this model and this type of cache; none where llama.cpp fails.
    pub fn save(&mut self) -> Vec<u8> {
        let size = self.state_size();
        let mut bytes = vec![0_u8; size];
        // SAFETY: the context is alive; the buffer has the size just asked for.
        let written = unsafe { sys::llama_state_seq_get_data(self.raw.as_ptr(), bytes.as_mut_ptr(), size, 0) };
        bytes.truncate(written);
        bytes
    }

    /// [`Context::save`] into the file at `path`, which is there already and keeps its mode. A tensor's part is in memory at a time, where
    /// the bytes together may be as many as the cache has.
    ///
    /// # Errors
    /// llama.cpp's own words, or the system's.
    pub fn save_to(&mut self, path: &Path) -> io::Result<()> {
        let file = c_path(path)?;
        // SAFETY: the context is alive and ours alone; the path is closed by a zero; of no tokens none are read.
        let written =
            unsafe { sys::llama_state_seq_save_file(self.raw.as_ptr(), file.as_ptr(), 0, std::ptr::null(), 0) };
        // The last bytes leave when llama.cpp closes the file, where it does not look for errors.
        if written == 0 || std::fs::metadata(path)?.len() != written as u64 {
            return Err(io::Error::other(format!(
                "llama.cpp could not write all of it: {}",
                crate::log::last_words()
            )));
        }
        Ok(())
    }

    /// Puts back what [`Context::save_to`] wrote; what stands after it in the file is not looked at. False as for [`Context::restore`].
    pub fn restore_from(&mut self, path: &Path) -> bool {
        let Ok(file) = c_path(path) else { return false };
        let (mut token, mut tokens) = (0, 0);
        // SAFETY: the context is alive and ours alone; the path is closed by a zero; there is room for no tokens, and a file with some is
        // refused; llama.cpp checks the state against the cache's shape.
        let read = unsafe {
            sys::llama_state_seq_load_file(self.raw.as_ptr(), file.as_ptr(), 0, &raw mut token, 0, &raw mut tokens)
        };
        if read == 0 {
            self.truncate(0);
        }
        read > 0
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

/// A path as C takes it.
pub(crate) fn c_path(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_encoded_bytes())?)
}

/// The settings as llama.cpp takes them.
pub(super) fn parameters(settings: &ContextSettings) -> sys::llama_context_params {
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
        KvType::F16 => sys::GGML_TYPE_F16,
        KvType::Q8_0 => sys::GGML_TYPE_Q8_0,
        KvType::Q4_0 => sys::GGML_TYPE_Q4_0,
    };
    params.type_k = kind;
    params.type_v = kind;
    // A window's cache is as long as the context: else nothing would be left to go back to before the window.
    params.swa_full = true;
    params.no_perf = true;
    params
}

/// llama.cpp's own pointer to a model. The binding keeps it to itself and gives it out in no other way: `LlamaModel::new_context`
/// takes parameters without what [`Context`] needs, and a sampler or vocabulary does not lead back to its model.
fn raw_model(model: &Model) -> Result<*mut sys::llama_model, LlamaError> {
    const {
        assert!(size_of::<LlamaModel>() == size_of::<*mut sys::llama_model>());
        assert!(align_of::<LlamaModel>() == align_of::<*mut sys::llama_model>());
    };
    // SAFETY: `LlamaModel` is `repr(transparent)` over its pointer in 0.1.160, and Cargo.toml takes that version alone. The pointer
    // is handed to `llama_init_from_model` only, as the binding's own `new_context` does with it.
    let raw = unsafe { *std::ptr::from_ref(model.inner()).cast::<*mut sys::llama_model>() };
    // SAFETY: asks the model for its vocabulary, which the binding gives as well, by way of the pointer it holds.
    let tokens = (!raw.is_null()).then(|| unsafe { sys::llama_vocab_n_tokens(sys::llama_model_get_vocab(raw)) });
    if tokens.and_then(|tokens| usize::try_from(tokens).ok()) == Some(model.vocabulary()) {
        return Ok(raw);
    }
    Err(LlamaError::Context {
        words: "the binding's model is not the one that llama.cpp loaded".to_owned(),
    })
}
