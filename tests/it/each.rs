//! Questions that are put to each document for itself, with the real workers.

use crate::house::{House, add, ask, folder, question, report};
use anyhow::Result;
use docmind_core::answer::{AnswerMode, Coverage};
use docmind_core::cancel::CancelToken;
use docmind_engine::ask::AskRequest;
use docmind_engine::events::AskEvent;
use docmind_engine::{Background, Engine};

const CONTRACTS: &[(&str, &str)] = &[
    (
        "garage",
        "The garage is let to Mr Brand. The notice period of this lease is two weeks. Bicycles stay outside.",
    ),
    (
        "mill",
        "The mill is let with its weir. The notice period for the tenant is three months. The miller keeps the key.",
    ),
    (
        "barn",
        "The barn is let for the harvest alone. It is swept before it is handed back.",
    ),
    ("menu", "On Mondays there is soup in the canteen. Bread is free."),
];

fn contracts(house: &House, folder: &std::path::Path) -> Result<Engine> {
    for (name, text) in CONTRACTS {
        std::fs::write(folder.join(format!("{name}.txt")), text)?;
    }
    let engine = house.open(Background::Ingest)?;
    add(&engine, folder)?;
    Ok(engine)
}

#[test]
fn a_question_for_everything_is_answered_by_each_document_that_says_something() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let (_temp, folder) = folder()?;
    let engine = contracts(&house, &folder)?;
    let (answer, conversation) = ask(&engine, &question("List all notice periods."))?;
    assert_eq!(answer.mode, AnswerMode::Extractive);
    let coverage = answer.coverage.expect("it was counted");
    assert_eq!((coverage.asked, coverage.found), (4, 2), "{}", answer.text);
    for (title, sentence) in [("garage", "two weeks"), ("mill", "three months")] {
        assert!(answer.text.contains(&format!("**{title}")), "{}", answer.text);
        assert!(answer.text.contains(sentence), "{}", answer.text);
    }
    assert!(!answer.text.contains("soup"), "{}", answer.text);
    let mut cited: Vec<&str> = answer.citations.iter().map(|citation| citation.path.as_str()).collect();
    cited.dedup();
    assert_eq!(cited.len(), 2, "{:?}", answer.citations);
    assert!(
        answer
            .citations
            .iter()
            .all(|citation| citation.quote.contains("notice period")),
        "{:?}",
        answer.citations
    );

    // It is kept as it was, and does not crowd out the sources of what is asked next.
    let turns = engine.conversation(conversation).map_err(report)?.turns;
    assert_eq!(turns[0].answer, answer);
    assert!(turns[0].sources.is_empty());
    let next = AskRequest {
        conversation: Some(conversation),
        ..question("Who keeps the key of the mill?")
    };
    let (next, _) = ask(&engine, &next)?;
    assert!(next.text.contains("miller"), "{}", next.text);
    assert_eq!(next.coverage, None);
    let highest = answer.citations.iter().map(|citation| citation.source).max();
    assert!(next.citations.iter().map(|citation| citation.source).min() > highest);
    engine.close();
    Ok(())
}

#[test]
fn any_question_can_be_put_to_each_document() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let (_temp, folder) = folder()?;
    let engine = contracts(&house, &folder)?;
    let each = |text: &str| AskRequest {
        each_document: true,
        ..question(text)
    };
    let (answer, _) = ask(&engine, &each("How long is the notice period?"))?;
    let coverage = answer.coverage.expect("it was counted");
    assert_eq!(
        (coverage.asked, coverage.found, coverage.quoted),
        (4, 2, 2),
        "{}",
        answer.text
    );

    let mut shown = 0;
    let answer = engine
        .ask(&each("Which planets have rings?"), &CancelToken::new(), &mut |event| {
            if let AskEvent::Sources { sources, .. } = event {
                shown = sources.len();
            }
        })
        .map_err(report)?;
    assert_eq!(answer.mode, AnswerMode::NotFound, "{}", answer.text);
    let none = Coverage {
        asked: 4,
        found: 0,
        quoted: 0,
    };
    assert_eq!(answer.coverage, Some(none));
    assert!(shown > 0, "the nearest passages are shown");
    engine.close();
    Ok(())
}

#[test]
fn a_question_about_the_documents_themselves_is_answered_from_their_list() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.with_samples()?;
    let (list, conversation) = ask(&engine, &question("Which documents do I have?"))?;
    assert_eq!(list.mode, AnswerMode::Listed);
    assert!(list.text.contains("lease-agreement.pdf"), "{}", list.text);
    assert!(list.citations.is_empty() && list.coverage.is_none(), "{list:#?}");
    let request = AskRequest {
        conversation: Some(conversation),
        ..question("How many pages does the travel policy have?")
    };
    let mut judged = None;
    engine
        .ask(
            &question("Summarize lease-agreement.pdf"),
            &CancelToken::new(),
            &mut |event| {
                if let AskEvent::Trace(trace) = event {
                    judged = Some(trace.found_score);
                }
            },
        )
        .map_err(report)?;
    assert_eq!(judged, Some(1.0), "it is read through, not searched for");
    let (pages, _) = ask(&engine, &request)?;
    assert_eq!(pages.mode, AnswerMode::Listed, "{}", pages.text);
    assert!(pages.text.contains(" page"), "{}", pages.text);
    engine.close();
    Ok(())
}

#[test]
fn two_documents_that_are_compared_both_have_their_say() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let engine = house.with_samples()?;
    let mut of = Vec::new();
    engine
        .ask(
            &question("Compare the lease agreement with the travel policy."),
            &CancelToken::new(),
            &mut |event| {
                if let AskEvent::Sources { sources, .. } = event {
                    of = sources.into_iter().map(|source| source.path).collect();
                }
            },
        )
        .map_err(report)?;
    for name in ["lease-agreement.pdf", "travel-policy.md"] {
        assert!(of.iter().any(|path| path.ends_with(name)), "{name}: {of:?}");
    }
    engine.close();
    Ok(())
}
