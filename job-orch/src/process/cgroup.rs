//! Control groups of Linux (version 2): what holds a process and all that it starts, wherever they go.
//!
//! They are files: a folder is a group, and one writes the number of a process into it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Pid;

use crate::id::JobId;

/// The group that ours are made in: that of this program.
#[derive(Clone, Debug)]
pub(super) struct Parent(PathBuf);

/// The group of one process.
#[derive(Debug)]
pub(super) struct Cgroup(PathBuf);

impl Parent {
    /// Where groups can be made, if they can.
    pub(super) fn find() -> io::Result<Self> {
        let mounts = fs::read_to_string("/proc/self/mounts")?;
        let kind = |line: &&str| line.split(' ').nth(2) == Some("cgroup2");
        let mount =
            mounts.lines().find(kind).and_then(|line| line.split(' ').nth(1)).ok_or(io::ErrorKind::Unsupported)?;
        let own = fs::read_to_string("/proc/self/cgroup")?;
        let own = own.lines().find_map(|line| line.strip_prefix("0::/")).ok_or(io::ErrorKind::Unsupported)?;
        let parent = Self(Path::new(mount).join(own));
        // Tried, because who may do what here has many rules.
        let trial = parent.make(JobId::new())?;
        let can_kill = trial.0.join("cgroup.kill").exists();
        trial.remove();
        if can_kill { Ok(parent) } else { Err(io::ErrorKind::Unsupported.into()) }
    }

    /// An empty group.
    pub(super) fn make(&self, id: JobId) -> io::Result<Cgroup> {
        let path = self.0.join(format!("job-orch-{id}"));
        fs::create_dir(&path)?;
        Ok(Cgroup(path))
    }
}

impl Cgroup {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Takes a process in, and what it has started before it was in.
    pub(super) fn admit(&self, pid: Pid) -> io::Result<()> {
        let pid = pid.as_raw_nonzero().to_string();
        fs::write(self.0.join("cgroup.procs"), &pid)?;
        for child in children(&pid) {
            self.admit_child(&child, 0);
        }
        Ok(())
    }

    fn admit_child(&self, pid: &str, depth: usize) {
        // One that has ended meanwhile cannot be moved, and needs not.
        if depth > 64 || fs::write(self.0.join("cgroup.procs"), pid).is_err() {
            return;
        }
        for child in children(pid) {
            self.admit_child(&child, depth + 1);
        }
    }

    /// Kills all that are in it, also those who are about to be.
    pub(super) fn kill(&self) {
        if let Err(error) = fs::write(self.0.join("cgroup.kill"), "1") {
            tracing::warn!(target: "job_orch", %error, "a control group could not be killed");
        }
    }

    /// Waits until all that were in it are gone, but not for ever: the system may not let go of one.
    pub(super) async fn emptied(&self) {
        for _ in 0..200 {
            let events = fs::read_to_string(self.0.join("cgroup.events")).unwrap_or_default();
            if !events.contains("populated 1") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Removes it, if it is empty.
    pub(super) fn remove(&self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// The numbers of the children that a process has now.
fn children(pid: &str) -> Vec<String> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists = tasks.flatten().map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    lists.flat_map(|list| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}
