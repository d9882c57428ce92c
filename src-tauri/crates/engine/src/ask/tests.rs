//! From a scripted generator to an answer.

use super::writing::Writing;
use super::{AskRequest, cited, earlier_turn, not_found};
use crate::engine::{Background, Engine, EngineOptions, OpenMode};
use crate::events::AskEvent;
use docmind_core::answer::{Answer, AnswerMode, FinishReason, Source, Support};
use docmind_core::cancel::CancelToken;
use docmind_core::conversation::Turn;
use docmind_core::document::{ContentHash, DocumentId, Span};
use docmind_core::error::ErrorReport;
use docmind_core::fakes::FakeGenerator;
use docmind_core::generation::{GenerateEvent, GenerateRequest, GenerationStats, Sampling};
use docmind_core::ports::Generator;
use docmind_core::prompt::code;

const TEXT: &str = "The tenant may end the lease after 24 months. A fee of two rents is due.";

fn sources() -> Vec<Source> {
    vec![Source {
        n: 1,
        document_id: DocumentId(7),
        document_hash: ContentHash("00".to_owned()),
        path: "/lease.pdf".to_owned(),
        title: "Lease".to_owned(),
        page: 3,
        span: Span::new(100, 100 + TEXT.chars().count() as u32),
        heading: Vec::new(),
        table_header: String::new(),
        text: TEXT.to_owned(),
    }]
}

/// Lets a scripted generator write over [`sources`].
fn write(generator: &FakeGenerator) -> (Result<Answer, ErrorReport>, Vec<AskEvent>, Option<String>) {
    let sources = sources();
    let cancel = CancelToken::new();
    let request = GenerateRequest {
        messages: Vec::new(),
        sampling: Sampling::greedy(),
        max_output_tokens: 50,
        thinking: false,
        grammar: None,
        draft_from: Vec::new(),
    };
    let mut told = Vec::new();
    let mut writing = Writing::new(&sources);
    let outcome = generator.generate(&request, &cancel, &mut |event| {
        writing.take(event, &mut |event| told.push(event));
    });
    let written = writing.finish(outcome, &cancel, &mut |event| told.push(event));
    match written {
        Ok(written) => (Ok(written.answer), told, written.raw),
        Err(report) => (Err(report), told, None),
    }
}

fn shown(told: &[AskEvent]) -> String {
    told.iter()
        .filter_map(|event| {
            if let AskEvent::Token { text } = event {
                Some(text.as_str())
            } else {
                None
            }
        })
        .collect()
}

#[test]
fn codes_become_marks_and_sentences_are_checked_as_they_come() {
    let mark = format!("[{}]", code(1));
    let (half, rest) = mark.split_at(2);
    let generator = FakeGenerator::saying(&[
        "The tenant may end the lease after 36 ",
        "months ",
        half,
        rest,
        ". A fee of two rents is due ",
        &mark,
        ".",
    ]);
    let (answer, told, raw) = write(&generator);
    let answer = answer.unwrap();
    assert_eq!(
        shown(&told),
        "The tenant may end the lease after 36 months [1]. A fee of two rents is due [1]."
    );
    assert_eq!(answer.text, shown(&told));
    assert_eq!(
        (answer.mode, answer.finish),
        (AnswerMode::Generated, FinishReason::Stop)
    );
    let supports: Vec<Support> = answer.citations.iter().map(|citation| citation.support).collect();
    assert_eq!(
        supports,
        [Support::Weak, Support::Supported],
        "the changed number is noticed"
    );
    let last = answer.citations.last().unwrap();
    assert_eq!((last.page, last.quote.as_str()), (3, "A fee of two rents is due."));
    assert_eq!(last.span, Span::new(146, 172));
    let streamed = told
        .iter()
        .filter(|event| matches!(event, AskEvent::Citation { n: 1, .. }))
        .count();
    assert_eq!(streamed, 2);
    assert!(
        raw.unwrap().contains(&mark),
        "the next turn repeats the model's own words"
    );
    assert_eq!(answer.stats.unwrap().profile, "fake");
}

