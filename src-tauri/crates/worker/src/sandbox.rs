//! A worker locks itself in, after its libraries are loaded and before it reads a stranger's first byte.
//!
//! On Linux, from the outside in: limits of the process (address space, core dumps, descriptors), no new privileges, landlock (no
//! file, no TCP port) where the kernel has it, and seccomp. The document reader gets a short list of allowed system calls:
//! memory, threads, clocks, and reading and writing what is open already. It can open nothing, connect to nothing and start
//! nothing; a forbidden call fails with `EPERM`, which libraries take for a missing file. Workers that load models need their
//! devices and files, so for them only the network is closed.
//!
//! On Windows a job object limits memory and child processes; written after the documentation, untested.

use std::fmt;
use std::net::UdpSocket;
use std::process::{Command, Stdio};

/// What a worker may still do.
#[derive(Clone, Debug)]
pub struct Confinement {
    /// Address space in bytes; `None` leaves it (GPU drivers reserve far more than they use).
    pub address_space: Option<u64>,
    /// Open descriptors.
    pub descriptors: Option<u64>,
    /// Files.
    pub files: Files,
    /// System calls.
    pub calls: Calls,
}

/// Which files may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// None.
    None,
    /// All that the user may: models, devices, caches of GPU drivers.
    Any,
}

/// Which system calls may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// Memory, threads, clocks, and reading and writing what is open.
    Compute,
    /// Everything but the network.
    NoNetwork,
}

impl Confinement {
    /// For `docmind-parse`: 2 GiB, no file, no socket, no program.
    pub fn document_reader() -> Self {
        Self {
            address_space: Some(docmind_wire::parse::ParseLimits::default().address_space),
            descriptors: Some(64),
            files: Files::None,
            calls: Calls::Compute,
        }
    }

    /// For workers that load models and may use a GPU: no network.
    pub fn model_runner() -> Self {
        Self {
            address_space: None,
            descriptors: None,
            files: Files::Any,
            calls: Calls::NoNetwork,
        }
    }
}

/// Which walls stand now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Limits of the process.
    pub limits: bool,
    /// Landlock: files and ports.
    pub landlock: bool,
    /// seccomp: system calls.
    pub seccomp: bool,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |kept: bool| if kept { "kept" } else { "not available" };
        let Self {
            limits,
            landlock,
            seccomp,
        } = self;
        write!(
            f,
            "limits {}, landlock {}, seccomp {}",
            word(*limits),
            word(*landlock),
            word(*seccomp)
        )
    }
}

/// Locks this process in. What the system does not offer is said in the log and left out; the other walls still stand.
pub fn confine(confinement: &Confinement) -> Kept {
    platform::confine(confinement)
}

/// Something a confined process must not be able to do, tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What was tried.
    pub what: &'static str,
    /// True where the wall held.
    pub refused: bool,
}

/// Tries what [`Confinement::document_reader`] forbids, one thing after the other. For `docmind-parse sandbox`: a wall that is
/// never leant against may be painted.
pub fn lean_against_the_walls() -> Vec<Attempt> {
    let attempt = |what, refused| Attempt { what, refused };
    let own = std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into());
    let beside = std::env::temp_dir().join(format!("docmind-sandbox-{}", std::process::id()));
    let wrote = std::fs::write(&beside, b"").is_ok();
    if wrote {
        // It should not have been possible; at least nothing stays.
        let _ = std::fs::remove_file(&beside);
    }
    let program = Command::new(&own)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .arg("--help")
        .spawn();
    let started = program.is_ok();
    if let Ok(mut child) = program {
        let _ = child.kill();
        let _ = child.wait();
    }
    let mut much: Vec<u8> = Vec::new();
    vec![
        attempt("read a file", std::fs::File::open(&own).is_err()),
        attempt("list a folder", std::fs::read_dir("/").is_err()),
        attempt("write a file", !wrote),
        attempt("open a socket", UdpSocket::bind("127.0.0.1:0").is_err()),
        attempt("start a program", !started),
        attempt("take 3 GiB of memory", much.try_reserve_exact(3 << 30).is_err()),
        attempt(
            "start a thread (allowed)",
            std::thread::Builder::new().spawn(|| {}).is_err(),
        ),
    ]
}

