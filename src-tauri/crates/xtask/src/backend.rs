//! `cargo xtask backend cuda|vulkan`: a GPU module of ggml, built from the very source llama.cpp was built from, so that the two fit.
//!
//! CUDA comes from the system (`CUDA_PATH`, `nvcc` on the path) or, where there is none, from NVIDIA's wheels. The module goes to
//! `runtime/backends/`, the CUDA libraries it needs to `runtime/`. With CUDA comes ONNX Runtime's provider for it, so that documents are
//! embedded on the card as well.

use crate::native::Wheel;
use crate::{native, notices, shell};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// Wheels that together make a CUDA toolchain; versions of one release, so that compiler, headers and libraries agree.
const CUDA_WHEELS: &[Wheel] = &[
    Wheel {
        requirement: "nvidia-cuda-nvcc==13.0.88",
        sha256: "56fe502eb77625a12f25172caa3cdddb4e4c8ba2c8c17dba44b164761b380f03",
        platform: "manylinux_2_17_x86_64",
    },
    Wheel {
        requirement: "nvidia-nvvm==13.0.88",
        sha256: "c5f41ffeb6466944a026dfa5317d7d85355c119bbec279205d22f1869d1054e0",
        platform: "manylinux_2_12_x86_64",
    },
    Wheel {
        requirement: "nvidia-cuda-crt==13.0.88",
        sha256: "2c8043c7c9e02492716426e9919fc78d2c5b3b2a7a768a88e952676b08aa55a4",
        platform: "manylinux_2_17_x86_64",
    },
    Wheel {
        requirement: "nvidia-cuda-runtime==13.0.96",
        sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        platform: "manylinux_2_17_x86_64",
    },
    Wheel {
        requirement: "nvidia-cuda-cccl==13.0.85",
        sha256: "e0da7ad981f3a8aff08241b5bfc1af868742a63e2762f53a5171c492ef242649",
        platform: "manylinux_2_17_x86_64",
    },
    Wheel {
        requirement: "nvidia-cublas==13.0.2.14",
        sha256: "0cf238ffdbe46c00cb9aa98e7bca745c223a5ca5a53e686ac8b3e5a08fe80d6c",
        platform: "manylinux_2_27_x86_64",
    },
];

/// Turing, Ampere, Ada, Hopper and Blackwell for desktops; `--arch 89` alone builds in 17 minutes on two cores.
const CUDA_ARCHITECTURES: &str = "75;80;86;89;90;120";

/// Builds the module named by the first argument. `--arch LIST` (CUDA compute capabilities, such as `89` or `89;120`), `--jobs N`,
/// `--dry-run` stops before compiling.
pub fn backend(arguments: &[String]) -> Result<()> {
    let Some((kind, rest)) = arguments.split_first() else {
        bail!("which one? `cargo xtask backend cuda` or `vulkan`")
    };
    let options = Options::parse(rest)?;
    let source = llama_source()?;
    let cache = shell::cache_dir()?;
    match kind.as_str() {
        "cuda" => cuda(&source, &cache, &options),
        "vulkan" => vulkan(&source, &cache, &options),
        other => bail!("there is no backend `{other}`: cuda or vulkan"),
    }
}

struct Options {
    architectures: String,
    jobs: String,
    steps: Steps,
}

#[derive(PartialEq, Eq)]
enum Steps {
    All,
    ConfigureAlone,
}

impl Options {
    fn parse(words: &[String]) -> Result<Self> {
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        let mut options = Self {
            architectures: CUDA_ARCHITECTURES.into(),
            jobs: jobs.to_string(),
            steps: Steps::All,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().cloned().with_context(|| format!("`{word}` wants a value"));
            match word.as_str() {
                "--arch" => options.architectures = value()?.replace(',', ";"),
                "--jobs" => options.jobs = value()?,
                "--dry-run" => options.steps = Steps::ConfigureAlone,
                other => bail!("`{other}` is not understood: --arch LIST, --jobs N, --dry-run"),
            }
        }
        Ok(options)
    }
}

/// llama.cpp's source inside the crate that the lock file names.
pub fn llama_source() -> Result<PathBuf> {
    // Of this machine's packages alone: those for others were never fetched.
    let metadata = shell::output(&mut shell::command(
        "cargo",
        &[
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            &notices::host()?,
        ],
    ))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).context("cargo metadata gave no JSON")?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata lists no packages")?;
    let manifest = packages
        .iter()
        .find(|package| package["name"] == "llama-cpp-sys-2")
        .and_then(|package| package["manifest_path"].as_str())
        .context("llama-cpp-sys-2 is not in the lock file")?;
    let source = Path::new(manifest).with_file_name("llama.cpp");
    if !source.join("CMakeLists.txt").is_file() {
        bail!("llama.cpp's source is not at `{}`", source.display());
    }
    Ok(source)
}

