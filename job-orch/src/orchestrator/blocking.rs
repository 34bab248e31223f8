//! [`BlockingOrchestrator`]: an orchestrator for programs without an asynchronous runtime.

use std::fmt;
use std::ops::Deref;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::{Assembly, Orchestrator};
use crate::engine::Engine;
use crate::error::Error;
use crate::resources::Unlisted;

/// An orchestrator for programs without an asynchronous runtime: it has one of its own, on a thread of its own.
///
/// It derefs to the [`Orchestrator`], whose `send_blocking` and `call_blocking` are for such programs. Dropped without a
/// [`shutdown`](BlockingOrchestrator::shutdown) it shuts down too, and nobody hears what was left undone.
///
/// ```
/// use job_orch::prelude::*;
///
/// #[job]
/// async fn double(number: &u64) -> u64 {
///     number * 2
/// }
///
/// fn main() -> Result<(), job_orch::Error> {
///     let orch = Orchestrator::on(Memory::new()).host(Double).start_blocking()?;
///     assert_eq!(orch.call_blocking(Double, 21)?, 42);
///     orch.shutdown()
/// }
/// ```
pub struct BlockingOrchestrator<E: Engine, A: 'static = Unlisted> {
    orch: Orchestrator<E, A>,
    // Dropped, it stops the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl<E: Engine, P, A: 'static> Assembly<E, P, A> {
    /// Starts it on a thread of its own, for a program without an asynchronous runtime: see [`BlockingOrchestrator`].
    ///
    /// # Errors
    /// As [`start`](Assembly::start), and [`Error::Runtime`].
    pub fn start_blocking(self) -> Result<BlockingOrchestrator<E, A>, Error> {
        let assembly = self.without_provider();
        let (stop, stopped) = oneshot::channel();
        let (started, starting) = mpsc::channel();
        let serve = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Runtime)?;
            runtime.block_on(async {
                let orch = assembly.start().await?;
                // Who started it waits for this.
                let _ = started.send(orch.clone());
                let _ = stopped.await;
                orch.shutdown().await
            })
        };
        let thread = std::thread::Builder::new().name("job-orch".to_owned()).spawn(serve).map_err(Error::Runtime)?;
        match starting.recv() {
            Ok(orch) => Ok(BlockingOrchestrator { orch, stop: Some(stop), thread: Some(thread) }),
            Err(mpsc::RecvError) => Err(joined(thread).err().unwrap_or_else(died)),
        }
    }
}

impl<E: Engine, A> BlockingOrchestrator<E, A> {
    /// Stops as [`Orchestrator::shutdown`] does, and blocks until that is done.
    ///
    /// # Errors
    /// [`Error::Unfinished`] if the drain deadline came first.
    pub fn shutdown(mut self) -> Result<(), Error> {
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        drop(self.stop.take());
        self.thread.take().map_or(Ok(()), joined)
    }
}

fn joined(thread: JoinHandle<Result<(), Error>>) -> Result<(), Error> {
    thread.join().unwrap_or_else(|_| Err(died()))
}

/// What the thread panicked with has been told.
fn died() -> Error {
    Error::Runtime(std::io::Error::other("its thread panicked"))
}

impl<E: Engine, A> Deref for BlockingOrchestrator<E, A> {
    type Target = Orchestrator<E, A>;

    fn deref(&self) -> &Orchestrator<E, A> {
        &self.orch
    }
}

impl<E: Engine, A> Drop for BlockingOrchestrator<E, A> {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!(target: "job_orch", %error, "dropped without a shutdown");
        }
    }
}

impl<E: Engine, A> fmt::Debug for BlockingOrchestrator<E, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.orch, f)
    }
}