#[cfg(target_os = "linux")]
mod platform {
    use super::{Calls, Confinement, Files, Kept};
    use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus};
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
        TargetArch,
    };
    use std::collections::BTreeMap;

    pub(super) fn confine(confinement: &Confinement) -> Kept {
        let mut kept = Kept {
            limits: limit(confinement),
            ..Kept::default()
        };
        if let Err(error) = rustix::thread::set_no_new_privs(true) {
            tracing::warn!(%error, "no_new_privs is not available");
        }
        kept.landlock = match landlock(confinement.files) {
            Ok(kept) => kept,
            Err(error) => {
                tracing::warn!(%error, "landlock failed");
                false
            }
        };
        if !kept.landlock && !matches!(confinement.files, Files::Any) {
            tracing::info!("this kernel offers no landlock; the list of system calls alone keeps files closed");
        }
        kept.seccomp = match seccomp(confinement.calls) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!("seccomp is not available: {error}");
                false
            }
        };
        kept
    }

    fn limit(confinement: &Confinement) -> bool {
        let limits = [
            (Resource::Core, Some(0)),
            (Resource::As, confinement.address_space),
            (Resource::Nofile, confinement.descriptors),
        ];
        let mut all = true;
        for (resource, limit) in limits {
            let Some(limit) = limit else { continue };
            // Never above what is allowed already.
            let limit = getrlimit(resource).maximum.map_or(limit, |most| most.min(limit));
            if let Err(error) = setrlimit(
                resource,
                Rlimit {
                    current: Some(limit),
                    maximum: Some(limit),
                },
            ) {
                tracing::warn!(?resource, %error, "limit not set");
                all = false;
            }
        }
        all
    }

    fn landlock(files: Files) -> Result<bool, landlock::RulesetError> {
        // The newest rights known here; a kernel that knows fewer enforces those.
        let abi = ABI::V5;
        let ruleset = match files {
            Files::Any => Ruleset::default().handle_access(AccessNet::from_all(abi))?,
            Files::None => Ruleset::default()
                .handle_access(AccessFs::from_all(abi))?
                .handle_access(AccessNet::from_all(abi))?,
        };
        let status = ruleset.create()?.restrict_self()?;
        Ok(status.ruleset != RulesetStatus::NotEnforced)
    }

    fn seccomp(calls: Calls) -> Result<(), String> {
        let install =
            |program: BpfProgram| seccompiler::apply_filter_all_threads(&program).map_err(|error| error.to_string());
        match calls {
            Calls::Compute => {
                // Its flags are behind a pointer; told that it is unknown, the C library uses `clone`.
                let clone3: Rules = [(libc::SYS_clone3, Vec::new())].into();
                let unknown = SeccompAction::Errno(libc::ENOSYS as u32);
                install(program(clone3, SeccompAction::Allow, unknown)?)?;
                install(program(compute_calls()?, REFUSED, SeccompAction::Allow)?)
            }
            Calls::NoNetwork => install(program(network_calls()?, SeccompAction::Allow, REFUSED)?),
        }
    }

    const REFUSED: SeccompAction = SeccompAction::Errno(libc::EPERM as u32);

    fn program(rules: Rules, otherwise: SeccompAction, matched: SeccompAction) -> Result<BpfProgram, String> {
        let words = |error: seccompiler::BackendError| error.to_string();
        let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(words)?;
        let filter = SeccompFilter::new(rules, otherwise, matched, arch).map_err(words)?;
        filter.try_into().map_err(words)
    }

    type Rules = BTreeMap<i64, Vec<SeccompRule>>;

    /// A rule that holds where argument `index` of the call compares.
    fn where_argument(index: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, String> {
        let condition = SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value)
            .map_err(|error| error.to_string())?;
        SeccompRule::new(vec![condition]).map_err(|error| error.to_string())
    }

    /// All that a parser needs once its libraries are loaded.
    fn compute_calls() -> Result<Rules, String> {
        let mut rules: Rules = [
            libc::SYS_read,
            libc::SYS_readv,
            libc::SYS_pread64,
            libc::SYS_write,
            libc::SYS_writev,
            libc::SYS_close,
            libc::SYS_fstat,
            libc::SYS_lseek,
            libc::SYS_fcntl,
            libc::SYS_dup,
            libc::SYS_dup3,
            libc::SYS_ppoll,
            libc::SYS_mmap,
            libc::SYS_munmap,
            libc::SYS_mprotect,
            libc::SYS_mremap,
            libc::SYS_madvise,
            libc::SYS_brk,
            libc::SYS_membarrier,
            libc::SYS_futex,
            libc::SYS_set_robust_list,
            libc::SYS_rseq,
            libc::SYS_sched_yield,
            libc::SYS_sched_getaffinity,
            libc::SYS_getcpu,
            libc::SYS_clock_gettime,
            libc::SYS_clock_getres,
            libc::SYS_clock_nanosleep,
            libc::SYS_nanosleep,
            libc::SYS_gettimeofday,
            libc::SYS_restart_syscall,
            libc::SYS_getrandom,
            libc::SYS_getpid,
            libc::SYS_gettid,
            libc::SYS_getuid,
            libc::SYS_geteuid,
            libc::SYS_getgid,
            libc::SYS_getegid,
            libc::SYS_uname,
            libc::SYS_sysinfo,
            libc::SYS_getrusage,
            libc::SYS_rt_sigaction,
            libc::SYS_rt_sigprocmask,
            libc::SYS_rt_sigreturn,
            libc::SYS_sigaltstack,
            libc::SYS_clone3,
            libc::SYS_exit,
            libc::SYS_exit_group,
        ]
        .into_iter()
        .map(|call| (call, Vec::new()))
        .collect();
        #[cfg(target_arch = "x86_64")]
        rules.extend(
            [libc::SYS_poll, libc::SYS_time, libc::SYS_dup2, libc::SYS_arch_prctl].map(|call| (call, Vec::new())),
        );
        // Threads, not processes.
        let thread = libc::CLONE_THREAD as u64;
        rules.insert(
            libc::SYS_clone,
            vec![where_argument(0, SeccompCmpOp::MaskedEq(thread), thread)?],
        );
        // Signals to itself: how `abort` and the last moment end the process.
        let own = u64::from(std::process::id());
        rules.insert(libc::SYS_kill, vec![where_argument(0, SeccompCmpOp::Eq, own)?]);
        rules.insert(libc::SYS_tgkill, vec![where_argument(0, SeccompCmpOp::Eq, own)?]);
        // A thread's name.
        rules.insert(
            libc::SYS_prctl,
            vec![where_argument(0, SeccompCmpOp::Eq, libc::PR_SET_NAME as u64)?],
        );
        // Reading a limit, not setting one: the new limit is null, in both halves.
        let null = |length| SeccompCondition::new(2, length, SeccompCmpOp::Eq, 0).map_err(|error| error.to_string());
        let reading = SeccompRule::new(vec![null(SeccompCmpArgLen::Qword)?]).map_err(|error| error.to_string())?;
        rules.insert(libc::SYS_prlimit64, vec![reading]);
        Ok(rules)
    }

    /// Sockets of every family but two: local ones, by which GPU drivers talk to their daemons, and those to the kernel. A list of those
    /// that lead out of the machine would not be whole (SMC is TCP by another name).
    fn network_calls() -> Result<Rules, String> {
        let other_than = |family: libc::c_int| {
            SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, family as u64)
                .map_err(|error| error.to_string())
        };
        let neither = SeccompRule::new(vec![other_than(libc::AF_UNIX)?, other_than(libc::AF_NETLINK)?])
            .map_err(|error| error.to_string())?;
        let mut all: Rules = [(libc::SYS_socket, vec![neither])].into();
        // io_uring makes sockets past the filter.
        all.insert(libc::SYS_io_uring_setup, Vec::new());
        Ok(all)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// Of the family that tunnels TCP past Internet sockets, which `libc` does not name.
        const AF_SMC: libc::c_int = 43;

        /// The error of opening a socket.
        #[expect(unsafe_code, reason = "families that no safe interface opens")]
        fn opening(family: libc::c_int) -> Option<i32> {
            // SAFETY: takes three numbers; the descriptor ends with the process.
            let socket = unsafe { libc::socket(family, libc::SOCK_DGRAM, 0) };
            if socket < 0 {
                std::io::Error::last_os_error().raw_os_error()
            } else {
                None
            }
        }

        #[test]
        fn only_local_sockets_and_those_to_the_kernel_are_opened() {
            let program = program(network_calls().expect("rules"), SeccompAction::Allow, REFUSED).expect("a program");
            // A thread of its own: the filter stays on it.
            let opened = std::thread::spawn(move || {
                seccompiler::apply_filter(&program).expect("seccomp");
                let lead_out = [libc::AF_INET, libc::AF_INET6, libc::AF_BLUETOOTH, AF_SMC];
                (lead_out.map(opening), opening(libc::AF_UNIX))
            });
            let (lead_out, local) = opened.join().expect("tried");
            assert_eq!(lead_out, [Some(libc::EPERM); 4]);
            assert_eq!(local, None);
        }
    }
}

