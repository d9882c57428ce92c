//! `docmind completions` and `docmind man`, for packages.

use crate::Outcome;
use crate::arguments::Arguments;
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::{self, Write};

/// Completions of a shell on standard output.
pub fn completions(shell: Shell) -> anyhow::Result<Outcome> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "docmind", &mut text);
    io::stdout().lock().write_all(&text)?;
    Ok(Outcome::Done)
}

/// The manual page on standard output.
pub fn man() -> anyhow::Result<Outcome> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut text)?;
    io::stdout().lock().write_all(&text)?;
    Ok(Outcome::Done)
}
