//! Embedders and rerankers that DocMind knows by name (`assets/models.toml`), and which of them are at hand.

use crate::engine::Engine;
use crate::workers::model_folder;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

const CATALOGUE: &str = include_str!("../../../../assets/models.toml");

/// What a known model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownKind {
    /// Makes vectors of passages and questions.
    Embedder,
    /// Orders the best passages anew.
    Reranker,
}

/// A model of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownModel {
    /// What it is for.
    pub kind: KnownKind,
    /// What the settings take.
    #[serde(flatten)]
    pub entry: CatalogueEntry,
    /// Its folder is there, with its files.
    pub installed: bool,
    /// Where it is, or where its folder would have to be.
    pub path: String,
}

/// What the catalogue says of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueEntry {
    /// Its name, and that of its folder.
    pub name: String,
    /// What it is good for, in a line.
    pub about: String,
    /// The name under which its makers publish it.
    pub published: String,
    /// SPDX name.
    pub license: String,
    /// Of the FP32 file.
    pub size_mib: u32,
    /// ISO 639-1 codes; `*` for many.
    #[serde(default)]
    pub languages: Vec<String>,
    /// Length of an embedder's vectors.
    #[serde(default, skip_serializing)]
    dimensions: u32,
}

#[derive(Deserialize)]
struct Catalogue {
    embedder: Vec<CatalogueEntry>,
    reranker: Vec<CatalogueEntry>,
}

fn catalogue() -> Catalogue {
    toml::from_str(CATALOGUE).expect("BUG: assets/models.toml is read by a test")
}

impl Engine {
    /// The embedders and rerankers known by name, embedders first.
    pub fn known_models(&self) -> Vec<KnownModel> {
        let Catalogue { embedder, reranker } = catalogue();
        let (own, files) = (self.data_dir().models(), self.runtime_files());
        let known = |kind, entry: CatalogueEntry| {
            let shipped = match kind {
                KnownKind::Embedder => files.embedders(),
                KnownKind::Reranker => files.rerankers(),
            };
            let folder = model_folder(&entry.name, &own, &shipped);
            KnownModel {
                kind,
                installed: is_whole(&folder),
                path: folder.to_string_lossy().into_owned(),
                entry,
            }
        };
        embedder
            .into_iter()
            .map(|entry| known(KnownKind::Embedder, entry))
            .chain(reranker.into_iter().map(|entry| known(KnownKind::Reranker, entry)))
            .collect()
    }
}

/// A folder with a tokenizer and a model file, where they are looked for when it is used.
fn is_whole(folder: &Path) -> bool {
    let has_model = |folder: &Path| {
        fs::read_dir(folder).is_ok_and(|entries| {
            entries
                .flatten()
                .any(|entry| entry.path().extension().is_some_and(|extension| extension == "onnx"))
        })
    };
    folder.join("tokenizer.json").is_file() && (has_model(folder) || has_model(&folder.join("onnx")))
}

/// What is asked of a model's folder here: as its `card.json` says, else as the catalogue does.
#[derive(Default, Deserialize)]
struct Card {
    #[serde(default)]
    languages: Vec<String>,
    #[serde(default)]
    dimensions: u32,
}

impl Card {
    fn of(folder: &Path) -> Self {
        let mut card: Self = fs::read(folder.join("card.json"))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let known = catalogue().embedder.into_iter();
        for entry in known.filter(|entry| folder.file_name().is_some_and(|file| file == entry.name.as_str())) {
            if card.languages.is_empty() {
                card.languages = entry.languages;
            }
            if card.dimensions == 0 {
                card.dimensions = entry.dimensions;
            }
        }
        card
    }
}

impl Engine {
    /// ISO 639-1 codes of the languages that an embedder of the settings knows, `*` for many. Empty where nobody says.
    pub(crate) fn embedder_languages(&self, name: &str) -> Vec<String> {
        let folder = model_folder(name, &self.data_dir().models(), &self.runtime_files().embedders());
        Card::of(&folder).languages
    }

    /// The folder of an embedder at hand with so many dimensions: that of the settings, else the first by name of a person's own, else of
    /// those that ship.
    pub(crate) fn embedder_of(&self, dimensions: u32) -> Option<PathBuf> {
        let (own, shipped) = (self.data_dir().models(), self.runtime_files().embedders());
        let chosen = model_folder(&self.settings().embedder, &own, &shipped);
        let others = [own, shipped].into_iter().flat_map(|parent| folders(&parent));
        std::iter::once(chosen)
            .chain(others)
            .find(|folder| Card::of(folder).dimensions == dimensions && is_whole(folder))
    }
}

/// By name.
fn folders(parent: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(parent)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_valid() {
        let Catalogue { embedder, reranker } = catalogue();
        assert!(embedder.iter().any(|entry| entry.name == "all-MiniLM-L6-v2"));
        assert!(
            embedder
                .iter()
                .chain(&reranker)
                .all(|entry| entry.size_mib > 0 && !entry.about.is_empty() && !entry.published.is_empty())
        );
        assert!(embedder.iter().all(|entry| entry.dimensions > 0));
        // What a library that the default does not know is offered.
        assert!(embedder.iter().any(|entry| entry.languages == ["*"]));
        assert!(embedder.iter().all(|entry| !entry.languages.is_empty()));
    }
    #[test]
    fn a_card_goes_before_the_catalogue() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("bge-large-en-v1.5");
        assert_eq!(Card::of(&folder).dimensions, 1024);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("card.json"), r#"{"dimensions": 768}"#).unwrap();
        let card = Card::of(&folder);
        assert_eq!((card.dimensions, card.languages), (768, vec!["en".to_owned()]));
        assert_eq!(Card::of(&temp.path().join("own")).dimensions, 0);
    }
}
