//! `docmind completions` and `docmind man`, for packages.

use crate::Outcome;
use crate::arguments::{Arguments, EXAMPLES};
use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;
use std::fmt::Write as _;
use std::io::{self, Write};

/// What follows the commands.
const ENDING: &str = "\
.SH EXIT STATUS
.TP
0
Done.
.TP
1
Failed: the reason, and what to do about it, is on standard error, or with \\fB\\-\\-json\\fR the last line of standard output.
.TP
2
Wrong usage.
.SH ENVIRONMENT
.TP
DOCMIND_DATA_DIR
Folder of the library, as \\fB\\-\\-data\\-dir\\fR.
.TP
DOCMIND_BIN_DIR, DOCMIND_RUNTIME_DIR
Where the parts of DocMind and the native libraries are, if not beside the program.
.TP
DOCMIND_LOG
What is logged to standard error, such as \\fIinfo\\fR or \\fIdocmind_engine=debug\\fR.
.TP
NO_COLOR
No colours.
";

/// Completions of a shell on standard output.
pub fn completions(shell: Shell) -> anyhow::Result<Outcome> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "docmind", &mut text);
    io::stdout().lock().write_all(&text)?;
    Ok(Outcome::Done)
}

/// The manual page on standard output.
pub fn man() -> anyhow::Result<Outcome> {
    let mut command = Arguments::command();
    command.build();
    let page = Man::new(command.clone());
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    writeln!(text, ".SH COMMANDS")?;
    describe(&command, "docmind", &mut text)?;
    writeln!(text, ".SH EXAMPLES")?;
    for (line, does) in EXAMPLES {
        writeln!(text, ".TP\n\\fB{}\\fR\n{}", roff(line), roff(does))?;
    }
    text.extend_from_slice(ENDING.as_bytes());
    page.render_version_section(&mut text)?;
    io::stdout().lock().write_all(&text)?;
    Ok(Outcome::Done)
}

/// Each command with its options, in this one page: pages of their own are not installed.
fn describe(command: &clap::Command, path: &str, text: &mut Vec<u8>) -> io::Result<()> {
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        let path = format!("{path} {}", below.get_name());
        if below.has_subcommands() {
            describe(below, &path, text)?;
            continue;
        }
        writeln!(text, ".SS {}", roff(&usage(below, &path)))?;
        if let Some(about) = below.get_about() {
            writeln!(text, "{}", roff(&about.to_string()))?;
        }
        let shown =
            |argument: &&clap::Arg| !argument.is_global_set() && !argument.is_hide_set() && argument.get_id() != "help";
        for argument in below.get_arguments().filter(shown) {
            writeln!(text, ".TP\n\\fB{}\\fR", roff(&argument.to_string()))?;
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            writeln!(text, "{}{}", roff(&help), roff(&values(argument)))?;
        }
    }
    Ok(())
}

fn usage(command: &clap::Command, path: &str) -> String {
    let usage = command.clone().render_usage().to_string();
    // "Usage: docmind add [OPTIONS] <PATH>...": what follows the names is kept.
    let words = path.split(' ').count() + 1;
    let rest: Vec<&str> = usage.split_whitespace().skip(words).collect();
    format!("{path} {}", rest.join(" "))
}

/// What an argument may be, and is when it is left out.
fn values(argument: &clap::Arg) -> String {
    let possible: Vec<String> = argument
        .get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    let default: Vec<String> = argument
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy().into_owned())
        .collect();
    let mut out = String::new();
    if !possible.is_empty() {
        // Writing into a string cannot fail.
        let _ = write!(out, " [{}]", possible.join(", "));
    }
    if !default.is_empty() {
        let _ = write!(out, " [default: {}]", default.join(" "));
    }
    out
}

/// Text in the manual's language: no line may begin with its control characters.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('-', "\\-");
    match text.chars().next() {
        Some('.' | '\'') => format!("\\&{text}"),
        _ => text,
    }
}
