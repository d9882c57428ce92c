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
}
