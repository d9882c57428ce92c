//! `cargo xtask llama-tools`: llama.cpp's own `llama-bench`, `llama-completion` and `llama-perplexity`, to measure and to check against.
//!
//! llama.cpp's crate leaves their source out. It comes from the source package of the Python binding, and is compiled with the crate's
//! headers against the very libraries that DocMind runs, so that what differs is never llama.cpp's version. The tools go to
//! `llama-tools/` beside the binaries, with the same CPU modules that DocMind chooses from, and with them the vocabulary that comes with
//! llama.cpp, which stands in for Qwen's where speech is measured.

use crate::{app, backend, native, shell};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

const REQUIREMENT: &str = "llama-cpp-python==0.3.36";
const SHA256: &str = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e";
/// Where llama.cpp lies in the package.
const LLAMA_CPP: &str = "llama_cpp_python-0.3.36/vendor/llama.cpp";
const VOCABULARY: &str = "models/ggml-vocab-qwen2.gguf";
/// Each tool with the folder of its source.
const TOOLS: &[(&str, &str)] = &[
    ("llama-bench", "tools/llama-bench"),
    ("llama-completion", "tools/completion"),
    ("llama-perplexity", "tools/perplexity"),
];
/// The module that DocMind leaves alone (`backend.rs` of `docmind-llama` says why): llama.cpp would choose it where it fits.
const NOT_CHOSEN: &str = "libggml-cpu-sapphirerapids.so";

/// Builds the application where it is not built, then the tools.
pub fn llama_tools() -> Result<()> {
    let built = app::build_as(app::Profile::Debug)?;
    let folder = build(&shell::cache_dir()?, &built)?;
    eprintln!("  {}", folder.display());
    Ok(())
}

/// Builds what is missing; gives the tools' folder.
pub fn build(cache: &Path, built: &app::Built) -> Result<PathBuf> {
    let source = unpacked(cache)?;
    let headers = backend::llama_source()?;
    let folder = built.bin_dir.join("llama-tools");
    std::fs::create_dir_all(&folder)?;
    let runtime = built.bin_dir.join("runtime");
    for (name, sources) in TOOLS {
        let tool = folder.join(name);
        if !is_newer(&tool, &runtime.join("libllama.so.0")) {
            compile(&source.join(sources), &headers, &runtime, &tool)?;
        }
    }
    for module in std::fs::read_dir(runtime.join("backends"))? {
        let module = module?;
        let name = module.file_name();
        if name.to_string_lossy().starts_with("libggml-cpu-") && name != NOT_CHOSEN {
            shell::place(&module.path(), &folder.join(name))?;
        }
    }
    shell::place(&source.join(VOCABULARY), &folder.join("ggml-vocab-qwen2.gguf"))?;
    Ok(folder)
}

/// The package's llama.cpp, of which only what is needed is unpacked.
fn unpacked(cache: &Path) -> Result<PathBuf> {
    let folder = cache.join(format!("llama-tools-{}", &SHA256[..12]));
    let source = folder.join(LLAMA_CPP);
    if source.join(VOCABULARY).is_file() {
        return Ok(source);
    }
    let package = native::source_package(REQUIREMENT, SHA256, cache)?;
    let partial = folder.with_extension("partial");
    let _ = std::fs::remove_dir_all(&partial);
    std::fs::create_dir_all(&partial)?;
    let mut tar = shell::command("tar", &["-xzf"]);
    tar.arg(&package).arg("-C").arg(&partial);
    tar.arg(format!("{LLAMA_CPP}/{VOCABULARY}"));
    tar.args(TOOLS.iter().map(|(_, sources)| format!("{LLAMA_CPP}/{sources}")));
    shell::run(&mut tar)?;
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::rename(&partial, &folder)?;
    Ok(source)
}

fn is_newer(tool: &Path, library: &Path) -> bool {
    let written = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    match (written(tool), written(library)) {
        (Some(tool), Some(library)) => tool > library,
        _ => false,
    }
}

fn compile(sources: &Path, headers: &Path, runtime: &Path, tool: &Path) -> Result<()> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(sources)
        .with_context(|| format!("`{}` is missing", sources.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "cpp"))
        .collect();
    files.sort();
    let partial = tool.with_extension("partial");
    let mut compiler = shell::command("c++", &["-std=c++17", "-O2", "-pthread"]);
    for include in ["include", "ggml/include", "common", "vendor"] {
        compiler.arg("-I").arg(headers.join(include));
    }
    compiler.args(files).arg("-o").arg(&partial);
    compiler.args(["llama-common", "llama", "ggml", "ggml-base"].map(|name| runtime.join(format!("lib{name}.so.0"))));
    compiler.arg("-Wl,-rpath,$ORIGIN/../runtime");
    // Libraries of libraries are found where those lie.
    compiler.arg(format!("-Wl,-rpath-link,{}", runtime.display()));
    shell::run(&mut compiler)?;
    std::fs::rename(&partial, tool)?;
    Ok(())
}
