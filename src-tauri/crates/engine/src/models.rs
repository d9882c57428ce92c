//! Language models: those stored, fetched, removed, and making smaller ones.

use crate::engine::{Engine, OpenMode};
use crate::error::EngineError;
use crate::model_files::gguf_files;
use crate::window::Traffic;
use docmind_core::cancel::CancelToken;
use docmind_core::error::ErrorReport;
use docmind_core::measurement::QuantizeRequest;
use docmind_core::model::{ModelCard, WeightType};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// A model in the data folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct StoredModel {
    /// The file's stem: what `--model` takes.
    pub name: String,
    /// Where it is.
    pub path: String,
    /// What it says of itself; `None` where it could not be read.
    pub card: Option<ModelCard>,
    /// Why not.
    pub error: Option<ErrorReport>,
}

impl Engine {
    /// Models in the data folder, by name.
    ///
    /// # Errors
    /// The worker that looks into them is missing.
    pub fn models(&self) -> Result<Vec<StoredModel>, ErrorReport> {
        let paths = gguf_files(&self.data_dir().models());
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let _there = self.0.generators.worker()?;
        Ok(paths
            .into_iter()
            .map(|path| {
                let (card, error) = match self.0.generators.shape(&path) {
                    Ok(shape) => (Some(shape.card), None),
                    Err(report) => (None, Some(report)),
                };
                StoredModel {
                    name: stem(Path::new(&path)),
                    path,
                    card,
                    error,
                }
            })
            .collect())
    }

