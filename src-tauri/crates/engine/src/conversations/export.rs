//! A conversation as a file: Markdown, one HTML page that loads nothing, or evidence. The first two quote the cited passages with document
//! and page, in the words of the window's language.

use crate::evidence::Evidence;
use docmind_core::answer::{Answer, AnswerMode, Citation, Coverage, FinishReason, Support};
use docmind_core::conversation::Turn;
use docmind_core::words::Language;
use std::fmt::Write;

/// What to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Plain text with marks.
    Markdown,
    /// One page without script, style sheet or picture from elsewhere.
    Html,
    /// What can be proved again: see [`crate::evidence`].
    Evidence,
}

/// The whole conversation as text of the format. What stands around questions and answers is in `language`.
pub fn export(format: ExportFormat, language: Language, title: &str, turns: &[Turn]) -> String {
    match format {
        ExportFormat::Markdown => markdown(language, title, turns),
        ExportFormat::Html => html(language, title, turns),
        ExportFormat::Evidence => Evidence::of(title, turns).to_text(),
    }
}

fn markdown(language: Language, title: &str, turns: &[Turn]) -> String {
    let mut out = format!("# {}\n", one_line(title));
    for turn in turns {
        let _infallible = write!(
            out,
            "\n## {}\n\n{}\n",
            one_line(&turn.question),
            turn.answer.text.trim()
        );
        for note in notes(language, &turn.answer) {
            let _infallible = write!(out, "\n_{note}_\n");
        }
        for (citation, unsupported) in passages(&turn.answer) {
            let _infallible = write!(out, "\n> [{}] {}", citation.n, quoted_lines(&citation.quote));
            let _infallible = writeln!(
                out,
                "\n>\n> — {}",
                place(language, &one_line(&citation.title), citation.page, unsupported)
            );
        }
    }
    out
}

fn html(language: Language, title: &str, turns: &[Turn]) -> String {
    let title = escape(&one_line(title));
    let mut out = format!(
        "<!doctype html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n\
         body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; color: #222; background: #fff }}\n\
         .answer {{ white-space: pre-wrap }}\nblockquote {{ margin: 1rem 0; padding: 0 1rem; border-left: 3px solid #999; white-space: pre-wrap }}\n\
         cite {{ display: block; font-size: 14px; color: #555; white-space: normal }}\n.note {{ color: #555; font-style: italic }}\n\
         </style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    for turn in turns {
        let _infallible = write!(
            out,
            "<h2>{}</h2>\n<div class=\"answer\">{}</div>\n",
            escape(&one_line(&turn.question)),
            escape(turn.answer.text.trim())
        );
        for note in notes(language, &turn.answer) {
            let _infallible = writeln!(out, "<p class=\"note\">{}</p>", escape(&note));
        }
        for (citation, unsupported) in passages(&turn.answer) {
            let _infallible = writeln!(
                out,
                "<blockquote>[{}] {}<cite>{}</cite></blockquote>",
                citation.n,
                escape(&citation.quote),
                escape(&place(language, &one_line(&citation.title), citation.page, unsupported)),
            );
        }
    }
    out.push_str("</body>\n</html>\n");
    out
}

/// Each cited passage once, in order of its first use, and whether a sentence that cites it goes beyond it.
fn passages(answer: &Answer) -> Vec<(&Citation, bool)> {
    let mut out: Vec<(&Citation, bool)> = Vec::new();
    for citation in &answer.citations {
        let unsupported = citation.support == Support::Unsupported;
        let known = out
            .iter_mut()
            .find(|(known, _)| known.n == citation.n && known.quote == citation.quote);
        match known {
            Some((_, any)) => *any |= unsupported,
            None => out.push((citation, unsupported)),
        }
    }
    out
}

/// Where a passage stands, and whether its sentence goes beyond it.
fn place(language: Language, title: &str, page: u32, unsupported: bool) -> String {
    let (word, doubt) = match language {
        Language::English => ("page", "does not support the sentence that cites it"),
        Language::German => ("Seite", "stützt den Satz nicht, der sie anführt"),
    };
    if unsupported {
        format!("{title}, {word} {page} ({doubt})")
    } else {
        format!("{title}, {word} {page}")
    }
}

