//! Reading a prompt: how far it is is told in the middle of a slice, and it stops there.

mod support;

use docmind_core::answer::FinishReason;
use docmind_core::cancel::CancelToken;
use docmind_core::generation::{GenerateEvent, Role};
use docmind_core::profile::KvType;
use docmind_llama::native::Decoded;
use std::time::Instant;
use support::{ask, bare_model, context, flash, message, profile, run, session, turn};

#[test]
fn a_batch_tells_how_far_it_is() {
    let _turn = turn();
    let model = bare_model();
    let mut context = context(&model, false, KvType::F16);
    let mut shares = Vec::new();
    // Three physical batches and a half.
    let mut read = |at: usize| {
        shares.clear();
        let decoded = context.decode_telling(&[1; 448], at, |_| false, &mut |share| shares.push(share));
        assert_eq!(decoded.expect("computed"), Decoded::Done);
        shares.clone()
    };
    let first = read(0);
    assert!(first.len() > 100, "told {} times", first.len());
    assert!(
        first.iter().all(|&share| share == 0.0),
        "nothing is known before the first"
    );
    let second = read(448);
    assert!(second.is_sorted() && second[0] < 0.01, "{:?}", &second[..4]);
    let half = second[second.len() / 2];
    assert!((half - 0.5).abs() < 0.02, "{half}");
    assert!(second.last().is_some_and(|&last| (0.98..=1.0).contains(&last)));
}

#[test]
fn a_batch_stops_where_it_is_told() {
    let _turn = turn();
    let model = bare_model();
    let mut context = context(&model, false, KvType::F16);
    let cancel = CancelToken::new();
    context.stop_with(&cancel);
    let mut told = 0;
    let decoded = context.decode_telling(&[1; 128], 0, |_| false, &mut |_| {
        told += 1;
        if told == 5 {
            cancel.cancel();
        }
    });
    assert_eq!(decoded.expect("no error"), Decoded::Stopped);
    assert_eq!(told, 5, "nothing was computed after it");
    context.stop_with(&CancelToken::new());
    context.truncate(0);
    let decoded = context.decode(&[1; 128], 0, |_| false);
    assert_eq!(decoded.expect("computed"), Decoded::Done, "and told to nobody");
    assert_eq!(told, 5);
}

#[test]
fn stopping_takes_under_a_second_and_the_next_question_is_answered() {
    let _turn = turn();
    let mut session = session(profile(flash(), 8192));
    let long = ask(
        vec![message(
            Role::User,
            &"The engine starts when the key is turned to the right. ".repeat(300),
        )],
        8,
    );
    let cancel = CancelToken::new();
    let mut stopped_at = None;
    let stats = session
        .generate(&long, &cancel, &mut |event| {
            // A whole slice at least.
            if let GenerateEvent::Prefill { done: 128.., .. } = event
                && stopped_at.is_none()
            {
                stopped_at = Some(Instant::now());
                cancel.cancel();
            }
        })
        .expect("stopping is no error");
    let waited = stopped_at.expect("it began").elapsed();
    assert_eq!(stats.finish, Some(FinishReason::Cancelled));
    assert_eq!(stats.output_tokens, 0);
    assert!(waited.as_millis() < 1000, "{waited:?}");
    let (_, again, _) = run(&mut session, &long);
    assert!(again.reused_tokens > 0, "what was read before the stop is still there");
    assert_ne!(again.finish, Some(FinishReason::Cancelled));
}

#[test]
fn how_it_goes_is_told_meanwhile() {
    let _turn = turn();
    let mut session = session(profile(flash(), 8192));
    session.write_on();
    // Long enough that some of it takes over half a second on any machine: writing goes on until figures were told.
    let asked = ask(vec![message(Role::User, "Go on.")], 8000);
    let cancel = CancelToken::new();
    let mut told = None;
    session
        .generate(&asked, &cancel, &mut |event| {
            if let GenerateEvent::Figures(stats) = event {
                told = Some(stats);
                cancel.cancel();
            }
        })
        .expect("stopping is no error");
    let told = told.expect("figures");
    assert!(told.prompt_tokens > 0 && told.context_tokens == 8192, "{told:?}");
    assert!(
        told.decode_tps > 0.0 && told.context_used >= told.output_tokens,
        "{told:?}"
    );
    assert_eq!(told.finish, None, "it goes on");
}
