//! Reading and checking.

use super::fault::{Foreign, GgufFault};
use super::types::TensorType;
use super::{DEFAULT_ALIGNMENT, MAGIC};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Entries or tensors a file may announce; the largest models have a few thousand tensors.
const MOST_ENTRIES: u64 = 65_536;
/// Bytes of one string worth keeping; a chat template is under 100 kB.
const LONGEST_STRING: u64 = 16 * 1024 * 1024;
/// Bytes of all texts together: metadata of gigabytes is an attack, not a model.
const MOST_TEXT: u64 = 64 * 1024 * 1024;
/// Integers of an array worth keeping: per-layer values.
const KEPT_INTEGERS: u64 = 4096;
/// ggml's `GGML_MAX_NAME`, its closing zero included.
const LONGEST_NAME: usize = 63;
/// ggml's `GGML_MAX_DIMS`.
const MOST_DIMENSIONS: u32 = 4;

/// A value of the file's metadata.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Any unsigned integer.
    Unsigned(u64),
    /// Any signed integer.
    Signed(i64),
    /// Either float.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// UTF-8; other bytes are replaced.
    Text(String),
    /// An array.
    Array {
        /// GGUF's number of its elements' type; 8 is text.
        kind: u32,
        /// How many.
        len: u64,
        /// The elements, where they are integers and few; else empty.
        integers: Vec<i64>,
    },
}

impl Value {
    /// As a count; `None` for other types and negative numbers.
    pub fn unsigned(&self) -> Option<u64> {
        match self {
            Self::Unsigned(value) => Some(*value),
            Self::Signed(value) => u64::try_from(*value).ok(),
            // Per-layer values of one model family: the largest bounds the rest.
            Self::Array { integers, .. } => integers.iter().filter_map(|value| u64::try_from(*value).ok()).max(),
            _ => None,
        }
    }
}

/// A tensor's description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Such as `blk.0.attn_q.weight`.
    pub name: String,
    /// Up to 4, the row's length first; none of a single number.
    pub dimensions: Vec<u64>,
    /// How its values are stored.
    pub kind: TensorType,
    /// From the start of the data.
    pub offset: u64,
    /// Length in the file.
    pub bytes: u64,
}

/// A checked file.
#[derive(Clone, Debug)]
pub struct Gguf {
    /// Metadata.
    pub entries: HashMap<String, Value>,
    /// In the file's order.
    pub tensors: Vec<TensorInfo>,
    /// Where the data begins.
    pub data_start: u64,
    /// Of the whole file.
    pub file_bytes: u64,
}

/// Reads and checks the file at `path`: magic, version, counts against the file's size, types, names, dimensions, offsets. The data
/// itself is not read.
///
/// # Errors
/// The first fault found.
pub fn read(path: &Path) -> Result<Gguf, GgufFault> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(GgufFault::Io(std::io::Error::other("it is not a regular file")));
    }
    read_from(BufReader::with_capacity(1 << 16, file), metadata.len())
}

