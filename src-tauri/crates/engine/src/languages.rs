//! Whether the embedder knows the languages that the library is written in, and which one would.

use crate::catalogue::{KnownKind, KnownModel};
use crate::engine::Engine;
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::language::{self, UnknownText, mostly_unknown};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The code of [`LanguageOffer::notice`].
pub const LIBRARY_LANGUAGE: &str = "library_language";

/// Most of the library is in languages that the embedder does not know: what it is, and what would help.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LanguageOffer {
    /// In words: what is so, and what to do.
    pub notice: Notice,
    /// ISO 639-1 of the language that most of the unknown text is in.
    pub language: String,
    /// Documents in languages the embedder does not know.
    pub documents: u32,
    /// Documents whose language was told.
    pub told: u32,
    /// The unknown share of the library, over 0.5 to 1.
    pub share: f32,
    /// The embedder of the settings.
    pub embedder: String,
    /// One of the catalogue that knows the language.
    pub offered: String,
    /// The offered one's files are on this machine.
    pub installed: bool,
    /// Where they are, or where they would have to be.
    pub folder: String,
    /// Under which name its makers publish it.
    pub published: String,
    /// Of its FP32 file.
    pub size_mib: u32,
}

impl Engine {
    /// Says that most of the library is in languages the embedder does not know; `None` where it knows them, where it does not say
    /// what it knows, and for a few stray files.
    ///
    /// # Errors
    /// The store's own.
    pub fn language_offer(&self) -> Result<Option<LanguageOffer>, ErrorReport> {
        let embedder = self.settings().embedder;
        let known = self.embedder_languages(&embedder);
        let counts = self.0.library.languages()?;
        Ok(mostly_unknown(&counts, &known).and_then(|unknown| {
            let offered = self
                .known_models()
                .into_iter()
                .find(|model| model.kind == KnownKind::Embedder && knows(&model.entry.languages, &unknown.language))?;
            let place = self.data_dir().models().join(&offered.entry.name);
            Some(offer(
                unknown,
                &known,
                &embedder,
                &offered,
                &place,
                &self.data_dir().settings_file(),
            ))
        }))
    }
}

fn knows(languages: &[String], wanted: &str) -> bool {
    languages.iter().any(|code| code == "*" || code == wanted)
}