/// How the answer came about and ended, where that is worth a word.
fn notes(language: Language, answer: &Answer) -> Vec<String> {
    let reach = answer.coverage.map(|coverage| covered(language, coverage));
    let [not_found, cancelled, interrupted, length, extractive] = match language {
        Language::English => [
            "Not found in the documents.",
            "Stopped before its end.",
            "Interrupted before its end.",
            "Cut at the allowed length.",
            "Sentences taken from the documents, not written by a model.",
        ],
        Language::German => [
            "In den Dokumenten nicht gefunden.",
            "Vor dem Ende angehalten.",
            "Vor dem Ende abgebrochen.",
            "Bei der erlaubten Länge abgeschnitten.",
            "Sätze aus den Dokumenten, nicht von einem Modell geschrieben.",
        ],
    };
    let end = match (answer.mode, answer.finish) {
        (AnswerMode::NotFound, _) => Some(not_found),
        (_, FinishReason::Cancelled) => Some(cancelled),
        (_, FinishReason::Interrupted) => Some(interrupted),
        (_, FinishReason::Length) => Some(length),
        (AnswerMode::Extractive, FinishReason::Stop) => Some(extractive),
        (AnswerMode::Generated | AnswerMode::Listed, FinishReason::Stop) => None,
    };
    reach.into_iter().chain(end.map(str::to_owned)).collect()
}

/// How many documents an answer rests on; as the window says it.
fn covered(language: Language, Coverage { asked, found, quoted }: Coverage) -> String {
    let all = quoted >= found;
    match (language, all) {
        (Language::English, true) if found == 1 => format!("1 of {asked} documents says something about this."),
        (Language::English, true) => format!("{found} of {asked} documents say something about this."),
        (Language::English, false) => {
            format!("{found} of {asked} documents say something about this, {quoted} of them are quoted.")
        }
        (Language::German, true) if found == 1 => format!("1 von {asked} Dokumenten sagt etwas dazu."),
        (Language::German, true) => format!("{found} von {asked} Dokumenten sagen etwas dazu."),
        (Language::German, false) => {
            format!("{found} von {asked} Dokumenten sagen etwas dazu, {quoted} davon sind zitiert.")
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn quoted_lines(text: &str) -> String {
    text.trim().lines().collect::<Vec<_>>().join("\n> ")
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Overrides of the writing direction could show another text than the one that is there.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use docmind_core::document::{ContentHash, DocumentId, Span};

    fn turn() -> Turn {
        let citation = Citation {
            n: 1,
            source: 1,
            document_id: DocumentId(3),
            document_hash: ContentHash("00".to_owned()),
            path: "/lease.pdf".to_owned(),
            title: "Lease <2024>".to_owned(),
            page: 7,
            span: Span::new(0, 4),
            quote: "Two\nrents.".to_owned(),
            sentence: "Two rents are due [1].".to_owned(),
            support: Support::Unsupported,
        };
        Turn {
            question: "What is\ndue?".to_owned(),
            standalone: None,
            sources: Vec::new(),
            recalled: Vec::new(),
            written: None,
            answer: Answer {
                mode: AnswerMode::Generated,
                finish: FinishReason::Cancelled,
                text: "Two rents are due [1]. <script>alert(1)</script>".to_owned(),
                thinking: None,
                citations: vec![citation.clone(), citation],
                uncited: Vec::new(),
                coverage: None,
                stats: None,
            },
            asked_at_ms: 0.0,
        }
    }

    #[test]
    fn markdown_quotes_each_passage_once() {
        assert_eq!(
            export(ExportFormat::Markdown, Language::English, "Lease", &[turn()]),
            "# Lease\n\n## What is due?\n\nTwo rents are due [1]. <script>alert(1)</script>\n\n_Stopped before its end._\n\n\
             > [1] Two\n> rents.\n>\n> — Lease <2024>, page 7 (does not support the sentence that cites it)\n"
        );
    }

    #[test]
    fn a_doubt_about_a_later_sentence_is_kept() {
        let mut turn = turn();
        turn.answer.citations[0].support = Support::Supported;
        let text = export(ExportFormat::Markdown, Language::English, "Lease", &[turn]);
        assert_eq!(text.matches("> [1]").count(), 1, "{text}");
        assert!(
            text.ends_with("(does not support the sentence that cites it)\n"),
            "{text}"
        );
    }

    #[test]
    fn what_stands_around_the_answer_is_in_the_window_s_language() {
        let mut turn = turn();
        turn.answer.coverage = Some(Coverage {
            asked: 90,
            found: 60,
            quoted: 50,
        });
        let text = export(ExportFormat::Markdown, Language::German, "Miete", &[turn.clone()]);
        assert!(
            text.ends_with(
                "_60 von 90 Dokumenten sagen etwas dazu, 50 davon sind zitiert._\n\n_Vor dem Ende angehalten._\n\n\
                 > [1] Two\n> rents.\n>\n> — Lease <2024>, Seite 7 (stützt den Satz nicht, der sie anführt)\n"
            ),
            "{text}"
        );
        let page = export(ExportFormat::Html, Language::German, "Miete", &[turn]);
        assert!(page.contains("Lease &lt;2024&gt;, Seite 7 (stützt"), "{page}");
    }

    #[test]
    fn html_runs_nothing() {
        let page = export(ExportFormat::Html, Language::English, "</title><script>", &[turn()]);
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(page.contains("Lease &lt;2024&gt;, page 7"));
    }
}