fn cuda(source: &Path, cache: &Path, options: &Options) -> Result<()> {
    let (toolkit, own) = match system_cuda() {
        Some(toolkit) => (toolkit, false),
        None => (wheel_cuda(cache)?, true),
    };
    eprintln!("  CUDA from {}", toolkit.display());
    let compiler = toolkit.join("bin/nvcc");
    let build = cache.join(format!("ggml-cuda-{}", options.architectures.replace(';', "-")));
    // One architecture alone is built to be carried: uncompressed within, it packs to a third (13 instead of 39 MB).
    let compression = if options.architectures.contains(';') {
        "size"
    } else {
        "none"
    };
    let mut defines = vec![
        "-DGGML_CUDA=ON".to_owned(),
        // On in llama.cpp's own build, off in ggml's alone.
        "-DGGML_CUDA_GRAPHS=ON".to_owned(),
        // For several cards at once; a module linked to it would not load where it is missing.
        "-DGGML_CUDA_NCCL=OFF".to_owned(),
        format!("-DGGML_CUDA_COMPRESSION_MODE={compression}"),
        // No driver is needed to build, and none is at hand.
        "-DGGML_CUDA_NO_VMM=ON".to_owned(),
        format!("-DCMAKE_CUDA_ARCHITECTURES={}", options.architectures),
        format!("-DCMAKE_CUDA_COMPILER={}", compiler.display()),
        format!("-DCUDAToolkit_ROOT={}", toolkit.display()),
    ];
    if own {
        // nvcc from a wheel finds its parts by these.
        let [include, lib] = ["include", "lib"].map(|name| in_flags(&toolkit.join(name)));
        defines.push(format!("-DCMAKE_CUDA_FLAGS=-I{include} -L{lib}"));
    }
    let module = compile(source, &build, &defines, "ggml-cuda", options)?;
    let Some(module) = module else { return Ok(()) };
    let runtime = shell::bin_dir().join("runtime");
    shell::place(&module, &runtime.join("backends/libggml-cuda.so"))?;
    let library_folder = ["lib", "lib64"]
        .map(|name| toolkit.join(name))
        .into_iter()
        .find(|path| path.is_dir());
    let library_folder = library_folder.context("the CUDA toolchain has no library folder")?;
    for stem in ["libcudart.so.", "libcublas.so.", "libcublasLt.so."] {
        let library = numbered(&library_folder, stem)?;
        let name = library.file_name().expect("BUG: a listed file has a name").to_owned();
        shell::place(&library.canonicalize()?, &runtime.join(name))?;
    }
    native::install_cuda_provider(cache, &runtime)?;
    eprintln!("  {}", runtime.join("backends/libggml-cuda.so").display());
    Ok(())
}

/// A path among a compiler's flags, which CMake passes on as one line for a shell.
fn in_flags(path: &Path) -> String {
    let shown = path.display().to_string();
    if shown.contains(char::is_whitespace) {
        format!("\"{shown}\"")
    } else {
        shown
    }
}

/// The library of that stem with the shortest number: the name other libraries ask for.
fn numbered(folder: &Path, stem: &str) -> Result<PathBuf> {
    let names = std::fs::read_dir(folder)?
        .filter_map(Result::ok)
        .map(|entry| entry.path());
    names
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with(stem))
        })
        .min_by_key(|path| path.as_os_str().len())
        .with_context(|| format!("`{stem}*` is not in `{}`", folder.display()))
}

fn system_cuda() -> Option<PathBuf> {
    let named = std::env::var_os("CUDA_PATH").map(PathBuf::from);
    let found = shell::find("nvcc").and_then(|path| Some(path.canonicalize().ok()?.parent()?.parent()?.to_owned()));
    [named, found, Some(PathBuf::from("/usr/local/cuda"))]
        .into_iter()
        .flatten()
        .find(|root| root.join("bin/nvcc").is_file())
}

