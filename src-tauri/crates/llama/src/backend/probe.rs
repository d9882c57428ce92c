//! Why a module of a graphics card is not used, found out where a broken driver takes nothing with it: in a child process.

use super::c_path;
use crate::log;
use llama_cpp_sys_2 as sys;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Far beyond what starting CUDA or Vulkan takes: a driver that has not answered by then hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Loads one module and says what came of it: the child's side of the probe. The first word is `usable` or `unusable`.
pub fn probe(path: &Path) -> String {
    log::capture();
    let Ok(file) = c_path(path) else {
        return "unusable the path cannot be passed on".to_owned();
    };
    // SAFETY: a text closed by a zero.
    let registry = unsafe { sys::ggml_backend_load(file.as_ptr()) };
    if registry.is_null() {
        return format!("unusable {}", log::last_words().replace('\n', " "));
    }
    // SAFETY: not null, registered for the life of the process.
    match unsafe { sys::ggml_backend_reg_dev_count(registry) } {
        0 => format!("unusable no device {}", log::last_words().replace('\n', " ")),
        count => format!("usable {count}"),
    }
}

/// [`probe`] in a child process, `program probe MODULE`, with what came of it in a person's words.
pub(super) fn probe_in_child(program: &Path, module: &Path) -> String {
    let started = Command::new(program)
        .arg("probe")
        .arg(module)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let ended = started.and_then(|mut child| {
        let until = Instant::now() + PATIENCE;
        // What it prints is one line, which the pipe holds.
        while child.try_wait()?.is_none() {
            if Instant::now() >= until {
                child.kill()?;
                child.wait()?;
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(10));
        }
        child.wait_with_output().map(Some)
    });
    match ended {
        Ok(Some(output)) if output.status.success() => explain(String::from_utf8_lossy(&output.stdout).trim()),
        Ok(Some(output)) => format!("Its driver ended the trial ({}). Update the driver.", output.status),
        Ok(None) => format!(
            "Its driver did not answer within {} seconds. Restart the machine, or update the driver.",
            PATIENCE.as_secs()
        ),
        Err(error) => format!("It could not be tried: {error}."),
    }
}

/// The dynamic linker's and drivers' words, in a person's.
fn explain(words: &str) -> String {
    let lower = words.to_lowercase();
    if words.starts_with("usable") {
        "It works when tried alone; restart DocMind to use it.".to_owned()
    } else if lower.contains("libcuda.so") {
        "No NVIDIA driver is installed (libcuda.so.1 is missing). Install NVIDIA's driver.".to_owned()
    } else if let Some(library) = missing_library(words) {
        format!("The library {library} is missing. Install it, or run DocMind's set-up again.")
    } else if lower.contains("libvulkan") {
        "No Vulkan loader is installed (libvulkan.so.1). Install the graphics driver.".to_owned()
    } else if lower.contains("insufficient") || lower.contains("driver version") {
        "The driver is too old for this module. Update the driver.".to_owned()
    } else if lower.contains("no kernel image") || lower.contains("compute capability") {
        "The graphics card is older than those this module was built for.".to_owned()
    } else if lower.contains("no device") {
        "No graphics card of this kind was found.".to_owned()
    } else {
        format!(
            "It cannot be loaded: {}.",
            words.trim_start_matches("unusable").trim().trim_end_matches('.')
        )
    }
}

fn missing_library(words: &str) -> Option<String> {
    let (before, _) = words.split_once(": cannot open shared object file")?;
    Some(before.rsplit([' ', ':']).next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linker_s_words_are_explained() {
        let words = "unusable load_backend: failed to load /r/libggml-cuda.so: libcuda.so.1: cannot open shared object file: No such file";
        assert!(explain(words).contains("NVIDIA driver"));
        let words = "unusable load_backend: failed to load /r/libggml-cuda.so: libcublas.so.13: cannot open shared object file: No such file";
        assert!(explain(words).contains("libcublas.so.13"), "{}", explain(words));
        assert!(explain("unusable no device").contains("No graphics card"));
    }

    #[cfg(unix)]
    #[test]
    fn what_the_trial_says_is_told_and_one_that_fails_too() {
        let module = Path::new("libggml-cuda.so");
        // `echo probe MODULE` stands for a driver with unknown words, `false` for one that ends the process.
        let said = probe_in_child(Path::new("/bin/echo"), module);
        assert!(said.contains("probe libggml-cuda.so"), "{said}");
        assert!(probe_in_child(Path::new("/bin/false"), module).contains("ended the trial"));
        assert!(probe_in_child(Path::new("/nowhere"), module).contains("could not be tried"));
    }
}
