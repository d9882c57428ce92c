//! A damaged file is found in safe Rust, before llama.cpp sees it: typed error or a file that still makes sense, never a panic, never
//! memory out of proportion.

use docmind_core::model::WeightType;
use docmind_llama::gguf;
use docmind_llama::make::weights::Random;
use docmind_llama::make::{Shape, make_model};
use std::io::Cursor;

fn tiny() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tiny.gguf");
    make_model(&Shape::TINY, WeightType::F16, &path).expect("written");
    std::fs::read(&path).expect("read")
}

fn read(bytes: &[u8]) -> Result<(), gguf::GgufFault> {
    gguf::read_from(Cursor::new(bytes), bytes.len() as u64)
        .and_then(|file| file.shape("x"))
        .map(|_| ())
}

#[test]
fn the_whole_file_is_read() {
    read(&tiny()).expect("it is whole");
}

#[test]
fn every_truncation_is_found() {
    let whole = tiny();
    let header = gguf::read_from(Cursor::new(&whole[..]), whole.len() as u64)
        .expect("whole")
        .data_start as usize;
    let mut random = Random::new(5);
    for _ in 0..250 {
        // Half within the header, where the parsing is; half in the data.
        let end = if random.bits().is_multiple_of(2) {
            header
        } else {
            whole.len()
        };
        let length = (random.bits() % end as u64) as usize;
        assert!(read(&whole[..length]).is_err(), "cut at {length}");
    }
    assert!(read(&whole[..whole.len() - 64]).is_err());
}

#[test]
fn no_mutation_panics_or_passes_with_a_broken_structure() {
    let whole = tiny();
    let file = gguf::read_from(Cursor::new(&whole[..]), whole.len() as u64).expect("whole");
    let header = file.data_start;
    let mut random = Random::new(7);
    let (mut refused, mut harmless) = (0, 0);
    for round in 0..250 {
        let mut changed = whole.clone();
        // The first 3,000 bytes hold counts and metadata, the last of the header the tensor table.
        let (from, to) = if round % 2 == 0 {
            (0, 3000)
        } else {
            (header - 3000, header)
        };
        for _ in 0..=random.bits() % 4 {
            let at = (from + random.bits() % (to - from)) as usize;
            changed[at] = (random.bits() & 0xff) as u8;
        }
        match read(&changed) {
            Ok(()) => harmless += 1,
            Err(fault) => {
                assert!(!fault.report("x.gguf").message.is_empty());
                refused += 1;
            }
        }
    }
    assert!(
        refused > 100,
        "{refused} refused, {harmless} harmless (letters in names and texts)"
    );
}

#[test]
fn counts_no_file_can_hold_are_refused_at_once() {
    for (at, what) in [(8_usize, "tensors"), (16, "entries")] {
        let mut changed = tiny();
        changed[at..at + 8].copy_from_slice(&u64::MAX.to_le_bytes());
        let error = read(&changed).expect_err(what);
        assert!(matches!(error, gguf::GgufFault::Count { .. }), "{error}");
    }
}

#[test]
fn another_kind_of_file_is_told_apart() {
    let error = read(b"%PDF-1.7 and so on, long enough to hold a header").expect_err("no model");
    assert_eq!(error.code(), "not_a_model");
    assert_eq!(read(b"GG").expect_err("too short").code(), "model_damaged");
    let page = read(b"<!DOCTYPE html><title>Log in</title>").expect_err("no model");
    assert!(page.report("x.gguf").message.contains("web page"), "{page}");
    let pointer = read(b"version https://git-lfs.github.com/spec/v1\noid sha256:0").expect_err("no model");
    assert!(pointer.report("x.gguf").message.contains("Git LFS"), "{pointer}");
}

#[test]
fn other_versions_and_unknown_types_are_named() {
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = tiny();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        read(&changed).expect_err("refused")
    };
    assert!(matches!(with(4, &3_u32.to_be_bytes()), gguf::GgufFault::BigEndian));
    assert!(matches!(with(4, &1_u32.to_le_bytes()), gguf::GgufFault::Version(1)));
    // The type of the first tensor stands after its name, the number of its dimensions and two of them.
    let name = b"token_embd.weight";
    let whole = tiny();
    let at = whole
        .windows(name.len())
        .position(|bytes| bytes == name)
        .expect("there")
        + name.len()
        + 4
        + 16;
    let fault = with(at, &200_u32.to_le_bytes());
    assert!(
        matches!(fault, gguf::GgufFault::TensorKind { kind: 200, .. }),
        "{fault}"
    );
    assert_eq!(fault.code(), "model_unsupported");
    let moved = with(at + 4, &32_u64.to_le_bytes());
    assert!(matches!(moved, gguf::GgufFault::Tensor { .. }), "{moved}");
}

#[test]
fn metadata_without_end_is_refused_before_memory_is_full() {
    // 12 texts of 8 MiB: each may be there, all together not.
    let mut file = b"GGUF".to_vec();
    file.extend_from_slice(&3_u32.to_le_bytes());
    file.extend_from_slice(&0_u64.to_le_bytes());
    file.extend_from_slice(&12_u64.to_le_bytes());
    for entry in 0..12_u64 {
        let key = format!("key{entry:02}");
        file.extend_from_slice(&(key.len() as u64).to_le_bytes());
        file.extend_from_slice(key.as_bytes());
        file.extend_from_slice(&8_u32.to_le_bytes());
        file.extend_from_slice(&(8_u64 << 20).to_le_bytes());
        file.resize(file.len() + (8 << 20), b'x');
    }
    let fault = read(&file).expect_err("too much");
    assert!(matches!(fault, gguf::GgufFault::Count { .. }), "{fault}");
}
