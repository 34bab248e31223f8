//! What the clones of a coordinator share, and how it starts a process.

use std::path::{Path, PathBuf};

use rustix::process::Pid;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::bonds::Bonds;
use super::cgroup::{self, Cgroup};
use super::child::{self, Child};
use super::entry::Entry;
use super::error::StartError;
use super::keeper::Keeper;
use super::mark::Mark;
use super::options::Options;
use super::output::{Log, Output, Pipe};
use super::program::{Input, Program};
use super::started::Started;
use super::status::Cause;
use super::supervise::{Care, Supervised};
use super::table::Table;
use crate::id::JobId;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// What the clones of a coordinator share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) table: Arc<Table>,
    keeper: Arc<Keeper>,
    // As many permits as processes may run. Closed: there are no more starts.
    pub(super) slots: Arc<Semaphore>,
    // Where control groups are made, if they are.
    pub(super) cgroups: Option<cgroup::Parent>,
    // Starts that wait for a permit.
    waiting: AtomicUsize,
}

impl Shared {
    pub(super) fn new(options: Options) -> Self {
        let slots = Arc::new(Semaphore::new(options.running.min(Semaphore::MAX_PERMITS)));
        let table = Arc::new(Table::new(options.remember));
        let cgroups = if options.contains { find_cgroups() } else { None };
        Self { options, table, keeper: Arc::default(), slots, cgroups, waiting: AtomicUsize::new(0) }
    }

    /// The path of a program that may be started.
    pub(super) fn find(&self, program: &Program) -> Result<PathBuf, StartError> {
        let path = program.find()?;
        match &self.options.only {
            Some(only) if !only.contains(&path) => Err(StartError::NotAllowed { program: path }),
            _ => Ok(path),
        }
    }

    /// Waits until one more process may run.
    pub(super) async fn slot(&self) -> Result<OwnedSemaphorePermit, StartError> {
        let slots = &self.slots;
        match Arc::clone(slots).try_acquire_owned() {
            Ok(permit) => return Ok(permit),
            Err(tokio::sync::TryAcquireError::Closed) => return Err(StartError::Closed),
            Err(tokio::sync::TryAcquireError::NoPermits) => {}
        }
        let _place = self.queue()?;
        Arc::clone(slots).acquire_owned().await.map_err(|_| StartError::Closed)
    }

    /// A place among those who wait.
    fn queue(&self) -> Result<Place<'_>, StartError> {
        let place = Place(&self.waiting);
        let before = self.waiting.fetch_add(1, Ordering::AcqRel);
        let Options { running, waiting, .. } = self.options;
        if before >= waiting { Err(StartError::Full { running, waiting }) } else { Ok(place) }
    }

    /// Starts a process that has its permit.
    pub(super) fn spawn(
        &self,
        program: Program,
        path: &Path,
        permit: OwnedSemaphorePermit,
    ) -> Result<Started, StartError> {
        let Options { grace, linger, keep, limits, contains, is_unprivileged, .. } = &self.options;
        let limits = program.limits.or(*limits);
        let mut command = program.command(path)?;
        let id = JobId::new();
        let mark = contains.then(|| Mark::put(id, &mut command));
        let Child { pid, exit, stdout, stderr, stdin } = child::spawn(command, path, &limits, *is_unprivileged)?;
        let bonds = Bonds { cgroup: self.cgroup(id, pid), mark };
        let keeper = Arc::clone(&self.keeper);
        keeper.guard(pid, &bonds);
        let entry = Arc::new(Entry::new(id, pid, bonds, stdin, Log::new(keep.clone())));
        let table = Arc::clone(&self.table);
        table.add(Arc::clone(&entry));
        let [stdout_read, stderr_read] = [Pipe::Stdout, Pipe::Stderr].map(|pipe| Output::of(&entry.log, Some(pipe)));
        let input = if let Input::Bytes(bytes) = program.input { Some(bytes) } else { None };
        let care = Care { entry, keeper, table, is_swept: false };
        let (grace, linger) = (*grace, *linger);
        let supervised = Supervised { care, exit, stdout, stderr, input, limits, grace, linger, permit };
        tokio::spawn(supervised.supervise());
        Ok(Started { id, stdout: stdout_read, stderr: stderr_read })
    }

    /// A control group with this process in it, where one can be had.
    fn cgroup(&self, id: JobId, pid: Pid) -> Option<Cgroup> {
        let cgroup = self.cgroups.as_ref()?.make(id).and_then(|cgroup| match cgroup.admit(pid) {
            Ok(()) => Ok(cgroup),
            Err(error) => {
                cgroup.remove();
                Err(error)
            }
        });
        cgroup.inspect_err(|error| tracing::warn!(target: "job_orch", %error, "a process has no control group")).ok()
    }
}

fn find_cgroups() -> Option<cgroup::Parent> {
    let found = cgroup::Parent::find();
    found.inspect_err(|error| tracing::info!(target: "job_orch", %error, "no control groups can be had")).ok()
}

/// One who waits, until this is dropped.
#[derive(Debug)]
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Nobody can reach the processes any more.
impl Drop for Shared {
    fn drop(&mut self) {
        self.slots.close();
        for entry in self.table.running() {
            entry.kill(Cause::Shutdown);
        }
    }
}
