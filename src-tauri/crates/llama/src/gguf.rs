//! GGUF, the file format of llama.cpp's models, in safe Rust.
//!
//! [`read`] checks a file before llama.cpp sees it: llama.cpp stops the whole process on many kinds of damage. [`write`] makes files
//! for tests and measuring. The format: magic, version, counts, key-value pairs, tensor descriptions, then the tensors' data, each
//! aligned (documented at the head of llama.cpp's `gguf.h`).

pub mod fault;
pub mod reader;
pub mod shape;
pub mod types;
pub mod writer;

pub use fault::{Foreign, GgufFault};
pub use reader::{Gguf, TensorInfo, Value, read, read_from};
pub use types::TensorType;
pub use writer::{Entry, write};

/// `GGUF`.
pub const MAGIC: [u8; 4] = *b"GGUF";

/// Version written; 2 and 3 are read.
pub const VERSION: u32 = 3;

/// Where the key `general.alignment` is absent.
pub const DEFAULT_ALIGNMENT: u64 = 32;
