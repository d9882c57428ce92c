//! Standard encryption, as Office 2007 writes it: AES, each block by itself ([MS-OFFCRYPTO] 2.3.4.5 to 2.3.4.9).

use super::cipher::{Hash, ecb};
use super::spun;
use crate::error::ParseError;
use crate::output::Output;

const SPINS: u32 = 50_000;

/// Bytes of the version, of flags, and of the length that the header has.
const HEAD_BYTES: usize = 12;

/// The ciphers of 128, 192 and 256 bits.
const AES: [u32; 3] = [0x660e, 0x660f, 0x6610];

/// Decrypts the package in place.
///
/// # Errors
/// `NeedsPassword` where the default password does not open it, or nothing of ours can; cancelled; out of time.
pub fn decrypt(info: &[u8], package: &mut [u8], out: &Output<'_>) -> Result<(), ParseError> {
    let lock = Lock::of(info).ok_or(ParseError::NeedsPassword)?;
    let key = lock.key(out)?;
    lock.opens(&key)
        .and_then(|()| ecb(&key, package))
        .ok_or(ParseError::NeedsPassword)
}

struct Lock<'a> {
    key_bytes: usize,
    salt: &'a [u8],
    verifier: &'a [u8],
    verifier_hash: &'a [u8],
}

impl<'a> Lock<'a> {
    /// Nothing where it is not AES and SHA-1.
    fn of(info: &'a [u8]) -> Option<Self> {
        const SHA1: u32 = 0x8004;
        let number = |at: usize| Some(u32::from_le_bytes(*info.get(at..)?.first_chunk()?));
        let bytes = |at: usize, len: usize| info.get(at..at.checked_add(len)?);
        let verifier = HEAD_BYTES.checked_add(number(8)? as usize)?;
        let (cipher, hash, bits) = (
            number(HEAD_BYTES + 8)?,
            number(HEAD_BYTES + 12)?,
            number(HEAD_BYTES + 16)?,
        );
        let is_known = AES.contains(&cipher) && matches!(hash, 0 | SHA1) && matches!(bits, 128 | 192 | 256);
        Some(Self {
            key_bytes: bits as usize / 8,
            salt: bytes(verifier + 4, 16)?,
            verifier: bytes(verifier + 20, 16)?,
            verifier_hash: bytes(verifier + 40, 32)?,
        })
        .filter(|_| is_known)
    }

    fn key(&self, out: &Output<'_>) -> Result<Vec<u8>, ParseError> {
        let hash = Hash::Sha1;
        let spun = spun(hash, self.salt, SPINS, out)?;
        // All blocks have the same key, that of block nought.
        let last = hash.of(&[&spun, &[0; 4]]);
        let half = |filler: u8| {
            let mut block = [filler; 64];
            block.iter_mut().zip(&last).for_each(|(byte, with)| *byte ^= with);
            hash.of(&[&block])
        };
        let mut key = [half(0x36), half(0x5c)].concat();
        key.truncate(self.key_bytes);
        Ok(key)
    }

    /// Whether the verifier, decrypted, has the hash that stands beside it.
    fn opens(&self, key: &[u8]) -> Option<()> {
        let (mut verifier, mut said) = (self.verifier.to_vec(), self.verifier_hash.to_vec());
        ecb(key, &mut verifier)?;
        ecb(key, &mut said)?;
        said.starts_with(&Hash::Sha1.of(&[&verifier])).then_some(())
    }
}
