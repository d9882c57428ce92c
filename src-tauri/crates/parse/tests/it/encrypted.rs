//! Office packages that Excel opens without asking for a password, and those for which it asks.

use super::build::{self, docx};
use super::{read, read_limited};
use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockEncryptMut, KeyInit, KeyIvInit};
use docmind_core::document::DocumentState;
use docmind_parse::Limits;
use sha2::{Digest, Sha384, Sha512};
use std::io::{Cursor, Write};
use std::time::Duration;

// Made with Python's hashlib and cryptography: salt 0x30…0x3f, verifier 0x50…0x5f; the package's key begins 0x00, 0x01, 0x02.
// msoffcrypto-tool opens files that begin so.
const SALT: &str = "MDEyMzQ1Njc4OTo7PD0+Pw==";
const SHA512: [&str; 3] = [
    "OblnsMxB/U1SqjRjWhI8WQ==",
    "DX+faOX0B5MN2rZkriW89xmG5FbhAKgws5RN6jgYBVjBh+KK1fRCdjLRvznJimH+Atennfd/ujkWJerabOR2+Q==",
    "03k0t2/gRPTSHhHMugx1QU43NN9DPmETFls2qg1Z+PQ=",
];
const SHA384: [&str; 3] = [
    "XBgkZ8863ILePB6SIc6DgQ==",
    "zDRbYRyeqwTlqnVh6yElLDejVNHpeZFSnlqFXoUhy99BI/q87nxByGJjJHTKe3cl",
    "rPx5ncipgKTvil7vxLz3leaDxIWFiE5HErCTYih3RkE=",
];
const SHA1: [&str; 3] = [
    "cT02le6/De8H9EqDKuLPoA==",
    "MrxE3LfN6tAo2FKDsjDYBIW4VuLkoaZWFNvMlCw6XFE=",
    "u49PK89eP+9WzgFyniEKdg==",
];
const OTHER_PASSWORD: [&str; 3] = [
    "t0FfjeKHYtb0Vb8PouUvsw==",
    "WFjc3OmcAfG/xTz73E0xQEC2AdDOLrHq74/LuKnAXfw1NUvfwyf+xCypYzpa70hRpX+W+HVFTPsKexhHYjNzjQ==",
    "65R/yQaV/jbdzXFusy2xqu53ZXpTt9lfOcYAPq8iH+E=",
];
const STANDARD_KEY: &str = "a9cca89ba75fca5970883972253125ab";
const STANDARD: &str = "8ff49dedffc7a0abbf24361d352a722014000000\
    8445d8d8654f132ae5d829e97203dc741b430ec68cd0df496d9ecc9023863a39";
const STANDARD_OTHER: &str = "7b2199519564b1e02cfd2d5844b6b33b14000000\
    f2f83931cd58cb56f0bb14c86f00a651b45016d53113451fa7daf45031a2dfb9";

fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16).expect("hexadecimal"))
        .collect()
}

/// What says how the package is encrypted since 2010.
fn agile(hash: &str, key_bits: u32, spins: u32, [verifier, verifier_hash, key]: [&str; 3]) -> Vec<u8> {
    let cipher = format!(
        r#"saltSize="16" blockSize="16" keyBits="{key_bits}" cipherAlgorithm="AES" cipherChaining="ChainingModeCBC" hashAlgorithm="{hash}" saltValue="{SALT}""#
    );
    let xml = format!(
        r#"<?xml version="1.0"?><encryption xmlns="http://schemas.microsoft.com/office/2006/encryption" xmlns:p="http://schemas.microsoft.com/office/2006/keyEncryptor/password" xmlns:c="http://schemas.microsoft.com/office/2006/keyEncryptor/certificate"><keyData {cipher}/>
        <keyEncryptors><keyEncryptor><c:encryptedKey encryptedKeyValue="AAAA" certVerifier="AAAA"/></keyEncryptor><keyEncryptor><p:encryptedKey spinCount="{spins}" {cipher} encryptedVerifierHashInput="{verifier}" encryptedVerifierHashValue="{verifier_hash}" encryptedKeyValue="{key}"/></keyEncryptor></keyEncryptors></encryption>"#
    );
    [&[4, 0, 4, 0, 0x40, 0, 0, 0], xml.as_bytes()].concat()
}

