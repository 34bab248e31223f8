//! [`Kit`]: jobs under test, one step at a time.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::history::{History, Recorder};
use super::rig::{Kind, Ledger, Point, Rig};
use crate::engine::memory::Memory;
use crate::engine::sqlite::Sqlite;
use crate::engine::{Durability, TravelsOn};
use crate::error::Error;
use crate::job::Run;

/// Nothing that a test waits for takes so long by its own clock.
const EVER: Duration = Duration::from_secs(365 * 86_400);

/// Which engine a [`Kit`] starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backing {
    /// In memory.
    Memory,
    /// On a file in a folder of its own, which goes with the kit.
    Sqlite,
}

impl Backing {
    /// Each of them, for a test that is to hold on all.
    pub const ALL: [Self; 2] = [Self::Memory, Self::Sqlite];
}

/// Jobs under test, one step at a time, on whichever engine.
///
/// What is sent waits until the test lets it run: [`run_one`](Kit::run_one), [`drain`](Kit::drain), or
/// [`run_freely`](Kit::run_freely). Time is the test's as well, so its runtime has one thread and a paused clock; nothing is
/// slept for.
///
/// ```
/// use job_orch::prelude::*;
/// use job_orch::testing::{Backing, Kit, Point};
///
/// #[job(retry(max = 1, backoff = "1s"))]
/// async fn greet(name: &String, greeted: &std::sync::Mutex<Vec<String>>) -> Result<(), String> {
///     greeted.lock().unwrap().push(name.clone());
///     if name.is_empty() { Err("nobody".to_owned()) } else { Ok(()) }
/// }
///
/// async fn people_are_greeted(backing: Backing) -> Result<(), Box<dyn std::error::Error>> {
///     let kit = Kit::on(backing)?;
///     let orch = Orchestrator::on(kit.engine()).share(std::sync::Mutex::new(Vec::new())).host(Greet).start().await?;
///     orch.send(Greet, "Ada".to_owned()).await?;
///     orch.send(Greet, "Grace".to_owned()).after("1h").await?;
///     assert_eq!(kit.queued(Greet), ["Ada", "Grace"]);
///
///     assert!(kit.run_one(Greet).await?);
///     assert!(!kit.run_one(Greet).await?, "Grace is not due");
///     kit.advance("1h").await;
///     kit.inject(Greet, Point::Lease, 1); // its worker is taken for dead, and it runs again
///     assert_eq!(kit.drain().await?, 2);
///     assert!(kit.queued(Greet).is_empty());
///     Ok(orch.shutdown().await?)
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(async {
/// for backing in Backing::ALL {
///     people_are_greeted(backing).await.unwrap(); // in a `#[tokio::test(start_paused = true)]`
/// }
/// # });
/// ```
#[derive(Debug)]
pub struct Kit {
    rig: Rig,
    recorder: Recorder,
    // Goes after the store.
    _folder: Option<Folder>,
}

/// A request was due, and nobody took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request is due and nobody runs it: is its job hosted?")]
pub struct Stuck;

impl Kit {
    /// Starts an engine. Inside of a runtime of one thread, whose clock is paused.
    ///
    /// # Errors
    /// If there is no place for its file.
    pub fn on(backing: Backing) -> Result<Self, Error> {
        let (kind, folder) = match backing {
            Backing::Memory => (Kind::from(Memory::new()), None),
            Backing::Sqlite => {
                let folder = Folder::new();
                // Nobody cuts the power in a test of this kind.
                let options = Sqlite::options().durability(Durability::ProcessCrash).for_tests();
                (Kind::from(options.open(folder.0.join("jobs.db"))?), Some(folder))
            }
        };
        let recorder = Recorder::in_memory("kit");
        Ok(Self { rig: Rig::held(kind, recorder.clone()), recorder, _folder: folder })
    }

    /// The engine, for an orchestrator.
    #[must_use]
    pub fn engine(&self) -> Rig {
        self.rig.clone()
    }

    /// The requests of a job that wait, in the order in which they were made, the delayed ones included.
    pub fn queued<J: TravelsOn<Rig>>(&self, job: J) -> Vec<J::Request> {
        drop(job);
        let decode = |(_, bytes): (_, Vec<u8>)| J::REQUEST.and_then(|codec| codec.decode(&bytes).ok());
        self.ledger().map_or_else(Vec::new, |ledger| ledger.waiting(J::NAME).into_iter().filter_map(decode).collect())
    }

    /// Runs the next request of a job that is due, once. Says whether there was one.
    ///
    /// # Errors
    /// [`Stuck`], if nobody runs the job.
    pub async fn run_one<J: Run>(&self, job: J) -> Result<bool, Stuck> {
        drop(job);
        let Some(ledger) = self.ledger().filter(|ledger| ledger.has_due(Some(J::NAME))) else { return Ok(false) };
        let mut book = ledger.watch();
        let settled = book.borrow().settled;
        self.rig.parts().gate.admit(J::NAME);
        match timeout(EVER, book.wait_for(|book| book.settled > settled)).await {
            Ok(Ok(_)) => Ok(true),
            _ => Err(Stuck),
        }
    }

    /// Runs whatever is due, and whatever comes of it, until nothing is. Returns the number of runs.
    ///
    /// # Errors
    /// [`Stuck`], if nobody runs a job of which something is due.
    pub async fn drain(&self) -> Result<u64, Stuck> {
        let Some(ledger) = self.ledger() else { return Ok(0) };
        let mut book = ledger.watch();
        let settled = book.borrow_and_update().settled;
        let gate = &self.rig.parts().gate;
        gate.set_open(true);
        while ledger.has_due(None) || ledger.is_busy() {
            if timeout(EVER, book.changed()).await.is_err() {
                gate.set_open(false);
                return Err(Stuck);
            }
        }
        gate.set_open(false);
        Ok(book.borrow().settled - settled)
    }

    /// Lets everything run as it comes, from now on: for a test that calls and awaits.
    pub fn run_freely(&self) {
        self.rig.parts().gate.set_open(true);
    }

    /// Lets so much time pass. What becomes due runs when the test lets it.
    ///
    /// # Panics
    /// If it is no span of time, or the clock is not paused.
    #[expect(clippy::panic, reason = "it is for tests, where that is a failure")]
    pub async fn advance(&self, span: impl crate::IntoSpan) {
        let span = span.into_span().unwrap_or_else(|error| panic!("{error}"));
        let until = Instant::now() + span;
        tokio::time::advance(until.saturating_duration_since(Instant::now())).await;
    }

    /// Has the next so many operations of a job fail at this point.
    pub fn inject<J: Run>(&self, job: J, point: Point, times: u32) {
        self.rig.inject(job, point, times);
    }

    /// What has happened so far.
    #[must_use]
    pub fn history(&self) -> History {
        History::new(self.recorder.entries())
    }

    fn ledger(&self) -> Option<&Ledger> {
        self.rig.parts().ledger.as_ref()
    }
}

/// A folder of its own for one store.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("job-orch-kit-{}", crate::JobId::new()));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        // If it cannot be made, the store cannot be opened, and says why.
        let _ = builder.create(&folder);
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
