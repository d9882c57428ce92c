//! `cargo xtask`: everything that is done to the project, as plain Rust that runs wherever cargo does.
//!
//! `run` and `test` are the two commands of the README; each sets up all that it needs. Deliberately not here: anything the
//! application itself does.

mod app;
mod backend;
mod bert;
mod bundle;
mod checks;
mod desktop;
mod llama_tools;
mod minilm;
mod native;
mod notices;
mod onnx;
mod packages;
mod prove;
mod shell;
mod weights;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  run [--terminal] [QUESTION]   the application on the sample documents; in the terminal where there is no display
  test [--full] [--only STEP]…  every check there is; --full runs the long suites at their full count
  desktop [figures|screenshots] the real window under a display of its own: its tests, its figures, the README's pictures
  setup                         system packages, npm packages, native libraries, the small embedding model
  build                         setup, then the application and its workers under target/debug
  embedder SHAPE FOLDER         an embedding model of a shape (bge-large) with made-up weights, for measuring
  backend cuda|vulkan           a GPU module of llama.cpp: [--arch 89,120] [--jobs N] [--dry-run]
  llama-tools                   llama.cpp's own llama-bench, llama-completion and llama-perplexity, to measure and check against
  bundle [--debug] [--prove]    a Debian package with everything the application needs; --debug packs what run and test built,
                                --prove installs and uses it in a minimal system without a network
";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Err(error) = dispatch(&arguments) {
        eprintln!("\nerror: {error:#}");
        std::process::exit(1);
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((command, rest)) = arguments.split_first() else {
        eprint!("{USAGE}");
        std::process::exit(2);
    };
    std::env::set_current_dir(shell::root())?;
    if !["help", "--help", "-h"].contains(&command.as_str()) {
        app::claim_build_folder(arguments)?;
    }
    match command.as_str() {
        "run" => app::run(rest),
        "test" => checks::test(rest),
        "desktop" => app::desktop(rest),
        "setup" => app::setup(),
        "build" => app::build().map(drop),
        "backend" => backend::backend(rest),
        "llama-tools" => llama_tools::llama_tools(),
        "embedder" => match rest {
            [shape, folder] => minilm::make_up(shape, folder.as_ref(), &native::tokenizer()?),
            _ => bail!("which one, and where to? `cargo xtask embedder bge-large FOLDER`"),
        },
        "bundle" => bundle::bundle(rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => bail!("there is no command `{other}`\n{USAGE}"),
    }
}
