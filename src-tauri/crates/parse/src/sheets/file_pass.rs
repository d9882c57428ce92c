//! Workbooks of Excel 97–2003 that are encrypted and yet open for everybody: where only the structure is protected, Excel encrypts
//! with a password that it tries itself before it asks for one.
//!
//! What is encrypted is in [MS-XLS] 2.2.10, the record that says how in 2.4.117, the keys in [MS-OFFCRYPTO] 2.3.5 (RC4 CryptoAPI)
//! and 2.3.6 (RC4). Deliberately not here: other passwords, and the obfuscation of Excel 95 (XOR).

mod rc4;

use crate::encrypted::default_password;
use crate::error::ParseError;
use md5::{Digest, Md5};
use rc4::Rc4;
use sha1_smol::Sha1;

/// Bytes of the stream under one key.
const BLOCK_BYTES: usize = 1024;

/// A record's kind and its length, two bytes each.
const HEADER_BYTES: usize = 4;

const EOF: u16 = 0x000a;
const FILE_PASS: u16 = 0x002f;
const BOUND_SHEET: u16 = 0x0085;

/// Settings of a printer.
const PLS: u16 = 0x004d;

/// Records that stay as they are: BOF, FilePass, InterfaceHdr, RRDHead, UsrExcl, FileLock, RRDInfo.
const IN_CLEAR: &[u16] = &[0x0809, FILE_PASS, 0x00e1, 0x0138, 0x0194, 0x0195, 0x0196];

/// Decrypts the stream of a workbook in place; one that is not encrypted stays as it is.
///
/// # Errors
/// `NeedsPassword` where it is another password than Excel's own.
pub fn decrypt(stream: &mut [u8]) -> Result<(), ParseError> {
    let Some(at) = file_pass(stream) else { return Ok(()) };
    let record = &stream[at..];
    let end = (HEADER_BYTES + length(record)).min(record.len());
    let key = Key::of_default_password(&record[HEADER_BYTES..end]).ok_or(ParseError::NeedsPassword)?;
    apply(&key, stream);
    // It would still ask for a password; a record that every reader passes over may stand in its place.
    stream[at..at + 2].copy_from_slice(&PLS.to_le_bytes());
    Ok(())
}

/// Where the record is that says how the stream is encrypted: among the first, before anything of the workbook's own.
fn file_pass(stream: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let record = stream.get(at..).filter(|rest| rest.len() >= HEADER_BYTES)?;
        match kind(record) {
            FILE_PASS => return Some(at),
            EOF => return None,
            _ => at += HEADER_BYTES + length(record),
        }
    }
}

fn kind(record: &[u8]) -> u16 {
    u16::from_le_bytes([record[0], record[1]])
}

fn length(record: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([record[2], record[3]]))
}

/// Decrypts what is encrypted, or the other way round. The keystream runs on under the bytes that stay as they are.
fn apply(key: &Key, stream: &mut [u8]) {
    let mut keystream = (0_u32..).flat_map(|block| key.cipher(block).take(BLOCK_BYTES));
    let mut rest = stream;
    while rest.len() >= HEADER_BYTES {
        let end = (HEADER_BYTES + length(rest)).min(rest.len());
        let (record, next) = rest.split_at_mut(end);
        let in_clear = match kind(record) {
            kind if IN_CLEAR.contains(&kind) => record.len(),
            // Its place in the stream.
            BOUND_SHEET => HEADER_BYTES + 4,
            _ => HEADER_BYTES,
        };
        for (byte, key) in record.iter_mut().zip(keystream.by_ref()).skip(in_clear) {
            *byte ^= key;
        }
        rest = next;
    }
}

/// What the keys of all blocks are made from.
enum Key {
    /// RC4, of 40 bits.
    Rc4([u8; 5]),
    /// RC4 CryptoAPI, of as many bits as the file says.
    CryptoApi { base: [u8; 20], key_bytes: usize },
}