#[cfg(windows)]
mod platform {
    //! Written after the documentation of job objects; untested.

    use super::{Confinement, Kept};
    use windows_sys::Win32::System::JobObjects::{
        AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_ACTIVE_PROCESS,
        JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
        JOB_OBJECT_LIMIT_PROCESS_MEMORY, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
        SetInformationJobObject,
    };
    use windows_sys::Win32::System::Threading::GetCurrentProcess;

    pub(super) fn confine(confinement: &Confinement) -> Kept {
        let limits = job(confinement);
        if !limits {
            tracing::warn!(
                "the job object could not be set up: {}",
                std::io::Error::last_os_error()
            );
        }
        Kept {
            limits,
            ..Kept::default()
        }
    }

    #[expect(unsafe_code, reason = "job objects have no safe interface")]
    fn job(confinement: &Confinement) -> bool {
        // SAFETY: a plain structure of integers, for which all zeroes is a value.
        let mut information: JOBOBJECT_EXTENDED_LIMIT_INFORMATION = unsafe { std::mem::zeroed() };
        information.BasicLimitInformation.LimitFlags =
            JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
        if let Some(bytes) = confinement.address_space {
            information.BasicLimitInformation.LimitFlags |=
                JOB_OBJECT_LIMIT_PROCESS_MEMORY | JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
            information.BasicLimitInformation.ActiveProcessLimit = 1;
            information.ProcessMemoryLimit = usize::try_from(bytes).unwrap_or(usize::MAX);
        }
        // SAFETY: null asks for an unnamed object with default security; the handle is kept for the life of the process on
        // purpose (closing it would end the process). The pointer and the size describe `information`, which outlives the call.
        unsafe {
            let job = CreateJobObjectW(std::ptr::null(), std::ptr::null());
            !job.is_null()
                && SetInformationJobObject(
                    job,
                    JobObjectExtendedLimitInformation,
                    (&raw const information).cast(),
                    size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>() as u32,
                ) != 0
                && AssignProcessToJobObject(job, GetCurrentProcess()) != 0
        }
    }
}

#[cfg(not(any(target_os = "linux", windows)))]
mod platform {
    use super::{Confinement, Kept};

    pub(super) fn confine(_: &Confinement) -> Kept {
        tracing::info!("no sandbox is known for this system; a child process is the only wall");
        Kept::default()
    }
}