    /// Stores a GGUF file under its name: linked where the file system allows it, else copied. It is checked first. One that is
    /// stored already stays as it is.
    ///
    /// # Errors
    /// What is wrong with the file, `model_exists` where another has its name, and a full disk.
    pub fn add_model(
        &self,
        file: &Path,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<StoredModel, ErrorReport> {
        self.writable()?;
        let unreadable = |source| EngineError::FileUnreadable {
            path: file.to_owned(),
            source,
        };
        let source = file.canonicalize().map_err(unreadable)?;
        let shape = self.0.generators.worker()?.inspect(&source.to_string_lossy())?;
        let name = stem(&source);
        let target = self.data_dir().models().join(format!("{name}.gguf"));
        if !target.exists() || self.is_replaceable(&target)? {
            // Within the data folder a name that stands for nothing usable gives way.
            drop(fs::remove_file(&target));
            if fs::hard_link(&source, &target).is_err() {
                copy(&source, &target, cancel, progress)?;
            }
        } else if !same_content(&source, &target, cancel, progress)? {
            return Err(model_exists(&name));
        }
        Ok(StoredModel {
            name,
            path: target.to_string_lossy().into_owned(),
            card: Some(shape.card),
            error: None,
        })
    }

    /// Fetches a GGUF file from an https address that a person entered (http on this machine itself), and stores it: resumed where
    /// it broke off, checked against the server's hash where it tells one, and looked into before it counts. `progress` gets bytes
    /// done and in all.
    ///
    /// # Errors
    /// `not_in_catalogue` for what is no address of a GGUF file, `model_exists` where one of its name is stored, those of the network,
    /// and what is wrong with the file.
    pub fn pull_model(
        &self,
        address: &str,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<StoredModel, ErrorReport> {
        self.writable()?;
        let file = fetched_name(address)?;
        let target = self.data_dir().models().join(file);
        if target.exists() && !self.is_replaceable(&target)? {
            return Err(model_exists(&stem(&target)));
        }
        self.0.generators.download(address, &target, cancel, progress)?;
        let path = target.to_string_lossy().into_owned();
        match self.0.generators.worker()?.inspect(&path) {
            Ok(shape) => Ok(StoredModel {
                name: stem(&target),
                path,
                card: Some(shape.card),
                error: None,
            }),
            Err(report) => {
                // What is no model is not left among the models.
                drop(fs::remove_file(&target));
                Err(report)
            }
        }
    }

    /// True for a stored file that is no model: another may take its name.
    fn is_replaceable(&self, stored: &Path) -> Result<bool, ErrorReport> {
        let looked = self.0.generators.worker()?.inspect(&stored.to_string_lossy());
        // What the disk does not give out now may be a model all the same.
        Ok(looked.is_err_and(|report| {
            report.code == "not_a_model" || (report.code.starts_with("model_") && report.code != "model_unreadable")
        }))
    }

    /// Deletes a stored model.
    ///
    /// # Errors
    /// `no_such_model`, `read_only`, and the system's.
    pub fn remove_model(&self, name: &str) -> Result<(), ErrorReport> {
        self.writable()?;
        let missing = || EngineError::NoSuchModel { name: name.to_owned() };
        let path = gguf_files(&self.data_dir().models())
            .into_iter()
            .find(|path| stem(Path::new(path)) == name)
            .ok_or_else(missing)?;
        if self.0.generators.loaded().is_some() {
            self.0.generators.unload();
        }
        fs::remove_file(&path).map_err(EngineError::data_folder(Path::new(&path)))?;
        Ok(())
    }

    /// Makes a smaller file of a half-precision one. `progress` gets 0 to 1. Gives the new file.
    ///
    /// # Errors
    /// `path_not_utf8`, what is wrong with the source, a full disk, `cancelled`.
    pub fn quantize_model(
        &self,
        input: &Path,
        weights: WeightType,
        output: Option<&Path>,
        cancel: &CancelToken,
        progress: &mut dyn FnMut(f32),
    ) -> Result<(PathBuf, ModelCard), ErrorReport> {
        let output = output.map_or_else(|| quantized_name(input, weights), Path::to_owned);
        let request = QuantizeRequest {
            input: utf8(input)?,
            output: utf8(&output)?,
            weights,
            threads: 0,
        };
        let card = self.0.generators.worker()?.quantize(&request, cancel, progress)?;
        Ok((output, card))
    }

    /// Gives the model's memory back at once; the next question loads it again.
    pub fn unload_model(&self) {
        self.0.generators.unload();
    }

    /// Models that the server of the settings offers.
    ///
    /// # Errors
    /// The server cannot be reached, or its address is none.
    pub fn remote_models(&self, cancel: &CancelToken) -> Result<Vec<String>, ErrorReport> {
        self.0.generators.remote(&self.settings())?.list_models(cancel)
    }

    /// Bytes that went over the network since the start, by host; empty means silence.
    pub fn network_traffic(&self) -> Vec<Traffic> {
        self.0.generators.traffic().into_iter().map(Traffic::from).collect()
    }

    /// How the library was opened.
    pub fn mode(&self) -> OpenMode {
        if self.0.user.is_some() {
            OpenMode::ReadWrite
        } else {
            OpenMode::ReadOnly
        }
    }
}

/// The command that makes a missing file, as a shell takes it.
pub fn make_command(source: &str, weights: WeightType) -> String {
    // Within single quotes nothing means anything but the quote itself.
    let quoted = source.replace('\'', r"'\''");
    format!("docmind models quantize '{quoted}' --type {}", weights.as_str())
}

/// Over TLS, or from this machine itself.
fn is_fetched_from(address: &str) -> bool {
    let plain = address.strip_prefix("http://").map(|rest| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // Before an `@` stands whoever asks, and no host.
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        host.rsplit_once(':').map_or(host, |(host, _)| host)
    });
    address.starts_with("https://") || plain.is_some_and(|host| matches!(host, "127.0.0.1" | "localhost" | "[::1]"))
}

/// The name under which the file at `address` is stored.
fn fetched_name(address: &str) -> Result<&str, ErrorReport> {
    let file = address.rsplit('/').next().unwrap_or_default();
    let file = file.split(['?', '#']).next().unwrap_or_default();
    let safe = file
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && !file.starts_with('.');
    let is_gguf = Path::new(file).extension().is_some_and(|extension| extension == "gguf");
    let words = if !address.contains("://") {
        format!(
            "DocMind has no catalogue of language models to fetch `{address}` from.\nGive the https address of a GGUF file, or fetch the file yourself and store it: docmind models add FILE"
        )
    } else if !is_fetched_from(address) {
        format!(
            "`{address}` would come over an open connection, where it can be changed on the way.\nGive its https address."
        )
    } else if !is_gguf {
        format!(
            "`{address}` does not end in the name of a GGUF file.\nGive the address of the file itself, which ends in .gguf."
        )
    } else if safe {
        return Ok(file);
    } else {
        format!(
            "`{file}` has characters that no stored model's name has.\nFetch the file yourself and store it: docmind models add FILE"
        )
    };
    Err(ErrorReport::new("not_in_catalogue", words))
}

fn model_exists(name: &str) -> ErrorReport {
    ErrorReport::new(
        "model_exists",
        format!("A model named `{name}` is stored already.\nRemove it first: docmind models remove {name}"),
    )
}

/// A path as the worker takes it, which is told it as text.
fn utf8(path: &Path) -> Result<String, ErrorReport> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        ErrorReport::new(
            "path_not_utf8",
            format!(
                "The name of `{}` is not UTF-8.\nRename it, or choose another.",
                path.display()
            ),
        )
    })
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// `model-f16.gguf` becomes `model-q8_0.gguf`.
fn quantized_name(input: &Path, weights: WeightType) -> PathBuf {
    let stem = stem(input);
    let base = ["-f16", "_f16", ".f16", "-F16", "_F16", ".F16"]
        .iter()
        .find_map(|end| stem.strip_suffix(end))
        .unwrap_or(&stem);
    input.with_file_name(format!("{base}-{}.gguf", weights.as_str()))
}

