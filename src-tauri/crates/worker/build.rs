//! `docmind-generate` finds llama.cpp's libraries beside itself, `docmind-embed` those of CUDA, wherever they are installed.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let on_linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    for (feature, bin) in [
        ("CARGO_FEATURE_GENERATE", "docmind-generate"),
        ("CARGO_FEATURE_EMBED", "docmind-embed"),
    ] {
        if on_linux && std::env::var_os(feature).is_some() {
            // RPATH rather than RUNPATH: it also serves what the libraries themselves need (libllama its libggml, ONNX Runtime's
            // CUDA provider its cuBLAS).
            println!("cargo:rustc-link-arg-bin={bin}=-Wl,--disable-new-dtags,-rpath,$ORIGIN/runtime:$ORIGIN");
        }
    }
}
