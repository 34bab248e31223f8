//! [`Coordinator`]: starts processes and knows them.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::oneshot;

use super::attached::Attached;
use super::entry::Entry;
use super::error::{ProcessError, StartError, Unknown};
use super::options::Options;
use super::output::{Output, Pipe};
use super::program::Program;
use super::shared::Shared;
use super::started::Started;
use super::status::{Cause, Ended, Status};
use crate::id::JobId;
use crate::sync::Arc;

/// Starts processes of the operating system as jobs, and knows them from then on by their ids.
///
/// Cheap to clone, and for any number of tasks at once. When the last clone is dropped, what still runs is killed;
/// [`shutdown`](Self::shutdown) is gentler.
///
/// ```
/// use job_orch::process::{Coordinator, Program, Status};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let processes = Coordinator::new();
/// let id = processes.start(Program::new("sh").args(["-c", "echo out; echo err >&2; exit 3"])).await?;
///
/// let mut output = processes.stdout(id)?;
/// while let Some(blob) = output.next().await {
///     assert_eq!(blob?.bytes, "out\n");
/// }
/// assert_eq!(processes.wait(id).await?.status, Status::Exited { code: 3 });
/// processes.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Coordinator(pub(super) Arc<Shared>);

impl Coordinator {
    /// A coordinator with [the usual options](Options::usual).
    #[must_use]
    pub fn new() -> Self {
        Self::of(Options::usual())
    }

    /// Other options than the usual ones.
    pub const fn options() -> Options {
        Options::usual()
    }

    pub(super) fn of(options: Options) -> Self {
        Self(Arc::new(Shared::new(options)))
    }

    /// Whether each process has a control group of its own, so that none of its descendants can leave it. See
    /// [`Options::contain`](super::Options::contain).
    #[must_use]
    pub fn contains(&self) -> bool {
        self.0.cgroups.is_some()
    }

    /// Starts a process. If as many run as may, it waits for its turn.
    ///
    /// # Errors
    /// [`StartError`] says why nothing was started.
    ///
    /// # Panics
    /// Outside of a Tokio runtime with I/O and time.
    ///
    /// # Cancel safety
    /// If it is dropped before it has returned, nothing was started, or what was started is killed.
    pub async fn start(&self, program: Program) -> Result<JobId, StartError> {
        Ok(self.start_reading(program).await?.id)
    }

