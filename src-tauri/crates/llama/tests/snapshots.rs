//! What is kept of a cache on disk, by llama.cpp itself.

mod support;

use docmind_core::generation::Role;
use docmind_core::profile::{Attention, KvType};
use docmind_llama::session::Session;
use support::{ask, flash, message, profile, run, session, turn};

fn with_something_read(attention: Attention) -> Session {
    let mut session = session(profile(attention, 1024));
    let sources = "The pump is cleaned in spring, and its filter lasts ten days. ".repeat(12);
    run(&mut session, &ask(vec![message(Role::User, &sources)], 4));
    session
}

#[test]
fn a_state_goes_to_a_file_and_comes_back_bit_for_bit() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("a folder");
    // Plain on a processor, where the values lie the other way around, and with flash attention.
    for attention in [flash(), Attention::Flash { kv: KvType::Q8_0 }] {
        let path = folder.path().join("state");
        let mut first = with_something_read(attention);
        first.context_mut().save_to(&path).expect("written");
        let state = first.context_mut().save();
        drop(first);
        // As it lies on disk: with something after it.
        let mut bytes = std::fs::read(&path).expect("read");
        let head = bytes.len() - state.len();
        assert!(head <= 64, "llama.cpp's own head before the state: {head} bytes");
        bytes.extend_from_slice(b"and a checksum");
        std::fs::write(&path, bytes).expect("written");
        let mut second = session(profile(attention, 1024));
        assert!(second.context_mut().restore_from(&path));
        assert_eq!(second.context_mut().save(), state, "{attention:?}");
    }
}

#[test]
fn another_cache_s_file_is_refused_and_leaves_an_empty_one() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state");
    with_something_read(flash())
        .context_mut()
        .save_to(&path)
        .expect("written");
    let mut other = session(profile(Attention::Flash { kv: KvType::Q8_0 }, 1024));
    let empty = other.context_mut().state_size();
    assert!(!other.context_mut().restore_from(&path));
    assert_eq!(other.context_mut().state_size(), empty);
    assert!(!other.context_mut().restore_from(&folder.path().join("nowhere")));
}

#[test]
fn a_state_that_cannot_be_written_is_an_error() {
    let _turn = turn();
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = with_something_read(flash());
    assert!(session.context_mut().save_to(folder.path()).is_err(), "a folder");
    // Linux has a file that is always full.
    #[cfg(target_os = "linux")]
    assert!(session.context_mut().save_to("/dev/full".as_ref()).is_err());
}
