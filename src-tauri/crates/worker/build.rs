//! `docmind-generate` finds llama.cpp's libraries beside itself, wherever it is installed.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let on_linux = std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    if on_linux && std::env::var_os("CARGO_FEATURE_GENERATE").is_some() {
        // RPATH rather than RUNPATH: it also serves what libllama itself needs (libggml, libggml-base).
        println!("cargo:rustc-link-arg-bin=docmind-generate=-Wl,--disable-new-dtags,-rpath,$ORIGIN/runtime:$ORIGIN");
    }
}