impl Key {
    /// The key of a workbook by the data of its FilePass record; nothing where the default password does not open it.
    fn of_default_password(file_pass: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u16::from_le_bytes(*file_pass.get(at..)?.first_chunk()?));
        let number = |at: usize| Some(u32::from_le_bytes(*file_pass.get(at..)?.first_chunk()?));
        let bytes = |at: usize, len: usize| file_pass.get(at..at + len);
        let password = default_password();
        // Kind of encryption, then its version.
        let (key, verifier, hash) = match (word(0)?, word(2)?, word(4)?) {
            (1, 1, 1) => {
                let salted = [&md5(&password)[..5], bytes(6, 16)?].concat().repeat(16);
                let mut base = [0; 5];
                base.copy_from_slice(&md5(&salted)[..5]);
                (Self::Rc4(base), bytes(22, 16)?, bytes(38, 16)?)
            }
            (1, 2..=4, 2) => {
                const RC4: u32 = 0x6801;
                let header = 14;
                let verifier = header + number(10)? as usize;
                let bits = number(header + 16)?;
                if number(header + 8)? != RC4 || !(40..=128).contains(&bits) {
                    return None;
                }
                let key = Self::CryptoApi {
                    base: sha1(&[bytes(verifier + 4, 16)?, &password[..]].concat()),
                    key_bytes: bits as usize / 8,
                };
                (key, bytes(verifier + 20, 16)?, bytes(verifier + 40, 20)?)
            }
            _ => return None,
        };
        key.opens(verifier, hash).then_some(key)
    }

    /// Whether the verifier, decrypted, has this hash.
    fn opens(&self, verifier: &[u8], hash: &[u8]) -> bool {
        let mut keystream = self.cipher(0);
        let mut open = |bytes: &[u8]| -> Vec<u8> {
            let pairs = bytes.iter().zip(keystream.by_ref());
            pairs.map(|(byte, key)| byte ^ key).collect()
        };
        let (verifier, hash) = (open(verifier), open(hash));
        match self {
            Self::Rc4(_) => md5(&verifier)[..] == hash[..],
            Self::CryptoApi { .. } => sha1(&verifier)[..] == hash[..],
        }
    }

    fn cipher(&self, block: u32) -> Rc4 {
        let block = block.to_le_bytes();
        match self {
            Self::Rc4(base) => Rc4::new(&md5(&[&base[..], &block].concat())),
            Self::CryptoApi { base, key_bytes } => {
                let mut key = sha1(&[&base[..], &block].concat())[..*key_bytes].to_vec();
                // The short key, and no other, is filled up.
                if key.len() == 5 {
                    key.resize(16, 0);
                }
                Rc4::new(&key)
            }
        }
    }
}

fn md5(message: &[u8]) -> [u8; 16] {
    Md5::digest(message).into()
}

