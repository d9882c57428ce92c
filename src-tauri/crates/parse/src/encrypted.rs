//! Office packages (XLSX, DOCX, PPTX) that are encrypted and yet open for everybody: where only the structure of a workbook is
//! protected, Excel encrypts with a password that it tries itself before it asks for one.
//!
//! The two streams of the container are in [MS-OFFCRYPTO] 2.3.4.4, 2.3.4.5 and 2.3.4.10. Deliberately not here: other passwords,
//! certificates, rights management, the check of the whole package's integrity (a ZIP's own checksums say what is damaged).

mod agile;
mod cipher;
mod standard;

use crate::error::ParseError;
use crate::output::Output;
use cfb::CompoundFile;
use cipher::Hash;
use std::io::{Cursor, Read};

/// Bytes of the stream that says how the other is encrypted; real ones have about a thousand.
const MOST_INFO_BYTES: u64 = 1 << 20;

/// Hashes over the password that a file may ask for ([MS-OFFCRYPTO] 2.3.4.10, `spinCount`); Office writes 100,000.
const MOST_SPINS: u32 = 10_000_000;

/// The package inside, decrypted.
///
/// # Errors
/// `NeedsPassword` where it is another password than Excel's own, or a kind of encryption that Office does not write; `Damaged`.
pub fn open(bytes: &[u8], out: &Output<'_>) -> Result<Vec<u8>, ParseError> {
    let mut file = CompoundFile::open(Cursor::new(bytes)).map_err(ole)?;
    let info = stream(&mut file, "/EncryptionInfo", MOST_INFO_BYTES).map_err(|_| ParseError::NeedsPassword)?;
    // Its true size is bounded by the file's.
    let mut package = stream(&mut file, "/EncryptedPackage", bytes.len() as u64)?;
    let size = split_size(&mut package).ok_or_else(|| ParseError::damaged("the encrypted package is empty"))?;
    match info.get(..4) {
        Some([4, 0, 4, 0]) => agile::decrypt(&info, &mut package, out)?,
        Some([2..=4, 0, 2, 0]) => standard::decrypt(&info, &mut package, out)?,
        _ => return Err(ParseError::NeedsPassword),
    }
    package.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    if !package.starts_with(b"PK") {
        return Err(ParseError::damaged("the encrypted package is no package"));
    }
    Ok(package)
}

/// What is wrong with a container.
pub fn ole(error: std::io::Error) -> ParseError {
    ParseError::damaged(format!("OLE: {error}"))
}

/// A stream of a container, at most so many bytes of it. One that breaks off holds what came before.
///
/// # Errors
/// `Damaged` where there is none, or nothing of it can be read.
pub fn stream(file: &mut CompoundFile<Cursor<&[u8]>>, name: &str, most: u64) -> Result<Vec<u8>, ParseError> {
    let mut content = Vec::new();
    let stream = file.open_stream(name).map_err(ole)?;
    match stream.take(most).read_to_end(&mut content) {
        Err(error) if content.is_empty() => Err(ole(error)),
        _ => Ok(content),
    }
}

/// The password that Excel tries itself, in the form in which it is hashed: UTF-16, little-endian.
pub fn default_password() -> Vec<u8> {
    "VelvetSweatshop".encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Takes the size from the front of the stream: what is behind it is filled up to whole blocks.
fn split_size(package: &mut Vec<u8>) -> Option<u64> {
    let size = u64::from_le_bytes(*package.first_chunk()?);
    package.drain(..8);
    Some(size)
}

/// The hash that all keys are made from: over salt and password, then over each hash and its number.
///
/// # Errors
/// `NeedsPassword` over the limit; cancelled; out of time.
fn spun(hash: Hash, salt: &[u8], spins: u32, out: &Output<'_>) -> Result<Vec<u8>, ParseError> {
    /// Hashes between two looks at the clock.
    const STRETCH: u32 = 1 << 14;
    if spins > MOST_SPINS {
        return Err(ParseError::NeedsPassword);
    }
    let mut spun = hash.of(&[salt, &default_password()]);
    for spin in 0..spins {
        if spin.is_multiple_of(STRETCH) {
            out.checkpoint()?;
        }
        spun = hash.of(&[&spin.to_le_bytes(), &spun]);
    }
    Ok(spun)
}
