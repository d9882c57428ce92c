//! Paths that bite: missing, unreadable, looping, piped, not UTF-8.

use anyhow::{Context, Result};
use docmind_tests::{Library, Run, root};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::time::{Duration, Instant};

fn error_code(run: &Run) -> &str {
    run.lines
        .iter()
        .find_map(|line| line["error"]["code"].as_str())
        .unwrap_or("none")
}

#[test]
fn a_missing_path_is_an_error_that_names_it() -> Result<()> {
    let library = Library::new()?;
    let run = library.run(&["add", "/nowhere/at/all.pdf"])?;
    assert_eq!(
        run.status,
        Some(0),
        "a named state is reached: {:#?} {}",
        run.lines,
        run.stderr
    );
    let line = run.of_type("document").next().context("no line for the path")?;
    assert_eq!(line["state"], "unreadable");
    assert!(
        line["error"]["message"]
            .as_str()
            .is_some_and(|message| message.contains("/nowhere/at/all.pdf")),
        "{line}"
    );
    Ok(())
}

#[test]
fn a_model_whose_name_is_not_utf8_is_refused_before_it_is_made() -> Result<()> {
    let library = Library::new()?;
    let name = OsStr::from_bytes(b"caf\xe9.gguf");
    let arguments = ["models", "quantize", "/nowhere.gguf", "--type", "q8_0", "--output"].map(OsStr::new);
    let run = library.run(&[&arguments[..], &[name]].concat())?;
    assert_eq!(
        (run.status, error_code(&run)),
        (Some(1), "path_not_utf8"),
        "{}",
        run.stderr
    );
    Ok(())
}

#[test]
fn wrong_usage_is_status_2() -> Result<()> {
    let library = Library::new()?;
    for arguments in [
        &["fly"][..],
        &["add"],
        &["search"],
        &["search", "-k", "many", "x"],
        &["ask", "--nonsense", "x"],
    ] {
        let output = library.command(arguments).output()?;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    Ok(())
}

#[test]
fn loops_pipes_and_names_that_are_not_utf8_are_survived() -> Result<()> {
    let library = Library::new()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path();
    std::fs::create_dir(path.join("inner"))?;
    symlink(path, path.join("inner/loop"))?;
    symlink("dangling-target", path.join("dangling"))?;
    std::fs::write(
        path.join("inner/plain.txt"),
        "The kettle whistles at ninety-six degrees.",
    )?;
    std::fs::write(
        path.join(OsStr::from_bytes(b"na\xefve.txt")),
        "The lid of the jar is stuck with honey.",
    )?;
    let pipe = std::ffi::CString::new(path.join("pipe").as_os_str().as_bytes())?;
    let made = std::process::Command::new("mkfifo")
        .arg(OsStr::from_bytes(pipe.as_bytes()))
        .status()?;
    assert!(made.success());

    let started = Instant::now();
    let run = library.ok(&["add".as_ref(), path.as_os_str()])?;
    assert!(started.elapsed() < Duration::from_mins(1));
    assert_eq!(run.last()["ready"], 2, "{:#?}", run.lines);
    let odd = run
        .of_type("document")
        .find(|line| line["path_bytes"].is_string())
        .context("no path_bytes")?;
    assert_eq!(odd["state"], "ready");
    let found = library.ok(&["search", "jar lid honey"])?;
    assert!(
        found.last()["results"][0]["path_bytes"].is_string(),
        "{:#}",
        found.last()
    );
    library.check()?;
    Ok(())
}

#[test]
fn a_file_without_permission_is_unreadable_and_the_rest_goes_on() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777))?;
    std::fs::write(path.join("open.txt"), "The gate is green.")?;
    std::fs::write(path.join("closed.txt"), "The gate is red.")?;
    std::fs::create_dir(path.join("closed-folder"))?;
    std::fs::set_permissions(path.join("closed.txt"), std::fs::Permissions::from_mode(0o000))?;
    std::fs::set_permissions(path.join("closed-folder"), std::fs::Permissions::from_mode(0o000))?;
    let data = tempfile::tempdir_in(path)?;
    std::fs::set_permissions(data.path(), std::fs::Permissions::from_mode(0o777))?;

    let library = Library::new()?;
    let mut command = library.command(&[
        "add".as_ref(),
        path.join("open.txt").as_os_str(),
        path.join("closed.txt").as_os_str(),
        path.join("closed-folder").as_os_str(),
    ]);
    if running_as_root() {
        if !reachable_by_nobody() {
            docmind_tests::left_out("this checkout lies in a folder that only root may enter");
            return Ok(());
        }
        std::os::unix::fs::chown(library.path(), Some(65_534), Some(65_534))?;
        command.uid(65_534).gid(65_534);
    }
    let run = docmind_tests::parse(&command.output()?)?;
    assert_eq!(run.status, Some(0), "{:#?}\n{}", run.lines, run.stderr);
    let state = |name: &str| {
        run.of_type("document")
            .find(|line| line["path"].as_str().is_some_and(|p| p.ends_with(name)))
            .map(|line| line["state"].clone())
    };
    assert_eq!(state("open.txt"), Some("ready".into()), "{:#?}", run.lines);
    assert_eq!(state("closed.txt"), Some("unreadable".into()), "{:#?}", run.lines);
    assert_eq!(state("closed-folder"), Some("unreadable".into()), "{:#?}", run.lines);
    std::fs::set_permissions(path.join("closed-folder"), std::fs::Permissions::from_mode(0o700))?;
    Ok(())
}

