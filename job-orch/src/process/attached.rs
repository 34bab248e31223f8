//! [`Attached`]: a process that lives no longer than who attends to it.

use super::coordinator::Coordinator;
use super::error::Unknown;
use super::output::{Lines, Output};
use super::status::Ended;
use crate::id::JobId;

/// A process that is stopped, as by [`Coordinator::stop`], when this is dropped before it has ended.
///
/// So a `#[job]` that is cancelled or out of time takes the process that it runs with it.
///
/// ```
/// use job_orch::process::{Coordinator, Program};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let processes = Coordinator::new();
/// let process = processes.attach(Program::new("sh").args(["-c", "echo one; echo two"])).await?;
/// let mut lines = process.lines()?;
/// while let Some(line) = lines.next().await {
///     println!("{}", line?.text());
/// }
/// assert!(process.wait().await?.status.is_success());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the process is stopped when this is dropped"]
pub struct Attached {
    coordinator: Coordinator,
    id: JobId,
}

impl Attached {
    pub(super) const fn new(coordinator: Coordinator, id: JobId) -> Self {
        Self { coordinator, id }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> JobId {
        self.id
    }

    /// What it writes, from the beginning.
    ///
    /// # Errors
    /// If it has ended and was forgotten.
    pub fn output(&self) -> Result<Output, Unknown> {
        self.coordinator.output(self.id)
    }

    /// The same by lines.
    ///
    /// # Errors
    /// If it has ended and was forgotten.
    pub fn lines(&self) -> Result<Lines, Unknown> {
        self.output().map(Output::lines)
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// If it has ended and was forgotten.
    ///
    /// # Cancel safety
    /// Nothing is lost if it is dropped.
    pub async fn wait(&self) -> Result<Ended, Unknown> {
        self.coordinator.wait(self.id).await
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        // One that has ended needs no more.
        let _ = self.coordinator.stop(self.id);
    }
}