#[test]
fn what_was_written_before_a_death_is_kept_and_said_to_be_so() {
    let generator = FakeGenerator::saying(&["The tenant may end ", "the lease after 24 months. ", "Never said."]);
    *generator.die_after.lock().unwrap() = Some(2);
    let (answer, told, _) = write(&generator);
    let answer = answer.unwrap();
    assert_eq!(answer.finish, FinishReason::Interrupted);
    assert!(answer.text.starts_with("The tenant may end the lease after 24 months."));
    assert!(
        told.iter()
            .any(|event| matches!(event, AskEvent::Notice(notice) if notice.code == "answer_interrupted"))
    );
}

#[test]
fn nothing_that_turns_out_to_be_a_thought_stays_in_the_answer() {
    let mark = format!("[{}]", code(1));
    let text = |text: &str| GenerateEvent::Text { text: text.to_owned() };
    let sources = sources();
    let mut told = Vec::new();
    let mut writing = Writing::new(&sources);
    for event in [
        text(&format!("A fee of two rents is due {mark}. They pay 900 euros. Or [")),
        GenerateEvent::WereThoughts,
        GenerateEvent::Thinking {
            text: " wait.\n".to_owned(),
        },
        text(&format!("The tenant may end the lease after 24 months {mark}.")),
    ] {
        writing.take(event, &mut |event| told.push(event));
    }
    let written = writing
        .finish(Ok(GenerationStats::default()), &CancelToken::new(), &mut |event| {
            told.push(event);
        })
        .unwrap();
    let answer = written.answer;
    assert_eq!(answer.text, "The tenant may end the lease after 24 months [1].");
    let cited: Vec<&str> = answer
        .citations
        .iter()
        .map(|citation| citation.sentence.as_str())
        .collect();
    assert_eq!(cited, ["The tenant may end the lease after 24 months."]);
    assert_eq!(answer.uncited, []);
    assert_eq!(
        answer.thinking.unwrap(),
        format!("A fee of two rents is due {mark}. They pay 900 euros. Or [ wait.")
    );
    assert_eq!(
        written.raw.unwrap(),
        format!("The tenant may end the lease after 24 months {mark}.")
    );
    let turned = told.iter().position(|event| *event == AskEvent::WereThoughts).unwrap();
    let (before, after) = told.split_at(turned);
    assert!(shown(before).contains("900 euros"), "it streamed all the same");
    assert_eq!(shown(after), answer.text);
    let checked = after
        .iter()
        .filter(|event| matches!(event, AskEvent::Citation { .. }))
        .count();
    assert_eq!(checked, 1);
}

#[test]
fn a_death_before_the_first_word_is_an_error() {
    let generator = FakeGenerator::saying(&["Never said."]);
    *generator.die_after.lock().unwrap() = Some(0);
    assert_eq!(write(&generator).0.unwrap_err().code, "worker_died");
}

#[test]
fn a_stop_keeps_the_part() {
    let generator = FakeGenerator::saying(&["The tenant may ", "end it."]);
    *generator.cancel_after.lock().unwrap() = Some(1);
    let answer = write(&generator).0.unwrap();
    assert_eq!(answer.finish, FinishReason::Cancelled);
    assert!(answer.text.starts_with("The tenant may"), "{}", answer.text);
    assert!(!answer.text.contains("end it"), "{}", answer.text);
}

#[test]
fn an_answer_without_marks_is_attributed_afterwards() {
    let generator = FakeGenerator::saying(&["A fee of two rents is due."]);
    let (answer, told, _) = write(&generator);
    let answer = answer.unwrap();
    assert_eq!(answer.citations.len(), 1);
    assert_eq!(answer.citations[0].source, 1);
    assert!(answer.text.ends_with("[1]"), "{}", answer.text);
    assert!(
        told.iter()
            .any(|event| matches!(event, AskEvent::Citation { n: 1, .. }))
    );
}

