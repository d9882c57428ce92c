//! Answers that a language model writes, against those that a folder knows.

use super::dataset::Dataset;
use super::library::LabelledLibrary;
use super::statements::squeezed;
use crate::ask::AskRequest;
use docmind_core::answer::{Answer, AnswerMode, Support};
use docmind_core::cancel::CancelToken;
use docmind_core::error::ErrorReport;
use serde::Serialize;

/// Most questions that are put to the model, spread over the folder.
const MOST_QUESTIONS: usize = 100;

/// How well a model answers from what was found. Shares from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WrittenEval {
    /// `measured`, or `skipped` where `reason` says why.
    pub status: String,
    /// Why nothing was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The model's name.
    pub model: String,
    /// The profile that it ran with.
    pub profile: String,
    /// Questions put to it.
    pub questions: usize,
    /// Its answer holds the known one.
    pub answer_contained: f64,
    /// It cites the document that the question is about.
    pub right_document_cited: f64,
    /// Of the statements that it cites a source for, those that the source supports.
    pub citations_supported: f64,
    /// Answered with "not found", although the documents say it.
    pub refused: f64,
}

/// Puts answerable questions to a model, each in a conversation of its own. A model of random weights is not measured.
///
/// # Errors
/// `no_such_model`, those of asking, `cancelled`.
pub(super) fn written(
    dataset: &Dataset,
    library: &LabelledLibrary,
    answerable: &[usize],
    model: &str,
    cancel: &CancelToken,
) -> Result<WrittenEval, ErrorReport> {
    let engine = &library.engine;
    let profile = engine.profile(&engine.settings().profile)?;
    let card = engine.0.generators.family(model)?.file_for(&profile).shape.card.clone();
    let mut eval = WrittenEval {
        status: "measured".to_owned(),
        model: card.name,
        profile: profile.name,
        ..WrittenEval::default()
    };
    if card.synthetic {
        "skipped".clone_into(&mut eval.status);
        eval.reason = Some("synthetic weights".to_owned());
        return Ok(eval);
    }
    let mut tally = Tally::default();
    for query in spread(answerable, MOST_QUESTIONS) {
        let request = AskRequest {
            question: dataset.queries[query].text.clone(),
            model: Some(model.to_owned()),
            ..AskRequest::default()
        };
        let answer = engine.ask(&request, cancel, &mut |_| ())?;
        let is_relevant = |cited: &docmind_core::answer::Citation| {
            let place = library.places.get(&cited.document_id);
            place.is_some_and(|place| dataset.relevant[query].contains_key(place))
        };
        let cites_it = answer.citations.iter().any(is_relevant);
        tally.count(&answer, &dataset.queries[query].answers, cites_it);
    }
    tally.write(&mut eval);
    Ok(eval)
}

/// At most so many, evenly over all.
fn spread(all: &[usize], most: usize) -> impl Iterator<Item = usize> {
    let count = all.len().min(most);
    (0..count).map(move |at| all[at * all.len() / count])
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    questions: usize,
    contained: usize,
    cited: usize,
    refused: usize,
    citations: usize,
    supported: usize,
}

impl Tally {
    fn count(&mut self, answer: &Answer, known: &[String], cites_it: bool) {
        let text = squeezed(&answer.text);
        self.questions += 1;
        self.contained += usize::from(known.iter().any(|known| text.contains(&squeezed(known))));
        self.cited += usize::from(cites_it);
        self.refused += usize::from(answer.mode == AnswerMode::NotFound);
        self.citations += answer.citations.len();
        let supported = |support: Support| support == Support::Supported;
        self.supported += answer.citations.iter().filter(|cited| supported(cited.support)).count();
    }

    fn write(self, eval: &mut WrittenEval) {
        eval.questions = self.questions;
        eval.answer_contained = super::answers::share(self.contained, self.questions);
        eval.right_document_cited = super::answers::share(self.cited, self.questions);
        eval.refused = super::answers::share(self.refused, self.questions);
        eval.citations_supported = super::answers::share(self.supported, self.citations);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docmind_core::answer::FinishReason;

    fn answer(mode: AnswerMode, text: &str) -> Answer {
        Answer {
            mode,
            finish: FinishReason::Stop,
            text: text.to_owned(),
            thinking: None,
            citations: Vec::new(),
            uncited: Vec::new(),
            coverage: None,
            stats: None,
        }
    }

    #[test]
    fn answers_are_counted_by_what_they_hold() {
        let known = ["three  months".to_owned()];
        let mut tally = Tally::default();
        tally.count(
            &answer(AnswerMode::Generated, "The tenant gives Three months' notice [1]."),
            &known,
            true,
        );
        tally.count(
            &answer(AnswerMode::NotFound, "Not found in your documents."),
            &known,
            false,
        );
        let mut eval = WrittenEval::default();
        tally.write(&mut eval);
        assert_eq!((eval.questions, eval.answer_contained), (2, 0.5));
        assert_eq!((eval.right_document_cited, eval.refused), (0.5, 0.5));
        assert_eq!(eval.citations_supported, 0.0, "none was given");
    }

    #[test]
    fn questions_are_spread_over_the_folder() {
        assert_eq!(spread(&[3, 4, 5], 100).collect::<Vec<_>>(), [3, 4, 5]);
        let all: Vec<usize> = (0..1000).collect();
        let some: Vec<usize> = spread(&all, 4).collect();
        assert_eq!(some, [0, 250, 500, 750]);
        assert_eq!(spread(&[], 4).count(), 0);
    }
}
