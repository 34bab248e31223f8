//! What is done for a process from its start to its end.

use std::time::Duration;

use bytes::Bytes;
use rustix::process::Signal;
use tokio::io::AsyncWriteExt as _;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;

use super::child::Exit;
use super::entry::Entry;
use super::keeper::Keeper;
use super::limits::Limits;
use super::output::{Pipe, pump};
use super::status::Cause;
use super::table::Table;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};

/// What has been killed has closed its pipes after this time. Who then holds them open has left the group.
const CLOSING: Duration = Duration::from_millis(200);

/// A running process, in the hands of its task.
#[derive(Debug)]
pub(super) struct Supervised {
    pub(super) care: Care,
    pub(super) exit: Exit,
    pub(super) stdout: Receiver,
    pub(super) stderr: Receiver,
    pub(super) input: Option<Bytes>,
    pub(super) limits: Limits,
    pub(super) grace: Duration,
    pub(super) linger: Duration,
    pub(super) permit: OwnedSemaphorePermit,
}

impl Supervised {
    /// Looks after the process until nothing of it is left.
    pub(super) async fn supervise(self) {
        let Self { mut care, exit, stdout, stderr, input, limits, grace, linger, permit } = self;
        let entry = Arc::clone(&care.entry);
        let mut pumps = JoinSet::new();
        pumps.spawn(read(stdout, Pipe::Stdout, Arc::clone(&entry), limits.output));
        pumps.spawn(read(stderr, Pipe::Stderr, Arc::clone(&entry), limits.output));
        let mut feeder = JoinSet::new();
        if let Some(bytes) = input {
            feeder.spawn(feed(Arc::clone(&entry), bytes));
        }
        let life = async {
            exit.wait().await;
            // What it has left behind may have something to say yet.
            let read = async { while pumps.join_next().await.is_some() {} };
            let _ = tokio::time::timeout(linger, read).await;
        };
        let closing = tokio::select! {
            () = life => CLOSING,
            () = entry.obey(limits.time, grace) => {
                // It must not be reaped before.
                exit.wait().await;
                linger.max(CLOSING)
            }
        };
        entry.signal(Signal::KILL);
        care.is_swept = entry.bonds.swept().await;
        let read = async { while pumps.join_next().await.is_some() {} };
        if tokio::time::timeout(closing, read).await.is_err() {
            pumps.shutdown().await;
        }
        feeder.shutdown().await;
        entry.bonds.emptied().await;
        drop(care);
        drop(permit);
    }
}

/// Reads one pipe, and kills the process if it writes more than it may.
async fn read(reader: Receiver, pipe: Pipe, entry: Arc<Entry>, limit: Option<u64>) {
    let (log, is_killed) = (Arc::clone(&entry.log), Arc::new(AtomicBool::new(false)));
    let note = move || {
        let is_over = limit.is_some_and(|limit| entry.log.written() > limit);
        // Once: there is more to read until it is dead.
        if is_over && !is_killed.swap(true, Ordering::Relaxed) {
            entry.kill(Cause::OutputLimit);
        }
    };
    pump(reader, pipe, log, note).await;
}

/// Writes what the process reads, and the end. If it does not read it to the end, that is its own choice.
async fn feed(entry: Arc<Entry>, bytes: Bytes) {
    let mut stdin = entry.stdin.lock().await;
    if let Some(sender) = &mut *stdin {
        let _ = sender.write_all(&bytes).await;
    }
    *stdin = None;
}

/// The duty to end a process and to tell everybody that it has ended, whatever becomes of its task: it may be dropped with
/// its runtime.
#[derive(Debug)]
pub(super) struct Care {
    pub(super) entry: Arc<Entry>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) table: Arc<Table>,
    /// Nobody bears the mark any more.
    pub(super) is_swept: bool,
}

impl Drop for Care {
    fn drop(&mut self) {
        self.entry.signal(Signal::KILL);
        if !self.is_swept {
            self.entry.bonds.sweep();
        }
        self.keeper.release(self.entry.pid());
        let status = self.entry.reap();
        self.entry.bonds.remove();
        self.entry.conclude(status);
        self.table.finish(self.entry.id);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Duration;

    use super::super::{Coordinator, Limits, Program, Status};

    /// How often the machine is looked at for this program, and how it ends.
    async fn looks(program: Program) -> (Option<usize>, Option<Status>) {
        let processes = Coordinator::options().contain().grace(Duration::ZERO).build();
        let Ok(id) = processes.start(program).await else { unreachable!("it is everywhere") };
        let ended = processes.wait(id).await.ok().map(|ended| ended.status);
        let entry = processes.0.table.find(id);
        (entry.and_then(|entry| Some(entry.bonds.mark.as_ref()?.looks())), ended)
    }

    #[tokio::test]
    async fn a_process_that_ends_has_the_machine_looked_at_once() {
        assert_eq!(looks(Program::new("true")).await, (Some(1), Some(Status::Exited { code: 0 })));
    }

    #[tokio::test]
    async fn so_has_one_that_is_killed() {
        let limits = Limits::none().time(Duration::from_millis(20));
        // It is a matter of moments who is seen before it is gone.
        for _ in 0..10 {
            let sleeper = Program::new("sleep").arg("60").limits(limits);
            assert_eq!(looks(sleeper).await, (Some(1), Some(Status::Killed { signal: 9 })));
        }
    }
}