fn sha1(message: &[u8]) -> [u8; 20] {
    Sha1::from(message).digest().bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::output::Output;
    use crate::sheets::parse_xls;
    use cfb::{CompoundFile, Version};
    use docmind_core::cancel::CancelToken;
    use docmind_core::document::ParseEvent;
    use std::io::{Cursor, Write};

    // Made with Python's hashlib and cryptography, salt 0x30…0x3f; msoffcrypto-tool opens workbooks that begin so.
    const RC4: &str =
        "010001000100303132333435363738393a3b3c3d3e3ff855941d8bbe10d33d0e08e5a4570b8f352a5ba0cf607b6207a3b0f0f96af5a1";
    const OTHER_PASSWORD: &str =
        "010001000100303132333435363738393a3b3c3d3e3f20338e15e3c7abb779154ddd1fc9935611130d8b3ec2c0c9adfeec9bd06636d6";
    const VERIFIER_128: &str = "10000000303132333435363738393a3b3c3d3e3f4d64ddbf7f9f777babf2c41e0c1ca3701400000024b36e6f095efbf32608830591af166a659ae778";
    const VERIFIER_40: &str = "10000000303132333435363738393a3b3c3d3e3f80012a4696fcb6ef419eaa3cf727597814000000ee65834aa601daca9d87aa5522abb75f9e44f33a";

    fn hex(digits: &str) -> Vec<u8> {
        let pairs = digits.as_bytes().chunks(2);
        pairs
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    fn crypto_api(bits: u32, verifier: &str) -> Vec<u8> {
        let provider: Vec<u8> = "Microsoft Enhanced Cryptographic Provider v1.0\0"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let mut out = hex("01000200020004000000");
        out.extend((32 + provider.len() as u32).to_le_bytes());
        for number in [4, 0, 0x6801, 0x8004, bits, 1, 0, 0] {
            out.extend(number.to_le_bytes());
        }
        [out, provider, hex(verifier)].concat()
    }

    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        [&kind.to_le_bytes(), &(data.len() as u16).to_le_bytes(), data].concat()
    }

    /// A workbook of one sheet; its label is longer than a block.
    fn workbook(file_pass: &[u8], label: &str) -> Vec<u8> {
        let begin = |kind: u8| record(0x0809, &[&[0, 6, kind, 0][..], &[0; 12]].concat());
        let globals = [begin(5), record(FILE_PASS, file_pass)].concat();
        let end = record(EOF, &[]);
        let place = globals.len() as u32 + 4 + 10 + end.len() as u32;
        let sheet = [&place.to_le_bytes()[..], &[0, 0, 2, 0], b"S1"].concat();
        let cell = [&[0; 6][..], &(label.len() as u16).to_le_bytes(), &[0], label.as_bytes()].concat();
        [
            globals,
            record(BOUND_SHEET, &sheet),
            end.clone(),
            begin(0x10),
            record(0x0204, &cell),
            end,
        ]
        .concat()
    }

    fn container(stream: &[u8]) -> Vec<u8> {
        let mut file = CompoundFile::create_with_version(Version::V3, Cursor::new(Vec::new())).unwrap();
        file.create_stream("/Workbook").unwrap().write_all(stream).unwrap();
        file.into_inner().into_inner()
    }

    fn text(stream: &[u8]) -> Result<String, ParseError> {
        let cancel = CancelToken::new();
        let mut text = String::new();
        let tick = || {};
        let mut sink = |event: ParseEvent| {
            if let ParseEvent::Page(page) = event {
                text.push_str(&page.text);
            }
        };
        let mut out = Output::new(Limits::default(), &cancel, &tick, &mut sink);
        parse_xls(&container(stream), &mut out)?;
        Ok(text)
    }

    #[test]
    fn a_workbook_that_excel_opens_without_asking_is_read() {
        let label = "a civet and a genet ".repeat(120);
        for file_pass in [hex(RC4), crypto_api(128, VERIFIER_128), crypto_api(40, VERIFIER_40)] {
            let mut stream = workbook(&file_pass, &label);
            let key = Key::of_default_password(&file_pass).expect("it is the default password");
            apply(&key, &mut stream);
            assert!(!stream.windows(5).any(|bytes| bytes == b"civet"), "it is encrypted");
            assert_eq!(text(&stream).unwrap(), format!("S1\n\n{}", label.trim_end()));
        }
    }

    #[test]
    fn another_password_is_needed() {
        let obfuscated = [0, 0, 1, 2, 3, 4];
        for file_pass in [&hex(OTHER_PASSWORD)[..], &obfuscated, &[1, 0], &[]] {
            let outcome = text(&workbook(file_pass, "x"));
            assert!(matches!(outcome, Err(ParseError::NeedsPassword)), "{outcome:?}");
        }
    }

    #[test]
    fn keys_change_with_each_block() {
        let begins = |file_pass: &[u8], block| -> Vec<u8> {
            let key = Key::of_default_password(file_pass).expect("it is the default password");
            key.cipher(block).take(8).collect()
        };
        for (file_pass, first, second) in [
            (hex(RC4), "9834f67eefdb76b4", "2f2dbb595ce381b1"),
            (crypto_api(128, VERIFIER_128), "2d05bfdc1bfa111c", "43bb6f5930721ce6"),
            (crypto_api(40, VERIFIER_40), "e0604825f299d088", "f86b45662ac01517"),
        ] {
            assert_eq!(begins(&file_pass, 0), hex(first));
            assert_eq!(begins(&file_pass, 1), hex(second));
        }
    }

    #[test]
    fn a_stream_cut_anywhere_ends() {
        let mut whole = workbook(&hex(RC4), "x");
        let key = Key::of_default_password(&hex(RC4)).expect("it is the default password");
        apply(&key, &mut whole);
        for end in 0..whole.len() {
            let _ = decrypt(&mut whole[..end].to_vec());
        }
    }
}
