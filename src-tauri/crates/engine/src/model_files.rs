//! A model and its files: one GGUF, or a folder with the same model in several quantizations.

use crate::error::EngineError;
use crate::models::make_command;
use docmind_core::error::{ErrorReport, Notice};
use docmind_core::model::{ModelShape, WeightType};
use docmind_core::profile::Profile;
use std::path::{Path, PathBuf};

/// A GGUF file that was looked into.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFile {
    /// Where it is.
    pub path: String,
    /// What it says of itself.
    pub shape: ModelShape,
}

/// One model in the quantizations that are at hand; never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFamily {
    /// The file that was named, where one was.
    given: Option<usize>,
    files: Vec<ModelFile>,
}

impl ModelFamily {
    /// All files.
    pub fn files(&self) -> &[ModelFile] {
        &self.files
    }

    /// With a file that lies elsewhere. False where that is another model; then nothing changed.
    #[must_use]
    pub fn join(&mut self, file: ModelFile) -> bool {
        if !same_model(&file.shape, &self.files[0].shape) {
            return false;
        }
        if self.files.iter().all(|known| known.path != file.path) {
            self.files.push(file);
        }
        true
    }

    /// The file with exactly these weights.
    pub fn with_weights(&self, weights: WeightType) -> Option<&ModelFile> {
        self.files.iter().find(|file| file.shape.card.weights == weights)
    }

    /// The file a profile runs: the one with its weights, else the one that was named, else the smallest.
    ///
    /// # Panics
    /// Never: a family has a file.
    pub fn file_for(&self, profile: &Profile) -> &ModelFile {
        let named = self.given.map(|at| &self.files[at]);
        // `auto` chooses how to run what was named; a profile of its own weights wants those.
        let wanted = if profile.name == "auto" { named } else { None };
        wanted
            .or_else(|| self.with_weights(profile.weights))
            .or(named)
            .or_else(|| self.files.iter().min_by_key(|file| file.shape.card.size_bytes))
            .expect("BUG: a family has a file")
    }

    /// Says so where a profile runs on other weights than its own, and how its own are come by. `auto` has none of its own.
    pub fn other_weights(&self, profile: &Profile) -> Option<Notice> {
        let (wanted, runs) = (profile.weights, self.file_for(profile).shape.card.weights);
        if profile.name == "auto" || wanted == runs {
            return None;
        }
        let remedy = match self.with_weights(WeightType::F16) {
            Some(source) => format!("Make them: {}", make_command(&source.path, wanted)),
            None => "Put the model's file with these weights, or its F16 file, into the same folder.".to_owned(),
        };
        Some(Notice::new(
            "weights_missing",
            format!(
                "The profile `{}` asks for {} weights, which are not at hand; {} weights run instead.\n{remedy}",
                profile.name,
                wanted.as_str(),
                runs.as_str()
            ),
        ))
    }
}

/// Finds a model by path, folder, or stored name. `inspect` looks into one file.
///
/// # Errors
/// [`EngineError::NoSuchModel`], and what `inspect` says of a single file.
pub fn find_model(
    name: &str,
    stored: &Path,
    inspect: &dyn Fn(&str) -> Result<ModelShape, ErrorReport>,
) -> Result<ModelFamily, ErrorReport> {
    let missing = || ErrorReport::from(EngineError::NoSuchModel { name: name.to_owned() });
    let candidates = [
        PathBuf::from(name),
        stored.join(name),
        stored.join(format!("{name}.gguf")),
    ];
    let found = candidates.into_iter().find(|path| path.exists()).ok_or_else(missing)?;
    let path = found.canonicalize().map_err(|_| missing())?;
    if path.is_dir() {
        let mut files: Vec<ModelFile> = gguf_files(&path)
            .into_iter()
            .filter_map(|path| inspect(&path).ok().map(|shape| ModelFile { path, shape }))
            .collect();
        let first = files.first().cloned().ok_or_else(missing)?;
        files.retain(|file| same_model(&file.shape, &first.shape));
        return Ok(ModelFamily { given: None, files });
    }
    let given = path.to_string_lossy().into_owned();
    let shape = inspect(&given)?;
    let mut files = vec![ModelFile {
        path: given.clone(),
        shape: shape.clone(),
    }];
    for sibling in path.parent().map(gguf_files).unwrap_or_default() {
        if sibling != given
            && let Ok(other) = inspect(&sibling)
            && same_model(&other, &shape)
        {
            files.push(ModelFile {
                path: sibling,
                shape: other,
            });
        }
    }
    Ok(ModelFamily { given: Some(0), files })
}

