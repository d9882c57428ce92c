//! How a worker is started.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A worker's binary with its arguments. It starts with an empty environment, except for what is named here.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The binary.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its whole environment.
    pub env: Vec<(OsString, OsString)>,
}

impl Launch {
    /// A binary without arguments.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
        }
    }

    /// The binary `name` in the folder `bin`, with the platform's suffix.
    pub fn in_folder(bin: &Path, name: &str) -> Self {
        Self::new(bin.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds a variable to the otherwise empty environment.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Has glibc (2.35 and newer, where the kernel leaves it to programs) put large allocations into huge pages. Weights are read from end
    /// to end for each token: Qwen3-4B Q4_K_M writes a tenth faster so on two cores. Other systems do not know the variable.
    pub fn in_huge_pages(self) -> Self {
        self.env("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")
    }

    pub(crate) fn spawn(&self) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        {
            // Ctrl-C in a terminal ends a whole group: the application is told, and ends its workers in order.
            use std::os::unix::process::CommandExt;
            command.process_group(0);
        }
        #[cfg(target_os = "windows")]
        {
            // The loader needs it, and no console window may flash up.
            use std::os::windows::process::CommandExt;
            const CREATE_NO_WINDOW: u32 = 0x0800_0000;
            if let Some(root) = std::env::var_os("SystemRoot") {
                command.env("SystemRoot", root);
            }
            command.creation_flags(CREATE_NO_WINDOW);
        }
        command.spawn()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use rustix::process::{Pid, getpgid};

    #[test]
    fn a_worker_is_not_in_the_group_that_a_terminal_interrupts() {
        let mut child = Launch::new("/bin/cat").spawn().unwrap();
        let pid = Pid::from_child(&child);
        let group = getpgid(Some(pid)).unwrap();
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(group, pid);
    }
}
