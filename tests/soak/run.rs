//! What a soak has in hand: chance, children, and what can go wrong.

use std::error::Error as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::args::Role;

/// Why a soak ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("{0}")]
    Broken(String),
    #[error("{0}")]
    Impossible(String),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}: {source}", source = .0.source().map(ToString::to_string).unwrap_or_default())]
    Orchestrator(#[from] job_orch::Error),
    #[error("{0}: {source}", source = .0.source().map(ToString::to_string).unwrap_or_default())]
    Open(#[from] job_orch::engine::sqlite::OpenError),
    #[error("{0}")]
    Span(#[from] job_orch::InvalidSpan),
    #[error("{0}")]
    Sql(#[from] rusqlite::Error),
    #[error("{0}")]
    Task(#[from] tokio::task::JoinError),
    #[error("{0}")]
    History(#[from] job_orch::testing::history::ReadError),
    #[error("{0}")]
    Id(#[from] job_orch::InvalidJobId),
}

/// Numbers by chance, the same ones for the same seed.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) const fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

/// A child with its name in the history.
pub(crate) struct Worker {
    pub(crate) name: String,
    process: Child,
}

impl Worker {
    /// Starts one; with variables in its environment, if it is to die or to pause at a named point.
    pub(crate) fn start(
        store: &Path,
        history: &Path,
        name: String,
        role: Role,
        faults: &[(&str, String)],
    ) -> Result<Self, Trouble> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("child").arg(store).arg(history).arg(&name).stdin(Stdio::piped()).stdout(Stdio::null());
        command.arg(role.word()).envs(faults.iter().map(|(variable, value)| (variable, value)));
        Ok(Self { name, process: command.spawn()? })
    }

    pub(crate) fn kill(mut self) -> Result<(), Trouble> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Tells it to leave.
    pub(crate) fn close(&mut self) {
        drop(self.process.stdin.take());
    }

    /// Has it leave in peace.
    pub(crate) fn dismiss(mut self) -> Result<(), Trouble> {
        self.close();
        let status = self.process.wait()?;
        if status.success() { Ok(()) } else { Err(Trouble::Broken(format!("{} left with {status}", self.name))) }
    }

    /// Waits until it has died by itself. Says whether it was a kill.
    pub(crate) fn died(&mut self, within: Duration) -> Result<bool, Trouble> {
        use std::os::unix::process::ExitStatusExt as _;
        let begun = Instant::now();
        while begun.elapsed() < within {
            if let Some(status) = self.process.try_wait()? {
                return Ok(status.signal() == Some(9));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(false)
    }

    /// Stops it, and waits until each of its threads stands still: some may go on for tens of milliseconds.
    pub(crate) fn stop(&self) -> Result<(), Trouble> {
        self.signal("STOP")?;
        let begun = Instant::now();
        while !self.is_stopped()? {
            if begun.elapsed() > Duration::from_secs(60) {
                return Err(Trouble::Broken(format!("{} does not stop", self.name)));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok(())
    }

    fn is_stopped(&self) -> Result<bool, Trouble> {
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            // One that has just ended is no obstacle.
            let Ok(line) = std::fs::read_to_string(thread?.path().join("stat")) else { continue };
            // Its name stands in brackets, and may hold anything.
            if !line.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('T')) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(crate) fn go_on(&self) -> Result<(), Trouble> {
        self.signal("CONT")
    }

    fn signal(&self, signal: &str) -> Result<(), Trouble> {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(id).status()?;
        if sent.success() { Ok(()) } else { Err(Trouble::Broken(format!("{} has ended by itself", self.name))) }
    }
}

/// A soak that ends early leaves nobody behind.
impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