    /// Starts a process, and reads what it writes before it writes anything: with
    /// [`Keep::wait_for_subscribers`](super::Keep::wait_for_subscribers) no byte is dropped, however late the first one is read.
    ///
    /// # Errors
    /// [`StartError`] says why nothing was started.
    ///
    /// # Panics
    /// Outside of a Tokio runtime with I/O and time.
    ///
    /// # Cancel safety
    /// If it is dropped before it has returned, nothing was started, or what was started is killed.
    ///
    /// ```
    /// use job_orch::process::{Coordinator, Keep, Program};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let processes = Coordinator::options().keep(Keep::usual().file(0).wait_for_subscribers()).build();
    /// let mut started = processes.start_reading(Program::new("echo").arg("hello")).await?;
    /// let Some(first) = started.stdout.next().await else { unreachable!("it says something") };
    /// assert_eq!(first?.bytes, "hello\n");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start_reading(&self, program: Program) -> Result<Started, StartError> {
        let path = self.0.find(&program)?;
        let permit = self.0.slot().await?;
        if self.0.cgroups.is_none() {
            return self.0.spawn(program, &path, permit);
        }
        // Moving a process into a control group takes the system some time.
        let (reply, answer) = oneshot::channel();
        let shared = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || {
            if let Err(Ok(unwanted)) = reply.send(shared.spawn(program, &path, permit))
                && let Some(entry) = shared.table.find(unwanted.id)
            {
                entry.kill(Cause::Stopped);
            }
        });
        answer.await.map_err(|_| StartError::Closed)?
    }

    /// Starts a process, whose output and end one task attends to: it is stopped when the [`Attached`] is dropped.
    ///
    /// # Errors
    /// [`StartError`] says why nothing was started.
    ///
    /// # Panics
    /// Outside of a Tokio runtime with I/O and time.
    ///
    /// # Cancel safety
    /// If it is dropped before it has returned, nothing was started, or what was started is killed.
    pub async fn attach(&self, program: Program) -> Result<Attached, StartError> {
        let id = self.start(program).await?;
        Ok(Attached::new(self.clone(), id))
    }

    /// How a process is.
    ///
    /// # Errors
    /// If nobody knows it.
    pub fn status(&self, id: JobId) -> Result<Status, Unknown> {
        Ok(self.entry(id)?.status())
    }

    /// Asks a process and its group to end (`SIGTERM`), and kills what has not after the grace.
    ///
    /// # Errors
    /// [`ProcessError::Unknown`] if nobody knows it, [`ProcessError::Ended`] if it has ended.
    pub fn stop(&self, id: JobId) -> Result<(), ProcessError> {
        self.stop_within(id, self.0.options.grace)
    }

    /// The same with another grace.
    ///
    /// # Errors
    /// As [`stop`](Self::stop).
    pub fn stop_within(&self, id: JobId, grace: Duration) -> Result<(), ProcessError> {
        let entry = self.entry(id)?;
        if entry.stop(Cause::Stopped, grace) { Ok(()) } else { Err(ended(&entry)) }
    }

    /// Kills a process and its group at once (`SIGKILL`).
    ///
    /// # Errors
    /// As [`stop`](Self::stop).
    pub fn kill(&self, id: JobId) -> Result<(), ProcessError> {
        self.stop_within(id, Duration::ZERO)
    }

    /// Waits until a process has ended, and nothing is left of it or its output to come.
    ///
    /// # Errors
    /// If nobody knows it.
    ///
    /// # Cancel safety
    /// Nothing is lost if it is dropped.
    pub async fn wait(&self, id: JobId) -> Result<Ended, Unknown> {
        let mut end = self.entry(id)?.end.subscribe();
        let ended = end.wait_for(Option::is_some).await.ok().and_then(|ended| *ended);
        ended.ok_or(Unknown { id })
    }

    /// What a process writes to standard output, from the beginning.
    ///
    /// # Errors
    /// If nobody knows it.
    pub fn stdout(&self, id: JobId) -> Result<Output, Unknown> {
        Ok(Output::of(&self.entry(id)?.log, Some(Pipe::Stdout)))
    }

    /// What a process writes to standard error, from the beginning.
    ///
    /// # Errors
    /// If nobody knows it.
    pub fn stderr(&self, id: JobId) -> Result<Output, Unknown> {
        Ok(Output::of(&self.entry(id)?.log, Some(Pipe::Stderr)))
    }

    /// What a process writes to both, from the beginning, in the order in which it was read. What it wrote to both at about
    /// the same time may have changed places.
    ///
    /// # Errors
    /// If nobody knows it.
    pub fn output(&self, id: JobId) -> Result<Output, Unknown> {
        Ok(Output::of(&self.entry(id)?.log, None))
    }

    /// Writes to the standard input of a process that [reads what is written](Program::stdin_written). Waits as long as the
    /// process does not read.
    ///
    /// # Errors
    /// [`ProcessError`]; [`ProcessError::NoInput`] also if the process has closed its input.
    ///
    /// # Cancel safety
    /// If it is dropped, some of the bytes may have been written.
    pub async fn write(&self, id: JobId, bytes: impl Into<Bytes>) -> Result<(), ProcessError> {
        let entry = self.entry(id)?;
        if entry.has_ended() {
            return Err(ended(&entry));
        }
        let mut stdin = entry.stdin.lock().await;
        let sender = stdin.as_mut().ok_or(ProcessError::NoInput { id })?;
        let Err(source) = sender.write_all(&bytes.into()).await else { return Ok(()) };
        if source.kind() != std::io::ErrorKind::BrokenPipe {
            return Err(ProcessError::Io { id, source });
        }
        *stdin = None;
        Err(ProcessError::NoInput { id })
    }

    /// Closes the standard input of a process: it reads the end. Waits for a [`write`](Self::write) at work.
    ///
    /// # Errors
    /// If nobody knows it.
    ///
    /// # Cancel safety
    /// If it is dropped, nothing was done.
    pub async fn close_stdin(&self, id: JobId) -> Result<(), Unknown> {
        *self.entry(id)?.stdin.lock().await = None;
        Ok(())
    }

    /// Forgets a process that has ended. Those who read its output already may read on.
    ///
    /// # Errors
    /// If nobody knows it, or it runs.
    pub fn forget(&self, id: JobId) -> Result<(), Unknown> {
        if self.0.table.forget(id) { Ok(()) } else { Err(Unknown { id }) }
    }

    /// The processes that are known, the earliest first.
    #[must_use]
    pub fn ids(&self) -> Vec<JobId> {
        self.0.table.all()
    }

    /// Starts nothing more, and waits until all processes have ended by themselves.
    ///
    /// # Cancel safety
    /// If it is dropped, nothing more is started all the same.
    pub async fn drain(&self) {
        self.0.slots.close();
        self.0.table.idle().await;
    }

    /// Starts nothing more, asks all processes to end, kills those that have not after the grace, and waits until none is
    /// left.
    ///
    /// # Cancel safety
    /// If it is dropped, nothing more is started and the processes end all the same.
    pub async fn shutdown(&self) {
        self.0.slots.close();
        for entry in self.0.table.running() {
            entry.stop(Cause::Shutdown, self.0.options.grace);
        }
        self.0.table.idle().await;
    }

    fn entry(&self, id: JobId) -> Result<Arc<Entry>, Unknown> {
        self.0.table.find(id).ok_or(Unknown { id })
    }
}

fn ended(entry: &Entry) -> ProcessError {
    ProcessError::Ended { id: entry.id, status: entry.status() }
}

impl Default for Coordinator {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Coordinator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coordinator").field("options", &self.0.options).finish_non_exhaustive()
    }
}