/// GGUF files of a folder, by name.
pub fn gguf_files(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<String> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
                && path.is_file()
        })
        .map(|path| path.to_string_lossy().into_owned())
        .collect();
    files.sort();
    files
}

/// The same model in another quantization: equal in everything but how its weights are stored. Two that were tuned from one differ in
/// their identity alone, where the tuning reached the last norm or the file names it, or what it was merged of; else they pass for one.
fn same_model(a: &ModelShape, b: &ModelShape) -> bool {
    let key = |shape: &ModelShape| {
        let card = &shape.card;
        (
            card.architecture.clone(),
            card.parameters,
            card.layers,
            card.hidden,
            card.heads,
            card.kv_heads,
            card.vocabulary,
            // Successors of one shape differ in it (Qwen3-4B: 40,960 tokens; of July 2025: 262,144).
            card.context_tokens,
            card.synthetic,
            shape.identity.clone(),
        )
    };
    key(a) == key(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use docmind_core::model::{CacheShape, ModelCard, WeightBytes};
    use std::fs;

    fn shape(weights: WeightType, identity: &str) -> ModelShape {
        ModelShape {
            card: ModelCard {
                name: "Qwen3-4B".into(),
                architecture: "qwen3".into(),
                weights,
                size_bytes: 1,
                parameters: 4_022_468_096,
                context_tokens: 262_144,
                layers: 36,
                hidden: 2560,
                heads: 32,
                kv_heads: 8,
                head_dim: 128,
                vocabulary: 151_936,
                synthetic: false,
            },
            weights: WeightBytes::default(),
            feed_forward: 9728,
            cache: CacheShape::default(),
            identity: identity.to_owned(),
        }
    }

    /// What stands for a file of that name.
    fn inspect(path: &str) -> Result<ModelShape, ErrorReport> {
        let weights = |name: &str| {
            if name.contains("Q8_0") {
                WeightType::Q8_0
            } else {
                WeightType::Q4KM
            }
        };
        let name = Path::new(path).file_name().unwrap().to_string_lossy().into_owned();
        let (identity, _) = name
            .split_once('-')
            .ok_or_else(|| ErrorReport::new("model_damaged", "Not one of these."))?;
        Ok(shape(weights(&name), identity))
    }

    #[test]
    fn models_tuned_from_one_are_no_family() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["Instruct-Q4_K_M", "Instruct-Q8_0", "Thinking-Q8_0"] {
            fs::write(folder.path().join(format!("{name}.gguf")), "").unwrap();
        }
        let names = |family: &ModelFamily| -> Vec<String> {
            let stem = |file: &ModelFile| {
                Path::new(&file.path)
                    .file_stem()
                    .unwrap()
                    .to_string_lossy()
                    .into_owned()
            };
            family.files().iter().map(stem).collect()
        };
        let named = folder.path().join("Instruct-Q4_K_M.gguf");
        let mut family = find_model(&named.to_string_lossy(), folder.path(), &inspect).unwrap();
        assert_eq!(names(&family), ["Instruct-Q4_K_M", "Instruct-Q8_0"]);
        let whole = find_model(&folder.path().to_string_lossy(), folder.path(), &inspect).unwrap();
        assert_eq!(names(&whole), ["Instruct-Q4_K_M", "Instruct-Q8_0"]);
        let file = |identity: &str| ModelFile {
            path: format!("/elsewhere/{identity}.gguf"),
            shape: shape(WeightType::F16, identity),
        };
        assert!(!family.join(file("Thinking")), "a stranger's half precision");
        assert!(family.join(file("Instruct")));
    }
}
