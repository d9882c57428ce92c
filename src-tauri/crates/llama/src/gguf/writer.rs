//! Writing, streamed: the data is produced tensor by tensor.

use super::types::TensorType;
use super::{DEFAULT_ALIGNMENT, MAGIC, VERSION};
use std::io::{self, Write};

/// A value to write.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// `uint32`.
    U32(u32),
    /// `float32`.
    F32(f32),
    /// `bool`.
    Bool(bool),
    /// `string`.
    Text(String),
    /// Array of strings.
    Texts(Vec<String>),
    /// Array of `int32`.
    Integers(Vec<i32>),
}

/// A tensor to write: name, dimensions (the row's length first), type.
pub type Declared = (String, Vec<u64>, TensorType);

/// Writes a file: entries and tensors in the given order; `data` is called once a tensor and must write exactly its bytes.
///
/// # Errors
/// What writing says; `InvalidInput` where `data` wrote another number of bytes or a tensor's rows are not whole blocks.
pub fn write<W: Write>(
    out: W,
    entries: &[(String, Entry)],
    tensors: &[Declared],
    mut data: impl FnMut(&Declared, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = Counted { out, written: 0 };
    out.write_all(&MAGIC)?;
    out.write_all(&VERSION.to_le_bytes())?;
    out.write_all(&(tensors.len() as u64).to_le_bytes())?;
    out.write_all(&(entries.len() as u64).to_le_bytes())?;
    for (key, entry) in entries {
        text(&mut out, key)?;
        value(&mut out, entry)?;
    }
    let mut offset = 0_u64;
    let mut sizes = Vec::with_capacity(tensors.len());
    for (name, dimensions, kind) in tensors {
        let bytes = dimensions
            .first()
            .and_then(|&row| kind.bytes(row, dimensions.iter().product()))
            .ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("the rows of `{name}` are not whole blocks"),
                )
            })?;
        text(&mut out, name)?;
        out.write_all(&(dimensions.len() as u32).to_le_bytes())?;
        for size in dimensions {
            out.write_all(&size.to_le_bytes())?;
        }
        out.write_all(&(*kind as u32).to_le_bytes())?;
        out.write_all(&offset.to_le_bytes())?;
        offset += bytes.next_multiple_of(DEFAULT_ALIGNMENT);
        sizes.push(bytes);
    }
    out.pad()?;
    for (tensor, expected) in tensors.iter().zip(sizes) {
        let before = out.written;
        data(tensor, &mut out)?;
        if out.written - before != expected {
            let message = format!("`{}` is {} bytes instead of {expected}", tensor.0, out.written - before);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        out.pad()?;
    }
    out.flush()
}

fn text(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(&(text.len() as u64).to_le_bytes())?;
    out.write_all(text.as_bytes())
}

fn value(out: &mut impl Write, entry: &Entry) -> io::Result<()> {
    let kind = |out: &mut dyn Write, number: u32| out.write_all(&number.to_le_bytes());
    match entry {
        Entry::U32(value) => {
            kind(out, 4)?;
            out.write_all(&value.to_le_bytes())
        }
        Entry::F32(value) => {
            kind(out, 6)?;
            out.write_all(&value.to_le_bytes())
        }
        Entry::Bool(value) => {
            kind(out, 7)?;
            out.write_all(&[u8::from(*value)])
        }
        Entry::Text(value) => {
            kind(out, 8)?;
            text(out, value)
        }
        Entry::Texts(values) => {
            kind(out, 9)?;
            kind(out, 8)?;
            out.write_all(&(values.len() as u64).to_le_bytes())?;
            values.iter().try_for_each(|value| text(out, value))
        }
        Entry::Integers(values) => {
            kind(out, 9)?;
            kind(out, 5)?;
            out.write_all(&(values.len() as u64).to_le_bytes())?;
            values.iter().try_for_each(|value| out.write_all(&value.to_le_bytes()))
        }
    }
}

struct Counted<W> {
    out: W,
    written: u64,
}

impl<W: Write> Counted<W> {
    fn pad(&mut self) -> io::Result<()> {
        let missing = self.written.next_multiple_of(DEFAULT_ALIGNMENT) - self.written;
        self.write_all(&[0; DEFAULT_ALIGNMENT as usize][..missing as usize])
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.out.write(buffer)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