#[test]
fn a_sentence_without_a_source_is_checked_alike_each_time() {
    let of = |n: u32, text: &str| Source {
        n,
        text: text.to_owned(),
        ..sources().remove(0)
    };
    let sources = [
        of(1, "Die monatlichen Nebenkosten betragen 150 Euro."),
        of(2, "The deposit is 900."),
    ];
    for _ in 0..16 {
        let mut writing = Writing::new(&sources);
        let text = format!(
            "Die monatlichen Nebenkosten betragen 150 Euro [{}]. Monatliche Nebenkosten 150 Euro, deposit 900.",
            code(1)
        );
        writing.take(GenerateEvent::Text { text }, &mut |_| {});
        let written = writing
            .finish(Ok(GenerationStats::default()), &CancelToken::new(), &mut |_| {})
            .unwrap();
        let supports: Vec<Support> = written.answer.uncited.iter().map(|checked| checked.support).collect();
        assert_eq!(supports, [Support::Supported]);
    }
}

#[test]
fn a_made_up_source_is_dropped() {
    let generator = FakeGenerator::saying(&[&format!("A fee of two rents is due [{}][7].", code(9))]);
    let (answer, told, _) = write(&generator);
    assert!(!shown(&told).contains('['), "{}", shown(&told));
    assert!(answer.unwrap().citations.iter().all(|citation| citation.source == 1));
}

#[test]
fn not_found_is_said_in_the_language_of_the_question() {
    assert!(not_found("Wie hoch ist die Miete?").text.contains("Ihren Dokumenten"));
    assert!(not_found("How high is the rent?").text.contains("your documents"));
}

#[test]
fn a_follow_up_knows_what_was_searched_and_cited() {
    let sources = sources();
    let text = docmind_core::extract::extract(
        "What fee is due?",
        &sources,
        &[1.0],
        &docmind_core::extract::candidates(&sources),
        None,
    );
    let turn = Turn {
        question: "And then?".to_owned(),
        standalone: Some("And then? fee".to_owned()),
        sources: sources.clone(),
        recalled: Vec::new(),
        written: None,
        answer: cited(AnswerMode::Extractive, FinishReason::Stop, &text, &sources),
        asked_at_ms: 0.0,
    };
    let before = earlier_turn(&turn);
    assert_eq!(
        (before.searched.as_str(), before.cited_titles.as_slice()),
        ("And then? fee", ["Lease".to_owned()].as_slice())
    );
}

/// An empty library answers without any worker.
fn empty_library(folder: &std::path::Path) -> Engine {
    Engine::open(EngineOptions {
        data_dir: Some(folder.join("data")),
        runtime_dir: Some(folder.join("runtime")),
        bin_dir: Some(folder.join("bin")),
        mode: OpenMode::ReadWrite,
        background: Background::Nothing,
    })
    .unwrap()
}

#[test]
fn a_profile_that_is_gone_from_the_settings_gives_way_to_auto() {
    let temp = tempfile::tempdir().unwrap();
    let engine = empty_library(temp.path());
    engine.set_setting("profile", "gone".into()).unwrap();
    let mut request = AskRequest {
        question: "When was the mill built?".to_owned(),
        ..AskRequest::default()
    };
    let mut notices = Vec::new();
    let answer = engine
        .ask(&request, &CancelToken::new(), &mut |event| {
            if let AskEvent::Notice(notice) = event {
                notices.push(notice.code);
            }
        })
        .unwrap();
    assert_eq!(answer.mode, AnswerMode::NotFound);
    assert!(notices.contains(&"profile_missing".to_owned()), "{notices:?}");

    request.profile = Some("gone".to_owned());
    let named = engine.ask(&request, &CancelToken::new(), &mut |_| {});
    assert_eq!(named.unwrap_err().code, "unknown_profile");
}

#[test]
fn signs_alone_ask_nothing_and_the_list_is_told_without_a_search() {
    let temp = tempfile::tempdir().unwrap();
    let engine = empty_library(temp.path());
    let ask = |question: &str| {
        let request = AskRequest {
            question: question.to_owned(),
            ..AskRequest::default()
        };
        engine.ask(&request, &CancelToken::new(), &mut |_| {})
    };
    for signs in ["?", " …!? ", "。"] {
        assert_eq!(ask(signs).unwrap_err().code, "empty_question", "{signs}");
    }
    assert!(engine.conversations("").unwrap().is_empty());
    let list = ask("Which documents do I have?").unwrap();
    assert_eq!(
        (list.mode, list.text.as_str()),
        (AnswerMode::Listed, "No document can be asked yet.")
    );
}
