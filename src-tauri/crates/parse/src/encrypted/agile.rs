//! Agile encryption, as Office writes it since 2010: an XML file says with what ([MS-OFFCRYPTO] 2.3.4.10 to 2.3.4.15).

use super::cipher::{BLOCK_BYTES, Hash, cbc};
use super::spun;
use crate::error::ParseError;
use crate::output::Output;
use crate::xml::{Tag, Token, Xml};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes of the package under one initialization vector.
const SEGMENT_BYTES: usize = 4096;

/// What fills up a key or a vector that the hash is too short for.
const FILLER: u8 = 0x36;

/// Bytes before the XML: the version, and flags.
const HEAD_BYTES: usize = 8;

/// What the keys of the verifier, its hash and the package's key are told apart by (2.3.4.13).
const VERIFIER: [u8; 8] = [0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79];
const VERIFIER_HASH: [u8; 8] = [0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e];
const PACKAGE_KEY: [u8; 8] = [0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6];

/// Decrypts the package in place.
///
/// # Errors
/// `NeedsPassword` where the default password does not open it, or nothing of ours can; cancelled; out of time.
pub fn decrypt(info: &[u8], package: &mut [u8], out: &Output<'_>) -> Result<(), ParseError> {
    let xml = String::from_utf8_lossy(info.get(HEAD_BYTES..).unwrap_or_default());
    let (data, lock) = read(&xml, out).ok_or(ParseError::NeedsPassword)?;
    let key = lock.package_key(out)?.ok_or(ParseError::NeedsPassword)?;
    let key = key.get(..data.key_bytes).ok_or(ParseError::NeedsPassword)?;
    for (number, segment) in (0_u32..).zip(package.chunks_mut(SEGMENT_BYTES)) {
        if number.is_multiple_of(1024) {
            out.checkpoint()?;
        }
        let iv = fitted(data.hash.of(&[&data.salt, &number.to_le_bytes()]), BLOCK_BYTES);
        cbc(key, &iv, segment).ok_or(ParseError::NeedsPassword)?;
    }
    Ok(())
}

/// How the package is encrypted, and how its key is; nothing where it is not with AES, or under no password.
fn read(source: &str, out: &Output<'_>) -> Option<(Cipher, Lock)> {
    let mut xml = Xml::new(source, out.limits.xml_depth);
    let (mut data, mut lock) = (None, None);
    while let Ok(Some(token)) = xml.next() {
        let Token::Open(tag) = token else { continue };
        match tag.name() {
            "keyData" => data = data.or(Cipher::of(&tag)),
            // That of a certificate is called alike, and has no verifier.
            "encryptedKey" => lock = lock.or(Lock::of(&tag)),
            _ => {}
        }
    }
    data.zip(lock)
}

struct Cipher {
    hash: Hash,
    salt: Vec<u8>,
    key_bytes: usize,
}

impl Cipher {
    fn of(tag: &Tag<'_>) -> Option<Self> {
        let is = |name, value| tag.attribute(name).is_some_and(|said| said == value);
        let is_aes = is("cipherAlgorithm", "AES") && is("cipherChaining", "ChainingModeCBC") && is("blockSize", "16");
        let bits: usize = tag.attribute("keyBits")?.parse().ok()?;
        Some(Self {
            hash: Hash::named(&tag.attribute("hashAlgorithm")?)?,
            salt: decoded(tag, "saltValue")?,
            key_bytes: bits / 8,
        })
        .filter(|_| is_aes && matches!(bits, 128 | 192 | 256))
    }
}

/// The package's key, encrypted with one of the password's.
struct Lock {
    cipher: Cipher,
    spins: u32,
    verifier: Vec<u8>,
    verifier_hash: Vec<u8>,
    key: Vec<u8>,
}

impl Lock {
    fn of(tag: &Tag<'_>) -> Option<Self> {
        Some(Self {
            cipher: Cipher::of(tag)?,
            spins: tag.attribute("spinCount")?.parse().ok()?,
            verifier: decoded(tag, "encryptedVerifierHashInput")?,
            verifier_hash: decoded(tag, "encryptedVerifierHashValue")?,
            key: decoded(tag, "encryptedKeyValue")?,
        })
    }

    /// The key; nothing where the default password does not open it.
    fn package_key(self, out: &Output<'_>) -> Result<Option<Vec<u8>>, ParseError> {
        let Cipher { hash, salt, key_bytes } = self.cipher;
        let spun = spun(hash, &salt, self.spins, out)?;
        let iv = fitted(salt.clone(), BLOCK_BYTES);
        let open = |purpose: [u8; 8], mut data: Vec<u8>| {
            let key = fitted(hash.of(&[&spun, &purpose]), key_bytes);
            cbc(&key, &iv, &mut data).map(|()| data)
        };
        let opened = (
            open(VERIFIER, self.verifier),
            open(VERIFIER_HASH, self.verifier_hash),
            open(PACKAGE_KEY, self.key),
        );
        let (Some(verifier), Some(said), Some(key)) = opened else {
            return Ok(None);
        };
        // As long as the salt, and filled up to whole blocks.
        let verifier = &verifier[..salt.len().min(verifier.len())];
        let is_open = said.starts_with(&hash.of(&[verifier]));
        Ok(is_open.then_some(key))
    }
}

fn decoded(tag: &Tag<'_>, name: &str) -> Option<Vec<u8>> {
    STANDARD.decode(tag.attribute(name)?.trim()).ok()
}

fn fitted(mut bytes: Vec<u8>, len: usize) -> Vec<u8> {
    bytes.resize(len, FILLER);
    bytes
}
