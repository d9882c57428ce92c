//! A model that thinks without end is brought to answer.

mod support;

use docmind_core::answer::FinishReason;
use docmind_core::generation::Role;
use docmind_llama::native::{Specials, Token};
use docmind_llama::session::Session;
use support::{ask, flash, message, profile, run, session, thoughts, turn};

/// The model writes this, and goes on whatever comes.
fn made_to_write(session: &mut Session, text: &str) {
    let tokens = tokens(session, text);
    session.write_on();
    session.force_answers(tokens);
}

fn tokens(session: &Session, text: &str) -> Vec<Token> {
    session.model().tokenize(text, Specials::Continued).expect("tokens")
}

#[test]
fn thinking_without_end_is_closed_and_leaves_the_answer_its_tokens() {
    let _turn = turn();
    let mut session = session(profile(flash(), 1024));
    let endless = "Let me see, what does the contract say? ".repeat(400);
    made_to_write(&mut session, &format!("<think>\n{endless}"));
    let mut asked = ask(vec![message(Role::User, "Why?")], 100);
    asked.thinking = true;
    let (text, stats, events) = run(&mut session, &asked);
    assert_eq!(stats.finish, Some(FinishReason::Length));
    assert!(thoughts(&events).len() > 1000, "{}", thoughts(&events));
    assert!(!text.is_empty() && !text.contains("</think>"), "{text}");
    let written = &session.cached()[stats.prompt_tokens as usize..];
    let close = tokens(&session, "</think>");
    let closed: Vec<usize> = (0..written.len())
        .filter(|&at| written[at..].starts_with(&close))
        .collect();
    let [at] = closed[..] else { panic!("{closed:?}") };
    let answer = written.len() - at - close.len();
    assert!((95..=100).contains(&answer), "{answer} tokens after the mark");
    assert!(stats.context_used < 1024, "{stats:?}");
}

#[test]
fn who_was_not_asked_to_think_answers_at_once() {
    let _turn = turn();
    let mut session = session(profile(flash(), 1024));
    made_to_write(
        &mut session,
        "<think>Because it says so. Because it says so. Because it says so.",
    );
    let (text, _, events) = run(&mut session, &ask(vec![message(Role::User, "Why?")], 20));
    assert_eq!(thoughts(&events).trim(), "");
    assert!(text.starts_with("Because it"), "{text}");
}

#[test]
fn a_thought_that_ends_takes_nothing_from_the_answer() {
    let _turn = turn();
    let mut session = session(profile(flash(), 1024));
    let thought = "Let me see. ".repeat(40);
    let answer = "It ends in spring.";
    made_to_write(&mut session, &format!("<think>{thought}</think>\n\n{answer}"));
    // The mark that opens the block and the space after the one that closes it are counted as the answer's.
    let length = 1 + tokens(&session, &format!("\n\n{answer}")).len() as u32;
    let mut asked = ask(vec![message(Role::User, "When?")], length);
    asked.thinking = true;
    let (text, stats, events) = run(&mut session, &asked);
    assert_eq!((text.as_str(), stats.finish), (answer, Some(FinishReason::Length)));
    assert_eq!(thoughts(&events).trim(), thought.trim());
}