/// As [`read`], from any source of `file_bytes` bytes.
///
/// # Errors
/// The first fault found.
pub fn read_from(source: impl Read, file_bytes: u64) -> Result<Gguf, GgufFault> {
    let mut input = Input {
        source,
        at: 0,
        len: file_bytes,
        text_bytes: 0,
    };
    let magic = input.bytes::<4>("the magic number")?;
    if magic != MAGIC {
        return Err(GgufFault::Magic(Foreign::of(magic)));
    }
    match input.u32("the version")? {
        2 | 3 => {}
        other if (1..=3).contains(&other.swap_bytes()) => return Err(GgufFault::BigEndian),
        other => return Err(GgufFault::Version(other)),
    }
    let tensor_count = input.count("tensors", 24)?;
    let entry_count = input.count("entries", 13)?;

    let mut entries = HashMap::with_capacity(entry_count as usize);
    for _ in 0..entry_count {
        let key = input.text("a key")?;
        if key.is_empty() || key.len() > 65_535 {
            return Err(GgufFault::Entry {
                key,
                why: "has an impossible name".to_owned(),
            });
        }
        let kind = input.u32("a value's type")?;
        let value = input.value(kind)?;
        if entries.insert(key.clone(), value).is_some() {
            return Err(GgufFault::Entry {
                key,
                why: "is there twice".to_owned(),
            });
        }
    }
    let alignment = entries
        .get("general.alignment")
        .and_then(Value::unsigned)
        .unwrap_or(DEFAULT_ALIGNMENT);
    if !alignment.is_power_of_two() || alignment > 1 << 20 {
        return Err(GgufFault::Entry {
            key: "general.alignment".to_owned(),
            why: format!("is {alignment}, not a power of two"),
        });
    }

    let mut tensors = Vec::with_capacity(tensor_count as usize);
    let mut names = HashSet::with_capacity(tensor_count as usize);
    let mut expected_offset = 0_u64;
    for _ in 0..tensor_count {
        let tensor = input.tensor()?;
        if !names.insert(tensor.name.clone()) {
            return Err(fault(&tensor.name, "is there twice"));
        }
        if tensor.offset != expected_offset {
            return Err(fault(
                &tensor.name,
                &format!("lies at {} instead of {expected_offset}", tensor.offset),
            ));
        }
        expected_offset = tensor
            .bytes
            .checked_next_multiple_of(alignment)
            .and_then(|padded| expected_offset.checked_add(padded))
            .ok_or_else(|| fault(&tensor.name, "is larger than any file"))?;
        tensors.push(tensor);
    }
    let data_start = input.at.next_multiple_of(alignment);
    if let Some(last) = tensors.last() {
        // The last tensor's padding may be missing; llama.cpp does not need it.
        let end = data_start
            .checked_add(last.offset)
            .and_then(|at| at.checked_add(last.bytes));
        if end.is_none_or(|end| end > file_bytes) {
            return Err(GgufFault::Truncated {
                at: file_bytes,
                what: "the data of the tensors",
            });
        }
    }
    Ok(Gguf {
        entries,
        tensors,
        data_start,
        file_bytes,
    })
}

pub(super) fn fault(name: &str, why: &str) -> GgufFault {
    GgufFault::Tensor {
        name: name.to_owned(),
        why: why.to_owned(),
    }
}

struct Input<R> {
    source: R,
    at: u64,
    len: u64,
    /// Of the texts kept so far.
    text_bytes: u64,
}

impl<R: Read> Input<R> {
    fn remaining(&self) -> u64 {
        self.len.saturating_sub(self.at)
    }