/// A toolchain from wheels: unpacked side by side, with the folder and library names the linker looks for.
fn wheel_cuda(cache: &Path) -> Result<PathBuf> {
    let folder = cache.join("cuda-13.0");
    let toolkit = folder.join("nvidia/cu13");
    if toolkit.join(".complete").is_file() {
        return Ok(toolkit);
    }
    let _ = std::fs::remove_dir_all(&folder);
    let mut install = shell::command(
        "python3",
        &["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"],
    );
    install.arg(&folder);
    for wheel in CUDA_WHEELS {
        install.arg(native::wheel(wheel, cache)?);
    }
    shell::run(&mut install)?;
    if !toolkit.join("bin/nvcc").is_file() {
        bail!(
            "the wheels unpacked without a compiler at `{}`",
            toolkit.join("bin/nvcc").display()
        );
    }
    let libraries = toolkit.join("lib");
    link(Path::new("lib"), &toolkit.join("lib64"))?;
    for stem in ["libcudart.so", "libcublas.so", "libcublasLt.so"] {
        let library = numbered(&libraries, &format!("{stem}."))?;
        link(
            Path::new(library.file_name().expect("BUG: a listed file has a name")),
            &libraries.join(stem),
        )?;
    }
    std::fs::write(toolkit.join(".complete"), "")?;
    Ok(toolkit)
}

fn link(to: &Path, at: &Path) -> Result<()> {
    if at.symlink_metadata().is_ok() {
        return Ok(());
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(to, at).with_context(|| format!("cannot link `{}`", at.display()))?;
    #[cfg(not(unix))]
    bail!(
        "a CUDA toolchain from wheels is made on Linux only; `{}` cannot be linked to `{}`",
        at.display(),
        to.display()
    );
    #[cfg(unix)]
    Ok(())
}

fn vulkan(source: &Path, cache: &Path, options: &Options) -> Result<()> {
    for tool in ["glslc", "cmake"] {
        if !shell::has(tool) {
            bail!(
                "`{tool}` is missing\ninstall it: apt-get install -y cmake ninja-build glslc libvulkan-dev spirv-headers"
            );
        }
    }
    let build = cache.join("ggml-vulkan");
    std::fs::create_dir_all(&build)?;
    let declarations = build.join("layer_settings.hpp");
    std::fs::write(&declarations, include_str!("layer_settings.hpp"))?;
    let defines = [
        "-DGGML_VULKAN=ON".to_owned(),
        format!("-DCMAKE_CXX_FLAGS=-include {}", in_flags(&declarations)),
    ];
    let module = compile(source, &build, &defines, "ggml-vulkan", options)?;
    let Some(module) = module else { return Ok(()) };
    let place = shell::bin_dir().join("runtime/backends/libggml-vulkan.so");
    shell::place(&module, &place)?;
    eprintln!("  {}", place.display());
    Ok(())
}

/// Configures ggml alone, without its CPU part, and builds one module of it. ggml is taken in as a part of a project of two lines:
/// as a project of its own it wants files that the crate leaves out.
fn compile(
    source: &Path,
    build: &Path,
    defines: &[String],
    target: &str,
    options: &Options,
) -> Result<Option<PathBuf>> {
    let to = &build.join("out");
    std::fs::create_dir_all(build)?;
    std::fs::write(
        build.join("CMakeLists.txt"),
        format!(
            "cmake_minimum_required(VERSION 3.18)\nproject(docmind_backend C CXX)\nadd_subdirectory(\"{}\" ggml)\n",
            source.join("ggml").display()
        ),
    )?;
    let mut configure = shell::command("cmake", &["-G", "Ninja"]);
    configure
        .arg("-S")
        .arg(build)
        .arg("-B")
        .arg(to)
        .args([
            "-DCMAKE_BUILD_TYPE=Release",
            "-DGGML_BACKEND_DL=ON",
            "-DBUILD_SHARED_LIBS=ON",
            "-DGGML_NATIVE=OFF",
            "-DGGML_CPU=OFF",
        ])
        .args(["-DGGML_BUILD_TESTS=OFF", "-DGGML_BUILD_EXAMPLES=OFF"])
        .args(defines);
    shell::run(&mut configure)?;
    if options.steps == Steps::ConfigureAlone {
        eprintln!("  configured in {}; not compiled", to.display());
        return Ok(None);
    }
    let mut compile = shell::command("cmake", &["--build"]);
    compile.arg(to).args(["--target", target, "-j", &options.jobs]);
    shell::run(&mut compile)?;
    let name = format!("lib{target}.so");
    let module = to.join("bin").join(&name);
    if !module.is_file() {
        bail!(
            "`{name}` was built but is not where it was expected, in `{}`",
            to.display()
        );
    }
    Ok(Some(module))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_space_is_one_word_among_flags() {
        assert_eq!(in_flags(Path::new("/home/ada/x.hpp")), "/home/ada/x.hpp");
        assert_eq!(in_flags(Path::new("/home/Ada L/x.hpp")), "\"/home/Ada L/x.hpp\"");
    }
}