/// The same as Office 2007 has it.
fn standard(verifier: &str) -> Vec<u8> {
    let name: Vec<u8> = "Microsoft Enhanced RSA and AES Cryptographic Provider\0"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut out = hex("0400020024000000");
    out.extend((32 + name.len() as u32).to_le_bytes());
    for number in [0x24, 0, 0x660e, 0x8004, 128, 0x18, 0, 0] {
        out.extend(u32::to_le_bytes(number));
    }
    let salt: Vec<u8> = (0x30..0x40).collect();
    [out, name, 16_u32.to_le_bytes().to_vec(), salt, hex(verifier)].concat()
}

/// Encrypts in segments of 4,096 bytes, whose vectors come from the salt.
fn in_segments(
    package: &[u8],
    vector: impl Fn(&[u8]) -> Vec<u8>,
    encrypt: impl Fn(&[u8], &[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let salt: Vec<u8> = (0x30..0x40).collect();
    let segments = (0_u32..).zip(package.chunks(4096));
    segments
        .flat_map(|(number, segment)| encrypt(&vector(&[&salt[..], &number.to_le_bytes()].concat())[..16], segment))
        .collect()
}

fn key(len: u8) -> Vec<u8> {
    (0..len).collect()
}

/// Encrypts text filled up with zeros to whole blocks.
fn encrypted(cipher: impl BlockEncryptMut, text: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    out.resize(text.len().next_multiple_of(16), 0);
    let len = out.len();
    cipher
        .encrypt_padded_mut::<NoPadding>(&mut out, len)
        .expect("whole blocks");
    out
}

fn with_sha512(package: &[u8]) -> Vec<u8> {
    let cipher = |iv: &[u8]| cbc::Encryptor::<Aes256>::new_from_slices(&key(32), iv).expect("a key");
    in_segments(
        package,
        |salted| Sha512::digest(salted).to_vec(),
        |iv, segment| encrypted(cipher(iv), segment),
    )
}

fn container(info: &[u8], size: u64, package: &[u8]) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).expect("memory");
    for (name, parts) in [
        ("/EncryptionInfo", [info, &[]]),
        ("/EncryptedPackage", [&size.to_le_bytes(), package]),
    ] {
        let mut stream = file.create_stream(name).expect("a new stream");
        parts.iter().for_each(|part| stream.write_all(part).expect("memory"));
    }
    file.into_inner().into_inner()
}

/// A workbook longer than a segment.
fn workbook() -> Vec<u8> {
    let noise: String = (0_u32..1_200)
        .map(|at| format!("{:x}", at.wrapping_mul(2_654_435_761)))
        .collect();
    let rows = format!(
        r#"<row r="1"><c r="A1" t="inlineStr"><is><t>a civet</t></is></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>{noise}</t></is></c></row>"#
    );
    let bytes = build::workbook(&rows, None);
    assert!(bytes.len() > 4096 && !bytes.len().is_multiple_of(16), "{}", bytes.len());
    bytes
}

#[test]
fn a_package_that_excel_opens_without_asking_is_read() {
    let book = workbook();
    let size = book.len() as u64;
    let of_192 = |iv: &[u8]| cbc::Encryptor::<Aes192>::new_from_slices(&key(24), iv).expect("a key");
    let with_sha384 = in_segments(
        &book,
        |salted| Sha384::digest(salted).to_vec(),
        |iv, segment| encrypted(of_192(iv), segment),
    );
    let of_128 = |iv: &[u8]| cbc::Encryptor::<Aes128>::new_from_slices(&key(16), iv).expect("a key");
    let with_sha1 = in_segments(
        &book,
        |salted| sha1_smol::Sha1::from(salted).digest().bytes().to_vec(),
        |iv, segment| encrypted(of_128(iv), segment),
    );
    let cipher = ecb::Encryptor::<Aes128>::new_from_slice(&hex(STANDARD_KEY)).expect("a key");
    let by_itself = encrypted(cipher, &book);
    for (info, package) in [
        (agile("SHA512", 256, 100, SHA512), with_sha512(&book)),
        (agile("SHA384", 192, 0, SHA384), with_sha384),
        (agile("SHA1", 128, 100, SHA1), with_sha1),
        (standard(STANDARD), by_itself),
    ] {
        assert!(!package.windows(3).any(|bytes| bytes == b"xl/"), "it is encrypted");
        let read = read("a.xlsx", &container(&info, size, &package));
        assert_eq!(read.state(), DocumentState::Ready, "{read:?}");
        assert!(read.text().starts_with("S\n\na civet\n"), "{}", read.text());
    }
    let letter = docx("<w:p><w:r><w:t>a genet</w:t></w:r></w:p>");
    let info = agile("SHA512", 256, 100, SHA512);
    let letter = container(&info, letter.len() as u64, &with_sha512(&letter));
    assert_eq!(read("a.docx", &letter).text(), "a genet");
}

