//! Embedders and rerankers that DocMind knows by name (`assets/models.toml`), and which of them are at hand.

use crate::engine::Engine;
use crate::workers::model_folder;
use serde::{Deserialize, Serialize};

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
    /// Its folder is there.
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
    /// SPDX name.
    pub license: String,
    /// Of the FP32 file.
    pub size_mib: u32,
    /// ISO 639-1 codes; `*` for many.
    #[serde(default)]
    pub languages: Vec<String>,
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
                KnownKind::Reranker => files.runtime_dir.join("rerankers"),
            };
            let folder = model_folder(&entry.name, &own, &shipped);
            KnownModel {
                kind,
                installed: folder.is_dir(),
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
                .all(|entry| entry.size_mib > 0 && !entry.about.is_empty())
        );
    }
}