    fn fill(&mut self, buffer: &mut [u8], what: &'static str) -> Result<(), GgufFault> {
        let truncated = GgufFault::Truncated { at: self.at, what };
        if buffer.len() as u64 > self.remaining() {
            return Err(truncated);
        }
        match self.source.read_exact(buffer) {
            Ok(()) => {
                self.at += buffer.len() as u64;
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(truncated),
            Err(error) => Err(GgufFault::Io(error)),
        }
    }

    fn bytes<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], GgufFault> {
        let mut out = [0; N];
        self.fill(&mut out, what)?;
        Ok(out)
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, GgufFault> {
        Ok(u32::from_le_bytes(self.bytes(what)?))
    }

    fn u64(&mut self, what: &'static str) -> Result<u64, GgufFault> {
        Ok(u64::from_le_bytes(self.bytes(what)?))
    }

    /// A count of things of at least `least` bytes each.
    fn count(&mut self, what: &'static str, least: u64) -> Result<u64, GgufFault> {
        let count = self.u64(what)?;
        if count > MOST_ENTRIES || count.saturating_mul(least) > self.remaining() {
            return Err(GgufFault::Count { what, count });
        }
        Ok(count)
    }

    fn text(&mut self, what: &'static str) -> Result<String, GgufFault> {
        let len = self.u64(what)?;
        self.text_bytes = self.text_bytes.saturating_add(len);
        if len > LONGEST_STRING || len > self.remaining() || self.text_bytes > MOST_TEXT {
            return Err(GgufFault::Count {
                what: "bytes of text",
                count: len,
            });
        }
        let mut bytes = vec![0; len as usize];
        self.fill(&mut bytes, what)?;
        Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn skip(&mut self, mut bytes: u64, what: &'static str) -> Result<(), GgufFault> {
        if bytes > self.remaining() {
            return Err(GgufFault::Truncated { at: self.at, what });
        }
        let mut sink = [0_u8; 4096];
        while bytes > 0 {
            let step = bytes.min(sink.len() as u64) as usize;
            self.fill(&mut sink[..step], what)?;
            bytes -= step as u64;
        }
        Ok(())
    }

    fn scalar(&mut self, kind: u32) -> Result<Value, GgufFault> {
        const WHAT: &str = "a value";
        Ok(match kind {
            0 => Value::Unsigned(u64::from(self.bytes::<1>(WHAT)?[0])),
            1 => Value::Signed(i64::from(i8::from_le_bytes(self.bytes(WHAT)?))),
            2 => Value::Unsigned(u64::from(u16::from_le_bytes(self.bytes(WHAT)?))),
            3 => Value::Signed(i64::from(i16::from_le_bytes(self.bytes(WHAT)?))),
            4 => Value::Unsigned(u64::from(self.u32(WHAT)?)),
            5 => Value::Signed(i64::from(i32::from_le_bytes(self.bytes(WHAT)?))),
            6 => Value::Float(f64::from(f32::from_le_bytes(self.bytes(WHAT)?))),
            7 => match self.bytes::<1>(WHAT)?[0] {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                _ => return Err(GgufFault::ValueType(7)),
            },
            8 => Value::Text(self.text(WHAT)?),
            10 => Value::Unsigned(self.u64(WHAT)?),
            11 => Value::Signed(i64::from_le_bytes(self.bytes(WHAT)?)),
            12 => Value::Float(f64::from_le_bytes(self.bytes(WHAT)?)),
            other => return Err(GgufFault::ValueType(other)),
        })
    }

    fn value(&mut self, kind: u32) -> Result<Value, GgufFault> {
        if kind != 9 {
            return self.scalar(kind);
        }
        let kind = self.u32("an array's type")?;
        let len = self.u64("an array's length")?;
        let width = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            8 | 10..=12 => 8,
            other => return Err(GgufFault::ValueType(other)),
        };
        if len.saturating_mul(width) > self.remaining() {
            return Err(GgufFault::Count {
                what: "elements of an array",
                count: len,
            });
        }
        let mut integers = Vec::new();
        match kind {
            8 => {
                for _ in 0..len {
                    let bytes = self.u64("a text's length")?;
                    if bytes > LONGEST_STRING {
                        return Err(GgufFault::Count {
                            what: "bytes of text",
                            count: bytes,
                        });
                    }
                    self.skip(bytes, "a text")?;
                }
            }
            0..=5 | 10 | 11 if len <= KEPT_INTEGERS => {
                for _ in 0..len {
                    integers.push(match self.scalar(kind)? {
                        Value::Unsigned(value) => i64::try_from(value).unwrap_or(i64::MAX),
                        Value::Signed(value) => value,
                        _ => 0,
                    });
                }
            }
            _ => self.skip(len * width, "an array")?,
        }
        Ok(Value::Array { kind, len, integers })
    }

    fn tensor(&mut self) -> Result<TensorInfo, GgufFault> {
        let name = self.text("a tensor's name")?;
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(fault(&name, "has an impossible name"));
        }
        let count = self.u32("a tensor's dimensions")?;
        if count > MOST_DIMENSIONS {
            return Err(fault(&name, &format!("has {count} dimensions")));
        }
        let mut dimensions = Vec::with_capacity(count as usize);
        let mut values = 1_u64;
        for _ in 0..count {
            let size = self.u64("a tensor's size")?;
            if size == 0 || size > i64::MAX as u64 {
                return Err(fault(&name, "has an impossible size"));
            }
            values = values
                .checked_mul(size)
                .filter(|&n| i64::try_from(n).is_ok())
                .ok_or_else(|| fault(&name, "is larger than any file"))?;
            dimensions.push(size);
        }
        let number = self.u32("a tensor's type")?;
        let kind = TensorType::from_number(number).ok_or_else(|| GgufFault::TensorKind {
            name: name.clone(),
            kind: number,
        })?;
        let offset = self.u64("a tensor's offset")?;
        let bytes = kind
            .bytes(dimensions.first().copied().unwrap_or(1), values)
            .ok_or_else(|| fault(&name, "has rows that are not whole blocks"))?;
        if bytes > self.len {
            return Err(GgufFault::Truncated {
                at: self.len,
                what: "the data of a tensor",
            });
        }
        Ok(TensorInfo {
            name,
            dimensions,
            kind,
            offset,
            bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_number_is_a_tensor() {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(3_u32.to_le_bytes());
        bytes.extend([1_u64, 0, 5].map(u64::to_le_bytes).concat());
        bytes.extend(b"scale");
        bytes.extend([0, TensorType::F32 as u32].map(u32::to_le_bytes).concat());
        bytes.extend(0_u64.to_le_bytes());
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        bytes.extend(1.5_f32.to_le_bytes());
        let read = read_from(&bytes[..], bytes.len() as u64).expect("llama.cpp takes it");
        assert_eq!((read.tensors[0].bytes, read.tensors[0].dimensions.len()), (4, 0));
    }
}
