//! Where the native parts are: the workers beside the executable, the libraries in `runtime/`.

use crate::error::EngineError;
use std::env;
use std::path::{Path, PathBuf};

/// Folders of the workers and of the native libraries.
#[derive(Clone, Debug)]
pub struct RuntimeFiles {
    /// Holds `docmind-parse`, `docmind-embed`, `docmind-generate`.
    pub bin_dir: PathBuf,
    /// Holds `libpdfium.so`, `libonnxruntime.so`, llama.cpp's libraries, `backends/`, `embedders/` and `rerankers/`.
    pub runtime_dir: PathBuf,
}

impl RuntimeFiles {
    /// Given folders win, then `DOCMIND_BIN_DIR` and `DOCMIND_RUNTIME_DIR`, then what lies beside the executable, then
    /// `/usr/lib/docmind`.
    pub fn find(bin_dir: Option<PathBuf>, runtime_dir: Option<PathBuf>) -> Self {
        let beside = env::current_exe()
            .ok()
            .and_then(|exe| exe.canonicalize().ok()?.parent().map(Path::to_owned));
        let from_environment = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let installed = Path::new("/usr/lib/docmind");
        let bin_dir = bin_dir
            .or_else(|| from_environment("DOCMIND_BIN_DIR"))
            .or_else(|| {
                beside
                    .clone()
                    .filter(|folder| folder.join(binary("docmind-parse")).is_file())
            })
            .or_else(|| {
                installed
                    .join(binary("docmind-parse"))
                    .is_file()
                    .then(|| installed.to_owned())
            })
            .or_else(|| beside.clone())
            .unwrap_or_default();
        let runtime_dir = runtime_dir
            .or_else(|| from_environment("DOCMIND_RUNTIME_DIR"))
            .or_else(|| {
                beside
                    .map(|folder| folder.join("runtime"))
                    .filter(|folder| folder.is_dir())
            })
            .unwrap_or_else(|| installed.join("runtime"));
        Self { bin_dir, runtime_dir }
    }

    /// The executable of a worker.
    ///
    /// # Errors
    /// [`EngineError::WorkerMissing`] where there is none.
    pub fn worker(&self, name: &str) -> Result<PathBuf, EngineError> {
        let path = self.bin_dir.join(binary(name));
        if path.is_file() {
            Ok(path)
        } else {
            Err(EngineError::WorkerMissing { name: name.to_owned() })
        }
    }

    /// Embedding models, a folder each.
    pub fn embedders(&self) -> PathBuf {
        self.runtime_dir.join("embedders")
    }

    /// Cross-encoders, a folder each.
    pub fn rerankers(&self) -> PathBuf {
        self.runtime_dir.join("rerankers")
    }
}

fn binary(name: &str) -> String {
    format!("{name}{}", env::consts::EXE_SUFFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_folders_win_and_a_missing_worker_is_named() {
        let temp = tempfile::tempdir().unwrap();
        let files = RuntimeFiles::find(Some(temp.path().to_owned()), Some(temp.path().join("r")));
        assert_eq!(files.runtime_dir, temp.path().join("r"));
        let error = files.worker("docmind-parse").unwrap_err();
        assert!(error.to_string().contains("docmind-parse"), "{error}");
        std::fs::write(temp.path().join(binary("docmind-parse")), "").unwrap();
        assert!(files.worker("docmind-parse").is_ok());
    }
}
