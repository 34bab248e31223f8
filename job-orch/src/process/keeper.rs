//! [`Keeper`]: a helper that outlives us by a moment, and ends the processes that we could not.
//!
//! It is a shell with a few lines to run. It hears of each group of processes that is started or gone through a pipe,
//! whose end is our end, also if `SIGKILL` ended us. A group is told to be gone before its first process is reaped: so the
//! keeper never holds a number that may be another's by now.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};

use rustix::process::Pid;

use super::bonds::Bonds;
use super::mark::Mark;
use crate::sync::{Mutex, lock};

const SHELL: &str = "/bin/sh";

/// Where the keeper of a coordinator is told who runs.
#[derive(Debug, Default)]
pub(super) struct Keeper(Mutex<Post>);

#[derive(Debug, Default)]
struct Post {
    helper: Option<Helper>,
    // What it was told of, for the case that it has to be replaced.
    groups: HashMap<Pid, Vec<u8>>,
    has_warned: bool,
}

impl Keeper {
    /// From now on, this group ends with us.
    pub(super) fn guard(&self, group: Pid, bonds: &Bonds) {
        let line = added(group, bonds);
        let mut post = lock(&self.0);
        post.groups.insert(group, line.clone());
        post.tell(&line);
    }

    /// This group is gone.
    pub(super) fn release(&self, group: Pid) {
        let mut post = lock(&self.0);
        post.groups.remove(&group);
        post.tell(format!("- {}\n", group.as_raw_nonzero()).as_bytes());
    }
}

/// The line that tells of a group. A path with a line break in it would tell of two, so it tells of none.
fn added(group: Pid, bonds: &Bonds) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt as _;
    let mark = bonds.mark.as_ref().map_or("-", Mark::value);
    let mut line = format!("+ {} {mark} ", group.as_raw_nonzero()).into_bytes();
    let path = bonds.cgroup.as_ref().map_or(&b""[..], |cgroup| cgroup.path().as_os_str().as_bytes());
    line.extend(path.iter().filter(|_| !path.contains(&b'\n')));
    line.push(b'\n');
    line
}

impl Post {
    /// Tells the helper. One that hears nothing is replaced by another, who is told everything.
    fn tell(&mut self, line: &[u8]) {
        if let Some(helper) = &mut self.helper
            && helper.say(line).is_ok()
        {
            return;
        }
        self.helper = None;
        if self.groups.is_empty() {
            return;
        }
        let all = self.groups.values().flatten().copied().collect::<Vec<u8>>();
        match Helper::start().and_then(|mut helper| helper.say(&all).map(|()| helper)) {
            Ok(helper) => self.helper = Some(helper),
            Err(error) if !self.has_warned => {
                self.has_warned = true;
                tracing::warn!(target: "job_orch", %error, "processes would outlive us if we were killed: no `{SHELL}`");
            }
            Err(_) => {}
        }
    }
}

/// The shell.
#[derive(Debug)]
struct Helper {
    child: Child,
    ears: Option<ChildStdin>,
}

impl Helper {
    fn start() -> io::Result<Self> {
        let mut child = Command::new(SHELL)
            .args(["-c", include_str!("keeper.sh"), "job-orch-keeper"])
            .env_clear()
            .current_dir("/")
            // What is sent to our group is not for it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let ears = child.stdin.take();
        if let Some(ears) = &ears {
            // It reads far faster than processes can be started. If it was stopped, nobody waits for it.
            rustix::io::ioctl_fionbio(ears.as_fd(), true)?;
        }
        Ok(Self { child, ears })
    }

    fn say(&mut self, text: &[u8]) -> io::Result<()> {
        self.ears.as_mut().ok_or(io::ErrorKind::BrokenPipe)?.write_all(text)
    }
}

/// It would take the end of its input for the end of us.
impl Drop for Helper {
    fn drop(&mut self) {
        // One that has ended already is only reaped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