/// The offer in words. `place` is where a person puts the model's folder, `settings` the file the command line reads.
fn offer(
    unknown: UnknownText,
    known: &[String],
    embedder: &str,
    offered: &KnownModel,
    place: &Path,
    settings: &Path,
) -> LanguageOffer {
    let name = |code: &str| language::english_name(code).map_or_else(|| code.to_owned(), str::to_owned);
    let known: Vec<String> = known.iter().map(|code| name(code)).collect();
    let UnknownText {
        language,
        documents,
        told,
        share,
    } = unknown;
    let entry = &offered.entry;
    let mut lines = vec![format!(
        "Most of this library is not in {}: {documents} of the {told} documents whose language could be told are in others, the most in {}. The embedder `{embedder}` knows {} alone, \
         so that searching by meaning finds less in them; searching by words does not suffer.",
        known.join(" or "),
        name(&language),
        known.join(" and "),
    )];
    if !offered.installed {
        lines.push(format!(
            "`{}` knows it, but its files are not on this machine: fetch `{}` from where its makers publish it ({} MiB), and put its \
             ONNX file and `tokenizer.json` into `{}`.",
            entry.name,
            entry.published,
            entry.size_mib,
            place.display(),
        ));
    }
    lines.push(format!(
        "{} `{}` in the settings as the search model, or write {{\"embedder\": \"{}\"}} into `{}` while DocMind is closed; all \
         passages then get new vectors.",
        if offered.installed { "Choose" } else { "Then choose" },
        entry.name,
        entry.name,
        settings.display(),
    ));
    LanguageOffer {
        notice: Notice::new(LIBRARY_LANGUAGE, lines.join("\n")),
        language,
        documents,
        told,
        share,
        embedder: embedder.to_owned(),
        offered: entry.name.clone(),
        installed: offered.installed,
        folder: if offered.installed {
            offered.path.clone()
        } else {
            place.to_string_lossy().into_owned()
        },
        published: entry.published.clone(),
        size_mib: entry.size_mib,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Background, EngineOptions, OpenMode};
    use docmind_core::cancel::CancelToken;
    use docmind_core::document::ContentHash;
    use docmind_core::document::Page;
    use docmind_core::embedding::{EmbedderCard, Precision};
    use docmind_core::fakes::FakeEmbedder;
    use docmind_core::ports::{Embedder, PagesToEmbed};
    use docmind_store::{FileStamp, IndexedDocument, Library};
    use std::fs;

    fn open(data: &Path) -> Engine {
        Engine::open(EngineOptions {
            data_dir: Some(data.to_owned()),
            runtime_dir: Some(data.join("runtime")),
            bin_dir: Some(data.join("bin")),
            mode: OpenMode::ReadWrite,
            background: Background::Nothing,
        })
        .unwrap()
    }

    /// Commits documents of one language, as the pipeline would have.
    fn add(library: &Library, language: Option<&str>, documents: usize, text: &str) {
        let embedder = FakeEmbedder::default();
        let card: EmbedderCard = embedder.card().unwrap();
        assert_eq!(card.precision, Precision::Fp32);
        library.choose_embedder(&card).unwrap();
        for number in 0..documents {
            let text = format!("{text} {number}");
            let pages = vec![Page {
                number: 1,
                text: text.clone(),
                ..Page::default()
            }];
            let trip = [PagesToEmbed {
                title: "",
                pages: &pages,
            }];
            let chunks = embedder
                .chunk_and_embed(&trip, &CancelToken::new(), &mut |_, _| {})
                .unwrap()
                .remove(0);
            let stamp = FileStamp {
                path: format!("/{}-{text}.txt", language.unwrap_or("x")).into(),
                size_bytes: text.len() as u64,
                mtime_ns: 1,
            };
            let id = library.enqueue(std::slice::from_ref(&stamp), 1.0).unwrap().files[0].id();
            let document = IndexedDocument {
                stamp: &stamp,
                hash: &ContentHash(text.clone()),
                media_type: "text/plain",
                title: None,
                language,
                pages: &pages,
                failed_pages: &[],
                chunks,
                fingerprint: &card.fingerprint,
            };
            library.commit_document(id, document, 2.0).unwrap();
        }
    }

    #[test]
    fn a_library_in_another_language_is_offered_an_embedder_that_knows_it() {
        let data = tempfile::tempdir().unwrap();
        let engine = open(data.path());
        assert_eq!(engine.language_offer().unwrap(), None, "an empty library");
        add(&engine.0.library, Some("de"), 3, "Der Kessel pfeift.");
        assert_eq!(engine.language_offer().unwrap(), None, "three stray files");
        add(&engine.0.library, Some("fr"), 2, "La bouilloire siffle.");
        add(&engine.0.library, None, 40, "42");
        add(&engine.0.library, Some("en"), 1, "The kettle whistles.");

        let offer = engine.language_offer().unwrap().expect("five of six");
        assert_eq!((offer.language.as_str(), offer.documents, offer.told), ("de", 5, 6));
        assert_eq!(offer.offered, "multilingual-e5-small");
        assert!(!offer.installed);
        let message = &offer.notice.message;
        assert_eq!(offer.notice.code, LIBRARY_LANGUAGE);
        for said in [
            "not in English",
            "German",
            "not on this machine",
            "`all-MiniLM-L6-v2`",
            "settings.json",
        ] {
            assert!(message.contains(said), "{said}: {message}");
        }
        assert!(message.contains(&offer.folder), "where to put it: {message}");

        // Its files arrive: nothing is said of fetching them any more.
        let folder = data.path().join("models/multilingual-e5-small");
        fs::create_dir_all(folder.join("onnx")).unwrap();
        fs::write(folder.join("tokenizer.json"), "{}").unwrap();
        assert!(
            !engine.language_offer().unwrap().unwrap().installed,
            "no model file yet"
        );
        fs::write(folder.join("onnx/model_quantized.onnx"), "").unwrap();
        let offer = engine.language_offer().unwrap().unwrap();
        assert!(offer.installed);
        assert!(
            !offer.notice.message.contains("not on this machine"),
            "{}",
            offer.notice.message
        );

        // More English than anything else, or an embedder that knows the languages: nothing to say.
        engine.set_setting("embedder", "multilingual-e5-small".into()).unwrap();
        assert_eq!(engine.language_offer().unwrap(), None);
        engine.set_setting("embedder", "bge-small-en-v1.5".into()).unwrap();
        assert!(engine.language_offer().unwrap().is_some());
        add(&engine.0.library, Some("en"), 9, "The lid is stuck.");
        assert_eq!(engine.language_offer().unwrap(), None);
        engine.close();
    }

    #[test]
    fn the_card_in_an_embedders_folder_says_what_it_knows() {
        let data = tempfile::tempdir().unwrap();
        let engine = open(data.path());
        add(&engine.0.library, Some("de"), 6, "Der Deckel klemmt.");
        let own = data.path().join("models/own");
        fs::create_dir_all(&own).unwrap();
        engine.set_setting("embedder", "own".into()).unwrap();
        assert_eq!(engine.language_offer().unwrap(), None, "it says nothing");
        fs::write(own.join("card.json"), r#"{"name": "own", "languages": ["en"]}"#).unwrap();
        assert!(engine.language_offer().unwrap().is_some());
        fs::write(own.join("card.json"), r#"{"name": "own", "languages": ["en", "de"]}"#).unwrap();
        assert_eq!(engine.language_offer().unwrap(), None);
        engine.close();
    }
}