fn running_as_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// The programs can be started by an unprivileged user only where every folder above them lets it pass.
fn reachable_by_nobody() -> bool {
    let passable = |path: &std::path::Path| {
        path.ancestors().all(|folder| {
            std::fs::metadata(folder)
                .is_ok_and(|meta| meta.permissions().mode() & 0o005 == 0o005 || folder.as_os_str().is_empty())
        })
    };
    passable(&docmind_tests::bin_dir()) && passable(&root())
}

#[test]
fn the_second_owner_of_a_data_folder_is_told_who_the_first_is() -> Result<()> {
    let library = Library::new()?;
    let folder = tempfile::tempdir()?;
    for n in 0..400 {
        std::fs::write(
            folder.path().join(format!("{n}.txt")),
            format!("Note {n} speaks of barrel number {n}. ").repeat(20),
        )?;
    }
    let mut first = library.start(&["add".as_ref(), folder.path().as_os_str()])?;
    let waited = Instant::now();
    let mut code = String::new();
    while waited.elapsed() < Duration::from_secs(30) && code != "library_in_use" && first.try_wait()?.is_none() {
        std::thread::sleep(Duration::from_millis(200));
        let second = library.run(&["add", "/etc/hostname"])?;
        error_code(&second).clone_into(&mut code);
        if code == "library_in_use" {
            assert_eq!(second.status, Some(1));
            assert!(
                second
                    .lines
                    .iter()
                    .any(|line| line.to_string().contains(&first.id().to_string())),
                "{:#?}",
                second.lines
            );
            library.ok(&["list"])?;
            library.ok(&["search", "barrel"])?;
        }
    }
    first.kill()?;
    first.wait()?;
    assert_eq!(code, "library_in_use");
    Ok(())
}

#[test]
fn a_file_in_place_of_the_data_folder_is_named_by_every_command() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("data");
    std::fs::write(&file, "no folder")?;
    let library = Library::at(file.clone());
    for arguments in [
        &["list"][..],
        &["search", "anything"],
        &["ask", "anything"],
        &["add", "/etc/hostname"],
        &["check"],
    ] {
        let run = library.run(arguments)?;
        assert_eq!(run.status, Some(1), "{arguments:?}: {run:?}");
        assert_eq!(
            run.last()["error"]["code"],
            "data_folder_unusable",
            "{arguments:?}: {run:?}"
        );
    }
    assert_eq!(std::fs::read_to_string(&file)?, "no folder");
    Ok(())
}

#[test]
fn check_tells_damaged_pages_as_problems() -> Result<()> {
    let library = Library::new()?;
    let folder = tempfile::tempdir()?;
    for number in 0..40 {
        std::fs::write(
            folder.path().join(format!("{number}.txt")),
            format!("Document {number} is about tin, lead and the price of copper. ").repeat(60),
        )?;
    }
    library.ok(&["add", &folder.path().to_string_lossy()])?;
    library.check()?;
    let path = library.path().join("library.db");
    let mut bytes = std::fs::read(&path)?;
    let sound = bytes.clone();
    // Every fourth page from the sixteenth on becomes noise; then the first one does: the file is not even a database.
    for page in bytes.chunks_mut(4096).skip(16).step_by(4) {
        page.iter_mut()
            .enumerate()
            .for_each(|(at, byte)| *byte = (at * 131 % 251) as u8);
    }
    for damaged in [bytes, [&[7; 4096], &sound[4096..]].concat()] {
        std::fs::write(&path, &damaged)?;
        let run = library.run(&["check"])?;
        assert_eq!(run.status, Some(1), "{run:?}");
        let told = run.last();
        assert_eq!(told["ok"], false, "{told:#}");
        assert!(
            told["problems"].as_array().is_some_and(|problems| !problems.is_empty()),
            "{told:#}"
        );
    }
    std::fs::write(&path, &sound)?;
    library.check()?;
    Ok(())
}