fn copy(
    source: &Path,
    target: &Path,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), ErrorReport> {
    use std::io::{Read, Write};
    let part = target.with_extension("part");
    let result = (|| -> std::io::Result<bool> {
        let mut from = fs::File::open(source)?;
        let total = from.metadata()?.len();
        let mut to = fs::File::create(&part)?;
        let mut slice = vec![0; 4 << 20];
        let mut done = 0;
        loop {
            if cancel.is_cancelled() {
                return Ok(false);
            }
            let read = from.read(&mut slice)?;
            if read == 0 {
                break;
            }
            to.write_all(&slice[..read])?;
            done += read as u64;
            progress(done, total);
        }
        to.sync_all()?;
        fs::rename(&part, target)?;
        Ok(true)
    })();
    match result {
        Ok(true) => Ok(()),
        Ok(false) => {
            drop(fs::remove_file(&part));
            Err(EngineError::Cancelled.into())
        }
        Err(error) => {
            drop(fs::remove_file(&part));
            Err(EngineError::data_folder(target)(error).into())
        }
    }
}

/// True where both files hold the same bytes.
fn same_content(
    a: &Path,
    b: &Path,
    cancel: &CancelToken,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<bool, ErrorReport> {
    use std::io::{BufRead, BufReader};
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| ErrorReport::from(EngineError::FileUnreadable { path, source })
    };
    let open = |path: &Path| -> Result<(BufReader<fs::File>, fs::Metadata), ErrorReport> {
        let file = fs::File::open(path).map_err(unreadable(path))?;
        let metadata = file.metadata().map_err(unreadable(path))?;
        Ok((BufReader::with_capacity(1 << 20, file), metadata))
    };
    let ((mut left, of_left), (mut right, of_right)) = (open(a)?, open(b)?);
    let total = of_left.len();
    if total != of_right.len() {
        return Ok(false);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if (of_left.dev(), of_left.ino()) == (of_right.dev(), of_right.ino()) {
            return Ok(true);
        }
    }
    let mut done = 0;
    loop {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled.into());
        }
        let ours = left.fill_buf().map_err(unreadable(a))?;
        let theirs = right.fill_buf().map_err(unreadable(b))?;
        let count = ours.len().min(theirs.len());
        if count == 0 {
            return Ok(ours.is_empty() && theirs.is_empty());
        }
        if ours[..count] != theirs[..count] {
            return Ok(false);
        }
        left.consume(count);
        right.consume(count);
        done += count as u64;
        progress(done, total);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_are_known_wherever_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let long = vec![7; 3 << 20];
        let mut other = long.clone();
        other[2 << 20] = 8;
        let (a, b, c) = (write("a", &long), write("b", &long), write("c", &other));
        let linked = folder.path().join("linked");
        fs::hard_link(&a, &linked).unwrap();
        let same = |a: &Path, b: &Path| same_content(a, b, &CancelToken::new(), &mut |_, _| ()).unwrap();
        assert!(same(&a, &b) && same(&a, &linked));
        assert!(!same(&a, &c) && !same(&a, &write("d", b"short")));
    }

    #[test]
    fn an_address_that_is_not_fetched_says_why() {
        assert_eq!(
            fetched_name("https://models.example/q/tiny.gguf?download=true"),
            Ok("tiny.gguf")
        );
        for (address, words) in [
            ("qwen3-4b", "catalogue"),
            ("http://models.example/a.gguf", "open connection"),
            ("https://models.example/a.safetensors", "GGUF"),
            ("https://models.example/", "GGUF"),
            ("https://models.example/my%20model.gguf", "characters"),
            ("https://models.example/..gguf", "characters"),
        ] {
            let report = fetched_name(address).unwrap_err();
            assert_eq!(report.code, "not_in_catalogue");
            assert!(report.message.contains(words), "{address}: {}", report.message);
        }
    }

    #[test]
    fn models_come_over_tls_or_from_this_machine() {
        for address in [
            "https://models.example/a.gguf",
            "http://127.0.0.1:8080/a.gguf",
            "http://localhost/a.gguf",
        ] {
            assert!(is_fetched_from(address), "{address}");
        }
        for address in [
            "qwen3-4b",
            "http://models.example/a.gguf",
            "http://127.0.0.1.evil.example/a.gguf",
            "http://localhost:80@evil.example/a.gguf",
            "http://127.0.0.1:@evil.example:80/a.gguf",
            "file:///a.gguf",
        ] {
            assert!(!is_fetched_from(address), "{address}");
        }
    }

    #[test]
    fn the_command_that_makes_a_file_names_it_whole() {
        assert_eq!(
            make_command("/m/Ada's models/f16.gguf", WeightType::Q8_0),
            r"docmind models quantize '/m/Ada'\''s models/f16.gguf' --type q8_0"
        );
    }

    #[test]
    fn a_quantized_file_is_named_after_its_source() {
        assert_eq!(
            quantized_name(Path::new("/m/qwen3-4b-f16.gguf"), WeightType::Q4KM),
            Path::new("/m/qwen3-4b-q4_k_m.gguf")
        );
        assert_eq!(
            quantized_name(Path::new("/m/tiny.gguf"), WeightType::Q8_0),
            Path::new("/m/tiny-q8_0.gguf")
        );
    }
}
