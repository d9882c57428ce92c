//! The hashes and ciphers that Office names.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockCipher, BlockDecryptMut, KeyInit, KeyIvInit};
use sha1_smol::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// Bytes that AES takes at once.
pub const BLOCK_BYTES: usize = 16;

/// A hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// Of 20 bytes.
    Sha1,
    /// Of 32 bytes.
    Sha256,
    /// Of 48 bytes.
    Sha384,
    /// Of 64 bytes.
    Sha512,
}

impl Hash {
    /// By the name that the file gives it.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "SHA1" | "SHA-1" => Self::Sha1,
            "SHA256" | "SHA-256" => Self::Sha256,
            "SHA384" | "SHA-384" => Self::Sha384,
            "SHA512" | "SHA-512" => Self::Sha512,
            _ => return None,
        })
    }

    /// The hash of these bytes, one piece behind the other.
    pub fn of(self, pieces: &[&[u8]]) -> Vec<u8> {
        fn with<D: Digest>(pieces: &[&[u8]]) -> Vec<u8> {
            let mut digest = D::new();
            pieces.iter().for_each(|piece| digest.update(piece));
            digest.finalize().to_vec()
        }
        match self {
            Self::Sha1 => {
                let mut digest = Sha1::new();
                pieces.iter().for_each(|piece| digest.update(piece));
                digest.digest().bytes().to_vec()
            }
            Self::Sha256 => with::<Sha256>(pieces),
            Self::Sha384 => with::<Sha384>(pieces),
            Self::Sha512 => with::<Sha512>(pieces),
        }
    }
}

/// Decrypts whole blocks in place (AES, CBC); what is behind them stays. Nothing where there is no such key.
pub fn cbc(key: &[u8], iv: &[u8], data: &mut [u8]) -> Option<()> {
    fn with<C>(key: &[u8], iv: &[u8], data: &mut [u8]) -> Option<()>
    where
        C: BlockCipher + BlockDecryptMut + KeyInit,
    {
        let cipher = cbc::Decryptor::<C>::new_from_slices(key, iv).ok()?;
        cipher.decrypt_padded_mut::<NoPadding>(data).ok().map(|_| ())
    }
    let data = whole_blocks(data);
    match key.len() {
        16 => with::<Aes128>(key, iv, data),
        24 => with::<Aes192>(key, iv, data),
        32 => with::<Aes256>(key, iv, data),
        _ => None,
    }
}

/// Decrypts whole blocks in place (AES, each by itself); what is behind them stays. Nothing where there is no such key.
pub fn ecb(key: &[u8], data: &mut [u8]) -> Option<()> {
    fn with<C>(key: &[u8], data: &mut [u8]) -> Option<()>
    where
        C: BlockCipher + BlockDecryptMut + KeyInit,
    {
        let cipher = ecb::Decryptor::<C>::new_from_slice(key).ok()?;
        cipher.decrypt_padded_mut::<NoPadding>(data).ok().map(|_| ())
    }
    let data = whole_blocks(data);
    match key.len() {
        16 => with::<Aes128>(key, data),
        24 => with::<Aes192>(key, data),
        32 => with::<Aes256>(key, data),
        _ => None,
    }
}

fn whole_blocks(data: &mut [u8]) -> &mut [u8] {
    let end = data.len() - data.len() % BLOCK_BYTES;
    &mut data[..end]
}