#[test]
fn another_password_or_kind_of_encryption_needs_the_person() {
    let package = with_sha512(&workbook());
    let good = agile("SHA512", 256, 100, SHA512);
    let edited = |from: &str, to: &str| String::from_utf8_lossy(&good).replace(from, to).into_bytes();
    for (info, what) in [
        (agile("SHA512", 256, 100, OTHER_PASSWORD), "another password"),
        (standard(STANDARD_OTHER), "another password, Office 2007"),
        (
            agile("SHA512", 256, 10_000_001, SHA512),
            "more hashes than any program writes",
        ),
        (agile("WHIRLPOOL", 256, 100, SHA512), "another hash"),
        (agile("SHA512", 255, 100, SHA512), "a key of odd length"),
        (edited("\"AES\"", "\"RC2\""), "another cipher"),
        (edited("ChainingModeCBC", "ChainingModeCFB"), "another mode"),
        (edited(SHA512[2], "AAAA"), "a key cut short"),
        (edited("saltValue=\"", "saltValue=\"!"), "no Base64"),
        (edited("spinCount", "count"), "a certificate alone"),
        (hex("0300030000000000"), "extensible encryption"),
        (Vec::new(), "nothing"),
    ] {
        let read = read("a.xlsx", &container(&info, 1, &package));
        assert_eq!(read.state(), DocumentState::NeedsPassword, "{what}: {read:?}");
    }
}

#[test]
fn an_encrypted_package_that_lies_or_breaks_off_ends() {
    let book = workbook();
    let package = with_sha512(&book);
    let info = agile("SHA512", 256, 100, SHA512);
    let state = |info: &[u8], size: u64, package: &[u8]| read("a.xlsx", &container(info, size, package)).state();
    assert_eq!(
        state(&info, u64::MAX, &package),
        DocumentState::Ready,
        "zeros behind a ZIP"
    );
    assert_eq!(state(&info, 0, &package), DocumentState::Damaged);
    assert_eq!(state(&info, 1 << 40, &package[..4_000]), DocumentState::Damaged);
    assert_eq!(state(&info, 100, &[]), DocumentState::Damaged);
    let nested = with_sha512(&container(&info, book.len() as u64, &package));
    assert_eq!(state(&info, nested.len() as u64, &nested), DocumentState::Damaged);
    for info in [&info, &standard(STANDARD)] {
        for end in (0..info.len()).step_by(7) {
            let ended = state(&info[..end], 100, &package[..64]);
            assert!(
                matches!(ended, DocumentState::NeedsPassword | DocumentState::Damaged),
                "{end}: {ended:?}"
            );
        }
    }
    let whole = container(&info, book.len() as u64, &package);
    for end in (0..whole.len()).step_by(509) {
        read("a.xlsx", &whole[..end]);
    }
}

#[test]
fn hashing_ends_with_the_time_there_is() {
    let info = agile("SHA512", 256, 10_000_000, SHA512);
    let bytes = container(&info, 1, &with_sha512(b"PK"));
    let limits = Limits {
        time: Duration::from_millis(1),
        ..Limits::default()
    };
    assert_eq!(read_limited(limits, "a.xlsx", &bytes).state(), DocumentState::TimedOut);
}
