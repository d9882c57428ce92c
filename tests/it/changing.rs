//! Documents that change, copies, tables and whole documents: what a person asks of them, with the real workers.

use crate::house::{House, add, ask, folder, id_of, question, report};
use anyhow::{Result, ensure};
use docmind_core::answer::AnswerMode;
use docmind_core::cancel::CancelToken;
use docmind_core::document::DocumentState;
use docmind_engine::Background;
use docmind_engine::ask::AskRequest;
use docmind_engine::search::Scope;
use std::fmt::Write as _;

#[test]
fn a_changed_document_is_read_again_and_follow_ups_answer_from_it() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let (_temp, folder) = folder()?;
    let lease = folder.join("lease.txt");
    std::fs::write(
        &lease,
        "The monthly rent of the mill is 500 euros. It is paid on the first.",
    )?;
    let engine = house.open(Background::Ingest)?;
    add(&engine, &lease)?;
    let id = id_of(&engine, &lease)?;
    let (answer, conversation) = ask(&engine, &question("How much is the monthly rent of the mill?"))?;
    assert!(answer.text.contains("500"), "{}", answer.text);
    assert_eq!(engine.retry(&[id]).map_err(report)?, 0, "nothing changed");

    std::fs::write(
        &lease,
        "The monthly rent of the mill is 675 euros. It is paid on the first.",
    )?;
    assert!(engine.document(id).map_err(report)?.changed);
    assert_eq!(engine.retry(&[id]).map_err(report)?, 1);
    engine.wait_for_ingest(&CancelToken::new()).map_err(report)?;
    let again = AskRequest {
        conversation: Some(conversation),
        ..question("And how much is the monthly rent of the mill now?")
    };
    let (answer, _) = ask(&engine, &again)?;
    assert!(
        answer.text.contains("675") && !answer.text.contains("500"),
        "{}",
        answer.text
    );

    std::fs::remove_file(&lease)?;
    let gone = engine.retry(&[id]).expect_err("the file is gone");
    assert_eq!(gone.code, "file_missing");
    engine.close();
    Ok(())
}

#[test]
fn a_copy_that_is_chosen_is_searched() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let (_temp, folder) = folder()?;
    for name in ["first.txt", "copy.txt"] {
        std::fs::write(folder.join(name), "The weir is opened at dawn by the miller.")?;
    }
    let engine = house.open(Background::Ingest)?;
    add(&engine, &folder.join("first.txt"))?;
    add(&engine, &folder.join("copy.txt"))?;
    let copy = id_of(&engine, &folder.join("copy.txt"))?;
    assert_eq!(engine.document(copy).map_err(report)?.state, DocumentState::Duplicate);
    let scope = Scope::Documents { ids: vec![copy] };
    let (answer, _) = ask(
        &engine,
        &AskRequest {
            scope,
            ..question("Who opens the weir?")
        },
    )?;
    assert_eq!(answer.mode, AnswerMode::Extractive, "{}", answer.text);

    let collection = engine.create_collection("Copies").map_err(report)?;
    engine.add_to_collection(collection, &[copy]).map_err(report)?;
    assert_eq!(engine.collection_documents(collection).map_err(report)?, [copy]);
    engine.remove_from_collection(collection, &[copy]).map_err(report)?;
    assert!(engine.collection_documents(collection).map_err(report)?.is_empty());
    engine.close();
    Ok(())
}

#[test]
fn a_document_is_summed_up_from_its_beginning() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let (_temp, folder) = folder()?;
    let rules = folder.join("rules.txt");
    std::fs::write(
        &rules,
        "These rules are for everybody in the house. Quiet hours begin at ten. Bicycles stand in the yard.",
    )?;
    std::fs::write(folder.join("menu.txt"), "On Mondays there is soup in the canteen.")?;
    let engine = house.open(Background::Ingest)?;
    add(&engine, &folder)?;
    let scope = Scope::Documents {
        ids: vec![id_of(&engine, &rules)?],
    };
    let (answer, conversation) = ask(
        &engine,
        &AskRequest {
            scope,
            ..question("Summarize this document.")
        },
    )?;
    assert_eq!(answer.mode, AnswerMode::Extractive, "{}", answer.text);
    assert!(
        answer.text.starts_with("These rules are for everybody"),
        "{}",
        answer.text
    );
    assert_eq!(answer.citations.len(), 3, "{:?}", answer.citations);

    // By its name, where only one has it.
    let (answer, _) = ask(&engine, &question("Give me a summary of the rules, please"))?;
    assert!(
        answer.text.starts_with("These rules are for everybody"),
        "{}",
        answer.text
    );

    // In a conversation it is the document that was cited; with nothing to go by it is not guessed.
    let about_it = AskRequest {
        conversation: Some(conversation),
        ..question("What is this document about?")
    };
    assert_eq!(ask(&engine, &about_it)?.0.mode, AnswerMode::Extractive);
    let (answer, _) = ask(&engine, &question("Summarize this document."))?;
    assert_eq!(answer.mode, AnswerMode::NotFound, "{}", answer.text);
    engine.close();
    Ok(())
}

#[test]
fn rows_deep_in_a_table_are_answered_under_its_header() -> Result<()> {
    let Some(house) = House::new()? else { return Ok(()) };
    let (_temp, folder) = folder()?;
    let table = folder.join("hotels.csv");
    let mut text = "City,Highest price a night,Breakfast\n".to_owned();
    for row in 0..120 {
        writeln!(text, "Town number {row},{} euros,included", 100 + row)?;
    }
    text.push_str("Oslo,190 euros,not included\n");
    std::fs::write(&table, text)?;
    let engine = house.open(Background::Ingest)?;
    add(&engine, &table)?;
    let (answer, _) = ask(&engine, &question("What is the highest price a night in Oslo?"))?;
    ensure!(answer.text.contains("190"), "{}", answer.text);
    assert!(
        answer.text.starts_with("| City | Highest price a night | Breakfast |"),
        "{}",
        answer.text
    );
    engine.close();
    Ok(())
}
