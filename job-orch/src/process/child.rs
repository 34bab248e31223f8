//! One process of the system: its start, its end, signals to its group.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};
use tokio::net::unix::pipe::{Receiver, Sender};

use super::error::StartError;
use super::limits::Limits;
use super::status::Status;

/// How often is looked where the system tells nobody of the end of a process.
const LOOK: Duration = Duration::from_millis(10);

/// What a process that was started consists of.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) pid: Pid,
    pub(super) exit: Exit,
    pub(super) stdout: Receiver,
    pub(super) stderr: Receiver,
    pub(super) stdin: Option<Sender>,
}

/// Starts a process that may use so much.
pub(super) fn spawn(
    mut command: Command,
    path: &Path,
    limits: &Limits,
    is_unprivileged: bool,
) -> Result<Child, StartError> {
    let failed = |source| StartError::io(path, source);
    let spawned = if is_unprivileged { spawn_unprivileged(command) } else { command.spawn() };
    let mut child = spawned.map_err(failed)?;
    let unborn = || failed(io::Error::other("the process has no number"));
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(unborn)?;
    let mut connect = || {
        limits.impose(pid)?;
        let stdout = child.stdout.take().map(OwnedFd::from).ok_or(io::ErrorKind::BrokenPipe)?;
        let stderr = child.stderr.take().map(OwnedFd::from).ok_or(io::ErrorKind::BrokenPipe)?;
        let stdin = child.stdin.take().map(OwnedFd::from).map(Sender::from_owned_fd).transpose()?;
        let (stdout, stderr) = (Receiver::from_owned_fd(stdout)?, Receiver::from_owned_fd(stderr)?);
        Ok(Child { pid, exit: Exit::of(pid), stdout, stderr, stdin })
    };
    connect().map_err(|source| {
        // It runs already, but nobody could look after it.
        let _ = rustix::process::kill_process_group(pid, Signal::KILL);
        let _ = child.wait();
        failed(source)
    })
}

/// Starts a process that can gain no rights. What a thread may not do any more, its children may not: so it is a thread
/// of its own, which ends with the start.
#[cfg(target_os = "linux")]
fn spawn_unprivileged(mut command: Command) -> io::Result<std::process::Child> {
    let start = move || {
        rustix::thread::set_no_new_privs(true)?;
        command.spawn()
    };
    let thread = std::thread::Builder::new().name("job-orch-start".to_owned()).spawn(start)?;
    thread.join().map_err(|_| io::Error::other("the thread that starts it has panicked"))?
}

#[cfg(not(target_os = "linux"))]
fn spawn_unprivileged(_: Command) -> io::Result<std::process::Child> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Tells when a process exits.
#[derive(Debug)]
pub(super) struct Exit {
    pid: Pid,
    // None: somebody has to look again and again.
    #[cfg(target_os = "linux")]
    watch: Option<tokio::io::unix::AsyncFd<OwnedFd>>,
}

impl Exit {
    #[cfg(target_os = "linux")]
    #[allow(
        deprecated,
        reason = "an `OwnedFd` is the same as long as it lives, and what is to be used instead is `unsafe`"
    )]
    fn of(pid: Pid) -> Self {
        use rustix::process::{PidfdFlags, pidfd_open};
        let watch = pidfd_open(pid, PidfdFlags::empty()).map_err(io::Error::from);
        let watch = watch.and_then(|fd| tokio::io::unix::AsyncFd::with_interest(fd, tokio::io::Interest::READABLE));
        Self { pid, watch: watch.ok() }
    }

    #[cfg(not(target_os = "linux"))]
    fn of(pid: Pid) -> Self {
        Self { pid }
    }

    /// Waits until it has exited. It is not reaped: its number, and that of its group, stay its own.
    pub(super) async fn wait(&self) {
        #[cfg(target_os = "linux")]
        if let Some(watch) = &self.watch
            && watch.readable().await.is_ok()
        {
            return;
        }
        while has_exited(self.pid) == Ok(false) {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Whether a process of ours has exited.
///
/// # Errors
/// If it is no process of ours, because somebody else has reaped it.
fn has_exited(pid: Pid) -> rustix::io::Result<bool> {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    waitid(WaitId::Pid(pid), look).map(|status| status.is_some())
}

/// Takes the exit status of a process that has exited or was killed. From now on its number may be another's.
pub(super) fn reap(pid: Pid) -> Status {
    for _ in 0..100 {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG) {
            Ok(Some(end)) => {
                return match (end.exit_status(), end.terminating_signal()) {
                    (Some(code), _) => Status::Exited { code },
                    (None, Some(signal)) => Status::Killed { signal },
                    (None, None) => Status::Lost,
                };
            }
            // It was killed a moment ago, and its end takes another.
            Ok(None) => std::thread::sleep(Duration::from_millis(1)),
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Status::Lost,
        }
    }
    // The system does not let go of it yet. Nobody is to wait for that.
    let wait = move || {
        let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED);
    };
    let _ = std::thread::Builder::new().name("job-orch-reaper".to_owned()).spawn(wait);
    Status::Lost
}
